"""`cppo verify --gold`: false negatives by checker, worked by hand."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from judged_files import ADD, DOUBLE, RIGHT, read_rows, write_rows

from cppo.cli import gold as gold_module
from cppo.cli.main import main
from cppo.problems import Problem
from cppo.verifier import CHECKERS, ProgramVerdict, Verdict
from cppo.verifier.checkers import find_checker

HALF = {"id": "half", "statement": "Halve.", "tests": [{"input": "1\n", "output": "0.5\n"}]}
PROBLEMS: list[dict[str, Any]] = [
    {**ADD, "solutions": [RIGHT["add"], "print(3)"]},  # the second fails test 1 under every checker
    {**DOUBLE, "solutions": [RIGHT["double"]]},
    {**HALF, "solutions": ["print(int(input()) / 2 + 1e-7)"]},  # right by codecontests, float and apps
    {**HALF, "id": "broken", "solutions": ["1 / 0", "print(7)"]},
    {**HALF, "id": "bare"},
]


@pytest.fixture
def problems(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file of five problems, in a directory of its own that is the current one."""
    monkeypatch.chdir(tmp_path)
    return write_rows(tmp_path / "problems.jsonl", *PROBLEMS)


@pytest.fixture
def gold(problems: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """Run the command; return exit status, output and errors."""

    def run(*arguments: str) -> tuple[int, str, str]:
        capsys.readouterr()
        status = main(["verify", "--gold", problems.name, "--workers", "1", "-q", *arguments])
        out, err = capsys.readouterr()
        return status, out, err

    return run


def test_false_negatives_by_checker(gold: Callable[..., tuple[int, str, str]]) -> None:
    status, out, err = gold("--json", "--checkers", "exact,float")
    result = json.loads(out)
    assert status == 0
    assert (result["problems"], result["without_references"]) == (5, 1)
    own, exact, tolerant = (result["checkers"][name] for name in ("own", "exact", "float"))
    assert (own["problems"], own["passing"], own["references"], own["rejected"]) == (4, 3, 6, 3)
    assert (own["share_passing"], own["share_rejected"]) == (0.75, 0.5)
    assert list(own["false_negatives"]) == ["broken"]
    assert own["false_negatives"]["broken"].startswith("RE test 0: ZeroDivisionError")
    assert (exact["problems"], exact["passing"], exact["rejected"]) == (4, 2, 4)
    assert sorted(exact["false_negatives"]) == ["broken", "half"]
    assert exact["false_negatives"]["half"].startswith("WA test 0: wrote '0.5000001")
    assert (tolerant["passing"], tolerant["rejected"]) == (3, 3)
    assert "FALSE NEGATIVES: 1 of 4 problems" in err


def test_by_default_problems_in_stdin_mode_meet_every_text_checker(gold: Callable[..., tuple[int, str, str]]) -> None:
    result = json.loads(gold("--json")[1])
    assert list(result["checkers"]) == ["own", *(name for name in CHECKERS if name != "program")]
    passing = {name: row["passing"] for name, row in result["checkers"].items() if row["problems"] == 3}
    assert passing.items() >= {"exact": 1, "tokens": 1, "codecontests": 2, "lcb": 1, "apps": 2, "unordered": 1}.items()


def test_nothing_is_run_twice_for_what_no_checker_can_change(gold: Callable[..., tuple[int, str, str]]) -> None:
    rows = json.loads(gold("--json", "--checkers", "codecontests,exact,lcb")[1])["checkers"]
    assert rows["own"]["ran"] == 6
    # three problems have codecontests for their own; `double` has exact; 1 / 0 fails whatever compares
    assert rows["codecontests"]["ran"] == 1
    assert rows["exact"]["ran"] == 4
    assert rows["lcb"]["ran"] == 6  # its imports may make a program work that does not work without


def test_the_table_names_what_fails_and_where(gold: Callable[..., tuple[int, str, str]]) -> None:
    status, out, _ = gold("--checkers", "exact", "--show", "1", "-o", "verdicts.jsonl")
    assert status == 0
    assert "no reference passes under own: 1\n  broken  RE test 0: ZeroDivisionError" in out
    assert "no reference passes under exact, beside those above: 1\n  half  WA test 0: " in out
    assert "1 of 5 problems have no references" in out
    assert "verdicts: verdicts.jsonl" in out


def test_verdicts_are_written_and_gone_on_from(gold: Callable[..., tuple[int, str, str]]) -> None:
    first = json.loads(gold("--json", "--checkers", "exact", "-o", "verdicts.jsonl")[1])["checkers"]
    rows = read_rows(Path("verdicts.jsonl"))
    keys = [(row.get("checker", ""), row["problem_id"], row["program_id"]) for row in rows]
    assert keys[:3] == [("", "add", "solution-0"), ("", "add", "solution-1"), ("", "double", "solution-0")]
    assert [key[0] for key in keys] == [""] * 6 + ["exact"] * 4
    again = json.loads(gold("--json", "--checkers", "exact,tokens", "-o", "verdicts.jsonl")[1])["checkers"]
    assert {name: row["ran"] for name, row in again.items()} == {"own": 0, "exact": 0, "tokens": 5}
    for name in ("own", "exact"):
        assert {**again[name], "ran": 0, "seconds": 0} == {**first[name], "ran": 0, "seconds": 0}


@pytest.mark.parametrize(("least", "status"), [("0.75", 0), ("0.76", 3), ("0", 0), ("1", 3)])
def test_the_gate(gold: Callable[..., tuple[int, str, str]], least: str, status: int) -> None:
    found, out, err = gold("--checkers", "own", "--fail-below", least)
    assert found == status
    assert "broken" in out  # the report comes before the gate
    assert ("--fail-below" in err) == (status == 3)


def test_a_checker_in_place_of_their_own(gold: Callable[..., tuple[int, str, str]]) -> None:
    result = json.loads(gold("--json", "--checker", "exact", "--checkers", "own")[1])
    assert list(result["checkers"]) == ["own"]
    assert result["checkers"]["own"]["passing"] == 2


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["programs.jsonl"], "--gold judges reference solutions, not the programs of programs.jsonl"),
        (["--extract", "lcb"], "--extract is for completions"),
        (["--fail-below", "1.5"], "--fail-below is 1.5; it must be a share between 0 and 1"),
        (["--fail-below", "nan"], "--fail-below is nan"),
        (["--checkers", "exact,tokns"], "unknown checker 'tokns' (did you mean 'tokens'?)"),
        (["--checker", "exat"], "did you mean 'exact'?"),
        (["--checker", "program"], "--checker program: a checker program is a problem's own"),
        (["--checkers", "exact,program"], "--checkers program: a checker program is a problem's own"),
        (["-o", "problems.jsonl"], "is a file that is read"),
    ],
)
def test_commands_that_cannot_work_say_why(
    gold: Callable[..., tuple[int, str, str]], arguments: list[str], words: str
) -> None:
    status, out, err = gold(*arguments)
    assert status == 2
    assert out == ""
    assert words in err


def test_problems_without_any_reference_are_an_error(problems: Path, gold: Callable[..., tuple[int, str, str]]) -> None:
    write_rows(problems, PROBLEMS[-1])
    status, _, err = gold()
    assert status == 2
    assert "none of its problems (1) has references (key 'solutions')" in err


def test_a_failure_of_the_verifier_is_no_false_negative(
    gold: Callable[..., tuple[int, str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    class FailsOnDivision(gold_module.Verifier):
        def stream(
            self, pairs: Iterable[tuple[Problem, str]], *, all_tests: bool = False
        ) -> Iterator[tuple[int, ProgramVerdict]]:
            for index, (_, source) in enumerate(pairs):
                yield index, ProgramVerdict(Verdict.INFRA if "/" in source else Verdict.AC)

    monkeypatch.setattr(gold_module, "Verifier", FailsOnDivision)
    status, out, err = gold("--json", "--checkers", "own")
    own = json.loads(out)["checkers"]["own"]
    assert status == 4
    assert (own["problems"], own["passing"], own["references"], own["infra"]) == (3, 3, 4, 2)
    assert own["false_negatives"] == {}  # `half` is undecided, `broken` passes with its second reference
    assert "INFRA: 2 programs" in err


def test_the_checkers_of_the_comparison_exist() -> None:
    from cppo.cli.references import TEXT_CHECKERS

    assert {"exact", "tokens", "codecontests", "lcb", "apps", "float", "unordered"} <= set(TEXT_CHECKERS)
    assert all(find_checker(name).text("1 2\n", "1 2\n") for name in TEXT_CHECKERS)
