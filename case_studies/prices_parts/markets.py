"""The table of prices: its markets, what is known of the day ahead, and what the neighbours paid."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from case_studies.prices_parts.settings import PricesSettings
from shared.data import Panel, SeriesColumns, WalkForward
from shared.errors import HexadError, Problems, quoted

__all__ = ["NEIGHBOURS", "Markets"]

LEAST_DAYS = 77  # nine weeks of errors of the weekly naive, for intervals of 90 %, and what comes before them
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
    def of(cls, table: pd.DataFrame, settings: PricesSettings, source: str, *, hold_back: bool = True) -> Markets:
        """Check a table. Rows without price at its end are the day to be forecast; without such, its last day is held back.

        Raises
        ------
        DataError
            A column named in the settings is missing, or rows are; everything that is wrong at once.
        """
        _has_columns(table, settings, source)
        table = table.sort_values([KEY, DS], kind="stable", ignore_index=True)
        ahead = _without_price_at_the_end(table, source)
        columns = SeriesColumns(exogenous=tuple(settings.known))
        panel = Panel.from_frame(table[~ahead], columns, tz=settings.zone, repair=settings.panel_repairs, source=source)
        steps = panel.frequency.steps(settings.horizon)
        past, notes = panel.to_frame(), list(panel.repairs)
        if ahead.any():
            future = Panel.from_frame(
                table[ahead], columns, tz=settings.zone, frequency=panel.frequency, need_y=False, source=source
            ).to_frame()
        elif hold_back:
            cut = past.groupby(KEY, observed=True, sort=False).cumcount(ascending=False) < steps
            past, future = past[~cut].reset_index(drop=True), past[cut].reset_index(drop=True)
            notes.append("every row has its price: the last day was held back to be forecast")
        else:
            future = _day_after(panel, steps, settings, source)
        if unused := [name for name in table.columns if name not in (KEY, DS, Y, *settings.known)]:
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
        mend = "Give a longer table, or fewer origins: --set origins=, --set every=, --set first_origin=."
        try:
            first = self.whole.iloc[walk.splits(self.whole)[0].train]
            rows = first.groupby(KEY, observed=True).size().reindex(list(self.keys), fill_value=0)
            days = rows / self.panel.frequency.steps("1D")
            if short := [f"{key}: {count:.0f}" for key, count in days.items() if count < LEAST_DAYS]:
                problems.add(
                    f"the models need {LEAST_DAYS} days before the first origin, but there are fewer ({', '.join(short)})",
                    column=DS, mend=mend,
                )  # fmt: skip
        except HexadError as error:
            told = str(error).split(" Lower n_splits")[0].removeprefix("WalkForward: ").rstrip(".")
            problems.add(told, column=DS, mend=mend)
        problems.raise_if_any()
        return walk

    @property
    def _within_days(self) -> bool:
        return self.panel.frequency.kind == "fixed"


def _has_columns(table: pd.DataFrame, settings: PricesSettings, source: str) -> None:
    """Refuse a table without the columns that the settings name."""
    lost = [name for name in settings.known if name not in table.columns]
    others = [name for name in table.columns if name not in (KEY, DS, Y)]
    problems = Problems(source)
    if lost:
        problems.add(
            f"there is no column {quoted(lost)}, which the setting known says is known a day ahead",
            mend=f"Name those that are, among {quoted(others)}, or none: --set known='[]'." if others
            else "There are no other columns: --set known='[]'.",
        )  # fmt: skip
    problems.raise_if_any()


def _without_price_at_the_end(table: pd.DataFrame, source: str) -> Any:
    """Which rows come after the last price of their market; they are there for every market, or for none."""
    known = table[Y].notna().to_numpy()
    last = pd.Series(np.where(known, np.arange(len(table)), -1)).groupby(table[KEY]).transform("max")
    ahead = np.arange(len(table)) > last.to_numpy()
    asked = set(table.loc[ahead, KEY])
    problems = Problems(source)
    if asked and (rest := [key for key in dict.fromkeys(table[KEY]) if key not in asked]):
        problems.add(
            f"the day to be forecast (rows without price) is there for {quoted(sorted(asked))}, but not for {quoted(rest)}",
            column=KEY, mend="Give its rows for every market, with what is known ahead.",
        )  # fmt: skip
    problems.raise_if_any()
    return ahead


def _day_after(panel: Panel, steps: int, settings: PricesSettings, source: str) -> pd.DataFrame:
    """The stamps that follow, where nothing needs to be known of them."""
    problems = Problems(source)
    if settings.known:
        problems.add(
            f"every row has its price: there is no day to be forecast, of which {quoted(settings.known)} has to be known",
            mend="Add its rows at the end of each market, with these columns and no price.",
        )
    problems.raise_if_any()
    return panel.future_frame(steps).assign(**{Y: np.nan})


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
