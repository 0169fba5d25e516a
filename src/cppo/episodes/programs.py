"""Programs: written, verified while others are still being written, and labelled where a testbed knows."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future
from typing import NamedTuple

from cppo.episodes.bench import Judge, Workbench
from cppo.episodes.calls import DETAIL, SOLVER, Call, call_of
from cppo.episodes.record import Branch
from cppo.policy.engine import Completion, GenerationRequest
from cppo.problems import Problem
from cppo.text.program import extract_program
from cppo.verifier import ProgramVerdict, Verdict


class Written(NamedTuple):
    """A program with its verdict, and the call that wrote it."""

    branch: Branch
    call: Call


def write_programs(
    problems: Sequence[Problem],
    methods: Sequence[str | None],
    requests: Sequence[GenerationRequest],
    bench: Workbench,
) -> list[Written]:
    """Write, verify and label a program a request, each distinct program of a problem verified once.

    A branch is labelled by its method, or, where that is None, by its program. `verify` on the clock is what is left
    to wait for when the last program is written.
    """
    verdicts: dict[tuple[str, str], Future[ProgramVerdict]] = {}
    programs: dict[int, str] = {}
    extracted: dict[tuple[str, bool], str] = {}
    labels: dict[tuple[str, str], str | None] = {}

    def submit(i: int, completion: Completion) -> None:
        said = completion.text, completion.truncated
        if said not in extracted:
            extracted[said] = _program(completion)
        program = programs[i] = extracted[said]
        if (problems[i].id, program) not in verdicts:
            verdicts[problems[i].id, program] = bench.verifier.submit(problems[i], program)

    try:
        bench.clock("solve")
        completions = bench.engine.generate(requests, submit)
        bench.clock("verify")
        written = []
        asked = zip(problems, methods, requests, completions, strict=True)
        for i, (problem, method, request, completion) in enumerate(asked):
            program = programs[i]
            verdict = verdicts[problem.id, program].result()
            call = call_of(SOLVER, request, completion)
            named = problem.id, program if method is None else method
            if bench.judge is not None and named not in labels:
                labels[named] = _label(problem, method, program, bench.judge)
            written.append(Written(_branch(completion, method, program, verdict, call, labels.get(named)), call))
        bench.clock("")
    except BaseException:
        for verdict_to_come in verdicts.values():
            verdict_to_come.cancel()
        raise
    return written


def excerpt(verdict: ProgramVerdict) -> str:
    """Return what a branch keeps of a verdict in words: the program's, or that of its first failed test."""
    return (verdict.detail or next((t.detail for t in verdict.tests if t.verdict is not Verdict.AC), ""))[:DETAIL]


def _program(completion: Completion) -> str:
    """Return the program of a completion. One that was cut or failed counts as no program."""
    return "" if completion.truncated else extract_program(completion.text)


def _label(problem: Problem, method: str | None, program: str, judge: Judge) -> str | None:
    return judge.label_program(problem, program) if method is None else judge.label_method(problem, method)


def _branch(
    completion: Completion, method: str | None, program: str, verdict: ProgramVerdict, call: Call, label: str | None
) -> Branch:
    return Branch(
        method=method,
        program=program,
        verdict=verdict.verdict,
        stop=completion.stop_reason.value,
        tokens=call.tokens_out,
        detail=completion.error[:DETAIL] or excerpt(verdict),
        label=label,
        completion=completion,
    )
