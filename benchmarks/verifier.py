"""What one test costs: the verifier beside other ways to run untrusted programs, in one run, taking turns.

    python benchmarks/verifier.py [--rounds 9] [--json FILE]

A trivial program reads two integers and prints their sum, on 1, 10 and 100 tests a program. Ways compared, each with
one and with two workers (or threads):

- `ours`: `cppo.verifier.Verifier`; two workers get two programs at a time;
- `published`: for each test a temporary directory and a fresh interpreter with resource limits, which is how public
  training code checks programs;
- `bare`: `python -I -S -E program.py` for each test, input and output through pipes, no limits at all;
- `bwrap`: for each test a fresh `python -I -S -E` under bubblewrap in namespaces of its own (where it is installed);
- `fork`: for each test a fork of this small process that executes the compiled program, no limits at all.

Then 32 programs × 10 tests in one batch with one worker, calls with counted lines, and the memory of 8 workers.
Every round runs each way once on program texts of its own; figures are medians over rounds, ratios medians of the
rounds' ratios.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

from cppo.problems import Limits, Problem, TestCase
from cppo.verifier import Verifier, VerifierConfig
from cppo.verifier.mounts import SYSTEM_PATHS, interpreter_roots

SUM = "a, b = map(int, input().split())\nprint(a + b)  # {}\n"
CALL = "def f(a, b):\n    return a + b  # {}\n"
TESTS = (1, 10, 100)
WORKERS = (1, 2)
POOL = 8

Way = Callable[[Problem, str], bool]


def stdin_problem(tests: int) -> Problem:
    """Return the problem of adding two numbers."""
    return Problem(f"sum-{tests}", "", [TestCase(f"{n} 2\n", f"{n + 2}\n") for n in range(tests)])


CALLS = Problem(
    "call", "", [TestCase([n, 2], n + 2) for n in range(4)], mode="call", entry_point="f", limits=Limits(lines=3000)
)


def fresh(command: Sequence[str], test: TestCase, **options: Any) -> bool:
    """Run a command on one test and compare."""
    done = subprocess.run(command, input=test.input, capture_output=True, text=True, timeout=25, **options)
    return done.stdout == test.output


def published(problem: Problem, program: str) -> bool:
    """A temporary directory, a fresh interpreter and resource limits for each test."""
    for test in problem.tests:
        with tempfile.TemporaryDirectory() as directory:
            path = Path(directory) / "program.py"
            path.write_text(program)
            if not fresh([sys.executable, str(path)], test, cwd=directory, preexec_fn=limit_resources):
                return False
    return True


def limit_resources() -> None:
    """Set the limits of the published way, in the child."""
    resource.setrlimit(resource.RLIMIT_CPU, (10, 11))
    resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))
    resource.setrlimit(resource.RLIMIT_FSIZE, (16 << 20, 16 << 20))


def bare(problem: Problem, program: str) -> bool:
    """A fresh interpreter for each test, and nothing else."""
    with tempfile.NamedTemporaryFile("w", suffix=".py") as file:
        file.write(program)
        file.flush()
        return all(fresh([sys.executable, "-I", "-S", "-E", file.name], test) for test in problem.tests)


def bwrap(problem: Problem, program: str) -> bool:
    """A fresh interpreter under bubblewrap for each test."""
    paths = [path for path in (*SYSTEM_PATHS, *interpreter_roots()) if os.path.exists(path)]
    binds = [word for path in paths for word in ("--ro-bind", path, path)]
    with tempfile.NamedTemporaryFile("w", suffix=".py") as file:
        file.write(program)
        file.flush()
        command = ["bwrap", "--unshare-all", "--die-with-parent", *binds, "--proc", "/proc", "--dev", "/dev"]
        command += ["--ro-bind", file.name, "/program.py", sys.executable, "-I", "-S", "-E", "/program.py"]
        return all(fresh(command, test) for test in problem.tests)


FORKER = """
import os, sys
code = compile(sys.stdin.buffer.read(int(sys.stdin.buffer.readline())), "program.py", "exec")
while line := sys.stdin.buffer.readline():
    source, sink = os.memfd_create("in"), os.memfd_create("out")
    os.write(source, line)
    os.lseek(source, 0, os.SEEK_SET)
    pid = os.fork()
    if pid == 0:
        os.dup2(source, 0), os.dup2(sink, 1)
        sys.stdin = open(0)
        exec(code, {"__name__": "__main__"})
        sys.stdout.flush()
        os._exit(0)
    os.waitpid(pid, 0)
    sys.stdout.buffer.write(os.pread(sink, 100, 0))
    sys.stdout.buffer.flush()
    os.close(source), os.close(sink)
"""


def fork_seconds(problem: Problem, program: str) -> float:
    """Return the seconds that a small interpreter takes which forks for each test, without its own start."""
    command = [sys.executable, "-S", "-E", "-c", FORKER]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0) as process:
        sink, source = process.stdin, process.stdout
        if sink is None or source is None:
            raise SystemExit("the forking interpreter has no pipes")
        code = program.encode()
        sink.write(b"%d\n%b0 0\n" % (len(code), code))
        source.readline()  # it has started and compiled

        def all_right() -> bool:
            for test in problem.tests:
                sink.write(test.input.encode())
                if source.readline() != test.output.encode():
                    return False
            return True

        seconds = timed(all_right)
        sink.close()
        return seconds


class Entry:
    """One line of the table: a way, tests a program, workers; `run` takes a number that makes the programs new."""

    def __init__(self, name: str, tests: int, workers: int, programs: int, run: Callable[[int], float]) -> None:
        self.name, self.tests, self.workers, self.programs, self.run = name, tests, workers, programs, run
        self.seconds: list[float] = []

    def row(self) -> dict[str, Any]:
        """Return the figures of this line, in milliseconds."""
        ms = [1000 * seconds for seconds in self.seconds]
        count = self.programs * self.tests
        return {
            "way": self.name,
            "tests": self.tests,
            "workers": self.workers,
            "ms_program": statistics.median(ms) / self.programs,
            "ms_test": statistics.median(ms) / count,
            "best_ms_test": min(ms) / count,
        }


def timed(work: Callable[[], bool]) -> float:
    """Return the seconds that `work` takes; stop when a correct program failed."""
    started = time.perf_counter()
    if not work():
        raise SystemExit("a correct program failed")
    return time.perf_counter() - started


def with_ours(verifier: Verifier, problem: Problem, programs: int, source: str = SUM) -> Callable[[int], float]:
    """Return a run of several programs through the verifier, one batch."""

    def run(turn: int) -> float:
        batch = [(problem, source.format(f"{turn}.{number}")) for number in range(programs)]
        return timed(lambda: all(verdict.passed for verdict in verifier.verify(batch)))

    return run


def with_threads(way: Way, problem: Problem, workers: int) -> Callable[[int], float]:
    """Return a run of one program a thread through another way."""

    def run(turn: int) -> float:
        with ThreadPoolExecutor(workers) as pool:
            jobs = [SUM.format(f"{turn}.{number}") for number in range(workers)]
            return timed(lambda: all(pool.map(lambda program: way(problem, program), jobs)))

    return run


def entries(verifiers: dict[int, Verifier], together: Verifier) -> list[Entry]:
    """Return every line of the table."""
    peers: dict[str, Way] = {"published": published, "bare": bare}
    if shutil.which("bwrap"):
        peers["bwrap"] = bwrap
    found = []
    for tests in TESTS:
        problem = stdin_problem(tests)
        for workers in WORKERS:
            programs = {1: 20, 10: 4, 100: 1}[tests] * workers
            run = with_ours(verifiers[workers], problem, programs)
            found.append(Entry("ours", tests, workers, programs, run))
            found += [
                Entry(name, tests, workers, workers, with_threads(way, problem, workers)) for name, way in peers.items()
            ]
        fork = partial(fork_seconds, problem)
        found.append(Entry("fork", tests, 1, 1, lambda turn, fork=fork: fork(SUM.format(turn))))
    found.append(Entry("ours, one batch of 32", 10, 1, 32, with_ours(verifiers[1], stdin_problem(10), 32)))
    found.append(Entry("ours, calls, counted lines", 4, 1, 8, with_ours(verifiers[1], CALLS, 8, CALL)))
    found.append(Entry("the same, one process a program", 4, 1, 8, with_ours(together, CALLS, 8, CALL)))
    return found


def ratios(table: Sequence[Entry]) -> dict[str, float]:
    """Return how many times the cost of ours the other ways take: medians of each round's ratio."""
    found = {}
    for ours in (entry for entry in table if entry.name == "ours"):
        for other in table:
            if other.name != ours.name and (other.tests, other.workers) == (ours.tests, ours.workers):
                if "," in other.name:
                    continue
                pairs = zip(other.seconds, ours.seconds, strict=True)
                each = [(a / other.programs) / (b / ours.programs) for a, b in pairs]
                found[f"{other.name} / ours, {ours.tests} tests, {ours.workers} workers"] = statistics.median(each)
    one, two = (next(e for e in table if (e.name, e.tests, e.workers) == ("ours", 10, w)) for w in WORKERS)
    gain = [(a / one.programs) / (b / two.programs) for a, b in zip(one.seconds, two.seconds, strict=True)]
    found["throughput of 2 workers / 1 worker, 10 tests"] = statistics.median(gain)
    return found


def pool_memory() -> dict[str, float]:
    """Return MiB of a pool of workers: this process's growth, and the proportional share of all its workers."""
    problem = stdin_problem(1)
    with Verifier(VerifierConfig(workers=POOL, cache_entries=0)) as verifier:
        batch = [(problem, SUM.format(number)) for number in range(10 * POOL)]
        assert all(verdict.passed for verdict in verifier.verify(batch))
        small = sum(map(proportional_mb, descendants(os.getpid())))
        batch = [(problem, f"import numpy\n{SUM.format(number)}") for number in range(10 * POOL)]
        assert all(verdict.passed for verdict in verifier.verify(batch))
        large = sum(map(proportional_mb, descendants(os.getpid())))
    return {"workers": POOL, "pss_mb": small, "pss_mb_with_numpy": large}


def descendants(pid: int) -> list[int]:
    """Return the processes below one."""
    children = [
        int(word) for task in Path(f"/proc/{pid}/task").iterdir() for word in (task / "children").read_text().split()
    ]
    return children + [below for child in children for below in descendants(child)]


def proportional_mb(pid: int) -> float:
    """Return the proportional set size of a process."""
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0.0
    return int(text.split("\nPss:")[1].split()[0]) / 1024


def main() -> None:
    """Measure, print a table and the ratios, and write JSON where asked."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    options = parser.parse_args()
    one = Verifier(VerifierConfig(cache_entries=0))
    two = Verifier(VerifierConfig(cache_entries=0, workers=2))
    together = Verifier(VerifierConfig(cache_entries=0, isolate_tests=False))
    with one, two, together:
        table = entries({1: one, 2: two}, together)
        isolation = one.describe()
        for turn in range(options.rounds + 1):
            for entry in table:
                seconds = entry.run(turn)
                if turn:  # the first round warms up
                    entry.seconds.append(seconds)
            print(f"round {turn} of {options.rounds}", file=sys.stderr, flush=True)
    rows = [entry.row() for entry in table]
    print("| way | tests | workers | ms a program | ms a test | best |\n| --- | --- | --- | --- | --- | --- |")
    for row in rows:
        figures = " | ".join(f"{row[key]:.2f}" for key in ("ms_program", "ms_test", "best_ms_test"))
        print(f"| {row['way']} | {row['tests']} | {row['workers']} | {figures} |")
    compared = ratios(table)
    for name, ratio in compared.items():
        print(f"{name}: {ratio:.2f}")
    memory = pool_memory()
    print(f"memory of {POOL} workers: {memory}")
    figures = {"isolation": isolation, "rounds": options.rounds, "ways": rows, "ratios": compared, "memory": memory}
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1) + "\n")


if __name__ == "__main__":
    main()
