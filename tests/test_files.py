"""Files are whole or absent; damage is named with file and line."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cppo.errors import DataError
from cppo.files import read_json, read_jsonl, write_atomic, write_json, write_jsonl

JSON_VALUE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(st.characters()),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)


def test_write_atomic_makes_folders_and_replaces(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b.txt"
    write_atomic(path, "first, longer\n")
    write_atomic(path, "é\n")
    assert path.read_bytes() == "é\n".encode()
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    assert [entry.name for entry in path.parent.iterdir()] == ["b.txt"]


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "b.txt"
    write_atomic(path, "old")

    def fail(_: int) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="disk full"):
        write_atomic(path, "new")
    assert path.read_text(encoding="utf-8") == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_rows_that_fail_halfway_write_nothing(tmp_path: Path) -> None:
    def rows() -> Iterator[int]:
        yield 1
        raise KeyError("row 2")

    with pytest.raises(KeyError):
        write_jsonl(tmp_path / "rows.jsonl", rows())
    assert list(tmp_path.iterdir()) == []


@given(JSON_VALUE)
def test_json_round_trips(tmp_path_factory: pytest.TempPathFactory, value: object) -> None:
    directory = tmp_path_factory.mktemp("json")
    write_json(directory / "value.json", value)
    assert read_json(directory / "value.json") == value
    write_jsonl(directory / "rows.jsonl", [value, value])
    assert list(read_jsonl(directory / "rows.jsonl")) == [(1, value), (2, value)]


def test_a_lone_surrogate_survives(tmp_path: Path) -> None:
    write_json(tmp_path / "value.json", {"detail": "\udc80é"})
    assert read_json(tmp_path / "value.json") == {"detail": "\udc80é"}


def test_read_json_names_what_is_wrong(tmp_path: Path) -> None:
    path = tmp_path / "value.json"
    with pytest.raises(DataError, match=f"{path} does not exist"):
        read_json(path)
    with pytest.raises(DataError, match=f"{tmp_path} cannot be read"):
        read_json(tmp_path)
    for damage in (b'{"a": ', b"\xff\xfe", b"[" * 200_000, b"9" * 5000):
        path.write_bytes(damage)
        with pytest.raises(DataError, match=f"{path} is not valid JSON.*restore it"):
            read_json(path)


@pytest.mark.parametrize("damage", [b'{"a": 1', b"\xff", b"[" * 200_000, b"9" * 5000])
def test_read_jsonl_names_the_damaged_line(tmp_path: Path, damage: bytes) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_bytes(b'{"a": 1}\n\n' + damage)  # the last line has no end: the trace of a killed writer
    rows = read_jsonl(path)
    assert next(rows) == (1, {"a": 1})
    with pytest.raises(DataError, match=f"{path}, line 3: not valid JSON"):
        next(rows)


def test_read_jsonl_of_nothing(tmp_path: Path) -> None:
    (tmp_path / "empty.jsonl").write_text("", encoding="utf-8")
    assert list(read_jsonl(tmp_path / "empty.jsonl")) == []
    for path, message in ((tmp_path / "none.jsonl", "does not exist"), (tmp_path, "cannot be read")):
        with pytest.raises(DataError, match=message):
            next(read_jsonl(path))


def test_line_separators_inside_text_do_not_split_rows(tmp_path: Path) -> None:
    text = "a\u2028b\u2029c\x85d\ne\rf"
    write_jsonl(tmp_path / "rows.jsonl", [text])
    assert (tmp_path / "rows.jsonl").read_bytes().count(b"\n") == 1
    assert list(read_jsonl(tmp_path / "rows.jsonl")) == [(1, text)]
    assert json.loads((tmp_path / "rows.jsonl").read_text(encoding="utf-8")) == text
