"""Checks of arguments that many functions make, and the nearest of the names that could have been meant."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from math import isfinite
from numbers import Integral, Real
from typing import TypeGuard

from shared.errors import SettingsError, quote, shorten

__all__ = ["check_level", "is_number", "is_whole", "nearest"]

MAX_LISTED = 20


def is_whole(value: object, least: int = 1, most: float = float("inf")) -> TypeGuard[int]:
    """Whether a value is a whole number, Python's or numpy's, within bounds; truth values are none.

    Parameters
    ----------
    value : object
    least, most : int
        Both included.

    >>> import numpy as np
    >>> is_whole(3), is_whole(np.int64(0)), is_whole(0, least=0), is_whole(True), is_whole(2.0)
    (True, False, True, False, False)
    """
    return not isinstance(value, bool) and isinstance(value, Integral) and bool(least <= int(value) <= most)


def is_number(value: object, least: float = float("-inf"), most: float = float("inf")) -> TypeGuard[float]:
    """Whether a value is a finite number, Python's or numpy's, within bounds; truth values are none.

    Parameters
    ----------
    value : object
    least, most : float
        Both included.

    >>> is_number(0.5, 0, 1), is_number(2, 0, 1), is_number(float("nan")), is_number(True), is_number("1")
    (True, False, False, False, False)
    """
    return not isinstance(value, bool) and isinstance(value, Real) and isfinite(value) and least <= float(value) <= most


def check_level(level: object, name: str = "level") -> float:
    """Refuse a nominal coverage that is no percentage; one below 1 is meant as a share, and asked about.

    Parameters
    ----------
    level : object
    name : str
        What it is called in the message.

    Raises
    ------
    SettingsError

    >>> check_level(90)
    90.0
    >>> check_level(0.9)
    Traceback (most recent call last):
    ...
    shared.errors.SettingsError: level=0.9: coverage is given in percent; did you mean 90?
    >>> check_level(0.005)
    Traceback (most recent call last):
    ...
    shared.errors.SettingsError: level=0.005: coverage is given in percent, from 1 to below 100
    """
    if isinstance(level, bool) or not isinstance(level, Real) or not 0 < float(level) < 100:
        raise SettingsError(f"{name}={level!r} does not lie between 0 and 100 percent")
    if level < 1:
        share = 100 * float(level)
        meant = [text for text in (f"{share:g}", f"{share:.15g}") if 1 <= float(text) < 100]
        fix = f"; did you mean {meant[0]}?" if meant else ", from 1 to below 100"
        raise SettingsError(f"{name}={level!r}: coverage is given in percent{fix}")
    return float(level)


def nearest(name: object, known: Iterable[str]) -> str:
    """Say which of the known names was probably meant, or which there are.

    Parameters
    ----------
    name : object
        What was given.
    known : iterable of str

    >>> nearest("horizn", ["horizon", "risk"]), nearest("x", ["horizon", "risk"])
    ("did you mean 'horizon'?", 'there are horizon, risk')
    """
    names = list(known)
    near = difflib.get_close_matches(str(name), names, n=1)
    if near:
        return f"did you mean {quote(near)}?"
    listed = ", ".join(map(shorten, names[:MAX_LISTED]))
    return f"there are {listed}{', ...' if len(names) > MAX_LISTED else ''}"
