"""How different the K attempts are: strategies, plan text and programs."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from itertools import combinations
from math import exp, log, nan
from typing import Protocol

from cppo.errors import ConfigError, DataError


def effective_strategies(counts: Iterable[float]) -> float:
    """Return exp(H), H the entropy of the counts in nats: the number of equally used strategies with as much diversity.

    Hill's number of order 1. Raises `DataError` when a count is negative or all are zero.
    """
    values = list(counts)
    if any(value < 0 for value in values) or sum(values) <= 0:
        raise DataError(f"counts {values}: need at least one positive count and none negative")
    shares = [value / sum(values) for value in values if value > 0]
    return exp(-sum(share * log(share) for share in shares))


def duplicate_rate(labels: Sequence[Hashable]) -> float:
    """Return 1 − distinct/K over the K labels (strategies, normalised methods …) of one tuple."""
    if not labels:
        raise DataError("duplicate rate of no labels; give the K labels of a tuple")
    return 1.0 - len(set(labels)) / len(labels)


def distinct_n(texts: Sequence[Sequence[Hashable]], n: int) -> float:
    """Return distinct-n (arXiv 1510.03055): different n-grams over all n-grams of the token lists; 0 without any."""
    if n < 1:
        raise ConfigError(f"distinct-n: n is {n}; it must be at least 1")
    grams = [tuple(tokens[i : i + n]) for tokens in texts for i in range(len(tokens) - n + 1)]
    return len(set(grams)) / len(grams) if grams else 0.0


def ast_bag(program: str) -> Counter[tuple[str, str]] | None:
    """Return the bag of (parent, child) node types of a Python program's syntax tree, or None if it does not parse.

    Names, constants and the order of siblings do not enter.
    """
    try:
        tree = ast.parse(program)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    return Counter(
        (type(parent).__name__, type(child).__name__)
        for parent in ast.walk(tree)
        for child in ast.iter_child_nodes(parent)
    )


def ast_distance(first: str, second: str) -> float:
    """Return the bag distance of two Python programs: 1 − Σ min / Σ max over `ast_bag` counts (weighted Jaccard).

    A metric in [0, 1]: 0 for programs that differ in names and constants only, 1 without a common node pair. NaN when
    either does not parse.
    """
    a, b = ast_bag(first), ast_bag(second)
    if a is None or b is None:
        return nan
    union = (a | b).total()
    return 1.0 - (a & b).total() / union if union else 0.0


def mean_ast_distance(programs: Sequence[str]) -> float:
    """Return the mean `ast_distance` over the pairs of programs that parse; NaN with fewer than two of them."""
    parsed = [program for program in programs if ast_bag(program) is not None]
    distances = [ast_distance(first, second) for first, second in combinations(parsed, 2)]
    return sum(distances) / len(distances) if distances else nan


class StrategyJudge(Protocol):
    """Names the strategy of each method of a plan, so that equal strategies get equal names."""

    def strategies(self, statement: str, methods: Sequence[str]) -> Sequence[str]:
        """Return one name a method."""


def judged_strategies(judge: StrategyJudge, statement: str, methods: Sequence[str]) -> float:
    """Return the effective number of strategies of a tuple, by the names a judge gives its methods."""
    names = judge.strategies(statement, methods)
    if len(names) != len(methods):
        raise DataError(f"the judge named {len(names)} strategies for {len(methods)} methods; it must name each")
    return effective_strategies(Counter(names).values())
