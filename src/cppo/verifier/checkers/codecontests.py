r"""`codecontests`: the comparison published with CodeContests (Li et al., arXiv 2203.07814), but for two cases.

Both texts in lower case (ASCII's) and split on space, \n, \t, \r and \v: equal lists pass; else as many tokens, each
pair equal, or both numbers with |a - b| < 1e-5. Ours: two integers are compared as integers (as floats 10^18 equals
10^18 + 1), and infinities and NaN are never numbers.
"""

from __future__ import annotations

import re
from typing import Any

from cppo.verifier.checkers.rule import Checker, by_leaf
from cppo.verifier.checkers.tolerance import number_leaf, number_of

TOLERANCE = 1e-5

_SEPARATORS = " \n\t\r\v"
_GAP = re.compile(f"[{_SEPARATORS}]+")
_INTEGER = re.compile(r"[+-]?[0-9]++")


def checker(name: str) -> Checker:
    """Return the checker: the rule above for texts; values equal, their leaves by the same rule."""
    number = number_leaf(_same_text, _close)

    def leaf(answer: Any, expected: Any) -> bool:
        if isinstance(answer, int) and isinstance(expected, int):
            return isinstance(answer, bool) == isinstance(expected, bool) and answer == expected
        return number(answer, expected)

    return by_leaf(name, _same_text, leaf)


def _same_text(answer: str, expected: str) -> bool:
    theirs = _split(expected, 0)
    ours = _split(answer, len(theirs) or 1)  # one piece more than expected is already too many
    return len(ours) == len(theirs) and all(map(_same_token, ours, theirs))


def _split(text: str, most: int) -> list[str]:
    """Return the tokens; after the first `most` of them (0: all), the rest of the text as one."""
    # As bytes, because text would also fold letters beyond ASCII. Lone surrogates are kept apart.
    folded = text.encode("utf-8", "surrogatepass").lower().decode("utf-8", "surrogatepass").strip(_SEPARATORS)
    return _GAP.split(folded, maxsplit=most) if folded else []


def _same_token(answer: str, expected: str) -> bool:
    if answer == expected:
        return True
    if "." not in expected and _INTEGER.fullmatch(answer) and _INTEGER.fullmatch(expected):
        return _integer_key(answer) == _integer_key(expected)
    a, e = number_of(answer), number_of(expected)
    return a is not None and e is not None and _close(a, e)


def _integer_key(token: str) -> tuple[bool, str]:
    """Sign and digits: unlike `int`, linear in the length of the token."""
    digits = token.lstrip("+-").lstrip("0")
    return token[0] == "-" and digits != "", digits


def _close(a: float, b: float) -> bool:
    return abs(a - b) < TOLERANCE
