"""The study of catchments: a town whose ways are known, own maps, people and places, and what is told of the edge."""

import html
import json
import re

import numpy as np
import pandas as pd
import pytest

from case_studies.catchment.further import thin_out
from case_studies.catchment.settings import CatchmentSettings
from case_studies.common.runs import predict_from, run_study
from shared.errors import DataError, SettingsError, StoreError

N, SPACING, PACE = 21, 100.0, 80.0  # crossings a side, metres between them, metres a minute on foot
LON, LAT = 8.0, 50.0
DEGREE = np.pi * 6_371_008.8 / 180  # metres of a degree of latitude


def at(across: float, up: float) -> tuple[float, float]:
    lat = LAT + up * SPACING / DEGREE
    return LON + across * SPACING / (DEGREE * np.cos(np.radians(LAT))), lat


def write_town(path, pharmacies=((2, 2),), addresses=0):
    """Streets in a grid, pharmacies at crossings, and addresses along the southernmost street."""
    text = ['<?xml version="1.0"?><osm version="0.6">']
    for up in range(N):
        for across in range(N):
            lon, lat = at(across, up)
            text.append(f'<node id="{up * N + across + 1}" lat="{lat:.7f}" lon="{lon:.7f}"/>')
    for place, spot in enumerate(pharmacies, 5000):
        lon, lat = at(*spot)
        tags = f'<tag k="amenity" v="pharmacy"/><tag k="name" v="Pharmacy {place - 4999}"/>'
        text.append(f'<node id="{place}" lat="{lat:.7f}" lon="{lon:.7f}">{tags}</node>')
    for place in range(addresses):
        lon, lat = at(N * place / addresses, 0)
        tags = f'<tag k="addr:street" v="Row 0"/><tag k="addr:housenumber" v="{place + 1}"/>'
        text.append(f'<node id="{6000 + place}" lat="{lat:.7f}" lon="{lon:.7f}">{tags}</node>')
    rows = [(f"Row {up}", [up * N + across + 1 for across in range(N)]) for up in range(N)]
    columns = [(f"Column {across}", [up * N + across + 1 for up in range(N)]) for across in range(N)]
    for place, (name, nodes) in enumerate(rows + columns, 9000):
        refs = "".join(f'<nd ref="{node}"/>' for node in nodes)
        tags = f'<tag k="highway" v="residential"/><tag k="name" v="{name}"/>'
        text.append(f'<way id="{place}">{refs}{tags}</way>')
    path.write_text("".join([*text, "</osm>"]))
    return path


def write_people(path, spots, **more):
    lon, lat = zip(*[at(*spot) for spot in spots], strict=True)
    pd.DataFrame({"lon": lon, "lat": lat, **more}).to_csv(path, index=False)
    return path


SPOTS = [(2, 2), (2, 7), (10, 10), (17, 17), (20, 20)]
MINUTES = [0.0, 6.25, 20.0, 37.5, 45.0]


@pytest.fixture
def town(tmp_path):
    return write_town(tmp_path / "town.osm")


def told_by(folder):
    """The text of the report as people read it."""
    text = re.sub(r"<(script|style)[^>]*>.*?</\1>", "", (folder / "report.html").read_text(), flags=re.DOTALL)
    return html.unescape(re.sub(r"<[^>]*>", "", text)).replace("\u00a0", " ")


def screen_of(folder):
    """The first screen of it."""
    return told_by(folder).split("To the report")[1].split("Who gets there")[0]


def figures(folder):
    return json.loads((folder / "metrics.json").read_text())


# A town whose ways are known


def test_minutes_shares_and_the_edge_are_those_of_the_grid(town, tmp_path):
    people = write_people(tmp_path / "people.csv", SPOTS, people=[10, 20, 30, 30, 10])
    folder = run_study("catchment", data={"map": town, "cells": people}, out=tmp_path / "run").parent
    table = pd.read_parquet(folder / "people.parquet")
    assert table["minutes"].tolist() == pytest.approx(MINUTES, abs=0.02)
    assert table["place"].tolist() == ["Pharmacy 1"] * 5
    assert table["minutes to the edge"].tolist() == pytest.approx([2.5, 2.5, 12.5, 3.75, 0.0], abs=0.05)
    found = figures(folder)
    assert found["people"] == 100
    assert found["median minutes"] == pytest.approx(20.0, abs=0.02)
    assert (found["reached in 5"], found["reached in 10"], found["reached in 15"]) == (0.1, 0.3, 0.3)
    assert (found["reached in 10 by the slow"], found["reached in 10 by the fast"]) == (0.3, 0.3)
    assert found["reached in 5 at most"] == pytest.approx(
        0.7
    )  # all but those in the middle are 5 minutes from the edge
    assert found["further than 5 from the edge"] == 30
    page = told_by(folder)
    assert "30 % of 100 “people” reach a place of “health/pharmacy” within 15 minutes on foot" in page
    assert "100 “people” (100 %) are within 15 minutes of the edge of the map" in page


def test_the_slow_get_less_far_than_the_fast(town, tmp_path):
    people = write_people(tmp_path / "people.csv", [(2, 2), (2, 13), (2, 14), (2, 15)])  # 0, 13.75, 15, 16.25 minutes
    folder = run_study("catchment", data={"map": town, "cells": people}, out=tmp_path / "run").parent
    found = figures(folder)
    assert found["reached in 15 by the slow"] == 0.25  # at 3.6 km/h 18.3 minutes for the second
    assert found["reached in 15 by the fast"] == 1.0
    page = told_by(folder)
    assert "Within 15 minutes it is 25 % at 3.6 km/h and 100 % at 5.4 km/h" in page
    assert "of 4 rows reach" in page  # without a column of people every row counts as one
    assert "No column is there for people" in page


def test_the_way_to_the_street_is_walked(town, tmp_path):
    people = write_people(tmp_path / "people.csv", [(2.4, 2.0), (2.5, 2.4)])
    folder = run_study("catchment", data={"map": town, "cells": people}, out=tmp_path / "run").parent
    minutes = pd.read_parquet(folder / "people.parquet")["minutes"].tolist()
    assert minutes == pytest.approx([40 / PACE, (40 + 50) / PACE], abs=0.02)


def test_one_more_place_goes_where_most_are_late(town, tmp_path):
    people = write_people(
        tmp_path / "people.csv", [(2, 2), (18, 18), (18, 17), (17, 18), (2, 18)], people=[50, 10, 10, 10, 5]
    )
    folder = run_study("catchment", data={"map": town, "cells": people}, out=tmp_path / "run").parent
    assert figures(folder)["gain"] == 30
    assert figures(folder)["certain gain"] == 0
    page = told_by(folder)
    assert "would bring 30 “people” more within 15 minutes: 94 % instead of 59 %" in page
    assert "of 30 “people” that would gain, 30 would be in time already if there were a place just outside it" in page


def test_nobody_is_late_and_no_place_is_missing(town, tmp_path):
    people = write_people(tmp_path / "people.csv", [(2, 2), (2, 3), (3, 2)])
    folder = run_study("catchment", data={"map": town, "cells": people}, out=tmp_path / "run").parent
    assert figures(folder)["gain"] == 0
    assert "everybody gets to one within 5 minutes" in told_by(folder)


def test_each_place_has_its_people(tmp_path):
    town = write_town(tmp_path / "town.osm", pharmacies=[(5, 5), (15, 5)])
    people = write_people(tmp_path / "people.csv", [(4, 5), (6, 5), (10, 5.5), (14, 5)], people=[1, 2, 4, 8])
    folder = run_study("catchment", data={"map": town, "cells": people}, out=tmp_path / "run").parent
    table = pd.read_parquet(folder / "places.parquet").set_index("place")
    assert table["nearest"].sum() == 15
    assert table.loc["Pharmacy 2", "nearest"] in {8, 12}
    assert table["within"].tolist() == [15, 15]
    assert table["share"].tolist() == [7.5, 7.5]


# People where nobody counted them


def test_addresses_stand_in_for_people_and_the_report_says_so(tmp_path):
    town = write_town(tmp_path / "town.osm", addresses=60)
    folder = run_study("catchment", data=town, overrides=["demand=addresses"], out=tmp_path / "run").parent
    page = told_by(folder)
    assert figures(folder)["people"] == 60
    assert figures(folder)["along the streets in 15"] < figures(folder)["reached in 15"]
    assert "Counted by points along the streets instead, it is " in page
    assert "The map knows no people: each of its 60 addresses counts as one household" in page


def test_addresses_of_one_street_do_not_stand_for_a_town(tmp_path):
    town = write_town(tmp_path / "town.osm", addresses=60)
    folder = run_study("catchment", data=town, out=tmp_path / "run").parent
    page = told_by(folder)
    assert figures(folder)["people"] == 2 * 2 * N * (N - 1)
    assert "of its streets have no address within 200 m: a point every 50 m" in page


def test_with_few_addresses_points_along_the_streets_do(tmp_path):
    folder = run_study("catchment", data=write_town(tmp_path / "town.osm", addresses=3), out=tmp_path / "run").parent
    page = told_by(folder)
    assert figures(folder)["people"] == 2 * 2 * N * (N - 1)  # one every 50 m
    assert "The map knows no people, and 3 addresses: a point every 50 m along its streets" in page


# Own places, and wrong input


def test_own_places_take_the_place_of_a_category(town, tmp_path):
    places = write_people(tmp_path / "branches.csv", [(10, 10), (0, 0)], name=["Middle", None])
    people = write_people(tmp_path / "people.csv", SPOTS)
    data = {"map": town, "cells": people, "places": places}
    folder = run_study("catchment", data=data, out=tmp_path / "run").parent
    table = pd.read_parquet(folder / "people.parquet")
    assert table["place"].tolist() == ["without a name", "without a name", "Middle", "Middle", "Middle"]
    page = told_by(folder)
    assert "reach a place of the table within 15 minutes" in page
    assert "pharmacy" not in page.split("Do it again")[0].replace("catchment", "")


def test_a_category_that_the_map_lacks_is_told_with_those_it_has(town, tmp_path):
    with pytest.raises(SettingsError, match=r"town\.osm has no such place\. It has health/pharmacy \(1\)"):
        run_study("catchment", data=town, overrides=["category=education/school"], out=tmp_path / "run")
    folder = run_study("catchment", data=town, overrides=["category=health"], out=tmp_path / "group").parent
    assert figures(folder)["places"] == 1


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda t: t.rename(columns={"lon": "lat", "lat": "lon"}), r"look exchanged.*--set columns\.lon=lat"),
        (lambda t: t.assign(lon=t["lon"] + 9), r"people\.csv: .*no point lies near the map"),
        (lambda t: t.assign(people=0), "adds up to nobody"),
        (lambda t: t.assign(people=-1), "people"),
        (lambda t: t.assign(lat=t["lat"] + 60), "lat"),
        (lambda t: t.assign(lon=t["lon"].where(t.index > 0)), "lon"),
        (lambda t: t.drop(columns="lat"), r"column 'lat': is missing.*--set columns\.lat=NAME"),
    ],
)
def test_wrong_tables_are_told(change, said, town, tmp_path):
    path = write_people(tmp_path / "people.csv", SPOTS, people=1)
    change(pd.read_csv(path)).to_csv(path, index=False)
    with pytest.raises(DataError, match=said):
        run_study("catchment", data={"map": town, "cells": path}, out=tmp_path / "run")


def test_people_off_the_map_are_left_out_and_counted(town, tmp_path):
    people = write_people(tmp_path / "people.csv", [*SPOTS, (30, 2)], people=[1, 1, 1, 1, 1, 7])
    folder = run_study("catchment", data={"map": town, "cells": people}, out=tmp_path / "run").parent
    assert figures(folder)["people"] == 5
    page = told_by(folder)
    assert "1 of 6 rows, with 7 of 12 “people”, are further than 500 m from any street of the map and left out" in page


@pytest.mark.parametrize("asked", ["limits=[]", "limits=[0]", "limits=[1,2,3,4,5,6]", "slower=1.2", "mode=fly"])
def test_settings_out_of_range_are_refused(asked, tmp_path):
    with pytest.raises(SettingsError, match=asked.split("=")[0]):
        run_study("catchment", overrides=[asked], out=tmp_path / "run")


def test_other_ways_of_moving(town, tmp_path):
    people = write_people(tmp_path / "people.csv", SPOTS)
    for mode, word in (("bike", "by bicycle"), ("drive", "by car")):
        data = {"map": town, "cells": people}
        folder = run_study("catchment", data=data, overrides=[f"mode={mode}"], out=tmp_path / mode).parent
        assert f"within 15 minutes {word}" in told_by(folder)


# New points


def test_new_points_get_their_place_and_way(town, tmp_path):
    people = write_people(tmp_path / "people.csv", SPOTS)
    folder = run_study("catchment", data={"map": town, "cells": people}, out=tmp_path / "run").parent
    town.unlink()  # the run has what it needs
    new = write_people(tmp_path / "new.csv", [(4, 2), (10, 12)], who=["a", "b"])
    path, told = predict_from(folder, data=new)
    table = pd.read_csv(path)
    assert table["who"].tolist() == ["a", "b"]
    assert table["minutes"].tolist() == pytest.approx([2.5, 22.5], abs=0.02)
    assert table["metres"].tolist() == pytest.approx([200, 1800], abs=1)
    assert table["place"].tolist() == ["Pharmacy 1"] * 2
    assert told[0] == "1 of 2 points reaches a place within 15 minutes; the way takes 2.5 to 22.5 minutes."
    assert any("1 are nearer to the edge" in text or "nearer to the edge of the map" in text for text in told)


def test_new_points_off_the_map_are_refused_or_accepted(town, tmp_path):
    folder = run_study("catchment", data={"map": town}, out=tmp_path / "run").parent
    new = write_people(tmp_path / "new.csv", [(4, 2), (30, 2)])
    with pytest.raises(DataError, match=r"new\.csv: 1 of 2 points are further than 500 m .*\(row 2\)"):
        predict_from(folder, data=new)
    path, told = predict_from(folder, data=new, accept_drift=True)
    assert pd.read_csv(path)["minutes"].isna().tolist() == [False, True]
    assert any("they get no answer" in text for text in told)


def test_a_damaged_run_is_told(town, tmp_path):
    folder = run_study("catchment", data={"map": town}, out=tmp_path / "run").parent
    (folder / "places.parquet").write_bytes(b"PAR1 no more")
    new = write_people(tmp_path / "new.csv", [(4, 2)])
    with pytest.raises(StoreError, match=r"places\.parquet is missing or damaged"):
        predict_from(folder, data=new)


# On the bundled map


def test_on_the_bundled_map_it_says_what_it_does_not_know(study_run):
    folder = study_run("catchment", "quick")
    page = told_by(folder)
    assert "The map knows no people" in page
    assert "With a place everywhere just beyond it" in page
    assert "OpenStreetMap contributors" in page
    assert "<svg" in (folder / "report.html").read_text()
    found = figures(folder)
    for limit in (5, 10, 15):
        assert found[f"reached in {limit} by the slow"] <= found[f"reached in {limit}"]
        assert found[f"reached in {limit}"] <= found[f"reached in {limit} by the fast"]
        assert found[f"reached in {limit}"] <= found[f"reached in {limit} at most"]
    assert 'href="map.html"' in (folder / "report.html").read_text()
    assert (folder / "report.html").stat().st_size <= 600_000


def test_the_first_screen_says_where_a_simple_way_is_as_good(study_run):
    screen = screen_of(study_run("catchment", "quick"))
    for text in ("What to do", "How sure that is", "When not to believe it", "No difference shown"):
        assert text in screen
    assert "Simply taking the spot in the middle of those who are late brings as many: 619 get there in time" in screen
    assert (
        "of 30 addresses that would gain, 30 would be in time already if there were a place just outside it" in screen
    )


def test_the_best_spot_beats_the_middle_of_those_who_are_late_where_nobody_lives_there(town, tmp_path):
    corners = [(0.5 * k, 20) for k in range(10)] + [(20, 0.5 * k) for k in range(8)]
    people = write_people(tmp_path / "people.csv", [(2, 2), (12, 12), *corners], people=[5, 1, *[3] * 18])
    folder = run_study("catchment", data={"map": town, "cells": people}, out=tmp_path / "run").parent
    table = pd.read_parquet(folder / "compared.parquet")
    best, middle = (table.loc[table["model"] == name, "value"] for name in table["model"].unique())
    assert best.sum() - 5 == figures(folder)["gain"] == 30
    assert middle.sum() - 5 == 1
    assert "The best spot is better than the spot in the middle of those who are late" in screen_of(folder)


def test_points_are_thinned_evenly():
    x, y = np.meshgrid(np.arange(100.0), np.arange(100.0))
    kept = thin_out(x.ravel(), y.ravel(), 120)
    assert 60 <= len(kept) <= 120
    assert len(thin_out(x.ravel(), y.ravel(), 0)) == 0
    assert CatchmentSettings(limits=[10, 5, 5]).limits == [5, 10]
