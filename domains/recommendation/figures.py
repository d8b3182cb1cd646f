"""Figures of recommendations: what scores are made of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from shared.errors import HexadError
from shared.result import Result

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from shared.reporting.figures import Figure

__all__ = ["score_bars"]

LABELS = {"from_habit": "own past", "from_similar": "goes together", "from_trend": "what everybody does"}


def score_bars(found: Result, key: object = None) -> Figure:
    """Draw what the scores of one list are made of, a bar an item.

    Parameters
    ----------
    found : Recommendations
        Lists, whose first column says for whom they are.
    key : object, optional
        Whose list; the first where left out.

    >>> import pandas as pd
    >>> from domains.recommendation import Recommendations
    >>> table = pd.DataFrame({"user": ["ann"], "item": ["tea"], "rank": [1], "score": [1.0], "from_similar": [0.8]})
    >>> score_bars(Recommendations(table, 1)).alt
    'Bars: what the scores of 1 item for ann are made of.'
    """
    from shared.reporting.figures import add_legend, draw

    table = found.to_frame()
    if len(table) == 0:
        raise HexadError("there is no list to draw")
    whose = table.iloc[:, 0]
    name = whose.iloc[0] if key is None else key
    own = table[whose == name]
    if len(own) == 0:
        raise HexadError(f"there is no list for {name!r}")
    parts = [column for column in LABELS if column in own.columns]

    def paint(axes: Axes, colours: Mapping[str, str]) -> None:
        shades = [colours[name] for name in ("accent", "second", "third")]
        place = np.arange(len(own))[::-1]
        left = np.zeros(len(own))
        for number, column in enumerate(parts or ["score"]):
            width = own[column].to_numpy(dtype=float, na_value=0.0)
            axes.barh(
                place,
                width,
                left=left if parts else 0.0,
                label=LABELS.get(column, "score"),
                height=0.7,
                color=shades[number],
            )
            left += np.maximum(width, 0.0)
        axes.set_yticks(place, [str(item)[:32] for item in own.iloc[:, 1]])
        axes.set_xlabel("what each part adds to the score (log-odds)" if parts else "score")
        if parts:
            add_legend(axes)

    items = "1 item" if len(own) == 1 else f"{len(own)} items"
    size = (6.4, 0.8 + 0.28 * len(own))
    return draw(paint, alt=f"Bars: what the scores of {items} for {name} are made of.", size=size)
