"""What the verifier says of a program."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """The outcome of a test or of a whole program."""

    AC = "AC"  # accepted
    WA = "WA"  # wrong answer
    TLE = "TLE"  # out of CPU time, wall time or executed lines
    MLE = "MLE"  # out of memory
    OLE = "OLE"  # too much output
    RE = "RE"  # exception, signal or non-zero exit
    CE = "CE"  # does not compile
    EMPTY = "EMPTY"  # no program to run
    INFRA = "INFRA"  # the verifier failed, not the program: never scored 0


@dataclass(frozen=True)
class TestResult:
    """One test of one program: verdict, times in seconds, peak memory in MB and a short excerpt for people."""

    __test__ = False  # not a pytest class

    verdict: Verdict
    cpu_seconds: float = 0.0
    wall_seconds: float = 0.0
    memory_mb: float = 0.0
    detail: str = ""


@dataclass(frozen=True)
class ProgramVerdict:
    """One program on one problem. `tests` holds the tests that were run (up to the first failure unless all were
    asked for)."""

    verdict: Verdict
    tests: tuple[TestResult, ...] = ()
    detail: str = ""

    @property
    def passed(self) -> bool:
        """True exactly when every test passed: V(x, y) = 1."""
        return self.verdict is Verdict.AC
