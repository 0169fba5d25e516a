"""The process that stands between the verifier and the programs. Standard library only.

A worker starts once, loads what programs commonly import, seals itself (see `jail`) and then waits for programs. Each
program is a fork of it that compiles the program and forks again for every test (see `supervisor`). The worker itself
never compiles or runs anything of a program, so that it stays small and the same for every program.
"""

from __future__ import annotations

import _thread
import fcntl
import gc
import mmap
import os
import resource
import select
import sys
import time

from cppo.verifier import guest, wire
from cppo.verifier.building import enter_worker
from cppo.verifier.family import peak_kb, resident_kb
from cppo.verifier.jail import ORPHAN_SECONDS, THREAD_STACK_BYTES, Jail, Refused, limit_address_space
from cppo.verifier.lean_json import loads
from cppo.verifier.linux import (
    IS_LINUX,
    PR_SET_CHILD_SUBREAPER,
    PR_SET_DUMPABLE,
    PR_SET_NO_NEW_PRIVS,
    PR_SET_PDEATHSIG,
    SIGINT,
    SIGKILL,
    SIGXFSZ,
    anonymous_file,
    handle_by_default,
    prctl,
)
from cppo.verifier.supervisor import COMPILED, Supervisor
from cppo.verifier.watch import NAP_SECONDS

TYPING = False
if TYPING:  # the typing module would fill the worker's memory
    from typing import Any, NoReturn

LOADED_WHEN_NAMED = (
    *("array", "bisect", "cmath", "collections", "copy", "datetime", "decimal", "fractions", "functools", "heapq"),
    *("io", "itertools", "json", "math", "numpy", "operator", "queue", "random", "re", "sortedcontainers"),
    *("statistics", "string", "threading", "time", "typing"),
)
"""Imported by the worker when the first program that names them arrives, so that later ones find them: every page of
memory the worker holds makes each fork dearer, and an import in every test dearer still."""

STACK_BYTES = 512 << 20
CONNECTION = 20
"""Descriptor of the connection, out of the way of those that programs know by number."""

COMPILE_POLL_SECONDS = 0.05
CPU_CLOCK = 2
"""With a process's number, the clock of its processor time: see clock_getcpuclockid(3), which Python lacks."""
COMPILE_WAIT_SECONDS = 10.0
"""So long a compilation may wait for a processor before that counts as its own time. The verifier waits longer."""

WARM_UPS = 12
"""An interpreter adapts code in its first eight runs. What adapts before the forks need not adapt in each of them."""


class Worker:
    """The serving loop and what it keeps between programs."""

    def __init__(self, settings: dict[str, Any]) -> None:
        self.connection = CONNECTION
        os.umask(0)
        prctl(PR_SET_CHILD_SUBREAPER, 1)
        prctl(PR_SET_NO_NEW_PRIVS, 1)
        self.jail: Jail = enter_worker(settings)
        prctl(PR_SET_DUMPABLE, 0)  # not before: a user namespace is set up through files of this process
        self.parent = os.getppid()
        self.preamble: dict[str, Any] = {}
        self.shared = mmap.mmap(-1, 2)  # with the program's process and the test's: how far they have come
        os.environ.clear()
        os.environ["TMPDIR"] = self.jail.scratch
        # Too much output ends a program. And process 1 of a namespace is safe from signals that it does not handle.
        handle_by_default(SIGXFSZ, SIGINT)
        _thread.stack_size(THREAD_STACK_BYTES)
        self._warm_up()
        self._freeze()

    def serve(self) -> None:
        """Serve programs until the verifier closes the connection or is gone."""
        scratch = "" if self.jail.private_files else self.jail.scratch
        hello = {"python": sys.version.split()[0], "scratch": scratch, "report": self.jail.report}
        wire.send(self.connection, wire.pack(wire.HELLO, hello))
        buffer = bytearray()
        try:
            while (frame := self._next_frame(buffer)) is not None:
                if frame[0] == wire.RUN:
                    self._run(frame[1], frame[2])
        finally:
            self.jail.kill_all()
            if not self.jail.private_files:
                os.rmdir(self.jail.scratch)

    def _warm_up(self) -> None:
        """Run a small program of either mode here, all but the fork's own kill, so that the code has adapted."""
        for mode, entry_point, source, data in guest.WARM_UP:
            blobs = [memoryview(source), *[memoryview(data)] * WARM_UPS]
            limits = {"cpu": 60.0, "wall": 60.0, "memory": 1 << 20, "output": 1 << 20, "lines": None}
            request = {"mode": mode, "entry_point": entry_point, "limits": limits, "all": True}
            ours, theirs = os.pipe()  # holds all that is said
            supervisor = Supervisor(self.jail, theirs, request, blobs, self.shared)
            supervisor.end_test = lambda group: 0
            supervisor.run(guest.compile_program(source))
            os.close(theirs)
            os.close(ours)
        guest.warm_up(WARM_UPS, lambda: anonymous_file(self.jail.streams))

    def _next_frame(self, buffer: bytearray) -> tuple[int, dict[str, Any], bytes] | None:
        poll = select.poll()
        poll.register(self.connection, select.POLLIN)
        while (frame := wire.unpack(buffer)) is None:
            while not poll.poll(1000 * ORPHAN_SECONDS):
                if os.getppid() != self.parent:  # a process that the verifier forked may hold the connection open
                    return None
            chunk = os.read(self.connection, 1 << 20)
            if not chunk:
                return None
            buffer += chunk
        return frame

    def _freeze(self) -> None:
        gc.collect()
        gc.freeze()
        gc.disable()

    def _prepare_for(self, request: dict[str, Any], source: bytes) -> None:
        for name in LOADED_WHEN_NAMED:
            if name not in sys.modules and name.encode() in source:
                try:
                    __import__(name)
                except ImportError:
                    continue  # the program will meet the same error
                self._freeze()
        if request["preamble"] and not self.preamble:
            exec(guest.PREAMBLE, self.preamble)
            self._freeze()

    def _run(self, request: dict[str, Any], payload: bytes) -> None:
        view, blobs = memoryview(payload), []
        for size in request["sizes"]:
            blobs.append(view[:size])
            view = view[size:]
        if request.get("recount"):
            self.jail.recount_processes()
        self._prepare_for(request, bytes(blobs[0]))
        supervisor = Supervisor(self.jail, self.connection, request, blobs, self.shared)
        supervisor.names = self.preamble if request["preamble"] else {}
        together = request["mode"] == "call" and not request["isolate"]
        if not (together and supervisor.run_together()):
            self._run_apart(supervisor, request["limits"]["compile"])

    def _run_apart(self, supervisor: Supervisor, compile_seconds: float) -> None:
        """Run a program under a supervisor of its own, which forks a process for each test."""
        self.shared[COMPILED] = 0
        pid = self.jail.fork_program()
        if pid == 0:
            self._become_supervisor(supervisor)
        died = self._watch(pid, compile_seconds, supervisor.compile_limit_kb)
        if self.jail.own_pids is None:  # otherwise they ended with process 1 of the namespace
            self.jail.kill_all()
        if died and not self.shared[COMPILED]:
            wire.send(self.connection, wire.pack(wire.DONE, {"status": "CE", "detail": died}))
        elif died:  # what was sent last may be half a frame: only a new connection is safe
            raise RuntimeError(died)

    def _become_supervisor(self, supervisor: Supervisor) -> NoReturn:
        try:
            if self.jail.own_pids is None:  # otherwise it is process 1: orphans are its own, and the poll sees the end
                prctl(PR_SET_PDEATHSIG, SIGKILL)
                prctl(PR_SET_CHILD_SUBREAPER, 1)
                self.jail.confine_signals()
            else:
                os.setsid()  # a program may signal its whole process group
            limit_address_space(supervisor.mapped_kb + supervisor.limits["memory"])
            code, problem = None, ""
            try:
                code = guest.compile_program(bytes(supervisor.source))
            except guest.COMPILE_ERRORS as error:
                problem = guest.describe(error)
            if code is not None and peak_kb(resource.getrusage(resource.RUSAGE_SELF)) > supervisor.compile_limit_kb:
                code, problem = None, too_much_to_compile(supervisor.compile_limit_kb)  # between two looks
            self.shared[COMPILED] = 1  # the worker says nothing from here on, however long this process takes to end
            if code is None:
                supervisor.send_uncompilable(problem)
            else:
                supervisor.run(code)
            os._exit(0)
        except BaseException:  # noqa: BLE001 - the boundary of this process: its last words go to the worker's standard error
            sys.excepthook(*sys.exc_info())
        finally:
            os._exit(1)

    def _watch(self, pid: int, compile_seconds: float, memory_kb: int) -> str:
        """Wait for a program's process and return how it died, or an empty string. It may compile for so long, by its
        processor time, and take so much resident memory.

        Raises `ConnectionAbortedError`, the process killed, when the verifier is gone.
        """
        started = time.monotonic()
        poll = select.poll()
        poll.register(self.connection, 0)  # hang-ups are always reported
        pidfd = os.pidfd_open(pid) if IS_LINUX else -1
        if IS_LINUX:
            poll.register(pidfd, select.POLLIN)
        reason = ""
        try:
            while True:
                pause = NAP_SECONDS if not IS_LINUX else 1.0 if self.shared[COMPILED] else COMPILE_POLL_SECONDS
                events = dict(poll.poll(1000 * pause))
                ended, status = os.waitpid(pid, os.WNOHANG) if pidfd in events or not IS_LINUX else (0, 0)
                if ended:
                    break
                if self.connection in events:
                    os.kill(pid, SIGKILL)
                    raise ConnectionAbortedError("the verifier is gone")
                if not self.shared[COMPILED] and _compiles_too_long(pid, time.monotonic() - started, compile_seconds):
                    reason = f"more than {compile_seconds:g} s to compile"
                    os.kill(pid, SIGKILL)
                elif not self.shared[COMPILED] and resident_kb(pidfd) > memory_kb:
                    reason = too_much_to_compile(memory_kb)
                    os.kill(pid, SIGKILL)
        finally:
            if pidfd >= 0:
                os.close(pidfd)
        if not status:
            return ""  # it had sent everything, even where it was about to be killed
        return reason or f"the process of the program ended with status {os.waitstatus_to_exitcode(status)}"


def _compiles_too_long(pid: int, elapsed: float, limit: float) -> bool:
    """Return whether a child that began to compile `elapsed` seconds ago has had `limit` seconds of a processor.

    By its processor clock, which needs no /proc: that shows an ordinary user nothing of a process like this.
    """
    if elapsed <= limit:
        return False
    try:
        taken = time.clock_gettime(~pid << 3 | CPU_CLOCK) if IS_LINUX else elapsed
    except OSError:
        return False  # it has ended
    return taken > limit or elapsed > limit + COMPILE_WAIT_SECONDS


def too_much_to_compile(limit_kb: int) -> str:
    """Return why a program whose compilation took more resident memory than `limit_kb` is not run."""
    return f"more than {limit_kb // 1024} MiB to compile"


def main(arguments: str) -> None:
    """Serve on the socket `arguments["connection"]` (JSON; the rest is for `enter_worker`)."""
    settings = loads(arguments)
    descriptor = settings["connection"]
    soft, hard = resource.getrlimit(resource.RLIMIT_STACK)
    wanted = STACK_BYTES if hard == resource.RLIM_INFINITY else min(hard, STACK_BYTES)
    if soft != wanted:  # the place of the stack in memory is chosen at exec: start again with room below it
        resource.setrlimit(resource.RLIMIT_STACK, (wanted, hard))
        os.set_inheritable(descriptor, True)
        os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])
    if descriptor != CONNECTION:
        os.dup2(descriptor, CONNECTION)
    os.set_inheritable(CONNECTION, False)
    null = os.open(os.devnull, os.O_RDWR)
    fcntl.fcntl(null, fcntl.F_DUPFD, guest.REPORT)  # taken, so that no other file gets the report's number
    os.closerange(guest.REPORT + 1, CONNECTION)
    sys.argv = [guest.PROGRAM_FILE]
    sys.dont_write_bytecode = True  # from here on; the worker's own modules may be kept compiled
    try:
        worker = Worker(settings)
    except Refused as refusal:
        wire.send(CONNECTION, wire.pack(wire.HELLO, {"refused": str(refusal)}))
        return
    for name in [name for name in sys.modules if name.partition(".")[0] == "cppo"]:
        del sys.modules[name]
    try:
        worker.serve()
    except ConnectionError:
        return  # the verifier is gone
