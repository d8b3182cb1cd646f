"""What every recommender, and every estimator of texts and items, keeps to, whichever it is."""

import importlib.util
import inspect
import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, clone
from sklearn.exceptions import NotFittedError

import domains.recommendation
from domains.recommendation import (
    ItemSpace,
    NeighbourRecommender,
    PopularityRecommender,
    RankingTask,
    Recommender,
    TextEncoder,
)
from shared.data import Incidence, InteractionColumns, WalkForward
from shared.evaluation import LeakWarning, evaluate
from shared.runtime.store import load_model, save_model
from tests.contract.test_matrix_estimators import first_of_fit

FACE = [getattr(domains.recommendation, name) for name in domains.recommendation.__all__]
ESTIMATORS = [one for one in FACE if inspect.isclass(one) and issubclass(one, BaseEstimator)]
WITHOUT = set() if importlib.util.find_spec("implicit") else {"AlsRecommender"}
RECOMMENDERS = [one for one in ESTIMATORS if first_of_fit(one) == "interactions" and one.__name__ not in WITHOUT]
# Small ones, and another question where a model answers both.
MADE = [one() for one in RECOMMENDERS] + [
    one(question=other)
    for one in RECOMMENDERS
    for other in ("new", "next")
    if inspect.signature(one).parameters["question"].default != other
]
NAMES = [f"{type(one).__name__}-{one.question}" for one in MADE]
every = pytest.mark.parametrize("model", MADE, ids=NAMES)


def shop(n_users: int = 50, n_items: int = 24, seed: int = 0) -> pd.DataFrame:
    """Three tastes of eight items each, 120 days, ratings from 1 to 5."""
    rng = np.random.default_rng(seed)
    rows = []
    for user in range(n_users):
        for day in np.sort(rng.choice(120, int(rng.integers(5, 13)), replace=False)):
            item = rng.integers(8) + 8 * (user % 3) if rng.random() < 0.8 else rng.integers(n_items)
            stamp = pd.Timestamp("2024-01-01") + pd.Timedelta(days=int(day))
            rows.append((f"u{user}", f"i{item}", float(rng.integers(1, 6)), stamp))
    return pd.DataFrame(rows, columns=["user", "item", "rating", "timestamp"])


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    return shop()


@pytest.fixture(scope="module")
def items() -> pd.DataFrame:
    """What is known of the items, four that nobody has among them."""
    numbers = np.arange(28)
    themes = np.array(["red wine of cherry", "white wine of apple", "hard cheese of cows", "soft cheese of goats"])
    return pd.DataFrame(
        {
            "item": [f"i{number}" for number in numbers],
            "kind": [f"k{number // 8}" for number in numbers],
            "price": numbers + 1.0,
            "note": [f"{themes[number // 8]}, number{number % 5}" for number in numbers],
        }
    )


WITH_ITEMS = Recommender(text="note", encoder=TextEncoder("words", n_factors=4))
ASKED = ["u1", "u5", "stranger"]


def listed(model: object, users: object = ASKED, n: int = 6) -> pd.DataFrame:
    return model.recommend(users, n).to_frame()


def test_there_are_some_and_each_has_a_contract():
    assert len(RECOMMENDERS) >= 6
    assert {first_of_fit(one) for one in ESTIMATORS} == {"interactions", "texts", "items"}


@pytest.mark.parametrize("kind", ESTIMATORS)
def test_a_constructor_only_stores(kind):
    strange = {name: object() for name in inspect.signature(kind).parameters}
    assert vars(kind(**strange)) == strange
    assert clone(kind()).get_params() == kind().get_params()


@every
def test_it_keeps_to_the_contract(model, table):
    model = clone(model)
    for ask in (model.recommend, model.scores):
        with pytest.raises(NotFittedError):
            ask(["u1"])
    before, settings = table.copy(deep=True), model.get_params()
    assert model.fit(table) is model
    assert model.get_params() == settings
    found = model.recommend(ASKED, n=6)
    pd.testing.assert_frame_equal(table, before)
    assert found.to_frame().columns[:4].tolist() == ["user", "item", "rank", "score"]
    assert list(found.lists()) == ASKED
    scores = model.scores(ASKED)
    assert scores.shape == (3, len(model.items_))
    assert np.isfinite(scores).all()
    for number, (user, shown) in enumerate(found.lists().items()):
        assert 0 < len(shown) == len(set(shown)) <= 6
        own = scores[number, pd.Index(model.items_).get_indexer(shown)]
        assert (np.diff(own) <= 1e-6).all()
        if model.question == "new":
            assert not set(shown) & set(table.loc[table["user"] == user, "item"])
    assert "in 3 lists." in found.explain()


@every
def test_the_order_of_rows_does_not_matter(model, table):
    shuffled = table.sample(frac=1.0, random_state=1).reset_index(drop=True)
    one, other = (clone(model).fit(given) for given in (table, shuffled))
    np.testing.assert_array_equal(one.items_, other.items_)
    users = [f"u{number}" for number in range(20)]
    pd.testing.assert_frame_equal(listed(one, users), listed(other, users))


@every
def test_the_same_seed_gives_the_same_bytes_and_a_file_the_same_lists(model, table, tmp_path):
    one, other = (clone(model).fit(table) for _ in range(2))
    save_model(one, tmp_path / "one.hexad")
    listed(other)
    other.scores(ASKED)
    save_model(other, tmp_path / "other.hexad")  # what was asked meanwhile leaves no trace
    assert (tmp_path / "one.hexad").read_bytes() == (tmp_path / "other.hexad").read_bytes()
    again = load_model(tmp_path / "one.hexad")
    assert set(vars(again.history_)) == {"users", "items", "ages", "weights", "n_users", "n_items"}
    pd.testing.assert_frame_equal(listed(again), listed(one))
    np.testing.assert_array_equal(again.scores(ASKED), one.scores(ASKED))
    with pytest.raises(NotFittedError):
        clone(again).recommend(ASKED)


def test_a_file_holds_what_is_known_of_items_and_answers_every_question(table, items, tmp_path):
    one = clone(WITH_ITEMS).fit(table, items)
    save_model(one, tmp_path / "before.hexad")
    asked = {"where": {"kind": ["k0", "k3"]}, "max_per": {"kind": 2}, "diversity": 0.3, "boost": {"i25": 1.0}}
    answers = [
        lambda m: m.recommend(ASKED, 6, **asked),
        lambda m: m.similar(["i1", "i25"], 5),
        lambda m: m.search("goats cheese", 5),
        lambda m: m.search(["apple", "cherry"], 5, user="u1", where={"price": (None, 20)}),
    ]
    wanted = [ask(one).to_frame() for ask in answers]
    save_model(one, tmp_path / "after.hexad")
    assert (tmp_path / "before.hexad").read_bytes() == (tmp_path / "after.hexad").read_bytes()
    again = load_model(tmp_path / "before.hexad")
    for ask, frame in zip(answers, wanted, strict=True):
        pd.testing.assert_frame_equal(ask(again).to_frame(), frame)
    more = pd.DataFrame({"user": ["new"], "item": ["i1"], "rating": 3.0, "timestamp": [pd.Timestamp("2024-06-01")]})
    pd.testing.assert_frame_equal(listed(again.update(more), ["new"]), listed(one.update(more), ["new"]))


def test_items_alone_travel(items, tmp_path):
    one = clone(WITH_ITEMS).fit(items=items)
    save_model(one, tmp_path / "one.hexad")
    again = load_model(tmp_path / "one.hexad")
    pd.testing.assert_frame_equal(again.search("cherry").to_frame(), one.search("cherry").to_frame())
    pd.testing.assert_frame_equal(again.similar("i3").to_frame(), one.similar("i3").to_frame())


def test_spaces_and_encoders_travel(items, tmp_path):
    space = ItemSpace("note", encoder=TextEncoder("words", n_factors=3)).fit(items, y=items["kind"])
    save_model(space, tmp_path / "space.hexad")
    again = load_model(tmp_path / "space.hexad")
    np.testing.assert_array_equal(again.similarity([0, 9]), space.similarity([0, 9]))
    np.testing.assert_array_equal(again.vectors(items[:3]).toarray(), space.vectors(items[:3]).toarray())
    assert again.shared(0, 1) == space.shared(0, 1)
    assert again.weights_ == space.weights_
    for kind in (ItemSpace, TextEncoder):
        asked = kind().similarity if kind is ItemSpace else kind().transform
        with pytest.raises(NotFittedError):
            asked([0] if kind is ItemSpace else ["a"])


@every
@pytest.mark.parametrize("whole", [True, False])
def test_users_and_items_keep_their_own_type_and_names(model, table, whole):
    own = table.rename(columns={"user": "Member No.", "item": "Film", "rating": "Stars", "timestamp": "Seen"})
    if whole:
        own["Member No."] = own["Member No."].str[1:].astype(int) + 1000
        own["Film"] = own["Film"].str[1:].astype(int) * 7
    asked = own["Member No."].unique()[:3].tolist()
    columns = InteractionColumns("Member No.", "Film", "Stars", "Seen")
    fitted = clone(model).fit(Incidence.from_interactions(own, columns))
    found = fitted.recommend(asked, n=5)
    assert found.key == "Member No."
    assert found.to_frame().columns[1] == "Film"
    assert set(found.lists()) == set(asked)
    assert set(found.to_frame()["Film"]) <= set(own["Film"])
    assert {type(one) for one in found.to_frame()["Film"].tolist()} == {int if whole else str}
    plain = clone(model).fit(table).recommend(table["user"].unique()[:3].tolist(), n=5).to_frame()
    if not whole:
        assert found.to_frame()["Film"].tolist() == plain["item"].tolist()
    assert "Member No" not in found.explain()  # a name of a column has no plural


@every
def test_one_user_may_be_asked_for_alone_and_order_and_repeats_are_kept(model, table):
    fitted = clone(model).fit(table)
    assert list(fitted.recommend("u7", n=3).lists()) == ["u7"]
    assert list(fitted.recommend(["u9", "u2"], n=3).lists()) == ["u9", "u2"]
    both = fitted.recommend(["u9", "u2"], n=3).lists()
    assert fitted.recommend("u2", n=3).lists()["u2"] == both["u2"]
    assert fitted.recommend([], n=3).to_frame().empty


@pytest.mark.parametrize("model", [one for one in MADE if one.question == "new"], ids=lambda one: type(one).__name__)
def test_honest_models_pass_the_guard(model, table):
    visits = Incidence.from_interactions(table)
    with warnings.catch_warnings():
        warnings.simplefilter("error", LeakWarning)
        scores = evaluate(
            {"model": model},
            visits,
            WalkForward("30D", every="30D", n_splits=1),
            ["ndcg@5"],
            baselines={"popular": domains.recommendation.PopularityRecommender()},
            task=RankingTask(),
        )
    assert scores.guarded
    assert 0 <= scores.table().loc["model", "ndcg@5"] <= 1


class Peeking(BaseEstimator):
    """Knows what users come to, from wherever."""

    def __init__(self, question="new"):
        self.question = question

    def fit(self, interactions, items=None):
        self.items_ = np.asarray(interactions.items)
        return self

    def scores(self, users):
        made = np.zeros((len(users), len(self.items_)))
        for row, user in enumerate(users):
            made[row, WHOLE["visits"].codes[WHOLE["owner"] == user]] = 1.0
        return made


WHOLE = {}


class PeekedTask(RankingTask):
    def run(self, model, data, splits):
        keys = np.asarray(data.customer_keys)
        WHOLE.update(visits=data, owner=keys[np.asarray(data.customers)[data.rows]])
        return super().run(model, data, splits)


def test_a_model_that_peeks_is_found(table):
    visits = Incidence.from_interactions(table)
    with pytest.warns(LeakWarning, match="model 'peeking'"):
        scores = evaluate(
            {"peeking": Peeking()},
            visits,
            WalkForward("30D", every="30D", n_splits=1),
            ["recall@10"],
            baselines={"popular": domains.recommendation.PopularityRecommender()},
            task=PeekedTask(),
        )
    assert not scores.guarded
    assert scores.table().loc["peeking", "recall@10"] > 0.99


@pytest.mark.parametrize("question", ["new", "next"])
def test_an_evaluation_is_the_same_for_any_workers(table, question):
    visits = Incidence.from_interactions(table)
    found = [
        evaluate(
            {"all": Recommender(question=question)},
            visits,
            WalkForward("20D", every="20D", n_splits=2),
            ["ndcg@10", "recall@5", "coverage@10", "novelty@10"],
            baselines={"popular": domains.recommendation.PopularityRecommender(question=question)},
            task=RankingTask(question),
            n_jobs=n_jobs,
            guard=False,
        )
        for n_jobs in (1, 2)
    ]
    pd.testing.assert_frame_equal(found[0].scores, found[1].scores)
    pd.testing.assert_frame_equal(found[0].predictions, found[1].predictions)


@every
def test_each_names_the_task_it_is_judged_by(model):
    assert model.default_task().question == model.question


def test_as_many_factors_as_items_would_rank_noise_and_are_not_taken(table):
    few = table[table["user"].isin([f"u{number}" for number in range(10)])]
    model = domains.recommendation.FactorRecommender(32).fit(few)
    assert model.part_.n_factors == 5
    assert "n_factors=32 are too many for 10 users and 24 items: 5 are taken" in model.notes_
    assert domains.recommendation.FactorRecommender(4).fit(few).notes_ == []
    assert not [name for name in Recommender().fit(few).weights_ if name.startswith("factors")]


def test_a_list_holds_nothing_that_may_not_be_shown():
    """Of fewer items than are shown, or where a user had nearly all of them, the list ends."""
    rng = np.random.default_rng(0)
    table = pd.DataFrame(
        {
            "user": rng.integers(0, 40, 600),
            "item": rng.choice(list("abcdefg"), 600),
            "timestamp": rng.integers(0, 99, 600),
        }
    )
    visits = Incidence.from_interactions(table)
    splits = WalkForward(20, every=20, n_splits=1).splits(visits)
    for question in ("new", "next"):
        models = {"near": NeighbourRecommender(question=question)}
        baselines = {"popular": PopularityRecommender(question=question)}
        task = RankingTask(question=question)
        metrics = ["ndcg@10", "coverage@10", "novelty@10"]
        found = evaluate(models, visits, splits, metrics, baselines=baselines, task=task, show=False, n_jobs=1)
        lists = found.predictions.drop_duplicates(["model", "user"]).set_index("user")[list(task.shown)]
        before = table[table["timestamp"] < splits[0].label].groupby("user")["item"].agg(set)
        sizes = lists.notna().sum(axis=1)
        if question == "next":
            assert (sizes == 7).all()
            continue
        for user, shown in lists.iterrows():
            assert not before[user] & set(shown.dropna())
        assert (sizes < 7).all()
