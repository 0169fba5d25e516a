"""Runs a program on its tests, inside the process that is thrown away afterwards. Standard library only.

Nothing here is trusted once the program has started. What the process reports (a value, an exception, the reason of a
stop) goes to `REPORT`, a memory file, as one JSON line per test; a program that forges such a line can claim a value or
a failure, never a pass, because no expected output is in this process.
"""

from __future__ import annotations

import _thread
import atexit
import gc
import os
import sys
import time

from cppo.verifier import values

TYPING = False
if TYPING:  # the typing module would fill the worker's memory
    from collections.abc import Callable, Sequence
    from types import CodeType, FrameType, ModuleType
    from typing import Any, NoReturn

    Tracer = Callable[[FrameType, str, Any], Any]

PROGRAM_FILE = "solution.py"
"""The file name of the program in its code objects and tracebacks; executed lines are counted in this file only."""

REPORT = 3
RECURSION_LIMIT = 50_000
DETAIL_CHARACTERS = 300

COMPILE_ERRORS = (SyntaxError, ValueError, OverflowError, RecursionError, MemoryError)

SET_TRACE, START_THREAD = sys.settrace, _thread.start_new_thread  # the program finds others in their place
Module = type(sys)

PREAMBLE = """
from string import *
from re import *
from datetime import *
from collections import *
from heapq import *
from bisect import *
from copy import *
from math import *
from random import *
from statistics import *
from itertools import *
from functools import *
from operator import *
from io import *
from sys import *
from json import *
from typing import *
from builtins import *
import string, re, datetime, collections, heapq, bisect, copy, math, random, statistics
import itertools, functools, operator, io, sys, json, typing, builtins
"""
"""What LiveCodeBench puts in front of every program: the names, not the source, so that line numbers stay true."""


WARM_UP = (
    ("stdin", None, b"a, b = map(int, input().split())\nprint(a + b)\nprint(*[a, b])\n", b"1 2\n"),
    ("call", "f", b"def f(a, b):\n    return [a + b for _ in range(2)]\n", b"[1, 2]"),
)
"""Programs that a worker runs before the first real one: mode, entry point, source, input of a test."""


def line_counter(limit: int, exhausted: Callable[[], object]) -> Tracer:
    """Return a trace function that calls `exhausted` before line `limit + 1` of the program's own file is executed."""
    left = limit

    def count(_frame: FrameType, event: str, _argument: Any) -> Tracer:
        nonlocal left
        if event == "line":
            left -= 1
            if left < 0:
                exhausted()
        return count

    def enter(frame: FrameType, _event: str, _argument: Any) -> Tracer | None:
        return count if frame.f_code.co_filename == PROGRAM_FILE else None

    return enter


def trace_lines(limit: int, exhausted: Callable[[], object]) -> None:
    """Count the lines of this thread and of every thread started from here on.

    The program may call `sys.settrace`; it gets this counter back. What can still run without being counted: code that
    the program compiles itself, frames whose tracing it switches off, and a loop that is a single instruction (`while
    True: pass` on one line). The clock and the CPU limit remain for those.
    """
    tracer = line_counter(limit, exhausted)

    def keep_tracing(_function: object = None) -> None:
        SET_TRACE(tracer)

    def start_traced(function: Any, arguments: Any, keywords: Any = None) -> int:
        def run() -> None:
            SET_TRACE(tracer)
            function(*arguments, **(keywords or {}))

        return START_THREAD(run, ())

    sys.settrace = keep_tracing
    _thread.start_new_thread = start_traced
    if "threading" in sys.modules:
        sys.modules["threading"]._start_new_thread = start_traced  # type: ignore[attr-defined]
    SET_TRACE(tracer)


class Guest:
    """One program in its process. References to what it reports with are taken before the program runs."""

    def __init__(self, code: CodeType, namespace: dict[str, Any], lines: int | None) -> None:
        self._code = code
        self._namespace = namespace
        self._lines = lines
        self._write = os.write
        self._exit: Callable[[int], object] = os._exit
        self._callbacks, self._collect, self._references = atexit._run_exitfuncs, gc.collect, sys.getrefcount
        self._streams = sys.stdout, sys.stderr
        self._main: ModuleType
        self._clock, self._cpu = time.perf_counter, time.process_time

    def leave_by(self, leave: Callable[[int], object]) -> None:
        """Call `leave` with the exit status instead of ending the process."""
        self._exit = leave

    def report(self, line: bytes) -> None:
        """Append one line to the report, whole."""
        data = memoryview(line + b"\n")
        while data:
            data = data[self._write(REPORT, data) :]

    def stop(self, reason: str) -> NoReturn:
        """End the process at once with a reason that no handler of the program can catch."""
        self.report(b'{"stop": "%b"}' % reason.encode())
        self._exit(1)
        raise SystemExit  # not reached: _exit does not return

    def run_stdin(self) -> NoReturn:
        """Run the program as `__main__` and leave as the interpreter would."""
        gc.freeze()  # what is here already is not the program's: the search for its garbage stays short
        self._main = self._new_module("__main__")
        status = 0
        try:
            self._execute(self._main)
        except SystemExit as error:
            status = self._exit_status(error)
        except BaseException as error:  # noqa: BLE001 - the boundary to the program: whatever it raises is its result
            status = self._failed(error)
        try:
            if "threading" in sys.modules:
                sys.modules["threading"]._shutdown()
            self._callbacks()
            flush(getattr(sys, "stdout", None))
            flush(getattr(sys, "stderr", None))
            self._forget_main()
        except BaseException as error:  # noqa: BLE001 - exit callbacks are the program's code too
            status = status or self._failed(error)
        self._exit(status)
        raise SystemExit

    def _forget_main(self) -> None:
        """Free what the program holds, so that files write what they hold and finalizers run, which may print.

        As in the interpreter, `sys` has the original streams again by then, finalizers still find the names of their
        module, and a stream that fails from here on fails silently.
        """
        for name, original in (("stdin", "__stdin__"), ("stdout", "__stdout__"), ("stderr", "__stderr__")):
            stream = getattr(sys, original, None)
            if getattr(sys, name, None) is not stream:
                setattr(sys, name, stream)
        mark = object()
        vars(self._main)["__finished__"] = mark
        # Whoever outlives a search stands behind what leads to it in the next one, and is finalized after it: so a
        # file's text is written before its descriptor is closed.
        self._collect(0)
        del self._main
        sys.modules.pop("__main__", None)
        # A search of the young objects is much cheaper, and most programs have no others.
        self._collect(1 if gc.get_count()[2] == 0 and not gc.get_objects(2) else 2)
        if self._references(mark) > 2:  # the module's names live on, held by others: a signal's handler, a cache
            for names in gc.get_referrers(mark):
                if type(names) is dict:
                    names.clear()
            self._collect()
        for stream in (getattr(sys, "__stdout__", None), getattr(sys, "__stderr__", None), *self._streams):
            try:
                flush(stream)
            except BaseException:  # noqa: BLE001 - the stream may be an object of the program
                continue

    def run_calls(self, entry_point: str, arguments: Sequence[bytes]) -> NoReturn:
        """Call the entry point once for each encoded argument list, the module executed anew each time."""
        for encoded in arguments:
            wall, cpu = self._clock(), self._cpu()
            inputs = values.decode(encoded)
            gc.enable()
            try:
                module = self._new_module("solution")
                self._execute(module)
                value = self._find(module, entry_point)(*inputs)
            except SystemExit as error:
                self._exit_status(error)
                self.report(values.encode({"error": f"SystemExit: {error.code}"[:DETAIL_CHARACTERS]}))
                self._exit(1)
            except BaseException as error:  # noqa: BLE001 - the boundary to the program
                self._exit(self._failed(error))
            finally:
                SET_TRACE(None)
            self._answer(value, self._clock() - wall, self._cpu() - cpu)
        self._exit(0)
        raise SystemExit

    def _answer(self, value: Any, wall: float, cpu: float) -> None:
        try:
            answer = values.encode(value)
        except ValueError as error:
            self.report(values.encode({"bad": str(error)[:DETAIL_CHARACTERS], "wall": wall, "cpu": cpu}))
        except MemoryError:
            self.stop("memory")
        else:
            self.report(b'{"wall": %.6f, "cpu": %.6f, "value": %s}' % (wall, cpu, answer))

    def _new_module(self, name: str) -> ModuleType:
        module = Module(name)
        vars(module).update(self._namespace, __name__=name, __file__=PROGRAM_FILE, __builtins__=__builtins__)
        sys.modules[name] = module
        return module

    def _execute(self, module: ModuleType) -> None:
        sys.setrecursionlimit(RECURSION_LIMIT)
        if self._lines is not None:
            trace_lines(self._lines, lambda: self.stop("lines"))
        exec(self._code, vars(module))

    @staticmethod
    def _find(module: ModuleType, entry_point: str) -> Callable[..., Any]:
        solution = getattr(module, "Solution", None)
        if isinstance(solution, type) and hasattr(solution, entry_point):
            return getattr(solution(), entry_point)  # type: ignore[no-any-return]
        function = getattr(module, entry_point, None)
        if callable(function):
            return function  # type: ignore[no-any-return]
        raise NameError(f"the program defines neither a function {entry_point!r} nor a Solution.{entry_point}")

    @staticmethod
    def _exit_status(error: SystemExit) -> int:
        if error.code is None:
            return 0
        if isinstance(error.code, int):
            return error.code & 0xFF
        print(error.code, file=sys.stderr)
        return 1

    def _failed(self, error: BaseException) -> int:
        """Report an exception of the program; return the exit status 1."""
        SET_TRACE(None)
        if isinstance(error, MemoryError):
            self.stop("memory")
        line = None
        step = error.__traceback__
        while step is not None:
            if step.tb_frame.f_code.co_filename == PROGRAM_FILE:
                line = step.tb_lineno
            step = step.tb_next
        try:
            message = str(error)[:DETAIL_CHARACTERS]
        except BaseException:  # noqa: BLE001 - its __str__ is the program's code too
            message = "(its message cannot be shown)"
        where = "" if line is None else f" (line {line})"
        self.report(values.encode({"error": f"{type(error).__name__}: {message}{where}"}))
        return 1


def flush(stream: Any) -> None:
    """Flush a standard stream, unless there is none or it is closed."""
    if stream is None:
        return
    try:
        closed = bool(stream.closed)
    except BaseException:  # noqa: BLE001 - the stream may be an object of the program, without such an attribute
        closed = False
    if not closed:
        stream.flush()


def compile_program(source: bytes) -> CodeType:
    """Compile a program as Python compiles a file: a byte-order mark is ignored, text must be valid."""
    text = source.decode("utf-8", "surrogatepass").removeprefix("\ufeff")
    return compile(text, PROGRAM_FILE, "exec", dont_inherit=True)


def describe(error: BaseException) -> str:
    """Return type and message of an exception in one line of limited length."""
    return f"{type(error).__name__}: {error}"[:DETAIL_CHARACTERS]


def compile_or_report(source: bytes) -> CodeType:
    """Compile in a test process; when that fails, say so in the report and end the process."""
    try:
        return compile_program(source)
    except COMPILE_ERRORS as error:
        os.write(REPORT, values.encode({"stop": "compile", "error": describe(error)}) + b"\n")
        os._exit(1)


def warm_up(times: int, new_file: Callable[[], int]) -> None:
    """Run the programs of `WARM_UP` in this very process, which stays alive and has its standard streams as before.

    `new_file` returns the descriptor of an empty file.
    """

    class Left(Exception):
        pass

    def leave(_status: int) -> None:
        raise Left

    null, main_module = os.open(os.devnull, os.O_RDWR), sys.modules["__main__"]
    os.dup2(null, 1)
    for mode, entry_point, source, data in WARM_UP:
        code = compile_program(source)
        for _ in range(times):
            stdin = new_file()
            os.pwrite(stdin, data, 0)
            os.dup2(stdin, 0)
            os.close(stdin)
            program = Guest(code, {}, None)
            program.leave_by(leave)
            try:
                if mode == "stdin":
                    program.run_stdin()
                program.run_calls(str(entry_point), [data])
            except Left:
                sys.stdin.seek(0)
    os.dup2(null, 0)
    os.close(null)
    sys.modules.pop("solution")
    sys.modules["__main__"] = main_module
