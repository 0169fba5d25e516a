"""Checkpoints that count only when they are whole, and the JSONL of figures that goes with them."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cppo.files import read_jsonl, write_jsonl

MARKER = "complete"


def last_complete(directory: Path) -> Path | None:
    """Return the newest `checkpoint-N` that was written to its end, or None. Others are traces of a kill."""
    found = []
    for path in directory.glob("checkpoint-*"):
        match = re.fullmatch(r"checkpoint-(\d+)", path.name)
        if match and (path / MARKER).exists():
            found.append((int(match.group(1)), path))
    return max(found)[1] if found else None


def mark_complete(directory: Path, step: int) -> None:
    """Mark `checkpoint-step` as whole."""
    (directory / f"checkpoint-{step}" / MARKER).touch()


def step_of(checkpoint: Path | None) -> int:
    """Return the optimiser step of a checkpoint, 0 for None."""
    return int(checkpoint.name.removeprefix("checkpoint-")) if checkpoint else 0


class MetricsLog:
    """One JSON row a step in `path`. Opening it drops the rows after `step`: they will be written again."""

    def __init__(self, path: Path, step: int) -> None:
        self.path = path
        self.rows: list[dict[str, Any]] = []
        if path.exists():
            self.rows = [row for row in _whole_rows(path) if row["step"] <= step]
            write_jsonl(path, self.rows)

    def append(self, row: Mapping[str, Any]) -> None:
        """Add one row and flush it."""
        self.rows.append(dict(row))
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")


def _whole_rows(path: Path) -> list[dict[str, Any]]:
    """Return the rows up to the first damaged one: a killed writer leaves at most a torn last line."""
    from cppo.errors import DataError

    rows = []
    try:
        for _, row in read_jsonl(path):
            rows.append(row)
    except DataError:
        pass
    return rows
