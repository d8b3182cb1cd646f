"""What a forecast of prices is worth to a load that can choose its hours."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from shared.data import columns as names
from shared.errors import HexadError
from shared.result import Result

__all__ = ["FlexibleLoad", "flexible_load"]


@dataclass(frozen=True, repr=False)
class FlexibleLoad(Result):
    """What a load paid that ran in the steps of each horizon that a forecast held for the cheapest.

    Attributes
    ----------
    model, against : str
        Whose forecasts were followed, and with whose they are compared.
    steps : int
        Steps it ran in each horizon.
    paid, paid_against : float
        Mean price paid, following the one and the other.
    paid_best : float
        Mean price in the steps that turned out to be the cheapest: no forecast can do better.
    paid_flat : float
        Mean price over all steps: what it costs not to choose.
    by_origin : pandas.DataFrame
        The same four prices by origin (and series).
    unit : str
        Unit of the price, for the sentences.

    >>> print(FlexibleLoad("model", "naive", 6, 22.0, 23.0, 20.0, 30.0, pd.DataFrame(), "EUR/MWh").explain())
    A load that runs 6 steps of each horizon, where model expects the lowest prices, pays 22.00 EUR/MWh on average;
    23.00 with naive, 30.00 running all the time, and 20.00 had all prices been known. Of what could be saved by
    choosing, model reaches 80 % and naive 70 %.
    """

    model: str
    against: str
    steps: int
    paid: float
    paid_against: float
    paid_best: float
    paid_flat: float
    by_origin: pd.DataFrame
    unit: str = ""

    @property
    def saved(self) -> float:
        """Price saved against following the other model."""
        return self.paid_against - self.paid

    @property
    def reached(self) -> float:
        """Share of what choosing could save that the model reached; NaN where choosing saves nothing."""
        return self._share(self.paid)

    @property
    def reached_against(self) -> float:
        """Share that the other model reached."""
        return self._share(self.paid_against)

    def _share(self, paid: float) -> float:
        possible = self.paid_flat - self.paid_best
        return (self.paid_flat - paid) / possible if possible > 0 else float("nan")

    def explain(self, step: str = "steps", horizon: str = "horizon") -> str:
        """Say what was paid and how much of what could be saved was.

        Parameters
        ----------
        step : str
            Word for the steps, as in "hours".
        horizon : str
            Word for the horizon, as in "day".
        """
        unit = f" {self.unit}" if self.unit else ""
        told = (
            f"A load that runs {self.steps} {step} of each {horizon}, where {self.model} expects the lowest prices,"
            f" pays {self.paid:.2f}{unit} on average; {self.paid_against:.2f} with {self.against},"
            f" {self.paid_flat:.2f} running all the time, and {self.paid_best:.2f} had all prices been known."
        )
        if not np.isfinite(self.reached):
            return f"{told} Nothing could be saved by choosing."
        return (
            f"{told} Of what could be saved by choosing, {self.model} reaches {100 * self.reached:.0f} % and"
            f" {self.against} {100 * self.reached_against:.0f} %."
        )


def flexible_load(
    predictions: pd.DataFrame,
    model: str,
    against: str,
    *,
    steps: int = 6,
    unique_id: str = names.UNIQUE_ID,
    y: str = names.Y,
    unit: str = "",
) -> FlexibleLoad:
    """Work out what a load pays that runs a number of steps of each horizon, chosen by two models' forecasts.

    Of steps with the same forecast the first are taken. Prices may be negative.

    Parameters
    ----------
    predictions : pandas.DataFrame
        From `shared.evaluation.evaluate`: prices and their forecasts.
    model, against : str
        Names of the two models.
    steps : int
        Steps it runs, fewer than the horizon has.
    unique_id, y : str
        Column names.
    unit : str
        Unit of the price.

    Raises
    ------
    HexadError
        There are no predictions of a model, or the horizons have no more than `steps` steps.

    >>> rows = {"split": 1, "step": [1, 2], "y": [5.0, 3.0]}
    >>> a, b = (pd.DataFrame({"model": name, "mean": mean, **rows}) for name, mean in [("a", [2, 1]), ("b", [1, 2])])
    >>> found = flexible_load(pd.concat([a, b]), "a", "b", steps=1)
    >>> found.paid, found.paid_against, found.reached
    (3.0, 5.0, 1.0)
    """
    keys = [names.SPLIT, *([unique_id] if unique_id in predictions.columns else [])]
    found: dict[str, pd.Series[float]] = {}
    for name in (model, against):
        rows = predictions[predictions[names.MODEL] == name].reset_index(drop=True)
        if rows.empty:
            raise HexadError(f"there are no predictions of {name!r}")
        if rows[[y, names.MEAN]].isna().to_numpy().any():
            raise HexadError(f"the predictions of {name!r} hold missing values; leave those rows out")
        short = int(rows.groupby(keys, observed=True).size().min())
        if not 1 <= steps < short:
            raise HexadError(
                f"steps={steps}: give from 1 to {short - 1}, fewer than the {short} of the shortest horizon"
            )
        found[name] = _choose(rows, keys, names.MEAN, y, steps)
        if name == model:
            found["best"] = _choose(rows, keys, y, y, steps)
            found["all"] = rows.groupby(keys, observed=True)[y].mean()
    by_origin = pd.DataFrame(found)
    means = by_origin.mean()
    return FlexibleLoad(
        model,
        against,
        steps,
        float(means[model]),
        float(means[against]),
        float(means["best"]),
        float(means["all"]),
        by_origin,
        unit,
    )


def _choose(rows: pd.DataFrame, keys: list[str], by: str, y: str, steps: int) -> pd.Series[float]:
    """Mean price in the steps of each horizon that are lowest in a column."""
    order = rows.sort_values([by, names.STEP], kind="stable")
    return order.groupby(keys, observed=True).head(steps).groupby(keys, observed=True)[y].mean()
