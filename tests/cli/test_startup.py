"""Help comes before heavy libraries are imported."""

from __future__ import annotations

import subprocess
import sys

import pytest

ALWAYS_HEAVY = {"torch", "transformers", "trl", "peft", "accelerate", "datasets", "matplotlib"}


def imported(*arguments: str, allowed: tuple[int, ...] = (0,)) -> set[str]:
    """Return the top-level modules that `cppo ARGUMENTS` imports, after checking how it ends."""
    command = [sys.executable, "-X", "importtime", "-m", "cppo.cli.main", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode in allowed, done.stderr[-2000:]
    assert done.stdout
    rows = [line.rpartition("|")[2] for line in done.stderr.splitlines() if line.startswith("import time:")]
    return {row.strip().partition(".")[0] for row in rows}


@pytest.mark.parametrize(
    "arguments",
    [
        ("--help",),
        ("--version",),
        ("run", "--help"),
        ("verify", "--help"),
        ("doctor", "--help"),
        ("study", "--help"),
    ],
)
def test_help_imports_nothing_but_the_standard_library(arguments: tuple[str, ...]) -> None:
    modules = imported(*arguments)
    assert "argparse" in modules
    assert not modules & (ALWAYS_HEAVY | {"numpy", "scipy", "pydantic", "rich"})


def test_listing_the_keys_of_a_recipe_imports_no_model_library() -> None:
    modules = imported("config", "joint")
    assert "pydantic" in modules
    assert not modules & ALWAYS_HEAVY


def test_the_doctor_imports_no_model_library() -> None:
    modules = imported("doctor", "--json", allowed=(0, 4))
    assert "cppo" in modules
    assert not modules & ALWAYS_HEAVY
