"""Reading a table: checked against a schema, repaired only where asked, told in full, never changed silently."""

import io
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import shared
from shared.data import Column, Schema, fingerprint, read_table, read_table_with_report
from shared.data.io.tables import REPAIRS, TableReport, check_frame
from shared.errors import DataError, RepairWarning, SettingsError

DEMAND = Schema((Column("shop", "text"), Column("sold", "number", minimum=0, maximum=99)), key=("shop",))


@pytest.fixture
def write(tmp_path):
    def write_file(data, name="t.csv"):
        path = tmp_path / name
        path.write_bytes(data if isinstance(data, bytes) else data.encode())
        return path

    return write_file


@pytest.fixture
def workbook(tmp_path):
    def write_sheet(*rows, name="book.xlsx"):
        import openpyxl

        book = openpyxl.Workbook()
        for row in rows:
            book.active.append(row)
        book.save(tmp_path / name)
        return tmp_path / name

    return write_sheet


def number(name, **more):
    return Schema((Column(name, "number", **more),))


# Repairs: each word does what it says, tells it, and leaves the source alone.


def test_ragged_rows_are_left_out(write):
    path = write("shop,sold\na,1\nb\nc,3,4\nd,4\n")
    with pytest.warns(RepairWarning, match=r"t\.csv: left out 2 ragged rows: '2', '3'\.") as warned:
        frame = read_table(path, DEMAND, repair="drop_ragged_rows")
    assert frame.to_dict("list") == {"shop": ["a", "d"], "sold": [1.0, 4.0]}
    assert warned[0].filename == __file__


def test_unreadable_values_are_made_missing(write):
    path = write("shop,sold\na,1\nb,many\nc,3\n")
    frame, report = read_table_with_report(path, number("sold", allow_missing=True), repair="blank_unreadable")
    assert frame["sold"].tolist()[::2] == [1.0, 3.0]
    assert frame["sold"].isna().tolist() == [False, True, False]
    (told,) = report.repairs
    assert told.startswith("made missing in 'sold': 1 value")
    assert told.endswith("'many'; rows '2'")


def test_a_number_beyond_the_range_is_made_missing_too(write):
    frame, _ = read_table_with_report(write("a,b\n1.0e999,1\n2.5,2\n"), repair="blank_unreadable")
    assert frame["a"].isna().tolist() == [True, False]


def test_a_column_without_one_readable_value_is_never_blanked(write):
    with pytest.raises(DataError, match=r"column 'sold': 2 values cannot be read as numbers: 'x', 'y' \(rows 1, 2\)"):
        read_table(write("shop,sold\na,x\nb,y\n"), number("sold", allow_missing=True), repair="blank_unreadable")


def test_an_ambiguous_column_is_never_blanked(write):
    with pytest.raises(DataError, match=r"could be day-first or month-first"):
        read_table(write("d\n1/2/2024\n2/3/2024\n"), Schema((Column("d", "datetime"),)), repair="blank_unreadable")


def test_bad_rows_are_left_out(write):
    path = write("shop,sold\na,1\nb,\nc,-3\nd,100\ne,5\n")
    frame, report = read_table_with_report(path, DEMAND, repair="drop_bad_rows")
    assert frame.to_dict("list") == {"shop": ["a", "e"], "sold": [1.0, 5.0]}
    assert report.repairs == (
        "left out 3 bad rows: '2', '3', '4'",
        "column 'sold': 1 value is missing (row 2)",
        "column 'sold': 1 value is below 0 (row 3)",
        "column 'sold': 1 value is above 99 (row 4)",
    )


def test_bad_rows_include_unreadable_ones(write):
    assert "unreadable" in REPAIRS["drop_bad_rows"]
    frame, report = read_table_with_report(write("shop,sold\na,1\nb,many\n"), DEMAND, repair="drop_bad_rows")
    assert frame.to_dict("list") == {"shop": ["a"], "sold": [1.0]}
    assert "left out 1 bad rows: '2'" in report.repairs


def test_a_table_without_one_good_row_is_refused(write):
    with pytest.raises(DataError, match=r"no row is left after leaving out the bad ones"):
        read_table(write("shop,sold\na,-1\nb,-2\n"), DEMAND, repair="drop_bad_rows")


def test_a_missing_column_cannot_be_repaired(write):
    with pytest.raises(DataError, match=r"2 problems") as caught:
        read_table(write("shop,solt\na,-1\n,2\n"), DEMAND, repair=REPAIRS)
    assert [problem.column for problem in caught.value.problems] == ["shop", "sold"]


def test_of_repeated_keys_the_last_is_kept(write):
    path = write("shop,sold\na,1\nb,2\na,3\n")
    frame, report = read_table_with_report(path, DEMAND, repair="keep_last_duplicate")
    assert frame.to_dict("list") == {"shop": ["b", "a"], "sold": [2.0, 3.0]}
    assert report.repairs == ("left out 1 row with a repeated key: '1'",)


def test_all_repairs_together(write):
    path = write("shop,sold\na,1\nb\nc,x\na,3\n")
    frame, report = read_table_with_report(path, DEMAND, repair=REPAIRS)
    assert frame.to_dict("list") == {"shop": ["a"], "sold": [3.0]}
    assert len(report.repairs) == 5


@pytest.mark.parametrize("repair", REPAIRS)
def test_a_repair_that_was_not_needed_is_not_told(write, repair):
    path = write("shop,sold\na,1\nb,2\n")
    frame = read_table(path, DEMAND, repair=repair)  # any warning would be an error here
    assert fingerprint(frame) == fingerprint(read_table(path, DEMAND))


def test_rows_keep_their_numbers_from_the_file_after_a_repair(write):
    path = write("shop,sold\na\nb,2\nc,-1\n")
    with pytest.raises(DataError) as caught:
        read_table(path, DEMAND, repair="drop_ragged_rows")
    assert caught.value.problems[0].rows == (3,)
    path = write("shop,sold\na,-1\nb,2\nb,3\n")
    with pytest.raises(DataError) as caught:
        read_table(path, DEMAND, repair="drop_bad_rows")
    assert caught.value.problems[0].rows == (3,)


# Settings.


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"repair": "guess"}, "unknown repair 'guess'; there are 'drop_ragged_rows'"),
        ({"repair": ["drop_bad_rows", "x", "y"]}, "unknown repair 'x', 'y'"),
        ({"decimal": ";"}, "decimal=';' is not known; it is '.' or ','"),
        ({"separator": "::"}, "separator"),
        ({"separator": "§"}, "separator"),
        ({"dates": "%Q"}, "dates"),
        ({"dates": "dayfirst"}, "dates"),
        ({"tz": "Europe/Atlantis"}, "tz"),
    ],
)
def test_a_wrong_setting_is_named(write, settings, says):
    schema = Schema((Column("d", "datetime"),))
    with pytest.raises(SettingsError) as caught:
        read_table(write("d;n\n2024-01-31T10:30Z;1\n"), schema, **settings)
    assert says in str(caught.value)


def test_said_settings_are_followed(write):
    path = write("d|n\n1/2/2024|1.234\n".encode("utf-16"))
    schema = Schema((Column("d", "datetime"), Column("n", "number")))
    frame = read_table(path, schema, separator="|", decimal=",", dates="day-first", encoding="utf-16")
    assert frame.to_dict("list") == {"d": [pd.Timestamp("2024-02-01")], "n": [1234.0]}


def test_the_zone_is_said(write):
    frame = read_table(write("d\n2024-06-30T10:30Z\n"), tz="Europe/Berlin")
    assert frame["d"][0].isoformat() == "2024-06-30T12:30:00+02:00"


# Report.


def test_the_report_says_how_the_table_was_read(write):
    _, report = read_table_with_report(write("id;x;größe\n007;1,5;11/10/2024\n".encode("cp1252")))
    assert (report.source, report.rows, report.columns) == ("t.csv", 1, 3)
    assert report.explain() == (
        "t.csv: 1 row, 3 columns. Not UTF-8: read as Windows-1252 (cp1252); pass encoding= if that is wrong. "
        "Decimal mark ',' recognised. 'id' kept as text: codes like '007' would change as numbers. "
        "'größe' kept as text: day and month cannot be told apart; pass dates='day-first' or 'month-first'. "
        "Nothing was repaired."
    )
    assert TableReport("a", 1000, 2, repairs=("left out 1",)).explain() == "a: 1,000 rows, 2 columns. left out 1."


def test_all_problems_of_a_file_are_told_at_once(write):
    path = write("shop,sold,day\na,x,2024-02-30\na,-1,2024-01-31\n,5,2024-01-31\n")
    schema = Schema((*DEMAND.columns, Column("day", "datetime"), Column("till", "text")))
    with pytest.raises(DataError) as caught:
        read_table(path, schema)
    assert {(problem.column, problem.rows) for problem in caught.value.problems} == {
        ("sold", (1,)),
        ("day", (1,)),
        ("shop", (3,)),
        ("till", ()),
    }


def test_unreadable_values_need_no_schema_to_be_refused(write):
    with pytest.raises(DataError, match=r"column 'd': 1 value cannot be read as dates: '2024-02-30' \(row 2\)"):
        read_table(write("d\n2024-01-31\n2024-02-30\n"))


@pytest.mark.parametrize("kind", ["integer", "number", "boolean", "datetime"])
def test_one_unreadable_value_is_told_in_the_singular(write, kind):
    good = {"integer": "1", "number": "1", "boolean": "yes", "datetime": "2024-01-31"}[kind]
    with pytest.raises(DataError) as caught:
        read_table(write(f"a\n{good}\noops\n"), Schema((Column("a", kind),)))
    assert "1 value cannot be read as" in str(caught.value)


# Frames.


def frames(columns):
    return {"pandas": pd.DataFrame(columns), "polars": pl.DataFrame(columns), "arrow": pa.table(columns)}


@pytest.mark.parametrize("library", ["pandas", "polars", "arrow"])
def test_frames_of_every_library_are_checked_alike(library):
    good = frames({"shop": ["007", "NA"], "sold": [1, 2]})[library]
    assert read_table(good, DEMAND).to_dict("list") == {"shop": ["007", "NA"], "sold": [1, 2]}
    bad = frames({"shop": ["a", "a"], "sold": [1, -2]})[library]
    with pytest.raises(DataError, match=r"2 problems"):
        read_table(bad, DEMAND)


def test_a_lazy_frame_is_collected():
    assert read_table(pl.LazyFrame({"sold": [1, 2]}))["sold"].tolist() == [1, 2]


@pytest.mark.parametrize("library", ["polars", "arrow"])
def test_large_whole_numbers_with_gaps_survive_from_every_library(library):
    frame = read_table(frames({"id": [9007199254740993, None]})[library])
    assert frame["id"].isna().tolist() == [False, True]
    assert int(frame["id"].iloc[0]) == 9007199254740993


def test_a_frame_is_never_changed():
    frame = pd.DataFrame({"shop": ["a", "a", "b"], "sold": ["1", "x", "3"], 5: [1, 2, 3]}, index=[7, 7, 9])
    before = frame.copy(deep=True)
    out, report = read_table_with_report(frame, DEMAND, repair=REPAIRS)
    pd.testing.assert_frame_equal(frame, before)
    out.loc[0, "sold"] = 50.0
    pd.testing.assert_frame_equal(frame, before)
    assert out.columns.tolist() == ["shop", "sold", "5"]
    assert report.repairs


def test_frames_of_other_libraries_are_never_changed():
    for frame in (pl.DataFrame({"a": [1.5, 2.5]}), pa.table({"a": [1.5, 2.5]})):
        out = read_table(frame)
        out["a"] = 0.0
        assert (
            frame["a"].to_pylist() == [1.5, 2.5] if isinstance(frame, pa.Table) else frame["a"].to_list() == [1.5, 2.5]
        )


@pytest.mark.parametrize("source", [{"a": [1]}, 5, None, b"a,b", pd.Series([1])])
def test_what_is_no_table_is_refused(source):
    with pytest.raises(DataError, match=r"is no table\. .*(Give a pandas, Polars or Arrow frame|Make a table of it)"):
        read_table(source)


@pytest.mark.parametrize(
    "rows",
    [
        lambda: ((day, 1.0) for day in range(3)),
        lambda: zip(range(3), range(3), strict=True),
        lambda: map(str, range(3)),
    ],
)
def test_rows_that_come_one_by_one_are_no_table_and_stay_unread(rows):
    given = rows()
    with pytest.raises(DataError, match=r"is no table\. Give a pandas, Polars or Arrow frame"):
        read_table(given)
    assert len(list(given)) == 3


@pytest.mark.parametrize("zone", [None, "Europe/Berlin"])
def test_a_named_index_of_stamps_is_a_column(zone):
    stamps = pd.date_range("2024-01-01", periods=3, tz=zone, name="day")
    frame = read_table(pd.DataFrame({"sold": [1.0, 2.0, 3.0]}, index=stamps))
    assert frame.columns.tolist() == ["day", "sold"]
    assert frame["day"].tolist() == stamps.tolist()


@pytest.mark.parametrize(
    "frame",
    [pd.DataFrame([[1, 2]], columns=["a", "a"]), pa.table([[1], [2]], names=["a", "a"])],
    ids=["pandas", "arrow"],
)
def test_repeated_names_of_a_frame_are_refused(frame):
    with pytest.raises(DataError, match=r"repeated column names: 'a'"):
        read_table(frame)


def test_an_empty_frame_is_refused():
    with pytest.raises(DataError, match=r"DataFrame: the table has no rows"):
        read_table(pd.DataFrame({"a": []}))


@pytest.mark.parametrize(
    ("kind", "values", "wanted"),
    [
        ("integer", ["9007199254740993", None], [9007199254740993, None]),
        ("integer", [1.0, np.nan], [1, None]),
        ("number", np.array([1.234, None], dtype=object), [1.234, None]),
        ("number", np.array([1e16, 2.5], dtype=object), [1e16, 2.5]),
        ("number", ["1.5", "2"], [1.5, 2.0]),
        ("number", [1, 2], [1, 2]),
        ("boolean", ["yes", "no"], [True, False]),
        ("boolean", [1, 0], [True, False]),
        ("boolean", [1.0, np.nan], [True, None]),
        ("boolean", [True, False], [True, False]),
        ("datetime", ["2024-01-31", None], [pd.Timestamp("2024-01-31"), None]),
        ("datetime", pd.to_datetime(["2024-01-31"]), [pd.Timestamp("2024-01-31")]),
        ("text", [7, 8], ["7", "8"]),
        ("text", ["007", None], ["007", None]),
        ("text", pd.Categorical(["a", "b"]), ["a", "b"]),
        ("text", pd.array(["a", None], dtype="string"), ["a", None]),
        ("text", np.array(["a", 7], dtype=object), ["a", "7"]),
    ],
)
def test_declared_columns_of_a_frame_come_to_their_kind(kind, values, wanted):
    schema = Schema((Column("a", kind, allow_missing=True), Column("later", "text", required=False)))
    frame = check_frame(pd.DataFrame({"a": values}), schema, "table")
    assert [None if pd.isna(value) else value for value in frame["a"].tolist()] == wanted


def test_numbers_of_a_frame_are_never_read_as_thousands():
    frame = pd.DataFrame({"a": np.array([1.234, 2.345], dtype=object)})
    assert read_table(frame, number("a"), decimal=",")["a"].tolist() == [1.234, 2.345]


@pytest.mark.parametrize(
    ("kind", "value"), [("number", True), ("integer", 1.5), ("integer", 2.0**60 + 0.0), ("datetime", "soon")]
)
def test_a_frame_of_another_kind_is_refused(kind, value):
    frame = pd.DataFrame({"a": np.array([value, None], dtype=object)})
    with pytest.raises(DataError, match=r"table: column 'a': 1 value .*\(row 1\)"):
        check_frame(frame, Schema((Column("a", kind, allow_missing=True),)), "table")


def test_a_named_index_is_not_lost():
    frame = pd.DataFrame({"sold": [1.5]}, index=pd.Index(["a"], name="shop"))
    assert read_table(frame).to_dict("list") == {"shop": ["a"], "sold": [1.5]}


# Parquet.


def test_parquet_keeps_every_value(tmp_path):
    import pyarrow.parquet as pq

    pq.write_table(
        pa.table({"id": [9007199254740993, None], "code": ["007", "NA"], "n": [1, 2]}), tmp_path / "t.parquet"
    )
    frame = read_table(tmp_path / "t.parquet")
    assert frame["id"][0] == 9007199254740993
    assert isinstance(frame["id"][0], int | np.integer)
    assert frame["id"].isna().tolist() == [False, True]
    assert frame["code"].tolist() == ["007", "NA"]
    declared = read_table(tmp_path / "t.parquet", Schema((Column("id", "integer", allow_missing=True),)))
    assert declared["id"].dtype == "Int64"
    assert declared["id"][0] == 9007199254740993


@pytest.mark.parametrize("index", [["a"], ["a", "b"]])
def test_the_index_of_a_parquet_file_becomes_columns(tmp_path, index):
    pd.DataFrame({"a": [1], "b": [2], "v": [3]}).set_index(index).to_parquet(tmp_path / "t.pq")
    assert read_table(tmp_path / "t.pq").iloc[0].to_dict() == {"a": 1, "b": 2, "v": 3}


@pytest.mark.parametrize("data", [b"", b"PAR1junkPAR1", b"a,b\n1,2\n"])
def test_what_is_no_parquet_is_refused(write, data):
    with pytest.raises(DataError, match=r"t\.parquet: this is no readable Parquet file"):
        read_table(write(data, "t.parquet"))


def test_parquet_above_the_limit_is_refused(tmp_path):
    pd.DataFrame({"a": np.arange(10_000)}).to_parquet(tmp_path / "t.parquet")
    with pytest.raises(DataError, match=r"t\.parquet: the table is larger than the limit .* Raise max_bytes"):
        read_table(tmp_path / "t.parquet", max_bytes=1000)


@pytest.mark.parametrize("suffix", [".parquet", ".xlsx", ".csv"])
def test_missing_files_and_folders_are_refused_for_every_format(tmp_path, suffix):
    with pytest.raises(DataError, match=r"lost\..*: there is no such file"):
        read_table(tmp_path / f"lost{suffix}")
    (tmp_path / f"folder{suffix}").mkdir()
    with pytest.raises(DataError, match="folder"):
        read_table(str(tmp_path / f"folder{suffix}"))


def test_a_parquet_file_without_rows_is_refused(tmp_path):
    import pyarrow.parquet as pq

    pq.write_table(pa.table({"a": pa.array([], pa.int64())}), tmp_path / "t.parquet")
    with pytest.raises(DataError, match=r"t\.parquet: the table has .*no rows"):
        read_table(tmp_path / "t.parquet")


def test_a_parquet_file_with_repeated_names_is_refused(tmp_path):
    import pyarrow.parquet as pq

    pq.write_table(pa.table([[1], [2]], names=["a", "a"]), tmp_path / "t.parquet")
    with pytest.raises(DataError, match=r"repeated column names: 'a'"):
        read_table(tmp_path / "t.parquet")


# Excel.


def test_excel_keeps_codes_and_reads_declared_kinds(workbook):
    path = workbook(["id", "x", "land"], ["007", 1.234, "NA"], ["012", 2.5, "DE"])
    frame = read_table(path, Schema((Column("id", "text"), Column("x", "number"), Column("land", "text"))))
    assert frame.to_dict("list") == {"id": ["007", "012"], "x": [1.234, 2.5], "land": ["NA", "DE"]}


def test_excel_kinds_are_recognised_without_a_schema(workbook):
    frame = read_table(workbook(["id", "n"], ["007", 1], ["012", 2]))
    assert frame.to_dict("list") == {"id": ["007", "012"], "n": [1, 2]}
    assert frame["n"].dtype == "int64"


def test_excel_problems_are_told(workbook):
    with pytest.raises(DataError, match=r"book\.xlsx: column 'x': 1 value is below 0 \(row 2\)"):
        read_table(workbook(["x"], [1.5], [-2.5]), number("x", minimum=0))


def test_a_number_as_excel_column_name_is_text(workbook):
    frame = read_table(workbook(["shop", 2024], ["a", 5]), number("2024"))
    assert frame["2024"].tolist() == [5.0]


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ([["a", "a"], [1, 2]], "repeated column names: 'a'"),
        ([["a", None], [1, 2]], "no name"),
        ([["a", "b"]], "no rows"),
    ],
)
def test_a_bad_sheet_is_refused(workbook, rows, says):
    with pytest.raises(DataError) as caught:
        read_table(workbook(*rows))
    assert says in str(caught.value)


@pytest.mark.parametrize("sheet", ["Sales", 3])
def test_an_unknown_sheet_is_refused(workbook, sheet):
    with pytest.raises(
        DataError, match=r"book\.xlsx: (there is no sheet 'Sales'; there are 'Sheet'|the sheet cannot be read)"
    ):
        read_table(workbook(["a"], [1]), sheet=sheet)


def test_a_workbook_above_the_limit_is_refused(workbook):
    with pytest.raises(DataError, match=r"book\.xlsx: the workbook unpacks to .* above the limit\. Raise max_bytes"):
        read_table(workbook(["a"], [1]), max_bytes=1000)


def archive(**members):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        for name, text in members.items():
            file.writestr(name, text)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("t.xlsx", b""),
        ("t.xlsx", b"a,b\n1,2\n"),
        ("t.xlsx", b"PK\x03\x04junk"),
        ("t.xlsx", archive(**{"xl/workbook.xml": "<x", "[Content_Types].xml": "<x"})),
        ("t.xlsx", archive(**{"xl/workbook.xml": "<x/>"})),
        ("t.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 600),
        ("t.ods", archive(**{"content.xml": "<x/>"})),
    ],
)
def test_what_is_no_workbook_is_refused(write, name, data):
    with pytest.raises(DataError, match=name):
        read_table(write(data, name))


@pytest.mark.parametrize("name", ["t.pkl", "t.pickle", "t.JOBLIB"])
def test_pickles_are_never_read(write, name):
    with pytest.raises(
        DataError, match=r"pickles are never read: they can run code\. Save the table as Parquet or CSV"
    ):
        read_table(write(b"x", name))


# Fingerprint.


def sample():
    return pd.DataFrame(
        {
            "n": [1, 9007199254740993],
            "x": [1.5, np.nan],
            "b": [True, False],
            "t": ["ä", "NA"],
            "d": pd.to_datetime(["2024-01-31", None]),
            "z": pd.to_datetime(["2024-01-31T10:30Z", "2024-06-30T10:30Z"], utc=True),
        }
    )


def test_the_fingerprint_is_the_same_under_every_pandas():
    assert fingerprint(sample()) == "008a77f0d3e86962fabc17dcce1526fe333307d29a4f5a05d43b7ca3de8a3772"


def test_the_fingerprint_knows_no_index_no_unit_and_no_zone():
    frame = sample()
    other = frame.set_axis([5, 9])
    other["d"] = other["d"].astype("datetime64[ms]")
    other["z"] = other["z"].dt.tz_convert("Europe/Berlin")
    other["t"] = other["t"].astype(object)
    assert fingerprint(other) == fingerprint(frame)


def test_the_fingerprint_knows_one_gap_whatever_it_is_called():
    gaps = [
        pd.Series(["x", None], dtype=object),
        pd.Series(["x", np.nan], dtype=object),
        pd.Series(["x", pd.NA], dtype=object),
        pd.Series(["x", None], dtype="string"),
        pd.Series(["x", None]),
    ]
    assert len({fingerprint(pd.DataFrame({"t": gap})) for gap in gaps}) == 1


@pytest.mark.parametrize("word", ["nan", "None", "<NA>"])
def test_the_fingerprint_tells_a_gap_from_a_word(word):
    gap, text = pd.DataFrame({"t": ["x", None]}), pd.DataFrame({"t": ["x", word]})
    assert fingerprint(gap) != fingerprint(text)


def test_the_fingerprint_sees_the_last_digit_beside_a_gap():
    one, other = (pd.DataFrame({"n": pd.array([2**53 + last, None], dtype="Int64")}) for last in (0, 1))
    assert fingerprint(one) != fingerprint(other)


def test_the_fingerprint_of_booleans_with_a_gap_is_the_same_in_another_process():
    code = """
import pandas as pd
from shared.data import fingerprint
print(fingerprint(pd.DataFrame({"b": pd.array([True, None], dtype="boolean")})))
"""
    folder = Path(shared.__file__).parents[1]
    done = subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == fingerprint(pd.DataFrame({"b": pd.array([True, None], dtype="boolean")}))


def test_the_fingerprint_sees_names_values_and_order():
    frame = sample()
    others = [
        frame.rename(columns={"n": "m"}),
        frame[["x", "n", "b", "t", "d", "z"]],
        frame.iloc[::-1],
        frame.assign(t=["ä", "na"]),
        frame.assign(d=pd.to_datetime(["2024-01-30", None])),
    ]
    assert len({fingerprint(other) for other in [frame, *others]}) == 6


def test_dates_far_away_are_read_or_named(write):
    try:
        frame = read_table(write("d\n9999-12-31\n0001-01-01\n2024-01-31\n"))
    except DataError as error:
        assert error.problems[0].rows == (1, 2)
    else:
        assert [str(stamp)[:10] for stamp in frame["d"]] == ["9999-12-31", "0001-01-01", "2024-01-31"]


def test_equal_files_have_equal_fingerprints(write):
    one = read_table_with_report(write("a,b\n1,x\n2,y\n"))[1]
    two = read_table_with_report(write("a;b\r\n1;x\r\n2;y\r\n".encode("utf-16"), "u.csv"))[1]
    assert one.fingerprint == two.fingerprint


# Columns of text in frames


STAMPS = [pd.Timestamp("2024-01-02"), pd.Timestamp("2024-01-13")]


@pytest.mark.parametrize("make", [pd.DataFrame, pl.DataFrame, pa.table])
@pytest.mark.parametrize(
    ("written", "options", "read"),
    [
        (["01/02/2024", "01/13/2024"], {"dates": "month-first"}, STAMPS),
        (["02.01.2024", "13.01.2024"], {"dates": "day-first"}, STAMPS),
        (["02-Jan-2024", "13-Jan-2024"], {"dates": "%d-%b-%Y"}, STAMPS),
        (["20240102", "20240113"], {"dates": "%Y%m%d"}, STAMPS),
        (["2024-01-02", "2024-01-13"], {"dates": "iso"}, STAMPS),
        (["1,5", "2"], {"decimal": ","}, [1.5, 2.0]),
        (["1.234,5", "-2"], {"decimal": ","}, [1234.5, -2.0]),
        (["1.5", "2"], {"decimal": "."}, [1.5, 2.0]),
        (["1", "2"], {"decimal": ","}, [1, 2]),
    ],
)
def test_text_in_a_frame_is_read_as_asked_and_as_in_a_file(tmp_path, make, written, options, read):
    frame = make({"x": written, "n": ["Ulm", "Bonn"]})
    assert read_table(frame, **options).to_dict("list") == {"x": read, "n": ["Ulm", "Bonn"]}
    assert read_table(frame)["x"].tolist() == written
    pd.DataFrame({"x": written, "n": ["Ulm", "Bonn"]}).to_csv(tmp_path / "a.csv", index=False, sep=";")
    pd.testing.assert_frame_equal(read_table(frame, **options), read_table(tmp_path / "a.csv", **options))


@pytest.mark.parametrize(
    ("written", "options", "said"),
    [
        (["01/02/2024", "13/01/2024"], {"dates": "month-first"}, "'x' kept as text: 1 value cannot be read as dates: '13/01/2024' (row 2)"),
        (["1,5", "n/k"], {"decimal": ","}, "'x' kept as text: 1 value cannot be read as numbers: 'n/k' (row 2)"),
        (["007", "1,5"], {"decimal": ","}, "'x' kept as text: codes like '007' would change as numbers"),
        (["02-Jan-2024", "13-Jan-2024"], {"dates": "%d/%m/%y"}, "dates='%d/%m/%y' fits no column of text; kept as text: 'x', 'n'"),
        (["a", "b"], {"decimal": ","}, "decimal=',' fits no column of text; kept as text: 'x', 'n'"),
    ],
)  # fmt: skip
def test_text_in_a_frame_that_does_not_fit_stays_and_is_told(written, options, said):
    frame, report = read_table_with_report(pd.DataFrame({"x": written, "n": ["Ulm", "Bonn"]}), **options)
    assert frame["x"].tolist() == written
    assert said in report.notes


def test_only_what_was_asked_for_is_read_in_a_frame():
    frame = pd.DataFrame({"key": ["1", "2"], "day": ["01/02/2024", "01/13/2024"], "x": ["1,5", "2,5"]}, index=[7, 3])
    before = frame.copy()
    dated, report = read_table_with_report(frame, dates="month-first")
    assert dated.to_dict("list") == {"key": ["1", "2"], "day": STAMPS, "x": ["1,5", "2,5"]}
    assert report.notes == ()
    declared = read_table(frame, Schema((Column("key", "text"),)), decimal=",")
    assert declared.to_dict("list") == {"key": ["1", "2"], "day": frame["day"].tolist(), "x": [1.5, 2.5]}
    pd.testing.assert_frame_equal(frame, before)


# Indexes of frames


DAYS = pd.date_range("2024-01-01", periods=2)


@pytest.mark.parametrize(
    ("index", "said", "columns"),
    [
        (DAYS, "its index has no name and was left out", ["ds", "y"]),
        (pd.PeriodIndex(DAYS, freq="D"), "its index has no name and was left out", ["ds", "y"]),
        (["a", "b"], "its index has no name and was left out", ["unique_id", "y"]),
        (pd.MultiIndex.from_arrays([["a", "b"], DAYS]), "its index has no name and was left out", ["unique_id", "ds", "y"]),
        (pd.MultiIndex.from_arrays([DAYS, DAYS]), "its index has no name and was left out", ["ds", "level_1", "y"]),
        (pd.Index(DAYS, name="y"), "its index has the name of a column, 'y', and was left out", ["ds", "y"]),
    ],
)  # fmt: skip
def test_an_index_that_is_left_out_is_told_and_how_to_keep_it(index, said, columns):
    frame = pd.DataFrame({"y": [1, 2]}, index=index)
    made, report = read_table_with_report(frame)
    assert made.columns.tolist() == ["y"]
    (note,) = report.notes
    assert note.startswith(said)
    advised = re.search(r"to keep it: frame\.rename_axis\((.*)\)\.reset_index\(\)$", note)[1]
    kept, report = read_table_with_report(frame.rename_axis(eval(advised)).reset_index())
    assert kept.columns.tolist() == columns
    assert report.notes == ()


@pytest.mark.parametrize(
    "frame",
    [
        pd.DataFrame({"y": [1, 2]}),
        pd.DataFrame({"y": [1, 2]}, index=[7, 3]),
        pd.DataFrame({"y": [1, 2]}, index=pd.Index(DAYS, name="ds")),
        pl.DataFrame({"y": [1, 2]}),
    ],
)
def test_of_an_index_that_is_kept_or_numbers_rows_nothing_is_said(frame):
    assert read_table_with_report(frame)[1].notes == ()


@pytest.mark.parametrize(
    ("cells", "read"),
    [
        (["2010/01/01 00:00", "2010/1/2 13:30"], ["2010-01-01 00:00", "2010-01-02 13:30"]),
        (["2010.12.31", "2011.1.1"], ["2010-12-31", "2011-01-01"]),
        (["2010/01/31", "2010/02/01"], ["2010-01-31", "2010-02-01"]),
    ],
)
def test_dates_that_begin_with_the_year_are_dates_whatever_stands_between(tmp_path, cells, read):
    path = tmp_path / "a.csv"
    path.write_text("when,v\n" + "".join(f"{cell},1\n" for cell in cells))
    assert read_table(path)["when"].tolist() == [pd.Timestamp(one) for one in read]


def test_the_other_order_of_dates_is_named_where_it_fits(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("when,v\n01/02/2013,1\n13/02/2013,2\n")
    with pytest.raises(DataError, match='Pass dates="day-first" if all are written so'):
        read_table(path, schema=Schema((Column("when", "datetime"),)), dates="month-first")


def test_a_sheet_that_is_not_there_is_told_beside_those_that_are(tmp_path):
    with pd.ExcelWriter(tmp_path / "a.xlsx") as book:
        for name in ("Mai", "Juni"):
            pd.DataFrame({"a": [1]}).to_excel(book, sheet_name=name, index=False)
    with pytest.raises(DataError, match="there is no sheet 'Juli'; there are 'Mai', 'Juni'. Name one of them"):
        read_table(f"{tmp_path / 'a.xlsx'}#Juli")


def test_where_columns_have_decimal_marks_of_their_own_each_is_read_by_its_own(tmp_path):
    lines = ["a;b;c", *(f"{i}.0;{i},5;{i}" for i in range(1, 9))]
    (tmp_path / "mixed.csv").write_text("\n".join(lines))
    table, report = read_table_with_report(tmp_path / "mixed.csv")
    assert table.b.tolist() == [i + 0.5 for i in range(1, 9)]
    assert table.a.tolist() == [float(i) for i in range(1, 9)]
    assert report.notes == ("'b': decimal mark ',' recognised, which other columns do not have",)
