"""Houses with several doors and numbers: each address is at its own, and none is put together of two."""

import pytest

from domains.geodata import find_addresses, read_osm


def tag(**tags: str) -> str:
    return "".join(f'<tag k="{key.replace("_", ":")}" v="{value}"/>' for key, value in tags.items())


def address(street: str = "", number: str = "") -> str:
    told = {"addr_street": street, "addr_housenumber": number}
    return tag(**{key: value for key, value in told.items() if value})


def library(outline: str, node: str, rest: str = "") -> str:
    """A library as a building 80 m wide, and as a node in it, with a street and what else is said."""
    corners = ((0, 0), (0, 0.0011), (0.0005, 0.0011), (0.0005, 0))
    points = "".join(
        f'<node id="{number}" lat="{50 + up}" lon="{8 + across}"/>' for number, (up, across) in enumerate(corners, 1)
    )
    ring = "".join(f'<nd ref="{number}"/>' for number in (1, 2, 3, 4, 1))
    kind = tag(amenity="library", name="Books")
    inside = f'<node id="9" lat="50.0001" lon="8.0001">{kind}{node}</node>'
    return f'<osm version="0.6">{points}{inside}{rest}<way id="1">{ring}{kind}{outline}</way></osm>'


def read(folder, text):
    file = folder / "town.osm"
    file.write_text(text)
    return read_osm(file, streets=["walk"])


def test_a_library_with_two_doors_has_both_addresses(tmp_path):
    town = read(tmp_path, library(address("South Street", "36"), address("North Street", "35")))
    assert len(town.places) == 1
    found = find_addresses(town, ["North Street 35", "South Street 36"]).table
    assert found["quality"].tolist() == ["exact", "exact"]
    assert found["lon"].iloc[0] == pytest.approx(8.0001)


@pytest.mark.parametrize(
    ("outline", "node"), [(("South Street",), ("North Street", "35")), (("", "36"), ("North Street", "35"))]
)
def test_halves_of_two_addresses_are_not_put_together(tmp_path, outline, node):
    town = read(tmp_path, library(address(*outline), address(*node)))
    addresses = set(zip(town.addresses["street"], town.addresses["number"], strict=True))
    assert ("North Street", "35") in addresses
    assert not addresses & {("South Street", "35"), ("North Street", "36")}


def test_a_place_without_an_address_has_that_of_its_door(tmp_path):
    town = read(tmp_path, library("", address("North Street", "35")))
    assert town.places[["street", "number"]].to_numpy().tolist() == [["North Street", "35"]]
    assert len(town.addresses) == 1


def test_a_number_is_not_in_the_middle_of_a_row_of_numbers(tmp_path):
    doors = (("14", 0.001), ("14-20", 0.003))
    rest = "".join(
        f'<node id="{20 + place}" lat="50.0" lon="{8 + east}">{address("Long Street", number)}</node>'
        for place, (number, east) in enumerate(doors)
    )
    town = read(tmp_path, library("", "", rest))
    found = find_addresses(town, ["Long Street 14", "Long Street 14-20", "Long Street 14 B", "Long Street 14 - 20"])
    assert found.table["lon"].round(6).tolist() == [8.001, 8.003, 8.001, 8.003]
