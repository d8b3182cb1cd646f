"""How forecasters are evaluated: fitted before the first origin, given later rows, asked at every origin."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, fields, replace
from functools import partial
from typing import Any, ClassVar, Protocol

import numpy as np
import pandas as pd
from sklearn.base import clone

from domains.timeseries.metrics import ScaledMetric, forecast_metric, refuse_undefined, say_series
from shared.checks import as_names, check_levels
from shared.data import columns as names
from shared.data.columns import SeriesColumns
from shared.data.io.frames import as_pandas, check_names, missing_stamps
from shared.data.panel_table import read_stamps, series_to_frame
from shared.data.schema import missing_column
from shared.data.splits import Split, find_positions
from shared.errors import Argument, DataError, HexadError, Problems, SettingsError, quote
from shared.evaluation.leakage.perturb import perturb, visibility_at
from shared.evaluation.metrics import ArrayMetric, Metric
from shared.evaluation.task import ColumnRoles, Stopwatch, Task

__all__ = ["ForecastTask", "Forecaster"]


USUAL = {"unique_id": names.UNIQUE_ID, "ds": names.DS, "y": names.Y}


class Forecaster(Protocol):
    """What `ForecastTask` needs of a model.

    >>> def takes(model: Forecaster) -> None: ...
    """

    def fit(self, table: pd.DataFrame) -> Any:
        """Learn from a long table."""
        ...

    def update(self, table: pd.DataFrame) -> object:
        """Take later rows as history, without learning again."""
        ...

    def predict(
        self,
        horizon: int | None = None,
        *,
        future: Any = None,
        levels: Sequence[float] = (),
        ids: Sequence[Any] | None = None,
    ) -> Any:
        """Forecast; the result has ``to_frame()``."""
        ...


@dataclass(frozen=True)
class ForecastTask(Task):
    """Fit before the first origin, take later rows in as history, forecast at every origin.

    Parameters
    ----------
    columns : SeriesColumns
        Names of the table's columns. They are named once: models and splitters that were told none read these, and
        where none are given here, those that a model names.
    known : iterable of str
        Columns known in the future, the only ones a model is shown beyond an origin; those that the models' recipes
        declare known where left out.
    levels : iterable of float
        Intervals wanted, in percent.
    refit_every : int, optional
        Learn again at every n-th origin; never where left out.
    least_steps : int
        Steps that a model is asked for at least; more where test rows lie further ahead.

    Notes
    -----
    Predictions have the key, the stamp and the actual value in the table's own columns, and "step", "mean", "median"
    (the mean where a model gives none) and the bounds of the intervals ("lo-90", "hi-90").

    >>> ForecastTask(known=("Holiday",)).known
    ('Holiday',)
    """

    from_origin: ClassVar[bool] = True
    units_are_independent: ClassVar[bool] = False

    columns: SeriesColumns = field(default_factory=SeriesColumns)
    known: tuple[str, ...] = ()
    levels: tuple[float, ...] = ()
    refit_every: int | None = None
    least_steps: int = 0

    def __post_init__(self) -> None:
        object.__setattr__(self, "known", as_names(self.known, "known"))
        object.__setattr__(self, "levels", check_levels(self.levels))

    def agree(self, models: Sequence[Any], splitter: object = None) -> ForecastTask:
        """The same task, with the columns that models or the splitter name where it was told none.

        Parameters
        ----------
        models : sequence of forecaster
        splitter : Splitter or sequence of Split

        >>> from domains.timeseries import Drift
        >>> ForecastTask().agree([Drift(), Drift(ds="Zeit", y="Last")]).columns
        SeriesColumns(unique_id='unique_id', ds='Zeit', y='Last', exogenous=())
        """
        named = [model.default_task() for model in models if hasattr(model, "default_task")]
        tasks = [task for task in named if isinstance(task, ForecastTask)]
        told: dict[str, Any] = {}
        for role, usual in USUAL.items():
            names_of = [getattr(task.columns, role) for task in (self, *tasks)] + [getattr(splitter, role, usual)]
            told[role] = next((name for name in names_of if name != usual), usual)
        known = self.known or _join(task.known for task in tasks)
        # What only one model looks at stays its own: nobody else is judged by it.
        told["exogenous"] = self.columns.exogenous or known
        return replace(self, columns=replace(self.columns, **told), known=known)

    def lend_columns(self, model: Any) -> Any:
        """A forecaster that reads this task's columns where it was told none; so do forecasters inside it.

        Parameters
        ----------
        model : forecaster
            Left unchanged.

        Raises
        ------
        SettingsError
            It was told others.

        >>> from domains.timeseries import SeasonalNaive
        >>> ForecastTask(SeriesColumns(y="Last")).lend_columns(SeasonalNaive(7)).y
        'Last'
        """
        settings = model.get_params(deep=True) if hasattr(model, "get_params") else {}
        lent: dict[str, str] = {}
        for at in [key[: -len("unique_id")] for key in settings if key.split("__")[-1] == "unique_id"]:
            for role, usual in USUAL.items():
                own, wanted = settings.get(f"{at}{role}", usual), getattr(self.columns, role)
                if own == wanted:
                    continue
                if own != usual:
                    raise SettingsError(
                        f"{type(model).__name__}({at}{role}={own!r}) reads another column than the task, whose {role}"
                        f" is {wanted!r}; name the columns once: in the task, ForecastTask(SeriesColumns({role}=...)),"
                        " or in one model"
                    )
                lent[f"{at}{role}"] = wanted
        return clone(model).set_params(**lent) if lent else model

    @property
    def outcomes(self) -> tuple[str, ...]:
        """The actual value."""
        return (self.columns.y,)

    def to_table(self, data: Any) -> pd.DataFrame:
        """Bring data to a pandas frame; key and stamps may be its index, as for a forecaster's ``fit``.

        Parameters
        ----------
        data : frame

        >>> table = pd.DataFrame({"y": [1.0, 2.0]}, index=pd.RangeIndex(2, name="ds"))
        >>> ForecastTask().to_table(table).columns.tolist()
        ['ds', 'y']
        """
        given = data = series_to_frame(data, self.columns)
        own = self.columns
        named = {own.unique_id, own.ds, own.y, *own.exogenous, *self.known}
        if not isinstance(data, pd.DataFrame):
            data = as_pandas(data, "table")
        elif named & set(data.index.names) - set(data.columns):
            data = as_pandas(data, "table", copy=False)
        elif set(data.index.names) & set(data.columns):
            data = data.reset_index(drop=True)
        check_names([str(name) for name in data.columns], "table")
        problems = Problems("table")
        for argument, name in (("ds", own.ds), ("y", own.y)):
            if name not in data.columns:
                present = [str(column) for column in data.columns]
                tell = partial(missing_stamps, given) if argument == "ds" else missing_column
                tell(name, present, problems, named_in=(own.owner, argument))
        problems.raise_if_any()
        stamps = data[own.ds]
        plain = isinstance(stamps.dtype, np.dtype | pd.DatetimeTZDtype) and stamps.dtype.kind in "Miu"
        read: pd.DataFrame = data if plain or len(data) == 0 else data.assign(**{own.ds: read_stamps(stamps, own)})
        return read

    def roles(self, data: Any) -> ColumnRoles:
        """What the table's columns are; features are those that models are shown beside the target.

        Parameters
        ----------
        data : pandas.DataFrame
        """
        columns = self.columns
        shown = dict.fromkeys([*columns.exogenous, *self.known])
        key = columns.unique_id if columns.unique_id in data.columns else None
        features = tuple(name for name in shown if name in data.columns)
        return ColumnRoles(columns.y, columns.ds, key, features=features, known=self.known)

    def metric(
        self,
        name: str,
        *,
        seasonality: int = 1,
        level: float | None = None,
        label: str | None = None,
        **options: Any,
    ) -> ArrayMetric:
        """Make a metric of forecasts in this task's columns; see `forecast_metric`.

        Parameters
        ----------
        name : str
            "mae", "rmse", "r2", "mape", "smape", "mase", "rmsse", or with a level "coverage", "interval_score", "msis".
        seasonality : int
            Steps in a season, for "mase", "rmsse" and "msis".
        level : float, optional
            Nominal coverage in percent.
        label : str, optional
            Name in the score table.
        **options
            None yet: whatever is given is refused by name.

        Raises
        ------
        SettingsError
            There is no such metric, its level is missing, or no such intervals are forecast.

        >>> ForecastTask(levels=(90,)).metric("coverage-90").reads
        ('y', 'lo-90', 'hi-90')
        """
        if options:
            raise SettingsError(f"metrics of forecasts have no option {quote(options)}")
        return forecast_metric(name, self.columns, seasonality=seasonality, level=level, label=label)

    def lend_to_metric(self, metric: Metric) -> Metric:
        """A metric that reads this task's columns where it was made for the usual ones ("unique_id", "ds", "y").

        So a metric of ``ForecastTask()`` is good beside models that name the columns of a table.

        Parameters
        ----------
        metric : Metric
            Left unchanged.

        >>> ForecastTask(SeriesColumns(y="Last")).lend_to_metric(ForecastTask().metric("mae")).reads
        ('Last', 'median')
        """
        if not isinstance(metric, ArrayMetric):
            return metric
        own = {usual: str(getattr(self.columns, role)) for role, usual in USUAL.items()}
        lent: dict[str, Any] = {"reads": tuple(own.get(name, name) for name in metric.reads)}
        if metric.unit is not None:
            lent["unit"] = own.get(metric.unit, metric.unit)
        if isinstance(metric, ScaledMetric):
            lent |= {"ds": own.get(metric.ds, metric.ds), "y": own.get(metric.y, metric.y)}
        return replace(metric, **lent)

    def check_metric(self, metric: Metric) -> None:
        """Refuse a metric of intervals that are not forecast.

        Parameters
        ----------
        metric : Metric
        """
        bounds = {name for level in self.levels for name in names.interval_columns(level)}
        if lost := [name for name in metric.reads if name[:3] in ("lo-", "hi-") and name not in bounds]:
            raise HexadError(
                f"{metric.name} needs intervals that are not forecast ({quote(lost)}); add their level to the task:"
                " levels="
            )

    def choose_rows(self, data: pd.DataFrame, splits: Sequence[Split]) -> tuple[list[Split], tuple[str, ...]]:
        """Leave out series at splits before which they have no row: nothing can be forecast of them there.

        Parameters
        ----------
        data : pandas.DataFrame
        splits : sequence of Split

        Raises
        ------
        HexadError
            No series has a row before a split.
        """
        if self.columns.unique_id not in data.columns:
            return list(splits), ()
        codes, keys = pd.factorize(data[self.columns.unique_id])
        chosen, lost, rows_lost, rows = [], set(), 0, 0
        for split in splits:
            begun = np.zeros(len(keys) + 1, dtype=bool)
            begun[codes[split.train]] = True
            keep = begun[codes[split.test]]
            rows, rows_lost = rows + len(keep), rows_lost + int((~keep).sum())
            lost |= set(codes[split.test[~keep]].tolist())
            if not keep.any():
                raise HexadError(f"no series has a row before {split.label}; begin later (first=), or try fewer splits")
            chosen.append(split if keep.all() else Split(split.label, split.train, split.test[keep]))
        if not rows_lost:
            return list(splits), ()
        begin = say_series([keys[code] for code in sorted(lost)])
        verb = "begins" if len(lost) == 1 else "begin"
        return chosen, (f"{rows_lost:,} of {rows:,} rows were left out: {begin} {verb} after an origin they belong to",)

    def check_outcomes(self, metric: Metric, data: pd.DataFrame, splits: Sequence[Split]) -> None:
        """Refuse a metric that is not defined for any outcome of a split, such as MAPE where all are zero.

        Parameters
        ----------
        metric : Metric
        data : pandas.DataFrame
        splits : sequence of Split
        """
        undefined, y = getattr(metric, "undefined", None), self.columns.y
        refuse_undefined(metric, data, splits, self.columns)
        if (
            undefined is None
            or not isinstance(metric, ArrayMetric)
            or metric.reads not in ((y, names.MEAN), (y, names.MEDIAN))
        ):
            return
        for split in splits:
            outcomes = data[y].iloc[split.test]
            if np.asarray(undefined(outcomes, outcomes), dtype=bool).all():
                raise HexadError(
                    f"{metric.name} is not defined after {split.label}: every outcome there is zero; use mae"
                )

    def groups(self, splits: Sequence[Split]) -> list[list[Split]]:
        """Splits between two fits.

        Parameters
        ----------
        splits : sequence of Split

        >>> ForecastTask(refit_every=2).groups(["a", "b", "c"])
        [['a', 'b'], ['c']]
        """
        if self.refit_every is not None and self.refit_every < 1:
            raise SettingsError(f"refit_every={self.refit_every}: give a whole number from 1, or leave it out")
        size = self.refit_every or len(splits)
        return [list(splits[start : start + size]) for start in range(0, len(splits), size)]

    def run(self, model: Forecaster, data: pd.DataFrame, splits: Sequence[Split]) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Fit at the first origin, update at the others, forecast at each.

        Parameters
        ----------
        model : Forecaster
        data : pandas.DataFrame
            Long table.
        splits : sequence of Split
        """
        predictions, watch = [], Stopwatch()
        seen = np.zeros(len(data), dtype=bool)
        for place, split in enumerate(splits):
            with watch("fit" if place == 0 else "update", split):
                new = split.train[~seen[split.train]]
                with repaired_before(self.columns):
                    if place == 0:
                        model.fit(data.iloc[split.train])
                    elif len(new):
                        model.update(data.iloc[new])
            seen[split.train] = True
            with watch("predict", split):
                predictions.append(self._forecast(model, data, split))
        return pd.concat(predictions, ignore_index=True), watch.to_frame()

    def perturb(self, data: pd.DataFrame, split: Split) -> tuple[pd.DataFrame, Split]:
        """Replace everything from an origin on but what is known ahead, and take away what comes after its test.

        Parameters
        ----------
        data : pandas.DataFrame
        split : Split

        >>> table = pd.DataFrame({"ds": range(5), "y": [1.0, 2.0, 3.0, 4.0, 5.0]})
        >>> other, cut = ForecastTask().perturb(table, Split(3, np.array([0, 1, 2]), np.array([3])))
        >>> len(other), (other["y"] == table["y"][:4]).tolist()
        (4, [True, True, True, False])
        """
        ds, key = self.columns.ds, self.columns.unique_id
        visibility = visibility_at(data, split.train, split.test, time=ds, unique_id=key)
        keep = (ds, key, *self.known)
        other = perturb(data, visibility, y=self.columns.y, keep=keep, own_too=True).table
        rows = np.flatnonzero((data[ds] <= data[ds].iloc[split.test].max()).to_numpy())
        return other.iloc[rows], Split(split.label, find_positions(split.train, rows), find_positions(split.test, rows))

    def pin(self, data: pd.DataFrame, split: Split) -> ForecastTask:
        """The same task asking for as many steps as a split has, whatever rows are taken away.

        Parameters
        ----------
        data : pandas.DataFrame
        split : Split

        >>> table = pd.DataFrame({"ds": range(5), "y": 1.0})
        >>> ForecastTask().pin(table, Split(3, np.array([0, 1, 2]), np.array([3, 4]))).least_steps
        2
        """
        rest = np.ones(len(data), dtype=bool)
        rest[split.train] = False
        rest &= (data[self.columns.ds] <= data[self.columns.ds].iloc[split.test].max()).to_numpy()
        return replace(self, least_steps=self._count_steps(data[rest]))

    def _count_steps(self, ahead: pd.DataFrame) -> int:
        ds, key = self.columns.ds, self.columns.unique_id
        if key not in ahead.columns:
            return int(ahead[ds].nunique())
        return int(ahead.groupby(key, observed=True)[ds].nunique().max())

    def _forecast(self, model: Forecaster, table: pd.DataFrame, split: Split) -> pd.DataFrame:
        """Ask for a forecast of the test rows, and put it beside what came."""
        ds, y = self.columns.ds, self.columns.y
        key = [self.columns.unique_id] if self.columns.unique_id in table.columns else []
        test = table.iloc[split.test]
        after = np.ones(len(table), dtype=bool)
        after[split.train] = False
        after &= (table[ds] <= test[ds].max()).to_numpy()
        ahead, steps = table[after], self._count_steps(table[after])
        options: dict[str, Any] = {"levels": self.levels} if self.levels else {}
        reads = getattr(model, "future_columns", None)
        if self.known and (reads is None or reads()):  # who reads nothing ahead refuses to be shown anything
            options["future"] = ahead[[*key, ds, *self.known]]
        # Series that ended before have nothing to be tested on; a model is not asked for them.
        ids = list(test[key[0]].drop_duplicates()) if key else []
        if key and len(ids) < table[key[0]].nunique():
            options["ids"] = ids
        forecast = _as_frame(model.predict(max(steps, self.least_steps), **options), model, [*key, ds, names.MEAN])
        if names.MEDIAN not in forecast:
            forecast[names.MEDIAN] = forecast[names.MEAN]
        forecast[names.STEP] = (
            forecast.groupby(key, observed=True).cumcount() + 1 if key else np.arange(1, len(forecast) + 1)
        )
        if twice := int(forecast.duplicated([*key, ds]).sum()):
            raise HexadError(f"{type(model).__name__} gave {twice:,} rows twice after {split.label}")
        if getattr(forecast[ds].dtype, "tz", None) != getattr(test[ds].dtype, "tz", None):
            raise HexadError(
                f"{type(model).__name__} forecasts in the zone {getattr(forecast[ds].dtype, 'tz', None)}, and the"
                f" stamps of the table are in {getattr(test[ds].dtype, 'tz', None) or 'none'}; bring the table to the"
                f" model's zone before, as in table[{ds!r}].dt.tz_localize(...)"
            )
        merged = test[[*key, ds, y]].merge(forecast, on=[*key, ds], how="left")
        if lost := int(merged[names.MEAN].isna().sum()):
            raise HexadError(
                f"{type(model).__name__} gave no forecast for {lost:,} of {len(merged):,} rows after {split.label}"
            )
        merged.insert(0, names.SPLIT, split.label)
        return merged


def _join(several: Iterable[Iterable[str]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(one for some in several for one in some))


@contextmanager
def repaired_before(columns: SeriesColumns) -> Iterator[None]:
    """Tell of errors where a table is given to what repairs none: a panel of it can be, and is taken as well.

    >>> from shared.errors import Fix, Problem
    >>> gap = Problem("there is a gap", fix=Fix("Pass ", Argument("repair", "interpolate"), "."))
    >>> with repaired_before(SeriesColumns(y="Demand")):
    ...     raise DataError("table", [gap])
    Traceback (most recent call last):
    ...
    shared.errors.DataError: table: there is a gap. Pass Panel.from_frame(table, SeriesColumns(y='Demand'),
    repair="interpolate").
    """
    default = SeriesColumns()
    own = [
        f"{one.name}={getattr(columns, one.name)!r}"
        for one in fields(columns)
        if one.compare and getattr(columns, one.name) != getattr(default, one.name)
    ]
    named = f"SeriesColumns({', '.join(own)}), " if own else ""

    def spell(argument: Argument) -> str:
        return f"Panel.from_frame(table, {named}{argument})" if argument.name == "repair" else str(argument)

    try:
        yield
    except DataError as error:
        raise error.respell(spell) from None


def _as_frame(answer: object, model: object, columns: list[str]) -> pd.DataFrame:
    """What a model's ``predict`` gave, as a frame of its own."""
    if isinstance(answer, pd.DataFrame):
        return answer.copy()
    if not hasattr(answer, "to_frame"):
        raise HexadError(
            f"{type(model).__name__}.predict gave a {type(answer).__name__}; a forecast is a frame, or has to_frame(), "
            f"with {', '.join(columns)}"
        )
    frame: pd.DataFrame = answer.to_frame()
    return frame
