"""A map file, read: streets for each way of moving, places, addresses, and what is worth knowing of them."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from domains.geodata.network.build import Ways, build_network
from domains.geodata.network.streets import StreetNetwork
from domains.geodata.osm.categories import PLACE_KEYS
from domains.geodata.osm.folding import fold_text
from domains.geodata.osm.places import make_places
from domains.geodata.osm.scan import ADDRESS, NUMBER, STREET, Scan, scan_map
from domains.geodata.osm.streets import HIGHWAY, MODES, NAME, TUNNEL, judge_streets, wanted_highways
from domains.geodata.projection import LocalProjection
from shared.checks import as_names, nearest
from shared.errors import DataError, Problem, SettingsError
from shared.result import Result
from shared.text import count_of, sentences
from shared.typing import Floats

if TYPE_CHECKING:
    import geopandas as gpd

__all__ = ["ATTRIBUTION", "OsmMap", "check_modes", "make_map", "read_osm"]

ATTRIBUTION = "© OpenStreetMap contributors, ODbL 1.0"
ADDRESS_COLUMNS = ("lon", "lat", "street", "number", "town", "postcode")


@dataclass(frozen=True, repr=False)
class OsmMap(Result):
    """What a map file holds.

    Attributes
    ----------
    source : str
        The file, or the place that was asked for.
    places : geopandas.GeoDataFrame
        A row a place: "place" (its key, as in "n12" for a node), "category" (as in "food/cafe"), "name", "brand",
        "opening_hours", "street", "number", "postcode", "town", "lon", "lat", "area" (m²), "sources" (all objects that
        are this place), "tags", "outline" and the point as geometry, in WGS 84.
    addresses : pandas.DataFrame
        "lon", "lat", "street", "number", "town", "postcode" of everything with a house number.
    modes : tuple of str
        Ways of moving for which there are streets.
    notes : tuple of str
        What was found and done.

    >>> from domains.geodata import find_map, read_osm
    >>> town = read_osm(find_map("helsinki"))
    >>> town.streets("walk").n_nodes > 1000, "food/cafe" in set(town.places["category"])
    (True, True)
    """

    source: str
    places: gpd.GeoDataFrame
    addresses: pd.DataFrame
    modes: tuple[str, ...]
    notes: tuple[str, ...]
    ways: Ways = field(repr=False)
    way_tags: list[tuple[str | None, ...]] = field(repr=False)

    @cached_property
    def projection(self) -> LocalProjection:
        """The plane of this map."""
        return _find_plane(self.ways.points, self.places)

    @cached_property
    def _networks(self) -> dict[str, StreetNetwork]:
        return {}

    def streets(self, mode: str) -> StreetNetwork:
        """The streets for one way of moving; built at the first call.

        Parameters
        ----------
        mode : {"drive", "walk", "bike"}

        Raises
        ------
        SettingsError, HexadError
            The map was read without them, or holds none.
        """
        if mode not in self.modes:
            known = ", ".join(map(repr, self.modes)) or "none"
            raise SettingsError(f"mode={mode!r}: this map was read with streets for {known}; see read_osm(streets=)")
        if mode not in self._networks:
            use = judge_streets(self.way_tags, mode)
            notes = _note_guesses(use.guessed & (use.forward | use.backward), use.forward | use.backward)
            self._networks[mode] = build_network(
                self.ways, mode, use.forward, use.backward, use.speed, notes if mode == "drive" else ()
            )
        return self._networks[mode]

    def find_places(
        self, category: str | None = None, *, brand: str | None = None, name: str | None = None
    ) -> gpd.GeoDataFrame:
        """The places of a category, a brand or a name: competitors, suppliers, schools.

        Parameters
        ----------
        category : str, optional
            A group ("food") or a category ("food/cafe").
        brand, name : str, optional
            Compared without regard to case and accents.

        Raises
        ------
        SettingsError
            The map has no such category; the nearest is told.

        >>> from domains.geodata import find_map, read_osm
        >>> town = read_osm(find_map("helsinki"), streets=())
        >>> set(town.find_places("food/cafe")["category"])
        {'food/cafe'}
        """
        kept = np.ones(len(self.places), dtype=bool)
        if category is not None:
            known = self.places["category"].astype(str)
            kept &= ((known == category) | known.str.startswith(f"{category}/")).to_numpy(dtype=bool)
            if not kept.any():
                groups = sorted({*known, *known.str.split("/").str[0]})
                raise SettingsError(f"category={category!r}: the map has none; {nearest(category, groups)}")
        for column, wanted in (("brand", brand), ("name", name)):
            if wanted is not None:
                folded = fold_text(wanted)
                kept &= np.array([fold_text(one) == folded for one in self.places[column].astype(str)], dtype=bool)
        return self.places[kept].reset_index(drop=True)

    def to_frame(self) -> gpd.GeoDataFrame:
        """The places."""
        return self.places

    def explain(self) -> str:
        """Say what it holds, and what was found and done."""
        holds = (
            f"{self.source}: {count_of(len(self.ways.ids), 'street')}, {count_of(len(self.places), 'place')} and"
            f" {count_of(len(self.addresses), 'address', 'addresses')}"
        )
        return f"{holds}. {sentences(self.notes)} {ATTRIBUTION}."


def read_osm(path: str | Path, *, streets: Sequence[str] = MODES, place_keys: Sequence[str] = PLACE_KEYS) -> OsmMap:
    """Read an OpenStreetMap file: .osm, .osm.gz, .osm.bz2 or .osm.pbf, told apart by what is in it.

    Parameters
    ----------
    path : path
    streets : sequence of {"drive", "walk", "bike"}
        Ways of moving; fewer are read faster. An empty one reads places alone.
    place_keys : sequence of str
        Tags that make an object a place; see `CATEGORIES` for what they become.

    Raises
    ------
    DataError
        It is missing, no map, torn, or holds no positions of nodes.
    MissingExtraError
        osmium or geopandas is not installed.

    >>> from domains.geodata import find_map
    >>> read_osm(find_map("helsinki"), streets=["drive"]).modes
    ('drive',)
    """
    modes = check_modes(streets)
    place_keys = place_keys if place_keys is None else as_names(place_keys, "place_keys")
    if place_keys is None or not all(place_keys):
        raise SettingsError(f"place_keys={place_keys!r}: give a list of tags' keys, as in ['shop', 'amenity']")
    if not isinstance(path, str | os.PathLike):
        raise SettingsError(f"a {type(path).__name__} is no path; give that of a map file, as in 'town.osm.pbf'")
    wanted = frozenset().union(*(wanted_highways(mode) for mode in modes))
    found = scan_map(path, place_keys, wanted)
    return make_map(found, Path(path).name, modes, place_keys)


def make_map(found: Scan, source: str, modes: tuple[str, ...], place_keys: Sequence[str]) -> OsmMap:
    """Make a map of what a file holds.

    Parameters
    ----------
    found : Scan
    source : str
    modes : tuple of str
    place_keys : sequence of str

    >>> make_map(Scan.of_streets([], [], [], []), "nothing", ("walk",), PLACE_KEYS)
    Traceback (most recent call last):
    ...
    shared.errors.DataError: nothing: holds no street, place or address. ...
    """
    if not len(found.way_ids) and not found.places and not found.addresses:
        what = "holds no street, place or address"
        if found.torn:
            what = f"holds no positions of nodes: {count_of(found.torn, 'street')} cannot be drawn"
        fix = "Export it with the nodes of its ways (osmium extract --strategy complete_ways)."
        raise DataError(source, [Problem(what, fix=fix)])
    text = [(tags[NAME] or "", tags[HIGHWAY] or "") for tags in found.way_tags]
    ways = Ways(
        found.way_ids,
        np.array([one[0] for one in text], dtype=object),
        np.array([one[1] for one in text], dtype=object),
        found.refs,
        found.points,
        found.starts,
        np.array([tags[TUNNEL] == "yes" for tags in found.way_tags], dtype=bool),
    )
    plane = _find_plane(found.points, pd.DataFrame(_list_corners(found), columns=["lon", "lat"]))
    places, merged = make_places(found.places, place_keys, plane)
    addresses = _gather_addresses(found, places)
    return OsmMap(source, places, addresses, modes, _note(found, merged), ways, found.way_tags)


def check_modes(streets: Sequence[str]) -> tuple[str, ...]:
    """Ways of moving that were asked for, in our order.

    Parameters
    ----------
    streets : sequence of str

    >>> check_modes(["walk", "drive"])
    ('drive', 'walk')
    """
    modes = (streets,) if isinstance(streets, str) or not isinstance(streets, Iterable) else tuple(streets)
    unknown = [mode for mode in modes if mode not in MODES]
    if unknown:
        raise SettingsError(f"streets={streets!r}: the ways of moving are {', '.join(map(repr, MODES))}")
    return tuple(mode for mode in MODES if mode in modes)


def _find_plane(points: Floats, places: pd.DataFrame) -> LocalProjection:
    if len(points):
        return LocalProjection.around(points[:, 0], points[:, 1])
    if len(places):
        return LocalProjection.around(places["lon"].to_numpy(float), places["lat"].to_numpy(float))
    return LocalProjection(0.0, 0.0)


def _list_corners(found: Scan) -> Floats:
    """Where places are that stand as points; where none does, the corners of the first outline."""
    import shapely

    lonlat = np.array([(one[3], one[4]) for one in found.places if one[5] is None], dtype=float).reshape(-1, 2)
    if len(lonlat) or not found.places:
        return lonlat
    return np.asarray(shapely.get_coordinates(found.places[0][5]))


def _gather_addresses(found: Scan, places: pd.DataFrame) -> pd.DataFrame:
    of_places = places.loc[places["number"] != "", list(ADDRESS_COLUMNS)]
    # A place that was merged with another, or is of no category, still stands at its own address.
    known = set(zip(of_places["street"], of_places["number"], strict=True))
    doors = [
        (lon, lat, *(tags.get(tag, "") for tag in ADDRESS))
        for kind, _, tags, lon, lat, _ in found.places
        if kind == "node" and tags.get(NUMBER) and (tags.get(STREET, ""), tags[NUMBER]) not in known
    ]
    own = pd.DataFrame([*found.addresses, *doors], columns=list(ADDRESS_COLUMNS))
    return pd.DataFrame(pd.concat([own, of_places], ignore_index=True)) if len(own) else pd.DataFrame(of_places)


def _note(found: Scan, merged: int) -> tuple[str, ...]:
    notes = []
    if merged:
        notes.append(f"{count_of(merged, 'object')} of the same category and name as an outline there: merged with it")
    if found.torn:
        notes.append(
            f"{count_of(found.torn, 'street')} cut, because positions of some of their nodes are missing, as at"
            " the map's edge"
        )
    if found.restrictions:
        verb = "is" if found.restrictions == 1 else "are"
        notes.append(f"{count_of(found.restrictions, 'turn restriction')} {verb} not kept: routes may turn there")
    return tuple(notes)


def _note_guesses(guessed: Any, used: Any) -> tuple[str, ...]:
    share = 100 * guessed.sum() / max(used.sum(), 1)
    if not guessed.any():
        return ()
    return (
        f"{share:.0f} % of the streets have no speed limit that can be read; theirs is that of their class of road",
    )
