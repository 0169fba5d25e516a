import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from cppo.credit import standardise
from cppo.errors import DataError

rewards_2n = hnp.arrays(np.float64, st.tuples(st.just(2), st.integers(1, 9)), elements=st.floats(0, 1))


def test_one_pass_of_four():
    np.testing.assert_allclose(standardise([1, 0, 0, 0]), [1.7320508, -0.5773503, -0.5773503, -0.5773503], 1e-7)


def test_one_member_or_no_spread_is_zero():
    np.testing.assert_array_equal(standardise([[1.0], [0.3]]), [[0.0], [0.0]])
    np.testing.assert_array_equal(standardise([0.1] * 8), np.zeros(8))
    np.testing.assert_array_equal(standardise([0.5, 0.5 + 1e-8]), [0.0, 0.0])  # std 5e-9 < 1e-8


def test_left_out_entries_enter_no_statistic():
    rewards = [1.0, 0.0, np.nan, 0.0, 0.0]
    advantages = standardise(rewards, mask=np.array([True, True, False, True, True]))
    np.testing.assert_allclose(advantages, [1.7320508, -0.5773503, 0.0, -0.5773503, -0.5773503], 1e-7)
    np.testing.assert_array_equal(standardise(rewards, mask=np.zeros(5, dtype=bool)), np.zeros(5))


def test_other_axis():
    rewards = np.array([[1, 0, 0, 0], [0, 1, 0, 0]]).T
    np.testing.assert_allclose(standardise(rewards, axis=0), standardise(rewards.T).T)


@given(rewards_2n, st.data())
def test_masked_group_equals_the_group_without_the_entries(rewards, data):
    mask = data.draw(hnp.arrays(np.bool_, rewards.shape))
    other = np.where(mask, rewards, data.draw(st.sampled_from([0.0, 7.0, np.nan, np.inf])))
    advantages = standardise(other, mask=mask)
    assert (advantages[~mask] == 0).all()
    for row in range(2):
        if mask[row].any():
            np.testing.assert_allclose(advantages[row][mask[row]], standardise(rewards[row][mask[row]]), atol=1e-7)


@given(rewards_2n)
def test_zero_mean_and_unit_or_no_spread(rewards):
    advantages = standardise(rewards)
    np.testing.assert_allclose(advantages.sum(axis=-1), 0, atol=1e-6)
    for row, out in zip(rewards, advantages, strict=True):
        assert out.std() == 0.0 if row.std() < 0.9e-8 else out.std() <= 1 + 1e-9


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"rewards": [1.0, np.nan]}, "mask entries"),
        ({"rewards": [1.0, 0.0], "mask": [1, 0]}, "must be bool"),
        ({"rewards": [1.0, 0.0], "mask": [True]}, "shape"),
        ({"rewards": []}, "empty"),
        ({"rewards": 1.0}, "axis"),
        ({"rewards": [1.0], "axis": 1}, "axis 1"),
    ],
)
def test_refuses(arguments, message):
    with pytest.raises(DataError, match=message):
        standardise(**arguments)
