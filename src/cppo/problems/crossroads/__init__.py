"""Crossroads: a testbed of small programming problems on which several textbook strategies look right.

A hidden trait of the instances decides which of the strategies pass. Programs are real Python, really executed, so
the success matrix is known by execution, and with it the best possible independent and coordinated policies.
Held-out statements share families and strategies with training: the testbed measures coordination, not invention.
"""

from cppo.problems.crossroads.family import Family, Strategy, Trait
from cppo.problems.crossroads.generate import Split, generate, split_of
from cppo.problems.crossroads.gold import (
    find_any,
    find_strategy,
    gold_plan,
    gold_strategy,
    program_for,
    strategies_of,
)
from cppo.problems.crossroads.registry import FAMILIES, find_family
from cppo.problems.crossroads.settings import ALL, EQUAL, SETTINGS, SKEWED, Setting

__all__ = [
    "ALL",
    "EQUAL",
    "FAMILIES",
    "SETTINGS",
    "SKEWED",
    "Family",
    "Setting",
    "Split",
    "Strategy",
    "Trait",
    "find_any",
    "find_family",
    "find_strategy",
    "generate",
    "gold_plan",
    "gold_strategy",
    "program_for",
    "split_of",
    "strategies_of",
]
