"""What the study picks out of what was found: rules to show, offers, pairs that keep apart, and the recommender."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from domains.basket import (
    CompletionTask,
    PermutationTest,
    RuleRecommender,
    Rules,
    Stability,
    association_rules,
    frequent_itemsets,
    permutation_test,
    validate_rules,
)
from shared.data import CustomerCut
from shared.errors import shorten
from shared.evaluation import Scores, evaluate, tune

from .baskets import Shop
from .popularity import Popular
from .settings import GrocerySettings

__all__ = [
    "apart",
    "by_chance",
    "offers",
    "other_customers",
    "recommender",
    "select_rules",
    "together_anyway",
    "try_recommender",
]

# An offer is made where buyers of one take the other at least 30 % oftener than others do.
MIN_LIFT = 1.3
# Where half of the buyers take the other already, an offer gives a discount away.
SATURATED = 0.5
# Where three in five buyers take the other anyway, an offer would pay for what is bought without it.
CERTAIN = 0.6
# Rows of that table.
FEWEST = 5
# An item is in at most so many offers, so that the list is not about bread alone.
OFTEN = 2
# Joint baskets that chance gives at least: below, that none was seen says little (e to the minus 20 at most).
EXPECTED = 20.0
MODEL, NAIVE = "rules and history", "popularity"
FEWEST_CUSTOMERS = 200  # to mine from half of them: fewer leave hardly a rule
TUNED_ON = 8000  # baskets with a hidden item for each combination of settings: +-1 point of hit rate, in seconds


def select_rules(kept: Rules, settings: GrocerySettings) -> Rules:
    """Kept rules that add something to shorter ones; the strongest first.

    >>> from domains.basket import association_rules
    >>> from shared.data import Incidence
    >>> baskets = Incidence.from_lists(([["tea", "milk"]] * 3 + [["tea"]] * 5 + [["soap"]] * 12) * 20)
    >>> shop = Shop.cut(baskets, GrocerySettings(), "table")
    >>> kept = association_rules(shop.train, 0.2, min_support=5).test("fisher").significant
    >>> len(select_rules(kept, GrocerySettings()))
    2
    """
    return kept.without_redundant(settings.min_improvement).sort("adjusted_lift")


def by_chance(rules: Rules, settings: GrocerySettings) -> PermutationTest | None:
    """The same search and test on baskets without any association; None where there is nothing to test.

    >>> from domains.basket import association_rules
    >>> by_chance(association_rules([["a"], ["b"]], 0.5, min_support=1), GrocerySettings()) is None
    True
    """
    if not settings.randomised or not len(rules):
        return None
    return permutation_test(
        rules,
        settings.randomised,
        test=settings.test,
        alpha=settings.alpha,
        random_state=settings.seed,
        n_jobs=settings.n_jobs,
    )


def other_customers(shop: Shop, least: int, settings: GrocerySettings) -> Stability | None:
    """Rules of half of the customers, looked at again in the baskets of the others; None where too few are named.

    >>> from shared.data import Incidence
    >>> shop = Shop.cut(Incidence.from_lists([["a", "b"]] * 300), GrocerySettings(), "table")
    >>> other_customers(shop, 5, GrocerySettings())
    """
    baskets = shop.train
    if baskets.customers is None or len(np.unique(baskets.customers)) < FEWEST_CUSTOMERS:
        return None
    (cut,) = CustomerCut(0.5, random_state=settings.seed).splits(baskets)
    first, second = baskets.take(cut.train), baskets.take(cut.test)
    half = max(2, least // 2)
    rules = association_rules(
        frequent_itemsets(first, half, max_length=settings.max_length),
        settings.min_confidence,
        min_customers=max(1, settings.min_customers // 2),
    )
    return rules.test(settings.test, alpha=settings.alpha).significant.validate(second)


def offers(rules: Rules, shop: Shop) -> pd.DataFrame:
    """One-item rules worth an offer: well beyond chance, not yet a matter of course, and certain in the later baskets.

    Ordered by the baskets a week of shoppers would still have to give: those with the first item and not the second,
    times the confidence beyond what chance gives.

    >>> from domains.basket import association_rules
    >>> from shared.data import Incidence
    >>> baskets = Incidence.from_lists(([["tea", "milk"]] * 3 + [["tea"]] * 5 + [["soap"]] * 12) * 20)
    >>> shop = Shop.cut(baskets, GrocerySettings(), "table")
    >>> kept = association_rules(shop.train, 0.2, min_support=5).test("fisher").significant
    >>> offers(kept, shop)["offer"].tolist()
    ['milk']
    """
    single = rules.take((rules.antecedent_lengths == 1) & (rules.confidence <= SATURATED))
    single = single.take(np.asarray(single.columns["adjusted_lift"]) >= MIN_LIFT) if len(single) else single
    later = validate_rules(single, shop.test)
    low, _ = later.interval()
    certain = np.flatnonzero(low[0] > 1)
    room = single.antecedent_counts - single.joint_counts
    worth = (
        room * (single.confidence - single.columns["expected"] / np.maximum(single.antecedent_counts, 1))
        if len(single)
        else room
    )
    order = certain[np.argsort(-worth[certain], kind="stable")]
    pairs = pd.DataFrame({"a": single.antecedent[order], "b": single.consequent[order]})
    both = pd.DataFrame({"a": pairs.min(axis=1), "b": pairs.max(axis=1)})
    order = order[~both.duplicated().to_numpy()]  # of two directions the one that brings more
    names = [single.names(int(k)) for k in order]
    return pd.DataFrame(
        {
            "to who buys": [str(left[0]) for left, _ in names],
            "offer": [str(right[0]) for _, right in names],
            "buy both today": single.confidence[order],
            "times as often as chance": np.asarray(single.columns["adjusted_lift"], dtype=float)[order],
            "lift later": later.lift[0][order],
            "at least": low[0][order],
            "baskets without it": room[order].astype(np.int64),
        }
    )


def together_anyway(rules: Rules, offers: pd.DataFrame) -> list[str]:
    """One-item rules that are a matter of course: an offer would pay for what is bought anyway.

    >>> from domains.basket import association_rules
    >>> together_anyway(association_rules([["tea", "milk"]] * 3 + [["milk"]] * 5, 0.2, min_support=2), pd.DataFrame())
    ['tea → milk: 3 of 3 baskets (100 %), lift 1']
    """
    sure = rules.take((rules.antecedent_lengths == 1) & (rules.confidence >= CERTAIN))
    offered = {frozenset(pair) for pair in offers.iloc[:, :2].itertuples(index=False, name=None)}
    sure = sure.take([k for k in range(len(sure)) if frozenset(map(str, sum(sure.names(k), ()))) not in offered])
    order = np.argsort(-sure.confidence, kind="stable")[:FEWEST]
    return [sure.sentence(int(k)) for k in order]


def apart(pairs: Rules, later: Rules) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Pairs met less often than basket sizes give, in both parts of the time; and items that keep apart from most.

    An item of the second table says more of how it is sold than of any partner: at another till, or on its own.

    >>> from domains.basket import item_pairs
    >>> baskets = [["tea", "milk"]] * 100 + [["coffee", "milk"]] * 100 + [["tea"], ["coffee"], ["milk"]] * 60
    >>> pairs = item_pairs(baskets, 0.1).test(family="mined", alternative="less")
    >>> apart(pairs, pairs)[0][["one", "other", "baskets with both"]].values.tolist()
    [['coffee', 'tea', 0]]
    """
    kept = pairs.significant
    ptr = pairs.sets.indptr
    left, right = (kept.sets.codes[ptr[side]] for side in (kept.antecedent, kept.consequent))
    n_items = len(pairs.sets.counts)
    partners = np.bincount(np.concatenate([left, right]), minlength=len(pairs.items))
    loners = np.flatnonzero(partners > max(0.5 * (n_items - 1), 3))
    expected, ratio = (np.asarray(kept.columns[name], dtype=float) for name in ("expected", "adjusted_lift"))
    lift_later = _lifts_later(left, right, later)
    fits = ~np.isin(left, loners) & ~np.isin(right, loners) & (expected >= EXPECTED) & (lift_later < 1)
    order = np.flatnonzero(fits)[np.argsort(ratio[fits], kind="stable")]
    seen: dict[int, int] = {}
    chosen = []
    for k in order:
        if max(seen.get(int(left[k]), 0), seen.get(int(right[k]), 0)) < OFTEN:
            chosen.append(int(k))
            for code in (int(left[k]), int(right[k])):
                seen[code] = seen.get(code, 0) + 1
    first, second = pairs.items[left[chosen]], pairs.items[right[chosen]]
    table = pd.DataFrame(
        {
            "one": [str(name) for name in first],
            "other": [str(name) for name in second],
            "baskets with both": kept.joint_counts[chosen].astype(np.int64),
            "expected by basket size": expected[chosen],
            "found / expected": ratio[chosen],
            "lift later": lift_later[chosen],
        }
    )
    order = loners[np.argsort(-partners[loners], kind="stable")]
    return table, pd.DataFrame(
        {
            "item": [shorten(name) for name in pairs.items[order]],
            "keeps apart from": partners[order],
            "of": n_items - 1,
        }
    )


def _lifts_later(left: NDArray[Any], right: NDArray[Any], later: Rules) -> NDArray[Any]:
    """Lift of pairs in the later baskets; NaN where a side did not occur."""
    size = len(later.items)
    ptr = later.sets.indptr
    one, other = (later.sets.codes[ptr[side]].astype(np.int64) for side in (later.antecedent, later.consequent))
    keys = np.minimum(one, other) * size + np.maximum(one, other)
    order = np.argsort(keys, kind="stable")
    wanted = np.minimum(left, right).astype(np.int64) * size + np.maximum(left, right)
    place = np.searchsorted(keys[order], wanted)
    lifts = np.full(len(wanted), np.nan)
    if len(keys):
        found = keys[order][np.minimum(place, len(keys) - 1)] == wanted
        lifts[found] = later.lift[order[place[found]]]
    return lifts


def recommender(shop: Shop, settings: GrocerySettings) -> RuleRecommender:
    """The recommender with settings chosen inside the training baskets, or its own; not fitted.

    >>> from shared.data import Incidence
    >>> shop = Shop.cut(Incidence.from_lists([["a", "b"]] * 300), GrocerySettings(), "table")
    >>> recommender(shop, GrocerySettings()).indirect
    0.4
    """
    start = RuleRecommender(half_life=settings.fading if shop.baskets.times is not None else None)
    enough = (shop.validation.sizes >= 3).sum() >= 100 and (shop.inner_train.sizes >= 2).any()
    if not settings.tune or not enough:
        return start
    grid = {
        "household": (1.5, 3.0, 5.0),
        "indirect": (0.0, 0.3, 0.5),
        "popularity": (0.2, 0.4),
        "ease": (0.0, 2.0, 4.0),
    }
    if shop.baskets.customers is None:
        del grid["household"]
    task = CompletionTask(TUNED_ON, seeds=(settings.seed,))
    metrics = ["hit_rate@10", "ndcg@10"]
    found: RuleRecommender = tune(
        start, grid, shop.train, [shop.inner_split], metrics, task=task, rounds=1, n_jobs=settings.n_jobs
    ).best
    return found


def try_recommender(recommender: RuleRecommender, shop: Shop, settings: GrocerySettings, keep: Path | None) -> Scores:
    """One try of the recommender on the later baskets, beside what sells most.

    >>> from shared.data import Incidence
    >>> shop = Shop.cut(Incidence.from_lists([["a", "b", "c"], ["c", "d", "e"]] * 200), GrocerySettings(), "table")
    >>> try_recommender(RuleRecommender(), shop, GrocerySettings(n_jobs=1), None).models
    ('popularity', 'rules and history')
    """
    return evaluate(
        {MODEL: recommender},
        shop.baskets,
        [shop.split],
        ["hit_rate@10", "ndcg@10"],
        baselines={NAIVE: Popular()},
        task=CompletionTask(settings.hidden, seeds=(settings.seed,)),
        n_jobs=settings.n_jobs,
        keep=keep,
    )
