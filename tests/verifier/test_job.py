"""A program's way to its verdict: however its tests are spread over runs, the verdict is the same."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cppo.problems import Problem, TestCase
from cppo.verifier import ProgramVerdict, Verdict, VerifierConfig, job, values, wire
from cppo.verifier.job import Job, Request, Run, WorkerFault
from cppo.verifier.prepared import PreparedProblem

COST = {"cpu": 0.5, "wall": 0.75, "memory": 2048, "exit": 0}
CHECK = "def check(input, output, expected): ..."


def new_job(tests: int, *, everything: bool = False, checker: bool = False, mode: Any = "stdin") -> Job:
    cases = [TestCase(f"{n}", "x") if mode == "stdin" else TestCase([n], "x") for n in range(tests)]
    extra: dict[str, Any] = {"checker": "program", "checker_program": CHECK} if checker else {}
    problem = Problem("p", "", cases, mode=mode, entry_point=None if mode == "stdin" else "f", **extra)
    prepared = PreparedProblem.of(problem, VerifierConfig())
    return Job(Request(prepared, b"source", everything, b"key"), True)


def read_frame(run: Run) -> tuple[dict[str, Any], list[bytes]]:
    """Return the header and the blobs of a run's frame, as a worker reads them."""
    frame = wire.unpack(bytearray(b"".join(run.frame)))
    assert frame is not None
    kind, header, payload = frame
    assert kind == wire.RUN
    blobs = []
    for size in header["sizes"]:
        blobs.append(payload[:size])
        payload = payload[size:]
    assert not payload
    return header, blobs


def reply(outcome: str, mode: str = "stdin") -> tuple[dict[str, Any], bytes]:
    """What a worker says of a test: "x" is the right answer, "WA" a wrong one, any other name a status of its own."""
    if outcome in ("x", "WA"):
        answer = outcome.encode() if mode == "stdin" else values.encode({"wall": 0, "cpu": 0, "value": outcome})
        return {"status": "ok", **COST}, answer
    return {"status": outcome, "detail": f"because {outcome}", **COST}, b""


def run_to_the_end(one: Job, outcomes: list[str], stops: list[int]) -> ProgramVerdict:
    """Play the worker: tests have `outcomes`; run number i is told to stop after `stops[i]` tests."""
    mode = one.problem.mode
    for number in range(1000):
        run = one.start()
        header, blobs = read_frame(run)
        checking = blobs[0] == CHECK.encode()
        limit = stops[number] if number < len(stops) else 1000
        for made, blob in enumerate(blobs[1:], start=1):
            if checking:
                given, answer, expected = values.decode(blob)
                assert expected == "x"
                assert given in ([[n] for n in range(99)] if mode == "call" else [str(n) for n in range(99)])
                message = values.encode({"wall": 0, "cpu": 0, "value": answer == expected})
                head, payload = {"status": "ok", **COST}, message
            else:
                index = json.loads(blob) if mode == "stdin" else values.decode(blob)[0]
                head, payload = reply(outcomes[index], mode)
            told = one.take(run, head, payload)
            run.stopped = run.stopped or told or made >= limit
            if run.stopped or (head["status"] != "ok" and not header["all"]):
                break
        verdict = one.end(run, {"status": "ok"})
        if verdict is not None:
            return verdict
    raise AssertionError("it never ends")


@given(
    st.lists(st.sampled_from(["x", "x", "x", "WA", "RE", "MLE", "OLE"]), min_size=1, max_size=12),
    st.lists(st.integers(1, 4), max_size=12),
    st.booleans(),
    st.booleans(),
    st.sampled_from(["stdin", "call"]),
    st.integers(1, 400),
)
def test_the_verdict_does_not_depend_on_how_the_tests_are_spread_over_runs(
    outcomes: list[str], stops: list[int], everything: bool, checker: bool, mode: str, held: int
) -> None:
    one = new_job(len(outcomes), everything=everything, checker=checker, mode=mode)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(job, "HELD_BYTES", held)
        verdict = run_to_the_end(one, outcomes, stops)
    expected = ["AC" if outcome == "x" else outcome for outcome in outcomes]
    first = next((index for index, name in enumerate(expected) if name != "AC"), None)
    assert verdict.verdict == ("AC" if first is None else expected[first])
    kept = expected if everything or first is None else expected[: first + 1]
    assert [test.verdict for test in verdict.tests] == kept
    if first is not None:
        assert verdict.detail.startswith(f"test {first}: ")


def test_large_inputs_go_in_runs_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(job, "RUN_BYTES", 10)
    cases = [TestCase("1" * size, "x") for size in (4, 5, 2, 30, 1)]
    prepared = PreparedProblem.of(Problem("p", "", cases), VerifierConfig())
    one = Job(Request(prepared, b"source", False, b"key"), True)
    sizes = []
    verdict = None
    while verdict is None:
        run = one.start()
        sizes.append([len(blob) for blob in read_frame(run)[1][1:]])
        for _ in sizes[-1]:
            one.take(run, *reply("x"))
        verdict = one.end(run, {"status": "ok"})
    assert sizes == [[4, 5], [2], [30], [1]]
    assert verdict.passed


def test_large_inputs_are_not_copied_into_the_frame() -> None:
    cases = [TestCase("1" * (job.JOINED_BYTES + 1), "x")]
    prepared = PreparedProblem.of(Problem("p", "", cases), VerifierConfig())
    first, second = (Job(Request(prepared, b"s", False, b"key"), True).start() for _ in range(2))
    assert first.frame[-1] is second.frame[-1] is prepared.inputs[0]


def test_a_program_that_does_not_compile_has_no_tests() -> None:
    one = new_job(3)
    verdict = one.end(one.start(), {"status": "CE", "detail": "SyntaxError"})
    assert verdict == ProgramVerdict(Verdict.CE, (), "SyntaxError")


def test_a_program_that_compiled_before_cannot_fail_to() -> None:
    one = new_job(3)
    run = one.start()
    one.take(run, *reply("x"))
    run.stopped = True
    assert one.end(run, {"status": "ok"}) is None
    with pytest.raises(WorkerFault, match="no time"):
        one.end(one.start(), {"status": "CE", "detail": "no time to compile"})
    assert [test.verdict.value for test in one.results] == ["AC"]


def test_a_run_given_up_leaves_no_trace() -> None:
    one = new_job(2)
    run = one.start()
    one.take(run, *reply("RE"))
    assert one.results == ()
    assert run_to_the_end(one, ["x", "x"], []).passed


@pytest.mark.parametrize("answered", [0, 1])
def test_tests_left_out_are_a_fault_of_the_worker(answered: int) -> None:
    one = new_job(2)
    run = one.start()
    for _ in range(answered):
        one.take(run, *reply("x"))
    with pytest.raises(WorkerFault, match="left tests out"):
        one.end(run, {"status": "ok"})


def test_a_worker_told_to_stop_must_have_made_a_test() -> None:
    one = new_job(2)
    run = one.start()
    run.stopped = True
    with pytest.raises(WorkerFault, match="left tests out"):
        one.end(run, {"status": "ok"})


def test_a_wrong_answer_stops_the_worker_and_a_failure_that_it_knows_of_does_not() -> None:
    one = new_job(3)
    run = one.start()
    assert [one.take(run, *reply("x")), one.take(run, *reply("WA"))] == [False, True]
    other = new_job(3)
    assert other.take(other.start(), *reply("RE")) is False
    everything = new_job(3, everything=True)
    assert everything.take(everything.start(), *reply("WA")) is False


def test_what_comes_after_the_first_failure_is_dropped() -> None:
    one = new_job(3)
    run = one.start()
    for outcome in ("x", "WA", "x"):  # the worker was a test ahead of the word to stop
        one.take(run, *reply(outcome))
    run.stopped = True
    verdict = one.end(run, {"status": "ok"})
    assert verdict is not None
    assert [test.verdict.value for test in verdict.tests] == ["AC", "WA"]


def test_a_program_that_is_refused_at_every_test_is_repeated_alone_only_so_often() -> None:
    one, alone, recounts = new_job(6, everything=True), [], []
    refused = {"status": "RE", "detail": "no process", "refused": True, **COST}
    verdict = None
    while verdict is None:
        run = one.start()
        recounts.append(read_frame(run)[0]["recount"])
        alone.append(run.alone)
        one.take(run, refused, b"")
        run.stopped = True  # others want their turn after every test
        verdict = one.end(run, {"status": "ok"})
    assert [test.verdict for test in verdict.tests] == ["RE"] * 6
    assert alone == [False, True] * job.REFUSALS_REPEATED + [False] * (6 - job.REFUSALS_REPEATED)
    assert recounts == alone
