"""Ridges without some rows: the same as fitting again on the others, also where sums lose what matters."""

import numpy as np
import pytest

from domains.timeseries.ridge import LeaveOut, StandardizedRidge
from shared.errors import SettingsError


def same_as_again(X, y, out, rel=1e-7):
    ridge = StandardizedRidge().fit(X, y)
    ours = LeaveOut(ridge, X, y).without(out)
    again = StandardizedRidge((ridge.alpha_,)).fit(X[~out], y[~out])
    scale = np.abs(again.predict(X[~out])).max()
    np.testing.assert_allclose(ours.predict(X), again.predict(X), rtol=rel, atol=rel * scale)
    assert ours.alpha_ == ridge.alpha_


CASES = {
    "plain": lambda X: X,
    "a constant column": lambda X: np.c_[X, np.full(len(X), 7.0)],
    "a repeated column": lambda X: np.c_[X, X[:, 0]],
    "large means": lambda X: X + 1e6,
    "small units": lambda X: X * 1e-9,
    "nothing but in the block": lambda X: np.c_[X, np.arange(len(X)) < 30],
    "nothing but outside the block": lambda X: np.c_[X, np.arange(len(X)) % 3 * (np.arange(len(X)) >= 30)],
    "few rows": lambda X: X[:45],
}


@pytest.mark.parametrize("case", CASES)
def test_leaving_out_is_fitting_again(case):
    rng = np.random.default_rng(0)
    X = CASES[case](rng.normal(size=(200, 12)))
    y = X[:, :5].sum(axis=1) + rng.normal(size=len(X))
    same_as_again(X, y, np.arange(len(X)) < 30)


@pytest.mark.parametrize("far", [1e3, 1e6, 1e9])
def test_a_block_far_from_the_rest_does_not_hide_what_the_rest_says(far):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 20))
    y = X @ rng.normal(size=20) + rng.normal(size=300)
    out = np.arange(300) < 40
    X[out, 0] += far
    ridge = StandardizedRidge().fit(X, y)
    ours = LeaveOut(ridge, X, y).without(out)
    again = StandardizedRidge((ridge.alpha_,)).fit(X[~out], y[~out])
    np.testing.assert_allclose(ours.coef_, again.coef_, rtol=1e-4, atol=1e-6)


def test_shrinks_towards_the_last_value_where_it_forecasts_better_than_the_mean():
    steps = np.random.default_rng(0).normal(size=(2, 300))
    walk, noise = steps[0].cumsum(), steps[1]
    for y, end in ((walk, 0), (noise, -1)):
        X = np.column_stack([y[2:-1], y[1:-2], y[:-3]])
        ridge = StandardizedRidge(towards=(-1, 0)).fit(X, y[3:])
        assert ridge.towards_ == end
        stiff = StandardizedRidge((1e12,), towards=(end,)).fit(X, y[3:])
        shift = np.mean(y[3:] - X[:, 0])
        np.testing.assert_allclose(stiff.predict(X), X[:, 0] + shift if end == 0 else y[3:].mean(), rtol=1e-6)


def test_leaving_out_keeps_what_is_shrunk_towards():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 12))
    y, out = X[:, 3] + 0.1 * X[:, 0] + rng.normal(size=200), np.arange(200) < 30
    for columns in (X, np.c_[X, out]):
        ridge = StandardizedRidge((300.0,), towards=(3,)).fit(columns, y)
        again = StandardizedRidge((300.0,), towards=(3,)).fit(columns[~out], y[~out])
        np.testing.assert_allclose(LeaveOut(ridge, columns, y).without(out).predict(columns), again.predict(columns))


@pytest.mark.parametrize("towards", [(), (-2,), (1,)])
def test_refuses_to_shrink_towards_what_is_not_there(towards):
    with pytest.raises(SettingsError, match="give at least one of -1 and the columns' numbers"):
        StandardizedRidge(towards=towards).fit(np.arange(9.0)[:, None], np.arange(9.0))
