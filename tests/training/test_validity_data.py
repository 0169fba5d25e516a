"""The training data of the validity model: balance, prefixes, splits, files, gates."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from cppo.errors import DataError
from cppo.problems import Problem, TestCase
from cppo.training.planner import GoldTuple, read_gold_tuples
from cppo.training.settings import ValiditySettings
from cppo.training.validity import acceptance, judged_plans, read_judged_plans, split_by_problem

METHODS = ("One way.", "Another way.", "A third way.", "A fourth way.")


def problem(name: str) -> Problem:
    return Problem(name, f"statement {name}", [TestCase("1", "2")])


PROBLEMS = [problem(f"p{i}") for i in range(40)]
TUPLES = [GoldTuple(p, METHODS) for p in PROBLEMS for _ in range(2)]


def test_classes_are_one_to_one_within_every_problem() -> None:
    plans = judged_plans(TUPLES, lambda p: ["Foreign."], {}, 0, seed=0)
    for p in PROBLEMS:
        assert Counter(plan.label for plan in plans if plan.problem is p) == {1: 2, 0: 2}


def test_weights_choose_the_kinds() -> None:
    rare = dict.fromkeys(("duplicate", "wrong_label", "filler", "answer_leak", "step_split"), 1e-09)
    plans = judged_plans(TUPLES, lambda p: ["Foreign."], rare, 0, seed=0)
    assert {plan.kind for plan in plans} == {"good", "foreign"}


def test_prefixes_are_labelled_by_what_is_wrong_up_to_there() -> None:
    plans = judged_plans(TUPLES, lambda p: ["Foreign."], {}, 3, seed=0)
    prefixes = [plan for plan in plans if not plan.whole]
    assert len(prefixes) == len(TUPLES) * 6
    good = [f"{label}: {method}" for label, method in zip("ABCD", METHODS, strict=True)]
    for plan in prefixes:
        lines = plan.text.splitlines()
        assert plan.label == int(lines == good[: len(lines)])


def test_the_split_is_by_problem() -> None:
    train, held_out = split_by_problem(judged_plans(TUPLES, lambda p: [], {}, 1, seed=0), 0.25, seed=0)
    assert {p.problem.id for p in train}.isdisjoint({p.problem.id for p in held_out})
    assert len({p.problem.id for p in held_out}) == 10


def write(path: Path, rows: list[object]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_judged_plans_from_a_file_are_balanced(tmp_path: Path) -> None:
    rows: list[object] = [{"problem_id": "p0", "plan": "A: x", "label": label} for label in ("Pass", "Fail", "Fail")]
    rows.append({"problem_id": "p1", "plan": "A: x", "label": True})
    plans = read_judged_plans(write(tmp_path / "j.jsonl", rows), PROBLEMS)
    assert [(p.problem.id, p.label) for p in plans] == [("p0", 1), ("p0", 0)]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"problem_id": "p0", "plan": "A: x"}, "line 1"),
        ({"problem_id": "q", "plan": "A: x", "label": "Pass"}, "unknown problem 'q'"),
        ({"problem_id": "p0", "plan": "A: x", "label": "maybe"}, "label 'maybe'"),
    ],
)
def test_bad_judged_plans_name_the_line(tmp_path: Path, row: dict[str, object], message: str) -> None:
    with pytest.raises(DataError, match=message):
        read_judged_plans(write(tmp_path / "j.jsonl", [row]), PROBLEMS)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"problem_id": "p0", "methods": ["a", "b", "c"]}, "exactly 4"),
        ({"problem_id": "p0", "methods": ["a", "b", "c", "A."]}, "are the same"),
        ({"problem_id": "p00", "methods": list(METHODS)}, "did you mean"),
        ({"methods": list(METHODS)}, "a gold tuple is"),
    ],
)
def test_bad_gold_tuples_name_the_line(tmp_path: Path, row: dict[str, object], message: str) -> None:
    with pytest.raises(DataError, match=f"line 1.*{message}"):
        read_gold_tuples(write(tmp_path / "g.jsonl", [row]), PROBLEMS, 4)


class FakeJudge:
    """Scores good plans .9 and foreign ones .8; everything else .1."""

    tau = 0.5

    def scores(self, items: list[tuple[str, str]]) -> np.ndarray:
        good = [f"{label}: {method}" for label, method in zip("ABCD", METHODS, strict=True)]
        return np.array([0.9 if plan.splitlines() == good else 0.8 if "Foreign." in plan else 0.1 for _, plan in items])


def test_an_auc_gate_alone_would_pass_a_judge_that_accepts_every_foreign_method() -> None:
    plans = judged_plans(TUPLES, lambda p: ["Foreign."], {}, 0, seed=0)
    facts = acceptance(FakeJudge(), plans, ValiditySettings(), 4)  # type: ignore[arg-type]
    assert facts["auc"] == 1.0
    assert facts["rejection"]["foreign"] == 0.0
    assert facts["rejection"]["filler"] == 1.0
    assert facts["missed"] == ["rejection of foreign 0.000 < 0.5"]


def test_the_parser_does_not_vouch_for_the_model() -> None:
    """A judge that accepts every duplicate is not accepted, though the parser refuses half of them."""

    class Lenient(FakeJudge):
        def scores(self, items: list[tuple[str, str]]) -> np.ndarray:
            return np.full(len(items), 0.9)

    rare = dict.fromkeys(("wrong_label", "filler", "answer_leak", "step_split", "foreign"), 1e-9)
    plans = judged_plans(TUPLES, lambda p: ["Foreign."], rare, 0, seed=0)
    facts = acceptance(Lenient(), plans, ValiditySettings(min_auc=0, min_balanced_accuracy=0, min_precision=0), 4)  # type: ignore[arg-type]
    assert facts["rejection_whole"]["duplicate"] > 0.4
    assert facts["rejection"]["duplicate"] < 0.5
    assert any("duplicate" in line for line in facts["missed"])


def test_kinds_that_never_parse_have_no_rate_of_their_own() -> None:
    plans = judged_plans(TUPLES, lambda p: ["Foreign."], {}, 0, seed=0)
    facts = acceptance(FakeJudge(), plans, ValiditySettings(), 4)  # type: ignore[arg-type]
    assert "wrong_label" not in facts["rejection"]
    assert facts["rejection_whole"]["wrong_label"] == 1.0


def test_tau_follows_the_recall_asked_for() -> None:
    judge = FakeJudge()
    plans = judged_plans(TUPLES, lambda p: ["Foreign."], {}, 0, seed=0)
    facts = acceptance(judge, plans, ValiditySettings(recall_target=0.99), 4)  # type: ignore[arg-type]
    assert judge.tau == pytest.approx(0.9)
    assert facts["missed"] == []
