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
    """One test of one program.

    `cpu_seconds` and `wall_seconds` of the test process, `memory_mb` its peak memory beyond the interpreter (MiB).
    `waited_seconds`: how long it was ready to run but got no processor; known for slow tests only, else 0.
    `exit_status` follows `subprocess`: the exit code, or minus the signal that ended it; None when it did not run.
    `detail` says in a line why the test failed; `stdout` and `stderr` are short excerpts, for people.
    """

    __test__ = False  # not a pytest class

    verdict: Verdict
    cpu_seconds: float = 0.0
    wall_seconds: float = 0.0
    memory_mb: float = 0.0
    waited_seconds: float = 0.0
    exit_status: int | None = None
    detail: str = ""
    stdout: str = ""
    stderr: str = ""


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
