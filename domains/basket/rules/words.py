"""Sentences about rules: on how many customers they rest, and why there are none."""

from __future__ import annotations

import numpy as np

from shared.data import Incidence

__all__ = ["say_customers", "say_why_none"]


def say_why_none(least: int, longest: int, n_baskets: int, baskets: Incidence | None) -> str:
    """Say which threshold is to blame where there is no rule.

    Parameters
    ----------
    least : int
        Baskets asked for.
    longest : int
        Items of the largest frequent set.
    n_baskets : int
    baskets : Incidence, optional

    >>> say_why_none(5, 0, 2, None)
    'There are fewer baskets than min_support=5: lower it, or give a share, as in 0.01.'
    """
    if least > n_baskets:
        return f"There are fewer baskets than min_support={least:,}: lower it, or give a share, as in 0.01."
    if longest == 0:
        found = 0 if baskets is None else int(baskets.counts.max(initial=0))
        most = f" (the most frequent is in {found:,})" if found else ""
        return f"No item is in {least:,} baskets{most}: lower min_support."
    if longest == 1:
        return f"No two items are together in {least:,} baskets: lower min_support."
    return "Items are together often enough, but no rule is that confident: lower min_confidence."


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
