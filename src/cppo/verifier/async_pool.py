"""The verifier for asyncio: the same as `cppo.verifier.pool`, awaited."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Callable, Iterable, Sequence
from functools import partial
from types import TracebackType
from typing import Any, Self

from cppo.errors import VerifierError
from cppo.problems import Problem
from cppo.verifier.core import Batch, Core, Facade, window
from cppo.verifier.job import Request
from cppo.verifier.schedule import Call
from cppo.verifier.verdict import ProgramVerdict

Pairs = Iterable[tuple[Problem, str]] | AsyncIterable[tuple[Problem, str]]


class AsyncVerifier(Facade):
    """Runs programs in worker processes, from asyncio. An asynchronous context manager.

    Any number of tasks may use it at once: their programs take turns. Cancelling a task ends the programs that only it
    waits for. Otherwise as `cppo.verifier.Verifier`.
    """

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def verify(self, batch: Sequence[tuple[Problem, str]], *, all_tests: bool = False) -> list[ProgramVerdict]:
        """Return the verdict of each (problem, program) of `batch`, in order; see `Verifier.verify`."""
        core = await asyncio.to_thread(self._core)
        wanted = Batch(await asyncio.to_thread(core.intake.take_all, batch, all_tests))
        if wanted.owed:
            answer = _Answer()

            def sink(number: int, outcome: ProgramVerdict | VerifierError) -> None:
                if isinstance(outcome, VerifierError):
                    answer.give(outcome)
                elif wanted.settle(number, outcome):
                    answer.give(None)

            call = Call(sink)
            try:
                core.engine.submit(call, wanted.owed)
                await answer.get()
            except BaseException:
                core.engine.cancel(call)
                raise
        return wanted.verdicts()

    async def stream(
        self, pairs: Pairs, *, all_tests: bool = False
    ) -> AsyncGenerator[tuple[int, ProgramVerdict], None]:
        """Yield (index, verdict) of each (problem, program) of `pairs` as programs finish; see `Verifier.stream`."""
        stream = _Stream(await asyncio.to_thread(self._core), window(self.config))
        feeder = asyncio.create_task(stream.feed(pairs, all_tests))
        try:
            while (arrival := await stream.next()) is not None:
                yield arrival
        finally:
            feeder.cancel()
            stream.end()

    async def describe(self) -> dict[str, str]:
        """Return, in words, what a worker on this machine isolates; see `Verifier.describe`."""
        core = await asyncio.to_thread(self._core)
        answer = _Answer()
        core.engine.describe(answer.give)
        description: dict[str, str] = await answer.get()
        return description

    async def close(self) -> None:
        """End all workers and everything that runs in them; tasks that still wait get a `VerifierError`."""
        await asyncio.to_thread(self._close)


class _Answer:
    """One answer of the engine's thread to a task that waits for it."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._future: asyncio.Future[Any] = self._loop.create_future()

    def give(self, outcome: Any) -> None:
        """Hand over the answer, or the `VerifierError` that is raised in its place; from any thread."""
        _tell(self._loop, self._conclude, outcome)

    def _conclude(self, outcome: Any) -> None:
        if not self._future.done():  # the task may have been cancelled
            self._future.set_result(outcome)

    async def get(self) -> Any:
        outcome = await self._future
        if isinstance(outcome, VerifierError):
            raise VerifierError(str(outcome)) from outcome
        return outcome


class _Stream:
    """A stream's programs under way: read and handed in by one task, taken out by another, at most `room` at a time."""

    def __init__(self, core: Core, room: int) -> None:
        self._core = core
        self._room = asyncio.Semaphore(room)
        self._arrived: asyncio.Queue[tuple[int, ProgramVerdict | Exception]] = asyncio.Queue()
        loop = asyncio.get_running_loop()
        self._call = Call(lambda number, outcome: _tell(loop, self._arrived.put_nowait, (number, outcome)))
        self._taken, self._given, self._all_taken = 0, 0, False

    async def feed(self, pairs: Pairs, everything: bool) -> None:
        """Read `pairs` to the end, waiting for room before each."""
        iterator = aiter(pairs if isinstance(pairs, AsyncIterable) else _each(pairs))
        try:
            while True:
                await self._room.acquire()
                pair = await anext(iterator)
                take = partial(self._core.intake.take, self._taken, pair, everything)
                taken = take() if self._core.intake.prompt else await asyncio.to_thread(take)
                if isinstance(taken, Request):
                    self._core.engine.submit(self._call, [(self._taken, taken)])
                else:
                    self._arrived.put_nowait((self._taken, taken))
                self._taken += 1
        except Exception as end:  # noqa: BLE001 - the boundary of this task: its end and its errors go to the one who reads
            self._arrived.put_nowait((-1, end))

    async def next(self) -> tuple[int, ProgramVerdict] | None:
        """Return the next (index, verdict), None at the end; raises what ended the feeding."""
        while not self._all_taken or self._given < self._taken:
            index, outcome = await self._arrived.get()
            if isinstance(outcome, StopAsyncIteration):
                self._all_taken = True
            elif isinstance(outcome, Exception):
                raise outcome
            else:
                self._given += 1
                self._room.release()
                return index, outcome
        return None

    def end(self) -> None:
        """Forget what is still under way."""
        if self._given < self._taken:
            self._core.engine.cancel(self._call)


async def _each(pairs: Iterable[tuple[Problem, str]]) -> AsyncIterator[tuple[Problem, str]]:
    for pair in pairs:
        yield pair


def _tell(loop: asyncio.AbstractEventLoop, function: Callable[[Any], None], value: Any) -> None:
    """Call `function` on the event loop, from any thread; a loop that is closed has nobody left who waits."""
    with contextlib.suppress(RuntimeError):
        loop.call_soon_threadsafe(function, value)
