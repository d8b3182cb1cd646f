"""What drives a lag model: how much worse it gets when a group of features is shuffled."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from domains.timeseries.kernels import Canvas, feature_groups, origin_block, target_block
from domains.timeseries.lag_forecaster import LagForecaster
from shared.errors import HexadError

__all__ = ["Drivers", "drivers"]

MAX_ORIGINS = 2000
Floats = np.ndarray[Any, np.dtype[np.float64]]


@dataclass(frozen=True)
class Drivers:
    """Importance of groups of features.

    Attributes
    ----------
    frame : pandas.DataFrame
        ``group, increase, lower, upper``: growth of the mean absolute error, as a fraction, when the group is
        shuffled, with the range over the shuffles.
    origins : int
        Origins it was measured on.
    seen : bool
        Whether the model had learnt from these origins.

    >>> frame = pd.DataFrame({"group": ["calendar"], "increase": [0.5], "lower": [0.4], "upper": [0.6]})
    >>> Drivers(frame, 100, seen=False).explain()
    'Shuffling calendar makes the error 50 % larger (measured at 100 origins that the model had not learnt from).'
    """

    frame: pd.DataFrame
    origins: int
    seen: bool

    def to_frame(self) -> pd.DataFrame:
        """Return one row a group, the most important first."""
        return self.frame.copy()

    def explain(self) -> str:
        """Say in a sentence what matters most."""
        top = self.frame.iloc[:3]
        told = zip(top["group"].tolist(), top["increase"].tolist(), strict=True)
        parts = [f"shuffling {group} makes the error {100 * growth:.0f} % larger" for group, growth in told]
        text = ", ".join(parts)
        where = "had learnt from" if self.seen else "had not learnt from"
        return f"{text[0].upper()}{text[1:]} (measured at {self.origins} origins that the model {where})."

    def plot(self) -> Any:
        """Draw the groups as bars."""
        from shared.reporting.figures import bar_figure

        values = dict(zip(self.frame["group"].tolist(), (100 * self.frame["increase"]).tolist(), strict=True))
        return bar_figure(
            values,
            lower=(100 * self.frame["lower"]).tolist(),
            upper=(100 * self.frame["upper"]).tolist(),
            x_label="growth of the error when shuffled, %",
            alt="Importance of groups of features, the most important on top.",
            caption="Each group of features is shuffled over the origins; what the error grows by is its worth, and the thin lines span the shuffles. Groups "
            "that say the same can stand in for each other, so the bars do not add up.",
        )


def drivers(model: LagForecaster, *, rounds: int = 5, max_steps: int = 24, random_state: int = 0) -> Drivers:
    """Measure how much each group of features matters to a fitted direct or recursive model.

    Taken are the origins after the data the model was fitted on, where `update` brought some, and otherwise the last
    ones it learnt from. The groups' columns are shuffled together over the origins, step by step. Errors are measured
    on the model's scale, so that large series do not outweigh small ones.

    Parameters
    ----------
    model : LagForecaster
        Fitted.
    rounds : int
        Shuffles.
    max_steps : int
        Steps of the horizon looked at, evenly spread.
    random_state : int
        Seed of the shuffles.

    Notes
    -----
    Source: Breiman (2001), Random Forests, Machine Learning 45(1), section 10, for groups of columns.

    >>> table = pd.DataFrame({"ds": range(80), "y": [float(i % 4) for i in range(80)]})
    >>> from domains.timeseries import Recipe
    >>> drivers(LagForecaster(recipe=Recipe((1, 2, 3, 4)), horizon=2).fit(table)).frame["group"].tolist()
    ['latest values']
    """
    panel, steps = model.panel_, model.steps_
    horizon = model.horizon_ if model.strategy == "direct" else 1
    canvas = Canvas.on(panel.frequency, model._scaled(panel), panel.exogenous, panel.ordinals())  # noqa: SLF001
    rows, series = model._origins(panel)  # noqa: SLF001
    ends = np.array([model.fitted_ends_.get(key, 0) for key in panel.keys])
    new = (canvas.ordinals[rows] >= ends[series]) & (rows + horizon <= panel.indptr[series + 1])
    seen = int(new.sum()) < 20
    if seen:
        new = rows + horizon <= panel.indptr[series + 1]
    spread = np.unique(np.linspace(0, max(new.sum() - 1, 0), min(new.sum(), MAX_ORIGINS)).round().astype(int))
    rows, series = rows[new][spread], series[new][spread]
    groups = feature_groups(steps, model.y)
    rng = np.random.default_rng(random_state)
    total, base = {group: np.zeros(rounds) for group in groups}, 0.0
    begin = panel.indptr[series]
    at_origin = origin_block(canvas, steps, rows, begin)
    for step in np.unique(np.linspace(0, horizon - 1, min(horizon, max_steps)).round().astype(int)):
        X = np.hstack([at_origin, target_block(canvas, steps, rows, np.full(len(rows), step), begin)])
        full = np.isfinite(X).all(axis=1)
        if full.sum() < 2:
            raise HexadError("there are too few origins with all features to measure what drives the model")
        X, true = X[full], canvas.y[rows[full] + step]
        regressor = model.regressors_[step]

        def error(X: Floats, regressor: Any = regressor, true: Floats = true) -> float:
            return float(np.mean(np.abs(regressor.predict(X) - true)))

        base += error(X)
        for group, columns in groups.items():
            for number in range(rounds):
                shuffled = X.copy()
                shuffled[:, columns] = X[rng.permutation(len(X))][:, columns]
                total[group][number] += error(shuffled)
    found = []
    for group, errors in total.items():
        growth = errors / base - 1 if base > 0 else np.zeros(rounds)
        found.append((group, float(growth.mean()), float(growth.min()), float(growth.max())))
    frame = pd.DataFrame(found, columns=["group", "increase", "lower", "upper"])
    frame = frame.sort_values("increase", ascending=False, kind="stable").reset_index(drop=True)
    return Drivers(frame, len(rows), seen)
