"""Tasks with dependencies on N slots, each slot a child process; stops cleanly, says why, and can be run again."""

from __future__ import annotations

import queue
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

from cppo.errors import CppoError, GateError, RunError, VerifierError
from cppo.lanes import COMMAND, Lane
from cppo.progress import Reporter
from cppo.study.progress import Work, progress_line

POLL_SECONDS = 0.2
SAY_SECONDS = 30.0
"""How often progress is said while no task starts or ends."""

BY_STATUS: dict[int, type[CppoError]] = {error.exit_code: error for error in (RunError, GateError, VerifierError)}
"""What a failed child's exit status means; any other is a `CppoError`."""


@dataclass(frozen=True)
class Task:
    """One piece of work: its name, what it waits for, and the work of a `Lane` or what is done in this process.

    `kind`: tasks of one kind take alike, which is what the time left is told from. `needs` may name tasks that are
    complete already and no longer among those to run.
    """

    name: str
    kind: str
    needs: frozenset[str]
    work: tuple[str, ...] = ()
    here: Callable[[], None] | None = None


class Units(NamedTuple):
    """How far a child is in its work, as it reports it."""

    done: int
    total: int
    start: int


class Scheduler:
    """Runs tasks on `slots` slots, in the order given wherever dependencies allow."""

    def __init__(
        self,
        tasks: Sequence[Task],
        slots: int,
        reporter: Reporter,
        took: dict[str, list[float]],
        command: Sequence[str] = COMMAND,
    ) -> None:
        self.command, self.idle = command, list[Lane]()
        self.waiting = {task.name: task for task in tasks}
        self.total, self.slots, self.reporter = len(tasks), slots, reporter
        self.took = {kind: list(seconds) for kind, seconds in took.items()}
        self.running: dict[str, tuple[Task, Lane, float]] = {}
        self.units: dict[str, Units] = {}
        self.events: queue.SimpleQueue[tuple[str, str, list[object]]] = queue.SimpleQueue()
        self.failed: CppoError | None = None
        self.said, self.changed = time.monotonic(), False

    def run(self) -> None:
        """Run every task, each after what it needs.

        When one fails no further one is started, those that run go on to their end, and the failure is raised with the
        child's last words: `GateError`, `VerifierError` or `RunError` by its exit status, else `CppoError`. Whatever
        else ends this call (Ctrl-C, say) ends the children first.
        """
        try:
            while self.running or (self.waiting and self.failed is None):
                if self.failed is None:
                    self._start()
                if self.changed or time.monotonic() - self.said > SAY_SECONDS:
                    self._say()
                self._listen()
                self._reap()
        finally:
            for lane in (*self.idle, *(lane for _, lane, _ in self.running.values())):
                lane.end()
        if self.changed:
            self._say()
        if self.failed is not None:
            raise self.failed

    def _start(self) -> None:
        """Start what is ready while there is room; work of this process is done at once and needs no slot."""
        while (task := self._next()) is not None:
            del self.waiting[task.name]
            if task.here is not None:
                task.here()
                continue
            lane = self._lane()
            lane.give(task.work, partial(self._hear, task.name))
            self.running[task.name] = task, lane, time.monotonic()
            self.changed = True

    def _lane(self) -> Lane:
        """Return a lane that is at no work, a fresh one where none is left or what was left has died meanwhile."""
        while self.idle:
            lane = self.idle.pop()
            if lane.alive:
                return lane
            lane.end()
        return Lane(self.command)

    def _next(self) -> Task | None:
        busy = {*self.waiting, *self.running}
        for task in self.waiting.values():
            ready = not task.needs & (busy - {task.name})
            if ready and (task.here is not None or len(self.running) < self.slots):
                return task
        if self.waiting and not self.running:
            names = ", ".join(self.waiting)
            raise RunError(f"these tasks wait for one another and none can start: {names}")
        return None

    def _hear(self, name: str, call: str, arguments: list[object]) -> None:
        self.events.put((name, call, arguments))

    def _listen(self) -> None:
        """Take in what the children say, for a moment."""
        deadline = time.monotonic() + POLL_SECONDS
        while self.running and (left := deadline - time.monotonic()) > 0:
            try:
                name, call, arguments = self.events.get(timeout=left)
            except queue.Empty:
                break
            self._take(name, call, arguments)

    def _take(self, name: str, call: str, arguments: list[object]) -> None:
        if call == "say":
            self.reporter.say(f"[{name.rpartition('/')[0] or name}] {arguments[0]}")
        elif call == "begin":
            total, start = int(str(arguments[1])), int(str(arguments[2]))
            self.units[name] = Units(start, total, start)
        elif call == "advance" and name in self.units:
            self.units[name] = self.units[name]._replace(done=int(str(arguments[0])))

    def _reap(self) -> None:
        for name, (task, lane, began) in list(self.running.items()):
            status = lane.status()
            if status is None:
                continue
            while not self.events.empty():
                self._take(*self.events.get())
            del self.running[name]
            self.units.pop(name, None)
            if status == 0:
                self.idle.append(lane)
                self.took.setdefault(task.kind, []).append(time.monotonic() - began)
            else:
                lane.end()
                self._fail(name, lane, status)
            self.changed = True

    def _fail(self, name: str, lane: Lane, status: int) -> None:
        text = (
            f"{name} failed with status {status}; nothing new is started, what was complete is kept, and the same "
            f"command goes on from there. Its last words:\n  {lane.last_words()}"
        )
        if self.running or self.failed is not None:
            self.reporter.say(text)  # what is raised is heard only when the others have ended
        self.failed = self.failed or BY_STATUS.get(status, CppoError)(text)

    def _say(self) -> None:
        self.said, self.changed = (now := time.monotonic()), False
        running = [self._work(task, now - began) for task, _, began in self.running.values()]
        waiting = [(task.name, task.kind, task.needs) for task in self.waiting.values() if task.here is None]
        self.reporter.say(progress_line(self.total, len(self.waiting), running, waiting, self.took, self.slots))

    def _work(self, task: Task, seconds: float) -> Work:
        units = self.units.get(task.name)
        if units is None:
            return Work(task.name, task.kind, seconds)
        return Work(task.name, task.kind, seconds, (units.done, units.total), units.start)
