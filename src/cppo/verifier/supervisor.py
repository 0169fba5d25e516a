"""Runs one program: compiles it once, forks a process for each test, and says how each ended. Standard library only.

It is the parent of every test process and, where permitted, process 1 of a pid namespace, so that nothing a test leaves
behind outlives it. It never runs code of the program.
"""

from __future__ import annotations

import fcntl
import gc
import json
import os
import resource
import select
import time

from cppo.verifier import guest, wire
from cppo.verifier.jail import SIGKILL, Jail, kill_descendants, resident_kb, wipe

TYPING = False
if TYPING:  # the typing module would fill the worker's memory
    from types import CodeType
    from typing import Any, NoReturn

    Result = tuple[dict[str, Any], bytes]

SIGXCPU, SIGXFSZ = 24, 25
POLL_SECONDS = 0.02
SEALED_AGAINST_SHRINKING = 0x0002
F_ADD_SEALS = 1033
ANSWERS = (b'{"wall": ', b'{"bad": ')
STARTED = b"\n"
"""First byte of every report, written before the program runs: a report without it is a failure of the verifier."""


class Ended:
    """How a test process ended: wait status, resources, wall seconds, and what it was killed for."""

    def __init__(self, status: int, usage: resource.struct_rusage, wall: float, killed: str) -> None:
        self.status = status
        self.usage = usage
        self.wall = wall
        self.killed = killed


class Failure:
    """Why a test failed. `reported`: the program's own process said so, so that it belongs to one certain test."""

    def __init__(self, status: str, detail: str, reported: bool = False) -> None:
        self.status = status
        self.detail = detail
        self.reported = reported


class Supervisor:
    """One program, its tests and the connection on which results are sent as they come."""

    def __init__(self, jail: Jail, connection: int, request: dict[str, Any], blobs: list[memoryview]) -> None:
        self.jail = jail
        self.connection = connection
        self.request = request
        self.limits: dict[str, Any] = request["limits"]
        self.blobs = blobs
        self.together = request["mode"] == "call" and not request["isolate"]

    def run(self, code: CodeType, names: dict[str, Any]) -> None:
        """Run the tests in order, sending each result, until one fails (unless all are asked for) or STOP arrives."""
        self.names = names
        self.baseline_kb = own_resident_kb()
        index, count = 0, len(self.blobs)
        pending = b""
        while index < count:
            results = self._run_process(code, index, count if self.together else index + 1)
            index += len(results)
            pending = b"".join(wire.pack(wire.TEST, header, payload) for header, payload in results)
            failed = bool(results) and results[-1][0]["status"] != "ok"
            if index == count or (failed and not self.request["all"]):
                break
            wire.send(self.connection, pending)
            pending = b""
            if self._told_to_stop():
                break
        wire.send(self.connection, pending + wire.pack(wire.DONE, {"status": "ok"}))

    def _told_to_stop(self) -> bool:
        poll = select.poll()
        poll.register(self.connection, select.POLLIN)
        return bool(poll.poll(0)) and bool(os.read(self.connection, len(wire.STOP_FRAME)))

    def _run_process(self, code: CodeType, first: int, last: int) -> list[Result]:
        """Run tests `first` to `last - 1` in one process.

        Returns their results up to the first failure; none when several tests ran together and the end of their
        process belongs to no certain one: from then on each gets its own process.
        """
        stdin, stdout, stderr = (os.memfd_create(name) for name in ("stdin", "stdout", "stderr"))
        report = os.memfd_create("report", os.MFD_ALLOW_SEALING)
        try:
            fcntl.fcntl(report, F_ADD_SEALS, SEALED_AGAINST_SHRINKING)
            if self.request["mode"] == "stdin":
                wire.send(stdin, self.blobs[first])
                os.lseek(stdin, 0, os.SEEK_SET)
            started = time.perf_counter()
            pid = os.fork()
            if pid == 0:
                self._become_guest(code, self.blobs[first:last], (stdin, stdout, stderr, report))
            ended = self._wait(pid, started)
            kill_descendants(self.jail.own_pids is not None)
            wipe(self.jail.scratch)
            return self._results(ended, last - first, stdout, stderr, report)
        finally:
            for descriptor in (stdin, stdout, stderr, report):
                os.close(descriptor)

    def _become_guest(self, code: CodeType, blobs: list[memoryview], files: tuple[int, int, int, int]) -> NoReturn:
        try:
            arguments = [bytes(blob) for blob in blobs]
            guest.prepare_process(*files)
            self.jail.enter_test(self.limits)
            program = guest.Guest(code, self.names, self.limits["lines"])
            os.write(guest.REPORT, STARTED)
            gc.enable()
            if self.request["mode"] == "stdin":
                program.run_stdin()
            program.run_calls(self.request["entry_point"], arguments)
        finally:
            os._exit(1)

    def _wait(self, pid: int, started: float) -> Ended:
        """Wait for a test process; kill it when its wall time or its resident memory runs over."""
        killed = ""
        ceiling = self.limits["memory"] + self.baseline_kb
        deadline = started + self.limits["wall"]
        pidfd = os.pidfd_open(pid)
        poll = select.poll()
        poll.register(pidfd, select.POLLIN)
        try:
            while not poll.poll(1000 * min(POLL_SECONDS, max(0.0, deadline - time.perf_counter()))):
                if time.perf_counter() >= deadline:
                    killed = "wall"
                elif (resident_kb(pidfd) or 0) > ceiling:
                    killed = "memory"
                if killed:
                    os.kill(pid, SIGKILL)
                    break
        finally:
            os.close(pidfd)
        _, status, usage = os.wait4(pid, 0)
        return Ended(status, usage, time.perf_counter() - started, killed)

    def _results(self, ended: Ended, count: int, stdout: int, stderr: int, report: int) -> list[Result]:
        sizes = [os.fstat(descriptor).st_size for descriptor in (stdout, stderr, report)]
        if sizes[2] == 0:
            raise RuntimeError("a test process could not be set up")
        lines = os.pread(report, sizes[2], len(STARTED)).split(b"\n")
        answers = [line for line in lines[:count] if line.startswith(ANSWERS)]
        note = read_note(lines[len(answers)]) if len(answers) < count else {}
        memory = max(0, ended.usage.ru_maxrss - self.baseline_kb)
        cost = {"cpu": ended.usage.ru_utime + ended.usage.ru_stime, "wall": ended.wall, "memory": memory}
        failure = self._failure(ended, cost, max(sizes), note)
        if failure is None and self.request["mode"] == "stdin":
            return [({**cost, "status": "ok"}, os.pread(stdout, sizes[0], 0))]
        results: list[Result] = [({**cost, "status": "ok"}, answer) for answer in answers]
        if failure is None and len(answers) == count:
            return results
        if count > 1 and not (failure and failure.reported):
            self.together = False
            return []
        failure = failure or Failure("RE", "the program ended before it returned a value")
        detail = failure.detail or tail(stderr, sizes[1])
        return [*results[: count - 1], ({**cost, "status": failure.status, "detail": detail}, b"")]

    def _failure(self, ended: Ended, cost: dict[str, Any], written: int, note: dict[str, Any]) -> Failure | None:
        """Return why a process failed, or None when it ended well. The order decides between several reasons."""
        limits = self.limits
        number = os.WTERMSIG(ended.status) if os.WIFSIGNALED(ended.status) else 0
        if ended.killed == "wall":
            return Failure("TLE", f"more than {limits['wall']:g} s of wall time")
        if ended.killed == "memory" or cost["memory"] > limits["memory"] or note.get("stop") == "memory":
            return Failure("MLE", f"more than {limits['memory'] / 1024:g} MiB")
        if cost["cpu"] > limits["cpu"] or number == SIGXCPU:
            return Failure("TLE", f"more than {limits['cpu']:g} s of CPU time")
        if written > limits["output"] or number == SIGXFSZ:
            return Failure("OLE", f"more than {limits['output'] / 2**20:g} MiB of output")
        if note.get("stop") == "lines":
            return Failure("TLE", f"more than {limits['lines']} executed lines", reported=True)
        if number:
            return Failure("RE", f"killed by signal {number}")
        if note.get("error"):
            return Failure("RE", str(note["error"]), reported=True)
        if ended.status:
            return Failure("RE", f"exit status {os.waitstatus_to_exitcode(ended.status)}")
        return None


def own_resident_kb() -> int:
    """Return the resident memory of this process in KiB."""
    with open("/proc/self/statm", encoding="ascii") as statm:
        return int(statm.read().split()[1]) * (resource.getpagesize() // 1024)


def read_note(line: bytes) -> dict[str, Any]:
    """Return the reason a program's process gave for its end; empty when it gave none that can be read."""
    try:
        note = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    return note if isinstance(note, dict) else {}


def tail(descriptor: int, size: int) -> str:
    """Return the end of what was written to standard error."""
    return os.pread(descriptor, 300, max(0, size - 300)).decode("utf-8", "replace").strip()
