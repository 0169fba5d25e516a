"""Tables that commands print."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.table import Table

from cppo.evaluation.limits import FamilyMatrix


def matrix_tables(matrices: Sequence[FamilyMatrix]) -> list[Table]:
    """Return, for each family, which share of each trait's problems each strategy passes."""
    tables = []
    for matrix in matrices:
        table = Table(title=f"{matrix.family}: share of problems passed, by execution", title_justify="left")
        table.add_column("trait")
        table.add_column("share", justify="right")
        for strategy in matrix.strategies:
            table.add_column(strategy, justify="right")
        for t, trait in enumerate(matrix.traits):
            cells = [f"{rate:.2f}" if rate else "·" for rate in matrix.rates_TS[t]]
            table.add_row(trait, f"{matrix.shares_T[t]:.2f}", *cells)
        tables.append(table)
    return tables


def limits_table(result: Mapping[str, Any], problems: int) -> Table:
    """Return the best coordinated and the best independent policy for every k."""
    table = Table(title=f"limits of any policy on these {problems} problems (exact solver)", title_justify="left")
    table.add_column("k", justify="right")
    table.add_column("best coordinated", justify="right")
    table.add_column("best independent", justify="right")
    for k, row in result.items():
        table.add_row(k, f"{row['coordinated']:.4f}", f"{row['independent']:.4f}")
    return table


def compare_table(result: Mapping[str, Any]) -> Table:
    """Return pass@k of every arm, mean and range over seeds, and the subject's lead over it."""
    seeds = ", ".join(map(str, result["seeds"]))
    table = Table(title=f"{len(result['runs'])} runs, training seeds {seeds}: mean [least, most]", title_justify="left")
    table.add_column("method", no_wrap=True)
    for k in result["ks"]:
        table.add_column(f"pass@{k}", justify="right", no_wrap=True)
    for name in (f"lead at pass@{result['k']}", "p", "p (Holm)", "p (sign flip)"):
        table.add_column(name, justify="right", no_wrap=True)
    rows = {row["other"]: row for row in result["comparisons"]}
    for arm in result["arms"]:
        values = [arm["pass_at"][str(k)] for k in result["ks"]]
        cells = [f"{sum(v) / len(v):.3f} [{min(v):.3f}, {max(v):.3f}]" for v in values]
        row = rows.get(arm["name"])
        lead = ["", "", "", ""]
        if row is not None:
            lead = [f"{row['difference']:+.3f} [{row['low']:+.3f}, {row['high']:+.3f}]"]
            lead += [f"{row[key]:.4f}" for key in ("p_value", "holm_p", "permutation_p")]
        table.add_row(arm["title"], *cells, *lead)
    return table


def config_table(rows: Sequence[tuple[str, str, str]]) -> Table:
    """Return keys, defaults and descriptions."""
    table = Table(box=None, pad_edge=False)
    table.add_column("key", no_wrap=True)
    table.add_column("default", overflow="fold", max_width=36)
    table.add_column("meaning", overflow="fold")
    for row in rows:
        table.add_row(*row)
    return table
