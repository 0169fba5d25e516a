"""What one test costs: the verifier beside a fresh interpreter per test, in one run, taking turns.

    python benchmarks/verifier.py [--rounds 15] [--json FILE]

Ways compared, on a trivial program that reads two integers and prints their sum:

- `ours`: `cppo.verifier.Verifier`, one worker, 10 tests a program and 1 test a program;
- `bare`: `python -I -S -E program.py` for each test, input and output through pipes, no limits at all;
- `published`: for each test a temporary directory and a fresh interpreter with resource limits, which is how public
  training code checks programs.

And on a trivial function with 4 tests and a limit on executed lines: one process a test, and one process a program.
Every round runs each way once on a program text of its own; figures are medians over rounds.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from cppo.problems import Limits, Problem, TestCase
from cppo.verifier import Verifier, VerifierConfig

SUM = "a, b = map(int, input().split())\nprint(a + b)  # {}\n"
CALL = "def f(a, b):\n    return a + b  # {}\n"


def stdin_problem(tests: int) -> Problem:
    return Problem(f"sum-{tests}", "", [TestCase(f"{n} 2\n", f"{n + 2}\n") for n in range(tests)])


CALLS = Problem(
    "call",
    "",
    [TestCase([n, 2], n + 2) for n in range(4)],
    mode="call",
    entry_point="f",
    limits=Limits(lines=3000),
)


def ours(verifier: Verifier, problem: Problem, program: str) -> bool:
    return verifier.verify([(problem, program)])[0].passed


def bare(problem: Problem, program: str) -> bool:
    with tempfile.NamedTemporaryFile("w", suffix=".py") as file:
        file.write(program)
        file.flush()
        command = [sys.executable, "-I", "-S", "-E", file.name]
        return all(
            subprocess.run(command, input=test.input, capture_output=True, text=True).stdout == test.output
            for test in problem.tests
        )


def limit_resources() -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (10, 11))
    resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))
    resource.setrlimit(resource.RLIMIT_FSIZE, (16 << 20, 16 << 20))


def published(problem: Problem, program: str) -> bool:
    for test in problem.tests:
        with tempfile.TemporaryDirectory() as directory:
            path = Path(directory) / "program.py"
            path.write_text(program)
            done = subprocess.run(
                [sys.executable, str(path)],
                input=test.input,
                capture_output=True,
                text=True,
                cwd=directory,
                timeout=25,
                preexec_fn=limit_resources,
            )
            if done.stdout != test.output:
                return False
    return True


def measure(ways: dict[str, tuple[Callable[[str], bool], str, int]], rounds: int) -> dict[str, dict[str, float]]:
    """Run all ways in turn; return median and best milliseconds of each, for a program and for a test."""
    times: dict[str, list[float]] = {name: [] for name in ways}
    for turn in range(rounds + 1):
        for name, (way, source, _) in ways.items():
            program = source.format(turn)
            started = time.perf_counter()
            if not way(program):
                raise SystemExit(f"{name}: a correct program failed")
            if turn:  # the first round warms up
                times[name].append(1000 * (time.perf_counter() - started))
    table = {}
    for name, (_, _, tests) in ways.items():
        middle, best = statistics.median(times[name]), min(times[name])
        table[name] = {"ms_program": middle, "ms_test": middle / tests, "best_ms_test": best / tests}
    return table


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    options = parser.parse_args()
    ten, one = stdin_problem(10), stdin_problem(1)
    with Verifier() as apart, Verifier(VerifierConfig(isolate_tests=False)) as together:
        ways: dict[str, tuple[Callable[[str], bool], str, int]] = {
            "ours, 10 tests": (lambda program: ours(apart, ten, program), SUM, 10),
            "bare python -I -S -E, 10 tests": (lambda program: bare(ten, program), SUM, 10),
            "published way, 10 tests": (lambda program: published(ten, program), SUM, 10),
            "ours, 1 test": (lambda program: ours(apart, one, program), SUM, 1),
            "ours, 4 calls, counted lines": (lambda program: ours(apart, CALLS, program), CALL, 4),
            "ours, 4 calls, counted lines, one process": (lambda program: ours(together, CALLS, program), CALL, 4),
        }
        isolation = apart.describe()
        table = measure(ways, options.rounds)
    ours_ms = table["ours, 10 tests"]["ms_test"]
    ratios = {
        "bare / ours": table["bare python -I -S -E, 10 tests"]["ms_test"] / ours_ms,
        "published / ours": table["published way, 10 tests"]["ms_test"] / ours_ms,
    }
    print(f"{'way':44} {'ms/program':>10} {'ms/test':>9} {'best':>7}")
    for name, row in table.items():
        print(f"{name:44} {row['ms_program']:10.2f} {row['ms_test']:9.2f} {row['best_ms_test']:7.2f}")
    for name, ratio in ratios.items():
        print(f"{name}: {ratio:.1f}")
    figures = json.dumps({"isolation": isolation, "rounds": options.rounds, "ways": table, "ratios": ratios})
    print(figures)
    if options.json:
        options.json.write_text(figures + "\n")


if __name__ == "__main__":
    main()
