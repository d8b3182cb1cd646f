"""Large tables part by part: the same rows as at once, told with their numbers in the whole file, in little memory."""

import gzip
import os
import resource
import sys
import time

import numpy as np
import pandas as pd
import pytest

from shared.data import Column, Schema, read_chunks, read_table
from shared.errors import DataError, SettingsError

N = Schema((Column("n", "number"),))
BOTH = Schema((Column("id", "text"), Column("n", "number")))


@pytest.fixture
def write(tmp_path):
    def write_file(data, name="t.csv"):
        path = tmp_path / name
        path.write_bytes(data if isinstance(data, bytes) else data.encode())
        return path

    return write_file


def long_table(rows=150_000, **changed):
    lines = [f"{row:07d},{row}" for row in range(1, rows + 1)]
    for row, line in changed.items():
        lines[int(row[1:]) - 1] = line
    return "id,n\n" + "\n".join(lines) + "\n"


def whole(path, schema=None, **options):
    return pd.concat(read_chunks(path, schema, **options), ignore_index=True)


# The same rows as at once.


@pytest.mark.parametrize("rows", [1, 1000, 10**6])
def test_parts_of_a_csv_are_the_whole_table(write, rows):
    path = write(long_table())
    parts = list(read_chunks(path, BOTH, rows=rows))
    assert len(parts) > 1 or rows == 10**6
    pd.testing.assert_frame_equal(pd.concat(parts, ignore_index=True), read_table(path, BOTH))
    assert all(part.index[0] == 0 for part in parts)


def test_parts_of_a_parquet_file_are_the_whole_table(tmp_path):
    frame = pd.DataFrame(
        {"id": ["007", None, "x"] * 5, "n": [1.5, None, -2.0] * 5, "k": pd.array([2**60, None, 1] * 5, dtype="Int64")}
    )
    frame.to_parquet(tmp_path / "t.parquet")
    parts = list(read_chunks(tmp_path / "t.parquet", rows=4))
    assert [len(part) for part in parts] == [4, 4, 4, 3]
    held = [None if value is pd.NA else value for part in parts for value in part["k"].tolist()]
    assert held[:3] == [2**60, None, 1]
    assert [part["id"].tolist()[0] for part in parts][0] == "007"


def test_quoted_line_ends_on_the_borders_of_parts(write):
    texts = [f'{i}\n{"x" * (i % 300)}\r\n""{i}' for i in range(20_000)]
    path = write("id,n\n" + "".join(f'"{text}",{i}\n' for i, text in enumerate(texts)))
    parts = list(read_chunks(path, BOTH, rows=1))
    assert len(parts) > 2
    made = pd.concat(parts, ignore_index=True)
    assert made["id"].tolist() == [text.replace('""', '"') for text in texts]
    assert made["n"].tolist() == list(range(20_000))


def test_columns_are_chosen_in_the_order_asked_for(write, tmp_path):
    path = write("a,b,c\n1,2,3\n")
    pd.DataFrame({"a": ["1"], "b": ["2"], "c": ["3"]}).to_parquet(tmp_path / "t.parquet")
    for source in (path, tmp_path / "t.parquet"):
        (part,) = read_chunks(source, columns=["c", "a"])
        assert part.to_dict("list") == {"c": ["3"], "a": ["1"]}
        with pytest.raises(DataError, match=r"column 'd': is missing; the table has 'a', 'b', 'c'"):
            list(read_chunks(source, columns=["a", "d"]))
        with pytest.raises(DataError, match=r"column 'n': is missing"):
            list(read_chunks(source, N, columns=["a"]))


@pytest.mark.parametrize(
    ("data", "options", "held"),
    [
        ("id;n\na;2,5\n", {"decimal": ","}, ("a", 2.5)),
        ("id\tn\na\t2.5\n", {}, ("a", 2.5)),
        ("id|n\na|2.5\n", {"separator": "|"}, ("a", 2.5)),
        (b"\xef\xbb\xbfid,n\r\na,2.5\r\n", {}, ("a", 2.5)),
        ("id,n\nä,2\n".encode("cp1252"), {"encoding": "cp1252"}, ("ä", 2.0)),
        ("id, n\na,2\n", {}, ("a", 2.0)),
        ('"id","n"\n"a","2"\n', {}, ("a", 2.0)),
        ("id,n\nNA,2\n", {}, ("NA", 2.0)),
    ],
)
def test_forms_of_the_file(write, data, options, held):
    (part,) = read_chunks(write(data), BOTH, **options)
    assert (part["id"][0], part["n"][0]) == held


@pytest.mark.parametrize("data", ["\n\nid,n\na,1\nb,2\n", '"id\nof",n\na,1\nb,2\n'])
def test_a_header_that_is_not_the_first_line_is_no_row(write, data):
    path = write(data)
    assert len(whole(path)) == len(read_table(path)) == 2


def test_an_empty_line_of_a_single_column_is_a_missing_value_as_at_once(write):
    path, schema = write("n\n1\n\n3\n"), Schema((Column("n", "number", allow_missing=True),))
    assert whole(path, schema)["n"].isna().tolist() == read_table(path, schema)["n"].isna().tolist()


def test_utf16_is_read_or_told_truly(write):
    path = write("id,n\nä,2\n".encode("utf-16"))
    assert len(read_table(path, BOTH)) == 1
    try:
        assert whole(path, BOTH)["id"].tolist() == ["ä"]
    except DataError as told:
        assert "leave encoding out" not in str(told)


def test_an_index_without_a_name_is_no_column_as_at_once(tmp_path):
    pd.DataFrame({"n": [1.0]}, index=["a"]).to_parquet(tmp_path / "t.parquet")
    assert list(whole(tmp_path / "t.parquet")) == list(read_table(tmp_path / "t.parquet"))


def test_kinds_that_are_not_declared_stay_text(write):
    (part,) = read_chunks(write("a,b,c\n007,1,2024-01-01\n"), Schema((Column("b", "integer"),)))
    assert part.to_dict("list") == {"a": ["007"], "b": [1], "c": ["2024-01-01"]}


# Problems, with the rows of the whole file.


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("x,oops", "column 'n': 1 value cannot be read as numbers: 'oops' (row 120001)"),
        ("x,", "column 'n': 1 value is missing (row 120001)"),
        ("x,-5", "column 'n': 1 value is below 0 (row 120001)"),
        ("x,1,2", "(row 120001)"),
        ("x", "(row 120001)"),
    ],
)
@pytest.mark.parametrize("rows", [1, 10**6])
def test_rows_are_those_of_the_whole_file(write, line, told, rows):
    path = write(long_table(r120001=line))
    with pytest.raises(DataError) as caught:
        list(read_chunks(path, Schema((Column("n", "number", minimum=0),)), rows=rows))
    assert "t.csv: " in str(caught.value)
    assert told in str(caught.value)


def test_rows_of_a_parquet_file_are_counted_through(tmp_path):
    pd.DataFrame({"n": np.r_[np.ones(99), np.nan, np.ones(5)]}).to_parquet(tmp_path / "t.parquet")
    parts = read_chunks(tmp_path / "t.parquet", N, rows=30)
    assert [len(next(parts)) for _ in range(3)] == [30, 30, 30]
    with pytest.raises(DataError, match=r"column 'n': 1 value is missing \(row 100\)"):
        next(parts)


def test_parts_before_a_problem_are_given(write):
    parts = read_chunks(write(long_table(r140000="x,oops")), BOTH, rows=1)
    assert next(parts)["n"][0] == 1


@pytest.mark.parametrize(
    ("data", "name", "options", "told"),
    [
        ("id,n\n", "t.csv", {}, "no rows"),
        ("", "t.csv", {}, "the file is empty"),
        ("id,id\n1,2\n", "t.csv", {}, "repeated column names: 'id'"),
        ("1,2\n3,4\n", "t.csv", {}, "the first line looks like data"),
        ("id,\n1,2\n", "t.csv", {}, "no name"),
        (gzip.compress(b"id,n\na,1\n", mtime=0), "t.csv.gz", {}, "only Parquet and plain CSV files are read in parts"),
        (gzip.compress(b"id,n\na,1\n", mtime=0), "t.csv", {}, "t.csv"),
        ('{"a":1}', "t.jsonl", {}, "only Parquet and plain CSV files are read in parts"),
        (b"PAR1 torn", "t.parquet", {}, "no readable Parquet file"),
        ("id,n\na,1\n", "t.csv", {"rows": 0}, "rows=0 is no size of a part. Give at least 1."),
        ('id,n\n"a,1\nb,2\n', "t.csv", {}, "Check quotes"),
    ],
)
def test_refusals(write, data, name, options, told):
    with pytest.raises(DataError) as caught:
        list(read_chunks(write(data, name), **options))
    assert told in str(caught.value)
    assert caught.value.problems[0].fix


def test_another_encoding_is_told_with_the_option_that_mends_it(write):
    with pytest.raises(DataError, match="encoding="):
        list(read_chunks(write("id,n\nä,2\n".encode("cp1252")), BOTH))


@pytest.mark.parametrize(
    "options", [{"separator": ";;"}, {"decimal": ";"}, {"encoding": "no-such"}, {"dates": "nonsense"}, {"tz": "Mars"}]
)
def test_settings_that_no_reader_follows_are_refused(write, options):
    with pytest.raises(SettingsError):
        list(read_chunks(write("id,n\na,1\n"), BOTH, **options))


def test_a_quote_in_the_middle_swallows_no_rows(write):
    path = write('id,n\n"a"b,1\nc,2\n"d"e,3\nf,4\n')
    with pytest.raises(DataError, match="quote"):
        read_table(path, BOTH)
    try:
        made = whole(path, BOTH)
    except DataError:
        return
    assert len(made) == 4


def test_missing_files_and_folders(tmp_path):
    with pytest.raises(DataError, match="there is no such file"):
        list(read_chunks(tmp_path / "no.csv"))
    with pytest.raises(DataError, match="is a folder"):
        list(read_chunks(tmp_path))


# Size.


def test_a_sparse_file_of_5_gb_is_refused_at_once_and_without_memory(write):
    path = write("a,n\n1,2\n")
    os.truncate(path, 5 << 30)
    before, since = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
    with pytest.raises(DataError) as caught:
        read_table(path)
    assert time.process_time() - since < 1
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000 * (
        1024 if sys.platform == "darwin" else 1
    )
    for part in ("t.csv", "larger than the limit of 2,145 MB", "5,369 MB", "read_chunks"):
        assert part in str(caught.value)
    with pytest.raises(DataError, match="t.csv"):
        list(read_chunks(path))


@pytest.mark.any_pandas
def test_a_large_file_needs_little_memory(write):
    rows = 3_000_000
    path = write(b"id,n\n" + b"abcdefghijklmnopqrstuvwxyz,123\n" * rows)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    found = sum(len(part) for part in read_chunks(path, N, rows=50_000))
    assert found == rows
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown < 80_000 * (1024 if sys.platform == "darwin" else 1)
