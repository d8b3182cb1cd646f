"""Quantiles against what came: made-up forecasts whose truth is known."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from domains.timeseries import reliability
from shared.errors import HexadError
from shared.evaluation import Scores

LEVELS = (50, 80, 90)


def forecasts(width: float = 1.0, shift: float = 0.0, n: int = 4000, steps: int = 8) -> Scores:
    """Forecasts of standard normal outcomes, with intervals of a relative width."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"model": "m", "split": np.arange(n) // steps, "step": np.arange(n) % steps + 1})
    frame["y"], frame["mean"] = rng.normal(size=n) + shift, 0.0
    for level in LEVELS:
        radius = width * norm.ppf(0.5 + level / 200)
        frame[f"lo-{level}"], frame[f"hi-{level}"] = -radius, radius
    return Scores(pd.DataFrame({"model": "m", "split": [0], "metric": "mae", "value": 1.0}), frame, frame, ())


def test_true_quantiles_are_found_true():
    found = reliability(forecasts(), "m")
    assert list(found.frame.index) == [0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95]
    assert found.max_deviation < 0.02
    assert list(found.frame.columns) == ["all", "1 to 2", "3 to 4", "5 to 6", "7 to 8"]
    bins = found.bins()
    assert bins["nominal"].sum() == pytest.approx(1)
    np.testing.assert_allclose(bins["observed"], bins["nominal"], atol=0.02)
    assert found.n == 4000


def test_narrow_intervals_and_low_forecasts_are_found_out():
    narrow = reliability(forecasts(width=0.5), "m")
    assert narrow.frame.loc[0.05, "all"] == pytest.approx(norm.cdf(-0.5 * 1.645), abs=0.02)
    low = reliability(forecasts(shift=1.0), "m")
    assert (low.frame["all"] < low.frame.index).all()
    assert "off by at most 36 points: below the 75 % quantile lay 39 % of outcomes" in low.explain()
    assert "<svg" in low.plot().svg


def test_outcomes_on_a_quantile_count_half():
    frame = forecasts().predictions.assign(**{"y": 0.0, "lo-50": 0.0, "hi-50": 0.0})
    found = reliability(Scores(frame, frame, frame, ()), "m")
    assert found.frame.loc[0.25, "all"] == found.frame.loc[0.5, "all"] == 0.5


def test_what_is_missing_is_told():
    scores = forecasts()
    with pytest.raises(HexadError, match="no predictions of 'x'; the models are m"):
        reliability(scores, "x")
    bare = scores.predictions[["model", "split", "step", "y", "mean"]]
    with pytest.raises(HexadError, match="no intervals"):
        reliability(Scores(bare, bare, bare, ()), "m")
