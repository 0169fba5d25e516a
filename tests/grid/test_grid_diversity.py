"""Diversity of programs."""

from __future__ import annotations

import warnings

import pytest

from cppo.episodes import Branch, Episode
from cppo.grid.diversity import program_diversity
from cppo.verifier import Verdict


def episode(problem: str, *programs: str, index: int = 0) -> Episode:
    return Episode("arm", problem, index, tuple(Branch(None, program, Verdict.WA) for program in programs))


LOOP, SAME, SUM, BROKEN = "for i in x:\n    f(i)", "for a in b:\n    print(a)", "print(sum(x))", "print("


def test_names_and_constants_make_no_other_program() -> None:
    # counts (2, 1, 1) and (4): 2.8284 and 1 effective programs, a quarter and three quarters repeat
    one, two = episode("p", LOOP, SAME, SUM, BROKEN), episode("q", "print(1)", "print(2)", "f(3)", "g('x')")
    found = program_diversity([one, two], 4, True)
    assert found["effective_programs"] == pytest.approx((2.8284 + 1) / 2, abs=1e-4)
    assert found["duplicate_programs"] == pytest.approx((0.25 + 0.75) / 2)


def test_what_python_thinks_of_a_program_is_not_told() -> None:
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        assert program_diversity([episode("p", "print('\\d')", "1 is 1")], 2, True)["duplicate_programs"] == 0.0
    assert heard == []


def test_independent_attempts_are_taken_k_at_a_time_and_tuples_whole() -> None:
    episodes = [episode("p", LOOP, SUM, SUM, SUM, BROKEN), episode("q", LOOP)]
    assert program_diversity(episodes, 2, True)["effective_programs"] == pytest.approx(
        1.5
    )  # (2 + 1)/2; the rest is cut
    tuples = [episode("p", LOOP, SUM), episode("p", index=1), episode("p", SUM, SUM, index=2)]
    assert program_diversity(tuples, 2, False)["duplicate_programs"] == pytest.approx(0.25)
    assert program_diversity([episode("p")], 2, False) == {"effective_programs": None, "duplicate_programs": None}
