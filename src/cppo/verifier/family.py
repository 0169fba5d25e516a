"""The processes below this one: which they are, what they take, their end. Standard library only.

/proc tells most of it. Where it is missing, functions return what says nothing: 0, `None` or no processes.
"""

from __future__ import annotations

import os
import resource
import stat

from cppo.verifier.linux import IS_LINUX, kill_quietly

PAGE_KB = resource.getpagesize() // 1024
CLOCK_TICKS = os.sysconf("SC_CLK_TCK")
SELF = b"self"
FEW_FILES = 32
"""Families with no more open files are not asked which of them are sockets: that costs a call for each."""


def _proc_file(path: bytes) -> bytes:
    descriptor = os.open(path, os.O_RDONLY)  # text files cost far more to set up
    try:
        parts = []
        while part := os.read(descriptor, 1 << 16):
            parts.append(part)
        return b"".join(parts)
    finally:
        os.close(descriptor)


def _socket_kb() -> int:
    """Return how much memory one socket may fill, unless its owner changes that, which programs may not."""
    try:
        return int(_proc_file(b"/proc/sys/net/core/wmem_default")) // 1024
    except (OSError, ValueError):
        return 208


SOCKET_KB = _socket_kb()  # asked before the worker leaves the machine's own /proc


def memory_pages(process: bytes) -> tuple[int, int]:
    """Return the mapped and the resident pages of a process, whose number in /proc is given as bytes."""
    pages = _pages(b"/proc/" + process)
    return pages[0], pages[1]


def _pages(place: bytes) -> list[int]:
    return [int(word) for word in _proc_file(place + b"/statm").split(None, 3)[:3]]


def _with_memory(place: bytes) -> tuple[bytes, list[int]]:
    """Return where in /proc a process tells of its memory, and its pages: mapped, resident, shared.

    When its first thread has ended and others live, only those tell.
    """
    pages = _pages(place)
    if not pages[1]:
        for other in _threads(place):
            try:
                seen = _pages(other)
            except OSError:
                continue
            if seen[1]:
                return other, seen
    return place, pages


def _threads(place: bytes) -> list[bytes]:
    try:
        return [place + b"/task/" + task for task in os.listdir(place + b"/task")]
    except OSError:
        return []


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
        return _with_memory(b"/proc/" + number)[1][1] * PAGE_KB if number else 0
    except (OSError, IndexError, ValueError):
        return 0


def peak_kb(usage: resource.struct_rusage) -> int:
    """Return the most resident memory of a usage of one's own or of one waited for; Linux and macOS use two units."""
    return usage.ru_maxrss if IS_LINUX else usage.ru_maxrss // 1024


def waited_seconds(number: bytes) -> float:
    """Return how long the first thread of a process was ready to run but had no processor; 0 where nothing tells."""
    return _waited_seconds(b"/proc/" + number)


def _waited_seconds(place: bytes) -> float:
    try:
        return int(_proc_file(place + b"/schedstat").split()[1]) / 1e9
    except (OSError, IndexError, ValueError):
        return 0.0


def family_waited_seconds(numbers: list[bytes]) -> float:
    """Return how long all threads of several processes were ready to run but had no processor, added up."""
    return sum(_waited_seconds(thread) for number in numbers for thread in _threads(b"/proc/" + number))


def family_usage(numbers: list[bytes]) -> tuple[int, int, dict[bytes, int]]:
    """Return what several processes take together: memory (KiB) and processor time (clock ticks), children that they
    waited for included; and the own processor time of each, by a name that no later process will have.

    Memory is the sum of proportional set sizes: pages that they share are counted once, not for each. Where those may
    not be read (root without privileges), it is the sum of private pages less what every process may have inherited.
    """
    memory, ticks, private, readable = 0, 0, [], True
    own: dict[bytes, int] = {}
    for number in numbers:
        try:
            fields = _proc_file(b"/proc/" + number + b"/stat").rpartition(b")")[2].split()
            times = [int(field) for field in fields[11:15]]  # user and system time: its own, its waited-for children's
            ticks += sum(times)
            own[number + b" since " + fields[19]] = times[0] + times[1]
            place, pages = _with_memory(b"/proc/" + number)
            private.append((pages[1] - pages[2]) * PAGE_KB)
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
    return memory, ticks, own


def _shared_memory_kb(number: bytes) -> int:
    """Return the resident KiB of memory that a process maps for sharing."""
    try:
        text = _proc_file(_with_memory(b"/proc/" + number)[0] + b"/status")
    except (OSError, IndexError, ValueError):
        return 0
    found = text.find(b"\nRssShmem:")
    return int(text[found + 10 :].split(None, 1)[0]) if found >= 0 else 0


def sockets_kb(numbers: list[bytes]) -> int:
    """Return the kernel's memory that the sockets of several processes may fill; 0 for `FEW_FILES` or fewer open files.

    It is nobody's resident memory. What may not be looked at (root without privileges) counts as a socket from the
    process's file after `FEW_FILES` on.
    """
    tables = [table for number in numbers for table in _open_files(number)]
    if sum(map(len, tables)) <= FEW_FILES:
        return 0
    sockets, guessed = set(), 0
    for table in tables:
        hidden = 0
        for place in table:
            try:
                seen = os.stat(place)
            except PermissionError:
                hidden += 1
            except OSError:
                continue  # closed meanwhile
            else:
                if stat.S_ISSOCK(seen.st_mode):
                    sockets.add(seen.st_ino)
        guessed += max(0, hidden - FEW_FILES)
    return (len(sockets) + guessed) * SOCKET_KB


def unnamed_blocks(numbers: list[bytes], device: int) -> int:
    """Return the blocks (of 512 bytes) of files on a device that several processes hold open but that have no name."""
    blocks: dict[int, int] = {}
    for number in numbers:
        for table in _open_files(number):
            for place in table:
                try:
                    seen = os.stat(place)
                except OSError:
                    continue
                if seen.st_dev == device and not seen.st_nlink:
                    blocks[seen.st_ino] = seen.st_blocks
    return sum(blocks.values())


def _open_files(number: bytes) -> list[list[bytes]]:
    """Return where /proc shows the open files of each thread of a process: a thread may have a table of its own."""
    tables = []
    for thread in _threads(b"/proc/" + number):
        try:
            tables.append([thread + b"/fd/" + name for name in os.listdir(thread + b"/fd")])
        except OSError:
            continue
    return tables


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


def kill_descendants(confined: bool = False) -> int:
    """Kill and reap every process below this one: all of the pid namespace whose process 1 it is, else its own tree.

    Returns the most resident memory (KiB) that one of them had. `confined`: signals cannot leave this process's own
    tree, so that one signal to everyone reaches all of it. Outside a pid namespace this process must be a child
    subreaper, so that processes whose parents ended are its own.
    """
    peak = 0
    if os.getpid() == 1:
        while kill_quietly(-1):
            peak = max(peak, _reap(wait=True)[1])
        return peak
    while True:
        others, ended_kb = _reap(wait=False)
        peak = max(peak, ended_kb)
        if not others:
            return peak
        if confined:
            kill_quietly(-1)
        else:
            for number in descendants():
                kill_quietly(int(number))
        peak = max(peak, _reap(wait=True)[1])


def _reap(wait: bool) -> tuple[bool, int]:
    """Take leave of every child that has ended, of one at least if `wait`; return whether there are others, and the
    most resident memory (KiB) that one of those had."""
    peak = 0
    try:
        while True:
            pid, _, usage = os.wait4(-1, 0 if wait else os.WNOHANG)
            if not pid:
                return True, peak
            wait, peak = False, max(peak, peak_kb(usage))
    except ChildProcessError:
        return False, peak


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
