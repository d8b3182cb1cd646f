"""The first screen of the shuttle report: which rows to look at, how sure that is, and when not to believe it."""

from __future__ import annotations

from case_studies.common.report import add_comparison
from domains.anomaly import Alerts, detection_curve
from shared.evaluation import Scores, compare
from shared.reporting import Run
from shared.reporting.figures import Figure

from .sayings import (
    list_doubts,
    say_advice,
    say_band,
    say_comparison,
    say_first,
    say_found,
    say_hits,
    say_size,
)
from .settings import ShuttleSettings
from .tables import Tables
from .trial import BASELINE, OURS, Rows

METRIC = "average_precision"


def write_first_screen(
    run: Run,
    settings: ShuttleSettings,
    tables: Tables,
    rows: Rows,
    alerts: Alerts,
    scores: Scores | None,
) -> None:
    """Which rows to look at, how sure that is, and when not to believe it."""
    run.report.subtitle = (
        f"Learnt from the first {rows.n_learnt:,} of {len(rows.features):,} rows, without any label; the others are"
        " looked at as new ones."
    )
    useful = bool(alerts.alerts) and (not tables.judged or tables.beats_chance)
    if useful or not alerts.alerts:
        run.add_advice(say_advice(tables))
    else:
        run.advise_against(say_advice(tables))
    if useful:
        run.add_advice(say_first(tables))
    size = say_size(tables)
    value, _, label = size.text.partition(": ")
    run.add_fact(value, label, size)
    if tables.judged:
        run.add_fact(tables.rows(reported=True).mean("odd", "%", decimals=0), "of the rows to look at are odd")
        run.add_fact(tables.rows(odd=True).mean("reported", "%", decimals=0), "of all odd rows are among them")
    if tables.judged and useful:
        run.add_certainty(say_hits(tables))
    if scores is not None:
        item = compare(scores, OURS, BASELINE, metric=METRIC).items[0]
        (run.add_doubt if item.verdict == "worse" else run.add_certainty)(say_comparison(item))
        add_comparison(run, item, say_comparison(item), "average precision")
    if len(band := say_band(tables, settings)) == 1:
        run.add_certainty(band)
    run.add_doubt(*list_doubts(tables, rows, settings))
    if alerts.alerts:
        run.show(_draw(rows, alerts, tables))


def _draw(rows: Rows, alerts: Alerts, tables: Tables) -> Figure:
    """What is found by looking at more rows; where no label is known, what stands behind the alerts."""
    if not tables.judged:
        return alerts.plot()
    return detection_curve(rows.new_odd, tables.new["oddness"].to_numpy()).tell(say_found(tables))
