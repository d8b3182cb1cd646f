"""Transforms and their way back."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from domains.timeseries.transforms import changes_over, difference, integrate

numbers = st.floats(-1e6, 1e6)


@given(arrays(float, 60, elements=numbers), st.lists(st.integers(1, 5), min_size=1, max_size=3), st.integers(1, 12))
def test_differences_are_undone_over_any_horizon(values, seasons, horizon):
    begin = np.repeat([0, 20], [20, 40])
    seasons = tuple(seasons)
    stages = difference(values, begin, seasons)
    origins = np.array([45, 60 - horizon])
    ahead = origins[:, None] + np.arange(horizon)
    np.testing.assert_allclose(integrate(stages[-1][ahead], seasons, stages, origins), values[ahead], atol=1e-4)
    np.testing.assert_allclose(changes_over(values[ahead], seasons, stages, origins), stages[-1][ahead], atol=1e-4)


def test_differences_do_not_reach_into_another_series():
    begin = np.repeat([0, 3], [3, 3])
    stage = difference(np.arange(6.0), begin, (2,))[-1]
    assert np.isnan(stage[[0, 1, 3, 4]]).all()
    assert stage[[2, 5]].tolist() == [2.0, 2.0]


def test_errors_add_up_as_forecasts_do():
    stages = difference(np.array([3.0, 1.0, 4.0, 1.0]), np.zeros(4, dtype=int), (1,))
    forecast, truth = np.array([[1.0, -2.0, 0.5]]), np.array([[0.0, 1.0, 2.0]])
    origin = np.array([4])
    error = integrate(truth, (1,), stages, origin) - integrate(forecast, (1,), stages, origin)
    np.testing.assert_allclose(integrate(truth - forecast, (1,), None, origin), error)
