"""Files of problems and programs that may be larger than memory: checked whole before anything runs, read as needed."""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from cppo.errors import ConfigError, DataError, nearest
from cppo.problems import Problem
from cppo.problems.jsonl import problem_from_row
from cppo.problems.problem import CHECKER_PROGRAM
from cppo.verifier import CHECKERS, VerifierConfig, default_checker, find_checker
from cppo.verifier.prepared import PreparedProblem
from cppo.verifier.rows import ProgramRow, program_from_row

MOST_COMPLAINTS = 10
KEPT_BYTES = 128 << 20
"""How many bytes of problems (as rows) are kept in memory; one is always kept."""

SOLUTION = "solution-"

Key = tuple[str, str]
"""(problem_id, program_id)."""


@dataclass(frozen=True)
class Line:
    """One line of a JSONL file: its number from 1, its place in bytes, and what it holds."""

    number: int
    offset: int
    raw: bytes

    def value(self, path: Path) -> Any:
        """Return the JSON value; raises `DataError` that names file and line."""
        origin = f"{path}, line {self.number}"
        try:
            return json.loads(self.raw.decode("utf-8"))
        except UnicodeDecodeError as error:
            raise DataError(f"{origin}: not UTF-8 at byte {error.start} of the line; rewrite it as UTF-8") from error
        except (ValueError, RecursionError) as error:  # ValueError also for integers of over 4300 digits
            raise DataError(f"{origin}: not valid JSON: {error}") from error


def read_lines(path: Path) -> Iterator[Line]:
    """Yield the lines of a file that are not blank. Raises `DataError` when it cannot be read, or only once."""
    if path.exists() and not (path.is_file() or path.is_dir()):  # before it is opened: that may wait for a writer
        raise DataError(
            f"{path} is a pipe or a device, which can be read only once; its lines are read when they are checked, "
            "again when they are judged, and once more when a command that was stopped goes on; write them to a file "
            "and name that"
        )
    try:
        file = path.open("rb")
    except FileNotFoundError:
        raise DataError(f"{path} does not exist") from None
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}") from error
    with file:
        offset = 0
        for number, raw in enumerate(file, start=1):
            if raw.strip():
                yield Line(number, offset, raw)
            offset += len(raw)


class Complaints:
    """What is wrong with the rows of a file, gathered so that several are told at once."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def gather(self, check: Callable[[Line], None], line: Line) -> None:
        """Check one line and keep the `DataError` it raises; with `MOST_COMPLAINTS` of them, raise."""
        try:
            check(line)
        except DataError as error:
            self.texts.append(str(error))
        if len(self.texts) == MOST_COMPLAINTS:
            self.close()

    def close(self) -> None:
        """Raise one `DataError` with what was gathered, if anything was."""
        if len(self.texts) == 1:
            raise DataError(self.texts[0])
        if self.texts:
            more = " and perhaps more" if len(self.texts) == MOST_COMPLAINTS else ""
            raise DataError("\n  ".join([f"{len(self.texts)} bad rows{more}:", *self.texts]))


class ProblemFile:
    """Problems by id. The file is checked once; a problem is read again when it is needed.

    `checker` overrides that of every problem. By id, once checked: `digests` of all that decides a verdict, `checkers`
    and `modes`. `solutions`: the digest of each reference by problem id and the id it goes by, solution-0 and so on.
    """

    def __init__(self, path: Path | str, config: VerifierConfig, checker: str | None = None) -> None:
        self.path, self.config, self.checker = Path(path), config, checker
        self.digests: dict[str, str] = {}
        self.checkers: dict[str, str] = {}
        self.modes: dict[str, str] = {}
        self.solutions: dict[Key, str] = {}
        self._places: dict[str, Line] = {}
        self._recent: OrderedDict[str, tuple[Problem, int]] = OrderedDict()

    def check(self) -> None:
        """Check every row. Raises `DataError` that names every bad row."""
        complaints = Complaints()
        for line in read_lines(self.path):
            complaints.gather(self._admit, line)
        complaints.close()
        if not self.digests:
            raise DataError(f"{self.path} holds no problems")

    def __contains__(self, problem_id: str) -> bool:
        return problem_id in self.digests

    def __iter__(self) -> Iterator[str]:
        return iter(self.digests)

    def __len__(self) -> int:
        return len(self.digests)

    def __getitem__(self, problem_id: str) -> Problem:
        if problem_id in self._recent:
            self._recent.move_to_end(problem_id)
            return self._recent[problem_id][0]
        place = self._places[problem_id]
        with self.path.open("rb") as file:
            file.seek(place.offset)
            raw = file.readline()
        problem = self._problem(Line(place.number, place.offset, raw))
        if problem.id != problem_id or self._digest(problem) != self.digests[problem_id]:
            raise DataError(f"{self.path}, line {place.number} has changed since it was checked; start again")
        self._recent[problem_id] = problem, len(raw)
        while len(self._recent) > 1 and sum(size for _, size in self._recent.values()) > KEPT_BYTES:
            self._recent.popitem(last=False)
        return problem

    def _problem(self, line: Line) -> Problem:
        problem = problem_from_row(line.value(self.path), f"{self.path}, line {line.number}")
        return problem if self.checker is None else with_checker(problem, self.checker)

    def _admit(self, line: Line) -> None:
        problem = self._problem(line)
        origin = f"{self.path}, line {line.number}"
        if problem.id in self.digests:
            first = self._places[problem.id].number
            raise DataError(f"{origin}: problem id {problem.id!r} is taken by line {first}; ids must be unique")
        try:
            digest = self._digest(problem)
        except DataError as error:
            raise DataError(f"{origin}: {error}") from None
        self._places[problem.id] = replace(line, raw=b"")
        self.digests[problem.id] = digest
        self.checkers[problem.id] = default_checker(problem)
        self.modes[problem.id] = problem.mode
        for index, source in enumerate(problem.solutions):
            row = ProgramRow(problem.id, f"{SOLUTION}{index}", source)
            self.solutions[problem.id, row.program_id] = row.digest()

    def _digest(self, problem: Problem) -> str:
        return PreparedProblem.of(problem, self.config).key.hex()[:24]


class ProgramFile:
    """Programs in the order of their file. It is checked once, then read again while they are judged."""

    def __init__(self, path: Path | str, problems: ProblemFile) -> None:
        self.path, self.problems = Path(path), problems
        self.digests: dict[Key, str] = {}

    def check(self) -> None:
        """Check every row. Raises `DataError` that names every bad row."""
        complaints = Complaints()
        for line in read_lines(self.path):
            complaints.gather(self._admit, line)
        complaints.close()
        if not self.digests:
            raise DataError(f"{self.path} holds no programs")

    def rows(self) -> Iterator[ProgramRow]:
        """Yield the programs. Raises `DataError` when the file is not what was checked."""
        owed = set(self.digests)
        for line in read_lines(self.path):
            row = program_from_row(line.value(self.path), f"{self.path}, line {line.number}")
            key = row.problem_id, row.program_id
            if self.digests.get(key) != row.digest():
                raise DataError(f"{self.path}, line {line.number} has changed since it was checked; start again")
            owed.discard(key)
            yield row
        if owed:
            raise DataError(f"{self.path} has changed: {len(owed)} of its programs are gone; start again")

    def _admit(self, line: Line) -> None:
        origin = f"{self.path}, line {line.number}"
        row = program_from_row(line.value(self.path), origin)
        if row.problem_id not in self.problems:
            near = nearest(row.problem_id, self.problems)
            raise DataError(f"{origin}: problem_id {row.problem_id!r} is not in {self.problems.path}{near}")
        key = row.problem_id, row.program_id
        if key in self.digests:
            raise DataError(f"{origin}: program_id {row.program_id!r} of problem {row.problem_id!r} occurs twice")
        self.digests[key] = row.digest()


def with_checker(problem: Problem, checker: str) -> Problem:
    """Return `problem` as judged by another checker."""
    return replace(problem, checker=checker, checker_program="")


def check_replacement(option: str, checker: str) -> None:
    """Raise an error when problems cannot be judged by `checker`, given as `option`, in place of their own."""
    if checker == CHECKER_PROGRAM:
        raise ConfigError(
            f"{option} {checker}: a checker program is a problem's own and cannot stand in for the checkers of others; "
            f"problems that bring one are judged by it anyway, so leave this out, or name one of {', '.join(CHECKERS)}"
        )
    find_checker(checker)


def solution_index(program_id: str) -> int:
    """Return which reference solution goes by this id."""
    return int(program_id.removeprefix(SOLUTION))
