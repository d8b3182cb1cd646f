"""The tables that the shuttle report speaks from: every new row, what looking costs, and how detectors did."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import hypergeom

from domains.anomaly import Alerts
from shared.evaluation import Scores
from shared.reporting import Evidence
from shared.typing import Floats

from .trial import Costs, Rows

CHANCE = 0.05  # how often chance may find as many before nothing is said to be found


@dataclass(frozen=True)
class Tables:
    """What the report's sentences are worked out from, as the run keeps it.

    Attributes
    ----------
    new : pandas.DataFrame
        A row a new row: what it is called, whether it is reported, how odd it is, and whether it is by the labels.
    alerts : pandas.DataFrame
        Those reported, with their reasons.
    band : pandas.DataFrame
        One row: between which shares of alerts are likely, for rows like those learnt from.
    costs, scores : pandas.DataFrame, optional
        What looking at a share of the rows costs and finds; how detectors did on rows held out.

    >>> new = pd.DataFrame({"reported": [True, False], "odd": [True, False]})
    >>> Tables(new, new, new).judged, Tables(new.drop(columns="odd"), new, new).judged
    (True, False)
    """

    new: pd.DataFrame
    alerts: pd.DataFrame
    band: pd.DataFrame
    costs: pd.DataFrame | None = None
    scores: pd.DataFrame | None = None

    @classmethod
    def of(
        cls,
        rows: Rows,
        alerts: Alerts,
        oddness: Floats,
        band: tuple[float, float],
        scores: Scores | None,
        costs: Costs | None,
    ) -> Tables:
        """Make them from the results."""
        reported = np.zeros(len(rows.new), dtype=bool)
        reported[[alert.place for alert in alerts.alerts]] = True
        new: dict[str, Any] = {"row": rows.new.index.astype(str), "reported": reported, "oddness": oddness}
        if rows.judged:
            new["odd"] = rows.new_odd
        return cls(
            pd.DataFrame(new),
            alerts.to_frame().assign(row=lambda one: one["row"].astype(str)),
            pd.DataFrame([band], columns=["low", "high"]),
            None if costs is None else costs.table,
            None if scores is None else scores.to_frame().rename(columns={"split": "fold"}),
        )

    def kept(self) -> dict[str, pd.DataFrame]:
        """The tables by the name of their files."""
        return {name: frame for name, frame in vars(self).items() if frame is not None}

    def rows(self, **equal: object) -> Evidence:
        """New rows."""
        return Evidence("new", self.new, equal)

    @property
    def judged(self) -> bool:
        """Whether rows are reported, and labels say which rows are odd."""
        return "odd" in self.new.columns and bool(self.new["reported"].any())

    @property
    def beats_chance(self) -> bool:
        """Whether more of the rows reported are odd, by the labels, than chance would find.

        >>> new = pd.DataFrame({"reported": [True] * 9 + [False] * 91, "odd": [True] * 8 + [False] * 92})
        >>> Tables(new, new, new).beats_chance, Tables(new.assign(odd=new["odd"][::-1].to_numpy()), new, new).beats_chance
        (True, False)
        """
        odd, reported = self.new["odd"], self.new["reported"]
        hits = int((odd & reported).sum())
        return float(hypergeom.sf(hits - 1, len(odd), int(odd.sum()), int(reported.sum()))) < CHANCE
