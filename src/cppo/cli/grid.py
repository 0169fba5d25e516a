"""`cppo eval` on any models and problems: sample what is owed, put it together; or estimate, or judge again."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from cppo.cli.console import make_reporter, quieten, results_console
from cppo.cli.grid_tables import cost_table, notes, set_table
from cppo.config import apply_overrides, build, read_toml
from cppo.errors import ConfigError
from cppo.evaluation.grid_files import RESULTS
from cppo.files import write_json
from cppo.grid.layout import Grid
from cppo.grid.problem_sets import ProblemSet, load_sets, read_set
from cppo.grid.result import grid_result, set_result
from cppo.grid.run import bring_up, run_grid
from cppo.grid.settings import GridRecipe
from cppo.progress import Reporter


def evaluate(arguments: argparse.Namespace) -> int:
    """Sample every arm on every problem set, then write and print the results."""
    if arguments.checker and not arguments.replay:
        raise ConfigError("--checker judges stored programs again; say which with --replay DIR")
    if arguments.replay and arguments.dry_run:
        raise ConfigError("--replay asks no model, so --dry-run has nothing to estimate; leave one of them out")
    quieten()
    recipe = build(GridRecipe, recipe_data(arguments), arguments.recipe or "command line")
    grid = Grid(recipe, Path(arguments.output or Path("runs") / recipe.name))
    reporter = make_reporter(arguments.quiet or arguments.json)
    try:
        if arguments.dry_run:
            return _estimate(grid, reporter, arguments.json)
        if arguments.replay:
            results = _replay(grid, Path(arguments.replay), arguments.checker, reporter)
        else:
            results = carry_out(grid, reporter, lambda sets: run_grid(grid, sets, reporter, bring_up))
    finally:
        reporter.close()
    show(grid, results, arguments.json)
    return 0


def carry_out(
    grid: Grid,
    reporter: Reporter,
    work: Callable[[list[ProblemSet]], None],
    replay: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Load the problem sets, have `work` write their episodes, write results and page; return the result of all."""
    with grid.open(replay):
        with ThreadPoolExecutor(1) as aside:
            page = aside.submit(_prepare_page)
            sets = load_sets(grid, reporter)
            work(sets)
            page.result()
        return put_together(grid, sets)


def _prepare_page() -> None:
    from cppo.report.evaluation_page import prepare

    prepare()


def recipe_data(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return the recipe as data: the file, if there is one, and what the command line lays over it."""
    data: dict[str, Any] = read_toml(arguments.recipe) if arguments.recipe else {}
    if arguments.recipe:
        data.setdefault("name", Path(arguments.recipe).stem)
    for key in ("problems", "data", "limit", "subject", "comparator"):
        if getattr(arguments, key) not in (None, []):
            data[key] = getattr(arguments, key)
    if arguments.model:
        names = [_model_name(text, arguments) for text in arguments.model]
        if len(set(names)) < len(names):
            raise ConfigError(f"the models would be called {', '.join(names)}; name them in a recipe ([models.NAME])")
        found = [model_data(text, arguments.served) for text in arguments.model]
        data["models"] = dict(zip(names, found, strict=True))
    if arguments.methods:
        data["methods"] = arguments.methods.split(",")
        data.pop("arms", None)
    elif not data.get("arms"):
        data.setdefault("methods", ["direct", "tuple"])
    data = apply_overrides(data, arguments.override)
    for key, hint in (("models", "--model PATH or URL"), ("problems", "--problems FILE or SET")):
        if not data.get(key):
            raise ConfigError(f"there are no {key}: give a recipe with {key}, or {hint}")
    return data


def _is_url(text: str) -> bool:
    return text.startswith(("http://", "https://"))


def _model_name(text: str, arguments: argparse.Namespace) -> str:
    name = arguments.served if _is_url(text) and arguments.served else text.rstrip("/")
    return "".join(c if c.isascii() and (c.isalnum() or c in "_.-") else "-" for c in Path(name).name).lstrip("_.-")


def model_data(text: str, served: str | None, **server: Any) -> dict[str, Any]:
    """Return the settings of a model that the command line names: a path, or the address of a server."""
    if not _is_url(text):
        return {"path": text}
    if not served:
        raise ConfigError(f"--model {text} is a server; say with --served NAME which of its models")
    return {"server": {"base_url": text, "model": served, **server}}


def put_together(grid: Grid, sets: list[ProblemSet]) -> dict[str, Any]:
    """Write results.json of every set and of all, and the page; return the result of all."""
    from cppo.report import write_evaluation

    results = {}
    for one in sets:
        results[one.source] = set_result(grid, one)
        write_json(grid.set_directory(one.source) / RESULTS, results[one.source])
    result = grid_result(grid, results)
    write_json(grid.directory / RESULTS, result)
    write_evaluation(grid.directory)
    return result


def show(grid: Grid, result: Mapping[str, Any], as_json: bool) -> None:
    """Print the tables, or the result as JSON."""
    if as_json:
        print(json.dumps(result, indent=2))
        return
    console = results_console()
    for one in result["results"].values():
        console.print(set_table(one))
        for note in notes(one):
            console.print(f"note: {note}", markup=False)
    console.print(f"page: {grid.directory / 'report.html'}")


def _estimate(grid: Grid, reporter: Reporter, as_json: bool) -> int:
    from cppo.grid.cost import estimate

    grid.check()
    recipe = grid.recipe
    sets = [read_set(source, recipe.data, recipe.limit, reporter) for source in recipe.problems]
    rows = estimate(grid, sets)
    if as_json:
        print(json.dumps(rows, indent=2))
    else:
        results_console().print(cost_table(rows))
    return 0


def _replay(grid: Grid, of: Path, checker: str | None, reporter: Reporter) -> dict[str, Any]:
    from cppo.grid.replay import replay_grid
    from cppo.verifier import find_checker

    if checker:
        find_checker(checker)
    old = Grid.load(of)

    def judge(sets: list[ProblemSet]) -> None:
        changed = replay_grid(old, grid, sets, checker, reporter)
        reporter.say(f"verdicts that changed: {changed}")

    return carry_out(grid, reporter, judge, {"of": old.recipe.name, "checker": checker})
