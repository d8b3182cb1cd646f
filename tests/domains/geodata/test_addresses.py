"""Addresses: found however they are written, forgiven one slip of the pen, and never guessed between two towns."""

import random

import numpy as np
import pandas as pd
import pytest

from domains.geodata import find_addresses, find_map, read_osm
from domains.geodata.osm.folding import fold_text
from domains.geodata.projection import measure_distance

LETTERS = "aeikntslu"


@pytest.fixture(scope="module")
def helsinki():
    return read_osm(find_map("helsinki"), streets=["walk"])


@pytest.fixture(scope="module")
def pairs(helsinki):
    """Every street and number of the map, once, with the middle of what bears it."""
    table = helsinki.addresses
    table = table[(table["street"] != "") & (table["number"] != "")]
    found = table.groupby(["street", "number"])[["lon", "lat"]].mean().reset_index()
    assert len(found) > 500
    return found


def write_out(street: str) -> str:
    for letter, plain in (("ä", "ae"), ("ö", "oe"), ("å", "aa"), ("ü", "ue"), ("Ä", "Ae")):
        street = street.replace(letter, plain)
    return street


def slip(street: str, rng=random.Random(0)) -> str:  # noqa: B008  # one series of slips for all
    """Leave out, put in, change or exchange a letter."""
    at, letter = rng.randrange(1, len(street) - 1), rng.choice(LETTERS)
    head, tail = street[:at], street[at + 1 :]
    return [head + tail, head + letter + street[at:], head + letter + tail, head + tail[:1] + street[at] + tail[1:]][
        rng.randrange(4)
    ]


WRITTEN = {
    "as they are": (0.95, lambda street, number: f"{street} {number}"),
    "number first": (0.95, lambda street, number: f"{number} {street}"),
    "small letters": (0.95, lambda street, number: f"{street.lower()} {number}"),
    "capitals": (0.95, lambda street, number: f"{street.upper()}   {number}"),
    "umlauts written out": (0.95, lambda street, number: f"{write_out(street)} {number}"),
    "with a comma": (0.95, lambda street, number: f" {street}, {number} "),
    "with the town": (0.95, lambda street, number: f"{street} {number}, 00100 Helsinki, Finland"),
    "with a door": (0.85, lambda street, number: f"{street} {number} B, Helsinki"),
    "with a slip": (0.85, lambda street, number: f"{slip(street)} {number}"),
}


def compare(found: pd.DataFrame, pairs: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Which are within 50 m, and which were said to be there and are not."""
    far = measure_distance(*(frame[name].to_numpy() for frame in (pairs, found) for name in ("lon", "lat")))
    sure = found["quality"].isin(["exact", "number"]).to_numpy()
    return far <= 50, sure & ~(far <= 50)


@pytest.mark.parametrize("how", WRITTEN)
def test_addresses_of_a_town_are_found_however_they_are_written(helsinki, pairs, how):
    least, write = WRITTEN[how]
    asked = [write(street, number) for street, number in zip(pairs["street"], pairs["number"], strict=True)]
    table = find_addresses(helsinki, asked).table
    near, wrong = compare(table, pairs)
    assert near.mean() >= least
    assert wrong.mean() <= 0.01
    assert table["address"].tolist() == [" ".join(one.split()) for one in asked]


@pytest.mark.parametrize("kind", [str, float, object])
def test_columns_of_streets_and_numbers(helsinki, pairs, kind):
    """Numbers that a spreadsheet made floats of are numbers of houses."""
    whole = pairs[pairs["number"].str.fullmatch(r"\d+")]
    frame = pd.DataFrame(
        {
            "Street": whole["street"].to_numpy(),
            "No": whole["number"].astype(float if kind is float else str).astype(kind).to_numpy(),
        }
    )
    found = find_addresses(helsinki, frame, street="Street", number="No")
    near, wrong = compare(found.table, whole)
    assert near.mean() >= 0.95
    assert wrong.mean() <= 0.01
    joined = find_addresses(
        helsinki, frame.assign(all=frame["Street"] + " " + whole["number"].to_numpy()), street="all"
    )
    assert joined.table["lon"].equals(found.table["lon"])


@pytest.mark.parametrize("missing", [None, float("nan"), pd.NA, pd.NaT, "", "   "])
def test_what_is_missing_is_not_found_and_nothing_else_is_touched(helsinki, missing):
    asked = ["Aleksanterinkatu 52", missing, "Nowhere Lane 1"]
    for given in (asked, pd.Series(asked, dtype=object), pd.DataFrame({"a": asked})):
        found = find_addresses(helsinki, given, **({"street": "a"} if isinstance(given, pd.DataFrame) else {}))
        assert found.table["quality"].tolist() == ["exact", "not found", "not found"]
        assert found.table.geometry.isna().tolist() == [False, True, True]
        assert found.table["lon"].isna().tolist() == [False, True, True]
        assert len(found.missing) == 2
        assert "Of 3 addresses 1 was found (1 exact). Not found: '', 'Nowhere Lane 1'." in found.explain()


def test_what_is_no_address_is_not_found(helsinki):
    asked = ["12", "12345", "?!", "a", "...", "1 2 3 4", "日本 1", "x" * 5000 + " 5", "\x00 1", 5, 2.5, True]
    assert set(find_addresses(helsinki, asked).table["quality"]) == {"not found"}
    assert find_addresses(helsinki, []).table.empty


# Small maps


def two_towns(tmp_path, rest: str = ""):
    """Church Street with houses 1 to 5 in Northtown, and with 1 to 3 in Southtown, 20 km south."""
    text = ['<osm version="0.6">']
    number = 0
    for town, lat, houses in (("Northtown", 50.2, 5), ("Southtown", 50.0, 3)):
        for house in range(1, houses + 1):
            number += 1
            tags = {"addr:street": "Church Street", "addr:housenumber": str(house), "addr:city": town}
            told = "".join(f'<tag k="{key}" v="{value}"/>' for key, value in tags.items())
            text.append(f'<node id="{number}" lat="{lat}" lon="{8 + 0.0003 * house:.4f}">{told}</node>')
        for name, east in (("Church Street", 0.0), ("Mill Lane", 0.001)):
            ends = [(number + 1, 8 + east), (number + 2, 8.002 + east)]
            text += [f'<node id="{one}" lat="{lat + east}" lon="{lon}"/>' for one, lon in ends]
            text.append(f'<way id="{number + 1}"><nd ref="{number + 1}"/><nd ref="{number + 2}"/>')
            text.append(f'<tag k="highway" v="residential"/><tag k="name" v="{name}"/></way>')
            number += 2
    # Nodes first, as osmium sorts files.
    parts = "".join(text[1:]).replace("<way", "\n<way").replace("<node", "\n<node").split("\n")
    parts = sorted((part for part in parts if part), key=lambda part: part.startswith("<way"))
    file = tmp_path / "towns.osm"
    file.write_text(text[0] + "".join(parts) + rest + "</osm>")
    return read_osm(file, streets=["walk"])


@pytest.mark.parametrize(
    ("asked", "lat"),
    [
        ("Church Street 2, Northtown", 50.2),
        ("Church St 2, Southtown", 50.0),
        ("2 church street, SOUTHTOWN", 50.0),
        ("Church Street 2", None),  # which of the two?
        ("Church Street 2, Elsewhere", None),
        ("Church Street 5", 50.2),  # only one of them has it
        ("Church Street 5, Northtown", 50.2),
        ("Mill Lane", None),
        ("Mill Lane 3", None),
        ("Church Street", None),
    ],
)
def test_one_name_in_two_towns_is_found_by_the_town_or_not_at_all(tmp_path, asked, lat):
    found = find_addresses(two_towns(tmp_path), [asked]).table.iloc[0]
    if lat is None:
        assert found["quality"] == "not found"
    else:
        assert found["lat"] == pytest.approx(lat, abs=1e-6)
        assert found["quality"] == "exact"


def test_a_long_street_of_many_pieces_is_one_street(helsinki):
    found = find_addresses(helsinki, ["Mannerheimintie", "Aleksanterinkatu"]).table
    assert found["quality"].tolist() == ["street", "street"]
    streets = helsinki.streets("walk")
    for row in found.itertuples():
        mine = streets.points[
            np.unique(
                np.concatenate(
                    [streets.first[streets.names == row.matched], streets.last[streets.names == row.matched]]
                )
            )
        ]
        assert measure_distance(mine[:, 0], mine[:, 1], row.lon, row.lat).min() < 60


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Kärntner Straße", "KAERNTNER STR."),
        ("Karl-Marx-Straße", "Karl Marx Strasse"),
        ("Hauptstraße", "Hauptstr."),
        ("Rue de l'Église", "rue de l’eglise"),
        ("Avenida São João", "Av. Sao Joao"),
        ("Ørsteds Vej", "orsteds vej"),
        ("High Street", "High St."),
        ("Łódzka", "lodzka"),
        ("5th Avenue", "5th Ave"),
    ],
)
def test_names_are_the_same_however_they_are_written(one, other):
    assert fold_text(one) == fold_text(other)


@pytest.mark.parametrize(
    ("one", "other"), [("Mill Lane", "Hill Lane"), ("1st Street", "2nd Street"), ("Am See", "Am Seel")]
)
def test_names_of_different_streets_stay_different(one, other):
    assert fold_text(one) != fold_text(other)


def test_a_slip_that_could_be_two_streets_is_not_guessed(tmp_path):
    file = tmp_path / "town.osm"
    nodes = "".join(
        f'<node id="{at}" lat="50" lon="{8 + at / 1000}"><tag k="addr:street" v="{name}"/><tag k="addr:housenumber" v="1"/></node>'
        for at, name in enumerate(["Mill Lane", "Hill Lane", "Castle Road"], 1)
    )
    file.write_text(f'<osm version="0.6">{nodes}</osm>')
    found = find_addresses(read_osm(file, streets=()), ["Bill Lane 1", "Mill Lane 1", "Castel Road 1", "Cstle Raod 1"])
    assert found.table["quality"].tolist() == ["not found", "exact", "exact", "exact"]
