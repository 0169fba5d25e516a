"""From the records of evaluated runs to the result of a study. The records are written here; nothing is trained."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cppo.episodes import Branch, Episode, to_row
from cppo.errors import ConfigError, RunError
from cppo.evaluation.compare import compare_runs
from cppo.evaluation.study_settings import FULL
from cppo.files import write_json, write_jsonl
from cppo.recipe import load_recipe
from cppo.runs import Run
from cppo.study.layout import Study
from cppo.study.result import ablation_result, read_seed_run, study_result
from cppo.verifier import Verdict

SMOKE = Path(__file__).parents[2] / "recipes" / "crossroads-smoke.toml"
ARMS = (
    'evaluation.arms=[{name="direct", method="direct", stage="sft"}, {name="cppo", method="tuple", stage="joint"}, '
    '{name="grpo", method="direct", stage="grpo"}]'
)
UNGATED = "study.ablations.ungated.set=['joint.plan_reward=ungated']"
PAIRS = "study.ablations.pairs.set=['k=2', 'joint.tuples=4', 'joint.micro_batch=4']"
IDS = ("p0", "p1")
LIMITS = {str(k): {"independent": 0.1, "coordinated": 0.5, "families": {"coins": {"independent": 0.1}}} for k in (1, 4)}


def study(directory: Path, *overrides: str) -> Study:
    return Study(load_recipe(SMOKE, ["study.seeds=[0, 1, 2]", ARMS, UNGATED, PAIRS, *overrides]), directory)


def evaluated(run: Run, solved: int, limits: dict[str, Any] = LIMITS, files: dict[str, str] | None = None) -> Run:
    """Write what an evaluation leaves: every arm's first program passes on the first `solved` problems."""
    rows = []
    for arm in run.recipe.evaluation.arms:
        size = run.recipe.k if arm.method == "tuple" else run.recipe.evaluation.attempts
        for p, name in enumerate(IDS):
            for t in range(run.recipe.evaluation.attempts // size):
                verdicts = [Verdict.AC if p < solved and i == 0 else Verdict.WA for i in range(size)]
                branches = tuple(Branch("m" if arm.method == "tuple" else None, "x", v, tokens=2) for v in verdicts)
                rows.append(to_row(Episode(arm.name, name, t, branches, "A:", ("a",) * size, plan_tokens=3)))
    write_jsonl(run.directory / "episodes.jsonl", rows)
    write_json(run.directory / "results.json", {"problems": {"test": 2}, "limits": limits})
    run.finish("prepare", {"files": files or {}}, 1.0)
    run.finish("evaluate", {}, 1.0)
    return run


def test_the_seeds_become_one_result(tmp_path: Path) -> None:
    mine = study(tmp_path / "study")
    runs = [evaluated(mine.seed_run(seed), solved) for seed, solved in ((0, 1), (1, 2), (2, 1))]
    found = study_result(mine, runs)
    arms = {arm["name"]: arm for arm in found["arms"]}
    assert arms["cppo"]["pass_at"]["4"]["seeds"] == [0.5, 1.0, 0.5]
    assert {name: arm["training_programs"] for name, arm in arms.items()} == {"direct": 0, "cppo": 32, "grpo": 32}
    assert found["warnings"] == []


def test_limits_that_only_round_apart_are_the_same(tmp_path: Path) -> None:
    mine = study(tmp_path / "study", "study.seeds=[0, 1]")
    near = {k: {**limit, "independent": limit["independent"] + 1e-9} for k, limit in LIMITS.items()}
    runs = [evaluated(mine.seed_run(0), 1), evaluated(mine.seed_run(1), 1, near)]
    assert study_result(mine, runs)["limits"]["4"]["independent"] == 0.1
    for other in ({**LIMITS, "4": {"independent": 0.2, "coordinated": 0.5}}, {}):
        evaluated(runs[1], 1, other)
        with pytest.raises(ConfigError, match=r"other limits.*evaluate both on the same"):
            study_result(mine, runs)


def test_the_full_method_may_be_a_seeds_own_or_stand_alone(tmp_path: Path) -> None:
    mine = study(tmp_path / "study", "study.seeds=[0, 1]")
    by_seed = {}
    for seed, full in ((0, mine.seed_run(0)), (1, mine.ablation_run(FULL, 1))):
        ablated = {name: mine.ablation_run(name, seed) for name in mine.ablations}
        by_seed[seed] = {name: evaluated(run, 1 + seed) for name, run in {FULL: full, **ablated}.items()}
    found = ablation_result(mine, by_seed)
    assert [arm["name"] for arm in found["arms"]] == ["cppo", "ungated", "pairs"]
    assert [arm["k"] for arm in found["arms"]] == [4, 4, 2]
    # seed 0 solves one problem of two, seed 1 both. Seeds are drawn jointly where the arms share stage 1, so that
    # equal arms never differ; the two arms of K = 2 and 4 have a stage 1 each
    rows = {row["other"]: row for row in found["comparisons"]}
    assert (rows["ungated"]["low"], rows["ungated"]["high"]) == (0.0, 0.0)
    assert rows["pairs"]["low"] < 0 < rows["pairs"]["high"]
    assert found["warnings"] == ["2 training seeds, fewer than 3: seed noise is not covered"]


def test_runs_of_two_recipes_are_not_put_together(tmp_path: Path) -> None:
    def run(name: str, seed: int, *overrides: str, files: dict[str, str] | None = None) -> Run:
        recipe = load_recipe(SMOKE, [ARMS, f"seed={seed}", f"name={name}", *overrides])
        return evaluated(Run.open(tmp_path / name, recipe), 1, files=files)

    def refused(*runs: Run) -> str:
        with pytest.raises(ConfigError) as raised:
            compare_runs([read_seed_run(run, run.directory.name) for run in runs], 100)
        return str(raised.value)

    first = run("a", 0)
    # what no arm of the evaluation rests on may differ, and what changes no result
    for i, key in enumerate(("baselines.pkpo.steps=9", "jobs=2", "audit.on_fail=warn", "verifier.workers=1"), start=1):
        other = run(f"same{i}", i, key)
        assert compare_runs([read_seed_run(one, one.directory.name) for one in (first, other)], 100)["seeds"] == [0, i]
    assert "a and b were not trained alike:\n  joint.steps: 2 -> 3\n" in refused(first, run("b", 1, "joint.steps=3"))
    assert "verifier.wall_seconds" in refused(first, run("c", 1, "verifier.wall_seconds=1.5"))
    data = "sft.data=gold.jsonl"
    texts = [run("d", 0, data, files={"gold.jsonl": "1f"}), run("e", 1, data, files={"gold.jsonl": "2e"})]
    assert 'sft.data: "1f" -> "2e"' in refused(*texts)


def test_a_run_that_is_not_evaluated_is_refused_with_what_to_do(tmp_path: Path) -> None:
    run = Run.open(tmp_path / "run", load_recipe(SMOKE))
    with pytest.raises(RunError, match="run has no complete evaluation; finish it first"):
        read_seed_run(run, "run")
