"""Dirty tables: each comes out exactly right, or is refused by one error that says what, where and how to fix it."""

import bz2
import gzip
import io
import lzma
import pickle
import warnings
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.data import Column, Schema, read_table, read_table_with_report
from shared.data.io.tables import REPAIRS
from shared.errors import DataError, HexadError, RepairWarning


@pytest.fixture
def write(tmp_path):
    def write_file(data, name="dirty.csv"):
        path = tmp_path / name
        path.write_bytes(data if isinstance(data, bytes) else data.encode())
        return path

    return write_file


def columns(frame):
    return {name: [None if pd.isna(value) else value for value in frame[name].tolist()] for name in frame}


def days(*texts):
    return [pd.Timestamp(text) for text in texts]


def read_or_refuse(path, **settings_):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            frame, report = read_table_with_report(path, **settings_)
        except HexadError:
            return
    assert isinstance(frame, pd.DataFrame)
    assert len(frame) == report.rows > 0


def declared(**kinds):
    return Schema(tuple(Column(name, kind) for name, kind in kinds.items()))


RIGHT = {
    "zero-led ids": ("id,n\n007,1\n012,2\n", {}, {"id": ["007", "012"], "n": [1, 2]}),
    "zero-led among others": ("id\n007\n1234\n", {}, {"id": ["007", "1234"]}),
    "country NA": ("land,n\nNA,1\nDE,2\n", {}, {"land": ["NA", "DE"], "n": [1, 2]}),
    "only NA": ("land,n\nNA,1\nNA,2\n", {}, {"land": ["NA", "NA"], "n": [1, 2]}),
    "other words for nothing": (
        "t,n\nnull,1\nNone,2\n#N/A,3\nx,4\n",
        {},
        {"t": ["null", "None", "#N/A", "x"], "n": [1, 2, 3, 4]},
    ),
    "ids above 2**53": ("id\n9007199254740993\n9007199254740995\n", {}, {"id": [9007199254740993, 9007199254740995]}),
    "ids above 2**53 with a gap": ("id,n\n9007199254740993,1\n,2\n", {}, {"id": [9007199254740993, None], "n": [1, 2]}),
    "ids above 2**63": (
        "id\n9223372036854775808\n18446744073709551617\n",
        {},
        {"id": ["9223372036854775808", "18446744073709551617"]},
    ),
    "signed phone numbers": ("tel\n+491701234567\n", {}, {"tel": ["+491701234567"]}),
    "signed ids above 2**53": ("id\n+9007199254740993\n", {}, {"id": ["+9007199254740993"]}),
    "ids among decimals": ("id\n9007199254740993\n0.5\n", {}, {"id": ["9007199254740993", "0.5"]}),
    "decimal comma": ("a;b\n1,5;x\n-2,25;y\n", {}, {"a": [1.5, -2.25], "b": ["x", "y"]}),
    "decimal comma with blanks": ("a;b\nx; 1,5\ny; 2,25\n", {}, {"a": ["x", "y"], "b": [1.5, 2.25]}),
    "thousands comma": ('a,b\n"1,234.5",1\n"12,345,678.25",2\n', {}, {"a": [1234.5, 12345678.25], "b": [1, 2]}),
    "thousands point": ("a;b\n1.234,5;1\n12.345.678,25;2\n", {}, {"a": [1234.5, 12345678.25], "b": [1, 2]}),
    "ambiguous 1.234": ("a;b\n1.234;x\n5.678;y\n", {}, {"a": ["1.234", "5.678"], "b": ["x", "y"]}),
    "ambiguous 1,234": ("a;b\n1,234;x\n5,678;y\n", {}, {"a": ["1,234", "5,678"], "b": ["x", "y"]}),
    "ambiguous 1,234 with blanks": ("a;b\nx; 1,234\ny; 5,678\n", {}, {"a": ["x", "y"], "b": [" 1,234", " 5,678"]}),
    "settled 1.234": ("a;b\n1.234;x\n", {"decimal": ","}, {"a": [1234.0], "b": ["x"]}),
    "day-first dates": ("d\n31/01/2024\n01/02/2024\n", {}, {"d": days("2024-01-31", "2024-02-01")}),
    "German dates": ("d\n01.02.2024\n03.02.2024\n", {}, {"d": days("2024-02-01", "2024-02-03")}),
    "month-first dates": ("d\n01/31/2024\n02/01/2024\n", {}, {"d": days("2024-01-31", "2024-02-01")}),
    "ambiguous dates": ("d\n10/11/2024\n11/10/2024\n", {}, {"d": ["10/11/2024", "11/10/2024"]}),
    "settled dates": ("d\n01/02/2024\n", {"dates": "day-first"}, {"d": days("2024-02-01")}),
    "mixed offsets": (
        "d\n2024-01-31T10:00+01:00\n2024-06-30T10:00+02:00\n",
        {},
        {"d": ["2024-01-31T10:00+01:00", "2024-06-30T10:00+02:00"]},
    ),
    "settled offsets": (
        "d\n2024-01-31T10:00+01:00\n2024-06-30T10:00+02:00\n",
        {"tz": "UTC"},
        {"d": days("2024-01-31T09:00Z", "2024-06-30T08:00Z")},
    ),
    "naive and aware": (
        "d\n2024-01-31T10:00\n2024-06-30T10:00Z\n",
        {},
        {"d": ["2024-01-31T10:00", "2024-06-30T10:00Z"]},
    ),
    "settled separator": ("a,x;b\n1,5;2\n", {"separator": ";"}, {"a,x": [1.5], "b": [2]}),
    "latin-1": ("ort;n\nKöln;1\nZürich;2\n".encode("latin-1"), {}, {"ort": ["Köln", "Zürich"], "n": [1, 2]}),
    "UTF-8 mark": ("id,ort\n007,Köln\n".encode("utf-8-sig"), {}, {"id": ["007"], "ort": ["Köln"]}),
    "UTF-16": ("id\tort\r\n007\tKöln\r\n".encode("utf-16"), {}, {"id": ["007"], "ort": ["Köln"]}),
    "UTF-16 big end": (b"\xfe\xff" + "id,ort\n007,東京\n".encode("utf-16-be"), {}, {"id": ["007"], "ort": ["東京"]}),
    "codes like 12E5": ("code,n\n12E5,1\n13E2,2\n", {}, {"code": ["12E5", "13E2"], "n": [1, 2]}),
    "code 1E5 among numbers": ("code\n1E5\n100\n", {}, {"code": ["1E5", "100"]}),
    "yes and no": ("ok\nyes\nno\n", {}, {"ok": ["yes", "no"]}),
    "declared yes and no": ("ok\nyes\nNO\n", {"schema": declared(ok="boolean")}, {"ok": [True, False]}),
    "missing values": ("a,b,c\n1,,x\n,2.5,\n", {}, {"a": [1, None], "b": [None, 2.5], "c": ["x", None]}),
    "quoted separators": ('a,b\n"x, y",1\n"p ""q""\nr",2\n', {}, {"a": ["x, y", 'p "q"\nr'], "b": [1, 2]}),
    "dead formula": ("a,b\n=1+1,1\n@x,2\n", {}, {"a": ["=1+1", "@x"], "b": [1, 2]}),
    "no last line end": ("a,b\n1,2", {}, {"a": [1], "b": [2]}),
    "Windows line ends": ("a,b\r\n1,x\r\n", {}, {"a": [1], "b": ["x"]}),
    "blanks around": (" a , b\n 1 , 2.5\n", {}, {"a": [1], "b": [2.5]}),
    "times": ("t\n08:30\n09:15\n", {}, {"t": ["08:30", "09:15"]}),
    "versions": ("v\n1.10\n1.2.3\n", {}, {"v": ["1.10", "1.2.3"]}),
}


@pytest.mark.parametrize("case", RIGHT)
def test_it_comes_out_right(write, case):
    data, settings_, wanted = RIGHT[case]
    frame = read_table(write(data), **settings_)  # a warning would be an error: nothing is repaired unasked
    assert columns(frame) == wanted
    for name, values in wanted.items():
        kinds = {type(value) for value in values if value is not None}
        assert {type(value) for value in frame[name].dropna().tolist()} == kinds


REFUSED = {
    "row too long": (
        "a,b\n1,2\n3,4,5\n",
        {},
        None,
        (2,),
        1,
        "another number of fields than the header (2)",
        "drop_ragged_rows",
    ),
    "row too short": (
        "a,b\n1,2\n3\n4,5\n6\n",
        {},
        None,
        (2, 4),
        2,
        "2 rows have another number of fields",
        "drop_ragged_rows",
    ),
    "decimal comma in a comma file": ("a,b\n1,5,2\n", {}, None, (1,), 1, "another number of fields", "Quote fields"),
    "two separators": ("a,x;b\n1,5;2\n", {}, None, (), 0, "two separators fit", "separator="),
    "wrong separator": (
        "a;b\n1;2\n",
        {"separator": ",", "schema": declared(a="integer")},
        "a",
        (),
        0,
        "is missing",
        "Name it so",
    ),
    "mixed encodings": (
        "a\nä\n".encode() + "ö\n".encode("cp1252"),
        {},
        None,
        (),
        0,
        "are mixed, first in line 3",
        "one encoding",
    ),
    "wrong encoding": (b"a\n\xe4\n", {"encoding": "utf-8"}, None, (), 0, "line 2 is not utf-8", "leave encoding out"),
    "repeated names": ("a,b,a\n1,2,3\n", {}, None, (), 0, "repeated column names: 'a'", "a name of its own"),
    "no header": ("1,2\n3,4\n", {}, None, (), 0, "looks like data", "Add a header line"),
    "no header but dates": ("2024-01-31,2\n2024-02-01,4\n", {}, None, (), 0, "looks like data", "Add a header line"),
    "unclosed quote": ('a,b\n1,"x\n2,y\n', {}, None, (), 0, "never closed; the last one is in line 2", "Close it"),
    "two unclosed quotes": ('a,b\n"x,1\n2,3\n"y,4\n', {}, None, (), 0, "quote", ""),
    "NUL": (b"a,b\n1,\x002\n", {}, None, (), 0, "line 2 holds a NUL character", "Export it"),
    "UTF-16 without a mark": ("a,b\n1,2\n".encode("utf-16-le"), {}, None, (), 0, "NUL", "Export it"),
    "empty": (b"", {}, None, (), 0, "the file is empty", "Give a file"),
    "only a mark": (b"\xef\xbb\xbf", {}, None, (), 0, "empty", ""),
    "only a header": ("a,b\n", {}, None, (), 0, "no rows", "Give at least one row"),
    "a pickle": (pickle.dumps({"a": [1, 2]}), {}, None, (), 0, "", ""),
    "torn gzip": (
        gzip.compress(b"a,b\n1,2\n" * 99, mtime=0)[:-9],
        {},
        None,
        (),
        0,
        "the gzip cannot be read to its end",
        "fetch it again",
    ),
    "a bomb": (
        gzip.compress(b"a" * 10**7, mtime=0),
        {"max_bytes": 10**6},
        None,
        (),
        0,
        "larger than the limit of 1 MB",
        "max_bytes",
    ),
    "1.234 declared": (
        "a;b\n5;x\n1.234;y\n",
        {"schema": declared(a="number")},
        "a",
        (2,),
        1,
        "fits two readings",
        "decimal=",
    ),
    "ambiguous dates declared": (
        "d\n1/2/2024\n2/1/2024\n",
        {"schema": declared(d="datetime")},
        "d",
        (1, 2),
        2,
        "day-first or month-first",
        "dates=",
    ),
    "contradicting dates": (
        "d\n13/1/2024\n1/13/2024\n",
        {"schema": declared(d="datetime")},
        "d",
        (1, 2),
        2,
        "day-first or month-first",
        "dates=",
    ),
    "no such day": (
        "d\n2024-01-31\n2024-02-30\n",
        {},
        "d",
        (2,),
        1,
        "cannot be read as dates: '2024-02-30'",
        "Correct them",
    ),
    "mixed offsets declared": (
        "d\n2024-01-31T10:00+01:00\n2024-01-31T11:00+01:00\n2024-06-30T10:00+02:00\n",
        {"schema": declared(d="datetime")},
        "d",
        (3,),
        1,
        "another UTC offset than the rest (+01:00)",
        "tz=",
    ),
    "naive among aware": (
        "d\n2024-01-31T10:00Z\n2024-01-31T11:00Z\n2024-01-31T12:00\n",
        {"schema": declared(d="datetime")},
        "d",
        (3,),
        1,
        "no time zone while the others have one",
        "or none",
    ),
    "repeated key": (
        "id,n\na,1\nb,2\na,3\n",
        {"schema": Schema((Column("id", "text"),), key=("id",))},
        "id",
        (3,),
        1,
        "repeats an earlier id",
        "keep_last_duplicate",
    ),
    "out of range": (
        "n\n5\n-1\n7\n-2\n",
        {"schema": Schema((Column("n", "number", minimum=0),))},
        "n",
        (2, 4),
        2,
        "2 values are below 0",
        "drop_bad_rows",
    ),
    "missing": (
        "n,m\n5,1\n,2\nNA,3\n",
        {"schema": declared(n="number")},
        "n",
        (2, 3),
        2,
        "2 values are missing",
        "drop_bad_rows",
    ),
    "words among numbers": (
        "n\n5\nmany\n",
        {"schema": declared(n="number")},
        "n",
        (2,),
        1,
        "cannot be read as numbers: 'many'",
        "Correct them",
    ),
    "parts of whole numbers": (
        "n\n5\n1.5\n",
        {"schema": declared(n="integer")},
        "n",
        (2,),
        1,
        "cannot be read as whole numbers: '1.5'",
        "Correct them",
    ),
    "whole numbers above 2**63": (
        "n\n5\n9223372036854775808\n",
        {"schema": declared(n="integer")},
        "n",
        (2,),
        1,
        "too large",
        "text",
    ),
    "ids above 2**53 as numbers": (
        "n\n5\n9007199254740993\n",
        {"schema": declared(n="number")},
        "n",
        (2,),
        1,
        "",
        "text",
    ),
    "beyond the range": ("n\n5\n1.0e999\n", {"schema": declared(n="number")}, "n", (2,), 1, "1.0e999", ""),
    "perhaps": (
        "ok\nyes\nperhaps\n",
        {"schema": declared(ok="boolean")},
        "ok",
        (2,),
        1,
        "true or false: 'perhaps'",
        "Write true or false",
    ),
    "another choice": (
        "c\na\nz\n",
        {"schema": Schema((Column("c", "text", choices=("a", "b")),))},
        "c",
        (2,),
        1,
        "none of 'a', 'b' but 'z'",
        "Correct them",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_it_is_refused_in_plain_words(write, case):
    data, settings_, column, rows, count, says, fix = REFUSED[case]
    with pytest.raises(DataError) as caught:
        read_table(write(data), **settings_)
    (problem,) = caught.value.problems
    text = str(caught.value)
    assert text.startswith("dirty.csv: ")
    assert says in text
    assert fix in problem.fix
    assert problem.fix.endswith(".")
    assert (problem.column, problem.rows, problem.count) == (column, rows, count)
    if rows:
        assert ", ".join(map(str, rows)) in text


PACKERS = {"gz": gzip.compress, "bz2": bz2.compress, "xz": lzma.compress}


@pytest.mark.parametrize("packer", PACKERS)
def test_packed_files_are_read_whatever_they_are_called(write, packer):
    packed = PACKERS[packer](b"id,n\n007,1\n")
    assert columns(read_table(write(packed, f"t.csv.{packer}"))) == {"id": ["007"], "n": [1]}
    assert columns(read_table(write(packed, "t.csv"))) == {"id": ["007"], "n": [1]}


def zipped(**members):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def test_zips_hold_one_table_whose_path_is_never_followed(write, tmp_path):
    path = write(zipped(**{"../../outside.csv": b"id,n\n007,1\n"}), "t.zip")
    assert columns(read_table(path)) == {"id": ["007"], "n": [1]}
    assert [file.name for file in tmp_path.iterdir()] == ["t.zip"]
    with pytest.raises(DataError, match=r"t\.zip: the zip holds 2 files\. Give a zip with exactly one"):
        read_table(write(zipped(a="a\n1", b="b\n2"), "t.zip"))


@pytest.mark.parametrize("packer", [*PACKERS, "zip"])
def test_bombs_do_not_go_off(write, packer):
    body = b"a\n" + b"1" * 5_000_000
    bomb = zipped(a=body) if packer == "zip" else PACKERS[packer](body)
    with pytest.raises(DataError, match=r"dirty\.csv: the table is larger than the limit .* Raise max_bytes"):
        read_table(write(bomb), max_bytes=10_000)


class Trap:
    def __reduce__(self):
        return Path.write_text, (Path("trapped.txt"), "ran")


@pytest.mark.parametrize("name", ["t.csv", "t.parquet", "t.xlsx", "t.pkl", "t.csv.gz"])
@pytest.mark.parametrize("protocol", [0, 5])
def test_a_pickle_in_disguise_is_never_run(write, tmp_path, monkeypatch, name, protocol):
    monkeypatch.chdir(tmp_path)
    path = write(pickle.dumps(Trap(), protocol=protocol), name)
    read_or_refuse(path)
    assert [file.name for file in tmp_path.iterdir()] == [name]


def test_missing_files_and_folders_are_told(tmp_path):
    with pytest.raises(DataError, match=r"lost\.csv: there is no such file"):
        read_table(tmp_path / "lost.csv")
    with pytest.raises(DataError, match=r"is a folder\. Name the file inside it"):
        read_table(tmp_path)


def test_excel_keeps_zero_led_text_and_large_ids(tmp_path):
    import openpyxl

    book = openpyxl.Workbook()
    for row in (["id", "land", "n"], ["007", "NA", 1], ["9007199254740993", "DE", 2]):
        book.active.append(row)
    book.save(tmp_path / "t.xlsx")
    assert columns(read_table(tmp_path / "t.xlsx")) == {
        "id": ["007", "9007199254740993"],
        "land": ["NA", "DE"],
        "n": [1, 2],
    }


def test_parquet_keeps_codes_ids_and_gaps(tmp_path):
    table = pa.table({"code": ["007", "NA", None], "id": [9007199254740993, None, 2**63 - 1]})
    pq.write_table(table, tmp_path / "t.parquet")
    assert columns(read_table(tmp_path / "t.parquet")) == table.to_pydict()


@pytest.mark.parametrize("make", [pd.DataFrame, pl.DataFrame, pa.table], ids=["pandas", "polars", "arrow"])
def test_frames_of_every_library_keep_codes_ids_and_gaps(make):
    data = {"code": ["007", "NA", None], "n": [2**53 + 1, 2, 3], "x": [1.5, 2.5, None], "ok": [True, False, True]}
    frame = make(data)
    assert columns(read_table(frame)) == data
    with pytest.raises(DataError, match=r"column 'n': 1 value is above 2\.5 \(row|values are above 2\.5 \(rows 1, 3\)"):
        read_table(frame, Schema((Column("n", "integer", maximum=2.5),)))


@pytest.mark.parametrize("make", [pl.DataFrame, pa.table], ids=["polars", "arrow"])
def test_large_ids_beside_a_gap_survive_from_every_library(make):
    assert columns(read_table(make({"id": [2**53 + 1, None]}))) == {"id": [2**53 + 1, None]}


def test_every_repair_asked_for_is_told_and_no_other(write):
    path = write("id,n\na,1\nb\nc,x\na,-3\na,4\n")
    schema = Schema((Column("id", "text"), Column("n", "number", minimum=0)), key=("id",))
    with pytest.warns(RepairWarning) as told:
        frame = read_table(path, schema, repair=REPAIRS)
    assert columns(frame) == {"id": ["a"], "n": [4.0]}
    texts = [str(warning.message) for warning in told]
    assert all(text.startswith("dirty.csv: ") for text in texts)
    for part in ("1 ragged row", "made missing in 'n'", "2 bad rows", "1 row with a repeated key"):
        assert sum(part in text for text in texts) == 1


# Properties.

MANY = settings(max_examples=40)
TEXT = st.text(st.characters(exclude_categories=["Cc", "Cs"], include_characters="\n"), min_size=1, max_size=9)
STAMPS = st.datetimes(pd.Timestamp("1700-01-01").to_pydatetime(), pd.Timestamp("2200-01-01").to_pydatetime())
ROWS = st.lists(
    st.tuples(
        st.integers(-(2**63), 2**63 - 1) | st.none(),
        st.floats(allow_nan=False, allow_infinity=False) | st.none(),
        TEXT | st.none(),
        st.booleans() | st.none(),
        STAMPS | st.none(),
    ),
    min_size=1,
    max_size=6,
)
KINDS = {"n": "integer", "x": "number", "t": "text", "b": "boolean", "d": "datetime"}


@MANY
@given(ROWS, st.sampled_from([(",", "."), (";", "."), (";", ",")]))
def test_what_is_written_is_read_back(tmp_path, rows, marks):
    separator, decimal = marks
    frame = pd.DataFrame(dict(zip(KINDS, zip(*rows, strict=True), strict=True)), dtype=object)
    frame["x"] = frame["x"].astype(float)
    path = tmp_path / "t.csv"
    frame.to_csv(path, sep=separator, decimal=decimal, index=False, lineterminator="\n")
    schema = Schema(tuple(Column(name, kind, allow_missing=True) for name, kind in KINDS.items()))
    back = read_table(path, schema, separator=separator, decimal=decimal)
    assert columns(back) == columns(frame)
    assert back["n"].dtype == ("int64" if frame["n"].notna().all() else "Int64")


LARGE = st.integers(2**52, 2**61).map(lambda half: 2 * half + 1) | st.integers(-(2**65), 2**65)


@MANY
@given(st.lists(st.builds(format, LARGE, st.sampled_from(["d", "+d", "020d"])), min_size=1, max_size=2))
def test_no_digit_of_an_undeclared_column_is_lost(tmp_path, tokens):
    path = tmp_path / "t.csv"
    path.write_text("id,t\n" + "".join(f"{token},x\n" for token in tokens))
    for token, value in zip(tokens, read_table(path)["id"].tolist(), strict=True):
        assert value == token if isinstance(value, str) else int(value) == int(token)


@MANY
@given(st.lists(st.from_regex(r"[0-9]{1,3}([.,][0-9]{3}){1,2}", fullmatch=True), min_size=1, max_size=4))
def test_an_ambiguous_mark_is_never_guessed_in_a_semicolon_file(tmp_path, tokens):
    path = tmp_path / "t.csv"
    path.write_text("id;t\n" + "".join(f"{token};x\n" for token in tokens))
    frame = read_table(path)
    clear = any(token.startswith("0") or token.count(".") == 1 == token.count(",") for token in tokens)
    clear |= any(token.count(".") == 2 or token.count(",") == 2 for token in tokens)
    if not clear:
        assert frame["id"].tolist() == tokens


SCRAPS = st.lists(
    st.sampled_from(
        [
            *',;|\t\n\r" 01+-abé\ufeff\x00\x85\u2028',
            "\r\n",
            '""',
            "007",
            "1.5",
            "1,5",
            "1.234",
            "E5",
            "9" * 19,
            "1.0e999",
            "NA",
        ]
        + ["true", "2024-01-31", "2024-02-30", "T10:30", "Z", "+02:00", "31/01/2024", "1/2/2024", "9999-12-31"]
    ),
    max_size=25,
).map("".join)
CODECS = st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "cp1252"])
BYTES = st.one_of(
    st.binary(max_size=60),
    st.builds(lambda text, codec: text.encode(codec, errors="replace"), SCRAPS, CODECS),
    st.builds(
        lambda head, tail: head + tail,
        st.sampled_from([b"\x1f\x8b", b"BZh", b"\xfd7zXZ\x00", b"PK\x03\x04"]),
        st.binary(max_size=40),
    ),
)
FUZZ_SCHEMA = Schema(
    tuple(
        Column(name, kind, required=False, minimum=0) for name, kind in zip("ab", ("number", "datetime"), strict=True)
    )
)


@settings(max_examples=300)
@given(BYTES, st.booleans(), st.sampled_from([(), *[(word,) for word in REPAIRS], tuple(REPAIRS)]))
def test_random_bytes_are_read_or_refused(tmp_path, data, checked, repair):
    path = tmp_path / "fuzz.csv"
    path.write_bytes(data)
    read_or_refuse(path, schema=FUZZ_SCHEMA if checked else None, repair=repair, max_bytes=10_000)


@settings(max_examples=100)
@given(SCRAPS, st.booleans())
def test_random_cells_are_read_or_refused(tmp_path, cells, checked):
    path = tmp_path / "fuzz.csv"
    path.write_bytes(f"a,b,c\n{cells}\n".encode())
    read_or_refuse(path, schema=FUZZ_SCHEMA if checked else None)


@MANY
@given(st.data(), st.sampled_from(["gz", "zip", "bz2", "xz"]))
def test_damaged_archives_are_read_or_refused(tmp_path, data, packer):
    body = b"a,b\n" + b"".join(b"%d,%d\n" % (number, number**2) for number in range(200))
    packed = bytearray(zipped(a=body) if packer == "zip" else PACKERS[packer](body))
    for place in data.draw(st.lists(st.integers(0, len(packed) - 1), min_size=1, max_size=3)):
        packed[place] ^= data.draw(st.integers(1, 255))
    path = tmp_path / "fuzz.csv"
    path.write_bytes(packed[: data.draw(st.integers(len(packed) // 2, len(packed)))])
    read_or_refuse(path, max_bytes=10_000)


@MANY
@given(BYTES, st.sampled_from([".parquet", ".xlsx", ".xls"]))
def test_random_bytes_in_disguise_are_read_or_refused(tmp_path, data, suffix):
    path = tmp_path / f"fuzz{suffix}"
    path.write_bytes(data)
    read_or_refuse(path)


@MANY
@given(
    st.lists(st.floats() | st.integers() | st.booleans() | st.none() | TEXT | st.datetimes(), min_size=1, max_size=4)
)
def test_random_objects_of_a_frame_are_read_or_refused(values):
    source = pd.DataFrame({"a": np.array([*values, None], dtype=object)[:-1]})
    for kind in ("number", "integer", "boolean", "datetime", "text"):
        before = source.copy(deep=True)
        try:
            read_table(source, Schema((Column("a", kind, allow_missing=True),)))
        except HexadError as error:
            assert "column 'a'" in str(error)
        pd.testing.assert_frame_equal(source, before)
