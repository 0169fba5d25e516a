"""What a checker is, and how rules for values are made from a rule for leaves."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

Leaf = Callable[[Any, Any], bool]
"""(answer, expected) of two JSON values, the expected one no list and no dictionary → accepted."""


@dataclass(frozen=True)
class Checker:
    """A comparison rule. Both functions take (answer, expected) and return whether the answer is accepted.

    `preamble`: programs get the usual imports first, as from the published test script that the rule comes from.
    """

    name: str
    text: Callable[[str, str], bool]
    value: Callable[[Any, Any], bool]
    preamble: bool = False


def same_value(answer: Any, expected: Any, leaf: Leaf) -> bool:
    """Compare two JSON values of any depth: lists and dictionaries by structure, everything else by `leaf`."""
    open_pairs: list[Iterator[tuple[Any, Any]]] = [iter(((answer, expected),))]
    while open_pairs:
        for ours, theirs in open_pairs[-1]:
            if isinstance(theirs, list):
                if not isinstance(ours, list) or len(ours) != len(theirs):
                    return False
                open_pairs.append(zip(ours, theirs, strict=True))
                break
            if isinstance(theirs, dict):
                if not isinstance(ours, dict) or ours.keys() != theirs.keys():
                    return False
                open_pairs.append(zip(map(ours.__getitem__, theirs), theirs.values(), strict=True))
                break
            if not leaf(ours, theirs):
                return False
        else:
            open_pairs.pop()
    return True


def exact_leaf(answer: Any, expected: Any) -> bool:
    """Equal by Python's `==`, except that booleans are not numbers."""
    return isinstance(answer, bool) == isinstance(expected, bool) and bool(answer == expected)


def text_leaf(text: Callable[[str, str], bool]) -> Leaf:
    """Return the leaf that compares two texts by `text` and everything else exactly."""

    def leaf(answer: Any, expected: Any) -> bool:
        if isinstance(answer, str) and isinstance(expected, str):
            return text(answer, expected)
        return exact_leaf(answer, expected)

    return leaf


def by_leaf(name: str, text: Callable[[str, str], bool], leaf: Leaf) -> Checker:
    """Return the checker of a rule for texts and a rule for the leaves of values."""
    return Checker(name, text, lambda answer, expected: same_value(answer, expected, leaf))
