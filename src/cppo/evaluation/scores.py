"""From episodes to figures: pass@k by arm with intervals, costs, diversity, and paired comparisons."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np

from cppo.episodes import Episode, by_problem
from cppo.errors import DataError
from cppo.measures import (
    compare,
    coordination_gain,
    duplicate_rate,
    effective_strategies,
    first_slot,
    holm,
    one_seed_interval,
    pass_at_k,
    tuple_pass_at_k,
)

Scores = dict[int, np.ndarray]
"""k → pass@k of every problem, [P], in the order of the problem list."""


def passed_matrix(episodes: Sequence[Episode], k: int) -> np.ndarray:
    """Return which branches passed, [T, K]; a tuple that did not parse is a row of failures."""
    passed = np.zeros((len(episodes), k))
    for t, episode in enumerate(episodes):
        for i, branch in enumerate(episode.branches):
            passed[t, i] = branch.passed
    return passed


def problem_scores(
    episodes: Sequence[Episode], problem_ids: Sequence[str], ks: Sequence[int], k: int, attempts: int, independent: bool
) -> Scores:
    """Return pass@k of every problem for one arm.

    Independent attempts use the unbiased estimator over all of them, those without a program included; tuples use the
    tuple estimator (arXiv 2605.27000 reports their own K). Raises `DataError` when a problem lacks attempts.
    """
    groups = by_problem(episodes)
    scores: dict[int, list[float]] = {at: [] for at in ks}
    for problem_id in problem_ids:
        mine = groups.get(problem_id, [])
        spent = sum(max(1, len(episode.branches)) for episode in mine) if independent else len(mine) * k
        if spent != attempts:
            raise DataError(f"problem {problem_id!r} has {spent} attempts; exactly {attempts} are needed for every arm")
        for at in ks:
            if independent:
                correct = sum(branch.passed for episode in mine for branch in episode.branches)
                scores[at].append(float(pass_at_k(attempts, correct, at)))
            else:
                scores[at].append(float(tuple_pass_at_k(passed_matrix(mine, k), at)))
    return {at: np.array(values) for at, values in scores.items()}


def arm_summary(
    episodes: Sequence[Episode], scores: Scores, k: int, independent: bool, confidence: float, seed: int
) -> dict[str, Any]:
    """Return the figures of one arm: pass@k with intervals over problems, then those of `arm_facts`."""
    return {
        "pass_at": {str(at): _interval(values, confidence, seed) for at, values in scores.items()},
        **arm_facts(episodes, k, independent),
    }


def arm_facts(episodes: Sequence[Episode], k: int, independent: bool) -> dict[str, Any]:
    """Return what is counted from the episodes of one arm: verdicts, faults of plans, tokens, diversity and, for
    tuples, parse rate, first slot and coordination gain (None or absent where it cannot be known)."""
    branches = [branch for episode in episodes for branch in episode.branches]
    groups = by_problem(episodes)
    sets = [labels for mine in groups.values() for labels in label_sets(mine, k, independent)]
    summary: dict[str, Any] = {
        "attempts": sum(1 for _ in branches),
        "verdicts": dict(sorted(Counter(b.verdict.value for b in branches).items())),
        "faults": dict(sorted(Counter(e.fault for e in episodes if e.fault).items())),
        "tokens": {"planner": sum(e.plan_tokens for e in episodes), "solver": sum(b.tokens for b in branches)},
        "effective_strategies": float(np.mean([effective_strategies(Counter(s).values()) for s in sets]))
        if sets
        else None,
        "duplicate_rate": float(np.mean([duplicate_rate(s) for s in sets])) if sets else None,
    }
    if not independent:
        matrices = [passed_matrix(mine, k) for mine in groups.values()]
        summary["first_slot"] = float(np.mean([first_slot(m) for m in matrices]))
        summary["parse_rate"] = float(np.mean([bool(e.methods) for e in episodes]))
        if all(len(m) >= k for m in matrices):
            summary["coordination_gain"] = float(np.mean([coordination_gain(m).gain for m in matrices]))
    known = [e.valid for e in episodes if e.valid is not None]
    if known:
        summary["true_validity"] = float(np.mean(known))
    return summary


def problem_gains(episodes: Sequence[Episode], problem_ids: Sequence[str], k: int) -> np.ndarray | None:
    """Return the coordination gain of every problem for an arm of tuples, [P]; None where one has fewer than K."""
    groups = by_problem(episodes)
    matrices = [passed_matrix(groups.get(problem_id, []), k) for problem_id in problem_ids]
    if any(len(matrix) < k for matrix in matrices):
        return None
    return np.array([float(coordination_gain(matrix).gain) for matrix in matrices])


def comparisons(
    scores: Mapping[str, Sequence[Scores]],
    subject: str,
    at: int,
    resamples: int,
    confidence: float,
    seed: int,
    *,
    joint_seeds: Collection[str] = (),
) -> list[dict[str, Any]]:
    """Compare `subject` with every other arm at pass@`at`: hierarchical paired bootstrap, sign-flip test, Holm.

    `scores` holds one `Scores` a training seed for every arm; `joint_seeds`: arms that share a seed's start with the
    subject, with which its seeds are drawn jointly.
    """
    others = [name for name in scores if name != subject]
    if subject not in scores or not others:
        return []
    rows: list[dict[str, Any]] = []
    for name in others:
        result = compare(
            np.stack([s[at] for s in scores[subject]]),
            np.stack([s[at] for s in scores[name]]),
            joint_seeds=name in joint_seeds,
            resamples=resamples,
            confidence=confidence,
            seed=seed,
        )
        rows.append(
            {
                "subject": subject,
                "other": name,
                "k": at,
                "difference": result.difference,
                "low": result.low,
                "high": result.high,
                "p_value": result.p_value,
                "permutation_p": result.permutation_p,
                "seed_p": result.seed_p,
                "problems": result.problems,
                "seeds": result.seeds_a,
                "warnings": list(result.warnings),
            }
        )
    adjusted = holm([row["p_value"] for row in rows])
    for row, p, rejected in zip(rows, adjusted.adjusted, adjusted.rejected, strict=True):
        row["holm_p"], row["significant"] = float(p), bool(rejected)
    return rows


def _interval(values: np.ndarray, confidence: float, seed: int) -> dict[str, float]:
    interval = one_seed_interval(values, confidence=confidence, seed=seed)
    return {"mean": float(values.mean()), "low": float(interval.low), "high": float(interval.high)}


def label_sets(episodes: Sequence[Episode], k: int, independent: bool) -> list[list[str]]:
    """Return one problem's attempts as sets of K strategy labels, over which diversity is measured.

    A tuple is a set; independent attempts are taken K at a time. What is not a known strategy is a category of its own,
    by its text. Tuples that did not parse are no set. Empty when nothing is labelled (no testbed).
    """
    sets = [[b.label or f"? {b.method or b.program}" for b in e.branches] for e in episodes if e.branches]
    if not any(branch.label for episode in episodes for branch in episode.branches):
        return []
    if independent:
        flat = [label for labels in sets for label in labels]
        sets = [flat[i : i + k] for i in range(0, len(flat) - k + 1, k)]
    return sets
