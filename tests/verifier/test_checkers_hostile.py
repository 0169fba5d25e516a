"""Checkers compare untrusted text in the caller's process: they end for everything, soon, and never raise."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cppo.verifier import CHECKERS, find_checker

NAMES = sorted(CHECKERS)

HARD_TOKENS = [
    *("nan", "-nan", "sNaN", "sNaN123", "inf", "-Infinity", "1e400", "-1e400", "1e999999999", "10e999999998"),
    *("1e9999999999999999999", "1e-9999999999999999999", "0e999999999", "-0", "+-1", "1_000", "_1", "٣", "²", "Ⅷ"),
    *("9" * 5000, "0" * 5000, "." + "0" * 5000 + "1", "1" * 5000 + "x", "0x1p3", "1e", ".", "+", "True", "None"),
    *("\0", "1\0", "\ud800", "\udc80", "1\udcff", "\ufeff1", "\u2028", "\x85", "\x1c", "\f1", "\x1f", "İ", "ß"),
]
TEXTS = st.lists(
    st.text(st.characters(), max_size=6) | st.sampled_from(HARD_TOKENS) | st.sampled_from([" ", "\n", "\r\n", "\t"]),
    max_size=8,
).map("".join)
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from([10**4000, -(10**400), 2**1024, 2**53 + 1])
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXTS
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(st.characters(), max_size=2), inner, max_size=3)
    ),
    max_leaves=10,
)


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=200)
@given(answer=TEXTS, expected=TEXTS)
def test_any_two_texts_have_a_verdict(name: str, answer: str, expected: str) -> None:
    assert find_checker(name).text(answer, expected) in (True, False)


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=200)
@given(answer=VALUES, expected=VALUES)
def test_any_two_values_have_a_verdict(name: str, answer: Any, expected: Any) -> None:
    assert find_checker(name).value(answer, expected) in (True, False)


@pytest.mark.parametrize("name", [name for name in NAMES if name != "apps"])
@given(text=TEXTS)
def test_the_expected_text_itself_is_accepted(name: str, text: str) -> None:
    assert find_checker(name).text(text, text) is True


@given(text=TEXTS)
def test_apps_accepts_the_expected_text_itself_unless_its_lines_are_not_ended_by_newlines(text: str) -> None:
    text = "\n".join(text.splitlines())
    assert find_checker("apps").text(text, text) is True


@pytest.mark.parametrize("name", NAMES)
@given(value=VALUES)
def test_the_expected_value_itself_is_accepted(name: str, value: Any) -> None:
    assert find_checker(name).value(value, value) is True


def nested(depth: int, leaf: Any, *, lists: bool = True) -> Any:
    value = leaf
    for _ in range(depth):
        value = [value] if lists else {"a": value}
    return value


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("lists", [True, False])
def test_values_of_any_depth_have_a_verdict(name: str, lists: bool) -> None:
    deep, other = nested(5000, 1, lists=lists), nested(5000, 2, lists=lists)
    compare = find_checker(name).value
    # Plain booleans: pytest would try to print what it compares.
    verdicts = [compare(deep, deep), compare(deep, other), compare([deep], [1]), compare([1], [deep])]
    assert verdicts == [True, False, False, False]


SIZE = 500_000
"""Characters of each side below. What takes a step for every pair of characters would take days."""

LONG_TOKENS = {
    "zeros, then no digit": "0" * SIZE + "x",
    "digits, then no digit": "1" * SIZE + "x",
    "digits": "1" * SIZE,
    "a fraction": "1." + "3" * SIZE,
    "a tiny number": "0." + "0" * SIZE + "1",
    "points": "." * SIZE,
    "an exponent": "1e" + "9" * SIZE,
    "halfway between two floats": "1." + "0" * 52 + "5" * SIZE,
    "a letter": "a" * SIZE,
    "tokens": "12 " * (SIZE // 3),
    "lines": "7\n" * (SIZE // 2),
    "lines of tokens": "1 2 3 4 5\n" * (SIZE // 10),
    "blank lines": "1" + "\n" * SIZE + "1",
    "blanks": "1" + " " * SIZE + "1",
    "blanks and newlines": "1" + " \n" * (SIZE // 2) + "1",
    "carriage returns": "1" + "\r" * SIZE + "1",
    "different numbers": "\n".join(map(str, range(SIZE // 8))),
}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("kind", LONG_TOKENS)
def test_long_texts_take_time_in_proportion(name: str, kind: str) -> None:
    long, compare = LONG_TOKENS[kind], find_checker(name).text
    started = time.monotonic()
    assert compare(long, long) is True
    assert compare(long, "5.5") is False
    assert compare("5.5", long) is False
    assert compare(long + "1", "1" + long) in (True, False)
    assert compare(long, "") is False
    assert time.monotonic() - started < 60


def test_integers_chosen_to_collide_in_a_hash_table_take_time_in_proportion() -> None:
    period = 2**61 - 1  # Python's hash of an integer is its remainder
    answer = [period * factor for factor in range(1, 100_001)]
    started = time.monotonic()
    assert find_checker("unordered").value(answer, [0] * len(answer)) is False
    assert find_checker("unordered").value(answer, answer[::-1]) is True
    assert time.monotonic() - started < 60


@pytest.mark.parametrize("name", NAMES)
def test_long_values_take_time_in_proportion(name: str) -> None:
    compare = find_checker(name).value
    started = time.monotonic()
    numbers = list(range(100_000))
    verdicts = [compare(numbers, list(numbers)), compare(numbers, [*numbers[:-1], -1]), compare(numbers, [1])]
    assert verdicts == [True, False, False]
    huge = 1 << 20_000_000
    assert [compare(huge, huge), compare(huge, 1.5), compare(huge, huge + 1)] == [True, False, False]
    assert time.monotonic() - started < 60
