"""Settings that all forecasting studies share."""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated, Any

from pydantic import AfterValidator, Field, field_validator

from case_studies.common.settings import ReadSettings, Workers
from shared.data.frequency import is_zone, parse_duration
from shared.data.io.tables import REPAIRS as TABLE_REPAIRS
from shared.data.panel import REPAIRS as PANEL_REPAIRS
from shared.runtime.config import Settings

__all__ = ["Clock", "Day", "ForecastSettings"]


def _day(given: str) -> str:
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", given, re.ASCII):
        raise ValueError("write a day as in 2015-01-01")
    return given


def _clock(given: str) -> str:
    if not re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", given, re.ASCII):
        raise ValueError("write a time of day as in 06:30")
    return given


Day = Annotated[str, AfterValidator(_day)]
Clock = Annotated[str, AfterValidator(_clock)]


class ForecastSettings(Settings):
    """How far to forecast, from where it is tried, and how an own file is to be read.

    >>> ForecastSettings(horizon="2D").tries
    'days'
    """

    horizon: int | str = "1D"
    origins: int = Field(52, ge=2, le=1000)
    every: int | str = "1D"
    first_origin: str = ""
    timezone: str = ""
    unit: str = ""
    leak_guard: bool = True
    seed: int = Field(0, ge=0)
    n_jobs: Workers = 1
    read: ReadSettings = ReadSettings()

    @field_validator("horizon", "every")
    @classmethod
    def _duration(cls, given: int | str) -> int | str:
        if given != "":  # left for the study to choose, where it can
            parse_duration(given)
        return given

    @field_validator("first_origin")
    @classmethod
    def _first_day(cls, given: str) -> str:
        if given:
            date.fromisoformat(given)
        return given

    @field_validator("timezone")
    @classmethod
    def _zone(cls, given: str) -> str:
        if given and not is_zone(given):
            raise ValueError("there is no such time zone; write it as in 'Europe/Berlin'")
        return given

    @property
    def unit_after_number(self) -> str:
        """The unit as it stands behind a number; nothing where none is known."""
        return f" {self.unit}" if self.unit else ""

    @property
    def unit_after_label(self) -> str:
        """The unit as it stands behind the name of a quantity; nothing where none is known."""
        return f", {self.unit}" if self.unit else ""

    @property
    def in_unit(self) -> str:
        """The unit as it stands behind "prices" or "ranges"; nothing where none is known."""
        return f" in {self.unit}" if self.unit else ""

    @property
    def panel_repairs(self) -> tuple[Any, ...]:
        """Repairs of time: those that a panel makes."""
        return tuple(word for word in self.read.repair if word in PANEL_REPAIRS)

    @property
    def read_options(self) -> dict[str, Any]:
        """How an own file is to be read: stamps without offset are local to the time zone of the settings."""
        stated = {name: value for name, value in self.read.model_dump(exclude={"repair"}).items() if value}
        repair = [word for word in self.read.repair if word in TABLE_REPAIRS]
        zone = {"tz": self.timezone} if self.timezone else {}
        return {**zone, "repair": repair, "allow_missing": "drop_bad_rows" not in repair, **stated}

    @property
    def tries(self) -> str:
        """What an origin is called."""
        return {"7D": "weeks", "1D": "days"}.get(str(self.every), "tries")
