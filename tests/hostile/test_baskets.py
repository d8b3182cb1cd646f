"""Bad baskets: mined rightly, or refused with what, where, how many and how to fix it; nothing is lost in silence."""

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from domains.basket import RuleRecommender, association_rules, frequent_itemsets
from shared.data import BasketColumns, Incidence
from shared.errors import DataError, HexadError


def refused(call) -> str:
    with pytest.raises(HexadError) as error:
        call()
    return str(error.value)


@pytest.mark.parametrize("missing", [None, float("nan"), pd.NA, pd.NaT])
def test_missing_items_are_refused_with_their_basket_or_left_out(missing):
    baskets = [["a"], ["b", missing], ["a", "b"]]
    text = refused(lambda: frequent_itemsets(baskets, 1))
    assert "missing" in text
    assert "row 2" in text
    assert 'missing="drop"' in text
    found = Incidence.from_lists(baskets, missing="drop")
    assert found.to_lists() == [["a"], ["b"], ["a", "b"]]
    assert "1 missing items were left out" in found.notes


def test_items_of_several_types_are_refused_with_their_baskets():
    text = refused(lambda: frequent_itemsets([["1", "2"], ["1"], [1, "2"]], 1))
    assert "several types" in text
    assert "1 of type int" in text
    assert "row 3" in text
    assert "str(item)" in text
    table = pd.DataFrame({"order": [1, 2, 3], "item": ["a", 1, "b"]}, dtype=object)
    assert "column 'item'" in refused(lambda: Incidence.from_frame(table))


def test_text_in_place_of_lists_is_refused_with_the_mend():
    text = refused(lambda: frequent_itemsets(["milk,bread", "milk"], 1))
    assert "single values, not lists" in text
    assert "['milk', 'bread']" in text
    assert "not a list of baskets" in refused(lambda: frequent_itemsets("milk", 1))
    assert "not a list of baskets" in refused(lambda: Incidence.from_lists({"milk": 1}))
    assert "not a list of baskets" in refused(lambda: Incidence.from_lists(3))
    assert "from_frame" in refused(lambda: Incidence.from_lists(pd.DataFrame({"a": [1]})))


def test_a_count_is_a_count_and_a_share_a_share():
    baskets = [["a", "b"], ["a"], ["a"], ["b"]]
    assert len(frequent_itemsets(baskets, 2)) == 2
    assert len(frequent_itemsets(baskets, 1.0)) == 0
    assert len(frequent_itemsets(baskets, 1)) == 3
    assert "for a number of baskets give an int" in refused(lambda: frequent_itemsets(baskets, 2.0))


def test_quantities_in_a_matrix_count_as_presence_and_say_so():
    found = Incidence.from_onehot(pd.DataFrame({"a": [3, 0, 1], "b": [0, 2, 1]}))
    assert "2 values other than 0 and 1 count as bought" in found.notes
    assert len(frequent_itemsets(found, 2)) == 2


@pytest.mark.parametrize("value", [float("nan"), float("inf"), "yes", None])
def test_matrices_with_other_values_are_refused_with_column_and_row(value):
    frame = pd.DataFrame({"a": [1, 0], "b": [1, value]}, dtype=object)
    text = refused(lambda: Incidence.from_onehot(frame))
    assert "column 'b'" in text
    assert "row 2" in text


def test_sparse_matrices_with_odd_values_or_names_are_refused():
    matrix = sparse.csr_array(np.array([[1.0, np.nan], [0.0, -1.0]]))
    assert "missing or no numbers" in refused(lambda: Incidence.from_onehot(matrix))
    fine = sparse.csr_array(np.array([[1, 0], [1, 1]]))
    assert "3 names are given for 2 columns" in refused(lambda: Incidence.from_onehot(fine, items=["a", "b", "c"]))
    assert "named twice" in refused(lambda: Incidence.from_onehot(fine, items=["a", "a"]))
    assert Incidence.from_onehot(fine).items.tolist() == [0, 1]
    assert "neither a frame nor a sparse matrix" in refused(lambda: Incidence.from_onehot(np.ones(2)))
    assert Incidence.from_onehot(np.array([[1, 0], [1, 1]])).to_lists() == [[0], [0, 1]]
    assert len(frequent_itemsets(np.array([[1, 0], [1, 1]]), 1)) == 3


def test_nothing_frequent_gives_an_empty_typed_table_and_a_hint():
    sets = frequent_itemsets([["a"], ["b"]], 2)
    assert sets.to_frame().empty
    assert "'a'" in sets.explain() or "a, is in 1" in sets.explain()
    assert association_rules(sets, 0.5).to_frame().empty


def test_duplicates_empty_baskets_and_one_large_one():
    baskets = [["a", "a", "b"], [], ["a"], [*map(str, range(5000)), "a"]]
    found = Incidence.from_lists(baskets)
    assert any("counted once" in note for note in found.notes)
    assert any("empty" in note for note in found.notes)
    sets = frequent_itemsets(found, 2)
    assert sets.support.tolist() == [0.75]  # the empty basket counts
    assert "Raise min_support to 2 baskets" in refused(lambda: frequent_itemsets(found, 1))


def test_an_item_in_every_basket_is_kept():
    sets = frequent_itemsets([["z", "a"], ["z"], ["z", "b"]], 1)
    assert {tuple(sorted(sets.names(k))) for k in range(len(sets))} == {("z",), ("a",), ("b",), ("a", "z"), ("b", "z")}
    rules = association_rules(sets, 0.0)
    assert np.isfinite(rules.lift).all()
    assert not rules.test().columns["kept"].any()
    assert not rules.test("fisher").columns["kept"].any()


def test_no_baskets_at_all_are_refused():
    assert refused(lambda: frequent_itemsets([], 1)) == "there are no baskets"
    only_empty = frequent_itemsets([[], []], 1)
    assert len(only_empty) == 0
    assert "The baskets are empty" in only_empty.explain()


def test_long_tables_name_what_is_wrong_all_at_once():
    table = pd.DataFrame({"order": [1, None, 2], "item": ["a", "b", None], "n": [1, "x", 2]})
    text = refused(lambda: Incidence.from_frame(table, BasketColumns(quantity="n"), source="till.csv"))
    for told in ("till.csv: 3 problems", "column 'order'", "(row 2)", "column 'item'", "(row 3)", "column 'n'", "'x'"):
        assert told in text
    dropped = Incidence.from_frame(table.assign(n=1), BasketColumns(quantity="n"), missing="drop")
    assert dropped.to_lists() == [["a"]]
    assert "2 rows without an order or an item were left out" in dropped.notes


def test_columns_under_other_names_are_asked_for():
    table = pd.DataFrame({"Order": [1], "Product": ["a"]})
    assert "did you mean 'Order'" in refused(lambda: Incidence.from_frame(table))
    assert "BasketColumns(order=..., item=...)" in refused(lambda: frequent_itemsets(table, 1))


@pytest.mark.parametrize("stamps", [["2024-01-01", None], ["yesterday", "today"]])
def test_times_that_are_missing_or_no_times_are_refused(stamps):
    table = pd.DataFrame({"order": [1, 2], "item": ["a", "b"], "when": stamps})
    table["when"] = pd.to_datetime(table["when"]) if None in stamps else table["when"]
    assert "column 'when'" in refused(lambda: Incidence.from_frame(table, BasketColumns(time="when")))


def test_returns_that_leave_nothing_are_told():
    table = pd.DataFrame({"order": [1, 2], "item": ["a", "b"], "n": [-1, 1]})
    found = Incidence.from_frame(table, BasketColumns(quantity="n"), returns="drop")
    assert found.n_rows == 1
    assert "1 orders had nothing left and are no baskets" in found.notes


def test_items_of_any_single_kind_are_taken():
    kinds = [
        pd.Series(["a", "b"], dtype="category"), pd.Series([1, 2]), pd.Series([1.5, 2.5]), pd.Series(["a", "b"], dtype="string"),
        pd.Series(pd.to_datetime(["2024-01-01", "2024-01-02"])), pd.Series([True, False]),
        pd.Series(["a", "b"], dtype=pd.ArrowDtype(__import__("pyarrow").string())), pd.Series([2**62, 2**62 + 1]),
    ]  # fmt: skip
    for values in kinds:
        table = pd.DataFrame({"order": [1, 1], "item": values})
        sets = frequent_itemsets(table, 1)
        assert len(sets) == 3
        assert len(sets.to_frame()) == 3
        assert len(association_rules(sets, 0.5).to_frame()) == 2


def test_text_of_numpy_is_text():
    table = pd.DataFrame({"order": [1, 1, 2], "item": pd.Series(["a", np.str_("b"), np.str_("a")], dtype=object)})
    assert len(frequent_itemsets(table, 1)) == 3
    assert len(frequent_itemsets([[1, np.int64(2)], [np.int32(1)]], 1)) == 3


def test_nested_items_are_refused():
    table = pd.DataFrame({"order": [1], "item": [["a", "b"]]})
    assert "from_lists" in refused(lambda: Incidence.from_frame(table))


def test_keys_of_lists_have_to_fit():
    assert "2 keys are given for 1 baskets" in refused(lambda: Incidence.from_lists([["a"]], keys=[1, 2]))
    assert "repeat an earlier one" in refused(lambda: Incidence.from_lists([["a"], ["b"]], keys=[1, 1]))


def test_unknown_things_are_named():
    rules = association_rules([["milk", "tea"]], 0.5, min_support=1)
    assert "did you mean 'milk'" in refused(lambda: rules.with_items(consequent=["mlk"]))
    assert "share no item" in refused(lambda: rules.score([["x"]]))
    assert len(rules.score([["milk", "x"]])) == 1
    assert "no number" in refused(lambda: rules.where(lift="high"))
    model = RuleRecommender().fit([["milk", "tea"]])
    assert len(model.recommend([["x"]], n=5)) == 2


def test_data_errors_are_value_errors():
    with pytest.raises(ValueError, match="baskets"):
        frequent_itemsets(["milk"], 1)
    assert issubclass(DataError, ValueError)


def test_tables_that_are_no_zeros_and_ones_are_not_taken_for_such():
    long = pd.DataFrame({"InvoiceNo": [1, 1, 2], "StockCode": [5, 6, 7]})
    assert "from_frame" in refused(lambda: frequent_itemsets(long, 1))
    counts = pd.DataFrame({"a": [2, 0], "b": [0, 1]})
    assert "from_onehot(table)" in refused(lambda: frequent_itemsets(counts, 1))
    assert "holds dates" in refused(lambda: Incidence.from_onehot(pd.DataFrame({"d": pd.to_datetime(["2024-01-01"])})))
    assert "no single names" in refused(lambda: Incidence.from_onehot(np.eye(2), items=["x", None]))
    assert "several types" in refused(lambda: Incidence.from_onehot(np.eye(2), items=["x", 1]))


def test_frames_of_other_libraries_are_taken():
    import polars as pl
    import pyarrow as pa

    long = pd.DataFrame({"order": [1, 1, 2], "item": ["a", "b", "a"]})
    for frame in (pl.from_pandas(long), pa.Table.from_pandas(long)):
        assert len(frequent_itemsets(frame, 1)) == 3
    assert len(frequent_itemsets(pl.DataFrame({"a": [1, 0], "b": [1, 1]}), 1)) == 3


def test_baskets_without_a_customer_are_kept_as_those_of_guests_where_declared():
    table = pd.DataFrame({"order": [1, 1, 2], "item": ["a", "b", "a"], "who": ["x", "x", None]})
    columns = BasketColumns(customer="who")
    assert "keep their baskets without a customer" in refused(lambda: Incidence.from_frame(table, columns))
    found = Incidence.from_frame(table, columns, missing="drop")
    assert found.to_lists() == [["a", "b"], ["a"]]
    assert found.customers.tolist() == [0, -1]
    assert found.to_frame()["who"].isna().tolist() == [False, False, True]
    assert "1 rows without a customer were kept as those of guests" in found.notes
    model = RuleRecommender(significance=None).fit(found)
    assert model.customer_baskets_.tolist() == [1]
    assert model.owners(found).tolist() == [0, -1]
    assert model.recommend(found, n=1)["because"].tolist() == ["'a': 1 of its 2 baskets hold it, too"]


def test_suggested_supports_fit():
    baskets = [list(range(300)), *([k, k + 1] for k in range(100))]
    text = refused(lambda: frequent_itemsets(baskets, 1, max_itemsets=1000))
    suggested = int(text.split("Raise min_support to ")[1].split()[0])
    told = int(text.split("; ")[1].split(" sets")[0].replace(",", ""))
    assert len(frequent_itemsets(baskets, suggested, max_itemsets=1000)) == told
    assert "Raise" not in refused(lambda: frequent_itemsets([list(range(300))], 1, max_itemsets=1000))


@pytest.mark.parametrize(
    "call",
    [
        lambda b: frequent_itemsets(b, 1, with_items=5), lambda b: frequent_itemsets(b, 1, with_items=[["a"]]),
        lambda b: Incidence.from_lists(b, largest=0), lambda b: Incidence.from_lists(b, largest="2"),
        lambda b: Incidence.from_frame(pd.DataFrame({"order": [1], "item": ["a"]}), {"order": "o"}),
        lambda b: RuleRecommender(significance="a").fit(b), lambda b: association_rules(b, 0.5, min_support=1).test(alpha="0.05"),
    ],
)  # fmt: skip
def test_arguments_of_the_wrong_kind_are_told(call):
    refused(lambda: call([["a", "b"], ["a"]]))
