"""A forest of trees that isolate rows: what few cuts part from all others is odd."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike
from sklearn.utils.validation import check_is_fitted

from domains.anomaly.base import BLOCK, Judged, MatrixDetector
from domains.anomaly.evidence import ScoreScale
from shared.checks import is_whole
from shared.errors import DataError, HexadError, Problem, SettingsError
from shared.runtime.array_of import ArrayOf
from shared.typing import Floats, Seed

__all__ = ["ForestDetector"]

KINDS = {"axis": 0, "extended": 1, "fair_cut": 2}
MOST_DEPTH = 16
MOST_COLUMNS = 2**16 - 1


def load_kernels() -> ModuleType:
    """Import the loops, and numba with them, when they are needed."""
    from domains.anomaly.forest import kernels

    return kernels


class ForestDetector(MatrixDetector):
    """Isolation forest: rows that random cuts part from the others after few steps are odd.

    Parameters
    ----------
    cuts : {"axis", "extended", "fair_cut"}
        One column at a random place, as scikit-learn's ``IsolationForest``; two columns at once, in a random direction
        (extended isolation forest); two columns, where the pooled spread of both sides is least (fair-cut forest).
    n_trees : int
    max_samples : int
        Rows drawn for each tree, without replacement; all where there are fewer.
    budget : float
        Share of rows that `predict` reports, above 0 and at most 0.5.
    random_state : int, RandomState or None

    Attributes
    ----------
    scale_ : ScoreScale
        Scores of training rows by the trees that did not see them (out of bag).
    offset_ : float
    n_features_in_ : int

    Notes
    -----
    Scores are those of Liu, Ting and Zhou (2008), "Isolation forest": minus 2 to the power of minus the mean path over
    that of an unsuccessful search. Extended: Hariri et al. (2021), with two columns a cut; fair-cut: Cortes (2021),
    "Isolation forests: looking beyond tree depth". Missing values count as lower than all others. Values are compared
    in single precision, as in scikit-learn.

    >>> X = np.random.default_rng(0).normal(size=(500, 2))
    >>> forest = ForestDetector(random_state=0).fit(X)
    >>> forest.predict([[0.0, 0.0], [6.0, 6.0]]).tolist()
    [1, -1]
    """

    _allow_missing = True

    def __init__(
        self,
        cuts: Literal["axis", "extended", "fair_cut"] = "axis",
        *,
        n_trees: int = 100,
        max_samples: int = 256,
        budget: float = 0.01,
        random_state: Seed = None,
    ) -> None:
        self.cuts = cuts
        self.n_trees = n_trees
        self.max_samples = max_samples
        self.budget = budget
        self.random_state = random_state

    @classmethod
    def from_sklearn(cls, forest: Any, X: ArrayLike, *, budget: float = 0.01) -> ForestDetector:
        """Take the trees of a fitted scikit-learn forest, to score faster and to have reasons.

        Parameters
        ----------
        forest : sklearn.ensemble.IsolationForest
            Fitted on all columns (``max_features=1.0``).
        X : array of shape (n_samples, n_features)
            Rows that p-values are to compare with; best ones that the forest did not learn from.
        budget : float
            As in the constructor.

        Raises
        ------
        HexadError
            It is no such forest, or its trees are deeper than 16 cuts.

        Returns
        -------
        ForestDetector
            Whose ``score_samples`` are the forest's, to 1e-12; rows with missing values are refused.

        >>> from sklearn.ensemble import IsolationForest
        >>> X = np.random.default_rng(0).normal(size=(500, 2))
        >>> peer = IsolationForest(random_state=0).fit(X)
        >>> ours = ForestDetector.from_sklearn(peer, X)
        >>> bool(np.abs(ours.score_samples(X) - peer.score_samples(X)).max() < 1e-12)
        True
        """
        trees = [one.tree_ for one in getattr(forest, "estimators_", [])]
        if not trees or not hasattr(forest, "max_samples_"):
            raise HexadError(f"from_sklearn takes a fitted IsolationForest, not a {type(forest).__name__}")
        whole = np.arange(forest.n_features_in_)
        if any(len(one) != len(whole) or (one != whole).any() for one in forest.estimators_features_):
            raise HexadError("this forest's trees learnt from some of the columns each; fit it with max_features=1.0")
        depth = max(1, *(int(tree.max_depth) for tree in trees))
        if depth > MOST_DEPTH:
            raise HexadError(
                f"this forest's trees have {depth} levels, above {MOST_DEPTH}; fit it with max_samples=65536"
            )
        model = cls(n_trees=len(trees), max_samples=int(forest.max_samples_), budget=budget)
        model._check_settings()
        model._make_room(len(trees), depth)
        for number, tree in enumerate(trees):
            model._copy_tree(number, tree, depth)
        model.n_features_in_ = int(forest.n_features_in_)
        if hasattr(forest, "feature_names_in_"):
            model.feature_names_in_ = forest.feature_names_in_
        model.mean_path_ = float(load_kernels().mean_path(int(forest.max_samples_)))
        model.n_sampled_ = int(forest.max_samples_)
        model.spread_ = np.ones(model.n_features_in_)
        model._allow_missing = False
        model.scale_ = ScoreScale.of(model._oddness(model._validate(X, reset=False)))
        model.offset_ = -model.scale_.threshold(budget)
        return model

    def prepare_scorer(self) -> Callable[[Floats], float]:
        """Make a function that scores one row at a time, as fast as it can be, without any check.

        Returns
        -------
        callable
            Takes an array of shape (n_features,), of float32 or float64, and returns what `score_samples` does.

        >>> X = np.random.default_rng(0).normal(size=(500, 2))
        >>> forest = ForestDetector(random_state=0).fit(X)
        >>> score = forest.prepare_scorer()
        >>> bool(score(X[0]) == forest.score_samples(X[:1])[0])
        True
        """
        check_is_fitted(self)
        total = np.zeros(1)
        row = np.empty((1, self.n_features_in_), dtype=np.float32)
        add, parts = self._walker()
        unit = -len(self.column_) * self.mean_path_

        def score(values: Floats) -> float:
            row[0] = values
            total[0] = 0.0
            add(row, *parts, total)
            return -float(np.exp2(total[0] / unit))

        return score

    def explain_paths(self, X: ArrayLike) -> Floats:
        """Say by how much each column changed the logarithm (base 2) of a row's score.

        Parameters
        ----------
        X : array of shape (n_samples, n_features)

        Returns
        -------
        numpy.ndarray of float64, shape (n_samples, n_features + 1)
            The last column is what every row begins with: the expected path. A row sums up to
            ``log2(-score_samples(X))``.

        >>> X = np.random.default_rng(0).normal(size=(500, 2))
        >>> parts = ForestDetector(random_state=0).fit(X).explain_paths([[0.0, 6.0]])
        >>> int(parts[0, :2].argmax())
        1
        """
        check_is_fitted(self)
        X = self._checked(X)
        unit = len(self.column_) * self.mean_path_
        start = np.full((len(X), 1), -self.expected_[:, 0].sum() / unit)
        return np.concatenate([self._column_parts(X) / unit, start], axis=1)

    def _learn(self, X: Floats, judged: Judged, rng: np.random.Generator) -> Floats:
        """Grow the trees; rows are judged out of bag."""
        n_rows = len(X)
        n_sampled = min(self.max_samples, n_rows)
        depth = max(1, int(np.ceil(np.log2(max(n_sampled, 2)))))
        samples = np.stack([rng.choice(n_rows, n_sampled, replace=False) for _ in range(self.n_trees)])
        seeds = rng.integers(0, 2**63, size=self.n_trees).astype(np.uint64)
        if X.shape[1] > MOST_COLUMNS:
            what = f"has {X.shape[1]:,} columns; a forest takes at most {MOST_COLUMNS:,}"
            raise DataError("X", [Problem(what, fix="Choose columns, or reduce them first.")])
        self._make_room(self.n_trees, depth)
        self.n_sampled_ = n_sampled
        used = np.unique(samples)
        sampled = X[used].astype(np.float32)
        self.spread_ = np.nan_to_num(np.nanstd(np.where(np.isnan(sampled).all(axis=0), 0.0, sampled), axis=0)) * 1.0
        parts = (self.column_, self.second_, self.slope_, self.cut_, self.expected_)
        loops = load_kernels()
        loops.grow_trees(sampled, np.searchsorted(used, samples), seeds, depth, KINDS[self.cuts], *parts)
        self.mean_path_ = float(loops.mean_path(n_sampled)) or 1.0
        # Trees that did not see a row judge it; all do where all saw it.
        place = np.full(n_rows, -1)
        apart = judged.rows[~judged.as_new]
        place[apart] = np.flatnonzero(~judged.as_new)
        rows, trees = place[samples].ravel(), np.repeat(np.arange(self.n_trees), n_sampled)
        times = np.bincount(rows[rows >= 0], minlength=len(judged.rows))
        out = (rows >= 0) & (times[rows] < self.n_trees)
        total = self._sum_paths(X[judged.rows])
        loops.take_paths(X[judged.rows].astype(np.float32), rows[out], trees[out], depth, *parts, total)
        judges = np.where(times < self.n_trees, self.n_trees - times, self.n_trees)
        return np.asarray(np.exp2(-total / (judges * self.mean_path_)))

    def _renew(self, X: Floats, pool: Floats, share: float, rng: np.random.Generator) -> None:
        """Grow a share of the trees anew."""
        wanted = share * self.n_trees
        count = int(wanted) + int(rng.random() < wanted - int(wanted))
        if not count:
            return
        chosen = rng.choice(len(self.column_), count, replace=False)
        n_sampled = min(self.n_sampled_, len(pool))
        samples = np.stack([rng.choice(len(pool), n_sampled, replace=False) for _ in chosen])
        seeds = rng.integers(0, 2**63, size=count).astype(np.uint64)
        names = ("column_", "second_", "slope_", "cut_", "expected_")
        parts = [getattr(self, name)[chosen] for name in names]
        load_kernels().grow_trees(pool.astype(np.float32), samples, seeds, self.depth_, KINDS[self.cuts], *parts)
        for name, part in zip(names, parts, strict=True):
            getattr(self, name)[chosen] = part

    def _sum_paths(self, X: Floats) -> Floats:
        total = np.zeros(len(X))
        add, parts = self._walker()
        for first in range(0, len(X), BLOCK):
            some = slice(first, first + BLOCK)
            add(X[some].astype(np.float32), *parts, total[some])
        return total

    def _oddness(self, X: Floats) -> Floats:
        total = self._sum_paths(X)
        total /= -len(self.column_) * self.mean_path_
        return np.asarray(np.exp2(total, out=total))

    def _walker(self) -> tuple[Callable[..., None], tuple[Any, ...]]:
        """The loop over rows that suits the cuts, and the arrays that it takes."""
        loops = load_kernels()
        if self.slope_.any():
            return loops.add_oblique_paths, (
                self.depth_,
                self.column_,
                self.second_,
                self.slope_,
                self.cut_,
                self.expected_,
            )
        return loops.add_paths, (self.depth_, self.column_, self.cut_, self.expected_)

    def _column_parts(self, X: Floats) -> Floats:
        shares = np.zeros(X.shape)
        parts = (self.column_, self.second_, self.slope_, self.cut_, self.expected_)
        for first in range(0, len(X), BLOCK):
            some = slice(first, first + BLOCK)
            load_kernels().explain_paths(X[some].astype(np.float32), self.depth_, *parts, self.spread_, shares[some])
        return shares

    def _make_room(self, n_trees: int, depth: int) -> None:
        inner, nodes = 2**depth - 1, 2 ** (depth + 1) - 1
        self.depth_ = depth
        self.column_ = np.zeros((n_trees, inner), dtype=np.uint16)
        self.second_ = np.zeros((n_trees, inner), dtype=np.uint16)
        self.slope_ = np.zeros((n_trees, inner), dtype=np.float32)
        self.cut_ = np.full((n_trees, inner), np.inf, dtype=np.float32)
        self.expected_ = np.zeros((n_trees, nodes))

    def _copy_tree(self, number: int, tree: Any, depth: int) -> None:
        """Put one of scikit-learn's trees in heap order; cuts are rounded down to what single values are at most."""
        cuts = tree.threshold.astype(np.float32)
        cuts = np.where(cuts > tree.threshold, np.nextafter(cuts, np.float32(-np.inf)), cuts)
        inner = 2**depth - 1
        stack = [(0, 0, 0, False)]
        while stack:
            node, place, level, ended = stack.pop()
            counts = tree.n_node_samples
            leaf = tree.children_left[node] < 0
            if leaf:
                self.expected_[number, place] = level + load_kernels().mean_path(int(counts[node]))
                if place < inner:
                    below = [2 * place + 1, 2 * place + 2]
                    while below:
                        at = below.pop()
                        self.expected_[number, at] = self.expected_[number, place]
                        below += [2 * at + 1, 2 * at + 2] if at < inner else []
                continue
            if not ended:
                self.column_[number, place] = self.second_[number, place] = tree.feature[node]
                self.cut_[number, place] = cuts[node]
                stack.append((node, place, level, True))
                stack.append((int(tree.children_left[node]), 2 * place + 1, level + 1, False))
                stack.append((int(tree.children_right[node]), 2 * place + 2, level + 1, False))
                continue
            left, right = counts[tree.children_left[node]], counts[tree.children_right[node]]
            one, other = self.expected_[number, 2 * place + 1], self.expected_[number, 2 * place + 2]
            self.expected_[number, place] = (left * one + right * other) / (left + right)

    def _check_settings(self) -> None:
        super()._check_settings()
        if self.cuts not in KINDS:
            raise SettingsError(f"cuts={self.cuts!r}: there are 'axis', 'extended' and 'fair_cut'")
        for name, least, most in (("n_trees", 1, 100_000), ("max_samples", 2, 2**MOST_DEPTH)):
            value = getattr(self, name)
            if not is_whole(value, least, most):
                raise SettingsError(f"{name}={value!r}: give a whole number from {least} to {most:,}")

    def declare_arrays(self) -> dict[str, ArrayOf | type]:
        """What holds of the arrays of every fitted one; checked when a model is loaded."""
        self._check_settings()
        trees, inner = len(self.column_), 2**self.depth_ - 1
        columns = ArrayOf("i", (trees, inner), low=0, high=self.n_features_in_ - 1)
        return super().declare_arrays() | {
            "depth_": ArrayOf("i", (), low=1, high=MOST_DEPTH),
            "n_sampled_": ArrayOf("i", (), low=1, high=2**self.depth_),
            "column_": columns,
            "second_": columns,
            "slope_": ArrayOf("f", (trees, inner), finite=True),
            "cut_": ArrayOf("f", (trees, inner)),
            "expected_": ArrayOf("f", (trees, 2 * inner + 1), finite=True),
            "spread_": ArrayOf("f", (self.n_features_in_,), low=0, finite=True),
            "mean_path_": ArrayOf("f", (), low=0, finite=True),
        }
