"""A task a kind of model: how it is fitted and asked, and what the columns of its data are."""

from __future__ import annotations

import copy
import time
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Protocol, runtime_checkable

import numpy as np
import pandas as pd

from shared.data import columns as names
from shared.data.splits import Split
from shared.errors import HexadError, quote
from shared.evaluation.metrics import Metric, metric

__all__ = ["ColumnRoles", "Splitter", "Stopwatch", "Task", "lend_stamps", "make_splits", "take_rows"]


class Splitter(Protocol):
    """Cuts data; see `shared.data.splits`. Splitters of scikit-learn, with ``split(X)``, may stand in its place.

    >>> from shared.data.splits import LastN
    >>> splitter: Splitter = LastN(1)
    """

    def splits(self, data: Any) -> list[Split]:
        """Return the splits; where they follow one another in time, the earliest first, and ``in_time`` is true."""
        ...


@dataclass(frozen=True)
class ColumnRoles:
    """What the columns of a table are, for those who know nothing of its kind.

    Attributes
    ----------
    y, time, unique_id, groups : str, optional
        Target, stamps, key of series, and groups that may not lie on both sides of a split.
    features : tuple of str
        What a model learns from; all other columns where left out.
    known : tuple of str
        Columns whose future is known.

    >>> ColumnRoles(y="y").inputs(pd.DataFrame({"x": [1], "y": [2]})).columns.tolist()
    ['x']
    """

    y: str | None = None
    time: str | None = None
    unique_id: str | None = None
    groups: str | None = None
    features: tuple[str, ...] = ()
    known: tuple[str, ...] = ()

    def inputs(self, table: pd.DataFrame) -> pd.DataFrame:
        """Columns that a model learns from.

        Parameters
        ----------
        table : pandas.DataFrame
        """
        if self.features:
            return table[list(self.features)]
        no = {self.y, self.time, self.unique_id, self.groups}
        return table[[name for name in table.columns if name not in no]]

    def without_known(self) -> ColumnRoles:
        """The same, with no column taken on trust for known ahead."""
        return replace(self, known=())


class Task(ABC):
    """How models of one kind are fitted and asked. A domain has one for each kind of its models, and needs `run` alone.

    >>> class Mean(Task):
    ...     def run(self, model, data, splits):
    ...         watch, found = Stopwatch(), []
    ...         for split in splits:
    ...             with watch("fit", split):
    ...                 model.fit(data.iloc[split.train][["x"]], data["y"].iloc[split.train])
    ...             test = data.iloc[split.test]
    ...             mean = model.predict(test[["x"]])
    ...             found.append(pd.DataFrame({"split": split.label, "y": test["y"], "mean": mean}))
    ...         return pd.concat(found), watch.to_frame()
    >>> len(Mean().groups(["first", "second"]))
    2
    """

    from_origin: ClassVar[bool] = False
    """Whether models forecast: of the rows asked for nothing is known but ``roles(data).known``."""
    units_are_independent: ClassVar[bool] = True
    """Whether the units of a split (users, baskets) move on their own, unlike series at one time."""

    @abstractmethod
    def run(self, model: Any, data: Any, splits: Sequence[Split]) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Fit a model on the training rows of splits that share a fit, and ask it for their test rows.

        Parameters
        ----------
        model : estimator
            A clone, to be fitted.
        data : frame, Incidence or anything whose rows `take_rows` takes
        splits : sequence of Split
            One of `groups`.

        Returns
        -------
        predictions : pandas.DataFrame
            One row a thing judged: the column "split" with the split's label, and what the metrics read.
        timings : pandas.DataFrame
            Columns "split", "what" and "seconds"; see `Stopwatch`.
        """

    def groups(self, splits: Sequence[Split]) -> list[list[Split]]:
        """Splits that share a fit; each group is one piece of work. By default every split has a fit of its own.

        Parameters
        ----------
        splits : sequence of Split
            In the order of the evaluation.
        """
        return [[split] for split in splits]

    def metric(self, name: str, **options: Any) -> Metric:
        """Make a metric of this task's predictions by its name; those of `shared.evaluation.metric` by default.

        Parameters
        ----------
        name : str
        **options
            As `shared.evaluation.metric` takes them.
        """
        return metric(name, **options)

    def agree(self, models: Sequence[Any], splitter: object = None) -> Task:
        """The same task, with the columns that models or the splitter name where it was told none; as it is by default.

        Parameters
        ----------
        models : sequence of estimator
        splitter : Splitter or sequence of Split
        """
        return self

    def lend_to_metric(self, metric: Metric) -> Metric:
        """A metric that reads this task's columns where it was told none; the metric itself by default.

        Parameters
        ----------
        metric : Metric
            Left unchanged.
        """
        return metric

    def lend_columns(self, model: Any) -> Any:
        """A model that reads this task's columns where it was told none; the model itself by default.

        Parameters
        ----------
        model : estimator
            Left unchanged.

        Raises
        ------
        SettingsError
            It was told others.
        """
        return model

    def check_metric(self, metric: Metric) -> None:  # noqa: B027  # most tasks have nothing to refuse
        """Refuse, before any work, a metric that needs what the predictions will not hold.

        Parameters
        ----------
        metric : Metric
        """

    def choose_rows(self, data: Any, splits: Sequence[Split]) -> tuple[list[Split], tuple[str, ...]]:
        """Leave out, before any work, rows that no model can be asked for, and say which; by default none.

        Parameters
        ----------
        data : as for `run`
        splits : sequence of Split
        """
        return list(splits), ()

    def strata(self, data: Any) -> Any:
        """Labels whose shares stratified splits keep; None where there are none.

        Parameters
        ----------
        data : as for `run`
        """
        return None

    def check_outcomes(self, metric: Metric, data: Any, splits: Sequence[Split]) -> None:  # noqa: B027
        """Refuse, before any work, a metric that is not defined for any outcome of a split.

        Parameters
        ----------
        metric : Metric
        data : as for `run`
        splits : sequence of Split
        """

    def to_table(self, data: Any) -> Any:
        """Bring data, before any work, to the form that `run` takes; as they are by default.

        Parameters
        ----------
        data : frame, Incidence or array
            As `evaluate` was given them; left unchanged.
        """
        return data

    def roles(self, data: Any) -> ColumnRoles:
        """Say what the columns of the data are; nothing by default.

        Parameters
        ----------
        data : frame or Incidence
        """
        return ColumnRoles()

    @property
    def outcomes(self) -> tuple[str, ...]:
        """Columns of the predictions that come from the data and not from the model."""
        return (names.Y,)

    def perturb(self, data: Any, split: Split) -> tuple[Any, Split] | None:
        """Replace everything in the data that is not known at a split, for the leak guard; None if that cannot be said.

        Parameters
        ----------
        data : as for `run`
            Left unchanged.
        split : Split

        Returns
        -------
        data, split
            Other data and the same split of them. A model's answers may not change.
        """
        return None

    def pin(self, data: Any, split: Split) -> Task:
        """The same task asking what it asks for at a split of all data, whatever rows of the test are taken away later.

        Parameters
        ----------
        data : as for `run`
        split : Split
        """
        return self


class Stopwatch:
    """Measures what a task does, and makes its table of timings.

    >>> watch = Stopwatch()
    >>> with watch("fit", Split(1, np.array([0]), np.array([1]))):
    ...     pass
    >>> watch.to_frame()[["split", "what"]].to_dict("records")
    [{'split': 1, 'what': 'fit'}]
    """

    def __init__(self) -> None:
        self.rows: list[dict[str, Any]] = []

    @contextmanager
    def __call__(self, what: str, split: Split) -> Iterator[None]:
        """Measure the time inside the block.

        Parameters
        ----------
        what : str
            Such as "fit" or "predict".
        split : Split
        """
        start = time.perf_counter()
        yield
        self.rows.append({names.SPLIT: split.label, "what": what, "seconds": time.perf_counter() - start})

    def to_frame(self) -> pd.DataFrame:
        """One row a block."""
        return pd.DataFrame(self.rows, columns=[names.SPLIT, "what", "seconds"])


@runtime_checkable
class _Takes(Protocol):
    def take(self, rows: Any) -> Any: ...


def take_rows(data: Any, rows: Any) -> Any:
    """Some rows of any data: of a frame by position, of an Incidence by ``take``, of an array by index.

    Parameters
    ----------
    data : frame, Incidence or array
    rows : array of int
        Positions.

    >>> take_rows(pd.DataFrame({"a": [1, 2, 3]}), [2])["a"].tolist()
    [3]
    """
    if isinstance(data, pd.DataFrame | pd.Series):
        return data.iloc[rows]
    if not isinstance(data, np.ndarray) and isinstance(data, _Takes):
        return data.take(rows)
    return data[rows]


def lend_stamps(splitter: Any, roles: ColumnRoles) -> Any:
    """A splitter that reads the stamps and keys of a task where it was told none; what it was told stays.

    Parameters
    ----------
    splitter : Splitter, scikit-learn splitter, or sequence of Split
        Left unchanged.
    roles : ColumnRoles

    >>> from shared.data.splits import WalkForward
    >>> lend_stamps(WalkForward(1, every=1, n_splits=2), ColumnRoles(time="Zeit")).ds
    'Zeit'
    """
    lent = {"ds": (names.DS, roles.time), "unique_id": (names.UNIQUE_ID, roles.unique_id)}
    new = {one: name for one, (usual, name) in lent.items() if name and getattr(splitter, one, None) == usual != name}
    if not new:
        return splitter
    made = copy.copy(splitter)
    for one, name in new.items():
        setattr(made, one, name)
    return made


def make_splits(splitter: Any, data: Any, strata: Any = None) -> list[Split]:
    """Cut data with a splitter of ours or of scikit-learn, whose splits are labelled by number.

    Parameters
    ----------
    splitter : Splitter, scikit-learn splitter, or sequence of Split
    data : as for `Task.run`
    strata : array, optional
        A label a row, for splitters of scikit-learn that keep its shares.

    Raises
    ------
    HexadError
        It is no splitter, or cuts nothing.

    >>> from sklearn.model_selection import KFold
    >>> [split.label for split in make_splits(KFold(2), pd.DataFrame({"a": [1, 2]}))]
    [0, 1]
    """
    if isinstance(splitter, Sequence) and all(isinstance(split, Split) for split in splitter):
        found = list(splitter)
    elif hasattr(splitter, "splits"):
        found = list(splitter.splits(data))
    elif hasattr(splitter, "split") and not isinstance(splitter, str):
        bare = np.zeros((getattr(data, "n_rows", None) or len(data), 0))
        pairs = splitter.split(bare) if strata is None else splitter.split(bare, strata)
        found = [Split(number, np.asarray(train), np.asarray(test)) for number, (train, test) in enumerate(pairs)]
    else:
        raise HexadError(f"a {type(splitter).__name__} is no splitter: it has neither splits(data) nor split(X)")
    if not found:
        raise HexadError(f"{type(splitter).__name__} made no split of these data")
    labels = Counter(str(split.label) for split in found)
    if twice := sorted(label for label, count in labels.items() if count > 1):
        raise HexadError(
            f"several splits are called {quote(twice)}, and scores are told apart by that; give each a label of its"
            " own: Split(label, train, test)"
        )
    return found
