"""Points as people have them: frames with a CRS, or columns of longitude and latitude; found wrong where they are."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from domains.geodata.projection import WGS84, wrap_degrees
from shared.data.io.frames import as_pandas
from shared.errors import Argument, Fix, Problems, SettingsError
from shared.result import OneLine
from shared.text import count_of
from shared.typing import Bools, Floats

__all__ = ["Points", "read_points"]

LON_NAMES = ("lon", "lng", "long", "longitude", "x_lon")
LAT_NAMES = ("lat", "latitude", "y_lat")
# Degrees by which points may lie outside of a map and still be taken for its own: some 10 km.
MARGIN = 0.1
MAX_ROWS = 6


@dataclass(frozen=True, repr=False)
class Points(OneLine):
    """Some points on the globe.

    Attributes
    ----------
    lon, lat : numpy.ndarray of shape (n,)
        Degrees.
    labels : pandas.Index
        Of the rows they came from.
    notes : tuple of str

    >>> Points(np.array([24.9]), np.array([60.2]), pd.Index(["a"])).lon.tolist()
    [24.9]
    """

    lon: Floats
    lat: Floats
    labels: pd.Index[Any]
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.lon)

    def take(self, rows: Any) -> Points:
        """Some of them.

        Parameters
        ----------
        rows : numpy.ndarray of int or bool
        """
        return Points(self.lon[rows], self.lat[rows], self.labels[rows], self.notes)


def read_points(
    data: Any,
    source: str = "points",
    *,
    lon: str | None = None,
    lat: str | None = None,
    key: str | None = None,
    around: Points | None = None,
) -> Points:
    """Read points from what people have.

    Parameters
    ----------
    data : geopandas.GeoDataFrame, geopandas.GeoSeries, frame, or Points
        Geometries need a CRS; of areas a point within counts. Of other frames columns of longitude and latitude in
        degrees are taken.
    source : str
        What it is called in messages.
    lon, lat : str, optional
        Names of the columns; "lon", "lng", "longitude", "lat" and "latitude" are found.
    key : str, optional
        Column by which answers speak of the points; their index where left out.
    around : Points, optional
        What they should lie near, such as the corners of a map: to tell longitude and latitude that were exchanged.

    Raises
    ------
    DataError
        No CRS, no such columns, missing or impossible values, exchanged columns, or nothing near the map.

    >>> read_points(pd.DataFrame({"Longitude": [24.9], "Latitude": [60.2]})).lat.tolist()
    [60.2]
    >>> read_points(pd.DataFrame({"lon": [60.2], "lat": [224.9]}), "customers")
    Traceback (most recent call last):
    ...
    shared.errors.DataError: customers: column 'lat': 1 value is no latitude: it has to lie between -90 and 90 degrees
    (row 1). Give degrees, or a GeoDataFrame whose CRS says what they are.
    """
    if isinstance(data, Points):
        return data
    for name, value in (("lon", lon), ("lat", lat), ("key", key)):
        if value is not None and not isinstance(value, str):
            raise SettingsError(f"{name}={value!r} is no name of a column; give a text")
    problems = Problems(source)
    if hasattr(data, "crs") and hasattr(data, "geometry"):
        points = _read_geometries(data, key, problems)
        names = ("geometry", "geometry")
    else:
        table = as_pandas(data, source, copy=False)
        names = _find_columns(table, lon, lat, problems)
        problems.raise_if_any()
        labels = _find_labels(table, key, problems)
        if key is None and isinstance(data, pd.DataFrame):
            labels = data.index.to_flat_index()  # also one with a name, which became a column
        values = [_read_degrees(table[name], name, problems) for name in names]
        problems.raise_if_any()
        points = Points(values[0], values[1], labels)
    _check_ranges(points, names, problems)
    problems.raise_if_any()
    if around is not None and len(points):
        _check_near(points, around, names, problems)
        problems.raise_if_any()
    return points


def _read_geometries(data: Any, key: str | None, problems: Problems) -> Points:
    import shapely

    if data.crs is None:
        problems.add(
            "has no CRS, so that nobody knows what its coordinates mean",
            fix='Say it: data.set_crs("EPSG:4326") for degrees.',
        )
        problems.raise_if_any()
    shapes = data.geometry.to_crs(WGS84)
    empty = (shapes.isna() | shapes.is_empty).to_numpy()
    if empty.any():
        _add_rows(problems, "geometry", empty, "geometry is missing", "geometries are missing", "Fill them in.")
        problems.raise_if_any()
    values = shapes.to_numpy()
    notes: tuple[str, ...] = ()
    drawn = shapely.get_type_id(values) != 0
    if drawn.any():
        values = np.where(drawn, shapely.point_on_surface(values), values)
        notes = (f"of {count_of(int(drawn.sum()), 'area or line')} a point within counts",)
    labels = data.index.to_flat_index() if key is None else _find_labels(_list_columns(data), key, problems)
    problems.raise_if_any()
    lon = shapely.get_x(values)
    # Of an area across the 180th meridian longitudes may run on beyond it.
    return Points(np.where(drawn, wrap_degrees(lon), lon), shapely.get_y(values), labels, notes)


def _list_columns(data: Any) -> pd.DataFrame:
    """What a GeoDataFrame or a GeoSeries has beside its geometries, names of its index among it."""
    columns = [] if isinstance(data, pd.Series) else [name for name in data.columns if name != data.geometry.name]
    table = pd.DataFrame({name: data[name] for name in columns}, index=data.index)
    return table.reset_index() if any(name is not None and name not in columns for name in table.index.names) else table


def _find_columns(table: pd.DataFrame, lon: str | None, lat: str | None, problems: Problems) -> tuple[str, str]:
    found = []
    for given, known, word in ((lon, LON_NAMES, "lon"), (lat, LAT_NAMES, "lat")):
        plain = {str(name).strip().lower(): name for name in table.columns}
        name = given if given is not None else next((plain[one] for one in known if one in plain), None)
        if name is None or name not in table.columns:
            shown = ", ".join(map(repr, map(str, table.columns[:8])))
            what = "longitude" if word == "lon" else "latitude"
            fix = Fix("Name the column of ", what, ": ", Argument(word), ".")
            told = f"is missing; the table has {shown}" if given is not None else f"no column of {what} was found"
            problems.add(told if given is not None else f"{told} among {shown}", column=given, fix=fix)
        found.append(str(name))
    return found[0], found[1]


def _find_labels(table: pd.DataFrame, key: str | None, problems: Problems) -> pd.Index[Any]:
    if key is None:
        return table.index
    if key not in table.columns:
        shown = ", ".join(map(repr, map(str, table.columns[:8])))
        problems.add(f"is missing; the table has {shown}", column=key, fix=Fix("Name the key: ", Argument("key"), "."))
        problems.raise_if_any()
    labels = pd.Index(table[key])
    lost = labels.isna()
    if lost.any():
        _add_rows(problems, key, lost, "key is missing", "keys are missing", "Give each row its own.")
    twice = labels.duplicated() & ~lost
    if twice.any():
        _add_rows(problems, key, twice, "key repeats an earlier one", "keys repeat earlier ones", "Make them unique.")
    found: pd.Index[Any] = labels
    return found


def _read_degrees(column: pd.Series[Any], name: str, problems: Problems) -> Floats:
    if column.dtype.kind == "b":
        problems.add("holds truth values", column=name, fix="Give degrees.")
    numbers = pd.to_numeric(column, errors="coerce")
    values = numbers.to_numpy(dtype=float, na_value=np.nan)
    if column.dtype.kind == "O" or not isinstance(column.dtype, np.dtype):
        values = values.copy()
        for row, text in enumerate(column):  # Python reads every digit of a text; pandas 2 loses the last
            if isinstance(text, str) and np.isfinite(values[row]):
                with contextlib.suppress(ValueError):
                    values[row] = float(text)
    missing = column.isna().to_numpy()
    unread = np.isnan(values) & ~missing
    if missing.any():
        _add_rows(problems, name, missing, "value is missing", "values are missing", "Fill them in, or drop the rows.")
    if unread.any():
        fix = "Write degrees with a point, as in 60.17."
        _add_rows(problems, name, unread, "value is no number", "values are no numbers", fix)
    return values


def _check_ranges(points: Points, names: tuple[str, str], problems: Problems) -> None:
    fix = "Give degrees, or a GeoDataFrame whose CRS says what they are."
    for values, name, most, what in (
        (points.lon, names[0], 180.0, "longitude"),
        (points.lat, names[1], 90.0, "latitude"),
    ):
        wrong = ~(np.abs(values) <= most)
        if wrong.any():
            bound = f"it has to lie between -{most:g} and {most:g} degrees"
            bounds = bound.replace("it has", "they have")
            _add_rows(problems, name, wrong, f"value is no {what}: {bound}", f"values are no {what}s: {bounds}", fix)
    nowhere = (points.lon == 0) & (points.lat == 0)
    if nowhere.any():
        fix = "These are missing values in disguise: find them, or drop the rows."
        _add_rows(problems, names[0], nowhere, "point lies at 0, 0", "points lie at 0, 0", fix)


def _check_near(points: Points, around: Points, names: tuple[str, str], problems: Problems) -> None:
    near = _is_near(points.lon, points.lat, around)
    if near.any() and near.mean() >= 0.5:
        return
    turned = _is_near(points.lat, points.lon, around)
    if turned.sum() > near.sum():
        problems.add(
            f"longitude and latitude look exchanged: {turned.sum():,} of {count_of(len(points), 'point')} lie in the"
            " map the other way round",
            column=", ".join(names) if names[0] != names[1] else names[0],
            count=int(turned.sum()),
            fix=Fix("Exchange them: ", Argument("lon", names[1]), ", ", Argument("lat", names[0]), ".")
            if names[0] != names[1]
            else (
                "Exchange them: data.set_geometry(gpd.points_from_xy(data.geometry.y, data.geometry.x, crs=data.crs))."
            ),
        )
    elif not near.any():
        problems.add(
            f"no point lies near the map, which reaches from {around.lon.min():.3f}, {around.lat.min():.3f} to"
            f" {around.lon.max():.3f}, {around.lat.max():.3f} (longitude, latitude); the first is at"
            f" {points.lon[0]:.3f}, {points.lat[0]:.3f}",
            column=", ".join(names) if names[0] != names[1] else names[0],
            count=len(points),
            fix="Take the map of the place, or correct the coordinates.",
        )


def _is_near(lon: Floats, lat: Floats, around: Points) -> Bools:
    """Within the corners of what they should lie near, and a margin; also across the 180th meridian."""
    middle = around.lon[0]
    reach = (around.lon - middle + 180.0) % 360.0 - 180.0
    turn = (lon - middle + 180.0) % 360.0 - 180.0
    wide = MARGIN / max(np.cos(np.radians(around.lat[0])), 0.1)
    inside = (turn >= reach.min() - wide) & (turn <= reach.max() + wide)
    return np.asarray(inside & (lat >= around.lat.min() - MARGIN) & (lat <= around.lat.max() + MARGIN))


def _add_rows(problems: Problems, column: str, wrong: Any, one: str, more: str, fix: str) -> None:
    count = int(np.sum(wrong))
    rows = (np.flatnonzero(wrong)[:MAX_ROWS] + 1).tolist()
    problems.add(f"{count:,} {one if count == 1 else more}", column=column, rows=rows, count=count, fix=fix)
