"""The problems of a run: a pool to train on, one to choose on, one to report on, and proof that they are disjoint."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator

from cppo.config import Section
from cppo.errors import DataError
from cppo.files import write_jsonl
from cppo.problems.crossroads.generate import generate
from cppo.problems.crossroads.gold import PRIOR_EXPONENT
from cppo.problems.crossroads.oracle import CrossroadsTestbed
from cppo.problems.crossroads.settings import LINE_LIMIT, SETTINGS, TESTS_PER_PROBLEM, Setting
from cppo.problems.duplicates import THRESHOLD, check_disjoint
from cppo.problems.jsonl import problem_to_row, read_problems
from cppo.problems.problem import Problem
from cppo.problems.statements import statement_hash
from cppo.problems.testbed import Testbed

EVALUATION_ONLY = re.compile(
    r"(?<![a-z0-9])apps(?![a-z0-9])|live[\W_]?code[\W_]?bench|(?<![a-z0-9])lcb|code[\W_]?contests[\W_]*(valid|test)"
)
"""Sources that must never enter a training pool (arXiv 2605.27000 trains on CodeContests train only)."""


class ProblemsSettings(Section):
    """Where problems come from."""

    source: Literal["crossroads", "files"] = "files"
    """`crossroads`: the embedded testbed; `files`: JSONL files of problems."""
    train: str | None = None
    """JSONL of training problems (source `files`)."""
    validation: str | None = None
    """JSONL of problems to choose settings on (source `files`)."""
    test: str | None = None
    """JSONL of problems to report on (source `files`)."""
    train_count: int | None = Field(None, ge=1)
    """How many training problems; None: all of the file (the testbed needs a number)."""
    validation_count: int | None = Field(None, ge=0)
    """How many validation problems."""
    test_count: int | None = Field(None, ge=1)
    """How many test problems."""
    test_seed: int = Field(0, ge=0)
    """Testbed: which test problems. Runs with other training seeds are compared on the same ones."""
    preset: Literal["equal", "all", "skewed"] | None = None
    """Testbed: a named choice of families, traits and weights."""
    families: tuple[str, ...] = ()
    """Testbed: families, when there is no preset."""
    traits: dict[str, dict[str, float]] = {}
    """Testbed: weights of traits by family; families left out have all traits, equally."""
    strategies: dict[str, tuple[str, ...]] = {}
    """Testbed: strategies by family, commonest first; families left out have all."""
    prior_exponent: float = Field(PRIOR_EXPONENT, ge=0)
    """Testbed: gold methods of rank r are drawn ∝ 1 / r^this; it shapes the start of training and changes no limit."""
    line_limit: int = Field(LINE_LIMIT, ge=1)
    """Testbed: executed lines a test may use."""
    tests_per_problem: int = Field(TESTS_PER_PROBLEM, ge=1)
    """Testbed: tests a problem."""
    near_duplicates: float | None = Field(THRESHOLD, gt=0, le=1)
    """Files: a training statement this similar to one of validation or test (Jaccard of word 5-shingles) is refused;
    None: only equal statements are."""

    @model_validator(mode="after")
    def _consistent(self) -> ProblemsSettings:
        if self.source == "files":
            if self.train is None or self.test is None:
                raise ValueError("source 'files' needs problems.train and problems.test (JSONL files of problems)")
            if self.preset or self.families or self.traits or self.strategies:
                raise ValueError("preset, families, traits and strategies belong to source 'crossroads'; remove them")
        elif self.train or self.validation or self.test:
            raise ValueError("source 'crossroads' generates its problems; remove train, validation and test")
        elif (self.preset is None) == (not self.families):
            raise ValueError("source 'crossroads' needs either a preset or families, not both")
        elif self.preset and (self.traits or self.strategies):
            raise ValueError("a preset brings its own traits and strategies; name the families instead to choose them")
        elif self.train_count is None or self.test_count is None:
            raise ValueError("source 'crossroads' needs train_count and test_count")
        else:
            self.setting()
        return self

    def setting(self) -> Setting:
        """Return the testbed's setting. Raises `ConfigError` for unknown names."""
        if self.preset is not None:
            preset = SETTINGS[self.preset]
            return replace(preset, line_limit=self.line_limit, tests_per_problem=self.tests_per_problem)
        return Setting(self.families, self.traits, self.strategies, self.line_limit, self.tests_per_problem)


@dataclass(frozen=True)
class Pools:
    """The problems of a run. `testbed` is None for real data."""

    train: Sequence[Problem]
    validation: Sequence[Problem]
    test: Sequence[Problem]
    testbed: Testbed | None = None


def load_pools(settings: ProblemsSettings, seed: int) -> Pools:
    """Load or generate the pools and prove them disjoint.

    Raises `DataError` when two pools share a statement, or when the source of a training problem is for evaluation
    only.
    """
    if settings.source == "crossroads":
        setting = settings.setting()
        pools = Pools(
            generate(setting, "train", settings.train_count or 0, seed),
            generate(setting, "validation", settings.validation_count or 0, seed),
            # The test split does not depend on the training seed: runs with other seeds are compared on it.
            generate(setting, "test", settings.test_count or 0, settings.test_seed),
            CrossroadsTestbed(settings.prior_exponent),
        )
    else:
        pools = Pools(
            _read(settings.train, settings.train_count),
            _read(settings.validation, settings.validation_count),
            _read(settings.test, settings.test_count),
        )
        if settings.near_duplicates is not None:
            refuse_near_duplicates(pools, settings.near_duplicates)
    refuse_leaks(pools.train, {"validation": pools.validation, "test": pools.test})
    _refuse_shared("validation", pools.validation, "test", pools.test)
    return pools


def write_pools(directory: Path, pools: Pools) -> None:
    """Write the pools of a testbed as JSONL, one file a pool."""
    for name in ("train", "validation", "test"):
        write_jsonl(directory / f"{name}.jsonl", map(problem_to_row, getattr(pools, name)))


def read_pools(directory: Path, settings: ProblemsSettings) -> Pools:
    """Read what `write_pools` wrote. Raises `DataError` for a missing or damaged file."""
    train, validation, test = (list(read_problems(directory / f"{n}.jsonl")) for n in ("train", "validation", "test"))
    return Pools(train, validation, test, CrossroadsTestbed(settings.prior_exponent))


def refuse_leaks(train: Sequence[Problem], evaluation: Mapping[str, Sequence[Problem]]) -> None:
    """Raise `DataError` when the training pool holds an evaluation problem."""
    for problem in train:
        if EVALUATION_ONLY.search(problem.source.casefold()):
            raise DataError(
                f"training problem {problem.id!r} comes from {problem.source!r}, which is for evaluation only; "
                "remove it from the training pool"
            )
    for name, pool in evaluation.items():
        _refuse_shared("training", train, name, pool)


def refuse_near_duplicates(pools: Pools, threshold: float) -> None:
    """Raise `DataError` when a training statement is all but one of validation or test (`problems/duplicates.py`)."""
    evaluation = {"validation": pools.validation, "test": pools.test}
    found = check_disjoint(
        {problem.id: problem.statement for problem in pools.train},
        {name: {problem.id: problem.statement for problem in pool} for name, pool in evaluation.items()},
        threshold,
    )
    near = [pair for pair in found.pairs if not pair.exact]
    if near:
        raise DataError(
            f"{len(near)} training problems are all but problems of validation or test; most alike: {near[0].train!r} "
            f"and {near[0].pool} problem {near[0].evaluation!r} ({100 * near[0].similarity:.0f} % of their 5-word "
            f"shingles); remove them from one of the pools (`cppo data check` lists them), or raise "
            f"problems.near_duplicates ({threshold:g})"
        )


def _refuse_shared(first: str, one: Sequence[Problem], second: str, other: Sequence[Problem]) -> None:
    hashes = {statement_hash(problem.statement): problem.id for problem in one}
    for problem in other:
        twin = hashes.get(statement_hash(problem.statement))
        if twin is not None:
            raise DataError(
                f"{second} problem {problem.id!r} has the statement of {first} problem {twin!r}; a result on it would "
                "be worthless: remove it from one of the pools"
            )


def _read(path: str | None, count: int | None) -> list[Problem]:
    if path is None:
        return []
    problems = list(read_problems(path))
    if count is not None and len(problems) < count:
        raise DataError(f"{path} has {len(problems)} problems, but {count} are asked for; lower the count")
    return problems[:count]
