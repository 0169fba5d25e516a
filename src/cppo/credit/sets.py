"""Set advantages: what a sample is worth to the best of k, averaged over the k-subsets that hold it.

With the rewards sorted ascending, g_(1) ≤ … ≤ g_(n), the average over all k-subsets of their maximum is
ρ_k = Σ_i C(i−1, k−1) g_(i) / C(n, k), and every quantity here is linear in the sorted rewards (PKPO, arXiv
2505.15201). The matrices are exact ratios of integers, rounded once.
"""

from __future__ import annotations

from functools import lru_cache
from math import comb

import numpy as np

from cppo.credit.arrays import Floats


@lru_cache(maxsize=256)
def max_weights(n: int, k: int) -> Floats:
    """Return w_n with ρ_k = Σ_i w_i g_(i), the mean maximum of the k-subsets; zeros for k = 0."""
    if k == 0:
        return np.zeros(n)
    return np.array([comb(i, k - 1) / comb(n, k) for i in range(n)])


@lru_cache(maxsize=256)
def member_weights(n: int, k: int) -> Floats:
    """S_nn with s_(i) = Σ_j S_ij g_(j), the sum of max(I) over the k-subsets I ∋ i, divided by C(n, k).

    S_ii = C(i−1, k−1) / C(n, k), and S_ij = C(j−2, k−2) / C(n, k) for j > i.
    """
    weights = np.zeros((n, n))
    for i in range(n):
        weights[i, i] = comb(i, k - 1) / comb(n, k)
        for j in range(i + 1, n):
            weights[i, j] = comb(j - 1, k - 2) / comb(n, k) if k >= 2 else 0.0
    return weights


@lru_cache(maxsize=256)
def others_weights(n: int, size: int) -> Floats:
    """Return B_nn with (B g)_i = ρ_size of the n − 1 rewards other than g_(i); its diagonal is zero."""
    weights = np.zeros((n, n))
    rest = max_weights(n - 1, size)
    for i in range(n):
        weights[i, :i], weights[i, i + 1 :] = rest[:i], rest[i:]
    return weights


def subset_max_moments(rewards: Floats, k: int) -> tuple[Floats, Floats]:
    """(ρ, σ) [..., 1]: mean and standard deviation of max(I) over all k-subsets of the last axis."""
    ordered = np.sort(rewards, axis=-1)
    weights = max_weights(rewards.shape[-1], k)
    mean = (ordered * weights).sum(axis=-1, keepdims=True)
    variance = (weights * (ordered - mean) ** 2).sum(axis=-1, keepdims=True)
    return mean, np.sqrt(variance)


def set_advantages(rewards: Floats, k: int, baseline: int | None = None) -> Floats:
    """Return (k/n) × the mean, over the k-subsets I that hold i, of max(I) − ρ_baseline of the others.

    `rewards` [..., n], advantages of the same shape, in the sum convention: Σ_i A_i ∇ log p(y_i) is an
    unbiased gradient of the expected best of k (PKPO, arXiv 2505.15201). `baseline` is the size of the
    baseline's subsets, drawn from the n − 1 samples other than i: None for no baseline (PKPO s), k for
    leave-one-out, k − 1 for leave-one-out-minus-one.
    """
    n = rewards.shape[-1]
    weights = member_weights(n, k)
    if baseline is not None:
        weights = weights - (k / n) * others_weights(n, baseline)
    order = np.argsort(rewards, axis=-1, kind="stable")
    ordered = np.take_along_axis(rewards, order, axis=-1)
    advantages = np.empty_like(ordered)
    np.put_along_axis(advantages, order, ordered @ weights.T, axis=-1)
    return advantages
