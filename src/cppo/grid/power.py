"""What a comparison could have found: the smallest true difference that it is likely to see."""

from __future__ import annotations

from scipy.stats import norm

POWER = 0.8
"""Share of repetitions in which a difference of that size would be found."""
ROUNDING = 1e-12
"""A standard error this small is a zero that was rounded."""


def minimum_detectable(low: float, high: float, confidence: float, power: float = POWER) -> float | None:
    """Return the minimum detectable difference of a comparison whose interval is [`low`, `high`].

    (z_(1−α/2) + z_power) · SE for a two-sided test at α = 1 − `confidence`, before any correction (Cohen 1988), with
    the standard error read off the bootstrap interval, SE = (high − low)/(2 z_(1−α/2)). It speaks of a repetition with
    as many problems and seeds. None for an interval without width: it knows of no error.
    """
    z = float(norm.ppf(0.5 + confidence / 2))
    error = (high - low) / (2 * z)
    return (z + float(norm.ppf(power))) * error if error > ROUNDING else None
