"""A program ends as the interpreter ends: threads, exit callbacks, streams, open files, finalizers. Then it is judged.

What the programs do when run by the interpreter itself, their output on a pipe, is what `test_as_in_the_interpreter`
compares with.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from cppo.problems import Limits, Problem, TestCase
from cppo.verifier import ProgramVerdict, Verdict, Verifier

LIMITS = Limits(cpu_seconds=2, wall_seconds=4, memory_mb=64, output_mb=1)
ANSWER = Problem("answer", "", [TestCase("", "42\n")], checker="exact", limits=LIMITS)

RIGHT = {
    "text printed by an exit callback": "import atexit, io, sys\nsys.stdout = text = io.StringIO()\n"
    "atexit.register(lambda: sys.__stdout__.write(text.getvalue()))\nprint(42)",
    "standard output replaced by the error stream": "import sys\nprint(42)\nsys.stdout = sys.stderr",
    "standard output replaced by nothing": "import sys\nprint(42)\nsys.stdout = None",
    "standard output replaced by a file": "import os, sys\nprint(42)\nsys.stdout = open(os.devnull, 'w')\nprint(1)",
    "standard output closed": "import sys\nprint(42)\nsys.stdout.close()",
    "standard output deleted": "import sys\nprint(42)\ndel sys.stdout, sys.__stdout__",
    "both names replaced": "import sys\nout = sys.stdout\nsys.stdout = sys.__stdout__ = sys.stderr\nout.write('42\\n')",
    "standard output as a context": "import sys\nwith open(1, 'w') as sys.stdout:\n    print(42)",
    "error stream closed": "import sys\nsys.stderr.close()\nprint(42)",
    "error stream replaced by nothing": "import sys\nsys.stderr = None\nprint(42)",
    "a stream of its own": "import io, os, sys\nclass Out(io.StringIO):\n    def flush(self):\n"
    "        os.write(1, self.getvalue().encode())\n        self.truncate(self.seek(0))\nsys.stdout = Out()\nprint(42)",
    "a stream that says that it is closed": "import sys\nprint(42)\nclass Out:\n    closed = True\nsys.stdout = Out()",
    "file of a module": "out = open(1, 'w', closefd=False)\nout.write('42\\n')",
    "file of a class": "class IO:\n    out = open(1, 'w', closefd=False)\nIO.out.write('42\\n')",
    "file in a cycle": "class IO:\n    def __init__(self):\n        self.out = open(1, 'w', closefd=False)\n"
    "        self.io = self\nio = IO()\nio.out.write('42\\n')",
    "file in an old cycle": "import gc\nclass IO:\n    out = open(1, 'w', closefd=False)\nIO.out.write('42\\n')\n"
    "IO.more = [[] for _ in range(100_000)]\ngc.collect()",
    "file of a suspended generator": "def writer():\n    with open(1, 'w', closefd=False) as out:\n"
    "        while True:\n            out.write((yield))\nw = writer()\nnext(w)\nw.send('42\\n')",
    "file whose module a signal's handler holds": "import signal\nout = open(1, 'w', closefd=False)\n"
    "signal.signal(signal.SIGALRM, lambda *_: out)\nout.write('42\\n')",
    "finalizer": "class Last:\n    def __del__(self):\n        print(42)\nlast = Last()",
    "finalizer in a cycle": "class Last:\n    def __del__(self):\n        print(42)\nlast = Last()\nlast.me = last",
    "finalizer that uses its module": "import sys\nclass Last:\n    def __del__(self):\n        say(NUMBER)\n"
    "def say(number):\n    sys.stdout.write(f'{number}\\n')\nNUMBER = 42\nlast = Last()",
    "finalizer after standard output was replaced": "import io, sys\nclass Last:\n    def __del__(self):\n"
    "        print(42)\nlast = Last()\nsys.stdout = io.StringIO()\nprint(1)",
    "finalizer after exit": "class Last:\n    def __del__(self):\n        print(42)\nlast = Last()\nexit(0)",
    "finalizer that fails": "class Last:\n    def __del__(self):\n        1 / 0\nlast = Last()\nprint(42)",
    "exit callback that fails": "import atexit\natexit.register(lambda: 1 / 0)\nprint(42)",
    "exit callback that exits": "import atexit, sys\natexit.register(sys.exit, 3)\nprint(42)",
    "weak reference's callback": "import weakref\nclass Thing:\n    pass\nthing = Thing()\n"
    "weakref.finalize(thing, print, 42)",
    "thread that goes on": "import threading, time\n"
    "threading.Thread(target=lambda: (time.sleep(0.05), print(42))).start()",
}

WRONG = {
    "stream that cannot be flushed": ("import os\nprint(42)\nos.close(1)", Verdict.RE, "OSError: "),
    "replaced stream that cannot be flushed": (
        "import os, sys\nprint(42)\nsys.stdout = None\nos.close(1)",
        Verdict.WA,
        "",
    ),
    "stream without a flush": (
        "import sys\nclass Out:\n    def write(self, text):\n        sys.__stdout__.write(text)\n"
        "sys.stdout = Out()\nprint(42)",
        Verdict.RE,
        "AttributeError: ",
    ),
    "flush that exits": (
        "import sys\nprint(42)\nclass Out:\n    def flush(self):\n        sys.exit(0)\nsys.stdout = Out()",
        Verdict.RE,
        "SystemExit: 0",
    ),
    "finalizer after an exception": (
        "class Last:\n    def __del__(self):\n        print(42)\nlast = Last()\n1 / 0",
        Verdict.RE,
        "ZeroDivisionError",
    ),
    "finalizer after a failed exit": (
        "class Last:\n    def __del__(self):\n        print(42)\nlast = Last()\nexit(3)",
        Verdict.RE,
        "exit status 3",
    ),
}


@pytest.fixture(scope="module")
def verifier() -> Iterator[Verifier]:
    with Verifier() as shared:
        yield shared


def verdict_of(verifier: Verifier, program: str, problem: Problem = ANSWER) -> ProgramVerdict:
    return verifier.verify([(problem, program)])[0]


@pytest.mark.parametrize("name", RIGHT)
def test_what_is_written_at_the_end_counts(verifier: Verifier, name: str) -> None:
    got = verdict_of(verifier, RIGHT[name])
    assert got.passed, got


@pytest.mark.parametrize("name", WRONG)
def test_what_goes_wrong_at_the_end_counts(verifier: Verifier, name: str) -> None:
    program, verdict, words = WRONG[name]
    got = verdict_of(verifier, program)
    assert got.verdict is verdict, got
    assert words in got.detail


@pytest.mark.parametrize("name", [*RIGHT, *WRONG])
def test_as_in_the_interpreter(tmp_path: Path, name: str) -> None:
    program = RIGHT[name] if name in RIGHT else WRONG[name][0]
    (tmp_path / "solution.py").write_text(program, encoding="utf-8")
    plain = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    ended = subprocess.run(
        [sys.executable, tmp_path / "solution.py"], capture_output=True, stdin=subprocess.DEVNULL, env=plain, timeout=60
    )
    assert ((ended.stdout, ended.returncode) == (b"42\n", 0)) is (name in RIGHT), ended


def test_lines_are_counted_to_the_very_end(verifier: Verifier) -> None:
    program = (
        "class Last:\n    def __del__(self):\n        n = 0\n        while n < 999:\n            n += 1\n"
        "last = Last()\nprint(42)"
    )
    few = Problem("few", "", [TestCase("", "42\n")], limits=Limits(lines=100, cpu_seconds=2, wall_seconds=4))
    many = Problem("many", "", [TestCase("", "42\n")], limits=Limits(lines=9999, cpu_seconds=2, wall_seconds=4))
    assert verdict_of(verifier, program, few).detail == "test 0: more than 100 executed lines"
    assert verdict_of(verifier, program, many).passed
