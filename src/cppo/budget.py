"""How many programs each trained policy has tried in training: a comparison is fair only where they are as many."""

from __future__ import annotations

from dataclasses import dataclass

from cppo.errors import ConfigError
from cppo.recipe import Recipe

ROUNDING = 0.01
"""Share of the programs by which an ablation may differ unsaid: another K seldom divides their number."""


@dataclass(frozen=True)
class Attempts:
    """Program attempts of one stage of reinforcement learning, and how they are counted."""

    stage: str
    programs: int
    formula: str


def training_attempts(recipe: Recipe, stage: str) -> Attempts | None:
    """Return the program attempts of `stage`; None for a stage that tries no programs.

    joint: steps × problems_per_step × tuples × k; a baseline: steps × problems_per_step × programs. A tuple that does
    not parse has used its k attempts.
    """
    if stage == "joint":
        joint = recipe.joint
        programs = joint.steps * joint.problems_per_step * joint.tuples * recipe.k
        formula = (
            f"steps {joint.steps} × problems_per_step {joint.problems_per_step} × tuples {joint.tuples} × k {recipe.k}"
        )
        return Attempts("joint", programs, formula)
    if stage in recipe.baselines:
        baseline = recipe.baselines[stage]
        programs = baseline.steps * baseline.problems_per_step * baseline.programs
        formula = (
            f"steps {baseline.steps} × problems_per_step {baseline.problems_per_step} × programs {baseline.programs}"
        )
        return Attempts(f"baselines.{stage}", programs, formula)
    return None


def unequal_ablations(recipe: Recipe) -> list[str]:
    """Return, a sentence each, which ablations train on another number of programs than the full method, up to
    `ROUNDING`."""
    arms = {arm.name: arm for arm in recipe.evaluation.arms}
    subject = arms[recipe.evaluation.subject]
    full = training_attempts(recipe, subject.stage)
    if full is None:
        return []
    found = []
    for name in recipe.study.ablations:
        ablated = recipe.ablated(name)
        (arm,) = ablated.evaluation.arms
        attempts = training_attempts(ablated, arm.stage)
        if attempts is not None and abs(attempts.programs - full.programs) > ROUNDING * full.programs:
            found.append(
                f"{arm.title} is trained on {attempts.programs:,} programs, {subject.title} on {full.programs:,}: part "
                "of their difference may be that"
            )
    return found


def check_equal_attempts(recipe: Recipe) -> None:
    """Raise `ConfigError` when arms of the evaluation are trained with unequal numbers of program attempts."""
    stages = dict.fromkeys(arm.stage for arm in recipe.evaluation.arms)
    found = [attempts for stage in stages if (attempts := training_attempts(recipe, stage)) is not None]
    if len({attempts.programs for attempts in found}) > 1:
        lines = "\n  ".join(f"{a.stage}: {a.formula} = {a.programs} programs" for a in found)
        raise ConfigError(
            f"the arms of the evaluation are trained with unequal numbers of program attempts:\n  {lines}\n"
            "policies are compared that have tried as many programs; change steps, problems_per_step, tuples or "
            "programs until the numbers agree, or leave an arm out of evaluation.arms"
        )
