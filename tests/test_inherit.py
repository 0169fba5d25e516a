"""Runs that share their earlier stages: what may be taken over, what not, and that it is whole."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from cppo.errors import RunError
from cppo.inherit import all_needs, inherit
from cppo.recipe import load_recipe
from cppo.runs import Run

SMOKE = Path(__file__).parent.parent / "recipes" / "crossroads-smoke.toml"
EARLIER = ["prepare", "sft", "validity", "warmup"]


def run_in(directory: Path, *overrides: str) -> Run:
    return Run.open(directory, load_recipe(SMOKE, overrides))


@pytest.fixture
def source(tmp_path: Path) -> Run:
    run = run_in(tmp_path / "source")
    for name in EARLIER:
        (run.stage(name) / "model").mkdir(parents=True)
        (run.stage(name) / "model" / "weights").write_text(f"weights of {name}")
        run.finish(name, {"made": name}, 1.0)
    return run


def test_stages_are_taken_over_whole(source: Run, tmp_path: Path) -> None:
    run = run_in(tmp_path / "run", "joint.learning_rate=0.5", "audit.problems=2", "name=other", "jobs=1")
    inherit(run, source, EARLIER)
    for name in EARLIER:
        assert run.done(name) == source.done(name)
        mine, theirs = (one.model(name) / "weights" for one in (run, source))
        assert mine.read_text() == f"weights of {name}"
        assert os.path.samefile(mine, theirs)  # no second copy on a disk that can link


def test_what_is_complete_already_stays(source: Run, tmp_path: Path) -> None:
    run = run_in(tmp_path / "run")
    run.finish("sft", {"made": "here"}, 2.0)
    inherit(run, source, EARLIER)
    assert run.done("sft") == {"made": "here", "seconds": 2.0}
    assert run.done("prepare") == {"made": "prepare", "seconds": 1.0}


def test_remains_of_a_killed_copy_are_replaced(source: Run, tmp_path: Path) -> None:
    run = run_in(tmp_path / "run")
    half = run.stage("sft").with_name(".sft.unfinished")
    (half / "model").mkdir(parents=True)
    (half / "model" / "rubbish").touch()
    (run.stage("sft") / "model").mkdir(parents=True)
    (run.stage("sft") / "model" / "rubbish").touch()
    inherit(run, source, ["sft"])
    assert [path.name for path in run.model("sft").iterdir()] == ["weights"]
    assert not half.exists()


@pytest.mark.parametrize(
    ("override", "kept", "refused"),
    [
        ("warmup.steps=77", ["prepare", "sft", "validity"], "warmup"),
        ("validity.pairs=7", ["prepare", "sft"], "validity"),
        ("validity.pairs=7", ["prepare", "sft"], "warmup"),  # it rests on the validity model
        ("sft.plans=7", ["prepare"], "sft"),
        ("k=2", [], "prepare"),
        ("seed=9", [], "prepare"),
    ],
)
def test_a_stage_that_depends_on_what_differs_is_refused(
    source: Run, tmp_path: Path, override: str, kept: list[str], refused: str
) -> None:
    more = ["evaluation.attempts=8", "joint.micro_batch=1", "warmup.micro_batch=1"] if override == "k=2" else []
    run = run_in(tmp_path / "run", override, *more)
    inherit(run, source, kept)
    key = override.partition("=")[0]
    with pytest.raises(RunError, match=rf"stage '{refused}' cannot be taken over from .*\n.*{key}: "):
        inherit(run, source, [refused])
    assert run.done(refused) is None


def test_a_stage_that_is_not_complete_is_refused(source: Run, tmp_path: Path) -> None:
    with pytest.raises(RunError, match="stage 'joint' is not complete in"):
        inherit(run_in(tmp_path / "run"), source, ["joint"])


def test_joint_training_without_warmup_does_not_rest_on_it(tmp_path: Path) -> None:
    assert "warmup" in all_needs(run_in(tmp_path / "a"), "joint")
    assert all_needs(run_in(tmp_path / "b", "joint.start=sft"), "joint") == {"prepare", "sft", "validity", "joint"}
