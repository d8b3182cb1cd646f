"""The parts of the leak guard, one by one: other values, digests of models, rows and their places, words, cost."""

import datetime as dt
import decimal
import functools
import random
import sys
import types
import warnings

import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse
from sklearn.base import BaseEstimator, clone
from sklearn.cluster import KMeans
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingRegressor, IsolationForest, RandomForestRegressor, VotingRegressor
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.model_selection import GridSearchCV, GroupKFold, KFold
from sklearn.neighbors import KNeighborsRegressor
from sklearn.neural_network import MLPRegressor
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import OneHotEncoder, QuantileTransformer, StandardScaler
from sklearn.svm import SVR
from sklearn.tree import DecisionTreeRegressor

from domains.timeseries import ForecastTask, SeasonalNaive
from shared.data import WalkForward
from shared.data.splits import Split
from shared.errors import DataError, HexadError, SettingsError
from shared.evaluation.leakage import Leak, LeakReport, leakage_check
from shared.evaluation.leakage.diff import as_frame, digest_parts, find_changed_parts, find_changed_rows
from shared.evaluation.leakage.guard import check_columns, compare_predictions
from shared.evaluation.leakage.overlap import overlap
from shared.evaluation.leakage.perturb import other_values, perturb, truncate, visibility_at
from shared.evaluation.task import ColumnRoles
from shared.runtime.seeds import clone_seeded, find_unseeded, fix_seeds

N, CUT = 60, 40


def line(n=120, seed=0):
    rng = np.random.default_rng(seed)
    return pd.DataFrame({"ds": range(n), "x": rng.normal(size=n).cumsum(), "y": rng.normal(size=n)})


AT_90 = (np.arange(90), np.arange(90, 120))
IN_TIME = {"y": "y", "time": "ds"}


def lagged(t):
    return t.assign(lag=t["y"].shift(1))


def smoothed(t):
    return t.assign(smooth=t["x"].rolling(5, center=True, min_periods=1).mean())


# -- other values ------------------------------------------------------------------------------------------------------


def column(name):
    rng = np.random.default_rng(0)
    many, few, letters = rng.integers(0, 1000, N), rng.integers(0, 5, N), list(rng.choice(list("abc"), N).tolist())
    days = pd.date_range("2024-01-01", periods=N)
    made = {
        "float64": lambda: pd.Series(rng.normal(size=N)),
        "float32": lambda: pd.Series(rng.random(N), dtype="float32"),
        "Float64 with NA": lambda: pd.Series([None, *rng.random(N - 1)], dtype="Float64"),
        "int64": lambda: pd.Series(many),
        "negative int64": lambda: pd.Series(many - 500),
        "uint64": lambda: pd.Series(many, dtype="uint64"),
        "int8": lambda: pd.Series(many % 100, dtype="int8"),
        "few int8": lambda: pd.Series(few, dtype="int8"),
        "Int64 with NA": lambda: pd.Series([None, *many[1:]], dtype="Int64"),
        "few Int64 with NA": lambda: pd.Series([None, *few[1:]], dtype="Int64"),
        "Int8": lambda: pd.Series([None, *(many[1:] % 100)], dtype="Int8"),
        "bool": lambda: pd.Series(many % 2 == 0),
        "boolean with NA": lambda: pd.Series([None, *(many[1:] % 2 == 0)], dtype="boolean"),
        "category": lambda: pd.Series(letters, dtype="category"),
        "ordered category": lambda: pd.Series(pd.Categorical(letters, list("cab"), ordered=True)),
        "category of numbers": lambda: pd.Series(many % 30, dtype="category"),
        "string": lambda: pd.Series([None, *letters[1:]], dtype="string"),
        "text": lambda: pd.Series(letters),
        "objects": lambda: pd.Series(letters, dtype=object),
        "objects of several kinds": lambda: pd.Series([1, "a", 2.5] * (N // 3), dtype=object),
        "decimals": lambda: pd.Series([decimal.Decimal(int(i)) for i in many], dtype=object),
        "days": lambda: pd.Series(days),
        "days with NaT": lambda: pd.Series([pd.NaT, *days[1:]]),
        "days of a zone": lambda: pd.Series(days.tz_localize("Europe/Berlin")),
        "seconds": lambda: pd.Series(days).astype("datetime64[s]"),
        "last days of nanoseconds": lambda: pd.Series([pd.Timestamp.max.floor("D")] * N).astype("datetime64[ns]"),
        "sparse float": lambda: pd.Series(pd.arrays.SparseArray(np.where(many < 300, many, 0) * 1.0)),
        "sparse int": lambda: pd.Series(pd.arrays.SparseArray(many)),
        "timedelta": lambda: pd.Series(pd.to_timedelta(many, unit="h")),
        "period": lambda: pd.Series(pd.period_range("2024-01-01", periods=N, freq="D")),
        "dates": lambda: pd.Series([day.date() for day in days], dtype=object),
        "arrow int": lambda: pd.Series(many, dtype="int64[pyarrow]"),
        "arrow float": lambda: pd.Series(many * 1.0, dtype="double[pyarrow]"),
        "arrow text": lambda: pd.Series(letters, dtype="string[pyarrow]"),
    }
    return made[name]()


KINDS = (
    "float64", "float32", "Float64 with NA", "int64", "negative int64", "uint64", "int8", "few int8", "Int64 with NA",
    "few Int64 with NA", "Int8", "bool", "boolean with NA", "category", "ordered category", "category of numbers", "string",
    "text", "objects", "objects of several kinds", "decimals", "days", "days with NaT", "days of a zone", "seconds",
    "last days of nanoseconds", "sparse float", "sparse int", "timedelta", "period", "dates", "arrow int", "arrow float",
    "arrow text",
)  # fmt: skip


def sight_at(table, **settings):
    settings = {"time": "t", "unique_id": None} | settings
    return visibility_at(table, np.arange(CUT), np.arange(CUT, len(table)), **settings)


@pytest.mark.parametrize("tame", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_other_values_are_of_the_same_kind(kind, tame):
    table = pd.DataFrame({"t": range(N), "v": column(kind)})
    before = table.copy()
    visibility = sight_at(table)
    made = perturb(table, visibility, y=None, keep=("t",), tame=tame).table
    pd.testing.assert_frame_equal(table, before)
    hidden = visibility.later
    assert made["v"].dtype == table["v"].dtype
    assert made["v"][~hidden].astype(object).equals(table["v"][~hidden].astype(object))
    a, b = (t["v"][hidden].astype(object).tolist() for t in (table, made))
    changed = np.mean([not (x is y or x == y) for x, y in zip(a, b, strict=True)])
    if kind == "last days of nanoseconds":
        return  # there is no later day, but no error either
    assert changed == 1 if not tame else changed > 0.2
    if pd.api.types.is_numeric_dtype(table["v"].dtype) and kind not in {"negative int64", "float64"}:
        assert min(b) >= 0
    if kind in {"int64", "Int64 with NA", "uint64"} and not tame:
        assert min(b) > 1000


def test_lists_and_columns_without_values_stay():
    table = pd.DataFrame({"t": range(N), "lists": [[i] for i in range(N)], "gone": np.nan, "none": None, "one": 7})
    made = perturb(table, sight_at(table), y=None, keep=("t",)).table
    pd.testing.assert_frame_equal(made, table)


def test_full_scale_values_change_too():
    """A column at the end of its type's range: what is hidden there must become something else."""
    values = pd.Series([*range(100), *[127] * 20], dtype="int8")
    mask = np.arange(120) >= 100
    assert (other_values(values, mask, np.random.default_rng(0)) != 127).all()


@pytest.mark.parametrize("kind", ["huge", "single", "complex", "infinite"])
def test_other_values_raise_no_warnings(kind):
    rng = np.random.default_rng(0)
    made = {"huge": rng.random(N) * 1e308, "single": (rng.random(N) * 3e38).astype("float32"),
            "complex": rng.normal(size=N) + 1j, "infinite": np.r_[np.inf, rng.random(N - 1)]}  # fmt: skip
    table = pd.DataFrame({"t": range(N), "v": made[kind]})
    assert perturb(table, sight_at(table), y=None, keep=("t",)).table["v"].dtype == table["v"].dtype


def test_only_infinite_values_stay():
    assert other_values(pd.Series([np.inf] * 30), np.ones(30, dtype=bool), np.random.default_rng(0)) is None


def test_the_target_is_replaced_where_it_is_asked_for():
    table = pd.DataFrame({"t": range(N), "x": np.arange(N) * 1.5, "y": np.arange(N) * 0.5})
    visibility = sight_at(table)
    for own_too, seen in ((False, CUT + 1), (True, CUT)):
        made = perturb(table, visibility, y="y", keep=("t",), own_too=own_too).table
        assert (made["y"] == table["y"]).tolist() == [True] * CUT + [False] * (N - CUT)
        assert (made["x"] == table["x"]).tolist() == [True] * seen + [False] * (N - seen)
        assert made["t"].equals(table["t"])
    known = perturb(table, visibility, y="y", keep=("t", "y", "x")).table
    pd.testing.assert_frame_equal(known, table)


def test_without_an_order_half_of_those_asked_for_are_hidden():
    table = pd.DataFrame({"x": np.arange(N) * 1.5})
    visibility = sight_at(table, time=None)
    assert visibility.own.sum() == visibility.later.sum() == 10
    assert visibility.seen.sum() == N - 10
    assert truncate(table, visibility).rows.tolist() == np.flatnonzero(~visibility.later).tolist()
    assert len(truncate(table, visibility, half=True).rows) == N - 5


def test_series_of_different_ends_are_cut_each_at_its_own():
    table = pd.DataFrame({"id": list("aaaabbbbbb"), "t": [1, 2, 3, 4, 3, 4, 5, 6, 7, 8]})
    visibility = visibility_at(table, np.array([0, 1, 4, 5, 6]), np.array([2, 3, 7, 8, 9]), time="t", unique_id="id")
    assert np.flatnonzero(visibility.own).tolist() == [2, 7]
    assert np.flatnonzero(visibility.later).tolist() == [3, 8, 9]
    assert truncate(table, visibility).rows.tolist() == [0, 1, 2, 4, 5, 6, 7]
    assert truncate(table, visibility, half=True).rows.tolist() == [0, 1, 2, 3, 4, 5, 6, 7]


# -- where two tables differ -------------------------------------------------------------------------------------------


def test_anything_like_a_table_is_a_frame():
    frame = pd.DataFrame({"a": [1.0, 2.0]})
    assert as_frame(frame) is frame
    assert as_frame(frame["a"]).columns.tolist() == ["a"]
    assert as_frame(pd.Series([1.0])).columns.tolist() == ["values"]
    assert as_frame(np.zeros(3)).shape == (3, 1)
    assert as_frame(np.zeros((3, 2, 2))).shape == (3, 4)
    assert as_frame([1, 2]).shape == as_frame((1, 2)).shape == (2, 1)
    assert as_frame(scipy.sparse.csr_matrix(np.eye(2))).shape == (2, 2)
    assert as_frame(pl.DataFrame({"a": [1.0]}))["a"].tolist() == [1.0]
    assert as_frame(types.SimpleNamespace(to_frame=lambda: frame)) is frame
    assert as_frame(types.SimpleNamespace(to_frame=lambda: 3)) is None
    assert as_frame(types.SimpleNamespace(to_pandas=lambda: 3, columns=[])) is None
    assert all(as_frame(value) is None for value in (None, 3, "text", [], [[1], [2]], {"a": 1}, np.float64(1)))


def cells(first, second):
    return {one.column: one.rows.tolist() for one in find_changed_rows(first, second)}


A = pd.DataFrame({"x": [1.0, 2.0, np.nan], "k": ["u", None, "w"]})
CHANGES = {
    "nothing": (A, A.copy(), {}),
    "a number": (A, A.assign(x=[1.0, 5.0, np.nan]), {"x": [False, True, False]}),
    "a gap filled": (A, A.assign(x=[1.0, 2.0, 3.0]), {"x": [False, False, True]}),
    "rounding": (A[["x"]], A[["x"]] * (1 + 1e-12), {}),
    "a label": (A, A.assign(k=["u", "v", "w"]), {"k": [False, True, False]}),
    "a column gone": (A, A[["x"]], {"k": [True] * 3}),
    "a new column": (A[["x"]], A, {"k": [True] * 3}),
    "whole numbers with gaps": (
        pd.DataFrame({"i": pd.array([1, None], dtype="Int64")}), pd.DataFrame({"i": pd.array([2, None], dtype="Int64")}),
        {"i": [True, False]},
    ),
    "names twice": (
        pd.DataFrame([[1, "a"]], columns=["s", "s"]), pd.DataFrame([[1, "b"]], columns=["s", "s"]), {"s": [True]},
    ),
    "lists": (pd.DataFrame({"l": [[1], [2]]}), pd.DataFrame({"l": [[1], [3]]}), {"l": [False, True]}),
    "what cannot be compared": (
        pd.DataFrame({"l": [np.zeros(2), 1]}), pd.DataFrame({"l": [np.zeros(3), 1]}), {"l": [True, False]},
    ),
    "sparse": (scipy.sparse.csr_matrix(np.eye(3)), scipy.sparse.csr_matrix(np.diag([1, 1, 2.0])), {"2": [False, False, True]}),
    "sparse and dense": (scipy.sparse.csr_matrix(np.eye(2)), pd.DataFrame(np.eye(2)), {"values": [True, True]}),
}  # fmt: skip


@pytest.mark.parametrize("case", CHANGES)
def test_changed_cells(case):
    first, second, expected = CHANGES[case]
    assert cells(first, second) == expected


# -- fitted models taken apart -----------------------------------------------------------------------------------------


def parts_differ(a, b):
    return find_changed_parts(digest_parts(a), digest_parts(b))


ESTIMATORS = {
    "ridge": Ridge(),
    "forest": RandomForestRegressor(3, random_state=0),
    "boosting": HistGradientBoostingRegressor(max_iter=3, early_stopping=True, random_state=0),
    "tree": DecisionTreeRegressor(random_state=0),
    "k-d tree": KNeighborsRegressor(algorithm="kd_tree"),
    "ball tree": KNeighborsRegressor(algorithm="ball_tree"),
    "support vectors": SVR(),
    "network": MLPRegressor(max_iter=5, random_state=0),
    "search": GridSearchCV(Ridge(), {"alpha": [1, 2]}),
    "vote": VotingRegressor([("a", Ridge()), ("b", LinearRegression())]),
    "means": KMeans(2, n_init=1, random_state=0),
    "quantiles": QuantileTransformer(n_quantiles=10),
    "one-hot": OneHotEncoder(),
    "pipeline": make_pipeline(StandardScaler(), Ridge()),
    "pipeline in columns": ColumnTransformer([("all", make_pipeline(SimpleImputer(), StandardScaler()), [0, 1])]),
    "union": FeatureUnion([("scale", StandardScaler())]),
}


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("case", ESTIMATORS)
def test_equal_fits_are_equal_and_others_are_not(case):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 3))
    y = X[:, 0] + rng.normal(size=60)
    model = clone(ESTIMATORS[case]).fit(X, y)
    parts = digest_parts(model)
    assert find_changed_parts(parts, digest_parts(clone(ESTIMATORS[case]).fit(X.copy(), y.copy()))) == []
    if hasattr(model, "predict"):
        model.predict(X)
        assert find_changed_parts(parts, digest_parts(model)) == []
    X2, y2 = X + rng.normal(size=X.shape), y + rng.normal(size=60)
    assert find_changed_parts(parts, digest_parts(clone(ESTIMATORS[case]).fit(X2, y2)))


@pytest.mark.parametrize("name", ["coef_", "intercept_", "feature_names_in_"])
def test_any_changed_attribute_is_found(name):
    X = pd.DataFrame(np.random.default_rng(0).normal(size=(20, 2)), columns=["a", "b"])
    one, two = (Ridge().fit(X, X["a"]) for _ in range(2))
    value = getattr(two, name)
    setattr(two, name, value[::-1] if name == "feature_names_in_" else value + 1e-6)
    assert parts_differ(one, two) == [name]


class Plain:
    """Holds one thing."""

    def __init__(self, held):
        self.held = held

    def ask(self):
        return self.held


class Slots:
    """Holds one thing without a dict."""

    __slots__ = ("held",)

    def __init__(self, held):
        self.held = held


class Bare(BaseEstimator):
    """Learns into an attribute without a trailing underscore."""

    def fit(self, X, y=None):
        self.mean = float(np.mean(X))
        return self


def enclosed(value):
    def inner():
        return value

    return inner


def with_default(value):
    def inner(x=value):
        return x

    return inner


def nested(value, deep):
    for _ in range(deep):
        value = [value]
    return value


HELD = {
    "numbers": (1, 2), "kinds of numbers": (True, 1), "None": (None, 0), "text": ("a", "b"), "bytes": (b"a", b"b"),
    "dict": ({"a": {"b": 1}}, {"a": {"b": 2}}), "keys": ({"a": 1}, {"b": 1}), "list": ([1, [2]], [1, [3]]),
    "lengths": ([1], [1, 1]), "tuple": ((1, 2), (1, 3)), "named pairs": ([("a", 1)], [("a", 2)]),
    "pairs of one name": ([("a", 1), ("a", 2)], [("a", 3), ("a", 2)]),
    "set": ({1, 2}, {1, 3}), "frozenset": (frozenset("ab"), frozenset("ac")),
    "partial": (functools.partial(max, 1), functools.partial(max, 2)),
    "closure": (enclosed(np.zeros(2)), enclosed(np.ones(2))), "default": (with_default(1), with_default(2)),
    "bound method": (Plain(1).ask, Plain(2).ask), "class": (Plain, Slots), "module": (np, pd),
    "stamp": (pd.Timestamp("2024-01-01"), pd.Timestamp("2024-01-02")),
    "stamp of a zone": (pd.Timestamp("2024-01-01"), pd.Timestamp("2024-01-01", tz="UTC")),
    "date": (dt.date(2024, 1, 1), dt.date(2024, 1, 2)), "period": (pd.Period("2024"), pd.Period("2025")),
    "interval": (pd.Interval(0, 1), pd.Interval(0, 2)), "decimal": (decimal.Decimal(1), decimal.Decimal(2)),
    "array": (np.zeros(2), np.ones(2)), "dtype": (np.zeros(2), np.zeros(2, dtype=int)), "shape": (np.zeros((2, 1)), np.zeros(2)),
    "objects": (np.array([1, "a"], dtype=object), np.array([1, "b"], dtype=object)),
    "texts": (np.array(["a"], dtype=object), np.array(["b"], dtype=object)),
    "records": (np.array([(1, 2.0)], dtype="i4,f8"), np.array([(1, 3.0)], dtype="i4,f8")),
    "sparse": (scipy.sparse.csr_matrix([[1.0]]), scipy.sparse.csr_matrix([[2.0]])),
    "frame": (pd.DataFrame({"a": [1]}), pd.DataFrame({"a": [2]})), "series": (pd.Series([1]), pd.Series([2])),
    "index": (pd.Index([1]), pd.Index([2])), "categorical": (pd.Categorical(["a", "b"]), pd.Categorical(["b", "a"])),
    "names of rows": (pd.Series([1, 2], index=["u", "v"]), pd.Series([1, 2], index=["u", "w"])),
    "names twice": (pd.DataFrame([[1, 2]], columns=["a", "a"]), pd.DataFrame([[9, 2]], columns=["a", "a"])),
    "plain object": (Plain(1), Plain(2)), "slots": (Slots(1), Slots(2)),
    "an estimator's own attribute": (Bare().fit([1.0]), Bare().fit([2.0])),
    "a mean of a column named duration": (Plain({"duration": 1.0}), Plain({"duration": 2.0})),
    "a learnt attribute mean_duration_": ({"mean_duration_": 1.0}, {"mean_duration_": 2.0}),
    "deep down": (nested(1, 30), nested(2, 30)),
    "built-in": (len, max),
}  # fmt: skip


@pytest.mark.parametrize("case", HELD)
def test_what_is_held_is_found(case):
    first, second = HELD[case]
    assert parts_differ(first, second)
    assert parts_differ(Plain([first]), Plain([second]))


def test_clocks_and_generators_are_left_out():
    assert parts_differ({"mean_fit_time": 1.0, "a": 1}, {"mean_fit_time": 2.0, "a": 1}) == []
    assert parts_differ([np.random.default_rng(0)], [np.random.default_rng(1)]) == []
    assert parts_differ(np.random.RandomState(0), np.random.RandomState(1)) == []
    assert parts_differ(Plain(1), Plain(1)) == parts_differ({"b": 1, "a": 2}, {"a": 2, "b": 1}) == []


class Shy:
    """Does not say what it holds, nor twice the same of itself."""

    __slots__ = ()

    def __getstate__(self):
        raise TypeError("no")


class Bold(Shy):
    """Says what it holds only in its name."""

    __slots__ = ("held",)

    def __init__(self, held):
        self.held = held

    def __repr__(self):
        return f"Bold({self.held})"


def test_what_does_not_say_what_it_holds():
    assert parts_differ(Shy(), Shy()) == []
    assert parts_differ(Bold(1), Bold(2)) == ["value"]
    ring = [1]
    ring.append(ring)
    assert parts_differ(ring, [1, 2])


# -- rows and their places ---------------------------------------------------------------------------------------------


def shuffled(seed=0):
    return line().sample(frac=1, random_state=seed)


def by_time(t):
    return np.flatnonzero(t["ds"] < 90), np.flatnonzero(t["ds"] >= 90)


LEADS = {
    "its index": lambda t: t.sort_values("ds").assign(lead=lambda t: t["y"].shift(-2))[["lead"]].iloc[1:],
    "its stamps": lambda t: t.sort_values("ds").reset_index(drop=True).assign(lead=lambda t: t["y"].shift(-2)),
    "its length": lambda t: (
        t.sort_values("ds").assign(lead=lambda t: t["y"].shift(-2))["lead"].reindex(t.index).to_numpy()
    ),
    "a series": lambda t: t.sort_values("ds")["y"].shift(-2).reindex(t.index),
    "a Polars frame": lambda t: pl.from_pandas(
        t.sort_values("ds").assign(lead=lambda t: t["y"].shift(-2)).reindex(t.index)[["lead"]]
    ),
}


@pytest.mark.parametrize("case", LEADS)
def test_rows_are_matched_by(case):
    table = shuffled()
    report = leakage_check(LEADS[case], table, by_time(table), **IN_TIME)
    assert [leak.ahead for leak in report.leaks] == [2], report.explain()


def of_sides(table, train, test):
    return {"train rows": table["x"].iloc[train].to_numpy(), "test rows": np.full(len(test), table["y"].mean())}


def test_results_of_one_side_are_matched_by_its_length():
    for cut in (AT_90, (np.arange(60), np.arange(60, 120))):
        report = leakage_check(of_sides, line(), cut, **IN_TIME)
        assert [leak.step for leak in report.leaks] == ["'test rows'"], report.explain()


def test_what_cannot_be_matched_is_told():
    for given in (lambda t: t[["x"]].iloc[:7].reset_index(drop=True), lambda t: np.zeros(7)):
        report = leakage_check(given, line(), AT_90, **IN_TIME)
        assert not report.clean
        assert "gave could not be matched with rows, so it was not looked at." in report.explain()


def test_a_function_that_gives_nothing_to_look_at_is_told():
    for given in (lambda t: None, lambda t: 3.0, lambda t: {"score": 3.0, "by fold": {"one": 1}}):
        report = leakage_check(given, line(), AT_90, **IN_TIME)
        assert not report.clean
        assert report.notes, report.explain()


def test_a_choice_of_one_name_is_not_taken_for_a_row():
    """As many names as there are rows asked for in the shortened table."""
    report = leakage_check(lambda t, train, test: {"chosen": ["x"]}, line(), AT_90, **IN_TIME)
    assert report.clean, report.explain()


def test_a_choice_that_depends_on_the_future_is_found():
    def chosen(t, train, test):
        return {"chosen": [name for name in ("x", "z") if t[name].max() == t[["x", "z"]].to_numpy().max()]}

    table = line().assign(z=lambda t: t["x"].abs().max() - 0.1)
    table.loc[119, "x"] = 100.0
    report = leakage_check(chosen, table, AT_90, **IN_TIME)
    assert report.leaks


GIVEN = {
    "a fitted pipeline": lambda t: make_pipeline(StandardScaler(), Ridge()).fit(t[["x"]], t["y"]),
    "a pipeline in columns": lambda t: ColumnTransformer(
        [("n", make_pipeline(SimpleImputer(), StandardScaler()), ["x"])]
    ).fit(t),
    "an own estimator": lambda t: Bare().fit(t["x"]),
    "a model": lambda t: StandardScaler().fit(t[["x"]]),
    "a closure": lambda t: enclosed(t["x"].mean()),
    "a default": lambda t: with_default(t["x"].mean()),
    "a bound method": lambda t: Plain(t["x"].mean()).ask,
    "means by name": lambda t: Plain({"duration": t["x"].mean()}),
}


@pytest.mark.parametrize("case", GIVEN)
def test_what_was_learnt_from_all_rows_is_found(case):
    report = leakage_check(lambda t, train, test: {"learnt": GIVEN[case](t)}, line(), AT_90, **IN_TIME)
    assert report.leaks, report.explain()
    honest = leakage_check(lambda t, train, test: {"learnt": GIVEN[case](t.iloc[train])}, line(), AT_90, **IN_TIME)
    assert honest.clean, honest.explain()


def test_a_function_of_a_table_and_a_split():
    def fitted(t, split):
        return {"model": StandardScaler().fit(t[["x"]].iloc[split.train]), "all": StandardScaler().fit(t[["x"]])}

    assert [leak.step for leak in leakage_check(fitted, line(), AT_90, **IN_TIME).leaks] == ["'all'"]


def test_results_in_a_tuple_are_numbered():
    def fitted(t, train, test):
        return t["x"].shift(1), t["x"].shift(-1)

    assert [leak.step for leak in leakage_check(fitted, line(), AT_90, **IN_TIME).leaks] == ["result 2"]


STEPS = {
    "functions and a model": ([lagged, ("drop", pd.DataFrame.dropna), ("scale", StandardScaler()), ("model", Ridge())], []),
    "a frame of words": ([("encode", OneHotEncoder(handle_unknown="ignore")), ("model", Ridge())], []),
    "a leak at the end": ([lagged, smoothed], ["step 'smoothed'"]),
    "rows dropped by the future": (
        [("drop", lambda t: t[t["x"] <= t["x"].quantile(0.9)]), ("lag", lagged)], ["step 'drop'"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", STEPS)
def test_steps(case):
    steps, leaks = STEPS[case]
    table = line().round(0) if case == "a frame of words" else line()
    report = leakage_check(steps, table, AT_90, **IN_TIME)
    assert [leak.step for leak in report.leaks][:1] == leaks, report.explain()


ALONE = {
    "a transformer": (StandardScaler(), "transformed rows"),
    "a detector": (IsolationForest(n_estimators=5), "predictions"),
    "clusters": (KMeans(2, n_init=1), "predictions"),
    "an estimator that answers nothing": (Bare(), "transformed rows"),
    "an encoder": (make_pipeline(OneHotEncoder(handle_unknown="ignore")), "transformed rows"),
}


@pytest.mark.parametrize("case", ALONE)
def test_estimators_without_a_target(case):
    model, checked = ALONE[case]
    report = leakage_check(model, line()[["x"]], (np.arange(80), np.arange(80, 120)))
    assert report.clean, report.explain()
    assert report.checked[:2] == ("the fitted model", checked)


def test_a_built_in_is_a_function_of_the_table():
    assert leakage_check(functools.partial(pd.DataFrame.shift), line(), AT_90, **IN_TIME).checked


# -- known columns, groups, panels, refusals ---------------------------------------------------------------------------


def test_a_gap_in_the_first_row_only():
    table = line().assign(holiday=0)
    table.loc[0, "x"] = np.nan
    assert leakage_check(lagged, table, AT_90, **IN_TIME).clean
    assert leakage_check(lagged, table, AT_90, known=["holiday"], **IN_TIME).clean


@pytest.mark.parametrize("kind", ["float64", "int64", "arrow int", "timedelta"])
def test_with_columns_known_ahead_replaced_values_alone_have_to_show_it(kind):
    """What is known ahead has to stay, so no rows are taken away: every other column must be replaced, or told."""
    values = column(kind)
    table = line(N).assign(v=values, holiday=0)

    def smooth(t):
        v = t["v"].dt.total_seconds() if kind == "timedelta" else t["v"].astype("float64")
        return t.assign(smooth=v.rolling(5, center=True, min_periods=1).mean())

    report = leakage_check(smooth, table, (np.arange(40), np.arange(40, N)), known=["holiday"], **IN_TIME)
    assert report.leaks or report.notes, report.explain()


def test_a_known_column_may_be_used_ahead():
    table = line().assign(holiday=lambda t: t["ds"] % 7 == 0)
    ahead = {"known": ["holiday"], **IN_TIME}

    def eve(t):
        return t.assign(eve=t["holiday"].shift(-1, fill_value=False).astype(int))

    assert leakage_check(eve, table, AT_90, **ahead).clean
    assert leakage_check(eve, table, AT_90, **IN_TIME).leaks[0].ahead == 1


def test_groups_on_both_sides_and_apart():
    rng = np.random.default_rng(0)
    table = pd.DataFrame({"who": np.repeat(np.arange(30), 4), "x": rng.normal(size=120), "y": rng.normal(size=120)})
    roles = {"y": "y", "groups": "who"}
    report = leakage_check(Ridge(), table, KFold(3, shuffle=True, random_state=0), **roles)
    assert report.leaks[0].step == "the groups in 'who'"
    assert report.leaks[0].kind == "overlap"
    assert leakage_check(Ridge(), table, GroupKFold(3), **roles).clean


def panel():
    one, two = line(100, 1).assign(unique_id="b"), line(100, 2).assign(unique_id="a", ds=range(20, 120))
    table = pd.concat([one, two], ignore_index=True)
    train = np.flatnonzero(table["ds"] < table["unique_id"].map({"b": 80, "a": 100}))
    return table, (train, np.setdiff1d(np.arange(200), train))


def test_a_panel_with_series_of_different_ends():
    table, cut = panel()

    def lead(t, k):
        return t.assign(lead=t.groupby("unique_id")["y"].shift(-k))

    assert leakage_check(lambda t: lead(t, -1), table, cut, **IN_TIME).clean
    assert leakage_check(lambda t: lead(t, 3), table, cut, **IN_TIME).leaks[0].ahead == 3
    assert leakage_check(lagged, table, cut, **IN_TIME).leaks, (
        "the first row of a series holds the last of the one before"
    )
    assert leakage_check(SeasonalNaive(7), table, cut, **IN_TIME).clean


def test_a_split_that_is_not_in_time_is_told_first():
    report = leakage_check(lagged, line(), (np.arange(30, 120), np.arange(30)), **IN_TIME)
    assert [leak.what for leak in report.leaks] == [
        "90 of 90 rows to learn from are not earlier than the first row tested on"
    ]
    assert report.leaks[0].fix == "Split by time: WalkForward or LastN."


def test_rows_on_both_sides_are_told():
    report = leakage_check(Ridge(), line(), (np.arange(90), np.arange(85, 120)), y="y")
    assert "5 rows are learnt from and tested on, the first is row 86" in [leak.what for leak in report.leaks]


def test_a_pipeline_that_refuses_wild_values_is_given_tame_ones():
    def careful(t):
        if t["x"].abs().max() > 30:
            raise ValueError("wild")
        return t.assign(mean=t["x"].mean())

    report = leakage_check(careful, line(), AT_90, **IN_TIME)
    assert report.leaks[0].columns == ("mean",)
    assert not report.notes


def test_a_pipeline_that_refuses_fewer_rows():
    def needs(least):
        def full(t):
            if len(t) < least:
                raise ValueError("too few rows")
            return lagged(t)

        return full

    assert leakage_check(needs(100), line(), AT_90, **IN_TIME).clean  # half of the rows away is enough
    report = leakage_check(needs(120), line(), AT_90, **IN_TIME)
    assert not report.clean
    assert report.notes == ("it refuses fewer rows (ValueError: too few rows), so this could not be looked at",)


def test_a_pipeline_that_refuses_any_other_values():
    table = line()

    def strict(t):
        if not t["x"].isin(table["x"]).all() or (len(t) == 120 and not t["x"].equals(table["x"])):
            raise ValueError("not mine")
        return lagged(t)

    report = leakage_check(strict, table, AT_90, **IN_TIME)
    assert not report.clean
    assert "It refuses other values (ValueError: not mine), so this could not be looked at." in report.explain()


def test_the_columns_that_a_pipeline_sees_are_those_of_the_table():
    table = line().assign(
        words=pd.Series(["a"] * 120, dtype=object), rare=pd.arrays.SparseArray(np.arange(120) % 10 == 0)
    )
    seen = []

    def watched(t):
        seen.append(t.dtypes.astype(str).tolist())
        return lagged(t)

    leakage_check(watched, table, AT_90, **IN_TIME)
    assert seen == [table.dtypes.astype(str).tolist()] * len(seen)


def test_a_shaky_pipeline_is_told():
    count = iter(range(1000))

    def shaky(t):
        return t.assign(shaky=next(count))

    report = leakage_check(shaky, line(), AT_90, **IN_TIME)
    assert not report.clean
    assert "differ from run to run even with fixed seeds" in report.explain()


def test_a_pipeline_that_draws_for_each_row_is_told_as_such():
    def drawn(t):
        return t.assign(drawn=np.random.default_rng().permutation(len(t)))

    report = leakage_check(drawn, line(), AT_90, **IN_TIME)
    assert not report.leaks
    assert not report.clean
    assert "changes with the number of rows, perhaps only because it draws at random" in report.explain()


class Own:
    """A forecaster with nothing but fit and predict(horizon)."""

    def fit(self, table):
        self.last_ = float(table["y"].iloc[-1])
        self.next_ = int(table["ds"].iloc[-1]) + 1
        return self

    def predict(self, horizon):
        return pd.DataFrame({"ds": range(self.next_, self.next_ + horizon), "mean": self.last_})


class Last(Own, BaseEstimator):
    """One that can be cloned."""

    def predict(self, horizon=None, *, future=None, levels=(), ids=None):
        return super().predict(len(future) if horizon is None else horizon)


class Bald(Own):
    """One that gives an array."""

    def predict(self, horizon):
        return np.full(horizon, self.last_)


def test_an_own_forecaster():
    assert leakage_check(Own(), line(), AT_90, task=ForecastTask()).clean
    assert leakage_check(Own(), line(), WalkForward(7, every=7, n_splits=1), task=ForecastTask()).clean
    with pytest.raises(HexadError, match="to_frame"):
        leakage_check(Bald(), line(), AT_90, task=ForecastTask())
    with pytest.raises(HexadError, match="give the task that asks it"):
        leakage_check(Own(), line(), AT_90, y="y")


class OneRow(StandardScaler):
    """Gives one row whatever it is asked."""

    def transform(self, X):
        return np.zeros((1, 1))


WRONG = {
    "a word": ("abc", {}, HexadError, "a str cannot be checked for leaks"),
    "no steps": ([], {}, HexadError, "there are no steps"),
    "a wrong step": ([("a", 3)], {}, HexadError, r"neither functions nor estimators: \['a'\]"),
    "a split of three": (lagged, {"split": [1, 2, 3]}, HexadError, "neither a Split, a splitter, nor a pair"),
    "an empty side": (lagged, {"split": (np.arange(3), [])}, HexadError, "test side of the split holds no positions"),
    "fractions": (lagged, {"split": (np.arange(3.0), np.arange(3))}, HexadError, "train side of the split holds no"),
    "rows beyond": (lagged, {"split": (np.arange(3), [500])}, HexadError, "rows beyond the 120"),
    "an unknown column": (lagged, {"y": "yy"}, DataError, "did you mean 'y'"),
    "a target of another length": (lagged, {"y": np.zeros(3)}, HexadError, r"\(3,\).*120 rows"),
    "gaps in the stamps": (lagged, {"table": line().assign(ds=np.nan)}, SettingsError, "120 stamps in 'ds' are missing"),
    "names twice": (lagged, {"table": line().set_axis(["ds", "y", "y"], axis=1)}, HexadError, "same name: 'y'"),
    "a step that loses rows": ([OneRow()], {}, HexadError, "gave no table with as many rows"),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_what_the_check_refuses(case):
    pipeline, changed, error, words = WRONG[case]
    given = {"table": line(), "split": AT_90, "y": "y", "time": "ds"} | changed
    with pytest.raises(error, match=words):
        leakage_check(pipeline, given.pop("table"), given.pop("split"), **given)


def test_tables_targets_and_splits_of_any_form():
    table = line()
    X, y = table[["x"]], table["y"]
    for given, target in (
        (X, y), (X, y.to_numpy()), (X.to_numpy(), y), (pl.from_pandas(X), y.to_numpy()),
        (X, y.rename("x")), (table, "y"), (X, y.rename(None)),
    ):  # fmt: skip
        assert leakage_check(Ridge(), given, KFold(3), y=target).clean
    masks = (np.arange(120) < 90, np.arange(120) >= 90)
    for split in (masks, Split("cut", *AT_90), (range(90), range(90, 120)), WalkForward(30, every=30, n_splits=1)):
        assert leakage_check(lagged, table, split, **IN_TIME).clean


# -- the second instrument ---------------------------------------------------------------------------------------------


def sides(n, share=0.7, seed=0):
    order = np.random.default_rng(seed).permutation(n)
    return np.sort(order[: int(share * n)]), np.sort(order[int(share * n) :])


def told(table, **roles):
    return [leak.what for leak in overlap(table, *sides(len(table)), ColumnRoles(**roles))]


def test_a_column_that_says_the_target_in_other_words():
    rng = np.random.default_rng(0)
    y = rng.integers(0, 3, 200)
    table = pd.DataFrame({"y": y, "name": np.array(["low", "mid", "high"])[y], "x": rng.normal(size=200)})
    assert told(table, y="y") == ["says the same as the target in other words"]
    assert told(table[:40], y="y") == []


def test_columns_in_another_unit_and_ahead():
    table = line(100)
    assert told(table.assign(unit=3 * table["y"] + 2), y="y") == [
        "holds the target of its own row, but for unit and offset"
    ]
    train, test = np.arange(70), np.arange(70, 100)
    for ahead, words in ((1, "1 row ahead"), (2, "2 rows ahead")):
        shifted = table.assign(unit=table["y"].shift(-ahead))
        found = overlap(shifted, train, test, ColumnRoles("y", "ds", known=("unit",)))
        assert [leak.what for leak in found] == [f"holds the target {words}, but for unit and offset"]
    assert told(table.assign(flag=table["y"] > 0), y="y") == []


@pytest.mark.parametrize("second", ["constant", "square", "double"])
def test_rows_along_a_line_are_not_near_copies(second):
    """Two columns with one thing to say: nearest neighbours are far nearer than the fifth by nature."""
    x = np.random.default_rng(0).normal(size=400)
    others = {"constant": np.ones(400), "square": x**2, "double": 2 * x}
    assert told(pd.DataFrame({"x": x, "second": others[second]})) == []


@pytest.mark.parametrize("numeric", [True, False])
def test_running_numbers_that_follow_the_target(numeric):
    number = np.arange(400)
    y = number // 100 * 1.5 if numeric else np.array(list("uvwx"))[number // 100]
    assert told(pd.DataFrame({"number": number, "y": y}), y="y") == [
        "is an id, and the ids learnt from give the target of those asked for away"
    ]
    assert told(pd.DataFrame({"number": number * 7, "y": y}), y="y") == []
    rng = np.random.default_rng(0)
    assert told(pd.DataFrame({"number": number, "y": rng.permutation(y)}), y="y") == []


def test_stamps_and_new_names_are_no_ids():
    table = pd.DataFrame({"when": pd.date_range("2024-01-01", periods=100), "y": np.arange(100) // 50})
    assert told(table, y="y") == []
    names = pd.DataFrame({"name": [f"n{i // 2}" for i in range(100)], "y": np.arange(100) // 2 % 7})
    found = overlap(names, np.arange(60), np.arange(60, 100), ColumnRoles("y"))
    assert found == []


def test_mixtures_and_copies_of_rows():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 4))
    train, test = np.arange(140), np.arange(140, 200)
    table = pd.DataFrame(X, columns=list("abcd"))
    assert overlap(table, train, test, ColumnRoles()) == []
    or_between = X.copy()
    for place in test[:20]:
        first = X[rng.choice(train)]
        second = X[train[np.argsort(((X[train] - first) ** 2).sum(axis=1))[1]]]
        or_between[place] = 0.5 * first + 0.5 * second
    found = overlap(pd.DataFrame(or_between, columns=list("abcd")), train, test, ColumnRoles())
    assert "20 of 60 rows tested on are mixtures of two rows learnt from, such as row 141" in found[0].what
    X[test[:20]] = X[train[:20]]
    found = overlap(pd.DataFrame(X, columns=list("abcd")), train, test, ColumnRoles())
    assert "20 of 60 rows tested on are copies of rows learnt from, such as row 141" in found[0].what


def test_large_tables_are_looked_at_in_part():
    n = 120_000
    table = pd.DataFrame(
        {"x": np.arange(n) % 1000, "kind": pd.Categorical(np.random.default_rng(0).choice(["a", "b"], n))}
    )
    assert overlap(table, np.arange(60_000), np.arange(60_000, n), ColumnRoles(y="kind")) == []
    lists = pd.DataFrame({"l": [[1]] * 50})
    assert overlap(lists, np.arange(30), np.arange(30, 50), ColumnRoles()) == []


# -- inside an evaluation ----------------------------------------------------------------------------------------------


def test_predictions_of_another_number_are_a_leak():
    table, cut = line(30), Split("cut", np.arange(20), np.arange(20, 25))
    task = ForecastTask()
    first = task.run(Last(), table, [cut])[0]
    assert compare_predictions("own", Last(), table, cut, task, first, first).clean
    assert compare_predictions("own", Last(), table, cut, task, first, first.iloc[:3]).clean, (
        "made sure of, and not found again"
    )
    assert check_columns(table, cut, task) == ()


# -- words -------------------------------------------------------------------------------------------------------------

LEAK = Leak("step 'a'", "its column 'b' looks at least 1 row ahead", "Use past rows only.", ("b",), 1)
REPORTS = {
    "clean": (LeakReport("a", (), ("x", "y")), True, "No leak was found in a; looked at: x, y."),
    "one leak": (
        LeakReport("a", (LEAK,), ("x",)), False,
        "Do not believe the scores of a: a leak found. (1) step 'a': its column 'b' looks at least 1 row ahead. "
        "Use past rows only.",
    ),
    "two leaks": (LeakReport("a", (LEAK, LEAK), ("x",)), False, "Do not believe the scores of a: 2 leaks found. (1) step"),
    "off": (
        LeakReport("a", on=False), False,
        "The leak guard was switched off for a: nothing says that it knew nothing of the future.",
    ),
    "not looked at": (LeakReport("a", notes=("it is odd",)), False, "The leak guard could not look at a. It is odd."),
    "blind": (
        LeakReport("a", (), ("x",), ("it is odd",), blind=True), False,
        "No leak was found in a, but not everything could be looked at. It is odd.",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", REPORTS)
def test_a_report(case):
    report, clean, words = REPORTS[case]
    assert report.clean is clean
    assert report.explain().startswith(words)
    assert LeakReport.from_plain(report.plain()) == report
    frame = report.to_frame()
    assert len(frame) == len(report.leaks)
    assert frame["ahead"].dtype == "Int64"


def test_a_report_is_escaped():
    report = LeakReport("<script>", (Leak("<b>", "'x' & y", "Mend."),))
    assert report._repr_html_().startswith("<p>Do not believe the scores of &lt;script&gt;")
    assert "&lt;b&gt;: &#x27;x&#x27; &amp; y" in report._repr_html_()


def test_one_row_is_not_called_rows():
    def first_of_the_day(t):
        return t.assign(odd=np.where(t["ds"] == 30, t["x"].mean(), 0.0))

    text = leakage_check(first_of_the_day, line(), AT_90, **IN_TIME).explain()
    assert "1 rows" not in text


# -- seeds -------------------------------------------------------------------------------------------------------------


LEGACY = sys.modules["numpy.random"]  # numpy's generator of old


def fresh():
    return np.random.default_rng()


def states():
    legacy = LEGACY.get_state()
    return random.getstate(), legacy[1].tolist(), legacy[2:], np.random.default_rng


def draw():
    return random.random(), LEGACY.random(), np.random.default_rng().random()


@pytest.mark.parametrize("breaks", [False, True])
def test_seeds_are_held_still_and_given_back(breaks):
    random.seed(5)
    LEGACY.seed(5)
    LEGACY.normal()  # half of a pair of normal numbers is kept in the state
    before = states()
    made = []
    for _ in range(2):
        try:
            with fix_seeds(7) as drawn:
                assert not drawn()
                made.append((*draw(), np.random.default_rng(1).random()))
                assert drawn()
                if breaks:
                    raise ValueError("broken")
        except ValueError:
            pass
        assert states() == before
    assert made[0] == made[1]


@pytest.mark.parametrize("way", [random.random, LEGACY.random, fresh, lambda: np.random.default_rng(3)])
def test_what_was_drawn_is_told(way):
    with fix_seeds(2**40) as drawn:
        way()
        assert drawn()


def test_torch_is_seeded_where_it_is_loaded(monkeypatch):
    log = []
    torch = types.SimpleNamespace(get_rng_state=lambda: "old", manual_seed=log.append, set_rng_state=log.append)
    monkeypatch.setitem(sys.modules, "torch", torch)
    with fix_seeds(4):
        pass
    assert log == [4, "old"]


def test_models_get_a_seed_where_they_have_none():
    pipe = make_pipeline(StandardScaler(), RandomForestRegressor())
    assert find_unseeded(pipe) == ["randomforestregressor__random_state"]
    assert clone_seeded(pipe, 3).get_params()["randomforestregressor__random_state"] == 3
    assert clone_seeded(RandomForestRegressor(random_state=1), 3).random_state == 1
    own = Own()
    assert find_unseeded(own) == []
    assert clone_seeded(own) is not own


# -- cost, and what is left as it was ----------------------------------------------------------------------------------


class Counting(Ridge):
    """Counts its fits."""

    fits = 0

    def fit(self, X, y):
        Counting.fits += 1
        return super().fit(X, y)


class Leaky(BaseEstimator):
    """Answers with the mean of what is asked."""

    fits = 0

    def fit(self, X, y):
        Leaky.fits += 1
        self.done_ = True
        return self

    def predict(self, X):
        return np.full(len(X), float(np.mean(X)))


@pytest.mark.parametrize("time", [None, "ds"])
def test_three_runs_where_nothing_leaks_and_four_otherwise(time):
    table = line()
    before = table.copy()
    for model, runs in ((Counting, 3), (Leaky, 4)):
        model.fits = 0
        report = leakage_check(model(), table, AT_90, y="y", time=time)
        assert report.clean is (model is Counting), report.explain()
        assert model.fits == runs
    pd.testing.assert_frame_equal(table, before)


def test_one_run_less_with_columns_known_ahead():
    Counting.fits = 0
    table = line().assign(known=1.0)
    assert leakage_check(Counting(), table, AT_90, known=["known"], **IN_TIME).clean
    assert Counting.fits in {2, 3}


def test_the_table_is_never_changed():
    table = line().assign(words="a", kind=pd.Categorical(["u"] * 120), when=pd.date_range("2024-01-01", periods=120))
    before = table.copy()

    def rude(t):
        t["x"] = t["x"].mean()
        t.loc[:, "y"] = 0.0
        t["words"].array[:] = "b"
        t.index = t.index[::-1]
        return t

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        leakage_check(rude, table, AT_90, **IN_TIME)
        leakage_check(rude, table, sides(120), y="y")
    pd.testing.assert_frame_equal(table, before)
