"""K attempts at one problem with a scripted model and the real verifier."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from cppo.episodes import Sampling
from cppo.errors import DataError, ModelError
from cppo.policy.engine import Completion, Done, GenerationRequest
from cppo.policy.scripted import ScriptedEngine
from cppo.problems import Problem, TestCase
from cppo.solve.agreement import agreement, inputs_prompt, parse_inputs
from cppo.solve.attempt import Attempt, Listener, attempt, check_tests
from cppo.text.prompts import COMPACT
from cppo.verifier import ProgramVerdict, TestResult, Verdict, Verifier, VerifierConfig

DOUBLE = Problem("double", "Print twice the number.", [TestCase("4", "8"), TestCase("5", "10")])
PLAN = "A: shift it\nB: add it to itself\nC: square it\nD: give up"
PROGRAMS = {
    "shift it": "print(int(input()) << 2)",
    "add it to itself": "n = int(input())\nprint(n + n)",
    "square it": "print(int(input()) ** 2)",
    "give up": "",
}
SAMPLING = Sampling(4, 0.9, 0.7, 200, 200)


def script(request: GenerationRequest) -> str:
    text = request.prompt.text
    if "PLAN" in text:
        return PLAN
    if "METHOD" in text:
        return PROGRAMS[text.split("METHOD ")[1].split("\n")[0]]
    return "```\n1\n```\nand\n```text\n1\n```\n```\n3\n```"


class Heard(Listener):
    def __init__(self) -> None:
        self.events: list[Any] = []

    def planned(self, completion: Any) -> None:
        self.events.append("plan")

    def written(self, number: int, program: str, why: str) -> None:
        self.events.append(("written", number, why or bool(program)))

    def judged(self, number: int, verdict: ProgramVerdict) -> None:
        self.events.append(("judged", number, verdict.verdict.value))

    def trying(self, inputs: Any) -> None:
        self.events.append(("trying", list(inputs)))


def test_the_first_that_passes_is_taken_and_everything_is_told() -> None:
    heard = Heard()
    with Verifier() as verifier:
        found = attempt(DOUBLE, "tuple", ScriptedEngine(script), COMPACT, verifier, SAMPLING, 0, heard)
    assert (found.passed, found.best) == (True, 1)
    assert [branch.verdict for branch in found.branches] == [Verdict.WA, Verdict.AC, Verdict.WA, Verdict.EMPTY]
    assert heard.events[0] == "plan"
    written = [event for event in heard.events if event[0] == "written"]
    none = "no program in the answer"
    assert written == [("written", 0, True), ("written", 1, True), ("written", 2, True), ("written", 3, none)]
    judged = [event[1:] for event in heard.events if event[0] == "judged"]
    assert sorted(judged) == [(0, "WA"), (1, "AC"), (2, "WA"), (3, "EMPTY")]


def test_equal_programs_have_a_verdict_each() -> None:
    heard = Heard()
    with Verifier() as verifier:
        engine = ScriptedEngine(lambda _: "print(2 * int(input()))")
        found = attempt(DOUBLE, "direct", engine, COMPACT, verifier, SAMPLING, 0, heard)
    assert (found.passed, found.best) == (True, 0)
    assert [event[1:] for event in heard.events if event[0] == "judged"] == [(i, "AC") for i in range(4)]


def test_without_tests_agreement_decides_and_nothing_is_claimed() -> None:
    programs = dict(PROGRAMS, **{"shift it": "print(2 * int(input()))"})

    def answers(request: GenerationRequest) -> str:
        text = request.prompt.text
        return programs[text.split("METHOD ")[1].split("\n")[0]] if "METHOD" in text else script(request)

    heard = Heard()
    problem = Problem("double", "Print twice the number.", [])
    with Verifier() as verifier:
        found = attempt(problem, "tuple", ScriptedEngine(answers), COMPACT, verifier, SAMPLING, 0, heard)
    assert (found.passed, found.best, found.inputs) == (False, 0, ["1\n", "3\n"])
    # on 1 and 3: 2 6, 2 6, 1 9, no program; each agrees with one of three others, or none
    assert found.agreement == pytest.approx([1 / 3, 1 / 3, 0, 0])
    assert ("trying", ["1\n", "3\n"]) in heard.events


class Dying(ScriptedEngine):
    """Writes programs, and is gone when it is asked for inputs."""

    def generate(self, requests: Sequence[GenerationRequest], on_done: Done | None = None) -> list[Completion]:
        if on_done is None:
            raise ModelError("the server is gone")
        return super().generate(requests, on_done)


class Fading(ScriptedEngine):
    """Is gone after so many answers of a call."""

    def __init__(self, script: Callable[[GenerationRequest], str], answers: int) -> None:
        super().__init__(script)
        self.answers = answers

    def generate(self, requests: Sequence[GenerationRequest], on_done: Done | None = None) -> list[Completion]:
        super().generate(requests[: self.answers], on_done)
        raise ModelError("the server is gone")


def test_a_verdict_is_told_while_other_programs_are_still_written() -> None:
    told = threading.Event()
    seen: list[bool] = []

    class Waiting(Listener):
        def judged(self, number: int, verdict: ProgramVerdict) -> None:
            told.set()

    def answers(request: GenerationRequest) -> str:
        if engine.requests.index(request) == 1:
            seen.append(told.wait(60))
        return "print(2 * int(input()))"

    with Verifier() as verifier:
        engine = ScriptedEngine(answers)
        attempt(DOUBLE, "direct", engine, COMPACT, verifier, replace(SAMPLING, k=2), 0, Waiting())
    assert seen == [True]


def test_what_came_before_a_server_was_gone_is_kept() -> None:
    heard = Heard()
    with Verifier() as verifier:
        engine = Fading(lambda _: "print(2 * int(input()))", 2)
        found = attempt(DOUBLE, "direct", engine, COMPACT, verifier, SAMPLING, 0, heard)
    assert (found.passed, found.best) == (True, 0)
    assert [branch.verdict for branch in found.branches] == [Verdict.AC, Verdict.AC, Verdict.EMPTY, Verdict.EMPTY]
    assert [branch.stop for branch in found.branches] == ["end", "end", "error", "error"]
    assert ("written", 3, "the server is gone") in heard.events
    with Verifier() as verifier, pytest.raises(ModelError, match="the server is gone"):
        attempt(DOUBLE, "direct", Fading(lambda _: "", 0), COMPACT, verifier, SAMPLING, 0, Listener())


def solve_untested(engine: ScriptedEngine, count: int, listener: Listener) -> Attempt:
    problem = Problem("double", "Print twice the number.", [])
    sampling = replace(SAMPLING, k=count)
    with Verifier() as verifier:
        return attempt(problem, "direct", engine, COMPACT, verifier, sampling, 0, listener)


def test_programs_outlive_a_model_that_gives_no_inputs() -> None:
    for engine, why, stop in (
        (Dying(lambda _: "print(1)"), "the server is gone", "error"),
        (ScriptedEngine(lambda _: "print(1)"), "the model wrote no input that can be used", "end"),
        (
            ScriptedEngine(lambda r: "```\n\ud800\n```" if "inputs" in r.prompt.text else "print(1)"),
            "the model wrote no input that can be used",
            "end",
        ),
    ):
        heard = Heard()
        found = solve_untested(engine, 3, heard)
        assert [branch.program for branch in found.branches] == ["print(1)"] * 3
        assert (found.best, found.passed, found.agreement, found.uncompared) == (0, False, [], why)
        assert found.asked is not None
        assert (found.asked.role, found.asked.stop) == ("inputs", stop)
        assert [event[0] for event in heard.events] == ["written"] * 3


def test_a_single_program_is_compared_with_nothing_and_no_inputs_are_asked_for() -> None:
    engine = ScriptedEngine(lambda _: "print(1)")
    found = solve_untested(engine, 1, Listener())
    assert (found.best, found.uncompared, found.asked) == (0, "there are not two programs", None)
    assert len(engine.requests) == 1


def test_tests_that_nothing_can_be_judged_by_are_refused() -> None:
    with pytest.raises(DataError, match="unknown checker 'exactly'"):
        check_tests(replace(DOUBLE, checker="exactly"), VerifierConfig())
    check_tests(replace(DOUBLE, tests=[]), VerifierConfig())


def test_without_programs_nothing_is_taken() -> None:
    for problem in (DOUBLE, Problem("none", "x", [])):
        with Verifier() as verifier:
            engine = ScriptedEngine(lambda _: "no plan here")
            found = attempt(problem, "tuple", engine, COMPACT, verifier, SAMPLING, 0, Listener())
        assert (found.passed, found.best, found.branches) == (False, None, [])


def test_inputs_are_read_from_fenced_blocks() -> None:
    stdin = Problem("p", "s", [])
    assert parse_inputs("```\n1 2\n```\n```\n\n```\n```py\n3\n```", stdin) == ["1 2\n", "3\n"]
    assert "standard input" in inputs_prompt(stdin).text
    call = Problem("p", "s", [], mode="call", entry_point="f")
    text = "```json\n[1, [2]]\n```\n```\n('a', None)\n```\n```\nnot json\n```\n```\n{\"a\": 1}\n```"
    assert parse_inputs(text, call) == [[1, [2]], ["a", None]]
    assert "arguments of f" in inputs_prompt(call).text
    assert parse_inputs("```\n1\n```\n" * 3 + "".join(f"```\n{i}\n```\n" for i in range(9)), stdin) == [
        "1\n", "0\n", "2\n", "3\n", "4\n", "5\n",
    ]  # fmt: skip


def test_agreement_by_hand() -> None:
    def said(*answers: str | None) -> ProgramVerdict:
        tests = tuple(
            TestResult(Verdict.RE) if answer is None else TestResult(Verdict.WA, stdout=answer) for answer in answers
        )
        return ProgramVerdict(Verdict.WA, tests)

    # first test: a a b; second test: c, an exception, c
    assert agreement([said("a", "c"), said("a", None), said("b", "c")]) == pytest.approx([0.5, 0.25, 0.25])
    assert agreement([said("a"), ProgramVerdict(Verdict.CE)]) == [0, 0]
    assert agreement([said("a")]) == [0]
    assert agreement([]) == []


def test_what_a_program_answers_is_its_output_or_what_its_function_returned() -> None:
    def said(stdout: str, detail: str) -> ProgramVerdict:
        return ProgramVerdict(Verdict.WA, (TestResult(Verdict.WA, stdout=stdout, detail=detail),))

    line, no_line = said("1 2\n", "wrote '1 2\\n'"), said("1  2", "wrote '1  2'")
    assert agreement([line, no_line]) == [1, 1]
    loud, quiet = said("debug", "returned 3"), said("", "returned 3")
    assert agreement([loud, quiet], "call") == [1, 1]
    assert agreement([loud, said("debug", "returned 4")], "call") == [0, 0]
