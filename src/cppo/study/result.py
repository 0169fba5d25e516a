"""From finished runs to the result of a study: results.json over seeds, ablations.json against the full method."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from cppo.episodes import Episode, read_episodes
from cppo.errors import ConfigError
from cppo.evaluation.compare import SeedRun
from cppo.evaluation.over_seeds import over_seeds
from cppo.evaluation.study_settings import FULL
from cppo.files import read_json
from cppo.recipe import Recipe
from cppo.runs import Run
from cppo.study.budget import training_attempts
from cppo.study.layout import Study

RESULTS, ABLATIONS = "results.json", "ablations.json"


def read_seed_run(run: Run, name: str) -> SeedRun:
    """Read the episodes of an evaluated run. Raises `DataError` when they are missing or damaged."""
    recipe = run.recipe
    episodes: dict[str, list[Episode]] = {arm.name: [] for arm in recipe.evaluation.arms}
    for episode in read_episodes(run.directory / "episodes.jsonl"):
        episodes.setdefault(episode.arm, []).append(episode)
    ids = tuple(dict.fromkeys(episode.problem_id for mine in episodes.values() for episode in mine))
    return SeedRun(name, recipe.seed, recipe.evaluation, recipe.k, ids, episodes)


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
    together = [replace(run, settings=settings.model_copy(update={"arms": arms}), k_of=slots) for run in read]
    full = [runs[FULL] for runs in by_seed.values()]
    result = over_seeds(together, settings.resamples, _limits(full))
    trained = {subject.name: (study.recipe, subject.stage)}
    trained |= {arm.name: (recipes[arm.name], arm.stage) for arm in arms[1:]}
    described = _described(study, full, result, trained)
    for arm in described["arms"]:
        arm["set"] = list(study.recipe.study.ablations[arm["name"]].set) if arm["name"] in slots else []
    described["warnings"] += _unequal(described["arms"])
    return described


def _unequal(arms: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return which ablations were trained on another number of programs than the full method, the first arm."""
    full, *others = arms
    return [
        f"{arm['title']} was trained on {arm['training_programs']:,} programs, {full['title']} on "
        f"{full['training_programs']:,}: part of their difference may be that"
        for arm in others
        if arm["training_programs"] not in (0, full["training_programs"])
    ]


def _joined(name: str, subject: str, runs: Mapping[str, SeedRun]) -> SeedRun:
    """Return one run with the subject's arm of the full method and the one arm of every ablation."""
    full = runs[FULL]
    episodes = {subject: full.episodes[subject]}
    for ablation, run in runs.items():
        if ablation == FULL:
            continue
        if run.problem_ids != full.problem_ids:
            raise ConfigError(
                f"{name}: ablation {ablation!r} and the full method were evaluated on different test problems"
            )
        episodes[ablation] = run.episodes[ablation]
    return SeedRun(name, full.seed, full.settings, full.k, full.problem_ids, episodes)


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
    for run, limits in zip(runs, found, strict=True):
        if limits != found[0]:
            raise ConfigError(
                f"{run.directory} and {runs[0].directory} have other limits: they were evaluated on different test "
                "problems"
            )
    return found[0]
