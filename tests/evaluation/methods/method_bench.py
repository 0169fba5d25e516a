"""A workbench for methods: a scripted model that may also misbehave, and a verifier of one word."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future

from cppo.episodes import Workbench
from cppo.policy.engine import Completion, Done, GenerationRequest, StopReason
from cppo.policy.scripted import ScriptedEngine
from cppo.problems import Problem, TestCase
from cppo.text.prompts import COMPACT, PromptSet
from cppo.verifier import ProgramVerdict, Verdict

PROBLEMS = [Problem(f"p{i}", f"statement {i}", [TestCase("", "")], metadata={"number": i}) for i in range(4)]

Script = Callable[[GenerationRequest], str | StopReason]
"""The answer, or how it came to nothing: `ERROR`, or `LENGTH` for a prompt that fills the context."""


class MoodyEngine(ScriptedEngine):
    """Answers from a script that may fail; counts its batches."""

    def __init__(self, script: Script) -> None:
        super().__init__(script)  # type: ignore[arg-type]
        self.batches: list[int] = []

    def generate(self, requests: Sequence[GenerationRequest], on_done: Done | None = None) -> list[Completion]:
        self.batches.append(len(requests))
        self.requests.extend(requests)
        completions = []
        for i, request in enumerate(requests):
            answer = self.script(request)
            completions.append(lost(answer) if isinstance(answer, StopReason) else self._answer(request))
            if on_done is not None:
                on_done(i, completions[i])
        return completions


def lost(reason: StopReason) -> Completion:
    """Return what is left of an answer: of one that the engine lost, a part that nobody may use."""
    if reason is StopReason.ERROR:
        return Completion("1. Half of an ans", (), (), reason, error="the engine lost it")
    return Completion("", (), (), reason)


class OneWordVerifier:
    """Passes programs that hold the word good."""

    def submit(self, _: Problem, program: str) -> Future[ProgramVerdict]:
        future: Future[ProgramVerdict] = Future()
        verdict = Verdict.AC if "good" in program else Verdict.WA if program else Verdict.EMPTY
        future.set_result(ProgramVerdict(verdict))
        return future


def bench_of(script: Script, prompts: PromptSet = COMPACT) -> Workbench:
    return Workbench(MoodyEngine(script), prompts, OneWordVerifier())


def engine_of(bench: Workbench) -> MoodyEngine:
    assert isinstance(bench.engine, MoodyEngine)
    return bench.engine


def asked_for_program(request: GenerationRequest) -> bool:
    return request.prompt.text.endswith("CODE\n")
