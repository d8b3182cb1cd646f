"""Rules that a more general one makes superfluous."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from domains.basket.mining.tree import Layout, tree_of
from domains.basket.rules.rule_table import R, RuleTable, need_baskets
from shared.errors import HexadError
from shared.typing import Floats

__all__ = ["improvement", "without_redundant"]

MAX_SUBSETS = 2_000_000


def improvement(rules: RuleTable, baskets: Any = None) -> Floats:
    """Confidence beyond that of the best rule with part of the antecedent and the same consequent.

    The empty antecedent counts, too: its confidence is the consequent's share of all baskets (Bayardo, Agrawal &
    Gunopulos 2000). A rule of no improvement is redundant.

    Parameters
    ----------
    rules : RuleTable
    baskets : Incidence, optional
        Where the rules were loaded.

    Returns
    -------
    numpy.ndarray of float64, shape (n_rules,)

    >>> from domains.basket import association_rules
    >>> rules = association_rules([["a", "b", "c"], ["a", "b"], ["b"]], 0.5, min_support=1)
    >>> dict(zip([rules.label(k) for k in range(len(rules))], improvement(rules).round(3).tolist()))["a, c → b"]
    0.0
    """
    if rules.tree is not None:
        return rules.confidence - _from_tree(rules)
    return rules.confidence - _count_subsets(rules, baskets)


def without_redundant(rules: R, min_improvement: float = 0.0, baskets: object = None) -> R:
    """Leave out rules whose confidence is not above that of every more general rule by more than `min_improvement`.

    >>> from domains.basket import association_rules
    >>> rules = association_rules([["a", "b", "c"], ["a", "b"], ["b"]], 0.5, min_support=1)
    >>> len(rules), len(without_redundant(rules))
    (8, 2)
    """
    gained = improvement(rules, baskets)
    keep = gained > min_improvement + 1e-12
    note = f"{int((~keep).sum()):,} of {len(rules):,} rules were left out that a more general rule makes superfluous"
    return replace(rules.take(keep), notes=(*rules.notes, note))


def _from_tree(rules: RuleTable) -> Floats:
    from domains.basket.rules.kernels import best_general, link_subsets

    tree: Any = rules.tree
    rank = np.zeros(max(len(rules.items), 1), dtype=np.int32)
    rank[tree.order] = np.arange(len(tree.order), dtype=np.int32)
    flat = rank[rules.sets.codes]
    links, _ = link_subsets(tree.item, tree.length, rules.sets.indptr, max(len(tree.order), 1))
    whole = _join_nodes(rules, flat, tree)
    return best_general(
        whole, rules.antecedent, rules.sets.counts, tree.length, rules.sets.indptr, links, flat, float(rules.n_baskets)
    )


def _join_nodes(rules: RuleTable, flat: Any, tree: Any) -> NDArray[Any]:
    """Number of the set of both sides of each rule: the sets are walked in the order of the tree."""
    ptr, n_ranks = rules.sets.indptr, len(tree.order) + 1
    lengths = rules.sets.lengths
    first, second = rules.sets.take(rules.antecedent), rules.sets.take(rules.consequent)
    size = first.lengths + second.lengths
    joined_ptr = np.concatenate([[0], np.cumsum(size)]).astype(np.int64)
    rank = np.zeros(max(len(rules.items), 1), dtype=np.int64)
    rank[tree.order] = np.arange(len(tree.order))
    owner = np.concatenate(
        [np.repeat(np.arange(len(rules)), first.lengths), np.repeat(np.arange(len(rules)), second.lengths)]
    )
    ranks = rank[np.concatenate([first.codes, second.codes])]
    ranks = ranks[np.lexsort((ranks, owner))]
    # Walk all rules down the tree at once, a level a turn: a node's key is its parent's number and its own rank.
    parents = np.full(len(lengths), -1, dtype=np.int64)
    latest = np.full(int(lengths.max(initial=0)) + 1, -1, dtype=np.int64)
    starts = tree.length.astype(np.int64)
    for depth in range(2, len(latest)):
        above = np.flatnonzero(starts == depth - 1)
        here = np.flatnonzero(starts == depth)
        parents[here] = above[np.searchsorted(above, here) - 1]
    keys = (parents + 1) * n_ranks + flat[ptr[1:] - 1]
    by_key = np.argsort(keys, kind="stable")
    node = np.full(len(rules), -1, dtype=np.int64)
    for depth in range(int(size.max(initial=0))):
        going = np.flatnonzero(size > depth)
        wanted = (node[going] + 1) * n_ranks + ranks[joined_ptr[going] + depth]
        node[going] = by_key[np.searchsorted(keys[by_key], wanted)]
    return node.astype(np.int32)


def _count_subsets(rules: RuleTable, baskets: object) -> Floats:
    """The same for rules whose subsets are not at hand: they are counted."""
    found = need_baskets(rules, baskets, "redundancy", same=True)
    small = rules.antecedent_lengths
    if float((2.0**small).sum()) > MAX_SUBSETS:
        raise HexadError("these rules have too many parts to be counted one by one; mine them with kind='all'")
    sets, owner, with_right = [], [], []
    ptr, codes = rules.sets.indptr, rules.sets.codes
    for k in range(len(rules)):
        left = codes[ptr[rules.antecedent[k]] : ptr[rules.antecedent[k] + 1]].tolist()
        right = codes[ptr[rules.consequent[k]] : ptr[rules.consequent[k] + 1]].tolist()
        for length in range(len(left)):
            for part in combinations(left, length):
                sets += [list(part), [*part, *right]]
                owner += [k, k]
                with_right += [False, True]
    lengths = np.array([len(one) for one in sets], dtype=np.int64)
    filled = np.flatnonzero(lengths > 0)
    flat = np.array([code for one in sets for code in one], dtype=np.int64)
    tree, node = tree_of(np.concatenate([[0], np.cumsum(lengths[filled])]), flat, found.n_items)
    counts = np.full(len(sets), found.n_rows, dtype=np.int64)
    counts[filled] = Layout.of(found, tree.order).counts(tree)[node]
    share = counts[1::2] / np.maximum(counts[0::2], 1)
    best = np.zeros(len(rules))
    np.maximum.at(best, np.asarray(owner[::2], dtype=np.int64), share)
    return best
