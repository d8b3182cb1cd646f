"""What splits have in common."""

import numpy as np
import pandas as pd
import pytest
from sklearn.model_selection import KFold, TimeSeriesSplit

from shared.data.splits import LastN, Split, WalkForward
from shared.evaluation.design import describe_splits
from shared.evaluation.task import make_splits

DAYS = pd.DataFrame({"ds": pd.date_range("2024-01-01", periods=200, freq="D")})
PANEL = pd.concat([DAYS.assign(unique_id=name) for name in "abc"], ignore_index=True)


def overlap(walk, data=DAYS, **options):
    return describe_splits(walk.splits(data), data["ds"], **options).overlap


@pytest.mark.parametrize("data", [DAYS, PANEL, PANEL.sample(frac=1, random_state=0)])
def test_overlap_is_the_share_of_days_waited_for_together(data):
    assert overlap(WalkForward(4, every=1, n_splits=9), data) == pytest.approx((1.0, 0.75, 0.5, 0.25))
    assert overlap(WalkForward(14, every=7, n_splits=9), data) == pytest.approx((1.0, 0.5))
    assert overlap(WalkForward(7, every=7, n_splits=9), data) == (1.0,)
    assert overlap(WalkForward(2, every=1, n_splits=9, gap=2), data) == pytest.approx((1.0, 0.75, 0.5, 0.25))


def test_months_of_different_length_overlap_as_they_fall():
    shares = overlap(WalkForward("2M", every="1M", n_splits=4))
    assert len(shares) == 2
    assert shares[1] == pytest.approx(0.5, abs=0.02)


def test_splits_of_scikit_learn_in_time_are_known_by_their_times():
    cuts = make_splits(TimeSeriesSplit(5, test_size=3), DAYS)
    assert describe_splits(cuts, DAYS["ds"]).in_time
    assert not describe_splits(cuts).in_time  # nothing says that rows are in order
    assert describe_splits(cuts, in_time=True).overlap == (1.0,)


def test_folds_share_what_they_learn_from():
    cuts = make_splits(KFold(10, shuffle=True, random_state=0), DAYS)
    found = describe_splits(cuts, DAYS["ds"])
    assert not found.in_time
    assert found.reuse == pytest.approx(1 / 9)


def test_splits_of_different_rows_share_nothing():
    rows = np.arange(20)
    cuts = [Split(i, rows[10 * i : 10 * i + 6], rows[10 * i + 6 : 10 * i + 10]) for i in range(2)]
    assert describe_splits(cuts).reuse == 0.0


def test_the_last_rows_of_series_that_end_at_different_times_are_one_split_in_time():
    data = pd.concat([PANEL[PANEL["unique_id"] != "c"], PANEL[PANEL["unique_id"] == "c"][:100]], ignore_index=True)
    found = describe_splits(LastN(5).splits(data), data["ds"], in_time=True)
    assert found.in_time
    assert found.overlap == (1.0,)


def test_missing_times_are_no_order():
    data = DAYS.assign(ds=DAYS["ds"].where(DAYS.index > 3))
    cuts = make_splits(KFold(4), data)
    assert not describe_splits(cuts, data["ds"]).in_time
