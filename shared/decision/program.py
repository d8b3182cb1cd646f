"""A linear program, with integers or without, as arrays with named columns and rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse

from shared.errors import HexadError, Problems, require
from shared.result import OneLine
from shared.typing import Bools, Floats

if TYPE_CHECKING:
    import pyomo.environ as pyo

__all__ = ["Program"]


@dataclass(frozen=True, repr=False)
class Program(OneLine):
    """Minimise (or maximise) c'x with lower <= x <= upper, row_lower <= A x <= row_upper, and some x whole numbers.

    Attributes
    ----------
    names : tuple of str, length n
        Of the columns.
    cost : numpy.ndarray of shape (n,)
        c.
    lower, upper : numpy.ndarray of shape (n,)
    whole : numpy.ndarray of bool, shape (n,)
        Columns that are whole numbers.
    matrix : scipy.sparse array of shape (m, n)
        A.
    row_names : tuple of str, length m
    row_lower, row_upper : numpy.ndarray of shape (m,)
    hard : numpy.ndarray of bool, shape (m,)
        Rows that are no wishes: what they say holds by definition, so that nobody can give way there.
    maximise : bool
    constant : float
        Added to the objective.
    labels : tuple of str, length m
        The limit that each row belongs to; a limit on every asset has a row for each. Each row its own where left out.

    Raises
    ------
    DataError
        Shapes that do not fit, values that are no numbers, or two rows of one name.

    >>> program = Program.make(["x", "y"], cost=[1, 2], rows=[[1, 1]], row_lower=[1], row_names=["total"])
    >>> program.n_columns, program.n_rows
    (2, 1)
    """

    names: tuple[str, ...]
    cost: Floats
    lower: Floats
    upper: Floats
    whole: Bools
    matrix: Any
    row_names: tuple[str, ...]
    row_lower: Floats
    row_upper: Floats
    hard: Bools
    maximise: bool = False
    constant: float = 0.0
    labels: tuple[str, ...] = ()
    pyomo_parts: tuple[Any, ...] = field(default=(), repr=False, compare=False)

    @classmethod
    def make(
        cls,
        names: Sequence[str],
        *,
        cost: Any,
        rows: Any = None,
        row_lower: Any = None,
        row_upper: Any = None,
        row_names: Sequence[str] | None = None,
        lower: Any = 0.0,
        upper: Any = np.inf,
        whole: Any = False,
        hard: Any = False,
        maximise: bool = False,
        constant: float = 0.0,
        labels: Sequence[str] | None = None,
    ) -> Program:
        """Build one from anything that makes arrays.

        Parameters
        ----------
        names : sequence of str
        cost : array of shape (n,)
        rows : array or sparse array of shape (m, n), optional
        row_lower, row_upper : array of shape (m,), optional
            Infinite where left out.
        row_names : sequence of str, optional
            Numbered where left out.
        lower, upper, whole : number or array of shape (n,)
        hard : bool or array of shape (m,)
        maximise : bool
        constant : float
        labels : sequence of str, optional

        >>> Program.make(["x"], cost=[1.0], upper=3, maximise=True).upper.tolist()
        [3.0]
        """
        n = len(names)
        matrix = sparse.csr_array((0, n)) if rows is None else sparse.csr_array(rows, dtype=float)
        m = matrix.shape[0]
        program = cls(
            tuple(map(str, names)),
            np.asarray(cost, dtype=float),
            np.broadcast_to(np.asarray(lower, dtype=float), n).copy(),
            np.broadcast_to(np.asarray(upper, dtype=float), n).copy(),
            np.broadcast_to(np.asarray(whole, dtype=bool), n).copy(),
            matrix,
            tuple(map(str, row_names)) if row_names is not None else tuple(f"row {i + 1}" for i in range(m)),
            np.broadcast_to(np.asarray(-np.inf if row_lower is None else row_lower, dtype=float), m).copy(),
            np.broadcast_to(np.asarray(np.inf if row_upper is None else row_upper, dtype=float), m).copy(),
            np.broadcast_to(np.asarray(hard, dtype=bool), m).copy(),
            maximise,
            float(constant),
            tuple(map(str, labels)) if labels is not None else (),
        )
        program._check()
        return program

    @property
    def n_columns(self) -> int:
        """Number of columns."""
        return len(self.names)

    @property
    def n_rows(self) -> int:
        """Number of rows."""
        return len(self.row_names)

    def _check(self) -> None:
        problems = Problems("program")
        n, m = self.n_columns, self.n_rows
        if self.cost.shape != (n,) or self.matrix.shape[1] != n or self.matrix.shape[0] != m:
            problems.add(
                f"has {n} names of columns, {self.cost.shape} costs, {m} names of rows and a matrix of shape"
                f" {self.matrix.shape}",
                fix="Give a cost and a column of the matrix a name, and a name a row.",
            )
            problems.raise_if_any()
        for what, values in (("cost", self.cost), ("matrix", self.matrix.data)):
            if not np.isfinite(values).all():
                problems.add(f"{what} holds values that are no numbers", count=int((~np.isfinite(values)).sum()))
        for what, low, high in (("column", self.lower, self.upper), ("row", self.row_lower, self.row_upper)):
            if np.isnan(low).any() or np.isnan(high).any():
                problems.add(f"bounds of {what}s hold values that are no numbers", fix="Write infinity for no bound.")
            wrong = np.isposinf(low) | np.isneginf(high)
            if wrong.any():
                problems.add(f"{wrong.sum()} {what}s have an infinite bound on the wrong side")
        if self.labels and len(self.labels) != m:
            problems.add(f"has {len(self.labels)} labels for {m} rows", fix="Give each row one.")
        if len(set(self.row_names)) < m:
            twice = sorted({name for name in self.row_names if self.row_names.count(name) > 1})
            problems.add(f"two rows are called {twice[0]!r}", fix="Give each its own name: answers speak of them.")
        problems.raise_if_any()

    @property
    def limits(self) -> tuple[str, ...]:
        """The limit that each row belongs to."""
        return self.labels or self.row_names

    def value(self, x: Floats) -> float:
        """The objective at a point.

        Parameters
        ----------
        x : numpy.ndarray of shape (n,)
        """
        return float(self.cost @ x) + self.constant

    def violation(self, x: Floats) -> float:
        """By how much a point breaks its worst bound, row or column; 0 where it is feasible.

        Parameters
        ----------
        x : numpy.ndarray of shape (n,)

        >>> Program.make(["x"], cost=[1.0], upper=3).violation(np.array([5.0]))
        2.0
        """
        held = self.matrix @ x
        parts = (self.lower - x, x - self.upper, self.row_lower - held, held - self.row_upper)
        off = np.abs(x - np.round(x))[self.whole]
        return float(max(0.0, *(part.max(initial=0.0) for part in parts), off.max(initial=0.0)))

    def change(self, **what: Any) -> Program:
        """The same with some of its arrays replaced.

        Parameters
        ----------
        **what
            Attributes by name.
        """
        return replace(self, **what)

    def to_pyomo(self) -> pyo.ConcreteModel:
        """Write it as a Pyomo model, for limits of one's own; `solve` takes it back.

        Variables are ``model.x[name]``, constraints ``model.rows[name]``.

        Raises
        ------
        MissingExtraError
            Pyomo is not installed.

        >>> model = Program.make(["x"], cost=[1.0], rows=[[1.0]], row_lower=[2], row_names=["floor"]).to_pyomo()
        >>> str(model.rows["floor"].expr)
        '2.0  <=  x[x]'
        """
        require("pyomo", package="pyomo", extra="optimization")
        import pyomo.environ as pyo
        from pyomo.core.expr import LinearExpression

        if len(set(self.names)) < self.n_columns:
            raise HexadError("two columns have the same name, by which Pyomo would tell them apart; rename one")
        model = pyo.ConcreteModel()
        model.columns = pyo.Set(initialize=list(self.names), ordered=True)
        model.x = pyo.Var(model.columns)
        for name, low, high, whole in zip(self.names, self.lower, self.upper, self.whole, strict=True):
            one = model.x[name]
            one.setlb(None if np.isneginf(low) else float(low))
            one.setub(None if np.isposinf(high) else float(high))
            if whole:
                one.domain = pyo.Integers
        x = [model.x[name] for name in self.names]

        def linear(coefficients: Floats, places: Any) -> Any:
            return LinearExpression(
                constant=0.0, linear_coefs=[float(c) for c in coefficients], linear_vars=[x[j] for j in places]
            )

        model.rows = pyo.Constraint(pyo.Any)
        table = sparse.csr_array(self.matrix)
        for i, name in enumerate(self.row_names):
            part = slice(table.indptr[i], table.indptr[i + 1])
            low, high = float(self.row_lower[i]), float(self.row_upper[i])
            body = linear(table.data[part], table.indices[part])
            if low == high:
                model.rows[name] = body == low
            elif np.isfinite(low) or np.isfinite(high):
                model.rows[name] = pyo.inequality(
                    low if np.isfinite(low) else None, body, high if np.isfinite(high) else None
                )
        used = np.flatnonzero(self.cost)
        model.objective = pyo.Objective(
            expr=linear(self.cost[used], used) + self.constant,
            sense=pyo.maximize if self.maximise else pyo.minimize,
        )
        return model
