"""The study of deliveries: plans driven anew in plain Python, on a town whose ways are known and on the bundled map."""

import html
import importlib.util
import itertools
import json
import re

import numpy as np
import pandas as pd
import pytest

from case_studies.common.runs import predict_from, run_study
from case_studies.delivery.day import make_day
from case_studies.delivery.departures import list_rounds, measure_slack
from case_studies.delivery.fleets import make_plan
from case_studies.delivery.rules import try_rules
from case_studies.delivery.settings import DeliverySettings
from case_studies.delivery.trials import try_days
from domains.geodata import compute_costs, find_map, read_osm
from shared.errors import DataError, SettingsError, StoreError

N, SPACING = 9, 500.0  # crossings a side, metres between them: a minute each at 30 km/h
LON, LAT = 8.0, 50.0
DEGREE = np.pi * 6_371_008.8 / 180  # metres of a degree of latitude
FAST = ["n_jobs=1", "searches=2", "iterations=200", "days=20"]
HOURS = ["start=8:00", "end=12:00"]


def at(across: float, up: float) -> tuple[float, float]:
    lat = LAT + up * SPACING / DEGREE
    return LON + across * SPACING / (DEGREE * np.cos(np.radians(LAT))), lat


def write_town(path, cafes=()):
    """Residential streets in a grid, and cafés at crossings."""
    text = ['<?xml version="1.0"?><osm version="0.6">']
    for up, across in itertools.product(range(N), range(N)):
        lon, lat = at(across, up)
        text.append(f'<node id="{up * N + across + 1}" lat="{lat:.7f}" lon="{lon:.7f}"/>')
    for place, spot in enumerate(cafes, 5000):
        lon, lat = at(*spot)
        tags = f'<tag k="amenity" v="cafe"/><tag k="name" v="Café {place - 4999}"/>'
        text.append(f'<node id="{place}" lat="{lat:.7f}" lon="{lon:.7f}">{tags}</node>')
    rows = [[up * N + across + 1 for across in range(N)] for up in range(N)]
    columns = [[up * N + across + 1 for up in range(N)] for across in range(N)]
    for place, nodes in enumerate(rows + columns, 9000):
        refs = "".join(f'<nd ref="{node}"/>' for node in nodes)
        text.append(f'<way id="{place}">{refs}<tag k="highway" v="residential"/></way>')
    path.write_text("".join([*text, "</osm>"]))
    return path


def write_stops(path, spots, **more):
    lon, lat = zip(*[at(*spot) for spot in spots], strict=True)
    names = [f"stop {across}/{up}" for across, up in spots]
    pd.DataFrame({"stop": names, "lon": lon, "lat": lat, **more}).to_csv(path, index=False)
    return path


def write_depots(path, spots, **more):
    lon, lat = zip(*[at(*spot) for spot in spots], strict=True)
    names = [f"depot {across}/{up}" for across, up in spots]
    pd.DataFrame({"depot": names, "lon": lon, "lat": lat, **more}).to_csv(path, index=False)
    return path


@pytest.fixture
def town(tmp_path):
    return write_town(tmp_path / "town.osm")


@pytest.fixture
def depot(tmp_path):
    return write_depots(tmp_path / "depots.csv", [(0, 0)])


def figures(folder):
    return json.loads((folder / "metrics.json").read_text())


def page_of(folder):
    """The text of the report as people read it."""
    text = re.sub(r"<(script|style)[^>]*>.*?</\1>", "", (folder / "report.html").read_text(), flags=re.DOTALL)
    return html.unescape(re.sub(r"<[^>]*>", "", text)).replace("\u00a0", " ")


def screen_of(folder):
    """The first screen of it."""
    return page_of(folder).split("To the report")[1].split("Stop by stop")[0]


def go(data, folder, *asked):
    return run_study("delivery", data=data, overrides=[*FAST, *HOURS, *asked], out=folder).parent


def minutes_of(clock):
    hour, minute = str(clock).split(":")
    return 60 * int(hour) + int(minute)


GRID = 0.1  # minutes by which a round may be shorter than by the grid, whose streets are closer together in the north


def drive(plan, vehicles, travel, opens, closes, capacity, margin=0.0, slip=GRID):
    """Drive a plan anew: every rule is looked at, and what the plan says of itself. Minutes of driving, and by whom.

    `travel(one, other)` takes rows of the plan or names of depots; `slip` is how exact its minutes are, added up.
    """
    driven, total = 0.0, 0
    for row in vehicles.itertuples():
        part = plan[plan["vehicle"] == row.vehicle]
        assert part["position"].tolist() == list(range(1, row.stops + 1))
        assert part["load"].sum() == pytest.approx(row.load)
        assert part["load"].sum() <= capacity + 1e-9
        assert row.start >= opens - 1e-6
        now, here, mine = row.start, row.depot, 0.0
        for place, one in part.iterrows():
            mine += travel(here, place)
            now += travel(here, place)
            assert minutes_of(one["arrival"]) == pytest.approx(now, abs=0.5 + slip)
            begin = max(now, minutes_of(one["early"]) if isinstance(one["early"], str) else opens)
            assert one["waiting"] == pytest.approx(begin - now, abs=0.01 + slip)
            if isinstance(one["late"], str):
                assert begin <= minutes_of(one["late"]) - margin + slip
                assert one["slack"] >= margin - 0.01
            now = begin + one["service"]
            assert minutes_of(one["departure"]) == pytest.approx(now, abs=0.5 + slip)
            here = place
        mine += travel(here, row.depot)
        now += travel(here, row.depot)
        assert row.end == pytest.approx(now, abs=slip)
        assert now <= closes + slip
        assert row.driving == pytest.approx(mine, abs=slip)
        driven, total = driven + mine, total + len(part)
    assert total == plan["vehicle"].notna().sum()
    assert (plan["why"].notna() == plan["vehicle"].isna()).all()
    return driven


def on_grid(plan):
    """Minutes between stops of the grid, told by their names alone."""
    where = plan["stop"].to_dict()

    def crossing(one):
        return [float(part) for part in str(where.get(one, one)).split()[-1].split("/")]

    return lambda one, other: sum(abs(a - b) for a, b in zip(crossing(one), crossing(other), strict=True))


def draw_stops(folder, n, seed, name="stops.csv"):
    rng = np.random.default_rng(seed)
    spots = [(spot % N, spot // N) for spot in (rng.choice(N * N - 1, n, replace=False) + 1).tolist()]
    early = rng.integers(0, 100, n)
    late = early + rng.integers(25, 90, n)
    return write_stops(
        folder / name,
        spots,
        load=rng.integers(1, 6, n),
        early=[None if one % 4 == 0 else f"{8 + one // 60}:{one % 60:02d}" for one in early.tolist()],
        late=[None if one % 5 == 0 else f"{8 + one // 60}:{one % 60:02d}" for one in late.tolist()],
        service=rng.integers(1, 6, n),
    )


# A town whose ways are known


@pytest.mark.parametrize("seed", range(3))
def test_plans_hold_when_they_are_driven_anew(seed, town, depot, tmp_path):
    stops = draw_stops(tmp_path, 30, seed)
    data = {"map": town, "stops": stops, "depots": depot}
    folder = go(data, tmp_path / "run", "vehicles=6", "capacity=25", "margin=5")
    plan, vehicles = (pd.read_parquet(folder / f"{name}.parquet") for name in ("plan", "vehicles"))
    driven = drive(plan, vehicles, on_grid(plan), 480, 720, 25, margin=5)
    found = figures(folder)
    assert found["minutes driven"] == pytest.approx(driven, abs=6 * GRID)
    assert found["km"] == pytest.approx(driven * SPACING / 1000, rel=1e-3)
    assert found["served"] == plan["vehicle"].notna().sum()
    assert sorted(plan["stop"]) == sorted(pd.read_csv(stops)["stop"])
    assert found["least slack"] == pytest.approx(plan["slack"].min(), abs=0.01)
    for rule in ("nearest next", "soonest next", "by direction", "savings"):
        assert found[f"vehicles of {rule}"] >= 1


def test_a_round_is_as_long_as_it_has_to_be(town, depot, tmp_path):
    stops = write_stops(tmp_path / "stops.csv", [(0, 4), (4, 4), (4, 0)])
    folder = go({"map": town, "stops": stops, "depots": depot}, tmp_path / "run", "vehicles=3", "service=7")
    found = figures(folder)
    assert found["minutes driven"] == pytest.approx(16, abs=0.01)
    assert found["km"] == pytest.approx(8, abs=0.01)
    assert found["vehicles"] == found["fewest vehicles"] == 1
    page = page_of(folder)
    assert "Send 1 of 3 vehicles: it serves all 3 stops with 16 minutes of driving (8.0 km)" in page
    assert "the first leaves at 8:00, the last is back at 8:37" in page
    assert "One vehicle is enough." in page
    assert "No stop has an end of its window, so that none can be late." in page
    assert "No column is there for load" in page


def test_windows_are_told_as_they_are_asked_for(town, depot, tmp_path):
    spots = [(1, 0), (2, 0), (3, 0), (4, 0)]
    windows = {"early": ["8:10", "8:20", None, None], "late": ["9:10", None, "9:30", None]}
    stops = write_stops(tmp_path / "stops.csv", spots, **windows)
    page = (go({"map": town, "stops": stops, "depots": depot}, tmp_path / "run") / "report.html").read_text()
    for told in ("8:10–9:10", "from 8:20", "until 9:30"):
        assert f">{told}<" in page


def test_loads_say_how_many_vehicles_are_needed(town, depot, tmp_path):
    stops = write_stops(tmp_path / "stops.csv", [(1, 0), (2, 0), (3, 0), (4, 0), (5, 0)], load=4)
    folder = go({"map": town, "stops": stops, "depots": depot}, tmp_path / "run", "vehicles=4", "capacity=8")
    found = figures(folder)
    assert (found["vehicles"], found["fewest vehicles"], found["left by one vehicle less"]) == (3, 3, 1)
    page = page_of(folder)
    assert (
        "3 vehicles are the fewest found to serve all stops; 2 would leave 1 stop unserved:"
        " together they carry 16, and the loads add up to 20" in page
    )
    as_few = go({"map": town, "stops": stops, "depots": depot}, tmp_path / "few", "vehicles=0", "capacity=8")
    assert figures(as_few)["vehicles"] == 3
    too_few = go({"map": town, "stops": stops, "depots": depot}, tmp_path / "one", "vehicles=1", "capacity=8")
    found = figures(too_few)
    assert (found["vehicles"], found["served"], found["fewest vehicles"]) == (1, 2, 3)
    assert "3 stops not served" in page_of(too_few)
    assert "(no vehicle has room or time left for it)" in page_of(too_few)


def test_each_that_cannot_be_served_is_told_with_the_reason(town, depot, tmp_path):
    stops = write_stops(
        tmp_path / "stops.csv",
        [(1, 0), (2, 0), (3, 0), (8, 8), (40, 0)],
        load=[1, 50, 1, 1, 1],
        late=["9:00", "9:00", "8:02", "9:00", "9:00"],
        service=[5, 5, 5, 300, 5],
    )
    folder = go({"map": town, "stops": stops, "depots": depot}, tmp_path / "run", "capacity=10")
    plan = pd.read_parquet(folder / "plan.parquet").set_index("stop")
    assert plan["vehicle"].notna().tolist() == [True, False, False, False, False]
    why = plan["why"].to_dict()
    assert why["stop 2/0"] == "its load of 50 is more than a vehicle carries"
    assert why["stop 3/0"] == "no vehicle can be there in its window"
    assert why["stop 8/8"] == "no vehicle would be back by the end of its day"
    assert "m from any street" in why["stop 40/0"]
    page = page_of(folder)
    assert "4 stops not served: " in page
    assert "stop 2/0 (its load of 50 is more than a vehicle carries)" in page


def test_nobody_can_be_served_and_the_report_is_made_all_the_same(town, depot, tmp_path):
    stops = write_stops(tmp_path / "stops.csv", [(1, 0), (2, 0)], load=5)
    folder = go({"map": town, "stops": stops, "depots": depot}, tmp_path / "run", "capacity=1")
    assert "Send nobody: none of 2 stops can be served." in page_of(folder)
    assert figures(folder)["served"] == 0


def test_time_in_hand_is_kept_or_said_to_cost_stops(town, depot, tmp_path):
    spots = [(across, 4) for across in range(8)]
    stops = write_stops(tmp_path / "stops.csv", spots, late="8:30", service=2)
    data = {"map": town, "stops": stops, "depots": depot}
    kept = go(data, tmp_path / "kept", "vehicles=3", "margin=10")
    assert pd.read_parquet(kept / "plan.parquet")["slack"].min() >= 10 - 0.01
    page = page_of(go(data, tmp_path / "lost", "vehicles=1", "margin=10"))
    assert "lost to the 10 minutes in hand: --set margin=0 plans without" in page
    none = figures(go(data, tmp_path / "none", "vehicles=1", "margin=0"))
    assert none["served"] > figures(tmp_path / "lost")["served"]


def test_several_depots_keep_their_vehicles(town, tmp_path):
    depots = write_depots(tmp_path / "depots.csv", [(0, 0), (8, 8)], vehicles=[1, 2])
    stops = draw_stops(tmp_path, 24, 5)
    folder = go(
        {"map": town, "stops": stops, "depots": depots}, tmp_path / "run", "vehicles=9", "capacity=40", "margin=0"
    )
    plan, vehicles = (pd.read_parquet(folder / f"{name}.parquet") for name in ("plan", "vehicles"))
    drive(plan, vehicles, on_grid(plan), 480, 720, 40)
    used = vehicles["depot"].value_counts()
    assert used.get("depot 0/0", 0) <= 1
    assert used.get("depot 8/8", 0) <= 2


def test_slower_drives_and_shorter_ways(town, depot, tmp_path):
    stops = draw_stops(tmp_path, 12, 4)
    data = {"map": town, "stops": stops, "depots": depot}
    plain = figures(go(data, tmp_path / "plain", "capacity=100"))
    slow = go(data, tmp_path / "slow", "capacity=100", "pace=2")
    plan, vehicles = (pd.read_parquet(slow / f"{name}.parquet") for name in ("plan", "vehicles"))
    grid = on_grid(plan)
    drive(plan, vehicles, lambda one, other: 2 * grid(one, other), 480, 720, 100, margin=10)
    short = figures(go(data, tmp_path / "short", "capacity=100", "least=distance"))
    assert short["kept least"] == pytest.approx(short["km"], rel=1e-6)
    assert short["km"] <= plain["km"] * 1.02  # on a grid the shortest ways are the fastest


# Rules of thumb, simulated days, and when vehicles leave


def read_day(town, tmp_path, seed, **settings):
    table = pd.read_csv(draw_stops(tmp_path, 25, seed))
    lon, lat = at(0, 0)
    depots = pd.DataFrame({"depot": ["home"], "lon": [lon], "lat": [lat], "vehicles": [6]})
    asked = DeliverySettings(start="8:00", end="12:00", iterations=300, **settings)
    return make_day(read_osm(town, streets=["drive"]).streets("drive"), table, "stops", depots, asked), asked


@pytest.mark.parametrize("seed", range(3))
def test_rules_of_thumb_keep_the_limits_and_are_no_better_than_a_long_search(seed, town, tmp_path):
    day, settings = read_day(town, tmp_path, seed, capacity=30)
    rules = try_rules(day)
    assert [rule.vehicles for rule in rules] == sorted(rule.vehicles for rule in rules)
    plan = make_plan(day, settings, counts=[25])
    assert len(plan.unserved) == day.hopeless.sum()
    assert plan.objective <= min(rule.cost for rule in rules) + 1e-6


def test_rules_of_thumb_on_a_line(town):
    lon, lat = zip(*[at(across, 0) for across in (1, 2, 3, 4)], strict=True)
    table = pd.DataFrame({"lon": lon, "lat": lat, "load": 1})
    home = dict(zip(("lon", "lat"), at(0, 0), strict=True))
    depots = pd.DataFrame([{"depot": "home", **home, "vehicles": 4}])
    settings = DeliverySettings(capacity=2, service=0)
    day = make_day(read_osm(town, streets=["drive"]).streets("drive"), table, "stops", depots, settings)
    found = {rule.name: (rule.vehicles, round(rule.cost)) for rule in try_rules(day)}
    assert found == {
        "nearest next": (2, 12),
        "soonest next": (2, 12),
        "by direction": (2, 12),
        "savings": (2, 12),
    }


@pytest.mark.parametrize("seed", range(3))
def test_who_leaves_later_is_home_no_later_and_serves_nobody_late(seed, town, tmp_path):
    day, settings = read_day(town, tmp_path, seed, capacity=30)
    for margin in (0.0, 10.0):
        near = day.with_margin(margin)
        plan = make_plan(near, settings)  # its vehicles have left later
        for depot, start, stops in list_rounds(near, plan):
            now, here = start, len(day) + depot
            for stop in stops.tolist():
                now = max(now + near.travel[here, stop], near.stops["early"][stop])
                assert now <= near.stops["late"][stop] + 1e-6
                now, here = now + near.stops["service"][stop], stop
            assert now + near.travel[here, len(day) + depot] <= near.closes + 1e-6
        waits = plan.stops.groupby("vehicle")["wait"].sum()
        slack = measure_slack(near, plan)
        first = plan.stops.drop_duplicates("vehicle").set_index("vehicle")["stop"]
        # Who still waits longer than the margin has a stop that could not be served later.
        for vehicle, wait in waits.items():
            assert wait <= margin + 1e-6 or slack[first[vehicle]] <= margin + 1e-6


@pytest.mark.parametrize("seed", range(2))
def test_slack_is_what_a_vehicle_may_be_late(seed, town, tmp_path):
    day, settings = read_day(town, tmp_path, seed, capacity=30)
    plan = make_plan(day, settings)
    slack = measure_slack(day, plan)
    late, early, service = (day.stops[name] for name in ("late", "early", "service"))
    begins = (plan.stops["arrive"] + plan.stops["wait"]).set_axis(plan.stops["stop"])

    def holds(depot, stops, place, delay):
        now, here = begins[stops[place]] + delay, stops[place]
        if now > late[here] + 1e-6:
            return False
        for stop in stops[place + 1 :]:
            now = max(now + service[here] + day.travel[here, stop], early[stop])
            if now > late[stop] + 1e-6:
                return False
            here = stop
        return now + service[here] + day.travel[here, len(day) + depot] <= day.closes + 1e-6

    for depot, _, stops in list_rounds(day, plan):
        for place, stop in enumerate(stops.tolist()):
            assert holds(depot, stops, place, slack[stop] - 1e-3)
            assert not holds(depot, stops, place, slack[stop] + 1e-3)


def test_without_chance_nobody_is_late_and_slow_drives_are_counted(town, tmp_path):
    lon, lat = zip(*[at(across, 0) for across in (4, 8)], strict=True)
    table = pd.DataFrame({"lon": lon, "lat": lat, "late": ["8:06", "8:13"]})
    home = dict(zip(("lon", "lat"), at(0, 0), strict=True))
    depots = pd.DataFrame([{"depot": "home", **home, "vehicles": 1}])
    settings = DeliverySettings(
        start="8:00", end="8:24", service=4, slower=[0, 30, 60], drive_spread=0, stop_spread=0, days=20
    )
    day = make_day(read_osm(town, streets=["drive"]).streets("drive"), table, "stops", depots, settings)
    trial = try_days(day, make_plan(day, settings), settings)
    # Reached at 8:04 and 8:12 and back at 8:24; 30 % slower at 8:05.2 and 8:14.4; 60 % slower at 8:06.4 and 8:16.8.
    assert [one.late for one in trial] == [0.0, 0.5, 1.0]
    assert [one.days for one in trial] == [0.0, 1.0, 1.0]
    assert [one.back for one in trial] == [0.0, 1.0, 1.0]
    assert [one.by_stop.tolist() for one in trial] == [[0, 0], [0, 1], [1, 1]]


def test_chance_comes_from_the_seed_and_slower_drives_make_later_stops(town, tmp_path):
    day, settings = read_day(town, tmp_path, 1, capacity=30, days=400)
    plan = make_plan(day, settings)
    one, other = try_days(day, plan, settings), try_days(day, plan, settings)
    assert [each.late for each in one] == [each.late for each in other]
    assert [each.late for each in one] == sorted(each.late for each in one)


# What is made up is said


def test_stops_of_an_own_map_are_made_up_and_the_report_says_so(tmp_path):
    spots = [(across, up) for across in range(1, 8) for up in (2, 6)]
    town = write_town(tmp_path / "town.osm", cafes=spots)
    folder = go(town, tmp_path / "run")
    page = page_of(folder)
    assert "14 made-up stops" in page
    assert "The stops are made up, as no map knows who is delivered to" in page
    assert "Vehicles start and end at the first stop." in page
    assert figures(folder)["stops"] == 14


def test_a_map_without_places_asks_for_stops(town, tmp_path):
    with pytest.raises(DataError, match=r"town\.osm: holds no place with a name.*--data stops=FILE"):
        go(town, tmp_path / "run")


def test_a_depot_that_nobody_gave_is_told(town, tmp_path):
    stops = write_stops(tmp_path / "stops.csv", [(1, 1), (3, 3), (5, 5)], load=9)
    folder = go({"map": town, "stops": stops}, tmp_path / "run")
    page = page_of(folder)
    assert "No depot was given: vehicles start and end at the stop nearest to the middle" in page
    assert "No capacity was given: vehicles carry any load" in page
    assert "made-up" not in page
    assert figures(folder)["minutes driven"] == pytest.approx(16, abs=0.01)


def test_on_the_bundled_map_the_plan_holds_when_it_is_driven_anew(study_run):
    folder = study_run("delivery", "quick")
    plan, vehicles, depots = (pd.read_parquet(folder / f"{name}.parquet") for name in ("plan", "vehicles", "depots"))
    places = pd.concat([plan[["lon", "lat"]], depots[["lon", "lat"]]], ignore_index=True)
    streets = read_osm(find_map("helsinki"), streets=["drive"]).streets("drive")
    minutes = compute_costs(streets, places, places).values / 60
    index = {**{row: row for row in range(len(plan))}, **{one: len(plan) + k for k, one in enumerate(depots["depot"])}}
    drive(plan, vehicles, lambda one, other: minutes[index[one], index[other]], 390, 780, 120, margin=10, slip=1e-6)
    page = page_of(folder)
    assert "72 made-up stops" in page
    assert "45 turn restrictions are not kept" in page
    assert "have no speed limit that can be read" in page
    assert "not proven to be the least" in page
    assert 'href="map.html"' in (folder / "report.html").read_text()
    assert (folder / "report.html").stat().st_size <= 600_000
    found = figures(folder)
    best = min(found[f"kept least of {rule}"] for rule in ("nearest next", "soonest next", "by direction", "savings"))
    assert found["kept least"] < best
    assert found["left by one vehicle less"] > 0
    late = [found[f"days with a late stop, margin {margin}, +20 %"] for margin in (0, 10, 20)]
    assert late == sorted(late, reverse=True)


def test_the_first_screen_says_what_to_do_and_how_sure_that_is(study_run):
    folder = study_run("delivery", "quick")
    screen = screen_of(folder)
    for text in (
        "What to do",
        "Send 5 vehicles",
        "How sure that is",
        "When not to believe it",
        "The stops are made up",
    ):
        assert text in screen
    days = pd.read_parquet(folder / "compared.parquet").pivot(index="day", columns="model", values="value")
    rule = next(name for name in days.columns if name != "the plan")
    wins = int((days["the plan"] < days[rule]).sum())
    assert f"The plan is better than planning by hand (“{rule}”)" in screen
    assert f"on {wins} of {len(days)} simulated days" in screen
    assert f"{1 - days['the plan'].mean() / days[rule].mean():.0%}".replace("%", " %") + " less driving" in screen


def test_where_a_rule_of_thumb_is_as_good_the_first_screen_says_so(town, depot, tmp_path):
    stops = write_stops(tmp_path / "stops.csv", [(1, 0), (2, 0), (3, 0), (4, 0)])
    screen = screen_of(go({"map": town, "stops": stops, "depots": depot}, tmp_path / "run"))
    assert "drives as much: the search adds nothing here." in screen
    assert "No difference shown" in screen
    assert "better than" not in screen


def test_more_vehicles_than_colours_are_told_apart(town, depot, tmp_path):
    stops = write_stops(tmp_path / "stops.csv", [(across, 4) for across in range(8)], load=5)
    folder = go({"map": town, "stops": stops, "depots": depot}, tmp_path / "run", "vehicles=8", "capacity=5")
    page = (folder / "map.html").read_text()
    data = json.loads(page.split('id="data">')[1].split("</script>")[0])
    ways = [(layer["colour"], layer["dash"]) for layer in data["layers"] if layer["name"].endswith(": way")]
    assert len(ways) == len(set(ways)) == 8
    marks = [mark for layer in data["layers"] for mark in layer["marks"] if mark]
    assert sorted(marks) == [str(number) for number in range(1, 9)]


def test_bikes_have_their_own_streets(tmp_path):
    folder = run_study("delivery", overrides=[*FAST, "mode=bike"], out=tmp_path / "run").parent
    page = page_of(folder)
    assert "minutes of riding" in page
    assert "at one speed on all streets" in page


@pytest.mark.skipif(importlib.util.find_spec("pyvrp") is None, reason="needs the extra routing")
def test_the_search_of_pyvrp_stands_beside_it(town, depot, tmp_path):
    stops = draw_stops(tmp_path, 12, 1)
    folder = go({"map": town, "stops": stops, "depots": depot}, tmp_path / "run", "capacity=30")
    assert "the search of PyVRP ends" in page_of(folder)


# Wrong input


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda t: t.rename(columns={"lon": "lat", "lat": "lon"}), r"look exchanged.*--set columns\.lon=lat"),
        (lambda t: t.assign(lon=t["lon"] + 9), r"stops\.csv: .*no point lies near the map"),
        (lambda t: t.drop(columns="lat"), r"column 'lat': is missing.*--set columns\.lat=NAME"),
        (lambda t: t.assign(load=-1), "column 'load'"),
        (lambda t: t.assign(load="much"), "column 'load'"),
        (lambda t: t.assign(service=-5), "column 'service'"),
        (lambda t: t.assign(late="soon"), r"stops\.csv: column 'late': 3 rows have no time of day"),
        (lambda t: t.assign(late=[9, 10, 11]), "a number that looks like hours"),
        (lambda t: t.assign(early="10:00", late="9:00"), "column 'early, late': 3 rows have a window that ends before"),
        (lambda t: t.assign(lon=t["lon"].where(t.index > 0)), "column 'lon'"),
    ],
)
def test_wrong_stops_are_told(change, said, town, depot, tmp_path):
    path = write_stops(tmp_path / "stops.csv", [(1, 1), (3, 3), (5, 5)], load=1, service=2)
    change(pd.read_csv(path)).to_csv(path, index=False)
    with pytest.raises(DataError, match=said):
        go({"map": town, "stops": path, "depots": depot}, tmp_path / "run")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda t: t.assign(vehicles=0), "column 'vehicles': no vehicle stands at any depot"),
        (lambda t: t.assign(vehicles=-1), "column 'vehicles'"),
        (lambda t: t.assign(vehicles=1.5), "column 'vehicles'"),
        (lambda t: t.drop(columns="lat"), r"column 'lat': is missing.*--set columns\.depots\.lat=NAME"),
        (lambda t: t.assign(lon=t["lon"] + [0, 0.05]), r"depots further than 500 m .*\(row 2\)"),
        (lambda t: t.rename(columns={"lon": "lat", "lat": "lon"}), r"look exchanged.*--set columns\.depots\.lon=lat"),
    ],
)
def test_wrong_depots_are_told(change, said, town, tmp_path):
    stops = write_stops(tmp_path / "stops.csv", [(1, 1), (3, 3)])
    path = write_depots(tmp_path / "depots.csv", [(0, 0), (8, 8)])
    change(pd.read_csv(path)).to_csv(path, index=False)
    with pytest.raises(DataError, match=said):
        go({"map": town, "stops": stops, "depots": path}, tmp_path / "run")


@pytest.mark.parametrize(
    "asked",
    [
        "start=9:00\nend=8:00",
        "start=soon",
        "mode=fly",
        "slower=[]",
        "slower=[900]",
        "searches=0",
        "margin=-1",
        "end=16",
    ],
)
def test_settings_out_of_range_are_refused(asked, tmp_path):
    with pytest.raises(SettingsError, match=asked.split("=")[0]):
        run_study("delivery", overrides=asked.split("\n"), out=tmp_path / "run")


# A new day


@pytest.fixture
def finished(town, depot, tmp_path):
    data = {"map": town, "stops": draw_stops(tmp_path, 20, 2), "depots": depot}
    folder = go(data, tmp_path / "run", "vehicles=5", "capacity=20")
    town.unlink()  # the run has what it needs
    return folder


def test_a_new_day_is_planned_and_holds(finished, tmp_path):
    new = draw_stops(tmp_path, 25, 9, "new.csv")
    path, told = predict_from(finished, data=new, out=tmp_path / "day.csv")
    plan = pd.read_csv(path)
    names = ["stop", "lon", "lat", "load", "early", "late", "service"]
    answers = ["vehicle", "position", "arrival", "waiting", "departure", "slack", "why"]
    assert plan.columns.tolist() == [*names, *answers]
    assert sorted(plan["stop"]) == sorted(pd.read_csv(new)["stop"])
    travel = on_grid(plan)
    for _, part in plan[plan["vehicle"].notna()].groupby("vehicle"):
        assert part["load"].sum() <= 20
        assert part["position"].tolist() == list(range(1, len(part) + 1))
        left, here = None, "depot 0/0"
        for place, one in part.iterrows():
            if left is not None:
                assert minutes_of(one["arrival"]) == pytest.approx(left + travel(here, place), abs=1.01)
            if isinstance(one["late"], str):
                assert minutes_of(one["arrival"]) + one["waiting"] <= minutes_of(one["late"]) + 0.51
            left, here = minutes_of(one["departure"]), place
        assert left + travel(here, "depot 0/0") <= 720 + 0.51
    assert told[0].startswith(f"{plan['vehicle'].nunique()} vehicles serve {plan['vehicle'].notna().sum()} of 25 stops")


def test_the_same_day_is_planned_the_same_way(finished, tmp_path):
    known = pd.read_parquet(finished / "plan.parquet")
    path, _ = predict_from(finished, data=tmp_path / "stops.csv", out=tmp_path / "day.parquet")
    again = pd.read_parquet(path)
    pd.testing.assert_frame_equal(again, known, check_dtype=False)


def test_who_is_not_served_on_a_new_day_is_told(finished, tmp_path):
    new = pd.read_csv(draw_stops(tmp_path, 4, 9, "new.csv")).assign(load=[1, 99, 1, 1])
    new.to_csv(tmp_path / "new.csv", index=False)
    path, told = predict_from(finished, data=tmp_path / "new.csv", out=tmp_path / "day.csv", accept_drift=True)
    plan = pd.read_csv(path)
    assert plan["why"].iloc[-1] == "its load of 99 is more than a vehicle carries"
    assert plan["vehicle"].isna().tolist() == [False, False, False, True]
    assert any("obody serves 1 stop: " in text and "its load of 99" in text for text in told)


def test_settings_of_a_new_day_take_effect(finished, tmp_path):
    new = draw_stops(tmp_path, 20, 9, "new.csv")
    path, _ = predict_from(finished, data=new, out=tmp_path / "a.csv", overrides=["vehicles=1"])
    assert set(pd.read_csv(path)["vehicle"].dropna()) == {"vehicle 1"}
    path, _ = predict_from(finished, data=new, out=tmp_path / "b.csv", overrides=["vehicles=0", "capacity=1000"])
    assert pd.read_csv(path)["vehicle"].notna().all()


def test_a_column_that_the_run_had_is_not_done_without(finished, tmp_path):
    new = pd.read_csv(draw_stops(tmp_path, 5, 9, "new.csv")).drop(columns="late")
    new.to_csv(tmp_path / "new.csv", index=False)
    with pytest.raises(DataError, match="column 'late': is missing"):
        predict_from(finished, data=tmp_path / "new.csv")


def test_stops_of_another_town_are_refused(finished, tmp_path):
    new = pd.read_csv(draw_stops(tmp_path, 5, 9, "new.csv"))
    new.assign(lon=new["lon"] + 5).to_csv(tmp_path / "new.csv", index=False)
    with pytest.raises(DataError, match="lon"):
        predict_from(finished, data=tmp_path / "new.csv")


def test_a_damaged_run_is_told(finished, tmp_path):
    (finished / "depots.parquet").write_bytes(b"PAR1 no more")
    with pytest.raises(StoreError, match=r"depots\.parquet is missing or damaged"):
        predict_from(finished, data=tmp_path / "stops.csv")
