"""Measures: estimators, statistics, limits and diversity, as pure functions of arrays."""

from cppo.measures.audit import AuditThresholds, AuditVerdict, audit_verdict
from cppo.measures.bootstrap import LEAST_SEEDS, Comparison, Mean, bootstrap_differences, compare, mean_over_seeds
from cppo.measures.classify import ClassifierReport, auc, choose_threshold, classifier_report
from cppo.measures.diversity import (
    StrategyJudge,
    ast_distance,
    distinct_n,
    duplicate_rate,
    effective_strategies,
    judged_strategies,
    mean_ast_distance,
)
from cppo.measures.fixed_points import fixed_point
from cppo.measures.groups import (
    RewardDensity,
    clopper_pearson_lower,
    clustered_lower_bound,
    expected_informative_fraction,
    informative_fraction,
    reward_density,
)
from cppo.measures.limits import (
    best_coordinated,
    best_coordinated_prior,
    best_independent,
    best_independent_prior,
    best_tuple,
    mixture_limit,
    ratio_bound,
)
from cppo.measures.passk import (
    CoordinationGain,
    coordination_gain,
    first_slot,
    pass_at_k,
    pooled_pass_at_k,
    tuple_pass_at_k,
)
from cppo.measures.significance import Holm, Interval, holm, one_seed_interval, paired_seeds_p, sign_flip_p

__all__ = [
    "AuditThresholds",
    "AuditVerdict",
    "ClassifierReport",
    "Comparison",
    "CoordinationGain",
    "Holm",
    "Interval",
    "LEAST_SEEDS",
    "Mean",
    "RewardDensity",
    "StrategyJudge",
    "ast_distance",
    "auc",
    "audit_verdict",
    "best_coordinated",
    "best_coordinated_prior",
    "best_independent",
    "best_independent_prior",
    "best_tuple",
    "bootstrap_differences",
    "choose_threshold",
    "classifier_report",
    "clopper_pearson_lower",
    "clustered_lower_bound",
    "compare",
    "coordination_gain",
    "distinct_n",
    "duplicate_rate",
    "effective_strategies",
    "expected_informative_fraction",
    "first_slot",
    "fixed_point",
    "holm",
    "informative_fraction",
    "judged_strategies",
    "mean_ast_distance",
    "mean_over_seeds",
    "mixture_limit",
    "one_seed_interval",
    "paired_seeds_p",
    "pass_at_k",
    "pooled_pass_at_k",
    "ratio_bound",
    "reward_density",
    "sign_flip_p",
    "tuple_pass_at_k",
]
