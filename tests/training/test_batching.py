"""How rows are cut into passes, by hand and against every other way."""

from __future__ import annotations

from itertools import combinations, pairwise

from hypothesis import given
from hypothesis import strategies as st

from cppo.training.batching import cut_by_length


def cost(lengths: list[int], sizes: list[int], overhead: int) -> int:
    ends = [sum(sizes[: i + 1]) for i in range(len(sizes))]
    return sum(size * lengths[end - 1] + overhead for size, end in zip(sizes, ends, strict=True))


def test_a_long_row_gets_a_pass_of_its_own_where_its_padding_would_cost_more() -> None:
    # together 4 × 100 + 256 = 656; apart 3 × 10 + 256 + 100 + 256 = 642
    assert cut_by_length([10, 10, 10, 100], 256) == [3, 1]
    # together 4 × 95 + 256 = 636; apart 3 × 10 + 95 + 512 = 637
    assert cut_by_length([10, 10, 10, 95], 256) == [4]
    assert cut_by_length([7] * 5, 256) == [5]
    assert cut_by_length([], 256) == []


@given(st.lists(st.integers(1, 400), min_size=1, max_size=7).map(sorted), st.sampled_from([0, 1, 50, 256, 2048]))
def test_no_other_way_costs_less(lengths: list[int], overhead: int) -> None:
    sizes = cut_by_length(lengths, overhead)
    assert sum(sizes) == len(lengths)
    n = len(lengths)
    for parts in range(1, n + 1):
        for inner in combinations(range(1, n), parts - 1):
            edges = [0, *inner, n]
            other = [b - a for a, b in pairwise(edges)]
            assert cost(lengths, sizes, overhead) <= cost(lengths, other, overhead)
