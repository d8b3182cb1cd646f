"""Figures of alerts: what stands behind them, and what is found by looking at more."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from shared.errors import HexadError

if TYPE_CHECKING:
    from shared.reporting.figures import Figure

__all__ = ["detection_curve", "reason_bars"]

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
    from shared.reporting.figures import bar_figure

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
    from shared.reporting.figures import line_figure

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
