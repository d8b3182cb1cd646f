"""What the table tells of each channel: curves with their uncertainty, and how far they can be told at all."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from domains.optimization import BayesianResponseModel
from shared.text import join_words

from .history import History
from .settings import MarketingSettings
from .trial import Trial, make_model, try_held_out

__all__ = ["Learnt", "fit_curves", "learn"]

# Variance inflation above which columns cannot be told apart (Marquardt, 1970).
INFLATED = 10.0


@dataclass(frozen=True)
class Learnt:
    """What a table tells.

    Attributes
    ----------
    history : History
    model : BayesianResponseModel
    trial : Trial, optional
        None where there are too few rows.
    together : tuple of str
        Channels that moved together, each set in words.

    >>> import pandas as pd
    >>> model = BayesianResponseModel()
    >>> Learnt(History(pd.DataFrame(), "t", "y", (), (), "week"), model, None).together
    ()
    """

    history: History
    model: BayesianResponseModel
    trial: Trial | None
    together: tuple[str, ...] = ()

    def doubts(self) -> list[str]:
        """Why the table cannot tell the curves, as clauses; nothing where it can."""
        found = []
        idle, channels = self.model.idle_, self.history.channels
        if len(idle) == len(channels):
            found.append(f"no effect is shown of {join_words(idle)}")
        if self.trial is None:
            found.append("there are too few rows to try the curves on a part held out")
        elif not self.trial.helps:
            found.append("a part held out is forecast no better with the curves than without any advertising")
        return [*found, *self.together]


def fit_curves(history: History, settings: MarketingSettings) -> BayesianResponseModel:
    """Learn the curves from a whole table.

    Parameters
    ----------
    history : History
    settings : MarketingSettings

    >>> import pandas as pd
    >>> rng = np.random.default_rng(0)
    >>> table = pd.DataFrame({"t": pd.date_range("2024-01-01", periods=40, freq="7D"), "tv": rng.uniform(1, 9, 40)})
    >>> history = History(table.assign(y=50 + 10 * np.sqrt(table["tv"])), "t", "y", ("tv",), (), "week")
    >>> settings = MarketingSettings(draws=20, sweeps=40, n_jobs=1, tries=2)
    >>> fit_curves(history, settings).channels_
    ('tv',)
    """
    model = make_model(settings)
    others = history.table[list(history.others)] if history.others else None
    return model.fit(history.spend, history.table[history.response], others)


def learn(history: History, settings: MarketingSettings, keep: Path | None = None) -> Learnt:
    """Learn the curves, and try them on a part held out.

    Parameters
    ----------
    history : History
    settings : MarketingSettings
    keep : path, optional
        For pieces that are finished.

    >>> import pandas as pd
    >>> rng = np.random.default_rng(0)
    >>> table = pd.DataFrame({"t": pd.date_range("2024-01-01", periods=40, freq="7D"), "tv": rng.uniform(1, 9, 40)})
    >>> history = History(table.assign(y=50 + 10 * np.sqrt(table["tv"])), "t", "y", ("tv",), (), "week")
    >>> settings = MarketingSettings(draws=20, sweeps=40, n_jobs=1, tries=2)
    >>> learn(history, settings).trial.helps
    True
    """
    trial = try_held_out(history, settings, keep)
    return Learnt(history, fit_curves(history, settings), trial, _find_together(history))


def _find_together(history: History) -> tuple[str, ...]:
    """Channels whose spending is told by that of others, so that it cannot be told whose effect is whose."""
    values = history.spend.to_numpy()
    table = np.column_stack([np.ones(len(values)), values])
    told: dict[frozenset[str], str] = {}
    for i, name in enumerate(history.channels):
        rest = np.delete(table, i + 1, axis=1)
        left = values[:, i] - rest @ np.linalg.lstsq(rest, values[:, i], rcond=None)[0]
        spread = float(((values[:, i] - values[:, i].mean()) ** 2).sum())
        if float((left**2).sum()) * INFLATED > spread:
            continue
        ties = np.abs(np.corrcoef(values.T)[i])
        ties[i] = -1.0
        other = history.channels[int(ties.argmax())]
        pair = frozenset({name, other})
        told.setdefault(
            pair,
            f"spending on {name} moved together with that on {other} (correlation {ties.max():.2f}), so that it"
            " cannot be told whose effect is whose",
        )
    return tuple(told.values())
