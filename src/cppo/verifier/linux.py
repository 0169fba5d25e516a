"""System calls and process bookkeeping that Python's standard library has no function for. Standard library only.

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
PAGE_KB = resource.getpagesize() // 1024
CLOCK_TICKS = os.sysconf("SC_CLK_TCK")
SELF = b"self"

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


def memory_pages(process: bytes) -> tuple[int, int]:
    """Return the mapped and the resident pages of a process, whose number in /proc is given as bytes."""
    words = _proc_file(b"/proc/" + process + b"/statm").split(None, 2)
    return int(words[0]), int(words[1])


def process_number(pidfd: int) -> bytes | None:
    """Return the number that the process behind `pidfd` has in /proc, whatever pid namespace it is in."""
    try:
        lines = _proc_file(f"/proc/self/fdinfo/{pidfd}".encode()).split(b"\n")
    except OSError:
        return None
    number = next((line.split()[1] for line in lines if line.startswith(b"Pid:")), b"-1")
    return None if number.startswith((b"-", b"0")) else number


def resident_kb(pidfd: int) -> int:
    """Return the resident memory of the process behind `pidfd`; 0 where it cannot be told."""
    number = process_number(pidfd) if IS_LINUX else None
    try:
        return memory_pages(number)[1] * PAGE_KB if number else 0
    except (OSError, IndexError, ValueError):
        return 0


def peak_kb(usage: resource.struct_rusage) -> int:
    """Return the most resident memory of a usage of one's own or of one waited for; Linux and macOS use two units."""
    return usage.ru_maxrss if IS_LINUX else usage.ru_maxrss // 1024


def waited_seconds(number: bytes) -> float:
    """Return how long a process was ready to run but had no processor; 0 where the kernel does not tell."""
    try:
        return int(_proc_file(b"/proc/" + number + b"/schedstat").split()[1]) / 1e9
    except (OSError, IndexError, ValueError):
        return 0.0


def family_usage(numbers: list[bytes]) -> tuple[int, float]:
    """Return memory (KiB) and processor seconds of several processes together.

    Memory is the sum of proportional set sizes: pages that they share are counted once, not for each. Where those may
    not be read (root without privileges), it is the sum of private pages less what every process may have inherited.
    """
    memory, ticks, private, readable = 0, 0, [], True
    for number in numbers:
        place = b"/proc/" + number
        try:
            fields = _proc_file(place + b"/stat").rpartition(b")")[2].split()
            ticks += sum(map(int, fields[11:15]))  # its own user and system time, and its waited-for children's
            words = _proc_file(place + b"/statm").split(None, 3)
            private.append((int(words[1]) - int(words[2])) * PAGE_KB)
        except (OSError, ValueError, IndexError):
            continue  # it has ended
        try:
            rollup = _proc_file(place + b"/smaps_rollup")
        except PermissionError:
            readable = False
            continue
        except OSError:
            continue
        found = rollup.find(b"\nPss:")
        memory += int(rollup[found + 5 :].split(None, 1)[0]) if found >= 0 else 0
    if not readable and private:
        shared = sum(map(_shared_memory_kb, numbers))  # too much where they share the same: rare, and it cannot be told
        memory = max(memory, shared + sum(private) - (len(private) - 1) * min(private))
    return memory, ticks / CLOCK_TICKS


def _shared_memory_kb(number: bytes) -> int:
    """Return the resident KiB of memory that a process maps for sharing."""
    try:
        text = _proc_file(b"/proc/" + number + b"/status")
    except OSError:
        return 0
    found = text.find(b"\nRssShmem:")
    return int(text[found + 10 :].split(None, 1)[0]) if found >= 0 else 0


def descendants() -> list[bytes]:
    """Return the numbers of this process's children, their children and so on."""
    found = [SELF]
    for parent in found:  # grows while it is read
        try:
            for task in os.listdir(b"/proc/" + parent + b"/task"):
                found += _proc_file(b"/proc/" + parent + b"/task/" + task + b"/children").split()
        except OSError:
            continue
    return found[1:]


def kill_descendants(confined: bool = False) -> None:
    """Kill and reap every process below this one: all of the pid namespace whose process 1 it is, else its own tree.

    `confined`: signals cannot leave this process's own tree, so that one signal to everyone reaches all of it. Outside
    a pid namespace this process must be a child subreaper, so that processes whose parents ended are its own.
    """
    if os.getpid() == 1:
        while kill_quietly(-1):
            _reap(wait=True)
        return
    while _reap(wait=False):
        if confined:
            kill_quietly(-1)
        else:
            for number in descendants():
                kill_quietly(int(number))
        _reap(wait=True)


def can_signal(target: int) -> bool:
    """Return whether this process may send signals to another."""
    return int(_holding.kill(target, 0)) == 0


def _reap(wait: bool) -> bool:
    """Take leave of every child that has ended, of one at least if `wait`; return whether there are others."""
    try:
        while os.waitpid(-1, 0 if wait else os.WNOHANG)[0]:
            wait = False
    except ChildProcessError:
        return False
    return True


def tasks_of_user(uid: int) -> int:
    """Return how many processes and threads a user has, as far as /proc shows."""
    count = 0
    for name in os.listdir(b"/proc"):
        if name.isdigit():
            try:
                if os.stat(b"/proc/" + name).st_uid == uid:
                    count += len(os.listdir(b"/proc/" + name + b"/task"))
            except OSError:
                continue
    return count


def children_cpu() -> float:
    """Return the processor seconds of all children that this process has reaped, and of theirs."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _proc_file(path: bytes) -> bytes:
    descriptor = os.open(path, os.O_RDONLY)  # text files cost far more to set up
    try:
        parts = []
        while part := os.read(descriptor, 1 << 16):
            parts.append(part)
        return b"".join(parts)
    finally:
        os.close(descriptor)
