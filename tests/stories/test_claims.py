"""Every claim of every report is computed again from the tables of its run; nothing outside of claims compares."""

import pytest

from benchmarks.claims.check import Checked, check_run
from case_studies.common.study import find_studies

pytestmark = pytest.mark.any_pandas

each_study = pytest.mark.parametrize("study", sorted(find_studies()))


@pytest.fixture
def checked(study, study_run) -> Checked:
    return check_run(study_run(study, "quick"))


@each_study
def test_claims_are_what_the_tables_say(study, checked):
    assert [str(one) for one in checked.wrong] == []


@each_study
def test_nothing_compares_outside_of_claims(study, checked):
    if not checked.page.converted:
        pytest.skip("its first screen does not say yet what to do: its sentences are not claims yet")
    assert checked.claims > 0
    assert checked.loose == []
