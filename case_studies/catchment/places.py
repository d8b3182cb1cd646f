"""The places to be reached: those of a category of the map, or a table of the user's own."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from case_studies.common.map_file import set_on_streets
from case_studies.common.town import tell_apart
from domains.geodata import OsmMap, Positions, StreetNetwork
from shared.errors import SettingsError, quote
from shared.reporting import Run
from shared.text import count_of

from .settings import MAP, CatchmentSettings

__all__ = ["Places", "find_places"]


@dataclass(frozen=True)
class Places:
    """Places on streets.

    Attributes
    ----------
    positions : Positions
    names : list of str
        What each is called, each once.
    kind : str
        What they are, as in “health/pharmacy”.
    notes : tuple of str
        What was left out.

    >>> from .example import make_example
    >>> make_example().places.count()
    '2 places of “health/pharmacy”'
    """

    positions: Positions
    names: list[str]
    kind: str
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.names)

    def count(self) -> str:
        """Write how many there are, and of what kind."""
        n = len(self)
        return f"{n:,} {self.kind if n == 1 else self.kind.replace('place', 'places', 1)}"


def find_places(
    out: Run, town: OsmMap, network: StreetNetwork, settings: CatchmentSettings
) -> tuple[Places, list[str]]:
    """Find the places of the category in the map, or read the user's own table.

    Parameters
    ----------
    out : Run
    town : OsmMap
    network : StreetNetwork
    settings : CatchmentSettings

    Returns
    -------
    places, sentences
        The latter say how the table was read.

    Raises
    ------
    SettingsError
        The map has no such place.
    DataError
        The table cannot be used, or none of its places is on a street.

    >>> from pathlib import Path
    >>> from domains.geodata import find_map, read_osm
    >>> town = read_osm(find_map("helsinki"), streets=["walk"])
    >>> run = Run("demo", Path("none"), "A demo")
    >>> len(find_places(run, town, town.streets("walk"), CatchmentSettings())[0])
    6
    """
    told: list[str] = []
    if "places" in out.files:
        asked = settings.columns.places
        table, reading = out.load_table(MAP, asked.table_schema("columns.places"), table="places")
        told.append(reading.explain())
        asked = asked.keep(table.columns)
        names = [str(one) for one in table[asked.name].fillna("")] if asked.name else [""] * len(table)
        kind, source, lon, lat = "place of the table", reading.source, asked.lon, asked.lat
    else:
        table = _of_category(town, settings.category)
        names = [name or brand for name, brand in zip(table["name"], table["brand"], strict=True)]
        kind, source, lon, lat = f"place of “{settings.category}”", settings.category, "lon", "lat"
    found = set_on_streets(
        network, table, source, lon=lon, lat=lat, setting="columns.places", max_snap=settings.max_snap
    )
    on = found.snapped
    far = f"further than {settings.max_snap:g} m from any street of the map: left out"
    left = () if on.all() else (f"{count_of(int((~on).sum()), 'place')} {far}",)
    return Places(found.take(on), tell_apart([names[row] for row in np.flatnonzero(on)]), kind, left), told


def _of_category(town: OsmMap, category: str) -> pd.DataFrame:
    """Places of a category, or of all categories of a group."""
    wanted = category.strip().rstrip("/")
    kinds = town.places["category"]
    found = town.places[(kinds == wanted) | kinds.str.startswith(f"{wanted}/")]
    if len(found):
        return pd.DataFrame(found).reset_index(drop=True)
    common = [f"{kind} ({count})" for kind, count in kinds.value_counts().head(12).items()]
    listed = ", ".join(common) or "no place at all"
    raise SettingsError(
        f"category={quote([category])}: the map {town.source} has no such place. It has {listed}. Name another with"
        " --set category=..., or give places of your own: --data places=FILE"
    )
