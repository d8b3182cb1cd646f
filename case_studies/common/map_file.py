"""The map a study reads, beside its tables: the bundled one, or the user's own file in its place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from shared.data.io.sources import split_sheet
from shared.errors import Argument, DataError, Problem
from shared.reporting import Run

if TYPE_CHECKING:
    import pandas as pd

    from domains.geodata import MapLayer, OsmMap, Positions, StreetNetwork

__all__ = ["MAP_PAGE", "MapFile", "is_map_file", "is_table_file", "load_map", "save_map", "set_on_streets"]

MAP_PAGE = "map.html"


@dataclass(frozen=True)
class MapFile:
    """One map of a study: a file of OpenStreetMap's, told from a table by what is in it.

    Attributes
    ----------
    dataset : str
        The bundled data set whose file is the map in its place.
    about : str
        What it is for, in a clause.

    >>> MapFile("helsinki_places", "streets and places").dataset
    'helsinki_places'
    """

    dataset: str
    about: str = ""


def is_map_file(file: object) -> bool:
    """Whether a file that was named holds a map, whatever it is called; no address of a database does.

    Parameters
    ----------
    file : path or str

    >>> is_map_file("customers.csv")
    False
    """
    from domains.geodata import is_map

    return is_map(str(file))


def is_table_file(file: object) -> bool:
    """Whether a file is there that begins neither as a map nor as other XML, whose fault is told when it is read.

    Parameters
    ----------
    file : path or str

    >>> is_table_file("customers.csv")
    False
    """
    path, _ = split_sheet(str(file))
    try:
        with path.open("rb") as stream:
            head = stream.read(64)
    except (OSError, ValueError):  # told when it is read
        return False
    return bool(head) and not head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<") and not is_map_file(path)


def load_map(out: Run, dataset: str, *, role: str = "map", streets: Sequence[str] = ("walk",)) -> OsmMap:
    """Read the bundled map, or the user's own; its source goes into the report, its fingerprint into the run.

    Own tables alone leave the bundled map in place. Nothing of the file is kept: what new rows will need is saved with
    the run's results, as in ``out.save_results(model=town.streets("walk"), places=...)``, and where no table was read,
    what they look like is said by ``out.contract = contract_of(points)``.

    Parameters
    ----------
    out : Run
    dataset : str
        The bundled data set whose file is the map.
    role : str
        Name of the map in the study's declaration.
    streets : sequence of {"drive", "walk", "bike"}
        Ways of moving.

    Raises
    ------
    DataError
        The file is no map, or cannot be read.

    >>> from pathlib import Path
    >>> load_map(Run("demo", Path("none"), "A demo", "", {"map": "no-such.osm"}), "helsinki_places")
    Traceback (most recent call last):
    ...
    shared.errors.DataError: no-such.osm (map): there is no such file ...
    """
    from domains.geodata import ATTRIBUTION, read_osm

    try:
        town = out.load_file(dataset, lambda path: read_osm(path, streets=streets), role=role)
    except DataError as error:
        raise DataError(f"{error.source} ({role})", error.problems) from error
    out.report.footer["Map"] = f"{ATTRIBUTION}."
    return town


def save_map(out: Run, streets: StreetNetwork, layers: Sequence[MapLayer], *, caption: str = "") -> None:
    """Write a map to move about in, as map.html beside the report; the run's other files list it as theirs.

    Parameters
    ----------
    out : Run
    streets : StreetNetwork
    layers : sequence of MapLayer
        The first at the bottom.
    caption : str

    >>> from domains.geodata import make_grid_town
    >>> with TemporaryDirectory() as folder:
    ...     save_map(Run("demo", Path(folder), "A demo"), make_grid_town(3, 3), [])
    ...     (Path(folder) / MAP_PAGE).exists()
    True
    """
    from domains.geodata import write_map

    with TemporaryDirectory() as folder:
        page = write_map(Path(folder) / MAP_PAGE, streets, layers, title=out.title, caption=caption).read_bytes()
    out.own.write(MAP_PAGE, page)


def set_on_streets(
    network: StreetNetwork,
    table: pd.DataFrame,
    source: str,
    *,
    lon: str = "lon",
    lat: str = "lat",
    setting: str = "columns",
    max_snap: float = 500.0,
) -> Positions:
    """Set the points of a table on the nearest streets; some may be too far from any, but not all.

    Parameters
    ----------
    network : StreetNetwork
    table : pandas.DataFrame
    source : str
        What it is called in messages.
    lon, lat : str
        Its columns.
    setting : str
        The setting that holds the roles of its columns, for messages.
    max_snap : float
        Metres beyond which a point is on no street.

    Raises
    ------
    DataError
        The columns look exchanged, or no point lies near a street of the map.

    >>> import pandas as pd
    >>> from domains.geodata import make_grid_town
    >>> far = pd.DataFrame({"lon": [0.02], "lat": [0.0]})
    >>> set_on_streets(make_grid_town(2, 2, lon=0.0, lat=0.0), far, "cells.csv")
    Traceback (most recent call last):
    ...
    shared.errors.DataError: cells.csv: no point lies within 500 m of a street to walk on. Give the map of the place:
    --data map=FILE.
    """
    from domains.geodata import snap_points

    def spell(argument: Argument) -> str:
        return f"--set {setting}.{argument.name}={argument.value or 'NAME'}"

    try:
        found = snap_points(network, table, max_snap=max_snap, source=source, lon=lon, lat=lat)
    except DataError as error:
        raise error.respell(spell) from error
    if not found.snapped.any():
        what = f"no point lies within {max_snap:g} m of a street to {network.mode} on"
        raise DataError(source, [Problem(what, fix="Give the map of the place: --data map=FILE.")])
    return found
