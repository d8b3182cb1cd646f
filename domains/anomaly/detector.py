"""The default: rows of any table, without labels and settings."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from domains.anomaly.alerts import Alerts, find_alerts, too_few_rows
from domains.anomaly.choice import by_column
from domains.anomaly.combined import CombinedDetector
from domains.anomaly.encoding import ColumnCode, TableCode, to_plain_columns
from domains.anomaly.evidence import binomial_band
from domains.anomaly.task import DetectionTask
from shared.data.contract import TableContract, contract_of
from shared.errors import DataError, HexadWarning, Problem, Problems, quote
from shared.runtime.array_of import ArrayOf
from shared.text import count_of
from shared.typing import Floats, Ints, Seed

__all__ = ["LEAST_ROWS", "AnomalyDetector"]

# Fewer rows say nothing about what is ordinary: not one of them can be called rare at 5 %.
LEAST_ROWS = 20


class AnomalyDetector(BaseEstimator):  # type: ignore[misc]
    """Find the odd rows of a table of numbers, text, dates and gaps, and say why.

    Nothing needs to be set, and no labels are needed. Four detectors of different kind are summed, and a guard watches
    for values that nobody has seen (`CombinedDetector`); text counts by how rare it is, dates by their weekday and
    hour, a gap by how rare it is in its column. A row's score depends on no other new row.

    Parameters
    ----------
    budget : float
        Share of rows that `predict` reports, above 0 and at most 0.5. It is a share of all rows, odd ones included.
    random_state : int, RandomState or None

    Attributes
    ----------
    notes_ : tuple of str
        What was left out in fitting, and why.
    contract_ : TableContract
        Columns that a new table has to have.
    model_ : CombinedDetector
    code_ : TableCode

    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> table = pd.DataFrame({"amount": rng.gamma(2, 20, 500), "country": rng.choice(["AT", "DE"], 500)})
    >>> detector = AnomalyDetector(random_state=0).fit(table)
    >>> new = pd.DataFrame({"amount": [30.0, 900.0], "country": ["AT", "AT"]})
    >>> print(detector.find_alerts(new, budget=1).explain())
    1 of 2 rows is reported, the oddest.
    Row 1: amount is 900, beyond all 500 rows learnt from (2.13 to 170).
    """

    def __init__(self, *, budget: float = 0.01, random_state: Seed = None) -> None:
        self.budget = budget
        self.random_state = random_state

    def default_task(self) -> DetectionTask:
        """How `evaluate` fits and asks it: on rows without labels, which only judge it."""
        return DetectionTask()

    def fit_predict(self, rows: Any, y: object = None) -> Ints:
        """Learn what is ordinary, and say of the same rows which are: 1 for ordinary rows, -1 for those to report.

        Parameters
        ----------
        rows, y
            As for `fit`.
        """
        return self.fit(rows).predict(rows)

    def fit(self, rows: Any, y: object = None) -> AnomalyDetector:
        """Learn what is ordinary.

        Parameters
        ----------
        rows : pandas, Polars or Arrow frame, or array of shape (n_rows, n_columns)
            Most of them ordinary; from 20 on. The index of a pandas frame is what its rows are called, and no column.
        y : ignored

        Raises
        ------
        DataError
            There are too few rows, no column tells anything, or values are infinite or no number, text or date.
        SettingsError
            The budget is no share.
        """
        CombinedDetector(budget=self.budget)._check_settings()  # noqa: SLF001  # one family
        self.from_array_ = isinstance(rows, np.ndarray | list | tuple)
        frame = to_plain_columns(rows, "table")
        if len(frame) < LEAST_ROWS:
            what = f"has {count_of(len(frame), 'row')}, of which none can be called rare"
            raise DataError("table", [Problem(what, fix=f"Give at least {LEAST_ROWS} rows to learn from.")])
        used, notes = _useful(frame)
        if not used:
            what = "every column is constant, empty, or names its rows: " + quote(frame.columns)
            raise DataError("table", [Problem(what, fix="Give columns that differ between rows.")])
        self.notes_ = tuple(notes)
        names = [str(name) for name in frame.columns]
        frame = frame[used]
        self.code_ = TableCode.of(frame)
        self.contract_ = replace(contract_of(frame), others=tuple(name for name in names if name not in used))
        self.model_ = CombinedDetector(
            apart=tuple(self.code_.gaps.tolist()), budget=self.budget, random_state=self.random_state
        )
        self.model_.fit(self.code_.encode(frame))
        if np.isinf(self.model_.offset_):
            told = too_few_rows(len(self.model_.scale_.scores), self.budget)
            self.notes_ = (*self.notes_, told)
            warnings.warn(
                f"{told}: predict reports no row; give a larger budget=, or more rows", HexadWarning, stacklevel=2
            )
        return self

    def score_samples(self, rows: ArrayLike) -> Floats:
        """Score rows: the lower, the odder, as scikit-learn's detectors do.

        Parameters
        ----------
        rows : frame or array
            With the columns learnt from, in any order; others are not used.

        Raises
        ------
        DataError
            Columns are missing or of another kind.
        """
        return self._fitted.score_samples(self._encode(rows))

    def decision_function(self, rows: ArrayLike) -> Floats:
        """Score of rows above the threshold of the budget; negative for those that are reported.

        Parameters
        ----------
        rows : frame or array
        """
        return self._fitted.decision_function(self._encode(rows))

    def predict(self, rows: ArrayLike) -> Ints:
        """Say which rows are reported: -1, and 1 for the others.

        Parameters
        ----------
        rows : frame or array
        """
        return self._fitted.predict(self._encode(rows))

    def p_values(self, rows: ArrayLike) -> Floats:
        """Share of the rows learnt from, each held out, that are as odd as each row.

        Parameters
        ----------
        rows : frame or array
        """
        return self._fitted.p_values(self._encode(rows))

    def evidence(self, rows: ArrayLike) -> Floats:
        """Minus the natural logarithm of the p-values, going on beyond the smallest.

        Parameters
        ----------
        rows : frame or array
        """
        return self._fitted.evidence(self._encode(rows))

    def explain(self, rows: ArrayLike) -> pd.DataFrame:
        """Part of each column in the evidence of each row; none is negative, and a row's sum is its evidence.

        Parameters
        ----------
        rows : frame or array

        Returns
        -------
        pandas.DataFrame
            With the index of `rows` and the columns learnt from.
        """
        frame = self.check_rows(rows)
        parts = self.code_.per_column(self.model_.explain(self.code_.encode(frame)))
        return pd.DataFrame(parts, index=frame.index, columns=list(self.code_.names))

    def find_alerts(
        self,
        rows: ArrayLike,
        *,
        budget: float | None = None,
        false_discoveries: float | None = None,
        n_reasons: int = 3,
        only: Mapping[str, str] | None = None,
        least: Mapping[str, float] | None = None,
        dismissed: Any = None,
    ) -> Alerts:
        """Report the rows worth looking at, with reasons.

        Parameters
        ----------
        rows : frame or array
        budget : int or float, optional
            A number of rows, which are the oddest ones; or a share below 1, for those beyond the threshold that lets
            through that share of rows like those learnt from. Where nothing is given, the share set at the beginning.
        false_discoveries : float, optional
            In place of a budget: at most this share of the alerts is to be ordinary (Benjamini and Hochberg 1995 on the
            p-values). It holds where the rows learnt from are ordinary ones.
        n_reasons : int
            Columns named for each alert, at most.
        only : dict of str to {"higher", "lower"}, optional
            Directions: where a number's column is the first reason, the alert counts only if the value lies that side
            of what is usual.
        least : dict of str to float, optional
            Smallest differences from what is usual that count, where the column is the first reason.
        dismissed : frame or array, optional
            Rows that somebody looked at and found to be nothing. Those that are odd for no other reason, and no farther
            off by more than a tenth, are left out.

        Raises
        ------
        SettingsError
            Both a budget and a rate are given, one is out of range, or a column of `only` or `least` is not there.
        """
        frame = self.check_rows(rows)
        return find_alerts(
            self.model_,
            self.code_,
            frame,
            budget=budget,
            false_discoveries=false_discoveries,
            n_reasons=n_reasons,
            only=by_column(only, "only"),
            least=by_column(least, "least"),
            dismissed=None if dismissed is None else self.check_rows(dismissed, "dismissed"),
        )

    def expected_band(self, n_rows: int, level: float = 90) -> tuple[float, float]:
        """Band in which the share of alerts among new rows will lie, if they are like those learnt from.

        Parameters
        ----------
        n_rows : int
            New rows.
        level : float
            Percent.
        """
        check_is_fitted(self)
        return binomial_band(len(self.model_.scale_.scores), n_rows, self.budget, level)

    @property
    def _fitted(self) -> CombinedDetector:
        check_is_fitted(self)
        return self.model_

    def check_rows(self, rows: ArrayLike, source: str = "rows") -> pd.DataFrame:
        """Refuse rows that lack columns, or have others in their place; return those columns that count.

        Parameters
        ----------
        rows : frame or array
        source : str
            What it is called in messages.

        Raises
        ------
        DataError
            Naming columns that are missing, with those that look like them, or that hold another kind of values.
        """
        check_is_fitted(self)
        if isinstance(rows, np.ndarray | list | tuple):
            rows = self._name_columns(np.asarray(rows), source)
        frame = to_plain_columns(rows, source)
        problems = Problems(source)
        frame = frame.assign(
            **{
                column.name: _as_learnt(frame[column.name], column, problems)
                for column in self.code_.columns
                if column.name in frame
            }
        )
        problems.raise_if_any()
        # What drifted is what a detector is to find; what has another name or kind is refused.
        self.contract_.check(frame, source, accept_drift=True)
        return frame[list(self.code_.names)]

    def _name_columns(self, matrix: Any, source: str) -> Any:
        """Give the columns of an array the names of those learnt from, which it has to have all."""
        names = [*self.contract_.names, *self.contract_.others]
        if self.from_array_ and matrix.ndim == 2 and matrix.shape[1] == len(names):
            return pd.DataFrame(matrix, columns=[str(place) for place in range(len(names))])
        if matrix.ndim != 2:
            return matrix
        learnt = f"an array of {len(names)} columns" if self.from_array_ else f"a table with the columns {quote(names)}"
        what = f"is an array of {matrix.shape[1]} columns, where {learnt} was learnt from"
        raise DataError(source, [Problem(what, fix="Give the same columns, by name: a DataFrame.")])

    def _encode(self, rows: ArrayLike) -> Floats:
        return self.code_.encode(self.check_rows(rows))

    def declare_arrays(self) -> dict[str, ArrayOf | type]:
        """What holds of the arrays of every fitted one; checked when a model is loaded."""
        if self.code_.names != self.contract_.names or len(self.code_.origin) != self.model_.n_features_in_:
            raise ValueError("its columns are not those of its model")
        return {
            "contract_": TableContract,
            "code_": TableCode,
            "model_": CombinedDetector,
        }


def _useful(frame: pd.DataFrame) -> tuple[list[str], list[str]]:
    """Columns that can tell something, and notes on those that cannot or can tell little."""
    used, notes, varied = [], [], False
    for name in frame.columns:
        code = ColumnCode.of(str(name), frame[name])
        if code.n_missing == code.n_rows:
            notes.append(f"column '{name}' is empty and not used")
        elif code.names_rows:
            notes.append(f"column '{name}' has a text of its own in nearly every row, as a name has, and is not used")
        else:
            used.append(str(name))
            if len(frame[name].unique()) == 1:
                notes.append(f"column '{name}' has the same value everywhere: only another one is reported")
            else:
                varied = True
    return used if varied else [], notes


def _as_learnt(values: pd.Series[Any], column: ColumnCode, problems: Problems) -> pd.Series[Any]:
    """Bring new values to what a column held, where nothing is lost by it: gaps, truth values and time zones."""
    if values.isna().all():
        empty: Any = {"number": np.nan, "text": None, "datetime": pd.NaT}[column.kind]
        kind = {"number": "float64", "text": "object", "datetime": "datetime64[ns]"}[column.kind]
        return pd.Series(empty, index=values.index, dtype=kind)
    numbers = pd.api.types.is_float_dtype(values.dtype)
    if numbers and set(column.labels) <= {"True", "False"} and column.labels and values.dropna().isin([0.0, 1.0]).all():
        return values.map({1.0: "True", 0.0: "False"}).astype(object)
    if column.kind == "datetime" and pd.api.types.is_datetime64_any_dtype(values.dtype):
        zone = str(values.dt.tz) if values.dt.tz is not None else ""
        if zone and column.zone:
            return pd.Series(values.dt.tz_convert(column.zone))
        if zone != column.zone:
            here, there = (f"stamps in {one}" if one else "stamps without a time zone" for one in (zone, column.zone))
            fix = f"Bring them to {column.zone or 'local time without a zone'}, as before."
            problems.add(f"has {here}, but the model learnt from {there}", column=column.name, fix=fix)
    return values
