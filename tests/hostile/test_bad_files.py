"""Bad tables, settings and model files: one error says where, what and how to fix it, or a repair asked for is told."""

import gzip
import importlib.util
import io
import json
import math
import re
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sklearn.linear_model import LinearRegression

from case_studies.common.cli import main
from case_studies.demand.settings import DemandSettings
from shared.data import Panel, SeriesColumns, datasets, read_table
from shared.errors import DataError, HexadError, SettingsError, StoreError
from shared.runtime.config import load_settings
from shared.runtime.store import load_model, save_model

NAN, INF = math.nan, math.inf
RAINY = SeriesColumns(exogenous=("rain",))

# pandas 2 reads dates as nanoseconds, which reach from 1677 to 2262; pandas 3 tells such dates from no dates at all.
OLD = pd.__version__.startswith("2")
EARLY = "cannot be read as dates" if OLD else "before 1678 or after 2261"
LATE = "cannot be read as dates" if OLD else "outside the years 1 to 9999"


def told(caught, *parts):
    """Check that a message holds every part."""
    text = str(caught)
    assert [part for part in parts if part not in text] == [], text
    return text


# Panels


def days(values, start="2024-01-01", freq="D", **more):
    stamps = pd.date_range(start, periods=len(values), freq=freq)
    return pd.DataFrame({"ds": stamps, "y": np.asarray(values, dtype=float), **more})


def stamped(*stamps, **more):
    return pd.DataFrame({"ds": list(stamps), "y": np.arange(float(len(stamps))), **more})


def two_zones():
    berlin, tokyo = pd.Timestamp("2024-01-01", tz="Europe/Berlin"), pd.Timestamp("2024-01-02", tz="Asia/Tokyo")
    return pd.DataFrame({"ds": pd.Series([berlin, tokyo], dtype=object), "y": [1.0, 2.0]})


PANELS = {
    "a gap": (days(range(9)).drop(index=[4, 5]), {}, ("'ds'", "2 stamps are missing in 1 gap", "row 5", "Add the rows")),
    "a gap in one of two series": (
        pd.concat([days(range(5)).assign(unique_id="a"), days(range(5)).drop(index=2).assign(unique_id="b")]),
        {},
        ("'ds'", "series 'b'", "2024-01-03", "row 8", 'repair="interpolate"'),
    ),
    "a repeated stamp": (stamped(1, 2, 2, 3), {}, ("'ds'", "1 stamp occurs twice", "rows 2, 3", "keep_last_duplicate")),
    "every stamp twice": (
        stamped(1, 1, 2, 2, 3, 3), {}, ("'ds'", "3 stamps occur twice", "rows 1, 2, 3, 4, 5", "Remove the extra rows"),
    ),
    "an hour that the clocks skip": (
        stamped(*pd.to_datetime(["2024-10-06 01:30", "2024-10-06 02:30", "2024-10-06 03:30"])),
        {"tz": "Australia/Melbourne"},
        ("'ds'", "1 stamp does not exist in Australia/Melbourne", "row 2", "Write the stamps in UTC"),
    ),
    "the hour that comes twice, as if it came once": (
        stamped(*pd.date_range("2024-10-27 01:00", periods=4, freq="h")),
        {"tz": "Europe/Berlin"},
        ("'ds'", "1 stamp is missing", "row 3", "Add the rows"),
    ),
    "an infinite value": (days([1, INF, 3, -INF]), {}, ("'y'", "2 values are infinite", "rows 2, 4", "Correct them")),
    "an infinite exogenous value": (days([1, 2], rain=[0.0, INF]), {"columns": RAINY}, ("'rain'", "infinite", "row 2")),
    "missing values at both ends": (
        days([NAN, 2, 3, NAN]), {}, ("'y'", "2 values are missing", "rows 1, 4", "drop_missing_ends"),
    ),
    "missing ends that are to be interpolated": (
        days([NAN, 2, NAN, 4]),
        {"repair": "interpolate"},
        ("'y'", "1 missing values at the ends", "row 1", 'repair="drop_missing_ends"'),
    ),
    "an exogenous value that is missing at the end": (
        days([1, 2], rain=[0.0, NAN]), {"columns": RAINY}, ("'rain'", "1 value is missing", "row 2", "Fill them in"),
    ),
    "one row": (days([1]), {}, ("'ds'", "cannot be told from one row", "pass freq=")),
    "all values missing": (days([NAN] * 4), {}, ("'y'", "no value at all", "Name the column")),
    "all stamps missing": (
        stamped(pd.NaT, pd.NaT, pd.NaT), {}, ("'ds'", "3 values are missing", "rows 1, 2, 3", "Correct them"),
    ),
    "all keys missing": (days([1, 2], unique_id=[None, None]), {}, ("'unique_id'", "2 keys are missing", "rows 1, 2", "key")),
    "dates before 1678": (
        stamped(*pd.DatetimeIndex(np.array(["1500-01-01", "1500-01-02"], dtype="M8[s]"))),
        {},
        ("'ds'", EARLY, "rows 1, 2", "Correct them"),
    ),
    "one date in the far future": (
        stamped(*pd.DatetimeIndex(["2024-01-01", "2024-01-02", "9999-12-31"], dtype="datetime64[s]")),
        {},
        ("'ds'", LATE, "row 3", "Correct them"),
    ),
    "text that is no date": (stamped("2024-01-01", "tomorrow"), {}, ("'ds'", "'tomorrow'", "row 2", "Correct them")),
    "a day that is not": (stamped("2024-02-28", "2024-02-30"), {}, ("'ds'", "'2024-02-30'", "row 2", "Correct them")),
    "dates that fit two readings": (
        stamped("01/02/2024", "02/02/2024"), {}, ("'ds'", "day-first or month-first", "rows 1, 2", "Pass dates="),
    ),
    "offsets that differ": (
        stamped("2024-01-01T00:00+01:00", "2024-01-02T00:00+01:00", "2024-01-03T00:00+05:00"),
        {},
        ("'ds'", "another UTC offset", "row 3", 'tz="Europe/Berlin"'),
    ),
    "stamps with and without an offset": (
        stamped("2024-01-01T00:00Z", "2024-01-02T00:00Z", "2024-01-03T00:00"),
        {},
        ("'ds'", "no time zone while the others have one", "row 3", "Write all stamps"),
    ),
    "objects of two zones": (two_zones(), {}, ("'ds'", "+09:00", "row 2", "Pass a zone")),
    "stamps that are fractions": (stamped(1.5, 2.5), {}, ("'ds'", "cannot be read as dates", "rows 1, 2", "Give dates")),
    "stamps that are truth values": (stamped(True, False), {}, ("'ds'", "cannot be read as dates", "rows 1, 2")),
    "stamps that are lists": (stamped([1], [2]), {}, ("'ds'", "cannot be read as dates", "rows 1, 2")),
    "stamps beyond 64 bits": (stamped(2**63, 2**63 + 1), {}, ("'ds'", "too large", "rows 1, 2", "Count from a nearer")),
    "hours said to be days": (
        days(range(9), freq="h"), {"freq": "D"}, ("'ds'", "8 stamps do not lie on the grid", "rows 2, 3", "steps of 1 hour"),
    ),
    "months said to be days": (
        days(range(9), freq="MS"), {"freq": "D"}, ("'ds'", "in 8 gaps", "rows 2, 3", "1 month", "pass freq="),
    ),
    "one stamp beside the grid": (
        stamped(*pd.to_datetime(["2024-01-01 00:00", "2024-01-01 01:00", "2024-01-01 02:07", "2024-01-01 03:00"])),
        {"freq": "h"},
        ("'ds'", "1 stamp does not lie on the grid of 1 hour", "row 3", "Correct them"),
    ),
    "a frequency that is none": (days([1, 2]), {"freq": "fortnightly"}, ("'fortnightly'", "is no duration", "'1W'")),
    "a frequency of nothing": (days([1, 2]), {"freq": "0D"}, ("'0D'", "is no duration", "'2D'")),
    "swapped columns": (
        days([1, 2, 3]).rename(columns={"ds": "y", "y": "ds"}), {}, ("'y'", "cannot be read", "rows 1, 2, 3"),
    ),
    "a column under another name": (
        days([1, 2]).rename(columns={"y": "Y"}), {}, ("column 'y': is missing", "did you mean 'Y'", "Name it so"),
    ),
    "no column that is wanted": (
        pd.DataFrame({"a": [1]}), {}, ("2 problems", "column 'ds': is missing", "column 'y': is missing", "'a'"),
    ),
    "a column twice": (
        pd.DataFrame([[1, 1.0, 2.0]], columns=["ds", "y", "y"]), {}, ("repeated column names: 'y'", "a name of its own"),
    ),
    "values that are words": (
        pd.DataFrame({"ds": [1, 2], "y": ["1", "many"]}), {}, ("'y'", "'many'", "row 2", "Correct them"),
    ),
    "values with a unit": (
        pd.DataFrame({"ds": [1, 2], "y": ["1 MW", "2 MW"]}), {}, ("'y'", "'1 MW'", "rows 1, 2", "Correct them"),
    ),
    "values that are lists": (
        pd.DataFrame({"ds": [1, 2], "y": [[1.0], [2.0]]}), {}, ("'y'", "cannot be read as numbers", "rows 1, 2"),
    ),
    "values that are dates": (
        pd.DataFrame({"ds": [1, 2], "y": pd.date_range("2024", periods=2)}), {}, ("'y'", "cannot be read", "rows 1, 2"),
    ),
    "values that are complex": (
        pd.DataFrame({"ds": [1, 2], "y": [1 + 2j, 3.0]}), {}, ("'y'", "numbers", "row", "Correct them"),
    ),
    "a value of 400 digits": (
        pd.DataFrame({"ds": [1, 2], "y": ["1", "9" * 400]}), {}, ("'y'", "row 2", "Correct them"),
    ),
    "a whole number of 400 digits": (
        pd.DataFrame({"ds": [1, 2], "y": pd.Series([1, 10**400], dtype=object)}), {}, ("'y'", "row 2", "Correct them"),
    ),
    "keys that are lists": (days([1, 2], unique_id=[["a"], ["a"]]), {}, ("'unique_id'", "row", "key")),
    "keys that cannot be put in order": (
        stamped(1, 1, unique_id=[complex(1), complex(2)]), {"freq": 1}, ("'unique_id'", "key"),
    ),
    "no rows": (days([]), {}, ("no rows", "Give at least one row")),
    "no columns": (pd.DataFrame(index=range(3)), {}, ("'ds'", "is missing")),
    "a zone that is none": (days([1, 2]), {"tz": "Mars/Base"}, ("'ds'", "Mars/Base", "Europe/Berlin")),
    "a repair that is none": (days([1, 2]), {"repair": "guess"}, ("unknown repair 'guess'", "'interpolate'")),
}  # fmt: skip


@pytest.mark.parametrize("case", PANELS)
def test_a_bad_panel_is_told_where_what_and_how_to_mend(case):
    frame, options, parts = PANELS[case]
    before = frame.copy(deep=True)
    options = {**options}
    columns = options.pop("columns", None)
    source = "" if options.get("repair") == "guess" or "duration" in str(parts) else "sales.csv: "
    with pytest.raises(HexadError) as caught:
        Panel.from_frame(frame, columns, source="sales.csv", **options)
    told(caught.value, source, *parts)
    pd.testing.assert_frame_equal(frame, before)


MENDED = {
    "a gap": (days(range(9)).drop(index=[4, 5]), "interpolate", ("interpolated 2 values",)),
    "missing values inside": (days([1, NAN, 3]), "interpolate", ("interpolated 1 value",)),
    "missing values at both ends": (
        days([NAN, 2, 3, NAN]),
        "drop_missing_ends",
        ("cut 2 missing values off the ends",),
    ),
    "a repeated stamp": (stamped(1, 2, 2, 3), "keep_last_duplicate", ("kept the later row", "1 stamp occurs twice")),
    "all of it": (
        pd.concat([days([NAN, 2, NAN, 4, 5, 6, NAN]), days([9], "2024-01-02")]).drop(index=4),
        ("interpolate", "drop_missing_ends", "keep_last_duplicate"),
        ("kept the later row", "cut 2", "interpolated 2"),
    ),
}


@pytest.mark.parametrize("case", MENDED)
def test_a_repair_asked_for_is_told(case):
    frame, repair, parts = MENDED[case]
    before = frame.copy(deep=True)
    panel = Panel.from_frame(frame, repair=repair)
    told("; ".join(panel.repairs), *parts)
    assert np.isfinite(panel.values).all()
    pd.testing.assert_frame_equal(frame, before)
    with pytest.raises(DataError, match="column '(ds|y)'"):
        Panel.from_frame(frame)


# Own files on the command line

HEADER = "Time,Demand,Temperature,Holiday"
STAMPS = pd.date_range("2024-03-01", periods=96, freq="30min")
ROWS = [f"{stamp:%Y-%m-%dT%H:%M},{4000 + place},20.5,false" for place, stamp in enumerate(STAMPS)]


def own(changes=None, *, header=HEADER, rows=ROWS, drop=()):
    """The good file with rows, counted from 1, changed or left out."""
    changed = changes or {}
    kept = [changed.get(number, row) for number, row in enumerate(rows, 1) if number not in drop]
    return "\n".join([header, *kept]) + "\n"


def cell(number, column, text):
    """The good file with one cell changed."""
    parts = ROWS[number - 1].split(",")
    parts[HEADER.split(",").index(column)] = text
    return own({number: ",".join(parts)})


def every_cell(column, change):
    place = HEADER.split(",").index(column)
    rows = [row.split(",") for row in ROWS]
    return own(rows=[",".join([*row[:place], change(row[place]), *row[place + 1 :]]) for row in rows])


REREAD = "--set read."
OWN = {
    "a gap": (own(drop=(11,)), ("'Time'", "1 stamp is missing", "row 11", REREAD + "repair=interpolate")),
    "a repeated row": (
        own({11: ROWS[9]}), ("'Time'", "1 stamp occurs twice", "rows 10, 11", REREAD + "repair=keep_last_duplicate"),
    ),
    "a repeated row in UTC": (
        own(rows=[row.replace(",", "Z,", 1) for row in [*ROWS[:9], ROWS[8], *ROWS[9:]]]),
        ("'Time'", "repeats an earlier Time", "row 10", REREAD + "repair=keep_last_duplicate"),
    ),
    "an hour that the clocks skip": (
        own(rows=[row.replace("2024-03-0", "2024-10-0") for row in ROWS], changes={50: "2024-10-06T02:30,1,20,false"}),
        ("'Time'", "1 stamp does not exist in Australia/Melbourne", "row 50", "Write the stamps in UTC"),
    ),
    "one stamp beside the grid": (
        cell(11, "Time", "2024-03-01T05:07"), ("'Time'", "30 minutes", "row 11", "Correct them"),
    ),
    "hours instead of half-hours": (own(drop=range(2, 97, 2)), ("0 with a test of 48", "fewer origins")),
    "days instead of half-hours": (own(drop=[n for n in range(97) if n % 48 != 1]), ("0 with a test of 7", "fewer origins")),
    "one row": (own(drop=range(2, 97)), ("'Time'", "cannot be told from one row", "Give ")),
    "two days": (own(), ("52 cutoffs", "only 0 with a test of 96", "fewer origins")),
    "a date of the year 1500": (cell(1, "Time", "1500-01-01T00:00"), ("'Time'", EARLY, "row 1", "Correct them")),
    "a date of the year 9999": (cell(96, "Time", "9999-12-31T00:00"), ("'Time'", "cannot be read as dates", "row 96", "Correct them")),
    "a date of the year 0": (cell(1, "Time", "0000-01-01T00:00"), ("'Time'", "row 1", "Correct them")),
    "a typo in the year": (cell(96, "Time", "2042-03-02T23:30"), ("'Time'", "stamps are missing", "row 96", "Add the rows")),
    "a leap second": (cell(3, "Time", "2016-12-31T23:59:60"), ("'Time'", "'2016-12-31T23:59:60'", "row 3", "Correct them")),
    "an hour 24": (cell(3, "Time", "2024-03-01T24:00"), ("'Time'", "'2024-03-01T24:00'", "row 3", "Correct them")),
    "the 30th of February": (cell(3, "Time", "2024-02-30T00:00"), ("'Time'", "'2024-02-30T00:00'", "row 3")),
    "a missing stamp": (cell(3, "Time", ""), ("'Time'", "1 value is missing", "row 3", REREAD + "repair=drop_bad_rows")),
    "no stamps at all": (every_cell("Time", lambda _: ""), ("'Time'", "96 values are missing", "rows 1, 2", "Correct them")),
    "one stamp with an offset": (
        cell(3, "Time", "2024-03-01T01:00+11:00"), ("'Time'", "has a time zone, the others none", "row 3", "offset"),
    ),
    "dates that fit two readings": (
        every_cell("Time", lambda text: f"01/03/2024 {text[11:]}"),
        ("'Time'", "day-first or month-first", "rows 1, 2", REREAD + "dates=day-first"),
    ),
    "days of two digits' years": (every_cell("Time", lambda text: f"13.03.24 {text[11:]}"), ("'Time'", "rows 1, 2", "%d/%m/%y")),
    "days as numbers of a spreadsheet": (
        every_cell("Time", lambda _: "45352.0208"), ("'Time'", "'45352.0208'", "rows 1, 2", "Correct them"),
    ),
    "seconds since 1970": (every_cell("Time", lambda _: "1709251200"), ("'Time'", "'1709251200'", "rows 1, 2", "Correct them")),
    "an infinite demand": (cell(5, "Demand", "inf"), ("'Demand'", "'inf'", "row 5", "Correct them")),
    "a demand beyond all bounds": (cell(5, "Demand", "1.0e999"), ("'Demand'", "'1.0e999'", "row 5", "Correct them")),
    "a demand of 400 digits": (cell(5, "Demand", "9" * 400), ("'Demand'", "row 5", "Correct them")),
    "a negative demand": (cell(5, "Demand", "-1"), ("'Demand'", "1 value is below 0", "row 5", "Correct them")),
    "a missing demand": (cell(5, "Demand", ""), ("'Demand'", "1 value is missing", "row 5", REREAD + "repair=interpolate")),
    "a demand called NaN": (cell(5, "Demand", "NaN"), ("'Demand'", "1 value is missing", "row 5", "Fill them in")),
    "missing demand at the end": (
        own({95: ROWS[94].replace("4094", ""), 96: ROWS[95].replace("4095", "")}),
        ("'Demand'", "2 values are missing", "rows 95, 96", "Fill them in", "drop_missing_ends"),
    ),
    "no demand at all": (every_cell("Demand", lambda _: ""), ("'Demand'", "has no value at all", "Name the column")),
    "demand with its unit": (every_cell("Demand", lambda text: f"{text} MW"), ("'Demand'", "'4000 MW'", "rows 1, 2")),
    "demand in words": (cell(5, "Demand", "four"), ("'Demand'", "'four'", "row 5", "Correct them")),
    "a decimal comma in a comma file": (cell(5, "Demand", "4,5"), ("another number of fields", "row 5", "Quote fields")),
    "thousands marks that fit two readings": (
        own(rows=[row.replace(",4", ",4.", 1).replace(",", ";") for row in ROWS], header=HEADER.replace(",", ";")).replace(
            ";20.5;", ";20;"
        ),
        ("'Demand'", "fit two readings", "rows 1, 2", REREAD + "decimal=."),
    ),
    "a temperature in Fahrenheit": (cell(5, "Temperature", "68.9"), ("'Temperature'", "above 60", "row 5", "Correct them")),
    "a temperature in Kelvin": (every_cell("Temperature", lambda _: "293.6"), ("'Temperature'", "above 60", "rows 1, 2")),
    "a temperature below absolute zero": (cell(5, "Temperature", "-300"), ("'Temperature'", "below -90", "row 5")),
    "a holiday called maybe": (cell(5, "Holiday", "maybe"), ("'Holiday'", "'maybe'", "row 5", "Write true or false")),
    "a holiday that is missing": (cell(5, "Holiday", ""), ("'Holiday'", "1 value is missing", "row 5", "Correct them")),
    "a holiday of 2": (cell(5, "Holiday", "2"), ("'Holiday'", "'2'", "row 5", "Write true or false")),
    "swapped columns": (
        own(header="Time,Temperature,Demand,Holiday"), ("'Temperature'", "96 values are above 60", "rows 1, 2", "Correct them"),
    ),
    "stamps and demand swapped": (
        own(header="Demand,Time,Temperature,Holiday"), ("2 problems", "'Demand'", "'Time'", "rows 1, 2", "Correct them"),
    ),
    "a column under another name": (
        own(header="Time,Demnad,Temperature,Holiday"), ("'Demand'", "is missing", "did you mean 'Demnad'", "Name it so"),
    ),
    "no column that is wanted": ("a,b\n1,2\n", ("2 problems", "'Time'", "'Demand'", "columns.demand=NAME", "'a', 'b'")),
    "a column twice": (own(header="Time,Demand,Demand,Holiday"), ("repeated column names: 'Demand'", "a name of its own")),
    "a line of totals": (own() + "Total,388560,20.5,\n", ("'Time'", "'Total'", "row 97", "Correct them")),
    "a second header of units": (own({1: "-,MW,C,-"}), ("'Time'", "'-'", "row 1", "'MW'", "Correct them")),
    "two files one after the other": (own() + own(), ("'Time'", "'Time'", "row 97", "Correct them")),
    "a page of an error": ("<html><body>404 Not Found</body></html>\n", ("header but no rows", "Give at least one row")),
    "a pointer to a large file": (
        "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n", ("2 problems", "'Time'", "Name it so"),
    ),
}  # fmt: skip


MELBOURNE = ("--set", "timezone=Australia/Melbourne")


def run_demand(path, folder, capsys, *more):
    """Run the study on the command line; return what it said when it refused."""
    before = path.read_bytes() if path.is_file() else b""
    with pytest.raises(SystemExit) as ended:
        main(
            ["run", "demand", "--data", str(path), "--out", str(folder / "run"), "--set", "n_jobs=1", *MELBOURNE, *more]
        )
    text = capsys.readouterr().err
    assert ended.value.code == 2, text
    assert (path.read_bytes() if path.is_file() else b"") == before
    assert not (folder / "run" / "report.html").exists()
    assert text.startswith("hexad: ")
    assert text.count("hexad: ") == 1
    assert "Traceback" not in text
    return text


@pytest.mark.parametrize("case", OWN)
def test_a_bad_own_file_is_told_where_what_and_how_to_mend(tmp_path, capsys, case):
    data, parts = OWN[case]
    path = tmp_path / "own.csv"
    path.write_text(data)
    told(run_demand(path, tmp_path, capsys), "own.csv: ", *parts)


def frame(**changes):
    stamps = STAMPS.tz_localize("Australia/Melbourne")
    good = {"Time": stamps, "Demand": np.arange(96.0), "Temperature": 20.5, "Holiday": False}
    return pd.DataFrame(good).assign(**changes)


def at(row, value, values):
    changed = list(values)
    changed[row - 1] = value
    return changed


TYPED = {
    "whole numbers as stamps": (frame(Time=range(96)), ("'Time'", "cannot be read as dates", "rows 1, 2", "Give dates")),
    "a missing stamp": (frame(Time=at(7, pd.NaT, frame().Time)), ("'Time'", "1 value is missing", "row 7", "Correct them")),
    "text as demand": (frame(Demand=at(7, "x", map(str, range(96)))), ("'Demand'", "'x'", "row 7", "Correct them")),
    "an infinite demand": (frame(Demand=at(7, INF, range(96))), ("'Demand'", "infinite", "row 7", "Correct them")),
    "a missing demand": (frame(Demand=at(7, NAN, range(96))), ("'Demand'", "missing", "row 7", "Fill them in")),
    "dates as demand": (frame(Demand=STAMPS), ("'Demand'", "cannot be read as numbers", "rows 1, 2", "Correct them")),
    "truth values as demand": (frame(Demand=[True] * 96), ("'Demand'", "cannot be read as numbers", "rows 1, 2")),
    "lists as demand": (frame(Demand=[[1.0]] * 96), ("'Demand'", "not single values", "into a column of its own")),
    "numbers as holidays": (frame(Holiday=at(7, 0.5, [0.0] * 96)), ("'Holiday'", "true or false", "row 7", "Write true")),
    "dates as holidays": (frame(Holiday=STAMPS), ("'Holiday'", "true or false", "rows 1, 2", "Write true or false")),
    "a missing column": (frame().drop(columns="Demand"), ("'Demand'", "is missing", "Name it so")),
    "no rows": (frame().head(0), ("no rows", "Give at least one row")),
}  # fmt: skip


@pytest.mark.parametrize("suffix", ["parquet", "xlsx"])
@pytest.mark.parametrize("case", TYPED)
def test_a_bad_typed_file_is_told_where_what_and_how_to_mend(tmp_path, capsys, case, suffix):
    table, parts = TYPED[case]
    path = tmp_path / f"own.{suffix}"
    if case == "lists as demand" and suffix == "xlsx":  # a workbook holds them as text
        parts = ("'Demand'", "cannot be read as numbers", "rows 1, 2", "Correct them")
    if suffix == "parquet":
        table.to_parquet(path, index=False)
    else:
        if case in {"an infinite demand", "whole numbers as stamps"}:
            pytest.skip("a workbook holds no infinity, and its whole numbers are told as text")
        aware = table.select_dtypes("datetimetz").columns
        table.assign(**{name: table[name].dt.tz_localize(None) for name in aware}).to_excel(path, index=False)
    told(run_demand(path, tmp_path, capsys), f"own.{suffix}: ", *parts)


def parquet_bytes():
    buffer = io.BytesIO()
    pq.write_table(pa.Table.from_pandas(frame()), buffer)
    return buffer.getvalue()


TORN = {
    "half a Parquet file": ("own.parquet", lambda: parquet_bytes()[: len(parquet_bytes()) // 2], "no readable Parquet file"),
    "a Parquet file called .csv": ("own.csv", parquet_bytes, "own.csv"),
    "a CSV called .parquet": ("own.parquet", lambda: own().encode(), "no readable Parquet file"),
    "a CSV called .xlsx": ("own.xlsx", lambda: own().encode(), "the sheet cannot be read"),
    "an old workbook": ("own.xls", lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "type .xls are not read"),
    "a JSON file that is no table": (
        "own.json", lambda: json.dumps({"Time": [1], "Demand": [2]}, indent=1).encode(), "line 1 cannot be read"
    ),
    "half a gzip file": ("own.csv.gz", lambda: gzip.compress(own().encode())[:-20], "cannot be read to its end"),
    "an empty file": ("own.csv", lambda: b"", "the file is empty"),
    "a picture": ("own.csv", lambda: b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "own.csv"),
}  # fmt: skip


@pytest.mark.parametrize("case", TORN)
def test_a_torn_or_wrong_file_is_told_with_what_to_do(tmp_path, capsys, case):
    name, make, says = TORN[case]
    (tmp_path / name).write_bytes(make())
    text = told(run_demand(tmp_path / name, tmp_path, capsys), f"hexad: {name}: ", says)
    assert re.search(r"\b(Give|Fetch|fetch|Write|Save|Check|Export|Name|Quote|Close|Pass|Add)\b", text)


def test_every_byte_of_a_parquet_footer_may_be_damaged(tmp_path):
    whole = parquet_bytes()
    path = tmp_path / "own.parquet"
    size = int.from_bytes(whole[-8:-4], "little")
    refused = 0
    for place in range(len(whole) - 8 - size, len(whole), 11):
        torn = bytearray(whole)
        torn[place] ^= 0xFF
        path.write_bytes(torn)
        try:
            read_table(path)
        except HexadError as error:
            refused += 1
            assert "own.parquet" in str(error)
    assert refused > 10


LONG = {
    "constant demand": ({"Demand": 5000.0}, ("own.csv", "'Demand'")),
    "demand of nothing": ({"Demand": 0.0}, ("own.csv", "'Demand'")),
    "a constant temperature": ({"Temperature": 20.0}, None),
}


@pytest.mark.any_pandas
@pytest.mark.parametrize("case", LONG)
def test_a_constant_column_is_forecast_or_told(tmp_path, capsys, case):
    """Sixty days; a constant temperature explains nothing but does no harm, a constant demand leaves nothing to score."""
    change, parts = LONG[case]
    table = datasets.load("vic_elec").iloc[-60 * 48 :].assign(**change)
    path = tmp_path / "own.csv"
    table.to_csv(path, index=False)
    small = ["origins=2", "every=1D", "other_weekdays=false", "clocks=['12:00']", "risk=0.3", "n_jobs=1"]
    options = [part for text in small for part in ("--set", text)]
    if parts:
        told(run_demand(path, tmp_path, capsys, *options), *parts)
        return
    with pytest.raises(SystemExit) as ended:  # a warning would be an error
        main(["run", "demand", "--data", str(path), "--out", str(tmp_path / "run"), *options])
    assert ended.value.code == 0


REPAIRED = {
    "a gap, filled": (own(drop=(11,)), ["interpolate"], None),
    "a bad cell, left out": (cell(96, "Demand", "x"), ["drop_bad_rows"], "left out 1 bad rows: '96'"),
    "a ragged row, left out": (own({96: "1,2"}), ["drop_ragged_rows"], "left out 1 ragged rows: '96'"),
    "an unreadable cell, made missing": (
        cell(9, "Demand", "x"), ["blank_unreadable", "interpolate"], "made missing in 'Demand': 1 value cannot be read",
    ),
    "a repeated row, the later one kept": (
        own(rows=[row.replace(",", "Z,", 1) for row in [*ROWS, ROWS[-1]]]), ["keep_last_duplicate"],
        "left out 1 row with a repeated key: '96'",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", REPAIRED)
def test_a_repair_of_an_own_file_is_told(tmp_path, case):
    data, repairs, says = REPAIRED[case]
    path = tmp_path / "own.csv"
    path.write_text(data)
    options = DemandSettings(read={"repair": repairs}).read_options
    table, reading = datasets.load_with_report("vic_elec", path, **options)
    assert sum(says in text for text in reading.repairs) == 1 if says else reading.repairs == ()
    assert says is None or says in reading.explain()
    panel = Panel.from_frame(
        table,
        SeriesColumns(ds="Time", y="Demand"),
        tz="Australia/Melbourne",
        repair=[r for r in repairs if r == "interpolate"],
    )
    assert bool(panel.repairs) == ("interpolate" in repairs)
    assert path.read_text() == data


# Settings

SETTINGS = {
    "a key that is none": ("horizn = '2D'", ("'horizn'", "did you mean 'horizon'")),
    "a key in the wrong table": ("[read]\nhorizon = '2D'", ("'read.horizon'", "separator")),
    "a table instead of a value": ("[risk]\nvalue = 0.1", ("'risk'", "number", "given")),
    "a value instead of a table": ("read = ';'", ("'read'", "';'")),
    "a word instead of a number": ("origins = 'many'", ("'origins'", "whole number", "'many'")),
    "half an origin": ("origins = 2.5", ("'origins'", "whole number", "2.5")),
    "one origin": ("origins = 1", ("'origins'", "greater than or equal to 2", "'1'")),
    "no risk": ("risk = 0", ("'risk'", "greater than 0", "'0'")),
    "too much risk": ("risk = 0.5", ("'risk'", "less than 0.5", "'0.5'")),
    "a risk in percent": ("risk = 5", ("'risk'", "less than 0.5", "'5'")),
    "a risk that is no number": ("risk = nan", ("'risk'", "number", "'nan'")),
    "a clock of 25 hours": ("clocks = ['25:00']", ("'clocks', item 1", "'25:00'", "06:30")),
    "a clock that is a time": ("clocks = [12:00:00]", ("'clocks', item 1", "text", "12:00")),
    "comfort upside down": ("comfort = [20.0, 14.0]", ("'comfort'", "ascending", "[20.0, 14.0]")),
    "comfort in words": ("comfort = ['warm']", ("'comfort', item 1", "number", "'warm'")),
    "comfort without bounds": ("comfort = [14.0, inf]", ("'comfort", "finite", "inf")),
    "a negative price": ("reserve_price = -1", ("'reserve_price'", "greater than or equal to 0", "'-1'")),
    "a zone that is none": ("timezone = 'Mars'", ("'timezone'", "Europe/Berlin", "'Mars'")),
    "a holiday that is no text": ("upcoming_holidays = [2015-01-01]", ("'upcoming_holidays', item 1", "text", "2015-01-01")),
    "a holiday of the wrong form": ("upcoming_holidays = ['1.1.2015']", ("'upcoming_holidays', item 1", "'1.1.2015'")),
    "a holiday that is not": ("upcoming_holidays = ['2015-02-30']", ("'upcoming_holidays", "'2015-02-30'")),
    "a negative seed": ("seed = -1", ("'seed'", "greater than or equal to 0", "'-1'")),
    "no workers": ("n_jobs = 0", ("'n_jobs'", "-1 for all cores", "'0'")),
    "a horizon that is none": ("horizon = 'soon'", ("'horizon'", "'soon'", "'2D'")),
    "a horizon of nothing": ("horizon = 0", ("'horizon'", "0")),
    "a horizon that is negative": ("horizon = -3", ("'horizon'", "-3")),
    "a horizon of one and a half days": ("horizon = '1.5D'", ("'horizon'", "'1.5D'")),
    "a distance that is none": ("every = '7X'", ("'every'", "'7X'")),
    "a first origin that is no day": ("first_origin = 'soon'", ("'first_origin'", "'soon'")),
    "a first origin that is not": ("first_origin = '2014-02-30'", ("'first_origin'", "'2014-02-30'")),
    "a repair that is none": ("[read]\nrepair = ['guess']", ("'read.repair'", "'guess'", "interpolate")),
    "a repair that is a number": ("[read]\nrepair = [1]", ("'read.repair', item 1", "text", "'1'")),
    "a decimal mark that is none": ("[read]\ndecimal = 'x'", ("'read.decimal'", "'x'")),
    "a separator of two letters": ("[read]\nseparator = ';;'", ("'read.separator'", "';;'")),
    "an encoding that is none": ("[read]\nencoding = 'klingon'", ("'read.encoding'", "'klingon'")),
    "dates that are none": ("[read]\ndates = 'someday'", ("'read.dates'", "'someday'")),
    "a zone of reading that is none": ("[read]\ntz = 'Mars'", ("'read.tz'", "'Mars'")),
    "an unfinished line": ("horizon = \nseed = 1\n", ("no valid TOML", "line 1")),
    "a key twice": ("seed = 1\nseed = 2\n", ("no valid TOML", "line 2")),
    "JSON": ('{"horizon": "2D"}', ("no valid TOML", "line 1")),
    "an INI file": ("[demand]\nhorizon: 2D\n", ("no valid TOML", "line 2")),
    "text without quotes": ("timezone = Europe/Berlin", ("no valid TOML", "line 1")),
    "typographic quotes": ("timezone = “Europe/Berlin”", ("no valid TOML", "line 1")),
    "Windows text": ("unit = 'Größe'".encode("cp1252"), ("no valid TOML", "utf-8")),
    "torn UTF-16": ("seed = 1".encode("utf-16")[:-1], ("no valid TOML", "utf-16")),
    "three mistakes at once": (
        "horizn = 1\nrisk = 2\nseed = -1", ("own.toml:\n", "'horizn'", "'risk'", "'seed'", "did you mean 'horizon'"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", SETTINGS)
def test_a_bad_settings_file_is_told_with_the_setting(tmp_path, case):
    data, parts = SETTINGS[case]
    path = tmp_path / "own.toml"
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    before = path.read_bytes()
    with pytest.raises(SettingsError) as caught:
        load_settings(DemandSettings, path)
    told(caught.value, "own.toml:", *parts)
    assert path.read_bytes() == before


OVERRIDES = {
    "no sign": ("horizon", ("--set horizon", "key=value")),
    "no key": ("=2D", ("--set =2D", "key=value")),
    "a key that is none": ("horizn=2D", ("'horizn'", "did you mean 'horizon'")),
    "a key below a value": ("risk.of=1", ("--set risk.of=1", "'risk' is a single value")),
    "a value for a table": ("read=1", ("'read'", "'1'")),
    "a word for a number": ("origins=many", ("'origins'", "'many'")),
    "a list for a value": ("origins=[1,2]", ("'origins'", "[1, 2]")),
    "an unfinished list": ("comfort=[14", ("'comfort'", "[14")),
    "half a day": ("horizon=0.5D", ("horizon", "'0.5D'")),
    "a zone of another planet": ("timezone=Mars", ("'timezone'", "Europe/Berlin")),
    "a repair of the wrong kind": ("read.repair=true", ("'read.repair'", "'true'")),
}


@pytest.mark.parametrize("case", OVERRIDES)
def test_a_bad_override_is_told_with_the_setting(tmp_path, capsys, case):
    text, parts = OVERRIDES[case]
    path = tmp_path / "own.csv"
    path.write_text(own())
    told(run_demand(path, tmp_path, capsys, "--set", text), *parts)


# Models


@pytest.fixture
def model(tmp_path):
    path = tmp_path / "line.hexad"
    save_model(LinearRegression().fit([[0.0], [1.0]], [0.0, 2.0]), path)
    return path


def unpacked(data):
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def packed(members):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def envelope(data, **changes):
    members = unpacked(data)
    return packed(members | {"envelope.json": json.dumps(json.loads(members["envelope.json"]) | changes).encode()})


MODELS = {
    "an empty file": (lambda data: b"", "no Hexad model file"),
    "a text": (lambda data: b"the model is in the other folder\n", "no Hexad model file"),
    "a page of an error": (lambda data: b"<html>404</html>", "no Hexad model file"),
    "a CSV": (lambda data: own().encode(), "no Hexad model file"),
    "a Parquet file": (lambda data: parquet_bytes(), "no Hexad model file"),
    "its first half": (lambda data: data[: len(data) // 2], "torn"),
    "its second half": (lambda data: data[len(data) // 2 :], "torn"),
    "packed once more": (gzip.compress, "no Hexad model file"),
    "a zip around it": (lambda data: packed({"line.hexad": data}), "no Hexad model file"),
    "only the payload": (lambda data: unpacked(data)["model.skops"], "no Hexad model file"),
    "without the payload": (lambda data: packed({"envelope.json": unpacked(data)["envelope.json"]}), "no Hexad model file"),
    "another payload": (lambda data: packed(unpacked(data) | {"model.skops": b"x"}), "checksum"),
    "a later format": (lambda data: envelope(data, format=2), "another format than 1"),
    "an earlier scikit-learn": (lambda data: envelope(data, versions={"scikit-learn": "0.24.2"}), "under scikit-learn 0.24.2"),
    "an envelope without versions": (lambda data: envelope(data, versions=None), "another format"),
    "an envelope that is a list": (lambda data: packed(unpacked(data) | {"envelope.json": b"[]"}), "another format"),
}  # fmt: skip


@pytest.mark.parametrize("case", MODELS)
def test_a_bad_model_file_is_told_with_what_to_do(model, case):
    change, says = MODELS[case]
    model.write_bytes(change(model.read_bytes()))
    before = model.read_bytes()
    with pytest.raises(StoreError) as caught:
        load_model(model)
    text = told(caught.value, "line.hexad", says)
    assert model.read_bytes() == before
    assert re.search(r"\b(fit|fetch|save|copy|install|write)\b.*", text.lower().replace("written", "")), text


# How many there are


def test_there_are_at_least_sixty():
    spec = importlib.util.spec_from_file_location("dirty", Path(__file__).with_name("test_dirty_tables.py"))
    dirty = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(dirty)
    here = [PANELS, MENDED, OWN, TYPED, TORN, LONG, REPAIRED, SETTINGS, OVERRIDES, MODELS]
    tables = [PANELS, OWN, TYPED, TORN, dirty.REFUSED]
    assert sum(map(len, [*here, dirty.RIGHT, dirty.REFUSED])) >= 60
    assert sum(map(len, tables)) >= 60
    assert min(len(SETTINGS) + len(OVERRIDES), len(MODELS)) >= 15
