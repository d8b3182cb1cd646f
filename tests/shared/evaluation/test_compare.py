"""Who is better, by how much, and how sure that is."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from domains.timeseries import SeasonalNaive
from shared.data.splits import LastN, WalkForward
from shared.errors import HexadError
from shared.evaluation import Scores, compare, evaluate
from shared.evaluation import metric as named_metric
from shared.evaluation.compare import Comparison, Comparisons
from shared.evaluation.design import SplitDesign, describe_splits
from shared.evaluation.p_values import adjust_p_values
from shared.evaluation.scores import score_predictions

IN_TIME = SplitDesign(True)


def scores(baselines=("b",), metric="mae", design=IN_TIME, **values):
    rows = [(name, i, metric, value) for name, listed in values.items() for i, value in enumerate(listed)]
    frame = pd.DataFrame(rows, columns=["model", "split", "metric", "value"])
    made = named_metric(metric)
    return Scores(frame, pd.DataFrame(), pd.DataFrame(), baselines, (made,), (None,), design=design)


def noise(n, seed=0):
    return np.random.default_rng(seed).normal(size=n)


# Holm


def holm(p_values, **options):
    return adjust_p_values(p_values, "holm", **options).tolist()


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

SETTLED = Comparison("A", "B", "mae", 0.2, 0.12, 0.31, 47, 52, 0.001, "weeks")


def test_better_in_words():
    assert SETTLED.outcome == "better"
    assert SETTLED.explain() == "A is better than B by 12 to 31 % (MAE), on 47 of 52 weeks."


def test_worse_in_words():
    worse = dataclasses.replace(SETTLED, improvement=-0.2, lower=-0.31, upper=-0.12, wins=5, metric="interval_score-90")
    assert worse.outcome == "worse"
    assert worse.explain() == "A is worse than B by 12 to 31 % (interval score-90); it was better on 5 of 52 weeks."


def test_not_told_apart_in_words():
    unsure = dataclasses.replace(SETTLED, p_value=0.2, lower=-0.05)
    assert unsure.outcome == "undecided"
    assert unsure.explain() == (
        "A and B cannot be told apart (MAE): the improvement lies between −5 and 31 %; A was better on 47 of 52 weeks."
    )


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({}, "A seems better than B by 12 to 31 % (MAE), on 47 of 52 weeks, but"),
        (
            {"improvement": -0.2, "lower": -0.3, "upper": -0.1, "wins": 5},
            "A seems worse than B by 10 to 30 % (MAE); it was better on 5 of 52 weeks, but",
        ),
    ],
)
def test_what_is_lost_to_the_number_of_comparisons_is_told(change, said):
    unsure = dataclasses.replace(SETTLED, p_value=0.06, together=4, **change)
    assert not unsure.significant
    assert unsure.explain() == f"{said} not once all 4 comparisons are counted."


def test_overlap_is_told():
    overlapping = dataclasses.replace(SETTLED, independent=13.0)
    assert overlapping.explain().endswith("on 47 of 52 weeks, which overlap and are worth 13 side by side.")
    folds = dataclasses.replace(SETTLED, wins=9, n=10, independent=4.7, unit="folds", kind="folds")
    assert folds.explain().endswith("on 9 of 10 folds, which learnt from rows they share.")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"independent": 4.0}, "52 weeks overlap and are worth 4 side by side, and at least 8 are needed"),
        ({"n": 5, "independent": 5.0}, "there are 5 weeks, and at least 8 are needed"),
        ({"n": 1, "independent": 1.0}, "there is only one of weeks, and at least 8 are needed"),
        ({"kind": "folds", "n": 3}, "there are 3 weeks, and at least 5 are needed"),
        ({"kind": "units", "independent": 3.2}, "52 weeks of such different size are worth 3, and at least 8"),
    ],
)
def test_too_few_to_say_is_an_answer_of_its_own(change, said):
    few = dataclasses.replace(SETTLED, p_value=float("nan"), lower=float("nan"), upper=float("nan"), **change)
    assert few.outcome == "too few"
    assert not few.significant
    assert few.explain().startswith(f"Whether A is better than B cannot be said (MAE): {said}")
    assert few.explain().endswith("so far A is 20 % better.")


# Splits that overlap, panels, and what is too little


def white_noise(seed, n=150, series=1):
    rng = np.random.default_rng(seed)
    shared = rng.normal(size=n)
    rows = [(f"s{i}", t, y) for i in range(series) for t, y in enumerate(rng.normal(size=n) + (series > 1) * shared)]
    return pd.DataFrame(rows, columns=["unique_id", "ds", "y"])


def naives(table, splits, **options):
    """Two seasonal naives on white noise: neither is better."""
    found = evaluate(
        {"b": SeasonalNaive(16)}, table, splits, ["mae"], baselines={"a": SeasonalNaive(15)}, guard=False, **options
    )
    return compare(found, "b").items[0]


def test_three_horizons_side_by_side_say_nothing_of_equal_models():
    # 40 splits with a horizon of 14 at every step: once, 48 % of such worlds called one of two equal models better.
    item = naives(white_noise(0), WalkForward(14, every=1, n_splits=40))
    assert item.outcome == "too few"
    assert (item.n, item.independent) == (40, 3.0)
    assert np.isfinite(item.improvement)
    assert np.isnan([item.p_value, item.lower, item.upper, item.difference_lower]).all()


@pytest.mark.parametrize(
    ("walk", "independent"),
    [
        (WalkForward(14, every=7, n_splits=20), 10.0),
        (WalkForward(1, every=1, n_splits=20, gap=1), 10.0),  # a day's gap: the outcome of a split is known two later
        (WalkForward(7, every=7, n_splits=18), 18.0),
    ],
)
def test_horizon_gap_and_step_decide_how_many_fit_side_by_side(walk, independent):
    for series in (1, 3):
        item = naives(white_noise(1, 200, series), walk)
        assert (item.n, item.independent, item.kind) == (walk.n_splits, independent, "splits")


def test_series_of_one_split_are_not_independent():
    item = naives(white_noise(2, 60, 30), LastN(14))
    assert item.outcome == "too few"
    assert item.explain().startswith("Whether b is better than a cannot be said (MAE): there is only one of splits, ")


def test_splits_given_as_a_list_overlap_all_the_same():
    table = white_noise(3)
    cuts = WalkForward(14, every=1, n_splits=40).splits(table)
    assert naives(table, cuts) == naives(table, WalkForward(14, every=1, n_splits=40))


@pytest.mark.parametrize("overlap", [(1.0,), tuple(1 - lag / 14 for lag in range(14))])
def test_of_equal_models_one_in_twenty_is_called_better(overlap):
    called, n, rounds = 0, 200, 400
    for seed in range(rounds):
        steps = np.abs(noise(n + 13, seed)) - np.abs(noise(n + 13, seed + 10_000))
        d = np.convolve(steps, np.ones(len(overlap)) / len(overlap), "valid")[:n]
        called += (
            compare(scores(a=5 + d, b=np.full(n, 5.0), design=SplitDesign(True, overlap)), "a").items[0].significant
        )
    # The spread of a share of 5 % over 400 worlds is 1.1 points.
    assert called / rounds <= 0.085


def losses_of_naive(y, walk, season):
    """Mean absolute error of each split of a walk to the end of a panel, (series, rows), by a naive."""
    ends = y.shape[1] - np.arange(walk.n_splits)[::-1] * walk.every
    steps = ends[:, None] - np.arange(walk.horizon) - 1
    return np.abs(y[:, steps] - y[:, steps - season]).mean(axis=(0, 2))


@pytest.mark.parametrize(("horizon", "every", "n_splits"), [(7, 1, 140), (7, 3, 60)])
def test_in_a_panel_with_a_gap_one_in_twenty_of_equal_models_is_called_another(horizon, every, n_splits):
    few, walk = (WalkForward(horizon, every=every, n_splits=n, gap=7) for n in (6, n_splits))
    table = white_noise(0, 220, 3)
    found = evaluate(
        {"b": SeasonalNaive(16)}, table, few, ["mae"], baselines={"a": SeasonalNaive(15)}, guard=False
    )  # fmt: skip
    for name, season in (("a", 15), ("b", 16)):
        values = found.scores.loc[found.scores["model"] == name, "value"]
        np.testing.assert_allclose(values, losses_of_naive(table["y"].to_numpy().reshape(3, 220), few, season))
    design = describe_splits(walk.splits(table), table["ds"], in_time=True, units=False)
    called, rounds = 0, 200
    for seed in range(rounds):
        y = white_noise(seed, 220, 3)["y"].to_numpy().reshape(3, 220)
        made = {name: losses_of_naive(y, walk, season) for name, season in (("a", 15), ("b", 16))}
        item = compare(scores(("a",), design=design, **made), "b").items[0]
        assert item.outcome != "too few"
        called += item.significant
    # Of 200 worlds 5 % are 10, with a spread of sqrt(200 x .05 x .95) = 3.1: 20 or more come once in 400 such runs.
    # Splits taken for independent, as by a t test, would call 93 and 43.
    assert called < 20


def test_where_neighbours_are_alike_the_interval_is_wider():
    steps = noise(100)
    wave = np.repeat(steps[:20], 5)
    alone, alike = (
        compare(scores(a=9 + d, b=9.5 + 0 * d), "a").items[0] for d in (steps, wave * steps.std() / wave.std())
    )
    assert alike.difference_upper - alike.difference_lower > 1.5 * (alone.difference_upper - alone.difference_lower)


def test_interval_and_test_always_agree():
    for seed in range(60):
        a, b = 2 + noise(20, seed), 2.4 + noise(20, seed + 99)
        item = compare(scores(a=a, b=b), "a").items[0]
        assert ((item.difference_lower > 0) | (item.difference_upper < 0)) == item.significant
        if np.isfinite(item.improvement):
            assert ((item.lower > 0) | (item.upper < 0)) == item.significant


def test_without_overlap_and_likeness_it_is_the_t_test():
    a, b = 2 + 0.1 * np.resize([1.0, -1.0, 0.5], 21), np.full(21, 2.01)
    assert compare(scores(a=a, b=b), "a").items[0].p_value == pytest.approx(stats.ttest_rel(a, b).pvalue)


def test_folds_that_share_what_they_learnt_from_are_worth_fewer():
    rng = np.random.default_rng(0)
    values = {"a": 1 + rng.normal(size=100), "b": 1.3 + rng.normal(size=100)}
    alone, shared = (compare(scores(design=SplitDesign(reuse=reuse), **values), "a").items[0] for reuse in (0.0, 1 / 9))
    assert (alone.kind, shared.kind) == ("folds", "folds")
    assert shared.p_value > alone.p_value
    assert shared.independent == pytest.approx(100 / (1 + 100 / 9))


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
    table = scores(("b", "c"), a=a, b=b, c=c)
    found = compare(table, "a")
    alone = [compare(table, "a", other).items[0].p_value for other in "bc"]
    assert [item.p_value for item in found.items] == holm(alone)
    assert [item.together for item in found.items] == [2, 2]


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
    return Scores(found, predictions, predictions, ("b",), (hits,), (None,), design=IN_TIME)


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
    with pytest.raises(HexadError, match="'z'; the models are a and b"):
        compare(table, "z")
    with pytest.raises(HexadError, match="no values of 'mase'"):
        compare(table, "a", metric="mase")


def test_no_comparison_says_nothing():
    assert Comparisons(()).explain() == ""
    assert Comparisons(()).to_frame().empty


def test_nothing_that_is_never_below_zero_is_better_by_more_than_all_of_it():
    """Fieller's interval of a ratio reaches below zero where the spread is wide; an error does not."""
    errors = np.column_stack([np.r_[np.zeros(9), 6.0], np.full(10, 4.0) + np.arange(10)])
    rows = [(name, i, "mae", errors[i, j]) for j, name in enumerate("ab") for i in range(10)]
    frame = pd.DataFrame(rows, columns=["model", "split", "metric", "value"])
    found = compare(Scores(frame, frame, frame, ("b",)), "a").items[0]
    assert found.upper == 1.0
    assert "to 100 %" in found.explain()
