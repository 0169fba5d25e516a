"""Whose turn it is: calls one after another, equal programs once, timeouts repeated alone when their time has come."""

from __future__ import annotations

import math
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from cppo.errors import VerifierError
from cppo.problems import Problem, TestCase
from cppo.verifier import ProgramVerdict, Verdict, VerifierConfig
from cppo.verifier.job import Job, Request
from cppo.verifier.prepared import PreparedProblem
from cppo.verifier.schedule import PATIENCE_SECONDS, Call, Schedule, Ticket

PROBLEM = PreparedProblem.of(Problem("p", "", [TestCase("", "")]), VerifierConfig())
PASSED = ProgramVerdict(Verdict.AC)

Told = list[tuple[int, ProgramVerdict | VerifierError]]


def call() -> tuple[Call, Told]:
    told: Told = []
    return Call(lambda number, outcome: told.append((number, outcome))), told


def add(schedule: Schedule, one: Call, *names: str) -> None:
    for number, name in enumerate(names):
        request = Request(PROBLEM, name.encode(), False, name.encode())
        schedule.add(one, number, request, lambda request: Job(request, True))


def take(schedule: Schedule, now: float = 0.0) -> tuple[str, Ticket]:
    ticket = schedule.next(now)
    return ticket.job.request.source.decode(), ticket


def test_calls_take_turns_and_their_programs_keep_their_order() -> None:
    schedule, (big, _), (small, _) = Schedule(), call(), call()
    add(schedule, big, "a", "b", "c", "d")
    add(schedule, small, "x", "y")
    assert schedule.ready(0.0, 0) == 6
    assert [take(schedule)[0] for _ in range(6)] == ["a", "x", "b", "y", "c", "d"]
    assert schedule.ready(0.0, 6) == 0


def test_a_program_that_makes_way_goes_to_the_end_and_one_that_was_lost_to_the_front() -> None:
    schedule, (one, _) = Schedule(), call()
    add(schedule, one, "a", "b", "c")
    _, a = take(schedule)
    schedule.put_back(a, 0.0)
    assert take(schedule)[0] == "b"
    _, c = take(schedule)
    schedule.put_back(c, 0.0, front=True)
    assert [take(schedule)[0] for _ in range(2)] == ["c", "a"]


def test_an_equal_program_is_run_once_and_told_to_all() -> None:
    schedule, (one, told), (two, told_too) = Schedule(), call(), call()
    add(schedule, one, "a", "b", "a")
    add(schedule, two, "b", "c")
    _, a = take(schedule)
    _, b = take(schedule)  # the turn of the second call, whose first program it is too
    assert b.job.request.source == b"b"
    schedule.put_back(b, 0.0)
    assert [take(schedule)[0] for _ in range(2)] == ["b", "c"]
    assert schedule.waiting == 0
    schedule.finish(a, PASSED)
    schedule.finish(b, PASSED)
    assert told == [(0, PASSED), (2, PASSED), (1, PASSED)]
    assert told_too == [(0, PASSED)]


def test_a_program_to_be_run_alone_waits_for_silence_or_loses_patience() -> None:
    schedule, (one, _) = Schedule(), call()
    add(schedule, one, "late", "b", "c")
    _, late = take(schedule)
    late.job.alone = True
    schedule.put_back(late, 100.0)
    assert schedule.ready(101.0, 0) == 2  # others first
    assert schedule.due(101.0) == 100.0 + PATIENCE_SECONDS
    _, b = take(schedule, 101.0)
    due = 100.0 + PATIENCE_SECONDS
    assert schedule.ready(due, 1) == 0  # not while another runs, and no other is started
    schedule.finish(b, PASSED)
    assert schedule.ready(due, 0) == 1
    assert take(schedule, due)[0] == "late"
    assert schedule.due(due) == math.inf
    schedule.finish(late, PASSED)
    assert [schedule.ready(due, 0), take(schedule, due)[0]] == [1, "c"]


def test_when_nothing_else_waits_a_program_runs_alone_at_once() -> None:
    schedule, (one, _) = Schedule(), call()
    add(schedule, one, "late")
    _, late = take(schedule)
    late.job.alone = True
    schedule.put_back(late, 5.0)
    assert schedule.anything_waiting
    assert [schedule.ready(5.0, running) for running in (1, 0)] == [0, 1]
    assert schedule.due(5.0) == math.inf
    assert take(schedule, 5.0)[0] == "late"


def test_a_call_given_up_takes_only_its_own_programs_with_it() -> None:
    schedule, (one, told), (two, told_too) = Schedule(), call(), call()
    add(schedule, one, "shared", "running", "waiting")
    _, shared = take(schedule)
    _, running = take(schedule)
    add(schedule, two, "shared", "other")
    assert schedule.cancel(one) == [running]
    assert schedule.ready(0.0, 1) == 1
    assert take(schedule)[0] == "other"
    schedule.finish(shared, PASSED)
    assert (told, told_too) == ([], [(0, PASSED)])
    assert not schedule.anything_waiting


def test_failing_tells_every_call_once() -> None:
    schedule, (one, told), (two, told_too) = Schedule(), call(), call()
    add(schedule, one, "a", "b")
    add(schedule, two, "b", "c")
    _, a = take(schedule)
    error = VerifierError("no worker")
    assert schedule.fail(error) == [a]
    assert told == told_too == [(-1, error)]
    assert not schedule.anything_waiting
    assert schedule.calls == set()


MOVES = st.lists(
    st.one_of(
        st.tuples(st.just("add"), st.integers(0, 3), st.sampled_from("abcdefgh")),
        st.tuples(st.sampled_from(["next", "back", "front", "alone", "finish"]), st.integers(0, 7), st.just("")),
        st.tuples(st.just("cancel"), st.integers(0, 3), st.just("")),
    ),
    max_size=60,
)


@given(MOVES)
def test_every_program_is_told_to_every_waiter_exactly_once(moves: list[tuple[str, int, str]]) -> None:
    """Any sequence of events; then the rest is run to the end. Time stands still, so that patience never ends."""
    schedule = Schedule()
    calls = [call() for _ in range(4)]
    asked: list[Counter[int]] = [Counter() for _ in calls]
    running: list[Ticket] = []
    serial = 0
    for move, which, name in moves:
        if move == "add":
            serial += 1
            asked[which][serial] += 1
            request = Request(PROBLEM, name.encode(), False, name.encode())
            schedule.add(calls[which][0], serial, request, lambda request: Job(request, True))
        elif move == "cancel":
            orphans = schedule.cancel(calls[which][0])
            running = [ticket for ticket in running if ticket not in orphans]
            asked[which] = Counter(number for number, _ in calls[which][1])
        elif move == "next":
            if schedule.ready(0.0, len(running)):
                running.append(schedule.next(0.0))
        elif running:
            ticket = running.pop(which % len(running))
            ticket.job.alone = move == "alone"
            if move == "finish":
                schedule.finish(ticket, PASSED)
            else:
                schedule.put_back(ticket, 0.0, front=move == "front")
    for ticket in running:
        schedule.finish(ticket, PASSED)
    while schedule.anything_waiting:
        assert schedule.ready(0.0, 0) > 0
        schedule.finish(schedule.next(0.0), PASSED)
    assert [Counter(number for number, _ in told) for _, told in calls] == asked
    assert schedule.calls == set()
