"""The demand study: its figures, its bytes, its command line, and a user's own file in its place."""

import json
from pathlib import Path

import pandas as pd
import pytest

from benchmarks.claims.check import check_run
from case_studies.common.cli import main
from case_studies.common.runs import run_study
from shared.data import datasets
from shared.errors import DataError
from shared.runtime.store import load_model

FEW = ["n_jobs=1", "origins=2", "other_weekdays=false", 'clocks=["12:00"]', "risk=0.1", "horizon=12h"]
ZONE = "timezone=Australia/Melbourne"


@pytest.fixture
def whole(study_run) -> Path:
    return study_run("demand", "whole")


@pytest.fixture(scope="module")
def own(tmp_path_factory) -> Path:
    """The last 400 days of the bundled data, disguised: decimal comma, semicolons, German offsets, shuffled rows."""
    table = datasets.load("vic_elec").iloc[-400 * 48 :]
    table = table.sample(frac=1, random_state=0)
    table["Time"] = table["Time"].dt.strftime("%Y-%m-%dT%H:%M:%S%z")
    path = tmp_path_factory.mktemp("own") / "mine.csv"
    table.to_csv(path, sep=";", decimal=",", index=False)
    return path


def metrics(folder: Path) -> dict[str, float]:
    return json.loads((folder / "metrics.json").read_text())


def test_claims_of_several_times_of_day_are_borne_out_by_the_tables(whole):
    checked = check_run(whole)
    assert not checked.wrong
    assert not checked.loose


def test_the_protocol_reaches_its_goals(whole):
    found = metrics(whole)
    assert found["12:00 gain"] >= 0.25
    assert found["00:00 gain"] >= 0.18
    assert min(found[f"{clock} gain with the weather known"] for clock in ("12:00", "00:00")) >= 0.5
    for clock in ("12:00", "00:00"):
        assert 0.87 <= found[f"{clock} coverage-90 of lag model"] <= 0.93
        assert min(found[f"{clock} coverage in quarter {number}"] for number in range(1, 5)) >= 0.85


@pytest.mark.parametrize("clock", ["12:00", "00:00"])
def test_origins_of_each_clock_are_52_weeks_of_2014_and_96_half_hours_each(whole, clock):
    made = pd.read_parquet(whole / "predictions.parquet")
    clocks = made.origin.dt.tz_convert("Australia/Melbourne").dt.strftime("%H:%M")
    assert set(clocks) == {"12:00", "00:00"}
    made = made[clocks == clock]
    origins = made.origin.drop_duplicates()
    assert len(origins) == 52
    assert (origins.dt.year == 2014).all()
    counts = made[made.model == "lag model"].groupby("origin").size()
    assert (counts == 96).all()
    assert (made.Time >= made.origin).all()


def test_an_own_file_takes_the_place_of_the_bundled_one(own, tmp_path):
    page = run_study("demand", overrides=[*FEW, ZONE], data=own, out=tmp_path / "run").read_text()
    assert "mine.csv" in page
    assert "your own file" in page
    made = pd.read_parquet(tmp_path / "run" / "predictions.parquet")
    assert str(made.origin.max()) == "2014-12-31 12:00:00+11:00"


def test_a_wrong_own_file_is_told_at_once(tmp_path):
    path = tmp_path / "wrong.csv"
    path.write_text(
        "Time,Demand,Temperature,Holiday\n2024-01-01T00:00:00Z,5,-300,true\n2024-01-01T00:30:00Z,x,20,maybe\n"
    )
    with pytest.raises(DataError) as told:
        run_study("demand", data=path, out=tmp_path / "run")
    text = str(told.value)
    for part in ("wrong.csv", "'Demand'", "'x'", "row 2", "'Temperature'", "below -90", "'Holiday'", "'maybe'"):
        assert part in text


def test_stamps_without_offset_are_local_time(tmp_path):
    table = datasets.load("vic_elec").iloc[-500 * 48 :]
    table.assign(Time=table.Time.dt.tz_localize(None)).to_csv(tmp_path / "local.csv", index=False)
    run_study("demand", overrides=[*FEW, ZONE], data=tmp_path / "local.csv", out=tmp_path / "run")
    made = pd.read_parquet(tmp_path / "run" / "predictions.parquet")
    assert str(made.origin.max()) == "2014-12-31 12:00:00+11:00"


def test_the_saved_model_makes_the_forecast_of_the_run(study_run):
    folder = study_run("demand", "quick")
    forecast = pd.read_parquet(folder / "forecast.parquet")
    future = forecast[["Time"]].assign(Holiday=forecast.Time.dt.strftime("%Y-%m-%d") == "2015-01-01")
    again = load_model(folder / "model.hexad").predict(future=future, levels=[90]).to_frame()
    pd.testing.assert_frame_equal(again, forecast, check_exact=True)


def test_gaps_are_told_with_the_option_that_fills_them_and_filled(own, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    table = pd.read_csv(own, sep=";", decimal=",").sort_values("Time", kind="stable")
    table.drop(table.index[[100, 5000]]).to_csv("gaps.csv", index=False)
    options = ["run", "demand", *(f"--set={text}" for text in [*FEW, ZONE]), "--data", "gaps.csv", "--out", "made"]
    for more, code in (([], 2), (["--set", "read.repair=interpolate"], 0)):
        with pytest.raises(SystemExit) as ended:
            main([*options, *more])
        told = capsys.readouterr().err
        assert ended.value.code == code, told
        if code:
            for part in ("gaps.csv", "2 stamps are missing in 2 gaps", "pass --set read.repair=interpolate"):
                assert part in told
    assert "Interpolated" in Path("made/report.html").read_text()
