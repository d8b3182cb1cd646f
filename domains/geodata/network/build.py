"""From streets as they stand in a file to a network: junctions, pieces between them, lengths and times."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from domains.geodata.network.streets import StreetNetwork
from domains.geodata.projection import join_meridian, measure_distance
from shared.errors import HexadError
from shared.text import count_of
from shared.typing import Bools, Floats, Ints

__all__ = ["Ways", "build_network"]

KMH = 3.6  # km/h in m/s


@dataclass(frozen=True)
class Ways:
    """Streets as lines of nodes.

    Attributes
    ----------
    ids : numpy.ndarray of int64, shape (n_ways,)
    names, classes : numpy.ndarray of str
    refs : numpy.ndarray of int64, shape (n_points,)
        Node of each point of each line.
    points : numpy.ndarray of shape (n_points, 2)
        Longitude and latitude.
    starts : numpy.ndarray of shape (n_ways + 1,)
        Where each street's points begin.
    below : numpy.ndarray of bool, shape (n_ways,), optional
        Whether it runs under the ground; none does where left out.

    >>> nothing = np.zeros(0, dtype=np.int64)
    >>> len(Ways(nothing, nothing, nothing, nothing, np.zeros((0, 2)), np.zeros(1, dtype=np.int64)).ids)
    0
    """

    ids: Ints
    names: Any
    classes: Any
    refs: Ints
    points: Floats
    starts: Ints
    below: Bools | None = None


def build_network(
    ways: Ways, mode: str, forward: Bools, backward: Bools, speed: Floats, notes: tuple[str, ...] = ()
) -> StreetNetwork:
    """Cut streets at their junctions.

    Parameters
    ----------
    ways : Ways
    mode : str
    forward, backward : numpy.ndarray of bool, shape (n_ways,)
        Neither: the street is left out.
    speed : numpy.ndarray of shape (n_ways,)
        km/h.
    notes : tuple of str

    Raises
    ------
    HexadError
        No street is left.

    >>> from domains.geodata import make_grid_town
    >>> make_grid_town(2, 2).mode
    'walk'
    """
    kept = np.flatnonzero(forward | backward)
    if not len(kept):
        raise HexadError(f"the map holds no street to {mode} on; take another extract, or another mode")
    counts = np.diff(ways.starts)[kept]
    starts = np.concatenate([[0], np.cumsum(counts)])
    places = np.arange(starts[-1]) + np.repeat(ways.starts[kept] - starts[:-1], counts)
    points, refs = ways.points[places], ways.refs[places]
    way = np.repeat(np.arange(len(kept)), counts)

    nodes, node = np.unique(refs, return_inverse=True)
    uses = np.bincount(node, minlength=len(nodes))
    ends = np.concatenate([starts[:-1], starts[1:] - 1])
    np.add.at(uses, node[ends], 2)
    cuts = np.flatnonzero(uses[node] >= 2)
    first, last = cuts[:-1], cuts[1:]
    inside = way[first] == way[last]
    first, last = first[inside], last[inside]

    steps = measure_distance(points[:-1, 0], points[:-1, 1], points[1:, 0], points[1:, 1])
    steps[way[1:] != way[:-1]] = 0.0
    along = np.concatenate([[0.0], np.cumsum(steps)])
    # Two cumulative sums of a large map lose its last digits; each piece is a small difference, and good to 1e-8 m.
    length = along[last] - along[first]
    junctions, code = np.unique(np.concatenate([node[first], node[last]]), return_inverse=True)
    tail, head = np.split(code, 2)
    # Where each junction stands: any of its points.
    at = np.zeros(len(nodes), dtype=np.int64)
    at[node] = np.arange(len(node))
    place = at[junctions]
    of = kept[way[first]]
    network = StreetNetwork(
        mode,
        points[place, 0].copy(),
        points[place, 1].copy(),
        nodes[junctions],
        tail,
        head,
        length,
        length * KMH / speed[of],
        forward[of],
        backward[of],
        ways.ids[of],
        ways.names[of],
        ways.classes[of],
        np.column_stack([join_meridian(points[:, 0]), points[:, 1]]),
        first,
        last,
        np.zeros(len(first), dtype=bool) if ways.below is None else ways.below[of],
        notes,
    )
    return _note_islands(network)


def _note_islands(network: StreetNetwork) -> StreetNetwork:
    from dataclasses import replace

    apart = int((~network.usable).sum())
    if not apart:
        return network
    share = 100 * network.length[~network.usable].sum() / max(network.length.sum(), 1e-9)
    verb = "is" if apart == 1 else "are"
    note = (
        f"{count_of(apart, 'street piece')} ({share:.1f} % of the length) {verb} cut off from the rest, or"
        " cannot be left again: nothing is snapped there"
    )
    return replace(network, notes=(*network.notes, note))
