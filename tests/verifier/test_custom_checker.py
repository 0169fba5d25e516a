"""Problems that bring their own checker program: it decides in a jail of its own, and its failures are its own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from cppo.errors import DataError
from cppo.problems import Limits, Problem, TestCase
from cppo.problems.jsonl import problem_from_row, problem_to_row
from cppo.verifier import ProgramVerdict, Verdict, Verifier, VerifierConfig, find_checker

LIMITS = Limits(cpu_seconds=1, wall_seconds=2, memory_mb=64, output_mb=1)
ROOT = "def check(input, output, expected):\n    return int(output) ** 2 == int(input)"


@pytest.fixture(scope="module")
def verifier() -> Iterator[Verifier]:
    with Verifier() as shared:
        yield shared


def root(checker_program: str = ROOT, tests: int = 3) -> Problem:
    """Any square root is right, the negative one too."""
    cases = [TestCase(f"{n * n}\n", f"{n}\n") for n in range(1, tests + 1)]
    return Problem("root", "", cases, checker="program", checker_program=checker_program, limits=LIMITS)


def pairs(checker_program: str) -> Problem:
    """Two numbers of a given sum."""
    cases = [TestCase([7, "x"], [3, 4]), TestCase([8, "y"], [4, 4])]
    return Problem(
        "pairs",
        "",
        cases,
        mode="call",
        entry_point="split",
        checker="program",
        checker_program=checker_program,
        limits=LIMITS,
    )


def judge(verifier: Verifier, problem: Problem, program: str, *, all_tests: bool = False) -> ProgramVerdict:
    return verifier.verify([(problem, program)], all_tests=all_tests)[0]


def names(verdict: ProgramVerdict) -> list[str]:
    return [test.verdict.value for test in verdict.tests]


def test_an_answer_is_right_when_the_checker_program_says_so(verifier: Verifier) -> None:
    assert judge(verifier, root(), "print(-round(int(input()) ** 0.5))").passed
    wrong = judge(verifier, root(), "n = int(input())\nprint(1 if n == 1 else 9)")
    assert names(wrong) == ["AC", "WA"]
    assert wrong.detail == "test 1: wrote '9\\n', which the checker program rejects"
    assert wrong.tests[1].stdout == "9\n"


def test_call_mode_gives_it_the_arguments_the_value_and_the_expected_one(verifier: Verifier) -> None:
    check = (
        "def check(input, output, expected):\n"
        "    assert input[1] in 'xy' and type(input) is type(output) is type(expected) is list and len(expected) == 2\n"
        "    return sum(output) == input[0] == sum(expected)"
    )
    assert judge(verifier, pairs(check), "def split(n, _): return (1, n - 1)").passed
    wrong = judge(verifier, pairs(check), "def split(n, _): return [3, 4]")
    assert wrong.detail == "test 1: returned [3, 4], which the checker program rejects"
    assert judge(verifier, pairs(check), "def split(n, _): return {n}").verdict is Verdict.WA


def test_texts_arrive_as_they_are(verifier: Verifier) -> None:
    check = "def check(i, o, e):\n    return (i, o, e) == ('é\\n', 'ü\\udcff\\0', '\\u2028')"
    problem = Problem("odd", "", [TestCase("é\n", "\u2028")], checker="program", checker_program=check, limits=LIMITS)
    assert judge(verifier, problem, "import sys\nsys.stdout.buffer.write('ü'.encode() + b'\\xff\\0')").passed


def test_a_program_that_fails_by_itself_is_not_brought_before_the_checker(verifier: Verifier) -> None:
    never = root("raise RuntimeError('asked')")
    assert judge(verifier, never, "1 / 0").verdict is Verdict.RE
    assert judge(verifier, never, "1 +").verdict is Verdict.CE
    assert judge(verifier, never, "").verdict is Verdict.EMPTY
    late = judge(verifier, root(), "n = int(input())\nprint(n // 2 if n != 9 else 1 / 0)")
    assert names(late) == ["WA"]  # the first answer is wrong already: 1 // 2
    later = judge(verifier, root(), "n = int(input())\nprint(round(n ** 0.5) if n != 9 else 1 / 0)")
    assert names(later) == ["AC", "AC", "RE"]


def test_all_tests_are_run_and_checked_when_asked_for(verifier: Verifier) -> None:
    program = "n = int(input())\nprint({1: 1, 4: 7, 9: 0, 16: 4}[n] if n != 9 else 1 / 0)"
    verdict = judge(verifier, root(tests=4), program, all_tests=True)
    assert names(verdict) == ["AC", "WA", "RE", "AC"]
    assert verdict.verdict is Verdict.WA


BLAMED = {
    "an exception": ("def check(i, o, e):\n    return 1 / 0", "ZeroDivisionError"),
    "an exit": ("def check(i, o, e):\n    exit(0)", "SystemExit"),
    "a silent exit": ("import os\ndef check(i, o, e):\n    os._exit(0)", "ended before it returned"),
    "no time left": ("def check(i, o, e):\n    while True: len(i)", "time"),
    "too much memory": ("def check(i, o, e):\n    return bytearray(1 << 40)", "MLE"),
    "one instead of true": ("def check(i, o, e):\n    return 1", "it returned 1; allowed: True, False"),
    "nothing": ("def check(i, o, e):\n    pass", "it returned None; allowed"),
    "a text": ("def check(i, o, e):\n    return 'yes'", "it returned 'yes'; allowed"),
    "an object": ("def check(i, o, e):\n    return object()", "'object'"),
    "something that is true": ("class T(int): pass\ndef check(i, o, e):\n    return T(1)", "'T'"),
    "no such function": ("def chek(i, o, e):\n    return True", "'check'"),
    "not enough arguments": ("def check(o):\n    return True", "TypeError"),
    "no program": ("def check(", "it does not compile: SyntaxError"),
}


@pytest.mark.parametrize("words", BLAMED)
def test_a_checker_program_that_fails_is_blamed_and_nobody_passes(verifier: Verifier, words: str) -> None:
    source, detail = BLAMED[words]
    got = judge(verifier, root(source), "print(-round(int(input()) ** 0.5))")
    assert got.verdict is Verdict.INFRA
    assert "the problem's checker program failed, not the judged program: " in got.detail
    assert detail in got.detail


def test_a_wrong_answer_before_the_checker_s_failure_stays_wrong(verifier: Verifier) -> None:
    check = "def check(i, o, e):\n    assert int(i) < 4\n    return False"
    assert names(judge(verifier, root(check), "print(5)")) == ["WA"]
    everything = judge(verifier, root(check), "print(5)", all_tests=True)
    assert names(everything) == ["WA", "INFRA", "INFRA"]
    assert everything.verdict is Verdict.WA


FRAGILE = {
    "an exception": "int(output)\n    return True",
    "time": "while output == 'x\\n': pass\n    return True",
    "no answer of its own": "return output if output == 'x\\n' else True",
}


@pytest.mark.parametrize("words", FRAGILE)
@pytest.mark.parametrize("all_tests", [False, True])
def test_an_answer_that_breaks_a_checker_which_accepts_the_expected_one_is_wrong(
    verifier: Verifier, words: str, all_tests: bool
) -> None:
    check = f"def check(input, output, expected):\n    {FRAGILE[words]}"
    got = judge(verifier, root(check), "n = int(input())\nprint(n if n != 4 else 'x')", all_tests=all_tests)
    assert names(got) == (["AC", "WA", "AC"] if all_tests else ["AC", "WA"])
    assert got.verdict is Verdict.WA
    assert got.tests[1].detail.startswith("wrote 'x\\n', which the checker program cannot judge (")
    assert got.tests[1].detail.endswith("), as it can the expected answer")


def test_a_checker_that_rejects_the_expected_answer_too_is_to_blame(verifier: Verifier) -> None:
    check = "def check(input, output, expected):\n    int(output)\n    return False"
    assert names(judge(verifier, root(check), "print('x')")) == ["INFRA"]


def test_the_judged_program_never_sees_what_is_expected(verifier: Verifier) -> None:
    """Neither the expected outputs nor the checker program are in its jail; the checker's jail has both."""
    secret = "314159265358"
    check = (
        f"# {secret}\ndef check(input, output, expected):\n    return output == 'clean\\n' and expected == '{secret}'"
    )

    def problem(given: str) -> Problem:
        cases = [TestCase(given, secret)] * 2
        return Problem("secret", "", cases, checker="program", checker_program=check, limits=LIMITS)

    program = (
        "import gc, glob, sys\n"
        "found = []\n"
        f"needle = ''.join(reversed('{secret[::-1]}'))\n"
        "for o in gc.get_objects():\n"
        "    if isinstance(o, (str, bytes)) and needle in repr(o) and o is not needle: found.append(o)\n"
        "frame = sys._getframe()\n"
        "while frame:\n"
        "    found += [v for k, v in frame.f_locals.items() if k != 'needle' and isinstance(v, (str, bytes, list))\n"
        "              and needle in str(v)[:10000]]\n"
        "    frame = frame.f_back\n"
        "for path in glob.glob('/proc/self/fd/*') + glob.glob('*'):\n"
        "    try:\n"
        "        if needle in open(path, errors='replace').read(): found.append(path)\n"
        "    except OSError: pass\n"
        "print('clean' if not found else found)\n"
    )
    assert judge(verifier, problem("1"), program).passed
    assert judge(verifier, problem(secret), program).verdict is Verdict.WA  # where it is to be found, it is found


def test_the_checker_keeps_nothing_between_tests_even_where_programs_do() -> None:
    check = "import math\ndef check(i, o, e):\n    math.seen = getattr(math, 'seen', 0) + 1\n    return math.seen == 1"
    with Verifier(VerifierConfig(isolate_tests=False)) as verifier:
        assert judge(verifier, pairs(check), "def split(n, _): return []").passed


def test_a_sliced_program_with_a_checker_gets_one_verdict() -> None:
    slow = "import time\nn = int(input())\ntime.sleep(0.05)\nprint(-round(n ** 0.5))"
    with Verifier(VerifierConfig(slice_seconds=0.1)) as verifier:
        batch = [(root(tests=8), f"{slow}  # {n}") for n in range(3)]
        for verdict in verifier.verify(batch):
            assert names(verdict) == ["AC"] * 8


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"checker": "program"}, "problem 'p': checker_program is missing; checker 'program' and the source"),
        ({"checker": "program", "checker_program": " \n"}, "checker_program is missing"),
        ({"checker_program": ROOT}, "checker_program is given, but checker is None"),
        ({"checker": "tokens", "checker_program": ROOT}, "checker_program is given, but checker is 'tokens'"),
    ],
)
def test_checker_and_program_go_together(fields: dict[str, Any], words: str) -> None:
    with pytest.raises(DataError, match=words):
        Problem("p", "", [TestCase("", "")], **fields)
    with pytest.raises(DataError, match=f"file, line 1: .*{words}"):
        problem_from_row(
            {"id": "p", "statement": "s", "tests": [{"input": "", "output": ""}], **fields}, "file, line 1"
        )


def test_a_problem_with_a_checker_program_goes_through_a_file_unchanged() -> None:
    row = problem_to_row(Problem("p", "s", [TestCase("1", "1")], checker="program", checker_program=ROOT))
    assert row["checker_program"] == ROOT
    assert problem_to_row(problem_from_row(row, "here")) == row


def test_the_name_can_be_looked_up_but_only_the_verifier_runs_it() -> None:
    checker = find_checker("program")
    assert checker.name == "program"
    with pytest.raises(DataError, match="only the verifier can run it"):
        checker.text("1", "1")
    with pytest.raises(DataError, match="unknown checker 'programs'"):
        find_checker("programs")
