"""What was asked of lists beside their users, read once: what may be shown, what is held back, how many of a kind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from domains.recommendation.behaviour.models import as_keys
from domains.recommendation.lists.filters import ItemColumns
from domains.recommendation.lists.rerank import number_kinds
from shared.checks import is_number, is_whole
from shared.data.incidence import encode_items
from shared.errors import HexadError, SettingsError, quote
from shared.typing import Bools, Ints, Reals

__all__ = ["check_asked", "find_allowed", "read_boosts", "read_caps"]


def check_asked(n: object, diversity: object) -> None:
    """Refuse a number of items, or a diversity, that is none.

    Parameters
    ----------
    n : int
    diversity : float

    Raises
    ------
    SettingsError

    >>> check_asked(0, 0.5)
    Traceback (most recent call last):
    ...
    shared.errors.SettingsError: n=0 is no whole number from 1 on
    """
    if not is_whole(n):
        raise SettingsError(f"n={n!r} is no whole number from 1 on")
    if not is_number(diversity, 0, 1):
        raise SettingsError(f"diversity={diversity!r} does not lie between 0 and 1")


def find_allowed(
    columns: ItemColumns, items: pd.Index, where: Mapping[str, Any] | None, exclude: Sequence[Any]
) -> Bools:
    """Which items may be shown: those that meet all conditions, less those excluded.

    Parameters
    ----------
    columns : ItemColumns
    items : pandas.Index
    where : mapping, optional
    exclude : sequence
        Keys of items.

    Raises
    ------
    HexadError
        None is left.

    >>> columns = ItemColumns({"year": np.array([1950.0, 2001.0, 2002.0])})
    >>> find_allowed(columns, pd.Index(["a", "b", "c"]), {"year": (2000, None)}, ["c"]).tolist()
    [False, True, False]
    """
    found = columns.select(where, len(items))
    if len(as_keys(exclude)):
        found[encode_items(items, as_keys(exclude))] = False
    if not found.any():
        raise HexadError("no item may be shown: the conditions leave none")
    return found


def read_boosts(items: pd.Index, boost: Mapping[Any, float] | None) -> Reals:
    """What is added to the score of each item.

    Parameters
    ----------
    items : pandas.Index
    boost : mapping of item to float, optional

    Raises
    ------
    SettingsError, HexadError

    >>> read_boosts(pd.Index(["a", "b"]), {"b": -0.5}).tolist()
    [0.0, -0.5]
    """
    added = np.zeros(len(items), dtype=np.float32)
    if boost is not None and len(boost):
        if not isinstance(boost, Mapping):
            raise SettingsError(f"boost={boost!r}: give what is added by item, as in {{item: 0.5}}")
        largest = float(np.finfo(np.float32).max)
        if wrong := [item for item, one in boost.items() if not is_number(one, -largest, largest)]:
            raise SettingsError(f"boost of {quote(wrong)} is no finite number; to hide items use exclude=")
        added[encode_items(items, list(boost))] = [float(one) for one in boost.values()]
    return added


def read_caps(columns: ItemColumns, max_per: Mapping[str, int] | None) -> dict[int, tuple[Ints, int]]:
    """Kinds of the items by each column named, and how many of a kind a list may hold.

    Parameters
    ----------
    columns : ItemColumns
    max_per : mapping of str to int, optional

    Raises
    ------
    SettingsError, HexadError

    >>> kinds, most = read_caps(ItemColumns({"genre": np.array(["war", "love", "war"])}), {"genre": 2})[0]
    >>> len(set(kinds.tolist())), most
    (2, 2)
    """
    caps = {}
    if not isinstance(max_per, Mapping | None):
        raise SettingsError(f"max_per={max_per!r}: give the most by column, as in {{'genre': 2}}")
    for number, (name, most) in enumerate((max_per or {}).items()):
        if not is_whole(most):
            raise SettingsError(f"max_per: {most!r} for {name!r} is no whole number from 1 on")
        caps[number] = (number_kinds(columns.values_of(name)), int(most))
    return caps
