"""What users of pandas and scikit-learn write from memory works in every domain, or is refused by the name of what is wrong."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression

from domains.anomaly import AlertClassifier, AnomalyDetector, DetectionTask, ForestDetector, SeriesDetector
from domains.basket import association_rules, frequent_itemsets
from domains.geodata import MapLayer, compute_isochrones, draw_map, make_grid_town, write_map
from domains.optimization import EvolutionarySelector, InvestmentTask, ResponseCurves, compute_returns
from domains.recommendation import EaseRecommender, Recommender
from domains.timeseries import AutoForecaster, SeasonalNaive, SimilarDay
from shared.errors import HexadError, SettingsError, StoreError

RNG = np.random.default_rng(0)
ROWS = pd.DataFrame({"amount": RNG.gamma(2, 20, 300), "country": RNG.choice(["AT", "DE"], 300)})
HOURS = pd.Series(RNG.normal(10, 1, 600), index=pd.date_range("2024-01-01", periods=600, freq="h"), name="load")
BASKETS = [["tea", "milk"], ["tea", "milk", "jam"], ["soap"], ["bread", "milk"]] * 20
VISITS = pd.DataFrame({"user": RNG.integers(0, 20, 300), "item": RNG.choice(list("abcdef"), 300)})


@pytest.fixture(scope="module")
def detector():
    return AnomalyDetector(random_state=0).fit(ROWS)


def test_alerts_are_a_list_and_a_table(detector):
    alerts = detector.find_alerts(ROWS, budget=4)
    assert len(alerts) == 4
    assert [alert.row for alert in alerts] == alerts["row"].tolist()
    assert alerts[0] == next(iter(alerts)) == alerts[:1][0]
    assert alerts.to_csv().startswith("row,p_value")
    assert repr(alerts) == "Alerts(4 alerts, n_rows=300, rule='the oddest')"
    assert not detector.find_alerts(ROWS, budget=1)[1:]


def test_detectors_take_what_is_at_hand(detector):
    both = AnomalyDetector(random_state=0).fit_predict(ROWS)
    assert both.tolist() == detector.predict(ROWS).tolist()
    one = AnomalyDetector(random_state=0).fit(ROWS["amount"])
    assert one.score_samples(ROWS["amount"]).tolist() == one.score_samples(ROWS[["amount"]]).tolist()
    assert DetectionTask("fraud", features="amount").features == ("amount",)
    found = SeriesDetector(random_state=0).scan(HOURS, budget=2)
    table = SeriesDetector(random_state=0).scan(HOURS.rename_axis("ds").reset_index(name="y"), budget=2)
    assert found.to_frame().equals(table.to_frame())
    assert [incident.start for incident in found] == found["start"].tolist()


def test_bare_names_are_names_in_baskets():
    assert repr(association_rules(BASKETS, 0.1, min_support=2)).startswith("Rules(")
    bare = frequent_itemsets(BASKETS, 2, with_items="tea")
    assert bare.to_frame().equals(frequent_itemsets(BASKETS, 2, with_items=["tea"]).to_frame())
    rules = association_rules(BASKETS, 0.1, min_support=2)
    assert (rules[rules["lift"] > 1]["lift"] > 1).all()
    assert "lift" in rules


def test_recommendations_are_a_table():
    found = EaseRecommender().fit(VISITS).recommend([3, 4], n=2)
    assert found["item"].tolist() == found.to_frame()["item"].tolist()
    assert found.to_pandas().equals(found.to_frame())


def test_one_price_and_one_channel_are_taken():
    prices = pd.Series([100.0, 110.0, 99.0], name="gold")
    assert compute_returns(prices)["gold"].round(3).tolist() == [0.1, -0.1]
    assert ResponseCurves.make("tv", top=100, half=10).channels == ("tv",)
    assert InvestmentTask(aside="sector").aside == ("sector",)


def test_maps_take_minutes_and_refuse_folders(tmp_path):
    town = make_grid_town(5, 5)
    middle = town.nodes_to_frame().iloc[[12]]
    said, meant = (compute_isochrones(town, middle, limit) for limit in (dt.timedelta(minutes=2), 120))
    assert said["area"].tolist() == meant["area"].tolist()
    with pytest.raises(StoreError, match="is a folder; give the name of a file in it"):
        write_map(tmp_path, town)
    for size in ((0, 0), 5, (7,), ("7", "5"), (float("nan"), 5)):
        with pytest.raises(SettingsError, match="size=.*: give width and height in inches"):
            draw_map(town, size=size)
    with pytest.raises(SettingsError, match="layers= is a list of MapLayer"):
        draw_map(town, MapLayer("middle", middle))


DAYS = pd.DataFrame({"ds": pd.date_range("2024-01-01", periods=60), "y": RNG.normal(10, 1, 60)})


@pytest.mark.parametrize(
    ("try_it", "message"),
    [
        (lambda: ForestDetector(random_state="x").fit(ROWS[["amount"]]), "random_state='x' is no seed"),
        (lambda: AnomalyDetector(random_state=-1).fit(ROWS), "random_state=-1 is no seed"),
        (lambda: SeriesDetector(channels=[3]).fit(HOURS), "channels: names are text"),
        (lambda: SeriesDetector(n_jobs="x", random_state=0).fit(HOURS), "n_jobs='x': give a whole number"),
        (
            lambda: EvolutionarySelector("ridge").fit(ROWS[["amount"]], ROWS["amount"]),
            "estimator='ridge' cannot be fitted",
        ),
        (
            lambda: EvolutionarySelector(LinearRegression).fit(ROWS[["amount"]], ROWS["amount"]),
            "estimator=LinearRegression cannot",
        ),
        (lambda: AutoForecaster(regressor="gbm").fit(DAYS), "regressor='gbm' cannot be fitted"),
        (lambda: AutoForecaster(seasons=[0]).fit(DAYS), "seasons are whole numbers from 1"),
        (lambda: AutoForecaster(members="arima").fit(DAYS), "members='arima': 'arima' is none; give some of 'naive'"),
        (lambda: SimilarDay(weekly=9).fit(DAYS), "weekly=9"),
        (lambda: SeasonalNaive().fit(DAYS).predict(2).sample(random_state="x"), "random_state='x' is no seed"),
        (lambda: Recommender(random_state="x").fit(VISITS), "random_state='x'"),
    ],
)
def test_a_message_names_the_parameter(try_it, message):
    with pytest.raises(SettingsError, match=message):
        try_it()


def test_directions_by_column_are_asked_for_as_such(detector):
    with pytest.raises(HexadError, match="only='amount': give it by column, as in"):
        detector.find_alerts(ROWS, budget=5, only="amount")
    assert AlertClassifier(random_state=0).random_state == 0
