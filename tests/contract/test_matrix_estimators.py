"""Estimators over a feature matrix pass all of scikit-learn's own checks, without exceptions."""

import importlib
import inspect
import pkgutil

import pytest
from sklearn.base import BaseEstimator
from sklearn.utils.estimator_checks import parametrize_with_checks

import domains
from domains.timeseries import NaturalGradientBoosting, QuantileBoosting, StandardizedRidge

pytestmark = pytest.mark.any_pandas

MATRIX_ESTIMATORS = [
    StandardizedRidge(),
    NaturalGradientBoosting(n_estimators=60, learning_rate=0.2, min_samples_leaf=2),
    QuantileBoosting((0.25, 0.5, 0.75), max_iter=20, min_samples_leaf=2),
]
TABLE_LEARNERS = {
    "AutoForecaster",
    "Drift",
    "LagForecaster",
    "Naive2",
    "PerSeries",
    "SeasonalMean",
    "SeasonalNaive",
    "SimilarDay",
}
NEITHER = {"Recipe", "RuleRecommender"}  # the recommender learns from baskets: tests/domains/basket/test_completion.py


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.SkipTestWarning")
@parametrize_with_checks(MATRIX_ESTIMATORS)
def test_passes_scikit_learns_checks(estimator, check):
    check(estimator)


def test_every_public_estimator_is_in_one_contract():
    names = set()
    for module in pkgutil.iter_modules(domains.__path__, "domains."):
        face = importlib.import_module(module.name)
        found = {name: getattr(face, name) for name in face.__all__}
        names |= {name for name, one in found.items() if inspect.isclass(one) and issubclass(one, BaseEstimator)}
    assert names == {type(one).__name__ for one in MATRIX_ESTIMATORS} | TABLE_LEARNERS | NEITHER
