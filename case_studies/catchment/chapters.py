"""The chapters of the catchment report: who gets there, where the others are, the places, and one more of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from case_studies.common.map_file import MAP_PAGE
from shared.reporting import Figure, Link
from shared.reporting.charts import line_figure
from shared.text import count_of, sentences

from .further import Further
from .reach import Reach
from .sayings import percent, say_further, say_off, say_speed
from .settings import CatchmentSettings
from .streets import list_streets
from .town import Town

__all__ = ["further_parts", "place_parts", "reach_parts", "where_parts"]

WORST = 10  # streets that are listed


def reach_parts(town: Town, reach: Reach, settings: CatchmentSettings) -> list[Any]:
    """Who gets there within how many minutes, for the slow and the fast, and with and without the edge.

    >>> from .example import make_example
    >>> town, settings = make_example(), CatchmentSettings(limits=[5, 8])
    >>> from .reach import compute_reach
    >>> reach = compute_reach(town, settings)
    >>> reach_parts(town, reach, settings)[1][0]["reached"].tolist()
    ['36 %', '58 %']
    """
    rows = []
    for place, limit in enumerate(reach.limits):
        inside, share = reach.inner(limit)
        rows.append(
            (
                f"{limit:g} minutes",
                *(percent(reach.share(limit, factor)) for factor in (1.0, settings.slower, settings.faster)),
                percent(reach.at_most(limit)),
                percent(share) if inside else "",
                f"{inside:,.0f}",
                *(percent(one) for one in reach.along[place : place + 1]),
            )
        )
    slow, fast = say_speed(town, settings.slower), say_speed(town, settings.faster)
    names = ["within", "reached", slow, fast, "at most", "away from the edge", "number there"]
    names += ["along the streets"] if reach.along else []
    shown = pd.DataFrame(rows, columns=names).set_index("within")
    at_most = "“At most” takes everybody nearer to the edge of the map than that for reached."
    away = "“Away from the edge” counts only those further from it, whom no place beyond it could serve in time."
    return [
        _share_figure(town, reach, settings),
        (shown, f"Share of {town.people.count(town.people.total)} that get there. {at_most} {away}"),
        say_off(town),
    ]


def _share_figure(town: Town, reach: Reach, settings: CatchmentSettings) -> Figure:
    grid = np.linspace(0, 1.5 * reach.limits[-1], 121)
    speeds = {
        "usual": 1.0,
        say_speed(town, settings.slower): settings.slower,
        say_speed(town, settings.faster): settings.faster,
    }
    lines = {name: (grid.tolist(), [100 * reach.share(x, speed) for x in grid]) for name, speed in speeds.items()}
    return line_figure(
        lines,
        x_label="minutes to the nearest place",
        y_label="% that get there",
        alt="Share of people that get to a place, by minutes.",
        caption="Share that gets there, by minutes; places beyond the edge of the map are not seen.",
    )


def where_parts(town: Town, reach: Reach, figure: Figure) -> list[Any]:
    """Where those are who need longest.

    >>> from .example import make_example
    >>> town, settings = make_example(), CatchmentSettings(limits=[5, 8])
    >>> from .reach import compute_reach
    >>> reach = compute_reach(town, settings)
    >>> where_parts(town, reach, reach_parts(town, reach, settings)[0])[-1][0].shape
    (10, 5)
    """
    limit = reach.goal
    found = list_streets(reach, limit).head(WORST)
    shown = pd.DataFrame(
        {
            f"beyond {limit:g} min": [f"{one:,.0f}" for one in found["beyond"]],
            "of": [f"{one:,.0f}" for one in found["all"]],
            "mean way": [f"{one:.1f} min" for one in found["minutes"]],
            "longest way": [f"{one:.1f} min" for one in found["longest"]],
            "nearer to the edge": [f"{one:,.0f}" for one in found["edge"]],
        },
        index=pd.Index([str(one) or "without a name" for one in found.index], name="street"),
    )
    told = (
        f"The {len(found):,} worst-served streets, by how many {town.people.unit} are beyond {limit:g} minutes; the"
        " last column counts those nearer to the edge of the map than to a place, who may have one beyond it."
    )
    return [figure, Link("The same map to move about in", MAP_PAGE), (shown, told)]


def place_parts(town: Town, reach: Reach) -> list[Any]:
    """Each place with its people.

    >>> from .example import make_example
    >>> town, settings = make_example(), CatchmentSettings(limits=[5, 8])
    >>> from .reach import compute_reach
    >>> reach = compute_reach(town, settings)
    >>> place_parts(town, reach)[0][0]["nearest to"].to_dict()
    {'North': '44', 'South': '37'}
    """
    last = reach.limits[-1]
    table = reach.places.sort_values("nearest", ascending=False, kind="stable")
    shown = pd.DataFrame(
        {
            "street": table["street"].astype(str),
            "nearest to": [f"{one:,.0f}" for one in table["nearest"]],
            f"within {last:g} min": [f"{one:,.0f}" for one in table["within"]],
            "if shared": [f"{one:,.0f}" for one in table["share"]],
        }
    ).set_index(pd.Index(table["place"], name="place"))
    shared = "“If shared”: if everybody went to all places within that time equally often."
    empty = int((table["nearest"] == 0).sum())
    none = [f"{count_of(empty, 'place')} {'is' if empty == 1 else 'are'} nearest to nobody."] if empty else []
    return [(shown, f"Places by the number of {town.people.unit} they are nearest to. {shared}"), *none]


def further_parts(town: Town, reach: Reach, further: Further | None, settings: CatchmentSettings) -> list[Any]:
    """What one more place would bring.

    >>> from .example import make_example
    >>> town, settings = make_example(), CatchmentSettings(limits=[5, 8])
    >>> from .reach import compute_reach
    >>> reach = compute_reach(town, settings)
    >>> further_parts(town, reach, None, settings)
    ['No spots were tried: --set candidates=150 does.']
    """
    if further is None:
        return ["No spots were tried: --set candidates=150 does."]
    after = pd.Series(further.minutes)
    weight = town.people.weight
    rows = [
        (f"{limit:g} minutes", percent(reach.share(limit)), percent(float(weight[after <= limit].sum() / weight.sum())))
        for limit in reach.limits
    ]
    slow, fast = (
        f"{say_speed(town, factor)} {'the same' if agrees else 'another'} spot is the best"
        for factor, agrees in zip((settings.slower, settings.faster), further.agrees, strict=True)
    )
    return [
        say_further(town, reach, further),
        (pd.DataFrame(rows, columns=["within", "now", "with it"]).set_index("within"), "Share that gets there."),
        f"Tried were {further.tried:,} spots where {town.people.unit} are, spread evenly; the way would be"
        f" {further.saved:.1f} minutes shorter in the mean. {sentences([slow, fast])} Rents, rivals and whether a place"
        " can be had there are not looked at.",
    ]
