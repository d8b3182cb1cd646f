"""The one way to HiGHS: a program is passed once, changed a little, and solved again from where it was."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy import sparse

from shared.decision.program import Program
from shared.errors import HexadError, require
from shared.result import OneLine
from shared.typing import Floats, Ints

__all__ = ["Session", "Solution"]


@dataclass(frozen=True, repr=False)
class Solution(OneLine):
    """What a solver says of a program.

    Attributes
    ----------
    status : str
        "optimal", "within gap", "stopped by time", "infeasible" or "unbounded".
    x : numpy.ndarray of shape (n,), optional
        None where no feasible point was found.
    objective, bound : float
        In the program's sense; NaN where there is none.
    row_prices, column_prices : numpy.ndarray, optional
        By how much the objective rises where a bound rises by one; None with integers.
    ray : numpy.ndarray of shape (m,), optional
        For an infeasible program without integers: multipliers of the rows that prove it.

    >>> Solution("infeasible").x is None
    True
    """

    status: str
    x: Floats | None = None
    objective: float = np.nan
    bound: float = np.nan
    row_prices: Floats | None = None
    column_prices: Floats | None = None
    ray: Floats | None = None


class Session:
    """A program in HiGHS, one thread.

    Parameters
    ----------
    program : Program
    time_limit : float
        Seconds a solution; HiGHS measures them on the clock of the wall.
    gap : float
        Relative gap at which a program with integers counts as solved.

    Raises
    ------
    MissingExtraError
        highspy is not installed.

    >>> program = Program.make(["x", "y"], cost=[1, 2], rows=[[1, 1]], row_lower=[1], row_names=["total"])
    >>> session = Session(program)
    >>> session.solve().x.tolist()
    [1.0, 0.0]
    >>> session.bound_row(0, 3.0, np.inf)
    >>> session.solve().objective
    3.0
    """

    def __init__(self, program: Program, *, time_limit: float = 60.0, gap: float = 1e-6) -> None:
        require("highspy", package="highspy", extra="optimization")
        import highspy

        self.program = program
        self.gap = gap
        self.time_limit = float(time_limit)
        self._cost = program.cost
        self._whole = bool(program.whole.any())
        self._api: Any = highspy
        self._highs: Any = _quiet_solver()()
        for name, value in (
            ("output_flag", False),
            ("threads", 1),
            ("mip_rel_gap", float(gap)),
            ("mip_abs_gap", 1e-9),
            ("primal_feasibility_tolerance", 1e-9),
            ("mip_feasibility_tolerance", 1e-9),
            ("dual_feasibility_tolerance", 1e-9),
            # HiGHS 1.15 and 1.16 have called a wrong plan optimal with presolve on; without integers, it stands in the
            # way of proofs that a program is infeasible, and of starting from the last basis.
            ("presolve", "off"),
        ):
            self._highs.setOptionValue(name, value)
        self._pass()

    def _pass(self) -> None:
        program, api = self.program, self._api
        matrix = sparse.csc_array(program.matrix)
        matrix.sort_indices()
        lp = api.HighsLp()
        lp.num_col_, lp.num_row_ = program.n_columns, program.n_rows
        lp.col_cost_, lp.col_lower_, lp.col_upper_ = program.cost, program.lower, program.upper
        lp.row_lower_, lp.row_upper_ = program.row_lower, program.row_upper
        lp.offset_ = program.constant
        lp.sense_ = api.ObjSense.kMaximize if program.maximise else api.ObjSense.kMinimize
        lp.a_matrix_.format_ = api.MatrixFormat.kColwise
        lp.a_matrix_.start_ = matrix.indptr.astype(np.int32)
        lp.a_matrix_.index_ = matrix.indices.astype(np.int32)
        lp.a_matrix_.value_ = matrix.data
        if self._whole:
            kinds = (api.HighsVarType.kContinuous, api.HighsVarType.kInteger)
            lp.integrality_ = [kinds[int(one)] for one in program.whole]
        if self._highs.passModel(lp) == api.HighsStatus.kError:
            raise HexadError("HiGHS does not take this program; look for bounds that cross, or numbers beyond 1e20")

    def bound_row(self, row: int, low: float, high: float) -> None:
        """Change the bounds of one row.

        Parameters
        ----------
        row : int
        low, high : float
        """
        self._highs.changeRowBounds(int(row), float(low), float(high))

    def bound_rows(self, rows: Ints, low: Floats, high: Floats) -> None:
        """Change the bounds of several rows.

        Parameters
        ----------
        rows : numpy.ndarray of int
        low, high : numpy.ndarray of float
        """
        self._highs.changeRowsBounds(len(rows), np.asarray(rows, dtype=np.int32), low, high)

    def add_rows(self, rows: ArrayLike, low: Floats, high: Floats) -> None:
        """Add rows below those there are.

        Parameters
        ----------
        rows : array or sparse array of shape (k, n)
        low, high : numpy.ndarray of shape (k,)
        """
        matrix = sparse.csr_array(rows)
        starts, places = matrix.indptr[:-1].astype(np.int32), matrix.indices.astype(np.int32)
        self._highs.addRows(matrix.shape[0], low, high, matrix.nnz, starts, places, matrix.data)

    def change_coefficient(self, row: int, column: int, value: float) -> None:
        """Change one coefficient of a row.

        Parameters
        ----------
        row, column : int
        value : float
        """
        self._highs.changeCoeff(int(row), int(column), float(value))

    def bound_columns(self, columns: Ints, low: Floats, high: Floats) -> None:
        """Change the bounds of several columns.

        Parameters
        ----------
        columns : numpy.ndarray of int
        low, high : numpy.ndarray of float
        """
        self._highs.changeColsBounds(len(columns), np.asarray(columns, dtype=np.int32), low, high)

    def price(self, cost: Floats) -> None:
        """Change the objective.

        Parameters
        ----------
        cost : numpy.ndarray of shape (n,)
        """
        self._cost = np.asarray(cost, dtype=float)
        self._highs.changeColsCost(len(cost), np.arange(len(cost), dtype=np.int32), self._cost)

    def start(self, x: Floats) -> None:
        """Give a feasible point to a program with integers.

        Parameters
        ----------
        x : numpy.ndarray of shape (n,)
        """
        self._highs.setSolution(len(x), np.arange(len(x), dtype=np.int32), np.asarray(x, dtype=float))

    def solve(self) -> Solution:
        """Solve, from the last basis where there is one."""
        self._run()
        status = self._highs.getModelStatus()
        kinds = self._api.HighsModelStatus
        if status == kinds.kUnboundedOrInfeasible or (status == kinds.kInfeasible and self._whole):
            status = self._tell_apart(status)
        if status == kinds.kInfeasible:
            return Solution("infeasible", ray=self._ray())
        if status == kinds.kUnbounded:
            return Solution("unbounded")
        if status == kinds.kModelEmpty:  # no rows and no columns
            return Solution(
                "optimal", np.zeros(0), self.program.constant, self.program.constant, np.zeros(0), np.zeros(0)
            )
        info = self._highs.getInfo()
        found = info.primal_solution_status == int(self._api.SolutionStatus.kSolutionStatusFeasible)
        solution = self._highs.getSolution()
        x = np.asarray(solution.col_value, dtype=float) if found else None
        objective = float(info.objective_function_value) if found else np.nan
        if self._whole:
            bound = float(info.mip_dual_bound)
            gap = abs(objective - bound) / max(abs(objective), 1e-9)
            name = "stopped by time" if status != kinds.kOptimal else "optimal" if gap <= 1e-6 else "within gap"
            return Solution(name, x, objective, bound if np.isfinite(bound) else np.nan)
        if status != kinds.kOptimal:
            return Solution("stopped by time", x, objective)
        return Solution(
            "optimal",
            x,
            objective,
            objective,
            np.asarray(solution.row_dual, dtype=float),
            np.asarray(solution.col_dual, dtype=float),
        )

    def _run(self) -> None:
        # HiGHS counts the seconds of all runs together.
        self._highs.setOptionValue("time_limit", self._highs.getRunTime() + self.time_limit)
        if not self._refuses():
            return
        # Whoever runs HiGHS first in a process sets its number of threads for all; 0 takes what there is.
        self._highs.setOptionValue("threads", 0)
        if self._refuses():
            raise HexadError("HiGHS gave up without an answer; look for numbers that are far too large or too small")

    def _refuses(self) -> bool:
        error = self._highs.run() == self._api.HighsStatus.kError
        return bool(error and self._highs.getModelStatus() == self._api.HighsModelStatus.kNotset)

    def _tell_apart(self, status: object) -> Any:
        """Whether a program is infeasible, or has no bound: solved without an objective it is one or the other."""
        kinds = self._api.HighsModelStatus
        cost = self._cost
        self.price(np.zeros(len(cost)))
        self._run()
        again = self._highs.getModelStatus()
        self.price(cost)
        if again == kinds.kOptimal:
            return kinds.kUnbounded
        return kinds.kInfeasible if again in {kinds.kInfeasible, kinds.kUnboundedOrInfeasible} else status

    def _ray(self) -> Floats | None:
        if self._whole:
            return None
        _, there, ray = self._highs.getDualRay()
        return np.asarray(ray, dtype=float) if there else None


@functools.cache
def _quiet_solver() -> Any:
    """HiGHS's class, printing nothing: its constructor would print a banner before anybody can tell it not to."""
    import highspy as api

    class Quiet(api.Highs):
        def enableCallbacks(self) -> None:  # noqa: N802  # HiGHS's name
            self.setOptionValue("output_flag", False)
            super().enableCallbacks()  # type: ignore[no-untyped-call]

    return Quiet
