"""`cppo study` and `cppo ablate`: what is missing is run, what is there is put together."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from cppo.budget import check_equal_attempts, unequal_ablations
from cppo.cli.console import make_reporter, results_console
from cppo.cli.study_tables import ablation_table, study_table
from cppo.errors import ConfigError
from cppo.evaluation.study_settings import FULL
from cppo.files import write_json
from cppo.recipe import load_recipe
from cppo.runs import Run
from cppo.study.layout import Study, locked
from cppo.study.result import ABLATIONS, RESULTS, ablation_result, study_result
from cppo.study.scheduler import Scheduler, Task
from cppo.study.tasks import ablation_runs, ablation_tasks, finished_seconds, seed_tasks


def study(arguments: argparse.Namespace) -> int:
    """Run every stage of every seed that is missing, then write and print the result over seeds."""
    study = _study(arguments)
    check_equal_attempts(study.recipe)
    with study.open():
        runs = [study.seed_run(seed) for seed in study.seeds]
        with locked(runs):
            _work(arguments, study, seed_tasks(study, runs), runs)
            result = study_result(study, runs)
    write_json(study.directory / RESULTS, result)
    _show(study, study_table(result), result)
    return 0


def ablate(arguments: argparse.Namespace) -> int:
    """Run what the ablations of every seed lack, then write and print them beside the full method."""
    study = _study(arguments)
    study.check_ablations()
    with study.open():
        seeds = {seed: study.seed_run(seed) for seed in study.seeds}
        ablated = {seed: ablation_runs(study, seed, run) for seed, run in seeds.items()}
        runs = [*seeds.values(), *(run for mine in ablated.values() for run in mine)]
        with locked(runs):
            tasks = [task for seed, run in seeds.items() for task in ablation_tasks(study, ablated[seed], run)]
            _work(arguments, study, tasks, runs, unequal_ablations(study.recipe))
            result = ablation_result(study, {seed: _named(study, seeds[seed], mine) for seed, mine in ablated.items()})
    write_json(study.directory / ABLATIONS, result)
    _show(study, ablation_table(result), result)
    return 0


def _named(study: Study, seed_run: Run, runs: Sequence[Run]) -> dict[str, Run]:
    """Return the ablation runs of a seed by name; the full method is the seed's own run where that is evaluated."""
    found = {run.directory.parent.name: run for run in runs}
    return {FULL: found.get(FULL, seed_run), **{name: found[name] for name in study.ablations}}


def _study(arguments: argparse.Namespace) -> Study:
    if arguments.jobs is not None and arguments.jobs < 1:
        raise ConfigError(f"--jobs is {arguments.jobs}; it is the number of stages that run at once, at least 1")
    recipe = load_recipe(arguments.recipe, arguments.override)
    return Study(recipe, Path(arguments.output or Path("runs") / f"{recipe.name}-study"))


def _work(
    arguments: argparse.Namespace, study: Study, tasks: Sequence[Task], runs: Sequence[Run], caveats: Sequence[str] = ()
) -> None:
    """Run `tasks`; whoever waits hours for a result hears first what it will not show."""
    jobs = arguments.jobs or study.recipe.jobs
    reporter = make_reporter(arguments.quiet)
    try:
        for text in caveats if tasks else ():
            reporter.say(f"warning: {text}")
        Scheduler(tasks, jobs, reporter, finished_seconds(runs)).run()
    finally:
        reporter.close()


def _show(study: Study, table: Any, result: dict[str, Any]) -> None:
    from cppo.report import write_study

    console = results_console()
    console.print(table)
    for text in result["warnings"]:
        console.print(f"warning: {text}")
    console.print(f"page: {write_study(study.directory)}")
