"""The scale on which a model works: a logarithm or its like, then units of each series' own changes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from domains.timeseries.conformal import find_constant, series_scales
from shared.data.frequency import MAX_STEPS
from shared.data.panel import Panel
from shared.runtime.array_of import ArrayOf
from shared.typing import Bools, Floats, Ints

__all__ = ["Log", "Scaling", "Units"]

Log = bool | Literal["asinh"]
NORMAL = 1.4826  # from a median absolute deviation to a standard deviation, for normal values


@dataclass(frozen=True)
class Units:
    """Units of some series.

    Attributes
    ----------
    log : bool or "asinh"
        The logarithm taken.
    bends : numpy.ndarray of shape (n_series,)
        Values up to about which the inverse hyperbolic sine is straight.
    scales : numpy.ndarray of shape (n_series,)
        What each series is divided by after the logarithm.

    >>> units = Units("asinh", np.array([2.0]), np.array([0.5]))
    >>> units.back(units.forward(np.array([[-3.0, 5.0]]))).round(12).tolist()
    [[-3.0, 5.0]]
    """

    log: Log
    bends: Floats
    scales: Floats

    def declare_arrays(self) -> dict[str, ArrayOf]:
        """What holds of its arrays and numbers; checked when a model is loaded."""
        alike = (len(self.bends),)
        return {"bends": ArrayOf("f", alike), "scales": ArrayOf("f", alike)}

    def of(self, series: Ints) -> Units:
        """The units of some of the series, in that order."""
        return Units(self.log, self.bends[series], self.scales[series])

    def forward(self, values: Floats) -> Floats:
        """Bring values on the model's scale; rows are series."""
        return np.asarray(_bend(values, self._by_row(self.bends, values), self.log) / self._by_row(self.scales, values))

    def back(self, values: Floats) -> Floats:
        """Bring values on the model's scale back to the series' own; rows are series."""
        own = values * self._by_row(self.scales, values)
        with np.errstate(over="ignore"):
            if self.log == "asinh":
                return np.asarray(self._by_row(self.bends, values) * np.sinh(own))
            return np.asarray(np.expm1(own)) if self.log else own

    def _by_row(self, units: Floats, values: Floats) -> Floats:
        return units.reshape(-1, *[1] * (values.ndim - 1))


@dataclass(frozen=True)
class Scaling:
    """How a forecaster brings series on its scale, learnt from the panel it was fitted on.

    The logarithm is ``log(1 + y)``, or, for values of both signs, ``asinh(y / b)`` with b twice the spread of the
    series (its median absolute deviation, in units of a standard deviation): nearly straight around zero, a logarithm
    far from it, and the same whatever unit the values are in. Then every series is divided by its mean change over a
    season.

    Attributes
    ----------
    log : bool or "asinh"
    local : bool
        Whether series are divided by their mean change.
    season : int
        Steps over which changes are taken.
    keys : tuple
        The series learnt from.
    units : Units
        Theirs.
    idle : numpy.ndarray of bool, shape (n_series,)
        Series that had no change to learn a unit from; it is taken from what is known of them later.

    Notes
    -----
    Source of the transform: Uniejewski, Weron & Ziel (2018), Variance stabilizing transformations for electricity spot
    price forecasting, IEEE Transactions on Power Systems 33(2). They centre values at the median, too; without it
    prices that are far from zero are worked on relative to their size.

    >>> import pandas as pd
    >>> panel = Panel.from_frame(pd.DataFrame({"ds": range(4), "y": [0.0, 2.0, 0.0, 2.0]}))
    >>> scaling = Scaling.learn(panel, log=False, local=True, season=1)
    >>> scaling.forward(panel).tolist()
    [0.0, 1.0, 0.0, 1.0]
    """

    log: Log
    local: bool
    season: int
    keys: tuple[Any, ...] = ()
    units: Units = field(default_factory=lambda: Units(False, np.ones(0), np.ones(0)))
    idle: Bools = field(default_factory=lambda: np.zeros(0, dtype=bool))

    def declare_arrays(self) -> dict[str, ArrayOf]:
        """What holds of its arrays and numbers; checked when a model is loaded."""
        if len(set(self.keys)) < len(self.keys):
            raise ValueError("two series of the same key")
        return {"season": ArrayOf("i", (), low=1, high=MAX_STEPS), "idle": ArrayOf("b", (len(self.keys),))}

    @classmethod
    def learn(cls, panel: Panel, *, log: Log, local: bool, season: int) -> Scaling:
        """Learn the units of a panel's series."""
        fresh = cls(log, local, season)
        return cls(log, local, season, panel.keys, fresh._own(panel), find_constant(panel))

    def units_of(self, panel: Panel) -> Units:
        """Units of a panel's series: those learnt, and for series that came later those of their own history."""
        if panel.keys == self.keys and not self.idle.any():
            return self.units
        fresh = self._own(panel)
        place = {key: i for i, key in enumerate(self.keys)}
        at = np.array([place.get(key, -1) for key in panel.keys], dtype=np.int64)
        at = np.where((at >= 0) & ~np.append(self.idle, False)[at], at, -1)
        bends = np.where(at >= 0, self.units.bends[at], fresh.bends)
        return Units(self.log, bends, np.where(at >= 0, self.units.scales[at], fresh.scales))

    def forward(self, panel: Panel) -> Floats:
        """Values of a panel on the model's scale, shape (n_rows,)."""
        units, lengths = self.units_of(panel), panel.lengths
        bent = _bend(panel.values, np.repeat(units.bends, lengths), self.log)
        return np.asarray(bent / np.repeat(units.scales, lengths)) if self.local else bent

    def _own(self, panel: Panel) -> Units:
        bends = _bends(panel) if self.log == "asinh" else np.ones(panel.n_series)
        if not self.local:
            return Units(self.log, bends, np.ones(panel.n_series))
        bent = _bend(panel.values, np.repeat(bends, panel.lengths), self.log)
        return Units(self.log, bends, series_scales(panel, bent, self.season))


def _bend(values: Floats, bends: Floats, log: Log) -> Floats:
    if log == "asinh":
        return np.asarray(np.arcsinh(values / bends))
    return np.asarray(np.log1p(values)) if log else values


def _bends(panel: Panel) -> Floats:
    """Twice the spread of each series; that of its changes from zero where most values are one and the same."""
    found = np.ones(panel.n_series)
    for i in range(panel.n_series):
        own = panel.values[panel.rows_of(i)]
        spread = NORMAL * float(np.median(np.abs(own - np.median(own))))
        spread = spread or float(own.std())
        found[i] = 2 * spread if spread > 0 else 1.0
    return found
