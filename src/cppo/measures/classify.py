"""How well a score separates two classes: the held-out report of the plan-validity model and its threshold τ."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from cppo.errors import ConfigError, DataError

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class ClassifierReport:
    """Held-out figures of a binary classifier that accepts scores ≥ `threshold`; `auc` does not depend on it.

    `precision` is 0 when nothing is accepted. `specificity` is the fraction of negatives that is rejected.
    """

    auc: float
    balanced_accuracy: float
    precision: float
    recall: float
    specificity: float
    threshold: float
    positives: int
    negatives: int


def auc(scores: ArrayLike, labels: ArrayLike) -> float:
    """Return the area under the ROC curve: the chance that a positive outscores a negative, ties counting half.

    Rank formula (Mann–Whitney): (Σ ranks of positives − P(P+1)/2)/(P N), ranks averaged over ties. `labels`
    are 0/1 or bool. Raises `DataError` unless both classes are present.
    """
    values, positive = _pairs(scores, labels)
    count = int(positive.sum())
    ranks = stats.rankdata(values)
    return float((ranks[positive].sum() - count * (count + 1) / 2) / (count * (len(values) - count)))


def classifier_report(scores: ArrayLike, labels: ArrayLike, threshold: float) -> ClassifierReport:
    """Return the figures of accepting scores ≥ `threshold`; raises `DataError` unless both classes are present."""
    values, positive = _pairs(scores, labels)
    accepted = values >= threshold
    recall = float(accepted[positive].mean())
    specificity = float((~accepted[~positive]).mean())
    return ClassifierReport(
        auc=auc(values, positive),
        balanced_accuracy=(recall + specificity) / 2,
        precision=float(positive[accepted].mean()) if accepted.any() else 0.0,
        recall=recall,
        specificity=specificity,
        threshold=float(threshold),
        positives=int(positive.sum()),
        negatives=int((~positive).sum()),
    )


def choose_threshold(scores: ArrayLike, labels: ArrayLike, recall: float = 0.95) -> float:
    """Return the largest threshold τ such that accepting scores ≥ τ keeps at least `recall` of the positives.

    It is the score of a positive: the ⌈recall · P⌉-th highest. A filter before a verifier should seldom reject
    what is good, hence high recall.
    """
    if not 0 < recall <= 1:
        raise ConfigError(f"recall is {recall}; it must be above 0 and at most 1")
    values, positive = _pairs(scores, labels)
    descending = -np.sort(-values[positive])
    needed = ceil(recall * len(descending) - 1e-9)  # 0.07 · 100 is a little more than 7
    return float(descending[max(needed, 1) - 1])


def _pairs(scores: ArrayLike, labels: ArrayLike) -> tuple[Floats, Bools]:
    values, classes = np.asarray(scores, dtype=np.float64), np.asarray(labels)
    if values.ndim != 1 or values.shape != classes.shape:
        raise DataError(f"scores have shape {values.shape}, labels {classes.shape}; need two lists of one length")
    if not np.isfinite(values).all():
        raise DataError("a score is NaN or infinite; drop the example or fix the classifier")
    if not ((classes == 0) | (classes == 1)).all():
        raise DataError("a label is neither 0 nor 1; 1 is the positive class")
    positive = classes == 1
    if positive.all() or not positive.any():
        raise DataError(f"{int(positive.sum())} positives of {len(values)} examples; both classes must be present")
    return values, positive
