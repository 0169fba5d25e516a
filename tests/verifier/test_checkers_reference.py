"""Every rule against a plain, slow reading of its description, on pairs of texts and values that are nearly equal."""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import find, given, settings
from hypothesis import strategies as st

from cppo.verifier import CHECKERS, find_checker

NAMES = sorted([*CHECKERS, "float:1e-3"])
SYMMETRIC = ("exact", "tokens", "codecontests", "lcb", "unordered")


def words(text: str, separates: Callable[[str], bool]) -> list[str]:
    found, word = [], ""
    for character in text + " ":
        if not separates(character):
            word += character
        elif word:
            found.append(word)
            word = ""
    return found


def is_integer(token: str) -> bool:
    digits = token[1:] if token[0] in "+-" else token
    return digits != "" and all(digit in "0123456789" for digit in digits)


def plain_number(token: str) -> float:
    """Return the finite decimal number that a token writes in ASCII, else NaN."""
    mantissa, _, exponent = token.replace("E", "e").partition("e")
    digits = mantissa[1:] if mantissa[:1] in ("+", "-") else mantissa
    whole, _, fraction = digits.partition(".")
    written = whole + fraction
    good = written != "" and all(digit in "0123456789" for digit in written)
    if "e" in token.lower():
        good = good and exponent != "" and is_integer(exponent)
    number = float(token) if good else math.nan
    return number if math.isfinite(number) else math.nan


def exact(answer: str, expected: str) -> bool:
    return answer.strip() == expected.strip()


def tokens(answer: str, expected: str) -> bool:
    return words(answer, str.isspace) == words(expected, str.isspace)


def codecontests(answer: str, expected: str) -> bool:
    def lower(character: str) -> str:
        return chr(ord(character) + 32) if "A" <= character <= "Z" else character

    sides = [words("".join(map(lower, side)), " \n\t\r\v".__contains__) for side in (answer, expected)]
    if len(sides[0]) != len(sides[1]):
        return False
    for a, e in zip(*sides, strict=True):
        if is_integer(a) and is_integer(e):
            same = int(a) == int(e)
        else:
            same = a == e or abs(plain_number(a) - plain_number(e)) < 1e-5
        if not same:
            return False
    return True


def lcb(answer: str, expected: str) -> bool:
    sides = [[line.strip() for line in side.strip().split("\n")] for side in (answer, expected)]
    if len(sides[0]) != len(sides[1]):
        return False
    for a, e in zip(*sides, strict=True):
        if a == e:
            continue
        try:
            if [Decimal(token) for token in a.split()] != [Decimal(token) for token in e.split()]:
                return False
        except ArithmeticError:
            return False
    return True


def apps(answer: str, expected: str) -> bool:
    output = answer.splitlines()
    if exact("\n".join(output), expected) or exact("\n".join(line.strip() for line in output), expected):
        return True
    lines = [line.strip() for line in expected.split("\n") if line != ""]
    if output == lines:
        return True
    output = [line for line in output if line != ""]
    if output == lines:
        return True
    try:
        if len(output) == len(lines) and np.allclose([float(x) for x in output], [float(x) for x in lines]):
            return True
    except ValueError:
        pass
    ours = {frozenset(line.split()) for line in output if line.strip()}
    theirs = {frozenset(line.split()) for line in lines}
    if ours == theirs:
        return True
    try:
        sides = [{frozenset(round(float(token), 3) for token in line) for line in side} for side in (ours, theirs)]
    except ValueError:
        return False
    return sides[0] == sides[1]


def within(tolerance: float) -> Callable[[str, str], bool]:
    def compare(answer: str, expected: str) -> bool:
        ours, theirs = words(answer, str.isspace), words(expected, str.isspace)
        if len(ours) != len(theirs):
            return False
        numbers = [(a, e, plain_number(a), plain_number(e)) for a, e in zip(ours, theirs, strict=True)]
        return all(a == e or abs(x - y) <= tolerance * max(1.0, abs(y)) for a, e, x, y in numbers)

    return compare


def unordered(answer: str, expected: str) -> bool:
    def lines(text: str) -> list[list[str]]:
        return sorted(filter(None, (words(line, str.isspace) for line in text.split("\n"))))

    return lines(answer) == lines(expected)


TEXT: dict[str, Callable[[str, str], bool]] = {
    "exact": exact,
    "tokens": tokens,
    "codecontests": codecontests,
    "lcb": lcb,
    "apps": apps,
    "float": within(1e-6),
    "float:1e-3": within(1e-3),
    "unordered": unordered,
}


def structure(leaf: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    def compare(answer: Any, expected: Any) -> bool:
        if any(isinstance(answer, kind) != isinstance(expected, kind) for kind in (list, dict)):
            return False
        if isinstance(expected, list):
            return len(answer) == len(expected) and all(map(compare, answer, expected))
        if isinstance(expected, dict):
            return set(answer) == set(expected) and all(compare(answer[key], expected[key]) for key in expected)
        return leaf(answer, expected)

    return compare


def exact_leaf(answer: Any, expected: Any) -> bool:
    return (answer is True or answer is False) == (expected is True or expected is False) and bool(answer == expected)


def leaf_of(name: str, close: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    def leaf(answer: Any, expected: Any) -> bool:
        if isinstance(answer, str) and isinstance(expected, str):
            return TEXT[name](answer, expected)
        numbers = {type(answer), type(expected)} <= {int, float}
        return exact_leaf(answer, expected) or (numbers and close(answer, expected))

    return leaf


def codecontests_close(a: float, e: float) -> bool:
    return not (isinstance(a, int) and isinstance(e, int)) and abs(float(a) - float(e)) < 1e-5


def close_by(tolerance: float) -> Callable[[Any, Any], bool]:
    return lambda a, e: abs(float(a) - float(e)) <= tolerance * max(1.0, abs(float(e)))


def unordered_value(answer: Any, expected: Any) -> bool:
    same = structure(exact_leaf)
    if not (isinstance(answer, list) and isinstance(expected, list)):
        return same(answer, expected)
    left = list(answer)
    for item in expected:
        match = next((index for index, ours in enumerate(left) if same(ours, item)), None)
        if match is None:
            return False
        del left[match]
    return not left


def apps_value(answer: Any, expected: Any) -> bool:
    return bool(answer == expected) or (isinstance(expected, list) and expected != [] and bool(answer == expected[0]))


VALUE: dict[str, Callable[[Any, Any], bool]] = {
    "exact": structure(exact_leaf),
    "tokens": structure(leaf_of("tokens", lambda a, e: False)),
    "codecontests": structure(leaf_of("codecontests", codecontests_close)),
    "lcb": lambda answer, expected: bool(answer == expected),
    "apps": apps_value,
    "float": structure(leaf_of("float", close_by(1e-6))),
    "float:1e-3": structure(leaf_of("float:1e-3", close_by(1e-3))),
    "unordered": unordered_value,
}

SPELLINGS = [
    *("0", "-0", "1", "1.0", "+1", "01", "1e0", "10e-1", "1.", "1.000009", "1.00001", "1.000011", "0.99999", "1.0009"),
    *("1000000000000000000", "1000000000000000001", "1e18", "1000000.9", "1000000", "0.3333", "0.33333", "0.3329"),
    *(
        "yes",
        "YES",
        "a",
        "É",
        "é",
        "nan",
        "NaN",
        "inf",
        "Infinity",
        "1e999",
        "-1e999",
        "sNaN",
        "1_000",
        "1000",
        "٣",
        "3",
    ),
    *("\f3", "0x3", "1e", ".", "+", "..3", "\x1c3"),
]
GAPS = st.sampled_from([" ", " ", "\n", "\n", "\n\n", "\t", "\r\n", "\r", "\v", "\f", " \n", "\n \n", "\x1f", "\u00a0"])
WORDS = st.lists(st.tuples(st.sampled_from(SPELLINGS), GAPS), max_size=6)


@st.composite
def near_texts(draw: st.DrawFn) -> tuple[str, str]:
    """A text, and the same after up to three small changes."""
    expected = draw(WORDS)
    answer = list(expected)
    for _ in range(draw(st.integers(0, 3))):
        at = draw(st.integers(0, max(0, len(answer) - 1)))
        kind = draw(st.sampled_from(["word", "gap", "case", "swap", "twice", "drop", "noise"]))
        if not answer:
            answer = draw(WORDS)
        elif kind == "word":
            answer[at] = (draw(st.sampled_from(SPELLINGS)), answer[at][1])
        elif kind == "gap":
            answer[at] = (answer[at][0], draw(GAPS))
        elif kind == "case":
            answer[at] = (answer[at][0].swapcase(), answer[at][1])
        elif kind == "swap":
            answer[at], answer[-1] = answer[-1], answer[at]
        elif kind == "twice":
            answer.insert(at, answer[at])
        elif kind == "drop":
            del answer[draw(st.sampled_from([at, -1]))]
        else:
            number, noise = (
                draw(st.integers(-20, 20)),
                draw(st.sampled_from(["1e-5", "9.9e-6", "1e-6", "2e-8", "1e-3"])),
            )
            expected = [*expected, (str(number), "\n")]
            answer.append((f"{number + draw(st.sampled_from([-1, 1])) * float(noise)!r}", "\n"))
    return "".join(word + gap for word, gap in answer), "".join(word + gap for word, gap in expected)


SCALARS = st.sampled_from(
    [None, True, False, 0, 1, -0.0, 0.0, 1.0, 1.000001, 1.000009, 1.0009, 10**18, 10**18 + 1, 1e18]
)
LEAVES = SCALARS | st.sampled_from(["1", "1.0", "a  b", "a b", "A B"])
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from("ab"), inner, max_size=2),
    max_leaves=8,
)


@st.composite
def near_values(draw: st.DrawFn) -> tuple[Any, Any]:
    """A value, and the same with some leaves drawn anew, lists in another order or shortened."""

    def change(value: Any) -> Any:
        if isinstance(value, list):
            items = [change(item) for item in value]
            kind = draw(st.sampled_from(["same", "same", "reversed", "shorter", "first"]))
            return {"reversed": items[::-1], "shorter": items[1:], "first": (items or [0])[0]}.get(kind, items)
        if isinstance(value, dict):
            return {key: change(item) for key, item in reversed(value.items())}
        return draw(LEAVES) if draw(st.integers(0, 3)) == 0 else value

    expected = draw(VALUES)
    return change(expected), expected


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=200)
@given(pair=near_texts())
def test_text(name: str, pair: tuple[str, str]) -> None:
    assert find_checker(name).text(*pair) is TEXT[name](*pair)


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=200)
@given(pair=near_values())
def test_value(name: str, pair: tuple[Any, Any]) -> None:
    assert find_checker(name).value(*pair) is VALUE[name](*pair)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("accepted", [True, False])
def test_the_pairs_reach_both_verdicts(name: str, accepted: bool) -> None:
    texts = find(near_texts(), lambda pair: pair[0] != pair[1] and find_checker(name).text(*pair) is accepted)
    values = find(near_values(), lambda pair: repr(pair[0]) != repr(pair[1]) and VALUE[name](*pair) is accepted)
    assert TEXT[name](*texts) is accepted
    assert find_checker(name).value(*values) is accepted


@pytest.mark.parametrize("name", SYMMETRIC)
@given(texts=near_texts(), values=near_values())
def test_these_rules_treat_both_sides_alike(name: str, texts: tuple[str, str], values: tuple[Any, Any]) -> None:
    checker = find_checker(name)
    assert checker.text(*texts) is checker.text(*reversed(texts))
    assert checker.value(*values) is checker.value(*reversed(values))


PLAIN = st.text(alphabet="aA1.0e-+ \n\t", max_size=12)


@pytest.mark.parametrize("name", NAMES)
@given(text=PLAIN, ends=st.sampled_from(["", " ", "\n", " \r\n", "\t"]))
def test_spaces_at_the_ends_never_matter(name: str, text: str, ends: str) -> None:
    assert find_checker(name).text(ends + text + ends, text) is True
    assert find_checker(name).text(text, ends + text + ends) is True
