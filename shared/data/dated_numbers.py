"""Whole numbers that read like dates: days, months, quarters, hours, written without a mark between their parts."""

from __future__ import annotations

import numpy as np
import pandas as pd

from shared.typing import Ints

__all__ = ["read_like_dates"]

# How pandas reads them, the range in which they are taken for such, and what they are.
PATTERNS = (
    ("%Y%m%d", 19000101, 21001231, "dates"),
    ("%Y%m", 190001, 210012, "months"),
    ("%G%V%u", 190001, 210053, "weeks"),
    ("%Y%j", 1900001, 2100366, "days of the year"),
    ("%Y%m%d%H", 1900010100, 2100123123, "hours"),
    ("%Y%m%d%H%M", 190001010000, 210012312359, "minutes"),
    ("%Y%m%d%H%M%S", 19000101000000, 21001231235959, "seconds"),
)
# Years that are taken for such.
FIRST_YEAR, LAST_YEAR = 1900, 2100


def read_like_dates(whole: Ints) -> tuple[str, str] | None:
    """Say what numbers read like, and how dates are made of them; None where they are plain numbers.

    Years of two digits are told by a turn of the year alone, as from 2312 to 2401: others count on like any number.

    Parameters
    ----------
    whole : numpy.ndarray of int64
        Distinct, ascending.

    Returns
    -------
    word, how : str
        Where `how` is an expression of pandas with a place for the column as ``{text}``.

    >>> read_like_dates(np.array([202311, 202312, 202401]))
    ('months', "pd.to_datetime({text}, format='%Y%m')")
    >>> read_like_dates(np.array([20231, 20232, 20233]))[0], read_like_dates(np.array([1, 2, 3]))
    ('quarters', None)
    """
    if len(whole) < 2 or whole[0] < 0:
        return None
    for pattern, low, high, word in PATTERNS:
        if whole[0] >= low and whole[-1] <= high:
            more = "1" if word == "weeks" else ""
            if _are_read(whole, pattern, more):
                return word, f"pd.to_datetime({{text}}{' + ' + repr(more) if more else ''}, format={pattern!r})"
    return _read_turned(whole)


def _are_read(whole: Ints, pattern: str, more: str = "", width: int = 0) -> bool:
    text = pd.Series(whole).astype(str).str.zfill(width) + more
    return bool(pd.to_datetime(text, format=pattern, errors="coerce").notna().all())


def _read_turned(whole: Ints) -> tuple[str, str] | None:
    """Quarters, months before their year, and years of two digits."""
    years, part = np.divmod(whole, 10)
    if years[0] >= FIRST_YEAR and years[-1] <= LAST_YEAR and part.min() >= 1 and part.max() <= 4 and len(whole) > 2:
        quarters = years * 4 + part
        if (np.diff(quarters) == 1).all():
            made = r"pd.PeriodIndex({text}.str[:4] + 'Q' + {text}.str[4:], freq='Q')"
            return "quarters", made
    part, years = np.divmod(whole, 10_000)
    if part.min() >= 1 and part.max() <= 12 and years.min() >= FIRST_YEAR and years.max() <= LAST_YEAR:
        months = np.sort(years * 12 + part)
        if len(whole) > 2 and (np.diff(months) == 1).all():
            return "months", "pd.to_datetime({text}.str.zfill(6), format='%m%Y')"
    for pattern, width, size, word in (("%y%m", 4, 100, "months"), ("%y%m%d", 6, 100, "dates")):
        last = whole % 100  # the month, or the day: most numbers are none, and are told by it before they are read
        fits = whole[-1] < 10**width and last.min() >= 1 and last.max() <= (12 if width == 4 else 31)
        if fits and len(np.unique(whole // size)) > 1 and _are_read(whole, pattern, width=width):
            return word, f"pd.to_datetime({{text}}.str.zfill({width}), format={pattern!r})"
    return None
