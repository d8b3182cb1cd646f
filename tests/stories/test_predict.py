"""hexad predict: what the fitted model says of new rows, and every table that is not like the one it learnt from."""

import hashlib
import json
import pickle
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression

from case_studies.common.runs import predict_from
from case_studies.demand.settings import DemandSettings
from domains.timeseries import LagForecaster, SeasonalNaive
from shared.data import datasets
from shared.errors import DataError, HexadError, SettingsError, StoreError
from shared.reporting import Run
from shared.runtime.config import load_settings
from shared.runtime.manifest import MANIFEST
from shared.runtime.store import load_model, save_model

COLUMNS = ["Time", "Demand", "Temperature", "Holiday"]
TEXT = "%Y-%m-%dT%H:%M:%S%z"


@pytest.fixture
def finished(study_run) -> Path:
    """One quick run on the bundled data; nobody changes it."""
    return study_run("demand", "quick")


@pytest.fixture
def copied(finished, tmp_path) -> Path:
    """A copy of the run, to be damaged."""
    return Path(shutil.copytree(finished, tmp_path / "copied"))


@pytest.fixture(scope="module")
def bundled() -> pd.DataFrame:
    return datasets.load("vic_elec")


def days(rows=96, future=0) -> pd.DataFrame:
    """Made-up half-hours from 2015 on; the last ones without demand where asked for; the first day is a holiday."""
    stamps = pd.date_range("2015-01-01", periods=rows + future, freq="30min", tz="Australia/Melbourne")
    wave = np.sin(np.arange(rows + future) / 48 * 2 * np.pi)
    table = pd.DataFrame(
        {
            "Time": stamps,
            "Demand": 4500 + 800 * wave,
            "Temperature": 20 + 5 * wave,
            "Date": stamps.tz_localize(None).normalize(),
            "Holiday": np.arange(rows + future) < 48,
        }
    )
    table.loc[rows:, ["Demand", "Temperature"]] = np.nan
    return table


def write(table, folder, name="week.csv") -> Path:
    if "Time" in table and pd.api.types.is_datetime64_any_dtype(table["Time"]):
        table = table.assign(Time=table["Time"].map(lambda stamp: stamp.strftime(TEXT)))
    table.to_csv(folder / name, index=False)
    return folder / name


def made(run, table, folder, **options):
    """Forecast as a frame, and the sentences told."""
    path, told = predict_from(run, data=write(table, folder), out=folder / "made.parquet", **options)
    return pd.read_parquet(path), told


def expected(run, past, holidays=()):
    """What the model itself says after it has seen some rows."""
    model = load_model(run / "model.hexad")
    assert isinstance(model, LagForecaster)
    if len(past):
        model.update(past[COLUMNS])
    future = model.panel_.future_frame(96)
    stamps = future["Time"].dt.strftime("%Y-%m-%d %H:%M")
    day = future["Time"].dt.strftime("%Y-%m-%d")
    return model.predict(
        future=future.assign(Holiday=stamps.isin(holidays) | day.isin(holidays)), levels=[90]
    ).to_frame()


def same(found, wanted):
    pd.testing.assert_frame_equal(found.reset_index(drop=True), wanted.reset_index(drop=True), check_exact=True)


def hexad(*arguments, cwd):
    command = [sys.executable, "-m", "case_studies", *map(str, arguments)]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)


# What is forecast.


def test_a_fresh_process_says_what_the_model_says(finished, tmp_path):
    write(days(), tmp_path)
    ended = hexad("predict", finished, "--data", "week.csv", "--out", "made.csv", cwd=tmp_path)
    assert ended.returncode == 0, ended.stderr
    assert ended.stderr == ""
    assert ended.stdout.startswith(f"Predictions: {(tmp_path / 'made.csv').resolve()}\n  From 2015-01-03 ")
    wanted = expected(finished, days())
    found = pd.read_csv(tmp_path / "made.csv", dtype=str)  # pandas 2 rounds the last digit of numbers
    assert list(found) == list(wanted) == ["Time", "mean", "median", "lo-90", "hi-90"]
    assert found["Time"].tolist() == wanted["Time"].map(str).tolist()
    for name in list(found)[1:]:
        assert found[name].map(float).tolist() == wanted[name].tolist()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["made.csv", "week.csv"]


def test_from_python_it_is_the_same(finished, tmp_path):
    found, told = made(finished, days(), tmp_path)
    same(found, expected(finished, days()))
    assert any("public holiday" in sentence for sentence in told)


def test_rows_in_any_order_and_other_offsets_are_the_same(finished, tmp_path):
    wanted = expected(finished, days())
    table = days()
    for other in (
        table.iloc[::-1],
        table.sample(frac=1, random_state=0),
        table.assign(Time=table["Time"].dt.tz_convert("UTC")),
        table.assign(Time=table["Time"].dt.tz_convert("Asia/Tokyo")),
        table.assign(Time=table["Time"].dt.tz_localize(None).astype(str)),
        table.assign(Holiday=np.where(table["Holiday"], "yes", "no")),
        table.assign(Holiday=table["Holiday"].astype(int)),
    ):
        same(made(finished, other, tmp_path)[0], wanted)


def test_a_table_without_new_rows_gives_the_forecast_of_the_run(finished, bundled, tmp_path):
    found, told = made(finished, bundled.iloc[-96:], tmp_path)
    same(found, pd.read_parquet(finished / "forecast.parquet"))
    assert "96 rows were known already, and agree." in told


def test_rows_that_are_known_may_come_along(finished, bundled, tmp_path):
    found, told = made(finished, pd.concat([bundled.iloc[-96:], days()]), tmp_path)
    same(found, expected(finished, days()))
    assert "96 rows were known already, and agree." in told


def test_a_past_that_was_revised_is_refused(finished, bundled, tmp_path):
    for name, column in (("Demand", 1), ("Temperature", 2), ("Holiday", 4)):
        old = bundled.iloc[-96:].copy()
        old.iloc[3, column] = not old.iloc[3, column] if name == "Holiday" else old.iloc[3, column] + 1
        with pytest.raises(DataError) as caught:
            made(finished, pd.concat([old, days()]), tmp_path)
        (problem,) = caught.value.problems
        assert (problem.column, problem.rows, problem.count) == (name, (4,), 1)
        assert "revised" in problem.fix


def test_a_past_that_was_revised_is_refused_though_the_table_begins_earlier(finished, bundled, tmp_path):
    before = bundled.iloc[:48].assign(Time=bundled["Time"].iloc[:48] - pd.Timedelta("1D"))
    old = bundled.copy()
    old.loc[100, "Demand"] += 500
    with pytest.raises(DataError, match="differs? from those that the model learnt from"):
        made(finished, pd.concat([before, old, days()]), tmp_path)


def test_a_gap_after_what_is_known_is_refused(finished, tmp_path):
    with pytest.raises(DataError) as caught:
        made(finished, days().iloc[48:], tmp_path)
    for part in ("week.csv", "'Time'", "2014-12-31 23:30", "2015-01-02"):
        assert part in str(caught.value)


def test_rows_without_demand_name_the_holidays_to_come(finished, tmp_path):
    table = days(96, future=96)
    table.loc[144:, "Holiday"] = True
    found, told = made(finished, table, tmp_path)
    same(found, expected(finished, days(), holidays=["2015-01-04"]))
    assert not same_values(found, expected(finished, days()))
    assert not any("public holiday" in sentence for sentence in told)
    table["Temperature"] = 20.0 + 5 * np.sin(np.arange(192) / 48 * 2 * np.pi)  # a forecast of the weather is not used
    same(made(finished, table, tmp_path)[0], found)


def same_values(one, other):
    return np.array_equal(one["mean"], other["mean"])


def test_rows_of_the_future_may_come_first(finished, tmp_path):
    table = days(96, future=96)
    table.loc[144:, "Holiday"] = True
    found, _ = made(finished, table.iloc[::-1], tmp_path)
    same(found, expected(finished, days(), holidays=["2015-01-04"]))


def test_data_that_end_between_two_origins(finished, tmp_path):
    found, told = made(finished, days(100), tmp_path)
    same(found, expected(finished, days()))
    assert "The last 4 rows are not used: the model forecasts from 00:00 only." in told


def test_data_shorter_than_a_day_give_the_forecast_of_the_run(finished, tmp_path):
    found, told = made(finished, days(10), tmp_path)
    same(found, pd.read_parquet(finished / "forecast.parquet"))
    assert any("last 10 rows are not used" in sentence for sentence in told)


def test_holidays_of_rows_that_are_not_used_are_known_all_the_same(finished, tmp_path):
    table = days(100, future=44)
    table.loc[96:, "Holiday"] = True
    found, _ = made(finished, table, tmp_path)
    same(found, expected(finished, days(), holidays=["2015-01-03"]))


def test_columns_that_the_model_does_not_use_are_not_asked_for(finished, tmp_path):
    found, _ = made(finished, days()[COLUMNS], tmp_path)
    same(found, expected(finished, days()))


def test_gaps_are_filled_where_asked(finished, tmp_path):
    table = days()
    table.loc[10, "Temperature"] = np.nan
    found, told = made(finished, table, tmp_path, overrides=["read.repair=interpolate"])
    assert any("nterpolated 1 value" in sentence for sentence in told)
    assert len(found) == 96
    with pytest.raises(DataError) as caught:
        made(finished, table, tmp_path)
    assert "interpolate" in str(caught.value)


def test_new_columns_are_told(finished, tmp_path):
    found, told = made(finished, days().assign(Price=1.5), tmp_path)
    same(found, expected(finished, days()))
    assert "Column 'Price' was not there when the model learnt; it is not used." in told


def test_settings_take_effect_or_are_refused(finished, tmp_path):
    found, _ = made(finished, days(), tmp_path, overrides=["risk=0.1"])
    assert list(found) == ["Time", "mean", "median", "lo-80", "hi-80"]
    with pytest.raises(SettingsError, match="did you mean 'horizon'"):
        made(finished, days(), tmp_path, overrides=["horizn=3"])


@pytest.mark.parametrize(("horizon", "steps"), [("1D", 48), ("3D", 144)])
def test_another_horizon_takes_effect_or_is_refused_in_its_own_words(finished, tmp_path, horizon, steps):
    try:
        found, _ = made(finished, days(), tmp_path, overrides=[f"horizon={horizon}"])
    except HexadError as error:
        assert "96 steps" in str(error) or "horizon" in str(error)
        assert "Give every stamp" not in str(error)
    else:
        assert len(found) == steps


# Tables that are not like the one learnt from.


CHANGES = {
    "a missing column": (lambda t: t.drop(columns="Temperature"), ["'Temperature'", "is missing"]),
    "a renamed column": (lambda t: t.rename(columns={"Demand": "Load"}), ["'Demand'", "is missing", "'Load'"]),
    "another case": (lambda t: t.rename(columns={"Temperature": "temperature"}), ["'Temperature'", "'temperature' is new and looks like it"]),
    "a word for a number": (
        lambda t: t.assign(Demand=[*t["Demand"].astype(str)[:5], "n/k", *t["Demand"].astype(str)[6:]]),
        ["'Demand'", "'n/k'", "row 6"],
    ),
    "dates that are none": (lambda t: t.assign(Time="yesterday"), ["'Time'", "cannot be read as dates", "'yesterday'", "rows 1, 2"]),
    "ambiguous dates": (
        lambda t: t.iloc[:2].assign(Time=["01/02/2015 00:00", "01/02/2015 00:30"]),
        ["'Time'", "day-first or month-first"],
    ),
    "kilowatts": (lambda t: t.assign(Demand=t["Demand"] * 1000), ["'Demand'", "4.5e+06", "2,858 to 9,345", "another unit, such as a unit 1,000 times as small"]),
    "zeros": (lambda t: t.assign(Demand=0.0), ["'Demand'", "values are about 0"]),
    "degrees Fahrenheit": (lambda t: t.assign(Temperature=t["Temperature"] * 1.8 + 32), ["'Temperature'", "above 60"]),
    "swapped columns": (
        lambda t: t.rename(columns={"Demand": "Temperature", "Temperature": "Demand"}),
        ["'Temperature'", "above 60", "96 values"],
    ),
    "negative demand": (lambda t: t.assign(Demand=-t["Demand"]), ["'Demand'", "below 0"]),
    "a missing demand": (lambda t: t.assign(Demand=t["Demand"].where(t.index != 10)), ["'Demand'", "missing", "row 11"]),
    "a missing temperature": (lambda t: t.assign(Temperature=t["Temperature"].where(t.index != 95)), ["'Temperature'", "row 96"]),
    "a missing holiday": (lambda t: t.assign(Holiday=t["Holiday"].astype(object).where(t.index != 7)), ["'Holiday'", "missing", "row 8"]),
    "no demand at all": (lambda t: t.assign(Demand=np.nan), ["'Demand'", "holds no values"]),
    "a repeated stamp": (lambda t: pd.concat([t, t.iloc[[4]]]), ["'Time'", "repeats", "row 97"]),
    "a missing row": (lambda t: t.drop(index=[10, 11]), ["'Time'", "2 stamps are missing", "2015-01-01 05:00"]),
    "every other row": (lambda t: t.iloc[::2], ["'Time'", "stamps are missing", "1 hour"]),
    "off the grid": (lambda t: t.assign(Time=t["Time"] + pd.Timedelta("15min")), ["'Time'", "grid of 30 minutes"]),
    "UTC without saying so": (
        lambda t: t.assign(Time=t["Time"].dt.tz_convert("UTC").dt.tz_localize(None).astype(str)),
        ["'Demand'", "differ from those"],
    ),
    "some offsets left out": (
        lambda t: t.assign(Time=[x.strftime(TEXT if i != 3 else TEXT[:-2]) for i, x in enumerate(t["Time"])]),
        ["'Time'", "no time zone", "row 4"],
    ),
    "decimal commas": (
        lambda t: t.assign(Demand=t["Demand"].map("{:.2f}".format).str.replace(".", ",")),
        ["'Demand'", "cannot be read as numbers", "decimal"],
    ),
    "another language": (lambda t: t.assign(Holiday=np.where(t["Holiday"], "ja", "nein")), ["'Holiday'", "'ja'", "true or false"]),
    "no rows": (lambda t: t.iloc[:0], ["no rows"]),
}  # fmt: skip


@pytest.mark.parametrize("kind", CHANGES)
def test_a_changed_table_is_told_with_column_rows_and_mend(finished, tmp_path, kind):
    change, parts = CHANGES[kind]
    with pytest.raises(DataError) as caught:
        made(finished, change(days()), tmp_path)
    for part in ("week.csv", *parts):
        assert part in str(caught.value)
    assert all(problem.fix for problem in caught.value.problems)
    assert not (tmp_path / "made.parquet").exists()


def test_on_the_command_line_the_mend_is_an_option(finished, tmp_path):
    write(days().assign(Demand=days()["Demand"] * 1000), tmp_path)
    arguments = ["predict", finished, "--data", "week.csv", "--out", "made.csv"]
    refused = hexad(*arguments, cwd=tmp_path)
    assert refused.returncode == 2
    assert "pass --accept-drift if they are right" in refused.stderr
    assert "Traceback" not in refused.stderr
    accepted = hexad(*arguments, "--accept-drift", cwd=tmp_path)
    assert accepted.returncode == 0, accepted.stderr
    assert "Column 'Demand': values are about 4.5e+06" in accepted.stdout
    assert "accept_drift" not in accepted.stdout
    assert (tmp_path / "made.csv").exists()


def test_drift_that_is_accepted_is_forecast_from(finished, tmp_path):
    table = days().assign(Demand=days()["Demand"] * 1000)
    found, _ = made(finished, table, tmp_path, accept_drift=True)
    same(found, expected(finished, table))


# Where it is written.


@pytest.mark.parametrize("name", ["made.xlsx", "made", "made.csv.gz"])
def test_other_files_than_csv_and_parquet_are_refused_before_anything_is_read(finished, tmp_path, name):
    with pytest.raises(SettingsError, match=r"--out '.*': predictions are written as \.csv or \.parquet"):
        predict_from(finished, data=tmp_path / "none.csv", out=tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_the_new_rows_are_never_overwritten(finished, tmp_path):
    path = write(days(), tmp_path)
    before = path.read_bytes()
    with pytest.raises(SettingsError):
        predict_from(finished, data=path, out=path)
    assert path.read_bytes() == before


def test_a_file_of_the_run_is_never_overwritten(copied, tmp_path):
    before = (copied / "forecast.parquet").read_bytes()
    with pytest.raises(SettingsError):
        predict_from(copied, data=write(days(), tmp_path), out=copied / "forecast.parquet")
    assert (copied / "forecast.parquet").read_bytes() == before


def test_without_out_it_lies_beside_the_run_and_nothing_else_changes(copied, tmp_path):
    before = {str(path.relative_to(copied)): path.read_bytes() for path in copied.rglob("*") if path.is_file()}
    path, _ = predict_from(copied, data=write(days(), tmp_path, "odd näme; =1.csv"))
    assert path.parent == copied
    assert path.name.startswith("predictions-odd-n")
    after = {str(other.relative_to(copied)): other.read_bytes() for other in copied.rglob("*") if other.is_file()}
    written = after.pop(path.name)
    listed = f"{hashlib.sha256(written).hexdigest()}  {path.name}\n".encode()
    assert after.pop(MANIFEST) == before.pop(MANIFEST) + listed
    assert after == before


# Runs that are none, or damaged.


def test_folders_that_are_no_run(finished, tmp_path):
    for folder in (tmp_path / "none", finished / "run.json", tmp_path):
        with pytest.raises(StoreError, match="is no folder|is no finished run"):
            predict_from(folder, data=tmp_path / "week.csv")


@pytest.mark.parametrize("name", ["run.json", "schema.json", "settings.toml", "model.hexad"])
def test_damaged_files_are_told_by_name(copied, tmp_path, name):
    data, whole = write(days(), tmp_path), (copied / name).read_bytes()
    for damaged in (whole[: len(whole) // 2] + b"=", b"\xff\xfe\x00", b"", None):
        if name == "settings.toml" and damaged == b"":
            continue
        (copied / name).unlink()
        if damaged is not None:
            (copied / name).write_bytes(damaged)
        with pytest.raises((StoreError, SettingsError), match=name.replace(".", r"\.")):
            predict_from(copied, data=data)


@pytest.mark.parametrize(
    "study", ["../demand", "/etc/passwd", "os", "demand_parts.ahead", "saved", "", "demand\0", None, 5, ["demand"]]
)
def test_a_study_that_is_none_is_refused(copied, tmp_path, study):
    run = json.loads((copied / "run.json").read_text())
    (copied / "run.json").write_text(json.dumps({**run, "study": study}))
    with pytest.raises((StoreError, SettingsError), match="which this Hexad does not have|names no study"):
        predict_from(copied, data=write(days(), tmp_path))


@pytest.mark.parametrize(
    "text",
    [
        "[]",
        "{}",
        '{"columns": "abc"}',
        '{"columns": []}',
        "[" * 100_000,
        '{"columns": [{"name": "Demand", "kind": "none-such", "labels": []}]}',
        '{"columns": [{"name": "Demand", "kind": ["number"], "labels": []}]}',
        '{"columns": [{"name": 5, "kind": "number", "labels": []}]}',
        '{"columns": [{"name": "Demand", "kind": "number", "low": "x", "high": "y", "labels": []}]}',
        '{"columns": [{"name": "Demand", "kind": "number", "labels": 5}]}',
        "x" * 2_000_000,
    ],
    ids=range(11),
)
def test_a_schema_that_is_none_is_refused(copied, tmp_path, text):
    (copied / "schema.json").write_text(text)
    with pytest.raises(StoreError, match=r"schema\.json"):
        predict_from(copied, data=write(days(), tmp_path))


class Trap:
    def __reduce__(self):
        return (open, ("sprung", "w"))


def test_malicious_and_foreign_models_are_refused(copied, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    data = write(days(), tmp_path)
    (copied / "model.hexad").write_bytes(pickle.dumps(Trap()))
    with pytest.raises(StoreError, match="Pickles are never read"):
        predict_from(copied, data=data)
    assert not (tmp_path / "sprung").exists()
    whole_numbers = pd.DataFrame({"ds": range(60), "y": [float(i % 4) for i in range(60)]})
    for model in (LinearRegression().fit([[1.0], [2.0]], [1.0, 2.0]), SeasonalNaive(4).fit(whole_numbers)):
        save_model(model, copied / "model.hexad")
        with pytest.raises(HexadError, match=r"model\.hexad|model"):
            predict_from(copied, data=data)


def test_a_password_is_shown_nowhere(finished, tmp_path):
    ended = hexad(
        "predict", finished, "--data", "postgresql://me:hunter2@127.0.0.1:1/x", "--out", "made.csv", cwd=tmp_path
    )
    assert ended.returncode == 2
    assert "hunter2" not in ended.stdout + ended.stderr
    assert "Traceback" not in ended.stderr


# The same table through every door.


def store(table, folder, kind) -> Path:
    path = folder / f"mine.{kind}"
    text = table.assign(Time=table["Time"].map(lambda stamp: stamp.strftime(TEXT)))
    if kind == "csv":
        text.to_csv(path, index=False)
    elif kind == "parquet":
        table.to_parquet(path, index=False)
    elif kind == "jsonl":
        text.to_json(path, orient="records", lines=True, double_precision=15)
    elif kind == "sqlite":
        base = sqlite3.connect(path)
        text.to_sql("mine", base, index=False)
        base.close()
    else:
        duckdb = pytest.importorskip("duckdb")
        base = duckdb.connect(str(path))
        base.register("given", text)
        base.execute("create table mine as select * from given")
        base.close()
    return path


@pytest.mark.filterwarnings("ignore:Arrow output on a DB-API result")
def test_the_own_table_is_read_alike_whatever_the_format(bundled, tmp_path):
    """A run is made from the table and what its report says of it; alike here, the run is the same."""
    table = bundled[COLUMNS].iloc[-260 * 48 :]
    run = Run("demand", tmp_path / "run", "Any")
    run.options = load_settings(DemandSettings).read_options
    read = {}
    for kind in ("csv", "parquet", "jsonl", "sqlite", "duckdb"):
        run.data = store(table, tmp_path, kind)
        read[kind] = run.load_table("vic_elec")
    for kind, (found, report) in read.items():
        pd.testing.assert_frame_equal(found, read["csv"][0], check_exact=True)
        assert report.fingerprint == read["csv"][1].fingerprint, kind


def test_a_contract_holds_only_the_own_columns_that_are_used(finished):
    held = json.loads((finished / "schema.json").read_text())
    assert [column["name"] for column in held["columns"]] == COLUMNS
