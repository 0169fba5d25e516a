"""The page of a study: the result over training seeds, the ablations, the training curves of every seed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from cppo.files import write_atomic
from cppo.report.curves import FEW, WINDOW, Curve, Question, draw, reward_axis
from cppo.report.formats import signed
from cppo.report.headline import after_holm, sentences, testbed_caveats
from cppo.report.inputs import Limit
from cppo.report.page import FILE_NAME, marked, page_environment, pretty, shared_assets
from cppo.report.plots import Plot, differences, dot, pass_at_plot
from cppo.report.stages import STAGE_TITLES
from cppo.report.study_inputs import StudyData, StudyResults, read_study
from cppo.report.svg import SERIES

OVER = "training seeds and problems"


def write_study(directory: Path) -> Path:
    """Write `directory/report.html` of a study and return its path.

    The page needs no other file and no network, and is the same for the same directory. Raises `DataError` when neither
    results.json nor ablations.json is there, or a file is damaged.
    """
    path = Path(directory) / FILE_NAME
    write_atomic(path, render_study(read_study(Path(directory))))
    return path


def render_study(data: StudyData) -> str:
    """Return the page of `data` as HTML."""
    first = data.first
    context: dict[str, Any] = {
        **shared_assets(),
        "first": first,
        "headline": study_headline(data),
        "caveats": [*_warnings(data), *testbed_caveats(first)],
        "study": _section(data.study, "study"),
        "ablations": _section(data.ablations, "ablations"),
        "curves": marked(training_plots(data)),
        "few": FEW,
        "window": WINDOW,
        "record_json": pretty(data.record) if data.record else "",
    }
    return page_environment().get_template("study.html").render(**context)


def _warnings(data: StudyData) -> list[str]:
    """Return the warnings of both results, those of the ablations said to be theirs where both are shown."""
    found = [f"{text}." for text in data.first.warnings]
    if data.study is not None and data.ablations is not None:
        found += [f"Ablations: {text}." for text in data.ablations.warnings]
    return found


def study_headline(data: StudyData) -> list[str]:
    """Return the sentences at the top, computed from the result: the subject, its best comparator, the limits, and what
    each ablation costs."""
    found = sentences(data.first, data.first.own, OVER) if data.study else []
    if data.ablations is not None:
        found += ablation_sentences(data.ablations)
    return found


def ablation_sentences(results: StudyResults) -> list[str]:
    """Return which ablations are worse than the full method, which better, and which are not told apart from it."""
    titles = {arm.name: arm.title for arm in results.arms}
    kinds: dict[str, list[str]] = {"worse": [], "better": [], "not told apart": []}
    for row in results.comparisons:
        kind = "not told apart" if not row.clear else "worse" if row.difference > 0 else "better"
        kinds[kind].append(f"“{titles[row.other]}” ({signed(-row.difference)})")
    parts = "; ".join(f"{kind}: {', '.join(names)}" for kind, names in kinds.items() if names)
    cell, tests = results.own.pass_at[str(results.at)], len(results.comparisons)
    seeds = ", ".join(map(str, results.seeds))
    return [
        f"Ablations (training seeds {seeds}) against the full {results.own.title} at pass@{results.at} "
        f"{cell.mean:.3f} [{cell.low:.3f}, {cell.high:.3f}], after {after_holm(tests)}: {parts}."
    ]


def _section(results: StudyResults | None, name: str) -> dict[str, Any] | None:
    """Return what one of the two results shows: its plots and tables."""
    if results is None:
        return None
    titles = {arm.name: arm.title for arm in results.arms}
    plots = [
        pass_at_plot(
            k,
            [dot(arm, results.own, arm.pass_at[str(k)], arm.pass_at[str(k)].seeds) for arm in results.arms],
            results.limits,
            f"{name}-pass-at",
        )
        for k in results.ks
    ]
    difference = differences(
        results.comparisons, titles, results.own.title, results.confidence, f"{name}-differences", f"over {OVER}"
    )
    return {
        "results": results,
        "pass_at": marked(plots),
        "differences": next(iter(marked([difference])), None),
        "versus": {row.other: row for row in results.comparisons},
    }


def training_plots(data: StudyData) -> list[Plot]:
    """Return the training curves, a line a seed: pass@K by stage of reinforcement learning, then solver fidelity."""
    metrics = {f"seed-{seed}/{stage}": rows for seed, stages in data.metrics.items() for stage, rows in stages.items()}
    present = list(dict.fromkeys(stage for stages in data.metrics.values() for stage in stages))
    trained = [name for name in ("joint", *present) if name in present and name not in ("sft", "validity", "warmup")]
    drawn = []
    k = data.first.k
    pass_at, unit, limits = reward_axis(k, data.first.limits)
    for stage in dict.fromkeys(trained):
        key = "r_out" if stage == "joint" else pass_at
        drawn.append(draw(metrics, _question(data, stage, key, f"{_title(data, stage)}: pass@{k}", unit, limits)))
    for stage in dict.fromkeys(trained):
        title = f"{_title(data, stage)}: solver fidelity on known methods"
        drawn.append(draw(metrics, _question(data, stage, "solver_fidelity", title, "share exact")))
    return [plot for plot in drawn if plot is not None]


def _question(data: StudyData, stage: str, key: str, title: str, unit: str, limits: Limit | None = None) -> Question:
    curves = tuple(
        Curve(f"seed-{seed}/{stage}", key, f"seed {seed}", number % len(SERIES))
        for number, seed in enumerate(data.metrics)
    )
    return Question(f"{stage}-{key.replace('_', '-')}", title, unit, curves, limits=limits)


def _title(data: StudyData, stage: str) -> str:
    if data.study is not None:
        subject = data.study.subject
        first = sorted(data.study.arms, key=lambda arm: arm.name != subject)  # it is the subject that names a stage
        named = next((arm.title for arm in first if arm.stage == stage), None)
        if named is not None:
            return named
    return STAGE_TITLES.get(stage, stage)
