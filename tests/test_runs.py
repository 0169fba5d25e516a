"""Run directories: which recipe they belong to, what is done, who works in them."""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path

import pytest

from cppo.errors import DataError, RunError
from cppo.recipe import Recipe, load_recipe
from cppo.runs import Run

SMOKE = Path(__file__).parent.parent / "recipes" / "crossroads-smoke.toml"


def recipe(*overrides: str) -> Recipe:
    return load_recipe(SMOKE, overrides)


def test_a_run_is_taken_up_by_the_same_recipe(tmp_path: Path) -> None:
    first = Run.open(tmp_path / "run", recipe())
    first.finish("prepare", {"train": 3}, 1.25)
    again = Run.open(tmp_path / "run", recipe())
    assert again.done("prepare") == {"train": 3, "seconds": 1.2}
    assert again.done("sft") is None
    assert Run.load(tmp_path / "run").recipe == recipe()


def test_another_configuration_is_refused_by_key(tmp_path: Path) -> None:
    Run.open(tmp_path / "run", recipe())
    with pytest.raises(RunError, match=r"(?s)joint\.beta: 0\.01 -> 0\.5.*another --output"):
        Run.open(tmp_path / "run", recipe("joint.beta=0.5"))


def test_what_does_not_change_results_may_change(tmp_path: Path) -> None:
    Run.open(tmp_path / "run", recipe())
    changed = recipe("jobs=2", "validity.on_fail=stop", "verifier.workers=2")
    Run.open(tmp_path / "run", changed)
    assert Run.load(tmp_path / "run").recipe == changed


def test_a_study_may_grow_around_a_run_and_name_it(tmp_path: Path) -> None:
    run = Run.open(tmp_path / "run", recipe())
    old = json.loads((run.directory / "config.json").read_text())
    del old["study"]  # as a run was written down before there were studies
    (run.directory / "config.json").write_text(json.dumps(old))
    grown = recipe(
        "study.seeds=[0, 1]", "study.ablations.ungated.set=['joint.plan_reward=ungated']", "name=mine/seed-0"
    )
    Run.open(tmp_path / "run", grown)
    assert Run.load(tmp_path / "run").recipe == grown


def test_a_foreign_directory_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(RunError, match="is not empty and has no config"):
        Run.open(tmp_path, recipe())
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]
    with pytest.raises(RunError, match="is no run directory"):
        Run.load(tmp_path)


def test_a_kill_in_the_first_record_leaves_nothing_in_the_way(tmp_path: Path) -> None:
    directory = tmp_path / "run"
    directory.mkdir()
    (directory / ".config.json.x7.tmp").write_text('{"na')
    Run.open(directory, load_recipe(SMOKE))
    assert (directory / "config.json").is_file()


def test_a_file_in_the_way_and_a_damaged_configuration(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError, match="cannot be made"):
        Run.open(tmp_path / "file" / "run", recipe())
    run = Run.open(tmp_path / "run", recipe())
    (run.directory / "config.json").write_text('{"name": ')
    with pytest.raises(DataError, match=r"config\.json is not valid JSON"):
        Run.open(tmp_path / "run", recipe())


def test_weights_that_are_missing_are_named(tmp_path: Path) -> None:
    run = Run.open(tmp_path / "run", recipe())
    with pytest.raises(RunError, match="stage 'sft' is not complete"):
        run.model("sft")
    run.finish("sft", {}, 1)
    with pytest.raises(RunError, match=r"sft/model is missing.*run it again"):
        run.model("sft")


def test_two_processes_cannot_work_in_one_run(tmp_path: Path) -> None:
    run = Run.open(tmp_path / "run", recipe())
    with run.lock("main"):
        with pytest.raises(RunError, match="another process is working"), run.lock("main"):
            pass
        with run.lock("baselines"):
            pass
    with run.lock("main"):
        pass


def test_a_lock_may_be_waited_for(tmp_path: Path) -> None:
    run = Run.open(tmp_path / "run", recipe())
    order: list[str] = []
    entered = threading.Event()

    def hold() -> None:
        with run.lock("sft"):
            entered.set()
            time.sleep(0.5)
            order.append("first")

    other = threading.Thread(target=hold)
    other.start()
    entered.wait()
    with pytest.raises(RunError, match=r"another process is working in .*run \(sft\)"), run.lock("sft", 0.1):
        pass
    with run.lock("sft", 20.0):
        order.append("second")
    other.join()
    assert order == ["first", "second"]


def test_provenance_is_recorded_without_secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    run = Run.open(tmp_path / "run", recipe())
    facts = json.loads((run.directory / "provenance.json").read_text())
    assert facts["packages"]["torch"] != "absent"
    assert "hf_secret" not in json.dumps(facts)


def test_a_final_stage_without_its_files_is_not_complete(tmp_path: Path) -> None:
    run = Run.open(tmp_path / "run", recipe())
    run.finish("evaluate", {}, 1)
    assert run.done("evaluate") is None
    for name in ("results.json", "episodes.jsonl"):
        (run.directory / name).write_text("{}")
    assert run.done("evaluate") is not None
