"""PlanSearch stage by stage: what is asked, what is shown, and what becomes of failures."""

from __future__ import annotations

from dataclasses import replace

import pytest
from method_bench import PROBLEMS, Script, asked_for_program, bench_of, engine_of

from cppo.episodes import Episode, Sampling, failures, tokens_by_role
from cppo.evaluation.methods.plansearch import FEW_COMBINATIONS, NO_OBSERVATIONS, PlanSearch
from cppo.evaluation.scores import arm_facts, problem_scores
from cppo.policy.engine import GenerationRequest, StopReason
from cppo.text.prompts import FULL
from cppo.verifier import Verdict

SAMPLING = Sampling(4, 0.9, 0.7, plan_tokens=60, program_tokens=30, plan_min_p=0.1, solve_min_p=0.2)


def stage(request: GenerationRequest) -> str:
    """Return which stage a compact prompt belongs to."""
    last = request.prompt.text.splitlines()[-1].split()[0]
    return {"OBSERVE": "observe", "COMBINE": "combine", "SKETCH": "sketch", "STEPS": "pseudocode"}.get(last, "solver")


def known(request: GenerationRequest) -> list[str]:
    """Return the observations that a compact prompt shows."""
    return [line[2:] for line in request.prompt.text.splitlines() if line.startswith("- ")]


def model(request: GenerationRequest) -> str:
    return {
        "observe": "1. alpha\n2. beta",
        "combine": f"1. {'+'.join(name[0] for name in known(request))}x",
        "sketch": f"sketch of {', '.join(known(request))}",
        "pseudocode": request.prompt.text.rpartition("SKETCH ")[2].split("\n")[0].replace("sketch", "steps"),
        "solver": "x = 'good'",
    }[stage(request)]


def run(
    script: Script, attempts: int = 4, problems: int = 1, method: PlanSearch | None = None
) -> tuple[list[Episode], dict[str, list[GenerationRequest]]]:
    bench = bench_of(script)
    episodes = (method or PlanSearch(2)).run(PROBLEMS[:problems], attempts, bench, SAMPLING, "ps", (3,))
    stages: dict[str, list[GenerationRequest]] = {}
    for request in engine_of(bench).requests:
        stages.setdefault(stage(request), []).append(request)
    return episodes, stages


def test_every_subset_is_asked_for_what_follows_from_it() -> None:
    _, stages = run(model)
    assert [known(r) for r in stages["combine"]] == [["(none)"], ["alpha"], ["beta"], ["alpha", "beta"]]
    assert {stage: len(requests) for stage, requests in stages.items()} == {
        "observe": 1, "combine": 4, "sketch": 4, "pseudocode": 4, "solver": 4,
    }  # fmt: skip


def test_with_ten_observations_there_are_56_subsets() -> None:
    ten = "\n".join(f"- n{n}" for n in range(10))
    _, stages = run(lambda r: ten if stage(r) == "observe" else model(r), method=PlanSearch())
    assert len(stages["combine"]) == 1 + 10 + 45


def test_the_chosen_combinations_are_distinct_and_all_there_are_come_when_asked_for() -> None:
    # Four subsets of the first order; from each one observation is derived, so each gives two combinations. All eight
    # are chosen by eight attempts, each once.
    (episode,), stages = run(model, attempts=8)
    shown = [" ".join(known(r)) for r in stages["sketch"]]
    assert sorted(shown) == sorted(
        ["(none)", "(x", "alpha", "alpha ax", "beta", "beta bx", "alpha beta", "alpha beta a+bx"]
    )
    assert episode.fault is None
    fewer = [" ".join(known(r)) for r in run(model, attempts=3)[1]["sketch"]]
    assert fewer == shown[:3]


def test_a_program_is_written_from_the_pseudocode_of_the_solution_of_its_combination() -> None:
    (episode,), stages = run(model)
    for request, branch in zip(stages["solver"], episode.branches, strict=True):
        assert branch.method is not None
        assert branch.method.startswith("steps of ")
        assert request.prompt.text == f"statement 0\nMETHOD {branch.method}\nCODE\n"
    combinations = [", ".join(known(r)) for r in stages["sketch"]]
    assert [branch.method for branch in episode.branches] == [f"steps of {names}" for names in combinations]
    assert episode.plan is not None
    for i, names in enumerate(combinations, start=1):
        assert f"[{i}] {names.replace(', ', ' / ').replace('(none)', '(no observations)')}\nsketch of" in episode.plan


def test_only_programs_sample_as_programs() -> None:
    _, stages = run(model)
    for name, requests in stages.items():
        limits = (30, 0.7, 0.2) if name == "solver" else (60, 0.9, 0.1)
        assert {(r.max_tokens, r.temperature, r.min_p) for r in requests} == {limits}


def test_planner_tokens_are_logged_apart_and_by_role() -> None:
    episodes, stages = run(model, problems=3)
    roles = tokens_by_role(episodes)
    assert list(roles) == ["observe", "combine", "sketch", "pseudocode", "solver"]
    assert {role: spent.calls for role, spent in roles.items()} == {role: len(asked) for role, asked in stages.items()}
    facts = arm_facts(episodes, 4, independent=True)
    planner = sum(spent.tokens_out for role, spent in roles.items() if role != "solver")
    assert facts["tokens"] == {"planner": planner, "solver": roles["solver"].tokens_out}
    assert roles["solver"].tokens_out == 3 * 4 * len("x = 'good'\0")


def test_attempts_are_pooled() -> None:
    # One of eight distinct combinations is right: a budget of four holds it with probability 1/2.
    def one_right(request: GenerationRequest) -> str:
        right = "METHOD steps of alpha\n" in request.prompt.text
        return model(request) if not asked_for_program(request) else "x = 'good'" if right else "x = 0"

    episodes, _ = run(one_right, attempts=8)
    scores = problem_scores(episodes, ["p0"], (1, 4, 8), 4, 8, PlanSearch.independent)
    assert [scores[k][0] for k in (1, 4, 8)] == pytest.approx([1 / 8, 1 / 2, 1])


@pytest.mark.parametrize("nothing", ["", "...", "1.\n2.\n", StopReason.ERROR, StopReason.LENGTH])
def test_without_observations_every_attempt_has_the_empty_combination(nothing: str | StopReason) -> None:
    (episode,), stages = run(lambda r: nothing if stage(r) in ("observe", "combine") else model(r))
    assert episode.fault == NO_OBSERVATIONS
    assert [known(r) for r in stages["combine"]] == [["(none)"]]
    assert [known(r) for r in stages["sketch"]] == [["(none)"]] * 4
    assert len({r.seed for r in stages["sketch"]}) == 4
    assert len(episode.branches) == 4
    assert arm_facts([episode], 4, independent=True)["faults"] == {NO_OBSERVATIONS: 1}


def test_what_follows_from_the_statement_alone_makes_up_for_a_lost_first_stage() -> None:
    def lost(request: GenerationRequest) -> str | StopReason:
        return StopReason.ERROR if stage(request) == "observe" else model(request)

    (episode,), stages = run(lost, attempts=2)
    assert sorted(" ".join(known(r)) for r in stages["sketch"]) == ["(none)", "(x"]
    assert (episode.fault, episode.calls[0].stop) == (None, "error")
    assert run(lost, attempts=3)[0][0].fault == FEW_COMBINATIONS


def test_too_few_combinations_come_again_with_other_seeds() -> None:
    (episode,), stages = run(lambda r: "1. alpha" if stage(r) in ("observe", "combine") else model(r), attempts=5)
    shown = [" ".join(known(r)) for r in stages["sketch"]]
    assert sorted(shown[:2]) == ["(none)", "alpha"]  # what repeats the first order makes no new combination
    assert shown[2:] == (shown * 2)[:3]
    assert len({r.seed for r in stages["sketch"]}) == 5
    assert episode.fault == FEW_COMBINATIONS


@pytest.mark.parametrize("lost", ["", StopReason.ERROR, StopReason.LENGTH])
def test_a_lost_solution_leaves_the_statement_and_a_lost_pseudocode_the_solution(lost: str | StopReason) -> None:
    def no_sketch(request: GenerationRequest) -> str | StopReason:
        return lost if stage(request) == "sketch" and "alpha" in request.prompt.text else model(request)

    (episode,), stages = run(no_sketch, attempts=8)
    assert len(stages["pseudocode"]) == 4  # of the combinations without alpha
    assert sum(branch.method is None for branch in episode.branches) == 4
    assert sum(r.prompt.text == "statement 0\nCODE\n" for r in stages["solver"]) == 4

    (episode,), stages = run(lambda r: lost if stage(r) == "pseudocode" else model(r))
    assert [b.method for b in episode.branches] == [f"sketch of {', '.join(known(r))}" for r in stages["sketch"]]


def test_failures_are_recorded_with_their_boundary_and_cancel_nobody() -> None:
    def failing(request: GenerationRequest) -> str | StopReason:
        if request.prompt.text.startswith("statement 0") and stage(request) in ("combine", "solver"):
            return StopReason.ERROR
        return model(request)

    broken, whole = run(failing, problems=2)[0]
    assert (broken.detail, whole.detail) == ("the engine lost it", "")
    assert failures([broken]) == {("plan", "error"): 4, ("program", "error"): 4}
    assert [b.verdict for b in broken.branches] == [Verdict.EMPTY] * 4
    assert [b.stop for b in broken.branches] == ["error"] * 4
    assert not failures([whole])
    assert [b.passed for b in whole.branches] == [True] * 4


def test_a_cut_list_loses_its_last_observation() -> None:
    cut = "1. alpha\n2. beta\n3. gamma that goes on and on until the limit of sixty tokens"
    (episode,), stages = run(lambda r: cut if stage(r) == "observe" else model(r), method=PlanSearch(3))
    assert [known(r) for r in stages["combine"]] == [["(none)"], ["alpha"], ["beta"], ["alpha", "beta"]]
    assert episode.calls[0].stop == "length"


def test_a_cut_solution_is_used_as_far_as_it_goes() -> None:
    (episode,), stages = run(lambda r: "go on " * 99 if stage(r) == "sketch" else model(r))
    assert stages["pseudocode"][0].prompt.text.split("SKETCH ")[1] == ("go on " * 10).strip() + "\nSTEPS\n"
    assert [call.stop for call in episode.calls if call.role == "sketch"] == ["length"] * 4


def test_programs_are_labelled_by_themselves() -> None:
    class Judge:
        def label_method(self, problem: object, method: str) -> str | None:
            raise AssertionError("a pseudocode is no known method")

        def label_program(self, problem: object, program: str) -> str | None:
            return program[:1]

        def valid(self, problem: object, methods: object) -> bool | None:
            raise AssertionError("there is no tuple to judge")

    bench = replace(bench_of(model), judge=Judge())
    (episode,) = PlanSearch(2).run(PROBLEMS[:1], 4, bench, SAMPLING, "ps", (3,))
    assert [branch.label for branch in episode.branches] == ["x"] * 4
    assert episode.valid is None


def test_the_full_prompts_work_end_to_end() -> None:
    def fluent(request: GenerationRequest) -> str:
        head = request.prompt.text.rstrip("-\n").splitlines()[-1]
        return {"Program": "x = 'good'\n", "Solution": "Sort.", "Pseudocode": "sort all"}.get(
            head, "1. one\n2. two\n3. z"
        )

    bench = bench_of(fluent, FULL)
    (episode,) = PlanSearch().run(PROBLEMS[:1], 4, bench, Sampling(4), "ps", (0,))
    assert [branch.method for branch in episode.branches] == ["sort all"] * 4
    assert episode.passed
    assert len(engine_of(bench).requests) == 1 + 7 + 4 + 4 + 4


def test_the_phases_are_told_to_the_clock() -> None:
    phases: list[str] = []
    bench = replace(bench_of(model), clock=phases.append)
    PlanSearch(2).run(PROBLEMS, 4, bench, SAMPLING, "ps", (3,))
    assert phases == ["plan", "", "solve", "verify", ""]
