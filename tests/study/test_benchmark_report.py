"""The Markdown that `benchmarks/study.py` makes of a result."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest


def _load(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("benchmark_of_studies", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


benchmark = _load(Path(__file__).parents[2] / "benchmarks" / "study.py")


def cell(mean: float) -> dict[str, Any]:
    return {"mean": mean, "low": mean - 0.1, "high": mean + 0.1, "seeds": [mean]}


def arm(name: str, title: str, k: int = 4, gain: dict[str, Any] | None = None) -> dict[str, Any]:
    return {
        "name": name, "title": title, "k": k, "pass_at": {"1": cell(0.2), "4": cell(0.8)}, "coordination_gain": gain,
        "effective_strategies": cell(1.9), "true_validity": cell(0.9), "training_programs": 32,
        "equal_tokens": {"1": None, "4": {"programs": 5, **cell(0.5)} if gain is None else None},
    }  # fmt: skip


def result(standard_error: float) -> dict[str, Any]:
    lead = {"value": 0.1, "low": 0.1, "high": 0.1, "standard_error": standard_error}
    return {
        "seeds": [0], "problems": {"test": 2}, "budget": 8, "confidence": 0.95, "warnings": ["1 training seed"],
        "k": 4, "at": 4, "ks": [1, 4], "subject": "cppo",
        "arms": [arm("pairs", "K = 2 | pairs", 2, cell(0.25)), arm("pkpo", "PKPO"), arm("cppo", "CPPO", 4, cell(0.25))],
        "comparisons": [
            {
                "other": "pkpo", "difference": 0.3, "low": 0.1, "high": 0.5, "p_value": 0.001, "holm_p": 0.002,
                "permutation_p": 0.00004, "seed_p": None,
            }
        ],
        "limits": {k: {"independent": 0.7, "coordinated": 1.0} for k in ("1", "4")},
        "against_limits": {"4": {"above_independent": lead, "share_of_coordinated": {**lead, "value": 0.8}}},
    }  # fmt: skip


@pytest.mark.parametrize(
    ("error", "words"), [(0.02, "+0.100, 5.0 standard errors"), (0.0, "+0.100, all problems and seeds alike")]
)
def test_a_lead_is_told_in_standard_errors_where_there_are_some(error: float, words: str) -> None:
    assert any(words in line for line in benchmark.report(result(error), ablations=False))


def test_gain_and_equal_tokens_have_their_intervals() -> None:
    lines = [*benchmark.report(result(0.02), ablations=False)]
    (row,) = [line for line in lines if line.startswith("| PKPO |")]
    assert "0.500 [0.400, 0.600] (5)" in row
    assert row.endswith("| +0.300 [+0.100, +0.500] | 0.0020 | < 0.0001 |  |")
    (row,) = [line for line in lines if line.startswith("| **CPPO** |")]
    assert "0.250 [0.150, 0.350]" in row


def test_an_ablation_of_another_k_says_of_which_k_its_figures_are() -> None:
    lines = [*benchmark.report(result(0.02), ablations=True)]
    (row,) = [line for line in lines if line.startswith(r"| K = 2 \| pairs |")]  # the bar is no column
    assert "| 1.90 (of K = 2) | 0.250 [0.150, 0.350] (of K = 2) |" in row
    (row,) = [line for line in lines if line.startswith("| **CPPO** |")]
    assert "| 1.90 | 0.250 [0.150, 0.350] |" in row
