"""What Linux can be asked, from one process, to keep a program in. Standard library only: it runs inside the worker.

`enter_worker` is called once in a fresh worker and takes what the machine permits, in this order: a user namespace
(only when not root), then namespaces for the network and System V IPC, for mounts and for process ids. What was refused is
recorded and carried on without; `Jail.report` says so in words.
"""

from __future__ import annotations

import ctypes
import os
import resource
import site
import sys

TYPING = False
if TYPING:  # the typing module would fill the worker's memory
    from collections.abc import Callable

CLONE_NEWNS, CLONE_NEWIPC, CLONE_NEWUSER = 0x0002_0000, 0x0800_0000, 0x1000_0000
CLONE_NEWPID, CLONE_NEWNET = 0x2000_0000, 0x4000_0000
PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_CHILD_SUBREAPER, PR_SET_NO_NEW_PRIVS = 1, 4, 36, 38
MS_BIND, MS_REC, MS_PRIVATE = 4096, 16384, 1 << 18
AT_FDCWD, AT_RECURSIVE, MOUNT_ATTR_RDONLY, SYS_MOUNT_SETATTR = -100, 0x8000, 1, 442

SIGKILL = 9  # the signal module wraps every call in Python code, whose pages each fork would copy

NOBODY = 65534
PRIVATE_UIDS = 1 << 30
SEALED_SCRATCH = "/tmp/scratch"
SCRATCH_MB = 256
PROCESSES = 128
OPEN_FILES = 256
STACK_BYTES = 512 << 20
THREAD_STACK_BYTES = 64 << 20
ADDRESS_SLACK = 4 << 30
"""Address space beyond the memory limit: thread stacks and shared libraries reserve much and touch little."""
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


class Jail:
    """What this worker got.

    `uid` None: programs run as the user of the worker. `own_pids`: descriptor of the worker's own pid namespace, when
    programs get fresh ones. `report`: the same in words.
    """

    def __init__(self, scratch: str) -> None:
        self.scratch = scratch
        self.uid: int | None = None
        self.user_namespace = False
        self.private_network = False
        self.private_files = False
        self.own_pids: int | None = None
        self.report: dict[str, str] = {}

    def fork_program(self) -> int:
        """Fork; the child is process 1 of a fresh pid namespace where that is permitted."""
        if self.own_pids is None:
            return os.fork()
        call("unshare", CLONE_NEWPID)
        pid = os.fork()
        if pid:  # later forks of the worker belong to its own namespace again
            call("setns", self.own_pids, CLONE_NEWPID)
        return pid

    def enter_test(self, limits: dict[str, float]) -> None:
        """Give up identity and privileges and set the limits of one test, in the process that will run it."""
        os.setsid()
        if self.uid is not None:
            os.setgroups([])
            os.setresgid(self.uid, self.uid, self.uid)
            os.setresuid(self.uid, self.uid, self.uid)
        if self.user_namespace:
            drop_capabilities()
        if self.own_pids is None:  # elsewhere the end of process 1 of the namespace ends them all
            prctl(PR_SET_PDEATHSIG, SIGKILL)  # after the change of user, which clears it
        cpu = max(1, -int(-limits["cpu"] // 1))
        output = int(limits["output"])
        set_limit(resource.RLIMIT_CPU, cpu, cpu + 1)
        set_limit(resource.RLIMIT_FSIZE, output + 1)
        set_limit(resource.RLIMIT_NOFILE, OPEN_FILES)
        if self.uid is not None or self.user_namespace:  # otherwise the count includes the user's other processes
            set_limit(resource.RLIMIT_NPROC, PROCESSES)


def set_limit(kind: int, soft: float, hard: float | None = None) -> None:
    """Lower a resource limit; one that is lower already stays."""
    _, ceiling = resource.getrlimit(kind)
    top = int(soft if hard is None else hard)
    if ceiling != resource.RLIM_INFINITY:
        top = min(top, ceiling)
    resource.setrlimit(kind, (min(int(soft), top), top))


def limit_address_space(memory_kb: int) -> None:
    """A loose ceiling that stops one huge allocation; the memory limit itself is on resident pages."""
    set_limit(resource.RLIMIT_AS, memory_pages(SELF)[0] * PAGE_KB * 1024 + memory_kb * 1024 + ADDRESS_SLACK)


def memory_pages(process: bytes) -> tuple[int, int]:
    """Return the mapped and the resident pages of a process, whose number in /proc is given as bytes."""
    descriptor = os.open(b"/proc/" + process + b"/statm", os.O_RDONLY)  # text files cost far more to set up
    try:
        words = os.read(descriptor, 200).split(None, 2)
    finally:
        os.close(descriptor)
    return int(words[0]), int(words[1])


def drop_capabilities() -> None:
    """Clear every capability of this process (`capset(2)`, version 3)."""
    header = (ctypes.c_uint32 * 2)(0x2008_0522, 0)
    call("capset", header, (ctypes.c_uint32 * 6)())


def enter_worker(temporary: str) -> Jail:
    """Take every namespace that is permitted; see the module for the order.

    Scratch is memory-backed and private where mounts are permitted, else a fresh directory in `temporary`.
    """
    jail = Jail(SEALED_SCRATCH)
    root = os.geteuid() == 0
    if not root:
        jail.user_namespace = _attempt(jail, "user namespace", _own_user_namespace)
    jail.private_network = _attempt(jail, "network", lambda: call("unshare", CLONE_NEWNET | CLONE_NEWIPC))
    jail.private_files = _attempt(jail, "files", _seal_files)
    if not jail.private_files:
        jail.scratch = f"{temporary}/cppo-{os.urandom(8).hex()}"
        os.mkdir(jail.scratch, 0o700)
    if _attempt(jail, "processes", _probe_pid_namespace):
        jail.own_pids = os.open("/proc/self/ns/pid", os.O_RDONLY | os.O_CLOEXEC)
    if root:
        jail.uid = _unprivileged_uid()
        jail.report["user"] = f"programs run as uid {jail.uid}"
        if jail.uid is None:
            jail.report["user"] = "programs run as root: the interpreter cannot be read by another user"
    else:
        jail.report["user"] = f"programs run as uid {os.geteuid()}, the user of the verifier"
    os.chown(jail.scratch, jail.uid if jail.uid is not None else -1, -1)
    os.chdir(jail.scratch)
    return jail


def _attempt(jail: Jail, what: str, action: Callable[[], object]) -> bool:
    try:
        action()
    except OSError as error:
        jail.report[what] = f"shared with the machine ({error.strerror})"
        return False
    jail.report[what] = "private"
    return True


def _own_user_namespace() -> None:
    uid, gid = os.geteuid(), os.getegid()
    call("unshare", CLONE_NEWUSER)
    for name, text in (("setgroups", "deny"), ("uid_map", f"{uid} {uid} 1"), ("gid_map", f"{gid} {gid} 1")):
        with open(f"/proc/self/{name}", "w", encoding="ascii") as file:
            file.write(text)


def _probe_pid_namespace() -> None:
    own = os.open("/proc/self/ns/pid", os.O_RDONLY)
    try:
        call("unshare", CLONE_NEWPID)
        call("setns", own, CLONE_NEWPID)
    finally:
        os.close(own)


def _seal_files() -> None:
    """Private mounts, all read-only, with memory-backed scratch; paths to the interpreter stay open to any user."""
    call("unshare", CLONE_NEWNS)
    call("mount", None, b"/", None, MS_REC | MS_PRIVATE, None)
    _cover_directories()
    os.mkdir(SEALED_SCRATCH, 0o700)
    call("mount", b"tmpfs", SEALED_SCRATCH.encode(), b"tmpfs", 0, f"size={SCRATCH_MB}m,mode=0700".encode())
    _set_read_only(b"/", AT_RECURSIVE, True)
    _set_read_only(SEALED_SCRATCH.encode(), 0, False)


def _set_read_only(path: bytes, flags: int, read_only: bool) -> None:
    attributes = (ctypes.c_uint64 * 4)(*((MOUNT_ATTR_RDONLY, 0) if read_only else (0, MOUNT_ATTR_RDONLY)), 0, 0)
    call("syscall", SYS_MOUNT_SETATTR, AT_FDCWD, path, flags, attributes, ctypes.c_size_t(32))


def _interpreter_roots() -> list[str]:
    roots = [sys.prefix, sys.base_prefix, *site.getsitepackages(), os.path.dirname(os.__file__)]
    return sorted({os.path.realpath(root) for root in roots if os.path.isdir(root)})


def _closed_ancestor(path: str) -> str | None:
    """Return the first directory above `path` that other users may not pass through."""
    parts = path.split("/")
    for depth in range(2, len(parts) + 1):
        ancestor = "/".join(parts[:depth])
        if not os.stat(ancestor).st_mode & 0o001:
            return ancestor
    return None


def _cover_directories() -> None:
    """Cover /tmp and, as root, every closed directory on the way to the interpreter (/root) with an empty one.

    What the interpreter needs below them is put back at the same place, so that an unprivileged program can import.
    """
    roots = _interpreter_roots()
    handles = {root: os.open(root, os.O_PATH | os.O_DIRECTORY) for root in roots}
    _cover("/tmp", handles)
    for root in roots if os.geteuid() == 0 else ():
        while (closed := _closed_ancestor(root)) is not None and closed != root:
            _cover(closed, handles)
    for handle in handles.values():
        os.close(handle)


def _cover(directory: str, handles: dict[str, int]) -> None:
    call("mount", b"tmpfs", directory.encode(), b"tmpfs", 0, b"size=1m,mode=0755")
    for root, handle in handles.items():
        if root.startswith(directory + "/"):
            os.makedirs(root, exist_ok=True)
            call("mount", f"/proc/self/fd/{handle}".encode(), root.encode(), None, MS_BIND | MS_REC, None)


def _unprivileged_uid() -> int | None:
    """Return a uid that no other worker has and that can read the interpreter; None when there is none.

    A uid of one's own keeps `kill(-1)` and process counts from reaching other workers where pid namespaces are refused.
    """
    for uid in (PRIVATE_UIDS + os.getpid(), NOBODY):
        pid = os.fork()
        if pid == 0:
            code = 1
            try:
                os.setresuid(uid, uid, uid)
                readable = all(os.access(root, os.R_OK | os.X_OK) for root in _interpreter_roots())
                code = 0 if readable else 1
            finally:
                os._exit(code)
        if os.waitpid(pid, 0)[1] == 0:
            return uid
    return None


def kill_descendants() -> None:
    """Kill and reap every process below this one: all of the pid namespace whose process 1 it is, else its own tree.

    Outside a pid namespace this process must be a child subreaper, so that processes whose parents ended are its own.
    """
    while True:
        for target in (-1,) if os.getpid() == 1 else _children():
            try:
                os.kill(target, SIGKILL)
            except (ProcessLookupError, PermissionError):
                pass  # it has ended; the wait below says whether anything is left
        try:
            os.waitpid(-1, 0)
        except ChildProcessError:
            return


def _children() -> list[int]:
    with open(f"/proc/self/task/{os.getpid()}/children", "rb") as file:
        return [int(word) for word in file.read().split()]


def resident_kb(pidfd: int) -> int | None:
    """Return the resident memory of the process behind `pidfd`, whatever pid namespace it is in; None: unknown."""
    try:
        with open(f"/proc/self/fdinfo/{pidfd}", "rb") as info:
            words = next((line.split()[1] for line in info if line.startswith(b"Pid:")), b"-1")
        return memory_pages(words)[1] * PAGE_KB
    except OSError:
        return None


def wipe(path: str) -> None:
    """Empty the directory `path`, however deep: inner directories are moved up before their parent is removed."""
    if not os.listdir(path):
        return
    top = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    serial = 0
    try:
        while names := os.listdir(top):
            for name in names:
                if _unlinked(name, top):
                    continue
                os.chmod(name, 0o700, dir_fd=top)
                inside = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=top)
                for inner in os.listdir(inside):
                    if not _unlinked(inner, inside):
                        serial += 1
                        os.rename(inner, f".{os.urandom(8).hex()}.{serial}", src_dir_fd=inside, dst_dir_fd=top)
                os.close(inside)
                os.rmdir(name, dir_fd=top)
    finally:
        os.close(top)


def _unlinked(name: str, directory: int) -> bool:
    try:
        os.unlink(name, dir_fd=directory)
    except IsADirectoryError:
        return False
    return True
