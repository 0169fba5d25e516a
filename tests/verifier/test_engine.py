"""The engine with workers that do as they are told: timeouts repeated alone, slices, lies, silence."""

from __future__ import annotations

import itertools
import os
import socket
import subprocess
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from processes import wait_until
from scripted_worker import ScriptedWorker, attempts, runs, use_scripted_workers

from cppo.errors import VerifierError
from cppo.problems import Limits, Problem, TestCase
from cppo.verifier import ProgramVerdict, Verdict, Verifier, VerifierConfig, dispatcher
from cppo.verifier.settings import VerifierConfig as Settings


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    use_scripted_workers(tmp_path, monkeypatch)
    return tmp_path


def problem(tests: int = 1) -> Problem:
    limits = Limits(cpu_seconds=1, wall_seconds=1)
    return Problem("scripted", "", [TestCase(str(index), "7") for index in range(tests)], limits=limits)


def judge(programs: list[str], tests: int = 1, *, all_tests: bool = False, **settings: Any) -> list[ProgramVerdict]:
    with Verifier(VerifierConfig(**settings)) as verifier:
        return verifier.verify([(problem(tests), program) for program in programs], all_tests=all_tests)


def passing(name: str, seconds: float = 0.0) -> str:
    return f"NAME = {name!r}\ndef run(index):\n    time.sleep({seconds})\n    return ok()"


def late_once(name: str, test: int = 0, waited: float = 0.5) -> str:
    """Out of time on the first attempt at one test, right on all others."""
    return (
        f"NAME = {name!r}\ndef run(index):\n    first = attempt(index) == 1\n"
        f"    return late({waited}) if index == {test} and first else ok()"
    )


def test_a_timeout_under_load_is_repeated_alone_and_that_verdict_counts(folder: Path) -> None:
    others = [passing(f"other{index}", 0.15) for index in range(4)]
    verdicts = judge([late_once("late", test=1), *others], tests=3, workers=2)
    assert [verdict.verdict.value for verdict in verdicts] == ["AC"] * 5
    assert [attempts(folder, "late", index) for index in range(3)] == [1, 2, 1]
    seen = runs(folder)
    assert [run["tests"] for run in seen if run["name"] == "late"] == [3, 2]
    again = [run for run in seen if run["name"] == "late"][-1]
    overlapping = [run["name"] for run in seen if run["end"] > again["start"] and run["start"] < again["end"]]
    assert overlapping == ["late"]
    assert len({run["pid"] for run in seen}) == 2  # there was a worker that had to wait


def test_nothing_is_started_beside_a_program_that_runs_alone(folder: Path) -> None:
    program = (
        "NAME = 'late'\ndef run(index):\n    if attempt(index) == 1:\n        return late(0.5)\n"
        "    time.sleep(0.5)\n    return ok()"
    )
    with Verifier(VerifierConfig(workers=2)) as verifier:
        first = threading.Thread(target=verifier.verify, args=([(problem(), program)],))
        first.start()
        assert wait_until(lambda: attempts(folder, "late", 0) == 2)
        assert all(verdict.passed for verdict in verifier.verify([(problem(), passing(f"p{n}")) for n in range(3)]))
        first.join()
    seen = runs(folder)
    assert [run["name"] for run in seen[:2]] == ["late", "late"]
    assert all(run["start"] >= seen[1]["end"] for run in seen[2:])


def test_a_timeout_that_comes_again_alone_is_final(folder: Path) -> None:
    program = "NAME = 'slow'\ndef run(index):\n    attempt(index)\n    return late(0.9)"
    verdict = judge([program], tests=2)[0]
    assert verdict.verdict is Verdict.TLE
    assert verdict.detail == "test 0: late"
    assert [test.waited_seconds for test in verdict.tests] == [0.9]
    assert attempts(folder, "slow", 0) == 2


@pytest.mark.parametrize(
    ("reply", "settings"),
    [
        ("late(0.049)", {}),  # of one second: less than a twentieth
        ("late(0.9, clock=False)", {}),  # executed lines
        ("late(0.9)", {"recheck_timeouts": False}),
    ],
)
def test_other_timeouts_are_final_at_once(folder: Path, reply: str, settings: dict[str, Any]) -> None:
    program = f"NAME = 'slow'\ndef run(index):\n    attempt(index)\n    return {reply}"
    assert judge([program], **settings)[0].verdict is Verdict.TLE
    assert attempts(folder, "slow", 0) == 1


@pytest.mark.parametrize("settings", [{}, {"recheck_timeouts": False}])
@pytest.mark.parametrize(("left", "verdict"), [(1, Verdict.AC), (9, Verdict.RE)])
def test_a_program_that_was_refused_a_process_runs_once_more(
    folder: Path, left: int, verdict: Verdict, settings: dict[str, Any]
) -> None:
    program = (
        f"NAME = 'forks'\ndef run(index):\n    return refused() if index == 1 and attempt(index) <= {left} else ok()"
    )
    assert judge([program], tests=3, **settings)[0].verdict is verdict
    assert attempts(folder, "forks", 1) == 2


def test_all_tests_go_on_from_a_timeout_that_did_not_count(folder: Path) -> None:
    program = (
        "NAME = 'all'\ndef run(index):\n    count = attempt(index)\n"
        "    return late(0.5) if index == 1 and count == 1 else ok(b'7' if index != 2 else b'8')"
    )
    verdict = judge([program], tests=4, all_tests=True)[0]
    assert [test.verdict.value for test in verdict.tests] == ["AC", "AC", "WA", "AC"]
    assert verdict.detail.startswith("test 2: wrote '8'")
    assert attempts(folder, "all", 0) == 1
    assert attempts(folder, "all", 1) == 2


@pytest.mark.usefixtures("folder")
def test_a_repeated_timeout_does_not_wait_for_an_endless_queue(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cppo.verifier.schedule.PATIENCE_SECONDS", 0.2)
    with Verifier() as verifier:
        programs = [late_once("late"), *[passing(f"other{index}", 0.1) for index in range(12)]]
        order = [index for index, _ in verifier.stream((problem(), program) for program in programs)]
    assert sorted(order) == list(range(13))
    assert order.index(0) < 8  # patience lasts about two others, and then it is its turn


def test_a_slow_program_makes_way_and_runs_each_test_once(folder: Path) -> None:
    slow = "NAME = 'slow'\ndef run(index):\n    attempt(index)\n    time.sleep(0.05)\n    return ok()"
    finished: list[str] = []
    with Verifier(VerifierConfig(workers=1, slice_seconds=0.2)) as verifier:

        def work(name: str, program: str, tests: int) -> None:
            assert verifier.verify([(problem(tests), program)])[0].passed
            finished.append(name)

        first = threading.Thread(target=work, args=("slow", slow, 30))
        first.start()
        assert wait_until(lambda: attempts(folder, "slow", 1) == 1)
        work("small", passing("small"), 1)
        first.join()
    assert finished == ["small", "slow"]
    assert [attempts(folder, "slow", index) for index in range(30)] == [1] * 30
    seen = runs(folder)
    assert [run["name"] for run in seen] == ["slow", "small", "slow"]  # nobody waits after that: no further slice
    assert 0 < seen[2]["tests"] < 28


def test_calls_take_turns(folder: Path) -> None:
    finished: list[str] = []
    with Verifier(VerifierConfig(workers=1)) as verifier:

        def work(name: str, count: int) -> None:
            batch = [(problem(), passing(f"{name}{index}", 0.05)) for index in range(count)]
            assert all(verdict.passed for verdict in verifier.verify(batch))
            finished.append(name)

        big = threading.Thread(target=work, args=("big", 30))
        big.start()
        assert wait_until(lambda: (folder / "log").exists())
        small = threading.Thread(target=work, args=("small", 3))
        small.start()
        for thread in (big, small):
            thread.join()
    assert finished == ["small", "big"]
    names = [run["name"] for run in runs(folder)]
    at = [names.index(f"small{index}") for index in range(3)]
    assert [later - earlier for earlier, later in itertools.pairwise(at)] == [2, 2]  # one of each in turn


RUBBISH = {
    "bytes of no frame": "raw(b'\\xff' * 999)",
    "a header that is no JSON": "raw(wire.HEAD.pack(wire.TEST, 2, 0) + b'{]')",
    "a header that is no object": "raw(wire.HEAD.pack(wire.TEST, 2, 0) + b'[]')",
    "an endless payload": "raw(wire.HEAD.pack(wire.TEST, 0, 1 << 62))",
    "a test without costs": "raw(wire.pack(wire.TEST, {'status': 'ok'}))",
    "a test with a verdict of its own": "raw(wire.pack(wire.TEST, {**ok()[0], 'status': 'AC'}))",
    "a test whose status is a list": "raw(wire.pack(wire.TEST, {**ok()[0], 'status': []}))",
    "a test that cost less than nothing": "raw(wire.pack(wire.TEST, {**ok()[0], 'cpu': -1}))",
    "more tests than were asked for": "raw(wire.pack(wire.TEST, *ok()) * 3)",
    "an end without tests": "raw(wire.pack(wire.DONE, {'status': 'ok'}))",
    "an end without a status": "raw(wire.pack(wire.DONE))",
    "an end of another kind": "raw(wire.pack(wire.DONE, {'status': 'AC'}))",
    "a second greeting": "raw(wire.pack(wire.HELLO, {}))",
    "an order": "raw(wire.pack(wire.RUN, {}))",
    "half a frame and then the end": "raw(wire.pack(wire.TEST, *ok())[:9]); os._exit(0)",
    "a failure of its own": "raw(wire.pack(wire.DONE, {'status': 'INFRA', 'detail': 'no memory'}))",
}


@pytest.mark.parametrize("words", RUBBISH)
def test_a_worker_that_talks_rubbish_is_replaced_and_never_believed(folder: Path, words: str) -> None:
    program = f"NAME = 'liar'\ndef run(index):\n    attempt(index)\n    {RUBBISH[words]}\n    time.sleep(30)"
    good = passing("good")
    verdicts = judge([good, program, passing("other")], retries=1)
    assert [verdict.verdict.value for verdict in verdicts] == ["AC", "INFRA", "AC"]
    assert verdicts[1].detail.startswith("the verifier failed: ")
    assert attempts(folder, "liar", 0) == 2


def test_what_a_dead_worker_said_of_its_last_run_does_not_count(folder: Path) -> None:
    program = (
        "NAME = 'once'\ndef run(index):\n    if attempt(index) == index == 1:\n        os._exit(1)\n    return ok()"
    )
    verdict = judge([program], tests=3)[0]
    assert verdict.passed
    assert [attempts(folder, "once", index) for index in range(3)] == [2, 2, 1]


def test_a_silent_worker_is_replaced(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dispatcher, "SILENCE_SECONDS", 0.0)
    program = "NAME = 'silent'\ndef run(index):\n    time.sleep(60 if attempt(index) == 1 else 0)\n    return ok()"
    verdict = judge([program], compile_seconds=0.5)[0]
    assert verdict.passed
    assert attempts(folder, "silent", 0) == 2


@pytest.mark.usefixtures("folder")
def test_no_program_waits_for_a_worker_that_cannot_be_started(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[int] = []

    class Scarce(ScriptedWorker):
        def __init__(self, config: Settings) -> None:
            if started:
                raise OSError(11, "Resource temporarily unavailable")
            super().__init__(config)
            started.append(self.pid)

    monkeypatch.setattr(dispatcher, "WorkerProcess", Scarce)
    verdicts = judge([passing(f"p{index}", 0.05) for index in range(6)], workers=3)
    assert [verdict.passed for verdict in verdicts] == [True] * 6
    with pytest.raises(VerifierError, match=r"cannot be started: .*temporarily unavailable"):
        judge([passing("more")])


@pytest.mark.usefixtures("folder")
def test_a_worker_that_starts_again_is_listened_to_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first process is gone, and its connection with it, before anyone looks: as where the best jail is refused."""

    class Refused(ScriptedWorker):
        def __init__(self, config: Settings) -> None:
            self._config = config
            self.connection, theirs = socket.socketpair()
            theirs.close()
            self._process = subprocess.Popen(["true"])
            self.pid = self._process.pid
            os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOWAIT)

        def wait_ready(self) -> None:
            self.end()
            super().__init__(self._config)
            super().wait_ready()

    monkeypatch.setattr(dispatcher, "WorkerProcess", Refused)
    started = time.monotonic()
    assert [verdict.passed for verdict in judge([passing("a"), passing("b")], workers=2)] == [True, True]
    assert time.monotonic() - started < 30


@pytest.mark.usefixtures("folder")
def test_costs_and_words_of_a_test_arrive() -> None:
    head = "cpu=1.5, wall=2.5, memory=3072, exit=3, stderr='e' * 300, waited=0.25"
    program = f"NAME = 'full'\ndef run(index):\n    return ok(b'7' * 500, {head})"
    test = judge([program])[0].tests[0]
    assert (test.cpu_seconds, test.wall_seconds, test.memory_mb, test.waited_seconds) == (1.5, 2.5, 3.0, 0.25)
    assert (test.exit_status, test.stdout, test.stderr) == (3, "7" * 200, "e" * 200)
