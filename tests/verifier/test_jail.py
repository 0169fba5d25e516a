"""What programs may do in every tier of the jail, what each tier says of itself, the verdict of each kind of excess.

That the jail holds is shown by the programs of `attacks/`.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest
from attack_host import Host
from attack_programs import JAILS
from attack_runner import config_for

from cppo.errors import VerifierError
from cppo.problems import Limits, Problem, TestCase
from cppo.verifier import ProgramVerdict, Verdict, Verifier

LIMITS = Limits(cpu_seconds=1, wall_seconds=2, memory_mb=64, output_mb=1)


@pytest.fixture(scope="module", params=JAILS)
def jail(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def verifier(jail: str) -> Iterator[Verifier]:
    with Verifier(config_for(jail)) as shared:
        try:
            report = shared.describe()
        except VerifierError as error:
            pytest.skip(f"{jail}: {error}")
        if jail == "bwrap" and report.get("built by") != "bwrap":
            pytest.skip("bwrap is not installed or cannot be used")
        yield shared


def run(
    program: str, verifier: Verifier, expected: str = "42\n", tests: int = 2, limits: Limits = LIMITS
) -> ProgramVerdict:
    problem = Problem("jail", "", [TestCase("41\n", expected)] * tests, limits=limits)
    return verifier.verify([(problem, program)])[0]


def test_the_jail_says_what_it_is(jail: str, verifier: Verifier) -> None:
    report = verifier.describe()
    assert report["tier"] == ("namespaces" if jail == "bwrap" else jail)
    assert report.get("built by", "") == {"bwrap": "bwrap", "namespaces": "unshare"}.get(jail, "")
    assert {"python", "user", "network", "files", "processes", "memory", "system calls"} <= set(report)
    assert all(text and text.isprintable() for text in report.values())
    shared = [key for key in ("network", "files", "processes") if report[key].startswith("shared with the machine")]
    assert shared == (["network", "files", "processes"] if jail == "rlimits" else [])
    assert report["system calls"].startswith("not filtered" if jail == "rlimits" else "filtered")


NEEDS = {
    "arithmetic": "print(int(input()) + 1)",
    "files in scratch": "open('note', 'w').write('42')\nos.rename('note', 'other')\nprint(open('other').read())",
    "files in directories": "os.makedirs('a/b')\nopen('a/b/c', 'w').write('42')\nprint(open('a/b/c').read())\n"
    "import shutil\nshutil.rmtree('a')\nassert os.listdir('.') == []",
    "temporary files": "import tempfile\nwith tempfile.TemporaryFile() as file:\n"
    "    file.write(b'42')\n    file.seek(0)\n    print(int(file.read()))",
    "memory maps": "import mmap\nm = mmap.mmap(-1, 4096)\nm[:2] = b'42'\nprint(m[:2].decode())",
    "threads": "import threading\nthreading.stack_size(64 << 20)\nt = threading.Thread(target=print, args=(42,))\n"
    "t.start()\nt.join()",
    "children": "if os.fork() == 0:\n    print(42)\n    sys.stdout.flush()\n    os._exit(0)\nos.wait()",
    "another interpreter": "import subprocess\nprint(subprocess.run([sys.executable, '-c', 'print(42)'], "
    "capture_output=True, text=True).stdout, end='')",
    "an event loop": "import asyncio\nasync def f():\n    await asyncio.sleep(0.001)\n    return 42\n"
    "print(asyncio.run(f()))",
    "connected sockets": "import socket\na, b = socket.socketpair()\n"
    "for option in (socket.SO_KEEPALIVE, socket.SO_REUSEADDR, socket.SO_PASSCRED):\n"
    "    a.setsockopt(socket.SOL_SOCKET, option, 1)\n"
    "a.settimeout(1)\na.send(b'42')\nprint(int(b.recv(9)))",
    "processes with pipes": "import multiprocessing\na, b = multiprocessing.Pipe()\n"
    "child = multiprocessing.Process(target=a.send, args=(42,))\nchild.start()\nprint(b.recv())\nchild.join()",
    "many open files": "files = [open('x' + str(n), 'w') for n in range(150)]\nprint(42)",
    "signals to oneself": "import signal\nsignal.signal(signal.SIGUSR1, lambda *_: print(42))\n"
    "os.kill(os.getpid(), signal.SIGUSR1)",
    "timers": "import signal\nsignal.signal(signal.SIGALRM, lambda *_: print(42))\n"
    "signal.setitimer(signal.ITIMER_REAL, 0.01)\nsignal.pause()",
    "chance": "import random, secrets, uuid\nuuid.uuid4(), secrets.token_bytes(9)\nrandom.seed(1)\n"
    "print(random.randint(42, 42))",
    "time": "import time, datetime\ntime.sleep(0.001)\nassert datetime.datetime.now().year > 2000\nprint(42)",
    "numpy": "import numpy\nprint(int(numpy.linalg.norm(numpy.array([42.0]))))",
    "much of the library": "import bisect, cmath, collections, csv, ctypes, dataclasses, decimal, enum, fractions\n"
    "import hashlib, heapq, itertools, json, math, operator, pathlib, queue, re, sqlite3, statistics, string, struct\n"
    "import textwrap, typing, zlib\n"
    "print(hashlib.sha256(b'').hexdigest().count('e') and 42)",
    "limits of one's own": "import resource\nresource.setrlimit(resource.RLIMIT_NOFILE, (50, 50))\n"
    "resource.setrlimit(resource.RLIMIT_STACK, resource.getrlimit(resource.RLIMIT_STACK))\nprint(42)",
    "deep recursion": "sys.setrecursionlimit(10**6)\ndef f(n):\n    return n if n == 0 else 1 + f(n - 1)\n"
    "print(f(20000) - 19958)",
    "noise on standard error": "sys.stderr.write('x' * 1000)\nprint(42)",
    "nothing of the caller": "print(42 + sum('SECRET' in value for value in os.environ.values()))",
}


@pytest.mark.parametrize("name", NEEDS)
def test_what_honest_programs_need_is_there(verifier: Verifier, name: str) -> None:
    patient = replace(LIMITS, wall_seconds=20)  # processes of their own wait for each other on a busy machine
    got = run(f"import os, sys\n{NEEDS[name]}", verifier, limits=patient)
    assert got.passed, got


FOREVER = "while True:\n    pass\n"
CAUGHT = "while True:\n    try:\n        {}\n    except BaseException:\n        pass\n"
EXCESS = {
    "a busy loop": (FOREVER, "TLE", " time"),
    "a busy loop that catches everything": (CAUGHT.format("while True: len('')"), "TLE", " time"),
    "sleep": ("import time\ntime.sleep(99)", "TLE", "2 s of wall time"),
    "a thread that never ends": (
        "import threading, time\nthreading.Thread(target=time.sleep, args=(99,)).start()\nprint(42)",
        "TLE",
        "2 s of wall time",
    ),
    "a balloon": ("x = []\nwhile True:\n    x.append(b'1' * (1 << 20))", "MLE", "64 MiB"),
    "one huge object": ("x = bytearray(8 << 30)", "MLE", "64 MiB"),
    "endless output": ("while True:\n    print('42' * 500)", "OLE", "1 MiB of output"),
    "a file too large": ("f = open('x', 'wb')\nwhile True:\n    f.write(b'1' * 4096)", "OLE", "1 MiB"),
    "raised limits": (
        "import resource\nresource.setrlimit(resource.RLIMIT_CPU, (99, 99))\n" + FOREVER,
        "RE",
        "ValueError",
    ),
    "a signal": ("import os\nos.kill(os.getpid(), 11)", "RE", "signal 11"),
    "silent success": ("import os\nos._exit(0)", "WA", "expected"),
    "a syntax error": ("print(", "CE", "SyntaxError"),
    "deep parentheses": ("(" * 100_000, "CE", ""),
}


@pytest.mark.parametrize("name", EXCESS)
def test_each_excess_has_its_verdict(verifier: Verifier, name: str) -> None:
    program, expected, words = EXCESS[name]
    started = time.monotonic()
    got = run(program, verifier)
    assert got.verdict == expected, got
    assert words in got.detail
    assert time.monotonic() - started < 15
    assert run("print(int(input()) + 1)", verifier).passed


@pytest.mark.parametrize(
    "end", ["1 / 0", "exit(3)", "import os; os.kill(os.getpid(), 11)", "import time; time.sleep(99)"]
)
def test_what_a_failed_program_printed_is_shown(verifier: Verifier, end: str) -> None:
    got = run(f"print('so far', flush=True)\n{end}", verifier)
    assert got.verdict in (Verdict.RE, Verdict.TLE)
    assert [test.stdout for test in got.tests] == ["so far\n"]


def test_scratch_is_empty_for_every_test(verifier: Verifier) -> None:
    program = (
        "import os\nseen = os.listdir('.')\nos.makedirs('a/b/c')\nopen('a/b/file', 'w').write('1')\n"
        "os.symlink('/', 'root')\nprint(42 + len(seen))"
    )
    assert run(program, verifier, tests=3).passed
    assert run("import os\nprint(42 + len(os.listdir('.')))", verifier).passed


SURVIVOR = """
import os, signal, time
for number in set(range(1, 65)) - {signal.SIGCHLD}:
    try:
        signal.signal(number, signal.SIG_IGN)
    except (OSError, ValueError):
        pass
for _ in range(3):
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            time.sleep(99)
        os._exit(0)
    os.wait()
open("here", "w")
time.sleep(99)
"""
CALLER = """
import sys
sys.path.insert(0, sys.argv[1])
from attack_runner import config_for
from cppo.problems import Limits, Problem, TestCase
from cppo.verifier import Verifier
problem = Problem("long", "", [TestCase("", "")], limits=Limits(wall_seconds=60))
with Verifier(config_for(sys.argv[2])) as verifier:
    verifier.verify([(problem, sys.argv[3])])
"""
FAMILY = 5  # the program's process, its test and three orphans, all below a worker


@pytest.mark.usefixtures("verifier")
@pytest.mark.parametrize("victim", ["caller", "worker"])
def test_no_process_outlives_a_killed_caller_or_worker(jail: str, victim: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("attack_host.SETTLE_SECONDS", 20.0)
    if jail in ("landlock", "rlimits") and victim == "worker":
        pytest.skip("without a pid namespace, orphans of a test outlive a worker that is killed from outside")
    with Host() as host:
        before = host.descendants()
        command = [sys.executable, "-c", CALLER, os.path.dirname(__file__), jail, SURVIVOR]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as caller:
            deadline = time.monotonic() + 30
            while len(family := host.descendants() - before - {caller.pid}) <= FAMILY and time.monotonic() < deadline:
                time.sleep(0.02)
            assert len(family) > FAMILY
            os.kill(caller.pid if victim == "caller" else min(family), 9)
            caller.wait(timeout=60)
        assert host.traces(before) == []


@pytest.mark.usefixtures("verifier")
def test_a_verifier_that_ends_leaves_no_file(jail: str) -> None:
    with Host() as host:
        with Verifier(config_for(jail)) as other:
            assert run("open('x', 'w').write('1')\nprint(42)", other).verdict is Verdict.AC
            assert len(os.listdir(host.temporary)) == (jail in ("landlock", "rlimits"))
        assert host.leftovers() == []
