"""What the calls of episodes cost, by role, and where they failed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

from cppo.episodes.calls import PLANNER, SOLVER
from cppo.episodes.record import Episode


class RoleTokens(NamedTuple):
    """Calls of one role, their prompt tokens (None where a record does not say) and their completion tokens; and for
    how many of the calls these are estimates, in part at least, because the server did not count."""

    calls: int
    tokens_in: int | None
    tokens_out: int
    estimated: int = 0


def tokens_by_role(episodes: Iterable[Episode]) -> dict[str, RoleTokens]:
    """Return calls, prompt tokens and completion tokens of every role, in the order in which roles first occur.

    A record without `calls` counts as one planner call a plan and one solver call a program; its prompt tokens are
    unknown, and so is then the sum of those of its roles.
    """
    totals: dict[str, RoleTokens] = {}
    for episode in episodes:
        for role, spent in _spent(episode):
            so_far = totals.get(role, RoleTokens(0, 0, 0))
            unknown = so_far.tokens_in is None or spent.tokens_in is None
            totals[role] = RoleTokens(
                so_far.calls + spent.calls,
                None if unknown else (so_far.tokens_in or 0) + (spent.tokens_in or 0),
                so_far.tokens_out + spent.tokens_out,
                so_far.estimated + spent.estimated,
            )
    return totals


def failures(episodes: Iterable[Episode]) -> Counter[tuple[str, str]]:
    """Return how many calls came to nothing, by boundary (`plan`, `program`) and reason (`error`, `empty`,
    `overflow`)."""
    return Counter((call.boundary, call.stop) for episode in episodes for call in episode.calls if call.failed)


def _spent(episode: Episode) -> list[tuple[str, RoleTokens]]:
    if episode.calls:
        return [(c.role, RoleTokens(1, c.tokens_in, c.tokens_out, int(c.estimated))) for c in episode.calls]
    plan = [] if episode.plan is None else [(PLANNER, RoleTokens(1, None, episode.plan_tokens))]
    return plan + [(SOLVER, RoleTokens(1, None, branch.tokens)) for branch in episode.branches]
