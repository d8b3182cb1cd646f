"""Are the quantiles what they say? The share of outcomes below each, and the probability integral transform."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from shared.reporting.figures import Figure


from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd

from domains.timeseries.horizon import horizon_edges
from shared.data import columns as names
from shared.errors import HexadError
from shared.evaluation.scores import Scores
from shared.result import Result
from shared.text import join_names

__all__ = ["Reliability", "reliability"]

# Distance within which a value is on the quantile, and counts half.
EXACT = 1e-12


@dataclass(frozen=True, repr=False)
class Reliability(Result):
    """How often outcomes lay below the quantiles that a model forecast.

    Attributes
    ----------
    model : str
        Its name.
    frame : pandas.DataFrame
        One row a quantile, by its nominal probability; the share of outcomes below it in column "all", and in a column
        for each part of the horizon, as in "1 to 6".
    n : int
        Outcomes.

    >>> frame = pd.DataFrame({"all": [0.12, 0.5, 0.88]}, index=[0.1, 0.5, 0.9])
    >>> Reliability("m", frame, 50).explain()
    'The quantiles of m are off by at most 2 points: below the 10 % quantile lay 12 % of outcomes, below the 90 %
    quantile lay 88 %.'
    """

    model: str
    frame: pd.DataFrame
    n: int

    def to_frame(self) -> pd.DataFrame:
        """Return nominal and observed shares."""
        return self.frame.copy()

    def table(self) -> pd.DataFrame:
        """The shares in percent, for people."""
        shown = self.frame.map(lambda share: f"{100 * share:.1f} %")
        shown.index = pd.Index([f"{100 * nominal:g} %" for nominal in self.frame.index], name="quantile")
        return shown

    @property
    def max_deviation(self) -> float:
        """Largest distance between a nominal and an observed share, over the whole horizon."""
        return float(np.abs(self.frame["all"] - self.frame.index.to_numpy()).max())

    def explain(self) -> str:
        """Say in a sentence how far the quantiles are off."""
        shares = 100 * self.frame["all"]
        worst = int(np.argmax(np.abs(shares.to_numpy() - 100 * self.frame.index.to_numpy())))
        places = dict.fromkeys([worst, 0, len(shares) - 1])
        told = [
            f"below the {100 * self.frame.index[place]:g} % quantile lay {shares.iloc[place]:.0f} %" for place in places
        ]
        return (
            f"The quantiles of {self.model} are off by at most {100 * self.max_deviation:.0f} points: {told[0]} of"
            f" outcomes{''.join(f', {text}' for text in told[1:])}."
        )

    def bins(self) -> pd.DataFrame:
        """Between neighbouring quantiles: nominal and observed share; together the histogram of the PIT.

        >>> found = Reliability("m", pd.DataFrame({"all": [0.2, 0.8]}, index=[0.1, 0.9]), 9)
        >>> found.bins()["observed"].round(2).tolist()
        [0.2, 0.6, 0.2]
        """
        edges = np.r_[0.0, self.frame.index.to_numpy(dtype=float), 1.0]
        reached = np.r_[0.0, self.frame["all"].to_numpy(), 1.0]
        return pd.DataFrame(
            {"from": edges[:-1], "to": edges[1:], "nominal": np.diff(edges), "observed": np.diff(reached)}
        )

    def plot(self) -> Figure:
        """Draw the histogram of the probability integral transform: flat at 1 where the quantiles are true.

        Source: Diebold, Gunther & Tay (1998), International Economic Review 39(4).

        Returns
        -------
        shared.reporting.figures.Figure
        """
        from domains.timeseries.figures import pit_figure

        bins = self.bins()
        return pit_figure(
            [*bins["from"], 1.0],
            bins["observed"],
            alt=f"Where outcomes lay among the quantiles of {self.model}.",
            caption=(
                "Where outcomes lay among the quantiles (the probability integral transform): at the line where they "
                "are true; high at the edges where intervals are too narrow, low there where they are too wide."
            ),
        )


def reliability(scores: Scores, model: str, *, y: str = names.Y, parts: int = 4) -> Reliability:
    """Compare the quantiles that a model forecast with what came.

    The quantiles are the bounds of its central intervals, and the point forecast as the median, which it is as far as
    the intervals are symmetric on the model's own scale.

    Parameters
    ----------
    scores : Scores
        From `evaluate`, with intervals (``ForecastTask(levels=...)``).
    model : str
        Its name.
    y : str
        Column of the actual values.
    parts : int
        Parts of the horizon.

    Raises
    ------
    HexadError
        There are no predictions of that name, or no intervals.

    >>> made = pd.DataFrame({"model": "m", "step": 1, "y": [1.0, 2, 3, 4], "mean": 2.5, "lo-50": 1.5, "hi-50": 3.5})
    >>> reliability(Scores(made, made, made, ()), "m").frame["all"].to_dict()
    {0.25: 0.25, 0.5: 0.5, 0.75: 0.75}
    """
    rows = scores.predictions[scores.predictions[names.MODEL] == model]
    if rows.empty:
        known = join_names(dict.fromkeys(scores.predictions[names.MODEL]))
        raise HexadError(f"there are no predictions of {model!r}; the models are {known}")
    levels = [float(name[3:]) for name in rows.columns if name.startswith("lo-") and rows[name].notna().all()]
    if not levels:
        raise HexadError(f"{model!r} was asked for no intervals; evaluate with ForecastTask(levels=...)")
    quantiles = {0.5: rows[names.median_of(rows)]}
    for level in levels:
        low, high = names.interval_columns(level)
        quantiles[round(0.5 - level / 200, 9)], quantiles[round(0.5 + level / 200, 9)] = rows[low], rows[high]
    actual = rows[y]
    # An outcome on the quantile itself counts half, as where prices stand still.
    share = pd.DataFrame(
        {
            q: (actual < quantiles[q] - EXACT).astype(float) + 0.5 * ((actual - quantiles[q]).abs() <= EXACT)
            for q in sorted(quantiles)
        }
    )
    steps = rows[names.STEP].to_numpy()
    edges = horizon_edges(steps, parts)
    found = {"all": share.mean()}
    for first, last in pairwise(edges):
        inside = (steps > first) & (steps <= last)
        if inside.any() and len(edges) > 2:
            found[f"{first + 1} to {last}"] = share[inside].mean()
    return Reliability(model, pd.DataFrame(found), len(rows))
