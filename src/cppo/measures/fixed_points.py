"""Where a credit rule takes an independent policy when it is trained to convergence, in closed expectations."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from cppo.errors import ConfigError, DataError

Floats = NDArray[np.float64]
CreditRule = Callable[[Floats, int], Floats]


def pull(rule: CreditRule, q_S: Floats, n: int, k: int) -> Floats:
    """Return w(q) = E[A⁺(c+1) − A⁻(c)], c ~ Binomial(n−1, q): the mean push on the strategy that works.

    A⁺(c) and A⁻(c) are the rule's advantages of a correct and of an incorrect sample when c of n are correct. The
    expected policy gradient on the logit of strategy s is n q_s (p_s w(q_s) − Σ_r p_r q_r w(q_r)).
    """
    rewards = np.tril(np.ones((n, n)))  # row c − 1: c correct samples, first
    correct = rule(rewards, k)[:, 0]
    incorrect = rule(np.vstack([np.zeros(n), rewards[:-1]]), k)[:, -1]
    chances = stats.binom.pmf(np.arange(n), n - 1, np.asarray(q_S)[:, None])
    return np.asarray(chances @ (correct - incorrect), dtype=np.float64)


def fixed_point(
    rule: CreditRule, prior_S: ArrayLike, n: int, k: int, steps: int = 20_000, tolerance: float = 1e-10
) -> tuple[float, Floats]:
    """Return (pass@k, q_S) where training with `rule` ends, started from the prior.

    Exactly one strategy works, s with probability p_s; the policy q draws n strategies a problem and is trained
    by the expected natural policy gradient, q_s' ∝ q_s (p_s w(q_s) − Λ), Λ = Σ_r q_r p_r w(q_r), whose rest points
    are those of gradient ascent on softmax logits: p_s w(q_s) = Λ on the support. `rule(rewards, k)` is a credit
    rule for n samples on the last axis. Raises `ConfigError` for n < 2, `DataError` for a prior that is not
    positive, or when the flow does not come to rest in `steps`.
    """
    prior = np.asarray(prior_S, dtype=np.float64)
    if prior.ndim != 1 or prior.size == 0 or not np.isfinite(prior).all() or (prior <= 0).any():
        raise DataError(f"prior {prior.tolist()}: need a positive chance for each strategy; drop those with none")
    if n < 2:
        raise ConfigError(f"n is {n}; a group needs at least 2 samples")
    prior = prior / prior.sum()
    q = prior.copy()
    for _ in range(steps):
        push = prior * pull(rule, q, n, k)
        level = float(q @ push)
        if level <= 0.0:
            break
        moved = q * np.exp(0.3 * (push - level) / level)
        moved /= moved.sum()
        change, q = float(np.abs(moved - q).max()), moved
        if change < tolerance:
            return float(prior @ (1.0 - (1.0 - q) ** k)), q
    raise DataError(f"fixed_point: no rest point in {steps} steps; allow more steps or a larger tolerance")
