"""Days of months and weeks: which of them stamps lie on, and what to call them."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from shared.errors import SettingsError
from shared.text import join_words
from shared.typing import Ints

__all__ = ["closed_days", "day_of_month", "refuse_contradiction", "say_days"]

DAY_NAMES = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTH_NAMES = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
# Steps that say where in a month, a quarter or a year their stamps lie, and those that leave it open.
STARTS, ENDS, EITHER = ("MS", "QS", "YS", "AS"), ("ME", "QE", "YE"), ("Q", "Y", "A")
WEEKS = ("W", "week", "weeks")
LEAVE_OUT = "leave freq= out, and the step is recognised"
# Weeks without a certain day of the week from which it is taken for closed; one or two may be a holiday.
LEAST_WEEKS = 3


def day_of_month(days: Any) -> int | None:
    """Day of the month on which stamps lie; 0 for the last, -1 for the last weekday, None where there is none.

    >>> day_of_month(np.array(["2024-01-30", "2024-02-29", "2024-03-30"], dtype="datetime64[D]"))
    30
    """
    months = days.astype("datetime64[M]")
    in_month = (days - months.astype("datetime64[D]")).astype(np.int64) + 1
    ends = (months + np.timedelta64(1, "M")).astype("datetime64[D]") - np.timedelta64(1, "D")
    if (days == ends).all():
        return 0
    day = int(in_month.max())  # the 30th of months, and the last of February
    if (days == np.minimum(months.astype("datetime64[D]") + np.timedelta64(day - 1, "D"), ends)).all():
        return day
    if len(days) > 2 and (days == np.busday_offset(ends, 0, roll="backward")).all():
        return -1
    return None


def closed_days(days: Any) -> str | None:
    """Open days of the week where some never come in all the weeks; None where all come, or too few weeks tell.

    >>> days = np.arange("2024-01-01", "2024-03-01", dtype="datetime64[D]")
    >>> closed_days(days[np.is_busday(days, weekmask="1111110")])
    '1111110'
    """
    if (days[-1] - days[0]).astype(np.int64) < 7 * LEAST_WEEKS:
        return None
    seen = np.zeros(7, dtype=bool)
    seen[(days.astype(np.int64) + 3) % 7] = True  # the epoch began on a Thursday
    mask = "".join("1" if one else "0" for one in seen)
    full = np.busday_count(days[0], days[-1] + np.timedelta64(1, "D"), weekmask=mask)
    # Where more than a tenth of the open days are missing, too, it is gaps and not a week that is seen.
    return mask if 2 <= seen.sum() < 7 and len(days) >= 0.9 * full else None


def say_days(open_days: str) -> str:
    """Name the open days of a week.

    >>> say_days("1111110"), say_days("1010100")
    ('Monday to Saturday', 'Monday, Wednesday and Friday')
    """
    places = [place for place, one in enumerate(open_days) if one == "1"]
    if len(places) > 2 and places == list(range(places[0], places[-1] + 1)):
        return f"{DAY_NAMES[places[0]]} to {DAY_NAMES[places[-1]]}"
    return join_words([DAY_NAMES[place] for place in places])


def refuse_contradiction(text: str | int, wall: Ints) -> None:
    """Refuse a step that says which day its stamps are on where they are not.

    >>> refuse_contradiction("MS", np.array([0]))  # 1970 began on the first
    """
    if not isinstance(text, str):
        return
    days = np.unique(wall.astype("datetime64[ns]").astype("datetime64[D]"))
    unit = re.sub(r"^\s*\d*\s*", "", text).strip()
    count = text.strip()[: len(text.strip()) - len(unit)].strip()
    anchor = ""
    if re.fullmatch(r"[A-Za-z]+-[A-Z]{3}", unit):
        unit, _, anchor = unit.partition("-")
    if anchor and unit in WEEKS:
        _refuse_weekday(text, anchor, count, days)
    elif anchor and (unit in ENDS or unit in STARTS or unit in EITHER):
        _refuse_months(text, unit, anchor, days)
    elif anchor:
        raise SettingsError(f"freq={text!r}: only weeks, quarters and years are counted from a day or a month on")
    if unit not in STARTS and unit not in ENDS:
        return
    months = days.astype("datetime64[M]")
    first = days == months.astype("datetime64[D]")
    last = days + np.timedelta64(1, "D") == (months + np.timedelta64(1, "M")).astype("datetime64[D]")
    wrong = ~(first if unit in STARTS else last)
    if wrong.any():
        fix = f"pass freq='{count}{unit[0]}'" if day_of_month(days) is not None else LEAVE_OUT
        raise SettingsError(
            f"freq={text!r} is the {'first' if unit in STARTS else 'last'} day of a month, but {int(wrong.sum()):,} of"
            f" {len(days):,} stamps are not, such as {days[wrong][0]}; {fix}"
        )


def _refuse_weekday(text: str, anchor: str, count: str, days: Any) -> None:
    wanted = next((place for place, name in enumerate(DAY_NAMES) if name[:3].upper() == anchor), None)
    found = np.unique((days.astype(np.int64) + 3) % 7)
    if wanted is None or not (found == wanted).all():
        fix = f"pass freq='{count}W'" if len(found) == 1 else LEAVE_OUT
        raise SettingsError(
            f"freq={text!r} says {'no day' if wanted is None else DAY_NAMES[wanted]}, but the stamps are"
            f" {join_words([DAY_NAMES[place] + 's' for place in found])}; {fix}"
        )


def _refuse_months(text: str, unit: str, anchor: str, days: Any) -> None:
    """Quarters and years that begin (or end) in another month than the step says."""
    if unit in {"MS", "ME"} or anchor not in MONTH_NAMES:
        raise SettingsError(f"freq={text!r}: quarters and years are counted from a month on, as in 'QS-FEB', 'YE-JUN'")
    cycle = 3 if unit[0] == "Q" else 12
    months = days.astype("datetime64[M]").astype(np.int64) % cycle
    wanted = MONTH_NAMES.index(anchor) % cycle
    begins = (wanted + 1) % cycle  # the month after the one in which a period ends
    right = (months == wanted) if unit not in EITHER else (months == wanted) | (months == begins)
    if not right.all():
        raise SettingsError(
            f"freq={text!r} says {'quarters' if cycle == 3 else 'years'} that"
            f" {'begin' if unit in STARTS else 'end'} in {anchor.capitalize()}, but {int((~right).sum()):,} of"
            f" {len(days):,} stamps are in no such month, such as {days[~right][0]}; {LEAVE_OUT}"
        )
