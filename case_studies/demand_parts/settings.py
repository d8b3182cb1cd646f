"""Settings of the demand study."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

import pandas as pd
from pydantic import Field, ValidationInfo, field_validator

from shared.data import Panel
from shared.data.frequency import is_zone, parse_duration
from shared.data.panel import REPAIRS as PANEL_REPAIRS
from shared.data.tables import REPAIRS as TABLE_REPAIRS
from shared.data.tables import check_options
from shared.errors import quoted
from shared.runtime.config import Settings

__all__ = ["DemandSettings", "ReadSettings"]

Day = Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$")]
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
    query: str | None = None
    repair: list[str] = []

    @field_validator("separator", "encoding", "dates", "tz")
    @classmethod
    def _readable(cls, given: str | None, info: ValidationInfo) -> str | None:
        check_options(**{str(info.field_name): given})
        return given

    @field_validator("repair", mode="before")
    @classmethod
    def _as_list(cls, given: object) -> object:
        return [given] if isinstance(given, str) else given

    @field_validator("repair")
    @classmethod
    def _known(cls, given: list[str]) -> list[str]:
        known = [*TABLE_REPAIRS, *PANEL_REPAIRS]
        if wrong := [word for word in given if word not in known]:
            raise ValueError(f"there is no repair {quoted(wrong)}; there are {', '.join(dict.fromkeys(known))}")
        return given


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
    upcoming_holidays: list[Day] = []
    leak_guard: bool = True
    seed: int = Field(0, ge=0)
    n_jobs: int = Field(1, ge=-1, le=64)
    read: ReadSettings = ReadSettings()

    @field_validator("n_jobs")
    @classmethod
    def _some_workers(cls, given: int) -> int:
        if given == 0:
            raise ValueError("there is no work without workers; give 1, 2, ... or -1 for all cores")
        return given

    @field_validator("horizon", "every")
    @classmethod
    def _duration(cls, given: int | str) -> int | str:
        parse_duration(given)
        return given

    @field_validator("first_origin", "upcoming_holidays")
    @classmethod
    def _days(cls, given: str | list[str]) -> str | list[str]:
        for day in filter(None, [given] if isinstance(given, str) else given):
            date.fromisoformat(day)
        return given

    @field_validator("comfort")
    @classmethod
    def _ascending(cls, given: list[float]) -> list[float]:
        if sorted(set(given)) != given:
            raise ValueError("write the degrees in ascending order, as in [14, 20]")
        return given

    @field_validator("timezone")
    @classmethod
    def _zone(cls, given: str) -> str:
        if not is_zone(given):
            raise ValueError("there is no such time zone; write it as in 'Europe/Berlin'")
        return given

    @property
    def panel_repairs(self) -> tuple[Any, ...]:
        """Repairs of time: those that a panel makes."""
        return tuple(word for word in self.read.repair if word in PANEL_REPAIRS)

    @property
    def read_options(self) -> dict[str, Any]:
        """How an own file is to be read: stamps without offset are local to the time zone of the settings."""
        stated = {name: value for name, value in self.read.model_dump(exclude={"repair"}).items() if value}
        repair = [word for word in self.read.repair if word in TABLE_REPAIRS]
        filled = "interpolate" in self.read.repair
        return {"tz": self.timezone, "repair": repair, "allow_missing": filled, **stated}

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
