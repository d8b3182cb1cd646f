"""From a history to weighed parts: what is tried, what weights are learnt on, and what is said of it."""

from __future__ import annotations

import numpy as np

from domains.recommendation.behaviour.blend import Blend, hold_out, learn_parts
from domains.recommendation.behaviour.choice import choose_parts
from domains.recommendation.behaviour.history import History
from shared.text import count_of

__all__ = ["learn_blend"]


def learn_blend(
    history: History, question: str, period: float | None, *, unit: str, dense_items: int, rng: np.random.Generator
) -> tuple[Blend, list[str]]:
    """Learn the weights of all parts that the data allow, then those that have one from all there is.

    Parameters
    ----------
    history : History
    question : {"new", "next"}
    period : float, optional
        None without times.
    unit : str
        Of the period, in words.
    dense_items : int
        Items up to which linear models and factors are tried.
    rng : numpy.random.Generator

    Returns
    -------
    blend : Blend
    notes : list of str

    >>> history = History(np.zeros(2, np.int32), np.arange(2, dtype=np.int32), None, None, 1, 2)
    >>> learn_blend(history, "new", None, unit="", dense_items=10, rng=np.random.default_rng(0))[1]
    ['too few users come back for weights to be learnt: all parts weigh alike']
    """
    repeats, notes = question == "next", []
    dense = history.n_items <= dense_items
    if not dense:
        notes.append(
            f"{history.n_items:,} items are more than dense_items={dense_items:,}: neighbours stand in for linear"
            " models and factors"
        )
    rated = history.weights is not None and bool(np.ptp(history.weights) > 0)
    rank = min(history.n_items, int((history.activity > 0).sum()))
    parts = choose_parts(question, timed=period is not None, rated=rated, dense=dense, rank=rank)
    held = hold_out(history, period, repeats=repeats, rng=rng, unit=unit)
    if held is None:
        notes.append("too few users come back for weights to be learnt: all parts weigh alike")
        return Blend.measure(learn_parts(parts, history, period), history, repeats, rng), notes
    before = Blend.measure(learn_parts(parts, held.before, period), held.before, repeats, rng)
    weights, intercept = before.learn_weights(held, repeats)
    keep = weights > 0
    if not keep.any():
        weights, keep = before.weights, before.weights > 0
        notes.append(f"no part orders {held.how} better than chance: all weigh alike")
    kept = [part for part, chosen in zip(parts, keep, strict=True) if chosen]
    notes.append(f"weights were learnt on {held.how}, from {count_of(len(held.users), 'user')}")
    del held, before  # before all is learnt from, what was learnt from less is of no more use, and large
    return Blend.measure(learn_parts(kept, history, period), history, repeats, rng).with_weights(
        weights[keep], intercept
    ), notes
