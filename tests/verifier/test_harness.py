"""Who speaks for a program that is being compiled: its process or, when that dies, the worker. Never both."""

from __future__ import annotations

import mmap
import os
import socket
import sys
import time
from types import SimpleNamespace
from typing import Any

import pytest

from cppo.verifier import wire
from cppo.verifier.harness import Worker
from cppo.verifier.supervisor import COMPILED, Supervisor

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="forks without a jail")


class Slow(Supervisor):
    """Takes its time to end after its last word, as a process does that has much memory to give back."""

    def send_uncompilable(self, detail: str) -> None:
        super().send_uncompilable(detail)
        time.sleep(0.5)


def answers(source: bytes, compile_seconds: float = 5.0, memory_kb: int = 1 << 20) -> list[dict[str, Any]]:
    """Return the headers of all frames that come from the worker and the process of one program."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        worker = Worker.__new__(Worker)
        worker.connection = theirs.fileno()
        worker.shared = mmap.mmap(-1, 2)
        worker.jail = SimpleNamespace(fork_program=os.fork, own_pids=-1, end_test=None)  # type: ignore[assignment]
        request = {"mode": "stdin", "limits": {"memory": memory_kb}, "all": False}
        supervisor = Slow(worker.jail, theirs.fileno(), request, [memoryview(source)], worker.shared)
        worker._run_apart(supervisor, compile_seconds)
        theirs.shutdown(socket.SHUT_WR)
        buffer = bytearray()
        while chunk := ours.recv(1 << 16):
            buffer += chunk
    found = []
    while (frame := wire.unpack(buffer)) is not None:
        assert frame[0] == wire.DONE
        found.append(frame[1])
    assert not buffer
    return found


def test_a_program_whose_process_is_slow_to_end_gets_one_answer() -> None:
    (answer,) = answers(b"x = (", compile_seconds=0.2)
    assert answer["status"] == "CE"
    assert "never closed" in answer["detail"]


def test_so_does_one_that_took_too_much_memory_between_two_looks() -> None:
    (answer,) = answers(b"x = 1", memory_kb=-(1 << 30))
    assert answer["status"] == "CE"
    assert "to compile" in answer["detail"]


def test_the_worker_speaks_for_a_process_that_dies_compiling(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cppo.verifier.guest.compile_program", lambda source: os._exit(3))
    assert answers(b"") == [{"status": "CE", "detail": "the process of the program ended with status 3"}]
    monkeypatch.setattr("cppo.verifier.guest.compile_program", lambda source: time.sleep(60))
    monkeypatch.setattr("cppo.verifier.harness.COMPILE_WAIT_SECONDS", 0.0)
    assert answers(b"", compile_seconds=0.1) == [{"status": "CE", "detail": "more than 0.1 s to compile"}]


@pytest.mark.parametrize(("most", "shown"), [(20.0, "said"), (0.0, "more than 0.1 s to compile")])
def test_a_compilation_may_wait_for_a_processor_but_not_for_ever(
    most: float, shown: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def compile_late(_source: bytes) -> None:
        time.sleep(0.6)  # without a processor, as if others had it
        raise SyntaxError("said")

    monkeypatch.setattr("cppo.verifier.guest.compile_program", compile_late)
    monkeypatch.setattr("cppo.verifier.harness.COMPILE_WAIT_SECONDS", most)
    (answer,) = answers(b"", compile_seconds=0.1)
    assert shown in answer["detail"]


def test_processor_time_ends_a_compilation(monkeypatch: pytest.MonkeyPatch) -> None:
    def compile_for_ever(_source: bytes) -> None:
        while True:
            pass

    monkeypatch.setattr("cppo.verifier.guest.compile_program", compile_for_ever)
    monkeypatch.setattr("cppo.verifier.harness.COMPILE_WAIT_SECONDS", 1e9)
    assert answers(b"", compile_seconds=0.2) == [{"status": "CE", "detail": "more than 0.2 s to compile"}]


def test_a_process_that_dies_speaking_ends_the_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Slow, "run", lambda self, code: os._exit(1), raising=False)
    with pytest.raises(RuntimeError, match="ended with status 1"):
        answers(b"x = 1")


def test_one_that_had_said_everything_when_it_was_to_be_killed_is_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    def run(self: Supervisor, _code: object) -> None:
        self.shared[COMPILED] = 0  # as the worker saw it when it decided to kill
        self.send_uncompilable("said")

    monkeypatch.setattr(os, "kill", lambda pid, signal: time.sleep(1))
    monkeypatch.setattr(Supervisor, "run", run)
    assert answers(b"x = 1", compile_seconds=0.2) == [{"status": "CE", "detail": "said"}]
