"""What to recommend to each household of a shop: what it will take next, and what it never had."""

if __name__ == "__main__":  # as a script: python case_studies/products/study.py
    from case_studies.common.script import run_file

    run_file(__file__)

from case_studies.common.report import add_closing
from case_studies.common.study import Study
from shared.reporting import Run

from . import report
from .lists import list_new, make_lists
from .predict import predict
from .reading import read_visits
from .sayings import LABELS
from .screen import write_first_screen
from .settings import TABLES, ProductSettings
from .tables import make_tables
from .trial import try_questions


def run(settings: ProductSettings, out: Run) -> None:
    """Read, try at cuts in the past, learn from all, recommend."""
    visits, reading = read_visits(out, settings)  # bundled, or the user's own files
    out.mark_step("read")

    # At each cut in the past: the recommender beside what one does without it.
    trials = try_questions(visits, settings, out.checkpoints)
    out.mark_step("tried")

    # From all there is: everyone's lists, and models that new rows are added to.
    lists = [make_lists(question, visits, settings) for question in visits.questions]
    unseen = list_new(visits)
    models = {one.question: one.model for one in lists}
    tables = make_tables(trials, lists, unseen, visits, settings)
    out.save_results(model=models, **{one.question: one.table for one in lists}, **tables.kept())
    out.mark_step("listed")

    write_first_screen(out, settings, visits, tables, trials)
    for one in lists:
        out.add_section(f"Lists: {LABELS[one.question]}", *report.list_parts(one, visits, settings))
    for trial in trials:
        name = LABELS[trial.question]
        out.add_section(f"How it did: {name}", *report.trial_parts(trial, tables, visits, settings))
        out.add_section(f"For whom: {name}", *report.group_parts(trial, tables, settings))
    out.add_section("New items, and strangers", *report.new_parts(lists[-1], tables, visits, settings))
    out.add_section("When not to believe it", *report.doubts(visits, trials, settings))
    out.add_section("What lists are made of", *report.made_parts(lists, tables, visits, settings))
    add_closing(out, reading, *report.data_parts(visits, lists, settings))
    out.metrics.update(report.metrics(visits, lists, trials, unseen))


STUDY = Study("Products: what to recommend to each", ProductSettings, run, predict, TABLES)
