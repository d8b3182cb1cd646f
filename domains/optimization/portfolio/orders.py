"""From weights to an order list: whole lots, present holdings, cash and fees."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import sparse

from domains.optimization.portfolio.mandate import QUANTITIES
from shared.decision import Limits, Program, Session, relative_gap
from shared.decision.limits import GroupMaps
from shared.errors import DataError, HexadError, Problem, Problems, SettingsError, quote
from shared.result import Result
from shared.text import count_of
from shared.typing import Floats

__all__ = ["Orders", "plan_orders"]


@dataclass(frozen=True, repr=False)
class Orders(Result):
    """What to buy and sell.

    Attributes
    ----------
    table : pandas.DataFrame
        A row an asset: "order" (shares, below 0 to sell), "shares" after it, "price", "value", "fee", "weight" and
        "target".
    cash : float
        What is left.
    fees : float
    distance : float
        Sum of differences between weights and targets, as shares of all money.
    bound : float
        No list of whole lots can have a smaller distance.
    status : str

    >>> orders = plan_orders({"a": 0.5, "b": 0.5}, {"a": 10.0, "b": 30.0}, cash=110.0)
    >>> orders.table["order"].tolist(), orders.cash
    ([5, 2], 0.0)
    """

    table: pd.DataFrame
    cash: float
    fees: float
    distance: float
    bound: float
    status: str

    def to_frame(self) -> pd.DataFrame:
        """The orders, those of nothing left out."""
        return self.table[self.table["order"] != 0]

    def explain(self) -> str:
        """Say what is bought and sold, what is left, and how near that is to the targets."""
        buys, sells = self.table[self.table["order"] > 0], self.table[self.table["order"] < 0]
        amount = [float((part["order"] * part["price"]).abs().sum()) for part in (buys, sells)]
        proof = (
            "no list of whole lots is nearer"
            if self.status == "optimal"
            else f"a list with {100 * self.bound:.2f} % may exist"
        )
        return (
            f"Buy {count_of(len(buys), 'asset')} for {amount[0]:,.2f}, sell {count_of(len(sells), 'asset')} for"
            f" {amount[1]:,.2f}, fees {self.fees:,.2f}, cash left {self.cash:,.2f}. Weights miss their targets by"
            f" {100 * self.distance:.2f} % of all money in sum; {proof}."
        )


def plan_orders(
    weights: Any,
    prices: Any,
    *,
    cash: float,
    holdings: Any = None,
    lot: Any = 1,
    fee: float = 0.0,
    fee_share: float = 0.0,
    limits: Limits | None = None,
    groups: GroupMaps | None = None,
    time_limit: float = 10.0,
) -> Orders:
    """Plan orders of whole lots that bring holdings as near to weights as money allows.

    Parameters
    ----------
    weights : mapping or Series
        Targets, from 0 on, with sum 1 at most.
    prices : mapping or Series
        Of one share each, above 0.
    cash : float
        At hand, at least 0.
    holdings : mapping or Series, optional
        Shares held now, whole numbers from 0 on; what has no target is sold.
    lot : int, mapping or Series
        Shares that are traded together.
    fee, fee_share : float
        Of each order: an amount, and a share of its value.
    limits : Limits, optional
        On weights of assets and groups, kept by what is held after the orders where whole lots can keep them; where
        they cannot, they are left aside as if none had been given. Those on numbers of assets, turnover and the
        expected return are not looked at.
    groups : mapping of mappings, optional
        Of each map, the group of each asset.
    time_limit : float
        Seconds.

    Raises
    ------
    DataError
        A price or a weight is missing or wrong, told for every asset.
    SettingsError

    Notes
    -----
    A program with integers: the sum of absolute differences to the targets is least, where targets are shares of all
    that is held, cash included, before fees.

    >>> print(plan_orders({"a": 1.0}, {"a": 30.0}, cash=100.0, fee=5.0).explain())
    Buy 1 asset for 90.00, sell 0 assets for 0.00, fees 5.00, cash left 5.00. Weights miss their targets by 10.00 % of
    all money in sum; no list of whole lots is nearer.
    """
    names, target, price, held, lots = _read(weights, prices, holdings, lot)
    for name, value in (("cash", cash), ("fee", fee), ("fee_share", fee_share)):
        if isinstance(value, bool | str) or not np.isfinite(value) or value < 0:
            raise SettingsError(f"{name}={value!r} is no number from 0 on")
    total = float(cash + held @ price)
    if not total > 0:
        raise SettingsError("there is neither cash nor anything held, so that nothing can be bought")
    n = len(names)
    # Columns: lots bought, lots sold, distance, whether there is an order.
    unit = lots * price
    room_buy = np.floor(total / unit)
    room_sell = held / lots
    odd = np.abs(room_sell - np.round(room_sell)) > 1e-9
    if odd.any():
        what = f"{quote(names[i] for i in np.flatnonzero(odd))} are held in shares that make no whole lots"
        raise DataError("holdings", [Problem(what, fix="Give lot= the size in which they are traded.")])
    eye = sparse.eye_array(n)
    step = sparse.diags_array(unit / total)
    fees = fee > 0
    blocks = [
        [step, -step, eye, None],
        [-step, step, eye, None],
        [
            sparse.csr_array((unit * (1 + fee_share))[None]),
            sparse.csr_array((unit * (fee_share - 1))[None]),
            None,
            sparse.csr_array(np.full((1, n), fee)),
        ],
    ]
    low = [target - held * price / total, held * price / total - target, np.array([-np.inf])]
    high = [np.full(n, np.inf), np.full(n, np.inf), np.array([float(cash)])]
    if fees:
        blocks += [
            [eye, None, None, -sparse.diags_array(room_buy)],
            [None, eye, None, -sparse.diags_array(np.maximum(room_sell, 0))],
        ]
        low += [np.full(n, -np.inf)] * 2
        high += [np.zeros(n)] * 2
    else:
        blocks[2][3] = sparse.csr_array((1, n))
    if limits is not None and len(limits):
        rows = limits.to_rows(names, groups, quantities=QUANTITIES)
        share = sparse.csr_array(rows.matrix * (unit / total))
        now = rows.matrix @ (held * price / total)
        blocks.append([share, -share, None, None])
        low.append(rows.lower - now)
        high.append(rows.upper - now)
    matrix = sparse.block_array(blocks, format="csr")
    m = matrix.shape[0]
    program = Program.make(
        [f"{what} {name}" for what in ("buy", "sell", "miss", "trade") for name in names],
        # Trading for nothing is avoided by a price too small to matter for the distance.
        cost=np.concatenate([np.full(2 * n, 1e-9) * np.tile(unit / total, 2), np.ones(n), np.zeros(n)]),
        rows=matrix,
        row_lower=np.concatenate(low),
        row_upper=np.concatenate(high),
        row_names=[f"row {i}" for i in range(m)],
        upper=np.concatenate([room_buy, room_sell, np.full(n, np.inf), np.full(n, 1.0 if fees else 0.0)]),
        whole=np.concatenate([np.ones(2 * n, dtype=bool), np.zeros(n, dtype=bool), np.full(n, fees)]),
    )
    answer = Session(program, time_limit=time_limit, gap=1e-6).solve()
    if answer.x is None and limits is not None:  # no whole lots keep them, or none were found that do
        given: dict[str, Any] = {"cash": cash, "holdings": holdings, "lot": lot, "fee": fee, "fee_share": fee_share}
        return plan_orders(weights, prices, **given, time_limit=time_limit)
    if answer.x is None:
        raise HexadError("no orders were found within the time; give more, or trade in larger lots")
    return _tell(
        names, target, price, held, lots, answer.x, float(cash), total, fee, fee_share, answer.status, answer.bound
    )


def _tell(
    names: list[str],
    target: Floats,
    price: Floats,
    held: Floats,
    lots: Floats,
    x: Floats,
    cash: float,
    total: float,
    fee: float,
    fee_share: float,
    status: str,
    bound: float,
) -> Orders:
    n = len(names)
    order = np.round(x[:n] - x[n : 2 * n]) * lots
    paid = fee_share * np.abs(order) * price + fee * (order != 0)
    after = held + order
    weight = after * price / total
    left = cash - float(order @ price) - float(paid.sum())
    distance = float(np.abs(weight - target).sum())
    table = pd.DataFrame(
        {
            "order": order.astype(np.int64),
            "shares": after.astype(np.int64),
            "price": price,
            "value": after * price,
            "fee": paid,
            "weight": weight,
            "target": target,
        },
        index=pd.Index(names, name="asset"),
    )
    best = min(bound, distance)
    gap = relative_gap(distance, best)
    return Orders(
        table,
        round(left, 10),
        float(paid.sum()),
        distance,
        best,
        "optimal" if gap < 1e-4 or status == "optimal" else status,
    )


def _read(
    weights: ArrayLike, prices: object, holdings: ArrayLike, lot: object
) -> tuple[list[str], Floats, Floats, Floats, Floats]:
    target, price, held = (_read_numbers(one) for one in (weights, prices, {} if holdings is None else holdings))
    problems = Problems("orders")
    names = list(dict.fromkeys([*target.index, *held.index[held != 0]]))
    size = _read_numbers(dict.fromkeys(names, lot) if np.isscalar(lot) else lot)
    for what, series in (("weights", target), ("prices", price), ("holdings", held), ("lots", size)):
        repeated = series.index[series.index.duplicated()]
        if len(repeated):
            problems.add(f"{what} of {quote(repeated.unique())} come twice", fix="Keep one.")
    problems.raise_if_any()
    lost = [name for name in names if name not in price.index]
    if lost:
        problems.add(f"there is no price for {quote(lost)}", fix="Add it.")
    bad = [name for name in names if name in price.index and not 0 < price[name] < np.inf]
    if bad:
        problems.add(f"prices of {quote(bad)} are not numbers above 0", fix="Correct them.")
    wrong = [name for name in target.index if not (np.isfinite(target[name]) and target[name] >= -1e-9)]
    if wrong:
        problems.add(
            f"weights of {quote(wrong)} are below 0 or no numbers", fix="Orders are made for weights from 0 on."
        )
    if not wrong and target.sum() > 1 + 1e-6:
        problems.add(f"weights sum to {target.sum():.4g}, where 1 is all money", fix="Scale them.")
    parts = [name for name in held.index if not (held[name] >= 0 and held[name] == np.floor(held[name]))]
    if parts:
        problems.add(f"holdings of {quote(parts)} are no whole numbers from 0 on", fix="Give shares, not money.")
    size = size.reindex([*names, *(name for name in size.index if name not in names)], fill_value=1.0)
    if not ((size >= 1) & (size == np.floor(size))).all():
        problems.add(f"lot={lot!r} is no whole number from 1 on", fix="Give the shares that are traded together.")
    problems.raise_if_any()
    return (
        names,
        target.reindex(names).fillna(0.0).to_numpy(dtype=float),
        price.loc[names].to_numpy(dtype=float),
        held.reindex(names).fillna(0.0).to_numpy(dtype=float),
        np.asarray(size.loc[names].to_numpy(), dtype=float),
    )


def _read_numbers(given: object) -> pd.Series[Any]:
    """Numbers by names; NaN where there is none."""
    found = pd.to_numeric(pd.Series(given, dtype=object), errors="coerce").astype(float)
    found.index = found.index.map(str)
    return found
