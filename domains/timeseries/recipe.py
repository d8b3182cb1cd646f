"""The recipe: which lags, windows, calendar and outside variables make the features of a forecast."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Literal, Self, cast

import numpy as np
from sklearn.base import BaseEstimator

from shared.checks import as_names, as_tuple, as_whole_numbers, is_number, is_whole, nearest
from shared.data.durations import as_duration, parse_duration
from shared.data.frequency import MAX_STEPS, Frequency
from shared.errors import SettingsError, quote
from shared.runtime.array_of import ArrayOf

__all__ = ["Exogenous", "Fourier", "Recipe", "Rolling", "default_recipe", "season_of"]

Length = int | str | dt.timedelta
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
MAX_ORDER = 10_000  # harmonics of one period: those of a year in hours are 4,380


@dataclass(frozen=True)
class Rolling:
    """A statistic over a window that ends `lag` steps before the first unknown value.

    Parameters
    ----------
    window : int, str or timedelta
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

    def __post_init__(self) -> None:
        object.__setattr__(self, "window", as_duration(self.window, "window"))
        parse_duration(self.window, "window")
        if self.statistic not in STATISTICS and not callable(self.statistic):
            raise SettingsError(
                f"unknown statistic {self.statistic!r}; there are {quote(STATISTICS)}, and functions of windows"
            )
        as_whole_numbers((self.lag,), "lags of windows")


@dataclass(frozen=True)
class Fourier:
    """Sines and cosines of a period, on the wall clock.

    Parameters
    ----------
    period : int, str or timedelta
        Steps, or time as in "1Y" (365.25 days) or "7D".
    order : int
        Pairs of sine and cosine.

    >>> Fourier("1Y", 2).order
    2
    """

    period: int | str
    order: int = 1

    def __post_init__(self) -> None:
        object.__setattr__(self, "period", as_duration(self.period, "period"))
        parse_duration(self.period, "period")
        if not is_whole(self.order, 1, MAX_ORDER):
            raise SettingsError(f"order={self.order!r}: give a whole number of harmonics, from 1 to {MAX_ORDER:,}")


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
    lags : iterable of int
        Steps back: from 0 (the stamp itself) for a known, from 1 (the last observation) for an unknown variable. Where
        neither lags nor seasons nor windows are named, this first one is taken.
    seasonal : iterable of int or str
        Seasons back, as in `Recipe`.
    rolling : iterable of Rolling, int or str
        Windows, as in `Recipe`.
    hinges : iterable of float
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

    def __post_init__(self) -> None:
        if not isinstance(self.name, str):
            raise SettingsError(f"an outside variable is named by the text of its column, not {self.name!r}")
        least, kind = (0, "known") if self.known else (1, "unknown")
        hinges = as_tuple(self.hinges, "hinges")
        if wrong := [hinge for hinge in hinges if not is_number(hinge)]:
            raise SettingsError(f"hinges are numbers, but {quote(wrong)} were given")
        checked = {
            "lags": as_whole_numbers(self.lags, f"lags of {kind} variable {self.name!r}", least),
            "seasonal": _as_durations(self.seasonal, "seasonal"),
            "rolling": _as_windows(self.rolling),
            "hinges": hinges,
        }
        for one, value in checked.items():
            object.__setattr__(self, one, value)


class Recipe(BaseEstimator):  # type: ignore[misc]
    """Features of a forecast, made from what is known at its origin.

    All lags count back from the origin: lag 1 is the last known value. Seasonal lags count back from the stamp that
    is forecast, by as many seasons as it takes to land before the origin; whole days are counted on the wall clock,
    so that "same time yesterday" stays right when the clocks change.

    Parameters
    ----------
    lags : iterable of int
        Last known values, as in ``[1, 2, 24]`` or ``range(1, 25)``.
    seasonal : iterable of int or str
        Seasons: steps, or time as in "1D", "7D".
    rolling : iterable of Rolling, int or str
        Windows over the series itself; a length alone is one of means.
    calendar : iterable of str
        Of the stamp that is forecast: "day_of_week", "weekend", "hour", "time_of_day", "month", "quarter",
        "day_of_month", "day_of_year".
    fourier : iterable of Fourier, int or str
        Smooth seasons; a period alone has one sine and cosine, ``("1Y", 3)`` has three.
    holidays : str, optional
        Column that marks holidays, known in the future. A holiday is a day of the week of its own, and seasonal
        lags that fall on one are marked.
    exogenous : iterable of Exogenous or str
        Outside variables; a name alone is a variable whose future is not known.

    Raises
    ------
    SettingsError
        A lag below 1, an unknown calendar part, what is no duration: told when the recipe is written.

    >>> Recipe(lags=range(1, 3), seasonal="7D", rolling=[7], exogenous=["temp"])
    Recipe(exogenous=(Exogenous(name='temp', ...),), lags=(1, 2), rolling=(Rolling(window=7, ...),), seasonal=('7D',))
    """

    def __init__(
        self,
        lags: Iterable[int] = (),
        *,
        seasonal: Length | Iterable[Length] = (),
        rolling: Rolling | Length | Iterable[Rolling | Length] = (),
        calendar: Calendar | Iterable[Calendar] = (),
        fourier: Fourier | Length | Iterable[Fourier | Length | tuple[Length, int]] = (),
        holidays: str | None = None,
        exogenous: Exogenous | str | Iterable[Exogenous | str] = (),
    ) -> None:
        # Settings, and no learner: what is plainly meant is taken at once, and what cannot be meant is refused at once.
        # What has its form already stays the same object, as scikit-learn's clone wants it.
        self.lags = _as_lags(lags)
        self.seasonal = _as_durations(seasonal, "seasonal")
        self.rolling = _as_windows(rolling)
        self.calendar = _as_calendar(calendar)
        self.fourier = _as_harmonics(fourier)
        self.holidays = _as_column(holidays)
        self.exogenous = _as_variables(exogenous)

    def set_params(self, **params: object) -> Self:
        """Change settings, which are checked as those of the constructor are.

        Parameters
        ----------
        **params
            As the constructor takes them.

        >>> Recipe([1]).set_params(lags=[1, 2]).lags
        (1, 2)
        """
        if unknown := [name for name in params if name not in self.get_params(deep=False)]:
            raise SettingsError(f"a recipe has no {quote(unknown)}; {nearest(unknown[0], self.get_params(deep=False))}")
        for name, value in vars(Recipe(**{**self.get_params(deep=False), **params})).items():
            setattr(self, name, value)
        return self

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
            The recipe is empty, or a duration is no whole number of steps.
        """
        parts = (self.lags, self.seasonal, self.rolling, self.calendar, self.fourier, self.holidays, self.exogenous)
        if not any(parts):
            raise SettingsError("the recipe is empty: name at least one lag, season, window, calendar part or variable")
        if (self.calendar or self.holidays) and frequency.kind == "integer" and self.calendar:
            raise SettingsError("calendar features need dates, but the stamps are whole numbers")
        return Steps(
            lags=tuple(dict.fromkeys(int(lag) for lag in self.lags)),
            seasonal=tuple(season_of(season, frequency, "seasonal") for season in self.seasonal),
            rolling=tuple(_window(rolling, frequency) for rolling in self.rolling),
            calendar=tuple(self.calendar),
            fourier=tuple((_period(item.period, frequency), item.order, str(item.period)) for item in self.fourier),
            holidays=self.holidays,
            exogenous=tuple(_variable(variable, frequency) for variable in self.exogenous),
        )


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


def _as_lags(lags: object) -> tuple[int, ...]:
    if is_whole(lags, 1):
        raise SettingsError(
            f"lags={lags}: give a list, [{lags}] for this one or range(1, {lags + 1}) for the last {lags}"
        )
    return as_whole_numbers(lags, "lags")


def _as_each(given: object, name: str, read: Callable[[Any], Any]) -> tuple[Any, ...]:
    """Several things, each read; the same tuple where nothing had to be changed."""
    listed = as_tuple(given, name)
    found = tuple(read(one) for one in listed)
    return listed if all(one is other for one, other in zip(found, listed, strict=True)) else found


def _as_durations(given: object, name: str) -> tuple[int | str, ...]:
    def read(one: Any) -> int | str:
        parse_duration(one, name)
        return as_duration(one, name)

    return _as_each(given, name, read)


def _as_windows(given: object) -> tuple[Rolling, ...]:
    return _as_each(
        given, "rolling", lambda one: one if isinstance(one, Rolling) else Rolling(as_duration(one, "rolling"))
    )


def _as_calendar(given: object) -> tuple[Calendar, ...]:
    parts = as_names(given, "calendar")
    if unknown := [part for part in parts if part not in CALENDAR]:
        raise SettingsError(f"unknown calendar parts {quote(unknown)}; {nearest(unknown[0], CALENDAR)}")
    return cast("tuple[Calendar, ...]", parts)


def _as_harmonics(given: object) -> tuple[Fourier, ...]:
    def read(one: Any) -> Fourier:
        if isinstance(one, Fourier):
            return one
        return Fourier(*one) if isinstance(one, tuple | list) and len(one) == 2 else Fourier(one)

    pair = isinstance(given, tuple) and len(given) == 2 and isinstance(given[0], str) and is_whole(given[1])
    return _as_each([given] if pair else given, "fourier", read)


def _as_column(given: object) -> str | None:
    if given is not None and not isinstance(given, str):
        raise SettingsError(f"holidays={given!r}: name one column that marks them, as in 'Holiday'")
    return given


def _as_variables(given: object) -> tuple[Exogenous, ...]:
    return _as_each(given, "exogenous", lambda one: one if isinstance(one, Exogenous) else Exogenous(one))


def season_of(season: object, frequency: Frequency, name: str = "season") -> Season:
    """Turn a season into steps; one of whole days on a zoned sub-daily grid follows the wall clock.

    >>> season_of("1D", Frequency("fixed", 1800 * 10**9, tz="Australia/Melbourne"))
    Season(steps=48, wall=True, label='1D')
    """
    steps = frequency.steps(season, name)
    wall = frequency.kind == "fixed" and frequency.tz is not None and (steps * frequency.step) % DAY_NS == 0
    return Season(steps, wall, str(as_duration(season)))


def _window(rolling: Rolling, frequency: Frequency) -> Window:
    steps = frequency.steps(rolling.window, "window")
    if rolling.statistic == "std" and steps < 2:
        raise SettingsError("a standard deviation needs a window of at least 2 steps")
    return Window(steps, rolling.statistic, rolling.lag, str(rolling.window))


def _variable(variable: Exogenous, frequency: Frequency) -> Variable:
    plain = not (variable.lags or variable.seasonal or variable.rolling)
    return Variable(
        variable.name,
        variable.known,
        (0 if variable.known else 1,) if plain else variable.lags,
        tuple(season_of(season, frequency, "seasonal") for season in variable.seasonal),
        tuple(_window(rolling, frequency) for rolling in variable.rolling),
        tuple(float(hinge) for hinge in variable.hinges),
    )


def _period(period: int | str, frequency: Frequency) -> tuple[str, float]:
    """A period as ("ns", length on the wall clock) or ("steps", length)."""
    length = parse_duration(period, "period")
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
