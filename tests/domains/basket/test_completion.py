"""Completion: scores are sums of what they say, learnt from the past alone, and better than the naive on planted habits."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from domains.basket import RuleRecommender, completion_trial, rule_weights, tuned_recommender
from domains.basket.completion import weights as weights_module
from shared.data import BasketColumns, Incidence
from shared.errors import DataError, HexadError
from shared.runtime.store import load_model, save_model


def shop(n: int = 1500, seed: int = 0) -> Incidence:
    """Themes that go together, customers with a habit each, and days."""
    rng = np.random.default_rng(seed)
    rows = []
    for order in range(n):
        customer = int(rng.integers(30))
        theme = int(rng.integers(6))
        basket = {f"t{theme}-{k}" for k in rng.choice(5, 3, replace=False)}
        basket |= {f"noise-{k}" for k in rng.choice(20, 1)}
        if rng.random() < 0.7:
            basket.add(f"habit-{customer}")
        rows += [(order, item, order // 10, f"c{customer}") for item in basket]
    table = pd.DataFrame(rows, columns=["order", "item", "day", "who"])
    return Incidence.from_frame(table, BasketColumns(time="day", customer="who"))


@pytest.fixture(scope="module")
def parts() -> tuple[Incidence, Incidence]:
    whole = shop()
    return whole.take(np.arange(1200)), whole.take(np.arange(1200, 1500))


def test_themes_and_habits_are_found(parts):
    learn, later = parts
    model = RuleRecommender().fit(learn)
    none = RuleRecommender(household=0.0).fit(learn)
    trial = completion_trial({"both": model, "rules": none}, later, n=300)
    table = trial.table()
    assert table.loc["both", "hit rate at 10"] > table.loc["rules", "hit rate at 10"] + 0.1
    assert table.loc["rules", "hit rate at 10"] > 0.45
    gain, low, high = trial.gain("both", "rules")
    assert low <= gain <= high
    assert low > 0
    assert "among the first ten" in trial.explain()


def test_a_score_is_the_sum_of_its_parts_and_its_reason_is_the_largest(parts):
    learn, later = parts
    model = RuleRecommender().fit(learn)
    table = model.recommend(later.take(np.arange(40)), n=8)
    np.testing.assert_allclose(table["score"], table["from_rules"] + table["from_history"] + table["from_popularity"])
    history = table["from_history"] >= table["from_rules"]
    assert table.loc[history & (table["from_history"] > 0), "because"].str.contains("own history").all()
    assert table.loc[~history, "because"].str.contains("of its").all()
    held = later.to_frame().set_index(["order", "item"]).index
    assert not table.set_index(["order", "item"]).index.isin(held).any()
    assert (table.groupby("order")["score"].diff().dropna() <= 1e-12).all()
    scores = model.scores(later.take(np.arange(40)))
    place = {key: row for row, key in enumerate(later.keys[:40])}
    codes = pd.Index(model.items_).get_indexer(table["item"])
    np.testing.assert_allclose(
        table["score"], [scores[place[key], code] for key, code in zip(table["order"], codes, strict=True)]
    )


def test_counts_in_reasons_are_true():
    learn = Incidence.from_lists([["tea", "milk"]] * 7 + [["tea"]] * 3 + [["soap", "oil"]] * 10)
    table = RuleRecommender().fit(learn).recommend([["tea"]], n=1)
    assert table["because"].tolist() == ["'tea': 7 of its 10 baskets hold it, too"]


def test_nothing_is_learnt_from_later_baskets(parts):
    learn, later = parts
    whole = shop()
    model = RuleRecommender(half_life=20.0).fit(learn)
    again = RuleRecommender(half_life=20.0).fit(whole.take(np.arange(1200)))
    before = model.scores(later)
    np.testing.assert_array_equal(before, again.scores(later))
    completion_trial({"model": model}, later, n=50)
    model.recommend(later)
    np.testing.assert_array_equal(before, model.scores(later))


def test_the_hidden_item_does_not_help_to_find_itself(parts):
    learn, later = parts
    seen = []

    class Spy:
        items_ = learn.items

        def scores(self, baskets):
            seen.append(baskets)
            return np.zeros((baskets.n_rows, len(self.items_)))

    trial = completion_trial({"spy": Spy()}, later, n=100)
    shown = [set(basket) for part in seen for basket in part.to_lists()]
    names = learn.items[trial.hidden]
    assert not any(name in basket for name, basket in zip(names, shown, strict=True))
    full = [set(later.to_lists()[row]) for row in trial.basket]
    assert [basket | {name} for basket, name in zip(shown, names, strict=True)] == full
    # All scores equal: the rank is the middle of all items that were not shown.
    assert trial.ranks["spy"].tolist() == [(len(learn.items) - len(basket) + 1) / 2 for basket in shown]


def test_weights_by_hand():
    """Three baskets of two and one of four: counts, shrinkage, popularity and what flows through third items."""
    baskets = Incidence.from_lists([["a", "b"], ["a", "b"], ["b", "c"], ["a", "b", "c", "d"]])
    found = rule_weights(baskets, shrinkage=2.0, popularity=0.5, indirect=0.3, significance=None)
    each = np.array([0.5, 0.5, 0.5, 0.25])
    x = baskets.to_onehot().to_numpy().astype(float)
    common = x.T @ (each[:, None] * x)
    mass = np.diag(common).copy()
    unit = each.mean()
    raw = common / (mass[:, None] + 2 * unit) * ((mass + 5 * unit) / mass.mean())[None, :] ** -0.5
    np.fill_diagonal(raw, 0.0)
    direct = raw - 0.3 * (raw @ raw) / raw.sum(axis=1).mean()
    np.fill_diagonal(direct, 0.0)
    direct = np.maximum(direct, 0.0)
    direct /= direct.max(axis=1)[direct.max(axis=1) > 0].mean()
    dense = np.zeros_like(direct)
    for a in range(4):
        for p in range(found.indptr[a], found.indptr[a + 1]):
            dense[a, found.indices[p]] = found.weights[p]
    np.testing.assert_allclose(dense, direct, atol=1e-12)


def test_many_items_are_weighed_alike(parts, monkeypatch):
    learn, _ = parts
    dense = rule_weights(learn)
    assert 0 < np.diff(dense.indptr).max() < 200
    monkeypatch.setattr(weights_module, "DENSE_ITEMS", 3)
    monkeypatch.setattr(weights_module, "BLOCK", 7)
    thin = rule_weights(learn)
    np.testing.assert_array_equal(dense.indices, thin.indices)
    np.testing.assert_allclose(dense.weights, thin.weights, rtol=1e-12)


def test_significance_and_max_rules_leave_fewer_rules(parts):
    learn, _ = parts
    counts = [
        RuleRecommender(**asked).fit(learn).n_rules_
        for asked in ({"significance": None}, {}, {"significance": 1e-6}, {"max_rules": 2})
    ]
    assert counts[0] >= counts[1] > counts[2] > 0
    assert counts[3] <= 2 * learn.n_items


def test_unknown_customers_and_items_fall_back_on_what_is_known(parts):
    learn, _ = parts
    model = RuleRecommender().fit(learn)
    table = pd.DataFrame({"order": [1, 1, 2], "item": ["t0-0", "zebra", "zebra"], "who": ["new", "new", "c1"]})
    baskets = Incidence.from_frame(table, BasketColumns(customer="who"))
    found = model.recommend(baskets, n=3)
    assert found.loc[found["order"] == 1, "from_history"].eq(0).all()
    assert found.loc[found["order"] == 2, "item"].iloc[0] == "habit-1"
    assert len(model.recommend([["zebra"]], n=3)) == 3
    assert model.recommend([[]], n=1)["because"].str.startswith("popular").all()


def test_no_more_is_recommended_than_is_left():
    model = RuleRecommender(significance=None).fit([["a", "b"], ["a", "b", "c"]])
    assert model.recommend([["a", "b"], ["a", "b", "c"]], n=9).groupby("order").size().to_dict() == {1: 1}


def test_it_travels_without_pickles(parts, tmp_path):
    learn, later = parts
    model = RuleRecommender(half_life=30.0).fit(learn)
    save_model(model, tmp_path / "model.hexad")
    save_model(model, tmp_path / "again.hexad")
    assert (tmp_path / "model.hexad").read_bytes() == (tmp_path / "again.hexad").read_bytes()
    again = load_model(tmp_path / "model.hexad")
    pd.testing.assert_frame_equal(again.recommend(later), model.recommend(later))
    with pytest.raises(NotFittedError):
        clone(model).recommend(later)


def test_settings_are_chosen_on_the_validation_baskets_alone(parts):
    learn, later = parts
    grid = {"household": (0.0, 3.0), "indirect": (0.0, 0.4)}
    chosen = tuned_recommender(learn, later, grid=grid, n=200)
    assert chosen.household == 3.0
    assert not hasattr(chosen, "items_")
    again = tuned_recommender(learn, later, grid=grid, n=200)
    assert again.get_params() == chosen.get_params()


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"shrinkage": -1}, "shrinkage=-1"), ({"household": float("nan")}, "household"), ({"popularity": "a"}, "popularity"),
        ({"significance": 0}, "significance"), ({"max_rules": 0}, "max_rules"), ({"half_life": "112D"}, "half_life"),
        ({"half_life": -3.0}, "half_life"),
    ],
)  # fmt: skip
def test_settings_out_of_range_are_refused(parts, asked, told):
    with pytest.raises(HexadError, match=told):
        RuleRecommender(**asked).fit(parts[0])


def test_what_it_cannot_learn_from_is_refused():
    with pytest.raises(HexadError, match="no basket holds two items"):
        RuleRecommender().fit([["a"], ["b"]])
    with pytest.raises(HexadError, match="needs the baskets' times"):
        RuleRecommender(half_life=3.0).fit([["a", "b"]])
    dates = Incidence.from_frame(
        pd.DataFrame({"order": [1, 1], "item": ["a", "b"], "t": pd.Timestamp("2024-01-01")}), BasketColumns(time="t")
    )
    with pytest.raises(HexadError, match="as in '112D'"):
        RuleRecommender(half_life=3.0).fit(dates)
    RuleRecommender(half_life="8W").fit(dates)
    days = pd.to_datetime(["2024-01-01", "2024-01-02"])
    with pytest.raises(DataError, match="neither text nor numbers"):
        RuleRecommender().fit([[days[0].date(), days[1].date()]])
    with pytest.raises(HexadError, match="n=0"):
        RuleRecommender().fit([["a", "b"]]).recommend([["a"]], n=0)
    with pytest.raises(HexadError, match="no basket holds 3 items"):
        completion_trial({"m": RuleRecommender().fit([["a", "b"]])}, Incidence.from_lists([["a", "b"]]))
    models = {"a": RuleRecommender().fit([["a", "b"]]), "b": RuleRecommender().fit([["a", "c"]])}
    with pytest.raises(HexadError, match="different items"):
        completion_trial(models, Incidence.from_lists([["a", "b", "c"]]))


def test_items_never_seen_in_learning_count_as_misses(parts):
    learn, _ = parts
    model = RuleRecommender().fit(learn)
    strange = Incidence.from_lists([["new-1", "new-2", "new-3"]] * 5)
    trial = completion_trial({"m": model}, strange)
    assert not trial.known.any()
    assert (trial.ranks["m"] > 10).all()
    assert "never been seen" in trial.explain()
