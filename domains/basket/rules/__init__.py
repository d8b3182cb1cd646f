"""Association rules: measures, tests, redundancy, a second look, files."""

from domains.basket.rules.association import association_rules
from domains.basket.rules.chance import PermutationTest, permutation_test, randomised
from domains.basket.rules.correction import Family
from domains.basket.rules.measures import MEASURES, Measure
from domains.basket.rules.pairs import item_pairs
from domains.basket.rules.redundancy import improvement
from domains.basket.rules.rules import Rules
from domains.basket.rules.stability import Stability, held_out, over_time

__all__ = [
    "MEASURES", "Family", "Measure", "PermutationTest", "Rules", "Stability", "association_rules", "held_out",
    "improvement", "item_pairs", "over_time", "permutation_test", "randomised",
]  # fmt: skip
