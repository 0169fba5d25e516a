"""How different the K programs for a problem are, where nobody knows the strategies: by their syntax trees."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Hashable, Iterator, Sequence

import numpy as np

from cppo.episodes import Episode, by_problem
from cppo.measures import duplicate_rate, effective_strategies
from cppo.measures.diversity import ast_bag


def program_diversity(episodes: Sequence[Episode], k: int, independent: bool) -> dict[str, float | None]:
    """Return means over sets of K attempts: `effective_programs`, exp of the entropy over different programs, and
    `duplicate_programs`, the share that repeats another one; None without a whole set.

    Programs that differ in names and constants alone are one program (`ast_bag`); what does not parse is itself. A set
    are the programs of a tuple, or K independent attempts at a problem; a tuple without programs is none.
    """
    kinds: dict[str, Hashable] = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what Python thinks of the programs is not for the user
        sets = [[_kind(program, kinds) for program in programs] for programs in _sets(episodes, k, independent)]
    if not sets:
        return {"effective_programs": None, "duplicate_programs": None}
    return {
        "effective_programs": float(np.mean([effective_strategies(Counter(kind).values()) for kind in sets])),
        "duplicate_programs": float(np.mean([duplicate_rate(kind) for kind in sets])),
    }


def _sets(episodes: Sequence[Episode], k: int, independent: bool) -> Iterator[list[str]]:
    for mine in by_problem(episodes).values():
        tuples = [[branch.program for branch in episode.branches] for episode in mine]
        if independent:
            attempts = [program for programs in tuples for program in programs]
            yield from (attempts[i : i + k] for i in range(0, len(attempts) - k + 1, k))
        else:
            yield from filter(None, tuples)


def _kind(program: str, kinds: dict[str, Hashable]) -> Hashable:
    if program not in kinds:
        bag = ast_bag(program)
        kinds[program] = program if bag is None else frozenset(bag.items())
    return kinds[program]
