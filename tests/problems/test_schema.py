"""The published schema of problems says what the loader does."""

from __future__ import annotations

import json
import re
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any, get_args

import pytest

from cppo.errors import DataError
from cppo.problems import Limits, Mode, Problem, TestCase
from cppo.problems.crossroads import EQUAL, generate
from cppo.problems.jsonl import REQUIRED, problem_from_row, problem_to_row
from cppo.verifier import CHECKERS, find_checker

SCHEMA: dict[str, Any] = json.loads((Path(__file__).parents[2] / "docs" / "problem.schema.json").read_text("utf-8"))
PROPERTIES: dict[str, Any] = SCHEMA["properties"]
TEST: dict[str, Any] = PROPERTIES["tests"]["items"]


@pytest.mark.parametrize(("part", "kind"), [(SCHEMA, Problem), (TEST, TestCase), (PROPERTIES["limits"], Limits)])
def test_properties_are_the_fields_and_nothing_else_is_allowed(part: dict[str, Any], kind: type) -> None:
    assert list(part["properties"]) == [field.name for field in fields(kind)]
    assert part["additionalProperties"] is False


def test_required_keys_are_those_the_loader_asks_for() -> None:
    assert SCHEMA["required"] == list(REQUIRED)
    assert SCHEMA["required"] == [f.name for f in fields(Problem) if f.default is f.default_factory is MISSING]
    assert TEST["required"] == ["input", "output"]


def test_defaults_are_those_of_the_fields() -> None:
    defaults = {name: part["default"] for name, part in PROPERTIES.items() if "default" in part}
    bare = Problem("p", "s", [])
    assert defaults == {name: getattr(bare, name) for name in defaults} | {"solutions": []}
    assert set(PROPERTIES) - set(defaults) == {*REQUIRED, "limits"}
    assert problem_to_row(bare) == {"id": "p", "statement": "s", "tests": [], "mode": "stdin"}


def test_modes_and_checkers_are_the_known_ones() -> None:
    assert PROPERTIES["mode"]["enum"] == list(get_args(Mode))
    pattern = PROPERTIES["checker"]["pattern"]
    for name in [*CHECKERS, "float:1e-9"]:
        assert re.fullmatch(pattern, name)
        assert find_checker(name).name == name
    for name in ("exactly", "exact:1", "tokens "):
        assert re.fullmatch(pattern, name) is None
        with pytest.raises(DataError):
            find_checker(name)


def test_generated_problems_use_only_the_schema_s_keys() -> None:
    for problem in generate(EQUAL, "train", 6, 0):
        row = json.loads(json.dumps(problem_to_row(problem)))
        assert set(REQUIRED) <= set(row) <= set(PROPERTIES)
        assert set(row["limits"]) <= set(PROPERTIES["limits"]["properties"])
        assert all(set(test) == set(TEST["properties"]) for test in row["tests"])
        assert problem_to_row(problem_from_row(row, "here")) == row


@pytest.mark.parametrize(
    "change",
    [
        {"mode": "call"},
        {"entry_point": "solve"},
        {"mode": "call", "entry_point": "solve"},
        {"tests": []},
        {"tests": [{"input": "1"}]},
        {"tests": [{"input": 1, "output": "1"}]},
        {"limits": {"cpu_seconds": 0}},
        {"limits": {"seconds": 1}},
        {"id": " "},
        {"language": "python"},
    ],
)
def test_rows_the_schema_forbids_are_refused_by_the_loader(change: dict[str, Any]) -> None:
    good = {"id": "p", "statement": "s", "tests": [{"input": "1", "output": "1"}]}
    assert problem_from_row(good, "here").id == "p"
    with pytest.raises(DataError, match="here"):
        problem_from_row({**good, **change}, "here")
