"""`cppo solve`: what it says, where it says it, and how it ends, with a scripted model and the real verifier."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cppo.cli import solve as solve_module
from cppo.cli.main import main
from cppo.cli.solve import as_json, closing
from cppo.episodes import Branch, Episode
from cppo.policy.engine import GenerationRequest
from cppo.policy.scripted import ScriptedEngine
from cppo.problems import Problem, TestCase
from cppo.solve.attempt import Attempt
from cppo.verifier import Verdict

PLAN = "A: double [red]it[/red] \x1b[31m\nB: add\nC: square\nD: nothing"
PROGRAMS = {"double": "n = int(input())\nprint(2 * n)", "add": "n = int(input())\nprint(n + n)", "square": "print(1)"}

Run = Callable[..., tuple[int, str, str]]


def script(request: GenerationRequest) -> str:
    _before, asked, method = request.prompt.text.partition("Method to use\n-------------\n")
    if not asked:
        return PLAN
    return next((f"{program}\n```" for name, program in PROGRAMS.items() if method.startswith(name)), "```\nI cannot.")


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run the command on a file with one problem; return exit status, output and errors."""
    monkeypatch.chdir(tmp_path)
    rows = [{"id": "twice", "statement": "Print it twice.", "tests": [{"input": "3", "output": "6"}]}]
    (tmp_path / "p.jsonl").write_text(json.dumps(rows[0]) + "\n")

    def command(*arguments: str, answers: Callable[[GenerationRequest], str] = script) -> tuple[int, str, str]:
        monkeypatch.setattr(solve_module, "bring_up", lambda *_: ScriptedEngine(answers))
        capsys.readouterr()
        status = main(["solve", "p.jsonl", "--model", "http://localhost:1/v1", "--served", "m", *arguments])
        return status, *capsys.readouterr()

    return command


def test_plans_programs_and_verdicts_are_told_and_the_first_that_passes_is_printed(run: Run) -> None:
    status, out, err = run()
    assert (status, out) == (0, "n = int(input())\nprint(2 * n)\n")
    assert err.index("A: double") < err.index("program A\n") < err.index("program A: AC")
    for line in ("program B: AC", "program C: WA test 0: wrote '1\\n'", "program D (none: no program in the answer)"):
        assert line in err, line
    assert "program A passes all 1 tests" in err
    # nothing that the model wrote is an instruction to the terminal, or to what formats the lines
    assert "A: double [red]it[/red] \\x1b[31m" in err
    assert "\x1b[31m" not in err


def test_all_of_it_as_json(run: Run) -> None:
    status, out, err = run("--json")
    told = json.loads(out)
    assert (status, err) == (0, "")
    assert (told["solved"], told["best"], told["program"]) == (True, 0, PROGRAMS["double"] + "\n")
    assert [row["verdict"] for row in told["attempts"]] == ["AC", "AC", "WA", "EMPTY"]
    assert [row["stop"] for row in told["attempts"]] == ["end"] * 4
    assert (told["plans"][0]["fault"], told["plans"][0]["methods"][1:]) == (None, ["add", "square", "nothing"])
    assert {role: row["calls"] for role, row in told["tokens"].items()} == {"planner": 1, "solver": 4}


def test_no_program_that_passes_is_status_1_and_says_why(run: Run) -> None:
    status, out, err = run(answers=lambda _: "no plan")
    assert (status, out) == (1, "")
    assert "a plan gives no methods (unlabelled), so no program was written from it" in err
    assert "no program passes" in err
    told = json.loads(run("--json", answers=lambda _: "")[1])
    assert (told["solved"], told["plans"][0]["fault"], told["attempts"]) == (False, "empty", [])
    assert run("-q", "--method", "direct", answers=lambda _: "print(5)\n```") == (1, "", "")


def test_without_tests_the_inputs_and_their_tokens_are_told(run: Run) -> None:
    Path("p.jsonl").write_text('{"id": "p", "statement": "Print it twice."}\n')

    def answers(request: GenerationRequest) -> str:
        return "```\n4\n```" if "short inputs" in request.prompt.text else script(request)

    status, out, err = run(answers=answers)
    assert (status, out) == (1, "n = int(input())\nprint(2 * n)\n")
    assert "programs are ranked by agreement on 1 inputs" in err
    assert "program A agrees most with the others (33 %); nothing is proved" in err
    told = json.loads(run("--json", answers=answers)[1])
    assert [row["agreement"] for row in told["attempts"]] == pytest.approx([1 / 3, 1 / 3, 0, 0])
    assert (told["inputs"], told["uncompared"], told["tokens"]["inputs"]["calls"]) == (["4\n"], "", 1)
    status, out, err = run()
    assert (status, out) == (1, "n = int(input())\nprint(2 * n)\n")
    assert "no comparison: the model wrote no input that can be used; program A is merely the first" in err


def test_a_program_that_the_terminal_cannot_show_is_still_printed(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(io.BytesIO(), encoding="ascii"))
    assert run("--method", "direct", "-q", answers=lambda _: "print(6)  # ½\n```")[0] == 0
    sys.stdout.seek(0)
    assert sys.stdout.read() == "print(6)  # \\xbd\n"


def _attempt(verdict: Verdict, **changes: Any) -> Attempt:
    branch = Branch(None, "print(1)", verdict, stop="end")
    problem = Problem("p", "s", [TestCase("", "1")])
    return replace(Attempt(problem, "direct", [Episode("a", "p", 0, (branch, branch))], [branch, branch]), **changes)


def test_a_verifier_that_failed_is_no_wrong_program() -> None:
    assert closing(_attempt(Verdict.INFRA)) == [
        "no program passes; the verifier failed on 2 of them, which may be right"
    ]
    assert closing(_attempt(Verdict.WA)) == ["no program passes"]
    assert as_json(_attempt(Verdict.INFRA))["attempts"][0]["verdict"] == "INFRA"


def test_the_status_of_a_verifier_that_failed(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    for verdict, status in ((Verdict.INFRA, 4), (Verdict.WA, 1)):
        monkeypatch.setattr(solve_module, "attempt", lambda *_, verdict=verdict: _attempt(verdict))
        assert run("-q")[0] == status


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--k", "0"), "--k is 0"),
        (("--k", "1"), "--k must be at least 2"),
        (("--method", "tupel"), "did you mean 'tuple'"),
        (("--workers", "0"), "--workers: workers"),
        (("--temperature", "-1"), "a temperature is -1.0"),
        (("--program-tokens", "0"), "a token limit is 0"),
    ],
)
def test_bad_arguments_end_before_a_model_is_asked(run: Run, arguments: tuple[str, ...], words: str) -> None:
    asked: list[GenerationRequest] = []
    status, out, err = run(*arguments, answers=lambda request: asked.append(request) or "")  # type: ignore[func-returns-value]
    assert (status, out, asked) == (2, "", [])
    assert words in err


def test_a_problem_that_cannot_be_judged_ends_before_a_model_is_asked(run: Run) -> None:
    row = {"id": "p", "statement": "s", "checker": "exactly", "tests": [{"input": "", "output": "1"}]}
    Path("p.jsonl").write_text(json.dumps(row) + "\n")
    asked: list[GenerationRequest] = []
    status, _, err = run(answers=lambda request: asked.append(request) or "")  # type: ignore[func-returns-value]
    assert (status, asked) == (2, [])
    assert "unknown checker 'exactly' (did you mean 'exact'?)" in err
