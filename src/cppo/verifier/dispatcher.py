"""Programs to workers: starts workers, feeds them, reads them, replaces the dead. All on the engine's thread.

`turn` waits for whatever happens next: a worker speaks or ends, the bell rings, a deadline passes. Nothing else is ever
waited for, so that no worker is held up by another.
"""

from __future__ import annotations

import contextlib
import math
import selectors
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from cppo.errors import VerifierError
from cppo.verifier import wire
from cppo.verifier.built import kept_key, learn
from cppo.verifier.job import Job, Request, WorkerFault
from cppo.verifier.judging import in_one_line
from cppo.verifier.link import Link
from cppo.verifier.schedule import Call, Schedule, Ticket
from cppo.verifier.settings import VerifierConfig
from cppo.verifier.verdict import ProgramVerdict, Verdict
from cppo.verifier.worker import START_SECONDS, WorkerProcess

SILENCE_SECONDS = 30.0
"""How long a worker may say nothing beyond the wall time of a test before it counts as dead."""
RESTART_SECONDS = 1.0
"""Pause after a worker that could not be started."""
READ_BYTES = 1 << 18
PAYLOAD_SLACK = 1 << 20

ReportSink = Callable[[dict[str, str] | VerifierError], None]


class Dispatcher:
    """The workers of an engine and what they do. `keep` is told every verdict with the name it is kept under."""

    def __init__(self, config: VerifierConfig, keep: Callable[[bytes, ProgramVerdict], None]) -> None:
        self.config = config
        self.links: set[Link] = set()
        self.selector = selectors.DefaultSelector()
        self._keep = keep
        self._schedule = Schedule()
        self._idle: list[Link] = []
        self._busy: set[Link] = set()
        self._reporters: list[ReportSink] = []
        self._start_after = 0.0
        self._endings: list[threading.Thread] = []
        self._scratch = memoryview(bytearray(READ_BYTES))

    def add(self, call: Call, requests: Sequence[tuple[int, Request]]) -> None:
        """Take programs in."""
        for number, request in requests:
            self._schedule.add(call, number, request, partial(Job, recheck_timeouts=self.config.recheck_timeouts))

    def cancel(self, call: Call) -> None:
        """Forget a call and end the workers that run what only it waits for."""
        self._retire_with(self._schedule.cancel(call))

    def report_to(self, sink: ReportSink) -> None:
        """Remember to give `sink` what a worker says of its jail."""
        self._reporters.append(sink)

    def fail(self, error: VerifierError) -> None:
        """Tell all who wait that they wait in vain."""
        self._retire_with(self._schedule.fail(error))
        reporters, self._reporters = self._reporters, []
        for sink in reporters:
            sink(error)

    def close(self) -> None:
        """End all workers and wait until they have ended."""
        for link in list(self.links):
            self._retire(link)
        for thread in self._endings:
            thread.join()
        self.selector.close()

    def turn(self) -> None:
        """Hand out what waits, then wait for the next event and deal with it."""
        now = time.monotonic()
        self._answer_reporters()
        self._hand_out(now)
        self._start_workers(now)
        if self._schedule.anything_waiting:
            self._make_way(now)
        for key, events in self.selector.select(self._timeout(now)):
            key.data(events)
        self._check_deadlines(time.monotonic())

    def _hand_out(self, now: float) -> None:
        while self._idle and self._ready(now):
            link, ticket = self._idle.pop(), self._schedule.next(now)
            link.ticket, link.run = ticket, ticket.job.start()
            link.slice_end = now + self.config.slice_seconds
            self._busy.add(link)
            self._extend_deadline(link, now)
            try:
                link.send(link.run.frame)
                self._watch_writing(link)
            except WorkerFault as fault:
                self._lost(link, str(fault))
            else:
                link.run.frame = []  # the link holds what is not sent yet

    def _ready(self, now: float) -> int:
        if any(link.run is not None and link.run.alone for link in self._busy):
            return 0
        return self._schedule.ready(now, len(self._busy))

    def _start_workers(self, now: float) -> None:
        wanted = 0 if self._idle else max(self._ready(now), min(1, len(self._reporters)))
        if not wanted or now < self._start_after:
            return
        starting = len(self.links) - len(self._idle) - len(self._busy)
        for _ in range(min(wanted - starting, self.config.workers - len(self.links))):
            try:
                link = Link(WorkerProcess(self.config), now + START_SECONDS, self._scratch)
            except (OSError, VerifierError) as error:
                self._not_started(error)
                return
            self.links.add(link)
            self._listen(link, self._on_first_words, self._on_first_words)

    def _not_started(self, error: OSError | VerifierError) -> None:
        """A worker that cannot start is tried again while others run; when there is no other, every call fails."""
        if self.links:
            self._start_after = time.monotonic() + RESTART_SECONDS
        elif isinstance(error, VerifierError):
            self.fail(error)
        else:
            self.fail(VerifierError(f"a verifier worker cannot be started: {error}"))

    def _on_first_words(self, link: Link, _events: int) -> None:
        if link not in self.links or link.ready:  # dealt with by an event of the same round
            return
        self._listen_no_more(link)
        try:
            link.wait_ready()
        except (OSError, VerifierError) as error:
            self._retire(link)
            self._not_started(error)
            return
        learn(self.config, link.worker.report["tier"])
        self._listen(link, self._on_connection, self._on_end)
        self._rest(link)

    def _listen(self, link: Link, heard: Callable[[Link, int], None], ended: Callable[[Link, int], None]) -> None:
        self.selector.register(link.connection, selectors.EVENT_READ, partial(heard, link))
        self.selector.register(link.pidfd, selectors.EVENT_READ, partial(ended, link))

    def _listen_no_more(self, link: Link) -> None:
        for source in (link.connection, link.pidfd):
            with contextlib.suppress(KeyError, ValueError):  # a worker that did not start is not listened to any more
                self.selector.unregister(source)

    def _rest(self, link: Link) -> None:
        link.ticket = link.run = None
        link.deadline = math.inf
        self._busy.discard(link)
        self._idle.append(link)

    def _answer_reporters(self) -> None:
        link = next((link for link in self.links if link.ready), None) if self._reporters else None
        if link is not None:
            reporters, self._reporters = self._reporters, []
            for sink in reporters:
                sink(dict(link.worker.report))

    def _make_way(self, now: float) -> None:
        """Ask the programs that have had their time to stop after their current test."""
        for link in [link for link in self._busy if now >= link.slice_end]:
            try:
                self._tell_to_stop(link)
            except WorkerFault as fault:
                self._lost(link, str(fault))

    def _tell_to_stop(self, link: Link) -> None:
        if link.run is not None and not link.run.stopped:
            link.run.stopped = True
            link.slice_end = math.inf
            link.send((wire.STOP_FRAME,))
            self._watch_writing(link)

    def _watch_writing(self, link: Link) -> None:
        events = selectors.EVENT_READ | (selectors.EVENT_WRITE if link.sending else 0)
        key = self.selector.get_key(link.connection)
        if key.events != events:
            self.selector.modify(link.connection, events, key.data)

    def _extend_deadline(self, link: Link, now: float) -> None:
        """A test may take its wall time; calls in one process are heard of when it ends, and may all be made again."""
        if link.ticket is not None:
            problem = link.ticket.job.problem
            tries = 2 if problem.mode == "call" and not problem.isolate else 1
            busy = tries * float(problem.limits["wall"]) + float(problem.limits["compile"])
            link.deadline = now + busy + SILENCE_SECONDS

    def _on_connection(self, link: Link, events: int) -> None:
        if link not in self.links:  # ended by an event of the same round
            return
        try:
            if events & selectors.EVENT_WRITE:
                link.flush()
                self._watch_writing(link)
            if events & selectors.EVENT_READ:
                limit = int(link.ticket.job.problem.limits["output"]) if link.ticket else 0
                for kind, header, payload in link.receive(limit + PAYLOAD_SLACK):
                    self._take(link, kind, header, payload)
        except (WorkerFault, wire.WireError) as fault:
            self._lost(link, str(fault))

    def _take(self, link: Link, kind: int, header: dict[str, Any], payload: bytes) -> None:
        """Take one frame of a worker; raises `WorkerFault` or `WireError` when it is out of place."""
        ticket, run = link.ticket, link.run
        if ticket is None or run is None or kind not in (wire.TEST, wire.DONE):
            raise WorkerFault(f"the worker sent a frame of kind {kind} that nobody waits for")
        now = time.monotonic()
        if kind == wire.TEST:
            self._extend_deadline(link, now)
            if ticket.job.take(run, header, payload):
                self._tell_to_stop(link)
            return
        verdict = ticket.job.end(run, header)
        ticket.job.tiers.add(link.worker.report["tier"])
        self._rest(link)
        if verdict is None:
            self._schedule.put_back(ticket, now)
        else:
            self._finish(ticket, verdict)

    def _finish(self, ticket: Ticket, verdict: ProgramVerdict) -> None:
        job = ticket.job
        if len(job.tiers) == 1:  # a verdict of several is not what any one of them would say
            self._keep(kept_key(job.request.key, *job.tiers), verdict)
        self._schedule.finish(ticket, verdict)

    def _on_end(self, link: Link, _events: int) -> None:
        if link in self.links:  # its connection may have ended in the same turn
            self._lost(link, link.worker.last_words() or "the worker died")

    def _lost(self, link: Link, reason: str) -> None:
        """Replace a dead worker; run its program again, or give it up as INFRA."""
        if link not in self.links:
            return
        ticket = link.ticket
        self._retire(link)
        if ticket is None:
            return
        ticket.job.failures += 1
        if ticket.job.failures <= self.config.retries:
            self._schedule.put_back(ticket, time.monotonic(), front=True)
        else:
            words = in_one_line(f"the verifier failed: {reason}")
            self._finish(ticket, ProgramVerdict(Verdict.INFRA, ticket.job.results, words))

    def _retire_with(self, orphans: Sequence[Ticket]) -> None:
        for link in [link for link in self._busy if link.ticket in orphans]:
            self._retire(link)

    def _retire(self, link: Link) -> None:
        """End a worker, and its program with it, without waiting for that."""
        self.links.discard(link)
        self._busy.discard(link)
        if link in self._idle:
            self._idle.remove(link)
        link.ticket = link.run = None
        self._listen_no_more(link)
        link.close()
        self._endings = [thread for thread in self._endings if thread.is_alive()]
        self._endings.append(threading.Thread(target=link.worker.end, name="cppo-verifier-end", daemon=True))
        self._endings[-1].start()

    def _timeout(self, now: float) -> float | None:
        """Return the seconds until the next deadline; None: there is none."""
        times = [link.deadline for link in self.links]
        if self._schedule.anything_waiting:
            times += [link.slice_end for link in self._busy]
            times.append(self._start_after if self._start_after > now else math.inf)
            times.append(self._schedule.due(now))
        first = min(times, default=math.inf)
        return None if first == math.inf else max(0.0, first - now)

    def _check_deadlines(self, now: float) -> None:
        for link in [link for link in self.links if now >= link.deadline]:
            if link.ready:
                self._lost(link, link.worker.last_words() or "the worker fell silent")
            else:
                self._retire(link)
                self._not_started(VerifierError(f"a verifier worker did not start within {START_SECONDS:g} s"))
