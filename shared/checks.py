"""Checks of arguments that many functions make, and the nearest of the names that could have been meant."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from math import isfinite
from numbers import Integral, Real
from typing import Any, TypeGuard

from shared.errors import SettingsError, quote, shorten

__all__ = [
    "as_names",
    "as_tuple",
    "as_whole_numbers",
    "check_level",
    "check_levels",
    "check_model",
    "is_number",
    "is_whole",
    "nearest",
]

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


def as_tuple(given: object, name: str) -> tuple[Any, ...]:
    """Take one thing or several - a list, a range, an array - as a tuple; None is none of them.

    What is a tuple stays the same object, as scikit-learn's ``clone`` wants of what a constructor keeps.

    Parameters
    ----------
    given : object
    name : str
        What it is called in the message.

    Raises
    ------
    SettingsError
        It is a mapping or a set, which have no order of their own.

    >>> as_tuple([1, 2], "lags"), as_tuple("temp", "exogenous"), as_tuple(range(3), "lags"), as_tuple(None, "lags")
    ((1, 2), ('temp',), (0, 1, 2), ())
    >>> as_tuple({"a": 1}, "lags")
    Traceback (most recent call last):
    ...
    shared.errors.SettingsError: lags={'a': 1}: give a list
    """
    if isinstance(given, tuple):
        return given
    if given is None:
        return ()
    if isinstance(given, Mapping | set | frozenset):
        raise SettingsError(f"{name}={shorten(repr(given))}: give a list")
    if isinstance(given, str | bytes) or not isinstance(given, Iterable):
        return (given,)
    listed = given.tolist() if hasattr(given, "tolist") else given  # numpy's numbers become Python's
    return tuple(listed) if isinstance(listed, Iterable) else (listed,)


def as_names(given: object, name: str) -> tuple[str, ...]:
    """Take a name or several as a tuple of them; a bare name is one name, and not its letters.

    Parameters
    ----------
    given : str or iterable of str, optional
    name : str
        What it is called in the message.

    Raises
    ------
    SettingsError
        Something in it is no text.

    >>> as_names("day_of_week", "calendar"), as_names(["a", "b"], "calendar")
    (('day_of_week',), ('a', 'b'))
    >>> as_names([1], "calendar")
    Traceback (most recent call last):
    ...
    shared.errors.SettingsError: calendar: names are text, as in ['a', 'b'], but '1' is none
    """
    names = as_tuple(given, name)
    if wrong := [one for one in names if not isinstance(one, str)]:
        verb = "is" if len(wrong) == 1 else "are"
        raise SettingsError(f"{name}: names are text, as in ['a', 'b'], but {quote(wrong)} {verb} none")
    return names


def as_whole_numbers(given: object, name: str, least: int = 1) -> tuple[int, ...]:
    """Take a whole number or several as a tuple of them.

    Parameters
    ----------
    given : int or iterable of int, optional
    name : str
        What they are called in the message.
    least : int
        The smallest that is allowed.

    Raises
    ------
    SettingsError
        Something in it is no whole number, or too small.

    >>> as_whole_numbers(range(1, 4), "lags"), as_whole_numbers(7, "lags")
    ((1, 2, 3), (7,))
    >>> as_whole_numbers([0, 1], "lags")
    Traceback (most recent call last):
    ...
    shared.errors.SettingsError: lags are whole numbers from 1, but '0' were given
    """
    numbers = as_tuple(given, name)
    if bad := [one for one in numbers if not is_whole(one, least)]:
        raise SettingsError(f"{name} are whole numbers from {least}, but {quote(bad)} were given")
    return numbers


def check_model(model: object, name: str, example: str, *, optional: bool = True) -> None:
    """Refuse what cannot be fitted: a class where an object of it is wanted, or the mere name of one.

    Parameters
    ----------
    model : object
    name : str
        What it is called in the message.
    example : str
        What would do.
    optional : bool
        Whether None will do.

    Raises
    ------
    SettingsError

    >>> check_model("ridge", "regressor", "Ridge()")
    Traceback (most recent call last):
    ...
    shared.errors.SettingsError: regressor='ridge' cannot be fitted; give an object, as in Ridge()
    """
    if model is None and optional:
        return
    if isinstance(model, type) or not (hasattr(model, "fit") and hasattr(model, "get_params")):
        said = model.__name__ if isinstance(model, type) else shorten(repr(model))
        raise SettingsError(f"{name}={said} cannot be fitted; give an object, as in {example}")


def check_levels(levels: object, name: str = "levels") -> tuple[float, ...]:
    """Take one nominal coverage in percent or several, and refuse what is none.

    Parameters
    ----------
    levels : float or iterable of float, optional
    name : str
        What they are called in the message.

    Raises
    ------
    SettingsError

    >>> check_levels(90), check_levels([80, 95])
    ((90.0,), (80.0, 95.0))
    """
    found = tuple(check_level(level, name) for level in as_tuple(levels, name))
    if len(set(found)) < len(found):
        raise SettingsError(f"{name}={list(found)}: every level once")
    return found


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
    if not names:
        return "there is none"
    listed = ", ".join(map(shorten, names[:MAX_LISTED]))
    return f"there are {listed}{', ...' if len(names) > MAX_LISTED else ''}"
