"""The results of a study as tables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.table import Table


def study_table(result: Mapping[str, Any]) -> Table:
    """Return pass@k of every arm over seeds, the same at the subject's tokens (and of how many programs), the subject's
    lead, tokens, and the limits."""
    return arm_rows(result, _title(result))


def arm_rows(result: Mapping[str, Any], title: str) -> Table:
    """Return the arms of a result over seeds under this title."""
    table, at = _table(result, title), str(result["at"])
    table.add_column("at equal\ntokens", justify="right", no_wrap=True)
    _lead_columns(table, result)
    table.add_column("tokens a\nproblem", justify="right", no_wrap=True)
    for arm in result["arms"]:
        tokens = sum(part["mean"] for part in arm["tokens"].values())
        table.add_row(
            arm["title"], *_pass_at(result, arm), _equal_tokens(arm["equal_tokens"][at]), *_lead(result, arm),
            f"{tokens:.0f}",
        )  # fmt: skip
    _limit_rows(table, result, blanks=4)
    return table


def ablation_table(result: Mapping[str, Any]) -> Table:
    """Return the full method and every ablation: pass@k (with its interval at the k of the comparison), the full
    method's lead, validity, diversity, gain, and programs tried in training."""
    table = _table(result, _title(result))
    _lead_columns(table, result)
    for name in ("truly\nvalid", "effective\nstrategies", "coordination\ngain", "trained\non"):
        table.add_column(name, justify="right", no_wrap=True)
    for arm in result["arms"]:
        cells = {k: arm["pass_at"][str(k)] for k in result["ks"]}
        shown = [_interval(cell) if k == result["at"] else f"{cell['mean']:.3f}" for k, cell in cells.items()]
        of = "" if arm["k"] == result["k"] else f" of {arm['k']}"
        facts = [_mean(arm["true_validity"]), _mean(arm["effective_strategies"]) + of, _mean(arm["coordination_gain"])]
        table.add_row(arm["title"], *shown, *_lead(result, arm), *facts, f"{arm['training_programs']:,}")
    _limit_rows(table, result, blanks=6)
    return table


def _title(result: Mapping[str, Any]) -> str:
    seeds = ", ".join(map(str, result["seeds"]))
    level = round(100 * result["confidence"])
    return (
        f"{result['name']}: {result['problems'].get('test', '?')} test problems, {result['budget']} programs each, "
        f"training seeds {seeds}, {level} % intervals over seeds and problems"
    )


def _table(result: Mapping[str, Any], title: str) -> Table:
    table = Table(title=title, title_justify="left")
    table.add_column("method", no_wrap=True)
    for k in result["ks"]:
        table.add_column(f"pass@{k}", justify="right", no_wrap=True)
    return table


def _pass_at(result: Mapping[str, Any], arm: Mapping[str, Any]) -> list[str]:
    return [_interval(arm["pass_at"][str(k)]) for k in result["ks"]]


def _interval(cell: Mapping[str, float]) -> str:
    return f"{cell['mean']:.3f} [{cell['low']:.3f}, {cell['high']:.3f}]"


def _lead_columns(table: Table, result: Mapping[str, Any]) -> None:
    title = next(arm["title"] for arm in result["arms"] if arm["name"] == result["subject"])
    table.add_column(f"{title} − it\nat pass@{result['at']}", justify="right", no_wrap=True)
    table.add_column("p\n(Holm)", justify="right", no_wrap=True)


def _lead(result: Mapping[str, Any], arm: Mapping[str, Any]) -> tuple[str, str]:
    row = next((row for row in result["comparisons"] if row["other"] == arm["name"]), None)
    if row is None:
        return "", ""
    return f"{row['difference']:+.3f} [{row['low']:+.3f}, {row['high']:+.3f}]", f"{row['holm_p']:.4f}"


def _equal_tokens(cell: Mapping[str, Any] | None) -> str:
    return "" if cell is None or cell["mean"] is None else f"{cell['mean']:.3f} ({cell['programs']})"


def _limit_rows(table: Table, result: Mapping[str, Any], blanks: int) -> None:
    for kind, title in (("independent", "best independent policy"), ("coordinated", "best coordinated policy")):
        if result["limits"]:
            cells = [result["limits"].get(str(k)) for k in result["ks"]]
            shown = [f"[dim]{cell[kind]:.3f}" if cell else "" for cell in cells]
            table.add_row(f"[dim]{title}", *shown, *[""] * blanks)


def _mean(cell: Mapping[str, Any] | None) -> str:
    return "" if cell is None else f"{cell['mean']:.3f}"
