"""Rollouts and their record."""

from cppo.episodes.collect import Sampling, Workbench, collect_direct, collect_plans, solve_plans
from cppo.episodes.record import Branch, Episode, by_problem, from_row, read_episodes, to_row

__all__ = [
    "Branch",
    "Episode",
    "Sampling",
    "Workbench",
    "by_problem",
    "collect_direct",
    "collect_plans",
    "from_row",
    "read_episodes",
    "solve_plans",
    "to_row",
]
