"""Weights of whole baskets: what they estimate, what is kept of them, and where they help."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import Ridge

from domains.basket import CompletionTask, RuleRecommender, ease_weights
from domains.basket.completion import ease as ease_module
from shared.data import Incidence
from shared.data.splits import Split
from shared.evaluation import evaluate
from shared.runtime.store import load_model, save_model

pytestmark = pytest.mark.any_pandas


def some_baskets(n=300, n_items=12, seed=0):
    rng = np.random.default_rng(seed)
    held = rng.random((n, n_items)) < rng.uniform(0.1, 0.5, n_items)
    held[:, 1] = held[:, 0] ^ (rng.random(n) < 0.1)
    return Incidence.from_lists([[f"i{code:02}" for code in np.flatnonzero(row)] for row in held])


def dense(found, n_items):
    table = np.zeros((n_items, n_items))
    table[np.repeat(np.arange(n_items), np.diff(found.indptr)), found.indices] = found.weights
    return table


@pytest.mark.parametrize("penalty", [0.5, 20.0])
def test_each_item_is_a_ridge_regression_on_all_others(penalty):
    baskets = some_baskets()
    table = dense(ease_weights(baskets, penalty=penalty), baskets.n_items)
    held = baskets.take(baskets.sizes >= 2).to_onehot().to_numpy(dtype=float)
    for code in range(baskets.n_items):
        others = np.delete(np.arange(baskets.n_items), code)
        ridge = Ridge(penalty, fit_intercept=False, solver="cholesky").fit(held[:, others], held[:, code])
        np.testing.assert_allclose(table[others, code], ridge.coef_, atol=1e-10)
        assert table[code, code] == 0


def test_the_largest_weights_and_the_most_frequent_items_stay():
    baskets = some_baskets()
    whole = dense(ease_weights(baskets), baskets.n_items)
    few = ease_weights(baskets, max_weights=3)
    assert (np.diff(few.indptr) == 3).all()
    for code in range(baskets.n_items):
        kept = few.indices[few.indptr[code] : few.indptr[code + 1]]
        assert sorted(kept) == sorted(np.argsort(-np.abs(whole[code]))[:3])
    part = ease_weights(baskets, max_items=5)
    assert part.modelled.sum() == 5
    frequent = baskets.take(baskets.sizes >= 2).counts
    assert frequent[part.modelled].min() >= frequent[~part.modelled].max()
    assert set(part.indices) <= set(np.flatnonzero(part.modelled))


def test_pairs_are_counted_as_they_are():
    baskets = some_baskets()
    found = ease_weights(baskets)
    held = baskets.to_onehot().to_numpy(dtype=int)
    both = held.T @ held
    row = np.repeat(np.arange(baskets.n_items), np.diff(found.indptr))
    np.testing.assert_array_equal(found.joint_counts, both[row, found.indices])


def needs(n, seed):
    """In every other basket half of thirty party things; beside them, twenty pairs that are mostly bought together."""
    rng = np.random.default_rng(seed)
    lists = []
    for _ in range(n):
        party = np.flatnonzero(rng.random(30) < 0.5) if rng.random() < 0.5 else []
        basket = [f"party-{thing}" for thing in party]
        for pair in np.flatnonzero(rng.random(20) < 0.25):
            basket += [f"left-{pair}"] + [f"right-{pair}"] * bool(rng.random() < 0.8)
        lists.append(basket)
    return Incidence.from_lists(lists)


def test_a_need_that_many_items_tell_of_counts_once():
    data = needs(1600, seed=1)
    split = [Split(1, np.arange(1000), np.arange(1000, 1600))]
    rules = {"rules": RuleRecommender(ease=0.0)}
    scores = evaluate(
        {"both": RuleRecommender()}, data, split, "hit_rate@5", baselines=rules, task=CompletionTask(600, seeds=(0, 1))
    )
    large = scores.predictions[scores.predictions["n_shown"] >= 15]
    hits = (large["rank"] <= 5).groupby(large["model"]).mean()
    assert hits["both"] > hits["rules"] + 0.15
    assert scores.guarded


def test_without_it_the_rules_stand_alone(tmp_path):
    data = some_baskets()
    model = RuleRecommender(ease=0.0).fit(data)
    table = model.recommend(data.take(np.arange(30)))
    assert (table["from_whole"] == 0).all()
    save_model(model, tmp_path / "m.hexad")
    again = load_model(tmp_path / "m.hexad")
    pd.testing.assert_frame_equal(again.recommend(data.take(np.arange(30))), table)


def test_rare_items_are_left_to_the_rules(monkeypatch):
    data = some_baskets()
    plain = RuleRecommender(ease=0.0, significance=None).fit(data)
    monkeypatch.setattr(
        ease_module.ease_weights, "__kwdefaults__", {"penalty": 50.0, "max_weights": 200, "max_items": 4}
    )
    part = RuleRecommender(significance=None).fit(data)
    shown = data.take(np.arange(20))
    rare = ~part.ease_modelled_
    assert rare.sum() == 8
    np.testing.assert_array_equal(part.scores(shown)[:, rare], plain.scores(shown)[:, rare])
    assert not np.allclose(part.scores(shown)[:, ~rare], plain.scores(shown)[:, ~rare])


def test_large_reasons_name_true_counts():
    data = needs(600, seed=3)
    model = RuleRecommender().fit(data)
    shown = data.take(np.flatnonzero(data.sizes >= 15)[:20])
    table = model.recommend(shown, n=3)
    told = table["because"].str.extract(r"the basket as a whole, '(.+)' first: ([\d,]+) of the ([\d,]+) baskets")
    assert told[0].notna().mean() > 0.5
    held = data.to_onehot()
    for (_, row), (name, together, count) in zip(table.iterrows(), told.to_numpy(), strict=True):
        if isinstance(name, str):
            both = held[name].astype(bool) & held[row["item"]].astype(bool)
            assert (int(both.sum()), int(held[name].sum())) == (int(together), int(count))
