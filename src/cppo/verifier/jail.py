"""What one worker has to keep programs in, and what it does with it: forks, limits, scratch, the end of a test.

Standard library only: it runs inside the worker. `building.enter_worker` makes a `Jail`.
"""

from __future__ import annotations

import os
import resource
import time

from cppo.verifier import landlock
from cppo.verifier.family import kill_descendants, tasks_of_user
from cppo.verifier.linux import (
    CLONE_NEWPID,
    IS_LINUX,
    PR_SET_DUMPABLE,
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
from cppo.verifier.mounts import SCRATCH, wipe

TYPING = False
if TYPING:  # the typing module would fill the worker's memory
    pass

NOBODY = 65534
PRIVATE_UIDS = 1 << 30
PROCESSES = 128
OPEN_FILES = 256
ORPHAN_SECONDS = 5.0
RECOUNT_SECONDS = 10.0
THREAD_STACK_BYTES = 64 << 20
ADDRESS_SLACK = 4 << 30
"""Address space beyond the memory limit: thread stacks and shared libraries reserve much and touch little. It is room
for some fifty threads; with more, one program could use up the threads of a user whose other programs run beside it."""


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

    @property
    def shares_user(self) -> bool:
        """Whether the kernel counts the processes of this worker's programs together with those of others."""
        return self.uid is None and not self.user_namespace and IS_LINUX

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
                place for place in (temporary, "/tmp", "/var/tmp") if self.uid is None or can_enter(self.uid, [place])
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

    def recount_processes(self) -> None:
        """Count the user's processes anew before the next program: a program was refused one by the last count."""
        self._process_limit = (0.0, 0)

    def _count_processes(self) -> None:
        """Where programs share a user with others, the limit on its processes is what it has now and as many more."""
        if self.shares_user:
            counted, _ = self._process_limit
            if time.monotonic() > counted + RECOUNT_SECONDS or not counted:
                self._process_limit = (time.monotonic(), tasks_of_user(os.geteuid()) + PROCESSES)


def _looks(path: str) -> tuple[int, ...]:
    """Return what changes when a directory in memory is written to or altered in any way.

    Times alone would not do: they are as coarse as the kernel's tick.
    """
    seen = os.stat(path)
    return seen.st_size, seen.st_mode, seen.st_mtime_ns, seen.st_atime_ns, seen.st_ctime_ns


def can_enter(uid: int, directories: list[str]) -> bool:
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
