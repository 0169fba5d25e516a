"""What a program says of itself may be any bytes: they are a value, a reason or nothing, never an accident."""

from __future__ import annotations

import json
import math
import sys
from collections import OrderedDict
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cppo.problems import Limits, Problem, TestCase
from cppo.verifier import Verdict, VerifierConfig, values
from cppo.verifier.failures import read_note
from cppo.verifier.judging import judge_test, read_report
from cppo.verifier.prepared import PreparedProblem

LEAVES = ["null", "true", "1", "-0", "1e400", "1E5", "NaN", "-Infinity", '"a"', '"', "", "[", "}", "\x00", "1.5.5"]
LEAVES += [
    '"\\u0000"',
    '"\\u00001f"',
    '"\\u0000-1"',
    '"\\ud800"',
    '"\\u0000x"',
    "9" * 5000,
    '"\\u0000' + "f" * 5000 + '"',
]
JSON_LIKE = st.recursive(
    st.sampled_from(LEAVES),
    lambda inner: (
        st.lists(inner, max_size=3).map(lambda items: "[" + ",".join(items) + "]")
        | st.lists(st.tuples(st.sampled_from(['"a"', '"wall"', '"\\u00001"', "1"]), inner), max_size=3).map(
            lambda pairs: "{" + ",".join(f"{key}: {value}" for key, value in pairs) + "}"
        )
    ),
    max_leaves=6,
)
LINES = st.binary(max_size=50) | JSON_LIKE.map(lambda text: text.encode("utf-8", "surrogatepass"))


@given(LINES)
def test_a_note_is_an_object_or_nothing(line: bytes) -> None:
    note = read_note(line)
    assert type(note) is dict
    try:
        expected = json.loads(line)
    except ValueError:
        expected = {}
    assert repr(note) == repr(expected if isinstance(expected, dict) else {})


@pytest.mark.parametrize(
    "line", [b"[" * 1_000_000, b'{"a": ' * 1_000_000, b"1" * 1_000_000, b'{"stop": ' + b"1" * 5000]
)
def test_a_note_without_end_is_nothing(line: bytes) -> None:
    assert read_note(line) == {}


def is_plain(value: Any, depth: int = 0) -> bool:
    """Whether a value is what the verifier compares: the types of JSON, finite, not deeper than they may be."""
    if depth > values.MAX_DEPTH:
        return False
    if type(value) is list:
        return all(is_plain(item, depth + 1) for item in value)
    if type(value) is dict:
        return all(type(key) is str and is_plain(item, depth + 1) for key, item in value.items())
    return value is None or type(value) in (bool, int, str) or (type(value) is float and math.isfinite(value))


@given(LINES)
def test_decoding_gives_a_plain_value_or_a_value_error(data: bytes) -> None:
    try:
        value = values.decode(data)
    except ValueError:
        return
    assert is_plain(value)


@pytest.mark.parametrize("depth", [values.MAX_DEPTH + 2, 300, 450, 700, 900, 5000, 1_000_000])
@pytest.mark.parametrize("pair", [(b"[", b"]"), (b'{"a":', b"}")])
@pytest.mark.parametrize("leaf", [b"1", b'"\\u00001"'])
def test_decoding_refuses_what_is_nested_too_deeply(depth: int, pair: tuple[bytes, bytes], leaf: bytes) -> None:
    with pytest.raises(ValueError):
        values.decode(pair[0] * depth + leaf + pair[1] * depth)


def test_what_is_nested_as_deeply_as_allowed_comes_back() -> None:
    value: Any = "\0"
    for _ in range(values.MAX_DEPTH):
        value = [value]
    assert values.decode(values.encode(value)) == value
    with pytest.raises(ValueError, match="deeper than"):
        values.encode([value])


class Odd:
    """Fails at every touch."""

    def __getattribute__(self, name: str) -> Any:
        raise RuntimeError(name)

    __hash__ = None  # type: ignore[assignment]


ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=3)
    | st.binary(max_size=3)
    | st.complex_numbers()
    | st.builds(object)
    | st.builds(Odd)
    | st.just(Fraction(1, 3))
    | st.just(range(3))
    | st.just(int)
    | st.builds(pow, st.just(2), st.just(100_000)),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.tuples(inner)
        | st.dictionaries(st.text(max_size=2) | st.integers(), inner, max_size=3)
        | st.builds(OrderedDict)
        | st.frozensets(st.integers(), max_size=2)
    ),
    max_leaves=6,
)


@given(ANYTHING)
def test_encoding_gives_strict_json_or_a_value_error(value: Any) -> None:
    try:
        data = values.encode(value)
    except ValueError:
        return
    assert is_plain(values.decode(data))
    assert json.loads(data, parse_constant=lambda name: pytest.fail(name)) is not NotImplemented


LIMITS = Limits(cpu_seconds=1, wall_seconds=2)
CALL = PreparedProblem.of(
    Problem("call", "", [TestCase([1], 731)], mode="call", entry_point="f", limits=LIMITS), VerifierConfig()
)
HEADER = {"status": "ok", "detail": "", "cpu": 0.5, "wall": 0.6, "memory": 2048, "exit": 0}
RECORDS = LINES | st.tuples(JSON_LIKE, JSON_LIKE, JSON_LIKE).map(
    lambda parts: '{{"wall": {}, "cpu": {}, "value": {}}}'.format(*parts).encode("utf-8", "surrogatepass")
)


@given(RECORDS)
@settings(max_examples=300)
def test_no_report_passes_breaks_the_judge_or_has_impossible_costs(payload: bytes) -> None:
    got = judge_test(CALL, 0, read_report(HEADER), payload)
    assert got.verdict in (Verdict.WA, Verdict.RE)
    assert 0 <= got.cpu_seconds < 1e6
    assert 0 <= got.wall_seconds < 1e6
    assert got.detail.isprintable()


@pytest.mark.parametrize("cost", ["-1", "1e300", '"\\u0000' + "f" * 400 + '"', "true", '"1"', "[]", "NaN"])
def test_costs_that_cannot_be_are_not_taken_over(cost: str) -> None:
    payload = f'{{"wall": {cost}, "cpu": {cost}, "value": 731}}'.encode()
    got = judge_test(CALL, 0, read_report(HEADER), payload)
    assert 0 <= got.cpu_seconds <= 1.5
    assert 0 <= got.wall_seconds <= 3.0


def test_a_value_that_recurses_in_the_judge_is_a_wrong_answer() -> None:
    depth = sys.getrecursionlimit() // 2 - 20
    payload = b'{"wall": 0, "cpu": 0, "value": ' + b"[" * depth + b'"\\u00001"' + b"]" * depth + b"}"
    assert judge_test(CALL, 0, read_report(HEADER), payload).verdict is Verdict.WA


@pytest.mark.parametrize(
    "text", ["\x1b]0;title\x07", "a\r\nb", "\u202e", "\ud800", "\0", "\x9b2J", "\u2028", "x" * 100_000]
)
def test_reasons_that_a_program_gives_are_one_line_fit_for_a_terminal(text: str) -> None:
    wrong = judge_test(CALL, 0, read_report(HEADER), b'{"bad": %b}' % json.dumps(text).encode())
    failed = judge_test(CALL, 0, read_report({**HEADER, "status": "RE", "detail": text}), b"")
    for got, verdict in ((wrong, Verdict.WA), (failed, Verdict.RE)):
        assert got.verdict is verdict
        assert got.detail.isprintable()
        assert 0 < len(got.detail) <= 1000
