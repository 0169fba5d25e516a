"""Sampling what is owed: model by model, seed by seed, set by set. Answers are kept as they come, episodes when a chunk
of problems is done."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from cppo.episodes import Workbench, by_problem, to_row
from cppo.evaluation.grid_files import EPISODES
from cppo.evaluation.run import EvaluationPlan, is_owed, sample_arms, stored_arms
from cppo.files import write_jsonl
from cppo.grid.answers import Answers
from cppo.grid.layout import Grid
from cppo.grid.problem_sets import ProblemSet
from cppo.grid.settings import SEED, GridModel
from cppo.policy.engine import Engine
from cppo.progress import Reporter
from cppo.text import prompt_set
from cppo.verifier import Verifier

Engines = Callable[[GridModel, int], Engine]
"""`(model, seed) -> engine`: how a model is brought up; tests hand in scripted ones."""


def run_grid(grid: Grid, sets: Sequence[ProblemSet], reporter: Reporter, engines: Engines) -> None:
    """Sample everything that is owed and write `episodes.jsonl` of every set and seed.

    Raises `ModelError` for a model that cannot be brought up or a server that refuses every request; what was sampled
    until then stays. One model is in memory at a time.
    """
    settings = grid.recipe.evaluation()
    with Verifier(grid.recipe.verifier, workers=grid.recipe.verifier.workers) as verifier:
        for name, model in grid.recipe.models.items():
            arms = tuple(arm for arm in settings.arms if arm.stage == name)
            if not arms:
                continue
            brought_up = _Once(engines, model)
            for seed in grid.recipe.seeds:
                for one in sets:
                    reporter.say(f"{one.source}: {name}, seed {seed}")
                    plan = grid.plan(one.source, one.problems, seed, arms, reporter)
                    with Answers(grid.answers(one.source, seed, name), partial(brought_up.engine, seed)) as answers:
                        _sample(plan, Workbench(answers, prompt_set(model.prompts), verifier), answers)
    for one in sets:
        for seed in grid.recipe.seeds:
            collect(grid, one, seed)


def _sample(plan: EvaluationPlan, bench: Workbench, answers: Answers) -> None:
    sampled = sample_arms(plan, lambda _: bench)
    if not any(is_owed(mine) for episodes in sampled.values() for mine in by_problem(episodes).values()):
        answers.drop()


def collect(grid: Grid, one: ProblemSet, seed: int) -> None:
    """Write the episodes of a set and seed, all of them sampled, as one file."""
    plan = grid.plan(one.source, one.problems, seed, grid.recipe.evaluation().arms, Reporter())
    write_jsonl(plan.directory / EPISODES, (to_row(e) for mine in stored_arms(plan).values() for e in mine))


class _Once:
    """A model's engine, made when it is first needed and kept until another seed needs other weights."""

    def __init__(self, engines: Engines, model: GridModel) -> None:
        self.engines, self.model = engines, model
        self.made: Engine | None = None
        self.seed: int | None = None

    def engine(self, seed: int) -> Engine:
        by_seed = self.model.path is not None and SEED in self.model.path
        if self.made is None or (by_seed and self.seed != seed):
            self.made = None  # the old one goes before the new one comes
            self.made, self.seed = self.engines(self.model, seed), seed
        return self.made


def bring_up(model: GridModel, seed: int) -> Engine:
    """Return the engine of a model. Raises `ModelError` naming what cannot be loaded or reached."""
    if model.server is not None:
        from cppo.policy.server import ServerEngine

        return ServerEngine(model.server)
    import torch

    from cppo.policy.loading import load_model, load_tokenizer, pick_device
    from cppo.policy.local import LocalEngine

    if model.threads:
        torch.set_num_threads(model.threads)
    path = (model.path or "").replace(SEED, str(seed))
    weights = load_model(path, model.dtype, pick_device(model.device), model.revision)
    chat = prompt_set(model.prompts).chat and model.chat
    return LocalEngine(weights, load_tokenizer(path, model.revision), batch=model.generation_batch, chat=chat)
