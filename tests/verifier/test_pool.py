"""The pool: order, retries, replaced workers, interrupts, and nothing left behind."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from processes import alive, wait_until

from cppo.config import build
from cppo.errors import DataError, VerifierError
from cppo.problems import Limits, Problem, TestCase
from cppo.verifier import Verdict, Verifier, VerifierConfig
from cppo.verifier.link import Link

LIMITS = Limits(cpu_seconds=2, wall_seconds=3, memory_mb=64)
ECHO = Problem("echo", "", [TestCase("7", "7")], limits=LIMITS)


def echo(number: int) -> str:
    return f"print({number})"


@pytest.mark.parametrize("workers", [1, 3])
def test_verdicts_come_in_batch_order(workers: int) -> None:
    with Verifier(workers=workers) as verifier:
        batch = [(ECHO, echo(number % 10) + f"  # {number}") for number in range(40)]
        slow = (ECHO, "import time\ntime.sleep(0.3)\nprint(7)")
        verdicts = verifier.verify([slow, *batch, (ECHO, ""), slow])
    passed = [verdict.passed for verdict in verdicts]
    assert passed == [True] + [number % 10 == 7 for number in range(40)] + [False, True]
    assert verdicts[-2].verdict is Verdict.EMPTY


def test_equal_programs_of_a_problem_run_once() -> None:
    with Verifier() as verifier:
        started = time.monotonic()
        verdicts = verifier.verify([(ECHO, "import time\ntime.sleep(0.5)\nprint(7)")] * 20)
        assert time.monotonic() - started < 5
    assert [verdict.passed for verdict in verdicts] == [True] * 20


def test_an_empty_batch_starts_nothing() -> None:
    with Verifier() as verifier:
        assert verifier.verify([]) == []
        assert verifier.worker_pids() == []


@pytest.mark.parametrize(
    ("pair", "words"),
    [
        ((Problem("none", "", []), "print()"), "problem 'none' has no tests"),
        ((Problem("odd", "", [TestCase("", "")], checker="exacty"), "x"), r"problem 'odd': unknown checker 'exacty'"),
        (
            (Problem("set", "", [TestCase([], {1})], mode="call", entry_point="f"), "x"),
            "problem 'set', test 0: a value is of type 'set'",
        ),
        ((Problem("half", "", [TestCase("\ud800", "")]), "x"), "problem 'half', test 0: .*surrogates not allowed"),
        ((ECHO, None), r"batch item 1 is \('Problem', 'NoneType'\)"),
        ("ab", "batch item 1 is str"),
    ],
)
def test_unusable_batches_are_refused_before_anything_runs(pair: Any, words: str) -> None:
    with Verifier() as verifier:
        with pytest.raises(DataError, match=words):
            verifier.verify([(ECHO, echo(7)), pair])
        assert verifier.worker_pids() == []


def test_a_closed_verifier_says_so() -> None:
    verifier = Verifier()
    verifier.close()
    with pytest.raises(VerifierError, match="closed"):
        verifier.verify([(ECHO, echo(7))])


def test_settings_are_checked_and_frozen() -> None:
    assert Verifier(VerifierConfig(cpu_seconds=1), workers=2).config == VerifierConfig(cpu_seconds=1, workers=2)
    unusable: list[dict[str, Any]] = [{"workers": 0}, {"cpu_seconds": 0}, {"cpu": 1}]
    for bad in unusable:
        with pytest.raises(ValueError):
            VerifierConfig(**bad)


def test_wall_follows_a_cpu_limit_of_the_problem() -> None:
    config = VerifierConfig()
    assert config.limits_for(Limits())["wall"] == 25
    assert config.limits_for(Limits(cpu_seconds=2))["wall"] == 5
    assert config.limits_for(Limits(cpu_seconds=2, wall_seconds=3))["wall"] == 3
    assert config.limits_for(Limits(memory_mb=1, output_mb=0.5, lines=9)) == {
        "cpu": 10.0,
        "wall": 25.0,
        "memory": 1024,
        "output": 524288,
        "lines": 9,
        "compile": 10.0,
    }


def wall(limits: Limits, **settings: float) -> float:
    """The wall limit by settings that have been written down and read again, as recipes and pools do."""
    config = build(VerifierConfig, VerifierConfig(**settings).model_dump(mode="json"), "recipe")  # type: ignore[arg-type]
    return float(Verifier(config, workers=3).config.limits_for(limits)["wall"])


def test_a_wall_limit_of_the_settings_is_taken_at_its_word() -> None:
    assert wall(Limits(), wall_seconds=2) == 2
    assert wall(Limits(), wall_seconds=2, cpu_seconds=20) == 2
    assert wall(Limits(cpu_seconds=8), wall_seconds=2) == 2
    assert wall(Limits(cpu_seconds=8, wall_seconds=3), wall_seconds=2) == 3
    assert wall(Limits(), cpu_seconds=20) == 50
    assert wall(Limits(), cpu_seconds=1) == 25
    assert wall(Limits(cpu_seconds=1), cpu_seconds=20) == 2.5


def test_a_program_that_sleeps_past_the_wall_limit_of_the_settings_does_not_pass() -> None:
    problem = Problem("echo", "", [TestCase("7", "7")])
    with Verifier(VerifierConfig(wall_seconds=0.5)) as verifier:
        got = verifier.verify([(problem, "import time\ntime.sleep(2)\nprint(7)")])[0]
    assert (got.verdict.value, got.detail) == ("TLE", "test 0: more than 0.5 s of wall time")


def test_a_worker_killed_during_a_run_is_replaced_and_nothing_is_lost() -> None:
    with Verifier(workers=2) as verifier:
        verifier.describe()
        first = verifier.worker_pids()[0]
        timer = threading.Timer(0.4, os.kill, (first, signal.SIGKILL))
        timer.start()
        batch = [(ECHO, f"import time\ntime.sleep(0.1)\nprint({n % 2 + 6})  # {n}") for n in range(16)]
        verdicts = verifier.verify(batch)
        timer.join()
        assert [verdict.verdict.value for verdict in verdicts] == ["WA", "AC"] * 8
        assert first not in verifier.worker_pids()


def test_what_always_kills_its_worker_is_infra_and_its_siblings_are_not(monkeypatch: pytest.MonkeyPatch) -> None:
    sent = Link.send
    attempts = []

    def send(self: Link, pieces: Any) -> None:
        pieces = list(pieces)
        if any(b"deadly" in piece for piece in pieces):
            attempts.append(self.worker.pid)
            os.kill(self.worker.pid, signal.SIGKILL)
        sent(self, pieces)

    monkeypatch.setattr(Link, "send", send)
    # Through bwrap the process that is killed here is not the one that reads: that ends a moment later.
    with Verifier(VerifierConfig(retries=2, bwrap=False)) as verifier:
        verdicts = verifier.verify([(ECHO, echo(7)), (ECHO, "print(7)  # deadly"), (ECHO, echo(8))])
    assert [verdict.verdict.value for verdict in verdicts] == ["AC", "INFRA", "WA"]
    assert len(set(attempts)) == 3
    assert not verdicts[1].passed


def test_a_worker_that_cannot_start_is_an_error_of_the_verifier(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with Verifier() as verifier, pytest.raises(VerifierError, match="did not start with /bin/false"):
        verifier.verify([(ECHO, echo(7))])


@pytest.fixture
def interruptible() -> Iterator[None]:
    """A process started in the background of a script inherits an ignored SIGINT; this test needs it heard."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
def test_after_an_interrupt_the_next_batch_gets_its_own_answers() -> None:
    with Verifier() as verifier:
        verifier.describe()
        workers = verifier.worker_pids()
        threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT)).start()
        with pytest.raises(KeyboardInterrupt):
            verifier.verify([(ECHO, "import time\ntime.sleep(20)\nprint(7)")])
        assert verifier.worker_pids() == []
        assert wait_until(lambda: not any(alive(pid) for pid in workers))
        assert [v.passed for v in verifier.verify([(ECHO, echo(7)), (ECHO, echo(1))])] == [True, False]


def test_threads_share_a_verifier() -> None:
    results: dict[int, bool] = {}
    with Verifier() as verifier:

        def work(number: int) -> None:
            results[number] = verifier.verify([(ECHO, echo(number))])[0].passed

        threads = [threading.Thread(target=work, args=(number,)) for number in (6, 7, 8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        # The threads that asked first are gone.
        assert verifier.verify([(ECHO, "import time\ntime.sleep(0.1)\nprint(7)")])[0].passed
    assert results == {6: False, 7: True, 8: False}


def test_a_call_given_up_leaves_the_program_to_those_who_also_wait_for_it() -> None:
    program = "import time\ntime.sleep(1)\nprint(7)"
    verdicts: list[Any] = []
    with Verifier(workers=1) as verifier:
        verifier.describe()
        workers = verifier.worker_pids()
        other = threading.Thread(target=lambda: verdicts.extend(verifier.verify([(ECHO, program)])))
        other.start()
        stream = verifier.stream([(ECHO, program), (ECHO, "")])
        assert next(stream)[0] == 1  # known at once; the other is under way
        stream.close()
        other.join()
        assert verdicts[0].passed
        assert verifier.worker_pids() == workers


def test_submitted_programs_are_judged_while_the_caller_goes_on() -> None:
    with Verifier() as verifier:
        slow = verifier.submit(ECHO, "import time\ntime.sleep(0.5)\nprint(7)")
        wrong = verifier.submit(ECHO, echo(6))
        assert not slow.done()
        assert [slow.result(20).passed, wrong.result(20).passed] == [True, False]
        known = verifier.submit(ECHO, echo(6))
        assert known.done()  # kept
        everything = verifier.submit(
            Problem("two", "", [TestCase("7", "8")] * 2, limits=LIMITS), echo(7), all_tests=True
        )
        assert len(everything.result(20).tests) == 2


def test_a_submitted_program_that_is_cancelled_ends() -> None:
    with Verifier(workers=1) as verifier:
        verifier.describe()
        (worker,) = verifier.worker_pids()
        future = verifier.submit(ECHO, "import time\ntime.sleep(20)\nprint(7)")
        time.sleep(0.3)
        assert future.cancel()
        assert wait_until(lambda: not alive(worker))
        assert verifier.submit(ECHO, echo(7)).result(20).passed


def test_what_cannot_be_submitted_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    with Verifier() as verifier:
        with pytest.raises(DataError, match="'none' has no tests"):
            verifier.submit(Problem("none", "", []), "print()")
        under_way = verifier.submit(ECHO, "import time\ntime.sleep(20)\nprint(7)")
    with pytest.raises(VerifierError, match="closed"):
        under_way.result(20)
    with pytest.raises(VerifierError, match="closed"):
        verifier.submit(ECHO, echo(7))
    monkeypatch.setattr("cppo.verifier.dispatcher.WorkerProcess", _no_worker)
    with Verifier() as verifier, pytest.raises(VerifierError, match="no room"):
        verifier.submit(ECHO, echo(7)).result(20)


def _no_worker(_: Any) -> None:
    raise OSError("no room")
