"""The first screen of the catchment report, its doubts, and the figures of the run."""

from __future__ import annotations

from typing import Any

from case_studies.common.report import add_comparison, too_few
from shared.reporting import Claim, Figure, Run
from shared.reporting.claims import Said

from .further import Further
from .reach import Reach
from .sayings import MODES, say_beyond, say_edge, say_first, say_further, say_paces, say_reach, say_simple, say_source
from .settings import CatchmentSettings
from .tables import Tables, share_of
from .town import Town

FEW = 30  # points, below which shares jump


def write_first_screen(
    run: Run,
    settings: CatchmentSettings,
    town: Town,
    reach: Reach,
    tables: Tables,
    further: Further | None,
    picture: Figure,
) -> None:
    """What to do, how sure that is, and when not to believe it."""
    last, people = reach.limits[-1], town.people
    run.report.subtitle = (
        f"{town.places.count()} and {people.count(people.total)}; {MODES[settings.mode]} on the map {town.source}."
    )
    first, more = say_first(town, tables, further, reach), []
    if further is not None and further.gain and first.text != (one := say_further(town, tables, further, reach)).text:
        more = [one]
    run.add_advice(first, *more)
    run.add_certainty(say_reach(town, tables, reach), say_paces(town, tables, reach, settings))
    if further is not None and further.gain:
        run.add_certainty(say_simple(tables))
    run.add_doubt(*_list_first(town, tables, reach))
    rows, totals = tables.rows("reach", limit=last), tables.rows("totals")
    run.add_fact(share_of(rows, "usual").text, f"get there within {last:g} minutes", say_reach(town, tables, reach))
    run.add_fact(totals.value("median", "min", decimals=1), "or less is what half of them need")
    if further is not None and further.gain:
        gain, claim = totals.value("gain", decimals=0), say_further(town, tables, further, reach)
        run.add_fact(gain.text, f"more within {further.limit:g} minutes by one more place", claim)
        _add_simple(run, tables)
    run.show(picture.tell(say_beyond(town, tables, reach), data=tables.kept["streets"]))


def _add_simple(run: Run, tables: Tables) -> None:
    """The comparison with the simple way on a card."""
    claim = say_simple(tables)
    if tables.comparison is None:
        run.add_fact("No difference shown", "in share reached, against the middle of those who are late", claim)
    else:
        add_comparison(run, tables.comparison, claim, "share reached")


def _list_first(town: Town, tables: Tables, reach: Reach) -> list[Said]:
    few = too_few(len(town.people.weight), FEW, "points were given")
    outdated = "Where the table of people or the map is out of date."
    return [*few, say_edge(town, tables, reach), say_source(town) or outdated]


def doubts(town: Town, reach: Reach, tables: Tables, settings: CatchmentSettings) -> list[Any]:
    """When not to believe it."""
    told: list[str | Claim] = [*_list_first(town, tables, reach)]
    if settings.mode == "walk":
        told.append("Hills, stairs, waiting at crossings and closed yards cost time that is not counted here.")
    else:
        told.append("Traffic, waiting at lights, turns and parking cost time that is not counted here.")
    told.append(
        "A place that the map lacks, or that has closed, changes the answer; opening hours and how many a place can"
        " serve are not looked at. Look at the list of places first."
    )
    return told


def metrics(town: Town, reach: Reach, further: Further | None, settings: CatchmentSettings) -> dict[str, float]:
    """The figures of the run."""
    found = {
        "people": town.people.total,
        "places": float(len(town.places)),
        "median minutes": reach.median,
    }
    for limit in reach.limits:
        found |= {
            f"reached in {limit:g}": reach.share(limit),
            f"reached in {limit:g} by the slow": reach.share(limit, settings.slower),
            f"reached in {limit:g} by the fast": reach.share(limit, settings.faster),
            f"reached in {limit:g} at most": reach.at_most(limit),
            f"further than {limit:g} from the edge": reach.inner(limit)[0],
        }
    found |= {f"along the streets in {x:g}": share for x, share in zip(reach.limits, reach.along, strict=False)}
    if further is not None:
        found |= {"gain": further.gain, "certain gain": further.certain, "minutes saved": further.saved}
    return found
