"""Why a model says what it says: importance of groups of features, and how its answer follows one of them."""

from shared.evaluation.explain.dependence import Dependence, dependence
from shared.evaluation.explain.designs import Design, group_correlated
from shared.evaluation.explain.importance import Importance, permutation_importance

__all__ = [
    "Dependence",
    "Design",
    "Importance",
    "group_correlated",
    "dependence",
    "permutation_importance",
]


def __dir__() -> list[str]:
    return sorted(__all__)
