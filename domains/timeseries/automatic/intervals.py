"""Intervals and sample paths from errors at origins inside the known data, in units of each series' spread."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import BaseEstimator

from domains.timeseries.conformal import LEVELS, TOLD
from shared.errors import CalibrationError
from shared.runtime.array_of import ArrayOf
from shared.typing import Floats, Ints

__all__ = ["NormalisedConformal", "independent_steps"]

# Steps on either side whose errors count for a step, too, where the horizon is long.
BAND = 4
# Paths of errors below which each is drawn turned round, too.
FEW_PATHS = 50
# Windows of which the growth of errors over the steps is as much the data's as a power's.
FEW_WINDOWS = 8.0
# An origin whose errors are so many times a series' median ones counts as this many: a jump that was seen once is no
# spread.
HELD = 3.0
# Independent errors, or one origin where that is more, that the spread of the others counts for beside a series' own.
FEW_ERRORS = 8.0
NORMAL = 1.2533  # root mean square over mean absolute value of a normal error


class NormalisedConformal(BaseEstimator):  # type: ignore[misc]
    """Normalised conformal intervals for every series and step, and joint paths of the whole horizon.

    The spread of a series at a step is its mean absolute error at the origins, times the profile over the steps that
    all series share, drawn by one origin's weight (or eight errors') towards what its size would let expect; where
    steps differ by their place in a season, half of it is the mean absolute error at that very step. The half-width is
    a quantile of the errors in units of this spread, each measured with a spread that leaves its own origin out, pooled
    over all series and a band of neighbouring steps. Where there are too few independent errors to read the quantile
    off (windows that overlap, and steps of one window, are worth fewer), it goes over into Student's t for as many as
    there are, and is at least as much wider than that of a lower level as errors of equal chance would make it.

    Parameters
    ----------
    by_step : bool
        Whether each series' own steps differ, as hours of a day do.

    Notes
    -----
    Source: Papadopoulos, Gammerman & Vovk (2008), Normalized nonconformity measures for regression conformal
    prediction; the guarantee needs errors that are exchangeable over series and origins, which they are only roughly.

    >>> errors = np.random.default_rng(0).normal(size=(50, 5, 3)) * np.arange(1, 51)[:, None, None]
    >>> sizes = np.arange(1.0, 51.0)
    >>> radius = NormalisedConformal().fit(errors, sizes).radius(95, np.array([0, 49]), sizes[[0, 49]])
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
            "floors_": ArrayOf("f", (series,), low=0),
            "steps_": ArrayOf("f", (series, steps)),
            "ratios_": ArrayOf("f", (None, None, None)),
            "usual_": ArrayOf("f", ()),
            "exact_": ArrayOf("b", (series,)),
            "rms_": ArrayOf("f", ()),
            "n_origins_": ArrayOf("i", (), low=0),
            "independent_": ArrayOf("f", (), low=0),
            "freedom_": ArrayOf("f", (), low=0),
        }

    def fit(
        self, errors: Floats, sizes: Floats, windows: float | None = None, floors: Floats | None = None
    ) -> NormalisedConformal:
        """Learn the spread of every series and step.

        Parameters
        ----------
        errors : numpy.ndarray of shape (n_series, n_origins, horizon)
            What came minus what was forecast; NaN where a series had no forecast.
        sizes : numpy.ndarray of shape (n_series,)
            Typical change of each series.
        windows : float, optional
            Horizons that fit side by side into the time of the origins; as many as there are origins where left out.
        floors : numpy.ndarray of shape (n_series,), optional
            Least spread of each series, in units of its size.
        """
        self.floors_ = np.zeros(len(sizes)) if floors is None else floors
        # A series that never changes has a forecast without error as a rule; its ratios say nothing.
        told = np.isfinite(sizes) & (sizes > 0)
        relative = np.abs(errors) / np.where(told, sizes, np.nan)[:, None, None]
        apart = 1.0 if windows is None or errors.shape[1] == 0 else min(1.0, windows / errors.shape[1])
        with np.errstate(invalid="ignore", divide="ignore"):
            counts = np.isfinite(relative).all(axis=2).sum(axis=1) * apart
            signed = errors / _mean(np.abs(errors).reshape(len(errors), -1), 1)[:, None, None]
            each = independent_steps(np.where(np.isfinite(relative), signed, np.nan))
            prior = max(1.0, FEW_ERRORS / each)
            self.profile_ = _profile(relative, float(counts.sum()))
            self.level_, self.steps_, self.usual_ = self._levels(relative, slice(None), apart / prior)
            self.ratios_ = np.full(errors.shape, np.nan)
            self.n_origins_ = errors.shape[1]
            for origin in range(errors.shape[1]):
                others = np.delete(np.arange(errors.shape[1]), origin)
                level, steps, _ = self._levels(relative, others, apart / prior)
                self.ratios_[:, origin] = errors[:, origin] / (self._spread(level, steps) * sizes[:, None])
            whole = errors / (self._spread(self.level_, self.steps_) * sizes[:, None])[:, None, :]
        self.ratios_[~np.isfinite(self.ratios_)] = np.nan
        whole[~np.isfinite(whole)] = np.nan
        self.rms_ = float(np.sqrt(np.nanmean(whole**2))) if np.isfinite(whole).any() else NORMAL
        self.independent_ = float(counts.sum() * each)
        # What a series' own errors tell, and what is lent to it.
        self.freedom_ = float(counts[counts > 0].mean() * each) if (counts > 0).any() else 1.0
        known = np.isfinite(errors)
        self.exact_ = known.any(axis=(1, 2)) & ~(known & (errors != 0)).any(axis=(1, 2)) & told
        if not self.exact_[told].all():  # one of many without an error is luck
            self.exact_[:] = False
        return self

    def radius(self, level: float, series: Ints, sizes: Floats) -> Floats:
        """Half-widths of some series, shape (n, horizon).

        Parameters
        ----------
        level : float
            Nominal coverage in percent.
        series : numpy.ndarray of int64, shape (n,)
            Their numbers.
        sizes : numpy.ndarray of float64, shape (n,)
            Their typical changes.

        Raises
        ------
        CalibrationError
            There are no errors at all.
        """
        if self.n_origins_ == 0:
            raise CalibrationError(
                "there are no errors to learn intervals from: no series has the rows for a trial forecast. Give longer"
                " series, or a shorter horizon."
            )
        few = (1 - level / 100) * self.independent_ < TOLD
        lower = [self._quantiles(one) * (level / one if few else 1.0) for one in LEVELS if one < level]
        return np.asarray(self._of(series, sizes) * np.max([*lower, self._quantiles(level)], axis=0))

    def paths(self, count: int, series: Ints, sizes: Floats, random: np.random.Generator) -> Floats:
        """Joint errors over the horizon, shape (n, count, horizon): whole standardised paths that were seen, redrawn.

        Raises
        ------
        CalibrationError
            There are no errors.
        """
        spread = self._of(series, sizes)
        if not spread.any() and self.n_origins_:
            return np.zeros((len(series), count, len(self.profile_)))
        whole = self.ratios_[np.isfinite(self.ratios_).all(axis=2)]
        if len(whole) == 0:
            raise CalibrationError("there are no errors to draw paths from: the series are too short for a trial")
        if len(whole) < FEW_PATHS:  # a path turned round is as likely, as far as so few can tell
            whole = np.concatenate([whole, -whole])
        drawn = whole[random.integers(len(whole), size=(len(series), count))]
        return np.asarray(drawn * spread[:, None, :])

    def _of(self, series: Ints, sizes: Floats) -> Floats:
        """Spread of some series; none where a series never had an error, or never changes."""
        spread = self._spread(self.level_, self.steps_)[series] * np.nan_to_num(sizes)[:, None]
        return np.where(self.exact_[series][:, None], 0.0, np.nan_to_num(spread))

    def _quantiles(self, level: float) -> Floats:
        """Half-width of each step in units of the spread."""
        from scipy.stats import t as student

        usual = self.rms_ * float(student.ppf(0.5 + level / 200, max(self.freedom_, 1.0)))
        share = min(1.0, (1 - level / 100) * self.independent_ / TOLD)
        found = np.full(len(self.profile_), usual)
        if share > 0:
            seen = self._seen_quantiles(level)
            found = np.where(np.isfinite(seen), share * seen + (1 - share) * usual, usual)
        return found

    def _seen_quantiles(self, level: float) -> Floats:
        """Quantile of the absolute ratios in a band around each step, all steps where that has too few; else NaN."""
        found = np.full(len(self.profile_), np.nan)
        ratios = np.abs(self.ratios_)
        for step in range(len(self.profile_)):
            for band in (BAND if len(self.profile_) > 12 else 1, len(self.profile_)):
                near = ratios[:, :, max(0, step - band) : step + band + 1]
                near = near[np.isfinite(near)]
                rank = int(np.ceil((len(near) + 1) * level / 100 - 1e-9))
                if rank <= len(near):
                    found[step] = np.partition(near, rank - 1)[rank - 1]
                    break
        return found

    def _levels(self, relative: Floats, origins: Any, apart: float) -> tuple[Floats, Floats, float]:
        """Mean error of each series in units of its size and of the profile; its errors by step; the usual level."""
        own = relative[:, origins] / self.profile_
        whole = np.isfinite(own).all(axis=2)
        counts = whole.sum(axis=1)
        means = np.where(whole, np.nan_to_num(own).mean(axis=2), np.nan)
        held = np.minimum(means, HELD * _median(means)[:, None])
        seen = counts > 0
        own_level = np.nansum(held, axis=1) / np.maximum(counts, 1)
        # As large as the naive's errors, if one series knew nothing more; of many series their median.
        usual = float((seen.sum() * np.median(own_level[seen]) + 1.0) / (seen.sum() + 1)) if seen.any() else 1.0
        weight = counts * apart
        level = np.maximum((weight * own_level + usual) / (weight + 1), self.floors_)
        steps = level[:, None] * self.profile_
        if self.by_step:
            at = np.where(np.asarray(whole)[:, :, None], np.nan_to_num(relative[:, origins]), 0.0).sum(axis=1)
            share = 0.5 * (weight / (weight + 1))[:, None]
            steps = share * at / np.maximum(counts, 1)[:, None] + (1 - share) * steps
        return level, steps, usual

    def _spread(self, level: Floats, steps: Floats) -> Floats:
        floor = 1e-6 * np.maximum(level, 1e-300)[:, None]
        return np.asarray(np.maximum(steps, floor))


def _median(values: Floats) -> Floats:
    """Median of each row of what there is; NaN where there is nothing."""
    if values.shape[1] == 0:
        return np.full(len(values), np.nan)
    ordered, rows = np.sort(values, axis=1), np.arange(len(values))  # NaN comes last
    count = np.isfinite(ordered).sum(axis=1)
    return np.asarray(
        (ordered[rows, np.maximum(count - 1, 0) // 2] + ordered[rows, np.minimum(count // 2, len(ordered[0]) - 1)]) / 2
    )


def independent_steps(ratios: Floats) -> float:
    """Errors of one window that tell as much of a spread as that many independent ones: from 1 to the horizon.

    Squares of errors that are correlated by r are correlated by about r squared, and r is told by the sum over a
    window, whose square is the sum of squares where errors are independent.

    >>> independent_steps(np.tile(np.arange(1.0, 9.0)[:, None], (1, 1, 4)))
    1.0
    """
    steps = ratios.shape[2]
    whole = ratios[np.isfinite(ratios).all(axis=2)]
    power = float((whole**2).sum())
    if steps == 1 or power <= 0:
        return 1.0
    alike = min(1.0, max(0.0, (float((whole.sum(axis=1) ** 2).sum()) / power - 1) / (steps - 1)))
    return float(steps / (1 + (steps - 1) * alike**2))


def _mean(values: Floats, axis: int) -> Floats:
    """Mean of what there is; NaN where there is nothing."""
    count = np.isfinite(values).sum(axis=axis)
    total = np.where(np.isfinite(values), values, 0.0).sum(axis=axis)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def _profile(relative: Floats, windows: float) -> Floats:
    """Growth of the errors over the steps, mean about 1: a power of the step where there are few windows."""
    steps = relative.shape[2]
    levels = _mean(relative.reshape(len(relative), -1), 1)
    scaled = relative / np.where(levels > 0, levels, np.nan)[:, None, None]
    if not np.isfinite(scaled).any():
        return np.ones(steps)
    profile = _mean(scaled.reshape(-1, steps), 0)
    if steps > 12:
        profile = np.convolve(np.pad(profile, 3, mode="edge"), np.ones(7) / 7, "valid")
    profile = np.asarray(np.maximum(np.nan_to_num(profile, nan=1.0), 1e-3))
    if steps > 1:
        ahead = np.log(np.arange(1, steps + 1))
        weights = np.arange(1, steps + 1) ** -0.5
        slope = np.polyfit(ahead, np.log(np.maximum(profile, 0.05)), 1, w=weights)[0]
        power = np.exp(np.clip(slope, 0.0, 1.0) * ahead)
        share = windows / (windows + FEW_WINDOWS)
        profile = share * profile + (1 - share) * profile.mean() * power / power.mean()
    return profile
