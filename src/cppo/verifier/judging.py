"""From what a worker reports to a verdict: problems made ready to send, answers compared with what was expected."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cppo.errors import DataError
from cppo.problems import Problem
from cppo.verifier import values
from cppo.verifier.checkers import Checker, default_checker, find_checker
from cppo.verifier.settings import VerifierConfig
from cppo.verifier.verdict import TestResult, Verdict

EXCERPT = 80


@dataclass(frozen=True)
class PreparedProblem:
    """A problem checked and encoded once for all its programs. `expected` never leaves this process."""

    mode: str
    entry_point: str | None
    limits: dict[str, Any]
    preamble: bool
    checker: Checker
    inputs: list[bytes]
    expected: list[Any]

    @classmethod
    def of(cls, problem: Problem, config: VerifierConfig) -> PreparedProblem:
        """Prepare `problem`; raises `DataError` that names the problem and the test."""
        if not problem.tests:
            raise DataError(f"problem {problem.id!r} has no tests, so that every program would pass; leave it out")
        name = default_checker(problem)
        try:
            checker = find_checker(name)
        except DataError as error:
            raise DataError(f"problem {problem.id!r}: {error}") from None
        inputs, expected = [], []
        for index, test in enumerate(problem.tests):
            try:
                if problem.mode == "stdin":
                    inputs.append(test.input.encode("utf-8", "surrogateescape"))
                    expected.append(test.output)
                else:
                    inputs.append(values.encode(list(test.input)))
                    expected.append(values.decode(values.encode(test.output)))
            except ValueError as error:
                raise DataError(f"problem {problem.id!r}, test {index}: {error}") from None
        preamble = name == "lcb"
        limits = config.limits_for(problem.limits)
        return cls(problem.mode, problem.entry_point, limits, preamble, checker, inputs, expected)


def judge_test(problem: PreparedProblem, index: int, header: dict[str, Any], payload: bytes) -> TestResult:
    """Return the result of test `index` from the worker's report of it."""
    cost = {"cpu_seconds": header["cpu"], "wall_seconds": header["wall"], "memory_mb": header["memory"] / 1024}
    if header["status"] != "ok":
        return TestResult(Verdict(header["status"]), **cost, detail=header["detail"])
    expected = problem.expected[index]
    if problem.mode == "stdin":
        answer = payload.decode("utf-8", "surrogateescape")
        if problem.checker.text(answer, expected):
            return TestResult(Verdict.AC, **cost)
        return TestResult(Verdict.WA, **cost, detail=f"wrote {_excerpt(answer)}, expected {_excerpt(expected)}")
    try:
        record = values.decode(payload)
        if "bad" in record:
            return TestResult(Verdict.WA, **cost, detail=str(record["bad"]))
        cost |= {"cpu_seconds": float(record["cpu"]), "wall_seconds": float(record["wall"])}
        answer = record["value"]
    except (ValueError, KeyError, TypeError) as error:
        return TestResult(Verdict.WA, **cost, detail=f"the result cannot be read: {error}")
    if problem.checker.value(answer, expected):
        return TestResult(Verdict.AC, **cost)
    return TestResult(Verdict.WA, **cost, detail=f"returned {_excerpt(answer)}, expected {_excerpt(expected)}")


def _excerpt(value: Any) -> str:
    if isinstance(value, int) and value.bit_length() > 10 * EXCERPT:
        return f"an integer of {value.bit_length()} bits"
    try:
        text = repr(value) if not isinstance(value, str) else repr(value[: EXCERPT + 1])
    except ValueError:  # an integer too long to be written, somewhere inside
        return f"a {type(value).__name__}"
    return text if len(text) <= EXCERPT else f"{text[:EXCERPT]}…"
