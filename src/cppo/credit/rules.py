"""Credit rules for K independent samples of one problem: the baselines. One small pure function each.

Every rule maps `rewards` [..., n], n samples of one problem on the last axis, and the target k to advantages
of the same shape. Rules without a k ignore it. ρ is the unbiased pass@k of the group.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from cppo.credit.arrays import Floats, mask_array, reward_array
from cppo.credit.sets import set_advantages, subset_max_moments
from cppo.credit.standardise import standardise
from cppo.errors import ConfigError, DataError, choose

EPS = 1e-8


def _check_k(rule: str, n: int, k: int, spare: int = 0) -> None:
    if isinstance(k, bool) or k != int(k) or not 1 <= k <= n - spare:
        raise ConfigError(
            f"rule {rule!r}: k is {k!r} for groups of n = {n} samples; k must be a whole number from 1 to "
            f"{n - spare}; lower k or sample more programs a problem"
        )


def grpo(rewards: ArrayLike, k: int = 1) -> Floats:  # noqa: ARG001
    """Return `(r − mean) / std` (GRPO, arXiv 2402.03300); `k` plays no role."""
    return standardise(reward_array(rewards))


def rloo(rewards: ArrayLike, k: int = 1) -> Floats:  # noqa: ARG001
    """Return `r − mean of the others` (RLOO, arXiv 2402.14740); zero in a group of one; `k` plays no role."""
    values = reward_array(rewards)
    n = values.shape[-1]
    if n == 1:
        return np.zeros_like(values)
    others: Floats = (values.sum(axis=-1, keepdims=True) - values) / (n - 1)
    return values - others


def dr_grpo(rewards: ArrayLike, k: int = 1) -> Floats:  # noqa: ARG001
    """Return `r − mean` (Dr. GRPO, arXiv 2503.20783); `k` plays no role."""
    values = reward_array(rewards)
    mean: Floats = values.mean(axis=-1, keepdims=True)
    return values - mean


def pkpo_s(rewards: ArrayLike, k: int) -> Floats:
    """Return the PKPO estimator s without a baseline (arXiv 2505.15201), in the sum convention.

    Binary: k/n where correct, (k/n) ρ(n−1, c, k−1) where not.
    """
    values = reward_array(rewards)
    _check_k("pkpo_s", values.shape[-1], k)
    return set_advantages(values, k)


def pkpo_loo(rewards: ArrayLike, k: int) -> Floats:
    """Return PKPO with the leave-one-out baseline (arXiv 2505.15201), in the sum convention; needs k ≤ n − 1.

    Binary: (k/n)(1 − ρ(n−1, c−1, k)) where correct, −(k/n)(ρ(n−1, c, k) − ρ(n−1, c, k−1)) where not.
    """
    values = reward_array(rewards)
    _check_k("pkpo_loo", values.shape[-1], k, spare=1)
    return set_advantages(values, k, baseline=k)


def pkpo_loo1(rewards: ArrayLike, k: int) -> Floats:
    """Return PKPO with the leave-one-out-minus-one baseline, its default (arXiv 2505.15201); sum convention.

    (k/n) × the mean, over the k-subsets that hold i, of what i adds to the subset's maximum. Binary:
    (k/n)(1 − ρ(n−1, c−1, k−1)) where correct, 0 where not. At k = 1 there is nothing to compare with: r/n.
    """
    values = reward_array(rewards)
    _check_k("pkpo_loo1", values.shape[-1], k)
    return set_advantages(values, k, baseline=k - 1)


def pkpo_standardised(rewards: ArrayLike, k: int) -> Floats:
    """Return `pkpo_loo1` put through mean and standard deviation of the group: a mistake, kept to show what it costs.

    For binary rewards with c correct samples it is GRPO where c ≤ n − k + 1 and zero above.
    """
    return standardise(pkpo_loo1(rewards, k))


def passk_training(rewards: ArrayLike, k: int) -> Floats:
    """Return the analytic advantage of Pass@k training (arXiv 2508.10751).

    A_i = (mean maximum of the k-subsets that hold i − ρ) / σ, with ρ and σ mean and standard deviation of the
    maximum over all k-subsets; zero where σ < 1e-8. Binary: (1 − ρ)/σ where correct,
    (1 − ρ − C(n−c−1, k−1)/C(n−1, k−1))/σ where not, σ = √(ρ(1 − ρ)), as published; the form for real-valued
    rewards is the same set view.
    """
    values = reward_array(rewards)
    n = values.shape[-1]
    _check_k("passk_training", n, k)
    mean, std = subset_max_moments(values, k)
    holding = set_advantages(values, k) * (n / k)
    flat = std < EPS
    return np.where(flat, 0.0, (holding - mean) / np.where(flat, 1.0, std))


def maxrl(rewards: ArrayLike, k: int = 1) -> Floats:  # noqa: ARG001
    """Return `(r − mean) / mean` (MaxRL, arXiv 2602.02710), zero where no sample earned anything.

    `k` plays no role. Raises `DataError` for negative rewards, for which the mean is no normaliser.
    """
    values = reward_array(rewards)
    if (values < 0).any():
        raise DataError(f"rule 'maxrl': the least reward is {values.min()}; rewards must not be negative")
    mean = values.mean(axis=-1, keepdims=True)
    silent = mean < EPS
    return np.where(silent, 0.0, (values - mean) / np.where(silent, 1.0, mean))


@dataclass(frozen=True)
class Rule:
    """A credit rule and what a trainer must know of it.

    `zero_mean`: the advantages of a group sum to zero. `needs_k`: the rule depends on k, which must be at
    most n − `spare`. `sum_convention`: the source sums advantage × log-probability over the n samples, so a
    trainer that averages over them multiplies by n (`sample_advantages` does). Never put such advantages
    through a mean and a standard deviation: for binary rewards that gives back GRPO, or nothing.
    """

    name: str
    function: Callable[[ArrayLike, int], Floats]
    zero_mean: bool
    needs_k: bool
    sum_convention: bool
    source: str
    spare: int = 0

    def __call__(self, rewards: ArrayLike, k: int) -> Floats:
        """Return `function(rewards, k)`: advantages in the rule's own convention."""
        return self.function(rewards, k)


RULES: dict[str, Rule] = {
    rule.name: rule
    for rule in (
        Rule("grpo", grpo, True, False, False, "arXiv 2402.03300"),
        Rule("rloo", rloo, True, False, False, "arXiv 2402.14740"),
        Rule("dr_grpo", dr_grpo, True, False, False, "arXiv 2503.20783"),
        Rule("pkpo_s", pkpo_s, False, True, True, "arXiv 2505.15201"),
        Rule("pkpo_loo", pkpo_loo, True, True, True, "arXiv 2505.15201", spare=1),
        Rule("pkpo_loo1", pkpo_loo1, False, True, True, "arXiv 2505.15201"),
        Rule("pkpo_standardised", pkpo_standardised, True, True, False, "arXiv 2505.15201, standardised (ablation)"),
        Rule("passk_training", passk_training, True, True, False, "arXiv 2508.10751"),
        Rule("maxrl", maxrl, True, False, False, "arXiv 2602.02710"),
    )
}


def sample_advantages(rule: str, rewards: ArrayLike, k: int, mask: ArrayLike | None = None) -> Floats:
    """Return the advantages of `RULES[rule]` for a loss that averages over samples, masked samples left out.

    `rewards` [..., n]; rules in the sum convention are multiplied by the number of samples that take part.
    `mask` (bool, True = takes part): left-out samples, those the verifier could not judge, enter no statistic
    and get 0; a group left with too few samples for k gets zeros. Raises `ConfigError` for an unknown rule
    or a k that does not fit n.
    """
    chosen = RULES[choose("credit rule", rule, RULES)]
    values = np.asarray(rewards, dtype=np.float64)
    part = mask_array(mask, values.shape, "mask")
    values = reward_array(np.where(part, values, 0.0))
    n = values.shape[-1]
    if chosen.needs_k:
        _check_k(rule, n, k, chosen.spare)
    if part.all():
        return chosen(values, k) * (n if chosen.sum_convention else 1)
    advantages = np.zeros_like(values)
    for group in np.ndindex(values.shape[:-1]):
        members = part[group]
        size = int(members.sum())
        if size == 0 or (chosen.needs_k and k > size - chosen.spare):
            continue
        advantages[group][members] = chosen(values[group][members], k) * (size if chosen.sum_convention else 1)
    return advantages
