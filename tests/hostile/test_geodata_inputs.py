"""Bad maps, points, costs and settings: answered rightly, or refused with what, where, how many and the mend."""

import warnings

import geopandas as gpd
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import shapely

from domains.geodata import (
    Fleet,
    HuffModel,
    MapLayer,
    choose_sites,
    compute_costs,
    compute_floating_catchment,
    compute_hill,
    compute_isochrones,
    draw_map,
    find_addresses,
    find_map,
    find_nearest,
    find_routes,
    from_place,
    is_map,
    make_grid_town,
    measure_access,
    plan_routes,
    rank_sites,
    read_osm,
    read_points,
    snap_points,
    write_map,
)
from shared.errors import DataError, HexadError, SettingsError

INF, NAN = np.inf, np.nan


def refused(call) -> str:
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # nothing is said beside the error
        with pytest.raises(HexadError) as error:
            call()
    return str(error.value)


def says(text: str, *parts: str) -> None:
    assert [part for part in parts if part not in text] == [], text


@pytest.fixture(scope="module")
def town():
    return make_grid_town(5, 5)


@pytest.fixture(scope="module")
def helsinki():
    return read_osm(find_map("helsinki"), streets=["walk"])


@pytest.fixture
def corners(town) -> pd.DataFrame:
    """The 25 corners of the town, with what people have beside longitude and latitude."""
    return pd.DataFrame(
        {
            "lon": town.lon,
            "lat": town.lat,
            "store": [f"s{number}" for number in range(25)],
            "people": np.arange(25) + 1.0,
            "kind": ["cafe", "shop", "school", "bank", "park"] * 5,
        }
    )


def as_frame(table: pd.DataFrame) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(table, geometry=gpd.points_from_xy(table["lon"], table["lat"]), crs=4326)


# Every function that takes points, by the table that is wrong.
TAKERS = {
    "compute_costs": (compute_costs, "origins"),
    "compute_costs targets": (lambda town, bad, good: compute_costs(town, good, bad), "targets"),
    "find_nearest": (find_nearest, "origins"),
    "find_routes": (find_routes, "origins"),
    "compute_isochrones": (lambda town, bad, good: compute_isochrones(town, bad, 100), "origins"),
    "measure_access": (lambda town, bad, good: measure_access(town, bad, good, 100), "points"),
    "measure_access places": (lambda town, bad, good: measure_access(town, good, bad, 100), "places"),
    "snap_points": (lambda town, bad, good: snap_points(town, bad), "points"),
    "rank_sites": (lambda town, bad, good: rank_sites(town, bad, good, 1), "demand"),
    "rank_sites candidates": (lambda town, bad, good: rank_sites(town, good, bad, 1), "candidates"),
    "rank_sites existing": (lambda town, bad, good: rank_sites(town, good, good, 1, existing=bad), "existing"),
    "rank_sites rivals": (
        lambda town, bad, good: rank_sites(town, good, good, 1, goal="share", rivals=bad),
        "rivals",
    ),
    "plan_routes": (lambda town, bad, good: plan_routes(town, bad, good.iloc[:1], Fleet(1)), "stops"),
    "plan_routes depots": (lambda town, bad, good: plan_routes(town, good, bad, Fleet(1)), "depots"),
}
every = pytest.mark.parametrize("taker", TAKERS)


@every
@pytest.mark.parametrize(
    ("spoil", "parts"),
    [
        (
            lambda t: t.assign(lon=t["lat"], lat=t["lon"]),
            ("'lon, lat'", "exchanged: 25 of 25 points", 'lon="lat", lat="lon"'),
        ),
        (
            lambda t: as_frame(t.assign(lon=t["lat"], lat=t["lon"])),
            ("'geometry'", "exchanged: 25 of 25 points", "points_from_xy(data.geometry.y, data.geometry.x"),
        ),
        (lambda t: as_frame(t).set_crs(None, allow_override=True), ("has no CRS", 'set_crs("EPSG:4326")')),
        (
            lambda t: t.assign(lon=385_000.0, lat=6_672_000.0),
            (
                "2 problems",
                "'lon': 25 values are no longitudes",
                "'lat': 25 values are no latitudes",
                "rows 1, 2, 3",
                "CRS",
            ),
        ),
        (
            lambda t: as_frame(t.assign(lon=385_000.0, lat=6_672_000.0)),
            ("'geometry': 25 values are no longitudes", "rows 1, 2, 3, 4, 5, ..."),
        ),
        (
            lambda t: t.assign(lon=t["lon"].where(t.index != 3)),
            ("column 'lon': 1 value is missing (row 4)", "drop the rows"),
        ),
        (lambda t: t.assign(lat=t["lat"].replace(t["lat"][24], INF)), ("column 'lat'", "no latitude", "row")),
        (
            lambda t: t.assign(lon=t["lon"].astype(str).str.replace(".", ",")),
            ("column 'lon': 25 values are no numbers (rows 1, 2, 3, 4, 5, ...)", "with a point, as in 60.17"),
        ),
        (lambda t: t.assign(lon=["east", *t["lon"][1:]]), ("column 'lon': 1 value is no number (row 1)",)),
        (lambda t: t.assign(lon=True), ("column 'lon': holds truth values", "Give degrees")),
        (
            lambda t: t.assign(lon=t["lon"].where(t.index != 2, 0), lat=t["lat"].where(t.index != 2, 0)),
            ("1 point lies at 0, 0 (row 3)",),
        ),
        (
            lambda t: t.rename(columns={"lon": "x", "lat": "y"}),
            ("no column of longitude", "'x', 'y', 'store'", "lon=", "lat="),
        ),
        (
            lambda t: t.assign(lon=t["lon"] + 2),
            ("no point lies near the map, which reaches from 10.000, 50.000", "12.0"),
        ),
        (lambda t: t.iloc[:0], ("no rows", "at least one row")),
        (lambda t: pd.concat([t, t[["lon"]]], axis=1), ("repeated column names: 'lon'",)),
        (
            lambda t: as_frame(t).set_geometry([None, shapely.Point(), *as_frame(t).geometry[2:]], crs=4326),
            ("column 'geometry': 2 geometries are missing (rows 1, 2)",),
        ),
        (lambda t: t.to_dict("list"), ("a dict is no table",)),
        (lambda t: t[["lon", "lat"]].to_numpy(), ("a ndarray is no table",)),
        (lambda t: "points.csv", ("a str is no table", "read_table(path)")),
        (lambda t: shapely.Point(10, 50), ("a Point is no table",)),
    ],
)
def test_points_that_cannot_be_are_refused_by_the_name_of_their_table(town, corners, taker, spoil, parts):
    call, source = TAKERS[taker]
    bad = spoil(corners)
    if isinstance(bad, pd.DataFrame) and not len(bad) and source in {"existing", "rivals"}:
        return  # none are none
    text = refused(lambda: call(town, bad, corners))
    says(text, *parts)
    assert text.startswith(f"{source}: ")


@every
def test_what_is_no_network_is_refused(corners, taker, helsinki):
    for other, told in ((corners, "DataFrame"), (helsinki, "OsmMap"), (None, "NoneType"), ("town.osm.pbf", "str")):
        if taker.startswith("rank_sites") and other is not None and other is not corners:
            continue  # takes a map and a path, too
        says(
            refused(lambda other=other: TAKERS[taker][0](other, corners, corners)),
            f"a {told}",
            "StreetNetwork" if taker.startswith("rank") else "read_osm(path).streets('walk')",
        )


@every
def test_tables_of_other_libraries_are_tables(town, corners, taker):
    call = TAKERS[taker][0]
    some = corners.iloc[:6]
    plain = call(town, some, some.iloc[:6]) if "depots" not in taker else call(town, some.iloc[:1], some)
    for turn in (
        pl.from_pandas,
        pa.Table.from_pandas,
        as_frame,
        lambda t: t.convert_dtypes(),
        lambda t: t.assign(lon=t["lon"].astype(str)),
    ):
        bad = turn(some if "depots" not in taker else some.iloc[:1])
        found = call(town, bad, some)
        assert repr(found) == repr(plain)


def test_tables_of_other_libraries_keep_weights_sizes_and_keys(town, corners):
    asked = {"weight": "people", "key": "store", "by": "distance"}
    plain = rank_sites(town, corners, corners, 2, **asked)
    for turn in (pl.from_pandas, pa.Table.from_pandas, as_frame):
        found = rank_sites(town, turn(corners), turn(corners), 2, **asked)
        pd.testing.assert_frame_equal(found.values, plain.values)
    frame = measure_access(town, pl.from_pandas(corners), pl.from_pandas(corners), 100, kind="kind", weight="people")
    pd.testing.assert_frame_equal(frame, measure_access(town, corners, corners, 100, kind="kind", weight="people"))
    costs = pl.DataFrame({"a": [1.0, 2.0], "b": [2.0, 0.5]})
    assert choose_sites(costs, 1, existing=["a"]).sites == ["b"]
    draw_map(town, [MapLayer("a", pl.from_pandas(corners), tooltip=["store"], size="people")])
    plan = plan_routes(
        town,
        pl.from_pandas(corners[1:]),
        pl.from_pandas(corners[:1]),
        Fleet(2),
        load="people",
        key="store",
        iterations=50,
    )
    assert len(plan.stops) == 24


def test_each_table_may_have_a_crs_of_its_own(town, corners):
    frame = as_frame(corners)
    plain = compute_costs(town, corners, corners, by="distance").values
    mixed = compute_costs(town, frame.to_crs(32632), frame.to_crs(3857), by="distance").values
    np.testing.assert_allclose(mixed, plain, atol=0.01)
    areas = frame.to_crs(32632).assign(geometry=lambda t: t.geometry.buffer(20))
    on = snap_points(town, areas)
    np.testing.assert_allclose(on.off, 0, atol=21)
    assert (
        "of 25 areas or lines a point within counts" in on.notes
        or "of 25 area or lines a point within counts" in on.notes
    )
    assert snap_points(town, frame.geometry).labels.equals(frame.index)


def test_points_far_from_any_street_are_told_and_reach_nothing(town, corners):
    far = corners.assign(lon=corners["lon"].where(corners.index != 4, 10.09))
    found = compute_costs(town, far, corners)
    says(
        found.explain(),
        "1 of 25 rows of origins is further than 1000 m from any street (row 5; the furthest",
        "nobody gets there",
    )
    assert np.isinf(found.values[4]).all()
    assert np.isfinite(np.delete(found.values, 4, axis=0)).all()
    assert 4 not in set(find_nearest(town, far, corners)["origin"])
    assert measure_access(town, far, corners, 100).loc[4].tolist() == [0, INF]
    assert np.isinf(find_routes(town, far, corners)["length"][4])
    says(refused(lambda: rank_sites(town, far.iloc[[4]], corners, 1)), "no client reaches any site", "max_snap=")
    says(
        " ".join(rank_sites(town, far, corners, 1).notes),
        "1 client with 4 % of the demand reaches no site at all and is left out (first: '4')",
    )
    plan = plan_routes(town, far.iloc[3:6], corners.iloc[:1], Fleet(1), iterations=50)
    says(plan.unserved["why"].iloc[0], "m from any street")
    says(refused(lambda: plan_routes(town, corners, far.iloc[[4]], Fleet(1))), "depot '4' is on no street", "max_snap=")


def test_empty_frames_of_geometries_are_nothing_or_refused(town, corners):
    empty, some = as_frame(corners).iloc[:0], corners.iloc[:2]
    assert compute_costs(town, empty, some).values.shape == (0, 2)
    assert compute_costs(town, some, empty).explain() == "From 2 origins to 0 targets."
    assert find_nearest(town, empty, some).columns.tolist() == ["origin", "rank", "target", "cost"]
    assert find_nearest(town, some, empty).empty
    assert find_routes(town, empty, empty).empty
    assert compute_isochrones(town, empty, [100, 200]).empty
    assert measure_access(town, some, empty, 100).to_numpy().tolist() == [[0, INF]] * 2
    for taker in ("rank_sites", "rank_sites candidates", "plan_routes", "plan_routes depots"):
        call, source = TAKERS[taker]
        says(refused(lambda call=call: call(town, empty, corners)), f"{source}: the table has no rows")
    says(refused(lambda: rank_sites(town, corners, corners, 1, goal="share", rivals=empty)), "rivals=")


def test_keys_are_there_once_each(town, corners):
    twice = pd.concat([corners[:3], corners[:2]])
    says(
        refused(lambda: rank_sites(town, corners, twice, 2)),
        "candidates: the index repeats '0', '1'",
        "rows 4, 5",
        "key=",
    )
    says(refused(lambda: rank_sites(town, corners, corners, 2, existing=twice)), "existing: the index repeats")
    same = corners.assign(store=["a", "a", None, *corners["store"][3:]])
    text = refused(lambda: rank_sites(town, corners, same, 2, key="store"))
    says(text, "2 problems", "column 'store': 1 key is missing (row 3)", "1 key repeats an earlier one (row 2)")
    says(
        refused(lambda: rank_sites(town, corners, corners, 2, key="shop")),
        "column 'shop': is missing",
        "'store'",
        "key=",
    )
    says(
        refused(lambda: rank_sites(town, corners, corners, 2, key=["a", "b"])), "key=['a', 'b'] is no name of a column"
    )
    says(
        refused(lambda: choose_sites(pd.DataFrame(np.ones((2, 3)), columns=list("aba")), 1)),
        "'a' names more than one site",
    )
    named = corners.set_index("store")
    assert snap_points(town, named).labels.tolist() == corners["store"].tolist()
    assert (
        snap_points(town, as_frame(corners).set_index("store"), key="store").labels.tolist()
        == corners["store"].tolist()
    )


@pytest.mark.parametrize(
    ("values", "parts"),
    [
        ([1.0, None, "x"], ("2 values are missing or no numbers (rows 2, 3)",)),
        ([1.0, -2.0, 3.0], ("1 value is negative (row 2)",)),
        ([0, 0, 0], ("is 0 in every row",)),
        ([INF, 1, 1], ("1 value is missing or no number (row 1)",)),
    ],
)
def test_weights_sizes_and_capacities_are_numbers_of_0_or_more(town, corners, values, parts):
    bad = corners[:3].assign(n=pd.Series(values, dtype=object))
    good = corners[:3].assign(n=1.0)
    says(refused(lambda: rank_sites(town, bad, good, 1, weight="n")), "demand: column 'n'", *parts)
    says(refused(lambda: rank_sites(town, good, bad, 1, capacity="n")), "candidates: column 'n'", *parts)
    share = {"goal": "share", "size": "n"}
    says(refused(lambda: rank_sites(town, good, bad, 1, rivals=good, **share)), "candidates: column 'n'", *parts)
    says(refused(lambda: rank_sites(town, good, good, 1, rivals=bad, **share)), "rivals: column 'n'", *parts)
    for argument in ("weight", "capacity", "size"):
        asked = {argument: "m"} | ({"goal": "share", "rivals": good} if argument == "size" else {})
        says(
            refused(lambda asked=asked: rank_sites(town, good, good, 1, **asked)),
            "column 'm': is missing",
            f"{argument}=",
        )


# Costs, sizes and demand as arrays


@pytest.fixture
def costs() -> pd.DataFrame:
    return pd.DataFrame(np.random.default_rng(0).random((6, 4)) + 0.1, columns=list("abcd"), index=list("uvwxyz"))


COSTS = {
    "choose_sites": lambda costs: choose_sites(costs, 1),
    "share_market": lambda costs: HuffModel(exponent=2.0).share_market(costs, [1] * 4),
    "compare_sites": lambda costs: HuffModel(exponent=2.0).compare_sites(costs, [1] * 4, opens=[0]),
    "fit": lambda costs: HuffModel().fit(costs, [1] * 4, np.ones((6, 4))),
    "catchment": lambda costs: compute_floating_catchment(costs, [1] * 4, [1] * 6, 1.0),
}


@pytest.mark.parametrize("taker", COSTS)
@pytest.mark.parametrize(
    ("spoil", "parts"),
    [
        (lambda c: c.where(c < 0.9), ("missing, no numbers or negative", "rows", "infinity")),
        (lambda c: -c, ("24 values are missing, no numbers or negative (rows 1, 2, 3, 4, 5, ...)",)),
        (
            lambda c: pd.concat([c[:1], c[1:2].map(str) + " m", c[2:]]),
            ("4 values are missing, no numbers or negative (row 2",),
        ),
        (lambda c: c.iloc[:0], ("costs of shape (0, 4)", "a row a client")),
        (lambda c: c["a"].to_numpy(), ("costs of shape (6,)",)),
        (lambda c: None, ("costs of shape ()",)),
        (lambda c: "costs.csv", ("costs of shape ()",)),
        (lambda c: [[1, 2], [3]], ("rows of different lengths",)),
        (lambda c: c.to_numpy() + 1j, ("complex numbers",)),
        (lambda c: c.set_axis(list("abca"), axis=1), ("'a' names more than one site",)),
    ],
)
def test_costs_that_cannot_be_are_refused(costs, taker, spoil, parts):
    says(refused(lambda: COSTS[taker](spoil(costs))), "costs", *parts)


VALUES = {
    "weights": (6, lambda costs, v: choose_sites(costs, 1, weights=v)),
    "sizes": (4, lambda costs, v: HuffModel(exponent=2.0).share_market(costs, v)),
    "demand": (6, lambda costs, v: HuffModel(exponent=2.0).share_market(costs, [1] * 4, v)),
    "supply": (4, lambda costs, v: compute_floating_catchment(costs, v, [1] * 6, 1.0)),
}


@pytest.mark.parametrize("name", VALUES)
def test_numbers_of_clients_and_sites_that_cannot_be_are_refused(costs, name):
    n, call = VALUES[name]
    one = [1.0] * n
    for values, parts in (
        ([1.0], ("holds 1 value for", "Give one each")),
        (np.ones((n, 2)), (f"an array of shape ({n}, 2)",)),
        ("people", ("an array of shape ()",)),
        ([*one[1:], -1], (f"1 value is missing, infinite or negative (row {n})",)),
        ([NAN, INF, *one[2:]], ("2 values are missing, infinite or negative (rows 1, 2)",)),
        ([None, "x", *one[2:]], ("2 values are missing, infinite or negative (rows 1, 2)",)),
        ([0] * n, ("all are 0",)),
    ):
        says(refused(lambda values=values: call(costs, values)), f"{name}: ", *parts)
    labels = costs.index if n == 6 else costs.columns
    turned = pd.Series(range(1, n + 1), index=labels[::-1])
    says(refused(lambda: call(costs, turned)), f"{name}: ", "in another order than the costs", "reindex")
    # In their order, or without labels, or by labels of another kind: by place.
    first = call(costs, np.arange(n) + 1.0)
    for values in (pd.Series(range(1, n + 1), index=labels), list(range(1, n + 1)), pd.Series(range(1, n + 1))):
        assert repr(call(costs, values)) == repr(first)


def test_observed_shares_are_of_the_same_clients_and_sites(costs):
    def fit(observed, sizes=(1, 1, 1, 1)):
        return lambda: HuffModel(n_draws=10).fit(costs, sizes, observed)

    seen = pd.DataFrame(np.ones((6, 4)), index=costs.index, columns=costs.columns)
    says(refused(fit(seen[list("dcba")])), "names the sites in another order", "'d' stands first, not 'a'")
    says(refused(fit(seen.iloc[::-1])), "names the clients in another order")
    says(refused(fit(seen.iloc[:, :2])), "has the shape (6, 2), costs (6, 4)")
    says(refused(fit(seen.replace(1.0, "many"))), "24 values are missing or negative")
    says(refused(fit(-seen)), "24 values are missing or negative (rows 1, 2, 3, 4, 5, ...)")
    says(refused(fit(0 * seen)), "nothing was observed")
    says(refused(fit(seen, (0, 1, 1, 1))), "6 visits to sites of size 0")
    costs.iloc[2, 1] = INF
    says(refused(fit(seen)), "1 visits to sites out of reach (row 3)", "max_snap=")


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"n": 5}, "n=5: there are 4 candidates to choose from"),
        ({"n": 3, "existing": ["a"], "forbidden": ["b"]}, "n=3: there are 2 candidates"),
        ({"n": 0}, "n=0"),
        ({"n": None}, "n=None"),
        ({"n": "2"}, "n='2'"),
        ({"n": 2.0}, "n=2.0"),
        ({"n": True}, "n=True"),
        ({"goal": "centre"}, "goal='centre'"),
        ({"goal": "fewest", "limit": 1}, "leave it out"),
        ({"goal": "cover"}, "limit=None"),
        ({"goal": "cover", "limit": "5"}, "limit='5'"),
        ({"goal": "cover", "limit": -1}, "limit=-1"),
        ({"goal": "share"}, "needs pull="),
        ({"goal": "share", "pull": np.ones((6, 4)), "rivals": np.zeros(6)}, "without rivals any site wins everything"),
        ({"goal": "share", "pull": -np.ones((6, 4)), "rivals": np.ones(6)}, "missing, infinite or negative"),
        ({"goal": "share", "pull": np.ones((4, 6)), "rivals": np.ones(6)}, "pull has the shape (4, 6)"),
        ({"goal": "share", "pull": "size", "rivals": "them"}, "pull has the shape ()"),
        ({"existing": ["z"]}, "existing= names 'z', which is no site; there are 'a', 'b', 'c', 'd'"),
        ({"existing": 7}, "existing= names '7'"),
        ({"forbidden": ["a", "q"]}, "forbidden= names 'q'"),
        ({"existing": "a", "forbidden": ["a"]}, "it cannot be both"),
        ({"capacity": [1, 2]}, "capacity has the shape (2,)"),
        ({"capacity": [1, NAN, -1, 1]}, "2 values are missing or negative (rows 2, 3)"),
        ({"capacity": "room"}, "capacity: 1 value is missing or negative"),
        ({"capacity": 9, "goal": "cover", "limit": 1}, 'capacity= goes with goal="median"'),
        ({"clash": np.ones((2, 2))}, "clash has the shape (2, 2)"),
        ({"clash": "near"}, "clash has the shape ()"),
        ({"time_limit": "long"}, "time_limit='long'"),
        ({"time_limit": 0}, "time_limit=0"),
        ({"random_state": -1}, "random_state=-1"),
        ({"weights": [0, 0, 0, 0, 0, 0]}, "all are 0"),
    ],
)
def test_questions_that_cannot_be_asked_are_refused_before_solving(costs, asked, told):
    says(refused(lambda: choose_sites(costs, **{"n": 1} | asked)), told)


@pytest.mark.parametrize("exponent", [0, -2, "2", NAN, INF, None, True])
def test_exponents_that_are_none_are_refused(town, corners, exponent):
    share = {"goal": "share", "rivals": corners[:2]}
    says(
        refused(lambda: rank_sites(town, corners, corners[:5], 1, exponent=exponent, **share)), f"exponent={exponent!r}"
    )
    if exponent is not None:
        says(refused(lambda: HuffModel(exponent=exponent).share_market([[1.0]], [1])), f"exponent={exponent!r}")


# Settings of the rest


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda t, c: compute_costs(t, c, c, by="money"), "by='money'"),
        (lambda t, c: find_nearest(t, c, c, k=0), "k=0"),
        (lambda t, c: find_nearest(t, c, c, k=1.5), "k=1.5"),
        (lambda t, c: find_nearest(t, c, c, limit=-1), "limit=-1"),
        (lambda t, c: find_nearest(t, c, c, limit=NAN), "limit=nan"),
        (lambda t, c: find_routes(t, c, c[:2]), "25 origins and 2 targets"),
        (lambda t, c: snap_points(t, c, max_snap=-1), "max_snap=-1"),
        (lambda t, c: snap_points(t, c, max_snap="far"), "max_snap='far'"),
        (lambda t, c: snap_points(t, c, lon=0, lat=1), "lon=0 is no name of a column"),
        (lambda t, c: snap_points(t, c, lon="x"), "column 'x': is missing; the table has 'lon', 'lat'"),
        (lambda t, c: compute_isochrones(t, c, []), "limits=[]"),
        (lambda t, c: compute_isochrones(t, c, [100, -1]), "limits=[100, -1]"),
        (lambda t, c: compute_isochrones(t, c, "100"), "limits='100'"),
        (lambda t, c: compute_isochrones(t, c, None), "limits=None"),
        (lambda t, c: compute_isochrones(t, c, INF), "limits=inf"),
        (lambda t, c: compute_isochrones(t, c, 100, direction="there"), "direction='there'"),
        (lambda t, c: compute_isochrones(t, c, 100, detail=0), "detail=0"),
        (lambda t, c: measure_access(t, c, c, {"near": 1}), "limits={'near': 1}"),
        (lambda t, c: measure_access(t, c, c, 100, kind="class"), "kind='class'"),
        (lambda t, c: measure_access(t, c, c.assign(kind=[None, *c["kind"][1:]]), 100, kind="kind"), "(row 1)"),
        (
            lambda t, c: measure_access(t, c, c.assign(kind="all"), 100, kind="kind"),
            "'all', which is what all kinds together",
        ),
        (lambda t, c: measure_access(t, c, c, 100, weight="kind"), "25 values are missing, no numbers or negative"),
        (lambda t, c: measure_access(t, c, c, 100, decay="steep"), "decay='steep'"),
        (lambda t, c: measure_access(t, c, c, 100, diversity=True), "diversity= needs kind="),
        (lambda t, c: compute_hill([[1, -1]], 1), "counts: 1 value is missing or negative (row 1)"),
        (lambda t, c: compute_hill([["a"]], 1), "counts: 1 value is missing"),
        (lambda t, c: compute_hill([[1]], -1), "order=-1"),
        (lambda t, c: compute_floating_catchment([[1.0]], [1], [1], 0), "limit=0"),
        (lambda t, c: rank_sites(t, c, c, 2, apart="far"), "apart='far'"),
        (lambda t, c: rank_sites(t, c, c, 2, direction="x"), "direction='x'"),
        (lambda t, c: rank_sites(t, c, c, 2, by="x"), "by='x'"),
        (lambda t, c: rank_sites("none.osm.pbf", c, c, 2), "none.osm.pbf: there is no such file"),
        (lambda t, c: plan_routes(t, c, c[:1], []), "fleets="),
        (lambda t, c: plan_routes(t, c, c[:1], 3), "fleets="),
        (lambda t, c: plan_routes(t, c, c[:1], Fleet(1), service=-5), "service=-5"),
        (lambda t, c: plan_routes(t, c, c[:1], Fleet(1), load="kind"), "column 'kind'"),
        (lambda t, c: plan_routes(t, c, c[:2], Fleet(1)), "there are 2 depots"),
        (lambda t, c: make_grid_town(1, 5), "rows=1"),
        (lambda t, c: make_grid_town(5, 5, mode="fly"), "mode='fly'"),
        (lambda t, c: find_map("paris"), "there is no map 'paris'"),
        (lambda t, c: find_map(["helsinki"]), "there is no map"),
        (lambda t, c: MapLayer("a", c, colour="red"), "colour='red'"),
        (lambda t, c: MapLayer("a", c, tooltip=["x"]), "no column 'x'"),
        (lambda t, c: draw_map(t, [MapLayer("a", c, size="kind")]), "size='kind' holds no numbers"),
        (lambda t, c: draw_map(t, [c]), "layers= is a list of MapLayer"),
        (lambda t, c: draw_map(t, MapLayer("a", c)), "layers= is a list of MapLayer"),
        (lambda t, c: draw_map(c), "a DataFrame is no street network"),
        (lambda t, c: draw_map(), "there is nothing to draw"),
        (lambda t, c: write_map("map.html"), "there is nothing to draw"),
        (lambda t, c: write_map("map.html", c), "a DataFrame is no street network"),
    ],
)
def test_settings_out_of_range_are_refused_by_name(town, corners, call, told, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    says(refused(lambda: call(town, corners)), told)
    assert list(tmp_path.iterdir()) == []


def test_where_streets_are_one_way_the_direction_has_to_be_said(corners, tmp_path):
    nodes = "".join(f'<node id="{one}" lat="{50 + one % 2 / 1000}" lon="{10 + one // 2 / 1000}"/>' for one in range(4))
    tag = '<tag k="highway" v="residential"/>'
    ways = f'<way id="1"><nd ref="0"/><nd ref="1"/><nd ref="3"/><nd ref="2"/><nd ref="0"/>{tag}<tag k="oneway" v="yes"/></way>'
    (tmp_path / "town.osm").write_text(f'<osm version="0.6">{nodes}{ways}</osm>')
    ring = read_osm(tmp_path / "town.osm", streets=["drive"]).streets("drive")
    some = corners[:2]
    for call in (
        lambda **asked: compute_isochrones(ring, some, 100, **asked),
        lambda **asked: measure_access(ring, some, some, 100, **asked),
        lambda **asked: rank_sites(ring, some, some, 1, **asked),
    ):
        says(refused(call), "direction= is needed", "one-way", "direction='to'")
        assert call(direction="to") is not None
    forth = compute_costs(ring, some, some, by="distance").values
    assert forth[0, 1] != pytest.approx(forth[1, 0])


# Maps and addresses


def test_what_is_no_path_is_no_map(corners, helsinki):
    for given, told in (
        (corners, "DataFrame"),
        (None, "NoneType"),
        (b"town.osm", "bytes"),
        (helsinki, "OsmMap"),
        (3, "int"),
    ):
        says(refused(lambda given=given: read_osm(given)), f"a {told} is no path", "town.osm.pbf")
        assert not is_map(given)
    says(refused(lambda: read_osm("")), "is a folder")
    says(refused(lambda: read_osm("a\x00b.osm")), "a?b.osm")
    assert not is_map("a\x00b.osm")


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"streets": ["fly"]}, "streets=['fly']"),
        ({"streets": None}, "streets=None"),
        ({"streets": [1]}, "streets=[1]"),
        ({"place_keys": None}, "place_keys=None"),
        ({"place_keys": [""]}, "place_keys=('',)"),
        ({"place_keys": [3]}, "place_keys: names are text"),
    ],
)
def test_settings_of_a_reader_are_refused_by_name(asked, told):
    says(refused(lambda: read_osm(find_map("helsinki"), **asked)), told)


def test_a_bare_key_is_one_key():
    bare, listed = (read_osm(find_map("helsinki"), streets=["walk"], place_keys=keys) for keys in ("shop", ["shop"]))
    assert len(bare.places) > 50
    pd.testing.assert_frame_equal(bare.places, listed.places)


def test_a_map_read_without_places_has_none_and_says_for_what_it_has_streets():
    bare = read_osm(find_map("helsinki"), streets=["walk"], place_keys=[])
    assert bare.places.empty
    assert "0 places" in bare.explain()
    says(refused(lambda: bare.streets("drive")), "mode='drive'", "'walk'", "read_osm(streets=)")
    says(refused(lambda: bare.streets(None)), "mode=None")


def test_categories_that_are_not_there_are_refused_with_the_nearest(helsinki):
    says(refused(lambda: helsinki.find_places("food/caffe")), "did you mean 'food/cafe'?")
    says(refused(lambda: helsinki.find_places(3)), "category=3")
    assert helsinki.find_places(name="no such name").empty


@pytest.mark.parametrize(
    ("call", "parts"),
    [
        (lambda m: find_addresses(m, "Mannerheimintie 5"), ("addresses is one text", "list")),
        (lambda m: find_addresses(m, {"Mannerheimintie 5"}), ("a set is no table",)),
        (lambda m: find_addresses(m, 5), ("a int is no table",)),
        (lambda m: find_addresses(m, ["a 1"], street="a"), ("name columns of a table",)),
        (lambda m: find_addresses(m, pd.DataFrame({"a": ["b 1"]})), ("street=", "there are a")),
        (
            lambda m: find_addresses(m, pd.DataFrame({"a": ["b 1"]}), street="b"),
            ("column 'b': is missing; the table has 'a'",),
        ),
        (lambda m: find_addresses(m, pd.DataFrame({"a": []}), street="a"), ("no rows",)),
        (lambda m: find_addresses(m.streets("walk"), ["a 1"]), ("a StreetNetwork is no map", "read_osm(path)")),
        (lambda m: find_addresses(m.addresses, ["a 1"]), ("a DataFrame is no map",)),
    ],
)
def test_addresses_that_cannot_be_read_are_refused(helsinki, call, parts):
    says(refused(lambda: call(helsinki)), *parts)


def test_without_the_network_a_place_is_refused_and_a_file_is_named(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # where OSMnx keeps its cache
    says(refused(lambda: from_place("Kallio, Helsinki", timeout=20)), "'Kallio, Helsinki'", "read_osm('town.osm.pbf')")
    says(refused(lambda: from_place(3)), "place=3")
    says(refused(lambda: from_place("Kallio", timeout=0)), "timeout=0")


def test_points_are_read_and_left_as_they_are(corners):
    before = corners.copy(deep=True)
    for table in (corners, as_frame(corners), as_frame(corners).set_index("store")):
        copy = table.copy(deep=True)
        read_points(table, key="store")
        pd.testing.assert_frame_equal(pd.DataFrame(table), pd.DataFrame(copy))
    pd.testing.assert_frame_equal(corners, before)
    assert issubclass(DataError, ValueError)
    assert issubclass(SettingsError, ValueError)
