"""Settings of the demand study."""

from __future__ import annotations

from datetime import date

import pandas as pd
from pydantic import Field, field_validator

from case_studies.common.forecasting.settings import Clock, Day, ForecastSettings
from shared.data import Panel

__all__ = ["DemandSettings"]


class DemandSettings(ForecastSettings):
    """Settings of the demand study; their meaning stands beside their values in settings.toml.

    >>> DemandSettings(risk=0.05).level
    90.0
    """

    horizon: int | str = "2D"
    every: int | str = "7D"
    clocks: list[Clock] = Field(["12:00"], min_length=1, max_length=4)
    other_weekdays: bool = False
    risk: float = Field(0.05, gt=0, lt=0.5)
    unit: str = "MW"
    timezone: str = "Australia/Melbourne"
    comfort: list[float] = [14.0, 20.0]
    reserve_price: float = Field(15.0, ge=0)
    upcoming_holidays: list[Day] = []

    @field_validator("upcoming_holidays")
    @classmethod
    def _days(cls, given: list[str]) -> list[str]:
        for day in given:
            date.fromisoformat(day)
        return given

    @field_validator("timezone")
    @classmethod
    def _some_zone(cls, given: str) -> str:
        if not given:
            raise ValueError("there is no such time zone; write it as in 'Europe/Berlin'")
        return given

    @field_validator("comfort")
    @classmethod
    def _ascending(cls, given: list[float]) -> list[float]:
        if sorted(set(given)) != given:
            raise ValueError("write the degrees in ascending order, as in [14, 20]")
        return given

    @property
    def level(self) -> float:
        """Nominal coverage, in percent, of the interval that leaves the risk above it."""
        return round(100 * (1 - 2 * self.risk), 6)

    def upcoming(self, panel: Panel) -> pd.DataFrame:
        """Stamps of the horizon after the data, with the holidays named in the settings."""
        future = panel.future_frame(panel.frequency.steps(self.horizon))
        days = future[panel.columns.ds].dt.strftime("%Y-%m-%d")
        return future.assign(Holiday=days.isin(self.upcoming_holidays))
