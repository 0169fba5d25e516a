"""What exports read: results, problems and episodes of an evaluation."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cppo.episodes import Episode, by_problem, read_episodes
from cppo.errors import RunError
from cppo.evaluation.grid_files import EPISODES, PROBLEMS, RECORD, RESULTS
from cppo.files import read_json
from cppo.grid.layout import Grid
from cppo.grid.problem_sets import read_shown


def results_of(grid: Grid) -> dict[str, Any]:
    """Return results.json. Raises `RunError` when the evaluation is not finished, or was extended since."""
    path = grid.directory / RESULTS
    if not path.exists():
        raise RunError(f"{grid.directory} has no results yet; finish it with the same `cppo eval` command")
    found: dict[str, Any] = read_json(path)
    recipe = grid.recipe
    asked = {source: (list(recipe.seeds), [row.name for row in recipe.rows()]) for source in recipe.problems}
    there = {source: (one["seeds"], [arm["name"] for arm in one["arms"]]) for source, one in found["results"].items()}
    if asked != there:
        raise RunError(
            f"{path} is not of the sets, seeds and arms that {RECORD} names; finish the evaluation with the same "
            "`cppo eval` command"
        )
    return found


def provenance_of(grid: Grid) -> dict[str, Any]:
    """Return versions, machine, command and commit of the evaluation."""
    found = grid.record().get("provenance")
    if not isinstance(found, dict):
        raise RunError(f"{grid.directory / RECORD} holds no provenance; run the same `cppo eval` command again")
    return found


def problems_of(grid: Grid, source: str) -> dict[str, dict[str, Any]]:
    """Return what was written down of the problems of a set, by id."""
    return read_shown(grid.set_directory(source) / PROBLEMS)


def arms_of(grid: Grid, source: str) -> Iterator[tuple[int, str, dict[str, list[Episode]]]]:
    """Yield seed, arm and its episodes by problem."""
    for seed in grid.recipe.seeds:
        by_arm: dict[str, list[Episode]] = {row.name: [] for row in grid.recipe.rows()}
        for episode in read_episodes(grid.seed_directory(source, seed) / EPISODES):
            by_arm.setdefault(episode.arm, []).append(episode)
        for arm, episodes in by_arm.items():
            yield seed, arm, by_problem(episodes)
