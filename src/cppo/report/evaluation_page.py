"""The page of an evaluation: its results on every problem set, and a browser of all its episodes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, Template
from markupsafe import Markup

from cppo.evaluation.grid_files import RESULTS
from cppo.files import write_atomic
from cppo.report.browser import Packed, pack
from cppo.report.evaluation_headline import drops, evaluation_caveats, evaluation_headline, over
from cppo.report.evaluation_inputs import Cell, EvaluationArm, EvaluationData, SetData, read_evaluation
from cppo.report.evaluation_plots import cost_plot, ladder, tokens
from cppo.report.facts import mix, slots
from cppo.report.packing import whole
from cppo.report.page import FILE_NAME, asset, marked, page_environment, pretty, shared_assets
from cppo.report.plots import differences, dot, pass_at_plot
from cppo.report.svg import drawing

SCRIPTS = ("store.js", "problem.js", "browser.js")
TEMPLATES = ("evaluation.html", "evaluation_set.html", "browser.html", "macros.html", "head.html")
"""The page, and what it includes."""
PAGE_LIMIT = 15_000_000
"""Most bytes of a page. What the episodes take beyond it is left out."""


def prepare() -> None:
    """Do what pages need and no evaluation changes: compile the templates, load matplotlib and its fonts.

    `write_evaluation` does it too; called while a model works, it costs no time.
    """
    for name in TEMPLATES:
        _environment().get_template(name)
    with drawing("prepared", "") as plot:
        plot.axes.set_title("pass@k")


def write_evaluation(directory: Path) -> Path:
    """Write `directory/report.html` of an evaluation (a directory of `cppo eval`) and return its path.

    The page needs no other file and no network, and is the same for the same directory. Where the episodes would make
    it larger than `PAGE_LIMIT`, statements, plans and programs of some problems are left out, and the page says so;
    index and figures are always whole. Raises `DataError` that names the file and says what to do when one of the
    evaluation's is missing or damaged, or when they are not of the same evaluation.
    """
    path = Path(directory) / FILE_NAME
    write_atomic(path, render_evaluation(read_evaluation(Path(directory))))
    return path


def render_evaluation(data: EvaluationData, limit: int = PAGE_LIMIT) -> str:
    """Return the page of `data` as HTML of at most `limit` bytes, as far as its figures and its index allow."""
    context, template = _context(data), _environment().get_template(TEMPLATES[0])
    rest = _filled(template, context, Packed("", "", 0, 0))
    return _filled(template, context, pack(data, limit - len(whole(rest).encode()) - 1000))


@cache
def _environment() -> Environment:
    return page_environment()


def _filled(template: Template, context: Mapping[str, Any], episodes: Packed) -> str:
    packed = {"index": Markup(episodes.index), "blocks": Markup(episodes.blocks)}
    return template.render(**context, **packed, packed_problems=episodes.problems, left_out=episodes.left_out)


def _context(data: EvaluationData) -> dict[str, Any]:
    recipe, provenance = data.record["recipe"], data.record.get("provenance")
    return {
        **shared_assets("".join(map(asset, SCRIPTS)), asset("browser.css")),
        "name": data.results.name,
        "first": data.first,
        "over": over(data.first.seeds),
        "headline": evaluation_headline(data),
        "caveats": evaluation_caveats(data),
        "sets": [_set(data, one, f"set-{i}") for i, one in enumerate(data.sets, start=1)],
        "cells": data.results.comparisons,
        "titles": {arm.name: arm.title for arm in data.first.arms},
        "set_titles": {one.name: one.title for one in data.sets},
        "recipe": recipe,
        "models": _models(recipe),
        "record_json": pretty(recipe),
        "provenance_json": pretty(provenance) if provenance else "",
        "results_file": RESULTS,
    }


def _set(data: EvaluationData, one: SetData, slug: str) -> dict[str, Any]:
    """Return what the section of a problem set shows."""
    results, cells = one.results, data.cells(one)
    titles = {arm.name: arm.title for arm in results.arms}
    at = str(results.at)
    dots = [dot(arm, results.own, arm.pass_at[at], arm.pass_at[at].seeds) for arm in results.arms]
    gaps = differences(
        cells, titles, results.own.title, results.confidence, f"{slug}-differences", f"over {over(results.seeds)}"
    )
    return {
        "slug": slug,
        "name": one.title,
        "results": results,
        "facts": _facts(one),
        "drops": drops(one),
        "versus": {row.other: row for row in cells},
        "ladder": marked([ladder(results, f"{slug}-ladder")])[0],
        "pass_at": marked([pass_at_plot(results.at, dots, {}, f"{slug}-pass-at")])[0],
        "differences": next(iter(marked([gaps])), None),
        "detectable": _detectable(cells),
        "diversity": _diversity(results.arms),
        "mix": {arm.name: mix(one.of(arm.name), slots(arm, arm.k)) for arm in results.arms},
        "cost": marked([cost_plot(results, f"{slug}-cost")])[0],
        "spent": {arm.name: tokens(arm) for arm in results.arms},
        "repetitions": len(one.problems) * len(results.seeds),
        "failed": any(arm.failures or arm.faults for arm in results.arms),
    }


def _detectable(cells: Sequence[Cell]) -> str:
    """Return which true difference the comparisons of a set would find, in words; "" where none knows."""
    found = [cell.minimum_detectable for cell in cells if cell.minimum_detectable is not None]
    if not found:
        return ""
    reach = " to ".join(dict.fromkeys(f"{value:.3f}" for value in (min(found), max(found))))
    return f" Smallest true difference that such a comparison alone finds four times in five: {reach}."


MEASURES = {
    "parse_rate": ("plans that parse", "share"),
    "true_validity": ("plans truly valid", "share"),
    "first_slot": ("first slot alone", "number"),
    "coordination_gain": ("coordination gain", "signed"),
    "duplicate_rate": ("duplicates", "number"),
    "effective_strategies": ("effective strategies", "number"),
    "duplicate_programs": ("duplicate programs", "number"),
    "effective_programs": ("effective programs", "number"),
}
"""Figures of plans and of diversity: what they are called, how they are written."""


def _diversity(arms: tuple[EvaluationArm, ...]) -> dict[str, tuple[str, str]]:
    """Return the measures that at least one arm has."""
    return {key: words for key, words in MEASURES.items() if any(getattr(arm, key) is not None for arm in arms)}


def _facts(one: SetData) -> dict[str, Any]:
    """Return where the problems of a set come from and how many there are, in words, in order."""
    known = one.results.problems
    where = [known[key] for key in ("repository", "what") if known.get(key)]
    days = [str(known[key]) for key in ("first_contest", "last_contest") if known.get(key)]
    files = [str(file["name"]) for file in known.get("files") or () if isinstance(file, dict) and "name" in file]
    facts = {
        "problems": known.get("test"),
        "tests": known.get("tests"),
        "data set": ", ".join(map(str, where)) or known.get("source"),
        "revision": known.get("revision"),
        "files": ", ".join(files),
        "contests": " to ".join(dict.fromkeys(days)),
        "rows read": known.get("rows"),
        "hash of problems and tests": known.get("fingerprint"),
    }
    return {key: value for key, value in facts.items() if value not in (None, "")}


def _models(recipe: Mapping[str, Any]) -> dict[str, str]:
    """Return where every model of the recipe is, in words."""
    models = recipe.get("models")
    found = {}
    for name, model in models.items() if isinstance(models, dict) else ():
        server = model.get("server") if isinstance(model, dict) else None
        if isinstance(server, dict):
            found[str(name)] = f"{server.get('model')} at {server.get('base_url')}"
        elif isinstance(model, dict):
            found[str(name)] = str(model.get("path"))
    return found
