"""Crossroads as a testbed: every question about its strategies answered from the families themselves."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from cppo.problems.crossroads.family import Strategy
from cppo.problems.crossroads.gold import PRIOR_EXPONENT, find_strategy, gold_plan, program_for, strategies_of
from cppo.problems.problem import Problem


@dataclass(frozen=True)
class CrossroadsTestbed:
    """Implements `cppo.problems.testbed.Testbed`. `prior_exponent`: how much commoner gold methods of low rank are."""

    prior_exponent: float = PRIOR_EXPONENT

    def methods(self, problem: Problem) -> list[str]:
        return [strategy.sentence for strategy in strategies_of(problem)]

    def gold_plan(self, problem: Problem, rng: random.Random, k: int) -> list[str]:
        return [strategy.sentence for strategy in gold_plan(problem, rng, k, self.prior_exponent)]

    def gold_program(self, problem: Problem, method: str) -> str | None:
        strategy = _strategy(problem, method)
        return None if strategy is None else program_for(problem, strategy)

    def label_method(self, problem: Problem, method: str) -> str | None:
        strategy = _strategy(problem, method)
        return None if strategy is None else strategy.name

    def label_program(self, problem: Problem, program: str) -> str | None:
        asked = program.strip()
        known = (s for s in strategies_of(problem) if program_for(problem, s).strip() == asked)
        return next((strategy.name for strategy in known), None)

    def valid(self, problem: Problem, methods: Sequence[str]) -> bool:
        labels = [self.label_method(problem, method) for method in methods]
        return None not in labels and len(set(labels)) == len(labels)


def _strategy(problem: Problem, method: str) -> Strategy | None:
    """Return the problem's strategy with this sentence; a strategy that its setting leaves out is not one of them."""
    strategies = strategies_of(problem)
    found = find_strategy(problem.metadata["family"], method)
    return found if found in strategies else None
