"""Matplotlib figures as inline SVG that follows the page: its fonts, its colours, light and dark."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

# Matplotlib wants colours, the page has variables: these stand-ins are replaced when the figure is written.
INK = "#010203"
PAPER = "#010206"
MUTED = "#010204"
LINE = "#010205"
SERIES = tuple(f"#0103{i:02x}" for i in range(1, 9))
_VARIABLES = {
    INK: "var(--ink)",
    PAPER: "var(--paper)",
    MUTED: "var(--muted)",
    LINE: "var(--line)",
    **{stand_in: f"var(--series-{i})" for i, stand_in in enumerate(SERIES, start=1)},
}

DASHES: tuple[str | tuple[int, tuple[float, ...]], ...] = (
    "-",
    (0, (5, 2)),
    (0, (1.5, 1.5)),
    (0, (7, 2, 1.5, 2)),
    (0, (3, 1, 1, 1, 1, 1)),
    (0, (10, 3)),
    (0, (1, 3)),
    (0, (4, 4)),
)
WIDEST = 1.2
"""How far a plot may grow beyond its size of 96 pixels an inch."""
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")

_STYLE: Any = {
    "figure.autolayout": False,  # whatever a matplotlibrc says: the layout is made once, below
    "svg.fonttype": "none",  # text stays text: searchable, and set in the page's font
    "text.parse_math": False,  # names are not formulas
    "font.size": 9.5,
    "axes.titlesize": 10,
    "axes.titlelocation": "left",
    "axes.titleweight": "bold",
    "axes.edgecolor": LINE,
    "axes.labelcolor": MUTED,
    "axes.titlecolor": INK,
    "axes.facecolor": "none",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "figure.facecolor": "none",
    "savefig.facecolor": "none",
    "text.color": INK,
    "xtick.color": LINE,
    "ytick.color": LINE,
    "xtick.labelcolor": MUTED,
    "ytick.labelcolor": MUTED,
    "grid.color": LINE,
    "grid.linewidth": 0.6,
    "legend.frameon": False,
    "legend.fontsize": 9,
    "legend.labelcolor": INK,
    "lines.linewidth": 1.6,
}


class Drawing:
    """A figure with one set of axes; `svg` holds the markup once the `drawing` block has ended."""

    def __init__(self, width: float, height: float) -> None:
        self.figure = Figure(figsize=(width, height), layout="constrained")
        FigureCanvasSVG(self.figure)
        self.axes: Axes = self.figure.add_subplot()
        self.svg = ""


@contextmanager
def drawing(name: str, label: str, width: float = 4.1, height: float = 2.9) -> Iterator[Drawing]:
    """Yield a `Drawing` in the page's style. `name` keeps ids apart on the page, `label` is read out in place of it."""
    with matplotlib.rc_context({**_STYLE, "svg.hashsalt": name}):
        result = Drawing(width, height)
        yield result
        _lay_out(result.figure)
        buffer = io.StringIO()
        result.figure.savefig(buffer, format="svg", metadata=dict.fromkeys(("Date", "Creator", "Format", "Type")))
    result.svg = inline(buffer.getvalue(), name, label)


def _lay_out(figure: Figure) -> None:
    """Give everything its place. Matplotlib would draw the whole figure once more for that."""
    engine = figure.get_layout_engine()
    if engine is not None:
        engine.execute(figure)
    figure.set_layout_engine(None)


def inline(svg: str, name: str, label: str) -> str:
    """Return the `<svg>` element alone: ids made unique with `name`, colours made variables, described by `label`."""
    body = svg[svg.index("<svg") :]
    body = re.sub(r"<metadata>.*?</metadata>", "", body, flags=re.DOTALL)
    body = re.sub(r'\bid="([^"]+)"', rf'id="{name}-\1"', body)
    body = re.sub(r'href="#([^"]+)"', rf'href="#{name}-\1"', body)
    body = re.sub(r"url\(#([^)]+)\)", rf"url(#{name}-\1)", body)
    for stand_in, variable in _VARIABLES.items():
        body = body.replace(stand_in, variable)
    width = re.search(r'<svg[^>]*?\bwidth="([\d.]+)pt"', body)
    points = float(width.group(1)) if width else 300.0
    body = re.sub(r'(<svg[^>]*?) (?:width|height)="[\d.]+pt"', r"\1", body, count=1)
    body = re.sub(r'(<svg[^>]*?) (?:width|height)="[\d.]+pt"', r"\1", body, count=1)
    opening = f'<svg role="img" aria-label="{_escape(label)}" style="max-width: {points * 4 / 3 * WIDEST:.0f}px" '
    return opening + body[len("<svg ") :]


def _escape(text: str) -> str:
    return text.replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;")
