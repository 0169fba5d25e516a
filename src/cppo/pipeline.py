"""Stages in order, each once: what is done is not done again, what was killed goes on where it can."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Sequence

from cppo.context import Context
from cppo.errors import RunError, choose
from cppo.progress import Reporter
from cppo.recipe import FINAL_STAGES, MAIN_STAGES
from cppo.runs import Run
from cppo.stages import stage_function

BASELINE_LANE = "baselines"


def pick_stages(run: Run, wanted: Sequence[str] | None) -> list[str]:
    """Return the stages to run, in order. Raises `ConfigError` for an unknown name, naming the nearest."""
    every = run.recipe.stages()
    if wanted is None:
        needed = {arm.stage for arm in run.recipe.evaluation.arms}
        return [name for name in every if name not in run.recipe.baselines or name in needed]
    chosen = {choose("stage", name, every) for name in wanted}
    return [name for name in every if name in chosen]


def run_stages(run: Run, stages: Sequence[str], reporter: Reporter, lane: str = "main") -> None:
    """Run `stages` in this process, skipping those that are complete."""
    with run.lock(lane), Context(run, reporter) as context:
        for name in stages:
            if run.done(name) is not None:
                reporter.say(f"{name}: already complete")
                continue
            began = time.perf_counter()
            reporter.say(f"{name}: started")
            summary = stage_function(name)(context)
            seconds = time.perf_counter() - began
            run.finish(name, summary, seconds)
            reporter.say(f"{name}: done in {seconds:.0f} s")


def run_pipeline(run: Run, wanted: Sequence[str] | None, reporter: Reporter) -> None:
    """Run the asked stages. With `jobs = 2` the baselines train in a second process as soon as stage 1 is done."""
    stages = pick_stages(run, wanted)
    baselines = [name for name in stages if name in run.recipe.baselines and run.done(name) is None]
    rest = [name for name in stages if name in MAIN_STAGES and name not in ("prepare", "sft")]
    if run.recipe.jobs == 1 or not baselines or not rest:
        run_stages(run, stages, reporter)
        return
    run_stages(run, [name for name in stages if name in ("prepare", "sft")], reporter)
    with SecondLane(run, baselines, reporter) as lane:
        run_stages(run, rest, reporter)
        lane.wait()
    run_stages(run, [name for name in stages if name in FINAL_STAGES], reporter)


class SecondLane:
    """A child process that trains the baselines while the main lane goes on. It never outlives this process."""

    def __init__(self, run: Run, stages: Sequence[str], reporter: Reporter) -> None:
        self.run, self.stages, self.reporter = run, stages, reporter

    def __enter__(self) -> SecondLane:
        command = [sys.executable, "-m", "cppo.cli.lane", str(self.run.directory), *self.stages]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        self.tail: list[str] = []
        self.reader = threading.Thread(target=self._relay, daemon=True)
        self.reader.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        if self.process.stdin is not None:
            self.process.stdin.close()

    def wait(self) -> None:
        """Wait for the baselines; raises `RunError` with their last words when they failed."""
        status = self.process.wait()
        self.reader.join(timeout=10)
        if status != 0:
            words = "\n  ".join(self.tail[-12:])
            raise RunError(f"training the baselines ({', '.join(self.stages)}) failed with status {status}:\n  {words}")

    def _relay(self) -> None:
        """Pass the child's events on; anything that is not an event is kept as its last words."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            try:
                event = json.loads(line)
                method, arguments = event["call"], event["arguments"]
            except (json.JSONDecodeError, KeyError, TypeError):
                self.tail.append(line.rstrip())
                continue
            self.reporter.lane(BASELINE_LANE, method, arguments)
