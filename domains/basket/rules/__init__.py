"""Association rules: measures, tests, redundancy, a second look, files."""

from domains.basket.rules.association import association_rules
from domains.basket.rules.family import Family
from domains.basket.rules.measures import MEASURES, Measure
from domains.basket.rules.pairs import item_pairs
from domains.basket.rules.permutation import PermutationTest, permutation_test, randomise
from domains.basket.rules.redundancy import improvement
from domains.basket.rules.rules import Rules
from domains.basket.rules.stability import Stability, count_by_period, stability_figure, validate_rules

__all__ = [
    "MEASURES",
    "Family",
    "Measure",
    "PermutationTest",
    "Rules",
    "Stability",
    "association_rules",
    "validate_rules",
    "improvement",
    "item_pairs",
    "count_by_period",
    "permutation_test",
    "randomise",
    "stability_figure",
]
