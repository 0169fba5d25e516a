"""Run a command as one of the users that a verifier has: `python attack_users.py USER COMMAND …`, as root.

| user | rights |
| --- | --- |
| root | all |
| ordinary | a uid of its own, no capabilities; may make user namespaces where the machine permits it |
| container-root | what Docker gives root by default: 14 capabilities, no new namespaces of any kind |
| container-user | a uid of its own in the same container |

The command runs in a cage, so that an attack that gets out of the verifier's jail does not get far: in mount and pid
namespaces of its own, with few processes, all files but temporary ones read-only, and its end is the end of all that it
started. Where an ordinary user may not pass through the directories
that lead to the interpreter and to this repository (/root), they are covered, in the private mounts, by open ones.
"""

from __future__ import annotations

import ctypes
import os
import platform
import resource
import signal
import site
import struct
import sys
from pathlib import Path

USERS = ("root", "ordinary", "container-root", "container-user")
FIRST_UID = 1_000_000
WRITABLE = (b"/tmp", b"/var/tmp", b"/dev/shm", b"/proc")
PROCESSES = 2000
REPOSITORY = Path(__file__).resolve().parents[2]

CLONE_NEWNS, CLONE_NEWPID = 0x0002_0000, 0x2000_0000
MS_NOSUID_NODEV_NOEXEC, MS_BIND, MS_REC, MS_PRIVATE = 14, 4096, 16384, 1 << 18
AT_FDCWD, AT_RECURSIVE, MOUNT_ATTR_RDONLY, SYS_MOUNT_SETATTR = -100, 0x8000, 1, 442
PR_SET_PDEATHSIG, PR_SET_SECCOMP, PR_CAPBSET_DROP, SECCOMP_MODE_FILTER = 1, 22, 24, 2
CHOWN, DAC_OVERRIDE, FOWNER, FSETID, KILL, SETGID, SETUID, SETPCAP = 0, 1, 3, 4, 5, 6, 7, 8
NET_BIND_SERVICE, NET_RAW, SYS_CHROOT, MKNOD, AUDIT_WRITE, SETFCAP = 10, 13, 18, 27, 29, 31
CONTAINER_CAPABILITIES = {
    *(CHOWN, DAC_OVERRIDE, FOWNER, FSETID, KILL, SETGID, SETUID, SETPCAP),
    *(NET_BIND_SERVICE, NET_RAW, SYS_CHROOT, MKNOD, AUDIT_WRITE, SETFCAP),
}

# mount, umount2, pivot_root, unshare, setns, bpf and the newer calls for mounts: what Docker's default filter refuses.
REFUSED = {
    "x86_64": (165, 166, 155, 272, 308, 321, 429, 430, 432, 442),
    "aarch64": (40, 39, 41, 97, 268, 280, 429, 430, 432, 442),
}
CLONE, CLONE3 = {"x86_64": 56, "aarch64": 220}, 435
NAMESPACE_FLAGS = 0x7E02_0000

_libc = ctypes.CDLL(None, use_errno=True)


def _call(name: str, *arguments: object) -> None:
    if getattr(_libc, name)(*arguments) == -1:
        raise OSError(ctypes.get_errno(), f"{name}: {os.strerror(ctypes.get_errno())}")


def become(user: str) -> None:
    """Turn this process into one of `USERS`, in a cage; returns in a child, the caller waits and ends with it."""
    uid = FIRST_UID + os.getpid()  # the kernel limits processes by uid, over all pid namespaces
    _call("unshare", CLONE_NEWNS | CLONE_NEWPID)
    _call("mount", None, b"/", None, MS_REC | MS_PRIVATE, None)
    _follow(os.fork())
    _call("mount", b"proc", b"/proc", b"proc", MS_NOSUID_NODEV_NOEXEC, None)
    _limit_processes()
    _protect_files()
    _follow(os.fork())  # process 1 of a pid namespace is spared signals, which would spare the verifier attacks
    if user != "root":
        _open_ancestors([*map(Path, _interpreter()), REPOSITORY])
    if user.startswith("container"):
        _refuse_namespaces()
        for capability in set(range(64)) - CONTAINER_CAPABILITIES:
            _libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)
    if user in ("ordinary", "container-user"):
        os.setgroups([])
        os.setresgid(uid, uid, uid)
        os.setresuid(uid, uid, uid)
    os.environ |= {"HOME": "/nonexistent", "TMPDIR": "/tmp"}


def _follow(pid: int) -> None:
    """In the parent: wait for `pid`, reap whatever else is left to this process, then end as `pid` ended."""
    if pid == 0:
        _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        return
    while True:
        ended, status = os.wait()
        if ended == pid:
            os._exit(1 if os.WIFSIGNALED(status) else os.WEXITSTATUS(status))


def _limit_processes() -> None:
    """Keep a fork bomb that the jail does not stop from filling the machine's table of processes."""
    resource.setrlimit(resource.RLIMIT_NPROC, (PROCESSES, PROCESSES))  # root is exempt
    if tuple(map(int, platform.release().split(".")[:2])) >= (6, 14):  # before, the number was the whole machine's
        Path("/proc/sys/kernel/pid_max").write_text(str(PROCESSES))


def _protect_files() -> None:
    """Make everything read-only but the places for temporary files."""
    writable = [place for place in WRITABLE if os.path.isdir(place)]
    for place in writable:
        _call("mount", place, place, None, MS_BIND | MS_REC, None)
    for place, add, remove in ((b"/", MOUNT_ATTR_RDONLY, 0), *((place, 0, MOUNT_ATTR_RDONLY) for place in writable)):
        attributes = (ctypes.c_uint64 * 4)(add, remove, 0, 0)
        _call("syscall", SYS_MOUNT_SETATTR, AT_FDCWD, place, AT_RECURSIVE, attributes, ctypes.c_size_t(32))


def _interpreter() -> set[str]:
    roots = {sys.prefix, sys.base_prefix, *site.getsitepackages(), os.path.dirname(os.__file__)}
    return {os.path.realpath(root) for root in roots if os.path.isdir(root)}


def _open_ancestors(needed: list[Path]) -> None:
    """Cover every closed directory above what is needed with an open one; put what is needed back in place."""
    handles = {path: os.open(path, os.O_PATH | os.O_DIRECTORY) for path in needed}
    for path in needed:
        for ancestor in reversed(path.parents):
            if ancestor.stat().st_mode & 0o001:
                continue
            _call("mount", b"tmpfs", bytes(ancestor), b"tmpfs", 0, b"size=1m,mode=0755")
            for inner, handle in handles.items():
                if inner.is_relative_to(ancestor):
                    inner.mkdir(parents=True, exist_ok=True)
                    _call("mount", f"/proc/self/fd/{handle}".encode(), bytes(inner), None, MS_BIND | MS_REC, None)
    for handle in handles.values():
        os.close(handle)


def _refuse_namespaces() -> None:
    """Install a filter of system calls like Docker's: no mounts, no namespaces; clone3 does not exist."""
    load, equal, all_of, give = 0x20, 0x15, 0x45, 0x06
    allow, refuse, unknown = 0x7FFF_0000, 0x0005_0000 | 1, 0x0005_0000 | 38
    program = [(load, 0, 0, 0)]
    for number in REFUSED[platform.machine()]:
        program += [(equal, 0, 1, number), (give, 0, 0, refuse)]
    program += [(equal, 0, 1, CLONE3), (give, 0, 0, unknown)]
    program += [
        (equal, 0, 3, CLONE[platform.machine()]),
        (load, 0, 0, 16),
        (all_of, 0, 1, NAMESPACE_FLAGS),
        (give, 0, 0, refuse),
    ]
    program += [(give, 0, 0, allow)]
    code = b"".join(struct.pack("HBBI", *step) for step in program)
    buffer = ctypes.create_string_buffer(code, len(code))
    head = struct.pack("HxxxxxxP", len(program), ctypes.addressof(buffer))
    _call("prctl", PR_SET_SECCOMP, SECCOMP_MODE_FILTER, head, 0, 0)


if __name__ == "__main__":
    become(sys.argv[1])
    os.execvp(sys.argv[2], sys.argv[2:])
