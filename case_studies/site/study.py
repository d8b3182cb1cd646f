"""Where to open the next cafés, or anything a map has: what they win from whom, with proof, along its streets."""

if __name__ == "__main__":  # as a script: python case_studies/site/study.py
    from case_studies.common.script import run_file

    run_file(__file__)

from case_studies.common.map_file import save_map
from case_studies.common.report import add_closing
from case_studies.common.study import Study
from shared.reporting import Run

from . import chapters, report
from .choice import choose_best, try_simpler
from .market import make_market
from .picture import draw_town, make_layers
from .predict import keep_market, predict
from .screen import write_first_screen
from .settings import MAPS, TABLES, SiteSettings
from .tables import make_tables
from .town import read_town
from .trials import try_otherwise
from .visits import learn_exponent


def run(settings: SiteSettings, out: Run) -> None:
    """Read the map, measure all ways, choose the best spots, doubt them, say where to open."""
    town, whole = read_town(out, settings)  # bundled, or the user's own map and tables
    market, calibration = learn_exponent(out, town, make_market(town, settings), settings)
    out.mark_step("read")

    # The best spots for each goal, with proof; simpler ways of choosing beside them.
    choice = choose_best(market, settings)
    simpler = try_simpler(market, choice, settings)
    out.mark_step("chosen")

    # The same under other assumptions, and with rivals missing.
    trials = try_otherwise(town, market, choice, calibration, settings)
    out.mark_step("tried")

    # The streets, the customers and the sites are what new spots are scored by; the map is not asked for again.
    tables = make_tables(town, market, choice, trials, simpler, settings, calibration)
    keep_market(out, town, market, choice, settings, **tables.kept)
    layers = make_layers(town, market, choice, settings)
    save_map(out, town.network, layers)
    picture = draw_town(town, layers, [market.spots[place] for place in choice.best])
    out.mark_step("drawn")

    write_first_screen(out, settings, town, market, tables, calibration, picture)
    out.add_section("Where to open", *chapters.site_parts(town, tables, settings))
    out.add_section("From whom it comes", *chapters.flow_parts(tables))
    out.add_section("Simpler ways", *chapters.simpler_parts(tables))
    out.add_section("Other assumptions", *chapters.trial_parts(tables, calibration, settings, market.exponent))
    out.add_section("Three goals", *chapters.goal_parts(tables, settings))
    out.add_section("All spots", *chapters.spot_parts(tables))
    out.add_section("What it does not know", *report.doubts(town, market, tables, calibration, settings))
    add_closing(out, whole, *report.data_parts(town, tables, calibration))
    out.metrics.update(report.metrics(town, market, choice, trials, simpler, calibration, settings))


STUDY = Study("A site: where to open next, and what that wins", SiteSettings, run, predict, TABLES, MAPS)
