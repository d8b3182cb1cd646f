"""Pictures of the delivery report: the routes on the map, and the day as bars of driving, serving and waiting."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from domains.geodata import MapLayer, RoutePlan, draw_map
from shared.reporting import Figure
from shared.reporting.claims import Said
from shared.reporting.figures import add_legend, draw, finish_axes

from .answers import say_clock
from .day import Day

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["draw_day", "draw_hours", "draw_routes", "make_layers"]

COLOURS = ("accent", "second", "third", "fourth", "soft")
DASHES = ("solid", "dashed", "dotted")  # of vehicles that share a colour
A_MAP, MAPS = 5, 3  # vehicles a map, and maps in the report: all are in the one to move about in
BARS = 16  # vehicles whose day is drawn


def make_layers(day: Day, plan: RoutePlan) -> list[MapLayer]:
    """What the map shows: of each vehicle its way and its stops, stops that nobody serves, and the depots.

    Parameters
    ----------
    day : Day
    plan : RoutePlan

    >>> from .sample import make_sample
    >>> small = make_sample()
    >>> [layer.name for layer in make_layers(small.day, small.plan)][-1]
    'depot'
    """
    layers = []
    for number, vehicle in enumerate(plan.routes["vehicle"]):
        colour, dash = COLOURS[number % len(COLOURS)], DASHES[number // len(COLOURS) % len(DASHES)]
        way = plan.routes.iloc[[number]].assign(back=[say_clock(one) for one in plan.routes["end"].iloc[[number]]])
        layers.append(MapLayer(f"{vehicle}: way", way, ["vehicle", "stops", "back"], colour, dash=dash))
        stops = _place_stops(day, plan, vehicle, str(number + 1))
        layers.append(MapLayer(f"{vehicle}: stops", stops, ["name", "number", "arrives"], colour, mark="mark"))
    if len(plan.unserved):
        lost = plan.unserved["stop"].to_numpy(dtype=int)
        where = day.stops[["lon", "lat"]].iloc[lost].assign(name=[day.names[one] for one in lost])
        layers.append(
            MapLayer(
                "not served (×)",
                where.assign(why=plan.unserved["why"].to_numpy(), mark="×"),
                ["name", "why"],
                "ink",
                mark="mark",
            )
        )
    depots = day.depots[["lon", "lat"]].assign(name=day.depots["depot"], size=1)
    return [*layers, MapLayer("depots" if len(depots) > 1 else "depot", depots, ["name"], "ink", "size")]


def _place_stops(day: Day, plan: RoutePlan, vehicle: str, number: str) -> pd.DataFrame:
    """Stops of a vehicle, whose number stands in the one furthest from its depot."""
    part = plan.stops[plan.stops["vehicle"] == vehicle]
    rows = part["stop"].to_numpy(dtype=int)
    where = day.stops[["lon", "lat"]].iloc[rows].assign(name=[day.names[row] for row in rows])
    home = list(day.depots["depot"]).index(plan.routes.loc[plan.routes["vehicle"] == vehicle, "depot"].iloc[0])
    far = int(day.travel[len(day) + home, rows].argmax())
    marks = [number if place == far else "" for place in range(len(rows))]
    arrives = [say_clock(one) for one in part["arrive"]]
    return where.assign(number=part["position"].to_numpy(), arrives=arrives, mark=marks)


def draw_day(
    day: Day, plan: RoutePlan, layers: list[MapLayer], titles: tuple[Said, Said], data: pd.DataFrame
) -> list[Figure]:
    """Draw the map and the hours of the day: first the map where it holds all vehicles, else the hours.

    Parameters
    ----------
    day : Day
    plan : RoutePlan
    layers : list of MapLayer
    titles : tuple of str or Claim
        The finding of the map and of the hours.
    data : pandas.DataFrame
        A row a vehicle, to be taken away.

    >>> from .sample import make_sample
    >>> small = make_sample()
    >>> len(draw_day(small.day, small.plan, make_layers(small.day, small.plan), ("Far", "Long"), small.plan.routes))
    2
    """
    maps, hours = draw_routes(day, plan, layers), draw_hours(plan)
    if hours is None:
        return [maps[0].tell(titles[0])]
    hours = hours.tell(titles[1], data=data)
    return [maps[0].tell(titles[0], data=data), hours] if len(maps) == 1 else [hours, *maps]


def draw_routes(day: Day, plan: RoutePlan, layers: list[MapLayer]) -> list[Figure]:
    """Draw the routes for the report, some vehicles a map.

    Parameters
    ----------
    day : Day
    plan : RoutePlan
    layers : list of MapLayer

    >>> from .sample import make_sample
    >>> small = make_sample()
    >>> len(draw_routes(small.day, small.plan, make_layers(small.day, small.plan)))
    1
    """
    n = len(plan.routes)
    ends = layers[2 * n :]
    figures = []
    for first in range(0, min(n, A_MAP * MAPS), A_MAP):
        shown = layers[2 * first : 2 * min(first + A_MAP, n)]
        names = list(plan.routes["vehicle"].iloc[first : first + A_MAP])
        told = names[0] if len(names) == 1 else f"{names[0]} to {names[-1]}"
        figures.append(
            draw_map(
                day.network,
                [*_rename(shown[::2]), *_unname(shown[1::2]), *ends],
                alt=f"Map of the ways of {told} along the streets, with their stops.",
                caption=f"The ways of {told} along the streets; every dot is a stop, numbers are those of vehicles.",
                size=(6.4, 5.0),
            )
        )
    return figures or [draw_map(day.network, ends, alt="Map of the stops; none is served.", caption="None is served.")]


def _rename(layers: list[MapLayer]) -> list[MapLayer]:
    return [replace(one, name=one.name.removesuffix(": way")) for one in layers]


def _unname(layers: list[MapLayer]) -> list[MapLayer]:
    """Layers that stay out of the legend: matplotlib leaves out names that begin with an underscore."""
    return [replace(one, name=f"_{one.name}") for one in layers]


def draw_hours(plan: RoutePlan) -> Figure | None:
    """Draw when each vehicle drives, serves and waits; nothing where none is used.

    Parameters
    ----------
    plan : RoutePlan

    >>> from .sample import make_sample
    >>> small = make_sample()
    >>> "<svg" in draw_hours(small.plan).svg
    True
    """
    if not len(plan.routes):
        return None
    routes = plan.routes.head(BARS)
    pieces = [_cut_day(plan, one) for one in routes.itertuples()]

    def paint(axes: Axes, colours: Mapping[str, str]) -> None:
        for row, found in enumerate(pieces):
            for name, colour in (("serving", "accent"), ("driving", "third"), ("waiting", "soft")):
                axes.broken_barh(found[name], (row - 0.35, 0.7), facecolor=colours[colour], label="" if row else name)
        axes.set_yticks(range(len(pieces)), list(routes["vehicle"]))
        axes.invert_yaxis()
        axes.grid(visible=False, axis="y")
        axes.xaxis.set_major_formatter(lambda minutes, _: say_clock(minutes))
        low, high = float(routes["start"].min()), float(routes["end"].max())
        step = next(step for step in (15, 30, 60, 120, 240) if (high - low) / step <= 8 or step == 240)
        axes.set_xticks(np.arange(np.floor(low / step) * step, high + step, step))
        finish_axes(axes, "time of day", "")
        add_legend(axes, ends=False)

    more = f" The first {BARS} of {len(plan.routes)} vehicles." if len(plan.routes) > BARS else ""
    return draw(
        paint,
        alt="Bars: when each vehicle serves, drives and waits.",
        caption=f"When each vehicle serves, drives and waits.{more}",
        size=(6.4, 1.1 + 0.34 * len(pieces)),
    )


def _cut_day(plan: RoutePlan, route: Any) -> dict[str, list[tuple[float, float]]]:
    """Begin and length of every piece of a vehicle's day."""
    part = plan.stops[plan.stops["vehicle"] == route.vehicle]
    begins = part["arrive"] + part["wait"]
    left = [route.start, *part["leave"]]
    reached = [*part["arrive"], route.end]
    return {
        "driving": [(one, other - one) for one, other in zip(left, reached, strict=True) if other > one],
        "serving": list(zip(begins, part["leave"] - begins, strict=True)),
        "waiting": [(one, wait) for one, wait in zip(part["arrive"], part["wait"], strict=True) if wait > 0],
    }
