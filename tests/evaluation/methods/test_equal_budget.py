"""Every method spends exactly its budget of programs, whatever the model answers, and nothing depends on the batch."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest
from method_bench import PROBLEMS, Script, asked_for_program, bench_of, engine_of

from cppo.episodes import Episode, Sampling, by_problem, from_row, to_row, tokens_by_role
from cppo.episodes.calls import SOLVER, planner_tokens
from cppo.evaluation.methods import METHODS
from cppo.evaluation.methods.plansearch import PlanSearch
from cppo.evaluation.scores import problem_scores
from cppo.policy.engine import GenerationRequest, StopReason
from cppo.problems import Problem

K, ATTEMPTS = 4, 8
SAMPLING = Sampling(K, plan_tokens=120, program_tokens=60)
WRITE_ALWAYS = ("direct", "plansearch", "upskill")
"""Methods whose attempts all reach a program; a plan that does not parse costs the others its attempts."""


def good(request: GenerationRequest) -> str:
    text = request.prompt.text
    if "PLAN" in text:
        return "\n".join(f"{label}: way {label}{request.seed % 5}" for label in "ABCD"[: int(text.split()[-1])])
    if text.endswith(("OBSERVE 3\n", "COMBINE 3\n")):
        return "\n".join(f"{i}. Note {request.seed % 1000}{i}" for i in range(3))
    if not asked_for_program(request):
        return f"Do it the way of {request.seed % 1000}."
    return "x = 'good'" if request.seed % 3 == 0 else f"x = {request.seed % 7}"


def garbage(request: GenerationRequest) -> str:
    rng = random.Random(request.seed)
    return "".join(rng.choice("ab:.-*1[]{}\"'`\n é\0") for _ in range(rng.randrange(50)))


def moody(request: GenerationRequest) -> str | StopReason:
    moods: list[str | StopReason] = ["", " \n", "x" * 999, StopReason.ERROR, StopReason.LENGTH, garbage(request)]
    return [*moods, good(request), good(request)][request.seed % 8]


MODELS: dict[str, Script] = {
    "good": good,
    "garbage": garbage,
    "empty": lambda _: "",
    "blank": lambda _: "\n \n",
    "truncated": lambda _: "1. never ends " * 99,
    "no room": lambda _: StopReason.LENGTH,
    "errors": lambda _: StopReason.ERROR,
    "moody": moody,
}


@pytest.fixture(autouse=True)
def small_search(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three observations instead of ten: 7 subsets a problem instead of 56."""
    monkeypatch.setitem(METHODS, "plansearch", PlanSearch(observations=3))  # type: ignore[arg-type]


def run(
    name: str, model: Script, problems: Sequence[Problem] = PROBLEMS, arm: str = "arm"
) -> tuple[list[Episode], Any]:
    bench = bench_of(model)
    return METHODS[name].run(problems, ATTEMPTS, bench, SAMPLING, arm, (7, arm)), engine_of(bench)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("name", sorted(METHODS))
def test_every_method_spends_exactly_the_budget(name: str, model: str) -> None:
    episodes, engine = run(name, MODELS[model])
    ids = [problem.id for problem in PROBLEMS]
    independent = METHODS[name].independent
    scores = problem_scores(episodes, ids, (1, 2, K, ATTEMPTS), K, ATTEMPTS, independent)  # refuses another budget
    assert all((values >= 0).all() and (values <= 1).all() for values in scores.values())
    asked = Counter(r.prompt.text.split("statement ")[1][0] for r in engine.requests if asked_for_program(r))
    written = {id: sum(len(e.branches) for e in mine) for id, mine in by_problem(episodes).items()}
    assert {f"p{number}": count for number, count in asked.items()} == {id: n for id, n in written.items() if n}
    if name in WRITE_ALWAYS or model == "good":
        assert written == dict.fromkeys(ids, ATTEMPTS)
    assert all(count <= ATTEMPTS for count in written.values())


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("name", sorted(METHODS))
def test_every_call_is_recorded_once(name: str, model: str) -> None:
    episodes, engine = run(name, MODELS[model])
    assert sum(len(e.calls) for e in episodes) == len(engine.requests) == sum(engine.batches)
    for episode in episodes:
        solver = [call for call in episode.calls if call.role == SOLVER]
        assert [call.tokens_out for call in solver] == [branch.tokens for branch in episode.branches]
        told_apart = {"empty": "end", "overflow": "length"}  # by calls alone
        assert [told_apart.get(call.stop, call.stop) for call in solver] == [branch.stop for branch in episode.branches]
        assert planner_tokens(episode.calls) == episode.plan_tokens
        assert episode.metadata == {"number": int(episode.problem_id[1:])}
    roles = tokens_by_role(episodes)
    assert sum(spent.calls for spent in roles.values()) == len(engine.requests)
    if name in ("direct", "upskill"):
        assert set(roles) == {SOLVER}


@pytest.mark.parametrize("model", ["good", "garbage", "moody"])
@pytest.mark.parametrize("name", sorted(METHODS))
def test_requests_depend_on_the_seeds_and_not_on_the_batch(name: str, model: str) -> None:
    def asked(groups: Sequence[Sequence[Problem]]) -> tuple[Counter[GenerationRequest], dict[str, list[Episode]]]:
        requests: Counter[GenerationRequest] = Counter()
        episodes: list[Episode] = []
        for group in groups:
            mine, engine = run(name, MODELS[model], group)
            requests.update(engine.requests)
            episodes += mine
        return requests, by_problem(episodes)

    together = asked([PROBLEMS])
    assert asked([[problem] for problem in PROBLEMS]) == together
    assert asked([PROBLEMS[::-1]]) == together
    assert asked([PROBLEMS[2:], PROBLEMS[:2]]) == together
    seeds = [request.seed for request in together[0].elements()]
    assert len(set(seeds)) == len(seeds)


@pytest.mark.parametrize("name", sorted(METHODS))
def test_a_method_asks_each_stage_once_for_all_problems(name: str) -> None:
    stages = {"direct": 1, "upskill": 1, "plan_and_solve": 2, "tuple": 2, "plansearch": 5}
    for count in (1, 4):
        _, engine = run(name, good, PROBLEMS[:count])
        assert len(engine.batches) == stages[name]


@pytest.mark.parametrize("name", sorted(METHODS))
def test_records_survive_the_round_trip(name: str) -> None:
    episodes, _ = run(name, moody)
    rows = [json.loads(json.dumps(to_row(episode))) for episode in episodes]
    assert [from_row(row) for row in rows] == episodes
