"""Metrics, one runner, comparison: the same for every domain."""

from shared.evaluation.compare import Comparison, Comparisons, compare
from shared.evaluation.runner import ForecastingTask, Scores, evaluate
from shared.evaluation.scorers import Scorer, scorer

__all__ = [
    "Comparison",
    "Comparisons",
    "ForecastingTask",
    "Scorer",
    "Scores",
    "compare",
    "evaluate",
    "scorer",
]
