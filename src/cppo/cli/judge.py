"""What `cppo verify` and `cppo verify --gold` share: settings from the command line, programs in, verdicts out."""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cppo.cli.inputs import ProblemFile, ProgramFile
from cppo.cli.machine import is_sealed, processors
from cppo.cli.verdicts import Fingerprint, VerdictFile, VerdictKey
from cppo.config import build
from cppo.errors import ConfigError
from cppo.problems import Problem
from cppo.progress import Reporter
from cppo.verifier import ProgramVerdict, Verdict, Verifier, VerifierConfig
from cppo.verifier.prepared import harness_version

FROM_ARGUMENTS = ("cpu_seconds", "wall_seconds", "memory_mb", "output_mb", "lines", "tier", "workers")
DECIDES_VERDICTS = (*FROM_ARGUMENTS[:5], "compile_seconds", "isolate_tests", "recheck_timeouts")

SHOWN_INFRA = 5
LARGE_BYTES = 64 << 20

Judged = tuple[VerdictKey, ProgramVerdict]


@dataclass(frozen=True)
class Job:
    """One program to be judged on one problem."""

    key: VerdictKey
    problem: Problem
    program: str


def verifier_config(arguments: argparse.Namespace) -> VerifierConfig:
    """Return the verifier's settings; raises `ConfigError` for limits that make no sense."""
    given = {name: getattr(arguments, name) for name in FROM_ARGUMENTS if getattr(arguments, name) is not None}
    given.setdefault("workers", processors())
    return build(VerifierConfig, {**given, "cache_path": arguments.cache or ""}, "command line")


def settings_of(command: str, verifier: Verifier, arguments: argparse.Namespace) -> dict[str, Any]:
    """Return what a file of verdicts must have been made with in order to be gone on with; warn of an open jail."""
    machine = verifier.describe()
    if not is_sealed(machine):
        print(
            f"cppo: WARNING: programs are not sealed in (tier {machine['tier']}, system calls "
            f"{machine.get('system calls', 'not filtered')}): run only programs you trust; see `cppo doctor`",
            file=sys.stderr,
        )
    config = verifier.config.model_dump()
    settings: dict[str, Any] = {name: config[name] for name in DECIDES_VERDICTS}
    settings |= {"command": command, "verifier": harness_version()[:12], "python": machine["python"]}
    settings |= {"tier": machine["tier"]}
    return {**settings, "all_tests": arguments.all_tests, "checker": arguments.checker, "extract": arguments.extract}


def verdict_file(
    arguments: argparse.Namespace, fingerprint: Fingerprint, inputs: Iterable[Path]
) -> AbstractContextManager[VerdictFile | None]:
    """Return the file of verdicts that was asked for, or nothing; raises `ConfigError` when it is an input."""
    if arguments.output is None:
        return nullcontext()
    output = Path(arguments.output)
    if output.exists() and any(output.samefile(path) for path in inputs):
        raise ConfigError(f"--output {output} is a file that is read; name another one")
    return VerdictFile(output, fingerprint, restart=arguments.restart)


def check_files(reporter: Reporter, *files: ProblemFile | ProgramFile) -> None:
    """Check input files, in order; say so where that takes a while. Raises `DataError` that names every bad row."""
    for file in files:
        size = file.path.stat().st_size if file.path.exists() else 0
        if size >= LARGE_BYTES:
            reporter.say(f"checking {file.path} ({size >> 20} MiB)")
        file.check()


class Judging:
    """Judges programs, leaves out what was judged before, writes verdicts down as they come and tells how it goes."""

    def __init__(self, verifier: Verifier, file: VerdictFile | None, reporter: Reporter, *, all_tests: bool) -> None:
        self.verifier, self.file, self.reporter, self.all_tests = verifier, file, reporter, all_tests
        self.kept = {} if file is None else file.kept

    def run(
        self, stage: str, keys: Collection[VerdictKey], jobs: Callable[[set[VerdictKey]], Iterable[Job]]
    ) -> Iterator[Judged]:
        """Yield a verdict for each of `keys`, known ones first, new ones as programs finish.

        `jobs` is called with the keys that are owed; what it returns is read no further ahead than the verifier needs.
        """
        known = [key for key in keys if key in self.kept]
        for key in known:
            yield key, self.kept[key]
        if len(known) == len(keys):
            return
        done, passed = len(known), sum(self.kept[key].passed for key in known)
        self.reporter.begin(stage, len(keys), done, "program")
        for key, verdict in self._stream(jobs(set(keys).difference(known))):
            if self.file is not None:
                self.file.append(key, verdict)
            done += 1
            passed += verdict.passed
            self.reporter.advance(done, {"passed": passed / done})
            yield key, verdict
        self.reporter.end()

    def _stream(self, jobs: Iterable[Job]) -> Iterator[Judged]:
        keys: dict[int, VerdictKey] = {}

        def pairs() -> Iterator[tuple[Problem, str]]:
            for index, job in enumerate(jobs):
                keys[index] = job.key
                yield job.problem, job.program

        for index, verdict in self.verifier.stream(pairs(), all_tests=self.all_tests):
            yield keys.pop(index), verdict


@dataclass
class Tally:
    """Verdicts counted: in all, and by problem. `infra` keeps what is known of failures of the verifier itself."""

    verdicts: Counter[Verdict] = field(default_factory=Counter)
    judged: Counter[str] = field(default_factory=Counter)
    passed: Counter[str] = field(default_factory=Counter)
    infra: list[str] = field(default_factory=list)

    def add(self, key: VerdictKey, verdict: ProgramVerdict) -> None:
        """Count one verdict. INFRA says nothing of the program: it is no attempt at the problem."""
        self.verdicts[verdict.verdict] += 1
        if verdict.verdict is Verdict.INFRA:
            self.infra.append(f"program {key.program_id!r} of problem {key.problem_id!r}: {verdict.detail}")
        else:
            self.judged[key.problem_id] += 1
            self.passed[key.problem_id] += verdict.passed

    def complain(self) -> None:
        """Say loudly, on standard error, that programs were left without a verdict of their own."""
        if self.infra:
            lines = "\n  ".join(map(visible, self.infra[:SHOWN_INFRA]))
            more = f"\n  … and {len(self.infra) - SHOWN_INFRA} more" if len(self.infra) > SHOWN_INFRA else ""
            print(
                f"cppo: INFRA: {len(self.infra)} programs could not be judged, and no fault of theirs: they count "
                f"neither as passed nor as failed; the same command tries them again\n  {lines}{more}",
                file=sys.stderr,
            )


def visible(text: str) -> str:
    """Return text of unknown origin as it may be shown on a terminal: what does not print becomes an escape."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)
