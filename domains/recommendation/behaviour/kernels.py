"""Loops over items and their users, compiled."""

from __future__ import annotations

import numpy as np
from numba import njit

from shared.typing import Codes, Ints, Reals

__all__ = ["find_neighbours"]


@njit(cache=True)
def find_neighbours(
    indptr: Ints, items: Codes, item_ptr: Ints, users: Codes, scale: Reals, most: int
) -> tuple[Ints, Codes, Reals]:
    """Find every item's nearest by scaled counts in common, the matrix never dense.

    Parameters
    ----------
    indptr, items
        Items of each user, in compressed rows.
    item_ptr, users
        Users of each item, in compressed rows.
    scale : array of shape (n_items,)
        Factor of each item.
    most : int
        Neighbours kept for every item.

    Returns
    -------
    indptr, indices, weights
        Neighbours in compressed rows, ascending; weights are float32.

    >>> a = np.array([0, 2, 4]), np.array([0, 1, 0, 1], np.int32)
    >>> find_neighbours(*a, *a, np.ones(2), 1)[2].tolist()
    [2.0, 2.0]
    """
    n_items = len(item_ptr) - 1
    out_ptr = np.zeros(n_items + 1, np.int64)
    out_items = np.empty(n_items * most, np.int32)
    out_weights = np.empty(n_items * most, np.float32)
    common = np.zeros(n_items, np.int32)
    touched = np.empty(n_items, np.int32)
    value = np.empty(n_items, np.float64)
    at = 0
    for item in range(n_items):
        count = 0
        for place in range(item_ptr[item], item_ptr[item + 1]):
            user = users[place]
            for other_place in range(indptr[user], indptr[user + 1]):
                other = items[other_place]
                if common[other] == 0:
                    touched[count] = other
                    count += 1
                common[other] += 1
        found = 0
        for place in range(count):
            other = touched[place]
            if other != item:
                touched[found] = other
                value[found] = common[other] * scale[other]
                found += 1
            common[other] = 0
        if found > most:
            bound = np.partition(value[:found], found - most)[found - most]
            kept = 0
            for place in range(found):
                kept += value[place] > bound
            ties = most - kept
            # Of equal ones the first by number stay, so that nothing depends on the order of users.
            level = touched[:found][value[:found] == bound]
            level.sort()
            last = level[ties - 1]
            kept = 0
            for place in range(found):
                if value[place] > bound or (value[place] == bound and touched[place] <= last):
                    touched[kept] = touched[place]
                    value[kept] = value[place]
                    kept += 1
            found = kept
        order = np.argsort(touched[:found])
        for place in range(found):
            out_items[at + place] = touched[order[place]]
            out_weights[at + place] = value[order[place]] * scale[item]
        at += found
        out_ptr[item + 1] = at
    return out_ptr, out_items[:at], out_weights[:at]
