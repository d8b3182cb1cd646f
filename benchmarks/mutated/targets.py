"""All targets by name, and the mutant of a number."""

from __future__ import annotations

import contextlib
import gzip
import json
import random
import warnings
from collections.abc import Callable, Iterable
from functools import cache

from benchmarks.mutated.base import RAW, Sample, Target
from benchmarks.mutated.changes import mutate_bytes, zip_members
from benchmarks.mutated.databases import (
    change_duckdb,
    change_signed_duckdb,
    change_sqlite,
    duckdb_samples,
    sqlite_samples,
)
from benchmarks.mutated.models import (
    change_model,
    change_rules,
    detectors,
    fit_learner,
    learners,
    load_rules,
    matrix_estimators,
    rules_samples,
    use_model,
    use_rules,
)
from benchmarks.mutated.tables import (
    CSV,
    ROWS,
    change_csv,
    change_json,
    change_parquet,
    change_workbook,
    change_zipped_csv,
    in_gzip,
    parquet_samples,
    texts,
    workbook_samples,
)
from shared.data import read_table
from shared.runtime.store import dump_model, load_model

# Targets


def _table(name: str, samples: Callable[[], list[Sample]], change: Callable[[random.Random, Sample], Sample]) -> Target:
    suffix = {"zip": ".csv.zip", "duckdb.signed": ".duckdb"}.get(name, f".{name}")
    return Target(name, suffix, cache(samples), change, read_table)


LINES = "\n".join(map(json.dumps, ROWS))
TABLES = {
    one.name: one
    for one in (
        _table("csv", texts(CSV), change_csv),
        _table("csv.gz", texts(CSV, lambda data: gzip.compress(data, mtime=0)), in_gzip(change_csv)),
        _table("json", texts(json.dumps(ROWS)), change_json),
        _table("jsonl", texts(LINES), change_json),
        _table("jsonl.gz", texts(LINES, lambda data: gzip.compress(data, mtime=0)), in_gzip(change_json)),
        _table("parquet", parquet_samples, change_parquet),
        _table("xlsx", workbook_samples, change_workbook),
        _table("sqlite", sqlite_samples, change_sqlite),
        _table("duckdb", duckdb_samples, change_duckdb),
        _table("zip", texts(CSV, lambda data: zip_members([("t.csv", data)])), change_zipped_csv),
    )
}
SIGNED = {"duckdb.signed": _table("duckdb.signed", duckdb_samples, change_signed_duckdb)}
RULES = Target("Rules", ".parquet", cache(rules_samples), change_rules, load_rules, use_rules)


@cache
def _models() -> dict[str, Target]:
    names = [*learners(), *matrix_estimators(), *detectors(), "RuleRecommender"]

    def samples(name: str) -> Callable[[], list[Sample]]:
        return cache(lambda: [Sample(dump_model(fit_learner(name)))])

    made = {name: Target(name, ".hexad", samples(name), change_model, load_model, use_model(name)) for name in names}
    return made | {RULES.name: RULES}


def choose_targets(names: Iterable[str] = ("tables", "models")) -> list[Target]:
    """Targets by their names; "tables" and "models" stand for all of a group.

    Parameters
    ----------
    names : iterable of str

    Returns
    -------
    list of Target

    Raises
    ------
    ValueError
        There is no such target.

    >>> [target.name for target in choose_targets(["csv", "json"])]
    ['csv', 'json']
    """
    everything = {**TABLES, **SIGNED, **_models()}
    found: dict[str, Target] = {}
    for name in names:
        group = {"tables": TABLES, "models": _models()}.get(name)
        if group is None and name not in everything:
            raise ValueError(f"there is no target {name!r}; there are tables, models, {', '.join(everything)}")
        found.update(group or {name: everything[name]})
    return list(found.values())


def make_mutant(target: Target, seed: int, number: int) -> Sample:
    """The file that a target, a seed and a number stand for.

    >>> target = TABLES["csv"]
    >>> make_mutant(target, 0, 7) == make_mutant(target, 0, 7)
    True
    """
    rng = random.Random(f"{seed}:{target.name}:{number}")
    sample = rng.choice(target.samples())
    if rng.random() >= RAW:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            # Where a library cannot write what was thought of, bytes are changed instead.
            with contextlib.suppress(Exception):
                return target.change(rng, sample)
    return Sample(mutate_bytes(rng, sample.data), sample.options)
