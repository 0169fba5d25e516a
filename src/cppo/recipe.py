"""The recipe: every setting of a run in one frozen object. Defaults are the published settings, so every key a recipe
sets is visibly a deviation."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pydantic import Field, model_validator

from cppo.config import Section, apply_overrides, build, parse_override, read_toml
from cppo.errors import ConfigError, choose
from cppo.evaluation.methods import METHODS
from cppo.evaluation.settings import ArmSettings, EvaluationSettings
from cppo.evaluation.study_settings import StudySettings
from cppo.policy.settings import ModelSettings
from cppo.problems.pools import ProblemsSettings
from cppo.text import LABELS
from cppo.training.settings import (
    AuditSettings,
    BaselineSettings,
    JointSettings,
    PlannerTuningSettings,
    RLSettings,
    ValiditySettings,
    WarmupSettings,
)
from cppo.verifier import VerifierConfig

MAIN_STAGES = ("prepare", "sft", "validity", "warmup", "audit", "joint")
FINAL_STAGES = ("evaluate", "report")
SHARED_BY_ABLATIONS = ("name", "seed", "jobs", "problems", "verifier", "evaluation", "study")
"""Keys that an ablation cannot set: what it is compared with has the same problems, verdicts, budget and sampling."""


class Recipe(Section):
    """What a run is: problems, model, the five stages, baselines and evaluation."""

    name: str = "run"
    """Name of the run; its directory is runs/NAME unless --output says otherwise."""
    seed: int = Field(0, ge=0)
    """Training seed. The test problems do not depend on it."""
    k: int = Field(4, ge=2, le=len(LABELS))
    """Methods a tuple (K)."""
    jobs: int = Field(1, ge=1, le=2)
    """2: baselines train in a second process while the five stages go on."""
    problems: ProblemsSettings
    """Where problems come from."""
    model: ModelSettings = ModelSettings()
    """The policy."""
    verifier: VerifierConfig = VerifierConfig()
    """Limits and workers of the verifier; training and evaluation share them."""
    sft: PlannerTuningSettings = PlannerTuningSettings()
    """Stage 1."""
    validity: ValiditySettings = ValiditySettings()
    """Stage 2."""
    warmup: WarmupSettings = WarmupSettings()
    """Stage 3."""
    audit: AuditSettings = AuditSettings()
    """Stage 4."""
    joint: JointSettings = JointSettings()
    """Stage 5."""
    baselines: dict[str, BaselineSettings] = {
        "grpo": BaselineSettings(rule="grpo"),
        "pkpo": BaselineSettings(rule="pkpo_loo1"),
    }
    """Reinforcement learning on DIRECT, one table a baseline; the name is the stage's name."""
    evaluation: EvaluationSettings = EvaluationSettings()
    """Fixed-budget evaluation."""
    study: StudySettings = StudySettings()
    """Training seeds and ablations; a single run does not read them."""

    @model_validator(mode="after")
    def _combinations(self) -> Recipe:
        self._check_arms()
        if self.evaluation.attempts % self.k:
            raise ValueError(f"evaluation.attempts = {self.evaluation.attempts} is not a multiple of k = {self.k}")
        if self.evaluation.ks[0] > self.k:
            raise ValueError(f"evaluation.ks = {list(self.evaluation.ks)} has none up to k = {self.k}; add {self.k}")
        for at in self.evaluation.ks:
            if at > self.k and at % self.k:
                raise ValueError(f"evaluation.ks has {at}; above k = {self.k} only multiples of it can be estimated")
        self._check_batch("warmup", self.warmup, self.warmup.tuples, "tuples")
        self._check_batch("joint", self.joint, self.joint.tuples * (1 + self.k), "tuples × (1 + k)")
        for name, baseline in self.baselines.items():
            self._check_batch(f"baselines.{name}", baseline, baseline.programs, "programs")
            if name in (*MAIN_STAGES, *FINAL_STAGES):
                raise ValueError(f"baselines.{name} has the name of a stage; choose another")
        for name in self.study.ablations:
            self.ablated(name)
        return self

    def _check_arms(self) -> None:
        stages = ("sft", "warmup", "joint", *self.baselines)  # those that leave a policy
        for arm in self.evaluation.arms:
            choose("evaluation method", arm.method, METHODS)
            choose(f"stage of arm {arm.name!r}", arm.stage, stages)
        names = [arm.name for arm in self.evaluation.arms]
        choose("evaluation.subject", self.evaluation.subject, names)

    @staticmethod
    def _check_batch(name: str, settings: RLSettings, per_problem: int, formula: str) -> None:
        total = settings.problems_per_step * per_problem
        if total % settings.micro_batch:
            raise ValueError(
                f"{name}: problems_per_step {settings.problems_per_step} × {formula} {per_problem} = {total} sequences "
                f"a step, which is not a multiple of {name}.micro_batch {settings.micro_batch}"
            )

    def ablated(self, name: str) -> Recipe:
        """Return the recipe of the ablation `name`, evaluated in one arm of that name.

        Raises `ConfigError` that names the ablation for overrides that cannot be used, or that would make another
        comparison: other problems, another budget.
        """
        origin, ablation = f"study.ablations.{name}", self.study.ablations[name]
        for text in ablation.set:
            key = ".".join(parse_override(text)[0])
            if key.partition(".")[0] in SHARED_BY_ABLATIONS:
                raise ConfigError(
                    f"{origin}: {key} cannot be set by an ablation, which is compared with the full method on the same "
                    "seeds, problems, tests and budget; set it in the recipe (not here: "
                    f"{', '.join(SHARED_BY_ABLATIONS)})"
                )
        if name == self.evaluation.subject:
            raise ConfigError(f"{origin} has the name of evaluation.subject, which it is compared with; choose another")
        data = self.model_dump(mode="json", exclude={"study"})
        arm = ArmSettings(
            name=name,
            method=ablation.method,
            stage=ablation.stage,
            title=ablation.title,
            solve_temperature=ablation.solve_temperature,
        )
        data["evaluation"] |= {"arms": [arm.model_dump(mode="json")], "subject": name}
        data["name"] = f"{self.name}/{name}"
        return build(Recipe, apply_overrides(data, ablation.set), origin)

    def stages(self) -> tuple[str, ...]:
        """Return the names of all stages, in order."""
        return (*MAIN_STAGES, *self.baselines, *FINAL_STAGES)


def load_recipe(path: Path | str, overrides: Sequence[str] = ()) -> Recipe:
    """Read a TOML recipe, lay `section.key=value` overrides over it and validate. Raises `ConfigError`."""
    data = apply_overrides(read_toml(path), overrides)
    data.setdefault("name", Path(path).stem)
    return build(Recipe, data, str(path))
