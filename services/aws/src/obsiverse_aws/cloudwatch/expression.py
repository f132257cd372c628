"""Metric math expressions as trees.

The language: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html
An operator is a call of the function that its sign names, so a tree has calls, names, arrays and constants only.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

TOKEN = re.compile(
    r"""\s*(?:
    (?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)
    |(?P<word>[A-Za-z_]\w*)
    |(?P<text>"[^"]*"|'[^']*')
    |(?P<sign>==|!=|<=|>=|&&|\|\||[-+*/^<>(),\[\]])
    )""",
    re.VERBOSE,
)
# What binds more loosely comes first.
LEVELS = (("OR", "||"), ("AND", "&&"), ("==", "!=", "<", "<=", ">", ">="), ("+", "-"), ("*", "/"))
SAME = {"||": "OR", "&&": "AND"}
DEEPEST = 50
MOST_TOKENS = 800


class ExpressionError(ValueError):
    """An expression can't be read or computed; the message is for its author."""


@dataclass(frozen=True)
class Constant:
    """A number, a text, or REPEAT or LINEAR."""

    value: float | str


@dataclass(frozen=True)
class Name:
    """The id of another query."""

    id: str


@dataclass(frozen=True)
class Array:
    """[m1, m2]."""

    items: tuple[Node, ...]


@dataclass(frozen=True)
class Call:
    """A function or an operator with its arguments."""

    function: str
    arguments: tuple[Node, ...]


Node = Constant | Name | Array | Call


@lru_cache(maxsize=256)
def parse(text: str) -> Node:
    """The tree of an expression.

    Raises ExpressionError.
    """
    return _Parser(text).whole()


def parts(node: Node) -> Iterator[Node]:
    """A tree's nodes."""
    yield node
    for inner in node.items if isinstance(node, Array) else node.arguments if isinstance(node, Call) else ():
        yield from parts(inner)


class _Parser:
    def __init__(self, text: str) -> None:
        self._tokens = list(_tokens(text))
        # Trees are walked by recursion, and a chain of operators is as deep as it is long.
        if len(self._tokens) > MOST_TOKENS:
            raise ExpressionError("Too long")
        self._at = 0
        self._depth = 0

    def whole(self) -> Node:
        node = self._level(0)
        if self._at < len(self._tokens):
            raise ExpressionError(f"Unexpected '{self._tokens[self._at][1]}'")
        return node

    def _next_is(self, *signs: str) -> str | None:
        """The next token, taken, if it is one of some signs or words."""
        if self._at < len(self._tokens):
            kind, token = self._tokens[self._at]
            if token in signs and kind != "text":
                self._at += 1
                return token
        return None

    def _expect(self, sign: str) -> None:
        if not self._next_is(sign):
            found = f"'{self._tokens[self._at][1]}'" if self._at < len(self._tokens) else "the end"
            raise ExpressionError(f"Expected '{sign}' and found {found}")

    def _level(self, level: int) -> Node:
        if level == len(LEVELS):
            return self._unary()
        node = self._level(level + 1)
        while operator := self._next_is(*LEVELS[level]):
            node = Call(SAME.get(operator, operator), (node, self._level(level + 1)))
        return node

    def _unary(self) -> Node:
        self._depth += 1
        if self._depth > DEEPEST:
            raise ExpressionError("Nested too deeply")
        try:
            if self._next_is("-"):
                return Call("-", (Constant(0.0), self._unary()))
            node = self._primary()
            return Call("^", (node, self._unary())) if self._next_is("^") else node
        finally:
            self._depth -= 1

    def _primary(self) -> Node:
        if self._next_is("("):
            node = self._level(0)
            self._expect(")")
            return node
        if self._next_is("["):
            return Array(self._list("]"))
        if self._at == len(self._tokens):
            raise ExpressionError("Unexpected end")
        kind, token = self._tokens[self._at]
        self._at += 1
        if kind == "number":
            return Constant(float(token))
        if kind == "text":
            return Constant(token[1:-1])
        if kind == "word":
            if self._next_is("("):
                return Call(token, self._list(")"))
            return Constant(token) if token in ("REPEAT", "LINEAR") else Name(token)
        raise ExpressionError(f"Unexpected '{token}'")

    def _list(self, end: str) -> tuple[Node, ...]:
        items: list[Node] = []
        if self._next_is(end):
            return ()
        while True:
            items.append(self._level(0))
            if self._next_is(end):
                return tuple(items)
            self._expect(",")


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    at, text = 0, text.rstrip()
    while at < len(text):
        found = TOKEN.match(text, at)
        if not found or not found.lastgroup:
            raise ExpressionError(f"Unexpected '{text[at:].lstrip()[:1]}'")
        yield found.lastgroup, found[found.lastgroup]
        at = found.end()
