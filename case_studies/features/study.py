"""Which columns of a table deserve to be kept to predict another, and whether choosing them is worth anything."""

if __name__ == "__main__":  # as a script: python case_studies/features/study.py
    from case_studies.common.script import run_file

    run_file(__file__)

from dataclasses import replace

from case_studies.common.report import add_closing
from case_studies.common.study import Study
from shared.reporting import Run

from . import caveats, report
from .advice import advise, fit_final, keep_columns
from .predict import keep_tested, predict
from .rows import Rows
from .screen import write_first_screen
from .search import choose_columns
from .settings import TABLES, FeaturesSettings
from .tables import Tables
from .trial import try_columns


def run(settings: FeaturesSettings, out: Run) -> None:
    """Read, choose, judge the choice on rows that it never saw, say what to keep."""
    rows, reading = Rows.read(out, settings)  # bundled, or the user's own file
    out.mark_step("read")

    # All choices are made on the first rows: the search, the searches around it, and those on other rows.
    choice = choose_columns(rows, settings)
    out.mark_step("chosen")

    # The last rows judge: the chosen columns beside all, other ways to choose, and no model.
    trial = try_columns(rows, choice, settings, out.checkpoints)
    advice = advise(trial, choice, rows)
    out.mark_step("judged")

    # The model of what is kept learns from all rows; new rows have to hold these columns and no others.
    kept = keep_columns(trial, choice, rows)
    model = fit_final(kept, rows, settings)
    if out.contract is not None:
        needed = kept or [str(rows.y.name)]
        others = (*out.contract.others, *(name for name in out.contract.names if name not in needed))
        columns = tuple(one for one in out.contract.columns if one.name in needed)
        out.contract = replace(out.contract, columns=columns, others=others)
    tables = Tables.of(advice, trial, choice, rows)
    out.save_results(model=model, tested=keep_tested(trial), **tables.kept())

    write_first_screen(out, settings, tables, rows, choice, trial)
    out.add_section("Which columns, and why", *report.column_parts(tables, choice, trial))
    out.add_section("What fewer columns cost or bring", *report.error_parts(tables, trial, choice, settings))
    out.add_section("What it cannot say", *caveats.doubts(rows, choice))
    out.add_section("How it was tested", *caveats.protocol_parts(rows, trial, settings), fold=True)
    add_closing(out, reading, *caveats.data_parts(rows, settings), mended=bool(rows.notes))
    out.metrics.update(report.metrics(rows, choice, trial, settings))


STUDY = Study("Columns: which deserve to be kept", FeaturesSettings, run, predict, TABLES)
