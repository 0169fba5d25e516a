"""PlanSearch: a search over observations in plain words, then one program for each combination that is chosen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from cppo.episodes import Episode, Sampling, Workbench, Written, with_programs, write_programs
from cppo.episodes.calls import planner_tokens
from cppo.evaluation.methods.combinations import Combination, choose_combinations, distinct, subsets
from cppo.evaluation.methods.stages import Answer, Stages
from cppo.problems import Problem
from cppo.seeding import derive_seed, derived_random
from cppo.text.observations import parse_observations

NO_OBSERVATIONS = "no_observations"
"""Fault: the model wrote no usable observation, so every attempt has the empty combination."""
FEW_COMBINATIONS = "few_combinations"
"""Fault: there are fewer distinct combinations than attempts, so some come more than once."""

SHARED_ROLES = frozenset({"observe", "combine"})
"""Roles of the calls that are made once a problem, however many attempts follow."""


@dataclass(frozen=True)
class PlanSearch:
    """PlanSearch (arXiv 2409.03733) with a budget of programs.

    First-order observations; their subsets of up to `subset_size`, the empty one too; from each subset further
    observations; subsets of those. A combination is a subset of the first order together with a subset of what was
    derived from it. `attempts` distinct combinations are chosen (all alike likely), and for each the model writes a
    solution in plain words, its pseudocode, and a program (mode SOLVE, the pseudocode in place of the method). The
    published second solution by criticism of the first is left out. All calls but the programs sample as plans do.

    One episode a problem: `plan` says what each attempt rests on, `Branch.method` is the text its program was written
    from. Nothing that fails ends an attempt: without pseudocode the program is written from the solution, without
    that from the statement alone (mode DIRECT); without observations the combination is the empty one, and `fault`
    says so (`NO_OBSERVATIONS`, `FEW_COMBINATIONS`) beside the branches. A text that its token limit cut is used as far
    as it goes, a list without its last item.

    The attempts share their observations and are drawn without replacement, so they are not independent. But they are
    exchangeable: any k of the n are as good a draw without replacement as the first k, which are what a budget of k
    would have chosen. So 1 − C(n−c, k)/C(n, k), the mean of max over all k-subsets, is unbiased for PlanSearch with a
    budget of k, and `independent` says to use it. Only with `FEW_COMBINATIONS` is it a little too low for k < n: a
    budget of k would have repeated fewer combinations than a k-subset of the n does.
    """

    observations: int = 10
    subset_size: int = 2
    independent = True

    def run(
        self,
        problems: Sequence[Problem],
        attempts: int,
        bench: Workbench,
        sampling: Sampling,
        arm: str,
        seed: tuple[object, ...],
    ) -> list[Episode]:
        """Observe, combine, solve in words, then write the programs: every stage for all problems at once."""
        stages = Stages(problems, bench, sampling, seed)
        bench.clock("plan")
        pools = self._pools(stages)
        chosen = [
            choose_combinations(pool, attempts, derived_random(*seed, problem.id, "choose"))
            for problem, pool in zip(problems, pools, strict=True)
        ]
        solutions = _solutions(stages, chosen)
        texts = _pseudocodes(stages, solutions)
        bench.clock("")
        written = _programs(stages, texts)
        return [
            with_programs(
                Episode(
                    arm=arm,
                    problem_id=problem.id,
                    index=0,
                    plan=_plan(chosen[p], solutions[p]),
                    fault=_fault(pools[p], attempts),
                    plan_tokens=planner_tokens(stages.calls[p]),
                    metadata=problem.metadata,
                    calls=tuple(stages.calls[p]),
                    detail=stages.details[p],
                ),
                written[p],
            )
            for p, problem in enumerate(problems)
        ]

    def _pools(self, stages: Stages) -> list[list[Combination]]:
        """Ask for both orders of observations; return the distinct combinations of every problem, [P]."""
        prompts, count = stages.bench.prompts, self.observations
        first = stages.ask("observe", [[prompts.observe(problem.task, count)] for problem in stages.problems])
        parents = [subsets(self._observed(answer), self.subset_size) for [answer] in first]
        derived = stages.ask(
            "combine",
            [
                [prompts.combine(problem.task, parent, count) for parent in mine]
                for problem, mine in zip(stages.problems, parents, strict=True)
            ],
        )
        return [
            distinct(
                parent + child
                for parent, answer in zip(mine, answers, strict=True)
                for child in subsets(self._observed(answer), self.subset_size)
            )
            for mine, answers in zip(parents, derived, strict=True)
        ]

    def _observed(self, answer: Answer) -> tuple[str, ...]:
        return parse_observations(answer.text, self.observations, answer.cut)


def _solutions(stages: Stages, chosen: Sequence[Sequence[Combination]]) -> list[list[str]]:
    """Return a solution in plain words for every chosen combination, [P][attempts]; "" where none came back."""
    sketch = stages.bench.prompts.sketch
    answers = stages.ask(
        "sketch",
        [
            [sketch(problem.task, combination) for combination in mine]
            for problem, mine in zip(stages.problems, chosen, strict=True)
        ],
    )
    return [[answer.text for answer in mine] for mine in answers]


def _pseudocodes(stages: Stages, solutions: Sequence[Sequence[str]]) -> list[list[str]]:
    """Return the most worked-out text of every attempt, [P][attempts]: pseudocode, else the solution, else ""."""
    pseudocode = stages.bench.prompts.pseudocode
    answers = stages.ask(
        "pseudocode",
        [
            [pseudocode(problem.task, solution) if solution else None for solution in mine]
            for problem, mine in zip(stages.problems, solutions, strict=True)
        ],
    )
    return [
        [answer.text or solution for answer, solution in zip(theirs, mine, strict=True)]
        for theirs, mine in zip(answers, solutions, strict=True)
    ]


def _plan(chosen: Sequence[Combination], solutions: Sequence[str]) -> str:
    """Return what the attempts of a problem rest on, as text: the observations and the solution of each."""
    return "\n\n".join(
        f"[{i}] {' / '.join(combination) or '(no observations)'}\n{solution}".strip()
        for i, (combination, solution) in enumerate(zip(chosen, solutions, strict=True), start=1)
    )


def _fault(pool: Sequence[Combination], attempts: int) -> str | None:
    if not any(pool):
        return NO_OBSERVATIONS
    return FEW_COMBINATIONS if len(pool) < attempts else None


def _programs(stages: Stages, texts: Sequence[Sequence[str]]) -> list[list[Written]]:
    """Write one program for every attempt from its text, or from the statement alone where there is none."""
    prompts = stages.bench.prompts
    slots = [
        (problem, i, text) for problem, mine in zip(stages.problems, texts, strict=True) for i, text in enumerate(mine)
    ]
    requests = [
        stages.sampling.solve_request(
            prompts.solve(problem.task, text) if text else prompts.direct(problem.task),
            derive_seed(*stages.seed, problem.id, "solve", i),
        )
        for problem, i, text in slots
    ]
    # Labelled by what the program is: no testbed knows a text as free as this one.
    written = write_programs([problem for problem, *_ in slots], [None] * len(slots), requests, stages.bench)
    named = iter(
        one._replace(branch=replace(one.branch, method=text or None))
        for one, (*_, text) in zip(written, slots, strict=True)
    )
    return [[next(named) for _ in mine] for mine in texts]
