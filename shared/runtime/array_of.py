"""What holds of every fitted array of a kind: its kind, shape, range and order."""

from __future__ import annotations

import numbers
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["ArrayOf"]

MISSING = object()  # an attribute that is not there
# What kernels are compiled for, and what they index with.
SIZES = {"f": (4, 8), "i": (1, 2, 4, 8), "u": (1, 2, 4)}  # uint64 goes with no signed number


@dataclass(frozen=True)
class ArrayOf:
    """What holds of a learnt array, or of a number (an array of shape ()).

    Parameters
    ----------
    kind : {"f", "i", "b", "a"}
        Floats (whole numbers will do), whole numbers, truth values, or any single values, such as names.
    shape : tuple of (int or None)
        None for any length.
    low, high : float, optional
        Least and greatest value; not a number is let through among floats unless `finite`.
    first, last : int, optional
        Of row pointers.
    increasing : bool
        Whether no value is below the one before it.
    finite : bool
        Whether every value is a finite number.
    unique : bool
        Whether no value comes twice.
    optional : bool
        Whether it may be None or not there.

    >>> ArrayOf("i", (None,), low=0, high=2).problem(np.array([0, 3]))
    'holds 3, above 2'
    """

    kind: str
    shape: tuple[int | None, ...] = (None,)
    low: float | None = None
    high: float | None = None
    first: int | None = None
    last: int | None = None
    increasing: bool = False
    finite: bool = False
    unique: bool = False
    optional: bool = False

    def problem(self, value: object) -> str:
        """Say what is wrong with a value; nothing where all is well."""
        if value is None or value is MISSING:
            return "" if self.optional else "is missing"
        if not isinstance(value, np.ndarray | np.generic | numbers.Number | list | tuple):
            return f"is a {type(value).__name__}"
        array = np.asarray(value)
        if array.dtype.kind not in {"f": "fiu", "i": "iu", "b": "b", "a": "fiubUSMm"}[self.kind] and array.size:
            return f"holds values of the kind {array.dtype}"
        if not array.dtype.isnative or array.dtype.itemsize not in SIZES.get(array.dtype.kind, (array.dtype.itemsize,)):
            return f"holds values of the kind {array.dtype}"
        if array.ndim != len(self.shape) or any(
            want not in {None, have} for want, have in zip(self.shape, array.shape, strict=True)
        ):
            return f"has the shape {array.shape}, not {self.shape}".replace("None", "any")
        return self._out_of_range(array) if array.size else self._ends(array)

    def _out_of_range(self, array: NDArray[Any]) -> str:
        if array.dtype.kind == "U" and not _is_text(array):
            return "holds text that is none"
        if self.finite and not np.isfinite(array).all():
            return "holds what is no finite number"
        with np.errstate(invalid="ignore"):
            least, most = (np.nanmin(array), np.nanmax(array)) if self._bounded(array) else (None, None)
        if least is not None and self.low is not None and least < self.low:
            return f"holds {least}, below {self.low}"
        if most is not None and self.high is not None and most > self.high:
            return f"holds {most}, above {self.high}"
        if self.unique and len(np.unique(array)) < len(array):
            return "holds a value twice"
        if self.increasing and not (array[1:] >= array[:-1]).all():
            return "does not increase"
        return self._ends(array)

    def _bounded(self, array: NDArray[Any]) -> bool:
        return (self.low is not None or self.high is not None) and not (
            array.dtype.kind == "f" and np.isnan(array).all()
        )

    def _ends(self, array: NDArray[Any]) -> str:
        for want, place in ((self.first, 0), (self.last, -1)):
            if want is not None and (array.size == 0 or array[place] != want):
                return f"does not {'begin' if place == 0 else 'end'} with {want}"
        return ""


def _is_text(array: object) -> bool:
    """Whether numbers of characters stand for some: within Unicode, and no halves of a pair."""
    points = np.ascontiguousarray(array).reshape(-1).view(np.uint32)
    return not ((points > 0x10FFFF) | ((points >= 0xD800) & (points <= 0xDFFF))).any()
