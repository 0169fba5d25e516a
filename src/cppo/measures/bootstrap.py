"""Comparing two methods on the same problems: the hierarchical paired bootstrap over problems and training seeds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cppo.errors import ConfigError, DataError
from cppo.measures.significance import BATCH, TIE, Interval, one_seed_interval, paired_seeds_p, sign_flip_p

Floats = NDArray[np.float64]

LEAST_SEEDS = 3


@dataclass(frozen=True)
class Comparison:
    """Arm A against arm B on the same problems; `difference` is mean A − mean B, in the unit of the scores.

    `low`, `high`, `standard_error`, `p_value`: the hierarchical paired bootstrap. `permutation_p`: the sign-flip
    test on seed-averaged differences. `seed_p`: a t-test over the training seeds alone. `one_seed`: the interval over
    problems alone, where each arm has one seed.
    `warnings`: what the figures do not cover; to be shown with them.
    """

    mean_a: float
    mean_b: float
    difference: float
    standard_error: float
    low: float
    high: float
    p_value: float
    permutation_p: float
    seed_p: float | None
    one_seed: Interval | None
    problems: int
    seeds_a: int
    seeds_b: int
    resamples: int
    confidence: float
    warnings: tuple[str, ...]


def bootstrap_differences(
    a_RP: ArrayLike, b_RP: ArrayLike, joint_seeds: bool = False, resamples: int = 10_000, seed: int = 0
) -> Floats:
    """Return `resamples` hierarchical bootstrap replicates of mean A − mean B.

    `a_RP`, `b_RP`: scores of training seeds × problems (or one seed's scores of problems). A replicate draws P
    problem indices with replacement, the same for both arms, and as many seeds with replacement within each arm
    (`joint_seeds`: the same for both, where seed r of both arms starts from the same checkpoint).
    """
    a, b = _arm(a_RP, "A"), _arm(b_RP, "B")
    if a.shape[1] != b.shape[1]:
        raise DataError(f"arm A has {a.shape[1]} problems, arm B {b.shape[1]}; both must be scored on the same ones")
    if joint_seeds and len(a) != len(b):
        raise ConfigError(f"joint_seeds needs as many seeds in both arms; A has {len(a)}, B has {len(b)}")
    if resamples < 1:
        raise ConfigError(f"resamples is {resamples}; it must be at least 1 (10,000 is usual)")
    rng = np.random.default_rng(seed)
    problems = a.shape[1]
    replicates = np.empty(resamples)
    chunk = max(1, BATCH // problems)
    for start in range(0, resamples, chunk):
        size = min(chunk, resamples - start)
        seeds_a = _draw(rng, len(a), size)
        seeds_b = seeds_a if joint_seeds else _draw(rng, len(b), size)
        drawn = rng.integers(problems, size=(size, problems))
        if len(a) == len(b) == 1:  # nothing to draw among seeds
            replicates[start : start + size] = (a[0] - b[0])[drawn].mean(axis=1)
        else:
            scores = seeds_a @ a - seeds_b @ b
            replicates[start : start + size] = np.take_along_axis(scores, drawn, axis=1).mean(axis=1)
    return replicates


@dataclass(frozen=True)
class Mean:
    """A mean over training seeds and problems with its bootstrap interval and standard error."""

    mean: float
    low: float
    high: float
    standard_error: float


def mean_over_seeds(scores_RP: ArrayLike, resamples: int = 10_000, confidence: float = 0.95, seed: int = 0) -> Mean:
    """Return the mean of `scores_RP`, training seeds × problems, resampling seeds and problems both.

    Percentile interval. With one seed it covers the choice of problems alone. The result depends on `seed` and nothing
    else. Raises `DataError` for scores that are missing, `ConfigError` for settings out of range.
    """
    _check_confidence(confidence)
    scores = _arm(scores_RP, "A")
    replicates = bootstrap_differences(scores, np.zeros_like(scores), True, resamples, seed)
    low, high = np.quantile(replicates, [(1 - confidence) / 2, (1 + confidence) / 2])
    return Mean(float(scores.mean()), float(low), float(high), float(replicates.std()))


def compare(
    a_RP: ArrayLike,
    b_RP: ArrayLike,
    joint_seeds: bool = False,
    resamples: int = 10_000,
    confidence: float = 0.95,
    seed: int = 0,
) -> Comparison:
    """Return the comparison of arm A with arm B, scores of training seeds × problems (or of problems, one seed).

    Percentile interval of `bootstrap_differences`; p = min(1, 2 min(1 + #{Δ* ≤ 0}, 1 + #{Δ* ≥ 0})/(B + 1)). The
    result depends on `seed` and nothing else. Raises `DataError` for scores that are missing or do not pair up,
    `ConfigError` for settings out of range.
    """
    _check_confidence(confidence)
    a, b = _arm(a_RP, "A"), _arm(b_RP, "B")
    replicates = bootstrap_differences(a, b, joint_seeds, resamples, seed)
    replicates[np.abs(replicates) < TIE] = 0.0
    tail = 1 + min(int((replicates <= 0).sum()), int((replicates >= 0).sum()))
    low, high = np.quantile(replicates, [(1 - confidence) / 2, (1 + confidence) / 2])
    differences = a.mean(axis=0) - b.mean(axis=0)
    differences[np.abs(differences) < TIE] = 0.0
    one_seed = len(a) == len(b) == 1
    return Comparison(
        mean_a=float(a.mean()),
        mean_b=float(b.mean()),
        difference=float(a.mean() - b.mean()),
        standard_error=float(replicates.std()),
        low=float(low),
        high=float(high),
        p_value=min(1.0, 2 * tail / (resamples + 1)),
        permutation_p=sign_flip_p(differences, resamples, seed),
        seed_p=paired_seeds_p(a.mean(axis=1), b.mean(axis=1)),
        one_seed=one_seed_interval(differences, resamples, confidence, seed) if one_seed else None,
        problems=a.shape[1],
        seeds_a=len(a),
        seeds_b=len(b),
        resamples=resamples,
        confidence=confidence,
        warnings=_warnings(len(a), len(b)),
    )


def _check_confidence(confidence: float) -> None:
    if not 0 < confidence < 1:
        raise ConfigError(f"confidence is {confidence}; it must lie between 0 and 1 (0.95 is usual)")


def _draw(rng: np.random.Generator, count: int, size: int) -> Floats:
    """Return [size, count]: how often each of `count` items is drawn in `count` draws, over `count`."""
    return np.asarray(rng.multinomial(count, np.full(count, 1.0 / count), size=size) / count)


def _arm(scores: ArrayLike, name: str) -> Floats:
    array = np.asarray(scores, dtype=np.float64)
    array = array[None] if array.ndim == 1 else array
    if array.ndim != 2 or array.size == 0:
        raise DataError(f"arm {name} has shape {array.shape}; it needs training seeds × problems")
    if not np.isfinite(array).all():
        raise DataError(f"arm {name} holds NaN or infinity; every problem needs a score for every seed")
    return array


def _warnings(seeds_a: int, seeds_b: int) -> tuple[str, ...]:
    return tuple(
        f"arm {name} has {seeds} training seed{'s' * (seeds > 1)}, fewer than {LEAST_SEEDS}: seed noise is not covered"
        for name, seeds in (("A", seeds_a), ("B", seeds_b))
        if seeds < LEAST_SEEDS
    )
