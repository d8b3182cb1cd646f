"""What every forecaster shares: the door for tables, the history, and the forecast that goes back out."""

from __future__ import annotations

import datetime as dt
import warnings
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from domains.timeseries.conformal import find_constant
from domains.timeseries.forecast import Forecast
from domains.timeseries.kernels import Canvas
from domains.timeseries.task import ForecastTask
from shared.checks import as_tuple, check_levels
from shared.data import columns as names
from shared.data.durations import WrittenDurations
from shared.data.frequency import Frequency
from shared.data.io.frames import as_pandas
from shared.data.panel import MAX_HORIZON, Panel, PanelRepair, SeriesColumns
from shared.data.panel_table import series_to_frame
from shared.errors import Argument, DataError, HexadError, Problem, RepairWarning, SettingsError, quote
from shared.runtime.array_of import ArrayOf
from shared.typing import Floats, Ints

__all__ = ["PanelForecaster", "ShortHistoryError"]

# Ranges of its history by which a bound may leave it: beyond that errors say that nothing is known, not where.
REACH = 3.0
MOST_DRAWN = 1000  # series whose last values a forecast keeps
Horizon = int | str | dt.timedelta


class ShortHistoryError(DataError):
    """Every series of a table is too short for a forecaster.

    >>> issubclass(ShortHistoryError, DataError)
    True
    """


class PanelForecaster(WrittenDurations, BaseEstimator):  # type: ignore[misc]
    """Base of forecasters over long tables; subclasses learn from a panel and forecast at given origins.

    A subclass has the parameters ``unique_id, ds, y, freq, tz`` and the methods ``_learn(panel)`` and
    ``_at_origins(panel, series, origins, horizon, future)``.

    >>> from domains.timeseries import SeasonalNaive
    >>> isinstance(SeasonalNaive(), PanelForecaster)
    True
    """

    unique_id: str
    ds: str
    y: str
    freq: str | int | None
    tz: str | None

    def _exogenous(self) -> tuple[str, ...]:
        return ()

    def future_columns(self) -> tuple[str, ...]:
        """Columns that a forecast reads at the stamps that are forecast; empty for most."""
        return ()

    def _grid_step(self, table: object) -> str | int | None:
        """The step that a table's grid is asked for."""
        return self.freq

    def _learn(self, panel: Panel) -> None:
        """Learn from a panel; baselines learn nothing."""

    def _at_origins(self, panel: Panel, series: Ints, origins: Ints, horizon: int, future: dict[str, Floats]) -> Floats:
        """Forecast `horizon` steps of a series from a row on which nothing is known any more; shape (n, horizon)."""
        raise HexadError(f"{type(self).__name__} does not say how it forecasts")

    def _intervals(
        self, panel: Panel, series: Ints, mean: Floats, levels: Sequence[float], future: dict[str, Floats]
    ) -> list[tuple[Floats, Floats]]:
        """Lower and upper bounds at each level, on the series' own scale, (n, horizon) each."""
        if len(levels):
            raise HexadError(f"{type(self).__name__} gives no intervals")
        return []

    def _drawer(
        self, panel: Panel, series: Ints, mean: Floats, future: dict[str, Floats]
    ) -> Callable[[int, np.random.Generator], Floats] | None:
        """What draws so many sample paths on the series' own scale, shape (n, count, horizon); None where nothing does.

        It keeps what it needs, so that a forecast stays what it is when its model learns something else.
        """
        return None

    def _count_errors(self, horizon: int) -> float:
        """Independent errors that intervals rest on; infinite where that is not known."""
        return float("inf")

    def _to_scale(self, panel: Panel) -> Floats:
        """Values of a panel on the model's scale; shape (n_rows,)."""
        return panel.values

    def _feature_values(self, panel: Panel) -> Floats:
        """Values that features are made of: those on the model's scale, or their differences."""
        return self._to_scale(panel)

    def _notes(self, panel: Panel, series: Ints, mean: Floats) -> tuple[str, ...]:
        """What users have to know about a forecast, in sentences."""
        return ()

    def _from_scale(self, panel: Panel, series: Ints, values: Floats) -> Floats:
        """Bring forecasts of some series, shape (n, horizon), back to their own scale."""
        return values

    def _means(self, panel: Panel, series: Ints, median: Floats, future: dict[str, Floats]) -> Floats:
        """Means of what is to come on the series' own scale; the medians where a model cannot tell them apart."""
        return median

    def default_task(self) -> ForecastTask:
        """How it is evaluated where nothing else is said: at origins, with what its recipe knows ahead."""
        return ForecastTask(self._columns(), known=self.future_columns())

    def _columns(self) -> SeriesColumns:
        return SeriesColumns(self.unique_id, self.ds, self.y, self._exogenous(), owner=type(self).__name__)

    def fit(self, table: Any, *, repair: PanelRepair | Iterable[PanelRepair] = ()) -> Any:
        """Learn from a long table.

        Parameters
        ----------
        table : frame, pandas.Series or Panel
            Rows of ``unique_id, ds, y`` and the exogenous columns, in any order; without a key column it holds one
            series. Of a Series the index holds the stamps, or keys and stamps. Left unchanged.
        repair : str or iterable of str
            What may be mended: "interpolate", "keep_last_duplicate", "drop_missing_ends"; see `shared.data.Panel`. What
            was is told by a `RepairWarning`.

        Returns
        -------
        self

        Raises
        ------
        DataError
            Listing everything that is wrong with the table.
        """
        panel = self.to_panel(table, repair=repair)
        self._learn(panel)
        self.panel_ = panel
        return self

    def to_panel(
        self,
        table: object,
        *,
        repair: PanelRepair | Iterable[PanelRepair] = (),
        frequency: Frequency | None = None,
    ) -> Panel:
        """Check a long table in this forecaster's columns and make it a panel; what was mended is told.

        Parameters
        ----------
        table : frame or Panel
            Rows of ``unique_id, ds, y`` and the exogenous columns, under the names that the constructor was given.
        repair : str or iterable of str
            As in `fit`.
        frequency : Frequency, optional
            Grid to be on; found from the stamps where left out.

        >>> import pandas as pd
        >>> from domains.timeseries import Drift
        >>> Drift(y="sales").to_panel(pd.DataFrame({"ds": [1, 2], "sales": [1.0, 2.0]})).values.tolist()
        [1.0, 2.0]
        """
        table = series_to_frame(table, self._columns())
        step = self._grid_step(table) if frequency is None else None
        panel = Panel.from_frame(table, self._columns(), freq=step, tz=self.tz, frequency=frequency, repair=repair)
        if panel.repairs and not isinstance(table, Panel):  # a panel said so when it was made
            warnings.warn(f"series table: {'; '.join(panel.repairs)}", RepairWarning, stacklevel=3)
        return panel

    def update(self, table: object, *, repair: PanelRepair | Iterable[PanelRepair] = ()) -> Self:
        """Take later rows as history, without learning again; the next forecast starts after them.

        Parameters
        ----------
        table : frame or Panel
            The rows right after those that are known. Series that are new are taken in whole.
        repair : str or iterable of str
            As in `fit`.

        Raises
        ------
        DataError
            Rows overlap with what is known, or leave a gap.
        """
        check_is_fitted(self)
        try:
            later = self.to_panel(table, repair=repair, frequency=self.panel_.frequency)
        except DataError as error:
            raise error.respell(self._for_update) from None
        merged = self.panel_.extend(later)
        self._observe(self.panel_, merged)
        self.panel_ = merged
        return self

    def _for_update(self, argument: Argument) -> str:
        """How an argument is passed of which the grid was learnt: where the forecaster is made, before all is fitted."""
        learnt = argument.name in {"tz", "freq"}
        return f"{argument} to {type(self).__name__}, and fit again" if learnt else str(argument)

    def _observe(self, before: Panel, merged: Panel) -> None:
        """Learn nothing from new rows; forecasters with calibration note their errors here."""

    def predict(
        self,
        horizon: Horizon | None = None,
        *,
        future: Any = None,
        levels: float | Iterable[float] = (),
        ids: Any = None,
    ) -> Forecast:
        """Forecast the next steps of every series.

        Parameters
        ----------
        horizon : int, str or timedelta, optional
            Steps, or time as in "2D"; the horizon of the constructor where there is one.
        future : frame or Panel, optional
            Columns known in the future for these steps: key, stamp and the columns named by the recipe.
        levels : float or iterable of float
            Nominal coverage of intervals, in percent, as in ``[80, 95]``.
        ids : sequence, optional
            Keys of the series wanted; all where left out.

        Returns
        -------
        Forecast

        Raises
        ------
        DataError, SettingsError, CalibrationError
        """
        check_is_fitted(self)
        steps = self._horizon(horizon)
        levels = check_levels(levels)
        panel = self.panel_
        wanted = self._find_series(ids)
        known = self._future(panel, wanted, steps, future)
        point = self._at_origins(panel, wanted, panel.indptr[wanted + 1], steps, known)
        constant = find_constant(panel)[wanted] & (not known)
        point[constant] = self._to_scale(panel)[panel.indptr[wanted[constant] + 1] - 1][:, None]
        median = self._from_scale(panel, wanted, point)
        median[constant] = panel.values[panel.indptr[wanted[constant] + 1] - 1][:, None]
        frame = panel.key_frame(np.repeat(wanted, steps), (panel.ends[wanted][:, None] + np.arange(steps)).ravel())
        frame[names.MEAN] = np.where(constant[:, None], median, self._means(panel, wanted, median, known)).ravel()
        frame[names.MEDIAN] = median.ravel()
        bounds = self._intervals(panel, wanted, point, list(levels), known)
        least, most = self._reach_of(panel, wanted, median)
        least[constant], most[constant] = median[constant], median[constant]
        for level, (lower, upper) in zip(levels, bounds, strict=True):
            low, high = names.interval_columns(level)
            lower[constant], upper[constant] = median[constant], median[constant]
            frame[low], frame[high] = np.maximum(lower, least).ravel(), np.minimum(upper, most).ravel()
        made = frame[
            [names.MEAN, names.MEDIAN, *(column for level in levels for column in names.interval_columns(level))]
        ].to_numpy()
        if not np.isfinite(made).all():
            broken = np.flatnonzero(~np.isfinite(made.reshape(len(wanted), -1)).all(axis=1))
            raise HexadError(
                f"the forecast of {len(broken):,} series left the range of numbers (series "
                f"{quote([panel.keys[wanted[i]] for i in broken])}): the model diverges. Shorten the horizon, or use "
                "log=False or strategy='direct'."
            )
        drawer = self._drawer(panel, wanted, point, known)
        return Forecast(
            frame,
            levels,
            panel.columns,
            self._tail(panel, wanted, steps),
            type(self).__name__,
            None if drawer is None else partial(_draw_held, drawer, least, most),
            (
                *self._notes(panel, wanted[~constant], point[~constant]),
                *self._say_few(levels if not constant.all() else (), steps),
            ),
        )

    def _say_few(self, levels: Sequence[float], horizon: int) -> tuple[str, ...]:
        """Which intervals rest on hardly any error as large as their bounds."""
        if len(levels) == 0:
            return ()
        told = self._count_errors(horizon)
        few = [level for level in levels if (1 - level / 100) * told < 1]
        if not few:
            return ()
        named = " and ".join(f"{level:g} %" for level in few)
        what = f"The {named} interval{'s rest' if len(few) > 1 else ' rests'}"
        count = f"{max(told, 1):.0f} independent error{'s' if told >= 1.5 else ''}"
        return (f"{what} on {count}, and on Student's t for what so few cannot show.",)

    def _reach_of(self, panel: Panel, series: Ints, median: Floats) -> tuple[Floats, Floats]:
        """How far bounds may reach: three ranges beyond what a series has done, and never short of its forecast."""
        own = [panel.values[panel.rows_of(i)] for i in series]
        least, most = (np.array([[one(values)] for values in own]) for one in (np.min, np.max))
        # One value knows no range; a constant is what it is.
        reach = np.where(most > least, REACH * (most - least), np.inf)
        return np.minimum(least - reach, median), np.maximum(most + reach, median)

    def declare_arrays(self) -> dict[str, ArrayOf | type]:
        """What holds of its arrays and numbers; checked when a model is loaded."""
        return {"panel_": Panel}

    def _horizon(self, horizon: Horizon | None) -> int:
        horizon = getattr(self, "horizon", None) if horizon is None else horizon
        if horizon is None:
            raise SettingsError("say how far to forecast: predict(horizon), in steps or as in '2D'")
        return self._few_steps(self.panel_, horizon)

    def _few_steps(self, panel: Panel, horizon: Horizon) -> int:
        """Steps of a horizon that fits into memory."""
        steps = panel.frequency.steps(horizon, "horizon")
        if steps > MAX_HORIZON:
            raise SettingsError(f"horizon={horizon!r} is {steps:,} steps; at most {MAX_HORIZON:,} can be forecast")
        return steps

    def _find_series(self, ids: object) -> Ints:
        """Positions of the series wanted, in the user's order."""
        if ids is None:
            return np.asarray(self.panel_.appearance, dtype=np.int64)
        ids = as_keys(ids)
        place = {key: i for i, key in enumerate(self.panel_.keys)}
        unknown = [key for key in ids if key not in place]
        if unknown:
            raise HexadError(f"no history is known of the series {quote(unknown)}; pass it to fit or update first")
        return np.asarray([place[key] for key in ids], dtype=np.int64)

    def _future(self, panel: Panel, wanted: Ints, horizon: int, future: object) -> dict[str, Floats]:
        """Values of the known columns over the horizon; shape (n_series, horizon) each."""
        known = self.future_columns()
        if not known:
            self.refuse_unread(future)
            return {}
        if future is None:
            raise DataError(
                "future",
                [
                    Problem(
                        f"the recipe reads {quote(known)} at the stamps that are forecast",
                        fix=f"Pass future= with {panel.columns.ds!r} and these columns for the next {horizon} steps.",
                    )
                ],
            )
        given = self.to_future_panel(future)
        place = {key: i for i, key in enumerate(given.keys)} if panel.has_key else {panel.keys[0]: 0}
        problems = []
        rows = np.zeros((len(wanted), horizon), dtype=np.int64)
        for number, series in enumerate(wanted):
            at = place.get(panel.keys[series])
            first = panel.ends[series] - given.starts[at] if at is not None else -1
            if at is None or first < 0 or first + horizon > given.lengths[at]:
                have = (
                    f"reaches from {given.stamp_text(given.starts[at])} to {given.stamp_text(given.ends[at] - 1)}"
                    if (at is not None)
                    else "has no rows"
                )
                need = f"{panel.stamp_text(panel.ends[series])} to {panel.stamp_text(panel.ends[series] + horizon - 1)}"
                problems.append(
                    Problem(
                        f"series {quote([panel.keys[series]])} {have}, but {need} is forecast",
                        fix="Give every stamp of the horizon.",
                    )
                )
                continue
            rows[number] = given.indptr[at] + first + np.arange(horizon)
        if problems:
            raise DataError("future", problems)
        return {name: given.exogenous[name][rows] for name in known}

    def refuse_unread(self, future: object) -> None:
        """Refuse columns of the future that hold values where a forecast reads none; stamps alone do no harm.

        Parameters
        ----------
        future : frame or Panel, optional
        """
        if future is None:
            return
        if isinstance(future, Panel):
            held = [name for name, values in future.exogenous.items() if not np.isnan(values).all()]
        else:
            frame = as_pandas(future, "future", copy=False)
            held = [name for name in frame.columns if frame[name].notna().any()]
        if unread := [name for name in held if name not in {self.unique_id, self.ds, self.y}]:
            raise SettingsError(
                f"{type(self).__name__} reads no column ahead, so that {quote(unread)} of future= would change nothing;"
                " leave it out, or use LagForecaster with a recipe that names the columns: Exogenous(name, known=True)"
            )

    def to_future_panel(self, future: object) -> Panel:
        """Check a table of the columns known in the future and make it a panel on the grid that was learnt.

        Parameters
        ----------
        future : frame or Panel
            Key, stamp and the columns known in the future.
        """
        columns = SeriesColumns(self.unique_id, self.ds, self.y, self.future_columns(), owner=type(self).__name__)
        try:
            return Panel.from_frame(future, columns, tz=self.tz, frequency=self.panel_.frequency, need_y=False)
        except DataError as error:
            raise error.respell(_for_predict) from None

    def _tail(self, panel: Panel, wanted: Ints, horizon: int) -> Any:
        """The last known values, for pictures; of the first thousand series where there are more."""
        shown = wanted[:MOST_DRAWN]
        ends = panel.indptr[shown + 1]
        lengths = np.minimum(panel.lengths[shown], max(3 * horizon, 30))
        rows = np.concatenate([np.arange(end - length, end) for end, length in zip(ends, lengths, strict=True)])
        frame = panel.key_frame(np.repeat(shown, lengths), panel.ordinals()[rows])
        frame[panel.columns.y] = panel.values[rows]
        return frame

    def _tail_canvas(
        self,
        panel: Panel,
        series: Ints,
        origins: Ints,
        lookback: int,
        horizon: int,
        future: dict[str, Floats],
        worked: Floats | None = None,
    ) -> tuple[Canvas, Ints, Ints]:
        """Copy `lookback` rows before each origin and room for the horizon side by side.

        Returns the canvas, and for each copy the position of its origin and of its first known row. Nothing from the
        origin on is copied but the columns known in the future.
        """
        n = len(origins)
        history = origins - panel.indptr[series]
        lookback = min(lookback, max(1, int(history.max(initial=1))))  # no row comes before the history
        width = lookback + horizon
        back = np.arange(-lookback, 0)
        rows = origins[:, None] + back
        before = rows < panel.indptr[series][:, None]
        rows = np.maximum(rows, panel.indptr[series][:, None])

        def laid(values: Floats, ahead: Floats | None) -> Floats:
            block = np.full((n, width), np.nan)
            block[:, :lookback] = np.where(before, np.nan, values[rows])
            if ahead is not None:
                block[:, lookback:] = ahead
            return block.ravel()

        y = laid(self._feature_values(panel) if worked is None else worked, None)
        exogenous = {name: laid(values, future.get(name)) for name, values in panel.exogenous.items()}
        first = panel.starts[series] + history
        ordinals = (first[:, None] + np.arange(-lookback, horizon)).ravel()
        place = np.arange(n) * width
        known = np.minimum(history, lookback)
        return Canvas(panel.frequency, y, exogenous, ordinals), place + lookback, place + lookback - known


def as_keys(ids: Any) -> Sequence[Any]:
    """Take the key of a series or several as a sequence of them.

    Parameters
    ----------
    ids : object or iterable

    Raises
    ------
    SettingsError
        There is none.

    >>> as_keys("north"), as_keys(7), as_keys(["north", "south"])
    (('north',), (7,), ('north', 'south'))
    """
    keys = as_tuple(ids, "ids")
    if not keys:
        raise SettingsError(f"ids={ids!r}: give a list of at least one key")
    return keys


def _draw_held(
    draw: Callable[[int, np.random.Generator], Floats],
    least: Floats,
    most: Floats,
    count: int,
    random: np.random.Generator,
) -> Floats:
    """Sample paths that reach no further than bounds may."""
    return np.clip(draw(count, random), least[:, None, :], most[:, None, :])


def _for_predict(argument: Argument) -> str:
    """How an argument is passed beside a future, which is never repaired."""
    return "" if argument.name == "repair" else str(argument)
