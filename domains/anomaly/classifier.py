"""Where labels are known: the chance that a row is one of those that people found to be odd."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from domains.anomaly.alerts import Alert, Alerts
from domains.anomaly.base import draw_seed
from domains.anomaly.detector import AnomalyDetector
from domains.anomaly.reasons import Explainer, Reason
from domains.anomaly.task import find_odd
from shared.checks import nearest
from shared.data.io.frames import as_pandas
from shared.errors import DataError, Problem, SettingsError
from shared.result import Result
from shared.runtime.array_of import ArrayOf
from shared.text import count_of, join_words
from shared.typing import Bools, Floats, Ints, Seed

if TYPE_CHECKING:
    from shared.reporting.figures import Figure

__all__ = ["AlertClassifier", "Calibration"]

# Shares of the rows, in their order, that are learnt from, that scale the chances, and that check them.
LEARNT, SCALED = 0.6, 0.8
# Odd rows that are needed in each part: below, a chance is a guess.
LEAST_ODD = 10
BINS = (0.0, 0.01, 0.03, 0.1, 0.3, 1.0)
# Drop of the log-odds, as a part of the largest, from which a column is a reason.
LEAST_PART = 0.2


@dataclass(frozen=True, repr=False)
class Calibration(Result):
    """Whether chances came true, on the last labelled rows, which nothing was learnt from.

    Attributes
    ----------
    counts : numpy.ndarray of int64, shape (n_ranges,)
        Rows in each range of chances.
    chances, shares : numpy.ndarray of float64, shape (n_ranges,)
        Mean of their chances, and the share that was odd.
    average_precision : float

    >>> Calibration(np.array([100, 0, 0, 0, 0]), np.full(5, 0.1), np.full(5, 0.12), 0.8).explain()
    'Of 100 later rows, 12 were odd, and 10.0 were to be expected by their chances. Average precision 0.80, where a
    guess has 0.12.'
    """

    counts: Ints
    chances: Floats
    shares: Floats
    average_precision: float

    @property
    def n_rows(self) -> int:
        """Rows that were checked."""
        return int(self.counts.sum())

    @property
    def n_odd(self) -> int:
        """Those that were odd."""
        return round(float(self.counts @ self.shares))

    def explain(self) -> str:
        """Say how many odd rows there were, and how many were to be expected."""
        expected = float(self.counts @ self.chances)
        return (
            f"Of {count_of(self.n_rows, 'later row')}, {self.n_odd:,} {'was' if self.n_odd == 1 else 'were'} odd, and"
            f" {expected:,.1f} were to be expected by their chances. Average precision {self.average_precision:.2f},"
            f" where a guess has {self.n_odd / self.n_rows:.2g}."
        )

    def to_frame(self) -> pd.DataFrame:
        """A row a range of chances: "from", "to", "rows", "chance" (their mean) and "odd" (the share that was)."""
        bounds = {"from": BINS[:-1], "to": BINS[1:]}
        return pd.DataFrame(bounds | {"rows": self.counts, "chance": self.chances, "odd": self.shares})

    def declare_arrays(self) -> dict[str, ArrayOf]:
        """What holds of its arrays; checked when a model is loaded."""
        share = ArrayOf("f", (len(BINS) - 1,), low=0, high=1, finite=True)
        return {"counts": ArrayOf("i", (len(BINS) - 1,), low=0), "chances": share, "shares": share}

    def plot(self) -> Figure:
        """Draw the share of odd rows by their chance; where chances come true, both are alike."""
        from shared.reporting.charts import line_figure

        shown = self.to_frame().loc[self.counts > 0]
        chance = (100 * shown["chance"]).tolist()
        return line_figure(
            {
                "came": (chance, 100 * shown["odd"].to_numpy()),
                "if chances come true": (chance, np.asarray(chance)),
            },
            x_label="chance, %",
            y_label="odd rows, %",
            alt="Lines: share of odd rows by their chance, and what it would be if chances came true.",
            caption="Share of odd rows by their chance, on the last labelled rows.",
            colours={"came": "ink", "if chances come true": "soft"},
        )


class AlertClassifier(BaseEstimator):  # type: ignore[misc]
    """Give rows the chance that they are odd, learnt from labels, columns, and a detector's evidence.

    A detector finds what is unlike the rest; labels say which of it matters. Rows are taken in their order: from the
    first ones is learnt, the next ones bring the chances to scale, the last ones check them (`calibration_`).

    Parameters
    ----------
    label : str
        Column that says which rows are odd, by two values.
    odd : object, optional
        Its value in odd rows; the larger one where left out.
    time : str
        Column by which rows are ordered; where left out, they are in the order of time already.
    random_state : int, RandomState or None

    Attributes
    ----------
    detector_ : AnomalyDetector
        Fitted without labels on the rows learnt from.
    calibration_ : Calibration

    Notes
    -----
    Boosted trees (scikit-learn's) on the encoded columns, the gaps and the evidence; chances are a logistic function of
    their log-odds (Platt 1999, "Probabilistic outputs for support vector machines").

    >>> rng = np.random.default_rng(0)
    >>> amount, country = rng.gamma(2, 20, 3000), rng.choice(["AT", "XX"], 3000, p=[0.9, 0.1])
    >>> table = pd.DataFrame({"amount": amount, "country": country})
    >>> table["fraud"] = ((table["amount"] > 50) & (table["country"] == "XX")).astype(int)
    >>> model = AlertClassifier(label="fraud", random_state=0).fit(table)
    >>> new = pd.DataFrame({"amount": [90.0, 90.0], "country": ["XX", "AT"]})
    >>> (model.predict_proba(new)[:, 1] > 0.5).tolist()
    [True, False]
    """

    def __init__(
        self, *, label: str = "anomaly", odd: object = None, time: str = "", random_state: Seed = None
    ) -> None:
        self.label = label
        self.odd = odd
        self.time = time
        self.random_state = random_state

    def fit(self, labelled: Any, y: object = None) -> AlertClassifier:
        """Learn from labelled rows.

        Parameters
        ----------
        labelled : pandas, Polars or Arrow frame
            With the label and, where it is named, the time; other columns as for `AnomalyDetector`.
        y : ignored
            Labels are a column.

        Raises
        ------
        DataError
            The label is missing, or has not two values, or too few rows are odd in one of the three parts.
        """
        from sklearn.ensemble import HistGradientBoostingClassifier
        from sklearn.linear_model import LogisticRegression

        frame = self._in_order(as_pandas(labelled, "labelled rows"))
        odd = find_odd(frame[self.label], self.label, self.odd, "labelled rows")
        cuts = [0, int(LEARNT * len(frame)), int(SCALED * len(frame)), len(frame)]
        self._check_parts(odd, cuts)
        rows = frame.drop(columns=self.label)
        first, middle, last = (slice(begin, stop) for begin, stop in pairwise(cuts))
        self.detector_ = AnomalyDetector(random_state=self.random_state).fit(rows.iloc[first])
        X = self._encode(rows)
        self.usual_ = np.nanmedian(np.where(odd[first, None], np.nan, X[first]), axis=0)
        self.usual_ = np.where(np.isnan(self.usual_), 0.0, self.usual_)
        self.booster_ = HistGradientBoostingClassifier(
            max_iter=150,
            learning_rate=0.06,
            max_leaf_nodes=12,
            min_samples_leaf=10,
            l2_regularization=1.0,
            early_stopping=False,
            random_state=draw_seed(self.random_state),
        ).fit(X[first], odd[first])
        scaled = LogisticRegression(C=1e3).fit(self._log_odds(X[middle])[:, None], odd[middle])
        # A slope below 0 would turn the order round: then the middle part knows nothing of what was learnt.
        self.slope_, self.offset_ = max(float(scaled.coef_[0, 0]), 0.0), float(scaled.intercept_[0])
        self.calibration_ = _check_chances(self._chance(X[last]), odd[last])
        return self

    def predict_proba(self, rows: ArrayLike) -> Floats:
        """Chance that each row is ordinary, and that it is odd; shape (n, 2).

        Parameters
        ----------
        rows : frame
            With the columns learnt from; the label is not needed.
        """
        check_is_fitted(self)
        chance = self._chance(self._encode(rows))
        return np.column_stack([1 - chance, chance])

    def score_samples(self, rows: ArrayLike) -> Floats:
        """Score rows: the lower, the odder; minus the chance.

        Parameters
        ----------
        rows : frame
        """
        return -self.predict_proba(rows)[:, 1]

    def find_alerts(
        self,
        rows: ArrayLike,
        *,
        look_cost: float = 1.0,
        miss_cost: float | str | None = None,
        budget: int | None = None,
        n_reasons: int = 3,
    ) -> Alerts:
        """Report the rows at which it pays to look, with what makes them likely to be odd.

        Parameters
        ----------
        rows : frame
        look_cost : float
            What it costs to look at a row, above 0.
        miss_cost : float or str, optional
            What an odd row costs that nobody looked at, in the same unit; or the column of numbers that says so. A row
            is reported where its chance times this is more than looking costs, the most costly first. Where left
            out, a number of rows is to be given.
        budget : int, optional
            At most so many rows.
        n_reasons : int
            Columns named for each row, at most.

        Raises
        ------
        SettingsError
            Neither costs nor a number of rows is given, or one is out of range.
        """
        check_is_fitted(self)
        frame = self.detector_.check_rows(rows)
        stake = self._stakes(frame, look_cost, miss_cost, budget)
        X = self._encode(frame)
        chance = self._chance(X)
        worth = chance * stake
        order = np.argsort(-worth, kind="stable")
        chosen = order if miss_cost is None else order[worth[order] > look_cost]
        rule = (
            "the likeliest to be odd"
            if miss_cost is None
            else f"where looking, at {look_cost:g}, costs less than it saves"
        )
        chosen = chosen if budget is None else chosen[:budget]
        scores = -self.detector_.score_samples(frame)
        scale = self.detector_.model_.scale_
        p_values, evidence = scale.p_values(scores), scale.evidence(scores)
        explainer = Explainer(self.detector_.model_, self.detector_.code_)
        alerts = tuple(
            Alert(
                frame.index[place],
                int(place),
                float(p_values[place]),
                float(evidence[place]),
                self._reasons(explainer, frame.iloc[place], X[place], float(chance[place]), n_reasons),
                float(chance[place]),
            )
            for place in chosen
        )
        saved = float((worth[chosen] - look_cost).sum()) if miss_cost is not None else 0.0
        notes = (f"looking at them is expected to save {saved:,.4g}",) if miss_cost is not None and len(chosen) else ()
        return Alerts(alerts, len(frame), rule, notes)

    def _stakes(
        self, frame: pd.DataFrame, look_cost: float, miss_cost: float | str | None, budget: int | None
    ) -> Floats:
        """What each row costs if it is odd and nobody looks."""
        if miss_cost is None and budget is None:
            raise SettingsError("say how many rows to report, budget=20, or what a missed one costs, miss_cost=100")
        if not _is_positive(look_cost):
            raise SettingsError(f"look_cost={look_cost!r}: give a number above 0")
        if budget is not None and not (isinstance(budget, int | np.integer) and budget >= 1):
            raise SettingsError(f"budget={budget!r}: give a number of rows, from 1 on")
        if isinstance(miss_cost, str):
            numbers = [one.name for one in self.detector_.code_.columns if one.kind == "number"]
            if miss_cost not in numbers:
                raise SettingsError(f"miss_cost='{miss_cost}' is no column of numbers; {nearest(miss_cost, numbers)}")
            return np.asarray(frame[miss_cost].fillna(frame[miss_cost].median()).clip(lower=0.0), dtype=float)
        if miss_cost is not None and not _is_positive(miss_cost):
            raise SettingsError(f"miss_cost={miss_cost!r}: give a number above 0, or a column")
        return np.full(len(frame), 1.0 if miss_cost is None else float(miss_cost))

    def _reasons(
        self, explainer: Explainer, row: pd.Series[Any], features: Floats, chance: float, n_reasons: int
    ) -> tuple[Reason, ...]:
        """The columns without whose oddness a row would be less likely to be odd, and by how much."""
        origin = self.detector_.code_.origin
        names = self.detector_.code_.names
        changed = np.repeat(features[None], len(names), axis=0)
        for k in range(len(names)):
            own = np.flatnonzero(origin == k)
            changed[k, own] = self.usual_[own]
        model = self.detector_.model_
        inner = changed[:, :-1]
        changed[:, -1] = model.scale_.evidence(-model.score_samples(inner))
        logit = np.log(chance / (1 - chance)) if 0 < chance < 1 else 0.0
        other = self._chance(changed)
        drop = np.maximum(logit - np.log(other / (1 - other)), 0.0)
        order = np.argsort(-drop, kind="stable")[:n_reasons]
        chosen = [int(k) for k in order if drop[k] >= LEAST_PART * drop.max() > 0] or [int(order[0])]
        total = float(drop.sum()) or 1.0
        found = []
        for k in chosen:
            reason = explainer.reason_of(row, features[:-1], k, float(drop[k] / total))
            text = f"{reason.text} ({_percent(other[k])} if it were ordinary)" if drop[k] > 0 else reason.text
            found.append(replace(reason, text=text))
        return tuple(found)

    def _in_order(self, frame: pd.DataFrame) -> pd.DataFrame:
        for name, what in ((self.label, "label"), (self.time, "time")):
            if name and name not in frame:
                fix = f"{nearest(name, [str(one) for one in frame.columns])}; name it with {what}=."
                raise DataError("labelled rows", [Problem(f"column '{name}' is missing", column=name, fix=fix)])
        return frame.sort_values(self.time, kind="stable") if self.time else frame

    def _check_parts(self, odd: Bools, cuts: list[int]) -> None:
        counts = [int(odd[begin:stop].sum()) for begin, stop in pairwise(cuts)]
        if min(counts) < LEAST_ODD:
            parts = join_words([f"{count:,}" for count in counts])
            what = f"of the first 60 %, the next 20 % and the last 20 % of the rows, {parts} are odd"
            fix = (
                f"At least {LEAST_ODD} in each are needed: give more rows, or take AnomalyDetector, which"
                " needs no label."
            )
            raise DataError("labelled rows", [Problem(what, column=self.label, fix=fix)])

    def _encode(self, rows: ArrayLike) -> Floats:
        """Encoded columns, and the evidence of the detector."""
        X = self.detector_.code_.encode(self.detector_.check_rows(rows))
        model = self.detector_.model_
        return np.column_stack([X, model._score_new(X)])  # noqa: SLF001  # one family

    def _log_odds(self, X: Floats) -> Floats:
        return np.asarray(self.booster_.decision_function(X), dtype=float)

    def _chance(self, X: Floats) -> Floats:
        return np.asarray(1 / (1 + np.exp(-np.clip(self.slope_ * self._log_odds(X) + self.offset_, -30, 30))))

    def declare_arrays(self) -> dict[str, ArrayOf | type]:
        """What holds of the arrays of every fitted one; checked when a model is loaded."""
        n_features = len(self.detector_.code_.origin) + 1
        if self.booster_.n_features_in_ != n_features:
            raise ValueError("its trees have another number of columns")
        return {
            "detector_": AnomalyDetector,
            "usual_": ArrayOf("f", (n_features,), finite=True),
            "slope_": ArrayOf("f", (), low=0, finite=True),
            "offset_": ArrayOf("f", (), finite=True),
            "calibration_": Calibration,
        }


def _check_chances(chance: Floats, odd: Bools) -> Calibration:
    """Hold chances against what came."""
    from sklearn.metrics import average_precision_score

    group: Ints = np.clip(np.searchsorted(BINS, chance, side="right") - 1, 0, len(BINS) - 2)
    counts = np.bincount(group, minlength=len(BINS) - 1)
    chances, shares = (
        np.bincount(group, weights=one, minlength=len(BINS) - 1) / np.maximum(counts, 1) for one in (chance, odd)
    )
    return Calibration(counts, chances, shares, float(average_precision_score(odd, chance)))


def _is_positive(value: object) -> bool:
    return isinstance(value, int | float | np.number) and not isinstance(value, bool) and 0 < float(value) < np.inf


def _percent(chance: float) -> str:
    return f"{100 * chance:.2g} %" if chance >= 0.001 else "below 0.1 %"
