"""Gold plans and programs: what supervised fine-tuning teaches, whatever the trait."""

from __future__ import annotations

import random
from functools import lru_cache

from cppo.errors import ConfigError, DataError
from cppo.problems.crossroads.family import Strategy, signature
from cppo.problems.crossroads.registry import FAMILIES, find_family
from cppo.problems.problem import Problem

PRIOR_EXPONENT = 1.5
"""A strategy of rank r is drawn ∝ 1 / r^1.5 unless a setting says otherwise: the untrained policy prefers the
commonest, right or not."""


def _metadata(problem: Problem, key: str) -> str | list[str]:
    if key not in problem.metadata:
        raise DataError(f"problem {problem.id!r} has no metadata {key!r}; only crossroads problems have gold plans")
    value: str | list[str] = problem.metadata[key]
    return value


def strategies_of(problem: Problem) -> tuple[Strategy, ...]:
    """Return the strategies the problem's gold plans draw from, commonest first."""
    family = find_family(str(_metadata(problem, "family")))
    return tuple(family.strategy(name) for name in _metadata(problem, "strategies"))


def gold_plan(problem: Problem, rng: random.Random, k: int, exponent: float = PRIOR_EXPONENT) -> list[Strategy]:
    """Return `k` different strategies drawn one after the other ∝ 1 / rank^`exponent` among those not yet drawn.

    Ranks are those of `strategies_of(problem)` and do not change as strategies are used up. The trait plays no
    part. Raises `ConfigError` unless 1 ≤ k ≤ the number of strategies.
    """
    left = list(strategies_of(problem))
    weights = [rank**-exponent for rank in range(1, len(left) + 1)]
    if not 1 <= k <= len(left):
        raise ConfigError(f"a gold plan of {k} strategies was asked for; {problem.id!r} allows 1 to {len(left)}")
    plan = []
    for _ in range(k):
        (place,) = rng.choices(range(len(left)), weights)
        plan.append(left.pop(place))
        weights.pop(place)
    return plan


def gold_strategy(problem: Problem, rng: random.Random) -> Strategy:
    """Return one strategy drawn ∝ 1 / rank^1.5, whatever the trait."""
    return gold_plan(problem, rng, 1)[0]


def program_for(problem: Problem, strategy: Strategy) -> str:
    """Return the strategy's program with the arguments in the order of the problem's statement.

    Raises `DataError` when the strategy is of another family.
    """
    family = find_family(str(_metadata(problem, "family")))
    if strategy not in family.strategies:
        raise DataError(f"strategy {strategy.name!r} is not one of family {family.name!r}; problem {problem.id!r}")
    asked = signature(_metadata(problem, "arguments"))
    return strategy.program.replace(signature(family.arguments), asked)


def _normal(sentence: str) -> str:
    return " ".join(sentence.split()).casefold().rstrip(" .")


@lru_cache(maxsize=64)
def _by_sentence(family: str) -> dict[str, Strategy]:
    return {_normal(strategy.sentence): strategy for strategy in find_family(family).strategies}


def find_strategy(family: str, sentence: str) -> Strategy | None:
    """Return the family's strategy with this sentence, or None.

    Case, the amount of white space and final periods do not matter. Raises `ConfigError` for an unknown family.
    """
    return _by_sentence(family).get(_normal(sentence))


def find_any(sentence: str) -> tuple[str, Strategy] | None:
    """Return the family and the strategy with this sentence among all families, or None."""
    for name in FAMILIES:
        strategy = find_strategy(name, sentence)
        if strategy is not None:
            return name, strategy
    return None
