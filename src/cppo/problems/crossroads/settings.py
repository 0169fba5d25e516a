"""Which families, traits and strategies a set of crossroads problems is drawn from, and three published settings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from cppo.errors import ConfigError
from cppo.problems.crossroads.family import Strategy, Trait
from cppo.problems.crossroads.registry import FAMILIES, find_family

LINE_LIMIT = 3_000
TESTS_PER_PROBLEM = 4


@dataclass(frozen=True)
class Setting:
    """One distribution of problems.

    families: equally likely, each named once.
    traits: family → trait → weight (any positive scale). A family left out has all of its traits, equally likely.
    strategies: family → names, commonest first. A family left out has all of its strategies, in its own order.
        This is what gold plans draw from; it does not change which programs pass.
    line_limit: executed lines of the program allowed in one test.
    tests_per_problem: tests drawn from the problem's trait.

    Raises `ConfigError` for unknown names (with the nearest match), empty choices and weights or sizes that are not
    positive.
    """

    families: tuple[str, ...]
    traits: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    strategies: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    line_limit: int = LINE_LIMIT
    tests_per_problem: int = TESTS_PER_PROBLEM

    def __post_init__(self) -> None:
        if not self.families or len(set(self.families)) != len(self.families):
            raise ConfigError(f"families is {list(self.families)}; name at least one, and each of them once")
        for name in self.families:
            find_family(name)
        for kind, choices in (("traits", self.traits), ("strategies", self.strategies)):
            for name in choices:
                if name not in self.families:
                    raise ConfigError(
                        f"{kind} are chosen for family {name!r}, which is not among the families "
                        f"{list(self.families)}; add it there or remove its {kind}"
                    )
        for name, weights in self.traits.items():
            self._check_weights(name, weights)
        for name, names in self.strategies.items():
            chosen = [FAMILIES[name].strategy(strategy) for strategy in names]
            if not chosen or len(set(names)) != len(names):
                raise ConfigError(f"strategies of {name} are {list(names)}; name at least one, and each of them once")
        for size in ("line_limit", "tests_per_problem"):
            if getattr(self, size) < 1:
                raise ConfigError(f"{size} is {getattr(self, size)}; it must be at least 1")

    @staticmethod
    def _check_weights(family: str, weights: Mapping[str, float]) -> None:
        for trait, weight in weights.items():
            FAMILIES[family].trait(trait)
            if not 0 < weight < float("inf"):
                raise ConfigError(
                    f"trait {trait!r} of {family} has weight {weight}; weights are positive numbers: "
                    "leave a trait out to never draw it"
                )
        if not weights:
            raise ConfigError(f"traits of {family} are empty; name at least one, or leave {family} out to have all")

    def traits_of(self, family: str) -> tuple[tuple[Trait, ...], tuple[float, ...]]:
        """Return the family's traits and their probabilities, which sum to 1."""
        traits = FAMILIES[family].traits
        weights = self.traits.get(family, {trait.name: 1.0 for trait in traits})
        total = sum(weights.values())
        chosen = tuple(trait for trait in traits if trait.name in weights)
        return chosen, tuple(weights[trait.name] / total for trait in chosen)

    def strategies_of(self, family: str) -> tuple[Strategy, ...]:
        """Return the family's strategies that gold plans draw from, commonest first."""
        if family not in self.strategies:
            return FAMILIES[family].strategies
        return tuple(FAMILIES[family].strategy(name) for name in self.strategies[family])


def equally(*traits: str) -> dict[str, float]:
    """Return equal weights for `traits`."""
    return dict.fromkeys(traits, 1.0)


def zipf(traits: Sequence[Trait], exponent: float) -> dict[str, float]:
    """Return weights ∝ 1 / rank^exponent in the order of `traits`."""
    return {trait.name: rank**-exponent for rank, trait in enumerate(traits, start=1)}


EQUAL = Setting(
    families=("knapsack", "prime_factor", "next_term"),
    traits={
        "knapsack": equally("seven items", "equal values", "small capacity", "small values"),
        "prime_factor": equally("one small factor", "close factors", "square", "prime"),
        "next_term": equally("ratio", "sum of two", "quadratic", "cycle"),
    },
)
"""Four equally likely traits a family, each passed by exactly one of six strategies. At k = 4 the best independent
policy passes 1 − (3/4)^4 = .6836 of the problems and the best coordinated one all of them."""

ALL = Setting(families=tuple(FAMILIES))
"""Every family with all of its traits, equally likely."""

SKEWED = Setting(families=tuple(FAMILIES), traits={name: zipf(FAMILIES[name].traits, 0.8) for name in FAMILIES})
"""Every family with all of its traits, the weight of the trait of rank r falling as 1 / r^0.8. Here several strategies
may pass one trait, and no tuple of four covers every trait of every family. Best coordinated and best independent
pass@k: .505 / .505 at k = 1, .770 / .605 at k = 2, .947 / .768 at k = 4."""

SETTINGS: dict[str, Setting] = {"equal": EQUAL, "all": ALL, "skewed": SKEWED}
