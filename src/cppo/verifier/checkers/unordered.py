"""`unordered`: lines, or the elements of the outermost list, in any order."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from typing import Any

from cppo.verifier.checkers.rule import Checker, exact_leaf, same_value

_LINE_BREAK = re.compile(r"\n\s*+")


def checker(name: str) -> Checker:
    """Return the checker.

    Texts: the lines that are not blank, their tokens joined by one space, are equal as multisets. Values: two lists
    whose elements are equal as multisets, an element as `exact` has it; what is no list is compared as `exact` does.
    """

    def text(answer: str, expected: str) -> bool:
        theirs = _lines(expected, 0)
        ours = _lines(answer, len(theirs) or 1)  # one piece more than expected is already too many
        return len(ours) == len(theirs) and _same_items(map(_spaced, ours), map(_spaced, theirs))

    def value(answer: Any, expected: Any) -> bool:
        if not (isinstance(answer, list) and isinstance(expected, list)):
            return same_value(answer, expected, exact_leaf)
        return len(answer) == len(expected) and _same_items(map(canonical, answer), map(canonical, expected))

    return Checker(name, text, value)


def _lines(text: str, most: int) -> list[str]:
    """Return the lines that are not blank; after the first `most` of them (0: all), the rest of the text as one."""
    text = text.strip()
    return _LINE_BREAK.split(text, maxsplit=most) if text else []


def _spaced(line: str) -> str:
    return " ".join(line.split())


def _same_items(answer: Iterable[str], expected: Iterable[str]) -> bool:
    """Two multisets of equal size. Keys are text, whose hashes nobody can choose: integers could be made to collide."""
    missing = Counter(expected)
    for item in answer:
        if not missing[item]:
            return False
        missing[item] -= 1
    return True


def canonical(value: Any) -> str:
    """Return a text that two JSON values share exactly when `exact` calls them equal."""
    parts: list[str] = []
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, list):
            parts.append(f"[{len(item)}")
            waiting.extend(reversed(item))
        elif isinstance(item, dict):
            parts.append(f"{{{len(item)}")
            for key in sorted(item, reverse=True):
                waiting += (item[key], key)
        elif isinstance(item, str):
            parts.append(f'"{len(item)}:{item}')
        elif isinstance(item, (int, float)) and not isinstance(item, bool):
            parts.append(f"#{_number_key(item)}")
        else:
            parts.append(repr(item))
    return ",".join(parts)


def _number_key(number: int | float) -> str:
    """One text for a number, whether it came as an integer or as a float."""
    if isinstance(number, int):
        try:
            near = float(number)
        except OverflowError:
            return f"{number:x}"
        if near != number:
            return f"{number:x}"
        number = near
    return (number + 0.0).hex()  # -0.0 becomes 0.0
