"""A worker that does as the program says: the engine's tests decide what a worker reports, and when.

The source of a "program" is executed by the worker itself. It defines `run(index)`, which returns the header and the
payload of the TEST frame of that test, `ok()` for short; `raw` writes bytes to the connection, `attempt(index)` counts
the runs of a test over all workers. What runs when is appended to a log.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from cppo.verifier import built, dispatcher, wire
from cppo.verifier.settings import VerifierConfig

SCRIPT = """
import json, os, select, sys, time, types
from pathlib import Path
for name, path in (("cppo", sys.argv[2]), ("cppo.verifier", sys.argv[2] + "/verifier")):  # no more than the wire
    sys.modules[name] = types.ModuleType(name)
    sys.modules[name].__path__ = [path]
from cppo.verifier import wire

connection, folder = int(sys.argv[1]), Path(sys.argv[3])

def log(*words):
    with open(folder / "log", "a") as file:
        file.write(json.dumps([*words, os.getpid()]) + chr(10))

def attempt(index):
    with open(folder / f"{NAME}.{index}", "a") as file:
        file.write("x")
        return file.tell()

def raw(data):
    wire.send(connection, data)

def ok(payload=b"7", **more):
    return {"status": "ok", "cpu": 0.1, "wall": 0.2, "memory": 1024, "exit": 0, **more}, payload

def late(waited, **more):
    cost = {"cpu": 1, "wall": 1, "memory": 0, "waited": waited}
    return {"status": "TLE", "detail": "late", "clock": True, **cost, **more}, b""

def refused():
    return {"status": "RE", "detail": "no process", "refused": True, "cpu": 0, "wall": 0, "memory": 0, "exit": 1}, b""

def told_to_stop():
    return bool(select.select([connection], [], [], 0)[0]) and bool(os.read(connection, len(wire.STOP_FRAME)))

raw(wire.pack(wire.HELLO, {"python": "scripted", "tier": sys.argv[4]}))
buffer = bytearray()
while True:
    while (frame := wire.unpack(buffer)) is None:
        chunk = os.read(connection, 1 << 20)
        if not chunk:
            sys.exit()
        buffer += chunk
    kind, header, payload = frame
    if kind != wire.RUN:
        continue
    size, tests = header["sizes"][0], header["sizes"][1:]
    place = {"wire": wire, "raw": raw, "ok": ok, "late": late, "refused": refused, "attempt": attempt}
    place |= {"time": time, "os": os}
    exec(payload[:size].decode(), place)
    NAME = place["NAME"]
    log("start", NAME, len(tests), time.monotonic())
    inputs, offset = [], size
    for length in tests:
        inputs.append(payload[offset : offset + length])
        offset += length
    for given in inputs:
        head, data = place["run"](int(given))
        raw(wire.pack(wire.TEST, head, data))
        if (head["status"] != "ok" and not header["all"]) or told_to_stop():
            break
    log("end", NAME, len(tests), time.monotonic())
    raw(wire.pack(wire.DONE, place.get("DONE", {"status": "ok"})))
"""


class ScriptedWorker:
    """Stands in for `WorkerProcess`."""

    folder: Path
    tier = "namespaces"

    def __init__(self, config: VerifierConfig) -> None:
        self.connection, theirs = socket.socketpair()
        source = str(Path(wire.__file__).parents[1])
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-c", SCRIPT, str(theirs.fileno()), source, str(self.folder), self.tier],
                pass_fds=(theirs.fileno(),),
                stdin=subprocess.DEVNULL,
            )
        self.pid = self._process.pid
        self.report: dict[str, str] = {}

    def wait_ready(self) -> None:
        buffer = bytearray()
        while (frame := wire.unpack(buffer)) is None:
            buffer += self.connection.recv(4096)
        self.report = frame[1]

    def last_words(self) -> str:
        return ""

    def end(self) -> None:
        self.connection.close()
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
        self._process.wait()


def use_scripted_workers(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make every verifier of this test use scripted workers, which keep their notes in `folder`."""
    monkeypatch.setattr(ScriptedWorker, "folder", folder, raising=False)
    monkeypatch.setattr(dispatcher, "WorkerProcess", ScriptedWorker)
    monkeypatch.setattr(built, "_last", {})


def runs(folder: Path) -> list[dict[str, Any]]:
    """Return the runs in the order they started: name, tests asked for, start and end (seconds; None: never)."""
    found: list[dict[str, Any]] = []
    for line in (folder / "log").read_text().splitlines():
        event, name, tests, moment, pid = json.loads(line)
        if event == "start":
            found.append({"name": name, "tests": tests, "start": moment, "end": None, "pid": pid})
        else:
            next(run for run in reversed(found) if run["pid"] == pid)["end"] = moment
    return found


def attempts(folder: Path, name: str, index: int) -> int:
    """Return how often a test of a scripted program was run, if it counts itself."""
    path = folder / f"{name}.{index}"
    return path.stat().st_size if path.exists() else 0
