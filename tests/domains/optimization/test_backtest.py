import numpy as np
import pandas as pd
import pytest
from scipy import stats

from domains.optimization import (
    EqualWeight,
    InvestmentTask,
    MinimumVariance,
    RuleStrategy,
    compute_cvar,
    deflate_sharpe,
    summarise_backtest,
)
from shared.data import WalkForward
from shared.errors import HexadError, SettingsError
from shared.evaluation import evaluate


@pytest.fixture(scope="module")
def scores():
    rng = np.random.default_rng(0)
    dates = pd.date_range("2010-01-31", periods=120, freq="ME")
    returns = pd.DataFrame(rng.normal(0.01, 0.04, (120, 4)), columns=list("abcd"), index=dates)
    models = {"mv": MinimumVariance(), "cash": RuleStrategy(lambda table: 0 * table)}
    return evaluate(
        models, returns, WalkForward(3, every=3, n_splits=24), ["log_growth"], baselines={"1/N": EqualWeight()},
        task=InvestmentTask(window=36, cost=0.002), show=False,
    )  # fmt: skip


@pytest.fixture(scope="module")
def backtest(scores):
    return summarise_backtest(scores, risk_free=0.001, draws=200)


def test_every_figure_by_hand(scores, backtest):
    part = scores.predictions.query("model == 'mv'")
    values, gross = part["return"].to_numpy(), part["gross"].to_numpy()
    row = backtest.table.loc["mv"]
    wealth = np.cumprod(1 + values)
    assert backtest.wealth["mv"].to_numpy() == pytest.approx(wealth)
    assert row["growth"] == pytest.approx(wealth[-1] ** (12 / 72) - 1)
    assert row["volatility"] == pytest.approx(values.std(ddof=1) * np.sqrt(12))
    assert row["sharpe"] == pytest.approx((values - 0.001).mean() / values.std(ddof=1) * np.sqrt(12))
    path = np.append(1.0, wealth)
    assert row["drawdown"] == pytest.approx(max(1 - path[t] / path[: t + 1].max() for t in range(len(path))))
    assert row["cvar"] == pytest.approx(compute_cvar(values, 95))
    assert row["turnover"] == pytest.approx(part["turnover"].sum() / 6)
    assert row["cost"] == pytest.approx((np.log1p(gross).sum() - np.log1p(values).sum()) / 6)
    assert row["low"] < row["sharpe"] < row["high"]
    assert backtest.word == "a year"
    assert backtest.n_tried == 3


def test_deflated_sharpe_by_hand():
    """Bailey and Lopez de Prado 2014, equations 1 and 2."""
    rng = np.random.default_rng(0)
    values = rng.standard_t(4, 300) * 0.02 + 0.003
    ratio = values.mean() / values.std()
    skew, kurtosis = stats.skew(values), stats.kurtosis(values, fisher=False)
    spread, n_tried = 0.05, 40
    gamma = 0.5772156649
    luck = spread * ((1 - gamma) * stats.norm.ppf(1 - 1 / n_tried) + gamma * stats.norm.ppf(1 - 1 / (n_tried * np.e)))
    score = (ratio - luck) * np.sqrt(299) / np.sqrt(1 - skew * ratio + (kurtosis - 1) / 4 * ratio**2)
    assert deflate_sharpe(values, n_tried, spread) == pytest.approx(stats.norm.cdf(score))
    assert deflate_sharpe(values, 1, 0.5) > deflate_sharpe(values, 2, 0.5) > deflate_sharpe(values, 50, 0.5)


@pytest.mark.parametrize(
    ("values", "n_tried"), [([0.1, 0.2], 1), ([0.1] * 5, 1), ([0.1, 0.2, 0.3], 0), ([0.1, 0.2, 0.3], 1.5)]
)
def test_a_ratio_of_nothing_is_not_deflated(values, n_tried):
    with pytest.raises(SettingsError, match="nothing to say"):
        deflate_sharpe(values, n_tried, 0.1)


def test_luck_is_told_from_skill():
    """Of a hundred worthless strategies, the best hardly ever passes for more than luck."""
    rng = np.random.default_rng(0)
    passed = 0
    for _ in range(60):
        tried = rng.normal(0, 0.02, (250, 100))
        ratios = tried.mean(axis=0) / tried.std(axis=0)
        passed += deflate_sharpe(tried[:, ratios.argmax()], 100, ratios.std(ddof=1)) > 0.95
    assert passed <= 6
    skilled = rng.normal(0.009, 0.02, 250)
    assert deflate_sharpe(skilled, 100, 1 / np.sqrt(250)) > 0.95


def test_a_strategy_that_never_moves_stands_beside_the_others(backtest):
    row = backtest.table.loc["cash"]
    assert row[["growth", "volatility", "sharpe", "drawdown", "turnover", "cost"]].tolist() == [0] * 6
    assert np.isnan(row["beyond luck"])
    assert "cash" not in backtest.explain().split(".")[0]


def test_what_it_says(backtest):
    best = backtest.table["sharpe"].idxmax()
    told = backtest.explain()
    assert told.startswith(
        f"After costs, {best} has the highest Sharpe ratio, {backtest.table['sharpe'][best]:.2f} a year"
    )
    assert "Of 3 tried" in told
    assert list(backtest.differences.index) == ["mv", "cash"]
    gap = backtest.differences.loc["mv"]
    assert gap["difference"] == pytest.approx(backtest.table["sharpe"]["mv"] - backtest.table["sharpe"]["1/N"])
    assert gap["low"] <= gap["difference"] <= gap["high"]
    assert backtest.plot() is not None
    assert backtest.to_frame() is backtest.table


def test_the_same_seed_says_the_same_and_more_tried_is_less_sure(scores, backtest):
    again = summarise_backtest(scores, risk_free=0.001, draws=200)
    pd.testing.assert_frame_equal(again.table, backtest.table)
    other = summarise_backtest(scores, risk_free=0.001, draws=200, seed=1)
    assert not other.table["low"].equals(backtest.table["low"])
    more = summarise_backtest(scores, risk_free=0.001, draws=50, n_tried=500)
    assert (more.table["beyond luck"].dropna() < backtest.table["beyond luck"].dropna()).all()
    for wrong in (1, 2.5, 0):
        with pytest.raises(SettingsError, match="at least as many were tried"):
            summarise_backtest(scores, n_tried=wrong)


def test_scores_that_are_none(scores):
    dates = pd.date_range("2010-01-31", periods=60, freq="ME")
    returns = pd.DataFrame(np.random.default_rng(0).normal(0, 0.04, (60, 3)), columns=list("abc"), index=dates)
    over = evaluate(
        {"mv": MinimumVariance()}, returns, WalkForward(6, every=3, n_splits=4), ["log_growth"],
        baselines={"1/N": EqualWeight()}, show=False,
    )  # fmt: skip
    with pytest.raises(HexadError, match="18 returns are of a period that another split tests, too"):
        summarise_backtest(over, draws=10)
