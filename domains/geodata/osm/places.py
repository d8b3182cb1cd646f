"""Places: one row each, as a point and, where it is mapped so, an area; node and outline of one place are one row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from domains.geodata.osm.categories import categorise
from domains.geodata.projection import WGS84, LocalProjection, join_meridian, wrap_degrees
from shared.errors import require
from shared.typing import Floats, Ints

if TYPE_CHECKING:
    import geopandas as gpd

__all__ = ["PLACE_COLUMNS", "make_places"]

# Tags that become columns of their own; all tags stand in "tags".
NAMED = {
    "name": "name",
    "brand": "brand",
    "opening_hours": "opening_hours",
    "addr:street": "street",
    "addr:housenumber": "number",
    "addr:postcode": "postcode",
    "addr:city": "town",
}
ADDRESS = ("addr:street", "addr:housenumber")
PLACE_COLUMNS = ("place", "category", *NAMED.values(), "lon", "lat", "area", "sources", "tags")
# Two objects of one category within so many metres are one place if their names agree: buildings are drawn some metres
# off, and a node stands by the door.
SAME_PLACE = 40.0
Raw = tuple[str, int, dict[str, str], float, float, Any]


def make_places(found: list[Raw], keys: Sequence[str], projection: LocalProjection) -> tuple[gpd.GeoDataFrame, int]:
    """Make the table of places of what a file holds; duplicates are merged.

    Parameters
    ----------
    found : list of tuple
        See `Scan.places`.
    keys : sequence of str
    projection : LocalProjection

    Returns
    -------
    geopandas.GeoDataFrame
        In WGS 84. "place" is the key, as in "n12" or "w7"; "area" is the extent in square metres, 0 for points;
        "sources" names all objects that are this place. The geometry is the point by which it is measured.
    int
        How many were merged into others.

    >>> cafe = ("node", 1, {"amenity": "cafe"}, 24.94, 60.17, None)
    >>> table, merged = make_places([cafe], ["amenity"], LocalProjection(24.94, 60.17))
    >>> table["category"].tolist(), merged
    (['food/cafe'], 0)
    """
    require("geopandas", package="geopandas", extra="geodata")
    import geopandas as gpd
    import shapely

    categories = [categorise(one[2], keys) for one in found]
    kept = [place for place, category in enumerate(categories) if category]
    found, categories = [found[place] for place in kept], [categories[place] for place in kept]
    lon = np.array([one[3] for one in found], dtype=float)
    lat = np.array([one[4] for one in found], dtype=float)
    drawn = np.array([place for place, one in enumerate(found) if one[5] is not None], dtype=np.int64)
    shapes = np.full(len(found), None, dtype=object)
    shapes[drawn] = _join_halves(np.array([found[place][5] for place in drawn], dtype=object))
    area = np.zeros(len(found))
    if len(drawn):
        middle = shapely.point_on_surface(_make_valid(shapes[drawn]))
        lon[drawn], lat[drawn] = wrap_degrees(shapely.get_x(middle)), shapely.get_y(middle)
        area[drawn] = shapely.area(_flatten(shapes[drawn], projection))
    keys_of = np.array([f"{one[0][0]}{one[1]}" for one in found], dtype=object)
    leader = _find_twins(found, categories, lon, lat, shapes, projection)
    own = leader == np.arange(len(found))
    table: dict[str, Any] = {"place": keys_of, "category": categories}
    merged = [one[2] for one in found]
    sources = [[key] for key in keys_of]
    for place in np.flatnonzero(~own):
        first = int(leader[place])
        more = merged[place]
        if any(more.get(tag, value) != value for tag, value in merged[first].items() if tag in ADDRESS):
            # Halves of two addresses, as of two doors, would make one that is nowhere.
            more = {tag: value for tag, value in more.items() if tag not in ADDRESS}
        merged[first] = {**more, **merged[first]}
        sources[first].append(keys_of[place])
    for tag, column in NAMED.items():
        table[column] = [tags.get(tag, "") for tags in merged]
    table |= {"lon": lon, "lat": lat, "area": area, "sources": [" ".join(one) for one in sources], "tags": merged}
    frame = pd.DataFrame(table)[own].reset_index(drop=True)
    frame["area_shape"] = shapes[own]
    points = gpd.points_from_xy(frame["lon"], frame["lat"])
    places = gpd.GeoDataFrame(frame.drop(columns="area_shape"), geometry=points, crs=WGS84)
    places.insert(len(places.columns) - 1, "outline", gpd.GeoSeries(frame["area_shape"].to_list(), crs=WGS84))
    return places, int((~own).sum())


def _join_halves(shapes: Any) -> Any:
    """Shapes on both sides of the 180th meridian in one piece."""
    import shapely

    bounds = shapely.bounds(shapes)
    for place in np.flatnonzero(bounds[:, 2] - bounds[:, 0] > 180.0):
        shapes[place] = shapely.transform(
            shapes[place], lambda points: np.column_stack([join_meridian(points[:, 0]), points[:, 1]])
        )
    return shapes


def _make_valid(shapes: Any) -> Any:
    import shapely

    wrong = ~shapely.is_valid(shapes)
    if wrong.any():
        shapes = shapes.copy()
        shapes[wrong] = shapely.make_valid(shapes[wrong])
    return shapes


def _flatten(shapes: ArrayLike, projection: LocalProjection) -> Any:
    """Shapes in metres of the plane."""
    import shapely

    def turn(points: Floats) -> Floats:
        return np.column_stack(projection.to_plane(points[:, 0], points[:, 1]))

    return shapely.transform(shapes, turn)


def _find_twins(
    found: list[Raw],
    categories: list[str],
    lon: Floats,
    lat: Floats,
    shapes: Any,
    projection: LocalProjection,
) -> Ints:
    """For each object the one that stands for it: the outline for a node in or by it, of one category and name.

    Merged are a node with an outline, and a way with the relation that repeats it; two nodes of a chain in one street
    are two shops. Where one has no name, the node has to be inside.
    """
    import shapely

    leader = np.arange(len(found))
    outlined = np.array([shape is not None for shape in shapes], dtype=bool)
    outlines = np.flatnonzero(outlined)
    if not len(outlines):
        return leader
    flat = _flatten(shapes[outlines], projection)
    tree = shapely.STRtree(flat)
    x, y = projection.to_plane(lon, lat)
    points = shapely.points(x, y)
    who, which = tree.query(points, predicate="dwithin", distance=SAME_PLACE)
    for one, at in zip(who.tolist(), which.tolist(), strict=True):
        other = int(outlines[at])
        if one == other or categories[one] != categories[other] or leader[one] != one or leader[other] != other:
            continue
        if outlined[one] and (found[one][0], found[other][0]) != ("way", "relation"):
            continue
        mine, theirs = found[one][2].get("name", ""), found[other][2].get("name", "")
        inside = bool(shapely.intersects(flat[at], points[one]))
        if (mine and mine.casefold() == theirs.casefold()) or (inside and not (mine and theirs)):
            leader[one] = other
    return leader
