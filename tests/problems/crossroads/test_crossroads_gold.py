"""Gold plans, gold programs and recognising sentences."""

import random
from collections import Counter

import pytest

from cppo.errors import ConfigError, DataError
from cppo.problems import Problem
from cppo.problems.crossroads import (
    ALL,
    FAMILIES,
    Setting,
    find_any,
    find_strategy,
    generate,
    gold_plan,
    gold_strategy,
    program_for,
    strategies_of,
)

THREE = Setting(families=("split",), strategies={"split": ("cut", "sum set", "longest first")})


def test_plan_frequencies_follow_the_prior_without_replacement() -> None:
    """Weights 1, 2^-1.5 = .353553, 3^-1.5 = .192450 sum to 1.546003.

    P(cut, sum set) = .646829 · .353553/.546003 = .418845; P(longest first, cut) = .124482 · 1/1.353553 = .091967.
    """
    (problem,) = generate(THREE, "train", 1, seed=0)
    rng = random.Random(0)
    counts = Counter(tuple(s.name for s in gold_plan(problem, rng, 2)) for _ in range(20_000))
    assert counts["cut", "sum set"] / 20_000 == pytest.approx(0.418845, abs=0.011)
    assert counts["longest first", "cut"] / 20_000 == pytest.approx(0.091967, abs=0.007)
    single = Counter(gold_strategy(problem, rng).name for _ in range(20_000))
    assert single["cut"] / 20_000 == pytest.approx(0.646829, abs=0.011)
    assert single["sum set"] / 20_000 == pytest.approx(0.228688, abs=0.009)


def test_the_prior_may_be_flatter() -> None:
    """Exponent 1: weights 1, 1/2, 1/3 sum to 11/6: P(cut first) = 6/11. Exponent 0: all are alike."""
    (problem,) = generate(THREE, "train", 1, seed=0)
    rng = random.Random(0)
    for exponent, expected in ((1.0, 6 / 11), (0.0, 1 / 3)):
        first = Counter(gold_plan(problem, rng, 2, exponent)[0].name for _ in range(20_000))
        assert first["cut"] / 20_000 == pytest.approx(expected, abs=0.011)


def test_the_plan_does_not_look_at_the_trait() -> None:
    traits = {trait.name: trait for trait in FAMILIES["knapsack"].traits}
    plans = []
    for trait in traits:
        setting = Setting(families=("knapsack",), traits={"knapsack": {trait: 1.0}})
        (problem,) = generate(setting, "train", 1, seed=0)
        plans.append([s.name for s in gold_plan(problem, random.Random(7), 4)])
    assert all(plan == plans[0] for plan in plans)
    assert len(set(plans[0])) == 4


def test_strategies_of_keeps_the_order_of_the_setting() -> None:
    (problem,) = generate(THREE, "train", 1, seed=0)
    assert [s.name for s in strategies_of(problem)] == ["cut", "sum set", "longest first"]
    for k in (0, 4):
        with pytest.raises(ConfigError, match="allows 1 to 3"):
            gold_plan(problem, random.Random(0), k)


def test_programs_take_the_arguments_in_the_order_of_the_statement() -> None:
    by_value = FAMILIES["knapsack"].strategy("by value")
    for problem in generate(Setting(families=("knapsack",)), "train", 12, seed=0):
        program = program_for(problem, by_value)
        assert program.startswith(f"def solve({', '.join(problem.metadata['arguments'])}):\n")
        assert program.splitlines()[1:] == by_value.program.splitlines()[1:]


def test_a_program_of_another_family_and_a_problem_from_elsewhere_are_refused() -> None:
    (problem,) = generate(THREE, "train", 1, seed=0)
    with pytest.raises(DataError, match="not one of family 'split'"):
        program_for(problem, FAMILIES["coins"].strategies[0])
    with pytest.raises(DataError, match="only crossroads problems"):
        strategies_of(Problem(id="p", statement="", tests=()))


def test_sentences_are_short_different_and_found_again() -> None:
    sentences = [s.sentence for family in FAMILIES.values() for s in family.strategies]
    assert len(sentences) == len({sentence.lower() for sentence in sentences}) == 45
    assert all(4 <= len(sentence.split()) <= 14 for sentence in sentences)
    for name, family in FAMILIES.items():
        for strategy in family.strategies:
            assert find_any(strategy.sentence) == (name, strategy)
            assert find_strategy(name, "  " + strategy.sentence.upper().rstrip(".").replace(" ", "\n ")) == strategy


def test_a_foreign_or_invented_sentence_is_not_the_familys() -> None:
    cut = FAMILIES["split"].strategy("cut")
    assert find_strategy("coins", cut.sentence) is None
    assert find_any("Guess the answer.") is None
    assert find_any("") is None
    with pytest.raises(ConfigError, match="did you mean 'coins'"):
        find_strategy("coin", cut.sentence)


def test_programs_are_short_and_carry_no_numbers_of_the_problem() -> None:
    problems = {p.metadata["family"]: p for p in generate(ALL, "train", 7, seed=0)}
    for problem in problems.values():
        for strategy in strategies_of(problem):
            program = program_for(problem, strategy)
            assert len(program.splitlines()) <= 14
            compile(program, "<program>", "exec")
