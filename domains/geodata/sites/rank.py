"""From a map, customers and candidates to ranked sites, in one call."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from domains.geodata.access.huff import check_exponent, weigh_market
from domains.geodata.isochrones.polygons import check_direction
from domains.geodata.network.costs import StreetCosts, measure_positions
from domains.geodata.network.snap import MAX_SNAP, Positions, check_rows, join_positions, snap_points
from domains.geodata.network.streets import StreetNetwork, check_network
from domains.geodata.osm.map import OsmMap, read_osm
from domains.geodata.sites.choose import choose_sites
from domains.geodata.sites.decision import SiteDecision
from shared.checks import is_number
from shared.data.io.frames import as_pandas
from shared.errors import Argument, Fix, Problems, SettingsError
from shared.text import format_number
from shared.typing import Bools, Floats

__all__ = ["as_network", "rank_sites", "read_weights"]

MINUTE = 60.0
UNITS = {"time": "minutes", "distance": "m"}


def rank_sites(
    streets: StreetNetwork | OsmMap | str | Path,
    demand: Any,
    candidates: Any,
    n: int | None = None,
    *,
    existing: Any = None,
    rivals: Any = None,
    goal: str = "median",
    weight: str | None = None,
    size: str | None = None,
    exponent: float = 2.0,
    key: str | None = None,
    by: str = "time",
    direction: str | None = None,
    limit: float | None = None,
    capacity: str | None = None,
    apart: float | None = None,
    mode: str = "walk",
    max_snap: float = MAX_SNAP,
    time_limit: float = 30.0,
    random_state: int = 0,
    n_jobs: int | None = None,
) -> SiteDecision:
    """Choose the best sites on the streets of a map.

    Parameters
    ----------
    streets : StreetNetwork, OsmMap or path
        A map file is read.
    demand : frame or GeoDataFrame
        A row a customer, or a cell of a grid; see `read_points`.
    candidates : frame or GeoDataFrame
        Where one might open.
    n : int, optional
        New sites to open; left out for ``goal="fewest"``.
    existing : frame or GeoDataFrame, optional
        One's own sites that are open already, and stay.
    rivals : frame or GeoDataFrame, optional
        Sites of others, for ``goal="share"``.
    goal : {"median", "cover", "fewest", "share"}
        See `choose_sites`; "share" is Huff's rule on street costs.
    weight : str, optional
        Column of `demand` that says how much each row counts.
    size : str, optional
        Column of candidates, existing and rivals that says how attractive each is, for "share"; 1 where left out.
    exponent : float
        How fast the pull falls with the cost, for "share".
    key : str, optional
        Column of candidates and existing by which the answer speaks of them; their index where left out.
    by : {"time", "distance"}
    direction : {"to", "from"}
        Whether demand comes to the sites, or the sites deliver; has to be said where streets are one-way.
    limit : float, optional
        For "cover" and "fewest": minutes, or metres with ``by="distance"``.
    capacity : str, optional
        Column of candidates and existing: the weight that each can serve.
    apart : float, optional
        Least street distance between sites, in metres.
    mode : {"walk", "drive", "bike"}
        Where a map or a file is given.
    max_snap : float
        Metres beyond which a point is on no street.
    time_limit : float
        Seconds for the proof.
    random_state : int
    n_jobs : int, optional
        Threads.

    Returns
    -------
    SiteDecision
        Costs in minutes, or metres.

    Raises
    ------
    DataError, SettingsError, InfeasibleError

    >>> from domains.geodata import make_grid_town
    >>> town = make_grid_town(5, 5, spacing=100.0)
    >>> nodes = town.nodes_to_frame()
    >>> best = rank_sites(town, nodes, nodes.iloc[[0, 12, 24]], 1, by="distance")
    >>> best.sites, best.status, round(best.objective)
    ([12], 'optimal', 240)
    """
    network = as_network(streets, mode)
    check_network(network, by)
    check_direction(network, direction)
    clients = snap_points(network, demand, max_snap=max_snap, source="demand")
    check_rows(clients, "demand", unique=False)
    weights = read_weights(demand, weight, len(clients))
    sites, own = _join_sites(network, candidates, existing, key, max_snap)
    come = direction != "from"
    unit = MINUTE if by == "time" else 1.0
    costs = _measure(network, clients, sites, by, come, n_jobs) / unit
    extra: dict[str, Any] = {}
    notes = [*clients.notes, *sites.notes]
    if apart is not None:
        extra["clash"] = _find_clashes(network, sites, apart, own, n_jobs)
    if capacity is not None:
        extra["capacity"] = _read_sizes([candidates, existing], capacity, len(sites), "capacity")
    if goal == "share":
        extra |= _weigh_market(
            network, clients, candidates, existing, rivals, size, exponent, by, come, max_snap, costs, n_jobs
        )
    decision = choose_sites(
        StreetCosts(costs, clients.labels, sites.labels, by),
        n,
        weights=weights,
        goal=goal,
        existing=list(sites.labels[own]),
        limit=limit,
        time_limit=time_limit,
        random_state=random_state,
        **extra,
    )
    return _scale(decision, goal, by, weights, notes, limit)


def as_network(streets: StreetNetwork | OsmMap | str | Path, mode: str) -> StreetNetwork:
    """Take streets as a network, from a map, or from a map's file.

    Parameters
    ----------
    streets : StreetNetwork, OsmMap or path
    mode : {"walk", "drive", "bike"}

    >>> from domains.geodata import make_grid_town
    >>> as_network(make_grid_town(2, 2), "walk").n_nodes
    4
    """
    if isinstance(streets, StreetNetwork):
        return streets
    if isinstance(streets, OsmMap):
        return streets.streets(mode)
    if isinstance(streets, str | Path):
        return read_osm(streets, streets=[mode]).streets(mode)
    raise SettingsError(
        f"streets is a {type(streets).__name__}: give a StreetNetwork, an OsmMap or the path of a map file"
    )


def read_weights(table: Any, column: str | None, n: int, *, source: str = "demand", argument: str = "weight") -> Floats:
    """How much each row counts; 1 each where no column is named.

    Parameters
    ----------
    table : frame
    column : str, optional
    n : int
    source, argument : str
        What the table, and the column, are called in messages.

    Raises
    ------
    DataError

    >>> read_weights(pd.DataFrame({"people": [3, 4]}), "people", 2).tolist()
    [3.0, 4.0]
    """
    if column is None:
        return np.ones(n)
    problems = Problems(source)
    if isinstance(table, Positions) or not hasattr(table, "columns"):
        raise SettingsError(f"{source}: {column!r} cannot be read from a {type(table).__name__}; give a table")
    frame = table if isinstance(table, pd.DataFrame) else as_pandas(table, source, copy=False)
    if column not in frame.columns:
        shown = ", ".join(map(repr, map(str, frame.columns[:8])))
        fix = Fix("Name the column of numbers: ", Argument(argument), ".")
        problems.add(f"is missing; the table has {shown}", column=column, fix=fix)
        problems.raise_if_any()
    values = pd.to_numeric(frame[column], errors="coerce").to_numpy(dtype=float, na_value=np.nan)
    for wrong, one, more in (
        (~np.isfinite(values), "value is missing or no number", "values are missing or no numbers"),
        (values < 0, "value is negative", "values are negative"),
    ):
        if wrong.any():
            count = int(wrong.sum())
            rows = (np.flatnonzero(wrong)[:6] + 1).tolist()
            told = "These are 0 or more; fill them in, or drop the rows."
            problems.add(f"{count:,} {one if count == 1 else more}", column=column, rows=rows, count=count, fix=told)
    if not problems and not values.any():
        problems.add("is 0 in every row", column=column, fix="At least one has to be above 0.")
    problems.raise_if_any()
    return values


def _join_sites(
    network: StreetNetwork, candidates: Any, existing: Any, key: str | None, max_snap: float
) -> tuple[Positions, Bools]:
    """Candidates and existing sites in one; and which exist."""
    new = snap_points(network, candidates, max_snap=max_snap, source="candidates", key=key)
    check_rows(new, "candidates")
    if _is_none(existing):
        return new, np.zeros(len(new), dtype=bool)
    own_key = key if hasattr(existing, "columns") and key in existing.columns else None
    old = snap_points(network, existing, max_snap=max_snap, source="existing", key=own_key)
    check_rows(old, "existing")
    labels = old.labels
    if labels.isin(new.labels).any() or own_key != key:
        labels = pd.Index([f"existing {label}" for label in labels], dtype=object)
    sites = join_positions([new, old], pd.Index([*new.labels, *labels], dtype=object))
    return sites, np.concatenate([np.zeros(len(new), bool), np.ones(len(old), bool)])


def _is_none(table: object) -> bool:
    """Whether there are no such sites; what is no table is told of where it is read."""
    return table is None or (hasattr(table, "__len__") and len(table) == 0)


def _measure(
    network: StreetNetwork, clients: Positions, sites: Positions, by: str, come: bool, n_jobs: int | None
) -> Floats:
    if come:
        return measure_positions(network, clients, sites, by=by, n_jobs=n_jobs)
    return np.ascontiguousarray(measure_positions(network, sites, clients, by=by, n_jobs=n_jobs).T)


def _find_clashes(network: StreetNetwork, sites: Positions, apart: float, own: Bools, n_jobs: int | None) -> Bools:
    if not is_number(apart, least=0):
        raise SettingsError(f"apart={apart!r}: give metres between sites, 0 or more")
    between = measure_positions(network, sites, sites, by="distance", n_jobs=n_jobs)
    near = np.minimum(between, between.T) < apart
    # Those that stand already stand, however near to one another.
    near[np.ix_(own, own)] = False
    return np.asarray(near & ~np.eye(len(sites), dtype=bool))


def _read_sizes(tables: Sequence[Any], column: str | None, n: int, argument: str) -> Floats:
    parts = [
        read_weights(table, column, len(table), source=name, argument=argument)
        for table, name in zip(tables, ("candidates", "existing", "rivals"), strict=False)
        if not _is_none(table)
    ]
    sizes = np.concatenate(parts)
    if len(sizes) != n:
        raise SettingsError(f"{column!r} has {len(sizes)} values for {n} sites")
    return sizes


def _weigh_market(
    network: StreetNetwork,
    clients: Positions,
    candidates: Any,
    existing: Any,
    rivals: Any,
    size: str | None,
    exponent: float,
    by: str,
    come: bool,
    max_snap: float,
    costs: Floats,
    n_jobs: int | None,
) -> dict[str, Any]:
    if _is_none(rivals):
        raise SettingsError('goal="share" needs rivals=, the sites of others: without them any site wins everything')
    check_exponent(exponent)
    others = snap_points(network, rivals, max_snap=max_snap, source="rivals")
    unit = MINUTE if by == "time" else 1.0
    theirs = _measure(network, clients, others, by, come, n_jobs) / unit
    sizes = _read_sizes([candidates, existing], size, costs.shape[1], "size")
    their_sizes = read_weights(rivals, size, len(others), source="rivals", argument="size")
    pull, theirs_all = weigh_market(costs, sizes, theirs, their_sizes, exponent)
    return {"pull": pull, "rivals": theirs_all}


def _scale(
    decision: SiteDecision, goal: str, by: str, weights: Floats, notes: list[str], limit: float | None
) -> SiteDecision:
    """Say the objective as people do: the mean cost of a customer, or what is covered."""
    unit = UNITS[by]
    notes = [*notes, *decision.notes]
    values = decision.values.copy()
    if goal == "median":
        served = weights[np.isfinite(decision.assignment["cost"].to_numpy())].sum()
        runners_up = decision.runners_up.copy()
        runners_up[["objective", "loses"]] /= served
        values["loses"] /= served
        instead = dict(zip(runners_up["without"], runners_up["instead"], strict=True))
        values["why"] = [_say_median(row, unit, str(instead.get(row.Index, ""))) for row in values.itertuples()]
        return replace(
            decision,
            values=values,
            runners_up=runners_up,
            objective=decision.objective / served,
            bound=decision.bound / served,
            unit=unit,
            notes=tuple(notes),
            goal=f"mean {'time' if by == 'time' else 'distance'} to the nearest site",
        )
    if goal == "cover" and limit is not None:
        share = f"{100 * decision.objective / weights.sum():.3g} % of the demand is within {limit:g} {unit} of a site"
        return replace(decision, notes=(*notes, share))
    return replace(decision, notes=tuple(notes))


def _say_median(row: Any, unit: str, instead: str = "") -> str:
    if row.role == "existing":
        return ""
    told = f"{100 * row.share:.3g} % of the demand is nearest to it, at {format_number(row.cost, 3)} {unit} on average"
    if not np.isfinite(row.loses):
        return told
    put = f"with {instead} in its place" if instead else "without it"
    more = f"the mean is {format_number(row.loses, 2)} {unit} longer" if row.loses > 1e-9 else "the mean is the same"
    return f"{told}; {put}, {more}"
