"""How a user's own file is to be read, as settings that all studies share."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, ValidationInfo, field_validator

from shared.data.io.tables import REPAIRS as TABLE_REPAIRS
from shared.data.io.tables import check_options
from shared.data.panel import REPAIRS as PANEL_REPAIRS
from shared.errors import quote
from shared.runtime.config import Settings

__all__ = ["ReadSettings", "Workers"]


def _some(given: int) -> int:
    if given == 0:
        raise ValueError("there is no work without workers; give 1, 2, ... or -1 for all cores")
    return given


Workers = Annotated[int, Field(ge=-1, le=64), AfterValidator(_some)]
"""Number of workers as in joblib: -1 is all cores."""


class ReadSettings(Settings):
    """How an own file is to be read, where sniffing cannot tell; the arguments of `shared.data.read_table`.

    >>> ReadSettings(dates="day-first").dates
    'day-first'
    """

    separator: str | None = None
    decimal: Literal[".", ","] | None = None
    encoding: str | None = None
    dates: str | None = None
    tz: str | None = None
    query: str | None = None
    repair: list[str] = []

    @field_validator("separator", "encoding", "dates", "tz")
    @classmethod
    def _readable(cls, given: str | None, info: ValidationInfo) -> str | None:
        check_options(**{str(info.field_name): given})
        return given

    @field_validator("repair", mode="before")
    @classmethod
    def _as_list(cls, given: object) -> object:
        return [given] if isinstance(given, str) else given

    @field_validator("repair")
    @classmethod
    def _check_known(cls, given: list[str]) -> list[str]:
        known = [*TABLE_REPAIRS, *PANEL_REPAIRS]
        if wrong := [word for word in given if word not in known]:
            raise ValueError(f"there is no repair {quote(wrong)}; there are {', '.join(dict.fromkeys(known))}")
        return given
