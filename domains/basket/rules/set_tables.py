"""Rules from a table of itemsets: ours after a file, or mlxtend's."""

from __future__ import annotations

from collections.abc import Collection
from fractions import Fraction
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from domains.basket.mining.search import as_fraction
from domains.basket.rules.rule_table import RuleQuery, Sets
from domains.basket.rules.rules import Rules
from shared.errors import HexadError, quote
from shared.text import count_of

__all__ = ["is_set_table", "rules_of_table"]

COLUMNS = ("itemset", "itemsets")  # ours, mlxtend's
MOST_BASKETS = 100_000


def is_set_table(source: object) -> bool:
    """Whether something is a table of itemsets with their counts or support.

    >>> is_set_table(pd.DataFrame({"support": [1.0], "itemsets": [frozenset("a")]}))
    True
    """
    if not isinstance(source, pd.DataFrame):
        return False
    columns = set(map(str, source.columns))
    return bool(columns & set(COLUMNS)) and bool(columns & {"count", "support"})


def rules_of_table(
    table: pd.DataFrame,
    confidence: Fraction,
    *,
    max_consequent: int = 1,
    antecedents: Collection[Any] | None = None,
    consequents: Collection[Any] | None = None,
    max_rules: int = 20_000_000,
) -> Rules:
    """Make rules of itemsets alone; without baskets they can be measured, but not tested.

    Parameters
    ----------
    table : pandas.DataFrame
        A row a set: "itemset" (ours) or "itemsets" (mlxtend's), and "count" or "support".
    confidence : Fraction
    max_consequent : int
    antecedents, consequents : collection, optional
        Items that may stand on either side.
    max_rules : int

    Raises
    ------
    HexadError
        Sets that are no lists of items, come twice, or have no count.

    Notes
    -----
    The number of baskets is the count over the support where both are there, and otherwise the smallest number of which
    all supports are whole shares; a multiple of it gives the same measures.

    >>> table = pd.DataFrame({"support": [1.0, 0.5, 0.5], "itemsets": [{"a"}, {"b"}, {"a", "b"}]})
    >>> rules_of_table(table, Fraction(3, 5)).sentence(0)
    'b → a: 1 of 1 baskets (100 %), lift 1'
    """
    name = next(name for name in COLUMNS if name in table.columns)
    sets = [_as_set(value, row, name) for row, value in enumerate(table[name], start=1)]
    n_baskets, counts = _counts(table)
    known = dict(zip(sets, counts, strict=True))
    if len(known) < len(sets):
        raise HexadError(f"{len(sets) - len(known):,} sets of the table come twice (column {name!r}); leave them out")
    items = pd.Index(sorted({item for one in sets for item in one}, key=lambda item: (str(type(item)), item)))
    left, right, joint, lost = [], [], [], 0
    place = {one: number for number, one in enumerate(sets)}
    for one in sets:
        for size in range(1, min(max_consequent, len(one) - 1) + 1):
            for chosen in combinations(sorted(one, key=str), size):
                after = frozenset(chosen)
                before = one - after
                if antecedents is not None and not before <= set(antecedents):
                    continue
                if consequents is not None and not after <= set(consequents):
                    continue
                if before not in known or after not in known:
                    lost += 1
                elif known[one] * confidence.denominator >= confidence.numerator * known[before]:
                    left.append(place[before])
                    right.append(place[after])
                    joint.append(known[one])
                    if len(joint) > max_rules:
                        raise HexadError(f"there are more than {max_rules:,} rules; raise min_confidence")
    codes = [np.sort(items.get_indexer(pd.Index(list(one), dtype=items.dtype))) for one in sets]
    note = (f"{count_of(lost, 'rule')} were left out whose sides the table does not count",) if lost else ()
    return Rules(
        items,
        n_baskets,
        Sets(
            np.concatenate([[0], np.cumsum([len(one) for one in sets])]).astype(np.int64),
            np.concatenate([*codes, np.zeros(0)]).astype(np.int32),
            np.asarray(counts, dtype=np.int32),
        ),
        np.asarray(left, dtype=np.int32),
        np.asarray(right, dtype=np.int32),
        np.asarray(joint, dtype=np.int32),
        RuleQuery(min(counts, default=1), confidence, max((len(one) for one in sets), default=None), max_consequent),
        notes=note,
    )


def _as_set(value: object, row: int, column: str) -> frozenset[Any]:
    if isinstance(value, str) or not hasattr(value, "__iter__"):
        raise HexadError(f"row {row:,} of column {column!r} is {quote([value])}, no set or list of items")
    found = frozenset(item.item() if isinstance(item, np.generic) else item for item in value)
    if not found:
        raise HexadError(f"row {row:,} of column {column!r} is empty; leave it out")
    return found


def _counts(table: pd.DataFrame) -> tuple[int, list[int]]:
    """Number of baskets, and the count of each set."""
    if "support" not in table.columns:
        raise HexadError("column 'count' alone does not tell the number of baskets; keep 'support', too")
    support = pd.to_numeric(table["support"], errors="coerce").to_numpy(dtype=float)
    if not ((support > 0) & (support <= 1)).all():
        raise HexadError("column 'support' holds values that are no shares above 0 and up to 1")
    if "count" in table.columns:
        counts = [int(count) for count in table["count"]]
        return max((round(count / share) for count, share in zip(counts, support, strict=True)), default=0), counts
    shares = np.unique(support)
    for n_baskets in range(1, MOST_BASKETS + 1):
        found = shares * n_baskets
        if np.abs(found - np.round(found)).max() < 1e-12 * n_baskets:
            return n_baskets, [round(share * n_baskets) for share in support]
    common = max(as_fraction(float(share), "support").denominator for share in shares)
    raise HexadError(
        f"the supports are no shares of up to {MOST_BASKETS:,} baskets (one is a share of {common:,}); add a column"
        " 'count' with the number of baskets of each set"
    )
