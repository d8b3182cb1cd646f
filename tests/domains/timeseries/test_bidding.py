"""A load that chooses its hours, against hand-worked prices."""

import numpy as np
import pandas as pd
import pytest

from domains.timeseries import flexible_load
from shared.errors import HexadError


def made(prices, **forecasts) -> pd.DataFrame:
    """Two days of four steps, by model."""
    rows = {"split": np.repeat([1, 2], 4), "step": [1, 2, 3, 4] * 2, "y": prices}
    return pd.concat([pd.DataFrame({"model": name, "mean": mean, **rows}) for name, mean in forecasts.items()])


def test_prices_paid_by_hand():
    prices = [10.0, -20, 30, 40, 5, 6, 7, 8]
    found = flexible_load(made(prices, good=prices, bad=[-p for p in prices]), "good", "bad", steps=2)
    assert found.paid == found.paid_best == np.mean([-5, 5.5])
    assert found.paid_against == np.mean([35, 7.5])
    assert found.paid_flat == np.mean([15, 6.5])
    assert found.reached == 1.0
    assert found.reached_against == pytest.approx(-1.0)
    assert found.saved == found.paid_against - found.paid


def test_of_equal_forecasts_the_first_steps_are_taken_and_markets_count_apart():
    frame = made([1.0, 2, 3, 4, 5, 6, 7, 8], a=[0.0] * 8, b=[0.0] * 8)
    assert flexible_load(frame, "a", "b", steps=1).paid == np.mean([1, 5])
    both = pd.concat([frame.assign(unique_id="x"), frame.assign(unique_id="z", y=frame.y + 100)])
    found = flexible_load(both, "a", "b", steps=1)
    assert found.paid == np.mean([1, 5, 101, 105])
    assert len(found.by_origin) == 4


def test_where_nothing_can_be_saved_it_says_so():
    found = flexible_load(made([3.0] * 8, a=[1.0] * 8, b=[1.0] * 8), "a", "b", steps=1)
    assert np.isnan(found.reached)
    assert "Nothing could be saved by choosing." in found.explain()


@pytest.mark.parametrize(("steps", "said"), [(0, "from 1 to 3"), (4, "from 1 to 3")])
def test_steps_have_to_leave_a_choice(steps, said):
    with pytest.raises(HexadError, match=said):
        flexible_load(made([3.0] * 8, a=[1.0] * 8, b=[1.0] * 8), "a", "b", steps=steps)


def test_predictions_that_are_missing_are_told():
    frame = made([3.0] * 8, a=[1.0] * 8, b=[1.0] * 8)
    with pytest.raises(HexadError, match="no predictions of 'c'"):
        flexible_load(frame, "a", "c", steps=1)
    with pytest.raises(HexadError, match="missing values"):
        flexible_load(frame.assign(y=np.nan), "a", "b", steps=1)
