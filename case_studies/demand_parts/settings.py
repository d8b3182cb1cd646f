"""Settings of the demand study."""

from __future__ import annotations

from typing import Annotated, Literal

import pandas as pd
from pydantic import Field

from shared.data import Panel
from shared.runtime.config import Settings

__all__ = ["DemandSettings", "ReadSettings"]

Clock = Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]


class ReadSettings(Settings):
    """How an own file is to be read, where sniffing cannot tell; the arguments of `shared.data.read_table`.

    >>> ReadSettings(dates="day-first").dates
    'day-first'
    """

    separator: str | None = None
    decimal: Literal[".", ","] | None = None
    encoding: str | None = None
    dates: str | None = None
    tz: str | None = None
    repair: list[str] = []


class DemandSettings(Settings):
    """Settings of the demand study; their meaning stands beside their values in demand.toml.

    >>> DemandSettings(risk=0.05).level
    90.0
    """

    horizon: int | str = "2D"
    origins: int = Field(52, ge=2, le=1000)
    every: int | str = "7D"
    first_origin: str = ""
    clocks: list[Clock] = Field(["12:00"], min_length=1, max_length=4)
    other_weekdays: bool = False
    risk: float = Field(0.05, gt=0, lt=0.5)
    unit: str = "MW"
    timezone: str = "Australia/Melbourne"
    comfort: list[float] = [14.0, 20.0]
    reserve_price: float = Field(15.0, ge=0)
    upcoming_holidays: list[str] = []
    seed: int = Field(0, ge=0)
    n_jobs: int = 1
    read: ReadSettings = ReadSettings()

    @property
    def level(self) -> float:
        """Nominal coverage, in percent, of the interval that leaves the risk above it."""
        return round(100 * (1 - 2 * self.risk), 6)

    @property
    def tries(self) -> str:
        """What an origin is called."""
        return "weeks" if self.every == "7D" else "tries"

    def upcoming(self, panel: Panel) -> pd.DataFrame:
        """Stamps of the horizon after the data, with the holidays named in the settings."""
        future = panel.future_frame(panel.frequency.steps(self.horizon))
        days = future[panel.columns.ds].dt.strftime("%Y-%m-%d")
        return future.assign(Holiday=days.isin(self.upcoming_holidays))
