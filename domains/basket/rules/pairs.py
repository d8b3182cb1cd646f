"""All pairs of frequent items, together often or never: what goes along, and what keeps apart."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from domains.basket.mining.search import as_baskets, min_count_of
from domains.basket.rules.query import RuleQuery
from domains.basket.rules.rule_table import Sets
from domains.basket.rules.rules import Rules
from shared.errors import HexadError

__all__ = ["item_pairs"]


def item_pairs(baskets: object, min_support: float = 0.01, *, max_items: int = 1000) -> Rules:
    """Every pair of two frequent items as a rule, from the rarer to the more frequent, however often they meet.

    Because no pair is chosen by how often it occurs, these rules are the whole family of tests on them: call
    ``.test(family="mined")``, or ``.test(family="mined", alternative="less")`` for items that keep apart.

    Parameters
    ----------
    baskets : Incidence, or what `frequent_itemsets` takes
    min_support : float or int
        Least support of each item alone.
    max_items : int
        More frequent items than that are refused: there would be half their square of pairs.

    >>> pairs = item_pairs([["a", "b"], ["a", "b"], ["c"], ["b"]], min_support=1)
    >>> [(pairs.label(k), int(pairs.joint_counts[k])) for k in range(len(pairs))]
    [('c → a', 0), ('c → b', 0), ('a → b', 2)]
    """
    found = as_baskets(baskets)
    least = min_count_of(min_support, found.n_rows)
    order = np.argsort(found.counts, kind="stable")
    order = order[found.counts[order] >= least].astype(np.int32)
    if len(order) > max_items:
        raise HexadError(
            f"{len(order):,} items are in at least {least:,} baskets, more than max_items={max_items:,}; raise"
            " min_support"
        )
    inside = found.to_sparse()[:, order]
    common = (inside.T @ inside).toarray()
    first, second = np.triu_indices(len(order), k=1)
    together = np.rint(common[first, second]).astype(np.int32)
    sets = Sets(np.arange(len(order) + 1, dtype=np.int64), order.astype(np.int32), found.counts[order].astype(np.int32))
    return Rules(
        found.items,
        found.n_rows,
        sets,
        first.astype(np.int32),
        second.astype(np.int32),
        together,
        RuleQuery(least, Fraction(0), 2, pairs=True),
        baskets=found,
    )
