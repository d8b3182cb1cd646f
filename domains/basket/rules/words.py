"""Sentences about rules: on how many customers they rest, and why there are none."""

from __future__ import annotations

import numpy as np

from domains.basket.rules.query import RuleQuery
from shared.data import Incidence
from shared.text import count_of, join_words

__all__ = ["say_customers", "say_why_none"]


def say_why_none(query: RuleQuery, longest: int, n_baskets: int, baskets: Incidence | None) -> str:
    """Say which threshold is to blame where there is no rule.

    Parameters
    ----------
    query : RuleQuery
        What was asked for.
    longest : int
        Items of the largest frequent set.
    n_baskets : int
    baskets : Incidence, optional
        Those mined, where they are at hand.

    >>> from fractions import Fraction
    >>> say_why_none(RuleQuery(5, Fraction(1, 2)), 0, 2, None)
    'There are fewer baskets than min_support=5: lower it, or give a share, as in 0.01.'
    """
    least = query.min_count
    if least > n_baskets:
        return f"There are fewer baskets than min_support={least:,}: lower it, or give a share, as in 0.01."
    if query.max_length == 1:
        return "A rule has two items at least, and max_length=1 leaves one: raise it."
    if baskets is not None and int(baskets.sizes.max(initial=0)) < 2:
        return "No basket holds two items."
    limits = [
        f"{name}=" for name in ("antecedents", "consequents", "without_items") if getattr(query, name) is not None
    ]
    if longest < 2 and limits:
        return f"No items that {join_words(limits)} leave are together in {count_of(least, 'basket')}: ask for others."
    if longest == 0:
        if baskets is None:
            return "No rule was found in what was asked."
        most = int(baskets.counts.max(initial=0))
        return f"No item is in {count_of(least, 'basket')} (the most frequent is in {most:,}): lower min_support."
    if longest == 1:
        return f"No two items are together in {count_of(least, 'basket')}: lower min_support."
    blame = f" among those that {join_words(limits)} leave" if limits else ""
    others = ", or ask for others" if limits else ""
    return f"Items are together often enough, but no rule{blame} is that confident: lower min_confidence{others}."


def say_customers(least: int, baskets: Incidence | None) -> str:
    """Say how many customers stand behind each rule at least, and of how many where that is known.

    Parameters
    ----------
    least : int
    baskets : Incidence, optional

    >>> say_customers(10, None)
    ' and of at least 10 customers'
    """
    of = ""
    if baskets is not None and baskets.customers is not None:
        guests = int((baskets.customers < 0).sum())
        of = f" of {len(np.unique(baskets.customers)) - bool(guests) + guests:,}"
    return f" and of at least {least:,}{of} customers"
