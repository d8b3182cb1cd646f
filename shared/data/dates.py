"""Whether a column holds dates, or numbers that read like them, where amounts or prices are expected."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

__all__ = ["holds_dates", "reads_like_dates"]

WRITTEN = {8: "%Y%m%d", 6: ("%Y%m", "%y%m%d")}
LEAST = 3  # values, below which whole numbers of six digits may be anything


def holds_dates(column: pd.Series[Any]) -> bool:
    """Whether a column is one of dates, spans or periods.

    Parameters
    ----------
    column : pandas.Series

    >>> holds_dates(pd.Series(pd.to_datetime(["2024-01-01"]))), holds_dates(pd.Series([1.0]))
    (True, False)
    """
    kind = column.dtype
    return getattr(kind, "kind", "O") in "mM" or isinstance(kind, pd.PeriodDtype | pd.DatetimeTZDtype)


def reads_like_dates(column: pd.Series[Any]) -> str:
    """The first of whole numbers that rise and are all written as dates are, such as 20240131; empty for others.

    Parameters
    ----------
    column : pandas.Series

    >>> reads_like_dates(pd.Series([800102, 800103, 800107])), reads_like_dates(pd.Series([100000, 100500, 101000]))
    ('800102', '')
    """
    if not pd.api.types.is_integer_dtype(column.dtype) or len(column) < LEAST or column.isna().any():
        return ""
    values = column.to_numpy(dtype=np.int64)
    if (np.diff(values) <= 0).any() or values[0] < 10**5 or values[-1] >= 10**8:
        return ""
    texts = column.astype(str)
    digits = {len(text) for text in texts}
    if len(digits) > 1 or (formats := WRITTEN.get(digits.pop())) is None:
        return ""
    for written in [formats] if isinstance(formats, str) else formats:
        dates = pd.to_datetime(texts, format=written, errors="coerce")
        if dates.notna().all() and dates.between(pd.Timestamp("1900-01-01"), pd.Timestamp("2100-01-01")).all():
            return str(texts.iloc[0])
    return ""
