"""`cppo verify --gold`: are right programs judged right?

A problem none of whose reference solutions passes is a false negative of its checker, its limits or its tests: trained
on, it would punish right programs.
"""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any

from rich.table import Table
from rich.text import Text

from cppo.cli.console import make_reporter, results_console
from cppo.cli.inputs import ProblemFile, check_replacement
from cppo.cli.judge import Judging, check_files, settings_of, verdict_file, verifier_config, visible
from cppo.cli.references import OWN, Bench, CheckerReport
from cppo.cli.verdicts import Fingerprint
from cppo.errors import ConfigError, DataError, GateError, VerifierError
from cppo.verifier import Verifier


def gold(arguments: argparse.Namespace) -> int:
    """Judge every reference solution and report false negatives by checker; return the exit status.

    Raises `GateError` when fewer problems than `--fail-below` have a reference that passes under its own checker.
    """
    names = _named_checkers(arguments)
    config = verifier_config(arguments)
    problems = ProblemFile(arguments.problems, config, arguments.checker)
    reporter = make_reporter(arguments.quiet)
    try:
        check_files(reporter, problems)
        if not problems.solutions:
            raise DataError(f"{problems.path}: none of its problems ({len(problems)}) has references (key 'solutions')")
        with Verifier(config) as verifier:
            settings = settings_of("gold", verifier, arguments)
            fingerprint = Fingerprint(settings, problems.digests, problems.solutions)
            with verdict_file(arguments, fingerprint, (problems.path,)) as file:
                judging = Judging(verifier, file, reporter, all_tests=arguments.all_tests)
                bench = Bench(problems, judging, names)
                reports = bench.run()
                if file is not None:
                    file.finish(bench.order)
    finally:
        reporter.close()
    result = summary(reports, len(problems), settings["tier"], arguments.output)
    if arguments.json:
        print(json.dumps(result, indent=2))
    else:
        _print(reports, result, arguments.show)
    bench.tally.complain()
    _hold_against_gate(result, arguments.fail_below)
    return VerifierError.exit_code if bench.tally.infra else 0


def summary(reports: list[CheckerReport], problems: int, tier: str, output: str | None) -> dict[str, Any]:
    """Return the figures of every checker as JSON."""
    with_references = len(reports[0].accepted)
    return {
        "problems": problems,
        "without_references": problems - with_references,
        "tier": tier,
        "output": output,
        "checkers": {report.name: report.row() for report in reports},
    }


def _named_checkers(arguments: argparse.Namespace) -> list[str] | None:
    if arguments.programs is not None:
        raise ConfigError(f"--gold judges reference solutions, not the programs of {arguments.programs}; leave one out")
    if arguments.extract is not None:
        raise ConfigError("--extract is for completions; references are source")
    if arguments.fail_below is not None and not 0 <= arguments.fail_below <= 1:
        raise ConfigError(f"--fail-below is {arguments.fail_below}; it must be a share between 0 and 1")
    if arguments.checker is not None:
        check_replacement("--checker", arguments.checker)
    if arguments.checkers is None:
        return None
    names = [name.strip() for name in arguments.checkers.split(",")]
    names = list(dict.fromkeys(name for name in names if name and name != OWN))
    for name in names:
        check_replacement("--checkers", name)
    return names


def _print(reports: list[CheckerReport], result: dict[str, Any], show: int) -> None:
    console = results_console()
    console.print(checker_table(result))
    known: set[str] = set()
    for report in reports:
        listed = [name for name in report.false_negatives if name not in known]
        known.update(listed)
        if listed:
            beside = "" if report.name == OWN else ", beside those above"
            console.print(Text(f"no reference passes under {report.name}{beside}: {len(listed)}"))
        for name in listed[:show]:
            console.print(Text(f"  {visible(name)}  {visible(report.reasons[name][1])}"), soft_wrap=True)
        if len(listed) > show:
            console.print(Text(f"  … and {len(listed) - show} more"))
    if result["without_references"]:
        console.print(Text(f"{result['without_references']} of {result['problems']} problems have no references"))
    if result["output"]:
        console.print(Text(f"verdicts: {result['output']}"))


def checker_table(result: dict[str, Any]) -> Table:
    """Return, for each checker, problems with a passing reference and references rejected."""
    table = Table(title="reference solutions by checker", title_justify="left")
    table.add_column("checker", no_wrap=True)
    for name in ("problems", "one passes", "none passes", "references", "rejected", "share", "programs run", "seconds"):
        table.add_column(name, justify="right")
    for name, row in result["checkers"].items():
        share = "" if row["share_rejected"] is None else f"{row['share_rejected']:.3f}"
        counts = (row["problems"], row["passing"], row["problems"] - row["passing"], row["references"], row["rejected"])
        table.add_row(Text(name), *map(str, counts), share, str(row["ran"]), f"{row['seconds']:.1f}")
    return table


def _hold_against_gate(result: dict[str, Any], least: float | None) -> None:
    own = result["checkers"][OWN]
    share = own["share_passing"]
    if own["false_negatives"]:
        print(
            f"cppo: FALSE NEGATIVES: {len(own['false_negatives'])} of {own['problems']} problems have no reference "
            "that passes under their own checker; leave them out of training, or mend checker, limits or tests",
            file=sys.stderr,
        )
    if least is not None and (share is None or share < least):
        given = "no problem" if share is None else f"a share of {share:.4f} of the problems"
        raise GateError(f"{given} has a reference that passes, --fail-below {least} asks for more")
