"""What it costs to get from many places to many others, the nearest few of them, and what cannot be reached."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from domains.geodata.network.snap import MAX_SNAP, Positions, find_entries, snap_points
from domains.geodata.network.streets import StreetNetwork, check_network
from shared.checks import is_number, is_whole
from shared.errors import SettingsError
from shared.result import Result
from shared.text import count_of, format_number, sentences
from shared.typing import Floats, Ints

__all__ = ["StreetCosts", "compute_costs", "find_nearest", "measure_positions"]

UNITS = {"time": "seconds", "distance": "m"}
# Values that are held at once where only a few of each row are kept: 64 MB.
BLOCK = 8_000_000


@dataclass(frozen=True, repr=False)
class StreetCosts(Result):
    """Costs of many pairs.

    Attributes
    ----------
    values : numpy.ndarray of shape (n_origins, n_targets)
        Seconds or metres along the streets from each origin to each target; infinite where there is no way.
    origins, targets : pandas.Index
        What they are called.
    by : {"time", "distance"}
    notes : tuple of str

    >>> StreetCosts(np.array([[60.0, np.inf]]), pd.Index(["home"]), pd.Index(["shop", "island"]), "time").explain()
    'From 1 origin to 2 targets: 60 seconds in the median. 1 pair is not joined by streets.'
    """

    values: Floats
    origins: pd.Index[Any]
    targets: pd.Index[Any]
    by: str
    notes: tuple[str, ...] = ()

    @property
    def unreachable(self) -> int:
        """Number of pairs that no street joins."""
        return int(np.isinf(self.values).sum())

    def to_frame(self) -> pd.DataFrame:
        """A row a pair: "origin", "target" and "cost"; of unreachable ones it is infinite."""
        n, m = self.values.shape
        return pd.DataFrame(
            {
                "origin": self.origins.repeat(m),
                "target": self.targets[np.tile(np.arange(m), n)],
                "cost": self.values.ravel(),
            }
        )

    def explain(self) -> str:
        """Say how far they are in the middle, and which cannot be reached."""
        n, m = self.values.shape
        reached = self.values[np.isfinite(self.values)]
        head = f"From {count_of(n, 'origin')} to {count_of(m, 'target')}"
        told = [
            f"{head}: {format_number(np.median(reached))} {UNITS[self.by]} in the median."
            if len(reached)
            else f"{head}."
        ]
        if self.unreachable:
            verb = "is" if self.unreachable == 1 else "are"
            told.append(f"{count_of(self.unreachable, 'pair')} {verb} not joined by streets.")
        return " ".join([*told, sentences(self.notes)]).strip()


def compute_costs(
    network: StreetNetwork,
    origins: Any,
    targets: Any,
    *,
    by: str = "time",
    max_snap: float = MAX_SNAP,
    n_jobs: int | None = None,
) -> StreetCosts:
    """Compute what it costs to get from every origin to every target along the streets.

    Points are set on the nearest street first; the way from a point to its street is not counted. One-way streets count
    from origins to targets. Turns are free.

    Parameters
    ----------
    network : StreetNetwork
    origins, targets : frame, GeoDataFrame or Positions
        See `read_points`.
    by : {"time", "distance"}
        Seconds or metres.
    max_snap : float
        Metres beyond which a point is on no street.
    n_jobs : int, optional
        Threads.

    Returns
    -------
    StreetCosts

    Raises
    ------
    DataError, SettingsError

    >>> from domains.geodata import make_grid_town
    >>> town = make_grid_town(3, 3, spacing=100.0)
    >>> corners = town.nodes_to_frame().iloc[[0, 8]]
    >>> compute_costs(town, corners, corners, by="distance").values.round(1).tolist()
    [[0.0, 400.0], [400.0, 0.0]]
    """
    check_network(network, by)
    start = snap_points(network, origins, max_snap=max_snap, source="origins")
    end = start if targets is origins else snap_points(network, targets, max_snap=max_snap, source="targets")
    values = measure_positions(network, start, end, by=by, n_jobs=n_jobs)
    notes = start.notes if end is start else (*start.notes, *end.notes)
    return StreetCosts(values, start.labels, end.labels, by, notes)


def measure_positions(
    network: StreetNetwork, origins: Positions, targets: Positions, *, by: str, n_jobs: int | None = None
) -> Floats:
    """Costs from positions to positions.

    Parameters
    ----------
    network : StreetNetwork
    origins, targets : Positions
    by : {"time", "distance"}
    n_jobs : int, optional

    Returns
    -------
    numpy.ndarray of shape (n_origins, n_targets)

    >>> from domains.geodata import make_grid_town
    >>> town = make_grid_town(2, 2, spacing=100.0)
    >>> corners = snap_points(town, town.nodes_to_frame())
    >>> measure_positions(town, corners, corners, by="distance")[0].round().tolist()
    [0.0, 100.0, 100.0, 200.0]
    """
    # The search is cheaper from the fewer side: what is swept for all nodes is an origin's.
    seeds, leave = find_entries(network, origins, by, leave=True)
    nodes, come = find_entries(network, targets, by, leave=False)
    wanted, place = np.unique(nodes, return_inverse=True)
    place = place.reshape(nodes.shape)
    hierarchy = network.hierarchy(by)
    if len(seeds) <= len(nodes):
        reach = hierarchy.measure(seeds, leave, wanted, n_jobs=n_jobs)
        values = _join_ends(reach, place, come)
    else:
        from_nodes, start = np.unique(seeds, return_inverse=True)
        start = start.reshape(seeds.shape)
        reach = hierarchy.reverse().measure(nodes, come, from_nodes, n_jobs=n_jobs)
        values = _join_ends(reach, start, leave).T
    _add_same_piece(network, origins, targets, by, values)
    return np.asarray(values)


def _join_ends(reach: Floats, place: Ints, costs: Floats) -> Floats:
    """Costs to positions from those to the two nodes of each: in columns `place` of `reach`, and `costs` more."""
    values, other = (np.take(reach, place[:, end], axis=1) for end in (0, 1))
    values += costs[:, 0]
    other += costs[:, 1]
    return np.minimum(values, other, out=values)


def _add_same_piece(network: StreetNetwork, origins: Positions, targets: Positions, by: str, values: Floats) -> None:
    """Pairs on one street piece may go straight along it."""
    cost = network.cost(by)
    order = np.argsort(targets.piece, kind="stable")
    sorted_pieces = targets.piece[order]
    low = np.searchsorted(sorted_pieces, origins.piece, "left")
    high = np.searchsorted(sorted_pieces, origins.piece, "right")
    counts = high - low
    rows = np.repeat(np.arange(len(origins)), counts)
    if not len(rows):
        return
    columns = order[np.arange(len(rows)) + np.repeat(low - (np.cumsum(counts) - counts), counts)]
    piece = origins.piece[rows]
    step = targets.share[columns] - origins.share[rows]
    allowed = np.where(step >= 0, network.forward[piece], network.backward[piece]) | (step == 0)
    allowed &= origins.snapped[rows] & targets.snapped[columns]
    direct = np.where(allowed, np.abs(step) * cost[piece], np.inf)
    values[rows, columns] = np.minimum(values[rows, columns], direct)


def find_nearest(
    network: StreetNetwork,
    origins: Any,
    targets: Any,
    *,
    k: int = 1,
    by: str = "time",
    limit: float = np.inf,
    max_snap: float = MAX_SNAP,
    n_jobs: int | None = None,
) -> pd.DataFrame:
    """Find the targets nearest to each origin along the streets.

    Parameters
    ----------
    network : StreetNetwork
    origins, targets : frame, GeoDataFrame or Positions
    k : int
        Targets an origin.
    by : {"time", "distance"}
    limit : float
        Seconds or metres beyond which none counts.
    max_snap : float
    n_jobs : int, optional

    Returns
    -------
    pandas.DataFrame
        "origin", "rank" (from 1), "target" and "cost", nearest first; an origin that reaches none has no row.

    Raises
    ------
    DataError, SettingsError

    >>> from domains.geodata import make_grid_town
    >>> town = make_grid_town(3, 3, spacing=100.0)
    >>> nodes = town.nodes_to_frame()
    >>> find_nearest(town, nodes.iloc[[0]], nodes.iloc[[4, 8]], by="distance")["cost"].round().tolist()
    [200.0]
    """
    if not is_whole(k):
        raise SettingsError(f"k={k!r} is no whole number from 1 on")
    if limit != np.inf and not is_number(limit, least=0):
        raise SettingsError(f"limit={limit!r}: give {UNITS.get(by, 'a cost')}, 0 or more")
    check_network(network, by)
    start = snap_points(network, origins, max_snap=max_snap, source="origins")
    end = start if targets is origins else snap_points(network, targets, max_snap=max_snap, source="targets")
    k = min(k, len(end))
    found = []
    rows = max(1, BLOCK // max(len(end), 1))
    for first in range(0, len(start), rows):
        values = measure_positions(network, start.take(slice(first, first + rows)), end, by=by, n_jobs=n_jobs)
        order = np.argsort(values, axis=1, kind="stable")[:, :k]
        cost = np.take_along_axis(values, order, axis=1)
        row, rank = np.nonzero(np.isfinite(cost) & (cost <= limit))
        found.append((row + first, rank, order[row, rank], cost[row, rank]))
    whole = np.zeros(0, dtype=np.int64)
    row, rank, column, cost = (
        np.concatenate(part) for part in zip((whole, whole, whole, np.zeros(0)), *found, strict=True)
    )
    return pd.DataFrame({"origin": start.labels[row], "rank": rank + 1, "target": end.labels[column], "cost": cost})
