"""Routes of vehicles: held against a plain checker, against every plan there is, and against input that is wrong."""

import datetime as dt
import importlib.util
import itertools

import numpy as np
import pandas as pd
import pytest

from domains.geodata import Fleet, compute_costs, make_grid_town, plan_routes, read_osm
from domains.geodata.routing.problem import read_clock
from shared.errors import DataError, MissingExtraError, SettingsError

SPACING, PACE = 500.0, 80.0  # metres between crossings, metres a minute on foot
LEG = SPACING / PACE  # minutes from crossing to crossing


@pytest.fixture(scope="module")
def town():
    return make_grid_town(7, 7, spacing=SPACING, lon=8.0, lat=50.0)


def at(town, *crossings):
    """Points at crossings (across, up)."""
    rows = [up * 7 + across for across, up in crossings]
    nodes = town.nodes_to_frame().iloc[rows]
    return pd.DataFrame({"lon": nodes["lon"].to_numpy(), "lat": nodes["lat"].to_numpy()})


@pytest.fixture(scope="module")
def depot(town):
    return at(town, (0, 0))


@pytest.fixture(scope="module")
def stops(town):
    return at(town, (1, 0), (2, 0), (3, 0), (4, 0), (5, 0), (6, 0))


def measure(town, stops, depots):
    """Minutes between all places, stops first."""
    places = pd.concat([stops[["lon", "lat"]], depots[["lon", "lat"]]], ignore_index=True)
    return compute_costs(town, places, places).values / 60


def check(plan, travel, stops, fleets, depot_of=None):
    """The plan, driven anew in plain steps: each stop once, room, windows, working days, and what it says of itself."""
    n = len(stops)
    vehicles = [fleet for fleet in fleets for _ in range(fleet.n)]
    names = [f"{fleet.name} {number + 1}" for number, fleet in enumerate(vehicles)]
    seen, driven = [], 0.0
    for name, part in plan.stops.groupby("vehicle", sort=False):
        fleet = vehicles[names.index(name)]
        home = n + (depot_of or {None: 0})[fleet.depot]
        opens, closes = fleet.minutes
        row = plan.routes[plan.routes["vehicle"] == name].iloc[0]
        assert row["start"] >= opens - 1e-6
        assert part["position"].tolist() == list(range(1, len(part) + 1))
        carried = stops.loc[part["stop"], "load"].sum()
        assert carried <= (np.inf if fleet.capacity is None else fleet.capacity) + 1e-6
        assert row["load"] == pytest.approx(carried)
        now, here, left = row["start"], home, carried
        for one in part.itertuples():
            want = stops.loc[one.stop]
            where = stops.index.get_loc(one.stop)
            now += travel[here, where]
            driven += travel[here, where]
            assert one.arrive == pytest.approx(now)
            assert one.on_board == pytest.approx(left)
            begin = max(now, want["early"])
            assert begin <= want["late"] + 1e-6
            assert one.wait == pytest.approx(begin - now)
            now = begin + want["service"]
            assert one.leave == pytest.approx(now)
            here, left = where, left - want["load"]
            seen.append(one.stop)
        driven += travel[here, home]
        now += travel[here, home]
        assert now <= closes + 1e-6
        assert row["end"] == pytest.approx(now)
    assert sorted([*seen, *plan.unserved["stop"]], key=str) == sorted(stops.index, key=str)
    return driven


def draw_day(town, n, seed):
    rng = np.random.default_rng(seed)
    spots = rng.choice(48, n, replace=False) + 1
    stops = at(town, *[(spot % 7, spot // 7) for spot in spots.tolist()])
    early = rng.integers(480, 560, n)
    return stops.assign(
        load=rng.integers(1, 6, n), early=early, late=early + rng.integers(20, 90, n), service=rng.integers(0, 8, n)
    )


COLUMNS = {"load": "load", "early": "early", "late": "late", "service": "service"}


# Against every plan there is


def drive(route, fleet, travel, stops):
    """Minutes that a vehicle drives; infinite where it breaks a rule."""
    if not route:
        return 0.0
    n, (opens, closes) = len(stops), fleet.minutes
    if stops["load"].iloc[list(route)].sum() > (fleet.capacity or np.inf):
        return np.inf
    now, here, driven = opens, n, 0.0
    for stop in route:
        want = stops.iloc[stop]
        now = max(now + travel[here, stop], want["early"])
        if now > want["late"]:
            return np.inf
        now, driven, here = now + want["service"], driven + travel[here, stop], stop
    return np.inf if now + travel[here, n] > closes else driven + travel[here, n]


def find_best(travel, stops, fleets):
    """Most stops served, and the least driving for that, over every order and every split: (unserved, minutes)."""
    n = len(stops)
    one, other = (fleet for fleet in fleets for _ in range(fleet.n))
    orders = [
        order
        for k in range(n + 1)
        for served in itertools.combinations(range(n), k)
        for order in itertools.permutations(served)
    ]
    # Of each set of stops the cheapest order, for either vehicle.
    cheapest = [{}, {}]
    for found, fleet in zip(cheapest, (one, other), strict=True):
        for order in orders:
            minutes = drive(order, fleet, travel, stops)
            if minutes < found.get(frozenset(order), np.inf):
                found[frozenset(order)] = minutes
    return min(
        (n - len(first) - len(second), minutes + more)
        for first, minutes in cheapest[0].items()
        for second, more in cheapest[1].items()
        if not first & second
    )


@pytest.mark.parametrize("seed", range(8))
def test_on_few_stops_it_finds_the_best_plan_there_is(town, depot, seed):
    stops = draw_day(town, 5 + seed % 2, seed)
    fleets = [Fleet(1, capacity=12, start=470, end=660), Fleet(1, capacity=9, start=490, end=640)]
    plan = plan_routes(town, stops, depot, fleets, iterations=2000, random_state=seed, **COLUMNS)
    travel = measure(town, stops, depot)
    driven = check(plan, travel, stops, fleets)
    unserved, least = find_best(travel, stops, fleets)
    assert len(plan.unserved) == unserved
    assert driven == pytest.approx(least)
    assert plan.objective == pytest.approx(driven)
    assert plan.routes["driving"].sum() == pytest.approx(driven)


@pytest.mark.parametrize("seed", range(4))
def test_larger_plans_hold(town, depot, seed):
    stops = draw_day(town, 40, seed)
    fleets = [Fleet(4, capacity=20, start=460, end=700), Fleet(2, capacity=40, start=480, end=720, name="lorry")]
    plan = plan_routes(town, stops, depot, fleets, iterations=3000, random_state=seed, **COLUMNS)
    check(plan, measure(town, stops, depot), stops, fleets)
    metres = plan.routes["length"].sum()
    assert metres == pytest.approx(plan.routes["driving"].sum() * PACE, rel=1e-3)
    assert {text.rsplit(" ", 1)[0] for text in plan.routes["vehicle"]} <= {"vehicle", "lorry"}


def test_fewer_vehicles_never_serve_more(town, depot):
    stops = draw_day(town, 30, 7)
    lost = [
        len(plan_routes(town, stops, depot, Fleet(n, capacity=20, start=460), iterations=3000, **COLUMNS).unserved)
        for n in (1, 2, 4, 8)
    ]
    assert lost == sorted(lost, reverse=True)
    assert lost[0] > 0


# The same again


def test_same_seed_same_plan_for_every_number_of_threads(town, depot):
    stops = draw_day(town, 25, 3)
    plans = [
        plan_routes(town, stops, depot, Fleet(5, capacity=25), iterations=800, random_state=11, n_jobs=n, **COLUMNS)
        for n in (1, 2, 1)
    ]
    for plan in plans[1:]:
        pd.testing.assert_frame_equal(plan.stops, plans[0].stops)
        assert plan.routes.drop(columns="geometry").equals(plans[0].routes.drop(columns="geometry"))
        assert plan.routes.geometry.geom_equals_exact(plans[0].routes.geometry, 0.0).all()


def test_what_is_drawn_elsewhere_does_not_matter(town, depot, stops):
    np.random.seed(5)  # noqa: NPY002  # the generator that others use
    first = plan_routes(town, stops, depot, Fleet(2), iterations=200)
    before = np.random.random()  # noqa: NPY002
    np.random.seed(5)  # noqa: NPY002
    again = plan_routes(town, stops, depot, Fleet(2), iterations=200)
    assert before == np.random.random()  # noqa: NPY002
    pd.testing.assert_frame_equal(first.stops, again.stops)


# Small and odd days


def test_one_stop(town, depot, stops):
    plan = plan_routes(town, stops.iloc[:1], depot, Fleet(3), iterations=50)
    assert len(plan.routes) == 1
    assert plan.objective == pytest.approx(2 * LEG, rel=1e-3)


def test_a_stop_at_the_depot(town, depot):
    plan = plan_routes(town, depot, depot, Fleet(1), iterations=50, service=5)
    assert plan.objective == 0
    assert plan.routes.geometry.is_empty.all()
    assert plan.stops["leave"].tolist() == [5.0]


def test_no_stop_is_refused(town, depot, stops):
    with pytest.raises(DataError, match="stops: the table has no rows"):
        plan_routes(town, stops.iloc[:0], depot, Fleet(1))
    with pytest.raises(DataError, match="depots: the table has no rows"):
        plan_routes(town, stops, depot.iloc[:0], Fleet(1))


def test_several_stops_at_one_place(town, depot, stops):
    same = pd.concat([stops.iloc[[3]]] * 6, ignore_index=True).assign(load=2)
    plan = plan_routes(town, same, depot, Fleet(3, capacity=4), load="load", iterations=100)
    assert plan.objective == pytest.approx(3 * 8 * LEG, rel=1e-3)
    assert sorted(plan.stops["stop"]) == list(range(6))


def test_point_windows_and_waiting(town, depot, stops):
    plan = plan_routes(town, stops.assign(e=600, l=600), depot, Fleet(9), early="e", late="l", iterations=200)
    assert len(plan.routes) == 6  # nobody is at two places at ten
    assert (plan.stops["arrive"] == 600).all()  # they leave so late that none waits
    assert plan.stops["clock"].unique().tolist() == ["10:00"]


def test_who_would_wait_leaves_later_and_keeps_what_is_asked_for_in_hand(town, depot, stops):
    early = [30, 200, 205, 40, 210, 215]
    day = stops.assign(e=early, l=[one + 60 for one in early])
    ends = []
    for hold in (0.0, 12.0, 1000.0):
        plan = plan_routes(town, day, depot, Fleet(2, start=0, end=600), early="e", late="l", hold=hold, iterations=500)
        waits = plan.stops.groupby("vehicle")["wait"].sum()
        first = plan.routes.set_index("vehicle")["start"]
        travel = measure(town, stops, depot)
        for row in plan.routes.itertuples():
            part = plan.stops[plan.stops["vehicle"] == row.vehicle]
            now, here = row.start, len(stops)
            slack = np.inf  # by how much it could leave later still
            for one in part.itertuples():
                now = max(now + travel[here, one.stop], early[one.stop])
                slack, here = min(slack, early[one.stop] + 60 - now), one.stop
            assert waits[row.vehicle] <= hold + 1e-6 or slack <= hold + 1e-6 or row.start == 0
        ends.append((plan.routes["end"].tolist(), first.tolist()))
    assert ends[1][0] == pytest.approx(ends[0][0])  # nobody is later home for it
    assert ends[2][0] == pytest.approx(ends[0][0])
    assert (np.array(ends[0][1]) >= np.array(ends[1][1]) - 1e-9).all()


@pytest.mark.parametrize("hold", [-1, "x", float("nan")])
def test_what_is_kept_in_hand_is_a_number_of_minutes(hold, town, depot, stops):
    with pytest.raises(SettingsError, match="hold="):
        plan_routes(town, stops, depot, Fleet(1), hold=hold)


def test_an_order_that_windows_ask_for_is_kept(town, depot, stops):
    late = [200, 190, 180, 170, 160, 150]
    plan = plan_routes(town, stops.assign(l=late, e=np.array(late) - 5), depot, Fleet(1), early="e", late="l")
    assert plan.stops["stop"].tolist() == [5, 4, 3, 2, 1, 0]
    assert (plan.stops["arrive"] + plan.stops["wait"]).tolist() == pytest.approx([145, 155, 165, 175, 185, 195])


# Who is not served, and why


def test_each_that_cannot_be_served_is_told_with_its_reason(town, depot, stops):
    day = stops.assign(
        load=[1, 99, 1, 1, 1, 1], late=[1440, 1440, "0:10", 1440, 1440, 1440], service=[0, 0, 0, 700, 0, 0]
    )
    day = pd.concat([day, day.iloc[[0]].assign(lon=day["lon"].max() + 0.05)], ignore_index=True)
    fleet = Fleet(2, capacity=10, start=0, end=600)
    plan = plan_routes(town, day, depot, fleet, load="load", late="late", service="service", iterations=100)
    assert dict(plan.unserved.itertuples(index=False)) == {
        1: "its load of 99 is more than a vehicle carries",
        2: "no vehicle can be there in its window",
        3: "no vehicle would be back by the end of its day",
        6: plan.unserved["why"].iloc[-1],
    }
    assert "m from any street" in plan.unserved["why"].iloc[-1]
    assert sorted(plan.stops["stop"]) == [0, 4, 5]
    assert "4 stops not served (1: its load of 99 is more than a vehicle carries; " in plan.explain()


def test_too_few_vehicles_serve_as_many_as_they_can(town, depot, stops):
    plan = plan_routes(town, stops.assign(load=[1, 1, 1, 3, 3, 3]), depot, Fleet(1, capacity=3), load="load")
    assert sorted(plan.stops["stop"]) == [0, 1, 2]
    assert set(plan.unserved["why"]) == {"no vehicle has room or time left for it"}


def test_a_stop_that_each_vehicle_misses_for_another_reason_is_told(town, depot, stops):
    fleets = [Fleet(1, capacity=1), Fleet(1, capacity=9, end="0:20")]
    plan = plan_routes(town, stops.iloc[[5]].assign(load=5), depot, fleets, load="load")
    assert plan.unserved["why"].tolist() == ["no vehicle that carries it can be there in its window, and back in time"]


def test_nobody_can_be_served(town, depot, stops):
    plan = plan_routes(town, stops, depot, Fleet(2, end="0:03"))
    assert len(plan.stops) == len(plan.routes) == 0
    assert len(plan.unserved) == 6
    assert plan.objective == 0
    assert plan.to_frame().columns[0] == "vehicle"
    assert plan.explain().startswith("0 vehicles serve 0 stops")
    with pytest.raises(DataError, match="nothing to draw"):
        plan.plot()


def test_loads_that_fill_a_vehicle_to_the_brim_fit(town, depot, stops):
    plan = plan_routes(town, stops.iloc[:3].assign(load=0.1), depot, Fleet(1, capacity=0.3), load="load")
    assert len(plan.stops) == 3  # though .1 + .1 + .1 is more than .3 in binary numbers


# Several depots, vehicles that differ


def test_several_depots(town):
    depots = at(town, (0, 0), (6, 6)).assign(who=["south", "north"])
    day = at(town, (1, 0), (2, 1), (5, 6), (6, 4)).assign(who=list("abcd"))
    fleets = [Fleet(1, depot="south"), Fleet(2, depot="north", name="van")]
    plan = plan_routes(town, day, depots, fleets, key="who", iterations=300)
    served = plan.stops.merge(plan.routes[["vehicle", "depot"]], on="vehicle")
    assert served.groupby("depot")["stop"].apply(set).to_dict() == {"south": {"a", "b"}, "north": {"c", "d"}}
    assert set(plan.routes["vehicle"]) <= {"vehicle 1", "van 2", "van 3"}
    with pytest.raises(SettingsError, match=r"there are 2 depots.*depot='south'"):
        plan_routes(town, day, depots, Fleet(1), key="who")
    with pytest.raises(SettingsError, match="depot='east' is none of the depots"):
        plan_routes(town, day, depots, Fleet(1, depot="east"), key="who")
    with pytest.raises(DataError, match="depots: column 'who': 1 key repeats"):
        plan_routes(town, day, depots.assign(who="south"), Fleet(1, depot="south"), key="who")


def test_rows_go_by_an_index_with_a_name(town):
    depots = at(town, (0, 0), (6, 6)).assign(who=["south", "north"]).set_index("who")
    day = at(town, (1, 0)).assign(shop="corner").set_index("shop")
    plan = plan_routes(town, day, depots, Fleet(1, depot="north"), iterations=20)
    assert plan.stops["stop"].tolist() == ["corner"]
    assert plan.routes["depot"].tolist() == ["north"]


def test_of_two_vehicles_alike_the_cheaper_is_used(town, depot, stops):
    plan = plan_routes(town, stops.iloc[:1], depot, [Fleet(1, fixed=100), Fleet(1)], iterations=50)
    assert plan.routes["vehicle"].tolist() == ["vehicle 2"]
    assert plan.objective == pytest.approx(2 * LEG, rel=1e-3)


@pytest.mark.parametrize("seed", range(3))
def test_of_vehicles_alike_the_first_are_used(town, depot, stops, seed):
    plan = plan_routes(town, stops.assign(load=1), depot, Fleet(9, capacity=2), load="load", random_state=seed)
    assert plan.routes["vehicle"].tolist() == ["vehicle 1", "vehicle 2", "vehicle 3"]


def test_what_vehicles_cost_is_no_driving(town, depot, stops):
    plan = plan_routes(town, stops, depot, Fleet(2, fixed=50), iterations=100)
    assert plan.objective == pytest.approx(50 + 12 * LEG, rel=1e-3)
    assert "in 75 minutes of driving" in plan.explain()


def test_by_distance_metres_are_kept_least(town, depot, stops):
    plan = plan_routes(town, stops, depot, Fleet(2), by="distance", iterations=100)
    assert plan.objective == pytest.approx(6000, rel=1e-3)
    assert plan.routes["length"].sum() == pytest.approx(plan.objective, rel=1e-6)
    assert "in 75 minutes of driving (6 km)" in plan.explain()


# One-way streets


def ring(folder):
    """A ring of four streets, one-way all round, and a one-way street that leads away from it for good."""
    corners = {1: (8.0, 50.0), 2: (8.006, 50.0), 3: (8.006, 50.004), 4: (8.0, 50.004), 5: (8.015, 50.004)}
    nodes = "".join(f'<node id="{one}" lon="{lon}" lat="{lat}"/>' for one, (lon, lat) in corners.items())
    streets = "".join(
        f'<way id="{number}"><nd ref="{a}"/><nd ref="{b}"/><tag k="highway" v="residential"/><tag k="oneway" v="yes"/></way>'
        for number, (a, b) in enumerate([(1, 2), (2, 3), (3, 4), (4, 1), (3, 5)], 10)
    )
    path = folder / "ring.osm"
    path.write_text(f'<osm version="0.6">{nodes}{streets}</osm>')
    return read_osm(path).streets("drive"), pd.DataFrame(corners, index=["lon", "lat"]).T


def test_one_way_streets_are_driven_one_way(tmp_path):
    network, places = ring(tmp_path)
    plan = plan_routes(network, places.loc[[2, 4]], places.loc[[1]], Fleet(1), iterations=100)
    assert plan.stops["stop"].tolist() == [2, 4]  # the other way round is twice the way
    round_trip = network.seconds[network.usable].sum() / 60
    assert plan.objective == pytest.approx(round_trip, rel=1e-3)
    two = plan_routes(network, places.loc[[2, 4]], places.loc[[1]], Fleet(2, capacity=1), load=None, iterations=100)
    assert two.objective == pytest.approx(round_trip, rel=1e-3)


def test_nobody_is_sent_where_there_is_no_way_back(tmp_path):
    network, places = ring(tmp_path)
    plan = plan_routes(network, places.loc[[2, 5]], places.loc[[1]], Fleet(1), iterations=100, max_snap=50)
    assert plan.unserved["stop"].tolist() == [5]
    assert "m from any street" in plan.unserved["why"].iloc[0]


# Wrong input


@pytest.mark.parametrize(
    ("change", "asked", "said"),
    [
        ({"load": -1}, {"load": "load"}, "column 'load': 6 rows have no number of 0 or more"),
        ({"load": "a lot"}, {"load": "load"}, "no number of 0 or more"),
        ({"load": "2:30"}, {"load": "load"}, "no number of 0 or more"),
        ({"load": True}, {"load": "load"}, "no number of 0 or more"),
        ({"load": np.inf}, {"load": "load"}, "no number of 0 or more"),
        ({"load": pd.Timestamp("2024-05-01")}, {"load": "load"}, "no number of 0 or more"),
        ({"load": [1, 2, None, 4, 5, 6]}, {"load": "load"}, r"1 row has no number of 0 or more \(row 3\)"),
        ({"stay": "long"}, {"service": "stay"}, "column 'stay': 6 rows have no number"),
        ({"e": "soon"}, {"early": "e"}, "column 'e': 6 rows have no time of day .*Write times as in 8:30"),
        ({"e": "8:61"}, {"early": "e"}, "no time of day"),
        ({"e": "25:00"}, {"early": "e"}, "no time of day"),
        ({"e": "13:00 pm"}, {"early": "e"}, "no time of day"),
        ({"e": -5}, {"early": "e"}, "no time of day"),
        (
            {"e": "9:00", "l": "8:00"},
            {"early": "e", "late": "l"},
            "column 'e, l': 6 rows have a window that ends before",
        ),
        ({"l": [8, 9, 10, 11, 12, 18]}, {"late": "l"}, "a number that looks like hours"),
        ({"l": "18.30"}, {"late": "l"}, "a number that looks like hours"),
        ({"l": 0.75}, {"late": "l"}, "part of a day"),
        (
            {"l": pd.to_datetime([f"2024-05-0{day} 9:00" for day in range(1, 7)])},
            {"late": "l"},
            "a later date than others",
        ),
        ({}, {"late": "nowhere"}, r"column 'nowhere': is missing; the table has 'lon', 'lat'\. .*leave late= out"),
        ({}, {"key": "nowhere"}, "column 'nowhere': is missing"),
        ({"who": "x"}, {"key": "who"}, "5 keys repeat"),
        ({"lon": [8.0, None, 8.0, 8.0, 8.0, 8.0]}, {}, "column 'lon': 1 value is missing"),
    ],
)
def test_wrong_columns_are_told(town, depot, stops, change, asked, said):
    with pytest.raises(DataError, match=said):
        plan_routes(town, stops.assign(**change), depot, Fleet(1), **asked)


def test_all_that_is_wrong_is_told_at_once(town, depot, stops):
    day = stops.assign(load="x", e="soon", stay=-1)
    with pytest.raises(DataError, match="3 problems"):
        plan_routes(town, day, depot, Fleet(1), load="load", early="e", service="stay")


def test_rows_that_go_by_one_name_are_refused(town, depot, stops):
    with pytest.raises(DataError, match=r"stops: the index repeats '0', .*key="):
        plan_routes(town, pd.concat([stops, stops]), depot, Fleet(1))
    with pytest.raises(DataError, match="depots: the index repeats '0'"):
        plan_routes(town, stops, pd.concat([depot, depot]), Fleet(1, depot=0))


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"service": -1}, "service=-1"),
        ({"service": np.nan}, "service=nan"),
        ({"service": None}, "service=None"),
        ({"service": np.inf}, "service=inf"),
        ({"fleets": None}, "fleets= holds no Fleet"),
        ({"fleets": []}, "fleets= holds no Fleet"),
        ({"fleets": 3}, "fleets= holds no Fleet"),
        ({"fleets": [3]}, "fleets= holds no Fleet"),
        ({"by": "money"}, "by='money'"),
        ({"engine": "magic"}, "engine='magic'"),
        ({"iterations": 0}, "iterations=0"),
        ({"random_state": -1}, "random_state=-1"),
        ({"random_state": None}, "random_state=None"),
        ({"max_snap": "near"}, "max_snap='near'"),
    ],
)
def test_wrong_arguments_are_told(town, depot, stops, asked, said):
    with pytest.raises(SettingsError, match=said.replace("[", r"\[")):
        plan_routes(town, stops, depot, asked.pop("fleets", Fleet(1)), **asked)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"n": 0}, "n=0"),
        ({"n": True}, "n=True"),
        ({"n": 1, "capacity": 0}, "capacity=0"),
        ({"n": 1, "capacity": np.nan}, "capacity=nan"),
        ({"n": 1, "fixed": -1}, "fixed=-1"),
        ({"n": 1, "start": "9:00", "end": "8:00"}, "start='9:00'"),
        ({"n": 1, "end": "soon"}, "end='soon'"),
        ({"n": 1, "start": 8, "end": 16}, "end=16 is minutes from midnight, and looks like hours"),
    ],
)
def test_wrong_fleets_are_told(asked, said):
    with pytest.raises(SettingsError, match=said):
        Fleet(**asked)


def test_a_depot_off_the_streets_is_refused(town, stops, depot):
    with pytest.raises(DataError, match="depot '0' is on no street"):
        plan_routes(town, stops, depot.assign(lat=depot["lat"] + 0.05), Fleet(1))


def test_without_pyvrp_its_engine_names_the_extra(town, depot, stops, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "pyvrp", None)
    with pytest.raises(MissingExtraError, match="routing"):
        plan_routes(town, stops, depot, Fleet(1), engine="pyvrp")


# Times as people write them


@pytest.mark.parametrize(
    ("written", "minutes"),
    [
        ("8:30", 510),
        (" 08:30:30 ", 510.5),
        ("1:15 pm", 795),
        ("1:15PM", 795),
        ("12:05 a.m.", 5),
        ("12:00 pm", 720),
        ("24:00", 1440),
        (510, 510),
        ("510", 510),
        (510.5, 510.5),
        (dt.time(8, 30), 510),
        (pd.Timestamp("2024-05-01 08:30"), 510),
        ("2024-05-01 08:30:00", 510),
        ("2024-05-01T08:30", 510),
    ],
)
def test_times_of_day(written, minutes):
    assert read_clock(written) == minutes


@pytest.mark.parametrize("written", ["", "noon", "8:3", "8:60", "25:00", "13:00 pm", "8:30 p", "-8:30", None, True])
def test_no_times_of_day(written):
    assert np.isnan(read_clock(written))


@pytest.mark.parametrize(
    "written",
    [
        ["8:00", "8:10", None, "", "8:40", "8:50"],
        pd.to_datetime(["2024-05-01 08:00", "2024-05-01 08:10", None, None, "2024-05-01 08:40", "2024-05-01 08:50"]),
        [480, 490, np.nan, np.nan, 520, 530],
        pd.array([480, 490, None, None, 520, 530], dtype="Int64"),
        [dt.time(8), dt.time(8, 10), None, None, dt.time(8, 40), dt.time(8, 50)],
    ],
)
def test_columns_of_times_in_every_form_make_one_plan(town, depot, stops, written):
    plan = plan_routes(
        town, stops.assign(by_then=written), depot, Fleet(2, start="7:30"), late="by_then", iterations=50
    )
    assert plan.unserved.empty
    served = plan.stops.set_index("stop")["arrive"]
    assert (served[[0, 1, 4, 5]] <= [480, 490, 520, 530]).all()


def test_windows_past_midnight_are_those_of_their_dates(town, depot, stops):
    day = stops.assign(e=pd.Timestamp("2024-05-01 22:00"), l=pd.Timestamp("2024-05-02 01:00"))
    plan = plan_routes(town, day, depot, Fleet(1, start="22:00", end=1800), early="e", late="l", service=20)
    assert plan.unserved.empty
    assert plan.stops["arrive"].between(1320, 1500).all()


# PyVRP, where it is installed


@pytest.mark.skipif(importlib.util.find_spec("pyvrp") is None, reason="needs the extra routing")
@pytest.mark.parametrize("seed", range(2))
def test_plans_of_pyvrp_hold(town, depot, seed):
    stops = draw_day(town, 30, seed)
    fleets = [Fleet(4, capacity=20, start=460, end=700), Fleet(2, capacity=40, start=480, end=720)]
    plan = plan_routes(town, stops, depot, fleets, engine="pyvrp", iterations=300, random_state=seed, **COLUMNS)
    check(plan, measure(town, stops, depot), stops, fleets)
