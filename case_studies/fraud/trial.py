"""What is learnt from the first payments, and what looking at some of the new ones brings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from domains.anomaly import AlertClassifier, Alerts, AnomalyDetector
from shared.errors import DataError
from shared.runtime.parallel import map_parallel
from shared.typing import Bools, Floats, Ints

from .features import put_in_words
from .payments import Payments
from .settings import FraudSettings

__all__ = [
    "Comparison",
    "Models",
    "Saving",
    "compare_rankings",
    "fit_models",
    "pick_each_day",
    "rank_new",
    "report_day",
    "weigh_looks",
]

LABEL = "odd"
RULE, BLIND, LEARNT = "largest amounts of the day", "detector, without labels", "classifier, with labels"
DRAWS, LEVEL = 2000, 95  # of days, for the band of a difference, in percent
BUDGETS = (0.25, 0.5, 1.0, 2.0, 4.0)  # multiples of the payments a day, for the figure


@dataclass(frozen=True)
class Models:
    """What was learnt from the first payments.

    Attributes
    ----------
    detector : AnomalyDetector
        From what is looked at, without labels.
    classifier : AlertClassifier, optional
        From labels, too, where there are enough.
    why_not : str
        Why there is none, as a clause.

    >>> Models(AnomalyDetector(), None, "no label is known").best
    AnomalyDetector()
    """

    detector: AnomalyDetector
    classifier: AlertClassifier | None
    why_not: str = ""

    @property
    def best(self) -> AnomalyDetector | AlertClassifier:
        """The one that reports."""
        return self.classifier or self.detector


def fit_models(payments: Payments, settings: FraudSettings) -> Models:
    """Learn what is ordinary, and where labels are known, what is fraud.

    Parameters
    ----------
    payments : Payments
    settings : FraudSettings

    >>> table = pd.DataFrame({"amount": np.random.default_rng(0).gamma(2, 20, 100)})
    >>> fit_models(Payments(table, ["amount"], np.zeros(100, int), None, 60), FraudSettings(n_jobs=1)).why_not
    'no label is known'
    """
    # The share that a detector lets through by itself is not used: so many a day are reported.
    pieces: list[Any] = [(AnomalyDetector(budget=0.1, random_state=settings.seed), payments.learnt)]
    if payments.odd is not None:
        labelled = payments.learnt.assign(**{LABEL: payments.odd[: payments.n_learnt].astype(int)})
        pieces.append((AlertClassifier(label=LABEL, random_state=settings.seed), labelled))
    detector, *rest = map_parallel(_fit, pieces, n_jobs=settings.n_jobs)
    if not rest:
        return Models(detector, None, "no label is known")
    return Models(detector, None, rest[0]) if isinstance(rest[0], str) else Models(detector, rest[0])


def _fit(piece: tuple[Any, pd.DataFrame]) -> Any:
    """Fit a model; say why where labels are too few."""
    model, table = piece
    try:
        return model.fit(table)
    except DataError as error:
        if isinstance(model, AnomalyDetector):
            raise
        return error.problems[0].what


def rank_new(payments: Payments, models: Models, settings: FraudSettings) -> dict[str, Floats]:
    """Scores of the new payments by each way of ranking them; the higher, the sooner to look at.

    Parameters
    ----------
    payments : Payments
    models : Models
    settings : FraudSettings

    >>> table = pd.DataFrame({"amount": np.random.default_rng(0).gamma(2, 20, 100)})
    >>> payments = Payments(table, ["amount"], np.arange(100) // 10, None, 60)
    >>> settings = FraudSettings(columns={"card": ""}, per_day=2, n_jobs=1)
    >>> models = fit_models(payments, settings)
    >>> list(rank_new(payments, models, settings))
    ['largest amounts of the day', 'detector, without labels']
    """
    scores = {
        RULE: payments.new[settings.columns.amount].to_numpy(dtype=float),
        BLIND: models.detector.evidence(payments.new),
    }
    if models.classifier is not None:
        scores[LEARNT] = models.classifier.predict_proba(payments.new)[:, 1]
    return scores


def pick_each_day(scores: Floats, day: Ints, per_day: int) -> Bools:
    """Pick the payments of each day that come first.

    Parameters
    ----------
    scores : numpy.ndarray of float64
        The higher, the sooner.
    day : numpy.ndarray of int
    per_day : int

    >>> pick_each_day(np.array([1.0, 3.0, 2.0, 0.0]), np.array([0, 0, 0, 1]), 2).tolist()
    [False, True, True, True]
    """
    order = np.argsort(-scores, kind="stable")
    place = pd.Series(day[order]).groupby(day[order]).cumcount().to_numpy()
    picked = np.zeros(len(scores), dtype=bool)
    picked[order[place < per_day]] = True
    return picked


@dataclass(frozen=True)
class Comparison:
    """What each way of ranking finds, at so many payments a day.

    Attributes
    ----------
    table : pandas.DataFrame
        A row a way: payments looked at, share of the fraud found, share of fraud among them, amounts of the fraud
        found, and these less what looking costs.
    curves : dict of str to numpy.ndarray
        Share of the fraud found at each of `budgets`.
    budgets : list of int
        Payments a day.
    lead : tuple of float
        Share found by the last way less that by the first, and the band of it (95 %), by drawing days again.

    >>> Comparison(pd.DataFrame(index=["a", "b"]), {}, [], (0.1, 0.05, 0.2)).best
    'b'
    """

    table: pd.DataFrame
    curves: dict[str, Floats]
    budgets: list[int]
    lead: tuple[float, float, float]

    @property
    def best(self) -> str:
        """The way that knows most."""
        return str(self.table.index[-1])


def compare_rankings(payments: Payments, scores: Mapping[str, Floats], settings: FraudSettings) -> Comparison:
    """Hold what is found by each way of ranking against the labels of the new payments.

    Parameters
    ----------
    payments : Payments
        With labels.
    scores : mapping of str to numpy.ndarray
        As `rank_new` gives them.
    settings : FraudSettings

    >>> table = pd.DataFrame({"amount": np.arange(40.0)})
    >>> payments = Payments(table, ["amount"], np.arange(40) // 10, np.arange(40) % 10 == 9, 20)
    >>> scores = {"by amount": np.arange(20.0), "by nothing": np.zeros(20)}
    >>> compare_rankings(payments, scores, FraudSettings(per_day=1)).table["fraud found"].tolist()
    [1.0, 0.0]
    """
    odd, day = payments.new_odd, payments.new_day
    amount = payments.new[settings.columns.amount].to_numpy(dtype=float)
    picked = {name: pick_each_day(found, day, settings.per_day) for name, found in scores.items()}
    table = pd.DataFrame(
        [
            {
                "looked at": int(rows.sum()),
                "fraud found": (rows & odd).sum() / odd.sum(),
                "fraud among them": (rows & odd).sum() / rows.sum(),
                "amount found": amount[rows & odd].sum(),
                "after costs": amount[rows & odd].sum() - settings.look_cost * rows.sum(),
            }
            for rows in picked.values()
        ],
        index=pd.Index(list(picked), name="looked at first"),
    )
    budgets = sorted({max(1, round(times * settings.per_day)) for times in BUDGETS})
    curves = {
        name: np.array([(pick_each_day(found, day, n) & odd).sum() / odd.sum() for n in budgets])
        for name, found in scores.items()
    }
    first, *_, last = (rows & odd for rows in picked.values())
    return Comparison(table, curves, budgets, _draw_lead(first, last, odd, day, settings.seed))


def _draw_lead(first: Bools, last: Bools, odd: Bools, day: Ints, seed: int) -> tuple[float, float, float]:
    """Difference of two shares found, and its band by drawing whole days: fraud of a day hangs together."""
    number = np.unique(day, return_inverse=True)[1]
    more, of = np.bincount(number, last * 1.0 - first), np.bincount(number, odd)
    drawn = np.random.default_rng(seed).integers(len(of), size=(DRAWS, len(of)))
    shares = more[drawn].sum(axis=1) / np.maximum(of[drawn].sum(axis=1), 1)
    low, high = np.percentile(shares, [(100 - LEVEL) / 2, (100 + LEVEL) / 2])
    return float(more.sum() / of.sum()), float(low), float(high)


@dataclass(frozen=True)
class Saving:
    """What looking saves where it pays.

    Attributes
    ----------
    looked : int
        New payments at which looking is expected to cost less than it saves.
    expected, realised : float, optional
        Amounts of the fraud among them less what looking costs, by the chances, and by the labels where those are
        known.
    found : float, optional
        Share of the fraud that is among them.

    >>> Saving(10, 500.0, 420.0, 0.5).looked
    10
    """

    looked: int
    expected: float
    realised: float | None
    found: float | None


def weigh_looks(payments: Payments, models: Models, settings: FraudSettings) -> tuple[Saving, Alerts] | None:
    """Find the new payments at which it pays to look; nothing where no chances were learnt.

    Parameters
    ----------
    payments : Payments
    models : Models
    settings : FraudSettings

    >>> table = pd.DataFrame({"amount": np.random.default_rng(0).gamma(2, 20, 100)})
    >>> payments = Payments(table, ["amount"], np.arange(100) // 10, None, 60)
    >>> settings = FraudSettings(columns={"card": ""}, per_day=2, n_jobs=1)
    >>> models = fit_models(payments, settings)
    >>> weigh_looks(payments, models, settings) is None
    True
    """
    if models.classifier is None:
        return None
    amount = payments.new[settings.columns.amount].clip(lower=0.0).to_numpy(dtype=float)
    alerts = models.classifier.find_alerts(
        payments.new, miss_cost=settings.columns.amount, look_cost=settings.look_cost, n_reasons=settings.reasons
    )
    alerts = put_in_words(alerts, payments.table.iloc[payments.n_learnt :], settings.columns)
    chosen = np.array([alert.place for alert in alerts.alerts], dtype=np.int64)
    chance = np.array([alert.chance for alert in alerts.alerts], dtype=float)
    expected = float((chance * amount[chosen] - settings.look_cost).sum())
    if not payments.judged:
        return Saving(len(chosen), expected, None, None), alerts
    odd = payments.new_odd
    realised = float(amount[chosen][odd[chosen]].sum() - settings.look_cost * len(chosen))
    return Saving(len(chosen), expected, realised, float(odd[chosen].sum() / odd.sum())), alerts


def report_day(payments: Payments, models: Models, settings: FraudSettings) -> Alerts:
    """Report so many payments of the last day, with reasons in words of their cards.

    Parameters
    ----------
    payments : Payments
    models : Models
    settings : FraudSettings

    >>> table = pd.DataFrame({"amount": np.random.default_rng(0).gamma(2, 20, 100)})
    >>> payments = Payments(table, ["amount"], np.arange(100) // 10, None, 60)
    >>> settings = FraudSettings(columns={"card": ""}, per_day=2, n_jobs=1)
    >>> models = fit_models(payments, settings)
    >>> len(report_day(payments, models, settings).alerts)
    2
    """
    last = np.flatnonzero(payments.day == payments.day[-1])
    last = last[last >= payments.n_learnt]
    rows = payments.table.iloc[last]
    found = models.best.find_alerts(rows[payments.columns], budget=settings.per_day, n_reasons=settings.reasons)
    return put_in_words(found, rows, settings.columns)
