"""What Linux can be asked, from one process, to keep a program in. Standard library only: it runs inside the worker.

`enter_worker` is called once in a fresh worker and builds the tier it was told to build, or refuses:

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
import time

from cppo.verifier import landlock
from cppo.verifier.family import kill_descendants, tasks_of_user
from cppo.verifier.linux import (
    CLONE_NEWCGROUP,
    CLONE_NEWIPC,
    CLONE_NEWNET,
    CLONE_NEWPID,
    CLONE_NEWUSER,
    CLONE_NEWUTS,
    IS_LINUX,
    PR_SET_DUMPABLE,
    PR_SET_NO_NEW_PRIVS,
    PR_SET_PDEATHSIG,
    SIGKILL,
    call,
    can_signal,
    drop_capabilities,
    fork,
    install_filter,
    kill_quietly,
    prctl,
    set_limit,
)
from cppo.verifier.mounts import DEVICES, SCRATCH, SYSTEM_PATHS, interpreter_roots, seal_files, wipe

TYPING = False
if TYPING:  # the typing module would fill the worker's memory
    from collections.abc import Callable
    from typing import Any, NoReturn

NOBODY = 65534
PRIVATE_UIDS = 1 << 30
PROCESSES = 128
OPEN_FILES = 256
ORPHAN_SECONDS = 5.0
RECOUNT_SECONDS = 10.0
THREAD_STACK_BYTES = 64 << 20
ADDRESS_SLACK = (4 << 30) + PROCESSES * THREAD_STACK_BYTES
"""Address space beyond the memory limit: thread stacks and shared libraries reserve much and touch little."""


class Refused(Exception):
    """This machine does not permit the tier that was asked for; the message says what was refused."""


class Jail:
    """What this worker got.

    `uid` None: programs run as the user of the worker. `own_pids`: descriptor of the worker's own pid namespace, when
    programs get fresh ones. `streams`: a directory for files without names, else they are memory files. `rules`:
    descriptor of a Landlock rule set. `test_filter`: a system-call filter put on every test's process.
    """

    def __init__(self, tier: str) -> None:
        self.tier = tier
        self.scratch = SCRATCH
        self.uid: int | None = None
        self.user_namespace = False
        self.private_files = False
        self.own_pids: int | None = None
        self.streams: int | None = None
        self.rules: int | None = None
        self._signal_rules: int | None = None
        self.test_filter = b""
        self.report: dict[str, str] = {"tier": tier}
        self._untouched: tuple[int, ...] | None = None
        self._process_limit = (0.0, 0)

    def fork_program(self) -> int:
        """Fork; the child is process 1 of a fresh pid namespace where that is permitted."""
        if self.own_pids is None:
            self._count_processes()
            return fork()
        call("unshare", CLONE_NEWPID)
        pid = fork()
        if pid:  # later forks of the worker belong to its own namespace again
            call("setns", self.own_pids, CLONE_NEWPID)
        return pid

    def enter_test(self, cpu_seconds: float, output_bytes: int, own_group: bool) -> None:
        """Give up identity and privileges and set the limits of one test, in the process that will run it.

        `own_group`: leave the process group, which otherwise the process of the program has done already.
        """
        if own_group:
            os.setsid()
        if self.uid is not None:
            os.setresuid(self.uid, self.uid, self.uid)
        else:
            drop_capabilities()
            prctl(PR_SET_DUMPABLE, 1)  # its supervisor, of the same user, must see how much memory it shares
        cpu = max(1, -int(-cpu_seconds // 1))
        resource.setrlimit(resource.RLIMIT_CPU, (cpu, cpu + 1))
        resource.setrlimit(resource.RLIMIT_FSIZE, (output_bytes + 1, output_bytes + 1))
        if self.own_pids is None:  # elsewhere the end of process 1 of the namespace ends them all
            prctl(PR_SET_PDEATHSIG, SIGKILL)  # after the change of user, which clears it
            if self._process_limit[1]:
                set_limit(resource.RLIMIT_NPROC, self._process_limit[1])
        if self.rules is not None:
            landlock.restrict(self.rules)
        if self.test_filter:
            install_filter(self.test_filter)

    def end_test(self, group: int | None) -> int:
        """Kill and reap everything a test left behind, and empty its scratch. `group`: its process group, if any.

        Returns the most resident memory (KiB) that one of the processes left behind had.
        """
        if group is not None and not IS_LINUX:
            kill_quietly(-group)
        peak_kb = self.kill_all()
        if _looks(self.scratch) != self._untouched:
            self._restore_scratch()
        return peak_kb

    def kill_all(self) -> int:
        """Kill and reap everything below this process; return the most resident memory (KiB) of one of them."""
        return kill_descendants(confined=self._signal_rules is not None)

    def confine_signals(self) -> None:
        """Keep the signals of this process and of all it starts among themselves, where Landlock can."""
        if self._signal_rules is not None:
            landlock.restrict(self._signal_rules)

    def confine_worker(self) -> None:
        """The same for the worker, at its start; makes sure of it, because `kill_all` then signals everyone."""
        self._signal_rules = landlock.make_signal_rules()
        self.confine_signals()
        if self._signal_rules is not None and can_signal(os.getppid()):
            raise Refused("Landlock does not keep signals in")

    def open_scratch(self, temporary: str) -> None:
        """Make the scratch directory ready; where mounts are shared it is a fresh one in `temporary`."""
        if not self.private_files:
            # A directory that the user of the programs can reach: the verifier's own may be closed to it.
            places = [
                place for place in (temporary, "/tmp", "/var/tmp") if self.uid is None or _can_enter(self.uid, [place])
            ]
            if not places:
                raise Refused(
                    f"uid {self.uid} can enter none of {temporary}, /tmp and /var/tmp; set TMPDIR to another place"
                )
            self.scratch = f"{places[0]}/cppo-{os.urandom(8).hex()}"
            os.mkdir(self.scratch, 0o700)
        os.chown(self.scratch, self.uid if self.uid is not None else -1, -1)
        os.chdir(self.scratch)
        os.environ["TMPDIR"] = self.scratch
        self._restore_scratch()
        self._untouched = _looks(self.scratch) if self._size_tells() else None

    def _restore_scratch(self) -> None:
        """Empty the scratch directory and undo what can be done to itself: a mode, times are a message to a test."""
        try:
            os.chmod(self.scratch, 0o700)
            wipe(self.scratch)
        except OSError:
            if self.private_files:
                raise
            self._replace_scratch()  # without mounts a program can move or remove it
        os.utime(self.scratch, (0, 0))
        if self._untouched is not None:
            self._untouched = _looks(self.scratch)

    def _replace_scratch(self) -> None:
        if os.path.lexists(self.scratch):
            os.rename(self.scratch, f"{self.scratch}-moved-{os.urandom(4).hex()}")
        os.mkdir(self.scratch, 0o700)
        os.chown(self.scratch, self.uid if self.uid is not None else -1, -1)
        os.chdir(self.scratch)

    def _size_tells(self) -> bool:
        """Return whether the size of the scratch directory grows with its entries, as it does in memory."""
        probe = f"{self.scratch}/probe"
        size = os.stat(self.scratch).st_size
        os.close(os.open(probe, os.O_CREAT | os.O_WRONLY, 0o600))
        grown = os.stat(self.scratch).st_size > size
        os.unlink(probe)
        self._restore_scratch()
        return grown

    def _count_processes(self) -> None:
        """Where programs share a user with others, the limit on its processes is what it has now and as many more."""
        if self.uid is None and not self.user_namespace and IS_LINUX:
            counted, _ = self._process_limit
            if time.monotonic() > counted + RECOUNT_SECONDS or not counted:
                self._process_limit = (time.monotonic(), tasks_of_user(os.geteuid()) + PROCESSES)


def _looks(path: str) -> tuple[int, ...]:
    """Return what changes when a directory in memory is written to or altered in any way.

    Times alone would not do: they are as coarse as the kernel's tick.
    """
    seen = os.stat(path)
    return seen.st_size, seen.st_mode, seen.st_mtime_ns, seen.st_atime_ns, seen.st_ctime_ns


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
    return next((uid for uid in (PRIVATE_UIDS + number, NOBODY) if _can_enter(uid, roots)), None)


def _can_enter(uid: int, directories: list[str]) -> bool:
    """Return whether a user can read directories and pass through them. Only root can ask."""
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            os.setresuid(uid, uid, uid)
            code = 0 if all(os.access(directory, os.R_OK | os.X_OK) for directory in directories) else 1
        finally:
            os._exit(code)
    return os.waitpid(pid, 0)[1] == 0


def limit_address_space(kb: int) -> None:
    """A loose ceiling, `ADDRESS_SLACK` above `kb`, that stops one huge allocation.

    The memory limit itself is on resident pages.
    """
    if IS_LINUX:
        set_limit(resource.RLIMIT_AS, kb * 1024 + ADDRESS_SLACK)
