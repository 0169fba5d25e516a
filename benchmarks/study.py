"""The tables of a study over training seeds, and which of its aims were reached.

    python benchmarks/study.py [RECIPE] [--output DIR] [--ablations] [--preset skewed] [--json FILE] [--KEY=VALUE …]

Runs `cppo study RECIPE` (with `--ablations` `cppo ablate RECIPE`), which does only what is still owed, and prints what
it found as Markdown: hours from scratch on two cores, seconds when the directory is complete. The aims were set before
any figure was known. `--json` writes the same figures as one file. Further options are laid over the recipe, as `cppo
study` does.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

RECIPE = Path(__file__).parent.parent / "recipes" / "crossroads-full.toml"
NEAR = 0.05
"""How far from a value still counts as near it: the share of it, or points of pass@k."""

TESTS = ("p (Holm)", "p (sign flips)", "p (seeds alone)")
"""Of the hierarchical bootstrap, corrected for all rows; and, uncorrected, of sign flips over problems and of a t-test
over seeds."""

Result = Mapping[str, Any]


def main() -> None:
    """Run what is owed and print the tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("recipe", nargs="?", type=Path, default=RECIPE)
    parser.add_argument("--output", type=Path, help="directory of the study (default: that of cppo study)")
    parser.add_argument("--ablations", action="store_true", help="the ablations instead of the methods")
    parser.add_argument("--preset", help="problems.preset, another setting of the testbed")
    parser.add_argument("--seeds", help="study.seeds, as a list: [0, 1, 2]")
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    options, overrides = parser.parse_known_args()
    directory = options.output or Path("runs") / f"{options.recipe.stem}-{options.preset or 'study'}"
    command = [sys.executable, "-m", "cppo.cli.main", "ablate" if options.ablations else "study", str(options.recipe)]
    command += ["--output", str(directory)]
    if options.preset:
        command += ["--problems.preset", options.preset]
    if options.seeds:
        command += ["--study.seeds", options.seeds]
    command += overrides
    if status := subprocess.run(command, stdout=subprocess.DEVNULL, check=False).returncode:
        sys.exit(status)
    result = json.loads((directory / ("ablations.json" if options.ablations else "results.json")).read_text())
    for line in report(result, options.ablations):
        print(line)
    if options.json:
        options.json.write_text(json.dumps(result, indent=1) + "\n")


def report(result: Result, ablations: bool) -> Iterator[str]:
    """Yield the lines of the Markdown: arms, and for a study with limits its aims."""
    seeds = ", ".join(map(str, result["seeds"]))
    yield (
        f"{result['problems']['test']} test problems, {result['budget']} programs a problem and method, training seeds "
        f"{seeds}; {round(100 * result['confidence'])} % intervals over seeds and problems."
    )
    yield from (f"\n{warning}." for warning in result["warnings"])
    yield ""
    yield from table(*(ablation_rows(result) if ablations else arm_rows(result)))
    if not ablations and result["limits"]:
        yield ""
        yield from table(["aim", "figure", ""], aims(result))


def arm_rows(result: Result) -> tuple[list[str], list[list[str]]]:
    """Return the head and the rows of the methods' table."""
    at, title = str(result["at"]), own(result)["title"]
    head = [
        "method", *(f"pass@{k}" for k in result["ks"]), f"every seed, pass@{at}", "at equal tokens", "strategies",
        "coordination gain", f"{title} − it at pass@{at}", *TESTS,
    ]  # fmt: skip
    rows = []
    for arm in result["arms"]:
        equal = arm["equal_tokens"][at]
        rows.append([
            named(result, arm), *(interval(arm["pass_at"][str(k)]) for k in result["ks"]),
            " ".join(f"{value:.3f}" for value in arm["pass_at"][at]["seeds"]),
            f"{interval(equal)} ({equal['programs']})" if equal and equal["mean"] is not None else "",
            mean(arm["effective_strategies"]), gain(arm), *lead(result, arm),
        ])  # fmt: skip
    return head, rows + limit_rows(result, len(head))


def ablation_rows(result: Result) -> tuple[list[str], list[list[str]]]:
    """Return the head and the rows of the ablations' table."""
    at, title = str(result["at"]), own(result)["title"]
    head = [
        "ablation", *(f"pass@{k}" for k in result["ks"]), f"every seed, pass@{at}", "truly valid", "strategies",
        "coordination gain", f"{title} − it at pass@{at}", *TESTS, "programs in training",
    ]  # fmt: skip
    rows = []
    for arm in result["arms"]:
        of = "" if arm["k"] == result["k"] else f" (of K = {arm['k']})"
        strategies, gained = (cell and f"{cell}{of}" for cell in (mean(arm["effective_strategies"]), gain(arm)))
        rows.append([
            named(result, arm), *(interval(arm["pass_at"][str(k)]) for k in result["ks"]),
            " ".join(f"{value:.3f}" for value in arm["pass_at"][at]["seeds"]),
            mean(arm["true_validity"]), strategies, gained,
            *lead(result, arm), f"{arm['training_programs']:,}",
        ])  # fmt: skip
    return head, rows + limit_rows(result, len(head))


def aims(result: Result) -> list[list[str]]:
    """Return what was aimed at, what was found, and whether it was reached; nothing of arms that were not trained."""
    at, arms = str(result["at"]), {arm["name"]: arm for arm in result["arms"]}
    subject, against = own(result)["title"], result["against_limits"][at]
    above, share, limit = against["above_independent"], against["share_of_coordinated"], result["limits"][at]
    rows = []
    for row in result["comparisons"]:
        if row["other"] == "pkpo":
            figure = (
                f"{row['difference']:+.3f} [{row['low']:+.3f}, {row['high']:+.3f}], p = {row['p_value']:.4f}, "
                f"{row['holm_p']:.4f} after Holm"
            )
            rows.append(
                (f"{subject} − PKPO > 0 at pass@{at}, p < 0.01", figure, row["difference"] > 0 and row["holm_p"] < 0.01)
            )
    rows += [
        (
            f"{subject} more than 3 standard errors above the independent limit, {limit['independent']:.3f}",
            f"{above['value']:+.3f}, {errors(above)}",
            above["value"] > 3 * above["standard_error"],
        ),
        (
            f"at least 90 % of the coordinated limit, {limit['coordinated']:.3f}",
            f"{100 * share['value']:.1f} % [{100 * share['low']:.1f}, {100 * share['high']:.1f}]",
            share["value"] >= 0.9,
        ),
    ]
    if "pkpo" in arms:
        value = arms["pkpo"]["pass_at"][at]["mean"]
        away = value / limit["independent"] - 1
        aim = f"PKPO within {NEAR:.0%} of the independent limit"
        rows.append((aim, f"{value:.3f}, {away:+.1%}", abs(away) <= NEAR))
    mode = result["limits"][str(min(result["ks"]))]["independent"]
    for name in ("grpo", "rloo"):
        if name in arms:
            value = arms[name]["pass_at"][at]["mean"]
            aim = f"{arms[name]['title']} within {NEAR} of the best single strategy, {mode:.3f}"
            rows.append((aim, f"{value:.3f}", abs(value - mode) <= NEAR))
    return [[aim, figure, "reached" if reached else "**missed**"] for aim, figure, reached in rows]


def own(result: Result) -> Mapping[str, Any]:
    """Return the subject's arm."""
    return next(arm for arm in result["arms"] if arm["name"] == result["subject"])


def named(result: Result, arm: Mapping[str, Any]) -> str:
    return f"**{arm['title']}**" if arm["name"] == result["subject"] else arm["title"]


def lead(result: Result, arm: Mapping[str, Any]) -> list[str]:
    """Return the subject's difference to an arm and the p of each of the `TESTS`, empty for the subject."""
    row = next((row for row in result["comparisons"] if row["other"] == arm["name"]), None)
    if row is None:
        return [""] * (1 + len(TESTS))
    p_values = row["holm_p"], row["permutation_p"], row["seed_p"]
    shown = ("" if p is None else "< 0.0001" if p < 0.0001 else f"{p:.4f}" for p in p_values)
    return [f"{row['difference']:+.3f} [{row['low']:+.3f}, {row['high']:+.3f}]", *shown]


def limit_rows(result: Result, width: int) -> list[list[str]]:
    rows = []
    for kind in ("independent", "coordinated") if result["limits"] else ():
        cells = [f"{result['limits'][str(k)][kind]:.3f}" for k in result["ks"]]
        rows.append([f"*best {kind} policy*", *cells, *[""] * (width - 1 - len(cells))])
    return rows


def errors(above: Mapping[str, float]) -> str:
    """Return a lead in standard errors, of which a tiny study can be without."""
    error = above["standard_error"]
    return f"{above['value'] / error:.1f} standard errors" if error > 0 else "all problems and seeds alike"


def gain(arm: Mapping[str, Any]) -> str:
    """Return the coordination gain of an arm, with its interval."""
    return interval(arm["coordination_gain"]) if arm["coordination_gain"] else ""


def interval(cell: Mapping[str, float]) -> str:
    return f"{cell['mean']:.3f} [{cell['low']:.3f}, {cell['high']:.3f}]"


def mean(cell: Mapping[str, float] | None) -> str:
    return "" if cell is None else f"{cell['mean']:.2f}"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Yield a Markdown table."""
    for row in (head, ["---"] * len(head), *rows):
        yield "| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |"


if __name__ == "__main__":
    main()
