"""What `cppo eval` compares: which problems, which models, which methods, how much each may spend."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator

from cppo.config import Section
from cppo.errors import choose
from cppo.evaluation.methods import METHODS
from cppo.evaluation.settings import ArmSettings, EvaluationSettings
from cppo.policy.server.settings import ServerSettings
from cppo.text import LABELS
from cppo.verifier import VerifierConfig

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
SEED = "{seed}"
"""Stands for the seed in the path of a model: policies that were trained with several seeds."""


class GridModel(Section):
    """One policy: a causal language model in this process, or a server that speaks the OpenAI protocol."""

    path: str | None = None
    """Directory or Hub name of a causal language model, or of an adapter; `{seed}` in it stands for the seed."""
    server: ServerSettings | None = None
    """A server instead."""
    revision: str | None = None
    """Hub revision to pin."""
    dtype: Literal["float32", "bfloat16"] = "float32"
    """Precision of the weights."""
    device: Literal["auto", "cpu", "cuda"] = "auto"
    """`auto` (CUDA if there is one), `cpu` or `cuda`."""
    threads: int = Field(0, ge=0)
    """CPU threads of torch; 0 leaves its own choice."""
    generation_batch: int = Field(256, ge=1)
    """Most sequences decoded together."""
    prompts: Literal["full", "compact"] = "full"
    """Prompt set; `compact` is for models trained from scratch on it."""
    chat: bool = False
    """Wrap prompts in the tokenizer's chat template. A server does as its `api` says."""

    @model_validator(mode="after")
    def _one_of_two(self) -> GridModel:
        if (self.path is None) == (self.server is None):
            raise ValueError("a model needs either path (a directory or Hub name) or server (base_url and model)")
        return self


class GridArm(Section):
    """One row of the result: a method on a model."""

    name: str
    """Short name, used in records and tables."""
    model: str
    """One of the models."""
    method: str
    """An inference method."""
    title: str = ""
    """Name for people; empty: the short name."""
    plan_temperature: float | None = Field(None, ge=0)
    """Sampling temperature of plans, where it differs from the general one."""
    solve_temperature: float | None = Field(None, ge=0)
    """The same for programs."""


class GridRecipe(Section):
    """Everything `cppo eval` needs. Every arm spends `attempts` programs on each problem with each seed."""

    name: str = "eval"
    """Name of the evaluation; its directory is runs/NAME unless --output says otherwise."""
    problems: tuple[str, ...] = Field(min_length=1)
    """Problem sets: a JSONL file, or a set by name such as `apps:introductory:200` (docs/datasets.md)."""
    data: str | None = None
    """Directory with the files of the named sets; None: the Hugging Face cache, then the Hub."""
    limit: int | None = Field(None, ge=1)
    """Only so many problems of each set."""
    models: dict[str, GridModel] = Field(min_length=1)
    """The policies, one table each."""
    methods: tuple[str, ...] = ()
    """Every one of these methods with every model, in place of `arms`."""
    arms: tuple[GridArm, ...] = ()
    """The rows of the result."""
    subject: str = ""
    """The arm that is compared with every other one, named beforehand; empty: the last one."""
    comparator: str = ""
    """The arm that `cppo table` holds the subject against in every column, named beforehand; empty: none."""
    seeds: tuple[int, ...] = Field((0,), min_length=1)
    """Seeds, each a repetition of everything."""
    k: int = Field(4, ge=2, le=len(LABELS))
    """Methods a tuple (K)."""
    attempts: int = Field(4, ge=1)
    """Programs a problem for every arm; a multiple of K."""
    ks: tuple[int, ...] = (1, 2, 4)
    """The k of pass@k, ascending."""
    plan_temperature: float = Field(0.9, ge=0)
    """Sampling temperature of plans; 0 is greedy."""
    solve_temperature: float = Field(0.7, ge=0)
    """Sampling temperature of programs."""
    plan_tokens: int = Field(512, ge=1)
    """Token limit of a plan."""
    program_tokens: int = Field(2048, ge=1)
    """Token limit of a program."""
    resamples: int = Field(10_000, ge=100)
    """Bootstrap resamples."""
    confidence: float = Field(0.95, gt=0, lt=1)
    """Level of every interval."""
    verifier: VerifierConfig = VerifierConfig()
    """Limits and workers of the verifier."""

    @model_validator(mode="after")
    def _combinations(self) -> GridRecipe:
        if bool(self.methods) == bool(self.arms):
            raise ValueError("give either methods (each with every model) or arms (rows of your own)")
        for method in self.methods:
            choose("evaluation method", method, METHODS)
        for arm in self.arms:
            choose(f"model of arm {arm.name!r}", arm.model, self.models)
            choose(f"method of arm {arm.name!r}", arm.method, METHODS)
        for name in (*self.models, *(arm.name for arm in self.arms)):
            if not NAME.fullmatch(name):
                raise ValueError(f"{name!r} names files: letters, digits, '_', '-' and '.' only")
        for what, values in (("problems", self.problems), ("seeds", self.seeds)):
            if len(set(values)) < len(values):
                raise ValueError(f"{what} is {list(values)}; each may occur once")
        names = [set_name(source) for source in self.problems]
        if len(set(names)) < len(names):
            raise ValueError(f"problems would share directories, as {names}; give the files different names")
        if self.attempts % self.k:
            raise ValueError(f"attempts = {self.attempts} is not a multiple of k = {self.k}")
        for at in self.ks:
            if at > self.k and at % self.k:
                raise ValueError(f"ks has {at}; above k = {self.k} only multiples of it can be estimated")
        if self.ks and self.ks[0] > self.k:
            raise ValueError(f"ks = {list(self.ks)} has none up to k = {self.k}; add {self.k}")
        subject = self.evaluation().subject
        if self.comparator:
            choose("comparator", self.comparator, [row.name for row in self.rows() if row.name != subject])
        return self

    def rows(self) -> tuple[GridArm, ...]:
        """Return the rows of the result: `arms`, or every method with every model."""
        if self.arms:
            return self.arms
        several = len(self.models) > 1
        return tuple(
            GridArm(
                name=f"{model}-{method}" if several else method,
                model=model,
                method=method,
                title=f"{METHOD_TITLES.get(method, method)} ({model})"
                if several
                else METHOD_TITLES.get(method, method),
            )
            for model in self.models
            for method in self.methods
        )

    def named(self) -> dict[str, str]:
        """Return what is to be named before there are results: subject and comparator ("" for none)."""
        return {"subject": self.evaluation().subject, "comparator": self.comparator}

    def evaluation(self) -> EvaluationSettings:
        """Return the same as settings of an evaluation, whose arms name models where a run's name stages."""
        rows = self.rows()
        subject = self.subject or rows[-1].name
        choose("subject", subject, [row.name for row in rows])
        return EvaluationSettings(
            attempts=self.attempts,
            ks=self.ks,
            plan_temperature=self.plan_temperature,
            solve_temperature=self.solve_temperature,
            plan_tokens=self.plan_tokens,
            program_tokens=self.program_tokens,
            arms=tuple(
                ArmSettings(
                    name=row.name,
                    method=row.method,
                    stage=row.model,
                    title=row.title,
                    plan_temperature=row.plan_temperature,
                    solve_temperature=row.solve_temperature,
                )
                for row in rows
            ),
            subject=subject,
            resamples=self.resamples,
            confidence=self.confidence,
        )


METHOD_TITLES = {
    "direct": "Direct sampling",
    "plan_and_solve": "Plan-and-solve",
    "plansearch": "PlanSearch",
    "tuple": "Tuples",
    "upskill": "Skills",
}
"""Methods by name for people."""


def set_name(source: str) -> str:
    """Return the name of a problem set in paths: `apps:introductory:200` is `apps-introductory-200`."""
    stem = Path(source).name.removesuffix(".jsonl") if "/" in source or source.endswith(".jsonl") else source
    return re.sub(r"[^A-Za-z0-9_.-]+", "-", stem).strip("-.") or "problems"
