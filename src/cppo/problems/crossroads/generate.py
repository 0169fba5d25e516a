"""Crossroads problems from a setting, a split and a seed."""

from __future__ import annotations

import hashlib
import json
import random
from typing import Literal, get_args

from cppo.errors import ConfigError, choose
from cppo.problems.crossroads.family import ENTRY_POINT, Family, Instance, Trait
from cppo.problems.crossroads.registry import FAMILIES
from cppo.problems.crossroads.settings import Setting
from cppo.problems.problem import Limits, Problem, TestCase
from cppo.seeding import derived_random

Split = Literal["train", "validation", "test"]

TENTHS: dict[int, Split] = {8: "validation", 9: "test"}
"""Last digit of a statement's hash → split; the other eight digits are train."""

ROUNDS = (
    "Amber", "Birch", "Cedar", "Delta", "Ember", "Fjord", "Grove", "Heron", "Iris", "Jade", "Kelp", "Lotus",
    "Maple", "North", "Ocean", "Pearl", "Quartz", "River", "Sable", "Tulip", "Umber", "Violet", "Willow", "Zephyr",
)  # fmt: skip
ROUND_NUMBERS = range(1, 25)
SETTERS = (
    "Ada", "Bo", "Cleo", "Dev", "Eli", "Finn", "Gia", "Hugo", "Ines", "Juan", "Kira", "Liam", "Mina", "Noor",
    "Omar", "Pia", "Quin", "Rosa", "Sven", "Tara", "Uma", "Vera", "Wes", "Xena", "Yuri", "Zoe", "Anya", "Boris",
    "Cato", "Dina", "Emil", "Fay", "Glen", "Hana", "Igor", "Jill", "Karl", "Lena", "Milo", "Nell",
)  # fmt: skip

MOST_REPEATS = 1_000


def _digest(text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


def split_of(statement: str) -> Split:
    """Return the split a statement belongs to, whatever its trait, setting or seed: 80 / 10 / 10 % by its hash."""
    return TENTHS.get(int(_digest(statement), 16) % 10, "train")


def _statement(family: Family, split: Split, rng: random.Random) -> tuple[str, list[str], dict[str, object]]:
    """Draw a statement that belongs to `split`; return it, its argument order and the rest it was drawn from."""
    while True:
        arguments = rng.sample(family.arguments, len(family.arguments))
        wording = rng.randrange(len(family.wordings))
        round_name, setter = f"{rng.choice(ROUNDS)} {rng.choice(ROUND_NUMBERS)}", rng.choice(SETTERS)
        statement = (
            f"Round {round_name}, set by {setter}.\n"
            f"{family.wordings[wording]}\n"
            f"Write {ENTRY_POINT}({', '.join(arguments)})."
        )
        if split_of(statement) == split:
            return statement, arguments, {"wording": wording, "round": round_name, "setter": setter}


def _instances(trait: Trait, count: int, rng: random.Random) -> list[Instance]:
    """Draw `count` different instances of the trait."""
    instances: list[Instance] = []
    for _ in range(MOST_REPEATS * count):
        instance = trait.make(rng)
        if instance not in instances:
            instances.append(instance)
        if len(instances) == count:
            return instances
    raise ConfigError(f"trait {trait.name!r} has fewer than {count} different instances; lower tests_per_problem")


def _problem(setting: Setting, split: Split, name: str, rng: random.Random) -> Problem:
    family = FAMILIES[name]
    statement, arguments, decoration = _statement(family, split, rng)
    (trait,) = rng.choices(*setting.traits_of(name))
    places = [family.arguments.index(argument) for argument in arguments]
    tests = tuple(
        TestCase([instance[place] for place in places], family.oracle(*instance))
        for instance in _instances(trait, setting.tests_per_problem, rng)
    )
    content = json.dumps([statement, [[test.input, test.output] for test in tests]])
    return Problem(
        id=f"crossroads/{name}/{_digest(content)}",
        statement=statement,
        tests=tests,
        mode="call",
        entry_point=ENTRY_POINT,
        limits=Limits(lines=setting.line_limit),
        source="crossroads",
        metadata={
            "family": name,
            "trait": trait.name,
            "strategies": [strategy.name for strategy in setting.strategies_of(name)],
            "arguments": arguments,
            **decoration,
        },
    )


def generate(setting: Setting, split: Split, count: int, seed: int) -> list[Problem]:
    """Return `count` problems, each with its own id; the families take turns.

    Everything follows from (setting, split, seed): the first problems of a longer list are those of a shorter one,
    and no statement of one split ever appears in another. A statement, the only thing a policy reads, tells the
    family but is independent of the trait; the tests are drawn from the trait and follow the statement's argument
    order. `metadata` holds family, trait, strategies, arguments, wording, round and setter. Raises `ConfigError`
    for an unknown split or a negative count.
    """
    choose("split", split, get_args(Split))
    if count < 0:
        raise ConfigError(f"count is {count}; it must be 0 or more")
    problems: dict[str, Problem] = {}
    turn = 0
    while len(problems) < count:
        name = setting.families[turn % len(setting.families)]
        problem = _problem(setting, split, name, derived_random("crossroads", seed, split, turn))
        problems.setdefault(problem.id, problem)
        turn += 1
    return list(problems.values())
