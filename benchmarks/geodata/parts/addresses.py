"""Helsinki's addresses found in the map itself, as they are and as people write them; the truth is read by osmium."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from time import process_time
from typing import Any

import numpy as np

from domains.geodata import find_addresses, find_map, read_osm
from shared.typing import Floats

__all__ = ["measure"]

NEAR = 50.0  # m within which an address is found
TOGETHER = 100.0  # m within which what bears the same address is one place
EARTH = 6_371_008.8  # m
LETTERS = "aeiknostu"
UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "å": "aa", "Ä": "Ae", "Ö": "Oe", "Å": "Aa", "ü": "ue", "é": "e"})
# Streets of Tampere and Turku, and some that are nowhere; those that Helsinki has, too, are left out.
ELSEWHERE = (
    "Hämeenpuisto", "Satakunnankatu", "Näsilinnankatu", "Itsenäisyydenkatu", "Sammonkatu", "Pyynikintori", "Tuomiokirkonkatu",
    "Kuninkaankatu", "Verkatehtaankatu", "Yliopistonkatu", "Eerikinkatu", "Linnankatu", "Humalistonkatu", "Aurakatu",
    "Kauppiaskatu", "Brahenkatu", "Maariankatu", "Ursininkatu", "Rauhankatu", "Kaskenkatu", "Hallituskatu", "Puutarhakatu",
    "Papinkatu", "Kyttälänkatu", "Pellavatehtaankatu", "Otavalankatu", "Vuolteenkatu", "Ratinankuja", "Rantatie", "Harjukuja",
    "Sumuporras", "Quarry Lane", "Königsallee", "Rue de Rivoli", "Via Appia", "Calle Mayor", "Baker Street", "Nevski prospekt",
    "Nowhere Road", "Unter den Linden",
)  # fmt: skip


def read_pairs(path: Path) -> tuple[list[tuple[str, str]], Floats]:
    """Pairs of street and number with their place: the mean of what bears them; pairs at several places are left out.

    Parameters
    ----------
    path : path
    """
    found: dict[tuple[str, str], list[tuple[float, float]]] = defaultdict(list)
    for street, number, place in _read_objects(path):
        found[street, number].append(place)
    pairs, places, several = [], [], 0
    for pair, listed in sorted(found.items()):
        points = np.array(listed)
        apart = measure_apart(points[:, None], points[None]).max()
        if apart > TOGETHER:
            several += 1
            continue
        pairs.append(pair)
        places.append(points.mean(axis=0))
    streets = len({street for street, _ in pairs})
    print(
        f"  {len(pairs)} addresses in {streets} streets; {several} more are left out, whose places are over"
        f" {TOGETHER:g} m apart"
    )
    return pairs, np.array(places)


def _read_objects(path: Path) -> Iterator[tuple[str, str, tuple[float, float]]]:
    """Street, number and place of each node, way and relation that bears both."""
    import osmium

    nodes: dict[int, tuple[float, float]] = {}
    ways: dict[int, tuple[float, float]] = {}
    for one in osmium.FileProcessor(str(path)):
        item: Any = one
        place: tuple[float, float] | None = None
        if item.is_node():
            place = nodes[item.id] = (item.location.lon, item.location.lat)
        elif item.is_way():
            place = _take_mean([nodes[node.ref] for node in item.nodes if node.ref in nodes])
            if place is not None:
                ways[item.id] = place
        elif item.is_relation():
            outer = [ways[member.ref] for member in item.members if member.type == "w" and member.ref in ways]
            place = _take_mean(outer)
        street, number = item.tags.get("addr:street", "").strip(), item.tags.get("addr:housenumber", "").strip()
        if place is not None and street and number:
            yield street, number, place


def _take_mean(points: list[tuple[float, float]]) -> tuple[float, float] | None:
    """The middle of the box around points."""
    if not points:
        return None
    table = np.array(points)
    lon, lat = (table.min(axis=0) + table.max(axis=0)) / 2
    return float(lon), float(lat)


def measure_apart(one: Floats, other: Floats) -> Floats:
    """Metres between places near one another.

    Parameters
    ----------
    one, other : numpy.ndarray of shape (..., 2)
        Longitude and latitude.
    """
    step = np.radians(other - one)
    across = step[..., 0] * np.cos(np.radians((one[..., 1] + other[..., 1]) / 2))
    return np.asarray(EARTH * np.hypot(across, step[..., 1]))


def slip(street: str, draw: random.Random) -> str:
    """A street's name with a letter left out, put in, changed, or exchanged with the next.

    Parameters
    ----------
    street : str
    draw : random.Random
    """
    place = draw.randrange(1, len(street) - 1)
    letter, kind = draw.choice(LETTERS), draw.randrange(4)
    before, here, after = street[:place], street[place], street[place + 1 :]
    if kind == 3:
        return before + after[0] + here + after[1:]
    return before + ("", letter + here, letter)[kind] + after


def make_ways_to_write(seed: int) -> dict[str, Callable[[str, str], str]]:
    """How an address is written; the first is as it stands in the map.

    Parameters
    ----------
    seed : int
    """
    draw = random.Random(seed)
    return {
        "as it is": lambda street, number: f"{street} {number}",
        "small": lambda street, number: f"{street} {number}".lower(),
        "capital": lambda street, number: f"{street} {number}".upper(),
        "umlauts written out": lambda street, number: f"{street} {number}".translate(UMLAUTS),
        "a door's letter": lambda street, number: f"{street} {number} A",
        "a letter and the town": lambda street, number: f"{street} {number} A, Helsinki",
        "code and town": lambda street, number: f"{street} {number}, 00100 Helsinki, Finland",
        "number before": lambda street, number: f"{number} {street}",
        "blanks": lambda street, number: f"  {street}   {number} ",
        "a slip of the pen": lambda street, number: f"{slip(street, draw)} {number}",
        "a slip, small": lambda street, number: f"{slip(street, draw)} {number}".lower(),
    }


def measure(data: Path, peers: bool) -> dict[str, float]:
    """Share found within 50 m, and share taken for something else.

    Parameters
    ----------
    data : path
        Not used: the map is the bundled one.
    peers : bool
        Not used.
    """
    del data, peers
    path = find_map("helsinki")
    pairs, places = read_pairs(path)
    town = read_osm(path)
    found, wrong, took = {}, {}, 0.0
    for name, write in make_ways_to_write(0).items():
        asked = [write(*pair) for pair in pairs]
        began = process_time()
        table = find_addresses(town, asked).table
        took += process_time() - began
        off = measure_apart(places, table[["lon", "lat"]].to_numpy(dtype=float))
        there = (table["quality"] != "not found").to_numpy()
        far = there & (off > NEAR)
        found[name], wrong[name] = float((there & ~far).mean()), float(far.mean())
        told = "; ".join(f"{asked[row]!r} as {table['matched'].iloc[row]!r}" for row in np.flatnonzero(far)[:3])
        print(f"  {name}: {found[name]:.4f} found, {wrong[name]:.4f} taken for something else{f' ({told})' if told else ''}")  # fmt: skip
    plain, *disturbed = found
    print(f"  {1e6 * took / len(pairs) / len(found):.0f} millionths of a second each")
    return {
        "address_found": found[plain],
        "address_found_disturbed": min(found[name] for name in disturbed),
        "address_wrong": max(wrong.values()),
        "address_wrong_mean": float(np.mean(list(wrong.values()))),
        **_ask_elsewhere(town, {street for street, _ in pairs}),
    }


def _ask_elsewhere(town: Any, streets: set[str]) -> dict[str, float]:
    """Streets that are not on the map, and numbers that no street has: neither may be said to be found."""
    known = {street.casefold() for street in streets} | {name.casefold() for name in town.ways.names if name}
    asked = [f"{street} {number}" for street in ELSEWHERE if street.casefold() not in known for number in (2, 15)]
    table = find_addresses(town, asked).table
    taken = table[table["quality"] != "not found"]
    numbers = find_addresses(town, [f"{street} 987" for street in sorted(streets)]).table
    sure = numbers[numbers["quality"].isin(["exact", "number", "near"])]
    print(f"  of {len(asked)} addresses of other towns {len(taken)} are taken for one of this {taken['matched'].unique().tolist()[:5]};"
          f" of {len(numbers)} numbers that are nowhere {len(sure)} are said to be found")  # fmt: skip
    return {"address_elsewhere_taken": len(taken) / len(asked), "address_number_invented": len(sure) / len(numbers)}
