"""Sampling, resuming, failing and growing evaluations, with a scripted model and the real verifier."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from scripted_model import Model

from cppo.episodes import read_episodes
from cppo.errors import ConfigError, ModelError, RunError
from cppo.evaluation.grid_files import EPISODES, RECORD, RESULTS
from cppo.files import write_json
from cppo.grid.layout import Grid
from cppo.grid.problem_sets import load_sets
from cppo.grid.result import grid_result, set_result
from cppo.grid.run import run_grid
from cppo.progress import Reporter

MakeGrid = Callable[..., Grid]


def sample(grid: Grid, model: Model) -> dict[str, Any]:
    with grid.open():
        sets = load_sets(grid, Reporter())
        run_grid(grid, sets, Reporter(), model)
        return grid_result(grid, {one.source: set_result(grid, one) for one in sets})


def only(result: dict[str, Any]) -> dict[str, Any]:
    (one,) = result["results"].values()
    return one  # type: ignore[no-any-return]


def episodes(grid: Grid, seed: int = 0) -> list[Any]:
    return list(read_episodes(grid.seed_directory(grid.recipe.problems[0], seed) / EPISODES))


def test_every_arm_spends_its_budget_and_the_result_says_what_it_cost(grid: MakeGrid) -> None:
    model = Model()
    result = only(sample(grid(), model))
    assert (result["problems"]["test"], result["problems"]["tests"], result["subject"]) == (5, 5, "tuple")
    direct, tuples = result["arms"]
    assert (direct["title"], tuples["title"]) == ("Direct sampling", "Tuples")
    assert direct["roles"]["solver"]["calls"] == tuples["roles"]["solver"]["calls"] == 10
    assert tuples["roles"]["planner"]["calls"] == 5
    assert sum(direct["verdicts"].values()) == 10
    assert direct["failures"] == direct["faults"] == {}
    passed = sum(branch.passed for e in episodes(grid()) if e.arm == "direct" for branch in e.branches)
    assert direct["pass_at"]["1"]["mean"] == pytest.approx(passed / 10)
    assert 0 < passed < 10
    assert len(model.asked) == 25


def test_nothing_is_asked_twice(grid: MakeGrid) -> None:
    first = sample(grid(), Model())
    again = Model()
    assert sample(grid(), again) == first
    assert again.asked == []


@pytest.mark.parametrize("answered", [0, 3, 10, 12, 15, 24, 25])
def test_after_a_kill_only_what_has_no_answer_is_asked(grid: MakeGrid, answered: int) -> None:
    calls: list[int] = []

    def dies(_: object) -> bool:
        calls.append(1)
        if len(calls) > answered:
            raise KeyboardInterrupt
        return False

    model = Model(dies)
    if answered < 25:  # ten programs of direct, five plans, their ten programs
        with pytest.raises(KeyboardInterrupt):
            sample(grid(), model)
    else:
        sample(grid(), model)
    rest = Model()
    killed = sample(grid(), rest)
    assert len(rest.asked) == 25 - answered
    assert not any(grid().directory.rglob("answers/*"))
    whole = Grid(grid().recipe, grid().directory.with_name("whole"))
    assert sample(whole, Model()) == killed
    assert episodes(whole) == episodes(grid())


def test_a_call_that_failed_is_recorded_and_asked_again(grid: MakeGrid) -> None:
    failing = Model(lambda request: "Print 3" in request.prompt.text and "PLAN" in request.prompt.text)
    result = only(sample(grid(), failing))
    direct, tuples = result["arms"]
    assert tuples["failures"] == {"plan/error": 1}
    assert tuples["faults"] == {"error": 1}
    assert direct["failures"] == {}
    (failed,) = [e for e in episodes(grid()) if e.fault]
    assert (failed.problem_id, failed.branches) == ("n3", ())
    again = Model()
    result = only(sample(grid(), again))
    assert len(again.asked) == 3
    assert all("Print 3" in request.prompt.text for request in again.asked)
    assert result["arms"][1]["failures"] == {}


def test_an_evaluation_may_grow(grid: MakeGrid) -> None:
    sample(grid(limit=3), Model())
    more = Model()
    sample(grid(), more)
    assert {request.prompt.text.split(".")[0] for request in more.asked} == {"Print 3", "Print 4"}
    seed = Model()
    result = only(sample(grid(seeds=[0, 1]), seed))
    assert len(seed.asked) == 25
    assert result["seeds"] == [0, 1]
    method = Model()
    sample(grid(seeds=[0, 1], methods=["direct", "plan_and_solve", "tuple"]), method)
    assert len(method.asked) == 2 * 5 * 4  # a plan and a program for each attempt
    smaller = Model()
    assert only(sample(grid(limit=2), smaller))["problems"]["test"] == 2
    assert smaller.asked == []


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"plan_temperature": 0.1}, "plan_temperature: 0.9 -> 0.1"),
        ({"attempts": 4}, "attempts: 2 -> 4"),
        (
            {"models": {"fake": {"path": "elsewhere", "prompts": "compact"}}},
            'models.fake.path: "nowhere" -> "elsewhere"',
        ),
        ({"verifier": {"cpu_seconds": 1.0}}, "verifier.cpu_seconds"),
        ({"methods": [], "arms": [{"name": "tuple", "model": "fake", "method": "direct"}]}, "arms.tuple.method"),
    ],
)
def test_another_evaluation_is_refused(grid: MakeGrid, changes: dict[str, Any], words: str) -> None:
    sample(grid(limit=1), Model())
    with pytest.raises(RunError, match="belongs to another evaluation") as caught:
        sample(grid(limit=1, **changes), Model())
    assert words in str(caught.value)


@pytest.mark.parametrize("name", ["fake", "Qwen3.5-4B"])
def test_what_a_model_is_may_not_change_and_how_fast_it_is_may(grid: MakeGrid, name: str) -> None:
    model = {"path": "nowhere", "prompts": "compact"}
    sample(grid(limit=1, models={name: model}), Model())
    again = Model()
    sample(grid(limit=1, models={name: {**model, "device": "cpu", "threads": 2, "generation_batch": 3}}), again)
    assert again.asked == []
    with pytest.raises(RunError, match=f"models.{name}.revision: null -> .abc."):
        sample(grid(limit=1, models={name: {**model, "revision": "abc"}}), Model())


def test_a_model_may_come_and_go(grid: MakeGrid) -> None:
    one, two = ({"path": f"models/{name}", "prompts": "compact"} for name in "ab")
    arms = [{"name": name, "model": name, "method": "direct"} for name in "ab"]
    sample(grid(methods=[], models={"a": one, "b": two}, arms=arms), Model())
    again = Model()
    result = only(sample(grid(methods=[], models={"a": one}, arms=arms[:1]), again))
    assert [arm["name"] for arm in result["arms"]] == ["a"]
    sample(grid(methods=[], models={"a": one, "b": two}, arms=arms), again)
    assert again.asked == []


def test_a_model_that_went_may_not_come_back_as_another_one(grid: MakeGrid) -> None:
    a, b = ({"path": f"models/{name}", "prompts": "compact"} for name in "ab")
    arms = [{"name": name, "model": name, "method": "direct"} for name in "ab"]
    sample(grid(methods=[], models={"a": a}, arms=arms[:1]), Model())
    sample(grid(methods=[], models={"b": b}, arms=arms[1:]), Model())
    with pytest.raises(RunError, match=r"models\.a\.path: .models/a. -> .elsewhere."):
        sample(grid(methods=[], models={"a": {**a, "path": "elsewhere"}}, arms=arms[:1]), Model())
    with pytest.raises(RunError, match=r"arms\.a\.method: .direct. -> .plan_and_solve."):
        sample(grid(methods=[], models={"a": a}, arms=[{**arms[0], "method": "plan_and_solve"}]), Model())


def test_before_anything_was_answered_everything_may_change(grid: MakeGrid, problems: Path) -> None:
    def refuses(_: object) -> bool:
        raise ModelError("the server knows no such model")

    with pytest.raises(ModelError):
        sample(grid(), Model(refuses))
    problems.write_text(problems.read_text().replace('"output": "4"', '"output": "5"'))
    sample(grid(models={"fake": {"path": "the right name", "prompts": "compact"}}, plan_tokens=9), Model())


def test_what_is_named_late_is_known(grid: MakeGrid) -> None:
    assert sample(grid(), Model())["named_beforehand"] == {"subject": True, "comparator": True}
    changed = sample(grid(subject="direct", comparator="tuple"), Model())  # nobody has written results yet
    assert (changed["subject"], changed["comparator"]) == ("direct", "tuple")
    assert changed["named_beforehand"] == {"subject": True, "comparator": True}
    write_json(grid().directory / RESULTS, changed)
    late = sample(grid(subject="direct"), Model())
    assert late["named_beforehand"] == {"subject": True, "comparator": False}
    late = sample(grid(comparator="direct"), Model())
    assert late["named_beforehand"] == {"subject": False, "comparator": False}
    assert sample(grid(subject="direct", comparator="tuple"), Model())["named_beforehand"]["comparator"]


def test_a_comparator_is_an_arm_beside_the_subject(recipe: Callable[..., Any]) -> None:
    with pytest.raises(ConfigError, match="unknown comparator 'tuple'; allowed: direct"):
        recipe(comparator="tuple")


def test_what_changes_only_speed_or_rows_is_allowed(grid: MakeGrid) -> None:
    sample(grid(limit=1), Model())
    again = Model()
    models = {"fake": {"path": "nowhere", "prompts": "compact", "generation_batch": 7}}
    sample(grid(limit=1, name="other", models=models, methods=["tuple"], verifier={"workers": 2}), again)
    assert again.asked == []
    sample(grid(limit=1, models={**models, "second": {"path": "x", "prompts": "compact"}}), again)
    assert len(again.asked) == 2 * 5  # rows have other names now that there are two models


def test_other_problems_under_the_same_name_are_refused(grid: MakeGrid, problems: Path) -> None:
    sample(grid(), Model())
    problems.write_text(problems.read_text().replace('"output": "4"', '"output": "5"'))
    with pytest.raises(RunError, match="not the one this evaluation began with: problem 'n4'"):
        sample(grid(), Model())


def test_a_directory_of_something_else_is_refused(grid: MakeGrid) -> None:
    (grid().directory).mkdir()
    (grid().directory / "precious.txt").write_text("mine")
    with pytest.raises(RunError, match="is there and no evaluation"):
        sample(grid(), Model())
    with pytest.raises(RunError, match="is no evaluation"):
        Grid.load(grid().directory)


def test_a_kill_in_the_first_record_leaves_nothing_in_the_way(grid: MakeGrid) -> None:
    (grid().directory).mkdir()
    (grid().directory / f".{RECORD}.x7.tmp").write_text('{"re')
    grid().check()


def test_weights_may_depend_on_the_seed(grid: MakeGrid) -> None:
    made: list[int] = []

    class BySeed(Model):
        def __call__(self, model: Any, seed: int) -> Any:
            made.append(seed)
            return self

    models = {"trained": {"path": "runs/seed-{seed}/model", "prompts": "compact"}}
    sample(grid(models=models, seeds=[3, 5], limit=1), BySeed())
    assert made == [3, 5]


def test_cells_are_corrected_together(grid: MakeGrid, tmp_path: Path, problems: Path) -> None:
    other = tmp_path / "more.jsonl"
    other.write_text(problems.read_text().replace("Print", "Kindly. Print"))
    result = sample(grid(problems=[str(problems), str(other)], methods=["direct", "plan_and_solve", "tuple"]), Model())
    assert len(result["comparisons"]) == 4
    assert [one["set"] for one in result["sets"]] == [str(problems), str(other)]
    alone = [row["holm_p"] for one in result["results"].values() for row in one["comparisons"]]
    together = [row["holm_p"] for row in result["comparisons"]]
    assert all(t >= a for t, a in zip(together, alone, strict=True))


def test_sets_that_would_share_a_directory_are_refused(recipe: Callable[..., Any], problems: Path) -> None:
    with pytest.raises(ConfigError, match=r"would share directories, as \['numbers', 'numbers'\]"):
        recipe(problems=[str(problems), f"elsewhere/{problems.name}"])


def test_one_seed_is_said_to_be_one(grid: MakeGrid) -> None:
    assert only(sample(grid(), Model()))["warnings"] == ["1 seed, fewer than 3: seed noise is not covered"]
