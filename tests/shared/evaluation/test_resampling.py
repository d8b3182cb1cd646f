import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import SettingsError
from shared.evaluation.resampling import draw_blocks


def lengths_of(rows, n):
    """Lengths of runs in which each position follows the one before, round the end."""
    breaks = np.flatnonzero(np.diff(rows) % n != 1)
    return np.diff(np.concatenate([[-1], breaks, [len(rows) - 1]]))


@given(st.integers(1, 60), st.floats(1, 100), st.integers(1, 5), st.integers(0, 1000))
def test_draws_are_positions_and_the_same_for_one_seed(n, length, draws, seed):
    first = list(draw_blocks(n, length=length, draws=draws, seed=seed))
    second = list(draw_blocks(n, length=length, draws=draws, seed=seed))
    assert len(first) == draws
    for one, other in zip(first, second, strict=True):
        np.testing.assert_array_equal(one, other)
        assert one.shape == (n,)
        assert one.dtype.kind == "i"
        assert one.min() >= 0
        assert one.max() < n


def test_blocks_have_the_mean_length_that_was_asked_for():
    n = 5000
    for length in (2.0, 10.0, 50.0):
        rows = np.concatenate([lengths_of(one, n) for one in draw_blocks(n, length=length, draws=60)])
        assert rows.mean() == pytest.approx(length, rel=0.08)
        # Geometric: a block ends after its first position as often as after any other.
        assert (rows == 1).mean() == pytest.approx(1 / length, rel=0.25)


def test_blocks_of_one_are_the_plain_bootstrap():
    rows = np.concatenate(list(draw_blocks(50, length=1, draws=400)))
    counts = np.bincount(rows, minlength=50)
    assert counts.min() > 320
    assert counts.max() < 480
    follows = (np.diff(rows.reshape(400, 50), axis=1) % 50 == 1).mean()
    assert follows == pytest.approx(1 / 50, abs=0.005)


def test_every_position_is_as_likely_also_near_the_ends():
    n = 20
    rows = np.array(list(draw_blocks(n, length=5, draws=4000)))
    np.testing.assert_allclose(np.bincount(rows.ravel(), minlength=n) / rows.size, 1 / n, rtol=0.06)
    np.testing.assert_allclose(np.bincount(rows[:, -1], minlength=n) / len(rows), 1 / n, rtol=0.3)


def test_long_blocks_keep_the_series_as_it_is_but_for_a_turn():
    (rows,) = draw_blocks(30, length=1e9, draws=1, seed=3)
    np.testing.assert_array_equal((rows - rows[0]) % 30, np.arange(30))


def test_the_spread_of_a_mean_of_a_series_that_remembers_is_not_too_small():
    """An autoregression of 0.8: its mean varies by three times what independent draws would say."""
    rng = np.random.default_rng(0)
    noise = rng.normal(size=4000)
    series = np.zeros(4000)
    for t in range(1, 4000):
        series[t] = 0.8 * series[t - 1] + noise[t]
    blocks = np.std([series[rows].mean() for rows in draw_blocks(4000, length=60, draws=300)])
    single = np.std([series[rows].mean() for rows in draw_blocks(4000, length=1, draws=300)])
    truth = 5 / np.sqrt(4000)
    assert blocks == pytest.approx(truth, rel=0.25)
    assert single < 0.5 * truth


@pytest.mark.parametrize(
    "settings",
    [
        {"n": 0},
        {"n": 2.5},
        {"n": True},
        {"draws": 0},
        {"draws": "many"},
        {"length": 0.5},
        {"length": float("nan")},
        {"length": -3},
    ],
)
def test_settings_are_checked(settings):
    given_ = {"n": 5, "length": 2, "draws": 1, **settings}
    found = draw_blocks(given_.pop("n"), **given_)
    with pytest.raises(SettingsError, match="whole numbers from 1 on"):
        next(found)
