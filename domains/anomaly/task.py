"""How detectors are evaluated: fitted on rows without labels, judged by them on later or other rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from shared.checks import as_names
from shared.data import columns as names
from shared.data.io.frames import as_pandas
from shared.data.schema import missing_column
from shared.data.splits import Split
from shared.errors import Argument, DataError, Fix, Problem, Problems, SettingsError, quote
from shared.evaluation.metrics import Metric
from shared.evaluation.task import ColumnRoles, Stopwatch, Task
from shared.result import OneLine
from shared.text import count_of
from shared.typing import Bools

__all__ = ["DetectionTask", "find_odd"]


@dataclass(frozen=True, repr=False)
class DetectionTask(OneLine, Task):
    """Fit a detector on the training rows, and score the test rows.

    Parameters
    ----------
    label : str
        Column that says which rows are odd, by two values. No detector sees it.
    odd : object, optional
        Its value in odd rows; the larger one where left out.
    features : tuple of str
        Columns that detectors see; all others where left out.
    clean : bool
        Whether detectors learn from the training rows that are not odd only, as where ordinary rows are known.
    ds : str
        Column of stamps that the splitter reads, which is no feature; taken from the splitter.

    Notes
    -----
    Predictions have a row a test row: "y", "score" (the higher, the odder) and "predicted" (True for those reported).

    >>> DetectionTask("fraud").metric("roc_auc").reads
    ('y', 'score')
    """

    label: str = "anomaly"
    odd: Any = None
    features: tuple[str, ...] = ()
    clean: bool = False
    ds: str = ""

    def __post_init__(self) -> None:
        if not isinstance(self.label, str):
            raise SettingsError(f"label={self.label!r}: give the name of a column")
        object.__setattr__(self, "features", as_names(self.features, "features"))

    def agree(self, models: Sequence[Any], splitter: object = None) -> DetectionTask:
        """The same task, with the column of stamps that the splitter names: no detector sees it.

        Parameters
        ----------
        models : sequence of detector
        splitter : Splitter or sequence of Split
        """
        return replace(self, ds=str(getattr(splitter, "ds", "") or ""))

    @property
    def outcomes(self) -> tuple[str, ...]:
        """The label."""
        return (names.Y,)

    def to_table(self, data: Any) -> pd.DataFrame:
        """Bring data to a pandas frame.

        Parameters
        ----------
        data : pandas, Polars or Arrow frame
        """
        return data if isinstance(data, pd.DataFrame) else as_pandas(data, "table")

    def roles(self, data: Any) -> ColumnRoles:
        """Say which column is the label.

        Parameters
        ----------
        data : pandas.DataFrame
        """
        stamped = not self.features and self.ds in data.columns
        features = (
            tuple(name for name in data.columns if name not in {self.label, self.ds}) if stamped else self.features
        )
        return ColumnRoles(y=self.label, features=features)

    def strata(self, data: Any) -> Any:
        """Which rows are odd, so that `StratifiedKFold` keeps their share.

        Parameters
        ----------
        data : pandas.DataFrame
        """
        return self._odd(data)

    def check_outcomes(self, metric: Metric, data: Any, splits: Sequence[Split]) -> None:
        """Refuse, before any work, test rows of which none, or all, are odd.

        Parameters
        ----------
        metric : Metric
        data : pandas.DataFrame
        splits : sequence of Split
        """
        odd = self._odd(data)
        problems = Problems("table")
        for name in self.features:
            if name not in data.columns:
                missing_column(name, [str(one) for one in data.columns], problems)
        problems.raise_if_any()
        if "score" not in metric.reads:
            return
        bare = [split.label for split in splits if len(set(odd[split.test].tolist())) < 2]
        if bare:
            shown = ", ".join(map(str, bare[:5]))
            what = f"in {len(bare):,} of {len(splits):,} splits every test row has the same label: {shown}"
            fix = "Take larger test sets, or splits that are stratified by the label."
            raise DataError("table", [Problem(what, column=self.label, fix=fix)])

    def run(self, model: Any, data: Any, splits: Sequence[Split]) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Fit and score, split by split.

        Parameters
        ----------
        model : detector
            With ``fit`` and ``score_samples`` (the lower, the odder).
        data : pandas.DataFrame
        splits : sequence of Split
        """
        found, watch = [], Stopwatch()
        odd = self._odd(data)
        inputs = self.roles(data).inputs(data)
        for split in splits:
            train = split.train[~odd[split.train]] if self.clean else split.train
            with watch("fit", split):
                model.fit(inputs.iloc[train])
            test = inputs.iloc[split.test]
            with watch("predict", split):
                score = -np.asarray(model.score_samples(test), dtype=float)
                reported = (
                    np.asarray(model.predict(test)) < 0 if hasattr(model, "predict") else np.full(len(test), False)
                )
            found.append(
                pd.DataFrame(
                    {
                        names.SPLIT: split.label,
                        names.Y: odd[split.test].astype(int),
                        "score": score,
                        "predicted": reported.astype(int),
                    }
                )
            )
        return pd.concat(found, ignore_index=True), watch.to_frame()

    def perturb(self, data: Any, split: Split) -> tuple[Any, Split]:
        """Turn the labels of the test rows round, and mix the rows of no use: no detector may answer otherwise.

        Parameters
        ----------
        data : pandas.DataFrame
        split : Split
        """
        values = data[self.label].to_numpy().copy()
        kinds = np.unique(values)
        values[split.test] = np.where(values[split.test] == kinds[-1], kinds[0], kinds[-1])
        rows = np.arange(len(data))
        idle = np.setdiff1d(rows, np.concatenate([split.train, split.test]))
        rows[idle] = np.random.default_rng(0).permutation(idle)
        other = data.assign(**{self.label: values}).iloc[rows].set_axis(data.index)
        return other, split

    def _odd(self, data: Any) -> Any:
        if self.label not in data.columns:
            what = f"is missing; the table has {quote(data.columns)}"
            raise DataError("table", [Problem(what, column=self.label, fix="Name it as in DetectionTask('fraud').")])
        return find_odd(data[self.label], self.label, self.odd)


def find_odd(values: pd.Series[Any], name: str, odd: Any = None, source: str = "table") -> Bools:
    """Say which rows a label calls odd.

    Parameters
    ----------
    values : pandas.Series
    name, source : str
        Of the label and of the table, for messages.
    odd : object, optional
        The value of odd rows, also as text; the larger one where left out.

    Raises
    ------
    DataError
        There are other than two values, `odd` is none of them, or it stands in most rows and was not named.

    >>> find_odd(pd.Series(["ok", "fraud", "ok"]), "kind", "fraud").tolist()
    [False, True, False]
    """
    texts = values.astype(object)
    kinds = list(dict.fromkeys(texts.dropna().tolist()))
    gone = int(texts.isna().sum())
    two = Fix("Give two values, one for ordinary rows and one for odd ones, in every row.")
    if gone or len(kinds) != 2:
        what = f"has {count_of(len(kinds), 'value')}, and {count_of(gone, 'row')} without one"
        raise DataError(source, [Problem(what, column=name, fix=two)])
    named = odd is not None and odd != ""
    if named:
        chosen = [kind for kind in kinds if kind == odd or str(kind) == str(odd)]
        if not chosen:
            raise DataError(source, [Problem(f"never is {quote([odd])}; it is {quote(kinds)}", column=name)])
    else:
        try:
            chosen = [max(kinds)]
        except TypeError:
            raise DataError(
                source, [Problem(f"has values of two types: {quote(kinds)}", column=name, fix=two)]
            ) from None
    found = (texts == chosen[0]).to_numpy(dtype=bool)
    if not named and found.mean() > 0.5:
        what = f"{quote(chosen)} would stand for odd rows, and is in {100 * found.mean():.0f} % of all"
        fix = Fix(
            "Say which value stands for odd rows, ",
            Argument("odd", str(kinds[0] if chosen[0] == kinds[1] else kinds[1])),
            ".",
        )
        raise DataError(source, [Problem(what, column=name, fix=fix)])
    return np.asarray(found)
