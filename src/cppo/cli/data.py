"""`cppo data`: what a source of problems holds, the same as a JSONL file, and proof that pools share nothing."""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

from cppo.cli.console import make_reporter, results_console
from cppo.cli.data_summary import Summary, drop_table, figures_table
from cppo.cli.inputs import check_replacement, with_checker
from cppo.cli.judge import visible
from cppo.errors import ConfigError, DataError, GateError
from cppo.files import write_json
from cppo.problems import Limits, Problem
from cppo.problems.datasets import DataSetFiles, ProblemSource, Reason, open_source
from cppo.problems.datasets.drops import FROM_WORDS, Dropped, Drops
from cppo.problems.datasets.subsets import is_name
from cppo.problems.duplicates import THRESHOLD, Overlap, check_disjoint
from cppo.problems.jsonl import problem_to_row
from cppo.problems.pools import EVALUATION_ONLY
from cppo.problems.problem import LARGEST


def show(arguments: argparse.Namespace) -> int:
    """Print figures of a source, what was dropped of it, and an example; return the exit status."""
    source, summary = _opened(arguments.source, arguments), Summary()
    for problem in _read(source, arguments):
        summary.add(problem)
    result = {**summary.as_json(), "origin": source.facts()}
    if arguments.json:
        print(json.dumps(result, indent=2))
    else:
        _print_source(source, result)
    _note_rows(source)
    return 0


def convert(arguments: argparse.Namespace) -> int:
    """Write the problems of a source as JSONL, and in `.about.json` what they are of; return the exit status."""
    _check_conversion(arguments)
    source, output = _opened(arguments.source, arguments), Path(arguments.output)
    if output.is_dir():
        raise ConfigError(f"--output {output} is a directory; name a file in it, such as {output / 'problems.jsonl'}")
    if output.exists() and any(output.samefile(path) for path in source.files):
        raise ConfigError(f"--output {output} is a file that is read; name another one")
    summary, unwritable = Summary(), Drops()

    def lines() -> Iterator[str]:
        for problem in _read(source, arguments):
            changed = _changed(problem, arguments)
            try:
                line = json.dumps(problem_to_row(changed), ensure_ascii=False)
            except ValueError:  # an integer of more than 4,300 digits, which no JSONL reader here takes
                unwritable.add(problem.id, Dropped(Reason.LONG_INTEGER))
                continue
            summary.add(changed)
            yield line

    write_lines(output, lines())
    result = {
        **summary.as_json(),
        "origin": source.facts(),
        "not_written": unwritable.table(),
        "output": str(output),
    }
    write_json(_about(output), {name: value for name, value in result.items() if name != "example"})
    if arguments.json:
        print(json.dumps(result, indent=2))
    else:
        _print_source(source, result)
        print(f"{summary.count} problems: {output}\nwhat they are of: {_about(output)}")
    _note_rows(source)
    if unwritable.total:
        print(
            f"cppo: {unwritable.total} problems are NOT in {output}: {unwritable.words()} "
            f"({', '.join(map(visible, unwritable.examples[Reason.LONG_INTEGER]))})",
            file=sys.stderr,
        )
    return 0


def check(arguments: argparse.Namespace) -> int:
    """Compare a training pool with evaluation sets; return the exit status. Raises `GateError` when they overlap."""
    threshold = THRESHOLD if arguments.threshold is None else arguments.threshold
    if not 0 < threshold <= 1:
        raise ConfigError(f"--threshold is {threshold}; it must be a share between 0 and 1, {THRESHOLD} by default")
    if len(set(arguments.evaluation)) < len(arguments.evaluation):
        raise ConfigError("an evaluation set is named twice; name each once")
    facts: list[dict[str, Any]] = []
    reserved: dict[str, str] = {}
    train = _statements(arguments.train, arguments, facts, reserved)
    evaluation = {text: _statements(text, arguments, facts) for text in arguments.evaluation}
    overlap = check_disjoint(train, evaluation, threshold)
    result = {**overlap.as_json(), "evaluation_only_sources": reserved, "sources": facts}
    result["disjoint"] = overlap.disjoint and not reserved
    if arguments.output:
        write_json(arguments.output, result)
    if arguments.json:
        print(json.dumps(result, indent=2))
    else:
        _print_overlap(overlap, reserved, arguments)
    if not result["disjoint"]:
        more = "" if overlap.complete else " or more"
        raise GateError(
            f"{arguments.train} is not disjoint from what is evaluated on: {len(overlap.pairs)}{more} pairs of the "
            f"same or nearly the same statement, {len(reserved)} problems of sources that are for evaluation only; "
            "remove them from the training pool"
        )
    return 0


def write_lines(path: Path, lines: Iterator[str]) -> None:
    """Write lines as they come, to a temporary file that takes the place of `path` once it is whole.

    Raises `DataError` when there are none, and then leaves `path` as it was.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".tmp")
    empty = True
    try:
        # Half of a surrogate pair becomes its JSON escape, as in `cppo.files`.
        with os.fdopen(descriptor, "w", encoding="utf-8", errors="backslashreplace") as file:
            for line in lines:
                file.write(f"{line}\n")
                empty = False
            file.flush()
            os.fsync(file.fileno())
        if empty:
            raise DataError(
                f"{path} is not written: there are no usable problems; `cppo data show` says what was dropped"
            )
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _opened(text: str, arguments: argparse.Namespace) -> ProblemSource:
    for reason in arguments.keep:
        if reason not in FROM_WORDS:
            raise ConfigError(f"--keep {reason}; allowed: {', '.join(FROM_WORDS)}, what words of a statement decide")
    data = Path(arguments.data) if arguments.data else None
    return open_source(text, arguments.format, data, arguments.revision, [Reason(reason) for reason in arguments.keep])


def _read(source: ProblemSource, arguments: argparse.Namespace) -> Iterator[Problem]:
    reporter = make_reporter(arguments.quiet)
    try:
        yield from source.problems(reporter)
    finally:
        reporter.close()


def _statements(
    text: str, arguments: argparse.Namespace, facts: list[dict[str, Any]], reserved: dict[str, str] | None = None
) -> dict[str, str]:
    """Return statement by id; add the facts of the source, and to `reserved` the source of what must never train."""
    # Among several sources, what is said of names does not concern paths, and the other way round.
    ours = {"format": None} if is_name(text) else {"data": None, "revision": None}
    source = _opened(text, argparse.Namespace(**{**vars(arguments), **ours}))
    found = {}
    for problem in _read(source, arguments):
        found[problem.id] = problem.statement
        if reserved is not None and EVALUATION_ONLY.search(problem.source.casefold()):
            reserved[problem.id] = problem.source
    if not found:
        raise DataError(f"{text} holds no usable problems; `cppo data show` says what was dropped")
    facts.append(source.facts())
    _note_rows(source)
    return found


def _check_conversion(arguments: argparse.Namespace) -> None:
    if arguments.checker is not None:
        check_replacement("--checker", arguments.checker)
    if arguments.time_factor is not None and not 0 < arguments.time_factor <= 1000:
        raise ConfigError(f"--time-factor is {arguments.time_factor}; it must be a number above 0 and at most 1000")


def _changed(problem: Problem, arguments: argparse.Namespace) -> Problem:
    if arguments.checker is not None:
        problem = with_checker(problem, arguments.checker)
    if arguments.time_factor is not None:
        times = {
            name: min(limit * arguments.time_factor, LARGEST[name])
            for name, limit in vars(problem.limits).items()
            if name in ("cpu_seconds", "wall_seconds") and limit is not None
        }
        problem = replace(problem, limits=Limits(**{**vars(problem.limits), **times}))
    if arguments.solutions is not None:
        problem = replace(problem, solutions=problem.solutions[: arguments.solutions])
    return problem


def _about(output: Path) -> Path:
    return output.with_name(f"{output.name}.about.json")


def _print_source(source: ProblemSource, result: dict[str, Any]) -> None:
    console = results_console()
    console.print(Text(visible(source.title), style="bold"))
    origin = result["origin"]
    if isinstance(source, DataSetFiles):
        words = f"{origin['repository']} ({origin['revision']}): {origin['what']}"
        if "first_contest" in origin:
            words += f"; contests of {origin['first_contest']} to {origin['last_contest']}"
        console.print(Text(f"{words}; {origin['rows']} rows, {origin['rows_asked_for']} asked for"))
    console.print(figures_table(result))
    if origin.get("dropped"):
        console.print(drop_table(origin["dropped"]))
    if result["example"]:
        _print_example(console, result["example"])


def _print_example(console: Console, example: dict[str, Any]) -> None:
    console.print(Text(f"for example {visible(example['id'])}", style="bold"))
    for line in example["task"].splitlines():
        console.print(Text(f"  {visible(line)}"), soft_wrap=True)
    for side in ("input", "output"):
        console.print(Text(f"  {side}: {example[side]!r}"), soft_wrap=True)


def _print_overlap(overlap: Overlap, reserved: dict[str, str], arguments: argparse.Namespace) -> None:
    for pair in overlap.pairs[: arguments.show]:
        kind = "same text" if pair.exact else f"similarity {pair.similarity:.3f}"
        print(f"{kind}: {visible(pair.train)} = {visible(pair.evaluation)} of {visible(pair.pool)}")
    if len(overlap.pairs) > arguments.show:
        print(f"… and {len(overlap.pairs) - arguments.show} more pairs")
    for name, source in list(reserved.items())[: arguments.show]:
        print(f"for evaluation only: {visible(name)} of {visible(source)}")
    counts = ", ".join(f"{count} of {visible(pool)}" for pool, count in overlap.evaluation_counts.items())
    print(
        f"{overlap.train_count} training problems against {counts}: {len(overlap.pairs)} pairs at similarity "
        f"{overlap.threshold:g} or more{'' if overlap.complete else ' (and more)'}"
    )
    if arguments.output:
        print(f"report: {arguments.output}")


def _note_rows(source: ProblemSource) -> None:
    note = source.unpublished_rows() if isinstance(source, DataSetFiles) else ""
    if note:
        print(f"cppo: note: {visible(source.title)}: {note}", file=sys.stderr)
