"""Sensor readings, or any table: the rows worth looking at, why, and how many of them pay."""

if __name__ == "__main__":  # as a script: python case_studies/shuttle/study.py
    from case_studies.common.script import run_file

    run_file(__file__)

from dataclasses import replace

from case_studies.common.report import add_closing
from case_studies.common.study import Study
from domains.anomaly import AnomalyDetector
from shared.reporting import Run

from . import report
from .predict import predict
from .screen import write_first_screen
from .settings import TABLES, ShuttleSettings
from .tables import Tables
from .trial import Rows, compare_detectors, weigh_costs


def run(settings: ShuttleSettings, out: Run) -> None:
    """Read, learn without labels, report, judge by labels, decide."""
    rows, reading = Rows.read(out, settings)  # bundled, or the user's own file
    out.mark_step("read")

    # Learn from the first rows; the later ones are new.
    share = settings.budget if settings.budget < 1 else 0.01
    detector = AnomalyDetector(budget=min(share, 0.5), random_state=settings.seed)
    detector.fit(rows.learnt)
    alerts = detector.find_alerts(rows.new, budget=settings.budget, n_reasons=settings.reasons)
    oddness = -detector.score_samples(rows.new)
    if out.contract is not None:
        out.contract = replace(detector.contract_, others=out.contract.others)
    out.mark_step("learnt and looked")

    # Labels judge; nothing is learnt from them but how many rows it pays to look at.
    scores = compare_detectors(rows, settings, out.checkpoints)
    costs = weigh_costs(oddness, rows.new_odd, settings) if rows.judged else None
    tables = Tables.of(rows, alerts, oddness, detector.expected_band(len(rows.new)), scores, costs)
    out.save_results(model=detector, reasons=alerts.reasons_to_frame().astype({"value": str}), **tables.kept())
    out.mark_step("judged")

    write_first_screen(out, settings, tables, rows, alerts, scores)
    out.add_section("The rows to look at", *report.alert_parts(tables, alerts))
    out.add_section("How many to look at", *report.found_parts(rows, tables, costs, settings))
    out.add_section("What it cannot say", *report.doubts(rows))
    out.add_section("How it was tested", *report.protocol_parts(detector, scores, settings), fold=True)
    add_closing(out, reading, *report.data_parts(out.data is not None, detector.contract_, settings))
    out.metrics.update(report.metrics(rows, alerts, scores, costs))


STUDY = Study("Odd rows: which to look at, and why", ShuttleSettings, run, predict, TABLES)
