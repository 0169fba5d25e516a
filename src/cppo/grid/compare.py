"""Two evaluations against each other: the arms that both have, on the same problems, at the same budget."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

import numpy as np

from cppo.errors import ConfigError, RunError
from cppo.evaluation.compare import SeedRun, headline_k, seed_scores
from cppo.evaluation.grid_files import PROBLEMS, RESULTS
from cppo.evaluation.over_seeds import seed_warnings
from cppo.files import read_json
from cppo.grid.layout import SPEED_KEYS, Grid
from cppo.grid.power import minimum_detectable
from cppo.grid.problem_sets import read_shown
from cppo.grid.result import seed_runs
from cppo.grid.settings import GridArm, set_name
from cppo.measures import compare, holm

BUDGET = ("attempts", "k", "ks", "plan_tokens", "program_tokens")
"""Keys of both recipes that must agree: what every arm may spend, and at which k it is measured."""


def compare_grids(a: Grid, b: Grid, resamples: int) -> dict[str, Any]:
    """Return pass@k of A minus that of B for every arm that both have, on every problem set, as JSON values.

    An arm is in both when its name and its method are. Hierarchical paired bootstrap, problems shared, seeds drawn
    within each evaluation; sign-flip test; Holm over all cells. Raises `ConfigError` for evaluations on different
    problem sets, of different seeds or budgets, or without an arm in common; `RunError` for one that is not finished.
    """
    refuse_unequal(a, b)
    arms = _common(a, b)
    cells: list[dict[str, Any]] = []
    for sources in zip(a.recipe.problems, b.recipe.problems, strict=True):
        problems = [_problems(grid, source) for grid, source in zip((a, b), sources, strict=True)]
        if problems[0]["fingerprint"] != problems[1]["fingerprint"]:
            raise ConfigError(
                f"{sources[0]} is not the same in both: {problems[0]['test']} problems in {a.directory}, "
                f"{problems[1]['test']} in {b.directory}, or other tests; evaluate both on the same"
            )
        runs = [_runs(grid, source, problems[0]["test"]) for grid, source in zip((a, b), sources, strict=True)]
        scores, at = [seed_scores(mine) for mine in runs], headline_k(runs[0][0])
        for arm in arms:
            mine, other = (np.stack([one[at] for one in score[arm.name]]) for score in scores)
            found = compare(mine, other, resamples=resamples, confidence=a.recipe.confidence)
            facts = {
                key: value for key, value in asdict(found).items() if key not in ("one_seed", "seeds_b", "warnings")
            }
            detectable = minimum_detectable(found.low, found.high, found.confidence)
            of = {"set": sources[0], "arm": arm.name, "title": arm.title, "k": at, "tests": problems[0]["tests"]}
            cells.append({**of, **facts, "minimum_detectable": detectable})
    adjusted = holm([cell["p_value"] for cell in cells])
    for cell, p, rejected in zip(cells, adjusted.adjusted, adjusted.rejected, strict=True):
        cell |= {"holm_p": float(p), "significant": bool(rejected)}
    names = [grid.recipe.name if a.recipe.name != b.recipe.name else str(grid.directory) for grid in (a, b)]
    seeds = list(a.recipe.seeds)
    return {"a": names[0], "b": names[1], "seeds": seeds, "cells": cells, "warnings": seed_warnings(len(seeds), "seed")}


def refuse_unequal(a: Grid, b: Grid) -> None:
    """Raise `ConfigError` for evaluations on different problem sets, of different seeds or budgets."""
    for what, mine, other in _to_agree(a, b):
        if mine != other:
            raise ConfigError(
                f"{what}: {mine} in {a.directory}, {other} in {b.directory}; evaluations that are compared need the "
                "same"
            )


def _to_agree(a: Grid, b: Grid) -> Iterator[tuple[str, Any, Any]]:
    yield "problem sets", list(map(set_name, a.recipe.problems)), list(map(set_name, b.recipe.problems))
    yield "seeds", list(a.recipe.seeds), list(b.recipe.seeds)
    for key in BUDGET:
        yield key, getattr(a.recipe, key), getattr(b.recipe, key)
    limits = [one.recipe.verifier.model_dump(mode="json") for one in (a, b)]
    for key in limits[0]:
        if not SPEED_KEYS.fullmatch(f"verifier.{key}"):
            yield f"verifier.{key}", limits[0][key], limits[1][key]
    checkers = [(one.record().get("replay") or {}).get("checker") or "of each problem" for one in (a, b)]
    yield "checker", checkers[0], checkers[1]


def _common(a: Grid, b: Grid) -> list[GridArm]:
    rows = [{(row.name, row.method): row for row in grid.recipe.rows()} for grid in (a, b)]
    if not rows[0].keys() & rows[1].keys():
        names = [", ".join(f"{name} ({method})" for name, method in mine) for mine in rows]
        raise ConfigError(f"no arm (name and method) is in both evaluations: {names[0]} in A; {names[1]} in B")
    return [row for key, row in rows[0].items() if key in rows[1]]


def _runs(grid: Grid, source: str, count: int) -> list[SeedRun]:
    return seed_runs(grid, source, list(read_shown(grid.set_directory(source) / PROBLEMS))[:count])


def _problems(grid: Grid, source: str) -> dict[str, Any]:
    path = grid.directory / RESULTS
    results = read_json(path)["results"] if path.exists() else {}
    if source not in results:
        raise RunError(f"{grid.directory} has no results of {source} yet; finish it with the same `cppo eval` command")
    found: dict[str, Any] = results[source]["problems"]
    return found
