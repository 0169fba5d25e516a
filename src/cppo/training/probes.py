"""Measurements beside the training objective: does the solver still follow the method it is given?"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from cppo.policy.engine import Engine, GenerationRequest
from cppo.problems import Problem
from cppo.problems.testbed import Testbed
from cppo.text import PromptSet
from cppo.text.program import extract_program


def fidelity_probe(
    testbed: Testbed, problems: Sequence[Problem], prompts: PromptSet, program_tokens: int
) -> Callable[[Engine], dict[str, float]]:
    """Return a probe: the share of (problem, gold method) pairs for which the greedy program is the gold program.

    Every known method of every problem is asked once.
    """
    asked = [(problem, method) for problem in problems for method in testbed.methods(problem)]
    gold = [(testbed.gold_program(problem, method) or "").strip() for problem, method in asked]
    requests = [
        GenerationRequest(prompts.solve(problem.task, method), program_tokens, 0.0, 0) for problem, method in asked
    ]

    def probe(engine: Engine) -> dict[str, float]:
        completions = engine.generate(requests)
        same = [extract_program(c.text).strip() == want for c, want in zip(completions, gold, strict=True)]
        return {"solver_fidelity": sum(same) / len(same)}

    return probe
