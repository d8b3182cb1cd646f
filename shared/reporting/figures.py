"""Figures in one style: vector pictures whose colours follow the page, light or dark, on screen and on paper."""

from __future__ import annotations

import contextlib
import functools
import html
import io
import re
import textwrap
import threading
import warnings
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from shared.errors import SettingsError
from shared.reporting.claims import Said
from shared.reporting.hover import find_values, join_values
from shared.runtime.files import write_text
from shared.typing import Floats

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

__all__ = [
    "PALETTE",
    "SIZE",
    "Figure",
    "add_legend",
    "draw",
    "finish_axes",
    "is_narrow",
    "mark_now",
    "shorten_label",
    "wall_clock",
]

# Each colour is drawn as a sentinel and replaced by a variable of the page; the pairs are its light and dark values.
# Lines are told apart by colour-blind readers, too (after Okabe & Ito's set). Each has one role in all pictures:
# accent is the model or what is advised, second the baseline it is compared with, ink what really happened, soft the
# past and the background; third and fourth are for what is neither.
PALETTE = {
    "ink": ("#010101", "#1f2430", "#e8eaf0"),
    "soft": ("#020202", "#5f6673", "#9aa3b2"),
    "grid": ("#030303", "#e3e6eb", "#323845"),
    "accent": ("#040404", "#0067b1", "#5cb8ff"),
    "second": ("#050505", "#b84a08", "#ff9d5c"),
    "third": ("#060606", "#007a5a", "#3fd3a5"),
    "fourth": ("#070707", "#8e3d7e", "#e08fd0"),
    "paper": ("#080808", "#ffffff", "#14171d"),  # the ground: edges and letters on a colour
}
SIZE = (6.0, 3.2)
NARROW = 3.4  # inches; drawn for a phone, where text of a wide picture would be too small
MAX_LABEL = 60
MOST_ENDS = 4  # labels at the ends of lines
LONGEST_END = 22  # letters of one
FONT = "Hexad DejaVu Sans"
# Fonts of the page, none of them wider than the one that places are reckoned with.
FAMILY = "system-ui, -apple-system, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif"
# What is no matter of style: which program shows pictures, and settings of the process.
KEPT = {"backend", "backend_fallback", "interactive", "toolbar"}
# What no page and no SVG can hold.
CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_LOCK = threading.RLock()


@dataclass(frozen=True, repr=False)
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
    title : str or Claim
        The finding, as a sentence; it stands above the picture.
    narrow : str
        The same picture drawn for a phone; the page shows the one that fits.
    values : dict, optional
        Where the lines lie and what they say, for those who point at them; see `shared.reporting.hover`.
    data : pandas.DataFrame, optional
        What was drawn, to be taken away as a table.

    >>> line = draw(lambda axes, colours: axes.plot([1, 2], color=colours["accent"]), alt="A line.")
    >>> line
    Figure('A line.')
    """

    svg: str
    alt: str = ""
    caption: str = ""
    title: Said = ""
    narrow: str = ""
    values: dict[str, Any] | None = field(default=None, compare=False)
    data: pd.DataFrame | None = field(default=None, compare=False)

    def __repr__(self) -> str:
        return f"Figure({str(self.title or self.alt)!r})"

    def tell(self, title: Said, caption: str | None = None, data: pd.DataFrame | None = None) -> Figure:
        """Return the same picture under a title that says what it shows.

        Parameters
        ----------
        title : str or Claim
            The finding, as a sentence without a full stop.
        caption : str, optional
            In place of the one it has.
        data : pandas.DataFrame, optional
            What was drawn, in place of what it has.

        >>> draw(lambda axes, colours: axes.plot([1, 2]), alt="A line.").tell("Sales double").title
        'Sales double'
        """
        told = self.caption if caption is None else caption
        return replace(self, title=title, caption=told, data=self.data if data is None else data)

    def save(self, path: str | Path) -> None:
        """Write a free-standing SVG in light colours, with its title on top.

        Parameters
        ----------
        path : str or Path
            Its name ends in ``.svg``; a file there is replaced, whole or not at all.

        Raises
        ------
        SettingsError
            The name ends otherwise.
        """
        if Path(path).suffix.lower() != ".svg":
            raise SettingsError(f"path={str(path)!r}: a figure is written as SVG; let the name end in .svg")
        write_text(Path(path), self.plain())

    def plain(self) -> str:
        """Return the SVG with its title, and light colours written out."""
        light = {f"var(--{name})": shade for name, (_, shade, _) in PALETTE.items()}
        mark = f'aria-label="{html.escape(self.alt, quote=True)}"'
        head, found, body = self.svg.partition(mark)
        svg = _swap(head, light) + found + _swap(body, light)
        svg = svg.replace("<svg ", f'<svg font-family="{FAMILY}" ', 1)
        return _put_title(svg, str(self.title)) if str(self.title) else svg

    def _repr_html_(self) -> str:
        under = f"<figcaption>{html.escape(self.caption)}</figcaption>" if self.caption else ""
        return f'<figure style="background:#fff;color:#1f2430;max-width:46rem">{self.plain()}{under}</figure>'


def draw(
    paint: Callable[[Any, Mapping[str, str]], None],
    *,
    alt: str = "",
    caption: str = "",
    title: Said = "",
    size: tuple[float, float] = SIZE,
    narrow: tuple[float, float] | None = None,
    data: pd.DataFrame | None = None,
) -> Figure:
    """Draw a figure in the house style, once for a page and once for a phone.

    Parameters
    ----------
    paint : callable
        Takes matplotlib's axes and the colours by name (`PALETTE`), and draws. It is called twice: `is_narrow` tells
        for which of them.
    alt, caption, title, data
        See `Figure`.
    size : tuple of float
        Width and height in inches.
    narrow : tuple of float, optional
        The same of the drawing for a phone; made from `size` where left out.

    >>> figure = draw(lambda axes, colours: axes.plot([1, 2], color=colours["accent"]), alt="Two points.")
    >>> "var(--accent)" in figure.svg, "var(--accent)" in figure.narrow
    (True, True)
    """
    colours = {name: sentinel for name, (sentinel, _, _) in PALETTE.items()}
    alt = CONTROL.sub("\ufffd", alt)
    narrow = narrow or (NARROW, min(size[1], max(2.4, 0.8 * size[1])))
    drawn, found = [], []
    for shape in (size, narrow) if narrow[0] < size[0] else (size,):
        svg, values = _draw_once(paint, colours, shape, alt)
        drawn.append(_inline(svg, alt))
        found.append(values)
    values = join_values(found)
    return Figure(drawn[0], alt, caption, title, drawn[1] if len(drawn) > 1 else "", values, data)


def is_narrow(axes: Axes) -> bool:
    """Whether axes belong to the drawing for a phone.

    >>> widths = []
    >>> _ = draw(lambda axes, colours: widths.append(is_narrow(axes)))
    >>> widths
    [False, True]
    """
    figure: Any = axes.figure
    return float(figure.get_size_inches()[0]) <= NARROW


def _draw_once(
    paint: Callable[[Any, Mapping[str, str]], None], colours: Mapping[str, str], size: tuple[float, float], alt: str
) -> tuple[str, dict[str, Any] | None]:
    """An SVG as matplotlib writes it, and where its lines lie."""
    style: Any = {
        "svg.hashsalt": f"{alt or 'hexad'} {size[0]:g}",
        "svg.fonttype": "none",
        "font.family": FONT,
        "font.size": 9,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.spines.left": False,
        "axes.edgecolor": colours["soft"],
        "axes.labelcolor": colours["ink"],
        "axes.grid": True,
        "axes.grid.axis": "y",
        "ytick.major.size": 0,
        "axes.axisbelow": True,
        "grid.color": colours["grid"],
        "grid.linewidth": 0.7,
        "xtick.color": colours["soft"],
        "ytick.color": colours["soft"],
        "xtick.labelcolor": colours["ink"],
        "ytick.labelcolor": colours["ink"],
        "text.color": colours["ink"],
        "legend.frameon": False,
        "legend.fontsize": 9,
        "lines.linewidth": 1.6,
        "path.simplify_threshold": 0.4,
        "date.autoformatter.hour": "%H:%M",
        "text.parse_math": False,
        "axes.unicode_minus": True,
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
        values = find_values(axes)
    return buffer.getvalue(), values


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
    svg = CONTROL.sub("\ufffd", svg)
    svg = re.sub(r'(<svg[^>]*?) width="[^"]*"', r"\1", svg, count=1)
    svg = re.sub(r'(<svg[^>]*?) height="[^"]*"', r"\1", svg, count=1)
    used = set(re.findall(r'(?:url\(#|href="#)([^")]*)', svg))
    svg = re.sub(r"<[^>]*>", lambda tag: _shorten_tag(tag[0], used), svg)
    svg = re.sub(r"\s*\n\s*", "\n", svg)
    svg = _swap(svg, {sentinel: f"var(--{name})" for name, (sentinel, _, _) in PALETTE.items()})
    label = html.escape(alt, quote=True)
    return svg.replace("<svg ", f'<svg role="img" aria-label="{label}" ', 1)


def _shorten_tag(tag: str, used: Collection[str]) -> str:
    """A tag without what a page has no use for; texts between tags are left as they are."""
    # Path data need no more than two decimals.
    tag = re.sub(r'(?<= d=")[^"]*', lambda path: re.sub(r"(\d+\.\d{2})\d+", r"\1", path[0]), tag)
    # The same names in each picture of a page would be no names, and nothing asks for them.
    tag = re.sub(r' id="([^"]*)"', lambda name: name[0] if name[1] in used else "", tag)
    tag = re.sub(r' transform="rotate\(-?0 [^"]*"', "", tag)
    # Text is text: it takes the page's font.
    return re.sub(
        rf"""^(<text[^>]*?style="[^"]*?)(font: [^;"]*?|font-family: [^;"]*)'{FONT}'[^;"]*;? *""", _plain_font, tag
    )


def _plain_font(found: re.Match[str]) -> str:
    """The style of a text without its family; its size is kept."""
    size = re.search(r"([\d.]+px)", found[2])
    return f"{found[1]}font-size: {size[1]}; " if size else found[1]


def _swap(svg: str, words: Mapping[str, str]) -> str:
    """Replace words inside the tags of an SVG, and nowhere in its texts."""
    pattern = re.compile("|".join(map(re.escape, words)))
    return re.sub(r"<[^>]*>", lambda tag: pattern.sub(lambda word: words[word[0]], tag[0]), svg)


def _put_title(svg: str, title: str) -> str:
    """Set a title above a picture that stands alone, over as many lines as it takes."""
    left, top, width, height = map(float, re.search(r'viewBox="([^"]*)"', svg)[1].split())  # type: ignore[index]
    lines = textwrap.wrap(CONTROL.sub("\ufffd", title), max(20, int(width / 6.2)))
    room = 15.0 * len(lines) + 6
    box = f'viewBox="{left:g} {top - room:g} {width:g} {height + room:g}"'
    ink = PALETTE["ink"][1]
    texts = "".join(
        f'<text x="{left + 2:g}" y="{top - room + 13 + 15 * number:g}" font-size="12" font-weight="700" fill="{ink}">'
        f"{html.escape(line)}</text>"
        for number, line in enumerate(lines)
    )
    svg = re.sub(r'viewBox="[^"]*"', box, svg, count=1)
    return svg.removesuffix("</svg>\n").removesuffix("</svg>") + texts + "</svg>"


def shorten_label(name: str) -> str:
    """Keep a name in the legend that matplotlib would hide for its first character, and none that fills the picture.

    Parameters
    ----------
    name : str

    >>> shorten_label("_hidden"), len(shorten_label("a" * 100))
    (' _hidden', 60)
    """
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
        locator = locators.AutoDateLocator(minticks=3, maxticks=5 if is_narrow(axes) else 7)
        axes.xaxis.set_major_locator(locator)
        axes.xaxis.set_major_formatter(_date_formatter(locator))
    elif is_narrow(axes) and isinstance(axes.xaxis.get_major_locator(), ticker.AutoLocator):
        axes.xaxis.set_major_locator(ticker.MaxNLocator(4))  # large numbers run into one another
    low, high = axes.get_ylim()
    if max(abs(low), abs(high)) >= 1000:
        axes.yaxis.set_major_formatter(ticker.StrMethodFormatter("{x:,.0f}"))
    axes.margins(x=0.01)


def _date_formatter(locator: object) -> Any:
    """Write dates below an axis as people do: 2014, Mar, 27 Dec, 17:00, and at the end what they have in common."""
    from matplotlib import dates

    base: Any = dates.ConciseDateFormatter

    class Dates(base):  # type: ignore[misc]
        def format_ticks(self, values: ArrayLike) -> list[str]:
            texts = [text if ":" in text else text.lstrip("0") for text in super().format_ticks(values)]
            gaps = np.diff(np.asarray(values, dtype=float))
            # From one month to the next days may lie close: of such a pair the first is not named.
            close = [*(gaps < 0.7 * np.median(gaps)), False] if len(gaps) else [False] * len(texts)
            return ["" if near else text for text, near in zip(texts, close, strict=True)]

    return Dates(
        locator,
        formats=["%Y", "%b", "%d %b", "%H:%M", "%H:%M", "%S.%f"],
        zero_formats=["", "%Y", "%d %b", "%d %b", "%H:%M", "%H:%M"],
        offset_formats=["", "", "%Y", "%Y", "%d %b %Y", "%d %b %Y, %H:%M"],
    )


def mark_now(axes: Axes, x: Any, before: str, after: str, colour: Any) -> None:
    """Mark where what is known ends, and name both sides of it on top of the axes.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
    x : number or stamp
        Where it ends, as it was drawn.
    before, after : str
        What lies to its left and right.
    colour : str
        Of the line and the words.

    >>> figure = draw(lambda axes, colours: mark_now(axes, 1.0, "known", "forecast", colours["soft"]))
    >>> "forecast</text>" in figure.svg
    True
    """
    axes.axvline(x, color=colour, linewidth=1, linestyle=(0, (4, 3)), label="_now")
    place: Any = axes.get_xaxis_transform()
    axis: Any = axes
    x = float(axis.convert_xunits(x))
    low, high = axes.get_ylim()
    axes.set_ylim(low, high + 0.1 * (high - low))  # room for the words
    for word, side, ha in ((before, -5, "right"), (after, 5, "left")):
        told = axes.annotate(
            word, (x, 1.0), xycoords=place, xytext=(side, -1), textcoords="offset points", ha=ha, va="top", color=colour
        )
        told.set_in_layout(False)  # it lies inside the axes


def add_legend(axes: Axes, *, ends: bool = True, skip: Sequence[str] = ()) -> None:
    """Name what is drawn: at the ends of lines where they all reach the right edge, else above the picture.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
        What has no label, or one that begins with "_", is not named.
    ends : bool
        Whether names may stand at the ends of lines.
    skip : sequence of str
        Labels that the picture says otherwise.

    >>> def paint(axes, colours):
    ...     axes.plot([1, 2], label="both")
    ...     add_legend(axes)
    >>> "both</text>" in draw(paint, alt="A line.").svg
    True
    """
    named = [pair for pair in zip(*axes.get_legend_handles_labels(), strict=True) if pair[1] not in skip]
    if not named:
        return
    handles, labels = map(list, zip(*named, strict=True))
    if ends and not is_narrow(axes) and _label_ends(axes, handles, labels):
        return
    figure: Any = axes.figure
    width = float(figure.get_size_inches()[0]) * 72
    widths = [5.6 * len(label) + 34 for label in labels]
    columns = len(labels) if sum(widths) <= width else int(max(1, min(len(labels), width // max(widths))))
    figure.legend(
        handles, labels, loc="outside upper left", ncols=columns, columnspacing=1.4, handlelength=1.6, borderaxespad=0.1
    )


def _label_ends(axes: Axes, handles: Sequence[Any], labels: Sequence[str]) -> bool:
    """Write the names of lines and bands where they end; False where that would not be plain."""
    from matplotlib.collections import PolyCollection
    from matplotlib.lines import Line2D

    if len(labels) > MOST_ENDS or max(len(label) for label in labels) > LONGEST_END:
        return False
    spans = [points[:, 0] for points in (_on_screen(axes, line) for line in axes.get_lines()) if len(points)]
    if not spans:
        return False
    left, right = min(span.min() for span in spans), max(span.max() for span in spans)
    places = []
    for handle, label in zip(handles, labels, strict=True):
        if isinstance(handle, Line2D) and handle.get_linestyle() not in ("None", "", " "):
            height = _end_height(axes, handle, right, 0.1 * max(right - left, 0.0))
            colour = handle.get_color()
        elif isinstance(handle, PolyCollection):
            corners = np.asarray(handle.get_paths()[0].vertices)
            height = float(corners[np.isclose(corners[:, 0], corners[:, 0].max()), 1].max())
            colour = tuple(np.asarray(handle.get_facecolor())[0, :3])
        else:
            return False
        if height is None:
            return False
        places.append((height, label, colour))
    _write_ends(axes, places)
    return True


def _on_screen(axes: Axes, line: Any) -> Floats:
    """Points of a line on the screen; those of a line across the whole axes are no points."""
    if line.get_transform() != axes.transData:
        return np.empty((0, 2))
    points = axes.transData.transform(line.get_xydata())
    return np.asarray(points[np.isfinite(points).all(axis=1)])


def _end_height(axes: Axes, line: Any, right: float, room: float) -> float | None:
    """Where a line ends, in the units of y; None if that is not near the right edge."""
    points = _on_screen(axes, line)
    if len(points):
        return float(axes.transData.inverted().transform(points[-1])[1]) if points[-1, 0] >= right - room else None
    heights = np.unique(line.get_ydata())  # a line across the axes
    return float(heights[0]) if len(heights) == 1 and line.get_transform() != axes.transData else None


def _write_ends(axes: Axes, places: Sequence[tuple[float, str, Any]]) -> None:
    """Set labels to the right of the axes, apart from one another by a line of text."""
    figure: Any = axes.figure
    low, high = axes.get_ylim()
    line = 12.0 / (72 * float(figure.get_size_inches()[1]) * 0.78)  # of text, as a share of the axes' height
    order = sorted(range(len(places)), key=lambda one: places[one][0])
    heights = np.array([(places[one][0] - low) / max(high - low, 1e-300) for one in order])
    for number in range(1, len(heights)):
        heights[number] = max(heights[number], heights[number - 1] + line)
    heights -= max(0.0, heights[-1] - 1.0)
    for number in range(len(heights) - 2, -1, -1):
        heights[number] = min(heights[number], heights[number + 1] - line)
    for one, height in zip(order, heights, strict=True):
        _, label, colour = places[one]
        axes.annotate(
            label,
            (1.012, float(height)),
            xycoords="axes fraction",
            va="center",
            ha="left",
            color=colour,
            annotation_clip=False,
        )
