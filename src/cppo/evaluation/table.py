"""The result as a table for terminals and text files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.table import Table


def result_table(results: Mapping[str, Any]) -> Table:
    """Return the table of arms: pass@k with intervals, the difference to the subject, tokens a problem; then limits."""
    ks = [str(k) for k in results["ks"]]
    level = round(100 * results["confidence"])
    table = Table(
        title=f"{results['name']}: {results['problems']['test']} test problems, {results['budget']} programs each, "
        f"seed {results['seed']}, {level} % intervals",
        title_justify="left",
    )
    table.add_column("method", no_wrap=True)
    for k in ks:
        table.add_column(f"pass@{k}", justify="right", no_wrap=True)
    for name in ("CPPO − it", "p (Holm)", "tokens/problem"):
        table.add_column(name, justify="right", no_wrap=True)
    versus = {row["other"]: row for row in results["comparisons"]}
    for arm in results["arms"]:
        table.add_row(
            arm["title"],
            *[_interval(arm["pass_at"][k]) for k in ks],
            *_versus(versus.get(arm["name"])),
            _tokens(arm, results),
        )
    for kind, title in (("independent", "best independent policy"), ("coordinated", "best coordinated policy")):
        if results.get("limits"):
            table.add_row(f"[dim]{title}", *[f"[dim]{results['limits'][k][kind]:.3f}" for k in ks], "", "", "")
    return table


def _interval(cell: Mapping[str, float]) -> str:
    return f"{cell['mean']:.3f} [{cell['low']:.3f}, {cell['high']:.3f}]"


def _versus(row: Mapping[str, Any] | None) -> tuple[str, str]:
    if row is None:
        return "", ""
    return f"{row['difference']:+.3f} [{row['low']:+.3f}, {row['high']:+.3f}]", f"{row['holm_p']:.4f}"


def _tokens(arm: Mapping[str, Any], results: Mapping[str, Any]) -> str:
    problems = results["problems"]["test"]
    return f"{(arm['tokens']['planner'] + arm['tokens']['solver']) / problems:.0f}"
