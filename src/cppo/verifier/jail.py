"""What Linux can be asked, from one process, to keep a program in. Standard library only: it runs inside the worker.

`enter_worker` is called once in a fresh worker and takes what the machine permits, in this order: a user namespace
(only when not root), then namespaces for the network and System V IPC, for mounts and for process ids. What was
refused is recorded and carried on without; `Jail.report` says so in words.
"""

from __future__ import annotations

import errno
import os
import resource
import select
import signal

from cppo.verifier.linux import (
    CLONE_NEWIPC,
    CLONE_NEWNET,
    CLONE_NEWPID,
    CLONE_NEWUSER,
    PR_SET_PDEATHSIG,
    call,
    drop_capabilities,
    prctl,
    set_limit,
)
from cppo.verifier.mounts import SEALED_SCRATCH, interpreter_roots, seal_files

TYPING = False
if TYPING:  # the typing module would fill the worker's memory
    from collections.abc import Callable
    from typing import NoReturn

NOBODY = 65534
PRIVATE_UIDS = 1 << 30
PROCESSES = 128
OPEN_FILES = 256
ORPHAN_SECONDS = 5.0
ADDRESS_SLACK = 4 << 30
"""Address space beyond the memory limit: thread stacks and shared libraries reserve much and touch little."""


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
        else:
            drop_capabilities()
        if self.own_pids is None:  # elsewhere the end of process 1 of the namespace ends them all
            prctl(PR_SET_PDEATHSIG, signal.SIGKILL)  # after the change of user, which clears it
        cpu = max(1, -int(-limits["cpu"] // 1))
        output = int(limits["output"])
        set_limit(resource.RLIMIT_CPU, cpu, cpu + 1)
        set_limit(resource.RLIMIT_FSIZE, output + 1)
        set_limit(resource.RLIMIT_NOFILE, OPEN_FILES)
        if self.uid is not None or self.user_namespace:  # otherwise the count includes the user's other processes
            set_limit(resource.RLIMIT_NPROC, PROCESSES)


def enter_worker(temporary: str) -> Jail:
    """Take every namespace that is permitted; see the module for the order.

    Scratch is memory-backed and private where mounts are permitted, else a fresh directory in `temporary`.
    """
    jail = Jail(SEALED_SCRATCH)
    root = os.geteuid() == 0
    if not root:
        jail.user_namespace = _attempt(jail, "user namespace", _own_user_namespace)
    jail.private_network = _attempt(jail, "network", lambda: call("unshare", CLONE_NEWNET | CLONE_NEWIPC))
    jail.private_files = _attempt(jail, "files", seal_files)
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
    """Enter a user namespace, and go on in a child that is process 1 of a pid namespace which it owns.

    Only the owner of a pid namespace may return to it after making another, which `Jail.fork_program` does.
    """
    uid, gid = os.geteuid(), os.getegid()
    call("unshare", CLONE_NEWUSER)
    for name, text in (("setgroups", "deny"), ("uid_map", f"{uid} {uid} 1"), ("gid_map", f"{gid} {gid} 1")):
        with open(f"/proc/self/{name}", "w", encoding="ascii") as file:
            file.write(text)
    call("unshare", CLONE_NEWPID)
    parent = os.getppid()
    pid = os.fork()
    if pid:
        _stand_by(pid, parent)
    prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def _stand_by(pid: int, parent: int) -> NoReturn:
    """Wait for the process that goes on, and end with it or with the verifier."""
    os.closerange(3, resource.getrlimit(resource.RLIMIT_NOFILE)[1])
    poll = select.poll()
    poll.register(os.pidfd_open(pid), select.POLLIN)
    while not poll.poll(1000 * ORPHAN_SECONDS):
        if os.getppid() != parent:
            os.kill(pid, signal.SIGKILL)
    os._exit(min(1, os.waitpid(pid, 0)[1]))


def _probe_pid_namespace() -> None:
    """Try, in a child, what `Jail.fork_program` does; raises `OSError` when it is refused."""
    pid = os.fork()
    if pid == 0:
        code = errno.EPERM
        try:
            own = os.open("/proc/self/ns/pid", os.O_RDONLY)
            call("unshare", CLONE_NEWPID)
            call("setns", own, CLONE_NEWPID)
            code = 0
        except OSError as error:
            code = error.errno or code
        finally:
            os._exit(code)
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    if code:
        raise OSError(code, os.strerror(code))


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
                readable = all(os.access(root, os.R_OK | os.X_OK) for root in interpreter_roots())
                code = 0 if readable else 1
            finally:
                os._exit(code)
        if os.waitpid(pid, 0)[1] == 0:
            return uid
    return None


def limit_address_space(kb: int) -> None:
    """A loose ceiling, `ADDRESS_SLACK` above `kb`, that stops one huge allocation.

    The memory limit itself is on resident pages.
    """
    set_limit(resource.RLIMIT_AS, kb * 1024 + ADDRESS_SLACK)
