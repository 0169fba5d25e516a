"""Every recipe that comes with the package, and every one that the documentation shows, is accepted."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from cppo.config import build, differences
from cppo.problems.jsonl import problem_from_row
from cppo.recipe import Recipe, load_recipe

ROOT = Path(__file__).parents[1]
RECIPES = sorted((ROOT / "recipes").glob("*.toml"))
GUIDE = (ROOT / "docs" / "recipes.md").read_text(encoding="utf-8")
FILES = {"train": "train.jsonl", "test": "test.jsonl"}


def blocks(language: str) -> list[str]:
    """Return the fenced blocks of the guide in that language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", GUIDE, re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.stem)
def test_recipe_loads_and_survives_being_written_down(path: Path) -> None:
    recipe = load_recipe(path)
    assert recipe.name == path.stem
    assert build(Recipe, json.loads(recipe.model_dump_json()), "again") == recipe


def test_there_is_a_demo_a_smoke_recipe_and_one_for_a_real_model() -> None:
    assert {"crossroads", "crossroads-smoke", "qwen3.5-4b"} <= {path.stem for path in RECIPES}


def test_the_real_model_s_recipe_keeps_every_published_setting() -> None:
    published = build(Recipe, {"problems": FILES}, "published").model_dump(mode="json")
    ours = load_recipe(ROOT / "recipes" / "qwen3.5-4b.toml").model_dump(mode="json")
    changed = {line.partition(":")[0] for line in differences(published, ours)}
    data = {"problems.train", "problems.validation", "problems.test", "sft.data"}
    assert changed == {"name", "model.dtype", "model.lora", "validity.path"} | data
    assert ours["model"]["lora"] == {"rank": 32, "alpha": 64, "dropout": 0.05, "target_modules": "all-linear"}
    assert (ours["k"], ours["jobs"], ours["joint"]["tuples"], ours["joint"]["learning_rate"]) == (4, 1, 8, 5e-7)


@pytest.mark.parametrize("block", blocks("toml"))
def test_recipes_shown_in_the_guide_are_accepted(block: str) -> None:
    shown: dict[str, Any] = tomllib.loads(block)
    assert shown
    recipe = build(Recipe, {"problems": FILES, **shown}, "guide").model_dump(mode="json")
    for key, value in shown.items():
        assert key in recipe
        if not isinstance(value, dict):
            assert recipe[key] == value


@pytest.mark.parametrize("block", blocks("json"))
def test_problems_shown_in_the_guide_are_accepted(block: str) -> None:
    rows = [json.loads(line) for line in block.splitlines()]
    problems = [problem_from_row(row, "guide") for row in rows if "tests" in row]
    assert len(problems) == len(rows)


def test_the_guide_has_examples_and_names_every_section() -> None:
    assert len(blocks("toml")) >= 5
    assert blocks("json")
    for section in set(Recipe.model_fields) - {"name", "seed", "k", "jobs"}:
        assert f"`[{section}" in GUIDE
