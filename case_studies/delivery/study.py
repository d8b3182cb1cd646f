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
from .picture import draw_hours, draw_routes, make_layers
from .predict import predict
from .reading import read_order
from .results import work_out
from .settings import MAPS, TABLES, DeliverySettings


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
    vehicles = plan.routes.drop(columns="geometry")
    table = list_answers(day, plan).reset_index(drop=True)
    depots = day.depots.drop(columns="vehicles")
    out.save_results(model=order.streets, plan=table, vehicles=vehicles, depots=depots)
    layers = make_layers(day, plan)
    save_map(out, day.network, layers)
    maps = draw_routes(day, plan, layers)
    out.mark_step("drawn")

    report.summary(out, settings, order, results)
    out.add_section("The plan", *chapters.plan_parts(results, settings, maps, draw_hours(plan)))
    out.add_section("Stop by stop", *chapters.stop_parts(results, settings.columns.keep(day.table.columns).load))
    out.add_section("How many vehicles, and what the windows cost", *chapters.size_parts(results, settings))
    out.add_section("What other ways of planning cost", *chapters.rule_parts(results, settings))
    out.add_section("If drives take longer", *late_parts(results, settings))
    out.add_section("When not to believe it", *report.doubts(order, results, settings))
    add_closing(out, order.map, *told)
    out.metrics.update(report.metrics(results))


STUDY = Study("A day's routes: which vehicle goes where, and when", DeliverySettings, run, predict, TABLES, MAPS)
