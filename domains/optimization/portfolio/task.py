"""How investments are evaluated: weights from what is known at a date, held with drift, costs charged."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from domains.optimization.portfolio.returns import read_returns
from shared.checks import as_names, is_whole
from shared.data import columns as names
from shared.data.io.frames import as_pandas
from shared.data.splits import Split
from shared.errors import DataError, HexadError, Problem, SettingsError, quote
from shared.evaluation.metrics import ArrayMetric, Metric
from shared.evaluation.task import ColumnRoles, Stopwatch, Task
from shared.text import join_words
from shared.typing import Floats

__all__ = ["InvestmentTask"]

WEIGHT = "weight of {}"
ORIGINS = 6  # at which rules are asked again without what comes after


def _mean(values: ArrayLike) -> float:
    return float(np.asarray(values).mean())


def _growth(values: ArrayLike) -> float:
    return float(np.log1p(np.maximum(np.asarray(values), -1 + 1e-12)).mean())


def _volatility(values: Any) -> float:
    return float(np.asarray(values).std(ddof=1)) if len(values) > 1 else 0.0


def _total(values: ArrayLike) -> float:
    return float(np.asarray(values).sum())


METRICS = {
    "mean_return": (_mean, "return", True),
    "log_growth": (_growth, "return", True),
    "volatility": (_volatility, "return", False),
    "turnover": (_total, "turnover", False),
}


@dataclass(frozen=True)
class InvestmentTask(Task):
    """Find weights at each split from the rows before it, and hold them, drifting, through its test.

    Parameters
    ----------
    window : int, optional
        Rows before a split that are learnt from; all of them where left out.
    cost : float
        Share of what is bought and sold that it costs, from the first purchase on; 0.001 is ten basis points.
    ds : str
        Column of dates, where a table has no dates as its index.
    aside : tuple of str
        Columns that cannot be held, such as an index or signals. Rules and models of others see them; of our allocators
        only the one that follows an index, its index.

    Notes
    -----
    Predictions have a row a period of a test: "return" (after costs), "gross", "turnover" (bought and sold, in the
    first period of a split), the weights held from there, and "weights so far": a number that stands for all that a
    rule would have held before, and where that is not the same without what comes after, for all that it holds ever; by
    it the leak guard sees rules that peek. Metrics by name: "mean_return", "log_growth" (both a period),
    "volatility", "turnover", and those of shared.

    >>> InvestmentTask(window=250).metric("log_growth").reads
    ('return',)
    """

    from_origin: ClassVar[bool] = True
    window: int | None = None
    cost: float = 0.001
    ds: str = names.DS
    aside: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.window is not None and not is_whole(self.window, least=2):
            raise SettingsError(f"window={self.window!r} is no whole number from 2 on")
        if isinstance(self.cost, bool | str) or not 0 <= self.cost < 1:
            raise SettingsError(f"cost={self.cost!r} is no share from 0 to below 1; 0.001 is ten basis points")
        object.__setattr__(self, "aside", as_names(self.aside, "aside"))

    def metric(self, name: str, **options: object) -> Metric:
        """Make one of this task's metrics by its name, or one of shared's.

        Parameters
        ----------
        name : str
        **options
            For those of shared.
        """
        if name in METRICS and not options:
            function, column, greater = METRICS[name]
            return ArrayMetric(name, function, (column,), greater_is_better=greater)
        try:
            return super().metric(name, **options)
        except SettingsError as error:
            if name in METRICS:
                raise
            raise SettingsError(
                f"there is no metric {name!r} of investments; there are {join_words([*METRICS])}"
            ) from error

    def agree(self, models: Sequence[Any], splitter: object = None) -> InvestmentTask:
        """The same task, with the column of dates that the splitter names where it was told none.

        Parameters
        ----------
        models : sequence of allocator
        splitter : Splitter or sequence of Split
        """
        told = getattr(splitter, "ds", names.DS)
        return replace(self, ds=told) if self.ds == names.DS else self

    @property
    def outcomes(self) -> tuple[str, ...]:
        """What comes from the market, and not from the model."""
        return ("return", "gross")

    def to_table(self, data: Any) -> pd.DataFrame:
        """Bring returns to a frame with a column of dates.

        Parameters
        ----------
        data : frame with dates as its index or in a column
        """
        frame = data if isinstance(data, pd.DataFrame) else as_pandas(data, "returns")
        if self.ds in frame.columns:
            table = frame.reset_index(drop=True)
        elif isinstance(frame.index, pd.DatetimeIndex) or not isinstance(frame.index, pd.RangeIndex):
            table = frame.rename_axis(index=self.ds).reset_index()
        else:
            dated = [name for name in frame.columns if frame[name].dtype.kind == "M"]
            if len(dated) != 1:
                fix = "Make the dates its index, or name their column: InvestmentTask(ds=...)."
                raise DataError("returns", [Problem(f"there is no column {self.ds!r}", fix=fix)])
            table = frame.rename(columns={dated[0]: self.ds}).reset_index(drop=True)
        lost = [name for name in self.aside if name not in table.columns]
        if lost:
            raise DataError("returns", [Problem(f"there is no column {quote(lost)}, which aside= names")])
        read_returns(table.drop(columns=list(self.aside)).set_index(self.ds))
        return table

    def roles(self, data: Any) -> ColumnRoles:
        """Say which column holds the dates.

        Parameters
        ----------
        data : pandas.DataFrame
        """
        return ColumnRoles(time=self.ds)

    def groups(self, splits: Sequence[Split]) -> list[list[Split]]:
        """All splits share one walk: what is held at the end of one is what the next trades from.

        Parameters
        ----------
        splits : sequence of Split
        """
        return [list(splits)]

    def run(self, model: Any, data: Any, splits: Sequence[Split]) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Walk through the splits: decide, trade, hold.

        Parameters
        ----------
        model : allocator
            ``fit(returns)``, then ``weights_``. One that has ``weigh(returns)``, as `RuleStrategy`, is shown the whole
            table once, and asked for its weights of each row; the leak guard sees whether those change with the future.
        data : pandas.DataFrame
        splits : sequence of Split
        """
        assets = [name for name in data.columns if name != self.ds and name not in self.aside]
        shown = data.set_index(self.ds)
        values = data[assets].to_numpy(dtype=float)
        watch, found = Stopwatch(), []
        held = np.zeros(len(assets))
        whole = None
        checked, ahead = None, False
        if hasattr(model, "weigh"):
            with watch("fit", splits[0]):
                whole = model.weigh(shown)
                ahead = _looks_ahead(model, shown, whole, splits)
        elif getattr(model, "takes_checked", False):
            # Our own take what was checked as a whole, and would hold all that they see.
            own = [name for name in shown.columns if name in assets or name == getattr(model, "index", None)]
            checked = read_returns(shown[own])
        for split in splits:
            train = split.train if self.window is None else split.train[-self.window :]
            if len(train) == 0 or len(split.test) == 0:
                raise HexadError(f"split {split.label} has nothing to learn from, or nothing to hold through")
            with watch("fit", split):
                if whole is not None:
                    weights = self._take(whole.iloc[train[-1]], assets)
                else:
                    model.fit(checked.take(train) if checked is not None else shown.iloc[train])
                    weights = self._take(model.weights_, assets)
            with watch("predict", split):
                gross, end = _hold(values[split.test], weights)
                turnover = np.zeros(len(split.test))
                turnover[0] = float(np.abs(weights - held).sum())
                net = gross.copy()
                net[0] = (1.0 + gross[0]) * (1.0 - self.cost * turnover[0]) - 1.0
                held = end
            so_far = 0 if whole is None else _digest(whole if ahead else whole.iloc[train])
            found.append((split, net, gross, turnover, weights, so_far))
        rows = np.concatenate([split.test for split, *_ in found])
        sizes = [len(split.test) for split, *_ in found]
        labels = pd.Series([split.label for split, *_ in found])
        parts = {
            names.SPLIT: labels.repeat(sizes).to_numpy(),
            names.DS: data[self.ds].to_numpy()[rows],
            "return": np.concatenate([one[1] for one in found]),
            "gross": np.concatenate([one[2] for one in found]),
            "turnover": np.concatenate([one[3] for one in found]),
            "weights so far": np.repeat([one[5] for one in found], sizes),
        }
        weighed = np.repeat(np.array([one[4] for one in found]), sizes, axis=0)
        held_at = pd.DataFrame(weighed, columns=[WEIGHT.format(name) for name in assets])
        return pd.concat([pd.DataFrame(parts), held_at], axis=1), watch.to_frame()

    @staticmethod
    def _take(weights: object, assets: Sequence[str]) -> Floats:
        """Weights in the order of the assets; those that are not told are 0."""
        if isinstance(weights, pd.Series) and weights.index.tolist() == list(assets):
            found = weights.to_numpy(dtype=float)
            if np.isfinite(found).all():
                return found
        series = pd.Series(weights)
        series.index = series.index.map(str)
        unknown = [name for name in series.index if name not in set(map(str, assets))]
        if unknown:
            raise HexadError(f"weights of {quote(unknown)}, which cannot be held")
        found = series.reindex(list(map(str, assets))).fillna(0.0).to_numpy(dtype=float)
        if not np.isfinite(found).all():
            raise HexadError("weights are no numbers")
        return found

    def perturb(self, data: Any, split: Split) -> tuple[Any, Split]:
        """Another future: the returns of all rows that may not be learnt from, shuffled and turned round.

        Parameters
        ----------
        data : pandas.DataFrame
        split : Split
        """
        later = np.setdiff1d(np.arange(len(data)), split.train)
        order = np.random.default_rng(0).permutation(len(later))
        changed = data.copy()
        for name in data.columns:
            if name == self.ds:
                continue
            number = data[name].dtype.kind in "fiu"
            column = data[name].to_numpy(dtype=float if number else object).copy()
            column[later] = -0.5 * column[later[order]] if number else column[later[order]]
            changed[name] = column
        return changed, split


def _looks_ahead(model: Any, shown: pd.DataFrame, whole: pd.DataFrame, splits: Sequence[Split]) -> bool:
    """Whether a rule holds something else before some origins where the rows after them are not there.

    One perturbed future changes a choice of two but every other time; several origins leave little to chance.
    """
    places = np.unique(np.linspace(0, len(splits) - 1, ORIGINS).round().astype(int))
    for end in sorted({int(splits[place].train[-1]) + 1 for place in places if len(splits[place].train)}):
        part, known = (one.to_numpy(dtype=float) for one in (model.weigh(shown.iloc[:end]), whole.iloc[:end]))
        if part.shape != known.shape or not np.allclose(part, known, rtol=0.0, atol=1e-9):
            return True
    return False


def _digest(weights: pd.DataFrame) -> int:
    """A number that is another where any of the weights is."""
    return zlib.crc32(np.ascontiguousarray(np.round(weights.to_numpy(dtype=float), 9)).tobytes())


def _hold(returns: Floats, weights: Floats) -> tuple[Floats, Floats]:
    """Returns of a portfolio that is bought and left alone, and the weights that it ends with; the rest is cash."""
    cash = 1.0 - float(weights.sum())
    grown = weights * np.cumprod(1.0 + returns, axis=0)
    wealth = grown.sum(axis=1) + cash
    before = np.concatenate([[1.0], wealth[:-1]])
    if (wealth <= 0).any():
        raise HexadError("the portfolio lost all it had: short positions, or returns below -100 %")
    return wealth / before - 1.0, grown[-1] / wealth[-1]
