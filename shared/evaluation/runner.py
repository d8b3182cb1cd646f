"""One runner: models x splits x metrics -> a tidy table with timings; what is finished is kept."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import platform
import time
import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pandas as pd

from shared.data import columns as names
from shared.data.fingerprint import fingerprint
from shared.data.splits import Split
from shared.errors import HexadError, StoreError, quoted
from shared.evaluation.leakage.guard import asked_again, guarded_columns, judged
from shared.evaluation.leakage.report import LeakReport, LeakWarning
from shared.evaluation.scorers import Scorer
from shared.evaluation.scores import Scores, scored
from shared.evaluation.tasks import Forecaster, ForecastingTask, Task
from shared.runtime.files import as_json
from shared.runtime.manifest import Manifest
from shared.runtime.parallel import map_parallel
from shared.runtime.progress import progress

__all__ = ["Forecaster", "ForecastingTask", "Scores", "Splitter", "Task", "evaluate"]

OWN = "the guard's own"
MAX_PIECE = 1 << 30
PACKAGES = ("hexad", "scikit-learn", "numpy", "scipy", "pandas")


class Splitter(Protocol):
    """Cuts a table; see `shared.data.splits`.

    >>> from shared.data.splits import LastN
    >>> splitter: Splitter = LastN(1)
    """

    def splits(self, table: pd.DataFrame) -> list[Split]:
        """Return the cuts, earliest first."""
        ...


def evaluate(
    models: Mapping[str, Any],
    table: pd.DataFrame,
    splits: Splitter,
    metrics: Iterable[Scorer],
    *,
    baselines: Mapping[str, Any],
    task: Task | None = None,
    n_jobs: int | None = None,
    keep: Path | None = None,
    show: bool | None = None,
    guard: bool = True,
) -> Scores:
    """Try models on the same cuts of a table, beside baselines, and score them.

    Parameters
    ----------
    models : mapping of str to estimator
        Cloned before use; left unfitted.
    table : pandas.DataFrame
        The data, as the task needs them.
    splits : Splitter
        Such as `shared.data.WalkForward`.
    metrics : iterable of Scorer
        See `scorer`. Scales come from the rows before the first cutoff.
    baselines : mapping of str to estimator
        At least one; a result without a baseline says nothing.
    task : Task, optional
        How the models are fitted and asked; forecasting where left out.
    n_jobs : int, optional
        Workers; results do not depend on it.
    keep : path, optional
        Folder in which each finished piece is kept, so that a broken run goes on where it was.
    show : bool, optional
        Whether to show progress; by default on terminals only.
    guard : bool
        Whether the leak guard asks every model again at the first cut, with everything replaced that comes after it. A
        leak is told by a `LeakWarning`, and stands in ``Scores.leaks``. It costs one more fit a model, two where a model
        has no seed or leaks.

    Raises
    ------
    HexadError
        No baseline, or a name that stands for two models.

    >>> from domains.timeseries import Drift, SeasonalNaive
    >>> from shared.data.splits import WalkForward
    >>> from shared.evaluation.scorers import scorer
    >>> table = pd.DataFrame({"ds": range(20), "y": [float(i) for i in range(20)]})
    >>> walk = WalkForward(2, every=2, n_splits=3)
    >>> scores = evaluate({"drift": Drift()}, table, walk, [scorer("mae")], baselines={"naive": SeasonalNaive()})
    >>> scores.table()["mae"].to_dict()
    {'naive': 1.5, 'drift': 0.0}
    """
    task = task or ForecastingTask()
    if not baselines:
        raise HexadError("evaluate needs at least one baseline: a result without one says nothing")
    metrics = list(metrics)
    _check_metrics(metrics, task)
    if twice := set(models) & set(baselines):
        raise HexadError(f"{sorted(twice)} name both a model and a baseline")
    contenders = {**baselines, **models}
    cuts = splits.splits(table)
    pieces = [_Piece(name, tuple(group)) for name in contenders for group in task.groups(cuts)]
    if guard and hasattr(task, "another_future"):
        pieces += [_Piece(name, (cuts[0],), again=True) for name in contenders]
    data_key = fingerprint(table) if keep else ""
    pieces_kept = _open_pieces(keep) if keep else None

    with progress("evaluating", len(pieces), show=show) as advance:

        def work(piece: _Piece) -> tuple[_Piece, pd.DataFrame, pd.DataFrame]:
            model = contenders[piece.name]
            key = _piece_key(model, piece, task, data_key) if keep else ""
            kept = _kept(pieces_kept, key, piece.cuts) if pieces_kept is not None else None
            predicted, timings = kept or _done(piece, model, table, task)
            if pieces_kept is not None and kept is None:
                seconds = timings.drop(columns=names.CUTOFF)
                seconds["cut"] = [[str(cut.label) for cut in piece.cuts].index(str(at)) for at in timings[names.CUTOFF]]
                timed = as_json(json.loads(seconds.to_json(orient="records"))).encode()
                with contextlib.suppress(StoreError):  # what stands there and was changed is not ours to replace
                    pieces_kept.write(f"{key}.json", timed)
                    pieces_kept.write(f"{key}.parquet", predicted.to_parquet(index=False))
            return piece, predicted, timings

        done = map_parallel(work, pieces, n_jobs=n_jobs, done=lambda result: advance(result[0].name))
    tried = [result for result in done if not result[0].again]
    predictions = pd.concat([p.assign(**{names.MODEL: piece.name}) for piece, p, _ in tried], ignore_index=True)
    timings = pd.concat([t.assign(**{names.MODEL: piece.name}) for piece, _, t in tried], ignore_index=True)
    first = table.iloc[cuts[0].train]
    leaks = _leaks(contenders, table, cuts[0], task, done) if guard else ()
    for report in leaks:
        if report.leaks:
            warnings.warn(report.explain(), LeakWarning, stacklevel=2)
    scales = [metric.scales(first, task.columns) for metric in metrics]
    found = scored(predictions, metrics, task.columns, scales)
    return Scores(found, predictions, timings, tuple(baselines), task.columns, leaks)


@dataclass(frozen=True)
class _Piece:
    """One piece of work: a model at cuts that share one fit; `again` for the leak guard."""

    name: str
    cuts: tuple[Split, ...]
    again: bool = False


def _done(piece: _Piece, model: Any, table: pd.DataFrame, task: Task) -> tuple[pd.DataFrame, pd.DataFrame]:
    from sklearn.base import clone

    if not piece.again:
        return task.run(clone(model), table, piece.cuts)
    start = time.perf_counter()
    other, own = asked_again(model, table, piece.cuts[0], task)
    if own is not None:  # a model without a seed is compared with itself under one
        other = pd.concat([other.assign(**{OWN: False}), own.assign(**{OWN: True})], ignore_index=True)
    seconds = {names.CUTOFF: [piece.cuts[0].label], "what": ["guard"], "seconds": [time.perf_counter() - start]}
    return other, pd.DataFrame(seconds)


def _leaks(
    contenders: Mapping[str, Any], table: pd.DataFrame, cut: Split, task: Task, done: list[Any]
) -> tuple[LeakReport, ...]:
    """What the guard found in each model, and in the columns that all are shown."""
    shared_by_all = guarded_columns(table, cut, task)
    reports = []
    for name, model in contenders.items():
        mine = [result for result in done if result[0].name == name]
        again = next((p for piece, p, _ in mine if piece.again), None)
        if again is None:
            reports.append(LeakReport(name, shared_by_all, (), ("its task does not say what is known at a cut",)))
            continue
        if OWN in again.columns:
            own = again[OWN].to_numpy(dtype=bool)
            first, second = again[own].drop(columns=OWN), again[~own].drop(columns=OWN)
        else:
            predicted = next(p for piece, p, _ in mine if not piece.again)  # the first cut stands first
            first, second = predicted.iloc[: len(cut.test)], again
        report = judged(name, model, table, cut, task, first, second)
        reports.append(replace(report, leaks=(*report.leaks, *shared_by_all)))
    return tuple(reports)


def _check_metrics(metrics: list[Scorer], task: Task) -> None:
    """Refuse, before any work, metrics that could not be told apart or whose intervals are not forecast."""
    if not metrics:
        raise HexadError("evaluate needs at least one metric")
    repeated = sorted({metric.name for metric in metrics if [m.name for m in metrics].count(metric.name) > 1})
    if repeated:
        raise HexadError(
            f"two metrics are called {quoted(repeated)}; give one of them another name: scorer(..., name=)"
        )
    levels = getattr(task, "levels", None)
    if levels is not None:
        lost = [metric.name for metric in metrics if metric.level is not None and metric.level not in levels]
        if lost:
            raise HexadError(
                f"{quoted(lost)} need intervals that are not forecast; add their levels to the task: levels="
            )


def _open_pieces(folder: Path) -> Manifest:
    folder.mkdir(parents=True, exist_ok=True)
    return Manifest.of(folder)


def _kept(pieces: Manifest, key: str, group: Sequence[Split]) -> tuple[pd.DataFrame, pd.DataFrame] | None:
    """A finished piece of an earlier run; None where there is none, or where it is not as it was written."""
    seconds, predicted = (pieces.read(f"{key}.{suffix}", MAX_PIECE) for suffix in ("json", "parquet"))
    if seconds is None or predicted is None:
        return None
    try:
        timings = pd.DataFrame(json.loads(seconds))
        labels = [group[place].label for place in timings.pop("cut")]
        timings.insert(0, names.CUTOFF, labels)
        return pd.read_parquet(io.BytesIO(predicted)), timings
    except (OSError, ValueError, KeyError, IndexError, TypeError):  # Arrow's errors are ValueErrors
        return None


def _piece_key(model: Any, piece: _Piece, task: Task, data_key: str) -> str:
    """Name a piece by everything its result depends on."""
    from importlib.metadata import version

    import joblib

    rows = hashlib.sha256()
    for cut in piece.cuts:
        rows.update(f"{cut.label}\0".encode())
        for part in (cut.train, cut.test):
            rows.update(np.asarray(part, dtype=np.int64).tobytes() + b"|")
    described = {
        "model": f"{type(model).__module__}.{type(model).__qualname__}",
        # joblib hashes arrays by their content, where a repr would shorten them.
        "parameters": {key: joblib.hash(value) for key, value in model.get_params(deep=True).items()},
        "cuts": rows.hexdigest(),
        "again": piece.again,
        "task": repr(task),
        "data": data_key,
        "versions": [platform.python_version(), *(version(name) for name in PACKAGES)],
    }
    return hashlib.sha256(json.dumps(described, sort_keys=True).encode()).hexdigest()[:24]
