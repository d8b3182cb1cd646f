"""What is known at an origin: flat values and, for every series, where it begins and where knowledge ends."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from shared.typing import Floats, Ints

__all__ = ["Past", "Scale", "to_scale"]

# Rows of the recent past that scales are measured on; more cost time and are of another level.
RECENT = 2000
# Share of the mean below which a logarithm would make a difference of nothing much large.
NEAR = 0.03


@dataclass(frozen=True)
class Past:
    """Series up to one origin each; nothing from `end` on is read.

    Attributes
    ----------
    values : numpy.ndarray of float64, shape (n_rows,)
        Values of all series, one after the other.
    begin, end : numpy.ndarray of int64, shape (n_series,)
        First row of each series, and the row after the last known one.
    series : numpy.ndarray of int64, shape (n_series,)
        Number of each series among those that were learnt from; -1 for a new one.

    >>> past = Past(np.arange(5.0), np.array([0, 3]), np.array([3, 5]), np.array([0, 1]))
    >>> past.before(1).lengths.tolist()
    [2, 1]
    """

    values: Floats
    begin: Ints
    end: Ints
    series: Ints

    @property
    def lengths(self) -> Ints:
        """Known values of each series."""
        return self.end - self.begin

    def before(self, steps: int) -> Past:
        """Return the same series known `steps` less far."""
        return replace(self, end=np.maximum(self.end - steps, self.begin))

    def only(self, chosen: Any) -> Past:
        """Return some of the series."""
        return replace(self, begin=self.begin[chosen], end=self.end[chosen], series=self.series[chosen])

    def ahead(self, steps: int) -> Floats:
        """Return the values that follow, shape (n_series, steps); for judging, never for learning."""
        return np.asarray(self.values[self.end[:, None] + np.arange(steps)])


@dataclass(frozen=True)
class Scale:
    """A way to see values on which relative changes are alike, the same in every unit, with its way back.

    Attributes
    ----------
    kind : {"linear", "log", "asinh"}
        As they are; ``log((y - centre) / spread)`` for values of zero and above, with the centre as little below zero
        as keeps the smallest value a thirtieth of the mean away from it, and the spread so that the mean becomes zero;
        ``asinh((y - centre) / spread)`` for values of both signs, with median and mean absolute deviation, as is usual
        for electricity prices (Uniejewski, Weron & Ziel 2018, IEEE Transactions on Power Systems 33(2)).
    centre, spread : numpy.ndarray of float64, shape (n_series,)
        Of each series' last values.

    >>> Scale("log", np.full(1, -1.0), np.ones(1)).back(np.array([[0.0, 1.0]])).round(3).tolist()
    [[0.0, 1.718]]
    """

    kind: str
    centre: Floats
    spread: Floats

    def back(self, values: Floats) -> Floats:
        """Bring forecasts of shape (n_series, horizon) back to the series' own scale."""
        if self.kind == "linear":
            return values
        with np.errstate(over="ignore"):
            bent = np.exp(values) if self.kind == "log" else np.sinh(values)
            return np.asarray(bent * self.spread[:, None] + self.centre[:, None])


def to_scale(past: Past, kind: str) -> tuple[Floats, Scale]:
    """Bring the known values to a scale.

    Returns
    -------
    tuple of (numpy.ndarray, Scale)
        Values of shape (n_rows,), NaN where they are not known, and the way back.

    >>> past = Past(np.array([5.0, 10.0, 15.0]), np.array([0]), np.array([3]), np.array([0]))
    >>> to_scale(past, "log")[0].round(3).tolist()
    [-0.693, 0.0, 0.405]
    """
    n = len(past.begin)
    centre, spread = np.zeros(n), np.ones(n)
    if kind == "linear":
        return past.values, Scale(kind, centre, spread)
    z = np.full(len(past.values), np.nan)
    for i, (begin, end) in enumerate(zip(past.begin, past.end, strict=True)):
        recent = past.values[max(begin, end - RECENT) : end]
        if len(recent) == 0:
            continue
        own = past.values[begin:end]
        if kind == "log":
            mean = float(recent.mean())
            centre[i] = -max(0.0, NEAR * mean - float(own.min())) if mean > 0 else -1.0
            spread[i] = mean - centre[i]
            with np.errstate(invalid="ignore", divide="ignore"):  # what is below zero by now has no logarithm
                z[begin:end] = np.log((own - centre[i]) / spread[i])
        else:
            centre[i] = np.median(recent)
            size = float(np.mean(np.abs(recent - centre[i])))
            spread[i] = size if size > 0 else 1.0
            z[begin:end] = np.arcsinh((own - centre[i]) / spread[i])
    return z, Scale(kind, centre, spread)
