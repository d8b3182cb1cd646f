"""The doubts of the report on sites that no figure shows, what was read, and the figures of the run."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from shared.reporting import Claim, given
from shared.text import sentences

from .choice import Choice
from .market import Market
from .sayings import say_demand
from .screen import list_doubts
from .settings import SiteSettings
from .tables import Tables
from .town import Town
from .trials import Trials
from .visits import Calibration


def doubts(
    town: Town, market: Market, tables: Tables, calibration: Calibration | None, settings: SiteSettings
) -> list[Any]:
    """When not to believe it."""
    told: list[Any] = [*list_doubts(town, market, tables, calibration)]
    spots = tables.kept["spots"]
    near = spots[spots["chosen"] & (spots["edge"] < settings.minutes)]["spot"]
    if len(near):
        verb = "lies" if len(near) == 1 else "lie"
        told.append(
            Claim.of(
                f"{', '.join(near)} {verb} within {{limit}} minutes of the map's edge: take a larger map before"
                " deciding.",
                limit=given(settings.minutes),
            )
        )
    if not town.sized:
        told.append(
            "All sites are taken to be alike: no table says how large or how good they are (columns.sites.size,"
            " columns.candidates.size)."
        )
    told.append(
        "Rivals that the map lacks, or that have closed, change who wins what: look at the list of those that lose"
        " first. Huff's rule shares the demand there is: whether new sites make more of it is not known, nor are rents,"
        " rooms, opening hours and how good one's own site is."
    )
    if settings.mode == "walk":
        told.append("Customers are taken to come from where they are, on foot, and not on their way to somewhere else.")
    return told


def data_parts(town: Town, tables: Tables, calibration: Calibration | None) -> list[Any]:
    """What is to be known of the data."""
    own = town.open.loc[town.open["own"], "site"].tolist()
    named = [f"Own sites: {', '.join(own)}."] if own else []
    learnt = [calibration.reading] if calibration is not None else []
    made = filter(None, [say_demand(town, tables)])
    return [*made, *town.read, *learnt, *named, *filter(None, [sentences(town.notes)])]


def metrics(
    town: Town,
    market: Market,
    choice: Choice,
    trials: Trials,
    simpler: pd.DataFrame,
    calibration: Calibration | None,
    settings: SiteSettings,
) -> dict[str, float]:
    """The figures of the run."""
    low, high = trials.span
    found = {
        "demand": float(town.weights.sum()),
        "demand that counts": market.total,
        "spots": float(len(market.spots)),
        "rivals": float((~market.own).sum()),
        "share won": choice.won / market.total,
        "least share over exponents": low,
        "greatest share over exponents": high,
        "regret over draws": choice.decisions["share"].regret,
        "loss with rivals missing": float(trials.missing["loses"].mean()),
        "greatest loss otherwise": float(trials.table["loses"].max()),
        "mean minutes": market.walk(choice.best),
        "shortest mean minutes": market.walk(choice.sets["median"]),
        "covered": market.cover(choice.best, settings.minutes) / market.total,
        "most covered": market.cover(choice.sets["cover"], settings.minutes) / market.total,
    }
    found |= {f"lack of {way}": float(lack) for way, lack in simpler["lack"].items()}
    if calibration is not None:
        found |= {
            "exponent": calibration.exponent,
            "least exponent": calibration.low,
            "greatest exponent": calibration.high,
        }
    return {name: value for name, value in found.items() if np.isfinite(value)}
