"""The chapters of the sensors report: what is said and shown, from results that are worked out elsewhere."""

from __future__ import annotations

from typing import Any

import pandas as pd

from domains.anomaly import Incident, Incidents, SeriesDetector, incident_lines
from shared.reporting import Run
from shared.text import capitalise, count_of, format_number, join_words

from .settings import SensorSettings
from .trial import CLOCK, FLAT, LOSS, OUTAGE, Measurements, Trial

PICTURES, GAPS = 4, 10


def summary(
    run: Run, settings: SensorSettings, measured: Measurements, later: pd.DataFrame, found: Incidents, trial: Trial
) -> None:
    """Sentences for a manager and the numbers behind them."""
    stamps = later[settings.columns.time]
    series = count_of(measured.panel.n_series, "sensor")
    run.report.subtitle = (
        f"{series}, from {stamps.min():%Y-%m-%d} to {stamps.max():%Y-%m-%d}; each row is judged from those before it."
    )
    count, marked = len(found.incidents), sum(touches_holiday(one, settings) for one in found.incidents)
    run.add_summary(
        f"The {count_of(count, 'oddest incident')} in {found.n_rows:,} rows {'is' if count == 1 else 'are'} told below."
        + (f" {marked:,} of them touch a holiday that was named." if settings.holidays else "")
        if count
        else f"Nothing is reported in {found.n_rows:,} rows."
    )
    if count:
        first = found.incidents[0]
        where = "" if first.series is None else f"{first.series}, "
        run.add_summary(f"The oddest: {where}{_when(first.start, first.end)}: {first.text}.")
    run.add_fact(f"{count:,}", "incidents to look at")
    if len(measured.gaps):
        longest = measured.gaps.sort_values("rows", kind="stable").iloc[-1]
        where = f"{longest['series']}, " if longest["series"] != "" else ""
        run.add_summary(
            f"Nothing was measured in {count_of(int(measured.gaps['rows'].sum()), 'row')} of"
            f" {len(measured.panel.values):,}, in {count_of(len(measured.gaps), 'gap')}; the longest is"
            f" {count_of(int(longest['rows']), 'row')} ({where}{_when(longest['from'], longest['to'])})."
        )
        run.add_fact(f"{len(measured.gaps):,}", "gaps in the measurements")
    if trial.looked:
        planted, ours, rule = trial.counts
        run.add_summary(
            f"Of {planted:,} faults planted for a test, {ours:,} are found among {trial.looked:,} incidents;"
            " the rule of"
            f" many an alarm, how many spreads from the mean of the same weekday and hour, finds {rule:,}."
        )
        ahead = trial.table.index[trial.table["found by the rule"] > trial.table["found"]]
        if len(ahead):
            run.add_summary(f"The rule finds more than this does of: {join_words([str(kind) for kind in ahead])}.")
        run.add_fact(f"{100 * ours / planted:.0f} %", "of planted faults found")


def touches_holiday(incident: Incident, settings: SensorSettings) -> bool:
    """Whether a named holiday lies within an incident."""
    if not settings.holidays or not isinstance(incident.start, pd.Timestamp):
        return False
    days = pd.date_range(incident.start.normalize(), incident.end, freq="D").strftime("%Y-%m-%d")  # type: ignore[call-overload]
    return bool(set(days) & set(settings.holidays))


def incident_parts(found: Incidents, settings: SensorSettings) -> list[Any]:
    """What happened, and pictures of the oddest."""
    if not found.incidents:
        return [found.explain()]
    table = pd.DataFrame(
        [
            {
                "sensor": "" if one.series is None else str(one.series),
                "when": _when(one.start, one.end),
                "what": one.text + (" (holiday)" if touches_holiday(one, settings) else ""),
            }
            for one in found.incidents
        ],
        index=pd.RangeIndex(1, len(found.incidents) + 1, name="incident"),
    )
    return [
        "Every stretch of rows is compared with earlier ones of the same sensor. “Usual” is what there was at the same"
        " place of the stretches that are most alike; a standstill is a column that does not move. What lasts becomes"
        " ordinary, so that a new level is told once.",
        (table, "The oddest first."),
        *(_picture(found, number, settings) for number in range(min(PICTURES, len(found.incidents)))),
    ]


def _when(start: Any, end: Any) -> str:
    """First and last stamp, without what is the same in all of them."""
    if not isinstance(start, pd.Timestamp) or not isinstance(end, pd.Timestamp):
        return f"{start}" if start == end else f"{start} to {end}"
    if start == end:
        return f"{start:%Y-%m-%d %H:%M}"
    same = start.normalize() == end.normalize()
    return f"{start:%Y-%m-%d %H:%M} to {end:%H:%M}" if same else f"{start:%Y-%m-%d %H:%M} to {end:%m-%d %H:%M}"


def _picture(found: Incidents, number: int, settings: SensorSettings) -> Any:
    """The rows around an incident."""
    columns, rows = settings.series, found.rows
    if columns.unique_id in rows:
        rows = rows[rows[columns.unique_id] == found.incidents[number].series]
    place = (rows["incident"].to_numpy() == number + 1).nonzero()[0]
    around = 3 * max(len(place), OUTAGE)
    piece = rows.iloc[max(0, place[0] - around) : place[-1] + around]
    name = found.incidents[number].series
    return incident_lines(piece, columns.ds, columns.y, "" if name is None else str(name))


def gap_parts(measured: Measurements) -> list[Any]:
    """What was not measured."""
    if not len(measured.gaps):
        return ["No row is missing."]
    told = measured.gaps.sort_values("rows", ascending=False, kind="stable").head(GAPS)
    table = pd.DataFrame(
        {
            "sensor": told["series"].astype(str),
            "when": [_when(first, last) for first, last in zip(told["from"], told["to"], strict=True)],
            "rows": [f"{rows:,}" for rows in told["rows"]],
        }
    ).set_index("sensor")
    return [
        "Gaps are filled by straight lines, to compare what lies around them; nothing that was filled in is reported,"
        " and no stretch of which more than an eighth was.",
        (table, f"The longest {len(table)} of {count_of(len(measured.gaps), 'gap')}."),
    ]


def trial_parts(trial: Trial) -> list[Any]:
    """How many planted faults are found."""
    if not trial.looked:
        return ["The series are too short to plant faults into them, so how many are found cannot be said."]
    return [
        "No label says what went wrong at these sensors. So faults were planted into the later rows: single"
        " values raised"
        f" by what one row of a hundred exceeds, the same value for {FLAT} rows, {100 * LOSS:.0f} % of the value for"
        f" {OUTAGE} rows, and a clock that is {CLOCK} rows wrong for {OUTAGE} rows. Twice as many incidents as"
        " faults are"
        " looked at; what really happened takes its places among them. The rule takes the rows that lie most"
        " spreads from"
        " the mean of the same weekday and hour among the first rows.",
        (trial.table, f"Faults that have a row among the {trial.looked:,} oddest incidents."),
    ]


def doubts(detector: SeriesDetector, settings: SensorSettings) -> list[str]:
    """When not to believe it."""
    told = [
        "Odd is not wrong: a festival, a holiday and a broken sensor look alike. The reasons say what is"
        " different, not why.",
        "What was already odd in the rows learnt from, again and again, is ordinary.",
        "After a change the same kind of incident is told until it has lasted for eight stretches: at the most "
        f"{8 * int(detector.window_.max()):,} rows here.",
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
        f"{count_of(panel.n_series, 'series' if panel.n_series == 1 else 'serie')} at a distance of"
        f" {panel.frequency.describe()}, {settings.columns.value} from {low} to {high}."
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
