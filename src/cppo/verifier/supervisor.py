"""Runs one program: compiles it once, forks a process for each test, and says how each ended. Standard library only.

It is the parent of every test process and, where permitted, process 1 of a pid namespace, so that nothing a test leaves
behind outlives it. It never runs code of the program.
"""

from __future__ import annotations

import gc
import os
import select
import time

from cppo.verifier import guest, wire
from cppo.verifier.failures import Failure, read_note, why_failed
from cppo.verifier.family import PAGE_KB, SELF, children_cpu, memory_pages
from cppo.verifier.jail import OPEN_FILES, Jail, limit_address_space
from cppo.verifier.linux import IS_LINUX, anonymous_file, fork
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
"""Places in the memory shared with the program's process and with each test's until the program's code starts.

COMPILED: the compilation is over, well or not, and the program's process alone says what came of it."""

COMPILE_KB = 256 << 10
"""Resident memory for compiling, beyond what the program may take: syntax trees are larger than what they become."""

EXCERPT_BYTES = 400
FLUSH_SECONDS = 0.004
"""Results that come faster than this travel together, but for the first, which is often a failure."""


class Test:
    """The process of a test (or of several, if not `alone`) and its files, none of which has a name."""

    def __init__(self, jail: Jail, inputs: list[memoryview], alone: bool) -> None:
        self.count = len(inputs)
        self.alone = alone
        self.pid = 0
        self.started = 0.0
        self.stdin: int | None = None
        self.streams = jail.streams
        self.report, self.stdout, self.stderr = (anonymous_file(self.streams) for _ in range(3))

    def feed(self, data: memoryview) -> None:
        """Put standard input together, to be read from its beginning."""
        self.stdin = anonymous_file(self.streams)
        wire.send(self.stdin, data)
        os.lseek(self.stdin, 0, os.SEEK_SET)

    def close(self) -> None:
        """Close the files, which frees them."""
        for descriptor in (self.report, self.stdout, self.stderr):
            os.close(descriptor)
        if self.stdin is not None:
            os.close(self.stdin)


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
        self.compile_limit_kb = self.baseline_kb + self.limits["memory"] + COMPILE_KB
        self._unsent: list[bytes] = []
        self._sent_at = 0.0
        self._reaped_cpu = children_cpu()
        self._poll = select.poll()
        self._poll.register(connection, select.POLLIN)

    def run_together(self) -> bool:
        """Compile the program and call it for all tests in one process, forked from the worker.

        Returns False, with nothing sent, when the process ended in a way that belongs to no certain test, or before the
        last test although all are asked for: then each test needs its own process.
        """
        test = self._start(None, self.inputs, self.jail.fork_program)
        results = self._results(test, self._finish(test))
        if not results:
            return False
        status, detail = results[-1][0]["status"], results[-1][0].get("detail", "")
        if status == "CE":
            self.send_uncompilable(detail)
            return True
        if self.request["all"] and len(results) < len(self.inputs):
            return False
        self._unsent += [wire.pack(wire.TEST, *result) for result in results]
        self._flush(last=True)
        return True

    def run(self, code: CodeType) -> None:
        """Run each test in its own process until one fails (unless all are asked for) or STOP arrives.

        The next test starts before the results of a test that ended well are put together, and is given up when they
        turn out bad after all.
        """
        if IS_LINUX:
            self.baseline_kb = memory_pages(SELF)[1] * PAGE_KB
        goes_on, last = bool(self.request["all"]), len(self.inputs) - 1
        test = self._start(code, [self.inputs[0]], fork)
        for index in range(last + 1):
            ended = self._finish(test)
            ahead = None
            if index < last and ((not ended.status and not ended.killed) or goes_on) and not self._told_to_stop():
                ahead = self._start(code, [self.inputs[index + 1]], fork)
            result = self._results(test, ended)[0]
            self._unsent.append(wire.pack(wire.TEST, *result))
            failed = result[0]["status"] != "ok"
            if ahead is None or (failed and not goes_on):
                if ahead is not None:
                    self.end_test(ahead.pid)
                    ahead.close()
                self._flush(last=True)
                return
            if failed or time.perf_counter() > self._sent_at + FLUSH_SECONDS:
                self._flush(last=False)
            test = ahead

    def send_uncompilable(self, detail: str) -> None:
        """Say that the program does not compile."""
        wire.send(self.connection, wire.pack(wire.DONE, {"status": "CE", "detail": detail}))

    def _flush(self, last: bool) -> None:
        if last:
            self._unsent.append(wire.pack(wire.DONE, {"status": "ok"}))
        wire.send(self.connection, b"".join(self._unsent))
        self._unsent.clear()
        self._sent_at = time.perf_counter()

    def _told_to_stop(self) -> bool:
        return bool(self._poll.poll(0)) and bool(os.read(self.connection, len(wire.STOP_FRAME)))

    def _start(self, code: CodeType | None, inputs: list[memoryview], fork: Callable[[], int]) -> Test:
        """Fork a process for some tests: one, or all if `code` is None, in which case it compiles the program too."""
        test = Test(self.jail, inputs, alone=code is not None)
        try:
            if not self.calls:
                test.feed(inputs[0])
            self.shared[STARTED] = 0
            test.started = time.perf_counter()
            test.pid = fork()
            if test.pid == 0:
                self._become_guest(code, inputs, test)
        except BaseException:
            test.close()
            raise
        return test

    def _finish(self, test: Test) -> Ended:
        """Wait for the end of a test's process and clear away what it leaves."""
        disk = None if self.jail.private_files else self.jail.scratch
        watch = Watch(self.connection, self.limits, self.limits["memory"] + self.baseline_kb, disk)
        ended = watch.wait(test.pid, test.started)
        left_kb = self.end_test(test.pid)
        reaped, self._reaped_cpu = self._reaped_cpu, children_cpu()
        ended.cpu = max(ended.cpu, self._reaped_cpu - reaped)  # what outlived its parent counts too
        ended.peak_kb = max(ended.peak_kb, left_kb)
        if not self.shared[STARTED]:
            raise RuntimeError("a test process could not be set up")
        return ended

    def _become_guest(self, code: CodeType | None, inputs: list[memoryview], test: Test) -> NoReturn:
        """Turn the fresh child into the process of a test: its streams, its limits, then the program."""
        try:
            arguments = [bytes(data) for data in inputs] if self.calls else []
            if test.stdin is not None:
                os.dup2(test.stdin, 0)
            os.dup2(test.stdout, 1)
            os.dup2(test.stderr, 2)
            os.dup2(test.report, guest.REPORT)
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

    def _results(self, test: Test, ended: Ended) -> list[Result]:
        """Return the results of a process's tests up to the first failure, and close its files.

        Returns none when there were several and the end of the process belongs to no certain one.
        """
        try:
            return self._read_results(test, ended)
        finally:
            test.close()

    def _read_results(self, test: Test, ended: Ended) -> list[Result]:
        count = test.count
        reported, written, errors = (os.fstat(file).st_size for file in (test.report, test.stdout, test.stderr))
        answers: list[bytes] = []
        note: dict[str, Any] = {}
        if reported:
            lines = os.pread(test.report, reported, 0).split(b"\n", count + 1)[:-1]  # whole lines, no more than needed
            answers = [line for line in lines[:count] if line.startswith(ANSWERS)]
            note = read_note(lines[len(answers)]) if len(answers) < min(count, len(lines)) else {}
        memory = max(0, ended.peak_kb - self.baseline_kb, ended.family_kb - self.baseline_kb)
        cost: dict[str, Any] = {"cpu": ended.cpu, "wall": ended.wall, "memory": memory}
        cost["exit"] = os.waitstatus_to_exitcode(ended.status)
        if ended.waited:
            cost["waited"] = ended.waited
        if errors:
            cost["stderr"] = os.pread(test.stderr, EXCERPT_BYTES, 0).decode("utf-8", "replace")
        failure = why_failed(
            ended, cost, max(reported if self.calls else 0, written, errors), note, self.limits, self.jail.shares_user
        )
        if written and (self.calls or failure is not None):
            cost["stdout"] = os.pread(test.stdout, EXCERPT_BYTES, 0).decode("utf-8", "replace")
        if failure is None and not self.calls:
            return [({"status": "ok", **cost}, os.pread(test.stdout, written, 0) if written else b"")]
        results: list[Result] = [({"status": "ok", **cost}, answer) for answer in answers]
        if failure is None and len(answers) == count:
            return results
        if not test.alone and not (failure and failure.reported):
            return []
        failure = failure or Failure("RE", "the program ended before it returned a value")
        if failure.clock:
            cost["clock"] = True
        if failure.refused:
            cost["refused"] = True
        return [*results[: count - 1], ({**cost, "status": failure.status, "detail": failure.detail}, b"")]
