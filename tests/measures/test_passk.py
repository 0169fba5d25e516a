from itertools import combinations
from math import comb

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from cppo.errors import ConfigError, DataError
from cppo.measures import coordination_gain, first_slot, pass_at_k, pooled_pass_at_k, tuple_pass_at_k

ROWS = np.array(
    [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 0, 0], [0, 0, 1, 1], [0, 0, 0, 0], [1, 1, 1, 1], [0, 0, 0, 1], [0, 0, 0, 0]]
)

tables_TK = st.tuples(st.integers(1, 6), st.integers(1, 4)).flatmap(lambda shape: hnp.arrays(np.bool_, shape))


def test_pass_at_k_by_hand():
    # n = 8, k = 4: 1 − C(8−c, 4)/70
    np.testing.assert_allclose(pass_at_k(8, [0, 1, 2, 3, 4, 5, 8], 4), [0, 35 / 70, 55 / 70, 65 / 70, 69 / 70, 1, 1])
    np.testing.assert_allclose(pass_at_k([4, 10], [1, 3], 2), [1 - 3 / 6, 1 - 21 / 45])


@given(st.integers(1, 9), st.data())
def test_pass_at_k_equals_enumeration(n, data):
    c, k = data.draw(st.integers(0, n)), data.draw(st.integers(1, n))
    hits = [any(i < c for i in subset) for subset in combinations(range(n), k)]
    assert float(pass_at_k(n, c, k)) == pytest.approx(np.mean(hits), abs=1e-12)


def test_pass_at_k_is_stable_for_many_samples():
    assert float(pass_at_k(100_000, 1, 50_000)) == pytest.approx(0.5)


@given(tables_TK, st.data())
def test_tuple_pass_at_k_equals_enumeration(passed, data):
    tuples, slots = passed.shape
    k = data.draw(st.integers(1, slots))
    inside = [row[list(subset)].any() for row in passed for subset in combinations(range(slots), k)]
    assert float(tuple_pass_at_k(passed, k)) == pytest.approx(np.mean(inside))
    j = data.draw(st.integers(1, tuples))
    over = [passed[list(subset)].any() for subset in combinations(range(tuples), j)]
    assert float(tuple_pass_at_k(passed, j * slots)) == pytest.approx(np.mean(over))


def test_tuple_pass_at_k_by_hand():
    assert float(tuple_pass_at_k(ROWS, 4)) == 5 / 8
    assert float(tuple_pass_at_k(ROWS, 1)) == pytest.approx(9 / 32)
    # pairs of slots: one pass of four is in 3 of 6, two are in 5 of 6
    assert float(tuple_pass_at_k(ROWS, 2)) == pytest.approx((3 * 1 / 2 + 5 / 6 + 1) / 8)
    assert float(tuple_pass_at_k(ROWS, 8)) == pytest.approx(1 - comb(3, 2) / comb(8, 2))
    assert float(first_slot(ROWS)) == 2 / 8
    np.testing.assert_allclose(tuple_pass_at_k(np.stack([ROWS, 1 - ROWS]), 4), [5 / 8, 7 / 8])


def test_pooling_the_branches_of_a_perfect_coordinator_misreports_it():
    # Eight equally likely strategies, one works; a tuple of four holds it half of the time. Eight tuples.
    chance = [comb(8, t) / 2**8 for t in range(9)]
    tables = []
    for passing in range(9):
        table = np.zeros((8, 4))
        table[:passing, 0] = 1
        tables.append(table)
    assert np.dot(chance, tuple_pass_at_k(np.stack(tables), 4)) == pytest.approx(0.5)
    assert np.dot(chance, pass_at_k(32, np.arange(9), 4)) == pytest.approx(0.421, abs=5e-4)
    assert float(pooled_pass_at_k(tables[1], 5)) == pytest.approx(5 / 32)


def test_coordination_gain_values():
    gain = coordination_gain(ROWS)
    assert float(gain.coordinated) == 0.625
    assert float(gain.scrambled) == pytest.approx(0.782924, abs=5e-7)
    assert float(gain.gain) == pytest.approx(0.625 - 0.782924, abs=5e-7)


@given(tables_TK)
def test_scrambled_equals_enumeration_over_slots_of_different_tuples(passed):
    tuples, slots = passed.shape
    if tuples < slots:
        with pytest.raises(ConfigError, match="at least K tuples"):
            coordination_gain(passed)
        return
    miss = 1 - passed.mean(axis=1)
    brute = np.mean([1 - np.prod(miss[list(subset)]) for subset in combinations(range(tuples), slots)])
    result = coordination_gain(np.stack([passed, passed]))
    np.testing.assert_allclose(result.scrambled, [brute, brute], atol=1e-12)
    np.testing.assert_allclose(result.gain, result.coordinated - brute, atol=1e-12)


def test_refuses():
    with pytest.raises(ConfigError, match="k is 5"):
        pass_at_k([8, 4], [1, 1], 5)
    with pytest.raises(ConfigError, match="k is 0"):
        pass_at_k(8, 1, 0)
    with pytest.raises(DataError, match="count"):
        pass_at_k(8, 9, 1)
    with pytest.raises(ConfigError, match="multiple"):
        tuple_pass_at_k(ROWS, 6)
    with pytest.raises(ConfigError, match="samples"):
        tuple_pass_at_k(ROWS, 36)
    with pytest.raises(ConfigError, match="use tuple_pass_at_k"):
        pooled_pass_at_k(ROWS, 4)
    with pytest.raises(DataError, match="neither 0 nor 1"):
        tuple_pass_at_k([[0.5]], 1)
    with pytest.raises(DataError, match="tuples × slots"):
        first_slot([1, 0])
