"""Streets in a model file: saved without what is worked out of them, loaded the same, refused where an index is off."""

import dataclasses
import pickle

import numpy as np
import pandas as pd
import pytest

from domains.geodata import compute_costs, find_map, make_grid_town, read_osm
from shared.errors import StoreError
from shared.runtime.store import dump_model, load_model, save_model


@pytest.fixture(scope="module")
def streets():
    return read_osm(find_map("helsinki"), streets=["walk"]).streets("walk")


def test_streets_come_back_as_they_were(streets, tmp_path):
    points = pd.DataFrame({"lon": [24.94, 24.95], "lat": [60.17, 60.168]})
    fresh = dump_model(streets)
    before = compute_costs(streets, points, points)  # works out what is not to be saved
    assert dump_model(streets) == fresh
    save_model(streets, tmp_path / "streets.hexad")
    loaded = load_model(tmp_path / "streets.hexad")
    for one in dataclasses.fields(streets):
        np.testing.assert_array_equal(getattr(loaded, one.name), getattr(streets, one.name))
    np.testing.assert_array_equal(compute_costs(loaded, points, points).values, before.values)
    assert pickle.loads(pickle.dumps(streets)).names.tolist() == streets.names.tolist()


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("tail", lambda town: town.tail + town.n_nodes),
        ("head", lambda town: -town.head - 1),
        ("last", lambda town: town.last + len(town.points)),
        ("seconds", lambda town: -town.seconds - 1),
        ("lon", lambda town: town.lon * np.nan),
        ("forward", lambda town: town.forward[:-1]),
        ("points", lambda town: town.points[:, :1]),
    ],
)
def test_altered_streets_are_refused(name, change, tmp_path):
    town = make_grid_town(3, 3)
    save_model(dataclasses.replace(town, **{name: change(town)}), tmp_path / "streets.hexad")
    with pytest.raises(StoreError, match=f"{name} of StreetNetwork"):
        load_model(tmp_path / "streets.hexad")
