"""The two-phase rollout: plans first, then one program per method, then verdicts.

Each phase is one batch over all problems, so the engine sees as many sequences as there are. Random choices come from
(seed parts, problem, tuple, branch) alone: order and batching do not change them. A program is verified while others
are still being written, once where it occurs twice for a problem.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from cppo.episodes.bench import Judge, Sampling, Workbench
from cppo.episodes.calls import DETAIL, PLANNER, Call, call_of
from cppo.episodes.programs import Written, write_programs
from cppo.episodes.record import Episode
from cppo.policy.engine import Completion, StopReason
from cppo.problems import Problem
from cppo.seeding import derive_seed
from cppo.text import PlanFault, PlanFormatError, parse_plan


def collect_plans(
    problems: Sequence[Problem], count: int, bench: Workbench, sampling: Sampling, arm: str, seed: tuple[object, ...]
) -> list[list[Episode]]:
    """Sample `count` plans a problem; the episodes have no branches yet. Returns [P][count]."""
    requests = [
        sampling.plan_request(prompt, derive_seed(*seed, problem.id, m, "plan"))
        for problem in problems
        for prompt in [bench.prompts.plan(problem.task, sampling.k)]
        for m in range(count)
    ]
    bench.clock("plan")
    completions = bench.engine.generate(requests)
    bench.clock("")
    planned = [
        _planned(problems[i // count], i % count, call_of(PLANNER, request, c), c, sampling.k, arm, bench.judge)
        for i, (request, c) in enumerate(zip(requests, completions, strict=True))
    ]
    return [planned[p * count : (p + 1) * count] for p in range(len(problems))]


def solve_plans(
    problems: Sequence[Problem],
    groups: Sequence[Sequence[Episode]],
    bench: Workbench,
    sampling: Sampling,
    seed: tuple[object, ...],
) -> list[list[Episode]]:
    """Write and verify one program per method of every plan that parsed. Returns the episodes with branches."""
    slots = [
        (p, m, i, method)
        for p, group in enumerate(groups)
        for m, episode in enumerate(group)
        for i, method in enumerate(episode.methods)
    ]
    requests = [
        sampling.solve_request(
            bench.prompts.solve(problems[p].task, method),
            derive_seed(*seed, problems[p].id, groups[p][m].index, "solve", i),
        )
        for p, m, i, method in slots
    ]
    written = write_programs([problems[p] for p, *_ in slots], [method for *_, method in slots], requests, bench)
    result = [list(group) for group in groups]
    gathered: dict[tuple[int, int], list[Written]] = {}
    for (p, m, _, _), one in zip(slots, written, strict=True):
        gathered.setdefault((p, m), []).append(one)
    for (p, m), mine in gathered.items():
        result[p][m] = with_programs(result[p][m], mine)
    return result


def collect_direct(
    problems: Sequence[Problem], count: int, bench: Workbench, sampling: Sampling, arm: str, seed: tuple[object, ...]
) -> list[Episode]:
    """Sample and verify `count` programs a problem without a plan. Returns one episode a problem."""
    requests = [
        sampling.solve_request(prompt, derive_seed(*seed, problem.id, "direct", i))
        for problem in problems
        for prompt in [bench.prompts.direct(problem.task)]
        for i in range(count)
    ]
    asked = [problem for problem in problems for _ in range(count)]
    written = write_programs(asked, [None] * len(asked), requests, bench)
    return [
        with_programs(Episode(arm, problem.id, 0, metadata=problem.metadata), written[p * count : (p + 1) * count])
        for p, problem in enumerate(problems)
    ]


def with_programs(episode: Episode, written: Sequence[Written]) -> Episode:
    """Return the episode with these programs as its branches and the calls that wrote them behind its own."""
    return replace(
        episode,
        branches=tuple(one.branch for one in written),
        calls=(*episode.calls, *(one.call for one in written)),
    )


def _planned(
    problem: Problem, m: int, call: Call, completion: Completion, k: int, arm: str, judge: Judge | None
) -> Episode:
    methods: tuple[str, ...] = ()
    fault: str | None = None
    if completion.stop_reason is StopReason.ERROR:
        fault = StopReason.ERROR.value
    elif completion.truncated:
        fault = PlanFault.TRUNCATED.value
    else:
        try:
            methods = parse_plan(completion.text, k).methods
        except PlanFormatError as error:
            fault = error.fault.value
    valid = None
    if judge is not None:
        valid = judge.valid(problem, methods) if fault is None else False
    return Episode(
        arm=arm,
        problem_id=problem.id,
        index=m,
        plan=completion.text,
        methods=methods,
        fault=fault,
        plan_stop=completion.stop_reason.value,
        plan_tokens=call.tokens_out,
        valid=valid,
        metadata=problem.metadata,
        calls=(call,),
        detail=completion.error[:DETAIL],
        completion=completion,
    )
