"""What the page reads: the files of a run directory, checked before anything is drawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from cppo.episodes import Episode, read_episodes
from cppo.errors import DataError
from cppo.files import read_json, read_jsonl

Row = dict[str, Any]


class Record(BaseModel):
    """Base of the parts of results.json. Further keys are allowed: a newer result still has a page."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Interval(Record):
    """A mean over problems with its interval."""

    mean: float
    low: float
    high: float


class ArmRecord(Record):
    """One inference method on the model that a stage left, and its pass@k."""

    name: str
    title: str
    method: str
    stage: str
    independent: bool
    pass_at: Mapping[str, Interval]


class Arm(ArmRecord):
    """An arm of one run."""

    attempts: int
    tokens: dict[str, int]
    faults: dict[str, int] = {}
    effective_strategies: float | None = None
    duplicate_rate: float | None = None
    first_slot: float | None = None
    parse_rate: float | None = None
    coordination_gain: float | None = None
    true_validity: float | None = None


class Comparison(Record):
    """The subject against one other arm, paired over problems."""

    subject: str
    other: str
    k: int
    difference: float
    low: float
    high: float
    p_value: float
    holm_p: float
    significant: bool
    permutation_p: float | None = None
    seed_p: float | None = None
    problems: int
    seeds: int
    warnings: tuple[str, ...] = ()

    @property
    def clear(self) -> bool:
        """Whether the two are told apart: significant after Holm, and the interval leaves 0 out."""
        return self.significant and not self.low <= 0 <= self.high


class Limit(Record):
    """The best possible policies at one k, with an exact solver."""

    coordinated: float
    independent: float
    families: dict[str, dict[str, float]] = {}


class ResultRecord(Record):
    """What every result has: arms at one budget, the subject's comparisons, the testbed's limits."""

    name: str
    k: int
    budget: int
    ks: tuple[int, ...]
    confidence: float
    problems: dict[str, Any]
    arms: tuple[ArmRecord, ...]
    comparisons: tuple[Comparison, ...] = ()
    limits: dict[str, Limit] = {}


class Results(ResultRecord):
    """results.json of a run."""

    seed: int
    arms: tuple[Arm, ...]
    stages: dict[str, Row] = {}

    def arm(self, name: str) -> Arm | None:
        """Return the arm called `name`, or None."""
        return next((arm for arm in self.arms if arm.name == name), None)


@dataclass(frozen=True)
class RunData:
    """Everything the page shows. `metrics` has one list of rows a stage that wrote any; `config` is {} when absent."""

    directory: Path
    results: Results
    episodes: Mapping[str, Sequence[Episode]]
    metrics: Mapping[str, Sequence[Row]] = field(default_factory=dict)
    stages: Mapping[str, Row] = field(default_factory=dict)
    config: Row = field(default_factory=dict)
    provenance: Row = field(default_factory=dict)

    @property
    def subject(self) -> Arm:
        """The arm that was compared with every other one; without comparisons the configured one, else the last."""
        named = [row.subject for row in self.results.comparisons]
        named.append(str(self.config.get("evaluation", {}).get("subject", "")))
        return next((arm for arm in map(self.results.arm, named) if arm is not None), self.results.arms[-1])


def read_run(directory: Path) -> RunData:
    """Read a run directory.

    Raises `DataError` that names the file when results.json or episodes.jsonl is missing, or any file is damaged or
    does not fit the others. Stage files, config.json and provenance.json may be absent.
    """
    for name in ("results.json", "episodes.jsonl"):
        if not (directory / name).is_file():
            raise DataError(
                f"{directory} has no {name}; the page needs an evaluated run: run the recipe to the end "
                "(cppo run RECIPE) or its evaluation (cppo eval RECIPE) first"
            )
    results = read_results(directory / "results.json", Results, "evaluate again (cppo eval RECIPE)")
    return RunData(
        directory,
        results,
        read_arms(directory / "episodes.jsonl", results, "evaluate again (cppo eval RECIPE)"),
        read_metrics(directory),
        _stages(directory, results),
        read_object(directory / "config.json"),
        read_object(directory / "provenance.json"),
    )


def read_metrics(directory: Path) -> dict[str, list[Row]]:
    """Return the training figures of a run, a list of rows for every stage that wrote any."""
    return {path.parent.name: _rows(path) for path in sorted(directory.glob("stages/*/metrics.jsonl"))}


def _stages(directory: Path, results: Results) -> dict[str, Row]:
    """Return the stages' summaries: those in the result, then what ended later. The page's own is not part of it."""
    found = {path.parent.name: read_object(path) for path in sorted(directory.glob("stages/*/done.json"))}
    return {name: facts for name, facts in {**results.stages, **found}.items() if name != "report"}


RecordType = TypeVar("RecordType", bound=Record)
ResultType = TypeVar("ResultType", bound=ResultRecord)


def read_results(path: Path, kind: type[ResultType], remedy: str) -> ResultType:
    """Read a file of results. Raises `DataError` that names it and how to make it again when it does not fit."""
    results = as_record(read_json(path), kind, path, remedy)
    check_arms(results, path)
    return results


def as_record(value: Any, kind: type[RecordType], path: Path, remedy: str) -> RecordType:
    """Return what was read from `path` as a record. Raises `DataError` that names it and the first fault."""
    try:
        return kind.model_validate(value)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the whole"
        raise DataError(
            f"{path} is not a result: {where}: {first['msg']} ({error.error_count()} faults in all); "
            f"delete it and {remedy}"
        ) from None


def check_arms(results: ResultRecord, path: Path) -> None:
    """Raise `DataError` for results without arms, or with an arm that lacks a k."""
    if not results.arms:
        raise DataError(f"{path} has no arms; evaluate at least one (evaluation.arms)")
    for arm in results.arms:
        absent = [k for k in results.ks if str(k) not in arm.pass_at]
        if absent:
            raise DataError(f"{path}: arm {arm.name!r} has no pass@{absent[0]}, though ks is {list(results.ks)}")


def read_arms(path: Path, results: ResultRecord, remedy: str) -> dict[str, list[Episode]]:
    """Return the episodes of a file by arm, in the order of the results.

    Raises `DataError` for a damaged file, and for arms that only one of the two has.
    """
    groups: dict[str, list[Episode]] = {arm.name: [] for arm in results.arms}
    for episode in read_episodes(path):
        if episode.arm not in groups:
            known = ", ".join(groups)
            raise DataError(f"{path} has episodes of arm {episode.arm!r}, which results.json does not have ({known})")
        groups[episode.arm].append(episode)
    empty = [name for name, mine in groups.items() if not mine]
    if empty:
        raise DataError(f"{path} has no episodes of arm {empty[0]!r}; delete it and {remedy}")
    return groups


def read_object(path: Path) -> Row:
    """Return a JSON object, {} when the file is absent."""
    if not path.exists():
        return {}
    value = read_json(path)
    if not isinstance(value, dict):
        raise DataError(f"{path} holds {type(value).__name__}, not a JSON object; restore it or delete it")
    return value


def _rows(path: Path) -> list[Row]:
    rows = []
    for number, row in read_jsonl(path):
        if not isinstance(row, dict) or "step" not in row:
            raise DataError(f"{path}, line {number}: not a row of figures (an object with a step)")
        rows.append(row)
    return rows
