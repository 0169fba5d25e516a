"""A verdict is kept under a key: all that it depends on is in it, and nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cppo.problems import Limits, Problem, TestCase
from cppo.verifier import VerifierConfig, prepared
from cppo.verifier.prepared import PreparedProblem, harness_version

CALL: dict[str, Any] = {"id": "p", "statement": "s", "mode": "call", "entry_point": "f"}
CALL |= {"tests": [TestCase([1], 2), TestCase([2], 3)], "limits": Limits(cpu_seconds=1), "checker": "exact"}


def key(changes: dict[str, Any], settings: dict[str, Any], program: str = "x", everything: bool = False) -> bytes:
    problem = Problem(**{**CALL, **changes})
    return PreparedProblem.of(problem, VerifierConfig(**settings)).program_key(program.encode(), everything)


OTHER: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"entry_point": "g"}, {}),
    ({"mode": "stdin", "entry_point": None, "tests": [TestCase("[1]", "2"), TestCase("[2]", "3")]}, {}),
    ({"checker": "tokens"}, {}),
    ({"checker": "program", "checker_program": "def check(i, o, e): return True"}, {}),
    ({"checker": "program", "checker_program": "def check(i, o, e): return False"}, {}),
    ({"limits": Limits(cpu_seconds=2)}, {}),
    ({"limits": Limits(cpu_seconds=1, lines=9)}, {}),
    ({"tests": [TestCase([1], 2)]}, {}),
    ({"tests": [TestCase([2], 3), TestCase([1], 2)]}, {}),
    ({"tests": [TestCase([1], 2), TestCase([2], 4)]}, {}),
    ({"tests": [TestCase([1], 2), TestCase([12], 3)]}, {}),
    ({"tests": [TestCase([True], 2), TestCase([2], 3)]}, {}),
    ({}, {"memory_mb": 64}),
    ({}, {"compile_seconds": 1}),
    ({}, {"isolate_tests": False}),
    ({}, {"recheck_timeouts": False}),
]


def test_all_that_a_verdict_depends_on_is_in_the_key() -> None:
    keys = [key({}, {}), key({}, {}, "y"), key({}, {}, everything=True), *(key(*other) for other in OTHER)]
    assert len(set(keys)) == len(keys) == 3 + len(OTHER)


@pytest.mark.parametrize(
    ("changes", "settings"),
    [
        ({"id": "q", "statement": "t", "source": "here", "metadata": {"a": 1}, "solutions": ["x"]}, {}),
        ({"tests": (TestCase((1,), 2), TestCase([2], 3))}, {}),
        ({}, {"workers": 3, "retries": 0, "slice_seconds": 1, "cache_entries": 1}),
        ({}, {"tier": "rlimits"}),  # the tier that was built is added when the verdict is kept
        ({"limits": Limits()}, {"cpu_seconds": 1, "wall_seconds": 2.5}),
    ],
)
def test_nothing_else_is(changes: dict[str, Any], settings: dict[str, Any]) -> None:
    assert key(changes, settings) == key({}, {})


def test_another_harness_finds_verdicts_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    before = key({}, {})
    monkeypatch.setattr(prepared, "harness_version", lambda: "another")
    assert key({}, {}) != before
    assert len(harness_version()) == 64


def test_the_key_depends_on_the_packages_that_programs_find(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert any(name.lower().startswith("numpy-") for name in prepared.installed_packages())
    before = key({}, {})
    (tmp_path / "numbers_of_all_kinds-1.0.dist-info").mkdir()
    monkeypatch.syspath_prepend(tmp_path)
    prepared.installed_packages.cache_clear()
    try:
        assert key({}, {}) != before
    finally:
        prepared.installed_packages.cache_clear()
