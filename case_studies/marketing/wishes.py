"""What the budget has to keep to: limits, groups and total, read and checked before anything is learnt."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from case_studies.common.limits import read_limits
from domains.optimization import ResponseCurves, allocate_budget
from shared.decision import InfeasibleError, Limits, read_groups
from shared.errors import SettingsError, quote
from shared.reporting import Run

from .history import History
from .limits import make_limits
from .settings import MarketingSettings

__all__ = ["Wishes", "read_wishes"]

CLASH = "No split of the budget meets the limits (by how much a channel may change is set by --set most_change)."


@dataclass(frozen=True)
class Wishes:
    """What the budget has to keep to.

    Attributes
    ----------
    limits : Limits
        The user's own.
    groups : dict of dict
    total : float

    >>> Wishes().total
    0.0
    """

    limits: Limits = Limits()  # noqa: RUF009  # nothing in it changes
    groups: dict[str, dict[str, str]] | None = None
    total: float = 0.0


def read_wishes(out: Run, history: History, settings: MarketingSettings) -> Wishes:
    """Read limits and groups, and refuse those that cannot hold, before anything is learnt.

    Parameters
    ----------
    out : Run
    history : History
    settings : MarketingSettings

    Raises
    ------
    DataError, InfeasibleError, SettingsError

    >>> from pathlib import Path
    >>> import pandas as pd
    >>> days = pd.date_range("2024-01-01", periods=3, freq="7D")
    >>> history = History(pd.DataFrame({"t": days, "y": 1.0, "tv": 2.0}), "t", "y", ("tv",), (), "week")
    >>> read_wishes(Run("demo", Path("none"), "A demo", "", {"spend": "a.csv"}), history, MarketingSettings()).total
    2.0
    """
    channels = list(history.channels)
    now = history.now(settings.recent)
    total = settings.total or float(now.sum())
    if not total > 0:
        raise SettingsError(
            f"nothing was spent in the last {settings.recent:,} rows, so that there is no budget to split: --set"
            " total=..."
        )
    if lost := [name for name in settings.fixed if name not in channels]:
        raise SettingsError(f"fixed: there is no channel {quote(lost)}; there are {quote(channels)}")
    limits = read_limits(out, "channel_limits", settings.columns.limits)
    groups = None
    if out.has_table("groups"):
        asked = settings.columns.groups
        table, reading = out.load_table("channel_groups", asked.table_schema("columns.groups"), table="groups")
        maps = asked.groups or [str(name) for name in table.columns if name != asked.channel]
        groups = read_groups(table[[asked.channel, *maps]], channels, reading.source)
    wishes = Wishes(limits, groups, total)
    plain = ResponseCurves.make(channels, top=1.0, half=np.maximum(history.most.to_numpy(), 1e-9))
    try:
        allocate_budget(plain, total, limits=make_limits(now, history.most, wishes.limits, settings), groups=groups)
    except InfeasibleError as error:
        raise InfeasibleError(error.conflict, CLASH) from error
    return wishes
