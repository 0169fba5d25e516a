"""Files of problems and programs: every bad row is named before anything runs, and memory stays bounded."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from judged_files import ADD, DOUBLE, program, write_rows

from cppo.cli import inputs
from cppo.cli.inputs import ProblemFile, ProgramFile
from cppo.errors import DataError
from cppo.verifier import VerifierConfig

CONFIG = VerifierConfig()


def problem_file(path: Path, *rows: Any, checker: str | None = None, config: VerifierConfig = CONFIG) -> ProblemFile:
    problems = ProblemFile(write_rows(path / "problems.jsonl", *rows), config, checker)
    problems.check()
    return problems


def refusal(file: ProblemFile | ProgramFile) -> str:
    with pytest.raises(DataError) as caught:
        file.check()
    return str(caught.value)


def test_problems_are_read_when_needed_and_forgotten_when_they_are_many(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [{**ADD, "id": f"p{i}", "statement": "x" * 1000} for i in range(6)]
    monkeypatch.setattr(inputs, "KEPT_BYTES", 3000)  # a row is a little over 1000 bytes: two fit
    problems = problem_file(tmp_path, *rows)
    assert len(problems) == 6
    assert [problems[name].id for name in problems] == ["p0", "p1", "p2", "p3", "p4", "p5"]
    assert len(problems._recent) == 2
    assert problems["p5"] is problems["p5"]
    assert problems["p0"].tests[1].output == "9\n"


def test_a_digest_changes_with_what_decides_a_verdict_and_with_nothing_else(tmp_path: Path) -> None:
    def digest(checker: str | None = None, config: VerifierConfig = CONFIG, **changes: Any) -> str:
        return problem_file(tmp_path, {**ADD, **changes}, checker=checker, config=config).digests["add"]

    plain = digest()
    assert digest(statement="Another statement.", metadata={"a": 1}, solutions=["print(3)"]) == plain
    assert digest(checker="codecontests") == plain  # the default of stdin mode
    changed = [
        digest(tests=[{"input": "1 2\n", "output": "3"}]),
        digest(limits={"cpu_seconds": 3}),
        digest(checker="exact"),
        digest(config=VerifierConfig(memory_mb=100)),
    ]
    assert len({plain, *changed}) == 5


def test_what_decides_by_checker_mode_and_references_is_known(tmp_path: Path) -> None:
    problems = problem_file(tmp_path, {**ADD, "solutions": ["print(3)", "print(9)"]}, {**DOUBLE, "checker": "float"})
    assert problems.checkers == {"add": "codecontests", "double": "float"}
    assert problems.modes == {"add": "stdin", "double": "call"}
    assert list(problems.solutions) == [("add", "solution-0"), ("add", "solution-1")]


def test_a_checker_from_outside_replaces_that_of_every_problem(tmp_path: Path) -> None:
    problems = problem_file(tmp_path, ADD, {**DOUBLE, "checker": "float"}, checker="exact")
    assert [problems[name].checker for name in problems] == ["exact", "exact"]


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({**ADD, "tests": []}, "line 2: tests must be a non-empty list"),
        ({**ADD, "checker": "exakt"}, "line 2: problem 'add': unknown checker 'exakt' (did you mean 'exact'?)"),
        ({**ADD, "mode": "call"}, "line 2: problem 'add': mode 'call' needs an entry_point"),
        ({**ADD, "limits": {"cpu_seconds": -1}}, "line 2: limit cpu_seconds is -1"),
        ({**DOUBLE, "id": "x", "tests": [{"input": [float("nan")], "output": 4}]}, "line 2: problem 'x', test 0: "),
        (DOUBLE, "line 2: problem id 'double' is taken by line 1"),
        ([], "line 2: a problem is a JSON object, given list"),
    ],
)
def test_bad_problems_are_named(tmp_path: Path, row: Any, words: str) -> None:
    path = write_rows(tmp_path / "problems.jsonl", DOUBLE, row)
    assert words in refusal(ProblemFile(path, CONFIG))
    assert str(path) in refusal(ProblemFile(path, CONFIG))


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (program("ad", "b", "x"), "line 2: problem_id 'ad' is not in {problems} (did you mean 'add'?)"),
        (program("add", "a"), "line 2: program_id 'a' of problem 'add' occurs twice"),
        ({**program("add", "b"), "completion": ""}, "line 2: a row has either 'program'"),
        ({"problem_id": "add", "program": ""}, "line 2: key 'program_id' is missing"),
        ({**program("add", "b"), "program": 3}, "line 2: program is 3"),
    ],
)
def test_bad_programs_are_named(tmp_path: Path, row: Any, words: str) -> None:
    problems = problem_file(tmp_path, ADD, DOUBLE)
    programs = ProgramFile(write_rows(tmp_path / "programs.jsonl", program("add", "a"), row), problems)
    assert words.format(problems=problems.path) in refusal(programs)


def test_several_bad_rows_are_told_at_once_but_not_without_end(tmp_path: Path) -> None:
    problems = problem_file(tmp_path, ADD)
    rows = [program("add", f"p{i}") for i in range(4)]
    path = write_rows(tmp_path / "programs.jsonl", {}, rows[0], [], rows[1])
    lines = refusal(ProgramFile(path, problems)).splitlines()
    assert lines[0] == "2 bad rows:"
    assert [line.split(": ")[0] for line in lines[1:]] == [f"  {path}, line 1", f"  {path}, line 3"]
    path = write_rows(tmp_path / "programs.jsonl", *[{}] * 50)
    lines = refusal(ProgramFile(path, problems)).splitlines()
    assert lines[0] == "10 bad rows and perhaps more:"
    assert len(lines) == 11


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b'{"problem_id": "\xff"}\n', "line 1: not UTF-8 at byte 16 of the line"),
        (b'\n{"problem_id": \n', "line 2: not valid JSON"),
        (b"[" * 100_000, "line 1: not valid JSON"),
        (b"1" * 10_000, "line 1: not valid JSON"),
        (b"", "holds no programs"),
        (b"\n\n", "holds no programs"),
    ],
)
def test_damaged_files_are_named(tmp_path: Path, data: bytes, words: str) -> None:
    problems = problem_file(tmp_path, ADD)
    path = tmp_path / "programs.jsonl"
    path.write_bytes(data)
    assert words in refusal(ProgramFile(path, problems))


def test_missing_files_directories_and_pipes_are_named(tmp_path: Path) -> None:
    assert refusal(ProblemFile(tmp_path / "none.jsonl", CONFIG)) == f"{tmp_path / 'none.jsonl'} does not exist"
    assert "cannot be read" in refusal(ProblemFile(tmp_path, CONFIG))
    os.mkfifo(tmp_path / "pipe")  # nobody writes to it: opening it would wait for ever
    assert f"{tmp_path / 'pipe'} is a pipe or a device" in refusal(ProblemFile(tmp_path / "pipe", CONFIG))
    empty = tmp_path / "empty.jsonl"
    empty.touch()
    assert refusal(ProblemFile(empty, CONFIG)) == f"{empty} holds no problems"


def test_files_that_change_while_they_are_judged_are_noticed(tmp_path: Path) -> None:
    problems = problem_file(tmp_path, ADD)
    programs = ProgramFile(write_rows(tmp_path / "programs.jsonl", program("add", "a"), program("add", "b")), problems)
    programs.check()
    assert [row.program_id for row in programs.rows()] == ["a", "b"]
    write_rows(programs.path, program("add", "a"))
    with pytest.raises(DataError, match="has changed: 1 of its programs are gone"):
        list(programs.rows())
    write_rows(programs.path, program("add", "a", "print(3)"))
    with pytest.raises(DataError, match="line 1 has changed since it was checked"):
        list(programs.rows())
    write_rows(problems.path, {**ADD, "checker": "exact"})
    with pytest.raises(DataError, match="line 1 has changed since it was checked"):
        problems["add"]


def test_a_byte_order_mark_or_a_missing_last_newline(tmp_path: Path) -> None:
    path = tmp_path / "problems.jsonl"
    path.write_bytes(b"\xef\xbb\xbf" + json.dumps(ADD).encode())
    assert "not valid JSON" in refusal(ProblemFile(path, CONFIG))
    path.write_bytes(json.dumps(ADD).encode())
    problems = ProblemFile(path, CONFIG)
    problems.check()
    assert problems["add"].id == "add"
