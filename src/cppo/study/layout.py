"""The directory of a study: one run a seed, one run an ablation and seed, and which recipe each of them has."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from cppo.errors import ConfigError, RunError
from cppo.evaluation.study_settings import FULL, StudySettings
from cppo.files import is_half_written, write_json
from cppo.inherit import differing
from cppo.recipe import Recipe
from cppo.runs import Run, hold, provenance

RECORD = "study.json"


@dataclass(frozen=True)
class Study:
    """A recipe whose `[study]` says which seeds and ablations, and the directory they lie in."""

    recipe: Recipe
    directory: Path

    @property
    def seeds(self) -> tuple[int, ...]:
        """The training seeds."""
        return self.recipe.study.seeds

    @property
    def ablations(self) -> tuple[str, ...]:
        """The names of the ablations."""
        return tuple(self.recipe.study.ablations)

    def seed_run(self, seed: int) -> Run:
        """Open the run of a seed, with every arm. Raises `RunError` when another recipe's run is in its place."""
        return Run.open(self.directory / f"seed-{seed}", self._seeded(self.recipe, f"seed-{seed}", seed))

    def ablation_run(self, name: str, seed: int) -> Run:
        """Open the run of an ablation and seed, with that one arm; `FULL` is the subject as it is."""
        place = f"ablations/{name}/seed-{seed}"
        return Run.open(self.directory / place, self._seeded(self.ablation_recipe(name), place, seed))

    def ablation_recipe(self, name: str) -> Recipe:
        """Return the recipe of an ablation, `FULL` among them."""
        if name != FULL:
            return self.recipe.ablated(name)
        evaluation = self.recipe.evaluation
        arms = tuple(arm for arm in evaluation.arms if arm.name == evaluation.subject)
        return self.recipe.model_copy(update={"evaluation": evaluation.model_copy(update={"arms": arms})})

    def task_name(self, run: Run, stage: str) -> str:
        """Return what a stage of a run is called: `seed-0/joint`, `ablations/NAME/seed-0/joint`."""
        return f"{run.directory.relative_to(self.directory)}/{stage}"

    def _seeded(self, recipe: Recipe, place: str, seed: int) -> Recipe:
        # A run's own recipe says nothing of the study, so that a seed or an ablation more leaves it as it is.
        changes = {"seed": seed, "name": f"{self.recipe.name}/{place}", "study": StudySettings()}
        return recipe.model_copy(update=changes)

    def check_ablations(self) -> None:
        """Raise `ConfigError` without ablations, or for one that changes nothing of the policy it is compared with."""
        if not self.ablations:
            raise ConfigError(
                "the recipe has no ablations; add a table [study.ablations.NAME] with set = ['section.key=value']"
            )
        full = Run(self.directory, self.ablation_recipe(FULL))
        (subject,) = full.recipe.evaluation.arms
        for name, ablation in self.recipe.study.ablations.items():
            run = Run(self.directory, self.recipe.ablated(name))
            (arm,) = run.recipe.evaluation.arms
            same = (arm.method, arm.stage) == (subject.method, subject.stage)
            if (same or ablation.set) and not differing(run, full, arm.stage):
                raise ConfigError(
                    f"study.ablations.{name} changes nothing that stage {arm.stage!r} depends on: set = "
                    f"{list(ablation.set)}; set a key of a stage it rests on"
                    + (", or another method or stage" if same else f", or leave set out: {arm.stage!r} as it is")
                )

    @contextmanager
    def open(self) -> Iterator[None]:
        """Make the directory, or take it up, and hold its lock.

        Raises `RunError` for a directory that holds something else or in which another process works.
        """
        record = self.directory / RECORD
        foreign = self.directory.is_file() or (self.directory.is_dir() and any(map(_alien, self.directory.iterdir())))
        if not record.exists() and foreign:
            raise RunError(
                f"{self.directory} is there and no study (it has no {RECORD}); a study needs a directory of its own: "
                "use another --output"
            )
        try:
            self.directory.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise RunError(f"the directory {self.directory} cannot be made: {error}") from error
        with hold(self.directory / ".study.lock", f"working on the study in {self.directory}"):
            write_json(record, {"recipe": self.recipe.model_dump(mode="json"), "provenance": provenance()})
            yield


def _alien(path: Path) -> bool:
    """Whether this is nothing that a study has: a study may begin with runs of its seeds that are there already, and
    one that was killed while it wrote its record leaves half of that."""
    return not (re.fullmatch(r"seed-\d+|\.study\.lock", path.name) or is_half_written(path))


@contextmanager
def locked(runs: Sequence[Run]) -> Iterator[None]:
    """Hold the locks of runs, so that no other command works in them."""
    with ExitStack() as stack:
        for run in runs:
            stack.enter_context(run.lock("main"))
        yield
