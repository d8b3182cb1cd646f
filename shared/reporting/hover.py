"""Values of a chart for those who point at it: where its lines lie, and what they say there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes


__all__ = ["find_values", "join_values"]

MOST_POINTS = 1500  # of all lines of a chart; more make the page heavy, and nobody can point at one of them
DIGITS = 5
DAY = 86400


def find_values(axes: Any) -> dict[str, Any] | None:
    """Read the named lines of finished axes, and where the axes lie; None where there is nothing to point at.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
        Drawn.

    Returns
    -------
    dict
        "lines" with name, x and y; "time" says whether x are stamps, as seconds; "frame" holds the axes' left, right,
        top and bottom in the picture's own units, and the least and greatest x and y.

    >>> from matplotlib.figure import Figure as Canvas
    >>> axes = Canvas().add_subplot()
    >>> _ = axes.plot([1, 2], [3.0, 4.0], label="a")
    >>> find_values(axes)["lines"]
    [{'name': 'a', 'x': [1.0, 2.0], 'y': [3.0, 4.0]}]
    """
    from matplotlib import dates

    if axes.get_xscale() != "linear" or axes.get_yscale() != "linear" or not axes.axison or _has_words(axes):
        return None
    time = isinstance(axes.xaxis.get_major_locator(), dates.DateLocator)
    lines = []
    for line in axes.get_lines():
        name = str(line.get_label())
        if name.startswith("_") or len(line.get_xdata()) < 2 or line.get_transform() != axes.transData:
            continue
        points = np.asarray(line.get_xydata(), dtype=float)
        points = points[np.isfinite(points).all(axis=1)]
        if not len(points):
            continue
        x = np.round(points[:, 0] * DAY) if time else points[:, 0]
        lines.append(
            {"name": name.strip(), "x": [_shorten(one, 12) for one in x], "y": list(map(_shorten, points[:, 1]))}
        )
    if not lines or sum(len(line["x"]) for line in lines) > MOST_POINTS:
        return None
    return {"lines": lines, "time": time, "frame": _find_frame(axes, time)}


def _has_words(axes: Axes) -> bool:
    """Whether words stand along x: there is no value between them."""
    from matplotlib import ticker

    if not isinstance(axes.xaxis.get_major_locator(), ticker.FixedLocator):
        return False
    return any(any(map(str.isalpha, label.get_text())) for label in axes.get_xticklabels())


def _find_frame(axes: Any, time: bool) -> list[float]:
    """Left, right, top and bottom of the axes in points from the picture's upper left corner, and their limits."""
    figure = axes.figure
    width, height = 72 * figure.get_size_inches()
    box = axes.get_position()
    (x0, x1), (y0, y1) = axes.get_xlim(), axes.get_ylim()
    scale = DAY if time else 1
    edges = (box.x0 * width, box.x1 * width, (1 - box.y1) * height, (1 - box.y0) * height)
    return [*(round(float(one), 2) for one in edges), float(x0 * scale), float(x1 * scale), float(y0), float(y1)]


def _shorten(value: float, digits: int = DIGITS) -> float:
    return float(f"{value:.{digits}g}")


def join_values(found: Sequence[dict[str, Any] | None]) -> dict[str, Any] | None:
    """Values of a chart that was drawn several times: its lines once, and each drawing's frame.

    Parameters
    ----------
    found : sequence of dict or None
        As `find_values` gives them.

    >>> join_values([{"lines": [], "time": False, "frame": [0.0]}, {"lines": [], "time": False, "frame": [1.0]}])
    {'lines': [], 'time': False, 'frames': [[0.0], [1.0]]}
    """
    if not found or any(one is None for one in found):
        return None
    parts = [one for one in found if one is not None]
    return {"lines": parts[0]["lines"], "time": parts[0]["time"], "frames": [one["frame"] for one in parts]}
