"""System calls that Python's standard library has no function for. Standard library only.

Everything that only Linux has is asked for through this module; where it is missing, functions say so with `OSError`
or return `None`, and `IS_LINUX` tells beforehand.
"""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]  # `signal` itself brings enumerations
import ctypes
import os
import resource
import sys

IS_LINUX = sys.platform == "linux"

CLONE_NEWNS, CLONE_NEWCGROUP, CLONE_NEWUTS, CLONE_NEWIPC = 0x0002_0000, 0x0200_0000, 0x0400_0000, 0x0800_0000
CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET = 0x1000_0000, 0x2000_0000, 0x4000_0000
PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_SECCOMP, PR_SET_CHILD_SUBREAPER, PR_SET_NO_NEW_PRIVS = 1, 4, 22, 36, 38
SECCOMP_MODE_FILTER = 2
BPF_INSTRUCTION_BYTES = 8
SIGINT, SIGKILL, SIGXCPU, SIGXFSZ = _signal.SIGINT, _signal.SIGKILL, _signal.SIGXCPU, _signal.SIGXFSZ

_libc = ctypes.CDLL(None, use_errno=True)
_holding = ctypes.PyDLL(None)  # calls that keep the interpreter lock: this process has one thread

fork = getattr(_holding, "fork", os.fork) if sys.implementation.name == "cpython" else os.fork
"""Fork without Python's hooks, which matter only to processes with several threads and are paid in copied pages.

One of them would be seen by programs: `random` is not seeded anew in the child.
"""


def call(name: str, *arguments: object) -> int:
    """Call a C library function; raises `OSError` with its errno when it returns -1 or does not exist."""
    try:
        function = getattr(_libc, name)
    except AttributeError:
        raise OSError(38, f"{name} does not exist here") from None
    result = int(function(*arguments))
    if result == -1:
        code = ctypes.get_errno()
        raise OSError(code, f"{name}: {os.strerror(code)}")
    return result


def prctl(option: int, value: object, more: object = 0) -> None:
    """`prctl(2)` with one or two arguments; does nothing where it does not exist."""
    if IS_LINUX:
        call("prctl", option, value, more, 0, 0)


def handle_by_default(*numbers: int) -> None:
    """Give signals their default effect."""
    for number in numbers:
        _signal.signal(number, _signal.SIG_DFL)


def kill_quietly(target: int) -> bool:
    """Send SIGKILL; return False when there is no such process. An exception would cost more than the call."""
    return int(_holding.kill(target, SIGKILL)) == 0


def drop_capabilities() -> None:
    """Clear every capability of this process (`capset(2)`, version 3)."""
    if IS_LINUX:
        header = (ctypes.c_uint32 * 2)(0x2008_0522, 0)
        call("capset", header, (ctypes.c_uint32 * 6)())


def install_filter(program: bytes) -> None:
    """Put a seccomp filter (classic BPF) on this process and all its children, for good."""

    class Program(ctypes.Structure):
        _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_char_p))

    call(
        "prctl",
        PR_SET_SECCOMP,
        SECCOMP_MODE_FILTER,
        ctypes.byref(Program(len(program) // BPF_INSTRUCTION_BYTES, program)),
        0,
        0,
    )


def set_limit(kind: int, soft: float, hard: float | None = None) -> None:
    """Lower a resource limit; one that is lower already stays."""
    _, ceiling = resource.getrlimit(kind)
    top = int(soft if hard is None else hard)
    if ceiling != resource.RLIM_INFINITY:
        top = min(top, ceiling)
    resource.setrlimit(kind, (min(int(soft), top), top))


def anonymous_file(directory: int | None) -> int:
    """Return the descriptor of a new file without a name, in memory where possible.

    `directory`: descriptor of a memory-backed directory, or None.
    """
    if directory is not None:
        return os.open(".", os.O_TMPFILE | os.O_RDWR | os.O_CLOEXEC, 0o666, dir_fd=directory)
    if IS_LINUX:
        return os.memfd_create("stream")
    import tempfile  # loads much that programs rarely need

    descriptor, path = tempfile.mkstemp()
    os.unlink(path)
    return descriptor


def can_signal(target: int) -> bool:
    """Return whether this process may send signals to another."""
    return int(_holding.kill(target, 0)) == 0
