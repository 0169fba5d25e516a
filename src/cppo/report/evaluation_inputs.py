"""What the page of an evaluation reads: its record and results, and of every problem set the problems and episodes."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from cppo.episodes import Episode
from cppo.errors import DataError
from cppo.evaluation.grid_files import EPISODES, PROBLEMS, RECORD, RESULTS, seed_name
from cppo.files import read_json, read_jsonl
from cppo.report.inputs import Comparison, Record, Row, as_record, check_arms, read_arms
from cppo.report.study_inputs import Spread, StudyArm, StudyResults

AGAIN = "run the same `cppo eval` again: it samples only what is owed, and writes the results anew"
"""What puts the files of a directory right."""


class Spent(Record):
    """Calls of one role and their tokens; those of prompts are None where a record does not say. `estimated`: calls
    whose tokens the server did not count."""

    calls: int
    tokens_in: int | None
    tokens_out: int
    estimated: int = 0


class EvaluationArm(StudyArm):
    """An arm over all seeds, with what its calls cost and where they failed (`boundary/reason` → calls), and how
    different its programs are."""

    roles: dict[str, Spent]
    failures: dict[str, int]
    verdicts: dict[str, int]
    faults: dict[str, int]
    effective_programs: Spread | None = None
    duplicate_programs: Spread | None = None


class SetResults(StudyResults):
    """The results of one problem set."""

    arms: tuple[EvaluationArm, ...]

    @property
    def own(self) -> EvaluationArm:
        """The subject's arm."""
        return next((arm for arm in self.arms if arm.name == self.subject), self.arms[-1])


class Cell(Comparison):
    """The subject against one arm on one set, corrected over all cells, and the smallest true difference that this
    comparison would have been likely to find."""

    set: str
    minimum_detectable: float | None = None


class GridResults(Record):
    """results.json of an evaluation."""

    name: str
    subject: str
    results: dict[str, SetResults]
    comparisons: tuple[Cell, ...]
    named_beforehand: dict[str, bool] = {}


class Shown(Record):
    """What was written down of a problem."""

    id: str
    statement: str
    starter_code: str = ""
    difficulty: str = ""
    source: str = ""
    tests: int = 0


@dataclass(frozen=True)
class SetData:
    """One problem set: its name for people and its directory, results, problems in their order, and the episodes by
    seed and arm."""

    title: str
    directory: Path
    results: SetResults
    problems: Sequence[Shown]
    episodes: Mapping[int, Mapping[str, Sequence[Episode]]]

    @property
    def name(self) -> str:
        """What the recipe calls the set."""
        return str(self.results.problems["set"])

    def of(self, arm: str) -> list[Episode]:
        """Return the episodes of an arm, seed after seed."""
        return [episode for arms in self.episodes.values() for episode in arms[arm]]


@dataclass(frozen=True)
class EvaluationData:
    """Everything the page shows. `record`: recipe and provenance."""

    directory: Path
    results: GridResults
    sets: Sequence[SetData]
    record: Row

    @property
    def first(self) -> SetResults:
        """The results of the first set: arms, seeds and budgets are the same for all."""
        return self.sets[0].results

    def cells(self, one: SetData) -> list[Cell]:
        """Return the comparisons on one set, corrected over all sets."""
        return [row for row in self.results.comparisons if row.set == one.name]


def read_evaluation(directory: Path) -> EvaluationData:
    """Read the directory of an evaluation.

    Raises `DataError` that names the file and says what to do when one is missing or damaged, or when they do not come
    from the same run of `cppo eval`.
    """
    path = directory / RECORD
    if not path.is_file():
        raise DataError(f"{path} is missing, so this is no evaluation; name a directory that `cppo eval` wrote")
    record = read_json(path)
    if not (isinstance(record, dict) and isinstance(record.get("recipe"), dict)):
        raise DataError(f"{path} is damaged: it holds no recipe; restore it, or use another --output")
    try:
        results, sets = _read(directory)
    except DataError as error:
        if AGAIN in str(error):
            raise
        raise DataError(f"{error}; {AGAIN}") from None
    return EvaluationData(directory, results, sets, record)


def _read(directory: Path) -> tuple[GridResults, list[SetData]]:
    path = directory / RESULTS
    raw = read_json(_there(path))
    results = as_record(raw, GridResults, path, AGAIN)
    _check(results, path)
    folders = _folders(directory)
    sets, titles = [], set_titles(results.results)
    for source, one in results.results.items():
        if source not in folders:
            raise DataError(f"{directory} has no folder with the {RESULTS} of the problem set {source!r}")
        folder, written = folders[source]
        if json.dumps(written) != json.dumps(raw["results"][source]):
            raise DataError(f"{folder / RESULTS} and {path} are not of the same evaluation")
        sets.append(_read_set(titles[source], folder, one))
    return results, sets


def set_titles(sources: Iterable[str]) -> dict[str, str]:
    """Return what to call every set: a file by its name alone, unless that names several."""
    names = {source: Path(source).name for source in sources}
    return {source: name if [*names.values()].count(name) == 1 else source for source, name in names.items()}


def _there(path: Path) -> Path:
    if not path.is_file():
        raise DataError(f"{path} is missing")
    return path


def _check(results: GridResults, path: Path) -> None:
    if not results.results:
        raise DataError(f"{path} has no problem set")
    first = next(iter(results.results.values()))
    for source, one in results.results.items():
        check_arms(one, path)
        if one.problems.get("set") != source:
            raise DataError(f"{path}: problem set {source!r} calls itself {one.problems.get('set')!r}")
        if (one.seeds, [arm.name for arm in one.arms]) != (first.seeds, [arm.name for arm in first.arms]):
            raise DataError(f"{path}: problem sets {first.problems['set']!r} and {source!r} differ in arms or seeds")


def _folders(directory: Path) -> dict[str, tuple[Path, Any]]:
    """Return the folder of every problem set and what its results say, by the name of the set."""
    found: dict[str, tuple[Path, Any]] = {}
    for path in sorted(directory.glob(f"*/{RESULTS}")):
        value = read_json(path)
        problems = value.get("problems") if isinstance(value, dict) else None
        if isinstance(problems, dict) and isinstance(problems.get("set"), str):
            found[problems["set"]] = path.parent, value
    return found


def _read_set(title: str, folder: Path, results: SetResults) -> SetData:
    shown = _read_problems(_there(folder / PROBLEMS))
    episodes: dict[int, dict[str, list[Episode]]] = {}
    for seed in results.seeds:
        path = _there(folder / seed_name(seed) / EPISODES)
        episodes[seed] = read_arms(path, results, AGAIN)
        for name, mine in episodes[seed].items():
            _check_ids({episode.problem_id for episode in mine}, name, shown, results, path)
    ids = {e.problem_id for arms in episodes.values() for mine in arms.values() for e in mine}
    data = SetData(title, folder, results, [problem for name, problem in shown.items() if name in ids], episodes)
    for arm in results.arms:
        if Counter(b.verdict.value for e in data.of(arm.name) for b in e.branches) != Counter(arm.verdicts):
            raise DataError(f"{folder / RESULTS} counts other verdicts of arm {arm.name!r} than its episodes do")
    return data


def _check_ids(ids: set[str], arm: str, shown: Mapping[str, Shown], results: SetResults, path: Path) -> None:
    if unknown := sorted(ids - shown.keys()):
        raise DataError(f"{path}: problem {unknown[0]!r} is not in {path.parents[1] / PROBLEMS}")
    if len(ids) != results.problems.get("test"):
        raise DataError(
            f"{path} has {len(ids)} problems of arm {arm!r}, but {RESULTS} says {results.problems.get('test')}"
        )


def _read_problems(path: Path) -> dict[str, Shown]:
    found: dict[str, Shown] = {}
    for number, row in read_jsonl(path):
        try:
            problem = Shown.model_validate(row)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"])) or "the whole"
            raise DataError(f"{path}, line {number}: not a problem: {where}: {first['msg']}; delete it") from None
        found[problem.id] = problem
    return found
