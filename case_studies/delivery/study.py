"""A day's routes: which vehicle goes where and when, how many are needed, and what happens if drives take longer."""

if __name__ == "__main__":  # as a script: python case_studies/delivery/study.py
    from case_studies.common.script import run_file

    run_file(__file__)

from case_studies.common.map_file import save_map
from case_studies.common.report import add_closing
from case_studies.common.study import Study
from shared.reporting import Run

from . import chapters, report
from .answers import list_answers
from .lateness import late_parts
from .picture import draw_day, make_layers
from .predict import predict
from .reading import read_order
from .results import work_out
from .settings import MAPS, TABLES, DeliverySettings
from .tables import make_tables


def run(settings: DeliverySettings, out: Run) -> None:
    """Read the map and the stops, search a plan, compare it, try it on simulated days."""
    order, told = read_order(out, settings)  # bundled, or the user's own map, stops and depots
    day = order.day
    out.mark_step("read")

    # The plan and those beside it: rules of thumb, other numbers of vehicles, days on which drives take longer.
    results = work_out(day, settings)
    plan = results.plans.best
    out.mark_step("planned")

    # The streets and the depots are what the stops of a new day need.
    tables = make_tables(results, settings)
    answers = list_answers(day, plan).reset_index(drop=True)
    depots = day.depots.drop(columns="vehicles")
    out.save_results(model=order.streets, plan=answers, depots=depots, **tables.kept)
    layers = make_layers(day, plan)
    save_map(out, day.network, layers)
    picture, *others = draw_day(day, plan, layers, report.say_titles(tables), tables.kept["vehicles"])
    out.mark_step("drawn")

    report.write_first_screen(out, settings, order, results, tables, picture)
    out.add_section("The plan", *chapters.plan_parts(results, tables, settings, others))
    out.add_section("Stop by stop", *chapters.stop_parts(results, settings.columns.keep(day.table.columns).load))
    out.add_section("How many vehicles", *chapters.size_parts(results, tables, settings))
    out.add_section("If drives take longer", *late_parts(results, tables, settings))
    out.add_section("Other ways to plan", *chapters.rule_parts(results, tables, settings))
    out.add_section("What it does not know", *report.doubts(order, results, settings))
    add_closing(out, order.map, *told)
    out.metrics.update(report.metrics(results))


STUDY = Study("A day's routes: which vehicle goes where, and when", DeliverySettings, run, predict, TABLES, MAPS)
