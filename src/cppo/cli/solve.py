"""`cppo solve`: one problem, K attempts, told as they come; the first program that passes goes to standard output."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.syntax import Syntax
from rich.text import Text

from cppo.cli.console import make_reporter, quieten
from cppo.cli.grid import model_data
from cppo.cli.judge import visible
from cppo.config import build
from cppo.episodes import Episode, Sampling, tokens_by_role
from cppo.episodes.programs import excerpt
from cppo.errors import ConfigError, VerifierError, choose
from cppo.evaluation.methods import METHODS
from cppo.grid.run import bring_up
from cppo.grid.settings import GridModel
from cppo.policy.engine import Completion, StopReason
from cppo.problems import Problem
from cppo.solve.attempt import Attempt, Listener, attempt, check_tests
from cppo.solve.problem import read_problem
from cppo.text import LABELS, Prompt, prompt_set
from cppo.verifier import ProgramVerdict, Verdict, Verifier, VerifierConfig

DETAIL = 200
"""Characters shown of why a program failed."""
NOT_SOLVED = 1
"""Exit status when no program has passed, or when there were no tests that one could pass. Where the verifier failed on
a program it is that of `VerifierError`."""


def solve(arguments: argparse.Namespace) -> int:
    """Spend K attempts on a problem; return 0 only when a program has passed its tests."""
    method = choose("evaluation method", arguments.method, METHODS)
    if not 1 <= arguments.k <= len(LABELS):
        raise ConfigError(f"--k is {arguments.k}; it is the number of attempts, from 1 to {len(LABELS)}")
    if not METHODS[method].independent and arguments.k < 2:
        raise ConfigError(f"--method {method} makes one decision of K attempts; --k must be at least 2")
    model, sampling = _model(arguments), _sampling(arguments)
    silent = arguments.json or arguments.quiet
    config = build(VerifierConfig, {"workers": arguments.workers}, "--workers")
    problem = _problem(arguments, silent)
    check_tests(problem, config)  # before a model is loaded or asked
    if model.server is None:
        quieten()
    listener = Listener() if silent else Teller()
    with Verifier(config) as verifier:
        engine = bring_up(model, arguments.seed)
        prompts = prompt_set(model.prompts)
        found = attempt(problem, method, engine, prompts, verifier, sampling, arguments.seed, listener)
    if arguments.json:
        print(json.dumps(as_json(found), indent=2))
    else:
        _say_end(found, arguments.quiet)
    if found.passed:
        return 0
    return VerifierError.exit_code if found.undecided else NOT_SOLVED


def _sampling(arguments: argparse.Namespace) -> Sampling:
    """Return how to sample. Raises `ModelError` for a number that no engine takes, before one is asked."""
    sampling = Sampling(
        arguments.k, arguments.plan_temperature, arguments.temperature, arguments.plan_tokens, arguments.program_tokens
    )
    for request in (sampling.plan_request, sampling.solve_request):
        request(Prompt(""), 0)
    return sampling


def _problem(arguments: argparse.Namespace, silent: bool) -> Problem:
    reporter = make_reporter(silent)
    try:
        return read_problem(arguments.problem, arguments.data, reporter)
    finally:
        reporter.close()


def _model(arguments: argparse.Namespace) -> GridModel:
    own: dict[str, Any] = {"prompts": arguments.prompts, "chat": arguments.chat, "device": arguments.device}
    return build(GridModel, {**own, **model_data(arguments.model, arguments.served, api=arguments.api)}, "--model")


class Teller(Listener):
    """Tells on standard error."""

    def __init__(self) -> None:
        self.console = Console(stderr=True, highlight=False)

    def planned(self, completion: Completion) -> None:
        why = escape(visible(completion.error or completion.stop_reason.value)) if completion.truncated else ""
        self.console.print("[bold]plan[/bold]" + (f" [red]({why})[/red]" if why else ""))
        for line in completion.text.strip().splitlines():
            if line.strip():
                self.console.print(f"  {escape(visible(line.expandtabs()))}", soft_wrap=True)

    def written(self, number: int, program: str, why: str) -> None:
        none = "" if program else f" [red](none: {escape(visible(why))})[/red]"
        self.console.print(f"[bold]program {LABELS[number]}[/bold]{none}", soft_wrap=True)
        if program:
            lines = (visible(line.expandtabs()) for line in program.rstrip().split("\n"))
            self.console.print(Syntax("\n".join(lines), "python", background_color="default", word_wrap=True))

    def judged(self, number: int, verdict: ProgramVerdict) -> None:
        if verdict.verdict is Verdict.EMPTY:
            return  # `written` has said so, and why
        colour = "green" if verdict.passed else "red"
        detail = escape(visible(excerpt(verdict)[:DETAIL]))
        self.console.print(
            f"program {LABELS[number]}: [bold {colour}]{verdict.verdict}[/] [dim]{detail}[/dim]", soft_wrap=True
        )

    def trying(self, inputs: Sequence[Any]) -> None:
        self.console.print(
            f"there are no tests: programs are ranked by agreement on {len(inputs)} inputs that the model wrote"
        )


def _say_end(found: Attempt, quiet: bool) -> None:
    if not quiet:
        console = Console(stderr=True, highlight=False)
        for line in closing(found):
            console.print(Text(visible(line), style="green" if found.passed else ""), soft_wrap=True)
    if found.best is not None:
        program = found.branches[found.best].program.rstrip("\n") + "\n"
        form = sys.stdout.encoding or "utf-8"
        sys.stdout.write(program.encode(form, "backslashreplace").decode(form))


def closing(found: Attempt) -> list[str]:
    """Return, in lines, what is to be said at the end: which program to take and what speaks for it."""
    lines = [
        f"a plan gives no methods ({episode.fault}), so no program was written from it"
        for episode in found.episodes
        if episode.fault and not episode.branches
    ]
    best = "there is no program" if found.best is None else f"program {LABELS[found.best]}"
    if found.passed:
        return [*lines, f"{best} passes all {len(found.problem.tests)} tests"]
    if found.problem.tests:
        lost = f"; the verifier failed on {found.undecided} of them, which may be right" if found.undecided else ""
        return [*lines, f"no program passes{lost}"]
    if found.best is None:
        return [*lines, best]
    if found.agreement:
        share = 100 * found.agreement[found.best]
        return [*lines, f"{best} agrees most with the others ({share:.0f} %); nothing is proved"]
    return [*lines, f"there are no tests, and no comparison: {found.uncompared}; {best} is merely the first"]


def as_json(found: Attempt) -> dict[str, Any]:
    """Return what came out as JSON values."""
    ranked = bool(found.agreement)
    asked = Episode("solve", found.problem.id, 0, calls=() if found.asked is None else (found.asked,))
    return {
        "problem": found.problem.id,
        "tests": len(found.problem.tests),
        "method": found.method,
        "solved": found.passed,
        "best": found.best,
        "program": None if found.best is None else found.branches[found.best].program,
        "plans": [_plan_json(episode) for episode in found.episodes if episode.plan is not None],
        "attempts": [
            {
                "method": branch.method,
                "program": branch.program,
                "verdict": branch.verdict.value if found.problem.tests else None,
                "detail": branch.detail if found.problem.tests or branch.stop == StopReason.ERROR else "",
                "stop": branch.stop,
                "agreement": found.agreement[i] if ranked else None,
            }
            for i, branch in enumerate(found.branches)
        ],
        "inputs": found.inputs,
        "uncompared": found.uncompared,
        "tokens": {role: spent._asdict() for role, spent in tokens_by_role([*found.episodes, asked]).items()},
    }


def _plan_json(episode: Episode) -> dict[str, Any]:
    error = "" if episode.completion is None else episode.completion.error
    return {"text": episode.plan, "methods": list(episode.methods), "fault": episode.fault, "error": error}
