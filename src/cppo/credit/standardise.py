"""Standardised rewards: the group-relative advantage of GRPO and of both regions of CPPO."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from cppo.credit.arrays import Floats, mask_array, reward_array
from cppo.errors import DataError


def standardise(rewards: ArrayLike, axis: int = -1, mask: ArrayLike | None = None, eps: float = 1e-8) -> Floats:
    """Return `(r − mean) / (population std + eps)` along `axis`.

    The group-relative advantage of GRPO (arXiv 2402.03300) and of CPPO (arXiv 2605.27000). A group whose
    standard deviation is below `eps`, or that has one member, gets zeros. `mask` (bool, the shape of
    `rewards`, True = takes part) leaves entries out: they enter no statistic, may hold anything, NaN
    included, and get advantage 0. A group with no member left gets zeros.

    Raises `DataError` when a reward that takes part is not finite, or shapes do not fit.
    """
    values = np.asarray(rewards, dtype=np.float64)
    if not -values.ndim <= axis < values.ndim:
        raise DataError(f"axis {axis} does not exist in rewards of shape {values.shape}")
    part = mask_array(mask, values.shape, "mask")
    values = reward_array(np.where(part, values, 0.0))
    count = np.maximum(part.sum(axis=axis, keepdims=True), 1)
    mean = values.sum(axis=axis, keepdims=True) / count
    centred = np.where(part, values - mean, 0.0)
    std = np.sqrt((centred**2).sum(axis=axis, keepdims=True) / count)
    return np.where(std < eps, 0.0, centred / (std + eps))
