"""Figures in one style: vector pictures whose colours follow the page, light or dark, on screen and on paper."""

from __future__ import annotations

from typing import TYPE_CHECKING

from numpy.typing import ArrayLike, NDArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes


import contextlib
import functools
import html
import io
import re
import threading
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from shared.runtime.files import write_text

__all__ = [
    "PALETTE",
    "Figure",
    "add_legend",
    "bar_figure",
    "density_figure",
    "dependence_figure",
    "draw",
    "finish_axes",
    "line_figure",
    "wall_clock",
]

# Each colour is drawn as a sentinel and replaced by a variable of the page; the pairs are its light and dark values.
# Lines are told apart by colour-blind readers, too (after Okabe & Ito's set), and by their order in the legend.
PALETTE = {
    "ink": ("#010101", "#1f2430", "#e8eaf0"),
    "soft": ("#020202", "#6b7280", "#9aa3b2"),
    "grid": ("#030303", "#e3e6eb", "#323845"),
    "accent": ("#040404", "#0067b1", "#5cb8ff"),
    "second": ("#050505", "#c4500c", "#ff9d5c"),
    "third": ("#060606", "#007a5a", "#3fd3a5"),
    "fourth": ("#070707", "#8e3d7e", "#e08fd0"),
}
SERIES_COLOURS = ("accent", "second", "third", "fourth", "soft")
SIZE = (6.0, 3.2)
MAX_LABEL = 60
FONT = "Hexad DejaVu Sans"
# What is no matter of style: which program shows pictures, and settings of the process.
KEPT = {"backend", "backend_fallback", "interactive", "toolbar"}
_LOCK = threading.RLock()


@dataclass(frozen=True)
class Figure:
    """One picture: an SVG whose colours are variables of the page.

    Attributes
    ----------
    svg : str
        The picture, to be put into a page.
    alt : str
        What it shows, for those who cannot see it.
    caption : str
        What to read from it.

    >>> line_figure({"a": ([1, 2], [1.0, 2.0])}, alt="A line.").alt
    'A line.'
    """

    svg: str
    alt: str = ""
    caption: str = ""

    def save(self, path: str | Path) -> None:
        """Write a free-standing SVG in light colours.

        Parameters
        ----------
        path : str or Path
            A file there is replaced, whole or not at all.
        """
        write_text(Path(path), self.plain())

    def plain(self) -> str:
        """Return the SVG with light colours written out."""
        head, mark, body = self.svg.partition(f'aria-label="{html.escape(self.alt, quote=True)}"')
        for name, (_, light, _) in PALETTE.items():
            head, body = head.replace(f"var(--{name})", light), body.replace(f"var(--{name})", light)
        return head + mark + body

    def _repr_html_(self) -> str:
        return f'<figure style="background:#fff;max-width:46rem">{self.plain()}</figure>'


def draw(
    paint: Callable[[Any, Mapping[str, str]], None],
    *,
    alt: str = "",
    caption: str = "",
    size: tuple[float, float] = SIZE,
) -> Figure:
    """Draw a figure in the house style.

    Parameters
    ----------
    paint : callable
        Takes matplotlib's axes and the colours by name (`PALETTE`), and draws.
    alt, caption : str
        See `Figure`.
    size : tuple of float
        Width and height in inches.

    >>> figure = draw(lambda axes, colours: axes.plot([1, 2], color=colours["accent"]), alt="Two points.")
    >>> "var(--accent)" in figure.svg
    True
    """
    colours = {name: sentinel for name, (sentinel, _, _) in PALETTE.items()}
    style: Any = {
        "svg.hashsalt": alt or "hexad",
        "svg.fonttype": "path",
        "font.family": FONT,
        "font.size": 9,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.edgecolor": colours["soft"],
        "axes.labelcolor": colours["ink"],
        "axes.grid": True,
        "axes.axisbelow": True,
        "grid.color": colours["grid"],
        "grid.linewidth": 0.7,
        "xtick.color": colours["soft"],
        "ytick.color": colours["soft"],
        "xtick.labelcolor": colours["ink"],
        "ytick.labelcolor": colours["ink"],
        "text.color": colours["ink"],
        "legend.frameon": False,
        "legend.fontsize": 8.5,
        "lines.linewidth": 1.5,
        "path.simplify_threshold": 0.4,
        "date.autoformatter.hour": "%H:%M",
        "text.parse_math": False,
    }
    buffer = io.StringIO()
    with _drawing(style):
        from matplotlib.backends.backend_svg import FigureCanvasSVG
        from matplotlib.figure import Figure as Canvas

        canvas = Canvas(figsize=size, layout="constrained")
        axes = canvas.add_subplot()
        paint(axes, colours)
        FigureCanvasSVG(canvas)
        canvas.savefig(buffer, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    return Figure(_inline(buffer.getvalue(), alt), alt, caption)


@contextlib.contextmanager
def _drawing(style: dict[str, Any]) -> Iterator[None]:
    """Draw in one style whatever matplotlib was told elsewhere, one picture at a time.

    Matplotlib's settings, and Python's filters of warnings, belong to the whole process: two threads that changed and
    restored them at once would leave them changed. Settings come from matplotlib's own defaults, not from a
    ``matplotlibrc`` in the current folder or the home, and the font from matplotlib's own files.
    """
    with _LOCK:
        import matplotlib as mpl

        _add_font()
        default: Mapping[str, Any] = dict(mpl.rcParamsDefault.items())
        current = mpl.rcParams.items()
        changed: Any = {name: default[name] for name, value in current if name not in KEPT and value != default[name]}
        changed.update(style)
        with mpl.rc_context(changed), warnings.catch_warnings():
            # A script that the font lacks is drawn as boxes; the alternative text still has it.
            warnings.filterwarnings("ignore", message="Glyph .* missing from font")
            yield


@functools.cache
def _add_font() -> None:
    """Make matplotlib's own font known under a name of ours: its list of fonts lies where others may have written."""
    from matplotlib import font_manager, get_data_path

    for file, weight in (("DejaVuSans.ttf", 400), ("DejaVuSans-Bold.ttf", 700)):
        path = str(Path(get_data_path()) / "fonts" / "ttf" / file)
        font_manager.fontManager.ttflist.insert(0, font_manager.FontEntry(fname=path, name=FONT, weight=weight))


def _inline(svg: str, alt: str) -> str:
    """Cut the SVG down to what a page needs, and put the page's variables for the sentinels."""
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>|<!--.*?-->", "", svg, flags=re.DOTALL)
    svg = re.sub(r'(<svg[^>]*?) width="[^"]*"', r"\1", svg, count=1)
    svg = re.sub(r'(<svg[^>]*?) height="[^"]*"', r"\1", svg, count=1)
    # Path data need no more than two decimals; transforms do, because glyphs are scaled by them.
    svg = re.sub(r'(?<= d=")[^"]*', lambda path: re.sub(r"(\d+\.\d{2})\d+", r"\1", path[0]), svg)
    svg = re.sub(r"\s*\n\s*", "\n", svg)
    for name, (sentinel, _, _) in PALETTE.items():
        svg = svg.replace(sentinel, f"var(--{name})")
    label = html.escape(alt, quote=True)
    return svg.replace("<svg ", f'<svg role="img" aria-label="{label}" ', 1)


def line_figure(
    lines: Mapping[str, tuple[Sequence[Any], Any]],
    *,
    x_label: str = "",
    y_label: str = "",
    alt: str = "",
    caption: str = "",
    size: tuple[float, float] = SIZE,
    marks: Mapping[str, float] | None = None,
) -> Figure:
    """Draw lines over one axis.

    Parameters
    ----------
    lines : mapping of str to (x, y)
        By the name in the legend.
    marks : mapping of str to float, optional
        Horizontal lines with their labels.

    >>> line_figure({"a": ([1, 2], [1.0, 2.0])}, caption="It grows.").caption
    'It grows.'
    """

    def paint(axes: Axes, colours: Mapping[str, str]) -> None:
        for number, (name, (x, y)) in enumerate(lines.items()):
            axes.plot(
                wall_clock(x),
                np.asarray(y),
                label=_label(name),
                color=colours[SERIES_COLOURS[number % len(SERIES_COLOURS)]],
            )
        for label, height in (marks or {}).items():
            axes.axhline(height, color=colours["soft"], linewidth=1, linestyle=(0, (4, 3)), label=_label(label))
        finish_axes(axes, x_label, y_label)
        if len(lines) + len(marks or {}) > 1:
            add_legend(axes)

    return draw(paint, alt=alt or f"Lines of {', '.join(lines)}.", caption=caption, size=size)


def bar_figure(
    values: Mapping[str, float],
    *,
    lower: Sequence[float] | None = None,
    upper: Sequence[float] | None = None,
    highlight: Sequence[str] = (),
    x_label: str = "",
    alt: str = "",
    caption: str = "",
) -> Figure:
    """Draw horizontal bars, the first one on top, with intervals where given.

    >>> bar_figure({"a": 1.0, "b": 2.0}).alt
    'Bars of a, b.'
    """

    def paint(axes: Axes, colours: Mapping[str, str]) -> None:
        names = list(values)[::-1]
        heights = [values[name] for name in names]
        shades = [colours["accent"] if not highlight or name in highlight else colours["soft"] for name in names]
        labels = [_label(str(name)) for name in names]
        places = range(len(names))
        axes.barh(places, heights, color=shades, height=0.62)
        if lower is not None and upper is not None:
            below = np.maximum(np.asarray(heights) - np.asarray(lower)[::-1], 0)
            above = np.maximum(np.asarray(upper)[::-1] - np.asarray(heights), 0)
            axes.errorbar(
                heights,
                places,
                xerr=[below, above],
                fmt="none",
                ecolor=colours["ink"],
                elinewidth=1,
                capsize=3,
            )
        axes.set_yticks(places, labels)
        axes.grid(visible=False, axis="y")
        axes.set_xlabel(x_label)

    height = max(1.4, 0.36 * len(values) + 0.7)
    return draw(paint, alt=alt or f"Bars of {', '.join(values)}.", caption=caption, size=(SIZE[0], height))


def density_figure(
    x: ArrayLike, y: object, *, x_label: str = "", y_label: str = "", alt: str = "", caption: str = "", bins: int = 80
) -> Figure:
    """Draw where many points lie, as shades, with the median of y along x.

    >>> density_figure(np.arange(100.0), np.arange(100.0), alt="Dots.").alt
    'Dots.'
    """

    def paint(axes: Axes, colours: Mapping[str, str]) -> None:
        first, second = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
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
        first = next(iter(lines.values()))[0]
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
            axes.plot(places, np.asarray(y), color=colour, linewidth=2, marker=marker, label=_label(name) or None)
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
            axes.set_xticks(places, [str(value) for value in first])
        finish_axes(axes, x_label, y_label)
        if len(lines) > 1:
            add_legend(axes)

    return draw(paint, alt=alt or "Answer by value.", caption=caption)


def _label(name: str) -> str:
    """Keep a name in the legend that matplotlib would hide for its first character, and none that fills the picture."""
    name = name if len(name) <= MAX_LABEL else f"{name[: MAX_LABEL - 3]}..."
    return f" {name}" if name.startswith("_") else name


def wall_clock(x: Any) -> NDArray[Any]:
    """Show stamps of a zone on its wall clock.

    >>> import pandas as pd
    >>> str(wall_clock(pd.Series(pd.to_datetime(["2024-07-01T00:00Z"])).dt.tz_convert("Europe/Berlin"))[0])[:16]
    '2024-07-01T02:00'
    """
    import pandas as pd

    values = pd.Series(list(x)) if not isinstance(x, pd.Series) else x.reset_index(drop=True)
    if isinstance(values.dtype, pd.DatetimeTZDtype):
        return values.dt.tz_localize(None).to_numpy()
    return values.to_numpy()


def finish_axes(axes: Axes, x_label: str, y_label: str) -> None:
    """Give axes their labels, dates without clutter, and thousands with commas.

    >>> figure = draw(lambda axes, colours: finish_axes(axes, "day", "sales"), alt="Nothing.")
    >>> figure.alt
    'Nothing.'
    """
    from matplotlib import dates, ticker

    locators: Any = dates

    if x_label:
        axes.set_xlabel(x_label)
    if y_label:
        axes.set_title(y_label, loc="left", fontsize=9)
    if isinstance(axes.xaxis.get_major_locator(), dates.AutoDateLocator):
        locator = locators.AutoDateLocator(minticks=3, maxticks=7)
        axes.xaxis.set_major_locator(locator)
        axes.xaxis.set_major_formatter(locators.ConciseDateFormatter(locator))
    low, high = axes.get_ylim()
    if max(abs(low), abs(high)) >= 1000:
        axes.yaxis.set_major_formatter(ticker.StrMethodFormatter("{x:,.0f}"))
    axes.margins(x=0.01)


def add_legend(axes: Axes) -> None:
    """Put the legend below the picture.

    >>> def paint(axes, colours):
    ...     axes.plot([1, 2], label="both")
    ...     add_legend(axes)
    >>> "<svg" in draw(paint, alt="A line.").svg
    True
    """
    below = -0.22 if axes.get_xlabel() else -0.12
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, below), ncols=3, columnspacing=1.4, handlelength=1.6)
