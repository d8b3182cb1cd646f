"""Basket rules: exact, fast, and tested."""

from domains.basket.completion import SEARCH_GRID, RuleRecommender, rule_weights
from domains.basket.figures import pair_heatmap, rule_network, rule_scatter, stability_figure
from domains.basket.mining import Itemsets, estimated_itemsets, frequent_itemsets
from domains.basket.rules import (
    MEASURES,
    Family,
    Measure,
    PermutationTest,
    Rules,
    Stability,
    association_rules,
    held_out,
    improvement,
    item_pairs,
    over_time,
    permutation_test,
    randomised,
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
    "association_rules",
    "estimated_itemsets",
    "frequent_itemsets",
    "held_out",
    "improvement",
    "item_pairs",
    "over_time",
    "pair_heatmap",
    "permutation_test",
    "randomised",
    "rule_network",
    "rule_scatter",
    "rule_weights",
    "stability_figure",
]
