"""From a table of prices to what to buy: within limits, with proof, and after an honest look at the past."""

if __name__ == "__main__":  # as a script: python case_studies/portfolio/study.py
    from case_studies.common.script import run_file

    run_file(__file__)

from case_studies.common.report import add_closing
from case_studies.common.study import Study
from shared.reporting import Run

from . import past, report
from .market import read_market
from .measure import metrics
from .plan import draw_frontier, plan_day
from .predict import keep_rules, predict
from .screen import write_first_screen
from .settings import TABLES, PortfolioSettings
from .strategies import make_allocator
from .tables import Tables
from .trial import try_strategies, try_views


def run(settings: PortfolioSettings, out: Run) -> None:
    """Read, decide, look at how that would have done in the past, say what to buy."""
    market, reading = read_market(out, settings)  # bundled, or the user's own files
    out.mark_step("read")

    # First the decision: limits that clash are told before anything else is worked out.
    allocator = make_allocator(settings.strategy, settings, market.limits, market.groups)
    plan = plan_day(allocator, market, settings, settings.cash, settings.holdings)
    frontier, figure = draw_frontier(plan, market, settings)
    out.mark_step("decided")

    # Month by month through the past: strategies beside equal weights, and a forecast beside none.
    trial = try_strategies(market, settings, out.checkpoints)
    views = try_views(market, settings, out.checkpoints)
    out.mark_step("tried")

    # Limits and groups go beside the model, as tables; a new decision puts them in.
    rule = allocator.set_params(limits=None, groups=None)
    tables = Tables.of(plan, frontier, trial, views)
    out.save_results(model=rule, **{**keep_rules(market, plan, settings), **tables.kept()})

    write_first_screen(out, settings, market, plan, tables, trial, views)
    out.add_section("What to buy", *report.order_parts(plan, tables, settings))
    out.add_section("What limits it", *report.limit_parts(plan, market, tables))
    out.add_section("What risk could earn", *report.frontier_parts(figure, tables, settings))
    out.add_section("How it would have done", *past.trial_parts(trial, tables, settings))
    out.add_section("Whether a forecast helps", *past.view_parts(views, tables, settings))
    out.add_section("When not to believe it", *report.doubts(out.data is not None, plan, tables, trial, settings))
    add_closing(out, reading, *report.data_parts(market, settings), repairs=market.repairs)
    out.metrics.update(metrics(plan, trial, views))


STUDY = Study("A portfolio: what to buy, and how sure that is", PortfolioSettings, run, predict, TABLES)
