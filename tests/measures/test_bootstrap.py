from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cppo.errors import ConfigError, DataError
from cppo.measures import (
    Mean,
    bootstrap_differences,
    compare,
    holm,
    mean_over_seeds,
    one_seed_interval,
    paired_seeds_p,
    pass_at_k,
    sign_flip_p,
)
from cppo.measures import bootstrap as module

A = pass_at_k(8, [8, 6, 5, 4, 3, 2, 1, 1, 0, 0, 0, 0], 4)
B = pass_at_k(8, [8, 4, 5, 2, 1, 1, 0, 1, 0, 0, 0, 0], 4)


def test_fixture():
    result = compare(A, B, resamples=40_000)
    assert result.mean_a == pytest.approx(0.558333, abs=6e-7)
    assert result.mean_b == pytest.approx(0.439286, abs=6e-7)
    assert result.difference == pytest.approx(0.119048, abs=6e-7)
    # of the normal theory; a bootstrap over 12 problems has √(11/12) of it
    assert (A - B).std(ddof=1) / np.sqrt(12) == pytest.approx(0.054037, abs=6e-7)
    assert (A - B).std() / np.sqrt(12) == pytest.approx(0.051737, abs=6e-7)
    assert result.standard_error == pytest.approx(0.051737, rel=0.015)
    assert result.low == pytest.approx(0.0250, abs=0.003)
    assert result.high == pytest.approx(0.2262, abs=0.003)
    assert result.permutation_p == pytest.approx(0.0625)
    assert result.p_value < 0.01  # all five differences that are not zero are positive
    assert (result.problems, result.seeds_a, result.seeds_b) == (12, 1, 1)
    assert result.one_seed is not None
    assert result.one_seed.method == "BCa"
    assert 0.02 < result.one_seed.low < result.difference < result.one_seed.high < 0.26


def test_fewer_than_three_seeds_is_said():
    assert compare(A, B, resamples=100).warnings == (
        "arm A has 1 training seed, fewer than 3: seed noise is not covered",
        "arm B has 1 training seed, fewer than 3: seed noise is not covered",
    )
    result = compare(np.stack([A] * 3), np.stack([B] * 3), resamples=100)
    assert result.warnings == ()
    assert result.one_seed is None


def test_the_seeds_alone():
    # differences 1, 2, 3: mean 2, standard error 1/√3, t = 3.4641; two-sided with 2 degrees of freedom:
    # 1 − t/√(2 + t²) = 1 − √(6/7)
    assert paired_seeds_p([2, 4, 6], [1, 2, 3]) == pytest.approx(1 - (6 / 7) ** 0.5)
    assert compare(np.outer([2, 4, 6], [1, 1]), np.outer([1, 2, 3], [1, 1]), resamples=9).seed_p == pytest.approx(
        1 - (6 / 7) ** 0.5
    )
    assert paired_seeds_p([1], [0]) is None
    assert paired_seeds_p([1, 2], [0, 1]) is None
    assert paired_seeds_p([1, 2, 4], [0, 1]) is None
    assert compare(A, B, resamples=9).seed_p is None


def test_p_value_by_its_formula():
    replicates = bootstrap_differences(A, B, resamples=999, seed=3)
    replicates[np.abs(replicates) < 1e-12] = 0
    expected = 2 * min(1 + (replicates <= 0).sum(), 1 + (replicates >= 0).sum()) / 1000
    assert compare(A, B, resamples=999, seed=3).p_value == pytest.approx(expected)
    assert compare(B, A, resamples=999, seed=3).p_value == pytest.approx(expected)
    assert compare(A, A, resamples=999).p_value == 1.0
    assert compare(A, A, resamples=999).permutation_p == 1.0
    assert compare(np.ones(50), np.zeros(50), resamples=999).p_value == pytest.approx(0.002)


def exact_variance(a: np.ndarray, b: np.ndarray, joint: bool) -> float:
    """Variance of the replicates by walking over every resample."""
    problems, seeds = list(product(range(a.shape[1]), repeat=a.shape[1])), range(len(a))
    draws = list(product(seeds, repeat=len(a)))
    pairs = [(draw, draw) for draw in draws] if joint else list(product(draws, draws))
    return float(
        np.var([(a[list(x)].mean(0) - b[list(y)].mean(0))[list(p)].mean() for p in problems for x, y in pairs])
    )


@pytest.mark.parametrize("joint", [False, True])
def test_seeds_and_problems_both_vary(joint):
    a, b = np.array([[0.0, 0.5, 1.0], [0.4, 0.9, 1.0]]), np.array([[0.1, 0.1, 0.8], [0.5, 0.3, 0.9]])
    replicates = bootstrap_differences(a, b, joint_seeds=joint, resamples=60_000)
    assert replicates.mean() == pytest.approx((a - b).mean(), abs=2e-3)
    assert replicates.var() == pytest.approx(exact_variance(a, b, joint), rel=0.03)


def test_joint_seeds_take_out_what_both_arms_share():
    shared = np.array([[-0.3], [0.0], [0.3]])
    a, b = shared + A, shared + B
    joint = compare(a, b, joint_seeds=True, resamples=2000).standard_error
    assert joint == pytest.approx(0.0517, rel=0.06)
    assert compare(a, b, resamples=2000).standard_error > 2 * joint


def test_deterministic_and_memory_bounded(monkeypatch):
    assert compare(A, B, resamples=500, seed=1) == compare(A, B, resamples=500, seed=1)
    assert compare(A, B, resamples=500, seed=1) != compare(A, B, resamples=500, seed=2)
    monkeypatch.setattr(module, "BATCH", 60)  # five replicates at once
    assert compare(A, B, resamples=4001).standard_error == pytest.approx(0.0517, rel=0.06)


def test_sign_flip_is_exact_when_it_can_be():
    assert sign_flip_p([1, 2, 3]) == pytest.approx(2 / 8)
    assert sign_flip_p([1, 2, 3, 0, 0, 0]) == pytest.approx(2 / 8)
    assert sign_flip_p([1, -1]) == 1.0
    assert sign_flip_p(np.ones(60), resamples=999) == pytest.approx(2 / 1000)


def test_one_seed_interval_falls_back_where_bca_is_degenerate():
    assert one_seed_interval([0.5, 0.5, 0.5]) == (0.5, 0.5, "percentile")
    assert one_seed_interval(A - B).method == "BCa"
    # nearly all resamples lie on one side of the estimate or on it: still finite, and ordered
    low, high, _ = one_seed_interval([1.0] + [0.0] * 11, resamples=500)
    assert 0 <= low <= 1 / 12 <= high


def test_holm():
    p = [0.001, 0.004, 0.008, 0.012, 0.02, 0.03, 0.04, 0.2, 0.6]
    result = holm(p)
    assert result.rejected.sum() == 2
    np.testing.assert_allclose(result.adjusted, [0.009, 0.032, 0.056, 0.072, 0.1, 0.12, 0.12, 0.4, 0.6])
    np.testing.assert_array_equal(holm(p[::-1]).rejected, result.rejected[::-1])


@settings(deadline=None)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=8))
def test_holm_is_between_no_correction_and_bonferroni(p):
    adjusted = holm(p).adjusted
    assert (adjusted >= np.array(p)).all()
    assert (adjusted <= np.minimum(1, np.array(p) * len(p)) + 1e-12).all()


def test_refuses():
    with pytest.raises(DataError, match="same ones"):
        compare(A, B[:5])
    with pytest.raises(DataError, match="NaN"):
        compare(np.full(3, np.nan), np.ones(3))
    with pytest.raises(ConfigError, match="joint_seeds"):
        compare(np.stack([A, A]), B, joint_seeds=True)
    with pytest.raises(ConfigError, match="resamples"):
        compare(A, B, resamples=0)
    with pytest.raises(ConfigError, match="confidence"):
        compare(A, B, confidence=95)
    with pytest.raises(DataError, match="p-values"):
        holm([1.5])


def test_the_mean_over_seeds_resamples_problems_and_seeds() -> None:
    # one source of variance at a time: values 0 and 1, so a resampled mean has variance (1/4)/2
    for scores in ([[0.0, 1.0]], [[0.0], [1.0]]):
        found = mean_over_seeds(scores, resamples=20_000)
        assert found.mean == 0.5
        assert (found.low, found.high) == (0.0, 1.0)
        assert found.standard_error == pytest.approx(np.sqrt(1 / 8), abs=0.005)
    # both at once: score = seed's 0 or 1 plus problem's 0 or 1, variances add
    both = mean_over_seeds([[0.0, 1.0], [1.0, 2.0]], resamples=20_000)
    assert both.mean == 1.0
    assert both.standard_error == pytest.approx(np.sqrt(2 / 8), abs=0.007)
    assert mean_over_seeds([[0.3, 0.3]]) == Mean(0.3, 0.3, 0.3, pytest.approx(0.0, abs=1e-12))
    with pytest.raises(ConfigError, match="confidence is 1"):
        mean_over_seeds([[0.0]], confidence=1.0)


def test_a_single_difference_tells_nothing() -> None:
    assert sign_flip_p([0.0, 0.5, 0.0]) == 1.0
    assert sign_flip_p([0.5, 0.5]) == 0.5  # of four sign patterns two are as far from 0
