"""The three rollouts of the reinforcement-learning loop: plans alone, plans and programs, programs alone.

Each turns problems into a `RolloutResult`: how many sequences a problem fills, their credit, and the step's figures.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from cppo.credit import infra_masks, plan_rewards, sample_advantages, split_region
from cppo.episodes import Episode, Sampling, Workbench, collect_direct, collect_plans, solve_plans
from cppo.measures import coordination_gain, effective_strategies, pass_at_k
from cppo.problems import Problem
from cppo.text import format_plan
from cppo.training.sequences import Region, RolloutResult, TrainingSequence, make_sequence, skip_counts
from cppo.training.settings import BaselineSettings, JointSettings, RLSettings, WarmupSettings
from cppo.verifier import Verdict


class Gate(Protocol):
    """Scores plans: p_ψ(Pass) for `(statement, plan)` pairs, and the threshold."""

    tau: float

    def scores(self, items: Sequence[tuple[str, str]]) -> np.ndarray: ...


class Rollout(Protocol):
    """What the loop needs of a rollout."""

    sequences_per_problem: int

    def __call__(self, problems: Sequence[Problem], bench: Workbench, seed: tuple[object, ...]) -> RolloutResult: ...


def sampling_of(settings: RLSettings, k: int) -> Sampling:
    """Return the sampling part of a stage's settings."""
    return Sampling(
        k,
        settings.plan_temperature,
        settings.solve_temperature,
        settings.plan_tokens,
        settings.program_tokens,
        settings.plan_min_p,
        settings.solve_min_p,
    )


def gate_plans(
    problems: Sequence[Problem], groups: Sequence[Sequence[Episode]], gate: Gate | None, bench: Workbench
) -> list[list[Episode]]:
    """Fill in p_ψ and J. A plan that is not a tuple has J = 0 and no score; without a gate every tuple has J = 1."""
    slots = [(p, m) for p, group in enumerate(groups) for m, episode in enumerate(group) if episode.methods]
    bench.clock("judge")
    items = [(problems[p].task, format_plan(groups[p][m].methods)) for p, m in slots]
    scores = gate.scores(items) if gate is not None and items else np.ones(len(slots))
    bench.clock("")
    result = [[replace(episode, gate=False) for episode in group] for group in groups]
    for (p, m), score in zip(slots, scores, strict=True):
        passed = gate is None or bool(score >= gate.tau)
        result[p][m] = replace(result[p][m], gate=passed, gate_score=None if gate is None else float(score))
    return result


@dataclass(frozen=True)
class PlannerRollout:
    """Warm-up: M plans a problem, R_warm = J, standardised over the problem's tuples."""

    settings: WarmupSettings
    k: int
    gate: Gate | None

    @property
    def sequences_per_problem(self) -> int:
        return self.settings.tuples

    def __call__(self, problems: Sequence[Problem], bench: Workbench, seed: tuple[object, ...]) -> RolloutResult:
        groups = collect_plans(
            problems, self.settings.tuples, bench, sampling_of(self.settings, self.k), "warmup", seed
        )
        groups = gate_plans(problems, groups, self.gate, bench)
        gates = np.array([[float(e.gate or False) for e in group] for group in groups])
        nothing = np.zeros((*gates.shape, 1))
        advantages, _ = split_region(gates, nothing)
        sequences = [
            make_sequence(Region.PLANNER, e.completion, advantages[p, m], self.settings.max_sequence_tokens)
            for p, group in enumerate(groups)
            for m, e in enumerate(group)
        ]
        episodes = [episode for group in groups for episode in group]
        metrics = {**plan_metrics(groups), "informative": varying(gates), "skipped": skip_counts(sequences)}
        return RolloutResult(sequences, episodes, metrics)


@dataclass(frozen=True)
class SplitRegionRollout:
    """Joint CPPO: M plans and M·K programs a problem; R_plan over tuples, V within a tuple."""

    settings: JointSettings
    k: int
    gate: Gate | None
    arm: str = "cppo"

    @property
    def sequences_per_problem(self) -> int:
        return self.settings.tuples * (1 + self.k)

    def __call__(self, problems: Sequence[Problem], bench: Workbench, seed: tuple[object, ...]) -> RolloutResult:
        sampling = sampling_of(self.settings, self.k)
        groups = collect_plans(problems, self.settings.tuples, bench, sampling, self.arm, seed)
        groups = gate_plans(problems, groups, self.gate, bench)
        groups = solve_plans(problems, groups, bench, sampling, seed)
        facts = reward_arrays(groups, self.k)
        rewards = plan_rewards(
            facts.gate_PM, facts.rewards_PMK, facts.has_branches_PM, self.settings.plan_reward, ~facts.infra_PMK
        )
        masks = infra_masks(facts.rewards_PMK, facts.infra_PMK, facts.has_branches_PM)
        plans, solvers = split_region(
            rewards, facts.rewards_PMK, masks.branch_PMK, masks.tuple_PM, self.settings.solver_rule
        )
        plans = plans * (self.settings.credited != "solver")
        solvers = solvers * (self.settings.credited != "planner")
        sequences: list[TrainingSequence] = []
        for p, group in enumerate(groups):
            sequences += self._problem_sequences(group, plans[p], solvers[p], masks.tuple_PM[p])
        episodes = [episode for group in groups for episode in group]
        metrics = {
            **plan_metrics(groups),
            **program_metrics(groups, self.k),
            "r_plan": float(rewards.mean()),
            "informative": varying(rewards, masks.tuple_PM),
            "skipped": skip_counts(sequences),
        }
        return RolloutResult(sequences, episodes, metrics)

    def _problem_sequences(
        self, group: Sequence[Episode], plans_M: np.ndarray, solvers_MK: np.ndarray, tuples_M: np.ndarray
    ) -> list[TrainingSequence]:
        """Return the M plans, then the M·K programs of one problem; tuples without branches leave empty slots."""
        limit = self.settings.max_sequence_tokens
        sequences = [
            make_sequence(Region.PLANNER, e.completion, plans_M[m], limit, "" if tuples_M[m] else "infra")
            for m, e in enumerate(group)
        ]
        for m, episode in enumerate(group):
            for i in range(self.k):
                branch = episode.branches[i] if i < len(episode.branches) else None
                skip = "infra" if branch is not None and branch.verdict is Verdict.INFRA else ""
                completion = branch.completion if branch is not None else None
                sequences.append(make_sequence(Region.SOLVER, completion, solvers_MK[m, i], limit, skip))
        return sequences


@dataclass(frozen=True)
class DirectRollout:
    """Baselines: n programs a problem without a plan, credited by one rule of the registry."""

    settings: BaselineSettings
    arm: str

    @property
    def sequences_per_problem(self) -> int:
        return self.settings.programs

    def __call__(self, problems: Sequence[Problem], bench: Workbench, seed: tuple[object, ...]) -> RolloutResult:
        n = self.settings.programs
        episodes = collect_direct(problems, n, bench, sampling_of(self.settings, 1), self.arm, seed)
        rewards = np.array([[float(b.passed) for b in e.branches] for e in episodes])
        infra = np.array([[b.verdict is Verdict.INFRA for b in e.branches] for e in episodes])
        judged = rewards[~infra]
        advantages = sample_advantages(self.settings.rule, rewards, self.settings.k, ~infra)
        sequences = [
            make_sequence(
                Region.SOLVER,
                branch.completion,
                advantages[p, i],
                self.settings.max_sequence_tokens,
                "infra" if infra[p, i] else "",
            )
            for p, episode in enumerate(episodes)
            for i, branch in enumerate(episode.branches)
        ]
        metrics = {
            "v": float(judged.mean()) if judged.size else 0.0,
            "solved": float(rewards.max(axis=1).mean()),
            **sampled_pass_at_k(rewards, ~infra, self.settings.k),
            "informative": varying(rewards, ~infra),
            "verdicts": dict(Counter(b.verdict.value for e in episodes for b in e.branches)),
            "program_tokens": sum(b.tokens for e in episodes for b in e.branches),
            "skipped": skip_counts(sequences),
        }
        return RolloutResult(sequences, episodes, metrics)


@dataclass(frozen=True)
class RewardArrays:
    """The rewards of a step. Axes: P problems, M tuples, K branches; absent branches are 0."""

    gate_PM: np.ndarray
    rewards_PMK: np.ndarray
    infra_PMK: np.ndarray
    has_branches_PM: np.ndarray


def sampled_pass_at_k(rewards_PN: np.ndarray, judged_PN: np.ndarray, k: int) -> dict[str, float]:
    """Return {"pass_at_k": the mean of the unbiased pass@k} over problems with at least k judged programs, if any.

    R_out of a tuple is the same figure for a planned policy, so the two can share an axis.
    """
    n, c = judged_PN.sum(axis=1), (rewards_PN * judged_PN).sum(axis=1)
    enough = n >= k
    return {f"pass_at_{k}": float(pass_at_k(n[enough], c[enough], k).mean())} if enough.any() else {}


def reward_arrays(groups: Sequence[Sequence[Episode]], k: int) -> RewardArrays:
    """Lay the episodes of a step out as arrays."""
    shape = (len(groups), len(groups[0]))
    arrays = RewardArrays(np.zeros(shape), np.zeros((*shape, k)), np.zeros((*shape, k), bool), np.zeros(shape, bool))
    for p, group in enumerate(groups):
        for m, episode in enumerate(group):
            arrays.gate_PM[p, m] = bool(episode.gate)
            arrays.has_branches_PM[p, m] = bool(episode.branches)
            for i, branch in enumerate(episode.branches):
                arrays.rewards_PMK[p, m, i] = branch.passed
                arrays.infra_PMK[p, m, i] = branch.verdict is Verdict.INFRA
    return arrays


def varying(rewards_PM: np.ndarray, mask_PM: np.ndarray | None = None) -> float:
    """Return the share of groups whose rewards are not all equal: the only ones that carry signal."""
    part = np.ones(rewards_PM.shape, bool) if mask_PM is None else mask_PM
    low = np.where(part, rewards_PM, np.inf).min(axis=1)
    high = np.where(part, rewards_PM, -np.inf).max(axis=1)
    return float((high > low).mean())


def plan_metrics(groups: Sequence[Sequence[Episode]]) -> dict[str, object]:
    """Return parse rate, J rate, true validity (testbed), distinct methods and the mix of faults."""
    episodes = [episode for group in groups for episode in group]
    parsed = [e for e in episodes if e.methods]
    labels = [Counter(b.label or f"? {b.method}" for b in e.branches) for e in episodes if e.branches]
    labelled = any(b.label for e in episodes for b in e.branches)
    known = [e.valid for e in episodes if e.valid is not None]
    return {
        "parse_rate": len(parsed) / len(episodes),
        "gate_rate": sum(bool(e.gate) for e in episodes) / len(episodes),
        "true_validity": float(np.mean(known)) if known else None,
        "effective_strategies": float(np.mean([effective_strategies(c.values()) for c in labels]))
        if labelled
        else None,
        "faults": dict(Counter(e.fault for e in episodes if e.fault)),
        "plan_tokens": sum(e.plan_tokens for e in episodes),
    }


def program_metrics(groups: Sequence[Sequence[Episode]], k: int) -> dict[str, object]:
    """Return R_out, mean V, coordination gain, the mix of verdicts and the tokens of the programs."""
    episodes = [episode for group in groups for episode in group]
    branches = [branch for episode in episodes for branch in episode.branches]
    passed = reward_arrays(groups, k).rewards_PMK
    gain = float(np.mean([coordination_gain(rows).gain for rows in passed])) if passed.shape[1] >= k else None
    return {
        "r_out": float(np.mean([e.passed for e in episodes])),
        "v": float(np.mean([b.passed for b in branches])) if branches else 0.0,
        "distinct_methods": distinct_methods(episodes, k),
        "coordination_gain": gain,
        "verdicts": dict(Counter(b.verdict.value for b in branches)),
        "program_tokens": sum(b.tokens for b in branches),
    }


def distinct_methods(episodes: Sequence[Episode], k: int) -> float | None:
    """Return the mean number of different known strategies a tuple names, over K (testbed); None without labels."""
    counts = [len({b.label for b in e.branches if b.label}) / k for e in episodes if e.branches]
    return float(np.mean(counts)) if any(counts) else None
