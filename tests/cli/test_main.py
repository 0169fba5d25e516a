"""The command line's own words and statuses; nothing heavy is run here."""

from __future__ import annotations

from pathlib import Path

import pytest

from cppo.cli.main import build_parser, dotted, main
from cppo.errors import ConfigError

SMOKE = str(Path(__file__).parent.parent.parent / "recipes" / "crossroads-smoke.toml")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["run", "none.toml"], "recipe none.toml does not exist"),
        (["run", SMOKE, "--joint.learning_rat", "1"], "did you mean 'learning_rate'"),
        (["run", SMOKE, "--override", "joint.steps"], "section.key=value"),
        (["run", SMOKE, "--joint.steps"], "has no value"),
        (["run", SMOKE, "surplus"], "unexpected argument 'surplus'"),
        (["config", "nothing"], "no key starts with 'nothing'"),
        (["limits", SMOKE, "--problems.source=files"], "files"),
    ],
)
def test_bad_input_is_status_2_in_one_message(
    arguments: list[str],
    words: str,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 2
    error = capsys.readouterr().err
    assert error.startswith("cppo: error: ")
    assert words in error
    assert list(tmp_path.iterdir()) == []  # refused before anything was made


def test_unknown_stages_are_named(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["run", SMOKE, "-o", str(tmp_path / "run"), "--stages", "sft,jont"]) == 2
    assert "unknown stage 'jont' (did you mean 'joint'?)" in capsys.readouterr().err


def test_a_report_needs_results(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["report", str(tmp_path)]) == 2
    assert "results.json" in capsys.readouterr().err


def test_config_lists_keys_with_defaults(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    assert main(["config", "joint.learning_rate"]) == 0
    out = capsys.readouterr().out
    assert "joint.learning_rate" in out
    assert "5e-07" in out
    assert main(["config", "verifier"]) == 0
    assert "verifier.memory_mb" in capsys.readouterr().out


def test_overrides_come_in_both_spellings() -> None:
    assert dotted(["--joint.steps", "3", "--model.lora.rank=4"]) == ["joint.steps=3", "model.lora.rank=4"]
    assert dotted(["--joint.learning-rate", "-1"]) == ["joint.learning-rate=-1"]
    with pytest.raises(ConfigError, match="unexpected argument"):
        dotted(["joint.steps=3"])


def test_the_limits_of_the_smoke_problems(capsys: pytest.CaptureFixture[str]) -> None:
    import json

    assert main(["limits", SMOKE, "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["4"]["coordinated"] == pytest.approx(1.0)
    assert result["1"]["coordinated"] == pytest.approx(result["1"]["independent"])
    assert result["4"]["independent"] < 0.85


@pytest.mark.parametrize(
    ("command", "resumes"), [(["run", "x.toml"], True), (["solve", "p.md", "--model", "m"], False)]
)
def test_only_what_resumes_says_so_when_interrupted(
    command: list[str], resumes: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("cppo.cli.main._import", interrupted)
    monkeypatch.setattr("cppo.cli.main._commands", interrupted)
    assert main(command) == 130
    assert ("the same command goes on" in capsys.readouterr().err) is resumes


def test_the_comparator_is_named_without_a_recipe() -> None:
    from cppo.cli.grid import recipe_data

    arguments = build_parser().parse_args(
        ["eval", "--model", "m", "--problems", "p.jsonl", "--comparator", "direct", "--subject", "tuple"]
    )
    data = recipe_data(arguments)
    assert (data["comparator"], data["subject"], data["methods"]) == ("direct", "tuple", ["direct", "tuple"])
