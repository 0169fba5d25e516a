"""Every verdict, both modes, and the habits of real programs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from cppo.problems import Limits, Problem, TestCase
from cppo.verifier import ProgramVerdict, Verdict, Verifier, VerifierConfig, dispatcher

LIMITS = Limits(cpu_seconds=1, wall_seconds=2, memory_mb=64, output_mb=1)
ADD = Problem("add", "", [TestCase("1 2\n", "3\n"), TestCase("4 5\n", "9\n")], limits=LIMITS)
CALL = Problem("call", "", [TestCase([1, 2], 3), TestCase([4, 5], 9)], mode="call", entry_point="add", limits=LIMITS)


@pytest.fixture(scope="module")
def verifier() -> Iterator[Verifier]:
    with Verifier() as shared:
        yield shared


def verdict_of(verifier: Verifier, problem: Problem, program: str) -> ProgramVerdict:
    return verifier.verify([(problem, program)])[0]


def echo(text: str, expected: str, **keywords: Any) -> Problem:
    return Problem("echo", "", [TestCase(text, expected)], limits=LIMITS, **keywords)


STDIN = [
    ("print(sum(map(int, input().split())))", Verdict.AC, ""),
    ("a, b = map(int, input().split())\nprint(a * b + 1)", Verdict.WA, "test 1: wrote '21\\n', expected '9\\n'"),
    ("print(0)", Verdict.WA, "test 0: wrote '0\\n', expected '3\\n'"),
    ("", Verdict.EMPTY, "no program"),
    (" \n\t", Verdict.EMPTY, "no program"),
    ("print(", Verdict.CE, "SyntaxError"),
    ("x = '\0'", Verdict.CE, "null bytes"),
    ("print(1/0)", Verdict.RE, "ZeroDivisionError: division by zero (line 1)"),
    ("import sys\nsys.exit(3)", Verdict.RE, "exit status 3"),
    ("raise SystemExit('no')", Verdict.RE, "exit status 1"),
    ("import os\nos.kill(os.getpid(), 11)", Verdict.RE, "signal 11"),
    ("while True:\n    pass", Verdict.TLE, " time"),
    ("import time\ntime.sleep(60)", Verdict.TLE, "wall time"),
    ("x = [0] * 10**10", Verdict.MLE, "64 MiB"),
    ("x = bytearray(100 << 20)\nx[::4096] = b'1' * len(x[::4096])\nprint(3)", Verdict.MLE, "64 MiB"),
    ("print('x' * (1 << 21))", Verdict.OLE, "1 MiB"),
]


@pytest.mark.parametrize(("program", "expected", "words"), STDIN)
def test_stdin_verdicts(verifier: Verifier, program: str, expected: Verdict, words: str) -> None:
    got = verdict_of(verifier, ADD, program)
    assert got.verdict is expected, got
    assert words in got.detail


def test_stops_at_the_first_failure_unless_all_tests(verifier: Verifier) -> None:
    tests = [TestCase(f"{n}\n", f"{n}\n") for n in (1, 2, 3, 4)]
    problem = Problem("odd", "", tests, limits=LIMITS)
    program = "n = int(input())\nprint(n if n % 2 else -n)"
    first = verifier.verify([(problem, program)])[0]
    every = verifier.verify([(problem, program)], all_tests=True)[0]
    assert [test.verdict.value for test in first.tests] == ["AC", "WA"]
    assert [test.verdict.value for test in every.tests] == ["AC", "WA", "AC", "WA"]
    assert first.verdict is every.verdict is Verdict.WA
    assert not first.passed


CALLS = [
    ("def add(a, b):\n    return a + b", Verdict.AC, ""),
    ("class Solution:\n    def add(self, a, b):\n        return a + b", Verdict.AC, ""),
    ("add = lambda a, b: float(a + b)", Verdict.AC, ""),
    ("def add(a, b):\n    return a - b", Verdict.WA, "returned -1, expected 3"),
    ("def add(a, b):\n    return None", Verdict.WA, "returned None"),
    ("def add(a, b):\n    yield 3", Verdict.WA, "'generator'"),
    ("def add(a, b):\n    return float('nan')", Verdict.WA, "nan"),
    ("def add(a, b):\n    return 10 ** 6000", Verdict.WA, "an integer of 19932 bits"),
    ("def sub(a, b):\n    return 3", Verdict.RE, "neither a function 'add' nor a Solution.add"),
    ("add = 3", Verdict.RE, "neither a function"),
    ("def add(a):\n    return 3", Verdict.RE, "TypeError"),
    ("def add(a, b):\n    exit()", Verdict.RE, "SystemExit"),
    ("import os\ndef add(a, b):\n    os._exit(0)", Verdict.RE, "ended before it returned"),
    ("def add(a, b):\n    raise MemoryError", Verdict.MLE, ""),
    ("def add(a, b:\n    return 3", Verdict.CE, "SyntaxError"),
    ("if __name__ == '__main__':\n    input()\ndef add(a, b):\n    return a + b", Verdict.AC, ""),
    ("def add(a, b):\n    print('x' * 100)\n    return a + b", Verdict.AC, ""),
]


@pytest.mark.parametrize(("program", "expected", "words"), CALLS)
def test_call_verdicts(verifier: Verifier, program: str, expected: Verdict, words: str) -> None:
    got = verdict_of(verifier, CALL, program)
    assert got.verdict is expected, got
    assert words in got.detail


def test_arguments_arrive_fresh_for_each_test(verifier: Verifier) -> None:
    tests = [TestCase([[1, 2]], 2), TestCase([[1, 2]], 2)]
    problem = Problem("mutate", "", tests, mode="call", entry_point="f", limits=LIMITS)
    program = "seen = []\ndef f(xs):\n    seen.append(xs.pop())\n    return seen[0] * len(seen) * len(xs)"
    assert verdict_of(verifier, problem, program).passed


def test_answers_of_any_size_pass(verifier: Verifier) -> None:
    tests = [TestCase([7, 9000], 7**9000), TestCase([2, 3], 8)]
    problem = Problem("power", "", tests, mode="call", entry_point="f", limits=LIMITS)
    assert verdict_of(verifier, problem, "def f(a, b):\n    return a ** b").passed


@pytest.mark.parametrize("checker", ["lcb", "apps"])
def test_under_the_published_checkers_programs_see_the_usual_names(verifier: Verifier, checker: str) -> None:
    problem = Problem(
        checker, "", [TestCase([[3, 1]], [1, 3])], mode="call", entry_point="f", checker=checker, limits=LIMITS
    )
    program = (
        "class Solution:\n    def f(self, xs: List[int]) -> List[int]:\n        heapify(xs)\n"
        "        assert Counter(xs)[3] == 1 and inf > 3 and pow(2, 3) == 8 and abs(-1) == 1\n"
        "        assert datetime.datetime(2020, 1, 1).year == 2020\n        return sorted(xs)"
    )
    assert verdict_of(verifier, problem, program).passed
    printed = Problem(checker, "", [TestCase("4\n", "2.0")], checker=checker, limits=LIMITS)
    assert verdict_of(verifier, printed, "print(sqrt(int(input())))").passed
    assert not verdict_of(verifier, replace(printed, checker="tokens"), "print(sqrt(int(input())))").passed


READERS = [
    "import sys\nprint(sys.stdin.read(), end='')",
    "print(open(0).read(), end='')",
    "print(open('/dev/stdin').read(), end='')",
    "import sys\nsys.stdin.read()\nsys.stdin.seek(0)\nsys.stdout.write(sys.stdin.read())",
    "import sys\nsys.stdout.buffer.write(sys.stdin.buffer.read())",
    "import os\nos.write(1, os.read(0, 1000))",
    "import sys\nfor line in sys.stdin:\n    print(line, end='')\nexit()",
    "import atexit, sys\natexit.register(lambda: print(sys.stdin.read(), end=''))",
    "import sys\nout = open(1, 'w', closefd=False)\nout.write(sys.stdin.read())",
    "import io, sys\ndata = sys.stdin.read()\nsys.stdout = io.TextIOWrapper(sys.stdout.buffer)\nprint(data, end='')",
    "import threading, sys\nthreading.stack_size(128 << 20)\n"
    "threading.Thread(target=lambda: print(sys.stdin.read(), end='')).start()",
    "import sys\ntry:\n    print(sys.stdin.read(), end='')\n    quit()\nexcept SystemExit:\n    raise",
    "\ufeffprint(open(0).read(), end='')",
    "import sys\r\nif True:\r\n    print(sys.stdin.read(), end='')\r\n",
    "print(open(0).read(), end='')\n#" + "x" * 300_000,
]


@pytest.mark.parametrize("program", READERS)
def test_ways_to_read_and_write(verifier: Verifier, program: str) -> None:
    text = "one é\ntwo 三\n"
    got = verdict_of(verifier, echo(text, text, checker="exact"), program)
    assert got.passed, got


COMPUTERS = [
    ("def f(n):\n    return 0 if n == 0 else 1 + f(n - 1)\nprint(f(40000))", "40000"),
    (
        "import functools, sys\nsys.setrecursionlimit(10**6)\n@functools.lru_cache(None)\n"
        "def f(n):\n    return 0 if n == 0 else 1 + f(n - 1)\nprint(f(20000))",
        "20000",
    ),
    ("import math, collections, heapq\nprint(math.gcd(4, 6), len(collections.deque([1])))", "2 1"),
    ("import numpy\nprint(int(numpy.arange(5).sum()))", "10"),
    ("from dataclasses import dataclass\n@dataclass\nclass P:\n    x: 'int'\nprint(P(3).x)", "3"),
    ("import sys\nprint(len(str(10 ** 4000)), __name__)", "4001 __main__"),
    ("import os\nprint(sorted(k for k in os.environ if k != 'TMPDIR'))", "[]"),
    ("import multiprocessing\np = multiprocessing.Process(target=print, args=(7,))\np.start()\np.join()", "7"),
    ("open('note', 'w').write('5')\nprint(open('note').read())", "5"),
]


@pytest.mark.parametrize(("program", "answer"), COMPUTERS)
def test_ordinary_needs_of_programs(verifier: Verifier, program: str, answer: str) -> None:
    got = verdict_of(verifier, echo("", answer + "\n", checker="exact"), program)
    assert got.passed, got


def test_costs_are_measured(verifier: Verifier) -> None:
    program = "x = bytearray(30 << 20)\nx[::4096] = b'1' * len(x[::4096])\nfor i in range(10**6): pass\nprint()"
    test = verdict_of(verifier, echo("", ""), program).tests[0]
    assert 25 < test.memory_mb < 45
    assert 0.01 < test.cpu_seconds < 2
    assert test.wall_seconds >= test.cpu_seconds * 0.5


SHARED = VerifierConfig(isolate_tests=False, retries=0, compile_seconds=0.4)


def late(wall_seconds: float) -> Problem:
    limits = Limits(cpu_seconds=1, wall_seconds=wall_seconds, memory_mb=64, output_mb=1)
    return Problem("late", "", [TestCase([n], n) for n in range(3)], mode="call", entry_point="f", limits=limits)


def test_all_tests_get_a_verdict_when_each_fails_and_they_may_share_a_process() -> None:
    with Verifier(SHARED) as verifier:
        program = "import time\ndef f(n):\n    time.sleep(0.4)\n    raise ValueError"
        got = verifier.verify([(late(1), program)], all_tests=True)[0]
    assert [test.verdict for test in got.tests] == [Verdict.RE] * 3


def test_a_worker_is_not_given_up_while_it_makes_the_calls_once_more_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dispatcher, "SILENCE_SECONDS", 1.5)  # with one try: 2 + 0.4 + 1.5, less than twice 2
    with Verifier(SHARED) as verifier:
        got = verifier.verify([(late(2), "import time\ndef f(n): time.sleep(60)")])[0]
    assert got.verdict is Verdict.TLE, got
