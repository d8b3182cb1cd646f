"""The recipe: which lags, windows, calendar and outside variables make the features of a forecast."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from sklearn.base import BaseEstimator

from shared.checks import is_whole
from shared.data.frequency import MAX_STEPS, Frequency, parse_duration
from shared.errors import SettingsError, quote
from shared.runtime.array_of import ArrayOf

__all__ = ["Exogenous", "Fourier", "Recipe", "Rolling", "default_recipe", "season_of"]

Statistic = Literal["mean", "std", "min", "max"] | Callable[[np.ndarray[Any, Any]], Any]
Calendar = Literal["day_of_week", "weekend", "hour", "time_of_day", "month", "quarter", "day_of_month", "day_of_year"]
STATISTICS = ("mean", "std", "min", "max")
CALENDAR = (
    "day_of_week",
    "weekend",
    "hour",
    "time_of_day",
    "month",
    "quarter",
    "day_of_month",
    "day_of_year",
)
DAY_NS = 86400 * 10**9
YEAR_NS = int(365.25 * DAY_NS)


@dataclass(frozen=True)
class Rolling:
    """A statistic over a window that ends `lag` steps before the first unknown value.

    Parameters
    ----------
    window : int or str
        Length: steps, or time as in "7D".
    statistic : {"mean", "std", "min", "max"} or callable
        The standard deviation is that of a sample (n - 1). A function of your own takes windows of shape (n, window),
        the latest value last, and returns one number each, shape (n,); it sees nothing else, so that it cannot see the
        future. Models with functions can be saved, but are not loaded: files hold no code.
    lag : int
        1 for a window that ends at the last known value.

    >>> Rolling("7D").statistic
    'mean'
    >>> Rolling(24, lambda windows: np.median(windows, axis=1)).lag
    1
    """

    window: int | str
    statistic: Statistic = "mean"
    lag: int = 1


@dataclass(frozen=True)
class Fourier:
    """Sines and cosines of a period, on the wall clock.

    Parameters
    ----------
    period : int or str
        Steps, or time as in "1Y" (365.25 days) or "7D".
    order : int
        Pairs of sine and cosine.

    >>> Fourier("1Y", 2).order
    2
    """

    period: int | str
    order: int = 1


@dataclass(frozen=True)
class Exogenous:
    """An outside variable.

    Parameters
    ----------
    name : str
        Its column.
    known : bool
        Whether it is known in the future. A known variable is taken at the forecast stamp itself, and its lags and
        windows end there; an unknown one is only ever taken from before the origin.
    lags : tuple of int
        Steps back: from 0 (the stamp itself) for a known, from 1 (the last observation) for an unknown variable. Where
        neither lags nor seasons nor windows are named, this first one is taken.
    seasonal : tuple of int or str
        Seasons back, as in `Recipe`.
    rolling : tuple of Rolling
        Windows.
    hinges : tuple of float
        Points k at which the effect may bend: ``max(x - k, 0)`` is added for every value, as in heating and cooling
        degrees. Source of the basis: Friedman (1991), Annals of Statistics 19(1).

    >>> Exogenous("Temperature", hinges=(14.0, 20.0)).known
    False
    """

    name: str
    known: bool = False
    lags: tuple[int, ...] = ()
    seasonal: tuple[int | str, ...] = ()
    rolling: tuple[Rolling, ...] = ()
    hinges: tuple[float, ...] = ()


class Recipe(BaseEstimator):  # type: ignore[misc]
    """Features of a forecast, made from what is known at its origin.

    All lags count back from the origin: lag 1 is the last known value. Seasonal lags count back from the stamp that
    is forecast, by as many seasons as it takes to land before the origin; whole days are counted on the wall clock,
    so that "same time yesterday" stays right when the clocks change.

    Parameters
    ----------
    lags : tuple of int
        Last known values.
    seasonal : tuple of int or str
        Seasons: steps, or time as in "1D", "7D".
    rolling : tuple of Rolling
        Windows over the series itself.
    calendar : tuple of str
        Of the stamp that is forecast: "day_of_week", "weekend", "hour", "time_of_day", "month", "quarter",
        "day_of_month", "day_of_year".
    fourier : tuple of Fourier
        Smooth seasons.
    holidays : str, optional
        Column that marks holidays, known in the future. A holiday is a day of the week of its own, and seasonal
        lags that fall on one are marked.
    exogenous : tuple of Exogenous
        Outside variables.

    >>> Recipe(lags=(1, 2), seasonal=("7D",)).known_columns
    ()
    """

    def __init__(
        self,
        lags: tuple[int, ...] = (),
        *,
        seasonal: tuple[int | str, ...] = (),
        rolling: tuple[Rolling, ...] = (),
        calendar: tuple[Calendar, ...] = (),
        fourier: tuple[Fourier, ...] = (),
        holidays: str | None = None,
        exogenous: tuple[Exogenous, ...] = (),
    ) -> None:
        self.lags = lags
        self.seasonal = seasonal
        self.rolling = rolling
        self.calendar = calendar
        self.fourier = fourier
        self.holidays = holidays
        self.exogenous = exogenous

    @property
    def known_columns(self) -> tuple[str, ...]:
        """Columns that must be known in the future.

        >>> Recipe(holidays="Holiday").known_columns
        ('Holiday',)
        """
        known = [variable.name for variable in self.exogenous if variable.known]
        return tuple(dict.fromkeys(([self.holidays] if self.holidays else []) + known))

    @property
    def exogenous_columns(self) -> tuple[str, ...]:
        """All columns it reads beside key, stamp and value."""
        return tuple(dict.fromkeys([*self.known_columns, *(variable.name for variable in self.exogenous)]))

    def resolve(self, frequency: Frequency) -> Steps:
        """Turn every duration into steps of a grid, and check what can be checked without data.

        Parameters
        ----------
        frequency : Frequency
            Grid of the panel.

        Raises
        ------
        SettingsError
            A lag below 1, an unknown statistic or calendar part, or a duration that is no whole number of steps.
        """
        if isinstance(self.lags, int | str):
            raise SettingsError(f"lags={self.lags!r}: give several, as in ({self.lags},)")
        _check(self.lags, 1, "lags")
        parts = (self.lags, self.seasonal, self.rolling, self.calendar, self.fourier, self.holidays, self.exogenous)
        if not any(parts):
            raise SettingsError("the recipe is empty: name at least one lag, season, window, calendar part or variable")
        unknown = [part for part in self.calendar if part not in CALENDAR]
        if unknown:
            raise SettingsError(f"unknown calendar parts {quote(unknown)}; there are {quote(CALENDAR)}")
        if (self.calendar or self.holidays) and frequency.kind == "integer" and self.calendar:
            raise SettingsError("calendar features need dates, but the stamps are whole numbers")
        return Steps(
            lags=tuple(dict.fromkeys(int(lag) for lag in self.lags)),
            seasonal=tuple(season_of(season, frequency) for season in self.seasonal),
            rolling=tuple(_window(rolling, frequency, 1) for rolling in self.rolling),
            calendar=tuple(self.calendar),
            fourier=tuple((_period(item.period, frequency), item.order, str(item.period)) for item in self.fourier),
            holidays=self.holidays,
            exogenous=tuple(_variable(variable, frequency) for variable in self.exogenous),
        )


MAX_ORDER = 10_000  # harmonics of one period: those of a year in hours are 4,380


@dataclass(frozen=True)
class Season:
    """A season in steps; `wall` where it is whole days on the wall clock."""

    steps: int
    wall: bool
    label: str

    def declare_arrays(self) -> dict[str, ArrayOf]:
        """What holds of its arrays and numbers; checked when a model is loaded."""
        return {"steps": ArrayOf("i", (), low=1, high=MAX_STEPS)}


@dataclass(frozen=True)
class Window:
    """A rolling window in steps."""

    steps: int
    statistic: Statistic
    lag: int
    label: str

    def declare_arrays(self) -> dict[str, ArrayOf]:
        """What holds of its arrays and numbers; checked when a model is loaded."""
        return {"steps": ArrayOf("i", (), low=1, high=MAX_STEPS), "lag": ArrayOf("i", (), low=0, high=MAX_STEPS)}

    @property
    def name(self) -> str:
        """What the statistic is called."""
        return self.statistic if isinstance(self.statistic, str) else getattr(self.statistic, "__name__", "own")


@dataclass(frozen=True)
class Variable:
    """An exogenous variable with everything in steps."""

    name: str
    known: bool
    lags: tuple[int, ...]
    seasonal: tuple[Season, ...]
    rolling: tuple[Window, ...]
    hinges: tuple[float, ...]

    def declare_arrays(self) -> dict[str, ArrayOf]:
        """What holds of its arrays and numbers; checked when a model is loaded."""
        return {"lags": ArrayOf("i", low=-MAX_STEPS, high=MAX_STEPS), "hinges": ArrayOf("f", finite=True)}

    def shows(self, lags: tuple[int, ...]) -> bool:
        """Whether a model is shown a known variable that many steps before the stamp that is forecast."""
        return {*self.lags, *(season.steps for season in self.seasonal)}.issuperset(lags)


@dataclass(frozen=True)
class Steps:
    """A recipe resolved on one grid."""

    lags: tuple[int, ...] = ()
    seasonal: tuple[Season, ...] = ()
    rolling: tuple[Window, ...] = ()
    calendar: tuple[str, ...] = ()
    fourier: tuple[tuple[tuple[str, float], int, str], ...] = ()
    holidays: str | None = None
    exogenous: tuple[Variable, ...] = field(default_factory=tuple)

    def declare_arrays(self) -> dict[str, ArrayOf]:
        """What holds of its arrays and numbers; checked when a model is loaded."""
        if max((order for _, order, _ in self.fourier), default=0) > MAX_ORDER:
            raise ValueError("it has more harmonics than any")
        return {"lags": ArrayOf("i", low=1, high=MAX_STEPS)}

    def lookback(self) -> int:
        """Rows before an origin that its features may reach, daylight saving included."""
        slack = 16
        reach = [1, *self.lags, *(window.steps + window.lag for window in self.rolling)]
        reach += [season.steps + slack for season in self.seasonal]
        for variable in self.exogenous:
            reach += [*variable.lags, *(window.steps + window.lag for window in variable.rolling)]
            reach += [season.steps + slack for season in variable.seasonal]
        return max(reach)


def _check(values: tuple[Any, ...], least: int, what: str) -> None:
    bad = [v for v in values if not is_whole(v, least)]
    if bad:
        raise SettingsError(f"{what} are whole numbers from {least}, but {quote(bad)} were given")


def season_of(season: int | str, frequency: Frequency) -> Season:
    """Turn a season into steps; one of whole days on a zoned sub-daily grid follows the wall clock.

    >>> season_of("1D", Frequency("fixed", 1800 * 10**9, tz="Australia/Melbourne"))
    Season(steps=48, wall=True, label='1D')
    """
    steps = frequency.steps(season)
    wall = frequency.kind == "fixed" and frequency.tz is not None and (steps * frequency.step) % DAY_NS == 0
    return Season(steps, wall, str(season))


def _window(rolling: Rolling, frequency: Frequency, least_lag: int) -> Window:
    if rolling.statistic not in STATISTICS and not callable(rolling.statistic):
        raise SettingsError(
            f"unknown statistic {rolling.statistic!r}; there are {quote(STATISTICS)}, and functions of windows"
        )
    _check((rolling.lag,), least_lag, "lags of windows")
    steps = frequency.steps(rolling.window)
    if rolling.statistic == "std" and steps < 2:
        raise SettingsError("a standard deviation needs a window of at least 2 steps")
    return Window(steps, rolling.statistic, rolling.lag, str(rolling.window))


def _variable(variable: Exogenous, frequency: Frequency) -> Variable:
    least = 0 if variable.known else 1
    _check(variable.lags, least, f"lags of {'known' if variable.known else 'unknown'} variable {variable.name!r}")
    plain = not (variable.lags or variable.seasonal or variable.rolling)
    return Variable(
        variable.name,
        variable.known,
        (least,) if plain else tuple(variable.lags),
        tuple(season_of(season, frequency) for season in variable.seasonal),
        tuple(_window(rolling, frequency, 1) for rolling in variable.rolling),
        tuple(float(hinge) for hinge in variable.hinges),
    )


def _period(period: int | str, frequency: Frequency) -> tuple[str, float]:
    """A period as ("ns", length on the wall clock) or ("steps", length)."""
    length = parse_duration(period)
    if length.steps:
        return "steps", float(length.steps)
    if frequency.kind == "integer":
        raise SettingsError(f"a period of {period!r} needs dates, but the stamps are whole numbers")
    if length.months:
        return "ns", length.months / 12 * YEAR_NS
    return "ns", float(length.ns)


def default_recipe(frequency: Frequency, length: int, horizon: int = 1) -> Recipe:
    """A recipe for a grid where none was given: what the field would try first.

    Parameters
    ----------
    frequency : Frequency
        The grid.
    length : int
        Rows of the longest series; seasons that leave too few rows to learn from are left out.
    horizon : int
        Steps ahead.

    >>> from shared.data.frequency import Frequency
    >>> default_recipe(Frequency("month", 1), length=120).seasonal
    (12,)
    """
    room = max(2, (length - horizon) // 2)
    lags: tuple[int, ...] = (1, 2, 3)
    seasons: list[int] = []
    calendar: tuple[Calendar, ...] = ()
    fourier: tuple[Fourier, ...] = ()
    if frequency.kind == "fixed" and DAY_NS % frequency.step == 0:
        day = DAY_NS // frequency.step
        lags, seasons = (1, 2, 3, max(4, day // 4), day), [day, 7 * day]
        calendar = ("day_of_week",)
        # In a zone a day is one of the clock: after a change of the hour, elapsed steps would shift it.
        whole = "1D" if frequency.tz is not None else day
        fourier = (Fourier(whole, min(6, max(1, day // 2 - 1))),) if day > 2 else ()
        fourier += (Fourier("1Y", 2),) if room >= 365 * day // 2 else ()
    elif frequency.kind == "wall" and frequency.step == DAY_NS:
        lags, seasons, calendar = (1, 2, 3, 7), [7], ("day_of_week",)
        fourier = (Fourier("1Y", 3),) if room >= 365 else ()
    elif frequency.kind == "wall" and frequency.step == 7 * DAY_NS:
        seasons, fourier = [52], ((Fourier("1Y", 3),) if room >= 52 else ())
    elif frequency.kind == "month" and 12 % frequency.step == 0:
        seasons = [12 // frequency.step] if frequency.step < 12 else []
        calendar = ("month",) if frequency.step < 12 else ()
    elif frequency.kind == "business":
        week = frequency.days_a_week
        lags, seasons, calendar = (1, 2, 3, week), [week], ("day_of_week",)
    else:
        lags = tuple(range(1, 9))
    fitting = tuple(season for season in seasons if season <= room)
    return Recipe(
        tuple(dict.fromkeys(lag for lag in lags if lag <= room)) or (1,),
        seasonal=fitting,
        rolling=tuple(Rolling(season) for season in fitting if season > 1),
        calendar=calendar,
        fourier=fourier,
    )
