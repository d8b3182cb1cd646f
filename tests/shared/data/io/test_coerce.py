"""Values that have a type come to a declared kind without a detour over text."""

import datetime as dt
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from shared.data import Column, Schema, read_table
from shared.data.io.coerce import coerce, is_kind
from shared.errors import DataError


def listed(values, kind):
    parsed = coerce(pd.Series(values), kind)
    return [None if pd.isna(value) else value for value in parsed.values.tolist()], parsed.bad.tolist()


def test_whole_floats_become_integers_and_others_are_marked():
    assert listed([1.0, 2.5, np.nan, 2.0**60], "integer") == ([1, None, None, None], [False, True, False, True])
    assert listed([3.0, 4.0], "integer") == ([3, 4], [False, False])


def test_large_python_integers_keep_their_digits():
    large = pd.Series([2**53 + 1, None, 2**70], dtype=object)
    assert listed(large, "integer") == ([2**53 + 1, None, None], [False, False, True])
    assert listed(pd.Series([2**53 + 1, 5], dtype=object), "integer")[0] == [2**53 + 1, 5]


def test_numbers_and_truth():
    assert listed(pd.Series([1, 2.5, None], dtype=object), "number")[0] == [1.0, 2.5, None]
    assert listed([1.0, 0.0, 2.0, np.nan], "boolean") == ([True, False, None, None], [False, False, True, False])
    assert listed(pd.Series([True, None], dtype=object), "boolean")[0] == [True, None]


def test_dates_and_what_is_none():
    made = coerce(pd.Series([dt.date(2024, 1, 31)], dtype=object), "datetime")
    assert made.values.dt.day.tolist() == [31]
    assert coerce(pd.Series([1, 2]), "datetime").bad.all()
    assert coerce(pd.Series(pd.to_datetime(["2024-01-31"])), "number") is None
    assert coerce(pd.Series(["x"]), "number") is None
    assert coerce(pd.Series([1]), "text") is None


def test_kinds_as_they_stand():
    assert is_kind(pd.Series(["a", None], dtype=object), "text")
    assert not is_kind(pd.Series(["a", 1], dtype=object), "text")
    assert not is_kind(pd.Series([True]), "number")


def test_float_keys_of_a_spreadsheet_lose_their_point():
    schema = Schema((Column("customer", "text", allow_missing=True),))
    made = read_table(pd.DataFrame({"customer": [17850.0, np.nan]}), schema)
    assert made.customer.iloc[0] == "17850"


def test_dates_declared_but_numbers_given_are_told():
    with pytest.raises(DataError, match=r"column 'ds': 2 values cannot be read as dates: '1.0', '2.0' \(rows 1, 2\)"):
        read_table(pd.DataFrame({"ds": [1.0, 2.0]}), Schema((Column("ds", "datetime"),)))


def test_numbers_among_words_are_not_read_again_as_text():
    schema = Schema((Column("x", "number"),))
    with pytest.raises(DataError, match=r"1 value cannot be read as numbers: '-' \(row 3\)"):
        read_table(pd.DataFrame({"x": [1.234, 2.345, "-"]}), schema)
    kept = read_table(pd.DataFrame({"x": [1.234, "n/a", "2.5"]}), Schema((Column("x", "number", allow_missing=True),)))
    assert kept.x.tolist()[::2] == [1.234, 2.5]
    assert np.isnan(kept.x[1])


def test_commas_are_told_beside_words():
    with pytest.raises(DataError, match=r"Pass decimal=\",\" if the comma is the decimal mark, and correct the others"):
        read_table(pd.DataFrame({"x": ["1,5", "x"]}), Schema((Column("x", "number"),)))


@pytest.mark.parametrize("values", [[True, False, None], ["True", "false", ""], ["TRUE", "FALSE", None]])
def test_truth_is_counted_where_a_column_may_hold_it_and_refused_elsewhere(values, tmp_path):
    frame = pd.DataFrame({"promo": values, "other": [1, 2, 3]})
    column = Column("promo", "number", allow_missing=True, truth=True)
    frame.to_csv(tmp_path / "promo.csv", index=False)
    for source in (frame, tmp_path / "promo.csv"):
        made = read_table(source, Schema((column,)))
        assert made.promo.tolist()[:2] == [1.0, 0.0]
        assert np.isnan(made.promo[2])
        with pytest.raises(DataError, match="cannot be read as numbers"):
            read_table(source, Schema((replace(column, truth=False),)))
