"""Secondary tests on paired per-problem differences, and the correction for many comparisons."""

from __future__ import annotations

import warnings
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from cppo.errors import ConfigError, DataError

Floats = NDArray[np.float64]

BATCH = 2_000_000  # floating-point numbers held at once while resampling
TIE = 1e-12  # a difference this small is a zero that was rounded


def sign_flip_p(differences_P: ArrayLike, resamples: int = 10_000, seed: int = 0) -> float:
    """Return the two-sided p-value of the paired sign-flip permutation test that the mean difference is zero.

    Exact when all 2^P sign patterns (over the non-zero differences, which alone matter) fit in `resamples`,
    otherwise by `resamples` random patterns. 1 when at most one difference is left: both its signs are as far from 0.
    """
    differences = _differences(differences_P)
    differences = differences[differences != 0]
    if differences.size < 2:
        return 1.0
    result = stats.permutation_test(
        (differences,),
        lambda sample, axis: sample.mean(axis=axis),
        permutation_type="samples",
        vectorized=True,
        n_resamples=resamples,
        batch=max(1, BATCH // differences.size),
        rng=np.random.default_rng(seed),
    )
    return float(result.pvalue)


def paired_seeds_p(a_R: ArrayLike, b_R: ArrayLike) -> float | None:
    """Return the two-sided p-value of Student's paired t-test that two arms have the same mean over training seeds, one
    figure a seed; None with fewer than two seeds, with unequally many, or where all differ by the same.

    The conservative companion of a bootstrap over few seeds, which understates their part: what the seeds alone show.
    """
    a, b = np.asarray(a_R, dtype=np.float64), np.asarray(b_R, dtype=np.float64)
    if a.shape != b.shape or a.size < 2 or np.ptp(a - b) < TIE:
        return None
    return float(stats.ttest_rel(a, b).pvalue)


class Interval(NamedTuple):
    """A confidence interval and the method that gave it."""

    low: float
    high: float
    method: Literal["BCa", "percentile"]


def one_seed_interval(
    differences_P: ArrayLike, resamples: int = 10_000, confidence: float = 0.95, seed: int = 0
) -> Interval:
    """Return the paired bootstrap interval of the mean difference of two single runs, resampling problems.

    BCa (bias-corrected and accelerated); the percentile interval where BCa is degenerate (all differences equal,
    say). It covers the choice of problems, not training noise.
    """
    differences = _differences(differences_P)
    if np.ptp(differences) == 0:
        return Interval(float(differences[0]), float(differences[0]), "percentile")
    methods: tuple[Literal["BCa", "percentile"], ...] = ("BCa", "percentile")
    for method in methods:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", stats.DegenerateDataWarning)
            interval = stats.bootstrap(
                (differences,),
                np.mean,
                n_resamples=resamples,
                batch=max(1, BATCH // differences.size),
                confidence_level=confidence,
                method=method,
                rng=np.random.default_rng(seed),
            ).confidence_interval
        if np.isfinite(interval.low) and np.isfinite(interval.high):
            break
    return Interval(float(interval.low), float(interval.high), method)


class Holm(NamedTuple):
    """Holm's step-down result, in the order the p-values were given."""

    adjusted: Floats
    rejected: NDArray[np.bool_]


def holm(p_values: ArrayLike, alpha: float = 0.05) -> Holm:
    """Return adjusted p-values and rejections that keep the family-wise error below `alpha` (Holm 1979)."""
    p = np.atleast_1d(np.asarray(p_values, dtype=np.float64))
    if p.ndim != 1 or not ((p >= 0) & (p <= 1)).all():
        raise DataError(f"p-values {p.tolist()}: need a list of numbers from 0 to 1")
    if not 0 < alpha < 1:
        raise ConfigError(f"alpha is {alpha}; it must lie between 0 and 1")
    order = np.argsort(p, kind="stable")
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum(1.0, np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1)))
    return Holm(adjusted, adjusted <= alpha)


def _differences(differences_P: ArrayLike) -> Floats:
    differences = np.asarray(differences_P, dtype=np.float64)
    if differences.ndim != 1 or differences.size == 0 or not np.isfinite(differences).all():
        raise DataError(f"differences have shape {differences.shape}; need one finite number a problem")
    return differences
