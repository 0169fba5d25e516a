"""Stages in order, each once: what is done is not done again, what was killed goes on where it can."""

from __future__ import annotations

import errno
import shutil
import time
from collections.abc import Sequence
from functools import partial

from cppo.budget import check_equal_attempts
from cppo.context import Context
from cppo.errors import CppoError, RunError, choose
from cppo.lanes import Lane
from cppo.progress import Reporter
from cppo.recipe import FINAL_STAGES, MAIN_STAGES
from cppo.runs import Run
from cppo.stages import Summary, stage_function

BASELINE_LANE = "baselines"
LEAST_FREE = 2**20
"""Bytes of free disk under which a failure to write is put down to the disk."""
PATIENCE = 20.0
"""Seconds that a stage waits for its lock: a child of a process that was killed just now is still about to end."""


def pick_stages(run: Run, wanted: Sequence[str] | None) -> list[str]:
    """Return the stages to run, in order. Raises `ConfigError` for an unknown name, naming the nearest."""
    every = run.recipe.stages()
    if wanted is None:
        needed = {arm.stage for arm in run.recipe.evaluation.arms}
        return [name for name in every if name not in run.recipe.baselines or name in needed]
    chosen = {choose("stage", name, every) for name in wanted}
    return [name for name in every if name in chosen]


def needs(run: Run, stage: str) -> set[str]:
    """Return the stages whose results `stage` reads."""
    recipe = run.recipe
    if stage == "prepare":
        return set()
    if stage == "evaluate":
        return {"prepare", *(arm.stage for arm in recipe.evaluation.arms)}
    main = {
        "sft": set[str](),
        "validity": {"sft"} if recipe.validity.start == "sft" and recipe.validity.path is None else set[str](),
        "warmup": {"sft", "validity"},
        "audit": {"warmup", "validity"},
        "joint": {recipe.joint.start, "validity"},
        "report": {"evaluate"},
    }
    return {"prepare"} | main.get(stage, {"sft"})


def refuse_gaps(run: Run, stages: Sequence[str]) -> None:
    """Raise `RunError` before any work when a stage to run needs one that is neither complete nor to be run."""
    for name in stages:
        for needed in sorted(needs(run, name)):
            if needed not in stages and run.done(needed) is None:
                how = f"cppo baseline RECIPE {needed}" if needed in run.recipe.baselines else f"cppo {needed} RECIPE"
                raise RunError(
                    f"stage {name!r} needs stage {needed!r}, which is not complete in {run.directory}; run it "
                    f"first ({how}), or leave --stages out to run all"
                )


def run_stages(run: Run, stages: Sequence[str], reporter: Reporter) -> None:
    """Run `stages` in this process, each under its own lock, skipping those that are complete.

    Raises `RunError` when another process is at work on one of them and does not end soon.
    """
    with Context(run, reporter) as context:
        for name in stages:
            with run.lock(name, PATIENCE):
                if run.done(name) is not None:
                    reporter.say(f"{name}: already complete")
                    continue
                began = time.perf_counter()
                reporter.say(f"{name}: started")
                summary = _work(name, context)
                seconds = time.perf_counter() - began
                run.finish(name, summary, seconds)
                reporter.say(f"{name}: done in {seconds:.0f} s")


def _work(name: str, context: Context) -> Summary:
    """Run one stage. A full disk reaches us as whatever the library that was writing raises: it is given its name."""
    try:
        return stage_function(name)(context)
    except CppoError:
        raise
    except Exception as error:
        free = shutil.disk_usage(context.run.directory).free
        full = isinstance(error, OSError) and error.errno == errno.ENOSPC
        if full or "No space left" in str(error) or free < LEAST_FREE:
            raise RunError(
                f"{name}: the disk of {context.run.directory} is full ({free / 2**20:.1f} MiB left); make room and run "
                "the same command again: it goes on from the last whole checkpoint"
            ) from error
        raise


def run_pipeline(run: Run, wanted: Sequence[str] | None, reporter: Reporter) -> None:
    """Run the asked stages. With `jobs = 2` the baselines train in a second process as soon as stage 1 is done.

    Raises `ConfigError` when policies are to be compared that are trained on unequal numbers of programs.
    """
    stages = pick_stages(run, wanted)
    refuse_gaps(run, stages)
    if "evaluate" in stages:
        check_equal_attempts(run.recipe)
    with run.lock("main"):
        _run_lanes(run, stages, reporter)


def _run_lanes(run: Run, stages: Sequence[str], reporter: Reporter) -> None:
    baselines = [name for name in stages if name in run.recipe.baselines and run.done(name) is None]
    rest = [name for name in stages if name in MAIN_STAGES and name not in ("prepare", "sft")]
    if run.recipe.jobs == 1 or not baselines or not rest:
        run_stages(run, stages, reporter)
        return
    run_stages(run, [name for name in stages if name in ("prepare", "sft")], reporter)
    with SecondLane(run, baselines, reporter) as lane:
        run_stages(run, rest, reporter)
        lane.wait()
    run_stages(run, [name for name in stages if name in FINAL_STAGES], reporter)


class SecondLane:
    """A child process that trains the baselines while the main lane goes on. It never outlives this process."""

    def __init__(self, run: Run, stages: Sequence[str], reporter: Reporter) -> None:
        self.run, self.stages, self.reporter = run, stages, reporter

    def __enter__(self) -> SecondLane:
        self.lane = Lane()
        self.lane.give([str(self.run.directory), *self.stages], partial(self.reporter.lane, BASELINE_LANE))
        return self

    def __exit__(self, *_: object) -> None:
        self.lane.end()

    def wait(self) -> None:
        """Wait for the baselines; raises `RunError` with their last words when they failed."""
        status = self.lane.status(timeout=None)
        if status != 0:
            raise RunError(
                f"training the baselines ({', '.join(self.stages)}) failed with status {status}:\n  "
                f"{self.lane.last_words()}"
            )
