"""`float`: numbers within a tolerance. And what counts as a number in a text."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from cppo.errors import DataError
from cppo.verifier.checkers.rule import Checker, Leaf, by_leaf, text_leaf
from cppo.verifier.checkers.tokens import same_tokens

DEFAULT_TOLERANCE = 1e-6


def checker(name: str) -> Checker:
    """Return the checker: tokens or leaves equal, or finite numbers with |a - e| ≤ tol·max(1, |e|).

    `name` is `float` (tol = 1e-6) or `float:TOL`; raises `DataError` unless 0 < tol < 1.
    """
    _, colon, parameter = name.partition(":")
    try:
        tolerance = float(parameter) if colon else DEFAULT_TOLERANCE
    except ValueError:
        tolerance = math.nan
    if not 0 < tolerance < 1:
        raise DataError(f"checker {name!r}: the tolerance must be a number between 0 and 1, for example 'float:1e-6'")

    def close(a: float, e: float) -> bool:
        return abs(a - e) <= tolerance * max(1.0, abs(e))

    def same_token(answer: str, expected: str) -> bool:
        a, e = number_of(answer), number_of(expected)
        return a is not None and e is not None and close(a, e)

    def text(answer: str, expected: str) -> bool:
        return same_tokens(answer, expected, same_token)

    return by_leaf(name, text, number_leaf(text, close))


def number_of(token: str) -> float | None:
    """Return the finite decimal number that `token` writes, else None (so for `nan`, `1e999`, `0x1F`, `1_000`, `٣`)."""
    try:
        number = float(token)
    except ValueError:
        return None
    # Python alone reads underscores, other scripts' digits and control characters around a number.
    plain = math.isfinite(number) and token.isascii() and token.isprintable() and "_" not in token
    return number if plain else None


def number_leaf(text: Callable[[str, str], bool], close: Callable[[float, float], bool]) -> Leaf:
    """Return the leaf that compares texts by `text`, numbers by equality or `close`, everything else exactly."""
    equal = text_leaf(text)

    def leaf(answer: Any, expected: Any) -> bool:
        if equal(answer, expected):
            return True
        a, e = _float_of(answer), _float_of(expected)
        return a is not None and e is not None and close(a, e)

    return leaf


def _float_of(value: Any) -> float | None:
    """Return a finite number as float; None for everything else, booleans and integers beyond floats included."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None
