"""The study of sensors: measurements of one's own with gaps and faults, its report, and the rows that follow."""

import json

import numpy as np
import pandas as pd
import pytest

from case_studies.common.runs import predict_from, run_study
from case_studies.sensors.sayings import verdict_of
from case_studies.sensors.tables import Tables, compare_finds
from case_studies.sensors.trial import plant_faults
from shared.errors import DataError
from tests.stories.recount import recount

HOURS = 24 * 70


def measurements(n=HOURS, seed=0, start=0):
    rng = np.random.default_rng(seed)
    hour = np.arange(start, start + n)
    parts = []
    for name, level in (("pump", 40.0), ("fan", 90.0)):
        heat = level + 10 * np.sin(2 * np.pi * hour / 24) + rng.normal(0, 1, n)
        parts.append(
            pd.DataFrame(
                {"device": name, "at": pd.Timestamp("2024-01-01") + pd.to_timedelta(hour, unit="h"), "celsius": heat}
            )
        )
    return pd.concat(parts, ignore_index=True)


NAMES = ["columns.sensor=device", "columns.time=at", "columns.value=celsius"]


@pytest.fixture(scope="module")
def own_run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("devices")
    table = measurements()
    table.loc[1200, "celsius"] = 120.0  # pump
    table.loc[HOURS + 1300 : HOURS + 1323, "celsius"] = table.loc[HOURS + 1300, "celsius"]  # fan
    table = table.drop(index=range(1400, 1420))
    table.loc[100, "celsius"] = np.nan
    table.to_csv(folder / "devices.csv", index=False)
    asked = [*NAMES, "incidents=2", "planted=3"]
    return run_study("sensors", data=folder / "devices.csv", overrides=asked, out=folder / "run").parent


def test_incidents_of_an_own_table_are_told(own_run):
    found = pd.read_parquet(own_run / "incidents.parquet")
    assert dict(zip(found["series"], found["kind"], strict=True)) == {"pump": "value", "fan": "standstill"}
    page = (own_run / "report.html").read_text()
    assert "celsius is 120, where" in page
    assert "celsius hardly moves for 24 rows" in page
    assert "Melbourne" not in page
    assert "holiday that was named" not in page


def test_gaps_are_told_and_never_reported(own_run):
    gaps = pd.read_parquet(own_run / "gaps.parquet")
    assert sorted(gaps["rows"]) == [1, 20]
    assert (
        "Nothing was measured in 21 of all 3,360 rows (judged or learnt from), in 2 gaps"
        in (own_run / "report.html").read_text()
    )


def test_every_number_that_is_said_comes_from_a_table(own_run, study_run):
    for folder in (own_run, study_run("sensors", "quick")):
        assert recount(folder) >= 12


def test_values_in_no_order_show_nothing_beyond_the_usual_alarm(tmp_path):
    table = measurements()
    rng = np.random.default_rng(2)
    table["celsius"] = np.concatenate(
        [rng.permutation(part["celsius"]) for _, part in table.groupby("device", sort=False)]
    )
    table.to_csv(tmp_path / "devices.csv", index=False)
    asked = [*NAMES, "planted=4"]
    page = run_study("sensors", data=tmp_path / "devices.csv", overrides=asked, out=tmp_path / "run").read_text()
    first = page[page.index("How sure that is") : page.index("When not to believe it")]
    assert "This way is not shown to find more than the usual alarm" in first or "Less is found" in first


@pytest.mark.parametrize(
    ("ours", "rule", "said"),
    [(40, 5, "better"), (5, 40, "worse"), (38, 34, "none"), (2, 0, "too few")],
)
def test_who_finds_more_is_told_by_the_interval(ours, rule, said):
    n = 46 if said != "too few" else 4
    faults = pd.DataFrame({"found": np.arange(n) < ours, "found_by_rule": np.arange(n) >= n - rule})
    none = pd.DataFrame()
    assert verdict_of(Tables(none, none, none, faults, compare_finds(faults))) == said


def test_planted_faults_are_counted(own_run):
    figures = json.loads((own_run / "metrics.json").read_text())
    assert figures["planted"] == 6
    assert 1 <= figures["planted found by the rule"] <= 6
    assert figures["planted found"] >= 4


def test_rows_that_follow_are_looked_at(own_run, tmp_path):
    new = measurements(60, seed=5, start=HOURS - 10)  # ten of them are known already
    new.loc[40, "celsius"] = 0.0
    new.drop(index=[20, 21]).to_csv(tmp_path / "new.csv", index=False)
    path, told = predict_from(own_run, data=tmp_path / "new.csv", overrides=["incidents=1"], out=tmp_path / "out.csv")
    judged = pd.read_csv(path)
    assert judged.columns[:3].tolist() == ["device", "at", "celsius"]
    assert len(judged) == 2 * 50
    odd = judged[judged["incident"] > 0]
    assert odd["at"].tolist() == [str(new["at"][40])]
    assert odd["why"].iloc[0].startswith("celsius is 0, where")
    assert told[0] == "1 incident is reported in 100 rows, the oddest."
    assert "20 rows known from before are passed over." in told


def test_rows_that_begin_later_are_bridged(own_run, tmp_path):
    new = measurements(40, seed=5, start=HOURS + 30)
    new.to_csv(tmp_path / "new.csv", index=False)
    path, told = predict_from(own_run, data=tmp_path / "new.csv", out=tmp_path / "out.csv")
    assert len(pd.read_csv(path)) == 2 * 70
    assert any("filled 60 rows before the first new ones" in text for text in told)


def test_new_sensors_and_old_rows_are_refused(own_run, tmp_path):
    measurements(20, start=HOURS).replace("fan", "mill").to_csv(tmp_path / "new.csv", index=False)
    with pytest.raises(DataError, match="1 series was not learnt from: 'mill'"):
        predict_from(own_run, data=tmp_path / "new.csv", out=tmp_path / "out.csv")
    measurements(20).to_csv(tmp_path / "old.csv", index=False)
    with pytest.raises(DataError, match="all of its 40 rows are known"):
        predict_from(own_run, data=tmp_path / "old.csv", out=tmp_path / "out.csv")


def test_one_series_without_a_name(tmp_path):
    table = measurements()
    table[table["device"] == "fan"].drop(columns="device").to_csv(tmp_path / "fan.csv", index=False)
    asked = ["columns.time=at", "columns.value=celsius", "columns.sensor=", "planted=1"]
    page = run_study("sensors", data=tmp_path / "fan.csv", overrides=asked, out=tmp_path / "run").read_text()
    assert "1 sensor, from Mon 5 Feb 2024 to Sun 10 Mar 2024" in page


def test_planted_faults_touch_later_rows_alone():
    values = np.sin(np.arange(2000) / 4)
    planted, faults = plant_faults(values, 1000, 8, np.random.default_rng(0))
    assert (planted[:1000] == values[:1000]).all()
    assert [kind for kind, _, _ in faults[:4]] == ["spike", "standstill", "outage", "wrong clock"]
    changed = np.flatnonzero(planted != values)
    assert all(any(first <= row <= last for _, first, last in faults) for row in changed)
