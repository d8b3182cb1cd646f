"""Location as features of a model: what lies around each row, by a transformer of scikit-learn's kind."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from domains.geodata.access.measure import measure_access
from domains.geodata.network.snap import MAX_SNAP, Positions, snap_points
from domains.geodata.network.streets import StreetNetwork
from domains.geodata.points import read_points
from shared.errors import HexadError, SettingsError

__all__ = ["LocationFeatures"]


class LocationFeatures(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Counts, distances and diversity of places around each row, along the streets, for a price or demand model.

    Nothing is learnt from the target, and of the rows nothing but which kinds are worth a column: what is known of a
    place is in the map. Validate with `shared.data.SpatialBlocks`: rows next door share their surroundings, so that
    folds at random flatter a model.

    Parameters
    ----------
    network : StreetNetwork
    places : frame or GeoDataFrame
        See `read_points`; such as the places of a map.
    limits : sequence of float
        Metres along the streets (or seconds, with ``by="time"``).
    kind : str, optional
        Column of `places` that says what each is; "category" where there is one.
    groups : bool
        Whether categories such as "food/cafe" are taken by their group, "food".
    by : {"distance", "time"}
    direction : {"from", "to"}
    least : int
        Kinds of which fewer places are in the map have no column of their own; they count in "all".
    logs : bool
        Whether counts become log(1 + count), and distances are cut off at the largest limit and count in hundreds: what
        a linear model can use.
    lon, lat : str, optional
        Columns of the rows.
    max_snap : float
    n_jobs : int, optional

    Attributes
    ----------
    kinds_ : list of str
    feature_names_out_ : list of str

    >>> from domains.geodata import find_map, read_osm
    >>> town = read_osm(find_map("helsinki"), streets=["walk"])
    >>> features = LocationFeatures(town.streets("walk"), town.places, limits=[400])
    >>> table = features.fit_transform(pd.DataFrame({"lon": [24.94], "lat": [60.17]}))
    >>> table[["food_within_400", "food_nearest"]].shape
    (1, 2)
    """

    def __init__(
        self,
        network: StreetNetwork | None = None,
        places: Any = None,
        *,
        limits: Sequence[float] = (400.0, 800.0),
        kind: str | None = None,
        groups: bool = True,
        by: str = "distance",
        direction: str | None = None,
        least: int = 10,
        logs: bool = True,
        lon: str | None = None,
        lat: str | None = None,
        max_snap: float = MAX_SNAP,
        n_jobs: int | None = None,
    ) -> None:
        self.network = network
        self.places = places
        self.limits = limits
        self.kind = kind
        self.groups = groups
        self.by = by
        self.direction = direction
        self.least = least
        self.logs = logs
        self.lon = lon
        self.lat = lat
        self.max_snap = max_snap
        self.n_jobs = n_jobs

    def fit(self, points: Any, y: object = None) -> LocationFeatures:
        """Set places on the streets, and find which kinds there are.

        Parameters
        ----------
        points : frame or GeoDataFrame
            Rows with longitude and latitude; only checked.
        y : object
            Not used; scikit-learn's signature.

        Raises
        ------
        DataError, SettingsError
        """
        if not isinstance(self.network, StreetNetwork) or self.places is None:
            raise SettingsError(
                "LocationFeatures needs a network and places: LocationFeatures(town.streets('walk'), town.places)"
            )
        if len(self.places) == 0:
            raise HexadError("places is empty: there is nothing around any row")
        read_points(points, lon=self.lon, lat=self.lat)
        self.where_ = snap_points(self.network, self.places, max_snap=self.max_snap, source="places")
        self.of_ = self._read_kinds()
        counts = self.of_.value_counts()
        self.kinds_ = sorted(counts.index[counts >= self.least])
        self.feature_names_out_ = list(self._measure(points).columns)
        return self

    def _read_kinds(self) -> pd.Series[Any]:
        column = self.kind if self.kind is not None else "category" if "category" in self.places.columns else None
        if column is None:
            return pd.Series(["place"] * len(self.places), dtype=object)
        if column not in self.places.columns:
            raise SettingsError(f"kind={column!r} is no column of places")
        kinds = pd.Series(list(self.places[column]), dtype=object).astype(str)
        return kinds.str.split("/").str[0] if self.groups else kinds

    def _measure(self, points: Any) -> pd.DataFrame:
        rows = read_points(points, lon=self.lon, lat=self.lat)
        table = _Table(self.where_, self.of_.where(self.of_.isin(self.kinds_), "other"))
        network = self.network
        if network is None:
            raise SettingsError("LocationFeatures needs a network")
        found = measure_access(
            network,
            rows,
            table.frame(),
            self.limits,
            kind="kind",
            by=self.by,
            direction=self.direction,
            diversity=True,
            max_snap=self.max_snap,
            n_jobs=self.n_jobs,
        )
        found = found[[name for name in found.columns if not name.startswith("other_")]]
        return self._scale(found) if self.logs else found

    def _scale(self, table: pd.DataFrame) -> pd.DataFrame:
        most = float(np.max(self.limits))
        scaled = {}
        for name in table.columns:
            values = table[name].to_numpy(dtype=float)
            if name.endswith("_nearest"):
                scaled[name] = np.minimum(values, most) / 100.0
            else:
                scaled[name] = values if name.startswith("diversity_") else np.log1p(values)
        return pd.DataFrame(scaled, index=table.index)

    def transform(self, points: ArrayLike) -> pd.DataFrame:
        """Measure what lies around each row.

        Parameters
        ----------
        points : frame or GeoDataFrame

        Returns
        -------
        pandas.DataFrame
            A row a point, with its label; no value is missing. Rows on no street have nothing around them.

        Raises
        ------
        DataError
        """
        check_is_fitted(self, "feature_names_out_")
        return self._measure(points)[self.feature_names_out_]

    def get_feature_names_out(self, input_features: object = None) -> np.ndarray[Any, Any]:
        """Names of the columns that `transform` gives.

        Parameters
        ----------
        input_features : object
            Not used; scikit-learn's signature.
        """
        check_is_fitted(self, "feature_names_out_")
        return np.asarray(self.feature_names_out_, dtype=object)


class _Table:
    """Positions with what each is, as `measure_access` takes places."""

    def __init__(self, where: Positions, kinds: pd.Series[Any]) -> None:
        self.where, self.kinds = where, kinds

    def frame(self) -> pd.DataFrame:
        return pd.DataFrame({"lon": self.where.lon, "lat": self.where.lat, "kind": self.kinds.to_numpy()})
