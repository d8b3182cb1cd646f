"""Search problems: variables of any kind, a vectorised objective, and constraints."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from shared.checks import is_whole
from shared.errors import HexadError, SettingsError, quote
from shared.typing import Bools, Floats

__all__ = ["Binary", "Order", "Real", "SearchProblem", "Variable", "Whole"]


@dataclass(frozen=True)
class Variable:
    """What is looked for; its kinds are `Real`, `Whole`, `Binary` and `Order`. Each takes some keys from 0 to 1.

    >>> Variable().width
    1
    """

    @property
    def width(self) -> int:
        """Keys it takes."""
        return 1

    def decode(self, keys: Floats) -> Any:
        """Values of a population of keys.

        Parameters
        ----------
        keys : numpy.ndarray of shape (m, width)
        """
        return keys[:, 0]

    def encode(self, value: Any) -> Floats:
        """Keys that stand for a value.

        Parameters
        ----------
        value : object
        """
        return np.array([float(value)])


@dataclass(frozen=True)
class Real(Variable):
    """A number between two others.

    >>> Real(-5, 5).decode(np.array([[0.25]])).tolist()
    [-2.5]
    """

    least: float
    most: float

    def __post_init__(self) -> None:
        if not (np.isfinite(self.least) and np.isfinite(self.most) and self.least < self.most):
            raise SettingsError(
                f"Real({self.least!r}, {self.most!r}): two finite bounds are needed, the lower one first"
            )

    def decode(self, keys: Floats) -> Any:
        """Numbers, of shape (m,).

        Parameters
        ----------
        keys : numpy.ndarray of shape (m, width)
        """
        return self.least + keys[:, 0] * (self.most - self.least)

    def encode(self, value: Any) -> Floats:
        """A key for a number.

        Parameters
        ----------
        value : object
        """
        return np.array([(float(value) - self.least) / (self.most - self.least)])


@dataclass(frozen=True)
class Whole(Variable):
    """A whole number between two others, both included.

    >>> Whole(1, 3).decode(np.array([[0.0], [0.5], [1.0]])).tolist()
    [1, 2, 3]
    """

    least: int
    most: int

    def __post_init__(self) -> None:
        if (
            not is_whole(self.least, least=-(2**53))
            or not is_whole(self.most, least=-(2**53))
            or self.least > self.most
        ):
            raise SettingsError(
                f"Whole({self.least!r}, {self.most!r}): two whole numbers are needed, the lower one first"
            )

    def decode(self, keys: Floats) -> Any:
        """Whole numbers, of shape (m,).

        Parameters
        ----------
        keys : numpy.ndarray of shape (m, width)
        """
        count = self.most - self.least + 1
        return self.least + np.minimum((keys[:, 0] * count).astype(np.int64), count - 1)

    def encode(self, value: Any) -> Floats:
        """A key for a whole number.

        Parameters
        ----------
        value : object
        """
        return np.array([(int(value) - self.least + 0.5) / (self.most - self.least + 1)])


@dataclass(frozen=True)
class Binary(Variable):
    """Yes or no, `count` times.

    >>> Binary(2).decode(np.array([[0.2, 0.7]])).tolist()
    [[False, True]]
    """

    count: int = 1

    def __post_init__(self) -> None:
        if not is_whole(self.count):
            raise SettingsError(f"Binary({self.count!r}): a whole number from 1 on is needed")

    @property
    def width(self) -> int:
        """Keys it takes."""
        return self.count

    def decode(self, keys: Floats) -> Any:
        """Truth values, of shape (m,), or (m, count) where there are several.

        Parameters
        ----------
        keys : numpy.ndarray of shape (m, width)
        """
        found = keys >= 0.5
        return found if self.count > 1 else found[:, 0]

    def encode(self, value: Any) -> Floats:
        """Keys for truth values.

        Parameters
        ----------
        value : object
        """
        return np.where(np.broadcast_to(np.asarray(value, dtype=bool), self.count), 0.75, 0.25)


@dataclass(frozen=True)
class Order(Variable):
    """An order of `count` things.

    Source of the keys: Bean, ORSA Journal on Computing 6 (1994).

    >>> Order(3).decode(np.array([[0.9, 0.1, 0.5]])).tolist()
    [[1, 2, 0]]
    """

    count: int

    def __post_init__(self) -> None:
        if not is_whole(self.count, least=2):
            raise SettingsError(f"Order({self.count!r}): a whole number from 2 on is needed")

    @property
    def width(self) -> int:
        """Keys it takes."""
        return self.count

    def decode(self, keys: Floats) -> Any:
        """Permutations, of shape (m, count): what comes first, second, and so on.

        Parameters
        ----------
        keys : numpy.ndarray of shape (m, width)
        """
        return np.argsort(keys, axis=1, kind="stable")

    def encode(self, value: Any) -> Floats:
        """Keys for a permutation.

        Parameters
        ----------
        value : object
        """
        keys = np.empty(self.count)
        keys[np.asarray(value, dtype=np.int64)] = (np.arange(self.count) + 0.5) / self.count
        return keys


class SearchProblem:
    """What is to be made small or large.

    Parameters
    ----------
    objective : callable
        Takes the values of a population, a dict from name to array of shape (m,) or (m, width), and gives m numbers.
        Where all variables are `Real` and `matrix` is true, it takes an array of shape (m, n) in place of the dict.
    variables : mapping from name to Variable, or sequence of Variable
        A sequence gets the names "x0", "x1", ...
    constraints : sequence of callable
        Each takes what the objective takes, and gives m numbers, at most 0 where the constraint holds.
    maximise : bool
    matrix : bool, optional
        By default for a sequence of `Real` variables.

    Raises
    ------
    SettingsError

    >>> problem = SearchProblem(lambda X: (X**2).sum(axis=1), [Real(-5, 5)] * 3)
    >>> problem.evaluate(np.full((1, 3), 0.5)).tolist()
    [0.0]
    """

    def __init__(
        self,
        objective: Callable[[Any], Any],
        variables: Mapping[str, Variable] | Sequence[Variable],
        *,
        constraints: Sequence[Callable[[Any], Any]] = (),
        maximise: bool = False,
        matrix: bool | None = None,
    ) -> None:
        named = variables if isinstance(variables, Mapping) else {f"x{i}": one for i, one in enumerate(variables)}
        self.variables = {str(name): one for name, one in named.items()}
        wrong = [name for name, one in self.variables.items() if not isinstance(one, Variable)]
        if wrong or not self.variables:
            raise SettingsError(
                f"variables {quote(wrong)} are none of Real, Whole, Binary and Order, or there are none"
            )
        if not callable(objective) or not all(callable(one) for one in constraints):
            raise SettingsError("the objective and every constraint have to be functions")
        real = all(isinstance(one, Real) for one in self.variables.values())
        self.matrix = (real and not isinstance(variables, Mapping)) if matrix is None else matrix
        if self.matrix and not real:
            raise SettingsError("matrix=True needs variables that are all Real")
        self.objective = objective
        self.constraints = tuple(constraints)
        self.maximise = maximise
        widths = [one.width for one in self.variables.values()]
        self.width = sum(widths)
        ends = np.cumsum(widths)
        self.parts = {
            name: slice(end - width, end) for name, end, width in zip(self.variables, ends, widths, strict=True)
        }
        if self.matrix:
            self._low = np.array([one.least for one in self.variables.values()])  # type: ignore[attr-defined]
            self._size = np.array([one.most for one in self.variables.values()]) - self._low  # type: ignore[attr-defined]

    @property
    def discrete(self) -> Bools:
        """Which keys stand for no number between others, so that near ones are not alike."""
        found = np.zeros(self.width, dtype=bool)
        for name, one in self.variables.items():
            found[self.parts[name]] = not isinstance(one, Real)
        return found

    def decode(self, keys: Floats) -> Any:
        """What the objective takes, for keys from 0 to 1.

        Parameters
        ----------
        keys : numpy.ndarray of shape (m, width)
        """
        if self.matrix:
            return self._low + keys * self._size
        return {name: one.decode(keys[:, self.parts[name]]) for name, one in self.variables.items()}

    def name_values(self, keys: Floats) -> dict[str, Any]:
        """One point by the names of its variables.

        Parameters
        ----------
        keys : numpy.ndarray of shape (width,)
        """
        found = {name: one.decode(keys[None, self.parts[name]])[0] for name, one in self.variables.items()}
        return {name: value.item() if np.ndim(value) == 0 else value for name, value in found.items()}

    def encode(self, point: Any) -> Floats:
        """Keys of a point.

        Parameters
        ----------
        point : mapping from name to value, or array of shape (n,)

        Raises
        ------
        SettingsError
            A variable is missing, or out of bounds.
        """
        given = dict(point) if isinstance(point, Mapping) else dict(zip(self.variables, np.asarray(point), strict=True))
        lost = [name for name in self.variables if name not in given]
        if lost:
            raise SettingsError(f"the point to start from has no value for {quote(lost)}")
        keys = np.concatenate([one.encode(given[name]) for name, one in self.variables.items()])
        if not ((keys >= -1e-12) & (keys <= 1 + 1e-12)).all():
            raise SettingsError("the point to start from lies outside the bounds of its variables")
        return np.asarray(np.clip(keys, 0.0, 1.0))

    def evaluate(self, keys: Floats) -> Floats:
        """Values of a population, the lower, the better; constraints are not looked at.

        Parameters
        ----------
        keys : numpy.ndarray of shape (m, width)

        Raises
        ------
        HexadError
            The objective does not give one number a point.
        """
        return self._objective(self.decode(keys), len(keys))

    def _objective(self, point: Any, count: int) -> Floats:
        values = np.asarray(self.objective(point), dtype=float)
        if values.shape != (count,):
            raise HexadError(
                f"the objective gives an array of shape {values.shape} for {count:,} points; it has to give one number"
                " a point"
            )
        return -values if self.maximise else values

    def judge(self, keys: Floats) -> tuple[Floats, Floats]:
        """Values of a population, and by how much each point breaks constraints in sum.

        Parameters
        ----------
        keys : numpy.ndarray of shape (m, width)
        """
        point = self.decode(keys)
        broken = np.zeros(len(keys))
        for constraint in self.constraints:
            over = np.asarray(constraint(point), dtype=float)
            if over.shape != (len(keys),):
                raise HexadError(f"a constraint gives an array of shape {over.shape} for {len(keys):,} points")
            broken += np.where(np.isnan(over), np.inf, np.maximum(over, 0.0))
        values = self._objective(point, len(keys))
        return np.where(np.isnan(values), np.inf, values), broken


def rank_constrained(values: Floats, broken: Floats, worst: float) -> Floats:
    """One number a point: those that break constraints come after all others, by how much they do (Deb, 2000).

    Parameters
    ----------
    values, broken : numpy.ndarray of shape (m,)
    worst : float
        No value of a feasible point so far is larger.

    >>> rank_constrained(np.array([1.0, -5.0]), np.array([0.0, 2.0]), 3.0).tolist()
    [1.0, 5.0]
    """
    bad: Bools = broken > 0
    return np.asarray(np.where(bad, worst + broken, values)) if bad.any() else values
