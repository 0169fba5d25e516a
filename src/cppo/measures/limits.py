"""The limits of any policy on a problem set whose success matrix is known: the testbed's ceilings.

A policy sees the statement, not which trait t decides it; strategies s solve trait t with probability
success_TS[t, s]. A coordinated policy fixes K strategies together; an independent one draws K times from one
distribution q over strategies. A measured pass@K above the coordinated limit by three standard errors is a leak.
"""

from __future__ import annotations

from itertools import combinations, combinations_with_replacement
from math import comb

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import optimize

from cppo.errors import ConfigError, DataError

Floats = NDArray[np.float64]

MAX_TUPLES = 2_000_000


def ratio_bound(k: int) -> float:
    """Return 1/(1 − (1−1/k)^k): coordinated / independent pass@k is never larger, whatever prior and solver."""
    _check_k(k)
    return 1.0 / (1.0 - (1.0 - 1.0 / k) ** k)


def best_coordinated_prior(prior_S: ArrayLike, k: int) -> float:
    """Return Σ of the k largest p_s: the best tuple when exactly one strategy works, s with probability p_s."""
    _check_k(k)
    return float(-np.sort(-_weights(prior_S, len(np.atleast_1d(prior_S))))[:k].sum())


def best_independent_prior(prior_S: ArrayLike, k: int) -> tuple[float, Floats]:
    """Return (pass@k, q_S) of the best independent policy when exactly one strategy works, s with probability p_s.

    Maximises Σ p_s (1 − (1−q_s)^k) over the simplex. With p sorted descending: q_s = max(0, 1 − a p_s^{−1/(k−1)}),
    a = (m−1)/T_m, T_m = Σ_{s≤m} p_s^{−1/(k−1)}, m the largest index with (m−1) p_m^{−1/(k−1)} < T_m; the
    value is Σ_{s≤m} p_s − (m−1)^k / T_m^{k−1}. At k = 1 it is the mode. The prior is normalised to sum to one.
    """
    _check_k(k)
    prior = _weights(prior_S, len(np.atleast_1d(prior_S)))
    order = np.argsort(-prior, kind="stable")
    q = np.zeros(len(prior))
    if k == 1:
        q[order[0]] = 1.0
        return float(prior[order[0]]), q
    descending = prior[order]
    descending = descending[descending > 1e-300]  # less than that overflows below, and never gets a share
    cost = descending ** (-1.0 / (k - 1))
    totals = np.cumsum(cost)
    m = int(np.nonzero(np.arange(len(cost)) * cost < totals)[0].max()) + 1
    q[order[:m]] = 1.0 - (m - 1) / totals[m - 1] * cost[:m]
    value = descending[:m].sum() - (m - 1) ** k / totals[m - 1] ** (k - 1)
    return float(value), q


def best_tuple(success_TS: ArrayLike, weights_T: ArrayLike | None, k: int) -> tuple[float, tuple[int, ...]]:
    """Return (pass@k, strategies) of the best tuple of k strategies, by enumeration.

    `success_TS` in [0, 1]: the probability that strategy s passes trait t; attempts are independent, so a tuple
    passes t with probability 1 − Π(1 − success). `weights_T`: how often a trait occurs (None: equally). Where
    entries are neither 0 nor 1 a strategy may be worth trying twice, and tuples with repeats are compared too.
    Raises `ConfigError` when there are more than `MAX_TUPLES` tuples.
    """
    success, weights = _matrix(success_TS, weights_T)
    _check_k(k)
    strategies = success.shape[1]
    exact = bool(((success == 0) | (success == 1)).all())
    size = min(k, strategies) if exact else k
    count = comb(strategies, size) if exact else comb(strategies + size - 1, size)
    if count > MAX_TUPLES:
        raise ConfigError(f"{count} tuples of {size} among {strategies} strategies; at most {MAX_TUPLES} are compared")
    miss = 1.0 - success
    best: float = -1.0
    chosen: tuple[int, ...] = ()
    choose_from = combinations if exact else combinations_with_replacement
    for candidate in choose_from(range(strategies), size):
        value = float(weights @ (1.0 - miss[:, list(candidate)].prod(axis=1)))
        if value > best + 1e-15:
            best, chosen = value, candidate
    return best, chosen


def best_coordinated(success_TS: ArrayLike, weights_T: ArrayLike | None, k: int) -> float:
    """Return the coordinated limit of pass@k: the value of `best_tuple`."""
    return best_tuple(success_TS, weights_T, k)[0]


def best_independent(
    success_TS: ArrayLike, weights_T: ArrayLike | None, k: int, tolerance: float = 1e-8
) -> tuple[float, Floats]:
    """Return (pass@k, q_S) of the best independent policy.

    Maximises Σ_t w_t (1 − (1 − Σ_s q_s success_ts)^k) over q in the simplex. The objective is concave and
    the optimum certified: max_s g_s − q·g, g the gradient, bounds what any other policy could add, and is
    brought below `tolerance`. Raises `DataError` should it not be.
    """
    success, weights = _matrix(success_TS, weights_T)
    _check_k(k)
    success, index = np.unique(success, axis=0, return_inverse=True)
    weights = np.bincount(index.reshape(-1), weights).astype(np.float64)
    q = _interior_start(success, weights, k)
    for _ in range(10_000):
        gradient = _gradient(q, success, weights, k)
        if gradient.max() - q @ gradient <= tolerance:
            return float(weights @ (1.0 - (1.0 - success @ q) ** k)), q
        q = _exchange(q, gradient, success, weights, k)
    gap = float(gradient.max() - q @ gradient)
    raise DataError(f"best_independent: optimality gap {gap:.1e} is above {tolerance:.1e}; raise the tolerance")


def _gradient(q: Floats, success: Floats, weights: Floats, k: int) -> Floats:
    """∂/∂q_s of Σ_t w_t (1 − (1 − Σ_s q_s success_ts)^k)."""
    miss = np.clip(1.0 - success @ q, 0.0, 1.0)
    return np.asarray(k * (weights * miss ** (k - 1)) @ success, dtype=np.float64)


def _interior_start(success: Floats, weights: Floats, k: int) -> Floats:
    """A policy near the optimum, by sequential quadratic programming; `_exchange` polishes and certifies it."""
    strategies = success.shape[1]
    result = optimize.minimize(
        lambda q: float(weights @ np.clip(1.0 - success @ q, 0.0, 1.0) ** k),
        np.full(strategies, 1.0 / strategies),
        jac=lambda q: -_gradient(q, success, weights, k),
        method="SLSQP",
        bounds=[(0.0, 1.0)] * strategies,
        constraints=[{"type": "eq", "fun": lambda q: q.sum() - 1.0, "jac": np.ones_like}],
        options={"ftol": 1e-16, "maxiter": 500},
    )
    q = np.clip(np.nan_to_num(result.x), 0.0, 1.0)
    return q / q.sum() if q.sum() > 0 else np.full(strategies, 1.0 / strategies)


def _exchange(q: Floats, gradient: Floats, success: Floats, weights: Floats, k: int) -> Floats:
    """Move probability from the least to the most rewarding strategy, as much as pays (exact line search)."""
    worst = int(np.where(q > 0, gradient, np.inf).argmin())
    best = int(gradient.argmax())
    direction = success[:, best] - success[:, worst]
    miss = 1.0 - success @ q

    def slope(step: float) -> float:
        return float((weights * np.clip(miss - step * direction, 0.0, 1.0) ** (k - 1)) @ direction)

    step = float(q[worst])
    if slope(step) < 0.0:
        step = float(optimize.brentq(slope, 0.0, step, xtol=1e-16, rtol=1e-14))
    moved = q.copy()
    moved[best] += step
    moved[worst] = q[worst] - step
    return moved


def mixture_limit(limits_F: ArrayLike, weights_F: ArrayLike | None = None) -> float:
    """Return the limit of a mixture of families: the weighted mean, since the statement shows the family."""
    limits = np.atleast_1d(np.asarray(limits_F, dtype=np.float64))
    return float(_weights(weights_F, len(limits)) @ limits)


def _check_k(k: int) -> None:
    if k < 1:
        raise ConfigError(f"k is {k}; it must be at least 1")


def _weights(weights: ArrayLike | None, count: int) -> Floats:
    values = np.ones(count) if weights is None else np.atleast_1d(np.asarray(weights, dtype=np.float64))
    if values.shape != (count,) or not np.isfinite(values).all() or (values < 0).any() or values.sum() <= 0:
        raise DataError(f"weights {values.tolist()}: need {count} finite values, none negative, not all zero")
    return np.asarray(values / values.sum())


def _matrix(success_TS: ArrayLike, weights_T: ArrayLike | None) -> tuple[Floats, Floats]:
    success = np.asarray(success_TS, dtype=np.float64)
    if success.ndim != 2 or success.size == 0:
        raise DataError(f"success_TS has shape {success.shape}; it needs traits × strategies, at least one of each")
    if not ((success >= 0) & (success <= 1)).all():
        raise DataError("success_TS holds a value outside [0, 1]; entries are probabilities of passing")
    return success, _weights(weights_T, len(success))
