"""Plan-and-solve: every attempt writes its own single method, then a program for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from cppo.episodes import Episode, Sampling, Workbench, collect_plans, solve_plans
from cppo.problems import Problem


class PlanAndSolve:
    """`attempts` independent (plan → program) pairs a problem. A plan that does not parse uses its attempt."""

    independent = True

    def run(
        self,
        problems: Sequence[Problem],
        attempts: int,
        bench: Workbench,
        sampling: Sampling,
        arm: str,
        seed: tuple[object, ...],
    ) -> list[Episode]:
        single = replace(sampling, k=1)
        groups = collect_plans(problems, attempts, bench, single, arm, seed)
        return [episode for group in solve_plans(problems, groups, bench, single, seed) for episode in group]
