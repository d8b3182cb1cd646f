"""Sentences of the report on sites, each worked out from a table that the run keeps."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from case_studies.common.report import weave
from shared.reporting import Claim, Said, given
from shared.text import capitalise

from .settings import SiteSettings
from .tables import CHOSEN, Tables
from .town import Town
from .visits import Calibration
from .words import KINDS, MODES, PLURALS

__all__ = [
    "is_same",
    "name_spots",
    "say_advice",
    "say_cover",
    "say_demand",
    "say_exponent",
    "say_firmness",
    "say_goals",
    "say_guard",
    "say_proof",
    "say_simple",
    "say_span",
    "say_worst",
]

NAMED = 5  # spots that are named in one sentence


def name_spots(tables: Tables) -> list[Said]:
    """The chosen spots by name, with commas and an "and"; the first of many.

    Parameters
    ----------
    tables : Tables

    >>> from .example import make_example_report
    >>> town, tables = make_example_report()
    >>> [str(getattr(one, "text", one)) for one in name_spots(tables)]
    ['Middle', ' and ', 'East']
    """
    n = len(tables.kept["spots"].query("chosen"))
    spots = [Claim.of("{name}", name=tables.rows("spots", number=k).value("spot")) for k in range(1, min(n, NAMED) + 1)]
    return [*weave(spots[:-1]), ", ", spots[-1], " and others, as numbered on the map"] if n > NAMED else weave(spots)


def say_advice(town: Town, tables: Tables) -> Claim:
    """What to open, and what that wins.

    Parameters
    ----------
    town : Town
    tables : Tables

    >>> from .example import make_example_report
    >>> town, tables = make_example_report()
    >>> say_advice(town, tables).text
    'Open at Middle and East: together they win 60 % of all “people” from 2 rivals (“food/cafe” on the map).'
    """
    n = int(tables.kept["spots"]["chosen"].sum())
    rivals = tables.rows("sites", own=False).count("rival")
    it, whole = ("it wins" if n == 1 else "together they win"), f"all “{town.unit}”" if town.unit else "all demand"
    if _leaves_out(tables):
        whole = f"the “{town.unit}” that count" if town.unit else "the demand that counts"
    wins = Claim.of(
        f": {it} {{share}} of {whole} from {{rivals}} ({town.kind}).",
        share=tables.rows("totals").value("won", "%", digits=2),
        rivals=rivals,
    )
    return Claim.join("Open at ", *name_spots(tables), wins)


def _leaves_out(tables: Tables) -> bool:
    """Whether some demand lies too near to the map's edge to count."""
    return float(tables.kept["totals"]["uncounted"].iloc[0]) > 0


def say_average(tables: Tables, settings: SiteSettings) -> list[Said]:
    """What as many rivals, and one's own sites, win today.

    Parameters
    ----------
    tables : Tables
    settings : SiteSettings
    """
    n, totals = settings.n, tables.rows("totals")
    fair = totals.value("average rivals", "%", digits=2)
    told: list[Said] = [Claim.of("An average rival wins {fair} today.", fair=fair)]
    if n > 1:
        told = [Claim.of("{n} average rivals win {fair} today.", n=given(n), fair=fair)]
    own = int(tables.kept["sites"]["own"].sum())
    if own:
        mine = "The own site wins" if own == 1 else "The {own} own sites win"
        count = {} if own == 1 else {"own": tables.rows("sites", own=True).count()}
        held = totals.value("held", "%", digits=2)
        told.append(Claim.of(f"{mine} {{held}} today, which is not counted in.", held=held, **count))
    return told


def say_cover(tables: Tables, settings: SiteSettings) -> Claim:
    """How much of the demand is near a new site.

    Parameters
    ----------
    tables : Tables
    settings : SiteSettings

    >>> from .example import SETTINGS, make_example_report
    >>> town, tables = make_example_report()
    >>> say_cover(tables, SETTINGS).text
    '65 % of the demand is within 5 minutes of a new site'
    """
    where = "the new site" if settings.n == 1 else "a new site"
    where += " or one's own" if tables.kept["sites"]["own"].any() else ""
    return Claim.of(
        (
            f"{{share}} of the demand{' that counts' if _leaves_out(tables) else ''} is within {{limit}} minutes of"
            f" {where}"
        ),
        share=tables.rows("goals", goal="share").value("covers", "%", digits=2),
        limit=given(settings.minutes),
    )


def say_proof(tables: Tables, settings: SiteSettings) -> Claim:
    """Whether a set is proven to be the best.

    Parameters
    ----------
    tables : Tables
    settings : SiteSettings

    >>> from .example import SETTINGS, make_example_report
    >>> town, tables = make_example_report()
    >>> say_proof(tables, SETTINGS).text
    'No other 2 of the 3 spots, 150 m apart or more, win more: that is proven for the demand assumed here.'
    """
    n, of, goal = settings.n, tables.rows("spots").count(), tables.kept["goals"].query("goal == 'share'").iloc[0]
    numbers = {"of": of, **({"n": given(n)} if n > 1 else {})}
    far = ""
    if settings.apart > 0 and n > 1:
        far, numbers["apart"] = ", {apart} apart or more,", given(settings.apart, "m")
    others = f"No other {{n}} of the {{of}} spots{far} win" if n > 1 else "No other of the {of} spots wins"
    if goal["proven"]:
        return Claim.of(f"{others} more: that is proven for the demand assumed here.", **numbers)
    if np.isfinite(goal["gap"]):
        gap = tables.rows("goals", goal="share").value("gap", "%", digits=2)
        others = others[0].lower() + others[1:]
        return Claim.of(f"Time was up before the proof: {others} more by over {{gap}}.", gap=gap, **numbers)
    return Claim("Time was up before the proof: how far this is from the best is not known.")


def say_simple(tables: Tables) -> Claim:
    """What the best simple way of choosing wins beside it.

    Parameters
    ----------
    tables : Tables

    >>> from .example import make_example_report
    >>> town, tables = make_example_report()
    >>> say_simple(tables).text[:70]
    'Simply taking “the spots that win most alone” ends at the same 2 spots'
    """
    way = tables.simple
    if tables.comparison is None:
        count = tables.rows("spots", chosen=True).count("spot")
        adds = "the proof that nothing wins more" if bool(tables.kept["goals"]["proven"].iloc[0]) else "nothing"
        same = f"ends at the same {{count}}: here the search adds {adds}."
        return Claim.of(
            f"Simply taking “{way}” {same}"
            if is_same(tables)
            else f"Simply taking “{way}”, other {{count}}, wins as much.",
            count=count,
        )
    item = replace(tables.comparison, against=f"“{way}”")
    claim = item.claim("compared", name="demand won", split="customer")
    numbers = tuple(
        replace(one, where={**one.where, "model": CHOSEN}, against={**(one.against or {}), "model": way})
        for one in claim.numbers
    )
    text = claim.text.replace(f"{CHOSEN} is ", f"{CHOSEN} are ").replace(f"{CHOSEN} was ", f"{CHOSEN} were ")
    return replace(claim, text=capitalise(text), numbers=numbers)


def is_same(tables: Tables) -> bool:
    """Whether the simplest way ends at the same spots.

    Parameters
    ----------
    tables : Tables

    >>> from .example import make_example_report
    >>> is_same(make_example_report()[1])
    True
    """
    table = tables.kept["compared"]
    one, other = (table.loc[table["model"] == name, "value"].to_numpy() for name in (CHOSEN, tables.simple))
    return bool(np.array_equal(one, other))


def say_span(tables: Tables, settings: SiteSettings) -> Claim:
    """What they win under other exponents.

    Parameters
    ----------
    tables : Tables
    settings : SiteSettings

    >>> from .example import SETTINGS, make_example_report
    >>> town, tables = make_example_report()
    >>> say_span(tables, SETTINGS).text
    "Depending on how fast a site's pull falls with the minutes, they win 55 % to 63 %."
    """
    rows = tables.rows("otherwise", exponent=True)
    return Claim.of(
        f"Depending on how fast a site's pull falls with the minutes, {'it wins' if settings.n == 1 else 'they win'}"
        " {low} to {high}.",
        low=rows.min("wins", "%", digits=2),
        high=rows.max("wins", "%", digits=2),
    )


def say_worst(tables: Tables, settings: SiteSettings) -> Claim:
    """Under how many other assumptions the choice stays, and where it loses most.

    Parameters
    ----------
    tables : Tables
    settings : SiteSettings

    >>> from .example import SETTINGS, make_example_report
    >>> town, tables = make_example_report()
    >>> say_worst(tables, SETTINGS).text
    'Under 7 of 7 other assumptions the same spots are the best.'
    """
    rows, n = tables.rows("otherwise", other=True), settings.n
    same = rows.where(kept=n).count()
    tried, spots = rows.count("other assumption"), "spot is" if n == 1 else "spots are"
    told = Claim.of(f"Under {{same}} of {{tried}} the same {spots} the best", same=same, tried=tried)
    if same.value == tried.value:
        return Claim.join(told, ".")
    return Claim.join(
        told,
        Claim.of(
            f"; keeping to {'it' if n == 1 else 'these'} loses up to {{worst}} (“{{line}}”).",
            worst=rows.max("loses", "%", digits=2),
            line=rows.label_at("max", "loses", "assumption"),
        ),
    )


def say_firmness(tables: Tables, settings: SiteSettings) -> Claim:
    """How often a spot is chosen again with customers drawn anew.

    Parameters
    ----------
    tables : Tables
    settings : SiteSettings

    >>> from .example import SETTINGS, make_example_report
    >>> town, tables = make_example_report()
    >>> say_firmness(tables, SETTINGS).text
    'With customers drawn anew, a chosen spot is in the best set in 90 % of the draws.'
    """
    stay = "the spot is the best" if settings.n == 1 else "a chosen spot is in the best set"
    return Claim.of(
        f"With customers drawn anew, {stay} in {{share}} of the draws.",
        share=tables.rows("spots", chosen=True).mean("in the best set", "%", decimals=0),
    )


def say_goals(tables: Tables, settings: SiteSettings) -> Claim:
    """Whether the three goals choose the same spots.

    Parameters
    ----------
    tables : Tables
    settings : SiteSettings

    >>> from .example import SETTINGS, make_example_report
    >>> town, tables = make_example_report()
    >>> say_goals(tables, SETTINGS).text[:78]
    'Were there no rivals, 2 of these 2 spots would be chosen for the shortest ways'
    """
    n, parts = settings.n, []
    aims = {"median": "the shortest ways", "cover": "most demand within {limit} minutes"}
    for goal, aim in aims.items():
        numbers = {"limit": given(settings.minutes)} if goal == "cover" else {}
        count = tables.rows("goals", goal=goal).value("shared", decimals=0)
        if n == 1:
            which = "this spot" if count.value else "another spot"
        else:
            which, numbers["count"], numbers["n"] = "{count} of these {n} spots", count, given(n)
        parts.append(Claim.of(f"{which} would be chosen for {aim}", **numbers))
    return Claim.join("Were there no rivals, ", *weave(parts), ".")


def say_guard(town: Town, tables: Tables) -> Claim:
    """How much demand counts, and why not all.

    Parameters
    ----------
    town : Town
    tables : Tables

    >>> from .example import make_example_report
    >>> town, tables = make_example_report()
    >>> say_guard(town, tables).text[:56]
    "69 % of the demand is within 2 minutes of the map's edge"
    """
    totals = tables.rows("totals")
    if town.guard <= 0 or not _leaves_out(tables):
        return Claim.of(
            "{share} of the demand is within {guard} minutes of the map's edge, beyond which rivals and customers are"
            " not seen.",
            share=totals.value("near the edge", "%", decimals=0),
            guard=given(2.0),
        )
    return Claim.of(
        "{share} of the demand lies within {guard} minutes of the map's edge and does not count, since rivals beyond it"
        " are not seen.",
        share=totals.value("uncounted", "%", decimals=0),
        guard=totals.value("guard", digits=2),
    )


def say_exponent(calibration: Calibration | None, tables: Tables, exponent: float) -> Claim:
    """Where the exponent comes from.

    Parameters
    ----------
    calibration : Calibration, optional
    tables : Tables
    exponent : float

    >>> from .example import make_example_report
    >>> town, tables = make_example_report()
    >>> say_exponent(None, tables, 2.0).text[-62:]
    'is assumed, not learnt: no visits were given to learn it from.'
    """
    if calibration is None:
        return Claim.of(
            "That a site's pull falls with the minutes to the power {exponent} (at twice the minutes, {left} of it is"
            " left) is assumed, not learnt: no visits were given to learn it from.",
            exponent=given(exponent),
            left=given(2**-exponent, "%", digits=2),
        )
    rows = tables.rows("visits")
    return Claim.of(
        "That a site's pull falls with the minutes to the power {exponent} (95 % interval: {low} to {high}) was"
        " learnt from {visits} visits of {customers} customers; it explains {explained} of how far their shares are"
        " from equal.",
        exponent=rows.value("exponent", decimals=2),
        low=rows.value("low", decimals=2),
        high=rows.value("high", decimals=2),
        visits=rows.value("visits", decimals=0),
        customers=rows.value("customers", decimals=0),
        explained=rows.value("explained", "%", decimals=0),
    )


def say_demand(town: Town, tables: Tables) -> Claim | None:
    """What demand was made of; None where it is the user's own.

    Parameters
    ----------
    town : Town
    tables : Tables

    >>> from .example import make_example_report
    >>> town, tables = make_example_report()
    >>> say_demand(town, tables) is None  # it was not made from the map
    True
    """
    if not town.demand_source:
        return None
    kinds, rows = list(tables.kept["customers"]["kind"].value_counts().index), tables.rows("customers")
    parts: list[Said] = []
    for kind in kinds[:KINDS]:
        count = rows.where(kind=kind).count()
        word = PLURALS.get(str(kind), "") if count.value != 1 else ""
        parts.append(Claim.of(f"{{n}} {word}" if word else f"{{n}} of “{kind}”", n=count))
    others = [" and other places"] if len(kinds) > KINDS else []
    low, high = rows.min("demand"), rows.max("demand")
    each = Claim("; each counts as one.")
    if low.value != high.value or low.value != 1:
        each = Claim.of("; they count {low} to {high} each.", low=low, high=high)
    listed = [part for one in parts for part in (one, ", ")][:-1] if others else weave(parts)
    return Claim.join("Nobody was counted: demand is made from the map, of ", *listed, *others, each)


def say_mode(settings: SiteSettings) -> str:
    """How customers come.

    >>> say_mode(SiteSettings())
    'on foot'
    """
    return MODES[settings.mode]
