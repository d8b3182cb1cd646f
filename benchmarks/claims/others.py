"""Two other bundled tables for each study, with the columns that fill its roles."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd

from shared.data import datasets

__all__ = ["OTHERS", "Other"]


@dataclass(frozen=True)
class Other:
    """A bundled table in the place of a study's own.

    Attributes
    ----------
    name : str
        Of the data set.
    make : callable
        Makes the table: some rows or columns of the data set, or one row for each of several things in a cell.
    columns : dict
        Column by role.
    more : tuple of str
        Further settings.
    """

    name: str
    make: Callable[[], pd.DataFrame]
    columns: dict[str, str]
    more: tuple[str, ...] = ()

    @property
    def overrides(self) -> list[str]:
        """As given by --set."""
        return [*(f"columns.{role}={name}" for role, name in self.columns.items()), *self.more]


def _one(name: str, column: str, value: str) -> pd.DataFrame:
    table = datasets.load(name)
    return table[table[column] == value].reset_index(drop=True)


def _days(name: str, time: str, days: int, kept: tuple[str, ...] = (), column: str = "") -> pd.DataFrame:
    """The last days of a table, of some of its series."""
    table = datasets.load(name)
    table = table[table[column].isin(kept)] if kept else table
    stamps = pd.DatetimeIndex(table[time])
    return table[stamps >= stamps.max() - pd.Timedelta(days, "D")].reset_index(drop=True)


def _explode(columns: list[str], *, into: str = "item") -> pd.DataFrame:
    """Films, a row for each of the things that some of their columns list."""
    films = datasets.load("films")
    parts = [films[["film", "year", "director"]].assign(**{into: films[name].str.split(", ")}) for name in columns]
    table = pd.concat([part.explode(into) for part in parts], ignore_index=True)
    return table[table[into].fillna("").str.strip() != ""].drop_duplicates().reset_index(drop=True)


def _retail() -> pd.DataFrame:
    """Retail turnover of the states, a column each."""
    table = datasets.load("aus_retail").groupby(["Month", "State"], observed=True)["Turnover"].sum()
    return table.unstack().dropna(axis=1).reset_index().rename_axis(columns=None)


def _sample(name: str, rows: int) -> pd.DataFrame:
    table = datasets.load(name)
    return table.sample(min(rows, len(table)), random_state=0).sort_index().reset_index(drop=True)


def _households(count: int) -> pd.DataFrame:
    table = datasets.load("grocery_transactions")
    kept = sorted(table["household_id"].unique())[:count]
    return table[table["household_id"].isin(kept)].reset_index(drop=True)


SENSORS = ("Southern Cross Station", "Bourke Street Mall (North)")

OTHERS: dict[str, tuple[Other, Other]] = {
    "demand": (
        Other(
            "epf_fr_be",
            lambda: _one("epf_fr_be", "unique_id", "FR"),
            {"time": "ds", "demand": "system_load"},
        ),
        Other(
            "pedestrian",
            lambda: _one("pedestrian", "Sensor", SENSORS[0]),
            {"time": "Date_Time", "demand": "Count"},
            ("read.repair=interpolate", "timezone=Australia/Melbourne"),
        ),
    ),
    "prices": (
        Other(
            "vic_elec",
            lambda: _days("vic_elec", "Time", 300).assign(market="Victoria"),
            {"market": "market", "time": "Time", "price": "Demand", "known": "[]"},
            ("timezone=Australia/Melbourne", "unit=MW"),
        ),
        Other(
            "pedestrian",
            lambda: _days("pedestrian", "Date_Time", 300, SENSORS, "Sensor"),
            {"market": "Sensor", "time": "Date_Time", "price": "Count", "known": "[]"},
            ("read.repair=interpolate", "timezone=Australia/Melbourne"),
        ),
    ),
    "grocery": (
        Other(
            "films",
            lambda: _explode(["genre", "language", "country"]),
            {"order": "film", "item": "item", "time": "year"},
        ),
        Other("cards", lambda: datasets.load("cards"), {"order": "card", "item": "merchant"}),
    ),
    "products": (
        Other(
            "helsinki_visits",
            lambda: datasets.load("helsinki_visits"),
            {"user": "customer", "item": "site", "quantity": "visits", "time": ""},
        ),
        Other("films", lambda: _explode(["cast"]), {"user": "director", "item": "item", "time": "year"}),
    ),
    "shuttle": (
        Other("cards", lambda: _sample("cards", 6000), {"row": "payment", "label": "fraud"}),
        Other("films", lambda: _sample("films", 4000), {"row": "film", "label": ""}),
    ),
    "sensors": (
        Other(
            "vic_elec",
            lambda: datasets.load("vic_elec"),
            {"sensor": "", "time": "Time", "value": "Demand"},
            ("timezone=Australia/Melbourne",),
        ),
        Other(
            "epf_fr_be",
            lambda: datasets.load("epf_fr_be"),
            {"sensor": "unique_id", "time": "ds", "value": "y"},
        ),
    ),
    "fraud": (
        Other(
            "grocery_transactions",
            lambda: _households(100),
            {"time": "transaction_timestamp", "amount": "sales_value", "card": "household_id", "label": ""},
        ),
        Other(
            "aus_retail",
            lambda: datasets.load("aus_retail").query("Month >= '2008'").reset_index(drop=True),
            {"time": "Month", "amount": "Turnover", "card": "Series ID", "category": "Industry", "country": "State"},
        ),
    ),
    "portfolio": (
        Other("factor_funds", lambda: datasets.load("factor_funds"), {"time": "Date"}),
        Other("aus_retail", _retail, {"time": "Month"}, ("window=120", "history=240")),
    ),
    "features": (
        Other("channels", lambda: datasets.load("channels"), {"target": "sales", "time": "week"}),
        Other("shuttle", lambda: _sample("shuttle", 1500), {"target": "f9"}),
    ),
    "marketing": (
        Other(
            "insurance",
            lambda: datasets.load("insurance"),
            {"time": "Month", "response": "Quotes", "spend": '["TVadverts"]'},
        ),
        Other(
            "aus_retail",
            lambda: _retail().tail(150).reset_index(drop=True),
            {"time": "Month", "response": "Victoria", "spend": '["Queensland", "Tasmania"]'},
        ),
    ),
    "catalogue": (
        Other(
            "grocery_products",
            lambda: _sample("grocery_products", 2000),
            {"item": "product_id", "title": "product_type", "check": "department"},
        ),
        Other(
            "helsinki_places",
            lambda: datasets.load("helsinki_places"),
            {"item": "place", "title": "name", "check": "category"},
        ),
    ),
    "catchment": (
        Other("helsinki_stops", lambda: datasets.load("helsinki_stops"), {"people": "load"}),
        Other("helsinki_demand", lambda: datasets.load("helsinki_demand"), {"people": "weight"}),
    ),
    "delivery": (
        Other(
            "helsinki_addresses",
            lambda: _sample("helsinki_addresses", 30).assign(stop=[f"stop {number}" for number in range(30)]),
            {"name": "stop", "load": "people"},
        ),
        Other(
            "helsinki_places",
            lambda: _sample("helsinki_places", 30)[["place", "lon", "lat"]],
            {"name": "place"},
        ),
    ),
    "site": (
        Other("helsinki_addresses", lambda: datasets.load("helsinki_addresses"), {"weight": "people", "customer": ""}),
        Other("helsinki_stops", lambda: datasets.load("helsinki_stops"), {"weight": "load", "customer": ""}),
    ),
}
