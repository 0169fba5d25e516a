"""The run directory: which recipe it belongs to, where it was made, which stages are done, who is working in it."""

from __future__ import annotations

import fcntl
import os
import platform
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path
from typing import Any, TextIO

from cppo import __version__
from cppo.config import build, differences
from cppo.errors import RunError
from cppo.files import is_half_written, read_json, write_json
from cppo.recipe import Recipe

RESULTS = {"evaluate": ("results.json", "episodes.jsonl"), "report": ("report.html",)}
"""What a final stage leaves at the top of the run directory; without it the stage is not complete."""

PACKAGES = ("torch", "transformers", "trl", "peft", "accelerate", "numpy", "scipy")


class Run:
    """A run directory. `config.json` is the resolved recipe; `stages/NAME/done.json` marks a stage as complete."""

    def __init__(self, directory: Path, recipe: Recipe) -> None:
        self.directory, self.recipe = directory, recipe

    @classmethod
    def open(cls, directory: Path, recipe: Recipe) -> Run:
        """Create the directory, or take up the one that is there.

        Raises `RunError` when it belongs to another recipe (naming the keys that differ) or is damaged.
        """
        path = directory / "config.json"
        resolved = recipe.model_dump(mode="json")
        if path.exists():
            old = _read_config(path)
            changed = [line for line in differences(old, resolved) if not _harmless(line.partition(":")[0])]
            if changed:
                shown = "\n  ".join(changed[:8])
                raise RunError(
                    f"{directory} belongs to another configuration (old -> new):\n  {shown}\n"
                    "use another --output, restore these keys, or delete the directory"
                )
            if old != resolved:
                write_json(path, resolved)
        elif directory.exists() and not directory.is_dir():
            raise RunError(f"{directory} is a file; a run needs a directory of its own: use another --output")
        elif directory.exists() and not all(map(is_half_written, directory.iterdir())):
            raise RunError(
                f"{directory} is not empty and has no config.json; restore it if this is a run, or use another --output"
            )
        else:
            _create(directory)
            write_json(path, resolved)
            write_json(directory / "provenance.json", provenance())
        return cls(directory, recipe)

    @classmethod
    def load(cls, directory: Path) -> Run:
        """Open an existing run with the recipe it was made with."""
        path = directory / "config.json"
        if not path.exists():
            raise RunError(f"{directory} is no run directory (it has no config.json)")
        return cls(directory, build(Recipe, _read_config(path), str(path)))

    def stage(self, name: str) -> Path:
        """Return the directory of a stage."""
        return self.directory / "stages" / name

    def done(self, name: str) -> dict[str, Any] | None:
        """Return the summary of a completed stage, or None."""
        path = self.stage(name) / "done.json"
        whole = path.exists() and all((self.directory / file).exists() for file in RESULTS.get(name, ()))
        return read_json(path) if whole else None

    def finish(self, name: str, summary: Mapping[str, Any], seconds: float) -> None:
        """Mark a stage as complete."""
        write_json(self.stage(name) / "done.json", {**summary, "seconds": round(seconds, 1)})

    def model(self, stage: str) -> Path:
        """Return the weights that a stage left. Raises `RunError` when the stage is not complete or they are gone."""
        path = self.stage(stage) / "model"
        if self.done(stage) is None:
            raise RunError(f"stage {stage!r} is not complete in {self.directory}; run it first")
        if not path.exists():
            raise RunError(
                f"{path} is missing, though stage {stage!r} is complete; delete {path.parent} and run it again"
            )
        return path

    @contextmanager
    def lock(self, name: str, patience: float = 0.0) -> Iterator[None]:
        """Hold a lock of the run: "main" for the whole, a stage's name for that stage.

        Raises `RunError` when another process holds it for `patience` seconds more.
        """
        with hold(self.directory / f".{name}.lock", f"working in {self.directory} ({name})", patience):
            yield


@contextmanager
def hold(path: Path, doing: str, patience: float = 0.0) -> Iterator[None]:
    """Hold the lock of a file; raises `RunError` when another process is `doing` that for `patience` seconds more."""
    deadline = time.monotonic() + patience
    with path.open("a+") as file:
        while not _locked(file):
            if time.monotonic() >= deadline:
                raise RunError(f"another process is {doing}; wait for it or stop it")
            time.sleep(0.1)
        yield


def _locked(file: TextIO) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


HARMLESS_KEYS = {"name", "jobs", "model.threads", "model.device"} | {
    f"verifier.{key}" for key in ("workers", "bwrap", "slice_seconds", "cache_entries", "cache_path")
}


def _harmless(key: str) -> bool:
    """Whether a key may change within a run: it decides how work is done or whether to go on, not what comes out."""
    return key in HARMLESS_KEYS or key.endswith(".on_fail") or key.partition(".")[0] == "study"


def provenance() -> dict[str, Any]:
    """Return what is needed to know where a result came from: versions, machine, command, commit."""
    versions = {}
    for package in PACKAGES:
        try:
            versions[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            versions[package] = "absent"
    return {
        "cppo": __version__,
        "python": platform.python_version(),
        "packages": versions,
        "platform": platform.platform(terse=True),
        "processors": os.cpu_count(),
        "command": ["cppo", *sys.argv[1:]],
        "started": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "commit": _commit(),
    }


def _commit() -> str | None:
    try:
        found = subprocess.run(
            ["git", "-C", str(Path(__file__).parent), "rev-parse", "HEAD"], capture_output=True, text=True, timeout=5
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return found.stdout.strip() if found.returncode == 0 else None


def _create(directory: Path) -> None:
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except (OSError, NotADirectoryError) as error:
        raise RunError(f"the run directory {directory} cannot be made: {error}") from error


def _read_config(path: Path) -> dict[str, Any]:
    data = read_json(path)
    if not isinstance(data, dict):
        raise RunError(f"{path} does not hold a configuration; restore it or delete the run directory")
    return data
