"""Metrics agree with independent implementations and with examples worked by hand."""

import numpy as np
import pandas as pd
import pytest
import sklearn.metrics as sk
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from domains.timeseries import metrics as scaled
from shared.errors import HexadError, SettingsError
from shared.evaluation import metrics

NUMBERS = st.integers(-1000, 1000) | st.floats(-1e6, 1e6, allow_subnormal=False)
NONZERO = st.floats(0.01, 1e6) | st.floats(-1e6, -0.01)


def rows(columns, elements=NUMBERS, least=1):
    lengths = st.integers(least, 20)
    return lengths.flatmap(lambda n: hnp.arrays(float, (columns, n), elements=elements))


def close(value, wanted):
    assert value == pytest.approx(wanted, rel=1e-9, abs=1e-9)


# Against scikit-learn


@given(rows(2))
def test_mae_and_rmse_are_those_of_scikit_learn(data):
    close(metrics.mae(*data), sk.mean_absolute_error(*data))
    close(metrics.rmse(*data), sk.root_mean_squared_error(*data))


@given(rows(2))
def test_mae_and_rmse_are_their_formulas(data):
    error = data[0] - data[1]
    close(metrics.mae(*data), sum(abs(error)) / len(error))
    close(metrics.rmse(*data), (sum(error**2) / len(error)) ** 0.5)


@given(rows(2, st.integers(-100, 100), least=2))
def test_r2_is_that_of_scikit_learn(data):
    true, pred = data
    assume(np.ptp(true) > 0)
    close(metrics.r2(true, pred), sk.r2_score(true, pred))
    close(metrics.r2(true, pred), 1 - ((true - pred) ** 2).sum() / ((true - true.mean()) ** 2).sum())


@given(rows(2, NONZERO))
def test_mape_is_that_of_scikit_learn(data):
    close(metrics.mape(*data), sk.mean_absolute_percentage_error(*data))


@given(rows(2), st.floats(0.01, 0.99))
def test_pinball_is_that_of_scikit_learn(data, quantile):
    true, pred = data
    close(metrics.pinball(true, pred, quantile=quantile), sk.mean_pinball_loss(true, pred, alpha=quantile))
    ahead = np.where(true >= pred, quantile * (true - pred), (1 - quantile) * (pred - true))
    close(metrics.pinball(true, pred, quantile=quantile), ahead.mean())


@given(rows(2))
def test_the_pinball_loss_of_the_median_is_half_the_mae(data):
    close(2 * metrics.pinball(*data, quantile=0.5), metrics.mae(*data))


# Against utilsforecast


@pytest.fixture(scope="module")
def losses():
    return pytest.importorskip("utilsforecast.losses")


def long(train, true, **predicted):
    """Two tables as utilsforecast takes them."""
    before = pd.DataFrame({"unique_id": "a", "ds": range(len(train)), "y": train})
    stamps = range(len(train), len(train) + len(true))
    return before, pd.DataFrame({"unique_id": "a", "ds": stamps, "y": true, **predicted})


@given(data=rows(3, st.integers(-50, 50)))
def test_point_metrics_are_those_of_utilsforecast(losses, data):
    train, true, pred = data
    _, table = long(train, true, m=pred)
    close(metrics.mae(true, pred), losses.mae(table, ["m"])["m"][0])
    close(metrics.rmse(true, pred), losses.rmse(table, ["m"])["m"][0])
    close(metrics.smape(true, pred) / 200, losses.smape(table, ["m"])["m"][0])


@given(data=rows(3, st.integers(-50, 50), least=5), season=st.integers(1, 4))
def test_scaled_metrics_are_those_of_utilsforecast(losses, data, season):
    train, true, pred = data
    assume(np.abs(train[season:] - train[:-season]).max() > 0)
    before, table = long(train, true, m=pred)
    scale = scaled.naive_scale(train, season)
    close(scaled.mase(true, pred, scale=scale), losses.mase(table, ["m"], season, before)["m"][0])
    scale = scaled.naive_scale(train, season, squared=True)
    close(scaled.rmsse(true, pred, scale=scale), losses.rmsse(table, ["m"], season, before)["m"][0])


@given(data=rows(4, st.integers(-50, 50)))
def test_quantile_metrics_are_those_of_utilsforecast(losses, data):
    true, *pred = data
    levels = np.array([0.1, 0.5, 0.9])
    _, table = long(true, true, **{"m-a": pred[0], "m-b": pred[1], "m-c": pred[2]})
    names = {"m": ["m-a", "m-b", "m-c"]}
    close(metrics.pinball(true, pred[0], quantile=0.1), losses.quantile_loss(table, {"m": "m-a"}, q=0.1)["m"][0])
    crps = metrics.crps_from_quantiles(true, np.column_stack(pred), levels)
    close(crps, 2 * losses.mqloss(table, names, quantiles=levels)["m"][0])
    if np.abs(true).sum() > 0:
        close(crps / np.abs(true).mean(), losses.scaled_crps(table, names, quantiles=levels)["m"][0])


@given(data=rows(3, st.integers(-9, 9)))
def test_interval_metrics_are_those_of_utilsforecast(losses, data):
    true, low, high = data[0], data[1:].min(axis=0), data[1:].max(axis=0)
    _, table = long(true, true, **{"m-lo-80": low, "m-hi-80": high})
    close(metrics.coverage(true, low, high), losses.coverage(table, ["m"], 80)["m"][0])
    if hasattr(losses, "winkler_score"):
        score = losses.winkler_score(table, ["m"], 80)["m"][0]
        close(metrics.interval_score(true, low, high, level=80), score)


# By hand


@pytest.mark.parametrize(
    ("true", "pred", "value"),
    [
        ([0, 0], [0, 0], 0.0),
        ([0], [5], 200.0),
        ([5], [0], 200.0),
        ([5], [-5], 200.0),
        ([1], [3], 100.0),
        ([-1], [-3], 100.0),
        ([1, 0, 2, 0], [3, 0, 2, 1], 75.0),
    ],
)
def test_smape_by_hand(true, pred, value):
    assert metrics.smape(true, pred) == pytest.approx(value)


@given(rows(2))
def test_smape_is_symmetric_and_bounded(data):
    true, pred = data
    assert 0 <= metrics.smape(true, pred) <= 200 + 1e-9
    close(metrics.smape(true, pred), metrics.smape(pred, true))


def test_the_scale_by_hand():
    assert scaled.naive_scale([1, 2, 4, 8], 1) == pytest.approx(7 / 3)
    assert scaled.naive_scale([1, 2, 4, 8], 2) == pytest.approx(4.5)
    assert scaled.naive_scale([1, 2, 4, 8], 2, squared=True) == pytest.approx((9 + 36) / 2)
    assert scaled.naive_scale([1, 2, 4, 8], 3) == 7.0


def test_scaled_errors_by_hand():
    assert scaled.mase([10, 20], [13, 19], scale=4.0) == pytest.approx(0.5)
    assert scaled.rmsse([10, 20], [13, 17], scale=9.0) == pytest.approx(1.0)


def test_the_naive_forecast_of_an_endless_season_has_mase_one():
    series = np.tile([1.0, 3.0, 2.0], 4) + np.arange(12)
    scale = scaled.naive_scale(series[:9], 3)
    assert scaled.mase(series[9:], series[6:9], scale=scale) == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("true", "value"),
    [
        (5, 4.0),  # inside: the width
        (3, 4.0),  # on the lower bound
        (7, 4.0),  # on the upper bound
        (2, 4.0 + 2 / 0.2 * 1),  # one below
        (9.5, 4.0 + 2 / 0.2 * 2.5),  # two and a half above
    ],
)
def test_the_interval_score_of_gneiting_and_raftery_by_hand(true, value):
    assert metrics.interval_score([true], [3], [7], level=80) == pytest.approx(value)
    assert scaled.msis([true], [3], [7], level=80, scale=2.0) == pytest.approx(value / 2)


@given(rows(3, st.integers(-9, 9)), st.sampled_from([50, 80, 95]))
def test_the_interval_score_is_made_of_two_pinball_losses(data, level):
    true, low, high = data[0], data[1:].min(axis=0), data[1:].max(axis=0)
    alpha = 1 - level / 100
    losses = metrics.pinball(true, low, quantile=alpha / 2) + metrics.pinball(true, high, quantile=1 - alpha / 2)
    close(metrics.interval_score(true, low, high, level=level), 2 / alpha * losses)


def test_coverage_counts_the_bounds():
    assert metrics.coverage([1, 2, 3, 4], [1, 0, 4, 4], [2, 2, 5, 4]) == 0.75


def test_owa_by_hand():
    assert scaled.owa(12.0, 1.5, naive2_smape=16.0, naive2_mase=2.0) == pytest.approx(0.75)
    assert scaled.owa(16.0, 1.0, naive2_smape=16.0, naive2_mase=2.0) == pytest.approx(0.75)


def test_crps_by_hand():
    # Losses 0.25 * 4, 0.5 * 2 and 0.25 * 2: twice their mean.
    assert metrics.crps_from_quantiles([4.0], [[0.0, 2.0, 6.0]], [0.25, 0.5, 0.75]) == pytest.approx(5 / 3)


def test_crps_of_many_quantiles_comes_close_to_that_of_a_uniform_distribution():
    levels = (np.arange(1000) + 0.5) / 1000
    # For U(0, 1) and an outcome y the score is y^2 - y + 1/3 (integral of the squared distance of the two cdfs).
    for y in (0.0, 0.3, 1.0):
        assert metrics.crps_from_quantiles([y], [levels], levels) == pytest.approx(y**2 - y + 1 / 3, abs=1e-5)


# Refusals

PAIRS = [metrics.mae, metrics.rmse, metrics.r2, metrics.mape, metrics.smape]
ALL = {
    **{function.__name__: function for function in PAIRS},
    "mase": lambda y, f: scaled.mase(y, f, scale=1.0),
    "rmsse": lambda y, f: scaled.rmsse(y, f, scale=1.0),
    "pinball": lambda y, f: metrics.pinball(y, f, quantile=0.5),
    "crps": lambda y, f: metrics.crps_from_quantiles(y, np.reshape(f, (-1, 1)), [0.5]),
    "coverage": lambda y, f: metrics.coverage(y, f, f),
    "interval_score": lambda y, f: metrics.interval_score(y, f, f, level=90),
    "msis": lambda y, f: scaled.msis(y, f, f, level=90, scale=1.0),
}


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize(
    ("true", "pred", "text"),
    [
        ([1.0, np.nan, 2.0], [1.0, 2.0, 3.0], "1 are missing or infinite"),
        ([1.0, 3.0], [np.inf, -np.inf], "2 are missing or infinite"),
        ([1.0, 2.0], [1.0, 2.0, 3.0], "one length"),
        ([], [], "at least one value"),
    ],
)
def test_what_cannot_be_computed_is_refused(name, true, pred, text):
    with pytest.raises(HexadError, match=text):
        ALL[name](true, pred)


def test_missing_values_of_nullable_columns_are_refused():
    with pytest.raises(HexadError, match="missing"):
        metrics.mae(pd.Series([1, None], dtype="Int64"), [1, 2])


def test_tables_of_values_are_refused():
    with pytest.raises(HexadError, match="one length"):
        metrics.mae([[1.0]], [[1.0]])


@pytest.mark.parametrize("true", [[2, 2, 2], [2]])
def test_r2_of_a_constant_is_refused(true):
    with pytest.raises(HexadError, match="constant"):
        metrics.r2(true, [1] * len(true))


def test_mape_with_zeros_is_refused():
    with pytest.raises(HexadError, match="zero in 2 rows; use MASE"):
        metrics.mape([0, 1, 0], [1, 1, 1])


@pytest.mark.parametrize(("train", "season"), [([3, 3, 3], 1), ([1, 2, 1, 2], 2)])
@pytest.mark.parametrize("squared", [False, True])
def test_a_training_series_that_repeats_itself_is_refused(train, season, squared):
    with pytest.raises(HexadError, match="repeat themselves"):
        scaled.naive_scale(train, season, squared=squared)


@pytest.mark.parametrize(("train", "season"), [([1, 2], 2), ([1, 2], 0), ([1, 2], -1)])
def test_a_training_series_no_longer_than_a_season_is_refused(train, season):
    with pytest.raises(HexadError, match="more than one season"):
        scaled.naive_scale(train, season)


@pytest.mark.parametrize("scale", [0.0, -1.0, np.nan, np.inf])
def test_a_scale_that_is_no_positive_number_is_refused(scale):
    for call in (
        lambda: scaled.mase([1], [2], scale=scale),
        lambda: scaled.rmsse([1], [2], scale=scale),
        lambda: scaled.msis([1], [0], [2], level=90, scale=scale),
        lambda: scaled.owa(1, 1, naive2_smape=scale, naive2_mase=1),
        lambda: scaled.owa(1, 1, naive2_smape=1, naive2_mase=scale),
    ):
        with pytest.raises(HexadError, match="scale"):
            call()


@pytest.mark.parametrize(("smape", "mase"), [(np.nan, 1.0), (1.0, np.inf)])
def test_owa_of_no_number_is_refused(smape, mase):
    with pytest.raises(HexadError):
        scaled.owa(smape, mase, naive2_smape=1.0, naive2_mase=1.0)


@pytest.mark.parametrize("quantile", [0, 1, -0.1, 1.5, np.nan])
def test_a_quantile_out_of_range_is_refused(quantile):
    with pytest.raises(HexadError, match="between 0 and 1"):
        metrics.pinball([1], [2], quantile=quantile)


@pytest.mark.parametrize("level", [0, 100, -5, 150, np.nan])
def test_a_level_out_of_range_is_refused(level):
    with pytest.raises(HexadError, match="between 0 and 100"):
        metrics.interval_score([1], [0], [2], level=level)


def test_crossing_bounds_are_refused():
    with pytest.raises(HexadError, match="above the upper one in 1 rows"):
        metrics.interval_score([1, 1], [0, 3], [2, 2], level=90)


@pytest.mark.parametrize(("matrix", "levels"), [([1.0], [0.5]), ([[1.0]], [0.1, 0.5]), ([[]], [])])
def test_quantiles_that_do_not_fit_are_refused(matrix, levels):
    with pytest.raises(HexadError, match="quantiles were named"):
        metrics.crps_from_quantiles([1.0], matrix, levels)


# By unit


@given(st.lists(st.tuples(st.sampled_from("abc"), NUMBERS, NUMBERS), min_size=1, max_size=30))
def test_by_unit_is_the_loop_over_units(data):
    units, true, pred = (np.array(column) for column in zip(*data, strict=True))
    found = metrics.by_unit(metrics.mae, units, true, pred)
    assert list(found.index) == list(dict.fromkeys(units))
    for key, value in found.items():
        mine = units == key
        close(value, metrics.mae(true[mine], pred[mine]))


def test_by_unit_hands_options_on():
    found = metrics.by_unit(metrics.pinball, [7, 8, 7], [1, 2, 3], [2, 2, 2], quantile=0.1)
    assert found.to_dict() == {7: pytest.approx(0.5), 8: 0.0}


@pytest.mark.parametrize("units", [["a", "a"], ["a"], ["a", "a", "b", "b"]])
def test_too_few_or_too_many_keys_are_refused(units):
    with pytest.raises(HexadError, match="of one length"):
        metrics.by_unit(metrics.mae, units, [1, 2, 3], [1, 2, 9])


@pytest.mark.parametrize("missing", [None, np.nan])
def test_rows_without_a_key_are_not_lost(missing):
    with pytest.raises(HexadError, match="1 rows have no key"):
        metrics.by_unit(metrics.mae, np.array(["a", missing], dtype=object), [1, 2], [1, 9])


def test_no_rows_are_refused():
    with pytest.raises(HexadError, match="at least one"):
        metrics.by_unit(metrics.mae, [], [], [])


# Two classes


@given(st.lists(st.tuples(st.integers(0, 1), st.integers(-3, 3)), min_size=2, max_size=40))
def test_roc_auc_is_the_share_of_pairs_in_order(data):
    true, score = (np.array(column) for column in zip(*data, strict=True))
    assume(len(set(true)) == 2)
    apart = score[true == 1][:, None] - score[true == 0][None, :]
    close(metrics.roc_auc(true, score), (apart > 0).mean() + 0.5 * (apart == 0).mean())
    close(metrics.roc_auc(2 * true - 1, score), metrics.roc_auc(true, score))


@given(st.lists(st.tuples(st.integers(0, 1), st.integers(0, 1)), min_size=1, max_size=40))
def test_labels_are_judged_by_their_counts(data):
    true, pred = (np.array(column) for column in zip(*data, strict=True))
    close(metrics.accuracy(true, pred), (true == pred).mean())
    shares = [(pred[true == label] == label).mean() for label in np.unique(true)]
    close(metrics.balanced_accuracy(true, pred), np.mean(shares))
    if len({*true, *pred}) == 2:
        right, wrong = ((true == 1) & (pred == 1)).sum(), (true != pred).sum()
        close(metrics.f1(true, pred), 2 * right / (2 * right + wrong) if right + wrong else 0.0)


def test_one_class_or_three_are_refused():
    for function in (metrics.roc_auc, metrics.average_precision):
        with pytest.raises(HexadError, match="two classes are needed, but there is 1"):
            function([1, 1], [0.1, 0.2])
    with pytest.raises(HexadError, match="of two classes, but there are 3"):
        metrics.f1([0, 1, 2], [0, 1, 2])
    with pytest.raises(HexadError, match="one length"):
        metrics.accuracy([0, 1], [0])


# By name


@pytest.mark.parametrize("name", metrics.metric_names())
def test_every_name_makes_a_metric_that_is_its_function(name):
    frame = pd.DataFrame({"y": [0.0, 1.0, 1.0], "mean": [0.2, 1.0, 0.5], "lo-90": 0.0, "hi-90": 0.9})
    frame = frame.assign(score=frame["mean"], label=[0.0, 1.0, 0.0], rank=[1.0, 11.0, 3.0])
    if name == "mape":
        frame["y"] += 1
    made = metrics.metric(
        name, level=90 if name in ("coverage", "interval_score") else None, k=2 if name == "vus_pr" else None
    )
    values = made.units(frame, made.prepare(frame))
    wanted = getattr(metrics, name)(*(frame[column] for column in made.reads), **made.options)
    assert values.mean() == pytest.approx(wanted)
    assert metrics.score_split(made, frame) == pytest.approx(wanted)


def test_a_name_carries_its_level_or_length():
    assert metrics.metric("coverage-97.5") == metrics.metric("coverage", level=97.5)
    assert metrics.metric("ndcg@5") == metrics.metric("ndcg", k=5)
    assert metrics.metric("hit_rate").name == "hit_rate@10"
    assert metrics.metric("mae", label="error").name == "error"


@pytest.mark.parametrize("name", ["maee", "mase", "mae-90-1", "", "ndcg@0"])
def test_an_unknown_name_is_refused(name):
    with pytest.raises(SettingsError, match=r"there is no metric .*; there are mae, rmse, "):
        metrics.metric(name)


@pytest.mark.parametrize("level", [None, 0, 100, 150, -1, np.nan])
def test_an_interval_metric_needs_a_level_in_percent(level):
    with pytest.raises(SettingsError, match="level="):
        metrics.metric("coverage", level=level)


def test_a_missing_column_is_named():
    with pytest.raises(HexadError, match=r"coverage-90 needs the columns 'lo-90', 'hi-90'"):
        metrics.metric("coverage-90").units(pd.DataFrame({"y": [1.0], "mean": [1.0]}))


def test_rows_are_units_where_the_metric_is_one_of_rows():
    frame = pd.DataFrame({"basket": ["a", "a", "b"], "rank": [1.0, 20.0, 3.0]})
    units = metrics.metric("hit_rate", unit="basket").units(frame)
    assert list(units.index) == ["a", "a", "b"]
    assert units.tolist() == [1.0, 0.0, 1.0]


def plain_buffered(labels, stretches, width):
    weights = [float(one) for one in labels]
    for begin, end in stretches:
        for row in range(len(labels)):
            away = begin - row if row < begin else row - end
            if 0 < away <= width // 2:
                weights[row] = min(1.0, weights[row] + (1 - away / width) ** 0.5)
    return weights


def plain_stretches(flags):
    found = []
    for row, flag in enumerate(flags):
        if flag and (row == 0 or not flags[row - 1]):
            found.append([row, row])
        elif flag:
            found[-1][1] = row
    return found


def plain_vus_pr(labels, scores, window):
    """The volume under the surface as the paper words it, row by row."""
    n, areas, falling = len(labels), [], sorted(scores, reverse=True)
    for width in range(window + 1):
        weights = plain_buffered(labels, plain_stretches(labels), width)
        joined = plain_stretches([weight > 0 for weight in weights])
        area = last = 0.0
        for place in np.linspace(0, n - 1, 250).astype(int):
            chosen = [row for row in range(n) if scores[row] >= falling[place]]
            hits = sum(weights[row] for row in chosen)
            recall = min(hits / ((sum(labels) + sum(weights)) / 2), 1.0)
            recall *= np.mean([any(begin <= row <= end for row in chosen) for begin, end in joined])
            area += (recall - last) * hits / len(chosen)
            last = recall
        areas.append(area)
    return float(np.mean(areas))


@pytest.mark.parametrize("seed", range(6))
def test_the_volume_under_the_surface_is_that_of_a_plain_count(seed):
    rng = np.random.default_rng(seed)
    n, window = int(rng.integers(20, 60)), int(rng.integers(0, 9))
    labels = np.zeros(n, dtype=int)
    for begin in rng.integers(0, n - 4, 3):
        labels[begin : begin + int(rng.integers(1, 5))] = 1
    scores = rng.integers(0, 6, n).astype(float) if seed % 2 else rng.normal(size=n)
    assert metrics.vus_pr(labels, scores, window) == pytest.approx(plain_vus_pr(labels, scores, window), abs=1e-12)


def test_the_volume_under_the_surface_rewards_near_misses_and_refuses_what_cannot_be_told():
    labels = np.zeros(100)
    labels[50:60] = 1
    near, far = np.zeros(100), np.zeros(100)
    near[48:58] = 1
    far[10:20] = 1
    assert metrics.vus_pr(labels, labels, 10) > metrics.vus_pr(labels, near, 10) > 2 * metrics.vus_pr(labels, far, 10)
    assert metrics.vus_pr(labels, np.zeros(100), 0) == pytest.approx(0.1)
    with pytest.raises(HexadError, match="two classes are needed"):
        metrics.vus_pr(np.zeros(5), np.arange(5.0), 2)
    with pytest.raises(HexadError, match="window=-1"):
        metrics.vus_pr(labels, near, -1)
    assert metrics.metric("vus_pr@24").name == "vus_pr@24"
    with pytest.raises(SettingsError, match="'vus_pr@24'"):
        metrics.metric("vus_pr")
