"""`lcb`: the comparison published with LiveCodeBench (Jain et al., arXiv 2403.07974)."""

from __future__ import annotations

import operator
from decimal import Decimal, InvalidOperation

from cppo.verifier.checkers.rule import Checker, same_value


def checker(name: str) -> Checker:
    """Return the checker.

    Texts: both stripped, split on newlines, each line stripped; as many lines, and each pair equal, or all tokens of
    both lines are decimals (Python's: `1_000`, `٣` and `Infinity` are some; a NaN equals nothing) and exactly equal.
    Values: equal by `==`, so that `true` is 1.
    """

    def text(answer: str, expected: str) -> bool:
        answer, expected = answer.strip(), expected.strip()
        if answer.count("\n") != expected.count("\n"):
            return False
        return all(map(_same_line, answer.split("\n"), expected.split("\n")))

    return Checker(name, text, lambda answer, expected: same_value(answer, expected, operator.eq), preamble=True)


def _same_line(answer: str, expected: str) -> bool:
    answer, expected = answer.strip(), expected.strip()
    if answer == expected:
        return True
    theirs = expected.split()
    ours = answer.split(maxsplit=len(theirs))
    try:
        # Token by token: a line of millions ends at the first difference. A comparison with sNaN raises.
        return len(ours) == len(theirs) and all(Decimal(a) == Decimal(e) for a, e in zip(ours, theirs, strict=True))
    except InvalidOperation:
        return False
