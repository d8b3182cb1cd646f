"""More like this, and search, from a table of items alone, with a check of whether what is found alike is alike."""

if __name__ == "__main__":  # as a script: python case_studies/catalogue/study.py
    from case_studies.common.script import run_file

    run_file(__file__)

from case_studies.common.report import add_closing
from case_studies.common.study import Study
from shared.reporting import Run
from shared.text import sentences

from . import chapters, report
from .alike import fit_whole, search_alike
from .check import judge_columns
from .finder import build_index
from .items import Items
from .predict import predict
from .screen import write_first_screen
from .settings import TABLES, CatalogueSettings
from .tables import Tables


def run(settings: CatalogueSettings, out: Run) -> None:
    """Read, judge by a column held out, find what is most like each item, search."""
    items, reading = Items.read(out, settings)  # bundled films, or the user's own file
    out.mark_step("read")

    # Neighbours by each column alone, by texts, and by all together, judged by a column that none of them looks at.
    trial = judge_columns(items, settings)
    out.mark_step("judged")

    # The lists go by all columns, weighed as was judged.
    space = fit_whole(items, trial, settings)
    alike = search_alike(items, space, settings)
    index = build_index(items, space)
    out.mark_step("compared")

    columns = report.column_table(items, space, trial)
    neighbours = alike.table.drop(columns="_row")
    tables = Tables.of(trial, alike, items, settings)
    found = {"items": items.table, "columns": columns, "neighbours": neighbours, "twins": alike.twins}
    out.save_results(model=space, **found, **tables.kept())

    write_first_screen(out, settings, items, tables, trial, alike)
    out.add_section("Whether it is alike", *report.check_parts(trial, tables, items, settings))
    out.add_section("More like this", *chapters.list_parts(alike, items, columns, settings))
    out.add_section("Twice there, or like nothing", *chapters.twin_parts(alike, items, settings))
    out.add_section("Search", *chapters.search_parts(items, index, settings))
    out.add_section("When not to believe it", *report.doubts(trial, space, items, alike, settings))
    add_closing(out, reading, *([sentences(items.notes)] if items.notes else []))
    out.metrics.update(report.metrics(items, trial, alike, settings))


STUDY = Study("A catalogue: more like this, and search", CatalogueSettings, run, predict, TABLES)
