"""Processes that are fed garbage: a worker ends; the verifier never takes garbage for a pass, nor waits for it."""

from __future__ import annotations

import os
import random
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cppo.problems import Limits, Problem, TestCase
from cppo.verifier import Verdict, Verifier, VerifierConfig, wire, worker
from cppo.verifier.worker import WorkerDied, WorkerProcess

SECONDS = 20.0
LIMITS = Limits(cpu_seconds=1, wall_seconds=1, memory_mb=64)
TWO = Problem("two", "", [TestCase("1", "1"), TestCase("2", "2")], limits=LIMITS)
COST = {"cpu": 0.0, "wall": 0.0, "memory": 0, "exit": 0}


def noise(seed: int, size: int) -> bytes:
    return random.Random(seed).randbytes(size)


def run_frame(**changes: Any) -> bytes:
    """A RUN frame that is well formed but for `changes`."""
    header = {
        "mode": "stdin",
        "entry_point": None,
        "limits": {"cpu": 1.0, "wall": 1.0, "memory": 65536, "output": 65536, "lines": None, "compile": 1.0},
        "preamble": False,
        "all": True,
        "isolate": True,
        "sizes": [8, 1],
    }
    return wire.pack(wire.RUN, {**header, **changes}, b"print(1)1")


TO_THE_WORKER = {
    "noise": noise(1, 1000),
    "empty frames and then noise": bytes(7 * wire.HEAD.size) + noise(2, 5000),
    "an unknown kind": wire.HEAD.pack(77, 0, 0),
    "a header too long": wire.HEAD.pack(wire.RUN, 2**32 - 1, 0),
    "a payload too long": wire.HEAD.pack(wire.RUN, 0, 2**63),
    "a header that is no JSON": wire.HEAD.pack(wire.RUN, 3, 0) + b"{}}",
    "a header that is a list": wire.HEAD.pack(wire.RUN, 2, 0) + b"[]",
    "a request of nothing": wire.pack(wire.RUN, {}),
    "sizes that are no numbers": run_frame(sizes=["x"]),
    "limits that are no limits": run_frame(limits={"cpu": None}),
    "half a request": run_frame()[:-3],
}


@pytest.mark.parametrize("name", TO_THE_WORKER)
def test_a_worker_that_hears_garbage_ends(name: str) -> None:
    worker = WorkerProcess(VerifierConfig())
    try:
        worker.wait_ready()
        worker.send(TO_THE_WORKER[name])
        if name == "half a request":
            worker.connection.close()
        deadline = time.monotonic() + SECONDS
        while worker.running and time.monotonic() < deadline:
            time.sleep(0.01)
        assert not worker.running
    finally:
        worker.end()


def test_a_worker_serves_a_request_that_is_well_formed() -> None:
    """The requests above are refused for what is wrong with them, not for what they have in common."""
    worker = WorkerProcess(VerifierConfig())
    try:
        worker.wait_ready()
        worker.send(wire.STOP_FRAME + run_frame())
        frames: list[tuple[int, dict[str, Any], bytes]] = []
        while not frames or frames[-1][0] != wire.DONE:
            frames += worker.receive()
        assert [frame[0] for frame in frames] == [wire.TEST, wire.DONE]
        assert frames[0][2] == b"1\n"
    finally:
        worker.end()


# A stand-in for the interpreter of a worker: it starts the real one, passes on its first words, and answers the first
# request itself.
STAND_IN = """#!{python}
import os, socket, stat, subprocess, sys
opened = [fd for fd in range(3, 64) if os.path.exists(f"/proc/self/fd/{{fd}}")]
place = next(fd for fd in opened if stat.S_ISSOCK(os.fstat(fd).st_mode))
verifier = socket.socket(fileno=os.dup(place))
ours, theirs = socket.socketpair()
os.dup2(theirs.fileno(), place)
worker = subprocess.Popen([{python!r}, *sys.argv[1:]], pass_fds=(place,))
theirs.close()
os.close(place)
verifier.sendall(ours.recv(1 << 20))
verifier.recv(1 << 20)
ours.close()
try:
    with open({answer!r}, "rb") as file:
        verifier.sendall(file.read())
except OSError:
    pass
worker.wait()
"""


@pytest.fixture
def answered_with(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[bytes], None]:
    """Return a function that makes every worker answer its first request with the given bytes."""

    def arrange(answer: bytes) -> None:
        (tmp_path / "answer").write_bytes(answer)
        script = tmp_path / "python"
        script.write_text(STAND_IN.format(python=sys.executable, answer=str(tmp_path / "answer")))
        script.chmod(script.stat().st_mode | stat.S_IXUSR)
        monkeypatch.setattr(sys, "executable", str(script))
        monkeypatch.setattr(worker, "_refused", {})  # bwrap cannot run the script: no news about the machine

    return arrange


def result_frame(payload: bytes = b"1\n", **header: Any) -> bytes:
    return wire.pack(wire.TEST, {**COST, "status": "ok", "detail": "", **header}, payload)


DONE = wire.pack(wire.DONE, {"status": "ok"})

TO_THE_VERIFIER = {
    "noise": noise(3, 1000),
    "much noise": noise(4, 3 << 20),
    "nothing": b"",
    "an unknown kind": wire.HEAD.pack(9, 0, 0),
    "a payload that never ends": wire.HEAD.pack(wire.TEST, 2, 1 << 62) + b"{}" + bytes(1000),
    "a header that is no JSON": wire.HEAD.pack(wire.TEST, 4, 0) + b"\xff\xfe{}",
    "a header that is a number": wire.HEAD.pack(wire.TEST, 1, 0) + b"1",
    "a header nested too deep": wire.HEAD.pack(wire.TEST, 100_000, 0) + b"[" * 100_000,
    "a test without anything": wire.pack(wire.TEST, {}),
    "costs of a wrong type": result_frame(cpu="much", wall=[], memory={}),
    "costs that are missing": wire.pack(wire.TEST, {"status": "ok"}, b"1\n") + DONE,
    "an unknown status": result_frame(status="PERFECT") + DONE,
    "a status that is a list": result_frame(status=["ok"]) + DONE,
    "the end before any test": DONE,
    "the end after the first test": result_frame() + DONE,
    "the end without a status": result_frame() + result_frame(b"2\n") + wire.pack(wire.DONE, {}),
    "the end with an unknown status": result_frame() + result_frame(b"2\n") + wire.pack(wire.DONE, {"status": "AC"}),
    "the end with a status that is a number": wire.pack(wire.DONE, {"status": 1}),
    "a failure of the worker": wire.pack(wire.DONE, {"status": "INFRA", "detail": "broken"}),
    "frames of the other direction": wire.pack(wire.RUN, {}) + wire.STOP_FRAME + wire.pack(wire.HELLO, {}),
    "half a frame": result_frame()[:-1],
    "a good frame, then noise": result_frame() + noise(5, 999),
}


@pytest.mark.parametrize("name", TO_THE_VERIFIER)
def test_garbage_from_a_worker_is_infra(answered_with: Callable[[bytes], None], name: str) -> None:
    answered_with(TO_THE_VERIFIER[name])
    started = time.monotonic()
    with Verifier(VerifierConfig(retries=0)) as verifier:
        got = verifier.verify([(TWO, "print(input())")])[0]
    assert got.verdict is Verdict.INFRA, got
    assert time.monotonic() - started < SECONDS


def test_a_stand_in_that_answers_well_is_believed(answered_with: Callable[[bytes], None]) -> None:
    """The garbage above is refused for what it is, not for where it comes from."""
    answered_with(result_frame() + result_frame(b"2\n") + DONE)
    with Verifier(VerifierConfig(retries=0)) as verifier:
        assert verifier.verify([(TWO, "print(input())")])[0].verdict is Verdict.AC


def test_more_tests_than_were_asked_for_do_not_pass(answered_with: Callable[[bytes], None]) -> None:
    answered_with(result_frame() + result_frame(b"2\n") + result_frame(b"3\n") * 5 + DONE)
    with Verifier(VerifierConfig(retries=0)) as verifier:
        assert verifier.verify([(TWO, "print(input())")])[0].verdict is Verdict.INFRA


def test_a_first_frame_that_is_garbage_is_an_error_of_the_verifier(tmp_path: Path) -> None:
    script = tmp_path / "python"
    script.write_text(
        f"#!{sys.executable}\nimport os, stat\n"
        "for fd in range(3, 64):\n    try:\n        os.write(fd, b'no frame at all, but long enough')\n"
        "    except OSError:\n        pass\n"
    )
    script.chmod(0o755)
    program = (
        "import sys\nfrom cppo.errors import VerifierError\nfrom cppo.verifier import Verifier\n"
        f"sys.executable = {str(script)!r}\n"
        "try:\n    Verifier().describe()\nexcept VerifierError as error:\n    print('refused:', error)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout.startswith("refused:"), done.stderr


def test_the_worker_process_reports_the_end_of_a_garbled_stream() -> None:
    worker = WorkerProcess(VerifierConfig())
    try:
        worker.wait_ready()
        os.kill(worker.pid, 9)
        with pytest.raises(WorkerDied):
            worker.receive()
    finally:
        worker.end()
