"""pass@k: of independent samples, of tuples, and what coordination adds to it."""

from __future__ import annotations

from math import comb
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cppo.errors import ConfigError, DataError

Floats = NDArray[np.float64]


def pass_at_k(n: ArrayLike, c: ArrayLike, k: int) -> Floats:
    """Return 1 − C(n−c, k)/C(n, k), the unbiased pass@k of n independent samples of which c are correct.

    Product form 1 − Π_{j<k} (n−c−j)/(n−j) (arXiv 2107.03374). `n` and `c` broadcast; the result has their
    common shape. Raises `ConfigError` when k < 1 or k exceeds an n, `DataError` unless 0 ≤ c ≤ n.
    """
    total, correct = np.broadcast_arrays(np.asarray(n, dtype=np.float64), np.asarray(c, dtype=np.float64))
    if k < 1 or (total < k).any():
        least = int(total.min()) if total.size else 0
        raise ConfigError(f"pass@k: k is {k}, but a problem has {least} samples; k must be from 1 to {least}")
    if (correct < 0).any() or (correct > total).any():
        raise DataError("pass@k: a count of correct samples is below 0 or above the number of samples")
    miss = np.ones(total.shape)
    for j in range(k):
        miss = miss * np.maximum(total - correct - j, 0.0) / (total - j)
    return np.asarray(1.0 - miss)


def _tuples(passed_TK: ArrayLike) -> Floats:
    passed = np.asarray(passed_TK, dtype=np.float64)
    if passed.ndim < 2 or 0 in passed.shape[-2:]:
        raise DataError(f"passed_TK has shape {passed.shape}; it needs tuples × slots, at least one of each")
    if not ((passed == 0) | (passed == 1)).all():
        raise DataError("passed_TK holds a value that is neither 0 nor 1; count a program as passed or not")
    return passed


def tuple_pass_at_k(passed_TK: ArrayLike, k: int) -> Floats:
    """Return pass@k of a tuple method from T tuples of K programs (bool, [..., T, K]; leading axes: problems).

    k = K: the mean over tuples of max over the tuple. k < K: the mean over tuples and k-subsets of the slots.
    k = jK: 1 − C(T−t, j)/C(T, j) with t of the T tuples passing. Branches of one tuple are not independent, so
    they are never pooled. Raises `ConfigError` for another k, or when there are fewer than j tuples.
    """
    passed = _tuples(passed_TK)
    tuples, slots = passed.shape[-2:]
    if k <= slots:
        return np.asarray(pass_at_k(slots, passed.sum(axis=-1), k).mean(axis=-1))
    if k % slots:
        raise ConfigError(f"tuple pass@k: k is {k}; with {slots} slots it must be at most {slots} or a multiple of it")
    return pass_at_k(tuples, passed.max(axis=-1).sum(axis=-1), k // slots)


def first_slot(passed_TK: ArrayLike) -> Floats:
    """Return pass@1 of the first slot: the mean over tuples of its outcome ([..., T, K] → [...])."""
    return np.asarray(_tuples(passed_TK)[..., 0].mean(axis=-1))


def pooled_pass_at_k(passed_TK: ArrayLike, k: int) -> Floats:
    """Return the POOLED pass@k: `pass_at_k` as if all T·K programs were independent, which they are not.

    Biased; for k > K only, and to be labelled "pooled" wherever it is shown. Raises `ConfigError` for k ≤ K,
    where `tuple_pass_at_k` is the estimator, and for k > T·K.
    """
    passed = _tuples(passed_TK)
    slots = passed.shape[-1]
    if k <= slots:
        raise ConfigError(f"pooled pass@k: k is {k}, not above the {slots} slots of a tuple; use tuple_pass_at_k")
    return pass_at_k(passed.shape[-2] * slots, passed.sum(axis=(-2, -1)), k)


class CoordinationGain(NamedTuple):
    """pass@K of the tuples, of slots drawn independently from the same planner, and the difference."""

    coordinated: Floats
    scrambled: Floats
    gain: Floats


def coordination_gain(passed_MK: ArrayLike) -> CoordinationGain:
    """Return what choosing the K slots together gains over drawing them independently, from M tuples ([..., M, K]).

    With tuple means v_m: coordinated = mean_m max; scrambled = 1 − e_K(1−v_1, …, 1−v_M)/C(M, K), e_K the
    elementary symmetric polynomial: K slots from K different tuples. Both are unbiased. Raises `ConfigError`
    when M < K.
    """
    passed = _tuples(passed_MK)
    tuples, slots = passed.shape[-2:]
    if tuples < slots:
        raise ConfigError(f"coordination gain needs at least K tuples: {tuples} given, K is {slots}; sample more")
    miss = 1.0 - passed.mean(axis=-1)
    symmetric = np.zeros((*miss.shape[:-1], slots + 1))
    symmetric[..., 0] = 1.0
    for m in range(tuples):
        symmetric[..., 1:] = symmetric[..., 1:] + miss[..., m, None] * symmetric[..., :-1]
    coordinated = np.asarray(passed.max(axis=-1).mean(axis=-1))
    scrambled = np.asarray(1.0 - symmetric[..., slots] / comb(tuples, slots))
    return CoordinationGain(coordinated, scrambled, coordinated - scrambled)
