"""Judging stored programs again, under other checkers or limits, without a call to a model."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from cppo.episodes import Branch, Episode, read_episodes, to_row
from cppo.episodes.programs import excerpt
from cppo.errors import DataError
from cppo.evaluation.grid_files import EPISODES
from cppo.evaluation.run import refuse_infra
from cppo.files import write_jsonl
from cppo.grid.layout import Grid
from cppo.grid.problem_sets import ProblemSet
from cppo.policy.engine import StopReason
from cppo.problems import Problem
from cppo.progress import Reporter
from cppo.verifier import ProgramVerdict, Verifier

CHUNK = 100
"""Episodes judged between two lines of progress."""


def replay_grid(old: Grid, new: Grid, sets: Sequence[ProblemSet], checker: str | None, reporter: Reporter) -> int:
    """Judge every program of `old` again and write the episodes into `new`; return how many verdicts changed.

    `checker` stands in place of that of every problem; the limits are those of the recipe of `new`. Calls that failed
    and plans that were no tuples stay as they were; arms that `new` does not have are left out. Raises `DataError` for
    episodes of problems that are not in `sets`.
    """
    changed = 0
    arms = {row.name for row in new.recipe.rows()}
    with Verifier(new.recipe.verifier, workers=new.recipe.verifier.workers) as verifier:
        for one in sets:
            known = {p.id: p if checker is None else with_checker(p, checker) for p in one.problems}
            for seed in new.recipe.seeds:
                stored = _stored(old.seed_directory(one.source, seed) / EPISODES, known)
                episodes = [episode for episode in stored if episode.arm in arms]
                reporter.begin("replay", len(episodes), 0, "episode")
                judged: list[Episode] = []
                for start in range(0, len(episodes), CHUNK):
                    judged += _judge(episodes[start : start + CHUNK], known, verifier)
                    reporter.advance(len(judged))
                reporter.end()
                refuse_infra(judged)
                changed += sum(
                    a.verdict is not b.verdict
                    for before, after in zip(episodes, judged, strict=True)
                    for a, b in zip(before.branches, after.branches, strict=True)
                )
                write_jsonl(new.seed_directory(one.source, seed) / EPISODES, map(to_row, judged))
    return changed


def with_checker(problem: Problem, checker: str) -> Problem:
    """Return the problem with another checker, which replaces a program of its own too."""
    return replace(problem, checker=checker, checker_program="")


def _stored(path: Path, known: Mapping[str, Problem]) -> Iterable[Episode]:
    if not path.exists():
        raise DataError(f"{path} is missing; there is nothing to judge again")
    for episode in read_episodes(path):
        if episode.problem_id not in known:
            raise DataError(f"{path} has episodes of problem {episode.problem_id!r}, which is not in the problem set")
        yield episode


def _judge(episodes: Sequence[Episode], known: Mapping[str, Problem], verifier: Verifier) -> list[Episode]:
    asked = [(known[e.problem_id], branch.program) for e in episodes for branch in e.branches]
    verdicts = iter(verifier.verify(asked))
    return [replace(e, branches=tuple(_again(branch, next(verdicts)) for branch in e.branches)) for e in episodes]


def _again(branch: Branch, verdict: ProgramVerdict) -> Branch:
    if branch.stop == StopReason.ERROR:
        return branch
    return replace(branch, verdict=verdict.verdict, detail=excerpt(verdict))
