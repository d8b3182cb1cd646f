"""Who reaches a place in fifteen minutes along the streets, who does not, and what one more place would bring."""

if __name__ == "__main__":  # as a script: python case_studies/catchment/study.py
    from case_studies.common.script import run_file

    run_file(__file__)

from case_studies.common.map_file import save_map
from case_studies.common.report import add_closing
from case_studies.common.study import Study
from shared.reporting import Run
from shared.text import sentences

from . import chapters, report
from .further import find_further
from .picture import draw_reach, make_layers
from .predict import predict
from .reach import compute_reach
from .settings import MAPS, TABLES, CatchmentSettings
from .tables import make_tables
from .town import read_town


def run(settings: CatchmentSettings, out: Run) -> None:
    """Read the map, find everybody's way to the nearest place, look for those left out, try one more place."""
    town, whole, told = read_town(out, settings)  # bundled, or the user's own map, people and places
    out.mark_step("read")

    # Everybody's minutes along the streets, and the edge beyond which nothing is seen.
    reach = compute_reach(town, settings)
    out.mark_step("reached")

    # One more place where most of those who are late would gain by it.
    further = find_further(town, reach, settings)
    out.mark_step("tried")

    # The streets and the places are what new points need; the map file is not asked for again.
    tables = make_tables(town, reach, further, settings)
    out.save_results(model=town.network, **tables.kept)
    layers = make_layers(town, reach, further)
    save_map(out, town.network, layers)
    picture = draw_reach(town, layers)
    out.mark_step("drawn")

    report.write_first_screen(out, settings, town, reach, tables, further, picture)
    out.add_section("Who gets there", *chapters.reach_parts(town, reach, tables, settings))
    out.add_section("Where the others are", *chapters.where_parts(town, tables, reach))
    out.add_section("One more place", *chapters.further_parts(town, reach, tables, further, settings))
    out.add_section("The places", *chapters.place_parts(town, tables, reach))
    out.add_section("What it does not know", *report.doubts(town, reach, tables, settings))
    add_closing(out, whole, *filter(None, [town.people.source]), *told, *filter(None, [sentences(town.notes)]))
    out.metrics.update(report.metrics(town, reach, further, settings))


STUDY = Study("A catchment: who gets there in time, and who does not", CatchmentSettings, run, predict, TABLES, MAPS)
