"""Checkpoints count only when whole; figures after the last one are dropped."""

from __future__ import annotations

import json
from pathlib import Path

from cppo.training.checkpoints import MetricsLog, last_complete, mark_complete, step_of


def test_the_newest_whole_checkpoint_counts(tmp_path: Path) -> None:
    for step in (2, 10, 30):
        (tmp_path / f"checkpoint-{step}").mkdir()
    (tmp_path / "checkpoint-x").mkdir()
    assert last_complete(tmp_path) is None
    mark_complete(tmp_path, 2)
    mark_complete(tmp_path, 10)
    found = last_complete(tmp_path)
    assert found == tmp_path / "checkpoint-10"
    assert step_of(found) == 10
    assert step_of(None) == 0
    assert last_complete(tmp_path / "missing") is None


def test_a_checkpoint_with_a_truncated_or_missing_file_is_passed_over(tmp_path: Path) -> None:
    for step in (1, 2, 3):
        (tmp_path / f"checkpoint-{step}").mkdir()
        (tmp_path / f"checkpoint-{step}" / "weights").write_bytes(b"12345")
        mark_complete(tmp_path, step)
    (tmp_path / "checkpoint-3" / "weights").write_bytes(b"123")
    assert last_complete(tmp_path) == tmp_path / "checkpoint-2"
    (tmp_path / "checkpoint-2" / "weights").unlink()
    assert last_complete(tmp_path) == tmp_path / "checkpoint-1"
    (tmp_path / "checkpoint-1" / "complete").write_text("")
    assert last_complete(tmp_path) is None


def test_reopening_drops_later_rows_and_a_torn_line(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    log = MetricsLog(path, 0)
    for step in range(1, 6):
        log.append({"step": step})
    with path.open("a") as file:
        file.write('{"step": 6, "los')
    again = MetricsLog(path, 3)
    again.append({"step": 4, "new": True})
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    assert rows == [{"step": 1}, {"step": 2}, {"step": 3}, {"step": 4, "new": True}]
    assert again.rows == rows
