"""Tables to be taken away: whole, the same bytes again, nothing in them alive, and nothing of the user's touched."""

import csv
import io
import os
import zipfile
from datetime import datetime

import numpy as np
import openpyxl
import pandas as pd
import pytest

from shared.errors import StoreError
from shared.reporting import Report
from shared.reporting.downloads import WORKBOOK, check_downloads, remove_downloads, workbook_bytes, write_downloads
from shared.runtime import files
from shared.runtime.manifest import MANIFEST

FRAME = pd.DataFrame(
    {
        "who": ["a", "b <c> & d", None],
        "n": [1, -2, 3],
        "x": [1.5, np.nan, -0.25],
        "at": pd.to_datetime(["2024-01-02 03:04:00", None, "2024-01-02 03:04:05"]),
        "on": [True, False, True],
    }
)
LIVE = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "=cmd|' /C calc'!A0", "＝1+1", "a;=1+1", "#N/A", "a\r\n=1"]


def read(made):
    """Cells of every sheet, as a spreadsheet finds them."""
    book = openpyxl.load_workbook(io.BytesIO(made))
    return {sheet.title: [list(row) for row in sheet.iter_rows(values_only=True)] for sheet in book.worksheets}


def cells(made):
    return [cell for sheet in openpyxl.load_workbook(io.BytesIO(made)) for row in sheet.iter_rows() for cell in row]


def state(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_workbook_read_back_is_the_table():
    (rows,) = read(workbook_bytes({"a": FRAME})).values()
    assert rows[0] == list(FRAME)
    back = pd.DataFrame(rows[1:], columns=rows[0])
    for name in FRAME:
        expected = [None if pd.isna(one) else one for one in FRAME[name].tolist()]
        assert [None if pd.isna(one) else one for one in back[name].tolist()] == expected, name
    assert [cell.data_type for cell in cells(workbook_bytes({"a": FRAME}))[5:10]] == ["s", "n", "n", "d", "b"]


@pytest.mark.parametrize("text", LIVE)
def test_no_cell_is_a_formula(text, tmp_path):
    frame = pd.DataFrame({text: [text, "x"], "n": [text, -1.5]})
    made = workbook_bytes({"a": frame, "b": pd.DataFrame({"c": pd.Categorical([text])})})
    assert {cell.data_type for cell in cells(made)} <= {"s", "n"}
    with zipfile.ZipFile(io.BytesIO(made)) as parts:
        sheets = [parts.read(name) for name in parts.namelist() if name.startswith("xl/worksheets/")]
        assert not any(b"<f>" in sheet or b"<f " in sheet or b't="e"' in sheet for sheet in sheets)
        assert not any("external" in name.lower() or "macro" in name.lower() for name in parts.namelist())
    texts = [cell.value for cell in cells(made) if cell.data_type == "s"]
    assert not any(one.startswith(("=", "+", "-", "@", "＝", "\t", "\r")) for one in texts)
    write_downloads(tmp_path, {"a": frame})
    with (tmp_path / "a.csv").open(encoding="utf-8", newline="") as lines:
        told = [one for row in csv.reader(lines) for one in row]
    assert told[-1] == "-1.5"  # a number is a number
    assert not any(one.startswith(("=", "+", "-", "@", "＝", "\t", "\r")) for one in told[:-1])


def test_the_same_tables_are_the_same_bytes_at_any_time(tmp_path, monkeypatch):
    first = workbook_bytes({"a": FRAME, "b": FRAME})

    class Later(datetime):
        @classmethod
        def now(cls, tz=None):
            return datetime(2031, 5, 6, tzinfo=tz)

    monkeypatch.setattr("xlsxwriter.core.datetime", Later)
    monkeypatch.setattr("xlsxwriter.workbook.datetime", Later)
    assert workbook_bytes({"a": FRAME, "b": FRAME}) == first
    for name in ("one", "two"):
        write_downloads(tmp_path / name, {"a": FRAME})
    assert state(tmp_path / "one") == state(tmp_path / "two")
    with zipfile.ZipFile(io.BytesIO(first)) as parts:
        assert {part.date_time for part in parts.infolist()} == {(2000, 1, 1, 0, 0, 0)}


def test_stamps_of_a_zone_stand_on_their_wall_clock():
    stamps = pd.to_datetime(["2024-07-01T00:00Z", "2024-01-01T00:00Z"]).tz_convert("Europe/Berlin")
    frame = pd.DataFrame({"at": stamps, "mixed": pd.Series([stamps[0], "x"], dtype=object)})
    (rows,) = read(workbook_bytes({"a": frame})).values()
    assert [row[0] for row in rows[1:]] == [datetime(2024, 7, 1, 2), datetime(2024, 1, 1, 1)]
    assert rows[1][1] == datetime(2024, 7, 1, 2)


@pytest.mark.parametrize("day", ["1677-09-22", "1800-01-01", "1899-12-31", "1900-02-28", "1901-01-01", "2262-01-01"])
def test_days_before_a_spreadsheets_first_are_texts(day):
    frame = pd.DataFrame({"at": pd.to_datetime([day])})
    (rows,) = read(workbook_bytes({"a": frame})).values()
    expected = datetime.fromisoformat(day) if day >= "1901" else f"{day} 00:00:00"
    assert rows[1][0] == expected


def test_numbers_that_a_spreadsheet_cannot_hold_are_texts_or_empty():
    frame = pd.DataFrame({"n": pd.Series([2**53 - 1, 2**53, -(2**60), np.int64(7)], dtype=object)})
    frame["x"] = [np.inf, -np.inf, np.nan, 1e308]
    frame["y"] = pd.Series([np.float32(0.5), np.bool_(True), pd.NA, pd.Timedelta("1h")], dtype=object)
    (rows,) = read(workbook_bytes({"a": frame})).values()
    assert [row[0] for row in rows[1:]] == [2**53 - 1, str(2**53), str(-(2**60)), 7]
    assert [row[1] for row in rows[1:]] == [None, None, None, 1e308]
    assert [row[2] for row in rows[1:]] == [0.5, True, None, "0 days 01:00:00"]


def test_texts_that_no_workbook_can_hold_are_cut_or_replaced():
    frame = pd.DataFrame({"a\x00b": ["x\x0by", "é" * 40_000]})
    (rows,) = read(workbook_bytes({"a": frame})).values()
    assert rows[0] == ["a\ufffdb"]
    assert rows[1] == ["x\ufffdy"]
    assert rows[2] == ["é" * 32_000]


def test_sheets_have_names_of_their_own():
    long = "a-very-long-name-of-a-chapter-of-the-report"
    names = [long, long + "-2", long.upper(), "a/b", "a:b", "", "History", "x" * 31, "x" * 32, "'quoted'"]
    made = read(workbook_bytes({name: pd.DataFrame({"n": [number]}) for number, name in enumerate(names)}))
    assert [rows[1][0] for rows in made.values()] == list(range(len(names)))
    assert all(0 < len(name) <= 31 for name in made)
    assert len({name.lower() for name in made}) == len(names)
    assert not any(sign in name for name in made for sign in "[]:*?/\\'")
    assert "history" not in {name.lower() for name in made}


@pytest.mark.parametrize("frame", [pd.DataFrame(), pd.DataFrame({"x": []}), pd.DataFrame(index=[1, 2])])
def test_tables_without_rows_or_columns(frame, tmp_path):
    write_downloads(tmp_path, {"a": frame})
    assert read((tmp_path / WORKBOOK).read_bytes())["a"] in ([], [["x"]], [[None]], [[], []], [[None], [None]])


def test_columns_of_one_name_are_kept_apart():
    frame = pd.DataFrame([[1, 2]], columns=["n", "n"])
    assert read(workbook_bytes({"a": frame}))["a"] == [["n", "n"], [1, 2]]


def test_an_empty_report_has_an_empty_workbook(tmp_path):
    assert Report("a").tables() == {}
    write_downloads(tmp_path / "tables", {})
    assert sorted(state(tmp_path / "tables")) == [WORKBOOK, MANIFEST]
    assert len(read((tmp_path / "tables" / WORKBOOK).read_bytes())) == 1


def test_a_csv_has_all_rows_and_numbers_as_they_are(tmp_path):
    frame = pd.DataFrame({"x": np.random.default_rng(0).normal(size=200), "at": pd.date_range("2024", periods=200)})
    report = Report("a")
    report.section("Long").table(frame.set_index("at"), "All.")
    write_downloads(tmp_path, report.tables())
    with (tmp_path / "long.csv").open(encoding="utf-8", newline="") as lines:
        head, *rows = csv.reader(lines)
    assert head == ["at", "x"]
    assert [float(x) for _, x in rows] == frame["x"].tolist()
    assert [pd.Timestamp(at) for at, _ in rows] == frame["at"].tolist()


def test_tables_of_an_earlier_run_are_replaced(tmp_path):
    write_downloads(tmp_path / "t", {"a": FRAME, "old": FRAME})
    write_downloads(tmp_path / "t", {"a": FRAME.head(1), "new": FRAME})
    assert sorted(state(tmp_path / "t")) == ["a.csv", WORKBOOK, MANIFEST, "new.csv"]
    assert len(pd.read_csv(tmp_path / "t" / "a.csv")) == 1


def test_what_lies_beside_our_tables_stays(tmp_path):
    write_downloads(tmp_path / "t", {"a": FRAME})
    (tmp_path / "t" / "notes.txt").write_text("mine")
    write_downloads(tmp_path / "t", {"b": FRAME})
    remove_downloads(tmp_path / "t")
    assert state(tmp_path / "t") == {"notes.txt": b"mine"}


def not_ours(folder):
    folder.mkdir()
    (folder / "a.csv").write_text("mine")


def changed(folder):
    write_downloads(folder, {"a": FRAME, "b": FRAME})
    (folder / "b.csv").write_text("mine")


def replaced(folder):
    write_downloads(folder, {"a": FRAME})
    (folder / WORKBOOK).unlink()
    (folder / WORKBOOK).mkdir()


def a_file(folder):
    folder.write_text("mine")


def a_link(folder):
    (folder.parent / "elsewhere").mkdir()
    (folder.parent / "elsewhere" / "a.csv").write_text("mine")
    folder.symlink_to(folder.parent / "elsewhere")


def a_dead_link(folder):
    folder.symlink_to(folder.parent / "nowhere")


def a_list_of_others(folder):
    folder.mkdir()
    (folder / MANIFEST).write_text("mine\n")


@pytest.mark.parametrize("make", [not_ours, changed, replaced, a_file, a_link, a_dead_link, a_list_of_others])
def test_a_folder_that_is_not_ours_is_refused_and_untouched(make, tmp_path):
    folder = tmp_path / "tables"
    make(folder)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    for ask in (check_downloads, lambda folder: write_downloads(folder, {"a": FRAME, "new": FRAME})):
        with pytest.raises(StoreError):
            ask(folder)
        assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before
    remove_downloads(tmp_path / "missing")


@pytest.mark.parametrize("step", range(8))
def test_a_run_killed_half_way_is_followed_by_a_whole_one(step, tmp_path, monkeypatch):
    folder = tmp_path / "tables"
    write_downloads(folder, {"old": FRAME})
    calls = []

    def die(*given, original, **more):
        calls.append(1)
        if len(calls) > step:
            raise KeyboardInterrupt
        return original(*given, **more)

    with monkeypatch.context() as patch:
        for name in ("fsync", "replace"):
            original = getattr(os, name)
            patch.setattr(files.os, name, lambda *a, original=original, **k: die(*a, original=original, **k))
        try:
            write_downloads(folder, {"a": FRAME, "b": FRAME})
        except KeyboardInterrupt:
            assert len(calls) == step + 1
    write_downloads(folder, {"a": FRAME, "b": FRAME})
    assert sorted(state(folder)) == ["a.csv", WORKBOOK, "b.csv", MANIFEST]
    assert read((folder / WORKBOOK).read_bytes())["b"][1][0] == "a"


@pytest.mark.parametrize("left", [b"", b"0123", b"0" * 64])
def test_a_list_that_a_killed_run_just_began_is_ours(left, tmp_path):
    (tmp_path / "tables").mkdir()
    (tmp_path / "tables" / MANIFEST).write_bytes(left)
    write_downloads(tmp_path / "tables", {"a": FRAME})
    assert sorted(state(tmp_path / "tables")) == ["a.csv", WORKBOOK, MANIFEST]
