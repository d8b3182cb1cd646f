"""Search problems: variables of any kind, a vectorised objective, and constraints."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from numbers import Real as Number
from typing import Any

import numpy as np

from shared.checks import is_whole
from shared.errors import HexadError, SettingsError, quote
from shared.typing import Bools, Floats

__all__ = ["BARRED", "Binary", "Order", "Real", "SearchProblem", "Variable", "Whole", "rank_constrained"]

BARRED = 1e100  # what breaks a constraint comes from here on: a rank that later points cannot change
WIDEST = 2**50  # whole numbers between bounds, all of which a key of 53 bits can stand for


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
        bounds = (self.least, self.most)
        fine = all(isinstance(one, Number) and not isinstance(one, bool) and np.isfinite(one) for one in bounds)
        if not (fine and 0 < float(self.most) - float(self.least) < np.inf):
            raise SettingsError(
                f"Real({self.least!r}, {self.most!r}): two finite bounds are needed, the lower one first"
            )
        for name, one in zip(("least", "most"), bounds, strict=True):
            object.__setattr__(self, name, float(one))

    def decode(self, keys: Floats) -> Any:
        """Numbers, of shape (m,).

        Parameters
        ----------
        keys : numpy.ndarray of shape (m, width)
        """
        # Rounding may lead past the upper bound.
        return np.minimum(self.least + keys[:, 0] * (self.most - self.least), self.most)

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
            or not 0 <= int(self.most) - int(self.least) < WIDEST
            or max(abs(int(self.least)), abs(int(self.most))) > 2**53
        ):
            raise SettingsError(
                f"Whole({self.least!r}, {self.most!r}): two whole numbers are needed, the lower one first, from -2**53"
                " to 2**53 and less than 2**50 apart"
            )
        for name in ("least", "most"):  # numpy's small ones would overflow
            object.__setattr__(self, name, int(getattr(self, name)))

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
        if not (np.ndim(value) == 0 and self.least <= value <= self.most and value == int(value)):
            raise SettingsError(f"{value!r} is no whole number from {self.least:,} to {self.most:,}")
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

    def encode(self, value: object) -> Floats:
        """Keys for truth values.

        Parameters
        ----------
        value : object
        """
        given = np.asarray(value)
        if given.shape not in {(), (self.count,)} or not np.isin(given, (0, 1)).all():
            raise SettingsError(f"{value!r}: {self.count:,} truth values are needed")
        return np.where(np.broadcast_to(given.astype(bool), self.count), 0.75, 0.25)


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
        if not np.array_equal(np.sort(np.ravel(value)), np.arange(self.count)):
            raise SettingsError(f"{value!r} is no order of the numbers from 0 to {self.count - 1:,}")
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
        if len(self.variables) < len(named):
            raise SettingsError(f"variables have one name: {quote(map(str, named))}")
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
            self._high = np.array([one.most for one in self.variables.values()])  # type: ignore[attr-defined]
            self._size = self._high - self._low

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
            return np.minimum(self._low + keys * self._size, self._high)
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
        if not isinstance(point, Mapping) and np.shape(point)[:1] != (len(self.variables),):
            raise SettingsError(
                f"the point to start from has the shape {np.shape(point)}; there are {len(self.variables):,} variables"
            )
        given = dict(point) if isinstance(point, Mapping) else dict(zip(self.variables, point, strict=True))
        lost = [name for name in self.variables if name not in given]
        if lost:
            raise SettingsError(f"the point to start from has no value for {quote(lost)}")
        keys = np.concatenate([one.encode(given[name]) for name, one in self.variables.items()])
        if not ((keys >= -1e-12) & (keys <= 1 + 1e-12)).all():
            raise SettingsError("the point to start from lies outside the bounds of its variables")
        return np.asarray(np.clip(keys, 0.0, 1.0))

    def evaluate(self, keys: Floats) -> Floats:
        """Values of a population, the lower, the better, infinite where there is no finite one.

        Constraints are not looked at.

        Parameters
        ----------
        keys : numpy.ndarray of shape (m, width)

        Raises
        ------
        HexadError
            The objective does not give one number a point.
        """
        return self._objective(self.decode(keys), len(keys))

    def _objective(self, point: object, count: int) -> Floats:
        values = np.asarray(self.objective(point), dtype=float)
        if values.shape != (count,):
            raise HexadError(
                f"the objective gives an array of shape {values.shape} for {count:,} points; it has to give one number"
                " a point"
            )
        # What is infinitely good is no number either: a search would end there.
        return np.where(np.isfinite(values), -values if self.maximise else values, np.inf)

    def judge(self, keys: Floats) -> tuple[Floats, Floats]:
        """Values of a population, and by how much each point breaks constraints in sum; endlessly without a value.

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
        return values, np.where(np.isfinite(values), broken, np.inf)


def rank_constrained(values: Floats, broken: Floats) -> Floats:
    """One number a point: those that break constraints come after all others, by how much they do (Deb, 2000).

    It depends on nothing else, since engines compare it with those of earlier points.

    Parameters
    ----------
    values, broken : numpy.ndarray of shape (m,)

    >>> (rank_constrained(np.array([1.0, -5.0, -9.0]), np.array([0.0, 1.0, 3.0])) / BARRED).round(2).tolist()
    [0.0, 1.5, 1.75]
    """
    bad: Bools = broken > 0
    if not bad.any():
        return values
    ranked = np.where(bad, BARRED * (2.0 - 1.0 / (1.0 + broken)), np.minimum(values, BARRED))
    return np.asarray(np.where(np.isfinite(values), ranked, np.inf))
