"""The two measurements that can be run on any machine with models of random weights do so, in miniature."""

from __future__ import annotations

import gc
import importlib
import json
import sys
from pathlib import Path
from types import ModuleType

import pytest
from trl import GRPOTrainer

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"


def benchmark(name: str, monkeypatch: pytest.MonkeyPatch, **smaller: object) -> ModuleType:
    """Import a program of benchmarks/ with smaller sizes."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    module = importlib.import_module(name)
    for key, value in smaller.items():
        assert hasattr(module, key)
        monkeypatch.setattr(module, key, value)
    return module


def run(module: ModuleType, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> None:
    monkeypatch.setattr(sys, "argv", [module.__name__, *arguments])
    module.main()


@pytest.mark.slow
@pytest.mark.parametrize("more", [[], ["--lora"]])
def test_the_step_is_measured_for_a_shape_and_leaves_no_trainer_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, more: list[str]
) -> None:
    step = benchmark("step", monkeypatch, SHAPE_TOKENS=12, SEQUENCES=20, LENGTHS=(4, 8), STEPS=2)
    alive: list[int] = []
    original = step.UpdateBench.seconds

    def seconds(*given: object, **named: object) -> object:
        gc.disable()  # a GPU may be full before Python looks for circles
        try:
            return original(*given, **named)
        finally:
            alive.append(sum(GRPOTrainer in type(one).__mro__ for one in gc.get_objects()))
            gc.enable()

    monkeypatch.setattr(step.UpdateBench, "seconds", seconds)
    run(step, monkeypatch, "--shape", "qwen3.5-small", "--rounds", "1", "--json", str(tmp_path / "figures"), *more)
    figures = json.loads((tmp_path / "figures").read_text())
    update = figures["update"]["different"]
    assert update["tokens"] == update["distinct_tokens"] == 20 * (12 + 12)
    assert update["ours"] > 0
    assert update["stock"] > 0
    assert [row["tokens"] for row in figures["tokens"]["rows"]] == [20 * (32 + 4), 20 * (32 + 8)]
    assert figures["trained"] == ("adapter over bfloat16" if more else "all weights")
    assert alive == [0] * 4


@pytest.mark.slow
def test_the_rollout_is_measured_for_a_shape(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rollout = benchmark("rollout", monkeypatch, PLAN_TOKENS=3, PROGRAM_TOKENS=5)
    options = ["--shape", "qwen3.5-small", "--dtype", "bfloat16", "--sequences", "10", "--rounds", "1"]
    run(rollout, monkeypatch, *options, "--json", str(tmp_path / "figures"))
    figures = json.loads((tmp_path / "figures").read_text())
    assert figures["sequences"] == 2 + 2 * rollout.K
    assert set(figures["ways"]) == {"ours", "one at a time", "plain batch"}
    for way in figures["ways"].values():
        assert way["tokens_per_second"] * way["seconds"] == pytest.approx(2 * 3 + 8 * 5, rel=0.2)
