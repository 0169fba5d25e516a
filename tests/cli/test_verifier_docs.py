"""What README and docs/verifier.md show of the verifier works as written."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from judged_files import read_rows, verdicts

from cppo.cli.main import main
from cppo.problems.jsonl import problem_from_row
from cppo.verifier import CHECKERS, Verdict
from cppo.verifier.rows import program_from_row, verdict_from_row
from cppo.verifier.settings import VerifierConfig
from cppo.verifier.tiers import TIERS

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "verifier.md").read_text(encoding="utf-8")
README = (ROOT / "README.md").read_text(encoding="utf-8")
COMMAND = re.compile(r"^    cppo ((?:verify|doctor)\b[^#\n]*)", re.MULTILINE)


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)


@pytest.fixture(autouse=True)
def examples(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A directory that holds the examples where the pages say they are."""
    shutil.copytree(ROOT / "docs" / "examples", tmp_path / "docs" / "examples")
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("page", [README, PAGE], ids=["README", "verifier"])
def test_every_command_works(page: str) -> None:
    commands = [shlex.split(command) for command in COMMAND.findall(page)]
    assert [command[:2] for command in commands][1:] == [["verify", "--gold"], ["doctor"]]
    for command in commands:
        assert main(command) in ((0, 4) if command == ["doctor"] else (0,)), command
    assert verdicts(read_rows(Path("verdicts.jsonl"))) == {
        ("sum", "a"): "AC",
        ("sum", "b"): "WA",
        ("sum", "c"): "AC",
        ("gcd", "a"): "AC",
        ("gcd", "b"): "AC",
        ("gcd", "c"): "RE",
        ("third", "a"): "AC",
        ("third", "b"): "TLE",
        ("third", "c"): "EMPTY",
        ("factors", "a"): "AC",
        ("factors", "b"): "WA",
    }


def test_every_reference_of_the_examples_passes(capsys: pytest.CaptureFixture[str]) -> None:
    command = ["verify", "--gold", "docs/examples/problems.jsonl", "-q", "--json", "--checkers", "exact"]
    assert main([*command, "--fail-below", "1"]) == 0
    checkers = json.loads(capsys.readouterr().out)["checkers"]
    assert checkers["own"]["rejected"] == 0
    assert list(checkers["exact"]["false_negatives"]) == ["third"]


@pytest.mark.parametrize("number", range(len(blocks("python"))))
def test_the_python_examples_print_what_they_say(number: int) -> None:
    example = blocks("python")[number]
    said = re.findall(r"print\(.*\)  # (.*)", example)
    assert said
    done = subprocess.run([sys.executable, "-c", example], capture_output=True, text=True, timeout=120, check=False)
    assert done.stdout.splitlines() == said, done.stderr


def test_the_rows_are_rows() -> None:
    problem, program, completion, verdict = (json.loads(block) for block in blocks("json"))
    assert problem_from_row(problem, "x").id == "sum"
    assert program_from_row(completion, "x").source() == f"{program_from_row(program, 'x').source()}\n"
    assert verdict_from_row(verdict, "x")[2].tests[0].stdout == "4\n"


def test_the_tables_are_complete() -> None:
    def named(heading: str) -> set[str]:
        section = PAGE.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
        return set(re.findall(r"^\| `(\w+)`", section, re.MULTILINE))

    assert named("What passes") == set(Verdict)
    assert named("Checkers") == {*CHECKERS, "program"}
    assert named("Limits") < set(VerifierConfig.model_fields)
    assert set(re.findall(r"`(\w+)`", PAGE.partition("\n## The jail\n")[2].partition("| --- |")[0])) >= set(TIERS)


def test_the_defaults_are_those_of_the_code() -> None:
    for name, default in re.findall(r"^\| `(\w+)` \| ([\d.]+)\b", PAGE.partition("\n## Limits\n")[2], re.MULTILINE):
        assert VerifierConfig.model_fields[name].default == float(default), name
