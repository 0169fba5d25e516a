from itertools import combinations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from cppo.credit import RULES, standardise
from cppo.errors import ConfigError, DataError
from cppo.measures import (
    best_coordinated,
    best_coordinated_prior,
    best_independent,
    best_independent_prior,
    best_tuple,
    fixed_point,
    mixture_limit,
    ratio_bound,
)


def zipf(size: int) -> np.ndarray:
    return 1 / np.arange(1, size + 1)


PRIORS = [  # prior, independent and coordinated pass@4
    (np.ones(4), 0.683594, 1.0),
    (np.ones(6), 0.517747, 0.666667),
    (np.ones(8), 0.413818, 0.5),
    (zipf(6), 0.627279, 0.850340),
    (zipf(8), 0.565458, 0.766535),
]


@pytest.mark.parametrize(("prior", "independent", "coordinated"), PRIORS)
def test_tabulated_limits_in_closed_form_and_from_the_matrix(prior, independent, coordinated):
    value, q = best_independent_prior(prior, 4)
    assert value == pytest.approx(independent, abs=6e-7)
    assert best_coordinated_prior(prior, 4) == pytest.approx(coordinated, abs=6e-7)
    share = prior / prior.sum()
    assert value == pytest.approx(share @ (1 - (1 - q) ** 4))
    numeric, q_numeric = best_independent(np.eye(len(prior)), prior, 4)
    assert numeric == pytest.approx(value, abs=1e-8)
    np.testing.assert_allclose(q_numeric, q, atol=1e-4)
    assert best_coordinated(np.eye(len(prior)), prior, 4) == pytest.approx(coordinated, abs=6e-7)


def test_uniform_prior_by_hand():
    value, q = best_independent_prior(np.ones(4), 4)
    assert value == pytest.approx(1 - 0.75**4)
    np.testing.assert_allclose(q, np.full(4, 0.25))
    assert best_independent_prior([1, 3, 2], 1)[0] == 0.5
    np.testing.assert_array_equal(best_independent_prior([1, 3, 2], 1)[1], [0, 1, 0])
    assert best_independent_prior([5.0], 4)[0] == 1.0


@given(st.lists(st.floats(0, 1), min_size=1, max_size=7).filter(lambda p: sum(p) > 0.1), st.integers(1, 6))
def test_closed_form_is_optimal_and_within_the_ratio_bound(prior, k):
    share = np.array(prior) / np.sum(prior)
    value, q = best_independent_prior(prior, k)
    assert q.min() >= 0
    assert q.sum() == pytest.approx(1)
    gradient = k * share * (1 - q) ** (k - 1)
    assert gradient.max() - q @ gradient <= 1e-9  # no other policy can add more than this
    coordinated = best_coordinated_prior(prior, k)
    assert value <= coordinated + 1e-12
    assert coordinated <= ratio_bound(k) * value + 1e-12


def test_ratio_bound_is_reached_by_k_equal_strategies():
    assert ratio_bound(4) == pytest.approx(1.4629, abs=5e-5)
    assert ratio_bound(1) == 1.0
    assert ratio_bound(4) == pytest.approx(1 / best_independent_prior(np.ones(4), 4)[0])


success_TS = st.tuples(st.integers(1, 4), st.integers(1, 4)).flatmap(
    lambda shape: hnp.arrays(np.float64, shape, elements=st.sampled_from([0.0, 0.2, 0.5, 0.9, 1.0]))
)


@settings(max_examples=60, deadline=None)
@given(success_TS, st.integers(1, 4))
def test_numeric_limits_bound_each_other_and_are_optimal(success, k):
    strategies = success.shape[1]
    value, q = best_independent(success, None, k)
    coordinated, chosen = best_tuple(success, None, k)
    every = [np.mean(1 - np.prod(1 - success[:, list(tup)], axis=1)) for tup in product(range(strategies), repeat=k)]
    assert coordinated == pytest.approx(max(every))
    assert np.mean(1 - np.prod(1 - success[:, list(chosen)], axis=1)) == pytest.approx(coordinated)
    assert value <= coordinated + 1e-9
    assert coordinated <= ratio_bound(k) * value + 1e-6
    for other in np.eye(strategies):  # no step towards another strategy pays
        moved = q + 0.01 * (other - q)
        assert np.mean(1 - (1 - success @ moved) ** k) <= value + 1e-8
    assert q.sum() == pytest.approx(1)


def test_several_strategies_may_work():
    # trait 0: strategies 0 and 1; trait 1: 1 and 2; trait 2: 3
    success = np.array([[1, 1, 0, 0], [0, 1, 1, 0], [0, 0, 0, 1]])
    assert best_tuple(success, None, 2) == (pytest.approx(1.0), (1, 3))
    assert best_coordinated(success, [0.5, 0.3, 0.2], 1) == pytest.approx(0.8)
    # half on strategy 1 and half on 3 solves each trait with chance 1/2 a draw; more on 1 pays, as it solves two
    value, q = best_independent(success, None, 2)
    grid = np.linspace(0, 1, 100_001)
    best = (2 * (1 - (1 - grid) ** 2) + 1 - grid**2) / 3
    assert value == pytest.approx(best.max(), abs=1e-8)
    np.testing.assert_allclose(q, [0, grid[best.argmax()], 0, 1 - grid[best.argmax()]], atol=1e-4)
    repeated = np.repeat(success, [5, 3, 2], axis=0)  # problems instead of weighted traits
    assert best_independent(repeated, None, 3)[0] == pytest.approx(best_independent(success, [5, 3, 2], 3)[0], abs=1e-8)


def test_a_noisy_strategy_may_be_worth_repeating():
    success = np.array([[0.9, 0.05]])
    assert best_tuple(success, None, 2) == (pytest.approx(0.99), (0, 0))
    distinct = max(1 - np.prod(1 - success[0, list(pair)]) for pair in combinations(range(2), 2))
    assert distinct == pytest.approx(0.905)


def test_mixture_of_families():
    assert mixture_limit([1.0, 0.5]) == 0.75
    assert mixture_limit([1.0, 0.5], [3, 1]) == 0.875


def test_refuses():
    with pytest.raises(ConfigError, match="at least 1"):
        ratio_bound(0)
    with pytest.raises(DataError, match="none negative"):
        best_independent_prior([1, -1], 4)
    with pytest.raises(DataError, match="outside"):
        best_coordinated([[2.0]], None, 1)
    with pytest.raises(DataError, match="need 2 finite"):
        best_independent(np.eye(2), [1, 2, 3], 2)
    with pytest.raises(ConfigError, match="compared"):
        best_coordinated(np.full((1, 40), 0.5), None, 8)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("grpo", 0.4082),
        ("rloo", 0.4082),
        ("dr_grpo", 0.4082),
        ("maxrl", 0.6025),
        ("passk_training", 0.6209),
        ("pkpo_s", 0.627279),
        ("pkpo_loo", 0.627279),
        ("pkpo_loo1", 0.627279),
    ],
)
def test_trained_fixed_points(name, expected):
    value, q = fixed_point(RULES[name], zipf(6), n=8, k=4)
    assert value == pytest.approx(expected, abs=6e-5)
    if expected == 0.4082:  # collapse to the mode
        assert q[0] == pytest.approx(1)
    if name.startswith("pkpo"):  # unbiased: it ends at the independent optimum
        np.testing.assert_allclose(q, [0.43, 0.28, 0.18, 0.09, 0.02, 0], atol=5e-3)
        np.testing.assert_allclose(q, best_independent_prior(zipf(6), 4)[1], atol=1e-6)


def test_pkpo_put_through_mean_and_std_ends_well_below():
    value, _ = fixed_point(lambda rewards, k: standardise(RULES["pkpo_loo1"](rewards, k)), zipf(6), n=8, k=4)
    assert value == pytest.approx(0.556, abs=1e-3)


def test_fixed_point_refuses():
    with pytest.raises(DataError, match="positive chance"):
        fixed_point(RULES["grpo"], [1.0, 0.0], 8, 4)
    with pytest.raises(ConfigError, match="at least 2"):
        fixed_point(RULES["grpo"], [1.0, 1.0], 1, 1)
    with pytest.raises(DataError, match="no rest point"):
        fixed_point(RULES["pkpo_loo1"], zipf(6), 8, 4, steps=3)
