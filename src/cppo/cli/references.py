"""Reference solutions under one checker after another: which are accepted, which problems are left with none."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from cppo.cli.inputs import ProblemFile, solution_index, with_checker
from cppo.cli.judge import Job, Judging, Tally
from cppo.cli.verdicts import VerdictKey
from cppo.problems.problem import CHECKER_PROGRAM
from cppo.verifier import CHECKERS, ProgramVerdict, Verdict, find_checker

OWN = "own"
TEXT_CHECKERS = tuple(name for name in CHECKERS if name != CHECKER_PROGRAM)
BEFORE_COMPARISON = frozenset((Verdict.CE, Verdict.EMPTY, Verdict.RE, Verdict.TLE, Verdict.MLE, Verdict.OLE))
"""Verdicts that no checker has a say in."""


@dataclass
class CheckerReport:
    """What one checker said of the references.

    By problem id: `accepted`, how many; `reasons`, which was the first to be rejected, and why. `ran`: how many were
    run for this; the others were known already. `seconds`: how long that took.
    """

    name: str
    ran: int = 0
    seconds: float = 0.0
    references: int = 0
    rejected: int = 0
    infra: int = 0
    accepted: dict[str, int] = field(default_factory=dict)
    reasons: dict[str, tuple[int, str]] = field(default_factory=dict)
    undecided: set[str] = field(default_factory=set)

    def add(self, key: VerdictKey, verdict: ProgramVerdict) -> None:
        """Count one reference."""
        problem_id = key.problem_id
        self.accepted.setdefault(problem_id, 0)
        if verdict.verdict is Verdict.INFRA:
            self.infra += 1
            self.undecided.add(problem_id)
            return
        self.references += 1
        if verdict.passed:
            self.accepted[problem_id] += 1
        else:
            self.rejected += 1
            reason = solution_index(key.program_id), f"{verdict.verdict} {verdict.detail}".rstrip()
            self.reasons[problem_id] = min(reason, self.reasons.get(problem_id, reason))

    @property
    def passing(self) -> list[str]:
        """Problems with a reference that passes."""
        return [name for name, count in self.accepted.items() if count]

    @property
    def false_negatives(self) -> list[str]:
        """Problems none of whose references passes; not those where the verifier failed on one."""
        return [name for name, count in self.accepted.items() if not count and name not in self.undecided]

    def row(self) -> dict[str, Any]:
        """Return the report as JSON."""
        decided = len(self.passing) + len(self.false_negatives)
        return {
            "problems": decided,
            "passing": len(self.passing),
            "share_passing": len(self.passing) / decided if decided else None,
            "references": self.references,
            "rejected": self.rejected,
            "share_rejected": self.rejected / self.references if self.references else None,
            "infra": self.infra,
            "ran": self.ran,
            "seconds": round(self.seconds, 3),
            "false_negatives": {name: self.reasons[name][1] for name in self.false_negatives},
        }


class Bench:
    """Runs references under one checker after another.

    `checkers` None: all text checkers for the problems in stdin mode; otherwise the named ones for all problems.
    Problems with a checker program are judged by that alone. `order`: the keys of what was run, in order.
    """

    def __init__(self, problems: ProblemFile, judging: Judging, checkers: Sequence[str] | None) -> None:
        self.problems, self.judging, self.checkers = problems, judging, checkers
        self.order: list[VerdictKey] = []
        self.tally = Tally()
        self._own: dict[VerdictKey, ProgramVerdict] = {}

    def run(self) -> list[CheckerReport]:
        """Return the report of the problems' own checkers, then one of each other checker."""
        keys = [VerdictKey(*ids) for ids in self.problems.solutions]
        own = CheckerReport(OWN)
        self._judge(own, keys)
        names = TEXT_CHECKERS if self.checkers is None else self.checkers
        return [own, *(self._under(name, keys) for name in names)]

    def _under(self, name: str, keys: Sequence[VerdictKey]) -> CheckerReport:
        report, owed = CheckerReport(name), []
        for key in keys:
            if not self._applies(key.problem_id):
                continue
            if self._settled(name, key):
                report.add(key, self._own[key])
            else:
                owed.append(key._replace(checker=name))
        self._judge(report, owed)
        return report

    def _applies(self, problem_id: str) -> bool:
        if self.problems.checkers[problem_id] == CHECKER_PROGRAM:
            return False
        return self.checkers is not None or self.problems.modes[problem_id] == "stdin"

    def _settled(self, name: str, key: VerdictKey) -> bool:
        """Whether the verdict under the problem's own checker says what this one would say."""
        own = self.problems.checkers[key.problem_id]
        if own == name:
            return True
        same_start = find_checker(own).preamble == find_checker(name).preamble
        return same_start and self._own[key].verdict in BEFORE_COMPARISON

    def _judge(self, report: CheckerReport, keys: Sequence[VerdictKey]) -> None:
        began = time.monotonic()
        for key, verdict in self.judging.run(f"gold: {report.name}", keys, self._jobs):
            report.add(key, verdict)
            report.ran += key not in self.judging.kept
            self.tally.add(key, verdict)
            if report.name == OWN:
                self._own[key] = ProgramVerdict(verdict.verdict, (), verdict.detail)
        report.seconds = time.monotonic() - began
        self.order.extend(keys)

    def _jobs(self, owed: set[VerdictKey]) -> Iterator[Job]:
        by_problem: dict[str, list[VerdictKey]] = {}
        for key in owed:
            by_problem.setdefault(key.problem_id, []).append(key)
        for problem_id in self.problems:  # in the order of the file, each problem read once
            keys = sorted(by_problem.get(problem_id, ()))
            if not keys:
                continue
            problem = self.problems[problem_id]
            judged = with_checker(problem, keys[0].checker) if keys[0].checker else problem
            for key in keys:
                yield Job(key, judged, problem.solutions[solution_index(key.program_id)])
