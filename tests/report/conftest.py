"""One synthetic run for all tests of the page."""

from __future__ import annotations

from pathlib import Path

import pytest
from synthetic_run import build_run

from cppo.report import write_report


@pytest.fixture(scope="session")
def run_directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run directory with made-up figures. Tests that change files copy it."""
    return build_run(tmp_path_factory.mktemp("synthetic"))


@pytest.fixture(scope="session")
def page(run_directory: Path) -> Path:
    """The page of that run."""
    return write_report(run_directory)
