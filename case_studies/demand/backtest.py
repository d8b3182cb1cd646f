"""The trials of the demand study: the same protocol at any time of day, on any day of the week."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from sklearn.base import clone

from domains.timeseries import ForecastTask, LagForecaster
from shared.data import Frequency, WalkForward
from shared.errors import HexadError, Problems
from shared.evaluation import Scores, evaluate
from shared.text import count_of

from .settings import DemandSettings

__all__ = ["LEAST", "Trials"]

LEAST = "28D"  # what one of the baselines, the mean of the last four weeks, needs
SHORTER = "Give a longer table, or fewer origins: --set origins=, --set every=, --set horizon=, --set first_origin=."
MORE_LEVELS = (50.0, 80.0)  # intervals that show whether the quantiles between are true, too


@dataclass
class Trials:
    """Tries models at past origins; fitted once before the first, later rows enter as history only.

    Attributes
    ----------
    demand : pandas.DataFrame
        The whole table.
    grid : Frequency
        Its grid.
    keep : path, optional
        Where finished pieces are kept.

    >>> grid = Frequency("fixed", 1800 * 10**9, tz="Australia/Melbourne")
    >>> table = pd.DataFrame({"Time": pd.date_range("2024-01-01", periods=48, freq="30min")})
    >>> trials = Trials(DemandSettings(), table, grid)
    >>> trials.horizon, trials.clocks
    (96, ['00:00', '12:00'])
    """

    settings: DemandSettings
    demand: pd.DataFrame
    grid: Frequency
    keep: Path | None = None

    @property
    def horizon(self) -> int:
        """Steps ahead."""
        return self.grid.steps(self.settings.horizon)

    @property
    def clocks(self) -> list[str]:
        """Times of day at which it is tried: first that at which the forecast after the table starts."""
        stamps = self.demand[self.settings.columns.time]
        start = f"{stamps.iloc[-1] + (stamps.iloc[-1] - stamps.iloc[-2]):%H:%M}"
        return list(dict.fromkeys([start, *self.settings.clocks]))

    @property
    def whole_year(self) -> bool:
        """Whether the course of the year can be learnt before the first origin: one year cannot tell it from growth."""
        before = self.walk(self.clocks[0]).splits(self.demand)[0].train
        return len(before) >= 2 * self.grid.steps("365D")

    def walk(self, clock: str) -> WalkForward:
        """Origins at a time of day."""
        s = self.settings
        return WalkForward(
            self.horizon,
            every=s.every,
            n_splits=s.origins,
            first=s.first_origin or None,
            at=clock,
            ds=s.columns.time,
        )

    def check(self, source: str) -> Trials:
        """Refuse a table in which nothing can be tried, before any work, in the words of the settings.

        Raises
        ------
        DataError
            The table is too short for the origins, or its demand never changes.
        """
        problems = Problems(source)
        s = self.settings
        try:
            cuts = [self.walk(clock).splits(self.demand)[0] for clock in self.clocks]
        except HexadError as error:
            told = str(error).split(" Lower n_splits")[0].removeprefix("WalkForward: ")
            problems.add(
                f"{told.rstrip('.')}",
                column=s.columns.time,
                fix=SHORTER,
            )
            cuts = []
        week, least = self.grid.steps("7D"), self.grid.steps(LEAST)
        y = self.demand[s.columns.demand].to_numpy()
        for cut in cuts[:1]:
            before = y[cut.train]
            if len(before) < least:
                problems.add(
                    f"{count_of(len(before), 'row')} before the first origin, and {least:,} (four weeks) are needed to"
                    " learn from",
                    column=s.columns.time,
                    fix=SHORTER,
                )
            elif (before[week:] == before[:-week]).all():
                problems.add(
                    f"does not change from one week to the next in the {len(before):,} rows before the first origin",
                    column=s.columns.demand,
                    fix="There is nothing to forecast: look for a column that stands still.",
                )
        problems.raise_if_any()
        return self

    def at(
        self,
        clock: str,
        models: dict[str, Any],
        naives: dict[str, Any],
        *,
        known: tuple[str, ...] = (),
        levels: tuple[float, ...] = (),
        walk: WalkForward | None = None,
    ) -> Scores:
        """Try models and naives at a time of day; beyond an origin they see the holidays and what is `known`."""
        if not levels:  # without intervals there is nothing to calibrate
            models = {name: clone(model).set_params(calibration_folds=0) for name, model in models.items()}
        columns = self.settings.columns
        known = (*((columns.holiday,) if columns.holiday else ()), *known)
        task = ForecastTask(
            self.settings.series, known=known, levels=tuple(sorted({*levels, *MORE_LEVELS} if levels else ()))
        )
        metrics = [task.metric("mase", seasonality=self.grid.steps("7D")), task.metric("mae")]
        metrics += [task.metric(name, level=level) for level in levels for name in ("coverage", "interval_score")]
        return evaluate(
            models,
            self.demand,
            walk or self.walk(clock),
            metrics,
            baselines=naives,
            task=task,
            n_jobs=self.settings.n_jobs,
            keep=self.keep,
            guard=self.settings.leak_guard,
        )

    def each_weekday(self, models: dict[str, Any], naives: dict[str, Any]) -> Scores:
        """Try at the first time of day on every day, from the first origin on, as long as the data reach."""
        walk = self.walk(self.clocks[0])
        cutoffs = [cut.label for cut in walk.splits(self.demand)]
        last = cutoffs[-1] + pd.DateOffset(days=6)
        days = (last.normalize() - cutoffs[0].normalize()).days + 1
        stamps = self.demand[self.settings.columns.time]
        room = stamps.iloc[len(stamps) - self.horizon]
        while last > room:
            last, days = last - pd.DateOffset(days=1), days - 1
        daily = WalkForward(
            self.horizon,
            every="1D",
            n_splits=days,
            first=cutoffs[0],
            at=self.clocks[0],
            ds=self.settings.columns.time,
        )
        return self.at(self.clocks[0], models, naives, walk=daily)

    def fit_and_update(self, model: LagForecaster) -> LagForecaster:
        """A model fitted before the first origin that has since seen all the rest."""
        cut = self.walk(self.clocks[0]).splits(self.demand)[0]
        model = clone(model).set_params(calibration_folds=0)
        model.fit(self.demand.iloc[cut.train])
        model.update(self.demand.iloc[len(cut.train) :])
        return model
