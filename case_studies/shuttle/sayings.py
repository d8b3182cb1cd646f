"""What the shuttle report says of its results, sentence by sentence, each worked out from the run's tables."""

from __future__ import annotations

from shared.evaluation import Comparison
from shared.reporting import Claim, Evidence, Said, given
from shared.text import capitalise

from .settings import ShuttleSettings
from .tables import Tables
from .trial import FEW_ODD, Costs, Rows

NAMES = {"average_precision": "average precision", "roc_auc": "area under the ROC curve"}


def say_advice(tables: Tables) -> Claim:
    """How many rows to look at."""
    new, reported = tables.rows().count("new row"), tables.rows(reported=True)
    count = int(tables.new["reported"].sum())
    if count == 0:
        return Claim.of("None of {all} is reported.", all=new)
    if tables.judged and not tables.beats_chance:
        return Claim.of(
            "By the labels nothing was found beyond chance: {found} of the rows reported are odd, and {all} of all new"
            " rows.",
            found=reported.mean("odd", "%", decimals=1),
            all=tables.rows().mean("odd", "%", decimals=1),
        )
    if count == len(tables.new):
        return Claim.of("All {all} are reported, because as many were asked for.", all=new)
    return Claim.of("Look at the {n} listed below, of {all}.", n=reported.count("row"), all=new)


def say_size(tables: Tables) -> Claim:
    """How many rows to look at, for a card."""
    reported, new = tables.rows(reported=True).count(), tables.rows().count("new row")
    return Claim.of("{n}: of {all} to look at", n=reported, all=new)


def say_first(tables: Tables) -> Claim:
    """The first row to look at, and why."""
    rows = Evidence("alerts", tables.alerts)
    return Claim.of(
        "Begin with row {row}: {why}.",
        row=rows.label_at("max", "evidence", "row"),
        why=rows.label_at("max", "evidence", "why"),
    )


def say_hits(tables: Tables) -> Claim:
    """How many of the rows reported are odd, and how many of the odd ones are reported."""
    reported, odd = tables.rows(reported=True), tables.rows(odd=True)
    return Claim.of(
        "By the labels {hits} of them are odd; of all new rows {all} are. {found} of the odd rows are among them.",
        hits=reported.mean("odd", "%", decimals=0),
        all=tables.rows().mean("odd", "%", decimals=1),
        found=odd.mean("reported", "%", decimals=0),
    )


def say_found(tables: Tables) -> Claim:
    """How many of the odd rows are among those reported, as the title of a picture."""
    return Claim.of(
        "The {n} to look at hold {found} of the odd ones",
        n=tables.rows(reported=True).count("row"),
        found=tables.rows(odd=True).mean("reported", "%", decimals=0),
    )


def say_unknown(rows: Rows) -> str:
    """Why nothing can be said of how much is found."""
    known = "no label is known" if rows.odd is None else f"not even {FEW_ODD} of the new rows are known to be odd"
    return f"How much is found cannot be said, because {known}."


def say_band(tables: Tables, settings: ShuttleSettings) -> list[Said]:
    """Whether as many rows are reported as were asked for; nothing where a number of them was."""
    low, high = tables.band.iloc[0]
    band = Evidence("band", tables.band)
    if settings.budget >= 1 or high <= 0:
        return []
    share = tables.rows().mean("reported", "%", digits=2)
    told = Claim.of(
        "Asked for were {asked} of rows like those learnt from, which makes {low} to {high} likely; it is {share}.",
        asked=given(settings.budget, "%"),
        low=band.value("low", "%", digits=2),
        high=band.value("high", "%", digits=2),
        share=share,
    )
    if low <= float(share.value) <= high:
        return [told]
    return [told, "The new rows are not like those learnt from: something changed, or rows are sorted."]


def say_cost(tables: Tables, costs: Costs, settings: ShuttleSettings) -> Claim:
    """How many rows to look at, at the costs that were set."""
    table = Evidence("costs", tables.costs if tables.costs is not None else costs.table)
    none, every = table.where(**{"share looked at": 0.0}).value("cost a row"), given(settings.look_cost)
    best = table.where(**{"share looked at": costs.share})
    cost = best.value("cost a row")
    if costs.share == 0 or costs.cost >= min(costs.none, costs.every):
        return Claim.of(
            "At the costs set, no share of rows to look at pays: {none} a row for none, {all} for all.",
            none=none,
            all=every,
        )
    return Claim.of(
        "At the costs set, it pays to look at the oddest {share}: {cost} a row, {none} for none and {all} for all.",
        share=best.value("share looked at", "%", decimals=0 if costs.share >= 0.01 else 1),
        cost=cost,
        none=none,
        all=every,
    )


def say_comparison(item: Comparison) -> Claim:
    """Say how two detectors compare on the parts held out.

    Parameters
    ----------
    item : Comparison
    """
    claim = item.claim("scores", name=NAMES.get(item.metric, item.metric), context="held out", split="fold")
    return Claim(capitalise(claim.text), claim.numbers, claim.verdict, claim.detail)


def list_doubts(tables: Tables, rows: Rows, settings: ShuttleSettings) -> list[Said | list[Said]]:
    """When not to believe it, what was measured first."""
    band = say_band(tables, settings)
    told: list[Said | list[Said]] = [band] if len(band) > 1 else []
    if not tables.judged:
        told.append(say_unknown(rows) if not rows.judged else "Nothing is reported, so that nothing can be judged.")
    told.append("Rare is not wrong: a row is reported for being unlike others, and the reason says in what.")
    told.append("What is common among the rows learnt from counts as ordinary, however wrong it is.")
    return told
