"""What the page of a study reads: its results over seeds, its ablations, and the training figures of its runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from cppo.errors import DataError
from cppo.report.inputs import ArmRecord, Interval, Record, ResultRecord, Row, read_metrics, read_object, read_results

RESULTS, ABLATIONS = "results.json", "ablations.json"


class Spread(Record):
    """A mean over seeds, and every seed's value (None where a seed has none)."""

    mean: float
    seeds: tuple[float | None, ...]


class SeedInterval(Interval):
    """pass@k over seeds and problems, and every seed's value."""

    seeds: tuple[float, ...]


class EqualTokens(Record):
    """pass@`programs`, as many as fit the subject's tokens, with its interval; no mean where too few were sampled."""

    programs: int
    mean: float | None = None
    low: float | None = None
    high: float | None = None


class Against(Record):
    """The subject held against a limit: the value, its interval and its standard error."""

    value: float
    low: float
    high: float
    standard_error: float


class StudyArm(ArmRecord):
    """An arm over all seeds."""

    k: int
    pass_at: Mapping[str, SeedInterval]
    equal_tokens: dict[str, EqualTokens | None] = {}
    tokens: dict[str, Spread]
    coordination_gain: SeedInterval | None = None
    effective_strategies: Spread | None = None
    duplicate_rate: Spread | None = None
    true_validity: Spread | None = None
    parse_rate: Spread | None = None
    first_slot: Spread | None = None
    training_programs: int = 0
    set: tuple[str, ...] = ()


class StudyResults(ResultRecord):
    """results.json or ablations.json of a study."""

    seeds: tuple[int, ...]
    subject: str
    at: int
    arms: tuple[StudyArm, ...]
    against_limits: dict[str, dict[str, Against]] = {}
    warnings: tuple[str, ...] = ()

    @property
    def own(self) -> StudyArm:
        """The subject's arm."""
        return next((arm for arm in self.arms if arm.name == self.subject), self.arms[-1])


@dataclass(frozen=True)
class StudyData:
    """Everything the page shows. `metrics`: for every seed the rows of figures of its run, by stage."""

    directory: Path
    study: StudyResults | None
    ablations: StudyResults | None
    metrics: Mapping[int, Mapping[str, Sequence[Row]]]
    record: Row

    @property
    def first(self) -> StudyResults:
        """The result that the head of the page is about: the study's, else the ablations'."""
        found = self.study or self.ablations
        assert found is not None
        return found


def read_study(directory: Path) -> StudyData:
    """Read the directory of a study. Raises `DataError` when there is no result in it, or any file is damaged."""
    found = {
        name: read_results(directory / name, StudyResults, f"run the study again ({command})")
        for name, command in ((RESULTS, "cppo study RECIPE"), (ABLATIONS, "cppo ablate RECIPE"))
        if (directory / name).is_file()
    }
    if not found:
        raise DataError(
            f"{directory} has neither {RESULTS} nor {ABLATIONS}; run the study to its end (cppo study RECIPE), or its "
            "ablations (cppo ablate RECIPE)"
        )
    seeds = dict.fromkeys(seed for results in found.values() for seed in results.seeds)
    return StudyData(
        directory,
        found.get(RESULTS),
        found.get(ABLATIONS),
        {seed: read_metrics(directory / f"seed-{seed}") for seed in seeds},
        read_object(directory / "study.json"),
    )
