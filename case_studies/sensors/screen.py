"""The first screen of the sensors report: what to look into, how sure that is, and when not to believe it."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from domains.anomaly import Incidents
from shared.reporting import Claim, Run, Said
from shared.text import count_of, format_stamp

from .report import draw_incident
from .sayings import say_finds, say_first, say_gaps, say_incidents, say_where_rule_leads, verdict_of
from .settings import SensorSettings
from .tables import Tables
from .trial import Measurements


def write_first_screen(
    run: Run, settings: SensorSettings, measured: Measurements, later: pd.DataFrame, found: Incidents, tables: Tables
) -> None:
    """What happened, what is missing, what such a look finds, and what speaks against it."""
    stamps = later[settings.columns.time]
    series = count_of(measured.panel.n_series, "sensor")
    run.report.subtitle = (
        f"{series}, from {_say_day(stamps.min())} to {_say_day(stamps.max())}; each row is judged from those before it."
    )
    listed = say_incidents(tables, holidays=bool(settings.holidays))
    if len(tables.incidents):
        run.add_advice(Claim.join("Look into this first: ", say_first(tables), "."), listed)
    else:
        run.add_advice(listed)
    if len(tables.gaps):
        run.add_advice([say_gaps(tables), "Find out why."])
    if len(tables.faults):
        run.add_certainty(
            say_finds(tables), "The faults were planted for this test, since no label says what went wrong."
        )
    else:
        run.add_certainty("The series are too short to plant faults into them, so how many are found cannot be said.")
    run.add_doubt(*_list_doubts(settings, tables))
    _add_cards(run, tables)
    if len(tables.incidents):
        run.show(draw_incident(found, 0, tables, settings))


def _add_cards(run: Run, tables: Tables) -> None:
    run.add_fact(tables.rows("incidents").count(), "incidents to look into")
    run.add_fact(tables.rows("gaps").count(), "gaps in the measurements")
    if not len(tables.faults):
        return
    run.add_fact(tables.rows("faults").mean("found", "%", decimals=0), "of planted faults found")
    claim, row, verdict = say_finds(tables), tables.rows("lead"), verdict_of(tables)
    lead, low, high = (row.value(name, decimals=0).text for name in ("lead", "low", "high"))
    span = f"95 % interval: {low} to {high} percentage points"
    value, label = {
        "better": (f"{lead} points more", f"of them than the usual alarm finds ({span})"),
        "worse": (f"{lead.lstrip('−')} points less", f"of them than the usual alarm finds ({span})"),
        "none": ("No difference shown", f"in faults found, to the usual alarm ({span})"),
        "too few": ("Too few to say", "whether the usual alarm finds as many"),
    }[verdict]
    run.add_fact(value, label, claim)


def _list_doubts(settings: SensorSettings, tables: Tables) -> Iterator[Said]:
    if len(tables.faults) and (told := say_where_rule_leads(tables)) is not None:
        yield told
    yield (
        "Odd is not wrong: a festival, a holiday and a broken sensor look alike. The reasons say what differs, not why."
    )
    if not settings.holidays:
        yield "No holidays were named, so that they stand among the incidents."


def _say_day(stamp: object) -> str:
    return format_stamp(stamp.normalize()) if isinstance(stamp, pd.Timestamp) else str(stamp)
