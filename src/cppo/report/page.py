"""The page of a run: read, compute, draw, fill the template, write whole."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Sequence
from importlib import resources
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from cppo.files import write_atomic
from cppo.report import formats
from cppo.report.curves import FEW, WINDOW, training_plots
from cppo.report.deviations import deviations
from cppo.report.facts import SIGNS, UNKNOWN, heat_maps, verdict_mix, verdict_name
from cppo.report.headline import caveats, headline, headline_k
from cppo.report.inputs import RunData, read_run
from cppo.report.plots import Plot, difference_plot, pass_at_plots
from cppo.report.samples import Entry, sample_entries
from cppo.report.stages import (
    audit_gates,
    missing_stages,
    phase_seconds,
    skipped_sequences,
    stage_title,
    validity_gates,
)

FILE_NAME = "report.html"


def write_report(run_directory: Path) -> Path:
    """Write `run_directory/report.html` and return its path.

    The page needs no other file and no network. The same run directory gives the same page, byte for byte. Raises
    `DataError` when results.json or episodes.jsonl is missing or damaged; whatever else is missing, the page says so.
    """
    path = Path(run_directory) / FILE_NAME
    write_atomic(path, render(read_run(Path(run_directory))))
    return path


def render(data: RunData) -> str:
    """Return the page of `data` as HTML."""
    return page_environment().get_template("template.html").render(**_context(data))


def page_environment() -> Environment:
    """Return the templates with their filters for numbers."""
    environment = Environment(
        loader=PackageLoader("cppo.report", ""),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        number=formats.number,
        share=formats.share,
        signed=formats.signed,
        p_value=formats.p_value,
        count=formats.count,
        duration=formats.duration,
        verdict_name=verdict_name,
        sign=SIGNS.__getitem__,
    )
    return environment


def shared_assets(script: str = "", style: str = "") -> dict[str, Any]:
    """Return the style that every page has and what one adds to it, and a script with the hash that its policy admits
    it by."""
    return {
        "style": Markup(asset("style.css") + style),
        "script": Markup(script),
        "script_hash": _digest(script) if script else "",
    }


def _context(data: RunData) -> dict[str, Any]:
    entries = sample_entries(data)
    return {
        "results": data.results,
        "subject": data.subject,
        "headline": headline(data),
        "caveats": caveats(data),
        "at": headline_k(data.results),
        "versus": {row.other: row for row in data.results.comparisons},
        **shared_assets(asset("script.js")),
        **_evaluation(data),
        **_training(data),
        "entries": entries,
        "samples": _sample_facts(data, entries),
        "provenance": data.provenance,
        "deviations": deviations(data.config) if data.config else [],
        "config_json": pretty(data.config) if data.config else "",
        "provenance_json": pretty(data.provenance) if data.provenance else "",
    }


def _evaluation(data: RunData) -> dict[str, Any]:
    return {
        "pass_at": marked(pass_at_plots(data)),
        "differences": next(iter(marked([difference_plot(data)])), None),
        "mix": verdict_mix(data),
        "heat": heat_maps(data),
        "unknown": UNKNOWN,
    }


def _training(data: RunData) -> dict[str, Any]:
    gates, rejection = validity_gates(data)
    phases = {name: phase_seconds(rows) for name, rows in data.metrics.items()}
    return {
        "curves": marked(training_plots(data)),
        "window": WINDOW,
        "few": FEW,
        "gates": gates,
        "rejection": rejection,
        "validity": data.stages.get("validity", {}),
        "audit": data.stages.get("audit", {}),
        "audit_figures": audit_gates(data),
        "missing": [stage_title(data, name) for name in missing_stages(data)],
        "stages": [
            (stage_title(data, name), f.get("seconds"), phases.get(name, {})) for name, f in data.stages.items()
        ],
        "phases": list(dict.fromkeys(phase for found in phases.values() for phase in found)),
        "skipped": {
            stage_title(data, name): counts
            for name, rows in data.metrics.items()
            if (counts := skipped_sequences(rows))
        },
    }


def _sample_facts(data: RunData, entries: list[Entry]) -> dict[str, Any]:
    kinds = sorted({(entry.family, entry.trait) for entry in entries if entry.family})
    return {
        "problems": len({entry.problem_id for entry in entries}),
        "all_problems": len({e.problem_id for mine in data.episodes.values() for e in mine}),
        "families": list(dict.fromkeys(family for family, _ in kinds)),
        "kinds": kinds,
        "arms": [arm for arm in data.results.arms if any(entry.arm.name == arm.name for entry in entries)],
        "no_statements": not any(entry.statement for entry in entries),
    }


def marked(plots: Sequence[Plot | None]) -> list[dict[str, str]]:
    """Return plots for the template; their markup is made here and not escaped again."""
    return [{"svg": Markup(plot.svg), "caption": plot.caption} for plot in plots if plot is not None]


def asset(name: str) -> str:
    """Return a file that goes into pages as it is: style or script."""
    return resources.files("cppo.report").joinpath(name).read_text(encoding="utf-8")


def _digest(script: str) -> str:
    """Return the hash by which the page's policy admits this script and no other."""
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()


def pretty(value: Any) -> str:
    """Return a value as indented JSON."""
    return json.dumps(value, indent=2, ensure_ascii=False)
