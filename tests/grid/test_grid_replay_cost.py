"""Judging again without a model, and what is still to come."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from scripted_model import Model

from cppo.episodes import read_episodes
from cppo.errors import DataError, RunError
from cppo.evaluation.grid_files import EPISODES
from cppo.grid.cost import CHARACTERS_A_TOKEN, estimate
from cppo.grid.layout import Grid
from cppo.grid.problem_sets import load_sets, read_set
from cppo.grid.replay import replay_grid
from cppo.grid.run import run_grid
from cppo.progress import Reporter

MakeGrid = Callable[..., Grid]
SERVED = {"fake": {"server": {"base_url": "http://localhost:1/v1", "model": "m"}, "prompts": "compact"}}


def sample(grid: Grid, model: Model) -> None:
    with grid.open():
        run_grid(grid, load_sets(grid, Reporter()), Reporter(), model)


def read(grid: Grid) -> list[Any]:
    return list(read_episodes(grid.seed_directory(grid.recipe.problems[0], 0) / EPISODES))


def replay(old: Grid, new: Grid, checker: str | None = None) -> int:
    with new.open({"of": old.recipe.name, "checker": checker}):
        return replay_grid(old, new, load_sets(new, Reporter()), checker, Reporter())


def test_the_same_rules_give_the_same_verdicts(grid: MakeGrid, tmp_path: Path) -> None:
    sample(grid(), Model(lambda request: "Print 2" in request.prompt.text))
    new = Grid(grid().recipe, tmp_path / "again")
    assert replay(grid(), new) == 0
    assert read(new) == read(grid())


def test_another_checker_changes_verdicts_and_asks_no_model(grid: MakeGrid, tmp_path: Path) -> None:
    sample(grid(), Model())
    right = sum(branch.passed for episode in read(grid()) for branch in episode.branches)
    new = Grid(grid().recipe, tmp_path / "again")
    total = sum(len(episode.branches) for episode in read(grid()))
    lenient = [b.passed for e in read(grid()) for b in e.branches if e.problem_id == "n4"]
    assert (
        replay(grid(), new, "float:0.3") == lenient.count(False) > 0
    )  # 5 is within .3 · 4 of 4, 4 is not within .9 of 3
    assert 0 < right < total
    assert sum(branch.passed for episode in read(new) for branch in episode.branches) == right + lenient.count(False)


def test_a_replay_and_an_evaluation_do_not_share_a_directory(grid: MakeGrid, tmp_path: Path) -> None:
    sample(grid(), Model())
    new = Grid(grid().recipe, tmp_path / "again")
    with pytest.raises(RunError, match=r"out holds sampled programs; for programs of 'numbers' judged again"):
        replay(grid(), grid(), "float:0.3")
    replay(grid(), new, "float:0.3")
    assert replay(grid(), new, "float:0.3") > 0
    with pytest.raises(RunError, match=r"again holds programs of 'numbers' judged again \(checker: float:0.3\)"):
        replay(grid(), new)
    with pytest.raises(RunError, match="for sampled programs use another --output"):
        sample(new, Model())


def test_a_replay_may_leave_arms_out(grid: MakeGrid, tmp_path: Path) -> None:
    sample(grid(), Model())
    new = Grid(grid(methods=["tuple"]).recipe, tmp_path / "again")
    replay(grid(), new)
    assert {episode.arm for episode in read(new)} == {"tuple"}


def test_episodes_of_other_problems_are_refused(grid: MakeGrid, tmp_path: Path) -> None:
    sample(grid(), Model())
    with pytest.raises(DataError, match="'n3', which is not in the problem set"):
        replay(grid(), Grid(grid(limit=3).recipe, tmp_path / "again"))
    with pytest.raises(DataError, match="nothing to judge again"):
        replay(Grid(grid().recipe, tmp_path / "empty"), Grid(grid().recipe, tmp_path / "more"))


def test_the_estimate_counts_what_each_method_asks(grid: MakeGrid) -> None:
    methods = ["direct", "plan_and_solve", "tuple"]
    asked = grid(models=SERVED, methods=methods, seeds=[0, 1], plan_tokens=30, program_tokens=70)
    sets = [read_set(source, None, None, Reporter()) for source in asked.recipe.problems]
    rows = {(row["arm"], row["role"]): row for row in estimate(asked, sets)}
    # five problems, two seeds, two attempts
    assert {key: row["requests"] for key, row in rows.items()} == {
        ("direct", "solver"): 20,
        ("plan_and_solve", "planner"): 20,
        ("plan_and_solve", "solver"): 20,
        ("tuple", "planner"): 10,
        ("tuple", "solver"): 20,
    }
    assert rows["tuple", "planner"]["tokens_out_at_most"] == 10 * 30
    assert rows["direct", "solver"]["tokens_out_at_most"] == 20 * 70
    assert rows["direct", "solver"]["tokens_in"] == 20 * round(len("Print 0.\nCODE\n") / CHARACTERS_A_TOKEN)
    assert not rows["direct", "solver"]["exact"]


def test_the_estimate_leaves_out_what_is_there(grid: MakeGrid) -> None:
    models = {"fake": {"path": "nowhere", "prompts": "compact"}}
    sample(grid(models=models, limit=2), Model())
    asked = Grid(grid(models=SERVED, limit=3).recipe, grid().directory)
    sets = [read_set(source, None, 3, Reporter()) for source in asked.recipe.problems]
    assert {row["arm"]: row["requests"] for row in estimate(asked, sets) if row["role"] == "solver"} == {
        "direct": 2,
        "tuple": 2,
    }
    assert not (grid().directory / "results.json").exists()
