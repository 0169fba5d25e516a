"""UpSkill at inference: every attempt of a group has its own skill."""

from __future__ import annotations

from collections.abc import Sequence

from cppo.episodes import Episode, Sampling, Workbench, with_programs, write_programs
from cppo.evaluation.methods.base import groups_of
from cppo.problems import Problem
from cppo.seeding import derive_seed


class UpSkill:
    """UpSkill (arXiv 2602.22296): K attempts, one for each skill z in 1 … K, make a group; `attempts / K` groups.

    A skill is a number before the DIRECT prompt (`PromptSet.skilled`); what it stands for a model learns in training.
    Slot i of a group always has skill i + 1, so attempts are bound to their slots as those of a tuple are, and the
    tuple estimators are the right ones: at k < K a random k of the K skills, at K every skill once, at jK every skill
    j times. Pooling would let a budget of K use one skill twice. `Episode.methods` names the skills of the slots; a
    group always has all of them.
    """

    independent = False

    def run(
        self,
        problems: Sequence[Problem],
        attempts: int,
        bench: Workbench,
        sampling: Sampling,
        arm: str,
        seed: tuple[object, ...],
    ) -> list[Episode]:
        """Write the programs of all problems, groups and skills in one batch."""
        count = groups_of(attempts, sampling.k, "upskill")
        skills = range(1, sampling.k + 1)
        groups = [(problem, m) for problem in problems for m in range(count)]
        slots = [(problem, m, z) for problem, m in groups for z in skills]
        requests = [
            sampling.solve_request(bench.prompts.skilled(p.task, z), derive_seed(*seed, p.id, m, "skill", z))
            for p, m, z in slots
        ]
        # Labelled by what the program is: the number of a skill says nothing of a strategy.
        written = iter(write_programs([p for p, *_ in slots], [None] * len(slots), requests, bench))
        names = tuple(f"skill {z}" for z in skills)
        return [
            with_programs(
                Episode(arm, problem.id, m, methods=names, metadata=problem.metadata), [next(written) for _ in skills]
            )
            for problem, m in groups
        ]
