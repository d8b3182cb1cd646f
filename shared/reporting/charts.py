"""The charts that most reports need: lines, bars, densities, and answers by a feature's value."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from shared.reporting.claims import Said
from shared.reporting.figures import (
    NARROW,
    SIZE,
    Figure,
    add_legend,
    draw,
    finish_axes,
    is_narrow,
    shorten_label,
    wall_clock,
)
from shared.text import format_column
from shared.typing import Floats

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

__all__ = ["bar_figure", "density_figure", "dependence_figure", "line_figure"]

SERIES_COLOURS = ("accent", "second", "third", "fourth", "soft")


def line_figure(
    lines: Mapping[str, tuple[Sequence[Any], Any]],
    *,
    x_label: str = "",
    y_label: str = "",
    alt: str = "",
    caption: str = "",
    title: Said = "",
    size: tuple[float, float] = SIZE,
    marks: Mapping[str, float] | None = None,
    colours: Mapping[str, str] | None = None,
) -> Figure:
    """Draw lines over one axis.

    Parameters
    ----------
    lines : mapping of str to (x, y)
        By the name in the legend.
    marks : mapping of str to float, optional
        Horizontal lines with their labels.
    colours : mapping of str to str, optional
        Names of the palette's colours by line, where it matters which is the model (accent), the baseline (second) and
        what really happened (ink); by their order where left out.

    >>> line_figure({"a": ([1, 2], [1.0, 2.0])}, caption="It grows.").caption
    'It grows.'
    """
    chosen = colours or {}

    def paint(axes: Axes, shades: Mapping[str, str]) -> None:
        for number, (name, (x, y)) in enumerate(lines.items()):
            shade = chosen.get(name, SERIES_COLOURS[number % len(SERIES_COLOURS)])
            axes.plot(wall_clock(x), np.asarray(y), label=shorten_label(name), color=shades[shade])
        for label, height in (marks or {}).items():
            axes.axhline(height, color=shades["soft"], linewidth=1, linestyle=(0, (4, 3)), label=shorten_label(label))
        finish_axes(axes, x_label, y_label)
        if len(lines) + len(marks or {}) > 1:
            add_legend(axes)

    alt = alt or f"Lines of {', '.join(lines)}."
    return draw(paint, alt=alt, caption=caption, title=title, size=size, data=_as_table(lines, x_label))


def _as_table(lines: Mapping[str, tuple[Sequence[Any], Any]], x_label: str) -> pd.DataFrame:
    """The points of lines, one row each."""
    import pandas as pd

    heads = ["line", x_label or "x", "value"]
    if heads[1] in ("line", "value"):
        heads[1] = f"x ({x_label})"
    parts = [
        pd.DataFrame(dict(zip(heads, (name, list(x), np.asarray(y)), strict=True)))
        for name, (x, y) in lines.items()
        if len(x)
    ]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=heads)


def bar_figure(
    values: Mapping[str, float],
    *,
    lower: Sequence[float] | None = None,
    upper: Sequence[float] | None = None,
    highlight: Sequence[str] = (),
    x_label: str = "",
    alt: str = "",
    caption: str = "",
    title: Said = "",
) -> Figure:
    """Draw horizontal bars, the first one on top, with their values, and with intervals where given.

    On a phone the names stand above their bars.

    >>> bar_figure({"a": 1.0, "b": 2.0}).alt
    'Bars of a, b.'
    """
    import pandas as pd

    labels = [shorten_label(str(name)) for name in values]
    heights = np.array([float(value) for value in values.values()])
    low = np.asarray(lower if lower is not None and upper is not None else heights, dtype=float)
    high = np.asarray(upper if lower is not None and upper is not None else heights, dtype=float)
    written = format_column(heights.tolist())
    drawn = _finite(heights)  # what is not known, or endless, has no bar

    def paint(axes: Axes, colours: Mapping[str, str]) -> None:
        if not labels:
            return
        places = -np.arange(len(labels), dtype=float)
        shades = [colours["accent"] if not highlight or name in highlight else colours["soft"] for name in values]
        axes.barh(places, drawn, color=shades, height=0.42 if is_narrow(axes) else 0.62)
        if lower is not None:
            around = [np.maximum(_finite(drawn - low), 0), np.maximum(_finite(high - drawn), 0)]
            axes.errorbar(drawn, places, xerr=around, fmt="none", ecolor=colours["ink"], elinewidth=1, capsize=3)
        right = np.fmax(np.fmax(drawn, np.where(np.isfinite(high), high, drawn)), 0.0)
        for place, end, text in zip(places, right, written, strict=True):
            axes.annotate(text, (end, place), (4, 0), textcoords="offset points", va="center", ha="left")
        if is_narrow(axes):
            axes.set_yticks([])
            left = axes.get_yaxis_transform()
            for place, label in zip(places, labels, strict=True):
                name = "\n".join(textwrap.wrap(label, 44)[:2])
                axes.annotate(name, (0.0, place + 0.27), (3, 0), xycoords=left, textcoords="offset points", va="bottom")
            axes.set_ylim(places.min() - 0.4, 0.95)
        else:
            axes.set_yticks(places, labels)
            axes.set_ylim(places.min() - 0.5, 0.5)
        axes.grid(visible=False, axis="y")
        axes.grid(visible=True, axis="x")
        axes.axvline(0.0, color=colours["soft"], linewidth=0.8)
        axes.set_xlabel(x_label)
        axes.margins(x=0.1)

    count = len(values)
    two_lines = sum(len(textwrap.wrap(label, 44)) > 1 for label in labels)  # names on a phone, which take room
    data = pd.DataFrame({"name": list(map(str, values)), "value": heights})
    if lower is not None and upper is not None:
        data = data.assign(lower=low, upper=high)
    return draw(
        paint,
        alt=alt or f"Bars of {', '.join(values)}.",
        caption=caption,
        title=title,
        size=(SIZE[0], max(1.4, 0.36 * count + 0.7)),
        narrow=(NARROW, max(1.4, (0.44 if two_lines == 0 else 0.6) * count + 0.7)),
        data=data,
    )


def _finite(values: Floats) -> Floats:
    return np.where(np.isfinite(values), values, 0.0)


def density_figure(
    x: ArrayLike, y: object, *, x_label: str = "", y_label: str = "", alt: str = "", caption: str = "", bins: int = 80
) -> Figure:
    """Draw where many points lie, as shades, with the median of y along x.

    >>> density_figure(np.arange(100.0), np.arange(100.0), alt="Dots.").alt
    'Dots.'
    """

    def paint(axes: Axes, colours: Mapping[str, str]) -> None:
        first, second = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
        known = np.isfinite(first) & np.isfinite(second)
        first, second = first[known], second[known]
        if not len(first):
            return
        counts, x_edges, y_edges = np.histogram2d(first, second, bins=bins)
        # One colour whose opacity grows with density reads the same on light and on dark ground.
        shades = np.zeros((*counts.T.shape, 4))
        shades[..., :3] = (0.18, 0.53, 0.79)
        shades[..., 3] = np.log1p(counts.T) / np.log1p(counts.max())
        axes.imshow(shades, origin="lower", aspect="auto", extent=(x_edges[0], x_edges[-1], y_edges[0], y_edges[-1]))
        place = np.digitize(first, np.linspace(first.min(), first.max(), 30))
        groups = [number for number in np.unique(place) if (place == number).sum() >= 20]
        medians = [np.median(second[place == number]) for number in groups]
        middles = [np.median(first[place == number]) for number in groups]
        axes.plot(middles, medians, color=colours["second"], linewidth=2, label="median")
        finish_axes(axes, x_label, y_label)
        add_legend(axes)

    return draw(paint, alt=alt or f"Density of {y_label} over {x_label}.", caption=caption)


def dependence_figure(
    lines: Mapping[str, tuple[Any, Any]],
    *,
    rows: Any = None,
    share: object = None,
    x_label: str = "",
    y_label: str = "",
    alt: str = "",
    caption: str = "",
) -> Figure:
    """Draw an answer by a feature's value: a line a step, single rows behind it, and where the data lie at the foot.

    >>> dependence_figure({"": ([1.0, 2.0], [3.0, 4.0])}, share=[0.5, 0.5]).alt
    'Answer by value.'
    """

    def paint(axes: Axes, colours: Mapping[str, str]) -> None:
        first = next(iter(lines.values()), ((), ()))[0]
        if not len(first):
            return
        words = not all(
            isinstance(value, int | float | np.number) and not isinstance(value, bool | np.bool_) for value in first
        )
        places = np.arange(len(first)) if words else np.asarray(first, dtype=float)
        if rows is not None:
            thin = np.asarray(rows)[:: max(1, len(rows) // 40)]
            axes.plot(places, thin.T, color=colours["soft"], linewidth=0.5, alpha=0.35)
        for number, (name, (_, y)) in enumerate(lines.items()):
            colour = colours[SERIES_COLOURS[number % len(SERIES_COLOURS)]]
            marker = "o" if words else None
            axes.plot(
                places, np.asarray(y), color=colour, linewidth=2, marker=marker, label=shorten_label(name) or None
            )
        if share is not None:
            heights = np.asarray(share, dtype=float)
            foot, top = axes.get_ylim()
            gaps = np.diff(places)
            width = 0.8 * (gaps.min() if len(gaps) else 1.0)
            room = 0.16 * (top - foot)
            scale = room / max(float(heights.max()), 1e-300)
            axes.bar(places, heights * scale, width=width, bottom=foot - room, color=colours["soft"], alpha=0.55)
            axes.set_ylim(foot - room, top)
        if words:
            _name_places(axes, places, [str(value) for value in first])
        finish_axes(axes, x_label, y_label)
        if len(lines) > 1:
            add_legend(axes)

    return draw(paint, alt=alt or "Answer by value.", caption=caption)


def _name_places(axes: Axes, places: ArrayLike, names: Sequence[str]) -> None:
    """Write names below the x axis: over some lines where there is room for words, else upright."""
    room = (38 if is_narrow(axes) else 68) // max(1, len(names)) - 1  # letters of one
    upright = room < max((len(word) for name in names for word in name.split()), default=0)
    texts = [textwrap.wrap(shorten_label(name), 18 if upright else room)[: 1 if upright else 3] for name in names]
    axes.set_xticks(places, ["\n".join(lines) for lines in texts], rotation=90 if upright else 0)
