"""Concave envelopes of response curves, and the split of money that is best for them."""

from __future__ import annotations

import numpy as np

from shared.runtime.compile import jit
from shared.typing import Floats

__all__ = ["split_money", "tangent_points"]


@jit(nogil=True)
def _value(x: float, top: float, half: float, shape: float, log: bool) -> float:
    if x <= 0.0:
        return 0.0
    if log:
        return float(top * np.log1p(x / half))
    return float(top / (1.0 + (half / x) ** shape))


@jit(nogil=True)
def _slope(x: float, top: float, half: float, shape: float, log: bool) -> float:
    if log:
        return top / (half + x)
    if x <= 0.0:
        return 0.0 if shape > 1.0 else (top / half if shape == 1.0 else np.inf)
    # Either power may overflow, and the slope is 0 then.
    return float(top * shape / (x * (1.0 + (x / half) ** shape) * (1.0 + (half / x) ** shape)))


@jit(nogil=True)
def tangent_points(
    low: Floats, high: Floats, bend: Floats, top: Floats, half: Floats, shape: Floats, log: bool
) -> Floats:
    """Where the concave envelope over [low, high] leaves the chord from its left end for the curve.

    Parameters
    ----------
    low, high : numpy.ndarray of shape (n,)
    bend : numpy.ndarray of shape (n,)
        Inflection points.
    top, half, shape : numpy.ndarray of shape (n,)
    log : bool

    Returns
    -------
    numpy.ndarray of shape (n,)
        `low` where the curve is concave from there on, `high` where the chord runs to the right end.
    """
    n = len(low)
    found = np.empty(n)
    for i in range(n):
        if low[i] >= bend[i] or high[i] <= low[i]:
            found[i] = low[i]
            continue
        start = _value(low[i], top[i], half[i], shape[i], log)
        left, right = max(bend[i], low[i]), high[i]
        if right <= left:
            found[i] = right
            continue
        # The chord to x is steeper than the curve there from the tangent point on.
        gap = _value(right, top[i], half[i], shape[i], log) - start
        if gap <= _slope(right, top[i], half[i], shape[i], log) * (right - low[i]):
            found[i] = right
            continue
        for _ in range(80):
            middle = 0.5 * (left + right)
            gap = _value(middle, top[i], half[i], shape[i], log) - start
            if gap < _slope(middle, top[i], half[i], shape[i], log) * (middle - low[i]):
                left = middle
            else:
                right = middle
        found[i] = right
    return found


@jit(nogil=True)
def _spend_at(
    price: float, low: float, high: float, tangent: float, top: float, half: float, shape: float, log: bool
) -> float:
    """What an envelope is worth buying at a price: the left end, or a point of the curve from the tangent point on."""
    if tangent > low:
        chord = (_value(tangent, top, half, shape, log) - _value(low, top, half, shape, log)) / (tangent - low)
        if chord < price:
            return low
    if _slope(high, top, half, shape, log) >= price:
        return high
    left, right = tangent, high
    if _slope(left, top, half, shape, log) <= price:
        return left
    for _ in range(60):
        middle = 0.5 * (left + right)
        if _slope(middle, top, half, shape, log) > price:
            left = middle
        else:
            right = middle
    return 0.5 * (left + right)


@jit(nogil=True)
def split_money(
    total: float,
    low: Floats,
    high: Floats,
    bend: Floats,
    top: Floats,
    half: Floats,
    shape: Floats,
    log: bool,
) -> tuple[Floats, float, float, Floats]:
    """Split a total over concave envelopes.

    Parameters
    ----------
    total : float
        Between the sums of `low` and `high`.
    low, high, bend, top, half, shape : numpy.ndarray of shape (n,)
    log : bool

    Returns
    -------
    spend : numpy.ndarray of shape (n,)
        Which sums to the total.
    bound : float
        No split between `low` and `high` has a larger response: the value of the dual problem.
    price : float
        Response to one unit of money more.
    errors : numpy.ndarray of shape (n,)
        By how much each envelope lies above its curve at the split.
    """
    n = len(low)
    tangents = tangent_points(low, high, bend, top, half, shape, log)
    dear, cheap = 1e-300, 0.0
    for i in range(n):
        if high[i] > low[i]:
            # No part of an envelope is steeper than the curve where its concave part begins; where that is infinitely
            # steep, what is bought at a slope so near to 0 is next to nothing of the total.
            steepest = _slope(tangents[i], top[i], half[i], shape[i], log)
            if not np.isfinite(steepest):
                steepest = _slope(max(1e-9 * min(high[i], total), 1e-300), top[i], half[i], shape[i], log)
            dear = max(dear, 2.0 * steepest)
    spend = np.empty(n)
    for _ in range(100):
        price = 0.5 * (cheap + dear)
        amount = 0.0
        for i in range(n):
            amount += _spend_at(price, low[i], high[i], tangents[i], top[i], half[i], shape[i], log)
        if amount > total:
            cheap = price
        else:
            dear = price
        if dear - cheap <= 1e-15 * dear:
            break
    price = dear
    bound = price * total
    used = 0.0
    for i in range(n):
        spend[i] = _spend_at(price, low[i], high[i], tangents[i], top[i], half[i], shape[i], log)
        used += spend[i]
        # The envelope at its best point for this price, which is where it touches the curve.
        bound += _value(spend[i], top[i], half[i], shape[i], log) - price * spend[i]
    # What is left goes where the price lies on a chord: there any amount up to the tangent point is as good.
    rest = total - used
    for i in range(n):
        if rest <= 0.0:
            break
        more = _spend_at(cheap, low[i], high[i], tangents[i], top[i], half[i], shape[i], log)
        step = min(rest, max(0.0, more - spend[i]))
        spend[i] += step
        rest -= step
    for i in range(n):
        step = min(max(rest, 0.0), high[i] - spend[i])
        spend[i] += step
        rest -= step
    # Differences of large numbers may leave the bound a little below what the split itself brings.
    reached = 0.0
    for i in range(n):
        reached += _value(spend[i], top[i], half[i], shape[i], log)
    bound = max(bound, reached)
    errors = np.zeros(n)
    for i in range(n):
        if low[i] < spend[i] < tangents[i]:
            start = _value(low[i], top[i], half[i], shape[i], log)
            end = _value(tangents[i], top[i], half[i], shape[i], log)
            on_chord = start + (end - start) * (spend[i] - low[i]) / (tangents[i] - low[i])
            errors[i] = on_chord - _value(spend[i], top[i], half[i], shape[i], log)
    return spend, bound, price, errors
