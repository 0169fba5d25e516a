"""Values between the verifier and a program: exactly the JSON types, integers of any size."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cppo.verifier import values

PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(min_value=10**4500, max_value=10**4501)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(alphabet="a\0é\ud800", max_size=3),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(alphabet="a\0", max_size=2), inner, max_size=3),
    max_leaves=8,
)


@given(PLAIN)
def test_plain_values_come_back_unchanged(value: Any) -> None:
    back = values.decode(values.encode(value))
    assert back == value
    assert type(back) is type(value)


def test_tuples_become_lists() -> None:
    assert values.decode(values.encode((1, (2, 3)))) == [1, [2, 3]]


def test_huge_integers_keep_their_sign() -> None:
    assert values.decode(values.encode([-(7**20_000), 7**20_000])) == [-(7**20_000), 7**20_000]


class Sneaky(int):
    def __eq__(self, other: object) -> bool:
        return True

    __hash__ = int.__hash__


CYCLE: list[Any] = []
CYCLE.append(CYCLE)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (Sneaky(3), "'Sneaky'"),
        ([Sneaky(3)], "'Sneaky'"),
        ({1, 2}, "'set'"),
        ((item for item in [1]), "'generator'"),
        (float("nan"), "nan"),
        ([float("inf")], "inf"),
        (CYCLE, "cyclic"),
        ({1: 2}, "key is of type 'int'"),
        (OrderedDict(a=1), "'OrderedDict'"),
        (b"x", "'bytes'"),
        (1j, "'complex'"),
    ],
)
def test_other_values_are_refused_by_name(value: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        values.encode(value)


@pytest.mark.parametrize("data", [b"NaN", b"Infinity", b"1e999", b"1" * 5000, b"[" * 100_000, b"\xff", b"{", b""])
def test_forged_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(ValueError):
        values.decode(data)
