"""The method itself: one plan of K methods, one program for each."""

from __future__ import annotations

from collections.abc import Sequence

from cppo.episodes import Episode, Sampling, Workbench, collect_plans, solve_plans
from cppo.evaluation.methods.base import groups_of
from cppo.problems import Problem


class Tuple:
    """`attempts / K` tuples a problem. A tuple that does not parse still uses its K attempts."""

    independent = False

    def run(
        self,
        problems: Sequence[Problem],
        attempts: int,
        bench: Workbench,
        sampling: Sampling,
        arm: str,
        seed: tuple[object, ...],
    ) -> list[Episode]:
        """Write the plans of all problems, then the programs of all plans."""
        count = groups_of(attempts, sampling.k, "tuple")
        groups = collect_plans(problems, count, bench, sampling, arm, seed)
        return [episode for group in solve_plans(problems, groups, bench, sampling, seed) for episode in group]
