"""`cppo verify`: programs of a file judged on the problems of another; a table by verdict and by problem."""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator
from functools import partial
from typing import Any

from rich.table import Table
from rich.text import Text

from cppo.cli.console import make_reporter, results_console
from cppo.cli.inputs import ProblemFile, ProgramFile, check_replacement
from cppo.cli.judge import Job, Judging, Tally, check_files, settings_of, verdict_file, verifier_config, visible
from cppo.cli.verdicts import Fingerprint, VerdictKey
from cppo.errors import ConfigError, VerifierError
from cppo.text.program import Rule
from cppo.verifier import Verdict, Verifier


def verify(arguments: argparse.Namespace) -> int:
    """Judge the programs of a file; return the exit status."""
    _check_options(arguments)
    config = verifier_config(arguments)
    problems = ProblemFile(arguments.problems, config, arguments.checker)
    programs = ProgramFile(arguments.programs, problems)
    tally = Tally()
    reporter = make_reporter(arguments.quiet)
    try:
        check_files(reporter, problems, programs)
        keys = [VerdictKey(*ids) for ids in programs.digests]
        with Verifier(config) as verifier:
            settings = settings_of("verify", verifier, arguments)
            fingerprint = Fingerprint(settings, problems.digests, programs.digests)
            with verdict_file(arguments, fingerprint, (problems.path, programs.path)) as file:
                judging = Judging(verifier, file, reporter, all_tests=arguments.all_tests)
                began = time.monotonic()
                for key, verdict in judging.run("verify", keys, partial(_jobs, programs, arguments.extract)):
                    tally.add(key, verdict)
                facts = {"kept": len(judging.kept), "seconds": round(time.monotonic() - began, 3)}
                if file is not None:
                    file.finish(keys)
    finally:
        reporter.close()
    _print(summary(tally, {**facts, "tier": settings["tier"], "output": arguments.output}), arguments)
    tally.complain()
    return VerifierError.exit_code if tally.infra else 0


def _check_options(arguments: argparse.Namespace) -> None:
    if arguments.programs is None:
        raise ConfigError("which programs? write `cppo verify PROBLEMS.jsonl PROGRAMS.jsonl -o VERDICTS.jsonl`")
    if arguments.output is None:
        raise ConfigError("where shall the verdicts go? add `-o VERDICTS.jsonl`")
    for value, option in ((arguments.checkers, "--checkers"), (arguments.fail_below, "--fail-below")):
        if value is not None:
            raise ConfigError(f"{option} goes with --gold, which judges reference solutions")
    if arguments.checker is not None:
        check_replacement("--checker", arguments.checker)


def _jobs(programs: ProgramFile, rule: Rule | None, owed: set[VerdictKey]) -> Iterator[Job]:
    for row in programs.rows():
        key = VerdictKey(row.problem_id, row.program_id)
        if key in owed:
            yield Job(key, programs.problems[row.problem_id], row.source(rule or "last_block"))


def summary(tally: Tally, facts: dict[str, Any]) -> dict[str, Any]:
    """Return counts by verdict and by problem; pass@1 is the mean over problems of passed / judged."""
    rates = {name: tally.passed[name] / count for name, count in tally.judged.items()}
    return {
        "programs": tally.verdicts.total(),
        **facts,
        "verdicts": {verdict.value: tally.verdicts[verdict] for verdict in Verdict if tally.verdicts[verdict]},
        "pass@1": sum(rates.values()) / len(rates) if rates else None,
        "problems": {
            name: {"judged": count, "passed": tally.passed[name], "pass@1": rates[name]}
            for name, count in tally.judged.items()
        },
    }


def _print(result: dict[str, Any], arguments: argparse.Namespace) -> None:
    if arguments.json:
        print(json.dumps(result, indent=2))
        return
    console = results_console()
    console.print(verdict_table(result))
    console.print(problem_table(result, arguments.show))
    left = len(result["problems"]) - arguments.show
    if left > 0:
        console.print(Text(f"… and {left} more problems, of which more programs pass"))
    console.print(Text(closing_line(result)))


def verdict_table(result: dict[str, Any]) -> Table:
    """Return how many programs got each verdict."""
    table = Table()
    table.add_column("verdict")
    table.add_column("programs", justify="right")
    table.add_column("share", justify="right")
    for name, count in result["verdicts"].items():
        style = "bold red" if name == Verdict.INFRA else ""
        table.add_row(name, str(count), f"{count / result['programs']:.3f}", style=style)
    return table


def problem_table(result: dict[str, Any], show: int) -> Table:
    """Return the problems that fewest programs pass, at most `show` of them."""
    problems = result["problems"]
    table = Table()
    table.add_column("problem", overflow="fold")
    for name in ("passed", "judged", "pass@1"):
        table.add_column(name, justify="right", no_wrap=True)
    for name in sorted(problems, key=lambda name: problems[name]["pass@1"])[:show]:
        row = problems[name]
        table.add_row(Text(visible(name)), str(row["passed"]), str(row["judged"]), f"{row['pass@1']:.3f}")
    return table


def closing_line(result: dict[str, Any]) -> str:
    """Return pass@1, the cost, and where the verdicts are."""
    new = result["programs"] - result["kept"]
    words = (
        [] if result["pass@1"] is None else [f"pass@1 {result['pass@1']:.3f} over {len(result['problems'])} problems"]
    )
    if new:
        words.append(f"{new} programs in {result['seconds']:.1f} s, {new / max(result['seconds'], 1e-9):.1f}/s")
    if result["kept"]:
        words.append(f"{result['kept']} judged before")
    return f"{'; '.join(words)}\nverdicts: {result['output']}"
