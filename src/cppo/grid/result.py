"""From the episodes of an evaluation to its results: one for each problem set, and the table of all of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cppo.episodes import Episode, failures, read_episodes, tokens_by_role
from cppo.errors import DataError
from cppo.evaluation.compare import SeedRun
from cppo.evaluation.grid_files import EPISODES
from cppo.evaluation.over_seeds import over_seeds, spread
from cppo.grid.diversity import program_diversity
from cppo.grid.layout import Grid
from cppo.grid.power import minimum_detectable
from cppo.grid.problem_sets import ProblemSet
from cppo.measures import holm


def set_result(grid: Grid, one: ProblemSet) -> dict[str, Any]:
    """Return the result of a problem set over all seeds, as JSON values.

    As `over_seeds`, with verdicts, faults, failures, tokens by role and diversity of programs of every arm, and what
    the set is. Raises `DataError` for episodes that are missing or damaged.
    """
    settings, runs = grid.recipe.evaluation(), seed_runs(grid, one.source, [problem.id for problem in one.problems])
    result = over_seeds(runs, settings.resamples, {}, "seed")
    for row in result["comparisons"]:
        row["minimum_detectable"] = minimum_detectable(row["low"], row["high"], settings.confidence)
    for arm in result["arms"]:
        found = [program_diversity(run.episodes[arm["name"]], arm["k"], arm["independent"]) for run in runs]
        arm |= {name: spread([one[name] for one in found]) for name in found[0]}
        mine = [episode for run in runs for episode in run.episodes[arm["name"]]]
        arm["roles"] = {role: spent._asdict() for role, spent in tokens_by_role(mine).items()}
        arm["failures"] = {f"{where}/{why}": count for (where, why), count in sorted(failures(mine).items())}
        arm["verdicts"] = _count(branch.verdict.value for episode in mine for branch in episode.branches)
        arm["faults"] = _count(episode.fault for episode in mine if episode.fault)
    return {"name": grid.recipe.name, "problems": one.description(), **result}


def seed_runs(grid: Grid, source: str, ids: Sequence[str]) -> list[SeedRun]:
    """Return the episodes of a problem set, seed by seed. Raises `DataError` for a file that is missing or damaged."""
    settings, runs = grid.recipe.evaluation(), []
    for seed in grid.recipe.seeds:
        path = grid.seed_directory(source, seed) / EPISODES
        if not path.exists():
            raise DataError(f"{path} is missing; run `cppo eval` again, it samples what is owed")
        episodes: dict[str, list[Episode]] = {arm.name: [] for arm in settings.arms}
        for episode in read_episodes(path):
            episodes.setdefault(episode.arm, []).append(episode)
        runs.append(SeedRun(f"seed {seed}", seed, settings, grid.recipe.k, tuple(ids), episodes))
    return runs


def _count(values: Any) -> dict[str, int]:
    found: dict[str, int] = {}
    for value in values:
        found[value] = found.get(value, 0) + 1
    return dict(sorted(found.items()))


def grid_result(grid: Grid, results: Mapping[str, Any]) -> dict[str, Any]:
    """Return the results of all sets together: the comparisons of the subject corrected over all cells (Holm).

    A cell is a set and an arm other than the subject, compared at the headline k. `named_beforehand` says of subject
    and comparator whether they were named, as they are now, before there were results.
    """
    now, named = grid.recipe.named(), grid.record().get("named", {})
    rows = [(source, row) for source, result in results.items() for row in result["comparisons"]]
    adjusted = holm([row["p_value"] for _, row in rows]) if rows else None
    cells = []
    for i, (source, row) in enumerate(rows):
        assert adjusted is not None
        corrected = {"holm_p": float(adjusted.adjusted[i]), "significant": bool(adjusted.rejected[i])}
        cells.append({"set": source, **row, **corrected})
    return {
        "name": grid.recipe.name,
        "sets": [result["problems"] for result in results.values()],
        **now,
        "named_beforehand": {what: name == named.get(what) for what, name in now.items()},
        "results": dict(results),
        "comparisons": cells,
    }
