"""The plots of the evaluation: pass@k with limits, paired differences."""

from __future__ import annotations

from dataclasses import dataclass

from matplotlib.axes import Axes

from cppo.report.formats import signed
from cppo.report.inputs import Arm, RunData
from cppo.report.svg import INK, MARKERS, MUTED, PAPER, SERIES, drawing

ROW = 0.36
"""Inches a row of a dot plot."""


@dataclass(frozen=True)
class Plot:
    """One figure of the page: markup and what it shows."""

    svg: str
    caption: str


def pass_at_plots(data: RunData) -> list[Plot]:
    """Return one dot-and-interval plot for every k, arms as rows, both limits as labelled lines."""
    return [_pass_at(data, k) for k in data.results.ks]


def _pass_at(data: RunData, k: int) -> Plot:
    results, arms = data.results, list(reversed(data.results.arms))
    limit = results.limits.get(str(k))
    words = ", ".join(f"{arm.title} {arm.pass_at[str(k)].mean:.3f}" for arm in results.arms)
    with drawing(f"pass-at-{k}", f"pass@{k} by method: {words}", height=1.1 + ROW * len(arms)) as plot:
        axes = plot.axes
        for y, arm in enumerate(arms):
            cell = arm.pass_at[str(k)]
            colour, marker = _look(data, arm)
            axes.plot([cell.low, cell.high], [y, y], color=colour, linewidth=2.2, solid_capstyle="butt")
            axes.plot([cell.mean], [y], color=colour, marker=marker, markersize=6.5, linestyle="none")
            _value(axes, f"{cell.mean:.2f}", cell.mean, y)
        axes.set_yticks(range(len(arms)), [arm.title for arm in arms])
        for label, arm in zip(axes.get_yticklabels(), arms, strict=True):
            label.set_color(INK)
            label.set_fontweight("bold" if arm.name == data.subject.name else "normal")
        axes.set_ylim(-0.6, len(arms) - 0.3)
        axes.set_xlim(-0.03, 1.03)
        axes.grid(axis="x")
        axes.tick_params(length=0)
        axes.spines["left"].set_visible(False)
        axes.set_xlabel(f"pass@{k}")
        if limit is not None:
            _limit_lines(axes, limit.independent, limit.coordinated)
    return Plot(plot.svg, f"pass@{k}")


def _limit_lines(axes: Axes, independent: float, coordinated: float) -> None:
    """Draw both limits as vertical lines, each named above the axes; one name where they coincide."""
    axes.axvline(independent, color=INK, linewidth=1.1, linestyle=(0, (4, 2)))
    if abs(coordinated - independent) < 0.005:
        names = [(independent, f"both limits {independent:.2f}", "center")]
    else:
        axes.axvline(coordinated, color=INK, linewidth=1.1)
        names = [
            (independent, f"independent limit {independent:.2f}", "right" if independent > 0.5 else "left"),
            (coordinated, f"coordinated limit {coordinated:.2f}", "right" if coordinated > 0.5 else "left"),
        ]
    for level, (x, text, side) in enumerate(reversed(names)):
        axes.annotate(
            text, (x, 1), xycoords=("data", "axes fraction"), xytext=(0, 2 + 12 * level), textcoords="offset points",
            ha=side, va="bottom", fontsize=8.5, color=MUTED, annotation_clip=False,
        )  # fmt: skip


def _value(axes: Axes, text: str, x: float, y: float) -> None:
    """Write a dot's value just above it; the page's colour behind the digits keeps lines out of them."""
    axes.annotate(
        text, (x, y), xytext=(0, 6), textcoords="offset points", ha="center", fontsize=8.5, zorder=5,
        bbox={"facecolor": PAPER, "edgecolor": "none", "pad": 0.6},
    )  # fmt: skip


def difference_plot(data: RunData) -> Plot | None:
    """Return the paired differences of the subject to every other arm, or None without comparisons."""
    rows = list(reversed(data.results.comparisons))
    if not rows:
        return None
    titles = {arm.name: arm.title for arm in data.results.arms}
    at, level = rows[0].k, round(100 * data.results.confidence)
    words = ", ".join(f"{titles.get(row.other, row.other)} {signed(row.difference)}" for row in reversed(rows))
    label = f"Difference in pass@{at}, {data.subject.title} minus each method: {words}"
    with drawing("differences", label, width=5.0, height=0.9 + ROW * len(rows)) as plot:
        axes = plot.axes
        axes.axvline(0, color=INK, linewidth=1)
        for y, row in enumerate(rows):
            clear = row.significant
            axes.plot([row.low, row.high], [y, y], color=SERIES[0], linewidth=2.2, solid_capstyle="butt")
            axes.plot(
                [row.difference], [y], color=SERIES[0], marker="o", markersize=6.5,
                markerfacecolor=SERIES[0] if clear else PAPER,
            )  # fmt: skip
            _value(axes, signed(row.difference), row.difference, y)
        axes.set_yticks(range(len(rows)), [f"minus {titles.get(row.other, row.other)}" for row in rows])
        axes.tick_params(length=0)
        axes.tick_params(axis="y", labelcolor=INK)
        widest = max([0.05, *(abs(x) for row in rows for x in (row.low, row.high))])
        axes.set_xlim(-1.15 * widest, 1.15 * widest)
        axes.set_ylim(-0.6, len(rows) - 0.3)
        axes.grid(axis="x")
        axes.spines["left"].set_visible(False)
        axes.set_xlabel(f"difference in pass@{at}, {data.subject.title} minus the other")
    caption = (
        f"Differences over the same problems, {level} % intervals. A filled dot differs from 0 after Holm’s "
        "correction, an open one does not."
    )
    return Plot(plot.svg, caption)


def _look(data: RunData, arm: Arm) -> tuple[str, str]:
    """Return colour and marker of an arm: the subject's are its own, the others share theirs by kind."""
    if arm.name == data.subject.name:
        return SERIES[0], MARKERS[0]
    return (MUTED, MARKERS[1]) if arm.independent else (MUTED, MARKERS[3])
