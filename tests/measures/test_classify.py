import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cppo.errors import ConfigError, DataError
from cppo.measures import auc, choose_threshold, classifier_report

SCORES = [0.9, 0.8, 0.4, 0.3, 0.7, 0.4, 0.2, 0.1]
LABELS = [1, 1, 1, 1, 0, 0, 0, 0]

examples = st.lists(st.tuples(st.integers(0, 5), st.booleans()), min_size=2, max_size=12).filter(
    lambda rows: len({label for _, label in rows}) == 2
)


def test_auc_by_hand():
    # of 16 pairs: 4 + 4 for the two best, 2 + ½ for 0.4, 2 for 0.3
    assert auc(SCORES, LABELS) == pytest.approx(12.5 / 16)
    assert auc([1, 1, 1], [True, False, False]) == 0.5


@given(examples)
def test_auc_equals_counting_pairs(rows):
    scores, labels = np.array([score for score, _ in rows]), np.array([label for _, label in rows])
    pairs = np.sign(scores[labels][:, None] - scores[~labels][None]) / 2 + 0.5
    assert auc(scores, labels) == pytest.approx(pairs.mean())
    assert auc(-scores, labels) == pytest.approx(1 - pairs.mean())


def test_report_by_hand():
    report = classifier_report(SCORES, LABELS, 0.4)
    assert (report.recall, report.specificity) == (0.75, 0.5)
    assert report.balanced_accuracy == 0.625
    assert report.precision == 3 / 5
    assert (report.positives, report.negatives, report.threshold) == (4, 4, 0.4)
    assert report.auc == pytest.approx(12.5 / 16)
    nothing = classifier_report(SCORES, LABELS, 2.0)
    assert (nothing.precision, nothing.recall, nothing.specificity) == (0.0, 0.0, 1.0)


@pytest.mark.parametrize(("recall", "expected"), [(1.0, 0.3), (0.76, 0.3), (0.75, 0.4), (0.5, 0.8), (0.01, 0.9)])
def test_threshold_by_hand(recall, expected):
    assert choose_threshold(SCORES, LABELS, recall) == expected


def test_threshold_is_not_lowered_by_rounding():
    scores = np.arange(101) / 100
    labels = np.arange(101) > 0  # a hundred positives, 0.01 to 1.00
    assert choose_threshold(scores, labels, 0.07) == 0.94  # 0.07 * 100 is 7.000000000000001


@given(examples, st.floats(0.01, 1))
def test_threshold_is_the_largest_that_keeps_the_recall(rows, recall):
    scores, labels = np.array([score for score, _ in rows]), np.array([label for _, label in rows])
    threshold = choose_threshold(scores, labels, recall)
    assert (scores[labels] >= threshold).mean() >= recall - 1e-9
    assert (scores[labels] > threshold).mean() < recall


def test_refuses():
    with pytest.raises(DataError, match="both classes"):
        auc([1, 2], [1, 1])
    with pytest.raises(DataError, match="NaN"):
        auc([np.nan, 2], [0, 1])
    with pytest.raises(DataError, match="one length"):
        auc([1, 2], [1])
    with pytest.raises(DataError, match="neither 0 nor 1"):
        auc([1, 2], [1, 2])
    with pytest.raises(ConfigError, match="recall"):
        choose_threshold(SCORES, LABELS, 0)
