"""Direct sampling: independent programs, no plan."""

from __future__ import annotations

from collections.abc import Sequence

from cppo.episodes import Episode, Sampling, Workbench, collect_direct
from cppo.problems import Problem


class Direct:
    """`attempts` independent programs a problem (mode DIRECT)."""

    independent = True

    def run(
        self,
        problems: Sequence[Problem],
        attempts: int,
        bench: Workbench,
        sampling: Sampling,
        arm: str,
        seed: tuple[object, ...],
    ) -> list[Episode]:
        return collect_direct(problems, attempts, bench, sampling, arm, seed)
