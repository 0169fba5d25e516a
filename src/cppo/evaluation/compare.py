"""Several runs of one recipe, which differ in their training seed, as one result."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from cppo.episodes import Episode
from cppo.errors import ConfigError
from cppo.evaluation.methods import METHODS
from cppo.evaluation.scores import Scores, comparisons, problem_scores
from cppo.evaluation.settings import EvaluationSettings


@dataclass(frozen=True)
class SeedRun:
    """One evaluated run: its name for people, training seed, settings, K, test problems and episodes by arm.

    `k_of`: the K of arms whose tuples have another one than the run's.
    """

    name: str
    seed: int
    settings: EvaluationSettings
    k: int
    problem_ids: tuple[str, ...]
    episodes: Mapping[str, Sequence[Episode]]
    k_of: Mapping[str, int] = field(default_factory=dict)

    def slots(self, arm: str) -> int:
        """Return the K of an arm."""
        return self.k_of.get(arm, self.k)


def check_runs(runs: Sequence[SeedRun]) -> None:
    """Raise `ConfigError` for runs on other test problems or budgets, with other settings, or of the same seed."""
    first = runs[0]
    for run in runs[1:]:
        if run.problem_ids != first.problem_ids:
            raise ConfigError(f"{run.name} and {first.name} were evaluated on different test problems")
        if (run.settings, run.k, run.k_of) != (first.settings, first.k, first.k_of):
            raise ConfigError(f"{run.name} and {first.name} differ in k or in [evaluation]: arms, budget or sampling")
    if len({run.seed for run in runs}) < len(runs):
        raise ConfigError(f"the training seeds are {[run.seed for run in runs]}; each may occur once")


def seed_scores(runs: Sequence[SeedRun]) -> dict[str, list[Scores]]:
    """Return, for every arm, pass@k of every problem in each run, in the order of the runs.

    Raises `DataError` when a problem lacks attempts, `ConfigError` as `check_runs`.
    """
    check_runs(runs)
    settings = runs[0].settings
    return {
        arm.name: [
            problem_scores(
                run.episodes[arm.name], run.problem_ids, settings.ks, run.slots(arm.name), settings.attempts,
                METHODS[arm.method].independent,
            )
            for run in runs
        ]
        for arm in settings.arms
    }  # fmt: skip


def compare_runs(runs: Sequence[SeedRun], resamples: int) -> dict[str, Any]:
    """Return pass@k of every arm over all seeds and the comparisons of the subject with the others.

    Hierarchical paired bootstrap: problems are shared by both arms; the arms of one seed start from the same stage-1
    weights, so seeds are resampled jointly. Raises `ConfigError` for runs on other test problems or budgets, or of the
    same seed.
    """
    scores = seed_scores(runs)
    settings = runs[0].settings
    at = headline_k(runs[0])
    return {
        "runs": [run.name for run in runs],
        "seeds": [run.seed for run in runs],
        "k": at,
        "ks": list(settings.ks),
        "arms": [
            {
                "name": arm.name,
                "title": arm.title or arm.name,
                "pass_at": {str(k): [float(np.mean(s[k])) for s in scores[arm.name]] for k in settings.ks},
            }
            for arm in settings.arms
        ],
        "comparisons": compare_scores(scores, settings, at, resamples),
    }


def headline_k(run: SeedRun) -> int:
    """Return the k at which arms are compared: the largest that one tuple covers."""
    return max(k for k in run.settings.ks if k <= run.k)


def compare_scores(
    scores: Mapping[str, Sequence[Scores]], settings: EvaluationSettings, at: int, resamples: int
) -> list[dict[str, Any]]:
    """Return the comparisons of the subject with every other arm at pass@`at`, seeds resampled jointly."""
    return comparisons(scores, settings.subject, at, resamples, settings.confidence, seed=0, joint_seeds=True)
