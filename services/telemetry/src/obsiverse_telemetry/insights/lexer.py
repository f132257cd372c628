"""The words of a query, each with where it begins and ends."""

from __future__ import annotations

import re
from typing import NamedTuple

from obsiverse_telemetry.insights.errors import MalformedQueryException

_WORD = re.compile(
    r"""
      (?P<space>\s+|\#[^\n]*)
    | (?P<string>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
    | (?P<quoted>`[^`]+`)
    | (?P<number>\d+(?:\.\d+)?(?:ms|[smhdw])?\b)
    | (?P<word>[@A-Za-z_][\w.@\-]*)
    | (?P<operator>=~|!=|<=|>=|[=<>(),\[\]|+*%^])
    | (?P<minus>-)
    | (?P<slash>/)
    """,
    re.VERBOSE,
)
_REGEX = re.compile(r"/((?:[^/\\\n]|\\.)+)/")
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
# After these a slash begins a regular expression, after anything else it divides.
_BEFORE_REGEX = {"like", "=~", "parse", "|"}


class Word(NamedTuple):
    """A word: `kind` is string, quoted, number, word, operator, regex or end; offsets count characters from 0."""

    kind: str
    text: str
    start: int
    end: int


def words(query: str) -> list[Word]:
    """All words, and an end. Raises MalformedQueryException at what is none."""
    found: list[Word] = []
    position = 0
    while position < len(query):
        match = _WORD.match(query, position)
        if match is None:
            raise MalformedQueryException(f"unexpected symbol found {query[position]}", position, position + 1)
        kind, text = str(match.lastgroup), match.group()
        if kind == "slash" and _expects_regex(found):
            match = _REGEX.match(query, position)
            if match is None:
                raise MalformedQueryException("the regular expression has no end", position, len(query))
            found.append(Word("regex", match.group(1), match.start(), match.end()))
        elif kind in ("slash", "minus"):
            found.append(Word("operator", text, match.start(), match.end()))
        elif kind == "string":
            found.append(Word(kind, _ESCAPE.sub(r"\1", text[1:-1]), match.start(), match.end()))
        elif kind == "quoted":
            found.append(Word(kind, text[1:-1], match.start(), match.end()))
        elif kind != "space":
            found.append(Word(kind, text, match.start(), match.end()))
        position = match.end()
    return [*found, Word("end", "", len(query), len(query))]


def _expects_regex(found: list[Word]) -> bool:
    if not found:
        return False
    if found[-1].text.lower() in _BEFORE_REGEX:
        return True
    # parse @message /…/
    return len(found) > 1 and found[-2].text.lower() == "parse"
