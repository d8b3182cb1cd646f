"""One total over channels of any curve, proven: branch and bound on concave envelopes."""

from __future__ import annotations

import heapq
import time
from dataclasses import dataclass

import numpy as np

from domains.optimization.budget.curves import ResponseCurves
from shared.typing import Floats

__all__ = ["SplitAnswer", "solve_split"]


@dataclass(frozen=True)
class SplitAnswer:
    """A split of money, and what is proven of it.

    Attributes
    ----------
    spend : numpy.ndarray of shape (n,)
    response, bound : float
        No split brings more than the bound.
    price : float
        Response to one unit of money more, by the relaxation at the root.
    nodes : int
    finished : bool

    >>> SplitAnswer(np.ones(1), 1.0, 1.0, 0.0, 1, True).nodes
    1
    """

    spend: Floats
    response: float
    bound: float
    price: float
    nodes: int
    finished: bool


def solve_split(
    curves: ResponseCurves,
    total: float,
    least: Floats,
    most: Floats,
    *,
    gap: float = 1e-6,
    time_limit: float = 60.0,
) -> SplitAnswer:
    """Split a total over channels so that the sum of responses is largest.

    Parameters
    ----------
    curves : ResponseCurves
    total : float
        Spent at most; between the sums of `least` and `most`, all of it is.
    least, most : numpy.ndarray of shape (n,)
    gap : float
        Relative gap that is proven.
    time_limit : float
        CPU seconds.

    Notes
    -----
    On an interval the concave envelope of an S-curve is a chord up to a tangent point, and the curve beyond. With one
    row the relaxation is solved by its price alone; the channel with the largest error is split at its own amount (Falk
    and Soland, Management Science 15, 1969).

    >>> curves = ResponseCurves.make(["a", "b"], top=[10, 10], half=[5, 5], shape=[3, 3])
    >>> solve_split(curves, 8.0, np.zeros(2), np.full(2, 20.0)).spend.round(3).tolist()
    [8.0, 0.0]
    """
    from domains.optimization.budget.kernels import split_money

    bend, log = curves.inflection, curves.kind == "log"
    until = time.process_time() + time_limit
    total = float(min(max(total, least.sum()), most.sum()))

    def relax(low: Floats, high: Floats) -> tuple[Floats, float, float, Floats]:
        found: tuple[Floats, float, float, Floats] = split_money(
            total, low, high, bend, curves.top, curves.half, curves.shape, log
        )
        return found

    first = relax(least, most)
    best, spend = float(curves.value(first[0]).sum()), first[0]
    queue = [(-first[1], 0, least, most, first)]
    number, finished, root_price = 0, True, first[2]
    while queue:
        top = -queue[0][0]
        if top <= best + gap * abs(best):
            break
        if time.process_time() > until:
            finished = False
            break
        _, _, low, high, (x, _, _, errors) = heapq.heappop(queue)
        value = float(curves.value(x).sum())
        if value > best:
            best, spend = value, x
        branch = int(np.argmax(errors))
        if errors[branch] <= 0:
            continue
        for side in (0, 1):
            child_low, child_high = low.copy(), high.copy()
            (child_high if side == 0 else child_low)[branch] = x[branch]
            if child_low.sum() > total + 1e-12 * abs(total) or child_high.sum() < total - 1e-12 * abs(total):
                continue
            found = relax(child_low, child_high)
            value = float(curves.value(found[0]).sum())
            if value > best:
                best, spend = value, found[0]
            number += 1
            heapq.heappush(queue, (-found[1], number, child_low, child_high, found))
    bound = max(best, -queue[0][0]) if queue else best
    return SplitAnswer(spend, best, bound, root_price, number + 1, finished)
