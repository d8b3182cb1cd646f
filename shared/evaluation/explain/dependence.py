"""Partial dependence: how the answer follows a feature, row by row and on average, beside where the data lie."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from shared.errors import HexadError, SettingsError, quote
from shared.evaluation.explain.designs import Design, columns_of, designs_of
from shared.result import Result
from shared.runtime.seeds import make_rng
from shared.text import capitalise, format_number
from shared.typing import Floats

__all__ = ["Dependence", "dependence"]

brief = partial(format_number, digits=3)
# Different values up to which each is shown, instead of points between the quantiles.
FEW = 10
MOST_LABELS = 30
# Rows whose other features stand in at a point of the curve: its neighbours by rank, enough for a mean.
DONORS = 20
# Where less than this share of the rows lies over more than this share of the range, the reader is warned.
FEW_DATA, WIDE = 0.05, 0.15


@dataclass(frozen=True, repr=False)
class Dependence(Result):
    """How a model's answer follows a feature.

    Attributes
    ----------
    feature : str
        Its name.
    frame : pandas.DataFrame
        ``step, value, mean, lower, upper, share``: mean answer where the feature has this value, the range of the
        middle 80 % of rows, and the share of the data that lie nearest to the value.
    curves : dict of str to numpy.ndarray of shape (n_rows, n_values)
        Answers of single rows (individual conditional expectation), by step.
    answer : str
        What is predicted, with its unit.

    >>> frame = pd.DataFrame({"step": "", "value": [0.0, 1.0], "mean": [1.0, 3.0], "lower": 0.0, "upper": 4.0,
    ...                       "share": 0.5})
    >>> Dependence("age", frame, {}, "price").explain()
    'As age goes from 0 to 1, price rises from 1 to 3.'
    """

    feature: str
    frame: pd.DataFrame
    curves: dict[str, Floats]
    answer: str = "the answer"

    def to_frame(self) -> pd.DataFrame:
        """Return one row a step and value."""
        return self.frame.copy()

    def explain(self) -> str:
        """Say in a sentence or two which way the answer goes, where most of it happens, and where data are few."""
        labels = list(dict.fromkeys(self.frame["step"]))
        swings = {label: float(np.ptp(self._of(label)["mean"])) for label in labels}
        most = max(swings, key=lambda label: swings[label])
        least = min(swings, key=lambda label: swings[label])
        text = self._describe(most)
        if swings[most] > 1.25 * swings[least]:
            text += f" It matters less at {least}: a span of {brief(swings[least])}, not {brief(swings[most])}."
        return text

    def _of(self, label: str) -> pd.DataFrame:
        return self.frame[self.frame["step"] == label]

    def _describe(self, label: str) -> str:
        rows = self._of(label)
        where = f" at {label}" if label else ""
        values, means = rows["value"].tolist(), rows["mean"].to_numpy(dtype=float)
        if float(np.ptp(means)) <= 1e-9 * max(float(np.abs(means).max()), 1e-300):
            return f"{self._name_rows()}{where} does not follow {self.feature}."
        if not pd.api.types.is_numeric_dtype(rows["value"].dtype) or pd.api.types.is_bool_dtype(rows["value"].dtype):
            top, low = int(means.argmax()), int(means.argmin())
            return (
                f"{self._name_rows()}{where} is highest for {self.feature} = {values[top]} ({brief(means[top])}) and"
                f" lowest for {values[low]} ({brief(means[low])})."
            )
        change = means[-1] - means[0]
        span = float(np.ptp(means))
        ends = _ends(values[0], values[-1])
        steps = np.diff(means)
        if abs(change) >= 0.8 * span:  # wiggles and a small turn at an end are no turn
            verb = "rises" if change > 0 else "falls"
            text = f"As {self.feature} goes {ends}, {self.answer}{where} {verb} {_ends(means[0], means[-1])}"
            text += self._where_most(values, steps)
        else:
            inner = means[1:-1]
            hill, dip = inner.max() - max(means[0], means[-1]), min(means[0], means[-1]) - inner.min()
            turn = 1 + int(inner.argmax() if hill >= dip else inner.argmin())
            kind = "highest" if hill >= dip else "lowest"
            text = (
                f"As {self.feature} goes {ends}, {self.answer}{where} is {kind} near {brief(values[turn])} "
                f"({brief(means[turn])}), against {brief(means[0])} and {brief(means[-1])} at the ends"
            )
        return f"{text}.{self._few(values)}"

    def _where_most(self, values: Sequence[Any], steps: Floats) -> str:
        """The half of the range in which nearly all of the change happens, if there is one."""
        if len(steps) < 4:
            return ""
        moved = np.abs(steps)
        whole = values[-1] - values[0]
        for first, last, side in ((0.5, 1.0, "above"), (0.0, 0.5, "below")):
            low, high = values[0] + first * whole, values[0] + last * whole
            middle = [(a + b) / 2 for a, b in pairwise(values)]
            inside = np.array([low <= m <= high for m in middle])
            if moved[inside].sum() >= 0.8 * moved.sum():
                return f", nearly all of it {side} {brief(low if side == 'above' else high)}"
        return ""

    def _few(self, values: Sequence[Any]) -> str:
        """Ends of the range over which hardly any data are spread."""
        if len(values) < 5:
            return ""
        share = self.frame["share"].to_numpy()[: len(values)]
        whole = values[-1] - values[0]
        left = int(np.searchsorted(np.cumsum(share), FEW_DATA, side="right"))
        right = len(values) - 1 - int(np.searchsorted(np.cumsum(share[::-1]), FEW_DATA, side="right"))
        ends = []
        if left < len(values) and values[left] - values[0] >= WIDE * whole:
            ends.append(f"below {brief(values[left])}")
        if right >= 0 and values[-1] - values[right] >= WIDE * whole:
            ends.append(f"above {brief(values[right])}")
        return f" Few data lie {' and '.join(ends)}: believe it less there." if ends else ""

    def _name_rows(self) -> str:
        return capitalise(self.answer)

    def preview(self) -> pd.DataFrame:
        """Return what a notebook shows: its table, rounded."""
        return self.frame.round(3).head(10)

    def count_rows(self) -> int:
        """Count the rows of its table."""
        return len(self.frame)

    def plot(self) -> Any:
        """Draw the mean by value, single rows behind it, and where the data lie below it."""
        from shared.reporting.charts import dependence_figure

        labels = list(dict.fromkeys(self.frame["step"]))
        lines = {label: (self._of(label)["value"].tolist(), self._of(label)["mean"].to_numpy()) for label in labels}
        first = self._of(labels[0])
        return dependence_figure(
            lines,
            rows=self.curves.get(labels[0]) if len(labels) == 1 else None,
            share=first["share"].to_numpy(),
            x_label=self.feature,
            y_label=self.answer,
            alt=f"{self._name_rows()} by {self.feature}.",
            caption="Lines are means over the rows"
            + (", thin lines single rows" if len(labels) == 1 else ", one line a step ahead")
            + "; the bars at the foot show where the data lie: where they are low, the model guesses.",
        )


def _ends(first: Any, last: Any) -> str:
    """Write where a range begins and ends, with as many digits as tell the two apart."""
    one, two = brief(first), brief(last)
    digits = 4
    while one == two and float(first) != float(last) and digits < 12:
        one, two, digits = f"{float(first):.{digits}g}", f"{float(last):.{digits}g}", digits + 1
    return f"from {one} to {two}"


def dependence(
    model: object,
    X: object = None,
    *,
    feature: object,
    columns: object = None,
    values: Any = None,
    name: str | None = None,
    answer: str = "the answer",
    points: int = 20,
    most_rows: int = 500,
    random_state: int = 0,
) -> Dependence:
    """Work out how a model's answer follows a feature, all else as it is.

    Parameters
    ----------
    model : fitted model, function of X, Design or sequence of Design
        What is explained. Several designs are the steps of a horizon.
    X : frame or array of shape (n_rows, n_features), optional
        Rows to work it out on.
    feature : str or int
        The feature, by name or place.
    columns : sequence of str or int, optional
        Features that go with it, such as further lags and means of the same quantity. They are then taken, together
        with the feature, from rows in which it has about the value asked for, so that they fit each other.
    values : sequence, optional
        Values asked for; quantiles of the data where left out, or all values where there are few.
    name : str, optional
        Name of the feature for people.
    answer : str
        What is predicted, with its unit, for people.
    points : int
        Number of values.
    most_rows : int
        Rows taken, evenly spread.
    random_state : int
        Seed by which rows are matched when `columns` are given.

    Notes
    -----
    Source: Friedman (2001), Annals of Statistics 29(5), section 8.2; for single rows Goldstein et al. (2015), JCGS
    24(1). Where features depend on each other, values may be asked for that never occur together; the share of the data
    says where.

    >>> X = pd.DataFrame({"age": np.linspace(0, 10, 50), "idle": 1.0})
    >>> print(dependence(lambda X: 2 * X["age"], X, feature="age", answer="price").explain())
    As age goes from 0.05 to 9.95, price rises from 0.1 to 19.9.
    """
    designs = designs_of(model, X, None)
    if points < 2 or most_rows < 2:
        raise SettingsError(f"points={points}, most_rows={most_rows}: at least two of each are needed")
    places = columns_of(designs[0], feature)
    if len(places) != 1:
        raise SettingsError(f"feature={feature!r}: name one feature; those that go with it are columns=")
    place = places[0]
    if values is not None and (len(values) == 0 or not _fitting(values, designs[0].column(place))):
        raise SettingsError(f"values={quote(values)} are none that the feature can have")
    others = [] if columns is None else [one for one in columns_of(designs[0], columns) if one != place]
    observed = designs[0].column(place)
    grid, share = _grid(observed, values, points)
    rng = make_rng(random_state)
    parts, curves = [], {}
    for number, design in enumerate(designs):
        label = design.label or ("" if len(designs) == 1 else f"step {number + 1}")
        answers = _answers(design, place, others, grid, most_rows, rng)
        curves[label] = answers
        low, high = np.percentile(answers, [10, 90], axis=0)
        parts.append(
            pd.DataFrame(
                {
                    "step": label,
                    "value": grid,
                    "mean": answers.mean(axis=0),
                    "lower": low,
                    "upper": high,
                    "share": share,
                }
            )
        )
    frame = pd.concat(parts, ignore_index=True)
    return Dependence(name or designs[0].columns[place], frame, curves, answer)


def _fitting(values: Iterable[Any], observed: pd.Series[Any]) -> bool:
    """Whether values asked for are of a feature's kind, and where it has labels among them."""
    if pd.api.types.is_numeric_dtype(observed.dtype) and not pd.api.types.is_bool_dtype(observed.dtype):
        return all(isinstance(value, int | float | np.number) and np.isfinite(value) for value in values)
    return all(bool((observed == value).any()) for value in values)


def _labels(known: Any, points: int) -> list[Any]:
    """Values of a column that holds few, in their order; of many dates and ids some, evenly spread."""
    if isinstance(known.dtype, pd.CategoricalDtype) and known.cat.ordered:
        found = [label for label in known.cat.categories if (known == label).any()]
    else:
        found = sorted(known.unique().tolist(), key=lambda v: (str(type(v)), v))
    most = points if pd.api.types.is_datetime64_any_dtype(known.dtype) else MOST_LABELS
    if len(found) <= most:
        return found
    return [found[place] for place in np.unique(np.linspace(0, len(found) - 1, most).round().astype(int))]


def _nearest_share(data: Floats, grid: Floats) -> Floats:
    """Share of the data that lies nearest to each value."""
    nearest = np.searchsorted((grid[1:] + grid[:-1]) / 2, data)
    return np.bincount(nearest, minlength=len(grid)) / len(data)


def _numbers_of(answer: object, n: int) -> Floats:
    """Answers of a model as numbers, one a row."""
    try:
        made = np.asarray(answer, dtype=float)
    except (TypeError, ValueError) as error:
        raise HexadError(
            "the model answers in words; give a function of X that gives numbers, such as a probability"
        ) from error
    if made.shape == (n, 1):
        made = made[:, 0]
    if made.shape != (n,):
        raise HexadError(f"the model gave answers of the shape {made.shape} for {n} rows; one number a row is needed")
    return made


def _grid(observed: pd.Series[Any], values: Iterable[Any] | None, points: int) -> tuple[Any, Floats]:
    """Values asked for, and the share of the data nearest to each."""
    known = observed.dropna()
    if len(known) == 0:
        raise HexadError("the feature has no values")
    numeric = pd.api.types.is_numeric_dtype(known.dtype) and not pd.api.types.is_bool_dtype(known.dtype)
    if not numeric or known.nunique() <= FEW:
        grid = _labels(known, points) if values is None else list(values)
        if numeric:
            grid = sorted(set(grid))
            return np.array(grid), _nearest_share(known.to_numpy(dtype=float), np.array(grid, dtype=float))
        share = np.array([float((known == value).mean()) for value in grid])
        held = np.empty(len(grid), dtype=object)
        held[:] = grid
        return (np.array(grid) if numeric or all(isinstance(value, str | bool) for value in grid) else held), share
    data = known.to_numpy(dtype=float)
    low, high = (float(bound) for bound in np.percentile(data, [0.5, 99.5]))
    if low == high:  # nearly constant: ask for what else there is
        low, high = float(data.min()), float(data.max())
    made: Any = (
        np.unique(np.linspace(low, high, points)) if values is None else np.sort(np.asarray(values, dtype=float))
    )
    made = np.asarray(made, dtype=float)
    return made, _nearest_share(data, made)


def _ranks(column: Any, value: Any = None) -> Any:
    """Numbers by which rows are put in order, gaps last; or the number of one value."""
    if pd.api.types.is_numeric_dtype(column.dtype):
        return (
            np.nan_to_num(column.to_numpy(dtype=float, na_value=np.inf), nan=np.inf) if value is None else float(value)
        )
    codes, labels = pd.factorize(column, sort=False)
    if value is None:
        return np.where(codes < 0, len(labels), codes).astype(float)
    return float(list(labels).index(value))


def _constant(value: object, n: int, dtype: object) -> Any:
    """A column that holds one value; of the kind of the data where this loses nothing."""
    if isinstance(dtype, pd.CategoricalDtype):
        return pd.Categorical([value] * n, dtype=dtype)
    return pd.array([value] * n) if isinstance(value, str) else np.full(n, value)


def _donors(ranked: Any, order: Any, value: Any) -> Any:
    """Rows that have a value, or where they are few those that come nearest to it."""
    first, last = (int(np.searchsorted(ranked, value, side=side)) for side in ("left", "right"))
    if last - first >= DONORS:
        return order[first:last]
    begin = int(np.clip((first + last) // 2 - DONORS // 2, 0, max(0, len(order) - DONORS)))
    if last > first and len(np.unique(ranked)) <= FEW:
        return order[first:last]
    return order[begin : begin + DONORS]


def _answers(
    design: Design, place: int, others: list[int], grid: Any, most_rows: int, rng: np.random.Generator
) -> Floats:
    """Answers of some rows at every value; shape (n_rows, n_values)."""
    n = len(design)
    rows = np.unique(np.linspace(0, n - 1, min(n, most_rows)).round().astype(int))
    full = design.X
    some = full.iloc[rows] if isinstance(full, pd.DataFrame) else np.asarray(full)[rows]
    made = np.empty((len(rows), len(grid)))
    ranks = _ranks(design.column(place))
    order = np.argsort(ranks, kind="stable") if others else None
    for number, value in enumerate(grid):
        if order is None:
            asked = some.copy()
            if isinstance(asked, pd.DataFrame):
                asked.isetitem(place, _constant(value, len(asked), full.dtypes.iloc[place]))
            else:
                asked = asked.astype(float) if asked.dtype.kind in "iub" else asked
                asked[:, place] = value
        else:
            at = _ranks(design.column(place), value)
            donors = rng.choice(_donors(ranks[order], order, at), size=n)
            whole = design.with_columns([place, *others], donors)
            asked = whole.iloc[rows] if isinstance(whole, pd.DataFrame) else whole[rows]
        answer = _numbers_of(design.predict(asked), len(rows))
        made[:, number] = answer if design.units is None else design.units(answer)
    if not np.isfinite(made).all():
        raise HexadError("the model gives answers that are no numbers for some values of the feature")
    return made
