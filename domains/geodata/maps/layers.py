"""What a map shows: points, lines or areas in one colour, with what is said of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from domains.geodata.network.streets import StreetNetwork, check_network
from domains.geodata.points import read_points
from domains.geodata.projection import WGS84, LocalProjection
from shared.errors import DataError, Problem, SettingsError
from shared.reporting.figures import PALETTE
from shared.result import OneLine
from shared.typing import Floats

__all__ = ["MapLayer", "Shapes", "find_projection", "flatten_layer"]

COLOURS = tuple(name for name in PALETTE if name not in ("grid", "paper"))
DASHES = ("solid", "dashed", "dotted")
LARGEST, SMALLEST = 9.0, 3.0  # radius of points, in pixels


@dataclass(frozen=True, repr=False)
class MapLayer(OneLine):
    """One layer of a map.

    Parameters
    ----------
    name : str
        In the legend.
    data : GeoDataFrame, GeoSeries, frame of points, or Positions' points
        Geometries need a CRS; of other frames see `read_points`.
    tooltip : sequence of str
        Columns whose values are shown for each thing.
    colour : {"ink", "soft", "accent", "second", "third", "fourth"}
        Of the house's palette, which colour-blind readers can tell apart.
    size : str, optional
        Column of numbers by which points are larger.
    dash : {"solid", "dashed", "dotted"}
        Of lines: more of them than there are colours are told apart so.
    mark : str, optional
        Column of short texts, such as numbers, that stand in the points; one of several words stands beside its point.

    Raises
    ------
    SettingsError
        There is no such colour, dash or column.

    >>> MapLayer("Cafés", pd.DataFrame({"lon": [24.9], "lat": [60.2]}), colour="second").name
    'Cafés'
    """

    name: str
    data: Any
    tooltip: Sequence[str] = ()
    colour: str = "accent"
    size: str | None = None
    dash: str = "solid"
    mark: str | None = None

    def __post_init__(self) -> None:
        if self.colour not in COLOURS:
            raise SettingsError(f"colour={self.colour!r}: the colours are {', '.join(map(repr, COLOURS))}")
        if self.dash not in DASHES:
            raise SettingsError(f"dash={self.dash!r}: lines are {', '.join(map(repr, DASHES))}")
        columns = [self.tooltip] if isinstance(self.tooltip, str) else [*self.tooltip]
        object.__setattr__(self, "tooltip", tuple(columns))
        for column in [*columns, *filter(None, [self.size, self.mark])]:
            if not hasattr(self.data, "columns") or column not in self.data.columns:
                raise SettingsError(f"layer {self.name!r} has no column {column!r}")


@dataclass(frozen=True)
class Shapes:
    """A layer in the plane.

    Attributes
    ----------
    kind : {"points", "lines", "areas"}
    parts : list of numpy.ndarray
        Of a point its place; of a line, or a ring of an area, its places.
    owner : numpy.ndarray of int
        Row that each part belongs to.
    radius : numpy.ndarray
        Of each row, for points.
    texts : list of str
        What is said of each row.
    marks : list of str
        What stands in each row's point; empty where nothing does.

    >>> Shapes("points", [], np.zeros(0, int), np.zeros(0), []).kind
    'points'
    """

    kind: str
    parts: list[Floats]
    owner: Any
    radius: Floats
    texts: list[str]
    marks: Sequence[str] = ()


def find_projection(streets: StreetNetwork | None, layers: Sequence[MapLayer]) -> LocalProjection:
    """The plane of a map: that of the streets, or about all layers.

    Parameters
    ----------
    streets : StreetNetwork, optional
    layers : sequence of MapLayer

    >>> find_projection(None, [MapLayer("a", pd.DataFrame({"lon": [24.0], "lat": [60.0]}))]).lon
    24.0
    """
    if isinstance(layers, MapLayer) or not all(isinstance(layer, MapLayer) for layer in layers):
        raise SettingsError("layers= is a list of MapLayer, as in [MapLayer('Shops', shops)]")
    if streets is not None:
        check_network(streets)
        return streets.projection
    corners = [_corners(layer) for layer in layers]
    corners = [one for one in corners if len(one)]
    if not corners:
        raise DataError(
            "map", [Problem("there is nothing to draw", fix="Give streets, or a layer with something in it.")]
        )
    both = np.concatenate(corners)
    return LocalProjection.around(both[:, 0], both[:, 1])


def _corners(layer: MapLayer) -> Floats:
    if hasattr(layer.data, "crs") and hasattr(layer.data, "geometry"):
        import shapely

        shapes = _in_degrees(layer)
        return np.asarray(shapely.get_coordinates(shapes))
    points = read_points(layer.data, layer.name)
    return np.column_stack([points.lon, points.lat])


def _in_degrees(layer: MapLayer) -> Any:
    if layer.data.crs is None:
        fix = 'Say it: data.set_crs("EPSG:4326") for degrees.'
        raise DataError(layer.name, [Problem("has no CRS, so that nobody knows where it lies", fix=fix)])
    return layer.data.geometry.to_crs(WGS84).to_numpy()


def flatten_layer(layer: MapLayer, plane: LocalProjection) -> Shapes:
    """A layer in metres of the plane.

    Parameters
    ----------
    layer : MapLayer
    plane : LocalProjection

    >>> layer = MapLayer("a", pd.DataFrame({"lon": [24.0], "lat": [60.0], "who": ["me"]}), tooltip=["who"])
    >>> flatten_layer(layer, LocalProjection(24.0, 60.0)).texts
    ['me']
    """
    texts, radius = _write_texts(layer), _find_radii(layer)
    marks = [str(one) for one in layer.data[layer.mark]] if layer.mark else ()
    if not (hasattr(layer.data, "crs") and hasattr(layer.data, "geometry")):
        points = read_points(layer.data, layer.name)
        places = np.column_stack(plane.to_plane(points.lon, points.lat))
        return Shapes("points", list(places[:, None, :]), np.arange(len(places)), radius, texts, marks)
    import shapely

    shapes = _in_degrees(layer)
    there = np.array([shape is not None and not shape.is_empty for shape in shapes], dtype=bool)
    kinds = set(shapely.get_dimensions(shapes[there]).tolist())
    if len(kinds) > 1:
        raise SettingsError(f"layer {layer.name!r} holds points, lines and areas together; make a layer of each")
    kind = ("points", "lines", "areas")[kinds.pop()] if kinds else "points"
    rows = np.flatnonzero(there)
    parts, owner = _take_apart(shapes[rows], kind)
    flat = [np.column_stack(plane.to_plane(part[:, 0], part[:, 1])) for part in parts]
    return Shapes(kind, flat, rows[owner], radius, texts, marks)


def _take_apart(shapes: ArrayLike, kind: str) -> tuple[list[Floats], Any]:
    import shapely

    parts, owner = shapely.get_parts(shapes, return_index=True)
    # Outlines one way round and holes the other: areas that overlap are then filled as one.
    parts = shapely.orient_polygons(parts) if kind == "areas" and hasattr(shapely, "orient_polygons") else parts
    if kind == "areas":
        rings, of = shapely.get_rings(parts, return_index=True)
        parts, owner = rings, owner[of]
    points, index = shapely.get_coordinates(parts, return_index=True)
    cuts = np.searchsorted(index, np.arange(1, len(parts)))
    return (np.split(points, cuts) if len(parts) else []), owner


def _write_texts(layer: MapLayer) -> list[str]:
    columns = list(layer.tooltip)
    if not columns:
        return [""] * len(layer.data)
    table = pd.DataFrame({name: list(layer.data[name]) for name in columns})
    return [
        "\n".join(_say(name, row[name]) for name in columns if _is_told(row[name])) for row in table.to_dict("records")
    ]


def _is_told(value: object) -> bool:
    return value is not None and value != "" and value == value  # noqa: PLR0124  # NaN is not equal to itself


def _say(name: object, value: object) -> str:
    if isinstance(value, float | np.floating):
        number = float(value)
        value = f"{number:,.0f}" if abs(number) >= 1000 else f"{number:.4g}"
    plain = str(value)
    return plain if str(name) in {"name", "site", "who"} else f"{name}: {plain}"


def _find_radii(layer: MapLayer) -> Floats:
    n = len(layer.data)
    if layer.size is None:
        return np.full(n, 5.0)
    values: Floats = pd.to_numeric(pd.Series(list(layer.data[layer.size]), dtype=object), errors="coerce").to_numpy(
        float
    )
    if n and np.isnan(values).all():
        raise SettingsError(f"layer {layer.name!r}: size={layer.size!r} holds no numbers")
    values = np.clip(np.nan_to_num(values), 0.0, None)
    # Areas of circles, not their radii, are what people compare.
    return SMALLEST + (LARGEST - SMALLEST) * np.sqrt(values / max(float(values.max(initial=0.0)), 1e-300))
