"""Problems of a source: a file of ours, a file or folder of a data set, or a named set. Streamed, drops counted."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from cppo.errors import ConfigError, DataError, nearest
from cppo.problems.datasets.dataset import Choice, DataSet
from cppo.problems.datasets.drops import FROM_WORDS, Dropped, Drops, Reason
from cppo.problems.datasets.registry import DATA_SETS
from cppo.problems.datasets.rows import Row, read_rows, size_of
from cppo.problems.datasets.source import Found, locate
from cppo.problems.datasets.subsets import SEED, NamedSet, chosen, is_name, parse_name
from cppo.problems.jsonl import REQUIRED, read_problems
from cppo.problems.problem import Problem
from cppo.progress import Reporter

OURS = "jsonl"
"""The format of our own files of problems."""
FORMATS = (OURS, *DATA_SETS)


class OurFile:
    """Problems of a file in our own format. Nothing is dropped: what does not fit is an error."""

    def __init__(self, path: Path) -> None:
        self.title, self.files = str(path), (path,)

    def problems(self, reporter: Reporter | None = None) -> Iterator[Problem]:
        """Yield the problems; raises `DataError` that names file and line."""
        return read_problems(self.files[0])

    def facts(self) -> dict[str, Any]:
        """Return where the problems come from, as plain JSON."""
        return {"source": self.title, "format": OURS}


class DataSetFiles:
    """Problems of files of a data set, all or a named set of them. Each reading counts rows and drops anew.

    `drops`, `rows` and the first and last contest date are those of the latest reading, complete once it has ended.
    """

    def __init__(self, dataset: DataSet, found: Found, named: NamedSet | None, keep: Collection[Reason] = ()) -> None:
        self.dataset, self.found, self.named, self.keep = dataset, found, named, keep
        self.title = named.name if named else str(found.files[0][1])
        self.files = tuple(path for _, path in found.files)
        parts = tuple(part for part, _ in found.files)
        self._choice = named.choice if named else Choice(parts, f"{parts[0]}, a path")
        self._forget()

    def problems(self, reporter: Reporter | None = None) -> Iterator[Problem]:
        """Yield the problems in the order of the files.

        Where a count is asked for, all rows are read first to rank what is usable, then the chosen ones again: nothing
        but ids is held. Raises `DataError` for damaged files, and when fewer problems are usable than asked for.
        """
        reporter = reporter or Reporter()
        self._forget()
        if self.named is None or self.named.count is None:
            for _, problem in self._usable(reporter):
                yield self._yielded(problem)
            return
        places = {problem.id: row.origin for row, problem in self._usable(reporter)}
        if len(places) < self.named.count:
            raise DataError(
                f"{self.title} asks for {self.named.count} problems, but only {len(places)} of {self.wanted} are "
                f"usable (dropped: {self.drops.words()}); ask for fewer, or keep what was dropped because of words of "
                f"its statement (--keep, one of {', '.join(FROM_WORDS)})"
            )
        ids = chosen(places, self.named.count)
        for problem in self._again({origin: name for name, origin in places.items() if name in ids}):
            yield self._yielded(problem)

    def facts(self) -> dict[str, Any]:
        """Return what the problems are of, as plain JSON: data set, revision, files, window, rows, drops."""
        asked = {"set": self.named.name, **self._choice.asked} if self.named else {}
        seed = {"seed": SEED} if self.named and self.named.count else {}
        window = {"first_contest": self._dates[0], "last_contest": self._dates[1]} if self._dates else {}
        return {
            "source": self.title,
            "format": self.dataset.name,
            "repository": self.dataset.repository,
            "revision": self.found.revision,
            "what": self._choice.label,
            **asked,
            **seed,
            **window,
            "files": [{"name": path.name, "bytes": size_of(path)} for path in self.files],
            "rows": self.rows,
            "rows_asked_for": self.wanted,
            "dropped": self.drops.table(),
            "kept_in_spite_of_words": sorted(self.keep),
        }

    def unpublished_rows(self) -> str:
        """Return how the rows that were read differ in number from what was published; "" when they do not."""
        published = sum(self.dataset.published[part] for part in self._choice.parts)
        if self.rows == published:
            return ""
        what = f"{self.dataset.name} {self._choice.label}"
        return f"{self.rows} rows were read, but {published} were published: is this the whole of {what}?"

    def _forget(self) -> None:
        self.drops, self.rows, self.wanted = Drops(), 0, 0
        self._dates: tuple[str, str] | None = None

    def _yielded(self, problem: Problem) -> Problem:
        day = problem.metadata.get("contest_date")
        if day:
            first, last = self._dates or (day, day)
            self._dates = min(first, day), max(last, day)
        return replace(problem, metadata={**problem.metadata, "set": self.named.name}) if self.named else problem

    def _rows(self) -> Iterator[tuple[str, Row, int]]:
        """Yield part, row and how much of all files is behind it, in the units of `size_of`."""
        before = 0
        for part, path in self.found.files:
            for row in read_rows(path, self.dataset.columns):
                yield part, row, before + row.behind
            before += size_of(path)

    def _usable(self, reporter: Reporter) -> Iterator[tuple[Row, Problem]]:
        """Yield what is wanted and usable, with its row; count the rest."""
        seen: set[str] = set()
        size = sum(map(size_of, self.files)) or 1
        reporter.begin(f"read {self.dataset.name}", 100, unit="hundredth")
        for part, row, behind in self._rows():
            self.rows += 1
            reporter.advance(100 * behind // size, {"rows": self.rows, "dropped": self.drops.total})
            name = row.origin
            try:
                fields = _fields(row)
                if row.first:
                    self._check_kind(row, fields)
                if not self._choice.wanted(fields):
                    continue
                self.wanted += 1
                name = self.dataset.identify(fields, part)
                if name in seen:
                    raise Dropped(Reason.REPEATED_ID)
                problem = self.dataset.build(fields, part, self.keep)
            except Dropped as dropped:
                self.drops.add(name, dropped)
                continue
            seen.add(name)
            yield row, problem
        reporter.end()

    def _check_kind(self, row: Row, fields: dict[str, Any]) -> None:
        if not self.dataset.keys & fields.keys():
            raise DataError(
                f"{row.origin}: fields {', '.join(list(fields)[:12]) or '(none)'} are not those of "
                f"{self.dataset.name}; is this the file of another data set?"
            )

    def _again(self, places: dict[str, str]) -> Iterator[Problem]:
        """Yield the problems of these rows (origin → id)."""
        for part, row, _ in self._rows():
            if row.origin in places:
                name = places.pop(row.origin)
                try:
                    problem = self.dataset.build(_fields(row), part, self.keep)
                except Dropped:
                    problem = None
                if problem is None or problem.id != name:
                    raise DataError(f"{row.origin} has changed since it was read; start again")
                yield problem
            if not places:
                return
        raise DataError(f"{self.files[0]} has changed since it was read; start again")


ProblemSource = OurFile | DataSetFiles


def load_problems(text: str, data: Path | str | None = None, keep: Collection[Reason] = ()) -> Iterator[Problem]:
    """Yield the problems that `text` names, as `open_source` has it. `data` is disregarded where `text` is a path."""
    folder = Path(data) if data is not None and is_name(text) else None
    return open_source(text, data=folder, keep=keep).problems()


def open_source(
    text: str,
    form: str | None = None,
    data: Path | None = None,
    revision: str | None = None,
    keep: Collection[Reason] = (),
) -> ProblemSource:
    """Return the problems that `text` names: a named set (see `subsets`), or the path of a file or folder.

    form: the format of a path, one of `FORMATS`; None: told by its first row. data: a folder in which a named set's
    files lie. revision: of the Hub, in place of the pinned one. keep: reasons of `FROM_WORDS` to disregard. Raises
    `ConfigError` and `DataError`.
    """
    for reason in keep:
        if reason not in FROM_WORDS:
            raise ConfigError(
                f"--keep {reason}: only what words of a statement decide can be kept: {', '.join(FROM_WORDS)}"
            )
    if is_name(text):
        if form is not None:
            raise ConfigError(
                f"--format {form} is for paths; {text!r} is the name of a set (write ./{text} for a path)"
            )
        named = parse_name(text)
        return DataSetFiles(named.dataset, locate(named.dataset, named.choice.parts, data, revision), named, keep)
    path = Path(text)
    if not path.exists():
        near = nearest(text.partition(":")[0], DATA_SETS)
        raise DataError(
            f"{text} is neither a file or folder nor the name of a set{near}; names start with {', '.join(DATA_SETS)}"
        )
    if data is not None or revision is not None:
        raise ConfigError(
            f"--data and --revision go with the name of a set, such as apps:introductory:200, not with {text}"
        )
    form = form or recognise(path)
    if form == OURS:
        return OurFile(path)
    if form not in DATA_SETS:
        raise ConfigError(f"--format {form}{nearest(form, FORMATS)}; allowed: {', '.join(FORMATS)}")
    dataset = DATA_SETS[form]
    return DataSetFiles(dataset, Found(((dataset.part_of(path), path),), "path"), None, keep)


def recognise(path: Path) -> str:
    """Return the format of a file or folder, by the fields of its first row. Raises `DataError`."""
    every = sorted({column for dataset in DATA_SETS.values() for column in (*dataset.columns, *dataset.keys)})
    if path.is_dir() and not any((folder / "question.txt").exists() for folder in path.iterdir()):
        raise DataError(
            f"{path} is a folder without folders of APPS problems; name a file in it, or a set with --data {path}, for "
            "example codecontests:valid"
        )
    row = next(read_rows(path, every))
    try:
        fields = _fields(row)
    except Dropped as dropped:
        raise DataError(f"{row.origin}: {dropped}; say what it is: --format {', '.join(FORMATS)}") from None
    if fields.keys() & set(REQUIRED[1:]):
        return OURS
    for dataset in DATA_SETS.values():
        if dataset.keys & fields.keys():
            return dataset.name
    raise DataError(
        f"{row.origin}: fields {', '.join(list(fields)[:12]) or '(none)'} are of no known format; if it is one, say "
        f"which: --format {', '.join(FORMATS)}"
    )


def _fields(row: Row) -> dict[str, Any]:
    fields = row.read()
    if not isinstance(fields, dict):
        raise Dropped(Reason.BAD_FIELD, f"a row is {type(fields).__name__}; it must be an object")
    return fields
