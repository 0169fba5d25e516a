"""What a loader is: where its data set lies, which of its files a name asks for, and a problem from a row."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cppo.errors import ConfigError, DataError
from cppo.problems.datasets.drops import Reason
from cppo.problems.datasets.fields import Fields
from cppo.problems.problem import Problem


def every_row(_row: Fields) -> bool:
    """Want every row."""
    return True


@dataclass(frozen=True)
class Choice:
    """What a name asks for of a data set: parts (each one file, a set of shards, or a folder) and some of their rows.

    `label` says so in words, `asked` as plain JSON. `wanted` decides by fields alone, before anything costly is read; a
    row that is not wanted is not counted as dropped. It raises `Dropped` for fields it cannot read.
    """

    parts: tuple[str, ...]
    label: str
    wanted: Callable[[Fields], bool] = every_row
    asked: Mapping[str, str] = field(default_factory=dict)


def only(name: str, before: str, qualifier: str) -> str:
    """Return a qualifier of a name, of a kind of which it may have one. Raises `ConfigError` when there was one
    `before`: which of them was meant would be a guess."""
    if before:
        raise ConfigError(f"{name} is given both {before!r} and {qualifier!r}; leave one out, or name two sets")
    return qualifier


@dataclass(frozen=True)
class DataSet:
    """One data set and its loader.

    name: what it is called in names of sets. repository, revision: its place on the Hub and the commit that is read.
    patterns: by part, the file in the repository, with `*` for shards. folders: whether a part may also be a folder of
    problems. published: rows by part, as published. keys: columns that no other format has. columns: those that
    are read from parquet.

    choose: qualifiers of a name (without the count) → what they ask for; raises `ConfigError`.
    identify: row, part → the stable id of its problem; raises `Dropped`.
    build: row, part, reasons to keep → its problem; raises `Dropped`.
    """

    name: str
    repository: str
    revision: str
    patterns: Mapping[str, str]
    published: Mapping[str, int]
    keys: frozenset[str]
    columns: tuple[str, ...]
    choose: Callable[[Sequence[str]], Choice]
    identify: Callable[[Fields, str], str]
    build: Callable[[Fields, str, Collection[Reason]], Problem]
    folders: bool = False

    def part_of(self, path: Path) -> str:
        """Return which part a file or folder holds, told by its name. Raises `DataError` when the name does not say.

        Ids and sources depend on it: problems of an unknown part could be those of an evaluation set.
        """
        for part in self.patterns:
            if re.search(rf"(?<![a-z0-9]){part}(?![a-z0-9])", path.stem.casefold()):
                return part
        raise DataError(
            f"{path}: its name does not say which part of {self.name} it holds; rename it, or link to it, so that it "
            f"has one of {', '.join(self.patterns)} in it, for example {next(iter(self.patterns))}{path.suffix}"
        )
