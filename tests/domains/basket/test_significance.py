"""Tests of rules: p-values against exact sums, corrections, the family, and what chance alone gives."""

import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import hypergeom

from domains.basket import Family, association_rules, frequent_itemsets, item_pairs, permutation_test, randomise
from domains.basket.rules import kernels
from domains.basket.rules.family import adjust_family
from domains.basket.rules.significance import declare_family
from shared.data import Incidence
from shared.errors import HexadError

sys.path.insert(0, str(Path(__file__).parent))
import plain

pytestmark = pytest.mark.any_pandas


basket_lists = st.lists(st.lists(st.sampled_from("abcde"), max_size=5), min_size=3, max_size=25)


def busy_baskets(n: int = 1500, items: int = 40, seed: int = 0, pair: float = 0.0) -> Incidence:
    """Baskets of very different sizes that hold items at random; `pair` of them get items 0 and 1 on top."""
    rng = np.random.default_rng(seed)
    popularity = rng.dirichlet(np.full(items, 1.0))
    lists = []
    for _ in range(n):
        size = min(1 + rng.geometric(0.18), items)
        basket = set(rng.choice(items, size, replace=False, p=popularity).tolist())
        lists.append(sorted(basket | ({0, 1} if rng.random() < pair else set())))
    return Incidence.from_lists(lists)


@given(st.integers(1, 3000), st.data())
def test_fisher_equals_scipy(n, data):
    a, b = data.draw(st.integers(0, n)), data.draw(st.integers(0, n))
    x = data.draw(st.integers(max(0, a + b - n), min(a, b)))
    one = np.array([x]), np.array([a]), np.array([b])
    upper, lower = kernels.fisher_tail(n, *one, True)[0], kernels.fisher_tail(n, *one, False)[0]
    assert upper == pytest.approx(hypergeom.sf(x - 1, n, a, b), rel=1e-7, abs=1e-290)
    assert lower == pytest.approx(hypergeom.cdf(x, n, a, b), rel=1e-7, abs=1e-290)


@given(basket_lists)
def test_matched_p_values_equal_sums_over_all_outcomes(baskets):
    rules = association_rules(frequent_itemsets(baskets, 1), 0.0)
    for alternative in ("greater", "less"):
        found = rules.test("matched", alternative=alternative, correction="none").columns
        for k in range(len(rules)):
            left, right = rules.names(k)
            p, expected = plain.matched_tail(baskets, left, right[0], upper=alternative == "greater")
            assert found["p_value"][k] == pytest.approx(p, rel=1e-9, abs=1e-13)
            assert found["expected"][k] == pytest.approx(expected, rel=1e-12)


def test_the_saddlepoint_agrees_with_the_exact_sum():
    """Sums too large for the exact sum in the kernel, worked out by plain convolution."""
    rng = np.random.default_rng(0)
    rows = []
    for _ in range(9000):
        size = rng.integers(1, 30)
        rows.append(sorted(rng.choice(60, size, replace=False).tolist()))
    baskets = Incidence.from_lists(rows)
    pairs = item_pairs(baskets, 1)
    chosen = pairs.take(np.arange(0, len(pairs), 400))
    for alternative in ("greater", "less"):
        found = chosen.test("matched", alternative=alternative, correction="none").columns["p_value"]
        for k in range(len(chosen)):
            p = convolved(rows, chosen.names(k)[0][0], chosen.names(k)[1][0], int(chosen.joint_counts[k]), alternative)
            assert found[k] == pytest.approx(p, rel=2e-3, abs=1e-60)
    # Far out in the tail, too: the same strata with many more common baskets than there are.
    strong = Incidence.from_lists([[*row, *([59] if 0 in row and k % 4 == 0 else [])] for k, row in enumerate(rows)])
    one = item_pairs(strong, 1)
    k = next(k for k in range(len(one)) if {*one.names(k)[0], *one.names(k)[1]} == {0, 59})
    p = convolved(strong.to_lists(), one.names(k)[0][0], one.names(k)[1][0], int(one.joint_counts[k]), "greater")
    assert p < 1e-30
    assert np.log(one.test("matched", correction="none").columns["p_value"][k]) == pytest.approx(np.log(p), rel=1e-3)


def convolved(rows, left, right, seen, alternative):
    strata = {}
    for row in map(set, rows):
        cell = strata.setdefault(len(row - {left}), [0, 0, 0])
        cell[0] += 1
        cell[1] += left in row
        cell[2] += right in row
    whole = np.ones(1)
    for n, a, b in strata.values():
        whole = np.convolve(whole, hypergeom.pmf(np.arange(min(a, b) + 1), n, a, b))
    return whole[seen:].sum() if alternative == "greater" else whole[: seen + 1].sum()


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12), st.integers(0, 30))
def test_corrections_equal_their_definitions(values, more):
    p, size = np.array(values), len(values) + more
    full = np.concatenate([p, np.ones(more)])  # what was not tested counts as p = 1
    order = np.argsort(full, kind="stable")
    holm, hochberg = np.empty(size), np.empty(size)
    running = 0.0
    for rank, place in enumerate(order):
        running = max(running, min(1.0, (size - rank) * full[place]))
        holm[place] = running
    running = 1.0
    for rank in range(size - 1, -1, -1):
        running = min(running, full[order[rank]] * size / (rank + 1))
        hochberg[order[rank]] = running
    lengths, family = np.ones(len(p), dtype=int), Family({1: size})
    np.testing.assert_allclose(adjust_family(p, lengths, family, "holm", layered=False), holm[: len(p)])
    np.testing.assert_allclose(adjust_family(p, lengths, family, "bh"), hochberg[: len(p)])
    np.testing.assert_allclose(adjust_family(p, lengths, family, "bonferroni", layered=False), np.minimum(p * size, 1))
    np.testing.assert_allclose(adjust_family(p, lengths, family, "none"), p)


def test_layers_share_the_error_out():
    p, lengths = np.array([0.001, 0.001]), np.array([1, 2])
    found = adjust_family(p, lengths, Family({1: 10, 2: 100}), "bonferroni")
    np.testing.assert_allclose(found, [0.001 * 10 * 2, 0.001 * 100 * 4])


@given(basket_lists, st.integers(1, 3), st.sampled_from([None, 2, 3]))
def test_the_family_is_every_rule_whose_sides_are_frequent(baskets, least, longest):
    sets = plain.frequent(baskets, least)
    rules = association_rules(frequent_itemsets(baskets, least, max_length=longest), 0.9)
    sizes = {}
    for left in sets:
        if longest is None or len(left) < longest:
            room = sum(len(right) == 1 and not right <= left for right in sets)
            sizes[len(left)] = sizes.get(len(left), 0) + room
    assert declare_family(rules).sizes == {length: size for length, size in sizes.items() if size}


@given(basket_lists, st.integers(1, 3))
def test_the_family_of_templates_is_large_enough(baskets, least):
    baskets = [*baskets, list("abcde")]
    sets = plain.frequent(baskets, least)
    for slow in (True, False):
        source = frequent_itemsets(baskets, least) if slow else baskets
        more = {} if slow else {"min_support": least}
        rules = association_rules(source, 0.5, consequents=["a", "b"], **more)
        family = declare_family(rules)
        for length in {len(left) for left in sets}:
            true = sum(
                len(left) == length and len(right) == 1 and right <= {"a", "b"} and not right <= left
                for left in sets for right in sets
            )  # fmt: skip
            assert family.sizes.get(length, 0) >= true
        rules.test("fisher")


def test_large_baskets_are_no_association():
    """Where items are dealt out at random, Fisher's test keeps rules for the sizes of baskets; the matched test none."""
    fisher = matched = 0
    for seed in range(25):
        rules = association_rules(busy_baskets(800, 25, seed), 0.2, min_support=12, max_length=3)
        fisher += len(rules.test("fisher").significant) > 0
        matched += len(rules.test("matched").significant) > 0
    assert fisher >= 20
    assert matched <= 4  # 5 % of 25 is 1.25


def test_a_planted_pair_is_kept_and_handed_on():
    baskets = busy_baskets(2000, pair=0.04)
    rules = association_rules(baskets, 0.15, min_support=12, max_length=3)
    kept = rules.test().significant
    labels = {kept.label(k) for k in range(len(kept))}
    assert labels & {"0 → 1", "1 → 0"}
    for k in range(len(kept)):  # every rule that is kept holds the pair, on both sides or handed on
        left, right = kept.names(k)
        assert {0, 1} <= {*left, *right}
        assert kept.columns["adjusted_lift"][k] > 1
    own = rules.test(inherit=False).significant
    assert {own.label(k) for k in range(len(own))} < labels


def test_what_is_handed_on_is_the_smallest_of_the_part_rules():
    baskets = busy_baskets(2000, pair=0.04)
    rules = association_rules(baskets, 0.15, min_support=12, max_length=3)
    own, handed = rules.test(inherit=False), rules.test()
    corrected = {tuple(map(frozenset, rules.names(k))): own.columns["p_adjusted"][k] for k in range(len(rules))}
    beyond = {key: ratio > 1 for key, ratio in zip(corrected, own.columns["adjusted_lift"], strict=True)}
    for k in range(len(rules)):
        left, right = map(frozenset, rules.names(k))
        best = corrected[left, right]
        for part in plain.subsets(left):
            p = corrected.get((frozenset(part), right), 1.0)
            if p <= 0.05 and beyond[frozenset(part), right]:
                best = min(best, p)
        assert handed.columns["p_adjusted"][k] == pytest.approx(best)


def test_items_that_keep_apart_are_found():
    rng = np.random.default_rng(1)
    lists = []
    for _ in range(1500):
        basket = set(rng.choice(12, rng.integers(2, 7), replace=False).tolist())
        if {0, 1} <= basket:
            basket.discard(int(rng.integers(2)))
        lists.append(basket)
    pairs = item_pairs(lists, 20).test(family="mined", alternative="less")
    assert [
        set(pairs.significant.names(k)[0] + pairs.significant.names(k)[1]) for k in range(len(pairs.significant))
    ] == [{0, 1}]


@given(basket_lists, st.integers(0, 5))
def test_randomised_baskets_keep_sizes_and_counts(baskets, seed):
    found = Incidence.from_lists(baskets)
    mixed = randomise(found, seed)
    assert mixed.sizes.tolist() == found.sizes.tolist()
    assert mixed.counts.tolist() == found.counts.tolist()
    for row in mixed.to_lists():
        assert len(set(row)) == len(row)
        assert row == sorted(row)


def test_randomised_baskets_forget_what_was_together():
    baskets = Incidence.from_lists([["a", "b"], ["c", "d"]] * 500)
    mixed = randomise(baskets, 3)
    together = sum({"a", "b"} <= set(row) for row in mixed.to_lists())
    assert 130 < together < 205  # a sixth of 1,000 by chance
    assert randomise(baskets, 3).codes.tolist() == mixed.codes.tolist()
    assert randomise(baskets, 4).codes.tolist() != mixed.codes.tolist()


def test_the_permutation_test_is_the_same_for_every_n_jobs_and_finds_what_is_there():
    rules = association_rules(busy_baskets(800, 25, pair=0.05), 0.2, min_support=12, max_length=3)
    one, two = (permutation_test(rules, 39, n_jobs=n) for n in (1, 2))
    np.testing.assert_array_equal(one.smallest, two.smallest)
    assert one.any_kept.sum() <= 5
    kept = one.rules.significant
    assert len(kept) > 0
    assert all({0, 1} <= {*kept.names(k)[0], *kept.names(k)[1]} for k in range(len(kept)))
    assert one.rules.columns["p_adjusted"].min() == pytest.approx(1 / 40)
    assert "randomised" in one.explain()


def test_the_test_can_be_chosen_and_says_what_it_did():
    rules = association_rules([["a", "b"]] * 20 + [["c"]] * 20 + [["a", "b", "c"]] * 5, 0.5, min_support=5)
    for wrong in (
        {"test": "t"},
        {"correction": "b"},
        {"family": "x"},
        {"alternative": "two"},
        {"alpha": 0},
        {"alpha": 1},
    ):
        with pytest.raises(HexadError):
            rules.test(**wrong)
    assert "testable hypotheses" in rules.test("fisher").explain()
    assert "mined hypotheses" in rules.test("fisher", family="mined").explain()
    assert "share of false ones" in rules.test("fisher", correction="bh").explain()
    twice = rules.test("fisher").test("matched").explain()
    assert twice.count("are kept by") == 1
    with pytest.raises(HexadError, match="not tested"):
        _ = rules.significant
    wide = association_rules([["a", "b", "c"]] * 9, 0.5, min_support=5, max_consequent=None)
    with pytest.raises(HexadError, match="single items on the right"):
        wide.test("matched")
    assert len(wide.test("fisher")) == len(wide)
    with pytest.raises(HexadError, match="held_out"):
        rules.test("matched", baskets=[["a", "b"]])


def test_baskets_of_one_size_cannot_be_matched_and_it_says_so():
    rules = association_rules(
        [["a", "b", "x"], ["a", "b", "y"], ["c", "x", "y"], ["c", "a", "x"]] * 20, 0.2, min_support=5
    )
    found = rules.test()
    assert not found.columns["kept"].any()
    assert "could not be compared" in found.explain()
    assert "test='fisher'" in found.explain()
    assert "could not be compared" not in found.test("fisher").explain()


def test_p_values_on_the_far_side_are_one_and_not_zero():
    """So large counts that the first term of the sum underflows."""
    rng = np.random.default_rng(3)
    base = rng.random(100_000)
    held = rng.random((100_000, 3)) < base[:, None] * 0.6
    pairs = item_pairs(Incidence.from_onehot(held), 0.01)
    found = pairs.test("fisher", family="mined", correction="none", alternative="less").columns["p_value"]
    np.testing.assert_allclose(found, 1.0)


def test_loaded_rules_hand_on_as_they_did(tmp_path):
    baskets = busy_baskets(2000, pair=0.04)
    rules = association_rules(baskets, 0.15, min_support=12, max_length=3).test()
    rules.save(tmp_path / "rules.parquet")
    from domains.basket import Rules

    again = Rules.load(tmp_path / "rules.parquet").test(baskets=baskets)
    np.testing.assert_allclose(again.columns["p_adjusted"], rules.columns["p_adjusted"])
    assert len(again.significant) == len(rules.significant) > 1
    other = randomise(busy_baskets(2000, pair=0.04, seed=9), 0)
    for test in ("matched", "fisher"):
        with pytest.raises(HexadError, match="other baskets than"):
            Rules.load(tmp_path / "rules.parquet").test(test, baskets=other)


@given(basket_lists, st.integers(1, 2), st.sampled_from([None, 2, 3]), st.sampled_from([1, 2]))
def test_the_family_is_never_smaller_than_what_could_be_mined(baskets, least, longest, right):
    baskets = [*baskets, list("abcde")]
    for asked in (
        {"antecedents": ["a", "b"]},
        {"consequents": ["a", "b"]},
        {"antecedents": ["a"], "consequents": ["b", "c"]},
    ):
        sets = frequent_itemsets(baskets, least, max_length=longest)
        rules = association_rules(sets, 0.0, max_consequent=right, **asked)
        family = declare_family(rules)
        for length in np.unique(rules.antecedent_lengths):
            assert family.sizes.get(int(length), 0) >= (rules.antecedent_lengths == length).sum()


def test_pairs_are_randomised_as_pairs():
    pairs = item_pairs(busy_baskets(600, 12, seed=2), 40)
    found = permutation_test(pairs, 39, test="matched")
    assert (found.mined == len(pairs)).all()
    assert found.rules.columns["p_adjusted"].min() > 0.02  # nothing is there to be found
    less = permutation_test(pairs, 19, alternative="less")
    assert not np.array_equal(less.smallest, found.smallest[:19])
    for wrong in (0, -1, "5", None, True):
        with pytest.raises(HexadError, match="n_randomised"):
            permutation_test(pairs, wrong)
