"""Equal numbers of program attempts in training."""

from __future__ import annotations

from pathlib import Path

import pytest

from cppo.budget import check_equal_attempts, training_attempts, unequal_ablations
from cppo.errors import ConfigError
from cppo.recipe import load_recipe

RECIPES = Path(__file__).parents[1] / "recipes"
SMOKE = RECIPES / "crossroads-smoke.toml"


def test_the_demo_trains_every_policy_on_as_many_programs() -> None:
    recipe = load_recipe(RECIPES / "crossroads.toml")
    check_equal_attempts(recipe)
    found = {stage: training_attempts(recipe, stage) for stage in ("joint", "grpo", "pkpo")}
    programs = {stage: attempts.programs for stage, attempts in found.items() if attempts is not None}
    joint = recipe.joint
    assert programs["joint"] == joint.steps * joint.problems_per_step * joint.tuples * 4
    assert len(programs) == 3
    assert len(set(programs.values())) == 1
    assert training_attempts(recipe, "sft") is None


def test_unequal_numbers_are_refused_with_both_and_their_formulas() -> None:
    recipe = load_recipe(SMOKE, ["baselines.grpo.steps=3"])
    with pytest.raises(ConfigError) as raised:
        check_equal_attempts(recipe)
    text = str(raised.value)
    assert "joint: steps 2 × problems_per_step 2 × tuples 2 × k 4 = 32 programs" in text
    assert "baselines.grpo: steps 3 × problems_per_step 2 × programs 8 = 48 programs" in text


def test_a_baseline_that_no_arm_uses_does_not_count() -> None:
    arms = '[{name="direct", method="direct", stage="sft"}, {name="cppo", method="tuple", stage="joint"}]'
    check_equal_attempts(load_recipe(SMOKE, ["baselines.grpo.steps=3", f"evaluation.arms={arms}"]))


def test_ablations_with_another_number_of_programs_are_told() -> None:
    ablations = [
        "study.ablations.two.set=['k=2', 'joint.micro_batch=6']",
        "study.ablations.two.title='K = 2'",
        "study.ablations.gate.set=['joint.plan_reward=ungated']",
        "study.ablations.supervised.stage=sft",
    ]
    assert unequal_ablations(load_recipe(SMOKE, ablations)) == [
        "K = 2 is trained on 16 programs, CPPO on 32: part of their difference may be that"
    ]


def test_every_ablation_of_the_full_recipe_has_the_budget_but_for_rounding() -> None:
    recipe = load_recipe(RECIPES / "crossroads-full.toml")
    six, full = (training_attempts(one, "joint") for one in (recipe.ablated("six"), recipe))
    assert six is not None
    assert full is not None
    assert (six.programs, full.programs) == (102_432, 102_400)
    assert unequal_ablations(recipe) == []
