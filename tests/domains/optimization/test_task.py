import warnings

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.base import BaseEstimator

from domains.optimization import (
    EqualWeight,
    IndexTracker,
    InvestmentTask,
    MeanVariance,
    MinimumCVaR,
    MinimumVariance,
    RiskParity,
    RuleStrategy,
)
from shared.data import WalkForward
from shared.data.splits import Split
from shared.errors import DataError, HexadError, SettingsError
from shared.evaluation import evaluate
from shared.evaluation.leakage import LeakWarning

WALK = WalkForward(10, every=10, n_splits=8)


@pytest.fixture(scope="module")
def returns():
    rng = np.random.default_rng(0)
    dates = pd.date_range("2020-01-01", periods=200, freq="B")
    return pd.DataFrame(rng.normal(0.001, 0.02, (200, 4)), columns=list("abcd"), index=dates)


def run(models, returns, **settings):
    settings = {"baselines": {"1/N": EqualWeight()}, "show": False, **settings}
    return evaluate(models, returns, settings.pop("walk", WALK), settings.pop("metrics", ["log_growth"]), **settings)


class Fixed(BaseEstimator):
    """Weights that are told, whatever came before."""

    def __init__(self, weights):
        self.weights = weights

    def fit(self, returns, y=None):
        self.weights_ = pd.Series(self.weights)
        return self


def test_three_periods_by_hand():
    """Half and half, and the rest in cash: bought once, left to drift, restored at the second split."""
    table = pd.DataFrame(
        {"ds": range(4), "a": [0.0, 0.10, 0.20, -0.50], "b": [0.0, 0.0, -0.10, 0.10]}
    )  # fmt: skip
    splits = [Split(1, np.array([0]), np.array([1, 2])), Split(3, np.array([0, 1, 2]), np.array([3]))]
    found, _ = InvestmentTask(cost=0.01).run(Fixed({"a": 0.5, "b": 0.4}), table, splits)
    # 0.5 and 0.4 become 0.55 and 0.4 beside 0.1 of cash, then 0.66 and 0.36: from 1 to 1.05 to 1.12.
    assert found["gross"].tolist() == pytest.approx([0.05, 1.12 / 1.05 - 1, -0.25 + 0.04])
    first = 0.9
    second = abs(0.5 - 0.66 / 1.12) + abs(0.4 - 0.36 / 1.12)
    assert found["turnover"].tolist() == pytest.approx([first, 0.0, second])
    assert found["return"].tolist() == pytest.approx(
        [1.05 * (1 - 0.01 * first) - 1, 1.12 / 1.05 - 1, 0.79 * (1 - 0.01 * second) - 1]
    )
    assert found["split"].tolist() == [1, 1, 3]
    assert found["weight of a"].tolist() == [0.5] * 3
    free, _ = InvestmentTask(cost=0.0).run(Fixed({"a": 0.5, "b": 0.4}), table, splits)
    np.testing.assert_allclose(free["return"], free["gross"])


def test_short_positions_drift_too():
    table = pd.DataFrame({"ds": range(3), "a": [0.0, 0.1, 0.1], "b": [0.0, 0.2, -0.1]})
    found, _ = InvestmentTask(cost=0).run(
        Fixed({"a": 1.5, "b": -0.5}), table, [Split(1, np.array([0]), np.array([1, 2]))]
    )
    wealth = np.cumprod(1 + found["gross"])
    assert wealth.tolist() == pytest.approx([1.5 * 1.1 - 0.5 * 1.2, 1.5 * 1.21 - 0.5 * 1.08])
    ruin = Fixed({"a": 11.0, "b": -10.0})
    with pytest.raises(HexadError, match="lost all it had"):
        InvestmentTask().run(ruin, table.assign(b=[0.0, 2.0, 0.0]), [Split(1, np.array([0]), np.array([1, 2]))])


def test_an_allocator_learns_only_from_its_window(returns):
    seen = []

    class Watcher(BaseEstimator):
        def fit(self, returns, y=None):
            seen.append((returns.index[0], returns.index[-1], len(returns)))
            self.weights_ = pd.Series({"a": 1.0})
            return self

    table = InvestmentTask(window=30).to_table(returns)
    splits = WALK.splits(table)
    InvestmentTask(window=30).run(Watcher(), table, splits)
    assert {n for *_, n in seen} == {30}
    assert [end for _, end, _ in seen] == [table["ds"][split.train[-1]] for split in splits]
    assert all(split.train[-1] < split.test[0] for split in splits)


def test_figures_are_those_of_the_allocator_alone(returns):
    scores = run({"mv": MinimumVariance()}, returns)
    split = scores.predictions.query("model == 'mv'")
    first = split[split["split"] == split["split"].iloc[0]]
    train = returns[returns.index < first["ds"].iloc[0]]
    weights = MinimumVariance().fit(train).weights_
    np.testing.assert_allclose(first[[f"weight of {name}" for name in "abcd"]].iloc[0], weights, atol=1e-12)
    assert first["gross"].iloc[0] == pytest.approx(returns.loc[first["ds"].iloc[0]] @ weights)


def test_metrics_by_hand(returns):
    scores = run({"mv": MinimumVariance()}, returns, metrics=["mean_return", "log_growth", "volatility", "turnover"])
    table = scores.to_frame().set_index(["model", "split", "metric"])["value"]
    one = scores.predictions.query("model == 'mv'")
    label = one["split"].iloc[-1]
    part = one.loc[one["split"] == label, "return"]
    assert table["mv", label, "mean_return"] == pytest.approx(part.mean())
    assert table["mv", label, "log_growth"] == pytest.approx(np.log1p(part).mean())
    assert table["mv", label, "volatility"] == pytest.approx(part.std())
    assert table["mv", label, "turnover"] == pytest.approx(one.loc[one["split"] == label, "turnover"].sum())


def either(returns, up):
    """All in the first asset, or all in the second."""
    weights = pd.DataFrame(0.0, index=returns.index, columns=returns.columns)
    weights["a"] = up.astype(float)
    weights["b"] = 1 - weights["a"]
    return weights


PEEKING = {
    "the next day": lambda r: (r.shift(-1) > 0) / r.shape[1],
    "the next day of one": lambda r: either(r, r["a"].shift(-1) > 0),
    "ten days on": lambda r: (r.shift(-10) > 0) / r.shape[1],
    "the mean of all": lambda r: (r.rolling(5).mean() > r.mean()) / r.shape[1],
    "ranks among all": lambda r: (r.rolling(5).mean().rank(pct=True) > 0.5) / r.shape[1],
    "both sides": lambda r: (r.rolling(5, center=True).mean() > 0) / r.shape[1],
    "filled from behind": lambda r: (r.where(r > 0).bfill() > 0.01) / r.shape[1],
    "the risk of all": lambda r: 0 * r + 1 / r.std() / (1 / r.std()).sum(),
}
HONEST = {
    "momentum": lambda r: (r.rolling(5).mean() > 0) / r.shape[1],
    "the mean so far": lambda r: (r.rolling(5).mean() > r.expanding().mean()) / r.shape[1],
    "exponential risk": lambda r: (1 / r.ewm(20).std()).div((1 / r.ewm(20).std()).sum(axis=1), axis=0),
    "one of them": lambda r: either(r, r["a"] > 0),
    "always the same": lambda r: 0 * r + 0.25,
    "by the calendar": lambda r: (0 * r).add(pd.Series(r.index.month % 2 / 4, index=r.index), axis=0),
    "cash": lambda r: 0 * r,
}


@pytest.mark.parametrize("name", PEEKING)
def test_a_rule_that_peeks_is_found(name, returns):
    with pytest.warns(LeakWarning, match="Do not believe the scores of rule"):
        scores = run({"rule": RuleStrategy(PEEKING[name])}, returns)
    assert [bool(report.leaks) for report in scores.leaks] == [False, True]


@pytest.mark.parametrize("name", HONEST)
def test_an_honest_rule_is_not_suspected(name, returns):
    scores = run({"rule": RuleStrategy(HONEST[name])}, returns)
    assert scores.guarded
    assert not any(report.leaks for report in scores.leaks)


def test_allocators_are_not_suspected(returns):
    models = {"mv": MinimumVariance(), "trade": MeanVariance(), "parity": RiskParity(), "cvar": MinimumCVaR(80)}
    scores = run(models, returns, n_jobs=2)
    assert not any(report.leaks for report in scores.leaks)
    assert scores.predictions.query("model == 'mv'")["weights so far"].eq(0).all()


@pytest.mark.parametrize(
    ("rule", "told"),
    [
        (lambda r: r.assign(z=0.1), "'z', which cannot be held"),
        (lambda r: r.iloc[:-1], "199 rows of weights for 200 of returns|119 rows"),
        (lambda r: r[::-1], "in another order"),
        (lambda r: None, "0 rows of weights"),
        (lambda r: r.astype(str).replace(r".*", "x", regex=True), "no numbers"),
        (lambda r: r * 0 + np.inf, "no numbers"),
    ],
)
def test_rules_that_give_no_weights(rule, told, returns):
    with pytest.raises(HexadError, match=told):
        run({"rule": RuleStrategy(rule)}, returns)


def test_a_rule_by_itself(returns):
    by_array = RuleStrategy(lambda r: np.full(r.shape, 0.25)).fit(returns)
    assert by_array.weights_.tolist() == [0.25] * 4
    part = RuleStrategy(lambda r: r[["b"]] * 0 + 1).fit(returns)
    assert part.weights_.to_dict() == {"a": 0, "b": 1, "c": 0, "d": 0}
    with pytest.raises(HexadError, match="'z', which cannot be held"):
        RuleStrategy(lambda r: r.assign(z=1.0)).fit(returns)


def test_what_is_set_aside_stands_in_no_allocators_way(returns):
    table = returns.assign(
        index=returns.mean(axis=1),
        vix=np.where(np.arange(200) < 3, np.nan, 20.0),
        mood=np.where(returns["a"] > 0, "up", "down"),
    )
    task = InvestmentTask(aside=("index", "vix", "mood"))
    rule = RuleStrategy(lambda r: r[list("abcd")] * 0 + 0.25 * (r["vix"] > 1).to_numpy()[:, None])
    scores = run({"tracker": IndexTracker("index"), "rule": rule}, table, task=task)
    assert not any(report.leaks for report in scores.leaks)
    weights = scores.predictions.filter(like="weight of ")
    assert list(weights.columns) == [f"weight of {name}" for name in "abcd"]
    assert scores.predictions.query("model == '1/N'")["weight of a"].eq(0.25).all()
    with pytest.raises(DataError, match="no column 'gone', which aside= names"):
        run({"mv": MinimumVariance()}, returns, task=InvestmentTask(aside=("gone",)))


def test_tables_of_any_form_give_the_same(returns):
    expected = run({"mv": MinimumVariance()}, returns).predictions
    for given in (
        returns.rename_axis("day"),
        returns.reset_index(names="ds"),
        returns.reset_index(names="day"),
        pl.from_pandas(returns.reset_index(names="day")),
    ):
        found = run({"mv": MinimumVariance()}, given).predictions
        np.testing.assert_allclose(found["return"], expected["return"])


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda table: table.reset_index(drop=True), "no column 'ds'"),
        (lambda table: table[::-1], "dates go back"),
        (lambda table: table.assign(a=table["a"].where(table["a"] > -0.03)), "returns are missing"),
        (lambda table: 100 * (1 + table).cumprod(), "look like prices"),
    ],
)
def test_wrong_tables_are_told(spoil, told, returns):
    with pytest.raises(HexadError, match=told):
        run({"mv": MinimumVariance()}, spoil(returns))


@pytest.mark.parametrize(
    "settings", [{"window": 1}, {"window": 2.5}, {"cost": -0.1}, {"cost": 1}, {"cost": "dear"}, {"aside": [3]}]
)
def test_settings_are_checked(settings):
    with pytest.raises(SettingsError):
        InvestmentTask(**settings)


def test_weights_that_are_none(returns):
    for weights, told in (({"a": np.inf}, "no numbers"), ({"z": 1.0}, "'z', which cannot be held")):
        with warnings.catch_warnings(), pytest.raises(HexadError, match=told):
            run({"fixed": Fixed(weights)}, returns)


def test_dates_are_named_once_and_metrics_by_their_names():
    rng = np.random.default_rng(0)
    index = pd.bdate_range("2022-01-03", periods=200)
    returns = pd.DataFrame(rng.normal(0, 0.01, (200, 3)), columns=list("abc"), index=index)
    usual = evaluate(
        EqualWeight(), returns, WalkForward(20, every=20, n_splits=3), "volatility", baselines=MinimumVariance()
    )
    for data in (returns.rename_axis("Date"), returns.rename_axis("Date").reset_index()):
        walk = WalkForward(20, every=20, n_splits=3, ds="Date")
        found = evaluate(EqualWeight(), data, walk, "volatility", baselines=MinimumVariance())
        pd.testing.assert_frame_equal(found.table(), usual.table())
    with pytest.raises(SettingsError, match="no metric 'sharpe' of investments; there are mean_return, log_growth"):
        evaluate(EqualWeight(), returns, WalkForward(20, every=20, n_splits=3), "sharpe", baselines=MinimumVariance())
