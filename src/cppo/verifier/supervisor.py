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
import signal
import time

from cppo.verifier import guest, wire
from cppo.verifier.jail import Jail, limit_address_space
from cppo.verifier.linux import PAGE_KB, SELF, kill_descendants, memory_pages, resident_kb
from cppo.verifier.mounts import wipe

TYPING = False
if TYPING:  # the typing module would fill the worker's memory
    from collections.abc import Callable
    from types import CodeType
    from typing import Any, NoReturn

    Result = tuple[dict[str, Any], bytes]

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
    """One program, its tests and the connection on which results are sent as they come.

    `blobs` holds the source and the input of each test.
    """

    def __init__(self, jail: Jail, connection: int, request: dict[str, Any], blobs: list[memoryview]) -> None:
        self.jail = jail
        self.connection = connection
        self.request = request
        self.limits: dict[str, Any] = request["limits"]
        self.calls = request["mode"] == "call"
        self.source, self.inputs = blobs[0], blobs[1:]
        self.names: dict[str, Any] = {}
        self.mapped_kb, self.baseline_kb = (pages * PAGE_KB for pages in memory_pages(SELF))

    def run_together(self) -> bool:
        """Compile the program and call it for all tests in one process, forked from the worker (after a failed test, if
        all are asked for, in another).

        Returns False, with nothing sent, when the process ended in a way that belongs to no certain test.
        """
        results: list[Result] = []
        while len(results) < len(self.inputs):
            more = self._run_process(None, self.inputs[len(results) :], self.jail.fork_program)
            if not more:
                return False
            results += more
            status, detail = more[-1][0]["status"], more[-1][0].get("detail", "")
            if status == "CE":
                self.send_uncompilable(detail)
                return True
            if status != "ok" and not self.request["all"]:
                break
        self._send(results, last=True)
        return True

    def run(self, code: CodeType) -> None:
        """Run each test in its own process until one fails (unless all are asked for) or STOP arrives."""
        self.baseline_kb = memory_pages(SELF)[1] * PAGE_KB
        for index, data in enumerate(self.inputs):
            results = self._run_process(code, [data], os.fork)
            failed = results[0][0]["status"] != "ok"
            last = index == len(self.inputs) - 1 or (failed and not self.request["all"]) or self._told_to_stop()
            self._send(results, last)
            if last:
                return

    def send_uncompilable(self, detail: str) -> None:
        """Say that the program does not compile."""
        wire.send(self.connection, wire.pack(wire.DONE, {"status": "CE", "detail": detail}))

    def _send(self, results: list[Result], last: bool) -> None:
        frames = [wire.pack(wire.TEST, header, payload) for header, payload in results]
        if last:
            frames.append(wire.pack(wire.DONE, {"status": "ok"}))
        wire.send(self.connection, b"".join(frames))

    def _told_to_stop(self) -> bool:
        poll = select.poll()
        poll.register(self.connection, select.POLLIN)
        return bool(poll.poll(0)) and bool(os.read(self.connection, len(wire.STOP_FRAME)))

    def _run_process(self, code: CodeType | None, inputs: list[memoryview], fork: Callable[[], int]) -> list[Result]:
        """Run tests in one process; return their results up to the first failure.

        Returns none when there were several and the end of the process belongs to no certain one.
        """
        report = os.memfd_create("report", os.MFD_ALLOW_SEALING)
        stdin = stdout = -1
        try:
            fcntl.fcntl(report, F_ADD_SEALS, SEALED_AGAINST_SHRINKING)
            if not self.calls:
                stdin, stdout = os.memfd_create("stdin"), os.memfd_create("stdout")
                wire.send(stdin, inputs[0])
                os.lseek(stdin, 0, os.SEEK_SET)
            started = time.perf_counter()
            pid = fork()
            if pid == 0:
                self._become_guest(code, inputs, stdin, stdout, report)
            ended = self._wait(pid, started)
            if code is not None or self.jail.own_pids is None:  # otherwise they ended with process 1 of the namespace
                kill_descendants()
            wipe(self.jail.scratch)
            return self._results(ended, len(inputs), stdout, report, apart=code is not None)
        finally:
            for descriptor in (report, stdin, stdout):
                if descriptor >= 0:
                    os.close(descriptor)

    def _become_guest(
        self, code: CodeType | None, inputs: list[memoryview], stdin: int, stdout: int, report: int
    ) -> NoReturn:
        try:
            arguments = [bytes(data) for data in inputs]
            guest.prepare_process(stdin, stdout, report)
            if code is None:
                limit_address_space(self.mapped_kb + self.limits["memory"])
            self.jail.enter_test(self.limits)
            os.write(guest.REPORT, STARTED)
            if code is None:
                code = guest.compile_or_report(bytes(self.source))
            program = guest.Guest(code, self.names, self.limits["lines"])
            gc.enable()
            if not self.calls:
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
        try:
            poll = select.poll()
            poll.register(pidfd, select.POLLIN)
            poll.register(self.connection, 0)  # hang-ups are always reported
            while not (events := poll.poll(1000 * min(POLL_SECONDS, max(0.0, deadline - time.perf_counter())))):
                if time.perf_counter() >= deadline:
                    killed = "wall"
                elif (resident_kb(pidfd) or 0) > ceiling:
                    killed = "memory"
                if killed:
                    break
            if killed or events[0][0] == self.connection:
                os.kill(pid, signal.SIGKILL)
        finally:
            os.close(pidfd)
        _, status, usage = os.wait4(pid, 0)
        if not killed and events[0][0] == self.connection:
            raise ConnectionAbortedError("the verifier is gone")
        return Ended(status, usage, time.perf_counter() - started, killed)

    def _results(self, ended: Ended, count: int, stdout: int, report: int, apart: bool) -> list[Result]:
        reported = os.fstat(report).st_size
        written = reported if self.calls else os.fstat(stdout).st_size
        if reported == 0:
            raise RuntimeError("a test process could not be set up")
        lines = os.pread(report, reported, len(STARTED)).split(b"\n")
        answers = [line for line in lines[:count] if line.startswith(ANSWERS)]
        note = read_note(lines[len(answers)]) if len(answers) < count else {}
        memory = max(0, ended.usage.ru_maxrss - self.baseline_kb)
        cost = {"cpu": ended.usage.ru_utime + ended.usage.ru_stime, "wall": ended.wall, "memory": memory}
        failure = self._failure(ended, cost, written, note)
        if failure is None and not self.calls:
            return [({**cost, "status": "ok"}, os.pread(stdout, written, 0))]
        results: list[Result] = [({**cost, "status": "ok"}, answer) for answer in answers]
        if failure is None and len(answers) == count:
            return results
        if not apart and not (failure and failure.reported):
            return []
        failure = failure or Failure("RE", "the program ended before it returned a value")
        return [*results[: count - 1], ({**cost, "status": failure.status, "detail": failure.detail}, b"")]

    def _failure(self, ended: Ended, cost: dict[str, Any], written: int, note: dict[str, Any]) -> Failure | None:
        """Return why a process failed, or None when it ended well. The order decides between several reasons."""
        limits = self.limits
        number = os.WTERMSIG(ended.status) if os.WIFSIGNALED(ended.status) else 0
        if ended.killed == "wall":
            return Failure("TLE", f"more than {limits['wall']:g} s of wall time")
        if ended.killed == "memory" or cost["memory"] > limits["memory"] or note.get("stop") == "memory":
            return Failure("MLE", f"more than {limits['memory'] / 1024:g} MiB")
        if cost["cpu"] > limits["cpu"] or number == signal.SIGXCPU:
            return Failure("TLE", f"more than {limits['cpu']:g} s of CPU time")
        if written > limits["output"] or number == signal.SIGXFSZ:
            return Failure("OLE", f"more than {limits['output'] / 2**20:g} MiB of output")
        if note.get("stop") == "compile":
            return Failure("CE", str(note.get("error")), reported=True)
        if note.get("stop") == "lines":
            return Failure("TLE", f"more than {limits['lines']} executed lines", reported=True)
        if number:
            return Failure("RE", f"killed by signal {number}")
        if note.get("error"):
            return Failure("RE", str(note["error"]), reported=True)
        if ended.status:
            return Failure("RE", f"exit status {os.waitstatus_to_exitcode(ended.status)}")
        return None


def read_note(line: bytes) -> dict[str, Any]:
    """Return the reason a program's process gave for its end; empty when it gave none that can be read."""
    try:
        note = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    return note if isinstance(note, dict) else {}
