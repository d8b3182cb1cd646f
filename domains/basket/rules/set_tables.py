"""Rules from a table of itemsets: ours after a file, or mlxtend's."""

from __future__ import annotations

from collections.abc import Collection
from fractions import Fraction
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from domains.basket.mining.search import as_fraction
from domains.basket.rules.query import RuleQuery
from domains.basket.rules.rule_table import Sets
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
    all supports are whole shares; a multiple of it gives the same support, confidence, lift and their like, but other
    counts, chi-squared, Laplace corrections and tests, which the rules' notes say.

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
    _refuse_impossible(known)
    items = _list_items(sets, name, antecedents, consequents)
    left, right, joint, lost = _find_rules(sets, known, confidence, max_consequent, antecedents, consequents, max_rules)
    codes = [np.sort(items.get_indexer(pd.Index(list(one), dtype=items.dtype))) for one in sets]
    note = [f"{count_of(lost, 'rule')} were left out whose sides the table does not count"] if lost else []
    if "count" not in table.columns:
        note.append(
            f"the table has no counts: {n_baskets:,} is the smallest number of baskets of which its supports are whole"
            " shares, and counts, chi-squared, Laplace and tests are as of so few; add a column 'count'"
        )
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
        notes=tuple(note),
    )


def _list_items(
    sets: list[frozenset[Any]], column: str, antecedents: Collection[Any] | None, consequents: Collection[Any] | None
) -> pd.Index:
    every = {item for one in sets for item in one}
    if len({isinstance(item, str) for item in every}) > 1:
        raise HexadError(f"some items of column {column!r} are text and others are not; write all alike")
    for side, asked in (("antecedents", antecedents), ("consequents", consequents)):
        if unknown := [item for item in asked or () if item not in every]:
            raise HexadError(f"{side}= names {quote(unknown)}, which no set of the table holds")
    names: pd.Index[Any] = pd.Index(sorted(every, key=lambda item: (str(type(item)), item)))
    return names


def _find_rules(
    sets: list[frozenset[Any]],
    known: dict[frozenset[Any], int],
    confidence: Fraction,
    max_consequent: int,
    antecedents: Collection[Any] | None,
    consequents: Collection[Any] | None,
    max_rules: int,
) -> tuple[list[int], list[int], list[int], int]:
    """Places of both sides, counts of both together, and how many rules have a side that the table does not count."""
    left, right, joint, lost = list[int](), list[int](), list[int](), 0
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
    return left, right, joint, lost


def _refuse_impossible(known: dict[frozenset[Any], int]) -> None:
    """Refuse a set that is in more baskets than a part of it."""
    for one, count in known.items():
        for item in one if len(one) > 1 else ():
            part = one - {item}
            if known.get(part, count) < count:
                raise HexadError(
                    f"the set {quote(sorted(map(str, one)))} is in more baskets ({count:,}) than its part"
                    f" {quote(sorted(map(str, part)))} ({known[part]:,}): the table's counts are wrong"
                )


def _as_set(value: object, row: int, column: str) -> frozenset[Any]:
    if isinstance(value, str) or not hasattr(value, "__iter__"):
        raise HexadError(f"row {row:,} of column {column!r} is {quote([value])}, no set or list of items")
    try:
        found = frozenset(item.item() if isinstance(item, np.generic) else item for item in value)
    except TypeError as error:
        raise HexadError(f"row {row:,} of column {column!r} holds {quote([value])}, whose items are no text") from error
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
        given = pd.to_numeric(table["count"], errors="coerce").to_numpy(dtype=float)
        wrong = ~((given >= 1) & (given == np.floor(given)) & (given < 2**31))
        if wrong.any():
            rows = ", ".join(str(row + 1) for row in np.flatnonzero(wrong)[:6])
            raise HexadError(
                f"column 'count' holds {int(wrong.sum()):,} values that are no numbers of baskets (rows {rows})"
            )
        totals = given / support
        if len(totals) and (np.abs(given - support * totals.max()) > 0.5 + 1e-6 * given).any():
            raise HexadError(
                "columns 'count' and 'support' contradict each other: they give several numbers of baskets"
            )
        counts = [int(count) for count in given]
        return max((round(count / share) for count, share in zip(counts, support, strict=True)), default=0), counts
    shares = np.unique(support)
    if len(shares) == 0:
        return 1, []
    for n_baskets in range(1, MOST_BASKETS + 1):
        found = shares * n_baskets
        if np.abs(found - np.round(found)).max() < 1e-12 * n_baskets:
            return n_baskets, [round(share * n_baskets) for share in support]
    common = max(as_fraction(float(share), "support").denominator for share in shares)
    raise HexadError(
        f"the supports are no shares of up to {MOST_BASKETS:,} baskets (one is a share of {common:,}); add a column"
        " 'count' with the number of baskets of each set"
    )
