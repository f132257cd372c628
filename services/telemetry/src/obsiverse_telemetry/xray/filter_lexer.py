"""The words of a filter expression, each with where it begins."""

from __future__ import annotations

import re
from typing import NamedTuple

from obsiverse_telemetry.xray.errors import InvalidRequestException

_WORD = re.compile(
    r"""\s*(?:
      (?P<string>"(?:[^"\\]|\\.)*")
    | (?P<number>-?\d+(?:\.\d+)?)
    | (?P<operator>!=|<=|>=|[=<>!(){}\[\],:])
    | (?P<word>[A-Za-z_][\w.\-]*)
    )""",
    re.VERBOSE,
)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)


class Word(NamedTuple):
    """A word; `kind` is string, number, operator, word or end. `at` counts characters from 1."""

    kind: str
    text: str
    at: int


def words(expression: str) -> list[Word]:
    """All words, and an end. Raises InvalidRequestException at what is none."""
    found: list[Word] = []
    position = 0
    length = len(expression.rstrip())
    while position < length:
        match = _WORD.match(expression, position)
        if match is None:
            start = position + len(expression[position:]) - len(expression[position:].lstrip())
            raise invalid(start + 1, f"{expression[start]!r} was not expected")
        kind = str(match.lastgroup)
        text = match.group(kind)
        if kind == "string":
            text = _ESCAPE.sub(r"\1", text[1:-1])
        found.append(Word(kind, text, match.start(kind) + 1))
        position = match.end()
    return [*found, Word("end", "", length + 1)]


def invalid(at: int, why: str) -> InvalidRequestException:
    """The error of an expression that can't be read."""
    return InvalidRequestException(f"Invalid filter expression at position {at}: {why}.")
