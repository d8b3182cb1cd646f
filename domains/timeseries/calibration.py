"""What a forecaster knows of its errors: how large they were, how large they will be, and how they hang together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from domains.timeseries.conformal import count_independent, fading_weights, interval_radius, redrawn
from domains.timeseries.spread import Spread
from shared.errors import CalibrationError
from shared.runtime.array_of import ArrayOf
from shared.runtime.parallel import limit_threads, map_parallel
from shared.typing import Floats, Ints

__all__ = ["Calibration"]


@dataclass(frozen=True)
class Calibration:
    """Errors out of sample, in units of their expected size, and what they say of the next ones.

    Attributes
    ----------
    errors : numpy.ndarray of shape (n, horizon)
        NaN where there is none.
    origins : numpy.ndarray of shape (n,)
        Grid numbers of their origins.
    spreads : list of Spread
        Expected size of the errors, one a step; empty where all are expected alike.
    half_life : float, optional
        Steps after which an error counts half; all count alike where left out.
    learnt : int, optional
        Errors that were learnt from at first, series by series; later ones came by `extend`.

    >>> errors = np.tile(np.arange(1.0, 10.0), 20)[:, None]
    >>> Calibration(errors, np.arange(180), []).radius(80, 1).tolist()
    [8.0]
    """

    errors: Floats
    origins: Ints
    spreads: list[Spread]
    half_life: float | None = None
    learnt: int | None = None

    def declare_arrays(self) -> dict[str, ArrayOf]:
        """What holds of its arrays and numbers; checked when a model is loaded."""
        return {
            "errors": ArrayOf("f", (None, None)),
            "origins": ArrayOf("i", (len(self.errors),)),
            "half_life": ArrayOf("f", (), low=0, optional=True),
            "learnt": ArrayOf("i", (), low=0, optional=True),
        }

    @classmethod
    def learn(
        cls,
        errors: Floats,
        origins: Ints,
        blocks: list[tuple[int, int]],
        features: Callable[[Ints, int], Floats],
        spread: Spread | None,
        *,
        half_life: float | None = None,
        n_jobs: int | None = None,
    ) -> Calibration:
        """Learn the expected size of errors, and express each in units of one that had not seen it.

        Parameters
        ----------
        errors, origins
            See above; the errors in the forecaster's unit.
        blocks : list of (first, last)
            Grid numbers between which origins are left out in turn.
        features : callable
            Takes rows of `errors` and a step, and returns what that forecast was made from, shape (n, n_features).
        spread : Spread, optional
            Cloned for every step; without it all errors of a step are expected alike.

        >>> errors = np.random.default_rng(0).normal(size=(40, 1))
        >>> made = Calibration.learn(errors, np.arange(40), [(0, 20), (20, 40)], lambda rows, step: errors[rows], None)
        >>> bool((made.errors == errors).all())
        True
        """
        if spread is None or len(errors) == 0:
            return cls(errors, origins, [], half_life, len(errors))
        outside = [(origins >= first) & (origins < last) for first, last in blocks]

        def learn(step: int) -> tuple[Spread, Floats]:
            rows = np.flatnonzero(np.isfinite(errors[:, step]))
            X, own = features(rows, step), errors[rows, step]
            full = np.isfinite(X).all(axis=1)
            rows, X, own = rows[full], X[full], own[full]
            units = np.full(len(errors), np.nan)
            with limit_threads(X.size):
                units[rows] = own / spread.out_of_block(X, own, [out[rows] for out in outside])
                return Spread(spread.regressor).fit(X, own), units

        found = map_parallel(learn, range(errors.shape[1]), n_jobs=n_jobs)
        units = np.column_stack([column for _, column in found])
        return cls(units, origins, [one for one, _ in found], half_life, len(errors))

    def sizes(self, rows: int, horizon: int, features: Callable[[int], Floats]) -> Floats:
        """Expected sizes of the errors of some forecasts, shape (rows, horizon), from their features at each step.

        >>> Calibration(np.ones((9, 2)), np.arange(9), []).sizes(1, 2, lambda step: np.ones((1, 1))).tolist()
        [[1.0, 1.0]]
        """
        found = np.ones((rows, horizon))
        for step in range(min(horizon, len(self.spreads))):
            found[:, step] = self.spreads[step].predict(features(step))
        return found

    def radius(self, level: float, horizon: int) -> Floats:
        """Half-width of the interval of each step in units of the expected size, shape (horizon,).

        Raises
        ------
        CalibrationError
            The horizon is longer than what errors are known of, or there are too few.
        """
        self._reaches(horizon, "intervals")
        errors = self.errors[:, :horizon]
        seen = int(np.isfinite(errors).any(axis=0).cumprod().sum())
        if not 0 < seen < horizon:
            return interval_radius(errors, level, self._weights(), self.count_errors(horizon))
        # Steps beyond all errors grow as a random walk's: of a short history the first ones are better than none.
        radius = interval_radius(errors[:, :seen], level, self._weights(), self.count_errors(seen))
        root = np.sqrt(np.arange(1, horizon + 1))
        return np.concatenate([radius, (root * float((radius / root[:seen]).max()))[seen:]])

    def paths(self, rows: int, count: int, horizon: int, random: np.random.Generator) -> Floats:
        """Joint errors over the horizon in units of the expected size, (rows, count, horizon): whole ones, redrawn.

        Raises
        ------
        CalibrationError
            As for `radius`.

        >>> Calibration(np.ones((20, 2)), np.arange(20), []).paths(1, 3, 2, np.random.default_rng(0)).shape
        (1, 3, 2)
        """
        self._reaches(horizon, "sample paths")
        whole, chances = redrawn(self.errors, horizon, self._weights())
        return np.asarray(whole[random.choice(len(whole), size=(rows, count), p=chances)])

    def extend(self, errors: Floats, origins: Ints) -> Calibration:
        """With errors that were seen later, in units of their expected size.

        >>> len(Calibration(np.ones((2, 1)), np.arange(2), []).extend(np.ones((1, 1)), np.array([2])).errors)
        3
        """
        seen = np.isfinite(errors).any(axis=1)
        return Calibration(
            np.concatenate([self.errors, errors[seen]]),
            np.concatenate([self.origins, origins[seen]]),
            self.spreads,
            self.half_life,
            self.learnt,
        )

    def count_errors(self, horizon: int) -> Floats:
        """How many independent errors those of each step are worth, shape (horizon,)."""
        return count_independent(self.errors[:, :horizon], self.origins, self.learnt)

    def _weights(self) -> Floats | None:
        return None if self.half_life is None else fading_weights(self.origins, self.half_life)

    def _reaches(self, horizon: int, what: str) -> None:
        if self.errors.shape[1] == 0:
            raise CalibrationError(f"{what} are calibrated in fit: say horizon= and calibration_folds= there")
        if horizon > self.errors.shape[1]:
            raise CalibrationError(f"{what} were calibrated for {self.errors.shape[1]} steps, not {horizon}; fit again")
