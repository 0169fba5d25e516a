"""Credit: pure functions from rewards to advantages. A new rule is one function and a line in a registry."""

from cppo.credit.rules import RULES, Rule, sample_advantages
from cppo.credit.split_region import (
    PLAN_REWARDS,
    SOLVER_RULES,
    Masks,
    SplitAdvantages,
    infra_masks,
    plan_rewards,
    split_region,
)
from cppo.credit.standardise import standardise

__all__ = [
    "PLAN_REWARDS",
    "RULES",
    "SOLVER_RULES",
    "Masks",
    "Rule",
    "SplitAdvantages",
    "infra_masks",
    "plan_rewards",
    "sample_advantages",
    "split_region",
    "standardise",
]
