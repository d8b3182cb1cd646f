"""Least expected shortfall (CVaR): a linear program over scenarios."""

from __future__ import annotations

import contextlib

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import sparse

from domains.optimization.portfolio.base import Allocator, is_held, make_values
from domains.optimization.portfolio.mandate import Mandate
from domains.optimization.portfolio.returns import Returns
from shared.checks import check_level
from shared.decision import Decision, InfeasibleError, Program, Session, Solution, explain_infeasible, make_binding
from shared.errors import HexadError, SettingsError
from shared.typing import Floats

__all__ = ["MinimumCVaR", "compute_cvar", "make_cvar_program"]


def compute_cvar(returns: ArrayLike, level: float = 95.0) -> float:
    """Mean loss in the worst (100 - level) percent of periods, by Rockafellar and Uryasev's definition.

    Parameters
    ----------
    returns : array of shape (n_periods,)
    level : float
        In percent.

    Returns
    -------
    float
        Above 0 for a loss.

    >>> round(compute_cvar(np.arange(-10, 10) / 100, 90), 4)
    0.095
    """
    values = np.asarray(returns, dtype=float)
    if len(values) == 0 or not np.isfinite(values).all():
        raise HexadError(
            f"a CVaR of {len(values):,} returns, of which {int((~np.isfinite(values)).sum())} are no numbers"
        )
    losses = np.sort(-values)[::-1]
    tail = len(losses) * (100 - check_level(level)) / 100
    whole = min(int(tail), len(losses))
    rest = tail - whole
    total = losses[:whole].sum() + (rest * losses[whole] if whole < len(losses) else 0.0)
    return float(total / tail)


def make_cvar_program(values: Floats, mandate: Mandate, level: float, mean: Floats, floor: float | None) -> Program:
    """Least CVaR of weights: a column a weight (and what the mandate needs), one for the threshold, one a scenario.

    Parameters
    ----------
    values : numpy.ndarray of shape (n_periods, n_assets)
    mandate : Mandate
    level : float
        In percent.
    mean : numpy.ndarray of shape (n_assets,)
        Expected returns, for the floor.
    floor : float, optional
        Least expected return; the last row where given.

    Notes
    -----
    Rockafellar and Uryasev, Journal of Risk 2 (2000), equation 17.

    >>> program = make_cvar_program(np.zeros((3, 2)), Mandate.read(("a", "b")), 95, np.zeros(2), None)
    >>> program.n_columns
    6
    """
    base = mandate.to_program()
    n_periods, n = values.shape
    width = base.n_columns
    share = (100 - level) / 100
    first = base.matrix.tocoo()
    last = width + n_periods + 1
    # By hand: stacking sparse blocks takes as long as solving.
    parts = [
        (first.row, first.col, first.data),
        (
            base.n_rows + np.repeat(np.arange(n_periods), n),
            np.tile(np.arange(n), n_periods),
            values.ravel(),
        ),
        (base.n_rows + np.arange(n_periods), np.full(n_periods, width), np.ones(n_periods)),
        (base.n_rows + np.arange(n_periods), width + 1 + np.arange(n_periods), np.ones(n_periods)),
    ]
    names, labels = [*base.row_names], [*base.limits]
    low, high = [base.row_lower, np.zeros(n_periods)], [base.row_upper, np.full(n_periods, np.inf)]
    hard = [base.hard, np.ones(n_periods, dtype=bool)]
    n_rows = base.n_rows + n_periods
    if floor is not None:
        parts.append((np.full(n, n_rows), np.arange(n), mean))
        n_rows += 1
        low.append(np.array([floor]))
        high.append(np.array([np.inf]))
        hard.append(np.zeros(1, dtype=bool))
    matrix = sparse.csr_array(
        (
            np.concatenate([part[2] for part in parts]),
            (np.concatenate([part[0] for part in parts]), np.concatenate([part[1] for part in parts])),
        ),
        shape=(n_rows, last),
    )
    scenarios = [f"period {t + 1}" for t in range(n_periods)]
    names += scenarios + (["least expected return"] if floor is not None else [])
    labels += scenarios + (["least expected return"] if floor is not None else [])
    return Program.make(
        [*base.names, "threshold", *(f"loss {t + 1}" for t in range(n_periods))],
        cost=np.concatenate([np.zeros(width), [1.0], np.full(n_periods, 1.0 / (share * n_periods))]),
        rows=matrix,
        row_lower=np.concatenate(low),
        row_upper=np.concatenate(high),
        row_names=names,
        labels=labels,
        hard=np.concatenate(hard),
        lower=np.concatenate([base.lower, [-np.inf], np.zeros(n_periods)]),
        upper=np.concatenate([base.upper, np.full(n_periods + 1, np.inf)]),
        whole=np.concatenate([base.whole, np.zeros(n_periods + 1, dtype=bool)]),
    )


class MinimumCVaR(Allocator):
    """The least mean loss in the worst periods.

    Parameters
    ----------
    level : float
        In percent; 95 looks at the worst 5 % of periods.
    least_return : float, optional
        Expected return a period, at least; the mean of the periods is what is expected.
    limits, groups, holdings
        As in `MinimumVariance`.
    time_limit : float
        Seconds.

    >>> returns = pd.DataFrame({"a": [0.01, -0.01, 0.01, -0.01], "b": [0.02, 0.02, -0.02, -0.02]})
    >>> MinimumCVaR(75).fit(returns).weights_.round(3).to_dict()
    {'a': 1.0, 'b': 0.0}
    """

    def __init__(
        self,
        level: float = 95.0,
        *,
        least_return: float | None = None,
        limits: object = None,
        groups: object = None,
        holdings: object = None,
        time_limit: float = 60.0,
    ) -> None:
        self.level = level
        self.least_return = least_return
        self.limits = limits
        self.groups = groups
        self.holdings = holdings
        self.time_limit = time_limit

    def _decide(self, table: Returns) -> tuple[Floats, Decision]:
        level = check_level(self.level)
        floor = self.least_return
        if floor is not None and (isinstance(floor, bool | str) or not np.isfinite(floor)):
            raise SettingsError(f"least_return={floor!r} is no number")
        mean = table.values.mean(axis=0)
        n_periods, n = table.values.shape
        mandate = self._mandate(table, mean)
        program = make_cvar_program(table.values, mandate, level, mean, floor)
        answer = Session(program, time_limit=self.time_limit).solve()
        if answer.x is None:
            conflict, what = None, "Time was up before any portfolio was found."
            if answer.status == "infeasible":
                what = "No portfolio meets the limits."
                with contextlib.suppress(HexadError):
                    conflict = explain_infeasible(program, time_limit=10.0)
            raise InfeasibleError(conflict, what)
        weights = np.where(np.abs(answer.x[:n]) > 1e-9, answer.x[:n], 0.0)
        tail = n_periods * (100 - level) / 100
        if tail < 10:
            worst = f"{tail:.3g} period{'' if tail == 1 else 's'}"
            self.notes_ = (
                *self.notes_,
                f"the worst {100 - level:g} % are {worst} of {n_periods:,}: too few to lean on",
            )
        values = make_values(table.assets, weights, None, self._reasons(answer, weights, level))
        binding = self._binding(program, answer)
        goal = f"mean loss of the worst {100 - level:g} % of periods"
        return weights, Decision(
            answer.status, values, 100 * answer.objective, 100 * answer.bound, False, binding, goal=goal, unit="%",
            notes=self.notes_,
        )  # fmt: skip

    @staticmethod
    def _reasons(answer: Solution, weights: Floats, level: float) -> list[str]:
        told = []
        for i, weight in enumerate(weights):
            if is_held(weight):
                told.append("")
            elif answer.column_prices is None:
                told.append("out: not among those chosen")
            else:
                dear = 100 * max(0.0, float(answer.column_prices[i]))
                told.append(
                    f"out until its mean loss in the worst {100 - level:g} % of periods falls by {dear:.2f} points"
                )
        return told

    @staticmethod
    def _binding(program: Program, answer: Solution) -> pd.DataFrame:
        held = program.matrix @ (np.zeros(program.n_columns) if answer.x is None else answer.x)
        found: dict[tuple[str, str], tuple[float, float]] = {}
        for row in np.flatnonzero(~program.hard):
            for side, bound in (("least", program.row_lower[row]), ("most", program.row_upper[row])):
                if not np.isfinite(bound) or abs(held[row] - bound) > 1e-8:
                    continue
                price = np.nan if answer.row_prices is None else 100 * abs(float(answer.row_prices[row]))
                key = (program.limits[row], side)
                found[key] = (float(bound), price + (found[key][1] if key in found else 0.0))
        rows = sorted(
            ((*key, *what) for key, what in found.items()), key=lambda row: -row[3] if row[3] == row[3] else 0.0
        )
        return make_binding(rows)
