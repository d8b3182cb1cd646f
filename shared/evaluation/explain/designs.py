"""What is explained: a fitted model beside the rows it is asked, at one or several steps of a horizon."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from shared.checks import nearest
from shared.errors import HexadError, SettingsError, quote
from shared.result import OneLine
from shared.text import join_names
from shared.typing import Floats, Ints

__all__ = ["Design", "group_correlated"]

# Rank correlation from which features tell nearly the same: r = 0.8 leaves a third of the variance to each.
ALIKE = 0.8


@dataclass(frozen=True, repr=False)
class Design(OneLine):
    """A fitted model and the rows it is asked, at one step.

    Parameters
    ----------
    X : frame or array of shape (n_rows, n_features)
        Rows to explain it on, best such that it has not learnt from.
    y : array of shape (n_rows,), optional
        What came; importance needs it.
    predict : callable
        ``predict(X) -> array of shape (n_rows,)``.
    label : str
        What the step is called, as in "1 hour"; empty where there is only one.
    rows : array of shape (n_rows,), optional
        Names of the rows, the same at every step, as of the origins of a forecast; in the order of time.
    units : callable, optional
        Brings predictions to the user's own units.

    >>> Design(np.zeros((2, 1)), np.zeros(2), lambda X: X[:, 0]).label
    ''
    """

    X: Any
    y: Any
    predict: Callable[[Any], Any]
    label: str = ""
    rows: Any = None
    units: Callable[[Floats], Floats] | None = None
    names: tuple[str, ...] = field(default=())

    def __len__(self) -> int:
        return len(self.X)

    @property
    def columns(self) -> list[str]:
        """Names of the features."""
        if isinstance(self.X, pd.DataFrame):
            return [str(name) for name in self.X.columns]
        return list(self.names) or [f"x{place}" for place in range(np.shape(self.X)[1])]

    def with_columns(self, places: Sequence[int], donors: Ints) -> Any:
        """The rows, with some columns taken from other rows.

        Parameters
        ----------
        places : sequence of int
            Positions of the columns.
        donors : array of int, shape (n_rows,)
            Row that each row's values are taken from.
        """
        if isinstance(self.X, pd.DataFrame):
            changed = self.X.copy()
            for place in places:
                values = self.X.iloc[:, place]
                changed.isetitem(place, values.array[donors])
            return changed
        array = np.array(self.X)
        array[:, list(places)] = np.asarray(self.X)[donors][:, list(places)]
        return array

    def column(self, place: int) -> Any:
        """Values of one column.

        Parameters
        ----------
        place : int
            Position of the column, from 0.
        """
        return self.X.iloc[:, place] if isinstance(self.X, pd.DataFrame) else pd.Series(np.asarray(self.X)[:, place])


def designs_of(model: object, X: object, y: object) -> list[Design]:
    """Designs of whatever a user gives: designs as they are, or a fitted model or function with its rows.

    Raises
    ------
    HexadError
        There are no rows, the shapes do not fit, or the model cannot be asked.
    """
    if isinstance(model, Design):
        model = [model]
    if isinstance(model, Sequence) and model and all(isinstance(one, Design) for one in model):
        found = list(model)
    else:
        if X is None:
            raise HexadError("give the rows to explain the model on: X=")
        ask = model if not hasattr(model, "predict") and callable(model) else getattr(model, "predict", None)
        if ask is None:
            raise HexadError(f"{type(model).__name__} cannot be asked; give a fitted model or a function of X")
        found = [Design(X if isinstance(X, pd.DataFrame) else np.asarray(X), y, ask)]
    for design in found:
        if np.ndim(design.X) != 2 or len(design) < 2:
            raise HexadError("X= needs two dimensions and at least two rows")
        if design.y is not None and np.shape(design.y) != (len(design),):
            raise HexadError(f"y has the shape {np.shape(design.y)}, but X has {len(design):,} rows")
    return found


def columns_of(design: Design, wanted: Any) -> list[int]:
    """Places of features given by name or place.

    Raises
    ------
    SettingsError
        There is no such feature; the nearest one is named.
    """
    names = design.columns
    found = []
    for one in [wanted] if isinstance(wanted, str | int | np.integer) else list(wanted):
        if isinstance(one, int | np.integer) and 0 <= one < len(names):
            found.append(int(one))
        elif str(one) in names:
            found.append(names.index(str(one)))
        else:
            raise SettingsError(f"there is no feature {quote([one])}; {nearest(one, names)}")
    return found


def groups_of(design: Design, groups: object) -> dict[str, list[int]]:
    """Groups of features by name: each by itself, those that are correlated together, or as given."""
    twice = sorted({name for name in design.columns if design.columns.count(name) > 1})
    if twice:
        raise HexadError(f"two features are called {quote(twice)}; rename them")
    if groups is None:
        return {name: [place] for place, name in enumerate(design.columns)}
    if groups == "correlated":
        return group_correlated(design.X, names=design.columns)
    if not isinstance(groups, Mapping):
        raise SettingsError(f"groups={groups!r}: give None, 'correlated', or a dict of names to features")
    found = {str(name): columns_of(design, columns) for name, columns in groups.items()}
    empty = [name for name, columns in found.items() if not columns]
    if empty or not found:
        raise SettingsError(f"the groups {quote(empty)} hold no feature" if empty else "groups={} holds no group")
    return found


def group_correlated(X: object, *, names: Sequence[str] = (), threshold: float = ALIKE) -> dict[str, list[int]]:
    """Put features together that say nearly the same: rank correlation of at least a threshold, each with each.

    Parameters
    ----------
    X : frame or array of shape (n_rows, n_features)
    names : sequence of str
        Names of the features; those of the frame where left out.
    threshold : float
        Absolute value of Spearman's correlation, between 0 and 1.

    Returns
    -------
    dict of str to list of int
        Places of the features by the group's name; each feature is in one group.

    Notes
    -----
    Complete linkage on one minus the absolute rank correlation. Features that shuffle apart while they say the same
    stand in for each other, and each seems to matter little; see Strobl et al. (2008), BMC Bioinformatics 9:307.

    >>> x = np.arange(20.0)
    >>> group_correlated(pd.DataFrame({"a": x, "b": -(x**3), "c": np.sin(7 * x)}))
    {'a, b': [0, 1], 'c': [2]}
    """
    from scipy.cluster.hierarchy import fcluster, linkage
    from scipy.spatial.distance import squareform

    frame = X if isinstance(X, pd.DataFrame) else pd.DataFrame(np.asarray(X))
    labels = list(names) or [str(name) for name in frame.columns]
    if not 0 < threshold <= 1:
        raise SettingsError(f"threshold={threshold} does not lie between 0 and 1")
    if len(labels) == 1:
        return {labels[0]: [0]}
    ranks = np.column_stack([_rank(frame.iloc[:, place]) for place in range(len(labels))])
    ranks -= ranks.mean(axis=0)
    size = np.sqrt((ranks**2).sum(axis=0))
    apart = 1 - np.abs((ranks.T @ ranks) / np.maximum(np.outer(size, size), 1e-300))
    np.fill_diagonal(apart, 0.0)
    numbers = fcluster(
        linkage(squareform(np.maximum(apart, 0), checks=False), "complete"), 1 - threshold + 1e-9, "distance"
    )
    groups: dict[int, list[int]] = {}
    for place, number in enumerate(numbers):
        groups.setdefault(int(number), []).append(place)
    ordered = sorted(groups.values(), key=lambda places: places[0])
    return {_name_columns([labels[place] for place in places]): places for places in ordered}


def _rank(values: Any) -> Any:
    if not pd.api.types.is_numeric_dtype(values.dtype):
        values = pd.Series(pd.factorize(values)[0])
    return values.rank().fillna(0).to_numpy(dtype=float)


def _name_columns(names: list[str]) -> str:
    return join_names(names, ", ") if len(names) <= 3 else f"{join_names(names[:2], ', ')} and {len(names) - 2} more"
