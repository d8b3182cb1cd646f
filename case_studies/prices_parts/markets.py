"""The table of prices: its markets, what is known of the day ahead, and what the neighbours paid."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from case_studies.prices_parts.settings import PricesSettings
from shared.data import Panel, SeriesColumns, WalkForward
from shared.errors import HexadError, Problems, quoted

__all__ = ["NEIGHBOURS", "Markets"]

NEIGHBOURS = "price of the other markets"
COLUMNS = SeriesColumns()
KEY, DS, Y = COLUMNS.unique_id, COLUMNS.ds, COLUMNS.y


@dataclass(frozen=True)
class Markets:
    """Prices of one or several markets, checked, and the day to be forecast.

    Attributes
    ----------
    past : pandas.DataFrame
        Prices with what was known a day ahead, on every row, and the mean price of the other markets where there are some.
    future : pandas.DataFrame
        The same columns for the day to be forecast; prices are missing where nobody knows them.
    panel : Panel
        `past`, as the models see it.
    notes : tuple of str
        What was done to the table, and what was left aside.

    >>> stamps = pd.date_range("2024-01-01", periods=96, freq="h")
    >>> table = pd.DataFrame({"unique_id": "A", "ds": stamps, "y": np.arange(96.0)})
    >>> markets = Markets.of(table, PricesSettings(known=[]), "mine.csv")
    >>> markets.keys, len(markets.past), len(markets.future), markets.neighbours
    (('A',), 72, 24, False)
    """

    past: pd.DataFrame
    future: pd.DataFrame
    panel: Panel
    notes: tuple[str, ...] = ()

    @classmethod
    def of(cls, table: pd.DataFrame, settings: PricesSettings, source: str) -> Markets:
        """Check a table. Rows without price at its end are the day to be forecast; without such, its last day is.

        Raises
        ------
        DataError
            A column named in the settings is missing, or rows are; everything that is wrong at once.
        """
        lost = [name for name in settings.known if name not in table.columns]
        problems = Problems(source)
        if lost:
            others = [name for name in table.columns if name not in (KEY, DS, Y)]
            problems.add(
                f"there is no column {quoted(lost)}, which the setting known says is known a day ahead",
                mend=f"Name those that are, among {quoted(others)}, or none: --set known='[]'." if others
                else "There are no other columns: --set known='[]'.",
            )  # fmt: skip
        problems.raise_if_any()
        columns = SeriesColumns(exogenous=tuple(settings.known))
        table = table.sort_values([KEY, DS], kind="stable", ignore_index=True)
        known = table[Y].notna().to_numpy()
        # Rows after the last price of their market.
        last = pd.Series(np.where(known, np.arange(len(table)), -1)).groupby(table[KEY]).transform("max")
        ahead = np.arange(len(table)) > last.to_numpy()
        panel = Panel.from_frame(table[~ahead], columns, tz=settings.zone, repair=settings.panel_repairs, source=source)
        steps = panel.frequency.steps(settings.horizon)
        given = panel.to_frame()
        notes = list(panel.repairs)
        if ahead.any():
            future = Panel.from_frame(
                table[ahead], columns, tz=settings.zone, frequency=panel.frequency, need_y=False, source=source
            ).to_frame()
            past = given
        else:
            cut = given.groupby(KEY, observed=True, sort=False).cumcount(ascending=False) < steps
            past, future = given[~cut].reset_index(drop=True), given[cut].reset_index(drop=True)
            notes.append("every row has its price: the last day was held back to be forecast")
        unused = [name for name in table.columns if name not in (KEY, DS, Y, *settings.known)]
        if unused:
            notes.append(
                f"not used: {quoted(unused)}; columns that are known a day ahead are named in the setting known"
            )
        past, told = _with_neighbours(past)
        future[NEIGHBOURS] = np.nan
        used = SeriesColumns(exogenous=(*settings.known, *([NEIGHBOURS] if NEIGHBOURS in past.columns else [])))
        whole = Panel.from_frame(past, used, frequency=panel.frequency, source=source)
        return cls(past, future, whole, (*notes, *told))

    @property
    def keys(self) -> tuple[str, ...]:
        """Names of the markets, in the table's order."""
        return tuple(self.panel.keys[i] for i in self.panel.appearance)

    @property
    def neighbours(self) -> bool:
        """Whether the prices of other markets are used."""
        return NEIGHBOURS in self.past.columns

    @property
    def columns(self) -> SeriesColumns:
        """Names of the columns that the models are shown."""
        return self.panel.columns

    @property
    def whole(self) -> pd.DataFrame:
        """Past and, where its prices are known already, the day held back: what models are tried on."""
        table = self.past
        if self.future[Y].notna().all():
            given = pd.concat(
                [self.past.drop(columns=NEIGHBOURS, errors="ignore"), self.future.drop(columns=NEIGHBOURS)]
            )
            given = given.sort_values([KEY, DS], kind="stable", ignore_index=True)
            table = _with_neighbours(given)[0] if self.neighbours else given
        return table

    def walk(self, settings: PricesSettings) -> WalkForward:
        """The days that are tried.

        Raises
        ------
        DataError
            The table is too short for them.
        """
        walk = WalkForward(
            self.panel.frequency.steps(settings.horizon), every=settings.every, n_splits=settings.origins,
            first=settings.first_origin or None, at=settings.clock if self._within_days else None,
        )  # fmt: skip
        problems = Problems("prices")
        try:
            walk.splits(self.whole)
        except HexadError as error:
            told = str(error).split(" Lower n_splits")[0].removeprefix("WalkForward: ").rstrip(".")
            mend = "Give a longer table, or fewer origins: --set origins=, --set every=, --set first_origin=."
            problems.add(told, column=DS, mend=mend)
        problems.raise_if_any()
        return walk

    @property
    def _within_days(self) -> bool:
        return self.panel.frequency.kind == "fixed"


def _with_neighbours(table: pd.DataFrame) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Add the mean price of the other markets; only where all of them have the same stamps."""
    wide = table.pivot(index=DS, columns=KEY, values=Y)
    if wide.shape[1] < 2:
        return table, ()
    if wide.isna().to_numpy().any():
        return table, ("the markets do not cover the same time: what the others paid is not used",)
    others = (wide.sum(axis=1).to_numpy()[:, None] - wide.to_numpy()) / (wide.shape[1] - 1)
    rows, columns = wide.index.get_indexer(pd.Index(table[DS])), wide.columns.get_indexer(pd.Index(table[KEY]))
    return table.assign(**{NEIGHBOURS: others[rows, columns]}), ()
