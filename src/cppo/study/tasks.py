"""What is left to do of a study and of its ablations, as tasks of the scheduler."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from functools import partial

from cppo.evaluation.study_settings import FULL
from cppo.inherit import all_needs, differing, inherit
from cppo.pipeline import needs, pick_stages
from cppo.runs import Run
from cppo.study.layout import Study
from cppo.study.scheduler import Task


def seed_tasks(study: Study, runs: Iterable[Run]) -> list[Task]:
    """Return the stages that the runs of the seeds still owe, run by run."""
    return [task for run in runs for task in _owed(study, run, pick_stages(run, None))]


def ablation_tasks(study: Study, runs: Sequence[Run], seed_run: Run) -> list[Task]:
    """Return what the ablation runs of one seed still owe, after what they share with the run of that seed.

    A stage whose settings an ablation does not change is trained once, in the run of the seed, and taken over.
    """
    shared: set[str] = set()
    own: list[Task] = []
    for run in runs:
        stages = [name for name in run.recipe.stages() if name in all_needs(run, "evaluate")]
        for stage in stages:
            if run.done(stage) is not None:
                continue
            if stage == "evaluate" or differing(run, seed_run, stage):
                own.append(_child(study, run, stage, stages))
                continue
            shared |= all_needs(seed_run, stage)
            take = partial(inherit, run, seed_run, [stage])
            source = frozenset({study.task_name(seed_run, stage)})
            own.append(Task(study.task_name(run, stage), stage, source, here=take))
    first = [name for name in seed_run.recipe.stages() if name in shared]
    return [*_owed(study, seed_run, first), *own]


def ablation_runs(study: Study, seed: int, seed_run: Run) -> list[Run]:
    """Open the runs of every ablation for one seed; the full method's own unless the seed's run has evaluated it."""
    full = [] if seed_run.done("evaluate") is not None else [FULL]
    return [study.ablation_run(name, seed) for name in (*full, *study.ablations)]


def finished_seconds(runs: Iterable[Run]) -> dict[str, list[float]]:
    """Return the seconds of complete stages by name, over all runs; a stage that several share counts once."""
    took: dict[str, list[float]] = {}
    for run in runs:
        for stage in run.recipe.stages():
            seconds = (run.done(stage) or {}).get("seconds")
            if seconds is not None and seconds not in took.setdefault(stage, []):
                took[stage].append(float(seconds))
    return took


def _owed(study: Study, run: Run, stages: Sequence[str]) -> list[Task]:
    return [_child(study, run, stage, stages) for stage in stages if run.done(stage) is None]


def _child(study: Study, run: Run, stage: str, stages: Collection[str]) -> Task:
    before = needs(run, stage)
    if stage == "joint" and "audit" in stages:
        before = before | {"audit"}  # a gate: what it stops must not have begun
    work = (str(run.directory), stage)
    return Task(study.task_name(run, stage), stage, frozenset(study.task_name(run, name) for name in before), work)
