"""Sites that are open today, one's own and those of rivals: places of the map, or a table of the user's own."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from domains.geodata import OsmMap
from shared.checks import nearest
from shared.errors import SettingsError, quote
from shared.typing import Bools

from .datasets import is_of
from .settings import SiteSettings

__all__ = ["mark_own", "pick_open"]


def pick_open(town: OsmMap, settings: SiteSettings) -> pd.DataFrame:
    """Sites that are open: places of the category to be opened, or those that are named as rivals; and one's own.

    Parameters
    ----------
    town : OsmMap
    settings : SiteSettings

    Returns
    -------
    pandas.DataFrame
        "key", "name", "brand", "lon", "lat", "size" (1 each) and "own".

    Raises
    ------
    SettingsError
        The map has none.

    >>> from domains.geodata import find_map, read_osm
    >>> found = pick_open(read_osm(find_map("helsinki"), streets=["walk"]), SiteSettings(category="health/pharmacy"))
    >>> len(found), found["own"].any()
    (6, np.False_)
    """
    places = pd.DataFrame(town.places[["place", "category", "name", "brand", "lon", "lat"]])
    places = places.rename(columns={"place": "key"}).assign(size=1.0)
    kind = is_of(places["category"], settings.category).to_numpy(dtype=bool)
    against = kind
    if settings.rivals:
        against = np.zeros(len(places), dtype=bool)
        for entry in settings.rivals:
            found = is_of(places["category"], entry).to_numpy(dtype=bool) | _is_called(places, entry)
            _check_found(found, entry, "rivals", [*places["category"], *places["name"], *places["brand"]])
            against |= found
    elif not kind.any():
        raise SettingsError(_say_none(town, settings.category))
    own = np.zeros(len(places), dtype=bool)
    for entry in settings.own:
        # A chain has more than cafés: what is no place of the category is not asked for where one is.
        called = _is_called(places, entry)
        called = called & kind if (called & kind).any() else called
        _check_found(called, entry, "own", [*places["name"][kind], *places["brand"][kind]])
        own |= called
    kept = against | own
    return pd.DataFrame(places[kept].assign(own=own[kept])).reset_index(drop=True)


def mark_own(table: pd.DataFrame, own: Sequence[str]) -> Bools:
    """Which sites of a table are one's own, by brand or name.

    Parameters
    ----------
    table : pandas.DataFrame
        With "name" and "brand".
    own : sequence of str

    Raises
    ------
    SettingsError
        None is called so.

    >>> table = pd.DataFrame({"name": ["Café A", "B"], "brand": ["", "Best"]})
    >>> mark_own(table, ["best"]).tolist()
    [False, True]
    """
    found = np.zeros(len(table), dtype=bool)
    for entry in own:
        called = _is_called(table, entry)
        _check_found(called, entry, "own", [*table["name"], *table["brand"]])
        found |= called
    return found


def _is_called(table: pd.DataFrame, entry: str) -> Bools:
    """Whether name or brand is that, or begins with it: "Robert's Coffee" is "Roberts coffee Netcup", too."""
    wanted = _plain(entry)
    hit = np.zeros(len(table), dtype=bool)
    for column in ("name", "brand"):
        plain = [_plain(text) for text in table[column]]
        hit |= np.array([text == wanted or text.startswith(f"{wanted} ") for text in plain], dtype=bool)
    return hit


def _plain(text: str) -> str:
    return " ".join(str(text).casefold().replace("'", "").replace("’", "").split())


def _check_found(found: Bools, entry: str, setting: str, names: Sequence[str]) -> None:
    if found.any():
        return
    hint = nearest(entry, sorted({str(name) for name in names if name}))
    raise SettingsError(f"{setting}={quote([entry])}: no site is called so; {hint}")


def _say_none(town: OsmMap, category: str) -> str:
    common = [f"{kind} ({count})" for kind, count in town.places["category"].value_counts().head(12).items()]
    return (
        f"category={quote([category])}: the map {town.source} has no such place, so that there is nobody to win from."
        f" It has {', '.join(common) or 'no place at all'}. Name another with --set category=..., say whose customers"
        " are to be won with --set rivals='[\"grocery\"]', or give the open sites: --data sites=FILE"
    )
