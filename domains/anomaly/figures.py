"""Figures of alerts: what stands behind them, and what is found by looking at more."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from shared.errors import HexadError
from shared.text import count_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from shared.reporting.figures import Figure

__all__ = ["detection_curve", "incident_lines", "reason_bars"]

MOST_BARS = 12
POINTS = 120


def reason_bars(columns: Sequence[str]) -> Figure:
    """Draw how often each column is the first reason of an alert; the twelve most frequent ones.

    Parameters
    ----------
    columns : sequence of str
        The first reason of each alert; at least one.

    Raises
    ------
    HexadError
        There is no alert.

    >>> reason_bars(["amount", "country", "amount"]).alt
    'Bars: how often each column is the first reason of an alert.'
    """
    from shared.reporting.charts import bar_figure

    if not len(columns):
        raise HexadError("there is no alert, so there is nothing to draw")
    return bar_figure(
        {name: float(count) for name, count in Counter(columns).most_common(MOST_BARS)},
        x_label="alerts",
        alt="Bars: how often each column is the first reason of an alert.",
        caption="How often a column is the first reason of an alert.",
    )


def detection_curve(odd: ArrayLike, score: ArrayLike) -> Figure:
    """Draw the share of odd rows found by the share of rows looked at, the oddest first.

    Parameters
    ----------
    odd : array of bool, shape (n,)
        Which rows are odd.
    score : array of float, shape (n,)
        The higher, the odder.

    Raises
    ------
    HexadError
        No row is odd.

    >>> detection_curve([False, True], [0.0, 1.0]).alt
    'Lines: share of odd rows found by the share of rows looked at.'
    """
    from shared.reporting.charts import line_figure

    labels = np.asarray(odd, dtype=bool)
    if not labels.any():
        raise HexadError("no row is odd, so there is nothing to find")
    order = np.argsort(-np.asarray(score, dtype=float), kind="stable")
    found = np.cumsum(labels[order]) / labels.sum()
    places = np.unique(np.round(np.geomspace(1, len(order), POINTS)).astype(int)) - 1
    share = (places + 1) / len(order)
    lines: dict[str, tuple[Any, Any]] = {
        "the oddest first": (100 * share, 100 * found[places]),
        "at random": ([0, 100], [0.0, 100.0]),
    }
    return line_figure(
        lines,
        x_label="rows looked at, %",
        y_label="odd rows found, %",
        alt="Lines: share of odd rows found by the share of rows looked at.",
        caption="What is found by looking at the oddest rows first.",
    )


def incident_lines(rows: pd.DataFrame, stamps: str, column: str, name: str = "") -> Figure:
    """Draw a series, what would be usual, and its incidents.

    Parameters
    ----------
    rows : pandas.DataFrame
        Of one series, in the order of time: stamps, the column, "usual" and "incident" (0 for none).
    stamps, column : str
    name : str
        What the series is called.

    >>> rows = pd.DataFrame({"ds": [1, 2, 3], "y": [1.0, 9.0, 1.0], "usual": 1.0, "incident": [0, 1, 0]})
    >>> incident_lines(rows, "ds", "y").alt
    'Lines: y and what would be usual, with 1 incident marked.'
    """
    from shared.reporting.figures import add_legend, draw, finish_axes, wall_clock

    x, y = wall_clock(rows[stamps]), rows[column].to_numpy(dtype=float)
    number = rows["incident"].to_numpy()
    marked = [np.flatnonzero(number == one) for one in np.unique(number[number > 0])]

    def paint(axes: Axes, colours: Any) -> None:
        axes.plot(x, y, color=colours["ink"], linewidth=1.1, label="measured")
        axes.plot(x, rows["usual"], color=colours["accent"], linewidth=1.1, label="usual")
        for k, place in enumerate(marked):
            axes.axvspan(x[place[0]], x[place[-1]], color=colours["second"], alpha=0.25, linewidth=1)
            axes.plot(x[place], y[place], ".", color=colours["second"], markersize=4, label="" if k else "incident")
        finish_axes(axes, "", column)
        add_legend(axes)

    of = f" of {name}" if name else ""
    return draw(
        paint,
        alt=f"Lines: {column}{of} and what would be usual, with {count_of(len(marked), 'incident')} marked.",
        caption=f"{column}{of}, what similar stretches have, and what is reported.",
    )
