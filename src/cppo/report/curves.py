"""The training curves: one small plot a question, the stages that answer it as lines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from cppo.report.formats import is_number
from cppo.report.inputs import Limit, Row, RunData
from cppo.report.plots import Plot, limit_levels
from cppo.report.stages import stage_title
from cppo.report.svg import DASHES, MARKERS, SERIES, drawing

WINDOW = 7
"""Rollouts in the moving mean that is drawn strong; the figures themselves are drawn faint."""
LOOKS = {"joint": 0, "warmup": 6, "sft": 0, "validity": 0}
"""Looks of the method's own stages; baselines take what is left."""
SOLVER_LOOK = 5
"""Look of joint training's solver region, where both its regions are drawn."""
FEW = 16
"""Up to this many points are marked one by one and not smoothed."""


@dataclass(frozen=True)
class Curve:
    """One line: a stage's figure, what it is called, and which of the looks (colour, dash, marker) it has."""

    stage: str
    key: str
    name: str
    look: int


@dataclass(frozen=True)
class Question:
    """One plot: what it answers, the unit of its vertical axis, its lines.

    `share`: the axis runs from 0 to 1. `limits`: what the best possible policies reach, as labelled lines.
    """

    slug: str
    title: str
    unit: str
    curves: tuple[Curve, ...]
    share: bool = True
    smooth: bool = True
    limits: Limit | None = None


def reward_axis(k: int, limits: Mapping[str, Limit]) -> tuple[str, str, Limit | None]:
    """Return the key of a baseline's pass@k in its rows, the unit of a plot of pass@k in training, and its limits."""
    return f"pass_at_{k}", f"pass@{k}, training problems", limits.get(str(k))


def questions(data: RunData) -> list[Question]:
    """Return every plot the stages could fill; lines without figures are left out when they are drawn."""
    direct = [name for name in data.metrics if name not in LOOKS]
    rl, with_warmup = ["joint", *direct], ["joint", *direct, "warmup"]
    k = data.results.k
    key, unit, limits = reward_axis(k, data.results.limits)
    sampled = [Curve(name, key, _short(data, name), _look(data, name)) for name in direct]
    r_out = Curve("joint", "r_out", _short(data, "joint"), 0)
    return [
        Question("reward", f"pass@{k} while training", unit, (r_out, *sampled), limits=limits),
        Question("value", "Programs that pass", "mean V", _over(data, rl, "v")),
        Question("gate", "J rate against true validity, joint training", "share of tuples", _validity("joint")),
        Question("gate-warmup", "J rate against true validity, warm-up", "share of tuples", _validity("warmup")),
        Question("informative", "Informative groups", "share of groups", _over(data, with_warmup, "informative")),
        Question(
            "fidelity", "Solver fidelity on known methods", "share exact", _over(data, with_warmup, "solver_fidelity")
        ),
        Question(
            "distinct",
            "Tuples of joint training",
            "share",
            (
                Curve("joint", "distinct_methods", "different known methods, of K", 0),
                Curve("joint", "parse_rate", "tuples that parse", 3),
            ),
        ),
        Question(
            "gain", "Coordination gain", "above scrambled slots", _over(data, ["joint"], "coordination_gain"), False
        ),
        Question("kl", "KL to the reference, by region", "nats a token", _regions(data, rl, "kl"), False),
        Question("entropy", "Entropy, by region", "nats a token", _regions(data, rl, "entropy"), False),
        Question("loss-sft", "Loss, planner SFT", "nats a token", _over(data, ["sft"], "loss"), False, False),
        Question("loss-validity", "Loss, plan-validity model", "nats", _over(data, ["validity"], "loss"), False, False),
    ]


def _short(data: RunData, stage: str) -> str:
    """Return the name of a stage in a legend; joint training goes by the title of the arm it made."""
    if stage == "joint" and data.subject.stage == "joint":
        return data.subject.title
    return stage_title(data, stage)


def _look(data: RunData, stage: str) -> int:
    """Return the look of a stage, the same in every plot."""
    free = [look for look in range(len(SERIES)) if look not in (*LOOKS.values(), SOLVER_LOOK)]
    direct = [name for name in data.metrics if name not in LOOKS]
    return LOOKS[stage] if stage in LOOKS else free[direct.index(stage) % len(free)]


def _over(data: RunData, stages: Sequence[str], key: str) -> tuple[Curve, ...]:
    return tuple(Curve(stage, key, _short(data, stage), _look(data, stage)) for stage in stages)


def _validity(stage: str) -> tuple[Curve, ...]:
    return Curve(stage, "gate_rate", "J rate", 0), Curve(stage, "true_validity", "true validity", 3)


def _regions(data: RunData, stages: Sequence[str], key: str) -> tuple[Curve, ...]:
    return tuple(
        Curve(
            stage,
            f"{key}/{region}",
            f"{_short(data, stage)}: {region}",
            SOLVER_LOOK if (stage, region) == ("joint", "solver") else _look(data, stage),
        )
        for stage in stages
        for region in ("planner", "solver")
    )


def training_plots(data: RunData) -> list[Plot]:
    """Return the plots that have at least one line, in order."""
    plots = (draw(data.metrics, question) for question in questions(data))
    return [plot for plot in plots if plot is not None]


def series(rows: Sequence[Row], key: str) -> tuple[np.ndarray, np.ndarray]:
    """Return steps and values of the rows that have a finite `key`."""
    points = [(row["step"], row[key]) for row in rows if is_number(row.get(key))]
    return np.array([x for x, _ in points]), np.array([y for _, y in points], dtype=float)


def moving_mean(values: np.ndarray, window: int = WINDOW) -> np.ndarray:
    """Return the mean over the `window` values centred at each; towards the ends over fewer, still centred."""
    halves = [min(window // 2, i, len(values) - 1 - i) for i in range(len(values))]
    return np.array([values[i - half : i + half + 1].mean() for i, half in enumerate(halves)])


def draw(metrics: Mapping[str, Sequence[Row]], question: Question) -> Plot | None:
    """Return the plot of a question from rows of figures by stage, or None where no line has figures."""
    lines = [(curve, *series(metrics.get(curve.stage, ()), curve.key)) for curve in question.curves]
    lines = [line for line in lines if len(line[1])]
    if not lines:
        return None
    words = "; ".join(f"{curve.name} from {y[0]:.3g} to {y[-1]:.3g}" for curve, _, y in lines)
    legend_rows = len(lines) if len(lines) > 1 else 0
    with drawing(question.slug, f"{question.title}: {words}", height=2.5 + 0.2 * legend_rows) as plot:
        axes = plot.axes
        for curve, x, y in lines:
            _line(axes, curve, x, y, smooth=question.smooth)
        if question.share:
            axes.set_ylim(-0.02, 1.02)
        if question.limits is not None:
            limit_levels(axes, question.limits.independent, question.limits.coordinated)
        axes.grid(axis="y")
        axes.set_xlabel("updates")
        axes.set_ylabel(question.unit)
        axes.xaxis.set_major_locator(MaxNLocator(nbins=7, integer=True, steps=[1, 2, 5, 10]))
        if legend_rows:
            plot.figure.legend(loc="outside lower left", ncols=1, handlelength=2.8, labelspacing=0.25, borderaxespad=0)
    return Plot(plot.svg, question.title)


def _line(axes: Axes, curve: Curve, x: np.ndarray, y: np.ndarray, *, smooth: bool) -> None:
    colour, dash, marker = SERIES[curve.look], DASHES[curve.look], MARKERS[curve.look]
    if len(y) <= FEW:
        axes.plot(x, y, color=colour, linestyle=dash, marker=marker, markersize=4.5, label=curve.name)
        return
    if smooth:
        axes.plot(x, y, color=colour, linewidth=0.8, alpha=0.3)
        y = moving_mean(y)
    axes.plot(x, y, color=colour, linestyle=dash, label=curve.name)
