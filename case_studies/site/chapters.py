"""The chapters of the report on sites: tables and figures with what is to be read from them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from case_studies.common.map_file import MAP_PAGE
from case_studies.common.report import weave
from shared.reporting import Claim, Link, Table, given
from shared.reporting.charts import bar_figure

from .sayings import (
    say_cover,
    say_exponent,
    say_firmness,
    say_goals,
    say_proof,
    say_simple,
    say_span,
    say_worst,
)
from .settings import SiteSettings
from .tables import CHOSEN, Tables
from .town import Town
from .visits import Calibration

__all__ = ["flow_parts", "goal_parts", "simpler_parts", "site_parts", "spot_parts", "trial_parts"]

LISTED = 20  # rows of a table that people read
SELDOM = 0.02  # share of the draws, below which a spot is not listed
SPOT_COLUMNS = {
    "nearest rival": "nearest rival, min",
    "mean way": "mean way, min",
    "edge": "to the map's edge, min",
}


def site_parts(town: Town, tables: Tables, settings: SiteSettings) -> list[Any]:
    """Every new site with its figures and its reason.

    Parameters
    ----------
    town : Town
    tables : Tables
    settings : SiteSettings

    >>> from .example import SETTINGS, make_example_report
    >>> town, tables = make_example_report()
    >>> site_parts(town, tables, SETTINGS)[2].caption
    'The new sites, by their numbers on the map.'
    """
    found = tables.kept["spots"].query("chosen").sort_values("number")
    shown = _show_spots(found, "wins", f"wins with all {settings.n} open, %" if settings.n > 1 else "wins, %")
    shown.insert(0, "number", found["number"].astype(int).to_numpy())
    return [
        Claim.join(say_cover(tables, settings), "."),
        Link("The map to move about in", MAP_PAGE),
        Table(shown, "The new sites, by their numbers on the map.", name="sites", data=found.drop(columns="chosen")),
        *_say_reasons(tables, settings),
        say_proof(tables, settings),
        *([town.spot_source] if town.spot_source else []),
    ]


def _show_spots(found: pd.DataFrame, share: str, name: str) -> pd.DataFrame:
    """Spots as a table to read: shares in percent, ways in minutes."""
    shown = pd.DataFrame({name: 100 * found[share].to_numpy()}, index=pd.Index(found["spot"], name="site"))
    for column, told in SPOT_COLUMNS.items():
        shown[told] = found[column].to_numpy(dtype=float).round(1)
    place = [f"{lat:.5f}, {lon:.5f}" for lat, lon in zip(found["lat"], found["lon"], strict=True)]
    return shown.assign(**{"latitude, longitude": place})


def _say_reasons(tables: Tables, settings: SiteSettings) -> Iterator[Claim]:
    """Why each site: from whom it takes, and what the best set without it would lose."""
    spots, taken = tables.kept["spots"], tables.kept["taken"]
    for number in range(1, settings.n + 1):
        spot = tables.rows("spots", number=number)
        name = spot.value("spot")
        rows = tables.rows("taken", new=name.value)
        losers = [
            Claim.of(
                "{site} ({share} of what it has)",
                site=rows.where(rank=rank).value("site"),
                share=rows.where(rank=rank).value("share", "%", digits=2),
            )
            for rank in taken.loc[taken["new"] == name.value, "rank"]
        ]
        told = [Claim.of("{name}: it takes most from ", name=name), *weave(losers), "."]
        row = spots.loc[spots["number"] == number].iloc[0]
        if row["instead"] is None:
            yield Claim.join(*told)
        elif not np.isfinite(row["lost"]):
            yield Claim.join(*told, " No set without it is allowed.")
        else:
            loss, instead = spot.value("lost", "%", digits=2), spot.value("instead")
            without = " Without it, the best set has {instead} in its place, and wins {loss} less."
            yield Claim.join(*told, Claim.of(without, instead=instead, loss=loss))


def flow_parts(tables: Tables) -> list[Any]:
    """Who loses what.

    Parameters
    ----------
    tables : Tables

    >>> from .example import make_example_report
    >>> town, tables = make_example_report()
    >>> told, table = flow_parts(tables)
    >>> told[0].text
    'Half of what is won comes from 1 of 2 sites.'
    """
    table, rows = tables.kept["sites"], tables.rows("totals")
    found = table.assign(lost=table["then"] - table["today"]).sort_values("lost", kind="stable").head(LISTED)
    shown = pd.DataFrame(
        {
            "today, %": 100 * found["today"].to_numpy(),
            "then, %": 100 * found["then"].to_numpy(),
            "change, %": 100 * found["change"].to_numpy(),
            "whose": ["own" if mine else "rival" for mine in found["own"]],
        },
        index=pd.Index(found["site"], name="site"),
    )
    told = Claim.of(
        "Half of what is won comes from {half} of {all} sites.",
        half=rows.value("half", decimals=0),
        all=tables.rows("sites").count(),
    )
    shares = "What all sites win together stays as it is: Huff's rule shares demand and makes none."
    caption = f"Shares of the demand today and then; sites that lose come first, {len(found):,} of {len(table):,}."
    parts: list[Any] = [[told, shares], Table(shown, caption, name="losers", data=table)]
    if table["own"].any():
        share = rows.value("from own", "%", decimals=0)
        text = "Of all that the new sites win, {share} comes from one's own; it does not count as won."
        parts.append(Claim.of(text, share=share))
    return parts


def goal_parts(tables: Tables, settings: SiteSettings) -> list[Any]:
    """What each goal's spots are worth by every goal.

    Parameters
    ----------
    tables : Tables
    settings : SiteSettings

    >>> from .example import SETTINGS, make_example_report
    >>> town, tables = make_example_report()
    >>> goal_parts(tables, SETTINGS)[1].caption
    'What the spots of each goal are worth by every goal: ↑ is to be high, ↓ low.'
    """
    names = {"share": "won from rivals", "median": "short ways", "cover": f"within {settings.minutes:g} min"}
    found = tables.kept["goals"]
    shown = pd.DataFrame(
        {
            "wins, % ↑": 100 * found["wins"].to_numpy(),
            "mean way, min ↓": found["mean way"].to_numpy(),
            f"within {settings.minutes:g} min, % ↑": 100 * found["covers"].to_numpy(),
            "proven": found["proven"].to_numpy(),
            "spots": found["spots"].to_numpy(),
        },
        index=pd.Index([names[goal] for goal in found["goal"]], name="goal"),
    )
    return [
        say_goals(tables, settings),
        Table(
            shown,
            "What the spots of each goal are worth by every goal: ↑ is to be high, ↓ low.",
            name="goals",
            data=found,
        ),
        "Ways are those to the nearest of one's own sites, as if there were no rivals: that is what counts where"
        " customers have no choice.",
    ]


def simpler_parts(tables: Tables) -> list[Any]:
    """The best set beside simpler ways of choosing.

    Parameters
    ----------
    tables : Tables

    >>> from .example import make_example_report
    >>> town, tables = make_example_report()
    >>> simpler_parts(tables)[1].caption
    "As many spots, chosen in each way; all by Huff's rule, from the same spots."
    """
    found = tables.kept["ways"]
    rows = tables.rows("ways", simple=True)
    title = Claim.of(
        "Simple ways win {low} to {high} less",
        low=rows.min("less", "%", digits=2),
        high=rows.max("less", "%", digits=2),
    )
    figure = bar_figure(
        dict(zip(found["way"], 100 * found["wins"], strict=True)),
        highlight=[CHOSEN],
        x_label="% of the demand won from rivals ↑",
        alt="Bars: what each way of choosing wins.",
        caption="As many spots, chosen in each way; all by Huff's rule, from the same spots.",
        title=title,
    )
    return [say_simple(tables), figure]


def trial_parts(tables: Tables, calibration: Calibration | None, settings: SiteSettings, exponent: float) -> list[Any]:
    """Other assumptions, other customers, and rivals that the map may lack.

    Parameters
    ----------
    tables : Tables
    calibration : Calibration, optional
    settings : SiteSettings
    exponent : float

    >>> from .example import SETTINGS, make_example_report
    >>> town, tables = make_example_report()
    >>> trial_parts(tables, None, SETTINGS, 2.0)[1].caption
    'Were it otherwise: spots chosen again, and what keeping to these costs.'
    """
    table = tables.kept["otherwise"].query("other")
    shown = pd.DataFrame(
        {
            f"kept, of {settings.n}": table["kept"].to_numpy(),
            "these win, %": 100 * table["wins"].to_numpy(),
            "chosen anew, %": 100 * table["best"].to_numpy(),
            "lost, %": 100 * table["loses"].to_numpy(),
        },
        index=pd.Index(table["assumption"], name="if"),
    )
    spots = tables.kept["spots"]
    spots = spots[spots["in the best set"] >= SELDOM].sort_values("in the best set", ascending=False, kind="stable")
    drawn = pd.DataFrame(
        {"chosen in draws, %": 100 * spots["in the best set"].head(LISTED), "chosen": spots["chosen"].head(LISTED)}
    ).set_index(pd.Index(spots["spot"].head(LISTED), name="spot"))
    return [
        [say_span(tables, settings), say_worst(tables, settings)],
        Table(shown, "Were it otherwise: spots chosen again, and what keeping to these costs.", name="otherwise"),
        say_missing(tables, settings),
        say_firmness(tables, settings),
        Table(drawn, "How often a spot is in the best set of drawn customers.", name="stability", fold=True),
        [
            say_exponent(calibration, tables, exponent),
            Claim.of(
                "Speeds matter only through the {least} min within which the pull is level: beyond, all ways get longer"
                " alike, and shares stay.",
                least=given(settings.least),
            ),
        ],
    ]


def say_missing(tables: Tables, settings: SiteSettings) -> Claim:
    """What rivals that the map lacks would change."""
    rows = tables.rows("missing")
    kept = rows.mean("kept", decimals=1)
    one = settings.n == 1
    stay = "the spot stays the best in {kept} of the draws" if one else "{kept} of {n} spots stay in the best set"
    numbers = {"kept": rows.mean("kept", "%", decimals=0)} if one else {"kept": kept, "n": given(settings.n)}
    return Claim.of(
        f"Maps lack rivals. With {{gone}} of those known left out at random ({{times}} times), {stay} on average, and"
        " keeping to what was chosen costs {mean} on average, {most} at most.",
        gone=given(settings.missing, "%"),
        times=rows.count(),
        mean=rows.mean("loses", "%", digits=2),
        most=rows.max("loses", "%", digits=2),
        **numbers,
    )


def spot_parts(tables: Tables) -> list[Any]:
    """Spots by what each wins alone.

    Parameters
    ----------
    tables : Tables

    >>> from .example import make_example_report
    >>> town, tables = make_example_report()
    >>> spot_parts(tables)[0].caption
    '3 of 3 spots, by what each would win if it alone opened.'
    """
    table = tables.kept["spots"].sort_values("share alone", ascending=False, kind="stable")
    shown = _show_spots(table.head(LISTED), "share alone", "wins alone, %")
    shown.insert(1, "chosen", table["chosen"].head(LISTED).to_numpy())
    caption = f"{len(shown):,} of {len(table):,} spots, by what each would win if it alone opened."
    return [Table(shown, caption, name="spots", data=table, fold=True)]
