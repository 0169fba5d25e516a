"""Every kind of corruption turns a good tuple into a bad one, and says where it goes wrong."""

from __future__ import annotations

import random

import pytest

from cppo.problems import Problem, TestCase
from cppo.text import PlanFormatError, normalise_method, parse_plan
from cppo.training.corruptions import CORRUPTIONS, FILLERS, STEPS, Context, corrupt, labelled

METHODS = ("Sort by deadline.", "Table over sums.", "Try every subset.", "Shortest path on states.")
STRANGERS = ("Count letters.", "Divide by the root.")
PROBLEM = Problem("p", "s", [TestCase("1", "17")], solutions=("def f(x):\n    return x + 1\n",))
CONTEXT = Context(PROBLEM, STRANGERS)


def parses(text: str) -> bool:
    try:
        parse_plan(text, len(METHODS))
    except PlanFormatError:
        return False
    return True


@pytest.mark.parametrize("kind", sorted(CORRUPTIONS))
def test_lines_before_the_first_bad_one_are_the_originals(kind: str) -> None:
    for seed in range(60):
        bad = corrupt(kind, METHODS, CONTEXT, random.Random(seed))
        good = labelled(METHODS)
        assert list(bad.lines[: bad.first_bad]) == good[: bad.first_bad]
        assert list(bad.lines) != good
        assert bad.lines[bad.first_bad] != good[bad.first_bad]
        assert len(bad.lines) == len(METHODS)


def test_exact_duplicates_and_wrong_labels_do_not_parse() -> None:
    outcomes = {
        kind: {parses(corrupt(kind, METHODS, CONTEXT, random.Random(s)).text) for s in range(60)}
        for kind in CORRUPTIONS
    }
    assert outcomes["wrong_label"] == {False}
    assert outcomes["duplicate"] == {True, False}  # reworded ones are left to the model
    assert outcomes["filler"] == outcomes["foreign"] == outcomes["step_split"] == {True}


def test_a_duplicate_repeats_an_earlier_method() -> None:
    for seed in range(40):
        bad = corrupt("duplicate", METHODS, CONTEXT, random.Random(seed))
        copy = normalise_method(bad.lines[bad.first_bad].split(": ", 1)[1])
        assert any(normalise_method(method) in copy for method in METHODS[: bad.first_bad])


def test_fillers_leaks_steps_and_strangers() -> None:
    text = {kind: corrupt(kind, METHODS, CONTEXT, random.Random(3)).text for kind in CORRUPTIONS}
    assert any(f in text["filler"] for f in FILLERS)
    assert "The answer is" in text["answer_leak"] or "return x + 1" in text["answer_leak"]
    assert all(step in text["step_split"] for step in STEPS)
    assert any(s in text["foreign"] for s in STRANGERS)


def test_without_strangers_a_foreign_corruption_is_filler() -> None:
    bad = corrupt("foreign", METHODS, Context(PROBLEM, ()), random.Random(0))
    assert any(f in bad.text for f in FILLERS)
