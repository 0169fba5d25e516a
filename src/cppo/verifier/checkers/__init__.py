"""How an answer is compared with the expected one: named rules, one file and one line in `CHECKERS` each.

| name | text (stdin mode) | value (call mode) |
| --- | --- | --- |
| `exact` | whole output equal, stripped | equal JSON values: `true` is not 1, 1 is 1.0 |
| `tokens` | whitespace-separated tokens equal | as `exact`, strings by tokens |
| `codecontests` | tokens equal without case, or both numbers closer than 1e-5 | as `exact`, leaves by this rule |
| `lcb` | lines equal, or all their tokens equal as decimals | Python's `==` |
| `apps` | any of six rules, the last two of which accept wrong answers | `==` with the value or its first element |
| `float`, `float:1e-6` | tokens equal, or numbers within tol·max(1, abs(expected)) | as `exact`, leaves by this rule |
| `unordered` | lines equal in any order, blank ones and spacing aside | as `exact`, the outermost list in any order |
| `program` | `Problem.checker_program` decides, in a jail of its own | the same |

Both sides are untrusted text: every rule ends for every pair, without an exception, in time linear in both and in
memory that the expected side bounds (for `apps`, both). Values have come through JSON: a tuple is a list at any depth.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cppo.errors import DataError, nearest
from cppo.problems import Problem
from cppo.problems.problem import CHECKER_PROGRAM
from cppo.verifier.checkers import apps, codecontests, exact, lcb, tokens, tolerance, unordered
from cppo.verifier.checkers.rule import Checker

__all__ = ["CHECKERS", "Checker", "default_checker", "find_checker"]

CHECKERS: dict[str, Callable[[str], Checker]] = {
    "exact": exact.checker,
    "tokens": tokens.checker,
    "codecontests": codecontests.checker,
    "lcb": lcb.checker,
    "apps": apps.checker,
    "float": tolerance.checker,
    "unordered": unordered.checker,
}
"""By name, what makes the checker from the whole name, parameter included."""


def find_checker(name: str) -> Checker:
    """Return the checker called `name`, which may carry a parameter (`float:1e-9`); raises `DataError`."""
    if name == CHECKER_PROGRAM:
        return Checker(name, _runs_in_a_jail, _runs_in_a_jail)
    rule, colon, _ = name.partition(":")
    if rule not in CHECKERS:
        allowed = sorted([*CHECKERS, CHECKER_PROGRAM])
        raise DataError(f"unknown checker {name!r}{nearest(rule, allowed)}; allowed: {', '.join(allowed)}")
    if colon and rule != "float":
        raise DataError(f"checker {name!r}: {rule!r} takes no parameter; only 'float' does, for example 'float:1e-9'")
    return CHECKERS[rule](name)


def default_checker(problem: Problem) -> str:
    """Return the name of the problem's checker: its own, else `codecontests` for stdin and `exact` for call mode."""
    return problem.checker or ("codecontests" if problem.mode == "stdin" else "exact")


def _runs_in_a_jail(_answer: Any, _expected: Any) -> bool:
    raise DataError("checker 'program' is the problem's own program; only the verifier can run it")
