"""Quick answers are the regressor's own."""

import numpy as np
import pytest
from sklearn.ensemble import RandomForestRegressor
from sklearn.linear_model import BayesianRidge, LassoCV, LinearRegression, PoissonRegressor, Ridge, SGDRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler

from domains.timeseries import StandardizedRidge
from domains.timeseries.fast_predict import fast_predictor

RNG = np.random.default_rng(0)
X = RNG.normal(5.0, 3.0, size=(60, 4))
Y = np.exp(0.1 * X[:, 0]) + X[:, 1]
REGRESSORS = [
    LinearRegression(), LinearRegression(fit_intercept=False), Ridge(3.0), LassoCV(), BayesianRidge(), SGDRegressor(),
    PoissonRegressor(), StandardizedRidge(), RandomForestRegressor(5, random_state=0),
    make_pipeline(StandardScaler(), Ridge()), make_pipeline(StandardScaler(with_mean=False), StandardScaler(), Ridge()),
    make_pipeline(StandardScaler(with_std=False), Ridge()), make_pipeline(MinMaxScaler(), Ridge()),
    make_pipeline(StandardScaler(), RandomForestRegressor(5, random_state=0)),
]  # fmt: skip


@pytest.mark.parametrize("regressor", REGRESSORS, ids=str)
def test_the_answer_is_the_regressors_own(regressor):
    fitted = regressor.fit(X, np.maximum(Y, 0.1))
    np.testing.assert_allclose(fast_predictor(fitted)(X), fitted.predict(X), rtol=1e-10)


def test_a_subclass_with_another_answer_is_asked_itself():
    class Doubled(LinearRegression):
        def predict(self, X):
            return 2 * super().predict(X)

    fitted = Doubled().fit(X, Y)
    np.testing.assert_allclose(fast_predictor(fitted)(X), fitted.predict(X))
