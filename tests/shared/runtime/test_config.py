"""Settings: typed, complete about what is wrong, and written so that they can be read again."""

import contextlib
import math
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import model_validator

from shared.errors import SettingsError
from shared.runtime.config import Settings, load_settings, to_toml
from shared.runtime.overrides import parse_override


class Model(Settings):
    lags: list[int] = [1, 2]
    alpha: float = 1.0


class Own(Settings):
    horizon: int = 96
    tz: str = "UTC"
    first: str | None = None
    model: Model = Model()
    spare: Model | None = None


class Needy(Settings):
    horizon: int


class Every(Settings):
    text: str = ""
    number: int = 0
    share: float = 0.0
    flag: bool = False
    texts: list[str] = []
    numbers: list[float] = []
    grid: list[list[int]] = []
    named: dict[str, str] = {}
    tables: list[dict[str, int]] = []


class Outer(Settings):
    inner: Every = Every()
    last: int = 1


@pytest.fixture
def written(tmp_path):
    def write(text, name="own.toml"):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write


def refused(kind=Own, path=None, overrides=(), values=None):
    with pytest.raises(SettingsError) as caught:
        load_settings(kind, path, overrides, values)
    return str(caught.value)


# Reading


def test_file_values_and_overrides_in_that_order(written):
    path = written('horizon = 1\ntz = "a"\n[model]\nlags = [7]\n')
    assert load_settings(Own, path).horizon == 1
    found = load_settings(Own, path, ["horizon=3", "model.alpha=0.5"], {"horizon": 2, "tz": "b"})
    assert (found.horizon, found.tz, found.model.lags, found.model.alpha) == (3, "b", [7], 0.5)


def test_defaults_alone():
    assert load_settings(Own) == Own()


def test_settings_do_not_change():
    with pytest.raises(ValueError, match="frozen"):
        Own().horizon = 3


def test_a_table_that_is_not_there_yet_is_made_by_an_override():
    assert load_settings(Own, overrides=["spare.alpha=2"]).spare == Model(alpha=2)


def test_the_callers_values_are_left_alone():
    values = {"model": {"alpha": 1.0}}
    load_settings(Own, overrides=["model.alpha=5"], values=values)
    assert values == {"model": {"alpha": 1.0}}


def test_a_byte_order_mark_is_no_matter(written):
    assert load_settings(Own, written(b"\xef\xbb\xbfhorizon = 5")).horizon == 5


@pytest.mark.parametrize(
    ("text", "keys", "value"),
    [
        ("a=1", ["a"], 1),
        (" a . b = 1.5 ", ["a", "b"], 1.5),
        ("a=true", ["a"], True),
        ("a=[1, 2]", ["a"], [1, 2]),
        ("a='x=y'", ["a"], "x=y"),
        ("a=x=y", ["a"], "x=y"),
        ("a=Europe/Berlin", ["a"], "Europe/Berlin"),
        ("a= 2D ", ["a"], "2D"),
        ("a=", ["a"], ""),
        ("a=1\nb=2", ["a"], "1\nb=2"),
        ("a={b = 1}", ["a"], {"b": 1}),
    ],
)
def test_overrides(text, keys, value):
    assert parse_override(text) == (keys, value)


@pytest.mark.parametrize("text", ["a", "", "=1", "a.=1", ".a=1", "a..b=1"])
def test_an_override_that_is_none_is_refused(text):
    with pytest.raises(SettingsError, match="write it as key=value"):
        parse_override(text)


@pytest.mark.parametrize("value", ["[" * 5000, "1" * 5000])
def test_an_override_that_the_reader_cannot_bear(value):
    with contextlib.suppress(SettingsError):
        assert parse_override(f"a={value}") == (["a"], value)


# Refusals


def test_an_unknown_key_with_the_nearest():
    assert refused(overrides=["horizn=4"]) == "settings: unknown setting 'horizn'; did you mean 'horizon'?"
    assert refused(overrides=["model.lag=4"]) == "settings: unknown setting 'model.lag'; did you mean 'lags'?"


def test_an_unknown_key_far_from_all_names_them():
    assert "unknown setting 'model.zzz'; there are lags, alpha" in refused(values={"model": {"zzz": 1}})


def test_an_unknown_key_of_an_optional_table():
    assert "unknown setting 'spare.lag'; did you mean 'lags'?" in refused(values={"spare": {"lag": 1}})


def test_an_unknown_key_below_what_is_no_table():
    class Listed(Settings):
        models: list[Model] = []

    assert "unknown setting 'models.0.zzz'" in refused(Listed, values={"models": [{"zzz": 1}]})


def test_a_wrong_type_is_named_with_what_was_given(written):
    text = refused(path=written('horizon = "soon"\n[model]\nlags = [1, "x"]\n'))
    assert text.startswith("own.toml:\n  setting 'horizon': ")
    assert "'soon' was given" in text
    assert "setting 'model.lags', item 2: a whole number is expected, but 'x' was given" in text


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_no_number_is_refused(value):
    assert "setting 'model.alpha'" in refused(values={"model": {"alpha": value}})


def test_a_missing_setting_is_told_as_missing():
    text = refused(Needy)
    assert "'horizon'" in text
    assert "required" in text
    assert "given" not in text


def test_a_rule_over_several_settings_is_told_in_its_own_words():
    class Ruled(Settings):
        low: int = 1
        high: int = 0

        @model_validator(mode="after")
        def _ordered(self):
            raise ValueError("MAE needs low below high")

    text = refused(Ruled)
    assert "MAE needs low below high" in text
    assert "setting ''" not in text


@pytest.mark.parametrize(("count", "rest"), [(9, None), (10, None), (11, "and 1 more"), (30, "and 20 more")])
def test_many_problems_are_cut(count, rest):
    lines = refused(values={f"key{number}": 1 for number in range(count)}).splitlines()
    if rest is None:
        assert len(lines) == 1 + count
    else:
        assert len(lines) == 12
        assert lines[-1].strip() == rest


def test_a_long_key_and_value_are_cut():
    text = refused(values={"x" * 1000: 1, "horizon": "y" * 1000})
    assert len(text) < 500


def test_an_override_below_a_single_value_is_refused():
    assert "'tz' is a single value, not a table" in refused(values={"tz": "UTC"}, overrides=["tz.a=1"])


def test_a_file_that_is_not_there(tmp_path):
    assert "there is no such file" in refused(path=tmp_path / "none.toml")


def test_an_oversized_file(written):
    assert "more than 0.262 MB" in refused(path=written("#" * (1 << 20) + "\n"))


@pytest.mark.parametrize(
    "text",
    ["horizon = ", "a = 1\na = 2", b"\xff\x00", "x = " + "[" * 100_000, "horizon = " + "1" * 5000, "\x00"],
    ids=["torn", "twice", "bytes", "deep", "long number", "control"],
)
def test_a_broken_file(written, text):
    assert "own.toml: this is no valid TOML" in refused(path=written(text))


def test_a_file_as_windows_powershell_writes_it(written):
    assert load_settings(Own, written("horizon = 7\r\n".encode("utf-16"))).horizon == 7


class Lists(Settings):
    clocks: list[str] = ["12:00"]
    comfort: list[float] = []
    repair: list[Literal["drop", "fill"]] = []
    unit: str = "MW"
    horizon: int | str = "2D"
    zone: str | None = None


@pytest.mark.parametrize(
    ("texts", "name", "value"),
    [
        (["clocks=06:00,12:00"], "clocks", ["06:00", "12:00"]),
        (["clocks=06:00", "clocks=12:00, 18:00"], "clocks", ["06:00", "12:00", "18:00"]),
        (["clocks=06:00"], "clocks", ["06:00"]),
        (['clocks=["06:00", "12:00"]'], "clocks", ["06:00", "12:00"]),
        (["clocks=[06:00, 12:00]"], "clocks", ["06:00", "12:00"]),
        (['clocks="a, b"'], "clocks", ["a, b"]),
        (["clocks='a', b"], "clocks", ["a", "b"]),
        (['clocks="a, b", "c"'], "clocks", ["a, b", "c"]),
        (["clocks='a"], "clocks", ["'a"]),
        (["clocks=2015,7"], "clocks", ["2015", "7"]),
        (["clocks="], "clocks", []),
        (["clocks=[]"], "clocks", []),
        (["comfort=14,20.5"], "comfort", [14.0, 20.5]),
        (["comfort=14", "comfort=20"], "comfort", [14.0, 20.0]),
        (["repair=drop,fill"], "repair", ["drop", "fill"]),
        (["unit=5"], "unit", "5"),
        (['unit="5"'], "unit", "5"),
        (["unit=a,b"], "unit", "a,b"),
        (["unit=2015-01-01"], "unit", "2015-01-01"),
        (["unit=MW", "unit=kW"], "unit", "kW"),
        (["horizon=5"], "horizon", 5),
        (["horizon=5D"], "horizon", "5D"),
        (["zone=1"], "zone", "1"),
    ],
)
def test_an_override_is_read_as_its_setting_takes_it(texts, name, value):
    assert getattr(load_settings(Lists, overrides=texts), name) == value


def test_lists_of_a_file_are_replaced_by_those_of_the_command_line(written):
    assert load_settings(Lists, written('clocks = ["00:00"]'), ["clocks=06:00", "clocks=07:00"]).clocks == [
        "06:00",
        "07:00",
    ]


def test_a_list_that_is_none_is_told_with_how_to_write_it(written):
    told = refused(Lists, path=written('clocks = "12:00"'))
    assert """setting 'clocks' is a list; write it as clocks = ["12:00"], or --set clocks=A,B""" in told
    assert "'comfort', item 2: a number is expected, but 'x' was given" in refused(Lists, overrides=["comfort=1,x"])


# Writing

TEXT = st.text(st.characters(exclude_categories=["Cs"])) | st.sampled_from(
    ['"', "\\", "\n\r\t", "\x00\x1f\x7f", "ä€😀"]
)
FLOATS = st.floats(allow_nan=False, allow_infinity=False)


@st.composite
def every(draw):
    return Every(
        text=draw(TEXT),
        number=draw(st.integers(-(2**63), 2**63 - 1)),
        share=draw(FLOATS),
        flag=draw(st.booleans()),
        texts=draw(st.lists(TEXT, max_size=3)),
        numbers=draw(st.lists(FLOATS, max_size=3)),
        grid=draw(st.lists(st.lists(st.integers(-9, 9), max_size=2), max_size=2)),
    )


@given(every(), st.booleans())
def test_what_is_written_is_read_again(tmp_path_factory, settings, nested):
    path = tmp_path_factory.mktemp("toml") / "own.toml"
    kind = Outer if nested else Every
    whole = Outer(inner=settings) if nested else settings
    path.write_bytes(to_toml(whole).encode())
    assert load_settings(kind, path) == whole


@pytest.mark.parametrize(
    "settings",
    [
        Every(named={"a": "b"}),
        Every(named={"a b": "c", "d.e": "f", 'g"': "h", "": "i"}),
        Every(tables=[{"a": 1}, {"b c": 2}]),
    ],
    ids=["plain", "odd keys", "tables"],
)
def test_tables_of_the_users_own_keys_are_read_again(written, settings):
    assert load_settings(Every, written(to_toml(settings))) == settings


def test_what_toml_cannot_say_is_left_out_only_where_it_is_the_default(written):
    class Dated(Settings):
        first: str | None = "2024"

    assert load_settings(Own, written(to_toml(Own()))) == Own()
    try:
        text = to_toml(Dated(first=None))
    except SettingsError:
        return
    assert load_settings(Dated, written(text)) == Dated(first=None)


def test_nothing_inside_a_list_does_not_become_text(written):
    class Holes(Settings):
        values: list[str | None] = []

    try:
        text = to_toml(Holes(values=["a", None]))
    except SettingsError:
        return
    assert load_settings(Holes, written(text)) == Holes(values=["a", None])


def test_a_run_is_written_as_a_person_would():
    assert to_toml(Own()) == 'horizon = 96\ntz = "UTC"\n\n[model]\nlags = [1, 2]\nalpha = 1.0\n'
