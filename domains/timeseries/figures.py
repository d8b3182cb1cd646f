"""Pictures of forecasts: what is expected beside what was known, and where outcomes lay among the quantiles."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from shared.reporting.figures import Figure, add_legend, draw, finish_axes, is_narrow, mark_now, wall_clock

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["forecast_figure", "pit_figure"]


def forecast_figure(
    past_x: Collection[Any],
    past_y: ArrayLike,
    x: ArrayLike,
    mean: ArrayLike,
    *,
    lower: ArrayLike | None = None,
    upper: ArrayLike | None = None,
    level: float | None = None,
    bands: Mapping[float, tuple[ArrayLike, ArrayLike]] | None = None,
    actual: ArrayLike | None = None,
    y_label: str = "",
    alt: str = "",
    caption: str = "",
) -> Figure:
    """Draw the last known values, a forecast and its intervals, and the outcome where it is known.

    Parameters
    ----------
    past_x, past_y : array
        Stamps and values that are known.
    x, mean : array
        Stamps that are forecast, and the forecast.
    lower, upper : array, optional
        Bounds of one interval, and in `level` its nominal coverage in percent.
    level : float, optional
    bands : mapping of float to (lower, upper), optional
        Several intervals by their nominal coverage in percent, drawn inside one another, the narrower the darker.
    actual : array, optional
        What came.
    y_label, alt, caption : str
        See `shared.reporting.figures.Figure`.

    >>> forecast_figure([1, 2], [1.0, 2.0], [3], [2.5]).alt
    'Known values and forecast.'
    """
    shades = {f"{one:g} % interval": bounds for one, bounds in sorted((bands or {}).items(), reverse=True)}
    if lower is not None and upper is not None:
        shades[f"{level:g} % interval" if level is not None else "interval"] = (lower, upper)

    def paint(axes: Axes, colours: Mapping[str, str]) -> None:
        for number, (label, (low, high)) in enumerate(shades.items()):
            # Shades lie on one another, so that the inner ones are darker by themselves; a little more tells them
            # apart.
            axes.fill_between(
                wall_clock(x),
                np.asarray(low),
                np.asarray(high),
                color=colours["accent"],
                alpha=min(0.18 + 0.06 * number, 0.5),
                linewidth=0,
                label=label,
            )
        if len(past_x):
            axes.plot(wall_clock(past_x), np.asarray(past_y), color=colours["soft"], linewidth=1.2, label="known")
        axes.plot(wall_clock(x), np.asarray(mean), color=colours["accent"], label="forecast")
        if actual is not None:
            axes.plot(wall_clock(x), np.asarray(actual), color=colours["ink"], linewidth=1.2, label="actual")
        finish_axes(axes, "", y_label)
        if len(past_x):
            mark_now(axes, wall_clock(x)[0], "known", "forecast", colours["soft"])
        add_legend(axes, skip=("known",))

    return draw(paint, alt=alt or "Known values and forecast.", caption=caption)


def pit_figure(edges: Sequence[float], shares: Any, *, alt: str = "", caption: str = "") -> Figure:
    """Draw a histogram of the probability integral transform over unequal bins: flat at 1 where quantiles are true.

    Parameters
    ----------
    edges : sequence of float
        From 0 to 1, one more than there are bins.
    shares : array
        Share of outcomes in each bin.

    >>> pit_figure([0.0, 0.5, 1.0], [0.4, 0.6], alt="Two bins.").alt
    'Two bins.'
    """

    def paint(axes: Axes, colours: Mapping[str, str]) -> None:
        widths = np.diff(np.asarray(edges, dtype=float))
        heights = np.asarray(shares, dtype=float) / widths
        axes.bar(
            edges[:-1],
            heights,
            width=widths,
            align="edge",
            color=colours["accent"],
            alpha=0.55,
            edgecolor=colours["accent"],
            linewidth=1,
        )
        axes.axhline(1.0, color=colours["second"], linewidth=1.5, label="what true quantiles would give")
        axes.set_ylim(0, max(2.0, 1.1 * float(heights.max(initial=0.0))))
        least = 0.07 if is_narrow(axes) else 0.03  # room for a label
        shown = [place for place, edge in enumerate(edges) if edge in (0.0, 1.0) or least <= edge <= 1 - least]
        axes.set_xticks([edges[place] for place in shown], [f"{100 * edges[place]:g}" for place in shown])
        finish_axes(axes, "quantile, %", "outcomes, in units of those expected")
        add_legend(axes)

    return draw(paint, alt=alt or "Histogram of the probability integral transform.", caption=caption)
