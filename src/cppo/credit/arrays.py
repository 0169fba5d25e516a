"""The arrays that credit rules take and return, and the check they all share."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cppo.errors import DataError

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


def reward_array(rewards: ArrayLike, name: str = "rewards", ndim: int | None = None) -> Floats:
    """`rewards` as float64; raises `DataError` unless finite, not empty and of rank `ndim` (None: ≥ 1)."""
    array = np.asarray(rewards, dtype=np.float64)
    if array.ndim == 0 or (ndim is not None and array.ndim != ndim):
        wanted = "at least one axis" if ndim is None else f"{ndim} axes"
        raise DataError(f"{name} has shape {array.shape}; it needs {wanted}")
    if array.shape[-1] == 0:
        raise DataError(f"{name} has shape {array.shape}: the last axis, the group, is empty; give at least one")
    if not np.isfinite(array).all():
        raise DataError(f"{name} holds NaN or infinity; mask entries without a verdict instead of scoring them")
    return array


def mask_array(mask: ArrayLike | None, shape: tuple[int, ...], name: str) -> Bools:
    """Return `mask` as booleans of `shape` (None: all True); raises `DataError` where it does not fit."""
    if mask is None:
        return np.ones(shape, dtype=np.bool_)
    array = np.asarray(mask)
    if array.dtype != np.bool_:
        raise DataError(f"{name} has dtype {array.dtype}; it must be bool, True where the entry takes part")
    if array.shape != shape:
        raise DataError(f"{name} has shape {array.shape}, but the rewards it masks have shape {shape}")
    return array
