"""Response models: planted curves are found, what the data cannot tell is told, and what `fit` keeps to."""

import inspect

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.base import BaseEstimator, clone
from sklearn.exceptions import NotFittedError

from domains.optimization import BayesianResponseModel, ResponseCurves, ResponseModel, allocate_budget, carry_over
from shared.errors import DataError, SettingsError, StoreError
from shared.runtime.store import load_model, save_model
from tests.contract.test_matrix_estimators import first_of_fit, public_estimators

SMALL = {"n_draws": 8, "evaluations": 400}


def carried(spend, share):
    """Each period's spending and a share of all before, as a sum over all lags."""
    values = list(spend)
    return np.array([sum(share**lag * values[t - lag] for lag in range(t + 1)) for t in range(len(values))])


def plant(n=200, *, noise=0.5, seed=0, shape=2.0, share=0.5):
    """Two channels of Hill curves, one of which is carried over, and one that does nothing."""
    rng = np.random.default_rng(seed)
    spend = pd.DataFrame(
        {"tv": rng.gamma(2, 5, n), "web": rng.gamma(2, 3, n), "fax": rng.uniform(0, 10, n)},
        index=pd.date_range("2021-01-03", periods=n, freq="W"),
    )
    curves = ResponseCurves.make(["tv", "web", "fax"], top=[60, 30, 0], half=[15, 4, 5], shape=[shape, 1, 1])
    inputs = np.column_stack([carried(spend["tv"], share), carried(spend["web"], 0.2), spend["fax"]])
    others = pd.DataFrame({"price": rng.normal(size=n)}, index=spend.index)
    trend = np.linspace(-0.5, 0.5, n)
    sold = 100 + 20 * trend + curves.value(inputs).sum(axis=1) - 3 * others["price"] + rng.normal(0, noise, n)
    return spend, sold.to_numpy(copy=True), others, curves


@pytest.fixture(scope="module")
def planted():
    spend, sold, others, curves = plant()
    return spend, sold, others, curves, ResponseModel(n_draws=20, evaluations=1200).fit(spend, sold, others)


def one_channel(rng, response, *, n=120, top=60.0, noise=0.5):
    spend = pd.DataFrame({"tv": rng.uniform(0, top, n)})
    return spend, 5 + response(spend["tv"].to_numpy()) + rng.normal(0, noise, n)


def test_carry_over_is_the_sum_over_lags():
    spend = np.random.default_rng(0).uniform(0, 5, 30)
    for share in (0.0, 0.3, 0.9):
        np.testing.assert_allclose(carry_over(spend, share), carried(spend, share), rtol=1e-12)


def test_planted_curves_are_found(planted):
    spend, _, _, curves, model = planted
    table = model.table_
    assert table.loc["tv", "top"] == pytest.approx(60, rel=0.1)
    assert table.loc["tv", "half"] == pytest.approx(15, rel=0.1)
    assert table.loc["tv", "shape"] == pytest.approx(2, abs=0.2)
    assert table.loc["tv", "carry_over"] == pytest.approx(0.5, abs=0.02)
    assert table.loc["web", "carry_over"] == pytest.approx(0.2, abs=0.05)
    assert model.carry_over_ == table["carry_over"].to_dict()
    # What a period brings at least and at most differs by what the curve says.
    level = np.linspace(0.5, 1.5, 9)[:, None] * spend.mean().to_numpy()
    found, truth = (one.value(level) - one.value(level[:1]) for one in (model.curves_, curves))
    np.testing.assert_allclose(found[:, :2], truth[:, :2], atol=1.0)
    assert truth[-1, 0] > 10
    assert model.r2_ > 0.99
    assert model.rest_[1] == pytest.approx(20, abs=1)
    assert model.rest_[2] == pytest.approx(-3, abs=0.2)


def test_intervals_hold_the_truth_and_narrow_with_noise():
    widths = {}
    for noise in (0.3, 3.0):
        spend, sold, others, _ = plant(noise=noise, seed=3)
        table = ResponseModel(n_draws=20, evaluations=600).fit(spend, sold, others).table_
        for name, truth in (("half", 15), ("shape", 2), ("carry_over", 0.5), ("top", 60)):
            low, high = table.loc["tv", f"{name}_low"], table.loc["tv", f"{name}_high"]
            assert low < high
            room = 0.5 * (high - low)
            assert low - room < truth < high + room, (noise, name)
            widths[noise, name] = high - low
    for name in ("half", "shape", "carry_over", "top"):
        assert 2 < widths[3.0, name] / widths[0.3, name] < 50, name


def test_draws_are_curves_that_a_budget_can_use(planted):
    model = planted[-1]
    assert len(model.draws_) == 20
    assert all(one.channels == model.channels_ for one in model.draws_)
    tops = np.array([one.top for one in model.draws_])
    np.testing.assert_allclose(model.table_["top_low"], np.percentile(tops, 5, axis=0))
    np.testing.assert_allclose(model.table_["top_high"], np.percentile(tops, 95, axis=0))
    found = allocate_budget(model.curves_, 40, draws=model.draws_)
    assert (found.values["low"] <= found.values["high"]).all()
    assert any("20 other draws" in note for note in found.notes)


def test_steady_curves_count_what_is_carried_over(planted):
    """The same in every period: what a long row of it brings in the end."""
    model = planted[-1]
    for amounts in ([4.0, 2.0, 1.0], [15.0, 6.0, 0.0]):
        ends = [
            carry_over(np.full(400, x), share)[-1] for x, share in zip(amounts, model.carry_over_.values(), strict=True)
        ]
        np.testing.assert_allclose(model.steady_.value(amounts), model.curves_.value(ends), rtol=1e-9)
    assert len(model.steady_draws_) == len(model.draws_)
    np.testing.assert_array_equal(model.steady_draws_[0].top, model.draws_[0].top)
    assert (model.steady_draws_[0].half <= model.draws_[0].half).all()


def test_a_model_comes_back_from_its_file(planted, tmp_path):
    spend, _, others, _, model = planted
    save_model(model, tmp_path / "a.hexad")
    back = load_model(tmp_path / "a.hexad")
    np.testing.assert_array_equal(back.predict(spend, others), model.predict(spend, others))
    pd.testing.assert_frame_equal(back.table_, model.table_)
    assert back.steady_draws_[3].half.tolist() == model.steady_draws_[3].half.tolist()
    broken = ResponseModel(**SMALL).fit(spend[["tv"]], model.fitted_)
    broken.steady_ = ResponseCurves.make(["radio"], top=1, half=1)
    save_model(broken, tmp_path / "b.hexad")
    with pytest.raises(StoreError, match="its curves are of other channels"):
        load_model(tmp_path / "b.hexad")


def test_a_channel_without_effect_is_told_and_only_that(planted):
    assert planted[-1].idle_ == ("fax",)
    assert min(planted[-1].criteria_, key=planted[-1].criteria_.get) == "hill"
    notes = planted[-1].notes_
    assert [note for note in notes if "no effect" in note] == ["of fax no effect is shown"]
    assert "Of fax no effect is shown." in planted[-1].explain()
    rng = np.random.default_rng(5)
    model = ResponseModel(**SMALL).fit(*one_channel(rng, lambda x: 0 * x))
    assert "of tv no effect is shown" in model.notes_


def test_a_line_is_told_from_saturation():
    rng = np.random.default_rng(6)
    line = ResponseModel(**SMALL).fit(*one_channel(rng, lambda x: 2 * x))
    assert any("a straight line" in note for note in line.notes_)
    bent = ResponseModel(**SMALL).fit(*one_channel(rng, lambda x: 60 / (1 + (15 / x) ** 2)))
    assert not any("straight line" in note or "lies beyond" in note for note in bent.notes_)
    forced = ResponseModel(kind="linear", **SMALL).fit(*one_channel(rng, lambda x: 60 / (1 + (15 / x) ** 2)))
    assert any(note.startswith("Hill's curve is to be preferred to a straight line") for note in forced.notes_)
    early = ResponseModel(**SMALL).fit(*one_channel(rng, lambda x: 500 * x / (400 + x), noise=0.1))
    assert "saturation of tv lies beyond all amounts seen" in early.notes_


def test_logarithms_and_lines_are_recovered():
    rng = np.random.default_rng(7)
    model = ResponseModel(kind="log", **SMALL).fit(*one_channel(rng, lambda x: 30 * np.log1p(x / 9), noise=0.1))
    assert model.curves_.kind == "log"
    x = np.linspace(0, 60, 7)[:, None]
    np.testing.assert_allclose(model.curves_.value(x)[:, 0], 30 * np.log1p(x[:, 0] / 9), atol=0.5)
    model = ResponseModel(kind="linear", **SMALL).fit(*one_channel(rng, lambda x: 2 * x))
    np.testing.assert_allclose(model.curves_.value(x)[:, 0], 2 * x[:, 0], atol=0.6)


def test_predictions_are_what_was_fitted(planted):
    spend, sold, others, _, model = planted
    np.testing.assert_allclose(model.predict(spend, others), model.fitted_, rtol=1e-9)
    assert np.std(sold - model.fitted_) < 0.7
    # The first periods alone, and columns in another order.
    mixed = spend[["fax", "tv", "web"]]
    np.testing.assert_allclose(model.predict(mixed[:60], others[:60]), model.fitted_[:60], rtol=1e-9)


def test_the_trend_goes_on():
    spend, sold, others, _ = plant(n=200, noise=0.1)
    model = ResponseModel(n_draws=0, evaluations=1200).fit(spend[:150], sold[:150], others[:150])
    ahead = model.predict(spend, others)[150:]
    assert np.abs(ahead - sold[150:]).mean() < 0.5


def test_columns_that_are_numbered_are_found_again():
    spend, sold, _, _ = plant(n=60)
    numbered = spend.set_axis(range(3), axis=1)
    model = ResponseModel(n_draws=0, evaluations=100).fit(numbered, sold)
    np.testing.assert_allclose(model.predict(numbered), model.fitted_, rtol=1e-9)


def test_the_same_seed_gives_the_same_and_input_stays_as_it_is():
    spend, sold, others, _ = plant(n=80)
    before = spend.copy(), sold.copy(), others.copy()
    one, two = (ResponseModel(**SMALL, random_state=4).fit(spend, sold, others) for _ in range(2))
    pd.testing.assert_frame_equal(one.table_, two.table_, check_exact=True)
    assert one.notes_ == two.notes_
    pd.testing.assert_frame_equal(spend, before[0])
    np.testing.assert_array_equal(sold, before[1])
    pd.testing.assert_frame_equal(others, before[2])


def test_other_tables_give_the_same():
    spend, sold, others, _ = plant(n=80)
    plain = ResponseModel(n_draws=0, evaluations=200).fit(spend, sold, others)
    other = ResponseModel(n_draws=0, evaluations=200).fit(
        pl.from_pandas(spend.reset_index(drop=True)), sold.tolist(), pl.from_pandas(others.reset_index(drop=True))
    )
    np.testing.assert_array_equal(plain.fitted_, other.fitted_)


def test_other_columns_take_what_is_theirs(planted):
    spend, sold, others, _, model = planted
    without = ResponseModel(n_draws=0, evaluations=600).fit(spend, sold)
    assert without.r2_ < model.r2_
    # Columns that say the same twice change nothing.
    twice = pd.concat([others, (2 * others + 1).add_suffix("2")], axis=1)
    again = ResponseModel(n_draws=0, evaluations=1200).fit(spend, sold, twice)
    np.testing.assert_allclose(again.fitted_, model.fitted_, atol=0.02)
    with pytest.raises(DataError, match="there are 0 columns, where fit has seen 1"):
        model.predict(spend)
    with pytest.raises(DataError, match="there are 2 columns, where fit has seen 1"):
        model.predict(spend, twice)


def test_draws_can_be_left_out():
    spend, sold, _, _ = plant(n=60)
    model = ResponseModel(n_draws=0, evaluations=100).fit(spend, sold)
    assert model.draws_ == ()
    assert list(model.table_.columns) == ["top", "half", "shape", "carry_over"]


def spoil(column, rows, value):
    def do(spend, sold, others):
        return (
            spend.assign(**{column: spend[column].astype(object).where(~np.isin(np.arange(len(spend)), rows), value)}),
            sold,
            others,
        )

    return do


WRONG = {
    "negative": (spoil("tv", [2], -1.0), "column 'tv': 1 amount is missing, below 0 or no numbers (row 3)"),
    "missing": (spoil("web", [0, 5], np.nan), "column 'web': 2 amounts are missing, below 0 or no numbers (rows 1, 6)"),
    "text": (spoil("web", [4], "much"), "column 'web': 1 amount is missing, below 0 or no numbers (row 5)"),
    "constant": (lambda s, y, o: (s.assign(fax=3.0), y, o), "column 'fax': never changes"),
    "short": (lambda s, y, o: (s[:17], y[:17], o[:17]), "17 periods, where 3 channels need at least 18"),
    "no rows": (lambda s, y, o: (s[:0], y[:0], o[:0]), "the table has no rows"),
    "no channel": (lambda s, y, o: (s[[]], y, o), "there is no channel"),
    "other length": (lambda s, y, o: (s, y[:-1], o), "60 rows of spending and a response of shape (59,)"),
    "no response": (lambda s, y, o: (s, np.where(np.arange(60) == 7, np.nan, y), o), "(row 8)"),
    "response of text": (lambda s, y, o: (s, ["x"] * 60, o), "responses are missing, or no numbers"),
    "flat response": (lambda s, y, o: (s, np.full(60, 3.0), o), "the response never changes"),
    "others short": (lambda s, y, o: (s, y, o[:-1]), "others: rows are missing"),
    "others missing": (lambda s, y, o: (s, y, o * np.nan), "others: rows are missing"),
    "others text": (lambda s, y, o: (s, y, o.assign(price="x")), "others: rows are missing"),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_wrong_tables_are_told(case):
    change, told = WRONG[case]
    spend, sold, others, _ = plant(n=60)
    with pytest.raises(DataError) as error:
        ResponseModel(n_draws=0, evaluations=60).fit(*change(spend, sold, others))
    assert told in str(error.value)


def test_all_that_is_wrong_is_told_at_once():
    spend, sold, others, _ = plant(n=60)
    spend.iloc[3, 0], spend.iloc[4, 1], sold[5] = -1.0, np.nan, np.inf
    with pytest.raises(DataError) as error:
        ResponseModel().fit(spend, sold, others)
    assert all(word in str(error.value) for word in ("column 'tv'", "column 'web'", "responses are missing"))


def test_as_few_periods_as_are_allowed_are_enough():
    spend, sold, _, _ = plant(n=18)
    model = ResponseModel(n_draws=3, evaluations=100).fit(spend, sold)
    assert np.isfinite(model.fitted_).all()
    assert model.explain()


def test_wrong_tables_to_predict_are_told(planted):
    spend, _, others, _, model = planted
    with pytest.raises(DataError, match="there is no column 'web'"):
        model.predict(spend.drop(columns="web"), others)
    with pytest.raises(DataError, match=r"column 'tv': 1 amount .* \(row 2\)"):
        model.predict(spend.assign(tv=np.where(np.arange(200) == 1, np.nan, 1.0)), others)
    with pytest.raises(DataError, match="column 'fax': 200 amounts"):
        model.predict(spend.assign(fax=-1.0), others)


@pytest.mark.parametrize(
    "settings",
    [{"kind": "cubic"}, {"n_draws": -1}, {"n_draws": 2.5}, {"evaluations": 10}, {"random_state": -1}, {"random_state": None}],
)  # fmt: skip
def test_wrong_settings_are_told(settings):
    spend, sold, _, _ = plant(n=60)
    with pytest.raises(SettingsError, match=next(iter(settings))):
        ResponseModel(**settings).fit(spend, sold)


# The contract.


def test_it_is_what_learns_from_spending():
    assert [one for one in public_estimators() if first_of_fit(one) == "spend"] == [
        BayesianResponseModel,
        ResponseModel,
    ]


def test_a_constructor_only_stores():
    parameters = inspect.signature(ResponseModel).parameters
    strange = {name: object() for name in parameters}
    assert vars(ResponseModel(**strange)) == strange
    assert all(one.kind is inspect.Parameter.KEYWORD_ONLY for one in list(parameters.values())[1:])
    assert isinstance(ResponseModel(), BaseEstimator)


def test_fit_returns_itself_and_forgets_what_it_was_fitted_to():
    spend, sold, others, _ = plant(n=60)
    model = ResponseModel(n_draws=2, evaluations=100, trend=False)
    settings = model.get_params()
    with pytest.raises(NotFittedError):
        model.predict(spend)
    with pytest.raises(NotFittedError):
        model.explain()
    assert model.fit(spend, sold, others) is model
    assert model.get_params() == settings
    fresh = clone(model)
    assert fresh.get_params() == settings
    assert not [name for name in vars(fresh) if name.endswith("_")]
    model.fit(spend[["tv", "web"]], sold)
    fresh.fit(spend[["tv", "web"]], sold)
    assert set(vars(model)) == set(vars(fresh))
    pd.testing.assert_frame_equal(model.table_, fresh.table_, check_exact=True)
    np.testing.assert_array_equal(model.fitted_, fresh.fitted_)


# The mean over all that is likely


@pytest.fixture(scope="module")
def likely():
    spend, sold, others, curves = plant(noise=3.0, seed=4)
    return spend, sold, others, curves, BayesianResponseModel(sweeps=600).fit(spend, sold, others)


def test_the_mean_curve_comes_near_the_truth_and_draws_hold_it(likely):
    spend, _, _, curves, model = likely
    low, high = 0.5 * spend.mean().to_numpy(), 1.5 * spend.mean().to_numpy()
    inputs = [np.column_stack([x / (1 - s) for x, s in zip(at, (0.5, 0.2, 0.0), strict=True)]) for at in (low, high)]
    truth = (curves.value(inputs[1]) - curves.value(inputs[0]))[0]
    drawn = np.array([one.value(high) - one.value(low) for one in model.steady_draws_])
    for i in range(3):
        assert np.percentile(drawn[:, i], 2) <= truth[i] <= np.percentile(drawn[:, i], 98) or truth[i] == 0
    made = model.steady_.value(high) - model.steady_.value(low)
    np.testing.assert_allclose(made, drawn.mean(axis=0), atol=0.05 * drawn.mean(axis=0).max() + 0.1)
    assert model.settled_ < 1.2
    assert model.idle_ == ("fax",)


def test_the_mean_promises_less_than_the_best_fit():
    """A budget split by the curves that fit best leans on their errors; by the mean it does so less."""
    promised = {"best": 0.0, "mean": 0.0}
    came = {"best": 0.0, "mean": 0.0}
    for seed in range(4):
        spend, sold, others, curves = plant(n=100, noise=6.0, seed=seed)
        steady = ResponseCurves(curves.channels, curves.top, curves.half * [0.5, 0.8, 1.0], curves.shape)
        now = spend.mean().to_numpy()
        for name, model in (
            ("best", ResponseModel(n_draws=0, evaluations=800)),
            ("mean", BayesianResponseModel(sweeps=300, evaluations=800)),
        ):
            found = model.fit(spend, sold, others).steady_
            split = allocate_budget(found, float(now.sum())).values["value"].to_numpy()
            promised[name] += float(found.value(split).sum() - found.value(now).sum())
            came[name] += float(steady.value(split).sum() - steady.value(now).sum())
    assert promised["mean"] - came["mean"] < 0.5 * (promised["best"] - came["best"])
    assert came["mean"] > came["best"]


@pytest.mark.parametrize("kind", ["log", "linear"])
def test_means_of_other_kinds(kind):
    rng = np.random.default_rng(8)
    model = BayesianResponseModel(kind=kind, sweeps=200, evaluations=300).fit(*one_channel(rng, lambda x: 2 * x))
    x = np.array([[10.0], [50.0]])
    low, high = model.steady_.value(x)[:, 0]
    assert high - low == pytest.approx(80, abs=3)


def test_what_went_before_the_first_period_is_taken_for_like_the_rest():
    rng = np.random.default_rng(9)
    spend = pd.DataFrame({"tv": np.full(120, 40.0) + rng.uniform(-10, 10, 120)})
    long = np.concatenate([np.full(60, 40.0), spend["tv"]])
    sold = 100 + 60 / (1 + 100 / carried(long, 0.8)[60:]) + rng.normal(0, 0.05, 120)
    shares = {}
    for before in ("nothing", "mean"):
        model = ResponseModel(n_draws=0, before=before).fit(spend, sold)
        shares[before] = abs(model.carry_over_["tv"] - 0.8)
        np.testing.assert_allclose(model.predict(spend), model.fitted_, rtol=1e-9)
    assert shares["mean"] < 0.1 < shares["nothing"]


@pytest.mark.parametrize(
    ("settings", "said"),
    [({"n_draws": 5}, "n_draws=5"), ({"sweeps": 50}, "sweeps=50"), ({"before": "x"}, "before='x'")],
)
def test_wrong_settings_of_the_mean_are_told(settings, said):
    spend, sold, _, _ = plant(n=40)
    with pytest.raises(SettingsError, match=said):
        BayesianResponseModel(**settings).fit(spend, sold)


def test_the_mean_comes_back_from_its_file(likely, tmp_path):
    spend, _, others, _, model = likely
    save_model(model, tmp_path / "a.hexad")
    np.testing.assert_array_equal(load_model(tmp_path / "a.hexad").predict(spend, others), model.predict(spend, others))
    again = BayesianResponseModel(sweeps=600).fit(*likely[:3])
    pd.testing.assert_frame_equal(again.table_, model.table_, check_exact=True)


# What belongs together by its index


@pytest.mark.parametrize("kind", [ResponseModel, BayesianResponseModel])
def test_a_response_of_other_periods_is_refused(kind):
    weeks = pd.date_range("2022-01-03", periods=60, freq="7D", name="week")
    rng = np.random.default_rng(0)
    spend = pd.DataFrame({"tv": rng.gamma(2, 20, 60), "web": rng.gamma(2, 10, 60)}, index=weeks)
    sold = pd.Series(100 + 5 * np.sqrt(spend["tv"]) + rng.normal(0, 2, 60), index=weeks)
    model = kind(sweeps=100, n_draws=50) if kind is BayesianResponseModel else kind(evaluations=200)
    with pytest.raises(DataError, match="60 index labels 60 are those of the spending, in another order"):
        model.fit(spend, sold.iloc[::-1])
    with pytest.raises(DataError, match="60 index labels 0 are those of the spending"):
        model.fit(spend, sold.shift(freq="1D"))
    with pytest.raises(DataError, match="others: of its 60 index labels 60"):
        model.fit(spend, sold, spend[["web"]].iloc[::-1])
    with pytest.raises(DataError, match="column 'week': holds dates, and is no channel"):
        model.fit(spend.reset_index(), sold.to_numpy())
    named, plain = (
        model.fit(one, two).predict(one)
        for one, two in ((spend, sold), (spend.reset_index(drop=True), sold.to_numpy()))
    )
    np.testing.assert_array_equal(named, plain)
