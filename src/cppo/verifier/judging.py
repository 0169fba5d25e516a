"""From what a worker reports of a test to its result: reports read with care, answers compared with what was expected.

Nothing a worker sends is taken on trust. A report that does not have its form is a failure of the worker (`WireError`);
an answer that cannot be read is the program's own and wrong.
"""

from __future__ import annotations

import reprlib
from dataclasses import dataclass
from typing import Any

from cppo.verifier import values
from cppo.verifier.prepared import PreparedProblem
from cppo.verifier.verdict import TestResult, Verdict
from cppo.verifier.wire import WireError

EXCERPT = 80
OUTPUT_EXCERPT = 200
DETAIL_CHARACTERS = 500

_SHORT = reprlib.Repr()
_SHORT.maxlist = _SHORT.maxdict = _SHORT.maxstring = _SHORT.maxother = _SHORT.maxlong = EXCERPT

_NUMBERS = (int, float)

STATUSES = frozenset({"ok", "TLE", "MLE", "OLE", "RE", "CE"})


@dataclass(slots=True)
class Report:
    """The header of a TEST frame. `clock`: it ran out of time by a clock, not by counted lines.

    `refused`: it could start no more processes or threads, perhaps because of others.
    """

    status: str
    detail: str
    cpu: float
    wall: float
    memory_mb: float
    waited: float
    exit_status: int | None
    stdout: str
    stderr: str
    clock: bool
    refused: bool


def in_one_line(text: str) -> str:
    """Return a text that a program may have chosen fit for a terminal: one line, control characters escaped, short."""
    short = text[:DETAIL_CHARACTERS]
    if short.isprintable():
        return short
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in short)[:DETAIL_CHARACTERS]


def read_report(header: dict[str, Any]) -> Report:
    """Check and convert the header of a TEST frame; raises `WireError` that says what is wrong with it."""
    status, exit_status = header.get("status"), header.get("exit")
    if type(status) is not str or status not in STATUSES:
        raise WireError(f"a test with status {status!r}")
    numbers: tuple[Any, ...] = (header.get("cpu"), header.get("wall"), header.get("memory"), header.get("waited", 0))
    for number in numbers:
        if type(number) not in _NUMBERS or not 0 <= number < 1e15:
            raise WireError(f"a test that cost {numbers}")
    texts = (header.get("detail", ""), header.get("stdout", ""), header.get("stderr", ""))
    for text in texts:
        if type(text) is not str:
            raise WireError(f"a test with texts {texts}")
    if exit_status is not None and type(exit_status) is not int:
        raise WireError(f"a test with exit status {exit_status!r}")
    cpu, wall, memory, waited = map(float, numbers)
    detail, stdout, stderr = in_one_line(texts[0]), texts[1][:OUTPUT_EXCERPT], texts[2][:OUTPUT_EXCERPT]
    clock, refused = header.get("clock") is True, header.get("refused") is True
    return Report(status, detail, cpu, wall, memory / 1024, waited, exit_status, stdout, stderr, clock, refused)


def result(report: Report, verdict: Verdict, detail: str = "") -> TestResult:
    """Return the result of a test with the costs of its report."""
    return TestResult(
        verdict,
        cpu_seconds=report.cpu,
        wall_seconds=report.wall,
        memory_mb=report.memory_mb,
        waited_seconds=report.waited,
        exit_status=report.exit_status,
        detail=detail,
        stdout=report.stdout,
        stderr=report.stderr,
    )


class UnreadableAnswer(ValueError):
    """What the program returned is no plain value; the message says why."""


def read_answer(mode: str, report: Report, payload: bytes) -> Any:
    """Return what the program answered: text, or a plain value in call mode.

    Puts into `report` what only the answer tells: the excerpt of the text, or the call's own costs. Raises
    `UnreadableAnswer`.
    """
    if mode == "stdin":
        report.stdout = _text_excerpt(payload)
        return payload.decode("utf-8", "surrogateescape")
    try:
        record = values.decode(payload)
        if "bad" in record:
            bad = record["bad"]
            raise UnreadableAnswer(in_one_line(bad) if isinstance(bad, str) else excerpt(bad))
        # The call's own share of what the process cost, as the process says: it can only claim less than the whole.
        cpu, wall, answer = float(record["cpu"]), float(record["wall"]), record["value"]
    except UnreadableAnswer:
        raise
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
        raise UnreadableAnswer(in_one_line(f"the result cannot be read: {error}")) from None
    report.cpu, report.wall = min(max(0.0, cpu), report.cpu), min(max(0.0, wall), report.wall)
    return answer


def judge_test(problem: PreparedProblem, index: int, report: Report, payload: bytes) -> TestResult:
    """Return the result of test `index`. A checker that fails on an answer is INFRA: no fault of the program."""
    if report.status != "ok":
        report.stdout = report.stdout or _text_excerpt(payload)
        return result(report, Verdict(report.status), report.detail)
    try:
        answer = read_answer(problem.mode, report, payload)
    except UnreadableAnswer as error:
        return result(report, Verdict.WA, str(error))
    expected = problem.expected[index]
    compare = problem.checker.text if problem.mode == "stdin" else problem.checker.value
    try:
        accepted = compare(answer, expected)
    except Exception as error:  # noqa: BLE001 - the boundary to the checkers: whatever one raises must not end the engine
        return result(
            report,
            Verdict.INFRA,
            in_one_line(f"checker {problem.checker.name!r} failed: {type(error).__name__}: {error}"),
        )
    if accepted:
        return result(report, Verdict.AC)
    return result(report, Verdict.WA, f"{answered(problem.mode, answer)}, expected {excerpt(expected)}")


def answered(mode: str, answer: Any) -> str:
    """Return what the program did, in words."""
    return f"{'wrote' if mode == 'stdin' else 'returned'} {excerpt(answer)}"


def excerpt(value: Any) -> str:
    """Return a value as people read it, cut to `EXCERPT` characters, in time that its size does not matter to."""
    if isinstance(value, int) and value.bit_length() > 10 * EXCERPT:
        return f"an integer of {value.bit_length()} bits"
    try:
        text = repr(value[: EXCERPT + 1]) if isinstance(value, str) else _SHORT.repr(value)
    except ValueError:  # an integer too long to be written, somewhere inside
        return f"a {type(value).__name__}"
    return text if len(text) <= EXCERPT else f"{text[:EXCERPT]}…"


def _text_excerpt(payload: bytes) -> str:
    return payload[: 4 * OUTPUT_EXCERPT].decode("utf-8", "replace")[:OUTPUT_EXCERPT]
