"""Who reaches a place in fifteen minutes along the streets, who does not, and what one more place would bring."""

if __name__ == "__main__":  # as a script: python case_studies/catchment/study.py
    from case_studies.common.script import run_file

    run_file(__file__)

from case_studies.common.map_file import save_map
from case_studies.common.report import add_closing
from case_studies.common.study import Study
from case_studies.common.town import add_columns
from shared.reporting import Run
from shared.text import sentences

from . import chapters, report
from .further import find_further
from .picture import draw_reach, make_layers
from .predict import predict
from .reach import compute_reach
from .settings import MAPS, TABLES, CatchmentSettings
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
    names = [*reach.places["place"], ""]
    nearest = [names[place] for place in reach.nearest]
    answers = {"minutes": reach.minutes, "place": nearest, "street": reach.streets, "minutes to the edge": reach.edge}
    spots = reach.places.assign(lon=town.places.positions.lon, lat=town.places.positions.lat)
    out.save_results(model=town.network, people=add_columns(town.people.table, **answers), places=spots)
    layers = make_layers(town, reach, further)
    save_map(out, town.network, layers)
    out.mark_step("drawn")

    report.summary(out, settings, town, reach, further)
    out.add_section("Who gets there, and how soon", *chapters.reach_parts(town, reach, settings))
    out.add_section("Where the others are", *chapters.where_parts(town, reach, draw_reach(town, layers)))
    out.add_section("The places", *chapters.place_parts(town, reach))
    out.add_section("What one more place would bring", *chapters.further_parts(town, reach, further, settings))
    out.add_section("When not to believe it", *report.doubts(town, reach, settings))
    add_closing(out, whole, *told, *filter(None, [sentences(town.notes)]))
    out.metrics.update(report.metrics(town, reach, further, settings))


STUDY = Study("A catchment: who gets there in time, and who does not", CatchmentSettings, run, predict, TABLES, MAPS)
