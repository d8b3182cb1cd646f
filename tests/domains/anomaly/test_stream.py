import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from domains.anomaly import CombinedDetector, ForestDetector, MarginDetector, NeighbourDetector, StreamDetector
from shared.errors import SettingsError
from shared.runtime.store import load_model, save_model

DETECTORS = [None, ForestDetector("fair_cut"), NeighbourDetector(), MarginDetector(), CombinedDetector()]
kinds = pytest.mark.parametrize("detector", DETECTORS, ids=lambda one: type(one).__name__)


def ordinary(n, seed):
    return np.random.default_rng(seed).normal(size=(n, 3))


@kinds
def test_rows_that_do_not_change_raise_no_alarm_and_keep_to_the_budget(detector):
    stream = StreamDetector(detector, budget=0.05, random_state=0).fit(ordinary(1500, 0))
    shares, told = [], []
    for seed in range(1, 9):
        batch = ordinary(600, seed)
        shares.append((stream.predict(batch) < 0).mean())
        told.append(stream.update(batch).changed)
    assert not any(told)
    assert np.mean(shares) == pytest.approx(0.05, abs=0.015)


@kinds
def test_a_new_level_is_told_by_its_column_and_becomes_ordinary(detector):
    stream = StreamDetector(detector, memory=1500, random_state=0).fit(ordinary(1500, 0))
    stream.update(ordinary(600, 1))
    shifted = [ordinary(600, seed) + [0.0, 4.0, 0.0] for seed in range(2, 14)]
    first = stream.update(shifted[0])
    assert first.changed
    assert first.columns[0] in {"column 1", "the score"}
    assert "column 1" in first.columns
    assert "column 1" in first.explain()
    assert not first.learnt
    assert "They were not learnt from" in first.explain()
    for batch in shifted[1:-1]:
        stream.update(batch, learn_changed=True)
    assert (stream.predict(shifted[-1]) < 0).mean() < 0.04


def test_a_column_that_is_twice_as_wide_is_told():
    stream = StreamDetector(random_state=0).fit(ordinary(2000, 0))
    assert "column 2" in stream.update(ordinary(1000, 1) * [1.0, 1.0, 2.0]).columns


def test_columns_are_told_by_their_names():
    frame = pd.DataFrame(ordinary(1000, 0), columns=["a", "b", "c"])
    stream = StreamDetector(random_state=0).fit(frame)
    assert stream.update(frame + [0.0, 0.0, 1.0]).columns[0] == "c"


def test_gaps_that_become_more_are_told():
    stream = StreamDetector(random_state=0).fit(ordinary(2000, 0))
    batch = ordinary(1000, 1)
    batch[::4, 0] = np.nan
    assert "column 0" in stream.update(batch).columns


def test_small_batches_are_looked_at_together():
    stream = StreamDetector(random_state=0).fit(ordinary(1000, 0))
    looks = [stream.update(ordinary(100, seed) + 2.0) for seed in range(1, 6)]
    assert [look.n_rows for look in looks] == [100, 200, 300, 400, 500]
    assert [look.changed for look in looks] == [False, False, False, False, True]


def test_what_changed_is_not_learnt_from_unless_it_is_asked_for():
    stream = StreamDetector(random_state=0).fit(ordinary(1000, 0))
    far = [[5.0, 5.0, 5.0]]
    before = stream.p_values(far)[0]
    assert stream.update(0.1 * ordinary(600, 1) + 5.0).changed
    assert stream.p_values(far)[0] == before
    assert stream.n_seen_ == 1000
    assert stream.update(0.1 * ordinary(600, 2) + 5.0, learn_changed=True).learnt
    assert stream.n_seen_ == 1600


def test_too_few_rows_for_a_look_are_told():
    stream = StreamDetector(random_state=0).fit(ordinary(1000, 0))
    assert stream.update(ordinary(1, 1)).explain() == "A look needs 500 rows, and there is 1 so far."


def test_few_of_many_streams_that_do_not_change_raise_an_alarm():
    alarms = 0
    for seed in range(30):
        rng = np.random.default_rng(seed)
        # Ties and a heavy tail, as in sensors.
        rows = np.column_stack([rng.integers(0, 3, 6000), rng.standard_cauchy(6000), rng.normal(size=6000)])
        stream = StreamDetector(ForestDetector(n_trees=20), false_alarms=0.05, random_state=seed).fit(rows[:1000])
        alarms += any(stream.update(rows[begin : begin + 500]).changed for begin in range(1000, 6000, 500))
    assert alarms <= 5  # 30 streams at 5 %: more than 5 come with a chance of 1 %


def test_it_finds_what_a_forest_fitted_on_all_finds():
    rng = np.random.default_rng(0)
    y = (rng.random(8000) < 0.03).astype(int)
    X = rng.normal(size=(8000, 4)) + 2.5 * y[:, None]
    stream = StreamDetector(random_state=0).fit(X[:2000])
    scores = []
    for begin in range(2000, 8000, 1000):
        scores.append(-stream.score_samples(X[begin : begin + 1000]))
        stream.update(X[begin : begin + 1000])
    whole = -ForestDetector(random_state=0).fit(X).score_samples(X)[2000:]
    assert roc_auc_score(y[2000:], np.concatenate(scores)) > roc_auc_score(y[2000:], whole) - 0.01


@kinds
def test_saved_in_between_it_goes_on_to_the_last_digit(detector, tmp_path):
    stream = StreamDetector(detector, random_state=0).fit(ordinary(800, 0))
    stream.update(ordinary(300, 1))
    save_model(stream, tmp_path / "stream.hexad")
    again = load_model(tmp_path / "stream.hexad")
    for one in (stream, again):
        assert one.update(ordinary(400, 2)).n_rows == 700
    np.testing.assert_array_equal(stream.score_samples(ordinary(50, 3)), again.score_samples(ordinary(50, 3)))
    assert stream.n_seen_ == again.n_seen_ == 1500


def test_what_a_row_adds_is_seen_only_after_it_was_scored():
    one, other = (StreamDetector(random_state=0).fit(ordinary(1000, 0)) for _ in range(2))
    batch = ordinary(500, 1)
    before = one.score_samples(batch)
    other.update(ordinary(500, 9))
    np.testing.assert_array_equal(before, StreamDetector(random_state=0).fit(ordinary(1000, 0)).score_samples(batch))
    assert (other.score_samples(batch) != before).any()


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"memory": 0}, "a number of rows"),
        ({"false_alarms": 1}, "a share between 0 and 1"),
        ({"detector": "forest"}, "a detector of domains.anomaly"),
        ({"detector": StreamDetector()}, "a detector of domains.anomaly"),
    ],
)
def test_settings_out_of_range_are_refused(settings, told):
    with pytest.raises(SettingsError, match=told):
        StreamDetector(**settings).fit(ordinary(100, 0))
