"""The rows of the shuttle study, what is learnt from and what is new, and what looking at them costs and brings."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.ensemble import IsolationForest
from sklearn.model_selection import StratifiedKFold

from case_studies.common.half_numbers import refuse_half_numbers
from domains.anomaly import LEAST_ROWS, AnomalyDetector, DetectionTask, find_odd
from shared.data.contract import contract_of
from shared.data.io.tables import TableReport
from shared.data.schema import Schema
from shared.data.splits import Split
from shared.errors import Problems
from shared.evaluation import Scores, evaluate
from shared.reporting import Run
from shared.typing import Bools, Floats

from .settings import ShuttleSettings

__all__ = ["LABEL", "Costs", "Rows", "compare_detectors", "weigh_costs"]

LABEL = "odd"
# Odd rows without which shares of what is found are too rough to be told.
FEW_ODD = 20
# Share of words up to which a column of text is one of numbers: house numbers have more.
FEW_WORDS = 0.02
SHARES = (0.001, 0.002, 0.005, 0.01, 0.02, 0.03, 0.05, 0.07, 0.1, 0.15, 0.2, 0.3)


@dataclass(frozen=True)
class Rows:
    """A table of which some rows may be odd, cut in its own order.

    Attributes
    ----------
    features : pandas.DataFrame
        What detectors see; the index says what the rows are called.
    odd : numpy.ndarray of bool, optional
        Which rows are odd, where that is known.
    n_learnt : int
        Rows learnt from, the first ones.

    >>> rows = Rows(pd.DataFrame({"x": np.arange(10.0)}), None, 6)
    >>> len(rows.new), rows.judged
    (4, False)
    """

    features: pd.DataFrame
    odd: Bools | None
    n_learnt: int

    @classmethod
    def read(cls, out: Run, settings: ShuttleSettings) -> tuple[Rows, TableReport]:
        """Read the bundled table, or the user's own.

        Raises
        ------
        DataError
            A column that was named is missing, or the label has other than two values.
        """
        asked = settings.columns
        own = settings.own_table() if out.data is not None else None

        def check(table: pd.DataFrame, source: str) -> None:
            check_table(table, settings, source)

        table, reading = out.load_table("shuttle", own, also=asked.features, check=check)
        table = table.iloc[:: settings.every].reset_index(drop=True)
        odd = find_odd(table[asked.label], asked.label, settings.odd, reading.source) if asked.label else None
        columns = pick_columns(table, settings)
        features = table[columns]
        if asked.row:
            features = features.set_axis(pd.Index(table[asked.row].astype(str), name=asked.row))
        else:
            features = features.set_axis(pd.RangeIndex(1, len(table) + 1, name="row"))
        return cls(features, odd, int(settings.learn_share * len(table))), reading

    @property
    def learnt(self) -> pd.DataFrame:
        """Rows learnt from."""
        return self.features.iloc[: self.n_learnt]

    @property
    def new(self) -> pd.DataFrame:
        """The other ones."""
        return self.features.iloc[self.n_learnt :]

    @property
    def judged(self) -> bool:
        """Whether enough of the new rows are known to be odd to say how much is found."""
        return self.odd is not None and bool(FEW_ODD <= self.odd[self.n_learnt :].sum() < len(self.new))

    @property
    def new_odd(self) -> Bools:
        """Which of the new rows are odd."""
        assert self.odd is not None  # noqa: S101  # asked for where they are judged only
        return self.odd[self.n_learnt :]


def pick_columns(table: pd.DataFrame, settings: ShuttleSettings) -> list[str]:
    """Columns that are looked at: those named, or all but label and name.

    >>> pick_columns(pd.DataFrame({"a": [1], "anomaly": [0]}), ShuttleSettings(columns={"features": []}))
    ['a']
    """
    asked = settings.columns
    return asked.features or [name for name in table.columns if name not in {asked.label, asked.row}]


def check_table(table: pd.DataFrame, settings: ShuttleSettings, source: str) -> None:
    """Refuse a table that lacks a column that was named, has too few rows, or a label of other than two values.

    Raises
    ------
    DataError
    """
    problems = Problems(source)
    named = settings.columns.table_schema().columns
    kinds = {one.name: one.kind for one in contract_of(table[[c.name for c in named if c.name in table]]).columns}
    wanted = (replace(one, kind=kinds.get(one.name, "text"), required=True, allow_missing=True) for one in named)
    Schema(tuple(wanted)).check(table, problems)
    problems.raise_if_any()
    if not settings.columns.features:
        looked_at = pick_columns(table, settings)
        otherwise = "name the columns to look at: --set columns.features='[\"NAME\"]'"
        refuse_half_numbers(
            table, looked_at, problems, lambda _: otherwise, decimal=settings.read.decimal, most=FEW_WORDS
        )
    learnt = int(settings.learn_share * len(table.iloc[:: settings.every]))
    if learnt < LEAST_ROWS or len(table) - learnt < 1:
        problems.add(
            f"has {len(table):,} rows, of which {learnt:,} are learnt from: too few to call any of them rare",
            fix=f"Give more, so that at least {LEAST_ROWS} are learnt from.",
        )
    problems.raise_if_any()
    if settings.columns.label:
        find_odd(table[settings.columns.label], settings.columns.label, settings.odd, source)


class NumbersForest(BaseEstimator):  # type: ignore[misc]
    """Scikit-learn's isolation forest on the columns of numbers, as many would do it: the baseline.

    >>> X = pd.DataFrame({"x": np.arange(50.0), "kind": "a"})
    >>> NumbersForest(random_state=0).fit(X).score_samples(X).shape
    (50,)
    """

    def __init__(self, *, random_state: int = 0) -> None:
        self.random_state = random_state

    def fit(self, X: pd.DataFrame, y: object = None) -> NumbersForest:
        """Learn."""
        self.columns_ = [str(name) for name in X.columns if pd.api.types.is_numeric_dtype(X[name].dtype)]
        if self.columns_:
            self.forest_ = IsolationForest(random_state=self.random_state).fit(self._numbers(X))
        return self

    def score_samples(self, X: pd.DataFrame) -> Floats:
        """Score rows; all alike where there are no numbers."""
        return np.asarray(self.forest_.score_samples(self._numbers(X))) if self.columns_ else np.zeros(len(X))

    def _numbers(self, X: pd.DataFrame) -> Floats:
        return X[self.columns_].astype(float).to_numpy()


OURS, BASELINE = "anomaly detector", "isolation forest"


def compare_detectors(rows: Rows, settings: ShuttleSettings, keep: Path | None) -> Scores | None:
    """Compare with the baseline on parts of the rows that were held out; nothing where too few are known to be odd.

    >>> compare_detectors(Rows(pd.DataFrame({"x": np.arange(10.0)}), None, 6), ShuttleSettings(), None) is None
    True
    """
    if rows.odd is None or min(rows.odd.sum(), (~rows.odd).sum()) < max(FEW_ODD, settings.folds):
        return None
    table = rows.features.reset_index(drop=True).assign(**{LABEL: rows.odd.astype(int)})
    folds = StratifiedKFold(settings.folds, shuffle=True, random_state=settings.seed)
    splits = _as_splits(folds, table)
    return evaluate(
        {OURS: AnomalyDetector(random_state=settings.seed)},
        table,
        splits,
        ["average_precision", "roc_auc"],
        baselines={BASELINE: NumbersForest(random_state=settings.seed)},
        task=DetectionTask(LABEL),
        n_jobs=settings.n_jobs,
        keep=keep,
    )


def _as_splits(folds: StratifiedKFold, table: pd.DataFrame) -> list[Any]:
    pairs = folds.split(np.zeros((len(table), 0)), table[LABEL])
    return [Split(number, train, test) for number, (train, test) in enumerate(pairs, 1)]


@dataclass(frozen=True)
class Costs:
    """What looking at more or fewer rows costs.

    Attributes
    ----------
    table : pandas.DataFrame
        A row a share looked at, on the second half of the new rows.
    share : float
        The cheapest, chosen on the first half of the new rows.
    cost, none, every : float
        A row: at that share, if nobody looked at any row, and if somebody looked at every one.

    >>> Costs(pd.DataFrame(), share=0.05, cost=0.1, none=0.5, every=1.0).share
    0.05
    """

    table: pd.DataFrame
    share: float
    cost: float
    none: float
    every: float


def weigh_costs(scores: Floats, odd: Bools, settings: ShuttleSettings) -> Costs:
    """Choose the share of rows to look at on one half of the new rows, and measure on the other.

    Parameters
    ----------
    scores : numpy.ndarray of float64
        Of the new rows; the higher, the odder.
    odd : numpy.ndarray of bool
    settings : ShuttleSettings

    >>> scores = np.arange(200.0)
    >>> weigh_costs(scores, scores >= 190, ShuttleSettings()).share
    0.05
    """
    half = np.arange(len(scores)) % 2 == 0
    chosen, _ = min(
        ((share, _cost(scores[half], odd[half], share, settings)[0]) for share in (0.0, *SHARES)), key=lambda p: p[1]
    )
    later = [(share, *_cost(scores[~half], odd[~half], share, settings)) for share in sorted({0.0, *SHARES})]
    table = pd.DataFrame(
        later, columns=["share looked at", "cost a row", "odd rows found", "odd among those looked at"]
    )
    cost = float(table.loc[table["share looked at"] == chosen, "cost a row"].iloc[0])
    return Costs(table, chosen, cost, settings.miss_cost * float(odd[~half].mean()), settings.look_cost)


def _cost(scores: Floats, odd: Bools, share: float, settings: ShuttleSettings) -> tuple[float, float, float]:
    """Cost a row, share of the odd rows found, and share of odd rows among those looked at."""
    n = round(share * len(scores))
    looked = np.argsort(-scores, kind="stable")[:n]
    found = int(odd[looked].sum())
    missed = int(odd.sum()) - found
    cost = (settings.look_cost * n + settings.miss_cost * missed) / len(scores)
    return cost, found / max(int(odd.sum()), 1), found / max(n, 1)
