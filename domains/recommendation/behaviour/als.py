"""Factors by weighted alternating least squares, learnt by the package implicit."""

from __future__ import annotations

import numpy as np

from domains.recommendation.behaviour.history import History
from domains.recommendation.behaviour.models import BehaviourModel
from domains.recommendation.behaviour.parts import Cache, Part
from shared.checks import is_number, is_whole
from shared.errors import HexadError, MissingExtraError, SettingsError
from shared.runtime.array_of import ArrayOf
from shared.runtime.parallel import use_one_blas_thread
from shared.typing import Ints, Reals

__all__ = ["AlsPart", "AlsRecommender"]


class AlsPart(Part):
    """Weighted alternating least squares (Hu, Koren & Volinsky, "Collaborative filtering for implicit feedback", 2008).

    Items' factors are implicit's; a user's are solved for when asked, so that new users and new purchases count.

    Parameters
    ----------
    n_factors, n_iterations : int
    penalty : float
    confidence : float
        Weight of what a user had over what not.
    random_state : int

    >>> AlsPart(8, 5, 1.0, 10.0, 0).name
    'least squares 8'
    """

    def __init__(self, n_factors: int, n_iterations: int, penalty: float, confidence: float, random_state: int) -> None:
        self.n_factors = n_factors
        self.n_iterations = n_iterations
        self.penalty = penalty
        self.confidence = confidence
        self.random_state = random_state
        self.name = f"least squares {n_factors}"

    def learn(self, history: History, period: float | None, cache: Cache) -> AlsPart:
        """Let implicit find the items' factors; see `Part.learn`.

        Parameters
        ----------
        history : History
        period : float, optional
        cache : dict

        Raises
        ------
        MissingExtraError
            implicit is not installed.
        HexadError
            The penalty is too small for the factors to be found.
        """
        try:
            from implicit.cpu.als import AlternatingLeastSquares
            from implicit.recommender_base import ModelFitError
        except ImportError:
            raise MissingExtraError("implicit", "als") from None
        from scipy import sparse

        with use_one_blas_thread():
            model = AlternatingLeastSquares(
                factors=self.n_factors,
                regularization=self.penalty,
                alpha=self.confidence,
                iterations=self.n_iterations,
                random_state=self.random_state,
                num_threads=1,
            )
            try:
                model.fit(sparse.csr_matrix(history.presence), show_progress=False)
            except ModelFitError:
                raise HexadError(
                    f"penalty={self.penalty:g} is too small for {self.n_factors} factors of these interactions; give a"
                    " larger one, or fewer factors"
                ) from None
        self.vectors = np.asarray(model.item_factors, dtype=np.float32)
        return self

    def score(self, history: History, users: Ints) -> Reals:
        """Solve for the users' factors, and multiply; see `Part.score`.

        Parameters
        ----------
        history : History
        users : numpy.ndarray of int
        """
        items = self.vectors.astype(np.float64)
        base = items.T @ items + self.penalty * np.eye(items.shape[1])
        presence = history.presence
        found = np.zeros((len(users), items.shape[1]))
        for row, user in enumerate(users):
            own = items[presence.indices[presence.indptr[user] : presence.indptr[user + 1]]]
            if len(own):
                weighed = base + (self.confidence - 1.0) * (own.T @ own)
                found[row] = np.linalg.solve(weighed, self.confidence * own.sum(axis=0))
        scores: Reals = (found @ items.T).astype(np.float32)
        return scores

    def declare_arrays(self) -> dict[str, ArrayOf]:
        """A vector an item."""
        return {"vectors": ArrayOf("f", (None, None), finite=True)}


class AlsRecommender(BehaviourModel):
    """Factors by weighted alternating least squares, with the package implicit (extra ``als``); see `AlsPart`.

    Parameters
    ----------
    n_factors : int
    penalty : float
        Ridge penalty of the factors.
    confidence : float
        Weight of what a user had over what not, at least 1.
    n_iterations : int
    question : {"new", "next"}
    random_state : int

    >>> AlsRecommender(16).n_factors
    16
    """

    def __init__(
        self,
        n_factors: int = 64,
        *,
        penalty: float = 1.0,
        confidence: float = 10.0,
        n_iterations: int = 15,
        question: str = "new",
        random_state: int = 0,
    ) -> None:
        self.n_factors = n_factors
        self.penalty = penalty
        self.confidence = confidence
        self.n_iterations = n_iterations
        self.question = question
        self.random_state = random_state

    def _part(self) -> Part:
        if not is_whole(self.random_state, least=0):
            raise SettingsError(f"random_state={self.random_state!r} is no whole number from 0 on")
        for name in ("n_factors", "n_iterations"):
            if not is_whole(getattr(self, name)):
                raise SettingsError(f"{name}={getattr(self, name)!r} is no whole number from 1 on")
        if not is_number(self.penalty, 0) or not is_number(self.confidence, 1):
            raise SettingsError(
                f"penalty={self.penalty!r}, confidence={self.confidence!r}: give at least 0, and at least 1"
            )
        return AlsPart(
            self.n_factors, self.n_iterations, float(self.penalty), float(self.confidence), self.random_state
        )
