"""What the documentation points at exists."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = [*sorted((ROOT / "docs").glob("*.md")), ROOT / "CONTRIBUTING.md"]
PATH = re.compile(r"`((?:src|tests|docs|recipes|benchmarks)/[\w./-]+|\w+(?:/\w+)+\.py)`")
NAME = re.compile(r"`((?:\w+/)+\w+\.py):(\w+)`")
LINK = re.compile(r"\]\(([^)#:]+)(?:#[^)]*)?\)")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_paths_and_links_exist(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for path in PATH.findall(text):
        assert (ROOT / path).exists() or (ROOT / "src" / "cppo" / path).exists(), path
    for link in LINK.findall(text):
        assert (page.parent / link).exists(), link


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_names_given_as_file_and_name_exist(page: Path) -> None:
    for path, name in NAME.findall(page.read_text(encoding="utf-8")):
        module = importlib.import_module("cppo." + path.removesuffix(".py").replace("/", "."))
        assert hasattr(module, name), f"{path}:{name}"


@pytest.mark.parametrize(("pattern", "least"), [(PATH, 20), (NAME, 40), (LINK, 4)])
def test_the_patterns_find_what_the_pages_point_at(pattern: re.Pattern[str], least: int) -> None:
    assert sum(len(pattern.findall(page.read_text(encoding="utf-8"))) for page in PAGES) >= least
