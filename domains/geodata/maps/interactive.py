"""A map to move about in: one HTML file for the browser, without tiles and without the network."""

from __future__ import annotations

import base64
import hashlib
import html
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from domains.geodata.maps.layers import MapLayer, Shapes, find_projection, flatten_layer
from domains.geodata.maps.static import pick_streets
from domains.geodata.maps.template import PAGE, SCRIPT, STYLE
from domains.geodata.network.streets import StreetNetwork
from domains.geodata.osm.map import ATTRIBUTION
from shared.reporting.figures import PALETTE
from shared.runtime.files import write_text
from shared.typing import Floats, Ints

__all__ = ["write_map"]

UNIT = 0.5  # m; coordinates are whole numbers of these
TOLERANCE = 1.0  # m by which lines may be simplified
MOST_POINTS = 250_000  # of street lines: some 2 MB
MOST_LISTED = 300  # rows a layer in the list


def write_map(
    path: str | Path,
    streets: StreetNetwork | None = None,
    layers: Sequence[MapLayer] = (),
    *,
    title: str = "Map",
    caption: str = "",
) -> Path:
    """Write a map as one HTML file: pan, zoom, layers to switch, tooltips, keyboard, dark and light.

    Nothing is fetched: there are no tiles, the streets are in the file.

    Parameters
    ----------
    path : path
        A file there is replaced.
    streets : StreetNetwork, optional
        Drawn behind.
    layers : sequence of MapLayer
        The first at the bottom.
    title, caption : str

    Raises
    ------
    DataError, SettingsError

    >>> import tempfile
    >>> from domains.geodata import make_grid_town
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     "OpenStreetMap" in write_map(Path(folder) / "map.html", make_grid_town(3, 3)).read_text(encoding="utf-8")
    True
    """
    plane = find_projection(streets, layers)
    flat = [flatten_layer(layer, plane) for layer in layers]
    data = {
        "unit": UNIT,
        "frame": _find_frame(streets, flat),
        "streets": [] if streets is None else _pack_streets(streets),
        "layers": [_pack_layer(layer, shapes) for layer, shapes in zip(layers, flat, strict=True)],
    }
    # A "<" in the data would end the script element.
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
    style = STYLE.replace("__LIGHT__", _colours(1)).replace("__DARK__", _colours(2))
    fields = {
        "__STYLE_HASH__": _hash(style),
        "__SCRIPT_HASH__": _hash(SCRIPT),
        "__TITLE__": html.escape(title),
        "__CAPTION__": f"<p>{html.escape(caption)}</p>" if caption else "",
        "__LEGEND__": "".join(_write_legend(layer) for layer in layers) or "Streets",
        "__LIST__": "".join(_write_list(layer, shapes) for layer, shapes in zip(layers, flat, strict=True)),
        "__CREDIT__": html.escape(ATTRIBUTION),
        "__STYLE__": style,
        "__SCRIPT__": SCRIPT,
        "__DATA__": text,
    }
    page = PAGE
    # One pass over the template: what a field holds is never looked into.
    parts = []
    while True:
        found = [(page.find(name), name) for name in fields if name in page]
        if not found:
            break
        at, name = min(found)
        parts += [page[:at], fields[name]]
        page = page[at + len(name) :]
    write_text(Path(path), "".join([*parts, page]))
    return Path(path)


def _hash(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _colours(which: int) -> str:
    return " ".join(f"--{name}: {values[which]};" for name, values in PALETTE.items())


def _find_frame(streets: StreetNetwork | None, flat: Sequence[Shapes]) -> list[int]:
    parts = [part for shapes in flat for part in shapes.parts]
    points = np.concatenate(parts) if parts else streets.plane if streets is not None else np.zeros((1, 2))
    low, high = points.min(axis=0), points.max(axis=0)
    room = np.maximum((high - low) * 0.08, 120.0)
    return [int(one) for one in np.round(np.concatenate([low - room, high + room]) / UNIT)]


def _pack_streets(streets: StreetNetwork) -> list[list[list[int]]]:
    import shapely

    packed = []
    for pieces in pick_streets(streets, None, MOST_POINTS):
        lines = shapely.simplify(streets.lines(pieces, plane=True), TOLERANCE)
        points, index = shapely.get_coordinates(lines, return_index=True)
        cuts = np.searchsorted(index, np.arange(1, len(lines)))
        packed.append(_pack(np.split(points, cuts) if len(lines) else []))
    return packed


def _pack(parts: Sequence[Floats]) -> list[list[int]]:
    """Whole steps from point to point, on from the last point of the part before."""
    if not parts:
        return []
    lengths = [len(part) for part in parts]
    steps = _find_steps(np.concatenate(parts))
    return [[int(one) for one in part.ravel()] for part in np.split(steps, np.cumsum(lengths)[:-1])]


def _find_steps(points: Floats) -> Ints:
    whole: Ints = np.round(points / UNIT).astype(np.int64)
    steps: Ints = np.diff(whole, axis=0, prepend=np.zeros((1, 2), np.int64))
    return steps


def _pack_layer(layer: MapLayer, shapes: Shapes) -> dict[str, Any]:
    return {
        "name": layer.name,
        "kind": shapes.kind,
        "colour": layer.colour,
        "parts": _pack(shapes.parts),
        "owner": np.asarray(shapes.owner).tolist(),
        "radius": shapes.radius.round(1).tolist(),
        "texts": shapes.texts,
        "dash": layer.dash,
        "marks": [*shapes.marks],
    }


def _write_legend(layer: MapLayer) -> str:
    return f'<label><input type="checkbox" checked><i></i>{html.escape(layer.name)}</label> '


def _write_list(layer: MapLayer, shapes: Shapes) -> str:
    rows = [text.replace("\n", " · ") for text in shapes.texts if text]
    body = "".join(f"<tr><td>{html.escape(text)}</td></tr>" for text in rows[:MOST_LISTED])
    more = f"<p>and {len(rows) - MOST_LISTED:,} more</p>" if len(rows) > MOST_LISTED else ""
    return f"<h2>{html.escape(layer.name)} ({len(shapes.texts):,})</h2><table>{body}</table>{more}"
