"""What forecasts so many steps: the members that were chosen and learnt, their errors so far, and what these say."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from domains.timeseries.automatic.choice import Choice, combine
from domains.timeseries.automatic.intervals import NormalisedConformal, independent_steps
from domains.timeseries.automatic.members import Member, forecast_held
from domains.timeseries.automatic.past import Past
from shared.runtime.array_of import ArrayOf
from shared.typing import Bools, Floats, Ints

__all__ = ["KEPT", "Plan", "count_windows", "latest", "measure_gaps"]

# What an origin's errors count for in the mean error, beside those of the next later one: what sold once may be over.
FADING = 0.8
# Origins whose errors are kept; `update` adds to them.
KEPT = 40


@dataclass(frozen=True)
class Plan:
    """Members that forecast up to so many steps, and what their errors were.

    Attributes
    ----------
    choice : Choice
        Why these.
    members : tuple of Member
        Learnt.
    errors, truth : numpy.ndarray of shape (n_series, n_origins, steps)
        What came minus what was forecast, and what came, the latest origin first; of every series known by now.
    windows : float
        Horizons that fit side by side into the time of these origins.
    intervals : NormalisedConformal
        Learnt from the errors.
    gaps : numpy.ndarray of shape (n_series,)
        Mean of what is to come minus what is forecast, as far as errors tell it.

    >>> Plan(Choice((), {}, "", 0, 0, steps=3), (), np.empty((0, 0, 3)), np.empty((0, 0, 3)), 0.0).steps
    3
    """

    choice: Choice
    members: tuple[Member, ...]
    errors: Floats
    truth: Floats
    windows: float
    intervals: NormalisedConformal | None = None
    gaps: Floats | None = None

    def declare_arrays(self) -> dict[str, ArrayOf | type]:
        """What holds of its arrays and numbers; checked when a model is loaded."""
        shape = (None, None, self.steps)
        return {
            "choice": Choice,
            "members": tuple,
            "errors": ArrayOf("f", shape),
            "truth": ArrayOf("f", self.errors.shape),
            "windows": ArrayOf("f", (), low=0),
            "intervals": NormalisedConformal,
            "gaps": ArrayOf("f", (len(self.errors),)),
        }

    @property
    def steps(self) -> int:
        """Most steps that it forecasts."""
        return self.choice.steps

    @property
    def apart(self) -> float:
        """Share of the origins that would lie side by side."""
        return float(min(1.0, self.windows / max(self.errors.shape[1], 1)))

    def forecast(self, past: Past, horizon: int) -> Floats:
        """Median of the members' forecasts, shape (n_series, horizon); NaN where a series is too short for them."""
        return combine([forecast_held(member, past, horizon) for member in self.members])

    def add(self, order: Ints, errors: Floats, truth: Floats, kept: Ints, origins: Ints) -> Plan:
        """With errors at later origins.

        Parameters
        ----------
        order : numpy.ndarray of int64
            Position among the series known before of every series known now; -1 for new ones.
        errors, truth : numpy.ndarray of shape (n_series, n_new, steps)
            The latest origin first.
        kept : numpy.ndarray of int64, shape (n_series, n_kept)
            Columns of the new and the old ones together that are kept of each series.
        origins : numpy.ndarray of int64, shape (n_series, n_kept)
            Grid numbers of their origins.
        """
        joined = []
        for new, one in ((errors, self.errors), (truth, self.truth)):
            old = np.where((order >= 0)[:, None, None], one[order], np.nan)
            joined.append(np.take_along_axis(np.concatenate([new, old], axis=1), kept[:, :, None], axis=1))
        found = np.isfinite(joined[0]).all(axis=2)
        return replace(self, errors=joined[0], truth=joined[1], windows=count_windows(origins, found, self.steps))

    def learn_errors(self, told: Bools, rooted: Bools, sizes: Floats, floors: Floats, *, by_step: bool) -> Plan:
        """Learn intervals, and how far the mean lies from the forecast.

        Parameters
        ----------
        told : numpy.ndarray of bool, shape (n_series, n_origins)
            Origins whose errors still say something of a series.
        rooted : numpy.ndarray of bool, shape (n_series,)
            Series whose errors count on square roots.
        sizes : numpy.ndarray of shape (n_series,)
            Typical change of each series, on square roots where errors are.
        floors : numpy.ndarray of shape (n_series,)
            Least spread, in units of the sizes.
        by_step : bool
            Whether a series' steps differ by their place in a season.
        """
        errors = np.where(told[:, :, None], self.errors, np.nan)
        roots = np.sqrt(np.maximum(self.truth, 0.0)) - np.sqrt(np.maximum(self.truth - errors, 0.0))
        scaled = np.where(rooted[:, None, None], roots, errors)
        intervals = NormalisedConformal(by_step=by_step).fit(scaled, sizes, self.windows, floors)
        return replace(self, intervals=intervals, gaps=measure_gaps(errors, self.apart))


def latest(known: Bools, most: int) -> Ints:
    """Columns of each row that hold something, the first ones, as many as the fullest row has and at most so many.

    >>> latest(np.array([[False, True, True], [True, False, False]]), 5).tolist()
    [[1, 2], [0, 1]]
    """
    width = int(np.clip(known.sum(axis=1).max(initial=0), 0, most))
    return np.asarray(np.argsort(~known, axis=1, kind="stable")[:, :width])


def count_windows(origins: Ints, known: Bools, steps: int) -> float:
    """Horizons that fit side by side into the time of a series' origins; the median of the series that have any.

    >>> count_windows(np.array([[20, 10, 5, 4]]), np.ones((1, 4), dtype=bool), 10)
    2.6
    """
    found = []
    for own, mine in zip(origins, known, strict=True):
        if mine.any():
            found.append(1 + float(np.minimum(np.diff(np.sort(own[mine])), steps).sum()) / steps)
    return float(np.median(found)) if found else 0.0


def measure_gaps(errors: Floats, apart: float) -> Floats:
    """Mean error of each series, drawn towards what all share, in units of its own mean absolute error.

    It is what the mean of a skewed distribution lies beside a forecast by that is chosen for its absolute errors.
    Series are drawn to the mean of all as far as they differ no more than chance makes them (a normal model with a
    normal prior, its moments from the data), and that mean to zero as far as it may be chance itself: a mean is only
    moved where the errors clearly lie to one side.

    Source: Efron & Morris (1975), Data analysis using Stein's estimator and its generalizations, JASA 70(350).

    Parameters
    ----------
    errors : numpy.ndarray of shape (n_series, n_origins, steps)
        The latest origin first; NaN where there is none.
    apart : float
        Share of the origins that would lie side by side.

    >>> measure_gaps(np.tile([0.0, 0.0, 4.0, 0.0], (3, 500, 1)), 1.0).round(1).tolist()
    [0.9, 0.9, 0.9]
    """
    known = np.isfinite(errors)
    weights = np.where(known, FADING ** np.arange(errors.shape[1])[:, None], 0.0)
    total = weights.sum(axis=(1, 2))
    filled = np.where(known, errors, 0.0)
    seen = (total > 0) & (filled != 0).any(axis=(1, 2))
    found = np.zeros(len(errors))
    if not seen.any():
        return found
    weights, filled, total = weights[seen], filled[seen], total[seen]
    means = (weights * filled).sum(axis=(1, 2)) / total
    unit = (weights * np.abs(filled)).sum(axis=(1, 2)) / total
    ratios = means / unit
    # Independent errors of each series: origins side by side, each with as many as its steps are worth.
    steps = errors.shape[2]
    alike = steps / independent_steps(errors[seen]) if steps > 1 else 1.0
    count = np.maximum(total**2 / (weights**2).sum(axis=(1, 2)) * apart / alike, 1.0)
    square = (weights * (filled - means[:, None, None]) ** 2).sum(axis=(1, 2)) / total
    noise = np.where(count > 1, square / unit**2 / np.maximum(count - 1, 0.5), 1.0)
    centre = float(ratios.mean())
    # What chance would hardly make of them: two standard errors of a variance, and of a mean, are taken away.
    chance = float(noise.mean()) * (1 + 2 * np.sqrt(2 / max(len(ratios) - 1, 1)))
    between = max(0.0, float(ratios.var()) - chance)
    by_chance = (float(noise.mean()) + between) / len(ratios)
    centre *= max(0.0, 1 - 4 * by_chance / centre**2) if centre else 0.0
    share = between / np.maximum(between + noise, 1e-300) if len(ratios) > 1 else np.zeros(1)
    found[seen] = (centre + share * (ratios - ratios.mean())) * unit
    return found
