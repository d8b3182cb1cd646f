"""What rules were asked for."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

__all__ = ["RuleQuery"]


@dataclass(frozen=True)
class RuleQuery:
    """What rules were asked for.

    Attributes
    ----------
    min_count : int
        Least number of baskets of a rule.
    min_confidence : fractions.Fraction
    max_length : int, optional
        Largest number of items of a rule.
    max_consequent : int
        Largest number of items on the right.
    antecedents, consequents : tuple, optional
        Items that may stand on either side.
    without_items : tuple, optional
        Items left out.
    pairs : bool
        Whether all pairs of frequent items were asked for, whatever they have in common.
    min_customers : int
        Least number of customers behind a rule, where customers are named.

    >>> RuleQuery(10, Fraction(1, 5)).max_consequent
    1
    """

    min_count: int
    min_confidence: Fraction
    max_length: int | None = None
    max_consequent: int = 1
    antecedents: tuple[Any, ...] | None = None
    consequents: tuple[Any, ...] | None = None
    without_items: tuple[Any, ...] | None = None
    pairs: bool = False
    min_customers: int = 1
