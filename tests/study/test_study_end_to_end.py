"""Two seeds of a tiny recipe and an ablation, killed in the middle, run again, and put together."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from cppo.cli.main import main
from cppo.runs import Run

SMOKE = Path(__file__).parents[2] / "recipes" / "crossroads-smoke.toml"
TINY = [
    "--problems.train_count=40", "--problems.test_count=6", "--problems.validation_count=4", "--sft.epochs=1",
    "--validity.problems=20", "--audit.problems=2", "--warmup.steps=1", "--joint.steps=2", "--study.seeds=[0, 1]",
    '--evaluation.arms=[{name="direct", method="direct", stage="sft"}, {name="cppo", method="tuple", stage="joint"}]',
    '--study.ablations.ungated.set=["joint.plan_reward=ungated"]', "--study.ablations.ungated.title=No gate",
]  # fmt: skip
STAGES = ("prepare", "sft", "validity", "warmup", "audit", "joint", "evaluate", "report")


def command(name: str, directory: Path) -> list[str]:
    arguments = [name, str(SMOKE), "-o", str(directory), "--jobs", "2", *TINY]
    return [sys.executable, "-m", "cppo.cli.main", *arguments]


def cppo(name: str, directory: Path) -> str:
    done = subprocess.run(command(name, directory), capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout + done.stderr


def _children_of(pid: int) -> list[int]:
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(fields[1]) == pid and fields[0] != "Z":
            found.append(int(path.parent.name))
    return found


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study that was killed while something trained, and then run to its end by the same command."""
    directory = tmp_path_factory.mktemp("study") / "study"
    process = subprocess.Popen(
        command("study", directory), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    marker = directory / "seed-0" / "stages" / "sft" / "done.json"
    deadline = time.monotonic() + 300
    while not (marker.exists() and _children_of(process.pid)) and time.monotonic() < deadline:
        assert process.poll() is None
        time.sleep(0.02)
    children = _children_of(process.pid)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert children
    while any(Path(f"/proc/{pid}").exists() for pid in children) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not any(Path(f"/proc/{pid}").exists() for pid in children), "a child outlived the study"
    assert not (directory / "results.json").exists()
    kept = marker.stat().st_mtime_ns
    cppo("study", directory)
    assert marker.stat().st_mtime_ns == kept  # what was complete was not done again
    return directory


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_killed_study_goes_on_to_its_result(study: Path) -> None:
    for seed in (0, 1):
        run = Run.load(study / f"seed-{seed}")
        assert run.recipe.seed == seed
        assert all(run.done(stage) is not None for stage in STAGES)
        assert run.done("grpo") is None  # no arm uses it
    result = json.loads((study / "results.json").read_text())
    assert result["seeds"] == [0, 1]
    assert "2 training seeds, fewer than 3" in result["warnings"][0]
    singles = [json.loads((study / f"seed-{seed}" / "results.json").read_text()) for seed in (0, 1)]
    assert result["limits"] == {k: limit for k, limit in singles[0]["limits"].items() if k in ("1", "2", "4")}
    for number, arm in enumerate(result["arms"]):
        for k, cell in arm["pass_at"].items():
            assert cell["seeds"] == pytest.approx([single["arms"][number]["pass_at"][k]["mean"] for single in singles])
        tokens = [sum(single["arms"][number]["tokens"].values()) / 6 for single in singles]
        assert sum(part["mean"] for part in arm["tokens"].values()) == pytest.approx(sum(tokens) / 2)
    assert "<html" in (study / "report.html").read_text()


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_ablation_is_trained_on_what_the_seeds_share(study: Path, tmp_path: Path) -> None:
    copy = tmp_path / "study"
    shutil.copytree(study, copy)
    output = cppo("ablate", copy)
    assert "No gate" in output
    for seed in (0, 1):
        own, shared = copy / "ablations" / "ungated" / f"seed-{seed}" / "stages", copy / f"seed-{seed}" / "stages"
        for stage in ("sft", "warmup"):
            weights = Path(stage) / "model" / "model.safetensors"
            assert os.path.samefile(own / weights, shared / weights)
        assert not os.path.samefile(own / "joint" / "model" / "model.safetensors", shared / "joint" / "model")
        assert sorted(path.name for path in own.iterdir()) == sorted(set(STAGES) - {"audit", "report"})
    result = json.loads((copy / "ablations.json").read_text())
    assert [arm["name"] for arm in result["arms"]] == ["cppo", "ungated"]
    full = next(arm for arm in json.loads((copy / "results.json").read_text())["arms"] if arm["name"] == "cppo")
    assert result["arms"][0]["pass_at"] == full["pass_at"]
    assert result["arms"][1]["set"] == ["joint.plan_reward=ungated"]
    assert [arm["training_programs"] for arm in result["arms"]] == [32, 32]
    assert not (copy / "ablations" / "full").exists()  # the seeds are evaluated: the full method is theirs
    before = {path: path.stat().st_mtime_ns for path in copy.rglob("done.json")}
    cppo("ablate", copy)
    assert {path: path.stat().st_mtime_ns for path in copy.rglob("done.json")} == before


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["study", "--joint.steps=3"], "unequal numbers of program attempts"),
        (["study", "--jobs", "0"], "--jobs is 0"),
        (["ablate"], "the recipe has no ablations"),
        (["ablate", "--study.ablations.a.set=['jont.steps=1']"], "study.ablations.a: unknown key 'jont'"),
    ],
)
def test_bad_studies_are_refused_before_anything_is_made(
    arguments: list[str], words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    name, *rest = arguments
    assert main([name, str(SMOKE), "-o", str(tmp_path / "study"), *rest]) == 2
    error = capsys.readouterr().err
    assert error.startswith("cppo: error: ")
    assert words in error
    assert list(tmp_path.iterdir()) == []
