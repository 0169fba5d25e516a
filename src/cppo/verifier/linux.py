"""System calls and process bookkeeping that Python's standard library has no function for. Standard library only."""

from __future__ import annotations

import ctypes
import os
import resource
import signal

CLONE_NEWNS, CLONE_NEWIPC, CLONE_NEWUSER = 0x0002_0000, 0x0800_0000, 0x1000_0000
CLONE_NEWPID, CLONE_NEWNET = 0x2000_0000, 0x4000_0000
PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_CHILD_SUBREAPER, PR_SET_NO_NEW_PRIVS = 1, 4, 36, 38
PAGE_KB = resource.getpagesize() // 1024
SELF = b"self"

_libc = ctypes.CDLL(None, use_errno=True)


def call(name: str, *arguments: object) -> int:
    """Call a C library function; raises `OSError` with its errno when it returns -1."""
    result = int(getattr(_libc, name)(*arguments))
    if result == -1:
        code = ctypes.get_errno()
        raise OSError(code, f"{name}: {os.strerror(code)}")
    return result


def prctl(option: int, value: int) -> None:
    """`prctl(2)` with one argument."""
    call("prctl", option, value, 0, 0, 0)


def drop_capabilities() -> None:
    """Clear every capability of this process (`capset(2)`, version 3)."""
    header = (ctypes.c_uint32 * 2)(0x2008_0522, 0)
    call("capset", header, (ctypes.c_uint32 * 6)())


def set_limit(kind: int, soft: float, hard: float | None = None) -> None:
    """Lower a resource limit; one that is lower already stays."""
    _, ceiling = resource.getrlimit(kind)
    top = int(soft if hard is None else hard)
    if ceiling != resource.RLIM_INFINITY:
        top = min(top, ceiling)
    resource.setrlimit(kind, (min(int(soft), top), top))


def memory_pages(process: bytes) -> tuple[int, int]:
    """Return the mapped and the resident pages of a process, whose number in /proc is given as bytes."""
    descriptor = os.open(b"/proc/" + process + b"/statm", os.O_RDONLY)  # text files cost far more to set up
    try:
        words = os.read(descriptor, 200).split(None, 2)
    finally:
        os.close(descriptor)
    return int(words[0]), int(words[1])


def resident_kb(pidfd: int) -> int | None:
    """Return the resident memory of the process behind `pidfd`, whatever pid namespace it is in; None: unknown."""
    try:
        with open(f"/proc/self/fdinfo/{pidfd}", "rb") as info:
            words = next((line.split()[1] for line in info if line.startswith(b"Pid:")), b"-1")
        return memory_pages(words)[1] * PAGE_KB
    except OSError:
        return None


def kill_descendants() -> None:
    """Kill and reap every process below this one: all of the pid namespace whose process 1 it is, else its own tree.

    Outside a pid namespace this process must be a child subreaper, so that processes whose parents ended are its own.
    """
    while True:
        for target in (-1,) if os.getpid() == 1 else _children():
            try:
                os.kill(target, signal.SIGKILL)
            except (ProcessLookupError, PermissionError):
                continue  # it has ended; the wait below says whether anything is left
        try:
            os.waitpid(-1, 0)
        except ChildProcessError:
            return


def _children() -> list[int]:
    with open(f"/proc/self/task/{os.getpid()}/children", "rb") as file:
        return [int(word) for word in file.read().split()]
