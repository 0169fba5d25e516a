"""Which strategy passes which problem, found out by running the gold programs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from cppo.errors import DataError, VerifierError
from cppo.problems.crossroads.gold import program_for
from cppo.problems.crossroads.registry import find_family
from cppo.problems.problem import Problem


class Outcome(Protocol):
    """What a verifier says of one program."""

    @property
    def passed(self) -> bool:
        """Whether every test passed."""

    @property
    def verdict(self) -> str:
        """The verdict's name; INFRA is a failure of the verifier, not of the program."""


class Judge(Protocol):
    """What runs programs: `cppo.verifier.Verifier`, or anything else with its `verify`."""

    def verify(self, batch: Sequence[tuple[Problem, str]]) -> Sequence[Outcome]:
        """Return one outcome for each (problem, program), in batch order."""


def family_of(problem: Problem) -> str:
    """Return the name of the problem's family; raises `DataError` for a problem from elsewhere."""
    name = problem.metadata.get("family")
    if not isinstance(name, str):
        raise DataError(f"problem {problem.id!r} names no family in its metadata; only crossroads problems do")
    return find_family(name).name


def by_family(problems: Sequence[Problem]) -> dict[str, list[Problem]]:
    """Group `problems` by family, families and problems in order of appearance."""
    groups: dict[str, list[Problem]] = {}
    for problem in problems:
        groups.setdefault(family_of(problem), []).append(problem)
    return groups


def success_matrix(problems: Sequence[Problem], verifier: Judge) -> NDArray[np.bool_]:
    """Return `success_PS[p, s]`: whether the gold program of strategy s passes problem p.

    Columns are all strategies of the family, commonest first, whichever of them the setting's gold plans draw
    from: a policy may write any. Raises `DataError` unless all problems are of one family,
    `VerifierError` when the verifier itself failed.
    """
    families = {family_of(problem) for problem in problems}
    if len(families) != 1:
        raise DataError(
            f"a success matrix is for problems of one family, given: {sorted(families)}; group them with by_family"
        )
    strategies = find_family(families.pop()).strategies
    batch = [(problem, program_for(problem, strategy)) for problem in problems for strategy in strategies]
    outcomes = verifier.verify(batch)
    if failed := sum(outcome.verdict == "INFRA" for outcome in outcomes):
        raise VerifierError(f"the verifier failed on {failed} of {len(batch)} programs; run the same command again")
    passed = [outcome.passed for outcome in outcomes]
    return np.array(passed, dtype=np.bool_).reshape(len(problems), len(strategies))


def trait_rates(
    problems: Sequence[Problem], success_PS: NDArray[np.bool_]
) -> tuple[tuple[str, ...], NDArray[np.float64], NDArray[np.float64]]:
    """Group a success matrix by trait.

    Returns the names of the T traits present, in the family's order; `rates_TS`, the share of the trait's problems
    that each strategy passes; and `shares_T`, the share of each trait among the problems, which sums to 1. Raises
    `DataError` when problems and rows differ in number.
    """
    if len(problems) != len(success_PS) or not problems:
        raise DataError(f"{len(problems)} problems do not fit the {len(success_PS)} rows of the success matrix")
    present = [problem.metadata["trait"] for problem in problems]
    traits = tuple(t.name for t in find_family(family_of(problems[0])).traits if t.name in present)
    rows = np.array([traits.index(trait) for trait in present])
    rates = np.stack([success_PS[rows == t].mean(axis=0) for t in range(len(traits))])
    return traits, rates, np.bincount(rows, minlength=len(traits)) / len(rows)
