"""The file of verdicts: whole rows survive any end of the writer, and foreign rows are never mixed in."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from judged_files import read_rows

from cppo.cli.verdicts import Fingerprint, VerdictFile, VerdictKey
from cppo.errors import ConfigError, RunError
from cppo.verifier import ProgramVerdict, TestResult, Verdict

AC, WA = ProgramVerdict(Verdict.AC, (TestResult(Verdict.AC, 0.5),)), ProgramVerdict(Verdict.WA, (), "test 0: no")
INFRA = ProgramVerdict(Verdict.INFRA, (), "the verifier failed")
A, B, C = VerdictKey("p", "a"), VerdictKey("p", "b"), VerdictKey("q", "c")


def fingerprint(
    settings: Mapping[str, Any] | None = None,
    problems: Mapping[str, str] | None = None,
    programs: Mapping[tuple[str, str], str] | None = None,
) -> Fingerprint:
    """Return a fingerprint of problems p and q and of programs a, b and c, with changes."""
    return Fingerprint(
        {"cpu_seconds": 10.0, "checker": None} | dict(settings or {}),
        {"p": "1", "q": "2"} | dict(problems or {}),
        {A[:2]: "a", B[:2]: "b", C[:2]: "c"} | dict(programs or {}),
    )


def written(path: Path, *rows: tuple[VerdictKey, ProgramVerdict]) -> Path:
    with VerdictFile(path, fingerprint()) as file:
        for key, verdict in rows:
            file.append(key, verdict)
    return path


def refusal(path: Path, changed: Fingerprint) -> str:
    before = path.read_bytes()
    with pytest.raises(RunError) as caught, VerdictFile(path, changed):
        pass
    assert path.read_bytes() == before  # nothing written before is lost
    assert "--restart" in str(caught.value)
    return str(caught.value)


def test_rows_come_as_they_come_and_end_in_order(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "verdicts.jsonl"
    with VerdictFile(path, fingerprint()) as file:
        file.append(C, WA)
        assert [row["program_id"] for row in read_rows(path)] == ["c"]  # already on disk
        file.append(A, AC)
        file.append(B._replace(checker="exact"), WA)
        file.finish([A, B, C, B._replace(checker="exact")])
    rows = read_rows(path)
    assert [(row["program_id"], row["verdict"]) for row in rows] == [("a", "AC"), ("c", "WA"), ("b", "WA")]
    assert "checker" not in rows[0]
    assert rows[2]["checker"] == "exact"
    assert rows[0]["tests"] == [{"verdict": "AC", "cpu_seconds": 0.5, "wall_seconds": 0.0, "memory_mb": 0.0}]
    assert sorted(file.name for file in path.parent.iterdir()) == ["verdicts.jsonl", "verdicts.jsonl.settings.json"]


def test_a_second_run_keeps_what_is_there_but_for_infra(tmp_path: Path) -> None:
    path = written(tmp_path / "v.jsonl", (C, WA), (A, INFRA))
    with VerdictFile(path, fingerprint()) as file:
        assert file.kept == {C: WA}
        file.append(A, AC)
        file.finish([A, B, C])
    assert [(row["program_id"], row["verdict"]) for row in read_rows(path)] == [("a", "AC"), ("c", "WA")]
    with VerdictFile(path, fingerprint()) as file:
        assert set(file.kept) == {A, C}


def test_a_row_that_became_infra_later_is_owed_again(tmp_path: Path) -> None:
    path = written(tmp_path / "v.jsonl", (A, AC), (A, INFRA))
    with VerdictFile(path, fingerprint()) as file:
        assert file.kept == {}


@given(st.data())
def test_whatever_byte_the_writer_was_killed_at_whole_rows_are_kept(data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as directory:
        path = written(Path(directory) / "v.jsonl", (A, AC), (B, WA), (C, ProgramVerdict(Verdict.CE, (), "é\ud800\n")))
        whole = path.read_bytes()
        cut = data.draw(st.integers(0, len(whole)))
        path.write_bytes(whole[:cut])
        with VerdictFile(path, fingerprint()) as file:
            assert list(file.kept) == [A, B, C][: whole[:cut].count(b"\n")]
            for key in (A, B, C):
                if key not in file.kept:
                    file.append(key, AC)
            file.finish([A, B, C])
        assert [row["program_id"] for row in read_rows(path)] == ["a", "b", "c"]


def test_lone_surrogates_survive(tmp_path: Path) -> None:
    path = written(tmp_path / "v.jsonl", (A, ProgramVerdict(Verdict.WA, (), "wrote \udc80é")))
    with VerdictFile(path, fingerprint()) as file:
        assert file.kept[A].detail == "wrote \udc80é"


def test_other_settings_are_refused_by_name(tmp_path: Path) -> None:
    path = written(tmp_path / "v.jsonl", (A, AC))
    words = refusal(path, fingerprint({"cpu_seconds": 3.0, "checker": "exact"}))
    assert 'checker: null -> "exact"' in words
    assert "cpu_seconds: 10.0 -> 3.0" in words


def test_other_problems_are_refused_where_they_were_judged(tmp_path: Path) -> None:
    path = written(tmp_path / "v.jsonl", (A, AC))
    assert "line 1: the tests, limits, mode or checker of problem 'p'" in refusal(
        path, fingerprint(problems={"p": "9"})
    )
    with VerdictFile(path, fingerprint(problems={"q": "9", "r": "new"})) as file:
        assert set(file.kept) == {A}


def test_other_programs_are_refused_and_new_ones_are_welcome(tmp_path: Path) -> None:
    path = written(tmp_path / "v.jsonl", (A, AC))
    assert "program 'a' of problem 'p' is not the text" in refusal(path, fingerprint(programs={A[:2]: "9"}))
    gone = Fingerprint(fingerprint().settings, {"p": "1"}, {B[:2]: "b"})
    assert "program 'a' of problem 'p' is no longer among the programs" in refusal(path, gone)
    with VerdictFile(path, fingerprint(programs={("p", "d"): "d"})) as file:
        assert set(file.kept) == {A}


def test_rows_of_unknown_origin_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "v.jsonl"
    path.write_text('{"some": "rows"}\n', encoding="utf-8")
    assert "v.jsonl.settings.json beside it is missing" in refusal(path, fingerprint())
    (tmp_path / "v.jsonl.settings.json").write_text("{}", encoding="utf-8")
    assert "v.jsonl.settings.json is damaged" in refusal(path, fingerprint())


@pytest.mark.parametrize("row", [b"not JSON", b"[]", b'{"problem_id": 3}', b'{"problem_id": "p", "program_id": "a"}'])
def test_a_damaged_row_in_the_middle_is_named(tmp_path: Path, row: bytes) -> None:
    path = written(tmp_path / "v.jsonl", (A, AC), (B, AC))
    lines = path.read_bytes().splitlines()
    path.write_bytes(b"\n".join([lines[0], row, lines[1], b""]))
    assert f"{path}, line 2 cannot be read" in refusal(path, fingerprint())


def test_a_restart_begins_anew(tmp_path: Path) -> None:
    path = written(tmp_path / "v.jsonl", (A, AC))
    with VerdictFile(path, fingerprint({"cpu_seconds": 3.0}), restart=True) as file:
        assert file.kept == {}
        file.append(B, WA)
    assert [row["program_id"] for row in read_rows(path)] == ["b"]
    settings = json.loads((tmp_path / "v.jsonl.settings.json").read_text(encoding="utf-8"))["settings"]
    assert settings["cpu_seconds"] == 3.0


def test_an_empty_file_belongs_to_nobody(tmp_path: Path) -> None:
    path = written(tmp_path / "v.jsonl")
    assert path.read_bytes() == b""
    with VerdictFile(path, fingerprint({"cpu_seconds": 3.0})) as file:
        assert file.kept == {}


def test_two_writers_at_once_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "v.jsonl"
    with VerdictFile(path, fingerprint()) as first:
        with pytest.raises(RunError, match="another process is writing"), VerdictFile(path, fingerprint()):
            pass
        first.append(B, AC)
        first.append(A, AC)
        first.finish([A, B])  # the file is another one now
    with VerdictFile(path, fingerprint()) as second:
        assert list(second.kept) == [A, B]


def test_a_directory_is_no_file_of_verdicts(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no regular file"), VerdictFile(tmp_path, fingerprint()):
        pass


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    target, link = tmp_path / "data" / "v.jsonl", tmp_path / "link.jsonl"
    target.parent.mkdir()
    link.symlink_to(target)
    with VerdictFile(link, fingerprint()) as file:
        file.append(B, AC)
        file.append(A, AC)
        file.finish([A, B])
    assert link.is_symlink()
    assert [row["program_id"] for row in read_rows(target)] == ["a", "b"]
