"""The tier of resource limits where the system is not Linux: no /proc, no process descriptors, no calls of Linux alone.

Linux is taken away inside the worker; what else another system does differently is not shown here. Memory is left out:
that system would also count it in another unit.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from cppo.problems import Limits, Problem, TestCase
from cppo.verifier import Verdict, Verifier, VerifierConfig, worker

LIMITS = Limits(cpu_seconds=1, wall_seconds=2, memory_mb=64, output_mb=1)
ADD = Problem("add", "", [TestCase("1 2\n", "3\n"), TestCase("4 5\n", "9\n")], limits=LIMITS)
CALL = Problem("call", "", [TestCase([1, 2], 3), TestCase([4, 5], 9)], mode="call", entry_point="add", limits=LIMITS)

IMPORT = "from cppo.verifier.harness import main"
WITHOUT_LINUX = f"from cppo.verifier import linux\nlinux.IS_LINUX = False\n{IMPORT}"


@pytest.fixture(scope="module")
def verifier() -> Iterator[Verifier]:
    assert IMPORT in worker._BOOT
    with pytest.MonkeyPatch.context() as patch, Verifier(VerifierConfig(tier="rlimits")) as shared:
        patch.setattr(worker, "_BOOT", worker._BOOT.replace(IMPORT, WITHOUT_LINUX))
        yield shared


def test_it_says_that_nothing_is_sealed(verifier: Verifier) -> None:
    report = verifier.describe()
    assert report["tier"] == "rlimits"
    assert report["files"].startswith("shared with the machine")


@pytest.mark.parametrize(
    ("program", "expected", "words"),
    [
        ("print(sum(map(int, input().split())))", Verdict.AC, ""),
        ("print(0)", Verdict.WA, "wrote '0\\n', expected '3\\n'"),
        ("print(", Verdict.CE, "SyntaxError"),
        ("print(1/0)", Verdict.RE, "ZeroDivisionError"),
        ("import os\nos.kill(os.getpid(), 11)", Verdict.RE, "signal 11"),
        ("while True:\n    pass", Verdict.TLE, " time"),
        ("import time\ntime.sleep(60)", Verdict.TLE, "wall time"),
        ("print('x' * (1 << 21))", Verdict.OLE, "1 MiB"),
    ],
)
def test_verdicts(verifier: Verifier, program: str, expected: Verdict, words: str) -> None:
    got = verifier.verify([(ADD, program)])[0]
    assert got.verdict is expected, got
    assert words in got.detail


def test_calls(verifier: Verifier) -> None:
    right, wrong = "def add(a, b): return a + b", "def add(a, b): return a * b"
    assert [got.verdict for got in verifier.verify([(CALL, right), (CALL, wrong)])] == [Verdict.AC, Verdict.WA]
