"""Files as offices make them: titles, joined exports, lines quoted whole, odd separators, one word among numbers."""

import pandas as pd
import pytest

from shared.data import read_table
from shared.data.io.tables import read_table_with_report
from shared.errors import DataError


@pytest.fixture
def read(tmp_path):
    def write_and_read(content, **options):
        path = tmp_path / "a.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        frame, report = read_table_with_report(path, **options)
        return frame, report.explain()

    return write_and_read


# Titles above the header


@pytest.mark.parametrize(
    ("above", "mark", "said"),
    [
        ("Sales of March\n", ";", "1 line above the header left out: 'Sales of March'"),
        ("Sales, March\n", ",", "1 line above the header left out: 'Sales, March'"),
        (
            "Sales of March\n\nas of 1 April\n",
            "\t",
            "3 lines above the header left out: 'Sales of March', 'as of 1 April'",
        ),
        ("Report\nAll shops\n\n", "|", "left out: 'Report', 'All shops'"),
        ('"Sales; March"\n', ";", "1 line above the header left out"),
    ],
)
@pytest.mark.parametrize("rows", [1, 30])
def test_a_title_is_left_out_and_told(read, above, mark, said, rows):
    body = "".join(mark.join(row) + "\n" for row in [("shop", "town", "pieces"), *[("A", "Ulm", "1")] * rows])
    frame, told = read(above + body)
    assert list(frame.columns) == ["shop", "town", "pieces"]
    assert len(frame) == rows
    assert frame["pieces"].tolist() == [1] * rows
    assert said in told


@pytest.mark.parametrize(
    "content",
    [
        "name\nAnn Lee\nBob Ray\n",  # one column is one column
        "price\n1.5\n2.5\n",
        "a,b\n1,2\n3,4\n",
        "x;y\nq;w\ne;r\n",  # text rows below a text header
        "time;load;off\n2024-01-01 00:00;4000,5;true\n2024-01-01 00:30;3900,0;false\n",  # decimal commas
        "a|b\nx,y,z|1\nu,v,w|2\n",
    ],
)
def test_nothing_is_taken_for_a_title_that_is_none(read, content):
    frame, told = read(content)
    assert "left out" not in told
    assert len(frame) == content.count("\n") - 1


def test_rows_are_counted_below_the_header(read):
    with pytest.raises(
        DataError, match=r"1 row has another number of fields than the header \(3\); the first has 2 \(row 2\)"
    ):
        read("Sales\nshop,town,pieces\n" + "A,Ulm,1\nB,Bonn\n" + "C,Kiel,2\n" * 20)


# Rows that are not of the header's width


@pytest.mark.parametrize("body", ["1,2,3\n" * 5, "1,2,3\n" * 500 + "1,2\n" * 2])
@pytest.mark.parametrize("repair", [(), "drop_ragged_rows"])
def test_where_most_rows_are_ragged_the_header_is_to_blame(read, body, repair):
    with pytest.raises(
        DataError, match=r"another number of fields than the header \(2\); the first has 3 .* give every column a name"
    ) as caught:
        read("a,b\n" + body, repair=repair)
    assert "drop_ragged_rows" not in str(caught.value)


# Lines quoted whole, and separators of their own


def test_lines_that_are_quoted_whole_are_told(read):
    with pytest.raises(
        DataError, match="every line is one quoted field that holds 1 comma. Write the file without quotes"
    ):
        read('"a,b"\n"1,2"\n"3,4"\n')
    with pytest.raises(DataError, match="holds 2 semicolons"):
        read('"a;b;c"\n"1;2;3"\n')


@pytest.mark.parametrize("mark", ["^", "~", "#", "!", "*", "\x1f"])
def test_an_odd_separator_is_asked_about_and_taken(read, mark):
    content = "id,name,pieces\n1,x,2\n2,y,3\n".replace(",", mark)
    with pytest.raises(DataError, match="there is one column, in whose every line .* stands 2 times"):
        read(content)
    assert read(content, separator=mark)[0]["pieces"].tolist() == [2, 3]
    assert read(content, separator=",")[0].shape == (2, 1)


def test_one_column_of_text_may_hold_such_signs(read):
    assert read("remark #\nfirst #\nsecond\n")[0].shape == (2, 1)


# Joined exports


def test_the_mark_of_a_second_file_is_taken_off_and_told(read):
    frame, told = read(b"\xef\xbb\xbfid,x\n1,2\n\xef\xbb\xbf1,3\n")
    assert frame["id"].tolist() == [1, 1]
    assert "1 mark of the beginning of one taken off" in told


@pytest.mark.parametrize(("first", "second"), [("\n", "\r\n"), ("\r\n", "\n"), ("\r\n", "\r\n")])
def test_joined_files_may_end_their_lines_differently(read, first, second):
    frame, told = read(f"\ufeffid,x{first}a,2{first}b,3{first}\ufeffa,4{second}b,5{second}")
    assert frame["id"].tolist() == ["a", "b", "a", "b"]
    assert frame["x"].tolist() == [2, 3, 4, 5]
    assert "1 mark of the beginning of one taken off" in told


@pytest.mark.parametrize("mark", [",", ";", "\t"])
def test_the_marks_of_all_files_but_the_first_are_counted(read, mark):
    parts = [f'\ufeff"7"{mark}{place}\n8{mark}{place}\n' for place in (1, 2, 3)]
    frame, told = read(f"\ufeffid{mark}x\n" + "".join(parts))
    assert frame["id"].tolist() == [7, 8] * 3
    assert frame["x"].tolist() == [1, 1, 2, 2, 3, 3]
    assert "3 marks of the beginning of one taken off" in told


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("count", [1, 2, 3])
def test_all_marks_at_a_joint_are_taken_off_whatever_ends_the_lines(read, end, count):
    mark = "\ufeff" * count
    frame, told = read(f"{mark}id,x{end}1,2{end}{mark}1,3{end}4,5{end}")
    assert frame.to_dict("list") == {"id": [1, 1, 4], "x": [2, 3, 5]}
    assert f"{count} mark{'s' if count > 1 else ''} of the beginning of one taken off" in told


def test_a_mark_inside_a_line_stays(read):
    frame, told = read("id,x\na\ufeff,2\nb,3\n")
    assert frame["id"].tolist() == ["a\ufeff", "b"]
    assert "joined" not in told


def test_a_header_that_comes_again_is_named(read):
    part = "id,x\n" + "".join(f"{i},{i}.5\n" for i in range(20))
    _, told = read(part + part)
    assert "'id' kept as text: 1 of 41 is no number: 'id' (row 21)" in told


# One word among numbers


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ([*map(str, range(999)), "n/k"], "'x' kept as text: 1 of 1,000 is no number: 'n/k' (row 1000)"),
        (["kg", *map(str, range(20))], "'x' kept as text: 1 of 21 is no number: 'kg' (row 1)"),
        (["1.5", "-", "2.5", "-", *["3.5"] * 16], "'x' kept as text: 2 of 20 are no numbers: '-' (rows 2, 4)"),
        (["20%", "30 %", "4.5%"], "'x' kept as text: numbers with a percent sign, as '20%'"),
        (["2024-01-31"] * 9 + ["soon"], "'x' kept as text: 1 of 10 is no date: 'soon' (row 10)"),
    ],
)
def test_what_keeps_a_column_from_being_numbers_is_named(read, values, said):
    frame, told = read("k,x\n" + "".join(f"a,{value}\n" for value in values))
    assert said in told
    assert frame["x"].tolist() == values


@pytest.mark.parametrize(
    ("values", "example"),
    [
        (["20%", "30%", "4.5%"], "20%"),
        (["", "30 %", "NA", "4.5 %"], "30 %"),
        (["4,5%", "20,25 %", "1.250 %"], "4,5%"),
        (["-3 %", "+0,5%"], "-3 %"),
    ],
)
def test_percents_stay_text_and_the_column_is_named(read, values, example):
    frame, told = read("shop;pieces;share\n" + "".join(f"a;{n};{value}\n" for n, value in enumerate(values)))
    assert f"'share' kept as text: numbers with a percent sign, as '{example}'; take it off" in told
    assert told.count("kept as text") == 1
    assert frame["share"].fillna("").tolist() == values
    lines = "".join(f"{value.rstrip(' %')};1\n" for value in values)
    taken_off, _ = read("share;n\n" + lines, decimal="," if "," in lines else ".")
    assert pd.api.types.is_numeric_dtype(taken_off["share"])


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (["5\u00a0%", "7\u00a0%"], "as '5 %'; take it off"),
        (["5\u202f%", "7 %", "9%"], "as '5 %'; take it off"),
        (["20%", "30", "4%"], "as '20%', in 2 of 3 rows; take it off"),
        (["30", "", "20 %"], "as '20 %', in 1 of 2 rows; take it off"),
        (
            [*["20%"] * 19, "n/k"],
            "as '20%'; take it off to read them as such; 1 of 20 is no number: 'n/k' (row 20)",
        ),
        (
            ["-", *["20%", "3.5"] * 9],
            "as '20%', in 9 of 19 rows; take it off to read them as such; 1 of 19 is no number: '-' (row 1)",
        ),
    ],
)
def test_a_column_of_percents_among_others_is_named(read, values, said):
    frame, told = read("k;x\n" + "".join(f"a;{value}\n" for value in values))
    assert f"'x' kept as text: numbers with a percent sign, {said}" in told
    assert told.count("kept as text") == 1
    assert frame["x"].fillna("").tolist() == values


@pytest.mark.parametrize(
    "values",
    [["20%", "n/k", "n/k"], ["100% cotton", "50% wool"], ["%", "."], [*map(str, range(19)), "20%"], [".,%", "%%"]],
)
def test_a_few_percents_make_no_column_of_percents(read, values):
    _, told = read("k;x\n" + "".join(f"a;{value}\n" for value in values))
    assert "percent" not in told


@pytest.mark.parametrize("values", [["Ulm", "Bonn", "Kiel"], ["A1", "7", "B2", "9"], ["1", "2", "x", "y"]])
def test_of_texts_nothing_is_said(read, values):
    assert "kept as text" not in read("k,x\n" + "".join(f"a,{value}\n" for value in values))[1]


# Dates written as numbers


def test_a_format_of_dates_counts_without_a_schema(read):
    frame, _ = read("day,n\n20240131,1\n20240201,2\n", dates="%Y%m%d")
    assert frame["day"].tolist() == [pd.Timestamp("2024-01-31"), pd.Timestamp("2024-02-01")]
    assert frame["n"].tolist() == [1, 2]
    assert read("day,n\n20240131,1\n")[0]["day"].tolist() == [20240131]


def test_a_format_that_does_not_fit_changes_nothing(read):
    assert read("day,n\n20240131,1\n20249999,2\n", dates="%Y%m%d")[0]["day"].tolist() == [20240131, 20249999]


def test_a_frame_is_left_as_it_is():
    frame = pd.DataFrame({"Sales of March": ["a", "b"]})
    assert read_table(frame).equals(frame)


def test_a_formula_that_nobody_has_worked_out_is_named(tmp_path):
    """A22: a program that writes workbooks stores no values beside its formulas."""
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    for row in (["a", "b"], [1, 2], [3, "=A3*2"], [4, None]):
        book.active.append(row)
    book.save(tmp_path / "made.xlsx")
    with pytest.raises(DataError, match=r"1 cells hold .*'a formula without a value' \(rows? 2\)"):
        read_table(tmp_path / "made.xlsx")


# What is said of dates is used, or that it is not is said


@pytest.mark.parametrize(
    ("values", "dates"), [([202401, 202402], "%Y%m"), ([2021, 2022], "%Y"), ([20240131, 20240201], "%Y%m%d"), ([2024031, 2024032], "%Y%j")]
)  # fmt: skip
def test_a_format_of_dates_reads_digits_from_every_source(tmp_path, values, dates):
    frame = pd.DataFrame({"d": values})
    frame.to_csv(tmp_path / "a.csv", index=False)
    frame.to_parquet(tmp_path / "a.parquet")
    right = pd.to_datetime(frame["d"].astype(str), format=dates)
    for source in (frame, frame.astype(str), frame.astype("Int64"), tmp_path / "a.csv", tmp_path / "a.parquet"):
        assert (read_table(source, dates=dates)["d"] == right).all()


@pytest.mark.parametrize("values", [[5, 6], [20240131, 20249999], ["x", "y"]])
def test_a_format_that_fits_no_column_is_said(tmp_path, values):
    frame = pd.DataFrame({"d": values})
    frame.to_csv(tmp_path / "a.csv", index=False)
    for source in (frame, tmp_path / "a.csv"):
        notes = read_table_with_report(source, dates="%Y%m%d")[1].notes
        assert any(note.startswith("dates='%Y%m%d' fits no column") for note in notes)


@pytest.mark.parametrize("kind", ["csv", "xlsx", "parquet", "frame", "jsonl"])
def test_one_word_among_numbers_is_said_for_every_source(tmp_path, kind):
    frame = pd.DataFrame({"a": [*(one + 0.5 for one in range(99)), "n/k"]})
    path = tmp_path / f"a.{kind}"
    if kind == "csv":
        frame.to_csv(path, index=False)
    elif kind == "xlsx":
        frame.to_excel(path, index=False)
    elif kind == "parquet":
        frame.astype(str).to_parquet(path)
    elif kind == "jsonl":
        frame.astype(str).to_json(path, orient="records", lines=True)
    told = read_table_with_report(frame if kind == "frame" else path)[1].explain()
    assert "1 of 100 is no number: 'n/k' (row 100)" in told


@pytest.mark.parametrize("odd", ["-", "n/k", "Temp"])
def test_a_decimal_comma_is_found_beside_an_odd_cell(read, odd):
    frame, told = read(f"a;b\n1,5;1\n{odd};2\n" + "2,5;3\n" * 10)
    assert f"1 of 12 is no number: '{odd}' (row 2)" in told
    assert frame["b"].sum() == 33


def test_what_is_told_of_a_table_steers_no_terminal(tmp_path):
    path = tmp_path / "a\x1b]0;owned\x07.csv"
    path.write_text("x\u202e,b\n007,2\n")
    assert read_table_with_report(path)[1].explain().isprintable()


def test_the_name_of_a_file_cannot_write_a_line_of_its_own(tmp_path):
    path = tmp_path / "x\n  1. column 'x': all fine.csv"
    path.write_text("a,b\n1\n1,2,3\n")
    with pytest.raises(DataError) as told:
        read_table(path)
    assert not any(line.strip().startswith("1. column 'x': all fine") for line in str(told.value).split("\n"))
