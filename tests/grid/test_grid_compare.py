"""Two evaluations against each other."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scripted_model import Model

from cppo.cli import table
from cppo.cli.grid import carry_out
from cppo.errors import ConfigError, RunError
from cppo.grid.compare import compare_grids
from cppo.grid.layout import Grid
from cppo.grid.run import run_grid
from cppo.measures import compare
from cppo.policy.engine import Completion, Done, GenerationRequest, StopReason
from cppo.progress import Reporter


class Wrong(Model):
    """A model that is right about even numbers alone."""

    def generate(self, requests: Any, on_done: Done | None = None) -> list[Completion]:
        def program(request: GenerationRequest) -> str:
            number = request.prompt.text.split("Print ")[1].split(".")[0]
            return f"print({number if int(number) % 2 == 0 else 99})"

        found = [Completion(program(request), (0,), (0,), StopReason.END) for request in requests]
        for i, completion in enumerate(found):
            if on_done is not None:
                on_done(i, completion)
        return found


@pytest.fixture
def finished(tmp_path: Path, recipe: Callable[..., Any]) -> Callable[..., Grid]:
    """Return a maker of finished evaluations: `finished(name, model, **changes of the recipe)`."""

    def make(name: str, model: Model, **changes: Any) -> Grid:
        grid, quiet = Grid(recipe(name=name, **{"methods": ["direct"], **changes}), tmp_path / name), Reporter()
        carry_out(grid, quiet, lambda sets: run_grid(grid, sets, quiet, model))
        return grid

    return make


def test_the_difference_is_paired_by_problem(finished: Callable[..., Grid]) -> None:
    a, b = finished("a", Model(), seeds=[0, 1]), finished("b", Wrong(), seeds=[0, 1])
    found = compare_grids(a, b, 500)
    (cell,) = found["cells"]
    results = [json.loads((grid.directory / "results.json").read_text()) for grid in (a, b)]
    means = [next(iter(r["results"].values()))["arms"][0]["pass_at"]["2"]["mean"] for r in results]
    assert (cell["mean_a"], cell["mean_b"]) == pytest.approx(means)
    assert cell["mean_b"] == pytest.approx(3 / 5)
    assert cell["difference"] == pytest.approx(means[0] - means[1])
    assert (found["a"], found["b"], cell["k"], cell["problems"], cell["seeds_a"]) == ("a", "b", 2, 5, 2)
    assert cell["holm_p"] == cell["p_value"]
    assert found["warnings"] == ["2 seeds, fewer than 3: seed noise is not covered"]
    same = compare_grids(b, b, 500)["cells"][0]
    want = compare(np.array([[1, 0, 1, 0, 1]] * 2), np.array([[1, 0, 1, 0, 1]] * 2), resamples=500)
    assert (same["difference"], same["low"], same["high"], same["p_value"]) == (0, want.low, want.high, want.p_value)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"seeds": [1]}, r"seeds: \[0\] in .*, \[1\] in "),
        ({"attempts": 4}, "attempts: 2 in .*, 4 in "),
        ({"program_tokens": 9}, "program_tokens: 2048 in .*, 9 in "),
        ({"limit": 4}, "is not the same in both: 5 problems in .*, 4 in "),
        ({"methods": ["tuple"]}, r"no arm \(name and method\) is in both evaluations: direct \(direct\) in A; tuple"),
        ({"verifier": {"cpu_seconds": 9.0}}, "verifier.cpu_seconds: "),
    ],
)
def test_other_seeds_budgets_or_problems_are_refused(
    finished: Callable[..., Grid], changes: dict[str, Any], words: str
) -> None:
    a, b = finished("a", Model()), finished("b", Model(), **changes)
    with pytest.raises(ConfigError, match=words):
        compare_grids(a, b, 100)


def test_other_tests_are_other_problems(finished: Callable[..., Grid], problems: Path) -> None:
    a = finished("a", Model())
    problems.write_text(problems.read_text().replace('"output": "4"', '"output": "5"'))
    with pytest.raises(ConfigError, match="or other tests; evaluate both on the same"):
        compare_grids(a, finished("b", Model()), 100)


def test_the_command_prints_a_table_or_json(finished: Callable[..., Grid], capsys: pytest.CaptureFixture[str]) -> None:
    both = [str(finished("a", Model()).directory), str(finished("b", Wrong()).directory)]
    asked = argparse.Namespace(directories=both, resamples=200, json=True)
    assert table.compare(asked) == 0
    (cell,) = json.loads(capsys.readouterr().out)["cells"]
    assert table.compare(argparse.Namespace(directories=both, resamples=200, json=False)) == 0
    told = capsys.readouterr().out
    assert "a − b: seeds 0, 1 comparison, 95 % intervals" in told
    assert f"{cell['difference']:+.3f} [{cell['low']:+.3f}, {cell['high']:+.3f}]" in told
    assert "note: 1 seed, fewer than 3: seed noise is not covered" in told
    with pytest.raises(ConfigError, match="1 directories are given; evaluations are compared by twos"):
        table.compare(argparse.Namespace(directories=both[:1], resamples=200, json=False))


def test_an_unfinished_evaluation_is_refused(finished: Callable[..., Grid]) -> None:
    a, b = finished("a", Model()), finished("b", Model())
    (b.directory / "results.json").unlink()
    with pytest.raises(RunError, match=r"b has no results of .* yet"):
        compare_grids(a, b, 100)
