"""Reward density: is there a signal to train on? The figures of the audit before joint training.

Axes: P problems, M tuples a problem.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from cppo.errors import ConfigError, DataError

Floats = NDArray[np.float64]


def informative_fraction(rewards_PM: ArrayLike, mask_PM: ArrayLike | None = None) -> float:
    """Return the fraction of problems where some but not all of the M rewards are 1.

    `mask_PM` (bool, True = takes part) leaves tuples out; a problem with none left counts as uninformative.
    """
    ones = np.asarray(rewards_PM) == 1
    part = np.ones(ones.shape, dtype=np.bool_) if mask_PM is None else np.asarray(mask_PM, dtype=np.bool_)
    return float(((ones & part).any(axis=-1) & (~ones & part).any(axis=-1)).mean())


def expected_informative_fraction(p: float, m: int) -> float:
    """Return 1 − p^m − (1−p)^m: the informative fraction when each reward is 1 with probability p."""
    return float(1.0 - p**m - (1.0 - p) ** m)


def clopper_pearson_lower(successes: float, trials: float, confidence: float = 0.95) -> float:
    """Return the one-sided exact lower bound on a binomial rate (Clopper & Pearson 1934)."""
    if not 0 <= successes <= trials or trials <= 0:
        raise ConfigError(f"{successes} successes of {trials} trials: need 0 ≤ successes ≤ trials and a trial")
    if successes == 0:
        return 0.0
    return float(stats.beta.ppf(1.0 - confidence, successes, trials - successes + 1.0))


def clustered_lower_bound(hits_P: ArrayLike, trials_P: ArrayLike, confidence: float = 0.95) -> float:
    """Return the one-sided lower bound on a rate whose trials come in problems.

    Tuples of one problem succeed and fail together, so the Clopper–Pearson bound is taken at the effective
    number of trials, n / max(1, design effect), the design effect being the variance of the rate over problems
    by its binomial variance (Korn & Graubard 1998). With one problem, the effective number of trials is 1.
    """
    hits, trials = np.asarray(hits_P, dtype=np.float64), np.asarray(trials_P, dtype=np.float64)
    problems, total = len(hits), float(trials.sum())
    if total <= 0:
        raise DataError("no trial at all; a rate needs at least one tuple that takes part")
    p = float(hits.sum()) / total
    if problems < 2:
        return clopper_pearson_lower(p, 1.0, confidence)
    effect = 1.0
    if 0.0 < p < 1.0:
        variance = problems / (problems - 1) * float(((hits - p * trials) ** 2).sum()) / total**2
        effect = max(1.0, variance / (p * (1.0 - p) / total))
    effective = max(1.0, total / effect)
    return clopper_pearson_lower(p * effective, effective, confidence)


@dataclass(frozen=True)
class RewardDensity:
    """What a policy earns before it is trained. All figures but the counts are fractions in [0, 1].

    `nonzero_tuples` and `problems_with_reward`: R_plan > 0. `problems_that_vary`: not all rewards of the problem
    are equal. `gate_rate` is the J rate, `p_lower_bound` the lower 95 % bound on `nonzero_tuples`.
    `informative` counts groups with some but not all rewards 1; `expected_informative` is its closed form at
    p = `nonzero_tuples`, were all problems alike.
    """

    problems: int
    tuples: int
    nonzero_tuples: float
    problems_with_reward: float
    problems_that_vary: float
    all_zero_groups: float
    gate_rate: float
    parse_rate: float
    informative: float
    expected_informative: float
    p_lower_bound: float


def reward_density(
    plan_rewards_PM: ArrayLike, gate_PM: ArrayLike, parsed_PM: ArrayLike, mask_PM: ArrayLike | None = None
) -> RewardDensity:
    """Return the reward density of M tuples on each of P problems; all arguments are [P, M].

    `plan_rewards_PM` is R_plan = J · max V, `gate_PM` is J, `parsed_PM` says which tuples were well formed.
    `mask_PM` (bool, True = takes part) leaves out tuples the verifier could not judge, and with them problems
    that have none left. Raises `DataError` when shapes differ, nothing is left, or a value is not finite.
    """
    arrays = [np.asarray(array, dtype=np.float64) for array in (plan_rewards_PM, gate_PM, parsed_PM)]
    part = np.ones(arrays[0].shape, dtype=np.bool_) if mask_PM is None else np.asarray(mask_PM, dtype=np.bool_)
    shapes = [array.shape for array in (*arrays, part)]
    if part.ndim != 2 or len(set(shapes)) > 1:
        raise DataError(f"reward density needs arrays of one shape [P, M]; given {', '.join(map(str, shapes))}")
    kept = part.any(axis=1)
    if not kept.any():
        raise DataError(f"reward density: no tuple of {part.shape} (problems, tuples) takes part")
    part = part[kept]
    rewards, gate, parsed = (np.where(part, array[kept], 0.0) for array in arrays)
    if not (np.isfinite(rewards).all() and np.isfinite(gate).all() and np.isfinite(parsed).all()):
        raise DataError("reward density: NaN or infinity; leave out what the verifier could not judge by mask_PM")
    nonzero, tuples_P = rewards > 0, part.sum(axis=1)
    highest = np.where(part, rewards, -np.inf).max(axis=1)
    lowest = np.where(part, rewards, np.inf).min(axis=1)
    tuples = int(tuples_P.sum())
    rate = float(nonzero.sum()) / tuples
    return RewardDensity(
        problems=len(rewards),
        tuples=tuples,
        nonzero_tuples=rate,
        problems_with_reward=float(nonzero.any(axis=1).mean()),
        problems_that_vary=float((highest > lowest).mean()),
        all_zero_groups=float((~nonzero).all(axis=1).mean()),
        gate_rate=float(gate.sum()) / tuples,
        parse_rate=float(parsed.sum()) / tuples,
        informative=informative_fraction(rewards, part),
        expected_informative=float(np.mean([expected_informative_fraction(rate, int(m)) for m in tuples_P])),
        p_lower_bound=clustered_lower_bound(nonzero.sum(axis=1), tuples_P),
    )
