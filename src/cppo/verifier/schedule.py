"""Whose program runs next. Pure bookkeeping of one thread: no worker, no clock of its own.

Calls (a batch, a stream) take turns, one program each, whatever their sizes. A program that makes way goes to the end
of its call's queue. One that must be repeated alone waits until nothing else waits, at most
`PATIENCE_SECONDS`; then nothing is started until the programs that run have made way.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable
from enum import Enum, auto

from cppo.errors import VerifierError
from cppo.verifier.job import Job, Request
from cppo.verifier.verdict import ProgramVerdict

PATIENCE_SECONDS = 10.0

Sink = Callable[[int, ProgramVerdict | VerifierError], None]
"""Gets each verdict with the number its program was handed in under, on the engine's thread; or, once, why there will
be none."""


class Place(Enum):
    """Where a program is."""

    WAITING = auto()
    RUNNING = auto()
    GONE = auto()


class Ticket:
    """A program in the schedule and who waits for its verdict."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.place = Place.WAITING
        self.since = 0.0
        self.waiters: list[tuple[Call, int]] = []


class Call:
    """What one caller has handed in. `queue` may hold tickets that were taken through another call meanwhile."""

    def __init__(self, sink: Sink) -> None:
        self.sink = sink
        self.queue: deque[Ticket] = deque()
        self.in_turn = False
        self.tickets: set[Ticket] = set()


class Schedule:
    """All programs handed in and not yet judged."""

    def __init__(self) -> None:
        self.calls: set[Call] = set()
        self.waiting = 0
        """Programs that could start at once, those to be run alone left out."""
        self._alone: deque[Ticket] = deque()
        self._turns: deque[Call] = deque()
        self._tickets: dict[bytes, Ticket] = {}

    def add(self, call: Call, number: int, request: Request, make: Callable[[Request], Job]) -> None:
        """Hand in a program; one that is here already is joined, not run twice."""
        ticket = self._tickets.get(request.key)
        if ticket is None:
            ticket = self._tickets[request.key] = Ticket(make(request))
            self.waiting += 1
        ticket.waiters.append((call, number))
        self.calls.add(call)
        if ticket not in call.tickets:
            call.tickets.add(ticket)
            if ticket.place is Place.WAITING and not ticket.job.alone:
                self._enqueue(call, ticket)

    def _enqueue(self, call: Call, ticket: Ticket, front: bool = False) -> None:
        (call.queue.appendleft if front else call.queue.append)(ticket)
        if not call.in_turn:
            call.in_turn = True
            self._turns.append(call)

    @property
    def anything_waiting(self) -> bool:
        """Whether any program waits, be it to run alone."""
        return self.waiting > 0 or bool(self._alone)

    def ready(self, now: float, running: int) -> int:
        """Return how many programs may start now, `running` being under way (none of them alone)."""
        if self._alone_is_due(now):
            return 1 if running == 0 else 0
        return self.waiting

    def due(self, now: float) -> float:
        """Return when a program to be run alone will lose patience with those that wait; infinite: never."""
        due = self._alone[0].since + PATIENCE_SECONDS if self._alone and self.waiting else math.inf
        return due if due > now else math.inf

    def _alone_is_due(self, now: float) -> bool:
        return bool(self._alone) and (not self.waiting or now >= self._alone[0].since + PATIENCE_SECONDS)

    def next(self, now: float) -> Ticket:
        """Take the next program; only when `ready` says that there is one."""
        ticket = self._alone.popleft() if self._alone_is_due(now) else self._next_in_turn()
        if not ticket.job.alone:
            self.waiting -= 1
        ticket.place = Place.RUNNING
        return ticket

    def _next_in_turn(self) -> Ticket:
        while True:
            call = self._turns.popleft()
            ticket = None
            while call.queue and ticket is None:
                first = call.queue.popleft()
                ticket = first if first.place is Place.WAITING and not first.job.alone else None
            call.in_turn = bool(call.queue)
            if call.in_turn:
                self._turns.append(call)
            if ticket is not None:
                return ticket

    def put_back(self, ticket: Ticket, now: float, front: bool = False) -> None:
        """Take back a program that has more to do (`front`: it is to go on before the others of its call)."""
        ticket.place, ticket.since = Place.WAITING, now
        if ticket.job.alone:
            self._alone.append(ticket)
            return
        self.waiting += 1
        for call in {call for call, _ in ticket.waiters}:
            self._enqueue(call, ticket, front)

    def finish(self, ticket: Ticket, verdict: ProgramVerdict) -> None:
        """Give the verdict of a program to all who wait for it."""
        self._remove(ticket)
        for call, number in ticket.waiters:
            call.tickets.discard(ticket)
            if not call.tickets:
                self.calls.discard(call)
            call.sink(number, verdict)

    def _remove(self, ticket: Ticket) -> None:
        if ticket.place is Place.WAITING:
            if ticket.job.alone:
                self._alone.remove(ticket)
            else:
                self.waiting -= 1
        ticket.place = Place.GONE
        del self._tickets[ticket.job.request.key]

    def cancel(self, call: Call) -> list[Ticket]:
        """Forget a call; return those of its programs that run and that nobody waits for any more."""
        orphans = []
        for ticket in call.tickets:
            ticket.waiters = [waiter for waiter in ticket.waiters if waiter[0] is not call]
            if not ticket.waiters:
                if ticket.place is Place.RUNNING:
                    orphans.append(ticket)
                self._remove(ticket)
        call.tickets.clear()
        call.queue.clear()
        self.calls.discard(call)
        return orphans

    def fail(self, error: VerifierError) -> list[Ticket]:
        """Tell every call that there will be no verdict, and forget them; return the programs that run."""
        orphans = []
        for call in list(self.calls):
            orphans += self.cancel(call)
            call.sink(-1, error)
        return orphans
