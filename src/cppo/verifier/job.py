"""One program on its way to a verdict, in one run of a worker or several. Nothing here waits or talks to a worker.

A run is one RUN frame: some tests of the program, or, where the problem brings a checker program, some of its answers
to be checked by it. A program needs several runs when it makes way for others, when its inputs are too large for one
frame, when a test has to be repeated, when a worker dies, and when its answers go to a checker program.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from cppo.verifier import values, wire
from cppo.verifier.judging import (
    Report,
    UnreadableAnswer,
    answered,
    excerpt,
    in_one_line,
    judge_test,
    read_answer,
    read_report,
    result,
)
from cppo.verifier.prepared import PreparedProblem
from cppo.verifier.verdict import ProgramVerdict, TestResult, Verdict

RUN_BYTES = 256 << 20
"""Inputs of one run, so that a worker never holds more (one larger input goes alone)."""
RUN_TESTS = 10_000
HELD_BYTES = 64 << 20
"""Answers that wait for the checker program; beyond this they are checked before further tests run."""
JOINED_BYTES = 1 << 18
WAITED_SHARE = 0.05
"""A clock timeout of a test that was kept from the processor for this share of its time is repeated alone."""
REFUSALS_REPEATED = 2
"""So many tests of a program that was refused a process or a thread are repeated alone."""
CHECK = "check"


class WorkerFault(Exception):
    """The worker failed: it died, fell silent or said what cannot be."""


@dataclass(frozen=True)
class Request:
    """One program to be judged. `everything`: no stop at the first failure. `key`: equal keys, equal verdicts, in one
    tier of the jail."""

    problem: PreparedProblem
    source: bytes
    everything: bool
    key: bytes


@dataclass
class Held:
    """An answer that waits for the checker program, and what its test's result will be when it is accepted.

    `failure`: how the checker program failed on this answer. Then `answer` is the expected one, by which it is tried.
    """

    index: int
    answer: bytes
    accepted: TestResult
    words: str
    failure: str = ""


@dataclass
class Run:
    """What a worker is asked to do, and what it has said so far. `count` tests, from the test (or held answer) `first`.

    `alone`: nothing else runs meanwhile. `stopped`: the worker was told to make no further test. `repeat`: the last
    result does not count and the run ends before it. `failure`: the same, because the checker program failed like this.
    """

    frame: list[bytes]
    first: int
    count: int
    checking: bool
    alone: bool
    received: int = 0
    stopped: bool = False
    failed: bool = False
    repeat: bool = False
    failure: str = ""
    results: list[TestResult | None] = field(default_factory=list)
    held: list[Held] = field(default_factory=list)


class Job:
    """A program, its results so far and what is to be done next. `failures` counts the workers it was lost with.

    `tiers`: those of the workers that have run it.
    """

    def __init__(self, request: Request, recheck_timeouts: bool) -> None:
        self.request = request
        self.problem = request.problem
        self.everything = request.everything
        self.failures = 0
        self.tiers: set[str] = set()
        self.alone = False
        self._recheck = recheck_timeouts
        self._refusals = 0
        self._results: list[TestResult | None] = []
        self._failed = False
        self._held: list[Held] = []

    def start(self) -> Run:
        """Return the next run. What it brings counts from `end` on; a run that is given up leaves no trace."""
        if self._held and (self._all_run() or sum(len(held.answer) for held in self._held) > HELD_BYTES):
            return self._check_run()
        problem, first = self.problem, len(self._results)
        header = {
            "mode": problem.mode,
            "entry_point": problem.entry_point,
            "limits": problem.limits,
            "preamble": problem.preamble,
            "all": self.everything,
            "isolate": problem.isolate,
            "recount": self.alone,
        }
        inputs = _first_of(len(problem.inputs) - first, lambda n: problem.inputs[first + n])
        return Run(_frame(header, self.request.source, inputs), first, len(inputs), False, self.alone)

    def _check_run(self) -> Run:
        """Every answer is checked in a process of its own: the checker reads what an untrusted program wrote."""
        header = {
            "mode": "call",
            "entry_point": CHECK,
            "limits": self.problem.limits,
            "preamble": False,
            "all": self.everything,
            "isolate": True,
            "recount": self.alone,
        }
        inputs = _first_of(len(self._held), self._check_input)
        return Run(_frame(header, self.problem.checker_source, inputs), 0, len(inputs), True, self.alone)

    def _check_input(self, position: int) -> bytes:
        held = self._held[position]
        given = self.problem.inputs[held.index]
        if self.problem.mode == "stdin":
            given = values.encode(given.decode("utf-8", "surrogateescape"))
        return b"[%b, %b, %b]" % (given, held.answer, values.encode(self.problem.expected[held.index]))

    def take(self, run: Run, header: dict[str, Any], payload: bytes) -> bool:
        """Take the result of a test; return whether the worker must be told to stop. Raises `WireError`."""
        if run.received == run.count:
            raise wire.WireError("more tests than were asked for")
        report = read_report(header)
        run.received += 1
        if run.repeat or run.failure:
            return False
        if not run.alone and self._others_may_be_to_blame(report):
            run.repeat = True
            return self.everything
        position = run.first + run.received - 1
        if run.checking:
            held = self._held[position]
            accepted, words = self._read_check(report, payload)
            if accepted is None and not held.failure:
                run.failure = words
                return report.status == "ok" or self.everything
            outcome: TestResult | None = self._checked(held, accepted)
        elif self.problem.checker_source and report.status == "ok":
            outcome = self._hold(run, position, report, payload)
        else:
            outcome = judge_test(self.problem, position, report, payload)
        run.results.append(outcome)
        if outcome is None:
            return sum(len(held.answer) for held in run.held) > HELD_BYTES
        if outcome.verdict is Verdict.AC:
            return False
        run.failed = True
        return report.status == "ok" and not self.everything  # otherwise it stops by itself, or must go on

    def _others_may_be_to_blame(self, report: Report) -> bool:
        """Return whether a test is to be repeated alone. A refusal, which a program may claim at every test and so hold
        up the others, is believed `REFUSALS_REPEATED` times."""
        if report.refused:
            self._refusals += 1
            return self._refusals <= REFUSALS_REPEATED
        return self._recheck and report.clock and report.waited >= WAITED_SHARE * report.wall

    def _hold(self, run: Run, index: int, report: Report, payload: bytes) -> TestResult | None:
        try:
            answer = read_answer(self.problem.mode, report, payload)
            run.held.append(
                Held(index, values.encode(answer), result(report, Verdict.AC), answered(self.problem.mode, answer))
            )
        except ValueError as error:  # no plain value, or one nested deeper than values may be
            return result(report, Verdict.WA, str(error))
        return None

    @staticmethod
    def _read_check(report: Report, payload: bytes) -> tuple[bool | None, str]:
        """Return what the checker program decided; None, and why, when it failed to decide."""
        if report.status != "ok":
            return None, f"{report.status}: {report.detail}"
        try:
            answer = read_answer("call", report, payload)
        except UnreadableAnswer as error:
            return None, str(error)
        if answer is True or answer is False:
            return answer, ""
        return None, f"it returned {excerpt(answer)}; allowed: True, False"

    def _checked(self, held: Held, accepted: bool | None) -> TestResult:
        """Return the result of a test. Where the checker program failed on the answer but accepts the expected one, the
        answer is to blame: otherwise a program could break the checker, and be left out instead of being wrong.
        """
        if held.failure and not accepted:
            return replace(held.accepted, verdict=Verdict.INFRA, detail=self._blame(held.failure))
        if held.failure:
            words = f"which the checker program cannot judge ({held.failure}), as it can the expected answer"
        elif accepted:
            return held.accepted
        else:
            words = "which the checker program rejects"
        return replace(held.accepted, verdict=Verdict.WA, detail=f"{held.words}, {words}")

    @staticmethod
    def _blame(words: str) -> str:
        return f"the problem's checker program failed, not the judged program: {words}"

    def end(self, run: Run, header: dict[str, Any]) -> ProgramVerdict | None:
        """Take the end of a run; return the verdict, or None when there is more to do. Raises `WorkerFault`."""
        status, detail = header.get("status"), in_one_line(str(header.get("detail", "")))
        if status == "CE" and run.checking:
            return ProgramVerdict(Verdict.INFRA, self.results, self._blame(f"it does not compile: {detail}"))
        if status == "CE" and not self._results and not run.received:
            return ProgramVerdict(Verdict.CE, (), detail)
        if status != "ok":
            raise WorkerFault(detail or f"the worker ended a program with status {status!r}")
        ended_early = run.stopped or run.repeat or run.failure or (run.failed and not self.everything)
        if run.received < run.count and not (run.received and ended_early):
            raise WorkerFault("the worker left tests out")
        self.alone = run.repeat
        if run.checking:
            checked, self._held = self._held[: len(run.results)], self._held[len(run.results) :]
            for held, outcome in zip(checked, run.results, strict=True):
                self._results[held.index] = outcome
            if run.failure:
                doubted = self._held[0]
                expected = values.encode(self.problem.expected[doubted.index])
                self._held[0] = replace(doubted, answer=expected, failure=run.failure)
        else:
            self._results += run.results
            self._held += run.held
        if run.failed and not self.everything:
            self._forget_after_failure()
        return self._verdict() if self._all_run() and not self._held else None

    def _forget_after_failure(self) -> None:
        """Drop what came after the first failure: the worker may have been a test ahead of the word to stop."""
        self._failed = True
        first = next(i for i, test in enumerate(self._results) if test and test.verdict is not Verdict.AC)
        del self._results[first + 1 :]
        self._held = [held for held in self._held if held.index < first]

    def _all_run(self) -> bool:
        return self._failed or len(self._results) == len(self.problem.inputs)

    def _verdict(self) -> ProgramVerdict:
        tests = self.results
        failed = next((index for index, test in enumerate(tests) if test.verdict is not Verdict.AC), None)
        if failed is None:
            return ProgramVerdict(Verdict.AC, tests)
        words = f"test {failed}: {tests[failed].detail}".rstrip(": ")
        return ProgramVerdict(tests[failed].verdict, tests, words)

    @property
    def results(self) -> tuple[TestResult, ...]:
        """The results known so far."""
        return tuple(test for test in self._results if test is not None)


def _first_of(available: int, make: Callable[[int], bytes]) -> list[bytes]:
    """Return as many of the inputs, at least one, as fit into one run."""
    inputs: list[bytes] = []
    total = 0
    for position in range(min(available, RUN_TESTS)):
        data = make(position)
        total += len(data)
        if inputs and total > RUN_BYTES:
            break
        inputs.append(data)
    return inputs


def _frame(header: dict[str, Any], source: bytes, inputs: list[bytes]) -> list[bytes]:
    """Return a RUN frame in pieces, large inputs not copied."""
    sizes = [len(source), *map(len, inputs)]
    head = json.dumps({**header, "sizes": sizes}).encode("ascii")
    total = sum(sizes)
    pieces = [wire.HEAD.pack(wire.RUN, len(head), total), head, source, *inputs]
    return [b"".join(pieces)] if total <= JOINED_BYTES else pieces
