"""The table of prices: its markets, what is known of the day ahead, and what the neighbours paid."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from case_studies.common.forecasting.plan import plan_origins
from domains.timeseries import PerSeries
from shared.data import Frequency, Panel, SeriesColumns, WalkForward
from shared.errors import DataError, HexadError, Problems, quote

from .settings import PricesSettings

__all__ = ["NEIGHBOURS", "Markets"]

LEAST_DAYS = 77  # nine weeks of errors of the weekly naive, for intervals of 90 %, and what comes before them
DAY_NS = 86400 * 10**9
SPARE_HOURS = 1  # that a day may be longer when the clocks go back
NEIGHBOURS = "price of the other markets"


@dataclass(frozen=True)
class Markets:
    """Prices of one or several markets, checked, and the day to be forecast.

    Attributes
    ----------
    past : pandas.DataFrame
        Prices with what was known a day ahead, on every row, and the mean price of the other markets where there are
        some.
    future : pandas.DataFrame
        The same columns for the day to be forecast; prices are missing where nobody knows them.
    panel : Panel
        `past`, as the models see it.
    notes : tuple of str
        What was done to the table, and what was left aside.
    held_back : bool
        Whether the day to be forecast is over: all its prices are known, and none of them was used.

    >>> stamps = pd.date_range("2024-01-01", periods=96, freq="h")
    >>> table = pd.DataFrame({"unique_id": "A", "ds": stamps, "y": np.arange(96.0)})
    >>> markets = Markets.of(table, PricesSettings(columns={"known": []}), "mine.csv")
    >>> markets.keys, len(markets.past), len(markets.future), markets.neighbours
    (('A',), 96, 24, False)
    """

    past: pd.DataFrame
    future: pd.DataFrame
    panel: Panel
    notes: tuple[str, ...] = ()
    held_back: bool = False

    @classmethod
    def of(
        cls,
        table: pd.DataFrame,
        settings: PricesSettings,
        source: str,
        *,
        hold_back: bool = True,
        frequency: Frequency | None = None,
    ) -> Markets:
        """Check a table; rows without price at its end are the day to be forecast.

        Where there are none, it is the day after, if nothing but the calendar has to be known of it; else the last
        whole day is held back. A day begins at the settings' clock and has as many steps as the clocks of its zone make
        it.

        Raises
        ------
        DataError
            A column named in the settings is missing, or rows are, or the markets don't end together.
        """
        series = settings.series
        _has_columns(table, settings, source)
        table = table.reset_index(drop=True)
        priced = table[series.y].notna()
        last = table[series.unique_id].map(table[series.ds].where(priced).groupby(table[series.unique_id]).max())
        ahead = (table[series.ds] > last).to_numpy()  # no price of theirs is known any more
        panel = _panel(table, np.flatnonzero(~ahead), series, settings, source, frequency)
        _within_a_day(panel, source)
        _end_together(panel, source)
        past, notes = panel.to_frame(), list(panel.repairs)
        held_back = hold_back and not ahead.any() and not _needs_nothing(panel, settings)
        if ahead.any():
            coming = _panel(table, np.flatnonzero(ahead), series, settings, source, panel.frequency, need_y=False)
            _follows(coming, panel, source)
            future = coming.to_frame()
            notes += [note for note in coming.repairs if note not in notes]
        elif held_back:
            past, future, left = _last_day(past, settings)
            notes.append("every row has its price: the last whole day was held back to be forecast")
            if left:
                notes.append(f"the last {left:,} rows, of a day that is not over, are left aside")
        else:
            future = _day_after(panel, settings, source)
        begin = future[series.ds].min()
        _at_the_clock(begin, settings, source)
        inside = future[series.ds] < _a_day_later(begin)
        if not inside.all():
            notes.append(f"{int((~inside).sum()):,} rows after the day to be forecast are left aside")
        if unused := [
            name for name in table.columns if name not in (series.unique_id, series.ds, series.y, *series.exogenous)
        ]:
            notes.append(
                f"not used: {quote(unused)}; columns that are known a day ahead are named by --set columns.known="
            )
        past, told = _with_neighbours(past, series)
        future = future[inside].reset_index(drop=True).assign(**{NEIGHBOURS: np.nan})
        shown = (*series.exogenous, *([NEIGHBOURS] if NEIGHBOURS in past.columns else []))
        used = replace(series, exogenous=shown)
        whole = Panel.from_frame(past, used, frequency=panel.frequency, source=source)
        return cls(past, future, whole, (*notes, *told), held_back)

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
        if self.future[self.columns.y].notna().all():
            given = pd.concat(
                [self.past.drop(columns=NEIGHBOURS, errors="ignore"), self.future.drop(columns=NEIGHBOURS)]
            )
            given = given.sort_values([self.columns.unique_id, self.columns.ds], kind="stable", ignore_index=True)
            table = _with_neighbours(given, self.columns)[0] if self.neighbours else given
        return table

    @property
    def steps(self) -> int:
        """Steps of the day to be forecast."""
        return int(self.future.groupby(self.columns.unique_id, observed=True).size().max())

    def with_held_back_day(self, model: PerSeries) -> PerSeries:
        """A model that has also seen the day that was held back, where there was one: the next forecast follows it."""
        if self.future[self.columns.y].notna().all():
            end = (
                self.whole.groupby(self.columns.unique_id, observed=True, sort=False).cumcount(ascending=False)
                < self.steps
            )
            model.update(self.whole[end])
        return model

    def plan(self, settings: PricesSettings) -> tuple[PricesSettings, str]:
        """The settings with the days that can be tried, and a note where those are fewer than were asked for.

        Parameters
        ----------
        settings : PricesSettings
        """
        rows = int(self.whole.groupby(self.columns.unique_id, observed=True).size().min())
        return plan_origins(settings, rows, self.panel.frequency, f"{LEAST_DAYS}D", share=0.0)

    def walk(self, settings: PricesSettings) -> WalkForward:
        """The days that are tried.

        Raises
        ------
        DataError
            The table is too short for them, or prices stand still.
        """
        series, settings = settings.series, self.plan(settings)[0]
        day = self.panel.frequency.steps("1D")
        walk = WalkForward(
            day,
            every=settings.every,
            n_splits=settings.origins,
            first=settings.first_origin or None,
            at=settings.clock,
            ds=series.ds,
        )
        problems = Problems("prices")
        fix = "Give a longer table, or fewer origins: --set origins=, --set every=, --set first_origin=."
        whole = self.whole
        try:
            cuts = walk.splits(whole)
        except HexadError as error:
            told = str(error).split(" Lower n_splits")[0].removeprefix("WalkForward: ").rstrip(".")
            shortest = int(whole.groupby(series.unique_id, observed=True).size().min()) // day
            if shortest < LEAST_DAYS + 2:
                told = f"holds {shortest} days, and the models need {LEAST_DAYS} to learn from and two to be tried"
            problems.add(told, column=series.ds, fix=fix)
            cuts = []
        for cut in cuts[:1]:
            before = whole.iloc[cut.train].groupby(series.unique_id, observed=True)[series.y]
            rows = before.size().reindex(list(self.keys), fill_value=0)
            if short := [f"{key}: {count / day:.0f}" for key, count in rows.items() if count < LEAST_DAYS * day]:
                problems.add(
                    f"the models need {LEAST_DAYS} days before the first origin, but there are fewer"
                    f" ({', '.join(short)})",
                    column=series.ds,
                    fix=fix,
                )
            after = whole[whole[series.ds] >= cut.label].groupby(series.unique_id, observed=True)[series.y]
            still = [key for key in self.keys if before.nunique().get(key, 2) == 1 or after.nunique().get(key, 2) == 1]
            if still:
                problems.add(
                    f"the prices of {quote(still)} stand still before or after the first origin",
                    column=series.y,
                    fix="There is nothing to forecast: leave the market out, or look for what fills its column.",
                )
        problems.raise_if_any()
        return walk


def _has_columns(table: pd.DataFrame, settings: PricesSettings, source: str) -> None:
    """Refuse a table without the columns that the settings name."""
    series = settings.series
    lost = [name for name in series.exogenous if name not in table.columns]
    others = [name for name in table.columns if name not in (series.unique_id, series.ds, series.y)]
    problems = Problems(source)
    if lost:
        problems.add(
            f"there {'is no column' if len(lost) == 1 else 'are no columns'} {quote(lost)}, which columns.known says "
            f"{'is' if len(lost) == 1 else 'are'} known a day ahead",
            fix=(
                f"Name those that are, among {quote(others)}, or none: --set columns.known='[]'."
                if others
                else "There are no other columns: --set columns.known='[]'."
            ),
        )
    problems.raise_if_any()


def _panel(
    table: pd.DataFrame,
    places: Any,
    columns: SeriesColumns,
    settings: PricesSettings,
    source: str,
    grid: Any = None,
    *,
    need_y: bool = True,
) -> Panel:
    """Some rows of a table as a panel; what is wrong is told by the rows of the whole."""
    try:
        return Panel.from_frame(
            table.iloc[places],
            columns,
            tz=settings.zone,
            repair=settings.panel_repairs,
            source=source,
            frequency=grid,
            need_y=need_y,
        )
    except DataError as error:
        moved = [replace(p, rows=tuple(int(places[row - 1]) + 1 for row in p.rows)) for p in error.problems]
        raise DataError(error.source, moved) from None


def _within_a_day(panel: Panel, source: str) -> None:
    """Refuse a grid with one price a day or fewer: there are no hours to choose, and no profile of a day."""
    problems = Problems(source)
    if panel.frequency.kind != "fixed" or panel.frequency.step * 2 > DAY_NS:
        problems.add(
            f"there is one price every {panel.frequency.describe()}, but the study is about the hours of a day",
            column=panel.columns.ds,
            fix="Give several prices a day, an hour or less apart.",
        )
    problems.raise_if_any()


def _end_together(panel: Panel, source: str) -> None:
    """Refuse markets whose prices end at different times: a day of one would be called another's."""
    problems = Problems(source)
    if len(set(panel.ends)) > 1:
        ends = ", ".join(f"{key}: {panel.stamp_text(end - 1)}" for key, end in zip(panel.keys, panel.ends, strict=True))
        problems.add(
            f"the prices of the markets end at different times ({ends})",
            column=panel.columns.unique_id,
            fix="Cut them to the same end.",
        )
    problems.raise_if_any()


def _follows(coming: Panel, panel: Panel, source: str) -> None:
    """Refuse a day to be forecast that some market lacks, or that does not follow its prices."""
    problems = Problems(source)
    if rest := [key for key in panel.keys if key not in coming.keys]:
        problems.add(
            f"the day to be forecast (rows without price) is there for {quote(coming.keys)}, but not for {quote(rest)}",
            column=panel.columns.unique_id,
            fix="Give its rows for every market, with what is known ahead.",
        )
    late = [key for i, key in enumerate(coming.keys) if coming.starts[i] != panel.ends[panel.keys.index(key)]]
    if late:
        problems.add(
            f"rows are missing between the last price ({panel.stamp_text(panel.ends[panel.keys.index(late[0])] - 1)})"
            f" and the day to be forecast ({coming.stamp_text(coming.starts[coming.keys.index(late[0])])}; series"
            f" {quote(late)})",
            column=panel.columns.ds,
            fix="Give every stamp, with its price where it is known.",
        )
    problems.raise_if_any()


def _last_day(past: pd.DataFrame, settings: PricesSettings) -> tuple[pd.DataFrame, pd.DataFrame, int]:
    """Rows before the last whole day, those of the day, and how many come after it."""
    series = settings.series
    stamps = past[series.ds].drop_duplicates().sort_values()
    end = stamps.iloc[-1] + (stamps.iloc[-1] - stamps.iloc[-2] if len(stamps) > 1 else pd.Timedelta(0))
    begins = [stamp for stamp in stamps[stamps.dt.strftime("%H:%M") == settings.clock] if _a_day_later(stamp) <= end]
    begin = begins[-1] if begins else stamps.iloc[-1]
    later = past[series.ds] >= _a_day_later(begin)
    inside = (past[series.ds] >= begin) & ~later
    return past[past[series.ds] < begin].reset_index(drop=True), past[inside].reset_index(drop=True), int(later.sum())


def _needs_nothing(panel: Panel, settings: PricesSettings) -> bool:
    """Whether the next day begins after the last price, and nothing but the calendar has to be known of it."""
    begin = panel.future_frame(1)[settings.series.ds].iloc[0]
    return not settings.series.exogenous and f"{begin:%H:%M}" == settings.clock


def _day_after(panel: Panel, settings: PricesSettings, source: str) -> pd.DataFrame:
    """The stamps that follow, where nothing needs to be known of them."""
    series = settings.series
    problems = Problems(source)
    if series.exogenous:
        problems.add(
            f"every row has its price: there is no day to be forecast, of which {quote(series.exogenous)} has to be"
            " known",
            fix="Add its rows at the end of each market, with these columns and no price.",
        )
    problems.raise_if_any()
    spare = SPARE_HOURS * panel.frequency.steps("1D") // 24
    future = panel.future_frame(panel.frequency.steps("1D") + spare).assign(**{series.y: np.nan})
    inside: pd.DataFrame = future[future[series.ds] < _a_day_later(future[series.ds].min())]
    return inside


def _at_the_clock(begin: object, settings: PricesSettings, source: str) -> None:
    """Refuse a day to be forecast that does not begin when days begin."""
    series = settings.series
    problems = Problems(source)
    if f"{begin:%H:%M}" != settings.clock:
        problems.add(
            f"the first price to be forecast is that of {begin:%Y-%m-%d %H:%M}, but a day begins at {settings.clock}",
            column=series.ds,
            fix=f"Give prices up to the end of a day, or say when it begins: --set clock={begin:%H:%M}.",
        )
    problems.raise_if_any()


def _a_day_later(stamp: pd.Timestamp) -> Any:
    """The same time of the next day, on the wall clock."""
    return stamp + pd.DateOffset(days=1)


def _with_neighbours(table: pd.DataFrame, series: SeriesColumns) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Add the mean price of the other markets; only where all of them have the same stamps."""
    wide = table.pivot(index=series.ds, columns=series.unique_id, values=series.y)
    if wide.shape[1] < 2:
        return table, ()
    if wide.isna().to_numpy().any():
        return table, ("the markets do not cover the same time: what the others paid is not used",)
    others = (wide.sum(axis=1).to_numpy()[:, None] - wide.to_numpy()) / (wide.shape[1] - 1)
    rows, columns = (
        wide.index.get_indexer(pd.Index(table[series.ds])),
        wide.columns.get_indexer(pd.Index(table[series.unique_id])),
    )
    return table.assign(**{NEIGHBOURS: others[rows, columns]}), ()
