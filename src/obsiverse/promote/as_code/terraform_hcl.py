"""Terraform's language: blocks and values as text, in the shape that `terraform fmt` gives them.

https://developer.hashicorp.com/terraform/language/syntax/configuration
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, cast

WIDTH = 120
_NAME = re.compile(r"^[A-Za-z_][A-Za-z0-9_-]*$")
_BEGUN = re.compile(r"[$%]+(?=\{)")
_WORDS = {"for", "if", "true", "false", "null"}


class Expression(str):
    """A text that is an expression already."""

    __slots__ = ()


@dataclass(frozen=True)
class Template:
    """A text with expressions in it."""

    parts: tuple[str | Expression, ...]


@dataclass(frozen=True)
class Document:
    """A text of several lines, as it reads."""

    text: str | Template | Expression


@dataclass(frozen=True)
class Json:
    """A value that an argument takes as a text of JSON."""

    value: Any


@dataclass
class Block:
    """A block.

    Attributes:
        head: its type and labels, as it is written.
        items: arguments (name and value, in the order they stand in) and blocks; arguments come first.
        note: a comment above it.
    """

    head: str
    items: list[tuple[str, Any] | Block] = field(default_factory=list["tuple[str, Any] | Block"])
    note: str = ""


def render(block: Block, indent: str = "") -> str:
    """A block as text."""
    if not block.items:
        return "\n".join([*comment(block.note, indent), f"{indent}{block.head} {{}}"])
    inner = f"{indent}  "
    lines = [*comment(block.note, indent), f"{indent}{block.head} {{"]
    lines += _members([(one[0], _value(one[1], inner)) for one in block.items if not isinstance(one, Block)], inner)
    for index, one in enumerate(item for item in block.items if isinstance(item, Block)):
        lines += ["", render(one, inner)] if index or len(lines) > 1 else [render(one, inner)]
    return "\n".join([*lines, f"{indent}}}"])


def comment(text: str, indent: str = "") -> list[str]:
    """Lines of a comment; none for no text."""
    return [f"{indent}# {line}".rstrip() for line in text.splitlines()]


def _members(members: Iterable[tuple[str, str]], indent: str) -> list[str]:
    """Lines `name = value`. Equal signs of lines that follow each other are aligned."""
    lines: list[str] = []
    run: list[tuple[str, str]] = []

    def close() -> None:
        width = max((len(name) for name, _ in run), default=0)
        lines.extend(f"{indent}{name:<{width}} = {value}" for name, value in run)
        run.clear()

    for name, value in members:
        # The lines of a heredoc don't count.
        if "\n" in value and not value.startswith("<<"):
            close()
            lines.append(f"{indent}{name} = {value}")
        else:
            run.append((name, value))
    close()
    return lines


def _value(value: Any, indent: str) -> str:
    match value:
        case Expression():
            return str(value)
        case Json():
            return f"jsonencode({_value(value.value, indent)})"
        case Document():
            return _document(value.text)
        case str() | Template():
            return _text(value)
        case dict() | list():
            return _collection(cast("dict[str, Any] | list[Any]", value), indent)
        case float() if value.is_integer():
            return str(int(value))
        case _:
            return json.dumps(value)


def _collection(value: dict[str, Any] | list[Any], indent: str) -> str:
    inner = f"{indent}  "
    if isinstance(value, dict):
        named = [(_key(name), _value(one, inner)) for name, one in value.items()]
        if not named:
            return "{}"
        return "\n".join(["{", *_members(named, inner), f"{indent}}}"])
    items = [_value(one, inner) for one in value]
    flat = f"[{', '.join(items)}]"
    if len(indent) + len(flat) < WIDTH - 30 and "\n" not in flat:
        return flat
    return "\n".join(["[", *(f"{inner}{one}," for one in items), f"{indent}]"])


def _key(name: str) -> str:
    return name if _NAME.match(name) and name not in _WORDS else _text(name)


def _text(value: str | Template) -> str:
    parts = value.parts if isinstance(value, Template) else (value,)
    return f'"{_joined(parts, _quoted)}"'


def _joined(parts: tuple[str | Expression, ...], written: Callable[[str], str]) -> str:
    """Texts and expressions, one after the other."""
    found = ""
    for one, following in zip(parts, [*parts[1:], ""], strict=True):
        if isinstance(one, Expression):
            found += f"${{{one}}}"
        elif isinstance(following, Expression) and one.endswith("$"):
            # Right before an expression it would make a text of it.
            plain = one.rstrip("$")
            found += written(plain) + _put_in(one[len(plain) :])
        else:
            found += written(one)
    return found


def _quoted(text: str) -> str:
    escaped = "".join(_ESCAPES.get(one) or (one if one.isprintable() else _unicode(one)) for one in text)
    return _literal(escaped)


_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def _unicode(letter: str) -> str:
    return f"\\u{ord(letter):04x}" if ord(letter) < 1 << 16 else f"\\U{ord(letter):08x}"


def _literal(text: str) -> str:
    """A text in which nothing is put in: what begins like an expression has its sign twice."""
    return _BEGUN.sub(lambda run: run[0] * 2 if len(run[0]) == 1 else _put_in(run[0]), text)


def _put_in(signs: str) -> str:
    return f'${{"{signs}"}}'


def _document(text: str | Template | Expression) -> str:
    """A heredoc, where a text is lines that one can hold; else a quoted text."""
    if isinstance(text, Expression):
        return str(text)
    parts = text.parts if isinstance(text, Template) else (text,)
    plain = "".join(one for one in parts if not isinstance(one, Expression))
    ends = not isinstance(parts[-1], Expression) and parts[-1].endswith("\n")
    if not ends or any(one != "\n" and not one.isprintable() for one in plain):
        return _text(text)
    word = "EOT"
    while word in plain:
        word += "_"
    return f"<<{word}\n{_joined(parts, _literal)}{word}"
