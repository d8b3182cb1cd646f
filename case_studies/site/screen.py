"""The first screen of the report on sites: where to open, how sure that is, and when not to believe it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from case_studies.common.report import add_comparison, too_few
from shared.reporting import Figure, Run, Said
from shared.text import count_of

from .market import Market
from .sayings import (
    is_same,
    say_advice,
    say_average,
    say_cover,
    say_exponent,
    say_firmness,
    say_guard,
    say_proof,
    say_simple,
    say_span,
    say_worst,
)
from .settings import SiteSettings
from .tables import Tables
from .town import Town
from .visits import Calibration
from .words import MODES

FEW = 30  # customers, below which shares jump


def write_first_screen(
    run: Run,
    settings: SiteSettings,
    town: Town,
    market: Market,
    tables: Tables,
    calibration: Calibration | None,
    picture: Figure,
) -> None:
    """Write what a manager reads first."""
    run.report.subtitle = (
        f"{count_of(settings.n, 'new site')} (“{settings.category}”) from {count_of(len(market.spots), 'spot')};"
        f" customers come {MODES[settings.mode]} on the map {town.source}."
    )
    run.add_advice(say_advice(town, tables), say_average(tables, settings))
    run.add_certainty(
        [say_proof(tables, settings), say_simple(tables)],
        [say_span(tables, settings), say_worst(tables, settings)],
    )
    run.add_doubt(*list_doubts(town, market, tables, calibration))
    totals = tables.rows("totals")
    run.add_fact(totals.value("won", "%", digits=2), "of the demand, won from rivals")
    times = totals.value("times a rival", decimals=1)
    run.add_fact(replace(times, text=f"{times.text} ×"), "what an average rival wins today, each")
    claim = say_simple(tables)
    if tables.comparison is None:
        what = "The same spots" if is_same(tables) else "As much"
        run.add_fact(what, f"won by “{tables.simple}”" if what == "As much" else f"as by “{tables.simple}”", claim)
    else:
        add_comparison(run, tables.comparison, claim, "demand won")
    firm = tables.rows("spots", chosen=True).mean("in the best set", "%", decimals=0)
    run.add_fact(
        firm, "of the times a spot is chosen again when customers are drawn anew", say_firmness(tables, settings)
    )
    run.show(picture.tell(say_cover(tables, settings), data=tables.kept["spots"]))


def list_doubts(
    town: Town, market: Market, tables: Tables, calibration: Calibration | None
) -> Iterator[Said | list[Said]]:
    """Reasons not to believe it, those measured first.

    Parameters
    ----------
    town : Town
    market : Market
    tables : Tables
    calibration : Calibration, optional
    """
    yield from too_few(int((market.weights > 0).sum()), FEW, "customers count")
    yield say_guard(town, tables)
    if town.demand_source:
        yield "Nobody was counted: demand is made from the addresses and places of the map."
    yield say_exponent(calibration, tables, market.exponent)
