"""Rules on disk: a Parquet file that any tool reads, with what else belongs to them in its metadata."""

from __future__ import annotations

import hashlib
import io
import json
import re
from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from domains.basket.names import format_set
from domains.basket.rules.query import RuleQuery
from domains.basket.rules.rule_table import R, RuleTable, Sets
from shared.checks import is_whole
from shared.data.io.parquet_footer import count_values
from shared.errors import HexadError, StoreError, quote
from shared.runtime.export import write_table
from shared.runtime.files import write_bytes

__all__ = ["export_rules", "load_rules", "save_rules"]

FORMAT = 2
KEY = b"hexad.rules"
MAX_BYTES = 1 << 31
# A hundred million entries take 0.4 GB; a million rules of five items have five million.
MOST_BASKETS = 200_000_000  # tests of more would take gigabytes
# What tests add to rules: shares, and amounts that are never below zero.
SHARES, AMOUNTS = ("p_value", "p_adjusted"), ("expected", "adjusted_lift", "customers")
MAX_VALUES = 100_000_000
FRACTION = re.compile(r"\d{1,20}(/\d{1,20})?")


def save_rules(rules: RuleTable, path: Path) -> None:
    """Write rules whole or not at all.

    >>> import tempfile
    >>> from domains.basket import Rules, association_rules
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     rules = association_rules([["a", "b"]], 0.5, min_support=1)
    ...     rules.save(Path(folder) / "rules.parquet")
    ...     Rules.load(Path(folder) / "rules.parquet").sentence(0)
    'b → a: 1 of 1 baskets (100 %), lift 1'
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    if path.suffix.lower() not in {".parquet", ".pq"}:
        raise HexadError(f"{quote([path.name])}: rules are saved as .parquet; for a .csv use export")
    table = pa.Table.from_pandas(rules.to_frame(measures=()), preserve_index=False)
    asked = rules.query
    about: dict[str, Any] = {
        "format": FORMAT,
        "n_baskets": rules.n_baskets,
        "found": list(rules.columns),
        "told": list(rules.notes),
        "asked": {
            "min_count": asked.min_count,
            "min_confidence": str(asked.min_confidence),
            "max_length": asked.max_length,
            "max_consequent": asked.max_consequent,
            "min_customers": asked.min_customers,
            "antecedents": _plain(asked.antecedents),
            "consequents": _plain(asked.consequents),
            "without_items": _plain(asked.without_items),
        },
    }
    about["digest"] = _digest(about)
    table = table.replace_schema_metadata(
        {KEY: json.dumps(about).encode()}
    )  # pandas cannot read its own notes on lists
    buffer = io.BytesIO()
    pq.write_table(table, buffer, write_page_checksum=True)
    write_bytes(path, buffer.getvalue())


def _digest(about: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(about, sort_keys=True).encode()).hexdigest()


def _plain(items: tuple[Any, ...] | None) -> list[Any] | None:
    """Names as JSON can hold them; stamps are marked."""
    if items is None:
        return None
    plain = [one.item() if isinstance(one, np.generic) else one for one in items]
    return [one if isinstance(one, str | int | float) else {"stamp": pd.Timestamp(one).isoformat()} for one in plain]


def _read_names(plain: list[Any] | None) -> tuple[Any, ...] | None:
    if plain is None:
        return None
    return tuple(pd.Timestamp(one["stamp"]) if isinstance(one, dict) else one for one in plain)


def load_rules(path: Path, kind: type[R]) -> R:
    """Read rules that `save_rules` wrote.

    >>> from domains.basket import Rules
    >>> load_rules(Path("no-such-file.parquet"), Rules)
    Traceback (most recent call last):
    ...
    shared.errors.StoreError: 'no-such-file.parquet': there is no such file
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    shown = quote([path], longest=200)
    if not path.is_file():
        raise StoreError(f"{shown}: there is no such file")
    if path.stat().st_size > MAX_BYTES:
        raise StoreError(f"{shown} is larger than any file of rules")
    values = count_values(path)
    if values is not None and values > MAX_VALUES:
        raise StoreError(f"{shown} holds {values:,} values, more than any file of rules. Save the rules again")
    try:
        table = pq.read_table(path, page_checksum_verification=True)
        about = json.loads((table.schema.metadata or {})[KEY])
        asked = about["asked"]
        if about.pop("digest") != _digest(about):
            raise StoreError(
                f"{shown} is damaged: what it says of itself does not fit its checksum. Save the rules again"
            )
        if about["format"] != FORMAT:
            raise StoreError(
                f"{shown} has the format {about['format']}, this Hexad reads {FORMAT}. Save the rules again"
            )
        left, right = (_sets(table.column(name)) for name in ("antecedent", "consequent"))
        names = (
            pa.chunked_array([*left[1].chunks, *right[1].chunks]).unique()
            if table.num_rows
            else pa.array([], pa.string())
        )
        items = pd.Index(names.to_pandas()).sort_values()
        codes = [items.get_indexer(pd.Index(part[1].to_pandas())).astype(np.int32) for part in (left, right)]
        counts = {name: table.column(name).to_numpy() for name in ("count", "antecedent_count", "consequent_count")}
        found = {name: table.column(name).to_numpy() for name in about["found"]}
        n = table.num_rows
        sets = Sets(
            np.concatenate([left[0], left[0][-1] + right[0][1:]]).astype(np.int64),
            np.concatenate(codes),
            np.concatenate([counts["antecedent_count"], counts["consequent_count"]]).astype(np.int32),
        )
        limits: dict[str, Any] = {
            name: _read_names(asked[name]) for name in ("antecedents", "consequents", "without_items")
        }
        made = kind(
            items,
            _whole(about["n_baskets"], MOST_BASKETS),
            sets,
            np.arange(n, dtype=np.int32),
            np.arange(n, 2 * n, dtype=np.int32),
            counts["count"].astype(np.int32),
            RuleQuery(
                _whole(asked["min_count"], about["n_baskets"] if n else 2**53 - 1),  # none where more were asked for
                _fraction(asked["min_confidence"]),
                None if asked["max_length"] is None else _whole(asked["max_length"], MAX_VALUES),
                _whole(asked["max_consequent"]),
                min_customers=_whole(asked["min_customers"]),
                **limits,
            ),
            found,
            notes=tuple(map(str, about["told"])),
        )
    except StoreError:
        raise
    except MemoryError:
        raise
    except Exception as error:  # pyarrow and numpy raise whatever the damaged part leads to
        raise StoreError(
            f"{shown} is damaged, or no file of rules ({str(error)[:100]}). Save the rules again"
        ) from error
    return _check_counts(made, shown)


def _whole(number: object, most: int = 2**53 - 1) -> int:
    if not is_whole(number, 0, most):
        raise ValueError(f"{quote([number])} is no count")
    return number


def _fraction(text: object) -> Fraction:
    """A share as `save_rules` writes it; a power of ten would take all memory before it is found too large."""
    if not isinstance(text, str) or not FRACTION.fullmatch(text) or not 0 <= Fraction(text) <= 1:
        raise ValueError(f"{quote([text])} is no share")
    return Fraction(text)


def _sets(column: Any) -> tuple[Any, Any]:
    """Pointers of a column of lists, and its flat values."""
    lists = column.combine_chunks()
    lists = lists.chunk(0) if hasattr(lists, "num_chunks") and lists.num_chunks else lists
    lists.validate(full=True)
    if lists.null_count:
        raise ValueError("a rule without one of its sides")
    lengths = lists.value_lengths().to_numpy(zero_copy_only=False)
    values = lists.flatten()
    if hasattr(values, "dictionary_decode"):
        values = values.dictionary_decode()
    import pyarrow as pa

    return np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64), pa.chunked_array([values])


def _check_counts(rules: R, shown: str) -> R:
    """Refuse counts that no baskets give."""
    a, b, ab, n = rules.antecedent_counts, rules.consequent_counts, rules.joint_counts, rules.n_baskets
    wrong = (ab < 0) | (ab > a) | (ab > b) | (a > n) | (b > n) | (a.astype(np.int64) + b - ab > n)
    if wrong.any() or (rules.sets.lengths < 1).any():
        raise StoreError(
            f"{shown} holds {int(wrong.sum()):,} rules whose counts no baskets can give. Save the rules again"
        )
    if any(isinstance(item, str) and not item for item in rules.items):
        raise StoreError(f"{shown} holds an item without a name. Save the rules again")
    left, right = rules.sets.take(rules.antecedent), rules.sets.take(rules.consequent)
    width = max(len(rules.items), 1)
    pairs = [np.repeat(np.arange(len(rules)), one.lengths) * width + one.codes for one in (left, right)]
    if len(np.unique(pairs[0])) < len(pairs[0]) or len(np.unique(pairs[1])) < len(pairs[1]):
        raise StoreError(f"{shown} holds rules with an item twice. Save the rules again")
    if len(np.intersect1d(pairs[0], pairs[1])):
        raise StoreError(f"{shown} holds rules with an item on both sides. Save the rules again")
    for name, values in rules.columns.items():
        if not _fits(name, values):
            raise StoreError(f"{shown} holds {quote([name])} that no test gives. Save the rules again")
    return rules


def _fits(name: str, values: Any) -> bool:
    """Whether a column that a test adds to rules holds what a test could have found."""
    kind = np.asarray(values).dtype.kind
    if name == "kept":
        return kind == "b"
    if kind not in "fiu":
        return kind not in "OSU" or name not in {*SHARES, *AMOUNTS}
    if name in SHARES:
        return bool(((values >= 0) & (values <= 1)).all())
    return name not in AMOUNTS or bool((~(np.asarray(values) < 0)).all())


def export_rules(rules: RuleTable, path: Path, measures: Iterable[str]) -> None:
    """Write a table for people, both sides as text; formulas for spreadsheets are disarmed.

    >>> import tempfile
    >>> from domains.basket import association_rules
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     association_rules([["a", "b"]], 0.5, min_support=1).export(Path(folder) / "rules.csv", ["lift"])
    ...     print((Path(folder) / "rules.csv").read_text())
    antecedent,consequent,count,antecedent_count,consequent_count,lift
    b,a,1,1,1,1.0
    a,b,1,1,1,1.0
    <BLANKLINE>
    """
    frame = rules.to_frame(measures)
    for side in ("antecedent", "consequent"):
        frame[side] = [format_set(names, longest=200) for names in frame[side]]
    write_table(frame, path)
