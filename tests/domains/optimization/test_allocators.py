import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import linprog

from domains.optimization import (
    EqualWeight,
    IndexTracker,
    MaximumSharpe,
    MeanVariance,
    MinimumCVaR,
    MinimumVariance,
    MomentEstimator,
    RiskParity,
    RuleStrategy,
    compute_cvar,
)
from domains.optimization.portfolio.parity import find_risk_parity
from shared.decision import InfeasibleError, Limit
from shared.errors import DataError, HexadError, SettingsError


def draw(n_periods=120, n_assets=6, seed=0, dates=True):
    rng = np.random.default_rng(seed)
    common = rng.normal(0, 0.03, (n_periods, 1))
    values = 0.01 + rng.normal(0, 0.04, (n_periods, n_assets)) * np.linspace(0.5, 1.5, n_assets) + common
    index = pd.date_range("2010-01-31", periods=n_periods, freq="ME") if dates else None
    return pd.DataFrame(values, columns=list("ABCDEFGHIJKLMNOPQRST")[:n_assets], index=index)


def given_moments(mean, covariance, names="ABCDEFGH"):
    names = list(names)[: len(mean)]
    return MomentEstimator(
        mean=pd.Series(mean, index=names), covariance=pd.DataFrame(covariance, index=names, columns=names)
    )


RETURNS = draw()
NAMES = list(RETURNS.columns)
MEAN, COVARIANCE = RETURNS.mean().to_numpy(), RETURNS.cov().to_numpy()
BY_MOMENTS = [MinimumVariance, MeanVariance, MaximumSharpe]


# Answers that are known.


@pytest.mark.parametrize("correlation", [-0.9, 0.0, 0.3])
def test_two_assets_by_hand(correlation):
    sizes = np.array([0.1, 0.2])
    covariance = np.outer(sizes, sizes) * [[1, correlation], [correlation, 1]]
    mean = np.array([0.02, 0.05])
    returns = draw(10, 2)
    moments = given_moments(mean, covariance)
    inverse = np.linalg.inv(covariance)
    least = inverse.sum(axis=1) / inverse.sum()
    np.testing.assert_allclose(MinimumVariance(moments=moments).fit(returns).weights_, least)
    best = inverse @ (mean - 0.01)
    np.testing.assert_allclose(MaximumSharpe(risk_free=0.01, moments=moments).fit(returns).weights_, best / best.sum())
    aversion = 10.0
    gap = covariance[0, 0] - 2 * covariance[0, 1] + covariance[1, 1]
    first = (mean[0] - mean[1]) / (aversion * gap) + (covariance[1, 1] - covariance[0, 1]) / gap
    fitted = MeanVariance(risk_aversion=aversion, moments=moments).fit(returns).weights_
    np.testing.assert_allclose(fitted, np.clip([first, 1 - first], 0, 1), atol=1e-10)
    np.testing.assert_allclose(RiskParity(moments=moments).fit(returns).weights_, [2 / 3, 1 / 3])


def test_decisions_hold_their_figures():
    model = MinimumVariance().fit(RETURNS)
    w = model.weights_.to_numpy()
    assert model.decision_.objective == pytest.approx(100 * np.sqrt(12 * w @ COVARIANCE @ w))
    assert model.decision_.bound == pytest.approx(model.decision_.objective)
    assert model.decision_.unit == "% a year"
    shares = model.decision_.values["risk_share"]
    assert shares.sum() == pytest.approx(1.0)
    np.testing.assert_allclose(shares, w * (COVARIANCE @ w) / (w @ COVARIANCE @ w))
    sharpe = MaximumSharpe(risk_free=0.001).fit(RETURNS)
    w = sharpe.weights_.to_numpy()
    assert sharpe.decision_.objective == pytest.approx(np.sqrt(12) * (w @ MEAN - 0.001) / np.sqrt(w @ COVARIANCE @ w))
    trade = MeanVariance(risk_aversion=4).fit(RETURNS)
    w = trade.weights_.to_numpy()
    assert trade.decision_.objective == pytest.approx(1200 * (w @ MEAN - 2 * w @ COVARIANCE @ w))
    assert "a period" in MinimumVariance().fit(RETURNS.to_numpy()).decision_.explain()


def best_of_many(score, n=6, draws=4000, seed=0):
    rng = np.random.default_rng(seed)
    points = np.vstack([rng.dirichlet(np.full(n, size), draws // 4) for size in (0.1, 0.3, 1.0, 3.0)])
    return max(score(w) for w in points)


def test_nothing_drawn_at_random_is_better():
    w = MinimumVariance().fit(RETURNS).weights_.to_numpy()
    assert best_of_many(lambda w: -w @ COVARIANCE @ w) <= -w @ COVARIANCE @ w + 1e-12
    w = MaximumSharpe(risk_free=0.002).fit(RETURNS).weights_.to_numpy()

    def ratio(w):
        return (w @ MEAN - 0.002) / np.sqrt(w @ COVARIANCE @ w)

    assert best_of_many(ratio) <= ratio(w) + 1e-9
    w = MeanVariance().fit(RETURNS).weights_.to_numpy()
    assert best_of_many(lambda w: w @ MEAN - 1.5 * w @ COVARIANCE @ w) <= w @ MEAN - 1.5 * w @ COVARIANCE @ w + 1e-12


@given(st.integers(0, 10**6), st.floats(0.1, 50))
def test_the_highest_ratio_does_not_ask_how_returns_are_scaled(seed, scale):
    """Twice the returns, twice the risk: the same weights."""
    rng = np.random.default_rng(seed)
    returns = draw(40, 4, seed)
    mean, square = rng.uniform(0.001, 0.02, 4), returns.cov().to_numpy()
    one = MaximumSharpe(moments=given_moments(mean, square)).fit(returns).weights_
    for factor, risk in ((scale, scale**2), (scale, 1.0), (1.0, scale)):
        other = MaximumSharpe(moments=given_moments(mean * factor, square * risk)).fit(returns).weights_
        np.testing.assert_allclose(other, one, atol=1e-7)


def test_where_nothing_beats_what_is_without_risk():
    moments = given_moments([-0.01, -0.02, 0.001], np.diag([1.0, 2.0, 3.0]))
    returns = draw(24, 3)
    with pytest.raises(HexadError) as error:
        MaximumSharpe(risk_free=0.002, moments=moments).fit(returns)
    told = str(error.value)
    assert (
        "no portfolio's expected return passes the risk-free 2.40 % a year; the highest of one asset is 1.20 %" in told
    )
    assert "otherwise='minimum variance'" in told
    model = MaximumSharpe(risk_free=0.002, otherwise="minimum variance", moments=moments).fit(returns)
    np.testing.assert_allclose(model.weights_, MinimumVariance(moments=moments).fit(returns).weights_)
    assert any("least variance is held instead" in note for note in model.notes_)
    limits = [Limit("cap", "C", most=0.3)]
    with pytest.raises(HexadError, match="no portfolio's expected return"):
        MaximumSharpe(moments=moments, limits=limits).fit(returns)


@pytest.mark.parametrize("n", [3, 5, 10, 40])
def test_a_highest_ratio_keeps_to_limits_that_leave_no_room(n):
    """Caps that add up to one: there is one portfolio, and it is found."""
    rng = np.random.default_rng(n)
    returns = pd.DataFrame(rng.normal(0.001, 0.02, (300, n)), columns=[f"a{i}" for i in range(n)])
    cap = [Limit("cap", "every asset", most=1 / n)]
    np.testing.assert_allclose(MaximumSharpe(limits=cap).fit(returns).weights_, np.full(n, 1 / n), atol=1e-8)
    half = {f"a{i}": "x" if i < n // 2 else "y" for i in range(n)}
    both = [Limit("x", "group = x", most=0.3), Limit("y", "group = y", most=0.7)]
    weights = MaximumSharpe(limits=both, groups={"group": half}).fit(returns).weights_
    assert weights.sum() == pytest.approx(1.0, abs=1e-7)
    assert weights[: n // 2].sum() == pytest.approx(0.3, abs=1e-7)


# Reasons that can be tried.


def threshold(text):
    found = re.search(r"(?:passes|below) (-?[\d.]+)", text)
    return None if found is None else float(found[1])


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(
    "model",
    [
        MeanVariance(risk_aversion=8),
        MeanVariance(risk_aversion=8, limits=[Limit("cap", "every asset", most=0.4)]),
        MeanVariance(risk_aversion=8, trade_cost=0.002, holding_periods=1, holdings={"A": 0.7, "B": 0.3}),
        MaximumSharpe(limits=[Limit("calm", "turnover", most=0.4)], holdings=dict.fromkeys("ABCD", 0.25)),
        MaximumSharpe(risk_free=0.001),
        MaximumSharpe(limits=[Limit("cap", "every asset", most=0.4), Limit("two", "group = x", least=0.5)],
                      groups={"group": {"A": "x", "B": "x", "C": "x", "D": "y", "E": "y", "F": "y"}}),
    ],
    ids=["trade-off", "with caps", "with costs", "ratio with turnover", "ratio", "ratio with caps"],
)  # fmt: skip
def test_an_asset_enters_where_its_reason_says(model, seed):
    """Its expected return a little above what is told, and it is held; a little below, and it is not."""
    rng = np.random.default_rng(seed)
    returns = draw(120, 6, seed)
    mean, square = rng.uniform(0.002, 0.02, 6), returns.cov().to_numpy()
    fitted = model.set_params(moments=given_moments(mean, square)).fit(returns)
    tried = 0
    for place, (name, row) in enumerate(fitted.decision_.values.iterrows()):
        until = threshold(row["why"]) if "expected return" in row["why"] else None
        if until is None:
            continue
        assert f"it is {1200 * mean[place]:.2f} %" in row["why"]
        for move, held in ((-0.05, False), (0.05, True)):
            other = mean.copy()
            other[place] = (until + move) / 1200
            again = model.set_params(moments=given_moments(other, square)).fit(returns)
            assert (again.weights_[name] > 1e-5) == held, (name, row["why"], move, again.weights_[name])
        tried += 1
    whys = fitted.decision_.values["why"][fitted.weights_ == 0]
    assert tried or (fitted.weights_ > 0).all() or (whys == "out: not worth a trade").all()


def test_no_number_is_told_where_nothing_is_worth_a_trade():
    model = MeanVariance(trade_cost=1.0, holding_periods=1, holdings={"A": 0.7, "B": 0.3}).fit(RETURNS)
    assert model.decision_.values["why"].tolist() == ["", ""] + ["out: not worth a trade"] * 4


@pytest.mark.parametrize("seed", range(4))
def test_an_asset_enters_where_its_beta_falls(seed):
    returns = draw(120, 6, seed)
    square = returns.cov().to_numpy()
    model = MinimumVariance(moments=given_moments(np.zeros(6), square)).fit(returns)
    w = model.weights_.to_numpy()
    variance = w @ square @ w
    tried = 0
    for place, (name, row) in enumerate(model.decision_.values.iterrows()):
        until = threshold(row["why"])
        if until is None:
            continue
        beta = (square @ w)[place] / variance
        assert f"it is {beta:.2f}" in row["why"]
        for move, held in ((-0.02, True), (0.02, False)):
            # The asset's covariances with all others move alike, so that its beta is the one wanted.
            other = square.copy()
            shift = (until + move - beta) * variance
            other[place] += shift
            other[:, place] += shift
            other[place, place] = square[place, place] + 4 * abs(shift)
            again = MinimumVariance(moments=given_moments(np.zeros(6), other)).fit(returns)
            assert (again.weights_[name] > 1e-9) == held
        tried += 1
    assert tried or (model.weights_ > 0).all()


def test_limits_that_bind_are_told_with_their_price():
    limits = [Limit("cap", "A", most=0.1), Limit("floor", "F", least=0.2), Limit("idle", "B", most=0.9)]
    model = MinimumVariance(limits=limits).fit(RETURNS)
    binding = model.decision_.binding.set_index("limit")
    assert set(binding.index) == {"cap", "floor"}
    assert model.decision_.values["why"]["A"] == "held back by cap"
    assert model.decision_.values["why"]["F"] == "held up by floor"
    for name, looser in (("cap", Limit("cap", "A", most=0.1 + 1e-5)), ("floor", Limit("floor", "F", least=0.2 - 1e-5))):
        others = [one for one in limits if one.name != name]
        gained = model.decision_.objective - MinimumVariance(limits=[*others, looser]).fit(RETURNS).decision_.objective
        assert binding["price"][name] == pytest.approx(gained / 1e-5, rel=1e-3)


# Least CVaR.


def least_cvar(values, level):
    """Rockafellar and Uryasev's program, written by hand for SciPy."""
    n_periods, n = values.shape
    share = (100 - level) / 100
    cost = np.concatenate([np.zeros(n), [1.0], np.full(n_periods, 1 / (share * n_periods))])
    rows = np.hstack([-values, -np.ones((n_periods, 1)), -np.eye(n_periods)])
    found = linprog(
        cost, A_ub=rows, b_ub=np.zeros(n_periods), A_eq=[np.append(np.ones(n), np.zeros(n_periods + 1))], b_eq=[1.0],
        bounds=[(0, None)] * n + [(None, None)] + [(0, None)] * n_periods,
    )  # fmt: skip
    return found.fun


@pytest.mark.parametrize("level", [50.0, 90.0, 95.0, 97.3])
def test_least_cvar_is_scipys(level):
    model = MinimumCVaR(level).fit(RETURNS)
    best = least_cvar(RETURNS.to_numpy(), level)
    assert model.decision_.objective == pytest.approx(100 * best, abs=1e-8)
    assert compute_cvar(model.predict(RETURNS), level) == pytest.approx(best, abs=1e-8)


def test_cvar_by_hand():
    returns = np.array([-0.10, -0.05, 0.01, 0.02, 0.03])
    assert compute_cvar(returns, 80) == pytest.approx(0.10)
    assert compute_cvar(returns, 60) == pytest.approx(0.075)
    assert compute_cvar(returns, 70) == pytest.approx((0.10 + 0.5 * 0.05) / 1.5)
    assert compute_cvar(returns, 99) == pytest.approx(0.10)
    assert compute_cvar(returns[::-1], 80) == pytest.approx(0.10)
    for wrong in ([], [0.1, np.nan]):
        with pytest.raises(HexadError, match="no numbers"):
            compute_cvar(wrong)


def test_an_asset_enters_a_least_cvar_where_its_reason_says():
    """Its returns are raised in the worst periods by what is told, and then it pays to hold it."""
    model = MinimumCVaR(80).fit(RETURNS)
    for name, row in model.decision_.values.iterrows():
        if not row["why"].startswith("out until"):
            continue
        points = float(re.search(r"falls by ([\d.]+) points", row["why"])[1])
        for move, held in ((-0.02, False), (0.02, True)):
            other = RETURNS.copy()
            other[name] += (points + move) / 100
            assert (MinimumCVaR(80).fit(other).weights_[name] > 1e-9) == held


# Risk parity.


@given(st.integers(0, 10**6))
def test_shares_of_the_risk_are_met(seed):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(1, 30))
    factor = rng.normal(size=(n + 3, n)) * 10.0 ** rng.uniform(-2, 1, n) + rng.normal(size=(n + 3, 1)) * rng.choice(
        [0, 1]
    )
    covariance = factor.T @ factor
    budgets = rng.dirichlet(np.full(n, 2.0)) + 1e-3
    budgets /= budgets.sum()
    w = find_risk_parity(covariance, budgets)
    assert (w > 0).all()
    assert w.sum() == pytest.approx(1.0)
    np.testing.assert_allclose(w * (covariance @ w) / (w @ covariance @ w), budgets, atol=1e-7)


def test_budgets_are_read_by_name():
    budgets = pd.Series([3.0, 1, 1, 1, 1, 1], index=NAMES)[::-1]
    model = RiskParity(budgets=budgets).fit(RETURNS)
    assert model.decision_.values["risk_share"].tolist() == pytest.approx([3 / 8] + [1 / 8] * 5, abs=1e-7)
    with pytest.raises(DataError, match="there is none for 'F'"):
        RiskParity(budgets=budgets.drop("F")).fit(RETURNS)
    for wrong in (0.0, -1.0, np.nan, "much"):
        with pytest.raises(SettingsError, match="numbers above 0"):
            RiskParity(budgets={**dict.fromkeys(NAMES, 1.0), "A": wrong}).fit(RETURNS)
    with pytest.raises(DataError, match="'Z'"):
        RiskParity(budgets={**dict.fromkeys(NAMES, 1.0), "Z": 1.0}).fit(RETURNS)


def test_parity_needs_risk():
    with pytest.raises(HexadError, match="never moves"):
        RiskParity().fit(RETURNS.assign(G=0.0))
    singular = RETURNS.assign(G=-RETURNS["A"])
    with pytest.raises(HexadError, match="shrunk"):
        RiskParity().fit(singular[["A", "G"]])
    assert RiskParity(moments=MomentEstimator(covariance="shrunk")).fit(singular).weights_.sum() == pytest.approx(1)


# Following an index.


def test_the_five_of_twenty_that_make_the_index_are_found():
    rng = np.random.default_rng(0)
    returns = pd.DataFrame(rng.normal(0, 0.02, (200, 20)), columns=[f"s{i}" for i in range(20)])
    planted = pd.Series([0.3, 0.25, 0.2, 0.15, 0.1], index=["s3", "s7", "s11", "s15", "s19"])
    returns.insert(4, "index", returns[planted.index] @ planted + rng.normal(0, 1e-4, 200))
    limits = [Limit("five", "number of assets", most=5)]
    model = IndexTracker("index", limits=limits).fit(returns)
    held = model.weights_[model.weights_ > 0]
    assert set(held.index) == set(planted.index)
    np.testing.assert_allclose(held[planted.index], planted, atol=0.01)
    assert model.decision_.status == "optimal"
    assert "index" not in model.weights_.index
    off = model.predict(returns) - returns["index"]
    assert model.decision_.objective == pytest.approx(100 * np.sqrt((off**2).mean()), rel=1e-6)
    assert model.decision_.goal == "distance from the index"


def test_an_index_that_is_met_in_full():
    returns = RETURNS.assign(index=RETURNS[["A", "B"]].mean(axis=1))
    model = IndexTracker("index").fit(returns)
    np.testing.assert_allclose(model.weights_, [0.5, 0.5, 0, 0, 0, 0], atol=1e-6)
    assert model.decision_.values["why"].tolist() == ["", "", *["out"] * 4]
    apart = IndexTracker("A").fit(draw())
    assert set(apart.decision_.values["why"]) <= {"", "out: some of it would follow less closely"}


def test_an_index_that_is_not_there():
    with pytest.raises(DataError, match="no column 'S&P', which is to be followed"):
        IndexTracker("S&P").fit(RETURNS)
    with pytest.raises(DataError, match="no asset"):
        IndexTracker("A").fit(RETURNS[["A"]])


# Trading.


@pytest.mark.parametrize("kind", [*BY_MOMENTS, MinimumCVaR])
@pytest.mark.parametrize("most", [0.0, 0.25, 2.0])
def test_turnover_stays_within_its_limit(kind, most):
    holdings = pd.Series(1 / 6, index=NAMES)
    limits = [Limit("calm", "turnover", most=most)]
    model = kind(limits=limits, holdings=holdings).fit(RETURNS)
    traded = (model.weights_ - holdings).abs().sum()
    assert traded <= most + 1e-7
    free = kind().fit(RETURNS).weights_
    wanted = (free - holdings).abs().sum()
    if most == 2.0:
        np.testing.assert_allclose(model.weights_, free, atol=1e-6)
    else:
        assert wanted > most
        assert traded == pytest.approx(most, abs=1e-6)
        assert "calm" in set(model.decision_.binding["limit"])


def test_what_trading_costs_keeps_what_is_held():
    holdings = {"A": 0.5, "F": 0.5}
    dear = MeanVariance(trade_cost=1.0, holding_periods=1, holdings=holdings).fit(RETURNS)
    np.testing.assert_allclose(dear.weights_, [0.5, 0, 0, 0, 0, 0.5], atol=1e-9)
    nothing = MeanVariance(trade_cost=0.0, holdings=holdings).fit(RETURNS)
    np.testing.assert_allclose(nothing.weights_, MeanVariance().fit(RETURNS).weights_, atol=1e-9)
    some = MeanVariance(trade_cost=0.01, holding_periods=1, holdings=holdings).fit(RETURNS).weights_.to_numpy()
    held = np.array([0.5, 0, 0, 0, 0, 0.5])

    def worth(w):
        return w @ MEAN - 1.5 * w @ COVARIANCE @ w - 0.01 * np.abs(w - held).sum()

    assert best_of_many(worth) <= worth(some) + 1e-12
    assert worth(held) <= worth(some) + 1e-12


# Numbers of assets.


@pytest.mark.parametrize("kind", BY_MOMENTS)
def test_a_number_of_assets_with_all_else(kind):
    limits = [
        Limit("three", "number of assets", least=2, most=3),
        Limit("size", "every held asset", least=0.1, most=0.6),
        Limit("floor", "F", least=0.05),
        Limit("x", "group = x", most=0.5),
    ]
    groups = {"group": dict(zip(NAMES, "xxxyyy", strict=True))}
    model = kind(limits=limits, groups=groups).fit(RETURNS)
    w = model.weights_
    held = w[w > 0]
    assert 2 <= len(held) <= 3
    assert "F" in held.index
    assert held.min() >= 0.1 - 1e-8
    assert held.max() <= 0.6 + 1e-8
    assert w[:3].sum() <= 0.5 + 1e-8
    assert model.decision_.status in {"optimal", "within gap"}
    assert model.decision_.gap < 0.5
    why = model.decision_.values["why"][w == 0]
    if kind is not MinimumVariance:
        assert set(why) == {"out: not among those chosen"}
        return
    # Some exchanges meet the limits, and none of them is calmer than what was proven to be calmest.
    told = why.str.extract(r"^out: in the best place of another, the volatility would be ([0-9.]+) % a year$")[0]
    assert set(why[told.isna()]) <= {"out: not among those chosen"}
    assert told.notna().any()
    assert (told.dropna().astype(float) >= model.decision_.objective - 0.005).all()


def test_what_an_exchange_would_lead_to_is_told_by_the_best_one():
    returns = RETURNS.iloc[:, :5]
    ten = [Limit("two", "number of assets", least=2, most=2), Limit("size", "every held asset", least=0.1)]
    model = MinimumVariance(limits=ten).fit(returns)
    held = set(model.weights_.index[model.weights_ > 0])
    for name in set(returns.columns) - held:
        pairs = [sorted({name, other}) for other in held]
        best = min(
            MinimumVariance(limits=[Limit("size", "every asset", least=0.1)]).fit(returns[pair]).decision_.objective
            for pair in pairs
        )
        assert f"would be {best:.2f} %" in model.decision_.values.loc[name, "why"]


@pytest.mark.parametrize("scale", [1e-4, 1e-2])
def test_the_size_of_returns_does_not_decide_what_is_proven(scale):
    """Returns of bonds, a hundredth and less of those of shares."""
    limits = [Limit("two", "number of assets", most=2)]
    one, small = (MinimumVariance(limits=limits).fit(RETURNS * size) for size in (1.0, scale))
    np.testing.assert_allclose(small.weights_, one.weights_, atol=1e-6)
    assert small.decision_.status == one.decision_.status == "optimal"
    assert small.decision_.objective == pytest.approx(scale * one.decision_.objective, rel=1e-6)


def test_a_floor_under_what_returns_are_expected():
    free = MinimumVariance().fit(RETURNS)
    wanted = 0.5 * (free.weights_ @ MEAN + MEAN.max())
    for model in (MinimumVariance(least_return=wanted), MinimumCVaR(least_return=wanted)):
        fitted = model.fit(RETURNS)
        assert fitted.weights_ @ MEAN == pytest.approx(wanted, abs=1e-9)
        assert "least expected return" in fitted.decision_.explain()
    for kind in (MinimumVariance, MinimumCVaR):
        with pytest.raises(InfeasibleError) as error:
            kind(least_return=0.5).fit(RETURNS)
        assert error.value.conflict.total == pytest.approx(0.5 - MEAN.max(), abs=1e-7)
        with pytest.raises(SettingsError, match="least_return='much'"):
            kind(least_return="much").fit(RETURNS)


def test_a_gap_that_time_left_open_is_told():
    rng = np.random.default_rng(0)
    returns = pd.DataFrame(rng.normal(0, 0.02, (80, 60)), columns=[f"s{i}" for i in range(60)])
    limits = [Limit("n", "number of assets", most=8), Limit("h", "every held asset", least=0.02)]
    decision = MinimumVariance(limits=limits, time_limit=0.0).fit(returns).decision_
    assert decision.status == "stopped by time"
    assert decision.bound <= decision.objective
    assert decision.explain().startswith("Time was up: the volatility is")


@pytest.mark.parametrize(
    ("model", "told"),
    [
        (MeanVariance(risk_aversion=-1), "risk_aversion=-1 is no number of at least 0"),
        (MeanVariance(risk_aversion=np.nan), "risk_aversion=nan"),
        (MeanVariance(trade_cost="dear"), "trade_cost='dear'"),
        (MeanVariance(holding_periods=0), "holding_periods=0 is no number of at least 1"),
        (MaximumSharpe(risk_free=True), "risk_free=True"),
        (MaximumSharpe(otherwise="cash"), "otherwise='cash'"),
        (MinimumCVaR(level=0.95, least_return=np.inf), "least_return=inf|level"),
        (MinimumCVaR(level=100), "100"),
        (MinimumVariance(moments="shrunk"), "moments='shrunk' is no MomentEstimator"),
        (MinimumVariance(limits=5), "limits=5: give Limits"),
    ],
)
def test_settings_are_checked(model, told):
    with pytest.raises(SettingsError, match=told):
        model.fit(RETURNS)


def test_equal_weights_are_equal():
    model = EqualWeight().fit(RETURNS)
    assert model.weights_.tolist() == [1 / 6] * 6
    assert "nothing was optimised" in " ".join(model.decision_.notes)


@pytest.mark.parametrize("model", [EqualWeight(), RuleStrategy(lambda returns: (returns > 0) / returns.shape[1])])
def test_what_was_not_optimised_is_not_called_optimal(model):
    decision = model.fit(RETURNS).decision_
    assert decision.status == "not proven"
    assert not decision.proven
    assert decision.explain().endswith("nothing was optimised.")
    assert "Time" not in decision.explain()
