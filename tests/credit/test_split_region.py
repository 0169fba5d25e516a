import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from cppo.credit import RULES, infra_masks, plan_rewards, split_region, standardise
from cppo.errors import ConfigError, DataError

# One problem, K = 4: gate passes and solved; gate passes, unsolved; gate fails, solved; unparsed.
GATE = np.array([[1, 1, 0, 0]])
REWARDS = np.array([[[1, 0, 0, 0], [0, 0, 0, 0], [1, 1, 0, 0], [0, 0, 0, 0]]])
BRANCHES = np.array([[True, True, True, False]])
ROOT3 = 1.7320508

shapes = st.tuples(st.integers(1, 3), st.integers(1, 5), st.integers(1, 5))
rewards_PMK = shapes.flatmap(lambda shape: hnp.arrays(np.float64, shape, elements=st.sampled_from([0.0, 1.0])))


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("product", [1, 0, 0, 0]),
        ("ungated", [1, 0, 1, 0]),
        ("additive", [2, 1, 1, 0]),
        ("gate_only", [1, 1, 0, 0]),
        ("mean", [0.25, 0, 0, 0]),
    ],
)
def test_plan_rewards(kind, expected):
    np.testing.assert_allclose(plan_rewards(GATE, REWARDS, BRANCHES, kind), [expected])


def test_an_unparsed_tuple_earns_nothing_even_with_a_gate_of_one():
    gate = np.ones((1, 4))
    for kind in ("product", "ungated", "additive", "gate_only", "mean"):
        assert plan_rewards(gate, np.ones((1, 4, 4)), BRANCHES, kind)[0, 3] == 0


def test_two_regions_by_hand():
    branch_mask = np.repeat(BRANCHES[..., None], 4, axis=-1)
    plan, solver = split_region(plan_rewards(GATE, REWARDS, BRANCHES), REWARDS, branch_mask)
    np.testing.assert_allclose(plan, [[ROOT3, -ROOT3 / 3, -ROOT3 / 3, -ROOT3 / 3]], 1e-6)
    expected = [[ROOT3, -ROOT3 / 3, -ROOT3 / 3, -ROOT3 / 3], [0] * 4, [1, 1, -1, -1], [0] * 4]
    np.testing.assert_allclose(solver, [expected], 1e-6)


def test_infra_leaves_out_the_branch_and_a_tuple_whose_outcome_it_hides():
    rewards = np.array([[[1, 0, np.nan, 0], [0, np.nan, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]]])
    masks = infra_masks(rewards, np.isnan(rewards), BRANCHES)
    np.testing.assert_array_equal(masks.tuple_PM, [[True, False, True, True]])
    np.testing.assert_array_equal(
        masks.branch_PMK[0], [[True, True, False, True], [True, False, True, True], [True] * 4, [False] * 4]
    )
    plans = plan_rewards(np.ones((1, 4)), rewards, BRANCHES, branch_mask_PMK=masks.branch_PMK)
    np.testing.assert_array_equal(plans, [[1, 0, 0, 0]])
    plan, solver = split_region(plans, rewards, *masks)
    # three tuples take part: mean 1/3, std √2/3
    np.testing.assert_allclose(plan, [[np.sqrt(2), 0, -np.sqrt(0.5), -np.sqrt(0.5)]], 1e-6)
    np.testing.assert_allclose(solver[0, 0], [np.sqrt(2), -np.sqrt(0.5), 0, -np.sqrt(0.5)], 1e-6)
    assert (solver[0, 1:] == 0).all()


def test_mean_reward_counts_only_the_branches_that_take_part():
    rewards = np.array([[[1.0, 0.0, np.nan, np.nan]]])
    assert plan_rewards([[1]], rewards, np.array([[True]]), "mean", ~np.isnan(rewards)) == 0.5


def test_solver_rules_by_hand():
    rewards = np.array([[[1, 0], [1, 1]]], dtype=float)
    across = split_region([[1, 1]], rewards, solver_rule="across").solver_PMK
    np.testing.assert_allclose(across, [[[1 / ROOT3, -ROOT3], [1 / ROOT3, 1 / ROOT3]]], 1e-6)
    slots = split_region([[1, 1]], rewards, solver_rule="per_slot").solver_PMK
    np.testing.assert_array_equal(slots, [[[1, 0], [0, 0]]])
    assert split_region([[1]], [[[0.7]]], solver_rule="per_slot").solver_PMK == pytest.approx(0.7)


@given(rewards_PMK)
def test_per_slot_is_leave_one_out_minus_one_over_the_tuple(rewards):
    k = rewards.shape[-1]
    solver = split_region(np.zeros(rewards.shape[:2]), rewards, solver_rule="per_slot").solver_PMK
    if k > 1:
        np.testing.assert_allclose(solver, RULES["pkpo_loo1"](rewards, k), atol=1e-9)
    else:
        np.testing.assert_array_equal(solver, rewards)


@given(rewards_PMK, st.data())
def test_zero_mean_per_tuple_and_what_is_masked_changes_nothing(rewards, data):
    infra = data.draw(hnp.arrays(np.bool_, rewards.shape))
    has_branches = data.draw(hnp.arrays(np.bool_, rewards.shape[:2]))
    gate = data.draw(hnp.arrays(np.float64, rewards.shape[:2], elements=st.sampled_from([0.0, 1.0])))
    results = []
    for filler in (0.0, 1.0, np.nan):
        scored = np.where(infra, filler, rewards)
        masks = infra_masks(scored, infra, has_branches)
        plans = plan_rewards(gate, scored, has_branches, branch_mask_PMK=masks.branch_PMK)
        results.append(split_region(plans, scored, *masks))
    for plan, solver in results:
        np.testing.assert_array_equal(plan, results[0].plan_PM)
        np.testing.assert_array_equal(solver, results[0].solver_PMK)
        np.testing.assert_allclose(solver.sum(axis=-1), 0, atol=1e-6)
        np.testing.assert_allclose(plan.sum(axis=-1), 0, atol=1e-6)
        assert (solver[infra] == 0).all()
        assert (solver[~has_branches] == 0).all()


@given(rewards_PMK)
def test_without_masks_the_planner_is_plain_grpo_over_tuples(rewards):
    plans = rewards.max(axis=-1)
    plan, solver = split_region(plans, rewards)
    np.testing.assert_array_equal(plan, standardise(plans))
    np.testing.assert_array_equal(solver, standardise(rewards))


def test_refuses():
    with pytest.raises(ConfigError, match="did you mean 'product'"):
        plan_rewards(GATE, REWARDS, BRANCHES, "produkt")
    with pytest.raises(ConfigError, match="solver rule"):
        split_region([[1]], [[[1]]], solver_rule="slots")
    with pytest.raises(DataError, match="gate_PM has shape"):
        plan_rewards([[1]], REWARDS, BRANCHES)
    with pytest.raises(DataError, match="plan_rewards_PM has shape"):
        split_region([[1]], REWARDS)
    with pytest.raises(DataError, match="3 axes"):
        split_region([[1]], [[1]])
