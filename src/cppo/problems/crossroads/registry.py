"""The families of the testbed. A new family is one file and one line here."""

from __future__ import annotations

from cppo.errors import choose
from cppo.problems.crossroads import (
    coins,
    knapsack,
    next_term,
    prime_factor,
    shortest_path,
    split,
    subsequence,
)
from cppo.problems.crossroads.family import Family

FAMILIES: dict[str, Family] = {
    family.name: family
    for family in (
        knapsack.FAMILY,
        coins.FAMILY,
        subsequence.FAMILY,
        next_term.FAMILY,
        prime_factor.FAMILY,
        shortest_path.FAMILY,
        split.FAMILY,
    )
}


def find_family(name: str) -> Family:
    """Return the family called `name`; raises `ConfigError` with the nearest match."""
    return FAMILIES[choose("crossroads family", name, FAMILIES)]
