"""Seconds of a training step: beside a stock GRPOTrainer, by phase, and as problems and tokens grow.

    python benchmarks/step.py [--run DIR] [--rounds 5] [--json FILE] [--plot FILE]
    python benchmarks/step.py --shape qwen3.5-4b --device cuda            # the update alone, random weights
    python benchmarks/step.py --shape qwen3.5-4b --device cuda --lora     # the same, an adapter over bfloat16 weights

Three measurements:

- `update`: the same sequences, tokens, micro-batches and KL through `RegionTrainer` and through TRL's own
  `GRPOTrainer`, taking turns. `recorded` is a rollout of a trained policy, in which programs occur many times; in
  `different` every sequence has its own random tokens, as many as in the first.
- `split`: joint training of that policy, seconds by phase, for 4 to 64 problems a step. The reference scores in a pass
  of its own; `update` is forward and backward.
- `tokens`: the update of 80 sequences whose completions grow.

--run is a run with the stages up to `warmup`; without one it is made from the demo's recipe (minutes). Seconds are
medians; each growth has the line that fits it, and the share of its variance that the line explains. On a GPU the
arithmetic is bfloat16 under autocast. Training all 4.2 billion weights of the large shape takes 84 GB for weights,
gradients, AdamW's moments and the reference, all float32; `--lora` is what recipes/qwen3.5-4b.toml trains, and fits one
card of 80 GB.
"""

from __future__ import annotations

import argparse
import gc
import json
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from datasets import Dataset
from shapes import SHAPES, save_random
from transformers import TrainerCallback
from trl import GRPOTrainer

from cppo.config import apply_overrides, build
from cppo.context import Context
from cppo.inherit import inherit
from cppo.pipeline import run_stages
from cppo.policy.loading import add_adapter, load_model
from cppo.policy.settings import LoraSettings
from cppo.progress import Reporter
from cppo.recipe import Recipe, load_recipe
from cppo.runs import Run
from cppo.training.rollouts import SplitRegionRollout
from cppo.training.sequences import Region, RolloutResult, TrainingSequence
from cppo.training.settings import JointSettings
from cppo.training.trl_adapter import build_trainer, grpo_arguments

RECIPE = Path(__file__).parents[1] / "recipes" / "crossroads.toml"
EARLIER = ["prepare", "sft", "validity", "warmup"]
STEPS = 3
"""Steps of each turn; the first of a trainer is left out."""
PROBLEMS = (4, 8, 16, 32, 64)
LENGTHS = (16, 32, 64, 128, 256)
SEQUENCES = 80
SHAPE_TOKENS = 512
"""Tokens of a prompt, and of a completion, for a shape."""


class Stopwatch(TrainerCallback):  # type: ignore[misc]
    """Wall seconds of every step, from the rollout to the optimiser. A GPU is waited for: it works behind the clock."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    def on_step_begin(self, *_: Any, **__: Any) -> None:
        wait_for_gpu()
        self.began = time.perf_counter()

    def on_step_end(self, *_: Any, **__: Any) -> None:
        wait_for_gpu()
        self.seconds.append(time.perf_counter() - self.began)


def wait_for_gpu() -> None:
    """Return when the GPU, if there is one, has done all it was given."""
    if torch.cuda.is_available():
        torch.cuda.synchronize()


def main() -> None:
    """Measure what can be measured with the given model, print tables, then JSON."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--run", type=Path, help="run with the stages up to warmup")
    parser.add_argument("--shape", choices=sorted(SHAPES), help="random weights of this shape; the update alone")
    parser.add_argument("--device", default="cpu", choices=("cpu", "cuda"))
    parser.add_argument("--lora", action="store_true", help="with --shape: train an adapter over bfloat16 weights")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    parser.add_argument("--plot", type=Path, help="also draw both growths, an SVG")
    options = parser.parse_args()
    if options.lora and not options.shape:
        parser.error("--lora goes with --shape; a run trains what its recipe says")
    with tempfile.TemporaryDirectory() as directory:
        if options.shape:
            figures = measure_shape(options.shape, options.device, options.rounds, Path(directory), options.lora)
        else:
            figures = measure_run(options.run, options.device, options.rounds, Path(directory))
    show(figures)
    text = json.dumps(figures)
    print(text)
    if options.json:
        options.json.write_text(text + "\n")
    if options.plot:
        draw(figures, options.plot)


def measure_run(given: Path | None, device: str, rounds: int, scratch: Path) -> dict[str, Any]:
    """Return all three measurements on a run's policy."""
    run = Run.load(given) if given else Run.open(scratch / "run", load_recipe(RECIPE, []))
    placed = run.recipe.model.model_copy(update={"device": device})  # every measurement on the one that was asked for
    run.recipe = run.recipe.model_copy(update={"model": placed})
    run_stages(run, EARLIER, Reporter())
    with Context(run, Reporter()) as context:
        model, tokenizer = context.policy("warmup", trainable=True).to(device), context.tokenizer
        source = str(run.model("warmup"))
        recorded = rollout_of(context, model)
        bench = UpdateBench(source, tokenizer, device, scratch)
        update = {
            "recorded": compare(bench, recorded, run.recipe.joint, rounds),
            "different": compare(bench, randomised(recorded, len(tokenizer)), run.recipe.joint, rounds),
        }
        tokens = grow_tokens(bench, len(tokenizer), run.recipe.joint, rounds)
    return {
        "device": device,
        "parameters": sum(weight.numel() for weight in model.parameters()),
        "sequences": len(recorded),
        "update": update,
        "tokens": tokens,
        "split": grow_problems(run, scratch, max(3, rounds)),
    }


def measure_shape(shape: str, device: str, rounds: int, scratch: Path, lora: bool) -> dict[str, Any]:
    """Return the update's figures for a model with random weights of a published shape."""
    run = Run.open(scratch / "run", load_recipe(RECIPE, ["problems.train_count=600"]))
    run_stages(run, ["prepare"], Reporter())
    with Context(run, Reporter()) as context:
        tokenizer = context.tokenizer
    model = save_random(shape, scratch / "model", tokenizer)
    joint = run.recipe.joint.model_copy(update={"micro_batch": 4, "problems_per_step": 2})
    bench = UpdateBench(str(model), tokenizer, device, scratch, lora)
    rows = synthetic(SEQUENCES, SHAPE_TOKENS, SHAPE_TOKENS, len(tokenizer))
    return {
        "device": device,
        "shape": shape,
        "trained": "adapter over bfloat16" if lora else "all weights",
        "sequences": len(rows),
        "update": {"different": compare(bench, rows, joint, rounds)},
        "tokens": grow_tokens(bench, len(tokenizer), joint, rounds),
    }


class UpdateBench:
    """Runs the update on given sequences, ours or TRL's own, a new trainer each time."""

    def __init__(self, source: str, tokenizer: Any, device: str, scratch: Path, lora: bool = False) -> None:
        self.source, self.tokenizer, self.device, self.scratch = source, tokenizer, device, scratch
        self.lora = lora

    def model(self) -> Any:
        """Load the model as it is trained: all weights in float32, or an adapter over bfloat16 ones."""
        model = load_model(self.source, "bfloat16" if self.lora else "float32", self.device)
        return add_adapter(model, LoraSettings()) if self.lora else model

    def seconds(self, sequences: Sequence[TrainingSequence], settings: JointSettings, *, ours: bool) -> list[float]:
        """Return the seconds of the steps after the first."""
        model = self.model()
        arguments = grpo_arguments(
            settings,
            per_problem=len(sequences) // settings.problems_per_step,
            output=self.scratch / "out",
            seed=0,
            device=self.device,
        )
        arguments.save_strategy = "no"
        watch = Stopwatch()
        names = [f"problem {i}" for i in range(settings.problems_per_step)]
        if ours:
            result = RolloutResult(list(sequences), [])
            trainer = build_trainer(model, self.tokenizer, arguments, settings, lambda *_: result, names, [watch])
        else:
            trainer = self._stock(model, arguments, sequences, names, watch)
        trainer.train()
        del trainer, model
        gc.collect()  # a trainer points at itself: without this the next one finds the GPU full of the last
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        return watch.seconds[1:]

    def _stock(
        self, model: Any, arguments: Any, sequences: Sequence[TrainingSequence], names: list[str], watch: Stopwatch
    ) -> GRPOTrainer:
        end = self.tokenizer.eos_token_id

        def roll_out(_prompts: list[str], _trainer: Any) -> dict[str, Any]:
            return {
                "prompt_ids": [list(s.prompt_ids) if s.trained else [end] for s in sequences],
                "completion_ids": [list(s.token_ids) if s.trained else [end] for s in sequences],
                "logprobs": None,
                "env_mask": [[1] * len(s.token_ids) if s.trained else [0] for s in sequences],
            }

        def reward(prompts: list[str], **_: Any) -> list[float]:
            return [one.advantage for one in sequences][: len(prompts)]

        return GRPOTrainer(
            model=model,
            args=arguments,
            processing_class=self.tokenizer,
            train_dataset=Dataset.from_dict({"prompt": names}),
            reward_funcs=[reward],
            rollout_func=roll_out,
            callbacks=[watch],
        )


def compare(
    bench: UpdateBench, sequences: Sequence[TrainingSequence], joint: JointSettings, rounds: int
) -> dict[str, Any]:
    """Return median seconds of both trainers and the median of each round's ratio."""
    settings = joint.model_copy(update={"steps": STEPS})
    ours, stock = [], []
    for turn in range(rounds):
        ours.append(statistics.median(bench.seconds(sequences, settings, ours=True)))
        stock.append(statistics.median(bench.seconds(sequences, settings, ours=False)))
        print(f"update, round {turn + 1} of {rounds}", file=sys.stderr, flush=True)
    return {
        "ours": statistics.median(ours),
        "stock": statistics.median(stock),
        "ratio": statistics.median(a / b for a, b in zip(ours, stock, strict=True)),
        "tokens": sum(len(s.prompt_ids) + len(s.token_ids) for s in sequences),
        "distinct_tokens": sum(len(p) + len(t) for p, t in {(s.prompt_ids, s.token_ids) for s in sequences}),
    }


def rollout_of(context: Context, model: Any) -> list[TrainingSequence]:
    """Return the sequences of one rollout of the policy."""
    recipe = context.recipe
    rollout = SplitRegionRollout(recipe.joint, recipe.k, context.judge())
    return rollout(context.pools.train[: recipe.joint.problems_per_step], context.bench(model), ("step", 0)).sequences


def randomised(sequences: Sequence[TrainingSequence], vocabulary: int) -> list[TrainingSequence]:
    """Return the same prompts with random completions of the same lengths."""
    draw = random.Random(0)
    return [
        replace(s, token_ids=(*(draw.randrange(3, vocabulary) for _ in s.token_ids[1:]), *s.token_ids[-1:]))
        for s in sequences
    ]


def synthetic(count: int, prompt: int, length: int, vocabulary: int) -> list[TrainingSequence]:
    """Return plans and programs, four programs a plan, all different; the plans of half of them share a prompt."""
    draw = random.Random(0)

    def tokens(n: int) -> tuple[int, ...]:
        return tuple(draw.randrange(3, vocabulary) for _ in range(n))

    rows = []
    for _ in range(2):
        plan = tokens(prompt)
        members = count // 2
        for i in range(members):
            region = Region.PLANNER if i < members // 5 else Region.SOLVER
            asked = plan if region is Region.PLANNER else tokens(prompt)
            rows.append(TrainingSequence(region, draw.choice((-1.0, 1.0)), asked, (*tokens(length - 1), 0)))
    return rows


def grow_tokens(bench: UpdateBench, vocabulary: int, joint: JointSettings, rounds: int) -> dict[str, Any]:
    """Return seconds of our update against the tokens of the step."""
    end = bench.tokenizer.eos_token_id
    changes = {"steps": STEPS, "problems_per_step": 2, "micro_batch": min(joint.micro_batch, SEQUENCES)}
    settings = joint.model_copy(update=changes)
    found = []
    for length in LENGTHS:
        rows = [replace(s, token_ids=(*s.token_ids[:-1], end)) for s in synthetic(SEQUENCES, 32, length, vocabulary)]
        times = [statistics.median(bench.seconds(rows, settings, ours=True)) for _ in range(rounds)]
        count = sum(len(s.prompt_ids) + len(s.token_ids) for s in rows)
        found.append({"length": length, "tokens": count, "seconds": statistics.median(times)})
        print(f"tokens: {count}", file=sys.stderr, flush=True)
    return {"rows": found, **line([row["tokens"] for row in found], [row["seconds"] for row in found])}


def grow_problems(run: Run, scratch: Path, steps: int) -> dict[str, Any]:
    """Return seconds by phase of joint training, for several numbers of problems a step."""
    found = []
    for problems in PROBLEMS:
        changes = {"problems_per_step": problems, "steps": steps + 1, "micro_batch": 80, "probe_every": 1000}
        overrides = [f"joint.{key}={value}" for key, value in changes.items()]
        recipe = build(Recipe, apply_overrides(run.recipe.model_dump(mode="json"), overrides), "growth")
        child = Run.open(scratch / f"problems-{problems}", recipe)
        inherit(child, run, EARLIER)
        run_stages(child, ["joint"], Reporter())
        rows = [json.loads(text) for text in (child.stage("joint") / "metrics.jsonl").read_text().splitlines()][1:]
        phases = {key: statistics.median(row["seconds"].get(key, 0.0) for row in rows) for key in rows[0]["seconds"]}
        phases.pop("probe", None)
        found.append({"problems": problems, "seconds": statistics.median(r["wall"] for r in rows), "phases": phases})
        print(f"problems: {problems}", file=sys.stderr, flush=True)
    return {"rows": found, **line([row["problems"] for row in found], [row["seconds"] for row in found])}


def line(x: Sequence[float], y: Sequence[float]) -> dict[str, float]:
    """Return slope and intercept of the least-squares line, and R²."""
    slope, intercept = np.polyfit(x, y, 1)
    rest = np.asarray(y) - (slope * np.asarray(x) + intercept)
    return {"slope": float(slope), "intercept": float(intercept), "r2": float(1 - rest.var() / np.var(y))}


def show(figures: dict[str, Any]) -> None:
    """Print the tables."""
    print("| sequences | tokens (distinct) | ours, s | stock, s | ours / stock |\n| --- | --- | --- | --- | --- |")
    for name, row in figures["update"].items():
        tokens = f"{row['tokens']} ({row['distinct_tokens']})"
        print(f"| {name} | {tokens} | {row['ours']:.3f} | {row['stock']:.3f} | {row['ratio']:.2f} |")
    if "split" in figures:
        names = list(figures["split"]["rows"][0]["phases"])
        print(f"\n| problems a step | {' | '.join(names)} | step, s |\n|{' --- |' * (len(names) + 2)}")
        for row in figures["split"]["rows"]:
            cells = " | ".join(f"{row['phases'].get(name, 0):.3f}" for name in names)
            print(f"| {row['problems']} | {cells} | {row['seconds']:.2f} |")
        print(f"\nR² of a line through the seconds: {figures['split']['r2']:.4f}")
    print("\n| tokens a step | seconds |\n| --- | --- |")
    for row in figures["tokens"]["rows"]:
        print(f"| {row['tokens']} | {row['seconds']:.3f} |")
    print(f"\nR² of a line through the seconds: {figures['tokens']['r2']:.4f}")


def draw(figures: dict[str, Any], path: Path) -> None:
    """Draw seconds against problems and tokens, with the fitted lines."""
    from matplotlib.figure import Figure

    parts = [(key, label) for key, label in (("split", "problems"), ("tokens", "tokens")) if key in figures]
    figure = Figure(figsize=(4.2 * len(parts), 3.2), layout="constrained")
    for axes, (key, label) in zip(np.atleast_1d(figure.subplots(1, len(parts))), parts, strict=True):
        found = figures[key]
        x = np.array([row[label] for row in found["rows"]])
        axes.plot(x, [row["seconds"] for row in found["rows"]], "o", label="measured")
        axes.plot(x, found["slope"] * x + found["intercept"], "-", label=f"line, R² {found['r2']:.3f}")
        axes.set(xlabel=f"{label} a step", ylabel="seconds a step" if key == "split" else "seconds an update")
        axes.set_ylim(bottom=0)
        axes.legend()
    figure.savefig(path)


if __name__ == "__main__":
    main()
