"""Settings of the demand study."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from typing import Annotated, Any

import numpy as np
import pandas as pd
from pydantic import Field, field_validator

from case_studies.common.column_mapping import Columns, Role, Table
from case_studies.common.forecasting.settings import Clock, Day, ForecastSettings
from shared.data import Frequency, Panel, SeriesColumns
from shared.data.schema import first_rows
from shared.errors import DataError, Problem, SettingsError
from shared.text import count_of

__all__ = ["TABLES", "DemandColumns", "DemandSettings"]


class DemandColumns(Columns):
    """The columns of the table of demand.

    >>> list(DemandColumns.roles())
    ['time', 'demand', 'temperature', 'holiday']
    """

    key = ("time",)
    beside = frozenset({"clock"})

    time: Annotated[str, Role("datetime", "start of the step, at one distance")] = "Time"
    demand: Annotated[str, Role("number", "what was used in it", minimum=0)] = "Demand"
    temperature: Annotated[
        str,
        Role(
            "number",
            "temperature outside, degrees Celsius",
            minimum=-90,
            maximum=60,
            without="the model knows nothing of the weather, and the chapters on it are left out",
        ),
    ] = "Temperature"
    holiday: Annotated[
        str,
        Role(
            "boolean",
            "public holiday; an empty cell is none where no cell says no",
            without="holidays are forecast as if they were other days",
            allow_missing=True,
        ),
    ] = "Holiday"


NEAR, NEXT = "2D", "7D"  # what is forecast where no horizon is set: of rows within days, and of rows a day apart
TABLES = {"demand": Table("vic_elec", DemandColumns, "a half-hour")}


class DemandSettings(ForecastSettings):
    """Settings of the demand study; their meaning stands beside their values in settings.toml.

    >>> DemandSettings(risk=0.05).level
    90.0
    """

    columns: DemandColumns = DemandColumns()
    horizon: int | str = "2D"
    every: int | str = "7D"
    clocks: list[Clock] = Field(["12:00"], max_length=4)
    other_weekdays: bool = False
    risk: float = Field(0.05, gt=0, lt=0.5)
    unit: str = "MW"
    timezone: str = "Australia/Melbourne"
    comfort: list[float] = [14.0, 20.0]
    reserve_price: float = Field(15.0, ge=0)
    currency: str = "AUD"
    upcoming_holidays: list[Day] = []

    @field_validator("upcoming_holidays")
    @classmethod
    def _days(cls, given: list[str]) -> list[str]:
        for day in given:
            date.fromisoformat(day)
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
        if not self.columns.holiday:
            return future
        days = future[panel.columns.ds].dt.strftime("%Y-%m-%d")
        return future.assign(**{self.columns.holiday: days.isin(self.upcoming_holidays)})

    @property
    def called(self) -> str:
        """What is forecast, as it stands in a sentence: the user's own name for it."""
        bundled = type(self.columns).model_fields["demand"].default
        return "demand" if self.columns.demand == bundled else self.columns.demand

    @property
    def series(self) -> SeriesColumns:
        """The columns as the forecasting domain takes them."""
        exogenous = tuple(name for name in (self.columns.temperature, self.columns.holiday) if name)
        return SeriesColumns(ds=self.columns.time, y=self.columns.demand, exogenous=exogenous)

    def for_table(self, present: Collection[str]) -> DemandSettings:
        """The same, without the roles that a table has no column for.

        Parameters
        ----------
        present : collection of str
            Names of the table's columns.
        """
        return self.model_copy(update={"columns": self.columns.keep(present)})

    def fill_holidays(self, table: pd.DataFrame, source: str) -> tuple[pd.DataFrame, list[str]]:
        """A table whose empty cells of holidays say no, where none of them says so itself, and a note of how many.

        Parameters
        ----------
        table : pandas.DataFrame
        source : str
            For messages.

        Raises
        ------
        DataError
            Some cells are empty and others say no: an empty one may be either.
        """
        name = self.columns.holiday
        empty = table[name].isna().to_numpy() if name in table.columns else np.zeros(0, dtype=bool)
        if not empty.any():
            return table, []
        said = f"{count_of(int(empty.sum()), 'value is', 'values are')} missing"
        if not table[name].dropna().astype(bool).all():
            problem = Problem(
                f"{said}, and others say that there is no holiday",
                column=name,
                rows=tuple(first_rows(empty)),
                count=int(empty.sum()),
                fix="Correct them.",
            )
            raise DataError(source, [problem])
        filled = table.assign(**{name: table[name].astype("boolean").fillna(False).astype(bool)})
        return filled, [f"{count_of(int(empty.sum()), 'empty cell')} of “{name}” taken for no holiday"]

    def read_panel(self, table: pd.DataFrame, source: str) -> Panel:
        """Put a table on its grid.

        Parameters
        ----------
        table : pandas.DataFrame
        source : str
            For messages.

        Raises
        ------
        DataError
            Rows are missing or repeat, or lack values.
        """
        return Panel.from_frame(table, self.series, tz=self.zone, repair=self.panel_repairs, source=source)

    def for_grid(self, grid: Frequency) -> DemandSettings:
        """The same, with the horizon chosen where none is set, and without the clocks that rows a day apart don't have.

        Parameters
        ----------
        grid : Frequency

        Raises
        ------
        SettingsError
            A day is no whole number of the table's steps.

        >>> daily = DemandSettings(horizon="").for_grid(Frequency("fixed", 86400 * 10**9))
        >>> daily.horizon, daily.clocks
        ('7D', [])
        """
        try:
            a_day = grid.steps("1D")
        except SettingsError as error:
            raise SettingsError(
                f"columns.time={self.columns.time!r}: rows are {grid.describe()} apart, and this study reads rows a day"
                " apart or closer, of which a day has a whole number. For others: domains.timeseries.AutoForecaster"
            ) from error
        chosen: dict[str, Any] = {"horizon": self.horizon or (NEAR if a_day > 1 else NEXT)}
        return self.model_copy(update={**chosen, **({"clocks": []} if a_day == 1 else {})})

    @property
    def zone(self) -> str | None:
        """Zone of the stamps; None where they have none."""
        return self.timezone or None
