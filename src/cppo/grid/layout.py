"""The directory of an evaluation: what was asked, the problems, the episodes of each set and seed, the results."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cppo.config import build, differences
from cppo.errors import RunError
from cppo.evaluation.grid_files import PROBLEMS, RECORD, RESULTS, seed_name
from cppo.evaluation.run import EvaluationPlan
from cppo.evaluation.settings import ArmSettings
from cppo.files import is_half_written, read_json, write_json
from cppo.grid.settings import GridRecipe, set_name
from cppo.problems import Problem
from cppo.progress import Reporter
from cppo.runs import hold, provenance

SPEED_KEYS = re.compile(
    r"(name|data|limit|seeds|problems|methods|arms|subject|comparator|ks|resamples|confidence)"
    r"|verifier\.(workers|bwrap|slice_seconds|cache_entries|cache_path)"
)
"""Keys that may change between one command and the next: they decide what else is done, or how fast, not what a
request is or what a program may use."""
SPEED_KEYS_OF_A_ROW = re.compile(
    r"title|device|threads|generation_batch"
    r"|server\.(base_url|concurrency|timeout_seconds|attempts|backoff_seconds|longest_wait_seconds|api_key_env)"
)
"""The same for the keys of one model or arm."""


def read_record(path: Path) -> dict[str, Any]:
    """Return what an eval.json says. Raises `RunError` when it holds no recipe."""
    record = read_json(path)
    if not (isinstance(record, dict) and isinstance(record.get("recipe"), dict)):
        raise RunError(f"{path} is damaged; restore it, or use another directory")
    return record


@dataclass(frozen=True)
class Grid:
    """A recipe of an evaluation and its directory."""

    recipe: GridRecipe
    directory: Path

    @classmethod
    def load(cls, directory: Path) -> Grid:
        """Open an evaluation that is there. Raises `RunError` for a directory that is none."""
        path = directory / RECORD
        if not path.exists():
            raise RunError(
                f"{directory} is no evaluation (it has no {RECORD}); name a directory that `cppo eval` wrote"
            )
        return cls(build(GridRecipe, read_record(path)["recipe"], str(path)), directory)

    def set_directory(self, source: str) -> Path:
        """Return where the results of a problem set lie."""
        return self.directory / set_name(source)

    def seed_directory(self, source: str, seed: int) -> Path:
        """Return where the episodes of a problem set and seed lie."""
        return self.set_directory(source) / seed_name(seed)

    def answers(self, source: str, seed: int, model: str) -> Path:
        """Return the file that keeps what a model answered until it is in episodes."""
        return self.seed_directory(source, seed) / "answers" / f"{model}.jsonl"

    def plan(
        self, source: str, problems: Sequence[Problem], seed: int, arms: Sequence[ArmSettings], reporter: Reporter
    ) -> EvaluationPlan:
        """Return what to sample of a problem set with a seed: these arms."""
        settings = self.recipe.evaluation().model_copy(update={"arms": tuple(arms)})
        directory = self.seed_directory(source, seed)
        return EvaluationPlan(settings, problems, self.recipe.k, seed, directory, reporter)

    def record(self) -> dict[str, Any]:
        """Return what eval.json says: `recipe`, `provenance`, `named` (`GridRecipe.named` as it was before there were
        results), `seen` (models and arms of all recipes so far), and `replay` where programs of another evaluation were
        judged again. {} when there is none."""
        path = self.directory / RECORD
        return read_record(path) if path.exists() else {}

    @contextmanager
    def open(self, replay: Mapping[str, Any] | None = None) -> Iterator[None]:
        """Make the directory, or take it up, and hold its lock. `replay`: which programs are judged again, and how.

        Raises `RunError` as `check`, or when another process works in it.
        """
        self.check(replay)
        try:
            self.directory.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise RunError(f"the directory {self.directory} cannot be made: {error}") from error
        with hold(self.directory / ".eval.lock", f"working on the evaluation in {self.directory}"):
            before, resolved = self.record(), self.recipe.model_dump(mode="json")
            if not self.has_begun():
                for path in self.directory.glob(f"*/{PROBLEMS}"):
                    path.unlink()
            named = self.recipe.named()
            if before and (self.directory / RESULTS).exists():
                named = before.get("named") or Grid.load(self.directory).recipe.named()
            again = {} if replay is None else {"replay": dict(replay)}
            seen = _seen(before) if self.has_begun() else {}
            seen = {kind: {**seen.get(kind, {}), **now} for kind, now in _rows(self.recipe).items()}
            written = {"recipe": resolved, "named": named, **again, "seen": seen, "provenance": provenance()}
            write_json(self.directory / RECORD, written)
            yield

    def check(self, replay: Mapping[str, Any] | None = None) -> None:
        """Raise `RunError` when the directory holds something else, or has begun another evaluation (naming the keys
        that differ), or another replay, or a replay where none is wanted."""
        record = self.record()
        if not record:
            if self.directory.is_file() or (
                self.directory.is_dir() and not all(map(is_half_written, self.directory.iterdir()))
            ):
                raise RunError(
                    f"{self.directory} is there and no evaluation (it has no {RECORD}); use another --output"
                )
        elif self.has_begun():
            self._refuse_other_programs(record.get("replay"), replay)
            self._refuse_other(Grid.load(self.directory).recipe, _seen(record))

    def has_begun(self) -> bool:
        """Whether there are answers or episodes."""
        return next(self.directory.glob("*/seed-*/**/*.jsonl"), None) is not None

    def _refuse_other_programs(self, old: Mapping[str, Any] | None, new: Mapping[str, Any] | None) -> None:
        if old != new:
            holds, wanted = ("sampled programs" if one is None else _replay_words(one) for one in (old, new))
            raise RunError(f"{self.directory} holds {holds}; for {wanted} use another --output")

    def _refuse_other(self, old: GridRecipe, seen: Mapping[str, Mapping[str, Any]]) -> None:
        before, now = (
            old.model_dump(mode="json", exclude={"models"}),
            self.recipe.model_dump(mode="json", exclude={"models"}),
        )
        changed = [line for line in differences(before, now) if not SPEED_KEYS.fullmatch(_key(line))]
        # A model or an arm that no recipe had so far is one more row, not another row.
        for kind, rows in _rows(self.recipe).items():
            for name in rows.keys() & seen[kind].keys():
                lines = differences(seen[kind][name], rows[name])
                changed += [f"{kind}.{name}.{line}" for line in lines if not SPEED_KEYS_OF_A_ROW.fullmatch(_key(line))]
        if changed:
            shown = "\n  ".join(changed[:8])
            raise RunError(
                f"{self.directory} belongs to another evaluation (old -> new):\n  {shown}\n"
                "use another --output, or restore these keys"
            )


def _rows(recipe: GridRecipe) -> dict[str, dict[str, Any]]:
    """Return models and arms by name, as JSON values."""
    return {
        "models": {name: model.model_dump(mode="json") for name, model in recipe.models.items()},
        "arms": {arm.name: arm.model_dump(mode="json") for arm in recipe.rows()},
    }


def _seen(record: Mapping[str, Any]) -> dict[str, Any]:
    return record.get("seen") or _rows(build(GridRecipe, record["recipe"], RECORD))


def _key(line: str) -> str:
    return line.partition(":")[0]


def _replay_words(replay: Mapping[str, Any]) -> str:
    return f"programs of {replay.get('of')!r} judged again (checker: {replay.get('checker') or 'of each problem'})"
