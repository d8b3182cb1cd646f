"""How often a forecast can be tried on a table: origins behind what has to be learnt from first."""

from __future__ import annotations

import math
from typing import TypeVar

from case_studies.common.forecasting.settings import ForecastSettings
from shared.data import Frequency
from shared.errors import HexadError
from shared.text import count_of

__all__ = ["plan_origins"]

S = TypeVar("S", bound=ForecastSettings)
WEEK = "7D"


def plan_origins(settings: S, rows: int, grid: Frequency, least: str = "", *, share: float = 0.5) -> tuple[S, str]:
    """Fit the origins that were asked for behind the rows that have to be learnt from first.

    Where they do not fit, their distance becomes shorter by whole weeks, and then there are fewer. Nothing changes
    where the first origin is set, or where not even two fit: that is refused when the table is cut.

    Parameters
    ----------
    settings : ForecastSettings
    rows : int
        Steps of the series, of the shortest one where there are several.
    grid : Frequency
    least : str
        What has to lie before the first origin, as a length of time.
    share : float
        Of the table that has to lie before it, too.

    Returns
    -------
    settings, note
        The note says what was changed; it is empty where nothing was.

    >>> hourly = Frequency("fixed", 3600 * 10**9)
    >>> year, note = plan_origins(ForecastSettings(horizon="2D", every="28D"), 365 * 24, hourly)
    >>> year.origins, year.every
    (26, '7D')
    >>> note
    'Of the 52 origins asked for, 26 fit behind the first 4,380 rows, which stay to learn from; they are 7D apart.'
    """
    if settings.first_origin:
        return settings, ""
    try:
        week, every = grid.steps(WEEK), grid.steps(settings.every)
        learn = max(math.ceil(share * rows), grid.steps(least) if least else 0)
        room = rows - learn - grid.steps(settings.horizon) - grid.steps("1D")
    except HexadError:  # a distance in months, or rows that no day is a whole number of: the cut itself says so
        return settings, ""
    asked, distance = settings.origins, settings.every
    if every % week == 0 and room // every + 1 < asked:
        every = min(every, max(week, room // (asked - 1) // week * week))
        distance = f"{every // week * 7}D"
    fit = min(asked, room // every + 1)
    if fit < 2 or (fit == asked and distance == settings.every):
        return settings, ""
    behind = f"behind the first {learn:,} rows, which stay to learn from"
    note = (
        f"Of the {count_of(asked, 'origin')} asked for, {fit} fit {behind}; they are {distance} apart."
        if fit < asked
        else f"The origins are {distance} apart, not {settings.every}, to fit {behind}."
    )
    return settings.model_copy(update={"origins": fit, "every": distance}), note
