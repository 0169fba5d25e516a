"""Episodes as a Hugging Face dataset: Parquet files, a row for every program, and a card that names their splits."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from cppo.files import write_atomic
from cppo.grid.exports.reading import arms_of, problems_of, results_of
from cppo.grid.layout import Grid
from cppo.grid.settings import set_name

COLUMNS = {
    "set": "string", "seed": "int64", "arm": "string", "problem_id": "string", "statement": "string", "tuple": "int64",
    "plan": "string", "plan_fault": "string", "slot": "int64", "method": "string", "program": "string",
    "verdict": "string", "passed": "bool", "detail": "string", "stop": "string", "tokens": "int64",
}  # fmt: skip
"""Columns and their types, as Arrow names them."""


def write_data_set(grid: Grid, target: Path) -> list[Path]:
    """Write `target/data/SET.parquet` for every problem set and `target/README.md`, and return the paths.

    `load_dataset(target)` reads all of them, a split for every problem set: its name with `_` for what is no letter or
    digit. A row has `COLUMNS`; `tuple` is its number. A tuple without programs is one row with slot -1 and an empty
    program.
    """
    import pyarrow  # type: ignore[import-untyped]
    from pyarrow import parquet

    results_of(grid)
    schema = pyarrow.schema([(name, pyarrow.type_for_alias(kind)) for name, kind in COLUMNS.items()])
    written = []
    for source in grid.recipe.problems:
        path = target / "data" / f"{set_name(source)}.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_name(f".{path.name}.unfinished")
        rows = [{key: _whole(value) for key, value in row.items()} for row in _rows(grid, source)]
        parquet.write_table(pyarrow.Table.from_pylist(rows, schema=schema), unfinished)
        unfinished.replace(path)
        written.append(path)
    card = target / "README.md"
    write_atomic(card, _card([set_name(source) for source in grid.recipe.problems]))
    return [*written, card]


def _whole(value: Any) -> Any:
    """Return a text that UTF-8 can hold: half a surrogate pair becomes its escape, as in every file of ours."""
    return value.encode(errors="backslashreplace").decode() if isinstance(value, str) else value


def _card(names: Sequence[str]) -> str:
    """Return the card. Without it a name like `valid` in a file's name would hide the files that have none."""
    splits = [re.sub(r"\W+", "_", name) for name in names]
    unique = [split if splits.count(split) == 1 else f"{split}_{i}" for i, split in enumerate(splits)]
    lines = ["---", "configs:", "- config_name: default", "  data_files:"]
    for split, name in zip(unique, names, strict=True):
        lines += [f"  - split: {split}", f'    path: "data/{name}.parquet"']
    return "\n".join([*lines, "---", "", "Programs of an evaluation with `cppo eval`, a row each.", ""])


def _rows(grid: Grid, source: str) -> Iterator[dict[str, Any]]:
    problems = problems_of(grid, source)
    for seed, arm, groups in arms_of(grid, source):
        for problem_id, episodes in groups.items():
            for episode in episodes:
                head = {
                    "set": source, "seed": seed, "arm": arm, "problem_id": problem_id,
                    "statement": problems[problem_id]["statement"], "tuple": episode.index,
                    "plan": episode.plan or "", "plan_fault": episode.fault or "",
                }  # fmt: skip
                for slot, branch in enumerate(episode.branches):
                    yield {
                        **head, "slot": slot, "method": branch.method or "", "program": branch.program,
                        "verdict": branch.verdict.value, "passed": branch.passed, "detail": branch.detail,
                        "stop": branch.stop, "tokens": branch.tokens,
                    }  # fmt: skip
                if not episode.branches:
                    yield {
                        **head, "slot": -1, "method": "", "program": "", "verdict": "", "passed": False,
                        "detail": episode.detail, "stop": episode.plan_stop, "tokens": 0,
                    }  # fmt: skip
