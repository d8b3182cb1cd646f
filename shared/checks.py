"""Checks of arguments that many functions make, and the nearest of the names that could have been meant."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from numbers import Integral
from typing import TypeGuard

from shared.errors import quote, shorten

__all__ = ["is_whole", "nearest"]

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
