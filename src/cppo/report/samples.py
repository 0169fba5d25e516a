"""The attempts that the page carries: the same problems for every arm, chosen without a look at any outcome."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from markupsafe import escape

from cppo.config import build
from cppo.episodes import Episode, by_problem
from cppo.errors import CppoError
from cppo.problems.jsonl import read_problems
from cppo.problems.pools import ProblemsSettings, load_pools
from cppo.report.facts import verdict_name
from cppo.report.inputs import Arm, RunData

PROBLEMS = 40
"""Problems in the sample: as many entries an arm."""
TEXT_LIMIT = 6_000
"""Characters of a statement or program that are shown."""
TOTAL_LIMIT = 10_000_000
"""Bytes of all texts of the sample as they stand in the page, escaped; its markup adds less than one more million."""


@dataclass(frozen=True)
class Attempt:
    """One program: slot, method (None in mode DIRECT), verdict."""

    slot: str
    method: str | None
    label: str | None
    program: str
    verdict: str
    verdict_name: str
    passed: bool
    detail: str


@dataclass(frozen=True)
class Entry:
    """The first K attempts of one arm at one problem. `faults` are plans that did not parse: reason and text."""

    arm: Arm
    problem_id: str
    family: str
    trait: str
    statement: str
    attempts: tuple[Attempt, ...]
    faults: tuple[tuple[str, str], ...]
    gate: str

    @property
    def passed(self) -> bool:
        """Whether any of the attempts passed every test."""
        return any(attempt.passed for attempt in self.attempts)

    @property
    def size(self) -> int:
        """Bytes that the entry's texts take in the page, escaped."""
        texts = [self.statement, *(text for _, text in self.faults)]
        texts += [a.program + a.detail + (a.method or "") for a in self.attempts]
        return sum(len(escape(text).encode()) for text in texts)


def sample_entries(data: RunData, problems: int = PROBLEMS, total_limit: int = TOTAL_LIMIT) -> list[Entry]:
    """Return the entries of all arms, arm by arm, for up to `problems` problems spread evenly over traits.

    The choice depends on problem ids alone. Problems are dropped from the end of the choice when their text would pass
    `total_limit`, for every arm alike.
    """
    groups = {arm.name: by_problem(data.episodes[arm.name]) for arm in data.results.arms}
    ids = choose_problems([e for mine in data.episodes.values() for e in mine], problems)
    texts = statements(data.config)
    chosen: list[list[Entry]] = []
    size = 0
    for problem_id in ids:
        entries = [
            _entry(arm, groups[arm.name][problem_id], data.results.k, texts.get(problem_id, ""))
            for arm in data.results.arms
            if problem_id in groups[arm.name]
        ]
        size += sum(entry.size for entry in entries)
        if size > total_limit:
            break
        chosen.append(entries)
    order = {arm.name: i for i, arm in enumerate(data.results.arms)}
    return sorted((entry for entries in chosen for entry in entries), key=lambda entry: order[entry.arm.name])


def choose_problems(episodes: Sequence[Episode], count: int) -> list[str]:
    """Return up to `count` problem ids, taken in turn from each (family, trait), in the order of a hash of the id."""
    pools: dict[tuple[str, str], set[str]] = defaultdict(set)
    for episode in episodes:
        pools[_kind(episode.metadata)].add(episode.problem_id)
    queues = [sorted(ids, key=lambda i: hashlib.sha256(i.encode()).digest()) for _, ids in sorted(pools.items())]
    rounds = max((len(queue) for queue in queues), default=0)
    turns = [queue[i] for i in range(rounds) for queue in queues if i < len(queue)]
    return list(dict.fromkeys(turns))[:count]


def statements(config: Mapping[str, Any]) -> dict[str, str]:
    """Return the statements of the test problems by id, from the run's own settings; {} when they cannot be had."""
    section = config.get("problems")
    if not isinstance(section, Mapping):
        return {}
    try:
        settings = build(ProblemsSettings, section, "config.json: problems")
        if settings.source == "files":
            test = list(read_problems(Path(settings.test))) if settings.test else []
        else:
            only_test = settings.model_copy(update={"train_count": None, "validation_count": None})
            test = list(load_pools(only_test, 0).test)
    except (CppoError, OSError):
        return {}  # a page without statements is better than none: the file may live on another machine
    return {problem.id: problem.statement for problem in test}


def clip(text: str, limit: int = TEXT_LIMIT) -> str:
    """Return the text, cut at `limit` characters with a line that says how many are left out."""
    return text if len(text) <= limit else f"{text[:limit]}\n… ({len(text) - limit} more characters)"


def _entry(arm: Arm, episodes: Sequence[Episode], k: int, statement: str) -> Entry:
    attempts: list[Attempt] = []
    faults: list[tuple[str, str]] = []
    spent = 0
    for episode in episodes:
        if spent >= k:
            break
        if not episode.branches:
            faults.append((episode.fault or "no program", clip(episode.plan or "")))
            spent += k if arm.method == "tuple" else 1
        for branch in episode.branches[: max(0, k - spent)]:
            spent += 1
            slot = chr(ord("A") + spent - 1) if arm.method == "tuple" else str(spent)
            verdict = branch.verdict.value
            attempts.append(
                Attempt(
                    slot,
                    branch.method,
                    branch.label,
                    clip(branch.program),
                    verdict,
                    verdict_name(verdict),
                    branch.passed,
                    branch.detail,
                )
            )
    family, trait = _kind(episodes[0].metadata)
    gate = "" if episodes[0].gate_score is None else f"{episodes[0].gate_score:.2f}"
    return Entry(arm, episodes[0].problem_id, family, trait, clip(statement), tuple(attempts), tuple(faults), gate)


def _kind(metadata: Mapping[str, Any]) -> tuple[str, str]:
    return str(metadata.get("family", "")), str(metadata.get("trait", ""))
