"""What the README shows works as written."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

from cppo.config import build
from cppo.recipe import Recipe

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def test_the_python_example_prints_what_it_says() -> None:
    (example,) = blocks("python")
    said = re.findall(r"# (AC True)", example)
    done = subprocess.run([sys.executable, "-c", example], capture_output=True, text=True, timeout=60, check=False)
    assert [done.stdout.strip()] == said, done.stderr


def test_the_recipe_loads() -> None:
    (recipe,) = blocks("toml")
    assert build(Recipe, tomllib.loads(recipe), "README").model.lora is not None


def test_the_make_targets_exist() -> None:
    makefile = (ROOT / "Makefile").read_text()
    asked = set(re.findall(r"(?:^    |`)make (\w+)", README, re.MULTILINE))
    assert {"demo", "test", "smoke"} <= asked
    for target in asked:
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
