"""Settings: TOML to typed values; an unknown key is refused with the nearest right one."""

from __future__ import annotations

import copy
import datetime as dt
import re
import reprlib
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from shared.checks import nearest
from shared.errors import SettingsError, StoreError, quote, shorten
from shared.runtime.files import read_plain
from shared.runtime.overrides import apply_overrides

__all__ = ["Settings", "load_settings", "plain_values", "read_toml", "to_line", "to_toml"]

MAX_BYTES = 1 << 18  # a hundred times the longest settings of a study
MAX_TOLD = 10
UTF_16 = (b"\xff\xfe", b"\xfe\xff")  # how Windows PowerShell writes what is sent to a file
MAX_DOTS = 60
MAX_ECHO = 300
# What pydantic says of texts that are no numbers and the like, in words for those who write settings.
PLAIN = {
    **dict.fromkeys(("int_parsing", "int_type", "int_from_float"), "a whole number is expected"),
    **dict.fromkeys(("float_parsing", "float_type"), "a number is expected"),
    **dict.fromkeys(("bool_parsing", "bool_type"), "true or false is expected"),
    "string_type": "text is expected",
    "finite_number": "a finite number is expected",
}
S = TypeVar("S", bound="Settings")


class Settings(BaseModel):
    """Base of all settings: unchangeable, and nothing unknown is accepted.

    >>> class Own(Settings):
    ...     horizon: int = 96
    >>> Own(horizon=48).horizon
    48
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


def load_settings(
    kind: type[S],
    path: Path | None = None,
    overrides: Iterable[str] = (),
    values: dict[str, Any] | None = None,
    source: str | None = None,
) -> S:
    """Read settings from a TOML file, then `values`, then overrides such as "horizon=48".

    Parameters
    ----------
    kind : type
        The settings wanted, a subclass of `Settings`.
    path : path, optional
        TOML file.
    overrides : iterable of str
        "key=value" or "table.key=value"; see `shared.runtime.overrides.apply_overrides`.
    values : dict, optional
        Values between file and overrides.
    source : str, optional
        What messages call all this; the file's name where there is one.

    Raises
    ------
    SettingsError
        Listing every unknown key (with the nearest right one) and every wrong value.

    >>> class Own(Settings):
    ...     horizon: int = 96
    >>> load_settings(Own, overrides=["horizn=48"])
    Traceback (most recent call last):
    ...
    shared.errors.SettingsError: settings: unknown setting 'horizn'; did you mean 'horizon'?
    """
    source = source or (path.name if path else "settings")
    content = read_toml(path) if path else {}
    content.update(copy.deepcopy(values) if values else {})
    apply_overrides(kind, content, overrides)
    try:
        return kind(**content)
    except ValidationError as error:
        raise SettingsError(_explain(source, error, kind)) from None


def to_toml(settings: BaseModel) -> str:
    """Write settings as TOML, so that a run can be repeated from its folder.

    >>> class Own(Settings):
    ...     horizon: int = 96
    ...     tz: str = "UTC"
    >>> print(to_toml(Own()), end="")
    horizon = 96
    tz = "UTC"
    """
    values = plain_values(settings)
    plain = {key: value for key, value in values.items() if not isinstance(value, dict)}
    lines = [to_line(key, value) for key, value in plain.items()]
    for key, table in values.items():
        if isinstance(table, dict):
            lines += ["", f"[{_toml_key(key)}]"]
            lines += [to_line(inner, value) for inner, value in table.items()]
    return "\n".join(lines) + "\n"


def to_line(name: str, value: object) -> str:
    """Write one setting as a line of TOML.

    Parameters
    ----------
    name : str
    value : object
        Text, a number, a truth value, or lists and dicts of them.

    >>> to_line("clocks", ["06:00", "12:00"])
    'clocks = ["06:00", "12:00"]'
    """
    return f"{_toml_key(name)} = {_toml_value(value)}"


def plain_values(settings: BaseModel) -> dict[str, Any]:
    """The settings as dicts, lists, text and numbers; without those that are open by default, which TOML cannot say.

    Parameters
    ----------
    settings : pydantic.BaseModel

    >>> class Own(Settings):
    ...     horizon: int = 96
    ...     tz: str | None = None
    >>> plain_values(Own())
    {'horizon': 96}
    """
    return _without_none(settings, settings.model_dump(mode="json"))


def _without_none(settings: BaseModel, values: dict[str, Any]) -> dict[str, Any]:
    """Leave out what is None by default; TOML cannot say None, so a None that is none by default is refused."""
    kept = {}
    for key, value in values.items():
        field = type(settings).model_fields.get(key)
        inner = getattr(settings, key, None)
        if value is None:
            if field is None or field.default is not None:
                raise SettingsError(f"setting '{key}' is None, which TOML cannot say; leave it at its default")
        elif isinstance(inner, BaseModel):
            kept[key] = _without_none(inner, value)
        else:
            kept[key] = value
    return kept


def _toml_key(key: str) -> str:
    return key if re.fullmatch(r"[A-Za-z0-9_-]+", key) else _toml_value(key)


def _toml_value(value: object) -> str:
    if value is None:
        raise SettingsError("a setting holds None, which TOML cannot say; leave it at its default")
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, list):
        return "[" + ", ".join(_toml_value(item) for item in value) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_toml_key(key)} = {_toml_value(item)}" for key, item in value.items()) + "}"
    escaped = "".join(
        {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t", "\r": "\\r"}.get(
            char,
            char if char.isprintable() else f"\\u{ord(char):04x}" if ord(char) < 65536 else f"\\U{ord(char):08x}",
        )
        for char in str(value)
    )
    return f'"{escaped}"'


def read_toml(path: Path) -> dict[str, Any]:
    """Read a file of settings as it stands; what hurts is refused.

    Parameters
    ----------
    path : path

    Raises
    ------
    SettingsError
        It is not there, too large, nested too deeply, or no TOML.

    >>> read_toml(Path("no-such.toml"))
    Traceback (most recent call last):
    ...
    shared.errors.SettingsError: no-such.toml: there is no such file
    """
    if not path.is_file():
        raise SettingsError(f"{path}: there is no such file")
    try:
        data = read_plain(path, MAX_BYTES)
        text = data.decode("utf-16" if data[:2] in UTF_16 else "utf-8-sig")
        for number, line in enumerate(text.splitlines(), 1):
            if line.partition("=")[0].count(".") > MAX_DOTS or line.count(".") > MAX_DOTS**2:
                raise SettingsError(f"{path.name}: line {number} names tables in tables, too deep for any setting")
        return tomllib.loads(text)
    except SettingsError:
        raise
    except (StoreError, OSError) as error:
        raise SettingsError(f"{path.name}: these settings cannot be read ({str(error)[:MAX_ECHO]})") from error
    except (ValueError, RecursionError) as error:  # TOML and Unicode errors are ValueErrors
        raise SettingsError(f"{path.name}: this is no valid TOML ({str(error)[:MAX_ECHO]})") from error


def _explain(source: str, error: ValidationError, kind: type[BaseModel]) -> str:
    lines = []
    for found in error.errors():
        place = [str(part) for part in found["loc"]]
        name = ".".join(str(part) for part in found["loc"] if not isinstance(part, int))
        if found["type"] == "extra_forbidden":
            known = _fields(kind, place[:-1])
            lines.append(f"unknown setting {quote(['.'.join(place)])}; {nearest(place[-1], known)}")
        else:
            lines.append(_wrong(name, found))
        if len(lines) == MAX_TOLD and error.error_count() > MAX_TOLD:
            lines.append(f"and {error.error_count() - MAX_TOLD} more")
            break
    return f"{source}: {lines[0]}" if len(lines) == 1 else f"{source}:\n  " + "\n  ".join(lines)


def _wrong(name: str, found: Any) -> str:
    """Say what is wrong with one setting."""
    message = str(found["msg"]).removeprefix("Value error, ")
    if found["type"] == "missing":
        return f"setting {quote([name])} is required but missing"
    if not name:
        return message
    if found["type"] == "list_type":
        one = shorten(_toml_value(found["input"])) if isinstance(found["input"], str | int | float) else "..."
        return f"setting {quote([name])} is a list; write it as {name} = [{one}], or --set {name}=A,B"
    message = PLAIN.get(found["type"], message[0].lower() + message[1:])
    if found["type"] == "value_error" and isinstance(found["input"], dict):  # of a table as a whole
        return f"setting {quote([name])}: {message[:MAX_ECHO]}"
    given = found["input"] if isinstance(found["input"], str) else _show(found["input"])
    items = [part + 1 for part in found["loc"] if isinstance(part, int)]
    where = f", item {items[0]}" if items else ""
    return f"setting {quote([name])}{where}: {message[:MAX_ECHO]}, but {quote([given])} was given"


def _show(value: object) -> str:
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    try:
        return reprlib.repr(value)
    except (ValueError, RecursionError):  # a number of thousands of digits, tables in tables
        return f"a {type(value).__name__}"


def _fields(kind: type[BaseModel], place: list[str]) -> list[str]:
    for part in place:
        field = kind.model_fields.get(part)
        annotation = field.annotation if field else None
        options = [annotation, *getattr(annotation, "__args__", ())]
        inner = next((one for one in options if isinstance(one, type) and issubclass(one, BaseModel)), None)
        if inner is None:
            break
        kind = inner
    return list(kind.model_fields)
