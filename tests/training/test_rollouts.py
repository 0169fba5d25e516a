"""Rollouts: the slots they fill and the credit they give, with rewards chosen by hand."""

from __future__ import annotations

from concurrent.futures import Future
from typing import Any

import numpy as np
import pytest

from cppo.episodes import Workbench
from cppo.policy.engine import GenerationRequest
from cppo.policy.scripted import ScriptedEngine
from cppo.problems import Problem, TestCase
from cppo.text.prompts import COMPACT
from cppo.training.rollouts import DirectRollout, PlannerRollout, SplitRegionRollout, sampled_pass_at_k
from cppo.training.sequences import Region, RolloutResult
from cppo.training.settings import BaselineSettings, JointSettings, WarmupSettings
from cppo.verifier import ProgramVerdict, Verdict

PROBLEMS = [Problem("p", "first", [TestCase("", "")]), Problem("q", "second", [TestCase("", "")])]
PLANS = ["A: a\nB: b", "A: c\nB: d", "A: a\nB: a", "A: e\nB: f"]  # the third is no tuple: two methods are the same


class Verifier:
    """Programs are `v = 'METHOD'`; those of methods a and e pass, d's verdict is the verifier's own failure."""

    def submit(self, _: Problem, program: str) -> Future[ProgramVerdict]:
        future: Future[ProgramVerdict] = Future()
        verdicts = {"a": Verdict.AC, "e": Verdict.AC, "d": Verdict.INFRA}
        future.set_result(ProgramVerdict(verdicts.get(program.split("'")[1], Verdict.WA)))
        return future


class Gate:
    """Accepts every tuple but the one that starts with e."""

    tau = 0.5

    def scores(self, items: list[tuple[str, str]]) -> np.ndarray:
        return np.array([0.2 if plan.startswith("A: e") else 0.8 for _, plan in items])


def workbench() -> Workbench:
    plans = iter(PLANS * len(PROBLEMS))

    def answer(request: GenerationRequest) -> str:
        text = request.prompt.text
        if "PLAN" in text:
            return next(plans)
        method = text.split("METHOD ")[1].split("\n")[0] if "METHOD" in text else "ab"[request.seed % 2]
        return f"v = '{method}'"

    return Workbench(ScriptedEngine(answer), COMPACT, Verifier())


def advantages(result: RolloutResult, region: Region) -> list[float | None]:
    half = len(result.sequences) // 2
    return [round(s.advantage, 3) if s.trained else None for s in result.sequences[:half] if s.region is region]


def test_joint_credit_by_hand() -> None:
    rollout = SplitRegionRollout(JointSettings(tuples=4), 2, Gate())
    result = rollout(PROBLEMS, workbench(), (0,))
    assert len(result.sequences) == 2 * rollout.sequences_per_problem == 2 * 4 * 3
    # R_plan: tuple 1 passes the gate and one branch passes: 1. Tuple 2: INFRA and no sibling passed: left out.
    # Tuple 3 is no tuple: 0, and stays in the statistics. Tuple 4 passes, but not the gate: 0. Rewards 1, 0, 0:
    # mean 1/3, std √2/3: (2/3)/(√2/3) = 1.414, −0.707.
    assert advantages(result, Region.PLANNER) == [1.414, None, -0.707, -0.707]
    # Branches: (1, 0) → (1, −1); (0, INFRA) → a group of one: 0, left out; two empty slots; (1, 0) → (1, −1).
    assert advantages(result, Region.SOLVER) == [1.0, -1.0, 0.0, None, None, None, 1.0, -1.0]
    assert result.metrics["skipped"] == {"planner/infra": 2, "solver/infra": 2, "solver/no_branch": 4}
    assert result.metrics["parse_rate"] == 0.75
    assert result.metrics["gate_rate"] == 0.5
    assert result.metrics["r_plan"] == 0.25
    assert result.metrics["faults"] == {"duplicate": 2}


def test_without_the_gate_the_fourth_tuple_earns_too() -> None:
    result = SplitRegionRollout(JointSettings(tuples=4, plan_reward="ungated"), 2, Gate())(PROBLEMS, workbench(), (0,))
    # rewards 1, (left out), 0, 1: mean 2/3, std √2/3
    assert advantages(result, Region.PLANNER) == [0.707, None, -1.414, 0.707]


@pytest.mark.parametrize(
    ("credited", "plans", "programs"),
    [
        ("planner", [1.414, None, -0.707, -0.707], [0.0, 0.0, 0.0, None, None, None, 0.0, 0.0]),
        ("solver", [0.0, None, 0.0, 0.0], [1.0, -1.0, 0.0, None, None, None, 1.0, -1.0]),
    ],
)
def test_one_region_may_be_left_without_credit(credited: str, plans: list[Any], programs: list[Any]) -> None:
    settings = JointSettings(tuples=4, credited=credited)  # type: ignore[arg-type]
    result = SplitRegionRollout(settings, 2, Gate())(PROBLEMS, workbench(), (0,))
    assert advantages(result, Region.PLANNER) == plans
    assert advantages(result, Region.SOLVER) == programs  # still in the loss: the KL holds them


def test_warmup_earns_by_the_gate_alone_and_writes_no_program() -> None:
    bench = workbench()
    result = PlannerRollout(WarmupSettings(tuples=4), 2, Gate())(PROBLEMS, bench, (0,))
    # J = 1, 1, 0, 0
    assert advantages(result, Region.PLANNER) == [1.0, 1.0, -1.0, -1.0]
    assert advantages(result, Region.SOLVER) == []
    assert len(bench.engine.requests) == 8  # type: ignore[attr-defined]


@pytest.mark.parametrize(("rule", "scale"), [("dr_grpo", 1.0), ("pkpo_s", 4.0)])
def test_baselines_take_the_rule_in_the_loss_convention(rule: str, scale: float) -> None:
    from cppo.credit import RULES

    settings = BaselineSettings(rule=rule, programs=4, k=2)
    result = DirectRollout(settings, "x")(PROBLEMS, workbench(), (0,))
    episode = result.episodes[0]
    rewards = np.array([float(b.passed) for b in episode.branches])
    assert advantages(result, Region.SOLVER) == [round(float(a) * scale, 3) for a in RULES[rule](rewards, 2)]


def test_a_cut_plan_and_a_long_sequence_are_left_out_and_counted() -> None:
    settings: dict[str, Any] = {"tuples": 4, "plan_tokens": 5}
    result = PlannerRollout(WarmupSettings(**settings), 2, Gate())(PROBLEMS, workbench(), (0,))
    assert result.metrics["skipped"] == {"planner/truncated": 8}
    assert result.metrics["faults"] == {"truncated": 8}
    settings = {"tuples": 4, "max_sequence_tokens": 8}
    result = PlannerRollout(WarmupSettings(**settings), 2, Gate())(PROBLEMS, workbench(), (0,))
    assert result.metrics["skipped"] == {"planner/too_long": 8}


def test_pass_at_k_of_what_was_sampled() -> None:
    # 1 of 4 passes: 1/2. 1 of the 3 that were judged: 2/3. One judged program says nothing about two.
    rewards = np.array([[1, 0, 0, 0], [1, 1, 0, 0], [1, 1, 1, 1]], dtype=float)
    judged = np.array([[1, 1, 1, 1], [0, 1, 1, 1], [1, 0, 0, 0]], dtype=bool)
    assert sampled_pass_at_k(rewards, judged, 2) == {"pass_at_2": pytest.approx((1 / 2 + 2 / 3) / 2)}
    assert sampled_pass_at_k(rewards[2:], judged[2:], 2) == {}
