"""`cppo table`: evaluations side by side. `cppo compare` of two evaluations: one against the other."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from rich.table import Table

from cppo.cli.console import results_console
from cppo.cli.grid_tables import compare_table, set_facts
from cppo.errors import ConfigError, RunError
from cppo.evaluation.grid_files import RESULTS
from cppo.files import read_json
from cppo.grid.compare import compare_grids
from cppo.grid.layout import Grid
from cppo.grid.table import lay_out


def table(arguments: argparse.Namespace) -> int:
    """Lay out the results of evaluations."""
    evaluations: dict[str, Mapping[str, Any]] = {}
    for name in arguments.directories:
        result = read_results(Path(name))
        if result["name"] in evaluations:
            raise ConfigError(f"two evaluations are called {result['name']!r}; give one of them another `name`")
        evaluations[result["name"]] = result
    laid = lay_out(evaluations, arguments.at, arguments.against)
    if arguments.json:
        print(json.dumps(laid, indent=2))
    elif arguments.markdown:
        print(markdown(laid))
    else:
        console = results_console()
        console.print(rich_table(laid))
        for note in notes(laid):
            console.print(note, markup=False)
    return 0


def compare(arguments: argparse.Namespace) -> int:
    """Hold the first of two evaluations against the second, arm by arm."""
    if len(arguments.directories) != 2:
        raise ConfigError(
            f"{len(arguments.directories)} directories are given; evaluations are compared by twos, A and B"
        )
    a, b = (Grid.load(Path(name)) for name in arguments.directories)
    found = compare_grids(a, b, arguments.resamples)
    if arguments.json:
        print(json.dumps(found, indent=2))
        return 0
    console = results_console()
    console.print(compare_table(found))
    for note in found["warnings"]:
        console.print(f"note: {note}", markup=False)
    return 0


def read_results(directory: Path) -> dict[str, Any]:
    """Return the results of an evaluation. Raises `RunError` for a directory that is none, or has no results yet."""
    Grid.load(directory)
    path = directory / RESULTS
    if not path.exists():
        raise RunError(f"{directory} has no results yet; finish it with the same `cppo eval` command")
    result = read_json(path)
    if not (isinstance(result, dict) and isinstance(result.get("results"), dict) and result["results"]):
        raise RunError(f"{path} is damaged; run the same `cppo eval` command again, it writes the results anew")
    return result


def rows_of(laid: Mapping[str, Any]) -> list[list[str]]:
    """Return the table as text: a header, a row for every method, and the subject's lead where one is asked for."""
    columns = laid["columns"]
    rows = [[f"pass@{laid['at']}", *(f"{column['group']} {column['set']}" for column in columns)]]
    for row in laid["rows"]:
        rows.append([row["title"], *(_interval(column["cells"].get(row["name"])) for column in columns)])
    if laid["against"] is not None:
        titles = _titles(laid)
        rows.append([f"{titles[laid['subject']]} − {titles[laid['against']]}", *(_lead(c["lead"]) for c in columns)])
        rows.append(["p (Holm over the row)", *(f"{column['lead']['holm_p']:.4f}" for column in columns)])
        rows.append(["detectable difference", *(_detectable(column["lead"]) for column in columns)])
    return rows


def notes(laid: Mapping[str, Any]) -> Iterator[str]:
    """Yield what must be said with the table: of every column what it is of and what it cost, and how it was made."""
    level = round(100 * laid["confidence"])
    yield (
        f"{laid['budget']} programs a problem, K = {laid['k']}, seeds {', '.join(map(str, laid['seeds']))}, {level} % "
        "intervals over problems" + (" and seeds" if len(laid["seeds"]) > 1 else "")
    )
    titles = _titles(laid)
    for column in laid["columns"]:
        spent = "; ".join(
            f"{titles[name]} {parts['planner']:.0f} + {parts['solver']:.0f}" for name, parts in column["tokens"].items()
        )
        facts = ", ".join(set_facts(column["problems"]))
        yield f"{column['group']} {column['set']}: {facts}; completion tokens a problem, planner + solver: {spent}"
    yield from laid["warnings"]
    if laid["no_lead"] is not None:
        yield f"no lead over a comparator: {laid['no_lead']}"
    if laid["named_beforehand"] is False:
        yield (
            f"{titles[laid['subject']]} against {titles[laid['against']]} was not named before the results of every "
            "column were there (`subject` and `comparator` of the recipe): a choice after looking makes p too small"
        )


def rich_table(laid: Mapping[str, Any]) -> Table:
    """Return the table for a terminal."""
    header, *rows = rows_of(laid)
    table = Table(*header)
    for row in rows:
        table.add_row(*row)
    return table


def markdown(laid: Mapping[str, Any]) -> str:
    """Return the table as Markdown, and what must be said with it as a list."""
    header, *rows = rows_of(laid)
    lines = [header, ["---"] * len(header), *rows]
    table = [f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines]
    return "\n".join([*table, "", *(f"- {note}" for note in notes(laid))])


def _titles(laid: Mapping[str, Any]) -> dict[str, str]:
    return {row["name"]: row["title"] for row in laid["rows"]}


def _interval(cell: Mapping[str, float] | None) -> str:
    return "" if cell is None else f"{cell['mean']:.3f} [{cell['low']:.3f}, {cell['high']:.3f}]"


def _lead(lead: Mapping[str, float]) -> str:
    return f"{lead['difference']:+.3f} [{lead['low']:+.3f}, {lead['high']:+.3f}]"


def _detectable(lead: Mapping[str, float | None]) -> str:
    value = lead["minimum_detectable"]
    return "" if value is None else f"{value:.3f}"
