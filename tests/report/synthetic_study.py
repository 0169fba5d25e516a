"""A small directory of a study with made-up figures, for tests of its page. Nothing here was measured."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from synthetic_run import HOSTILE

from cppo.files import write_json, write_jsonl

SEEDS = (0, 1, 2)
KS = (1, 2, 4)


def build_study(directory: Path, steps: int = 24) -> Path:
    """Write a directory with every file the page of a study reads, and return it."""
    write_json(directory / "study.json", {"recipe": {"name": HOSTILE}, "provenance": {"cppo": "0.1.0"}})
    arms = [
        arm("direct", "Direct sampling", 0.3, "direct", "sft"),
        arm("pkpo", "PKPO <b>", 0.5, "direct", "pkpo", 61440),
        arm("cppo", "CPPO", 0.75, "tuple", "joint", 61440),
    ]
    write_json(directory / "results.json", result(arms, [("direct", 0.45, 0.3), ("pkpo", 0.25, 0.1)]))
    arms = [
        arm("cppo", "CPPO", 0.75, "tuple", "joint", 61440),
        arm("ungated", "No gate", 0.6, "tuple", "joint", 61440, set=["joint.plan_reward=ungated"]),
        arm("mean", "Mean reward", 0.74, "tuple", "joint", 61440, set=["joint.plan_reward=mean"]),
    ]
    write_json(directory / "ablations.json", result(arms, [("ungated", 0.15, 0.05), ("mean", 0.01, -0.04)]))
    for seed in SEEDS:
        for stage, key in (("joint", "r_out"), ("pkpo", "pass_at_4")):
            rows = [
                {"step": step, key: 0.5 + 0.01 * step + 0.02 * math.sin(step + seed)}
                | ({"solver_fidelity": 0.9 - 0.01 * seed} if step % 10 == 1 else {})
                for step in range(1, steps + 1)
            ]
            write_jsonl(directory / f"seed-{seed}" / "stages" / stage / "metrics.jsonl", rows)
    return directory


def arm(name: str, title: str, mean: float, method: str, stage: str, programs: int = 0, **more: Any) -> dict[str, Any]:
    """Return an arm whose seeds lie 0.02 about its mean; pass@1 and pass@2 are a quarter and a half of pass@4."""
    independent = method != "tuple"
    return {
        "name": name, "title": title, "method": method, "stage": stage, "independent": independent, "k": 4,
        "pass_at": {
            str(k): {
                "mean": mean * k / 4, "low": mean * k / 4 - 0.04, "high": mean * k / 4 + 0.04,
                "seeds": [mean * k / 4 + d for d in (-0.02, 0.0, 0.02)],
            }
            for k in KS
        },
        "tokens": {part: {"mean": 20.0, "seeds": [19.0, 20.0, 21.0]} for part in ("planner", "solver")},
        "equal_tokens": {
            str(k): {"programs": 2 * k, "mean": None, "seeds": None} | (
                {"mean": 0.6, "low": 0.5, "high": 0.7} if k == 4 else {}
            ) if independent else None
            for k in KS
        },
        "coordination_gain": None if independent else {"mean": 0.1, "low": 0.05, "high": 0.15, "seeds": [0.1] * 3},
        "effective_strategies": {"mean": 3.5, "seeds": [3.4, 3.5, 3.6]},
        "duplicate_rate": {"mean": 0.25, "seeds": [0.2, 0.25, 0.3]},
        "true_validity": None, "parse_rate": None, "training_programs": programs, **more,
    }  # fmt: skip


def result(arms: list[dict[str, Any]], leads: list[tuple[str, float, float]]) -> dict[str, Any]:
    """Return a result whose comparisons are `leads`: other arm, difference, lower end."""
    return {
        "name": f"synthetic {HOSTILE}",
        "problems": {"source": "crossroads", "preset": "equal", "test": 24, "tests": 96},
        "runs": [f"seed-{seed}" for seed in SEEDS], "seeds": list(SEEDS), "k": 4, "at": 4, "ks": list(KS), "budget": 8,
        "confidence": 0.95, "resamples": 200, "subject": "cppo", "arms": arms,
        "comparisons": [
            {
                "subject": "cppo", "other": other, "k": 4, "difference": difference, "low": low,
                "high": 2 * difference - low, "p_value": 0.01 if low > 0 else 0.6, "holm_p": 0.02 if low > 0 else 0.6,
                "permutation_p": 0.004, "seed_p": 0.131, "significant": low > 0, "problems": 24, "seeds": 3,
                "warnings": [],
            }
            for other, difference, low in leads
        ],
        "limits": {str(k): {"independent": 0.175 * k, "coordinated": 0.25 * k} for k in KS},
        "against_limits": {
            "4": {
                "above_independent": {"value": 0.05, "low": 0.01, "high": 0.09, "standard_error": 0.02},
                "share_of_coordinated": {"value": 0.75, "low": 0.71, "high": 0.79, "standard_error": 0.021},
            }
        },
        "warnings": [],
    }  # fmt: skip
