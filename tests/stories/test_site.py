"""The study of sites: a town of one's own, own sites and rivals, visits, sizes, the map's edge, and new spots."""

import html
import itertools
import json
import re
import shutil

import numpy as np
import pandas as pd
import pytest

from case_studies.common.runs import predict_from, run_study
from case_studies.site.rivals import mark_own
from case_studies.site.settings import SiteSettings
from case_studies.site.spots import spread_out
from domains.geodata import WALKING_PACE, make_grid_town
from shared.data import datasets
from shared.decision import InfeasibleError
from shared.errors import DataError, SettingsError, StoreError

SIDE, STEP = 12, 0.001  # crossings a side, and degrees of latitude between them: some 111 m
WIDTH = STEP / np.cos(np.radians(50.0))
SMALL = ["n_jobs=1", "draws=5", "losses=2", "random_sets=50", "guard=0"]
BAKERIES = [(2, 2, "Alpha"), (9, 3, "Beta"), (6, 9, "Alpha"), (3, 8, "Gamma")]


def at(x: float, y: float) -> tuple[float, float]:
    return 8.0 + x * WIDTH, 50.0 + y * STEP


def town_map() -> str:
    """A town of 12 x 12 crossings, with a shop at every other one and four bakeries."""
    nodes = []
    for y, x in itertools.product(range(SIDE), range(SIDE)):
        lon, lat = at(x, y)
        nodes.append(f'<node id="{SIDE * y + x + 1}" lat="{lat:.7f}" lon="{lon:.7f}"/>')
    places = [(x, y, "shoes", f"Shop {x} {y}") for x in range(SIDE) for y in range(SIDE) if (x + y) % 2 == 0]
    places += [(x, y, "bakery", name) for x, y, name in BAKERIES]
    for key, (x, y, kind, name) in enumerate(places, 1000):
        lon, lat = at(x, y)
        tags = f'<tag k="shop" v="{kind}"/><tag k="name" v="{name}"/>'
        nodes.append(f'<node id="{key}" lat="{lat:.7f}" lon="{lon:.7f}">{tags}</node>')
    lines = [[SIDE * y + x + 1 for x in range(SIDE)] for y in range(SIDE)]
    lines += [[SIDE * y + x + 1 for y in range(SIDE)] for x in range(SIDE)]
    ways = []
    for place, line in enumerate(lines):
        refs = "".join(f'<nd ref="{node}"/>' for node in line)
        name = f"{place} Street" if place < SIDE else f"{place - SIDE} Avenue"
        tags = f'<tag k="highway" v="residential"/><tag k="name" v="{name}"/>'
        ways.append(f'<way id="{5000 + place}">{refs}{tags}</way>')
    return f'<?xml version="1.0"?><osm version="0.6">{"".join(nodes + ways)}</osm>'


def table(points, **more) -> pd.DataFrame:
    found = pd.DataFrame([at(x, y) for x, y in points], columns=["lon", "lat"])
    return found.assign(**more)


CUSTOMERS = [(x, y) for x in range(1, 11) for y in range(1, 11)]
SPOTS = [(1, 5), (5, 5), (8, 6), (10, 10), (5, 1), (9, 9), (2, 9)]


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("town")
    (folder / "town.osm").write_text(town_map())
    people = table(CUSTOMERS, heads=1.0 + np.arange(100) % 7, who=[f"c{k}" for k in range(100)])
    people.to_csv(folder / "people.csv", index=False)
    spots = table(SPOTS, name=[f"Spot {k}" for k in range(len(SPOTS))], size=[50.0, 80, 60, 50, 120, 70, 50])
    spots.to_csv(folder / "spots.csv", index=False)
    sites = table([(x, y) for x, y, _ in BAKERIES], name=["N1", "N2", "N3", "N4"], brand=[one[2] for one in BAKERIES])
    sites.assign(size=[60.0, 90.0, 50.0, 40.0]).to_csv(folder / "sites.csv", index=False)
    return folder


NAMED = ["columns.weight=heads", "columns.customer=who"]


FILES = {"map": "town.osm", "customers": "people.csv", "candidates": "spots.csv", "sites": "sites.csv"}


def run(files, out, *names, overrides=()):
    data = {name: files / FILES[name] for name in names}
    return run_study("site", data=data, overrides=[*SMALL, *overrides], out=out).parent


def told_by(folder) -> str:
    """The text of the report as people read it."""
    text = re.sub(r"<(script|style)[^>]*>.*?</\1>", "", (folder / "report.html").read_text(), flags=re.DOTALL)
    return html.unescape(re.sub(r"<[^>]*>", "", text)).replace("\u00a0", " ")


def screen_of(folder) -> str:
    """The first screen of it."""
    return told_by(folder).split("To the report")[1].split("Where to open")[0]


def figures(folder) -> dict[str, float]:
    return json.loads((folder / "metrics.json").read_text())


@pytest.fixture(scope="module")
def own(files, tmp_path_factory):
    """Own map, customers, spots and sites, with sizes; two of the sites are one's own."""
    folder = tmp_path_factory.mktemp("own") / "run"
    return run(files, folder, "map", "customers", "candidates", "sites", overrides=[*NAMED, "own=alpha", "n=2"])


def walk(one, other) -> float:
    """Minutes along the grid."""
    street = abs(one[0] - other[0]) + abs(one[1] - other[1])
    return street * 111.19 / (WALKING_PACE / 0.06)


def win(chosen, sizes, own, rivals, exponent=2.0, least=1.0, weights=None) -> float:
    """Huff's rule, spelt out: demand that spots win from rivals, beyond what own sites had."""
    total = 0.0
    for who, heads in zip(CUSTOMERS, weights, strict=True):
        pull = [size / max(walk(who, spot), least) ** exponent for spot, size in zip(chosen, sizes, strict=True)]
        mine = sum(size / max(walk(who, spot), least) ** exponent for spot, size in own)
        theirs = sum(size / max(walk(who, spot), least) ** exponent for spot, size in rivals)
        total += heads * ((mine + sum(pull)) / (mine + sum(pull) + theirs) - mine / (mine + theirs))
    return total


# What is chosen


def test_the_spots_are_those_of_a_plain_search_with_sizes_and_own_sites(own, files):
    heads = pd.read_csv(files / "people.csv")["heads"]
    sizes = pd.read_csv(files / "spots.csv")["size"]
    there = [((x, y), size) for (x, y, _), size in zip(BAKERIES, [60.0, 90.0, 50.0, 40.0], strict=True)]
    mine, rivals = [there[0], there[2]], [there[1], there[3]]

    def value(pair):
        return win([SPOTS[k] for k in pair], sizes[list(pair)], mine, rivals, weights=heads)

    best = max(itertools.combinations(range(len(SPOTS)), 2), key=value)
    spots = pd.read_parquet(own / "spots.parquet")
    assert spots.loc[spots["chosen"], "spot"].tolist() == [f"Spot {k}" for k in best]
    assert figures(own)["share won"] == pytest.approx(value(best) / heads.sum(), rel=2e-3)
    alone = [value([k]) for k in range(len(SPOTS))]
    assert spots["wins alone"].tolist() == pytest.approx(alone, rel=5e-3)
    page = told_by(own)
    assert "from 2 rivals (of the table of sites)" in page
    assert "The 2 own sites win" in page
    assert "of all “heads”" in page
    assert "Nobody was counted" not in page
    assert "does not count as won" in page
    assert (
        "No other 2 of the 7 spots, 150 m apart or more, win more: that is proven for the demand assumed here." in page
    )


def test_no_simpler_way_is_better_and_the_best_of_a_goal_is_best_by_it(own):
    found = figures(own)
    assert min(value for name, value in found.items() if name.startswith("lack of")) >= -1e-9
    assert found["shortest mean minutes"] <= found["mean minutes"] + 1e-9
    assert found["most covered"] >= found["covered"] - 1e-9
    assert found["least share over exponents"] <= found["greatest share over exponents"]


def test_a_map_alone_is_enough_and_says_what_it_made_of_it(files, tmp_path):
    folder = run(files, tmp_path / "run", "map", overrides=["category=shop/bakery", "n=2", "least_around=1"])
    page = told_by(folder)
    assert "Nobody was counted: demand is made from the map, of 72 shops; each counts as one." in page
    assert "(“grocery/bakery” on the map)" in page
    assert "Street & " in page or "Avenue & " in page
    assert '<a href="map.html">' in (folder / "report.html").read_text()
    assert (folder / "map.html").read_text().startswith("<!DOCTYPE html>")
    assert "All sites are taken to be alike" in page
    sites = pd.read_parquet(folder / "sites.parquet")
    assert sorted(sites["site"])[2:] == ["Beta", "Gamma"]
    assert all(
        name.startswith("Alpha (") and name[-8:] in {" Street)", " Avenue)"} for name in sorted(sites["site"])[:2]
    )


def test_one_site_is_spoken_of_as_one(files, tmp_path):
    asked = [*NAMED, "n=1", "category=shop/bakery"]
    page = told_by(run(files, tmp_path / "run", "map", "customers", "candidates", overrides=asked))
    assert "it wins" in page
    assert "No other of the 7 spots wins more: that is proven for the demand assumed here." in page
    assert "these 1" not in page
    assert "1 spots" not in page


def test_sizes_count_only_where_both_sides_have_them(files, tmp_path):
    asked = [*NAMED, "n=1"]
    folder = run(files, tmp_path / "a", "map", "customers", "candidates", overrides=[*asked, "category=shop/bakery"])
    page = told_by(folder)
    assert "Sizes of spots do not count" in page
    assert pd.read_parquet(folder / "spots.parquet")["size"].tolist() == [1.0] * 7
    folder = run(files, tmp_path / "b", "map", "customers", "sites", overrides=[*asked, "least_around=0"])
    page = told_by(folder)
    assert "Spots without a size are taken to be like the open sites" in page
    assert "No column is there for" not in page
    assert set(pd.read_parquet(folder / "spots.parquet")["size"]) == {55.0}


def test_rivals_are_named_by_category_brand_or_name(files, tmp_path):
    asked = [*NAMED, "n=1"]
    folder = run(
        files, tmp_path / "a", "map", "customers", overrides=[*asked, 'rivals=["shop/shoes", "Beta"]', "least_around=0"]
    )
    assert figures(folder)["rivals"] == 73
    folder = run(
        files, tmp_path / "b", "map", "customers", "sites", overrides=[*asked, "rivals=gamma", "least_around=0"]
    )
    assert figures(folder)["rivals"] == 1


def test_brands_are_known_by_how_they_begin():
    found = pd.DataFrame(
        {"name": ["Robert's Coffee", "robert’s coffee Netcup", "Roberta", "X"], "brand": ["", "", "", "Y"]}
    )
    assert mark_own(found, ["Roberts Coffee"]).tolist() == [True, True, False, False]
    assert mark_own(found, ["y"]).tolist() == [False, False, False, True]


def test_own_sites_keep_apart(files, tmp_path):
    """Two spots next to each other where most is to be won: only one is opened, and a new spot beside it is no better."""
    points = [(5, 5), (5.5, 5), (1, 1), (10, 1)]
    table(points, name=["A", "A beside", "B", "C"]).to_csv(tmp_path / "spots.csv", index=False)
    data = {"map": files / "town.osm", "customers": files / "people.csv", "candidates": tmp_path / "spots.csv"}
    chosen = {}
    for apart in (0, 200, 5000):
        asked = [*SMALL, *NAMED, "category=shop/bakery", "n=2", f"apart={apart}", "exponent=1"]
        if apart == 5000:
            with pytest.raises(InfeasibleError, match="lower the least distance"):
                run_study("site", data=data, overrides=asked, out=tmp_path / "run")
            continue
        folder = run_study("site", data=data, overrides=asked, out=tmp_path / f"run{apart}").parent
        spots = pd.read_parquet(folder / "spots.parquet")
        chosen[apart] = spots.loc[spots["chosen"], "spot"].tolist()
        assert min(value for name, value in figures(folder).items() if name.startswith("lack of")) >= -1e-9
    assert chosen[0] == ["A", "A beside"]
    assert len({"A", "A beside"} & set(chosen[200])) == 1
    mine = points[["A", "A beside"].index(({"A", "A beside"} & set(chosen[200])).pop())]
    table([(mine[0] + 0.1, mine[1])]).to_csv(tmp_path / "new.csv", index=False)
    made = pd.read_csv(predict_from(tmp_path / "run200", data=tmp_path / "new.csv", out=tmp_path / "out.csv")[0])
    assert made["in the place of"].tolist() == [({"A", "A beside"} & set(chosen[200])).pop()]


# Visits


def test_the_exponent_is_learnt_from_visits(tmp_path):
    datasets.load("helsinki_visits").to_csv(tmp_path / "visits.csv", index=False)
    folder = run_study(
        "site", data={"visits": tmp_path / "visits.csv"}, overrides=SMALL, quick=True, out=tmp_path / "run"
    ).parent
    found = figures(folder)
    assert found["least exponent"] < 1.4 < found["greatest exponent"]
    page = told_by(folder)
    assert "was learnt from 2,400 visits of 120 customers" in page
    assert "is assumed, not learnt" not in page
    rule = pd.read_parquet(folder / "rule.parquet")
    assert rule["exponent"].iloc[0] == found["exponent"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            {"who": ["nobody", "c1"]},
            r"seen\.csv: column 'who': 1 values name no customer \(first: 'nobody'\) \(row 1\)",
        ),
        ({"where": ["N1", "Nowhere"]}, r"column 'where': 1 values name no open site \(first: 'Nowhere'\)"),
        ({"where": ["N1", "N1"]}, "visits to fewer than two sites"),
        ({"n": [1, -1]}, "column 'n'"),
    ],
)
def test_visits_of_nobody_or_nowhere_are_told(change, said, files, tmp_path):
    seen = pd.DataFrame({"who": ["c0", "c1"], "where": ["N1", "N2"], "n": [3, 4]}).assign(**change)
    seen.to_csv(tmp_path / "seen.csv", index=False)
    data = {name: files / file for name, file in FILES.items()} | {"visits": tmp_path / "seen.csv"}
    names = ["columns.visits.customer=who", "columns.visits.site=where", "columns.visits.visits=n"]
    with pytest.raises(DataError, match=said):
        run_study("site", data=data, overrides=[*SMALL, *NAMED, *names, "n=2"], out=tmp_path / "run")


def test_visits_without_keys_of_customers_are_told(files, tmp_path):
    pd.DataFrame({"customer": ["c0"], "site": ["N1"], "visits": [1]}).to_csv(tmp_path / "seen.csv", index=False)
    data = {name: files / file for name, file in FILES.items()} | {"visits": tmp_path / "seen.csv"}
    with pytest.raises(SettingsError, match="key of each customer"):
        run_study("site", data=data, overrides=[*SMALL, NAMED[0], "n=2"], out=tmp_path / "run")


# What is wrong


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (["category=food/sushi"], "has no such place, so that there is nobody to win from. It has shop/shoes \\(72\\)"),
        (["category=shop/bakery", "own=Alfa"], "own='Alfa': no site is called so; did you mean 'Alpha'"),
        (["category=shop/bakery", "rivals=Omega"], "rivals='Omega': no site is called so"),
        (["category=shop/bakery", 'own=["Alpha", "Beta", "Gamma"]'], "no rival is left"),
        (["category=shop/bakery", "n=7"], "holds 7 spots, and 7 are to be chosen"),
        (["demand.shop=-1"], "numbers from 0 on"),
        (["exponent=0"], "exponent"),
        (["candidates=20"], "candidates"),
    ],
)
def test_what_cannot_be_is_told(asked, said, files, tmp_path):
    with pytest.raises((DataError, SettingsError), match=said):
        run(files, tmp_path / "run", "map", "customers", "candidates", overrides=[*NAMED, *asked])


def test_columns_that_look_exchanged_are_told_with_their_setting(files, tmp_path):
    with pytest.raises(DataError, match=r"--set columns\.lon=lon, --set columns\.lat=lat"):
        run(files, tmp_path / "run", "map", "customers", overrides=[*NAMED, "columns.lon=lat", "columns.lat=lon"])


def test_no_demand_is_told(files, tmp_path):
    table(CUSTOMERS, heads=0.0).to_csv(tmp_path / "people.csv", index=False)
    data = {"map": files / "town.osm", "customers": tmp_path / "people.csv"}
    with pytest.raises(DataError, match="column 'heads': adds up to no demand at all"):
        run_study("site", data=data, overrides=[*SMALL, "columns.weight=heads"], out=tmp_path / "run")


# The edge


def test_demand_near_the_edge_does_not_count(files, tmp_path):
    asked = [*NAMED, "category=shop/bakery", "n=1", "guard=2"]
    folder = run(files, tmp_path / "a", "map", "customers", overrides=[*asked, "least_around=0"])
    people = pd.read_parquet(folder / "customers.parquet")
    inner = [2 <= x <= 9 and 2 <= y <= 9 for x, y in CUSTOMERS]
    assert (people["counts"] > 0).tolist() == inner
    spots = pd.read_parquet(folder / "spots.parquet")
    low, high = at(2, 2), at(9, 9)
    assert spots["lon"].between(low[0] - 1e-6, high[0] + 1e-6).all()
    assert spots["lat"].between(low[1] - 1e-6, high[1] + 1e-6).all()
    page = told_by(folder)
    assert "of the demand lies within 2 minutes of the map" in page
    assert "demand counts up to the map" in page


def test_a_guard_that_would_leave_too_little_is_shortened(files, tmp_path):
    folder = run(
        files, tmp_path / "a", "map", "customers", "candidates", overrides=[*NAMED, "category=shop/bakery", "guard=60"]
    )
    found = figures(folder)
    assert 1 / 3 <= found["demand that counts"] / found["demand"] < 0.6


# New spots


def test_spots_that_were_chosen_come_out_as_they_were(own, files, tmp_path):
    path, told = predict_from(own, data=files / "spots.csv", out=tmp_path / "out.csv")
    made, spots = pd.read_csv(path), pd.read_parquet(own / "spots.parquet")
    assert made["demand won"].tolist() == pytest.approx(spots["wins alone"].tolist(), abs=1e-3)
    assert not made["better"].any()
    assert (made["set wins"] <= made["chosen set wins"] + 1e-6).all()
    assert made["nearest rival"].isin(["N2", "N4"]).all()
    near = [min(walk(spot, (9, 3)), walk(spot, (3, 8))) for spot in SPOTS]
    assert made["minutes to the nearest rival"].tolist() == pytest.approx(near, abs=0.02)
    assert "0 of 7 make the set that was chosen better" in told[0]


def test_a_better_spot_is_told_and_what_it_would_take_the_place_of(own, tmp_path):
    table([(5, 5)], size=[5000.0]).to_csv(tmp_path / "new.csv", index=False)
    path, told = predict_from(own, data=tmp_path / "new.csv", out=tmp_path / "out.csv")
    made = pd.read_csv(path)
    assert made["better"].tolist() == [True]
    assert made["beats"].tolist() == ["2 of 2"]
    assert made["set wins"].iloc[0] > made["chosen set wins"].iloc[0]
    assert made["in the place of"].iloc[0] in set(pd.read_parquet(own / "spots.parquet").query("chosen")["spot"])
    assert "1 of 1 makes the set" in told[0]
    table([(5, 5)]).to_csv(tmp_path / "plain.csv", index=False)
    _, told = predict_from(own, data=tmp_path / "plain.csv", out=tmp_path / "plain-out.csv")
    assert any(text.startswith("Spots without a size are taken to be like those chosen") for text in told)


def test_spots_off_the_map_are_told(own, tmp_path):
    table([(5, 5), (40, 5)]).to_csv(tmp_path / "new.csv", index=False)
    with pytest.raises(DataError, match=r"1 of 2 spots are further than 500 m from any street of the map \(row 2\)"):
        predict_from(own, data=tmp_path / "new.csv", out=tmp_path / "out.csv")
    path, told = predict_from(own, data=tmp_path / "new.csv", out=tmp_path / "out.csv", accept_drift=True)
    made = pd.read_csv(path)
    assert made["demand won"].notna().tolist() == [True, False]
    assert any("they get no answer" in text for text in told)


def test_a_run_that_lost_a_table_is_told(own, files, tmp_path):
    shutil.copytree(own, tmp_path / "run")
    (tmp_path / "run" / "rule.parquet").unlink()
    with pytest.raises(StoreError, match=r"rule\.parquet is missing or damaged"):
        predict_from(tmp_path / "run", data=files / "spots.csv", out=tmp_path / "out.csv")


# Spots of the map


def test_spots_are_spread_evenly_and_the_same_for_the_same_seed():
    points = make_grid_town(30, 30, spacing=25.0).node_plane
    kept = spread_out(points, 100, 3)
    assert 60 <= len(kept) <= 100
    assert kept.tolist() == spread_out(points, 100, 3).tolist()
    assert kept.tolist() != spread_out(points, 100, 4).tolist()
    gaps = np.linalg.norm(points[kept][:, None] - points[kept][None], axis=2)
    assert gaps[gaps > 0].min() > 40


def test_a_category_may_be_named_as_the_map_tags_it():
    assert SiteSettings(category="shop=bakery").category == "grocery/bakery"
    assert SiteSettings(category="amenity/cafe").category == "food/cafe"
    assert SiteSettings(category="food").category == "food"


# The bundled map


def test_the_first_screen_says_that_a_simple_way_finds_the_same(study_run):
    folder = study_run("site", "quick")
    ways = pd.read_parquet(folder / "ways.parquet")
    assert ways.loc[ways["way"] == "the spots that win most alone", "less"].item() == 0
    screen = screen_of(folder)
    assert "Simply taking “the spots that win most alone” ends at the same 3 spots" in screen
    assert "The same spots" in screen
    assert (folder / "report.html").stat().st_size <= 600_000


def test_what_the_search_wins_is_held_against_the_best_simple_way(own):
    table = pd.read_parquet(own / "compared.parquet").pivot(index="customer", columns="model", values="value")
    simple = next(name for name in table.columns if name != "the chosen spots")
    ways = pd.read_parquet(own / "ways.parquet").set_index("way")
    assert ways.loc[simple, "less"] == pytest.approx(
        1 - table[simple].sum() / table["the chosen spots"].sum(), abs=1e-9
    )
    known = ways.index.intersection(["the spots that win most alone", "the spots taken one by one, the best each time"])
    assert ways.loc[simple, "wins"] >= ways.loc[known, "wins"].max() - 1e-12


def test_the_first_page_says_what_to_do_how_sure_and_when_not_to_believe_it(study_run):
    folder = study_run("site", "quick")
    screen = screen_of(folder)
    for text in (
        "What to do",
        "Open at ",
        "How sure that is",
        "that is proven",
        "When not to believe it",
        "Nobody was counted",
        "is assumed, not learnt",
        "is within 5 minutes of a new site",
    ):
        assert text in screen
    assert "does not count, since rivals beyond it are not seen" in screen
    spots = pd.read_parquet(folder / "spots.parquet")
    assert 50 <= len(spots) <= 300
    assert spots["chosen"].sum() == 3
    assert not spots["spot"].duplicated().any()
