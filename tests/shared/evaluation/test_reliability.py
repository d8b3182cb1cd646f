"""Quantiles against what came: made-up forecasts whose truth is known."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from shared.errors import HexadError
from shared.evaluation import Scores, reliability, scorer

LEVELS = (50, 80, 90)


def forecasts(width: float = 1.0, shift: float = 0.0, n: int = 4000, steps: int = 8) -> Scores:
    """Forecasts of standard normal outcomes, with intervals of a relative width."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"model": "m", "cutoff": np.arange(n) // steps, "step": np.arange(n) % steps + 1})
    frame["y"], frame["mean"] = rng.normal(size=n) + shift, 0.0
    for level in LEVELS:
        radius = width * norm.ppf(0.5 + level / 200)
        frame[f"lo-{level}"], frame[f"hi-{level}"] = -radius, radius
    return Scores(pd.DataFrame({"model": "m", "cutoff": [0], "metric": "mae", "value": 1.0}), frame, frame, ())


def test_true_quantiles_are_found_true():
    found = reliability(forecasts(), "m")
    assert list(found.frame.index) == [0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95]
    assert found.largest < 0.02
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
    assert "off by at most 36 points: below the 75 % quantile lay 39 % of what came" in low.explain()
    assert "<svg" in low.plot().svg


def test_outcomes_on_a_quantile_count_half():
    frame = forecasts().predictions.assign(**{"y": 0.0, "lo-50": 0.0, "hi-50": 0.0})
    found = reliability(Scores(frame, frame, frame, ()), "m")
    assert found.frame.loc[0.25, "all"] == found.frame.loc[0.5, "all"] == 0.5


def test_what_is_missing_is_told():
    scores = forecasts()
    with pytest.raises(HexadError, match="no predictions of 'x'; the models are m"):
        reliability(scores, "x")
    bare = scores.predictions[["model", "cutoff", "step", "y", "mean"]]
    with pytest.raises(HexadError, match="no intervals"):
        reliability(Scores(bare, bare, bare, ()), "m")


def test_scores_of_one_series_are_those_of_its_rows():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {"model": np.repeat(["a", "b"], 20), "cutoff": np.arange(40) % 5, "unique_id": ["x", "z"] * 20}
    )
    frame["step"], frame["y"], frame["mean"] = 1, rng.normal(size=40), rng.normal(size=40)
    whole = Scores(frame, frame, frame, ("b",))
    one = whole.of_series("z", [scorer("mae")])
    rows = frame[(frame.unique_id == "z") & (frame.model == "a")]
    expected = (rows.y - rows["mean"]).abs().groupby(rows.cutoff).mean()
    pd.testing.assert_series_equal(one.of("a", "mae").sort_index(), expected, check_names=False)
    with pytest.raises(HexadError, match="no predictions of a series 'q'"):
        whole.of_series("q", [scorer("mae")])
    with pytest.raises(HexadError, match="take 'mae' instead"):
        whole.of_series("z", [scorer("mase")])
