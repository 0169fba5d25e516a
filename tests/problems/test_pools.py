"""Pools are disjoint, and what is for evaluation only never trains."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cppo.config import build
from cppo.errors import ConfigError, DataError
from cppo.files import write_jsonl
from cppo.problems import Problem, TestCase
from cppo.problems.crossroads import generate
from cppo.problems.crossroads.oracle import CrossroadsTestbed
from cppo.problems.crossroads.settings import EQUAL
from cppo.problems.jsonl import problem_to_row
from cppo.problems.pools import (
    ProblemsSettings,
    load_pools,
    read_pools,
    refuse_leaks,
    statement_hash,
    write_pools,
)

EMBEDDED = {"source": "crossroads", "preset": "equal", "train_count": 6, "validation_count": 3, "test_count": 4}


def problem(name: str, statement: str, source: str = "") -> Problem:
    return Problem(name, statement, [TestCase("1", "1")], source=source)


def settings_of(**data: Any) -> ProblemsSettings:
    return build(ProblemsSettings, data, "recipe")


def written(path: Path, *problems: Problem) -> str:
    write_jsonl(path, map(problem_to_row, problems))
    return str(path)


@pytest.mark.parametrize(
    "twin", ["Add two numbers.", "ADD  two\n\tnumbers.", " add two numbers.\n", "Ａdd two numbers."]
)
def test_the_same_statement_up_to_case_and_spacing_is_a_leak(twin: str) -> None:
    train = [problem("t0", "Other."), problem("t1", "Add two numbers.")]
    with pytest.raises(DataError, match="test problem 'e' has the statement of training problem 't1'"):
        refuse_leaks(train, {"validation": [problem("v", "Third.")], "test": [problem("e", twin)]})
    assert statement_hash(twin) == statement_hash("Add two numbers.")


def test_different_statements_are_no_leak() -> None:
    refuse_leaks([problem("same id", "Add two numbers.")], {"test": [problem("same id", "Add three numbers.")]})


@pytest.mark.parametrize(
    "source",
    [
        *("apps", "APPS", "apps:train", "codeparrot/apps", "livecodebench", "LiveCodeBench-v6", "livecodebench_v6"),
        *("apps_test", "hendrycks_apps", "live_code_bench", "Live Code Bench", "my_lcb_v6", "codecontests:valid"),
        *("deepmind/code_contests:test", "code_contests_valid", "code-contests_test"),
    ],
)
def test_sources_for_evaluation_only_never_train(source: str) -> None:
    with pytest.raises(DataError, match=r"training problem 't' comes from .* evaluation only"):
        refuse_leaks([problem("t", "x", source)], {})
    refuse_leaks([problem("t", "x", "codecontests")], {"test": [problem("e", "y", source)]})


@pytest.mark.parametrize(
    "source",
    ["", "codecontests", "codecontests:train", "maps", "snapps", "my-mobile-application", "code_contests_train"],
)
def test_other_sources_may_train(source: str) -> None:
    refuse_leaks([problem("t", "x", source)], {})


def test_pools_from_files_are_read_and_cut(tmp_path: Path) -> None:
    train = written(tmp_path / "train.jsonl", *(problem(f"t{i}", f"Task {i}.") for i in range(5)))
    test = written(tmp_path / "test.jsonl", problem("e", "Exam."))
    pools = load_pools(settings_of(train=train, test=test, train_count=3), seed=0)
    assert [p.id for p in pools.train] == ["t0", "t1", "t2"]
    assert ([*pools.validation], [p.id for p in pools.test], pools.testbed) == ([], ["e"], None)
    with pytest.raises(DataError, match="has 5 problems, but 6 are asked for"):
        load_pools(settings_of(train=train, test=test, train_count=6), seed=0)


def test_every_pair_of_pools_is_held_apart(tmp_path: Path) -> None:
    files = {
        "train": written(tmp_path / "train.jsonl", problem("t", "One.")),
        "validation": written(tmp_path / "validation.jsonl", problem("v", "Two.")),
        "test": written(tmp_path / "test.jsonl", problem("e", "Three.")),
    }
    load_pools(settings_of(**files), seed=0)
    for name, other, words in (
        ("validation", "one.", "validation problem 'x' has the statement of training problem 't'"),
        ("test", "one.", "test problem 'x' has the statement of training problem 't'"),
        ("test", "two.", "test problem 'x' has the statement of validation problem 'v'"),
    ):
        changed = written(tmp_path / "changed.jsonl", problem("x", other))
        with pytest.raises(DataError, match=words):
            load_pools(settings_of(**{**files, name: changed}), seed=0)


def test_statements_that_are_nearly_the_same_are_held_apart(tmp_path: Path) -> None:
    """Of 9 shared words and one that differs: 5 of 7 five-word shingles are shared, 71 %."""
    train = written(tmp_path / "a", problem("t", "you are given n numbers print the sum of them"))
    test = written(tmp_path / "b", problem("e", "you are given n numbers print the sum of all"))
    with pytest.raises(DataError, match=r"most alike: 't' and test problem 'e' \(71 % of"):
        load_pools(settings_of(train=train, test=test), 0)
    for threshold in (0.75, None):
        assert len(load_pools(settings_of(train=train, test=test, near_duplicates=threshold), 0).train) == 1


def test_the_embedded_testbed_fills_the_pools() -> None:
    pools = load_pools(settings_of(**EMBEDDED), seed=5)
    assert (len(pools.train), len(pools.validation), len(pools.test)) == (6, 3, 4)
    assert pools.testbed is not None
    assert list(pools.train) == list(generate(EQUAL, "train", 6, 5))
    other = load_pools(settings_of(**EMBEDDED), seed=6)
    assert list(other.test) == list(pools.test)
    assert list(other.train) != list(pools.train)


def test_written_pools_are_read_again(tmp_path: Path) -> None:
    settings = settings_of(**{**EMBEDDED, "validation_count": 0, "prior_exponent": 0.5})
    pools = load_pools(settings, seed=5)
    write_pools(tmp_path, pools)
    again = read_pools(tmp_path, settings)
    assert pools.testbed == again.testbed == CrossroadsTestbed(0.5)
    for name in ("train", "validation", "test"):
        assert [problem_to_row(p) for p in getattr(again, name)] == [problem_to_row(p) for p in getattr(pools, name)]
    (tmp_path / "test.jsonl").unlink()
    with pytest.raises(DataError, match="does not exist"):
        read_pools(tmp_path, settings)


def test_a_preset_keeps_its_families_and_takes_the_limits() -> None:
    setting = settings_of(**EMBEDDED, line_limit=500, tests_per_problem=2).setting()
    assert (setting.families, setting.traits) == (EQUAL.families, EQUAL.traits)
    assert (setting.line_limit, setting.tests_per_problem) == (500, 2)
    assert settings_of(**EMBEDDED).setting() == EQUAL


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({}, "needs problems.train and problems.test"),
        ({"train": "x.jsonl"}, "needs problems.train and problems.test"),
        ({"train": "x.jsonl", "test": "y.jsonl", "preset": "equal"}, "belong to source 'crossroads'"),
        ({**EMBEDDED, "train": "x.jsonl"}, "remove train, validation and test"),
        ({**EMBEDDED, "families": ["coins"]}, "either a preset or families, not both"),
        ({**EMBEDDED, "preset": None}, "either a preset or families, not both"),
        ({**EMBEDDED, "train_count": None}, "needs train_count and test_count"),
        ({**EMBEDDED, "traits": {"knapsack": {"seven items": 1.0}}}, "a preset brings its own traits"),
        ({**EMBEDDED, "preset": None, "families": ["coinz"]}, "did you mean 'coins'"),
        ({**EMBEDDED, "preset": "equl"}, "preset"),
        ({**EMBEDDED, "train_count": 0}, "train_count = 0"),
    ],
)
def test_settings_that_contradict_themselves_are_refused(data: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        settings_of(**data)


@pytest.mark.parametrize(
    "source", ["LCB-v6", "LiveCodeBenchV6", "codecontests:valid", "code_contests/test", "codeparrot/apps"]
)
def test_evaluation_sets_are_recognised_by_other_names(source: str) -> None:
    with pytest.raises(DataError, match="for evaluation only"):
        refuse_leaks([Problem("p", "s", [TestCase("", "")], source=source)], {})
