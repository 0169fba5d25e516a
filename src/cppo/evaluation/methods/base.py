"""What an inference method is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from cppo.episodes import Episode, Sampling, Workbench
from cppo.errors import ConfigError
from cppo.problems import Problem


class Method(Protocol):
    """Spends a budget of solver attempts on each problem.

    `independent`: a problem's attempts are exchangeable (independent samples, or draws without replacement), so that
    pass@k pools them: any k of them stand for a budget of k. Otherwise they come in tuples of K, bound to their slots.
    """

    independent: bool

    def run(
        self,
        problems: Sequence[Problem],
        attempts: int,
        bench: Workbench,
        sampling: Sampling,
        arm: str,
        seed: tuple[object, ...],
    ) -> list[Episode]:
        """Return the episodes of all problems; each problem gets exactly `attempts` solver attempts."""
        ...


def groups_of(attempts: int, k: int, method: str) -> int:
    """Return how many groups of K attempts a budget holds. Raises `ConfigError` when it is no multiple of K."""
    if attempts % k:
        raise ConfigError(f"attempts is {attempts}; method {method!r} needs a multiple of k = {k}")
    return attempts // k
