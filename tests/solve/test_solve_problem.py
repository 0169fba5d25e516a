"""Where a problem to solve comes from."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pyarrow
import pyarrow.parquet
import pytest

from cppo.errors import DataError
from cppo.solve.problem import read_problem


def test_a_statement_is_a_problem_without_tests(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "task.md"
    path.write_text("# Sum\nPrint the sum.\n")
    problem = read_problem(str(path))
    assert (problem.statement, list(problem.tests)) == ("# Sum\nPrint the sum.", [])
    path.write_bytes(b"\xef\xbb\xbf{1} Print the sum.")
    assert read_problem(str(path)).statement == "{1} Print the sum."
    monkeypatch.setattr("sys.stdin", io.StringIO("Print 7."))
    assert read_problem("-").statement == "Print 7."


def test_json_may_bring_tests(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    row = {"statement": "Print 7.", "tests": [{"input": "", "output": "7"}]}
    monkeypatch.setattr("sys.stdin", io.StringIO(json.dumps(row)))
    assert len(read_problem("-").tests) == 1
    path = tmp_path / "call.json"
    path.write_text(json.dumps({"statement": "Double it.", "mode": "call", "entry_point": "double"}))
    problem = read_problem(str(path))
    assert (problem.mode, problem.entry_point, list(problem.tests)) == ("call", "double", [])
    path.write_text(json.dumps({"statement": "Double it.", "entry_point": "double", "tests": []}))
    with pytest.raises(DataError, match="mode is 'stdin'"):
        read_problem(str(path))


def test_a_file_of_several_needs_an_id(tmp_path: Path) -> None:
    path = tmp_path / "all.jsonl"
    rows = [{"id": f"p{i}", "statement": "s", "tests": [{"input": "", "output": "1"}]} for i in range(3)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert read_problem(f"{path}#p2").id == "p2"
    with pytest.raises(DataError, match=r"several problems; say which: .*all.jsonl#p0"):
        read_problem(str(path))
    with pytest.raises(DataError, match=r"no problem 'p7'.*it has p0, p1, p2"):
        read_problem(f"{path}#p7")
    path.write_text(json.dumps(rows[1]) + "\n")
    assert read_problem(str(path)).id == "p1"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("nowhere.txt", "is no file"),
        ("apps", "write SET:ID, with an id"),
        ("empty.txt", "is empty"),
        ("bytes.txt", "no text in UTF-8"),
        ("cut.txt", "begins like JSON but is none, or is cut off"),
        ("cut.json", "is no JSON, or is cut off"),
        ("words.json", "is no JSON, or is cut off"),
        ("list.txt", "a problem is a JSON object, given list"),
        ("bom.json", r"bom.json: unknown key 'question' \(did you mean"),
        ("half.json", "key 'statement' is missing"),
        ("half.jsonl", "key 'statement' is missing"),
        ("cut.jsonl", "line 1: not valid JSON, the file is damaged or cut off"),
        ("empty.txt#p", "is empty"),
        ("word.txt#p", r"holds one problem, 'problem', and none 'p'; leave #p out"),
        ("x" * 5000, r"x{80}… is no file"),
        ("apps:200", r"names a set of problems, not one of them; write SET:ID, with an id that begins with apps/"),
        ("livecodebench:v6:abc1_a", "names no problem; write SET:ID, with an id that begins with livecodebench/"),
    ],
)
def test_what_is_no_problem_says_so(text: str, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "empty.txt").write_text(" \n")
    (tmp_path / "bytes.txt").write_bytes(b"\xff\xfe\x00")
    for name in ("cut.txt", "cut.json", "cut.jsonl"):
        (tmp_path / name).write_text('{"statement": "Print 7.", "tests": [')
    (tmp_path / "list.txt").write_text('[{"statement": "Print 7."}]')
    (tmp_path / "bom.json").write_bytes(b'\xef\xbb\xbf{"question": "Print 7."}')
    for name in ("half.json", "half.jsonl"):
        (tmp_path / name).write_text('{"id": "p", "tests": [{"input": "", "output": "7"}]}')
    for name in ("word.txt", "words.json"):
        (tmp_path / name).write_text("Print 7.")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DataError, match=words):
        read_problem(text)


def test_standard_input_that_is_no_text_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    for errors in ("strict", "surrogateescape"):  # the second is what a locale without a name has
        stream = io.TextIOWrapper(io.BytesIO(b"\xff\xfe"), encoding="utf-8", errors=errors)
        monkeypatch.setattr("sys.stdin", stream)
        with pytest.raises(DataError, match="standard input is no text in UTF-8"):
            read_problem("-")


def test_a_row_of_ours_may_have_no_tests_and_a_path_its_own_number_sign(tmp_path: Path) -> None:
    path = tmp_path / "c#.jsonl"
    path.write_text(
        '{"id": "a#1", "statement": "Print 7."}\n'
        '{"id": "b", "statement": "Print 8.", "tests": [{"input": "", "output": "8"}]}\n'
    )
    assert list(read_problem(f"{path}#a#1").tests) == []
    assert len(read_problem(f"{path}#b").tests) == 1


def test_a_file_of_a_data_set_has_problems_too(tmp_path: Path) -> None:
    row = {"id": 7, "question": "Print 7.", "input_output": json.dumps({"inputs": [""], "outputs": ["7"]})}
    (tmp_path / "test.jsonl").write_text(json.dumps(row) + "\n")
    assert read_problem(f"{tmp_path}/test.jsonl#apps/test/7").id == "apps/test/7"
    row["input_output"] = ""
    (tmp_path / "test.jsonl").write_text(json.dumps(row) + "\n")
    with pytest.raises(DataError, match="holds no usable problem; `cppo data show` says what was dropped"):
        read_problem(f"{tmp_path}/test.jsonl#apps/test/7")


def test_ids_of_sets_may_have_colons(tmp_path: Path) -> None:
    row = {
        "name": "1_A. Ten: a sum", "description": "Print 10.", "source": 2, "difficulty": 7, "solutions": None,
        "public_tests": {"input": [""], "output": ["10"]}, "private_tests": None, "generated_tests": None,
    }  # fmt: skip
    (tmp_path / "valid-00000-of-00001.jsonl").write_text(json.dumps(row) + "\n")
    path = tmp_path / "valid-00000-of-00001.jsonl"
    assert read_problem(f"{path}#codecontests/codeforces/1_A. Ten: a sum").statement == "Print 10."
    (tmp_path / "data").mkdir()
    table = pyarrow.Table.from_pylist([row])
    pyarrow.parquet.write_table(table, tmp_path / "data" / "valid-00000-of-00001.parquet")
    name = "codecontests:valid:codecontests/codeforces/1_A. Ten: a sum"
    assert read_problem(name, str(tmp_path)).statement == "Print 10."


def test_a_problem_of_a_set_is_found_by_its_id(tmp_path: Path) -> None:
    row = {
        "id": 7, "question": "Print 7.", "solutions": "[]", "difficulty": "interview", "url": "", "starter_code": "",
        "input_output": json.dumps({"inputs": [""], "outputs": ["7"]}),
    }  # fmt: skip
    (tmp_path / "test.jsonl").write_text(json.dumps(row) + "\n")
    assert read_problem("apps:test:apps/test/7", str(tmp_path)).statement == "Print 7."
    with pytest.raises(DataError, match="no problem 'apps/test/8'"):
        read_problem("apps:test:apps/test/8", str(tmp_path))
