"""One episode, one JSON line, and back."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cppo.episodes import Branch, Call, Episode, by_problem, from_row, read_episodes, to_row
from cppo.errors import DataError
from cppo.files import write_jsonl
from cppo.policy.engine import Completion, StopReason
from cppo.verifier import Verdict

COMPLETION = Completion("A: x", (1, 2), (3, 0), StopReason.END, -1.5)
EPISODE = Episode(
    arm="cppo",
    problem_id="p/1",
    index=3,
    branches=(
        Branch("Sort.", "print(1)\n", Verdict.WA, "end", 5, "expected é", "greedy", COMPLETION),
        Branch("Search.", "", Verdict.EMPTY, "length", 9),
    ),
    plan="A: Sort.\nB: Search.",
    methods=("Sort.", "Search."),
    plan_stop="end",
    plan_tokens=7,
    gate_score=0.25,
    gate=True,
    valid=False,
    metadata={"family": "sums", "strategies": ["a", "b"]},
    calls=(Call("planner", 30, 7, "end"), Call("solver", 40, 5, "end"), Call("solver", 41, 9, "length", True)),
    detail="HTTP 503: overloaded",
    completion=COMPLETION,
)


def test_an_episode_round_trips_without_its_token_ids() -> None:
    row = json.loads(json.dumps(to_row(EPISODE)))
    assert "completion" not in row
    assert "completion" not in row["branches"][0]
    assert row["branches"][0]["verdict"] == "WA"
    assert row["calls"] == [["planner", 30, 7, "end"], ["solver", 40, 5, "end"], ["solver", 41, 9, "length", True]]
    again = from_row(row)
    assert again == EPISODE
    assert again.completion is None
    assert again.branches[1].verdict is Verdict.EMPTY
    assert again.calls[2].role == "solver"


def test_old_records_without_calls_still_load() -> None:
    row = json.loads(json.dumps(to_row(EPISODE)))
    del row["calls"], row["detail"]
    assert from_row(row) == replace(EPISODE, calls=(), detail="")


def test_direct_and_failed_episodes_round_trip(tmp_path: Path) -> None:
    direct = Episode("grpo", "p", 0, (Branch(None, "x", Verdict.AC),))
    failed = Episode("cppo", "p", 1, plan="nonsense", fault="unlabelled", gate=False)
    write_jsonl(tmp_path / "episodes.jsonl", map(to_row, (direct, failed)))
    assert list(read_episodes(tmp_path / "episodes.jsonl")) == [direct, failed]


def test_passed_is_the_best_branch() -> None:
    assert not EPISODE.passed
    assert Episode("a", "p", 0, (Branch(None, "", Verdict.WA), Branch(None, "", Verdict.AC))).passed
    assert not Episode("a", "p", 0).passed
    assert not Branch(None, "", Verdict.INFRA).passed


BAD_BRANCHES: list[dict[str, Any]] = [
    {"program": None}, {"method": 1}, {"tokens": "5"}, {"tokens": 5.0}, {"verdict": 1}, {"verdict": []},
    {"stop": None}, {"detail": None}, {"label": 3},
]  # fmt: skip


def damaged(**changes: Any) -> dict[str, Any]:
    row: dict[str, Any] = json.loads(json.dumps(to_row(EPISODE)))
    row.update(changes)
    return row


def test_a_row_is_damaged_by_its_change_alone() -> None:
    assert from_row(damaged()) == EPISODE


@pytest.mark.parametrize(
    "row",
    [
        None,
        [],
        "text",
        {},
        damaged(unknown=1),
        damaged(branches=None),
        damaged(branches={"a": 1}),
        damaged(branches=[3]),
        damaged(branches=[{"method": None, "program": "x"}]),
        damaged(branches=[{"method": None, "program": "x", "verdict": "OK"}]),
        damaged(branches=[{"method": None, "program": "x", "verdict": "AC", "score": 1}]),
        damaged(methods="abc"),
        damaged(methods=None),
        damaged(metadata=None),
        damaged(metadata=[]),
        damaged(methods=["Sort.", None]),
        damaged(plan=7),
        damaged(plan_tokens="7"),
        damaged(plan_tokens=None),
        damaged(fault=["truncated"]),
        damaged(gate_score="0.5"),
        damaged(gate=1),
        damaged(valid="yes"),
        damaged(detail=None),
        damaged(index=True),
        *(damaged(branches=[{"method": None, "program": "x", "verdict": "AC", **branch}]) for branch in BAD_BRANCHES),
        damaged(index="3"),
        damaged(problem_id=None),
        damaged(calls=None),
        damaged(calls="planner"),
        damaged(calls=["planner"]),
        damaged(calls=[["planner", 1, 2]]),
        damaged(calls=[["planner", 1, 2, "end", 0]]),
        damaged(calls=[["planner", 1, 2, "end", True, 0]]),
        damaged(calls=[["planner", 1, 2.0, "end"]]),
        damaged(calls=[["planner", True, 2, "end"]]),
        damaged(calls=[["planner", 1, -2, "end"]]),
        damaged(calls=[[None, 1, 2, "end"]]),
        damaged(calls=[{"role": "planner", "tokens_in": 1, "tokens_out": 2, "stop": "end"}]),
        {key: value for key, value in damaged().items() if key != "arm"},
    ],
)
def test_damaged_rows_are_named(row: Any) -> None:
    with pytest.raises(DataError, match=r"e\.jsonl, line 4: not an episode record"):
        from_row(row, "e.jsonl, line 4")


def test_a_damaged_file_names_its_line(tmp_path: Path) -> None:
    write_jsonl(tmp_path / "e.jsonl", [to_row(EPISODE), damaged(index=None)])
    episodes = read_episodes(tmp_path / "e.jsonl")
    assert next(episodes) == EPISODE
    with pytest.raises(DataError, match=rf"{tmp_path / 'e.jsonl'}, line 2: .*index is None"):
        next(episodes)


def test_grouping_keeps_the_order() -> None:
    episodes = [Episode("a", name, index) for name, index in (("q", 0), ("p", 0), ("q", 1))]
    groups = by_problem(episodes)
    assert list(groups) == ["q", "p"]
    assert [episode.index for episode in groups["q"]] == [0, 1]
