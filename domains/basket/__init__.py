"""Basket rules: exact, fast, and tested."""

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
    over_time,
    permutation_test,
    randomised,
    tested,
)

__all__ = [
    "MEASURES",
    "Family",
    "Itemsets",
    "Measure",
    "PermutationTest",
    "Rules",
    "Stability",
    "association_rules",
    "estimated_itemsets",
    "frequent_itemsets",
    "held_out",
    "improvement",
    "over_time",
    "permutation_test",
    "randomised",
    "tested",
]
