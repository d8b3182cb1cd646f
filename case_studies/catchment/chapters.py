"""The chapters of the catchment report: who gets there, where the others are, the places, and one more of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from case_studies.common.map_file import MAP_PAGE
from shared.reporting import Claim, Figure, Link, Table
from shared.reporting.charts import line_figure

from .further import Further
from .reach import Reach
from .sayings import (
    say_beyond,
    say_edge,
    say_further,
    say_off,
    say_paces,
    say_reach,
    say_simple,
    say_speed,
)
from .settings import CatchmentSettings
from .tables import Tables
from .town import Town

__all__ = ["further_parts", "place_parts", "reach_parts", "where_parts"]

WORST = 10  # streets that are listed


def reach_parts(town: Town, reach: Reach, tables: Tables, settings: CatchmentSettings) -> list[Any]:
    """Who gets there within how many minutes, for the slow and the fast, and with and without the edge.

    >>> from .example import make_example_report
    >>> town, reach, tables, settings = make_example_report()
    >>> reach_parts(town, reach, tables, settings)[2].frame["reached, %"].round().tolist()
    [36.0, 58.0]
    """
    found = tables.kept["reach"]
    names = {
        "usual": "reached, %",
        "slow": f"{say_speed(town, settings.slower)}, %",
        "fast": f"{say_speed(town, settings.faster)}, %",
        "at most": "if places stood beyond the edge, %",
        "of these": "away from the edge, %",
        "along the streets": "along the streets, %",
    }
    shown = (100 * found[list(names)]).rename(columns=names).dropna(axis=1, how="all")
    shown.insert(len(shown.columns), "number away from the edge", found["away"].round().astype(int))
    shown.index = pd.Index([f"{limit:g} minutes" for limit in found["limit"]], name="within")
    away = (
        "“Away from the edge” counts only those further from it than that, whom no place beyond it could serve in time."
    ).replace("further from it than that", "beyond that time from it")
    return [
        say_reach(town, tables, reach),
        _share_figure(town, reach, tables, settings),
        Table(shown, f"Share of people that get there. {away}", name="reach", data=found),
        [say_paces(town, tables, reach, settings), say_edge(town, tables, reach)],
        say_off(town),
    ]


def _share_figure(town: Town, reach: Reach, tables: Tables, settings: CatchmentSettings) -> Figure:
    grid = np.linspace(0, 1.5 * reach.limits[-1], 121)
    usual, slow, fast = (say_speed(town, factor) for factor in (1.0, settings.slower, settings.faster))
    lines = {
        name: (grid.tolist(), [100 * reach.share(x, speed) for x in grid])
        for name, speed in ((usual, 1.0), (slow, settings.slower), (fast, settings.faster))
    }
    median = tables.rows("totals").value("median", "minutes", decimals=1)
    return line_figure(
        lines,
        x_label="minutes to the nearest place",
        y_label="% that get there",
        alt="Share of people that get to a place, by minutes.",
        caption="Places beyond the edge of the map are not seen.",
        title=Claim.of("Half of them get there within {median}", median=median),
        colours={usual: "accent", slow: "fourth", fast: "third"},
    )


def where_parts(town: Town, tables: Tables, reach: Reach) -> list[Any]:
    """Where those are who need longest.

    >>> from .example import make_example_report
    >>> town, reach, tables, settings = make_example_report()
    >>> where_parts(town, tables, reach)[-1].frame.shape
    (10, 5)
    """
    limit, table = reach.goal, tables.kept["streets"]
    found = table.head(WORST)
    shown = pd.DataFrame(
        {
            f"beyond {limit:g} min": found["beyond"].round().astype(int).to_numpy(),
            "of": found["all"].round().astype(int).to_numpy(),
            "mean way, min": found["minutes"].to_numpy(),
            "longest way, min": found["longest"].to_numpy(),
            "may have one beyond the edge": found["edge"].round().astype(int).to_numpy(),
        },
        index=pd.Index([str(one) or "without a name" for one in found["street"]], name="street"),
    )
    told = (
        f"{len(found):,} of {len(table):,} streets, by how many {town.people.unit} are beyond {limit:g} minutes; the"
        " last column counts those to whom the edge of the map is nearer."
    )
    return [
        Claim.join(say_beyond(town, tables, reach), "."),
        Link("The map to move about in", MAP_PAGE),
        Table(shown, told, name="streets", data=table),
    ]


def place_parts(town: Town, tables: Tables, reach: Reach) -> list[Any]:
    """Each place with its people.

    >>> from .example import make_example_report
    >>> town, reach, tables, settings = make_example_report()
    >>> place_parts(town, tables, reach)[0].frame["nearest to"].to_dict()
    {'North': 44, 'South': 37}
    """
    last = reach.limits[-1]
    table = tables.kept["places"].sort_values("nearest", ascending=False, kind="stable")
    shown = pd.DataFrame(
        {
            "street": table["street"].astype(str),
            "nearest to": table["nearest"].round().astype(int),
            f"within {last:g} min": table["within"].round().astype(int),
            "if shared": table["share"].round().astype(int),
        }
    ).set_index(pd.Index(table["place"], name="place"))
    shared = "“If shared”: if everybody went to all places within that time equally often."
    caption = f"Places by the number of {town.people.unit} they are nearest to. {shared}"
    parts: list[Any] = [Table(shown, caption, name="places", data=table)]
    if (table["nearest"] == 0).any():
        empty = tables.rows("places", nearest=0.0).count("place is", "places are")
        parts.append(Claim.of("{empty} nearest to nobody.", empty=empty))
    return parts


def further_parts(
    town: Town, reach: Reach, tables: Tables, further: Further | None, settings: CatchmentSettings
) -> list[Any]:
    """What one more place would bring.

    >>> from .example import make_example_report
    >>> town, reach, tables, settings = make_example_report()
    >>> further_parts(town, reach, tables, None, settings)
    ['No spots were tried: --set candidates=150 does.']
    """
    if further is None:
        return ["No spots were tried: --set candidates=150 does."]
    found = tables.kept["reach"]
    shown = pd.DataFrame(
        {"now, %": 100 * found["usual"].to_numpy(), "with it, %": 100 * found["with one more"].to_numpy()},
        index=pd.Index([f"{limit:g} minutes" for limit in found["limit"]], name="within"),
    )
    totals = tables.rows("totals")
    saved = Claim.of(
        f"Tried were {{tried}} spots where {town.people.unit} are, spread evenly; the way would be {{saved}} shorter on"
        " average.",
        tried=totals.value("tried", decimals=0),
        saved=totals.value("saved", "minutes", decimals=1),
    )
    speeds = [
        f"{say_speed(town, factor)} {'the same' if agrees else 'another'} spot would be chosen"
        for factor, agrees in zip((settings.slower, settings.faster), further.agrees, strict=True)
    ]
    agrees = f"{speeds[0][0].upper()}{speeds[0][1:]}, {speeds[1]}."
    rest = "Rents, rivals and whether a place can be had there are not looked at."
    simple = [say_simple(tables)] if further.gain else []
    return [
        say_further(town, tables, further, reach),
        *simple,
        Table(shown, "Share that gets there.", name="one-more-place"),
        [saved, agrees, rest],
    ]
