"""Runs that differ in a later stage only share their earlier ones: ablations, tuning, more arms on the same start."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from cppo.config import differences
from cppo.errors import RunError
from cppo.pipeline import needs
from cppo.recipe import FINAL_STAGES, MAIN_STAGES
from cppo.runs import Run

NEUTRAL = ("name", "jobs", "evaluation", "audit", "study", "model.threads", "model.device", "verifier.workers")
"""Keys that no stage which leaves weights depends on."""


def all_needs(run: Run, stage: str) -> set[str]:
    """Return every stage whose results `stage` rests on, itself among them."""
    found, new = {stage}, {stage}
    while new:
        new = set().union(*(needs(run, name) for name in new)) - found
        found |= new
    return found


def settings_of(key: str) -> str | None:
    """Return the stage that a dotted key of a recipe belongs to; None for one that all stages depend on."""
    first, _, rest = key.partition(".")
    if first == "baselines":
        return rest.partition(".")[0]
    return first if first in MAIN_STAGES or first in FINAL_STAGES else None


def differing(run: Run, source: Run, stage: str) -> list[str]:
    """Return how the recipes of two runs differ in what the result of `stage` depends on, one line a key."""
    lines = differences(source.recipe.model_dump(mode="json"), run.recipe.model_dump(mode="json"))
    dependencies = all_needs(run, stage) | all_needs(source, stage)
    found = []
    for line in lines:
        key = line.partition(":")[0]
        if key.startswith(NEUTRAL) or key.endswith(".on_fail"):
            continue
        owner = settings_of(key)
        if owner is None or owner in dependencies:
            found.append(line)
    return found


def inherit(run: Run, source: Run, stages: Sequence[str]) -> None:
    """Take complete stages of `source` over into `run`: their files are linked where the disk can, else copied.

    A stage that is complete in `run` already stays. Raises `RunError` when `source` has not completed a stage, or when
    the two recipes differ in anything that it depends on.
    """
    for name in stages:
        if run.done(name) is not None:
            continue
        if source.done(name) is None:
            raise RunError(f"stage {name!r} is not complete in {source.directory}; run it there first")
        if lines := differing(run, source, name):
            raise RunError(
                f"stage {name!r} cannot be taken over from {source.directory}: it depends on settings that differ "
                "(there -> here):\n  " + "\n  ".join(lines[:8])
            )
        unfinished = run.stage(name).with_name(f".{name}.unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        shutil.rmtree(run.stage(name), ignore_errors=True)
        shutil.copytree(source.stage(name), unfinished, copy_function=_link)
        os.replace(unfinished, run.stage(name))


def _link(source: str, target: str) -> str:
    """Files of a complete stage are never changed in place, so two runs may share them."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)
    return str(Path(target))
