"""Addresses found in the map itself: street and number, then street, then name; each with how good the match is."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy.sparse.csgraph import connected_components

from domains.geodata.osm.folding import fold_text
from domains.geodata.osm.map import OsmMap
from domains.geodata.projection import WGS84, measure_distance
from shared.data.io.frames import as_pandas
from shared.errors import DataError, Problem, SettingsError
from shared.result import Result
from shared.text import count_of

if TYPE_CHECKING:
    import geopandas as gpd

__all__ = ["FoundAddresses", "find_addresses"]

QUALITIES = ("exact", "number", "near", "street", "name", "not found")
NUMBER_BEHIND = re.compile(
    r"^(?P<street>.*?[^\W\d].*?)[\s,]+(?P<number>\d+\s*(?:[-/]\s*\d+)?\s*[a-zA-Z]?)\b\s*(?:\D.*)?$"
)
NUMBER_BEFORE = re.compile(r"^(?P<number>\d+\s*(?:[-/]\s*\d+)?\s*[a-zA-Z]?)[\s,]+(?P<street>.*[^\W\d].*)$")
HOUSE = re.compile(r"^\s*(\d+)\s*(?:[-/–]\s*\d+)?\s*([a-z]?)")
LIKE_FIRST = re.compile(r"\s*\d+\s*[a-z]?\s*")
# House numbers this far on along one side of a street are close by.
NEAR_NUMBERS = 6
# Points of one address further apart than this are two addresses: one street name in two towns.
APART = 400.0  # m
LONG_WORD = 8  # letters; a longer name may hold two slips of the pen, a shorter one
SHORTLIST = 25


@dataclass(frozen=True, repr=False)
class FoundAddresses(Result):
    """Where addresses are.

    Attributes
    ----------
    table : geopandas.GeoDataFrame
        A row an address, in their order: "address" as it was given, "lon", "lat", "quality" ("exact"; "number": the
        number with another letter; "near": a house some numbers on; "street": the middle of the street; "name": a place
        of that name; "not found"), "matched" (what it was taken for) and the point, empty where none was found.

    >>> from domains.geodata import find_addresses, find_map, read_osm
    >>> town = read_osm(find_map("helsinki"))
    >>> find_addresses(town, ["Nowhere Lane 1"]).table["quality"].tolist()
    ['not found']
    """

    table: gpd.GeoDataFrame

    @property
    def missing(self) -> gpd.GeoDataFrame:
        """The rows of which nothing was found."""
        return self.table[self.table["quality"] == "not found"]

    def to_frame(self) -> gpd.GeoDataFrame:
        """The table."""
        return self.table

    def explain(self) -> str:
        """Say how many were found, how well, and which were not."""
        counts = self.table["quality"].value_counts()
        parts = [f"{counts[quality]:,} {quality}" for quality in QUALITIES[:-1] if quality in counts]
        found = len(self.table) - len(self.missing)
        told = (
            f"Of {count_of(len(self.table), 'address', 'addresses')} {found:,} {'was' if found == 1 else 'were'} found"
        )
        told += f" ({', '.join(parts)})." if parts else "."
        if len(self.missing):
            first = ", ".join(repr(one) for one in self.missing["address"].head(3))
            told += f" Not found: {first}{', ...' if len(self.missing) > 3 else ''}."
        return told


def find_addresses(
    town: OsmMap, addresses: Any, *, street: str | None = None, number: str | None = None
) -> FoundAddresses:
    """Find addresses in a map, without a service.

    A slip of the pen in a street's name is forgiven where it can mean one street only. What could be two places far
    apart is not found, rather than guessed.

    Parameters
    ----------
    town : OsmMap
    addresses : sequence of str, or frame
        As in "Aleksanterinkatu 15 B, Helsinki" or "15 High Street"; of a frame the column(s) named.
    street, number : str, optional
        Columns of a frame: the street (or the whole address, without `number`), and the house number.

    Raises
    ------
    DataError, SettingsError

    >>> from domains.geodata import find_map, read_osm
    >>> town = read_osm(find_map("helsinki"))
    >>> found = find_addresses(town, ["ALEKSANTERINKATU 52", "Aleksanterinkatuu 52"])
    >>> found.table["matched"].tolist()
    ['Aleksanterinkatu 52', 'Aleksanterinkatu 52']
    """
    import geopandas as gpd

    if not isinstance(town, OsmMap):
        raise SettingsError(f"a {type(town).__name__} is no map; give what read_osm(path) gives")
    asked = _read_asked(addresses, street, number)
    index = _find_index(town)
    rows = [index.look_up(one) for one in asked]
    lon = np.array([row.lon for row in rows], dtype=float)
    lat = np.array([row.lat for row in rows], dtype=float)
    table = pd.DataFrame(
        {
            "address": [one.text for one in asked],
            "lon": lon,
            "lat": lat,
            "quality": [row.quality for row in rows],
            "matched": [row.matched for row in rows],
        }
    )
    points = gpd.GeoSeries(gpd.points_from_xy(lon, lat), crs=WGS84)
    points[np.isnan(lon)] = None
    return FoundAddresses(gpd.GeoDataFrame(table, geometry=points, crs=WGS84))


@dataclass(frozen=True)
class _Asked:
    text: str
    street: str
    number: str
    rest: str


@dataclass(frozen=True)
class _Match:
    lon: float
    lat: float
    quality: str
    matched: str


NOTHING = _Match(float("nan"), float("nan"), "not found", "")


def _read_asked(addresses: object, street: str | None, number: str | None) -> list[_Asked]:
    if isinstance(addresses, str):
        raise SettingsError("addresses is one text: give a list of them, or a table")
    if isinstance(addresses, Sequence | pd.Series | np.ndarray):
        if street is not None or number is not None:
            raise SettingsError("street= and number= name columns of a table; a list of addresses has none")
        return [_parse(one) for one in addresses]
    table = as_pandas(addresses, "addresses", copy=False)
    if street is None:
        raise SettingsError(
            f"say which column holds the addresses: street=; there are {', '.join(map(str, table.columns))}"
        )
    for column in (street, number):
        if column is not None and column not in table.columns:
            shown = ", ".join(map(repr, map(str, table.columns[:8])))
            problem = Problem(f"is missing; the table has {shown}", column=column, fix="Name the column of addresses.")
            raise DataError("addresses", [problem])
    if number is None:
        return [_parse(one) for one in table[street]]
    pairs = zip(table[street], table[number], strict=True)
    return [_join(_write(one), _write(other)) for one, other in pairs]


def _write(value: Any) -> str:
    if pd.api.types.is_scalar(value) and pd.isna(value):
        return ""
    if isinstance(value, float | np.floating) and float(value).is_integer():
        value = int(value)
    return " ".join(str(value).split())


def _join(street: str, number: str) -> _Asked:
    return _Asked(f"{street} {number}".strip(), street, number, "")


def _parse(value: object) -> _Asked:
    text = _write(value)
    first, _, rest = text.partition(",")
    for pattern, piece in ((NUMBER_BEHIND, first), (NUMBER_BEFORE, first), (NUMBER_BEHIND, text)):
        match = pattern.match(piece.strip())
        if match:
            return _Asked(text, match["street"].strip(" ,"), match["number"], rest)
    return _Asked(text, first.strip(), "", rest)


def _split_number(number: str) -> tuple[int, str]:
    match = HOUSE.match(number.casefold())
    return (int(match[1]), match[2]) if match else (-1, "")


def _find_index(town: OsmMap) -> _Index:
    index = town.__dict__.get("_address_index")
    if index is None:
        index = town.__dict__["_address_index"] = _Index(town)
    found: _Index = index
    return found


class _Index:
    """Addresses, streets and names of one map, by their folded text."""

    def __init__(self, town: OsmMap) -> None:
        table = town.addresses
        self.lon, self.lat = table["lon"].to_numpy(dtype=float), table["lat"].to_numpy(dtype=float)
        self.written = [f"{one} {other}".strip() for one, other in zip(table["street"], table["number"], strict=True)]
        self.numbers = ["".join(number.casefold().split()) for number in table["number"]]
        self.areas = [fold_text(f"{one} {other}") for one, other in zip(table["town"], table["postcode"], strict=True)]
        self.houses: dict[str, dict[int, dict[str, list[int]]]] = defaultdict(
            lambda: defaultdict(lambda: defaultdict(list))
        )
        for row, (street, number) in enumerate(zip(table["street"], table["number"], strict=True)):
            # A building between two streets, or with two doors, has several numbers: "12;14", "12-14".
            for place, part in enumerate(re.split(r"[;,]", number)):
                house, letter = _split_number(part)
                if place and not LIKE_FIRST.fullmatch(part.casefold()):
                    continue  # "26, 14. floor"
                if street and house >= 0:
                    self.houses[fold_text(street)][house][letter].append(row)
        self.ways = town.ways
        self.streets = self._gather_streets(town)
        self.names = self._gather_names(town)
        self.meant: dict[str, str] = {}
        self.grams: dict[str, set[str]] = defaultdict(set)
        for name in {*self.houses, *self.streets}:
            for gram in _cut_grams(name):
                self.grams[gram].add(name)

    @staticmethod
    def _gather_streets(town: OsmMap) -> dict[str, list[int]]:
        found: dict[str, list[int]] = defaultdict(list)
        for way, name in enumerate(town.ways.names):
            if name:
                found[fold_text(name)].append(way)
        return found

    def _take_street(self, rows: list[int]) -> _Match:
        """The middle of a street: the piece nearest to the mean of its pieces. None where they do not hang together."""
        ways, of = self.ways, np.array(rows)
        first, last = ways.starts[of], ways.starts[of + 1] - 1
        lon, lat = ways.points[(first + last) // 2].T
        ends = ways.points[np.concatenate([first, (first + last) // 2, last])]
        far = measure_distance(ends[:, :1], ends[:, 1:], ends[:, 0], ends[:, 1])
        piece = np.tile(np.arange(len(of)), 3)
        near = (far <= APART) | (piece[:, None] == piece)
        if connected_components(near, directed=False)[0] > 1:
            return NOTHING
        place = int(measure_distance(lon, lat, np.full_like(lon, lon.mean()), np.full_like(lat, lat.mean())).argmin())
        return _Match(float(lon[place]), float(lat[place]), "street", str(ways.names[of[place]]))

    @staticmethod
    def _gather_names(town: OsmMap) -> dict[str, list[tuple[float, float, str]]]:
        found: dict[str, list[tuple[float, float, str]]] = defaultdict(list)
        places = town.places
        for name, lon, lat in zip(places["name"], places["lon"], places["lat"], strict=True):
            if name:
                found[fold_text(name)].append((float(lon), float(lat), str(name)))
        return found

    def look_up(self, asked: _Asked) -> _Match:
        """The best match of one address."""
        if not asked.text:
            return NOTHING
        house, letter = _split_number(asked.number)
        name = self._find_street(fold_text(asked.street))
        if name and house >= 0 and name in self.houses:
            found = self._look_up_house(name, (house, letter), asked)
            if found is not None:
                return found
        if name and name in self.streets:
            return self._take_street(self.streets[name])
        for text in (asked.text, asked.street):
            if fold_text(text) in self.names:
                return _take_middle(self.names[fold_text(text)])
        return NOTHING

    def _look_up_house(self, name: str, number: tuple[int, str], asked: _Asked) -> _Match | None:
        (house, letter), numbers, area = number, self.houses[name], fold_text(asked.rest)
        if house in numbers:
            letters = numbers[house]
            # A door's letter is often not mapped, and the other way round: the house is the same.
            rows = letters.get(letter) or [row for some in letters.values() for row in some]
            return self._take(self._prefer(rows, asked.number, house), "exact" if letter in letters else "number", area)
        beside = [other for other in numbers if (other - house) % 2 == 0 and abs(other - house) <= NEAR_NUMBERS]
        if not beside:
            return None
        nearest = min(beside, key=lambda other: (abs(other - house), other))
        return self._take([row for some in numbers[nearest].values() for row in some], "near", area)

    def _prefer(self, rows: list[int], written: str, house: int) -> list[int]:
        """Rows of just this number, where there are some: "14" is not in the middle of "14-20"."""
        for number in ("".join(written.casefold().split()), str(house)):
            same = [row for row in rows if self.numbers[row] == number]
            if same:
                return same
        return rows

    def _take(self, rows: list[int], quality: str, area: str) -> _Match:
        places = np.array(sorted(set(rows)))
        if area and len(places) > 1:
            told = [bool(self.areas[row]) and self.areas[row] in area for row in places]
            told = told if any(told) else [any(word in area for word in self.areas[row].split()) for row in places]
            places = places[told] if any(told) else places
        if _spread(self.lon[places], self.lat[places]) > APART:
            return NOTHING
        return _Match(
            float(self.lon[places].mean()), float(self.lat[places].mean()), quality, self.written[int(places[0])]
        )

    def _find_street(self, folded: str) -> str:
        """The street meant: itself, or the only one so near that a slip of the pen can have made it."""
        if not folded or folded in self.houses or folded in self.streets:
            return folded
        if folded not in self.meant:
            self.meant[folded] = self._guess_street(folded)
        return self.meant[folded]

    def _guess_street(self, folded: str) -> str:
        counts: dict[str, int] = defaultdict(int)
        for gram in _cut_grams(folded):
            for name in self.grams.get(gram, ()):
                counts[name] += 1
        likely = sorted(counts, key=lambda name: (-counts[name], name))[:SHORTLIST]
        most = 2 if len(folded) > LONG_WORD else 1
        near = sorted((_count_edits(folded, name, most), name) for name in likely)
        near = [one for one in near if one[0] <= most]
        if not near or (len(near) > 1 and near[1][0] == near[0][0]):
            return ""
        return near[0][1]


def _cut_grams(text: str) -> set[str]:
    padded = f"  {text} "
    return {padded[place : place + 3] for place in range(len(padded) - 2)}


def _count_edits(one: str, other: str, most: int) -> int:
    """Letters to put in, leave out, change or swap with their neighbour (Damerau 1964); more than `most` is enough."""
    if abs(len(one) - len(other)) > most:
        return most + 1
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, letter in enumerate(one, 1):
        older, before, row = before, row, [i]
        for j, sign in enumerate(other, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (letter != sign))
            if i > 1 and j > 1 and letter == other[j - 2] and one[i - 2] == sign:
                cost = min(cost, older[j - 2] + 1)
            row.append(cost)
        if min(row) > most:
            return most + 1
    return row[-1]


def _spread(lon: Any, lat: Any) -> float:
    far = measure_distance(lon, lat, np.full_like(lon, lon.mean()), np.full_like(lat, lat.mean()))
    return float(far.max(initial=0.0))


def _take_middle(found: list[tuple[float, float, str]]) -> _Match:
    """The middle of the places of one name. Those that stand far apart are nobody's."""
    lon, lat = np.array([one[0] for one in found]), np.array([one[1] for one in found])
    if _spread(lon, lat) > APART:
        return NOTHING
    middle = (np.full_like(lon, lon.mean()), np.full_like(lat, lat.mean()))
    place = int(measure_distance(lon, lat, *middle).argmin())
    return _Match(found[place][0], found[place][1], "name", found[place][2])
