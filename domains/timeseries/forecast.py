"""A forecast: what comes out of every forecaster, with its intervals, its picture and its words."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from shared.reporting.figures import Figure


from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from shared.checks import is_whole
from shared.data import columns as names
from shared.data.columns import SeriesColumns
from shared.errors import HexadError, SettingsError
from shared.result import Result, as_line
from shared.runtime.seeds import make_rng
from shared.text import count_of, format_number, join_words

__all__ = ["Forecast"]

# Share of a sum by which means and medians have to differ for a sentence on it.
TELLING = 0.02


@dataclass(frozen=True, repr=False)
class Forecast(Result):
    """Point forecasts and intervals of one or many series.

    Attributes
    ----------
    frame : pandas.DataFrame
        ``unique_id, ds, mean, median, lo-90, hi-90``, in the user's column names, order, zone and key types; the key
        column only where the user's table has one.
    levels : tuple of float
        Nominal coverage of its intervals, in percent.
    columns : SeriesColumns
        The user's column names.
    history : pandas.DataFrame
        The last known values, for the picture.
    model : str
        Who made it.
    draw : callable, optional
        Draws sample paths of shape (n_series, n, horizon), for `sample`.
    notes : tuple of str
        What has to be known of it: series that a baseline forecast, recursions that diverged.

    >>> frame = pd.DataFrame({"ds": [3, 4], "mean": [1.0, 2.0]})
    >>> Forecast(frame).explain()
    'From 3 to 4 (2 steps), 1 series: between 1 and 2, on average 1.5.'
    """

    frame: pd.DataFrame
    levels: tuple[float, ...] = ()
    columns: SeriesColumns = field(default_factory=SeriesColumns)
    history: pd.DataFrame = field(default_factory=pd.DataFrame)
    model: str = ""
    draw: Callable[[int, np.random.Generator], Any] | None = field(default=None, repr=False, compare=False)
    notes: tuple[str, ...] = ()

    def sample(self, n: int = 100, *, random_state: int = 0) -> pd.DataFrame:
        """Draw joint sample paths: what the whole horizon may look like, and not only its single steps.

        The peak, the sum or the steepest rise of a horizon has a distribution that intervals of single steps don't
        tell; work it out on every path, and take its quantiles.

        Parameters
        ----------
        n : int
            Paths of each series.
        random_state : int
            Seed.

        Returns
        -------
        pandas.DataFrame
            ``unique_id, ds, sample, y`` in the user's column names; samples are numbered from 0.

        Raises
        ------
        HexadError
            The model gives no paths.
        SettingsError
            n is below 1.

        >>> table = pd.DataFrame({"ds": range(200), "y": np.random.default_rng(0).normal(10.0, 1.0, 200)})
        >>> from domains.timeseries import AutoForecaster
        >>> paths = AutoForecaster(members=("theta",)).fit(table).predict(5).sample(50)
        >>> len(paths), bool(45 < paths.groupby("sample")["y"].sum().median() < 55)
        (250, True)
        """
        if not is_whole(n):
            raise SettingsError(f"n={n!r}: give a whole number of paths, at least 1")
        if self.draw is None:
            raise HexadError(f"{self.model or 'this forecast'} gives no sample paths")
        paths = self.draw(int(n), make_rng(random_state))
        series, count, horizon = paths.shape
        keys = [column for column in (self.columns.unique_id, self.columns.ds) if column in self.frame.columns]
        rows = np.arange(series * horizon).reshape(series, 1, horizon).repeat(count, axis=1).ravel()
        frame = self.frame[keys].iloc[rows].reset_index(drop=True)
        frame["sample"] = np.tile(np.repeat(np.arange(count), horizon), series)
        frame[self.columns.y] = paths.ravel()
        return frame

    def to_frame(self) -> pd.DataFrame:
        """Return the long table of forecasts."""
        return self.frame.copy()

    def __repr__(self) -> str:
        series = self._count_series()
        size = f"{count_of(series, 'series', 'series')} × {count_of(len(self.frame) // max(series, 1), 'step')}"
        levels = f"{join_words([f'{level:g}' for level in self.levels])} % intervals" if self.levels else ""
        return as_line(type(self).__name__, size, levels, f"by {self.model}" if self.model else "")

    def _count_series(self) -> int:
        key = self.columns.unique_id
        return int(self.frame[key].nunique()) if key in self.frame.columns else 1

    def one(self, unique_id: object = None) -> pd.DataFrame:
        """Return the forecast of one series; the first one where no key is given.

        Parameters
        ----------
        unique_id : object, optional
            Key of the series; a tuple where keys have several columns.

        Raises
        ------
        HexadError
            There is no such series.
        """
        key = self.columns.unique_id
        if key not in self.frame.columns:
            return self.to_frame()
        wanted = self.frame[key].iloc[0] if unique_id is None else unique_id
        rows: pd.DataFrame = self.frame[self.frame[key] == wanted]
        if rows.empty:
            raise HexadError(f"there is no forecast of a series {wanted!r}")
        return rows.reset_index(drop=True)

    def explain(self) -> str:
        """Say in plain sentences what is expected."""
        mean, stamps = self.frame[names.MEAN], self.frame[self.columns.ds]
        series = self._count_series()
        text = (
            f"From {_format_stamp(stamps.min())} to {_format_stamp(stamps.max())} ({len(self.frame) // series} steps),"
            f" {series} series: between {format_number(mean.min())} and {format_number(mean.max())}, on average"
            f" {format_number(mean.mean())}."
        )
        median = self.frame[names.median_of(self.frame)]
        if abs(median.sum() - mean.sum()) > TELLING * abs(mean.sum()):
            text += (
                f" These are means, for sums and costs; the medians, which half of what comes lies below, are"
                f" {format_number(median.mean())} on average."
            )
        for level in self.levels:
            low, high = names.interval_columns(level)
            width = (self.frame[high] - self.frame[low]).mean()
            text += f" The {level:g} % interval is {format_number(width)} wide on average."
        return " ".join([text, *self.notes])

    def plot(self, unique_id: Any = None, *, unit: str = "") -> Figure:
        """Draw one series: its last known values, the median forecast and its intervals, one inside the other.

        Parameters
        ----------
        unique_id : object, optional
            Key of the series; the first one where left out.
        unit : str
            What its values are in, told at the axis.

        Returns
        -------
        shared.reporting.figures.Figure
            With `save(path)`; a notebook shows it.
        """
        from domains.timeseries.figures import forecast_figure

        rows = self.one(unique_id)
        past = self.history
        key = self.columns.unique_id
        if key in past.columns:
            past = past[past[key] == rows[key].iloc[0]]
        bounds = {level: names.interval_columns(level) for level in self.levels}
        figure = forecast_figure(
            past[self.columns.ds] if len(past) else [],
            past[self.columns.y] if len(past) else [],
            rows[self.columns.ds],
            rows[names.median_of(rows)],
            bands={level: (rows[low], rows[high]) for level, (low, high) in bounds.items()},
            y_label=f"{self.columns.y}, {unit}" if unit else self.columns.y,
        )
        return figure.tell(str(rows[key].iloc[0])) if key in rows.columns else figure


def _format_stamp(stamp: object) -> str:
    return f"{stamp:%Y-%m-%d %H:%M}".removesuffix(" 00:00") if isinstance(stamp, pd.Timestamp) else str(stamp)
