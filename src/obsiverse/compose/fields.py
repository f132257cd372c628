"""What the models are made of: durations in seconds, sizes in bytes, texts and numbers as Compose takes them."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator, Field

from obsiverse.compose.durations import parse_duration, parse_size
from obsiverse.compose.scalars import text


def _duration(value: object) -> float:
    if not isinstance(value, str):
        # A ValueError, since pydantic reports no other.
        raise ValueError(f"{value!r} is no duration; write it as 1m30s")  # noqa: TRY004
    return parse_duration(value)


def _size(value: object) -> object:
    return parse_size(value) if isinstance(value, str) else value


def _mode(value: object) -> object:
    return int(value, 8) if isinstance(value, str) else value


def _text(value: object) -> object:
    return text(value) if isinstance(value, int | float) else value


def _no_bool(value: object) -> object:
    if isinstance(value, bool):
        raise ValueError(f"{text(value)} is no number")  # noqa: TRY004 - as above
    return value


Duration = Annotated[float, BeforeValidator(_duration)]
"""Seconds; written as 1m30s."""
Size = Annotated[int, BeforeValidator(_size), BeforeValidator(_no_bool)]
"""Bytes; written as a number or as 512m."""
Mode = Annotated[int, BeforeValidator(_mode), BeforeValidator(_no_bool)]
"""A file's mode."""
Text = Annotated[str, BeforeValidator(_text)]
"""A text; numbers and truth values are taken as their text."""
Count = Annotated[int, Field(ge=0), BeforeValidator(_no_bool)]
"""A whole number, not below zero."""
PortNumber = Annotated[int, Field(ge=1, le=65535), BeforeValidator(_no_bool)]
"""A TCP or UDP port."""
Variable = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]
"""The name of an environment variable."""
