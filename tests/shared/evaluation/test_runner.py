"""The runner: what models are shown, how they are asked, and what is kept of a run."""

import dataclasses
import functools
import io
import sys

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator
from sklearn.linear_model import LinearRegression

from domains.timeseries import ForecastTask, horizon_parts
from shared import evaluation
from shared.data.panel import SeriesColumns
from shared.data.splits import LastN, Split, WalkForward
from shared.errors import HexadError
from shared.evaluation import LeakWarning, Scores, metric
from shared.reporting.figures import Figure

# The tests below count what a model is asked; what the guard asks on top has tests of its own, at the end.
evaluate = functools.partial(evaluation.evaluate, guard=False)
LOG = []
MAE = ["mae"]
TASK = ForecastTask()


class Answer:
    def __init__(self, frame):
        self.frame = frame

    def to_frame(self):
        return self.frame


class Last(BaseEstimator):
    """Forecasts the last known value, and writes down everything it is shown."""

    def __init__(self, plus=0.0, name="", fail_at=None, skip=False, twice=False, inner=None):
        self.plus = plus
        self.name = name
        self.fail_at = fail_at
        self.skip = skip
        self.twice = twice
        self.inner = inner

    def _note(self, what, table):
        LOG.append((self.name, what, table))

    def fit(self, table):
        self._note("fit", table)
        if self.fail_at is not None and table["ds"].max() >= self.fail_at:
            raise RuntimeError("the power went out")
        self.table_ = table
        return self

    def update(self, table):
        self._note("update", table)
        self.table_ = pd.concat([self.table_, table])
        return self

    def predict(self, horizon=None, *, future=None, levels=(), ids=None):
        LOG.append((self.name, "predict", (horizon, future, levels)))
        keyed = "unique_id" in self.table_.columns
        answers = []
        for key, rows in self.table_.groupby("unique_id") if keyed else [(None, self.table_)]:
            if ids is not None and key not in ids:
                continue
            ordered = rows.sort_values("ds")
            last = ordered["ds"].iloc[-1]
            step = last - ordered["ds"].iloc[-2]
            answer = pd.DataFrame({"ds": [last + step * (1 + ahead) for ahead in range(horizon)]})
            answer["mean"] = ordered["y"].iloc[-1] + self.plus
            for level in levels:
                answer[f"lo-{level:g}"], answer[f"hi-{level:g}"] = answer["mean"] - 1, answer["mean"] + 1
            answers.append(answer.assign(unique_id=key) if keyed else answer)
        answer = pd.concat(answers, ignore_index=True)
        if self.skip:
            answer = answer.iloc[1:]
        return Answer(pd.concat([answer] * (1 + self.twice), ignore_index=True))


@pytest.fixture(autouse=True)
def empty_log():
    LOG.clear()


def numbers(n=20, **more):
    y = np.random.default_rng(0).normal(size=n).cumsum()
    return pd.DataFrame({"ds": range(n), "y": y, "known": np.arange(n) % 2, "secret": 7.0, **more})


def shops(n=12):
    one = numbers(n).assign(unique_id="b")
    other = numbers(n + 3).assign(unique_id="a", y=lambda frame: 10 * frame["y"])
    return pd.concat([one, other]).sample(frac=1, random_state=0)


def tried(table=None, splits=None, metrics=MAE, models=None, baselines=None, **options):
    return evaluate(
        {"shifted": Last(1.0, "shifted")} if models is None else models,
        numbers() if table is None else table,
        splits or WalkForward(2, every=2, n_splits=4),
        metrics,
        baselines={"last": Last(name="last")} if baselines is None else baselines,
        **{"task": TASK, **options},
    )


def said(what, name="last"):
    return [content for who, did, content in LOG if did == what and who == name]


# What models are shown


def test_a_model_is_fitted_once_and_then_given_exactly_the_new_rows():
    tried()
    assert [rows["ds"].tolist() for rows in said("fit")] == [list(range(12))]
    assert [rows["ds"].tolist() for rows in said("update")] == [[12, 13], [14, 15], [16, 17]]


def test_without_new_rows_there_is_no_update():
    class Twice:
        def splits(self, table):
            return [Split(place, np.arange(10), np.array([place])) for place in (10, 11)]

    found = tried(splits=Twice())
    assert said("update") == []
    assert found.predictions.query("model == 'last'")["step"].tolist() == [1, 2]


@pytest.mark.parametrize(("every", "fits"), [(1, [12, 14, 16, 18]), (2, [12, 16]), (3, [12, 18]), (9, [12])])
def test_a_model_is_fitted_again_as_often_as_asked(every, fits):
    found = tried(task=ForecastTask(refit_every=every))
    assert [len(rows) for rows in said("fit")] == fits
    assert len(said("fit")) + len(said("update")) == 4
    assert found.timings.query("what == 'fit' and model == 'last'")["split"].tolist() == fits


@pytest.mark.parametrize("every", [0, -1])
def test_refitting_less_than_never_is_refused(every):
    with pytest.raises(HexadError, match="refit_every"):
        tried(task=ForecastTask(refit_every=every))


def test_a_model_never_sees_rows_at_or_after_the_cutoff():
    found = tried(shops(), task=ForecastTask(known=("known",), refit_every=2))
    cutoffs = found.scores["split"].unique()
    for name in ("last", "shifted"):
        shown = -1
        asked = iter(cutoffs)
        for who, what, content in LOG:
            if who == name and what != "predict":
                shown = max(shown, content["ds"].max())
            elif who == name:
                assert shown < next(asked)


def test_beyond_the_cutoff_only_known_columns_are_shown():
    tried(shops(), task=ForecastTask(known=("known",)))
    for (horizon, future, _), rows in zip(said("predict"), [*said("fit"), *said("update")], strict=True):
        assert list(future.columns) == ["unique_id", "ds", "known"]
        assert future["ds"].min() == rows["ds"].max() + 1
        assert horizon == future["ds"].nunique() == 2


def test_without_known_columns_nothing_is_shown():
    tried(task=ForecastTask(levels=(80,)))
    assert all(future is None and levels == (80,) for _, future, levels in said("predict"))


def test_models_are_cloned_before_use():
    model, baseline = Last(1.0), Last()
    tried(models={"m": model}, baselines={"b": baseline})
    assert not hasattr(model, "table_")
    assert not hasattr(baseline, "table_")


def test_the_table_is_left_unchanged():
    table = shops()
    before = table.copy()
    tried(table)
    pd.testing.assert_frame_equal(table, before)


# What comes out


def test_the_scores_are_those_worked_by_hand():
    table = numbers()
    found = tried(table, metrics=["mae", "mase"])
    y = table["y"].to_numpy()
    scale = np.abs(np.diff(y[:12])).mean()
    for cutoff in (12, 14, 16, 18):
        error = np.abs(y[cutoff : cutoff + 2] - y[cutoff - 1] - 1).mean()
        assert found.values("shifted", "mae")[cutoff] == pytest.approx(error)
        assert found.values("shifted", "mase")[cutoff] == pytest.approx(error / scale)
    assert found.predictions.query("model == 'last'")["step"].tolist() == [1, 2] * 4
    assert list(found.table().index) == ["last", "shifted"]
    assert list(found.table().columns) == ["mae", "mase"]
    assert found.table().loc["last", "mae"] == pytest.approx(found.values("last", "mae").mean())
    assert found.to_frame() is not found.scores
    assert len(found.to_frame()) == 2 * 4 * 2


def test_intervals_are_scored():
    found = tried(metrics=["coverage-80"], task=ForecastTask(levels=(80,)))
    assert found.scores["value"].between(0, 1).all()


def test_several_series_of_other_lengths():
    found = tried(shops(), metrics=["mae", "mase"])
    assert set(found.predictions.query("split == 13")["unique_id"]) == {"a"}  # the other one has ended
    found = tried(shops(), WalkForward(2, every=2, n_splits=2, first=8), metrics=["mae", "mase"])
    at_8 = found.predictions.query("model == 'last' and split == 8")
    assert at_8.groupby("unique_id")["step"].apply(list).to_dict() == {"a": [1, 2], "b": [1, 2]}
    by_hand = [(rows["y"] - rows["mean"]).abs().mean() for _, rows in at_8.groupby("unique_id")]
    assert found.values("last", "mae")[8] == pytest.approx(np.mean(by_hand))


def test_the_last_rows_of_series_that_end_at_other_stamps():
    found = tried(shops(), LastN(3), metrics=["mae", "mase"])
    last = found.predictions.query("model == 'last'")
    assert last.groupby("unique_id")["ds"].apply(sorted).to_dict() == {"a": [12, 13, 14], "b": [9, 10, 11]}
    assert found.scores["split"].isna().all()
    assert found.values("last", "mae").shape == (1,)
    assert found.table().shape == (2, 2)


def test_steps_are_counted_from_the_cutoff_over_a_gap():
    found = tried(splits=WalkForward(2, every=2, n_splits=2, gap=1))
    assert found.predictions["step"].tolist() == [2, 3] * 4


def test_other_column_names():
    table = numbers().rename(columns={"ds": "day", "y": "sold"})

    class Named(Last):
        def fit(self, table):
            return super().fit(table.rename(columns={"day": "ds", "sold": "y"}))

        def update(self, table):
            return super().update(table.rename(columns={"day": "ds", "sold": "y"}))

        def predict(self, horizon=None, *, future=None, levels=()):
            return Answer(super().predict(horizon, levels=levels).to_frame().rename(columns={"ds": "day"}))

    task = ForecastTask(SeriesColumns("shop", "day", "sold"))
    splits = WalkForward(2, every=2, n_splits=2, ds="day")
    found = tried(table, splits, models={}, baselines={"last": Named()}, task=task)
    pd.testing.assert_series_equal(
        found.values("last", "mae"), tried(splits=WalkForward(2, every=2, n_splits=2)).values("last", "mae")
    )


def test_dates_with_a_zone():
    table = numbers().assign(ds=pd.date_range("2024-03-25", periods=20, freq="D", tz="UTC"))
    found = tried(table)
    assert found.scores["split"].iloc[0] == pd.Timestamp("2024-04-06", tz="UTC")


def test_the_result_does_not_depend_on_the_number_of_workers():
    one, two = (tried(shops(), task=ForecastTask(refit_every=1), n_jobs=n) for n in (1, 2))
    pd.testing.assert_frame_equal(one.scores, two.scores)
    pd.testing.assert_frame_equal(one.predictions, two.predictions)


def test_progress_is_shown_on_a_terminal_only(monkeypatch, capsys):
    tried()
    assert capsys.readouterr().err == ""
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    tried()
    assert "evaluating: shifted" in sys.stderr.getvalue()


# Refusals


def test_a_baseline_is_mandatory():
    with pytest.raises(HexadError, match="at least one baseline"):
        tried(baselines={})


def test_one_name_for_two_models_is_refused():
    with pytest.raises(HexadError, match="'last'"):
        tried(models={"last": Last(1.0)})


def test_a_model_that_misses_rows_is_an_error():
    with pytest.raises(HexadError, match="Last gave no forecast for 1 of 2 rows after 12"):
        tried(models={"m": Last(skip=True)})


def test_a_model_that_gives_rows_twice_is_an_error():
    with pytest.raises(HexadError, match="Last"):
        tried(models={"m": Last(twice=True)})


def test_metrics_of_one_name_are_refused():
    wanted = [TASK.metric("mase", seasonality=1), TASK.metric("mase", seasonality=3)]
    with pytest.raises(HexadError, match="two metrics are called 'mase'"):
        tried(metrics=wanted)
    wanted[1] = TASK.metric("mase", seasonality=3, label="mase of three")
    assert list(tried(metrics=wanted).table().columns) == ["mase", "mase of three"]


def test_models_that_name_no_task_need_one():
    with pytest.raises(HexadError, match="'Last' do not say how they are evaluated"):
        tried(task=None)


def test_no_metric_is_refused():
    with pytest.raises(HexadError, match="metric"):
        tried(metrics=[])


def test_a_level_that_was_not_forecast_is_told():
    with pytest.raises(HexadError, match="95"):
        tried(metrics=["coverage-95"], task=ForecastTask(levels=(80,)))


def test_a_series_without_a_scale_is_named():
    late = numbers().query("ds >= 9").assign(unique_id="late")
    table = pd.concat([numbers().assign(unique_id="early"), late])
    assert "'late'" in tried(table, metrics=[TASK.metric("mase", seasonality=3)]).explain()


# What is kept


def runs(folder, *, fits, **options):
    """Run with a folder for pieces; it has to learn as often as said, and give what a fresh run gives."""
    LOG.clear()
    found = tried(keep=folder, **options)
    assert len([entry for entry in LOG if entry[1] == "fit"]) == fits
    fresh = tried(**options)
    pd.testing.assert_frame_equal(found.scores, fresh.scores)
    pd.testing.assert_frame_equal(found.predictions, fresh.predictions)
    return found, fresh


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_finished_pieces_are_reused(tmp_path, n_jobs):
    options = {"task": ForecastTask(refit_every=1), "n_jobs": n_jobs}
    runs(tmp_path, fits=8, **options)
    runs(tmp_path, fits=0, **options)


def test_pieces_of_the_last_rows_and_of_dates_are_reused(tmp_path):
    table = numbers().assign(ds=pd.date_range("2024-03-25", periods=20, freq="D", tz="Europe/Berlin"))
    for options in ({"table": table}, {"table": shops(), "splits": LastN(2)}):
        runs(tmp_path, fits=2, **options)
        runs(tmp_path, fits=0, **options)


def test_timings_of_reused_pieces_look_like_fresh_ones(tmp_path):
    runs(tmp_path, fits=2)
    found, fresh = runs(tmp_path, fits=0)
    columns = ["split", "what", "model"]
    pd.testing.assert_frame_equal(found.timings[columns], fresh.timings[columns])


def test_a_broken_run_goes_on_where_it_was(tmp_path):
    task = ForecastTask(refit_every=1)
    switch = tmp_path / "broken"

    class Weak(Last):
        def fit(self, table):
            super().fit(table)
            if switch.exists() and table["ds"].max() >= 15:
                raise RuntimeError("the power went out")
            return self

    switch.touch()
    options = {"models": {"weak": Weak(name="weak")}, "task": task, "keep": tmp_path / "pieces"}
    with pytest.raises(RuntimeError, match="power"):
        tried(**options)
    assert len(said("fit")) == 4
    assert len(said("fit", "weak")) == 3
    assert not list((tmp_path / "pieces").glob(".*"))
    switch.unlink()
    LOG.clear()
    found = tried(**options)
    assert said("fit") == []
    assert [len(rows) for rows in said("fit", "weak")] == [16, 18]
    pd.testing.assert_frame_equal(found.scores, tried(models=options["models"], task=task).scores)


@pytest.mark.parametrize(
    "change",
    [
        {"models": {"shifted": Last(2.0, "shifted")}},
        {"table": numbers(y=np.arange(20.0) ** 2)},
        {"splits": WalkForward(2, every=2, n_splits=4, first=11)},
        {"splits": WalkForward(1, every=2, n_splits=4, first=12)},
        {"splits": WalkForward(2, every=2, n_splits=3)},
        {"task": ForecastTask(known=("known",))},
        {"task": ForecastTask(levels=(80,))},
    ],
    ids=["parameter", "table", "split", "horizon", "number", "known", "levels"],
)
def test_old_pieces_are_not_taken_after_a_change(tmp_path, change):
    runs(tmp_path, fits=2)
    runs(tmp_path, fits=1 if "models" in change else 2, **change)


def test_old_pieces_are_not_taken_after_a_change_of_the_gap(tmp_path):
    runs(tmp_path, fits=2, splits=WalkForward(2, every=2, n_splits=3, first=10))
    runs(tmp_path, fits=2, splits=WalkForward(2, every=2, n_splits=3, first=10, gap=1))


def test_old_pieces_are_not_taken_for_other_rows_of_the_same_number(tmp_path):
    class Fixed:
        def __init__(self, *test):
            self.test = test

        def splits(self, table):
            return [Split(None, np.arange(10), np.array(self.test))]

    runs(tmp_path, fits=2, splits=Fixed(10, 11))
    runs(tmp_path, fits=2, splits=Fixed(11, 12))


@pytest.mark.parametrize("wrap", [lambda weights: weights, lambda weights: pd.DataFrame({"w": weights})])
def test_old_pieces_are_not_taken_after_a_change_inside_a_long_parameter(tmp_path, wrap):
    weights = np.zeros(5000)
    runs(tmp_path, fits=2, models={"m": Last(inner=wrap(weights))})
    weights = weights.copy()
    weights[2500] = 1
    runs(tmp_path, fits=1, models={"m": Last(inner=wrap(weights))})


def test_old_pieces_are_not_taken_after_a_change_of_a_nested_parameter(tmp_path):
    runs(tmp_path, fits=2, models={"m": Last(inner=LinearRegression())})
    runs(tmp_path, fits=1, models={"m": Last(inner=LinearRegression(positive=True))})


@pytest.mark.parametrize("ending", [".parquet", ".json"])
@pytest.mark.parametrize("damage", ["torn", "lost"])
def test_a_damaged_piece_is_done_again(tmp_path, ending, damage):
    runs(tmp_path, fits=2)
    piece = next(path for path in sorted(tmp_path.iterdir()) if path.suffix == ending)
    if damage == "lost":
        piece.unlink()
    else:
        piece.write_bytes(piece.read_bytes()[:30])
    runs(tmp_path, fits=1)


# The result


@pytest.fixture(scope="module")
def found():
    return tried(metrics=["mae", "r2", "coverage-80"], task=ForecastTask(levels=(80,)),
                 splits=WalkForward(4, every=2, n_splits=4), baselines={"last": Last(), "bad": Last(-50.0)})  # fmt: skip


def test_values_of_one_model(found):
    assert found.values("last", "mae").index.tolist() == [10, 12, 14, 16]
    with pytest.raises(HexadError, match="no values of 'mae' for 'nobody'; the models are last, bad and shifted"):
        found.values("nobody", "mae")


def test_the_best_baseline_has_the_lowest_error(found):
    assert found.best_baseline("mae") == "last"


def test_the_best_baseline_by_r2_is_not_the_worst(found):
    assert found.best_baseline("r2") == "last"
    assert found.greater_is_better("r2")


def test_of_coverage_neither_more_nor_less_is_better(found):
    with pytest.raises(HexadError, match="neither more nor less of coverage-80"):
        found.best_baseline("coverage-80")
    text = tried(metrics=["coverage-80"], task=ForecastTask(levels=(80,))).explain()
    assert text.startswith("2 models were tried at 4 splits; coverage-80: last 0.")


def test_by_part_of_the_horizon(found):
    table = found.by("mae", horizon_parts(2))
    assert list(table.index) == ["steps 1 to 2", "steps 3 to 4"]
    assert list(table.columns) == ["last", "bad", "shifted"]
    rows = found.predictions.query("model == 'bad' and step > 2")
    assert table.loc["steps 3 to 4", "bad"] == pytest.approx((rows["y"] - rows["mean"]).abs().mean())


def test_by_a_column(found):
    rows = found.predictions
    two = pd.concat([rows.assign(unique_id="near"), rows.assign(unique_id="far", mean=rows["mean"] - 50.0)])
    table = dataclasses.replace(found, predictions=two).by("mae", "unique_id")
    assert list(table.columns) == ["last", "bad", "shifted"]
    assert list(table.index) == ["near", "far"]
    errors = (rows["y"] - rows["mean"]).abs().groupby(rows["model"]).mean()
    assert table.loc["near"].to_dict() == pytest.approx(errors.to_dict())
    with pytest.raises(HexadError, match="no column 'shop'; they have 'split', 'ds'"):
        found.by("mae", "shop")


def test_by_a_metric_of_ones_own(found):
    own = metric("mae", label="own")
    pd.testing.assert_frame_equal(found.by(own, horizon_parts(2)), found.by("mae", horizon_parts(2)))
    with pytest.raises(HexadError, match="'mase' was not among the metrics; there are 'mae', 'r2', 'coverage-80'"):
        found.by("mase", horizon_parts(2))
    with pytest.raises(HexadError, match="needs the scales"):
        found.by(TASK.metric("mase"), horizon_parts(2))


def test_a_scaled_metric_keeps_its_scales():
    found = tried(shops(), WalkForward(2, every=2, n_splits=2, first=8), metrics=["mase"])
    table = found.by("mase", "unique_id")
    one = found.only(unique_id="a")
    assert table.loc["a", "last"] == pytest.approx(one.values("last", "mase").mean())
    assert set(one.predictions["unique_id"]) == {"a"}
    with pytest.raises(HexadError, match="no predictions with unique_id = 'q'"):
        found.only(unique_id="q")


def test_parts_of_a_short_horizon_or_after_a_gap():
    for splits in (WalkForward(2, every=2, n_splits=3), WalkForward(4, every=2, n_splits=3, gap=4)):
        table = tried(splits=splits).by("mae", horizon_parts())
        assert not table.empty
        assert not table.isna().any(axis=None)


def test_intervals_of_means():
    scores = tried(metrics=["mae"], splits=WalkForward(1, every=1, n_splits=9))
    table = scores.intervals("mae")
    assert list(table.index) == list(scores.models)
    pd.testing.assert_series_equal(table["mean"], scores.table()["mae"], check_names=False)
    assert ((table["lower"] <= table["mean"]) & (table["mean"] <= table["upper"])).all()
    assert (scores.intervals("mae", level=50)["upper"] <= table["upper"]).all()


def test_of_too_few_splits_there_is_no_interval(found):
    table = found.intervals("mae")
    assert table["mean"].notna().all()
    assert table[["lower", "upper"]].isna().all(axis=None)


def test_units_are_the_series():
    found = tried(shops(), WalkForward(2, every=2, n_splits=2, first=8), metrics=["mae"])
    units = found.units("last", "mae")
    assert sorted(units.index) == ["a", "a", "b", "b"]
    assert units.mean() == pytest.approx(found.table().loc["last", "mae"])


def test_the_result_in_a_sentence(found):
    best = found.table()["mae"].idxmin()
    assert found.explain().startswith(f"3 models were tried at 4 splits; best mae: {best} with ")
    assert "the best baseline is last with " in found.explain()


def test_the_result_in_a_sentence_does_not_praise_the_worst():
    text = tried(metrics=["r2"], baselines={"last": Last(), "bad": Last(-50.0)}).explain()
    assert "r2: bad" not in text
    assert "baseline is bad" not in text


def test_the_result_as_a_picture(found):
    assert isinstance(found.plot(), Figure)
    assert found.plot().alt == "Lines of last, bad, shifted."


def test_the_picture_of_a_single_cut():
    assert "<svg" in tried(splits=LastN(3)).plot().svg


def test_the_result_as_a_table(found):
    frame = pd.DataFrame({"model": ["<b>"], "split": [1], "metric": ["mae"], "value": [1.0]})
    assert "<b>" not in Scores(frame, frame, frame, ("<b>",))._repr_html_()
    assert "shifted" in found._repr_html_()


def test_workers_of_the_users_choice():
    with joblib.parallel_config(backend="threading", n_jobs=2):
        chosen = tried()
    pd.testing.assert_frame_equal(chosen.scores, tried().scores)


# The leak guard


class Peeks(Last):
    """Forecasts what the table that it was made with holds, so that nothing can be replaced."""

    def __init__(self, store=None, name=""):
        super().__init__(name=name)
        self.store = store

    def predict(self, horizon=None, *, future=None, levels=(), ids=None):
        answer = super().predict(horizon, future=future, levels=levels, ids=ids).frame
        return Answer(answer.assign(mean=future["known"].to_numpy(dtype=float)))


class Drawn(Last):
    """Forecasts at random, seeded or not."""

    def __init__(self, random_state=None):
        super().__init__()
        self.random_state = random_state

    def predict(self, horizon=None, *, future=None, levels=(), ids=None):
        answer = super().predict(horizon, future=future, levels=levels, ids=ids).frame
        drawn = np.random.default_rng(self.random_state).normal(size=len(answer))
        return Answer(answer.assign(mean=drawn))


class Restless(Last):
    """Forecasts at random, with no way to seed it."""

    def predict(self, horizon=None, *, future=None, levels=(), ids=None):
        answer = super().predict(horizon, future=future, levels=levels, ids=ids).frame
        return Answer(answer.assign(mean=np.random.default_rng().normal(size=len(answer))))


def guarded(models, known=(), table=None, **settings):
    table = shop() if table is None else table
    walk = WalkForward(2, every=2, n_splits=2)
    task = ForecastTask(known=known)
    return evaluation.evaluate(models, table, walk, MAE, baselines={"last": Last()}, task=task, **settings)


def shop(n=14):
    rng = np.random.default_rng(0)
    return pd.DataFrame({"ds": range(n), "y": rng.normal(size=n).cumsum(), "known": np.arange(n) % 2})


def test_the_guard_is_on_and_finds_nothing_in_honest_models():
    scores = guarded({"more": Last(1.0), "drawn": Drawn(), "seeded": Drawn(3)})
    assert scores.guarded
    assert [report.name for report in scores.leaks] == ["last", "more", "drawn", "seeded"]
    assert "to the last bit" in scores.explain_leaks()


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_the_guard_finds_a_column_that_is_not_known_ahead(n_jobs):
    table = shop().assign(known=lambda t: 2 * t["y"] + 1)
    with pytest.warns(LeakWarning, match="'known': holds the target of its own row"):
        scores = guarded({"peeks": Peeks()}, known=("known",), table=table, n_jobs=n_jobs)
    assert not scores.guarded
    assert "Do not believe the scores of peeks" in scores.explain()


def test_what_is_shown_ahead_is_said():
    assert (
        "It was shown 'known' ahead: true only where these are known then."
        in guarded({"peeks": Peeks()}, known=("known",)).explain_leaks()
    )


def test_a_model_that_cannot_be_seeded_is_told_as_such():
    scores = guarded({"restless": Restless()})
    assert not scores.guarded
    assert "differs from run to run" in scores.explain_leaks()


def test_switched_off_is_told():
    scores = guarded({"more": Last(1.0)}, guard=False)
    assert not scores.guarded
    assert scores.explain_leaks().startswith("The leak guard was switched off")


def test_what_the_guard_asked_is_kept(tmp_path):
    first = guarded({"more": Last(1.0)}, keep=tmp_path)
    LOG.clear()
    second = guarded({"more": Last(1.0)}, keep=tmp_path)
    assert not LOG
    assert first.leaks == second.leaks
