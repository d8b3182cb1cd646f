"""What the sensors report says of its results, sentence by sentence, each worked out from a table of the run."""

from __future__ import annotations

from case_studies.common.report import weave
from shared.reporting import Claim, Said
from shared.reporting.claims import Verdict

from .tables import Tables

FEW = 8  # planted faults, below which nothing is said of who finds more


def verdict_of(tables: Tables) -> Verdict:
    """Whether more planted faults are found than the usual alarm finds."""
    if len(tables.faults) < FEW:
        return "too few"
    low, high = (float(tables.lead[name].iloc[0]) for name in ("low", "high"))
    return "better" if low > 0 else "worse" if high < 0 else "none"


def say_first(tables: Tables) -> Claim:
    """The oddest incident."""
    row = tables.rows("incidents", place=1)
    what = Claim.of("{what}", what=row.value("what"))
    first = tables.incidents.iloc[0]
    dated = first["kind"] == "value" and str(first["start"]) != str(first["end"])  # it says when the peak was
    told = what if dated else Claim.join(Claim.of("{when}: ", when=row.value("when")), what)
    return Claim.join(*_name(tables, "incidents", place=1), told)


def _name(tables: Tables, table: str, **where: object) -> list[Said]:
    """The sensor of a row, where it has a name."""
    column = "sensor" if table == "incidents" else "series"
    name = tables.rows(table, **where).value(column)
    return [Claim.of("{name}, ", name=name)] if name.text else []


def say_incidents(tables: Tables, *, holidays: bool) -> Claim:
    """How many incidents there are, and how many of them touch a holiday."""
    rows = tables.rows("sensors").sum("looked_at", decimals=0)
    if not len(tables.incidents):
        return Claim.of("Nothing is reported in {rows} rows.", rows=rows)
    count = tables.rows("incidents").count("incident")
    told = Claim.of("The oddest {count} in the {rows} rows judged are listed below.", count=count, rows=rows)
    if not holidays:
        return told
    marked = tables.rows("incidents", holiday=True).count()
    return Claim.join(told, Claim.of(" Of them, {marked} touch a holiday that was named.", marked=marked))


def say_gaps(tables: Tables) -> Claim:
    """How much was not measured, and the longest gap."""
    gaps, rows = tables.rows("gaps"), tables.rows("sensors")
    longest = int(tables.gaps["rows"].to_numpy().argmax())
    row = tables.rows("gaps", **{name: tables.gaps[name].iloc[longest] for name in ("series", "from")})
    told = Claim.of(
        (
            "Nothing was measured in {lost} of all {all} rows (judged or learnt from), in {n}; the longest is {most}"
            " rows ("
        ),
        lost=gaps.sum("rows", decimals=0),
        all=rows.sum("rows", decimals=0),
        n=gaps.count("gap"),
        most=gaps.max("rows", decimals=0),
    )
    name = row.value("series")
    who: list[Said] = [Claim.of("{name}, ", name=name)] if name.text else []
    return Claim.join(told, *who, Claim.of("{when}).", when=row.value("when")))


def say_finds(tables: Tables) -> Claim:
    """How many planted faults are found, and whether that is more than the usual alarm finds."""
    faults, row, verdict = tables.rows("faults"), tables.rows("lead"), verdict_of(tables)
    counts = Claim.of(
        "of {all} planted faults {found} are found, and {rule} by the usual alarm",
        all=faults.count(),
        found=faults.sum("found", decimals=0),
        rule=faults.sum("found_by_rule", decimals=0),
    )
    low, high = (row.value(end, decimals=0) for end in ("low", "high"))
    span = Claim.of(
        "({level} interval of the difference: {low} to {high} percentage points).",
        low=low,
        high=high,
        level=row.value("level", "%"),
    )
    if verdict == "too few":
        return Claim.join("Too few faults could be planted to say who finds more: ", counts, ".")
    begin = {
        "better": "More is found than by the usual alarm: ",
        "worse": "Less is found than by the usual alarm: ",
        "none": "This way is not shown to find more than the usual alarm by weekday and hour: ",
    }[verdict]
    return Claim.join(begin, counts, " ", span)


def say_where_rule_leads(tables: Tables) -> Claim | None:
    """Kinds of faults of which the usual alarm finds more; None where there are none."""
    parts: list[Said] = []
    for kind, rows in tables.faults.groupby("kind", sort=False):
        if rows["found_by_rule"].sum() > rows["found"].sum():
            evidence = tables.rows("faults", kind=kind)
            parts.append(
                Claim.of(
                    f"{kind} ({{rule}} against {{ours}})",
                    rule=evidence.sum("found_by_rule", decimals=0),
                    ours=evidence.sum("found", decimals=0),
                )
            )
    return Claim.join("The usual alarm finds more of these faults: ", *weave(parts), ".") if parts else None
