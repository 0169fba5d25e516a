"""Which tier of the jail a verdict was made in: a part of the name under which it is kept.

"best" is no tier. Which one a machine permits, only a worker can tell that has started there.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

from cppo.verifier.settings import VerifierConfig
from cppo.verifier.tiers import Way, ways

_last: dict[tuple[Way, ...], str] = {}
"""The tier of the worker that started last, by the ways it could have been started in. For this process."""


@dataclass(frozen=True)
class Tiers:
    """The tiers that a verifier's programs run in.

    `possible`: those that its settings permit. `told`: returns those that its workers have told of. `ask`: waits until
    one has; raises `VerifierError` when none can.
    """

    possible: Collection[str]
    told: Callable[[], Collection[str]]
    ask: Callable[[], object]

    def known(self) -> Collection[str]:
        """Return the tiers in use as far as they are known, which takes no time; none: ask."""
        return self.possible if len(self.possible) == 1 else self.told()


def local_tiers(config: VerifierConfig, ask: Callable[[], object]) -> Tiers:
    """Return the tiers of a verifier whose workers are processes of this machine."""
    key = tuple(ways(config))
    return Tiers(possible_tiers(config), lambda: {_last[key]} if key in _last else (), ask)


def possible_tiers(config: VerifierConfig) -> Collection[str]:
    """Return the tiers that the settings permit."""
    return {way.tier for way in ways(config)}


def learn(config: VerifierConfig, tier: str) -> None:
    """Take note of what a worker on this machine has got."""
    _last[tuple(ways(config))] = tier


def kept_key(program_key: bytes, tier: str) -> bytes:
    """Return the name under which the verdict of a program that ran in a tier is kept."""
    return program_key + tier.encode("ascii")
