"""The result of a study: every arm over all training seeds, against the subject and against the limits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from cppo.evaluation.compare import SeedRun, compare_scores, headline_k, seed_scores
from cppo.evaluation.equal_tokens import TokenCost, pass_at_equal_tokens, programs_that_fit, token_cost
from cppo.evaluation.methods import METHODS
from cppo.evaluation.scores import Scores, arm_facts, problem_gains
from cppo.evaluation.settings import ArmSettings
from cppo.measures import LEAST_SEEDS, Mean, mean_over_seeds

FACTS = ("effective_strategies", "duplicate_rate", "true_validity", "parse_rate", "first_slot")
"""Figures of an arm that are averaged over its seeds; None where no seed has one."""

Limits = Mapping[str, Mapping[str, Any]]
"""k → the best policies at it, `independent` and `coordinated` (`limits` of results.json)."""


def over_seeds(
    runs: Sequence[SeedRun], resamples: int, limits: Limits, seed_name: str = "training seed"
) -> dict[str, Any]:
    """Return the result of runs that differ in their training seed, as JSON values.

    Every arm: pass@k with an interval over seeds and problems (hierarchical bootstrap) and every seed's value; the same
    at equal tokens (`equal_tokens`) and the coordination gain; diversity, validity; tokens a problem. The subject:
    compared with every other arm (`compare_scores`, Holm), and held against the testbed's limits. Raises `ConfigError`
    for runs that cannot be put together, `DataError` for missing attempts.
    """
    scores, settings, at = seed_scores(runs), runs[0].settings, headline_k(runs[0])
    costs = {arm.name: _cost(runs, arm) for arm in settings.arms}
    subject = settings.subject
    arms = [_arm(runs, arm, scores[arm.name], resamples) for arm in settings.arms]
    for arm, found in zip(settings.arms, arms, strict=True):
        fits = {k: programs_that_fit(costs[subject], costs[arm.name], k) for k in settings.ks}
        found["equal_tokens"] = _equal_tokens(runs, arm, fits, found["pass_at"], resamples)
    return {
        "runs": [run.name for run in runs],
        "seeds": [run.seed for run in runs],
        "k": runs[0].k,
        "at": at,
        "ks": list(settings.ks),
        "budget": settings.attempts,
        "confidence": settings.confidence,
        "resamples": resamples,
        "subject": subject,
        "arms": arms,
        "comparisons": compare_scores(scores, settings, at, resamples, runs[0].apart),
        "limits": {str(k): dict(limits[str(k)]) for k in settings.ks if str(k) in limits},
        "against_limits": against_limits(scores[subject], limits, resamples, settings.confidence),
        "warnings": seed_warnings(len(runs), seed_name),
    }


def seed_warnings(seeds: int, name: str = "training seed") -> list[str]:
    """Return what to say about the number of seeds, which are called `name`: nothing from three on."""
    if seeds >= LEAST_SEEDS:
        return []
    return [f"{seeds} {name}{'s' * (seeds > 1)}, fewer than {LEAST_SEEDS}: seed noise is not covered"]


def against_limits(
    scores: Sequence[Scores], limits: Limits, resamples: int, confidence: float
) -> dict[str, dict[str, dict[str, float]]]:
    """Return, for every k with limits, "above_independent" (pass@k minus the best independent policy's) and
    "share_of_coordinated" (pass@k over the best coordinated policy's), each with interval and standard error.

    The limits are those of exactly these problems and are known without error, so both are the bootstrap of pass@k over
    seeds and problems, moved or scaled.
    """
    result = {}
    for k in scores[0]:
        if str(k) not in limits:
            continue
        mine = mean_over_seeds(np.stack([s[k] for s in scores]), resamples, confidence)
        independent, coordinated = limits[str(k)]["independent"], limits[str(k)]["coordinated"]
        result[str(k)] = {"above_independent": _moved(mine, -independent, 1.0)}
        if coordinated > 0:
            result[str(k)]["share_of_coordinated"] = _moved(mine, 0.0, 1.0 / coordinated)
    return result


def _moved(mine: Mean, shift: float, scale: float) -> dict[str, float]:
    return {
        "value": (mine.mean + shift) * scale,
        "low": (mine.low + shift) * scale,
        "high": (mine.high + shift) * scale,
        "standard_error": mine.standard_error * scale,
    }


def _arm(runs: Sequence[SeedRun], arm: ArmSettings, scores: Sequence[Scores], resamples: int) -> dict[str, Any]:
    independent, settings = METHODS[arm.method].independent, runs[0].settings
    facts = [arm_facts(run.episodes[arm.name], run.slots(arm.name), independent) for run in runs]
    problems = len(runs[0].problem_ids)
    return {
        "name": arm.name,
        "title": arm.title or arm.name,
        "method": arm.method,
        "stage": arm.stage,
        "independent": independent,
        "k": runs[0].slots(arm.name),
        "pass_at": {
            str(k): _mean(np.stack([s[k] for s in scores]), resamples, settings.confidence) for k in settings.ks
        },
        "coordination_gain": _gain(runs, arm, resamples),
        **{name: spread([fact.get(name) for fact in facts]) for name in FACTS},
        "tokens": {part: spread([fact["tokens"][part] / problems for fact in facts]) for part in ("planner", "solver")},
    }


def _mean(scores_RP: np.ndarray, resamples: int, confidence: float) -> dict[str, Any]:
    found = mean_over_seeds(scores_RP, resamples, confidence)
    seeds = [float(value) for value in scores_RP.mean(axis=1)]
    return {"mean": found.mean, "low": found.low, "high": found.high, "seeds": seeds}


def spread(values: Sequence[float | None]) -> dict[str, Any] | None:
    """Return the mean over seeds and every seed's value; None where no seed has one."""
    known = [value for value in values if value is not None]
    return {"mean": float(np.mean(known)), "seeds": list(values)} if known else None


def _gain(runs: Sequence[SeedRun], arm: ArmSettings, resamples: int) -> dict[str, Any] | None:
    if METHODS[arm.method].independent:
        return None
    gains = [problem_gains(run.episodes[arm.name], run.problem_ids, run.slots(arm.name)) for run in runs]
    known = [gain for gain in gains if gain is not None]
    return _mean(np.stack(known), resamples, runs[0].settings.confidence) if len(known) == len(runs) else None


def _cost(runs: Sequence[SeedRun], arm: ArmSettings) -> TokenCost:
    slots = 1 if METHODS[arm.method].independent else runs[0].slots(arm.name)
    episodes = [run.episodes[arm.name] for run in runs]
    return token_cost(episodes, len(runs[0].problem_ids), runs[0].settings.attempts, slots)


def _equal_tokens(
    runs: Sequence[SeedRun], arm: ArmSettings, fits: Mapping[int, int], pass_at: Mapping[str, Any], resamples: int
) -> dict[str, dict[str, Any] | None]:
    """Return, for every k, how many programs of an independent arm fit the subject's tokens and their pass@; None for
    arms that write tuples, whose samples cannot be stretched."""
    settings = runs[0].settings
    if not METHODS[arm.method].independent or arm.name == settings.subject:
        return {str(k): None for k in settings.ks}
    episodes = [run.episodes[arm.name] for run in runs]
    result: dict[str, dict[str, Any] | None] = {}
    for k, programs in fits.items():
        facts = pass_at[str(k)]  # of as many programs it is pass@k itself
        if programs != k:
            scores = pass_at_equal_tokens(episodes, runs[0].problem_ids, settings.attempts, programs)
            nothing = {"mean": None, "seeds": None}
            facts = nothing if scores is None else _mean(scores, resamples, settings.confidence)
        result[str(k)] = {"programs": programs, **facts}
    return result
