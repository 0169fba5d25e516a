"""Two regions, two granularities: credit for planner tokens and for solver tokens (CPPO, arXiv 2605.27000).

Axes: P problems, M tuples a problem, K branches a tuple. A reward is V in [0, 1].
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from cppo.credit.arrays import Bools, Floats, mask_array, reward_array
from cppo.credit.standardise import standardise
from cppo.errors import DataError, choose


class Masks(NamedTuple):
    """Who takes part: `branch_PMK` in the solver's statistics, `tuple_PM` in the planner's."""

    branch_PMK: Bools
    tuple_PM: Bools


class SplitAdvantages(NamedTuple):
    """One advantage for all planner tokens of a tuple, one for all solver tokens of a branch."""

    plan_PM: Floats
    solver_PMK: Floats


PlanReward = Callable[[Floats, Floats, Bools], Floats]
SolverRule = Callable[[Floats, Bools], Floats]


def _best(rewards_PMK: Floats, part_PMK: Bools) -> Floats:
    """R_out(x, S, Y) = max_i V(x, y_i): pass@K of the tuple; 0 where no branch takes part."""
    return np.asarray(np.where(part_PMK, rewards_PMK, 0.0).max(axis=-1), dtype=np.float64)


def _mean(rewards_PMK: Floats, part_PMK: Bools) -> Floats:
    total: Floats = np.where(part_PMK, rewards_PMK, 0.0).sum(axis=-1)
    count: Floats = np.maximum(part_PMK.sum(axis=-1), 1.0)
    return total / count


# Each entry maps (gate_PM, rewards_PMK, part_PMK) to rewards of well-formed tuples.
PLAN_REWARDS: dict[str, PlanReward] = {
    "product": lambda gate, rewards, part: gate * _best(rewards, part),  # R_plan = J · R_out, joint training
    "ungated": lambda gate, rewards, part: _best(rewards, part),  # ablation: R_out
    "additive": lambda gate, rewards, part: gate + _best(rewards, part),  # ablation: J + R_out
    "gate_only": lambda gate, rewards, part: gate,  # R_warm = J, planner warm-up
    "mean": lambda gate, rewards, part: gate * _mean(rewards, part),  # ablation: mean instead of max
}


def plan_rewards(
    gate_PM: ArrayLike,
    rewards_PMK: ArrayLike,
    has_branches_PM: ArrayLike,
    kind: str = "product",
    branch_mask_PMK: ArrayLike | None = None,
) -> Floats:
    """Return the reward of each plan, [P, M].

    `kind`: `product` R_plan = J · max_i V_i (the method), `gate_only` R_warm = J (warm-up), and the ablations
    `ungated` max V, `additive` J + max V, `mean` J · mean V. `gate_PM` is J in [0, 1]. A tuple without
    branches (it did not parse, or its plan hit the token limit) earns 0 whatever the kind. Branches that
    `branch_mask_PMK` leaves out (True = takes part) count as absent. Raises `ConfigError` for an unknown
    kind, `DataError` for shapes that do not fit.
    """
    reward_of = PLAN_REWARDS[choose("plan reward", kind, PLAN_REWARDS)]
    gate = reward_array(gate_PM, "gate_PM", ndim=2)
    part = mask_array(branch_mask_PMK, np.shape(rewards_PMK), "branch_mask_PMK")
    rewards = reward_array(np.where(part, rewards_PMK, 0.0), "rewards_PMK", ndim=3)
    if rewards.shape[:2] != gate.shape:
        raise DataError(f"rewards_PMK has shape {rewards.shape}, but gate_PM has shape {gate.shape}")
    has_branches = mask_array(has_branches_PM, gate.shape, "has_branches_PM")
    return np.where(has_branches, reward_of(gate, rewards, part), 0.0)


def infra_masks(rewards_PMK: ArrayLike, infra_PMK: ArrayLike, has_branches_PM: ArrayLike) -> Masks:
    """Return who takes part when the verifier itself failed on the branches `infra_PMK` (bool).

    Such a branch takes part in nothing. Its tuple is left out of the planner's group too, unless a sibling
    passed (reward 1): then max_i V is known without it. A tuple without branches stays in its planner's
    group; its branches take no part.
    """
    infra = mask_array(infra_PMK, np.shape(rewards_PMK), "infra_PMK")
    rewards = reward_array(np.where(infra, 0.0, rewards_PMK), "rewards_PMK", ndim=3)
    has_branches = mask_array(has_branches_PM, rewards.shape[:2], "has_branches_PM")
    branch = has_branches[..., None] & ~infra
    passed = (branch & (rewards >= 1.0)).any(axis=-1)
    return Masks(branch, ~has_branches | passed | ~infra.any(axis=-1))


def within_tuple(rewards_PMK: Floats, part_PMK: Bools) -> Floats:
    """Return V standardised over the K branches of the same tuple: the method's solver credit."""
    return standardise(rewards_PMK, mask=part_PMK)


def across(rewards_PMK: Floats, part_PMK: Bools) -> Floats:
    """Return V standardised over all M·K programs of the same problem (ablation)."""
    flat = (rewards_PMK.shape[0], -1)
    return standardise(rewards_PMK.reshape(flat), mask=part_PMK.reshape(flat)).reshape(rewards_PMK.shape)


def per_slot(rewards_PMK: Floats, part_PMK: Bools) -> Floats:
    """Return max − max without branch i (ablation): what the branch adds to its tuple, not standardised.

    PKPO's leave-one-out-minus-one (arXiv 2505.15201) at n = k = K, in the sum convention over K.
    """
    rewards = np.where(part_PMK, rewards_PMK, 0.0)
    credit = np.zeros_like(rewards)
    for k in range(rewards.shape[-1]):
        others = np.delete(rewards, k, axis=-1).max(axis=-1, initial=0.0)
        credit[..., k] = np.maximum(rewards[..., k] - others, 0.0)
    return np.where(part_PMK, credit, 0.0)


SOLVER_RULES: dict[str, SolverRule] = {"within_tuple": within_tuple, "per_slot": per_slot, "across": across}


def split_region(
    plan_rewards_PM: ArrayLike,
    rewards_PMK: ArrayLike,
    branch_mask_PMK: ArrayLike | None = None,
    tuple_mask_PM: ArrayLike | None = None,
    solver_rule: str = "within_tuple",
) -> SplitAdvantages:
    """Return the advantages of planner tokens [P, M] and of solver tokens [P, M, K].

    Planner: the plan's reward standardised over the M tuples of the same problem. Solver: `SOLVER_RULES`, by
    default V standardised over the K branches of the same tuple. The masks (True = takes part) come from
    `infra_masks`; what they leave out gets 0 and enters no statistic. Raises `ConfigError` for an unknown
    `solver_rule`, `DataError` for shapes that do not fit.
    """
    solver = SOLVER_RULES[choose("solver rule", solver_rule, SOLVER_RULES)]
    tuple_mask = mask_array(tuple_mask_PM, np.shape(plan_rewards_PM), "tuple_mask_PM")
    plans = reward_array(np.where(tuple_mask, plan_rewards_PM, 0.0), "plan_rewards_PM", ndim=2)
    branch_mask = mask_array(branch_mask_PMK, np.shape(rewards_PMK), "branch_mask_PMK")
    rewards = reward_array(np.where(branch_mask, rewards_PMK, 0.0), "rewards_PMK", ndim=3)
    if rewards.shape[:2] != plans.shape:
        raise DataError(f"rewards_PMK has shape {rewards.shape}, but plan_rewards_PM has shape {plans.shape}")
    return SplitAdvantages(standardise(plans, mask=tuple_mask), solver(rewards, branch_mask))
