"""The first stage opens everything that later ones read: what is wrong is said before any work."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cppo.config import build
from cppo.context import Context
from cppo.errors import ConfigError, CppoError, DataError, RunError
from cppo.pipeline import refuse_gaps
from cppo.policy.settings import TinyModel
from cppo.preflight import check_inputs
from cppo.progress import Reporter
from cppo.recipe import Recipe
from cppo.runs import Run

METHODS = ["Add.", "Count up.", "Look it up.", "Use the formula."]


def rows(path: Path, values: list[Any]) -> str:
    path.write_text("".join(json.dumps(value) + "\n" for value in values))
    return str(path)


def problem(name: str, **changes: Any) -> dict[str, Any]:
    return {"id": name, "statement": f"statement {name}", "tests": [{"input": "1", "output": "2"}], **changes}


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    from cppo.policy.tiny import save_tiny

    directory = tmp_path_factory.mktemp("model") / "tiny"
    save_tiny(directory, TinyModel(hidden_size=32, layers=1, heads=2, feed_forward=32, vocabulary=400), ["x"], [], 0)
    return str(directory)


def context(tmp_path: Path, directory: str, **changes: Any) -> Context:
    """A run with files of its own; `changes` are overrides of sections."""
    data: dict[str, Any] = {
        "problems": {
            "train": rows(tmp_path / "train.jsonl", [problem(f"a{i}") for i in range(8)]),
            "test": rows(tmp_path / "test.jsonl", [problem("t", **changes.pop("test_problem", {}))]),
        },
        "model": {"path": directory},
        "sft": {"data": rows(tmp_path / "gold.jsonl", [{"problem_id": "a1", "methods": METHODS}])},
    }
    for section, values in changes.items():
        data.setdefault(section, {}).update(values)
    return Context(Run.open(tmp_path / "run", build(Recipe, data, "test")), Reporter())


def test_good_inputs_pass(tmp_path: Path, model: str) -> None:
    check_inputs(context(tmp_path, model))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"model": {"path": "/nowhere/model"}}, "/nowhere/model does not exist"),
        ({"validity": {"path": "/nowhere/judge"}}, "/nowhere/judge does not exist"),
        ({"validity": {"data": "/nowhere.jsonl"}}, r"/nowhere\.jsonl does not exist"),
        ({"sft": {"data": "/nowhere.jsonl"}}, r"/nowhere\.jsonl does not exist"),
        ({"joint": {"problems_per_step": 9, "micro_batch": 9}}, r"joint\.problems_per_step is 9.*8 training"),
        ({"joint": {"engine": {"bogus": 1}}}, r"\[joint\].*bogus"),
        ({"sft": {"schedule": "cosinee"}}, r"\[sft\].*cosinee"),
        ({"test_problem": {"checker": "flaot:1e-6"}}, "'t'.*flaot.*did you mean 'float'"),
    ],
)
def test_what_would_fail_later_fails_first(tmp_path: Path, model: str, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(CppoError, match=f"(?s){message}"):
        check_inputs(context(tmp_path, model, **changes))


def test_real_data_needs_gold_tuples(tmp_path: Path, model: str) -> None:
    with pytest.raises(ConfigError, match=r"sft\.data is not set"):
        check_inputs(context(tmp_path, model, sft={"data": None}))


def test_a_run_goes_on_only_with_the_files_it_began_with(tmp_path: Path, model: str) -> None:
    first = context(tmp_path, model)
    first.run.finish("prepare", {"files": first.data_files()}, 0)
    assert len(first.pools.train) == 8
    rows(tmp_path / "train.jsonl", [problem(f"b{i}") for i in range(8)])
    again = Context(first.run, Reporter())
    with pytest.raises(RunError, match=r"train\.jsonl has changed"):
        _ = again.pools
    (tmp_path / "train.jsonl").unlink()
    with pytest.raises(DataError, match="does not exist"):
        _ = Context(first.run, Reporter()).pools


def test_gaps_are_named_before_work(tmp_path: Path, model: str) -> None:
    run = context(tmp_path, model).run
    refuse_gaps(run, run.recipe.stages())
    with pytest.raises(RunError, match=r"'evaluate' needs stage 'grpo'.*cppo baseline RECIPE grpo"):
        refuse_gaps(run, [name for name in run.recipe.stages() if name != "grpo"])
    with pytest.raises(RunError, match="'sft' needs stage 'prepare'"):
        refuse_gaps(run, ["sft"])
