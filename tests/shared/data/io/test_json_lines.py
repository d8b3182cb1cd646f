"""JSON lines and lists of objects: every value as written, every digit kept, everything odd refused with its line."""

import gzip
import json
import time

import pandas as pd
import pytest

from shared.data import Column, Schema, read_table
from shared.data.io.json_lines import to_column
from shared.errors import DataError


@pytest.fixture
def write(tmp_path):
    def write_file(data, name="t.jsonl"):
        path = tmp_path / name
        path.write_bytes(data if isinstance(data, bytes) else data.encode())
        return path

    return write_file


def values(frame, name):
    return [None if gone else value for gone, value in zip(frame[name].isna(), frame[name].tolist(), strict=True)]


# Values and kinds.


@pytest.mark.parametrize(
    ("text", "kind", "held"),
    [
        ('{"a":1}\n{"a":-2}\n', "int64", [1, -2]),
        ('{"a":1}\n{"a":null}\n', "Int64", [1, None]),
        ('{"a":1}\n{"b":2}\n', "Int64", [1, None]),
        ('{"a":9223372036854775807}\n{"a":null}\n', "Int64", [2**63 - 1, None]),
        ('{"a":9007199254740993}\n{"a":2}\n', "int64", [2**53 + 1, 2]),
        ('{"a":18446744073709551616}\n{"a":2}\n', "object", [2**64, 2]),
        ('{"a":1}\n{"a":2.5}\n', "float64", [1.0, 2.5]),
        ('{"a":1.5}\n{"a":null}\n', "float64", [1.5, None]),
        ('{"a":true}\n{"a":false}\n', "bool", [True, False]),
        ('{"a":true}\n{"a":null}\n', "boolean", [True, None]),
        ('{"a":null}\n{"a":null}\n', "object", [None, None]),
    ],
)
def test_numbers_and_truth_values_keep_their_kind(write, text, kind, held):
    frame = read_table(write(text))
    assert str(frame["a"].dtype) == kind
    assert values(frame, "a") == held


@pytest.mark.parametrize(
    ("text", "held"),
    [
        ('{"a":"007"}\n{"a":"012"}\n', ["007", "012"]),
        ('{"a":"1.5"}\n{"a":"2"}\n', ["1.5", "2"]),
        ('{"a":"NA"}\n{"a":""}\n', ["NA", ""]),
        ('{"a":"x\\ny"}\n{"a":"\\u00e4\\u20ac"}\n', ["x\ny", "ä€"]),
        ('{"a":"x\u2028y"}\n{"a":"z"}\n', ["x\u2028y", "z"]),
        ('{"a":1}\n{"a":"x"}\n', [1, "x"]),
        ('{"a":true}\n{"a":1}\n', [True, 1]),
        ('{"a":"=1+1"}\n', ["=1+1"]),
    ],
)
def test_text_stays_as_it_is_written(write, text, held):
    found = read_table(write(text))["a"].tolist()
    assert found == held
    assert [type(value) for value in found] == [type(value) for value in held]


@pytest.mark.parametrize("text", ['{"b":1}\n{"a":"x","b":2}\n', '{"a":null,"b":1}\n{"a":"x","b":2}\n'])
def test_text_with_gaps_is_read(write, text):
    frame = read_table(write(text))
    assert values(frame, "a") == [None, "x"]
    assert values(frame, "b") == [1, 2]


def test_dates_with_gaps_are_read(write):
    frame = read_table(write('{"d":"2024-01-31"}\n{"d":null}\n'))
    assert frame["d"].isna().tolist() == [False, True]
    assert frame["d"][0] == pd.Timestamp("2024-01-31")


def test_dates_are_recognised_and_doubtful_ones_stay_text(write):
    assert read_table(write('{"d":"2024-01-31"}\n{"d":"2024-02-01"}\n'))["d"].dt.day.tolist() == [31, 1]
    assert read_table(write('{"d":"01/02/2024"}\n'))["d"].tolist() == ["01/02/2024"]
    assert read_table(write('{"d":"01/02/2024"}\n'), dates="day-first")["d"].dt.month.tolist() == [2]
    mixed = '{"d":"2024-01-01T00:00:00+01:00"}\n{"d":"2024-07-01T00:00:00+02:00"}\n'
    assert str(read_table(write(mixed), tz="Europe/Berlin")["d"].dt.tz) == "Europe/Berlin"


def test_a_whole_number_beside_decimal_ones_loses_no_digit(write):
    found = read_table(write('{"a":9007199254740993}\n{"a":1.5}\n'))["a"].tolist()
    assert found == [9007199254740993, 1.5]
    assert to_column([2**53 + 1, 1.5]).tolist() == [2**53 + 1, 1.5]


@pytest.mark.parametrize("text", ["1e999", "-1e999"])
def test_a_number_beyond_the_range_is_refused_or_kept_as_text_as_in_a_csv(write, text):
    try:
        frame = read_table(write(f'{{"a":{text}}}\n{{"a":1}}\n'))
    except DataError as told:
        assert "1" in str(told)
    else:
        assert not frame["a"].isin([float("inf"), float("-inf")]).any()


def test_a_schema_reads_text_as_what_it_says(write):
    schema = Schema((Column("id", "text"), Column("n", "integer"), Column("b", "boolean"), Column("d", "datetime")))
    frame = read_table(write('{"id":"007","n":"12","b":"yes","d":"2024-01-31"}\n'), schema)
    assert frame["id"].tolist() == ["007"]
    assert frame["n"].tolist() == [12]
    assert frame["b"].tolist() == [True]
    assert frame["d"].dt.day.tolist() == [31]
    assert read_table(write('{"id":7}\n'), Schema((Column("id", "text"),)))["id"].tolist() == ["7"]


# Forms of the file.


@pytest.mark.parametrize(
    "data",
    [
        b'{"a":1}\n{"a":2}',
        b'\n\n{"a":1}\n \n{"a":2}\n\n',
        b'{"a":1}\r\n{"a":2}\r\n',
        b'\xef\xbb\xbf{"a":1}\n{"a":2}\n',
        '{"a":1}\n{"a":2}\n'.encode("utf-16"),
        b'[{"a":1},{"a":2}]',
        b'  [\n {"a": 1},\n {"a": 2}\n]\n',
        b'\xef\xbb\xbf[{"a":1},{"a":2}]',
        gzip.compress(b'{"a":1}\n{"a":2}\n', mtime=0),
    ],
)
@pytest.mark.parametrize("name", ["t.jsonl", "t.ndjson", "t.json", "T.JSON"])
def test_forms_of_the_file_make_no_difference(write, data, name):
    name += ".gz" if data.startswith(b"\x1f\x8b") else ""
    assert read_table(write(data, name)).to_dict("list") == {"a": [1, 2]}


def test_columns_come_in_the_order_in_which_they_are_first_named(write):
    assert list(read_table(write('{"b":1}\n{"a":2,"b":3,"c":4}\n'))) == ["b", "a", "c"]
    path = write('{"b":1,"a":2,"c":3}\n')
    assert list(read_table(path, columns=["c", "b"])) == ["c", "b"]
    with pytest.raises(DataError, match=r"t\.jsonl: column 'd': is missing; the table has 'b', 'a', 'c'"):
        read_table(path, columns=["d"])


# Refusals.


@pytest.mark.parametrize(
    ("text", "name", "told"),
    [
        ('{"a":1}\n{"a":', "t.jsonl", ["t.jsonl: line 2 cannot be read", 'Write one JSON object a line, as in {"a": 1}.']),
        ('{"a":1}\n\n\n{"a":1,}\n', "t.jsonl", ["line 4 cannot be read"]),
        ('{"a":NaN}\n', "t.jsonl", ["line 1", "NaN is no JSON"]),
        ('{"a":1}\n{"a":-Infinity}\n', "t.jsonl", ["line 2", "-Infinity is no JSON"]),
        ('{"a":1,"a":2}\n', "t.jsonl", ["line 1", "names 'a' twice"]),
        ('{"a":{"b":1,"b":2}}\n', "t.jsonl", ["names 'b' twice"]),
        ("1\n2\n", "t.jsonl", ["line 1 is no JSON object"]),
        ('{"a":1}\n[1]\n', "t.jsonl", ["line 2 is no JSON object"]),
        ('{"a":1} {"a":2}\n', "t.jsonl", ["line 1 cannot be read"]),
        ('{"a":1}\n{"a":[1]}\n{"a":{"b":2}}\n', "t.jsonl", ["column 'a': 2 values are lists or objects (rows 2, 3)", "a column of its own"]),
        ('{"data":[{"a":1}]}', "t.json", ["column 'data'", "lists or objects"]),
        ("[]", "t.json", ["the list has no rows"]),
        ('[{"a":1},2,{"a":3},"x"]', "t.json", ["2 entries are no objects (rows 2, 4)"]),
        ('[{"a":1},', "t.json", ["the list cannot be read"]),
        ("", "t.json", ["the file is empty"]),
        ("  \n\n", "t.jsonl", ["the file is empty"]),
        ('{"a":' + "9" * 5000 + "}", "t.jsonl", ["line 1 cannot be read"]),
        ('{"a":"x\0"}', "t.jsonl", ["NUL"]),
        ("a,b\n1,2\n", "t.json", ["line 1 cannot be read"]),
    ],
)  # fmt: skip
def test_what_is_no_table_is_refused_with_its_place(write, text, name, told):
    with pytest.raises(DataError) as caught:
        read_table(write(text, name))
    for part in told:
        assert part in str(caught.value)
    assert caught.value.problems[0].fix


@pytest.mark.parametrize("text", ["{}\n{}\n", "[{},{}]"])
def test_objects_without_a_single_key_are_refused(write, text):
    with pytest.raises(DataError):
        read_table(write(text))


def test_a_column_without_a_name_is_refused_as_in_a_csv(write):
    with pytest.raises(DataError, match="no name"):
        read_table(write('{"":1,"a":2}\n'))


def test_half_a_character_is_refused(write):
    with pytest.raises(DataError):
        read_table(write('{"a":"\\ud800"}\n'))


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("[" * 3_000_000, "t.json"),
        ('{"a":' + "[" * 500_000 + "]" * 500_000 + "}", "t.jsonl"),
        ('{"a":' * 300_000 + "1" + "}" * 300_000, "t.jsonl"),
    ],
)
def test_deep_nesting_is_refused_at_once(write, text, name):
    path, since = write(text, name), time.process_time()
    with pytest.raises(DataError, match="nested too deeply"):
        read_table(path)
    assert time.process_time() - since < 2


def test_bombs_and_wide_tables_are_refused(write):
    with pytest.raises(DataError, match="swells to more than"):
        read_table(write(gzip.compress(b'{"a":1}\n' * 20_000_000, 9, mtime=0), "t.jsonl.gz"))
    with pytest.raises(DataError, match="more than 10,000 columns"):
        read_table(write(json.dumps({f"c{i}": 1 for i in range(10_001)})))
    with pytest.raises(DataError, match="larger than the limit"):
        read_table(write('{"a":1}\n' * 100), max_bytes=100)


def test_a_schema_names_column_and_row(write):
    schema = Schema((Column("a", "number", minimum=0), Column("b", "text")))
    with pytest.raises(DataError) as caught:
        read_table(write('{"a":1,"b":"x"}\n\n{"a":-1,"b":"y"}\n{"a":2}\n'), schema)
    assert [(problem.column, problem.rows) for problem in caught.value.problems] == [("a", (2,)), ("b", (3,))]


@pytest.mark.parametrize(
    ("given", "kind", "held"),
    [
        ([1, None], "Int64", None),
        ([True, None], "boolean", None),
        ([1, 2.5], "float64", [1.0, 2.5]),
        ([-(2**63), 2**63 - 1], "int64", [-(2**63), 2**63 - 1]),
        ([2**63], "object", [2**63]),
        ([2**63 + 1, None], "object", None),
    ],
)
def test_typed(given, kind, held):
    made = to_column(given)
    assert made.isna().tolist() == [value is None for value in given]
    assert made.dropna().tolist() == [value for value in (held or given) if value is not None]
    assert str(made.dtype) == kind or (kind == "object" and str(made.dtype) == "uint64")
