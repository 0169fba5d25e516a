"""Methods with several stages before a program: each stage is one batch over all problems, every call is recorded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cppo.episodes import Call, Sampling, Workbench
from cppo.episodes.calls import DETAIL, call_of
from cppo.policy.engine import StopReason
from cppo.problems import Problem
from cppo.seeding import derive_seed
from cppo.text import Prompt


@dataclass(frozen=True)
class Answer:
    """What one call of a stage wrote; "" when it was not asked, failed or said nothing. `cut`: by the token limit."""

    text: str = ""
    cut: bool = False


class Stages:
    """The calls of a method to the planning model. `calls` [P] are the records of each problem, stage by stage;
    `details` [P] what the engine said of the first one that failed, "" where none did."""

    def __init__(
        self, problems: Sequence[Problem], bench: Workbench, sampling: Sampling, seed: tuple[object, ...]
    ) -> None:
        self.problems, self.bench, self.sampling, self.seed = problems, bench, sampling, seed
        self.calls: list[list[Call]] = [[] for _ in problems]
        self.details = [""] * len(problems)

    def ask(self, role: str, prompts: Sequence[Sequence[Prompt | None]]) -> list[list[Answer]]:
        """Put each problem's prompts ([P][any number]) in one batch; return the answers in the same places.

        A prompt that is None is not asked. Samples as plans do; the seed of a call comes from problem, role and place.
        """
        places = [
            (p, i, prompt) for p, mine in enumerate(prompts) for i, prompt in enumerate(mine) if prompt is not None
        ]
        requests = [
            self.sampling.plan_request(prompt, derive_seed(*self.seed, self.problems[p].id, role, i))
            for p, i, prompt in places
        ]
        answers = [[Answer() for _ in mine] for mine in prompts]
        completions = self.bench.engine.generate(requests)
        for (p, i, _), request, completion in zip(places, requests, completions, strict=True):
            call = call_of(role, request, completion)
            self.calls[p].append(call)
            self.details[p] = self.details[p] or completion.error[:DETAIL]
            if not call.failed:
                answers[p][i] = Answer(completion.text.strip(), completion.stop_reason is StopReason.LENGTH)
        return answers
