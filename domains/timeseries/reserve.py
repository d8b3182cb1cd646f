"""The reserve to hold above a forecast, and what a better forecast saves of it."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from shared.data import columns as names
from shared.errors import HexadError

__all__ = ["Reserve", "reserve_needed"]


@dataclass(frozen=True)
class Reserve:
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
    by_step : pandas.DataFrame
        Mean reserve by step of the horizon, one column a model.
    unit : str
        Unit of y, for the sentences.

    >>> print(Reserve("model", "naive", 0.05, 60.0, 100.0, 0.04, 0.05, pd.DataFrame(), "MW").explain())
    Holding 60 MW above the forecast on average, 5 % of the half-hours were meant to run short and 4.0 % did. With naive
    it takes 100 MW (5.0 % ran short): the forecast saves 40 MW of reserve, or 40 %.
    """

    model: str
    against: str
    risk: float
    held: float
    held_against: float
    short: float
    short_against: float
    by_step: pd.DataFrame
    unit: str = ""

    @property
    def saved(self) -> float:
        """Mean reserve saved, in the unit of y."""
        return self.held_against - self.held

    def explain(self, period: str = "half-hours") -> str:
        """Say in two sentences what is held, what ran short and what is saved."""
        unit = f" {self.unit}" if self.unit else ""
        saving = f"saves {self.saved:,.0f}{unit} of reserve, or {100 * self.saved / self.held_against:.0f} %"
        if self.saved <= 0:
            saving = f"saves nothing: it takes {-self.saved:,.0f}{unit} more"
        return (
            f"Holding {self.held:,.0f}{unit} above the forecast on average, {100 * self.risk:g} % of the {period} were "
            f"meant to run short and {100 * self.short:.1f} % did. With {self.against} it takes "
            f"{self.held_against:,.0f}{unit} ({100 * self.short_against:.1f} % ran short): the forecast {saving}."
        )


def reserve_needed(
    predictions: pd.DataFrame, model: str, against: str, *, risk: float = 0.05, y: str = names.Y, unit: str = ""
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

    >>> frame = pd.DataFrame({"model": ["a", "b"], "step": 1, "y": 2.0, "mean": 1.0, "hi-90": [2.5, 1.5]})
    >>> reserve_needed(frame, "a", "b").saved
    -1.0
    """
    level = round(100 * (1 - 2 * risk), 6)
    column = names.interval_columns(level)[1]
    if column not in predictions.columns:
        raise HexadError(f"a risk of {risk:g} needs the {level:g} % interval; evaluate with levels=({level:g},)")
    found = {}
    for name in (model, against):
        rows = predictions[predictions[names.MODEL] == name]
        if rows.empty:
            raise HexadError(f"there are no predictions of {name!r}")
        held = rows[column] - rows[names.MEAN]
        found[name] = (float(held.mean()), float((rows[y] > rows[column]).mean()), held.groupby(rows[names.STEP]).mean())
    by_step = pd.DataFrame({name: found[name][2] for name in (model, against)})
    return Reserve(
        model, against, risk, found[model][0], found[against][0], found[model][1], found[against][1], by_step, unit
    )
