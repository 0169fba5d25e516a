"""What an arm costs where its attempts share work, worked by hand: two problems, four attempts each."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cppo.episodes import Branch, Call, Episode
from cppo.evaluation.equal_tokens import TokenCost, programs_that_fit, token_cost
from cppo.verifier import Verdict


def search(problem: str) -> Episode:
    """PlanSearch: 100 + 60 tokens of observations, then 8 + 6 tokens of plan and 10 of program for every attempt."""
    plans = [Call("observe", 9, 100, "end"), Call("combine", 9, 40, "end"), Call("combine", 9, 20, "end")]
    for role, tokens in (("sketch", 8), ("pseudocode", 6)):
        plans += [Call(role, 9, tokens, "end")] * 4
    branches = (Branch("steps", "x", Verdict.WA, "end", 10),) * 4
    spent = sum(call.tokens_out for call in plans)
    calls = (*plans, *[Call("solver", 9, 10, "end")] * 4)
    return Episode("search", problem, 0, branches, "[1] …", plan_tokens=spent, calls=calls)


RUNS = [[search("p0"), search("p1")], [search("p0"), search("p1")]]
TUPLES = TokenCost(plan=40.0, program=10.0, slots=4)


def test_what_the_attempts_share_is_paid_once_however_many_follow() -> None:
    cost = token_cost(RUNS, problems=2, attempts=4, slots=1)
    assert cost == TokenCost(plan=14.0, program=10.0, slots=1, shared=160.0)
    assert [cost.of(k) for k in (1, 2, 4)] == [184.0, 208.0, 256.0]  # 160 + 24 k


def test_a_budget_that_the_observations_use_up_buys_no_program() -> None:
    cost = token_cost(RUNS, problems=2, attempts=4, slots=1)
    assert [TUPLES.of(k) for k in (1, 4, 16)] == [50.0, 80.0, 320.0]
    # spread over four attempts, the observations would let one program fit at k = 4: 80 ≥ 160 / 4 + 24
    assert [programs_that_fit(TUPLES, cost, k) for k in (1, 4, 16)] == [0, 0, 6]  # (320 − 160) / 24 = 6.67


def test_a_subject_that_searches_pays_for_its_search_too() -> None:
    subject, direct = token_cost(RUNS, problems=2, attempts=4, slots=1), TokenCost(0.0, 12.0, 1)
    assert [programs_that_fit(subject, direct, k) for k in (1, 4)] == [15, 21]  # 184 / 12, 256 / 12
    assert [programs_that_fit(subject, subject, k) for k in (1, 2, 4)] == [1, 2, 4]


def test_records_without_calls_do_not_say_what_was_shared() -> None:
    old = [Episode("search", "p", 0, (Branch(None, "x", Verdict.WA, tokens=10),) * 4, plan_tokens=216)]
    assert token_cost([old], problems=1, attempts=4, slots=1) == TokenCost(plan=54.0, program=10.0, slots=1)


COSTS = st.builds(TokenCost, st.floats(0, 1e4), st.floats(0.5, 1e4), st.integers(1, 4), st.floats(0, 1e5))


@given(COSTS, st.floats(0, 1e4), st.floats(0.5, 1e4), st.floats(0, 1e5), st.integers(1, 32))
def test_as_many_programs_as_fit_and_no_more(
    subject: TokenCost, plan: float, program: float, shared: float, k: int
) -> None:
    arm = TokenCost(plan, program, 1, shared)
    programs, budget = programs_that_fit(subject, arm, k), subject.of(k)
    if programs:
        assert arm.of(programs) <= budget * (1 + 1e-9) + 1e-3
    assert arm.of(programs + 1) > budget * (1 - 1e-9) - 1e-3


def test_an_arm_that_costs_nothing_fits_nothing() -> None:
    assert programs_that_fit(TUPLES, TokenCost(0.0, 0.0, 1), 4) == 0
    assert programs_that_fit(TUPLES, TokenCost(0.0, 0.0, 1, shared=5.0), 4) == 0


@pytest.mark.parametrize("role", ["sketch", "pseudocode", "planner", "solver"])
def test_other_roles_are_paid_for_by_the_attempt(role: str) -> None:
    episode = Episode("a", "p", 0, plan_tokens=8, calls=(Call(role, 1, 8, "end"),))
    assert token_cost([[episode]], 1, 4, 1).shared == 0
