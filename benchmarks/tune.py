"""Try one configuration of a training stage on the validation problems, and write it down whatever came out.

    cppo run RECIPE --output BASE --stages prepare,sft,validity,warmup,audit
    python benchmarks/tune.py BASE joint --set joint.learning_rate=1e-4 --note "half the rate"
    python benchmarks/tune.py BASE joint --since warmup --set warmup.steps=30 --note "a longer warm-up"

The base run's stages are shared up to the stage, or up to the one named by `--since`; the stage is trained under the
given settings and its policy is evaluated on the validation problems, never on the test problems. One line is added to
`benchmarks/tuning.jsonl`.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from cppo.config import apply_overrides, build
from cppo.context import Context
from cppo.errors import choose
from cppo.evaluation.run import EvaluationPlan, sample_arms
from cppo.evaluation.scores import arm_summary, problem_scores
from cppo.evaluation.settings import EvaluationSettings
from cppo.inherit import inherit
from cppo.pipeline import needs, run_stages
from cppo.problems import Problem
from cppo.problems.crossroads.matrix import by_family, success_matrix
from cppo.problems.crossroads.registry import find_family
from cppo.progress import Reporter
from cppo.recipe import Recipe
from cppo.runs import Run

LOG = Path(__file__).with_name("tuning.jsonl")
LAST = 10
"""Rollouts at the end of training whose figures are averaged."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("base", type=Path, help="run whose earlier stages are shared")
    parser.add_argument("stage", help="joint, warmup or a baseline")
    parser.add_argument("--since", help="first stage that is trained again (default: the stage itself)")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE")
    parser.add_argument("--note", default="", help="why this configuration")
    parser.add_argument("--log", type=Path, default=LOG)
    parser.add_argument("--output", type=Path, help="run directory (default: beside the base)")
    arguments = parser.parse_args()
    base = Run.load(arguments.base)
    recipe = build(Recipe, apply_overrides(base.recipe.model_dump(mode="json"), arguments.set), "--set")
    directory = arguments.output or arguments.base.with_name(f"{arguments.base.name}-{time.time_ns():x}")
    run = Run.open(directory, recipe)
    earlier = needs(run, arguments.stage)
    order = [name for name in recipe.stages() if name in earlier | {"sft", "validity"}]
    again = order[order.index(choose("earlier stage", arguments.since, order)) :] if arguments.since else []
    inherit(run, base, [name for name in order if name not in again])
    began = time.perf_counter()
    run_stages(run, [*again, arguments.stage], Reporter())
    row = {
        "stage": arguments.stage,
        **({"since": arguments.since} if arguments.since else {}),
        "set": arguments.set,
        "note": arguments.note,
        "settings": settings_of(recipe, arguments.stage),
        "base": {"name": base.recipe.name, "seed": recipe.seed, "preset": recipe.problems.preset, **start(base.recipe)},
        "commit": commit(),
        "seconds": round(time.perf_counter() - began),
        "training": training(run, arguments.stage),
        "validation": validation(run, arguments.stage),
    }
    with arguments.log.open("a") as file:
        file.write(json.dumps(row) + "\n")
    print(json.dumps(row, indent=1))


def start(recipe: Recipe) -> dict[str, Any]:
    """Return the settings of the earlier stages that matter for what comes out."""
    sections = {"sft": recipe.sft, "validity": recipe.validity, "warmup": recipe.warmup}
    found = {name: section.model_dump(mode="json", exclude_defaults=True) for name, section in sections.items()}
    return {"prior_exponent": recipe.problems.prior_exponent, **found}


def settings_of(recipe: Recipe, stage: str) -> dict[str, Any]:
    """Return what the stage was trained with, defaults left out: `set` alone says nothing without the base's recipe."""
    section = recipe.baselines[stage] if stage in recipe.baselines else getattr(recipe, stage)
    return dict(section.model_dump(mode="json", exclude_defaults=True))


def commit() -> str:
    """Return the state of the source."""
    said = subprocess.run(["git", "describe", "--always", "--dirty"], capture_output=True, text=True, check=False)
    return said.stdout.strip()


def training(run: Run, stage: str) -> dict[str, Any]:
    """Return means over the last rollouts of training."""
    rows = [json.loads(line) for line in (run.stage(stage) / "metrics.jsonl").read_text().splitlines()]
    found: dict[str, Any] = {"rollouts": len(rows)}
    for key in ("r_out", "r_plan", "gate_rate", "true_validity", "v", "solved", "informative", "distinct_methods",
                "coordination_gain", "kl/planner", "kl/solver", "entropy/planner", "entropy/solver"):  # fmt: skip
        values = [row[key] for row in rows[-LAST:] if key in row]
        if values:
            found[key] = round(float(np.mean(values)), 4)
    found["solver_fidelity"] = [round(row["solver_fidelity"], 3) for row in rows if "solver_fidelity" in row]
    curve = [row.get("r_out", row.get("solved", row.get("gate_rate"))) for row in rows]
    found["curve"] = [round(float(np.mean(curve[i : i + 10])), 3) for i in range(0, len(curve), 10)]
    found["seconds_a_rollout"] = round(float(np.median([row["wall"] for row in rows])), 2)
    return found


def validation(run: Run, stage: str) -> dict[str, Any]:
    """Return pass@k of the trained policy on the validation problems, also by family."""
    recipe = run.recipe
    tuples = stage in ("joint", "warmup", "sft")
    arm = {"name": "tuned", "method": "tuple" if tuples else "direct", "stage": stage}
    given = recipe.evaluation.model_dump(mode="json")
    settings = build(EvaluationSettings, {**given, "arms": [arm], "subject": "tuned"}, "tuning")
    with Context(run, Reporter()) as context:
        problems = context.pools.validation
        plan = EvaluationPlan(settings, problems, recipe.k, recipe.seed, run.directory / "validation", Reporter())
        episodes = sample_arms(plan, lambda name: context.bench(context.policy(name, trainable=False)))["tuned"]
        passing = passing_strategies(problems, context.verifier) if recipe.problems.source == "crossroads" else None
    ids = [problem.id for problem in problems]
    scores = problem_scores(episodes, ids, settings.ks, recipe.k, settings.attempts, not tuples)
    summary = arm_summary(episodes, scores, recipe.k, not tuples, settings.confidence, recipe.seed)
    shown = ("effective_strategies", "duplicate_rate", "parse_rate", "coordination_gain", "true_validity")
    found: dict[str, Any] = {f"pass@{at}": round(float(values.mean()), 4) for at, values in scores.items()}
    found |= {key: round(summary[key], 4) for key in shown if summary.get(key) is not None}
    families = np.array([problem.metadata["family"] for problem in problems])
    last = scores[max(at for at in settings.ks if at <= recipe.k)]
    found["by_family"] = {name: round(float(last[families == name].mean()), 3) for name in sorted(set(families))}
    if tuples and passing is not None:
        named = [any(branch.label in passing[e.problem_id] for branch in e.branches) for e in episodes]
        kept = [episode.passed for episode, there in zip(episodes, named, strict=True) if there]
        found["named"] = round(float(np.mean(named)), 4)
        found["passed_where_named"] = round(float(np.mean(kept)), 4) if kept else None
        found["methods"] = Counter(b.label or "?" for e in episodes for b in e.branches).most_common(24)
    return found


def passing_strategies(problems: Sequence[Problem], verifier: Any) -> dict[str, set[str]]:
    """Return the names of the strategies whose gold program passes each problem."""
    found: dict[str, set[str]] = {}
    for family, mine in by_family(problems).items():
        names = [strategy.name for strategy in find_family(family).strategies]
        for problem, row in zip(mine, success_matrix(mine, verifier), strict=True):
            found[problem.id] = {name for name, passes in zip(names, row, strict=True) if passes}
    return found


if __name__ == "__main__":
    main()
