"""Intervals and sample paths from errors at origins inside the training data, in units of each series' spread."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import BaseEstimator

from shared.errors import CalibrationError
from shared.runtime.array_of import ArrayOf
from shared.typing import Floats, Ints

__all__ = ["NormalisedConformal"]

# Steps on either side whose errors count for a step, too, where the horizon is long.
BAND = 4
# Paths of errors below which each is drawn turned round, too.
FEW_PATHS = 50


class NormalisedConformal(BaseEstimator):  # type: ignore[misc]
    """Normalised conformal intervals for every series and step, and joint paths of the whole horizon.

    The spread of a series at a step is its mean absolute error at the origins, times the profile over the steps that
    all series share, drawn by one origin's weight towards what its size would let expect; where steps differ by their
    place in a season, half of it is the mean absolute error at that very step. The half-width is a quantile of the
    errors in units of this spread, each measured with a spread that leaves its own origin out, pooled over all series
    and a band of neighbouring steps.

    Parameters
    ----------
    by_step : bool
        Whether each series' own steps differ, as hours of a day do.

    Notes
    -----
    Source: Papadopoulos, Gammerman & Vovk (2008), Normalized nonconformity measures for regression conformal
    prediction; the guarantee needs errors that are exchangeable over series and origins, which they are only roughly.

    >>> errors = np.random.default_rng(0).normal(size=(50, 5, 3)) * np.arange(1, 51)[:, None, None]
    >>> radius = NormalisedConformal().fit(errors, np.arange(1.0, 51.0)).radius(95, np.array([0, 49]), np.array([1.0, 50.0]))
    >>> bool(30 < radius[1, 0] / radius[0, 0] < 70)
    True
    """

    def __init__(self, *, by_step: bool = False) -> None:
        self.by_step = by_step

    def declare_arrays(self) -> dict[str, ArrayOf]:
        """What holds of its arrays and numbers; checked when a model is loaded."""
        series, steps = self.steps_.shape[0], self.steps_.shape[-1]
        return {
            "profile_": ArrayOf("f", (steps,)),
            "level_": ArrayOf("f", (series,)),
            "steps_": ArrayOf("f", (series, steps)),
            "ratios_": ArrayOf("f", (None, None, None)),
            "usual_": ArrayOf("f", ()),
            "exact_": ArrayOf("b", ()),
        }

    def fit(self, errors: Floats, sizes: Floats) -> NormalisedConformal:
        """Learn the spread of every series and step.

        Parameters
        ----------
        errors : numpy.ndarray of shape (n_series, n_origins, horizon)
            What came minus what was forecast; NaN where a series had no forecast.
        sizes : numpy.ndarray of shape (n_series,)
            Typical change of each series.
        """
        # A series that never changes has a forecast without error as a rule; its ratios say nothing.
        told = np.isfinite(sizes) & (sizes > 0)
        relative = np.abs(errors) / np.where(told, sizes, np.nan)[:, None, None]
        with np.errstate(invalid="ignore", divide="ignore"):
            self.profile_ = _profile(relative)
            self.level_, self.steps_, self.usual_ = self._levels(relative, slice(None))
            self.ratios_ = np.full(errors.shape, np.nan)
            for origin in range(errors.shape[1]):
                others = np.delete(np.arange(errors.shape[1]), origin)
                level, steps, _ = self._levels(relative, others)
                self.ratios_[:, origin] = errors[:, origin] / (self._spread(level, steps) * sizes[:, None])
        self.ratios_[~np.isfinite(self.ratios_)] = np.nan
        known = errors[np.isfinite(errors)]
        self.exact_ = bool(len(known) and (known == 0).all())
        return self

    def radius(self, level: float, series: Ints, sizes: Floats) -> Floats:
        """Half-widths of some series, shape (n, horizon).

        Parameters
        ----------
        level : float
            Nominal coverage in percent.
        series : numpy.ndarray of int64, shape (n,)
            Their numbers; -1 for series that had no errors.
        sizes : numpy.ndarray of float64, shape (n,)
            Their typical changes.

        Raises
        ------
        CalibrationError
            There are too few errors for the level.
        """
        return self._of(series, sizes) * self._quantiles(level)

    def paths(self, count: int, series: Ints, sizes: Floats, random: np.random.Generator) -> Floats:
        """Joint errors over the horizon, shape (n, count, horizon): whole standardised paths that were seen, redrawn.

        Raises
        ------
        CalibrationError
            There are no errors.
        """
        if self.exact_:
            return np.zeros((len(series), count, len(self.profile_)))
        whole = self.ratios_[np.isfinite(self.ratios_).all(axis=2)]
        if len(whole) == 0:
            raise CalibrationError("there are no errors to draw paths from: the series are too short for a trial")
        if len(whole) < FEW_PATHS:  # a path turned round is as likely, as far as so few can tell
            whole = np.concatenate([whole, -whole])
        drawn = whole[random.integers(len(whole), size=(len(series), count))]
        return np.asarray(drawn * self._of(series, sizes)[:, None, :])

    def _of(self, series: Ints, sizes: Floats) -> Floats:
        """Spread of some series; where none is known that of a series of this size."""
        known = series >= 0
        spread = np.where(known[:, None], self._spread(self.level_, self.steps_)[series], self.usual_ * self.profile_)
        return np.nan_to_num(spread * np.nan_to_num(sizes)[:, None])

    def _quantiles(self, level: float) -> Floats:
        """Quantile of the absolute ratios in a band around each step; the band grows where there are few."""
        found = np.zeros(len(self.profile_))
        if self.exact_:
            return found
        ratios = np.abs(self.ratios_)
        for step in range(len(self.profile_)):
            for band in (BAND if len(self.profile_) > 12 else 1, len(self.profile_)):
                near = ratios[:, :, max(0, step - band) : step + band + 1]
                near = np.sort(near[np.isfinite(near)])
                rank = int(np.ceil((len(near) + 1) * level / 100 - 1e-9))
                if rank <= len(near):
                    found[step] = max(found[step], near[rank - 1])
                    break
                # A higher level is never narrower than a lower one that the narrow band was enough for.
                found[step] = near[-1] if len(near) else 0.0
            else:
                raise CalibrationError(
                    f"a {level:g} % interval needs more than the {len(near)} errors that the trials inside the known"
                    " data gave. Give longer series, a shorter horizon, or ask for a lower level."
                )
        return found

    def _levels(self, relative: Floats, origins: Any) -> tuple[Floats, Floats, float]:
        """Mean error of each series in units of its size and of the profile; its errors by step; the usual level."""
        own = relative[:, origins] / self.profile_
        whole = np.isfinite(own).all(axis=2)
        counts = whole.sum(axis=1)
        sums = np.where(whole, np.nan_to_num(own).mean(axis=2), 0.0).sum(axis=1)
        seen = counts > 0
        if seen.any():
            usual = float(np.median(sums[seen] / counts[seen]))
        else:  # a single origin: nothing but the sizes tells
            every = relative / self.profile_
            usual = float(np.nanmedian(_mean(every, 2))) if np.isfinite(every).any() else 1.0
        level = (sums + usual) / (counts + 1)
        steps = level[:, None] * self.profile_
        if self.by_step:
            at = np.where(np.asarray(whole)[:, :, None], np.nan_to_num(relative[:, origins]), 0.0).sum(axis=1)
            share = 0.5 * (counts / (counts + 1))[:, None]
            steps = share * at / np.maximum(counts, 1)[:, None] + (1 - share) * steps
        return level, steps, usual

    def _spread(self, level: Floats, steps: Floats) -> Floats:
        floor = 1e-6 * np.maximum(level, 1e-300)[:, None]
        return np.asarray(np.maximum(steps, floor))


def _mean(values: Floats, axis: int) -> Floats:
    """Mean of what there is; NaN where there is nothing."""
    count = np.isfinite(values).sum(axis=axis)
    total = np.where(np.isfinite(values), values, 0.0).sum(axis=axis)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def _profile(relative: Floats) -> Floats:
    """Growth of the errors over the steps, mean about 1, smoothed where the horizon is long."""
    levels = _mean(relative.reshape(len(relative), -1), 1)
    scaled = relative / np.where(levels > 0, levels, np.nan)[:, None, None]
    if not np.isfinite(scaled).any():
        return np.ones(relative.shape[2])
    profile = _mean(scaled.reshape(-1, relative.shape[2]), 0)
    if len(profile) > 12:
        profile = np.convolve(np.pad(profile, 3, mode="edge"), np.ones(7) / 7, "valid")
    return np.asarray(np.maximum(np.nan_to_num(profile, nan=1.0), 1e-3))
