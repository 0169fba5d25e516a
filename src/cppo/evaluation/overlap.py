"""Work that overlaps: while one piece waits for its verdicts, the model writes for the next.

Each piece runs in a thread of its own, but every call to the model is made in the thread that asks for the results, one
at a time and each alone: engines need not be safe for threads, what a call holds does not depend on the others, and
Ctrl-C reaches the model as if there were no threads.
"""

from __future__ import annotations

import queue
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable, Sequence
from concurrent.futures import CancelledError, Future
from itertools import islice
from typing import NamedTuple, TypeVar

from cppo.policy.engine import Completion, Done, Engine, GenerationRequest

T = TypeVar("T")

AHEAD = 2
"""Pieces at work at the same time."""


def overlapped(works: Iterable[Callable[[Engine], T]], engine: Engine, ahead: int = AHEAD) -> Generator[T, None, None]:
    """Yield the results of `works` in their order, with up to `ahead` of them at work at the same time.

    Each is called with an engine that stands for `engine`. What a piece raises is raised in its turn, after the results
    before it. Close the iterator to stop early: pieces that wait for the model, or ask for it later, get
    `CancelledError` and end.
    """
    asked = _Asked()
    waiting, begun = iter(works), deque[Future[T]]()

    def begin() -> None:
        for work in islice(waiting, 1):
            begun.append(_in_thread(work, asked))

    try:
        for _ in range(ahead):
            begin()
        while begun:
            if begun[0].done():
                result = begun.popleft().result()
                begin()
                yield result
            else:
                asked.serve_one(engine)
    finally:
        asked.close()


class _Call(NamedTuple):
    requests: Sequence[GenerationRequest]
    on_done: Done | None
    answer: Future[list[Completion]]


class _Asked:
    """The engine of the pieces: calls wait in a queue until they are served."""

    def __init__(self) -> None:
        self.calls: queue.SimpleQueue[_Call | None] = queue.SimpleQueue()
        self.closed = False
        self.lock = threading.Lock()

    def generate(self, requests: Sequence[GenerationRequest], on_done: Done | None = None) -> list[Completion]:
        """Have the requests answered in the other thread."""
        call = _Call(requests, on_done, Future())
        with self.lock:
            if self.closed:
                raise CancelledError
            self.calls.put(call)
        return call.answer.result()

    def serve_one(self, engine: Engine) -> None:
        """Wait for a call and make it, or for the end of a piece."""
        call = self.calls.get()
        if call is None:
            return
        try:
            call.answer.set_result(engine.generate(call.requests, call.on_done))
        except Exception as error:  # noqa: BLE001 - it belongs to the piece that asked
            call.answer.set_exception(error)
        except BaseException:
            call.answer.cancel()
            raise

    def ended(self) -> None:
        """Say that a piece is at its end."""
        self.calls.put(None)

    def close(self) -> None:
        """Refuse what waits and what comes."""
        with self.lock:
            self.closed = True
        while not self.calls.empty():
            if (call := self.calls.get()) is not None:
                call.answer.cancel()


def _in_thread(work: Callable[[Engine], T], asked: _Asked) -> Future[T]:
    result: Future[T] = Future()

    def run() -> None:
        try:
            result.set_result(work(asked))
        except BaseException as error:  # noqa: BLE001 - whoever asks for the result gets it
            result.set_exception(error)
        asked.ended()

    threading.Thread(target=run, daemon=True).start()
    return result
