"""How the page writes numbers."""

from __future__ import annotations

import math
from typing import Any

ABSENT = "–"


def number(value: Any, digits: int = 3) -> str:
    """Return a number with fixed decimals; a dash for None, NaN and what is no number."""
    if not is_number(value):
        return ABSENT
    return f"{value:.{digits}f}"


def share(value: Any) -> str:
    """Return a fraction as whole per cent, with a decimal where rounding would claim 0 or 100 %."""
    if not is_number(value):
        return ABSENT
    percent = 100 * value
    if 0 < percent < 0.05 or 99.95 <= percent < 100:
        return "<0.1 %" if percent < 50 else ">99.9 %"
    near_the_end = 0 < percent < 0.5 or 99.5 <= percent < 100
    return f"{percent:.1f} %" if near_the_end else f"{percent:.0f} %"


def signed(value: float) -> str:
    """Return a difference with its sign; minus is the typographic one."""
    return f"{value:+.3f}".replace("-", "−")


def p_value(value: float) -> str:
    """Return `p = 0.012`, or `p < 0.001`."""
    return "p\u00a0<\u00a00.001" if value < 0.001 else f"p\u00a0=\u00a0{value:.3f}"


def count(value: Any) -> str:
    """Return a count with thin spaces between thousands."""
    return f"{value:,.0f}".replace(",", "\u202f") if is_number(value) else ABSENT


def duration(seconds: Any) -> str:
    """Return seconds as `8.2 s`, `3 min 20 s` or `2 h 05 min`."""
    if not is_number(seconds):
        return ABSENT
    if seconds < 100:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 100:
        return f"{minutes} min {rest:02d} s"
    return f"{minutes // 60} h {minutes % 60:02d} min"


def is_number(value: Any) -> bool:
    """Return whether `value` is a finite number (booleans are not)."""
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
