from math import isnan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cppo.errors import ConfigError, DataError
from cppo.measures import (
    ast_distance,
    distinct_n,
    duplicate_rate,
    effective_strategies,
    judged_strategies,
    mean_ast_distance,
)

LOOP = "def solve(a):\n    t = 0\n    for x in a:\n        t += x\n    return t\n"
RENAMED = "def solve(values):\n    total = 7\n    for v in values:\n        total += v\n    return total\n"
CALL = "def solve(a):\n    return sum(a)\n"


@pytest.mark.parametrize(
    ("counts", "expected"),
    [((4,), 1), ((2, 2), 2), ((2, 1, 1), 2.8284), ((1, 1, 1, 1), 4), ((3, 1), 1.7548), ((4, 0), 1)],
)
def test_effective_number_of_strategies(counts, expected):
    assert effective_strategies(counts) == pytest.approx(expected, abs=5e-5)


@given(st.lists(st.integers(1, 9), min_size=1, max_size=6))
def test_effective_number_lies_between_one_and_the_number_used(counts):
    assert 1 - 1e-9 <= effective_strategies(counts) <= len(counts) + 1e-9
    assert effective_strategies([2 * count for count in counts]) == pytest.approx(effective_strategies(counts))


def test_duplicate_rate():
    assert duplicate_rate(["greedy", "greedy", "dp", "greedy"]) == 0.5
    assert duplicate_rate("abcd") == 0.0


def test_distinct_n():
    texts = [["sort", "by", "weight"], ["sort", "by", "value"]]
    assert distinct_n(texts, 1) == 4 / 6
    assert distinct_n(texts, 2) == 3 / 4
    assert distinct_n(texts, 4) == 0.0


def test_ast_distance():
    assert ast_distance(LOOP, RENAMED) == 0.0
    assert ast_distance("x = 1", "x = 1\n") == 0.0
    # (Module, Assign), (Assign, Name), (Assign, Constant), (Name, Store) against the same with a second statement
    assert ast_distance("x = 1", "x = 1\nx = 1") == 0.5
    # only the module's edges are missing from each other: Module → Pass, Module → Break do not meet
    assert ast_distance("pass", "break") == 1.0
    assert ast_distance("", "") == 0.0
    assert 0 < ast_distance(LOOP, CALL) < 1
    assert isnan(ast_distance(LOOP, "def solve(:"))
    assert isnan(ast_distance("\x00", LOOP))


programs = st.sampled_from([LOOP, RENAMED, CALL, "x = 1", "pass", "print(input())", ""])


@given(programs, programs, programs)
def test_ast_distance_is_a_metric(a, b, c):
    assert 0 <= ast_distance(a, b) == ast_distance(b, a) <= 1
    assert ast_distance(a, c) <= ast_distance(a, b) + ast_distance(b, c) + 1e-12


def test_mean_ast_distance_is_over_the_pairs_that_parse():
    distance = ast_distance(LOOP, CALL)
    assert mean_ast_distance([LOOP, "def", CALL]) == distance
    assert mean_ast_distance([LOOP, RENAMED, CALL]) == pytest.approx(2 * distance / 3)
    assert isnan(mean_ast_distance([LOOP, "def"]))


class FirstWord:
    def strategies(self, statement, methods):
        return [method.split()[0] for method in methods if statement]


def test_judged_strategies():
    methods = ["greedy by value", "greedy by weight", "dp on weight", "bfs over sums"]
    assert judged_strategies(FirstWord(), "knapsack", methods) == pytest.approx(2.8284, abs=5e-5)
    with pytest.raises(DataError, match="named 0 strategies for 4"):
        judged_strategies(FirstWord(), "", methods)


def test_refuses():
    for counts in ([], [0, 0], [2, -1]):
        with pytest.raises(DataError, match="count"):
            effective_strategies(counts)
    with pytest.raises(DataError, match="no labels"):
        duplicate_rate([])
    with pytest.raises(ConfigError, match="n is 0"):
        distinct_n([["a"]], 0)
