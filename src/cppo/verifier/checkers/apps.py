"""`apps`: the comparison in the test script of APPS (Hendrycks et al., arXiv 2105.09938).

For parity with published numbers only: its last two rules accept wrong answers (`1 1 2` for `1 2`).
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import Any

from cppo.verifier.checkers.rule import Checker, same_value

RTOL, ATOL = 1e-5, 1e-8
"""Of `numpy.allclose`, as published."""


def checker(name: str) -> Checker:
    """Return the checker. Texts pass by any of six rules, in the order of `_same_text`; values when the answer equals
    the expected value or, where that is a list, its first element (APPS wraps scalars)."""

    def value(answer: Any, expected: Any) -> bool:
        if same_value(answer, expected, operator.eq):
            return True
        return isinstance(expected, list) and bool(expected) and same_value(answer, expected[0], operator.eq)

    return Checker(name, _same_text, value, preamble=True)


def _same_text(answer: str, expected: str) -> bool:
    output, whole = answer.splitlines(), expected.strip()
    if "\n".join(output).strip() == whole or "\n".join(line.strip() for line in output).strip() == whole:
        return True
    # As published: only the expected lines are stripped here, and one of blanks stays, empty.
    lines = [line.strip() for line in expected.split("\n") if line]
    if output == lines:
        return True
    output = [line for line in output if line]
    return output == lines or _close_floats(output, lines) or _same_sets(output, lines)


def _close_floats(output: list[str], lines: list[str]) -> bool:
    """Every line one number, and `numpy.allclose`."""
    if len(output) != len(lines):
        return False
    try:
        pairs = [(float(ours), float(theirs)) for ours, theirs in zip(output, lines, strict=True)]
    except ValueError:
        return False
    return all(a == e or (math.isfinite(e) and abs(a - e) <= ATOL + RTOL * abs(e)) for a, e in pairs)


def _same_sets(output: list[str], lines: list[str]) -> bool:
    """The set of the lines' sets of tokens is equal, or is when all tokens are numbers rounded to 3 places."""
    return _same_sets_of(str, output, lines) or _same_sets_of(_rounded, output, lines)


def _same_sets_of(read: Callable[[str], str | float], output: list[str], lines: list[str]) -> bool:
    try:
        theirs = {frozenset(map(read, set(line.split()))) for line in lines}
        known: frozenset[str | float] = frozenset().union(*theirs)
        ours = set()
        for words in filter(None, map(str.split, set(output))):
            tokens = set()
            for word in set(words):
                token = read(word)
                if token not in known:  # so that no set outgrows the expected one, whatever was written
                    return False
                tokens.add(token)
            ours.add(frozenset(tokens))
    except (ValueError, OverflowError):  # a word is no number
        return False
    return ours == theirs


def _rounded(word: str) -> float:
    return round(float(word), 3)
