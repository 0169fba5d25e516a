"""The problem to solve: from a file, from standard input, or from a data set by its id."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from cppo.errors import ConfigError, DataError, nearest
from cppo.files import read_jsonl
from cppo.problems import Problem
from cppo.problems.datasets import open_source
from cppo.problems.datasets.loading import OURS, recognise
from cppo.problems.datasets.subsets import is_name, parse_name
from cppo.problems.jsonl import problem_from_row
from cppo.progress import Reporter

SHOWN = 8
"""Ids that an error names at most."""
CLIPPED = 80
"""Characters of an argument that an error repeats."""
ROWS = (".jsonl", ".parquet")
"""Files that hold a problem a row."""

_JSON = re.compile(r"\s*(?:\[\s*)?\{\s*[\"}]")
"""How JSON with a problem begins, and no statement does."""


def read_problem(text: str, data: str | None = None, reporter: Reporter | None = None) -> Problem:
    """Return the problem that `text` names.

    `-` is standard input; a path may end in `#ID` where the file holds several problems, ours or of a data set;
    `apps:test:apps/test/7` is a problem of a named set by its id, whose files lie in `data`, in the Hugging Face cache
    or on the Hub. A file or standard input that is no JSON is a statement, without tests. Raises `DataError`, naming
    ids where one is needed.
    """
    if text == "-":
        try:
            return _from_text(sys.stdin.read(), "standard input")
        except UnicodeDecodeError as error:
            raise DataError(f"standard input is no text in UTF-8: {error}") from None
    if is_name(text):
        source, name = _set_and_id(text)
        problems = open_source(source, data=Path(data) if data else None).problems(reporter)
        return _find(problems, name, source)
    path, name = _path_and_id(text)
    if path.endswith(ROWS):
        return _find(_rows(path, reporter), name or None, path)
    try:
        problem = _from_text(Path(path).read_text(encoding="utf-8"), path, strict=path.endswith(".json"))
    except UnicodeDecodeError as error:
        raise DataError(f"{path} is no text in UTF-8: {error}") from None
    if name and name != problem.id:
        raise DataError(f"{path} holds one problem, {problem.id!r}, and none {name!r}; leave #{name} out")
    return problem


def _set_and_id(text: str) -> tuple[str, str]:
    """Take an id of a data set, which begins with the set's name and may have colons, from the name before it."""
    name = text.partition(":")[0]
    source, found, rest = text.partition(f":{name}/")
    if found:
        return source, f"{name}/{rest}"
    try:
        parse_name(text)
        what = "a set of problems, not one of them"
    except ConfigError:
        what = "no problem"
    raise DataError(
        f"{text} names {what}; write SET:ID, with an id that begins with {name}/, as `cppo data show` shows them, for "
        "example apps:test:apps/test/7"
    )


def _path_and_id(text: str) -> tuple[str, str]:
    """Take an id from the path before it; both may have a # of their own."""
    try:
        for place in (len(text), *(i for i, character in enumerate(text) if character == "#")):
            if Path(text[:place]).is_file():
                return text[:place], text[place + 1 :]
    except OSError:  # longer than any name of a file
        pass
    given = text if len(text) <= CLIPPED else f"{text[:CLIPPED]}…"
    raise DataError(f"{given} is no file; a problem is a file, - (standard input), or a set with an id")


def _rows(path: str, reporter: Reporter | None) -> Iterator[Problem]:
    """Yield the problems of a file of rows; those of ours may be without tests."""
    form = recognise(Path(path))
    if form != OURS:
        yield from open_source(path, form).problems(reporter)
        return
    for number, row in read_jsonl(path):
        yield _from_row(row, f"{path}, line {number}")


def _find(problems: Iterable[Problem], name: str | None, origin: str) -> Problem:
    """Return the problem of that id; without one the only problem there is."""
    ids: list[str] = []
    first: Problem | None = None
    for problem in problems:
        if problem.id == name:
            return problem
        first = first or problem
        ids.append(problem.id)
        if name is None and len(ids) > 1:
            break
    if name is None and first is not None and len(ids) == 1:
        return first
    if not ids:
        raise DataError(f"{origin} holds no usable problem; `cppo data show` says what was dropped")
    if name is None:
        raise DataError(f"{origin} holds several problems; say which: {origin}#{ids[0]}")
    some = ", ".join(ids[:SHOWN]) + (", …" if len(ids) > SHOWN else "")
    raise DataError(f"{origin} has no problem {name!r}{nearest(name, ids)}; it has {some}")


def _from_text(text: str, origin: str, strict: bool = False) -> Problem:
    """Return the problem of a text: JSON, or, unless `strict`, a statement."""
    text = text.removeprefix("\ufeff")
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise DataError(f"{origin} is no text in UTF-8: {error}") from None
    if not text.strip():
        raise DataError(f"{origin} is empty; a problem is a statement, or JSON with statement and tests")
    if not strict and not _JSON.match(text):
        return Problem("problem", text.strip(), [])
    try:
        row = json.loads(text)
    except (ValueError, RecursionError) as error:
        kind = "is no JSON" if strict else "begins like JSON but is none"
        raise DataError(
            f"{origin} {kind}, or is cut off: {error}; a problem is a statement, or JSON with statement and tests"
        ) from None
    return _from_row({"id": "problem", **row} if isinstance(row, dict) else row, origin)


def _from_row(row: Any, origin: str) -> Problem:
    """Return the problem of a row of ours, which may have no tests."""
    if not isinstance(row, dict) or row.get("tests"):
        return problem_from_row(row, origin)
    mode = "call" if row.get("mode") == "call" else "stdin"
    return replace(problem_from_row({**row, "tests": [_NO_TEST[mode]]}, origin), tests=[])


_NO_TEST = {"stdin": {"input": "", "output": ""}, "call": {"input": [], "output": None}}
"""Stands for the tests while the rest of a problem is checked."""
