"""Settings of the prices study."""

from __future__ import annotations

from typing import Any

from pydantic import Field, field_validator

from case_studies.common.forecasting.settings import Clock, ForecastSettings
from shared.data.frequency import parse_duration

__all__ = ["PricesSettings"]


class PricesSettings(ForecastSettings):
    """Settings of the prices study; their meaning stands beside their values in settings.toml.

    >>> PricesSettings(levels=[80, 50]).level
    80.0
    """

    clock: Clock = "00:00"
    refit_every: int = Field(7, ge=1)
    known: list[str] = ["gen_forecast", "system_load"]
    levels: list[float] = Field([50.0, 80.0, 90.0], min_length=1, max_length=9)
    half_life: str = "90D"
    hours: float = Field(6.0, gt=0, lt=24)
    unit: str = "EUR/MWh"

    @field_validator("levels")
    @classmethod
    def _percent(cls, given: list[float]) -> list[float]:
        if not all(0 < level < 100 for level in given) or len(set(given)) < len(given):
            raise ValueError("give different levels, each between 0 and 100 percent")
        return sorted(given)

    @field_validator("horizon")
    @classmethod
    def _a_day(cls, given: int | str) -> int | str:
        if given != "1D":
            raise ValueError("prices are auctioned a day at a time; leave it at '1D'")
        return given

    @field_validator("half_life")
    @classmethod
    def _time(cls, given: str) -> str:
        if given:
            parse_duration(given)
        return given

    @field_validator("known")
    @classmethod
    def _named_once(cls, given: list[str]) -> list[str]:
        if len(set(given)) < len(given) or "" in given:
            raise ValueError("name each column once")
        return given

    @property
    def level(self) -> float:
        """The widest interval."""
        return max(self.levels)

    @property
    def zone(self) -> str | None:
        """Zone of stamps without offset."""
        return self.timezone or None

    @property
    def read_options(self) -> dict[str, Any]:
        """How an own file is to be read: rows of the next day have no price yet."""
        return {**super().read_options, "allow_missing": True}
