import numpy as np
import pandas as pd
import pytest

from domains.optimization import MinimumCVaR, MinimumVariance, MomentEstimator, Moments, compute_cvar, compute_frontier
from shared.decision import InfeasibleError, Limit
from shared.errors import HexadError, SettingsError


@pytest.fixture(scope="module")
def returns():
    rng = np.random.default_rng(0)
    values = rng.normal(0.01, 0.05, (90, 6)) * np.linspace(0.5, 1.5, 6) + rng.normal(0, 0.02, (90, 1))
    return pd.DataFrame(values, columns=list("ABCDEF"), index=pd.date_range("2010-01-31", periods=90, freq="ME"))


def check_shape(frontier, points):
    table, weights = frontier.table, frontier.weights
    assert len(table) == len(weights) == points
    earned, risk = table["expected_return"].to_numpy(), table["risk"].to_numpy()
    assert (np.diff(earned) > -1e-10).all()
    assert (np.diff(risk) > -1e-9).all()
    np.testing.assert_allclose(weights.sum(axis=1), 1.0, atol=1e-8)
    # A chord between two points lies at more risk than the frontier between them.
    steps = np.diff(earned)
    some = steps > 1e-9
    slopes = np.diff(risk)[some] / steps[some]
    assert (np.diff(slopes) > -1e-5).all()


LIMITS = [
    None,
    [Limit("cap", "every asset", most=0.4)],
    [Limit("short", "every asset", least=-0.2)],
    [Limit("calm", "turnover", most=0.8)],
    [Limit("x", "group = x", least=0.3, most=0.5), Limit("cap", "A", most=0.1)],
]
GROUPS = {"group": dict(zip("ABCDEF", "xxxyyy", strict=True))}
HOLDINGS = dict.fromkeys("ABCDEF", 1 / 6)


@pytest.mark.parametrize("risk", ["variance", "cvar"])
@pytest.mark.parametrize("limits", LIMITS, ids=["free", "caps", "short", "turnover", "groups"])
def test_more_return_costs_more_risk_and_ever_more(returns, limits, risk):
    frontier = compute_frontier(returns, points=9, risk=risk, limits=limits, groups=GROUPS, holdings=HOLDINGS)
    check_shape(frontier, 9)
    assert set(frontier.table["status"]) == {"optimal"}
    assert (frontier.table["gap"].abs() < 1e-4).all()
    kind = MinimumVariance if risk == "variance" else MinimumCVaR
    least = kind(limits=limits, groups=GROUPS, holdings=HOLDINGS).fit(returns)
    first = frontier.weights.iloc[0].to_numpy()
    measure = (
        (lambda w: np.sqrt(w @ returns.cov() @ w)) if risk == "variance" else (lambda w: compute_cvar(returns @ w))
    )
    np.testing.assert_allclose(frontier.table["risk"], [measure(w) for w in frontier.weights.to_numpy()], rtol=1e-6)
    assert measure(first) == pytest.approx(measure(least.weights_.to_numpy()), rel=1e-6)
    if limits is None:
        assert frontier.weights.iloc[-1].idxmax() == returns.mean().idxmax()
        assert frontier.weights.iloc[-1].max() == pytest.approx(1.0, abs=1e-6)
    middle = frontier.table["expected_return"].iloc[4]
    same = kind(limits=limits, groups=GROUPS, holdings=HOLDINGS, least_return=middle).fit(returns)
    assert measure(same.weights_.to_numpy()) == pytest.approx(frontier.table["risk"].iloc[4], rel=1e-5)


def test_tradeoffs_are_points_of_the_same_frontier(returns):
    tradeoffs = [0.9, 0.98, 1.0]
    frontier = compute_frontier(returns, tradeoffs=tradeoffs)
    assert frontier.table["tradeoff"].tolist() == tradeoffs
    covariance, mean = returns.cov().to_numpy(), returns.mean().to_numpy()
    for (_, row), w in zip(frontier.table.iterrows(), frontier.weights.to_numpy(), strict=True):
        t = row["tradeoff"]
        assert row["objective"] == pytest.approx(t * w @ covariance @ w - (1 - t) * mean @ w)
        floor = compute_frontier(returns, points=2).table["risk"].iloc[0]
        assert row["risk"] >= floor - 1e-9
        same = MinimumVariance(least_return=row["expected_return"] - 1e-12).fit(returns)
        np.testing.assert_allclose(same.weights_, w, atol=1e-4)
    greedy = compute_frontier(returns, tradeoffs=[0.0])
    assert greedy.table["expected_return"].iloc[0] == pytest.approx(mean.max())


def test_a_number_of_assets_is_kept_at_every_point(returns):
    limits = [Limit("two", "number of assets", most=2), Limit("size", "every held asset", least=0.2)]
    for settings in ({"points": 4}, {"tradeoffs": [0.95, 1.0]}, {"points": 3, "risk": "cvar"}):
        frontier = compute_frontier(returns, limits=limits, **settings)
        free = compute_frontier(returns, **settings)
        assert (frontier.table["assets"] <= 2).all()
        held = frontier.weights.to_numpy()
        assert held[held > 0].min() >= 0.2 - 1e-8
        if "tradeoffs" in settings:
            assert (frontier.table["objective"] >= free.table["objective"] - 1e-10).all()


def test_moments_that_are_known_serve_in_place_of_returns(returns):
    moments = MomentEstimator(covariance="shrunk").fit(returns).moments_
    known = compute_frontier(moments, points=3)
    same = compute_frontier(returns, points=3, moments=MomentEstimator(covariance="shrunk"))
    pd.testing.assert_frame_equal(known.table, same.table)
    assert "a period" in known.explain()
    assert "a year" in same.explain()
    with pytest.raises(HexadError, match="needs returns, not moments"):
        compute_frontier(moments, risk="cvar")


def test_all_assets_that_earn_the_same_are_one_point():
    moments = Moments(("a", "b"), np.array([0.01, 0.01]), np.diag([1.0, 3.0]))
    frontier = compute_frontier(moments, points=3)
    np.testing.assert_allclose(frontier.weights, [[0.75, 0.25]] * 3, atol=1e-6)


@pytest.mark.parametrize(
    "settings",
    [
        {"risk": "vol"},
        {"points": 1},
        {"points": 2.5},
        {"tradeoffs": [0.5, 1.1]},
        {"tradeoffs": [0.5], "risk": "cvar"},
        {"tradeoffs": [np.nan]},
        {"risk": "cvar", "level": 100},
        {"tradeoffs": []},
    ],
)
def test_settings_are_checked(returns, settings):
    with pytest.raises(SettingsError):
        compute_frontier(returns, **settings)


def test_limits_that_clash_are_told(returns):
    for risk in ("variance", "cvar"):
        with pytest.raises(InfeasibleError, match=r"cap \(most 0.1\)"):
            compute_frontier(returns, risk=risk, limits=[Limit("cap", "every asset", most=0.1)])


def test_what_it_says_and_draws(returns):
    frontier = compute_frontier(returns, points=4)
    last = frontier.table.iloc[-1]
    assert f"{1200 * last['expected_return']:.2f} % expected a year" in frontier.explain()
    assert f"{100 * np.sqrt(12) * last['risk']:.2f} %" in frontier.explain()
    assert "4 of 4 points are proven optimal" in frontier.explain()
    assert frontier.to_frame().shape == (4, 7 + 6)
    assert frontier.plot() is not None
    assert "expected" in frontier._repr_html_()
    assert "mean loss of the worst periods" in compute_frontier(returns, points=2, risk="cvar").explain()
