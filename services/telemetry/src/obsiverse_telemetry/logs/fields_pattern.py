"""A filter pattern of space-delimited fields, `[ip, user, ..., status = 4* || status = 5*, bytes > 1000]`."""

from __future__ import annotations

import re

from obsiverse_telemetry.logs.tokens import Comparison, PatternError, Token, tokenize

OPERATORS = ("=", "!=", "<", "<=", ">", ">=")
# Brackets and quotes hold a field together.
_FIELD = re.compile(r'\[([^\]]*)\]|"([^"]*)"|(\S+)')


class _Field:
    def __init__(self, name: str) -> None:
        self.name = name
        # Any of these lists, all of it.
        self.choices: list[list[Comparison]] = [[]]

    def holds(self, value: str) -> bool:
        return any(all(one.holds(value) for one in choice) for choice in self.choices)


class FieldsPattern:
    """Fields by place; `...` stands for any number of them, and may come once."""

    def __init__(self, text: str) -> None:
        tokens = tokenize(text)
        if tokens[-2].text != "]":
            raise PatternError("']'", tokens[-1].position)
        self._before: list[_Field] = []
        self._after: list[_Field] | None = None
        part: list[Token] = []
        for token in [*tokens[1:-2], Token("sign", ",", tokens[-2].position)]:
            if token[:2] != ("sign", ","):
                part.append(token)
                continue
            self._add(part, token.position)
            part = []

    def _add(self, part: list[Token], end: int) -> None:
        if not part:
            raise PatternError("a field", end)
        if part[0].text == "..." and len(part) == 1:
            if self._after is not None:
                raise PatternError("one '...' only", part[0].position)
            self._after = []
        else:
            (self._before if self._after is None else self._after).append(_read(part, end))

    def _assign(self, message: str) -> list[tuple[_Field, str]] | None:
        values = [next(one for one in found if one or one is found[-1]) for found in _FIELD.findall(message)]
        after = self._after or []
        short = len(values) < len(self._before) + len(after)
        if short or (self._after is None and len(values) > len(self._before)):
            return None
        ends = values[len(values) - len(after) :]
        return [*zip(self._before, values, strict=False), *zip(after, ends, strict=True)]

    def matches(self, message: str) -> bool:
        """Whether the message has these fields, and their conditions hold."""
        assigned = self._assign(message)
        return assigned is not None and all(field.holds(value) for field, value in assigned)

    def extract(self, message: str) -> dict[str, str]:
        """The fields by name."""
        return {f"${field.name}": value for field, value in self._assign(message) or []}


def _read(part: list[Token], end: int) -> _Field:
    """A field: its name, then comparisons joined by && and ||, each of which begins with the name."""
    if part[0].kind != "word":
        raise PatternError("a field's name", part[0].position)
    field = _Field(part[0].text)
    rest = part
    while len(rest) > 1:
        if len(rest) < 3 or rest[0].text != field.name:
            raise PatternError(f"a comparison of '{field.name}'", rest[0].position)
        _, operator, value, *rest = rest
        if operator.kind != "sign" or operator.text not in OPERATORS or value.kind not in ("word", "quoted", "regex"):
            raise PatternError("a comparison", operator.position)
        field.choices[-1].append(Comparison(operator.text, value))
        if rest:
            join, *rest = rest
            if join.text not in ("&&", "||") or not rest:
                raise PatternError("'&&' or '||' and a comparison", join.position)
            if join.text == "||":
                field.choices.append([])
            if len(rest) == 1:
                raise PatternError("a comparison", end)
    return field
