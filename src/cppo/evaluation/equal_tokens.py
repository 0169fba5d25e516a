"""pass@k at equal tokens: a plan costs tokens too, and independent samples may spend as many on further programs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cppo.episodes import Episode, by_problem
from cppo.evaluation.methods.plansearch import SHARED_ROLES
from cppo.measures import pass_at_k

ROUNDING = 1e-9


@dataclass(frozen=True)
class TokenCost:
    """Mean completion tokens of an arm: of one plan (all of it, however many of its methods are followed) and of one
    program.

    `slots`: programs a plan is for. Attempts without a program, because the plan did not parse, count as programs of
    no tokens: they are part of the budget. `shared`: what a problem costs before its first plan, however many attempts
    follow (the observations of PlanSearch).
    """

    plan: float
    program: float
    slots: int
    shared: float = 0.0

    def of(self, k: int) -> float:
        """Return the tokens of k attempts: what they share, as many whole plans as they need, and k programs."""
        return self.shared + math.ceil(k / self.slots) * self.plan + k * self.program


def token_cost(runs: Sequence[Sequence[Episode]], problems: int, attempts: int, slots: int) -> TokenCost:
    """Return the mean cost of an arm over its runs, each of `attempts` attempts at each of `problems` problems."""
    spent = len(runs) * problems * attempts
    every = [episode for episodes in runs for episode in episodes]
    shared = sum(call.tokens_out for episode in every for call in episode.calls if call.role in SHARED_ROLES)
    plans = sum(episode.plan_tokens for episode in every) - shared
    programs = sum(branch.tokens for episode in every for branch in episode.branches)
    return TokenCost(plans * slots / spent, programs / spent, slots, shared / (len(runs) * problems))


def programs_that_fit(subject: TokenCost, arm: TokenCost, k: int) -> int:
    """Return how many programs the independent `arm` writes for the tokens of k attempts of `subject`, rounded down."""
    each = arm.of(1) - arm.shared
    return max(0, math.floor((subject.of(k) - arm.shared) / each + ROUNDING)) if each > 0 else 0


def pass_at_equal_tokens(
    runs: Sequence[Sequence[Episode]], problem_ids: Sequence[str], attempts: int, programs: int
) -> np.ndarray | None:
    """Return pass@`programs` of every problem in every run of an independent arm, [R, P].

    The unbiased estimator 1 − C(n−c, m)/C(n, m) from the n = `attempts` programs that were sampled, c of which pass,
    with m = `programs` of `programs_that_fit`. None where the samples do not suffice: m above n, or m = 0.
    """
    if not 1 <= programs <= attempts:
        return None
    scores = []
    for episodes in runs:
        groups = by_problem(episodes)
        correct = [sum(b.passed for e in groups.get(name, ()) for b in e.branches) for name in problem_ids]
        scores.append(pass_at_k(np.full(len(correct), attempts), correct, programs))
    return np.stack(scores)
