"""The verifier: runs programs on the tests of their problems and says which pass.

What the jail covers. A program runs in processes forked from a small worker, never from the caller. One process a
test (unless `isolate_tests` is off), no state carried over; CPU, wall time, resident memory, output, processes and
open files limited; all descendants killed and reaped after each test; scratch emptied after each test; the environment
empty; no descriptor, environment or memory of the caller within reach. Expected outputs stay in the caller: a program
can return bytes or a JSON value, and the comparison happens here. As root, or where user namespaces are permitted,
programs also have no network, their own process ids, a read-only file system with memory-backed scratch, and no
capabilities; as root they run as a user that owns nothing. `Verifier.describe()` says which of these this machine
permits.

What it does not cover. System calls are not filtered (no seccomp), so the whole kernel is in reach of a hostile
program. Files that anyone may read can be read, and /proc shows the processes of the machine. Memory is limited for
each process, not for their sum (128 processes at most). Without namespaces a program of the same user can signal the
caller's processes and use the network: use it only on programs you trust that far. Linux only.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import threading
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

from cppo.errors import DataError, VerifierError
from cppo.problems import Problem
from cppo.verifier import wire
from cppo.verifier.judging import PreparedProblem, judge_test
from cppo.verifier.settings import VerifierConfig
from cppo.verifier.verdict import ProgramVerdict, TestResult, Verdict
from cppo.verifier.worker import WorkerDied, WorkerProcess

SILENCE_SECONDS = 30.0
"""How long a worker may say nothing beyond the wall time of a test before it counts as dead."""


@dataclass
class _Item:
    """One program to run and what is known of it so far."""

    problem: PreparedProblem
    program: str
    everything: bool
    attempts: int = 0
    results: list[TestResult] = field(default_factory=list)
    stopped: bool = False
    verdict: ProgramVerdict | None = None

    def request(self, isolate: bool) -> bytes:
        """Return the RUN frame of this program."""
        source = self.program.encode("utf-8", "surrogatepass")
        problem = self.problem
        header = {
            "mode": problem.mode,
            "entry_point": problem.entry_point,
            "limits": problem.limits,
            "preamble": problem.preamble,
            "all": self.everything,
            "isolate": isolate,
            "sizes": [len(source), *map(len, problem.inputs)],
        }
        return wire.pack(wire.RUN, header, b"".join((source, *problem.inputs)))

    def finish(self, status: str, detail: str) -> bool:
        """Take the worker's last word on this program; return False when it was a failure of the worker."""
        if status == "CE":
            self.verdict = ProgramVerdict(Verdict.CE, (), detail)
            return True
        failed = next((i for i, result in enumerate(self.results) if result.verdict is not Verdict.AC), None)
        if failed is None and len(self.results) < len(self.problem.inputs):
            return False
        kept = self.results if self.everything or failed is None else self.results[: failed + 1]
        verdict = Verdict.AC if failed is None else self.results[failed].verdict
        words = "" if failed is None else f"test {failed}: {self.results[failed].detail}".rstrip(": ")
        self.verdict = ProgramVerdict(verdict, tuple(kept), words)
        return True


class Verifier:
    """Runs programs in worker processes. A context manager; workers start with the first program.

    `workers` overrides `config.workers`. One `verify` runs at a time; a second thread waits for it. A worker that dies
    is replaced and its program run again; what still fails after `config.retries` more attempts is INFRA.
    """

    def __init__(self, config: VerifierConfig | None = None, *, workers: int | None = None) -> None:
        config = config or VerifierConfig()
        if workers is not None:
            config = VerifierConfig.model_validate({**config.model_dump(), "workers": workers})
        self.config = config
        self._workers: list[WorkerProcess] = []
        self._lock = threading.Lock()
        self._owner = os.getpid()
        self._closed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def verify(self, batch: Sequence[tuple[Problem, str]], *, all_tests: bool = False) -> list[ProgramVerdict]:
        """Return the verdict of each (problem, program) of `batch`, in order.

        A program is stopped at its first failed test unless `all_tests`. Equal programs of one problem run once. Raises
        `DataError` before anything runs when a problem has no tests, names an unknown checker, or holds values that are
        not plain JSON; `VerifierError` when no worker can be started.
        """
        prepared: dict[int, PreparedProblem] = {}
        items: dict[tuple[int, str], _Item] = {}
        keys = []
        for index, pair in enumerate(batch):
            problem, program = _checked(index, pair)
            key = (id(problem), program)
            keys.append(key)
            if id(problem) not in prepared:
                prepared[id(problem)] = PreparedProblem.of(problem, self.config)
            if key not in items:
                items[key] = _Item(prepared[id(problem)], program, all_tests)
                if not program.strip():
                    items[key].verdict = ProgramVerdict(Verdict.EMPTY, (), "there is no program")
        with self._lock:
            self._run([item for item in items.values() if item.verdict is None])
        verdicts = {key: item.verdict for key, item in items.items()}
        return [verdict for key in keys if (verdict := verdicts[key]) is not None]

    def describe(self) -> dict[str, str]:
        """Return, in words, what a worker on this machine isolates and what it had to do without."""
        with self._lock:
            worker = self._idle_worker([])
            return dict(worker.report)

    def close(self) -> None:
        """End all workers and everything that runs in them."""
        with self._lock:
            self._closed = True
            self._drop(self._workers)

    def _run(self, items: list[_Item]) -> None:
        if self._closed:
            raise VerifierError("this Verifier is closed; make a new one")
        waiting = deque(items)
        busy: dict[WorkerProcess, tuple[_Item, float]] = {}
        try:
            with selectors.DefaultSelector() as selector:
                while waiting or busy:
                    while waiting and len(busy) < self.config.workers:
                        self._start(waiting.popleft(), busy, waiting, selector)
                    for key, _ in selector.select(timeout=1.0):
                        self._advance(key.data, busy, waiting, selector)
                    for worker, (_, deadline) in list(busy.items()):
                        if time.monotonic() > deadline or not worker.running:
                            reason = worker.last_words() or "the worker died or fell silent"
                            self._retry(worker, reason, busy, waiting, selector)
        finally:  # an interrupt leaves programs running: their workers must not answer the next call
            self._drop(list(busy))

    def _start(
        self, item: _Item, busy: dict[WorkerProcess, tuple[_Item, float]], waiting: deque[_Item], selector: Any
    ) -> None:
        worker = self._idle_worker(list(busy))
        item.attempts += 1
        item.results.clear()
        item.stopped = False
        busy[worker] = (item, self._deadline(item))
        selector.register(worker.connection, selectors.EVENT_READ, worker)
        try:
            worker.send(item.request(self.config.isolate_tests))
        except WorkerDied as error:
            self._retry(worker, str(error), busy, waiting, selector)

    def _advance(
        self,
        worker: WorkerProcess,
        busy: dict[WorkerProcess, tuple[_Item, float]],
        waiting: deque[_Item],
        selector: Any,
    ) -> None:
        """Take what a worker has said."""
        item, _ = busy[worker]
        try:
            for kind, header, payload in worker.receive():
                if kind == wire.TEST:
                    item.results.append(judge_test(item.problem, len(item.results), header, payload))
                    failed = item.results[-1].verdict is not Verdict.AC
                    if failed and not item.everything and not item.stopped:
                        item.stopped = True
                        worker.send(wire.STOP_FRAME)
                elif kind == wire.DONE:
                    if not item.finish(header["status"], header.get("detail", "")):
                        raise WorkerDied(header.get("detail") or "the worker left tests out")
                    del busy[worker]
                    selector.unregister(worker.connection)
                    return
        except WorkerDied as error:
            self._retry(worker, str(error), busy, waiting, selector)
        else:
            busy[worker] = (item, self._deadline(item))

    def _retry(
        self,
        worker: WorkerProcess,
        reason: str,
        busy: dict[WorkerProcess, tuple[_Item, float]],
        waiting: deque[_Item],
        selector: Any,
    ) -> None:
        """Replace a dead worker; run its program again, or give it up as INFRA."""
        item, _ = busy.pop(worker)
        selector.unregister(worker.connection)
        self._drop([worker])
        if item.attempts > self.config.retries:
            item.verdict = ProgramVerdict(Verdict.INFRA, tuple(item.results), f"the verifier failed: {reason}")
        else:
            waiting.appendleft(item)

    def _deadline(self, item: _Item) -> float:
        limits = item.problem.limits
        return time.monotonic() + float(limits["wall"]) + float(limits["compile"]) + SILENCE_SECONDS

    def _idle_worker(self, busy: list[WorkerProcess]) -> WorkerProcess:
        if self._owner != os.getpid():  # this process was forked: the workers belong to its parent
            for worker in self._workers:
                worker.forget()
            self._workers, self._owner = [], os.getpid()
        for worker in self._workers:
            if worker not in busy:
                return worker
        worker = WorkerProcess(self.config)
        try:
            worker.wait_ready()
        except BaseException:
            worker.end()
            raise
        self._workers.append(worker)
        return worker

    def _drop(self, workers: Sequence[WorkerProcess]) -> None:
        for worker in list(workers):
            with contextlib.suppress(ValueError):
                self._workers.remove(worker)
            worker.end()


def _checked(index: int, pair: Any) -> tuple[Problem, str]:
    match pair:
        case (Problem() as problem, str() as program):
            return problem, program
    kinds = tuple(type(part).__name__ for part in pair) if isinstance(pair, (tuple, list)) else type(pair).__name__
    raise DataError(f"batch item {index} is {kinds}; each must be (Problem, program text)")
