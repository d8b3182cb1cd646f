"""Metrics, one runner, comparison: the same for every domain."""

from shared.evaluation.compare import Comparison, Comparisons, compare
from shared.evaluation.leakage import Leak, LeakReport, LeakWarning, leakage_check
from shared.evaluation.reliability import Reliability, reliability
from shared.evaluation.runner import evaluate
from shared.evaluation.scorers import Scorer, scorer
from shared.evaluation.scores import Scores
from shared.evaluation.tasks import ForecastingTask

__all__ = [
    "Comparison",
    "Comparisons",
    "ForecastingTask",
    "Leak",
    "LeakReport",
    "LeakWarning",
    "Reliability",
    "Scorer",
    "Scores",
    "compare",
    "evaluate",
    "leakage_check",
    "reliability",
    "scorer",
]
