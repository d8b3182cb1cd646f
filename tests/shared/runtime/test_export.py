"""Tables for other programs: what starts a formula in a spreadsheet starts none, and numbers stay numbers."""

import csv
import io

import numpy as np
import pandas as pd
import pytest

from shared.errors import SettingsError, StoreError
from shared.runtime.export import disarm, write_table

STARTS = [
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "\t1",
    "\r=1",
    "\n=1",
    "-2+3+cmd|' /C calc'!A0",
    "＝1",
    "＋1",
    "－1",
    "＠SUM(A1)",
]


def cells(path):
    """Cells as a spreadsheet splits them: bare line ends of any kind begin a row."""
    return list(csv.reader(io.StringIO(path.read_bytes().decode(), newline="")))


@pytest.mark.parametrize("text", STARTS)
@pytest.mark.parametrize("kind", ["str", "object", "category", "mixed"])
def test_no_value_starts_a_formula(tmp_path, text, kind):
    held = [text, 1, None] if kind == "mixed" else [text, "x", text]
    values = pd.Series(held, dtype=object if kind in {"object", "mixed"} else kind)
    frame = pd.DataFrame({"a": values})
    write_table(frame, tmp_path / "t.csv")
    rows = cells(tmp_path / "t.csv")
    assert rows[1] == ["'" + text]
    assert rows[2] == [str(held[1])]
    assert frame["a"].tolist()[0] == text


@pytest.mark.parametrize("text", STARTS)
def test_no_name_starts_a_formula(tmp_path, text):
    write_table(pd.DataFrame({text: [1], "b": [2]}), tmp_path / "t.csv")
    assert cells(tmp_path / "t.csv")[0] == ["'" + text, "b"]


def test_a_category_that_is_disarmed_need_not_be_among_the_categories(tmp_path):
    values = pd.Categorical(["=1", None, "b"], categories=["b", "=1", "@unused"])
    write_table(pd.DataFrame({"a": values}), tmp_path / "t.csv")
    assert cells(tmp_path / "t.csv")[1:] == [["'=1"], [""], ["b"]]


def test_an_index_of_text_brings_no_formula_in(tmp_path):
    frame = pd.DataFrame({"n": [1, 2]}, index=pd.Index(["=1", "@x"], name="=name"))
    write_table(frame, tmp_path / "t.csv")
    text = (tmp_path / "t.csv").read_text()
    assert all(not cell.startswith(("=", "@")) for row in cells(tmp_path / "t.csv") for cell in row)
    assert text.splitlines()[0].endswith("n")


@pytest.mark.parametrize(
    "values", [[-1, 2], [-1.5, 1e-300], pd.array([-1, None], dtype="Int64"), np.array([-1, -2], dtype=object)]
)
def test_numbers_stay_numbers(tmp_path, values):
    write_table(pd.DataFrame({"a": values, "b": [1, 2]}), tmp_path / "t.csv")
    assert "'" not in (tmp_path / "t.csv").read_text()
    back = pd.read_csv(tmp_path / "t.csv")["a"]
    assert back.dropna().tolist() == [value for value in list(values) if value is not pd.NA]


def test_floats_come_back_bit_by_bit(tmp_path):
    values = np.random.default_rng(0).normal(size=1000) * 10.0 ** np.arange(-150, 150, 0.3)
    write_table(pd.DataFrame({"a": values}), tmp_path / "t.csv")
    assert [float(row[0]) for row in cells(tmp_path / "t.csv")[1:]] == values.tolist()


def test_other_kinds_are_written_as_they_are(tmp_path):
    frame = pd.DataFrame(
        {
            "t": pd.to_datetime(["2024-01-01", "2024-07-01"]).tz_localize("Australia/Melbourne"),
            "b": [True, False],
            "p": pd.period_range("2024-01", periods=2, freq="M"),
            "plain": ["x=1", "a-b"],
            "armed": ["'=1", " =1"],
        }
    )
    write_table(frame, tmp_path / "t.csv")
    assert cells(tmp_path / "t.csv")[1:] == [
        ["2024-01-01 00:00:00+11:00", "True", "2024-01", "x=1", "'=1"],
        ["2024-07-01 00:00:00+10:00", "False", "2024-02", "a-b", " =1"],
    ]


def test_a_line_end_inside_a_value_starts_no_row_of_its_own(tmp_path):
    write_table(pd.DataFrame({"a": ["x\r=1+1", "y\n=1+1"]}), tmp_path / "t.csv")
    assert cells(tmp_path / "t.csv")[1:] == [["x\r=1+1"], ["y\n=1+1"]]


def test_text_with_quotes_separators_and_lines_comes_back(tmp_path):
    held = ['a"b', "a,b", "a\nb", "ä€", ""]
    write_table(pd.DataFrame({"a": held}), tmp_path / "t.csv")
    assert [row[0] for row in cells(tmp_path / "t.csv")[1:]] == held
    assert b"\r" not in (tmp_path / "t.csv").read_bytes()


def test_parquet_is_as_it_is(tmp_path):
    frame = pd.DataFrame({"=a": ["=1", "@x"], "n": [-1, 2]})
    for name in ("t.parquet", "t.pq", "T.PARQUET"):
        write_table(frame, tmp_path / name)
        pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / name), frame)


@pytest.mark.parametrize("name", ["t.xlsx", "t", "t.csv.gz", "t.txt", ".csv", "t.pickle"])
def test_other_names_are_refused_and_nothing_is_written(tmp_path, name):
    with pytest.raises(SettingsError, match=r"\.csv or \.parquet; name the file so"):
        write_table(pd.DataFrame({"a": [1]}), tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_the_frame_is_not_changed():
    frame = pd.DataFrame({"=a": ["=1"], "c": pd.Categorical(["@x"])})
    before = frame.copy()
    made = disarm(frame)
    pd.testing.assert_frame_equal(frame, before)
    assert made.to_dict("list") == {"'=a": ["'=1"], "c": ["'@x"]}


def test_repeated_names_are_disarmed_by_place():
    made = disarm(pd.DataFrame([["=1", -2, "@x"]], columns=["a", "a", "a"]))
    assert made.to_numpy().tolist() == [["'=1", -2, "'@x"]]


def test_a_folder_in_its_place_leaves_nothing_behind(tmp_path):
    (tmp_path / "t.csv").mkdir()
    with pytest.raises(StoreError, match="is a folder; give the name of a file in it"):
        write_table(pd.DataFrame({"a": [1]}), tmp_path / "t.csv")
    assert [path.name for path in tmp_path.iterdir()] == ["t.csv"]


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("x;=1", "x;'=1"),
        ("x;＝1", "x;'＝1"),
        ("x\t@SUM(A1)", "x\t'@SUM(A1)"),
        ("\t=1", "'\t'=1"),
        ("=1;=2;-3", "'=1;'=2;'-3"),
        ("a;b", "a;b"),
        ("x, -5", "x, -5"),
        ("1=1", "1=1"),
    ],
)
def test_no_cell_starts_a_formula_where_a_semicolon_or_a_tab_separates(tmp_path, text, safe):
    write_table(pd.DataFrame({"a": [text]}), tmp_path / "t.csv")
    assert cells(tmp_path / "t.csv")[1:] == [[safe]]
