"""What the marketing study reads: spending and sales on a regular grid, checked before any work."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from case_studies.common.half_numbers import refuse_half_numbers
from shared.data import Panel, SeriesColumns
from shared.data.contract import contract_of
from shared.data.io.tables import TableReport
from shared.data.schema import first_rows
from shared.errors import Argument, DataError, Fix, Problem, Problems
from shared.reporting import Run
from shared.text import count_of
from shared.typing import Floats

from .settings import MarketingSettings, SpendColumns

__all__ = ["SEASON", "History", "read_history", "to_history"]

PERIODS = {"7 days": "week", "1 month": "month", "1 day": "day", "3 months": "quarter", "12 months": "year"}
YEAR = 365.25
SEASON = "wave {} of the year, {}"  # columns of the season


@dataclass(frozen=True)
class History:
    """Spending and sales, in the order of time.

    Attributes
    ----------
    table : pandas.DataFrame
        With the user's columns of time, response, channels and what else is known, and those of the season.
    time, response : str
    channels, others : tuple of str
        Columns of spending, and of all else that moves sales.
    period : str
        What a row is, such as "week".
    notes : tuple of str
        Repairs, and what is worth knowing.
    years : float
        How long it is.

    >>> days = pd.date_range("2024-01-01", periods=3, freq="7D")
    >>> history = History(pd.DataFrame({"t": days, "y": 1.0, "tv": 2.0}), "t", "y", ("tv",), (), "week")
    >>> history.now(2).to_dict()
    {'tv': 2.0}
    """

    table: pd.DataFrame
    time: str
    response: str
    channels: tuple[str, ...]
    others: tuple[str, ...]
    period: str
    notes: tuple[str, ...] = ()
    years: float = 1.0

    @property
    def spend(self) -> pd.DataFrame:
        """A column a channel."""
        return self.table[list(self.channels)]

    @property
    def most(self) -> pd.Series:
        """The largest amount of each channel in one period."""
        return self.spend.max()

    def now(self, recent: int) -> pd.Series:
        """What is spent now: the mean of the last periods.

        Parameters
        ----------
        recent : int
        """
        return self.spend.tail(recent).mean()


def read_history(
    out: Run, settings: MarketingSettings, dataset: str = "channels", table: str = ""
) -> tuple[History, TableReport]:
    """Read the bundled table, or the user's own.

    Parameters
    ----------
    out : Run
    settings : MarketingSettings
    dataset, table : str
        Which, where it is not the main one.

    Raises
    ------
    DataError

    >>> from pathlib import Path
    >>> read_history(Run("demo", Path("none"), "A demo", "", "no-such-file.csv"), MarketingSettings())
    Traceback (most recent call last):
    ...
    shared.errors.DataError: no-such-file.csv: there is no such file...
    """
    own = settings.own_table() if out.data is not None else None

    def check(found: pd.DataFrame, source: str) -> None:
        to_history(found, settings, source)

    found, reading = out.load_table(dataset, own, table=table, check=check)
    history = to_history(found, settings, reading.source)
    if not table:
        used = [history.time, history.response, *history.channels, *settings.columns.known]
        others = tuple(str(name) for name in found.columns if name not in used)
        out.contract = replace(contract_of(found[used]), others=others)
    return history, reading


def to_history(table: pd.DataFrame, settings: MarketingSettings, source: str) -> History:
    """Check a table, and bring it to one row a period.

    Parameters
    ----------
    table : pandas.DataFrame
    settings : MarketingSettings
    source : str
        For messages.

    Raises
    ------
    DataError
        Amounts are missing or below 0, periods are missing or repeated, a channel never changes, or rows are too few.

    >>> weeks = pd.date_range("2024-01-01", periods=12, freq="7D")
    >>> table = pd.DataFrame({"week": weeks, "sales": range(12), "tv": [1.0, 2.0] * 6})[::-1]
    >>> history = to_history(table, MarketingSettings(columns={"spend": ["tv"]}, season=0), "table")
    >>> history.period, history.table["sales"].tolist()[:3]
    ('week', [0.0, 1.0, 2.0])
    """
    columns = _name_channels(table, settings.columns, source, settings.read.decimal)
    table, filled = _fill_spending(table, columns, settings, source)
    problems = Problems(source)
    columns.table_schema().check(table, problems)
    problems.raise_if_any()
    used = [*columns.spend, *columns.known]
    series = SeriesColumns(ds=columns.time, y=columns.response, exogenous=tuple(used))
    panel = Panel.from_frame(
        table[[columns.time, columns.response, *used]], series, repair=settings.panel_repairs, source=source
    )
    rows = panel.to_frame()[[columns.time, columns.response, *used]].reset_index(drop=True)
    rows = rows.astype(dict.fromkeys([columns.response, *used], float))
    _check_values(rows, columns, source)
    step = panel.frequency.describe()
    stamps = pd.DatetimeIndex(rows[columns.time])
    years = (stamps[-1] - stamps[0]).days / YEAR + (stamps[1] - stamps[0]).days / YEAR
    season = _make_season(stamps, settings.season) if years >= 1 else {}
    return History(
        rows.assign(**season),
        columns.time,
        columns.response,
        tuple(columns.spend),
        (*columns.known, *season),
        PERIODS.get(step, "period"),
        (*filled, *panel.repairs),
        years,
    )


def _name_channels(table: pd.DataFrame, columns: SpendColumns, source: str, decimal: str | None = None) -> SpendColumns:
    """Fill in the channels where they are not named."""
    if columns.spend:
        return columns
    taken = {columns.time, columns.response, *columns.known}
    numbers = [str(name) for name in table.select_dtypes("number").columns if name not in taken]
    problems, texts = Problems(source), [str(name) for name in table.columns if name not in taken]
    otherwise = "name the channels: --set columns.spend='[\"NAME\"]'"
    refuse_half_numbers(table, texts, problems, lambda _: otherwise, decimal=decimal)
    problems.raise_if_any()
    if columns.response in table.columns and columns.time in table.columns and not numbers:
        fix = "Give a column a channel, or name them: --set columns.spend='[\"NAME\"]'."
        raise DataError(source, [Problem("has no column of spending", fix=fix)])
    return columns.model_copy(update={"spend": numbers})


def _fill_spending(
    table: pd.DataFrame, columns: SpendColumns, settings: MarketingSettings, source: str
) -> tuple[pd.DataFrame, list[str]]:
    """Take empty cells of spending for 0 where that was asked for, and refuse them else."""
    problems, told = Problems(source), []
    fix = Fix("Fill them in; where they mean that nothing was spent, pass ", Argument("missing", "zero"), ".")
    for name in columns.spend:
        empty = table[name].isna().to_numpy() if name in table.columns else np.zeros(0, dtype=bool)
        count = int(empty.sum())
        if not count:
            continue
        if settings.missing == "zero":
            table = table.assign(**{name: table[name].fillna(0)})
            told.append(f"{count_of(count, 'empty cell')} of “{name}” taken for 0")
        else:
            said = f"{count_of(count, 'value is', 'values are')} missing"
            problems.add(said, column=name, rows=first_rows(empty), count=count, fix=fix)
    problems.raise_if_any()
    return table, told


def _check_values(rows: pd.DataFrame, columns: SpendColumns, source: str) -> None:
    problems = Problems(source)
    still = [name for name in columns.spend if np.ptp(rows[name].to_numpy()) == 0]
    for name in still:
        others = [one for one in columns.spend if one not in still]
        named = "[" + ", ".join(f'"{one}"' for one in others) + "]"
        fix = f"Leave it out: --set columns.spend='{named}'." if others else "Give channels whose spending varied."
        if not rows[name].any():
            problems.add("is 0 in every row: nothing can be learnt of it", column=name, count=len(rows), fix=fix)
        else:
            what = f"is {rows[name].iloc[0]:g} in every row, so that its effect cannot be told from what is sold anyhow"
            problems.add(what, column=name, count=len(rows), fix=fix)
    if np.ptp(rows[columns.response].to_numpy()) == 0:
        problems.add("never changes", column=columns.response, fix="Give what changes with spending.")
    least = 4 * len(columns.spend) + 6
    if len(rows) < least:
        fix = Fix(f"Give more rows: {least} at least, better two years.")
        problems.add(f"has {len(rows):,} rows, too few to learn of {len(columns.spend)} channels", fix=fix)
    problems.raise_if_any()


def _make_season(stamps: pd.DatetimeIndex, pairs: int) -> dict[str, Floats]:
    """Waves of the year, whose size is learnt."""
    turn = 2 * np.pi * stamps.day_of_year.to_numpy(dtype=float) / YEAR
    return {
        SEASON.format(k, word): np.asarray(wave(k * turn))
        for k in range(1, pairs + 1)
        for word, wave in (("sine", np.sin), ("cosine", np.cos))
    }
