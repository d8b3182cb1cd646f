"""Sentences of the delivery report on the plan, each worked out from a table that the run keeps."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from case_studies.common.report import weave
from shared.reporting import Claim, Said, given
from shared.text import capitalise

from .results import Results
from .settings import DeliverySettings
from .tables import HAND, PLAN, Tables

__all__ = ["say_fewest", "say_plan", "say_rules", "say_simple", "say_sure", "say_unserved", "say_windows", "unit_of"]

TOLD = 3  # stops that are named on the first screen
MODES = {"drive": "driving", "bike": "riding"}


def unit_of(settings: DeliverySettings) -> str:
    """What is kept least.

    Parameters
    ----------
    settings : DeliverySettings

    >>> unit_of(DeliverySettings()), unit_of(DeliverySettings(least="distance", fixed=3))
    ('minutes of driving', 'km, the use of vehicles included')
    """
    unit = "km" if settings.least == "distance" else f"minutes of {MODES[settings.mode]}"
    return f"{unit}, the use of vehicles included" if settings.fixed else unit


def say_plan(tables: Tables, settings: DeliverySettings) -> Claim:
    """What to do: how many vehicles go, when, and how far.

    Parameters
    ----------
    tables : Tables
    settings : DeliverySettings

    >>> from .sample import make_sample_tables
    >>> small, tables = make_sample_tables()
    >>> say_plan(tables, small.settings).text
    'Send 1 of 2 vehicles: it serves all 3 stops with 5 minutes of driving (2.4 km); ...'
    """
    totals, vehicles = tables.rows("totals"), tables.rows("vehicles")
    table = tables.kept["totals"].iloc[0]
    n, stops = len(tables.kept["vehicles"]), int(table["stops"])
    all_stops = totals.value("stops", "stop" if stops == 1 else "stops", decimals=0)
    if not n:
        return Claim.of("Send nobody: none of {stops} can be served.", stops=all_stops)
    numbers: dict[str, Any] = {"stops": all_stops, "n": vehicles.count("vehicle")}
    send, own = "{n}", int(table["available"])
    if own > n:
        send, numbers["n"] = "{n} of {own}", vehicles.count()
        numbers["own"] = totals.value("available", "vehicle" if own == 1 else "vehicles", decimals=0)
    every = "all " if stops > 1 else ""
    if table["served"] < stops:
        every, numbers["served"] = "{served} of ", totals.value("served", decimals=0)
    return Claim.of(
        f"Send {send}: {'it serves' if n == 1 else 'they serve'} {every}{{stops}} with {{minutes}} of"
        f" {MODES[settings.mode]} ({{km}}); the first leaves at {{out}}, the last is back at {{back}}.",
        minutes=totals.value("minutes", "minutes", decimals=0),
        km=totals.value("km", "km", decimals=1),
        out=vehicles.label_at("min", "start", "leaves"),
        back=vehicles.label_at("max", "end", "back"),
        **numbers,
    )


def say_unserved(tables: Tables, settings: DeliverySettings) -> list[Said]:
    """Who is not served, and why, the most common reason first; nothing where all are.

    Parameters
    ----------
    tables : Tables
    settings : DeliverySettings

    >>> from .sample import make_sample_tables
    >>> small, tables = make_sample_tables()
    >>> say_unserved(tables, small.settings)
    []
    """
    if "unserved" not in tables.kept:
        return []
    lost, rows = tables.kept["unserved"], tables.rows("unserved")
    told: list[Said] = []
    for why, count in lost["why"].value_counts(sort=True).head(TOLD).items():
        names = [
            Claim.of("{name}", name=rows.where(name=name).value("name"))
            for name in lost.loc[lost["why"] == why, "name"].head(TOLD)
        ]
        more = " and others" if count > TOLD else ""
        first = lost.loc[lost["why"] == why, "name"].iloc[0]
        listed = [part for name in names for part in (name, ", ")][:-1] if more else weave(names)
        reason = Claim.of(f"{more} ({{why}})", why=rows.where(name=first).value("why"))
        told += ["; " if told else "", *listed, reason]
    others = "; others for other reasons, listed below" if lost["why"].nunique() > TOLD else ""
    found: list[Said] = [Claim.join(Claim.of("{n} not served: ", n=rows.count("stop")), *told, others, ".")]
    margin = tables.rows("totals").value("margin stops", decimals=0)
    if float(margin.value) > 0:
        verb = "is" if margin.value == 1 else "are"
        text = f"{{n}} of these {verb} lost to the {{margin}} in hand: --set margin=0 plans without."
        found.append(Claim.of(text, n=margin, margin=given(settings.margin, "minutes")))
    return found


def say_rules(tables: Tables, settings: DeliverySettings) -> Claim | None:
    """What the best rule of thumb needs; None where nothing can be compared.

    Parameters
    ----------
    tables : Tables
    settings : DeliverySettings

    >>> from .sample import make_sample_tables
    >>> small, tables = make_sample_tables()
    >>> say_rules(tables, small.settings).text
    'By hand, the best of four rules of thumb (...'
    """
    if tables.rule is None:
        return None
    rows = tables.rows("ways", how=f"{HAND}{tables.rule.name}")
    return Claim.of(
        f"By hand, the best of four rules of thumb (“{tables.rule.name}”) needs {{vehicles}} and {{cost}}, within the"
        " same limits; the plan {own}.",
        vehicles=rows.value("vehicles", "vehicle" if tables.rule.vehicles == 1 else "vehicles", decimals=0),
        cost=rows.value("cost", unit_of(settings), decimals=1),
        own=tables.rows("totals").value("cost", decimals=1),
    )


def say_simple(tables: Tables) -> Claim | None:
    """The plan beside the best rule of thumb on the simulated days; None where nothing can be compared.

    Parameters
    ----------
    tables : Tables

    >>> from .sample import make_sample_tables
    >>> say_simple(make_sample_tables()[1]).text
    'By hand, “...” drives as much: the search adds nothing here.'
    """
    if tables.rule is None:
        return None
    name = tables.rule.name
    if tables.comparison is not None:
        claim = replace(tables.comparison, against=f"planning by hand (“{name}”)").claim(
            "compared", name="minutes of driving", split="day"
        )
        numbers = tuple(
            replace(one, against={**(one.against or {}), "model": name}, where={**one.where, "model": PLAN})
            for one in claim.numbers
        )
        return replace(claim, text=capitalise(claim.text), numbers=numbers)
    rows = tables.rows("ways", how=f"{HAND}{name}")
    more = rows.value("more", "%", decimals=0)
    if not round(100 * float(more.value)):
        return Claim(f"By hand, “{name}” drives as much: the search adds nothing here.")
    return Claim.of(f"By hand, “{name}” takes {{more}} more.", more=more)


def say_fewest(tables: Tables, results: Results) -> Claim | None:
    """How many vehicles are needed, and what one less leaves behind; None where no stop can be served.

    Parameters
    ----------
    tables : Tables
    results : Results

    >>> from .sample import make_sample_tables
    >>> small, tables = make_sample_tables()
    >>> say_fewest(tables, small.results).text
    'One vehicle is enough.'
    """
    day, sizes = results.day, tables.kept["sizes"]
    if day.hopeless.all():
        return None
    enough = sizes[sizes["lost"] == 0]["vehicles"]
    if not len(enough):
        rows = tables.rows("sizes", vehicles=int(sizes["vehicles"].max()))
        lost = rows.value("lost", "stops" if rows.value("lost").value != 1 else "stop", decimals=0)
        most = rows.value("vehicles", "vehicles", decimals=0)
        return Claim.of("Even {n} leave {lost} that one could serve alone.", n=most, lost=lost)
    fewest = int(enough.min())
    if fewest == 1:
        return Claim("One vehicle is enough.")
    all_of = "that can be served" if day.hopeless.any() else "stops"
    n = tables.rows("sizes", lost=0).min("vehicles", "vehicles", decimals=0)
    told = Claim.of(f"{{n}} are the fewest found to serve all {all_of}", n=n)
    fewer = sizes[sizes["vehicles"] < fewest]["vehicles"]
    if not len(fewer):
        return Claim.join(told, ".")
    rows = tables.rows("sizes", vehicles=int(fewer.max()))
    lost = rows.value("lost", "stops" if rows.value("lost").value != 1 else "stop", decimals=0)
    one = Claim.of("; {one} would leave {lost} unserved", one=rows.value("vehicles", decimals=0), lost=lost)
    load, room = tables.rows("totals").value("load"), rows.value("room")
    why: Said = ""
    if float(room.value) < float(load.value):
        why = Claim.of(": together they carry {room}, and the loads add up to {load}", room=room, load=load)
    return Claim.join(told, one, why, ".")


def say_sure(tables: Tables, results: Results) -> Claim:
    """How far searches differ.

    Parameters
    ----------
    tables : Tables
    results : Results

    >>> from .sample import make_sample_tables
    >>> small, tables = make_sample_tables()
    >>> say_sure(tables, small.results).text
    'The plan is found by search, and not proven to be the least: ...'
    """
    plans, totals, parts = results.plans, tables.rows("totals"), list[Said]()
    n, same = len(plans.found), int(np.isfinite(plans.found).sum())
    if n > 1:
        parts.append(
            Claim.of(
                ": it is the best of {n} searches, of which the worst is {spread} above it",
                n=tables.rows("ways", kind="search").count(),
                spread=totals.value("spread", "%", decimals=1),
            )
        )
        parts += [", and others left more stops"] if same < n else []
    if np.isfinite(plans.rival):
        gap = totals.value("rival", "%", decimals=1)
        side = "above" if float(gap.value) >= 0 else "below"
        parts.append(
            Claim.of(f"; the search of PyVRP ends {{gap}} {side} it", gap=replace(gap, text=gap.text.lstrip("−")))
        )
    return Claim.join("The plan is found by search, and not proven to be the least", *parts, ".")


def say_windows(tables: Tables, results: Results, settings: DeliverySettings) -> Claim | None:
    """What the windows cost; None where there are none.

    Parameters
    ----------
    tables : Tables
    results : Results
    settings : DeliverySettings

    >>> from .sample import make_sample_tables
    >>> small, tables = make_sample_tables()
    >>> say_windows(tables, small.results, small.settings).text
    'If every stop could be served at any time, 1 vehicle would do ...'
    """
    if not results.day.windowed.any() and (results.day.stops["early"] <= results.day.opens).all():
        return None
    totals, row = tables.rows("totals"), tables.kept["totals"].iloc[0]
    told = Claim.of(
        "If every stop could be served at any time, {n} would do with {cost}",
        n=totals.value("free vehicles", "vehicle" if row["free vehicles"] == 1 else "vehicles", decimals=0),
        cost=totals.value("free cost", unit_of(settings), decimals=1),
    )
    more = int(row["free stops"])
    if more > 0:
        stops = totals.value("free stops", "stop" if more == 1 else "stops", decimals=0)
        return Claim.join(told, Claim.of(" and serve {stops} more.", stops=stops))
    return Claim.join(told, Claim.of(" ({gap}).", gap=totals.value("free change", "%", decimals=0)))
