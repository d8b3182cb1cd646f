"""What the catchment report says on top and at its end, from results that are worked out elsewhere."""

from __future__ import annotations

from shared.reporting import Run

from .further import Further
from .reach import Reach
from .sayings import MODES, percent, say_doubt, say_edge, say_further, say_paces, say_reach
from .settings import CatchmentSettings
from .town import Town

FEW = 30  # points, below which shares jump


def summary(run: Run, settings: CatchmentSettings, town: Town, reach: Reach, further: Further | None) -> None:
    """Sentences for a manager and the numbers behind them."""
    last, people = reach.limits[-1], town.people
    run.report.subtitle = (
        f"{town.places.count()} and {people.count(people.total)}; {MODES[settings.mode]} on the map {town.source}."
    )
    run.add_summary(say_reach(town, reach))
    run.add_summary(*filter(None, [say_further(town, reach, further)]))
    run.add_summary(f"{say_paces(town, reach, settings)} {say_edge(town, reach)}", say_doubt(town))
    slow, fast = (percent(reach.share(last, factor)) for factor in (settings.slower, settings.faster))
    run.add_fact(percent(reach.share(last)), f"get there within {last:g} minutes; the slow {slow}, the fast {fast}")
    run.add_fact(f"{reach.median:.1f} min", "is what half of them need at most")
    if further is not None:
        run.add_fact(f"{further.gain:,.0f}", f"more within {further.limit:g} minutes by one more place")
    near = people.total - reach.inner(last)[0]
    run.add_fact(percent(near / people.total), f"are within {last:g} minutes of the map's edge")


def doubts(town: Town, reach: Reach, settings: CatchmentSettings) -> list[str]:
    """When not to believe it."""
    told = [town.people.source, say_edge(town, reach)]
    if len(town.people.weight) < FEW:
        told.append(f"Only {len(town.people.weight):,} points: enough to see that it runs, too few to decide on.")
    if settings.mode == "walk":
        told.append("Hills, stairs, waiting at crossings and closed yards cost time that is not counted here.")
    else:
        told.append("Traffic, waiting at lights, turns and parking cost time that is not counted here.")
    told.append(
        "A place that the map lacks, or that has closed, changes the answer; opening hours and how many a place can"
        " serve are not looked at. Look at the list of places first."
    )
    return [text for text in told if text]


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
