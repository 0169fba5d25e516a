"""Rows of local files, one at a time and read only when asked for: JSON lines, parquet, APPS folders.

Nothing here executes or unpickles data. A file that is damaged as a whole (a cut-off download) is a `DataError`; a row
that is only unusable is the loader's business.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from cppo.errors import DataError
from cppo.problems.datasets.drops import Dropped, Reason

LARGEST_LINE = 1 << 30
"""Bytes of a line of JSONL, and of a file of an APPS folder."""

ROWS_AT_ONCE = 8
"""Of a parquet file: rows of CodeContests are megabytes, and Arrow cannot convert a nested column of over 2 GiB."""

PAGE_BYTES = 1 << 20
"""Read from a parquet file at once, in place of whole columns."""

LFS_POINTER = b"version https://git-lfs.github.com/spec/"

APPS_FILES = {"question": "question.txt", "input_output": "input_output.json", "solutions": "solutions.json"}
"""Fields and the files that hold them in the original release of APPS, a folder a problem."""


@dataclass(frozen=True)
class Row:
    """A row that has not been read yet. `behind`: bytes of its file that are behind it, for progress; `first`: of its
    file."""

    origin: str
    read: Callable[[], Any]
    behind: int
    first: bool = False


def read_rows(path: Path, columns: Sequence[str]) -> Iterator[Row]:
    """Yield the rows of a JSONL file, a parquet file (only `columns`) or a folder of APPS folders.

    `Row.read` raises `DataError` for a damaged row and `Dropped` for one that is too large. Raises `DataError` for a
    file that is missing, empty, damaged or of no known kind.
    """
    if not path.exists():
        raise DataError(f"{path} does not exist")
    if path.is_dir():
        rows = _folder_rows(path)
    elif path.suffix == ".parquet":
        rows = _parquet_rows(path, columns)
    elif path.suffix in (".jsonl", ".json"):
        rows = _jsonl_rows(path)
    else:
        raise DataError(f"{path} is no file of a data set; known are .jsonl, .parquet and folders of APPS problems")
    first = next(rows, None)
    if first is None:
        raise DataError(f"{path} holds no rows; if it was downloaded, download it again")
    yield replace(first, first=True)
    yield from rows


def size_of(path: Path) -> int:
    """Return the bytes of a file, or how many folders a folder holds; what `Row.behind` counts up to."""
    return len(_folders(path)) if path.is_dir() else path.stat().st_size


def _jsonl_rows(path: Path) -> Iterator[Row]:
    with _opened(path) as file:
        number = 0
        while raw := file.readline(LARGEST_LINE + 1):
            number += 1
            origin = f"{path}, line {number}"
            if len(raw) > LARGEST_LINE:
                while raw and not raw.endswith(b"\n"):
                    raw = file.readline(LARGEST_LINE)
                yield Row(origin, partial(_too_large, f"a line of more than {LARGEST_LINE >> 20} MiB"), file.tell())
            elif raw.strip():
                yield Row(origin, partial(_parse_line, raw, origin), file.tell())


def _opened(path: Path) -> Any:
    try:
        return path.open("rb")
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}") from error


def _too_large(detail: str) -> Any:
    raise Dropped(Reason.OVERSIZED, detail)


def _parse_line(raw: bytes, origin: str) -> Any:
    try:
        return json.loads(raw.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        if raw.startswith(LFS_POINTER):
            raise DataError(
                f"{origin}: a Git LFS pointer stands in place of the file; get the file itself, e.g. by `git lfs pull`"
            ) from None
        raise DataError(f"{origin}: not valid JSON, the file is damaged or cut off; get it again: {error}") from error


def _parquet_rows(path: Path, columns: Sequence[str]) -> Iterator[Row]:
    import pyarrow  # type: ignore[import-untyped]
    import pyarrow.parquet  # type: ignore[import-untyped]

    size, behind = path.stat().st_size, 0
    try:
        with pyarrow.parquet.ParquetFile(path, pre_buffer=False, buffer_size=PAGE_BYTES) as file:
            names = file.schema_arrow.names
            known = [name for name in columns if name in names]
            if not known and file.metadata.num_rows:
                raise DataError(f"{path} is no file of a data set: its columns are {', '.join(names[:12])}")
            count = file.metadata.num_rows
            for batch in file.iter_batches(batch_size=ROWS_AT_ONCE, columns=known):
                for index in range(batch.num_rows):
                    behind += 1
                    origin = f"{path}, row {behind}"
                    yield Row(origin, partial(_parquet_row, batch, index, origin), size * behind // count)
    except DataError:
        raise
    except (pyarrow.ArrowException, OSError, ValueError) as error:  # ValueError: names of columns that are not UTF-8
        raise DataError(f"{path} is no complete parquet file; get it again: {error}") from error


def _parquet_row(batch: Any, index: int, origin: str) -> Any:
    try:
        return batch.slice(index, 1).to_pylist()[0]
    except ValueError as error:  # text that is not UTF-8
        raise DataError(f"{origin}: damaged: {error}; get the file again") from error


def _folders(path: Path) -> list[Path]:
    return sorted(folder for folder in path.iterdir() if folder.is_dir())


def _folder_rows(path: Path) -> Iterator[Row]:
    for number, folder in enumerate(_folders(path), start=1):
        yield Row(str(folder), partial(_apps_folder, folder), number)


def _apps_folder(folder: Path) -> Any:
    """Return the fields of a problem as `codeparrot/apps` names them."""
    row: dict[str, Any] = {"id": int(folder.name) if folder.name.isdecimal() else folder.name}
    for field, name in APPS_FILES.items():
        row[field] = _file_text(folder / name)
    row["starter_code"] = _file_text(folder / "starter_code.py")
    try:
        facts = json.loads(_file_text(folder / "metadata.json") or "{}")
    except (ValueError, RecursionError) as error:
        raise Dropped(Reason.BAD_JSON, f"metadata.json: {error}") from None
    if not isinstance(facts, dict):
        raise Dropped(Reason.BAD_FIELD, "metadata.json holds no object")
    return {**row, "difficulty": facts.get("difficulty", ""), "url": facts.get("url", "")}


def _file_text(path: Path) -> str:
    """Return what a file holds, "" when there is none; raises `Dropped`."""
    try:
        if path.stat().st_size > LARGEST_LINE:
            raise Dropped(Reason.OVERSIZED, f"{path.name} has more than {LARGEST_LINE >> 20} MiB")
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""
    except UnicodeDecodeError as error:
        raise Dropped(Reason.BAD_VALUE, f"{path.name} is not UTF-8: {error}") from None
