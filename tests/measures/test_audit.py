from dataclasses import replace

import numpy as np
import pytest

from cppo.measures import AuditThresholds, RewardDensity, audit_verdict, reward_density

# Every figure exactly on its published threshold for go, or inside it.
GO = RewardDensity(
    problems=100,
    tuples=800,
    nonzero_tuples=0.05,
    problems_with_reward=0.25,
    problems_that_vary=0.10,
    all_zero_groups=0.75,
    gate_rate=0.5,
    parse_rate=0.95,
    informative=0.10,
    expected_informative=0.34,
    p_lower_bound=0.03,
)


def test_go_on_the_thresholds():
    assert audit_verdict(GO) == ("go", ())


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"nonzero_tuples": 0.0499}, "non-zero"),
        ({"problems_with_reward": 0.24}, "rewarded tuple"),
        ({"problems_that_vary": 0.09}, "vary"),
        ({"gate_rate": 0.02}, "accepts"),
        ({"gate_rate": 0.98}, "accepts"),
        ({"parse_rate": 0.94}, "parse"),
        ({"nonzero_tuples": 0.03}, "non-zero"),
        ({"problems_that_vary": 0.05}, "vary"),
    ],
)
def test_hold_between(change, word):
    verdict, reasons = audit_verdict(replace(GO, **change))
    assert verdict == "hold"
    assert len(reasons) == 1
    assert word in reasons[0]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (
            {"nonzero_tuples": 0.029},
            "tuples with a non-zero plan reward: 2.9%; no-go unless at least 3.0%",
        ),
        ({"problems_that_vary": 0.049}, "problems whose rewards vary: 4.9%; no-go unless at least 5.0%"),
        ({"all_zero_groups": 0.91}, "groups with no reward at all: 91.0%; no-go unless at most 90.0%"),
    ],
)
def test_no_go_beyond(change, reason):
    assert audit_verdict(replace(GO, **change)) == ("no-go", (reason,))


def test_every_broken_stop_is_named_and_thresholds_can_be_set():
    density = reward_density(np.zeros((10, 8)), np.ones((10, 8)), np.ones((10, 8)))
    verdict, reasons = audit_verdict(density)
    assert verdict == "no-go"
    assert len(reasons) == 3
    lenient = AuditThresholds(
        stop_nonzero_tuples_below=0, stop_problems_that_vary_below=0, stop_all_zero_groups_above=1
    )
    assert audit_verdict(density, lenient)[0] == "hold"
