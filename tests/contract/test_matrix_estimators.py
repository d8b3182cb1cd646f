"""Every public estimator over a feature matrix passes all of scikit-learn's own checks, without exceptions."""

import importlib
import inspect
import pkgutil

import pytest
from sklearn.base import BaseEstimator
from sklearn.utils.estimator_checks import parametrize_with_checks

import domains

pytestmark = pytest.mark.any_pandas

# Small ones, where the checks would take long with the defaults.
SMALL = {
    "NaturalGradientBoosting": {"n_estimators": 60, "learning_rate": 0.2, "min_samples_leaf": 2},
    "QuantileBoosting": {"quantiles": (0.25, 0.5, 0.75), "max_iter": 20, "min_samples_leaf": 2},
}
# What `fit` takes first says which contract an estimator keeps to; there is no list of names.
CONTRACTS = {
    "X": "here",
    "table": "tests/contract/test_table_learners.py",
    "baskets": "tests/domains/basket/test_completion.py",
    "rows": "tests/contract/test_row_detectors.py",
    "series": "tests/contract/test_series_detectors.py",
    "labelled": "tests/domains/anomaly/test_classifier.py",
    "returns": "tests/contract/test_allocators.py",
    "spend": "tests/domains/optimization/test_response.py",
    "interactions": "tests/contract/test_recommenders.py",
    "texts": "tests/contract/test_recommenders.py",
    "items": "tests/contract/test_recommenders.py",
    "points": "tests/contract/test_locations.py",
    "costs": "tests/domains/geodata/test_market.py",
}


def public_estimators() -> list[type]:
    """Every estimator in the face of a domain."""
    found = {}
    for module in pkgutil.iter_modules(domains.__path__, "domains."):
        face = importlib.import_module(module.name)
        named = (getattr(face, name) for name in face.__all__)
        found |= {
            f"{one.__module__}.{one.__name__}": one
            for one in named
            if inspect.isclass(one) and issubclass(one, BaseEstimator)
        }
    return list(found.values())


def first_of_fit(estimator: type) -> str | None:
    """Name of what an estimator learns from; None where it learns nothing, as `Recipe`."""
    fit = getattr(estimator, "fit", None)
    return list(inspect.signature(fit).parameters)[1] if fit else None


MATRIX_ESTIMATORS = [one(**SMALL.get(one.__name__, {})) for one in public_estimators() if first_of_fit(one) == "X"]


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.SkipTestWarning")
@parametrize_with_checks(MATRIX_ESTIMATORS)
def test_passes_scikit_learns_checks(estimator, check):
    check(estimator)


def test_every_public_estimator_keeps_to_a_contract():
    found = {one.__name__: first_of_fit(one) for one in public_estimators()}
    assert len(found) > 5
    assert {name: first for name, first in found.items() if first is not None and first not in CONTRACTS} == {}
