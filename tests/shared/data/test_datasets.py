"""Bundled data sets and the user's own files in their place."""

import sys

import pandas as pd
import pytest

from shared.data import datasets
from shared.data.datasets import Dataset, available, describe, load, load_with_report
from shared.data.schema import Column, Schema
from shared.errors import DataError, HexadError, MissingExtraError

KINDS = {
    "number": pd.api.types.is_numeric_dtype,
    "integer": pd.api.types.is_integer_dtype,
    "boolean": pd.api.types.is_bool_dtype,
    "datetime": pd.api.types.is_datetime64_any_dtype,
    "text": pd.api.types.is_string_dtype,
}


def needs(name):
    if not describe(name).installed:
        pytest.skip(f"{describe(name).package} is not installed")


def written(folder, text):
    path = folder / "own.csv"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture
def carrier(tmp_path, monkeypatch):
    """An installed package that fails when it is imported, with a table inside."""
    package = tmp_path / "carrier_of_data"
    package.mkdir()
    (package / "__init__.py").write_text("raise RuntimeError('imported')")
    (package / "table.csv").write_text("a,b\n1,x\n2,y\n")
    (tmp_path / "one_file_carrier.py").write_text("raise RuntimeError('imported')")
    monkeypatch.syspath_prepend(tmp_path)
    return package


def dataset(module, **more):
    schema = Schema((Column("a", "integer"), Column("b", "text")))
    return Dataset("small", "A", "B", "C", "carrier-of-data", module, "table.csv", (2, 2), schema, **more)


@pytest.mark.parametrize("name", available())
def test_a_bundled_data_set_is_as_stated(name):
    needs(name)
    stated = describe(name)
    frame, report = load_with_report(name)
    assert frame.shape == stated.shape == (report.rows, report.columns)
    assert report.repairs == ()
    for column in stated.schema.columns:
        prepared = stated.prepare is not None and pd.api.types.is_datetime64_any_dtype(frame[column.name])
        # Where nothing is filled in, as in the example's lower limits, there is nothing to be of a kind.
        empty = column.allow_missing and frame[column.name].isna().all()
        assert prepared or empty or KINDS[column.kind](frame[column.name].dropna()), column.name
        assert column.allow_missing or frame[column.name].notna().all(), column.name


@pytest.mark.parametrize("name", available())
def test_every_data_set_is_described(name):
    stated = describe(name)
    assert stated.name == name
    assert all([stated.title, stated.source, stated.licence, stated.package, stated.file])
    assert stated.schema.columns


def test_half_hours_of_melbourne():
    needs("vic_elec")
    frame = load("vic_elec")
    assert str(frame["Time"].dt.tz) == "Australia/Melbourne"
    assert frame["Time"].iloc[[0, -1]].dt.strftime("%Y-%m-%d %H:%M").tolist() == [
        "2012-01-01 00:00",
        "2014-12-31 23:30",
    ]
    assert (frame["Time"].diff().dropna() == pd.Timedelta(minutes=30)).all()


def test_quarters_become_dates():
    needs("tourism")
    quarters = load("tourism")["Quarter"]
    assert quarters.min() == pd.Timestamp("1998-01-01")
    assert set(quarters.dt.month) == {1, 4, 7, 10}


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(HexadError, match="there is no data set 'vic_elce'; did you mean 'vic_elec'"):
        load("vic_elce")


# Own files


def test_an_own_file_in_the_same_schema(tmp_path):
    path = written(tmp_path, "Time;Demand;Temperature;Holiday\n2024-01-01 00:00;4000,5;20,5;true\n"
                             "2024-01-01 00:30;3900,0;20,0;false\n")  # fmt: skip
    frame, report = load_with_report("vic_elec", path)
    assert frame["Demand"].tolist() == [4000.5, 3900.0]
    assert frame["Holiday"].tolist() == [True, False]
    assert frame["Time"].dt.minute.tolist() == [0, 30]
    assert report.source == "own.csv"


def test_an_own_file_with_options(tmp_path):
    path = written(tmp_path, "Time,Demand,Temperature,Holiday\n03/02/2024 10:00,4000,20,yes\n")
    assert load("vic_elec", str(path), dates="day-first")["Time"].dt.month.tolist() == [2]


def test_an_own_file_is_read_without_the_options_of_the_bundled_one(tmp_path):
    path = written(tmp_path, "Series ID,Month,Turnover\nA1,2024-05-01,3.5\n")
    assert load("aus_retail", path)["Month"].tolist() == [pd.Timestamp("2024-05-01")]


def test_a_wrong_own_file_tells_everything_at_once(tmp_path):
    path = written(tmp_path, "Time,Demnd,Temperature,Holiday\n2024-01-01,1,99,true\n2024-01-01,1,20,false\n")
    with pytest.raises(DataError) as caught:
        load("vic_elec", path)
    message = str(caught.value)
    assert message.startswith("own.csv: 3 problems")
    assert "column 'Demand': is missing; did you mean 'Demnd'?" in message
    assert "column 'Temperature': 1 value is above 60 (row 1)" in message
    assert "1 row repeats an earlier Time (row 2)" in message


@pytest.mark.parametrize("path", ["", "no-such-file.csv"])
def test_an_own_file_that_is_not_there(path):
    with pytest.raises(DataError):
        load("vic_elec", path)


@pytest.mark.parametrize("quarter", ["1998 Q5", "spring"])
def test_quarters_that_are_none(tmp_path, quarter):
    path = written(tmp_path, f"Quarter,Region,State,Purpose,Trips\n{quarter},a,b,c,1\n")
    with pytest.raises(DataError, match="Quarter"):
        load("tourism", path)


def test_an_own_file_of_quarters(tmp_path):
    path = written(tmp_path, "Quarter,Region,State,Purpose,Trips\n1998 Q2,a,b,c,1\n")
    assert load("tourism", path)["Quarter"].tolist() == [pd.Timestamp("1998-04-01")]


# Packages


def test_a_package_is_found_but_not_imported(carrier, monkeypatch):
    small = dataset("carrier_of_data")
    assert small.installed
    assert small.path() == carrier / "table.csv"
    monkeypatch.setitem(datasets._find_datasets(), "small", small)
    assert load("small")["b"].tolist() == ["x", "y"]
    assert "carrier_of_data" not in sys.modules


def test_a_package_that_is_not_installed_names_its_extra():
    absent = dataset("no_such_carrier", extra="demo")
    assert not absent.installed
    with pytest.raises(MissingExtraError, match=r"'carrier-of-data', which is not installed. .*\[demo\]"):
        absent.path()


def test_a_module_without_a_folder_carries_no_data(carrier):
    with pytest.raises(MissingExtraError, match="carrier-of-data"):
        dataset("one_file_carrier").path()


@pytest.mark.parametrize("name", [name for name in available() if describe(name).make is None])
def test_an_absent_package_of_a_bundled_data_set(name, monkeypatch):
    monkeypatch.setattr(datasets.importlib.util, "find_spec", lambda module: None)
    with pytest.raises(MissingExtraError, match=rf"\[{describe(name).extra}\]"):
        load(name)


# Simulated


def test_what_is_simulated_says_so_and_is_made_again_alike():
    stated = describe("cards")
    assert stated.installed
    assert "Simulated" in stated.title
    first, second = (load_with_report("cards") for _ in range(2))
    pd.testing.assert_frame_equal(first[0], second[0])
    assert first[1] == second[1]
    assert first[1].explain().startswith("cards (simulated): 41,050 rows, 8 columns.")


def test_what_is_simulated_is_checked_as_a_file_is(monkeypatch):
    made = dataset("no_such_carrier", make=lambda: pd.DataFrame({"a": [1, 2]}))
    monkeypatch.setitem(datasets._find_datasets(), "small", made)
    with pytest.raises(DataError, match="column 'b': is missing"):
        load("small")


def test_an_own_file_takes_the_place_of_what_is_simulated(tmp_path):
    path = written(
        tmp_path,
        "payment,paid,card,merchant,category,country,amount,fraud\n1,2024-03-01 10:00,01,a,b,AT,5.5,0\n",
    )
    frame = load("cards", path)
    assert frame["card"].tolist() == ["01"]
    assert frame["amount"].tolist() == [5.5]
