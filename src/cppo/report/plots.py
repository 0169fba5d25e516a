"""The plots of the evaluation: pass@k with limits, paired differences."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.axes import Axes

from cppo.report.formats import signed
from cppo.report.inputs import ArmRecord, Comparison, Interval, Limit, RunData
from cppo.report.svg import INK, MARKERS, MUTED, PAPER, SERIES, drawing

ROW = 0.36
"""Inches a row of a dot plot."""
SEEDS_ROW, SEEDS_BELOW = 0.1, 0.27
"""Inches more where single seeds are shown, and how far below the row's line they are, in rows."""

LABEL = 28
"""Characters in a line of an arm's name beside a plot."""


@dataclass(frozen=True)
class Plot:
    """One figure of the page: markup and what it shows."""

    svg: str
    caption: str


@dataclass(frozen=True)
class Dot:
    """One row of a dot plot: an arm's mean with its interval and, over several seeds, every seed's value."""

    title: str
    cell: Interval
    own: bool
    marker: str
    seeds: tuple[float, ...] = ()


def in_lines(text: str, width: int = LABEL) -> str:
    """Return the name of an arm in at most two lines of `width` characters, for a plot; the rest is cut."""
    return "\n".join(textwrap.wrap(text, width, max_lines=2, placeholder=" …"))


def pass_at_plots(data: RunData) -> list[Plot]:
    """Return one dot-and-interval plot for every k, arms as rows, both limits as labelled lines."""
    results = data.results
    return [
        pass_at_plot(k, [dot(arm, data.subject, arm.pass_at[str(k)]) for arm in results.arms], results.limits)
        for k in results.ks
    ]


def dot(arm: ArmRecord, subject: ArmRecord, cell: Interval, seeds: tuple[float, ...] = ()) -> Dot:
    """Return the row of an arm: the subject's look is its own, the others share theirs by kind."""
    own = arm.name == subject.name
    marker = MARKERS[0] if own else MARKERS[1] if arm.independent else MARKERS[3]
    return Dot(arm.title, cell, own, marker, seeds)


def pass_at_plot(k: int, dots: Sequence[Dot], limits: Mapping[str, Limit], name: str = "pass-at") -> Plot:
    """Return the plot of pass@k: a mean with its interval a row, open circles for single seeds, limits as lines."""
    rows, limit = list(reversed(dots)), limits.get(str(k))
    words = ", ".join(f"{row.title} {row.cell.mean:.3f}" for row in dots)
    height = ROW + SEEDS_ROW if any(row.seeds for row in rows) else ROW
    with drawing(f"{name}-{k}", f"pass@{k} by method: {words}", height=1.1 + height * len(rows)) as plot:
        axes = plot.axes
        for y, row in enumerate(rows):
            _dot(axes, row, y)
        axes.set_yticks(range(len(rows)), [in_lines(row.title) for row in rows])
        for label, row in zip(axes.get_yticklabels(), rows, strict=True):
            label.set_color(INK)
            label.set_fontweight("bold" if row.own else "normal")
        axes.set_ylim(-0.6, len(rows) - 0.3)
        axes.set_xlim(-0.03, 1.03)
        axes.grid(axis="x")
        axes.tick_params(length=0)
        axes.spines["left"].set_visible(False)
        axes.set_xlabel(f"pass@{k}")
        if limit is not None:
            _limit_lines(axes, limit.independent, limit.coordinated)
    return Plot(plot.svg, f"pass@{k}")


def _dot(axes: Axes, row: Dot, y: int) -> None:
    colour, cell = SERIES[0] if row.own else MUTED, row.cell
    axes.plot([cell.low, cell.high], [y, y], color=colour, linewidth=2.2, solid_capstyle="butt")
    axes.plot([cell.mean], [y], color=colour, marker=row.marker, markersize=6.5, linestyle="none")
    if row.seeds:  # below the interval, where they hide neither it nor the value above
        axes.plot(
            row.seeds, [y - SEEDS_BELOW] * len(row.seeds), color=colour, marker="o", markersize=4,
            markerfacecolor="none", linestyle="none",
        )  # fmt: skip
    _value(axes, f"{cell.mean:.2f}", cell.mean, y)


def _limit_lines(axes: Axes, independent: float, coordinated: float) -> None:
    """Draw both limits as vertical lines, each named above the axes; one name where they coincide."""
    axes.axvline(independent, color=INK, linewidth=1.1, linestyle=(0, (4, 2)))
    if abs(coordinated - independent) < 0.005:
        names = [(independent, f"both limits {independent:.2f}", "center")]
    else:
        axes.axvline(coordinated, color=INK, linewidth=1.1)
        names = [
            (independent, f"independent limit {independent:.2f}", _side(independent)),
            (coordinated, f"coordinated limit {coordinated:.2f}", _side(coordinated)),
        ]
    for level, (x, text, side) in enumerate(reversed(names)):
        axes.annotate(
            text, (x, 1), xycoords=("data", "axes fraction"), xytext=(0, 2 + 12 * level), textcoords="offset points",
            ha=side, va="bottom", fontsize=8.5, color=MUTED, annotation_clip=False,
        )  # fmt: skip


def _side(x: float) -> str:
    """Which end of a name stands at x: left of it there is room above the names of the rows, right of it only if near
    the left end."""
    return "right" if x > 0.3 else "left"


def limit_levels(axes: Axes, independent: float, coordinated: float) -> None:
    """Draw both limits as horizontal lines across a plot of training; their names stand below, clear of the curves."""
    names: list[tuple[float, str, Any]] = [(coordinated, f"─ coordinated limit {coordinated:.2f}", "-")]
    if abs(coordinated - independent) < 0.005:
        names = [(independent, f"─ both limits {independent:.2f}", "-")]
    else:
        names.append((independent, f"╌ independent limit {independent:.2f}", (0, (4, 2))))
    for y, _, dash in names:
        axes.axhline(y, color=INK, linewidth=1.1, linestyle=dash)
    axes.annotate(
        "\n".join(text for _, text, _ in names), (1, 0), xycoords="axes fraction", xytext=(-2, 3),
        textcoords="offset points", ha="right", va="bottom", fontsize=8.5, color=MUTED,
    )  # fmt: skip


def _value(axes: Axes, text: str, x: float, y: float) -> None:
    """Write a dot's value just above it; the page's colour behind the digits keeps lines out of them."""
    axes.annotate(
        text, (x, y), xytext=(0, 6), textcoords="offset points", ha="center", fontsize=8.5, zorder=5,
        bbox={"facecolor": PAPER, "edgecolor": "none", "pad": 0.6},
    )  # fmt: skip


def difference_plot(data: RunData) -> Plot | None:
    """Return the paired differences of the subject to every other arm, or None without comparisons."""
    results = data.results
    titles = {arm.name: arm.title for arm in results.arms}
    return differences(results.comparisons, titles, data.subject.title, results.confidence)


def differences(
    comparisons: Sequence[Comparison],
    titles: Mapping[str, str],
    subject: str,
    confidence: float,
    name: str = "differences",
    over: str = "over the same problems",
) -> Plot | None:
    """Return the plot of comparisons, a row each, or None without any. `over`: what their intervals cover, in words."""
    rows = list(reversed(comparisons))
    if not rows:
        return None
    at, level = rows[0].k, round(100 * confidence)
    words = ", ".join(f"{titles.get(row.other, row.other)} {signed(row.difference)}" for row in reversed(rows))
    label = f"Difference in pass@{at}, {subject} minus each method: {words}"
    with drawing(name, label, width=5.0, height=0.9 + ROW * len(rows)) as plot:
        axes = plot.axes
        axes.axvline(0, color=INK, linewidth=1)
        for y, row in enumerate(rows):
            axes.plot([row.low, row.high], [y, y], color=SERIES[0], linewidth=2.2, solid_capstyle="butt")
            axes.plot(
                [row.difference], [y], color=SERIES[0], marker="o", markersize=6.5,
                markerfacecolor=SERIES[0] if row.significant else PAPER,
            )  # fmt: skip
            _value(axes, signed(row.difference), row.difference, y)
        axes.set_yticks(range(len(rows)), [in_lines(f"minus {titles.get(row.other, row.other)}") for row in rows])
        axes.tick_params(length=0)
        axes.tick_params(axis="y", labelcolor=INK)
        widest = max([0.05, *(abs(x) for row in rows for x in (row.low, row.high))])
        axes.set_xlim(-1.15 * widest, 1.15 * widest)
        axes.set_ylim(-0.6, len(rows) - 0.3)
        axes.grid(axis="x")
        axes.spines["left"].set_visible(False)
        axes.set_xlabel(f"difference in pass@{at}")
    caption = (
        f"Differences {over}, {level} % intervals. A filled dot differs from 0 after Holm’s correction, an open one "
        "does not."
    )
    return Plot(plot.svg, caption)
