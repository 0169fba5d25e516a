"""Our own problem format: one JSON object a line. Any user can bring problems in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from cppo.errors import DataError, nearest
from cppo.files import read_jsonl
from cppo.problems.problem import Limits, Problem, TestCase

REQUIRED = ("id", "statement", "tests")


def problem_from_row(row: Any, origin: str) -> Problem:
    """Build a problem from its JSON form. Raises `DataError` that names `origin`, the key and what is allowed."""
    if not isinstance(row, dict):
        raise DataError(f"{origin}: a problem is a JSON object, given {type(row).__name__}")
    allowed = [field.name for field in fields(Problem)]
    for key in row:
        if key not in allowed:
            raise DataError(f"{origin}: unknown key {key!r}{nearest(key, allowed)}; allowed: {', '.join(allowed)}")
    for key in REQUIRED:
        if key not in row:
            raise DataError(f"{origin}: key {key!r} is missing; a problem needs {', '.join(REQUIRED)}")
    for key, value in row.items():
        _check_type(key, value, origin)
    try:
        return Problem(**{**row, "tests": _tests(row["tests"]), "limits": _limits(row.get("limits"))})
    except DataError as error:
        raise DataError(f"{origin}: {error}") from None


def problem_to_row(problem: Problem) -> dict[str, Any]:
    """Return the JSON form of a problem; keys at their default are left out."""
    row = {"id": problem.id, "statement": problem.statement, "tests": [asdict(test) for test in problem.tests]}
    limits = {key: value for key, value in asdict(problem.limits).items() if value is not None}
    rest: dict[str, Any] = {"limits": limits, "solutions": list(problem.solutions), "metadata": dict(problem.metadata)}
    for name in ("mode", "entry_point", "checker", "checker_program", "starter_code", "difficulty", "source"):
        rest[name] = getattr(problem, name)
    return {**row, **{key: value for key, value in rest.items() if value}}


def read_problems(path: Path | str) -> Iterator[Problem]:
    """Yield the problems of a JSONL file. Raises `DataError` naming file and line, also for a repeated id."""
    seen: set[str] = set()
    for number, row in read_jsonl(path):
        origin = f"{path}, line {number}"
        problem = problem_from_row(row, origin)
        if problem.id in seen:
            raise DataError(f"{origin}: problem id {problem.id!r} occurs twice; ids must be unique")
        seen.add(problem.id)
        yield problem


def _check_type(key: str, value: Any, origin: str) -> None:
    if key in ("id", "statement"):
        fits, kind = isinstance(value, str) and bool(value.strip()), "text that is not blank"
    elif key in ("entry_point", "checker"):
        fits, kind = value is None or isinstance(value, str), "text or null"
    elif key == "solutions":
        fits, kind = isinstance(value, list) and all(isinstance(item, str) for item in value), "a list of texts"
    elif key == "metadata":
        fits, kind = isinstance(value, dict), "an object"
    else:
        # tests and limits have their own checks, with their own messages
        fits, kind = key in ("tests", "limits") or isinstance(value, str), "text"
    if not fits:
        raise DataError(f"{origin}: {key} is {value!r}; it must be {kind}")


def _tests(value: Any) -> list[TestCase]:
    if not isinstance(value, list) or not value:
        raise DataError("tests must be a non-empty list of {input, output}; without tests nothing can pass")
    for index, test in enumerate(value):
        if not isinstance(test, Mapping) or set(test) != {"input", "output"}:
            raise DataError(f"test {index} must have exactly the keys input and output")
    return [TestCase(test["input"], test["output"]) for test in value]


def _limits(value: Any) -> Limits:
    allowed = [field.name for field in fields(Limits)]
    if value is None:
        return Limits()
    if not isinstance(value, Mapping) or not set(value) <= set(allowed):
        raise DataError(f"limits is {value!r}; allowed keys: {', '.join(allowed)}")
    return Limits(**value)
