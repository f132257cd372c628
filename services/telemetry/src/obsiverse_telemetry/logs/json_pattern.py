"""The condition of a JSON filter pattern, `{ $.a = 1 && ($.b = "x*" || $.c IS NULL) }`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Protocol, cast

from obsiverse_telemetry.logs.tokens import Comparison, PatternError, Token, tokenize

OPERATORS = ("=", "!=", "<", "<=", ">", ">=")
_STEP = re.compile(r'\.([\w\-*]+)|\[(\d+|\*)\]|\["([^"]*)"\]')


class Selector:
    """A place in a document, such as `$.a.b[0]`."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._steps: list[str | int] = []
        for name, index, quoted in _STEP.findall(text[1:]):
            self._steps.append(int(index) if index.isdigit() else name or index or quoted)

    def find(self, document: Any) -> list[Any]:
        """What is there: nothing, one value, or several where it has a *."""
        found: list[Any] = [document]
        for step in self._steps:
            found = [value for one in found for value in _follow(one, step)]
        return found


def _follow(value: Any, step: str | int) -> list[Any]:
    if isinstance(value, dict):
        members = cast("dict[str, Any]", value)
        return list(members.values()) if step == "*" else [members[str(step)]] if str(step) in members else []
    if isinstance(value, list):
        items = cast("list[Any]", value)
        return items if step == "*" else items[step : step + 1] if isinstance(step, int) else []
    return []


class JsonCondition(Protocol):
    """What holds for a document, or does not."""

    def holds(self, document: Any) -> bool:
        """Whether it does."""
        ...

    def selectors(self) -> Iterator[Selector]:
        """What it looks at."""
        ...


class _Comparing:
    def __init__(self, selector: Selector, comparison: Comparison) -> None:
        self._selector, self._comparison = selector, comparison

    def holds(self, document: Any) -> bool:
        return any(self._comparison.holds(value) for value in self._selector.find(document))

    def selectors(self) -> Iterator[Selector]:
        yield self._selector


class _Being:
    """IS NULL, IS TRUE, IS FALSE and NOT EXISTS, the last with nothing as the value."""

    VALUES: dict[str, object] = {"NULL": None, "TRUE": True, "FALSE": False}  # noqa: RUF012

    def __init__(self, selector: Selector, word: str) -> None:
        self._selector, self._word = selector, word

    def holds(self, document: Any) -> bool:
        found = self._selector.find(document)
        if self._word == "EXISTS":
            return not found
        return any(value is self.VALUES[self._word] for value in found)

    def selectors(self) -> Iterator[Selector]:
        yield self._selector


class _Joined:
    def __init__(self, parts: list[JsonCondition], *, every: bool) -> None:
        self._parts, self._every = parts, every

    def holds(self, document: Any) -> bool:
        each = (part.holds(document) for part in self._parts)
        return all(each) if self._every else any(each)

    def selectors(self) -> Iterator[Selector]:
        for part in self._parts:
            yield from part.selectors()


def parse_condition(text: str) -> JsonCondition:
    """The condition of a pattern with its braces; raises PatternError."""
    return _Parser(tokenize(text)).pattern()


class _Parser:
    def __init__(self, tokens: list[Token]) -> None:
        self._tokens, self._at = tokens, 0

    @property
    def _next(self) -> Token:
        return self._tokens[self._at]

    def _take(self) -> Token:
        token = self._next
        if token.kind != "end":
            self._at += 1
        return token

    def _expect(self, sign: str) -> None:
        if (token := self._take()).text != sign or token.kind == "quoted":
            raise PatternError(f"'{sign}'", token.position)

    def pattern(self) -> JsonCondition:
        self._expect("{")
        condition = self._any()
        self._expect("}")
        if self._next.kind != "end":
            raise PatternError("the end", self._next.position)
        return condition

    def _any(self) -> JsonCondition:
        parts = [self._all()]
        while self._next[:2] == ("sign", "||"):
            self._take()
            parts.append(self._all())
        return parts[0] if len(parts) == 1 else _Joined(parts, every=False)

    def _all(self) -> JsonCondition:
        parts = [self._one()]
        while self._next[:2] == ("sign", "&&"):
            self._take()
            parts.append(self._one())
        return parts[0] if len(parts) == 1 else _Joined(parts, every=True)

    def _one(self) -> JsonCondition:
        token = self._take()
        if token[:2] == ("sign", "("):
            condition = self._any()
            self._expect(")")
            return condition
        if token.kind != "selector":
            raise PatternError("a selector such as $.name", token.position)
        return self._about(Selector(token.text))

    def _about(self, selector: Selector) -> JsonCondition:
        operator = self._take()
        value = self._take()
        if operator.kind == "sign" and operator.text in OPERATORS:
            if value.kind not in ("quoted", "regex", "word"):
                raise PatternError("a value", value.position)
            return _Comparing(selector, Comparison(operator.text, value))
        words = (operator.text.upper(), value.text.upper())
        if words == ("NOT", "EXISTS") or (words[0] == "IS" and words[1] in _Being.VALUES):
            return _Being(selector, words[1])
        raise PatternError("a comparison, IS NULL, IS TRUE, IS FALSE or NOT EXISTS", operator.position)
