"""What a model learnt from, held against a new table: every change told with its column, and nothing else."""

import contextlib
import datetime as dt
import json

import numpy as np
import pandas as pd
import pytest

from shared.data.contract import ColumnContract, TableContract, contract_of
from shared.errors import DataError, HexadError

LEARNT = pd.DataFrame(
    {
        "t": pd.date_range("2024-01-01", periods=5, tz="UTC"),
        "load": [4000.0, 5000, 4500, 4200, 4800],
        "temp": [10.0, 20, 15, 12, 18],
        "free": [True, False, True, False, False],
        "shop": list("ababa"),
        "n": [1, 2, 3, 4, 5],
    }
)
CONTRACT = contract_of(LEARNT)


def told(frame, **options):
    with pytest.raises(DataError) as caught:
        CONTRACT.check(frame, "new.csv", **options)
    assert str(caught.value).startswith("new.csv: ")
    return caught.value.problems


def test_what_is_remembered():
    by_name = {column.name: column for column in CONTRACT.columns}
    assert [column.kind for column in CONTRACT.columns] == [
        "datetime",
        "number",
        "number",
        "boolean",
        "text",
        "integer",
    ]
    assert by_name["t"].zone == "UTC"
    assert (by_name["load"].low, by_name["load"].median, by_name["load"].high) == (4000.0, 4500.0, 5000.0)
    assert by_name["shop"].labels == ("a", "b")
    assert not any(column.missing for column in CONTRACT.columns)
    assert contract_of(pd.DataFrame({"a": [1.0, np.nan, np.inf]})).columns[0] == ColumnContract(
        "a", "number", "", True, 1.0, 1.0, 1.0
    )


def test_labels_are_kept_up_to_a_thousand():
    texts = [f"{i:05d}" for i in range(1001)]
    assert len(contract_of(pd.DataFrame({"a": texts[:1000]})).columns[0].labels) == 1000
    assert contract_of(pd.DataFrame({"a": texts})).columns[0].labels == ()


def test_it_survives_json():
    again = TableContract.from_plain(json.loads(json.dumps(CONTRACT.plain(), allow_nan=False)))
    assert again == CONTRACT


@pytest.mark.parametrize(
    "frame",
    [
        LEARNT,
        LEARNT.iloc[:1],
        LEARNT.iloc[::-1],
        LEARNT[LEARNT.columns[::-1]],
        LEARNT.assign(load=LEARNT.load.astype(int)),
        LEARNT.assign(load=LEARNT.load * 1.3),
        LEARNT.assign(load=LEARNT.load.astype("float32")),
        LEARNT.assign(n=LEARNT.n.astype("int32")),
        LEARNT.assign(n=LEARNT.n.astype("Int64")),
        LEARNT.assign(shop=LEARNT.shop.astype("category")),
        LEARNT.assign(shop=LEARNT.shop.astype(object)),
        LEARNT.assign(free=LEARNT.free.astype("boolean")),
        LEARNT.assign(t=LEARNT.t.dt.tz_convert("Asia/Tokyo")),
        LEARNT.assign(shop="a", free=True),
    ],
)
def test_what_is_alike_is_accepted_without_a_word(frame):
    assert CONTRACT.check(frame, "new.csv") == ()


@pytest.mark.parametrize(
    ("frame", "column", "what", "fix"),
    [
        (LEARNT.drop(columns="load"), "load", "is missing; the table has 't', 'temp'", "cannot do without it"),
        (LEARNT.rename(columns={"load": "Load"}), "load", "is missing, and 'Load' is new and looks like it", "Rename it to 'load'"),
        (LEARNT.rename(columns={"load": "verbrauch"}), "load", "'verbrauch' is new and looks like it", "Rename it to 'load'"),
        (LEARNT.assign(load=LEARNT.load.astype(str)), "load", "holds text, but the model learnt from numbers", "Write numbers"),
        (LEARNT.assign(t=LEARNT.t.astype(str)), "t", "holds text, but the model learnt from dates", "Write dates"),
        (LEARNT.assign(t=[1, 2, 3, 4, 5]), "t", "holds whole numbers, but the model learnt from dates", "Write dates"),
        (LEARNT.assign(free="yes"), "free", "holds text, but the model learnt from truth values", "Write truth values"),
        (LEARNT.assign(n=LEARNT.n + 0.5), "n", "holds numbers, but the model learnt from whole numbers", "Write whole numbers"),
        (LEARNT.assign(shop=[1, 2, 1, 2, 1]), "shop", "holds whole numbers, but the model learnt from text", "Write text"),
        (LEARNT.assign(load=LEARNT.load * 1000), "load", "values are about 4.5e+06, the model learnt from 4,000 to 5,000", "Convert"),
        (LEARNT.assign(load=LEARNT.load * 10), "load", "the model learnt from 4,000 to 5,000; another unit?", "Convert"),
        (LEARNT.assign(load=-LEARNT.load), "load", "values are about -4,500", "Convert"),
        (LEARNT.assign(load=0.0), "load", "values are about 0", "Convert"),
        (LEARNT.assign(load=np.inf), "load", "inf", "Convert"),
        (LEARNT.assign(temp=LEARNT.temp * 1.8 + 32), "temp", "values are about 59", "Convert"),
        (LEARNT.assign(load=[4000.0, None, 4500, None, 4800]), "load", "2 values are missing", "Fill them in"),
        (LEARNT.assign(shop=list("abcab")), "shop", "never seen when the model learnt: 'c'", "Correct them"),
    ],
)  # fmt: skip
def test_every_change_is_told_with_its_column_and_mend(frame, column, what, fix):
    (problem,) = told(frame)
    assert problem.column == column
    assert what in problem.what
    assert fix in problem.fix


def test_rows_are_counted_from_one():
    (gaps,) = told(LEARNT.assign(load=[4000.0, None, 4500, None, 4800]))
    assert (gaps.rows, gaps.count) == ((2, 4), 2)
    (unseen,) = told(LEARNT.assign(shop=list("xbaay")))
    assert (unseen.rows, unseen.count) == ((1, 5), 2)


def test_swapped_columns_are_told_as_such():
    problems = told(LEARNT.rename(columns={"load": "temp", "temp": "load"}))
    assert [problem.column for problem in problems] == ["load", "temp"]
    assert "look like those of 'temp': swapped?" in problems[0].what
    assert "look like those of 'load': swapped?" in problems[1].what


def test_another_unit_is_not_called_swapped_where_the_other_column_is_as_before():
    (problem,) = told(LEARNT.assign(load=LEARNT.load / 250))
    assert "another unit?" in problem.what
    assert "swapped" not in problem.what


def test_everything_is_told_at_once():
    frame = LEARNT.drop(columns=["n"]).assign(temp="x", load=0.0, shop=list("abcab"), new=1.5)
    assert [problem.column for problem in told(frame)] == ["temp", "n", "load", "shop"]
    assert [problem.column for problem in told(frame, accept_drift=True)] == ["temp", "n"]


def test_of_several_new_columns_none_is_called_the_missing_one_unless_one_fits():
    (problem,) = told(LEARNT.rename(columns={"load": "mw"}).assign(other=4500.0))
    assert "looks like it" not in problem.what
    (problem,) = told(LEARNT.rename(columns={"load": "mw"}).assign(other="text"))
    assert "'mw' is new and looks like it" in problem.what


def test_new_columns_are_told_and_no_fault():
    assert CONTRACT.check(LEARNT.assign(x=1), "new.csv") == (
        "column 'x' was not there when the model learnt; it is not used",
    )
    assert CONTRACT.check(LEARNT.assign(x=1, y=2), "new.csv") == (
        "columns 'x', 'y' were not there when the model learnt; they are not used",
    )


def test_accepted_drift_is_told_without_advice_that_was_followed():
    frame = LEARNT.assign(load=LEARNT.load * 1000, shop=list("abcab"), n=pd.array([1, None, 3, 4, 5], dtype="Int64"))
    notes = CONTRACT.check(frame, "new.csv", accept_drift=True)
    assert len(notes) == 3
    for note, part in zip(notes, ("4.5e+06", "'c' (row 3)", "(row 2)"), strict=True):
        assert part in note
        assert "accept_drift" not in note
        assert "Convert" not in note


def test_accepted_labels_are_told_whole():
    learnt = contract_of(pd.DataFrame({"town": ["Melbourne", "Sydney"]}))
    (note,) = learnt.check(pd.DataFrame({"town": ["St. Kilda"]}), "new.csv", accept_drift=True)
    assert "'St. Kilda' (row 1)" in note


def test_missing_values_are_no_drift_where_there_were_some():
    learnt = contract_of(pd.DataFrame({"a": ["x", None], "b": [1.0, None]}))
    assert learnt.check(pd.DataFrame({"a": [None, "x"], "b": [None, 1.0]}), "new.csv") == ()
    assert learnt.check(pd.DataFrame({"a": [None, None], "b": [None, 1.0]}), "new.csv") == ()


def test_a_constant_and_an_empty_column():
    contract_of(pd.DataFrame({"a": [np.nan, np.nan]})).check(pd.DataFrame({"a": [1.0]}), "new.csv")
    contract_of(pd.DataFrame({"a": [5.0, 5.0]})).check(pd.DataFrame({"a": [5.0]}), "new.csv")


@pytest.mark.parametrize("values", [[1, "x"], [dt.date(2024, 1, 1), dt.date(2024, 1, 2)], [True, "x"]])
def test_a_table_is_like_itself(values):
    frame = pd.DataFrame({"a": np.array(values, dtype=object)})
    assert contract_of(frame).check(frame, "new.csv") == ()


def test_names_that_are_no_text_are_like_themselves():
    frame = pd.DataFrame([[1, 2.5]])
    assert contract_of(frame).check(frame, "new.csv") == ()


def test_lists_are_remembered_or_refused_plainly():
    frame = pd.DataFrame({"a": [[1], [2]]})
    with contextlib.suppress(HexadError):
        contract_of(frame).check(frame, "new.csv")


@pytest.mark.parametrize(
    "plain",
    [
        {},
        {"columns": None},
        {"columns": "abc"},
        {"columns": [1]},
        {"columns": [{}]},
        {"columns": [{"name": "a", "kind": "number", "labels": [], "odd": 1}]},
        {"columns": [{"name": "a", "kind": "none-such", "labels": []}]},
        {"columns": [{"name": "a", "kind": ["number"], "labels": []}]},
        {"columns": [{"name": 5, "kind": "number", "labels": []}]},
        {"columns": [{"name": "a", "kind": "number", "low": "x", "high": "y", "labels": []}]},
    ],
)
def test_what_is_no_contract_is_refused_when_it_is_read(plain):
    with pytest.raises((KeyError, TypeError, ValueError)):
        TableContract.from_plain(plain)
