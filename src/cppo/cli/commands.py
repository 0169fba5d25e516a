"""What the commands do, once their arguments are parsed."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console

from cppo.cli.console import make_reporter, quieten, results_console
from cppo.config import describe
from cppo.errors import ConfigError, choose
from cppo.files import read_json
from cppo.pipeline import run_pipeline
from cppo.recipe import Recipe, load_recipe
from cppo.runs import Run


def run(arguments: argparse.Namespace, stages: Sequence[str] | None) -> int:
    """Run stages of a recipe; print the table once there are results."""
    recipe = load_recipe(arguments.recipe, arguments.override)
    for name in stages or ():
        choose("stage", name, recipe.stages())
    directory = Path(arguments.output or Path("runs") / recipe.name)
    quieten()
    current = Run.open(directory, recipe)
    reporter = make_reporter(arguments.quiet)
    try:
        run_pipeline(current, stages, reporter)
    finally:
        reporter.close()
    if stages is None or {"evaluate", "report"} & set(stages):
        _print_results(directory)
    return 0


def report(arguments: argparse.Namespace) -> int:
    """Write the page of a run, a study or an evaluation and print where it is."""
    from cppo.evaluation.grid_files import RECORD as EVALUATION
    from cppo.report import write_evaluation, write_report, write_study
    from cppo.study.layout import RECORD as STUDY

    directory = Path(arguments.directory)
    writers = {STUDY: write_study, EVALUATION: write_evaluation}
    write = next((writer for record, writer in writers.items() if (directory / record).exists()), write_report)
    print(write(directory))
    return 0


def compare(arguments: argparse.Namespace) -> int:
    """Put runs that differ in their seed together: pass@k by arm, and the subject against every other arm. Or hold one
    evaluation of `cppo eval` against another."""
    from cppo.evaluation.grid_files import RECORD as EVALUATION

    if any((Path(name) / EVALUATION).exists() for name in arguments.directories):
        from cppo.cli.table import compare as compare_evaluations

        return compare_evaluations(arguments)
    from cppo.cli.tables import compare_table
    from cppo.evaluation.compare import compare_runs
    from cppo.study.result import read_seed_run

    runs = [read_seed_run(Run.load(Path(name)), name) for name in arguments.directories]
    result = compare_runs(runs, arguments.resamples)
    if arguments.json:
        print(json.dumps(result, indent=2))
        return 0
    results_console().print(compare_table(result))
    _note_on_seeds(result["comparisons"])
    return 0


def limits(arguments: argparse.Namespace) -> int:
    """Run every strategy on every test problem and print the best possible policies."""
    from cppo.evaluation.limits import family_matrices
    from cppo.evaluation.limits import limits as policy_limits
    from cppo.problems.pools import load_pools
    from cppo.verifier import Verifier

    recipe = load_recipe(arguments.recipe, arguments.override)
    if recipe.problems.source != "crossroads":
        raise ConfigError("limits need a testbed whose strategies are known; problems.source is 'files'")
    problems = load_pools(recipe.problems, recipe.seed).test
    with Verifier(recipe.verifier, workers=recipe.verifier.workers) as verifier:
        matrices = family_matrices(problems, verifier)
    result = policy_limits(matrices, recipe.evaluation.ks)
    if arguments.json:
        print(json.dumps(result, indent=2))
        return 0
    from cppo.cli.tables import limits_table, matrix_tables

    console = Console()
    for table in (*matrix_tables(matrices), limits_table(result, len(problems))):
        console.print(table)
    return 0


def config(arguments: argparse.Namespace) -> int:
    """Print every key of a recipe."""
    from cppo.cli.tables import config_table

    rows = [row for row in describe(Recipe) if row[0].startswith(arguments.section)]
    if not rows:
        raise ConfigError(f"no key starts with {arguments.section!r}; `cppo config` lists all")
    Console().print(config_table(rows))
    return 0


def _print_results(directory: Path) -> None:
    from cppo.evaluation.table import result_table

    path = directory / "results.json"
    if not path.exists():
        return
    results = read_json(path)
    console = results_console()
    console.print(result_table(results))
    _note_on_seeds(results["comparisons"])
    page = directory / "report.html"
    if page.exists():
        console.print(f"page: {page}")


def _note_on_seeds(comparisons: Sequence[Mapping[str, Any]]) -> None:
    seeds = min((row["seeds"] for row in comparisons), default=0)
    if 0 < seeds < 3:
        print(f"note: training seeds an arm: {seeds}; with fewer than 3, seed noise is not covered")
