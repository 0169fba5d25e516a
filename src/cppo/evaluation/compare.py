"""Several runs of one recipe, which differ in their training seed, as one result."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from cppo.episodes import Episode
from cppo.errors import ConfigError
from cppo.evaluation.methods import METHODS
from cppo.evaluation.scores import Scores, comparisons, problem_scores
from cppo.evaluation.settings import EvaluationSettings


@dataclass(frozen=True)
class SeedRun:
    """One evaluated run: its name for people, training seed, settings, K, test problems and episodes by arm."""

    name: str
    seed: int
    settings: EvaluationSettings
    k: int
    problem_ids: tuple[str, ...]
    episodes: dict[str, list[Episode]]


def compare_runs(runs: Sequence[SeedRun], resamples: int) -> dict[str, Any]:
    """Return pass@k of every arm over all seeds and the comparisons of the subject with the others.

    Hierarchical paired bootstrap: problems are shared by both arms; the arms of one seed start from the same stage-1
    weights, so seeds are resampled jointly. Raises `ConfigError` for runs on other test problems or budgets, or of the
    same seed.
    """
    first = runs[0]
    for run in runs[1:]:
        if run.problem_ids != first.problem_ids:
            raise ConfigError(f"{run.name} and {first.name} were evaluated on different test problems")
        if (run.settings, run.k) != (first.settings, first.k):
            raise ConfigError(f"{run.name} and {first.name} differ in k or in [evaluation]: arms, budget or sampling")
    if len({run.seed for run in runs}) < len(runs):
        raise ConfigError(f"the training seeds are {[run.seed for run in runs]}; each may occur once")
    settings = first.settings
    scores: dict[str, list[Scores]] = {
        arm.name: [
            problem_scores(
                run.episodes[arm.name], run.problem_ids, settings.ks, run.k, settings.attempts,
                METHODS[arm.method].independent,
            )
            for run in runs
        ]
        for arm in settings.arms
    }  # fmt: skip
    at = max(k for k in settings.ks if k <= first.k)
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
        "comparisons": comparisons(
            scores, settings.subject, at, resamples, settings.confidence, seed=0, joint_seeds=True
        ),
    }
