"""The scale on which a model works: undone exactly, the same for every unit, learnt before the origin only."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from domains.timeseries import LagForecaster, Recipe
from domains.timeseries.scaling import Scaling
from shared.data import Panel

pytestmark = pytest.mark.any_pandas


def panel_of(*series) -> Panel:
    parts = [pd.DataFrame({"unique_id": f"{i}", "ds": range(len(y)), "y": y}) for i, y in enumerate(series)]
    return Panel.from_frame(pd.concat(parts))


@given(arrays(float, (2, 12), elements=st.floats(-1e6, 1e6)), st.sampled_from([False, "asinh"]), st.booleans())
def test_it_is_undone(values, log, local):
    panel = panel_of(*values)
    scaling = Scaling.learn(panel, log=log, local=local, season=1)
    made = scaling.forward(panel).reshape(2, 12)
    np.testing.assert_allclose(scaling.units_of(panel).back(made), values, rtol=1e-7, atol=1e-7 * np.abs(values).max())


def test_the_units_of_later_series_are_their_own_and_those_learnt_stay():
    first = panel_of([0.0, 10, 0, 10], [0.0, 1, 0, 1])
    more = panel_of([0.0, 99, 0, 99], [0.0, 1, 0, 1], [5.0, 7, 5, 7])
    scaling = Scaling.learn(first, log=False, local=True, season=1)
    assert scaling.units_of(more).scales.tolist() == [10.0, 1.0, 2.0]


def test_a_series_that_stands_still_has_a_unit():
    for values in ([3.0] * 8, [0.0] * 7 + [1.0]):
        panel = panel_of(values)
        made = Scaling.learn(panel, log="asinh", local=True, season=1).forward(panel)
        assert np.isfinite(made).all()


@pytest.mark.parametrize("factor", [1e-3, 1e6, -1.0])
def test_the_forecast_does_not_depend_on_the_unit(factor):
    """Prices in cents are forecast as prices in euros are, and what is sold as what is bought."""
    rng = np.random.default_rng(0)
    t = np.arange(400)
    y = 30 * np.sin(2 * np.pi * t / 24) + rng.standard_t(3, size=400) * 5
    made = []
    for values in (y, factor * y):
        model = LagForecaster(recipe=Recipe((1, 24)), horizon=3, every=1, log="asinh")
        made.append(model.fit(pd.DataFrame({"ds": t, "y": values})).predict(levels=[80]).to_frame().drop(columns="ds"))
    again = made[1].rename(columns={"lo-80": "hi-80", "hi-80": "lo-80"}) if factor < 0 else made[1]
    pd.testing.assert_frame_equal(again[made[0].columns] / factor, made[0], rtol=1e-6)


@pytest.mark.parametrize("shift", [0.0, -40.0])
def test_spiky_values_around_any_level_are_forecast_no_worse_than_as_they_are(shift):
    """Errors grow with the distance from zero: a model of the transform learns no less than one of the values."""
    rng = np.random.default_rng(1)
    t = np.arange(3000)
    level = 1.5 * np.sin(2 * np.pi * t / 24)
    noise = np.zeros(3000)
    for i in range(1, 3000):
        noise[i] = 0.7 * noise[i - 1] + rng.normal() * 0.5
    y = 20 * np.sinh(level + noise) + shift
    table = pd.DataFrame({"ds": t, "y": y})
    errors = {}
    for log in (False, "asinh"):
        model = LagForecaster(recipe=Recipe((1, 2, 24)), horizon=1, every=1, log=log, calibration_folds=0).fit(
            table[:2000]
        )
        made = []
        for place in range(2000, 3000, 5):
            made.append(abs(model.predict().to_frame()["mean"][0] - y[place]))
            model.update(table[place : place + 5])
        errors[log] = np.mean(made)
    assert errors["asinh"] < (1.0 if shift == 0 else 1.02) * errors[False]
