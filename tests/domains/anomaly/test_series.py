"""Series: values, stretches and standstills are found, placed and told; what lasts becomes ordinary."""

import warnings

import numpy as np
import pandas as pd
import pytest

from domains.anomaly import DetectionTask, SeriesDetector
from domains.anomaly.series.looks import Measure, look_back, look_both_ways
from domains.anomaly.series.peaks import Peaks
from domains.anomaly.series.stretches import compare_stretches, find_window
from shared.data.splits import Split
from shared.errors import DataError, HexadError, RepairWarning, SettingsError
from shared.evaluation import evaluate
from shared.text import format_stamp

HOURS, PAST = 24 * 100, 24 * 60


def wave(seed=0, n=HOURS):
    rng = np.random.default_rng(seed)
    hour = np.arange(n)
    return 100 + 50 * np.sin(2 * np.pi * hour / 24) + rng.normal(0, 5, n)


def table_of(y, **columns):
    stamps = pd.date_range("2024-01-01", periods=len(y), freq="h")
    return pd.DataFrame({"ds": stamps, "y": y}).assign(**columns)


def split(table):
    return table[:PAST], table[PAST:]


def odd_series():
    y = wave()
    y[1700] = 300.0
    y[1900:1948] = y[1900]
    y[2100:2124] = 40.0 + np.arange(24) % 3
    return table_of(y)


# Stretches


def plain_comparison(values, window, start, place, references, k):
    gaps, others = [], []
    for reference in references:
        mine, its = values[start : start + window], values[reference : reference + window]
        gaps.append(((mine - its) ** 2).sum())
        others.append((gaps[-1] - ((mine[place] - its[place]) ** 2).sum(), reference))
    near = sorted(others)[:k]
    column = np.sort([values[reference + place] for _, reference in near], axis=0)
    return np.sqrt(sorted(gaps)[k - 1]), column[round(0.5 * (k - 1))]


@pytest.mark.parametrize("n_columns", [1, 2])
def test_stretches_are_compared_as_a_plain_count_does(n_columns):
    values = np.random.default_rng(0).normal(size=(300, n_columns))
    starts, places = np.array([5, 100, 288]), np.array([11, 0, 6])
    references = np.random.default_rng(1).choice(200, 118, replace=False)
    found = compare_stretches(values, 12, starts, places, references)
    for row in range(3):
        distance, usual = plain_comparison(values, 12, starts[row], places[row], references, 3)
        assert found.distance[row] == pytest.approx(distance)
        assert found.usual[row] == pytest.approx(usual)


def test_what_shares_a_row_is_no_other_stretch():
    values = np.zeros((200, 1))
    values[100:110] = 9.0
    starts, places = np.array([100]), np.array([0])
    references = np.arange(80, 120)
    near = compare_stretches(values, 10, starts, places, references)
    apart = compare_stretches(values, 10, starts, places, references, apart=True)
    assert near.distance[0] == 0.0
    assert apart.distance[0] == pytest.approx(9 * np.sqrt(10))


@pytest.mark.parametrize(("season", "window"), [(24, 48), (7, 35), (12, 36), (60, 60), (32, 32)])
def test_a_stretch_is_whole_seasons(season, window):
    assert find_window(np.sin(2 * np.pi * np.arange(2000) / season)) == window


def test_a_stretch_is_at_most_a_quarter():
    assert find_window(np.arange(100.0)) == 25
    assert find_window(np.random.default_rng(0).normal(size=40)) <= 10


def test_peaks_count_an_incident_once():
    scores = np.full(1000, 0.1)
    scores[500:550] = np.r_[np.arange(25.0), np.arange(25.0)[::-1]] + 1
    peaks = Peaks.of(scores, 50)
    assert peaks.rates(np.array([20.0]))[0] == pytest.approx(2 / 1001)
    assert peaks.rates(np.array([30.0]))[0] == pytest.approx(1 / 1001)
    assert peaks.rates(np.array([0.0]))[0] == 1.0
    assert Peaks.of(np.zeros(5), 2).rates(np.array([0.0, 1.0])).tolist() == [1.0, 1 / 6]


# What is found


def test_the_whole_series_shows_what_happened():
    found = SeriesDetector(random_state=0).scan(odd_series(), budget=3)
    stamps = odd_series()["ds"]
    placed = {(one.kind, one.start, one.end) for one in found.incidents}
    assert ("value", stamps[1700], stamps[1700]) in placed
    assert ("standstill", stamps[1900], stamps[1947]) in placed
    other = next(one for one in found.incidents if one.kind != "standstill" and one.start != stamps[1700])
    assert stamps[2100] <= other.start < other.end <= stamps[2123]


def test_the_same_is_found_from_the_past_alone():
    past, later = split(odd_series())
    found = SeriesDetector(random_state=0).fit(past).find_incidents(later, budget=3)
    stamps = odd_series()["ds"]
    assert {one.start for one in found.incidents} >= {stamps[1700], stamps[1900]}
    assert any(stamps[2100] <= one.start < one.end <= stamps[2123] for one in found.incidents)
    value = next(one for one in found.incidents if one.start == stamps[1700])
    assert value.value == 300.0
    assert abs(value.usual - 100 - 50 * np.sin(2 * np.pi * 1700 / 24)) < 10
    assert value.explain() == f"{format_stamp(stamps[1700])}: y is 300, where {value.usual:.4g} would be usual."


def test_a_new_level_is_reported_once_and_ordinary_then():
    y = wave(1, 24 * 120)
    y[1800:] += 150
    past, later = split(table_of(y))
    model = SeriesDetector(random_state=0).fit(past)
    found = model.find_incidents(later)
    stamps = table_of(y)["ds"]
    assert found.incidents[0].start == stamps[1800]
    assert sum(one.start <= stamps[2000] and one.end >= stamps[1790] for one in found.incidents) == 1
    assert (model.predict(later)[1800 + 10 * 48 - PAST :] == -1).mean() < 0.02


def test_ordinary_rows_keep_to_the_rate():
    rates = []
    for seed in range(6):
        past, later = split(table_of(wave(seed)))
        found = SeriesDetector(random_state=0).fit(past).find_incidents(later, budget=0.005)
        rates.append(len(found.incidents) / len(later))
    assert 0.001 < np.mean(rates) < 0.01


def test_channels_are_looked_at_together():
    rng = np.random.default_rng(0)
    load = wave()
    heat = load / 2 + rng.normal(0, 1, HOURS)
    heat[1806] = heat[1818]  # an ordinary value, at a time of the other load
    table = table_of(load, heat=heat)
    found = SeriesDetector(channels=["heat"], random_state=0).scan(table, budget=1).incidents[0]
    assert (found.start, found.column) == (table["ds"][1806], "heat")
    past, later = split(table)
    model = SeriesDetector(channels=["heat"], random_state=0).fit(past)
    assert model.find_incidents(later, budget=1).incidents[0].peak == table["ds"][1806]


def test_a_constant_series_that_moves_is_reported():
    y = np.full(500, 7.0)
    y[450] = 7.001
    past, later = table_of(y)[:400], table_of(y)[400:]
    model = SeriesDetector(random_state=0).fit(past)
    assert model.score(later)["evidence"].idxmax() == 50
    assert model.find_incidents(later, budget=1).incidents[0].start == table_of(y)["ds"][450]
    assert SeriesDetector(random_state=0).scan(past).explain().startswith("Nothing is reported in 400 rows")


def test_directions_and_least_differences_leave_out_what_nobody_would_look_at():
    y = wave()
    y[1700], y[1900] = 300.0, -100.0
    table = table_of(y)
    model, stamps = SeriesDetector(random_state=0), table["ds"]
    both = {one.start for one in model.scan(table, budget=2).incidents}
    assert both == {stamps[1700], stamps[1900]}
    higher = model.scan(table, budget=2, only={"y": "higher"})
    assert {one.start for one in higher.incidents} == {stamps[1700]}
    assert "1 incident passed over" in higher.explain()
    assert len(model.scan(table, budget=2, least={"y": 1000}).incidents) == 0


def test_incidents_are_told_tabled_and_drawn():
    found = SeriesDetector(random_state=0).scan(odd_series(), budget=3)
    assert found.explain().startswith("3 incidents are reported in 2,400 rows, the oddest.\nWed 20 Mar 2024, 04:00 to ")
    assert "y hardly moves for 48 rows" in found.explain()
    assert found.to_frame()["kind"].tolist() == [one.kind for one in found.incidents]
    assert (found.rows["incident"] == 1).sum() == found.incidents[0].n_rows
    assert found.plot().alt == "Lines: y and what would be usual, with 3 incidents marked."
    with pytest.raises(HexadError, match="nothing to draw"):
        SeriesDetector().scan(table_of(np.full(100, 1.0))).plot()


def test_series_of_a_panel_are_named():
    table = pd.concat([odd_series().assign(unique_id="north"), table_of(wave(3)).assign(unique_id="south")])
    found = SeriesDetector(random_state=0).scan(table, budget=2)
    assert {one.series for one in found.incidents} == {"north"}
    assert found.explain().splitlines()[1].startswith("north, Wed 20 Mar 2024, 04:00 to ")
    assert "of north" in found.plot().alt


# Gaps, short series, bad input


def test_rows_that_were_filled_in_are_never_reported():
    table = odd_series()
    gap = table.drop(index=range(1690, 1711))
    with pytest.warns(RepairWarning):
        found = SeriesDetector(random_state=0).scan(gap, budget=20, repair="interpolate")
    lost = set(table["ds"][1690:1711])
    assert not any(one.peak in lost for one in found.incidents)
    hole = table.assign(y=table["y"].where(table.index != 1700))
    with pytest.warns(RepairWarning):
        scored = SeriesDetector(random_state=0).score_whole(hole, repair="interpolate")
    assert scored["evidence"][1700] == 0.0
    assert scored["rate"][1700] == 1.0
    past, later = hole[:PAST], hole[PAST:]
    model = SeriesDetector(random_state=0).fit(past)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RepairWarning)
        assert model.score_samples(later, repair="interpolate")[1700 - PAST] == 0.0
        assert len(model.score_samples(later.drop(index=1800), repair="interpolate")) == len(later) - 1


def test_a_short_series_is_named_and_not_watched():
    table = pd.concat([odd_series().assign(unique_id="long"), table_of(wave(n=30)).assign(unique_id="short")])
    model = SeriesDetector(random_state=0)
    assert "1 series has fewer than 40 rows, and are not watched" not in model.scan(table).explain()
    assert "1 series has fewer than 40 rows, and is not watched: 'short'" in model.scan(table).explain()
    scored = model.score_whole(table)
    assert (scored.loc[scored["unique_id"] == "short", "rate"] == 1.0).all()
    model.fit(table)
    later = table_of(wave(n=35))[30:].assign(unique_id="short")
    assert model.score_samples(later).tolist() == [0.0] * 5
    assert model.update(later).score_samples(later.assign(ds=later["ds"] + pd.Timedelta("5h"))).tolist() == [0.0] * 5


def test_too_few_rows_for_a_rate_are_told():
    found = SeriesDetector(random_state=0).scan(table_of(wave(n=200)), budget=0.001)
    assert "Series of 200 rows cannot tell what comes once in 1,000 rows" in found.explain()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda t: t[:30], "the longest series has 30 rows"),
        (lambda t: t.assign(y=1e20), "column 'y': 2,400 values beyond 1e\\+18"),
        (lambda t: t.drop(index=7), "missing in 1 gap"),
        (lambda t: pd.concat([t, t[:2]]), "occur twice"),
        (lambda t: t.rename(columns={"y": "Y"}), "column 'y'"),
        (lambda t: t.assign(y=t["y"].where(t.index != 3)), "missing"),
        (lambda t: t.assign(y=t["y"].where(t.index != 3, np.inf)), "infinite"),
    ],
)
def test_bad_tables_are_refused(change, said):
    with pytest.raises(DataError, match=said):
        SeriesDetector().fit(change(odd_series()))


def test_rows_that_do_not_follow_are_refused():
    past, later = split(odd_series())
    model = SeriesDetector(random_state=0).fit(past)
    with pytest.raises(DataError, match="goes on at 2024-03-01 00:00:00"):
        model.score(later[5:])
    with pytest.raises(DataError, match="goes on at"):
        model.update(past)
    with pytest.raises(DataError, match="1 series was not learnt from: 'x'"):
        SeriesDetector().fit(past.assign(unique_id="a")).score(later.assign(unique_id="x"))


@pytest.mark.parametrize(
    "settings", [{"budget": 0}, {"budget": True}, {"window": 1}, {"memory": 99}, {"channels": [3]}]
)
def test_bad_settings_are_refused(settings):
    with pytest.raises(SettingsError, match=f"{next(iter(settings))}[=:]"):
        SeriesDetector(**settings).scan(odd_series())


def test_memory_bounds_what_is_kept_and_compared():
    model = SeriesDetector(memory=200, random_state=0)
    past, later = split(odd_series())
    model.fit(past)
    kept = len(model.panel_.values)
    assert kept == (8 + 2) * int(model.window_[0]) + 256  # eight stretches are more than 200 rows
    model.update(later[:300])
    assert len(model.panel_.values) == kept
    assert len(model.stretch_) == kept


def test_what_is_learnt_back_and_both_ways_agree_on_one_distance():
    values = wave()[:, None]
    measure = Measure.of(values, 24)
    scaled = measure.apply(values)
    back, both = (look(scaled, measure, np.random.default_rng(0)) for look in (look_back, look_both_ways))
    stretch = back.stretch[23:]
    assert both.signs.stretch[500] == pytest.approx(stretch[477:501].mean())


def test_a_stamp_far_beyond_what_is_known_is_no_gap():
    past, later = split(odd_series())
    model = SeriesDetector(random_state=0).fit(past)
    far = later.head(3).assign(ds=pd.date_range("2124-01-01", periods=3, freq="h"))
    with pytest.raises(DataError, match="column 'ds': begins at 2124-01-01 00:00:00, 875,136 rows after what is known"):
        model.score(far, repair="interpolate")


def test_evaluate_compares_detectors_of_series_under_the_guard():
    table = odd_series().assign(odd=0)
    for rows in (slice(1700, 1700), slice(1900, 1947), slice(2100, 2123)):
        table.loc[rows, "odd"] = 1
    splits = [Split(1, np.arange(PAST), np.arange(PAST, 2000)), Split(2, np.arange(2000), np.arange(2000, HOURS))]
    scores = evaluate(
        {"ours": SeriesDetector(random_state=0)},
        table,
        splits,
        ["roc_auc", "vus_pr@24"],
        task=DetectionTask("odd"),
        baselines={"other seed": SeriesDetector(random_state=1, window=24)},
    )
    assert (scores.table().loc["ours"] > 0.5).all()
    assert "No leak was found" in scores.explain_leaks()


@pytest.mark.any_pandas
def test_a_wild_value_of_a_short_series_comes_before_the_chances_of_many_others():
    rng = np.random.default_rng(0)
    n, days = 60, 400
    y = 50 + 10 * np.sin(2 * np.pi * np.arange(days) / 7) + rng.normal(0, 2, (n, days))
    y[5, 350] = 120.0
    table = pd.DataFrame(
        {
            "unique_id": np.repeat(np.arange(n), days),
            "ds": np.tile(pd.date_range("2024-01-01", periods=days), n),
            "y": y.ravel(),
        }
    )
    first = SeriesDetector(random_state=0).scan(table, budget=3).incidents[0]
    assert (first.series, first.value) == (5, 120.0)
    early = table.groupby("unique_id").cumcount() < 300
    found = SeriesDetector(random_state=0).fit(table[early]).find_incidents(table[~early], budget=3)
    assert (found.incidents[0].series, found.incidents[0].value) == (5, 120.0)


def test_pieces_give_the_same_where_memory_is_short():
    past, later = split(table_of(wave(4)))
    at_once = SeriesDetector(memory=150, window=12, random_state=0).fit(past).score(later)
    model, pieces = SeriesDetector(memory=150, window=12, random_state=0).fit(past), []
    for begin, stop in ((0, 30), (30, 500), (500, 501), (501, len(later))):
        pieces.append(model.score(later[begin:stop]))
        model.update(later[begin:stop])
    pd.testing.assert_frame_equal(pd.concat(pieces, ignore_index=True), at_once, check_exact=True)
