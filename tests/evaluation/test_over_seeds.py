"""The result over seeds, on two problems and two seeds worked by hand."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from cppo.episodes import Branch, Episode
from cppo.errors import ConfigError
from cppo.evaluation.compare import SeedRun
from cppo.evaluation.equal_tokens import TokenCost, pass_at_equal_tokens, programs_that_fit, token_cost
from cppo.evaluation.over_seeds import over_seeds, seed_warnings, spread
from cppo.evaluation.settings import ArmSettings, EvaluationSettings
from cppo.verifier import Verdict

IDS = ("p0", "p1")
SETTINGS = EvaluationSettings(
    attempts=4, ks=(1, 2), subject="pairs",
    arms=(
        ArmSettings(name="direct", method="direct", stage="sft"),
        ArmSettings(name="pairs", method="tuple", stage="sft"),
    ),
)  # fmt: skip
LIMITS = {
    "1": {"independent": 0.4, "coordinated": 0.5},
    "2": {"independent": 0.4, "coordinated": 0.8, "families": {}},
    "9": {"independent": 0.0, "coordinated": 0.0},
}


def branch(passed: bool, tokens: int, label: str | None = None) -> Branch:
    return Branch("m" if label else None, "x", Verdict.AC if passed else Verdict.WA, tokens=tokens, label=label)


def pair(problem: str, index: int, passed: tuple[int, int]) -> Episode:
    """A tuple of two programs of 5 tokens each, with a plan of 10."""
    branches = tuple(branch(bool(p), 5, label) for p, label in zip(passed, "xy", strict=True))
    return Episode("pairs", problem, index, branches, "A: B:", ("a", "b"), plan_tokens=10, valid=bool(passed[0]))


def direct(problem: str, correct: int) -> Episode:
    """Four programs of 4 tokens each."""
    return Episode("direct", problem, 0, tuple(branch(i < correct, 4) for i in range(4)))


def run(seed: int, tuples: dict[str, list[tuple[int, int]]], correct: tuple[int, int]) -> SeedRun:
    pairs = [pair(name, i, passed) for name, mine in tuples.items() for i, passed in enumerate(mine)]
    programs = [direct(name, c) for name, c in zip(IDS, correct, strict=True)]
    return SeedRun(f"seed-{seed}", seed, SETTINGS, 2, IDS, {"pairs": pairs, "direct": programs})


RUNS = [
    run(0, {"p0": [(1, 0), (0, 0)], "p1": [(1, 1), (1, 0)]}, (1, 2)),
    run(1, {"p0": [(0, 0), (0, 0)], "p1": [(1, 0), (0, 1)]}, (0, 4)),
]


def result() -> dict[str, Any]:
    return over_seeds(RUNS, 2000, LIMITS)


def test_every_seed_and_the_mean() -> None:
    found = result()
    assert (found["seeds"], found["k"], found["at"], found["ks"], found["budget"]) == ([0, 1], 2, 2, [1, 2], 4)
    arms = {arm["name"]: arm for arm in found["arms"]}
    # pass@2 of tuples: p0 1/2, p1 1, then 0 and 1; pass@1: (1/4 + 3/4)/2, then (0 + 1/2)/2
    assert arms["pairs"]["pass_at"]["2"]["seeds"] == pytest.approx([0.75, 0.5])
    assert arms["pairs"]["pass_at"]["2"]["mean"] == pytest.approx(0.625)
    assert arms["pairs"]["pass_at"]["1"]["seeds"] == pytest.approx([0.5, 0.25])
    # pass@2 of 4 programs: 1 correct 1/2, 2 correct 5/6; none 0, all 1
    assert arms["direct"]["pass_at"]["2"]["seeds"] == pytest.approx([2 / 3, 1 / 2])
    cell = arms["pairs"]["pass_at"]["2"]
    assert cell["low"] == pytest.approx(0.0)  # both draws the first problem, both the second seed
    assert cell["high"] == pytest.approx(1.0)


def test_the_comparison_is_paired_and_corrected() -> None:
    (row,) = result()["comparisons"]
    assert (row["subject"], row["other"], row["k"], row["seeds"]) == ("pairs", "direct", 2, 2)
    assert row["difference"] == pytest.approx(0.625 - 7 / 12)
    assert row["holm_p"] == row["p_value"]


def test_gain_strategies_validity_and_tokens() -> None:
    arms = {arm["name"]: arm for arm in result()["arms"]}
    pairs, programs = arms["pairs"], arms["direct"]
    # gain of tuples against scrambled slots, by problem: 1/2 − 1/2, 1 − 1; then 0, 1 − 3/4
    assert pairs["coordination_gain"] == {
        "mean": pytest.approx(0.0625), "seeds": pytest.approx([0.0, 0.125]),
        "low": pytest.approx(0.0), "high": pytest.approx(0.25),  # one outcome in 16 is the second seed's p1 alone
    }  # fmt: skip
    assert pairs["effective_strategies"] == {"mean": pytest.approx(2.0), "seeds": pytest.approx([2.0, 2.0])}
    assert pairs["true_validity"] == {"mean": pytest.approx(0.5), "seeds": pytest.approx([0.75, 0.25])}
    assert programs["coordination_gain"] is None
    assert programs["effective_strategies"] is None
    assert pairs["tokens"]["planner"]["mean"] == 20
    assert pairs["tokens"]["solver"]["seeds"] == [20, 20]
    assert programs["tokens"]["planner"]["mean"] == 0


def test_the_subject_against_the_limits() -> None:
    against = result()["against_limits"]
    assert set(against) == {"1", "2"}  # k = 9 is not evaluated
    above, part = against["2"]["above_independent"], against["2"]["share_of_coordinated"]
    assert above["value"] == pytest.approx(0.225)
    assert part["value"] == pytest.approx(0.78125)
    assert part["standard_error"] == pytest.approx(above["standard_error"] / 0.8)
    # scores 1/2 1 and 0 1: exact variance of the resampled mean is E(m²) − 0.625², worked out over the 16 outcomes
    seeds, problems = ((0, 0), (0, 1), (1, 0), (1, 1)), ((0, 0), (0, 1), (1, 0), (1, 1))
    score = ((0.5, 1.0), (0.0, 1.0))
    means = [sum(score[r][p] for r in s for p in q) / 4 for s in seeds for q in problems]
    exact = (sum(m * m for m in means) / 16 - 0.625**2) ** 0.5
    assert above["standard_error"] == pytest.approx(exact, abs=0.01)
    assert (above["low"], above["high"]) == (pytest.approx(-0.4), pytest.approx(0.6))


def test_equal_tokens_count_the_whole_plan() -> None:
    episodes = [run.episodes["pairs"] for run in RUNS]
    cost = token_cost(episodes, 2, 4, 2)
    assert cost == TokenCost(plan=10.0, program=5.0, slots=2)
    assert [cost.of(k) for k in (1, 2, 3, 4)] == [15, 20, 35, 40]
    own = token_cost([run.episodes["direct"] for run in RUNS], 2, 4, 1)
    assert own == TokenCost(plan=0.0, program=4.0, slots=1)
    assert [programs_that_fit(cost, own, k) for k in (1, 2, 4)] == [3, 5, 10]
    assert programs_that_fit(cost, TokenCost(0.0, 0.0, 1), 1) == 0
    # a plan-and-solve arm pays its own plan for every program
    assert programs_that_fit(cost, TokenCost(3.0, 4.0, 1), 2) == 2


def test_equal_tokens_are_left_empty_where_the_samples_do_not_suffice() -> None:
    arms = {arm["name"]: arm for arm in result()["arms"]}
    cells = arms["direct"]["equal_tokens"]
    # pass@1 costs 15 tokens, 3 programs: 1 − C(3,3)/C(4,3) = 3/4 and 1; then 0 and 1
    assert cells["1"] == {
        "programs": 3, "mean": pytest.approx(0.6875), "seeds": pytest.approx([0.875, 0.5]),
        "low": pytest.approx(0.0), "high": pytest.approx(1.0),
    }  # fmt: skip
    assert cells["2"] == {"programs": 5, "mean": None, "seeds": None}
    assert arms["pairs"]["equal_tokens"] == {"1": None, "2": None}
    assert pass_at_equal_tokens([RUNS[0].episodes["direct"]], IDS, 4, 0) is None


def test_fewer_than_three_seeds_are_warned_of() -> None:
    assert result()["warnings"] == ["2 training seeds, fewer than 3: seed noise is not covered"]
    assert seed_warnings(1) == ["1 training seed, fewer than 3: seed noise is not covered"]
    assert seed_warnings(3) == []


def test_an_arm_may_have_another_k() -> None:
    """One tuple of four where the others have two of two: pass@2 over the pairs of its slots."""
    wide = [
        Episode("wide", name, 0, tuple(branch(i < correct, 5) for i in range(4)), "A:", ("a",), plan_tokens=12)
        for name, correct in zip(IDS, (1, 2), strict=True)
    ]
    settings = SETTINGS.model_copy(
        update={"arms": (*SETTINGS.arms, ArmSettings(name="wide", method="tuple", stage="joint"))}
    )
    runs = [replace(r, settings=settings, k_of={"wide": 4}, episodes={**r.episodes, "wide": wide}) for r in RUNS]
    arm = over_seeds(runs, 200, {})["arms"][2]
    assert arm["k"] == 4
    assert arm["pass_at"]["2"]["seeds"] == pytest.approx([2 / 3, 2 / 3])  # 1/2 and 5/6
    with pytest.raises(ConfigError, match="differ in k"):
        over_seeds([runs[0], replace(runs[1], k_of={})], 200, {})


def test_the_mean_of_what_is_known() -> None:
    assert spread([None, None]) is None
    assert spread([None, 0.5]) == {"mean": 0.5, "seeds": [None, 0.5]}


def test_runs_that_do_not_fit_together_are_refused() -> None:
    other = replace(RUNS[1], problem_ids=("p0",))
    with pytest.raises(ConfigError, match="different test problems"):
        over_seeds([RUNS[0], other], 200, {})
