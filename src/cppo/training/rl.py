"""The one reinforcement-learning loop: warm-up, joint CPPO and every baseline differ by rollout and settings only."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from transformers import TrainerCallback

from cppo.episodes import Workbench, to_row
from cppo.errors import ConfigError
from cppo.files import write_jsonl
from cppo.policy.local import LocalEngine
from cppo.problems import Problem
from cppo.progress import Reporter
from cppo.training.checkpoints import MetricsLog, last_complete, mark_complete, step_of
from cppo.training.rollouts import Rollout
from cppo.training.sequences import RolloutResult
from cppo.training.settings import RLSettings
from cppo.training.trl_adapter import RegionTrainer, build_trainer, grpo_arguments

Probe = Callable[[Any], dict[str, float]]
"""`engine -> figures`, measured every `probe_every` rollouts."""
Stop = Callable[[Sequence[dict[str, Any]]], bool]
"""`rows so far -> whether the stage is over`, asked after every rollout."""


@dataclass(frozen=True)
class RLStage:
    """Everything a stage hands to the loop. `bench` comes without an engine: the loop samples from the live policy."""

    name: str
    settings: RLSettings
    rollout: Rollout
    problems: Sequence[Problem]
    bench: Workbench
    directory: Path
    seed: int
    reporter: Reporter
    generation_batch: int = 256
    probe: Probe | None = None
    stop: Stop | None = None


class PhaseClock:
    """Adds up wall time by phase."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._phase, self._since = "", 0.0

    def __call__(self, phase: str) -> None:
        now = time.perf_counter()
        if self._phase:
            self.seconds[self._phase] = self.seconds.get(self._phase, 0.0) + now - self._since
        self._phase, self._since = phase, now


class _Loop(TrainerCallback):  # type: ignore[misc]
    """Runs rollouts for the trainer and writes one row of figures a rollout."""

    def __init__(self, stage: RLStage, tokenizer: Any, log: MetricsLog) -> None:
        self.stage, self.tokenizer, self.log = stage, tokenizer, log
        self.problems = {problem.id: problem for problem in stage.problems}
        self.trainer: RegionTrainer | None = None
        self.result: RolloutResult | None = None
        self.clock = PhaseClock()
        self.began = 0.0

    def rollout(self, problem_ids: Sequence[str], model: Any, step: int) -> RolloutResult:
        """Sample, judge and credit one batch of problems with the policy as it is at optimiser step `step`."""
        self.began, self.clock = time.perf_counter(), PhaseClock()
        stage = self.stage
        engine = LocalEngine(model, self.tokenizer, batch=stage.generation_batch, chat=stage.bench.prompts.chat)
        bench = replace(stage.bench, engine=engine, clock=self.clock)
        number = step // stage.settings.iterations
        problems = [self.problems[problem_id] for problem_id in problem_ids]
        self.result = stage.rollout(problems, bench, (stage.seed, stage.name, number))
        if stage.probe is not None and number % stage.settings.probe_every == 0:
            self.clock("probe")
            self.result.metrics.update(stage.probe(engine))
        self.clock("")
        if number % stage.settings.record_every == 0:
            rows = [to_row(episode) for episode in self.result.episodes]
            write_jsonl(stage.directory / "episodes" / f"step-{number:05d}.jsonl", rows)
        return self.result

    def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        done = state.global_step // self.stage.settings.iterations
        self.stage.reporter.begin(self.stage.name, self.stage.settings.steps, done, "step")

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Log the row of figures of a rollout after its last update, and end training early where that is asked."""
        if state.global_step % self.stage.settings.iterations or self.result is None or self.trainer is None:
            return
        self.clock("")
        metrics = self.result.metrics
        row = {
            "step": state.global_step,
            **{key: value for key, value in metrics.items() if value is not None},
            **self.trainer.region_means(),
            "seconds": {key: round(value, 4) for key, value in self.clock.seconds.items()},
            "wall": round(time.perf_counter() - self.began, 4),
        }
        self.log.append(row)
        shown = ("r_out", "solved", "gate_rate", "v", "informative")
        facts = {key: row[key] for key in shown if key in row}
        self.stage.reporter.advance(state.global_step // self.stage.settings.iterations, facts)
        if self.stage.stop is not None and self.stage.stop(self.log.rows):
            self.stage.reporter.say(f"{self.stage.name}: stopped early after {state.global_step} updates")
            control.should_training_stop = True

    def on_save(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        mark_complete(self.stage.directory, state.global_step)

    def on_train_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        self.stage.reporter.end()


def run_stage(stage: RLStage, model: Any, tokenizer: Any, device: str) -> list[dict[str, Any]]:
    """Train `model` in place and return the rows of figures, one a rollout.

    Goes on from the last whole checkpoint in the stage's directory. Raises `ConfigError` for sizes that do not fit.
    """
    settings = stage.settings
    if len(stage.problems) < settings.problems_per_step:
        raise ConfigError(
            f"{stage.name}: {len(stage.problems)} training problems, but problems_per_step is "
            f"{settings.problems_per_step}; bring more problems or lower it"
        )
    arguments = grpo_arguments(
        settings,
        per_problem=stage.rollout.sequences_per_problem,
        output=stage.directory,
        seed=stage.seed,
        device=device,
    )
    checkpoint = last_complete(stage.directory)
    log = MetricsLog(stage.directory / "metrics.jsonl", step_of(checkpoint))
    loop = _Loop(stage, tokenizer, log)
    ids = [problem.id for problem in stage.problems]
    trainer = build_trainer(model, tokenizer, arguments, settings, loop.rollout, ids, [loop])
    loop.trainer = trainer
    trainer.clock = lambda phase: loop.clock(phase)  # a new clock each rollout
    stopped = stage.stop is not None and stage.stop(log.rows)
    if checkpoint is not None and (stopped or step_of(checkpoint) >= arguments.max_steps):
        trainer.finish_from(checkpoint)
    else:
        trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
    return log.rows


def gate_rate_stopped(check_every: int, patience: int, least: float) -> Stop:
    """Return the warm-up's stopping rule: `patience` looks in a row, `check_every` rollouts apart, at which the mean J
    rate since the last look did not rise, once it has reached `least`."""

    def stopped(rows: Sequence[dict[str, Any]]) -> bool:
        looks = [
            sum(row["gate_rate"] for row in rows[i : i + check_every]) / check_every
            for i in range(0, len(rows) - check_every + 1, check_every)
        ]
        if len(rows) % check_every:
            return False
        best, waited = float("-inf"), 0
        for rate in looks:
            best, waited = (rate, 0) if rate > best else (best, waited + 1)
        return waited >= patience and best >= least

    return stopped
