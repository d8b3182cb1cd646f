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
    import pandas as pd
    from matplotlib.axes import Axes

    from shared.reporting import Figure, Said

__all__ = ["draw_map", "pick_streets"]

MAJOR = ("motorway", "trunk", "primary", "secondary", "tertiary")
# Points of street lines that a still map holds: some 150 kB.
MOST_POINTS = 9_000
MOST_POINTS_NARROW = 4_000
TONE = 0.25  # of an area, through which streets are seen
STEPS = (100, 200, 500, 1000, 2000, 5000, 10000, 20000, 50000)  # m of scale bars
SIZE = (6.4, 5.6)
SIDES = (0.5, 100.0)  # inches: less shows nothing, more is a poster
DASHES: Mapping[str, Any] = {"solid": "solid", "dashed": (0, (5, 2)), "dotted": (0, (1, 1.2))}
LETTERS = 2  # of a mark that stands in its point; longer ones stand beside it

Frame = tuple[float, float, float, float]


def draw_map(
    streets: StreetNetwork | None = None,
    layers: Sequence[MapLayer] = (),
    *,
    alt: str = "A map.",
    caption: str = "",
    title: Said = "",
    zoom: bool = True,
    focus: Sequence[str] = (),
    size: tuple[float, float] = SIZE,
    data: pd.DataFrame | None = None,
) -> Figure:
    """Draw a still map in the colours of the page, once for a page and once for a phone.

    Parameters
    ----------
    streets : StreetNetwork, optional
        Drawn behind.
    layers : sequence of MapLayer
        The first at the bottom.
    alt, caption, title : str
        What it shows, what to read from it, and the finding that stands above it.
    zoom : bool
        Whether it shows where the layers lie, and not all streets.
    focus : sequence of str
        Names of the layers that it has to show, where others may lie partly outside; all of them where left out.
    size : tuple of float
        Inches.
    data : pandas.DataFrame, optional
        What it shows as a table.

    Raises
    ------
    DataError, SettingsError

    >>> from domains.geodata import make_grid_town
    >>> figure = draw_map(make_grid_town(4, 4), alt="A town of nine blocks.")
    >>> figure.alt
    'A town of nine blocks.'
    """
    from shared.reporting.figures import NARROW, add_legend, draw, is_narrow

    _check_size(size)
    plane = find_projection(streets, layers)
    flat = [flatten_layer(layer, plane) for layer in layers]
    seen = [shapes for layer, shapes in zip(layers, flat, strict=True) if not focus or layer.name in focus]
    # Rows of names take their room from the map's.
    narrow = (NARROW, NARROW * min(max(size[1] / size[0], 0.75), 1.3) + 0.17 * len(layers))

    def paint(axes: Axes, colours: Mapping[str, str]) -> None:
        small = is_narrow(axes)
        frame = _find_frame(streets, seen, zoom, narrow if small else size)
        axes.set_aspect("equal")
        axes.set_xlim(frame[0], frame[2])
        axes.set_ylim(frame[1], frame[3])
        axes.set_axis_off()
        if streets is not None:
            _paint_streets(axes, colours, streets, frame, MOST_POINTS_NARROW if small else MOST_POINTS)
        for place, (layer, shapes) in enumerate(zip(layers, flat, strict=True)):
            under = [
                one for other, one in zip(layers[:place], flat[:place], strict=True) if other.colour == layer.colour
            ]
            _paint_layer(axes, colours, layer, shapes, frame, _count_around(shapes, under))
        _paint_scale(axes, colours, frame)
        if any(shapes.parts for shapes in flat):
            add_legend(axes, ends=False)

    note = ATTRIBUTION if ATTRIBUTION not in caption else ""
    under = " ".join(one for one in (caption, f"Map: {note}." if note else "") if one)
    return draw(paint, alt=alt, caption=under, title=title, size=size, narrow=narrow, data=data)


def _check_size(size: object) -> None:
    sides = size if isinstance(size, tuple | list) else ()
    if len(sides) != 2 or not all(is_number(side, *SIDES) for side in sides):
        raise SettingsError(
            f"size={size!r}: give width and height in inches, from {SIDES[0]:g} to {SIDES[1]:g}, as in (7, 5)"
        )


def _find_frame(streets: StreetNetwork | None, flat: Sequence[Shapes], zoom: bool, size: tuple[float, float]) -> Frame:
    parts = [part for shapes in flat for part in shapes.parts]
    points = np.concatenate(parts) if parts and (zoom or streets is None) else None
    if points is None or not len(points):
        points = streets.plane if streets is not None else np.zeros((1, 2))
    low, high = points.min(axis=0), points.max(axis=0)
    middle, half = (low + high) / 2, np.maximum((high - low) / 2, 150.0) * 1.06
    ratio = size[0] / size[1]
    half = np.array([max(half[0], half[1] * ratio), max(half[1], half[0] / ratio)])
    return (*(middle - half).tolist(), *(middle + half).tolist())


def pick_streets(streets: StreetNetwork, frame: Frame | None, most: int) -> tuple[Ints, Ints]:
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


def _paint_streets(axes: Axes, colours: Mapping[str, str], streets: StreetNetwork, frame: Frame, most: int) -> None:
    import shapely
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path

    for pieces, width in zip(pick_streets(streets, frame, most)[::-1], (0.5, 1.4), strict=True):
        if not len(pieces):
            continue
        lines = shapely.simplify(streets.lines(pieces, plane=True), _find_step(frame, axes))
        points, line = shapely.get_coordinates(lines, return_index=True)
        codes = np.full(len(points), Path.LINETO, dtype=np.uint8)
        codes[np.searchsorted(line, np.arange(len(lines)))] = Path.MOVETO
        path = Path(points, codes)
        axes.add_patch(PathPatch(path, facecolor="none", edgecolor=colours["grid"], linewidth=width, zorder=1))


def _find_step(frame: Frame, axes: Any) -> float:
    """Metres that the picture can show: half a point."""
    return max((frame[2] - frame[0]) / (144 * float(axes.figure.get_size_inches()[0])), 0.5)


def _thin(parts: Sequence[Floats], step: float, closed: bool) -> list[Floats]:
    """Leave out points that nobody would see."""
    import shapely

    lengths = [len(part) for part in parts]
    lines = shapely.linestrings(np.concatenate(parts), indices=np.repeat(np.arange(len(parts)), lengths))
    points, line = shapely.get_coordinates(shapely.simplify(lines, step), return_index=True)
    thin = np.split(points, np.searchsorted(line, np.arange(1, len(parts))))
    # Of a ring smaller than a dot nothing is left.
    return [part for part in thin if len(part) > (3 if closed else 1)]


def _paint_layer(
    axes: Axes, colours: Mapping[str, str], layer: MapLayer, shapes: Shapes, frame: Frame, around: int
) -> None:
    if not shapes.parts:
        return
    if shapes.kind == "points":
        _paint_points(axes, colours, layer, shapes)
        return
    parts = _thin(shapes.parts, _find_step(frame, axes), shapes.kind == "areas")
    if parts:
        tone = 1 - (1 - TONE) ** (1 + around) if shapes.kind == "areas" else None
        _paint_paths(axes, colours[layer.colour], layer, parts, tone)


def _count_around(shapes: Shapes, under: Sequence[Shapes]) -> int:
    """How many of the areas drawn before lie around these, which are darker for that."""

    def span(one: Shapes) -> Floats:
        points = np.concatenate(one.parts)
        return np.concatenate([points.min(axis=0), -points.max(axis=0)])

    areas = [one for one in under if one.kind == "areas" and one.parts]
    return sum(bool((span(one) <= span(shapes)).all()) for one in areas) if shapes.parts else 0


def _paint_points(axes: Axes, colours: Mapping[str, str], layer: MapLayer, shapes: Shapes) -> None:
    """Dots, with marks in them or beside them."""
    from shared.reporting.figures import is_narrow

    places, shade = np.concatenate(shapes.parts), colours[layer.colour]
    marks = [shapes.marks[row] for row in shapes.owner] if shapes.marks else [""] * len(places)
    radius = shapes.radius[shapes.owner] * (1.0 if is_narrow(axes) else 1.3)
    radius = np.where([0 < len(mark) <= LETTERS for mark in marks], np.maximum(radius, 13.0), radius)
    style: Any = {"edgecolor": colours["paper"], "linewidth": 0.6, "zorder": 4, "clip_on": True}
    axes.scatter(places[:, 0], places[:, 1], s=radius**2, color=shade, label=layer.name, **style)
    for (x, y), mark in zip(places, marks, strict=True):
        if 0 < len(mark) <= LETTERS:
            inside: Any = {"ha": "center", "va": "center_baseline", "color": colours["paper"], "fontweight": "bold"}
            axes.text(x, y, mark, fontsize=9, zorder=6, clip_on=True, **inside)
        elif mark:
            ground = {"boxstyle": "round,pad=0.15", "facecolor": colours["paper"], "edgecolor": "none", "alpha": 0.8}
            beside: Any = {"xytext": (6, 0), "textcoords": "offset points", "va": "center", "fontsize": 9}
            axes.annotate(mark, (x, y), bbox=ground, zorder=6, annotation_clip=True, **beside)


def _paint_paths(axes: Axes, shade: str, layer: MapLayer, parts: Sequence[Floats], tone: float | None) -> None:
    """Lines, or areas filled, whose name stands beside the tone that they have upon others."""
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path

    lengths = [len(part) for part in parts]
    codes = np.full(sum(lengths), Path.LINETO, dtype=np.uint8)
    codes[np.cumsum(lengths) - np.array(lengths)] = Path.MOVETO
    path, style = Path(np.concatenate(parts), codes), DASHES[layer.dash]
    if tone is not None:
        axes.add_patch(PathPatch(path, facecolor=shade, alpha=TONE, edgecolor="none", zorder=2))
        axes.fill([], [], facecolor=shade, alpha=tone, edgecolor="none", label=layer.name)
    else:  # in the legend, a line is a line
        axes.plot([], [], color=shade, linewidth=2.0, linestyle=style, label=layer.name)
    width = 2.0 if tone is None else 1.0
    axes.add_patch(PathPatch(path, facecolor="none", edgecolor=shade, linewidth=width, linestyle=style, zorder=3))


def _paint_scale(axes: Axes, colours: Mapping[str, str], frame: Frame) -> None:
    width = frame[2] - frame[0]
    step = max((one for one in STEPS if one <= width / 4), default=STEPS[0])
    x, y = frame[0] + 0.03 * width, frame[1] + 0.03 * (frame[3] - frame[1])
    axes.plot([x, x + step], [y, y], color=colours["ink"], linewidth=2, zorder=5, solid_capstyle="butt")
    label = f"{step} m" if step < 1000 else f"{step // 1000} km"
    axes.text(x + step / 2, y + 0.012 * (frame[3] - frame[1]), label, ha="center", va="bottom", fontsize=9, zorder=5)
