"""Tokens of filter patterns, and values that wildcards and numbers are compared with."""

from __future__ import annotations

import re
from typing import NamedTuple

NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?", re.ASCII)
_TOKEN = re.compile(
    r"""\s*(?:(?P<quoted>"(?:[^"\\]|\\.)*")|(?P<regex>%[^%]+%)|(?P<selector>\$(?:\.[\w\-*]+|\[(?:\d+|\*|"[^"]*")\])+)
    |(?P<sign>&&|\|\||!=|<=|>=|\.\.\.|[=<>(){}\[\],])|(?P<word>(?:(?!&&|\|\|)[^\s"%=<>!(){}\[\],])+))""",
    re.VERBOSE,
)


class PatternError(Exception):
    """A pattern is not what was expected at a place in it."""

    def __init__(self, expected: str, position: int) -> None:
        super().__init__(f"{expected} is expected at character {position}.")


class Token(NamedTuple):
    """A part of a pattern and where it begins; `kind` is quoted, regex, selector, sign, word or end."""

    kind: str
    text: str
    position: int


def tokenize(text: str) -> list[Token]:
    """The tokens, and one of kind `end`; raises PatternError."""
    tokens: list[Token] = []
    at, end = 0, len(text.rstrip())
    while at < end:
        found = _TOKEN.match(text, at)
        if found is None or found.lastgroup is None:
            raise PatternError("another character", at)
        tokens.append(Token(found.lastgroup, found[found.lastgroup], found.start(found.lastgroup)))
        at = found.end()
    return [*tokens, Token("end", "", end)]


class Comparison:
    """A value compared with `operator`: as a number where the value is one, else as text with * for any characters."""

    def __init__(self, operator: str, value: Token) -> None:
        self._operator = operator
        self._number: float | None = None
        if value.kind == "word" and NUMBER.fullmatch(value.text):
            self._number = float(value.text)
        if operator not in ("=", "!=") and self._number is None:
            raise PatternError("a number", value.position)
        self._text = _compile(value)

    def holds(self, value: object) -> bool:
        """Whether it holds for a value."""
        if isinstance(value, bool):
            value = "true" if value else "false"
        if self._number is not None and (number := _number(value)) is not None:
            return _compare(number, self._operator, self._number)
        if self._operator not in ("=", "!=") or not isinstance(value, str | int | float):
            return False
        return (self._text.fullmatch(str(value)) is not None) == (self._operator == "=")


def _compile(value: Token) -> re.Pattern[str]:
    if value.kind == "regex":
        try:
            return re.compile(f".*(?:{value.text[1:-1]}).*", re.DOTALL)
        except re.error as error:
            raise PatternError(f"a regular expression ({error})", value.position) from None
    text = re.sub(r"\\(.)", r"\1", value.text[1:-1]) if value.kind == "quoted" else value.text
    return re.compile(".*".join(map(re.escape, text.split("*"))), re.DOTALL)


def _number(value: object) -> float | None:
    if isinstance(value, int | float):
        return float(value)
    return float(value) if isinstance(value, str) and NUMBER.fullmatch(value) else None


def _compare(left: float, operator: str, right: float) -> bool:
    match operator:
        case "=":
            return left == right
        case "!=":
            return left != right
        case "<":
            return left < right
        case "<=":
            return left <= right
        case ">":
            return left > right
        case _:
            return left >= right
