"""Association rules from itemsets, or straight from baskets, with thresholds in whole numbers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from domains.basket.customers import count_customers, owners_of
from domains.basket.errors import TooManyError
from domains.basket.mining.itemsets import Itemsets
from domains.basket.mining.search import as_baskets, as_fraction, frequent_itemsets, whole_number
from domains.basket.mining.tree import Layout, Tree, tree_of
from domains.basket.rules.query import RuleQuery
from domains.basket.rules.rule_table import Sets
from domains.basket.rules.rules import Rules
from domains.basket.rules.set_tables import is_set_table, rules_of_table
from shared.checks import as_tuple, is_whole
from shared.errors import HexadError
from shared.text import count_of

__all__ = ["association_rules"]

MOST = 2**31 - 1
# A rule that fewer customers follow says more about them than about customers; asked for, fewer will do.
MIN_CUSTOMERS = 10


def association_rules(
    source: Any,
    min_confidence: float | Fraction = 0.2,
    *,
    min_support: float | None = None,
    max_length: int | None = None,
    max_consequent: int | None = 1,
    antecedents: Iterable[Any] | None = None,
    consequents: Iterable[Any] | None = None,
    without_items: Iterable[Any] | None = None,
    min_lift: float | None = None,
    min_customers: int | None = None,
    max_rules: int = 20_000_000,
) -> Rules:
    """Find all rules "who has the antecedent has the consequent" that are confident enough.

    Confidence is compared as a quotient of whole numbers: a rule of exactly the asked confidence is there. Items that
    may stand on one side are templates as in arules' ``appearance``; with `consequents`, and baskets as source, only
    sets that hold one of them are mined.

    Parameters
    ----------
    source : Itemsets, baskets, or a table of itemsets
        Frequent itemsets, or what `frequent_itemsets` takes. A table with "itemset" or "itemsets" and "count" or
        "support", as `Itemsets.to_frame` and mlxtend give it, makes rules that cannot be tested, for want of baskets.
    min_confidence : float
        Least share of the antecedent's baskets that hold the consequent, from 0 to 1.
    min_support, max_length, without_items
        Of `frequent_itemsets`, where baskets are given; support 0.01 where left out.
    max_consequent : int, optional
        Largest number of items on the right; None for any.
    antecedents, consequents : iterable, optional
        The only items that may stand on the left, and on the right.
    min_lift : float, optional
        Least lift.
    min_customers : int, optional
        Least number of customers with both sides in one basket; 10 where the baskets name customers, and nothing is
        said. Guests count as one customer each.
    max_rules : int
        More are refused.

    Returns
    -------
    Rules

    Raises
    ------
    HexadError
        A threshold out of range, unknown items, too many rules, or `min_customers` where none are named.

    >>> rules = association_rules([["milk", "bread"], ["milk", "bread"], ["milk"]], 0.6, min_support=2)
    >>> [rules.sentence(k) for k in range(len(rules))]
    ['milk → bread: 2 of 3 baskets (66.7 %), lift 1', 'bread → milk: 2 of 2 baskets (100 %), lift 1']
    """
    limit = whole_number(max_rules, "max_rules", MOST)
    customers = whole_number(min_customers, "min_customers", MOST) if min_customers is not None else None
    confidence = as_fraction(min_confidence, "min_confidence")
    if not 0 <= confidence <= 1:
        raise HexadError(f"min_confidence={min_confidence} is no share between 0 and 1")
    longest = MOST if max_consequent is None else max_consequent
    if not is_whole(longest):
        raise HexadError(f"max_consequent={max_consequent!r} is no whole number from 1 on")
    right = None if consequents is None else list(_list_items(consequents, "consequents"))
    left = None if antecedents is None else list(_list_items(antecedents, "antecedents"))
    if is_set_table(source):
        if (min_support, max_length, without_items, customers) != (None,) * 4:
            raise HexadError(
                "min_support, max_length, without_items and min_customers need baskets, not their itemsets"
            )
        found_in = rules_of_table(
            source, confidence, max_consequent=int(longest), antecedents=left, consequents=right, max_rules=limit
        )
        return _of_lift(found_in, min_lift)
    if isinstance(source, Itemsets):
        if min_support is not None or max_length is not None or without_items is not None:
            raise HexadError("min_support, max_length and without_items belong to frequent_itemsets; pass them there")
        sets = source
    else:
        sets = frequent_itemsets(
            as_baskets(source),
            0.01 if min_support is None else min_support,
            max_length=max_length,
            with_items=right if longest == 1 else None,
            without_items=without_items,
        )
    asked = RuleQuery(
        sets.min_count,
        confidence,
        sets.max_length,
        int(longest),
        None if left is None else tuple(left),
        None if right is None else tuple(right),
        sets.without_items,
    )
    before, after = _find_allowed(sets, left), _find_allowed(sets, right)
    found = _from_tree if sets.is_complete and sets.tree is not None else _from_sets
    rules = keep_customers(found(sets, asked, before, after, limit), customers)
    return _of_lift(rules, min_lift)


def keep_customers(rules: Rules, least: int | None) -> Rules:
    """Count the customers behind rules, and leave out those with too few; nothing where customers are not named.

    Parameters
    ----------
    rules : Rules
        With their baskets.
    least : int, optional
        `MIN_CUSTOMERS` where left out.

    >>> keep_customers(association_rules([["a", "b"]], 0.5, min_support=1), None).query.min_customers
    1
    """
    owners = None if rules.baskets is None else owners_of(rules.baskets)
    if owners is None or rules.baskets is None:
        if least is not None:
            raise HexadError(
                f"min_customers={least} needs baskets that name their customers: BasketColumns(customer=...)"
            )
        return rules
    least = MIN_CUSTOMERS if least is None else least
    kept = rules.take(rules.joint_counts >= least)  # no more customers than baskets
    customers = count_customers(kept, rules.baskets, owners)
    enough = customers >= least
    kept = replace(
        kept.take(enough), query=replace(rules.query, min_customers=least), columns={"customers": customers[enough]}
    )
    lost = len(rules) - len(kept)
    note = f"{count_of(lost, 'rule')} with fewer than {least:,} customers behind them were left out (min_customers)"
    return replace(kept, notes=(*rules.notes, note)) if lost else kept


def _list_items(items: Iterable[Any], name: str) -> Iterable[Any]:
    """Items as a list; a bare name is one item, and not its letters."""
    return tuple(items) if isinstance(items, set | frozenset) else as_tuple(items, name)


def _find_allowed(sets: Itemsets, items: list[Any] | None) -> NDArray[Any]:
    allowed = np.ones(sets.baskets.n_items, dtype=bool)
    if items is not None:
        allowed[:] = False
        allowed[sets.baskets.item_codes(items)] = True
    return allowed


def least_counts(confidence: Fraction, n_baskets: int) -> NDArray[Any]:
    """Least number of common baskets for every number of baskets of the antecedent, exactly.

    >>> least_counts(Fraction(1, 5), 10).tolist()
    [0, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2]
    """
    over, under = confidence.numerator, confidence.denominator
    if over * (n_baskets + 1) + under < 2**62:
        return ((over * np.arange(n_baskets + 1) + under - 1) // under).astype(np.int32)
    return np.array([-(-over * count // under) for count in range(n_baskets + 1)], dtype=np.int32)


def _of_lift(rules: Rules, min_lift: float | None) -> Rules:
    """Rules of enough lift; a word where there are none of it."""
    if min_lift is None:
        return rules
    kept = rules.where(lift=min_lift)
    none = (f"none of {count_of(len(rules), 'rule')} has a lift of {min_lift:g}: lower min_lift",)
    return replace(kept, notes=(*rules.notes, *(none if len(rules) and not len(kept) else ())))


def _from_tree(sets: Itemsets, asked: RuleQuery, before: Any, after: Any, limit: int) -> Rules:
    """Rules from all frequent sets: subsets are looked up, nothing is counted again."""
    from domains.basket.rules.kernels import generate_rules, link_subsets

    tree: Any = sets.tree
    n_ranks = len(tree.order)
    rank = np.zeros(max(sets.baskets.n_items, 1), dtype=np.int32)
    rank[tree.order] = np.arange(n_ranks, dtype=np.int32)
    flat = rank[sets.codes]
    links, _ = link_subsets(tree.item, tree.length, sets.indptr, max(n_ranks, 1))
    single = np.zeros(n_ranks, dtype=np.int32)
    alone = np.flatnonzero(tree.length == 1)
    single[tree.item[alone]] = alone
    made, lhs, rhs, broken = generate_rules(
        tree.item,
        tree.length,
        sets.counts,
        sets.indptr,
        links,
        flat,
        single,
        least_counts(asked.min_confidence, sets.n_baskets),
        before[tree.order],
        after[tree.order],
        min(asked.max_consequent, 32_000),
        limit,
    )
    if broken:
        raise TooManyError(
            f"there are more than {limit:,} rules; raise min_confidence or min_support, or keep max_consequent=1"
        )
    return Rules(
        sets.items,
        sets.n_baskets,
        Sets(sets.indptr, sets.codes, sets.counts),
        lhs,
        rhs,
        sets.counts[made],
        asked,
        baskets=sets.baskets,
        tree=tree,
    )


def _from_sets(sets: Itemsets, asked: RuleQuery, before: Any, after: Any, limit: int) -> Rules:
    """Rules of one consequent from sets whose subsets are not all there: these are counted again."""
    if asked.max_consequent > 1:
        raise HexadError(
            "rules with several items on the right need all frequent itemsets; mine without with_items and with "
            "kind='all', or pass max_consequent=1"
        )
    owner = np.repeat(np.arange(len(sets)), sets.lengths)
    n_barred = np.bincount(owner, weights=~before[sets.codes], minlength=len(sets))
    fits = after[sets.codes] & (sets.lengths[owner] > 1) & (n_barred[owner] - ~before[sets.codes] == 0)
    place = np.flatnonzero(fits)
    whole, right = owner[place], sets.codes[place]
    lengths = sets.lengths[whole] - 1
    ptr = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    spots = np.arange(ptr[-1]) - np.repeat(ptr[:-1], lengths)
    spots += np.repeat(sets.indptr[whole], lengths)
    spots += spots >= np.repeat(place, lengths)  # skip the consequent
    sides_ptr = np.concatenate([ptr, ptr[-1] + 1 + np.arange(len(right))]) if len(right) else ptr
    tree, node = tree_of(sides_ptr, np.concatenate([sets.codes[spots], right]), sets.baskets.n_items)
    tree = Tree(tree.order, tree.item, tree.length, Layout.of(sets.baskets, tree.order).counts(tree))
    lhs, rhs = node[: len(right)].astype(np.int32), node[len(right) :].astype(np.int32)
    needed = least_counts(asked.min_confidence, sets.n_baskets)
    keep = sets.counts[whole] >= needed[tree.count[lhs]]
    if int(keep.sum()) > limit:
        raise TooManyError(f"there are more than {limit:,} rules; raise min_confidence or min_support")
    return Rules(
        sets.items,
        sets.n_baskets,
        Sets(tree.indptr, tree.codes, tree.count),
        lhs[keep],
        rhs[keep],
        sets.counts[whole][keep],
        asked,
        baskets=sets.baskets,
        notes=() if sets.kind == "all" else (f"the sets are {sets.kind}: rules of other sets are not among these",),
    )
