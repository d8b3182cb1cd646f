"""A still map for a report: streets behind, areas and points above, without tiles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from domains.geodata.maps.layers import MapLayer, Shapes, find_projection, flatten_layer
from domains.geodata.network.streets import StreetNetwork
from domains.geodata.osm.map import ATTRIBUTION
from shared.checks import is_number
from shared.errors import SettingsError
from shared.typing import Floats, Ints

if TYPE_CHECKING:
    from shared.reporting import Figure

__all__ = ["draw_map", "pick_streets"]

MAJOR = ("motorway", "trunk", "primary", "secondary", "tertiary")
# Points of street lines that a still map holds: some 150 kB.
MOST_POINTS = 12_000
STEPS = (100, 200, 500, 1000, 2000, 5000, 10000, 20000, 50000)  # m of scale bars
SIZE = (6.4, 5.6)
SIDES = (0.5, 100.0)  # inches: less shows nothing, more is a poster


def draw_map(
    streets: StreetNetwork | None = None,
    layers: Sequence[MapLayer] = (),
    *,
    alt: str = "A map.",
    caption: str = "",
    zoom: bool = True,
    size: tuple[float, float] = SIZE,
) -> Figure:
    """Draw a still map in the colours of the page.

    Parameters
    ----------
    streets : StreetNetwork, optional
        Drawn behind.
    layers : sequence of MapLayer
        The first at the bottom.
    alt, caption : str
        What it shows, and what to read from it.
    zoom : bool
        Whether it shows where the layers lie, and not all streets.
    size : tuple of float
        Inches.

    Raises
    ------
    DataError, SettingsError

    >>> from domains.geodata import make_grid_town
    >>> figure = draw_map(make_grid_town(4, 4), alt="A town of nine blocks.")
    >>> figure.alt
    'A town of nine blocks.'
    """
    from shared.reporting.figures import add_legend, draw

    _check_size(size)
    plane = find_projection(streets, layers)
    flat = [flatten_layer(layer, plane) for layer in layers]
    frame = _find_frame(streets, flat, zoom, size)

    def paint(axes: Any, colours: Mapping[str, str]) -> None:
        axes.set_aspect("equal")
        axes.set_xlim(frame[0], frame[2])
        axes.set_ylim(frame[1], frame[3])
        axes.set_axis_off()
        if streets is not None:
            _paint_streets(axes, colours, streets, frame)
        for layer, shapes in zip(layers, flat, strict=True):
            _paint_layer(axes, colours[layer.colour], layer, shapes, frame)
        _paint_scale(axes, colours, frame)
        if any(shapes.parts for shapes in flat):
            add_legend(axes)

    note = ATTRIBUTION if ATTRIBUTION not in caption else ""
    return draw(
        paint, alt=alt, caption=" ".join(one for one in (caption, f"Map: {note}." if note else "") if one), size=size
    )


def _check_size(size: object) -> None:
    sides = size if isinstance(size, tuple | list) else ()
    if len(sides) != 2 or not all(is_number(side, *SIDES) for side in sides):
        raise SettingsError(
            f"size={size!r}: give width and height in inches, from {SIDES[0]:g} to {SIDES[1]:g}, as in (7, 5)"
        )


def _find_frame(
    streets: StreetNetwork | None, flat: Sequence[Shapes], zoom: bool, size: tuple[float, float]
) -> tuple[float, float, float, float]:
    parts = [part for shapes in flat for part in shapes.parts]
    points = np.concatenate(parts) if parts and (zoom or streets is None) else None
    if points is None or not len(points):
        points = streets.plane if streets is not None else np.zeros((1, 2))
    low, high = points.min(axis=0), points.max(axis=0)
    middle, half = (low + high) / 2, np.maximum((high - low) / 2, 150.0) * 1.06
    ratio = size[0] / size[1]
    half = np.array([max(half[0], half[1] * ratio), max(half[1], half[0] / ratio)])
    return (*(middle - half).tolist(), *(middle + half).tolist())


def pick_streets(
    streets: StreetNetwork, frame: tuple[float, float, float, float] | None, most: int
) -> tuple[Ints, Ints]:
    """Pieces to draw, the major ones and the others: within a frame, and as many as a picture bears.

    Parameters
    ----------
    streets : StreetNetwork
    frame : tuple of float, optional
        Least x, least y, greatest x, greatest y in the plane.
    most : int
        Points of lines.

    >>> from domains.geodata import make_grid_town
    >>> [len(part) for part in pick_streets(make_grid_town(2, 2), None, 100)]
    [0, 4]
    """
    pieces = np.arange(streets.n_pieces)
    if frame is not None:
        ends = np.stack([streets.node_plane[streets.tail], streets.node_plane[streets.head]])
        low, high = ends.min(axis=0), ends.max(axis=0)
        inside = (high[:, 0] >= frame[0]) & (low[:, 0] <= frame[2]) & (high[:, 1] >= frame[1]) & (low[:, 1] <= frame[3])
        pieces = pieces[inside]
    classes = np.array([str(one).removesuffix("_link") for one in streets.classes[pieces]])
    major = np.isin(classes, MAJOR)
    counts = streets.last[pieces] - streets.first[pieces] + 1
    minor = np.flatnonzero(~major)
    if counts.sum() > most:
        # The longest of the others, as far as the picture bears them: short ones are paths and yards.
        minor = minor[np.argsort(-streets.length[pieces[minor]], kind="stable")]
        room = most - int(counts[major].sum())
        minor = np.sort(minor[np.cumsum(counts[minor]) <= max(room, 0)])
    return pieces[major], pieces[minor]


def _paint_streets(
    axes: Any, colours: Mapping[str, str], streets: StreetNetwork, frame: tuple[float, float, float, float]
) -> None:
    import shapely
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path

    for pieces, width in zip(pick_streets(streets, frame, MOST_POINTS)[::-1], (0.5, 1.4), strict=True):
        if not len(pieces):
            continue
        lines = shapely.simplify(streets.lines(pieces, plane=True), _find_step(frame))
        points, line = shapely.get_coordinates(lines, return_index=True)
        codes = np.full(len(points), Path.LINETO, dtype=np.uint8)
        codes[np.searchsorted(line, np.arange(len(lines)))] = Path.MOVETO
        path = Path(points, codes)
        axes.add_patch(PathPatch(path, facecolor="none", edgecolor=colours["grid"], linewidth=width, zorder=1))


def _find_step(frame: tuple[float, float, float, float]) -> float:
    """Metres that the picture can show: a thousandth of its width."""
    return max((frame[2] - frame[0]) / 1000, 0.5)


def _thin(parts: Sequence[Floats], frame: tuple[float, float, float, float], closed: bool) -> list[Floats]:
    """Leave out points that nobody would see."""
    import shapely

    lengths = [len(part) for part in parts]
    lines = shapely.linestrings(np.concatenate(parts), indices=np.repeat(np.arange(len(parts)), lengths))
    points, line = shapely.get_coordinates(shapely.simplify(lines, _find_step(frame)), return_index=True)
    thin = np.split(points, np.searchsorted(line, np.arange(1, len(parts))))
    # Of a ring smaller than a dot nothing is left.
    return [part for part in thin if len(part) > (3 if closed else 1)]


def _paint_layer(
    axes: Any, colour: str, layer: MapLayer, shapes: Shapes, frame: tuple[float, float, float, float]
) -> None:
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path

    if not shapes.parts:
        return
    if shapes.kind == "points":
        places = np.concatenate(shapes.parts)
        radius = shapes.radius[shapes.owner]
        axes.scatter(
            places[:, 0],
            places[:, 1],
            s=(radius * 1.3) ** 2,
            color=colour,
            edgecolor="white",
            linewidth=0.6,
            zorder=4,
            label=layer.name,
            clip_on=True,
        )
        return
    parts = _thin(shapes.parts, frame, shapes.kind == "areas")
    if not parts:
        return
    lengths = [len(part) for part in parts]
    codes = np.full(sum(lengths), Path.LINETO, dtype=np.uint8)
    codes[np.cumsum(lengths) - np.array(lengths)] = Path.MOVETO
    path = Path(np.concatenate(parts), codes)
    filled = shapes.kind == "areas"
    if filled:
        axes.add_patch(PathPatch(path, facecolor=colour, alpha=0.25, edgecolor="none", zorder=2, label=layer.name))
    line = PathPatch(path, facecolor="none", edgecolor=colour, linewidth=1.0 if filled else 2.0, zorder=3)
    line.set_label("" if filled else layer.name)
    axes.add_patch(line)


def _paint_scale(axes: Any, colours: Mapping[str, str], frame: tuple[float, float, float, float]) -> None:
    width = frame[2] - frame[0]
    step = max((one for one in STEPS if one <= width / 4), default=STEPS[0])
    x, y = frame[0] + 0.03 * width, frame[1] + 0.03 * (frame[3] - frame[1])
    axes.plot([x, x + step], [y, y], color=colours["ink"], linewidth=2, zorder=5, solid_capstyle="butt")
    label = f"{step} m" if step < 1000 else f"{step // 1000} km"
    axes.text(x + step / 2, y + 0.012 * (frame[3] - frame[1]), label, ha="center", va="bottom", fontsize=8, zorder=5)
