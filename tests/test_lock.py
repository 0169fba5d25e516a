"""requirements.lock pins what pyproject.toml asks for, for machines with and without a GPU."""

from __future__ import annotations

import re
import tomllib
from itertools import chain
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).parents[1]
LINES = [line for line in (ROOT / "requirements.lock").read_text("utf-8").splitlines() if not line.startswith("#")]
PINS = dict(line.split("==") for line in LINES)


def test_every_line_is_a_plain_pin_and_they_are_sorted() -> None:
    assert all(re.fullmatch(r"[a-z0-9-]+==[0-9][0-9a-z.]*", line) for line in LINES)
    assert list(PINS) == sorted(PINS)
    assert len(PINS) == len(LINES)


def test_pins_satisfy_what_the_package_asks_for() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    extras = project["project"]["optional-dependencies"].values()
    for text in chain(project["project"]["dependencies"], *extras, project["build-system"]["requires"]):
        requirement = Requirement(text)
        assert requirement.specifier.contains(PINS[requirement.name]), text


def test_no_cuda_package_is_pinned() -> None:
    assert not [name for name in PINS if re.search("cuda|nvidia|triton|cudnn", name)]
