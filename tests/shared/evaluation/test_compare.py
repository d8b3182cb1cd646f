"""Who is better, by how much, and how sure that is."""

import dataclasses
import sys

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from shared.errors import HexadError
from shared.evaluation import Scores, compare
from shared.evaluation import metric as named_metric
from shared.evaluation.compare import Comparison, Comparisons, bootstrap_improvement, diebold_mariano
from shared.evaluation.p_values import adjust_p_values
from shared.evaluation.scores import score_predictions

wilcoxon = sys.modules["shared.evaluation.compare"]._wilcoxon


def scores(baselines=("b",), metric="mae", **values):
    rows = [(name, i, metric, value) for name, listed in values.items() for i, value in enumerate(listed)]
    frame = pd.DataFrame(rows, columns=["model", "split", "metric", "value"])
    made = named_metric(metric)
    return Scores(frame, pd.DataFrame(), pd.DataFrame(), baselines, (made,), (None,), in_time=True)


def noise(n, seed=0):
    return np.random.default_rng(seed).normal(size=n)


# Bootstrap


def test_a_steady_gain_has_no_width():
    assert bootstrap_improvement([1.0] * 9, [4.0] * 9) == (0.75, 0.75)
    assert bootstrap_improvement([5.0] * 9, [4.0] * 9) == (-0.25, -0.25)


def test_the_interval_is_the_same_for_the_same_seed_only():
    a, b = 2 + noise(30) ** 2, 3 + noise(30, 1) ** 2
    assert bootstrap_improvement(a, b) == bootstrap_improvement(a, b)
    assert bootstrap_improvement(a, b) != bootstrap_improvement(a, b, random_state=1)


def test_a_higher_level_is_wider():
    a, b = 2 + noise(30) ** 2, 3 + noise(30, 1) ** 2
    narrow, wide = bootstrap_improvement(a, b, level=50), bootstrap_improvement(a, b, level=99)
    assert wide[0] < narrow[0] < 1 - a.mean() / b.mean() < narrow[1] < wide[1]


def test_pairs_are_drawn_together():
    b = 1 + noise(40) ** 2
    low, high = bootstrap_improvement(0.8 * b, b)
    assert (low, high) == (pytest.approx(0.2), pytest.approx(0.2))


@pytest.mark.parametrize("correlated", [False, True])
def test_the_interval_covers_the_true_gain(correlated):
    rng = np.random.default_rng(5)
    hits, rounds, n = 0, 200, 80
    for _ in range(rounds):
        draws = rng.exponential(size=(2, n + 1))
        losses = (draws[:, 1:] + draws[:, :-1]) / 2 if correlated else draws[:, 1:]
        low, high = bootstrap_improvement(0.8 * losses[0], losses[1], rounds=300)
        hits += low <= 0.2 <= high
    assert 0.87 <= hits / rounds <= 0.99


@pytest.mark.parametrize(("a", "b"), [([1.0], [1.0]), ([], []), ([1.0, 2.0], [1.0])])
def test_a_bootstrap_needs_pairs(a, b):
    with pytest.raises(HexadError, match="at least 2 pairs"):
        bootstrap_improvement(a, b)


@pytest.mark.parametrize(
    ("a", "b", "options"),
    [
        ([1.0, np.nan], [1.0, 2.0], {}),
        ([1.0, 2.0], [0.0, 0.0], {}),
        ([1.0, 2.0, 3.0], [0.0, 0.0, 1.0], {}),
        ([1.0, 2.0], [1.0, 2.0], {"level": 120}),
    ],
)
def test_a_gain_that_is_no_number_is_refused(a, b, options):
    with pytest.raises(HexadError):
        bootstrap_improvement(a, b, **options)


# Diebold and Mariano


def test_diebold_mariano_by_hand():
    # d = 1, 2, 3: mean 2, variance 2/3, over n 2/9; sqrt((3 + 1 - 2) / 3) * 2 / sqrt(2/9) = 2 * sqrt(3).
    wanted = 2 * stats.t.sf(2 * np.sqrt(3), df=2)
    assert diebold_mariano([2.0, 4.0, 6.0], [1.0, 2.0, 3.0]) == pytest.approx(wanted)


def test_at_horizon_one_it_is_the_t_test():
    a, b = noise(25), noise(25, 1) + 0.4
    assert diebold_mariano(a, b) == pytest.approx(stats.ttest_rel(a, b).pvalue)


def test_diebold_mariano_with_overlapping_forecasts_by_hand():
    # d = 3, 3, 1, 1: mean 2; covariances 1 and (1 - 1 + 1) / 4; variance (1 + 2 * 0.25) / 4 = 0.375;
    # correction sqrt((4 + 1 - 4 + 2 / 4) / 4) = sqrt(0.375): the statistic is 2.
    wanted = 2 * stats.t.sf(2.0, df=3)
    assert diebold_mariano([3.0, 3.0, 1.0, 1.0], [0.0] * 4, horizon=2) == pytest.approx(wanted)


def test_diebold_mariano_does_not_care_who_comes_first():
    a, b = noise(25), noise(25, 1) + 0.4
    assert diebold_mariano(a, b) == pytest.approx(diebold_mariano(b, a))


def test_equal_losses_and_constant_differences():
    assert diebold_mariano([1.0, 2.0, 3.0], [1.0, 2.0, 3.0]) == 1.0
    assert diebold_mariano([2.0, 3.0, 4.0], [1.0, 2.0, 3.0]) == 0.0


def test_under_no_difference_it_is_right_about_as_often_as_it_says():
    rng = np.random.default_rng(3)
    rejected = [diebold_mariano(*rng.exponential(size=(2, 40))) < 0.05 for _ in range(600)]
    assert 0.02 <= np.mean(rejected) <= 0.09


def test_a_variance_below_zero_is_no_proof():
    losses = [1.0, -1.0, 1.0, -1.0, 1.0, -1.0, 1.5]
    assert diebold_mariano(losses, [0.0] * 7, horizon=2) > 0.05


@pytest.mark.parametrize(("n", "horizon"), [(1, 1), (0, 1), (3, 3), (3, 0)])
def test_too_few_origins_are_refused(n, horizon):
    with pytest.raises(HexadError, match="needs more than|needs at least 2 pairs"):
        diebold_mariano([1.0] * n, [2.0] * n, horizon=horizon)


@pytest.mark.parametrize(("a", "b"), [([1.0, 2.0, 3.0], [1.0, 2.0]), ([1.0, np.nan, 2.0], [1.0, 2.0, 4.0])])
def test_unpaired_and_missing_losses_are_refused(a, b):
    with pytest.raises(HexadError):
        diebold_mariano(a, b)


# Wilcoxon and Holm


def holm(p_values, **options):
    return adjust_p_values(p_values, "holm", **options).tolist()


def test_wilcoxon_is_scipys():
    a, b = noise(12), noise(12, 1)
    assert wilcoxon(a, b) == stats.wilcoxon(a, b).pvalue
    assert wilcoxon(a, a) == 1.0


def stepped(p):
    """Holm's correction as its definition says it, one p-value at a time."""
    m, found = len(p), []
    for value, place in zip(p, range(m), strict=True):
        before = [(other, at) for at, other in enumerate(p) if (other, at) <= (value, place)]
        before.sort()
        found.append(min(1.0, max((m - rank) * other for rank, (other, _) in enumerate(before))))
    return found


@given(st.lists(st.floats(0, 1), max_size=8))
def test_holm_is_its_definition(p):
    assert holm(p) == pytest.approx(stepped(p))


@given(st.lists(st.floats(0, 1), min_size=1, max_size=8))
def test_holm_never_lowers_and_keeps_the_order(p):
    corrected = holm(p)
    assert all(after >= before for after, before in zip(corrected, p, strict=True))
    assert [corrected[i] for i in np.argsort(p, kind="stable")] == sorted(corrected)
    assert max(corrected) <= 1


def test_holm_by_hand():
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])


# In words

SETTLED = Comparison("A", "B", "mae", 0.2, 0.12, 0.31, 47, 52, 0.001, 0.002, "weeks")


def test_better_in_words():
    assert SETTLED.significant
    assert SETTLED.explain() == "A is better than B by 12 to 31 % (MAE), on 47 of 52 weeks."


def test_worse_in_words():
    worse = dataclasses.replace(SETTLED, improvement=-0.2, lower=-0.31, upper=-0.12, wins=5, metric="interval_score-90")
    assert worse.significant
    assert worse.explain() == "A is worse than B by 12 to 31 % (interval score-90); it was better on 5 of 52 weeks."


@pytest.mark.parametrize(
    "change",
    [{"lower": -0.05}, {"p_diebold_mariano": 0.2}, {"p_wilcoxon": 0.2}, {"improvement": -0.01, "lower": -0.31}],
)
def test_not_told_apart_in_words(change):
    unsure = dataclasses.replace(SETTLED, **change)
    assert not unsure.significant
    if unsure.lower > 0:
        assert unsure.explain().startswith(
            "A seems better than B by 12 to 31 % (MAE), on 47 of 52 weeks, but the tests do not"
        )
    else:
        assert unsure.explain().startswith("A and B cannot be told apart (MAE): the improvement lies between ")


def test_a_loss_that_tests_do_not_settle_is_told():
    unsure = dataclasses.replace(SETTLED, improvement=-0.2, lower=-0.3, upper=-0.1, wins=5, p_wilcoxon=0.2)
    assert unsure.explain() == (
        "A seems worse than B by 10 to 30 % (MAE); it was better on 5 of 52 weeks; the tests do not settle it."
    )


# All together


def test_compare_with_all_baselines():
    base = 5 + noise(30)
    found = compare(scores(("b", "c"), a=base - 2, b=base, c=base + 0.5 * noise(30, 1) - 2), "a", unit="days")
    assert [item.against for item in found.items] == ["b", "c"]
    first = found.items[0]
    assert first.improvement == pytest.approx(1 - (base - 2).mean() / base.mean())
    assert (first.wins, first.n, first.metric) == (30, 30, "mae")
    assert found.explain().startswith("a is better than b by ")
    assert "on 30 of 30 days." in found.explain()
    assert "cannot be told apart" in found.explain()
    table = found.to_frame()
    assert table["against"].tolist() == ["b", "c"]
    assert "<table" in found._repr_html_()


def test_p_values_are_corrected_for_the_number_of_comparisons():
    a, b, c = noise(20) + 5, noise(20, 1) + 5.5, noise(20, 2) + 5.5
    found = compare(scores(("b", "c"), a=a, b=b, c=c), "a")
    assert [item.p_diebold_mariano for item in found.items] == holm([diebold_mariano(a, b), diebold_mariano(a, c)])
    assert [item.p_wilcoxon for item in found.items] == holm([wilcoxon(a, b), wilcoxon(a, c)])


@pytest.mark.parametrize("against", ["c", ["c"], ("c",)])
def test_compare_with_one(against):
    found = compare(scores(a=noise(9) ** 2, b=noise(9, 1) ** 2, c=noise(9, 2) ** 2), "a", against)
    assert [item.against for item in found.items] == ["c"]


def test_origins_are_paired_by_their_label():
    frame = scores(a=[1.0, 2.0, 3.0], b=[2.0, 3.0, 4.0]).scores
    turned = Scores(frame.iloc[::-1], frame, frame, ("b",))
    assert compare(turned, "a").items[0].wins == 3


def test_a_model_without_some_of_the_origins_is_refused():
    with pytest.raises(HexadError):
        compare(scores(a=[1.0, 2.0, 3.0], b=[2.0, 3.5]), "a")


def test_a_perfect_rival_leaves_no_percent_but_a_difference():
    found = compare(scores(a=[1.0, 2.0, 3.0], b=[0.0, 0.0, 0.0]), "a").items[0]
    assert np.isnan(found.improvement)
    assert found.difference == -2.0
    assert "%" not in found.explain()


def test_of_a_target_neither_side_is_better():
    with pytest.raises(HexadError, match="neither more nor less of coverage-90 is better"):
        compare(scores(metric="coverage-90", a=[0.9, 0.8], b=[0.9, 0.7]), "a")


def test_more_is_better_where_the_metric_says_so():
    high, low = 0.8 + 0.01 * noise(30), 0.6 + 0.01 * noise(30, 1)
    item = compare(scores(metric="roc_auc", a=high, b=low), "a").items[0]
    assert item.significant
    assert item.wins == 30
    assert item.improvement == pytest.approx(high.mean() / low.mean() - 1)
    assert item.difference == pytest.approx((high - low).mean())
    assert item.explain().startswith("a is better than b by 3")


def ranked(shift, n=200, draws=1):
    """Two models asked for the same baskets, some of them in several draws."""
    ranks = np.random.default_rng(0).integers(1, 30, size=n).astype(float)
    baskets = np.tile(np.arange(n // draws), draws)
    rows = [
        pd.DataFrame({"model": model, "split": 1, "basket": baskets, "rank": np.maximum(ranks - less, 1)})
        for model, less in (("a", shift), ("b", 0.0))
    ]
    predictions = pd.concat(rows, ignore_index=True)
    hits = named_metric("hit_rate@10", unit="basket")
    found = score_predictions(predictions, [hits])
    return Scores(found, predictions, predictions, ("b",), (hits,), (None,), in_time=True)


def test_one_split_is_compared_by_unit():
    item = compare(ranked(8.0), "a").items[0]
    assert (item.n, item.unit) == (200, "units")
    assert item.significant
    assert "of 200 units" in item.explain()
    assert compare(ranked(0.0), "a").items[0].difference == 0.0


def test_units_of_one_label_are_one_cluster():
    once, often = compare(ranked(8.0), "a").items[0], compare(ranked(8.0, draws=4), "a").items[0]
    assert often.n == 50
    assert often.difference == pytest.approx(once.difference)
    apart = [item.difference_upper - item.difference_lower for item in (once, often)]
    assert apart[1] == pytest.approx(apart[0], rel=0.5)


def test_a_baseline_that_never_hits_does_not_end_the_comparison():
    scores_ = ranked(8.0)
    predictions = scores_.predictions.assign(rank=lambda t: t["rank"].where(t["model"] == "a", 99.0))
    none = dataclasses.replace(scores_, predictions=predictions, scores=score_predictions(predictions, scores_.metrics))
    item = compare(none, "a").items[0]
    assert np.isnan(item.improvement)
    assert item.explain().startswith("a is better than b by 0.")


def test_an_unknown_model_or_metric_is_refused():
    table = scores(a=[1.0, 2.0], b=[1.0, 2.0])
    with pytest.raises(HexadError, match="'z'; the models are a, b"):
        compare(table, "z")
    with pytest.raises(HexadError, match="no values of 'mase'"):
        compare(table, "a", metric="mase")


def test_one_origin_is_too_few():
    with pytest.raises(HexadError, match="at least 2 pairs"):
        compare(scores(a=[1.0], b=[2.0]), "a")


def test_no_comparison_says_nothing():
    assert Comparisons(()).explain() == ""
    assert Comparisons(()).to_frame().empty
