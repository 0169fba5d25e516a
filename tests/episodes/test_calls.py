"""Every call to the model is recorded: its role, its tokens, how it ended, and the boundary at which it failed."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cppo.episodes import (
    Branch,
    Call,
    Episode,
    RoleTokens,
    Sampling,
    Workbench,
    collect_direct,
    collect_plans,
    failures,
    solve_plans,
    tokens_by_role,
)
from cppo.episodes.calls import call_from_row, call_of, call_to_row, planner_tokens
from cppo.policy.engine import Completion, Done, GenerationRequest, StopReason, Usage
from cppo.policy.scripted import ScriptedEngine
from cppo.problems import Problem, TestCase
from cppo.text.prompts import COMPACT, FULL, Prompt
from cppo.verifier import ProgramVerdict, Verdict

PROBLEMS = [Problem(name, f"Task {name}.", [TestCase("", "")]) for name in ("p", "q")]
SAMPLING = Sampling(k=2, plan_tokens=40, program_tokens=30)
ASK = GenerationRequest(Prompt("Task", "```python\n"), 9, 1.0, 0)


class Verifier:
    """Passes programs that say `right`."""

    def submit(self, problem: Problem, program: str) -> Future[ProgramVerdict]:
        future: Future[ProgramVerdict] = Future()
        verdict = Verdict.AC if "right" in program else Verdict.WA if program else Verdict.EMPTY
        future.set_result(ProgramVerdict(verdict, detail="" if program else "no program"))
        return future


class FailingEngine(ScriptedEngine):
    """Answers None with an error, as an engine does that cannot reach its server."""

    def generate(self, requests: Sequence[GenerationRequest], on_done: Done | None = None) -> list[Completion]:
        self.requests.extend(requests)
        completions = []
        for i, request in enumerate(requests):
            failed = Completion("", (), (), StopReason.ERROR, usage=Usage(4, 0, True), error="HTTP 503: overloaded")
            completions.append(failed if self.script(request) is None else self._answer(request))
            if on_done is not None:
                on_done(i, completions[i])
        return completions


def bench(script: object, prompts: object = COMPACT) -> Workbench:
    return Workbench(FailingEngine(script), prompts, Verifier())  # type: ignore[arg-type]


def two_phases(script: object, count: int = 2) -> list[Episode]:
    work = bench(script)
    groups = collect_plans(PROBLEMS, count, work, SAMPLING, "cppo", (7,))
    return [episode for group in solve_plans(PROBLEMS, groups, work, SAMPLING, (7,)) for episode in group]


def test_a_tuple_records_its_plan_and_its_programs() -> None:
    (episode, *_) = two_phases(lambda r: "A: one\nB: two" if "PLAN" in r.prompt.text else "x = 'right'")
    prompt = len("Task p.\nMETHOD one\nCODE\n")
    assert episode.calls == (
        Call("planner", len("Task p.\nPLAN 2\n"), len("A: one\nB: two") + 1, "end"),
        Call("solver", prompt, 12, "end"),
        Call("solver", prompt, 12, "end"),
    )
    assert episode.plan_tokens == planner_tokens(episode.calls) == 14
    assert [branch.tokens for branch in episode.branches] == [12, 12]


def test_direct_records_its_programs_alone() -> None:
    episodes = collect_direct(PROBLEMS, 3, bench(lambda _: "x = 1"), SAMPLING, "direct", (0,))
    assert [e.calls for e in episodes] == [(Call("solver", len("Task p.\nCODE\n"), 6, "end"),) * 3] * 2


def test_an_engine_that_failed_is_recorded_with_its_boundary_and_cancels_nobody() -> None:
    def script(request: GenerationRequest) -> str | None:
        if "PLAN" in request.prompt.text:
            return None if "Task p" in request.prompt.text else "A: one\nB: two"
        return None if "one" in request.prompt.text else "x = 'right'"

    failed, solved = two_phases(script, count=1)
    assert (failed.fault, failed.plan_stop, failed.plan, failed.branches) == ("error", "error", "", ())
    assert failed.calls == (Call("planner", 4, 0, "error", estimated=True),)
    assert (failed.detail, solved.detail) == ("HTTP 503: overloaded", "")
    lost, right = solved.branches
    assert (lost.stop, lost.program, lost.verdict, lost.detail) == ("error", "", Verdict.EMPTY, "HTTP 503: overloaded")
    assert right.passed
    assert [call.stop for call in solved.calls] == ["end", "error", "end"]
    assert failures([failed, solved]) == {("plan", "error"): 1, ("program", "error"): 1}


def test_silence_is_recorded_with_its_boundary() -> None:
    plans = two_phases(lambda _: " \n", count=1)
    assert [(e.fault, e.plan_stop, e.calls[0].stop) for e in plans] == [("empty", "end", "empty")] * 2
    programs = two_phases(lambda r: "A: one\nB: two" if "PLAN" in r.prompt.text else "", count=1)
    assert [[b.verdict for b in e.branches] for e in programs] == [[Verdict.EMPTY] * 2] * 2
    assert failures([*plans, *programs]) == {("plan", "empty"): 2, ("program", "empty"): 4}


def test_the_opening_that_was_written_for_the_model_is_no_answer() -> None:
    work = bench(lambda _: "", FULL)
    (episode, _) = collect_direct(PROBLEMS, 1, work, SAMPLING, "direct", (0,))
    assert episode.calls[0].stop == "empty"
    assert episode.branches[0].stop == "end"


@pytest.mark.parametrize(
    ("text", "reason", "stop"),
    [
        ("```python\nx", StopReason.END, "end"),
        ("```python\n", StopReason.STOP, "empty"),
        ("", StopReason.END, "empty"),
        ("x", StopReason.STOP, "stop"),
        ("", StopReason.LENGTH, "length"),
        ("", StopReason.ERROR, "error"),
    ],
)
def test_how_a_call_ended(text: str, reason: StopReason, stop: str) -> None:
    call = call_of("sketch", ASK, Completion(text, (1, 2, 3), (4, 5), reason))
    assert call == Call("sketch", 3, 2, stop)
    assert call.failed is (stop in ("empty", "error"))
    assert call.boundary == "plan"
    assert call_of("solver", ASK, Completion("", (), (), reason, usage=Usage(70, 8)))[1:3] == (70, 8)


def test_a_context_that_was_full_is_told_apart_from_an_answer_that_was_cut() -> None:
    full = Completion("", (), (), StopReason.LENGTH, usage=Usage(70, 0, estimated=True))
    call = call_of("solver", ASK, full)
    assert call == Call("solver", 70, 0, "overflow", estimated=True)
    assert call.failed
    assert call_of("solver", ASK, Completion("", (1, 2), (), StopReason.LENGTH)) == Call("solver", 2, 0, "overflow")
    cut = Completion("", (), (), StopReason.LENGTH, usage=Usage(70, 9))  # nine tokens of thinking
    assert call_of("solver", ASK, cut) == Call("solver", 70, 9, "length")
    assert failures([Episode("a", "p", 0, calls=(call, call))]) == {("program", "overflow"): 2}


@pytest.mark.parametrize(("usage", "estimated"), [(None, False), (Usage(1, 2), False), (Usage(1, 2, True), True)])
def test_tokens_that_the_server_did_not_count_are_marked(usage: Usage | None, estimated: bool) -> None:
    call = call_of("planner", ASK, Completion("A", (3,), (4, 5), StopReason.END, usage=usage))
    assert call == Call("planner", 1, 2, "end", estimated)
    assert call_to_row(call) == ["planner", 1, 2, "end", True] if estimated else ["planner", 1, 2, "end"]


def test_the_mark_of_an_estimate_survives_the_sum() -> None:
    guess, count = Call("solver", 5, 2, "end", estimated=True), Call("solver", 7, 3, "end")
    episodes = [Episode("a", "p", i, calls=calls) for i, calls in enumerate([(count, guess), (guess,), (count,)])]
    assert tokens_by_role(episodes) == {"solver": RoleTokens(4, 24, 10, estimated=2)}
    assert tokens_by_role(episodes[2:]) == {"solver": RoleTokens(1, 7, 3, estimated=0)}


def test_tokens_by_role_are_summed_over_episodes() -> None:
    first = Episode("a", "p", 0, calls=(Call("observe", 10, 3, "end"), Call("solver", 20, 5, "end")))
    second = Episode("a", "q", 0, calls=(Call("solver", 7, 2, "length"), Call("observe", 1, 1, "error")))
    assert tokens_by_role([first, second]) == {"observe": RoleTokens(2, 11, 4), "solver": RoleTokens(2, 27, 7)}
    assert list(tokens_by_role([first, second])) == ["observe", "solver"]
    assert tokens_by_role([]) == {}


def test_records_without_calls_do_not_say_how_long_their_prompts_were() -> None:
    programs = (Branch("m", "x", Verdict.WA, tokens=3), Branch("n", "y", Verdict.AC, tokens=4))
    old = Episode("a", "p", 0, programs, plan="A: m\nB: n", methods=("m", "n"), plan_tokens=9)
    direct = Episode("a", "q", 0, programs)
    assert tokens_by_role([old]) == {"planner": RoleTokens(1, None, 9), "solver": RoleTokens(2, None, 7)}
    assert tokens_by_role([direct]) == {"solver": RoleTokens(2, None, 7)}
    new = Episode("a", "r", 0, calls=(Call("planner", 5, 6, "end"), Call("solver", 8, 1, "end")))
    assert tokens_by_role([new, old]) == {"planner": RoleTokens(2, None, 15), "solver": RoleTokens(3, None, 8)}
    assert tokens_by_role([old, new]) == tokens_by_role([new, old])


CALLS = st.builds(Call, st.text(max_size=8), st.integers(0), st.integers(0), st.sampled_from(["end", "error", "empty"]),
                  st.booleans())  # fmt: skip


@given(CALLS)
def test_calls_survive_the_round_trip(call: Call) -> None:
    assert call_from_row(list(call)) == call
    assert call_from_row(call_to_row(call)) == call


@given(st.lists(st.lists(CALLS, min_size=1, max_size=4), max_size=4))
def test_no_call_is_lost_in_the_sums(calls: list[list[Call]]) -> None:
    episodes = [Episode("a", "p", i, calls=tuple(mine)) for i, mine in enumerate(calls)]
    flat = [call for mine in calls for call in mine]
    found = tokens_by_role(episodes)
    assert sum(spent.calls for spent in found.values()) == len(flat)
    assert sum(spent.tokens_in or 0 for spent in found.values()) == sum(call.tokens_in for call in flat)
    assert sum(spent.tokens_out for spent in found.values()) == sum(call.tokens_out for call in flat)
