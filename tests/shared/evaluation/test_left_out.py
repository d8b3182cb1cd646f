"""What cannot be judged: series that begin late, metrics that are not defined, names that are taken."""

import numpy as np
import pandas as pd
import pytest

from domains.timeseries import Drift, ForecastTask, LagForecaster, PerSeries, SeasonalMean, SeasonalNaive
from shared.data import SeriesColumns, Split, WalkForward
from shared.errors import HexadError, SettingsError
from shared.evaluation import compare, evaluate
from shared.evaluation.metrics import metric

WALK = WalkForward(5, every=5, n_splits=4)  # origins 40, 45, 50, 55 of sixty rows


def series(key, n=60, start=0, y=None):
    values = 10 + np.random.default_rng(len(key) + n).normal(size=n) if y is None else np.asarray(y, dtype=float)
    return pd.DataFrame({"unique_id": key, "ds": np.arange(start, start + n), "y": values})


def tried(*parts, metrics=("mae",), models=None, walk=WALK):
    table = pd.concat(parts, ignore_index=True)
    return evaluate(models or {}, table, walk, list(metrics), baselines={"naive": SeasonalNaive(1)})


class Counting(SeasonalNaive):
    """Says how often it was fitted."""

    fits = 0

    def fit(self, table, *, repair=()):
        Counting.fits += 1
        return super().fit(table, repair=repair)


# Series that begin inside the evaluation


@pytest.mark.parametrize("model", [SeasonalNaive(7), SeasonalMean(7), Drift(), LagForecaster(horizon=5)])
def test_series_are_scored_from_when_they_can_be_and_counted(model):
    scores = tried(series("a"), series("b"), series("late", 15, 45), series("barely", 22, 38), models={"model": model})
    assert scores.notes == ("5 of 75 rows were left out: 1 series ('late') begins after an origin they belong to",)
    assert "5 of 75 rows were left out" in scores.explain()
    counted = scores.predictions[scores.predictions["model"] == "model"].groupby("unique_id").size()
    assert counted.to_dict() == {"a": 20, "b": 20, "late": 10, "barely": 20}


def test_series_that_end_inside_are_scored_as_far_as_they_go():
    scores = tried(series("a"), series("gone", 47), models={"drift": Drift()})
    counted = scores.predictions[scores.predictions["model"] == "drift"].groupby("unique_id").size()
    assert counted.to_dict() == {"a": 20, "gone": 7}


def test_where_no_series_has_begun_the_way_out_is_named():
    with pytest.raises(HexadError, match=r"no series has a row before 40; begin later \(first=\)"):
        ForecastTask().choose_rows(
            series("a"), [WALK.splits(series("a"))[0].__class__(40, np.array([], int), np.arange(40, 45))]
        )


# Metrics that are not defined


def test_a_constant_series_is_left_out_of_scaled_errors_and_counted():
    scaled = ForecastTask().metric("mase")
    scores = tried(series("a"), series("flat", y=[3.0] * 60), metrics=[scaled], models={"drift": Drift()})
    alone = tried(series("a"), metrics=[scaled], models={"drift": Drift()})
    assert scores.table().loc["drift", "mase"] == pytest.approx(alone.table().loc["drift", "mase"])
    assert "Mase left out 1 series ('flat') without a scale" in scores.explain()


def test_rows_of_zero_are_left_out_of_percentages_and_counted():
    y = 5 + np.arange(60) % 3
    y[[41, 52]] = 0
    scores = tried(series("a", y=y), metrics=["mape"])
    rows = scores.predictions[scores.predictions["y"] != 0]
    by_split = (rows["y"] - rows["mean"]).abs().div(rows["y"]).groupby(rows["split"]).mean()
    assert scores.values("naive", "mape").tolist() == pytest.approx(by_split.tolist())
    assert "Mape left out 2 of 20 rows for which it is not defined" in scores.explain()


@pytest.mark.parametrize(
    ("metrics", "said"),
    [
        (["mae", "mape"], "mape is not defined after 40: every outcome there is zero; use mae"),
        ([ForecastTask().metric("mase", seasonality=7)], "the training data repeat themselves exactly"),
    ],
)
def test_a_metric_that_cannot_be_formed_is_refused_before_any_fit(metrics, said):
    Counting.fits = 0
    with pytest.raises(HexadError, match=said):
        tried(series("none", y=[0.0] * 60), metrics=metrics, models={"counting": Counting()})
    assert Counting.fits == 0


def test_a_metric_of_no_rows_says_so():
    with pytest.raises(HexadError, match="mape is not defined for any of 2 rows"):
        metric("mape").units(pd.DataFrame({"y": [0.0, 0.0], "mean": [1.0, 2.0]}))


# Names


@pytest.mark.parametrize("role", ["unique_id", "ds", "y"])
@pytest.mark.parametrize("name", ["model", "mean", "median", "step", "split", "origin", "sample", "lo-90", "hi-97.5"])
def test_names_that_forecasts_need_themselves_are_refused(name, role):
    with pytest.raises(SettingsError, match=r"give yours another: table\.rename\(columns="):
        SeriesColumns(**{role: name})
    with pytest.raises(SettingsError, match="have columns of the name"):
        Drift(**{role: name}).fit(series("a").rename(columns={role: name}))


def test_one_column_is_one_thing():
    with pytest.raises(SettingsError, match="'ds' cannot be key, stamp and value at once"):
        SeriesColumns(y="ds")


@pytest.mark.parametrize("name", ["model", "mean", "step", "sample"])
def test_outside_columns_may_be_called_anything(name):
    rng = np.random.default_rng(0)
    table = pd.DataFrame({"ds": range(200), "y": rng.normal(size=200).cumsum(), "x": rng.normal(size=200)})
    plain = tried(table, models={"drift": Drift()}, walk=WalkForward(5, every=5, n_splits=4))
    named = tried(
        table.rename(columns={"x": name}), models={"drift": Drift()}, walk=WalkForward(5, every=5, n_splits=4)
    )
    pd.testing.assert_frame_equal(plain.scores, named.scores)


# Short series beside long ones


@pytest.mark.parametrize("model", [SeasonalNaive(7), SeasonalMean(7)])
def test_a_series_shorter_than_its_season_does_not_stop_the_others(model):
    long = pd.concat([series("a"), series("b")])
    forecast = model.fit(long).update(series("new", 3, 60)).predict(9)
    frame = forecast.to_frame().set_index("unique_id")["mean"]
    first, second, last = series("new", 3)["y"]
    assert frame["new"].tolist() == [last, last, last, last, first, second, last, last, last]
    alone = type(model)(7).fit(long).predict(9).to_frame().set_index("unique_id")["mean"]
    pd.testing.assert_series_equal(frame[["a", "b"]], alone[["a", "b"]])
    assert "1 series ('new') shorter than a season of 7 rows: where nothing lies a season back" in forecast.explain()
    assert len(type(model)(7).fit(pd.concat([long, series("new", 3, 57)])).predict(2).to_frame()) == 6


def test_series_that_are_all_too_short_are_refused():
    with pytest.raises(HexadError, match="shorter than the 7 rows"):
        SeasonalNaive(7).fit(pd.concat([series("a", 3), series("b", 5)]))


def test_a_model_for_each_series_names_those_that_are_too_short():
    made = PerSeries(SeasonalNaive(7)).fit(pd.concat([series("a"), series("new", 3, 57)])).predict(2)
    assert any("1 series ('new') is too short for SeasonalNaive" in note for note in made.notes)
    with pytest.raises(HexadError, match="'new'"):
        PerSeries(SeasonalNaive(7)).fit(series("new", 3, 57))


# Splits, metrics and tables as users have them


def noise(n=200, seed=1):
    return pd.DataFrame({"ds": range(n), "y": np.random.default_rng(seed).normal(size=n)})


def test_splits_in_another_order_are_taken_in_the_order_of_time():
    table, models = noise(), {"b": SeasonalNaive(16)}
    cuts = WalkForward(14, every=7, n_splits=12).splits(table)
    mixed = [cuts[place] for place in np.random.default_rng(0).permutation(12)]
    first, second = (
        evaluate(models, table, some, ["mae"], baselines={"a": SeasonalNaive(15)}, guard=False)
        for some in (cuts, mixed)
    )
    pd.testing.assert_frame_equal(first.scores, second.scores)
    assert compare(first, "b").explain() == compare(second, "b").explain()


@pytest.mark.parametrize("label", ["fold", None])
def test_splits_of_one_name_are_refused(label):
    table = noise()
    cuts = [Split(label, cut.train, cut.test) for cut in WalkForward(14, every=14, n_splits=5).splits(table)]
    with pytest.raises(HexadError, match="several splits are called"):
        evaluate({}, table, cuts, ["mae"], baselines={"a": SeasonalNaive(7)})


def test_series_whose_outcomes_do_not_vary_are_left_out_of_r2_and_counted():
    constant, lively = series("c", y=np.full(60, 7.0)), series("n")
    both, alone = tried(constant, lively, metrics=["r2"]), tried(lively, metrics=["r2"])
    assert both.table().loc["naive", "r2"] == pytest.approx(alone.table().loc["naive", "r2"])
    assert any("r2 left out 4 of 8" in note for note in both.notes)


@pytest.mark.parametrize(
    ("parts", "walk", "metrics", "said"),
    [
        ((series("n"),), WalkForward(1, every=5, n_splits=4), ["r2"], "there is one row"),
        ((series("c", y=np.full(60, 7.0)),), WALK, ["r2"], "no outcomes vary"),
        ((series("a", 52), series("b", 14, start=46)), WALK, ["mase"], "mase is not defined after 55"),
    ],
)
def test_metrics_that_no_series_of_a_split_allows_are_refused_before_any_fit(parts, walk, metrics, said):
    Counting.fits = 0
    with pytest.raises(HexadError, match=said):
        evaluate({}, pd.concat(parts), walk, metrics, baselines={"naive": Counting(1)}, guard=False)
    assert Counting.fits == 0


@pytest.mark.parametrize(("name", "options"), [("mae-90", {}), ("mae@5", {}), ("mae", {"k": 5}), ("mae", {"level": 90}),
                                               ("ndcg-90", {}), ("ndcg", {"k": 0}), ("ndcg", {"k": True})])  # fmt: skip
def test_levels_and_lengths_that_a_metric_does_not_take_are_refused(name, options):
    with pytest.raises(SettingsError):
        metric(name, **options)


@pytest.mark.parametrize("name", [0, 1.5, None, ("a", "b")])
def test_models_are_named_by_text(name):
    with pytest.raises(HexadError, match="name models by text"):
        evaluate({name: SeasonalNaive(6)}, noise(), WALK, ["mae"], baselines={"b": SeasonalNaive(7)})


def test_tables_that_fit_takes_are_evaluated_and_others_refused_by_name():
    days = pd.DataFrame({"ds": pd.date_range("2024-01-01", periods=40), "y": np.arange(40.0)})
    walk = WalkForward(1, every=1, n_splits=2)

    def score(table, **options):
        return evaluate({}, table, walk, "mae", baselines={"n": SeasonalNaive(**options)}).table().loc["n", "mae"]

    text = [f"2023-W{week:02d}" for week in range(1, 41)]
    for stamps in (pd.period_range("2020-01", periods=40, freq="M"), text, days["ds"].astype(str)):
        assert score(days.assign(ds=stamps)) == 1
    assert score(days.set_index("ds", drop=False)) == 1
    with pytest.raises(HexadError, match="'y': is missing"):
        score(days.rename(columns={"y": "sales"}))
    with pytest.raises(HexadError, match="repeated column names"):
        score(pd.concat([days, days[["y"]]], axis=1))
    with pytest.raises(HexadError, match="bring the table to the model's zone"):
        score(days, tz="Europe/Berlin")
