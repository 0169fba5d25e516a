"""A run that is killed anywhere meets the same problems afterwards and ends in the same weights."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import TrainerCallback

from cppo.policy.loading import add_adapter, load_model, load_tokenizer
from cppo.policy.settings import LoraSettings
from cppo.progress import Reporter
from cppo.training.batching import GroupedOrder
from cppo.training.checkpoints import MetricsLog, last_complete, mark_complete, step_of
from cppo.training.sequences import Region, RolloutResult, TrainingSequence
from cppo.training.settings import JointSettings, PlannerTuningSettings
from cppo.training.supervised import Example, train_supervised
from cppo.training.trl_adapter import build_trainer, grpo_arguments

PROBLEMS = [f"p{i}" for i in range(8)]


class Killed(Exception):
    """The process died here."""


class Mark(TrainerCallback):  # type: ignore[misc]
    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def on_save(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        mark_complete(self.directory, state.global_step)


def run(
    tiny: Path, out: Path, iterations: int = 1, kill_at: int | None = None, lora: bool = False
) -> tuple[list[Any], dict[str, Any]]:
    """Ten rollouts of two of the eight problems: two and a half epochs. Returns the problems met and the weights."""
    seen: list[tuple[int, tuple[str, ...]]] = []
    tokenizer = load_tokenizer(tiny)

    def rollout(ids: Sequence[str], _: Any, step: int) -> RolloutResult:
        if kill_at is not None and step >= kill_at * iterations:
            raise Killed
        seen.append((step, tuple(ids)))
        sequences = []
        for problem in ids:
            for sign in (1.0, -1.0):
                token = 8 + zlib.crc32(f"{problem}{step}{sign}".encode()) % 40
                sequences.append(TrainingSequence(Region.PLANNER, sign, (5, 6), (token, tokenizer.eos_token_id)))
        return RolloutResult(sequences, [])

    settings = JointSettings(
        steps=10,
        problems_per_step=2,
        micro_batch=2,
        learning_rate=1e-2,
        beta=0.1,
        checkpoint_every=2,
        iterations=iterations,
    )
    arguments = grpo_arguments(settings, per_problem=2, output=out, seed=3, device="cpu")
    model = load_model(tiny)
    if lora:
        torch.manual_seed(1)
        model = add_adapter(model, LoraSettings(rank=2))
    trainer = build_trainer(model, tokenizer, arguments, settings, rollout, PROBLEMS, [Mark(out)])
    checkpoint = last_complete(out)
    if checkpoint is not None and step_of(checkpoint) >= arguments.max_steps:
        trainer.finish_from(checkpoint)
    else:
        trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
    return seen, {name: weight.detach().clone() for name, weight in model.named_parameters()}


@pytest.mark.parametrize(("iterations", "kill_at"), [(1, 3), (1, 7), (2, 5)])
def test_a_kill_in_any_epoch_changes_nothing(
    tiny_directory: Path, tmp_path: Path, iterations: int, kill_at: int
) -> None:
    whole, weights = run(tiny_directory, tmp_path / "a", iterations)
    assert len({ids for _, ids in whole}) > 4  # the epochs have orders of their own
    with pytest.raises(Killed):
        run(tiny_directory, tmp_path / "b", iterations, kill_at)
    rest, again = run(tiny_directory, tmp_path / "b", iterations)
    assert rest == whole[-len(rest) :]
    assert 0 < len(rest) < len(whole)
    for name, weight in weights.items():
        assert torch.equal(weight, again[name]), name


def test_an_adapter_goes_on_and_is_held_to_the_same_reference(tiny_directory: Path, tmp_path: Path) -> None:
    _, weights = run(tiny_directory, tmp_path / "a", lora=True)
    assert any(".ref." in name for name in weights)
    with pytest.raises(Killed):
        run(tiny_directory, tmp_path / "b", kill_at=5, lora=True)
    rest, again = run(tiny_directory, tmp_path / "b", lora=True)
    assert len(rest) == 6  # from the checkpoint after the fourth rollout
    for name, weight in weights.items():
        assert torch.equal(weight, again[name]), name


@pytest.mark.parametrize("lora", [False, True])
def test_nothing_is_trained_after_the_last_checkpoint(tiny_directory: Path, tmp_path: Path, lora: bool) -> None:
    _, weights = run(tiny_directory, tmp_path, lora=lora)
    seen, again = run(tiny_directory, tmp_path, lora=lora)
    assert seen == []
    for name, weight in weights.items():
        assert torch.equal(weight, again[name]), name


@pytest.mark.parametrize("kill_at", [4, 9, 13])
def test_supervised_training_goes_on_in_any_epoch(
    tiny_directory: Path, tmp_path: Path, kill_at: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two and a half epochs of six updates; checkpoints every four, whose steps are not those of every row."""
    tokenizer = load_tokenizer(tiny_directory)
    examples = [Example(tuple(5 + (7 * i + j) % 40 for j in range(4 + i % 5)), 2) for i in range(12)]
    settings = PlannerTuningSettings(
        learning_rate=1e-2, epochs=2.5, batch=2, micro_batch=2, checkpoint_every=4, schedule="cosine"
    )

    def fit(directory: Path, stop: int | None) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        model = load_model(tiny_directory)
        append = MetricsLog.append

        def until(log: MetricsLog, row: dict[str, Any]) -> None:
            if stop is not None and row["step"] >= stop:
                raise Killed
            append(log, row)

        with monkeypatch.context() as patch:
            patch.setattr(MetricsLog, "append", until)
            rows = train_supervised(
                model, tokenizer, examples, settings, directory=directory, seed=3, reporter=Reporter()
            )
        return {name: weight.detach().clone() for name, weight in model.named_parameters()}, rows

    weights, rows = fit(tmp_path / "a", None)
    with pytest.raises(Killed):
        fit(tmp_path / "b", kill_at)
    left = last_complete(tmp_path / "b")
    assert step_of(left) == (kill_at - 1) // 4 * 4
    again, whole = fit(tmp_path / "b", None)
    for name, weight in weights.items():
        assert torch.equal(weight, again[name]), name
    assert whole == rows
    assert len(rows) == 15


def test_the_order_repeats_groups_and_depends_on_seed_and_epoch_alone() -> None:
    order = GroupedOrder(5, per_step=2, copies=3, repeats=2, seed=1)
    first = list(order)
    assert len(first) == len(order) == 2 * 2 * 3 * 2
    step = first[:12]
    assert step[:6] == step[6:]  # the rollout's rows come back for every micro-step
    assert step[0] == step[1] == step[2] != step[3] == step[4] == step[5]
    order.set_epoch(1)
    assert list(order) != first
    order.set_epoch(0)
    assert list(order) == first
