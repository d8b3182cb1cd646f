"""Forecasts that are safe to use: means that add up, intervals on worlds whose truth is known, the same in every unit."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, RegressorMixin

from benchmarks.intervals import HORIZON, WORLDS, measure, table_of
from domains.timeseries import (
    AutoForecaster,
    Drift,
    HistoricalMean,
    LagForecaster,
    PerSeries,
    Recipe,
    SeasonalNaive,
)
from domains.timeseries.breaks import find_breaks
from shared.errors import CalibrationError

pytestmark = pytest.mark.any_pandas

LIGHT = ("theta", "autoregression")
MODELS = {
    "auto": lambda: AutoForecaster(horizon=HORIZON, members=LIGHT),
    "lag": lambda: LagForecaster(horizon=HORIZON),
    "naive": lambda: _Horizon(SeasonalNaive(7)),
}


class _Horizon:
    """A baseline with a horizon of its own."""

    def __init__(self, model):
        self.model = model

    def fit(self, table):
        self.model.fit(table)
        return self

    def update(self, table):
        self.model.update(table)

    def predict(self, levels):
        return self.model.predict(HORIZON, levels=levels)


def draw(world: str, count: int, rows: int, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return np.array([WORLDS[world](rng, rows + HORIZON) for _ in range(count)])


# Intervals.


@pytest.mark.parametrize("later", [0, 20])
@pytest.mark.parametrize("world", list(WORLDS))
@pytest.mark.parametrize("model", ["auto", "lag", "naive"])
def test_intervals_of_a_panel_hold_what_comes(model, world, later):
    """Issue 13, Must show 4, small: `python -m benchmarks.intervals` is the whole."""
    found = measure(MODELS[model], draw(world, 60, 120), alone=False, later=later)
    assert found["refused"] == 0
    assert found["beyond"] <= 3
    if world == "constant":
        assert found["width"] == 0
        assert found["coverage"] == 1
    elif not (model != "auto" and later and world in {"revived", "shift"}):  # what was learnt is of the old regime
        assert found["coverage"] >= 0.9
        assert found["coverage"] <= 0.99 or world == "sparse"


@pytest.mark.parametrize("world", ["noise", "walk", "season", "sparse", "shift"])
@pytest.mark.parametrize("model", ["auto", "lag"])
def test_intervals_of_short_series_alone_hold_what_comes(model, world):
    found = measure(MODELS[model], draw(world, 60, 40), alone=True, later=0)
    assert found["refused"] == 0
    assert found["beyond"] <= 3
    assert 0.87 <= found["coverage"] <= 1


def test_a_series_that_comes_to_life_after_the_fit_is_forecast_with_its_size():
    """A4: fitted while it was all zero."""
    rng = np.random.default_rng(0)
    before = np.vstack([np.zeros(100), rng.poisson(20, (9, 100))])
    after = rng.poisson(20, (10, 40 + HORIZON))
    known = np.hstack([before, after]).astype(float)
    for model in ("auto", "lag"):
        mine = MODELS[model]().fit(table_of(known[:, :100]))
        whole = table_of(known[:, :140])
        frame = mine.update(whole[whole.groupby("unique_id").cumcount() >= 100]).predict(levels=[95]).to_frame()
        first = frame[frame["unique_id"] == 0]
        assert (first["hi-95"] - first["lo-95"] > 8).all()
        assert ((first["lo-95"] <= known[0, 140:]) & (known[0, 140:] <= first["hi-95"])).mean() > 0.7


def test_a_single_jump_explodes_no_bound():
    """A26, alone and beside a normal series."""
    y = np.r_[np.full(290, 7.0), np.full(10, 20.0)]
    beside = 50 + np.random.default_rng(0).normal(size=300)
    for known in ([y], [y, beside]):
        frame = AutoForecaster("D", members=LIGHT).fit(table_of(np.array(known))).predict(levels=[95]).to_frame()
        mine = frame[frame["unique_id"] == 0]
        assert (mine["hi-95"] <= 20 + 3 * 13).all()
        assert (mine["lo-95"] >= 0).all()


@pytest.mark.parametrize("value", [0.0, 0.003, 1e9])
@pytest.mark.parametrize(
    "make", [lambda: LagForecaster(horizon=7), lambda: SeasonalNaive(7), Drift, lambda: AutoForecaster("D")]
)
def test_a_constant_is_forecast_as_it_is_and_changes_nothing_for_others(make, value):
    """A3."""
    others = draw("noise", 4, 60)[:, :60]
    alone = make().fit(table_of(others)).predict(7, levels=[80]).to_frame()
    made = make().fit(table_of(np.vstack([others, np.full(60, value)]))).predict(7, levels=[80])
    frame = made.to_frame()
    mine = frame[frame["unique_id"] == 4]
    assert (mine[["mean", "median", "lo-80", "hi-80"]] == value).all(axis=None)
    assert not any("left" in note for note in made.notes)
    if not isinstance(make(), AutoForecaster | LagForecaster):  # which learn from all series
        np.testing.assert_allclose(frame["hi-80"][:28], alone["hi-80"])


@pytest.mark.parametrize("make", [lambda: SeasonalNaive(7), Drift])
def test_intervals_of_baselines_are_those_of_their_own_series_where_it_is_long(make):
    """B10."""
    mine = draw("noise", 1, 1000)[:, :1000]
    wild = np.random.default_rng(1).standard_t(1.5, size=(5, 1000)).cumsum(axis=1)
    alone, beside = (
        make().fit(table_of(part)).predict(7, levels=[80]).to_frame()[:7] for part in (mine, np.vstack([mine, wild]))
    )
    pd.testing.assert_frame_equal(alone, beside)


@pytest.mark.parametrize(("n", "freq"), [(24, "MS"), (40, "D"), (48, "MS"), (8, "D")])
def test_short_series_have_an_interval(n, freq):
    """A27: one series, and many."""
    rng = np.random.default_rng(0)
    for count in (1, 30):
        known = [50 + rng.normal(size=n).cumsum() for _ in range(count)]
        table = pd.concat(
            pd.DataFrame({"unique_id": i, "ds": pd.date_range("2020-01-01", periods=n, freq=freq), "y": own})
            for i, own in enumerate(known)
        )
        frame = AutoForecaster(members=LIGHT).fit(table).predict(6 if n > 20 else 1, levels=[95]).to_frame()
        assert (frame["hi-95"] - frame["lo-95"] > 0.5).all()


def test_two_hundred_short_series_have_intervals_that_hold_what_comes():
    walks = 50 + np.random.default_rng(0).normal(size=(200, 30)).cumsum(axis=1)
    months = pd.date_range("2020-01-01", periods=24, freq="MS")
    table = pd.DataFrame(
        {"unique_id": np.repeat(np.arange(200), 24), "ds": np.tile(months, 200), "y": walks[:, :24].ravel()}
    )
    frame = AutoForecaster(members=LIGHT).fit(table).predict(6, levels=[95]).to_frame()
    low, high = (frame[name].to_numpy().reshape(200, 6) for name in ("lo-95", "hi-95"))
    assert (high > low).all()
    assert 0.9 < ((low <= walks[:, 24:]) & (walks[:, 24:] <= high)).mean() < 0.99
    assert 0.8 < (high - low).mean() / (2 * 1.96 * np.sqrt(np.arange(1, 7)).mean()) < 1.3  # of a random walk


def test_one_row_has_no_interval_in_a_baseline_either():
    with pytest.raises(CalibrationError, match="there are none"):
        SeasonalNaive(freq=1).fit(pd.DataFrame({"ds": [1], "y": [3.0]})).predict(1, levels=[80])


# Breaks.


def test_breaks_are_leading_runs_and_single_jumps():
    rng = np.random.default_rng(0)

    def live(own):
        return int(find_breaks(np.asarray(own, dtype=float), np.array([0]), np.array([len(own)]))[0])

    assert live(np.r_[np.zeros(50), rng.poisson(20, 30)]) == 50
    assert live(np.r_[rng.normal(10, 1, 50), rng.normal(100, 1, 30)]) == 50
    assert live(np.r_[rng.normal(10, 1, 50), rng.normal(100, 1, 5)]) == 0  # too fresh to tell
    assert live(rng.poisson(0.05, 200)) == 0  # a long run of zeros is what such counts are made of
    assert live(np.repeat([1.0, 1.25, 1.5, 1.75, 2.0], 30)) == 0  # steps come again
    assert live(np.r_[np.full(50, 7.0), np.full(20, 20.0)]) == 0  # nothing has varied since
    assert live(rng.normal(size=200).cumsum()) == 0
    spike = rng.normal(10, 1, 100)
    spike[50] = 500
    assert live(spike) == 0  # the level is what it was


# Means.


@pytest.mark.parametrize("rate", [0.1, 0.5, 2.0, 5.0])
def test_the_mean_of_counts_adds_up(rate):
    """A8: as many series as bring the standard error of the sum to 2 %."""
    count = int(1 / rate / 0.02**2 / 40) + 40
    known = np.random.default_rng(0).poisson(rate, (count, 40)).astype(float)
    frame = AutoForecaster("D", horizon=HORIZON, members=LIGHT).fit(table_of(known)).predict().to_frame()
    assert abs(frame["mean"].mean() / rate - 1) < 0.07
    if rate < 0.5:
        assert frame["median"].mean() < 0.5 * rate


@pytest.mark.parametrize("seed", [0, 1])
def test_the_mean_of_what_is_rarely_sold_adds_up(seed):
    rng = np.random.default_rng(seed)
    sold = np.where(rng.random((20, 200)) < 0.1, 1 + rng.poisson(4, (20, 200)), 0).astype(float)
    frame = AutoForecaster("D", members=LIGHT).fit(table_of(sold)).predict(14).to_frame()
    assert frame["mean"].mean() == pytest.approx(sold.mean(), rel=0.1)
    each = frame.groupby("unique_id")["mean"].mean().to_numpy()
    assert (each > 0.3 * sold.mean()).all()
    assert frame["median"].mean() < 0.1 * sold.mean()


def test_the_mean_knows_the_days_on_which_nothing_sells():
    y = np.where(np.arange(203) % 7 == 6, 0, np.random.default_rng(0).poisson(4, 203))
    frame = AutoForecaster("D", members=LIGHT).fit(table_of(y[None, :].astype(float))).predict(7).to_frame()
    assert frame["mean"].iloc[6] < 1
    assert 3 < frame["mean"].iloc[:6].mean() < 5


def test_the_mean_of_a_logarithm_lies_above_its_median():
    rng = np.random.default_rng(0)
    table = pd.DataFrame({"ds": range(600), "y": np.exp(rng.normal(0, 1, 600))})
    frame = LagForecaster(horizon=2, log=True).fit(table).predict().to_frame()
    plain = LagForecaster(horizon=2).fit(table).predict().to_frame()
    assert (frame["mean"] > 1.1 * frame["median"]).all()
    assert (plain["mean"] == plain["median"]).all()
    assert abs(frame["mean"].mean() / np.exp(0.5) - 1) < 0.35


# Units, horizons, threads.


@pytest.mark.parametrize("factor", [1e-6, 1e6])
def test_the_unit_does_not_matter(factor):
    """A30: values near zero, whose logarithm would know the unit."""
    y = np.abs(np.random.default_rng(0).normal(0.02, 0.01, 400))
    one, other = (
        AutoForecaster("D").fit(table_of(part[None, :])).predict(7, levels=[95]).to_frame() for part in (y, factor * y)
    )
    columns = ["mean", "median", "lo-95", "hi-95"]
    np.testing.assert_allclose(other[columns], factor * one[columns], rtol=1e-6)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_short_monthly_series_are_forecast_with_their_season(seed):
    """A25: no horizon in the constructor, 30 months."""
    t, rng = np.arange(36), np.random.default_rng(seed)
    known = np.array(
        [(10 + i) * (1 + 0.5 * np.sin(2 * np.pi * t / 12)) * (1 + 0.05 * rng.normal(size=36)) for i in range(50)]
    )
    months = pd.date_range("2020-01-01", periods=30, freq="MS")
    table = pd.DataFrame(
        {"unique_id": np.repeat(np.arange(50), 30), "ds": np.tile(months, 50), "y": known[:, :30].ravel()}
    )
    error, told, naive = (
        np.abs(model.fit(table).predict(6).to_frame()["median"].to_numpy().reshape(50, 6) - known[:, 30:]).mean()
        for model in (
            AutoForecaster("MS", members=LIGHT),
            AutoForecaster("MS", members=LIGHT, horizon=6),
            SeasonalNaive(12, freq="MS"),
        )
    )
    assert error < 1.5
    assert error <= 1.02 * min(told, naive)


def test_the_next_step_is_forecast_by_what_is_best_for_it():
    """A32: an autoregression of .9, whose best forecast of one step misses by .8 and is 3.9 wide."""
    rng = np.random.default_rng(0)
    known = np.zeros((40, 301))
    for t in range(1, 301):
        known[:, t] = 0.9 * known[:, t - 1] + rng.normal(size=40)
    frame = AutoForecaster("D", members=LIGHT).fit(table_of(known[:, :300])).predict(1, levels=[95]).to_frame()
    assert np.abs(frame["median"] - known[:, 300]).mean() < 1.0
    assert (frame["hi-95"] - frame["lo-95"]).mean() < 4.7


def test_small_work_uses_one_thread():
    """A29."""
    from threadpoolctl import threadpool_info

    from shared.runtime.parallel import LARGE, limit_threads, map_parallel

    def threads() -> set[int]:
        return {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "openmp"}

    usual = threads()
    with limit_threads(LARGE - 1):
        assert threads() <= {1}
    with limit_threads(LARGE):
        assert threads() == usual
    assert threads() == usual
    assert all(found <= {1} for found in map_parallel(lambda _: threads(), [1, 2], work=1000))


class Counting(RegressorMixin, BaseEstimator):
    """The mean, by a regressor that notes how many threads compiled code may use."""

    seen = set()

    def note(self):
        from threadpoolctl import threadpool_info

        self.seen.update(pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "openmp")

    def fit(self, X, y):
        self.note()
        self.mean_ = float(np.mean(y))
        return self

    def predict(self, X):
        self.note()
        return np.full(len(X), self.mean_)


COUNTED = {
    "direct": lambda: LagForecaster(Counting(), recipe=Recipe((1, 2)), horizon=3, strategy="direct"),
    "recursive": lambda: LagForecaster(Counting(), recipe=Recipe((1, 2)), horizon=3, strategy="recursive"),
    "spread": lambda: LagForecaster(recipe=Recipe((1, 2)), horizon=3, spread=Counting()),
    "per series": lambda: PerSeries(LagForecaster(Counting(), recipe=Recipe((1, 2)), horizon=3)),
    "automatic": lambda: AutoForecaster("D", horizon=3, members=("boosting",), regressor=Counting()),
}


@pytest.mark.parametrize("make", COUNTED.values(), ids=list(COUNTED))
@pytest.mark.parametrize(("large", "threads"), [(None, 1), (1, 3)])
def test_a_regressor_works_in_as_many_threads_as_its_table_is_worth(monkeypatch, make, large, threads):
    from threadpoolctl import threadpool_info, threadpool_limits

    from shared.runtime import parallel

    if large is not None:
        monkeypatch.setattr(parallel, "LARGE", large)
    known = table_of(draw("noise", 1, 293))
    with threadpool_limits(3, user_api="openmp"):
        Counting.seen.clear()
        model = make().fit(known[:290])
        assert Counting.seen == {threads}
        for work in (lambda: model.predict(levels=[80]), lambda: model.update(known[290:]), model.predict):
            Counting.seen.clear()
            work()
            assert Counting.seen <= {threads}
        assert {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "openmp"} == {3}


def test_forecasts_are_the_same_in_one_thread_and_in_several(monkeypatch):
    from threadpoolctl import threadpool_limits

    from shared.runtime import parallel

    monkeypatch.setattr(parallel, "LARGE", 0)
    table = table_of(draw("season", 3, 93))
    made = []
    for threads in (1, 3):
        with threadpool_limits(threads, user_api="openmp"):
            model = AutoForecaster("D", horizon=HORIZON, members=("boosting",)).fit(table)
            made.append(model.predict(levels=[80]).to_frame())
    pd.testing.assert_frame_equal(*made, check_exact=True)


# What comes by update.


def steps_of(known: np.ndarray, first: int, step: int) -> AutoForecaster:
    """Fitted on the first rows, given the others so many at a time."""
    model = AutoForecaster("D", horizon=HORIZON, members=LIGHT).fit(table_of(known[:, :first]))
    whole = table_of(known)
    place = whole.groupby("unique_id").cumcount()
    for at in range(first, known.shape[1], step):
        model.update(whole[(place >= at) & (place < at + step)])
    return model


def test_updates_add_to_the_errors_and_lose_none():
    known = draw("noise", 3, 153)[:, :160]
    learnt = steps_of(known[:, :120], 120, 1).plans_[-1]
    for step in (1, 10, 40):
        plan = steps_of(known, 120, step).plans_[-1]
        counts = np.isfinite(plan.errors).all(axis=2).sum(axis=1)
        assert (counts > learnt.errors.shape[1]).all()
        assert (counts <= 40).all()
        assert learnt.windows < plan.windows <= learnt.windows + 6  # 40 rows are less than six weeks
    one, many = (steps_of(known, 120, step).predict().to_frame() for step in (40, 1))
    pd.testing.assert_series_equal(one["median"], many["median"])


def test_updates_of_one_series_after_another_lose_nothing_of_the_others():
    known = draw("noise", 12, 120)[:, :127]
    model = AutoForecaster("D", horizon=HORIZON, members=LIGHT).fit(table_of(known[:, :120]))
    before = np.isfinite(model.plans_[-1].errors).all(axis=2).sum(axis=1)
    whole = table_of(known)
    later = whole[whole.groupby("unique_id").cumcount() >= 120]
    for key in range(12):
        model.update(later[later["unique_id"] == key])
    assert (np.isfinite(model.plans_[-1].errors).all(axis=2).sum(axis=1) == before + 1).all()


def test_independent_errors_are_counted_alike_however_they_came():
    known = draw("walk", 2, 193)[:, :200]
    found = []
    for step in (1, 80):
        model = LagForecaster(horizon=14, every=1).fit(table_of(known[:, :120]))
        whole = table_of(known)
        place = whole.groupby("unique_id").cumcount()
        for at in range(120, 200, step):
            model.update(whole[(place >= at) & (place < at + step)])
        found.append(model._count_errors(14))
    assert found[0] == pytest.approx(found[1])


@pytest.mark.parametrize("n", [2, 3, 7])
def test_a_few_equal_rows_are_no_constant(n):
    table = pd.concat([table_of(draw("noise", 5, 53)), table_of(np.full((1, n), 10.0)).assign(unique_id=9)])
    frame = AutoForecaster("D", members=LIGHT).fit(table).predict(3, levels=[95]).to_frame().tail(3)
    assert (frame["hi-95"] - frame["lo-95"] > 1).all()


def test_a_series_that_has_just_come_to_life_is_told():
    known = np.vstack([draw("noise", 5, 98)[:, :105], np.r_[np.zeros(100), 7, 6, 8, 7, 9][None]])
    model = steps_of(known, 100, 1)
    made = model.predict(levels=[90], ids=[5])
    assert any("1 series (5) began to vary only a few rows ago" in note for note in made.notes)
    assert (made.to_frame()["hi-90"] - made.to_frame()["lo-90"] > 2).all()


def test_short_series_have_an_interval_in_a_model_for_each_series():
    from domains.timeseries import PerSeries

    table = pd.concat([table_of(draw("noise", 2, 93)), table_of(np.array([[5.0, 6, 5, 7, 5]])).assign(unique_id=9)])
    model = PerSeries(LagForecaster(horizon=HORIZON)).fit(table)
    mine = model.predict(levels=[90]).one(9)
    width = (mine["hi-90"] - mine["lo-90"]).to_numpy()
    assert (width > 1).all()
    assert width[-1] >= width[0]
    longer = pd.DataFrame(
        {"unique_id": 9, "ds": pd.date_range("2024-01-06", periods=100), "y": draw("noise", 1, 93)[0]}
    )
    assert not model.update(longer).short_


# Brothers of the cases above.


@pytest.mark.parametrize("scale", [1000.0, 0.001])
def test_paths_of_a_baseline_are_as_wide_as_its_intervals_beside_any_other_series(scale):
    rng = np.random.default_rng(0)
    walk = rng.normal(size=(1, 1000)).cumsum(axis=1)
    beside = np.vstack([walk, scale * rng.standard_t(1.5, (5, 1000))])
    for series in (walk, beside):
        forecast = HistoricalMean().fit(table_of(series)).predict(7, levels=[80])
        paths = forecast.sample(1000)
        last = paths[(paths["unique_id"] == 0) & (paths["ds"] == paths["ds"].max())]["y"]
        row = forecast.to_frame().iloc[6]
        assert 0.6 < (last.quantile(0.9) - last.quantile(0.1)) / (row["hi-80"] - row["lo-80"]) < 1.4


def test_means_of_skewed_values_add_up():
    found = []
    for seed in range(4):
        values = np.random.default_rng(seed).exponential(1, (200, 150))
        made = AutoForecaster("D", horizon=7, members=LIGHT).fit(table_of(values)).predict().to_frame()
        found.append(made["mean"].mean())
    assert np.mean(found) == pytest.approx(1.0, abs=0.05)
    assert all(0.9 < one < 1.1 for one in found)


def test_what_was_sold_once_has_not_left_a_level():
    once = np.zeros((1, 125))
    once[0, 100] = 5
    spike = np.full((1, 125), 2.0)
    spike[0, 100] = 1000
    for series in (once, spike):
        assert find_breaks(series.ravel(), np.array([0]), np.array([125])).tolist() == [0]
        notes = AutoForecaster("D", horizon=7, members=LIGHT).fit(table_of(series)).predict(levels=[95]).notes
        assert not any("left a level" in note for note in notes)


@pytest.mark.parametrize("rows", [20, 16])
def test_later_steps_of_a_short_history_have_intervals_that_grow(rows):
    walk = 50 + np.random.default_rng(0).normal(size=(1, rows)).cumsum(axis=1)
    made = LagForecaster(horizon=4, recipe=Recipe((1, 2))).fit(table_of(walk)).predict(levels=[80]).to_frame()
    assert np.isfinite(made[["lo-80", "hi-80"]]).all(axis=None)
    assert (made["lo-80"] < made["hi-80"]).all()
    default = LagForecaster(horizon=4).fit(table_of(50 + np.random.default_rng(1).normal(size=(1, 20)).cumsum(axis=1)))
    width = default.predict(levels=[80]).to_frame().eval("`hi-80` - `lo-80`")
    assert np.isfinite(width).all()
    assert (np.diff(width) > 0).all()


def test_a_short_series_takes_the_intervals_of_none_from_the_others():
    long, short = np.random.default_rng(0).normal(size=(1, 60)), np.ones((1, 1))
    both = pd.concat([table_of(long), table_of(short).assign(unique_id=1)])
    forecast = PerSeries(SeasonalNaive(7)).fit(both).predict(1, levels=[90])
    made = forecast.to_frame().set_index("unique_id")
    alone = SeasonalNaive(7).fit(table_of(long)).predict(1, levels=[90]).to_frame()
    assert made.loc[0, ["lo-90", "hi-90"]].tolist() == alone.loc[0, ["lo-90", "hi-90"]].tolist()
    assert made.loc[1, ["lo-90", "hi-90"]].isna().all()
    assert any("no errors to learn an interval from" in note for note in forecast.notes)


def test_a_constant_alone_has_no_note_of_few_errors():
    for model in (SeasonalNaive(7), Drift()):
        assert model.fit(table_of(np.full((1, 100), 3.3))).predict(3, levels=[95]).notes == ()


def test_means_of_what_hardly_ever_sells_add_up_nearly():
    """A series whose only sale was a few rows ago is no series of a scale of its own: three times as much was forecast."""
    counts = np.random.default_rng(0).poisson(0.02, (1500, 120)).astype(float)
    made = LagForecaster(horizon=7).fit(table_of(counts)).predict().to_frame()
    assert 0.8 < made["mean"].mean() / 0.02 < 1.25
