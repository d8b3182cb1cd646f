"""Days on which a business is open: written as a frequency in one line of text, from a list or from pandas' offsets."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from shared.data.calendar_days import DAY_NAMES
from shared.errors import SettingsError, quote

__all__ = ["business_days", "read_business_days", "step_as_text"]

WEEKDAYS = "1111100"
MOST_CLOSED = 10_000


def business_days(closed: Iterable[Any] = (), open_days: Sequence[str] | str = WEEKDAYS) -> str:
    """Write a frequency (`freq=`) of open days: of some days of the week, without single dates.

    Parameters
    ----------
    closed : iterable of dates
        Days on which nothing happens, such as public holidays: also those to come, as far as forecasts shall go.
    open_days : sequence of str, or str
        Days of the week, as in ("Mon", "Tue", "Sat"), or as numpy's ``weekmask``; Monday to Friday where left out.

    Raises
    ------
    SettingsError
        A date or a day of the week is none.

    >>> business_days(["2024-12-25", "2024-12-26"])
    'B closed 2024-12-25 2024-12-26'
    >>> business_days(open_days=["Mon", "Wed", "Fri"])
    'B open 1010100'
    """
    mask = _weekmask(open_days)
    listed: Any = [closed] if isinstance(closed, str) else closed
    try:
        given = list(listed)
    except TypeError as error:
        raise SettingsError(f"closed={listed!r} holds what is no date: give a list of dates") from error
    if wrong := [day for day in given if not _says_a_day(day)]:
        raise SettingsError(
            f"closed= holds what is no date, or not plainly one: {quote(wrong)}; write it as in '2024-12-25'"
        )
    try:
        found = pd.DatetimeIndex([pd.Timestamp(day) for day in given])
    except (ValueError, TypeError, OverflowError) as error:
        raise SettingsError(f"closed= holds what is no date: {str(error)[:120]}") from error
    if found.hasnans:
        raise SettingsError("closed= holds a missing date")
    if len(found) > MOST_CLOSED:
        raise SettingsError(
            f"closed= holds {len(found):,} days, more than {MOST_CLOSED:,}; give days of the week instead"
        )
    days = sorted({day.strftime("%Y-%m-%d") for day in found})
    return f"B{'' if mask == WEEKDAYS else f' open {mask}'}{' closed ' if days else ''}{' '.join(days)}"


def read_business_days(text: str) -> tuple[int, str, tuple[int, ...]] | None:
    """Read what `business_days` wrote: step, days of the week, closed days since 1970; None where it is no such text.

    Raises
    ------
    SettingsError
        One of the days is none, or no day is left.

    >>> read_business_days("2B closed 1970-01-02"), read_business_days("D")
    ((2, '1111100', (1,)), None)
    """
    head, *rest = text.split() or [""]
    if head.isdecimal() and rest:  # the step may stand alone
        head, rest = head + rest[0], rest[1:]
    if not re.fullmatch(r"\d{0,9}B", head):
        return None
    mask = WEEKDAYS
    if len(rest) > 1 and rest[0] == "open" and re.fullmatch("[01]{7}", rest[1]):
        mask, rest = rest[1], rest[2:]
    if "1" not in mask:
        raise SettingsError(f"freq={quote([text])} is open on no day of the week")
    if rest and rest[0] != "closed":
        return None
    try:
        days = {(dt.date.fromisoformat(day) - dt.date(1970, 1, 1)).days for day in rest[1:]}
    except ValueError as error:
        raise SettingsError(f"freq={quote([text])} holds what is no date: {error}") from error
    return int(head[:-1] or 1), mask, tuple(sorted(days))


def step_as_text(freq: Any, name: str = "freq") -> Any:
    """Write one of pandas' offsets as the text that Hexad reads; whatever else is given stays as it is.

    Raises
    ------
    SettingsError
        It is an offset that no text says, such as business hours.

    >>> step_as_text(pd.offsets.CustomBusinessDay(holidays=["2024-05-01"])), step_as_text("h")
    ('B closed 2024-05-01', 'h')
    """
    if not isinstance(freq, pd.offsets.BaseOffset):
        return freq
    if isinstance(freq, pd.offsets.BusinessDay) and getattr(freq, "offset", dt.timedelta()) == dt.timedelta():
        if not isinstance(freq, pd.offsets.CustomBusinessDay):
            return f"{freq.n}B"
        calendar = freq.calendar
        mask = "".join("1" if one else "0" for one in calendar.weekmask)
        text = business_days([str(day) for day in np.asarray(calendar.holidays)], mask)
        return text if freq.n == 1 else f"{freq.n}{text}"
    text = freq.freqstr
    if re.fullmatch(r"-?\d*[A-Za-z]+(-[A-Z]{3})?", text):
        return text
    raise SettingsError(
        f"{name}={quote([text])} is an offset that is not known here; write it as in '30min', '1D', 'MS', 'B'"
    )


def _says_a_day(day: object) -> bool:
    """Whether it is a date, or text with the year first: of 01/02/2024 nobody knows whether it is in January."""
    if isinstance(day, str):
        return bool(re.match(r"\s*\d{4}[-/.]?\d{1,2}[-/.]?\d{1,2}(\D|$)", day))
    return not isinstance(day, int | float | np.integer | np.floating)


def _weekmask(open_days: Sequence[str] | str) -> str:
    if isinstance(open_days, str):
        if re.fullmatch("(?=.*1)[01]{7}", open_days):
            return open_days
        open_days = open_days.replace(",", " ").split()
    if not isinstance(open_days, Iterable):
        raise SettingsError(f"open_days={open_days!r} are no days of the week; give them as in ['Mon', 'Tue', 'Sat']")
    places = [
        next(
            (place for place, full in enumerate(DAY_NAMES) if len(name) > 1 and full.upper().startswith(name.upper())),
            -1,
        )
        for name in map(str, open_days)
    ]
    if not places or -1 in places:
        raise SettingsError(
            f"open_days={quote([open_days])} are no days of the week; give them as in ['Mon', 'Tue', 'Sat']"
        )
    return "".join("1" if place in places else "0" for place in range(7))
