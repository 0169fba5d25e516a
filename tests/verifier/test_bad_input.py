"""What should not come but does: sizes, characters, limits. Each a clear error or the right verdict, never a pass."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from processes import descendants, wait_until

from cppo.errors import DataError
from cppo.problems import Limits, Problem, TestCase
from cppo.problems.jsonl import problem_from_row
from cppo.verifier import Verdict, Verifier, VerifierConfig, intake, prepared

LIMITS = Limits(cpu_seconds=2, wall_seconds=4, memory_mb=64)
ECHO = Problem("echo", "", [TestCase("7", "7")], limits=LIMITS)


@pytest.fixture(scope="module")
def verifier() -> Iterator[Verifier]:
    with Verifier() as shared:
        yield shared


@pytest.mark.parametrize(
    ("program", "verdict", "words"),
    [
        ("print(7)\0", Verdict.CE, "null bytes"),
        ("print('\ud800')", Verdict.CE, "surrogates not allowed"),
        ("\ufeffprint(7)", Verdict.AC, ""),
        ("print(7)\r\n", Verdict.AC, ""),
        ("# " + "x" * (10 << 20) + "\nprint(7)", Verdict.AC, ""),
        ("print(7)\n" * (10 << 20 >> 4), None, ""),
        ("x = '" + "y" * (10 << 20), Verdict.CE, "unterminated string literal"),
        ("print(" + "7 + " * 100 + "7)", Verdict.WA, ""),
    ],
    ids=["NUL", "surrogate", "BOM", "CRLF", "10 MB comment", "many lines", "10 MB string", "sum"],
)
def test_odd_programs_get_a_verdict(verifier: Verifier, program: str, verdict: Verdict | None, words: str) -> None:
    got = verifier.verify([(ECHO, program)])[0]
    if verdict is None:  # it may run out of time or memory, or print too much
        assert got.verdict in (Verdict.CE, Verdict.WA, Verdict.TLE, Verdict.MLE, Verdict.OLE), got.verdict
    else:
        assert got.verdict is verdict, got
        assert words in got.detail
    assert verifier.verify([(ECHO, f"print(7)  # after {hash(program)}")])[0].passed


def test_a_program_of_a_senseless_size_never_reaches_a_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intake, "PROGRAM_BYTES", 2 << 20)
    with Verifier() as verifier:
        got = verifier.verify([(ECHO, "#" + "x" * (3 << 20) + "\nprint(7)")])[0]
        assert (got.verdict, got.detail) == (Verdict.CE, "the program has 3 MiB; allowed: at most 2")
        assert verifier.worker_pids() == []


def test_an_input_of_a_hundred_megabytes_works(verifier: Verifier) -> None:
    size = 100 << 20
    limits = Limits(cpu_seconds=10, wall_seconds=60, memory_mb=256)
    problem = Problem("big", "", [TestCase("1" * size, str(size))], limits=limits)
    assert verifier.verify([(problem, "import sys\nprint(len(sys.stdin.buffer.read()))")])[0].passed


def test_an_input_of_a_senseless_size_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prepared, "INPUT_BYTES", 1 << 20)
    problem = Problem("big", "", [TestCase("1", "1"), TestCase("1" * (3 << 20), "1")])
    with Verifier() as verifier:
        with pytest.raises(DataError, match="problem 'big', test 1: the input has 3 MiB; allowed: at most 1"):
            verifier.verify([(ECHO, "print(7)"), (problem, "print(1)")])
        assert verifier.worker_pids() == []


def test_a_worker_that_does_not_read_holds_up_nobody_else() -> None:
    """Inputs are larger than a connection takes at once; one worker sleeps for a while."""
    size = 8 << 20
    problem = Problem("big", "", [TestCase("1" * size, str(size))], limits=LIMITS)
    with Verifier(VerifierConfig(workers=2)) as verifier:
        verifier.verify([(ECHO, f"import time\ntime.sleep(0.5)\nprint(7)  # {n}") for n in range(2)])
        assert wait_until(lambda: len(verifier.worker_pids()) == 2)
        asleep = verifier.worker_pids()[0]
        asleep_family = [asleep, *descendants(asleep)]
        _signal(asleep_family, signal.SIGSTOP)
        woken = threading.Event()

        def wake() -> None:
            woken.set()
            _signal(asleep_family, signal.SIGCONT)

        program = "import sys\nprint(len(sys.stdin.buffer.read()))"
        before = 0
        pairs = [(problem, f"{program}  # {n}") for n in range(8)]
        timer = threading.Timer(30, wake)  # should the others be held up
        timer.start()
        for index, (_, verdict) in enumerate(verifier.stream(pairs)):
            assert verdict.passed
            before += not woken.is_set()
            if index == 6:
                timer.cancel()
                wake()
        assert before == 7


def _signal(pids: list[int], number: signal.Signals) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):  # what ended a program may have ended just now
            os.kill(pid, number)


@pytest.mark.parametrize("name", ["cpu_seconds", "wall_seconds", "memory_mb", "output_mb", "lines"])
@pytest.mark.parametrize("value", [0, -1, float("inf"), float("nan"), 1e300, True, "1", 10**20])
def test_limits_that_make_no_sense_are_refused(name: str, value: Any) -> None:
    with pytest.raises(DataError, match=f"limit {name} is .*; it must be a positive"):
        Limits(**{name: value})
    row = {"id": "p", "statement": "s", "tests": [{"input": "", "output": ""}], "limits": {name: value}}
    with pytest.raises(DataError, match=f"problems, line 3: limit {name} is"):
        problem_from_row(row, "problems, line 3")
    with pytest.raises(ValueError, match=name):
        VerifierConfig(**{name: value})


def test_the_highest_limits_are_accepted(verifier: Verifier) -> None:
    limits = Limits(cpu_seconds=86400, wall_seconds=86400, memory_mb=1 << 20, output_mb=1024, lines=1 << 53)
    problem = Problem("high", "", [TestCase("7", "7")], limits=limits)
    assert verifier.verify([(problem, "print(7)")])[0].passed


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"mode": "call"}, "problem 'p': mode 'call' needs an entry_point"),
        ({"entry_point": "f"}, "problem 'p': entry_point 'f' is given, but mode is 'stdin'"),
        ({"mode": "file"}, "problem 'p': mode is 'file'; allowed: stdin, call"),
        ({"mode": "call", "entry_point": "f"}, "problem 'p', test 0: call mode needs a list of arguments"),
        ({"mode": "call", "entry_point": "Solution.f"}, "problem 'p': entry_point is 'Solution.f'; .* plain name"),
        ({"mode": "call", "entry_point": "class"}, "problem 'p': entry_point is 'class'; .* plain name"),
        ({"mode": "call", "entry_point": 3}, "problem 'p': entry_point is 3; .* plain name"),
        ({"limits": {"cpu_seconds": 1}}, "problem 'p': limits is {'cpu_seconds': 1}; it must be a Limits"),
        ({"limits": None}, "problem 'p': limits is None; it must be a Limits"),
        ({"tests": None}, "problem 'p': tests is of type 'NoneType'; it must be a sequence of TestCase"),
        ({"tests": iter([])}, "problem 'p': tests is of type 'list_iterator'; it must be a sequence of TestCase"),
        ({"tests": "1"}, "problem 'p': tests is of type 'str'; it must be a sequence of TestCase"),
        ({"tests": [("1", "1")]}, r"problem 'p', test 0: \('1', '1'\) is no TestCase\(input, output\)"),
    ],
)
def test_a_problem_at_odds_with_itself_is_named(fields: dict[str, Any], words: str) -> None:
    with pytest.raises(DataError, match=words):
        Problem(**{"id": "p", "statement": "", "tests": [TestCase("", "")], **fields})


def test_more_tests_than_one_message_names() -> None:
    """The program fails at one of the last."""
    count = 25_000
    problem = Problem(
        "many", "", [TestCase([n], n if n < count - 2 else -1) for n in range(count)], mode="call", entry_point="f"
    )
    with Verifier(VerifierConfig(isolate_tests=False)) as verifier:
        started = time.monotonic()
        got = verifier.verify([(problem, "def f(n): return n")])[0]
        assert time.monotonic() - started < 120
    assert got.verdict is Verdict.WA
    assert got.detail == f"test {count - 2}: returned {count - 2}, expected -1"
