"""Runs one program: compiles it once, forks a process for each test, and says how each ended. Standard library only.

It is the parent of every test process and, where permitted, process 1 of a pid namespace, so that nothing a test leaves
behind outlives it. It never runs code of the program.
"""

from __future__ import annotations

import gc
import json
import os
import select
import signal
import time

from cppo.verifier import guest, wire
from cppo.verifier.jail import OPEN_FILES, Jail, limit_address_space
from cppo.verifier.linux import IS_LINUX, PAGE_KB, SELF, anonymous_file, fork, memory_pages
from cppo.verifier.watch import Ended, Watch

TYPING = False
if TYPING:  # the typing module would fill the worker's memory
    import mmap
    from collections.abc import Callable
    from types import CodeType
    from typing import Any, NoReturn

    Result = tuple[dict[str, Any], bytes]

ANSWERS = (b'{"wall": ', b'{"bad": ')
COMPILED, STARTED = 0, 1
"""Places in the memory shared with the program's process and with each test's until the program's code starts."""

EXCERPT_BYTES = 400
FLUSH_SECONDS = 0.004
"""Results that come faster than this travel together, but for the first, which is often a failure."""

SCRATCH_FULL = "more than 256 MiB of files"


class Failure:
    """Why a test failed. `reported`: the program's own process said so, so that it belongs to one certain test.

    `clock`: it ran out of processor or wall time.
    """

    def __init__(self, status: str, detail: str, reported: bool = False, clock: bool = False) -> None:
        self.status = status
        self.detail = detail
        self.reported = reported
        self.clock = clock


class Supervisor:
    """One program, its tests and the connection on which results are sent as they come.

    `blobs` holds the source and the input of each test; `shared` is memory that the worker watches too.
    """

    def __init__(
        self, jail: Jail, connection: int, request: dict[str, Any], blobs: list[memoryview], shared: mmap.mmap
    ) -> None:
        self.jail = jail
        self.connection = connection
        self.request = request
        self.limits: dict[str, Any] = request["limits"]
        self.calls = request["mode"] == "call"
        self.source, self.inputs = blobs[0], blobs[1:]
        self.shared = shared
        self.names: dict[str, Any] = {}
        self.end_test = jail.end_test
        self.mapped_kb, self.baseline_kb = (pages * PAGE_KB for pages in memory_pages(SELF)) if IS_LINUX else (0, 0)
        self._unsent: list[bytes] = []
        self._sent_at = 0.0
        self._poll = select.poll()
        self._poll.register(connection, select.POLLIN)

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
        for result in results:
            self._collect(result)
        self._flush(last=True)
        return True

    def run(self, code: CodeType) -> None:
        """Run each test in its own process until one fails (unless all are asked for) or STOP arrives."""
        if IS_LINUX:
            self.baseline_kb = memory_pages(SELF)[1] * PAGE_KB
        last = len(self.inputs) - 1
        for index, data in enumerate(self.inputs):
            results = self._run_process(code, [data], fork)
            self._collect(results[0])
            failed = results[0][0]["status"] != "ok"
            if index == last or (failed and not self.request["all"]):
                self._flush(last=True)
                return
            if failed or time.perf_counter() > self._sent_at + FLUSH_SECONDS:
                self._flush(last=False)
            if self._told_to_stop():
                self._flush(last=True)
                return

    def send_uncompilable(self, detail: str) -> None:
        """Say that the program does not compile."""
        wire.send(self.connection, wire.pack(wire.DONE, {"status": "CE", "detail": detail}))

    def _collect(self, result: Result) -> None:
        self._unsent.append(wire.pack(wire.TEST, *result))

    def _flush(self, last: bool) -> None:
        if last:
            self._unsent.append(wire.pack(wire.DONE, {"status": "ok"}))
        wire.send(self.connection, b"".join(self._unsent))
        self._unsent.clear()
        self._sent_at = time.perf_counter()

    def _told_to_stop(self) -> bool:
        return bool(self._poll.poll(0)) and bool(os.read(self.connection, len(wire.STOP_FRAME)))

    def _run_process(self, code: CodeType | None, inputs: list[memoryview], fork: Callable[[], int]) -> list[Result]:
        """Run tests in one process; return their results up to the first failure.

        Returns none when there were several and the end of the process belongs to no certain one.
        """
        files = [anonymous_file(self.jail.streams) for _ in range(3 if self.calls else 4)]
        report, stdout, stderr = files[:3]
        try:
            if not self.calls:
                wire.send(files[3], inputs[0])
                os.lseek(files[3], 0, os.SEEK_SET)
            self.shared[STARTED] = 0
            started = time.perf_counter()
            pid = fork()
            if pid == 0:
                self._become_guest(code, inputs, files)
            disk = None if self.jail.private_files else self.jail.scratch
            watch = Watch(self.connection, self.limits, self.limits["memory"] + self.baseline_kb, disk)
            ended = watch.wait(pid, started)
            self.end_test(pid)
            return self._results(ended, len(inputs), (report, stdout, stderr), apart=code is not None)
        finally:
            for descriptor in files:
                os.close(descriptor)

    def _become_guest(self, code: CodeType | None, inputs: list[memoryview], files: list[int]) -> NoReturn:
        """Turn the fresh child into the process of a test: its streams, its limits, then the program."""
        try:
            arguments = [bytes(data) for data in inputs]
            if not self.calls:
                os.dup2(files[3], 0)
            os.dup2(files[1], 1)
            os.dup2(files[2], 2)
            os.dup2(files[0], guest.REPORT)
            limits = self.limits
            if code is None:
                limit_address_space(self.mapped_kb + limits["memory"])
            self.jail.enter_test(limits["cpu"], limits["output"], own_group=code is None or self.jail.own_pids is None)
            os.closerange(guest.REPORT + 1, OPEN_FILES)
            self.shared[STARTED] = 1
            self.shared.close()
            if code is None:
                code = guest.compile_or_report(bytes(self.source))
            program = guest.Guest(code, self.names, limits["lines"])
            gc.enable()
            if not self.calls:
                program.run_stdin()
            program.run_calls(self.request["entry_point"], arguments)
        finally:
            os._exit(1)

    def _results(self, ended: Ended, count: int, files: tuple[int, int, int], apart: bool) -> list[Result]:
        if not self.shared[STARTED]:
            raise RuntimeError("a test process could not be set up")
        report, stdout, stderr = files
        reported, written, errors = (os.fstat(descriptor).st_size for descriptor in files)
        answers: list[bytes] = []
        note: dict[str, Any] = {}
        if reported:
            lines = os.pread(report, reported, 0).split(b"\n")
            answers = [line for line in lines[:count] if line.startswith(ANSWERS)]
            note = read_note(lines[len(answers)]) if len(answers) < count else {}
        memory = max(0, ended.usage.ru_maxrss - self.baseline_kb, ended.family_kb - self.baseline_kb)
        cost: dict[str, Any] = {"cpu": ended.cpu, "wall": ended.wall, "memory": memory}
        cost["exit"] = os.waitstatus_to_exitcode(ended.status)
        if ended.waited:
            cost["waited"] = ended.waited
        if errors:
            cost["stderr"] = os.pread(stderr, EXCERPT_BYTES, 0).decode("utf-8", "replace")
        if self.calls and written:
            cost["stdout"] = os.pread(stdout, EXCERPT_BYTES, 0).decode("utf-8", "replace")
        failure = self._failure(ended, cost, max(reported if self.calls else 0, written, errors), note)
        if failure is None and not self.calls:
            return [({**cost, "status": "ok"}, os.pread(stdout, written, 0))]
        results: list[Result] = [({**cost, "status": "ok"}, answer) for answer in answers]
        if failure is None and len(answers) == count:
            return results
        if not apart and not (failure and failure.reported):
            return []
        failure = failure or Failure("RE", "the program ended before it returned a value")
        if failure.clock:
            cost["clock"] = True
        return [*results[: count - 1], ({**cost, "status": failure.status, "detail": failure.detail}, b"")]

    def _failure(self, ended: Ended, cost: dict[str, Any], written: int, note: dict[str, Any]) -> Failure | None:
        """Return why a process failed, or None when it ended well. The order decides between several reasons."""
        limits, killed = self.limits, ended.killed
        number = os.WTERMSIG(ended.status) if os.WIFSIGNALED(ended.status) else 0
        if killed == "wall":
            return Failure("TLE", f"more than {limits['wall']:g} s of wall time", clock=True)
        if killed == "memory" or cost["memory"] > limits["memory"] or note.get("stop") == "memory":
            return Failure("MLE", f"more than {limits['memory'] / 1024:g} MiB")
        if killed == "cpu" or cost["cpu"] > limits["cpu"] or number == signal.SIGXCPU:
            return Failure("TLE", f"more than {limits['cpu']:g} s of CPU time", clock=True)
        if written > limits["output"] or number == signal.SIGXFSZ:
            return Failure("OLE", f"more than {limits['output'] / 2**20:g} MiB of output")
        if killed == "disk":
            return Failure("OLE", SCRATCH_FULL)
        if killed == "processes":
            return Failure("RE", "too many processes")
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
