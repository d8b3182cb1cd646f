"""The leak guard: recomputation with another future, and overlap of the sides of a split."""

from shared.evaluation.leakage.check import leakage_check
from shared.evaluation.leakage.report import Leak, LeakReport, LeakWarning

__all__ = ["Leak", "LeakReport", "LeakWarning", "leakage_check"]


def __dir__() -> list[str]:
    return sorted(__all__)
