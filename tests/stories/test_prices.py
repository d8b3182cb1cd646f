"""The prices study: its figures, its quantiles, a user's own prices in its place, and the next day's forecast."""

import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from case_studies.common.runs import predict_from, run_study
from case_studies.prices.markets import Markets
from case_studies.prices.settings import PricesColumns, PricesSettings
from shared.data import datasets
from shared.errors import DataError, SettingsError

FEW = ["n_jobs=1", "origins=4", "refit_every=4", "first_origin="]


@pytest.fixture
def whole(study_run) -> Path:
    return study_run("prices", "whole")


def prices(days: int = 150, *, shift: float = 0.0, ahead: int = 1) -> pd.DataFrame:
    """The last days of the bundled prices, moved; those of the very last ones are not known."""
    table = datasets.load("epf_fr_be").drop(columns="week_day")
    table = table[table.groupby("unique_id").cumcount(ascending=False) < 24 * days].reset_index(drop=True)
    unknown = table.groupby("unique_id").cumcount(ascending=False) < 24 * ahead
    return table.assign(y=(table["y"] + shift).mask(unknown))


def written(table: pd.DataFrame, path: Path) -> Path:
    table.to_csv(path, index=False)
    return path


def metrics(folder: Path) -> dict[str, float]:
    return json.loads((folder / "metrics.json").read_text())


def first_screen(folder: Path) -> str:
    """The first screen, as plain text."""
    first = (folder / "report.html").read_text().split('<div class="body">', 1)[0].split("<header", 1)[1]
    return re.sub(r"\s+", " ", re.sub(r"<svg.*?</svg>|<[^>]+>", "", first, flags=re.DOTALL))


def claims(folder: Path) -> list[dict]:
    page = (folder / "report.html").read_text()
    return json.loads(re.search(r'<script type="application/json" id="claims">(.*?)</script>', page, re.DOTALL)[1])


def test_the_study_reaches_its_goals(whole):
    found = metrics(whole)
    for market in ("BE", "FR"):
        assert found[f"{market} gain against similar day"] >= 0.18
        assert found[f"{market} mae of price model"] < found[f"{market} mae of price model without what is known ahead"]
        for level in (50, 80, 90):
            assert abs(found[f"{market} coverage-{level} of price model"] - level / 100) < 0.08
        assert abs(found[f"{market} coverage-90 of price model"] - 0.9) < 0.03


def test_it_tries_123_days_from_midnight_in_both_markets(whole):
    made = pd.read_parquet(whole / "predictions.parquet")
    origins = made.origin.drop_duplicates()
    assert len(origins) == 123
    assert (origins.dt.hour == 0).all()
    assert origins.min() == pd.Timestamp("2016-07-01")
    assert (made[made.model == "price model"].groupby(["origin", "unique_id"]).size() == 24).all()
    assert made.unique_id.nunique() == 2


def test_quantiles_never_cross(whole):
    made = pd.read_parquet(whole / "predictions.parquet")
    columns = ["lo-90", "lo-80", "lo-50", "mean", "hi-50", "hi-80", "hi-90"]
    assert (np.diff(made[columns].to_numpy(), axis=1) >= 0).all()


def test_the_report_says_what_to_bid_and_how_it_was_tried(study_run):
    page = (study_run("prices", "quick") / "report.html").read_text()
    for told in ("What to bid", "October 2016", "probability integral transform", "similar day"):
        assert told in page


def test_the_first_screen_says_when_to_run_what_to_bid_and_what_the_bids_did(study_run):
    folder = study_run("prices", "quick")
    said = first_screen(folder)
    ahead, bids = pd.read_parquet(folder / "ahead.parquet"), pd.read_parquet(folder / "bids.parquet")
    peak = ahead.loc[ahead[ahead["market"] == "FR"]["expected"].idxmax()]
    assert f"bid {peak['95 %']:.1f} EUR/MWh for {peak['from']} in France" in said
    share = bids.set_index(["market", "quantile"])["accepted"]
    told = f"{100 * share['FR', '95 %']:.0f} % in France and {100 * share['BE', '95 %']:.0f} % in Belgium"
    assert f"Of bids meant to be accepted in 95 %, {told} would have been on the days tried." in said
    assert "France and Belgium share one generation forecast and one load forecast, in all 16,056 rows" in said
    assert "Mon 31 Oct 2016 is over: it was held back." in said
    assert "FR,2016-11-01 00:00,,VALUE,VALUE" in (folder / "report.html").read_text()
    assert ahead.groupby("market")["cheap"].sum().tolist() == [6, 6]


def test_claims_agree_with_the_tables_beside_the_report(study_run):
    folder = study_run("prices", "quick")
    seen = set()
    for claim in claims(folder):
        for number in claim["numbers"]:
            if number["statistic"] not in ("mean", "max", "wins, less", "value"):
                continue
            table = pd.read_parquet(folder / f"{number['table']}.parquet")
            pair = [
                table[np.logical_and.reduce([table[name] == value for name, value in where.items()])][number["column"]]
                for where in (number["where"], number["against"])
                if where is not None
            ]
            if number["statistic"] == "wins, less":
                assert number["value"] == (pair[0].to_numpy() < pair[1].to_numpy()).sum()
            elif number["statistic"] == "value":
                assert pair[0].tolist() == [number["value"]]
            else:
                assert number["value"] == pytest.approx(getattr(pair[0], number["statistic"])())
            seen.add((number["table"], number["statistic"]))
    assert seen >= {("bids", "value"), ("loads", "mean"), ("loads", "wins, less"), ("ahead", "max"), ("dear", "mean")}


def test_of_prices_by_chance_nothing_is_found(tmp_path):
    table = prices(100, ahead=0)
    table = table[table["unique_id"] == "FR"].drop(columns=["gen_forecast", "system_load"])
    table["y"] = np.random.default_rng(4).permutation(table["y"].to_numpy())
    settings = ["n_jobs=1", "origins=14", "refit_every=14", "levels=[90]", "columns.known=[]", "leak_guard=false"]
    folder = run_study(
        "prices", overrides=settings, data=written(table, tmp_path / "own.csv"), out=tmp_path / "run"
    ).parent
    said = first_screen(folder)
    assert "Nothing was found beyond the mean of the past" in said
    assert "can wait" not in said
    assert "bid" not in said.split("How sure that is")[0].split("What to do")[1]
    assert not any(claim["verdict"] == "better" for claim in claims(folder) if "mean of the past" in claim["text"])


def test_the_next_day_is_forecast_where_nothing_has_to_be_known_of_it():
    table = prices(100, ahead=0).drop(columns=["gen_forecast", "system_load"])
    markets = Markets.of(table, PricesSettings(columns=PricesColumns(known=[])), "own.csv")
    assert not markets.held_back
    assert (markets.future["ds"].dt.strftime("%Y-%m-%d") == "2016-11-01").all()
    assert markets.future.groupby("unique_id").size().tolist() == [24, 24]
    assert not any("left aside" in note for note in markets.notes)
    assert Markets.of(prices(100, ahead=0), PricesSettings(), "own.csv").held_back
    begun = table[table["ds"] < "2016-10-31 07:00"]  # of a day that is not over
    assert Markets.of(begun, PricesSettings(columns=PricesColumns(known=[])), "own.csv").held_back


def test_prices_around_zero_in_one_market_are_forecast_better_than_by_the_naive(tmp_path):
    """Half of these prices are below zero; the day after the last price is forecast."""
    table = prices(400, shift=-35.0)
    assert (table.y < 0).mean() > 0.35
    own = written(table[table.unique_id == "FR"].rename(columns={"gen_forecast": "wind"}), tmp_path / "own.csv")
    settings = [
        "n_jobs=1",
        "origins=60",
        "refit_every=20",
        "levels=[90]",
        "leak_guard=false",
        'columns.known=["wind", "system_load"]',
    ]
    folder = run_study("prices", overrides=settings, data=own, out=tmp_path / "run").parent
    found = metrics(folder)
    assert found["FR gain against similar day"] > 0.1
    forecast = pd.read_parquet(folder / "forecast.parquet")
    assert forecast.ds.min() == pd.Timestamp("2016-10-31")
    assert len(forecast) == 24


def test_the_future_of_the_table_does_not_reach_the_forecast(tmp_path):
    """Without the prices of the last day, or with nonsense in their place, the day is forecast alike."""
    table = prices(120, ahead=0)
    last = table.ds >= "2016-10-31"
    made = []
    for number, y in enumerate((table.y, table.y.mask(last, 999.0), table.y.mask(last))):
        own = written(table.assign(y=y), tmp_path / f"{number}.csv")
        settings = [*FEW, "levels=[90]", "leak_guard=false"]  # how it was tried is not looked at
        folder = run_study("prices", overrides=settings, data=own, out=tmp_path / str(number)).parent
        made.append(pd.read_parquet(folder / "forecast.parquet"))
    pd.testing.assert_frame_equal(made[0], made[1], check_exact=True)
    pd.testing.assert_frame_equal(made[0], made[2], check_exact=True)


def test_the_next_day_is_forecast_by_the_run(tmp_path):
    table = prices(150)
    first = table[table.ds < "2016-10-21"]
    folder = run_study("prices", overrides=FEW, data=written(first, tmp_path / "own.csv"), out=tmp_path / "run").parent
    path, told = predict_from(folder, data=written(table[table.ds >= "2016-10-18"], tmp_path / "new.csv"))
    made = pd.read_csv(path, parse_dates=["ds"])
    assert len(made) == 48
    assert (made.ds.dt.date.astype(str) == "2016-10-31").all()
    assert "72 rows of BE were known already, and agree." in told
    priced = table[(table.ds >= "2016-10-18") & table.y.notna()]
    refusals = {
        "there is no day to be forecast": priced,
        "no rows of 'FR'": table[(table.ds >= "2016-10-18") & (table.unique_id == "BE")],
        "the model knows the values only up to": table[table.ds >= "2016-10-25"],
        "values differ from those that the model learnt from": table[table.ds >= "2016-10-18"].assign(y=table.y + 1),
    }
    for said, rows in refusals.items():
        with pytest.raises(DataError, match=said):
            predict_from(folder, data=written(rows, tmp_path / "wrong.csv"))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda t: t[~((t.unique_id == "FR") & t.y.isna())], "there for 'BE', but not for 'FR'"),
        (lambda t: t.drop(index=[30, 31]), "2 stamps are missing"),
        (lambda t: t.assign(gen_forecast=t.gen_forecast.mask(t.index == 40)), "gen_forecast"),
        (lambda t: t.groupby("unique_id").tail(24 * 6), "77 days before the first origin.*FR: 1, BE: 1.*origins="),
        (lambda t: t.groupby("unique_id").tail(24 * 3), "origins="),
        (lambda t: t.drop(columns="y"), "column 'y'"),
    ],
)
def test_what_is_wrong_with_own_prices_is_told_with_its_mend(change, said, tmp_path):
    own = written(change(prices(40)), tmp_path / "own.csv")
    with pytest.raises(DataError, match=said):
        run_study("prices", overrides=FEW, data=own, out=tmp_path / "run")


@pytest.mark.parametrize(
    ("setting", "said"),
    [("levels=[0, 80]", "between 1 and 100"), ("levels=[80, 80]", "different levels"), ("half_life=soon", "half_life"),
     ('columns.known=["a", "a"]', "fills two roles"), ("hours=0", "hours"), ("hours=24", "hours"), ("horizon=2D", "a day at a time"), ("clock=25:00", "clock"), ('called=["FR France"]', "as in 'FR: France'"), ("timezone=Mars", "no such time zone")],
)  # fmt: skip
def test_wrong_settings_are_told(setting, said, tmp_path):
    with pytest.raises(SettingsError, match=said):
        run_study("prices", overrides=[setting], out=tmp_path / "run")


def test_markets_of_different_length_do_without_their_neighbours():
    table = prices(60)
    short = table[~((table.unique_id == "FR") & (table.ds < "2016-09-10"))]
    markets = Markets.of(short, PricesSettings(), "own.csv")
    assert not markets.neighbours
    assert any("do not cover the same time" in note for note in markets.notes)
    assert Markets.of(table, PricesSettings(), "own.csv").neighbours


def test_neighbours_are_the_mean_of_the_others():
    stamps = pd.date_range("2024-01-01", periods=72, freq="h")
    table = pd.concat(
        [
            pd.DataFrame({"unique_id": key, "ds": stamps, "y": value + np.arange(72)})
            for key, value in {"a": 0.0, "b": 10, "c": 50}.items()
        ]
    )
    past = Markets.of(table, PricesSettings(columns=PricesColumns(known=[])), "own.csv").past
    gap = past["price of the other markets"] - past.groupby("unique_id").cumcount()
    assert gap.groupby(past.unique_id).first().to_dict() == {"a": 30.0, "b": 25.0, "c": 5.0}


def test_a_day_without_any_price_follows_what_the_model_knows(tmp_path):
    table = prices(120)
    folder = run_study(
        "prices", overrides=FEW, data=written(table[table.y.notna()], tmp_path / "own.csv"), out=tmp_path / "run"
    ).parent
    coming = table[table.y.isna()]
    path, _ = predict_from(folder, data=written(coming, tmp_path / "next.csv"))
    assert len(pd.read_csv(path)) == 48
    with pytest.raises(DataError, match=r"system_load.*another unit.*accept_drift"):
        predict_from(folder, data=written(coming.assign(system_load=100 * coming.system_load), tmp_path / "kw.csv"))
    with pytest.raises(DataError, match="no row has a price, but the model knows prices up to 2016-10-30 23:00:00"):
        predict_from(folder, data=written(table[table.ds >= "2016-10-30"].assign(y=np.nan), tmp_path / "again.csv"))
    with pytest.raises(SettingsError, match="horizon"):
        predict_from(folder, data=written(coming, tmp_path / "next.csv"), overrides=["horizon=2D"])


@pytest.mark.parametrize(("day", "steps"), [("2015-03-29", 23), ("2015-10-25", 25), ("2015-10-24", 24)])
@pytest.mark.parametrize("priced", [True, False])
def test_days_are_as_long_as_the_clocks_make_them(day, steps, priced):
    stamps = pd.date_range(
        "2014-12-01", pd.Timestamp(day) + pd.Timedelta("1D"), freq="h", tz="Europe/Brussels", inclusive="left"
    )
    table = pd.DataFrame({"unique_id": "BE", "ds": stamps, "y": np.arange(len(stamps)) % 24.0, "load": 1.0})
    if not priced:
        table["y"] = table["y"].mask(table["ds"] >= pd.Timestamp(day, tz="Europe/Brussels"))
    known = PricesColumns(known=["load"])
    markets = Markets.of(table, PricesSettings(columns=known, timezone="Europe/Brussels"), "own.csv")
    assert markets.held_back == priced
    assert markets.steps == steps
    assert (markets.future.ds.dt.strftime("%Y-%m-%d") == day).all()
    assert len(markets.past) == len(stamps) - steps


def test_the_day_of_25_hours_is_forecast_whole(tmp_path):
    stamps = pd.date_range("2015-07-15", "2015-10-26", freq="h", tz="Europe/Brussels", inclusive="left")
    rng = np.random.default_rng(0)
    y = 40 + 10 * np.sin(2 * np.pi * stamps.hour / 24) + rng.normal(size=len(stamps))
    own = pd.DataFrame({"unique_id": "BE", "ds": stamps.strftime("%Y-%m-%dT%H:%M:%S%z"), "y": y})
    own.loc[stamps >= pd.Timestamp("2015-10-25", tz="Europe/Brussels"), "y"] = np.nan
    settings = [*FEW, "columns.known=[]", "timezone=Europe/Brussels"]
    folder = run_study(
        "prices", overrides=settings, data=written(own, tmp_path / "own.csv"), out=tmp_path / "run"
    ).parent
    forecast = pd.read_parquet(folder / "forecast.parquet")
    assert len(forecast) == 25
    assert "Sun 25 Oct 2015" in (folder / "report.html").read_text()


def test_the_day_begins_at_the_clock():
    table = prices(100, ahead=0)
    markets = Markets.of(table, PricesSettings(clock="06:00"), "own.csv")
    assert markets.future.ds.min() == pd.Timestamp("2016-10-30 06:00")
    assert markets.future.ds.max() == pd.Timestamp("2016-10-31 05:00")
    assert any("36 rows, of a day that is not over" in note for note in markets.notes)
    with pytest.raises(DataError, match="is that of 2016-10-31 00:00, but a day begins at 06:00"):
        Markets.of(prices(100), PricesSettings(clock="06:00"), "own.csv")


def test_rows_after_the_day_are_left_aside_and_told():
    markets = Markets.of(prices(100, ahead=3), PricesSettings(), "own.csv")
    assert markets.steps == 24
    assert "96 rows after the day to be forecast are left aside" in markets.notes


def test_markets_that_end_apart_or_stand_still_are_refused():
    table = prices(100, ahead=0)
    apart = table[~((table.unique_id == "BE") & (table.ds >= "2016-10-31"))]
    with pytest.raises(DataError, match="end at different times"):
        Markets.of(apart, PricesSettings(), "own.csv")
    still = Markets.of(
        table.assign(y=table.y.where(table.unique_id == "FR", 30.0)),
        PricesSettings(origins=4, first_origin=""),
        "own.csv",
    )
    with pytest.raises(DataError, match="the prices of 'BE' stand still"):
        still.walk(PricesSettings(origins=4))


@pytest.mark.parametrize("step", ["D", "W", "MS"])
def test_one_price_a_day_is_refused_at_once(step):
    stamps = pd.date_range("2020-01-01", periods=100, freq=step)
    table = pd.DataFrame({"unique_id": "A", "ds": stamps, "y": np.arange(100.0)})
    with pytest.raises(DataError, match="there is one price every .* the hours of a day"):
        Markets.of(table, PricesSettings(columns=PricesColumns(known=[])), "own.csv")


def test_errors_name_the_rows_of_the_file():
    table = prices(100).sample(frac=1, random_state=0).reset_index(drop=True)
    place = int(np.flatnonzero(table.y.notna())[500])
    table.loc[place, "system_load"] = np.nan
    with pytest.raises(DataError, match=rf"system_load.*\(row {place + 1}\)"):
        Markets.of(table, PricesSettings(), "own.csv")
    ahead = int(np.flatnonzero(table.y.isna())[10])
    table = table.assign(system_load=table.system_load.fillna(1.0))
    table.loc[ahead, "gen_forecast"] = np.nan
    with pytest.raises(DataError, match=rf"gen_forecast.*\(row {ahead + 1}\)"):
        Markets.of(table, PricesSettings(), "own.csv")
