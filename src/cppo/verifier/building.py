"""How a worker builds the jail it was told to build, or refuses. Standard library only: it runs inside the worker.

- `namespaces`: user namespace (unless root), then network, System V IPC and host name, a root file system of its own,
  a pid namespace for every program, one system-call filter for the worker and all below it;
- `landlock`: file, TCP and signal rules (Landlock) and a second, narrower filter on every test's process;
- `rlimits`: resource limits only.

`Jail.report` says in words what the worker got.
"""

from __future__ import annotations

import errno
import os
import resource
import select

from cppo.verifier import landlock
from cppo.verifier.jail import NOBODY, OPEN_FILES, ORPHAN_SECONDS, PRIVATE_UIDS, PROCESSES, Jail, Refused, can_enter
from cppo.verifier.linux import (
    CLONE_NEWCGROUP,
    CLONE_NEWIPC,
    CLONE_NEWNET,
    CLONE_NEWPID,
    CLONE_NEWUSER,
    CLONE_NEWUTS,
    PR_SET_NO_NEW_PRIVS,
    PR_SET_PDEATHSIG,
    SIGKILL,
    call,
    install_filter,
    prctl,
    set_limit,
)
from cppo.verifier.mounts import DEVICES, SCRATCH, SYSTEM_PATHS, interpreter_roots, seal_files

TYPING = False
if TYPING:  # the typing module would fill the worker's memory
    from collections.abc import Callable
    from typing import Any, NoReturn


def enter_worker(settings: dict[str, Any]) -> Jail:
    """Build the jail; raises `Refused` when the machine does not permit it.

    `settings`: `tier`; `temporary`, a directory for scratch without mounts; `outer`, what this worker was started
    through ("bwrap" or ""); `number`, below `PRIVATE_UIDS`, which no other worker has; `filters`, programs for seccomp
    by use (`sealed`, `plain`, `test`), empty if there are none.
    """
    jail = Jail(settings["tier"])
    if jail.tier == "namespaces":
        _enter_namespaces(jail, settings["outer"])
    elif jail.tier == "landlock" and landlock.abi() < landlock.LEAST_ABI:
        raise Refused(f"Landlock ABI {landlock.LEAST_ABI} (Linux 6.2) or newer is needed, here it is {landlock.abi()}")
    _choose_user(jail, settings["number"])
    jail.open_scratch(settings["temporary"])
    if jail.tier == "landlock":
        jail.confine_worker()
        jail.rules = landlock.make_rules(
            (*SYSTEM_PATHS, *interpreter_roots()), [jail.scratch], [f"/dev/{name}" for name in DEVICES]
        )
        jail.report["network"] = "no sockets"
        jail.report["files"] = "only the interpreter and the system's libraries can be opened; scratch on disk"
        signals = "cannot be signalled" if landlock.abi() >= landlock.SIGNALS_ABI else "no signals can be sent at all"
        jail.report["processes"] = f"other processes can be seen but not looked into; they {signals}"
    elif jail.tier == "rlimits":
        jail.report |= {"network": "shared with the machine", "files": "shared with the machine"}
        jail.report["processes"] = "shared with the machine"
    set_limit(resource.RLIMIT_NOFILE, OPEN_FILES)
    set_limit(resource.RLIMIT_CORE, 0)
    set_limit(resource.RLIMIT_MEMLOCK, 0)
    if jail.uid is not None or jail.user_namespace:  # otherwise the count includes the user's other processes
        set_limit(resource.RLIMIT_NPROC, PROCESSES)
    jail.report["memory"] = "peak resident memory of a process, proportional sum over its children; watched"
    _filter_calls(jail, settings["filters"])
    return jail


def _filter_calls(jail: Jail, filters: dict[str, str]) -> None:
    """Put the system-call filter on this worker, hence on everything it forks."""
    if jail.tier == "rlimits":
        jail.report["system calls"] = "not filtered"
        return
    if not filters:
        if jail.tier == "landlock":
            raise Refused("a system-call filter is needed beside Landlock, but libseccomp was not found")
        jail.report["system calls"] = "not filtered: libseccomp was not found"
        return
    narrow = jail.tier == "landlock" or jail.streams is None
    if narrow:
        jail.test_filter = bytes.fromhex(filters["test"])
    prctl(PR_SET_NO_NEW_PRIVS, 1)  # without it only root may install a filter
    install_filter(bytes.fromhex(filters["plain" if narrow else "sealed"]))
    jail.report["system calls"] = "filtered (seccomp): what a program needs is allowed, the rest refused"


def _enter_namespaces(jail: Jail, outer: str) -> None:
    if os.geteuid() != 0:
        jail.user_namespace = _attempt(jail, "user", _own_user_namespace)
    network = _attempt(jail, "network", lambda: call("unshare", CLONE_NEWNET | CLONE_NEWIPC))
    _attempt(jail, "host name", _hide_host)
    jail.private_files = _attempt(jail, "files", lambda: _seal_files(jail))
    processes = _attempt(jail, "processes", _probe_pid_namespace)
    if processes:
        jail.own_pids = os.open("/proc/self/ns/pid", os.O_RDONLY | os.O_CLOEXEC)
    if outer:  # it has done once what was refused to this process
        for key in ("network", "files", "processes", "host name"):
            if not jail.report[key].startswith("private"):
                jail.report[key] = f"private (by {outer})"
        jail.private_files = True
        jail.scratch = SCRATCH
    elif not (network and jail.private_files and processes):
        raise Refused("; ".join(f"{key}: {value}" for key, value in jail.report.items() if "shared" in value))
    jail.report["built by"] = outer or "unshare"


def _seal_files(jail: Jail) -> None:
    jail.streams, own_processes_only = seal_files()
    jail.report["/proc"] = (
        "shows a program its own processes" if own_processes_only else "shows the machine's processes"
    )


def _hide_host() -> None:
    call("unshare", CLONE_NEWUTS | CLONE_NEWCGROUP)
    call("sethostname", b"jail", 4)


def _choose_user(jail: Jail, number: int) -> None:
    if os.geteuid() != 0:
        jail.report["user"] = f"programs run as uid {os.geteuid()}, the user of the verifier"
        return
    jail.uid = _unprivileged_uid(number)
    jail.report["user"] = f"programs run as uid {jail.uid}"
    if jail.uid is None:
        jail.report["user"] = "programs run as root without privileges: no other user can read the interpreter"
        return
    os.setgroups([])
    os.setresgid(jail.uid, jail.uid, jail.uid)


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
    prctl(PR_SET_PDEATHSIG, SIGKILL)


def _stand_by(pid: int, parent: int) -> NoReturn:
    """Wait for the process that goes on, and end with it or with the verifier."""
    os.closerange(3, resource.getrlimit(resource.RLIMIT_NOFILE)[1])
    poll = select.poll()
    poll.register(os.pidfd_open(pid), select.POLLIN)
    while not poll.poll(1000 * ORPHAN_SECONDS):
        if os.getppid() != parent:
            os.kill(pid, SIGKILL)
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


def _unprivileged_uid(number: int) -> int | None:
    """Return a uid that no other worker has and that can read the interpreter; None when there is none.

    A uid of one's own keeps `kill(-1)` and process counts from reaching other workers where pid namespaces are refused.
    """
    roots = interpreter_roots()  # asked for as root: others may not see that they exist
    return next((uid for uid in (PRIVATE_UIDS + number, NOBODY) if can_enter(uid, roots)), None)
