"""Incidence: every door gives the same baskets; what is odd is refused with its place, or done as declared and told."""

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from shared.data import BasketColumns, Incidence
from shared.errors import DataError, HexadError, SettingsError

basket_lists = st.lists(st.lists(st.sampled_from(["a", "b ", "c", "dé"]), max_size=6), min_size=1, max_size=15)


@given(basket_lists)
def test_every_door_gives_the_same_baskets(lists):
    found = Incidence.from_lists(lists)
    plain = [sorted(set(basket)) for basket in lists]
    assert found.to_lists() == plain
    assert found.sizes.tolist() == [len(basket) for basket in plain]
    assert found.counts.tolist() == [sum(name in basket for basket in plain) for name in found.items]
    if found.n_items:
        assert Incidence.from_onehot(found.to_onehot()).to_lists() == plain
        assert Incidence.from_onehot(found.to_sparse(), items=found.items).to_lists() == plain
        assert Incidence.from_onehot(found.to_onehot().astype(pd.SparseDtype(bool, False))).to_lists() == plain
        assert Incidence.from_onehot(found.to_onehot().astype(pd.SparseDtype(int, 0))).to_lists() == plain
        long = found.to_frame()
        filled = [basket for basket in plain if basket]
        assert Incidence.from_frame(long).to_lists() == filled
        assert Incidence.from_frame(pl.from_pandas(long)).to_lists() == filled
        assert Incidence.from_frame(pa.Table.from_pandas(long)).to_lists() == filled
        assert (
            Incidence.from_frame(long.sample(frac=1, random_state=0)).counts.tolist()
            == found.counts[found.counts > 0].tolist()
        )


@given(basket_lists, st.data())
def test_pieces_are_those_of_the_lists(lists, data):
    found = Incidence.from_lists(lists)
    rows = data.draw(st.lists(st.integers(0, len(lists) - 1)))
    assert found.take(rows).to_lists() == [found.to_lists()[row] for row in rows]
    mask = np.array([data.draw(st.booleans()) for _ in lists])
    assert found.take(mask).to_lists() == [basket for basket, keep in zip(found.to_lists(), mask, strict=True) if keep]
    known = found.reindex_items(["a", "zz"])
    assert known.to_lists() == [[name for name in basket if name == "a"] for basket in found.to_lists()]
    mapped = found.map_items({"a": "x", "b ": "x"})
    assert mapped.to_lists() == [["x"] if {"a", "b "} & set(basket) else [] for basket in lists]


def test_quantities_are_summed_and_presence_is_what_counts():
    table = pd.DataFrame({"order": [1, 1, 2], "item": ["a", "a", "b"], "n": [2, 3, 1]})
    found = Incidence.from_frame(table, BasketColumns(quantity="n"))
    assert found.weights.tolist() == [5.0, 1.0]
    assert found.to_frame()["n"].tolist() == [5.0, 1.0]
    assert "1 item that stands in its basket again was counted once" in found.notes


def returned() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "order": ["1", "1", "1", "2", "2", "C3", "4"],
            "item": ["a", "b", "a", "a", "a", "b", "c"],
            "n": [2, 1, -1, 1, -1, -1, 0],
        }
    )


def test_returns_are_refused_unless_declared():
    with pytest.raises(DataError) as refused:
        Incidence.from_frame(returned(), BasketColumns(quantity="n"))
    text = str(refused.value)
    assert "column 'n'" in text
    assert "4 quantities are zero or negative (rows 3, 5, 6, 7)" in text
    assert 'returns="drop"' in text


def test_returns_are_left_out_or_set_off():
    dropped = Incidence.from_frame(returned(), BasketColumns(quantity="n"), returns="drop")
    assert dropped.to_lists() == [["a", "b"], ["a"]]
    assert dropped.keys.tolist() == ["1", "2"]
    net = Incidence.from_frame(returned(), BasketColumns(quantity="n"), returns="net")
    assert net.to_lists() == [["a", "b"]]
    assert net.weights.tolist() == [1.0, 1.0]
    assert any("1 rows of purchases were wholly returned" in note for note in net.notes)
    assert any("orders had nothing left" in note for note in net.notes)


def test_cancelled_orders_are_left_out():
    table = returned().assign(n=1)
    found = Incidence.from_frame(table, BasketColumns(quantity="n"), cancelled="C")
    assert found.keys.tolist() == ["1", "2", "4"]
    assert any("1 rows of 1 cancelled orders" in note for note in found.notes)
    both = Incidence.from_frame(returned(), BasketColumns(quantity="n"), cancelled="C", returns="drop")
    assert both.keys.tolist() == ["1", "2"]


def test_orders_are_in_the_order_of_their_times_or_as_they_come():
    table = pd.DataFrame({"order": ["z", "a", "z", "m"], "item": ["x", "x", "y", "x"], "t": [5, 1, 4, 3]})
    assert Incidence.from_frame(table).keys.tolist() == ["z", "a", "m"]
    found = Incidence.from_frame(table, BasketColumns(time="t"))
    assert found.keys.tolist() == ["a", "m", "z"]
    assert found.times.tolist() == [1, 3, 4]
    assert any("several times" in note for note in found.notes)
    zoned = table.assign(t=pd.date_range("2024-01-01", periods=4, freq="D", tz="Europe/Berlin")[::-1])
    assert Incidence.from_frame(zoned, BasketColumns(time="t")).keys.tolist() == ["m", "z", "a"]


def test_customers_belong_to_orders():
    table = pd.DataFrame({"order": [1, 1, 2], "item": ["a", "b", "a"], "who": ["x", "x", "y"]})
    found = Incidence.from_frame(table, BasketColumns(customer="who"))
    assert found.customer_keys[found.customers].tolist() == ["x", "y"]
    with pytest.raises(DataError, match="1 orders belong to several customers \\(rows 1, 2\\)"):
        Incidence.from_frame(table.assign(who=["x", "y", "y"]), BasketColumns(customer="who"))


def test_empty_and_large_baskets_by_declared_policy():
    lists = [[], ["a"], ["a", "b", "c"]]
    assert Incidence.from_lists(lists).n_rows == 3
    assert "counted among the 3" in Incidence.from_lists(lists).notes[0]
    assert Incidence.from_lists(lists, drop_empty=True).n_rows == 2
    small = Incidence.from_lists(lists, largest=2)
    assert small.keys.tolist() == [1, 2]
    assert any("1 baskets of more than 2 items" in note for note in small.notes)


def test_counts_in_a_matrix_are_presence_and_negatives_are_refused():
    frame = pd.DataFrame({"b": [2, 0], "a": [1, 1]})
    found = Incidence.from_onehot(frame)
    assert found.to_lists() == [["a", "b"], ["a"]]
    assert "1 values other than 0 and 1 count as bought" in found.notes
    with pytest.raises(DataError, match=r"1 values are negative \(column 'a'\) \(row 2\)"):
        Incidence.from_onehot(frame.assign(a=[1, -1]))
    assert Incidence.from_onehot(frame.assign(a=[1, -1]), returns="drop").to_lists() == [["a", "b"], []]


def test_names_that_differ_only_in_blanks_are_kept_apart_and_told():
    found = Incidence.from_lists([["beef", "beef "], ["Beef"]])
    assert found.n_items == 3
    assert any("differ from others only in case or outer blanks" in note for note in found.notes)


def test_outer_blanks_are_taken_off_where_asked():
    table = pd.DataFrame({"order": [1, 1, 2], "item": ["beef ", "tea", "beef"]})
    assert Incidence.from_frame(table).n_items == 3
    found = Incidence.from_frame(table, strip=True)
    assert found.to_lists() == [["beef", "tea"], ["beef"]]
    assert "outer blanks were taken off 1 item names" in found.notes


def test_sparse_frames_of_ones_stay_sparse():
    tall = sparse.random_array((20_000, 3000), density=0.0002, rng=np.random.default_rng(0), format="csr")
    tall.data[:] = 1
    frame = pd.DataFrame.sparse.from_spmatrix(sparse.csr_matrix(tall))
    found = Incidence.from_onehot(frame)
    assert len(found.codes) == tall.nnz
    assert found.to_sparse().nnz == tall.nnz


def test_inputs_stay_as_they_are():
    table = returned()
    before = table.copy()
    Incidence.from_frame(table, BasketColumns(quantity="n"), returns="net", cancelled="C")
    pd.testing.assert_frame_equal(table, before)
    lists = [["b", "a"], ["a", "a"]]
    Incidence.from_lists(lists)
    assert lists == [["b", "a"], ["a", "a"]]


@pytest.mark.parametrize("value", ["drp", None, True])
def test_policies_are_words_that_are_known(value):
    table = pd.DataFrame({"order": [1], "item": ["a"]})
    with pytest.raises(HexadError, match="none of"):
        Incidence.from_frame(table, missing=value)
    with pytest.raises(HexadError, match="none of"):
        Incidence.from_frame(table, returns=value)


# Keys that are no items


@pytest.mark.parametrize("key", [[1001, 1002, 1003], list(range(1, 11)), [550, 120, 999]])
def test_a_column_that_numbers_the_rows_is_no_item(key):
    frame = pd.DataFrame({"order_id": key, "tea": [1, 0] * (len(key) // 2) + [1] * (len(key) % 2), "milk": 1})
    with pytest.raises(
        DataError, match=r"column 'order_id': holds another whole number in every row.*set_index\('order"
    ):
        Incidence.from_onehot(frame)
    assert Incidence.from_onehot(frame.set_index("order_id")).keys.tolist() == key
    assert Incidence.from_onehot(frame, items=["a number", "tea", "milk"]).n_items == 3


def test_counts_of_items_are_items():
    frame = pd.DataFrame({"tea": [1, 2, 3], "milk": [0, 5, 7], "bread": [2, 2, 4]})
    assert Incidence.from_onehot(frame).n_items == 3


@pytest.mark.parametrize("order", [("day", "till"), ["day", "till"]])
def test_a_key_of_two_columns_is_told_how(order):
    with pytest.raises(SettingsError, match=r"becomes one first: table\.assign\(key=table\['day'\]\.astype\(str\)"):
        BasketColumns(order=order)
