"""From finished runs to the result of a study: results.json over seeds, ablations.json against the full method."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

from cppo.budget import training_attempts, unequal_ablations
from cppo.config import leaves
from cppo.episodes import Episode, read_episodes
from cppo.errors import ConfigError, RunError
from cppo.evaluation.compare import SeedRun
from cppo.evaluation.over_seeds import over_seeds
from cppo.evaluation.study_settings import FULL
from cppo.files import read_json
from cppo.inherit import NEUTRAL, all_needs, differing, settings_of
from cppo.recipe import Recipe
from cppo.runs import HARMLESS_KEYS, Run
from cppo.study.layout import Study

RESULTS, ABLATIONS = "results.json", "ablations.json"
SAME_LIMIT = 1e-6
"""Limits that differ by less are the same: they are found to 1e-8, and two machines may round apart."""


def read_seed_run(run: Run, name: str) -> SeedRun:
    """Read the episodes of an evaluated run. Raises `RunError` when it has not been evaluated, `DataError` when they
    are damaged."""
    recipe = run.recipe
    if run.done("evaluate") is None:
        raise RunError(
            f"{name} has no complete evaluation; finish it first, with the command that began it or with `cppo eval "
            f"RECIPE --output {run.directory}`"
        )
    episodes: dict[str, list[Episode]] = {arm.name: [] for arm in recipe.evaluation.arms}
    for episode in read_episodes(run.directory / "episodes.jsonl"):
        episodes.setdefault(episode.arm, []).append(episode)
    ids = tuple(dict.fromkeys(episode.problem_id for mine in episodes.values() for episode in mine))
    training = training_settings(run, {arm.stage for arm in recipe.evaluation.arms})
    return SeedRun(name, recipe.seed, recipe.evaluation, recipe.k, ids, episodes, training=training)


def training_settings(run: Run, stages: Collection[str]) -> dict[str, Any]:
    """Return by dotted key what the policies that `stages` leave and their verdicts come from: the recipe without the
    seed, without what changes no result, and with the contents of files (SHA-256) for their names."""
    used = set[str]().union(*(all_needs(run, stage) for stage in stages))
    files = (run.done("prepare") or {}).get("files", {})
    return {
        key: files.get(value, value) if isinstance(value, str) else value
        for key, value in leaves(run.recipe.model_dump(mode="json", exclude={"seed"}))
        if not (key in HARMLESS_KEYS or key.startswith(NEUTRAL) or key.endswith(".on_fail"))
        and settings_of(key) in (None, *used)
    }


def study_result(study: Study, runs: Sequence[Run]) -> dict[str, Any]:
    """Return the result of the study's seeds as JSON values. Raises `ConfigError` for runs that do not fit together."""
    read = [read_seed_run(run, run.directory.name) for run in runs]
    result = over_seeds(read, study.recipe.evaluation.resamples, _limits(runs))
    recipes = {arm.name: (study.recipe, arm.stage) for arm in study.recipe.evaluation.arms}
    return _described(study, runs, result, recipes)


def ablation_result(study: Study, by_seed: Mapping[int, Mapping[str, Run]]) -> dict[str, Any]:
    """Return the full method beside every ablation. `by_seed`: for each seed the run of every ablation, `FULL` too.

    Raises `ConfigError` when the ablations of a seed were evaluated on different problems.
    """
    settings = study.recipe.evaluation
    recipes = {name: study.ablation_recipe(name) for name in (FULL, *study.ablations)}
    subject = next(arm for arm in settings.arms if arm.name == settings.subject)
    arms = (subject, *(recipes[name].evaluation.arms[0] for name in study.ablations))
    slots = {name: recipes[name].k for name in study.ablations}
    read = [
        _joined(f"seed-{seed}", settings.subject, {name: read_seed_run(run, name) for name, run in runs.items()})
        for seed, runs in by_seed.items()
    ]
    apart = frozenset(name for name in study.ablations if not _shares_start(study, name))
    settings = settings.model_copy(update={"arms": arms})
    full = [runs[FULL] for runs in by_seed.values()]  # a seed's own run, or one of the subject's arm alone
    together = [
        replace(one, settings=settings, k_of=slots, apart=apart, training=training_settings(run, {subject.stage}))
        for one, run in zip(read, full, strict=True)
    ]
    result = over_seeds(together, settings.resamples, _limits(full))
    trained = {subject.name: (study.recipe, subject.stage)}
    trained |= {arm.name: (recipes[arm.name], arm.stage) for arm in arms[1:]}
    described = _described(study, full, result, trained)
    for arm in described["arms"]:
        arm["set"] = list(study.recipe.study.ablations[arm["name"]].set) if arm["name"] in slots else []
    described["warnings"] += unequal_ablations(study.recipe)
    return described


def _shares_start(study: Study, name: str) -> bool:
    """Whether an ablation and the full method start from the same stage 1 in every seed."""
    full, ablated = (Run(study.directory, study.ablation_recipe(one)) for one in (FULL, name))
    return not differing(ablated, full, "sft")


def _joined(name: str, subject: str, runs: Mapping[str, SeedRun]) -> SeedRun:
    """Return one run with the subject's arm of the full method and the one arm of every ablation."""
    full = runs[FULL]
    episodes = {subject: full.episodes[subject]}
    for ablation, run in runs.items():
        if ablation == FULL:
            continue
        if run.problem_ids != full.problem_ids:
            raise ConfigError(
                f"{name}: ablation {ablation!r} and the full method were evaluated on different test problems; delete "
                f"ablations/{ablation}/{name}/stages/evaluate of the study and run the same command again"
            )
        episodes[ablation] = run.episodes[ablation]
    return replace(full, name=name, episodes=episodes)


def _described(
    study: Study, runs: Sequence[Run], result: dict[str, Any], trained: Mapping[str, tuple[Recipe, str]]
) -> dict[str, Any]:
    """Add what the figures are of: name, problems, and program attempts in training."""
    for arm in result["arms"]:
        attempts = training_attempts(*trained[arm["name"]])
        arm["training_programs"] = attempts.programs if attempts else 0
    problems = read_json(runs[0].directory / RESULTS)["problems"]
    return {"name": study.recipe.name, "problems": problems, **result}


def _limits(runs: Sequence[Run]) -> Mapping[str, Mapping[str, Any]]:
    """Return the testbed's limits, {} without a testbed. They are those of the problems, so all runs must agree."""
    found: list[dict[str, dict[str, Any]]] = [read_json(run.directory / RESULTS).get("limits", {}) for run in runs]
    values = [dict(leaves(limits)) for limits in found]
    for run, mine in zip(runs, values, strict=True):
        close = (math.isclose(mine[key], values[0][key], abs_tol=SAME_LIMIT) for key in values[0] if key in mine)
        if mine.keys() != values[0].keys() or not all(close):
            raise ConfigError(
                f"{run.directory} and {runs[0].directory} have other limits: they were evaluated on different test "
                "problems; evaluate both on the same [problems]"
            )
    return found[0]
