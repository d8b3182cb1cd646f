"""Basket rules: exact, fast, and tested."""

from domains.basket.completion import SEARCH_GRID, RuleRecommender, ease_weights, rule_weights
from domains.basket.errors import TooManyError
from domains.basket.figures import pair_heatmap, rule_network, rule_scatter
from domains.basket.mining import Itemsets, estimate_itemsets, frequent_itemsets
from domains.basket.rules import (
    MEASURES,
    Family,
    Measure,
    PermutationTest,
    Rules,
    Stability,
    association_rules,
    count_by_period,
    improvement,
    item_pairs,
    permutation_test,
    randomise,
    stability_figure,
    validate_rules,
)
from domains.basket.task import CompletionTask

__all__ = [
    "MEASURES",
    "SEARCH_GRID",
    "CompletionTask",
    "Family",
    "Itemsets",
    "Measure",
    "PermutationTest",
    "RuleRecommender",
    "Rules",
    "Stability",
    "TooManyError",
    "association_rules",
    "ease_weights",
    "estimate_itemsets",
    "frequent_itemsets",
    "validate_rules",
    "improvement",
    "item_pairs",
    "count_by_period",
    "pair_heatmap",
    "permutation_test",
    "randomise",
    "rule_network",
    "rule_scatter",
    "rule_weights",
    "stability_figure",
]


def __dir__() -> list[str]:
    return sorted(__all__)
