"""Stretches of a series beside others of the same length: how far the nearest lie, and what they say of a value."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from shared.typing import Floats, Ints

__all__ = ["Comparison", "compare_stretches", "find_window"]

REFERENCES, NEAR = 512, 13  # a fortieth of the references is near: fewer rows of one kind than this are rare
SHORTEST, LONGEST, NO_SEASON = 32, 300, 125
MOST_LAGS, MOST_ROWS = 400, 20_000
CHUNK = 1024
ROUNDING = 1e-12  # of the squares that are subtracted from one another
# Values near a stretch's end differ by at least a quarter of the series' own spread before they count as apart.
LEAST_SPREAD = 0.25


@dataclass(frozen=True)
class Comparison:
    """What the nearest stretches say of some rows.

    Attributes
    ----------
    distance : numpy.ndarray of float64, shape (n_rows,)
        From the stretch around a row to the k-th nearest reference.
    surprise : numpy.ndarray of float64, shape (n_rows,)
        How far the row's value lies from those at its place in the stretches that are nearest but for it, in their
        quartile range; of several columns, the most.
    usual : numpy.ndarray of float64, shape (n_rows, n_columns)
        Their median.

    >>> Comparison(np.zeros(1), np.zeros(1), np.zeros((1, 1))).usual.shape
    (1, 1)
    """

    distance: Floats
    surprise: Floats
    usual: Floats

    def or_nearer(self, other: Comparison) -> Comparison:
        """What is least odd beside either of two sets of references.

        Parameters
        ----------
        other : Comparison
            Of the same rows with other references.

        >>> one, two = (Comparison(np.array([a]), np.array([b]), np.array([[c]])) for a, b, c in ((1, 5, 7), (2, 3, 8)))
        >>> both = one.or_nearer(two)
        >>> both.distance.tolist(), both.surprise.tolist(), both.usual.tolist()
        ([1], [3], [[8]])
        """
        usual = np.where((other.surprise < self.surprise)[:, None], other.usual, self.usual)
        return Comparison(np.minimum(self.distance, other.distance), np.minimum(self.surprise, other.surprise), usual)


def find_window(values: Floats) -> int:
    """Length of the stretches that are compared: whole seasons, of at least 32 rows.

    Parameters
    ----------
    values : numpy.ndarray of float64, shape (n,)
        At least 8.

    Returns
    -------
    int
        The season is the highest peak of the autocorrelation between lags 3 and 300, and 125 where there is none; no
        stretch is longer than a quarter of the series.

    >>> find_window(np.sin(np.arange(400) * 2 * np.pi / 24)), find_window(np.zeros(40))
    (48, 10)
    """
    n = len(values)
    head = values[:MOST_ROWS] - values[:MOST_ROWS].mean()
    spectrum = np.fft.rfft(head, 2 * len(head))
    lagged = np.fft.irfft(spectrum * np.conj(spectrum))[: min(MOST_LAGS, n // 2) + 1]
    inner = lagged[4:-1]
    peaks = np.flatnonzero((inner > lagged[3:-2]) & (inner > lagged[5:])) + 4
    season = int(peaks[np.argmax(lagged[peaks])]) if len(peaks) and lagged[0] > 0 else NO_SEASON
    if season > LONGEST:
        season = NO_SEASON
    return int(max(2, min(season * -(-SHORTEST // season), n // 4)))


def compare_stretches(
    values: Floats,
    window: int,
    starts: Ints,
    places: Ints,
    references: Ints,
    *,
    near: int | None = None,
    apart: bool = False,
) -> Comparison:
    """Compare the stretches around some rows with references.

    Parameters
    ----------
    values : numpy.ndarray of float64, shape (n, n_columns)
        On one scale.
    window : int
        Rows of a stretch.
    starts, places : numpy.ndarray of int64, shape (n_rows,)
        First row of each stretch, and the row in it that is judged.
    references : numpy.ndarray of int64, shape (n_references,)
        First rows of the stretches they are compared with.
    near : int, optional
        Which of the nearest counts; a fortieth of the references where left out.
    apart : bool
        Whether references that share a row with a stretch are left out, as where a series is compared with itself.

    >>> series = np.r_[np.tile([0.0, 1.0], 50), 9.0][:, None]
    >>> found = compare_stretches(series, 4, np.array([90, 97]), np.array([3, 3]), np.arange(0, 80))
    >>> found.distance.round(1).tolist(), found.usual[:, 0].tolist()
    ([0.0, 8.2], [1.0, 0.0])
    """
    n_columns = values.shape[1]
    stretches = np.lib.stride_tricks.sliding_window_view(values, window, axis=0)
    others = stretches[references].reshape(len(references), -1)
    norms = np.einsum("ij,ij->i", others, others)
    k = max(1, round(NEAR / REFERENCES * len(references))) if near is None else near
    distance, surprise = np.empty(len(starts)), np.empty(len(starts))
    usual = np.empty((len(starts), n_columns))
    for begin in range(0, len(starts), CHUNK):
        part = slice(begin, begin + CHUNK)
        first, place = starts[part], places[part]
        own = stretches[first].reshape(len(first), -1)
        size = np.einsum("ij,ij->i", own, own)[:, None] + norms
        gaps = size - 2 * own @ others.T
        gaps[gaps <= ROUNDING * size] = 0.0
        here = values[first + place]
        there = values[references[None, :] + place[:, None]]  # (rows, references, columns)
        elsewhere = gaps - ((there - here[:, None]) ** 2).sum(axis=2)
        if apart:
            shared = np.abs(first[:, None] - references[None, :]) < window
            gaps[shared] = elsewhere[shared] = np.inf
        nth = np.partition(gaps, k - 1, axis=1)[:, k - 1]
        distance[part] = np.sqrt(np.maximum(nth, 0.0))
        closest = np.argpartition(elsewhere, k - 1, axis=1)[:, :k]
        chosen = np.sort(np.take_along_axis(there, closest[:, :, None], axis=1), axis=1)
        low, middle, high = (chosen[:, round(share * (k - 1))] for share in (0.25, 0.5, 0.75))
        surprise[part] = (np.abs(here - middle) / (high - low + LEAST_SPREAD)).max(axis=1)
        usual[part] = middle
    return Comparison(distance, surprise, usual)
