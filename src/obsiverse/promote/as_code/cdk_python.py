"""Python source of values: calls, dictionaries, lists and texts, broken into lines where they are long."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast

WIDTH = 120
INDENT = "    "


class Expression(str):
    """A text that is Python already."""

    __slots__ = ()


@dataclass(frozen=True)
class Call:
    """A call.

    Attributes:
        function: what is called, as Python.
        arguments: by position.
        keywords: by name; those that are None are left out.
    """

    function: str
    arguments: tuple[Any, ...] = ()
    keywords: Mapping[str, Any] = field(default_factory=dict[str, Any])


def source(value: Any, indent: str = "", begun: int = 0) -> str:
    """A value as Python.

    Args:
        value: what JSON can hold, with Expression and Call in it.
        indent: of the line that it stands on.
        begun: how many characters of its first line are taken.
    """
    if isinstance(value, str) and not isinstance(value, Expression) and "\n" in value:
        return _lines(value)
    flat = _flat(value)
    if len(indent) + begun + len(flat) < WIDTH and "\n" not in flat:
        return flat
    parts = _parts(value)
    if parts is None:
        return flat
    opened, members, closed = parts
    inner = indent + INDENT
    lines = [f"{inner}{name}{source(one, inner, len(name) + 1)}," for name, one in members]
    return "\n".join([opened, *lines, f"{indent}{closed}"])


def _parts(value: Any) -> tuple[str, list[tuple[str, Any]], str] | None:
    """What a value with members is made of; None for one without."""
    if isinstance(value, Call):
        named = [(f"{name}=", one) for name, one in value.keywords.items() if one is not None]
        return f"{value.function}(", [*(("", one) for one in value.arguments), *named], ")"
    if isinstance(value, dict):
        members = cast(dict[str, Any], value).items()
        return "{", [(f"{_text(key)}: ", one) for key, one in members], "}"
    if isinstance(value, list):
        return "[", [("", one) for one in cast(list[Any], value)], "]"
    return None


def _flat(value: Any) -> str:
    if isinstance(value, Expression):
        return value
    if isinstance(value, str):
        return _lines(value) if "\n" in value else _text(value)
    parts = _parts(value)
    if parts is None:
        return repr(value)
    opened, members, closed = parts
    return opened + ", ".join(f"{name}{_flat(one)}" for name, one in members) + closed


def _text(value: str) -> str:
    """With the quotes that formatters put."""
    shown = repr(value)
    return f'"{shown[1:-1]}"' if shown.startswith("'") and '"' not in value else shown


def _lines(value: str) -> str:
    """A text of several lines as it reads, between three quotes."""
    # A quote right before the closing three would end it early.
    body, last = (value[:-1], '\\"') if value.endswith('"') else (value, "")
    escaped = body.replace("\\", "\\\\").replace('"""', '\\"\\"\\"')
    shown = "".join(one if one == "\n" or one.isprintable() else repr(one)[1:-1] for one in escaped)
    return f'"""\\\n{shown}{last}"""'
