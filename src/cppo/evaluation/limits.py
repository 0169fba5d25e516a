"""The limits of any policy on a set of testbed problems, found by running every strategy on every problem."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from cppo.measures import best_coordinated, best_independent, mixture_limit
from cppo.problems import Problem
from cppo.problems.crossroads.matrix import Judge, by_family, success_matrix, trait_rates
from cppo.problems.crossroads.registry import find_family


@dataclass(frozen=True)
class FamilyMatrix:
    """Which share of a trait's problems each strategy passes, `rates_TS`, for one family."""

    family: str
    traits: tuple[str, ...]
    strategies: tuple[str, ...]
    rates_TS: np.ndarray
    shares_T: np.ndarray
    success_PS: np.ndarray


def family_matrices(problems: Sequence[Problem], verifier: Judge) -> list[FamilyMatrix]:
    """Run the gold program of every strategy on every problem, family by family."""
    matrices = []
    for family, mine in by_family(problems).items():
        success = success_matrix(mine, verifier)
        traits, rates, shares = trait_rates(mine, success)
        strategies = tuple(strategy.name for strategy in find_family(family).strategies)
        matrices.append(FamilyMatrix(family, traits, strategies, rates, shares, success))
    return matrices


def limits(matrices: Sequence[FamilyMatrix], ks: Sequence[int]) -> dict[str, Any]:
    """Return, for every k, the best coordinated and the best independent policy's pass@k on these problems.

    A policy sees the family but not the trait, so each family has its own optimum; the limit of the
    problem set is their mean, weighted by problems. The solver is taken to be exact.
    """
    sizes = np.array([len(matrix.success_PS) for matrix in matrices], dtype=float)
    result: dict[str, Any] = {}
    for k in ks:
        best = [(best_coordinated(m.success_PS, None, k), best_independent(m.success_PS, None, k)[0]) for m in matrices]
        coordinated, independent = zip(*best, strict=True)
        result[str(k)] = {
            "coordinated": float(mixture_limit(coordinated, sizes)),
            "independent": float(mixture_limit(independent, sizes)),
            "families": {
                m.family: {"coordinated": float(c), "independent": float(i)}
                for m, c, i in zip(matrices, coordinated, independent, strict=True)
            },
        }
    return result
