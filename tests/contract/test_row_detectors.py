"""What every detector over the rows of a table keeps to, whichever it is."""

import inspect

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from shared.runtime.store import load_model, save_model
from tests.contract.test_matrix_estimators import first_of_fit, public_estimators

DETECTORS = [one for one in public_estimators() if first_of_fit(one) == "rows"]


@pytest.fixture(scope="module")
def rows():
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "x": rng.normal(size=200),
            "kind": rng.choice(["a", "b"], 200),
            "at": pd.date_range("2024-01-01", periods=200, freq="h"),
            "gap": np.where(rng.random(200) < 0.1, np.nan, rng.normal(size=200)),
        }
    )


def make(kind, **settings):
    return kind(random_state=0, **settings)


def test_there_are_some():
    assert DETECTORS


@pytest.mark.parametrize("kind", DETECTORS)
def test_it_keeps_to_the_contract(kind, rows, tmp_path):
    before = rows.copy()
    fresh = make(kind)
    for name, parameter in inspect.signature(kind.__init__).parameters.items():
        if name not in {"self", "random_state"}:
            assert getattr(fresh, name) is parameter.default
    with pytest.raises(NotFittedError):
        fresh.score_samples(rows)
    model = clone(fresh)
    assert model.fit(rows) is model
    scores = model.score_samples(rows)
    pd.testing.assert_frame_equal(rows, before)
    assert scores.shape == (200,)
    assert np.isfinite(scores).all()
    np.testing.assert_array_equal(scores, clone(fresh).fit(rows).score_samples(rows))
    np.testing.assert_array_equal(scores, clone(fresh).fit(rows, np.arange(200)).score_samples(rows))
    np.testing.assert_array_equal(scores[::-1], model.score_samples(rows[::-1]))
    np.testing.assert_array_equal(scores[:1], model.score_samples(rows[:1]))
    np.testing.assert_array_equal(scores, model.score_samples(rows[rows.columns[::-1]].assign(more=1)))
    np.testing.assert_array_equal(model.predict(rows), np.where(model.decision_function(rows) < 0, -1, 1))
    save_model(model, tmp_path / "model.hexad")
    np.testing.assert_array_equal(load_model(tmp_path / "model.hexad").score_samples(rows), scores)


@pytest.mark.parametrize("kind", DETECTORS)
def test_what_it_learns_of_a_row_stays_with_the_rows_it_was_given(kind, rows):
    other = rows.copy()
    other.loc[100:, "x"] = 99.0
    one, two = make(kind).fit(rows.iloc[:100]), make(kind).fit(other.iloc[:100])
    np.testing.assert_array_equal(one.score_samples(rows), two.score_samples(rows))
