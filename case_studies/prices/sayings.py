"""What the prices report says of its results, sentence by sentence, each worked out from the run's tables."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from case_studies.common.forecasting.words import claim_coverage, judge
from case_studies.common.report import weave
from shared.evaluation import Comparison, Comparisons
from shared.reporting import Claim, Evidence, Said, given
from shared.text import format_stamp, join_words

from .markets import Markets
from .models import MODEL, NAIVE, PLAIN
from .settings import PricesSettings
from .tables import ALL_DAY, HINDSIGHT, Tables

MOST_BLOCKS = 3  # stretches of hours that are named in a sentence
SHORT = 0.03  # by which too few outcomes inside an interval are called so


def compare_market(verdict: Comparisons, key: str, against: str, settings: PricesSettings) -> tuple[Comparison, Claim]:
    """One of the comparisons in a market, and the sentence that it makes."""
    return judge(verdict, against, {"market": key}, name="error, MAE", context=f"in {settings.call(key)}")


def say_when(tables: Tables) -> Claim:
    """The day that is forecast."""
    return Claim.of("{day}", day=Evidence("ahead", tables.ahead).label_at("min", "step", "day"))


def say_hours(tables: Tables, key: str) -> Claim:
    """In which hours of the day ahead a load is to run."""
    rows, parts = tables.rows("blocks", key), []
    blocks = tables.blocks.loc[tables.blocks["market"] == key, "block"].tolist()
    for block in blocks[:MOST_BLOCKS]:
        one = rows.where(block=block)
        parts.append(Claim.of("{begin} to {end}", begin=one.value("from"), end=one.value("until")))
    more: list[Said] = ["others listed below"] if len(blocks) > MOST_BLOCKS else []
    return Claim.join(*weave([*parts, *more]))


def say_run(tables: Tables, keys: Sequence[str], settings: PricesSettings) -> Claim:
    """When to run what can wait; markets with the same hours are told together."""
    together: dict[str, list[str]] = {}
    for key in keys:
        together.setdefault(say_hours(tables, key).text, []).append(key)
    parts: list[Said] = []
    for text, same in together.items():
        numbers = tuple(number for key in same for number in say_hours(tables, key).numbers)
        parts += [
            "; " if parts else "",
            Claim(f"{text} in {join_words([settings.call(key) for key in same])}", numbers),
        ]
    hours = given(tables.hours, "hour" if tables.hours == 1 else "hours")
    begin = Claim.join("On ", say_when(tables), Claim.of(", run {hours} of load that can wait from ", hours=hours))
    return Claim.join(begin, *parts, ".")


def say_bid(tables: Tables, keys: Sequence[str], settings: PricesSettings) -> Claim:
    """What to bid to be served at the dearest hour."""
    top, parts = f"{50 + settings.level / 2:g} %", []
    for key in keys:
        rows = tables.rows("ahead", key)
        parts.append(
            Claim.of(
                "{bid} for {clock} in {market}",
                bid=rows.label_at("max", "expected", top, settings.unit),
                clock=rows.label_at("max", "expected", "from"),
                market=settings.call(key),
            )
        )
    return Claim.join("To be served when prices are expected to peak, bid ", *weave(parts), ".")


def say_accepted(tables: Tables, keys: Sequence[str], settings: PricesSettings) -> Claim:
    """How many such bids would have been accepted, beside how many were to be."""
    top, parts = f"{50 + settings.level / 2:g} %", []
    for key in keys:
        share = tables.rows("bids", key).where(quantile=top).value("accepted", "%", decimals=0)
        parts.append(Claim.of("{share} in {market}", share=share, market=settings.call(key)))
    aim = tables.rows("bids", keys[0]).where(quantile=top).value("meant", "%")
    meant = Claim.of("Of bids meant to be accepted in {meant}, ", meant=aim)
    return Claim.join(meant, *weave(parts), " would have been on the days tried.")


def say_paid(tables: Tables, keys: Sequence[str], settings: PricesSettings) -> Claim:
    """What hours chosen by the forecast cost on the days tried, beside those of the naive and the whole day."""
    parts = []
    for place, key in enumerate(keys):
        rows = tables.rows("loads", key)
        first, unit = (f", where those of “{NAIVE}” cost", settings.unit) if place == 0 else (",", "")
        parts.append(
            Claim.of(
                f"in {{market}} {{ours}}{first} {{its}} and the whole day {{all}}",
                market=settings.call(key),
                ours=rows.where(way=MODEL).mean("paid", unit),
                its=rows.where(way=NAIVE).mean("paid"),
                all=rows.where(way=ALL_DAY).mean("paid"),
            )
        )
    woven: list[Said] = [one for place, part in enumerate(parts) for one in (("; ", part) if place else (part,))]
    return Claim.join("Hours chosen by the forecast cost on average, ", *woven, ".")


def say_wins(tables: Tables, key: str, settings: PricesSettings) -> Claim:
    """On how many days hours chosen by the forecast cost less."""
    rows = tables.rows("loads", key).where(way=MODEL)
    return Claim.of(
        "In {market} the hours chosen by the {model} cost less than the whole day on {wins}, and less than those of"
        " “{naive}” on {others}.",
        market=settings.call(key),
        model=MODEL,
        naive=NAIVE,
        wins=rows.wins("paid", "origin", thing="days", way=ALL_DAY),
        others=rows.wins("paid", "origin", thing="days", way=NAIVE),
    )


def say_hindsight(tables: Tables, key: str, settings: PricesSettings) -> Claim:
    """What the cheapest hours cost, had all prices been known."""
    paid = tables.rows("loads", key).where(way=HINDSIGHT).mean("paid", settings.unit)
    return Claim.of(
        "Had all prices of {market} been known, it would have been {paid}.", market=settings.call(key), paid=paid
    )


def say_expected(tables: Tables, key: str, settings: PricesSettings) -> Claim:
    """What the day ahead is expected to cost, and its peak."""
    rows = tables.rows("ahead", key)
    return Claim.of(
        "{market}: {mean} expected over the day, {peak} at {clock}",
        market=settings.call(key),
        mean=rows.mean("expected", settings.unit),
        peak=rows.max("expected", settings.unit),
        clock=rows.label_at("max", "expected", "from"),
    )


def say_coverage(tables: Tables, key: str, settings: PricesSettings) -> Claim:
    """Whether intervals held what they promised."""
    rows = Evidence("scores", tables.scores, {"market": key, "model": MODEL})
    return claim_coverage(rows, settings.level, f"prices in {settings.call(key)} on the days tried")


def say_dear(tables: Tables, keys: Sequence[str], settings: PricesSettings) -> Claim:
    """How many of the dearest prices the intervals held."""
    parts = []
    for key in keys:
        share = tables.rows("dear", key).mean("inside", "%", decimals=0)
        parts.append(Claim.of("{share} in {market}", share=share, market=settings.call(key)))
    start = Claim.of(
        "Spikes: of the dearest twentieth of prices, the {level} interval held ", level=given(settings.level / 100, "%")
    )
    return Claim.join(start, *weave(parts), ".")


def say_gap(tables: Tables, key: str, settings: PricesSettings) -> Claim:
    """From what price on it is dear, and how far the forecast lay off there."""
    rows = tables.rows("dear", key)
    return Claim.of(
        "{market}: from {least} on, the price less the forecast was {gap} on average.",
        market=settings.call(key),
        least=rows.min("price", settings.unit),
        gap=rows.mean("short", settings.unit),
    )


def say_same(tables: Tables, settings: PricesSettings) -> list[Claim]:
    """Columns known ahead that are the same in two markets, so that one of them goes without its own."""
    same = tables.same[(tables.same["rows"] > 0) & (tables.same["rows"] == tables.same["equal"])]
    told = []
    for (one, other), rows in same.groupby(["market", "other"], sort=False):
        columns = [settings.call(str(name)) for name in rows["column"]]
        found = Evidence("same", tables.same, {"column": rows["column"].iloc[0], "market": one, "other": other})
        told.append(
            Claim.of(
                "{one} and {other} share one {columns}, in all {rows}: at least one of them goes without its own.",
                columns=" and one ".join(columns),
                one=settings.call(str(one)),
                other=settings.call(str(other)),
                rows=found.value("equal", "rows"),
            )
        )
    return told


def say_worth_of_known(tables: Tables, key: str, settings: PricesSettings) -> Claim:
    """What knowing columns ahead does to the error."""
    names = join_words([settings.call(name) for name in settings.series.exogenous])
    ours, bare = tables.of_model(key), tables.of_model(key, model=PLAIN)
    return Claim.of(
        "With the {names} known ahead the mean error (MAE) was {ours}, without {bare}.",
        names=names,
        ours=ours.mean("value", settings.unit),
        bare=bare.mean("value", settings.unit),
    )


def say_late(tables: Tables, key: str, settings: PricesSettings) -> Claim:
    """How many prices lay inside the interval on the last days tried.

    Parameters
    ----------
    tables : Tables
    key : str
    settings : PricesSettings
    """
    rows = tables.of_late(key, settings)
    return Claim.of(
        (
            f"On the last {{days}} tried in {settings.call(key)}, {{share}} of the prices lay inside the {{level}}"
            " interval."
        ),
        days=rows.count("day"),
        share=rows.mean("value", "%", decimals=0),
        level=given(settings.level / 100, "%"),
    )


def say_held_back(markets: Markets, tables: Tables, settings: PricesSettings) -> list[Said]:
    """That the day is over, and what to add for the next one; nothing where the day is not over."""
    if not markets.held_back:
        return []
    known = join_words([f"“{name}”" for name in settings.series.exogenous])
    needs = f" but with {known}" if known else ""
    return [
        say_when(tables),
        f"is over: it was held back. For the next day, add its rows of each market, without price{needs}.",
    ]


def write_lines(markets: Markets, settings: PricesSettings) -> tuple[str, str]:
    """Header, and the line to add to the table for the first step of the next day in the first market.

    Parameters
    ----------
    markets : Markets
    settings : PricesSettings
    """
    series = settings.series
    begin = markets.future[series.ds].min() + pd.DateOffset(days=1)
    cells: dict[str, str] = {series.unique_id: markets.keys[0], series.ds: f"{begin:%Y-%m-%d %H:%M}", series.y: ""}
    cells |= dict.fromkeys(series.exogenous, "VALUE")
    return ",".join(cells), ",".join(cells.values())


def say_stamps(markets: Markets, settings: PricesSettings) -> str:
    """From when to when prices are known."""
    stamps = markets.past[settings.series.ds]
    return f"from {format_stamp(stamps.min())} to {format_stamp(stamps.max())}"
