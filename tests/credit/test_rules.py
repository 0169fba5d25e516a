from itertools import combinations
from math import comb

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cppo.credit import RULES, sample_advantages, standardise
from cppo.errors import ConfigError, DataError

N, K = 8, 4


def binary(c: int, n: int = N) -> np.ndarray:
    return np.array([1.0] * c + [0.0] * (n - c))


def rho(n: int, c: int, k: int) -> float:
    return 1 - comb(n - c, k) / comb(n, k)


@st.composite
def groups(draw, binary_only=False, least=2):
    n = draw(st.integers(least, 8))
    element = st.sampled_from([0.0, 1.0]) if binary_only else st.floats(0, 1)
    return np.array(draw(st.lists(element, min_size=n, max_size=n))), draw(st.integers(1, n - 1))


# rule: {c: (advantage of a correct sample, of an incorrect one)}, n = 8, k = 4
VALUES = {
    "pkpo_s": {1: (0.5, 0.214286), 2: (0.5, 0.357143), 3: (0.5, 0.442857), 4: (0.5, 0.485714), 5: (0.5, 0.5)},
    "pkpo_loo": {
        1: (0.5, -0.071429),
        2: (0.214286, -0.071429),
        3: (0.071429, -0.042857),
        4: (0.014286, -0.014286),
        5: (0, 0),
    },
    "pkpo_loo1": {1: (0.5, 0), 2: (0.285714, 0), 3: (0.142857, 0), 4: (0.057143, 0), 5: (0.014286, 0)},
    "pkpo_standardised": {1: (2.645751, -0.377964), 2: (1.732051, -0.577350), 4: (1, -1), 6: (0, 0)},
    "passk_training": {
        1: (1, -0.142857),
        2: (0.522233, -0.174078),
        3: (0.277350, -0.166410),
        4: (0.120386, -0.120386),
        5: (0, 0),
    },
    "grpo": {1: (2.645751, -0.377964), 2: (1.732051, -0.577350), 4: (1, -1)},
    "rloo": {1: (1, -1 / 7), 2: (6 / 7, -2 / 7)},
    "dr_grpo": {1: (7 / 8, -1 / 8), 2: (6 / 8, -2 / 8)},
    "maxrl": {1: (7, -1), 2: (3, -1), 8: (0, 0)},
}


@pytest.mark.parametrize(("name", "c"), [(name, c) for name, cases in VALUES.items() for c in cases])
def test_tabulated_values(name, c):
    correct, incorrect = VALUES[name][c]
    expected = np.where(binary(c) == 1, correct, incorrect)
    np.testing.assert_allclose(RULES[name](binary(c), K), expected, atol=6e-7)


@pytest.mark.parametrize("name", sorted(RULES))
def test_no_reward_no_credit_and_every_rule_is_tested(name):
    assert name in VALUES
    np.testing.assert_array_equal(RULES[name](np.zeros(N), K), np.zeros(N))


def test_real_valued_rewards():
    rewards = [0, 0.5, 0.2, 1, 0.3, 0, 0.8, 0.6]
    expected = [0, 0.012857, 0, 0.184286, 0.001429, 0, 0.084286, 0.027143]
    np.testing.assert_allclose(RULES["pkpo_loo1"](rewards, 4), expected, atol=6e-7)
    # the advantages without a baseline sum to k ρ
    assert RULES["pkpo_s"](rewards, 4).sum() / 4 == pytest.approx(0.847143, abs=6e-7)


@given(st.integers(2, 12), st.data())
def test_published_binary_forms(n, data):
    k = data.draw(st.integers(1, n - 1))
    c = data.draw(st.integers(1, n - 1))
    rewards = binary(c, n)
    s, loo = (k / n, k / n * rho(n - 1, c, k - 1)), rho(n - 1, c - 1, k)
    forms = {
        "pkpo_s": s,
        "pkpo_loo": (k / n * (1 - loo), -k / n * (rho(n - 1, c, k) - rho(n - 1, c, k - 1))),
        "pkpo_loo1": (k / n * (1 - rho(n - 1, c - 1, k - 1)), 0),
    }
    sigma = np.sqrt(rho(n, c, k) * (1 - rho(n, c, k)))
    if sigma > 0:
        miss = 1 - rho(n, c, k)
        failed = comb(n - c - 1, k - 1) / comb(n - 1, k - 1)
        forms["passk_training"] = (miss / sigma, (miss - failed) / sigma)
    if k == 1:  # nothing to leave out of a set of one
        forms["pkpo_loo1"] = (1 / n, 0)
    for name, (correct, incorrect) in forms.items():
        np.testing.assert_allclose(RULES[name](rewards, k), np.where(rewards == 1, correct, incorrect), atol=1e-9)


def enumerate_rule(name: str, rewards: np.ndarray, k: int) -> np.ndarray:
    """The rules by their meaning: walk over every k-subset."""
    n = len(rewards)

    def best(members) -> float:
        return max((rewards[list(members)]), default=0.0)

    every = [best(subset) for subset in combinations(range(n), k)]
    out = np.zeros(n)
    for i in range(n):
        others = [j for j in range(n) if j != i]
        rests = list(combinations(others, k - 1))
        holding = np.mean([best((*rest, i)) for rest in rests])
        if name == "passk_training":
            out[i] = 0 if np.std(every) < 1e-8 else (holding - np.mean(every)) / np.std(every)
        elif name == "pkpo_s":
            out[i] = k / n * holding
        elif name == "pkpo_loo":
            out[i] = k / n * (holding - np.mean([best(subset) for subset in combinations(others, k)]))
        else:
            out[i] = k / n * np.mean([best((*rest, i)) - best(rest) for rest in rests])
    return out


@settings(max_examples=40, deadline=None)
@given(groups())
@pytest.mark.parametrize("name", ["pkpo_s", "pkpo_loo", "pkpo_loo1", "passk_training"])
def test_closed_forms_equal_enumeration(name, group):
    rewards, k = group
    rewards = np.round(rewards, 3)  # keeps the spread of the maxima well above rounding
    np.testing.assert_allclose(RULES[name](rewards, k), enumerate_rule(name, rewards, k), atol=1e-9)


@given(groups(), st.randoms(use_true_random=False))
@pytest.mark.parametrize("name", sorted(RULES))
def test_permutation_equivariance(name, group, random):
    rewards, k = np.round(group[0], 3), group[1]
    order = list(range(len(rewards)))
    random.shuffle(order)
    np.testing.assert_allclose(RULES[name](rewards[order], k), RULES[name](rewards, k)[order], atol=1e-9)


@given(groups())
@pytest.mark.parametrize("name", sorted(name for name, rule in RULES.items() if rule.zero_mean))
def test_zero_mean_rules_sum_to_zero(name, group):
    rewards, k = np.round(group[0], 3), group[1]
    assert RULES[name](rewards, k).sum() == pytest.approx(0, abs=1e-6)


def test_the_other_rules_do_not_sum_to_zero():
    sums = {name: RULES[name](binary(2), K).sum() for name, rule in RULES.items() if not rule.zero_mean}
    assert sums == pytest.approx({"pkpo_s": 2 * 0.5 + 6 * 5 / 14, "pkpo_loo1": 4 / 7})


@given(groups(binary_only=True, least=3))
def test_standardising_binary_pkpo_gives_grpo_or_nothing(group):
    rewards, k = group
    n, c = len(rewards), int(rewards.sum())
    if k < 2:
        return
    last = {"pkpo_loo1": n - k + 1, "pkpo_s": n - k, "pkpo_loo": n - k}
    for name, largest in last.items():
        expected = standardise(rewards) if 1 <= c <= largest else np.zeros(n)
        np.testing.assert_allclose(standardise(RULES[name](rewards, k)), expected, atol=1e-4)


def test_mean_centred_s_vanishes_when_k_is_n():
    advantages = RULES["pkpo_s"]([0.1, 0.9, 0.4], 3)
    np.testing.assert_allclose(advantages - advantages.mean(), np.zeros(3), atol=1e-12)


def test_leading_axes_are_groups_of_their_own():
    rewards = np.array([[[1, 0, 0, 0.5], [0, 0, 1, 1]], [[0, 0, 0, 0], [0.2, 0.4, 0.6, 0.8]]])
    for name, rule in RULES.items():
        whole = rule(rewards, 2)
        for index in np.ndindex(2, 2):
            np.testing.assert_allclose(whole[index], rule(rewards[index], 2), atol=1e-12, err_msg=name)


def test_large_groups_stay_exact():
    advantages = RULES["pkpo_loo1"](binary(1, 256), 32)
    assert advantages[0] == pytest.approx(32 / 256)
    assert np.abs(advantages[1:]).max() == 0


@given(groups(), st.data())
@pytest.mark.parametrize("name", sorted(RULES))
def test_masked_samples_change_nothing(name, group, data):
    rewards, k = np.round(group[0], 3), group[1]
    n = len(rewards)
    mask = np.array(data.draw(st.lists(st.booleans(), min_size=n, max_size=n)))
    advantages = sample_advantages(name, np.where(mask, rewards, np.nan), k, mask)
    assert (advantages[~mask] == 0).all()
    size, rule = int(mask.sum()), RULES[name]
    if size and not (rule.needs_k and k > size - rule.spare):
        scale = size if rule.sum_convention else 1
        np.testing.assert_allclose(advantages[mask], scale * rule(rewards[mask], k), atol=1e-12)
    else:
        assert (advantages == 0).all()


def test_mean_convention_multiplies_pkpo_by_n():
    np.testing.assert_allclose(sample_advantages("pkpo_loo1", binary(1), K), [4, *[0] * 7])
    np.testing.assert_allclose(sample_advantages("maxrl", binary(1), K), [7, *[-1] * 7])


@pytest.mark.parametrize(("name", "k"), [("pkpo_s", 9), ("pkpo_loo", 8), ("pkpo_loo1", 0), ("passk_training", 2.5)])
def test_refuses_a_k_that_does_not_fit(name, k):
    with pytest.raises(ConfigError, match="k must be a whole number from 1 to"):
        RULES[name](binary(1), k)


def test_refuses_bad_rewards_and_unknown_rules():
    with pytest.raises(DataError, match="must not be negative"):
        RULES["maxrl"]([-1, 1], 1)
    with pytest.raises(DataError, match="NaN"):
        RULES["rloo"]([np.nan, 1], 1)
    with pytest.raises(ConfigError, match="did you mean 'pkpo_loo1'"):
        sample_advantages("pkpo_lo1", [1, 0], 1)
    assert RULES["rloo"]([1.0], 1) == 0
