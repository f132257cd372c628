"""The language of math expressions: `$A / $B * 100 > 5 && !is_nan(${C})`.

https://grafana.com/docs/grafana/latest/panels-visualizations/query-transform-data/expression-queries/#math
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from obsiverse_lookout.expressions.values import ExpressionError

TOKEN = re.compile(
    r"\s*(?:(?P<number>(?:0[xX][0-9a-fA-F]+)|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)"
    r"|\$\{(?P<quoted>[^}]+)\}|\$(?P<name>\w+)|(?P<word>[a-z_]+)"
    r"|(?P<operator>\*\*|&&|\|\||[<>=!]=|[-+*/%<>!(),]))"
)
# From loosest to tightest.
LEVELS = (("||",), ("&&",), ("==", "!=", "<", "<=", ">", ">="), ("+", "-"), ("*", "/", "%"))
FUNCTIONS = (
    "abs ceil floor inf infn is_inf is_nan is_null is_number log nan null round".split()  # noqa: SIM905 - readable so
)
CONSTANTS = ("inf", "infn", "nan", "null")
DEEPEST = 100


@dataclass(frozen=True)
class Constant:
    """A number."""

    value: float


@dataclass(frozen=True)
class Variable:
    """Another query's result."""

    ref_id: str


@dataclass(frozen=True)
class Unary:
    """An operator before its operand."""

    operator: str
    operand: Node


@dataclass(frozen=True)
class Binary:
    """An operator between its operands."""

    operator: str
    left: Node
    right: Node


@dataclass(frozen=True)
class Call:
    """A function; the constants have no argument."""

    function: str
    argument: Node | None


Node = Constant | Variable | Unary | Binary | Call


def parse(text: str) -> Node:
    """The tree of an expression; raises ExpressionError."""
    return _Parser(text).whole()


def variables(text: str) -> list[str]:
    """The refIds that a text with $A or ${A} names."""
    return [found[1] or found[2] for found in re.finditer(r"\$\{([^}]+)\}|\$(\w+)", text)]


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._depth = 0
        self._next: re.Match[str] | None = None
        self._advance()

    def whole(self) -> Node:
        node = self._level(0)
        if self._next is not None:
            raise self._error(f"{self._next[0].strip()!r} is not expected there")
        return node

    def _advance(self) -> None:
        rest = self._text[self._at :]
        if not rest.strip():
            self._next = None
            return
        found = TOKEN.match(self._text, self._at)
        if found is None:
            raise self._error(f"{rest.strip()[:10]!r} is not understood")
        self._next = found
        self._at = found.end()

    def _error(self, what: str) -> ExpressionError:
        return ExpressionError(f"in the math expression {self._text[:200]!r}: {what}")

    def _operator(self) -> str:
        return (self._next["operator"] or "") if self._next else ""

    def _level(self, level: int) -> Node:
        if level == len(LEVELS):
            return self._unary()
        node = self._level(level + 1)
        while (operator := self._operator()) in LEVELS[level]:
            self._advance()
            node = Binary(operator, node, self._level(level + 1))
        return node

    def _unary(self) -> Node:
        self._depth += 1
        if self._depth > DEEPEST:
            raise self._error(f"it is nested more than {DEEPEST} deep")
        try:
            if (operator := self._operator()) in ("-", "!"):
                self._advance()
                return Unary(operator, self._unary())
            node = self._atom()
            if self._operator() == "**":
                self._advance()
                # Powers group from the right.
                return Binary("**", node, self._unary())
            return node
        finally:
            self._depth -= 1

    def _atom(self) -> Node:
        token = self._next
        if token is None:
            raise self._error("it ends too early")
        self._advance()
        if token["number"]:
            return Constant(
                float(int(token["number"], 16)) if token["number"][:2] in ("0x", "0X") else float(token["number"])
            )
        if token["quoted"] or token["name"]:
            return Variable(token["quoted"] or token["name"])
        if token["operator"] == "(":
            node = self._level(0)
            self._expect(")")
            return node
        if token["word"] in FUNCTIONS:
            return self._call(token["word"])
        raise self._error(f"{token[0].strip()!r} is not expected there")

    def _call(self, function: str) -> Node:
        self._expect("(")
        argument = None if function in CONSTANTS else self._level(0)
        self._expect(")")
        return Call(function, argument)

    def _expect(self, operator: str) -> None:
        if self._operator() != operator:
            raise self._error(f"{operator!r} is missing")
        self._advance()
