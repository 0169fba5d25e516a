"""Fixed-budget evaluation of every arm: sampling that resumes, then one result."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from cppo.episodes import Episode, Sampling, Workbench, by_problem, read_episodes, to_row
from cppo.errors import VerifierError
from cppo.evaluation.methods import METHODS
from cppo.evaluation.overlap import overlapped
from cppo.evaluation.scores import Scores, arm_summary, comparisons, problem_scores
from cppo.evaluation.settings import ArmSettings, EvaluationSettings
from cppo.files import write_jsonl
from cppo.policy.engine import Engine, StopReason
from cppo.problems import Problem
from cppo.progress import Reporter
from cppo.verifier import Verdict

CHUNK = 50
"""Problems sampled between two files. A kill costs what is at work (`cppo.evaluation.overlap`)."""


@dataclass(frozen=True)
class EvaluationPlan:
    """What to evaluate, on what, where the records go."""

    settings: EvaluationSettings
    problems: Sequence[Problem]
    k: int
    seed: int
    directory: Path
    reporter: Reporter
    chunk: int = CHUNK

    def sampling(self, arm: ArmSettings) -> Sampling:
        """Return how `arm` samples: at its own temperatures where it has some."""
        s = self.settings
        plans = s.plan_temperature if arm.plan_temperature is None else arm.plan_temperature
        programs = s.solve_temperature if arm.solve_temperature is None else arm.solve_temperature
        return Sampling(self.k, plans, programs, s.plan_tokens, s.program_tokens)


def sample_arms(plan: EvaluationPlan, bench_of: Callable[[str], Workbench]) -> dict[str, list[Episode]]:
    """Sample every arm on every problem and return the episodes by arm.

    `bench_of(stage)` loads the weights a stage left; it is called only for arms that still owe episodes. Records are
    written chunk by chunk; what is on disk is not sampled again, but for problems on which the engine failed. The same
    seeds give the same requests whatever the chunks are.
    """
    plan.reporter.begin("evaluate", len(plan.settings.arms) * len(plan.problems), 0, "problem")
    result: dict[str, list[Episode]] = {}
    benches: dict[str, Workbench] = {}
    done = 0
    for arm in plan.settings.arms:
        parts = [_Part(path, chunk, _known(path)) for path, chunk in _chunks(plan, arm)]
        owed = [part for part in parts if part.owed()]
        done += sum(len(part.problems) for part in parts if part not in owed)
        plan.reporter.advance(done)
        if owed and arm.stage not in benches:
            benches = {arm.stage: bench_of(arm.stage)}  # one model in memory at a time
        for part in _filled(plan, arm, owed, benches[arm.stage]) if owed else ():
            done += len(part.problems)
            plan.reporter.advance(done)
        result[arm.name] = [e for part in parts for problem in part.problems for e in part.known[problem.id]]
    plan.reporter.end()
    return result


@dataclass(frozen=True, eq=False)
class _Part:
    """A chunk of problems with its file and what that holds, by problem."""

    path: Path
    problems: Sequence[Problem]
    known: dict[str, list[Episode]]

    def owed(self) -> list[Problem]:
        """Return the problems that are still to be sampled."""
        return [problem for problem in self.problems if is_owed(self.known.get(problem.id, ()))]


def _filled(plan: EvaluationPlan, arm: ArmSettings, parts: Sequence[_Part], bench: Workbench) -> Iterator[_Part]:
    """Sample what `parts` owe and yield each when its file is written, in order."""
    works = (partial(_sample, plan, arm, part.owed(), bench) for part in parts)
    with closing(overlapped(works, bench.engine)) as sampled:
        for part, episodes in zip(parts, sampled, strict=True):
            refuse_infra(episodes)
            part.known.update(by_problem(episodes))
            write_jsonl(part.path, (to_row(e) for mine in part.known.values() for e in mine))
            yield part


def stored_arms(plan: EvaluationPlan) -> dict[str, list[Episode]]:
    """Return what `sample_arms` has written, in its order, those on which the engine failed among them."""
    return {
        arm.name: [
            episode
            for path, chunk in _chunks(plan, arm)
            for known in [_known(path)]
            for problem in chunk
            for episode in known.get(problem.id, ())
        ]
        for arm in plan.settings.arms
    }


def _chunks(plan: EvaluationPlan, arm: ArmSettings) -> Iterator[tuple[Path, Sequence[Problem]]]:
    for number, start in enumerate(range(0, len(plan.problems), plan.chunk)):
        path = plan.directory / "parts" / f"{arm.name}-{number:04d}.jsonl"
        yield path, plan.problems[start : start + plan.chunk]


def _known(path: Path) -> dict[str, list[Episode]]:
    return by_problem(read_episodes(path)) if path.exists() else {}


def is_owed(episodes: Sequence[Episode]) -> bool:
    """Whether a problem is still to be sampled: there is nothing, or the engine failed on it."""
    return not episodes or any(call.stop == StopReason.ERROR for episode in episodes for call in episode.calls)


def refuse_infra(episodes: Sequence[Episode]) -> None:
    """Raise `VerifierError` when the verifier failed on a program: that is no wrong answer, and no result."""
    failed = [(e.problem_id, b.detail) for e in episodes for b in e.branches if b.verdict is Verdict.INFRA]
    if failed:
        raise VerifierError(
            f"the verifier failed on {len(failed)} programs (first: problem {failed[0][0]!r}: {failed[0][1]}); nothing "
            "was recorded for them, run the same command again"
        )


def summarise(plan: EvaluationPlan, episodes: Mapping[str, Sequence[Episode]]) -> dict[str, Any]:
    """Return arms and comparisons as JSON values."""
    settings = plan.settings
    ids = [problem.id for problem in plan.problems]
    scores: dict[str, Scores] = {}
    arms = []
    for arm in settings.arms:
        independent = METHODS[arm.method].independent
        mine = episodes[arm.name]
        scores[arm.name] = problem_scores(mine, ids, settings.ks, plan.k, settings.attempts, independent)
        summary = arm_summary(mine, scores[arm.name], plan.k, independent, settings.confidence, plan.seed)
        arms.append(
            {
                "name": arm.name,
                "title": arm.title or arm.name,
                "method": arm.method,
                "stage": arm.stage,
                "independent": independent,
                **summary,
            }
        )
    return {
        "budget": settings.attempts,
        "ks": list(settings.ks),
        "confidence": settings.confidence,
        "arms": arms,
        "comparisons": comparisons(
            {name: [s] for name, s in scores.items()},
            settings.subject,
            max(at for at in settings.ks if at <= plan.k),
            settings.resamples,
            settings.confidence,
            plan.seed,
        ),
    }


def _sample(
    plan: EvaluationPlan, arm: ArmSettings, chunk: Sequence[Problem], bench: Workbench, engine: Engine
) -> list[Episode]:
    # Arms that share weights and method would draw the same samples; the arm's name is part of the seed.
    seed = (plan.seed, "evaluate", arm.name)
    bench = replace(bench, engine=engine)
    return METHODS[arm.method].run(chunk, plan.settings.attempts, bench, plan.sampling(arm), arm.name, seed)
