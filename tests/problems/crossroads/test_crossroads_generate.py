"""Drawing problems: splits, identities, statements, argument orders, settings."""

import json
import random
from collections import Counter

import pytest

from cppo.errors import ConfigError, DataError
from cppo.problems.crossroads import ALL, EQUAL, FAMILIES, SKEWED, Setting, generate, split_of
from cppo.problems.crossroads.family import Family, Strategy, redrawn


def only(family: str, trait: str) -> Setting:
    return Setting(families=(family,), traits={family: {trait: 1.0}})


def test_same_arguments_same_problems_and_a_longer_list_continues_a_shorter_one() -> None:
    first, again = generate(ALL, "train", 21, seed=5), generate(ALL, "train", 28, seed=5)
    assert first == again[:21]
    assert generate(ALL, "train", 21, seed=6) != first


def test_ids_are_stable_and_different() -> None:
    problems = generate(EQUAL, "test", 120, seed=0)
    assert len({problem.id for problem in problems}) == 120
    assert [problem.id for problem in problems[:3]] == [
        "crossroads/knapsack/757113e4cf8b87ef",
        "crossroads/prime_factor/f14475100dedb05b",
        "crossroads/next_term/fe1aa26c2a41741d",
    ]


def test_the_three_splits_share_no_statement() -> None:
    statements = {
        split: {problem.statement for seed in (0, 1) for problem in generate(EQUAL, split, 300, seed)}
        for split in ("train", "validation", "test")
    }
    assert not statements["train"] & statements["validation"]
    assert not statements["train"] & statements["test"]
    assert not statements["validation"] & statements["test"]
    for split, found in statements.items():
        assert {split_of(statement) for statement in found} == {split}
    assert all(len(found) > 580 for found in statements.values())  # of 600: statements hardly repeat


@pytest.mark.parametrize("family", FAMILIES)
def test_the_statement_is_drawn_before_and_apart_from_the_trait(family: str) -> None:
    by_trait = [
        [problem.statement for problem in generate(only(family, trait.name), "train", 4, seed=3)]
        for trait in FAMILIES[family].traits
    ]
    assert all(statements == by_trait[0] for statements in by_trait)


def test_both_wordings_and_all_argument_orders_occur() -> None:
    problems = generate(Setting(families=("knapsack",)), "train", 200, seed=0)
    assert len({tuple(problem.metadata["arguments"]) for problem in problems}) == 6
    assert min(Counter(problem.metadata["wording"] for problem in problems).values()) > 70


def test_tests_follow_the_argument_order_of_the_statement() -> None:
    for problem in generate(ALL, "validation", 70, seed=1):
        family = FAMILIES[problem.metadata["family"]]
        order = problem.metadata["arguments"]
        assert problem.statement.endswith(f"solve({', '.join(order)}).")
        assert sorted(order) == sorted(family.arguments)
        for test in problem.tests:
            given = dict(zip(order, test.input, strict=True))
            assert family.oracle(**given) == test.output


def test_problems_are_calls_with_a_line_limit_and_plain_json() -> None:
    setting = Setting(families=("coins",), line_limit=500, tests_per_problem=3)
    for problem in generate(setting, "train", 10, seed=0):
        assert (problem.mode, problem.entry_point, problem.checker) == ("call", "solve", None)
        assert problem.limits.lines == 500
        assert len(problem.tests) == 3
        assert len({json.dumps(test.input) for test in problem.tests}) == 3
        plain = json.dumps([[test.input, test.output] for test in problem.tests])
        assert json.loads(plain) == [[test.input, test.output] for test in problem.tests]
        assert json.loads(json.dumps(problem.metadata)) == problem.metadata


def test_families_take_turns_and_traits_follow_their_weights() -> None:
    setting = Setting(families=("next_term", "coins"), traits={"next_term": {"ratio": 3, "cycle": 1}})
    problems = generate(setting, "train", 800, seed=0)
    assert [problem.metadata["family"] for problem in problems[:4]] == ["next_term", "coins"] * 2
    counts = Counter(p.metadata["trait"] for p in problems if p.metadata["family"] == "next_term")
    assert set(counts) == {"ratio", "cycle"}
    assert counts["ratio"] / 400 == pytest.approx(0.75, abs=0.07)  # three standard errors
    coins = Counter(p.metadata["trait"] for p in problems if p.metadata["family"] == "coins")
    assert len(coins) == 4


def test_published_settings() -> None:
    assert SKEWED.families == ALL.families == tuple(FAMILIES)
    traits, shares = SKEWED.traits_of("shortest_path")
    assert [trait.name for trait in traits] == ["unit", "positive", "negative, nine nodes", "dag", "chain"]
    assert shares[1] / shares[0] == pytest.approx(2**-0.8)
    assert sum(shares) == pytest.approx(1.0)
    assert EQUAL.traits_of("prime_factor")[1] == (0.25,) * 4


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"families": ("knapsac",)}, r"unknown crossroads family 'knapsac' \(did you mean 'knapsack'\?\)"),
        ({"families": ()}, "name at least one"),
        ({"families": ("coins", "coins")}, "each of them once"),
        ({"families": ("coins",), "traits": {"split": {"twins": 1}}}, "'split', which is not among"),
        ({"families": ("split",), "traits": {"split": {"twin": 1}}}, "did you mean 'twins'"),
        ({"families": ("split",), "traits": {"split": {"twins": 0}}}, "weights are positive"),
        ({"families": ("split",), "traits": {"split": {"twins": float("nan")}}}, "weights are positive"),
        ({"families": ("split",), "traits": {"split": {}}}, "empty"),
        ({"families": ("split",), "strategies": {"split": ("cutt",)}}, "did you mean 'cut'"),
        ({"families": ("split",), "strategies": {"split": ("cut", "cut")}}, "each of them once"),
        ({"families": ("split",), "strategies": {"split": ()}}, "at least one"),
        ({"families": ("split",), "line_limit": 0}, "line_limit is 0"),
        ({"families": ("split",), "tests_per_problem": 0}, "tests_per_problem is 0"),
    ],
)
def test_a_setting_refuses_what_it_cannot_draw(arguments: dict, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        Setting(**arguments)


def test_unknown_split_and_negative_count() -> None:
    with pytest.raises(ConfigError, match="did you mean 'validation'"):
        generate(EQUAL, "valid", 1, seed=0)  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="count is -1"):
        generate(EQUAL, "train", -1, seed=0)
    assert generate(EQUAL, "train", 0, seed=0) == []


def test_redrawing_stops_when_a_decoy_is_always_right() -> None:
    right = Strategy("right", "Right.", "def solve(n):\n    return n\n")
    make = redrawn(lambda _: [1], lambda n: n, (right,))
    with pytest.raises(DataError, match="on which all of these miss: right"):
        make(random.Random(0))


def test_a_family_checks_its_parts() -> None:
    coins = FAMILIES["coins"]
    wrong = Strategy("wrong", "Wrong.", "def solve(target, denominations):\n    return 0\n")
    with pytest.raises(DataError, match="exactly once"):
        Family("x", coins.arguments, coins.wordings, (wrong,), coins.traits, coins.oracle)
    with pytest.raises(DataError, match="every strategy must be different"):
        Family("x", coins.arguments, coins.wordings, coins.strategies[:1] * 2, coins.traits, coins.oracle)
