"""How an answer is compared with the expected one: named rules, one line each in `CHECKERS`.

| name | text (stdin mode) | value (call mode) |
| --- | --- | --- |
| `exact` | whole output equal, stripped | equal JSON values: `true` is not 1, 1 is 1.0 |
| `tokens` | whitespace-separated tokens equal | as `exact`, strings by tokens |
| `codecontests` | tokens equal without case, or both numbers closer than 1e-5 | as `exact`, leaves by this rule |
| `lcb` | lines equal, or all their tokens equal as decimals | Python's `==` |
| `apps` | any of six rules, the last two of which accept wrong answers | `==` with the value or its first element |
| `float`, `float:1e-6` | tokens equal, or numbers within tol·max(1, abs(expected)) | as `exact`, leaves by this rule |
| `unordered` | lines equal in any order | as `exact`, the outermost list in any order |

`codecontests` follows the published CodeContests comparison (Li et al., arXiv 2203.07814) but for two cases: two
integers are compared exactly (with floats 10^18 equals 10^18 + 1), and infinities and NaN are never numbers. `lcb`
follows LiveCodeBench (Jain et al., arXiv 2403.07974), `apps` the test script of APPS (Hendrycks et al., arXiv
2105.09938); `apps` is for parity with published numbers only. Values have come through JSON: a tuple is a list at any
depth.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from cppo.errors import DataError, nearest
from cppo.problems import Problem

Leaf = Callable[[Any, Any], bool]

CODECONTESTS_TOLERANCE = 1e-5
DEFAULT_TOLERANCE = 1e-6
APPS_RTOL, APPS_ATOL = 1e-5, 1e-8

_CODECONTESTS_TOKEN = re.compile(r"[^ \n\t\r\v]+")
_INTEGER = re.compile(r"([+-]?)0*([0-9]+)")
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")


@dataclass(frozen=True)
class Checker:
    """A comparison rule. Both functions take (answer, expected) and return whether the answer is accepted."""

    name: str
    text: Callable[[str, str], bool]
    value: Callable[[Any, Any], bool]


def find_checker(name: str) -> Checker:
    """Return the checker called `name`, which may carry a parameter (`float:1e-9`); raises `DataError`."""
    rule, _, parameter = name.partition(":")
    if rule not in CHECKERS:
        allowed = sorted(CHECKERS)
        raise DataError(f"unknown checker {name!r}{nearest(rule, allowed)}; allowed: {', '.join(allowed)}")
    if parameter and rule != "float":
        raise DataError(f"checker {name!r}: {rule!r} takes no parameter; only 'float' does, for example 'float:1e-9'")
    return CHECKERS[rule](name)


def default_checker(problem: Problem) -> str:
    """Return the name of the problem's checker: its own, else `codecontests` for stdin and `exact` for call mode."""
    return problem.checker or ("codecontests" if problem.mode == "stdin" else "exact")


def same_value(answer: Any, expected: Any, leaf: Leaf) -> bool:
    """Compare two JSON values: lists and dictionaries by structure, everything else by `leaf`."""
    if isinstance(expected, list):
        return (
            isinstance(answer, list)
            and len(answer) == len(expected)
            and all(same_value(a, e, leaf) for a, e in zip(answer, expected, strict=True))
        )
    if isinstance(expected, dict):
        return (
            isinstance(answer, dict)
            and answer.keys() == expected.keys()
            and all(same_value(answer[key], item, leaf) for key, item in expected.items())
        )
    return not isinstance(answer, (list, dict)) and leaf(answer, expected)


def exact_leaf(answer: Any, expected: Any) -> bool:
    """Equal by Python's `==`, except that booleans are not numbers."""
    return isinstance(answer, bool) == isinstance(expected, bool) and bool(answer == expected)


def _text_leaf(text: Callable[[str, str], bool]) -> Leaf:
    def leaf(answer: Any, expected: Any) -> bool:
        if isinstance(answer, str) and isinstance(expected, str):
            return text(answer, expected)
        return exact_leaf(answer, expected)

    return leaf


def _number_leaf(
    text: Callable[[str, str], bool], close: Callable[[float, float], bool], *, integers_too: bool = False
) -> Leaf:
    inner = _text_leaf(text)

    def leaf(answer: Any, expected: Any) -> bool:
        if inner(answer, expected):
            return True
        if not integers_too and isinstance(answer, int) and isinstance(expected, int):
            return False
        a, e = float_of(answer), float_of(expected)
        return a is not None and e is not None and close(a, e)

    return leaf


def float_of(value: Any) -> float | None:
    """Return a finite number as float; None for everything else, booleans and integers beyond floats included."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def _exact(name: str) -> Checker:
    def text(answer: str, expected: str) -> bool:
        return answer.strip() == expected.strip()

    return Checker(name, text, lambda answer, expected: same_value(answer, expected, exact_leaf))


def _tokens(name: str) -> Checker:
    def text(answer: str, expected: str) -> bool:
        return answer.split() == expected.split()

    leaf = _text_leaf(text)
    return Checker(name, text, lambda answer, expected: same_value(answer, expected, leaf))


def _codecontests(name: str) -> Checker:
    def close(a: float, b: float) -> bool:
        return abs(a - b) < CODECONTESTS_TOLERANCE

    def text(answer: str, expected: str) -> bool:
        pair = [_CODECONTESTS_TOKEN.findall(side.lower()) for side in (answer, expected)]
        if pair[0] == pair[1]:
            return True
        return len(pair[0]) == len(pair[1]) and all(map(same_token, *pair))

    def same_token(a: str, b: str) -> bool:
        if a == b:
            return True
        integers = _INTEGER.fullmatch(a), _INTEGER.fullmatch(b)
        if integers[0] and integers[1]:
            return _integer_key(integers[0]) == _integer_key(integers[1])
        return _close_tokens(a, b, close)

    leaf = _number_leaf(text, close)
    return Checker(name, text, lambda answer, expected: same_value(answer, expected, leaf))


def _integer_key(match: re.Match[str]) -> tuple[bool, str]:
    sign, digits = match.groups()
    return sign == "-" and digits != "0", digits


def _close_tokens(a: str, b: str, close: Callable[[float, float], bool]) -> bool:
    if not (_NUMBER.fullmatch(a) and _NUMBER.fullmatch(b)):
        return False
    x, y = float(a), float(b)
    return math.isfinite(x) and math.isfinite(y) and close(x, y)


def _lcb(name: str) -> Checker:
    def text(answer: str, expected: str) -> bool:
        ours, theirs = ([line.strip() for line in side.strip().split("\n")] for side in (answer, expected))
        return len(ours) == len(theirs) and all(
            a == e or same_decimals(a, e) for a, e in zip(ours, theirs, strict=True)
        )

    def same_decimals(a: str, e: str) -> bool:
        try:
            return [Decimal(token) for token in a.split()] == [Decimal(token) for token in e.split()]
        except (InvalidOperation, ValueError):
            return False

    return Checker(name, text, lambda answer, expected: bool(answer == expected))


def _apps(name: str) -> Checker:
    def text(answer: str, expected: str) -> bool:
        if answer.strip() == expected.strip():
            return True
        ours, theirs = answer.splitlines(), expected.split("\n")
        if [line.strip() for line in ours] == [line.strip() for line in theirs]:
            return True
        theirs = [line.strip() for line in theirs if line]
        if [line.strip() for line in ours] == theirs:
            return True
        ours = [line.strip() for line in ours if line.strip()]
        return ours == theirs or _apps_floats(ours, theirs) or _apps_sets(ours, theirs)

    def value(answer: Any, expected: Any) -> bool:
        return bool(answer == expected or (isinstance(expected, list) and expected and answer == expected[0]))

    return Checker(name, text, value)


def _apps_floats(ours: list[str], theirs: list[str]) -> bool:
    try:
        pairs = list(zip(map(float, ours), map(float, theirs), strict=True))
    except ValueError:  # not a number, or not as many lines
        return False
    return all(a == e or (math.isfinite(e) and abs(a - e) <= APPS_ATOL + APPS_RTOL * abs(e)) for a, e in pairs)


def _apps_sets(ours: list[str], theirs: list[str]) -> bool:
    sets = [{frozenset(line.split()) for line in side} for side in (ours, theirs)]
    if sets[0] == sets[1]:
        return True
    try:
        rounded = [{frozenset(round(float(token), 3) for token in line) for line in side} for side in sets]
    except (ValueError, OverflowError):
        return False
    return rounded[0] == rounded[1]


def _float(name: str) -> Checker:
    parameter = name.partition(":")[2]
    try:
        tolerance = float(parameter) if parameter else DEFAULT_TOLERANCE
    except ValueError:
        tolerance = math.nan
    if not 0 < tolerance < 1:
        raise DataError(f"checker {name!r}: the tolerance must be a number between 0 and 1, for example 'float:1e-6'")

    def close(a: float, e: float) -> bool:
        return abs(a - e) <= tolerance * max(1.0, abs(e))

    def text(answer: str, expected: str) -> bool:
        ours, theirs = answer.split(), expected.split()
        return len(ours) == len(theirs) and all(
            a == e or _close_tokens(a, e, close) for a, e in zip(ours, theirs, strict=True)
        )

    leaf = _number_leaf(text, close, integers_too=True)
    return Checker(name, text, lambda answer, expected: same_value(answer, expected, leaf))


def _unordered(name: str) -> Checker:
    def text(answer: str, expected: str) -> bool:
        sides = ([" ".join(line.split()) for line in side.splitlines()] for side in (answer, expected))
        ours, theirs = (Counter(line for line in side if line) for side in sides)
        return ours == theirs

    def value(answer: Any, expected: Any) -> bool:
        if not (isinstance(answer, list) and isinstance(expected, list)):
            return same_value(answer, expected, exact_leaf)
        return len(answer) == len(expected) and Counter(map(_key, answer)) == Counter(map(_key, expected))

    return Checker(name, text, value)


def _key(value: Any) -> Any:
    """Return something hashable that is equal exactly when `exact` says equal."""
    if isinstance(value, list):
        return "list", tuple(_key(item) for item in value)
    if isinstance(value, dict):
        return "dict", frozenset((key, _key(item)) for key, item in value.items())
    return isinstance(value, bool), value


CHECKERS: dict[str, Callable[[str], Checker]] = {
    "exact": _exact,
    "tokens": _tokens,
    "codecontests": _codecontests,
    "lcb": _lcb,
    "apps": _apps,
    "float": _float,
    "unordered": _unordered,
}
