import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import stats

from cppo.errors import ConfigError, DataError
from cppo.measures import (
    clopper_pearson_lower,
    clustered_lower_bound,
    expected_informative_fraction,
    informative_fraction,
    reward_density,
)

rewards_PM = st.tuples(st.integers(2, 5), st.integers(1, 5)).flatmap(
    lambda shape: hnp.arrays(np.float64, shape, elements=st.sampled_from([0.0, 1.0]))
)


@pytest.mark.parametrize(("p", "expected"), [(0.01, 0.077), (0.05, 0.34), (0.1, 0.57)])
def test_expected_informative_fraction_of_eight(p, expected):
    assert expected_informative_fraction(p, 8) == pytest.approx(expected, abs=5e-3)


def test_expected_informative_fraction_by_hand():
    assert expected_informative_fraction(0.01, 8) == pytest.approx(0.0773, abs=5e-5)
    assert expected_informative_fraction(0.5, 2) == 0.5
    assert expected_informative_fraction(0.5, 1) == 0.0


def test_informative_fraction():
    rewards = [[1, 0], [1, 1], [0, 0], [0, 1]]
    assert informative_fraction(rewards) == 0.5
    mask = np.array([[True, False], [True, True], [True, True], [True, True]])
    assert informative_fraction(rewards, mask) == 0.25


def test_clopper_pearson_lower_bound():
    # with every trial a success the bound solves p^n = 0.05
    assert clopper_pearson_lower(10, 10) == pytest.approx(0.05**0.1)
    assert clopper_pearson_lower(0, 10) == 0.0
    # by its meaning: at the bound, seeing this many or more has chance 5 %
    bound = clopper_pearson_lower(7, 80)
    assert stats.binom.sf(6, 80, bound) == pytest.approx(0.05)
    with pytest.raises(ConfigError, match="successes"):
        clopper_pearson_lower(3, 2)


def test_clustered_bound_counts_a_problem_once_when_its_tuples_agree():
    # 4 of 40 problems succeed on all of their 8 tuples: as much evidence as (about) 4 of 40 tuples
    hits = np.array([8] * 4 + [0] * 36)
    bound = clustered_lower_bound(hits, np.full(40, 8))
    assert bound == pytest.approx(clopper_pearson_lower(4, 40), abs=2e-3)
    assert bound < clopper_pearson_lower(32, 320)
    # spread evenly, all 320 tuples count
    assert clustered_lower_bound(np.full(40, 4), np.full(40, 8)) == pytest.approx(clopper_pearson_lower(160, 320))
    assert clustered_lower_bound([8], [8]) == pytest.approx(0.05)


def test_clustered_bound_covers():
    rng = np.random.default_rng(0)
    rate = rng.beta(0.1 * 0.5, 0.9 * 0.5, size=(400, 100))  # mean 0.1, strongly clustered
    hits = rng.binomial(8, rate)
    covered = np.mean([clustered_lower_bound(row, np.full(100, 8)) <= 0.1 for row in hits])
    naive = np.mean([clopper_pearson_lower(row.sum(), 800) <= 0.1 for row in hits])
    assert covered >= 0.93
    assert naive < 0.87


def test_density_by_hand():
    rewards = np.array([[1, 0, 0, 0], [0, 0, 0, 0], [1, 1, 1, 1], [0, 0, 0, 0]])
    gate = np.array([[1, 1, 0, 0], [1, 0, 0, 0], [1, 1, 1, 1], [0, 0, 0, 0]])
    parsed = np.array([[1, 1, 1, 1], [1, 1, 0, 1], [1, 1, 1, 1], [1, 1, 1, 1]])
    density = reward_density(rewards, gate, parsed)
    assert (density.problems, density.tuples) == (4, 16)
    assert density.nonzero_tuples == 5 / 16
    assert density.problems_with_reward == 0.5
    assert density.problems_that_vary == 0.25
    assert density.all_zero_groups == 0.5
    assert density.gate_rate == 7 / 16
    assert density.parse_rate == 15 / 16
    assert density.informative == 0.25
    assert density.expected_informative == pytest.approx(1 - (5 / 16) ** 4 - (11 / 16) ** 4)
    assert 0 < density.p_lower_bound < 5 / 16


def test_what_the_verifier_could_not_judge_is_left_out():
    rewards = np.array([[1, np.nan, 0], [np.nan, np.nan, np.nan], [0, 0, 0]])
    density = reward_density(rewards, np.ones((3, 3)), np.ones((3, 3)), ~np.isnan(rewards))
    assert (density.problems, density.tuples, density.nonzero_tuples) == (2, 5, 0.2)
    assert (density.problems_that_vary, density.all_zero_groups, density.gate_rate) == (0.5, 0.5, 1.0)


@given(rewards_PM)
def test_fractions_hang_together(rewards):
    density = reward_density(rewards, rewards, np.ones_like(rewards))
    assert density.problems_with_reward == pytest.approx(1 - density.all_zero_groups)
    assert density.informative == pytest.approx(density.problems_that_vary)  # binary rewards
    assert density.informative <= density.problems_with_reward
    assert 0 <= density.p_lower_bound <= density.nonzero_tuples + 1e-12


def test_refuses():
    with pytest.raises(DataError, match="one shape"):
        reward_density([[1, 0]], [[1]], [[1, 1]])
    with pytest.raises(DataError, match="mask_PM"):
        reward_density([[np.nan]], [[1]], [[1]])
    with pytest.raises(DataError, match="takes part"):
        reward_density([[1]], [[1]], [[1]], [[False]])
    with pytest.raises(DataError, match="no trial"):
        clustered_lower_bound([0, 0], [0, 0])
