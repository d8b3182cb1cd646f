"""Rules: exact thresholds, templates, redundancy, files, scores; all against plain counting."""

import sys
from fractions import Fraction
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domains.basket import MEASURES, Rules, association_rules, frequent_itemsets, improvement, item_pairs
from shared.errors import HexadError, StoreError

sys.path.insert(0, str(Path(__file__).parent))
import plain

basket_lists = st.lists(st.lists(st.sampled_from("abcdef"), max_size=6), min_size=1, max_size=25)
shares = st.sampled_from([0.0, 0.2, 0.25, 1 / 3, 0.5, 0.6, 0.75, 1.0])


def as_dict(rules: Rules) -> dict:
    found = {tuple(map(frozenset, rules.names(k))): int(rules.joint_counts[k]) for k in range(len(rules))}
    assert len(found) == len(rules)
    return found


@given(basket_lists, st.integers(1, 4), shares, st.sampled_from([None, 1, 2]))
def test_rules_of_any_consequent_equal_exact_fractions(baskets, least, share, longest):
    confidence = Fraction(str(share))
    found = association_rules(frequent_itemsets(baskets, least), share, max_consequent=longest)
    assert as_dict(found) == plain.rules(plain.frequent(baskets, least), confidence, longest)
    for k in range(len(found)):
        left, right = found.names(k)
        assert found.antecedent_counts[k] == plain.count(baskets, left)
        assert found.consequent_counts[k] == plain.count(baskets, right)


@given(
    basket_lists, st.integers(1, 3), shares, st.sets(st.sampled_from("abcd"), min_size=1), st.sampled_from([None, 1])
)
def test_templates_equal_a_filter(baskets, least, share, names, longest):
    baskets = [*baskets, list("abcdef")]
    confidence = Fraction(str(share))
    whole = plain.rules(plain.frequent(baskets, least), confidence, longest)
    sets = frequent_itemsets(baskets, least)
    to = association_rules(sets, share, consequents=names, max_consequent=longest)
    assert as_dict(to) == {sides: n for sides, n in whole.items() if sides[1] <= names}
    since = association_rules(sets, share, antecedents=names, max_consequent=longest)
    assert as_dict(since) == {sides: n for sides, n in whole.items() if sides[0] <= names}
    both = association_rules(sets, share, antecedents=names, consequents=set("abcdef") - names, max_consequent=longest)
    assert as_dict(both) == {sides: n for sides, n in whole.items() if sides[0] <= names and not sides[1] & names}


@given(basket_lists, st.integers(1, 3), shares, st.sets(st.sampled_from("abcd"), min_size=1))
def test_templates_pushed_into_the_mining_give_the_same(baskets, least, share, names):
    baskets = [*baskets, list("abcdef")]
    slow = association_rules(frequent_itemsets(baskets, least), share, consequents=names)
    fast = association_rules(baskets, share, min_support=least, consequents=names)
    assert as_dict(slow) == as_dict(fast)
    for column in ("antecedent_count", "consequent_count", "lift"):
        a, b = (
            one.to_frame().assign(key=[one.label(k) for k in range(len(one))]).set_index("key")[column]
            for one in (slow, fast)
        )
        pd.testing.assert_series_equal(a.sort_index(), b.sort_index())


def test_what_is_pushed_into_the_mining_looks_at_fewer_sets():
    rng = np.random.default_rng(0)
    baskets = [list(np.flatnonzero(rng.random(14) < 0.4)) for _ in range(300)]
    assert len(frequent_itemsets(baskets, 5, with_items=[0])) < len(frequent_itemsets(baskets, 5)) / 3


@given(basket_lists, st.integers(1, 3), shares)
def test_rules_of_closed_sets_have_the_counts_of_the_baskets(baskets, least, share):
    for kind in ("closed", "maximal"):
        sets = frequent_itemsets(baskets, least, kind=kind)
        found = association_rules(sets, share)
        expected = {}
        for k in range(len(sets)):
            whole = frozenset(sets.names(k))
            for one in whole if len(whole) > 1 else ():
                n, a = plain.count(baskets, whole), plain.count(baskets, whole - {one})
                if Fraction(n, a) >= Fraction(str(share)):
                    expected[whole - {one}, frozenset([one])] = n
        assert as_dict(found) == expected


@pytest.mark.any_pandas
@given(basket_lists, st.integers(1, 3), st.sampled_from([1, None]))
def test_improvement_equals_brute_force(baskets, least, longest):
    sets = plain.frequent(baskets, least)
    rules = association_rules(frequent_itemsets(baskets, least), 0.0, max_consequent=longest)
    gained = improvement(rules)
    sparse = rules.used  # without the tree of all sets: counted again
    np.testing.assert_allclose(improvement(sparse), gained, atol=1e-12)
    for k in range(len(rules)):
        left, right = map(frozenset, rules.names(k))
        best = Fraction(sets[right], len(baskets))
        for part in plain.subsets(left):
            if frozenset(part) != left:
                best = max(best, Fraction(sets[frozenset(part) | right], sets[frozenset(part)]))
        assert gained[k] == pytest.approx(float(Fraction(int(rules.joint_counts[k]), sets[left]) - best), abs=1e-12)
    assert len(rules.without_redundant()) == (gained > 1e-12).sum()


@given(
    basket_lists,
    st.sampled_from(["lift", "leverage", "jaccard", "certainty", "gini", "kulczynski", "zhang"]),
    st.integers(0, 60),
)
def test_thresholds_of_quotients_are_exact(baskets, name, place):
    rules = association_rules(frequent_itemsets(baskets, 1), 0.0)
    if len(rules) == 0:
        return
    from domains.basket.rules.measures import Counts

    exact = []
    for k in range(len(rules)):
        counts = [Fraction(int(x[k])) for x in (rules.joint_counts, rules.antecedent_counts, rules.consequent_counts)]
        try:
            exact.append(
                np.asarray(MEASURES[name].formula(Counts(Fraction(rules.n_baskets), *counts)), dtype=object).item()
            )
        except ZeroDivisionError:
            exact.append(None)
    known = [value for value in exact if value is not None]
    if not known:
        return
    bound = known[place % len(known)]
    kept = rules.where(**{name: bound})
    assert len(kept) == sum(value is not None and value >= bound for value in exact)


def test_several_thresholds_at_once_and_words_about_them():
    rules = association_rules([["a", "b"], ["a", "b"], ["a"], ["c"]], 0.1, min_support=1)
    few = rules.where(lift=1.2, confidence=1.0)
    assert [few.label(k) for k in range(len(few))] == ["b → a"]
    assert "fell short" in few.explain()
    with pytest.raises(HexadError, match="no measure 'lft'"):
        rules.where(lft=1)


def test_thresholds_out_of_range_are_refused():
    for wrong in (-0.1, 1.1, "0.5", True, None, float("nan")):
        with pytest.raises(HexadError, match="min_confidence"):
            association_rules([["a"]], wrong, min_support=1)
    for wrong in (0, -1, True, 1.5):
        with pytest.raises(HexadError, match="max_consequent"):
            association_rules([["a"]], 0.5, min_support=1, max_consequent=wrong)
    with pytest.raises(HexadError, match="belong to frequent_itemsets"):
        association_rules(frequent_itemsets([["a"]], 1), 0.5, min_support=0.1)
    with pytest.raises(HexadError, match="consequents=.*: give a list"):
        association_rules([["a"]], 0.5, min_support=1, consequents={"a": 1})
    with pytest.raises(HexadError, match="more than 3 rules"):
        association_rules([["a", "b", "c"]], 0.5, min_support=1, max_rules=3)
    with pytest.raises(HexadError, match="kind='all'"):
        association_rules(frequent_itemsets([["a", "b", "c"]], 1, kind="closed"), 0.5, max_consequent=None)


def test_no_frequent_sets_give_an_empty_table_of_the_right_types():
    rules = association_rules([["a"], ["b"]], 0.5, min_support=2)
    full = association_rules([["a", "b"]], 0.5, min_support=1)
    assert len(rules) == 0
    assert rules.to_frame().dtypes.astype(str).tolist() == full.to_frame().dtypes.astype(str).tolist()
    assert rules.measures().shape == (0, 20)
    assert "0 rules" in rules.explain()
    assert len(rules.test()) == 0
    assert len(rules.test().significant.without_redundant()) == 0
    assert rules.validate([["a"]]).explain() == "There are no rules to look at again."
    assert rules.score([["a"]]).empty


@pytest.mark.filterwarnings("ignore:.*:RuntimeWarning")  # mlxtend divides by zero on the way
@given(basket_lists)
def test_mlxtend_takes_our_tables(baskets):
    pytest.importorskip("mlxtend")
    from mlxtend.frequent_patterns import association_rules as theirs

    sets = frequent_itemsets([*baskets, ["a", "b"]], 1)
    made = theirs(sets.to_mlxtend(), metric="lift", min_threshold=0.0)
    ours = association_rules(sets, 0.0, max_consequent=None).to_mlxtend()
    key = ["antecedents", "consequents"]
    made, ours = (
        one.assign(key=[(*sorted(a), "|", *sorted(b)) for a, b in zip(one[key[0]], one[key[1]], strict=True)])
        .set_index("key")
        .sort_index()
        for one in (made, ours)
    )
    for column in (
        "antecedent support",
        "consequent support",
        "support",
        "confidence",
        "lift",
        "leverage",
        "conviction",
    ):
        known = ours[column].notna()  # mlxtend calls the conviction of a certain consequent infinite; it is undefined
        np.testing.assert_allclose(ours[column][known], made[column][known], atol=1e-9)


def test_saved_rules_come_back_whole(tmp_path):
    for items in (
        ["beef ", "=1+1", "tea"],
        [3, 1, 2],
        pd.to_datetime(["2024-01-01", "2024-01-02", "2024-01-03"]).tolist(),
    ):
        x, y, z = items
        baskets = [[x, y], [x, y, z], [y], [x, y], [z]]
        rules = association_rules(baskets, 0.3, min_support=1, consequents=[x, y]).test("fisher")
        rules.save(tmp_path / "rules.parquet")
        again = Rules.load(tmp_path / "rules.parquet")
        assert [again.names(k) for k in range(len(again))] == [rules.names(k) for k in range(len(rules))]
        pd.testing.assert_frame_equal(
            again.to_frame(MEASURES).drop(columns=["antecedent", "consequent"]),
            rules.to_frame(MEASURES).drop(columns=["antecedent", "consequent"]),
        )
        assert len(pd.read_parquet(tmp_path / "rules.parquet")) == len(rules)  # any tool reads it
        assert again.notes == rules.notes
        assert again.query == rules.query
        again.validate(baskets)
        assert len(again.score(baskets)) == len(rules.score(baskets))
        with pytest.raises(HexadError, match="baskets"):
            again.test("matched")
        assert len(again.test("fisher", baskets=baskets).significant) == len(rules.significant)


def test_damaged_files_of_rules_are_refused(tmp_path):
    path = tmp_path / "rules.parquet"
    association_rules([["a", "b"]], 0.5, min_support=1).save(path)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(StoreError, match="damaged"):
        Rules.load(path)
    pd.DataFrame({"a": [1]}).to_parquet(path)
    with pytest.raises(StoreError, match="no file of rules"):
        Rules.load(path)
    with pytest.raises(HexadError, match="export"):
        association_rules([["a", "b"]], 0.5, min_support=1).save(tmp_path / "rules.csv")


def test_counts_that_no_baskets_give_are_refused(tmp_path):
    import pyarrow.parquet as pq

    path = tmp_path / "rules.parquet"
    association_rules([["a", "b"], ["a"]], 0.5, min_support=1).save(path)
    table = pq.read_table(path)
    place = table.column_names.index("count")
    import pyarrow as pa

    pq.write_table(table.set_column(place, "count", pa.array([9] * len(table), pa.int32())), path)
    with pytest.raises(StoreError, match="no baskets can give"):
        Rules.load(path)


def test_exports_disarm_formulas(tmp_path):
    association_rules([["=1+1", "b"]], 0.5, min_support=1).export(tmp_path / "rules.csv")
    text = (tmp_path / "rules.csv").read_text()
    assert "'=1+1" in text
    assert "\n=1+1" not in text
    assert ",=1+1" not in text


@pytest.mark.any_pandas
@given(basket_lists, basket_lists)
def test_scores_are_the_best_rule_of_every_missing_item(learnt, new):
    rules = association_rules([*learnt, list("abcdef")], 0.3, min_support=1)
    table = rules.score([*new, ["a"]], n=3)
    for number, basket in enumerate([*new, ["a"]], start=1):
        best = {}
        for k in range(len(rules)):
            (left, right) = rules.names(k)
            if set(left) <= set(basket) and right[0] not in basket:
                best[right[0]] = max(best.get(right[0], 0.0), rules.confidence[k])
        mine = table[table["order"] == number]
        assert mine["confidence"].tolist() == pytest.approx(sorted(best.values(), reverse=True)[:3])
        for item, value in zip(mine["item"], mine["confidence"], strict=True):
            assert value == pytest.approx(best[item])


@given(basket_lists, st.integers(1, 3))
def test_pairs_are_all_pairs_of_frequent_items(baskets, least):
    pairs = item_pairs(baskets, least)
    frequent = [item for item in "abcdef" if plain.count(baskets, [item]) >= least]
    assert len(pairs) == len(frequent) * (len(frequent) - 1) // 2
    for k in range(len(pairs)):
        left, right = pairs.names(k)
        assert pairs.joint_counts[k] == plain.count(baskets, [*left, *right])
        assert pairs.antecedent_counts[k] <= pairs.consequent_counts[k]


def test_rules_are_picked_by_their_sides_and_sorted():
    rules = association_rules([["a", "b", "c"], ["a", "b"], ["c"]], 0.1, min_support=1)
    assert {rules.with_items(antecedent=["a"], consequent=["b"]).label(k) for k in range(2)} == {"a → b", "a, c → b"}
    lifts = rules.sort("lift").lift
    assert (np.diff(lifts) <= 0).all()
    assert len(rules.top(2)) == 2


def test_thresholds_that_were_divided_are_met_where_they_are_equal():
    baskets = [["a"]] * 7 + [["b"]] * 8
    assert {frequent_itemsets(baskets, 7 / 15).names(k) for k in range(2)} == {("a",), ("b",)}
    assert frequent_itemsets(baskets, 1 / 15).min_count == 1
    rules = association_rules([["a", "b"]] * 7 + [["a"]] * 8, 7 / 15, min_support=1)
    assert len(rules) == 2
    many = association_rules(
        [["a", "b", "c"], ["a", "b"], ["a"], ["c"], ["b", "c"], ["a", "c"]] * 3, 0.0, min_support=1
    )
    for name in ("lift", "leverage", "kappa", "confidence", "support", "phi", "cosine"):
        values = many.measure(name)
        for value in values:
            assert len(many.where(**{name: float(value)})) == (values >= value).sum()


def test_categories_dates_and_single_flipped_bits(tmp_path):
    table = pd.DataFrame({"order": [1, 1, 2, 2], "item": pd.Categorical(["a", "b", "a", "b"])})
    rules = association_rules(table, 0.5, min_support=1)
    rules.save(tmp_path / "rules.parquet")
    assert Rules.load(tmp_path / "rules.parquet").sentence(0) == rules.sentence(0)
    whole = bytearray((tmp_path / "rules.parquet").read_bytes())
    rng = np.random.default_rng(0)
    changed = 0
    for _ in range(400):
        torn = whole.copy()
        torn[int(rng.integers(len(torn)))] ^= 1 << int(rng.integers(8))
        (tmp_path / "torn.parquet").write_bytes(bytes(torn))
        try:
            again = Rules.load(tmp_path / "torn.parquet")
        except StoreError:
            continue
        changed += [again.sentence(k) for k in range(len(again))] != [rules.sentence(k) for k in range(len(rules))]
    assert changed == 0


def test_rows_are_picked_by_number_mask_or_slice():
    rules = association_rules([["a", "b"]], 0.5, min_support=1)
    sets = frequent_itemsets([["a", "b"]], 1)
    assert rules.take([-1]).label(0) == rules.label(1)
    assert len(rules.take(slice(0, 1))) == len(sets.take(0)) == 1
    for wrong in ([5], [-9], [1.5], "a", np.array([True])):
        with pytest.raises(HexadError):
            rules.take(wrong)
    with pytest.raises(HexadError, match="no row"):
        sets.names(9)
    for wrong in (None, 0, -1, "5", True):
        if wrong is not None:
            with pytest.raises(HexadError, match="max_rules"):
                association_rules([["a", "b"]], 0.5, min_support=1, max_rules=wrong)


@pytest.mark.parametrize("side", ["antecedents", "consequents"])
def test_a_bare_name_is_one_item_and_not_its_letters(side):
    baskets = [["tea", "milk"], ["tea", "milk", "jam"], ["t", "e", "a"]] * 5
    bare, listed = (association_rules(baskets, 0.1, min_support=1, **{side: one}) for one in ("tea", ["tea"]))
    assert len(bare) == len(listed) > 0
    assert bare.to_frame().equals(listed.to_frame())
