"""What a study still has to do: which stages, after which, and which of them an ablation takes over."""

from __future__ import annotations

from pathlib import Path

import pytest

from cppo.errors import ConfigError, RunError
from cppo.evaluation.study_settings import FULL
from cppo.recipe import load_recipe
from cppo.runs import Run
from cppo.study.layout import Study, locked
from cppo.study.tasks import ablation_runs, ablation_tasks, finished_seconds, seed_tasks

SMOKE = Path(__file__).parents[2] / "recipes" / "crossroads-smoke.toml"
UNGATED = "study.ablations.ungated.set=['joint.plan_reward=ungated']"
PAIRS = "study.ablations.pairs.set=['k=2', 'joint.micro_batch=4']"
SFT = "study.ablations.plain.stage=sft"


def study(directory: Path, *overrides: str) -> Study:
    return Study(load_recipe(SMOKE, ["study.seeds=[3, 5]", *overrides]), directory)


def finish(run: Run, *stages: str) -> None:
    for stage in stages:
        run.stage(stage).mkdir(parents=True)
        run.finish(stage, {}, 2.0)


def test_every_seed_is_a_run_of_its_own(tmp_path: Path) -> None:
    mine = study(tmp_path / "study", UNGATED)
    with mine.open():
        runs = [mine.seed_run(seed) for seed in mine.seeds]
    assert [run.directory.name for run in runs] == ["seed-3", "seed-5"]
    assert [run.recipe.seed for run in runs] == [3, 5]
    assert runs[0].recipe.name == "crossroads-smoke/seed-3"
    assert runs[0].recipe.study.ablations == {}
    finish(runs[0], "prepare")
    tasks = {task.name: task for task in seed_tasks(mine, runs)}
    stages = ["prepare", "sft", "validity", "warmup", "audit", "joint", "grpo", "pkpo", "evaluate", "report"]
    assert list(tasks) == [f"seed-3/{s}" for s in stages[1:]] + [f"seed-5/{s}" for s in stages]
    assert tasks["seed-5/joint"].needs == {"seed-5/" + s for s in ("prepare", "warmup", "validity", "audit")}
    assert tasks["seed-5/grpo"].needs == {"seed-5/prepare", "seed-5/sft"}
    assert tasks["seed-5/joint"].work == (str(runs[1].directory), "joint")
    finish(runs[1], "prepare")
    assert finished_seconds(runs) == {"prepare": [2.0]}  # as many seconds to the last digit: one stage, shared


def test_an_ablation_trains_what_it_changes_and_takes_over_the_rest(tmp_path: Path) -> None:
    mine = study(tmp_path / "study", UNGATED)
    with mine.open():
        seed_run = mine.seed_run(3)
        runs = ablation_runs(mine, 3, seed_run)
    tasks = {task.name: task for task in ablation_tasks(mine, runs, seed_run)}
    full, own = "ablations/full/seed-3", "ablations/ungated/seed-3"
    # the full method has not been evaluated with the seed, so it is evaluated beside its ablation; no baseline is run
    shared = ["prepare", "sft", "validity", "warmup"]
    assert [name for name in tasks if name.startswith("seed-3/")] == [f"seed-3/{s}" for s in [*shared, "joint"]]
    assert {name for name, task in tasks.items() if task.here is not None} == {
        *(f"{full}/{s}" for s in [*shared, "joint"]), *(f"{own}/{s}" for s in shared)
    }  # fmt: skip
    assert tasks[f"{own}/joint"].needs == {f"{own}/{s}" for s in ("prepare", "warmup", "validity")}
    assert tasks[f"{own}/sft"].needs == {"seed-3/sft"}
    assert tasks[f"{own}/evaluate"].work


def test_an_ablation_of_k_gets_every_earlier_stage_of_its_own(tmp_path: Path) -> None:
    mine = study(tmp_path / "study", PAIRS)
    with mine.open():
        seed_run = mine.seed_run(3)
        (run,) = [run for run in ablation_runs(mine, 3, seed_run) if run.recipe.k == 2]
    tasks = ablation_tasks(mine, [run], seed_run)
    assert [task.kind for task in tasks] == ["prepare", "sft", "validity", "warmup", "joint", "evaluate"]
    assert all(task.name.startswith("ablations/pairs/seed-3/") and task.here is None for task in tasks)


def test_what_is_taken_over_is_the_seeds_own(tmp_path: Path) -> None:
    mine = study(tmp_path / "study", UNGATED, SFT)
    with mine.open():
        seed_run = mine.seed_run(3)
    finish(seed_run, "prepare", "sft")
    (seed_run.stage("sft") / "weights").write_text("learnt")
    plain = mine.ablation_run("plain", 3)
    tasks = ablation_tasks(mine, [plain], seed_run)
    assert [(task.kind, task.here is not None) for task in tasks] == [
        ("prepare", True), ("sft", True), ("evaluate", False),
    ]  # fmt: skip
    for task in tasks[:2]:
        assert task.here is not None
        task.here()
    assert (plain.stage("sft") / "weights").read_text() == "learnt"
    assert [task.kind for task in ablation_tasks(mine, [plain], seed_run)] == ["evaluate"]


def test_a_seed_that_was_evaluated_stands_for_the_full_method(tmp_path: Path) -> None:
    mine = study(tmp_path / "study", UNGATED)
    with mine.open():
        seed_run = mine.seed_run(3)
    assert [run.directory.parent.name for run in ablation_runs(mine, 3, seed_run)] == [FULL, "ungated"]
    finish(seed_run, "evaluate")
    for name in ("results.json", "episodes.jsonl"):
        (seed_run.directory / name).write_text("{}")
    assert [run.directory.parent.name for run in ablation_runs(mine, 3, seed_run)] == ["ungated"]


def test_ablations_and_seeds_may_be_added_later(tmp_path: Path) -> None:
    mine = study(tmp_path / "study")
    with mine.open():
        finish(mine.seed_run(3), "prepare")
    grown = Study(load_recipe(SMOKE, ["study.seeds=[3, 4, 5]", UNGATED]), tmp_path / "study")
    with grown.open():
        assert grown.seed_run(3).done("prepare") is not None
        with pytest.raises(RunError, match=r"joint.beta: 0.01 -> 0.5"):
            study(tmp_path / "study", "joint.beta=0.5").seed_run(3)


def test_an_ablation_that_changes_nothing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="ungated changes nothing that stage 'joint' depends on"):
        study(tmp_path, "study.ablations.ungated.set=['audit.problems=4']").check_ablations()
    with pytest.raises(ConfigError, match="has no ablations"):
        study(tmp_path).check_ablations()
    study(tmp_path, UNGATED, PAIRS, SFT).check_ablations()


def test_a_study_has_its_directory_for_itself(tmp_path: Path) -> None:
    run = Run.open(tmp_path / "run", load_recipe(SMOKE))
    with pytest.raises(RunError, match=r"is there and no study.*another --output"), study(run.directory).open():
        pass
    mine = study(tmp_path / "study")
    with mine.open(), pytest.raises(RunError, match="another process is working on the study"), mine.open():
        pass
    with mine.open():
        seed_run = mine.seed_run(3)
        with locked([seed_run]), pytest.raises(RunError, match="another process is working in"), seed_run.lock("main"):
            pass


def test_a_study_may_begin_with_runs_that_are_there(tmp_path: Path) -> None:
    recipe = load_recipe(SMOKE, ["seed=3"])
    finish(Run.open(tmp_path / "study" / "seed-3", recipe), "prepare")
    mine = study(tmp_path / "study")
    with mine.open():
        assert mine.seed_run(3).done("prepare") is not None


def test_an_ablation_whose_settings_miss_its_stage_is_refused(tmp_path: Path) -> None:
    # a slip in the name makes a baseline of its own, and the stage that is evaluated would be the unchanged one
    slip = "study.ablations.trap.set=['baselines.pkpoo.rule=pkpo_standardised']"
    stage = ["study.ablations.trap.stage=pkpo", "study.ablations.trap.method=direct"]
    with pytest.raises(ConfigError, match=r"trap changes nothing that stage 'pkpo' depends on: .*pkpoo.*leave set out"):
        study(tmp_path, slip, *stage).check_ablations()
    study(tmp_path, slip.replace("pkpoo", "pkpo"), *stage).check_ablations()
    study(tmp_path, "study.ablations.alone.method=direct").check_ablations()


def test_a_study_that_was_killed_while_it_wrote_its_record_goes_on(tmp_path: Path) -> None:
    directory = tmp_path / "study"
    directory.mkdir()
    (directory / ".study.json.k3v_9a.tmp").write_text('{"recipe": {')
    with study(directory).open():
        assert (directory / "study.json").exists()
