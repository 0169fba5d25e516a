"""The limit on executed lines: exact, the same every time, and out of the program's reach."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from cppo.problems import Limits, Problem, TestCase
from cppo.verifier import Verdict, Verifier, VerifierConfig


@pytest.fixture(scope="module", params=[True, False], ids=["apart", "together"])
def verifier(request: pytest.FixtureRequest) -> Iterator[Verifier]:
    with Verifier(VerifierConfig(isolate_tests=request.param, cache_entries=0)) as shared:
        yield shared


def counted(lines: int, tests: int = 1) -> Problem:
    cases = [TestCase([5], 5)] * tests
    limits = Limits(lines=lines, cpu_seconds=2, wall_seconds=4)
    return Problem("counted", "", cases, mode="call", entry_point="f", limits=limits)


# Module: line 1. Call: line 2, then line 3 six times and line 4 five times, then line 5: 1 + 1 + 6 + 5 + 1 = 14.
LOOP = "def f(n):\n    total = 0\n    for i in range(n):\n        total += 1\n    return total"


def test_the_last_line_allowed_is_executed_and_no_further(verifier: Verifier) -> None:
    assert verifier.verify([(counted(14, tests=3), LOOP)])[0].passed
    over = verifier.verify([(counted(13), LOOP)])[0]
    assert over.verdict is Verdict.TLE
    assert over.detail == "test 0: more than 13 executed lines"


SPIN = "def f(n):\n    while True:\n        n += 1"
SWALLOWERS = [
    SPIN,
    "def f(n):\n    while True:\n        try:\n            while True:\n                n += 1\n"
    "        except BaseException:\n            pass",
    "import sys\nsys.settrace(None)\n" + SPIN,
    "import sys, threading\nsys.settrace(lambda *a: None)\nthreading.settrace(None)\n" + SPIN,
    "import threading\ndef g(n):\n    while True:\n        n += 1\n"
    "def f(n):\n    t = threading.Thread(target=g, args=(n,))\n    t.start()\n    t.join()\n    return n",
    "import signal\nfor s in range(1, 32):\n    try:\n        signal.signal(s, signal.SIG_IGN)\n"
    "    except (OSError, ValueError):\n        pass\n" + SPIN,
    "import atexit\n" + SPIN + "\natexit.register(f, 0)",
    "def g():\n    while True:\n        yield 1\ndef f(n):\n    return sum(g())",
    "def f(n):\n    return sum(i\n        for i in iter(int, 1))",
]


@pytest.mark.parametrize("program", SWALLOWERS)
def test_programs_cannot_escape_the_count(verifier: Verifier, program: str) -> None:
    got = [verifier.verify([(counted(500), program)])[0] for _ in range(2)]
    assert [one.verdict for one in got] == [Verdict.TLE, Verdict.TLE]
    assert {one.detail for one in got} == {"test 0: more than 500 executed lines"}


def test_lines_of_imported_modules_are_free(verifier: Verifier) -> None:
    program = "import json, textwrap\ndef f(n):\n    textwrap.wrap('a b ' * 200)\n    return n"
    assert verifier.verify([(counted(10), program)])[0].passed


def test_counting_also_works_for_whole_programs(verifier: Verifier) -> None:
    limits = Limits(lines=100)
    problem = Problem("stdin", "", [TestCase("3", "3")], limits=limits)
    assert verifier.verify([(problem, "print(input())")])[0].passed
    assert verifier.verify([(problem, "n = 0\nwhile n < 99:\n    n += 1\nprint(3)")])[0].verdict is Verdict.TLE


def test_later_tests_still_run_when_all_are_asked_for(verifier: Verifier) -> None:
    cases = [TestCase([n], n) for n in (1, 50, 2)]
    problem = Problem("mixed", "", cases, mode="call", entry_point="f", limits=Limits(lines=60))
    got = verifier.verify([(problem, LOOP)], all_tests=True)[0]
    assert [test.verdict.value for test in got.tests] == ["AC", "TLE", "AC"]
