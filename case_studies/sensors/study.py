"""Pedestrians at four street corners, or any measurements: what happened, what is missing, and what is found."""

if __name__ == "__main__":  # as a script: python case_studies/sensors/study.py
    from case_studies.common.script import run_file

    run_file(__file__)

from case_studies.common.report import add_closing
from case_studies.common.study import Study
from shared.reporting import Run

from . import report
from .predict import predict
from .screen import write_first_screen
from .settings import TABLES, SensorSettings
from .tables import Tables
from .trial import Measurements, look, try_faults


def run(settings: SensorSettings, out: Run) -> None:
    """Read, learn from the first rows, look at the others, test by planted faults, report."""
    own = settings.columns.table_schema(value={"allow_missing": True}) if out.data is not None else None
    table, reading = out.load_table("pedestrian", own)  # bundled, or the user's own file
    settings = settings.for_table(table.columns)
    measured = Measurements.of(table, settings, reading.source)
    out.mark_step("read")

    # Each later row is judged from its past alone; what goes on from here knows all rows.
    detector, found = look(measured, settings, settings.incidents)
    later = measured.parts(settings.learn_share)[1]
    out.mark_step("looked")

    trial = try_faults(measured, settings)
    out.mark_step("tested")

    tables = Tables.of(measured, later, found, trial, settings)
    out.save_results(model=detector.set_params(n_jobs=None), **tables.kept())

    write_first_screen(out, settings, measured, later, found, tables)
    out.add_section("What happened", *report.incident_parts(found, tables, settings))
    out.add_section("What was not measured", *report.gap_parts(tables))
    out.add_section("What is found", *report.trial_parts(trial, tables))
    out.add_section("When not to believe it", *report.doubts(detector, settings))
    kept = [text for text in measured.panel.repairs if text.startswith("kept")]  # what is filled is never shown
    add_closing(out, reading, *report.data_parts(settings, measured), repairs=kept)
    out.metrics.update(report.metrics(found, measured, trial))


STUDY = Study("Sensors: what happened, and what is missing", SensorSettings, run, predict, TABLES)
