"""The tables that the demand report speaks from: scores by time of day, the reserve ahead, what heat did to errors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from case_studies.common.forecasting.words import keep_scores
from domains.timeseries import Forecast, Reserve
from shared.data.columns import interval_columns, median_of
from shared.evaluation import Scores
from shared.reporting import Evidence
from shared.text import format_stamp

from .models import MODEL
from .settings import DemandSettings

AHEAD = ("day", "expected", "upper", "reserve")  # columns of the table ahead, beside the stamps
HOTTEST = 0.9  # quantile of the highest temperature of a trial, from which on it counts as hot


@dataclass(frozen=True)
class Tables:
    """What the report's sentences are worked out from, as the run keeps it.

    Attributes
    ----------
    scores, predictions : pandas.DataFrame
        Of all trials, the time of day in column "clock".
    ahead : pandas.DataFrame
        Stamp (in the user's column, or in "from" where that is called like one of these), day, expected, upper bound
        and reserve of every step after the data.
    reserve : pandas.DataFrame
        A row a model: mean reserve held, and what exactly the risk aimed at would have taken.
    heat : pandas.DataFrame
        A row a trial: its error, the highest temperature in it, and whether it was among the hottest.
    clock : str
        Time of day at which the forecast starts.
    exceeded : pandas.DataFrame
        Share of the outcomes above the upper bound, in the first quarter of the steps and in the others.
    """

    scores: pd.DataFrame
    predictions: pd.DataFrame
    ahead: pd.DataFrame
    reserve: pd.DataFrame
    heat: pd.DataFrame
    clock: str
    exceeded: pd.DataFrame

    @classmethod
    def of(
        cls,
        settings: DemandSettings,
        scores: Mapping[str, Scores],
        reserve: Reserve,
        forecast: Forecast,
        *,
        heat: pd.DataFrame,
    ) -> Tables:
        """Make them from the results."""
        kept = keep_scores(scores)
        return cls(
            kept["scores"],
            kept["predictions"],
            look_ahead(forecast, settings),
            tabulate(reserve),
            heat,
            next(iter(scores)),
            find_exceeded(kept["predictions"], next(iter(scores)), settings),
        )

    def kept(self) -> dict[str, pd.DataFrame]:
        """The tables by the name of their files."""
        heat = {"heat": self.heat} if len(self.heat) else {}
        return {
            "scores": self.scores,
            "predictions": self.predictions,
            "reserve_ahead": self.ahead,
            "reserve": self.reserve,
            "exceeded": self.exceeded,
            **heat,
        }

    @property
    def tried(self) -> str:
        """What the trials are called: by the hour at which they start, where a day has several."""
        return "the trials" if is_daily(self.ahead.iloc[:, 0]) else f"trials from {self.clock}"

    def of_model(self) -> Evidence:
        """Scores of the model in the trials from the hour at which the forecast starts."""
        return Evidence("scores", self.scores, {"clock": self.clock, "model": MODEL})


def is_daily(stamps: pd.Series[pd.Timestamp]) -> bool:
    """Whether rows are a day apart, so that no hour of it is spoken of.

    Parameters
    ----------
    stamps : pandas.Series

    >>> is_daily(pd.Series(pd.date_range("2024-01-01", periods=3, freq="D")))
    True
    """
    return bool(stamps.iloc[1] - stamps.iloc[0] >= pd.Timedelta("23h"))


def stamp_column(ds: str) -> str:
    """Name of the stamps in the table ahead: the user's own, unless that is one of the table's.

    Parameters
    ----------
    ds : str

    >>> stamp_column("Zeit"), stamp_column("day")
    ('Zeit', 'from')
    """
    return "from" if ds in AHEAD else ds


def look_ahead(forecast: Forecast, settings: DemandSettings) -> pd.DataFrame:
    """What is expected at every step after the data, and the reserve to hold above it.

    Parameters
    ----------
    forecast : Forecast
    settings : DemandSettings
    """
    frame, ds = forecast.to_frame(), settings.columns.time
    stamps = stamp_column(ds)
    expected, upper = frame[median_of(frame)], frame[interval_columns(settings.level)[1]]
    days = [format_stamp(stamp) for stamp in frame[ds].dt.normalize()]
    return pd.DataFrame(
        {stamps: frame[ds], "day": days, "expected": expected, "upper": upper, "reserve": upper - expected}
    )


def find_exceeded(predictions: pd.DataFrame, clock: str, settings: DemandSettings) -> pd.DataFrame:
    """How often outcomes lay above the upper bound, in the first quarter of the steps and in the others.

    Parameters
    ----------
    predictions : pandas.DataFrame
    clock : str
    settings : DemandSettings

    >>> rows = {"clock": "", "model": MODEL, "step": [1, 2, 3, 4], "Demand": [9.0, 1, 1, 1], "hi-90": 2.0}
    >>> find_exceeded(pd.DataFrame(rows), "", DemandSettings())["short"].tolist()
    [1.0, 0.0]
    """
    rows = predictions[(predictions["clock"] == clock) & (predictions["model"] == MODEL)]
    above = rows[settings.columns.demand] > rows[interval_columns(settings.level)[1]]
    early = rows["step"] <= max(1, int(rows["step"].max()) // 4)
    parts = {"first quarter": above[early], "later": above[~early]}
    return pd.DataFrame(
        {
            "part": list(parts),
            "short": [float(part.mean()) for part in parts.values()],
            "n": [len(part) for part in parts.values()],
        }
    ).query("n > 0")


def tabulate(reserve: Reserve) -> pd.DataFrame:
    """The reserve of both models as rows.

    >>> tabulate(Reserve("m", "n", 0.05, 60.0, 100.0, 0.04, 0.05, 58.0, 99.0, pd.DataFrame()))["needed"].tolist()
    [58.0, 99.0]
    """
    return pd.DataFrame(
        {
            "model": [reserve.model, reserve.against],
            "held": [reserve.held, reserve.held_against],
            "short": [reserve.short, reserve.short_against],
            "needed": [reserve.needed, reserve.needed_against],
        }
    )


def find_heat(scores: Scores, demand: pd.DataFrame, settings: DemandSettings) -> pd.DataFrame:
    """The model's error in each trial beside the highest temperature in it; empty where none is known.

    Parameters
    ----------
    scores : Scores
    demand : pandas.DataFrame
    settings : DemandSettings
    """
    ds, temperature = settings.columns.time, settings.columns.temperature
    if not temperature:
        return pd.DataFrame({"origin": [], "error": [], "temperature": [], "hot": []})
    errors: Any = scores.values(MODEL, "mase")
    rows = scores.predictions
    steps = int((rows[rows["model"] == MODEL]["split"] == errors.index[0]).sum())
    highest = []
    for origin in errors.index:
        place = int(demand[ds].searchsorted(origin))
        highest.append(float(demand[temperature].iloc[place : place + steps].max()))
    limit = float(np.quantile(highest, HOTTEST))
    return pd.DataFrame(
        {
            "origin": errors.index,
            "error": errors.to_numpy(),
            "temperature": highest,
            "hot": [one >= limit for one in highest],
        }
    )
