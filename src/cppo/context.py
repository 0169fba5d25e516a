"""What the stages of a run share: the run directory, the problems, one verifier, models by stage."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from cppo.errors import RunError
from cppo.files import file_hash
from cppo.problems.pools import Pools, load_pools, read_pools, write_pools
from cppo.progress import Reporter
from cppo.runs import Run
from cppo.text import prompt_set
from cppo.verifier import Verifier

if TYPE_CHECKING:
    from cppo.episodes import Workbench
    from cppo.policy.judge import PlanJudge


@dataclass
class Context(AbstractContextManager["Context"]):
    """What stages share: the run, the problems, one verifier."""

    run: Run
    reporter: Reporter

    def __post_init__(self) -> None:
        self.recipe = self.run.recipe
        prompts = prompt_set(self.recipe.model.prompts)
        self.prompts = replace(prompts, chat=prompts.chat and self.recipe.model.chat)
        if self.recipe.model.threads:
            import torch

            torch.set_num_threads(self.recipe.model.threads)

    @cached_property
    def pools(self) -> Pools:
        """The problems. A testbed's are written down by the first stage; later ones need not draw them again."""
        written = self.run.stage("prepare") / "problems"
        if self.recipe.problems.source == "crossroads" and self.run.done("prepare") is not None:
            return read_pools(written, self.recipe.problems)
        self._refuse_changed_files()
        pools = load_pools(self.recipe.problems, self.recipe.seed)
        if self.recipe.problems.source == "crossroads":
            write_pools(written, pools)
        return pools

    def data_files(self) -> dict[str, str]:
        """Return the SHA-256 of every data file the recipe names."""
        problems = self.recipe.problems
        named = (problems.train, problems.validation, problems.test, self.recipe.sft.data, self.recipe.validity.data)
        return {path: file_hash(path) for path in named if path is not None}

    def _refuse_changed_files(self) -> None:
        """A run goes on only with the files it began with."""
        began = (self.run.done("prepare") or {}).get("files", {})
        for path, digest in self.data_files().items():
            if began.get(path, digest) != digest:
                raise RunError(
                    f"{path} has changed since {self.run.directory} was begun; restore it, or use another --output"
                )

    @cached_property
    def verifier(self) -> Verifier:
        return Verifier(self.recipe.verifier, workers=self.recipe.verifier.workers)

    def __exit__(self, *_: object) -> None:
        if "verifier" in self.__dict__:
            self.verifier.close()

    @property
    def base(self) -> str:
        """The model the recipe starts from: the tiny one that was built, or the one it names."""
        return str(self.run.model("prepare")) if self.recipe.model.tiny else self.recipe.model.path

    @cached_property
    def tokenizer(self) -> Any:
        from cppo.policy.loading import load_tokenizer

        revision = None if self.recipe.model.tiny else self.recipe.model.revision
        return load_tokenizer(self.base, revision)

    @property
    def device(self) -> str:
        from cppo.policy.loading import pick_device

        return pick_device(self.recipe.model.device)

    def policy(self, stage: str | None, *, trainable: bool) -> Any:
        """Load the weights that `stage` left (None: the base model)."""
        from cppo.policy.loading import load_policy

        checkpoint = None if stage is None else self.run.model(stage)
        return load_policy(self.recipe.model, self.base, checkpoint, trainable=trainable, seed=self.recipe.seed)

    def judge(self) -> PlanJudge:
        """Load the plan-validity model that stage 2 accepted."""
        from cppo.policy.judge import load_judge

        return load_judge(self.run.model("validity"), self.prompts, "float32", self.device)

    def bench(self, model: Any = None) -> Workbench:
        """Return a workbench; without a model it is for the loop, which samples from the live policy."""
        from cppo.episodes import Workbench
        from cppo.policy.local import LocalEngine

        batch = self.recipe.model.generation_batch
        engine = LocalEngine(model, self.tokenizer, batch=batch, chat=self.prompts.chat) if model is not None else None
        return Workbench(engine, self.prompts, self.verifier, self.pools.testbed)  # type: ignore[arg-type]

    def save(self, model: Any, stage: str) -> None:
        """Save the weights a stage leaves."""
        from cppo.policy.loading import save_policy

        save_policy(model, self.tokenizer, self.run.stage(stage) / "model")
