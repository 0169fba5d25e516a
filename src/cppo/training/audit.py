"""Stage 4: is the reward dense enough for joint training to learn from? Forward only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from cppo.credit import infra_masks, plan_rewards
from cppo.episodes import Workbench, collect_plans, solve_plans, to_row
from cppo.measures import RewardDensity, audit_verdict, reward_density
from cppo.problems import Problem
from cppo.training.rollouts import Gate, gate_plans, reward_arrays, sampling_of
from cppo.training.settings import AuditSettings, JointSettings

LABELS = {
    "nonzero_tuples": "tuples with R_plan = 1",
    "p_lower_bound": "  lower 95 % bound",
    "problems_with_reward": "problems with one",
    "problems_that_vary": "problems that vary",
    "all_zero_groups": "groups all zero",
    "informative": "informative groups",
    "expected_informative": "  expected from the rate",
    "gate_rate": "J rate",
    "parse_rate": "plans that parse",
}


def run_audit(
    problems: Sequence[Problem],
    joint: JointSettings,
    settings: AuditSettings,
    k: int,
    gate: Gate | None,
    bench: Workbench,
    seed: int,
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Roll out `problems` exactly as joint training would, and return `(facts, episode rows)`.

    `facts` holds every figure, the verdict (`go`, `hold`, `no-go`), its reasons, and lines for people.
    """
    sampling = sampling_of(joint, k)
    groups = collect_plans(problems, joint.tuples, bench, sampling, "audit", (seed, "audit"))
    groups = gate_plans(problems, groups, gate, bench)
    groups = solve_plans(problems, groups, bench, sampling, (seed, "audit"))
    arrays = reward_arrays(groups, k)
    rewards = plan_rewards(
        arrays.gate_PM, arrays.rewards_PMK, arrays.has_branches_PM, joint.plan_reward, ~arrays.infra_PMK
    )
    masks = infra_masks(arrays.rewards_PMK, arrays.infra_PMK, arrays.has_branches_PM)
    parsed = np.array([[bool(e.methods) for e in group] for group in groups])
    density = reward_density((rewards > 0).astype(float), arrays.gate_PM, parsed, masks.tuple_PM)
    verdict, reasons = audit_verdict(density, settings.thresholds)
    facts = {**asdict(density), "verdict": verdict, "reasons": list(reasons)}
    facts["lines"] = audit_lines(density, verdict, reasons)
    return facts, [to_row(episode) for group in groups for episode in group]


def audit_lines(density: RewardDensity, verdict: str, reasons: Sequence[str]) -> list[str]:
    """Return the audit as lines for people: the verdict, every figure, every reason."""
    lines = [f"audit: {verdict} ({density.problems} problems, {density.tuples} tuples)"]
    lines += [f"  {label:<26} {getattr(density, key):7.1%}" for key, label in LABELS.items()]
    return lines + [f"  {reason}" for reason in reasons]
