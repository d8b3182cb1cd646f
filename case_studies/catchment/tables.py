"""What the catchment report speaks from: shares by limit and speed, totals, streets, places, and both spots."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from case_studies.common.town import add_columns, usual_speed
from shared.evaluation import Comparison, compare_units
from shared.reporting import Evidence, Number

from .further import Further
from .reach import Reach
from .settings import CatchmentSettings
from .streets import list_streets
from .town import Town

__all__ = ["BEST", "SIMPLE", "Tables", "make_tables", "share_of"]

BEST = "the best spot"
SIMPLE = "the spot in the middle of those who are late"
METRIC = "share reached"


@dataclass(frozen=True)
class Tables:
    """What the report's sentences are worked out from, as the run keeps it.

    Attributes
    ----------
    kept : dict of pandas.DataFrame
        By the name of their files.
    comparison : Comparison, optional
        One more place at the best spot with one in the middle of those who are late, over where people are; none where
        both bring the same.

    >>> Tables({"totals": pd.DataFrame({"n": [3]})}).rows("totals").value("n").text
    '3'
    """

    kept: dict[str, pd.DataFrame]
    comparison: Comparison | None = None

    def rows(self, table: str, **where: object) -> Evidence:
        """Rows of a table.

        Parameters
        ----------
        table : str
        **where
            Values by column.
        """
        return Evidence(table, self.kept[table], where)


def share_of(rows: Evidence, column: str) -> Number:
    """The only value of a column as percent; what is neither nothing nor all is not rounded to it.

    >>> table = Evidence("a", pd.DataFrame({"all": [1.0], "few": [0.0004], "some": [0.123]}))
    >>> [share_of(table, column).text for column in ("all", "few", "some")]
    ['100 %', '0.04 %', '12 %']
    """
    found = [rows.value(column, "%", decimals=decimals) for decimals in range(6)]
    part = 0 < float(found[0].value) < 1
    rounded = (one for one in found if not part or float(one.text.split()[0]) not in (0.0, 100.0))
    return next(rounded, found[-1])


def make_tables(town: Town, reach: Reach, further: Further | None, settings: CatchmentSettings) -> Tables:
    """Make them from the results.

    Parameters
    ----------
    town : Town
    reach : Reach
    further : Further, optional
    settings : CatchmentSettings

    >>> from .example import make_example
    >>> from .reach import compute_reach
    >>> town, settings = make_example(), CatchmentSettings(limits=[5, 8])
    >>> make_tables(town, compute_reach(town, settings), None, settings).kept["reach"]["usual"].round(2).tolist()
    [0.36, 0.58]
    """
    names = [*reach.places["place"], ""]
    answers = {"minutes": reach.minutes, "place": [names[place] for place in reach.nearest], "street": reach.streets}
    people = town.people
    kept = {
        "people": add_columns(people.table, **answers, **{"minutes to the edge": reach.edge}),
        "places": reach.places.assign(lon=town.places.positions.lon, lat=town.places.positions.lat),
        "reach": _list_limits(reach, further, settings),
        "totals": _count_up(town, reach, further, settings),
        "streets": list_streets(reach, reach.goal).reset_index(),
    }
    if further is None:
        return Tables(kept)
    ways = {BEST: further.minutes, SIMPLE: further.simple}
    on = np.flatnonzero(people.weight > 0)
    kept["compared"] = pd.concat(
        [
            pd.DataFrame(
                {
                    "model": name,
                    "metric": METRIC,
                    "row": on + 1,
                    "value": people.weight[on] * (minutes[on] <= further.limit),
                }
            )
            for name, minutes in ways.items()
        ],
        ignore_index=True,
    )
    one, other = (kept["compared"].query("model == @name")["value"].to_numpy() for name in ways)
    if np.array_equal(one, other) or one.sum() == other.sum():
        return Tables(kept)
    told: Any = {"metric": METRIC, "by": "row", "unit": people.unit.strip("“”"), "greater": True}
    return Tables(kept, compare_units(kept["compared"], BEST, SIMPLE, **told))


def _list_limits(reach: Reach, further: Further | None, settings: CatchmentSettings) -> pd.DataFrame:
    """A row a limit: shares at each speed, with places beyond the edge, away from it, and with one more place."""
    weight = reach.weight
    rows = []
    for place, limit in enumerate(reach.limits):
        inside, share = reach.inner(limit)
        after = np.nan if further is None else float(weight[further.minutes <= limit].sum() / weight.sum())
        rows.append(
            {
                "limit": limit,
                "usual": reach.share(limit),
                "slow": reach.share(limit, settings.slower),
                "fast": reach.share(limit, settings.faster),
                "at most": reach.at_most(limit),
                "away": inside,
                "of these": share,
                "with one more": after,
                "along the streets": reach.along[place] if reach.along else np.nan,
                "beyond": float(weight[~reach.reached(limit)].sum()),
                "near": float(weight.sum()) - inside,
                "share near": 1 - inside / float(weight.sum()),
            }
        )
    return pd.DataFrame(rows)


def _count_up(town: Town, reach: Reach, further: Further | None, settings: CatchmentSettings) -> pd.DataFrame:
    """One row of what is said of all people."""
    found = {"people": town.people.total, "places": len(town.places), "median": reach.median, "goal": reach.goal}
    if town.network.mode != "drive":
        speed = 0.06 * usual_speed(town.network)
        found |= {"slow speed": speed * settings.slower, "fast speed": speed * settings.faster}
    if further is not None:
        found |= {
            "gain": further.gain,
            "certain": further.certain,
            "uncertain": further.gain - further.certain,
            "saved": further.saved,
            "tried": further.tried,
            "lat": further.lat,
            "lon": further.lon,
        }
    return pd.DataFrame([found])
