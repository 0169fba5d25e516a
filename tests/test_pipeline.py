"""The whole path: every stage on the smoke recipe, killed and resumed, with other models, and what must stop it."""

from __future__ import annotations

import contextlib
import io
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from cppo.cli.main import main
from cppo.episodes import read_episodes
from cppo.errors import ConfigError, RunError
from cppo.pipeline import pick_stages, run_pipeline
from cppo.policy.engine import Completion, Done, Engine, GenerationRequest
from cppo.policy.local import LocalEngine
from cppo.progress import Reporter
from cppo.recipe import load_recipe
from cppo.runs import Run

SMOKE = Path(__file__).parent.parent / "recipes" / "crossroads-smoke.toml"
SMALL = [
    "--problems.train_count=40", "--problems.test_count=6", "--problems.validation_count=4", "--sft.epochs=1",
    "--validity.problems=20", "--audit.problems=3", "--warmup.steps=2",
]  # fmt: skip


def command(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "cppo.cli.main", *map(str, arguments)]


def cppo(*arguments: object, status: int = 0) -> str:
    """Carry a command out in this process, which has made the imports already; return all that it says."""
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        got = main([*map(str, arguments)])
    assert got == status, said.getvalue()[-3000:]
    return said.getvalue()


@pytest.fixture(scope="module")
def smoke(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run of the smoke recipe."""
    directory = tmp_path_factory.mktemp("smoke") / "run"
    done = subprocess.run(command("run", SMOKE, "-o", directory), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    assert "best coordinated policy" in done.stdout
    return directory


@pytest.mark.slow
def test_every_stage_leaves_its_record(smoke: Path) -> None:
    run = Run.load(smoke)
    for name in run.recipe.stages():
        assert run.done(name) is not None, name
    results = json.loads((smoke / "results.json").read_text())
    assert [arm["name"] for arm in results["arms"]] == ["direct", "plan_and_solve", "tuple_sft", "grpo", "pkpo", "cppo"]
    for arm in results["arms"]:
        at = [arm["pass_at"][k]["mean"] for k in ("1", "2", "4")]
        assert 0 <= at[0] <= at[1] <= at[2] <= 1
    assert 0.6 < results["limits"]["4"]["independent"] <= results["limits"]["4"]["coordinated"]
    assert results["limits"]["4"]["coordinated"] == pytest.approx(1.0)
    assert {row["other"] for row in results["comparisons"]} == {a["name"] for a in results["arms"]} - {"cppo"}
    assert "<html" in (smoke / "report.html").read_text()


@pytest.mark.slow
def test_the_model_learnt_something(smoke: Path) -> None:
    """The same path with a longer recipe is the real thing: even this short one must parse plans and pass programs."""
    results = json.loads((smoke / "results.json").read_text())
    arms = {arm["name"]: arm for arm in results["arms"]}
    assert arms["tuple_sft"]["parse_rate"] > 0.1
    assert sum(arm["verdicts"].get("AC", 0) for arm in results["arms"]) > 0


@pytest.mark.slow
def test_every_arm_spends_the_same_budget_on_the_same_problems(smoke: Path) -> None:
    recipe = Run.load(smoke).recipe
    spent: dict[str, dict[str, int]] = {}
    for episode in read_episodes(smoke / "episodes.jsonl"):
        size = recipe.k if episode.arm in ("tuple_sft", "cppo") else max(1, len(episode.branches))
        mine = spent.setdefault(episode.arm, {})
        mine[episode.problem_id] = mine.get(episode.problem_id, 0) + size
    assert len(spent) == 6
    assert len({frozenset(mine.items()) for mine in spent.values()}) == 1
    assert set(spent["cppo"].values()) == {recipe.evaluation.attempts}


@pytest.mark.slow
def test_the_same_command_again_does_nothing_again(smoke: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in smoke.rglob("*.safetensors")}
    output = cppo("run", SMOKE, "-o", smoke)
    assert output.count("already complete") == 10
    assert {path: path.stat().st_mtime_ns for path in smoke.rglob("*.safetensors")} == before


@pytest.mark.slow
def test_page_and_comparison_come_from_the_record(smoke: Path) -> None:
    page = (smoke / "report.html").read_bytes()
    assert str(smoke / "report.html") in cppo("report", smoke)
    assert (smoke / "report.html").read_bytes() == page
    output = cppo("compare", smoke, "--resamples", 200)
    assert "training seeds an arm: 1" in output
    results = json.loads((smoke / "results.json").read_text())
    compared = json.loads(cppo("compare", smoke, "--resamples", 200, "--json"))
    for arm, same in zip(results["arms"], compared["arms"], strict=True):
        assert same["pass_at"]["4"] == [pytest.approx(arm["pass_at"]["4"]["mean"])]


@pytest.mark.slow
def test_a_killed_stage_goes_on_and_ends_in_the_same_weights(smoke: Path, tmp_path: Path) -> None:
    copy = tmp_path / "run"
    shutil.copytree(smoke, copy)
    shutil.rmtree(copy / "stages" / "joint")
    process = subprocess.Popen(
        command("joint", SMOKE, "-o", copy),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    marker = copy / "stages" / "joint" / "checkpoint-1" / "complete"
    deadline = time.monotonic() + 120
    while not marker.exists() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert marker.exists()
    assert not (copy / "stages" / "joint" / "done.json").exists()
    output = cppo("joint", SMOKE, "-o", copy)
    assert "joint: done" in output
    weights = [d / "stages" / "joint" / "model" / "model.safetensors" for d in (smoke, copy)]
    assert weights[0].read_bytes() == weights[1].read_bytes()
    rows = [
        [
            {key: value for key, value in json.loads(line).items() if key not in ("seconds", "wall")}
            for line in (d / "stages" / "joint" / "metrics.jsonl").read_text().splitlines()
        ]
        for d in (smoke, copy)
    ]
    assert rows[0] == rows[1]


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_ten_kills_at_random_moments_end_in_the_same_weights_and_figures(smoke: Path, tmp_path: Path) -> None:
    """SIGKILL to the whole process group, ten times, each followed by the same command."""
    again, moments = tmp_path / "run", random.Random(20260527)
    begun = ["prepare", "sft", "sft", "validity", "warmup", "audit", "joint", "grpo", "pkpo", "evaluate"]
    done = []
    for stage in begun:  # at a random moment after this stage has begun in this process
        for left in again.glob(".*.lock"):  # by the process that was killed
            left.unlink()
        process = subprocess.Popen(
            command("run", SMOKE, "-o", again),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        deadline = time.monotonic() + 200
        while not (again / f".{stage}.lock").exists() and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.02)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(moments.uniform(0, 3))
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        done.append(len(list(again.glob("stages/*/done.json"))))
    assert done == sorted(done)
    assert len(set(done)) > 4, done  # it was killed in several stages
    cppo("run", SMOKE, "-o", again)
    weights = sorted(path.relative_to(smoke) for path in smoke.glob("stages/*/model/*.safetensors"))
    assert len(weights) >= 6
    for path in weights:
        assert (smoke / path).read_bytes() == (again / path).read_bytes(), path
    assert (smoke / "episodes.jsonl").read_bytes() == (again / "episodes.jsonl").read_bytes()
    old, new = (json.loads((d / "results.json").read_text()) for d in (smoke, again))
    for part in ("arms", "comparisons", "limits"):
        assert old[part] == new[part]


class Shuffling:
    """Hands requests to an engine in another order."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def generate(self, requests: Sequence[GenerationRequest], on_done: Done | None = None) -> list[Completion]:
        order = random.Random(3).sample(range(len(requests)), len(requests))

        def told(i: int, completion: Completion) -> None:
            if on_done is not None:
                on_done(order[i], completion)

        found = self.engine.generate([requests[i] for i in order], told)
        return [found[order.index(i)] for i in range(len(requests))]


@pytest.mark.slow
def test_order_of_problems_and_branches_and_batching_change_no_token_and_no_verdict(smoke: Path) -> None:
    """One joint rollout of the trained policy in float64, at fixed weights."""
    from cppo.context import Context
    from cppo.progress import Reporter
    from cppo.training.rollouts import SplitRegionRollout

    run = Run.load(smoke)
    with Context(run, Reporter()) as context:
        model = context.policy("sft", trainable=False).double()
        problems = context.pools.train[:6]
        rollout = SplitRegionRollout(run.recipe.joint.model_copy(update={"tuples": 4}), run.recipe.k, context.judge())

        def roll(order: Sequence[int], batch: int, shuffled: bool) -> dict[str, list[object]]:
            bench = context.bench(model)
            engine = LocalEngine(model, context.tokenizer, batch=batch)
            bench = replace(bench, engine=Shuffling(engine) if shuffled else engine)
            result = rollout([problems[i] for i in order], bench, (0, "joint", 0))
            found: dict[str, list[object]] = {}
            for episode in result.episodes:
                sampled = [(b.completion.token_ids, b.verdict) for b in episode.branches if b.completion]
                assert episode.completion is not None
                found.setdefault(episode.problem_id, []).append((episode.completion.token_ids, episode.gate, sampled))
            return found

        plain = roll(range(6), 640, shuffled=False)
        assert sum(len(sampled) for group in plain.values() for _, _, sampled in group) > 40  # type: ignore[misc]
        assert len({verdict for g in plain.values() for _, _, s in g for _, verdict in s}) > 1  # type: ignore[misc]
        assert roll([3, 1, 5, 0, 4, 2], 640, shuffled=False) == plain
        assert roll(range(6), 640, shuffled=True) == plain
        assert roll(range(6), 7, shuffled=True) == plain


@pytest.mark.slow
def test_a_second_lane_ends_in_the_same_baselines(smoke: Path, tmp_path: Path) -> None:
    copy = tmp_path / "run"
    shutil.copytree(smoke, copy)
    for name in ("joint", "grpo", "pkpo", "evaluate", "report"):
        shutil.rmtree(copy / "stages" / name)
    for name in ("results.json", "episodes.jsonl", "report.html"):
        (copy / name).unlink()
    cppo("run", SMOKE, "-o", copy, "--jobs", 2)
    for name in ("joint", "grpo", "pkpo"):
        path = Path("stages") / name / "model" / "model.safetensors"
        assert (smoke / path).read_bytes() == (copy / path).read_bytes()
    old, new = (json.loads((d / "results.json").read_text()) for d in (smoke, copy))
    assert old["arms"] == new["arms"]


@pytest.mark.slow
@pytest.mark.parametrize(
    "change", [["--model.tiny.architecture=qwen3_5"], ["--model.lora.rank=4"]], ids=["qwen3_5", "lora"]
)
def test_other_models_take_the_same_path(tmp_path: Path, change: Sequence[str]) -> None:
    cppo("run", SMOKE, "-o", tmp_path / "run", "-q", *SMALL, *change)
    assert (tmp_path / "run" / "report.html").exists()
    adapter = tmp_path / "run" / "stages" / "joint" / "model" / "adapter_config.json"
    assert adapter.exists() == (change[0].startswith("--model.lora"))


@pytest.mark.slow
def test_no_go_stops_the_run_and_says_what_to_do(smoke: Path, tmp_path: Path) -> None:
    copy = tmp_path / "run"
    shutil.copytree(smoke, copy)
    for name in ("audit", "joint"):
        shutil.rmtree(copy / "stages" / name)
    change = ["--audit.on_fail=stop"]
    config = json.loads((copy / "config.json").read_text())
    config["audit"]["thresholds"]["stop_nonzero_tuples_below"] = 1.0
    (copy / "config.json").write_text(json.dumps(config))
    output = cppo("run", SMOKE, "-o", copy, "--audit.thresholds.stop_nonzero_tuples_below=1.0", *change, status=3)
    assert "audit: no-go" in output
    assert "audit.on_fail = 'warn'" in output
    assert (copy / "stages" / "audit" / "rejected.json").exists()
    assert not (copy / "stages" / "joint").exists()


@pytest.mark.slow
def test_a_damaged_checkpoint_and_damaged_weights_are_errors(smoke: Path, tmp_path: Path) -> None:
    copy = tmp_path / "run"
    shutil.copytree(smoke, copy)
    shutil.rmtree(copy / "stages" / "joint")
    weights = copy / "stages" / "warmup" / "model" / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:1000])
    output = cppo("joint", SMOKE, "-o", copy, status=2)
    assert "warmup/model" in output
    shutil.rmtree(copy / "stages" / "validity" / "model")
    output = cppo("joint", SMOKE, "-o", copy, status=2)
    assert "validity" in output
    assert "Traceback" not in output


def test_stages_are_picked_in_order_and_by_name(tmp_path: Path) -> None:
    run = Run.open(tmp_path / "run", load_recipe(SMOKE))
    assert pick_stages(run, ["joint", "sft"]) == ["sft", "joint"]
    every = ["prepare", "sft", "validity", "warmup", "audit", "joint", "grpo", "pkpo", "evaluate", "report"]
    assert pick_stages(run, None) == every
    with pytest.raises(ConfigError, match=r"unknown stage 'jont'.*did you mean 'joint'"):
        pick_stages(run, ["jont"])


def test_policies_of_unequal_budgets_are_trained_but_not_compared(tmp_path: Path) -> None:
    run = Run.open(tmp_path / "run", load_recipe(SMOKE, ["joint.steps=3"]))
    with pytest.raises(ConfigError, match=r"(?s)baselines.grpo: .* = 32 programs\n.*joint: steps 3 .* = 48 programs"):
        run_pipeline(run, None, Reporter())
    assert not [*run.directory.glob("stages/*")]
    with pytest.raises(RunError, match="'sft' needs stage 'prepare'"):  # no arm is compared: it is not the budget
        run_pipeline(run, ["sft"], Reporter())


def test_a_stage_before_its_turn_says_what_is_missing(tmp_path: Path) -> None:
    output = cppo("joint", SMOKE, "-o", tmp_path / "run", status=2)
    assert "stage 'joint' needs stage 'prepare', which is not complete" in output
    assert "cppo prepare RECIPE" in output
    assert "Traceback" not in output
