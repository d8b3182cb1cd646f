"""What columns know of the target: leaks nobody named, proxies, and honest columns."""

import warnings

import numpy as np
import pandas as pd
import pytest

from domains.timeseries import Exogenous, ForecastTask, LagForecaster, Recipe, SeasonalNaive
from shared.data.splits import WalkForward
from shared.evaluation import evaluate
from shared.evaluation.leakage.foresight import Foresight, find_foresight
from shared.evaluation.leakage.report import LeakWarning
from shared.evaluation.task import ColumnRoles

N = 240
T = np.arange(N)
ROLES = ColumnRoles("y", "ds", "unique_id")


def draw(seed):
    return np.random.default_rng(seed).normal(size=N)


TARGETS = {
    "white noise": 100 + 10 * draw(0),
    "random walk": 100 + draw(1).cumsum(),
    "season": 100 + 20 * np.sin(2 * np.pi * T / 7) + 3 * draw(2),
    "trend": 50 + 0.5 * T + 5 * draw(3),
    "counts": np.random.default_rng(4).poisson(20, size=N).astype(float),
    "slow": 100 + 10 * np.sin(T / 9) + 0.5 * draw(5),
}
# What a column may hold of later rows, in columns that nobody named.
AHEAD = {
    "the next row": lambda y: y.shift(-1),
    "a week ahead": lambda y: y.shift(-7),
    "the next row, rounded": lambda y: y.shift(-1).round(),
    "the next row, with noise": lambda y: y.shift(-1) * (1 + 0.001 * draw(9)),
    "its logarithm": lambda y: np.log(y.shift(-1)),
    "the next row as text": lambda y: y.shift(-1).round(3).astype(str),
    "the coming change": lambda y: y.shift(-1) - y,
    "the coming change in percent": lambda y: y.shift(-1) / y - 1,
    "a centred mean": lambda y: y.rolling(7, center=True).mean(),
    "a mean of what comes": lambda y: y.rolling(3).mean().shift(-3),
    "a fortnight's sum": lambda y: y.rolling(14).sum().shift(-14),
    "smoothed backwards": lambda y: y[::-1].ewm(alpha=0.5).mean()[::-1],
}
PROXIES = {
    "rounded": lambda y: y.round(),
    "logarithm": np.log,
    "0.1 % noise": lambda y: y * (1 + 0.001 * draw(8)),
    "square": lambda y: y**2,
    "change": lambda y: y.diff(),
    "running sum": lambda y: y.cumsum(),
    "another unit": lambda y: 1.8 * y + 32,
}
HONEST = {
    "trend": lambda y: pd.Series(T, dtype=float),
    "the last value": lambda y: y.shift(1),
    "last week": lambda y: y.shift(7),
    "a walk of its own": lambda y: pd.Series(draw(11).cumsum()),
    "day of the week": lambda y: pd.Series(T % 7),
    "day of the year": lambda y: pd.Series(T % 365),
    "last week's mean": lambda y: y.rolling(7).mean().shift(1),
    "weather": lambda y: y + 0.35 * y.diff().std() * draw(12),
    "a wave": lambda y: pd.Series(np.sin(2 * np.pi * T / 7)),
    "promotions": lambda y: pd.Series(draw(13) > 1),
    "the sum so far": lambda y: y.cumsum().shift(1),
    "the record so far": lambda y: y.cummax().shift(1),
    "a name": lambda y: pd.Series(["a", "b", "c"] * (N // 3)),
    "constant": lambda y: pd.Series(np.ones(N)),
}


def table(y, made):
    target = pd.Series(y)
    return pd.DataFrame({"ds": T, "y": target, "x": np.asarray(made(target))})


def found(frame, *, ahead):
    return find_foresight(frame, ["x"], ROLES, ahead=ahead)


@pytest.mark.parametrize("kind", AHEAD)
@pytest.mark.parametrize("target", TARGETS)
def test_what_knows_later_rows_is_found(target, kind):
    (one,) = found(table(TARGETS[target], AHEAD[kind]), ahead=True)
    assert one.ahead >= 1
    assert one.share >= 0.95


@pytest.mark.parametrize("kind", PROXIES)
@pytest.mark.parametrize("target", TARGETS)
def test_a_proxy_is_found(target, kind):
    assert [one.ahead for one in found(table(TARGETS[target], PROXIES[kind]), ahead=False)] == [0]


@pytest.mark.parametrize("ahead", [False, True])
@pytest.mark.parametrize("kind", HONEST)
@pytest.mark.parametrize("target", [*TARGETS, "only rises"])
def test_an_honest_column_raises_nothing(target, kind, ahead):
    y = TARGETS.get(target, np.abs(draw(6)).cumsum())
    assert found(table(y, HONEST[kind]), ahead=ahead) == []


def test_a_plan_that_decides_is_no_proxy():
    plan = (draw(14) > 1).astype(float)
    assert found(table(10 + 50 * plan, lambda y: plan), ahead=False) == []


def test_rows_in_any_order_and_series_of_any_scale():
    parts = [
        table(scale * y, AHEAD["the next row"]).assign(unique_id=name)
        for name, scale, y in zip("abc", (1, 100, 1e-3), list(TARGETS.values())[:3], strict=True)
    ]
    panel = pd.concat(parts, ignore_index=True).sample(frac=1, random_state=0)
    assert [one.ahead for one in found(panel, ahead=True)] == [1]


@pytest.mark.parametrize("n", [3, 20, 39])
def test_of_few_rows_nothing_is_said(n):
    assert found(table(TARGETS["white noise"], AHEAD["the next row"]).head(n), ahead=True) == []


def test_holes_do_not_hide_it():
    frame = table(TARGETS["season"], AHEAD["the next row"])
    frame.loc[::11, "x"] = np.nan
    assert found(frame, ahead=True)[0].ahead == 1


def test_a_share_is_never_rounded_up_to_all():
    assert Foresight("x", 0, 1.0).percent == "99.9 %"
    assert Foresight("x", 0, 0.9987).percent == "99.8 %"


# Inside an evaluation

WALK = WalkForward(3, every=3, n_splits=8)


def lag_model(*columns):
    return LagForecaster(recipe=Recipe((1,), exogenous=tuple(map(Exogenous, columns))), horizon=3, calibration_folds=0)


def judged(frame, model, **task):
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        scores = evaluate(
            {"lags": model}, frame, WALK, ["mae"], baselines={"naive": SeasonalNaive(1)}, task=ForecastTask(**task)
        )
    return scores, [str(warning.message) for warning in told if issubclass(warning.category, LeakWarning)]


def test_a_column_nobody_named_that_knows_tomorrow_is_reported():
    frame = table(TARGETS["white noise"], AHEAD["the next row"])
    scores, told = judged(frame, lag_model("x"))
    assert not scores.guarded
    assert len(told) == 1  # the naive does not look at the column
    assert "column 'x': knows the target 1 row ahead to 99.9 % of what the past leaves open" in told[0]
    assert "Do not believe the scores of lags" in scores.explain()


def test_who_does_not_look_at_it_is_not_accused():
    scores, told = judged(table(TARGETS["white noise"], AHEAD["the next row"]), lag_model())
    assert scores.guarded
    assert told == []


@pytest.mark.parametrize("kind", ["rounded", "logarithm", "0.1 % noise"])
def test_a_proxy_that_was_declared_known_is_named_and_no_leak(kind):
    scores, told = judged(table(TARGETS["season"], PROXIES[kind]), lag_model("x"), known=("x",))
    assert scores.guarded
    assert told == []
    assert "'x', declared known ahead, knows the answer to 99." in scores.explain_leaks()


def test_an_honest_column_declared_known_is_not_named():
    scores, _ = judged(table(TARGETS["season"], HONEST["weather"]), lag_model("x"), known=("x",))
    assert "knows the answer" not in scores.explain_leaks()


@pytest.mark.parametrize("bins", [3, 5, 7])
def test_the_next_value_in_a_few_ranges_is_found(bins):
    table = pd.DataFrame(
        {"ds": pd.date_range("2021", periods=300), "y": 100 + 10 * np.random.default_rng(0).normal(size=300)}
    )
    coarse = pd.qcut(table["y"].shift(-1), bins, labels=False)
    found = find_foresight(table.assign(x=coarse, z=coarse.shift(1)), ["x", "z"], ColumnRoles("y", "ds"), ahead=True)
    assert [(one.column, one.ahead) for one in found] == [("x", 1)]
    assert found[0].share < 0.99


def test_a_plan_of_few_states_is_no_leak():
    rng = np.random.default_rng(0)
    plan = rng.integers(0, 3, 300)
    table = pd.DataFrame({"ds": range(300), "x": plan, "y": 10.0 * plan + rng.normal(size=300)})
    assert find_foresight(table, ["x"], ColumnRoles("y", "ds"), ahead=True) == []


def test_the_target_in_another_unit_is_no_leak_where_only_its_past_is_read():
    table = pd.DataFrame(
        {"ds": pd.date_range("2021", periods=300), "y": 100 + 10 * np.random.default_rng(0).normal(size=300)}
    )
    for x, leaks in ((table["y"] * 1.8 + 32, []), (table["y"].shift(-1), ["lag"])):
        model = LagForecaster(recipe=Recipe((1,), exogenous=(Exogenous("x"),)), horizon=1)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", LeakWarning)
            scores = evaluate(
                {"lag": model}, table.assign(x=x).dropna(ignore_index=True), WalkForward(1, every=1, n_splits=10), ["mae"],
                baselines={"naive": SeasonalNaive(1)},
            )  # fmt: skip
        assert [one.name for one in scores.leaks if one.leaks] == leaks
