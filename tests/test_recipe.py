"""Recipes: defaults are the published settings; every bad one is refused before work starts, by key, value and fix."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cppo.config import build, describe, differences
from cppo.errors import ConfigError
from cppo.problems.pools import ProblemsSettings
from cppo.recipe import Recipe, load_recipe

SMOKE = Path(__file__).parent.parent / "recipes" / "crossroads-smoke.toml"


def test_defaults_are_the_published_settings() -> None:
    recipe = Recipe(problems=ProblemsSettings(train="y.jsonl", test="x.jsonl"))
    assert recipe.k == 4
    assert (recipe.sft.learning_rate, recipe.sft.epochs, recipe.sft.batch, recipe.sft.max_length) == (1e-5, 3, 16, 3072)
    assert (recipe.validity.learning_rate, recipe.validity.batch, recipe.validity.max_length) == (1e-5, 8, 1024)
    assert recipe.validity.tau == 0.17
    gates = recipe.validity
    assert (gates.min_auc, gates.min_balanced_accuracy, gates.min_precision, gates.min_recall) == (
        0.75,
        0.7,
        0.65,
        0.65,
    )
    assert (recipe.warmup.tuples, recipe.warmup.learning_rate, recipe.warmup.problems_per_step) == (4, 1e-6, 4)
    assert (recipe.warmup.patience, recipe.warmup.min_gate_rate) == (3, 0.2)
    joint = recipe.joint
    assert (joint.tuples, joint.learning_rate, joint.beta, joint.epsilon) == (8, 5e-7, 0.01, 0.2)
    assert (joint.plan_temperature, joint.solve_temperature) == (0.9, 0.7)
    assert (joint.plan_tokens, joint.program_tokens, joint.max_sequence_tokens) == (512, 2048, 4096)
    assert (joint.plan_reward, joint.solver_rule, joint.weighting) == ("product", "within_tuple", "sequences")
    assert (joint.problems_per_step, joint.iterations) == (4, 1)
    assert joint.tuples * recipe.k == recipe.baselines["pkpo"].programs  # equal program attempts


def with_smoke(*overrides: str) -> Recipe:
    return load_recipe(SMOKE, overrides)


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("joint.learning_rat=1e-4", "unknown key 'joint.learning_rat'.*did you mean 'learning_rate'"),
        ("jont.steps=3", "unknown key 'jont'.*did you mean 'joint'"),
        ("joint.steps='many'", "joint.steps.*many"),
        ("joint.steps=0", "joint.steps = 0.*greater than or equal to 1"),
        ("k=1", "k = 1.*greater than or equal to 2"),
        ("validity.tau=1.5", "validity.tau = 1.5.*less than or equal to 1"),
        ("validity.tau=-0.1", "validity.tau = -0.1"),
        ("joint.micro_batch=7", r"joint: problems_per_step 2 × tuples × \(1 \+ k\) 10 = 20 sequences.*micro_batch 7"),
        ("warmup.micro_batch=3", "warmup: problems_per_step 2 × tuples 4 = 8 sequences"),
        ("baselines.grpo.micro_batch=5", "baselines.grpo.*micro_batch 5"),
        ("baselines.pkpo.k=9", "k = 9 is above what 8 programs allow"),
        ("baselines.grpo.rule='grp'", "unknown rule 'grp'.*did you mean 'grpo'"),
        ("joint.plan_reward='sum'", "unknown plan_reward 'sum'"),
        ("joint.solver_rule='x'", "unknown solver_rule 'x'"),
        ("model.dtype='bfloat16'", "bfloat16.*rounds to nothing.*model.lora"),
        ("sft.micro_batch=5", "batch 16 is not a multiple of micro_batch 5"),
        ("evaluation.attempts=6", "evaluation.attempts = 6 is not a multiple of k = 4"),
        ("evaluation.ks=[1,2,8]", "pass@8 needs"),
        ("evaluation.subject='cpo'", "unknown evaluation.subject 'cpo'.*did you mean 'cppo'"),
        ("problems.preset='equl'", 'problems.preset = "equl"'),
        ("problems.train='x.jsonl'", "generates its problems"),
        ("model.tiny.heads=5", "hidden_size 64 is not a multiple of heads 5"),
        ("validity.corruptions.fillr=2.0", "unknown kind of corruption 'fillr'.*did you mean 'filler'"),
        ("verifier.memory_mb=-1", "verifier.memory_mb = -1"),
        ("verifier.memori_mb=1", "unknown key 'verifier.memori_mb'"),
        ("audit.thresholds.go_parse=1", "unknown key 'audit.thresholds.go_parse'.*did you mean 'go_parse_rate'"),
        ("audit.thresholds.go_parse_rate='x'", 'audit.thresholds.go_parse_rate = "x"'),
    ],
)
def test_bad_values_are_refused(override: str, message: str) -> None:
    with pytest.raises(ConfigError, match=f"(?s){message}"):
        with_smoke(override)


def test_an_arm_of_an_unknown_stage_is_refused() -> None:
    data: dict[str, Any] = {
        "problems": {"source": "files", "train": "y", "test": "x"},
        "evaluation": {"subject": "a", "arms": [{"name": "a", "method": "direct", "stage": "grop"}]},
    }
    with pytest.raises(ConfigError, match=r"stage of arm 'a'.*'grop'.*did you mean 'grpo'"):
        build(Recipe, data, "test")


def test_a_recipe_needs_problems() -> None:
    with pytest.raises(ConfigError, match=r"problems.*missing"):
        build(Recipe, {}, "test")


@pytest.mark.parametrize("text", ["joint", "=3", "joint.=3"])
def test_overrides_need_key_and_value(text: str) -> None:
    with pytest.raises(ConfigError, match=r"section\.key=value"):
        with_smoke(text)


def test_overrides_are_typed_by_the_recipe() -> None:
    recipe = with_smoke("joint.learning_rate=1e-4", "name=other", "baselines.grpo.rule=rloo", "jobs=2")
    assert recipe.joint.learning_rate == 1e-4
    assert recipe.name == "other"
    assert recipe.baselines["grpo"].rule == "rloo"
    assert recipe.jobs == 2


def test_a_missing_or_broken_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none\.toml does not exist"):
        load_recipe(tmp_path / "none.toml")
    (tmp_path / "broken.toml").write_text("[joint\nsteps = 3")
    with pytest.raises(ConfigError, match=r"broken\.toml cannot be read as TOML.*line 1"):
        load_recipe(tmp_path / "broken.toml")


def test_the_name_defaults_to_the_files(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text('[problems]\nsource = "files"\ntrain = "y.jsonl"\ntest = "x.jsonl"\n')
    assert load_recipe(tmp_path / "mine.toml").name == "mine"


def test_every_key_is_described() -> None:
    missing = [key for key, _, text in describe(Recipe) if not text]
    assert missing == []


def test_the_resolved_recipe_rebuilds_itself() -> None:
    recipe = with_smoke("joint.beta=0.5")
    resolved = recipe.model_dump(mode="json")
    again = build(Recipe, resolved, "test")
    assert again == recipe
    changed = with_smoke("joint.beta=0.25").model_dump(mode="json")
    assert list(differences(resolved, changed)) == ["joint.beta: 0.5 -> 0.25"]


def test_some_k_must_be_within_the_tuple() -> None:
    with pytest.raises(ConfigError, match=r"evaluation.ks = \[8\] has none up to k = 4"):
        with_smoke("evaluation.ks=[8]", "evaluation.attempts=8")


def test_an_arm_needs_a_stage_that_leaves_a_policy() -> None:
    data: dict[str, Any] = {
        "problems": {"train": "y", "test": "x"},
        "evaluation": {"subject": "a", "arms": [{"name": "a", "method": "direct", "stage": "audit"}]},
    }
    with pytest.raises(ConfigError, match=r"stage of arm 'a' 'audit'.*allowed: grpo, joint, pkpo, sft, warmup"):
        build(Recipe, data, "test")


ABLATION = "study.ablations.ungated"


def test_an_ablation_is_the_recipe_with_its_overrides_and_one_arm() -> None:
    recipe = with_smoke(f"{ABLATION}.set=['joint.plan_reward=ungated', 'warmup.steps=1']", f"{ABLATION}.title=No gate")
    ablated = recipe.ablated("ungated")
    assert (ablated.joint.plan_reward, ablated.warmup.steps) == ("ungated", 1)
    assert [(a.name, a.title, a.method, a.stage) for a in ablated.evaluation.arms] == [
        ("ungated", "No gate", "tuple", "joint")
    ]
    assert ablated.evaluation.subject == "ungated"
    assert ablated.study.ablations == {}
    same = ablated.model_dump(mode="json") | {"study": recipe.study.model_dump(mode="json")}
    changed = {line.partition(":")[0] for line in differences(recipe.model_dump(mode="json"), same)}
    assert changed == {"name", "joint.plan_reward", "warmup.steps", "evaluation.arms", "evaluation.subject"}
    assert recipe.study.seeds == (0,)


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["study.seeds=[0, 0]"], r"study.seeds is \[0, 0\].*each once"),
        (["study.seeds=[-1]"], "seeds are numbers from 0"),
        (["study.seeds=[]"], "study.seeds"),
        (["study.seeds=3"], r"study.seeds = 3: this is a list; write it as \[3\]"),
        (["study.seeds=0,1,2"], r"study.seeds = \"0,1,2\": this is a list; write it as \[0,1,2\]"),
        (["study.seds=[1]"], "unknown key 'study.seds'.*did you mean 'seeds'"),
        ([f"{ABLATION}.sets=['k=2']"], "unknown key 'study.ablations.ungated.sets'.*did you mean 'set'"),
        ([f"{ABLATION}.set=['joint.plan_rewrd=ungated']"], "study.ablations.ungated: unknown key 'joint.plan_rewrd'.*"),
        ([f"{ABLATION}.set=['joint.plan_reward=sum']"], "study.ablations.ungated: .*unknown plan_reward 'sum'"),
        ([f"{ABLATION}.set=['joint.steps']"], "not of the form section.key=value"),
        ([f"{ABLATION}.set=['evaluation.attempts=8']"], "ungated: evaluation.attempts cannot be set by an ablation"),
        ([f"{ABLATION}.set=['verifier.isolate_tests=true']"], "verifier.isolate_tests cannot be set by an ablation"),
        ([f"{ABLATION}.set=['seed=8']"], "ungated: seed cannot be set by an ablation"),
        ([f"{ABLATION}.set=['k=3', 'joint.micro_batch=8']"], "ungated: .*attempts = 4 is not a multiple of k = 3"),
        ([f"{ABLATION}.stage=audit"], "study.ablations.ungated: .*stage of arm 'ungated' 'audit'"),
        ([f"{ABLATION}.method=tupel"], "study.ablations.ungated: .*unknown evaluation method 'tupel'"),
        (["study.ablations.full.set=['k=2']"], "full: an ablation is named with letters"),
        (["study.ablations._x.set=['k=2']"], "_x: an ablation is named with letters"),
        (["study.ablations.cppo.set=['k=2', 'joint.micro_batch=4']"], "has the name of evaluation.subject"),
    ],
)
def test_bad_studies_are_refused_when_the_recipe_is_read(overrides: list[str], message: str) -> None:
    with pytest.raises(ConfigError, match=f"(?s){message}"):
        with_smoke(*overrides)
