"""Importance and dependence: they agree with scikit-learn, keep their promises, and say what they found in plain words."""

import re
import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import RandomForestRegressor
from sklearn.inspection import partial_dependence
from sklearn.inspection import permutation_importance as reference_importance
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from domains.timeseries import Exogenous, LagForecaster, Recipe
from domains.timeseries.drivers import drivers, follows
from shared.errors import HexadError, SettingsError
from shared.evaluation.explain import (
    Dependence,
    Design,
    Importance,
    dependence,
    group_correlated,
    permutation_importance,
)
from shared.reporting.charts import dependence_figure

N = 200


def numbers(n=N, seed=0):
    rng = np.random.default_rng(seed)
    X = pd.DataFrame(rng.normal(size=(n, 3)), columns=["a", "b", "idle"])
    return X, 2 * X["a"] + X["b"] + 0.5 * rng.normal(size=n)


def linear(X):
    return 2 * X["a"] + X["b"]


def mixed(n=N):
    """Columns of every kind, and a rule that uses them."""
    rng = np.random.default_rng(1)
    X = pd.DataFrame(
        {
            "size": rng.normal(size=n),
            "kind": pd.Categorical(rng.choice(list("xyz"), n)),
            "text": rng.choice(["u", "v"], n),
            "flag": rng.random(n) < 0.3,
            "count": pd.array(rng.integers(0, 50, n), dtype="Int64"),
            "idle": rng.normal(size=n),
        }
    )
    X.loc[3, "count"] = pd.NA
    return X, ruled(X) + 0.1 * rng.normal(size=n)


def ruled(X):
    flags = X["flag"].to_numpy(dtype=float) + 2 * (X["kind"] == "x").to_numpy() + 3 * (X["text"] == "u").to_numpy()
    return X["size"].to_numpy() + flags + X["count"].fillna(0).to_numpy(dtype=float) / 10


@pytest.fixture(scope="module")
def forest():
    X, y = numbers()
    X = X.assign(few=np.arange(N) % 4.0)
    return RandomForestRegressor(10, random_state=0).fit(X, y + X["few"]), X, y + X["few"]


def step(label, n=N, rows=None, slope=2.0):
    X, y = numbers()
    return Design(
        X.to_numpy()[:n], y.to_numpy()[:n], lambda X: slope * X[:, 0] + X[:, 1], label, rows, names=("a", "b", "c")
    )


# -- importance --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("loss", "scoring"), [("absolute", "neg_mean_absolute_error"), ("squared", "neg_mean_squared_error")]
)
def test_importance_agrees_with_scikit_learn(forest, loss, scoring):
    model, X, y = forest
    y = y + np.random.default_rng(1).normal(size=N)
    mine = permutation_importance(model, X, y, groups=None, loss=loss, rounds=40).frame.set_index("group")["increase"]
    reference = reference_importance(model, X, y, scoring=scoring, n_repeats=40, random_state=1)
    residual = y - model.predict(X)
    base = np.abs(residual).mean() if loss == "absolute" else (residual**2).mean()
    np.testing.assert_allclose(mine[list(X.columns)], reference.importances_mean / base, rtol=0.1, atol=0.02)


def test_importance_of_classes_agrees_with_scikit_learn():
    X, y = numbers()
    labels = np.where(y + np.random.default_rng(2).normal(size=N) > 0, "yes", "no")
    model = LogisticRegression().fit(X, labels)
    mine = permutation_importance(model, X, labels, groups=None, loss="zero_one", rounds=50).frame.set_index("group")
    reference = reference_importance(model, X, labels, scoring="accuracy", n_repeats=50, random_state=1)
    base = np.mean(model.predict(X) != labels)
    np.testing.assert_allclose(mine["increase"][["a", "b", "idle"]], reference.importances_mean / base, atol=0.1)


def test_intervals_cover_the_true_value_about_as_often_as_promised():
    def of(seed, n, rounds):
        X, y = numbers(n, seed)
        return permutation_importance(linear, X, y, groups={"a": "a"}, rounds=rounds, level=80).frame.iloc[0]

    truth = of(1000, 30_000, 3)["increase"]
    inside = [row["lower"] <= truth <= row["upper"] for row in (of(seed, 150, 10) for seed in range(100))]
    assert 0.68 <= np.mean(inside) <= 0.92


def test_a_higher_level_gives_a_wider_interval():
    X, y = numbers()
    wide, narrow = (permutation_importance(linear, X, y, level=level).frame.iloc[0] for level in (99, 50))
    assert wide["lower"] < narrow["lower"] < narrow["increase"] < narrow["upper"] < wide["upper"]


def test_twins_matter_together_and_little_apart():
    X, y = numbers()
    X = X.assign(twin=X["a"] + 1e-6 * X["idle"])[["a", "twin", "b"]]
    model = RandomForestRegressor(30, max_features=1, random_state=0).fit(X, y)
    apart = permutation_importance(model, X, y, groups=None).frame.set_index("group")["increase"]
    together = permutation_importance(model, X, y).frame.set_index("group")["increase"]
    assert list(together.index) == ["a, twin", "b"]
    assert together["a, twin"] > 1.5 * max(apart["a"], apart["twin"])


GROUPS = {
    "each alone": (None, ["a", "b", "idle"]),
    "correlated": ("correlated", ["a", "b", "idle"]),
    "a dict of names": ({"both": ["a", "b"], "rest": "idle"}, ["both", "rest"]),
    "a dict of places": ({"both": [0, np.int64(1)], 3: 2}, ["both", "3"]),
}


@pytest.mark.parametrize("case", GROUPS)
@pytest.mark.parametrize("as_array", [False, True])
def test_groups(case, as_array):
    groups, expected = GROUPS[case]
    X, y = numbers()
    if as_array:
        design = Design(X.to_numpy(), y.to_numpy(), lambda X: 2 * X[:, 0] + X[:, 1], names=tuple(X.columns))
        found = permutation_importance(design, groups=groups)
    else:
        found = permutation_importance(linear, X, y, groups=groups)
    assert found.frame["group"].tolist() == expected
    assert found.steps.empty
    assert found.frame["increase"].is_monotonic_decreasing
    assert found.frame["increase"].iloc[-1] == 0


def test_frames_and_arrays_give_the_same():
    X, y = numbers()
    frame = permutation_importance(linear, X, y).frame
    array = permutation_importance(lambda X: 2 * X[:, 0] + X[:, 1], X.to_numpy(), y.to_numpy()).frame
    np.testing.assert_array_equal(frame.drop(columns="group"), array.drop(columns="group"))
    assert array["group"].tolist() == ["x0", "x1", "x2"]


def test_columns_of_every_kind():
    X, y = mixed()
    before = X.copy()
    found = permutation_importance(ruled, X, y, groups=None).frame.set_index("group")
    assert set(found.index[found["lower"] > 0]) == {"size", "kind", "text", "flag", "count"}
    assert found.loc["idle"].eq(0).all()
    pd.testing.assert_frame_equal(X, before)
    X = X[["kind", "text", "flag"]]
    y = 2 * (X["kind"] == "x") + 3 * (X["text"] == "u") + X["flag"] + np.random.default_rng(0).normal(size=N)
    model = make_pipeline(OneHotEncoder(), LinearRegression()).fit(X, y)
    assert (permutation_importance(model, X, y).frame["lower"] > 0).all()


def test_the_same_seed_gives_the_same_result():
    X, y = numbers()
    first, second, other = (permutation_importance(linear, X, y, random_state=seed).frame for seed in (0, 0, 1))
    pd.testing.assert_frame_equal(first, second)
    assert not first.equals(other)


def test_a_loss_of_the_users_own():
    X, y = numbers()
    own = permutation_importance(linear, X, y, loss=lambda y, p: (np.asarray(y) - np.asarray(p)) ** 2)
    pd.testing.assert_frame_equal(own.frame, permutation_importance(linear, X, y, loss="squared").frame)


def test_several_steps():
    found = permutation_importance([step("1 h"), step("2 h", slope=0.5)], groups=None)
    assert found.rows == N
    assert found.steps["step"].unique().tolist() == ["1 h", "2 h"]
    wide = found.by_step()
    assert wide.columns.tolist() == ["1 h", "2 h"]
    np.testing.assert_allclose(wide.mean(axis=1), found.frame.set_index("group")["increase"])
    assert wide.loc["a", "1 h"] > wide.loc["a", "2 h"]
    assert "1 h" in found.explain()
    assert "2 h" in found.explain()


def test_steps_without_a_name_are_numbered():
    assert permutation_importance([step(""), step("")]).steps["step"].unique().tolist() == ["step 1", "step 2"]


def test_one_design_is_one_step():
    found = permutation_importance(step("1 h"))
    assert found.steps.empty
    assert found.by_step().columns.tolist() == ["increase"]
    assert found.plot_steps().alt


def test_steps_of_different_rows_are_named_by_them():
    found = permutation_importance(
        [step("1 h", rows=np.arange(N)), step("2 h", n=150, rows=np.arange(50, N))], groups=None
    )
    assert found.rows == N
    assert np.isfinite(found.frame["increase"]).all()


def test_steps_of_different_rows_can_be_compared():
    """The same model on fewer rows at one step: a group is worth the same there."""
    one, two = step("1 h", rows=np.arange(N)), step("2 h", n=100, rows=np.arange(100))
    wide = permutation_importance([one, two], groups=None, rounds=40).by_step()
    assert wide.loc["a", "2 h"] == pytest.approx(wide.loc["a", "1 h"], rel=0.2)


WRONG = {
    "no rows to explain on": ({"X": None}, HexadError, "X="),
    "one row": ({"X": np.zeros((1, 2)), "y": np.zeros(1)}, HexadError, "two rows"),
    "one dimension": ({"X": np.zeros(5), "y": np.zeros(5)}, HexadError, "two dimensions"),
    "no outcomes": ({"y": None}, HexadError, "y="),
    "outcomes of another length": ({"y": np.zeros(3)}, HexadError, r"\(3,\).*200 rows"),
    "a number for a model": ({"model": 3}, HexadError, "int cannot be asked"),
    "an unknown loss": ({"loss": "mse"}, SettingsError, "'mse'; there are absolute, squared, zero_one"),
    "no rounds": ({"rounds": 0}, SettingsError, "rounds=0"),
    "a level of 100": ({"level": 100}, SettingsError, "level=100"),
    "a level of nothing": ({"level": float("nan")}, SettingsError, "level=nan"),
    "an unknown feature": ({"groups": {"g": ["idel"]}}, SettingsError, "did you mean 'idle'"),
    "a feature unlike all others": ({"groups": {"g": ["weather"]}}, SettingsError, "there are a, b, idle"),
    "a place beyond the last": ({"groups": {"g": [3]}}, SettingsError, "no feature '3'"),
    "a wrong word for groups": ({"groups": "corr"}, SettingsError, "None, 'correlated', or a dict"),
    "no group": ({"groups": {}}, SettingsError, "groups"),
    "an empty group": ({"groups": {"g": []}}, SettingsError, "g"),
    "a loss of one number": ({"loss": lambda y, p: float(np.mean(np.abs(y - p)))}, HexadError, "loss"),
    "a loss of too few rows": ({"loss": lambda y, p: np.ones(3)}, HexadError, "loss"),
    "outcomes that are words": ({"y": np.array(["yes"] * N)}, HexadError, "zero_one"),
    "outcomes with gaps": ({"y": np.full(N, np.nan)}, HexadError, "missing|no numbers"),
    "answers of two dimensions": ({"model": lambda X: X[["a", "b"]].to_numpy()}, HexadError, "shape|answers"),
    "answers that are no numbers when shuffled": (
        {"model": lambda X: np.where(X["a"] * X["b"] > 2.9, np.nan, X["a"])}, HexadError, "no numbers",
    ),
    "a column twice": ({"X": numbers()[0].set_axis(["a", "a", "b"], axis=1), "groups": None,
                        "model": lambda X: X.iloc[:, 0]}, HexadError, "'a'"),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_what_importance_refuses(case):
    changed, error, words = WRONG[case]
    X, y = numbers()
    given = {"model": linear, "X": X, "y": y} | changed
    with pytest.raises(error, match=words):
        permutation_importance(given.pop("model"), **given)


def test_a_model_without_error_is_refused():
    X, _ = numbers()
    with pytest.raises(HexadError, match="no error on these rows"):
        permutation_importance(linear, X, linear(X))


def test_two_steps_of_one_name_are_refused():
    with pytest.raises(HexadError, match="1 h"):
        permutation_importance([step("1 h"), step("1 h")]).by_step()


def told(rows, **settings):
    frame = pd.DataFrame(rows, columns=["group", "increase", "lower", "upper"])
    return Importance(frame, frame[:0], 1200, **settings).explain()


SENTENCES = {
    "one group": ([("age", 0.5, 0.4, 0.6)], {}, "Shuffling age makes the error 50 % larger (40 to 60)."),
    "nothing matters": ([("age", 0.0, -0.1, 0.1)], {}, "No group makes the error larger when it is shuffled."),
    "one of no use": ([("a", 2.0, 1.0, 3.0), ("b", 0.0, 0.0, 0.0)], {}, "No use can be seen in b."),
    "many of no use": (
        [("a", 2.0, 1.0, 3.0), *((f"b{i}", 0.0, 0.0, 0.0) for i in range(8))], {},
        "No use can be seen in b0, b1, b2, b3, b4 and 3 more.",
    ),
    "large and small shares": ([("a", 19.71, 0.0049, 123.4)], {}, "1,971 % larger (0.49 to 12,340)"),
    "seen rows": ([("a", 2.0, 1.0, 3.0)], {"seen": True}, "Measured on 1,200 rows that the model had learnt from;"),
    "unseen rows": (
        [("a", 2.0, 1.0, 3.0)], {"seen": False, "unit": "origins", "level": 80.0},
        "Measured on 1,200 origins that the model had not learnt from; ranges are 80 % intervals.",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", SENTENCES)
def test_importance_in_sentences(case):
    rows, settings, expected = SENTENCES[case]
    assert expected in told(rows, **settings)


def test_importance_shown():
    X, y = numbers()
    found = permutation_importance(linear, X.rename(columns={"idle": "<b>idle</b>"}), y)
    shown = found._repr_html_()
    assert "<b>idle" not in shown
    assert "&lt;b&gt;idle" in shown
    copy = found.to_frame()
    copy.loc[0, "increase"] = 0
    assert found.frame.loc[0, "increase"] > 0


@pytest.mark.parametrize("label", ["1 h ahead", "step 1", "soon"])
def test_importance_drawn(label):
    one, two = step(label), step(label.replace("1", "2").replace("soon", "late"))
    one, two = (Design(d.X, d.y, d.predict, d.label, names=("<b>a</b>", "b & c", "_hidden")) for d in (one, two))
    found = permutation_importance([one, two], groups=None)
    for figure in (found.plot(), found.plot_steps()):
        assert figure.alt.startswith("Importance of groups")
        assert figure.caption.endswith(".")
        assert "<b>" not in figure.svg


# -- groups ------------------------------------------------------------------------------------------------------------


def test_correlated_groups():
    x = np.arange(30.0)
    wave = np.sin(7 * x)
    X = pd.DataFrame(
        {"a": x, "wave": wave, "b": -(x**3), "same": 5.0, "c": np.where(x == 3, np.nan, x), "d": x, "e": wave}
    )
    assert group_correlated(X) == {"a, b and 2 more": [0, 2, 4, 5], "wave, e": [1, 6], "same": [3]}
    assert group_correlated(X[["a"]]) == {"a": [0]}
    assert group_correlated(X[["a", "d"]].to_numpy(), names=["p", "q"]) == {"p, q": [0, 1]}
    assert group_correlated(X[["a", "wave"]].to_numpy()) == {"0": [0], "1": [1]}


def test_words_are_correlated_by_their_codes():
    words = pd.Series(list("abcabcabc"))
    assert group_correlated(pd.DataFrame({"a": words, "b": words.map({"a": 1, "b": 2, "c": 3})})) == {"a, b": [0, 1]}


@pytest.mark.parametrize("threshold", [0, -1, 1.1])
def test_a_threshold_beyond_its_range_is_refused(threshold):
    with pytest.raises(SettingsError, match="threshold="):
        group_correlated(np.zeros((3, 2)), threshold=threshold)


def test_a_threshold_of_one_joins_what_has_the_same_ranks():
    x = np.arange(9.0)
    assert group_correlated(pd.DataFrame({"a": x, "b": x**3, "c": x % 2}), threshold=1) == {"a, b": [0, 1], "c": [2]}


# -- dependence --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("feature", ["a", "few"])
@pytest.mark.parametrize("as_array", [False, True])
def test_dependence_agrees_with_scikit_learn(forest, feature, as_array):
    model, X, y = forest
    if as_array:
        model, X = RandomForestRegressor(10, random_state=0).fit(X.to_numpy(), y), X.to_numpy()
    place = ["a", "b", "idle", "few"].index(feature)
    grid = np.arange(4.0) if feature == "few" else np.linspace(-1.5, 1.5, 7)
    found = dependence(model, X, feature=place, values=grid)
    reference = partial_dependence(model, X, [place], kind="both", custom_values={place: grid}, method="brute")
    np.testing.assert_allclose(found.frame["mean"], reference["average"][0])
    np.testing.assert_allclose(found.curves[""], reference["individual"][0])
    low, high = np.percentile(reference["individual"][0], [10, 90], axis=0)
    np.testing.assert_allclose(found.frame["lower"], low)
    np.testing.assert_allclose(found.frame["upper"], high)
    assert found.frame["share"].sum() == pytest.approx(1)


def test_dependence_on_labels_agrees_with_scikit_learn():
    X, y = mixed()
    X = X[["kind", "text", "flag"]]
    model = make_pipeline(OneHotEncoder(), LinearRegression()).fit(X, y)
    for feature in X.columns:
        found = dependence(model, X, feature=feature)
        reference = partial_dependence(model, X, [feature], kind="both", categorical_features=["kind", "text", "flag"])
        assert found.frame["value"].tolist() == reference["grid_values"][0].tolist()
        np.testing.assert_allclose(found.frame["mean"], reference["average"][0])
        np.testing.assert_allclose(found.curves[""], reference["individual"][0])


@pytest.mark.parametrize("feature", ["size", "kind", "text", "flag", "count", "idle"])
@pytest.mark.parametrize("columns", [None, ["idle"], ["size", "kind"]])
def test_dependence_on_columns_of_every_kind(feature, columns):
    X, _ = mixed()
    before = X.copy()
    found = dependence(ruled, X, feature=feature, columns=columns, answer="demand")
    assert found.feature == feature
    assert found.frame["share"].sum() == pytest.approx(1)
    assert found.frame["mean"].between(found.frame["lower"] - 1, found.frame["upper"] + 1).all()
    assert found.curves[""].shape == (N, len(found.frame))
    assert found.explain().endswith(".")
    assert found.plot().alt == f"Demand by {feature}."
    pd.testing.assert_frame_equal(X, before)


def test_few_rows_are_taken_evenly_spread():
    X, _ = numbers()
    found = dependence(linear, X, feature="a", most_rows=50, points=5)
    assert found.curves[""].shape == (50, 5)
    assert found.frame["mean"].is_monotonic_increasing


def test_joint_donors_keep_features_that_go_together():
    """Two features that are equal: alone they are asked apart, together as they are in the data."""
    x = np.linspace(0, 10, 400)
    X = pd.DataFrame({"x": x, "same": x})

    def model(X):
        return (X["x"] - X["same"]).abs()

    assert dependence(model, X, feature="x").frame["mean"].max() > 4
    assert dependence(model, X, feature="x", columns=["same", "x"]).frame["mean"].max() == 0


def test_joint_donors_of_rare_values_are_the_rows_that_have_them():
    X = pd.DataFrame({"few": [0] * 100 + [1] * 5 + [2] * 95, "with": [0.0] * 100 + [7.0] * 5 + [3.0] * 95})
    found = dependence(lambda X: X["with"], X, feature="few", columns=["with"])
    assert found.frame["mean"].tolist() == [0.0, 7.0, 3.0]


def test_joint_donors_are_drawn_by_the_seed():
    X, _ = numbers()
    first, second, other = (
        dependence(linear, X, feature="a", columns=["b"], random_state=seed).frame for seed in (0, 0, 1)
    )
    pd.testing.assert_frame_equal(first, second)
    assert not first.equals(other)


def test_units_of_the_user():
    design = Design(np.arange(40.0).reshape(20, 2), None, lambda X: X[:, 0], units=lambda values: 10 * values + 1)
    found = dependence(design, feature="x0", points=3, values=[0.0, 1.0, 2.0])
    assert found.frame["mean"].tolist() == [1.0, 11.0, 21.0]


def test_whole_numbers_in_an_array_are_not_cut():
    X = np.random.default_rng(0).integers(0, 40, (N, 2))
    found = dependence(lambda X: X[:, 0] * 1.0, X, feature=0)
    np.testing.assert_allclose(found.frame["mean"], found.frame["value"])


def test_values_between_few_whole_numbers_have_a_share():
    X = pd.DataFrame({"few": np.arange(N) % 4})
    found = dependence(lambda X: X["few"] * 1.0, X, feature="few", values=[0.4, 2.6])
    assert found.frame["share"].tolist() == [0.5, 0.5]


def test_values_in_any_order():
    X = pd.DataFrame({"few": np.arange(N) % 4, "many": np.arange(N)})
    for feature in X.columns:
        found = dependence(lambda X, name=feature: X[name] * 1.0, X, feature=feature, values=[3, 1, 2])
        assert found.explain() == f"As {feature} goes from 1 to 3, the answer rises from 1 to 3."


def test_an_ordered_category_keeps_its_order():
    levels = ["low", "middle", "high"]
    X = pd.DataFrame({"size": pd.Categorical(np.resize(levels, N), levels, ordered=True)})
    found = dependence(lambda X: X["size"].cat.codes.astype(float), X, feature="size")
    assert found.frame["value"].tolist() == levels


def test_labels_of_several_kinds_stay_what_they_are():
    X = pd.DataFrame({"code": pd.Series(np.resize(np.array([1, "a"], dtype=object), N), dtype=object)})
    found = dependence(lambda X: np.array([float(value == 1) for value in X["code"]]), X, feature="code")
    assert sorted(found.frame["mean"]) == [0.0, 1.0]


@pytest.mark.parametrize("dtype", ["category", "object"])
def test_gaps_in_labels_beside_other_columns(dtype):
    X = pd.DataFrame({"kind": pd.Series([None, *np.resize(list("xyz"), N - 1)], dtype=dtype), "a": np.arange(float(N))})
    assert dependence(lambda X: X["a"], X, feature="kind", columns=["a"]).frame["value"].tolist() == ["x", "y", "z"]


@pytest.mark.parametrize("columns", [None, ["a"]])
def test_stamps_are_asked_at_a_few_points(columns):
    X = pd.DataFrame({"when": pd.date_range("2024-01-01", periods=N), "a": 1.0})
    found = dependence(lambda X: X["when"].dt.month.astype(float), X, feature="when", columns=columns)
    assert len(found.frame) <= 20


def test_a_feature_that_is_nearly_always_the_same_is_still_asked_at_two_values():
    X = pd.DataFrame({"a": np.r_[np.zeros(4980), np.arange(1, 21)]})
    found = dependence(lambda X: 2 * X["a"], X, feature="a")
    assert len(found.frame) >= 2
    assert "does not follow" not in found.explain()


REFUSED = {
    "an unknown feature": ({"feature": "aa"}, SettingsError, "did you mean 'a'"),
    "a place beyond the last": ({"feature": 3}, SettingsError, "no feature '3'"),
    "unknown columns": ({"feature": "a", "columns": ["bb"]}, SettingsError, "did you mean 'b'"),
    "one point": ({"feature": "a", "points": 1}, SettingsError, "points=1"),
    "one row taken": ({"feature": "a", "most_rows": 1}, SettingsError, "most_rows=1"),
    "no values in the feature": ({"feature": "idle", "X": numbers()[0].assign(idle=np.nan)}, HexadError, "no values"),
    "answers that are no numbers": ({"feature": "a", "model": lambda X: X["a"] * np.nan}, HexadError, "no numbers"),
    "no feature": ({"feature": []}, SettingsError, "feature"),
    "no values asked for": ({"feature": "a", "values": []}, SettingsError, "values"),
    "words for numbers": ({"feature": "a", "values": ["u", "q"]}, SettingsError, "values"),
    "answers that are words": ({"feature": "a", "model": lambda X: np.array(["yes"] * len(X))}, HexadError, "numbers"),
    "too few answers": ({"feature": "a", "model": lambda X: np.zeros(3)}, HexadError, "answers"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_dependence_refuses(case):
    changed, error, words = REFUSED[case]
    given = {"model": linear, "X": numbers()[0]} | changed
    with pytest.raises(error, match=words):
        dependence(given.pop("model"), **given)


def test_a_label_that_is_unknown_is_refused():
    X, _ = mixed()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(HexadError, match="q"):
            dependence(ruled, X, feature="kind", values=["x", "q"])


def curve(means, values=None, share=None, steps=("",)):
    places = np.arange(float(len(means))) if values is None else values
    frame = pd.DataFrame({"value": places, "mean": np.asarray(means, dtype=float), "lower": 0.0, "upper": 1.0})
    frame = frame.assign(share=1 / len(means) if share is None else share)
    whole = pd.concat([frame.assign(step=name, mean=frame["mean"] * (1 + k)) for k, name in enumerate(steps)])
    return Dependence("x", whole, {}, "demand")


TOLD = {
    "rising": ([1, 2, 3], {}, "As x goes from 0 to 2, demand rises from 1 to 3."),
    "falling": ([3, 2, 1], {}, "As x goes from 0 to 2, demand falls from 3 to 1."),
    "late": ([0, 0, 0, 0, 0, 1, 5, 9], {}, "As x goes from 0 to 7, demand rises from 0 to 9, nearly all of it above 3.5."),
    "early": ([0, 5, 8, 9, 9, 9, 9, 9], {}, "As x goes from 0 to 7, demand rises from 0 to 9, nearly all of it below 3.5."),
    "a valley": ([4, 1, 0, 1, 5], {}, "As x goes from 0 to 4, demand is lowest near 2 (0), against 4 and 5 at the ends."),
    "a hill": ([0, 3, 4, 3, 0], {}, "As x goes from 0 to 4, demand is highest near 2 (4), against 0 and 0 at the ends."),
    "a hill beside a small dip": (
        [0, 5, 10, 5, -0.1, 0], {}, "As x goes from 0 to 5, demand is highest near 2 (10), against 0 and 0 at the ends.",
    ),
    "flat": ([3, 3, 3], {}, "Demand does not follow x."),
    "flat at nothing": ([0, 0, 0], {}, "Demand does not follow x."),
    "labels": (
        [1, 3, 2], {"values": ["u", "v", "w"]}, "Demand is highest for x = v (3) and lowest for u (1).",
    ),
    "truth values": ([1, 3], {"values": [False, True]}, "Demand is highest for x = True (3) and lowest for False (1)."),
    "flat labels": ([2, 2], {"values": ["u", "v"]}, "Demand does not follow x."),
    "few data on the left": (
        np.arange(5), {"share": [0.01, 0.01, 0.28, 0.4, 0.3]},
        "As x goes from 0 to 4, demand rises from 0 to 4. Few data lie below 2: believe it less there.",
    ),
    "few data on the right": (
        np.arange(5), {"share": [0.4, 0.4, 0.18, 0.01, 0.01]},
        "As x goes from 0 to 4, demand rises from 0 to 4. Few data lie above 2: believe it less there.",
    ),
    "few data on both sides": (
        np.arange(5), {"share": [0.01, 0.0, 0.98, 0.0, 0.01]},
        "As x goes from 0 to 4, demand rises from 0 to 4. Few data lie below 2 and above 2: believe it less there.",
    ),
    "steps": (
        [1, 2, 3], {"steps": ("noon", "night")},
        "As x goes from 0 to 2, demand at night rises from 2 to 6. It matters less at noon: a span of 2, not 4.",
    ),
    "a small change of a large number": (
        [100.1, 100.2, 100.3], {}, "As x goes from 0 to 2, demand rises from 100.1 to 100.3.",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", TOLD)
def test_dependence_in_sentences(case):
    means, more, expected = TOLD[case]
    assert curve(means, **more).explain() == expected


def test_the_least_step_is_told_only_where_it_differs():
    alike = pd.concat([curve([1, 2, 3]).frame.assign(step=name) for name in ("1 h", "2 h")])
    assert "matters less" not in Dependence("x", alike, {}, "demand").explain()


def test_dependence_of_several_steps():
    designs = [step("1 h"), step("2 h", slope=6.0)]
    found = dependence(designs, feature="a", name="price", answer="demand")
    assert list(found.curves) == ["1 h", "2 h"]
    assert found.explain().startswith("As price goes from")
    assert "demand at 2 h rises" in found.explain()
    assert "It matters less at 1 h: a span of" in found.explain()
    assert found.plot().caption.startswith("Lines are means over the rows, one line a step ahead")
    unnamed = dependence([step(""), step("", slope=6.0)], feature="a")
    assert "at step 2 rises" in unnamed.explain()


@pytest.mark.parametrize("feature", ["size", "kind", "flag", "text"])
def test_dependence_drawn(feature):
    X, _ = mixed()
    found = dependence(ruled, X, feature=feature, name="<b>size</b> & more", answer="<i>demand</i>")
    figure = found.plot()
    assert figure.alt == "<i>demand</i> by <b>size</b> & more."
    assert figure.caption == (
        "Lines are means over the rows, thin lines single rows; the bars at the foot show where the data lie: "
        "where they are low, the model guesses."
    )
    assert "<b>" not in figure.svg
    assert "<i>" not in figure.svg
    table = Dependence("x", found.frame.assign(value="<b>"), {})
    assert "<b>" not in table._repr_html_()
    copy = found.to_frame()
    copy.loc[0, "mean"] = np.nan
    assert found.frame["mean"].notna().all()


def ticks(figure):
    """Words below the axis."""
    return sum(len(re.findall(rf">{word}</text>", figure.svg)) for word in ("u", "v", "False", "True"))


def test_figures_of_dependence():
    assert dependence_figure({"": ([1.0], [3.0])}, share=[1.0]).alt == "Answer by value."
    assert dependence_figure({"": ([1.0, 2.0], [3.0, 3.0])}, alt="Flat.").alt == "Flat."
    assert ticks(dependence_figure({"a": (["u", "v"], [3.0, 4.0]), "_b": (["u", "v"], [1.0, 2.0])})) == 2
    assert (
        dependence_figure({"": (["$u$", "<b>"], [3.0, 4.0])}, rows=np.zeros((90, 2)), share=[0, 0]).svg.count("<b>")
        == 0
    )


def test_truth_values_are_drawn_as_words():
    assert ticks(dependence_figure({"": ([False, True], [3.0, 4.0])})) == 2


# -- lag models --------------------------------------------------------------------------------------------------------


def sales(n=160, keys=("",)):
    rng = np.random.default_rng(0)
    parts = []
    for number, key in enumerate(keys):
        heat = 20 + 5 * np.sin(np.arange(n) / 9) + rng.normal(size=n)
        y = np.empty(n)
        y[0] = 50.0
        for i in range(1, n):
            y[i] = 20 + 0.3 * y[i - 1] + 1.5 * heat[i - 1] + rng.normal()
        parts.append(pd.DataFrame({"ds": pd.date_range("2024-01-01", periods=n), "y": y * 10**number, "heat": heat}))
        if key:
            parts[-1]["unique_id"] = key
    return pd.concat(parts, ignore_index=True)


RECIPE = Recipe((1, 2), exogenous=(Exogenous("heat"),), calendar=("day_of_week",))
MODELS = {
    "direct": ({"horizon": 3}, ("",)),
    "recursive": ({"horizon": 3, "strategy": "recursive", "recipe": Recipe((1, 2))}, ("",)),
    "logarithm": ({"horizon": 2, "log": True}, ("",)),
    "several series": ({"horizon": 2}, ("one", "two")),
}


@pytest.fixture(scope="module")
def lag_models():
    made = {}
    for case, (settings, keys) in MODELS.items():
        table = sales(keys=keys)
        recipe = settings.get("recipe", RECIPE)
        table = table if recipe.exogenous else table.drop(columns="heat")
        made[case] = LagForecaster(**({"recipe": recipe, "calibration_folds": 0} | settings)).fit(table)
    return made


@pytest.mark.parametrize("case", MODELS)
def test_drivers_of_a_lag_model(lag_models, case):
    model = lag_models[case]
    first, second = drivers(model), drivers(model)
    pd.testing.assert_frame_equal(first.frame, second.frame, check_exact=True)
    pd.testing.assert_frame_equal(first.steps, second.steps, check_exact=True)
    assert first.explain() == second.explain()
    assert first.seen
    assert first.unit == "origins"
    assert first.plot().alt
    if case == "recursive":
        assert first.frame["group"].tolist() == ["latest values"]
        assert first.steps.empty
    else:
        assert set(first.frame["group"]) == {"latest values", "heat", "calendar"}
        assert first.frame.set_index("group").loc["heat", "lower"] > 0
        assert first.by_step().columns.tolist() == [f"step {i + 1}" for i in range(MODELS[case][0]["horizon"])]
        assert first.plot_steps().alt


@pytest.mark.parametrize("case", MODELS)
def test_what_the_forecast_follows(lag_models, case):
    model = lag_models[case]
    variable = "y" if case == "recursive" else "heat"
    first, second = follows(model, variable, answer="sales"), follows(model, variable, answer="sales")
    assert first.frame.to_numpy().tobytes() == second.frame.to_numpy().tobytes() or first.frame.equals(second.frame)
    assert first.feature == f"the latest {variable}"
    assert first.explain().startswith(f"As the latest {variable} goes from")
    assert "rises" in first.explain()
    one = first.frame[first.frame["step"] == first.frame["step"].iloc[0]]
    assert one["mean"].iloc[-1] > one["mean"].iloc[0]
    assert one["share"].sum() == pytest.approx(1)
    if case in {"direct", "logarithm"}:  # a single series is explained in its own units
        assert one["mean"].between(40, 140).all()


def test_an_unknown_variable_is_refused(lag_models):
    with pytest.raises(SettingsError, match="no variable 'rain'; it has y and heat"):
        follows(lag_models["direct"], "rain")


def test_new_rows_are_taken_where_there_are_enough():
    table = sales()
    model = LagForecaster(recipe=RECIPE, horizon=2, calibration_folds=0).fit(table[:120])
    assert drivers(model).seen
    model.update(table[120:])
    found = drivers(model)
    assert not found.seen
    assert found.rows < 45
    assert "origins that the model had not learnt from" in found.explain()


def test_steps_of_hours_are_named_by_the_time_ahead():
    table = sales(n=100).assign(ds=pd.date_range("2024-01-01", periods=100, freq="30min"))
    model = LagForecaster(recipe=Recipe((1, 2)), horizon=3, calibration_folds=0).fit(table[["ds", "y"]])
    assert drivers(model, max_steps=2).by_step().columns.tolist() == ["0.5 h ahead", "1.5 h ahead"]


def test_too_few_origins_are_told(lag_models, monkeypatch):
    model = lag_models["direct"]
    monkeypatch.setattr(model, "_origins", lambda panel: (np.array([5]), np.array([0])))
    with pytest.raises(HexadError, match="too few origins"):
        drivers(model)
