"""What only the bundled run has: the truth of its simulated firm, further firms, and a real series of one channel."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from domains.optimization import ResponseCurves
from shared.reporting import Run

from .firms import Truth, find_truth, the_firm, try_firms
from .history import read_history
from .learning import Learnt, learn
from .plan import Plan
from .settings import MarketingSettings, SpendColumns
from .trial import BARE, CURVES
from .wishes import Wishes
from .words import say_what_is_known

__all__ = ["Simulated", "look_at_simulated"]

SERIES = SpendColumns(time="Month", response="Quotes", spend=["TVadverts"])
SERIES_RECENT = 3  # months


@dataclass(frozen=True)
class Simulated:
    """What the simulator tells, and a real series beside it.

    Attributes
    ----------
    truth : Truth
    curves : ResponseCurves
        Those of the simulator.
    firms : pandas.DataFrame
        As `try_firms` gives it.
    series : Learnt
        Of the real series.
    settings : MarketingSettings
        Those of the series.

    >>> Simulated.__name__
    'Simulated'
    """

    truth: Truth
    curves: ResponseCurves
    firms: pd.DataFrame
    series: Learnt
    settings: MarketingSettings

    def say_series(self) -> str:
        """One sentence on the real series."""
        found = self.series.doubts()
        known = say_what_is_known(self.series)
        verdict = "; ".join(found) if found else f"the effect of television shows, and {known}"
        return (
            f"Beside it, a real series (an insurer's quotes and television adverts, {len(self.series.history.table)}"
            f" months): {verdict}. One real channel leaves nothing to split."
        )

    def measure(self) -> dict[str, float]:
        """Figures."""
        firms, trial = self.firms, self.series.trial
        found = {
            "true gain": self.truth.split - self.truth.now,
            "true gain over equal": self.truth.split - self.truth.equal,
            "share of the possible": self.truth.share,
            "firms moved": firms["moved"].mean(),
            "firms inside": ((firms["low"] <= firms["came"]) & (firms["came"] <= firms["high"])).mean(),
            "firms promised": firms["promised"].mean(),
            "firms came": firms["came"].mean(),
        }
        if trial is not None:
            found |= {"series error": trial.error(CURVES), "series error without": trial.error(BARE)}
        return found


def look_at_simulated(
    out: Run, settings: MarketingSettings, learnt: Learnt, plan: Plan, wishes: Wishes
) -> Simulated | None:
    """Work out what only the bundled run has; nothing with the user's own data.

    Parameters
    ----------
    out : Run
    settings : MarketingSettings
    learnt : Learnt
    plan : Plan
    wishes : Wishes

    >>> from pathlib import Path
    >>> own = Run("demo", Path("none"), "A demo", "", "own.csv")
    >>> look_at_simulated(own, MarketingSettings(), None, None, Wishes()) is None
    True
    """
    if out.data is not None:
        return None
    world = the_firm()
    truth = find_truth(world, learnt.history, plan, learnt.model, wishes, settings)
    parts = world.truth
    curves = ResponseCurves.make(list(parts.index), top=parts["top"], half=parts["half"], shape=parts["shape"])
    firms = try_firms(settings)
    asked = settings.model_copy(update={"columns": SERIES, "recent": SERIES_RECENT, "fixed": []})
    series = learn(read_history(out, asked, "insurance", "series")[0], asked)
    return Simulated(truth, curves, firms, series, asked)
