"""Files of problems and programs for the tests of the commands."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

ADD: dict[str, Any] = {
    "id": "add",
    "statement": "Add two numbers.",
    "tests": [{"input": "1 2\n", "output": "3\n"}, {"input": "4 5\n", "output": "9\n"}],
}
DOUBLE: dict[str, Any] = {
    "id": "double",
    "statement": "Double a number.",
    "tests": [{"input": [2], "output": 4}],
    "mode": "call",
    "entry_point": "double",
}
RIGHT = {"add": "print(sum(map(int, input().split())))", "double": "def double(x): return x + x"}


def write_rows(path: Path, *rows: Any) -> Path:
    """Write rows as JSON lines and return the file."""
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def read_rows(path: Path) -> list[dict[str, Any]]:
    """Return the rows of a JSONL file."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def program(problem_id: str, program_id: str, source: str | None = None) -> dict[str, str]:
    """Return the row of a program; without a source, of a right one."""
    return {"problem_id": problem_id, "program_id": program_id, "program": source or RIGHT[problem_id]}


def verdicts(rows: Iterable[dict[str, Any]]) -> dict[tuple[str, str], str]:
    """Return the verdict by problem id and program id."""
    return {(row["problem_id"], row["program_id"]): row["verdict"] for row in rows}
