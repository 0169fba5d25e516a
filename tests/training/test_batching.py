"""How rows are cut into passes, by hand and against every other way."""

from __future__ import annotations

from itertools import combinations, pairwise

from hypothesis import given
from hypothesis import strategies as st

from cppo.training.batching import PASS_TOKENS, cut_by_length


def cost(lengths: list[int], sizes: list[int]) -> int:
    ends = [sum(sizes[: i + 1]) for i in range(len(sizes))]
    return sum(size * lengths[end - 1] + PASS_TOKENS for size, end in zip(sizes, ends, strict=True))


def test_a_long_row_gets_a_pass_of_its_own_where_its_padding_would_cost_more() -> None:
    # a pass costs 256. Together 4 × 100 + 256 = 656; apart 3 × 10 + 256 + 100 + 256 = 642
    assert PASS_TOKENS == 256
    assert cut_by_length([10, 10, 10, 100], 8) == [3, 1]
    # together 4 × 95 + 256 = 636; apart 3 × 10 + 95 + 512 = 637
    assert cut_by_length([10, 10, 10, 95], 8) == [4]


def test_no_pass_takes_more_rows_than_it_may() -> None:
    assert sorted(cut_by_length([7] * 5, 2)) == [1, 2, 2]
    assert cut_by_length([7] * 5, 5) == [5]
    assert cut_by_length([], 5) == []


@given(st.lists(st.integers(1, 400), min_size=1, max_size=7).map(sorted), st.integers(1, 7))
def test_no_other_way_costs_less(lengths: list[int], most: int) -> None:
    sizes = cut_by_length(lengths, most)
    assert sum(sizes) == len(lengths)
    assert max(sizes) <= most
    n = len(lengths)
    for parts in range(1, n + 1):
        for inner in combinations(range(1, n), parts - 1):
            edges = [0, *inner, n]
            other = [b - a for a, b in pairwise(edges)]
            if max(other) <= most:
                assert cost(lengths, sizes) <= cost(lengths, other)
