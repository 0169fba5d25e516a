"""The verifier: runs programs on the tests of their problems and says which pass.

What passes. The problem's checker must accept the answer (standard output, or the value returned in call mode) of
every test, within limits on processor time, wall time, memory and output. Answers are compared here: expected outputs
never enter the jail of the program. CPU time decides TLE, wall time is the backstop; a timeout of a program that was
kept waiting for a processor is repeated alone before it counts, and so is the failure of one that was refused a process
where programs share a user. What failed in the verifier itself is INFRA, never a
verdict on the program.

What the jail covers depends on its tier, `namespaces`, `landlock` or `rlimits`: see `cppo.verifier.tiers` for what each
stops and what it leaves open, and `Verifier.describe()` for what this machine permits. In every tier programs run in
processes forked from a small worker, never from the caller, one process a test (unless `isolate_tests` is off), with no
state carried over, an empty environment, and everything they start killed after each test.
"""

from __future__ import annotations

import contextlib
import queue
import threading
from collections import deque
from collections.abc import Generator, Iterable, Iterator, Sequence
from concurrent.futures import Future
from types import TracebackType
from typing import Self

from cppo.errors import VerifierError
from cppo.problems import Problem
from cppo.verifier.core import Batch, Facade, window
from cppo.verifier.engine import Engine
from cppo.verifier.job import Request
from cppo.verifier.schedule import Call
from cppo.verifier.verdict import ProgramVerdict

CANCEL_SECONDS = 10.0


class Verifier(Facade):
    """Runs programs in worker processes. A context manager; workers start with the first program.

    `workers` overrides `config.workers`. Any number of threads may use it at once: their programs take turns. A worker
    that dies is replaced and its program run again; what still fails after `config.retries` more attempts is INFRA.
    Verdicts are kept (`config.cache_entries`, `config.cache_path`), so that a program runs once on a problem.
    """

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
        not plain JSON, or when the cache file is damaged; `VerifierError` when no worker can be started. An interrupt
        ends the batch's programs.
        """
        core = self._core()
        wanted = Batch(core.intake.take_all(batch, all_tests))
        if wanted.owed:
            done = threading.Event()
            errors: list[VerifierError] = []

            def sink(number: int, outcome: ProgramVerdict | VerifierError) -> None:
                if isinstance(outcome, VerifierError):
                    errors.append(outcome)
                    done.set()
                elif wanted.settle(number, outcome):
                    done.set()

            with _ended(core.engine, Call(sink)) as call:
                core.engine.submit(call, wanted.owed)
                done.wait()
            if errors:
                raise VerifierError(str(errors[0])) from errors[0]
        return wanted.verdicts()

    def submit(self, problem: Problem, program: str, *, all_tests: bool = False) -> Future[ProgramVerdict]:
        """Start judging a program and return its verdict to come; cancelling that ends the program.

        Raises `DataError` as `verify` does; the future raises `VerifierError` when no worker can be started.
        """
        core = self._core()
        future: Future[ProgramVerdict] = Future()
        taken = core.intake.take(0, (problem, program), all_tests)
        if isinstance(taken, ProgramVerdict):
            future.set_result(taken)
            return future

        def sink(_: int, outcome: ProgramVerdict | VerifierError) -> None:
            if not future.set_running_or_notify_cancel():
                return
            if isinstance(outcome, VerifierError):
                future.set_exception(outcome)
            else:
                future.set_result(outcome)

        call = Call(sink)
        future.add_done_callback(lambda ended: core.engine.cancel(call) if ended.cancelled() else None)
        core.engine.submit(call, [(0, taken)])
        return future

    def stream(
        self, pairs: Iterable[tuple[Problem, str]], *, all_tests: bool = False
    ) -> Generator[tuple[int, ProgramVerdict], None, None]:
        """Yield (index, verdict) of each (problem, program) of `pairs` as programs finish; indices count the pairs.

        `pairs` may be endless: it is read no further ahead of the results than keeps the workers busy. Raises as
        `verify` does, an unusable pair when it is read. Ending the iteration early ends the programs under way.
        """
        core = self._core()
        arrived: queue.SimpleQueue[tuple[int, ProgramVerdict | VerifierError]] = queue.SimpleQueue()
        known: deque[tuple[int, ProgramVerdict]] = deque()
        numbered, flying, more = enumerate(pairs), 0, True
        with _ended(core.engine, Call(lambda number, outcome: arrived.put((number, outcome)))) as call:
            while more or flying or known:
                while more and flying + len(known) < window(self.config):
                    item = next(numbered, None)
                    if item is None:
                        more = False
                        break
                    index, pair = item
                    taken = core.intake.take(index, pair, all_tests)
                    if isinstance(taken, Request):
                        core.engine.submit(call, [(index, taken)])
                        flying += 1
                    else:
                        known.append((index, taken))
                if known and arrived.empty():
                    yield known.popleft()
                elif flying:
                    number, outcome = arrived.get()
                    if isinstance(outcome, VerifierError):
                        raise VerifierError(str(outcome)) from outcome
                    flying -= 1
                    yield number, outcome

    def describe(self) -> dict[str, str]:
        """Return, in words, what a worker on this machine isolates and what it had to do without.

        Raises `VerifierError` when no worker can be started.
        """
        return self._core().engine.ask()

    def close(self) -> None:
        """End all workers and everything that runs in them; calls of other threads get a `VerifierError`."""
        self._close()


@contextlib.contextmanager
def _ended(engine: Engine, call: Call) -> Iterator[Call]:
    """Forget `call` when the block is left by an error or an interrupt, and wait until its programs have ended."""
    try:
        yield call
    except BaseException:
        engine.cancel(call).wait(CANCEL_SECONDS)
        raise
