"""Lengths of time: steps, or time on the clock and in the calendar, from text and from other libraries' objects."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from shared.data.business_days import read_business_days, step_as_text
from shared.errors import SettingsError, quote

__all__ = ["Duration", "WrittenDurations", "as_duration", "is_time", "parse_duration"]

NS = {"s": 10**9, "min": 60 * 10**9, "h": 3600 * 10**9, "D": 86400 * 10**9, "W": 7 * 86400 * 10**9}
MONTHS = {"M": 1, "Q": 3, "Y": 12}
ALIASES = {"T": "min", "H": "h", "d": "D", "days": "D", "A": "Y", "MS": "M", "ME": "M", "QS": "Q", "QE": "Q"}
ALIASES |= {"second": "s", "seconds": "s", "minute": "min", "minutes": "min", "hour": "h", "day": "D", "week": "W"}
ALIASES |= {"month": "M", "quarter": "Q", "quarters": "Q", "year": "Y"}
ALIASES |= {"YS": "Y", "YE": "Y", "S": "s", "hours": "h", "weeks": "W", "months": "M", "years": "Y"}


@dataclass(frozen=True)
class Duration:
    """A length of time: nanoseconds, months, business days or plain steps; exactly one is set.

    >>> parse_duration("2D").ns == 2 * 86400 * 10**9
    True
    """

    ns: int = 0
    months: int = 0
    business_days: int = 0
    steps: int = 0


MAX_STEPS = 10**12
MAX_NS, MAX_MONTHS, MAX_DAYS = 100 * 366 * 86400 * 10**9, 1200, 26_200


def is_time(length: object) -> bool:
    """Whether something says a length of time by itself, as text and timedeltas do, and numbers do not.

    Parameters
    ----------
    length : object

    >>> is_time("7D"), is_time(pd.Timedelta("7D")), is_time(7)
    (True, True, False)
    """
    return isinstance(length, str | dt.timedelta | np.timedelta64 | pd.offsets.BaseOffset)


def as_duration(length: object, name: str = "") -> int | str:
    """Write a length of time as steps or as text, whatever kind of object said it.

    Parameters
    ----------
    length : int, str, datetime.timedelta, pandas.Timedelta, numpy.timedelta64 or pandas offset
    name : str
        What it is called in errors.

    Raises
    ------
    SettingsError
        It is none of these.

    >>> as_duration(dt.timedelta(hours=36)), as_duration(pd.Timedelta("7D")), as_duration(np.timedelta64(3, "M"))
    ('36h', '7D', '3M')
    """
    if isinstance(length, str):
        return length
    if isinstance(length, np.timedelta64) and np.datetime_data(length)[0] in {"M", "Y"}:
        return f"{length.astype(np.int64)}{np.datetime_data(length)[0]}"
    if isinstance(length, dt.timedelta | np.timedelta64):
        return _write_elapsed(pd.Timedelta(length), name)
    if isinstance(length, pd.offsets.BaseOffset):
        days = getattr(length, "kwds", {})
        if type(length) is pd.DateOffset and len(days) == 1:
            unit = next(iter(days))
            if unit in ALIASES and unit.endswith("s"):  # one without sets a part of the date
                return f"{length.n * days[unit]}{ALIASES[unit]}"
            if unit in ALIASES:
                raise SettingsError(
                    f"{_named(name)}{quote([length])} sets the {unit} and is no length of time; write"
                    f" {unit}s={days[unit]!r}"
                )
        return str(step_as_text(length, name or "freq"))
    if isinstance(length, bool) or not isinstance(length, int | np.integer):
        raise SettingsError(
            f"{_named(name)}{quote([length])} is no duration; give steps as in 48, or time as in '30min', '2D', '1W',"
            " '3M'"
        )
    return int(length)


def _write_elapsed(length: pd.Timedelta, name: str) -> str:
    if not length > pd.Timedelta(0):  # nor NaT
        raise SettingsError(f"{_named(name)}{quote([length])} is no duration; it has to be longer than nothing")
    ns = int(length.as_unit("ns").value)
    for unit in ("D", "h", "min", "s"):
        if ns % NS[unit] == 0:
            return f"{ns // NS[unit]}{unit}"
    raise SettingsError(f"{_named(name)}{quote([length])} is no whole number of seconds")


def _named(name: str) -> str:
    return f"{name}=" if name else ""


def parse_duration(given: object, name: str = "") -> Duration:
    """Read a duration such as 48, "30min", "2D", "1W", "3M" or "1Y", or an object that says one.

    Parameters
    ----------
    given : int, str, datetime.timedelta, pandas.Timedelta, numpy.timedelta64 or pandas offset
    name : str
        What it is called in errors.

    Raises
    ------
    SettingsError
        The text is no duration, or it is not positive.

    >>> parse_duration("1Y").months, parse_duration(7).steps
    (12, 7)
    """
    text = as_duration(given, name)
    # Outer blanks go first: two stretches of blanks in a pattern can be told apart in as many ways as there are blanks.
    written = text.strip() if isinstance(text, str) else ""
    if not isinstance(text, str) or re.fullmatch(r"\d{1,9}", written):
        return _count_steps(int(text), name)
    if open_days := read_business_days(written):
        written = f"{open_days[0]}B"
    match = re.fullmatch(r"(\d{0,9})\s*([A-Za-z]+)(-[A-Z]{3})?", written)
    unit = ALIASES.get(match[2], match[2]) if match else ""
    count = int(match[1] or 1) if match else 0
    if count < 1 or (unit not in NS and unit not in MONTHS and unit != "B"):
        what = f"{_named(name)}{quote([text])} is no duration"
        raise SettingsError(f"{what}; write it as in 48, '30min', '2D', '1W', '3M' or '1Y'")
    if (
        count * NS.get(unit, 0) > MAX_NS
        or count * MONTHS.get(unit, 0) > MAX_MONTHS
        or (unit == "B" and count > MAX_DAYS)
    ):
        what = f"{_named(name)}{quote([text])} is longer than a century"
        raise SettingsError(f"{what}, and than any table that is read here")
    if unit in NS:
        return Duration(ns=count * NS[unit])
    if unit == "B":
        return Duration(business_days=count)
    return Duration(months=count * MONTHS[unit])


def _count_steps(steps: int, name: str) -> Duration:
    about = f"{name}={steps}: " if name else ""
    if steps < 1:
        raise SettingsError(f"{about}a duration of {steps} steps is not positive")
    if steps > MAX_STEPS:
        raise SettingsError(f"{about}a duration of more than {MAX_STEPS:,} steps is longer than any table")
    return Duration(steps=steps)


class WrittenDurations:
    """An estimator whose lengths of time are stored as text; other libraries' objects do not travel.

    A mixin, in front of scikit-learn's base.

    >>> from domains.timeseries import SeasonalNaive
    >>> issubclass(SeasonalNaive, WrittenDurations), SeasonalNaive(pd.Timedelta("7D")).__getstate__()["season"]
    (True, '7D')
    """

    def __getstate__(self) -> dict[str, Any]:
        state: dict[str, Any] = super().__getstate__()  # type: ignore[assignment]
        return {name: as_duration(value, name) if _is_object(value) else value for name, value in state.items()}


def _is_object(value: object) -> bool:
    return is_time(value) and not isinstance(value, str)
