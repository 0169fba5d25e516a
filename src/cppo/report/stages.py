"""Figures of the stages: the gates of the validity model, the audit, and where the time went."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cppo.report.formats import is_number, number, share
from cppo.report.inputs import Row, RunData

STAGE_TITLES = {
    "prepare": "Preparation",
    "sft": "Planner SFT",
    "validity": "Plan-validity model",
    "warmup": "Planner warm-up",
    "audit": "Reward-density audit",
    "joint": "Joint CPPO",
    "evaluate": "Evaluation",
}

AUDIT_FIGURES = (
    ("nonzero_tuples", "Tuples with R_plan = 1", "go_nonzero_tuples", "at least"),
    ("p_lower_bound", "Lower 95 % bound of that share", "", ""),
    ("problems_with_reward", "Problems with a rewarded tuple", "go_problems_with_reward", "at least"),
    ("problems_that_vary", "Problems whose rewards vary", "go_problems_that_vary", "at least"),
    ("all_zero_groups", "Groups without any reward", "stop_all_zero_groups_above", "at most"),
    ("informative", "Informative groups", "", ""),
    ("expected_informative", "Informative groups expected from the share of rewarded tuples", "", ""),
    ("gate_rate", "J rate", "go_gate_rate_above", "above"),
    ("parse_rate", "Plans that parse", "go_parse_rate", "at least"),
)


@dataclass(frozen=True)
class Gate:
    """One figure against what it needs; `passed` None: there is no threshold."""

    name: str
    value: str
    needs: str
    passed: bool | None
    beside: str = ""


def stage_title(data: RunData, name: str) -> str:
    """Return a stage's name for people; a baseline's is the title of the arm it trained."""
    if name in STAGE_TITLES:
        return STAGE_TITLES[name]
    return next((arm.title for arm in data.results.arms if arm.stage == name), name)


def missing_stages(data: RunData) -> list[str]:
    """Return the stages of the method, and those that arms rest on, that left neither a summary nor a metric."""
    wanted = ["sft", "validity", "warmup", "audit", "joint", *(arm.stage for arm in data.results.arms)]
    return [name for name in dict.fromkeys(wanted) if name not in data.stages and name not in data.metrics]


def validity_gates(data: RunData) -> tuple[list[Gate], list[Gate]]:
    """Return the validity model's held-out gates, and the share rejected of every kind of corruption."""
    facts, settings = data.stages.get("validity", {}), _section(data.config, "validity")
    names = {"auc": "AUC", "balanced_accuracy": "Balanced accuracy", "precision": "Precision", "recall": "Recall"}
    gates = [
        _gate(title, facts[key], settings.get(f"min_{key}"), number) for key, title in names.items() if key in facts
    ]
    whole = _section(facts, "rejection_whole")
    rejection = [
        _gate(kind.replace("_", " "), value, settings.get("min_rejection"), share, share(whole.get(kind)))
        for kind, value in _section(facts, "rejection").items()
    ]
    return gates, rejection


def audit_gates(data: RunData) -> list[Gate]:
    """Return the audit's figures beside the thresholds the run was made with."""
    facts = data.stages.get("audit", {})
    limits = _section(_section(data.config, "audit"), "thresholds")
    gates = []
    for key, title, threshold, word in AUDIT_FIGURES:
        if key not in facts:
            continue
        value, least = facts[key], limits.get(threshold)
        if not is_number(least) or not is_number(value):
            gates.append(Gate(title, share(value), "", None))
            continue
        passed = {"at least": value >= least, "at most": value <= least, "above": value > least}[word]
        needs = f"{word} {share(least)}"
        most = limits.get("go_gate_rate_below")
        if key == "gate_rate" and is_number(most):
            passed, needs = passed and value < most, f"{needs}, below {share(most)}"
        gates.append(Gate(title, share(value), needs, bool(passed)))
    return gates


def phase_seconds(rows: Sequence[Row]) -> dict[str, float]:
    """Return the seconds of a stage by phase, summed over its rollouts."""
    total: dict[str, float] = {}
    for row in rows:
        for phase, seconds in _section(row, "seconds").items():
            if is_number(seconds):
                total[phase] = total.get(phase, 0.0) + seconds
    return total


def skipped_sequences(rows: Sequence[Row]) -> dict[str, int]:
    """Return how many sequences a stage left out of its loss, by reason."""
    total: dict[str, int] = {}
    for row in rows:
        for reason, times in _section(row, "skipped").items():
            total[reason] = total.get(reason, 0) + times
    return dict(sorted(total.items()))


def _gate(name: str, value: Any, least: Any, written: Any, beside: str = "") -> Gate:
    if not is_number(least):
        return Gate(name, written(value), "", None, beside)
    return Gate(name, written(value), f"at least {written(least)}", is_number(value) and value >= least, beside)


def _section(data: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = data.get(key)
    return value if isinstance(value, Mapping) else {}
