"""What a problem is: a statement, tests, how a program is called and how its answers are compared."""

from __future__ import annotations

import keyword
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from cppo.errors import DataError

Mode = Literal["stdin", "call"]

LARGEST = {"cpu_seconds": 86_400, "wall_seconds": 86_400, "memory_mb": 1 << 20, "output_mb": 1024, "lines": 1 << 53}
"""The highest limits that make sense: a day, a terabyte of memory, a gigabyte of output."""

CHECKER_PROGRAM = "program"
"""The checker that is the problem's own program, `Problem.checker_program`."""


@dataclass(frozen=True)
class TestCase:
    """One test.

    `stdin` mode: `input` and `output` are text. `call` mode: `input` is the list of arguments and `output`
    the expected value, both plain JSON values.
    """

    __test__ = False  # not a pytest class

    input: Any
    output: Any


@dataclass(frozen=True)
class Limits:
    """What one test may use. `None` means: the verifier's default. `lines` counts executed source lines
    (deterministic, no clock) and is off unless set."""

    cpu_seconds: float | None = None
    wall_seconds: float | None = None
    memory_mb: float | None = None
    output_mb: float | None = None
    lines: int | None = None

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if value is None:
                continue
            kinds = int if name == "lines" else (int, float)
            if isinstance(value, bool) or not isinstance(value, kinds) or not 0 < value <= LARGEST[name]:
                kind = "whole number" if name == "lines" else "number"
                raise DataError(
                    f"limit {name} is {value!r}; it must be a positive {kind} of at most {LARGEST[name]}, or left out"
                )


@dataclass(frozen=True)
class Problem:
    """One problem. `checker` None means the default of the mode: `codecontests` for stdin, `exact` for call.

    `checker` "program" means `checker_program`: source that defines `check(input, output, expected)`, which returns
    True or False. In stdin mode it gets three texts, in call mode the list of arguments, the returned value and the
    expected one. It runs in a jail of its own, under the limits of the problem, and must answer for whatever a program
    may write: where it raises, the verdict is INFRA and says nothing of the program.

    `solutions` are reference programs; `metadata` is free-form (the testbed keeps family and trait there). Raises
    `DataError` when mode, entry point, checker and tests disagree, and for tests, limits and entry points of a wrong
    kind. A problem without tests can be built, but the verifier refuses it.
    """

    id: str
    statement: str
    tests: Sequence[TestCase]
    mode: Mode = "stdin"
    entry_point: str | None = None
    checker: str | None = None
    checker_program: str = ""
    limits: Limits = field(default_factory=Limits)
    starter_code: str = ""
    difficulty: str = ""
    source: str = ""
    solutions: Sequence[str] = ()
    metadata: Mapping[str, Any] = field(default_factory=dict)

    @property
    def task(self) -> str:
        """What a policy is shown: the statement, and the starter code where there is any."""
        return f"{self.statement}\n\n{self.starter_code}" if self.starter_code.strip() else self.statement

    def __post_init__(self) -> None:
        self._check_kinds()
        if self.mode not in ("stdin", "call"):
            raise DataError(f"problem {self.id!r}: mode is {self.mode!r}; allowed: stdin, call")
        if self.mode == "call" and not self.entry_point:
            raise DataError(f"problem {self.id!r}: mode 'call' needs an entry_point (the function to call)")
        if self.mode == "call" and not is_name(self.entry_point):
            raise DataError(
                f"problem {self.id!r}: entry_point is {self.entry_point!r}; it must be the plain name of a function "
                "(of a method of class Solution: without the class)"
            )
        if self.mode == "stdin" and self.entry_point:
            raise DataError(f"problem {self.id!r}: entry_point {self.entry_point!r} is given, but mode is 'stdin'")
        if (self.checker == CHECKER_PROGRAM) != bool(self.checker_program.strip()):
            given = "is missing" if self.checker == CHECKER_PROGRAM else f"is given, but checker is {self.checker!r}"
            raise DataError(
                f"problem {self.id!r}: checker_program {given}; checker 'program' and the source that defines "
                "check(input, output, expected) go together"
            )
        for index, test in enumerate(self.tests):
            if self.mode == "stdin" and not (isinstance(test.input, str) and isinstance(test.output, str)):
                raise DataError(f"problem {self.id!r}, test {index}: stdin mode needs text input and text output")
            if self.mode == "call" and not isinstance(test.input, (list, tuple)):
                raise DataError(f"problem {self.id!r}, test {index}: call mode needs a list of arguments as input")

    def _check_kinds(self) -> None:
        tests: Any = self.tests
        if not isinstance(tests, Sequence) or isinstance(tests, (str, bytes)):
            kind = type(tests).__name__
            raise DataError(f"problem {self.id!r}: tests is of type {kind!r}; it must be a sequence of TestCase")
        for index, test in enumerate(tests):
            if not isinstance(test, TestCase):
                raise DataError(f"problem {self.id!r}, test {index}: {test!r:.80} is no TestCase(input, output)")
        limits: Any = self.limits
        if not isinstance(limits, Limits):
            raise DataError(
                f"problem {self.id!r}: limits is {limits!r}; it must be a Limits, e.g. Limits(cpu_seconds=2)"
            )


def is_name(text: Any) -> bool:
    """Return whether a Python function can be defined under this name."""
    return isinstance(text, str) and text.isidentifier() and not keyword.iskeyword(text)
