"""Settings given one by one, as in "horizon=48": the text of a command line to the value that its setting takes."""

from __future__ import annotations

import datetime as dt
import tomllib
from collections.abc import Iterable
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel

from shared.errors import SettingsError, quote, shorten

__all__ = ["apply_overrides", "find_field", "parse_override"]

MAX_DEPTH = 10
MAX_ECHO = 300


def apply_overrides(kind: type[BaseModel], content: dict[str, Any], overrides: Iterable[str]) -> None:
    """Put values such as "horizon=48" or "clocks=12:00,00:00" into a table of settings.

    A value is TOML, and text where it is none. Where a setting takes a list, items are separated by commas, and naming
    it again adds to them; where it takes text, "48" is text, too.

    Parameters
    ----------
    kind : type
        The settings wanted.
    content : dict
        Changed in place.
    overrides : iterable of str
        "key=value" or "table.key=value".

    Raises
    ------
    SettingsError

    >>> class Own(BaseModel):
    ...     clocks: list[str] = []
    >>> found = {}
    >>> apply_overrides(Own, found, ["clocks=06:00,12:00", "clocks=18:00"])
    >>> found
    {'clocks': ['06:00', '12:00', '18:00']}
    """
    given: set[tuple[str, ...]] = set()
    for override in overrides:
        keys, raw = _split(override)
        place = content
        for key in keys[:-1]:
            place = place.setdefault(key, {})
            if not isinstance(place, dict):
                raise SettingsError(
                    f"--set {shorten(override)}: {quote([key])} is a single value, not a table of settings"
                )
        value = _fit(raw, find_field(kind, keys), ".".join(keys))
        before = place.get(keys[-1])
        again = tuple(keys) in given and isinstance(before, list) and isinstance(value, list)
        place[keys[-1]] = [*before, *value] if again and isinstance(before, list) else value
        given.add(tuple(keys))


def parse_override(text: str) -> tuple[list[str], Any]:
    """Split "key=value" into its keys and its TOML value.

    >>> parse_override("model.lags=[1, 2]")
    (['model', 'lags'], [1, 2])
    >>> parse_override("tz=Europe/Berlin")
    (['tz'], 'Europe/Berlin')
    """
    keys, raw = _split(text)
    return keys, _read(raw, ".".join(keys))


def find_field(kind: type[BaseModel], keys: Iterable[str]) -> Any:
    """The annotation of a setting, by its tables and its name; None where there is none of that name.

    Parameters
    ----------
    kind : type
        The settings.
    keys : iterable of str

    >>> class Own(BaseModel):
    ...     horizon: int = 96
    >>> find_field(Own, ["horizon"])
    <class 'int'>
    """
    annotation: Any = kind
    for key in keys:
        inner = next((o for o in _options(annotation) if isinstance(o, type) and issubclass(o, BaseModel)), None)
        field = inner.model_fields.get(key) if inner is not None else None
        if field is None:
            return None
        annotation = field.annotation
    return annotation


def _split(text: str) -> tuple[list[str], str]:
    """The keys and the text of the value."""
    key, sign, value = text.partition("=")
    keys = [part.strip() for part in key.split(".")]
    if not sign or not all(keys):
        raise SettingsError(f"--set {shorten(text)}: write it as key=value")
    if len(keys) > MAX_DEPTH:
        raise SettingsError(f"--set {shorten(key)}: no setting lies {len(keys)} tables deep")
    return keys, value


def _fit(raw: str, annotation: object, key: str) -> Any:
    """The value as the setting takes it: a list where it takes only lists, text where it takes only text."""
    options = _options(annotation)
    value = _read(raw, key)
    if options and all(get_origin(one) is list or one is list for one in options):
        return _as_list(raw.strip(), value, get_args(options[0]), key)
    if options and all(one is str or _is_text(one) for one in options):
        return value if _is_quoted(raw) or isinstance(value, list | dict) else raw.strip()
    return value


def _as_list(raw: str, value: object, inner: tuple[Any, ...], key: str) -> list[Any]:
    """Items of a list: as TOML, or separated by commas, with or without brackets around them."""
    if isinstance(value, list):
        return value
    if isinstance(value, dict):
        return [value]
    if _is_quoted(raw) and isinstance(quoted := _read(f"[{raw}]", key), list):  # commas inside of quotes part nothing
        return quoted
    bare = raw[1:-1] if raw.startswith("[") and raw.endswith("]") else raw
    pieces = [piece.strip() for piece in bare.split(",")]
    return [_fit(piece, inner[0] if inner else None, key) for piece in pieces if piece]


def _is_quoted(raw: str) -> bool:
    return raw.strip()[:1] in {'"', "'"}


def _is_text(option: object) -> bool:
    return get_origin(option) is Literal and all(isinstance(one, str) for one in get_args(option))


def _options(annotation: object) -> list[Any]:
    """What a setting may be, without the ways of leaving it open."""
    if get_origin(annotation) is Annotated:
        return _options(get_args(annotation)[0])
    if get_origin(annotation) in {Union, UnionType}:
        return [one for part in get_args(annotation) for one in _options(part)]
    return [] if annotation is None or annotation is type(None) else [annotation]


def _read(value: str, key: str) -> Any:
    """A value of TOML's, or text."""
    try:
        parsed = tomllib.loads(f"value = {value}")
    except tomllib.TOMLDecodeError:
        return value.strip()
    except (RecursionError, ValueError) as error:
        raise SettingsError(
            f"--set {shorten(key)}: the value is nested too deeply or too long ({str(error)[:MAX_ECHO]})"
        ) from error
    return _plain(parsed["value"]) if set(parsed) == {"value"} else value.strip()


def _plain(value: object) -> Any:
    """Dates and times as text, which is how settings hold them."""
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value.isoformat() if isinstance(value, dt.date | dt.time) else value
