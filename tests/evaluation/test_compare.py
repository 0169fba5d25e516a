"""Runs of several seeds as one result, and the runs that cannot be compared."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cppo.episodes import Branch, Episode
from cppo.errors import ConfigError
from cppo.evaluation.compare import SeedRun, compare_runs
from cppo.evaluation.settings import ArmSettings, EvaluationSettings
from cppo.verifier import Verdict

ARMS = tuple(ArmSettings(name=n, method="direct", stage="sft") for n in ("cppo", "pkpo"))
SETTINGS = EvaluationSettings(arms=ARMS, attempts=4, ks=(1, 4))
IDS = tuple(f"p{i}" for i in range(20))


def episodes(arm: str, passed: int) -> list[Episode]:
    """The first of the four programs passes on the first `passed` problems."""
    return [
        Episode(
            arm,
            name,
            0,
            tuple(Branch(None, "x", Verdict.AC if p < passed and i == 0 else Verdict.WA) for i in range(4)),
        )
        for p, name in enumerate(IDS)
    ]


def run(seed: int, cppo: int, pkpo: int) -> SeedRun:
    return SeedRun(
        f"run{seed}", seed, SETTINGS, 4, IDS, {"cppo": episodes("cppo", cppo), "pkpo": episodes("pkpo", pkpo)}
    )


def test_three_seeds_are_one_result() -> None:
    result = compare_runs([run(0, 15, 8), run(1, 16, 9), run(2, 14, 7)], resamples=500)
    arms = {arm["name"]: arm["pass_at"] for arm in result["arms"]}
    assert arms["cppo"]["4"] == [0.75, 0.8, 0.7]
    assert arms["pkpo"]["1"] == pytest.approx([0.1, 0.1125, 0.0875])
    (row,) = result["comparisons"]
    assert row["difference"] == pytest.approx(0.35)
    assert row["seeds"] == 3
    assert row["warnings"] == []
    assert row["low"] > 0


def test_runs_that_do_not_fit_together_are_refused() -> None:
    one = run(0, 5, 5)
    with pytest.raises(ConfigError, match=r"seeds are \[0, 0\]"):
        compare_runs([one, run(0, 6, 6)], 500)
    with pytest.raises(ConfigError, match="different test problems"):
        compare_runs([one, replace(run(1, 6, 6), problem_ids=IDS[1:])], 500)
    other = EvaluationSettings(arms=ARMS, attempts=8, ks=(1, 4))
    with pytest.raises(ConfigError, match=r"differ in k or in \[evaluation\]"):
        compare_runs([one, replace(run(1, 6, 6), settings=other)], 500)
