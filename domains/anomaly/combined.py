"""Experts of different kind, always together, and a guard for values that no one has seen."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from domains.anomaly.base import Judged, MatrixDetector, spread_evidence
from domains.anomaly.evidence import ScoreScale
from domains.anomaly.forest import ForestDetector
from domains.anomaly.guard import RangeGuard
from domains.anomaly.margins import MarginDetector
from domains.anomaly.neighbours import NeighbourDetector
from shared.runtime.array_of import ArrayOf
from shared.typing import Floats, Seed

__all__ = ["CombinedDetector"]


class CombinedDetector(MatrixDetector):
    """Sum of the evidence of four detectors, or that of a value far outside its column where this is more.

    A forest with cuts on one column sees what is odd by itself, one with fair cuts on two columns what lies between
    groups, neighbours in a sample what is odd in its surroundings, margins what is rare in its column. Which of them
    suits a table cannot be told without labels, so all have the same say.

    Parameters
    ----------
    apart : sequence of int
        Numbers of columns that only their margins and the guard look at, such as those that say how rare a gap is: what
        is one fact is then not counted four times.
    budget : float
        Share of rows that `predict` reports, above 0 and at most 0.5.
    random_state : int, RandomState or None

    Attributes
    ----------
    scale_ : ScoreScale
        Scores of training rows by what did not see them.
    offset_ : float
    n_features_in_ : int

    Notes
    -----
    The sum of minus log p-values is Fisher's (1925), calibrated anew on rows held out because the four are not
    independent. The guard's evidence is that of the largest distance beyond a column's range, in its spreads, against
    those of rows beyond the range of all others. No choice of detectors by data: in Ma et al. (2023), "The need
    for unsupervised outlier model selection", criteria without labels did no better than the default forest.

    >>> X = np.random.default_rng(0).normal(size=(500, 3))
    >>> model = CombinedDetector(random_state=0).fit(X)
    >>> model.predict([[0.0, 0.0, 0.0], [0.0, 8.0, 0.0]]).tolist()
    [1, -1]
    >>> model.explain([[0.0, 8.0, 0.0]]).argmax(axis=1).tolist()
    [1]
    """

    _allow_missing = True

    def __init__(self, *, apart: Sequence[int] = (), budget: float = 0.01, random_state: Seed = None) -> None:
        self.apart = apart
        self.budget = budget
        self.random_state = random_state

    @property
    def experts_(self) -> tuple[MatrixDetector, ...]:
        """The detectors whose evidence is summed."""
        return (self.forest_, self.fair_forest_, self.neighbours_, self.margins_)

    def _learn(self, X: Floats, judged: Judged, rng: np.random.Generator) -> Floats:
        """Fit all experts; rows are judged by what did not see them."""
        self.forest_ = ForestDetector(budget=self.budget)
        self.fair_forest_ = ForestDetector("fair_cut", budget=self.budget)
        self.neighbours_ = NeighbourDetector(budget=self.budget)
        self.margins_ = MarginDetector(budget=self.budget)
        joint = np.setdiff1d(np.arange(X.shape[1]), np.asarray(self.apart, dtype=np.int64))
        self.joint_ = joint if len(joint) else np.arange(X.shape[1])
        total = np.zeros(len(judged.rows))
        for expert in self.experts_:
            held_out = expert._fit_rows(self._seen_by(expert, X), judged, rng)  # noqa: SLF001  # one family
            total += expert.scale_.own_evidence(held_out)
        self.guard_, beyond = RangeGuard.of(X, judged.rows)
        self.sum_scale_ = ScoreScale.of(total)
        return np.maximum(self.sum_scale_.own_evidence(total), self.guard_.scale.own_evidence(beyond))

    def _renew(self, X: Floats, pool: Floats, share: float, rng: np.random.Generator) -> None:
        """Renew every expert, and widen the guard's ranges."""
        self.sum_scale_ = self.sum_scale_.renew(self._sum(X), rng)
        for expert in self.experts_:
            seen = self._seen_by(expert, X)
            expert._take_in(seen, expert._oddness(seen), self._seen_by(expert, pool), share, rng)  # noqa: SLF001
        self.guard_ = self.guard_.renew(X, rng)

    def _oddness(self, X: Floats) -> Floats:
        return np.maximum(self._sum_evidence(X), self.guard_.evidence(X))

    def _score_new(self, X: Floats) -> Floats:
        """Evidence of rows that were not learnt from: one at the end of a range is inside it."""
        found: Floats = self.scale_.evidence(np.maximum(self._sum_evidence(X), self.guard_.evidence(X, new=True)))
        return found

    def _sum_evidence(self, X: Floats) -> Floats:
        return self.sum_scale_.evidence(self._sum(X))

    def _sum(self, X: Floats) -> Floats:
        total = np.zeros(len(X))
        for expert in self.experts_:
            total += expert.scale_.evidence(expert._oddness(self._seen_by(expert, X)))  # noqa: SLF001  # one family
        return total

    def _seen_by(self, expert: MatrixDetector, X: Floats) -> Floats:
        """The columns that an expert looks at."""
        return (
            X if expert is self.margins_ or len(self.joint_) == X.shape[1] else np.ascontiguousarray(X[:, self.joint_])
        )

    def _column_parts(self, X: Floats) -> Floats:
        parts = np.zeros(X.shape)
        for expert in self.experts_:
            seen = self._seen_by(expert, X)
            evidence = expert.scale_.evidence(expert._oddness(seen))  # noqa: SLF001  # one family
            columns = slice(None) if seen.shape == X.shape else self.joint_
            parts[:, columns] += spread_evidence(evidence, expert._column_parts(seen))  # noqa: SLF001
        outside = self.guard_.evidence(X) >= self._sum_evidence(X)
        parts[outside] = self.guard_.excess(X[outside])
        return parts

    def declare_arrays(self) -> dict[str, ArrayOf | type]:
        """What holds of the arrays of every fitted one; checked when a model is loaded."""
        width, joint = self.n_features_in_, len(self.joint_)
        if [expert.n_features_in_ for expert in self.experts_] != [joint, joint, joint, width]:
            raise ValueError("its detectors have other numbers of columns")
        kinds = {"forest_": ForestDetector, "fair_forest_": ForestDetector, "neighbours_": NeighbourDetector}
        return (
            super().declare_arrays()
            | kinds
            | {
                "margins_": MarginDetector,
                "guard_": RangeGuard,
                "sum_scale_": ScoreScale,
                "joint_": ArrayOf("i", (None,), low=0, high=width - 1, increasing=True, unique=True),
            }
        )
