"""The tables that the prices report speaks from: scores, the day ahead, bids, what choosing hours paid, and spikes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from case_studies.common.forecasting.words import keep_scores
from domains.timeseries import FlexibleLoad, Forecast, flexible_load, reliability
from shared.data import Frequency
from shared.data import columns as names
from shared.data.columns import interval_columns
from shared.evaluation import Scores
from shared.reporting import Evidence
from shared.text import format_stamp

from .markets import Markets
from .models import MODEL, NAIVE
from .settings import PricesSettings

Alone = Mapping[str, Scores]
ALL_DAY, HINDSIGHT = "all day", "all prices known"
LATE = 28  # days, the last ones tried: prices change more than what is learnt
DEAREST = 0.95  # quantile of prices from which on they count as dear


@dataclass(frozen=True)
class Tables:
    """What the report's sentences are worked out from, as the run keeps it.

    Attributes
    ----------
    scores, predictions : pandas.DataFrame
        Of all trials, the market in column "market".
    ahead : pandas.DataFrame
        A row a step of the day ahead: what is expected, its quantiles, whether it is among the cheapest, what happened.
    blocks : pandas.DataFrame
        The cheapest steps of the day ahead, from when until when.
    bids : pandas.DataFrame
        A row a quantile: how many bids at it were to be accepted, and how many would have been.
    loads : pandas.DataFrame
        What a load paid on each day, by the way in which its hours were chosen.
    dear : pandas.DataFrame
        The dearest twentieth of prices, whether the interval held them, and how far the forecast lay below.
    same : pandas.DataFrame
        A row a column known ahead and pair of markets: in how many rows they have one value.

    >>> stamps = pd.date_range("2024-01-01", periods=4, freq="h")
    >>> ahead = pd.DataFrame({"market": "FR", "time": stamps, "cheap": [True, True, False, False]})
    >>> Tables(ahead, ahead, ahead, ahead, ahead, ahead, ahead, ahead).hours
    2.0
    """

    scores: pd.DataFrame
    predictions: pd.DataFrame
    ahead: pd.DataFrame
    blocks: pd.DataFrame
    bids: pd.DataFrame
    loads: pd.DataFrame
    dear: pd.DataFrame
    same: pd.DataFrame

    @classmethod
    def of(
        cls,
        settings: PricesSettings,
        alone: Alone,
        without: Scores,
        loads: Mapping[str, FlexibleLoad],
        forecast: Forecast,
        markets: Markets,
    ) -> Tables:
        """Make them from the results."""
        kept = keep_scores(alone, "market")
        market = settings.columns.market
        bare = keep_scores({key: without.only(**{market: key}) for key in alone}, "market")["scores"]
        bare = bare[~bare["model"].isin(kept["scores"]["model"].unique())]
        steps = next(iter(loads.values())).steps
        ahead = pd.concat([look_ahead(forecast, markets, key, settings, steps) for key in alone], ignore_index=True)
        scores = pd.concat([kept["scores"], bare], ignore_index=True)
        return cls(
            scores.assign(late=scores["origin"] > scores["origin"].max() - pd.Timedelta(days=LATE)),
            kept["predictions"],
            ahead,
            pd.concat([find_blocks(rows) for _, rows in ahead.groupby("market", sort=False)], ignore_index=True),
            pd.concat([count_bids(key, scores, settings) for key, scores in alone.items()], ignore_index=True),
            pd.concat([list_paid(key, load) for key, load in loads.items()], ignore_index=True),
            pd.concat([find_dear(key, scores, settings) for key, scores in alone.items()], ignore_index=True),
            compare_columns(markets.past, settings),
        )

    def kept(self) -> dict[str, pd.DataFrame]:
        """The tables by the name of their files."""
        return {name: frame for name, frame in vars(self).items() if len(frame)}

    @property
    def hours(self) -> float:
        """How long a load runs that can choose its hours, in each market."""
        first = self.ahead[self.ahead["market"] == self.ahead["market"].iloc[0]]
        step = first["time"].iloc[1] - first["time"].iloc[0]
        return int(first["cheap"].sum()) * float(step / pd.Timedelta("1h"))

    def of_model(self, key: str, metric: str = "mae", model: str = MODEL) -> Evidence:
        """Scores of a model in one market."""
        return Evidence("scores", self.scores, {"market": key, "model": model, "metric": metric})

    def of_late(self, key: str, settings: PricesSettings) -> Evidence:
        """Coverage of the last days tried in one market.

        Parameters
        ----------
        key : str
        settings : PricesSettings
        """
        where = {"market": key, "model": MODEL, "metric": f"coverage-{settings.level:g}", "late": True}
        return Evidence("scores", self.scores, where)

    def rows(self, name: str, key: str) -> Evidence:
        """Rows of one of the tables in one market."""
        return Evidence(name, getattr(self, name), {"market": key})


def find_loads(alone: Alone, settings: PricesSettings, grid: Frequency) -> dict[str, FlexibleLoad]:
    """What a load that runs a few hours a day would have paid in each market.

    Parameters
    ----------
    alone : mapping of str to Scores
        By market.
    settings : PricesSettings
    grid : Frequency

    >>> falling = [4.0, 3.0, 2.0, 1.0]
    >>> rows = {"split": 1, "step": [1, 2, 3, 4], "unique_id": "FR", "mean": falling, "y": falling}
    >>> made = pd.concat([pd.DataFrame({"model": name, **rows}) for name in (MODEL, NAIVE)])
    >>> six_hours = Frequency("fixed", 6 * 3600 * 10**9)
    >>> find_loads({"FR": Scores(made, made, made, ())}, PricesSettings(), six_hours)["FR"].paid
    1.0
    """
    day = grid.steps("1D")
    steps = min(max(1, round(settings.hours * day / 24)), max(1, day - 1))
    own: dict[str, Any] = {"unit": settings.unit, "unique_id": settings.columns.market, "y": settings.columns.price}
    return {key: flexible_load(scores.predictions, MODEL, NAIVE, steps=steps, **own) for key, scores in alone.items()}


def name_quantiles(settings: PricesSettings) -> dict[float, str]:
    """Columns of a forecast by the quantile that they are, in percent.

    >>> name_quantiles(PricesSettings(levels=[80]))
    {10.0: 'lo-80', 50.0: 'median', 90.0: 'hi-80'}
    """
    found = {50.0: names.MEDIAN}
    for level in settings.levels:
        low, high = interval_columns(level)
        found |= {50 - level / 2: low, 50 + level / 2: high}
    return dict(sorted(found.items()))


def look_ahead(forecast: Forecast, markets: Markets, key: str, settings: PricesSettings, steps: int) -> pd.DataFrame:
    """The day ahead of a market, step by step."""
    series = settings.series
    own = forecast.one(key).reset_index(drop=True)
    came = own.merge(
        markets.future[[series.unique_id, series.ds, series.y]], on=[series.unique_id, series.ds], how="left"
    )
    stamps = own[series.ds]
    step = stamps.iloc[1] - stamps.iloc[0]
    cheapest = np.argsort(own["mean"].to_numpy(), kind="stable")[:steps]
    return pd.DataFrame(
        {
            "market": key,
            "time": stamps,
            "day": format_stamp(stamps.iloc[0].normalize()),
            "step": np.arange(len(own)),
            "from": stamps.dt.strftime("%H:%M"),
            "until": [f"{one:%H:%M}".replace("00:00", "24:00") for one in stamps + step],
            "expected": own["mean"],
            **{f"{q:g} %": own[column] for q, column in name_quantiles(settings).items()},
            "cheap": np.isin(np.arange(len(own)), cheapest),
            "actual": came[series.y],
        }
    )


def find_blocks(ahead: pd.DataFrame) -> pd.DataFrame:
    """The cheap steps of one market, those that follow one another as one.

    >>> rows = pd.DataFrame({"market": "A", "step": [0, 1, 2, 3], "from": list("abcd"), "until": list("bcde")})
    >>> find_blocks(rows.assign(cheap=[True, True, False, True]))[["from", "until"]].to_numpy().tolist()
    [['a', 'c'], ['d', 'e']]
    """
    cheap = ahead[ahead["cheap"]]
    block = (cheap["step"].diff() != 1).cumsum().rename("block")
    return cheap.groupby(["market", block], sort=False).agg({"from": "first", "until": "last"}).reset_index()


def count_bids(key: str, scores: Scores, settings: PricesSettings) -> pd.DataFrame:
    """How many bids to buy at each quantile would have been accepted."""
    found = reliability(scores, MODEL, y=settings.columns.price).frame["all"]
    return pd.DataFrame(
        {"market": key, "quantile": [f"{100 * q:g} %" for q in found.index], "meant": found.index, "accepted": found}
    ).reset_index(drop=True)


def list_paid(key: str, load: FlexibleLoad) -> pd.DataFrame:
    """Mean price paid on each day, by the way in which the hours were chosen."""
    ways = load.by_origin.rename(columns={"best": HINDSIGHT, "all": ALL_DAY})
    long = ways.reset_index().melt(names.SPLIT, list(ways.columns), var_name="way", value_name="paid")
    return long.rename(columns={names.SPLIT: "origin"}).assign(market=key)


def find_dear(key: str, scores: Scores, settings: PricesSettings) -> pd.DataFrame:
    """The dearest twentieth of the prices tried in a market."""
    y, ds = settings.columns.price, settings.columns.time
    rows = scores.predictions[scores.predictions[names.MODEL] == MODEL]
    rows = rows[rows[y] >= float(rows[y].quantile(DEAREST))]
    low, high = interval_columns(settings.level)
    return pd.DataFrame(
        {
            "market": key,
            "time": rows[ds],
            "price": rows[y],
            "expected": rows["mean"],
            "short": rows[y] - rows["mean"],
            "inside": (rows[y] >= rows[low]) & (rows[y] <= rows[high]),
        }
    ).reset_index(drop=True)


def compare_columns(past: pd.DataFrame, settings: PricesSettings) -> pd.DataFrame:
    """In how many rows two markets have one value in a column that is known ahead.

    Parameters
    ----------
    past : pandas.DataFrame
    settings : PricesSettings

    >>> past = pd.DataFrame({"unique_id": ["A", "A", "B", "B"], "ds": [1, 2, 1, 2], "load": [5.0, 6.0, 5.0, 6.0]})
    >>> compare_columns(past, PricesSettings(columns={"known": ["load"]})).to_dict("records")
    [{'column': 'load', 'market': 'A', 'other': 'B', 'rows': 2, 'equal': 2}]
    """
    series, found = settings.series, []
    for name in series.exogenous:
        wide = past.pivot(index=series.ds, columns=series.unique_id, values=name)
        for one, other in combinations(dict.fromkeys(past[series.unique_id]), 2):
            both = wide[[one, other]].dropna()
            found.append((name, one, other, len(both), int((both[one] == both[other]).sum())))
    return pd.DataFrame(found, columns=["column", "market", "other", "rows", "equal"])
