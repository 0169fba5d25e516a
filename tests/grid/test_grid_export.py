"""Evaluations in the formats of other tools."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from scripted_model import Model

from cppo.errors import RunError
from cppo.evaluation.grid_files import RESULTS
from cppo.files import write_json
from cppo.grid.exports import EXPORTS
from cppo.grid.layout import Grid
from cppo.grid.problem_sets import load_sets
from cppo.grid.result import grid_result, set_result
from cppo.grid.run import run_grid
from cppo.progress import Reporter


@pytest.fixture
def finished(grid: Callable[..., Grid]) -> Grid:
    """Return a finished evaluation of two seeds with a plan that failed."""
    failing = Model(lambda request: "Print 3" in request.prompt.text and "PLAN" in request.prompt.text)
    return finish(grid(seeds=[0, 1]), failing)


def finish(made: Grid, model: Model) -> Grid:
    with made.open():
        sets = load_sets(made, Reporter())
        run_grid(made, sets, Reporter(), model)
        write_json(made.directory / RESULTS, grid_result(made, {one.source: set_result(made, one) for one in sets}))
    return made


def test_a_row_for_every_program(finished: Grid, tmp_path: Path) -> None:
    from datasets import load_dataset

    EXPORTS["hf"](finished, tmp_path / "hf")
    rows = load_dataset(str(tmp_path / "hf"), split="numbers", cache_dir=str(tmp_path / "cache")).to_list()
    # two seeds: ten programs of direct, eight of the tuples, and one row for the tuple that failed
    assert len(rows) == 2 * (10 + 8 + 1)
    (lost, _) = [row for row in rows if row["slot"] == -1]
    assert (lost["problem_id"], lost["plan_fault"], lost["program"]) == ("n3", "error", "")
    assert all(row["passed"] == (row["verdict"] == "AC") for row in rows)
    assert lost["detail"] == "the server said no"


def test_every_problem_set_is_a_split_whatever_its_name(
    grid: Callable[..., Grid], problems: Path, tmp_path: Path
) -> None:
    from datasets import load_dataset

    sets = [problems.rename(problems.with_name(f"{name}.jsonl")) for name in ("apps-valid-5",)]
    sets.append(problems.with_name("numbers.2.jsonl"))
    sets[1].write_text(sets[0].read_text().replace('"Print', '"\\ud800 Print'))  # half a surrogate pair
    made = finish(grid(problems=[str(path) for path in sets]), Model())
    paths = EXPORTS["hf"](made, tmp_path / "hf")
    assert [path.name for path in paths] == ["apps-valid-5.parquet", "numbers.2.parquet", "README.md"]
    found = load_dataset(str(tmp_path / "hf"), cache_dir=str(tmp_path / "cache"))
    assert {name: len(split) for name, split in found.items()} == {"apps_valid_5": 20, "numbers_2": 20}


def test_a_summary_has_a_task_for_every_arm(finished: Grid, tmp_path: Path) -> None:
    (path,) = EXPORTS["lm-eval"](finished, tmp_path / "deep" / "summary.json")
    summary = json.loads(path.read_text())
    results = json.loads((finished.directory / RESULTS).read_text())
    ((source, one),) = results["results"].items()
    task = summary["results"][f"{source}/tuple"]
    cell = one["arms"][1]["pass_at"]["2"]
    assert task["pass@2,none"] == cell["mean"]
    assert task["pass@2_stderr,none"] == pytest.approx((cell["high"] - cell["low"]) / 2 / 1.959964, rel=1e-5)
    assert summary["n-samples"][f"{source}/direct"] == {"original": 5, "effective": 5}


def test_a_log_for_every_seed_and_arm(finished: Grid, tmp_path: Path) -> None:
    paths = EXPORTS["inspect"](finished, tmp_path / "logs")
    # what the viewer of Inspect lists, and where it finds the name of the task
    assert all(re.match(r"\d{4}-\d{2}-\d{2}T\d{2}[:-]\d{2}[:-]\d{2}", path.name) for path in paths)
    assert [path.stem.split("_")[1] for path in paths] == [
        f"numbers-{arm}-seed-{seed}" for seed in (0, 1) for arm in ("direct", "tuple")
    ]
    assert all(path.stem.count("_") == 2 for path in paths)
    log = json.loads(paths[1].read_text())
    assert (log["version"], log["status"], log["eval"]["dataset"]["samples"]) == (2, "success", 5)
    assert len(log["samples"]) == 9
    assert {(s["id"], s["epoch"]) for s in log["samples"] if s["id"] == "n0"} == {("n0", 1), ("n0", 2)}
    (lost,) = [s for s in log["samples"] if s["metadata"]["plan_fault"]]
    assert lost["scores"]["verdict"] == {"value": "I", "answer": "", "explanation": "error"}
    passed = {s["metadata"]["verdict"] for s in log["samples"] if s["scores"]["verdict"]["value"] == "C"}
    assert passed == {"AC"}


def test_inspect_itself_reads_the_logs(finished: Grid, tmp_path: Path) -> None:
    inspect_log = pytest.importorskip("inspect_ai.log")
    for path in EXPORTS["inspect"](finished, tmp_path / "logs"):
        log = inspect_log.read_eval_log(str(path))
        assert log.samples[0].scores["verdict"].value in ("C", "I")
        assert log.results.scores[0].metrics["pass@2"].value == pytest.approx(
            json.loads(path.read_text())["results"]["scores"][0]["metrics"]["pass@2"]["value"]
        )


@pytest.mark.parametrize("name", sorted(EXPORTS))
def test_an_evaluation_that_was_extended_is_refused_until_it_is_finished(
    name: str, finished: Grid, grid: Callable[..., Grid], tmp_path: Path
) -> None:
    with grid(seeds=[0, 1, 2]).open():
        pass  # and killed
    with pytest.raises(RunError, match="finish the evaluation with the same"):
        EXPORTS[name](Grid.load(finished.directory), tmp_path / "out")


@pytest.mark.parametrize("name", sorted(EXPORTS))
def test_an_unfinished_evaluation_is_refused(name: str, grid: Callable[..., Grid], tmp_path: Path) -> None:
    with grid().open():
        pass
    with pytest.raises(RunError, match="has no results yet"):
        EXPORTS[name](grid(), tmp_path / "out")
