"""Settings of the prices study."""

from __future__ import annotations

from collections.abc import Collection
from typing import Annotated, Any

from pydantic import Field, field_validator

from case_studies.common.column_mapping import Columns, Role, Table
from case_studies.common.forecasting.settings import Clock, ForecastSettings
from shared.data import SeriesColumns
from shared.data.frequency import parse_duration
from shared.errors import quote

__all__ = ["TABLES", "PricesColumns", "PricesSettings"]


class PricesColumns(Columns):
    """The columns of the table of prices.

    >>> PricesColumns().known
    ['gen_forecast', 'system_load']
    """

    key = ("market", "time")
    beside = frozenset()

    market: Annotated[str, Role("text", "market that the price is of")] = "unique_id"
    time: Annotated[str, Role("datetime", "start of the hour, or of a shorter step")] = "ds"
    price: Annotated[str, Role("number", "price in it; empty for the day to be forecast")] = "y"
    known: Annotated[
        list[str],
        Role(
            "number",
            "known a day ahead, at the steps that are forecast",
            without="nothing but the calendar is known ahead",
            truth=True,
        ),
    ] = ["gen_forecast", "system_load"]


TABLES = {"prices": Table("epf_fr_be", PricesColumns, "an hour of a market")}


class PricesSettings(ForecastSettings):
    """Settings of the prices study; their meaning stands beside their values in settings.toml.

    >>> PricesSettings(levels=[80, 50]).level
    80.0
    """

    columns: PricesColumns = PricesColumns()
    clock: Clock = "00:00"
    refit_every: int = Field(7, ge=1)
    levels: list[float] = Field([50.0, 80.0, 90.0], min_length=1, max_length=9)
    half_life: str = "90D"
    hours: float = Field(6.0, gt=0, lt=24)
    unit: str = "EUR/MWh"
    called: list[str] = []

    @field_validator("levels")
    @classmethod
    def _percent(cls, given: list[float]) -> list[float]:
        if not all(1 <= level < 100 for level in given) or len(set(given)) < len(given):
            raise ValueError("give different levels, each between 1 and 100 percent")
        return sorted(given)

    @field_validator("called")
    @classmethod
    def _words(cls, given: list[str]) -> list[str]:
        if wrong := [one for one in given if not all(part.strip() for part in one.partition(":"))]:
            raise ValueError(f"write each as 'code: words', as in 'FR: France'; not {quote(wrong)}")
        return given

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

    @property
    def level(self) -> float:
        """The widest interval."""
        return max(self.levels)

    def call(self, code: str) -> str:
        """What the report calls a market or a column; the code itself where no words are set for it.

        Parameters
        ----------
        code : str

        >>> PricesSettings(called=["FR: France"]).call("FR"), PricesSettings().call("FR")
        ('France', 'FR')
        """
        words = {one.partition(":")[0].strip(): one.partition(":")[2].strip() for one in self.called}
        return words.get(code, code)

    @property
    def series(self) -> SeriesColumns:
        """The columns as the forecasting domain takes them; those known ahead are the exogenous ones."""
        return SeriesColumns(**self.column_names, exogenous=tuple(self.columns.known))

    @property
    def column_names(self) -> dict[str, Any]:
        """Key, stamp and value as arguments of forecasters."""
        return {"unique_id": self.columns.market, "ds": self.columns.time, "y": self.columns.price}

    def for_table(self, present: Collection[str]) -> PricesSettings:
        """The same, without the columns that a table does not have.

        Parameters
        ----------
        present : collection of str
            Names of the table's columns.
        """
        return self.model_copy(update={"columns": self.columns.keep(present)})

    @property
    def zone(self) -> str | None:
        """Zone of stamps without offset."""
        return self.timezone or None

    @property
    def read_options(self) -> dict[str, Any]:
        """How an own file is to be read: rows of the next day have no price yet."""
        return {**super().read_options, "allow_missing": True}
