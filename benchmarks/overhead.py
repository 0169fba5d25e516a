"""What an evaluation costs beside its model: 1,000 requests against a scripted one that takes a known time.

    python benchmarks/overhead.py [--requests 1000] [--milliseconds 20] [--rounds 3] [--json FILE]

The model sleeps so long for each program and then writes one that is right, wrong or broken, in turn. All the rest is
real: requests, records, the verifier with two tests a program, results over problems, the page. Overhead is the wall
time beyond the model's, as a share of the whole; medians over rounds, each in a fresh interpreter. Its start, when
modules are imported, is not part of it and given apart. `processor` are the seconds of this process, those that pass
while the model works among them: they depend little on what else the machine does.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cppo.policy.engine import Completion, Done, GenerationRequest

ATTEMPTS = 4


class Sleeper:
    """A model that takes the same time for every program."""

    def __init__(self, seconds: float) -> None:
        self.seconds, self.slept, self.written = seconds, 0.0, 0

    def generate(self, requests: Sequence[GenerationRequest], on_done: Done | None = None) -> list[Completion]:
        from cppo.policy.engine import Completion, StopReason

        found = []
        for i, request in enumerate(requests):
            began = time.perf_counter()
            time.sleep(self.seconds)
            self.slept += time.perf_counter() - began
            number = request.prompt.text.split("add ")[1].split(" ")[0]
            program = (f"print(int(input()) + {number})", "print(0)", "print(", f"print({self.written})")[i % 4]
            self.written += 1
            found.append(Completion(program, (0,) * 100, (0,) * 20, StopReason.END))
            if on_done is not None:
                on_done(i, found[i])
        return found


def main() -> None:
    """Run the rounds and print a table, then JSON."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--requests", type=int, default=1000)
    parser.add_argument("--milliseconds", type=float, default=20.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    options = parser.parse_args()
    rows = []
    for _ in range(options.rounds):
        with ProcessPoolExecutor(1, get_context("spawn")) as fresh:
            rows.append(fresh.submit(once, options.requests, options.milliseconds / 1000).result())
    names = ("model_seconds", "wall_seconds", "overhead", "processor_seconds", "start_seconds")
    figures = {"requests": rows[0]["requests"], **{n: statistics.median(row[n] for row in rows) for n in names}}
    print(
        "| requests | model, s | wall, s | overhead | processor, s | start, s |\n| --- | --- | --- | --- | --- | --- |"
    )
    shown = [f"{100 * figures[name]:.1f} %" if name == "overhead" else f"{figures[name]:.2f}" for name in names]
    print(f"| {figures['requests']} | {' | '.join(shown)} |")
    text = json.dumps(figures)
    print(text)
    if options.json:
        options.json.write_text(text + "\n")


def once(requests: int, seconds: float) -> dict[str, float]:
    """Evaluate from nothing and return the seconds of the model and of the whole."""
    began = time.perf_counter()
    from cppo.cli.grid import carry_out, run_grid
    from cppo.config import build
    from cppo.grid.layout import Grid
    from cppo.grid.settings import GridRecipe
    from cppo.progress import Reporter

    start = time.perf_counter() - began
    with tempfile.TemporaryDirectory() as scratch:
        file = Path(scratch) / "problems.jsonl"
        file.write_text("".join(json.dumps(row) + "\n" for row in problems(requests // ATTEMPTS)))
        data = {
            "problems": [str(file)],
            "models": {"sleeper": {"path": "none", "prompts": "compact"}},
            "methods": ["direct"],
            "attempts": ATTEMPTS,
        }
        model, quiet = Sleeper(seconds), Reporter()
        began, processor = time.perf_counter(), time.process_time()
        grid = Grid(build(GridRecipe, data, "overhead"), Path(scratch) / "out")
        carry_out(grid, quiet, lambda sets: run_grid(grid, sets, quiet, lambda *_: model))
        wall = time.perf_counter() - began
        return {
            "requests": requests // ATTEMPTS * ATTEMPTS, "model_seconds": model.slept, "wall_seconds": wall,
            "overhead": 1 - model.slept / wall, "processor_seconds": time.process_time() - processor,
            "start_seconds": start,
        }  # fmt: skip


def problems(count: int) -> list[dict[str, Any]]:
    """Return problems that add a number to one that is read, with two tests each."""
    return [
        {
            "id": f"p{n}",
            "statement": f"Read a number and add {n} to it.",
            "tests": [{"input": f"{m}\n", "output": str(m + n)} for m in (1, 5)],
        }
        for n in range(count)
    ]


if __name__ == "__main__":
    main()
