"""A map as a role of a study: the bundled one or the user's own, known by what is in it; told where it is a table."""

import bz2
import gzip
import json
import shutil
from pathlib import Path

import pandas as pd
import pytest

from case_studies.common import cli
from case_studies.common.column_mapping import name_tables
from case_studies.common.copies import copy_study
from case_studies.common.runs import predict_from, run_study
from case_studies.common.study import find_study, load_study
from shared.errors import DataError, SettingsError

STUDY = '''
"""How far people are from the nearest pharmacy, for a test."""

from typing import Annotated, Any

import pandas as pd

from case_studies.common.column_mapping import Columns, Role, Table
from case_studies.common.map_file import MapFile, load_map
from case_studies.common.study import Study
from domains.geodata import find_nearest
from shared.data import read_table
from shared.data.contract import contract_of
from shared.runtime.config import Settings


class People(Columns):
    lon: Annotated[str, Role("number", "longitude")] = "lon"
    lat: Annotated[str, Role("number", "latitude")] = "lat"


class Far(Settings):
    columns: People = People()
    read_options: dict[str, Any] = {}


class Answer:
    def __init__(self, table):
        self.to_frame = lambda: table
        self.explain = lambda: "Done."


def run(settings, out):
    town = load_map(out, "helsinki_places", streets=["walk"])
    shops = town.places
    if out.has_table("") and out.files:
        people, _ = out.load_table("helsinki_places", settings.columns.table_schema())
    else:
        people = pd.DataFrame(shops[["lon", "lat"]])
        out.contract = contract_of(people)
    found = find_nearest(town.streets("walk"), people, shops)
    out.metrics["mean"] = float(found["cost"].mean())
    out.metrics["places"] = float(len(shops))
    out.save_results(model=town.streets("walk"), places=pd.DataFrame(shops[["lon", "lat"]]))


def predict(settings, run, data, accept_drift):
    places = read_table(run.folder / "places.parquet")
    return Answer(find_nearest(run.model(), read_table(data), places)), []


STUDY = Study(
    "A test", Far, run, predict,
    {"people": Table("helsinki_places", People, "a person"), "shops": Table("helsinki_places", People, "a shop")},
    {"map": MapFile("helsinki_places", "streets and places")},
)
'''


def grid_map() -> str:
    """A town of 3 x 3 crossings, some 111 m apart, with two shops."""
    nodes = [
        f'<node id="{3 * y + x + 1}" lat="{50 + y / 1000}" lon="{8 + x / 640}"/>' for y in range(3) for x in range(3)
    ]
    shops = [
        f'<node id="{place}" lat="{lat}" lon="8.0"><tag k="shop" v="bakery"/></node>'
        for place, lat in ((90, 50.0), (91, 50.002))
    ]
    lines = [[3 * y + x + 1 for x in range(3)] for y in range(3)] + [
        [3 * y + x + 1 for y in range(3)] for x in range(3)
    ]
    ways = []
    for place, line in enumerate(lines, 100):
        refs = "".join(f'<nd ref="{node}"/>' for node in line)
        ways.append(f'<way id="{place}">{refs}<tag k="highway" v="residential"/><tag k="name" v="Way {place}"/></way>')
    return f'<?xml version="1.0"?><osm version="0.6">{"".join(nodes + shops + ways)}</osm>'


@pytest.fixture(autouse=True)
def own_state(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path / "state"))


@pytest.fixture
def study(tmp_path) -> Path:
    folder = tmp_path / "far"
    folder.mkdir()
    (folder / "study.py").write_text(STUDY)
    (folder / "settings.toml").write_text("[columns]\nlon = 'lon'\nlat = 'lat'\n")
    return folder


@pytest.fixture
def files(tmp_path) -> Path:
    """A map, plain and packed and under a name that says nothing, and people at its corners."""
    text = grid_map().encode()
    for name, content in {
        "town.osm": text,
        "town.osm.gz": gzip.compress(text, mtime=0),
        "town.osm.bz2": bz2.compress(text),
        "town.txt": text,
    }.items():
        (tmp_path / name).write_bytes(content)
    pd.DataFrame({"lon": [8.0, 8.0031], "lat": [50.0, 50.002]}).to_csv(tmp_path / "people.csv", index=False)
    return tmp_path


def figures(folder: Path) -> dict[str, float]:
    return json.loads((folder / "metrics.json").read_text())


@pytest.mark.parametrize("name", ["town.osm", "town.osm.gz", "town.osm.bz2", "town.txt"])
def test_a_map_alone_is_known_by_what_is_in_it(study, files, name):
    folder = run_study(study, data=files / name, out=files / "run").parent
    assert figures(folder) == {"mean": 0.0, "places": 2.0}
    about = json.loads((folder / "run.json").read_text())
    assert list(about["data_fingerprints"]) == ["map"]
    assert len(about["data_fingerprints"]["map"]) == 64
    assert f"--data map={files / name}" in about["command"]
    page = (folder / "report.html").read_text()
    assert "OpenStreetMap contributors, ODbL 1.0" in page
    assert about["data_fingerprint"][:12] in page


def test_map_and_table_together_in_any_order_named_or_not(study, files):
    ways = [
        {"map": files / "town.osm", "people": files / "people.csv"},
        [str(files / "town.osm"), str(files / "people.csv")],
        [str(files / "people.csv"), f"map={files / 'town.osm'}"],
        [f"people={files / 'people.csv'}", str(files / "town.osm")],
    ]
    found = []
    for place, data in enumerate(ways):
        from case_studies.common.runs import run_and_summarise

        folder = run_and_summarise(study, data=data, out=files / f"run{place}")[0].parent
        found.append(figures(folder))
        contract = json.loads((folder / "schema.json").read_text())
        assert [column["name"] for column in contract["columns"]] == ["lon", "lat"]
    assert all(one == found[0] for one in found)
    assert found[0]["mean"] == pytest.approx(80, rel=0.1)  # the second walks two blocks of some 112 m


def test_another_map_is_other_data(study, files):
    """Results in the folder of a run on another map do not stay."""
    folder = run_study(study, data={"map": files / "town.osm"}, out=files / "run").parent
    before = json.loads((folder / "run.json").read_text())["data_fingerprints"]
    (files / "town.osm").write_text(grid_map().replace('k="shop" v="bakery"', 'k="shop" v="shoes"'))
    run_study(study, data={"map": files / "town.osm"}, out=files / "run")
    assert json.loads((folder / "run.json").read_text())["data_fingerprints"] != before


def test_the_bundled_map_stays_where_only_a_table_is_given(study, tmp_path):
    pd.DataFrame({"lon": [24.94], "lat": [60.17]}).to_csv(tmp_path / "people.csv", index=False)
    folder = run_study(study, data=tmp_path / "people.csv", out=tmp_path / "run").parent
    assert figures(folder)["places"] > 1000
    assert "Helsinki" in (folder / "report.html").read_text()


def test_a_run_predicts_without_the_map(study, files):
    folder = run_study(study, data={"map": files / "town.osm"}, out=files / "run").parent
    (files / "town.osm").unlink()
    path, _ = predict_from(folder, data=files / "people.csv")
    assert pd.read_csv(path)["origin"].tolist() == [0, 1]


@pytest.mark.parametrize("how", ["hexad new", "cp -r"])
def test_a_copy_reads_a_map(how, study, files):
    if how == "cp -r":
        shutil.copytree(study, files / "copy")
    else:
        copy_study(str(study), files / "copy")
    folder = run_study(files / "copy", data={"map": files / "town.osm"}, out=files / "run").parent
    predict_from(folder, data=files / "people.csv")


@pytest.mark.parametrize(
    ("data", "error", "said"),
    [
        ({"map": "people.csv"}, SettingsError, r"people\.csv' is no map, and the study needs one for 'map' \(streets"),
        ({"people": "town.osm"}, SettingsError, r"town\.osm' is a map, and 'people' is a table: --data map=FILE"),
        ({"mpa": "town.osm"}, SettingsError, "no table or map 'mpa'; it has people, shops, map"),
        ({"map": "nowhere.osm"}, DataError, r"nowhere\.osm \(map\): there is no such file"),
        ({"map": "empty.osm"}, DataError, r"empty\.osm \(map\): is empty"),
        ({"map": "torn.osm"}, DataError, r"torn\.osm \(map\): cannot be read to its end"),
        ({"map": "changes.osc"}, DataError, r"changes\.osc \(map\): holds changes to a map"),
        ({"map": "sqlite:///x.db"}, SettingsError, "is no map, and the study needs one for 'map'"),
    ],
)
def test_what_is_no_map_or_no_table_is_told(data, error, said, study, files):
    (files / "empty.osm").write_text("")
    (files / "torn.osm").write_text(grid_map()[:-300])
    (files / "changes.osc").write_text('<?xml version="1.0"?><osmChange version="0.6"></osmChange>')
    given = {name: file if "://" in file else files / file for name, file in data.items()}
    with pytest.raises(error, match=said):
        run_study(study, data=given, out=files / "run")
    assert not list((files / "run").glob("*.parquet"))


def test_files_are_named_where_they_could_be_several(files):
    tables, maps = {"people": None, "shops": None}, ["map"]
    town, table = str(files / "town.osm"), str(files / "people.csv")
    assert name_tables([town], tables, maps) == {"map": town}
    assert name_tables([table], tables, maps) == {"people": table}
    assert name_tables([table, town], tables, maps) == {"people": table, "map": town}
    with pytest.raises(SettingsError, match="say which table it is, as in --data people="):
        name_tables([table, f"shops={table}", town], tables, maps)
    with pytest.raises(SettingsError, match="the map 'map' is given twice"):
        name_tables([town, town], tables, maps)
    assert name_tables([town], tables) == {"people": town}  # of a study without a map it is no business


def test_the_command_line_takes_it(study, files, capsys):
    cli_args = ["run", str(study), "--data", f"map={files / 'town.osm'}", "--out", str(files / "run")]
    with pytest.raises(SystemExit) as ended:
        cli.main(cli_args)
    assert ended.value.code == 0
    with pytest.raises(SystemExit) as ended:
        cli.main([*cli_args[:3], f"people={files / 'town.osm'}", *cli_args[4:]])
    assert ended.value.code == 2
    assert "is a map, and 'people' is a table" in capsys.readouterr().err


def test_a_study_states_its_maps(study):
    assert load_study(find_study(study)).maps["map"].dataset == "helsinki_places"
