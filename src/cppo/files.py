"""Files that are either whole or absent: atomic writes and JSON lines."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from cppo.errors import DataError


def write_atomic(path: Path | str, text: str) -> None:
    """Write `text` to `path` through a temporary file in the same directory, so that no reader sees half of it."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".tmp")
    try:
        # A lone surrogate becomes \udXXX: in JSON that is the escape for it, so the text survives the round trip.
        with os.fdopen(descriptor, "w", encoding="utf-8", errors="backslashreplace") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def is_half_written(path: Path) -> bool:
    """Whether this is what `write_atomic` leaves when the process is killed in it: nothing anyone needs."""
    return path.name.startswith(".") and path.name.endswith(".tmp")


def write_json(path: Path | str, value: Any) -> None:
    """Write `value` as indented JSON, atomically."""
    write_atomic(path, json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def read_json(path: Path | str) -> Any:
    """Read one JSON value; raises `DataError` that names the file when it is missing or damaged."""
    path = Path(path)
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise DataError(f"{path} does not exist") from None
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path} is not valid JSON: {error}; delete it or restore it") from error


def write_jsonl(path: Path | str, rows: Iterable[Any]) -> None:
    """Write one JSON value a line, atomically."""
    write_atomic(path, "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))


def file_hash(path: Path | str) -> str:
    """Return the SHA-256 of a file's bytes. Raises `DataError` when it does not exist."""
    try:
        with Path(path).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError:
        raise DataError(f"{path} does not exist") from None


def read_jsonl(path: Path | str) -> Iterator[tuple[int, Any]]:
    """Yield `(line number, value)`; raises `DataError` that names the file and line of a damaged row.

    An incomplete last line without a newline (the trace of a killed writer) is reported like any other damage.
    """
    path = Path(path)
    try:
        file = path.open("rb")
    except FileNotFoundError:
        raise DataError(f"{path} does not exist") from None
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}") from error
    with file:
        for number, raw in enumerate(file, start=1):
            if not raw.strip():
                continue
            try:
                yield number, json.loads(raw.decode("utf-8"))
            except (ValueError, RecursionError) as error:  # ValueError also for integers of over 4300 digits
                raise DataError(f"{path}, line {number}: not valid JSON: {error}") from error
