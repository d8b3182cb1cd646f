"""Forecasting studies on tables unlike the bundled ones: days for half-hours, short histories, columns of any name."""

import json

import numpy as np
import pandas as pd
import pytest

from case_studies.common.runs import predict_from, run_study
from shared.errors import HexadError, StoreError

FAST = ["n_jobs=1", "leak_guard=false"]


def days(number: int = 330, seed: int = 0) -> pd.DataFrame:
    """A number a day with a course over the week."""
    noise = np.random.default_rng(seed).normal(0, 0.02, number)
    stamps = pd.date_range("2023-01-02", periods=number, freq="D")
    return pd.DataFrame(
        {"day": stamps, "upper": (4 + np.cos(2 * np.pi * stamps.day_of_week / 7)) / 1000 + noise / 1000}
    )


def hours(number: int) -> pd.DataFrame:
    """A number an hour with a course over the day."""
    stamps = pd.date_range("2023-01-02", periods=number, freq="h")
    course = 50 + 20 * np.cos(2 * np.pi * stamps.hour / 24) + np.random.default_rng(1).normal(0, 1, number)
    return pd.DataFrame({"Time": stamps, "Demand": course})


def run(table: pd.DataFrame, folder, *settings: str, quick: bool = True):
    path = folder / "mine.csv"
    table.to_csv(path, index=False)
    return run_study("demand", overrides=[*FAST, *settings], data=path, out=folder / "run", quick=quick).parent


def test_rows_a_day_apart_are_forecast_a_week_ahead_under_any_column_names(tmp_path):
    out = run(days(), tmp_path, "columns.time=day", "columns.demand=upper")
    ahead = pd.read_parquet(out / "reserve_ahead.parquet")
    assert ahead.columns.tolist() == ["from", "day", "expected", "upper", "reserve"]
    assert len(ahead) == 7
    assert ahead["from"].dt.strftime("%a %-d %b %Y").tolist() == ahead["day"].tolist()
    page = (out / "report.html").read_text()
    assert "upper: what comes next, and the reserve to hold" in page
    assert "every day; tried" in page
    assert "solar panels" not in page
    smallest = ahead["expected"].min()
    assert 0 < smallest < 0.01
    assert f"{smallest:.5f}" in page  # not rounded to nothing


def test_origins_lie_in_the_later_half_and_the_report_says_so(tmp_path):
    out = run(hours(24 * 7 * 16), tmp_path)
    made = pd.read_parquet(out / "predictions.parquet")
    assert made["origin"].nunique() == 8  # 13 were asked for, four weeks apart
    assert made["origin"].min() >= pd.Timestamp("2023-01-02") + pd.Timedelta("56D")
    page = (out / "report.html").read_text()
    assert "Of the 13 origins asked for, 8 fit behind the first 1,344 rows, which stay to learn from" in page


def test_the_course_of_the_year_is_learnt_only_from_a_whole_year():
    from case_studies.demand.models import lag_model
    from case_studies.demand.settings import DemandSettings
    from shared.data import Frequency

    hourly = Frequency("fixed", 3600 * 10**9)
    assert lag_model(DemandSettings(), hourly).recipe.fourier
    assert not lag_model(DemandSettings(), hourly, whole_year=False).recipe.fourier


@pytest.mark.parametrize(
    ("table", "settings", "told"),
    [
        (days().iloc[::7], (), "rows are 7 days apart, and this study reads rows a day apart or closer"),
        (days(), ("clocks=12:00", "first_origin=2023-10-01"), "only"),
        (days(30), (), "cutoffs were asked for"),
        (hours(24 * 40), ("first_origin=2023-01-20",), "four weeks"),
    ],
)
def test_tables_that_cannot_be_tried_are_refused_with_the_reason(tmp_path, table, settings, told):
    names = () if "Time" in table else ("columns.time=day", "columns.demand=upper")
    with pytest.raises(HexadError, match=told):
        run(table, tmp_path, *names, *settings, "origins=2" if "Time" in table else "origins=52", quick=False)


@pytest.mark.parametrize(("study", "role"), [("demand", "time"), ("prices", "time"), ("sensors", "sensor")])
def test_names_that_results_have_themselves_are_refused_before_anything_is_read(tmp_path, study, role):
    with pytest.raises(HexadError, match="call yours another in the file, such as 'origin_'$"):
        run_study(study, overrides=[f"columns.{role}=origin"], data=tmp_path / "none.csv", out=tmp_path / "run")


def test_the_hour_that_comes_twice_is_told_apart_by_the_zone_in_each_series(tmp_path):
    stamps = pd.date_range("2023-08-01", "2023-12-01", freq="h", tz="Europe/Berlin", inclusive="left")
    rng = np.random.default_rng(0)
    series = [
        pd.DataFrame({"key": key, "at": stamps.tz_localize(None), "v": 10 + rng.normal(0, 1, len(stamps))})
        for key in "AB"
    ]
    path = tmp_path / "mine.csv"
    pd.concat(series).to_csv(path, index=False)
    names = ["columns.sensor=key", "columns.time=at", "columns.value=v", "n_jobs=1"]
    with pytest.raises(HexadError, match="If the clocks went back there"):
        run_study("sensors", overrides=names, data=path, out=tmp_path / "a", quick=True)
    report = run_study(
        "sensors", overrides=[*names, "timezone=Europe/Berlin"], data=path, out=tmp_path / "b", quick=True
    )
    assert report.is_file()


def prices(number: int) -> pd.DataFrame:
    """Prices of a market, hour by hour, for so many days."""
    stamps = pd.date_range("2023-01-01", periods=24 * number, freq="h")
    course = 50 + 15 * np.cos(2 * np.pi * stamps.hour / 24)
    noise = np.random.default_rng(0).normal(0, 5, len(stamps))
    return pd.DataFrame({"unique_id": "DE", "ds": stamps, "y": course + noise})


def test_prices_are_tried_on_the_days_that_a_short_table_leaves(tmp_path):
    prices(85).to_csv(tmp_path / "mine.csv", index=False)
    out = run_study("prices", overrides=FAST, data=tmp_path / "mine.csv", out=tmp_path / "run").parent
    made = pd.read_parquet(out / "predictions.parquet")
    assert made["origin"].nunique() == 7
    assert "Of the 123 origins asked for, 7 fit behind the first 1,848 rows" in (out / "report.html").read_text()


def test_prices_of_too_few_days_are_told_how_many_are_needed(tmp_path):
    prices(60).to_csv(tmp_path / "mine.csv", index=False)
    with pytest.raises(HexadError, match="holds 60 days, and the models need 77 to learn from and two to be tried"):
        run_study("prices", overrides=FAST, data=tmp_path / "mine.csv", out=tmp_path / "run")


def test_several_sensors_read_as_one_are_told_apart_not_thrown_away(tmp_path):
    stamps = pd.date_range("2023-01-01", periods=500, freq="D")
    rng = np.random.default_rng(0)
    parts = [pd.DataFrame({"page": page, "at": stamps, "v": rng.normal(10, 1, 500)}) for page in "ABC"]
    pd.concat(parts).to_csv(tmp_path / "mine.csv", index=False)
    names = ["columns.time=at", "columns.value=v", "read.repair=keep_last_duplicate"]
    with pytest.raises(HexadError, match=r"1,500 rows share a stamp .* --set columns\.sensor=page"):
        run_study("sensors", overrides=names, data=tmp_path / "mine.csv", out=tmp_path / "run")


def test_an_empty_cell_of_holidays_is_none_and_that_is_told(tmp_path):
    table = days(400).assign(Holiday=[None if place % 20 else "true" for place in range(400)])
    out = run(table, tmp_path, "columns.time=day", "columns.demand=upper")
    assert "380 empty cells of “Holiday” taken for no holiday." in (out / "report.html").read_text()
    assert "20 rows are public holidays" in (out / "report.html").read_text()


def test_the_day_after_a_short_file_of_new_prices_is_forecast_and_missing_hours_are_named(tmp_path):
    table = prices(90)
    table.to_csv(tmp_path / "mine.csv", index=False)
    names = [*FAST, "origins=5", "columns.known=[]"]
    run_study("prices", overrides=names, data=tmp_path / "mine.csv", out=tmp_path / "run")
    more = prices(92).iloc[90 * 24 :]
    more.assign(y=more["y"].where(np.arange(48) < 24)).to_csv(tmp_path / "new.csv", index=False)
    path, _ = predict_from(tmp_path / "run", data=tmp_path / "new.csv", out=tmp_path / "out.csv")
    assert len(pd.read_csv(path)) == 24
    gap = more.assign(y=more["y"].where(np.arange(48) < 24)).drop(index=more.index[22:24])
    gap.to_csv(tmp_path / "gap.csv", index=False)
    with pytest.raises(HexadError, match=r"last price \(2023-04-01 21:00:00\) and the day to be forecast \(2023-04-02"):
        predict_from(tmp_path / "run", data=tmp_path / "gap.csv", out=tmp_path / "gap-out.csv")


def test_a_prediction_says_where_the_report_advised_against_its_model(tmp_path):
    rng = np.random.default_rng(0)
    days = pd.date_range("2022-01-01", periods=507)
    noise = pd.DataFrame({"day": days, "sold": rng.normal(100, 10, 507).round(1)})
    noise.head(500).to_csv(tmp_path / "sold.csv", index=False)
    noise.to_csv(tmp_path / "new.csv", index=False)
    named = ["columns.time=day", "columns.demand=sold", "n_jobs=1"]
    run = run_study("demand", data=tmp_path / "sold.csv", overrides=named, out=tmp_path / "run", quick=True)
    told = predict_from(run.parent, data=tmp_path / "new.csv")[1]
    assert told[0].startswith(
        "The run's report advises against its model. Nothing was found beyond the mean of the past"
    )
    about = json.loads((tmp_path / "run" / "run.json").read_text())
    (tmp_path / "run" / "run.json").write_text(json.dumps({**about, "advised_against": 3}))
    with pytest.raises(StoreError, match=r"run.json is damaged"):
        predict_from(run.parent, data=tmp_path / "new.csv")
