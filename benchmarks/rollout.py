"""Tokens a second of the two-phase rollout beside one sequence at a time and a plain batch, same model, same run.

    python benchmarks/rollout.py [--sequences 128] [--rounds 5] [--model DIR] [--json FILE]
    python benchmarks/rollout.py --shape qwen3.5-4b --device cuda --dtype bfloat16

A rollout samples plans, then K programs for each plan. Ways compared, taking turns:

- `ours`: `cppo.policy.local.LocalEngine`, each phase one batch, rows that are alike so far computed once, finished rows
  out;
- `one at a time`: `model.generate` for each prompt by itself, which is how the published implementation samples;
- `plain batch`: `model.generate` on all prompts of a phase, padded on the left.

Without --model a tiny one is built from the demo's recipe, with random weights: what is sampled means nothing, how fast
does, and no two samples are alike for long. `--model runs/crossroads/stages/sft/model` is the trained one of the demo.
Tokens are those of every sequence, up to and including its end, shared or not; figures are medians over rounds.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from shapes import SHAPES, save_random

from cppo.context import Context
from cppo.pipeline import run_stages
from cppo.policy.engine import GenerationRequest
from cppo.policy.local import LocalEngine
from cppo.policy.padding import left_pad
from cppo.policy.rendering import render
from cppo.problems import Problem
from cppo.problems.testbed import Testbed
from cppo.progress import Reporter
from cppo.recipe import load_recipe
from cppo.runs import Run
from cppo.seeding import derive_seed
from cppo.text import PromptSet

RECIPE = Path(__file__).parents[1] / "recipes" / "crossroads.toml"
K = 4
PLANS_A_PROBLEM = 4
PLAN_TOKENS, PROGRAM_TOKENS = 32, 120
PLAN_TEMPERATURE, SOLVE_TEMPERATURE = 0.9, 0.7

Phases = list[list[GenerationRequest]]
Way = Callable[[Phases, int], int]
"""`(requests by phase, seed) -> generated tokens`."""


def main() -> None:
    """Run the ways in turns and print a table, then JSON."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--sequences", type=int, default=128, help="plans and programs of a rollout, about")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--dtype", default="float32")
    parser.add_argument("--model", help="directory of another causal model (default: a tiny one)")
    parser.add_argument("--shape", choices=sorted(SHAPES), help="or a model of this shape with random weights")
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        run = Run.open(Path(directory) / "run", load_recipe(RECIPE, ["problems.train_count=600"]))
        run_stages(run, ["prepare"], Reporter())
        with Context(run, Reporter()) as context:
            path = options.model or context.base
            if options.shape:
                path = str(save_random(options.shape, Path(directory) / "model", context.tokenizer))
            figures = measure(context, path, options)
    print("| way | sequences | seconds | tokens/s | ours / it |\n| --- | --- | --- | --- | --- |")
    for name, row in figures["ways"].items():
        cells = (f"{row['seconds']:.2f}", f"{row['tokens_per_second']:.0f}", f"{row['ratio']:.1f}")
        print(f"| {name} | {figures['sequences']} | {' | '.join(cells)} |")
    print(f"\nours decodes {figures['decoded']:.2f} tokens a token: what samples begin with alike is decoded once")
    text = json.dumps(figures)
    print(text)
    if options.json:
        options.json.write_text(text + "\n")


def measure(context: Context, path: str, options: argparse.Namespace) -> dict[str, Any]:
    """Return seconds and tokens a second of every way, medians over rounds, and medians of each round's ratio."""
    from cppo.policy.loading import load_model, load_tokenizer

    sequences, rounds = options.sequences, options.rounds
    model, tokenizer = load_model(path, options.dtype, options.device), load_tokenizer(path)
    plans = max(1, round(sequences / (1 + K)))
    assert context.pools.testbed is not None
    phases = requests_of(context.pools.train, plans, context.prompts, context.pools.testbed)
    ways = {
        "ours": ours(LocalEngine(model, tokenizer, batch=4 * sequences)),
        "one at a time": with_generate(model, tokenizer, at_once=1),
        "plain batch": with_generate(model, tokenizer, at_once=4 * sequences),
    }
    decoded = decoded_share(model, ways["ours"], phases)
    rates: dict[str, list[float]] = {name: [] for name in ways}
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for turn in range(rounds + 1):
        for name, way in ways.items():
            began = time.perf_counter()
            tokens = way(phases, turn)
            spent = time.perf_counter() - began
            if turn:  # the first round warms up
                seconds[name].append(spent)
                rates[name].append(tokens / spent)
        print(f"round {turn} of {rounds}", file=sys.stderr, flush=True)
    table = {
        name: {
            "seconds": statistics.median(seconds[name]),
            "tokens_per_second": statistics.median(rates[name]),
            "ratio": statistics.median(a / b for a, b in zip(rates["ours"], rates[name], strict=True)),
        }
        for name in ways
    }
    parameters = sum(weight.numel() for weight in model.parameters())
    setting = {"parameters": parameters, "device": options.device, "dtype": options.dtype}
    return {"sequences": sum(map(len, phases)), **setting, "decoded": decoded, "ways": table}


def decoded_share(model: Any, way: Way, phases: Phases) -> float:
    """Return how many tokens the model is given in decoding, prompts left out, for each token of the sequences."""
    rows: list[int] = []

    def count(_module: Any, _arguments: Any, given: dict[str, Any]) -> None:
        if given["input_ids"].shape[1] == 1:
            rows.append(given["input_ids"].shape[0])

    handle = model.register_forward_pre_hook(count, with_kwargs=True)
    try:
        tokens = way(phases, 0)
    finally:
        handle.remove()
    return sum(rows) / tokens


def requests_of(problems: Sequence[Problem], plans: int, prompts: PromptSet, testbed: Testbed) -> Phases:
    """Return the requests of both phases; the methods are gold ones, so that any model has programs to write."""
    chosen = [problems[index // PLANS_A_PROBLEM] for index in range(plans)]
    first = [
        GenerationRequest(prompts.plan(problem.task, K), PLAN_TOKENS, PLAN_TEMPERATURE, derive_seed("plan", index))
        for index, problem in enumerate(chosen)
    ]
    second = [
        GenerationRequest(
            prompts.solve(problem.task, method), PROGRAM_TOKENS, SOLVE_TEMPERATURE, derive_seed("solve", index, method)
        )
        for index, problem in enumerate(chosen)
        for method in testbed.methods(problem)[:K]
    ]
    return [first, second]


def ours(engine: LocalEngine) -> Way:
    """Return the rollout of this package."""

    def run(phases: Phases, _seed: int) -> int:
        return sum(len(completion.token_ids) for phase in phases for completion in engine.generate(phase))

    return run


def with_generate(model: Any, tokenizer: Any, at_once: int) -> Way:
    """Return sampling by transformers' own `generate`, so many prompts at once."""
    import torch

    end = tokenizer.eos_token_id

    def run(phases: Phases, seed: int) -> int:
        torch.manual_seed(seed)
        tokens = 0
        for phase in phases:
            prompts = [render(request.prompt, tokenizer, False) for request in phase]
            for start in range(0, len(phase), at_once):
                ids, mask = left_pad(prompts[start : start + at_once], tokenizer.pad_token_id)
                with torch.inference_mode():
                    out = model.generate(
                        input_ids=ids.to(model.device),
                        attention_mask=mask.to(model.device),
                        do_sample=True,
                        temperature=phase[0].temperature,
                        top_k=0,
                        max_new_tokens=phase[0].max_tokens,
                        pad_token_id=tokenizer.pad_token_id,
                    )
                for row in out[:, ids.shape[1] :].tolist():
                    tokens += row.index(end) + 1 if end in row else len(row)
        return tokens

    return run


if __name__ == "__main__":
    main()
