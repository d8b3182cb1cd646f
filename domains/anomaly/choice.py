"""What may be asked of alerts: budgets, directions and least differences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from numbers import Real
from typing import Any

import numpy as np

from shared.checks import nearest
from shared.errors import SettingsError

__all__ = ["by_column", "check_budget", "check_differences", "counts"]


def check_budget(budget: object) -> None:
    """Refuse what is neither a number of alerts nor a share of rows.

    Parameters
    ----------
    budget : int or float

    >>> check_budget(20), check_budget(0.01)
    (None, None)
    """
    if not (_is_number(budget) and (0 < budget < 1 or budget == int(budget) >= 1)):  # type: ignore[operator, call-overload]
        raise SettingsError(f"budget={budget!r}: give a number of alerts, from 1 on, or a share of rows below 1")


def by_column(given: object, name: str) -> dict[str, Any]:
    """Take what is said of columns, and refuse what is not said by column.

    Parameters
    ----------
    given : mapping, optional
    name : {"only", "least"}

    Raises
    ------
    SettingsError

    >>> by_column(None, "only"), by_column({"amount": "higher"}, "only")
    ({}, {'amount': 'higher'})
    """
    if given is not None and not isinstance(given, Mapping):
        how = "{'amount': 'higher'}" if name == "only" else "{'amount': 5.0}"
        raise SettingsError(f"{name}={given!r}: give it by column, as in {how}")
    return dict(given or {})


def check_differences(
    only: Mapping[str, str], least: Mapping[str, float], numbers: Sequence[str], others: Sequence[str] = ()
) -> None:
    """Refuse directions and least differences of columns that hold no numbers, and what is neither.

    Parameters
    ----------
    only, least : mapping
        By column.
    numbers, others : sequence of str
        Columns that are looked at: those of numbers, and the rest.

    >>> check_differences({"a": "higher"}, {"a": 2.0}, ["a"])
    """
    for name in (*only, *least):
        if name not in numbers:
            told = "it holds no numbers" if name in others else nearest(name, numbers)
            raise SettingsError(f"'{name}' is no column of numbers learnt from; {told}")
    if wrong := [way for way in only.values() if way not in ("higher", "lower")]:
        raise SettingsError(f"only={wrong[0]!r}: there are 'higher' and 'lower'")
    if small := [value for value in least.values() if not _is_number(value) or value < 0]:
        raise SettingsError(f"least={small[0]!r}: give a difference from 0 on")


def counts(column: str, gap: float, only: Mapping[str, str], least: Mapping[str, float]) -> bool:
    """Whether a difference counts, by its direction and its size.

    Parameters
    ----------
    column : str
    gap : float
        The value less what is usual.
    only, least : mapping
        By column.

    >>> counts("a", -3.0, {"a": "higher"}, {}), counts("a", -3.0, {}, {"a": 2.0})
    (False, True)
    """
    way = only.get(column)
    return (way is None or (gap > 0) == (way == "higher")) and abs(gap) >= least.get(column, 0.0)


def _is_number(value: object) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool) and bool(np.isfinite(float(value)))
