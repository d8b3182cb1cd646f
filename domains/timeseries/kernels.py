"""Features of many forecast cells at once, from flat arrays; no pandas, no loop over rows.

A cell is one forecast: an origin (position of the first unknown value in a flat array) and a lead (steps from there
to the value that is forecast, from 0). What lies before the beginning of its series is NaN.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from domains.timeseries.recipe import Season, Steps, Variable, Window
from shared.data.frequency import Frequency, wall_clock
from shared.errors import SettingsError
from shared.typing import Floats, Ints

__all__ = [
    "Canvas",
    "feature_groups",
    "feature_names",
    "fill_origin_block",
    "origin_block",
    "origin_width",
    "season_rows",
    "target_block",
]

CHUNK = 8192
DAY_NS = 86400 * 10**9


@dataclass
class Canvas:
    """Flat arrays on which cells are laid: history, and room for the future.

    Attributes
    ----------
    frequency : Frequency
        The grid.
    y : numpy.ndarray of float64, shape (n,)
        Values on the scale of the model; NaN where unknown.
    exogenous : dict of str to numpy.ndarray of float64, shape (n,)
        Outside variables; NaN where unknown.
    ordinals : numpy.ndarray of int64, shape (n,)
        Number of each stamp on the grid.

    >>> canvas = Canvas(Frequency("integer", 1), np.array([1.0, 2.0, 3.0]), {}, np.arange(3))
    >>> origin_block(canvas, Steps(lags=(1, 2)), np.array([2]), np.array([0])).tolist()
    [[2.0, 1.0]]
    """

    frequency: Frequency
    y: Floats
    exogenous: dict[str, Floats]
    ordinals: Ints

    @cached_property
    def _distinct(self) -> tuple[Ints, Ints]:
        """The distinct stamps, for which clocks are looked up once, and each row's place among them."""
        distinct, place = np.unique(self.ordinals, return_inverse=True)
        return distinct, place

    @cached_property
    def wall(self) -> Ints:
        """Local time of each row in nanoseconds (integer grids: the stamps)."""
        distinct, place = self._distinct
        stamps = self.frequency.stamps(distinct)
        wall = stamps if self.frequency.kind == "integer" else wall_clock(stamps, self.frequency.tz)
        return np.asarray(wall[place])

    @cached_property
    def offset(self) -> Ints:
        """Steps by which each row's wall clock is ahead."""
        distinct, place = self._distinct
        return np.asarray(self.frequency.wall_offset(distinct)[place])


def feature_names(steps: Steps, y: str) -> tuple[list[str], list[str]]:
    """Names of the features, in the order of `origin_block` and of `target_block`.

    >>> feature_names(Steps(lags=(1,), calendar=("weekend",)), "y")
    (['y lag 1'], ['weekend'])
    """
    origin, target = _describe(steps, y)
    return [name for name, _ in origin], [name for name, _ in target]


def feature_groups(steps: Steps, y: str) -> dict[str, list[int]]:
    """Places of the features by what people call them.

    >>> feature_groups(Steps(lags=(1, 2), calendar=("weekend",)), "y")
    {'latest values': [0, 1], 'calendar': [2]}
    """
    origin, target = _describe(steps, y)
    found: dict[str, list[int]] = {}
    for place, (_, group) in enumerate(origin + target):
        found.setdefault(group, []).append(place)
    return found


def _describe(steps: Steps, y: str) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """Name and group of every feature, of the origin and of the target."""
    origin = [(f"{y} lag {lag}", "latest values") for lag in steps.lags]
    origin += [(f"{y} {w.name} of {w.label} at lag {w.lag}", "latest values") for w in steps.rolling]
    target = [(f"{y} one {season.label} before", "values of earlier seasons") for season in steps.seasonal]
    for variable in steps.exogenous:
        own = [(name, variable.name) for name in _hinge(_own_names(variable), variable)]
        (target if variable.known else origin).extend(own)
        if not variable.known:
            earlier = [f"{variable.name} one {season.label} before" for season in variable.seasonal]
            target += [(name, variable.name) for name in _hinge(earlier, variable)]
    if steps.holidays:
        marks = ["holiday", *(f"holiday one {season.label} before" for season in steps.seasonal)]
        target += [(name, "holidays") for name in marks]
    for part in steps.calendar:
        values = [f"{part} {value}" for value in range(_cardinality(part))] or [part]
        target += [(name, "calendar") for name in values]
    for _, order, label in steps.fourier:
        waves = [f"{wave} {k} of {label}" for k in range(1, order + 1) for wave in ("sine", "cosine")]
        target += [(name, "smooth seasons") for name in waves]
    return origin, target


def _own_names(variable: Variable) -> list[str]:
    own = [f"{variable.name} lag {lag}" if lag else variable.name for lag in variable.lags]
    if variable.known:
        own += [f"{variable.name} one {season.label} before" for season in variable.seasonal]
    return own + [f"{variable.name} {w.name} of {w.label}" for w in variable.rolling]


def _hinge(own: list[str], variable: Variable) -> list[str]:
    return [name + tail for name in own for tail in ("", *(f" above {hinge:g}" for hinge in variable.hinges))]


def origin_block(canvas: Canvas, steps: Steps, origin: Ints, begin: Ints) -> Floats:
    """Features that depend on the origin alone, one row a cell.

    Parameters
    ----------
    origin, begin : numpy.ndarray of int64, shape (n_cells,)
        Position of the first unknown value, and of the beginning of the series.

    >>> canvas = Canvas(Frequency("integer", 1), np.array([1.0, 2.0, 3.0]), {}, np.arange(3))
    >>> window = Window(2, "mean", 1, "2")
    >>> origin_block(canvas, Steps(rolling=(window,)), np.array([1, 3]), np.array([0, 0])).tolist()
    [[nan], [2.5]]
    """
    block = np.empty((len(origin), origin_width(steps)))
    fill_origin_block(canvas, steps, origin, begin, block)
    return block


def origin_width(steps: Steps) -> int:
    """Number of features that depend on the origin alone.

    >>> origin_width(Steps(lags=(1, 2)))
    2
    """
    unknown = [variable for variable in steps.exogenous if not variable.known]
    return len(steps.lags) + len(steps.rolling) + sum(len(_hinge(_own_names(v), v)) for v in unknown)


def fill_origin_block(canvas: Canvas, steps: Steps, origin: Ints, begin: Ints, out: Floats) -> None:
    """Write `origin_block` into the first columns of an array.

    >>> canvas = Canvas(Frequency("integer", 1), np.array([1.0, 2.0]), {}, np.arange(2))
    >>> out = np.zeros((1, 2))
    >>> fill_origin_block(canvas, Steps(lags=(2,)), np.array([2]), np.array([0]), out)
    >>> out.tolist()
    [[1.0, 0.0]]
    """
    first = len(steps.lags) + len(steps.rolling)
    _fill(canvas.y, steps.lags, steps.rolling, origin, begin, out[:, :first])
    for variable in steps.exogenous:
        if not variable.known:
            own = np.empty((len(origin), len(variable.lags) + len(variable.rolling)))
            _fill(canvas.exogenous[variable.name], variable.lags, variable.rolling, origin, begin, own)
            columns = _bend(list(own.T), variable)
            out[:, first : first + len(columns)] = np.column_stack(columns)
            first += len(columns)


def target_block(canvas: Canvas, steps: Steps, origin: Ints, lead: Ints, begin: Ints) -> Floats:
    """Features that depend on the stamp that is forecast, one row a cell.

    >>> canvas = Canvas(Frequency("integer", 1), np.array([1.0, 2.0, 3.0, np.nan]), {}, np.arange(4))
    >>> steps = Steps(seasonal=(Season(2, wall=False, label="2"),))
    >>> target_block(canvas, steps, np.array([3]), np.array([0]), np.array([0])).tolist()
    [[2.0]]
    """
    target = origin + lead
    sources = [season_rows(canvas.offset, season, origin, target, begin) for season in steps.seasonal]
    columns = [_at(canvas.y, rows, begin) for rows in sources]
    for variable in steps.exogenous:
        values = canvas.exogenous[variable.name]
        if variable.known:
            own = [_at(values, target - lag, begin) for lag in variable.lags]
            own += [
                _at(values, season_rows(canvas.offset, season, target, target, begin), begin)
                for season in variable.seasonal
            ]
            own += [_roll(values, window, target - window.lag + 1, begin) for window in variable.rolling]
        else:
            own = [
                _at(values, season_rows(canvas.offset, season, origin, target, begin), begin)
                for season in variable.seasonal
            ]
        columns += _bend(own, variable)
    clocked = bool(steps.calendar) or any(unit == "ns" for (unit, _), _, _ in steps.fourier)
    wall = canvas.wall[target] if clocked else target
    holiday = None
    if steps.holidays:
        marks = canvas.exogenous[steps.holidays]
        holiday = marks[target]
        columns += [holiday, *(_at(marks, rows, begin) for rows in sources)]
    for part in steps.calendar:
        columns += _calendar(part, wall, holiday if part == "day_of_week" else None)
    for (unit, period), order, _ in steps.fourier:
        phase = 2 * np.pi * ((canvas.ordinals[target] if unit == "steps" else wall) / period % 1)
        for k in range(1, order + 1):
            columns += [np.sin(k * phase), np.cos(k * phase)]
    return _stack(columns, len(origin))


def season_rows(offset: Ints, season: Season, origin: Ints, target: Ints, begin: Ints) -> Ints:
    """Rows as many whole seasons before a target as it takes to land before the origin; below `begin` where none is.

    Whole days are counted on the wall clock: the row that shows the same time, also across a change of the clocks.

    >>> none = np.zeros(9, dtype=np.int64)
    >>> season_rows(none, Season(2, wall=False, label="2"), np.array([4, 4]), np.array([5, 6]), none[:2]).tolist()
    [3, 2]
    """
    seasons = np.maximum((target - origin) // season.steps + 1, 1)
    rows = _back(offset, season, target, seasons, begin)
    late = rows >= origin
    if late.any():
        seasons = seasons + late
        rows = np.where(late, _back(offset, season, target, seasons, begin), rows)
    return rows


def _back(offset: Ints, season: Season, target: Ints, seasons: Ints, begin: Ints) -> Ints:
    rows = target - seasons * season.steps
    if not season.wall:
        return rows
    inside = np.maximum(rows, begin)
    return np.asarray(rows + offset[target] - offset[inside])


def _at(values: Floats, rows: Ints, begin: Ints) -> Floats:
    inside = rows >= begin
    return np.where(inside, values[np.maximum(rows, begin)], np.nan)


def _fill(
    values: Floats, lags: tuple[int, ...], windows: tuple[Window, ...], origin: Ints, begin: Ints, out: Floats
) -> None:
    """Write lags and windows of one variable into the columns of `out`."""
    from domains.timeseries.rolling import STATISTIC_CODES, fill_lags, fill_window

    back = np.asarray(lags, dtype=np.int64)
    for at in range(0, len(origin), CHUNK):  # so many rows that their features stay in the processor's cache
        part = slice(at, at + CHUNK)
        if lags:
            fill_lags(values, origin[part], begin[part], back, out[part], 0)
        for column, window in enumerate(windows, len(lags)):
            if not isinstance(window.statistic, str):
                out[part, column] = _own_statistic(values, window, origin[part], begin[part])
                continue
            code = STATISTIC_CODES[window.statistic]
            fill_window(values, origin[part], begin[part], window.lag, window.steps, code, out[part], column)


def _own_statistic(values: Floats, window: Window, origin: Ints, begin: Ints) -> Floats:
    """A user's function of the windows that are all there; NaN for the others."""
    found = np.full(len(origin), np.nan)
    first = origin - window.lag - window.steps + 1
    whole = np.flatnonzero(first >= begin)
    if len(whole) == 0:
        return found
    windows = values[first[whole, None] + np.arange(window.steps)]
    whole, windows = whole[np.isfinite(windows).all(axis=1)], windows[np.isfinite(windows).all(axis=1)]
    made = np.asarray(window.statistic(windows), dtype=np.float64)  # type: ignore[operator]
    if made.shape != (len(whole),):
        raise SettingsError(
            f"the statistic {window.name!r} made an array of shape {made.shape} of windows of shape {windows.shape}; it"
            f" has to give one number a window, shape {(len(whole),)}"
        )
    found[whole] = made
    return found


def _roll(values: Floats, window: Window, last: Ints, begin: Ints) -> Floats:
    """Statistic of the window that ends at row `last`."""
    out = np.empty((len(last), 1))
    _fill(values, (), (window,), last + window.lag, begin, out)
    return out[:, 0]


def _bend(own: list[Floats], variable: Variable) -> list[Floats]:
    return [
        column for values in own for column in (values, *(np.maximum(values - hinge, 0) for hinge in variable.hinges))
    ]


def _cardinality(part: str) -> int:
    """Columns of a calendar part that is one-hot; 0 for those that are one number."""
    return {"day_of_week": 7, "hour": 24, "month": 12, "quarter": 4}.get(part, 0)


def _calendar(part: str, wall: Ints, holiday: Floats | None) -> list[Floats]:
    days = wall // DAY_NS
    weekday = (days + 3) % 7  # 1970-01-01 was a Thursday
    in_day = wall % DAY_NS
    dates = days.astype("datetime64[D]")
    months = dates.astype("datetime64[M]")
    month = months.astype(np.int64) % 12
    if part == "day_of_week":
        free = np.zeros(len(wall), dtype=bool) if holiday is None else holiday > 0
        return [((weekday == day) & ~free).astype(float) for day in range(7)]
    if part == "hour":
        return [(in_day // (3600 * 10**9) == hour).astype(float) for hour in range(24)]
    if part == "month":
        return [(month == value).astype(float) for value in range(12)]
    if part == "quarter":
        return [(month // 3 == value).astype(float) for value in range(4)]
    if part == "weekend":
        return [(weekday >= 5).astype(float)]
    if part == "time_of_day":
        return [in_day / (3600 * 10**9)]
    if part == "day_of_month":
        return [(dates - months.astype("datetime64[D]")).astype(np.int64) + 1.0]
    years = dates.astype("datetime64[Y]").astype("datetime64[D]")
    return [(dates - years).astype(np.int64) + 1.0]


def _stack(columns: list[Floats], rows: int) -> Floats:
    return np.column_stack(columns) if columns else np.empty((rows, 0))
