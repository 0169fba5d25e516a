"""Where there are no tests: programs ranked by how many others answer as they do, on inputs that the model wrote."""

from __future__ import annotations

import ast
import json
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from cppo.problems import Mode, Problem, TestCase
from cppo.text import Prompt
from cppo.verifier import ProgramVerdict, Verdict

INPUTS = 6
"""Inputs asked for."""

_ASK = """\
Problem
-------
{statement}

Task
----
Write {count} short inputs with which to try out programs for this problem: ordinary ones, the smallest possible, and \
unusual ones. {form} Put each into a fenced code block of its own. No answers and no explanations.

Inputs
------
"""
_STDIN = "Each is exactly what a program reads from standard input."
_CALL = "Each is the list of arguments of {name}, written as JSON."
_BLOCK = re.compile(r"```[^\n]*\n(.*?)```", re.DOTALL)


def inputs_prompt(problem: Problem) -> Prompt:
    """Ask for inputs, none of which comes with an answer."""
    form = _STDIN if problem.mode == "stdin" else _CALL.format(name=problem.entry_point)
    return Prompt(_ASK.format(statement=problem.task.strip(), count=INPUTS, form=form))


def parse_inputs(text: str, problem: Problem) -> list[Any]:
    """Return the different inputs of an answer, at most `INPUTS`; what cannot be an input is left out."""
    found: list[Any] = []
    for block in _BLOCK.findall(text):
        value = block if problem.mode == "stdin" else _arguments(block)
        if value is not None and value not in found and (problem.mode == "call" or block.strip()):
            found.append(value)
    return found[:INPUTS]


def _arguments(block: str) -> list[Any] | None:
    for read in (json.loads, ast.literal_eval):
        try:
            value = read(block.strip())
            plain = json.loads(json.dumps(value))
        except (ValueError, SyntaxError, TypeError, RecursionError, MemoryError):
            continue
        if isinstance(plain, list):
            return plain
    return None


def trial(problem: Problem, inputs: Sequence[Any]) -> Problem:
    """Return the problem with these inputs as tests that nothing can pass: only what programs answer is wanted."""
    expected = f"\0{problem.id}"  # no program can print it: NUL is not text that a checker trims
    return replace(problem, tests=[TestCase(value, expected) for value in inputs], checker="exact", checker_program="")


def agreement(verdicts: Sequence[ProgramVerdict], mode: Mode = "stdin") -> list[float]:
    """Return, for every program, the mean share of the others that answered its tests as it did.

    A test on which a program failed (an exception, a limit) agrees with nobody. Programs that ran on no test have 0.
    Answers are compared as far as the verifier's short excerpts of them go; of an output, white space aside.
    """
    tests = max((len(verdict.tests) for verdict in verdicts), default=0)
    scores = [0.0] * len(verdicts)
    if tests == 0 or len(verdicts) < 2:
        return scores
    for t in range(tests):
        answers = [_answer(verdict, t, mode) for verdict in verdicts]
        counts = Counter(answer for answer in answers if answer is not None)
        for i, answer in enumerate(answers):
            if answer is not None:
                scores[i] += (counts[answer] - 1) / (len(verdicts) - 1) / tests
    return scores


def _answer(verdict: ProgramVerdict, test: int, mode: Mode) -> str | None:
    """Return what a program answered, as far as the verifier's excerpts tell; None where it gave no answer."""
    if test >= len(verdict.tests) or verdict.tests[test].verdict not in (Verdict.AC, Verdict.WA):
        return None
    result = verdict.tests[test]
    # What a function returned stands in the detail; what it printed on the way is no answer.
    return result.detail if mode == "call" else " ".join(result.stdout.split())
