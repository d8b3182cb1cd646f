"""Metrics: pure functions of arrays, and the same by name for the runner."""

from shared.evaluation.metrics.base import ArrayMetric, Metric, by_unit, score_split
from shared.evaluation.metrics.detection import accuracy, average_precision, balanced_accuracy, f1, roc_auc, vus_pr
from shared.evaluation.metrics.intervals import coverage, interval_score
from shared.evaluation.metrics.lists import ListMetric, list_metric, rank_pairs
from shared.evaluation.metrics.ranking import hit_rate, mean_ranks, ndcg, reciprocal_rank
from shared.evaluation.metrics.registry import metric, metric_names
from shared.evaluation.metrics.regression import crps_from_quantiles, mae, mape, pinball, r2, rmse, smape

__all__ = [
    "ArrayMetric",
    "ListMetric",
    "Metric",
    "accuracy",
    "average_precision",
    "balanced_accuracy",
    "by_unit",
    "coverage",
    "crps_from_quantiles",
    "f1",
    "hit_rate",
    "interval_score",
    "list_metric",
    "mae",
    "mape",
    "mean_ranks",
    "metric",
    "metric_names",
    "ndcg",
    "pinball",
    "r2",
    "rank_pairs",
    "reciprocal_rank",
    "rmse",
    "roc_auc",
    "score_split",
    "smape",
    "vus_pr",
]


def __dir__() -> list[str]:
    return sorted(__all__)
