import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.covariance import LedoitWolf

from domains.optimization import MomentEstimator
from shared.errors import DataError, HexadError, SettingsError


def draw(n_periods=60, n_assets=5, seed=0):
    rng = np.random.default_rng(seed)
    common = rng.normal(0, 0.02, (n_periods, 1))
    values = rng.normal(0.001, 0.01, (n_periods, n_assets)) * np.linspace(0.5, 2, n_assets) + common
    return pd.DataFrame(values, columns=[f"a{i}" for i in range(n_assets)])


def moments(returns, **settings):
    return MomentEstimator(**settings).fit(returns).moments_


def refused(kind=HexadError, **settings) -> str:
    with pytest.raises(kind) as error:
        moments(draw(), **settings)
    return str(error.value)


@pytest.mark.parametrize(("n_periods", "n_assets"), [(60, 5), (10, 30), (3, 1)])
def test_parts_make_the_covariance(n_periods, n_assets):
    returns = draw(n_periods, n_assets)
    for kind in ("sample", "shrunk", "exponential", "factor"):
        found = moments(returns, covariance=kind)
        whole = found.factor.T @ found.factor
        if found.diagonal is not None:
            whole = whole + np.diag(found.diagonal)
        np.testing.assert_allclose(whole, found.covariance, atol=1e-18, rtol=1e-12)
        assert np.linalg.eigvalsh(found.covariance)[0] > -1e-15


def test_the_sample_is_numpys():
    returns = draw()
    found = moments(returns)
    np.testing.assert_allclose(found.covariance, np.cov(returns.to_numpy().T))
    np.testing.assert_allclose(found.mean, returns.mean())


@pytest.mark.parametrize(("n_periods", "n_assets"), [(60, 5), (20, 40), (500, 3)])
def test_shrunk_is_scikit_learns(n_periods, n_assets):
    returns = draw(n_periods, n_assets)
    known = LedoitWolf().fit(returns.to_numpy())
    found = moments(returns, covariance="shrunk")
    np.testing.assert_allclose(found.covariance, known.covariance_, rtol=1e-10)
    assert any(f"shrunk by {100 * known.shrinkage_:.2g} %" in note for note in found.notes)


def test_exponential_weights_by_hand():
    returns = draw(12, 3)
    values = returns.to_numpy()
    weights = np.array([0.5 ** ((11 - t) / 4) for t in range(12)])
    weights /= weights.sum()
    mean = sum(w * row for w, row in zip(weights, values, strict=True))
    covariance = sum(w * np.outer(row - mean, row - mean) for w, row in zip(weights, values, strict=True))
    covariance /= 1 - (weights**2).sum()
    found = moments(returns, covariance="exponential", mean="exponential", half_life=4)
    np.testing.assert_allclose(found.mean, mean)
    np.testing.assert_allclose(found.covariance, covariance)
    np.testing.assert_allclose(moments(returns, mean="exponential", half_life=4).covariance, np.cov(values.T))
    long = moments(returns, covariance="exponential", half_life=1e9)
    np.testing.assert_allclose(long.covariance, np.cov(values.T), rtol=1e-6)
    short = moments(returns, covariance="exponential", half_life=0.5)
    assert any("rests on" in note for note in short.notes)


def test_weights_on_one_period_are_refused():
    assert "half_life=0.001" in refused(SettingsError, covariance="exponential", half_life=0.001)


def test_factors_keep_each_assets_own_variance():
    returns = draw(100, 8)
    found = moments(returns, covariance="factor", n_factors=2)
    sample = np.cov(returns.to_numpy().T)
    np.testing.assert_allclose(np.diag(found.covariance), np.diag(sample))
    assert found.factor.shape == (2, 8)
    assert found.is_small
    levels, vectors = np.linalg.eigh(sample)
    top = (vectors[:, -2:] * levels[-2:]) @ vectors[:, -2:].T
    np.testing.assert_allclose(found.factor.T @ found.factor, top, atol=1e-12)
    everything = moments(returns, covariance="factor", n_factors=50)
    np.testing.assert_allclose(everything.covariance, sample, atol=1e-15)


def test_the_shrunk_mean_by_hand():
    """Jorion 1986, equation 17, with the covariance as it was estimated."""
    returns = draw(60, 4)
    sample, covariance = returns.mean().to_numpy(), np.cov(returns.to_numpy().T)
    inverse = np.linalg.inv(covariance)
    centre = inverse.sum(axis=0) @ sample / inverse.sum()
    gap = sample - centre
    share = 6 / (6 + 60 * gap @ inverse @ gap)
    np.testing.assert_allclose(moments(returns, mean="shrunk").mean, (1 - share) * sample + share * centre)
    np.testing.assert_allclose(moments(returns[["a0", "a1"]], mean="shrunk").mean, sample[:2])
    assert np.isfinite(moments(draw(3, 10), mean="shrunk").mean).all()
    assert moments(returns, mean="zero").mean.tolist() == [0] * 4


def test_what_is_given_is_taken_by_name():
    returns = draw(n_assets=3)
    mean = pd.Series([0.3, 0.1, 0.2, 9.0], index=["a2", "a0", "a1", "other"])
    square = pd.DataFrame(np.diag([3.0, 1.0, 2.0, 9.0]), index=mean.index, columns=mean.index)
    before = square.copy()
    found = moments(returns, mean=mean, covariance=square)
    assert found.mean.tolist() == [0.1, 0.2, 0.3]
    assert np.diag(found.covariance).tolist() == [1.0, 2.0, 3.0]
    pd.testing.assert_frame_equal(square, before)
    assert moments(returns, mean={"a0": 1, "a1": 2, "a2": 3}).mean.tolist() == [1, 2, 3]
    assert moments(returns, mean=[1, 2, 3], covariance=np.eye(3)).mean.tolist() == [1, 2, 3]
    by_number = moments(returns.set_axis([1, 2, 3], axis=1), mean=pd.Series([1.0, 2.0, 3.0], index=[1, 2, 3]))
    assert by_number.mean.tolist() == [1, 2, 3]


def test_what_is_given_has_to_be_there():
    five = [f"a{i}" for i in range(5)]
    assert "there is none for 'a3', 'a4'" in refused(DataError, mean=pd.Series([1.0, 2, 3], index=five[:3]))
    assert "5 values, of which 1 are no numbers" in refused(DataError, mean=[0.1, np.nan, 0, 0, 0])
    assert "Give one number for each of 5 assets" in refused(DataError, mean=[0.1, 0.2])
    short = pd.DataFrame(np.eye(4), index=five[:4], columns=five[:4])
    assert "has no row or column for 'a4'" in refused(DataError, covariance=short)
    assert "has shape (4, 4)" in refused(DataError, covariance=np.eye(4))
    assert "1 values that are no numbers" in refused(DataError, covariance=np.diag([np.nan, 1, 1, 1, 1]))
    assert "is not symmetric" in refused(DataError, covariance=np.eye(5) + np.eye(5, k=1))


def test_a_table_that_is_no_covariance_is_refused_or_mended():
    square = np.eye(5)
    square[0, 1] = square[1, 0] = 2.0
    told = refused(DataError, covariance=square)
    assert "least eigenvalue -1" in told
    assert 'repair="nearest"' in told
    found = moments(draw(), covariance=square, repair="nearest")
    levels, vectors = np.linalg.eigh(square)
    np.testing.assert_allclose(found.covariance, (vectors * np.maximum(levels, 0)) @ vectors.T)
    assert "negative eigenvalues; set to 0" in found.notes[-1]
    fine = moments(draw(), covariance=np.ones((5, 5)))
    assert fine.notes == ()


@pytest.mark.parametrize(
    "settings",
    [
        {"covariance": "robust"},
        {"mean": "median"},
        {"half_life": 0},
        {"half_life": float("nan")},
        {"half_life": "long"},
        {"n_factors": 0},
        {"n_factors": 1.5},
        {"repair": "all"},
    ],
)
def test_settings_are_checked(settings):
    (name,) = settings
    assert f"{name}={settings[name]!r}" in refused(SettingsError, **settings)


@given(st.integers(0, 10**6), st.sampled_from([1e-3, 0.1]))
def test_moments_follow_the_scale_and_the_order_of_columns(seed, scale):
    returns = draw(20, 4, seed)
    order = np.random.default_rng(seed).permutation(4)
    for settings in (
        {"covariance": "shrunk", "mean": "shrunk"},
        {"covariance": "exponential", "mean": "exponential"},
        {"covariance": "factor"},
        {},
    ):
        one, small = moments(returns, **settings), moments(returns * scale, **settings)
        np.testing.assert_allclose(small.covariance, one.covariance * scale**2, rtol=1e-6)
        np.testing.assert_allclose(small.mean, one.mean * scale, rtol=1e-6)
        turned = moments(returns.iloc[:, order], **settings)
        np.testing.assert_allclose(turned.covariance, one.covariance[np.ix_(order, order)], rtol=1e-6, atol=1e-15)
        np.testing.assert_allclose(turned.mean, one.mean[order], rtol=1e-6)
