"""What can be reached from a point along the streets: how many, how near, how varied, and how contested."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.special import logsumexp

from domains.geodata.access.inputs import as_numbers, read_costs, read_values
from domains.geodata.isochrones.polygons import check_direction, check_limits
from domains.geodata.network.costs import BLOCK, measure_positions
from domains.geodata.network.snap import MAX_SNAP, Positions, snap_points
from domains.geodata.network.streets import StreetNetwork, check_network
from shared.checks import is_number
from shared.errors import Problems, SettingsError
from shared.result import Result
from shared.text import count_of, format_number, sentences
from shared.typing import Bools, Floats

__all__ = ["FloatingCatchment", "compute_floating_catchment", "compute_hill", "measure_access"]

ALL = "all"
ORDERS = (0, 1, 2)
NEAR_ONE = 1e-6  # orders so near to 1 are 1: the formula of the others loses its digits there
DECAYS: dict[str, Callable[[Floats, float], Floats]] = {
    # One half at half the limit, and next to nothing at it.
    "exponential": lambda cost, limit: np.exp(-np.log(2) * 2 * cost / limit),
    "gaussian": lambda cost, limit: np.exp(-((2 * cost / limit) ** 2) * np.log(2)),
    "linear": lambda cost, limit: np.maximum(1 - cost / limit, 0.0),
}


def measure_access(
    network: StreetNetwork,
    points: Any,
    places: Any,
    limits: Sequence[float] | float,
    *,
    kind: str | None = None,
    weight: str | None = None,
    by: str = "distance",
    direction: str | None = None,
    decay: str | None = None,
    diversity: bool = False,
    max_snap: float = MAX_SNAP,
    n_jobs: int | None = None,
) -> pd.DataFrame:
    """Measure what lies around points: counts, the nearest, gravity and diversity, by kind of place.

    Parameters
    ----------
    network : StreetNetwork
    points, places : frame, GeoDataFrame or Positions
        See `read_points`.
    limits : float or sequence of float
        Metres along the streets, or seconds with ``by="time"``.
    kind : str, optional
        Column of `places` that says what each is; columns are made of each kind, and of "all".
    weight : str, optional
        Column of `places` by which they count; 1 where left out.
    by : {"distance", "time"}
    direction : {"from", "to"}
        Whether one goes from the points to the places, or comes from them; has to be said where streets are one-way.
    decay : {"exponential", "gaussian", "linear"}, optional
        Adds "gravity": places count the less the further they are, half at half the largest limit for the first two.
    diversity : bool
        Adds Hill numbers of the kinds within each limit: how many kinds there are (order 0), as many equally common
        ones would be as varied (order 1, the exponential of Shannon's entropy), or as concentrated (order 2).
    max_snap : float
    n_jobs : int, optional

    Returns
    -------
    pandas.DataFrame
        A row a point, in their order and with their labels: "KIND_within_LIMIT", "KIND_nearest" (infinite where none is
        reached), "KIND_gravity", "diversity_ORDER_LIMIT". Points on no street reach nothing.

    Raises
    ------
    DataError, SettingsError

    >>> from domains.geodata import make_grid_town
    >>> town = make_grid_town(3, 3, spacing=100.0)
    >>> nodes = town.nodes_to_frame()
    >>> measure_access(town, nodes.iloc[[0]], nodes, 150).to_dict("list")
    {'all_within_150': [3.0], 'all_nearest': [0.0]}
    """
    wanted = np.sort(check_limits(limits))
    check_network(network, by)
    check_direction(network, direction)
    if decay is not None and decay not in DECAYS:
        raise SettingsError(f"decay={decay!r}: the decays are {', '.join(map(repr, DECAYS))}")
    start = snap_points(network, points, max_snap=max_snap, source="points")
    end = snap_points(network, places, max_snap=max_snap, source="places")
    kinds, members = _read_kinds(places, kind, len(end))
    weights = _read_weights(places, weight, len(end))
    if diversity and kind is None:
        raise SettingsError("diversity= needs kind=, the column that says what each place is")
    tally = _Tally.start(len(start), members, weights, wanted, decay)
    for rows, columns in _cut_blocks(len(start), len(end)):
        some, those = start.take(rows), end.take(columns)
        if direction == "to":
            costs = measure_positions(network, those, some, by=by, n_jobs=n_jobs).T
        else:
            costs = measure_positions(network, some, those, by=by, n_jobs=n_jobs)
        tally.add(costs, rows, columns)
    return pd.DataFrame(tally.list_columns(kinds, diversity), index=start.labels)


def _cut_blocks(n_points: int, n_places: int) -> Iterator[tuple[slice, slice]]:
    """Parts of the table of costs that memory holds: of the fewer, from which the searches start, none is in two."""
    fewer, more = sorted((n_points, n_places))
    step = max(BLOCK // max(more, 1), 1)
    for first in range(0, max(fewer, 1), step):
        part = slice(first, first + step)
        yield (part, slice(None)) if n_points < n_places else (slice(None), part)


def _read_kinds(places: Any, kind: str | None, n: int) -> tuple[list[str], list[Bools]]:
    everything = np.ones(n, dtype=bool)
    if kind is None:
        return [ALL], [everything]
    if isinstance(places, Positions) or not hasattr(places, "columns") or kind not in places.columns:
        raise SettingsError(f"kind={kind!r} is no column of places")
    values = pd.Series(list(places[kind]), dtype=object)
    lost = values.isna().to_numpy()
    if lost.any():
        problems = Problems("places")
        rows = (np.flatnonzero(lost)[:6] + 1).tolist()
        problems.add(
            f"{lost.sum():,} values are missing", column=kind, rows=rows, count=int(lost.sum()), fix="Fill them."
        )
        problems.raise_if_any()
    texts = values.astype(str)
    found = sorted(set(texts))
    if ALL in found:
        raise SettingsError(f"kind={kind!r} holds {ALL!r}, which is what all kinds together are called; rename it")
    return [*found, ALL], [*((texts == one).to_numpy() for one in found), everything]


def _read_weights(places: Any, weight: str | None, n: int) -> Floats:
    if weight is None:
        return np.ones(n)
    if isinstance(places, Positions) or not hasattr(places, "columns") or weight not in places.columns:
        raise SettingsError(f"weight={weight!r} is no column of places")
    values = pd.to_numeric(pd.Series(list(places[weight])), errors="coerce").to_numpy(dtype=float)
    wrong = ~np.isfinite(values) | (values < 0)
    if wrong.any():
        problems = Problems("places")
        rows = (np.flatnonzero(wrong)[:6] + 1).tolist()
        told = "values are missing, no numbers or negative"
        problems.add(
            f"{wrong.sum():,} {told}", column=weight, rows=rows, count=int(wrong.sum()), fix="Weights are 0 or more."
        )
        problems.raise_if_any()
    return np.asarray(values, dtype=float)


@dataclass(frozen=True)
class _Tally:
    """What lies around each point, added up block by block; arrays by limit, point and kind."""

    members: Bools
    weights: Floats
    limits: Floats
    decay: str | None
    within: Floats
    nearest: Floats
    pull: Floats

    @classmethod
    def start(cls, n: int, members: list[Bools], weights: Floats, limits: Floats, decay: str | None) -> _Tally:
        """Nothing as yet."""
        shape = (n, len(members))
        nothing = np.zeros((len(limits), *shape))
        return cls(np.array(members), weights, limits, decay, nothing, np.full(shape, np.inf), np.zeros(shape))

    def add(self, costs: Floats, rows: slice, columns: slice) -> None:
        """Add the costs from some points to some places."""
        members = self.members[:, columns]
        shares = (self.weights[columns] * members).T
        for place, limit in enumerate(self.limits):
            self.within[place, rows] += (costs <= limit).astype(float) @ shares
        for kind, member in enumerate(members):
            some = costs if member.all() else costs[:, member]
            near = self.nearest[rows, kind]
            np.minimum(near, some.min(axis=1, initial=np.inf), out=near)
        if self.decay is not None:
            most = float(self.limits[-1])
            falls = DECAYS[self.decay](np.minimum(costs, most), most)
            self.pull[rows] += np.where(costs <= most, falls, 0.0) @ shares

    def list_columns(self, kinds: list[str], diversity: bool) -> dict[str, Floats]:
        """The columns of the table."""
        found: dict[str, Floats] = {}
        for place, kind in enumerate(kinds):
            for row, limit in enumerate(self.limits):
                found[f"{kind}_within_{limit:.12g}"] = self.within[row, :, place]
            found[f"{kind}_nearest"] = self.nearest[:, place]
            if self.decay is not None:
                found[f"{kind}_gravity"] = self.pull[:, place]
        if diversity:
            for row, limit in enumerate(self.limits):
                for order in ORDERS:
                    found[f"diversity_{order}_{limit:.12g}"] = compute_hill(self.within[row, :, :-1], order)
        return found


def compute_hill(counts: Any, order: float) -> Floats:
    """Compute Hill numbers: as many equally common kinds would be as diverse (Hill 1973).

    Parameters
    ----------
    counts : array of shape (n, n_kinds)
        At least 0.
    order : float
        0 counts kinds, 1 is the exponential of Shannon's entropy, 2 the inverse of Simpson's concentration.

    Returns
    -------
    numpy.ndarray of shape (n,)
        0 where there is nothing.

    >>> compute_hill([[1, 1, 1, 1], [4, 0, 0, 0], [0, 0, 0, 0]], 1).round(9).tolist()
    [4.0, 1.0, 0.0]
    """
    values = np.atleast_2d(as_numbers(counts, "counts"))
    if not is_number(order, least=0):
        raise SettingsError(f"order={order!r}: it is 0 or more")
    wrong = ~np.isfinite(values) | (values < 0)
    if wrong.any():
        problems = Problems("counts")
        rows = np.flatnonzero(wrong.any(axis=1)) + 1
        told = "value is" if wrong.sum() == 1 else "values are"
        fix = "Counts are 0 or more."
        problems.add(f"{wrong.sum():,} {told} missing or negative", rows=rows, count=len(rows), fix=fix)
        problems.raise_if_any()
    most = values.max(axis=1, keepdims=True, initial=0.0)
    share = np.divide(values, most, out=np.zeros_like(values), where=most > 0)
    share /= np.maximum(share.sum(axis=1, keepdims=True), 1.0)
    there = share > 0
    logs = np.log(share, out=np.full_like(share, -np.inf), where=there)
    if abs(order - 1) < NEAR_ONE:
        number = np.exp(-(share * np.where(there, logs, 0.0)).sum(axis=1))
    else:
        # By logarithms: at high orders the powers themselves would be too small for a number.
        powers = order * np.where(there, logs, 0.0)
        number = np.exp(logsumexp(np.where(there, powers, -np.inf), axis=1) / (1 - order))
    return np.asarray(np.where(most[:, 0] > 0, number, 0.0))


@dataclass(frozen=True, repr=False)
class FloatingCatchment(Result):
    """How much of a supply each client can count on, when others come for it, too.

    Attributes
    ----------
    access : pandas.Series
        By client: supply per unit of demand, summed over the sites within reach.
    load : pandas.Series
        By site: demand within reach per unit of supply; infinite where there is no supply, 0 where nobody comes.
    limit : float
    notes : tuple of str

    >>> costs = np.array([[5.0, 50.0], [5.0, 5.0]])
    >>> compute_floating_catchment(costs, [10, 10], [100, 100], 10).access.round(9).tolist()
    [0.05, 0.15]
    """

    access: pd.Series[float]
    load: pd.Series[float]
    limit: float
    notes: tuple[str, ...] = ()

    def to_frame(self) -> pd.DataFrame:
        """A row a client: "client" and "access"."""
        return pd.DataFrame({"client": self.access.index, "access": self.access.to_numpy()})

    def explain(self) -> str:
        """Say how unequal access is, and who has none."""
        none = int((self.access == 0).sum())
        low, high = (format_number(float(self.access.quantile(share))) for share in (0.1, 0.9))
        told = (
            f"Supply per unit of demand within {self.limit:g}: a tenth of the clients has {low} or less, a tenth"
            f" {high} or more."
        )
        if none:
            told += f" {count_of(none, 'client')} {'has' if none == 1 else 'have'} none within reach."
        return f"{told} {sentences(self.notes)}".strip()


def compute_floating_catchment(
    costs: ArrayLike, supply: Any, demand: ArrayLike, limit: float, *, decay: str | None = None
) -> FloatingCatchment:
    """Compute access by two-step floating catchment areas (Luo & Wang 2003; with decay Luo & Qi 2009).

    First each site's supply is shared by all demand that reaches it, then each client adds up the shares it reaches.

    Parameters
    ----------
    costs : StreetCosts, frame or array of shape (n_clients, n_sites)
    supply : array of shape (n_sites,)
    demand : array of shape (n_clients,)
    limit : float
        Cost up to which a site is within reach.
    decay : {"exponential", "gaussian", "linear"}, optional
        How reach falls with the cost; even within the limit where left out.

    Raises
    ------
    DataError, SettingsError

    >>> compute_floating_catchment([[1.0]], [4], [8], 10).access.tolist()
    [0.5]
    """
    if not is_number(limit) or not limit > 0:
        raise SettingsError(f"limit={limit!r}: give the cost up to which a site is within reach, above 0")
    if decay is not None and decay not in DECAYS:
        raise SettingsError(f"decay={decay!r}: the decays are {', '.join(map(repr, DECAYS))}")
    values, clients, sites = read_costs(costs)
    offered = read_values(supply, sites, "supply", "sites")
    asked = read_values(demand, clients, "demand", "clients")
    near = values <= limit
    reach = near.astype(float)
    if decay is not None:
        reach = np.where(near, DECAYS[decay](np.minimum(values, limit), float(limit)), 0.0)
    comes = asked @ reach
    ratio = np.divide(offered, comes, out=np.zeros_like(offered), where=comes > 0)
    load = np.divide(comes, offered, out=np.full_like(offered, np.inf), where=offered > 0)
    unused = int(((comes == 0) & (offered > 0)).sum())
    notes = (f"{count_of(unused, 'site')} {'has' if unused == 1 else 'have'} nobody within reach",) if unused else ()
    return FloatingCatchment(
        pd.Series(reach @ ratio, index=clients, name="access"), pd.Series(load, index=sites, name="load"), limit, notes
    )
