"""`cppo data`: show, convert, check, each on files of rows made up for the tests."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from data_files import LONG_ROW, apps_rows, contest_rows, write_jsonl, write_parquet

from cppo.cli import data as data_module
from cppo.cli.data_parser import add_data
from cppo.errors import CppoError
from cppo.problems.jsonl import read_problems

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run the command in a directory of its own; return exit status, output and errors."""
    monkeypatch.chdir(tmp_path)

    def command(*arguments: str) -> tuple[int, str, str]:
        parser = argparse.ArgumentParser(prog="cppo")
        add_data(parser.add_subparsers(required=True))
        parsed = parser.parse_args(["data", *arguments, "-q"])
        capsys.readouterr()
        error = ""
        try:
            status = int(parsed.command(parsed))
        except CppoError as failure:
            status, error = failure.exit_code, str(failure)
        out, err = capsys.readouterr()
        return status, out, err + error

    return command


@pytest.fixture
def apps(tmp_path: Path) -> Path:
    """Twelve rows of APPS, two of them without tests, one that admits several answers."""
    return write_jsonl(tmp_path / "data" / "test.jsonl", apps_rows())


@pytest.fixture
def contests(tmp_path: Path) -> Path:
    """Three rows of CodeContests in two shards."""
    rows = contest_rows()
    write_parquet(tmp_path / "data" / "train-00000-of-00002-0a.parquet", rows[:2])
    return write_parquet(tmp_path / "data" / "train-00001-of-00002-0b.parquet", rows[2:])


@pytest.mark.usefixtures("apps")
def test_show_prints_figures_drops_and_an_example(run: Run) -> None:
    status, out, err = run("show", "apps:introductory", "--data", "data")
    assert status == 0
    for words in (
        "apps:introductory",
        "codeparrot/apps (folder): test.jsonl, difficulty introductory; 12 rows, 12 asked for",
        "stdin 8, call 1",
        "no-tests",
        "several-answers",
        "it says 'several answers, print any'",
        "1 to 2, median 1",
        "for example apps/test/0",
        "Print 0 plus the number on the line.",
        "input: '1\\n'",
    ):
        assert words in out, words
    assert "12 rows were read, but 5000 were published: is this the whole of apps test.jsonl" in err


@pytest.mark.usefixtures("apps")
def test_show_as_json(run: Run) -> None:
    status, out, _ = run("show", "apps:introductory:4", "--data", "data", "--json")
    result = json.loads(out)
    assert status == 0
    origin = result["origin"]
    assert (result["problems"], origin["rows"], origin["seed"], origin["set"]) == (4, 12, 0, "apps:introductory:4")
    assert (result["difficulty"], origin["difficulty"]) == ({"introductory": 4}, "introductory")
    assert {name: row["count"] for name, row in origin["dropped"].items()} == {"no-tests": 2, "several-answers": 1}
    assert origin["files"] == [{"name": "test.jsonl", "bytes": Path("data/test.jsonl").stat().st_size}]


@pytest.mark.usefixtures("contests")
def test_show_gives_limits_and_languages(run: Run) -> None:
    status, out, _ = run("show", "codecontests:train", "--data", "data", "--json")
    result = json.loads(out)
    assert (status, result["problems"], result["with_solutions"], result["solutions"]) == (0, 3, 3, 3)
    assert result["limits"] == {
        "cpu_seconds": {"problems": 2, "least": 1.0, "median": 1.5, "most": 2.0, "all": 3.0},
        "memory_mb": {"problems": 3, "least": 256.0, "median": 256.0, "most": 256.0, "all": 768.0},
    }
    assert result["checker"] == {"codecontests": 3}


def test_show_of_our_own_file_and_of_one_without_usable_rows(run: Run, apps: Path) -> None:
    ours = write_jsonl(
        apps.parent / "ours.jsonl", [{"id": "p", "statement": "s", "tests": [{"input": "1", "output": "1"}]}]
    )
    status, out, err = run("show", str(ours))
    assert (status, err) == (0, "")
    assert "reference solutions" in out
    assert "dropped" not in out
    write_jsonl(apps, [row for row in apps_rows() if not row["input_output"]])
    status, out, _ = run("show", str(apps))
    assert status == 0
    assert "no-tests" in out


@pytest.mark.usefixtures("contests")
def test_convert_writes_what_our_reader_reads(run: Run, tmp_path: Path) -> None:
    status, out, _ = run("convert", "codecontests:train", "--data", "data", "-o", "out/train.jsonl")
    assert status == 0
    assert "3 problems: out/train.jsonl" in out
    problems = list(read_problems("out/train.jsonl"))
    assert [p.id for p in problems] == [f"codecontests/codeforces/{name}" for name in ("sum", "product", "echo")]
    assert [p.limits.cpu_seconds for p in problems] == [1.0, 2.0, None]
    assert problems[0].metadata["set"] == "codecontests:train"
    about = json.loads(Path("out/train.jsonl.about.json").read_text())
    origin = about["origin"]
    assert (about["problems"], origin["repository"], origin["split"]) == (3, "deepmind/code_contests", "train")
    assert [file["name"] for file in origin["files"]] == [
        "train-00000-of-00002-0a.parquet",
        "train-00001-of-00002-0b.parquet",
    ]
    assert str(tmp_path) not in json.dumps(about)
    assert [path.name for path in Path("out").iterdir() if path.suffix == ".tmp"] == []


@pytest.mark.usefixtures("contests")
def test_convert_changes_what_is_asked(run: Run) -> None:
    arguments = ("--checker", "float:1e-6", "--time-factor", "3", "--solutions", "0")
    assert run("convert", "codecontests:train", "--data", "data", "-o", "t.jsonl", *arguments)[0] == 0
    problems = list(read_problems("t.jsonl"))
    assert [p.limits.cpu_seconds for p in problems] == [3.0, 6.0, None]
    assert {p.limits.memory_mb for p in problems} == {256.0}
    assert {p.checker for p in problems} == {"float:1e-6"}
    assert {tuple(p.solutions) for p in problems} == {()}


def test_convert_of_a_whole_set_is_the_set(run: Run, apps: Path) -> None:
    assert run("convert", "apps:introductory:4", "--data", "data", "-o", "a.jsonl", "--json")[0] == 0
    first = Path("a.jsonl").read_bytes()
    write_jsonl(apps, apps_rows()[::-1])
    assert run("convert", "apps:introductory:4", "--data", "data", "-o", "b.jsonl")[0] == 0
    assert len(first.splitlines()) == 4
    assert sorted(first.splitlines()) == sorted(Path("b.jsonl").read_bytes().splitlines())


def test_convert_leaves_out_what_a_file_of_ours_cannot_hold_and_says_so(run: Run, apps: Path) -> None:
    write_jsonl(apps, [*apps_rows(), LONG_ROW])
    status, out, err = run("convert", str(apps), "-o", "a.jsonl", "--json")
    assert status == 0
    assert json.loads(out)["not_written"]["long-integer"]["examples"] == ["apps/test/90"]
    assert "1 problems are NOT in a.jsonl: long-integer 1 (apps/test/90)" in err
    assert len(list(read_problems("a.jsonl"))) == json.loads(out)["problems"] == 9
    status, out, _ = run("show", str(apps))  # it is a problem all the same
    assert status == 0
    assert "call 2" in out


def test_convert_keeps_what_words_decide_when_asked(run: Run, apps: Path) -> None:
    assert run("convert", str(apps), "-o", "a.jsonl", "--keep", "several-answers")[0] == 0
    assert len(list(read_problems("a.jsonl"))) == 10
    status, _, err = run("convert", str(apps), "-o", "a.jsonl", "--keep", "no-tests")
    assert status == 2
    assert "--keep no-tests; allowed: file-io, interactive, several-answers" in err


def test_a_failed_convert_leaves_the_old_file(run: Run, apps: Path) -> None:
    Path("a.jsonl").write_text("old")
    with apps.open("a", encoding="utf-8") as file:
        file.write('{"id": 5, "question":')
    status, _, err = run("convert", str(apps), "-o", "a.jsonl")
    assert status == 2
    assert "test.jsonl, line 13: not valid JSON, the file is damaged or cut off" in err
    write_jsonl(apps, [row for row in apps_rows() if not row["input_output"]])
    status, _, err = run("convert", str(apps), "-o", "a.jsonl")
    assert status == 2
    assert "there are no usable problems" in err
    assert Path("a.jsonl").read_text() == "old"
    assert sorted(path.name for path in Path().iterdir()) == ["a.jsonl", "data"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("convert", "nowhere.jsonl", "-o", "x.jsonl"), "neither a file or folder nor the name of a set"),
        (("convert", "data/test.jsonl", "-o", "data/test.jsonl"), "is a file that is read"),
        (("convert", "data/test.jsonl", "-o", "data"), "data is a directory; name a file in it, such as data/problems"),
        (("convert", "data/test.jsonl", "-o", "x.jsonl", "--checker", "exactly"), "unknown checker 'exactly'"),
        (("convert", "data/test.jsonl", "-o", "x.jsonl", "--time-factor", "0"), "--time-factor is 0.0"),
        (("convert", "data/test.jsonl", "-o", "x.jsonl", "--time-factor", "nan"), "--time-factor is nan"),
        (("show", "apps:introductory:50", "--data", "data"), "asks for 50 problems, but only 9 of 12 are usable"),
        (("show", "apps:hard", "--data", "data"), "apps has no 'hard'"),
        (("show", "livecodebench:v2", "--data", "data"), "lacks test2.jsonl"),
        (("show", "livecodebench:v1", "--data", "data"), "are not those of livecodebench"),
        (("check", "data/test.jsonl", "data/test.jsonl", "--threshold", "0"), "--threshold is 0.0"),
        (("check", "data/test.jsonl", "x", "x"), "named twice"),
    ],
)
@pytest.mark.usefixtures("apps")
def test_bad_input_ends_with_status_2(run: Run, arguments: tuple[str, ...], message: str) -> None:
    status, out, err = run(*arguments)
    assert (status, out) == (2, "")
    assert message in err


@pytest.mark.usefixtures("apps", "contests")
def test_check_of_disjoint_pools(run: Run) -> None:
    arguments = ("codecontests:train", "apps:introductory", "--data", "data", "-o", "report.json")
    status, out, _ = run("check", *arguments)
    assert status == 0
    assert "3 training problems against 9 of apps:introductory: 0 pairs at similarity 0.5 or more" in out
    report = json.loads(Path("report.json").read_text())
    assert (report["disjoint"], report["pairs"], report["train_count"]) == (True, [], 3)
    assert [source["source"] for source in report["sources"]] == ["codecontests:train", "apps:introductory"]


@pytest.mark.usefixtures("contests")
def test_check_finds_the_same_and_nearly_the_same_and_ends_with_status_3(run: Run, apps: Path) -> None:
    rows = apps_rows()
    rows[0]["question"] = contest_rows()[0]["description"].upper()
    rows[1]["question"] = contest_rows()[1]["description"] + " Thank you."
    write_jsonl(apps, rows)
    status, out, err = run("check", "codecontests:train", str(apps), "apps:4", "--data", "data", "-o", "report.json")
    assert status == 3
    assert "2 pairs of the same or nearly the same statement" in err or "3 pairs" in err or "4 pairs" in err
    report = json.loads(Path("report.json").read_text())
    assert report["disjoint"] is False
    pairs = {(pair["train"], pair["evaluation"]): pair for pair in report["pairs"] if pair["pool"] == str(apps)}
    same = pairs["codecontests/codeforces/sum", "apps/test/0"]
    near = pairs["codecontests/codeforces/product", "apps/test/1"]
    assert len(pairs) == 2
    assert (same["exact"], same["similarity"]) == (True, 1.0)
    # Twelve words have 8 runs of five; two words more make 10, and share all 8.
    assert (near["exact"], near["similarity"]) == (False, 0.8)
    assert f"same text: codecontests/codeforces/sum = apps/test/0 of {apps}" in out
    assert f"similarity 0.800: codecontests/codeforces/product = apps/test/1 of {apps}" in out


@pytest.mark.usefixtures("contests")
def test_check_refuses_training_on_an_evaluation_set(run: Run, apps: Path) -> None:
    status, out, err = run("check", str(apps), "codecontests:train", "--data", "data", "--json", "--show", "1")
    assert status == 3
    report = json.loads(out)
    assert report["pairs"] == []
    assert report["evaluation_only_sources"]["apps/test/0"] == "apps:test"
    assert "9 problems of sources that are for evaluation only" in err


def test_check_of_pools_without_problems_is_bad_input(run: Run, apps: Path) -> None:
    empty = write_jsonl(apps.parent / "empty" / "test.jsonl", [row for row in apps_rows() if not row["input_output"]])
    status, _, err = run("check", str(apps), str(empty))
    assert status == 2
    assert "holds no usable problems" in err


def test_lines_are_written_as_they_come(tmp_path: Path) -> None:
    seen: list[int] = []

    def lines() -> Any:
        for number in range(3):
            seen.append(len(list(tmp_path.iterdir())))
            yield f'"half a pair \ud800 {number}"'

    path = tmp_path / "x.jsonl"
    path.write_text("old")
    with path.open() as before:
        data_module.write_lines(path, lines())
        assert before.read() == "old"  # another file has taken its place
    assert seen == [2, 2, 2]  # the old file and the temporary one
    assert [json.loads(line) for line in (tmp_path / "x.jsonl").read_text().splitlines()] == [
        f"half a pair \ud800 {number}" for number in range(3)
    ]


def test_progress_is_told(
    tmp_path: Path, apps: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from cppo.cli import console

    monkeypatch.setattr(console, "SILENCE_SECONDS", 0.0)
    parser = argparse.ArgumentParser()
    add_data(parser.add_subparsers())
    arguments = parser.parse_args(["data", "convert", str(apps), "-o", str(tmp_path / "a.jsonl")])
    assert arguments.command(arguments) == 0
    assert "read apps 100/100" in capsys.readouterr().err


def test_the_parser_alone_imports_nothing_heavy() -> None:
    code = (
        "import sys; before = set(sys.modules); import cppo.cli.data_parser as p, argparse; "
        "q = argparse.ArgumentParser(); p.add_data(q.add_subparsers()); "
        "print(sorted({name.partition('.')[0] for name in set(sys.modules) - before}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"numpy", "pyarrow", "pydantic", "rich", "huggingface_hub", "torch"} & set(eval(done.stdout))
