"""What `[study]` may say."""

from __future__ import annotations

from pathlib import Path

import pytest

from cppo.errors import ConfigError
from cppo.recipe import load_recipe

SMOKE = Path(__file__).parents[2] / "recipes" / "crossroads-smoke.toml"


@pytest.mark.parametrize(
    ("override", "words"),
    [
        ("study.seeds=[]", r"study.seeds is \[\]; seeds are numbers from 0.*at least one.*\[0, 1, 2\]"),
        ("study.seeds=[1, 1]", r"study.seeds is \[1, 1\]; seeds are numbers from 0, each once"),
        ("study.ablations.a.set=['joint.beta']", r"study.ablations.a: override 'joint.beta' is not of the form"),
        ("study.ablations.a.set=['=1']", r"study.ablations.a: override '=1' is not of the form"),
        ("study.ablations.full.set=['joint.beta=1.0']", r"study.ablations.full: an ablation is named"),
        ("study.ablations.a.stage=pkpoo", r"study.ablations.a.*'pkpoo' \(did you mean 'pkpo'\?\)"),
    ],
)
def test_what_cannot_be_used_is_named_with_its_place(override: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        load_recipe(SMOKE, [override])


def test_a_seed_of_another_type_is_told_once() -> None:
    with pytest.raises(ConfigError) as raised:
        load_recipe(SMOKE, ["study.seeds=[1.5]"])
    assert "study.seeds.0 = 1.5" in str(raised.value)
    assert "Tuple should have" not in str(raised.value)
