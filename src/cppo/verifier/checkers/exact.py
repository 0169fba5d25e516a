"""`exact`: the whole output, stripped."""

from __future__ import annotations

from cppo.verifier.checkers.rule import Checker, by_leaf, exact_leaf


def checker(name: str) -> Checker:
    """Return the checker: texts equal but for white space at both ends; values equal."""

    def text(answer: str, expected: str) -> bool:
        return answer.strip() == expected.strip()

    return by_leaf(name, text, exact_leaf)
