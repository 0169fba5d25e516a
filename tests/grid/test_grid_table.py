"""Evaluations side by side."""

from __future__ import annotations

from typing import Any

import pytest

from cppo.cli.table import markdown
from cppo.errors import ConfigError
from cppo.grid.table import lay_out


def evaluation(name: str, p_values: list[float], subject: str = "cppo", **changes: Any) -> dict[str, Any]:
    """Two arms on as many sets as there are p-values. `changes`: of every set's result, or of its problems."""
    cell = {"mean": 0.5, "low": 0.25, "high": 0.75}
    tokens = {"planner": {"mean": 30.4}, "solver": {"mean": 200.0}}
    return {
        "name": name,
        "subject": subject,
        "comparator": "pkpo",
        "named_beforehand": {"subject": True, "comparator": True},
        "results": {
            f"set{i}": {
                "ks": [1, 4], "at": 4, "k": 4, "budget": 4, "seeds": [0, 1, 2], "confidence": 0.95, "warnings": [],
                "problems": {
                    "set": f"set{i}", "test": 10, "tests": 70, "fingerprint": f"f{i}", "first_contest": "2025-01-04",
                    "last_contest": "2025-04-06", "repository": "who/what", "revision": "abc",
                    "files": [{"name": "test.jsonl", "bytes": 5}], **changes.get("problems", {}),
                },
                "arms": [
                    {"name": arm, "title": arm.upper(), "pass_at": {"1": cell, "4": cell}, "tokens": tokens}
                    for arm in ("pkpo", subject)
                ],
                "comparisons": [
                    {
                        "other": "pkpo", "k": 4, "difference": 0.1, "low": 0.05, "high": 0.15, "p_value": p, "seeds": 3,
                        "holm_p": p, "significant": True, "minimum_detectable": 0.0714,
                    }
                ],
                **{key: value for key, value in changes.items() if key != "problems"},
            }
            for i, p in enumerate(p_values)
        },
    }  # fmt: skip


def test_leads_are_corrected_over_all_columns() -> None:
    # Holm over nine cells: 9 × .001, 8 × .004, 7 × .008, 6 × .012 …, never falling; .05 is passed after two
    p = [0.001, 0.004, 0.008, 0.012, 0.02, 0.03, 0.04, 0.2, 0.6]
    laid = lay_out({"4B": evaluation("4B", p[:3]), "9B": evaluation("9B", p[3:])}, 4, "pkpo")
    assert [(c["group"], c["set"]) for c in laid["columns"]][2:4] == [("4B", "set2"), ("9B", "set0")]
    leads = [column["lead"] for column in laid["columns"]]
    assert [lead["holm_p"] for lead in leads[:4]] == pytest.approx([0.009, 0.032, 0.056, 0.072])
    assert [lead["significant"] for lead in leads] == [True, True] + [False] * 7


def test_markdown_has_a_row_for_every_method_and_the_lead() -> None:
    lines = markdown(lay_out({"4B": evaluation("4B", [0.01])}, 4, "pkpo")).splitlines()
    assert lines == [
        "| pass@4 | 4B set0 |",
        "| --- | --- |",
        "| PKPO | 0.500 [0.250, 0.750] |",
        "| CPPO | 0.500 [0.250, 0.750] |",
        "| CPPO − PKPO | +0.100 [+0.050, +0.150] |",
        "| p (Holm over the row) | 0.0100 |",
        "| detectable difference | 0.071 |",
        "",
        "- 4 programs a problem, K = 4, seeds 0, 1, 2, 95 % intervals over problems and seeds",
        "- 4B set0: 10 problems, contests 2025-01-04 to 2025-04-06, 70 tests, who/what abc test.jsonl; completion "
        "tokens a problem, planner + solver: PKPO 30 + 200; CPPO 30 + 200",
    ]
    assert markdown(lay_out({"4B": evaluation("4B", [0.01])}, 1, None)).splitlines()[4] == ""


def test_few_seeds_are_said() -> None:
    few = {"seeds": [0], "warnings": ["1 seed, fewer than 3: seed noise is not covered"]}
    lines = markdown(lay_out({"4B": evaluation("4B", [0.01, 0.02], **few)}, 4, None)).splitlines()
    assert lines.count("- 1 seed, fewer than 3: seed noise is not covered") == 1
    assert "- 4 programs a problem, K = 4, seeds 0, 95 % intervals over problems" in lines


def test_the_comparator_is_that_of_the_recipes() -> None:
    laid = lay_out({"4B": evaluation("4B", [0.01]), "9B": evaluation("9B", [0.02])}, 4, None)
    assert (laid["against"], laid["named_beforehand"]) == ("pkpo", True)
    assert "arms were not compared at pass@1" in markdown(lay_out({"4B": evaluation("4B", [0.01])}, 1, None))
    for other, words in (
        (
            {"comparator": ""},
            "no lead over a comparator: the recipes do not name the same comparator (4B: pkpo, 9B: none)",
        ),
        ({"subject": "other"}, "the recipes do not name the same subject (4B: cppo, 9B: other)"),
    ):
        text = markdown(lay_out({"4B": evaluation("4B", [0.01]), "9B": {**evaluation("9B", [0.02]), **other}}, 4, None))
        assert words in text
        assert "Holm" not in text
    none = lay_out({"4B": {**evaluation("4B", [0.01]), "comparator": ""}}, 4, None)
    assert (none["against"], none["no_lead"]) == (None, "no recipe names a comparator; --against ARM takes one")


@pytest.mark.parametrize(
    "late",
    [{"comparator": ""}, {"comparator": "cppo"}, {"named_beforehand": {"subject": True, "comparator": False}}],
)
def test_a_choice_after_looking_is_said_to_be_one(late: dict[str, Any]) -> None:
    both = {"4B": evaluation("4B", [0.01]), "9B": {**evaluation("9B", [0.02]), **late}}
    laid = lay_out(both, 4, "pkpo")
    assert laid["named_beforehand"] is False
    assert "CPPO against PKPO was not named before the results" in markdown(laid)
    assert "not named before" not in markdown(lay_out({"4B": evaluation("4B", [0.01])}, 4, "pkpo"))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"budget": 8}, "programs a problem: 4 in 4B, set0, 8 in 9B, set0"),
        ({"k": 2}, "K: 4 in 4B, set0, 2 in 9B, set0"),
        ({"seeds": [0]}, r"seeds: \[0, 1, 2\] in 4B, set0, \[0\] in 9B, set0"),
        (
            {"problems": {"fingerprint": "g", "test": 9}},
            r"4B, set0 \(10 problems\) and 9B, set0 \(9\) are not the same",
        ),
    ],
)
def test_columns_of_other_budgets_seeds_or_problems_are_refused(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        lay_out({"4B": evaluation("4B", [0.01]), "9B": evaluation("9B", [0.01], **changes)}, 4, None)


def test_what_cannot_be_compared_is_refused() -> None:
    both = {"4B": evaluation("4B", [0.01]), "9B": evaluation("9B", [0.01], subject="other")}
    with pytest.raises(ConfigError, match="different subjects"):
        lay_out(both, 4, "pkpo")
    assert lay_out(both, 4, None)["subject"] is None
    with pytest.raises(ConfigError, match=r"pass@8 was not evaluated; it has \[1, 4\]"):
        lay_out(both, 8, None)
    with pytest.raises(ConfigError, match="pkp"):
        lay_out({"4B": evaluation("4B", [0.01])}, 4, "pkp")
    with pytest.raises(ConfigError, match="compared at pass@4"):
        lay_out({"4B": evaluation("4B", [0.01])}, 1, "pkpo")
