"""Figures from episodes, with numbers worked by hand."""

from __future__ import annotations

import numpy as np
import pytest

from cppo.episodes import Branch, Episode
from cppo.errors import DataError
from cppo.evaluation.scores import arm_summary, comparisons, passed_matrix, problem_scores
from cppo.verifier import Verdict


def branch(passed: int, label: str | None = None) -> Branch:
    return Branch("m", "x", Verdict.AC if passed else Verdict.WA, tokens=3, label=label)


def tuple_of(problem: str, index: int, passed: list[int], labels: str = "") -> Episode:
    names = list(labels) or [None] * len(passed)
    branches = tuple(branch(p, n) for p, n in zip(passed, names, strict=True))
    return Episode("arm", problem, index, branches, plan="A: x", methods=("m",) * len(passed), plan_tokens=7)


def unparsed(problem: str, index: int) -> Episode:
    return Episode("arm", problem, index, plan="?", fault="unlabelled", plan_tokens=5)


def test_independent_attempts_use_the_unbiased_estimator() -> None:
    # n = 8, c = 2: pass@4 = 1 − C(6,4)/C(8,4) = 1 − 15/70
    episodes = [Episode("direct", "p", 0, tuple(branch(int(i < 2)) for i in range(8)))]
    scores = problem_scores(episodes, ["p"], (1, 4), k=4, attempts=8, independent=True)
    assert scores[1][0] == pytest.approx(0.25)
    assert scores[4][0] == pytest.approx(1 - 15 / 70)


def test_a_plan_that_does_not_parse_uses_its_attempt() -> None:
    # plan-and-solve: 3 of 4 plans parse, one program passes: n = 4, c = 1
    episodes = [tuple_of("p", i, [int(i == 0)]) for i in range(3)] + [unparsed("p", 3)]
    scores = problem_scores(episodes, ["p"], (1, 2), k=4, attempts=4, independent=True)
    assert scores[1][0] == pytest.approx(1 / 4)
    assert scores[2][0] == pytest.approx(1 / 2)


def test_tuples_are_not_pooled() -> None:
    # one tuple passes in one slot, the other does not parse: the pass@4 of a tuple is 1/2, pass@1 over slots 1/8
    episodes = [tuple_of("p", 0, [0, 1, 0, 0]), unparsed("p", 1)]
    scores = problem_scores(episodes, ["p"], (1, 2, 4, 8), k=4, attempts=8, independent=False)
    assert scores[1][0] == pytest.approx(1 / 8)
    assert scores[2][0] == pytest.approx(1 / 4)  # a pair of slots of the first tuple holds slot 2 with probability 1/2
    assert scores[4][0] == pytest.approx(1 / 2)
    assert scores[8][0] == pytest.approx(1.0)


@pytest.mark.parametrize("independent", [True, False])
def test_missing_attempts_are_an_error(independent: bool) -> None:
    episodes = [tuple_of("p", 0, [0, 1, 0, 0])]
    with pytest.raises(DataError, match=r"'p' has 4 attempts; exactly 8"):
        problem_scores(episodes, ["p"], (1,), k=4, attempts=8, independent=independent)
    with pytest.raises(DataError, match=r"'q' has 0 attempts"):
        problem_scores(episodes, ["q"], (1,), k=4, attempts=4, independent=independent)


def test_passed_matrix_keeps_a_row_for_an_unparsed_tuple() -> None:
    matrix = passed_matrix([tuple_of("p", 0, [1, 0]), unparsed("p", 1)], 2)
    assert matrix.tolist() == [[1, 0], [0, 0]]


def test_the_summary_counts_costs_verdicts_and_duplicates() -> None:
    episodes = [tuple_of("p", 0, [1, 0, 0, 0], "aabc"), tuple_of("q", 0, [0, 0, 0, 0], "abcd")]
    scores = problem_scores(episodes, ["p", "q"], (4,), k=4, attempts=4, independent=False)
    summary = arm_summary(episodes, scores, 4, independent=False, confidence=0.95, seed=0)
    assert summary["pass_at"]["4"]["mean"] == 0.5
    assert summary["verdicts"] == {"AC": 1, "WA": 7}
    assert summary["tokens"] == {"planner": 14, "solver": 24}
    assert summary["duplicate_rate"] == pytest.approx((0.25 + 0.0) / 2)
    assert summary["parse_rate"] == 1.0
    assert "coordination_gain" not in summary  # needs at least K tuples a problem


def test_comparisons_name_the_subject_first_and_correct_for_many() -> None:
    rng = np.random.default_rng(0)
    base = rng.random(200)
    scores = {
        "cppo": [{4: np.clip(base + 0.2, 0, 1)}],
        "same": [{4: np.clip(base + 0.2, 0, 1)}],
        "worse": [{4: base}],
    }
    rows = {row["other"]: row for row in comparisons(scores, "cppo", 4, 1000, 0.95, seed=0)}
    assert rows["worse"]["difference"] > 0.1
    assert rows["worse"]["low"] > 0
    assert rows["worse"]["significant"]
    assert rows["same"]["difference"] == 0
    assert not rows["same"]["significant"]
    assert rows["worse"]["holm_p"] >= rows["worse"]["p_value"]
    assert any("seed noise" in warning for warning in rows["worse"]["warnings"])


def test_nothing_is_compared_without_the_subject() -> None:
    assert comparisons({"a": [{4: np.ones(3)}]}, "cppo", 4, 100, 0.95, 0) == []
