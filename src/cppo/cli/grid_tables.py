"""The results of `cppo eval` as tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.table import Table

from cppo.cli.study_tables import arm_rows


def set_table(result: Mapping[str, Any]) -> Table:
    """Return the arms of one problem set: pass@k, the same at equal tokens, the subject's lead, tokens a problem."""
    facts = (
        *set_facts(result["problems"]),
        f"{result['budget']} programs each",
        f"seeds {', '.join(map(str, result['seeds']))}",
        f"{round(100 * result['confidence'])} % intervals",
    )
    return arm_rows(result, f"{result['problems']['set']}: {', '.join(facts)}")


def set_facts(problems: Mapping[str, Any]) -> list[str]:
    """Return what every table says of a problem set: problems, contests from when to when, tests, files, revision."""
    dates = [problems[key] for key in ("first_contest", "last_contest") if key in problems]
    files = [file["name"] for file in problems.get("files") or () if isinstance(file, Mapping)]
    where = [str(problems[key]) for key in ("repository", "revision") if problems.get(key)]
    return [
        f"{problems['test']} problems",
        *([f"contests {' to '.join(dict.fromkeys(dates))}"] if dates else []),
        f"{problems['tests']} tests",
        *([" ".join([*where, *files])] if where or files else []),
    ]


def notes(result: Mapping[str, Any]) -> Iterator[str]:
    """Yield what is said below the table of a problem set: tokens by phase, what the comparisons could find, calls that
    came to nothing, and warnings."""
    tokens = [
        f"{arm['title']} {arm['tokens']['planner']['mean']:.0f} + {arm['tokens']['solver']['mean']:.0f}"
        for arm in result["arms"]
    ]
    yield f"completion tokens a problem, planner + solver: {'; '.join(tokens)}"
    estimated = sum(role.get("estimated", 0) for arm in result["arms"] for role in arm["roles"].values())
    if estimated:
        yield f"the server did not count the tokens of {estimated:,} calls; they are estimated"
    found = [row["minimum_detectable"] for row in result["comparisons"] if row["minimum_detectable"] is not None]
    if found:
        yield (
            f"smallest true difference that a comparison alone finds four times in five: {min(found):.3f}"
            + (f" to {max(found):.3f}" if len(found) > 1 else "")
        )
    for arm in result["arms"]:
        if arm["failures"]:
            counts = ", ".join(f"{where} {count}" for where, count in arm["failures"].items())
            yield f"{arm['title']}: calls without an answer: {counts}; run again to repeat the errors"
    yield from result["warnings"]


def cost_table(rows: Sequence[Mapping[str, Any]]) -> Table:
    """Return requests and tokens that are still to come, by set, arm and role, and their sum."""
    table = Table(title="still to come", title_justify="left")
    for name in ("set", "arm", "role"):
        table.add_column(name, no_wrap=True)
    for name in ("requests", "tokens in", "tokens out, at most"):
        table.add_column(name, justify="right", no_wrap=True)
    for row in rows:
        about = "" if row["exact"] else "about "
        table.add_row(
            row["set"], row["arm"], row["role"], f"{row['requests']:,}", f"{about}{row['tokens_in']:,}",
            f"{row['tokens_out_at_most']:,}",
        )  # fmt: skip
    if rows:
        table.add_section()
    keys = ("requests", "tokens_in", "tokens_out_at_most")
    table.add_row("all", "", "", *(f"{sum(row[key] for row in rows):,}" for key in keys))
    return table


def compare_table(found: Mapping[str, Any]) -> Table:
    """Return two evaluations against each other, a row for every problem set and arm."""
    cells = found["cells"]
    title = (
        f"{found['a']} − {found['b']}: seeds {', '.join(map(str, found['seeds']))}, {len(cells)} "
        f"comparison{'s' * (len(cells) != 1)}, {round(100 * cells[0]['confidence'])} % intervals"
    )
    table = Table(title=title, title_justify="left")
    for name in ("set", "method"):
        table.add_column(name)
    for name in (
        "k",
        "problems",
        found["a"],
        found["b"],
        "difference",
        "p",
        "p (Holm)",
        "p (sign flips)",
        "detectable",
    ):
        table.add_column(name, justify="right")
    for cell in cells:
        detectable = cell["minimum_detectable"]
        table.add_row(
            cell["set"], cell["title"], str(cell["k"]), str(cell["problems"]), f"{cell['mean_a']:.3f}",
            f"{cell['mean_b']:.3f}", f"{cell['difference']:+.3f} [{cell['low']:+.3f}, {cell['high']:+.3f}]",
            f"{cell['p_value']:.4f}", f"{cell['holm_p']:.4f}", f"{cell['permutation_p']:.4f}",
            "" if detectable is None else f"{detectable:.3f}",
        )  # fmt: skip
    return table
