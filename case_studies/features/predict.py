"""The features study's model at work: new rows with the kept columns, and what they predict."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.dummy import DummyRegressor

from case_studies.common.saved_run import SavedRun
from domains.timeseries import StandardizedRidge
from shared.data import datasets
from shared.data.io.tables import read_table
from shared.data.schema import Schema, first_rows
from shared.errors import DataError, Problem, Problems, StoreError, quote
from shared.result import Result
from shared.text import count_of, format_number

from .settings import FeaturesSettings
from .trial import Trial

__all__ = ["Predictions", "keep_tested", "predict"]

LEVEL = 90  # percent of the errors on rows held out that the interval holds


@dataclass(frozen=True, repr=False)
class Predictions(Result):
    """What new rows predict.

    Attributes
    ----------
    frame : pandas.DataFrame
        A row each: its time or number, "prediction", "lo-90" and "hi-90", empty where a column that is needed has no
        value; where such values are filled, "filled" names the columns.
    target : str
    columns : int
        That the model looks at.

    >>> Predictions(pd.DataFrame({"prediction": [1.0, 3.0]}), "sales", 2).explain()
    '2 rows: sales is predicted from 2 columns, from 1 to 3.'
    """

    frame: pd.DataFrame
    target: str
    columns: int

    def to_frame(self) -> pd.DataFrame:
        """The table."""
        return self.frame

    def explain(self) -> str:
        """Say what was predicted."""
        found = self.frame["prediction"].dropna()
        return (
            f"{count_of(len(found), 'row')}: {self.target} is predicted from {count_of(self.columns, 'column')}, from"
            f" {format_number(found.min())} to {format_number(found.max())}."
        )


def keep_tested(trial: Trial) -> pd.DataFrame:
    """Predictions of the rows held out beside what came, by the model that is recommended.

    Parameters
    ----------
    trial : Trial

    >>> from shared.evaluation import Comparisons, Scores
    >>> found = pd.DataFrame({"model": ["naive"], "y": [1.0], "mean": [2.0]})
    >>> table = pd.DataFrame({"model": ["naive"], "split": [1], "metric": ["mae"], "value": [1.0]})
    >>> trial = Trial(Scores(table, found, table, ("naive",)), Comparisons(()), {}, table, "mae", 0.02)
    >>> keep_tested(trial).to_dict("records")
    [{'actual': 1.0, 'predicted': 2.0}]
    """
    found = trial.scores.predictions
    one = found[found["model"] == trial.model]
    return pd.DataFrame({"actual": one["y"].to_numpy(), "predicted": one["mean"].to_numpy()})


def predict(
    settings: FeaturesSettings, run: SavedRun, data: Path | str, accept_drift: bool
) -> tuple[Predictions, list[str]]:
    """Read new rows, and predict them from the kept columns.

    Returns
    -------
    predictions, notes

    >>> from shared.data.contract import TableContract
    >>> run = SavedRun(Path("runs/none"), "features", TableContract(()))
    >>> predict(FeaturesSettings(), run, "no-such-file.csv", False)
    Traceback (most recent call last):
    ...
    shared.errors.DataError: no-such-file.csv: there is no such file. ...
    """
    table, reading = datasets.load_with_report("price_predictors", data, own=Schema(()), **settings.read_options)
    model = run.model()
    if not isinstance(model, StandardizedRidge | DummyRegressor):
        raise StoreError(f"{run.folder / 'model.hexad'} holds no model of this study. Run the study again")
    if not len(table):
        raise DataError(reading.source, [Problem("has no rows", fix="Give rows to be predicted.")])
    target = settings.columns.target
    kept = [name for name in run.contract.names if name != target]
    notes = [*reading.repairs]
    if kept:
        notes += run.contract.check(table, reading.source, accept_drift=accept_drift)
        values = table[kept].apply(lambda one: one.to_numpy(dtype=float, na_value=np.nan))
        gone = values.isna()
        if gone.to_numpy().any():
            values, told = _decide_missing(
                values,
                run,
                reading.source,
                fill=settings.missing == "median" or accept_drift,
                refuse=settings.missing == "refuse",
            )
            notes.append(told)
    else:
        notes.append("no column was shown to predict it: every row gets the same number")
        values = gone = table.iloc[:, :0]
    mean = np.full(len(table), np.nan)
    whole = values.notna().all(axis=1).to_numpy()
    mean[whole] = model.predict(values[whole])
    reach = _read_reach(run)
    time = settings.columns.time
    frame = pd.DataFrame({"row": np.arange(1, len(table) + 1)})
    if time and time in table.columns:
        frame = pd.DataFrame({time: table[time].to_numpy()})
    frame = frame.assign(**{"prediction": mean, f"lo-{LEVEL}": mean - reach, f"hi-{LEVEL}": mean + reach})
    if whole.all() and gone.to_numpy().any():
        names = np.asarray(gone.columns, dtype=object)
        frame["filled"] = [", ".join(names[row]) for row in gone.to_numpy()]
    notes.append(f"from lo-{LEVEL} to hi-{LEVEL} lay {LEVEL} % of the rows that were held out")
    return Predictions(frame, target, len(kept)), notes


def _decide_missing(
    values: pd.DataFrame, run: SavedRun, source: str, *, fill: bool, refuse: bool
) -> tuple[pd.DataFrame, str]:
    """Do with missing values what the run did: fill them with its medians, refuse them, or predict no such row."""
    gone = values.isna()
    rows = gone.any(axis=1).to_numpy()
    if fill:
        filled = values.fillna({one.name: one.median for one in run.contract.columns})
        count = int(gone.to_numpy().sum())
        return filled, (
            f"{count_of(count, 'missing value')} in {count_of(int(rows.sum()), 'row')} filled with the median of the"
            " run's column; such rows name it under “filled”"
        )
    if refuse or rows.all():
        problems = Problems(source)
        for name in gone.columns[gone.any()]:
            mask = gone[name].to_numpy()
            said = f"{count_of(int(mask.sum()), 'value')} {'is' if mask.sum() == 1 else 'are'} missing"
            fix = "Fill them in, leave such rows out, or run the study again with --set missing=median."
            problems.add(said, column=name, rows=first_rows(mask), count=int(mask.sum()), fix=fix)
        problems.raise_if_any()
    shown = ", ".join(map(str, first_rows(rows))) + (", ..." if rows.sum() > len(first_rows(rows)) else "")
    return values, (
        f"{count_of(int(rows.sum()), 'row')} without a value in {quote(gone.columns[gone.any()])} not predicted (rows"
        f" {shown}): the run left such rows out"
    )


def _read_reach(run: SavedRun) -> float:
    """Half the width of the interval, from errors on rows held out (split conformal)."""
    path = run.folder / "tested.parquet"
    try:
        tested = read_table(path)
        errors = np.sort(np.abs(tested["actual"].to_numpy(float) - tested["predicted"].to_numpy(float)))
        place = int(np.ceil(LEVEL / 100 * (len(errors) + 1))) - 1
        return float(errors[min(place, len(errors) - 1)])
    except (DataError, OSError, KeyError, ValueError, IndexError) as error:
        raise StoreError(f"{path} is missing or damaged ({str(error)[:200]}). Run the study again") from error
