"""Several runs of one recipe, which differ in their training seed, as one result."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from cppo.config import differences
from cppo.episodes import Episode
from cppo.errors import ConfigError, DataError
from cppo.evaluation.methods import METHODS
from cppo.evaluation.scores import Scores, comparisons, problem_scores
from cppo.evaluation.settings import ArmSettings, EvaluationSettings


@dataclass(frozen=True)
class SeedRun:
    """One evaluated run: its name for people, training seed, settings, K, test problems and episodes by arm.

    `k_of`: the K of arms whose tuples have another one than the run's. `apart`: arms that do not start from the stage-1
    weights the subject started from. `training`: what the policies and verdicts come from, by key, the seed left out.
    """

    name: str
    seed: int
    settings: EvaluationSettings
    k: int
    problem_ids: tuple[str, ...]
    episodes: Mapping[str, Sequence[Episode]]
    k_of: Mapping[str, int] = field(default_factory=dict)
    apart: frozenset[str] = frozenset()
    training: Mapping[str, Any] = field(default_factory=dict)

    def slots(self, arm: str) -> int:
        """Return the K of an arm."""
        return self.k_of.get(arm, self.k)


SHOWN = 8
"""Settings that are named of runs that differ."""


def check_runs(runs: Sequence[SeedRun]) -> None:
    """Raise `ConfigError` for runs on other test problems or budgets, of another training, or of the same seed."""
    first = runs[0]
    for run in runs[1:]:
        if run.problem_ids != first.problem_ids:
            shared = len({*run.problem_ids} & {*first.problem_ids})
            raise ConfigError(
                f"{first.name} and {run.name} were evaluated on different test problems: {len(first.problem_ids)} and "
                f"{len(run.problem_ids)}, {shared} in both or in another order; evaluate both on the same [problems]"
            )
        if lines := [*differences(_sampled(first), _sampled(run))]:
            raise ConfigError(
                f"{first.name} and {run.name} differ in k or in [evaluation]: arms, budget or sampling:\n  "
                f"{_listed(lines)}\nevaluate both with the same settings"
            )
        if lines := [*differences(first.training, run.training)]:
            raise ConfigError(
                f"{first.name} and {run.name} were not trained alike:\n  {_listed(lines)}\n"
                "only runs of one recipe that differ in their seed are put together"
            )
    if len({run.seed for run in runs}) < len(runs):
        seeds = ", ".join(f"{run.seed} ({run.name})" for run in runs)
        raise ConfigError(f"the training seeds are {seeds}; each may occur once: give one run a seed")


def _sampled(run: SeedRun) -> dict[str, Any]:
    evaluation = run.settings.model_dump(mode="json")
    evaluation["arms"] = {arm["name"]: arm for arm in evaluation["arms"]}
    return {"k": run.k, "evaluation": evaluation, "k_of": {**run.k_of}, "apart": sorted(run.apart)}


def _listed(lines: Sequence[str]) -> str:
    more = [f"and {len(lines) - SHOWN} more"] if len(lines) > SHOWN else []
    return "\n  ".join([*lines[:SHOWN], *more])


def seed_scores(runs: Sequence[SeedRun]) -> dict[str, list[Scores]]:
    """Return, for every arm, pass@k of every problem in each run, in the order of the runs.

    Raises `DataError` when a problem lacks attempts, `ConfigError` as `check_runs`.
    """
    check_runs(runs)
    return {arm.name: [_scores(run, arm) for run in runs] for arm in runs[0].settings.arms}


def _scores(run: SeedRun, arm: ArmSettings) -> Scores:
    episodes, settings = run.episodes[arm.name], run.settings
    independent = METHODS[arm.method].independent
    try:
        return problem_scores(
            episodes, run.problem_ids, settings.ks, run.slots(arm.name), settings.attempts, independent
        )
    except DataError as error:
        raise DataError(f"{run.name}, {arm.name!r}: {error}; its record is incomplete, evaluate it again") from None


def compare_runs(runs: Sequence[SeedRun], resamples: int) -> dict[str, Any]:
    """Return pass@k of every arm over all seeds and the comparisons of the subject with the others.

    Hierarchical paired bootstrap: problems are shared by both arms; the arms of one seed start from the same stage-1
    weights, so seeds are resampled jointly. Raises `ConfigError` as `check_runs`.
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
        "comparisons": compare_scores(scores, settings, at, resamples, runs[0].apart),
    }


def headline_k(run: SeedRun) -> int:
    """Return the k at which arms are compared: the largest that one tuple covers."""
    return max(k for k in run.settings.ks if k <= run.k)


def compare_scores(
    scores: Mapping[str, Sequence[Scores]],
    settings: EvaluationSettings,
    at: int,
    resamples: int,
    apart: Collection[str] = (),
) -> list[dict[str, Any]]:
    """Return the comparisons of the subject with every other arm at pass@`at`: seeds are resampled jointly, but for
    arms that stand `apart`, which have a stage 1 of their own."""
    joint = scores.keys() - apart
    return comparisons(scores, settings.subject, at, resamples, settings.confidence, seed=0, joint_seeds=joint)
