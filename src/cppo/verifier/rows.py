"""Programs and verdicts as rows of JSON lines.

A program: `{"problem_id", "program_id", "program"}`, or `"completion"` (model text that holds a program) in place of
`"program"`; further keys are left alone. A verdict: `{"problem_id", "program_id", "verdict", "detail", "tests"}`, where
a test is a `TestResult` without its empty fields.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from cppo.errors import DataError
from cppo.text.program import Rule, extract_program
from cppo.verifier.verdict import ProgramVerdict, TestResult, Verdict

SECONDS_DIGITS, MEMORY_DIGITS = 6, 3
_TEXTS = ("program", "completion")
_FIELDS: tuple[tuple[set[str], tuple[type, ...], str], ...] = (
    ({"cpu_seconds", "wall_seconds", "memory_mb", "waited_seconds"}, (int, float), "a number"),
    ({"exit_status"}, (int,), "a whole number"),
    ({"detail", "stdout", "stderr"}, (str,), "text"),
)
_ALWAYS = ("verdict", "cpu_seconds", "wall_seconds", "memory_mb", "exit_status")


@dataclass(frozen=True)
class ProgramRow:
    """One program to be judged. `text` is its source, or the model's completion that holds it."""

    problem_id: str
    program_id: str
    text: str
    is_completion: bool = False

    def source(self, rule: Rule = "last_block") -> str:
        """Return the program; "" when a completion holds none (verdict EMPTY). `rule`: see `extract_program`."""
        return extract_program(self.text, rule) if self.is_completion else self.text

    def digest(self) -> str:
        """Return a SHA-256 (hexadecimal, cut to 96 bits) of all fields."""
        parts = (self.problem_id, self.program_id, "completion" if self.is_completion else "program", self.text)
        whole = hashlib.sha256()
        for part in parts:
            data = part.encode("utf-8", "surrogatepass")
            whole.update(b"%d:" % len(data))
            whole.update(data)
        return whole.hexdigest()[:24]


def program_from_row(row: Any, origin: str) -> ProgramRow:
    """Build a program from its JSON form. Raises `DataError` that names `origin`, the key and what is allowed."""
    if not isinstance(row, dict):
        raise DataError(f"{origin}: a program is a JSON object, given {type(row).__name__}")
    problem_id, program_id = (_id(row, key, origin) for key in ("problem_id", "program_id"))
    given = [key for key in _TEXTS if key in row]
    if len(given) != 1:
        found = "both" if given else f"neither; its keys are {_keys(row)}"
        raise DataError(f"{origin}: a row has either 'program' (source) or 'completion' (model text), this has {found}")
    text = row[given[0]]
    if not isinstance(text, str):
        raise DataError(f"{origin}: {given[0]} is {_shown(text)}; it must be text ('' where there is none)")
    return ProgramRow(problem_id, program_id, text, given[0] == "completion")


def verdict_to_row(problem_id: str, program_id: str, verdict: ProgramVerdict) -> dict[str, Any]:
    """Return the JSON form of a verdict; of a test, the fields that say nothing are left out."""
    tests = [_test_row(test) for test in verdict.tests]
    return {
        "problem_id": problem_id,
        "program_id": program_id,
        "verdict": verdict.verdict.value,
        "detail": verdict.detail,
        "tests": tests,
    }


def verdict_from_row(row: Any, origin: str) -> tuple[str, str, ProgramVerdict]:
    """Return problem id, program id and verdict of a row. Raises `DataError` that names `origin` and the key."""
    if not isinstance(row, dict):
        raise DataError(f"{origin}: a verdict is a JSON object, given {type(row).__name__}")
    problem_id, program_id = (_id(row, key, origin) for key in ("problem_id", "program_id"))
    tests = row.get("tests", [])
    if not isinstance(tests, list):
        raise DataError(f"{origin}: tests is {_shown(tests)}; it must be a list")
    results = tuple(_test_result(test, f"{origin}, test {index}") for index, test in enumerate(tests))
    detail = row.get("detail", "")
    if not isinstance(detail, str):
        raise DataError(f"{origin}: detail is {_shown(detail)}; it must be text")
    return problem_id, program_id, ProgramVerdict(_verdict(row, origin), results, detail)


def _id(row: Mapping[str, Any], key: str, origin: str) -> str:
    if key not in row:
        raise DataError(f"{origin}: key {key!r} is missing; its keys are {_keys(row)}")
    value = row[key]
    if not isinstance(value, str) or not value.strip():
        raise DataError(f"{origin}: {key} is {_shown(value)}; it must be text that is not blank")
    return value


def _keys(row: Mapping[str, Any]) -> str:
    return _shown(", ".join(row)) if row else "none"


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:60]}…"


def _verdict(row: Mapping[str, Any], origin: str) -> Verdict:
    try:
        return Verdict(row["verdict"])
    except (KeyError, ValueError):
        given = _shown(row.get("verdict"))
        raise DataError(f"{origin}: verdict is {given}; allowed: {', '.join(Verdict)}") from None


def _test_row(test: TestResult) -> dict[str, Any]:
    row = asdict(test)
    row["verdict"] = test.verdict.value
    for key in ("cpu_seconds", "wall_seconds", "waited_seconds"):
        row[key] = round(row[key], SECONDS_DIGITS)
    row["memory_mb"] = round(row["memory_mb"], MEMORY_DIGITS)
    if row["exit_status"] is None:
        del row["exit_status"]
    return {key: value for key, value in row.items() if value or key in _ALWAYS}


def _test_result(row: Any, origin: str) -> TestResult:
    if not isinstance(row, dict):
        raise DataError(f"{origin}: a test is a JSON object, given {type(row).__name__}")
    values: dict[str, Any] = {}
    for keys, kinds, words in _FIELDS:
        for key in keys & row.keys():
            if isinstance(row[key], bool) or not isinstance(row[key], kinds):
                raise DataError(f"{origin}: {key} is {_shown(row[key])}; it must be {words}")
            values[key] = row[key]
    return TestResult(_verdict(row, origin), **values)
