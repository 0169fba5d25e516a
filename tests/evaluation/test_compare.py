"""Runs of several seeds as one result, and the runs that cannot be compared."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from cppo.episodes import Branch, Episode
from cppo.errors import ConfigError, DataError
from cppo.evaluation.compare import SeedRun, compare_runs, compare_scores
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


def refused(*runs: SeedRun) -> str:
    with pytest.raises(ConfigError) as raised:
        compare_runs(runs, 500)
    return str(raised.value)


def test_runs_that_do_not_fit_together_are_refused() -> None:
    one, two = run(0, 5, 5), run(1, 6, 6)
    assert "seeds are 0 (run0), 0 (run0); each may occur once" in refused(one, run(0, 6, 6))
    text = refused(one, replace(two, problem_ids=IDS[1:]))
    assert "run0 and run1 were evaluated on different test problems: 20 and 19, 19 in both" in text
    assert "evaluate both on the same" in text


def test_other_budgets_and_sampling_are_refused_with_both_values() -> None:
    one, two = run(0, 5, 5), run(1, 6, 6)
    text = refused(one, replace(two, settings=SETTINGS.model_copy(update={"attempts": 8, "solve_temperature": 1.0})))
    assert "differ in k or in [evaluation]" in text
    assert "evaluation.attempts: 4 -> 8" in text
    assert "evaluation.solve_temperature: 0.7 -> 1.0" in text
    arms = (ARMS[0], ARMS[1].model_copy(update={"stage": "joint"}))
    text = refused(one, replace(two, settings=SETTINGS.model_copy(update={"arms": arms})))
    assert 'evaluation.arms.pkpo.stage: "sft" -> "joint"' in text
    assert "k: 4 -> 2" in refused(one, replace(two, k=2))


def test_runs_of_another_training_are_refused_with_both_values() -> None:
    one, two = (replace(run(seed, 5, 5), training={"joint.steps": 200, "joint.beta": 0.02}) for seed in (0, 1))
    assert compare_runs([one, two], 500)["seeds"] == [0, 1]
    text = refused(one, replace(two, training={"joint.steps": 100, "joint.beta": 0.02}))
    assert "run0 and run1 were not trained alike:\n  joint.steps: 200 -> 100\n" in text
    assert "joint.beta" not in text
    many = {f"key{i}": i for i in range(11)}
    assert "and 3 more" in refused(replace(one, training=many), replace(two, training=dict.fromkeys(many, -1)))


def test_seeds_are_drawn_apart_where_the_arms_have_not_started_together() -> None:
    # every problem of seed 0 is failed by both arms, every one of seed 1 solved by both
    seeds = [{4: np.zeros(2)}, {4: np.ones(2)}]
    scores = {"cppo": seeds, "pkpo": seeds}
    (joint,) = compare_scores(scores, SETTINGS, 4, 2000)
    assert (joint["low"], joint["high"], joint["p_value"]) == (0.0, 0.0, 1.0)
    (apart,) = compare_scores(scores, SETTINGS, 4, 2000, {"pkpo"})
    assert (apart["low"], apart["high"]) == (-1.0, 1.0)  # each is one outcome in 16
    runs = [replace(run(seed, 20 * seed, 20 * seed), apart=frozenset({"pkpo"})) for seed in (0, 1)]
    (row,) = compare_runs(runs, 2000)["comparisons"]
    assert (row["low"], row["high"]) == (-1.0, 1.0)


def test_a_record_that_is_cut_short_is_named() -> None:
    one, two = run(0, 5, 5), run(1, 6, 6)
    short = replace(two, episodes={**two.episodes, "pkpo": two.episodes["pkpo"][:-1]})
    with pytest.raises(DataError, match=r"run1, 'pkpo': problem 'p19' has 0 attempts; exactly 4.*evaluate it again"):
        compare_runs([one, short], 500)
