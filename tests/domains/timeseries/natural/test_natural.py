"""Natural-gradient boosting: its trees against brute force, its distributions against scipy."""

import numpy as np
import pytest
from scipy import integrate, stats
from sklearn.tree import DecisionTreeRegressor

from domains.timeseries import LogNormal, NaturalGradientBoosting, Normal
from domains.timeseries.natural.kernels import boost
from shared.errors import DataError, SettingsError

pytestmark = pytest.mark.any_pandas


def noisy(n=400, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.uniform(size=(n, 3))
    return X, 3 * X[:, 0] + (0.2 + X[:, 1]) * rng.normal(size=n)


def plain(bins, y, rounds, rate, depth, least):
    """The algorithm with scikit-learn's exact trees on the bins, which split where a histogram does."""
    mean, log = np.zeros(len(y)), np.zeros(len(y))

    def loss(m, s):
        return np.mean(s + 0.5 * ((y - m) * np.exp(-s)) ** 2) + 0.5 * np.log(2 * np.pi)

    for _ in range(rounds):
        error = y - mean
        gradients = -error, 0.5 * (1 - error**2 * np.exp(-2 * log))
        steps = [
            DecisionTreeRegressor(max_depth=depth, min_samples_leaf=least, random_state=0).fit(bins, g).predict(bins)
            for g in gradients
        ]
        before, step = loss(mean, log), 1.0
        while step <= 256 and loss(mean - step * steps[0], log - step * steps[1]) <= before:
            step *= 2
        while not loss(mean - step * steps[0], log - step * steps[1]) < before:
            step /= 2
        mean, log = mean - rate * step * steps[0], log - rate * step * steps[1]
    return loss(mean, log)


@pytest.mark.parametrize(("depth", "least"), [(1, 1), (2, 5), (3, 20)])
def test_rounds_are_those_of_the_plain_algorithm(depth, least):
    X, y = noisy()
    y = (y - y.mean()) / y.std()
    bins = np.floor(20 * X).astype(np.uint8)
    used = np.full(3, 20, dtype=np.int64)
    *_, losses = boost(bins, used, y, np.zeros(2), 12, 0.1, depth, least, 0.0, 1e-6)
    assert losses[-1] == pytest.approx(plain(bins, y, 12, 0.1, depth, least), abs=1e-6)


def test_mean_and_spread_are_recovered():
    X, y = noisy(20_000)
    found = NaturalGradientBoosting(n_estimators=200).fit(X, y).predict_distribution(X)
    assert np.corrcoef(found.loc, 3 * X[:, 0])[0, 1] > 0.99
    assert np.corrcoef(found.scale, 0.2 + X[:, 1])[0, 1] > 0.97
    inside = (y >= found.interval(80)[0]) & (y <= found.interval(80)[1])
    assert inside.mean() == pytest.approx(0.8, abs=0.02)
    assert stats.kstest(found.cdf(y), "uniform").statistic < 0.02


def test_training_loss_falls_and_only_few_rounds_are_needed_for_a_constant():
    X, y = noisy()
    losses = NaturalGradientBoosting(n_estimators=50).fit(X, y).losses_
    assert (np.diff(losses) < 1e-12).all()
    constant = NaturalGradientBoosting().fit(X, np.full(len(y), 7.0))
    assert constant.predict(X).tolist() == [7.0] * len(y)


def test_rows_that_are_fitted_exactly_leave_finite_numbers():
    X = np.arange(40.0)[:, None]
    found = NaturalGradientBoosting(min_samples_leaf=1, n_estimators=500, learning_rate=0.5).fit(X, X[:, 0] // 10)
    predicted = found.predict_distribution(X)
    assert np.isfinite(predicted.loc).all()
    assert (predicted.scale > 0).all()


def test_units_of_the_target_do_not_matter():
    X, y = noisy()
    one = NaturalGradientBoosting(n_estimators=30).fit(X, y).predict_distribution(X)
    other = NaturalGradientBoosting(n_estimators=30).fit(X, 1e6 * y + 5).predict_distribution(X)
    np.testing.assert_allclose(other.loc, 1e6 * one.loc + 5, rtol=1e-6)
    np.testing.assert_allclose(other.scale, 1e6 * one.scale, rtol=1e-6)


def test_a_lognormal_is_a_normal_of_logarithms():
    X, y = noisy()
    normal = NaturalGradientBoosting(n_estimators=30).fit(X, y).predict_distribution(X)
    found = NaturalGradientBoosting("lognormal", n_estimators=30).fit(X, np.exp(y)).predict_distribution(X)
    np.testing.assert_allclose(found.log.loc, normal.loc)
    np.testing.assert_allclose(found.quantile(0.5), np.exp(normal.loc))
    with pytest.raises(DataError, match="3 values are not above zero"):
        NaturalGradientBoosting("lognormal").fit(X, np.r_[0.0, -1.0, -2.0, np.ones(len(y) - 3)])


@pytest.mark.parametrize(
    "wrong",
    [{"distribution": "t"}, {"n_estimators": 0}, {"max_depth": 9}, {"max_depth": True}, {"learning_rate": 0.0},
     {"learning_rate": 2.0}, {"min_samples_leaf": 0}, {"max_bins": 256}, {"l2": -1.0}, {"tol": float("nan")}],
)  # fmt: skip
def test_settings_out_of_range_are_told(wrong):
    X, y = noisy(50)
    with pytest.raises(SettingsError, match=next(iter(wrong))):
        NaturalGradientBoosting(**wrong).fit(X, y)


@pytest.mark.parametrize("kind", ["normal", "lognormal"])
def test_distributions_are_scipys(kind):
    m, s, y = 0.7, 0.6, np.array([0.2, 1.0, 6.0])
    normal = Normal(np.full(3, m), np.full(3, s))
    found = normal if kind == "normal" else LogNormal(normal)
    known = stats.norm(m, s) if kind == "normal" else stats.lognorm(s, scale=np.exp(m))
    np.testing.assert_allclose(found.cdf(y), known.cdf(y))
    np.testing.assert_allclose(found.logpdf(y), known.logpdf(y))
    np.testing.assert_allclose(found.mean(), known.mean())
    np.testing.assert_allclose(found.quantile(0.9), known.ppf(0.9))
    np.testing.assert_allclose(found.interval(90), [np.full(3, q) for q in known.interval(0.9)])
    for value, score in zip(y, found.crps(y), strict=True):
        below = integrate.quad(lambda x: known.cdf(x) ** 2, -20, value, limit=200)[0]
        above = integrate.quad(lambda x: (1 - known.cdf(x)) ** 2, value, 60, limit=200)[0]
        assert score == pytest.approx(below + above, abs=1e-5)
    drawn = found.sample(4000, random_state=0)
    assert drawn.shape == (3, 4000)
    assert np.median(drawn) == pytest.approx(known.median(), rel=0.05)


def test_probabilities_out_of_range_are_told():
    one = Normal(np.zeros(1), np.ones(1))
    for q in (0, 1, 1.5, True):
        with pytest.raises(SettingsError, match="between 0 and 1"):
            one.quantile(q)
    with pytest.raises(SettingsError, match="between 0 and 100 percent"):
        one.interval(0)
