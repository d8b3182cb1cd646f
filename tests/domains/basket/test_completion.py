"""Completion: scores are sums of what they say, learnt from the past alone, and better than the naive on planted habits."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, clone
from sklearn.exceptions import NotFittedError

from domains.basket import CompletionTask, RuleRecommender, rule_weights
from domains.basket.completion import weights as weights_module
from shared.data import BasketColumns, Incidence, Split
from shared.errors import DataError, HexadError
from shared.evaluation import LeakWarning, compare, evaluate, tune
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


SPLIT = [Split(120, np.arange(1200), np.arange(1200, 1500))]
HITS = "hit_rate@10"


def completed(models, baselines, baskets=None, splits=None, **options):
    return evaluate(
        models,
        shop() if baskets is None else baskets,
        splits or SPLIT,
        [HITS, "ndcg@10"],
        baselines=baselines,
        **options,
    )


@pytest.mark.any_pandas
def test_themes_and_habits_are_found():
    rules = {"rules": RuleRecommender(household=0.0)}
    scores = completed({"both": RuleRecommender()}, rules, task=CompletionTask(300))
    table = scores.table()
    assert table.loc["both", HITS] > table.loc["rules", HITS] + 0.1
    assert table.loc["rules", HITS] > 0.45
    item = compare(scores, "both", metric=HITS, unit="baskets").items[0]
    assert item.difference_lower <= item.difference <= item.difference_upper
    assert item.difference_lower > 0
    assert (item.n, item.unit, item.kind) == (30, "baskets", "units")  # what a customer bought counts as one
    assert scores.guarded
    bounds = scores.intervals(HITS)
    assert ((bounds["lower"] < bounds["mean"]) & (bounds["mean"] < bounds["upper"])).all()


@pytest.mark.any_pandas
def test_an_evaluation_is_the_same_for_any_workers_and_kept(tmp_path):
    rules = {"rules": RuleRecommender(household=0.0)}
    one = completed({"both": RuleRecommender()}, rules, keep=tmp_path)
    for options in ({"n_jobs": 2}, {"keep": tmp_path}):
        other = completed({"both": RuleRecommender()}, rules, **options)
        pd.testing.assert_frame_equal(one.scores, other.scores)
        pd.testing.assert_frame_equal(one.predictions, other.predictions)


def test_several_draws_of_a_customers_baskets_are_one_cluster():
    scores = completed({}, {"rules": RuleRecommender()}, task=CompletionTask(300, seeds=(0, 1, 2)))
    assert len(scores.predictions) == 900
    assert compare(scores, "rules", "rules", metric=HITS).items[0].n == 30


def test_a_score_is_the_sum_of_its_parts_and_its_reason_is_the_largest(parts):
    learn, later = parts
    model = RuleRecommender().fit(learn)
    table = model.recommend(later.take(np.arange(40)), n=8)
    parts_of = table[["from_rules", "from_whole", "from_history", "from_popularity"]]
    np.testing.assert_allclose(table["score"], parts_of.sum(axis=1))
    history = table["from_history"] >= table[["from_rules", "from_whole"]].max(axis=1)
    assert table.loc[history & (table["from_history"] > 0), "because"].str.contains("own history").all()
    whole = ~history & (table["from_whole"] > table["from_rules"])
    assert table.loc[whole, "because"].str.contains("the basket as a whole").all()
    assert table.loc[~history & ~whole, "because"].str.contains("of its").all()
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
    model.recommend(later)
    np.testing.assert_array_equal(before, model.scores(later))


class Spy(BaseEstimator):
    """Writes down what it is shown, and likes all items alike."""

    def __init__(self, seen=None):
        self.seen = seen

    def fit(self, baskets, y=None):
        self.items_ = baskets.items
        return self

    def scores(self, baskets):
        SEEN.append(baskets)
        return np.zeros((baskets.n_rows, len(self.items_)))


SEEN = []


def test_the_hidden_item_does_not_help_to_find_itself(parts):
    learn, later = parts
    SEEN.clear()
    made = completed({}, {"spy": Spy()}, task=CompletionTask(100), guard=False).predictions
    shown = [set(basket) for part in SEEN for basket in part.to_lists()]
    assert not any(name in basket for name, basket in zip(made["item"], shown, strict=True))
    whole = dict(zip(later.keys, map(set, later.to_lists()), strict=True))
    assert [basket | {name} for basket, name in zip(shown, made["item"], strict=True)] == [
        whole[key] for key in made["basket"]
    ]
    # All scores equal: the rank is the middle of all items that were not shown.
    assert made["rank"].tolist() == [(len(learn.items) - len(basket) + 1) / 2 for basket in shown]
    assert made["n_shown"].tolist() == [len(basket) for basket in shown]


class Cheat(Spy):
    """Knows the hidden items of the baskets, from wherever."""

    def scores(self, baskets):
        made = np.zeros((baskets.n_rows, len(self.items_)))
        for row, key in enumerate(baskets.keys):
            hidden = WHOLE["baskets"][key] - set(baskets.take([row]).to_lists()[0])
            made[row, pd.Index(self.items_).get_indexer(sorted(hidden))] = 1.0
        return made


WHOLE = {}


class CheatedTask(CompletionTask):
    def run(self, model, data, splits):
        WHOLE["baskets"] = dict(zip(data.keys, map(set, data.to_lists()), strict=True))
        return super().run(model, data, splits)


@pytest.mark.any_pandas
def test_a_model_that_knows_the_hidden_items_is_found():
    with pytest.warns(LeakWarning, match="model 'cheat': 300 of 300 predictions change"):
        scores = completed({"cheat": Cheat()}, {"spy": Spy()}, task=CheatedTask(300))
    assert scores.table().loc["cheat", HITS] == 1.0
    assert not scores.guarded


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


def test_settings_are_chosen_on_the_validation_baskets_alone():
    grid = {"household": (0.0, 3.0), "indirect": (0.0, 0.4)}
    chosen, again = (
        tune(RuleRecommender(), grid, shop(), SPLIT, [HITS, "ndcg@10"], task=CompletionTask(200)).best for _ in range(2)
    )
    assert chosen.household == 3.0
    assert not hasattr(chosen, "items_")
    assert again.get_params() == chosen.get_params()


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"shrinkage": -1}, "shrinkage=-1"), ({"household": float("nan")}, "household"), ({"popularity": "a"}, "popularity"),
        ({"significance": 0}, "significance"), ({"max_rules": 0}, "max_rules"), ({"half_life": "112D"}, "half_life"),
        ({"half_life": -3.0}, "half_life"), ({"ease": -1.0}, "ease=-1"), ({"ease_from": "a"}, "ease_from"),
        ({"ease_penalty": 0.0}, "ease_penalty"),
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
    short = Incidence.from_lists([["a", "b"]] * 4)
    with pytest.raises(HexadError, match="no basket to be tested on holds 3 items"):
        completed({}, {"m": RuleRecommender()}, short, [Split(2, np.array([0, 1]), np.array([2, 3]))])
    for wrong in ({"seeds": 3}, {"seeds": ()}, {"n_baskets": 0}, {"min_items": 1.5}):
        with pytest.raises(HexadError, match=next(iter(wrong))):
            CompletionTask(**wrong)


def test_items_never_seen_in_learning_count_as_misses():
    strange = Incidence.from_lists([*shop(200).to_lists(), *[["new-1", "new-2", "new-3"]] * 5])

    class Own(RuleRecommender):
        """Knows the items of what it learnt from alone."""

        def fit(self, baskets, y=None):
            present = np.unique(baskets.codes)
            return super().fit(baskets.reindex_items(baskets.items[present]))

    split = [Split(200, np.arange(200), np.arange(200, 205))]
    made = completed({}, {"m": Own()}, strange, split, guard=False).predictions
    assert not made["known"].any()
    assert (made["rank"] > 10).all()
