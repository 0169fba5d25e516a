"""The episode: one plan, its programs and their verdicts, as one JSON line.

This record is the single source of resume, replay, statistics, the reward-density audit, hard-negative mining and the
report. A call that failed is recorded with its boundary, plan or program, and never cancels its siblings.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import NoneType
from typing import Any

from cppo.episodes.calls import Call, call_from_row, call_to_row
from cppo.errors import DataError
from cppo.files import read_jsonl
from cppo.policy.engine import Completion
from cppo.verifier.verdict import Verdict


@dataclass(frozen=True)
class Branch:
    """One program: the method it was asked to follow (None in mode DIRECT), its source and its verdict.

    `stop` and `tokens` are those of its completion: `error` where the engine failed, and there is no program. `label`
    names the known strategy that method or program is, where a testbed knows; `detail` is the verifier's short excerpt,
    or what the engine said when it failed. `completion` (token ids) lives in memory only.
    """

    method: str | None
    program: str
    verdict: Verdict
    stop: str = ""
    tokens: int = 0
    detail: str = ""
    label: str | None = None
    completion: Completion | None = field(default=None, repr=False, compare=False)

    @property
    def passed(self) -> bool:
        """V(x, y) = 1."""
        return self.verdict is Verdict.AC


@dataclass(frozen=True)
class Episode:
    """One attempt at a problem: a plan (None in mode DIRECT) and its branches.

    `arm` names what produced it, `index` is the tuple's number within its problem. `fault` says why a plan is not a
    tuple (`truncated` when the token limit cut it, `error` when the engine failed); such an episode has no branches,
    but one of PlanSearch has (`evaluation/methods/plansearch.py` names its faults). `gate_score` is p_ψ(Pass), `gate`
    J_ψ; `valid` is the testbed's own judgement of the plan. `detail` is what the engine said when the first call that
    prepares programs failed.

    `calls` are all calls to the model, stage by stage. `plan_tokens` sums the completion tokens of all but the
    solver's; the solver's are in the order of the branches. An old record has no calls.
    """

    arm: str
    problem_id: str
    index: int
    branches: tuple[Branch, ...] = ()
    plan: str | None = None
    methods: tuple[str, ...] = ()
    fault: str | None = None
    plan_stop: str = ""
    plan_tokens: int = 0
    gate_score: float | None = None
    gate: bool | None = None
    valid: bool | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)
    calls: tuple[Call, ...] = ()
    detail: str = ""
    completion: Completion | None = field(default=None, repr=False, compare=False)

    @property
    def passed(self) -> bool:
        """R_out = max_i V(x, y_i)."""
        return any(branch.passed for branch in self.branches)


def to_row(episode: Episode) -> dict[str, Any]:
    """Return the JSON form of an episode (everything but the token ids)."""
    row = {f.name: getattr(episode, f.name) for f in dataclasses.fields(episode) if f.name != "completion"}
    row["metadata"] = dict(episode.metadata)
    row["calls"] = [call_to_row(call) for call in episode.calls]
    row["branches"] = [
        {f.name: getattr(branch, f.name) for f in dataclasses.fields(branch) if f.name != "completion"}
        for branch in episode.branches
    ]
    return row


def from_row(row: Any, origin: str = "episode") -> Episode:
    """Rebuild an episode from its JSON form. Raises `DataError` that names `origin` and the trouble."""
    try:
        _check_types(row, _EPISODE)
        for branch in row["branches"]:
            _check_types(branch, _BRANCH)
        branches = tuple(Branch(**{**branch, "verdict": Verdict(branch["verdict"])}) for branch in row["branches"])
        calls = tuple(map(call_from_row, row.get("calls", ())))
        return Episode(**{**row, "branches": branches, "methods": tuple(row["methods"]), "calls": calls})
    except (TypeError, KeyError, ValueError) as error:
        raise DataError(f"{origin}: not an episode record: {error}") from error


_TEXT, _MAYBE_TEXT, _MAYBE_TRUTH = (str,), (str, NoneType), (bool, NoneType)
_EPISODE: Mapping[str, tuple[type, ...]] = {
    "arm": _TEXT, "problem_id": _TEXT, "index": (int,), "methods": (list,), "branches": (list,), "metadata": (dict,),
    "plan": _MAYBE_TEXT, "fault": _MAYBE_TEXT, "plan_stop": _TEXT, "plan_tokens": (int,), "detail": _TEXT,
    "gate_score": (float, int, NoneType), "gate": _MAYBE_TRUTH, "valid": _MAYBE_TRUTH, "calls": (list,),
}  # fmt: skip
_BRANCH: Mapping[str, tuple[type, ...]] = {
    "method": _MAYBE_TEXT, "program": _TEXT, "verdict": _TEXT, "stop": _TEXT, "tokens": (int,), "detail": _TEXT,
    "label": _MAYBE_TEXT,
}  # fmt: skip


def _check_types(row: Any, kinds: Mapping[str, tuple[type, ...]]) -> None:
    """Raise `TypeError` for a value of another type: it would pass here and end in an odd error further on."""
    if not isinstance(row, dict):
        raise TypeError(f"{row!r} is no table")
    for key, value in row.items():
        if key in kinds and type(value) not in kinds[key]:
            raise TypeError(f"{key} is {value!r}; it must be {' or '.join(kind.__name__ for kind in kinds[key])}")
    if not all(isinstance(method, str) for method in row.get("methods", ())):
        raise TypeError(f"methods is {row['methods']!r}; each must be text")


def read_episodes(path: Path | str) -> Iterator[Episode]:
    """Yield the episodes of a JSONL file, in order."""
    for number, row in read_jsonl(path):
        yield from_row(row, f"{path}, line {number}")


def by_problem(episodes: Iterable[Episode]) -> dict[str, list[Episode]]:
    """Group episodes by problem, keeping their order."""
    groups: dict[str, list[Episode]] = {}
    for episode in episodes:
        groups.setdefault(episode.problem_id, []).append(episode)
    return groups
