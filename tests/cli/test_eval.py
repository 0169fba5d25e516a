"""`cppo eval` from end to end: three benchmarks, five methods, a tiny model in process and behind a server."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from data_files import apps_rows, contest_rows, write_jsonl, write_parquet

from cppo.cli.main import main
from cppo.episodes import read_episodes
from cppo.evaluation.methods import METHODS
from served_model import NEEDS_SERVE, running_server

SETS = ["apps:introductory:3", "codecontests:valid:2", "livecodebench:v6-only"]
SMALL = ["--k=2", "--attempts=2", "--ks=[1,2]", "--plan_tokens=16", "--program_tokens=16", "--resamples=200"]


def bench_row(number: int, **fields: Any) -> dict[str, Any]:
    tests = json.dumps([{"input": "1 2\n", "output": "3\n", "testtype": "stdin"}])
    return {
        "question_title": f"Title {number}", "question_content": f"Number {number}: print the sum of both integers.",
        "platform": "atcoder", "question_id": f"abc{number}", "contest_id": "abc", "difficulty": "easy",
        "contest_date": f"2025-02-0{number}T00:00:00", "starter_code": "", "metadata": "{}",
        "public_test_cases": tests, "private_test_cases": tests, **fields,
    }  # fmt: skip


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Files of all three benchmarks, in their own schemas."""
    directory = tmp_path_factory.mktemp("data")
    write_jsonl(directory / "apps" / "test.jsonl", apps_rows())
    write_parquet(directory / "codecontests" / "data" / "valid-00000-of-00001.parquet", contest_rows())
    write_jsonl(directory / "livecodebench" / "test6.jsonl", [bench_row(1), bench_row(2)])
    return directory


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny random model, saved as a user would."""
    from cppo.policy.loading import save_policy
    from cppo.policy.settings import TinyModel
    from cppo.policy.tiny import build_model, build_tokenizer

    tokenizer = build_tokenizer(["print the sum\n", "def solve():\n    return 1\n"], ("Sort them.",), 320)
    settings = TinyModel(hidden_size=16, heads=2, layers=2, feed_forward=16, vocabulary=320)
    tiny = build_model(settings, tokenizer, seed=1)
    tiny.generation_config.do_sample = True
    tokenizer.chat_template = "{% for message in messages %}> {{ message['content'] }}{% endfor %}"
    path = tmp_path_factory.mktemp("model") / "tiny"
    save_policy(tiny, tokenizer, path)
    return path


def recipe(path: Path, model: dict[str, Any], data: Path) -> Path:
    settings = "\n".join(f"{key} = {json.dumps(value)}" for key, value in model.items())
    path.write_text(
        f'name = "small"\nproblems = {json.dumps(SETS)}\ndata = "{data}"\nmethods = {json.dumps(sorted(METHODS))}\n'
        f'[models.tiny]\nprompts = "compact"\n{settings}\n'
    )
    return path


def check(output: Path) -> None:
    """Every arm has spent its budget on every problem of every set, and the result says so."""
    results = json.loads((output / "results.json").read_text())
    assert [one["set"] for one in results["sets"]] == SETS
    assert [one["test"] for one in results["sets"]] == [3, 2, 2]
    assert results["sets"][2]["first_contest"] == "2025-02-01"
    for one in results["results"].values():
        assert {arm["name"] for arm in one["arms"]} == set(METHODS)
        for arm in one["arms"]:
            programs = arm["roles"].get("solver", {"calls": 0})["calls"]  # none where no plan parsed
            least = (
                2 * one["problems"]["test"] if METHODS[arm["method"]].independent and "plan" not in arm["name"] else 0
            )
            assert least <= programs <= 2 * one["problems"]["test"]
            assert arm["failures"].get("program/error", 0) == arm["failures"].get("plan/error", 0) == 0
    assert len(results["comparisons"]) == 3 * (len(METHODS) - 1)
    episodes = list(read_episodes(output / "apps-introductory-3" / "seed-0" / "episodes.jsonl"))
    assert {e.arm for e in episodes} == set(METHODS)
    assert (output / "report.html").stat().st_size > 10_000


@pytest.mark.slow
def test_three_benchmarks_and_five_methods_in_process(
    tmp_path: Path, data: Path, model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = recipe(tmp_path / "small.toml", {"path": str(model), "threads": 1}, data)
    output = tmp_path / "out"
    assert main(["eval", str(file), "-o", str(output), "-q", *SMALL]) == 0
    printed = capsys.readouterr().out
    assert "apps:introductory:3: 3 problems" in printed
    assert "contests 2025-02-01 to 2025-02-02" in printed
    check(output)
    before = (output / "results.json").read_bytes()
    assert main(["eval", str(file), "-o", str(output), "-q", *SMALL]) == 0
    assert (output / "results.json").read_bytes() == before
    again = tmp_path / "again"
    assert main(["eval", str(file), "-o", str(again), "-q", "--replay", str(output), *SMALL]) == 0
    assert json.loads((again / "results.json").read_text())["comparisons"] == json.loads(before)["comparisons"]
    capsys.readouterr()
    assert main(["table", str(output), "--at", "2", "--markdown"]) == 0
    told = capsys.readouterr().out
    assert told.startswith("| pass@2 | small apps:introductory:3 | small codecontests:valid:2 |")
    assert "small livecodebench:v6-only: 2 problems, contests 2025-02-01 to 2025-02-02, 4 tests" in told
    assert main(["export", str(output), "--to", "inspect", "-o", str(tmp_path / "logs")]) == 0
    assert len(list((tmp_path / "logs").glob("*.json"))) == 3 * len(METHODS)
    capsys.readouterr()
    assert main(["eval", str(file), "-o", str(tmp_path / "new"), "-q", "--dry-run", "--json", *SMALL]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert sum(row["requests"] for row in rows if row["arm"] == "direct") == 2 * 7
    assert not (tmp_path / "new").exists()


@pytest.fixture(scope="module")
def served(model: Path) -> Iterator[str]:
    with running_server(model) as address:
        yield address


@pytest.mark.slow
@NEEDS_SERVE
def test_three_benchmarks_and_five_methods_on_a_server(tmp_path: Path, data: Path, model: Path, served: str) -> None:
    server = f'{{ base_url = "{served}", model = "{model}", concurrency = 4, backoff_seconds = 0.1 }}'
    file = recipe(tmp_path / "small.toml", {}, data)
    file.write_text(file.read_text() + f"server = {server}\n")
    output = tmp_path / "out"
    assert main(["eval", str(file), "-o", str(output), "-q", *SMALL]) == 0
    check(output)


@pytest.mark.slow
def test_a_problem_is_solved_or_not_with_any_model(data: Path, model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    common = ["--model", str(model), "--prompts", "compact", "--plan-tokens", "16", "--program-tokens", "16"]
    name = "apps:test:apps/test/3"
    assert main(["solve", name, "--data", str(data), *common, "--method", "direct", "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert (told["problem"], told["solved"], len(told["attempts"])) == ("apps/test/3", False, 4)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "there are no models"),
        (["--model", "m"], "there are no problems"),
        (["--model", "http://localhost:1/v1", "--problems", "x.jsonl"], "say with --served NAME"),
        (["--model", "m", "--problems", "x.jsonl", "--methods", "tuples"], "did you mean 'tuple'"),
        (["--model", "m", "--problems", "appz:test"], "neither a file or folder nor the name of a set"),
        (["--model", "m", "--problems", "x.jsonl", "--attempts=3"], "attempts = 3 is not a multiple of k = 4"),
        (["--model", "a/m", "--model", "b/m", "--problems", "x.jsonl"], "the models would be called m, m; name them"),
        (["--model", "m", "--problems", "x.jsonl", "--limit", "0"], "limit"),
        (["--model", "m", "--problems", "x.jsonl", "--checker", "apps"], "say which with --replay DIR"),
        (["--model", "m", "--problems", "x.jsonl", "--replay", "d", "--dry-run"], "nothing to estimate"),
        (["--model", "m", "--problems", "x.jsonl", "--comparator=tuple"], "unknown comparator 'tuple'"),
    ],
)
def test_bad_input_is_named(
    arguments: list[str],
    words: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["eval", *arguments]) == 2
    assert words in capsys.readouterr().err


def test_a_training_recipe_refuses_what_is_not_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    smoke = Path(__file__).parents[2] / "recipes" / "crossroads-smoke.toml"
    assert main(["eval", str(smoke), "--dry-run"]) == 2
    assert "--dry-run go with an evaluation recipe" in capsys.readouterr().err
