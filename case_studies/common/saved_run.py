"""A finished run, loaded again: its settings, its model, and what it learnt from."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shared.data.contract import TableContract
from shared.environment import spell_command
from shared.errors import StoreError, quote
from shared.runtime.files import read_plain
from shared.runtime.store import load_model

__all__ = ["SavedRun", "open_run"]

MAX_BYTES = 1 << 20
NEEDED = ("run.json", "settings.toml", "schema.json", "model.hexad")


@dataclass(frozen=True)
class SavedRun:
    """What a run left behind.

    Attributes
    ----------
    folder : path
    study : str
        Name of the case study.
    contract : TableContract
        What its model learnt from.
    study_folder : str, optional
        Where the code of the study is, if it is a copy.
    advised_against : str
        What the report says against the use of its model; empty where it does not.

    >>> SavedRun(Path("runs/a"), "demand", TableContract(())).study
    'demand'
    """

    folder: Path
    study: str
    contract: TableContract
    study_folder: str | None = None
    advised_against: str = ""

    def model(self) -> Any:
        """Load the model; nothing in the file is executed."""
        return load_model(self.folder / "model.hexad")


def open_run(folder: Path) -> SavedRun:
    """Open a run's folder.

    Raises
    ------
    StoreError
        It is no folder of a finished run, or a file of it is damaged.

    >>> open_run(Path("no-such-run"))
    Traceback (most recent call last):
    ...
    shared.errors.StoreError: 'no-such-run' is no folder. Name that of a run, as in runs/demand-20240131-120000
    """
    shown = quote([folder], longest=200)
    if not folder.is_dir():
        raise StoreError(f"{shown} is no folder. Name that of a run, as in runs/demand-20240131-120000")
    lost = [name for name in NEEDED if not (folder / name).is_file()]
    if lost:
        raise StoreError(
            f"{shown} is no finished run: it has no {quote(lost)}. Run the study to its end:"
            f" {spell_command('run')} STUDY --out {folder}"
        )
    about = _json(folder / "run.json")
    study, study_folder = about.get("study"), about.get("study_folder")
    try:
        contract = TableContract.from_plain(_json(folder / "schema.json"))
    except (KeyError, TypeError, ValueError) as error:
        raise StoreError(f"{shown}: schema.json is damaged. Run the study again") from error
    if not isinstance(study, str):
        raise StoreError(f"{shown}: run.json names no study. Run the study again")
    if study_folder is not None and not isinstance(study_folder, str):
        raise StoreError(f"{shown}: run.json is damaged. Run the study again")
    advised_against = about.get("advised_against", "")
    if not isinstance(advised_against, str):
        raise StoreError(f"{shown}: run.json is damaged. Run the study again")
    return SavedRun(folder, study, contract, study_folder, advised_against)


def _json(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(read_plain(path, MAX_BYTES).decode())
    except (OSError, ValueError, RecursionError) as error:
        if isinstance(error, StoreError):
            raise
        raise StoreError(f"{path.name} is damaged ({str(error)[:100]}). Run the study again") from error
    if not isinstance(found, dict):
        raise StoreError(f"{path.name} is damaged. Run the study again")
    return found
