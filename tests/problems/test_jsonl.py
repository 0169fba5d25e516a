"""Our own problem format: what goes in comes out, and what does not fit is named."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cppo.errors import DataError
from cppo.problems import Limits, Problem, TestCase
from cppo.problems.jsonl import problem_from_row, problem_to_row, read_problems

ROW: dict[str, Any] = {"id": "p1", "statement": "Add.", "tests": [{"input": "1 2\n", "output": "3\n"}]}


def error_of(**changes: Any) -> str:
    with pytest.raises(DataError) as caught:
        problem_from_row({**ROW, **changes}, "pool.jsonl, line 7")
    message = str(caught.value)
    assert message.count("pool.jsonl, line 7") == 1
    return message


def test_a_minimal_row_gets_the_defaults() -> None:
    problem = problem_from_row(ROW, "x")
    assert problem == Problem("p1", "Add.", [TestCase("1 2\n", "3\n")])
    assert problem.mode == "stdin"
    assert problem_to_row(problem) == {**ROW, "mode": "stdin"}


def test_a_full_problem_round_trips() -> None:
    problem = Problem(
        id="p2",
        statement="Add.",
        tests=[TestCase([1, [2, None, {"a": 1.5}]], 3)],
        mode="call",
        entry_point="solve",
        checker="exact",
        limits=Limits(cpu_seconds=1.5, lines=100),
        starter_code="def solve(a, b):",
        difficulty="easy",
        source="codecontests",
        solutions=["def solve(a, b): return a + b"],
        metadata={"family": "sums"},
    )
    row = problem_to_row(problem)
    assert row["limits"] == {"cpu_seconds": 1.5, "lines": 100}
    assert problem_from_row(json.loads(json.dumps(row)), "x") == problem


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"id": ""}, "id is ''; it must be text that is not blank"),
        ({"id": 3}, "id is 3"),
        ({"statement": "\n"}, "statement is '\\n'"),
        ({"test": []}, "unknown key 'test' (did you mean 'tests'?); allowed: id, statement, tests"),
        ({"tests": []}, "tests must be a non-empty list"),
        ({"tests": {}}, "tests must be a non-empty list"),
        ({"tests": [{"input": "x"}]}, "test 0 must have exactly the keys input and output"),
        ({"tests": [{"input": "x", "output": 3}]}, "test 0: stdin mode needs text"),
        ({"mode": "file"}, "mode is 'file'; allowed: stdin, call"),
        ({"mode": "call"}, "mode 'call' needs an entry_point"),
        ({"entry_point": "solve"}, "entry_point 'solve' is given, but mode is 'stdin'"),
        ({"mode": "call", "entry_point": "f"}, "test 0: call mode needs a list of arguments"),
        ({"entry_point": 3}, "entry_point is 3; it must be text or null"),
        ({"source": 3}, "source is 3; it must be text"),
        ({"solutions": "print(1)"}, "solutions is 'print(1)'; it must be a list of texts"),
        ({"metadata": []}, "metadata is []; it must be an object"),
        ({"limits": {"cpu": 1}}, "allowed keys: cpu_seconds, wall_seconds, memory_mb, output_mb, lines"),
        ({"limits": {"cpu_seconds": 0}}, "limit cpu_seconds is 0; it must be a positive number"),
        ({"limits": {"cpu_seconds": True}}, "limit cpu_seconds is True"),
        ({"limits": {"cpu_seconds": float("nan")}}, "limit cpu_seconds is nan"),
        ({"limits": {"memory_mb": "64"}}, "limit memory_mb is '64'"),
        ({"limits": {"lines": 1.5}}, "limit lines is 1.5; it must be a positive whole number"),
    ],
)
def test_what_does_not_fit_is_named(changes: dict[str, Any], expected: str) -> None:
    assert expected in error_of(**changes)


@pytest.mark.parametrize("key", ["id", "statement", "tests"])
def test_missing_keys_are_named(key: str) -> None:
    with pytest.raises(DataError, match=f"line 1: key '{key}' is missing; a problem needs id, statement, tests"):
        problem_from_row({name: value for name, value in ROW.items() if name != key}, "line 1")


@pytest.mark.parametrize("row", [[], "text", 3, None])
def test_rows_that_are_no_object_are_refused(row: object) -> None:
    with pytest.raises(DataError, match=f"x: a problem is a JSON object, given {type(row).__name__}"):
        problem_from_row(row, "x")


def test_a_file_is_read_in_order_and_its_bad_line_named(tmp_path: Path) -> None:
    path = tmp_path / "pool.jsonl"
    rows = [{**ROW, "id": name} for name in ("b", "a")]
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    assert [problem.id for problem in read_problems(path)] == ["b", "a"]
    path.write_text("\n".join(map(json.dumps, [*rows, rows[0]])), encoding="utf-8")
    with pytest.raises(DataError, match=f"{path}, line 3: problem id 'b' occurs twice"):
        list(read_problems(path))
    path.write_text(json.dumps(ROW) + '\n{"id":', encoding="utf-8")
    with pytest.raises(DataError, match=f"{path}, line 2: not valid JSON"):
        list(read_problems(path))
