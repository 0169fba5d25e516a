"""The training curves: one small plot a question, the stages that answer it as lines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cppo.report.formats import is_number
from cppo.report.inputs import Row, RunData
from cppo.report.plots import Plot
from cppo.report.stages import stage_title
from cppo.report.svg import DASHES, LINE, MARKERS, SERIES, drawing

WINDOW = 7
"""Rollouts in the moving mean that is drawn strong; the figures themselves are drawn faint."""
FEW = 16
"""Up to this many points are marked one by one and not smoothed."""


@dataclass(frozen=True)
class Curve:
    """One line: a stage's figure, and what it is called."""

    stage: str
    key: str
    name: str = ""


@dataclass(frozen=True)
class Question:
    """One plot: what it answers, its lines, the unit of its vertical axis."""

    slug: str
    title: str
    unit: str
    curves: tuple[Curve, ...]
    fraction: bool = True
    x: str = "updates"


def questions(data: RunData) -> list[Question]:
    """Return every plot the stages could fill; lines without figures are left out when they are drawn."""
    direct = [name for name in data.metrics if name not in ("sft", "validity", "warmup", "joint")]
    rl = ["joint", *direct]

    def over(stages: Sequence[str], key: str) -> tuple[Curve, ...]:
        return tuple(Curve(stage, key) for stage in stages)

    return [
        Question(
            "solved", "Reward while training", "R_out, or problems solved",
            (Curve("joint", "r_out", "CPPO: R_out of a tuple"), *(Curve(n, "solved", f"{stage_title(data, n)}: solved") for n in direct)),
        ),
        Question("value", "Programs that pass", "mean V", over(rl, "v")),
        Question(
            "gate", "J rate against true validity, joint training", "share of tuples",
            (Curve("joint", "gate_rate", "J rate"), Curve("joint", "true_validity", "true validity")),
        ),
        Question(
            "gate-warmup", "J rate against true validity, warm-up", "share of tuples",
            (Curve("warmup", "gate_rate", "J rate"), Curve("warmup", "true_validity", "true validity")),
        ),
        Question("informative", "Informative groups", "share of groups", over(["warmup", *rl], "informative")),
        Question("fidelity", "Solver fidelity on known methods", "share reproduced", over(["warmup", *rl], "solver_fidelity")),
        Question(
            "distinct", "Different methods a tuple", "share of K",
            (Curve("joint", "distinct_methods", "known methods, different"), Curve("joint", "parse_rate", "tuples that parse")),
        ),
        Question("gain", "Coordination gain", "pass@K above scrambled", over(["joint"], "coordination_gain"), fraction=False),
        Question("kl", "KL to the reference, by region", "nats a token", _regions(data, rl, "kl"), fraction=False),
        Question("entropy", "Entropy, by region", "nats a token", _regions(data, rl, "entropy"), fraction=False),
        Question("sft-loss", "Loss, planner SFT", "cross-entropy, nats a token", over(["sft"], "loss"), fraction=False),
        Question("validity-loss", "Loss, plan-validity model", "binary cross-entropy", over(["validity"], "loss"), fraction=False),
    ]  # fmt: skip


def _regions(data: RunData, stages: Sequence[str], key: str) -> tuple[Curve, ...]:
    return tuple(
        Curve(stage, f"{key}/{region}", f"{stage_title(data, stage)}: {region}")
        for stage in stages
        for region in ("planner", "solver")
    )


def training_plots(data: RunData) -> list[Plot]:
    """Return the plots that have at least one line, in order."""
    plots = (_draw(data, question) for question in questions(data))
    return [plot for plot in plots if plot is not None]


def series(rows: Sequence[Row], key: str) -> tuple[np.ndarray, np.ndarray]:
    """Return steps and values of the rows that have a finite `key`."""
    points = [(row["step"], row[key]) for row in rows if is_number(row.get(key))]
    return np.array([x for x, _ in points]), np.array([y for _, y in points], dtype=float)


def moving_mean(values: np.ndarray, window: int = WINDOW) -> np.ndarray:
    """Return the mean over up to `window` values centred at each; at the ends over those that exist."""
    half = window // 2
    return np.array([values[max(0, i - half) : i + half + 1].mean() for i in range(len(values))])


def _draw(data: RunData, question: Question) -> Plot | None:
    lines = [(curve, *series(data.metrics.get(curve.stage, ()), curve.key)) for curve in question.curves]
    lines = [line for line in lines if len(line[1])]
    if not lines:
        return None
    names = [curve.name or stage_title(data, curve.stage) for curve, _, _ in lines]
    words = "; ".join(f"{name} from {y[0]:.3g} to {y[-1]:.3g}" for name, (_, _, y) in zip(names, lines, strict=True))
    rows_of_legend = len(lines) if len(lines) > 1 else 0
    with drawing(question.slug, f"{question.title}: {words}", height=2.5 + 0.19 * rows_of_legend) as plot:
        axes = plot.axes
        for i, (name, (_, x, y)) in enumerate(zip(names, lines, strict=True)):
            look = {"color": SERIES[i % len(SERIES)], "linestyle": DASHES[i % len(DASHES)]}
            if len(y) <= FEW:
                axes.plot(x, y, marker=MARKERS[i % len(MARKERS)], markersize=4.5, label=name, **look)
            else:
                axes.plot(x, y, color=look["color"], linewidth=0.8, alpha=0.3)
                axes.plot(x, moving_mean(y), label=name, **look)
        if question.fraction:
            axes.set_ylim(-0.02, 1.02)
        axes.grid(axis="y", color=LINE)
        axes.set_xlabel(question.x)
        axes.set_ylabel(question.unit)
        axes.locator_params(axis="x", integer=True, nbins=7)
        if rows_of_legend:
            plot.figure.legend(loc="outside lower left", ncols=1, handlelength=2.8, labelspacing=0.25, borderaxespad=0)
    return Plot(plot.svg, question.title)
