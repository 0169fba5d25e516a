"""Programs that linger or overreach: each gets its verdict, none survives, none harms the next."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from cppo.problems import Limits, Problem, TestCase
from cppo.verifier import ProgramVerdict, Verdict, Verifier

LIMITS = Limits(cpu_seconds=1, wall_seconds=1, memory_mb=64, output_mb=1)


@pytest.fixture(scope="module")
def verifier() -> Iterator[Verifier]:
    with Verifier() as shared:
        yield shared


def run(program: str, verifier: Verifier, expected: str = "42\n") -> ProgramVerdict:
    tests = [TestCase("41\n", expected)] * 2
    return verifier.verify([(Problem("stdin", "", tests, limits=LIMITS), program)])[0]


IGNORE_SIGNALS = """
import signal
for number in range(1, 65):
    try:
        signal.signal(number, signal.SIG_IGN)
    except (OSError, ValueError):
        pass
"""
FOREVER = "while True:\n    pass\n"
CAUGHT = "while True:\n    try:\n        {}\n    except BaseException:\n        pass\n"

OVERREACH = {
    "silent success": ("import os\nos._exit(0)", "WA"),
    "endless output": ("while True:\n    print('42')", "OLE"),
    "endless output, errors caught": (CAUGHT.format("print('42' * 999)"), "OLE"),
    "a busy loop that catches everything": (CAUGHT.format("while True: len('')"), "TLE"),
    "all signals ignored": (IGNORE_SIGNALS + FOREVER, "TLE"),
    "sleep": ("import time\ntime.sleep(99)", "TLE"),
    "an exit callback that hangs": ("import atexit, time\natexit.register(time.sleep, 99)\nprint(42)", "TLE"),
    "a thread that never ends": (
        "import threading, time\nthreading.Thread(target=time.sleep, args=(99,)).start()\nprint(42)",
        "TLE",
    ),
    "a balloon": ("x = []\nwhile True:\n    x.append(b'1' * (1 << 20))", "MLE"),
    "a balloon, errors caught": ("x = []\n" + CAUGHT.format("x.append(b'1' * (1 << 20))"), "MLE"),
    "one huge object": ("x = bytearray(8 << 30)", "MLE"),
    "raised limits": ("import resource\nresource.setrlimit(resource.RLIMIT_CPU, (99, 99))\n" + FOREVER, "RE"),
    "deep parentheses": ("(" * 100_000, "CE"),
    "deep negation": ("-" * 100_000 + "1", "CE"),
    "deep attributes": ("x" + ".a" * 200_000, "CE"),
    "a null byte": ("print(42)\0", "CE"),
    "a lone surrogate": ("print('\ud800')", "CE"),
    "a folding bomb": ("x = 'a' * 10**9 * 10**9", "MLE"),
    "surrogates in the output": ("import sys\nsys.stdout.buffer.write(b'\\xed\\xa0\\x80\\0')", "WA"),
    "a file too large": ("f = open('x', 'wb')\nwhile True:\n    f.write(b'1' * 4096)", "OLE"),
}


@pytest.mark.parametrize("name", OVERREACH)
def test_overreach_gets_its_verdict_in_time(verifier: Verifier, name: str) -> None:
    program, expected = OVERREACH[name]
    started = time.monotonic()
    got = run(program, verifier)
    assert got.verdict == expected, got
    assert time.monotonic() - started < 10
    assert run("print(int(input()) + 1)", verifier).passed


def test_standard_error_is_no_answer_and_has_the_same_limit(verifier: Verifier) -> None:
    assert run("import sys\nsys.stderr.write('x' * (1 << 19))\nprint(42)", verifier).passed
    assert run("import sys\nsys.stderr.write('x' * (8 << 20))\nprint(42)", verifier).verdict is Verdict.OLE


MARK = "cppo-survivor"
MARKED = f"import ctypes, os, signal, time\nctypes.CDLL(None).prctl(15, b'{MARK}', 0, 0, 0)\n"


def marked_processes() -> list[int]:
    """Processes of this machine that carry the name a program gave itself."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and (entry / "comm").read_text().strip() == MARK:
                found.append(int(entry.name))
        except OSError:
            continue
    return found


LINGER = {
    "a child": "if os.fork() == 0:\n    time.sleep(99)\nprint(42)",
    "a child that ignores signals": IGNORE_SIGNALS + "if os.fork() == 0:\n    time.sleep(99)\nprint(42)",
    "a daemon that holds standard output": """
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        time.sleep(99)
    os._exit(0)
os.wait()
print(42)
""",
}


@pytest.mark.parametrize("name", LINGER)
def test_no_process_survives_its_test(verifier: Verifier, name: str) -> None:
    started = time.monotonic()
    assert run(MARKED + LINGER[name], verifier).passed
    assert time.monotonic() - started < 5
    assert marked_processes() == []


def test_a_fork_bomb_ends_with_its_test(verifier: Verifier) -> None:
    if os.geteuid() != 0 and verifier.describe()["processes"] != "private":
        pytest.skip("needs a limit on processes, hence a user of the program's own")
    got = run(MARKED + CAUGHT.format("os.fork()"), verifier)
    assert got.verdict in (Verdict.TLE, Verdict.RE, Verdict.MLE)
    assert marked_processes() == []
    assert run("print(int(input()) + 1)", verifier).passed


def test_signals_reach_only_the_program_itself(verifier: Verifier) -> None:
    if verifier.describe()["processes"] != "private":
        pytest.skip("needs a private pid namespace")
    everyone = run("import os, signal\nos.kill(-1, signal.SIGKILL)\nprint(42)", verifier)
    assert everyone.verdict in (Verdict.AC, Verdict.RE)
    assert run(f"import os\nos.kill({os.getpid()}, 9)\nprint(42)", verifier).verdict is Verdict.RE


def test_scratch_is_empty_for_every_test(verifier: Verifier) -> None:
    program = (
        "import os\nseen = os.listdir('.')\nos.makedirs('a/b/c')\nopen('a/b/file', 'w').write('1')\n"
        "os.symlink('/', 'root')\nos.chmod('a/b', 0)\nprint(42 + len(seen))"
    )
    assert run(program, verifier).passed
    assert run("import os\nprint(42 + len(os.listdir('.')))", verifier).passed


def test_a_bottomless_directory_is_wiped(verifier: Verifier) -> None:
    deep = "import os\nfor _ in range(3000):\n    os.mkdir('d' * 9)\n    os.chdir('d' * 9)\nprint(42)"
    assert run(deep, verifier).passed
    assert run("import os\nprint(42 + len(os.listdir('.')))", verifier).passed


def test_the_file_system_is_read_only(verifier: Verifier, tmp_path: Path) -> None:
    if verifier.describe()["files"] != "private":
        pytest.skip("needs a private mount namespace")
    tmp_path.chmod(0o777)
    program = f"""
for path in ('{tmp_path}/x', '/var/tmp/x', '/usr/x', '/dev/x', '/x'):
    try:
        open(path, 'w')
        print(path)
    except OSError:
        pass
print(42)
"""
    assert run(program, verifier).passed
    assert list(tmp_path.iterdir()) == []


def test_there_is_no_network(verifier: Verifier) -> None:
    if verifier.describe()["network"] != "private":
        pytest.skip("needs a private network namespace")
    program = """
import socket
try:
    socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('127.0.0.1', 9))
    print('sent')
except OSError:
    print(42)
"""
    assert run(program, verifier).passed


@pytest.mark.skipif(os.geteuid() != 0, reason="a program of the same user may read what belongs to the caller")
def test_nothing_of_the_caller_is_within_reach(verifier: Verifier, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CPPO_TEST_SECRET", "hunter2")
    program = f"""
import os
print(len([d for d in os.listdir('/proc/self/fd') if int(d) > 4]) + ('CPPO_TEST_SECRET' in os.environ) + 42)
for process in ({os.getpid()}, os.getppid(), 1, 'self'):
    for name in ('environ', 'mem'):
        try:
            data = open(f'/proc/{{process}}/{{name}}', 'rb').read(4096)
            if process != 'self' or b'SECRET' in data:
                print(process, name)
        except OSError:
            pass
"""
    got = run(program, verifier)
    assert got.passed, got
