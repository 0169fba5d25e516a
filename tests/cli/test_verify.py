"""`cppo verify` from the command line: verdicts, resume after a kill, bad input."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from judged_files import ADD, DOUBLE, program, read_rows, verdicts, write_rows

from cppo.cli import verify as verify_module
from cppo.cli.main import main
from cppo.problems import Problem
from cppo.verifier import ProgramVerdict, Verdict

SLOW = "import time\ntime.sleep(0.15)\nprint(sum(map(int, input().split())))"


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two problems and five programs, in a directory of their own that is the current one."""
    monkeypatch.chdir(tmp_path)
    write_rows(tmp_path / "problems.jsonl", ADD, DOUBLE)
    write_rows(
        tmp_path / "programs.jsonl",
        program("add", "right"),
        program("add", "wrong", "print(3)"),
        program("double", "right"),
        {"problem_id": "double", "program_id": "talk", "completion": "I cannot."},
        {"problem_id": "double", "program_id": "block", "completion": "```python\ndef double(x): return 2 * x\n```"},
    )
    return tmp_path


def cppo(*arguments: str) -> int:
    return main(["verify", "problems.jsonl", "programs.jsonl", "-o", "verdicts.jsonl", "--workers", "1", *arguments])


def test_every_program_gets_its_verdict_in_the_order_of_the_programs(
    files: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cppo() == 0
    rows = read_rows(files / "verdicts.jsonl")
    assert [(row["problem_id"], row["program_id"], row["verdict"]) for row in rows] == [
        ("add", "right", "AC"),
        ("add", "wrong", "WA"),
        ("double", "right", "AC"),
        ("double", "talk", "EMPTY"),
        ("double", "block", "AC"),
    ]
    assert [test["verdict"] for test in rows[1]["tests"]] == ["AC", "WA"]
    assert rows[1]["detail"].startswith("test 1: wrote '3")
    out, err = capsys.readouterr()
    # 1 of 2 and 2 of 3: (1/2 + 2/3) / 2
    assert "pass@1 0.583 over 2 problems; 5 programs in " in out
    assert "verdicts: verdicts.jsonl" in out
    assert "verify 5/5 programs" in err


@pytest.mark.usefixtures("files")
def test_the_summary_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert cppo("--json", "-q") == 0
    out, err = capsys.readouterr()
    result = json.loads(out)
    assert err == ""
    assert result["verdicts"] == {"AC": 3, "WA": 1, "EMPTY": 1}
    assert result["problems"] == {
        "add": {"judged": 2, "passed": 1, "pass@1": 0.5},
        "double": {"judged": 3, "passed": 2, "pass@1": pytest.approx(2 / 3)},
    }
    assert result["pass@1"] == pytest.approx(7 / 12)
    assert (result["programs"], result["kept"], result["output"]) == (5, 0, "verdicts.jsonl")


@pytest.mark.usefixtures("files")
def test_the_worst_problems_come_first_and_the_rest_is_counted(capsys: pytest.CaptureFixture[str]) -> None:
    assert cppo("--show", "1") == 0
    out = capsys.readouterr().out
    assert "│ add " in out
    assert "│ double" not in out
    assert "… and 1 more problems, of which more programs pass" in out


def test_options_may_stand_between_the_files(files: Path) -> None:
    assert main(["verify", "problems.jsonl", "-o", "verdicts.jsonl", "programs.jsonl", "-q"]) == 0
    assert len(read_rows(files / "verdicts.jsonl")) == 5


@pytest.mark.usefixtures("files")
@pytest.mark.parametrize("surplus", [["third.jsonl"], ["--joint.steps=3"]])
def test_surplus_arguments_are_refused(surplus: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        cppo(*surplus)
    assert caught.value.code == 2
    assert f"unrecognized arguments: {surplus[0]}" in capsys.readouterr().err


def test_all_tests_and_another_checker(files: Path) -> None:
    write_rows(files / "programs.jsonl", program("add", "first", "print(3.0)"), program("add", "second", "print(9.0)"))
    assert cppo("--all-tests", "-q") == 0
    rows = read_rows(files / "verdicts.jsonl")
    assert [[test["verdict"] for test in row["tests"]] for row in rows] == [["AC", "WA"], ["WA", "AC"]]
    assert cppo("--all-tests", "-q", "--checker", "exact", "--restart") == 0
    rows = read_rows(files / "verdicts.jsonl")
    assert [[test["verdict"] for test in row["tests"]] for row in rows] == [["WA", "WA"], ["WA", "WA"]]


def test_extraction_by_the_rule_that_was_asked_for(files: Path) -> None:
    text = "```python\nprint(sum(map(int, input().split())))\n```\nor\n```\nthis never ends"
    write_rows(files / "programs.jsonl", {"problem_id": "add", "program_id": "a", "completion": text})
    assert cppo("-q") == 0
    assert verdicts(read_rows(files / "verdicts.jsonl")) == {("add", "a"): "AC"}
    assert cppo("-q", "--restart", "--extract", "lcb") == 0  # between the last two fences stands: or
    assert verdicts(read_rows(files / "verdicts.jsonl")) == {("add", "a"): "CE"}


def test_what_was_judged_is_not_run_again_and_new_programs_are(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cppo("-q") == 0
    before = (files / "verdicts.jsonl").read_bytes()
    rows = [*read_rows(files / "programs.jsonl"), program("add", "new", "print(9)")]
    write_rows(files / "programs.jsonl", rows[-1], *rows[:-1])
    capsys.readouterr()
    assert cppo("-q", "--json") == 0
    assert json.loads(capsys.readouterr().out)["kept"] == 5
    after = (files / "verdicts.jsonl").read_bytes()
    assert after.endswith(before)  # to the byte, behind the row of the new program
    assert json.loads(after.splitlines()[0])["program_id"] == "new"


def test_a_killed_run_goes_on_where_it_was(files: Path) -> None:
    rows = [program("add", f"p{i}", f"# {i}\n{SLOW}") for i in range(8)]
    write_rows(files / "programs.jsonl", *rows)
    arguments = ["verify", "problems.jsonl", "programs.jsonl", "-o", "verdicts.jsonl", "--workers", "1", "--json", "-q"]
    command = [sys.executable, "-m", "cppo.cli.main", *arguments]
    output = files / "verdicts.jsonl"
    with subprocess.Popen(command, cwd=files, stdout=subprocess.DEVNULL, start_new_session=True) as process:
        deadline = time.monotonic() + 60
        while (not output.exists() or output.read_bytes().count(b"\n") < 2) and time.monotonic() < deadline:
            time.sleep(0.02)
        process.send_signal(signal.SIGKILL)
    whole = [line for line in output.read_bytes().splitlines(keepends=True) if line.endswith(b"\n")]
    assert 2 <= len(whole) < 8
    with output.open("ab") as file:
        file.write(whole[0][:25])  # as if it had been killed in the middle of a line
    done = subprocess.run(command, cwd=files, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["kept"] == len(whole)
    assert output.read_bytes().startswith(whole[0])
    assert [(row["program_id"], row["verdict"]) for row in read_rows(output)] == [(f"p{i}", "AC") for i in range(8)]


@pytest.mark.usefixtures("files")
def test_a_cache_serves_another_file_of_verdicts(monkeypatch: pytest.MonkeyPatch) -> None:
    assert cppo("-q", "--cache", "cache") == 0

    def no_worker(*_: object) -> None:
        raise AssertionError("a program was run although its verdict is in the cache")

    monkeypatch.setattr("cppo.verifier.engine.Engine.submit", no_worker)
    assert main(["verify", "problems.jsonl", "programs.jsonl", "-o", "again.jsonl", "-q", "--cache", "cache"]) == 0
    assert Path("again.jsonl").read_bytes() == Path("verdicts.jsonl").read_bytes()


def test_other_limits_are_refused_and_nothing_is_lost(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cppo("-q") == 0
    before = (files / "verdicts.jsonl").read_bytes()
    capsys.readouterr()
    assert cppo("-q", "--cpu-seconds", "3") == 2
    error = capsys.readouterr().err
    assert "cpu_seconds: 10.0 -> 3.0" in error
    assert "--restart" in error
    assert (files / "verdicts.jsonl").read_bytes() == before
    assert cppo("-q", "--cpu-seconds", "3", "--restart") == 0
    assert cppo("-q", "--workers", "2", "--cpu-seconds", "3") == 0  # how many at once decides no verdict


def test_bad_rows_are_refused_before_anything_runs(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_rows(files / "programs.jsonl", program("add", "a"), program("ad", "b", "print(1)"))
    assert cppo() == 2
    error = capsys.readouterr().err
    assert "programs.jsonl, line 2: problem_id 'ad' is not in problems.jsonl (did you mean 'add'?)" in error
    assert sorted(path.name for path in files.iterdir()) == ["problems.jsonl", "programs.jsonl"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["problems.jsonl"], "which programs?"),
        (["problems.jsonl", "programs.jsonl"], "add `-o VERDICTS.jsonl`"),
        (["problems.jsonl", "programs.jsonl", "-o", "v", "--checkers", "exact"], "--checkers goes with --gold"),
        (["problems.jsonl", "programs.jsonl", "-o", "v", "--fail-below", "0.5"], "--fail-below goes with --gold"),
        (["problems.jsonl", "programs.jsonl", "-o", "v", "--checker", "exat"], "did you mean 'exact'?"),
        (
            ["problems.jsonl", "programs.jsonl", "-o", "v", "--checker", "program"],
            "is a problem's own and cannot stand",
        ),
        (["problems.jsonl", "programs.jsonl", "-o", "v", "--cpu-seconds", "0"], "cpu_seconds = 0.0: "),
        (["problems.jsonl", "programs.jsonl", "-o", "v", "--memory-mb", "nan"], "memory_mb"),
        (["problems.jsonl", "programs.jsonl", "-o", "v", "--workers", "0"], "workers = 0: "),
        (["problems.jsonl", "programs.jsonl", "-o", "programs.jsonl"], "programs.jsonl is a file that is read"),
        (["problems.jsonl", "programs.jsonl", "-o", "./problems.jsonl", "--restart"], "is a file that is read"),
        (["problems.jsonl", "programs.jsonl", "-o", "."], "no regular file"),
        (["none.jsonl", "programs.jsonl", "-o", "v"], "none.jsonl does not exist"),
    ],
)
def test_commands_that_cannot_work_say_why(
    files: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], words: str
) -> None:
    before = {path.name: path.read_bytes() for path in files.iterdir()}
    assert main(["verify", *arguments]) == 2
    assert words in capsys.readouterr().err
    assert {path.name: path.read_bytes() for path in files.iterdir()} == before


@pytest.mark.parametrize("piped", ["problems", "programs"])
def test_what_can_be_read_only_once_is_refused_before_anything_is_written(files: Path, piped: str) -> None:
    names = {"problems": "problems.jsonl", "programs": "programs.jsonl", piped: "/dev/stdin"}
    command = [sys.executable, "-m", "cppo.cli.main", "verify", *names.values(), "-o", "verdicts.jsonl", "-q"]
    rows = (files / f"{piped}.jsonl").read_bytes()
    done = subprocess.run(command, cwd=files, input=rows, capture_output=True, timeout=120, check=False)
    assert done.returncode == 2
    assert b"error: /dev/stdin is a pipe or a device, which can be read only once; " in done.stderr
    assert b"write them to a file and name that" in done.stderr
    assert not (files / "verdicts.jsonl").exists()


def test_a_file_on_standard_input_is_a_file(files: Path) -> None:
    arguments = ["verify", "problems.jsonl", "/dev/stdin", "-o", "verdicts.jsonl", "-q", "--workers", "1"]
    for _ in range(2):
        with (files / "programs.jsonl").open("rb") as programs:
            command = [sys.executable, "-m", "cppo.cli.main", *arguments]
            subprocess.run(command, cwd=files, stdin=programs, stdout=subprocess.DEVNULL, timeout=120, check=True)
    assert len(read_rows(files / "verdicts.jsonl")) == 5


def test_large_programs_and_inputs_work(files: Path) -> None:
    big = {"id": "big", "statement": "Count.", "tests": [{"input": "x" * 20_000_000, "output": "20000000"}]}
    write_rows(files / "problems.jsonl", big)
    source = f"# {'y' * 10_000_000}\nprint(len(input()))"
    write_rows(files / "programs.jsonl", {"problem_id": "big", "program_id": "a", "program": source})
    assert cppo("-q") == 0
    assert verdicts(read_rows(files / "verdicts.jsonl")) == {("big", "a"): "AC"}


class FailingVerifier(verify_module.Verifier):
    """A verifier that fails on programs with the word `fail`, as long as `failing`."""

    failing = True

    def stream(
        self, pairs: Iterable[tuple[Problem, str]], *, all_tests: bool = False
    ) -> Iterator[tuple[int, ProgramVerdict]]:
        for index, (_, source) in enumerate(pairs):
            broken = self.failing and "fail" in source
            yield (
                index,
                ProgramVerdict(Verdict.INFRA if broken else Verdict.AC, (), "no worker\x1b[0m" if broken else ""),
            )


def test_infra_is_loud_counts_for_nothing_and_is_tried_again(
    files: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verify_module, "Verifier", FailingVerifier)
    write_rows(
        files / "programs.jsonl", program("add", "a"), program("add", "b", "fail"), program("double", "c", "fail")
    )
    assert cppo("-q", "--json") == 4
    out, err = capsys.readouterr()
    assert "INFRA: 2 programs could not be judged" in err
    assert "program 'b' of problem 'add': no worker\\x1b[0m" in err
    result = json.loads(out)
    assert result["verdicts"] == {"AC": 1, "INFRA": 2}
    assert result["problems"] == {"add": {"judged": 1, "passed": 1, "pass@1": 1.0}}
    monkeypatch.setattr(FailingVerifier, "failing", False)
    assert cppo("-q", "--json") == 0
    result = json.loads(capsys.readouterr().out)
    assert result["verdicts"] == {"AC": 3}
    assert result["kept"] == 1
    assert len(read_rows(files / "verdicts.jsonl")) == 3


@pytest.mark.parametrize(("tier", "warned"), [("best", False), ("rlimits", True)])
@pytest.mark.usefixtures("files")
def test_an_open_jail_is_warned_of(tier: str, warned: bool, capsys: pytest.CaptureFixture[str]) -> None:
    assert cppo("-q", "--tier", tier) == 0
    assert ("WARNING: programs are not sealed in (tier rlimits" in capsys.readouterr().err) == warned


def test_names_of_unknown_origin_do_no_harm_on_a_terminal(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    name = "[bold]\x1b[31m\ud800"
    write_rows(files / "problems.jsonl", {**ADD, "id": name})
    write_rows(files / "programs.jsonl", {"problem_id": name, "program_id": name, "program": "print(1)"})
    assert cppo() == 0
    out = capsys.readouterr().out
    assert "[bold]\\x1b[31m\\ud800" in out
    assert "\x1b" not in out


def test_programs_are_read_as_the_verifier_takes_them(files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With thousands of programs only those in flight are in memory."""
    ahead: list[int] = []

    class Sipping(verify_module.Verifier):
        def stream(
            self, pairs: Iterable[tuple[Problem, str]], *, all_tests: bool = False
        ) -> Iterator[tuple[int, ProgramVerdict]]:
            for index, _ in enumerate(pairs):
                ahead.append(written() - index)
                yield index, ProgramVerdict(Verdict.AC)

    def written() -> int:
        return (files / "verdicts.jsonl").read_bytes().count(b"\n")

    monkeypatch.setattr(verify_module, "Verifier", Sipping)
    write_rows(files / "programs.jsonl", *[program("add", str(i), "print(1)") for i in range(100)])
    assert cppo("-q") == 0
    assert ahead == [0] * 100  # each row is written before the next program is asked for
