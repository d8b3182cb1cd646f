"""Metrics, one runner, comparison, tuning and the leak guard: the same for every domain."""

from shared.evaluation.compare import Comparison, Comparisons, compare, compare_units
from shared.evaluation.leakage import Leak, LeakReport, LeakWarning, leakage_check
from shared.evaluation.metrics import ArrayMetric, Metric, metric
from shared.evaluation.runner import evaluate
from shared.evaluation.scores import Scores
from shared.evaluation.task import ColumnRoles, Stopwatch, Task
from shared.evaluation.tuning import Tuning, tune

__all__ = [
    "ArrayMetric",
    "ColumnRoles",
    "Comparison",
    "Comparisons",
    "Leak",
    "LeakReport",
    "LeakWarning",
    "Metric",
    "Scores",
    "Stopwatch",
    "Task",
    "Tuning",
    "compare",
    "compare_units",
    "evaluate",
    "leakage_check",
    "metric",
    "tune",
]


def __dir__() -> list[str]:
    return sorted(__all__)
