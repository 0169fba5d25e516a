"""Oracles against values worked by hand and against the exact strategies without a line limit."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cppo.errors import DataError
from cppo.problems.crossroads import FAMILIES
from cppo.problems.crossroads.prime_factor import is_prime

SMALL = st.integers(1, 30)


@pytest.mark.parametrize(
    ("family", "instance", "answer"),
    [
        ("knapsack", [[60, 100, 120], [10, 20, 30], 50], 220),
        ("knapsack", [[5], [3], 2], 0),
        ("coins", [[1, 3, 4], 6], 2),  # 3 + 3; greedy pays 4 + 1 + 1
        ("coins", [[5, 2], 0], 0),
        ("subsequence", [[1, 2, 3, 2, 4, 1, 2], [2, 4, 3, 1, 2, 1]], 4),  # ABCBDAB, BDCABA
        ("subsequence", [[1], [2]], 0),
        ("next_term", [[1, 1, 2, 3, 5, 8, 13]], 21),
        ("next_term", [[1, 4, 9, 16, 25, 36, 49]], 64),
        ("next_term", [[3, 5, 7, 9, 11, 13, 15]], 17),
        ("next_term", [[2, 6, 18, 54, 162, 486, 1458]], 4374),
        ("next_term", [[1, 10, 3, 20, 5, 30, 7]], 40),
        ("next_term", [[4, 9, 1, 4, 9, 1, 4, 9]], 1),
        ("prime_factor", [600851475143], 6857),
        ("prime_factor", [2**20], 2),
        ("prime_factor", [99991 * 99991], 99991),
        ("shortest_path", [3, [[0, 1, 5], [1, 2, -3], [0, 2, 4]]], 2),
        ("split", [[8, 7, 6, 5, 4]], 0),  # 8 + 7 = 6 + 5 + 4; longest first ends at 4
        ("split", [[10, 1]], 9),
    ],
)
def test_oracle_by_hand(family: str, instance: list, answer: int) -> None:
    assert FAMILIES[family].oracle(*instance) == answer


def exact(family: str, strategy: str, instance: list) -> None:
    found = FAMILIES[family].strategy(strategy).run(instance)
    assert FAMILIES[family].oracle(*instance) == found


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(SMALL, SMALL), min_size=1, max_size=8), st.integers(0, 100))
def test_knapsack(items: list[tuple[int, int]], capacity: int) -> None:
    instance = [[v for v, _ in items], [w for _, w in items], capacity]
    for strategy in ("all subsets", "dp on weight", "dp on value"):
        exact("knapsack", strategy, instance)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(2, 20), max_size=3, unique=True), st.integers(0, 60))
def test_coins(others: list[int], target: int) -> None:
    for strategy in ("dp", "bfs over sums"):
        exact("coins", strategy, [[1, *others], target])


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 4), max_size=12), st.lists(st.integers(0, 4), max_size=12))
def test_subsequence(a: list[int], b: list[int]) -> None:
    exact("subsequence", "table", [a, b])


@settings(max_examples=100, deadline=None)
@given(st.integers(2, 200_000))
def test_prime_factor(n: int) -> None:
    exact("prime_factor", "strip factors", [n])


@settings(max_examples=60, deadline=None)
@given(st.lists(SMALL, min_size=1, max_size=9))
def test_split(numbers: list[int]) -> None:
    exact("split", "signed sums", [numbers])
    exact("split", "sum set", [numbers])


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6))
def test_shortest_path(seed: int) -> None:
    rng = random.Random(seed)
    lift = [rng.randint(0, 9) for _ in range(6)]
    edges = [[u, u + 1, 5 + lift[u + 1] - lift[u]] for u in range(5)]
    for _ in range(8):
        u, v = rng.sample(range(6), 2)
        edges.append([u, v, rng.randint(0, 9) + lift[v] - lift[u]])
    exact("shortest_path", "bellman-ford", [6, edges])
    exact("shortest_path", "floyd", [6, edges])


def test_is_prime_agrees_with_a_sieve_and_is_not_fooled_by_carmichael_numbers() -> None:
    sieve = [n for n in range(2, 2000) if all(n % d for d in range(2, int(n**0.5) + 1))]
    assert [n for n in range(2000) if is_prime(n)] == sieve
    assert not any(is_prime(n) for n in (561, 1105, 1729, 3215031751))  # the last fools 2, 3, 5 and 7
    assert is_prime(2**31 - 1)


def test_a_sequence_without_a_rule_or_with_two_is_refused() -> None:
    with pytest.raises(DataError, match="does not determine"):
        FAMILIES["next_term"].oracle([1, 5, 2, 8, 3, 1, 9])
