"""Folds of whole neighbourhoods: rows next door are alike, and a fold at random would be tested on what it has seen."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from shared.checks import is_number, is_whole
from shared.data.splits import Split
from shared.errors import HexadError, Problems, SettingsError
from shared.runtime.seeds import make_rng
from shared.typing import Floats, Ints

__all__ = ["SpatialBlocks"]

EARTH_RADIUS = 6_371_008.8  # m; mean radius of the WGS 84 ellipsoid (IUGG)


class SpatialBlocks:
    """Cut a table of places into squares, and these into folds; scikit-learn and the runner take it as a splitter.

    Parameters
    ----------
    size : float
        Side of the squares, in metres: further than what neighbours have in common reaches.
    n_splits : int
    gap : float
        Metres around the tested squares within which rows are left out of what is learnt from.
    lon, lat : str
        Columns, in degrees.
    random_state : int
        Seed of which squares go to which fold.

    References
    ----------
    Roberts, D. R., et al. (2017). Cross-validation strategies for data with temporal, spatial, hierarchical, or
    phylogenetic structure. Ecography 40, 913-929.

    >>> table = pd.DataFrame({"lon": [24.90, 24.9001, 24.95, 24.9501], "lat": 60.17})
    >>> splits = SpatialBlocks(500, n_splits=2).splits(table)
    >>> sorted(split.test.tolist() for split in splits)
    [[0, 1], [2, 3]]
    """

    in_time = False

    def __init__(
        self,
        size: float = 1000.0,
        n_splits: int = 5,
        *,
        gap: float = 0.0,
        lon: str = "lon",
        lat: str = "lat",
        random_state: int = 0,
    ) -> None:
        self.size = size
        self.n_splits = n_splits
        self.gap = gap
        self.lon = lon
        self.lat = lat
        self.random_state = random_state

    def splits(self, data: pd.DataFrame) -> list[Split]:
        """Cut a table.

        Parameters
        ----------
        data : pandas.DataFrame
            With the columns of longitude and latitude.

        Raises
        ------
        DataError, SettingsError, HexadError
            Columns that are missing or hold no degrees; fewer squares than folds.
        """
        self._check()
        x, y = self._flatten(data)
        squares = np.column_stack([np.floor(x / self.size), np.floor(y / self.size)])
        _, square, counts = np.unique(squares, axis=0, return_inverse=True, return_counts=True)
        square = square.ravel()
        if len(counts) < self.n_splits:
            raise HexadError(
                f"the rows fill {len(counts)} squares of {self.size:g} m, too few for {self.n_splits} folds; take"
                " smaller ones: size=, or fewer folds: n_splits="
            )
        fold = self._share_out(counts)[square]
        return [self._cut(number, fold, x, y) for number in range(self.n_splits)]

    def _check(self) -> None:
        if not is_number(self.size) or not self.size > 0 or not is_number(self.gap, least=0):
            raise SettingsError(f"size={self.size!r}, gap={self.gap!r}: give metres, above 0 and 0 or more")
        if not is_whole(self.n_splits, least=2) or not is_whole(self.random_state, least=0):
            raise SettingsError(
                f"n_splits={self.n_splits!r}, random_state={self.random_state!r}: give whole numbers, 2 or more"
            )

    def _flatten(self, data: pd.DataFrame) -> tuple[Floats, Floats]:
        """Metres east and north of the south-western corner; straight enough for squares."""
        problems = Problems("table")
        found = []
        for name, most in ((self.lon, 180.0), (self.lat, 90.0)):
            if name not in data.columns:
                shown = ", ".join(map(repr, map(str, data.columns[:8])))
                problems.add(f"is missing; the table has {shown}", column=name, fix="Name the columns: lon=, lat=.")
                continue
            values = pd.to_numeric(data[name], errors="coerce").to_numpy(dtype=float, na_value=np.nan)
            wrong = ~(np.abs(values) <= most)
            if wrong.any():
                rows = (np.flatnonzero(wrong)[:6] + 1).tolist()
                problems.add(f"{wrong.sum():,} values are no degrees", column=name, rows=rows, count=int(wrong.sum()))
            found.append(values)
        problems.raise_if_any()
        lon, lat = found
        turned = (lon - lon[0] + 180.0) % 360.0 - 180.0 if len(lon) else lon
        scale = np.radians(1.0) * EARTH_RADIUS
        x = turned * scale * np.cos(np.radians(np.mean(lat))) if len(lon) else lon
        y = lat * scale
        return (x - x.min(), y - y.min()) if len(lon) else (x, y)

    def _share_out(self, counts: Ints) -> Ints:
        """Squares to folds of nearly as many rows each: in random order, each to the fold that has fewest."""
        rng = make_rng(self.random_state)
        order = rng.permutation(len(counts))
        order = order[np.argsort(-counts[order], kind="stable")]
        fold = np.zeros(len(counts), dtype=np.int64)
        held = np.zeros(self.n_splits, dtype=np.int64)
        for square in order:
            fold[square] = int(held.argmin())
            held[fold[square]] += counts[square]
        return fold

    def _cut(self, number: int, fold: Ints, x: Floats, y: Floats) -> Split:
        test = np.flatnonzero(fold == number)
        train = np.flatnonzero(fold != number)
        if self.gap > 0:
            from scipy.spatial import cKDTree

            far, _ = cKDTree(np.column_stack([x[test], y[test]])).query(np.column_stack([x[train], y[train]]))
            train = train[far > self.gap]
        if not len(train):
            raise HexadError(f"gap={self.gap:g} m leaves no row to learn from in fold {number + 1}; make it smaller")
        return Split(number, train, test)

    def split(self, X: Any, y: object = None, groups: object = None) -> Iterator[tuple[Ints, Ints]]:
        """Yield row positions to learn from and to test on, as scikit-learn's splitters do.

        Parameters
        ----------
        X : pandas.DataFrame
        y, groups : object
            Not used; scikit-learn's signature.
        """
        for cut in self.splits(X):
            yield cut.train, cut.test

    def get_n_splits(self, X: object = None, y: object = None, groups: object = None) -> int:
        """Return the number of folds.

        Parameters
        ----------
        X, y, groups : object
            Not used; scikit-learn's signature.
        """
        return self.n_splits
