"""The verdict of the reward-density audit: go, hold or no-go (CPPO, arXiv 2605.27000)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from cppo.measures.groups import RewardDensity

AuditVerdict = Literal["go", "hold", "no-go"]

_Check = tuple[bool, tuple[str, float], str, float]  # missed?, (what, measured), how to compare, threshold


@dataclass(frozen=True)
class AuditThresholds:
    """When joint training may start, as fractions; the defaults are the published ones (arXiv 2605.27000).

    `go_…`: all must hold for go (at least; the gate rate strictly between its two bounds). `stop_…`: one that
    is passed means no-go. Between the two: hold.
    """

    go_nonzero_tuples: float = 0.05
    go_problems_with_reward: float = 0.25
    go_problems_that_vary: float = 0.10
    go_gate_rate_above: float = 0.02
    go_gate_rate_below: float = 0.98
    go_parse_rate: float = 0.95
    stop_nonzero_tuples_below: float = 0.03
    stop_problems_that_vary_below: float = 0.05
    stop_all_zero_groups_above: float = 0.90

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if not 0 <= value <= 1:
                raise ValueError(f"threshold {name} is {value}; it is a fraction, from 0 to 1")


def audit_verdict(
    density: RewardDensity, thresholds: AuditThresholds | None = None
) -> tuple[AuditVerdict, tuple[str, ...]]:
    """Return the verdict and, unless it is go, one reason for each threshold that was missed."""
    t = thresholds or AuditThresholds()
    varying = density.problems_that_vary
    nonzero = ("tuples with a non-zero plan reward", density.nonzero_tuples)
    vary = ("problems whose rewards vary", varying)
    zero = ("groups with no reward at all", density.all_zero_groups)
    solved = ("problems with a rewarded tuple", density.problems_with_reward)
    gate = ("tuples the validity gate accepts", density.gate_rate)
    parse = ("tuples that parse", density.parse_rate)
    stops = (
        (density.nonzero_tuples < t.stop_nonzero_tuples_below, nonzero, "at least", t.stop_nonzero_tuples_below),
        (varying < t.stop_problems_that_vary_below, vary, "at least", t.stop_problems_that_vary_below),
        (density.all_zero_groups > t.stop_all_zero_groups_above, zero, "at most", t.stop_all_zero_groups_above),
    )
    holds = (
        (density.nonzero_tuples < t.go_nonzero_tuples, nonzero, "at least", t.go_nonzero_tuples),
        (density.problems_with_reward < t.go_problems_with_reward, solved, "at least", t.go_problems_with_reward),
        (varying < t.go_problems_that_vary, vary, "at least", t.go_problems_that_vary),
        (density.gate_rate <= t.go_gate_rate_above, gate, "above", t.go_gate_rate_above),
        (density.gate_rate >= t.go_gate_rate_below, gate, "below", t.go_gate_rate_below),
        (density.parse_rate < t.go_parse_rate, parse, "at least", t.go_parse_rate),
    )
    outcomes: tuple[tuple[AuditVerdict, tuple[_Check, ...]], ...] = (("no-go", stops), ("hold", holds))
    for verdict, checks in outcomes:
        missed = [(measured, bound, limit) for miss, measured, bound, limit in checks if miss]
        if missed:
            return verdict, tuple(
                f"{label}: {value:.1%}; {verdict} unless {bound} {limit:.1%}" for (label, value), bound, limit in missed
            )
    return "go", ()
