"""Whatever takes a long table takes a panel of it, too, and gives the same; one that does not suit is refused."""

import numpy as np
import pandas as pd
import pytest

from domains.timeseries import (
    AutoForecaster,
    Exogenous,
    LagForecaster,
    PerSeries,
    Recipe,
    SeasonalNaive,
    StandardizedRidge,
    lag_features,
)
from shared.data import Panel, SeriesColumns, WalkForward
from shared.errors import DataError
from shared.evaluation import evaluate, leakage_check

RECIPE = Recipe(lags=(1, 2), exogenous=(Exogenous("price", known=True),))
COLUMNS = SeriesColumns(exogenous=("price",))


def long_table(n=80, keys=("b", "a"), noise=0.1):
    rng = np.random.default_rng(1)
    stamps = pd.date_range("2024-01-01", periods=n, freq="D", tz="Europe/Berlin")
    parts = [
        pd.DataFrame(
            {
                "unique_id": key,
                "ds": stamps,
                "y": 10 + np.sin(np.arange(n) * 2 * np.pi / 7) + noise * rng.standard_normal(n),
                "price": rng.random(n),
                "spare": 0.0,
            }
        )
        for key in keys
    ]
    return pd.concat(parts, ignore_index=True)


MODELS = [
    SeasonalNaive("7D"),
    AutoForecaster(),
    LagForecaster(StandardizedRidge(), recipe=RECIPE, horizon=5),
    PerSeries(LagForecaster(StandardizedRidge(), recipe=RECIPE, horizon=5)),
]


@pytest.mark.parametrize("model", MODELS, ids=lambda model: type(model).__name__)
def test_a_panel_gives_the_forecasts_of_its_table(model):
    table = long_table()
    early, late, ahead = (
        table[table.groupby("unique_id").cumcount().between(*span)] for span in ((0, 59), (60, 69), (70, 74))
    )
    whole = Panel.from_frame(early, SeriesColumns(exogenous=("price", "spare")))
    rest = Panel.from_frame(late, SeriesColumns(exogenous=("price", "spare")))
    future = Panel.from_frame(ahead.drop(columns="y"), COLUMNS, need_y=False)
    given = {} if isinstance(model, SeasonalNaive | AutoForecaster) else {"future": ahead}
    first = type(model)(**model.get_params(deep=False)).fit(early).update(late).predict(5, **given)
    second = type(model)(**model.get_params(deep=False)).fit(whole).update(rest)
    again = second.predict(5, **({"future": future} if given else {}))
    pd.testing.assert_frame_equal(first.frame, again.frame)


def test_features_and_evaluations_take_a_panel():
    table = long_table()
    panel = Panel.from_frame(table, COLUMNS)
    pd.testing.assert_frame_equal(lag_features(panel, RECIPE), lag_features(table, RECIPE))
    walk = WalkForward("2D", every="2D", n_splits=3)
    one, two = (
        evaluate({"naive": SeasonalNaive("7D")}, data, walk, ["mae"], baselines={"day": SeasonalNaive("1D")})
        for data in (table, panel)
    )
    pd.testing.assert_frame_equal(one.scores, two.scores)


@pytest.mark.parametrize(
    ("ask", "told"),
    [
        ({"columns": SeriesColumns(y="sales")}, "the panel's y is 'y', not 'sales'"),
        ({"columns": SeriesColumns(unique_id="shop")}, "the panel's unique_id is 'unique_id', not 'shop'"),
        ({"columns": SeriesColumns(exogenous=("prize",))}, "column 'prize': is missing; did you mean 'price'?"),
        ({"tz": "UTC"}, "the panel is in Europe/Berlin, not in UTC"),
        ({"freq": "7D"}, "the panel's grid is 1 day, not 7 days"),
    ],
)
def test_a_panel_that_does_not_suit_is_refused(ask, told):
    panel = Panel.from_frame(long_table(), COLUMNS)
    with pytest.raises(DataError, match=told):
        Panel.from_frame(panel, **ask)


def test_a_panel_of_the_future_is_no_history():
    future = Panel.from_frame(long_table().drop(columns="y"), COLUMNS, need_y=False)
    with pytest.raises(DataError, match="the panel has no observed values"):
        SeasonalNaive("7D").fit(future)


def test_a_panel_is_taken_as_it_is():
    panel = Panel.from_frame(long_table(), COLUMNS)
    assert Panel.from_frame(panel, COLUMNS).values is panel.values
    assert SeasonalNaive("7D").fit(panel).panel_.values is panel.values


SPOILT = {
    "a gap": lambda table: table.drop(index=30),
    "a stamp twice": lambda table: pd.concat([table, table.iloc[[30]]]),
    "a value missing": lambda table: table.assign(y=table["y"].where(table.index != 30)),
}


@pytest.mark.parametrize("names", [{}, {"y": "sales"}, {"ds": "day", "unique_id": "shop"}], ids=str)
@pytest.mark.parametrize("spoil", SPOILT.values(), ids=list(SPOILT))
def test_what_takes_no_repair_advises_a_panel_that_does(spoil, names):
    table = spoil(long_table().drop(columns=["price", "spare"])).rename(
        columns={one: names.get(one, one) for one in ("unique_id", "ds", "y")}
    )
    model, walk = SeasonalNaive("7D", **names), WalkForward("2D", every="2D", n_splits=3, ds=names.get("ds", "ds"))
    doors = {
        "evaluate": lambda data: evaluate({}, data, walk, ["mae"], baselines={"naive": model}),
        "lag_features": lambda data: lag_features(data, Recipe((1, 2)), **names),
    }
    for door in doors.values():
        with pytest.raises(DataError, match=r"Panel\.from_frame\(table, .*repair=") as caught:
            door(table)
        said = str(caught.value)
        assert said.count("repair=") == 1
        advice = said[said.index("Panel.from_frame(table") :]
        panel = eval(advice[: advice.index('")') + 2], {"Panel": Panel, "SeriesColumns": SeriesColumns, "table": table})
        assert len(door(panel).predictions if door is doors["evaluate"] else door(panel))


@pytest.mark.parametrize(
    "indexed",
    [
        lambda table: table.set_index("ds"),
        lambda table: table.set_index(["unique_id", "ds"]),
        lambda table: table.set_index("unique_id"),
        lambda table: table.set_index(["unique_id", "ds", "price"]),
        lambda table: table.rename_axis("row"),
    ],
)
def test_an_evaluation_takes_the_indexes_that_a_fit_takes(indexed):
    table = long_table()
    model = LagForecaster(StandardizedRidge(), recipe=RECIPE, horizon=2, calibration_folds=0)
    walk = WalkForward("2D", every="2D", n_splits=2)
    one, two = (
        evaluate({"lag": model}, data, walk, ["mae"], baselines={"naive": SeasonalNaive("7D")})
        for data in (table, indexed(table))
    )
    pd.testing.assert_frame_equal(one.scores, two.scores)
    assert leakage_check(model, indexed(table), walk).leaks == leakage_check(model, table, walk).leaks
