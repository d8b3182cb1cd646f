"""Rules of as many items as leave no more of them than can be looked at one by one."""

from __future__ import annotations

from dataclasses import dataclass

from domains.basket import Rules, TooManyError, association_rules, frequent_itemsets
from shared.data import Incidence
from shared.errors import DataError, Problem

from .settings import GrocerySettings

__all__ = ["MOST_RULES", "Mined", "mine"]

# The bundled shop has some thousand; with a hundred thousand a run takes minutes and its tables some MB.
MOST_RULES = 100_000


@dataclass(frozen=True)
class Mined:
    """What a search found.

    Attributes
    ----------
    rules : Rules
    max_length : int
        Items of the longest rules that were looked for.
    shortened : bool
        Whether longer ones were asked for, and would have been too many.

    >>> Mined(association_rules([["tea", "milk"]] * 3, 0.5, min_support=2), 2, True).max_length
    2
    """

    rules: Rules
    max_length: int
    shortened: bool


def mine(baskets: Incidence, least: int, settings: GrocerySettings, min_customers: int | None = None) -> Mined:
    """Find rules; of fewer items than asked for where there would be more than a hundred thousand.

    Rules of more items are mostly variants of shorter ones, and where baskets are large there are millions.

    Parameters
    ----------
    baskets : Incidence
    least : int
        Baskets that a rule is in.
    settings : GrocerySettings
    min_customers : int, optional
        Customers that a rule rests on.

    Raises
    ------
    DataError
        Even rules of two items are too many.

    >>> from shared.data import Incidence
    >>> mine(Incidence.from_lists([["tea", "milk"]] * 3), 2, GrocerySettings()).shortened
    False
    """
    for longest in range(settings.max_length, 1, -1):
        try:
            sets = frequent_itemsets(baskets, least, max_length=longest, max_itemsets=10 * MOST_RULES)
            rules = association_rules(sets, settings.min_confidence, min_customers=min_customers, max_rules=MOST_RULES)
        except TooManyError:
            continue
        return Mined(rules, longest, longest < settings.max_length)
    what = f"pairs of items that meet in at least {least:,} baskets make more than {MOST_RULES:,} rules"
    fix = (
        f"Raise the bound: --set min_support=..., now {settings.min_support:g}; or take broader items, such as"
        " categories."
    )
    raise DataError("baskets", [Problem(what, fix=fix)])
