"""The problem sets of an evaluation: loaded, limited, written down, and refused when they are not those of before."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from cppo.errors import DataError, RunError
from cppo.evaluation.grid_files import PROBLEMS
from cppo.files import read_jsonl, write_jsonl
from cppo.grid.layout import Grid
from cppo.problems import Problem
from cppo.problems.datasets import open_source
from cppo.problems.datasets.subsets import is_name
from cppo.problems.jsonl import problem_to_row
from cppo.progress import Reporter
from cppo.verifier import values

SHOWN = ("id", "statement", "starter_code", "difficulty", "source", "mode", "metadata")
"""What is written down of a problem: what the page shows. Tests stay where they came from."""


@dataclass(frozen=True)
class ProblemSet:
    """The problems of one set, and what a table must say of them: data set, files, window, drops."""

    source: str
    problems: Sequence[Problem]
    facts: Mapping[str, Any]

    def description(self) -> dict[str, Any]:
        """Return facts, numbers of problems and tests, and a hash of everything that verdicts depend on."""
        whole = hashlib.sha256("".join(map(fingerprint, self.problems)).encode()).hexdigest()[:16]
        tests = sum(len(problem.tests) for problem in self.problems)
        return {"set": self.source, "test": len(self.problems), "tests": tests, "fingerprint": whole, **self.facts}


def load_sets(grid: Grid, reporter: Reporter) -> list[ProblemSet]:
    """Return the problem sets of the recipe, `limit` problems of each, and write down what the page shows of them.

    Raises `DataError` for a set that cannot be loaded or has no problems, `RunError` when a set is not the one that
    this evaluation began with.
    """
    found = []
    for source in grid.recipe.problems:
        loaded = read_set(source, grid.recipe.data, grid.recipe.limit, reporter)
        _write_down(grid, source, loaded.problems)
        found.append(loaded)
    return found


def read_set(source: str, data: str | None, limit: int | None, reporter: Reporter) -> ProblemSet:
    """Return a set: a file, or a set by name whose files lie in `data`, in the cache or on the Hub."""
    opened = open_source(source, data=Path(data) if data is not None and is_name(source) else None)
    problems = list(islice(opened.problems(reporter), limit))
    if not problems:
        raise DataError(f"problem set {source!r} has no problems")
    return ProblemSet(source, problems, opened.facts())


def fingerprint(problem: Problem) -> str:
    """Return a hash of everything a verdict depends on: statement, tests, checker, limits."""
    whole = hashlib.sha256()
    rest = (problem.id, problem.task, problem.mode, problem.entry_point, problem.checker, problem.checker_program)
    whole.update(repr((*rest, problem.limits)).encode("utf-8", "backslashreplace"))
    for test in problem.tests:
        whole.update(values.encode([test.input, test.output]))  # integers of any length, which JSON refuses
    return whole.hexdigest()[:16]


def _write_down(grid: Grid, source: str, problems: Sequence[Problem]) -> None:
    path = grid.set_directory(source) / PROBLEMS
    rows = [_shown(problem) for problem in problems]
    before = [row for _, row in read_jsonl(path)] if path.exists() else []
    for old, new in zip(before, rows, strict=False):
        if (old.get("id"), old.get("fingerprint")) != (new["id"], new["fingerprint"]):
            raise RunError(
                f"problem set {source!r} is not the one this evaluation began with: problem {new['id']!r} stands where "
                f"{old.get('id')!r} stood, or has changed; use another --output"
            )
    if len(rows) > len(before):
        write_jsonl(path, rows)


def _shown(problem: Problem) -> dict[str, Any]:
    row = {key: value for key, value in problem_to_row(problem).items() if key in SHOWN}
    return {**row, "tests": len(problem.tests), "fingerprint": fingerprint(problem)}


def read_shown(path: Path) -> dict[str, dict[str, Any]]:
    """Return what was written down of the problems of a set, by id."""
    return {row["id"]: row for _, row in read_jsonl(path)}
