"""Runs of the studies whose claims are checked: on their own data, on shuffled ones, and on other tables."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from benchmarks.claims.check import Checked, check_run
from benchmarks.claims.others import OTHERS
from benchmarks.claims.shuffles import SHUFFLES
from case_studies.common.runs import run_study
from case_studies.common.study import find_study
from shared.errors import HexadError

__all__ = ["MANY", "NOTHING", "Case", "as_bundled", "claims_skill", "list_cases", "run_case", "says_nothing"]

MANY = ("demand", "prices", "grocery", "products")  # studies of which many shuffles are made
# What a first screen says where nothing is to be found.
NOTHING = re.compile(r"nothing was found beyond|\bno rule\b|nothing was found", re.IGNORECASE)
# What every forecast has to beat, and every list.
USUAL = {"products": "popularity"}


@dataclass(frozen=True)
class Case:
    """One run.

    Attributes
    ----------
    study, kind, name : str
        What is run, and on what: "own", "shuffled" or "other"; the seed, or the name of the table.
    tables : mapping
        By their roles; none for the bundled ones.
    overrides : tuple of str
        Settings.
    """

    study: str
    kind: str
    name: str
    tables: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    overrides: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """How it is called in messages."""
        return f"{self.study} ({self.kind}{' ' if self.name else ''}{self.name})"


def as_bundled(study: str) -> tuple[str, ...]:
    """Settings under which a table given by a user is read and tried as the bundled one is."""
    content = tomllib.loads((find_study(study).path / "settings.toml").read_text(encoding="utf-8"))
    own, quick = content.pop("own_data", {}), content.get("quick", {})
    found = {}
    for name, value in _flatten(own).items():
        flat = {**_flatten(content), **_flatten(quick)}
        found[name] = flat.get(name, value)
    return tuple(f"{name}={_write(value)}" for name, value in found.items())


def _flatten(given: Mapping[str, Any], before: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in given.items():
        found |= _flatten(value, f"{before}{name}.") if isinstance(value, dict) else {f"{before}{name}": value}
    return found


def _write(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, list | bool) else str(value)


def list_cases(study: str, kinds: Iterable[str], seeds: int) -> Iterator[Case]:
    """Runs of a study; their tables are made when it is their turn.

    Parameters
    ----------
    study : str
    kinds : iterable of str
        "own", "shuffled", "other".
    seeds : int
        Shuffles of those studies of which many are made; of the others there is one.
    """
    if "own" in kinds:
        yield Case(study, "own", "")
    if "shuffled" in kinds:
        settings = as_bundled(study)
        for seed in range(seeds if study in MANY else min(seeds, 1)):
            yield Case(study, "shuffled", str(seed), SHUFFLES[study](seed), settings)
    if "other" in kinds:
        for other in OTHERS[study]:
            yield Case(study, "other", other.name, {"": other.make()}, tuple(other.overrides))


def run_case(case: Case, place: Path) -> Path:
    """Run a case into a folder below a place; the run's folder.

    Raises
    ------
    HexadError
        The study refuses the table.
    """
    files: dict[str, Path | str] = {}
    for role, table in case.tables.items():
        path = place / f"{role or 'table'}.parquet"
        table.to_parquet(path, index=False)
        files[role] = path
    data: Any = files or None
    if list(files) == [""]:
        data = files[""]
    return run_study(case.study, overrides=case.overrides, data=data, out=place / "run", quick=True).parent


def claims_skill(study: str, folder: Path, checked: Checked) -> bool:
    """Whether a report claims to have found something: a forecast better than the mean of the past, or a rule."""
    if study == "grocery":
        metrics = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
        return any(value > 0 for name, value in metrics.items() if name in ("rules kept", "rules shown"))
    usual = USUAL.get(study, "mean of the past")
    return any(claim["verdict"] == "better" and usual in _rivals_of(claim) for claim in checked.page.claims)


def _rivals_of(claim: Mapping[str, Any]) -> set[str]:
    """What a claim compares with: as the sentence calls it, and as the rows do."""
    said = str(claim["detail"].get("against", "")).removeprefix("the ").strip("“”")
    return {said, *(str((number["against"] or {}).get("model", "")) for number in claim["numbers"])}


def says_nothing(checked: Checked) -> bool:
    """Whether the first screen says that nothing was found."""
    return NOTHING.search(checked.page.first_screen) is not None


def check_case(case: Case, place: Path) -> tuple[Path, Checked] | str:
    """Run and check a case; what the study said where it refused the table."""
    try:
        folder = run_case(case, place)
    except HexadError as error:
        return str(error)
    return folder, check_run(folder)
