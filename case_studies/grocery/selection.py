"""What the study picks out of what was found: rules to show, offers, pairs that keep apart, and the recommender."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from domains.basket import (
    CompletionTask,
    PermutationTest,
    RuleRecommender,
    Rules,
    Stability,
    permutation_test,
    validate_rules,
)
from shared.data import CustomerCut
from shared.errors import shorten
from shared.evaluation import Scores, evaluate, tune

from .baskets import Shop
from .mining import mine
from .popularity import Popular
from .settings import GrocerySettings

__all__ = [
    "apart",
    "by_chance",
    "look_again",
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
TOP = 10  # offers in the picture of the first screen
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
    rules = mine(first, half, settings, max(1, settings.min_customers // 2)).rules
    return rules.test(settings.test, alpha=settings.alpha).significant.validate(second, adjusted=True)


def offers(rules: Rules, shop: Shop) -> pd.DataFrame:
    """One-item rules worth an offer: well beyond chance, not yet a matter of course, and certain in the later baskets.

    Ordered by what they could bring: baskets with the first item and not the second, times the share beyond what
    baskets of their size give; in money where it is known what a basket spends on the second. Of two directions the one
    that brings more.

    >>> from domains.basket import association_rules
    >>> from shared.data import Incidence
    >>> baskets = Incidence.from_lists(([["tea", "milk"]] * 3 + [["tea"]] * 5 + [["soap"]] * 12) * 20)
    >>> shop = Shop.cut(baskets, GrocerySettings(), "table")
    >>> kept = association_rules(shop.train, 0.2, min_support=5).test("fisher").significant
    >>> offers(kept, shop)["then"].tolist()
    ['milk']
    """
    single = rules.take((rules.antecedent_lengths == 1) & (rules.confidence <= SATURATED))
    single = single.take(np.asarray(single.columns["adjusted_lift"]) >= MIN_LIFT) if len(single) else single
    later = look_again(single, shop)
    low, high = later.interval()
    room = (single.antecedent_counts - single.joint_counts).astype(np.int64)
    expected = np.asarray(single.columns["expected"], dtype=float) if len(single) else np.zeros(0)
    extra = room * (single.confidence - expected / np.maximum(single.antecedent_counts, 1))
    names = [single.names(k) for k in range(len(single))]
    spend = [np.nan if shop.spend is None else float(shop.spend.get(right[0], np.nan)) for _, right in names]
    frame = pd.DataFrame(
        {
            "if": [shop.called(left[0]) for left, _ in names],
            "then": [shop.called(right[0]) for _, right in names],
            "buy both": single.confidence,
            "mined": later.mined,
            "later": later.values[0],
            "lower": low[0],
            "upper": high[0],
            "baskets without": room,
            "could bring": extra,
            "spend": spend,
            "worth": extra * np.asarray(spend, dtype=float),
        }
    )
    frame = frame[frame["lower"] > 1]
    by = "worth" if frame["worth"].notna().all() else "could bring"
    frame = frame.sort_values(by, ascending=False, kind="stable", ignore_index=True)
    both = [frozenset(pair) for pair in zip(frame["if"], frame["then"], strict=True)]
    frame = frame[~pd.Series(both, index=frame.index, dtype=object).duplicated()].reset_index(drop=True)
    return frame.assign(rank=np.arange(1, len(frame) + 1), top=np.arange(len(frame)) < TOP)


def look_again(rules: Rules, shop: Shop) -> Stability:
    """Tested rules in the later baskets, by adjusted lift.

    >>> from domains.basket import association_rules
    >>> from shared.data import Incidence
    >>> shop = Shop.cut(Incidence.from_lists([["a", "b"], ["a"], ["b"]] * 100), GrocerySettings(), "table")
    >>> look_again(association_rules(shop.train, 0.2, min_support=5).test(), shop).measure
    'adjusted lift'
    """
    return validate_rules(rules, shop.test, adjusted="adjusted_lift" in rules.columns)


def together_anyway(rules: Rules, offers: pd.DataFrame, shop: Shop) -> pd.DataFrame:
    """One-item rules that are a matter of course: an offer would pay for what is bought anyway.

    >>> from domains.basket import association_rules
    >>> from shared.data import Incidence
    >>> shop = Shop.cut(Incidence.from_lists([["tea", "milk"], ["milk"]] * 150), GrocerySettings(), "table")
    >>> rules = association_rules([["tea", "milk"]] * 3 + [["milk"]] * 5, 0.2, min_support=2)
    >>> together_anyway(rules, pd.DataFrame(columns=["if", "then"]), shop)[["if", "then", "buy both"]].values.tolist()
    [['tea', 'milk', 1.0]]
    """
    sure = rules.take((rules.antecedent_lengths == 1) & (rules.confidence >= CERTAIN))
    names = [tuple(shop.called(side[0]) for side in sure.names(k)) for k in range(len(sure))]
    found = pd.DataFrame(names, columns=["if", "then"]).assign(
        **{"buy both": sure.confidence, "baskets": sure.antecedent_counts.astype(np.int64)}
    )
    offered = {frozenset(pair) for pair in zip(offers["if"], offers["then"], strict=True)}
    new = [frozenset(pair) not in offered for pair in names]
    found = found[np.asarray(new, dtype=bool)].sort_values("buy both", ascending=False, kind="stable")
    return found.head(FEWEST).reset_index(drop=True)


def apart(pairs: Rules, shop: Shop) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Pairs met less often than basket sizes give, in both parts of the time; and items that keep apart from most.

    An item of the second table says more of how it is sold than of any partner: at another till, or on its own.

    >>> from domains.basket import item_pairs
    >>> from shared.data import Incidence
    >>> baskets = [["tea", "milk"], ["coffee", "milk"], ["tea"], ["coffee"], ["milk"]] * 300
    >>> shop = Shop.cut(Incidence.from_lists(baskets), GrocerySettings(), "table")
    >>> pairs = item_pairs(shop.train, 0.1).test(family="mined", alternative="less")
    >>> apart(pairs, shop)[0][["one", "other", "both"]].values.tolist()
    [['coffee', 'tea', 0]]
    """
    kept = pairs.significant
    ptr = pairs.sets.indptr
    left, right = (kept.sets.codes[ptr[side]] for side in (kept.antecedent, kept.consequent))
    n_items = len(pairs.sets.counts)
    partners = np.bincount(np.concatenate([left, right]), minlength=len(pairs.items))
    loners = np.flatnonzero(partners > max(0.5 * (n_items - 1), 3))
    expected, ratio = (np.asarray(kept.columns[name], dtype=float) for name in ("expected", "adjusted_lift"))
    later = look_again(kept, shop).values[0] if len(kept) else np.zeros(0)
    fits = ~np.isin(left, loners) & ~np.isin(right, loners) & (expected >= EXPECTED) & (later < 1)
    order = np.flatnonzero(fits)[np.argsort(ratio[fits], kind="stable")]
    seen: dict[int, int] = {}
    chosen = []
    for k in order:
        if max(seen.get(int(left[k]), 0), seen.get(int(right[k]), 0)) < OFTEN:
            chosen.append(int(k))
            for code in (int(left[k]), int(right[k])):
                seen[code] = seen.get(code, 0) + 1
    table = pd.DataFrame(
        {
            "one": [shop.called(name) for name in pairs.items[left[chosen]]],
            "other": [shop.called(name) for name in pairs.items[right[chosen]]],
            "both": kept.joint_counts[chosen].astype(np.int64),
            "expected": expected[chosen],
            "mined": ratio[chosen],
            "later": later[chosen],
        }
    )
    order = loners[np.argsort(-partners[loners], kind="stable")]
    names = [shorten(shop.called(name)) for name in pairs.items[order]]
    return table, pd.DataFrame({"item": names, "keeps apart from": partners[order], "of": n_items - 1})


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
