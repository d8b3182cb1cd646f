"""What drives a lag model: its features at past origins, laid out for the tools that explain any model."""

from __future__ import annotations

from functools import partial

import numpy as np

from domains.timeseries.kernels import Canvas, feature_groups, origin_block, target_block
from domains.timeseries.lag_forecaster import LagForecaster
from domains.timeseries.recipe import DAY_NS
from shared.data import Frequency
from shared.errors import HexadError, SettingsError
from shared.evaluation.explain import Dependence, Design, Importance, dependence, permutation_importance
from shared.text import join_names
from shared.typing import Floats

__all__ = ["drivers", "follows"]

# Origins, spread over the time after the model learnt; more cost time alone, as the intervals show.
MAX_ORIGINS = 2000
HOUR_NS = 3600 * 10**9


def drivers(model: LagForecaster, *, rounds: int = 5, max_steps: int = 24, random_state: int = 0) -> Importance:
    """Measure how much each group of features matters to a fitted direct or recursive model, step by step.

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

    Returns
    -------
    Importance
        See `shared.evaluation.explain.permutation_importance`.

    >>> import pandas as pd
    >>> table = pd.DataFrame({"ds": range(80), "y": [float(i % 4) for i in range(80)]})
    >>> from domains.timeseries import Recipe
    >>> drivers(LagForecaster(recipe=Recipe((1, 2, 3, 4)), horizon=2).fit(table)).frame["group"].tolist()
    ['latest values']
    """
    _need_features(model, "drivers")
    designs, seen = _designs(model, max_steps)
    return permutation_importance(
        designs,
        groups=feature_groups(model.steps_, model.y),
        rounds=rounds,
        random_state=random_state,
        seen=seen,
        unit="origins",
    )


def follows(
    model: LagForecaster, variable: str, *, max_steps: int = 3, answer: str = "the forecast", random_state: int = 0
) -> Dependence:
    """Work out how the forecast follows a variable: its latest value known, with all features made from it.

    Parameters
    ----------
    model : LagForecaster
        Fitted.
    variable : str
        An exogenous column of the recipe, or the series' own column.
    max_steps : int
        Steps of the horizon looked at, evenly spread.
    answer : str
        What is forecast, with its unit, for people. With several series it is given in units of each series' scale.
    random_state : int
        Seed.

    Returns
    -------
    Dependence
        See `shared.evaluation.explain.dependence`. Values of the features go together as they did at some origin.

    Raises
    ------
    SettingsError
        The recipe has no such variable.

    >>> import pandas as pd
    >>> table = pd.DataFrame({"ds": range(80), "y": [float(i % 4) for i in range(80)]})
    >>> from domains.timeseries import Recipe
    >>> found = follows(LagForecaster(recipe=Recipe((1, 2, 3, 4)), horizon=1).fit(table), "y")
    >>> found.frame["mean"].round(2).tolist()
    [1.0, 2.0, 3.0, 0.0]
    """
    _need_features(model, "follows")
    groups = feature_groups(model.steps_, model.y)
    group = "latest values" if variable == model.y else variable
    if group not in groups:
        known = [model.y, *(one.name for one in model.steps_.exogenous)]
        raise SettingsError(f"the recipe has no variable {variable!r}; it has {join_names(known)}")
    designs, _ = _designs(model, max_steps)
    first = groups[group][0]
    name = model.feature_names_out_[first]
    latest = f"the latest {variable}" if name.endswith((" lag 1", " lag 0")) or name == variable else name
    return dependence(
        designs, feature=first, columns=groups[group], name=latest, answer=answer, random_state=random_state
    )


def _need_features(model: object, what: str) -> None:
    """Refuse models that show no features, or none yet."""
    if hasattr(model, "steps_"):
        return
    kind = type(model).__name__
    fix = ": explain() says what it is made of" if hasattr(model, "explain") else ""
    fix = ": fit it first" if hasattr(model, "recipe") else fix
    raise HexadError(f"{what}() looks at the features of a fitted LagForecaster; this {kind} shows none{fix}")


def _designs(model: LagForecaster, max_steps: int) -> tuple[list[Design], bool]:
    """Features, outcomes and regressor at some steps of the horizon, and whether the model had learnt from them."""
    panel, steps = model.panel_, model.steps_
    horizon = model.horizon_ if model.strategy == "direct" else 1
    canvas = Canvas(panel.frequency, model._feature_values(panel), panel.exogenous, panel.ordinals())  # noqa: SLF001
    rows, series = model._origins(panel)  # noqa: SLF001
    ends = np.array([model.fitted_ends_.get(key, 0) for key in panel.keys])
    new = (canvas.ordinals[rows] >= ends[series]) & (rows + horizon <= panel.indptr[series + 1])
    seen = int(new.sum()) < 20
    if seen:
        new = rows + horizon <= panel.indptr[series + 1]
    spread = np.unique(np.linspace(0, max(new.sum() - 1, 0), min(new.sum(), MAX_ORIGINS)).round().astype(int))
    rows, series = rows[new][spread], series[new][spread]
    # Origins of different series at the same time are neighbours: what is drawn anew is time.
    order = np.lexsort((series, canvas.ordinals[rows]))
    rows, series = rows[order], series[order]
    begin = panel.indptr[series]
    at_origin = origin_block(canvas, steps, rows, begin)
    designs = []
    for step in np.unique(np.linspace(0, horizon - 1, min(horizon, max_steps)).round().astype(int)):
        X = np.hstack([at_origin, target_block(canvas, steps, rows, np.full(len(rows), step), begin)])
        full = np.isfinite(X).all(axis=1)
        if full.sum() < 2:
            raise HexadError("there are too few origins with all features to say what drives the model")
        places = np.flatnonzero(full)
        designs.append(
            Design(
                X[full],
                canvas.y[rows[full] + step],
                model.regressors_[step].predict,
                _ahead(panel.frequency, int(step) + 1),
                places,
                partial(_own_units, model) if panel.n_series == 1 else None,
                tuple(model.feature_names_out_),
            )
        )
    return designs, seen


def _ahead(frequency: Frequency, steps: int) -> str:
    """Name a step by the time ahead, in hours on grids finer than a day."""
    if frequency.kind == "fixed" and frequency.step < DAY_NS:
        return f"{steps * frequency.step / HOUR_NS:g} h ahead"
    return f"step {steps}"


def _own_units(model: LagForecaster, values: Floats) -> Floats:
    own: Floats = model._from_scale(model.panel_, np.zeros(1, dtype=np.int64), values[None, :])  # noqa: SLF001
    first: Floats = own[0]
    return first
