"""Programs without end: read no further ahead than needed, verdicts as they come, nothing left behind."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Iterator

import pytest
from processes import alive, descendants, wait_until, wait_until_running

from cppo.errors import DataError, VerifierError
from cppo.problems import Limits, Problem, TestCase
from cppo.verifier import Verdict, Verifier, VerifierConfig
from cppo.verifier.core import window

ECHO = Problem("echo", "", [TestCase("7", "7")], limits=Limits(cpu_seconds=2, wall_seconds=5, memory_mb=64))


def test_every_pair_gets_its_verdict_and_none_is_read_too_early() -> None:
    read = 0

    def pairs() -> Iterator[tuple[Problem, str]]:
        nonlocal read
        for number in range(1500):
            read += 1
            yield ECHO, "" if number % 100 == 3 else f"print({number % 10})  # {number}"

    config = VerifierConfig(workers=2)
    passed: dict[int, bool] = {}
    ahead = 0
    with Verifier(config) as verifier:
        for index, verdict in verifier.stream(pairs()):
            assert index not in passed
            passed[index] = verdict.passed
            ahead = max(ahead, read - len(passed))
    assert passed == {number: number % 10 == 7 and number % 100 != 3 for number in range(1500)}
    assert window(config) - 1 <= ahead <= window(config)


def test_verdicts_come_as_programs_finish() -> None:
    pairs = [(ECHO, "import time\ntime.sleep(1)\nprint(7)"), (ECHO, ""), (ECHO, "print(8)"), (ECHO, "print(7)")]
    with Verifier(workers=2) as verifier:
        got = list(verifier.stream(pairs))
    assert sorted(index for index, _ in got) == [0, 1, 2, 3]
    assert [index for index, _ in got][-1] == 0
    assert {index: verdict.verdict.value for index, verdict in got} == {0: "AC", 1: "EMPTY", 2: "WA", 3: "AC"}


def test_known_verdicts_do_not_keep_new_ones_back() -> None:
    """An endless stream of programs that were judged before, with one that was not."""
    known = (ECHO, "print(7)")

    def pairs() -> Iterator[tuple[Problem, str]]:
        yield ECHO, "print(8)"
        yield from itertools.repeat(known)

    with Verifier() as verifier:
        verifier.verify([known])
        deadline = time.monotonic() + 30
        for index, verdict in verifier.stream(pairs()):
            assert time.monotonic() < deadline
            if index == 0:
                assert verdict.verdict is Verdict.WA
                break


def test_an_empty_stream_starts_nothing() -> None:
    with Verifier() as verifier:
        assert list(verifier.stream([])) == []
        assert verifier.worker_pids() == []


def test_an_endless_stream_can_be_left() -> None:
    with Verifier() as verifier:
        stream = verifier.stream((ECHO, f"print(7)  # {number}") for number in itertools.count())
        assert [verdict.passed for _, verdict in itertools.islice(stream, 5)] == [True] * 5
        stream.close()
        assert verifier.verify([(ECHO, "print(8)")])[0].verdict is Verdict.WA


def test_leaving_a_stream_ends_its_programs() -> None:
    with Verifier() as verifier:
        verifier.describe()
        workers = verifier.worker_pids()
        idle = len(descendants(workers[0]))
        for index, _ in verifier.stream([(ECHO, "import time\ntime.sleep(60)"), (ECHO, "")]):
            assert index == 1
            assert wait_until_running(workers, idle)
            break
        assert wait_until(lambda: not any(alive(pid) for pid in workers))


def test_an_unusable_pair_is_named_when_it_is_read() -> None:
    pairs = [(ECHO, "print(7)"), (Problem("none", "", []), "x")]
    with Verifier() as verifier, pytest.raises(DataError, match="problem 'none' has no tests"):
        list(verifier.stream(pairs))
    with Verifier() as verifier, pytest.raises(DataError, match="batch item 2 is"):
        list(verifier.stream([*[(ECHO, "")] * 2, (ECHO, 3)]))  # type: ignore[list-item]


def test_an_error_of_the_pairs_comes_through_and_ends_the_programs() -> None:
    def pairs() -> Iterator[tuple[Problem, str]]:
        yield ECHO, "import time\ntime.sleep(60)"
        raise KeyError("gone")

    with Verifier() as verifier:
        with pytest.raises(KeyError, match="gone"):
            list(verifier.stream(pairs()))
        assert verifier.verify([(ECHO, "print(7)")])[0].passed


def test_a_stream_hears_that_the_verifier_was_closed() -> None:
    verifier = Verifier()
    threading.Timer(0.5, verifier.close).start()
    with pytest.raises(VerifierError, match="closed"):
        for _ in verifier.stream((ECHO, f"import time\ntime.sleep(0.2)  # {number}") for number in itertools.count()):
            pass


def test_a_problem_of_many_programs_is_held_in_memory_once() -> None:
    """Inputs are shared by all programs under way, also when the problem is built anew for every program."""
    given = "1" * (8 << 20)

    def pairs() -> Iterator[tuple[Problem, str]]:
        for number in range(20):
            yield Problem("big", "", [TestCase(given, "7")]), f"print(7)  # {number}"

    with Verifier() as verifier:
        stream = verifier.stream(pairs())
        assert next(stream)[1].passed
        prepared = verifier._core().intake._alive
        assert len(prepared) == 1
        assert all(verdict.passed for _, verdict in stream)
