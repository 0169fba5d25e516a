"""What a testbed knows that a real data set does not: the strategies, their sentences and their programs."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Protocol

from cppo.problems.problem import Problem


class Testbed(Protocol):
    """A source of problems whose strategies are known."""

    def methods(self, problem: Problem) -> list[str]:
        """Return the sentence of every strategy of the problem's family, commonest first."""
        ...

    def gold_plan(self, problem: Problem, rng: random.Random, k: int) -> list[str]:
        """Draw `k` different methods from the prior."""
        ...

    def gold_program(self, problem: Problem, method: str) -> str | None:
        """Return the program that follows `method`, or None when the method is not known for this problem."""
        ...

    def label_method(self, problem: Problem, method: str) -> str | None:
        """Return the name of the problem's strategy that this sentence is, or None."""
        ...

    def label_program(self, problem: Problem, program: str) -> str | None:
        """Return the name of the strategy whose gold program this is, or None."""
        ...

    def valid(self, problem: Problem, methods: Sequence[str]) -> bool:
        """Return whether all methods are known for this problem and no two are the same."""
        ...
