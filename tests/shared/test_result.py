"""Every result explains itself, is a table, and shows in a notebook without letting names of the user's become HTML."""

import importlib
import inspect
import pkgutil
from dataclasses import dataclass, fields, is_dataclass

import pandas as pd
import pytest

import domains
import shared
from shared.result import Result


@dataclass(frozen=True, repr=False)
class Found(Result):
    name: str
    share: float
    table: pd.DataFrame

    def explain(self):
        return f"{self.name} is {self.share}."


def all_results():
    for package in (shared, domains):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not module.name.endswith("__main__"):
                importlib.import_module(module.name)
    waiting, seen = [Result], []
    while waiting:
        below = waiting.pop().__subclasses__()
        seen += below
        waiting += below
    return [
        one
        for one in dict.fromkeys(seen)
        if one.__module__.startswith(("shared.", "domains.")) and not inspect.isabstract(one)
    ]


def test_a_notebook_shows_sentences_and_table_escaped():
    shown = Found("<b>x</b>", 0.5, pd.DataFrame({"<i>": [1]}))._repr_html_()
    assert shown.startswith("<p>&lt;b&gt;x&lt;/b&gt; is 0.5.</p><table")
    assert "<b>x" not in shown


def test_a_terminal_shows_one_short_line():
    line = repr(Found("a\x1b[2J\n" * 100, 0.5, pd.DataFrame({"a": [1]})))
    assert line.startswith("Found(name='a")
    assert len(line) <= 120
    assert line.isprintable()


def test_numbers_and_names_are_a_table_of_one_row():
    assert Found("x", 0.5, pd.DataFrame()).to_frame().to_dict("records") == [{"name": "x", "share": 0.5}]


@pytest.mark.parametrize("kind", all_results(), ids=lambda kind: kind.__name__)
def test_results_are_frozen_and_say_what_they_are_in_a_line(kind):
    assert is_dataclass(kind)
    assert kind.__dataclass_params__.frozen
    assert not kind.__dataclass_params__.repr
    assert kind.explain is not Result.explain
    assert all(p.default is not p.empty for p in [*inspect.signature(kind.explain).parameters.values()][1:])
    assert fields(kind)
