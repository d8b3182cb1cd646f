"""The chapters of the sensors report: what is said and shown, from results that are worked out elsewhere."""

from __future__ import annotations

from typing import Any

import pandas as pd

from domains.anomaly import Incidents, SeriesDetector, incident_lines
from shared.reporting import Claim, Figure, Table
from shared.text import capitalise, count_of, format_number

from .sayings import say_finds, say_gaps, say_incidents, say_where_rule_leads
from .settings import SensorSettings
from .tables import Tables
from .trial import CLOCK, FLAT, LOSS, OUTAGE, Measurements, Trial

PICTURES, GAPS = 4, 10


def incident_parts(found: Incidents, tables: Tables, settings: SensorSettings) -> list[Any]:
    """What happened, and pictures of the oddest."""
    if not found.incidents:
        return [found.explain()]
    rows = tables.incidents
    what = [f"{what}{' (holiday)' if off else ''}" for what, off in zip(rows["what"], rows["holiday"], strict=True)]
    table = pd.DataFrame({"sensor": rows["sensor"], "when": rows["when"], "what": what})
    if not rows["sensor"].any():
        table = table.drop(columns="sensor")
    table = table.set_index(table.columns[0])
    return [
        say_incidents(tables, holidays=bool(settings.holidays)),
        Table(table, "What happened, the oddest first.", name="incidents", data=rows),
        *(draw_incident(found, number, tables, settings) for number in range(1, min(PICTURES, len(found.incidents)))),
        "Every stretch of rows is compared with earlier ones of the same sensor. “Usual” is what there was at the same"
        " place of the stretches that look alike; a standstill is a column that does not move. What lasts becomes"
        " ordinary, so that a new level is told once.",
    ]


def draw_incident(found: Incidents, number: int, tables: Tables, settings: SensorSettings) -> Figure:
    """The rows around an incident, under what happened."""
    columns, rows = settings.series, found.rows
    if columns.unique_id in rows:
        rows = rows[rows[columns.unique_id] == found.incidents[number].series]
    place = (rows["incident"].to_numpy() == number + 1).nonzero()[0]
    around = 3 * max(len(place), OUTAGE)
    piece = rows.iloc[max(0, place[0] - around) : place[-1] + around]
    row = tables.rows("incidents", place=number + 1)
    name = row.value("sensor")
    title = Claim.of("{what}", what=row.value("what"))
    if name.text:
        title = Claim.join(Claim.of("{name}: ", name=name), title)
    return incident_lines(piece, columns.ds, columns.y, name.text).tell(title, f"{row.value('when').text}.", piece)


def gap_parts(tables: Tables) -> list[Any]:
    """What was not measured."""
    if not len(tables.gaps):
        return ["No row is missing."]
    told = tables.gaps.sort_values("rows", ascending=False, kind="stable").head(GAPS)
    table = told[["series", "when", "rows"]].set_index("series").rename_axis("sensor")
    return [
        say_gaps(tables),
        Table(
            table,
            f"The longest {len(table)} of {count_of(len(tables.gaps), 'gap')}; rows that were not measured.",
            name="gaps",
            data=tables.gaps,
        ),
        "Gaps are filled by straight lines, to compare what lies around them; nothing that was filled in is reported,"
        " and no stretch of which over an eighth was.",
    ]


def trial_parts(trial: Trial, tables: Tables) -> list[Any]:
    """How many planted faults are found."""
    if not trial.looked:
        return ["The series are too short to plant faults into them, so how many are found cannot be said."]
    leads = say_where_rule_leads(tables)
    return [
        say_finds(tables),
        Table(
            trial.table,
            f"Planted faults that have a row among {trial.looked:,} incidents, by kind.",
            name="faults",
            data=tables.faults,
        ),
        *([leads] if leads is not None else []),
        "No label says what went wrong at these sensors. So faults were planted into the later rows: single values"
        f" raised by what one row of a hundred exceeds, the same value for {FLAT} rows, {100 * LOSS:.0f} % of the"
        f" value for {OUTAGE} rows, and a clock that is {CLOCK} rows wrong for {OUTAGE} rows. Twice as many incidents"
        " as faults are looked at; what really happened takes its places among them. The usual alarm takes the rows"
        " that lie furthest, in spreads, from the mean of the same weekday and hour among the first rows.",
    ]


def doubts(detector: SeriesDetector, settings: SensorSettings) -> list[str]:
    """When not to believe it."""
    told = [
        "Odd is not wrong: a festival, a holiday and a broken sensor look alike. The reasons say what is"
        " different, not why.",
        "What was already odd in the rows learnt from, again and again, is ordinary.",
        "After a change the same kind of incident is told until it has lasted for eight stretches:"
        f" {8 * int(detector.window_.max()):,} rows here where stretches are longest.",
        "The planted faults are of four kinds; what others look like nobody knows.",
    ]
    if not settings.holidays:
        told.append("No holidays were named, so that they stand among the incidents.")
    return told + [f"{capitalise(note)}." for note in detector.notes_]


def data_parts(settings: SensorSettings, measured: Measurements) -> list[str]:
    """What is to be known of the data."""
    panel = measured.panel
    told = [text for text in settings.columns.explain_missing() if "channels" not in text]
    low, high = (format_number(one) for one in (panel.values.min(), panel.values.max()))
    told.append(
        f"{count_of(panel.n_series, 'series', 'series')} with a row every {panel.frequency.describe()},"
        f" {settings.columns.value} from {low} to {high}."
    )
    if measured.doubled:
        hours = count_of(measured.doubled, "hour")
        told.append(
            f"{hours} that the clock shows twice, in autumn, {'is' if measured.doubled == 1 else 'are'} there"
            " once: no gaps."
        )
    return told


def metrics(found: Incidents, measured: Measurements, trial: Trial) -> dict[str, float]:
    """The figures of the run."""
    planted, ours, rule = trial.counts if trial.looked else (0, 0, 0)
    figures = {
        "rows looked at": float(found.n_rows),
        "incidents": float(len(found.incidents)),
        "gaps": float(len(measured.gaps)),
        "rows not measured": float(measured.gaps["rows"].sum()),
    }
    if planted:
        figures |= {"planted": float(planted), "planted found": float(ours), "planted found by the rule": float(rule)}
    return figures
