"""A day of deliveries: the streets, the stops with their loads and windows, the depots, and the ways between them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd

from case_studies.common.town import tell_apart
from domains.geodata import StreetNetwork, compute_costs, read_stops
from shared.typing import Bools, Floats

from .settings import DeliverySettings, StopColumns

__all__ = ["Day", "make_day"]

TOLERANCE = 1e-6  # minutes, and units of load


@dataclass(frozen=True)
class Day:
    """What a day asks for.

    Attributes
    ----------
    network : StreetNetwork
        Drives take as long as they are planned with.
    table : pandas.DataFrame
        The rows that the stops came from.
    names : list of str
        What the stops are called.
    stops : pandas.DataFrame
        "lon", "lat", "load", "early", "late" and "service", in minutes from midnight; a row a stop.
    windowed : numpy.ndarray of bool
        Whether a stop has an end of its window.
    depots : pandas.DataFrame
        "depot", "lon", "lat" and "vehicles", how many stand there at most.
    travel, cost : numpy.ndarray of shape (n + k, n + k)
        Minutes between all places, stops first, and what is kept least: minutes or km.
    opens, closes : float
        The working day.
    capacity : float
    margin : float
        Minutes by which windows end sooner than is asked for, and that are kept in hand where a vehicle waits.

    >>> from domains.geodata import make_grid_town
    >>> town = make_grid_town(3, 3, spacing=100.0)
    >>> spots = town.nodes_to_frame()[["lon", "lat"]]
    >>> depots = pd.DataFrame(spots.iloc[[0]]).assign(depot="home", vehicles=1)
    >>> day = make_day(town, pd.DataFrame(spots.iloc[[1, 2]]), "stops", depots, DeliverySettings())
    >>> len(day), day.travel.shape, day.fits(0, [0, 1])
    (2, (3, 3), True)
    """

    network: StreetNetwork
    table: pd.DataFrame
    names: list[str]
    stops: pd.DataFrame
    windowed: Bools
    depots: pd.DataFrame
    travel: Floats
    cost: Floats
    opens: float
    closes: float
    capacity: float
    margin: float = 0.0

    def __len__(self) -> int:
        return len(self.stops)

    @property
    def counts(self) -> tuple[int, ...]:
        """How many vehicles stand at each depot, at most."""
        return tuple(int(one) for one in self.depots["vehicles"])

    def fits(self, depot: int, route: list[int]) -> bool:
        """Whether one vehicle of a depot can serve these stops in this order.

        Parameters
        ----------
        depot : int
        route : list of int
        """
        load, early, late, service = self._wants
        if load[route].sum() > self.capacity + TOLERANCE:
            return False
        now, here = self.opens, len(self) + depot
        for stop in route:
            now = max(now + self.travel[here, stop], early[stop])
            if now > late[stop] + TOLERANCE:
                return False
            now, here = now + service[stop], stop
        return bool(now + self.travel[here, len(self) + depot] <= self.closes + TOLERANCE)

    def measure(self, depot: int, route: list[int]) -> float:
        """What is kept least, of one vehicle's round.

        Parameters
        ----------
        depot : int
        route : list of int
        """
        home = len(self) + depot
        places = [home, *route, home]
        return float(self.cost[places[:-1], places[1:]].sum()) if route else 0.0

    @cached_property
    def _wants(self) -> tuple[Floats, ...]:
        return tuple(self.stops[name].to_numpy(float) for name in ("load", "early", "late", "service"))

    @cached_property
    def hopeless(self) -> Bools:
        """Stops that no vehicle could serve, even alone."""
        depots = range(len(self.depots))
        return np.array(
            [not any(self.fits(depot, [stop]) for depot in depots) for stop in range(len(self))], dtype=bool
        )

    def with_margin(self, margin: float) -> Day:
        """The same day with windows that end sooner, but no sooner than a vehicle can be there.

        Parameters
        ----------
        margin : float
            Minutes.
        """
        there = self.travel[len(self) :, : len(self)].min(axis=0)
        early, late = self.stops["early"].to_numpy(float), self.stops["late"].to_numpy(float)
        soonest = np.minimum(np.maximum(self.opens + there, early), late)
        sooner = np.where(self.windowed, np.maximum(late - margin, soonest), late)
        return replace(self, stops=self.stops.assign(late=sooner), margin=margin)

    def without_windows(self) -> Day:
        """The same day with stops that can be served at any time."""
        return replace(self, stops=self.stops.assign(early=self.opens, late=self.closes))


def make_day(
    network: StreetNetwork, table: pd.DataFrame, source: str, depots: pd.DataFrame, settings: DeliverySettings
) -> Day:
    """Read what the stops ask for, and measure the ways between all places.

    Parameters
    ----------
    network : StreetNetwork
    table : pandas.DataFrame
        Of the stops, under the user's names.
    source : str
        What it is called in messages.
    depots : pandas.DataFrame
        "depot", "lon", "lat" and "vehicles".
    settings : DeliverySettings

    Raises
    ------
    DataError
        Times that are none, or windows that end before they begin.

    >>> from .sample import make_sample
    >>> small = make_sample()
    >>> small.day.travel.shape
    (4, 4)
    """
    asked = settings.columns.keep(table.columns)
    opens, closes = settings.day
    roles = {role: getattr(asked, role) or None for role in ("load", "early", "late", "service")}
    defaults = {"load": 0.0, "early": opens, "late": closes, "service": settings.service}
    values = read_stops(table, roles, defaults, source)
    stops = pd.DataFrame({"lon": table[asked.lon].to_numpy(float), "lat": table[asked.lat].to_numpy(float), **values})
    paced = replace(network, seconds=network.seconds * settings.pace)
    places = pd.concat([stops[["lon", "lat"]], depots[["lon", "lat"]]], ignore_index=True)

    def measure(by: str) -> Floats:
        return compute_costs(paced, places, places, by=by, max_snap=settings.max_snap, n_jobs=settings.n_jobs).values

    travel = measure("time") / 60
    return Day(
        paced,
        table,
        _name_stops(table, asked),
        stops,
        _find_windowed(table, asked.late),
        depots,
        travel,
        travel if settings.least == "time" else measure("distance") / 1000,
        opens,
        closes,
        settings.capacity if settings.capacity and asked.load else np.inf,
    )


def _find_windowed(table: pd.DataFrame, column: str) -> Bools:
    if not column:
        return np.zeros(len(table), dtype=bool)
    return np.asarray(table[column].notna() & (table[column].astype(str).str.strip() != ""), dtype=bool)


def _name_stops(table: pd.DataFrame, asked: StopColumns) -> list[str]:
    """Names that differ; stops without one are called by their row."""
    rows = [f"row {number}" for number in range(1, len(table) + 1)]
    if not asked.name:
        return rows
    names = [str(one).strip() for one in table[asked.name].fillna("")]
    return tell_apart([name or row for name, row in zip(names, rows, strict=True)])
