"""Detectors that go on learning: a part is renewed with every batch, and a change of the rows is told."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.utils.validation import check_is_fitted

from domains.anomaly.base import Judged, MatrixDetector, is_share
from domains.anomaly.forest import ForestDetector
from shared.checks import is_whole
from shared.errors import SettingsError
from shared.result import Result
from shared.runtime.array_of import ArrayOf
from shared.text import count_of, join_names
from shared.typing import Floats, Seed

__all__ = ["Drift", "StreamDetector"]

POOL = 4096  # rows of all times that are kept to learn from
QUARTILES = (0.25, 0.5, 0.75)
WITNESSES = 512  # rows beside them that are only scored, to see whether new ones score otherwise
# Rows after which it is looked whether they changed: below, shares of them are too rough for the smallest p-values.
LEAST_ROWS = 500


@dataclass(frozen=True, repr=False)
class Drift(Result):
    """Whether rows are still like those learnt from.

    Attributes
    ----------
    changed : bool
        Whether an alarm is raised.
    columns : tuple of str
        Those whose distribution changed, the most certain first.
    p_value : float
        Corrected for all columns; 1 where it was not looked yet.
    n_rows : int
        New rows it was looked at on.
    learnt : bool
        Whether they were learnt from.

    >>> Drift(True, ("f1",), 1e-9, 500, learnt=False).explain()
    'The last 500 rows are not like those of before: f1 changed (p = 1e-09). They were not learnt from; if this is to
    stay, update with learn_changed=True, or fit again.'
    """

    changed: bool
    columns: tuple[str, ...]
    p_value: float
    n_rows: int
    learnt: bool = True

    def explain(self) -> str:
        """Say whether the rows changed, and in what."""
        if self.n_rows < LEAST_ROWS:
            verb = "is" if self.n_rows == 1 else "are"
            return f"A look needs {LEAST_ROWS} rows, and there {verb} {self.n_rows:,} so far."
        if not self.changed:
            return f"No change was found in {count_of(self.n_rows, 'row')}."
        rest = (
            "They were learnt from all the same."
            if self.learnt
            else "They were not learnt from; if this is to stay, update with learn_changed=True, or fit again."
        )
        return (
            f"The last {count_of(self.n_rows, 'row')} are not like those of before: {join_names(self.columns)} changed"
            f" (p = {self.p_value:.1g}). {rest}"
        )

    def to_frame(self) -> pd.DataFrame:
        """Return one row: "changed", "columns" (as text), "p_value", "n_rows", "learnt"."""
        found = {"changed": self.changed, "columns": ", ".join(self.columns), "p_value": self.p_value}
        return pd.DataFrame([found | {"n_rows": self.n_rows, "learnt": self.learnt}])


class StreamDetector(MatrixDetector):
    """A detector that goes on learning, batch by batch, and says when the rows change.

    Rows are scored first and learnt from then, so that their scores are held out, and renew what new rows are compared
    with. A part of the trees is grown anew from rows of all times, of which new ones take the place of old ones.

    Parameters
    ----------
    detector : ForestDetector, NeighbourDetector, MarginDetector or CombinedDetector, optional
        A forest where left out.
    memory : int
        Rows after which about a third of what was learnt is left (it fades as exp(-rows / memory)).
    false_alarms : float
        Chance that a change is ever reported of rows that did not change.
    budget : float
        Share of rows that `predict` reports, above 0 and at most 0.5.
    random_state : int, RandomState or None

    Attributes
    ----------
    model_ : detector
        As it is now.
    n_seen_ : int
        Rows learnt from so far.

    Notes
    -----
    A change is looked for in every column and in the scores, at the quartiles of the rows of before: the shares of new
    rows below them are compared by the normal test of two shares. The k-th look may err with a chance of 6 / (pi k)^2
    of `false_alarms`, shared by all columns, so that all looks together keep to it. Rows that follow one another are
    taken for independent: where they are not, it is alarmed too often.

    >>> rng = np.random.default_rng(0)
    >>> stream = StreamDetector(random_state=0).fit(rng.normal(size=(2000, 2)))
    >>> stream.update(rng.normal(size=(1000, 2))).explain()
    'No change was found in 1,000 rows.'
    >>> stream.update(rng.normal(1, 1, size=(1000, 2))).columns
    ('column 0', 'column 1', 'the score')
    """

    _allow_missing = True

    def __init__(
        self,
        detector: object = None,
        *,
        memory: int = 10_000,
        false_alarms: float = 0.01,
        budget: float = 0.01,
        random_state: Seed = None,
    ) -> None:
        self.detector = detector
        self.memory = memory
        self.false_alarms = false_alarms
        self.budget = budget
        self.random_state = random_state

    def update(self, X: Any, *, learn_changed: bool = False) -> Drift:
        """Say whether new rows are like those of before, and learn from them if they are.

        Parameters
        ----------
        X : array of shape (n_samples, n_features)
            Score them before, if they are to be judged.
        learn_changed : bool
            Whether rows that changed are learnt from, too, so that they become ordinary.

        Returns
        -------
        Drift
        """
        check_is_fitted(self)
        X = self._checked(X)
        rng = np.random.default_rng([self.seed_, self.n_updates_])
        scores = self.model_._oddness(X)  # noqa: SLF001  # one family
        drift = self._look(X, scores)
        self.n_updates_ += 1
        if drift.changed and not learn_changed:
            return replace(drift, learnt=False)
        self.n_seen_ += len(X)
        share = float(-np.expm1(-len(X) / self.memory))
        self._renew_rows(X, share, rng)
        self.model_._take_in(X, scores, self.pool_, share, rng)  # noqa: SLF001  # one family
        self.scale_, self.offset_ = self.model_.scale_, self.model_.offset_
        return drift

    def _learn(self, X: Floats, judged: Judged, rng: np.random.Generator) -> Floats:
        """Fit the detector, and keep some rows to renew it from."""
        given = ForestDetector() if self.detector is None else self.detector
        if not isinstance(given, MatrixDetector) or isinstance(given, StreamDetector):
            raise SettingsError(f"detector={given!r}: give a detector of domains.anomaly")
        self.model_ = clone(given).set_params(budget=self.budget)
        self.model_._check_settings()  # noqa: SLF001  # one family
        # Witnesses are never learnt from, so that their scores are held out whatever is renewed.
        order = rng.permutation(len(X))
        apart = min(WITNESSES, len(X) // 4)
        self.witnesses_, rest = X[order[:apart]], X[np.sort(order[apart:])]
        held_out = self.model_._fit_rows(rest, Judged.among(rest, rng), rng)  # noqa: SLF001
        self.pool_ = rest[np.sort(rng.choice(len(rest), min(POOL, len(rest)), replace=False))]
        self.pending_ = X[:0]
        self.seed_ = int(rng.integers(2**31))
        self.n_seen_, self.n_updates_, self.n_looks_ = len(X), 0, 0
        return np.asarray(held_out)

    def _renew_rows(self, X: Floats, share: float, rng: np.random.Generator) -> None:
        """Put new rows in the place of a share of old ones, others among the witnesses than among those learnt from."""
        order, used = rng.permutation(len(X)), 0
        for rows in (self.pool_, self.witnesses_):
            count = min(round(share * len(rows)), len(X) - used)
            slots = rng.choice(len(rows), count, replace=False)
            rows[slots] = X[order[used : used + count]]
            used += count

    def _look(self, X: Floats, scores: Floats) -> Drift:
        """Compare new rows with those of before, column by column and by their scores, once there are 500."""
        from scipy.special import ndtr

        waiting, new = self.pending_, np.concatenate([self.pending_, X])
        self.pending_ = new if len(new) < LEAST_ROWS else new[:0]
        if len(new) < LEAST_ROWS:
            return Drift(False, (), 1.0, len(new))
        # All are scored by the model as it is: scores of one that has since been renewed are others.
        old_score, early = (self.model_._oddness(rows) for rows in (self.witnesses_, waiting))  # noqa: SLF001
        new_score = np.concatenate([early, scores])
        z = np.append(_differ(self.pool_, new), _differ(old_score[:, None], new_score[:, None]))
        p = np.minimum(2 * ndtr(-z) * len(QUARTILES) * len(z), 1.0)
        self.n_looks_ += 1
        allowed = self.false_alarms * 6 / (np.pi * self.n_looks_) ** 2
        named = tuple(self._names()[k] for k in np.argsort(-z, kind="stable") if p[k] <= allowed)
        return Drift(bool(named), named, float(p.min()), len(new))

    def _names(self) -> list[str]:
        given = getattr(self, "feature_names_in_", None)
        names = [f"column {k}" for k in range(self.n_features_in_)] if given is None else [str(name) for name in given]
        return [*names, "the score"]

    def _oddness(self, X: Floats) -> Floats:
        return np.asarray(self.model_._oddness(X))  # noqa: SLF001  # one family

    def _column_parts(self, X: Floats) -> Floats:
        return np.asarray(self.model_._column_parts(X))  # noqa: SLF001  # one family

    def _check_settings(self) -> None:
        super()._check_settings()
        if not is_whole(self.memory, 1):
            raise SettingsError(f"memory={self.memory!r}: give a number of rows, from 1 on")
        if not is_share(self.false_alarms):
            raise SettingsError(f"false_alarms={self.false_alarms!r}: give a share between 0 and 1")

    def declare_arrays(self) -> dict[str, ArrayOf | type]:
        """What holds of the arrays of every fitted one; checked when a model is loaded."""
        self._check_settings()
        if self.model_.n_features_in_ != self.n_features_in_:
            raise ValueError("its detector has another number of columns")
        if self.pending_.dtype != np.float64:  # it may be empty, and still has to go with rows
            raise ValueError("its rows are no numbers")
        count = ArrayOf("i", (), low=0)
        rows = ArrayOf("f", (None, self.n_features_in_))
        return super().declare_arrays() | {
            "model_": MatrixDetector,
            "pool_": rows,
            "witnesses_": rows,
            "pending_": rows,
            "seed_": count,
            "n_seen_": count,
            "n_updates_": count,
            "n_looks_": count,
        }


def _differ(old: Floats, new: Floats) -> Floats:
    """How far the shares of new rows below the quartiles of old ones differ, in standard errors: each column's most.

    What is missing counts as below all.
    """
    old, new = (np.where(np.isnan(rows), -np.inf, rows) for rows in (old, new))
    found = np.zeros(old.shape[1])
    for mark in np.quantile(old, QUARTILES, axis=0, method="lower"):
        before, after = (old <= mark).mean(axis=0), (new <= mark).mean(axis=0)
        both = (before * len(old) + after * len(new)) / (len(old) + len(new))
        error = np.sqrt(both * (1 - both) * (1 / len(old) + 1 / len(new)))
        found = np.maximum(found, np.divide(np.abs(after - before), error, out=np.zeros_like(error), where=error > 0))
    return found
