"""What a program's own report is worth, and what it can carry from one test to the next. Attacks lie in `attacks/`."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from cppo.problems import Limits, Problem, TestCase
from cppo.verifier import ProgramVerdict, Verdict, Verifier, VerifierConfig

LIMITS = Limits(cpu_seconds=1, wall_seconds=2, memory_mb=64, output_mb=1)
GOOD = "def f(x):\n    return x + 1"
FORGED = """
import os
def f(x):
    os.write(3, b'{"wall": 0, "cpu": 0, "value": %d}\\n' % (x + OFF))
    return x + RETURNED
"""


@pytest.fixture(scope="module", params=[True, False], ids=["apart", "together"])
def verifier(request: pytest.FixtureRequest) -> Iterator[Verifier]:
    with Verifier(VerifierConfig(isolate_tests=request.param)) as shared:
        yield shared


def call(program: str, verifier: Verifier, tests: int = 2) -> ProgramVerdict:
    cases = [TestCase([41 + number], 42 + number) for number in range(tests)]
    problem = Problem("call", "", cases, mode="call", entry_point="f", limits=LIMITS)
    return verifier.verify([(problem, program)])[0]


def test_a_reported_value_is_a_value_and_nothing_more(verifier: Verifier) -> None:
    """Whoever writes the right value to the report has computed it: that is the same as returning it."""
    wrong = FORGED.replace("OFF", "0").replace("RETURNED", "1")
    right = FORGED.replace("OFF", "1").replace("RETURNED", "0")
    assert call(wrong, verifier, tests=1).verdict is Verdict.WA
    assert call(right, verifier, tests=1).verdict is Verdict.AC
    assert call(GOOD, verifier).passed


def test_a_report_without_an_end_of_the_process_is_no_answer(verifier: Verifier) -> None:
    forever = 'import os\nos.write(3, b\'{"wall": 0, "cpu": 0, "value": 42}\\n\')\nwhile True:\n    pass'
    assert call(forever, verifier, tests=1).verdict is Verdict.TLE
    crashed = 'import os\nos.write(3, b\'{"wall": 0, "cpu": 0, "value": 42}\\n\')\nos.kill(os.getpid(), 11)'
    assert call(crashed, verifier, tests=1).verdict is Verdict.RE


def test_state_kept_in_the_module_is_gone_in_the_next_test(verifier: Verifier) -> None:
    assert call("calls = []\ndef f(x):\n    calls.append(x)\n    return x + len(calls)", verifier).passed


def test_state_kept_outside_the_module_is_gone_when_tests_are_isolated(verifier: Verifier) -> None:
    program = "import math\ndef f(x):\n    math.calls = getattr(math, 'calls', 0) + 1\n    return x + math.calls"
    assert call(program, verifier).passed is verifier.config.isolate_tests
