"""Rows of programs and verdicts: what goes in comes out, and what does not fit is named."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cppo.errors import DataError
from cppo.verifier import ProgramVerdict, TestResult, Verdict
from cppo.verifier.rows import ProgramRow, program_from_row, verdict_from_row, verdict_to_row

PROGRAM: dict[str, Any] = {"problem_id": "p", "program_id": "a", "program": "print(1)"}
VERDICT: dict[str, Any] = {"problem_id": "p", "program_id": "a", "verdict": "AC", "tests": []}

seconds = st.integers(0, 10**9).map(lambda micros: micros / 1e6)
results = st.builds(
    TestResult,
    verdict=st.sampled_from(Verdict),
    cpu_seconds=seconds,
    wall_seconds=seconds,
    memory_mb=st.integers(0, 10**7).map(lambda kib: kib / 1000),
    waited_seconds=seconds,
    exit_status=st.none() | st.integers(-64, 255),
    detail=st.text(),
    stdout=st.text(),
    stderr=st.text(),
)


def test_source_is_the_program_itself_and_a_completion_holds_it() -> None:
    assert program_from_row(PROGRAM, "x").source() == "print(1)"
    completion = "Well:\n```python\nprint(1)\n```\nand\n```\nprint(2)\n```\n"
    row = program_from_row({"problem_id": "p", "program_id": "a", "completion": completion}, "x")
    assert row.source() == "print(2)\n"
    assert row.source("lcb") == "print(2)"
    assert ProgramRow("p", "a", "no program here", True).source() == ""
    assert ProgramRow("p", "a", "no program here", False).source() == "no program here"


def test_further_keys_are_left_alone() -> None:
    assert program_from_row({**PROGRAM, "temperature": 0.8}, "x") == ProgramRow("p", "a", "print(1)")


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ([], "f, line 3: a program is a JSON object, given list"),
        ({"program_id": "a", "program": ""}, "key 'problem_id' is missing; its keys are 'program_id, program'"),
        ({}, "key 'problem_id' is missing; its keys are none"),
        ({**PROGRAM, "program_id": 3}, "program_id is 3; it must be text that is not blank"),
        ({**PROGRAM, "problem_id": " "}, "problem_id is ' '; it must be text that is not blank"),
        ({**PROGRAM, "completion": ""}, "either 'program' (source) or 'completion' (model text), this has both"),
        (
            {"problem_id": "p", "program_id": "a", "code": ""},
            "this has neither; its keys are 'problem_id, program_id, code",
        ),
        ({**PROGRAM, "program": None}, "program is None; it must be text ('' where there is none)"),
        ({**PROGRAM, "program": ["x"] * 99}, "program is ['x', 'x', "),
    ],
)
def test_bad_programs_are_named(row: Any, words: str) -> None:
    with pytest.raises(DataError) as caught:
        program_from_row(row, "f, line 3")
    assert words in str(caught.value)
    assert str(caught.value).startswith("f, line 3: ")
    assert len(str(caught.value)) < 200


def test_a_verdict_leaves_out_what_says_nothing() -> None:
    passed = TestResult(Verdict.AC, 0.0123456789, 0.02, 1.23456)
    failed = TestResult(Verdict.RE, 0.0, 0.0, 0.0, 0.5, 1, "ZeroDivisionError", "2", "trace")
    row = verdict_to_row("p", "a", ProgramVerdict(Verdict.RE, (passed, failed), "test 1: ZeroDivisionError"))
    assert row == {
        "problem_id": "p",
        "program_id": "a",
        "verdict": "RE",
        "detail": "test 1: ZeroDivisionError",
        "tests": [
            {"verdict": "AC", "cpu_seconds": 0.012346, "wall_seconds": 0.02, "memory_mb": 1.235},
            {
                "verdict": "RE",
                "cpu_seconds": 0.0,
                "wall_seconds": 0.0,
                "memory_mb": 0.0,
                "waited_seconds": 0.5,
                "exit_status": 1,
                "detail": "ZeroDivisionError",
                "stdout": "2",
                "stderr": "trace",
            },
        ],
    }


def test_an_exit_status_of_zero_is_said() -> None:
    row = verdict_to_row("p", "a", ProgramVerdict(Verdict.AC, (TestResult(Verdict.AC, exit_status=0),)))
    assert row["tests"][0]["exit_status"] == 0


@given(st.sampled_from(Verdict), st.lists(results, max_size=3), st.text())
def test_verdicts_round_trip(verdict: Verdict, tests: list[TestResult], detail: str) -> None:
    whole = ProgramVerdict(verdict, tuple(tests), detail)
    row = json.loads(json.dumps(verdict_to_row("p", "a", whole)))
    assert verdict_from_row(row, "x") == ("p", "a", whole)


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (3, "a verdict is a JSON object, given int"),
        ({**VERDICT, "verdict": "OK"}, "verdict is 'OK'; allowed: AC, WA, TLE, MLE, OLE, RE, CE, EMPTY, INFRA"),
        ({"problem_id": "p", "program_id": "a"}, "verdict is None"),
        ({**VERDICT, "tests": {}}, "tests is {}; it must be a list"),
        ({**VERDICT, "detail": 3}, "detail is 3; it must be text"),
        ({**VERDICT, "tests": [{"verdict": "AC"}, 4]}, "test 1: a test is a JSON object, given int"),
        ({**VERDICT, "tests": [{"verdict": "AC", "cpu_seconds": "1"}]}, "cpu_seconds is '1'; it must be a number"),
        ({**VERDICT, "tests": [{"verdict": "AC", "exit_status": True}]}, "exit_status is True; it must be a whole"),
        ({**VERDICT, "tests": [{"verdict": "AC", "stdout": None}]}, "stdout is None; it must be text"),
    ],
)
def test_bad_verdicts_are_named(row: Any, words: str) -> None:
    with pytest.raises(DataError) as caught:
        verdict_from_row(row, "v, line 2")
    assert words in str(caught.value)
    assert str(caught.value).startswith("v, line 2")


@given(st.text(), st.text(), st.text(), st.booleans())
def test_a_digest_tells_every_field_apart(a: str, b: str, c: str, completion: bool) -> None:
    row = ProgramRow(a, b, c, completion)
    others = [ProgramRow(a, b, c, not completion), ProgramRow(a, b, c + "x", completion), ProgramRow(a + "x", b, c)]
    assert all(row.digest() != other.digest() for other in others)
    assert row.digest() == ProgramRow(a, b, c, completion).digest()


def test_a_digest_sees_where_one_field_ends_and_takes_lone_surrogates() -> None:
    assert ProgramRow("ab", "c", "").digest() != ProgramRow("a", "bc", "").digest()
    assert ProgramRow("p", "a", "\ud800").digest() != ProgramRow("p", "a", "\ud801").digest()
