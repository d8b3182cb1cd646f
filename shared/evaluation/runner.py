"""One runner: models x splits x metrics -> a tidy table with timings; what is finished is kept."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import pickle
import platform
import time
import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from shared.data import columns as names
from shared.data.fingerprint import fingerprint
from shared.data.panel import Panel
from shared.data.splits import Split
from shared.errors import HexadError, StoreError, quote
from shared.evaluation.design import describe_splits, sort_in_time
from shared.evaluation.leakage.guard import (
    check_columns,
    compare_predictions,
    find_proxies,
    find_telling_columns,
    predict_perturbed,
    read_columns,
    say_foresight,
)
from shared.evaluation.leakage.report import LeakReport, LeakWarning
from shared.evaluation.metrics import ArrayMetric, Metric
from shared.evaluation.scores import Scores, score_predictions
from shared.evaluation.task import Splitter, Task, lend_stamps, make_splits, take_rows
from shared.runtime.files import as_json
from shared.runtime.manifest import Manifest
from shared.runtime.parallel import map_parallel
from shared.runtime.progress import progress
from shared.typing import Estimator

__all__ = ["evaluate"]

OWN = "the guard's own"
MAX_PIECE = 1 << 30
PACKAGES = ("hexad", "scikit-learn", "numpy", "scipy", "pandas")


def evaluate(
    models: Mapping[str, Any] | Sequence[Any] | Estimator,
    data: Any,
    splits: Splitter | Sequence[Split],
    metrics: Iterable[Metric | str],
    *,
    baselines: Mapping[str, Any] | Sequence[Any] | Estimator,
    task: Task | None = None,
    n_jobs: int | None = None,
    keep: Path | None = None,
    show: bool | None = None,
    guard: bool = True,
) -> Scores:
    """Try models on the same splits of some data, beside baselines, and score them.

    Parameters
    ----------
    models : mapping of str to estimator, or several estimators
        Cloned before use; left unfitted. Named by their classes where no names are given. Columns are named once, in a
        model, in the task or in the splitter: who was told none reads those of the others.
    data : frame, Panel, Incidence or array
        As the task needs them.
    splits : Splitter, scikit-learn splitter, or sequence of Split
        Such as `shared.data.WalkForward` or ``KFold(5)``.
    metrics : iterable of Metric or str
        Names are those that the task knows, as in "mae", "coverage-90" or "roc_auc"; see ``task.metric``. What a metric
        needs of the training rows, such as MASE's scales, comes from those of the first split.
    baselines : mapping of str to estimator, or several estimators
        At least one; a result without a baseline says nothing.
    task : Task, optional
        How the models are fitted and asked; where left out, the task that the models name: their ``default_task()``.
    n_jobs : int, optional
        Workers; results do not depend on it.
    keep : path, optional
        Folder in which each finished piece is kept, so that a broken run goes on where it was.
    show : bool, optional
        Whether to show progress; by default on terminals only.
    guard : bool
        Whether the leak guard asks every model again at the first split, with everything replaced that is not known
        there. A leak is told by a `LeakWarning`, and stands in ``Scores.leaks``. It costs one more fit a model, two
        where a model has no seed or leaks.

    Returns
    -------
    Scores

    Raises
    ------
    HexadError
        No baseline, a name that stands for two models, no task, or a metric that these predictions do not allow.

    >>> from domains.timeseries import Drift, SeasonalNaive
    >>> from shared.data.splits import WalkForward
    >>> table = pd.DataFrame({"ds": range(20), "y": [float(i) for i in range(20)]})
    >>> walk = WalkForward(2, every=2, n_splits=3)
    >>> scores = evaluate({"drift": Drift()}, table, walk, ["mae"], baselines={"naive": SeasonalNaive()})
    >>> scores.table()["mae"].to_dict()
    {'naive': 1.5, 'drift': 0.0}
    """
    models, baselines = name_models(models, "models"), name_models(baselines, "baselines")
    if not baselines:
        raise HexadError("evaluate needs at least one baseline: a result without one says nothing")
    if twice := set(models) & set(baselines):
        raise HexadError(f"{sorted(twice)} name both a model and a baseline")
    every = [*models.values(), *baselines.values()]
    task = (task or find_task(every)).agree(every, splits)
    contenders = {name: task.lend_columns(model) for name, model in {**baselines, **models}.items()}
    judges = check_metrics(metrics, task)
    data = task.to_table(data.to_frame() if isinstance(data, Panel) else data)
    splits = lend_stamps(splits, task.roles(data))
    cuts, notes = task.choose_rows(data, make_splits(splits, data, task.strata(data)))
    cuts = sort_in_time(cuts, _times(data, task))
    for judge in judges:
        task.check_outcomes(judge, data, cuts)
    first = take_rows(data, cuts[0].train)
    prepared = tuple(judge.prepare(first) for judge in judges)
    pieces = [_Piece(name, tuple(group)) for name in contenders for group in task.groups(cuts)]
    other = task.perturb(data, cuts[0]) if guard else None
    if other is not None:
        pieces += [_Piece(name, (cuts[0],), again=True) for name in contenders]
    data_key = fingerprint(data) if keep else ""
    pieces_kept = _open_pieces(keep) if keep else None

    with progress("evaluating", len(pieces), show=show) as advance:

        def work(piece: _Piece, data: Any) -> tuple[_Piece, pd.DataFrame, pd.DataFrame]:
            model = contenders[piece.name]
            key = _piece_key(model, piece, task, data_key) if keep else ""
            kept = _read_piece(pieces_kept, key, piece.cuts) if pieces_kept is not None else None
            predicted, timings = kept or _run_piece(piece, model, data, task)
            if pieces_kept is not None and kept is None:
                seconds = timings.drop(columns=names.SPLIT)
                seconds["cut"] = [[str(cut.label) for cut in piece.cuts].index(str(at)) for at in timings[names.SPLIT]]
                timed = as_json(json.loads(seconds.to_json(orient="records"))).encode()
                with contextlib.suppress(StoreError):  # what stands there and was changed is not ours to replace
                    pieces_kept.write(f"{key}.json", timed)
                    pieces_kept.write(f"{key}.parquet", predicted.to_parquet(index=False))
            return piece, predicted, timings

        done = map_parallel(work, pieces, n_jobs=n_jobs, done=lambda result: advance(result[0].name), common=(data,))
    tried = [result for result in done if not result[0].again]
    _refuse_taken(tried[0][1])
    predictions = pd.concat([p.assign(**{names.MODEL: piece.name}) for piece, p, _ in tried], ignore_index=True)
    timings = pd.concat([t.assign(**{names.MODEL: piece.name}) for piece, _, t in tried], ignore_index=True)
    leaks = _find_leaks(contenders, data, cuts[0], task, done) if guard else ()
    for report in leaks:
        if report.leaks:
            warnings.warn(report.explain(), LeakWarning, stacklevel=2)
    found = score_predictions(predictions, judges, prepared)
    one = predictions[predictions[names.MODEL] == next(iter(contenders))]
    for judge, own in zip(judges, prepared, strict=True):
        notes += judge.notes(one, own) if isinstance(judge, ArrayMetric) else ()
    design = describe_splits(
        cuts, _times(data, task), in_time=bool(getattr(splits, "in_time", False)), units=task.units_are_independent
    )
    return Scores(found, predictions, timings, tuple(baselines), judges, prepared, leaks, design, notes)


def _refuse_taken(predictions: pd.DataFrame) -> None:
    """Refuse predictions with a column that evaluation names itself."""
    if names.MODEL in predictions.columns:
        raise HexadError(
            f"predictions have a column {names.MODEL!r}, in which evaluation keeps the name of the model; rename yours"
        )


def _times(data: object, task: Task) -> Any:
    """Times of the rows that are cut; None where there are none."""
    if isinstance(data, pd.DataFrame):
        time_column = task.roles(data).time
        return data[time_column] if time_column in data.columns else None
    return getattr(data, "times", None)


def name_models(models: Any, what: str) -> dict[str, Any]:
    """Models by name: as they were named, or by their classes where they were not.

    Parameters
    ----------
    models : mapping of str to estimator, estimator, or sequence of estimator
    what : str
        What they are called in the message.

    Raises
    ------
    HexadError
        A class stands where an object of it is wanted, or two models would have one name.

    >>> from domains.timeseries import Drift, SeasonalNaive
    >>> list(name_models([Drift(), SeasonalNaive(7)], "models")), list(name_models({"mine": Drift()}, "models"))
    (['Drift', 'SeasonalNaive'], ['mine'])
    """
    if isinstance(models, Mapping):
        named = dict(models)
    else:
        listed = list(models) if isinstance(models, list | tuple) else [models]
        kinds = [one.__name__ if isinstance(one, type) else type(one).__name__ for one in listed]
        if twice := sorted({kind for kind in kinds if kinds.count(kind) > 1}):
            raise HexadError(
                f"{what}: two are a {quote(twice)}; give them names, as in {{'weekly': {twice[0]}(...), ...}}"
            )
        named = dict(zip(kinds, listed, strict=True))
    for name, model in named.items():
        if not isinstance(name, str):
            raise HexadError(f"{what}: {quote([name])} is a {type(name).__name__}; name models by text, as in 'weekly'")
        if isinstance(model, type):
            raise HexadError(
                f"{what}: {quote([name])} is the class {model.__name__}; give an object: {model.__name__}()"
            )
        if not hasattr(model, "fit"):
            raise HexadError(f"{what}: {quote([name])} is a {type(model).__name__}, which cannot be fitted")
    return named


def find_task(models: Iterable[Any]) -> Task:
    """The task that the first model with one names.

    Parameters
    ----------
    models : iterable of estimator

    Raises
    ------
    HexadError
        None names one.

    >>> from domains.timeseries import Drift
    >>> type(find_task([Drift()])).__name__
    'ForecastTask'
    """
    kinds = []
    for model in models:
        if hasattr(model, "default_task"):
            found: Task = model.default_task()
            return found
        kinds.append(type(model).__name__)
    raise HexadError(f"{quote(kinds)} do not say how they are evaluated; give the task of their domain: task=")


def check_metrics(metrics: Iterable[Metric | str], task: Task) -> tuple[Metric, ...]:
    """Make metrics of names, and refuse, before any work, those that cannot be told apart or have nothing to read.

    Parameters
    ----------
    metrics : iterable of Metric or str
    task : Task

    Raises
    ------
    HexadError

    >>> from domains.timeseries import ForecastTask
    >>> [metric.name for metric in check_metrics(["mae", "mase"], ForecastTask())]
    ['mae', 'mase']
    """
    if isinstance(metrics, str):
        metrics = (metrics,)
    made = tuple(task.metric(metric) if isinstance(metric, str) else task.lend_to_metric(metric) for metric in metrics)
    if not made:
        raise HexadError("evaluate needs at least one metric")
    given = [metric.name for metric in made]
    if repeated := sorted({name for name in given if given.count(name) > 1}):
        raise HexadError(
            f"two metrics are called {quote(repeated)}; give one of them another name: task.metric(..., label=)"
        )
    for metric in made:
        task.check_metric(metric)
    return made


@dataclass(frozen=True)
class _Piece:
    """One piece of work: a model at splits that share one fit; `again` for the leak guard."""

    name: str
    cuts: tuple[Split, ...]
    again: bool = False


def _run_piece(piece: _Piece, model: object, data: object, task: Task) -> tuple[pd.DataFrame, pd.DataFrame]:
    from sklearn.base import clone

    if not piece.again:
        return task.run(clone(model), data, piece.cuts)
    start = time.perf_counter()
    other, own = predict_perturbed(model, data, piece.cuts[0], task)
    if own is not None:  # a model without a seed is compared with itself under one
        other = pd.concat([other.assign(**{OWN: False}), own.assign(**{OWN: True})], ignore_index=True)
    seconds = {names.SPLIT: [piece.cuts[0].label], "what": ["guard"], "seconds": [time.perf_counter() - start]}
    return other, pd.DataFrame(seconds)


def _find_leaks(
    contenders: Mapping[str, Any], data: object, cut: Split, task: Task, done: list[Any]
) -> tuple[LeakReport, ...]:
    """What the guard found in each model, and in the columns that all are shown."""
    shared_by_all = check_columns(data, cut, task)
    told = {column for leak in shared_by_all for column in leak.columns}
    telling = {one.column: one for one in find_telling_columns(data, task) if one.column not in told}
    proxies = find_proxies(data, task, aside=told)
    timed = task.roles(data).time is not None
    reports = []
    for name, model in contenders.items():
        mine = [result for result in done if result[0].name == name]
        again = next((p for piece, p, _ in mine if piece.again), None)
        if again is None:
            reports.append(LeakReport(name, shared_by_all, (), ("its task does not say what is known at a split",)))
            continue
        if OWN in again.columns:
            own = again[OWN].to_numpy(dtype=bool)
            first, second = again[own].drop(columns=OWN), again[~own].drop(columns=OWN)
        else:
            predicted = next(p for piece, p, _ in mine if not piece.again)
            at_first = (predicted[names.SPLIT] == cut.label) | (predicted[names.SPLIT].isna() & pd.isna(cut.label))
            first, second = predicted[at_first], again
        report = compare_predictions(name, model, data, cut, task, first, second)
        asked = dict.fromkeys([*telling, *(told if timed else ())])
        read = read_columns(model, data, cut, task, list(asked)) if asked else []
        # A forecaster that looks at no such column has not seen what it tells.
        seen = [leak for leak in shared_by_all if not timed or not leak.columns or set(leak.columns) & set(read)]
        leaks = (*report.leaks, *seen, *(say_foresight(telling[column]) for column in read if column in telling))
        reports.append(replace(report, leaks=leaks, notes=(*report.notes, *proxies)))
    return tuple(reports)


def _open_pieces(folder: Path) -> Manifest:
    folder.mkdir(parents=True, exist_ok=True)
    return Manifest.of(folder)


def _read_piece(pieces: Manifest, key: str, group: Sequence[Split]) -> tuple[pd.DataFrame, pd.DataFrame] | None:
    """A finished piece of an earlier run; None where there is none, or where it is not as it was written."""
    seconds, predicted = (pieces.read(f"{key}.{suffix}", MAX_PIECE) for suffix in ("json", "parquet"))
    if seconds is None or predicted is None:
        return None
    try:
        timings = pd.DataFrame(json.loads(seconds))
        labels = [group[place].label for place in timings.pop("cut")]
        timings.insert(0, names.SPLIT, labels)
        return pd.read_parquet(io.BytesIO(predicted)), timings
    except (OSError, ValueError, KeyError, IndexError, TypeError):  # Arrow's errors are ValueErrors
        return None


def _piece_key(model: Estimator, piece: _Piece, task: Task, data_key: str) -> str:
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
        "task": _describe(task),
        "data": data_key,
        "versions": [platform.python_version(), *(version(name) for name in PACKAGES)],
    }
    return hashlib.sha256(json.dumps(described, sort_keys=True).encode()).hexdigest()[:24]


def _describe(task: Task) -> list[str]:
    """What a task is, by the content of its settings; tables among them are not told apart by how they print."""
    import joblib

    said = [f"{type(task).__module__}.{type(task).__qualname__}"]
    for name, value in vars(task).items():
        try:
            said.append(f"{name}={joblib.hash(value)}")
        except (pickle.PicklingError, AttributeError, TypeError):  # such as a function made on the spot
            said.append(f"{name}={value!r}")
    return said
