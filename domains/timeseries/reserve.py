"""The reserve to hold above a forecast, and what a better forecast saves of it."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from shared.data import columns as names
from shared.errors import HexadError
from shared.result import Result

__all__ = ["Reserve", "reserve_needed"]


@dataclass(frozen=True, repr=False)
class Reserve(Result):
    """Reserve held with a model and with a baseline for the same risk.

    Attributes
    ----------
    model, against : str
        Who was compared with whom.
    risk : float
        Share of stamps at which the outcome may exceed forecast and reserve, as aimed at.
    held, held_against : float
        Mean reserve, in the unit of y.
    short, short_against : float
        Share of stamps at which the outcome did exceed it.
    needed, needed_against : float
        Mean reserve that, in hindsight, would have left exactly the risk: the reserve held, scaled by one factor. Only
        these compare like with like.
    by_step : pandas.DataFrame
        Mean reserve by step of the horizon, one column a model.
    unit : str
        Unit of y, for the sentences.

    >>> print(Reserve("model", "naive", 0.05, 60.0, 100.0, 0.04, 0.05, 58.0, 100.0, pd.DataFrame(), "MW").explain())
    With 60 MW above the forecast on average, 4.0 % of the periods ran short, 5 % were meant to. For exactly 5 % it
    would have taken 58 MW, and 100 MW with naive: the forecast saves 42 MW of reserve, or 42 %.
    """

    model: str
    against: str
    risk: float
    held: float
    held_against: float
    short: float
    short_against: float
    needed: float
    needed_against: float
    by_step: pd.DataFrame
    unit: str = ""

    @property
    def saved(self) -> float:
        """Mean reserve saved at the same risk, in the unit of y."""
        return self.needed_against - self.needed

    def explain(self, period: str = "periods") -> str:
        """Say in two sentences what was held, what ran short and what is saved.

        Parameters
        ----------
        period : str
            Word for the periods, as in "half-hours".
        """
        unit = f" {self.unit}" if self.unit else ""
        return (
            f"With {self.held:,.0f}{unit} above the forecast on average, {100 * self.short:.1f} % of the {period} ran"
            f" short, {100 * self.risk:g} % were meant to. For exactly {100 * self.risk:g} % it would have taken"
            f" {self.needed:,.0f}{unit}, and {self.needed_against:,.0f}{unit} with {self.against}: the forecast"
            f" {self.saving()}."
        )

    def saving(self) -> str:
        """Say what is saved, as the end of a sentence."""
        unit = f" {self.unit}" if self.unit else ""
        if abs(self.saved) < 0.005 * self.needed_against:
            return "neither saves nor costs reserve"
        if self.saved <= 0:
            return f"saves nothing: it takes {-self.saved:,.0f}{unit} more"
        return f"saves {self.saved:,.0f}{unit} of reserve, or {100 * self.saved / self.needed_against:.0f} %"


def reserve_needed(
    predictions: pd.DataFrame,
    model: str,
    against: str,
    *,
    risk: float = 0.05,
    y: str = names.Y,
    unit: str = "",
) -> Reserve:
    """Work out the reserve that two models needed over an evaluation's forecasts.

    The reserve at a stamp is the distance from the point forecast to the upper bound of the central interval that
    leaves `risk` above it: the 90 % interval for a risk of 5 %.

    Parameters
    ----------
    predictions : pandas.DataFrame
        From `shared.evaluation.evaluate`, with the interval of level ``100 * (1 - 2 * risk)``.
    model, against : str
        Names of the two models.
    risk : float
        Between 0 and 0.5.
    y : str
        Column of the values that came.
    unit : str
        Their unit, for the sentences.

    >>> frame = pd.DataFrame({"model": ["a", "b"], "step": 1, "y": 2.0, "mean": 1.0, "hi-90": [2.5, 1.5]})
    >>> reserve_needed(frame, "a", "b").short_against
    1.0
    """
    if not 0 < risk < 0.5:
        raise HexadError(f"risk={risk} does not lie between 0 and 0.5")
    level = round(100 * (1 - 2 * risk), 6)
    column = names.interval_columns(level)[1]
    if column not in predictions.columns:
        raise HexadError(f"a risk of {risk:g} needs the {level:g} % interval; evaluate with levels=({level:g},)")
    found = {}
    for name in (model, against):
        rows = predictions[predictions[names.MODEL] == name]
        if rows.empty:
            raise HexadError(f"there are no predictions of {name!r}")
        if rows[[y, column, names.median_of(rows)]].isna().to_numpy().any():
            raise HexadError(f"the predictions of {name!r} hold missing values; leave those rows out")
        held = rows[column] - rows[names.median_of(rows)]
        if not (held > 0).all():
            raise HexadError(
                f"the interval of {name!r} has no width in places, so no reserve can be worked out from it"
            )
        factor = float(((rows[y] - rows[names.median_of(rows)]) / held).quantile(1 - risk))
        mean = float(held.mean())
        short = float((rows[y] > rows[column]).mean())
        found[name] = (mean, short, mean * max(factor, 0.0), held.groupby(rows[names.STEP]).mean())
    mine, its = found[model], found[against]
    by_step = pd.DataFrame({model: mine[3], against: its[3]})
    return Reserve(model, against, risk, mine[0], its[0], mine[1], its[1], mine[2], its[2], by_step, unit)
