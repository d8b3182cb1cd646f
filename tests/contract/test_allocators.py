"""What every allocator, and every estimator of moments, keeps to, whichever it is."""

import inspect
import pickle

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.base import BaseEstimator, clone
from sklearn.exceptions import NotFittedError

import domains.optimization
from domains.optimization import Allocator, InvestmentTask, MomentEstimator
from domains.optimization.portfolio.returns import read_returns
from shared.errors import DataError, HexadError, StoreError
from shared.runtime.store import save_model
from tests.contract.test_matrix_estimators import first_of_fit, public_estimators

FACE = [getattr(domains.optimization, name) for name in domains.optimization.__all__]
ALLOCATORS = [one for one in FACE if inspect.isclass(one) and issubclass(one, Allocator) and one is not Allocator]


def momentum(returns):
    return (returns.rolling(5).mean() > 0) / returns.shape[1]


# What cannot be left out.
NEEDED = {"index": "a0", "rule": momentum}


def make(kind):
    needed = {
        name: NEEDED[name]
        for name, parameter in inspect.signature(kind).parameters.items()
        if parameter.default is inspect.Parameter.empty
    }
    return kind(**needed)


@pytest.fixture(scope="module")
def returns():
    rng = np.random.default_rng(0)
    values = rng.normal(0.002, 0.02, (60, 5)) * np.linspace(0.6, 1.4, 5) + rng.normal(0, 0.01, (60, 1))
    dates = pd.date_range("2020-01-31", periods=60, freq="ME")
    return pd.DataFrame(values, columns=[f"a{i}" for i in range(5)], index=dates)


def test_there_are_some_and_returns_are_what_they_learn_from():
    assert len(ALLOCATORS) >= 7
    learners = {one for one in public_estimators() if first_of_fit(one) == "returns"}
    assert learners == {*ALLOCATORS, Allocator, MomentEstimator}


@pytest.mark.parametrize("kind", [*ALLOCATORS, MomentEstimator])
def test_a_constructor_only_stores(kind):
    parameters = list(inspect.signature(kind).parameters.values())
    strange = {one.name: object() for one in parameters}
    fresh = kind(**strange)
    assert vars(fresh) == strange
    assert all(one.kind is inspect.Parameter.KEYWORD_ONLY for one in parameters[1:])
    assert isinstance(fresh, BaseEstimator)
    copy = clone(make(kind))
    assert copy.get_params() == make(kind).get_params()


@pytest.mark.parametrize("kind", ALLOCATORS)
def test_it_keeps_to_the_contract(kind, returns):
    before = returns.copy()
    model = make(kind)
    with pytest.raises(NotFittedError):
        model.predict(returns)
    settings = model.get_params()
    assert model.fit(returns, np.arange(60)) is model
    assert model.get_params() == settings
    weights = model.weights_
    assert isinstance(weights, pd.Series)
    assert (weights.name, weights.index.name) == ("weight", "asset")
    assert weights.index.tolist() == [name for name in returns.columns if name != settings.get("index")]
    assert np.isfinite(weights).all()
    assert (weights >= 0).all()
    if "rule" not in settings:
        assert weights.sum() == pytest.approx(1.0, abs=1e-8)
    assert model.decision_.values["value"].to_numpy() == pytest.approx(weights.to_numpy())
    assert model.decision_.values["why"].map(type).eq(str).all()
    assert model.decision_.explain()
    assert model.decision_._repr_html_()
    predicted = model.predict(returns)
    assert predicted.shape == (60,)
    assert predicted.index.equals(returns.index)
    np.testing.assert_allclose(predicted, returns[weights.index] @ weights)
    np.testing.assert_allclose(model.predict(returns.assign(more=0.1)[[*returns.columns[::-1], "more"]]), predicted)
    assert len(model.predict(returns.iloc[:1])) == 1
    with pytest.raises(DataError, match="there is no column for 'a1'"):
        model.predict(returns.drop(columns="a1"))
    assert isinstance(model.default_task(), InvestmentTask)
    pd.testing.assert_frame_equal(returns, before)


@pytest.mark.parametrize("kind", ALLOCATORS)
def test_fitting_again_and_in_another_form_is_fitting(kind, returns):
    fresh = make(kind).fit(returns).weights_
    used = make(kind).fit(returns.iloc[:30] * 0.5).fit(returns).weights_
    pd.testing.assert_series_equal(used, fresh)
    for given in (read_returns(returns), pl.from_pandas(returns.reset_index()), returns.reset_index(), returns.copy()):
        np.testing.assert_array_equal(make(kind).fit(given).weights_, fresh)
    if kind.__name__ != "IndexTracker":
        np.testing.assert_array_equal(make(kind).fit(returns.to_numpy()).weights_, fresh)


@pytest.mark.parametrize("kind", ALLOCATORS)
def test_columns_may_stand_in_any_order(kind, returns):
    order = ["a3", "a0", "a4", "a2", "a1"]
    one, other = make(kind).fit(returns).weights_, make(kind).fit(returns[order]).weights_
    assert other.index.tolist() == [name for name in order if name in one.index]
    np.testing.assert_allclose(other[one.index], one, atol=1e-6)


@pytest.mark.parametrize("kind", ALLOCATORS)
@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda table: table.assign(a1=np.nan), "column 'a1': 60 returns are missing"),
        (lambda table: table.assign(a1=-1.5), "below -100 %"),
        (lambda table: table.assign(a1="x"), "column 'a1': holds no numbers"),
        (lambda table: table[::-1], "dates go back"),
        (lambda table: 100 * (1 + table).cumprod(), "look like prices"),
        (lambda table: table.iloc[:1], "1 row, where at least 2 are needed"),
        (lambda table: table["a1"], "Series"),
        (lambda table: None, "None"),
    ],
)
def test_wrong_input_is_told(kind, spoil, told, returns):
    with pytest.raises(HexadError, match=told):
        make(kind).fit(spoil(returns))


@pytest.mark.parametrize("kind", ALLOCATORS)
def test_it_can_be_sent_to_a_worker_and_says_that_no_model_file_holds_it(kind, returns, tmp_path):
    model = make(kind).fit(returns)
    again = pickle.loads(pickle.dumps(model))
    pd.testing.assert_series_equal(again.weights_, model.weights_)
    assert again.decision_.explain() == model.decision_.explain()
    with pytest.raises(StoreError, match=f"{kind.__name__} cannot be stored|may not hold"):
        save_model(model, tmp_path / "model.hexad")
    assert list(tmp_path.iterdir()) == []


def test_moments_keep_to_it_too(returns):
    before = returns.copy()
    fresh = MomentEstimator()
    assert fresh.fit(returns, np.arange(60)) is fresh
    again = MomentEstimator().fit(returns.iloc[:30]).fit(returns)
    np.testing.assert_array_equal(again.moments_.covariance, fresh.moments_.covariance)
    assert fresh.moments_.assets == tuple(returns.columns)
    pd.testing.assert_frame_equal(returns, before)
