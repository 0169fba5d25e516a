"""A small run directory with made-up figures, for tests of the page. Nothing here was measured."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from cppo.episodes import Branch, Episode, to_row
from cppo.evaluation.scores import Scores, arm_summary, comparisons, problem_scores
from cppo.files import write_json, write_jsonl
from cppo.problems import Problem
from cppo.problems.crossroads.generate import generate
from cppo.problems.crossroads.settings import SETTINGS
from cppo.verifier import Verdict

K, BUDGET, KS = 4, 8, (1, 2, 4)
ARMS = (
    ("direct", "Direct sampling", "direct", "sft"),
    ("plan_and_solve", "Plan-and-solve", "plan_and_solve", "sft"),
    ("tuple_sft", "Tuple planner SFT", "tuple", "sft"),
    ("grpo", "GRPO", "direct", "grpo"),
    ("pkpo", "PKPO", "direct", "pkpo"),
    ("cppo", "CPPO", "tuple", "joint"),
)
RATES = {"direct": 0.15, "plan_and_solve": 0.16, "tuple_sft": 0.2, "grpo": 0.3, "pkpo": 0.28, "cppo": 0.34}
"""Made-up chance that one program passes."""
HOSTILE = "</script><script>window.hostile = true</script><img src=x onerror='window.hostile = true'>"
"""What an untrusted program may hold; it must come out as text."""


def build_run(directory: Path, problems: int = 24, steps: int = 40) -> Path:
    """Write a run directory with every file the page reads, and return it."""
    pool = generate(SETTINGS["equal"], "test", problems, 0)
    episodes = {name: _episodes(name, method, pool) for name, _, method, _ in ARMS}
    write_jsonl(directory / "episodes.jsonl", (to_row(e) for mine in episodes.values() for e in mine))
    results = _results(episodes, pool)
    write_json(directory / "results.json", results)
    for stage, facts in results["stages"].items():
        write_json(directory / "stages" / stage / "done.json", facts)
    for stage, rows in _metrics(steps).items():
        write_jsonl(directory / "stages" / stage / "metrics.jsonl", rows)
    write_json(directory / "config.json", CONFIG | {"problems": CONFIG["problems"] | {"test_count": problems}})
    write_json(
        directory / "provenance.json", {"cppo": "0.1.0", "commit": "0" * 40, "command": ["cppo", "run", "x.toml"]}
    )
    return directory


def _episodes(arm: str, method: str, pool: Sequence[Problem]) -> list[Episode]:
    made = []
    for p, problem in enumerate(pool):
        rng = random.Random(f"{arm} {p}")
        if method == "direct":
            branches = tuple(_branch(arm, problem, None, rng, i) for i in range(BUDGET))
            made.append(Episode(arm, problem.id, 0, branches, metadata=problem.metadata))
            continue
        per_plan = K if method == "tuple" else 1
        made += [_planned(arm, problem, per_plan, index, rng) for index in range(BUDGET // per_plan)]
    return made


def _planned(arm: str, problem: Problem, k: int, index: int, rng: random.Random) -> Episode:
    if rng.random() < 0.1:
        return Episode(
            arm,
            problem.id,
            index,
            plan="A: <b>",
            fault="unlabelled",
            plan_tokens=3,
            valid=False,
            metadata=problem.metadata,
        )
    methods = tuple(f"{name}, as a sentence" for name in rng.sample(list(problem.metadata["strategies"]), k))
    branches = tuple(_branch(arm, problem, method, rng, i) for i, method in enumerate(methods))
    return Episode(
        arm,
        problem.id,
        index,
        branches,
        "\n".join(methods),
        methods,
        plan_tokens=11,
        valid=True,
        metadata=problem.metadata,
    )


def _branch(arm: str, problem: Problem, method: str | None, rng: random.Random, slot: int) -> Branch:
    passed = rng.random() < RATES[arm]
    verdict = Verdict.AC if passed else rng.choice([Verdict.WA, Verdict.WA, Verdict.RE, Verdict.TLE, Verdict.EMPTY])
    program = f"def solve(x):\n    return x + {slot}  # {arm}\n" + (HOSTILE if slot == 1 else "")
    label = method.split(",")[0] if method else rng.choice(list(problem.metadata["strategies"]))
    detail = "" if passed else "test 1: expected 3, given <4>"
    return Branch(method, program if verdict is not Verdict.EMPTY else "", verdict, "end", 26, detail, label)


def _results(episodes: dict[str, list[Episode]], pool: Sequence[Problem]) -> dict[str, Any]:
    ids = [problem.id for problem in pool]
    arms, scores = [], {}
    for name, title, method, stage in ARMS:
        independent = method != "tuple"
        mine: Scores = problem_scores(episodes[name], ids, KS, K, BUDGET, independent)
        scores[name] = [mine]
        summary = arm_summary(episodes[name], mine, K, independent, 0.95, 0)
        arms.append(
            {"name": name, "title": title, "method": method, "stage": stage, "independent": independent, **summary}
        )
    return {
        "name": "synthetic", "seed": 0, "k": K, "budget": BUDGET, "ks": list(KS), "confidence": 0.95,
        "problems": {"source": "crossroads", "preset": "equal", "test": len(pool), "tests": 4 * len(pool)},
        "arms": arms,
        "comparisons": comparisons(scores, "cppo", 4, 200, 0.95, 0),
        "limits": {
            "1": {"coordinated": 0.42, "independent": 0.42},
            "2": {"coordinated": 0.75, "independent": 0.58},
            "4": {"coordinated": 1.0, "independent": 0.7},
        },
        "stages": STAGES,
    }  # fmt: skip


def _metrics(steps: int) -> dict[str, list[dict[str, Any]]]:
    rng = random.Random(0)

    def near(value: float, spread: float = 0.08) -> float:
        return min(1.0, max(0.0, value + rng.gauss(0, spread)))

    def common(t: float) -> dict[str, Any]:
        return {
            "v": near(0.2 + 0.2 * t), "informative": near(0.8 - 0.3 * t), "kl/solver": 0.02 * t + 0.004 * rng.random(),
            "entropy/solver": 0.3 - 0.1 * t, "seconds": {"solve": 1.2, "verify": 0.2, "update": 1.5}, "skipped": {},
        }  # fmt: skip

    def joint(step: int) -> dict[str, Any]:
        t = step / steps
        probe = {"solver_fidelity": 0.95 - 0.1 * t} if step % 10 == 1 else {}
        plan = {
            "r_out": near(0.5 + 0.25 * t), "gate_rate": near(0.6 + 0.35 * t), "true_validity": near(0.6 + 0.2 * t),
            "parse_rate": near(0.97, 0.02), "distinct_methods": near(0.8 + 0.15 * t, 0.03),
            "coordination_gain": 0.02 + 0.1 * t,
            "kl/planner": 0.1 * t, "entropy/planner": math.exp(-t), "skipped": {"planner/truncated": 1},
        }  # fmt: skip
        return {"step": step, **common(t), **plan, **probe}

    def baseline(step: int) -> dict[str, Any]:
        return {
            "step": step,
            **common(step / steps),
            "solved": near(0.7),
            f"pass_at_{K}": near(0.4),
            "verdicts": {"AC": 4, "WA": 12},
        }

    def warmup(step: int) -> dict[str, Any]:
        return {"step": step, "gate_rate": near(0.6), "true_validity": near(0.6), "informative": near(0.7)}

    numbers = range(1, steps + 1)
    return {
        "sft": [{"step": 5 * i, "loss": 3.0 / i} for i in range(1, 30)],
        "validity": [{"step": 5 * i, "loss": 0.7 / i} for i in range(1, 8)],
        "warmup": [warmup(i) for i in range(1, 7)],
        "joint": [joint(i) for i in numbers],
        "grpo": [baseline(i) for i in numbers],
        "pkpo": [baseline(i) for i in numbers],
    }


REJECTION = {"answer_leak": 1.0, "duplicate": 0.62, "filler": 0.99, "foreign": 0.91}
STAGES: dict[str, dict[str, Any]] = {
    "prepare": {"test": 24, "seconds": 5.0},
    "sft": {"examples": 100, "loss": 0.1, "seconds": 98.0},
    "validity": {
        "tau": 0.41, "auc": 0.93, "balanced_accuracy": 0.84, "precision": 0.8, "recall": 0.95, "plans": 480,
        "rejection": REJECTION, "rejection_whole": REJECTION | {"duplicate": 0.81},
        "missed": ["rejection of duplicate 0.620 < 0.8"], "seconds": 60.0,
    },
    "warmup": {"steps": 6, "seconds": 12.0},
    "audit": {
        "problems": 64, "tuples": 512, "nonzero_tuples": 0.4, "p_lower_bound": 0.36, "problems_with_reward": 0.9,
        "problems_that_vary": 0.7, "all_zero_groups": 0.1, "informative": 0.7, "expected_informative": 0.9,
        "gate_rate": 0.6, "parse_rate": 0.93, "verdict": "hold",
        "reasons": ["tuples that parse: 93.0%; hold unless at least 95.0%"], "seconds": 8.0,
    },
    "joint": {"steps": 40, "seconds": 300.0},
    "grpo": {"steps": 40, "seconds": 320.0},
    "pkpo": {"steps": 40, "seconds": 310.0},
}  # fmt: skip

CONFIG: dict[str, Any] = {
    "name": "synthetic", "seed": 0, "k": K,
    "problems": {"source": "crossroads", "preset": "equal", "train_count": 10, "validation_count": 0, "test_count": 24},
    "validity": {
        "min_auc": 0.75, "min_balanced_accuracy": 0.7, "min_precision": 0.65, "min_recall": 0.65, "min_rejection": 0.8,
    },
    "audit": {
        "thresholds": {
            "go_nonzero_tuples": 0.05, "go_problems_with_reward": 0.25, "go_problems_that_vary": 0.1,
            "go_gate_rate_above": 0.02, "go_gate_rate_below": 0.98, "go_parse_rate": 0.95,
            "stop_all_zero_groups_above": 0.9,
        },
    },
    "joint": {"learning_rate": 0.0003, "beta": 0.03},
    "baselines": {"grpo": {"rule": "grpo", "programs": 32}, "pkpo": {"rule": "pkpo_loo1", "programs": 32}},
    "evaluation": {"subject": "cppo"},
}  # fmt: skip
