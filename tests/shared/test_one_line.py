"""What users are handed prints itself in one line that says how large it is, and never its tables."""

import dataclasses
import importlib
import inspect
import pkgutil

import numpy as np
import pandas as pd
import pytest

import case_studies
import domains
import shared
from shared.data import Incidence, Panel, Split
from shared.errors import HexadError
from shared.result import OneLine, Result, as_line

HOLDS = ("Frame", "Series[", "Index[", "ndarray", "Floats", "Ints", "Bools", "Codes", ": Any", "Incidence", "Panel")


def modules():
    for package in (shared, domains, case_studies):
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not found.name.endswith("__main__"):
                yield importlib.import_module(found.name)


def offered():
    """Every dataclass that a package's face offers, and every result."""
    found = {}
    for module in modules():
        for name in getattr(module, "__all__", ()):
            one = getattr(module, name)
            if inspect.isclass(one) and dataclasses.is_dataclass(one):
                face = hasattr(module, "__path__") or issubclass(one, Result)
                if face:
                    found[one] = None
    waiting = [Result]
    while waiting:
        below = waiting.pop().__subclasses__()
        waiting += below
        found |= dict.fromkeys(
            one for one in below if one.__module__.split(".")[0] in {"shared", "domains", "case_studies"}
        )
    return [one for one in found if not inspect.isabstract(one)]


def holds_tables(one):
    types = [f": {field.type}" for field in dataclasses.fields(one) if "Callable" not in str(field.type)]
    return any(word in text for text in types for word in HOLDS)


@pytest.mark.parametrize("kind", [one for one in offered() if holds_tables(one)], ids=lambda one: one.__qualname__)
def test_whatever_holds_tables_prints_itself_in_one_line(kind):
    assert not kind.__dataclass_params__.repr, "the generated repr would print whole tables"
    assert kind.__repr__ is not object.__repr__


def large_results():
    """Instances of every result whose fields can be filled with something large, without knowing what they mean."""
    frame = pd.DataFrame({name: np.arange(1000.0) for name in ("mean", "ds", "model", "split", "metric", "value")})
    fill = {"DataFrame": frame, "Floats": np.zeros((50, 50)), "Ints": np.arange(9), "Index": pd.Index(range(999))}
    for kind in offered():
        values = {}
        for field in dataclasses.fields(kind):
            text = str(field.type)
            match = next((value for word, value in fill.items() if word in text and "|" not in text), None)
            plain = {"str": "a\nname", "int": 3, "float": 0.1 + 0.2, "bool": True}.get(text)
            if match is not None or plain is not None:
                values[field.name] = match if match is not None else plain
            elif field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING:
                values[field.name] = ("x" * 50,) * 40
        made = object.__new__(kind)
        for field in dataclasses.fields(kind):
            default = field.default_factory() if field.default_factory is not dataclasses.MISSING else field.default
            object.__setattr__(made, field.name, values.get(field.name, default))
        yield made


@pytest.mark.parametrize(
    "made",
    [one for one in large_results() if type(one).__repr__ is OneLine.__repr__],
    ids=lambda one: type(one).__qualname__,
)
def test_the_line_is_short_and_printable_whatever_is_inside(made):
    line = repr(made)
    assert line.startswith(f"{type(made).__name__}(")
    assert line.isprintable()
    assert len(line) <= 120


def test_the_line_says_the_size():
    table = pd.DataFrame({"ds": range(30), "y": 1.0})
    assert repr(Split(3, np.arange(20), np.arange(5))) == "Split(label=3, train: 20, test: 5)"
    assert "values: 30" in repr(Panel.from_frame(table))
    assert repr(Incidence.from_lists([["a"], ["a", "b"]])) == "Incidence(2 rows, 2 items, 3 entries)"
    assert as_line("A", "x" * 500).endswith("...)")
    assert len(as_line("A", "x" * 500)) == 120


@dataclasses.dataclass(frozen=True, repr=False)
class Found(Result):
    table: pd.DataFrame

    def explain(self):
        return "Found."

    def to_frame(self):
        return self.table


@pytest.mark.parametrize(
    ("rows", "said"), [(10, None), (14, "10 of 14 rows shown."), (1234, "10 of 1,234 rows shown.")]
)
def test_a_notebook_says_where_a_table_is_cut(rows, said):
    shown = Found(pd.DataFrame({"a": range(rows)}))._repr_html_()
    assert shown.count("<tr") == 11
    assert said in shown if said else "shown" not in shown


def test_a_result_is_asked_as_pandas_is(tmp_path):
    found = Found(pd.DataFrame({"name": ["=1+1", "b"], "n": [1, 2]}))
    assert found["n"].tolist() == [1, 2]
    assert list(found[["n", "name"]]) == ["n", "name"]
    assert "n" in found
    assert "m" not in found
    assert found[found["n"] > 1].index.tolist() == [1]
    assert found.to_pandas().equals(found.to_frame())
    found.to_csv(tmp_path / "a.csv")
    found.to_csv(str(tmp_path / "b.csv"), index=False)
    assert (
        (tmp_path / "a.csv").read_text()
        == found.to_csv()
        == (tmp_path / "b.csv").read_text()
        == "name,n\n'=1+1,1\nb,2\n"
    )
    assert found.to_csv(index=True).startswith("index,name,n\n0,")


def test_labels_of_rows_are_written_and_numbers_of_rows_are_not():
    assert (
        Found(pd.DataFrame({"value": [1.0]}, index=pd.Index(["tv"], name="channel"))).to_csv()
        == "channel,value\ntv,1.0\n"
    )


def test_a_column_that_is_not_there_is_told_with_the_nearest():
    found = Found(pd.DataFrame({"mean": [1.0]}))
    for asked in ("maen", ["maen"]):
        with pytest.raises(KeyError, match=r"^Found has no column 'maen'; did you mean 'mean'\?$"):
            found[asked]
    with pytest.raises(KeyError, match="Found has no column 3"):
        found[3]
    with pytest.raises(TypeError, match="not iterable"):
        list(found)


def test_a_folder_is_no_file(tmp_path):
    with pytest.raises(HexadError, match="is a folder"):
        Found(pd.DataFrame({"a": [1]})).to_csv(tmp_path)
