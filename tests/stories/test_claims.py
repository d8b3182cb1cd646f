"""Every claim of every report is computed again from the tables of its run; where nothing is to be found, none is claimed."""

from pathlib import Path

import pandas as pd
import pytest

from benchmarks.claims.check import Checked, check_run
from benchmarks.claims.runs import MANY, Case, as_bundled, claims_skill, run_case, says_nothing
from benchmarks.claims.shuffles import SHUFFLES
from case_studies.common.study import find_studies

pytestmark = pytest.mark.any_pandas

each_study = pytest.mark.parametrize("study", sorted(find_studies()))
UNTOLD = "its first screen does not say yet what to do: its sentences are not claims yet"


@pytest.fixture
def checked(study, study_run) -> Checked:
    return check_run(study_run(study, "quick"))


@each_study
def test_claims_are_what_the_tables_say(study, checked):
    assert [str(one) for one in checked.wrong] == []


@each_study
def test_nothing_compares_outside_of_claims(study, checked):
    if not checked.page.converted:
        pytest.skip(UNTOLD)
    assert checked.claims > 0
    assert checked.loose == []


def last_days(table: pd.DataFrame, time: str, days: int) -> pd.DataFrame:
    return table[table[time] >= table[time].max() - pd.Timedelta(days, "D")].reset_index(drop=True)


def some(table: pd.DataFrame, column: str, count: int) -> pd.DataFrame:
    return table[table[column].isin(sorted(table[column].unique())[:count])].reset_index(drop=True)


# A part of the shuffled table, as large as the study needs; `python -m benchmarks.claims` takes all of it, twenty times.
PARTS = {
    "demand": lambda table: last_days(table, "Time", 400),
    "prices": lambda table: last_days(some(table, "unique_id", 1), "ds", 150),
    "grocery": lambda table: some(table, "household_id", 300),
    "products": lambda table: some(table, "household_id", 200),
}
SMALLER = {"demand": ("every=14D", "horizon=12h", "first_origin=")}


@pytest.mark.parametrize("study", MANY)
def test_nothing_is_claimed_where_nothing_is_to_be_found(study, checked, tmp_path):
    if not checked.page.converted:
        pytest.skip(UNTOLD)
    tables = {role: PARTS[study](table) if role != "items" else table for role, table in SHUFFLES[study](0).items()}
    overrides = (*as_bundled(study), "n_jobs=1", "leak_guard=false", *SMALLER.get(study, ()))
    folder: Path = run_case(Case(study, "shuffled", "0", tables, tuple(_fitting(study, overrides))), tmp_path)
    found = check_run(folder)
    assert [str(one) for one in found.wrong] == []
    assert found.loose == []
    assert not claims_skill(study, folder, found)
    assert says_nothing(found), found.page.first_screen


def _fitting(study: str, overrides: tuple[str, ...]) -> list[str]:
    """Without the settings that a study does not have."""
    return [one for one in overrides if study in ("demand", "prices") or not one.startswith("leak_guard")]
