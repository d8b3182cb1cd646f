"""Ridges without some rows: the same as fitting again on the others, also where sums lose what matters."""

import numpy as np
import pytest

from domains.timeseries.ridge import LeaveOut, StandardizedRidge


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
