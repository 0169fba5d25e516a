"""Stage 1: what the planner (and, from scratch, the solver) is taught by example."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cppo.errors import ConfigError, DataError, nearest
from cppo.files import read_jsonl
from cppo.policy.rendering import render
from cppo.problems import Problem
from cppo.problems.testbed import Testbed
from cppo.seeding import derived_random
from cppo.text import Prompt, PromptSet, StrategyTuple, format_plan, parse_plan
from cppo.training.settings import PlannerTuningSettings
from cppo.training.supervised import Example


@dataclass(frozen=True)
class GoldTuple:
    """A problem and one gold tuple for it."""

    problem: Problem
    methods: tuple[str, ...]


@dataclass
class ExampleSet:
    """Examples ready for training, and how many were left out, by reason."""

    examples: list[Example] = field(default_factory=list)
    dropped: dict[str, int] = field(default_factory=dict)

    def drop(self, reason: str) -> None:
        """Count one example that was left out."""
        self.dropped[reason] = self.dropped.get(reason, 0) + 1


def read_gold_tuples(path: Path | str, problems: Sequence[Problem], k: int) -> list[GoldTuple]:
    """Read `{"problem_id", "methods"}` rows. Raises `DataError` naming the line of a bad one."""
    known = {problem.id: problem for problem in problems}
    tuples = []
    for number, row in read_jsonl(path):
        where = f"{path}, line {number}"
        if not isinstance(row, dict) or not isinstance(row.get("methods"), list) or "problem_id" not in row:
            raise DataError(f'{where}: a gold tuple is {{"problem_id": …, "methods": […]}}')
        if row["problem_id"] not in known:
            raise DataError(
                f"{where}: problem {row['problem_id']!r} is not in the pool{nearest(row['problem_id'], known)}"
            )
        try:
            parsed: StrategyTuple = parse_plan(format_plan([str(method) for method in row["methods"]]), k)
        except ValueError as error:
            raise DataError(f"{where}: {error}") from None
        tuples.append(GoldTuple(known[row["problem_id"]], parsed.methods))
    if not tuples:
        raise DataError(f"{path} has no gold tuples")
    return tuples


def gold_tuples(
    problems: Sequence[Problem], count: int, k: int, seed: int, testbed: Testbed | None, data: str | None
) -> list[GoldTuple]:
    """Return the gold tuples of a recipe: from its file, or `count` draws a problem on a testbed."""
    if data is not None:
        return read_gold_tuples(data, problems, k)
    if testbed is None:
        raise ConfigError(
            'gold tuples are needed: set sft.data to a JSONL file of {"problem_id", "methods"} rows '
            "(only the embedded testbed draws its own)"
        )
    return [
        GoldTuple(problem, tuple(testbed.gold_plan(problem, derived_random(seed, "gold", problem.id, i), k)))
        for problem in problems
        for i in range(count)
    ]


def planner_examples(
    problems: Sequence[Problem],
    settings: PlannerTuningSettings,
    k: int,
    *,
    seed: int,
    prompts: PromptSet,
    tokenizer: Any,
    testbed: Testbed | None,
) -> ExampleSet:
    """Return the examples of stage 1: PLAN always, single plans, SOLVE and DIRECT where the settings ask for them."""
    result = ExampleSet()
    pairs = _pairs(problems, settings, k, seed, prompts, testbed)
    for prompt, answer in pairs:
        head = render(prompt, tokenizer, prompts.chat)
        tail = tokenizer(answer, add_special_tokens=False)["input_ids"] + [tokenizer.eos_token_id]
        if len(head) + len(tail) > settings.max_length:
            result.drop("too_long")
        else:
            result.examples.append(Example((*head, *tail), len(head)))
    if not result.examples:
        raise DataError(f"stage 1 has no examples left ({result.dropped}); raise sft.max_length or bring gold tuples")
    return result


def _pairs(
    problems: Sequence[Problem],
    settings: PlannerTuningSettings,
    k: int,
    seed: int,
    prompts: PromptSet,
    testbed: Testbed | None,
) -> Iterator[tuple[Prompt, str]]:
    if settings.plans or settings.data:
        for gold in gold_tuples(problems, settings.plans, k, seed, testbed, settings.data):
            yield prompts.plan(gold.problem.task, k), format_plan(gold.methods)
    if testbed is None and (settings.single_plans or settings.programs or settings.direct):
        raise ConfigError("sft.single_plans, sft.programs and sft.direct need gold programs, which only a testbed has")
    if testbed is None:
        return
    for problem in problems:
        for kind, count in (
            ("single", settings.single_plans),
            ("solve", settings.programs),
            ("direct", settings.direct),
        ):
            for i in range(count):
                (method,) = testbed.gold_plan(problem, derived_random(seed, kind, problem.id, i), 1)
                if kind == "single":
                    yield prompts.plan(problem.task, 1), format_plan([method])
                elif kind == "solve":
                    # Every method alike: the solver must follow rare ones as faithfully as common ones.
                    method = derived_random(seed, kind, problem.id, i).choice(testbed.methods(problem))
                    yield prompts.solve(problem.task, method), _answer(prompts, testbed, problem, method)
                else:
                    yield prompts.direct(problem.task), _answer(prompts, testbed, problem, method)


def _answer(prompts: PromptSet, testbed: Testbed, problem: Problem, method: str) -> str:
    program = (testbed.gold_program(problem, method) or "").strip()
    return f"{program}\n```" if prompts.opening.startswith("```") else program
