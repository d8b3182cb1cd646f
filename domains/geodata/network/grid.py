"""A town of straight streets at right angles, whose answers are known: for examples and tests."""

from __future__ import annotations

import numpy as np

from domains.geodata.network.build import Ways, build_network
from domains.geodata.network.streets import StreetNetwork
from domains.geodata.osm.speeds import CYCLING_PACE, WALKING_PACE
from domains.geodata.projection import LocalProjection
from shared.checks import is_number, is_whole
from shared.errors import SettingsError

__all__ = ["make_grid_town"]

PACES = {"drive": 30.0, "walk": WALKING_PACE, "bike": CYCLING_PACE}


def make_grid_town(
    rows: int, columns: int, *, spacing: float = 100.0, mode: str = "walk", lon: float = 10.0, lat: float = 50.0
) -> StreetNetwork:
    """Make a network of straight streets at right angles.

    Parameters
    ----------
    rows, columns : int
        Streets from west to east, and from south to north; at least 2 each.
    spacing : float
        Metres between them.
    mode : {"drive", "walk", "bike"}
    lon, lat : float
        Where its south-western corner lies.

    Raises
    ------
    SettingsError

    >>> float(make_grid_town(2, 3, spacing=50.0).length.sum().round())
    350.0
    """
    if not is_whole(rows, least=2) or not is_whole(columns, least=2) or not is_number(spacing, least=1e-3):
        raise SettingsError(f"rows={rows!r}, columns={columns!r}, spacing={spacing!r}: give 2 or more, and metres")
    if mode not in PACES:
        raise SettingsError(f"mode={mode!r}: the ways of moving are 'drive', 'walk' and 'bike'")
    plane = LocalProjection(lon, lat)
    across, up = np.meshgrid(np.arange(columns), np.arange(rows))
    node = (up * columns + across).astype(np.int64)
    west, south = plane.to_degrees(spacing * across.astype(float), spacing * up.astype(float))
    streets = [*node, *node.T]
    flat = np.concatenate(streets)
    starts = np.concatenate([[0], np.cumsum([len(street) for street in streets])])
    names = np.array(
        [f"{row + 1}. Street" for row in range(rows)] + [f"{column + 1}. Avenue" for column in range(columns)],
        dtype=object,
    )
    ways = Ways(
        np.arange(1, len(streets) + 1),
        names,
        np.full(len(streets), "residential", dtype=object),
        flat + 1,
        np.column_stack([west.ravel()[flat], south.ravel()[flat]]),
        starts,
    )
    yes = np.ones(len(streets), dtype=bool)
    return build_network(ways, mode, yes, yes, np.full(len(streets), PACES[mode]))
