"""The leak guard: every planted leak is found at the right step, and honest pipelines raise no alarm."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import PCA
from sklearn.ensemble import HistGradientBoostingRegressor, IsolationForest, RandomForestClassifier
from sklearn.feature_selection import SelectKBest, f_regression
from sklearn.impute import KNNImputer, SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge, RidgeCV
from sklearn.model_selection import GridSearchCV, GroupKFold, KFold, ShuffleSplit, TimeSeriesSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, QuantileTransformer, StandardScaler, TargetEncoder

from domains.timeseries import LagForecaster, Recipe, Rolling, SeasonalNaive
from shared.data import WalkForward
from shared.evaluation.leakage import leakage_check

N = 300


def series(seed=0, n=N):
    """Half a year of days: a season, a trend, a driver with gaps, and a store's kind."""
    rng = np.random.default_rng(seed)
    x = np.cumsum(rng.normal(size=n)) + 30
    y = 50 + 10 * np.sin(np.arange(n) / 7 * 2 * np.pi) + 0.8 * x + rng.normal(size=n)
    days = pd.date_range("2024-01-01", periods=n)
    gappy = np.where(rng.random(n) < 0.1, np.nan, x)
    return pd.DataFrame({"ds": days, "y": y, "x": x, "gappy": gappy, "kind": rng.choice(list("abcd"), n)})


def rows(seed=0, n=N):
    """Rows without an order: numbers, a kind of many values, a truth to learn."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 6))
    kind = rng.choice([f"k{i}" for i in range(30)], n)
    effect = dict(zip([f"k{i}" for i in range(30)], rng.normal(size=30), strict=True))
    y = X[:, 0] - 2 * X[:, 1] + np.array([effect[k] for k in kind]) + rng.normal(size=n)
    return pd.DataFrame(X, columns=list("abcdef")).assign(kind=kind, y=y)


HALF = TimeSeriesSplit(n_splits=3, test_size=40)
THIRD = KFold(3, shuffle=True, random_state=1)
IN_TIME = {"y": "y", "time": "ds"}


class WindowInTransform(TransformerMixin, BaseEstimator):
    """A transformer that smooths over the rows it is asked for."""

    def fit(self, X, y=None):
        self.n_features_in_ = X.shape[1]
        return self

    def transform(self, X):
        return pd.DataFrame(np.asarray(X)).rolling(5, center=True, min_periods=1).mean().to_numpy()


class ScaleInTransform(WindowInTransform):
    """A transformer that scales by what it is asked for."""

    def transform(self, X):
        return (np.asarray(X) - np.asarray(X).mean(axis=0)) / np.asarray(X).std(axis=0)


def centred_window(t):
    return pd.DataFrame({"lag": t["y"].shift(1), "smooth": t["y"].rolling(7, center=True, min_periods=1).mean()})


def whole_scaling(t):
    return t.assign(x=(t["x"] - t["x"].mean()) / t["x"].std(), y=(t["y"] - t["y"].mean()) / t["y"].std())


def whole_minmax(t):
    return t.assign(x=(t["x"] - t["x"].min()) / (t["x"].max() - t["x"].min()))


def shifted_target(t):
    return t.assign(tomorrow=t["y"].shift(-1))[["x", "tomorrow"]]


def future_covariate(t):
    return t.assign(x_ahead=t["x"].shift(-3).ffill())


def imputed_from_the_future(t):
    return t.assign(gappy=t["gappy"].bfill().ffill())


def interpolated(t):
    return t.assign(gappy=t["gappy"].interpolate(limit_direction="both"))


def clipped(t):
    low, high = t["x"].quantile([0.05, 0.95])
    return t.assign(x=t["x"].clip(low, high))


def busy_days(t):
    day = t["ds"].dt.day_of_week
    busy = t.groupby(day)["y"].mean()
    return t.assign(busy=day.map(busy > busy.median()).astype(int))[["ds", "x", "busy"]]


def own_target(t):
    return t.assign(ratio=t["y"] / t["x"])[["ratio", "x"]]


def ranked(t):
    return t.assign(rank=t["x"].rank(pct=True))


def lags(t):
    return t.assign(lag1=t["y"].shift(1), lag7=t["y"].shift(7), mean7=t["y"].shift(1).rolling(7).mean())


def target_encoded(t):
    return t.assign(kind=t.groupby("kind")["y"].transform("mean"))


def selected_on_all(t, train, test):
    X = t[list("abcdef")].to_numpy()
    X = np.hstack([X, np.random.default_rng(3).normal(size=(len(X), 60))])
    selected = SelectKBest(f_regression, k=5).fit_transform(X, t["y"])
    model = Ridge().fit(selected[train], t["y"].iloc[train])
    return {"selected": selected, "model": model, "predictions": model.predict(selected[test])}


def stopped_on_test(t, train, test):
    X, y = t[list("abcdef")].to_numpy(), t["y"].to_numpy()
    best, lowest = None, np.inf
    for rounds in (1, 3, 10, 30, 100):
        model = HistGradientBoostingRegressor(max_iter=rounds, random_state=0).fit(X[train], y[train])
        loss = np.abs(model.predict(X[test]) - y[test]).mean()
        if loss < lowest:
            best, lowest = model, loss
    return {"features": X, "stopped model": best, "predictions": best.predict(X[test]), "loss": lowest}


def tuned_on_test(t, train, test):
    X, y = t[list("abcdef")].to_numpy(), t["y"].to_numpy()
    models = [Ridge(alpha).fit(X[train], y[train]) for alpha in (0.01, 1.0, 100.0, 1e4, 1e6)]
    tuned = min(models, key=lambda model: np.abs(model.predict(X[test]) - y[test]).mean())
    return {"tuned model": tuned, "predictions": tuned.predict(X[test])}


def reduced_on_all(t, train, test):
    parts = PCA(3, random_state=0).fit_transform(t[list("abcdef")])
    model = Ridge().fit(parts[train], t["y"].iloc[train])
    return {"components": parts, "model": model, "predictions": model.predict(parts[test])}


def imputed_on_all(t, train, test):
    holes = t[list("abcdef")].mask(t[list("abcdef")] > 1)
    filled = SimpleImputer().fit_transform(holes)
    return {"filled": filled, "predictions": Ridge().fit(filled[train], t["y"].iloc[train]).predict(filled[test])}


def copied(n=N):
    table = rows(n=n)
    extra = table.sample(frac=0.2, random_state=0)
    return pd.concat([table, extra], ignore_index=True)


def jittered():
    table = copied()
    rng = np.random.default_rng(0)
    table.loc[N:, list("abcdef")] += rng.normal(scale=1e-5, size=(len(table) - N, 6))
    return table


def people():
    rng = np.random.default_rng(0)
    person = np.repeat(np.arange(60), 5)
    sick = rng.random(60) < 0.5
    frame = pd.DataFrame(rng.normal(size=(300, 4)), columns=list("abcd"))
    return frame.assign(person=[f"p{i}" for i in person], y=sick[person].astype(int))


PLANTED = {
    "centred window": (centred_window, series, HALF, IN_TIME, "smooth", 3),
    "scaling of the whole series": (whole_scaling, series, HALF, IN_TIME, "x", None),
    "range of the whole series": (whole_minmax, series, HALF, IN_TIME, "x", None),
    "shifted target": (shifted_target, series, HALF, IN_TIME, "tomorrow", 1),
    "future covariate": (future_covariate, series, HALF, IN_TIME, "x_ahead", 3),
    "filled backwards": (imputed_from_the_future, series, HALF, IN_TIME, "gappy", None),
    "filled on a line": (interpolated, series, HALF, IN_TIME, "gappy", None),
    "clipped at quantiles of all rows": (clipped, series, HALF, IN_TIME, "x", None),
    "calendar feature from the target": (busy_days, series, HALF, IN_TIME, "busy", None),
    "computed from its own target": (own_target, series, HALF, IN_TIME, "ratio", 0),
    "rank among all rows": (ranked, series, HALF, IN_TIME, "rank", None),
    "target encoding over the split": (target_encoded, rows, THIRD, {"y": "y"}, "kind", None),
    "third step of four": (
        [("lags", lags), ("drop", pd.DataFrame.dropna), ("scale", whole_scaling), ("model", Ridge())],
        lambda: series().drop(columns=["gappy", "kind"]), HALF, IN_TIME, "step 'scale'", None,
    ),
    "feature selection on all rows": (selected_on_all, rows, THIRD, {"y": "y"}, "'selected'", None),
    "stopping on test rows": (stopped_on_test, rows, THIRD, {"y": "y"}, "'stopped model'", None),
    "tuning on test rows": (tuned_on_test, rows, THIRD, {"y": "y"}, "'tuned model'", None),
    "components of all rows": (reduced_on_all, rows, THIRD, {"y": "y"}, "'components'", None),
    "means of all rows for holes": (imputed_on_all, rows, THIRD, {"y": "y"}, "'filled'", None),
    "window inside a Pipeline": (
        make_pipeline(StandardScaler(), WindowInTransform(), Ridge()),
        lambda: series()[["ds", "x", "y"]], HALF, IN_TIME, "windowintransform", None,
    ),
    "scaling by the rows asked for": (
        make_pipeline(ScaleInTransform(), Ridge()),
        lambda: rows().drop(columns="kind"), THIRD, {"y": "y"}, "scaleintransform", None,
    ),
    "copies over the split": (Ridge(), lambda: copied().drop(columns="kind"), THIRD, {"y": "y"}, "the split", None),
    "near copies over the split": (
        Ridge(), lambda: jittered().drop(columns="kind"), THIRD, {"y": "y"}, "the split", None,
    ),
    "groups on both sides": (
        RandomForestClassifier(20), lambda: people().assign(person=lambda t: t["person"].str[1:].astype(int) % 30),
        THIRD, {"y": "y", "groups": "person"}, "the groups", None,
    ),
    "an id that gives the target away": (
        make_pipeline(ColumnTransformer([("id", OneHotEncoder(handle_unknown="ignore"), ["person"])]),
                      LogisticRegression()),
        people, THIRD, {"y": "y"}, "person", None,
    ),
    "the target in another unit": (
        Ridge(), lambda: rows().drop(columns="kind").assign(euros=lambda t: 100 * t["y"] + 3), THIRD, {"y": "y"},
        "euros", None,
    ),
    "a split that is not in time": (
        Ridge(), lambda: series()[["ds", "x", "y"]], THIRD, IN_TIME, "the split", None,
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", PLANTED)
def test_a_planted_leak_is_found_at_its_step(case):
    pipeline, make, split, roles, step, ahead = PLANTED[case]
    table = make()
    before = table.copy()
    report = leakage_check(pipeline, table, split, **roles)
    pd.testing.assert_frame_equal(table, before)
    assert report.leaks, report.explain()
    first = next((leak for leak in report.leaks if step in leak.columns), report.leaks[0])
    assert step in first.step or step in first.columns, report.explain()
    if ahead is not None:
        assert first.ahead == ahead
    assert first.fix.endswith(".")
    assert str(first) in report.explain()


def test_there_are_more_than_twenty_planted_leaks():
    assert len(PLANTED) >= 20


def two_series():
    one, two = series(0), series(1)
    return pd.concat([one.assign(unique_id="b"), two.assign(unique_id="a")], ignore_index=True)


def lags_by_series(t):
    by = t.groupby("unique_id")["y"]
    return t.assign(lag=by.shift(1), mean=by.transform(lambda s: s.shift(1).rolling(5).mean()))


def past_fill(t):
    return t.assign(gappy=t["gappy"].ffill(), growing=t["x"].expanding().mean())


def logged(t):
    return t.assign(y=np.log(t["y"]), lag=np.log(t["y"]).shift(1))


def cross_fitted(t, train, test):
    encoder = TargetEncoder()
    learnt = encoder.fit_transform(t[["kind"]].iloc[train], t["y"].iloc[train])
    model = Ridge().fit(learnt, t["y"].iloc[train])
    return {
        "train": learnt,
        "encoder": encoder,
        "model": model,
        "p": model.predict(encoder.transform(t[["kind"]].iloc[test])),
    }


def early_stopped(t, train, test):
    X, y = t[list("abcdef")].to_numpy(), t["y"].to_numpy()
    model = HistGradientBoostingRegressor(early_stopping=True, random_state=0).fit(X[train], y[train])
    return {
        "model": model,
        "predictions": model.predict(X[test]),
        "score": np.abs(model.predict(X[test]) - y[test]).mean(),
    }


def low_cardinality():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({name: rng.choice(list("xyz"), 400) for name in "abc"})
    return frame.assign(y=(frame["a"] == frame["b"]).astype(int) ^ (rng.random(400) < 0.2))


def repeat_purchases():
    rng = np.random.default_rng(0)
    price = rng.lognormal(size=80).round(2)
    product = rng.integers(0, 80, 500)
    return pd.DataFrame({"product": product, "price": price[product], "y": rng.poisson(5, 500).astype(float)})


def entropy_of_the_day(t, train, test):
    rng = np.random.default_rng()
    X = t[list("abcdef")].to_numpy()
    pick = rng.choice(train, size=len(train))
    model = Ridge().fit(X[pick], t["y"].to_numpy()[pick])
    return {"model": model, "predictions": model.predict(X[test])}


ENCODED = ColumnTransformer([("kind", OneHotEncoder(handle_unknown="ignore"), ["kind"])], remainder="passthrough")
CLEAN = {
    "lags": (lags, series, HALF, IN_TIME),
    "lags of two series": (lags_by_series, two_series, WalkForward(20, every=20, n_splits=2), {"y": "y"}),
    "filled forwards": (past_fill, series, HALF, IN_TIME),
    "logarithm of the target": (logged, series, HALF, IN_TIME),
    "lags, dropped rows, model": (
        [("lags", lags), ("drop", pd.DataFrame.dropna), ("scale", StandardScaler()), ("model", Ridge())],
        lambda: series().drop(columns=["gappy", "kind"]), HALF, IN_TIME,
    ),
    "calendar": (lambda t: t.assign(day=t["ds"].dt.day_of_week), series, HALF, IN_TIME),
    "scaled model": (make_pipeline(StandardScaler(), Ridge()), lambda: rows().drop(columns="kind"), THIRD, {"y": "y"}),
    "one-hot and trees": (make_pipeline(ENCODED, RandomForestClassifier(20)),
                          lambda: rows().assign(y=lambda t: (t["y"] > 0).astype(int)), THIRD, {"y": "y"}),
    "unseeded forest": (RandomForestClassifier(20), lambda: people().drop(columns="person"), THIRD, {"y": "y"}),
    "unseeded forest of detectors": (IsolationForest(n_estimators=20), lambda: rows().drop(columns=["kind", "y"]), THIRD, {}),
    "searched parameters": (GridSearchCV(Ridge(), {"alpha": [0.1, 1, 10]}), lambda: rows().drop(columns="kind"), THIRD,
                            {"y": "y"}),
    "selection inside the pipeline": (make_pipeline(SelectKBest(f_regression, k=2), RidgeCV()),
                                      lambda: rows().drop(columns="kind"), THIRD, {"y": "y"}),
    "neighbours fill holes": (make_pipeline(KNNImputer(), QuantileTransformer(n_quantiles=50), Ridge()),
                              lambda: rows().drop(columns="kind").mask(lambda t: t > 1.5).fillna({"y": 0.0}), THIRD, {"y": "y"}),
    "cross-fitted target encoding": (cross_fitted, rows, THIRD, {"y": "y"}),
    "early stopping on training rows": (early_stopped, rows, THIRD, {"y": "y"}),
    "fresh randomness": (entropy_of_the_day, rows, THIRD, {"y": "y"}),
    "groups apart": (RandomForestClassifier(20), people, GroupKFold(3), {"y": "y", "groups": "person"}),
    "rows alike by nature": (make_pipeline(OneHotEncoder(), LogisticRegression()), low_cardinality, THIRD, {"y": "y"}),
    "the same products again": (Ridge(), repeat_purchases, ShuffleSplit(1, random_state=0), {"y": "y"}),
    "components of training rows": (PCA(3), lambda: rows()[list("abcdef")], THIRD, {}),
    "seasonal naive": (SeasonalNaive(7), lambda: series()[["ds", "y"]], WalkForward(14, every=14, n_splits=2), {}),
    "lag forecaster": (
        LagForecaster(recipe=Recipe((1, 2, 7), rolling=(Rolling(7),), calendar=("day_of_week",)), horizon=7),
        lambda: series()[["ds", "y"]], WalkForward(7, every=7, n_splits=2), {},
    ),
    "boosted lag forecaster, unseeded": (
        LagForecaster(HistGradientBoostingRegressor(max_iter=10, early_stopping=True), recipe=Recipe((1, 2, 7)),
                      horizon=3, random_state=None, calibration_folds=0),
        lambda: series()[["ds", "y"]], WalkForward(3, every=7, n_splits=1), {},
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CLEAN)
def test_an_honest_pipeline_raises_no_alarm(case):
    pipeline, make, split, roles = CLEAN[case]
    report = leakage_check(pipeline, make(), split, **roles)
    assert report.clean, report.explain()
    assert not report.notes, report.notes


def test_there_are_more_than_twenty_honest_pipelines():
    assert len(CLEAN) >= 20
