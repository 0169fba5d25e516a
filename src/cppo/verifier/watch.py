"""Waits for the process of one test and ends it when it takes more than it may. Standard library only."""

from __future__ import annotations

import os
import select
import time

from cppo.verifier.family import (
    CLOCK_TICKS,
    descendants,
    family_usage,
    family_waited_seconds,
    peak_kb,
    process_number,
    resident_kb,
    sockets_kb,
    waited_seconds,
)
from cppo.verifier.jail import PROCESSES
from cppo.verifier.linux import IS_LINUX, SIGKILL
from cppo.verifier.mounts import is_full

TYPING = False
if TYPING:  # the typing module would fill the worker's memory
    import resource
    from typing import Any

POLL_SECONDS = 0.02
NAP_SECONDS = 0.002
DISK_SECONDS = 0.1
SLOW_SECONDS = 0.2
"""Only tests that take longer are asked how long they waited for a processor."""
REMEMBERED = 1024
"""So many processes of a test are told apart once they are gone."""


class Ended:
    """How a test process ended.

    Wait status, peak resident KiB, wall seconds, seconds ready but without a processor, what it was killed for ("" if
    it ended by itself), and the most memory (KiB) and processor time it was seen with together with its children.
    """

    def __init__(self, status: int, usage: resource.struct_rusage, wall: float, watch: Watch) -> None:
        self.status = status
        self.peak_kb = peak_kb(usage)
        self.wall = wall
        self.waited = watch.waited
        self.killed = watch.killed
        self.family_kb = watch.family_kb
        self.cpu = max(usage.ru_utime + usage.ru_stime, watch.family_cpu)


class Watch:
    """One test process under its limits. `ceiling_kb`: resident memory at which it is killed.

    `disk`: its scratch directory when that is on a disk, whose space no mount limits.
    """

    def __init__(self, connection: int, limits: dict[str, Any], ceiling_kb: int, disk: str | None) -> None:
        self.connection = connection
        self.limits = limits
        self.ceiling_kb = ceiling_kb
        self.disk = disk
        self.killed = ""
        self.waited = 0.0
        self.family_kb = 0
        self.family_cpu = 0.0
        self._own_ticks: dict[bytes, int] = {}
        self._forgotten_ticks = 0
        self._disk_at = 0.0

    def wait(self, pid: int, started: float) -> Ended:
        """Wait for `pid`, which began at `started` (`time.perf_counter`); kill it at its limits.

        Raises `ConnectionAbortedError`, the process killed, when the verifier is gone.
        """
        if not IS_LINUX:
            return self._wait_by_turns(pid, started)
        deadline = started + self.limits["wall"]
        pidfd = os.pidfd_open(pid)
        gone = False
        try:
            poll = select.poll()
            poll.register(pidfd, select.POLLIN)
            poll.register(self.connection, 0)  # hang-ups are always reported
            while not (events := poll.poll(1000 * min(POLL_SECONDS, max(0.0, deadline - time.perf_counter())))):
                self._inspect(pidfd, deadline)
                if self.killed:
                    break
            if time.perf_counter() - started > SLOW_SECONDS and (number := process_number(pidfd)):
                self.waited = max(self.waited, waited_seconds(number))
            gone = not self.killed and pidfd not in dict(events)
            if self.killed or gone:
                os.kill(pid, SIGKILL)
        finally:
            os.close(pidfd)
        _, status, usage = os.wait4(pid, 0)
        if gone:
            raise ConnectionAbortedError("the verifier is gone")
        return Ended(status, usage, time.perf_counter() - started, self)

    def _inspect(self, pidfd: int, deadline: float) -> None:
        """Look at the clock, at the process and at all that it started; say what it must be killed for."""
        if time.perf_counter() >= deadline:
            self.killed = "wall"
            self.waited = family_waited_seconds(descendants())  # programs often compute in a thread or a child
            return
        family = descendants()  # orphans are not below the test's process any more, but below this one
        if len(family) > PROCESSES:
            self.killed = "processes"
        elif self._memory_kb(pidfd, family) > self.ceiling_kb:
            self.killed = "memory"
        elif self.family_cpu > self.limits["cpu"]:
            self.killed = "cpu"
        if self.disk is not None and not self.killed and time.perf_counter() > self._disk_at:
            self._disk_at = time.perf_counter() + DISK_SECONDS
            if is_full(self.disk, family):
                self.killed = "disk"

    def _memory_kb(self, pidfd: int, family: list[bytes]) -> int:
        """Return what the family holds. The processor time of a family of several, now or before, is taken too."""
        sockets = sockets_kb(family)
        if len(family) > 1 or self._own_ticks:
            memory = self._family_memory_kb(family)
        else:
            memory = resident_kb(pidfd)
            if not sockets:  # the wait for the process brings its peak
                return memory
        self.family_kb = max(self.family_kb, memory + sockets)
        return memory + sockets

    def _family_memory_kb(self, family: list[bytes]) -> int:
        """Look at several processes. The time of one that nobody waited for, which the kernel forgets, is what it was
        last seen with.

        Of two sums, neither of which counts anything twice, the larger holds: what the living took, with the children
        they waited for, and what each process ever seen took by itself.
        """
        memory, ticks, own = family_usage(family)
        self._own_ticks.update(own)
        ever = self._forgotten_ticks + sum(self._own_ticks.values())
        if len(self._own_ticks) > REMEMBERED:
            self._forgotten_ticks = ever - sum(own.values())
            self._own_ticks = own
        self.family_cpu = max(self.family_cpu, max(ticks, ever) / CLOCK_TICKS)
        return memory

    def _wait_by_turns(self, pid: int, started: float) -> Ended:
        """The same where processes cannot be polled: look, nap, look again. Memory is known afterwards only."""
        poll = select.poll()
        poll.register(self.connection, 0)
        while True:
            found, status, usage = os.wait4(pid, 0 if self.killed else os.WNOHANG)
            if found:
                return Ended(status, usage, time.perf_counter() - started, self)
            if poll.poll(1000 * NAP_SECONDS):
                os.kill(pid, SIGKILL)
                raise ConnectionAbortedError("the verifier is gone")
            if time.perf_counter() - started > self.limits["wall"]:
                self.killed = "wall"
                os.kill(pid, SIGKILL)
