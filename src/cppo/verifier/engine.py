"""The thread that judges programs, and how other threads talk to it: through an inbox and the sinks of their calls."""

from __future__ import annotations

import contextlib
import queue
import selectors
import socket
import threading
from collections import deque
from collections.abc import Callable, Sequence

from cppo.errors import VerifierError
from cppo.verifier.dispatcher import Dispatcher, ReportSink
from cppo.verifier.job import Request
from cppo.verifier.schedule import Call
from cppo.verifier.settings import VerifierConfig
from cppo.verifier.verdict import ProgramVerdict


class Engine:
    """Workers and the programs they run, served by one thread that starts with the first use.

    `submit`, `cancel`, `describe`, `ask` and `close` may be called from any thread. `keep` is told every verdict with
    the name it is kept under.
    An engine belongs to the process that made it: a forked copy may only be forgotten.
    """

    def __init__(self, config: VerifierConfig, keep: Callable[[bytes, ProgramVerdict], None]) -> None:
        self._config = config
        self._keep = keep
        self._lock = threading.Lock()
        self._inbox: deque[Callable[[], None]] = deque()
        self._thread: threading.Thread | None = None
        self._abandoned = False
        self._error: VerifierError | None = None

    def submit(self, call: Call, requests: Sequence[tuple[int, Request]]) -> None:
        """Hand in programs under numbers of the caller's choice; raises `VerifierError` when the engine has ended."""
        self._post(lambda: self._dispatcher.add(call, requests))

    def cancel(self, call: Call) -> threading.Event:
        """Forget a call and end its programs; the event is set once that has happened."""
        done = threading.Event()

        def cancel() -> None:
            self._dispatcher.cancel(call)
            done.set()

        try:
            self._post(cancel)
        except VerifierError:
            done.set()  # the engine has ended, and all calls with it
        return done

    def describe(self, sink: ReportSink) -> None:
        """Give `sink` what a worker says of its jail, or the `VerifierError` that says why there is none."""
        self._post(lambda: self._dispatcher.report_to(sink))

    def ask(self) -> dict[str, str]:
        """Wait for what a worker says of its jail; raises `VerifierError` when none can be started."""
        answers: queue.SimpleQueue[dict[str, str] | VerifierError] = queue.SimpleQueue()
        self.describe(answers.put)
        answer = answers.get()
        if isinstance(answer, VerifierError):
            raise VerifierError(str(answer)) from answer
        return answer

    def worker_pids(self) -> list[int]:
        """Return the process ids of the workers there are now."""
        return [] if self._thread is None else [link.worker.pid for link in list(self._dispatcher.links)]

    def close(self) -> None:
        """End all workers and everything that runs in them; calls still waiting get a `VerifierError`."""
        with self._lock:
            self._error = self._error or VerifierError("this Verifier is closed; make a new one")
        if self._thread is not None:
            self._wake()
            self._thread.join()

    def abandon(self) -> None:
        """End soon, without waiting and without a lock: nobody is left who could ask for anything."""
        self._abandoned = True
        if self._thread is not None:
            self._wake()

    def forget(self) -> None:
        """Let go of everything in a forked copy of the process; the workers of its parent are not disturbed."""
        if self._thread is None:
            return
        for link in list(self._dispatcher.links):
            link.worker.forget()
            link.close()
        self._dispatcher.selector.close()
        self._bell.close()
        self._ear.close()

    def _post(self, action: Callable[[], None]) -> None:
        with self._lock:
            if self._error is not None:
                raise VerifierError(str(self._error)) from self._error
            self._inbox.append(action)
            if self._thread is None:
                self._start()
        self._wake()

    def _start(self) -> None:
        self._dispatcher = Dispatcher(self._config, self._keep)
        self._ear, self._bell = socket.socketpair()
        self._ear.setblocking(False)
        self._bell.setblocking(False)
        self._dispatcher.selector.register(self._ear, selectors.EVENT_READ, lambda _: self._ear.recv(4096))
        self._thread = threading.Thread(target=self._main, name="cppo-verifier", daemon=True)
        self._thread.start()

    def _wake(self) -> None:
        with contextlib.suppress(OSError):  # it has enough to read to wake up, or it has ended
            self._bell.send(b"\0")

    def _main(self) -> None:
        error = VerifierError("this Verifier is gone; make a new one")
        try:
            while self._error is None and not self._abandoned:
                self._empty_inbox()
                self._dispatcher.turn()
        except Exception as fault:  # noqa: BLE001 - the boundary of this thread: callers must not wait for ever
            error = VerifierError(f"the verifier's own thread failed: {type(fault).__name__}: {fault}")
            error.__cause__ = fault
        with self._lock:
            self._error = self._error or error
        self._empty_inbox()
        self._dispatcher.fail(self._error)
        self._dispatcher.close()
        self._ear.close()
        self._bell.close()

    def _empty_inbox(self) -> None:
        while self._inbox:
            self._inbox.popleft()()
