"""What a family of crossroads problems is: wordings, strategies, traits and an oracle."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from cppo.errors import DataError, choose

ENTRY_POINT = "solve"

Instance = list[Any]
"""The arguments of one test, in the family's canonical order (plain JSON values)."""

MOST_REDRAWS = 20_000


@lru_cache(maxsize=1024)
def _function(program: str) -> Callable[..., Any]:
    scope: dict[str, Any] = {}
    exec(compile(program, "<strategy>", "exec"), scope)  # only the strategies of this package come here
    function: Callable[..., Any] = scope[ENTRY_POINT]
    return function


@dataclass(frozen=True)
class Strategy:
    """One textbook method: its name, the sentence a plan says it with, and the program a solver writes for it.

    `program` defines `solve` with the family's arguments in canonical order.
    """

    name: str
    sentence: str
    program: str

    def run(self, instance: Instance) -> Any:
        """Return the program's answer on `instance`, without any limit; an exception passes through.

        Meant for drawing instances, and only for strategies that are cheap on what is being drawn.
        """
        return _function(self.program)(*(list(value) if isinstance(value, list) else value for value in instance))

    def misses(self, instance: Instance, answer: Any) -> bool:
        """Return whether the program crashes or gives another answer than `answer` on `instance`."""
        try:
            return bool(self.run(instance) != answer)
        except (ArithmeticError, LookupError, ValueError):
            return True


@dataclass(frozen=True)
class Trait:
    """A hidden property of instances. `make(rng)` draws one instance that has it."""

    name: str
    make: Callable[[random.Random], Instance]


@dataclass(frozen=True)
class Family:
    """One kind of problem.

    `arguments` are in canonical order; `wordings` are the two ways to state the task, none of which tells a trait;
    `strategies` go from the commonest to the rarest; `oracle(*instance)` is the right answer, for every trait.
    Raises `DataError` when the parts do not fit together.
    """

    name: str
    arguments: tuple[str, ...]
    wordings: tuple[str, str]
    strategies: tuple[Strategy, ...]
    traits: tuple[Trait, ...]
    oracle: Callable[..., Any]

    def __post_init__(self) -> None:
        for kind, names in (
            ("strategy", [s.name for s in self.strategies]),
            ("sentence", [s.sentence for s in self.strategies]),
            ("trait", [t.name for t in self.traits]),
        ):
            if len(set(names)) != len(names) or not names:
                raise DataError(f"family {self.name!r}: every {kind} must be different, and there must be one: {names}")
        for strategy in self.strategies:
            if strategy.program.count(signature(self.arguments)) != 1:
                raise DataError(
                    f"family {self.name!r}, strategy {strategy.name!r}: the program must contain "
                    f"{signature(self.arguments)!r} exactly once"
                )

    def strategy(self, name: str) -> Strategy:
        """Return the strategy called `name`; raises `ConfigError` with the nearest match."""
        choose(f"strategy of family {self.name}", name, [s.name for s in self.strategies])
        return next(s for s in self.strategies if s.name == name)

    def trait(self, name: str) -> Trait:
        """Return the trait called `name`; raises `ConfigError` with the nearest match."""
        choose(f"trait of family {self.name}", name, [t.name for t in self.traits])
        return next(t for t in self.traits if t.name == name)


def signature(arguments: Sequence[str]) -> str:
    """Return the line that opens a program, such as `def solve(a, b):`."""
    return f"def {ENTRY_POINT}({', '.join(arguments)}):"


def redrawn(
    draw: Callable[[random.Random], Instance], oracle: Callable[..., Any], decoys: Sequence[Strategy]
) -> Callable[[random.Random], Instance]:
    """Return a maker that draws until every one of `decoys` misses the oracle's answer.

    Without it a greedy rule would now and then be right by luck, and the best possible policies of the family
    would depend on that luck. `decoys` must end quickly without a limit on `draw`'s instances. Raises `DataError`
    after 20,000 draws: then `draw` contradicts its decoys.
    """

    def make(rng: random.Random) -> Instance:
        for _ in range(MOST_REDRAWS):
            instance = draw(rng)
            answer = oracle(*instance)
            if all(decoy.misses(instance, answer) for decoy in decoys):
                return instance
        names = ", ".join(decoy.name for decoy in decoys)
        raise DataError(f"{draw.__name__}: no instance in {MOST_REDRAWS} draws on which all of these miss: {names}")

    return make
