"""Each comparison rule on cases worked by hand, and the token rules against a plain reference."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cppo.errors import DataError
from cppo.problems import Problem, TestCase
from cppo.verifier import CHECKERS, default_checker, find_checker

TEXT_CASES = [
    ("exact", " 1 2\n", "1 2", True),
    ("exact", "1  2", "1 2", False),
    ("exact", "Yes", "yes", False),
    ("exact", "1\r\n2", "1\n2", False),
    ("exact", "\u00a0\f1\x1f", "1", True),  # white space is Unicode's
    ("exact", "", " \n", True),
    ("tokens", "1\n2  3", "1 2 3", True),
    ("tokens", "1 2", "1 2 3", False),
    ("tokens", "1.0", "1", False),
    ("tokens", "1\r\n2", "1\n2", True),
    ("tokens", "1\f2\u00a03", "1 2 3", True),
    ("tokens", "", "1", False),
    ("tokens", "1", "", False),
    ("codecontests", "YES\n", "yes", True),
    ("codecontests", "0.333333", "0.3333301", True),
    ("codecontests", "0.33334", "0.33332", False),
    ("codecontests", "1.0000101", "1", False),  # the difference must be below 1e-5
    ("codecontests", "1.0000099", "1", True),
    ("codecontests", "0.00001", "0", False),
    ("codecontests", "3.0", "3", True),
    ("codecontests", "007 +5 -0", "7 5 0", True),
    ("codecontests", "1000000000000000001", "1000000000000000000", False),
    ("codecontests", "nan", "NaN", True),  # equal tokens, not equal numbers
    ("codecontests", "nan", "0", False),
    ("codecontests", "inf", "1e999", False),
    ("codecontests", "1e999", "2e999", False),
    ("codecontests", "1_0", "10", False),
    ("codecontests", "1 2", "1 2 3", False),
    ("codecontests", "a\fb", "a b", False),  # a form feed does not separate
    ("codecontests", "1\u00a02", "1 2", False),
    ("codecontests", "", "", True),
    ("codecontests", "\n", "", True),
    ("codecontests", "1", "", False),
    ("codecontests", "1\r\n2\v3", "1\n2 3", True),
    ("codecontests", "É", "é", False),  # ASCII's case only, as published
    ("codecontests", "nan 1.0", "nan 1", True),
    ("codecontests", "1e18", "1000000000000000001", True),  # one is no integer: compared as floats
    ("codecontests", "00" + "9" * 5000, "+" + "9" * 5000, True),
    ("codecontests", "9" * 5000, "9" * 4999 + "8", False),
    ("codecontests", "-00", "+0", True),
    ("codecontests", "-1", "1", False),
    ("codecontests", "+-1", "-1", False),
    ("codecontests", "1. .5 5E-1", "1 0.5 0.5", True),
    ("codecontests", "0x10", "16", False),
    ("codecontests", "٣", "3", False),
    ("codecontests", "\f3.0", "3", False),
    ("lcb", "1 2 \n 3\n", "1 2\n3", True),
    ("lcb", "1\n\n2", "1\n2", False),
    ("lcb", "1", "1\n2", False),
    ("lcb", "1\n2", "1", False),
    ("lcb", "1.50 2", "1.5 2.0", True),
    ("lcb", "1  2", "1 2", True),  # not equal as lines, equal as decimals
    ("lcb", "a  b", "a b", False),
    ("lcb", "0.1", "0.10000000000000001", False),
    ("lcb", "NaN", "nan", False),
    ("lcb", "sNaN", "1", False),
    ("lcb", "1\r\n2\r\n", "1\n2", True),
    ("lcb", "1\r2", "1 2", True),  # a lone carriage return ends no line
    ("lcb", "1 2 3", "1 2", False),
    ("lcb", "1e999999999", "10e999999998", True),
    ("lcb", "1e9999999999999999999", "1", False),  # beyond Decimal: not a number
    ("lcb", "1_000 ٣ Infinity", "1000 3 inf", True),  # as published: what Decimal reads
    ("lcb", "", "\n", True),
    ("lcb", "1000000000000000001", "1e18", False),
    ("apps", "1 2\n3 \n", "1 2\n3", True),
    ("apps", "1\n2", "1\n\n2", True),
    ("apps", "1\n\n2", "1\n2", True),
    ("apps", "1.000001\n2", "1\n2.0", True),
    ("apps", "1.1", "1", False),
    ("apps", "1.00001", "1.0", True),  # 1e-5 relative, and 1e-8 above it
    ("apps", "1.0000101", "1.0", True),  # 1.00001 by rounding to 3 places
    ("apps", "1000.0101", "1000.0", False),
    ("apps", "0.000499992", "0.0005", True),  # 8e-9 of 1e-8 + 5e-9; rounding would part them
    ("apps", "0.00049998", "0.0005", False),
    ("apps", "1_0\n٣", "10\n3.0", True),  # as published: what float reads
    ("apps", "1\r\nb", "1\nb", True),
    ("apps", "a\n \nb", "a\n  \nb", False),  # as published: an expected line of blanks stays
    ("apps", "a\n\nb", "a\n\n\nb", True),
    ("apps", "a\fb", "a\fb", False),  # as published: a form feed ends a line of the answer only
    ("apps", "a", "", False),
    ("apps", "", "\n", True),
    ("apps", "inf", "inf", True),
    ("apps", "inf", "1", False),
    ("apps", "1 1 2", "1 2", True),  # the known hole
    ("apps", "2 1.0004", "1.0 2.0", True),
    ("apps", "3 1", "1 2", False),
    ("apps", "a b", "a c", False),
    ("float", "0.5000004", "0.5", True),
    ("float", "0.500002", "0.5", False),
    ("float", "1000000.5", "1000000.0", True),  # relative above 1
    ("float:1e-3", "0.5009", "0.5", True),
    ("float", "x 1.0", "x 1", True),
    ("float", "nan", "1", False),
    ("float", "1 2", "1", False),
    ("float", "1\n2.0", "1 2", True),
    ("float", "1000000000000000001", "1000000000000000000", True),
    ("float", "inf", "inf", True),
    ("float", "-inf", "inf", False),
    ("float", "1e308", "-1e308", False),
    ("float", "1e999", "2e999", False),
    ("float", "1_000", "1000", False),
    ("unordered", "2  1\n\n3", "3\n2 1\n", True),
    ("unordered", "1\n1\n2", "1\n2\n2", False),
    ("unordered", "2\r\n1\r\n", "1\n2", True),
    ("unordered", "1\n2", "1 2", False),
    ("unordered", "1 2", "2 1", False),  # only lines change places
    ("unordered", "1", "", False),
    ("unordered", "", " \n ", True),
]

VALUE_CASES: list[tuple[str, Any, Any, bool]] = [
    ("exact", [1, {"a": [True, None]}], [1, {"a": [True, None]}], True),
    ("exact", 2.0, 2, True),
    ("exact", True, 1, False),
    ("exact", 0, False, False),
    ("exact", [1], 1, False),
    ("exact", [1, 2], [1], False),
    ("exact", {"a": 1}, {"b": 1}, False),
    ("exact", 10**400, 10**400, True),
    ("exact", 10**400, 1.5, False),
    ("tokens", ["a  b"], ["a b"], True),
    ("codecontests", [0.333333, "YES"], [0.3333301, "yes"], True),
    ("codecontests", 10**18 + 1, 10**18, False),
    ("codecontests", True, 1.0, False),
    ("float", [0.5000004, 3], [0.5, 3.0], True),
    ("float", 10**400, 1.0, False),
    ("float", "0.5", 0.5, False),
    ("float", None, 0.5, False),
    ("lcb", True, 1, True),  # Python's ==
    ("lcb", [1, 2], [1, 2], True),
    ("apps", 3, [3], True),
    ("apps", [3], [3], True),
    ("apps", 3, [4, 3], False),
    ("apps", 3, [], False),
    ("unordered", [[2], 1, "x"], ["x", [2], 1], True),
    ("unordered", [1, 1, 2], [1, 2, 2], False),
    ("unordered", [True], [1], False),
    ("unordered", [{"a": [1]}, 2.0], [2, {"a": [1]}], True),
    ("unordered", {"a": 1}, {"a": 1}, True),
    ("unordered", [10**400, 2**53 + 1], [2**53 + 1, 10**400], True),
    ("unordered", [2**53 + 1], [float(2**53)], False),
    ("unordered", [-0.0, "1"], ["1", 0], True),
    ("unordered", ["1"], [1], False),
    ("unordered", [[], [[]]], [[[]], []], True),
    ("unordered", [[1, [2]]], [[[1], 2]], False),
    ("unordered", [[[1], 2]], [[[1, 2]]], False),
    ("unordered", ["#0x1.0000000000000p+0"], [1], False),
    ("unordered", ["None", "a"], [None, "a"], False),
    ("unordered", [["a", "b,c"]], [["a,b", "c"]], False),
    ("unordered", [{"a": 1, "b": 2}], [{"b": 2, "a": 1}], True),
]


@pytest.mark.parametrize(("name", "answer", "expected", "accepted"), TEXT_CASES)
def test_text(name: str, answer: str, expected: str, accepted: bool) -> None:
    assert find_checker(name).text(answer, expected) is accepted


@pytest.mark.parametrize(("name", "answer", "expected", "accepted"), VALUE_CASES)
def test_value(name: str, answer: Any, expected: Any, accepted: bool) -> None:
    assert find_checker(name).value(answer, expected) is accepted


WORDS = st.lists(st.sampled_from(["1", "2", "-3", "+2", "02", "1.5", "a", "A", "nan", "1e3", "1000"]), max_size=6)
GAPS = st.sampled_from([" ", "\n", "\t", "\r\n", "  ", "\v"])


@st.composite
def spaced(draw: st.DrawFn, words: list[str]) -> str:
    return "".join(draw(GAPS) + word for word in words) + draw(GAPS)


@given(st.data(), WORDS, WORDS)
def test_spacing_never_matters_to_token_rules(data: st.DataObject, ours: list[str], theirs: list[str]) -> None:
    answer, expected = data.draw(spaced(ours)), data.draw(spaced(theirs))
    assert find_checker("tokens").text(answer, expected) is (ours == theirs)
    assert find_checker("codecontests").text(answer, expected) is reference_codecontests(ours, theirs)


def reference_codecontests(ours: list[str], theirs: list[str]) -> bool:
    """The rule read off its description, token by token."""
    if len(ours) != len(theirs):
        return False
    for a, e in zip(ours, theirs, strict=True):
        if a.lower() == e.lower():
            continue
        try:
            x, y = float(a), float(e)
        except ValueError:
            return False
        if not abs(x - y) < 1e-5:
            return False
    return True


@given(st.sampled_from(sorted(CHECKERS)), st.text(alphabet="ab1. \n", max_size=20))
def test_every_text_rule_accepts_the_expected_output(name: str, text: str) -> None:
    assert find_checker(name).text(text, text) is True


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=2), inner, max_size=3),
    max_leaves=8,
)


@given(st.sampled_from(sorted(CHECKERS)), JSON)
def test_every_value_rule_accepts_the_expected_value(name: str, value: Any) -> None:
    assert find_checker(name).value(value, value) is True


@given(JSON, st.randoms(use_true_random=False))
def test_unordered_ignores_the_order_of_the_outermost_list(value: Any, random: Any) -> None:
    items = [value, 1, "x", [value]]
    shuffled = list(items)
    random.shuffle(shuffled)
    assert find_checker("unordered").value(shuffled, items) is True


def test_unknown_checker_names_the_nearest() -> None:
    with pytest.raises(DataError, match=r"unknown checker 'token' \(did you mean 'tokens'\?\); allowed: apps, codec"):
        find_checker("token")


@pytest.mark.parametrize("name", ["float:", "float:x", "float:0", "float:-1", "float:2", "float:nan"])
def test_tolerance_must_be_usable(name: str) -> None:
    with pytest.raises(DataError, match="between 0 and 1"):
        find_checker(name)


@pytest.mark.parametrize("name", ["tokens:3", "tokens:"])
def test_only_float_takes_a_parameter(name: str) -> None:
    with pytest.raises(DataError, match="takes no parameter"):
        find_checker(name)


def test_default_checker_depends_on_the_mode() -> None:
    assert default_checker(Problem("a", "", [TestCase("", "")])) == "codecontests"
    assert default_checker(Problem("b", "", [TestCase([], 1)], mode="call", entry_point="f")) == "exact"
    assert default_checker(Problem("c", "", [TestCase("", "")], checker="float:1e-3")) == "float:1e-3"
