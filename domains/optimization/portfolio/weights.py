"""From moments and a mandate to weights: the convex problem, and the one with a number of assets."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from domains.optimization.portfolio.cardinality import (
    ABSOLUTE,
    RELATIVE,
    CardinalityProgram,
    price_swaps,
    solve_cardinality,
    split_diagonal,
)
from domains.optimization.portfolio.mandate import HELD, NUMBER, TURNOVER, Mandate
from domains.optimization.portfolio.moments import Moments
from shared.decision import InfeasibleError, QuadraticAnswer, QuadraticProgram, Session, make_binding, solve_quadratic
from shared.errors import HexadError, SettingsError
from shared.typing import Floats, Ints

__all__ = ["Weights", "best_mean", "maximise_ratio", "minimise_quadratic"]

HELD_FROM = 1e-9  # a weight below is nothing
TRADED_FROM = 1e-6  # a trade below is rounding
NOTHING = 1e-9  # of the largest variance or expected return
CLOSE = 1e-5  # relative gap of a variance up to which an answer counts as proven: half of that in the volatility


@dataclass(frozen=True)
class Weights:
    """Weights, and what is proven of them, for the objective risk * w'Sw + cost'w.

    Attributes
    ----------
    weights : numpy.ndarray of shape (n,)
    objective, bound : float
    status : str
    reduced : numpy.ndarray of shape (n,)
        What a little more of each asset would cost; NaN where nothing is known of what is not held.
    prices : pandas.DataFrame
        Limits that bind: "limit", "side", "at" and "price".
    pressed : dict
        Of each asset at a bound that costs something, the limit and its side.
    swaps : numpy.ndarray of shape (n,), optional
        With a number of assets, the objective with an asset that is out in the best place of another.

    >>> Weights(np.ones(1), 1.0, 1.0, "optimal", np.zeros(1)).status
    'optimal'
    """

    weights: Floats
    objective: float
    bound: float
    status: str
    reduced: Floats
    prices: pd.DataFrame = field(default_factory=make_binding)
    pressed: dict[int, tuple[str, str]] = field(default_factory=dict)
    swaps: Floats | None = None


def minimise_quadratic(
    moments: Moments,
    mandate: Mandate,
    *,
    risk: float,
    cost: Floats,
    trade_cost: float = 0.0,
    time_limit: float = 60.0,
    starts: Iterable[Ints] = (),
    diagonal: Floats | None = None,
    reasons: bool = False,
) -> Weights:
    """Minimise risk * w'Sw + cost'w + trade_cost * (what is bought and sold).

    Parameters
    ----------
    moments : Moments
    mandate : Mandate
    risk : float
        At least 0.
    cost : numpy.ndarray of shape (n,)
    trade_cost : float
    time_limit : float
        CPU seconds, where the number of assets is limited.
    starts : iterable of numpy.ndarray of int
        Choices of assets worth a try.
    diagonal : numpy.ndarray of shape (n,), optional
        `split_diagonal` of S, where it is known already.
    reasons : bool
        Whether, with a number of assets, exchanges are tried, for `Weights.swaps`.

    Raises
    ------
    InfeasibleError, SettingsError

    >>> moments = Moments(("a", "b"), np.zeros(2), np.diag([1.0, 3.0]))
    >>> minimise_quadratic(moments, Mandate.read(("a", "b")), risk=1.0, cost=np.zeros(2)).weights.tolist()
    [0.75, 0.25]
    """
    start = mandate.find_start()
    if mandate.counts:
        return _choose(moments, mandate, risk, cost, trade_cost, time_limit, starts, diagonal, start, reasons)
    trades = np.isfinite(mandate.turnover) or trade_cost > 0
    program = _build(moments, mandate, risk, cost, trade_cost, trades)
    if start is None and mandate.is_free and not trades:
        start = np.array([int(np.argmin(cost))])
    answer = solve_quadratic(program, None if trades else start)
    _need(program, answer.x)
    return _tell(mandate, program, answer)


def _status(program: QuadraticProgram, answer: QuadraticAnswer) -> str:
    """What a gap proves; beside the largest variance or expected return, next to nothing is nothing."""
    size = max(float(program.sizes.max(initial=0.0)), float(np.abs(program.cost).max(initial=0.0)))
    near = max(CLOSE * abs(answer.objective), NOTHING * size)
    return "optimal" if answer.objective - answer.bound <= near else "within gap"


def _need(program: QuadraticProgram, x: Floats) -> None:
    held = program.matrix @ x
    off = max(
        float(np.maximum(program.row_lower - held, 0).max(initial=0.0)),
        float(np.maximum(held - program.row_upper, 0).max(initial=0.0)),
        float(np.maximum(program.lower - x, 0).max(initial=0.0)),
        float(np.maximum(x - program.upper, 0).max(initial=0.0)),
    )
    if off > 1e-6:
        raise InfeasibleError(
            None, f"No portfolio was found that meets the limits; the nearest breaks one by {off:.2g}."
        )


def _build(
    moments: Moments, mandate: Mandate, risk: float, cost: Floats, trade_cost: float, trades: bool
) -> QuadraticProgram:
    """Columns are weights, and where trades matter what is bought and what is sold."""
    n = len(cost)
    width = 3 * n if trades else n
    rows = [np.concatenate([np.ones(n), np.zeros(width - n)])]
    low, high = [1.0], [1.0]
    for row in range(len(mandate.row_names)):
        rows.append(np.concatenate([mandate.matrix[row], np.zeros(width - n)]))
        low.append(float(mandate.row_lower[row]))
        high.append(float(mandate.row_upper[row]))
    if trades:
        eye = np.eye(n)
        rows += list(np.hstack([eye, -eye, eye]))
        low += mandate.holdings.tolist()
        high += mandate.holdings.tolist()
        rows.append(np.concatenate([np.zeros(n), np.ones(2 * n)]))
        low.append(-np.inf)
        high.append(mandate.turnover)
    lower, upper = np.zeros(width), np.full(width, np.inf)
    lower[:n], upper[:n] = mandate.lower, mandate.upper
    if mandate.is_free and not trades:
        upper[:n] = np.inf  # implied, and not to be told as a limit
    whole_cost = np.concatenate([cost, np.full(width - n, trade_cost)])
    parts: dict[str, Floats] = {}
    if moments.is_small and moments.factor is not None:
        k = len(moments.factor)
        parts["factor"] = np.hstack([np.sqrt(2 * risk) * moments.factor, np.zeros((k, width - n))])
        if moments.diagonal is not None:
            parts["diagonal"] = np.concatenate([2 * risk * moments.diagonal, np.zeros(width - n)])
    else:
        square = np.zeros((width, width))
        square[:n, :n] = 2 * risk * moments.covariance
        parts["square"] = square
    return QuadraticProgram(whole_cost, np.array(rows), np.array(low), np.array(high), lower, upper, **parts)


def _tell(mandate: Mandate, program: QuadraticProgram, answer: QuadraticAnswer) -> Weights:
    """Name what binds."""
    n = len(mandate.assets)
    w = answer.x[:n]
    reduced = _to_enter(mandate, answer)
    size = 1e-7 * max(
        1e-300, float(np.abs(answer.row_prices).max(initial=0.0)), float(np.abs(reduced).max(initial=0.0))
    )
    found: dict[tuple[str, str], tuple[float, float]] = {}

    def note(name: str, side: str, at: float, price: float) -> None:
        at, price = float(at), float(price)
        found[name, side] = (at, found.get((name, side), (at, 0.0))[1] + price)

    for row, name in enumerate(mandate.row_limits):
        price = float(answer.row_prices[1 + row])
        if abs(price) > size:
            side = "least" if price > 0 else "most"
            note(name, side, (mandate.row_lower if price > 0 else mandate.row_upper)[row], abs(price))
    if np.isfinite(mandate.turnover) and abs(float(answer.row_prices[-1])) > size:
        note(mandate.limits.about(TURNOVER)[0].name, "most", mandate.turnover, abs(float(answer.row_prices[-1])))
    pressed: dict[int, tuple[str, str]] = {}
    for (i, side), name in mandate.bound_names.items():
        at = mandate.lower[i] if side == "least" else mandate.upper[i]
        if abs(w[i] - at) <= 1e-9 and (reduced[i] > size if side == "least" else reduced[i] < -size):
            note(name, side, at, abs(float(reduced[i])))
            pressed[i] = (name, side)
    rows = sorted(((*key, *what) for key, what in found.items()), key=lambda row: -row[3])
    weights = np.where(np.abs(w) < HELD_FROM, 0.0, w)
    status = _status(program, answer)
    return Weights(weights, answer.objective, answer.bound, status, reduced, make_binding(rows), pressed)


def _to_enter(mandate: Mandate, answer: QuadraticAnswer) -> Floats:
    """What a little more of each asset would cost; where it has to be bought, with what that costs.

    What is neither held nor wanted is neither bought nor sold, so that the price of its trade alone is arbitrary. Where
    nothing that is traded is free to be traded more, so is the price of money, and nothing is known.
    """
    n = len(mandate.assets)
    reduced = answer.bound_prices[:n].copy()
    if len(answer.x) >= 3 * n:
        scale = answer.x[-1] if len(answer.x) > 3 * n else 1.0  # kappa of a ratio
        w = answer.x[:n] / scale
        out = (w <= HELD_FROM) & (mandate.lower == 0)
        new = out & (mandate.holdings == 0)
        reduced[new] += answer.bound_prices[n : 2 * n][new]
        traded = np.abs(w - mandate.holdings) > TRADED_FROM
        if not (traded & (w > mandate.lower + TRADED_FROM) & (w < mandate.upper - TRADED_FROM)).any():
            reduced[out] = np.nan
    return reduced


def _choose(
    moments: Moments,
    mandate: Mandate,
    risk: float,
    cost: Floats,
    trade_cost: float,
    time_limit: float,
    starts: Iterable[Ints],
    diagonal: Floats | None,
    start: Ints | None,
    reasons: bool,
) -> Weights:
    """Choose which assets to hold, with proof."""
    if np.isfinite(mandate.turnover) or trade_cost > 0:
        raise SettingsError(
            "a number of assets together with turnover or costs is not solved here; leave one of them out, or write"
            " the limit as groups"
        )
    if (mandate.lower < 0).any():
        raise SettingsError("a number of assets needs weights from 0 on; short positions are not counted")
    n = len(cost)
    must = mandate.lower > 0
    if diagonal is None:
        diagonal = split_diagonal(moments.covariance)
    program = CardinalityProgram(
        risk * moments.covariance,
        risk * diagonal,
        np.asarray(cost, dtype=float),
        np.maximum(mandate.held_least, np.maximum(mandate.lower, 0.0)),
        mandate.upper.copy(),
        np.vstack([np.ones(n), mandate.matrix]),
        np.concatenate([[1.0], mandate.row_lower]),
        np.concatenate([[1.0], mandate.row_upper]),
        max(mandate.fewest, int(must.sum())),
        min(mandate.largest, n),
    )
    tries = [*starts] + ([start] if start is not None else [])
    answer = solve_cardinality(program, starts=tries, time_limit=time_limit, must=must)
    if not np.isfinite(answer.objective):
        raise InfeasibleError(None, "Time was up before any portfolio was found that meets the limits.")
    chosen = np.flatnonzero(answer.weights > 0)
    exact = _polish(moments, mandate, program, risk, chosen)
    better = exact if exact is not None and exact.objective <= answer.objective + 1e-12 else None
    objective = better.objective if better is not None else answer.objective
    weights = better.weights if better is not None else answer.weights
    gap = objective - answer.bound
    fine = gap <= max(RELATIVE * abs(objective), ABSOLUTE * program.size)
    status = "optimal" if fine else "within gap" if answer.finished else "stopped by time"
    reduced = np.full(n, np.nan)
    prices, pressed = Weights(weights, 0, 0, "", reduced).prices, {}
    if better is not None:
        reduced[chosen] = better.reduced[chosen]
        prices, pressed = better.prices, dict(better.pressed)
        for i in chosen:
            if abs(weights[i] - program.least[i]) < 1e-9 and better.reduced[i] > 0 and mandate.held_least[i] > 0:
                pressed[int(i)] = (mandate.limits.about(HELD)[0].name, "least")
    limit = mandate.limits.about(NUMBER)
    if limit and len(chosen) in {mandate.fewest, mandate.largest}:
        side = "most" if len(chosen) == mandate.largest else "least"
        row = pd.DataFrame([(limit[0].name, side, float(len(chosen)), np.nan)], columns=prices.columns)
        prices = row if prices.empty else pd.concat([prices, row], ignore_index=True)
    swaps = price_swaps(program, weights, must) if reasons else None
    return Weights(weights, objective, min(answer.bound, objective), status, reduced, prices, pressed, swaps)


def _polish(
    moments: Moments, mandate: Mandate, program: CardinalityProgram, risk: float, chosen: Ints
) -> Weights | None:
    """The exact weights of chosen assets."""
    part = replace(
        mandate,
        assets=tuple(mandate.assets[i] for i in chosen),
        lower=program.least[chosen],
        upper=program.most[chosen],
        matrix=mandate.matrix[:, chosen],
        bound_names={
            (k, side): mandate.bound_names[int(i), side]
            for k, i in enumerate(chosen)
            for side in ("least", "most")
            if (int(i), side) in mandate.bound_names
        },
        holdings=mandate.holdings[chosen],
    )
    inner = Moments(part.assets, moments.mean[chosen], moments.covariance[np.ix_(chosen, chosen)])
    built = _build(inner, part, risk, program.cost[chosen], 0.0, False)
    built = replace(built, upper=program.most[chosen])
    answer = solve_quadratic(built)
    found = _tell(part, built, answer)
    if abs(float(found.weights.sum()) - 1) > 1e-8:
        return None
    n = len(mandate.assets)
    weights, reduced = np.zeros(n), np.zeros(n)
    weights[chosen], reduced[chosen] = found.weights, found.reduced
    pressed = {int(chosen[k]): told for k, told in found.pressed.items()}
    return replace(found, weights=weights, reduced=reduced, pressed=pressed)


def maximise_ratio(moments: Moments, mandate: Mandate, risk_free: float) -> Weights | None:
    """Maximise (mean'w - risk_free) / sqrt(w'Sw); None where no portfolio beats the risk-free return.

    Parameters
    ----------
    moments : Moments
    mandate : Mandate
        Without a number of assets.
    risk_free : float
        A period.

    Returns
    -------
    Weights
        Its objective is 1 / ratio^2; reduced costs and prices are in the same unit.

    Notes
    -----
    With y = kappa * w and a row that sets the excess return of y to 1, this is a quadratic program (Cornuejols and
    Tutuncu, Optimization Methods in Finance, 2006, section 8.2); every bound becomes a row over y and kappa.

    >>> moments = Moments(("a", "b"), np.array([0.1, 0.1]), np.diag([1.0, 3.0]))
    >>> maximise_ratio(moments, Mandate.read(("a", "b")), 0.0).weights.round(6).tolist()
    [0.75, 0.25]
    """
    mandate.find_start()
    trades = np.isfinite(mandate.turnover)
    plain = _build(moments, mandate, 0.5, np.zeros(len(moments.mean)), 0.0, trades)
    n, width = len(moments.mean), len(plain.cost)
    best = best_mean(moments, mandate)
    if best <= risk_free + 1e-15:
        return None
    # In units of the highest excess return, so that kappa is not far from 1.
    scale = best - risk_free
    rows = _Scaled()
    rows.add(np.concatenate([(moments.mean - risk_free) / scale, np.zeros(width - n)]), 0.0, 1.0, 1.0)
    for row, low, high in zip(plain.matrix, plain.row_lower, plain.row_upper, strict=True):
        rows.add_bounds(row, float(low), float(high))
    implied = (mandate.lower >= 0).all()
    for i, unit in enumerate(np.eye(width)):
        high = np.inf if implied and plain.upper[i] >= 1 else float(plain.upper[i])
        rows.add_bounds(unit, -np.inf if plain.lower[i] == 0 else float(plain.lower[i]), high)
    lower = np.append(np.where(plain.lower == 0, 0.0, -np.inf), 0.0)
    parts = {
        "square": None if plain.square is None else np.pad(plain.square, ((0, 1), (0, 1))),
        "factor": None if plain.factor is None else np.pad(plain.factor, ((0, 0), (0, 1))),
        "diagonal": None if plain.diagonal is None else np.append(plain.diagonal, 0.0),
    }
    program = QuadraticProgram(
        np.zeros(width + 1),
        np.array(rows.rows),
        np.array(rows.low),
        np.array(rows.high),
        lower,
        np.full(width + 1, np.inf),
        **parts,
    )
    begin = np.array([int(np.argmax(moments.mean)), width]) if mandate.is_free else None
    answer = solve_quadratic(program, begin)
    kappa = float(answer.x[-1])
    if kappa <= 0:
        return None
    _need(plain, answer.x[:width] / kappa)
    w = answer.x[:n] / kappa
    weights = np.where(np.abs(w) < HELD_FROM, 0.0, w)
    inner, bound = 2.0 * answer.objective / scale**2, 2.0 * answer.bound / scale**2
    return Weights(weights, inner, bound, _status(program, answer), _to_enter(mandate, answer) / scale)


class _Scaled:
    """Rows over weights times kappa, and kappa itself."""

    def __init__(self) -> None:
        self.rows: list[Floats] = []
        self.low: list[float] = []
        self.high: list[float] = []

    def add(self, row: Floats, kappa: float, low: float, high: float) -> None:
        """Add a row with its coefficient of kappa."""
        self.rows.append(np.append(row, kappa))
        self.low.append(low)
        self.high.append(high)

    def add_bounds(self, row: Floats, low: float, high: float) -> None:
        """Add low <= row <= high, both sides scaled by kappa."""
        if low == high:
            self.add(row, -low, 0.0, 0.0)
            return
        if np.isfinite(low):
            self.add(row, -low, 0.0, np.inf)
        if np.isfinite(high):
            self.add(row, -high, -np.inf, 0.0)


def best_mean(moments: Moments, mandate: Mandate) -> float:
    """The highest expected return that is allowed.

    Parameters
    ----------
    moments : Moments
    mandate : Mandate

    >>> best_mean(Moments(("a", "b"), np.array([0.1, 0.2]), np.eye(2)), Mandate.read(("a", "b")))
    0.2
    """
    if mandate.is_free:
        return float(moments.mean.max())
    program = mandate.to_program()
    cost = np.zeros(program.n_columns)
    cost[: len(moments.mean)] = -moments.mean
    answer = Session(program.change(cost=cost), time_limit=30.0).solve()
    if answer.x is None:
        mandate.find_start()  # which says why
        raise HexadError("the highest expected return was not found within the time")
    return -answer.objective
