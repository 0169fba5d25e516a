"""What a rollout hands to the update: sequences with their credit, in equal numbers for every problem."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from cppo.episodes import Episode
from cppo.policy.engine import Completion


class Region(StrEnum):
    """Which part of the policy's output a sequence is."""

    PLANNER = "planner"
    SOLVER = "solver"


@dataclass(frozen=True)
class TrainingSequence:
    """One sequence of the update. An untrained one (its `skip` says why) fills a slot and carries no loss."""

    region: Region
    advantage: float = 0.0
    prompt_ids: tuple[int, ...] = ()
    token_ids: tuple[int, ...] = ()
    skip: str = ""

    @property
    def trained(self) -> bool:
        return not self.skip


@dataclass
class RolloutResult:
    """`sequences` holds exactly the rollout's number of sequences for each problem, problem after problem."""

    sequences: list[TrainingSequence]
    episodes: list[Episode]
    metrics: dict[str, Any] = field(default_factory=dict)


def make_sequence(
    region: Region, completion: Completion | None, advantage: float, max_tokens: int, skip: str = ""
) -> TrainingSequence:
    """Build a sequence; left out of the loss when there is none, it was cut, or it is longer than `max_tokens`."""
    if completion is None:
        return TrainingSequence(region, skip=skip or "no_branch")
    if completion.truncated:
        return TrainingSequence(region, skip="truncated")
    if len(completion.prompt_ids) + len(completion.token_ids) > max_tokens:
        return TrainingSequence(region, skip="too_long")
    if skip:
        return TrainingSequence(region, skip=skip)
    return TrainingSequence(region, float(advantage), completion.prompt_ids, completion.token_ids)


def skip_counts(sequences: Sequence[TrainingSequence]) -> dict[str, int]:
    """Return how many sequences were left out, by `region/reason`."""
    return dict(Counter(f"{s.region.value}/{s.skip}" for s in sequences if s.skip))
