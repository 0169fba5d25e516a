"""Checkpoints that count only when they are whole, and the JSONL of figures that goes with them."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cppo.errors import DataError
from cppo.files import read_json, read_jsonl, write_json, write_jsonl

MARKER = "complete"


def last_complete(directory: Path) -> Path | None:
    """Return the newest `checkpoint-N` that is whole, or None.

    Whole means: marked as written to its end, and every file still has the size it had then. Others are traces of a
    kill, of a full disk or of damage, and are passed over.
    """
    found = []
    for path in directory.glob("checkpoint-*"):
        match = re.fullmatch(r"checkpoint-(\d+)", path.name)
        if match and _whole(path):
            found.append((int(match.group(1)), path))
    return max(found)[1] if found else None


def mark_complete(directory: Path, step: int) -> None:
    """Mark `checkpoint-step` as whole, and write down the size of each of its files."""
    checkpoint = directory / f"checkpoint-{step}"
    write_json(checkpoint / MARKER, _sizes(checkpoint))


def _sizes(checkpoint: Path) -> dict[str, int]:
    files = (path for path in checkpoint.rglob("*") if path.is_file() and path.name != MARKER)
    return {str(path.relative_to(checkpoint)): path.stat().st_size for path in files}


def _whole(checkpoint: Path) -> bool:
    try:
        return bool(read_json(checkpoint / MARKER) == _sizes(checkpoint))
    except DataError:
        return False


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
    rows = []
    try:
        for _, row in read_jsonl(path):
            rows.append(row)
    except DataError:
        pass
    return rows
